/* SPDX-License-Identifier: MIT */
#include "sys/directory.h"

#include "base/error.h"
#include "base/list.h"
#include "sys/file.h"
#include "sys/lockwait.h"
#include "sys/trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OTHERS_MODE = 0077 };

uint32_t umm_directory_user(void)
{
    return (uint32_t)geteuid();
}

enum umm_status umm_directory_make(const char *path, unsigned mode, bool *is_new,
                                   struct umm_error *err)
{
    *is_new = mkdir(path, (mode_t)mode) == 0;
    if (!*is_new && errno != EEXIST)
        return umm_error_set_errno(err, errno, path, "cannot make the directory");
    /* An umask such as 0277 takes bits that the owner needs. */
    if (*is_new && chmod(path, (mode_t)mode) < 0) {
        int sys_errno = errno;
        (void)rmdir(path);
        return umm_error_set_errno(err, sys_errno, path, "cannot set its mode");
    }
    return UMM_OK;
}

static enum umm_status check_private(int fd, const char *path, struct umm_error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return umm_error_set_errno(err, errno, path, "cannot examine");
    if (st.st_uid != geteuid())
        return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "belongs to another user (uid %u)",
                                  (unsigned)st.st_uid);
    if (st.st_mode & OTHERS_MODE)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                  "is open to other users (mode %04o, wanted 0700)",
                                  (unsigned)st.st_mode & 07777);
    return UMM_OK;
}

enum umm_status umm_directory_open_private(const char *path, int *fd, struct umm_error *err)
{
    *fd = umm_file_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0 && (errno == ENOTDIR || errno == ELOOP))
        return umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                  "is not a directory (links are not followed)");
    if (*fd < 0)
        return umm_error_set_errno(err, errno, path, "cannot open");
    enum umm_status status = check_private(*fd, path, err);
    if (status)
        umm_file_close(fd);
    return status;
}

enum umm_status umm_directory_open(const char *path, int *fd, struct umm_error *err)
{
    *fd = umm_file_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd < 0 ? umm_error_set_errno(err, errno, path, "cannot open") : UMM_OK;
}

enum umm_status umm_directory_lock(int fd, const char *path, const struct umm_run *run,
                                   struct umm_error *err)
{
    return umm_lockwait_take(umm_lockwait_try_fd, &fd, path, true, run, err);
}

void umm_directory_unlock(int fd)
{
    (void)flock(fd, LOCK_UN);
}

/* ---- listing -------------------------------------------------------------- */

/* Names end to end, as they are read. */
struct text {
    char *bytes;
    size_t len_bytes, cap_bytes, n;
};

static bool add_name(struct text *text, const char *name)
{
    size_t len = strlen(name) + 1;
    if (text->cap_bytes - text->len_bytes < len) {
        size_t cap = 2 * text->cap_bytes + 4096;
        char *bytes = realloc(text->bytes, cap);
        if (!bytes)
            return false;
        text->bytes = bytes;
        text->cap_bytes = cap;
    }
    memcpy(text->bytes + text->len_bytes, name, len);
    text->len_bytes += len;
    text->n++;
    return true;
}

static enum umm_status read_names(DIR *dir, const char *path, struct text *text,
                                  struct umm_error *err)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry)
            return errno ? umm_error_set_errno(err, errno, path, "cannot list") : UMM_OK;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!add_name(text, entry->d_name))
            return umm_error_set_memory(err, text->cap_bytes, "a list of names");
    }
}

/* Pointers, and after them in the same block the text that they point into. */
static char **index_names(const struct text *text)
{
    char **names = malloc((text->n + 1) * sizeof *names + text->len_bytes);
    if (!names)
        return NULL;
    char *at = (char *)(names + text->n + 1);
    if (text->len_bytes)
        memcpy(at, text->bytes, text->len_bytes);
    for (size_t i = 0; i < text->n; i++, at += strlen(at) + 1)
        names[i] = at;
    names[text->n] = NULL;
    qsort(names, text->n, sizeof *names, umm_list_compare_texts);
    return names;
}

enum umm_status umm_directory_list(int fd, const char *path, char ***names, size_t *n,
                                   struct umm_error *err)
{
    struct text text = {0};
    /* A descriptor of its own: fd's has an offset, and stays with the caller. */
    int list_fd = umm_file_openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = list_fd < 0 ? NULL : fdopendir(list_fd);
    if (!dir) {
        int sys_errno = errno;
        umm_file_close(&list_fd);
        return umm_error_set_errno(err, sys_errno, path, "cannot list");
    }
    enum umm_status status = read_names(dir, path, &text, err);
    (void)closedir(dir);
    *names = status ? NULL : index_names(&text);
    *n = text.n;
    if (!status && !*names)
        status = umm_error_set_memory(err, text.len_bytes, "a list of names");
    free(text.bytes);
    return status;
}

/* ---- files ---------------------------------------------------------------- */

