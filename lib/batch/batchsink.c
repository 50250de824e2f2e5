/* SPDX-License-Identifier: MIT */
#include "batch/batchsink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum umm_status umm_batchsink_open(struct umm_batchsink *sink, int fd, const char *name,
                                   uint64_t tag, struct umm_error *err)
{
    *sink = (struct umm_batchsink){.name = name, .tag = tag};
    return umm_nowait_open(&sink->end, fd, name, err);
}

enum umm_status umm_batchsink_add(struct umm_batchsink *sink, const char *bytes, size_t len_bytes,
                                  struct umm_error *err)
{
    enum { FIRST = 65536 };
    if (sink->at > 0) {
        memmove(sink->bytes, sink->bytes + sink->at, sink->len_bytes - sink->at);
        sink->len_bytes -= sink->at;
        sink->at = 0;
    }
    if (sink->cap_bytes - sink->len_bytes < len_bytes) {
        size_t cap = sink->cap_bytes ? sink->cap_bytes : FIRST;
        while (cap - sink->len_bytes < len_bytes)
            cap *= 2;
        char *more = realloc(sink->bytes, cap);
        if (!more)
            return umm_error_set_memory(err, cap, "output that waits");
        sink->bytes = more;
        sink->cap_bytes = cap;
    }
    if (len_bytes > 0)
        memcpy(sink->bytes + sink->len_bytes, bytes, len_bytes);
    sink->len_bytes += len_bytes;
    sink->queued_bytes += len_bytes;
    return UMM_OK;
}

enum umm_status umm_batchsink_push(struct umm_batchsink *sink, struct umm_poll *poll,
                                   struct umm_error *err)
{
    int code = 0;
    while (!code && umm_batchsink_waiting(sink) > 0) {
        size_t n;
        code =
            umm_nowait_write(&sink->end, sink->bytes + sink->at, umm_batchsink_waiting(sink), &n);
        sink->at += n;
        sink->written_bytes += n;
    }
    if (code && code != EAGAIN)
        return umm_error_set_errno(err, code, sink->name, "cannot write");
    const bool is_waiting = umm_batchsink_waiting(sink) > 0;
    if (is_waiting == sink->is_polled)
        return UMM_OK;
    sink->is_polled = is_waiting;
    if (is_waiting)
        return umm_poll_add(poll, sink->end.fd, UMM_POLL_OUT, sink->tag, err);
    umm_poll_remove(poll, sink->end.fd);
    return UMM_OK;
}

void umm_batchsink_close(struct umm_batchsink *sink)
{
    free(sink->bytes);
    *sink = (struct umm_batchsink){.tag = 0};
}
