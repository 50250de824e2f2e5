/* SPDX-License-Identifier: MIT */
/*
 * ready.h - positions that are due, in the order in which they are to be looked at: the highest
 * risk first, then what is due longest, then what was opened first.
 */
#ifndef UMM_WATCH_READY_H
#define UMM_WATCH_READY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watch/node.h"

struct umm_ready_entry {
    uint64_t key;
    uint32_t order, node;
};

/* {0} is an empty one. */
struct umm_ready {
    struct umm_ready_entry *entries;
    size_t n, cap;
};

void umm_ready_reset(struct umm_ready *ready);

/* Have room for cap entries. False: no memory. */
bool umm_ready_reserve(struct umm_ready *ready, size_t cap);

/* The key of a risk, from 0 to 1, and a time, and the risk of a key. */
uint64_t umm_ready_key(double risk, int64_t due_ms);
double umm_ready_risk(uint64_t key);

/* Push a node that there is room for; order: of opening. */
void umm_ready_push(struct umm_ready *ready, struct umm_watch_node *nodes, uint32_t node,
                    uint64_t key, uint32_t order);

/* Take out the first; there is one. */
struct umm_ready_entry umm_ready_pop(struct umm_ready *ready, struct umm_watch_node *nodes);

/* Take one out, or give it another key. */
void umm_ready_remove(struct umm_ready *ready, struct umm_watch_node *nodes, uint32_t node);
void umm_ready_change(struct umm_ready *ready, struct umm_watch_node *nodes, uint32_t node,
                      uint64_t key);

/* Bring entries into order whose keys were changed in place. */
void umm_ready_rebuild(struct umm_ready *ready, struct umm_watch_node *nodes);

#endif
