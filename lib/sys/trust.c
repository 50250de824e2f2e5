/* SPDX-License-Identifier: MIT */
#include "sys/trust.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the directory is world-writable, and not the owner's. */
static bool is_among_others(int dir_fd, const char *dir, unsigned owner)
{
    struct stat st;
    if (fstatat(dir_fd, dir, &st, *dir ? 0 : AT_EMPTY_PATH) < 0)
        return true;
    return (st.st_mode & S_IWOTH) && owner != st.st_uid;
}

static bool is_own(unsigned owner)
{
    return owner == geteuid() || owner == 0;
}

/* The directory is looked at only for a file that is not ours: most cost no system call. */
static bool is_foreign(int dir_fd, const char *dir, unsigned owner, bool has_more_names)
{
    if (has_more_names)
        return is_among_others(dir_fd, dir, UINT_MAX);
    return !is_own(owner) && is_among_others(dir_fd, dir, owner);
}

static bool has_more_names(const struct umm_file_info *info)
{
    return info->kind == UMM_FILE_REGULAR && info->n_names > 1;
}

bool umm_trust_is_foreign(int dir_fd, const struct umm_file_info *info)
{
    return is_foreign(dir_fd, "", info->owner, has_more_names(info));
}

static enum umm_status refuse(const struct umm_file_info *info, const char *path, const char *what,
                              struct umm_error *err)
{
    if (is_own(info->owner))
        return umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                  "%shas several names (hard links) in a world-writable directory; "
                                  "copy it, or use another directory",
                                  what);
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                              "%sbelongs to another user (uid %u) in a world-writable directory; "
                              "remove it, or use another directory",
                              what, info->owner);
}

enum umm_status umm_trust_check(int dir_fd, const struct umm_file_info *info, const char *path,
                                const char *what, struct umm_error *err)
{
    return umm_trust_is_foreign(dir_fd, info) ? refuse(info, path, what, err) : UMM_OK;
}

/* The directory that path is in: "a/b/" is in "a", "b" in ".". False: too long for any. */
static bool parent_of(const char *path, char dir[PATH_MAX])
{
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] == '/')
        len--;
    while (len > 0 && path[len - 1] != '/')
        len--;
    if (len >= PATH_MAX)
        return false;
    memcpy(dir, len ? path : ".", len ? len : 1);
    dir[len ? len : 1] = '\0';
    return true;
}

/* The same where only the path is known. */
static enum umm_status check_at(const char *path, const struct umm_file_info *info,
                                const struct umm_file_info *beside, struct umm_error *err)
{
    char dir[PATH_MAX];
    if (beside && info->owner == beside->owner && !has_more_names(info))
        return UMM_OK;
    if (!parent_of(path, dir) || !is_foreign(AT_FDCWD, dir, info->owner, has_more_names(info)))
        return UMM_OK;
    return refuse(info, path, "", err);
}

/* A link is looked at first, and then what it leads to is as the one who made it wants. */
enum umm_status umm_trust_open_read(const char *path, const struct umm_file_info *beside, int *fd,
                                    struct umm_file_info *info, struct umm_error *err)
{
    struct umm_file_info named;
    *fd = -1;
    enum umm_status status = umm_file_look(path, &named, err);
    if (!status)
        status = check_at(path, &named, beside, err);
    if (!status)
        status = umm_file_open_read(path, fd, info, err);
    if (!status && named.kind != UMM_FILE_LINK)
        status = check_at(path, info, beside, err);
    if (status)
        umm_file_close(fd);
    return status;
}

enum umm_status umm_trust_check_beside(const char *path, const struct umm_file_info *beside,
                                       struct umm_error *err)
{
    char dir[PATH_MAX];
    const unsigned me = geteuid();
    if (me == 0 || me == beside->owner || !parent_of(path, dir) ||
        !is_among_others(AT_FDCWD, dir, me))
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                              "would not be trusted beside a file of another user (uid %u) in a "
                              "world-writable directory; use another directory",
                              beside->owner);
}

enum umm_status umm_trust_check_directory(const char *path, struct umm_error *err)
{
    char name[PATH_MAX];
    struct umm_file_info info;
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') /* or it would not be seen to be a link */
        len--;
    if (len + sizeof "/.." > PATH_MAX)
        return UMM_OK;
    memcpy(name, path, len);
    name[len] = '\0';
    if (umm_file_look(name, &info, NULL))
        return UMM_OK;
    enum umm_status status = info.kind == UMM_FILE_LINK ? check_at(path, &info, NULL, err) : UMM_OK;
    if (status || (info.kind == UMM_FILE_LINK && umm_file_stat(name, &info, NULL)))
        return status;
    /* Its own idea of the directory above holds for ".", and past links. */
    memcpy(name + len, "/..", sizeof "/..");
    return is_foreign(AT_FDCWD, name, info.owner, false) ? refuse(&info, path, "", err) : UMM_OK;
}
