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

/* Remove the files in the directory, and the directory if it is still under this name. */
static void remove_all(int parent_fd, const char *name, DIR *stream)
{
    const struct dirent *entry;
    rewinddir(stream);
    while ((entry = readdir(stream)))
        (void)unlinkat(dirfd(stream), entry->d_name, 0); /* fails on "." and ".." */
    if (umm_file_is_named(parent_fd, name, dirfd(stream)))
        (void)unlinkat(parent_fd, name, AT_REMOVEDIR);
}

/*
 * A link of that name is another user's, and may lead to files that are not ours to remove:
 * it is not followed.
 */
static DIR *open_stream(int parent_fd, const char *name)
{
    int fd = umm_file_openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    int sys_errno = errno;
    if (!stream)
        umm_file_close(&fd);
    errno = sys_errno;
    return stream;
}

static enum umm_status taken(const char *path, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is there already");
}

/* What a killed run left. Another name for a directory of ours is not given by ourselves. */
static enum umm_status remove_leftover(const struct umm_newdir *dir, struct umm_error *err)
{
    DIR *stream = open_stream(dir->parent_fd, dir->temp_name);
    if (!stream)
        return UMM_OK;
    enum umm_status status = umm_directory_check_kept(dir->parent_fd, dir->temp, err);
    if (!status)
        remove_all(dir->parent_fd, dir->temp_name, stream);
    closedir(stream);
    return status;
}

static enum umm_status make(struct umm_newdir *dir, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    int made = mkdirat(dir->parent_fd, dir->temp_name, 0777);
    if (made == 0)
        dir->stream = open_stream(dir->parent_fd, dir->temp_name);
    if (!dir->stream)
        status = umm_error_set_errno(err, errno, dir->path, "cannot make the directory");
    else
        dir->fd = dirfd(dir->stream);
    if (!status)
        status = umm_directory_check_new(dir->parent_fd, dir->fd, dir->path, err);
    if (status && dir->stream) {
        closedir(dir->stream); /* it may be another: nothing in it is removed */
        dir->stream = NULL;
    }
    if (status && made == 0)
        (void)unlinkat(dir->parent_fd, dir->temp_name, AT_REMOVEDIR);
    return status;
}

/* Forget it, wherever it is now. */
static void let_go(struct umm_newdir *dir)
{
    if (dir->stream)
        closedir(dir->stream);
    if (dir->temp)
        umm_file_close(&dir->parent_fd);
    free(dir->temp);
    *dir = (struct umm_newdir){0};
}

/* Both names, and the directory that they are in. */
static enum umm_status locate(struct umm_newdir *dir, const char *path, struct umm_error *err)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    size_t base = len;
    while (base > 0 && path[base - 1] != '/')
        base--;
    const size_t cap = len + sizeof "/..umm-new";
    char *temp = malloc(2 * cap);
    if (!temp)
        return umm_error_set_memory(err, 2 * cap, "a path");
    int n = snprintf(temp, cap, "%.*s", (int)base, path);
    const char *parent = n ? temp : ".";
    int parent_fd = umm_file_openat(AT_FDCWD, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int sys_errno = errno;
    snprintf(temp + n, cap - (size_t)n, ".%.*s.umm-new", (int)(len - base), path + base);
    snprintf(temp + cap, cap, "%.*s", (int)(len - base), path + base);
    *dir = (struct umm_newdir){.path = path,
                               .temp = temp,
                               .temp_name = temp + n,
                               .name = temp + cap,
                               .parent_fd = parent_fd};
    return parent_fd < 0 ? umm_error_set_errno(err, sys_errno, path, "cannot examine") : UMM_OK;
}

enum umm_status umm_newdir_begin(struct umm_newdir *dir, const char *path, struct umm_error *err)
{
    struct stat st;
    *dir = (struct umm_newdir){0};
    enum umm_status status = locate(dir, path, err);
    if (!status && fstatat(dir->parent_fd, dir->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        status = taken(path, err);
    else if (!status && errno != ENOENT)
        status = umm_error_set_errno(err, errno, path, "cannot examine");
    if (!status)
        status = remove_leftover(dir, err);
    if (!status)
        status = make(dir, err);
    if (status)
        let_go(dir);
    return status;
}

static enum umm_status put_in_place(const struct umm_newdir *dir, struct umm_error *err)
{
    struct stat st;
    if (fstatat(dir->parent_fd, dir->temp_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return umm_error_set_errno(err, errno, dir->path, "cannot put it in place");
    if (!umm_file_is_named(dir->parent_fd, dir->temp_name, dir->fd))
        return umm_directory_replaced(dir->path, err);
    if (renameat(dir->parent_fd, dir->temp_name, dir->parent_fd, dir->name) < 0)
        return errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR
                   ? taken(dir->path, err)
                   : umm_error_set_errno(err, errno, dir->path, "cannot put it in place");
    return UMM_OK;
}

enum umm_status umm_newdir_commit(struct umm_newdir *dir, struct umm_error *err)
{
    enum umm_status status = put_in_place(dir, err);
    if (status) {
        umm_newdir_abort(dir);
        return status;
    }
    /* Between the look and the rename others may have changed what the name leads to. */
    if (!umm_file_is_named(dir->parent_fd, dir->name, dir->fd))
        status = umm_directory_replaced(dir->path, err);
    int sync_fd = umm_file_openat(dir->parent_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!status && sync_fd < 0)
        status = umm_error_set_errno(err, errno, dir->path, "cannot open the directory");
    else if (!status)
        status = umm_directory_sync(sync_fd, dir->path, err);
    umm_file_close(&sync_fd);
    let_go(dir);
    return status;
}

void umm_newdir_abort(struct umm_newdir *dir)
{
    if (dir->stream)
        remove_all(dir->parent_fd, dir->temp_name, dir->stream);
    let_go(dir);
}
