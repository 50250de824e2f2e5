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
#include "sys/file.h"

enum { DEPTH_MAX = 64 };

enum umm_status umm_scratchdir_make(struct umm_scratchdir *dir, const char *parent,
                                    const char *prefix, struct umm_error *err)
{
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
    return UMM_OK;
}

/* A walk over everything below; with is_removing it goes. */
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

static int walk_from(struct walk *walk, const char *path)
{
    int fd = umm_file_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? errno : walk_below(walk, fd, 0);
}

void umm_scratchdir_remove(struct umm_scratchdir *dir)
{
    struct walk walk = {.is_removing = true};
    if (!dir->path[0])
        return;
    (void)walk_from(&walk, dir->path);
    (void)rmdir(dir->path);
    dir->path[0] = '\0';
}

enum umm_status umm_scratchdir_count(const char *path, uint64_t *n, char *one, size_t one_bytes,
                                     struct umm_error *err)
{
    struct walk walk = {.one = one, .one_bytes = one_bytes};
    if (one_bytes)
        one[0] = '\0';
    int failed = walk_from(&walk, path);
    *n = walk.n;
    return failed ? umm_error_set_errno(err, failed, path, "cannot list the directory") : UMM_OK;
}
