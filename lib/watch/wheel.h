/* SPDX-License-Identifier: MIT */
/*
 * wheel.h - positions by the time they are due, to the millisecond: put, taken out and given when
 * due in constant time, however many there are.
 */
#ifndef UMM_WATCH_WHEEL_H
#define UMM_WATCH_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watch/node.h"

enum { UMM_WHEEL_LEVELS = 6 };

struct umm_wheel {
    uint64_t base; /* the time up to which all has been given, since 2^62 ms before 0 */
    uint32_t n_used[UMM_WHEEL_LEVELS], n_used_all; /* slots with nodes in them */
    uint32_t *heads;
    uint64_t *used; /* a bit for each slot */
};

/* False: no memory. */
bool umm_wheel_open(struct umm_wheel *wheel);
void umm_wheel_close(struct umm_wheel *wheel);
size_t umm_wheel_size_bytes(void);

/* Put node n, which is due after now_ms; no earlier now_ms than that of calls before. */
void umm_wheel_put(struct umm_wheel *wheel, struct umm_watch_node *nodes, uint32_t n,
                   int64_t now_ms);
void umm_wheel_remove(struct umm_wheel *wheel, struct umm_watch_node *nodes, uint32_t n);

/*
 * Take out the nodes that are due first, if that is by now_ms: returns one, which leads to the
 * others, due at the same time, by next. UMM_NODE_NONE: no more are due by then.
 */
uint32_t umm_wheel_next(struct umm_wheel *wheel, struct umm_watch_node *nodes, int64_t now_ms);

/* When the first is due; INT64_MAX: there is none. */
int64_t umm_wheel_first_ms(const struct umm_wheel *wheel, const struct umm_watch_node *nodes);

#endif
