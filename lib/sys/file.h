/* SPDX-License-Identifier: MIT */
/*
 * file.h - file descriptors with whole transfers and filled-in errors.
 *
 * Thin wrappers over open, read, write and friends. They repeat interrupted and
 * short transfers, keep offsets in 64 bits, and turn errno into a status where
 * it happens: a failed call is UMM_ERR_SYSTEM with sys_errno, unless stated
 * otherwise. In every function `path` only names the file in errors.
 *
 * Any thread may call; positioned calls (pread, pwrite) on one descriptor may
 * run side by side, the others share the descriptor's offset.
 */
#ifndef UMM_SYS_FILE_H
#define UMM_SYS_FILE_H

#include "umm.h"

enum umm_file_kind {
    UMM_FILE_REGULAR,
    UMM_FILE_DIRECTORY,
    UMM_FILE_STREAM, /* pipe, FIFO, socket, terminal or other character device */
    UMM_FILE_LINK,   /* symbolic link, of umm_file_look alone: all others follow it */
    UMM_FILE_OTHER   /* block device and whatever else there is */
};

/*
 * What fstat says. size_bytes is 0 for anything but a regular file; mode is the
 * permission bits (07777), owner and group the file's; device and inode together name it;
 * n_names is how many names (hard links) it has; modified_ns is when its content changed, in
 * nanoseconds since 1970 (0 for a time that does not fit).
 */
struct umm_file_info {
    enum umm_file_kind kind;
    uint64_t size_bytes;
    uint64_t device;
    uint64_t inode;
    unsigned mode;
    unsigned owner, group;
    uint64_t n_names;
    int64_t modified_ns;
};

/* How many descriptors this process may have open; 1024 where that cannot be asked. */
uint64_t umm_file_n_allowed(void);

/*
 * openat(2), a new file of mode 0666 & ~umask, begun again when a signal interrupts it:
 * the descriptor, or -1 with errno. For what opens without waiting for another process.
 */
int umm_file_openat(int dir_fd, const char *path, int flags);

/* Likewise the directory at path, below dir_fd or, if that is -1, the current one; no link. */
int umm_file_enter(int dir_fd, const char *path);

/*
 * The same of a file that exists, with O_NONBLOCK. The end of a lease that another process holds
 * on it is waited for about a second, or until run (may be NULL) is cancelled. Then errno is
 * EWOULDBLOCK or ECANCELED, and umm_file_open_error makes them UMM_ERR_BUSY and UMM_ERR_CANCELLED,
 * and all others UMM_ERR_SYSTEM. `what` says what failed: "cannot open".
 */
int umm_file_open_leased(int dir_fd, const char *path, int flags, const struct umm_run *run);
enum umm_status umm_file_open_error(struct umm_error *err, int sys_errno, const char *path,
                                    const char *what);

/*
 * Open path for reading; *fd is the caller's to close, -1 on failure. info may
 * be NULL. A directory is refused with EISDIR.
 *
 * A FIFO without a writer opens at once, and it is umm_file_read
 * that waits for the writer, where the run context can cancel it. To that end
 * the descriptor of a stream is non-blocking; read it with umm_file_read only.
 * A lease is waited for about a second, then it is UMM_ERR_BUSY.
 */
UMM_MUST_USE enum umm_status umm_file_open_read(const char *path, int *fd,
                                                struct umm_file_info *info, struct umm_error *err);

/*
 * Open an existing regular file for reading and writing in place. UMM_ERR_SYSTEM as
 * open(2) says; UMM_ERR_CONFLICT when it is no regular file, or foreign (sys/trust.h);
 * UMM_ERR_ARGUMENT for a symbolic link out of its directory.
 */
UMM_MUST_USE enum umm_status
umm_file_open_update(const char *path, int *fd, struct umm_file_info *info, struct umm_error *err);

/* Whether path (links followed) exists, and what it is; UMM_ERR_SYSTEM otherwise. */
UMM_MUST_USE enum umm_status umm_file_stat(const char *path, struct umm_file_info *info,
                                           struct umm_error *err);

/* The same of path itself: a link is not followed. */
UMM_MUST_USE enum umm_status umm_file_look(const char *path, struct umm_file_info *info,
                                           struct umm_error *err);

/* The same of the name in the directory dir_fd. */
UMM_MUST_USE enum umm_status umm_file_look_at(int dir_fd, const char *name, const char *path,
                                              struct umm_file_info *info, struct umm_error *err);

