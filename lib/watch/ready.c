/* SPDX-License-Identifier: MIT */
#include "watch/ready.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/*
 * A heap of four children: four entries of 16 bytes share a line of the cache, and there are half
 * as many levels as with two. A node knows its place, so that a price can move it.
 *
 * Keys order by risk; many risks are exactly 0 or 1, and these keys also order by time:
 *
 *     risk 0              00 | time left to 2^59 ms
 *     0 < risk < 1        01 | the risk's bits, whose first two are 0
 *     risk 1              10 | time left to 2^59 ms
 */
enum { FAN = 4, TAG_SHIFT = 62 };
#define TAG_BETWEEN (UINT64_C(1) << TAG_SHIFT)
#define TAG_ONE     (UINT64_C(2) << TAG_SHIFT)

void umm_ready_reset(struct umm_ready *ready)
{
    free(ready->entries);
    *ready = (struct umm_ready){0};
}

bool umm_ready_reserve(struct umm_ready *ready, size_t cap)
{
    if (cap <= ready->cap)
        return true;
    struct umm_ready_entry *entries = realloc(ready->entries, cap * sizeof *entries);
    if (!entries)
        return false;
    ready->entries = entries;
    ready->cap = cap;
    return true;
}

uint64_t umm_ready_key(double risk, int64_t due_ms)
{
    const uint64_t left_ms = (uint64_t)UMM_WATCH_TIME_MAX - (uint64_t)due_ms;
    uint64_t bits;
    if (risk <= 0)
        return left_ms;
    if (risk >= 1)
        return TAG_ONE | left_ms;
    memcpy(&bits, &risk, sizeof bits);
    return TAG_BETWEEN | bits;
}

double umm_ready_risk(uint64_t key)
{
    const uint64_t bits = key & ~TAG_BETWEEN;
    double risk;
    if (!(key & TAG_BETWEEN))
        return key & TAG_ONE ? 1 : 0;
    memcpy(&risk, &bits, sizeof risk);
    return risk;
}

static bool is_before(const struct umm_watch_node *nodes, const struct umm_ready_entry *a,
                      const struct umm_ready_entry *b)
{
    if (a->key != b->key)
        return a->key > b->key;
    if (a->key & TAG_BETWEEN) {
        const int64_t a_ms = nodes[a->node].due_ms, b_ms = nodes[b->node].due_ms;
        if (a_ms != b_ms)
            return a_ms < b_ms;
    }
    return a->order < b->order;
}

static void place(struct umm_ready *ready, struct umm_watch_node *nodes, size_t at,
                  struct umm_ready_entry entry)
{
    ready->entries[at] = entry;
    nodes[entry.node].next = (uint32_t)at;
}

static void sift_up(struct umm_ready *ready, struct umm_watch_node *nodes, size_t at,
                    struct umm_ready_entry entry)
{
    while (at) {
        const size_t parent = (at - 1) / FAN;
        if (!is_before(nodes, &entry, &ready->entries[parent]))
            break;
        place(ready, nodes, at, ready->entries[parent]);
        at = parent;
    }
    place(ready, nodes, at, entry);
}

static void sift_down(struct umm_ready *ready, struct umm_watch_node *nodes, size_t at,
                      struct umm_ready_entry entry)
{
    for (size_t child; (child = at * FAN + 1) < ready->n;) {
        const size_t end = child + FAN < ready->n ? child + FAN : ready->n;
        size_t first = child;
        while (++child < end)
            if (is_before(nodes, &ready->entries[child], &ready->entries[first]))
                first = child;
        if (!is_before(nodes, &ready->entries[first], &entry))
            break;
        place(ready, nodes, at, ready->entries[first]);
        at = first;
    }
    place(ready, nodes, at, entry);
}

/* Put an entry at a place whose own has gone. */
static void sift(struct umm_ready *ready, struct umm_watch_node *nodes, size_t at,
                 struct umm_ready_entry entry)
{
    if (at && is_before(nodes, &entry, &ready->entries[(at - 1) / FAN]))
        sift_up(ready, nodes, at, entry);
    else
        sift_down(ready, nodes, at, entry);
}

void umm_ready_push(struct umm_ready *ready, struct umm_watch_node *nodes, uint32_t node,
                    uint64_t key, uint32_t order)
{
    assert(ready->n < ready->cap);
    sift_up(ready, nodes, ready->n++, (struct umm_ready_entry){key, order, node});
}

struct umm_ready_entry umm_ready_pop(struct umm_ready *ready, struct umm_watch_node *nodes)
{
    struct umm_ready_entry first = ready->entries[0], last = ready->entries[--ready->n];
    if (ready->n)
        sift_down(ready, nodes, 0, last);
    return first;
}

void umm_ready_remove(struct umm_ready *ready, struct umm_watch_node *nodes, uint32_t node)
{
    const size_t at = nodes[node].next;
    const struct umm_ready_entry last = ready->entries[--ready->n];
    if (at != ready->n)
        sift(ready, nodes, at, last);
}

void umm_ready_change(struct umm_ready *ready, struct umm_watch_node *nodes, uint32_t node,
                      uint64_t key)
{
    struct umm_ready_entry entry = ready->entries[nodes[node].next];
    entry.key = key;
    sift(ready, nodes, nodes[node].next, entry);
}

void umm_ready_rebuild(struct umm_ready *ready, struct umm_watch_node *nodes)
{
    for (size_t at = ready->n; at-- > 0;)
        sift_down(ready, nodes, at, ready->entries[at]);
}
