/* SPDX-License-Identifier: MIT */
#include "sys/scratchdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/directory.h"
#include "sys/file.h"
#include "sys/lockwait.h"

enum { DEPTH_MAX = 64 };

static const char mark_name[] = ".umm-scratch";

/* ---- what is below ---------------------------------------------------------------- */

/* A walk over everything below; with is_removing it goes, except the mark. */
struct walk {
    bool is_removing;
    uint64_t n;
    char *one;
    size_t one_bytes;
};

static int walk_below(struct walk *walk, int dir_fd, int depth);

/* The directory name in dir_fd. Each level holds a descriptor, so there is an end to them. */
static int walk_into(struct walk *walk, int dir_fd, const char *name, int depth)
{
    if (depth == DEPTH_MAX)
        return ENAMETOOLONG;
    int fd = umm_file_openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? errno : walk_below(walk, fd, depth + 1);
}

/* Takes over dir_fd. 0, or what errno said. */
static int walk_below(struct walk *walk, int dir_fd, int depth)
{
    DIR *stream = fdopendir(dir_fd);
    struct dirent *entry;
    int failed = 0;
    if (!stream) {
        failed = errno;
        umm_file_close(&dir_fd);
        return failed;
    }
    for (;;) {
        struct stat st;
        errno = 0;
        if (!(entry = readdir(stream))) {
            failed = failed ? failed : errno;
            break;
        }
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (walk->is_removing && depth == 0 && strcmp(name, mark_name) == 0)
            continue;
        if (fstatat(dirfd(stream), name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            failed = failed || errno == ENOENT ? failed : errno;
            continue;
        }
        if (walk->n++ == 0 && walk->one)
            snprintf(walk->one, walk->one_bytes, "%s", name);
        if (S_ISDIR(st.st_mode)) {
            int below = walk_into(walk, dirfd(stream), name, depth);
            failed = failed ? failed : below;
        }
        if (walk->is_removing)
            (void)unlinkat(dirfd(stream), name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
    }
    closedir(stream);
    return failed;
}

static int open_directory(int dir_fd, const char *name)
{
    return umm_file_openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The mark goes last: what a kill leaves of the rest is swept then. */
static void empty(int dir_fd)
{
    struct walk walk = {.is_removing = true};
    int below_fd = open_directory(dir_fd, ".");
    if (below_fd >= 0)
        (void)walk_below(&walk, below_fd, 0);
    (void)unlinkat(dir_fd, mark_name, 0);
}

enum umm_status umm_scratchdir_count(const char *path, uint64_t *n, char *one, size_t one_bytes,
                                     struct umm_error *err)
{
    struct walk walk = {.one = one, .one_bytes = one_bytes};
    if (one_bytes)
        one[0] = '\0';
    int fd = umm_file_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 ? errno : walk_below(&walk, fd, 0);
    *n = walk.n;
    return failed ? umm_error_set_errno(err, failed, path, "cannot list the directory") : UMM_OK;
}

/* ---- making and removing ---------------------------------------------------------- */

/* It is locked before it has its name: nobody ever sees that of a living run unlocked. */
static int put_mark(int dir_fd)
{
    static const char early_name[] = ".umm-scratch-new";
    int fd = umm_file_openat(dir_fd, early_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC);
    if (fd >= 0 &&
        (umm_lockwait_flock(fd) < 0 || renameat(dir_fd, early_name, dir_fd, mark_name) < 0))
        umm_file_close(&fd);
    return fd;
}

static const char *name_of(const struct umm_scratchdir *dir)
{
    return strrchr(dir->path, '/') + 1;
}

static void let_go(struct umm_scratchdir *dir)
{
    umm_file_close(&dir->mark_fd);
    umm_file_close(&dir->fd);
    umm_file_close(&dir->parent_fd);
    dir->path[0] = '\0';
}

/* Open what was made, and its parent. What others have put there by now is left alone. */
static enum umm_status open_made(struct umm_scratchdir *dir, struct umm_error *err)
{
    dir->fd = open_directory(AT_FDCWD, dir->path);
    if (dir->fd >= 0)
        dir->parent_fd = umm_file_openat(dir->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir->parent_fd < 0)
        return umm_error_set_errno(err, errno, dir->path, "cannot open");
    return umm_directory_check_new(dir->parent_fd, dir->fd, dir->path, err);
}

enum umm_status umm_scratchdir_make(struct umm_scratchdir *dir, const char *parent,
                                    const char *prefix, struct umm_error *err)
{
    dir->parent_fd = dir->fd = dir->mark_fd = -1;
    int n = snprintf(dir->path, sizeof dir->path, "%s/%s.XXXXXX", parent, prefix);
    if (n < 0 || (size_t)n >= sizeof dir->path) {
        dir->path[0] = '\0';
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, parent, "the path is too long");
    }
    if (!mkdtemp(dir->path)) {
        int sys_errno = errno;
        dir->path[0] = '\0';
        return umm_error_set_errno(err, sys_errno, parent, "cannot make a directory in it");
    }
    enum umm_status status = open_made(dir, err);
    if (status)
        let_go(dir);
    else
        dir->mark_fd = put_mark(dir->fd);
    return status;
}

void umm_scratchdir_remove(struct umm_scratchdir *dir)
{
    if (!dir->path[0])
        return;
    empty(dir->fd);
    if (umm_file_is_named(dir->parent_fd, name_of(dir), dir->fd))
        (void)unlinkat(dir->parent_fd, name_of(dir), AT_REMOVEDIR);
    let_go(dir);
}

/* ---- what killed runs left -------------------------------------------------------- */

/* PREFIX.XXXXXX, as mkdtemp makes it. */
static bool has_pattern(const char *name, const char *prefix)
{
    enum { RANDOM = 6 };
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t n = strlen(prefix);
    return strncmp(name, prefix, n) == 0 && name[n] == '.' && strlen(name + n + 1) == RANDOM &&
           strspn(name + n + 1, letters) == RANDOM;
}

static bool is_mine(int fd, mode_t type)
{
    struct stat st;
    return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid();
}

static bool is_left(int dir_fd, int mark_fd)
{
    return mark_fd >= 0 && is_mine(mark_fd, S_IFREG) && umm_lockwait_flock(mark_fd) == 0 &&
           umm_file_is_named(dir_fd, mark_name, mark_fd);
}

static void sweep_one(int parent_fd, const char *name)
{
    int dir_fd = open_directory(parent_fd, name), mark_fd = -1;
    if (dir_fd >= 0 && is_mine(dir_fd, S_IFDIR))
        mark_fd = umm_file_openat(dir_fd, mark_name,
                                  O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (is_left(dir_fd, mark_fd)) {
        empty(dir_fd);
        (void)unlinkat(parent_fd, name, AT_REMOVEDIR);
    }
    umm_file_close(&mark_fd);
    umm_file_close(&dir_fd);
}

void umm_scratchdir_sweep(const char *parent, const char *prefix)
{
    int fd = umm_file_openat(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    if (!stream) {
        umm_file_close(&fd);
        return;
    }
    while ((entry = readdir(stream)))
        if (has_pattern(entry->d_name, prefix))
            sweep_one(dirfd(stream), entry->d_name);
    closedir(stream);
}