/*
 * As umm_file_stat where path may be absent: UMM_OK with *is_there false, and info as it was.
 * What cannot be examined is UMM_ERR_SYSTEM, never absent: a caller that takes it for absent puts
 * something else in its place.
 */
UMM_MUST_USE enum umm_status umm_file_find(const char *path, bool *is_there,
                                           struct umm_file_info *info, struct umm_error *err);

/* Move the descriptor's own offset, which umm_file_read uses. Regular files. */
UMM_MUST_USE enum umm_status umm_file_seek(int fd, const char *path, uint64_t offset,
                                           struct umm_error *err);

UMM_MUST_USE enum umm_status umm_file_stat_fd(int fd, const char *path, struct umm_file_info *info,
                                              struct umm_error *err);

/*
 * Wait until a read of the descriptor would not wait, or, with is_for_room, a write either: for a
 * library that reads and writes by itself. UMM_ERR_CANCELLED by run.
 */
UMM_MUST_USE enum umm_status umm_file_wait(int fd, const char *path, bool is_for_room,
                                           const struct umm_run *run, struct umm_error *err);

/*
 * One read of at most cap_bytes (at least 1) at the descriptor's offset; fewer
 * may come, *n_read is 0 at the end of the file. Waits for data when there is
 * none, on blocking and non-blocking descriptors alike, and looks at run ten
 * times a second: UMM_ERR_CANCELLED. With run NULL a wait has no end of its own.
 */
UMM_MUST_USE enum umm_status umm_file_read(int fd, const char *path, struct umm_run *run, void *buf,
                                           size_t cap_bytes, size_t *n_read, struct umm_error *err);

/* The same of a regular file, for which nobody ever has to wait: one call less. */
UMM_MUST_USE enum umm_status umm_file_read_regular(int fd, const char *path, void *buf,
                                                   size_t cap_bytes, size_t *n_read,
                                                   struct umm_error *err);

/*
 * Look at the next byte that umm_file_read would give, without taking it: *byte is 0 at
 * the end of a file, and where a look takes (terminals). Waits for a pipe or a socket as
 * umm_file_read does.
 */
UMM_MUST_USE enum umm_status umm_file_peek(int fd, const char *path, struct umm_run *run,
                                           unsigned char *byte, struct umm_error *err);

/*
 * Read exactly len_bytes at offset. A file too short for that is UMM_ERR_DATA,
 * "file ends N bytes early"; buf then holds what there was.
 */
UMM_MUST_USE enum umm_status umm_file_pread_all(int fd, const char *path, void *buf,
                                                size_t len_bytes, uint64_t offset,
                                                struct umm_error *err);

/*
 * The first bytes of a regular file, at most cap_bytes: *len_bytes is less if it has no more. What
 * is no regular file is not waited for, but an error.
 */
UMM_MUST_USE enum umm_status umm_file_read_begin(int fd, const char *path, void *buf,
                                                 size_t cap_bytes, size_t *len_bytes,
                                                 struct umm_error *err);

/*
 * Write all len_bytes at the descriptor's offset. Waits as long as it takes and
 * cannot be cancelled: meant for regular files.
 */
UMM_MUST_USE enum umm_status umm_file_write_all(int fd, const char *path, const void *buf,
                                                size_t len_bytes, struct umm_error *err);

/*
 * The same for any kind of file, and the way to write a stream: a reader that
 * does not read cannot hold it, because run is looked at ten times a second and
 * ends it with UMM_ERR_CANCELLED, an unknown part being written. A blocking
 * descriptor stays blocking (it may be shared with other processes). SIGPIPE is
 * the caller's: ignored, a reader that left is EPIPE.
 */
UMM_MUST_USE enum umm_status umm_file_write_stream(int fd, const char *path, struct umm_run *run,
                                                   const void *buf, size_t len_bytes,
                                                   struct umm_error *err);

/*
 * One write of that kind, of at least a byte, to a non-blocking descriptor (another may hold
 * it where len_bytes is more than PIPE_BUF): *n_written is 0 after a failure only.
 */
UMM_MUST_USE enum umm_status umm_file_write_some(int fd, const char *path,
                                                 const struct umm_run *run, const void *buf,
                                                 size_t len_bytes, size_t *n_written,
                                                 struct umm_error *err);

