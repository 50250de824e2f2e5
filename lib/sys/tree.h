/* SPDX-License-Identifier: MIT */
/*
 * tree.h - the files below a directory.
 */
#ifndef UMM_SYS_TREE_H
#define UMM_SYS_TREE_H

#include "umm.h"

/* paths, and the memory they lie in, are the object's; all zero is an empty one. */
struct umm_tree {
    char **paths;
    size_t n_paths, cap_paths;
};

/*
 * List the regular files below the directory root whose names end in suffix, as
 * "root/sub/name", in the order of the bytes of these paths. Symbolic links below root
 * are not followed, so nothing outside of it is found; names that begin with a dot are
 * passed over. What vanishes meanwhile is left out. UMM_ERR_SYSTEM about the directory that
 * cannot be read, ELOOP when they are nested more than 64 deep; UMM_ERR_MEMORY. *tree is
 * empty then.
 */
UMM_MUST_USE enum umm_status umm_tree_list(struct umm_tree *tree, const char *root,
                                           const char *suffix, struct umm_error *err);
void umm_tree_free(struct umm_tree *tree);

#endif
