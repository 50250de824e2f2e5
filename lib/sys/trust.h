/* SPDX-License-Identifier: MIT */
/*
 * trust.h - what owners of files, and writers of directories, are trusted with. All questions of
 * sys/ about them are answered here; the answers differ with what is at stake.
 *
 * Most ask which files are taken for this user's own: to be written into, or to be believed
 * beside a file of his (a journal, a state, a lock).
 *
 * In a world-writable directory (o+w, such as /tmp) anybody can put a file or a link under a name
 * that is free. Foreign there is what belongs to somebody else than this user, root and the owner
 * of the directory; and a file with several names, as a link to another file can be made by others.
 *
 * In all other directories nothing is foreign: whoever can make a file there is the owner, or is
 * one of those the owner shares it with, by its group or by entries of an ACL.
 *
 * The sticky bit is not asked for. Without it others may also rename and remove what is there.
 */
#ifndef UMM_SYS_TRUST_H
#define UMM_SYS_TRUST_H

#include "sys/file.h"
#include "umm.h"

/* Whether the file, or the link itself, that info describes is foreign in the directory dir_fd. */
bool umm_trust_is_foreign(int dir_fd, const struct umm_file_info *info);

/*
 * UMM_ERR_CONFLICT if it is foreign, with a message that names path and the owner. `what` begins
 * it: "" or, say, "its lock file ".
 */
UMM_MUST_USE enum umm_status umm_trust_check(int dir_fd, const struct umm_file_info *info,
                                             const char *path, const char *what,
                                             struct umm_error *err);

/*
 * The same of what has that name in dir_fd now, a link itself: for what could not be opened. UMM_OK
 * also if it cannot be examined.
 */
UMM_MUST_USE enum umm_status umm_trust_check_name(int dir_fd, const char *name, const char *path,
                                                  const char *what, struct umm_error *err);

/*
 * Whether a new file of new_owner in the directory dir_fd takes over the rights of a file of that
 * owner in it (rights.h): not in a world-writable directory, unless the file has the same owner and
 * one name. Files of root and of the directory's owner are no exception.
 */
bool umm_trust_is_model(int dir_fd, unsigned owner, bool has_more_names, unsigned new_owner);

/*
 * UMM_ERR_CONFLICT if another user may have put what info describes, which is no regular file, or
 * the link to one, into the directory dir_fd: writing there could go to a device, or show what is
 * meant for a file, or wait for ever. So group-writable directories count as well. UMM_ERR_SYSTEM.
 */
UMM_MUST_USE enum umm_status umm_trust_check_stream(int dir_fd, const struct umm_file_info *info,
                                                    const char *path, struct umm_error *err);

/*
 * Whether others may rename and remove what this user has in the directory: it is world-writable,
 * and not sticky, or of another user, whom the sticky bit does not hold.
 */
bool umm_trust_is_movable(int dir_fd);

/*
 * Open path for reading as umm_file_open_read does, if it is not foreign: UMM_ERR_CONFLICT
 * otherwise, also of what could not be opened. What has the owner of the file `beside` (NULL for
 * none) is trusted as that file is. One more system call than an open.
 */
UMM_MUST_USE enum umm_status umm_trust_open_read(const char *path,
                                                 const struct umm_file_info *beside, int *fd,
                                                 struct umm_file_info *info, struct umm_error *err);

/*
 * UMM_ERR_CONFLICT if a file that this user makes at path, beside the file of that owner, would be
 * foreign to the other users: to be asked before such a file has what they must find.
 */
UMM_MUST_USE enum umm_status
umm_trust_check_beside(const char *path, const struct umm_file_info *beside, struct umm_error *err);

/*
 * UMM_ERR_CONFLICT if the directory path, whose files are written as one thing, is foreign in the
 * directory that it is in, or is reached by a foreign link. UMM_ERR_SYSTEM if it cannot be
 * examined: the owner of a foreign one can take it away for that moment. One system call for a
 * directory of this user or root.
 * One that is UMM_OK may be used by its path: in a sticky directory no foreign user can put another
 * in its place.
 */
UMM_MUST_USE enum umm_status umm_trust_check_directory(const char *path, struct umm_error *err);

#endif
