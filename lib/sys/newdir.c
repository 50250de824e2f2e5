/* SPDX-License-Identifier: MIT */
#include "sys/newdir.h"

#include "base/error.h"
#include "sys/directory.h"
#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Remove the directory and what is in it, as far as that can be done. */
static void remove_all(const char *path, DIR *stream)
{
    struct dirent *entry;
    while (stream && (entry = readdir(stream)))
        (void)unlinkat(dirfd(stream), entry->d_name, 0); /* fails on "." and ".." */
    (void)rmdir(path);
}

/*
 * A link of that name is somebody else's, who may want the files it leads to removed by us:
 * it is not followed.
 */
static DIR *open_stream(const char *path)
{
    int fd = umm_file_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    int sys_errno = errno;
    if (!stream)
        umm_file_close(&fd);
    errno = sys_errno;
    return stream;
}

static void remove_leftover(const char *path)
{
    DIR *stream = open_stream(path);
    remove_all(path, stream);
    if (stream)
        closedir(stream);
}

/* Length of path without slashes at its end, and where its last part begins. */
static size_t split(const char *path, size_t *base)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    *base = len;
    while (*base > 0 && path[*base - 1] != '/')
        --*base;
    return len;
}

static enum umm_status taken(const char *path, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is there already");
}

enum umm_status umm_newdir_begin(struct umm_newdir *dir, const char *path, struct umm_error *err)
{
    size_t base, len = split(path, &base), cap = len + sizeof "/..umm-new";
    *dir = (struct umm_newdir){0};
    struct stat st;
    if (lstat(path, &st) == 0)
        return taken(path, err);
    if (errno != ENOENT)
        return umm_error_set_errno(err, errno, path, "cannot examine");
    char *temp = malloc(cap);
    if (!temp)
        return umm_error_set_memory(err, cap, "a path");
    snprintf(temp, cap, "%.*s.%.*s.umm-new", (int)base, path, (int)(len - base), path + base);
    remove_leftover(temp);
    DIR *stream = mkdir(temp, 0777) == 0 ? open_stream(temp) : NULL;
    if (!stream) {
        int sys_errno = errno;
        (void)rmdir(temp);
        free(temp);
        return umm_error_set_errno(err, sys_errno, path, "cannot make the directory");
    }
    *dir = (struct umm_newdir){.path = path, .temp = temp, .stream = stream};
    return UMM_OK;
}

/* Forget it, wherever it is now. */
static void let_go(struct umm_newdir *dir)
{
    if (dir->stream)
        closedir(dir->stream);
    free(dir->temp);
    *dir = (struct umm_newdir){0};
}

enum umm_status umm_newdir_commit(struct umm_newdir *dir, struct umm_error *err)
{
    const char *path = dir->path;
    enum umm_status status = UMM_OK;
    if (rename(dir->temp, path) < 0)
        status = errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR
                     ? taken(path, err)
                     : umm_error_set_errno(err, errno, path, "cannot put it in place");
    if (status) {
        umm_newdir_abort(dir);
        return status;
    }
    /* The temporary's name, cut to its directory. */
    size_t base;
    (void)split(dir->temp, &base);
    strcpy(dir->temp + base, ".");
    status = umm_directory_sync_path(dir->temp, path, err);
    let_go(dir);
    return status;
}

void umm_newdir_abort(struct umm_newdir *dir)
{
    if (dir->stream) {
        rewinddir(dir->stream);
        remove_all(dir->temp, dir->stream);
    }
    let_go(dir);
}
