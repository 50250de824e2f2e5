/* SPDX-License-Identifier: MIT */
#include "sys/fileset.h"

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
#include "sys/outfile.h"

/* One sync of a whole file system may wait for what others wrote: not for a few files. */
enum { FEW_FILES = 64 };

static char *make_path(const char *dir, const char *name, const char *end)
{
    size_t cap = strlen(dir) + strlen(name) + strlen(end) + sizeof "/.";
    char *path = malloc(cap);
    if (path)
        snprintf(path, cap, "%s/.%s%s", dir, name, end);
    return path;
}

static void forget(struct umm_fileset *set)
{
    if (set->stream)
        closedir(set->stream);
    umm_file_close(&set->dir_fd);
    free(set->next);
    free(set->done);
    *set = (struct umm_fileset){.dir_fd = -1};
}

/* The name in the directory of one of the two paths. */
static const char *name_of(const char *path)
{
    return strrchr(path, '/') + 1;
}

/* One that we made: what is in another's, such as links, is not ours to move or remove. */
static enum umm_status open_own(const struct umm_fileset *set, const char *path, DIR **stream,
                                struct umm_error *err)
{
    struct stat st;
    int fd = umm_file_openat(set->dir_fd, name_of(path),
                             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    *stream = NULL;
    if (fd >= 0 && fstat(fd, &st) == 0) {
        if (st.st_uid != umm_directory_user()) {
            umm_file_close(&fd);
            return umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                      "belongs to another user (uid %u)", (unsigned)st.st_uid);
        }
        *stream = fdopendir(fd);
    }
    if (*stream)
        return UMM_OK;
    int sys_errno = errno;
    umm_file_close(&fd);
    return umm_error_set_errno(err, sys_errno, path, "cannot open");
}

/* The same of what a killed run may have left; *stream is NULL where there is none. */
static enum umm_status open_left(const struct umm_fileset *set, const char *path, DIR **stream,
                                 struct umm_error *err)
{
    struct stat st;
    *stream = NULL;
    if (fstatat(set->dir_fd, name_of(path), &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? UMM_OK : umm_error_set_errno(err, errno, path, "cannot examine");
    enum umm_status status = open_own(set, path, stream, err);
    if (!status)
        status = umm_directory_check_kept(set->dir_fd, path, err);
    if (status && *stream) {
        closedir(*stream);
        *stream = NULL;
    }
    return status;
}

/* Remove the empty directory of that name if it is still the open one. 0, or -1 and errno. */
static int remove_directory(const struct umm_fileset *set, const char *path, DIR *stream)
{
    if (umm_file_is_named(set->dir_fd, name_of(path), dirfd(stream)))
        return unlinkat(set->dir_fd, name_of(path), AT_REMOVEDIR);
    errno = ENOENT;
    return -1;
}

/* As far as that can be done, without memory, for what is open: what rmdir says of the rest. */
static int remove_all(const struct umm_fileset *set, const char *path, DIR *stream)
{
    const struct dirent *entry;
    rewinddir(stream);
    while ((entry = readdir(stream)))
        (void)unlinkat(dirfd(stream), entry->d_name, 0); /* fails on "." and ".." */
    return remove_directory(set, path, stream);
}

/* The files of `done` take their places, also those that a run was killed at. */
static enum umm_status finish(const struct umm_fileset *set, DIR *stream, struct umm_error *err)
{
    const struct dirent *entry;
    enum umm_status status = UMM_OK;
    rewinddir(stream);
    for (errno = 0; !status && (entry = readdir(stream)); errno = 0) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
            renameat(dirfd(stream), name, set->dir_fd, name) < 0)
            status = umm_error_set_errno(err, errno, set->done, "cannot put its files in place");
    }
    if (!status && errno)
        status = umm_error_set_errno(err, errno, set->done, "cannot list");
    if (!status)
        status = umm_directory_sync(set->dir_fd, set->path, err);
    if (!status && remove_directory(set, set->done, stream) < 0)
        status = umm_error_set_errno(err, errno, set->done, "cannot remove");
    /* Or it would come back after a power cut, for files that are not its own. */
    return status ? status : umm_directory_sync(set->dir_fd, set->path, err);
}

static enum umm_status recover(const struct umm_fileset *set, struct umm_error *err)
{
    DIR *stream;
    enum umm_status status = open_left(set, set->next, &stream, err);
    if (!status && stream) {
        if (remove_all(set, set->next, stream) < 0) /* or there is no room for ours, at the end */
            status = umm_error_set_errno(err, errno, set->next, "cannot remove");
        closedir(stream);
    }
    if (!status)
        status = open_left(set, set->done, &stream, err);
    if (status || !stream)
        return status;
    status = finish(set, stream, err);
    closedir(stream);
    return status;
}

