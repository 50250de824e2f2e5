/* SPDX-License-Identifier: MIT */
#include "sys/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/file.h"

enum {
    POLL_MS = 100,               /* how long a wait may go without looking at the cancel flag */
    PIPE_BYTES = 1024 * 1024,    /* what an unprivileged process may ask for */
    SPLICE_BYTES_MIN = 64 * 1024 /* a default pipe's worth: below it a copy costs nothing */
};

/* Whether out is a pipe; it then becomes a large one, if the system lets us. */
static bool is_pipe(struct umm_copy *copy)
{
    struct stat st;
    if (!copy->is_pipe_known) {
        copy->is_pipe_known = true;
        copy->is_pipe = copy->is_stream && fstat(copy->out_fd, &st) == 0 && S_ISFIFO(st.st_mode);
        if (copy->is_pipe && fcntl(copy->out_fd, F_GETPIPE_SZ) < PIPE_BYTES)
            (void)fcntl(copy->out_fd, F_SETPIPE_SZ, (int)PIPE_BYTES);
    }
    return copy->is_pipe;
}

static enum umm_status copy_buffered(struct umm_copy *copy, uint64_t offset, uint64_t len_bytes,
                                     struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    while (!status && len_bytes > 0) {
        const size_t room = copy->cap_bytes - (size_t)(copy->out_bytes % copy->cap_bytes);
        const size_t n = len_bytes < room ? (size_t)len_bytes : room;
        if (umm_run_is_cancelled(copy->run))
            return umm_error_set_cancelled(err);
        status = umm_file_pread_all(copy->in_fd, copy->in_path, copy->buffer, n, offset, err);
        if (!status)
            status = copy->is_stream
                         ? umm_file_write_stream(copy->out_fd, copy->out_path, copy->run,
                                                 copy->buffer, n, err)
                         : umm_file_write_all(copy->out_fd, copy->out_path, copy->buffer, n, err);
        offset += n;
        len_bytes -= n;
        copy->out_bytes += n;
    }
    return status;
}

/* After a splice that moved nothing: whether to try again, or UMM_ERR_UNSUPPORTED. */
static enum umm_status look_again(const struct umm_copy *copy, int sys_errno, struct umm_error *err)
{
    struct pollfd item = {.fd = copy->out_fd, .events = POLLOUT};
    switch (sys_errno) {
    case EINTR: return UMM_OK;
    case EAGAIN:
        if (poll(&item, 1, POLL_MS) < 0 && errno != EINTR && errno != EAGAIN)
            return umm_error_set_errno(err, errno, copy->out_path, "cannot wait for it");
        return UMM_OK;
    case EINVAL: /* a file system that has no splice */
    case EPERM:  /* a sandbox that forbids it */
    case ENOSYS: return UMM_ERR_UNSUPPORTED;
    default: return umm_error_set_errno(err, sys_errno, copy->out_path, "cannot write");
    }
}

/* *offset and *len_bytes say what is left when it is UMM_ERR_UNSUPPORTED. */
static enum umm_status copy_spliced(const struct umm_copy *copy, uint64_t *offset,
                                    uint64_t *len_bytes, struct umm_error *err)
{
    while (*len_bytes > 0) {
        off_t at = (off_t)*offset;
        const size_t step = *len_bytes < PIPE_BYTES ? (size_t)*len_bytes : PIPE_BYTES;
        if (umm_run_is_cancelled(copy->run))
            return umm_error_set_cancelled(err);
        ssize_t n = splice(copy->in_fd, &at, copy->out_fd, NULL, step, SPLICE_F_NONBLOCK);
        if (n == 0)
            return umm_error_set_path(err, UMM_ERR_DATA, copy->in_path,
                                      "file ends %" PRIu64 " bytes early", *len_bytes);
        enum umm_status status = n > 0 ? UMM_OK : look_again(copy, errno, err);
        if (status)
            return status;
        *offset += n > 0 ? (uint64_t)n : 0;
        *len_bytes -= n > 0 ? (uint64_t)n : 0;
    }
    return UMM_OK;
}

enum umm_status umm_copy_range(struct umm_copy *copy, uint64_t offset, uint64_t len_bytes,
                               struct umm_error *err)
{
    enum umm_status status = UMM_ERR_UNSUPPORTED;
    if (len_bytes >= SPLICE_BYTES_MIN && offset + len_bytes <= INT64_MAX && is_pipe(copy))
        status = copy_spliced(copy, &offset, &len_bytes, err);
    return status == UMM_ERR_UNSUPPORTED ? copy_buffered(copy, offset, len_bytes, err) : status;
}
