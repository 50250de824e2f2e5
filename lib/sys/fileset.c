/* SPDX-License-Identifier: MIT */
#include "sys/fileset.h"

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
    size_t cap = strlen(dir) + strlen(name) + strlen(end) + sizeof "/..umm-";
    char *path = malloc(cap);
    if (path)
        snprintf(path, cap, "%s/.%s.umm-%s", dir, name, end);
    return path;
}

static void forget(struct umm_fileset *set)
{
    umm_file_close(&set->next_fd);
    umm_file_close(&set->dir_fd);
    free(set->next);
    free(set->done);
    *set = (struct umm_fileset){.dir_fd = -1, .next_fd = -1};
}

/* One that we made: what is in another's, such as links, is not ours to move or remove. */
static enum umm_status open_own(const char *path, int *fd, struct umm_error *err)
{
    struct stat st;
    *fd = umm_file_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0 || fstat(*fd, &st) < 0)
        return umm_error_set_errno(err, errno, path, "cannot open");
    if (st.st_uid == umm_directory_user())
        return UMM_OK;
    umm_file_close(fd);
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "belongs to another user (uid %u)",
                              (unsigned)st.st_uid);
}

static void remove_all(const char *path)
{
    char **names = NULL;
    size_t n = 0;
    int fd;
    if (open_own(path, &fd, NULL) != UMM_OK)
        return;
    if (umm_directory_list(fd, path, &names, &n, NULL) == UMM_OK)
        for (size_t i = 0; i < n; i++)
            (void)unlinkat(fd, names[i], 0);
    free(names);
    umm_file_close(&fd);
    (void)rmdir(path);
}

/* Its files take their places, those of a run that was killed meanwhile, too. */
static enum umm_status finish(const struct umm_fileset *set, struct umm_error *err)
{
    char **names = NULL;
    size_t n = 0;
    int fd;
    enum umm_status status = open_own(set->done, &fd, err);
    if (!status)
        status = umm_directory_list(fd, set->done, &names, &n, err);
    for (size_t i = 0; !status && i < n; i++)
        if (renameat(fd, names[i], set->dir_fd, names[i]) < 0)
            status = umm_error_set_errno(err, errno, set->done, "cannot put its files in place");
    free(names);
    umm_file_close(&fd);
    if (!status)
        status = umm_file_sync(set->dir_fd, set->path, err);
    if (!status && rmdir(set->done) < 0)
        status = umm_error_set_errno(err, errno, set->done, "cannot remove");
    /* Or it would come back after a power cut, for files that are not its own. */
    return status ? status : umm_file_sync(set->dir_fd, set->path, err);
}

static enum umm_status recover(const struct umm_fileset *set, struct umm_error *err)
{
    struct stat st;
    remove_all(set->next);
    if (lstat(set->done, &st) == 0)
        return finish(set, err);
    return errno == ENOENT ? UMM_OK : umm_error_set_errno(err, errno, set->done, "cannot examine");
}

enum umm_status umm_fileset_open(struct umm_fileset *set, const char *dir, const char *name,
                                 size_t n_expected, struct umm_error *err)
{
    *set = (struct umm_fileset){.path = dir,
                                .next = make_path(dir, name, "next"),
                                .done = make_path(dir, name, "done"),
                                .next_fd = -1,
                                .is_one_sync = n_expected > FEW_FILES};
    set->dir_fd = umm_file_openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum umm_status status = UMM_OK;
    if (set->dir_fd < 0)
        status = umm_error_set_errno(err, errno, dir, "cannot open the directory");
    else if (!set->next || !set->done)
        status = umm_error_set_memory(err, strlen(dir), "a path");
    if (!status)
        status = recover(set, err);
    if (!status && n_expected && mkdir(set->next, 0700) < 0)
        status = umm_error_set_errno(err, errno, set->next, "cannot make the directory");
    if (!status && n_expected)
        status = open_own(set->next, &set->next_fd, err);
    if (status)
        forget(set);
    return status;
}

/* A stranger's file in a directory for all is no model for ours. */
static void take_rights(const struct umm_fileset *set, int fd, const struct stat *old)
{
    struct stat dir, st;
    if (fstat(fd, &st) < 0 || fstat(set->dir_fd, &dir) < 0 ||
        (old->st_uid != st.st_uid && (dir.st_mode & S_IWOTH)))
        return;
    /* As far as we may: who may not give it away keeps it, with the mode that it had. */
    if (old->st_uid != st.st_uid || old->st_gid != st.st_gid)
        (void)!fchown(fd, old->st_uid, old->st_gid);
    (void)fchmod(fd, old->st_mode & 0777);
}

static enum umm_status write_file(const struct umm_fileset *set,
                                  const struct umm_outfile_place *place, const char *path,
                                  const void *bytes, size_t len_bytes, struct umm_error *err)
{
    struct stat old;
    int fd = umm_file_openat(set->next_fd, place->base,
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return umm_error_set_errno(err, errno, path, "cannot write");
    enum umm_status status = umm_file_write_all(fd, path, bytes, len_bytes, err);
    if (!status && fstatat(place->dir_fd, place->base, &old, AT_SYMLINK_NOFOLLOW) == 0)
        take_rights(set, fd, &old);
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
    enum umm_status status = UMM_OK;
    if (set->is_one_sync && syncfs(set->next_fd) < 0)
        status = umm_error_set_errno(err, errno, set->path, "cannot sync");
    if (!status)
        status = umm_file_sync(set->next_fd, set->path, err);
    if (!status && rename(set->next, set->done) < 0)
        status = umm_error_set_errno(err, errno, set->path, "cannot put its files in place");
    if (status) {
        umm_fileset_abort(set);
        return status;
    }
    status = umm_file_sync(set->dir_fd, set->path, err);
    if (!status)
        status = finish(set, err);
    forget(set);
    return status;
}

void umm_fileset_abort(struct umm_fileset *set)
{
    if (!set->next)
        return;
    if (set->next_fd >= 0)
        remove_all(set->next);
    forget(set);
}