enum umm_status umm_directory_open_file(int fd, const char *path, const char *name, int *file_fd,
                                        struct umm_file_info *info, struct umm_error *err)
{
    /* O_NONBLOCK: a FIFO must not hold us before we see what it is. */
    *file_fd = umm_file_openat(fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    /* What a link and a socket say. */
    if (*file_fd < 0 && errno != ELOOP && errno != ENXIO)
        return umm_error_set_errno(err, errno, path, "cannot open");
    enum umm_status status = *file_fd < 0 ? UMM_OK : umm_file_stat_fd(*file_fd, path, info, err);
    if (!status && (*file_fd < 0 || info->kind != UMM_FILE_REGULAR))
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is not a regular file");
    if (status)
        umm_file_close(file_fd);
    return status;
}

void umm_directory_open_note(int dir_fd, const char *name, int *fd)
{
    const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    struct stat st;
    *fd = umm_file_openat(dir_fd, name, flags);
    if (*fd < 0 && errno == ENOENT) {
        *fd = umm_file_openat(dir_fd, name, flags | O_CREAT | O_EXCL);
        if (*fd >= 0 && fchmod(*fd, 0600) < 0)
            umm_file_close(fd);
    }
    if (*fd >= 0 && (fstat(*fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1))
        umm_file_close(fd);
}

/* ---- marks ---------------------------------------------------------------- */

enum { NS_PER_S = 1000000000 };

int64_t umm_directory_mark(int fd)
{
    struct stat st;
    int64_t ns;
    if (fstat(fd, &st) < 0 || __builtin_mul_overflow(st.st_mtim.tv_sec, (int64_t)NS_PER_S, &ns))
        return 0;
    return ns + st.st_mtim.tv_nsec;
}

/*
 * A clock gives a later change the time of the last one, in the same tick, or one that is at least
 * a tick later: never a nanosecond.
 */
int64_t umm_directory_next_mark(int fd)
{
    return umm_directory_mark(fd) + 1;
}

void umm_directory_set_mark(int fd, int64_t mark_ns)
{
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = (time_t)(mark_ns / NS_PER_S), .tv_nsec = (long)(mark_ns % NS_PER_S)}};
    if (futimens(fd, times) < 0)
        return; /* then it has another one */
}

static bool is_empty(int fd)
{
    int list_fd = umm_file_openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = list_fd < 0 ? NULL : fdopendir(list_fd);
    size_t n = 0;
    if (!dir) {
        umm_file_close(&list_fd);
        return false;
    }
    for (errno = 0; readdir(dir); errno = 0)
        n++;
    bool is_empty = errno == 0 && n == 2; /* "." and ".." */
    (void)closedir(dir);
    return is_empty;
}

enum umm_status umm_directory_check_new(int parent_fd, int fd, const char *path,
                                        struct umm_error *err)
{
    struct stat st;
    if (!umm_trust_is_movable(parent_fd) ||
        (fstat(fd, &st) == 0 && st.st_uid == geteuid() && is_empty(fd)))
        return UMM_OK;
    return umm_directory_replaced(path, err);
}

enum umm_status umm_directory_check_kept(int parent_fd, const char *path, struct umm_error *err)
{
    if (!umm_trust_is_movable(parent_fd))
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                              "is there, in a directory where others may rename what is yours "
                              "(no sticky bit): remove it if a killed run left it");
}

enum umm_status umm_directory_sync(int fd, const char *path, struct umm_error *err)
{
    int rc;
    do
        rc = fsync(fd);
    while (rc < 0 && errno == EINTR);
    return rc < 0 && errno != EINVAL ? umm_error_set_errno(err, errno, path, "cannot sync")
                                     : UMM_OK;
}

enum umm_status umm_directory_sync_path(const char *path, const char *shown, struct umm_error *err)
{
    int fd = umm_file_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return umm_error_set_errno(err, errno, shown, "cannot open the directory");
    enum umm_status status = umm_directory_sync(fd, shown, err);
    umm_file_close(&fd);
    return status;
}

enum umm_status umm_directory_sync_system(int fd, const char *path, struct umm_error *err)
{
    int rc;
    do
        rc = syncfs(fd);
    while (rc < 0 && errno == EINTR);
    return rc < 0 ? umm_error_set_errno(err, errno, path, "cannot sync") : UMM_OK;
}

enum umm_status umm_directory_remove_file(int fd, const char *path, const char *name,
                                          struct umm_error *err)
{
    if (unlinkat(fd, name, 0) < 0)
        return umm_error_set_errno(err, errno, path, "cannot remove");
    return UMM_OK;
}

bool umm_directory_is_at(int fd, const char *path)
{
    struct stat by_name, by_fd;
    return lstat(path, &by_name) == 0 && fstat(fd, &by_fd) == 0 && by_name.st_dev == by_fd.st_dev &&
           by_name.st_ino == by_fd.st_ino;
}

enum umm_status umm_directory_replaced(const char *path, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is another directory now; left alone");
}

enum umm_status umm_directory_remove(int fd, const char *path, struct umm_error *err)
{
    if (!umm_directory_is_at(fd, path))
        return umm_directory_replaced(path, err);
    if (rmdir(path) < 0)
        return umm_error_set_errno(err, errno, path, "cannot remove the directory");
    return UMM_OK;
}
