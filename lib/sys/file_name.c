/* SPDX-License-Identifier: MIT */
/* What the names of files lead to. */
#include "sys/file.h"

#include "base/error.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool umm_file_same(const char *path, uint64_t device, uint64_t inode)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

bool umm_file_is_named(int dir_fd, const char *name, int fd)
{
    struct stat by_name, by_fd;
    return fstatat(dir_fd, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &by_fd) == 0 &&
           by_name.st_dev == by_fd.st_dev && by_name.st_ino == by_fd.st_ino;
}

enum umm_status umm_file_check_named(int fd, const char *path, struct umm_error *err)
{
    struct umm_file_info mine, named;
    bool is_there = false;
    enum umm_status status = umm_file_stat_fd(fd, path, &mine, err);
    if (!status)
        status = umm_file_find(path, &is_there, &named, err);
    if (status || (is_there && named.device == mine.device && named.inode == mine.inode))
        return status;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "was %s while it was written",
                              is_there ? "replaced" : "removed");
}

char *umm_file_follow(const char *path)
{
    enum { LINKS_MAX = 40 }; /* as in the kernel, which refuses more when the file is opened */
    char target[PATH_MAX], *now = strdup(path);
    for (int i = 0; now && i < LINKS_MAX; i++) {
        ssize_t len = readlink(now, target, sizeof target - 1);
        if (len < 0)
            break;
        target[len] = '\0';
        const char *slash = target[0] == '/' ? NULL : strrchr(now, '/');
        const size_t dir = slash ? (size_t)(slash - now) + 1 : 0;
        char *next = malloc(dir + (size_t)len + 1);
        if (next) {
            memcpy(next, now, dir);
            memcpy(next + dir, target, (size_t)len + 1);
        }
        free(now);
        now = next;
    }
    return now;
}

char *umm_file_absolute(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    bool is_directory = !*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    char *above = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    char *real = above ? realpath(is_directory ? path : above, NULL) : NULL, *whole = NULL;
    free(above);
    if (!real || is_directory)
        return real ? real : strdup(path);
    size_t len = strlen(real);
    whole = malloc(len + 1 + strlen(name) + 1);
    if (whole) {
        memcpy(whole, real, len);
        whole[len] = '/';
        strcpy(whole + len + (len > 1), name);
    }
    free(real);
    return whole;
}
