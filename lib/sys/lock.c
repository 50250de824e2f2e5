/* SPDX-License-Identifier: MIT */
#include "sys/lock.h"

#include "base/error.h"
#include "base/hash.h"
#include "sys/file.h"
#include "sys/lockwait.h"
#include "sys/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char LOCK_END[] = ".lock", ITS_LOCK_FILE[] = "its lock file ";
enum { LOCK_BASE_MAX = UMM_OUTFILE_NAME_MAX - sizeof LOCK_END, HASH_LEN = 17 };

/* ".<base>.lock"; of a base that is too long, its beginning and a hash of all of it. */
static void make_name(char name[UMM_OUTFILE_NAME_MAX + 1], const char *base)
{
    const size_t len = strlen(base);
    int n = snprintf(name, UMM_OUTFILE_NAME_MAX + 1, ".%.*s", (int)LOCK_BASE_MAX, base);
    if (len > LOCK_BASE_MAX)
        n = snprintf(name, UMM_OUTFILE_NAME_MAX + 1, ".%.*s~%016" PRIx64,
                     (int)(LOCK_BASE_MAX - HASH_LEN), base, umm_hash64(base, len, 0));
    memcpy(name + n, LOCK_END, sizeof LOCK_END);
}

/*
 * Open the lock file, creating it if need be. One that another user created may
 * be read-only for us, or, in a sticky directory, closed to O_CREAT; to lock it,
 * reading suffices.
 */
static int open_lock_file(int dir_fd, const char *name)
{
    const int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = umm_file_openat(dir_fd, name, O_RDWR | O_CREAT | flags);
    if (fd < 0 && (errno == EACCES || errno == EPERM)) {
        int sys_errno = errno;
        fd = umm_file_openat(dir_fd, name, O_RDONLY | flags);
        if (fd < 0)
            errno = sys_errno;
    }
    return fd;
}

/* Of what cannot be a lock, and is foreign, the message says whose it is. */
static enum umm_status open_lock(struct umm_lock *lock, const char *path, struct umm_error *err)
{
    do
        lock->fd = open_lock_file(lock->dir_fd, lock->name);
    while (lock->fd < 0 && errno == EINTR);
    if (lock->fd < 0) {
        const int sys_errno = errno;
        if (umm_trust_check_name(lock->dir_fd, lock->name, path, ITS_LOCK_FILE, err))
            return UMM_ERR_CONFLICT;
        return umm_file_open_error(err, sys_errno, path, "cannot open its lock file");
    }
    enum umm_status status = umm_file_stat_fd(lock->fd, path, &lock->info, err);
    if (status || lock->info.kind == UMM_FILE_REGULAR)
        return status;
    status = umm_trust_check(lock->dir_fd, &lock->info, path, ITS_LOCK_FILE, err);
    return status ? status
                  : umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                       "its lock file is not a regular file");
}

/* One try of umm_lockwait_take: the lock is held on the file of that name. */
static enum umm_status try_lock(void *user, const char *path, int *holder_fd, struct umm_error *err)
{
    struct umm_lock *lock = user;
    for (;;) {
        enum umm_status status = lock->fd < 0 ? open_lock(lock, path, err) : UMM_OK;
        if (!status)
            status = umm_lockwait_try_fd(&lock->fd, path, holder_fd, err);
        if (status || *holder_fd >= 0)
            return status;
        /*
         * Whoever owns a foreign file can remove it at any time, and then two could hold the lock.
         * To remove it here is not safe: by now the name may be that of another run's file.
         */
        if (umm_file_is_named(lock->dir_fd, lock->name, lock->fd))
            return umm_trust_check(lock->dir_fd, &lock->info, path, ITS_LOCK_FILE, err);
        /* Its last holder has removed it: the lock that counts is on a newer file. */
        umm_file_close(&lock->fd);
    }
}

/* Take the lock of base in dir_fd, which is the lock's from here on. */
static enum umm_status take_in(struct umm_lock *lock, int dir_fd, const char *base,
                               const char *path, enum umm_lock_wait wait, struct umm_run *run,
                               struct umm_error *err)
{
    lock->fd = -1;
    lock->dir_fd = dir_fd;
    make_name(lock->name, base);
    enum umm_status status =
        umm_lockwait_take(try_lock, lock, path, wait == UMM_LOCK_WAIT, run, err);
    if (status) {
        umm_file_close(&lock->fd);
        umm_file_close(&lock->dir_fd);
        *lock = (struct umm_lock){0};
    }
    lock->is_held = status == UMM_OK;
    return status;
}

enum umm_status umm_lock_take_at(struct umm_lock *lock, int dir_fd, const char *base,
                                 const char *path, enum umm_lock_wait wait, struct umm_run *run,
                                 struct umm_error *err)
{
    *lock = (struct umm_lock){0};
    int own_fd = umm_file_openat(dir_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (own_fd < 0)
        return umm_error_set_errno(err, errno, path, "cannot open its directory");
    return take_in(lock, own_fd, base, path, wait, run, err);
}

enum umm_status umm_lock_take(struct umm_lock *lock, const char *output_path,
                              enum umm_lock_wait wait, struct umm_run *run, struct umm_error *err)
{
    struct umm_outfile_place place;
    *lock = (struct umm_lock){0};
    enum umm_status status = umm_outfile_locate(&place, output_path, err);
    if (status)
        return status;
    if (place.is_stream) {
        umm_file_close(&place.dir_fd);
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, output_path,
                                  "is not a regular file and cannot be locked");
    }
    return take_in(lock, place.dir_fd, place.base, output_path, wait, run, err);
}

bool umm_lock_is_file(const char *output_path, const char *path)
{
    struct umm_outfile_place output, place;
    char name[UMM_OUTFILE_NAME_MAX + 1];
    struct stat dir, other;
    bool is_file = false;
    if (umm_outfile_locate(&output, output_path, NULL))
        return false;
    if (!umm_outfile_locate(&place, path, NULL)) {
        make_name(name, output.base);
        is_file = output.dir_fd >= 0 && place.dir_fd >= 0 && strcmp(name, place.base) == 0 &&
                  fstat(output.dir_fd, &dir) == 0 && fstat(place.dir_fd, &other) == 0 &&
                  dir.st_dev == other.st_dev && dir.st_ino == other.st_ino;
        umm_file_close(&place.dir_fd);
    }
    umm_file_close(&output.dir_fd);
    return is_file;
}

void umm_lock_release(struct umm_lock *lock)
{
    if (!lock->is_held)
        return;
    /* Not somebody else's, in case a third party has removed ours. */
    if (umm_file_is_named(lock->dir_fd, lock->name, lock->fd))
        (void)unlinkat(lock->dir_fd, lock->name, 0);
    umm_file_close(&lock->fd);
    umm_file_close(&lock->dir_fd);
    *lock = (struct umm_lock){0};
}
