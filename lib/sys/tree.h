/* SPDX-License-Identifier: MIT */
/*
 * tree.h - the files below a directory.
 */
#ifndef UMM_SYS_TREE_H
#define UMM_SYS_TREE_H

#include "umm.h"

/*
 * paths, and the memory they lie in, are the object's; all zero is an empty one. n_failed:
 * directories and files below the root that could not be looked at, and were left out.
 */
struct umm_tree {
    char **paths;
    size_t n_paths;
    size_t n_failed;
};

/*
 * List the regular files below the directory root whose names end in suffix, as
 * "root/sub/name", in the order of the bytes of these paths. Symbolic links below root
 * are not followed, so nothing outside of it is found; names that begin with a dot are
 * passed over, and so is what vanishes meanwhile. What cannot be looked at (permissions;
 * directories nested more than 64 deep are ELOOP) is told to warn, which may be NULL,
 * counted, and left out. UMM_ERR_SYSTEM when root itself cannot be read; UMM_ERR_MEMORY.
 * *tree is empty then.
 */
UMM_MUST_USE enum umm_status umm_tree_list(struct umm_tree *tree, const char *root,
                                           const char *suffix,
                                           void (*warn)(void *user, const struct umm_error *err),
                                           void *user, struct umm_error *err);
void umm_tree_free(struct umm_tree *tree);

#endif