static enum umm_status make_next(struct umm_fileset *set, struct umm_error *err)
{
    DIR *stream;
    if (mkdirat(set->dir_fd, name_of(set->next), 0700) < 0)
        return umm_error_set_errno(err, errno, set->next, "cannot make the directory");
    enum umm_status status = open_own(set, set->next, &stream, err);
    if (!status)
        status = umm_directory_check_new(set->dir_fd, dirfd(stream), set->next, err);
    if (status) {
        if (stream)
            closedir(stream); /* it may be another: nothing in it is removed */
        (void)unlinkat(set->dir_fd, name_of(set->next), AT_REMOVEDIR);
        stream = NULL;
    }
    set->stream = stream;
    return status;
}

enum umm_status umm_fileset_open(struct umm_fileset *set, const char *dir, const char *name,
                                 size_t n_expected, struct umm_error *err)
{
    *set = (struct umm_fileset){.path = dir,
                                .next = make_path(dir, name, ".umm-next"),
                                .done = make_path(dir, name, ".changes"),
                                .is_one_sync = n_expected > FEW_FILES};
    set->dir_fd = umm_file_openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum umm_status status = UMM_OK;
    if (set->dir_fd < 0)
        status = umm_error_set_errno(err, errno, dir, "cannot open the directory");
    else if (!set->next || !set->done)
        status = umm_error_set_memory(err, strlen(dir), "a path");
    if (!status)
        status = recover(set, err);
    if (!status && n_expected)
        status = make_next(set, err);
    if (status)
        forget(set);
    return status;
}

/* The rights of what is replaced. */
static enum umm_status take_rights(int fd, const struct umm_outfile_place *place, const char *path,
                                   struct umm_error *err)
{
    struct stat old, st;
    struct umm_rights model;
    if (fstatat(place->dir_fd, place->base, &old, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? UMM_OK : umm_error_set_errno(err, errno, path, "cannot examine");
    if (fstat(fd, &st) < 0)
        return umm_error_set_errno(err, errno, path, "cannot examine");
    const struct umm_rights_own own = {st.st_mode & 0777, st.st_uid, st.st_gid};
    enum umm_status status = umm_rights_read(&model, place->dir_fd, place->base, &old, path, err);
    return status ? status : umm_rights_give(&model, place->dir_fd, fd, &own, path, err);
}

static enum umm_status write_file(const struct umm_fileset *set,
                                  const struct umm_outfile_place *place, const char *path,
                                  const void *bytes, size_t len_bytes, struct umm_error *err)
{
    int fd = umm_file_openat(dirfd(set->stream), place->base,
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return umm_error_set_errno(err, errno, path, "cannot write");
    enum umm_status status = umm_file_write_all(fd, path, bytes, len_bytes, err);
    if (!status)
        status = take_rights(fd, place, path, err);
    if (!status && !set->is_one_sync)
        status = umm_file_sync(fd, path, err);
    if (!status)
        return umm_file_close_checked(&fd, path, err);
    umm_file_close(&fd);
    return status;
}

enum umm_status umm_fileset_put(struct umm_fileset *set, const char *path, const void *bytes,
                                size_t len_bytes, struct umm_error *err)
{
    struct umm_outfile_place place;
    enum umm_status status = umm_outfile_locate(&place, path, err);
    if (status)
        return status;
    if (place.is_stream)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is not a regular file");
    if (!status)
        status = write_file(set, &place, path, bytes, len_bytes, err);
    umm_file_close(&place.dir_fd);
    return status;
}

enum umm_status umm_fileset_commit(struct umm_fileset *set, struct umm_error *err)
{
    enum umm_status status =
        set->is_one_sync ? umm_directory_sync_system(set->dir_fd, set->path, err) : UMM_OK;
    if (!status)
        status = umm_directory_sync(dirfd(set->stream), set->path, err);
    if (!status && !umm_file_is_named(set->dir_fd, name_of(set->next), dirfd(set->stream)))
        status = umm_directory_replaced(set->next, err);
    if (!status && renameat(set->dir_fd, name_of(set->next), set->dir_fd, name_of(set->done)) < 0)
        status = umm_error_set_errno(err, errno, set->path, "cannot put its files in place");
    if (status) {
        umm_fileset_abort(set);
        return status;
    }
    status = umm_directory_sync(set->dir_fd, set->path, err);
    if (!status)
        status = finish(set, set->stream, err);
    forget(set);
    return status;
}

void umm_fileset_abort(struct umm_fileset *set)
{
    if (!set->next)
        return;
    if (set->stream)
        (void)remove_all(set, set->next, set->stream);
    forget(set);
}
