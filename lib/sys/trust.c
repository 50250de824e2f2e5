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

bool umm_trust_is_model(int dir_fd, unsigned owner, bool has_more_names, unsigned new_owner)
{
    return (owner == new_owner && !has_more_names) || !is_among_others(dir_fd, "", UINT_MAX);
}

bool umm_trust_is_movable(int dir_fd)
{
    struct stat st;
    return fstat(dir_fd, &st) < 0 ||
           ((st.st_mode & S_IWOTH) && (!(st.st_mode & S_ISVTX) || !is_own(st.st_uid)));
}

enum umm_status umm_trust_check_stream(int dir_fd, const struct umm_file_info *info,
                                       const char *path, struct umm_error *err)
{
    struct stat dir;
    if (is_own(info->owner))
        return UMM_OK;
    if (fstat(dir_fd, &dir) < 0)
        return umm_error_set_errno(err, errno, path, "cannot examine its directory");
    if (is_own(dir.st_uid) && !(dir.st_mode & (S_IWGRP | S_IWOTH)))
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                              "%s, belongs to another user (uid %u), and others write to its "
                              "directory; remove it, or use another directory",
                              info->kind == UMM_FILE_LINK ? "leads to no regular file"
                                                          : "is not a regular file",
                              info->owner);
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

enum umm_status umm_trust_check_name(int dir_fd, const char *name, const char *path,
                                     const char *what, struct umm_error *err)
{
    struct umm_file_info info;
    if (umm_file_look_at(dir_fd, name, path, &info, NULL))
        return UMM_OK;
    return umm_trust_check(dir_fd, &info, path, what, err);
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

/* Decide on what is open at fd, in the directory that is open at dir_fd. */
static enum umm_status judge(int dir_fd, int fd, const char *path, struct umm_file_info *info,
                             struct umm_error *err)
{
    enum umm_status status = umm_file_stat_fd(fd, path, info, err);
    if (!status && is_foreign(dir_fd, "", info->owner, false))
        status = refuse(info, path, "", err);
    return status;
}

static enum umm_status open_place(int at_fd, const char *name, int flags, const char *path, int *fd,
                                  struct umm_error *err)
{
    *fd = umm_file_openat(at_fd, name, O_PATH | O_CLOEXEC | flags);
    return *fd < 0 ? umm_error_set_errno(err, errno, path, "cannot open the directory") : UMM_OK;
}

/* Where the link that is open at fd leads to, in the place of its own name. */
static enum umm_status read_link(int fd, char name[PATH_MAX], const char *path,
                                 struct umm_error *err)
{
    ssize_t len = readlinkat(fd, "", name, PATH_MAX);
    if (len < 0 || len == PATH_MAX)
        return umm_error_set_errno(err, len < 0 ? errno : ENAMETOOLONG, path, "cannot examine");
    name[len] = '\0';
    return UMM_OK;
}

/* Slashes at its end hide that a name is a link. */
static void cut_slashes(char *name)
{
    size_t len = strlen(name);
    while (len > 1 && name[len - 1] == '/')
        name[--len] = '\0';
}

/* Not in the directory before it, but that itself, or the one above: a link's own is unknown. */
static bool is_dots(const char *base)
{
    return strcmp(base, "") == 0 || strcmp(base, ".") == 0 || strcmp(base, "..") == 0;
}

/*
 * One step: what name is, as seen from *at_fd. If it is a link, *at_fd is the directory that it
 * is in and name what it leads to. Each is opened once, and judged as what was opened: its owner
 * can put something else in its place at any time.
 */
static enum umm_status judge_step(int *at_fd, char name[PATH_MAX], const char *path, bool *is_link,
                                  struct umm_error *err)
{
    char dir[PATH_MAX];
    struct umm_file_info info = {.kind = UMM_FILE_DIRECTORY};
    int dir_fd = -1, fd = -1;
    cut_slashes(name);
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    const bool has_base = !is_dots(base);
    enum umm_status status = UMM_OK;
    if (!has_base) /* its own idea of the directory above */
        status = open_place(*at_fd, name, O_DIRECTORY, path, &fd, err);
    else if (!parent_of(name, dir))
        status = umm_error_set_errno(err, ENAMETOOLONG, path, "cannot examine");
    if (!status)
        status = open_place(has_base ? *at_fd : fd, has_base ? dir : "..", O_DIRECTORY, path,
                            &dir_fd, err);
    if (!status && has_base)
        status = open_place(dir_fd, base, O_NOFOLLOW, path, &fd, err);
    if (!status)
        status = judge(dir_fd, fd, path, &info, err);
    *is_link = info.kind == UMM_FILE_LINK;
    if (!status && *is_link)
        status = read_link(fd, name, path, err);
    umm_file_close(&fd);
    umm_file_close(at_fd);
    *at_fd = dir_fd;
    return status;
}

enum umm_status umm_trust_check_directory(const char *path, struct umm_error *err)
{
    enum { LINKS_MAX = 40 }; /* as in the kernel */
    char name[PATH_MAX];
    struct umm_file_info info;
    if (strlen(path) >= sizeof name)
        return umm_error_set_errno(err, ENAMETOOLONG, path, "cannot examine");
    memcpy(name, path, strlen(path) + 1);
    cut_slashes(name);
    /* Most are a directory of our own, and cost one system call. */
    enum umm_status status = umm_file_look(name, &info, NULL);
    if (!status && info.kind == UMM_FILE_DIRECTORY && is_own(info.owner))
        return UMM_OK;
    int at_fd = AT_FDCWD;
    bool is_link = true;
    status = UMM_OK;
    for (int i = 0; !status && is_link; i++)
        status = i == LINKS_MAX ? umm_error_set_errno(err, ELOOP, path, "cannot examine")
                                : judge_step(&at_fd, name, path, &is_link, err);
    umm_file_close(&at_fd);
    return status;
}
