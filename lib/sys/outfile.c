/* SPDX-License-Identifier: MIT */
#include "sys/outfile.h"

#include "base/error.h"
#include "sys/directory.h"
#include "sys/file.h"
#include "sys/lockwait.h"
#include "sys/random.h"
#include "sys/trust.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Open the directory itself, which O_PATH did not: to sync it. */
static int reopen_dir(int dir_fd)
{
    return umm_file_openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* ---- The temporary file ------------------------------------------------ */

static const char TEMP_MARK[] = ".umm-";
static const char TEMP_ALPHABET[] = "abcdefghijklmnopqrstuvwxyz0123456789";
enum {
    TEMP_SLOTS = 8, /* each costs every open a look-up; one digit */
    TEMP_RANDOM_LEN = 8,
    TEMP_MARK_LEN = sizeof TEMP_MARK - 1,
    TEMP_BASE_MAX = UMM_OUTFILE_NAME_MAX - 1 - TEMP_MARK_LEN - TEMP_RANDOM_LEN
};

/* Write ".<base>.umm-", the base cut (between characters of UTF-8) to fit. */
static size_t temp_prefix(const char *base, char name[UMM_OUTFILE_NAME_MAX + 1])
{
    size_t n = strlen(base);
    if (n > TEMP_BASE_MAX) {
        n = TEMP_BASE_MAX;
        while (n > 1 && ((unsigned char)base[n] & 0xC0) == 0x80)
            n--;
    }
    name[0] = '.';
    memcpy(name + 1, base, n);
    memcpy(name + 1 + n, TEMP_MARK, sizeof TEMP_MARK);
    return 1 + n + TEMP_MARK_LEN;
}

static void temp_number(char *at, int slot)
{
    at[0] = (char)('0' + slot);
    at[1] = '\0';
}

/* Append eight random characters: 36^8 is well below 2^64, so no bias to speak of. */
static int temp_randomise(char *at)
{
    uint64_t bits;
    if (!umm_random_bits(&bits))
        return -1;
    for (int i = 0; i < TEMP_RANDOM_LEN; i++, bits /= sizeof TEMP_ALPHABET - 1)
        at[i] = TEMP_ALPHABET[bits % (sizeof TEMP_ALPHABET - 1)];
    at[TEMP_RANDOM_LEN] = '\0';
    return 0;
}

/* Whether name is "." BASE ".umm-" and n_end characters of the alphabet. */
static bool is_temp_with(const char *name, size_t n_end)
{
    size_t len = strlen(name);
    if (name[0] != '.' || len <= 1 + TEMP_MARK_LEN + n_end)
        return false;
    const char *end = name + len - n_end;
    return memcmp(end - TEMP_MARK_LEN, TEMP_MARK, TEMP_MARK_LEN) == 0 &&
           strspn(end, TEMP_ALPHABET) == n_end;
}

/*
 * Whether one of our writers may have made the temporary name, which st is of: it has our owner,
 * or, just before it takes the place of another user's file, his.
 */
static bool may_be_ours(int dir_fd, const char *name, const struct stat *st)
{
    char base[UMM_OUTFILE_NAME_MAX + 1];
    struct stat target;
    const size_t n_end = is_temp_with(name, 1) ? 1 : TEMP_RANDOM_LEN;
    if (st->st_uid == geteuid())
        return true;
    if (!is_temp_with(name, n_end))
        return false;
    const size_t n = strlen(name) - 1 - TEMP_MARK_LEN - n_end;
    memcpy(base, name + 1, n);
    base[n] = '\0';
    return fstatat(dir_fd, base, &target, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(target.st_mode) &&
           target.st_uid == st->st_uid;
}

/*
 * Remove the file name if it is ours and nobody holds its lock. Only the holder of
 * the lock renames or removes a file in a slot, so what the name leads to cannot
 * change between the look and the removal. A writer that has created the file but
 * not locked it yet finds it locked, or gone, and takes another.
 */
bool umm_outfile_remove_temp(int dir_fd, const char *name)
{
    const int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    struct stat st;
    int fd = umm_file_openat(dir_fd, name, O_RDWR | flags);
    /* Killed between the last two steps, it has its final mode, maybe without writing. */
    if (fd < 0 && errno == EACCES)
        fd = umm_file_openat(dir_fd, name, O_RDONLY | flags);
    if (fd < 0)
        return errno == ENOENT;
    bool is_gone = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && may_be_ours(dir_fd, name, &st) &&
                   umm_lockwait_flock(fd) == 0 && umm_file_is_named(dir_fd, name, fd) &&
                   unlinkat(dir_fd, name, 0) == 0;
    umm_file_close(&fd);
    return is_gone;
}

bool umm_outfile_is_temp(const char *name)
{
    return (is_temp_with(name, 1) && name[strlen(name) - 1] < '0' + TEMP_SLOTS) ||
           is_temp_with(name, TEMP_RANDOM_LEN);
}

/* By asking for each slot's name: listing the directory would cost its size. */
static void remove_stale(const struct umm_outfile_place *place)
{
    char name[UMM_OUTFILE_NAME_MAX + 1];
    size_t prefix_len = temp_prefix(place->base, name);
    for (int slot = 0; slot < TEMP_SLOTS; slot++) {
        temp_number(name + prefix_len, slot);
        (void)umm_outfile_remove_temp(place->dir_fd, name);
    }
}

void umm_outfile_remove_stale(const char *path)
{
    struct umm_outfile_place place;
    if (umm_outfile_locate(&place, path, NULL))
        return;
    if (!place.is_stream)
        remove_stale(&place);
    umm_file_close(&place.dir_fd);
}

bool umm_outfile_sweep(const char *dir)
{
    int fd = umm_file_openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    if (!list) {
        umm_file_close(&fd);
        return false;
    }
    const struct dirent *entry;
    for (errno = 0; (entry = readdir(list)); errno = 0)
        if (umm_outfile_is_temp(entry->d_name))
            (void)umm_outfile_remove_temp(fd, entry->d_name);
    bool is_whole = errno == 0;
    closedir(list);
    return is_whole;
}

/*
 * Whether the lock was got. Where flock does not work at all a cleaner cannot
 * lock either, so nobody removes anything, and writing may go on.
 */
static bool lock_temp(int fd)
{
    return umm_lockwait_flock(fd) == 0 || errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP;
}

/* 1 when the temporary's name leads to our file, 0 when not, -1 (errno) when unknown. */
static int is_temp_named(const struct umm_outfile *out)
{
    struct stat st;
    if (fstatat(out->place.dir_fd, out->temp, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -1;
    return st.st_dev == out->device && st.st_ino == out->inode;
}

enum { OTHERS = 0077 };

/* Keep others out until commit, as far as the file system has such modes. */
static enum umm_status hold_mode(struct umm_outfile *out, struct umm_error *err)
{
    out->is_mode_held = fchmod(out->fd, 0600) == 0;
    if (!out->is_mode_held && errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
        return umm_error_set_errno(err, errno, out->path,
                                   "cannot set the mode of its temporary file");
    return UMM_OK;
}

/*
 * Whether no other process has the file open, since before its mode kept others out: the kernel
 * gives a lease for writing only if none has. True where it knows no leases. A process that opens
 * the file while the lease is held signals us, to no effect.
 */
static bool is_alone(int fd)
{
    (void)fcntl(fd, F_SETSIG, SIGURG);
    if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
        return errno != EAGAIN;
    (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    return true;
}

/* Lock the new file; *is_ours is false when a cleaner was faster. */
static enum umm_status claim_temp(struct umm_outfile *out, bool is_strict, bool *is_ours,
                                  struct umm_error *err)
{
    struct stat st;
    *is_ours = false;
    if (!lock_temp(out->fd))
        return errno == EWOULDBLOCK
                   ? UMM_OK
                   : umm_error_set_errno(err, errno, out->path, "cannot lock its temporary file");
    int is_named = -1;
    if (fstat(out->fd, &st) == 0) {
        out->own = (struct umm_rights_own){st.st_mode & 0777, st.st_uid, st.st_gid};
        out->device = st.st_dev;
        out->inode = st.st_ino;
        is_named = is_temp_named(out);
    }
    if (is_named < 0)
        return umm_error_set_errno(err, errno, out->path, "cannot examine its temporary file");
    enum umm_status status = is_named ? hold_mode(out, err) : UMM_OK;
    *is_ours = is_named;
    if (!status && is_named && is_strict && (out->own.mode & OTHERS) && !is_alone(out->fd)) {
        (void)unlinkat(out->place.dir_fd, out->temp, 0);
        *is_ours = false;
    }
    return status;
}

/*
 * One attempt at the name in out->temp; out->fd is -1 when it was taken. A file
 * that a cleaner took is left to it: the name may be another writer's by now. The
 * kernel gives it the mode of a new file, for commit to give it again.
 */
static enum umm_status create_temp_once(struct umm_outfile *out, bool is_strict,
                                        struct umm_error *err)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    bool is_ours;
    out->fd = openat(out->place.dir_fd, out->temp, flags, 0666);
    if (out->fd < 0 && (errno == EEXIST || errno == EINTR))
        return UMM_OK;
    if (out->fd < 0)
        return umm_error_set_errno(err, errno, out->path, "cannot create a file in its directory");
    enum umm_status status = claim_temp(out, is_strict, &is_ours, err);
    if (status && umm_file_is_named(out->place.dir_fd, out->temp, out->fd))
        (void)unlinkat(out->place.dir_fd, out->temp, 0);
    if (status || !is_ours)
        umm_file_close(&out->fd);
    return status;
}

/* In the first slot that is free; with none, under a name nobody cleans or takes. */
static enum umm_status create_temp(struct umm_outfile *out, struct umm_error *err)
{
    /* Who opens a hundred files in their first moment is no thief, but a scanner of viruses. */
    enum { TRIES_MAX = 1000, STRICT_TRIES = 100 };
    size_t prefix_len = temp_prefix(out->place.base, out->temp);
    for (int i = 0; i < TRIES_MAX; i++) {
        if (i < TEMP_SLOTS)
            temp_number(out->temp + prefix_len, i);
        else if (temp_randomise(out->temp + prefix_len) < 0)
            return umm_error_set_errno(err, errno, out->path,
                                       "cannot get random bytes for its temporary name");
        enum umm_status status = create_temp_once(out, i < STRICT_TRIES, err);
        if (status || out->fd >= 0)
            return status;
    }
    return umm_error_set_errno(err, EEXIST, out->path, "cannot create a file in its directory");
}

enum { LOOK_NS = 10000000 }; /* between two looks at what is waited for */

/* ---- Opening ----------------------------------------------------------- */

/*
 * Open what is in the place, without O_NONBLOCK in the end. An open that waits for a
 * FIFO's reader would not see a signal that came just before it; one that does not wait
 * says ENXIO, as it does for a socket and for a device that is not there.
 */
static enum umm_status open_existing(struct umm_outfile *out, const struct umm_run *run,
                                     struct umm_error *err)
{
    const struct umm_outfile_place *place = &out->place;
    const int flags =
        O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (place->is_magic ? 0 : O_NOFOLLOW);
    for (;;) {
        out->fd = openat(place->dir_fd, place->base, flags);
        if (out->fd >= 0 && fcntl(out->fd, F_SETFL, 0) < 0)
            break;
        if (out->fd >= 0)
            return UMM_OK;
        if (errno != EINTR && !(errno == ENXIO && place->is_fifo && run))
            break;
        if (umm_run_is_cancelled(run))
            return umm_error_set_cancelled(err);
        (void)nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    }
    int sys_errno = errno;
    umm_file_close(&out->fd);
    return umm_error_set_errno(err, sys_errno, out->path, "cannot open");
}

static enum umm_status open_stream(struct umm_outfile *out, const struct umm_run *run,
                                   struct umm_error *err)
{
    struct umm_file_info info;
    bool is_stdout = out->place.dir_fd < 0;
    enum umm_status status = UMM_OK;
    if (is_stdout)
        out->fd = STDOUT_FILENO;
    else
        status = open_existing(out, run, err);
    if (status)
        return status;
    status = umm_file_stat_fd(out->fd, out->path, &info, err);
    /* Another file in its place, perhaps a regular one, would be ruined. */
    if (!status && !is_stdout &&
        (info.device != out->place.device || info.inode != out->place.inode))
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, out->path,
                                    "was replaced while it was opened");
    if (status && !is_stdout)
        umm_file_close(&out->fd);
    return status;
}

/* Begin in out->place, unless it was not found: settle *out in any case. */
static enum umm_status open_place(struct umm_outfile *out, enum umm_status status, bool is_swept,
                                  const struct umm_run *run, struct umm_error *err)
{
    if (!status && out->place.is_stream) {
        status = open_stream(out, run, err);
    } else if (!status) {
        if (!is_swept)
            remove_stale(&out->place);
        status = create_temp(out, err);
    }
    if (status) {
        umm_file_close(&out->place.dir_fd);
        *out = (struct umm_outfile){0};
    }
    out->is_open = status == UMM_OK;
    return status;
}

enum umm_status umm_outfile_open_swept(struct umm_outfile *out, const char *path, bool is_swept,
                                       const struct umm_run *run, struct umm_error *err)
{
    *out = (struct umm_outfile){.fd = -1, .path = path};
    enum umm_status status = umm_outfile_locate(&out->place, path, err);
    return open_place(out, status, is_swept, run, err);
}

enum umm_status umm_outfile_open(struct umm_outfile *out, const char *path,
                                 const struct umm_run *run, struct umm_error *err)
{
    return umm_outfile_open_swept(out, path, false, run, err);
}

static enum umm_status locate_in(struct umm_outfile_place *place, int dir_fd, const char *base,
                                 const char *path, struct umm_error *err)
{
    struct stat st;
    *place = (struct umm_outfile_place){.dir_fd = -1};
    if (strlen(base) > UMM_OUTFILE_NAME_MAX)
        return umm_error_set_errno(err, ENAMETOOLONG, path, "cannot write");
    memcpy(place->base, base, strlen(base) + 1);
    int rc = fstatat(dir_fd, base, &st, AT_SYMLINK_NOFOLLOW);
    if (rc < 0 && errno != ENOENT)
        return umm_error_set_errno(err, errno, path, "cannot examine");
    if (rc == 0 && !S_ISREG(st.st_mode))
        return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is not a regular file");
    place->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
    return place->dir_fd < 0 ? umm_error_set_errno(err, errno, path, "cannot open its directory")
                             : UMM_OK;
}

enum umm_status umm_outfile_open_in(struct umm_outfile *out, int dir_fd, const char *base,
                                    const char *path, struct umm_error *err)
{
    *out = (struct umm_outfile){.fd = -1, .path = path};
    enum umm_status status = locate_in(&out->place, dir_fd, base, path, err);
    return open_place(out, status, false, NULL, err);
}

int umm_outfile_fd(const struct umm_outfile *out)
{
    return out->is_open ? out->fd : -1;
}

enum umm_status umm_outfile_open_replaced(const struct umm_outfile *out, const struct umm_run *run,
                                          int *fd, struct umm_error *err)
{
    const int flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
    *fd = -1;
    if (!out->is_open || out->place.is_stream)
        return UMM_OK;
    *fd = umm_file_openat(out->place.dir_fd, out->place.base, flags);
    if (*fd < 0 && errno == EWOULDBLOCK) {
        /* A lease. The owner of a foreign file could take it again for ever. */
        if (umm_trust_check_name(out->place.dir_fd, out->place.base, out->path, "", NULL))
            return UMM_OK;
        *fd = umm_file_open_leased(out->place.dir_fd, out->place.base, flags, run);
    }
    if (*fd >= 0 || errno == ENOENT)
        return UMM_OK;
    return umm_file_open_error(err, errno, out->path, "cannot read the file that it would replace");
}

bool umm_outfile_is_stream(const struct umm_outfile *out)
{
    return out->is_open && out->place.is_stream;
}

/* ---- Committing -------------------------------------------------------- */

/* Another user whose file has the same bytes now may change them later. */
static bool may_be_kept(const struct umm_outfile *out, const struct umm_file_info *target)
{
    return target->kind == UMM_FILE_REGULAR && !umm_trust_is_foreign(out->place.dir_fd, target);
}

static bool has_same_bytes(const struct umm_outfile *out, int b)
{
    enum { CHUNK = 32768 };
    char chunk_a[CHUNK], chunk_b[CHUNK];
    struct umm_file_info info_a, info_b;
    const int a = out->fd;
    if (umm_file_stat_fd(a, "", &info_a, NULL) || umm_file_stat_fd(b, "", &info_b, NULL) ||
        !may_be_kept(out, &info_b) || info_a.size_bytes != info_b.size_bytes)
        return false;
    for (uint64_t at = 0; at < info_a.size_bytes;) {
        uint64_t left = info_a.size_bytes - at;
        size_t n = left < CHUNK ? (size_t)left : CHUNK;
        if (umm_file_pread_all(a, "", chunk_a, n, at, NULL) ||
            umm_file_pread_all(b, "", chunk_b, n, at, NULL) || memcmp(chunk_a, chunk_b, n) != 0)
            return false;
        at += n;
    }
    return true;
}

/* An open old target with the bytes of the new file, or -1. Not readable is not same. */
static int open_same_target(const struct umm_outfile *out)
{
    int fd = umm_file_openat(out->place.dir_fd, out->place.base,
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && !has_same_bytes(out, fd))
        umm_file_close(&fd);
    return fd;
}

/* Before the rename, so that a directory that cannot be opened leaves the target alone. */
static enum umm_status open_dir_to_sync(const struct umm_outfile *out, int *fd,
                                        struct umm_error *err)
{
    *fd = reopen_dir(out->place.dir_fd);
    return *fd < 0 ? umm_error_set_errno(err, errno, out->path, "cannot open its directory")
                   : UMM_OK;
}

/*
 * Learn what close would report, while the file can still be kept from its name
 * and stays locked: every close of a descriptor flushes, a duplicate's too.
 */
static enum umm_status flush_by_close(const struct umm_outfile *out, struct umm_error *err)
{
    int fd = fcntl(out->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return umm_error_set_errno(err, errno, out->path, "cannot close");
    return umm_file_close_checked(&fd, out->path, err);
}

/* What there is of the target's name; mode 0 for nothing. */
static enum umm_status look_at_target(struct umm_outfile *out, struct stat *target,
                                      struct umm_error *err)
{
    target->st_mode = 0;
    if (fstatat(out->place.dir_fd, out->place.base, target, AT_SYMLINK_NOFOLLOW) == 0 ||
        errno == ENOENT)
        return UMM_OK;
    return umm_error_set_errno(err, errno, out->path, "cannot examine");
}

/* The rights of the new file: nobody but us has had any until now. */
static enum umm_status set_rights(struct umm_outfile *out,
                                  const struct umm_outfile_options *options, struct umm_error *err)
{
    struct umm_rights model;
    struct stat target;
    enum umm_status status = UMM_OK;
    if (options->mode)
        return umm_rights_set_mode(out->fd, options->mode, out->path, err);
    if (!out->is_mode_held)
        return UMM_OK;
    if (options->model_fd) {
        status = umm_rights_read_fd(&model, *options->model_fd, out->path, err);
    } else {
        status = look_at_target(out, &target, err);
        if (!status && !S_ISREG(target.st_mode))
            return umm_rights_set_mode(out->fd, out->own.mode, out->path, err);
        if (!status)
            status = umm_rights_read(&model, out->place.dir_fd, out->place.base, &target, out->path,
                                     err);
    }
    return status ? status
                  : umm_rights_give(&model, out->place.dir_fd, out->fd, &out->own, out->path, err);
}

static enum umm_status finish_temp(struct umm_outfile *out,
                                   const struct umm_outfile_options *options, struct umm_error *err)
{
    enum umm_status status = set_rights(out, options, err);
    if (status)
        return status;
    if (options->is_synced)
        status = umm_file_sync(out->fd, out->path, err);
    return status ? status : flush_by_close(out, err);
}

static enum umm_status rename_temp(struct umm_outfile *out, struct umm_error *err)
{
    struct stat st;
    int dir_fd = out->place.dir_fd;
    enum umm_status status = look_at_target(out, &st, err);
    if (status)
        return status;
    if (st.st_mode && !S_ISREG(st.st_mode))
        return umm_error_set_path(err, UMM_ERR_CONFLICT, out->path,
                                  "is no longer a regular file; left alone");
    /* Another host may remove it, if it does not see our lock, and use its name. */
    int is_named = is_temp_named(out);
    if (is_named <= 0)
        return umm_error_set_errno(err, is_named < 0 ? errno : ENOENT, out->path,
                                   "cannot rename its temporary file");
    if (renameat(dir_fd, out->temp, dir_fd, out->place.base) < 0)
        return umm_error_set_errno(err, errno, out->path, "cannot rename its temporary file");
    out->temp[0] = '\0';
    return UMM_OK;
}

static enum umm_status replace_target(struct umm_outfile *out,
                                      const struct umm_outfile_options *options,
                                      struct umm_error *err)
{
    enum umm_status status = out->is_prepared ? UMM_OK : finish_temp(out, options, err);
    return status ? status : rename_temp(out, err);
}

enum umm_status umm_outfile_prepare(struct umm_outfile *out,
                                    const struct umm_outfile_options *options,
                                    struct umm_error *err)
{
    if (out->place.is_stream)
        return UMM_OK;
    enum umm_status status = finish_temp(out, options, err);
    out->is_prepared = !status;
    return status;
}

static enum umm_status commit_file(struct umm_outfile *out,
                                   const struct umm_outfile_options *options, bool *is_changed,
                                   struct umm_error *err)
{
    int dir_fd = -1, same_fd = -1;
    enum umm_status status = UMM_OK;
    if (options->is_synced)
        status = open_dir_to_sync(out, &dir_fd, err);
    if (!status && options->is_if_changed)
        same_fd = open_same_target(out);
    *is_changed = same_fd < 0;
    if (!status && *is_changed)
        status = replace_target(out, options, err);
    else if (!status && options->is_synced)
        status = umm_file_sync(same_fd, out->path, err); /* its writer may not have */
    if (!status && options->is_synced)
        status = umm_directory_sync(dir_fd, out->path, err);
    umm_file_close(&same_fd);
    umm_file_close(&dir_fd);
    return status;
}

enum umm_status umm_outfile_sync(const struct umm_outfile *out, struct umm_error *err)
{
    struct umm_error why = {.status = UMM_OK};
    if (!out->is_open || umm_file_sync(out->fd, out->path, &why) == UMM_OK)
        return UMM_OK;
    /* Pipes and terminals cannot sync and say EINVAL (or EROFS); no reason to fail. */
    const int code = why.sys_errno;
    if (code == EINVAL || code == EROFS || code == EOPNOTSUPP)
        return UMM_OK;
    if (err)
        *err = why;
    return why.status;
}

static enum umm_status commit_stream(struct umm_outfile *out, bool is_synced, struct umm_error *err)
{
    enum umm_status status = is_synced ? umm_outfile_sync(out, err) : UMM_OK;
    return status ? status : flush_by_close(out, err);
}

enum umm_status umm_outfile_commit(struct umm_outfile *out,
                                   const struct umm_outfile_options *options, bool *is_changed,
                                   struct umm_error *err)
{
    const struct umm_outfile_options defaults = {0};
    bool has_changed = true;
    assert(out->is_open);
    if (!options)
        options = &defaults;
    enum umm_status status = out->place.is_stream ? commit_stream(out, options->is_synced, err)
                                                  : commit_file(out, options, &has_changed, err);
    umm_outfile_abort(out);
    if (!status && is_changed)
        *is_changed = has_changed;
    return status;
}

void umm_outfile_abort(struct umm_outfile *out)
{
    if (!out->is_open)
        return;
    if (out->temp[0] != '\0' && is_temp_named(out) != 0)
        (void)unlinkat(out->place.dir_fd, out->temp, 0);
    if (out->place.dir_fd >= 0)
        umm_file_close(&out->fd);
    umm_file_close(&out->place.dir_fd);
    *out = (struct umm_outfile){0};
}

enum umm_status umm_outfile_finish(struct umm_outfile *out, const void *bytes, size_t len_bytes,
                                   const struct umm_outfile_options *options, struct umm_run *run,
                                   struct umm_error *err)
{
    const int fd = umm_outfile_fd(out);
    enum umm_status status = umm_outfile_is_stream(out)
                                 ? umm_file_write_stream(fd, out->path, run, bytes, len_bytes, err)
                                 : umm_file_write_all(fd, out->path, bytes, len_bytes, err);
    if (!status)
        status = umm_outfile_commit(out, options, NULL, err);
    umm_outfile_abort(out);
    return status;
}