/* Write all len_bytes at offset; the descriptor's own offset stays. */
UMM_MUST_USE enum umm_status umm_file_pwrite_all(int fd, const char *path, const void *buf,
                                                 size_t len_bytes, uint64_t offset,
                                                 struct umm_error *err);

/* fsync: content and metadata are on the device. */
UMM_MUST_USE enum umm_status umm_file_sync(int fd, const char *path, struct umm_error *err);

/* fdatasync: content, and the size if it changed; not times and modes. */
UMM_MUST_USE enum umm_status umm_file_sync_data(int fd, const char *path, struct umm_error *err);

/* Set the size. Cutting a file that somebody has mapped gives them SIGBUS. */
UMM_MUST_USE enum umm_status umm_file_truncate(int fd, const char *path, uint64_t len_bytes,
                                               struct umm_error *err);

/*
 * After a failure: give back, as far as that can be done, what a file is longer than len_bytes.
 * Nobody may have that part mapped: nothing has counted it.
 */
void umm_file_cut_back(int fd, const char *path, uint64_t len_bytes);

/*
 * Reserve room for len_bytes at offset, so that a full device is ENOSPC now; the
 * file is at least offset + len_bytes long afterwards. On a file system that
 * cannot reserve (EOPNOTSUPP, ENOSYS) this is UMM_OK, nothing is reserved and
 * the size is as before: follow with umm_file_truncate where the size matters.
 */
UMM_MUST_USE enum umm_status umm_file_allocate(int fd, const char *path, uint64_t offset,
                                               uint64_t len_bytes, struct umm_error *err);

/*
 * The whole content of the regular file path in a malloc'ed buffer that the caller frees, *len
 * bytes, followed by a zero byte that is not counted. More than max_bytes is UMM_ERR_DATA. For
 * small files. What is no regular file is UMM_ERR_CONFLICT: a FIFO could be waited for for ever,
 * and a device has no end.
 */
UMM_MUST_USE enum umm_status umm_file_read_whole(const char *path, size_t max_bytes, void **data,
                                                 size_t *len, struct umm_error *err);

/*
 * The same of the open file fd, of any kind, from its offset on: a stream is read to its end,
 * without cancel. It stays open.
 */
UMM_MUST_USE enum umm_status umm_file_read_whole_fd(int fd, const char *path, size_t max_bytes,
                                                    void **data, size_t *len,
                                                    struct umm_error *err);

/*
 * An empty temporary file without a name in directory dir, open for reading and
 * writing, mode 0600; it is gone when *fd is closed, or the process dies.
 */
UMM_MUST_USE enum umm_status umm_file_scratch(const char *dir, int *fd, struct umm_error *err);

/* Remove the name path if that can be done: for files that do no harm if they stay. */
void umm_file_discard(const char *path);

/*
 * Close *fd unless it is negative, and make it -1. For files that nothing was written to, or
 * nothing since a sync that succeeded: a sync has said what close would have to say.
 */
void umm_file_close(int *fd);

/*
 * The same, reporting what close has to say: network file systems and quotas may
 * refuse written data only here. *fd is -1 afterwards in any case.
 */
UMM_MUST_USE enum umm_status umm_file_close_checked(int *fd, const char *path,
                                                    struct umm_error *err);

/* Make the directory path, mode 0777 & ~umask. One that is there already is UMM_OK. */
UMM_MUST_USE enum umm_status umm_file_make_directory(const char *path, struct umm_error *err);

/* The device number, as umm_file_info has it, of what the kernel writes as major:minor. */
uint64_t umm_file_device(uint64_t major, uint64_t minor);

/* Whether path (links followed) exists and is the file named by device and inode. */
bool umm_file_same(const char *path, uint64_t device, uint64_t inode);

/*
 * UMM_ERR_CONFLICT when path (links followed) leads to the file open at fd no more: what is
 * written there is not to be found.
 */
UMM_MUST_USE enum umm_status umm_file_check_named(int fd, const char *path, struct umm_error *err);

/*
 * The path of the file that path leads to when links in its place are followed, whether or not
 * there is one; malloc'ed. NULL: no memory.
 */
char *umm_file_follow(const char *path);

/*
 * The path from the root on, with no links among its directories; malloc'ed. The file need
 * not be there; if its directory is not, the path as it is given. NULL: no memory.
 */
char *umm_file_absolute(const char *path);

/* Whether name in the directory dir_fd (a link not followed) is the file open at fd. */
bool umm_file_is_named(int dir_fd, const char *name, int fd);

#endif
