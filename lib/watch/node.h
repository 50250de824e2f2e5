/* SPDX-License-Identifier: MIT */
/*
 * node.h - what the two queues of a watchlist keep of a position: the wheel those that are due
 * later, the other those that are due. A position is in one of them at most, so they share this.
 */
#ifndef UMM_WATCH_NODE_H
#define UMM_WATCH_NODE_H

#include <stdint.h>

#define UMM_NODE_NONE UINT32_MAX

/* Times are within this of 0; INT64_MAX is never. */
#define UMM_WATCH_TIME_MAX (INT64_C(1) << 59)

struct umm_watch_node {
    int64_t due_ms;
    uint32_t next, prev; /* of the ready queue: next is the place in it */
};

#endif
