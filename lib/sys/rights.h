/* SPDX-License-Identifier: MIT */
/*
 * rights.h - what a new file takes over of the rights of another file: of the one that it
 * replaces, or of the one that it belongs to.
 *
 * It takes the permission bits, never beyond 0777, the access control list (ACL), and owner and
 * group as far as the process may give them. What cannot be given is taken away: nobody except
 * the new file's owner may do with it what the other file denied. Other extended attributes are
 * not taken over: they may describe bytes that are gone.
 *
 * Another user's file in a world-writable directory, such as /tmp, is no model. The new file then
 * keeps its owner and group, and the mode that the kernel gave it, less what the other file
 * denied; its owner reads and writes it. So is a file with several names in such a directory: any
 * user may have linked it there.
 *
 * All functions are thread-safe.
 */
#ifndef UMM_SYS_RIGHTS_H
#define UMM_SYS_RIGHTS_H

#include <sys/stat.h>

#include "umm.h"

/* The ACL of a file as the kernel has it: 511 entries, and no ACL of a file is that long. */
enum { UMM_RIGHTS_ACL_MAX = 4096 };

/*
 * Private. has_acls: ACLs are known on this file system, and this file has one of acl_bytes or
 * none.
 */
struct umm_rights {
    unsigned mode, owner, group;
    bool is_linked; /* it has several names */
    bool has_acls;
    size_t acl_bytes;
    unsigned char acl[UMM_RIGHTS_ACL_MAX];
};

/* What the kernel gave the new file when it was created: the permission bits, owner and group. */
struct umm_rights_own {
    unsigned mode, owner, group;
};

/*
 * The rights of name in the directory dir_fd, a regular file that st is of; or of the open file fd.
 * path names the file in errors: UMM_ERR_SYSTEM when they cannot be examined.
 */
UMM_MUST_USE enum umm_status umm_rights_read(struct umm_rights *rights, int dir_fd,
                                             const char *name, const struct stat *st,
                                             const char *path, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_rights_read_fd(struct umm_rights *rights, int fd, const char *path,
                                                struct umm_error *err);

/*
 * Give the open new file fd, which is in the directory dir_fd, the rights of a model, as far as it
 * is one. UMM_ERR_SYSTEM when the mode cannot be set.
 */
UMM_MUST_USE enum umm_status umm_rights_give(const struct umm_rights *model, int dir_fd, int fd,
                                             const struct umm_rights_own *own, const char *path,
                                             struct umm_error *err);

/* Set the permission bits alone: setuid, setgid and sticky bits of mode are left out. */
UMM_MUST_USE enum umm_status umm_rights_set_mode(int fd, unsigned mode, const char *path,
                                                 struct umm_error *err);

#endif
