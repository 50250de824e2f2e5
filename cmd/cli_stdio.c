/* SPDX-License-Identifier: MIT */
#include "cli_stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/file.h"

enum { WAITS_MAX = 50 }; /* for stderr, each a tenth of a second */

/* A stream that waits: as long as run says, then never again. */
struct channel {
    int fd;
    struct umm_run run;
    unsigned n_waits; /* how many there may still be, where run counts them */
    int sys_errno;    /* of the last failure */
    bool is_given_up;
};

static struct channel out = {.fd = STDOUT_FILENO}, err_out = {.fd = STDERR_FILENO};

static enum umm_status count_wait(void *user, struct umm_error *err)
{
    struct channel *channel = user;
    if (channel->n_waits > 0) {
        channel->n_waits--;
        return UMM_OK;
    }
    channel->is_given_up = true;
    return umm_error_set_errno(err, EAGAIN, "", "no reader");
}

static void limit_waits(struct channel *channel, unsigned n)
{
    channel->n_waits = n;
    channel->run = (struct umm_run){.idle = count_wait, .idle_user = channel};
}

/* fopencookie's write: fewer than len_bytes, and errno, are a failure. */
static ssize_t write_all(void *cookie, const char *bytes, size_t len_bytes)
{
    struct channel *channel = cookie;
    size_t done = 0;
    while (done < len_bytes && !channel->is_given_up) {
        struct umm_error err = {.status = UMM_OK};
        size_t n;
        enum umm_status status = umm_file_write_some(channel->fd, "", &channel->run, bytes + done,
                                                     len_bytes - done, &n, &err);
        done += n;
        if (status == UMM_ERR_CANCELLED) {
            limit_waits(channel, 0); /* what there is room for still goes out */
        } else if (status) {
            channel->sys_errno = err.sys_errno;
            break;
        }
    }
    if (done < len_bytes)
        errno = channel->sys_errno;
    return (ssize_t)done;
}

static FILE *open_waiting(struct channel *channel)
{
    const cookie_io_functions_t functions = {.write = write_all};
    int flags = fcntl(channel->fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) ? fopencookie(channel, "w", functions) : NULL;
}

void cli_stdio_init(const struct umm_run *stop)
{
    FILE *stream = open_waiting(&out);
    if (stream) {
        out.run.cancel_with = stop;
        stdout = stream;
        if (isatty(out.fd))
            setvbuf(stdout, NULL, _IOLBF, 0);
    }
    stream = open_waiting(&err_out);
    if (stream) {
        limit_waits(&err_out, WAITS_MAX);
        stderr = stream;
    }
}

int cli_stdio_errno(void)
{
    return out.sys_errno;
}
