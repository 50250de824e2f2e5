/* SPDX-License-Identifier: MIT */
#include "watch/wheel.h"

#include <stdlib.h>

/*
 * A hierarchical wheel (Varghese and Lauck, 1987). Slots of level 0 are of 1 ms, those of level l
 * of 1024^l ms, in rings:
 *
 *     level 0   8192 slots of 1 ms       the next 8 s: most nodes are put here and stay
 *     level 1   4096 slots of 1.02 s     the next 70 minutes
 *     level 2   4096 slots of 17.5 min   and so on
 *
 * A node is in the lowest level whose ring reaches its time. When base comes to the beginning of a
 * slot of a higher level, its nodes go to lower ones: few at a time, as a slot of level 1 is short
 * against the ring of level 0. The rings stand one after the other in heads and used.
 */
enum {
    SHIFT = 10,
    FIRST_SLOTS = 8192,
    MORE_SLOTS = 4096,
    SLOTS = FIRST_SLOTS + (UMM_WHEEL_LEVELS - 1) * MORE_SLOTS,
    WORD_BITS = 64,
};
static const uint32_t AT_HEAD = UINT32_C(1) << 31; /* prev of a slot's first node: this | slot */

static uint32_t ring_slots(int level)
{
    return level ? MORE_SLOTS : FIRST_SLOTS;
}

static uint32_t ring_start(int level)
{
    return level ? FIRST_SLOTS + (uint32_t)(level - 1) * MORE_SLOTS : 0;
}

static uint64_t wheel_time(int64_t ms)
{
    return (uint64_t)ms + (UINT64_C(1) << 62);
}

bool umm_wheel_open(struct umm_wheel *wheel)
{
    *wheel = (struct umm_wheel){.heads = malloc(SLOTS * sizeof *wheel->heads),
                                .used = calloc(SLOTS / WORD_BITS, sizeof *wheel->used)};
    if (wheel->heads && wheel->used)
        return true;
    umm_wheel_close(wheel);
    return false;
}

void umm_wheel_close(struct umm_wheel *wheel)
{
    free(wheel->heads);
    free(wheel->used);
    *wheel = (struct umm_wheel){0};
}

size_t umm_wheel_size_bytes(void)
{
    return SLOTS * sizeof(uint32_t) + SLOTS / WORD_BITS * sizeof(uint64_t);
}

/* ---- slots ---- */

static void put_at(struct umm_wheel *wheel, struct umm_watch_node *nodes, uint32_t n)
{
    const uint64_t time = wheel_time(nodes[n].due_ms);
    int level = 0;
    while ((time >> SHIFT * level) - (wheel->base >> SHIFT * level) >= ring_slots(level))
        level++;
    const uint32_t slot =
        ring_start(level) + ((uint32_t)(time >> SHIFT * level) & (ring_slots(level) - 1));
    const uint64_t bit = UINT64_C(1) << slot % WORD_BITS;
    uint64_t *used = &wheel->used[slot / WORD_BITS];
    nodes[n].prev = AT_HEAD | slot;
    nodes[n].next = UMM_NODE_NONE;
    if (*used & bit) {
        nodes[n].next = wheel->heads[slot];
        nodes[wheel->heads[slot]].prev = n;
    } else {
        *used |= bit;
        wheel->n_used[level]++;
        wheel->n_used_all++;
    }
    wheel->heads[slot] = n;
}

static void empty_slot(struct umm_wheel *wheel, uint32_t slot)
{
    wheel->used[slot / WORD_BITS] &= ~(UINT64_C(1) << slot % WORD_BITS);
    wheel->n_used[slot < FIRST_SLOTS ? 0 : 1 + (slot - FIRST_SLOTS) / MORE_SLOTS]--;
    wheel->n_used_all--;
}

void umm_wheel_put(struct umm_wheel *wheel, struct umm_watch_node *nodes, uint32_t n,
                   int64_t now_ms)
{
    if (!wheel->n_used_all)
        wheel->base = wheel_time(now_ms);
    put_at(wheel, nodes, n);
}

void umm_wheel_remove(struct umm_wheel *wheel, struct umm_watch_node *nodes, uint32_t n)
{
    const uint32_t next = nodes[n].next, prev = nodes[n].prev;
    if (next != UMM_NODE_NONE)
        nodes[next].prev = prev;
    if (!(prev & AT_HEAD))
        nodes[prev].next = next;
    else if (next != UMM_NODE_NONE)
        wheel->heads[prev & ~AT_HEAD] = next;
    else
        empty_slot(wheel, prev & ~AT_HEAD);
}

/* ---- the first ---- */

/* How many slots after that of base the first used one of the level's ring is; there is one. */
static uint64_t distance(const struct umm_wheel *wheel, int level)
{
    const uint64_t *words = &wheel->used[ring_start(level) / WORD_BITS];
    const uint32_t n_slots = ring_slots(level);
    const uint32_t from = (uint32_t)(wheel->base >> SHIFT * level) & (n_slots - 1);
    uint32_t word = from / WORD_BITS;
    uint64_t bits = words[word] & UINT64_MAX << from % WORD_BITS;
    while (!bits) {
        word = (word + 1) & (n_slots / WORD_BITS - 1);
        bits = words[word];
    }
    return (word * WORD_BITS + (uint32_t)__builtin_ctzll(bits) - from) & (n_slots - 1);
}

/* The level with the slot that begins first, the highest of several, and when; -1: no slot. */
static int first_slot(const struct umm_wheel *wheel, uint64_t *time, uint32_t *slot)
{
    int first = -1;
    for (int level = 0; level < UMM_WHEEL_LEVELS; level++) {
        if (!wheel->n_used[level])
            continue;
        const uint64_t index = (wheel->base >> SHIFT * level) + distance(wheel, level);
        const uint64_t start = index << SHIFT * level;
        if (first >= 0 && start > *time)
            continue;
        first = level;
        *time = start;
        *slot = ring_start(level) + ((uint32_t)index & (ring_slots(level) - 1));
    }
    return first;
}

uint32_t umm_wheel_next(struct umm_wheel *wheel, struct umm_watch_node *nodes, int64_t now_ms)
{
    for (;;) {
        uint64_t time = 0;
        uint32_t slot = 0;
        const int level = first_slot(wheel, &time, &slot);
        if (level < 0 || time > wheel_time(now_ms)) {
            wheel->base = wheel_time(now_ms);
            return UMM_NODE_NONE;
        }
        wheel->base = time;
        empty_slot(wheel, slot);
        uint32_t n = wheel->heads[slot];
        if (level == 0)
            return n;
        for (uint32_t next; n != UMM_NODE_NONE; n = next) {
            next = nodes[n].next;
            put_at(wheel, nodes, n);
        }
    }
}

int64_t umm_wheel_first_ms(const struct umm_wheel *wheel, const struct umm_watch_node *nodes)
{
    int64_t first_ms = INT64_MAX;
    for (int level = 0; level < UMM_WHEEL_LEVELS; level++) {
        if (!wheel->n_used[level])
            continue;
        const uint64_t index = (wheel->base >> SHIFT * level) + distance(wheel, level);
        if (first_ms != INT64_MAX && index << SHIFT * level > wheel_time(first_ms))
            continue;
        const uint32_t slot = ring_start(level) + ((uint32_t)index & (ring_slots(level) - 1));
        for (uint32_t n = wheel->heads[slot]; n != UMM_NODE_NONE; n = nodes[n].next)
            first_ms = nodes[n].due_ms < first_ms ? nodes[n].due_ms : first_ms;
    }
    return first_ms;
}
