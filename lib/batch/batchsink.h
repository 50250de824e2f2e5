/* SPDX-License-Identifier: MIT */
/*
 * batchsink.h - an output that is written without waiting: what it has no room for now stays here,
 * and is written when poll.h says that there is room.
 */
#ifndef UMM_BATCH_BATCHSINK_H
#define UMM_BATCH_BATCHSINK_H

#include "net/nowait.h"
#include "net/poll.h"
#include "umm.h"

struct umm_batchsink {
    struct umm_nowait end;
    const char *name; /* in errors */
    uint64_t tag;     /* of its events */
    char *bytes;      /* from `at` on they wait */
    size_t at, len_bytes, cap_bytes;
    uint64_t queued_bytes, written_bytes; /* in all */
    bool is_polled;
};

UMM_MUST_USE enum umm_status umm_batchsink_open(struct umm_batchsink *sink, int fd,
                                                const char *name, uint64_t tag,
                                                struct umm_error *err);

/* Take the bytes; _push writes them. */
UMM_MUST_USE enum umm_status umm_batchsink_add(struct umm_batchsink *sink, const char *bytes,
                                               size_t len_bytes, struct umm_error *err);

/* Write what there is room for, and wait for room for the rest. UMM_ERR_SYSTEM; EPIPE: its reader
 * left. */
UMM_MUST_USE enum umm_status umm_batchsink_push(struct umm_batchsink *sink, struct umm_poll *poll,
                                                struct umm_error *err);

static inline size_t umm_batchsink_waiting(const struct umm_batchsink *sink)
{
    return sink->len_bytes - sink->at;
}

/* What waits is lost. Safe on all zero. */
void umm_batchsink_close(struct umm_batchsink *sink);

#endif
