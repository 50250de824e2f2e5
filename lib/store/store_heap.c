/* SPDX-License-Identifier: MIT */
#include "store/store.h"
#include "umm/store.h"

/*
 * heap[0 .. n_inactive) is a binary heap by (timestamp, position), with places[] the other
 * way round; heap[max - n_free .. max) a stack of free positions. Both counts are the writer's
 * own, n_inactive + n_free never more than max. What the file says is read once and checked: a
 * damaged one gives wrong answers, not wild writes, also when it changes meanwhile.
 */

static uint32_t heap_at(const struct umm_store *store, uint64_t i)
{
    uint32_t position = __atomic_load_n(&store->heap[i], __ATOMIC_RELAXED);
    return position < store->max_positions ? position : 0;
}

static bool has_room(const struct umm_store *store)
{
    return store->counts.n_inactive + store->counts.n_free < store->max_positions;
}

static bool is_older(const struct umm_store *store, uint32_t a, uint32_t b)
{
    int64_t time_a = umm_store_timestamp(store, a), time_b = umm_store_timestamp(store, b);
    return time_a < time_b || (time_a == time_b && a < b);
}

static void place(struct umm_store *store, uint64_t i, uint32_t position)
{
    __atomic_store_n(&store->heap[i], position, __ATOMIC_RELAXED);
    __atomic_store_n(&store->places[position], (uint32_t)i, __ATOMIC_RELAXED);
}

static void sift_up(struct umm_store *store, uint64_t i, uint32_t position)
{
    while (i > 0) {
        uint64_t parent = (i - 1) / 2;
        uint32_t above = heap_at(store, parent);
        if (!is_older(store, position, above))
            break;
        place(store, i, above);
        i = parent;
    }
    place(store, i, position);
}

static void sift_down(struct umm_store *store, uint64_t i, uint32_t position)
{
    uint64_t n = store->counts.n_inactive;
    for (uint64_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && is_older(store, heap_at(store, child + 1), heap_at(store, child)))
            child++;
        uint32_t below = heap_at(store, child);
        if (!is_older(store, below, position))
            break;
        place(store, i, below);
    }
    place(store, i, position);
}

void umm_store_heap_push(struct umm_store *store, uint32_t position)
{
    if (has_room(store))
        sift_up(store, store->counts.n_inactive++, position);
}

void umm_store_heap_remove(struct umm_store *store, uint32_t position)
{
    uint64_t i = __atomic_load_n(&store->places[position], __ATOMIC_RELAXED);
    uint64_t n = store->counts.n_inactive;
    if (i >= n || heap_at(store, i) != position)
        return;
    store->counts.n_inactive = --n;
    if (i == n)
        return;
    uint32_t last = heap_at(store, n);
    if (i > 0 && is_older(store, last, heap_at(store, (i - 1) / 2)))
        sift_up(store, i, last);
    else
        sift_down(store, i, last);
}

uint32_t umm_store_heap_first(const struct umm_store *store)
{
    return store->counts.n_inactive ? heap_at(store, 0) : UMM_STORE_NOWHERE;
}

void umm_store_heap_pop(struct umm_store *store)
{
    if (!store->counts.n_inactive)
        return;
    uint64_t n = --store->counts.n_inactive;
    if (n)
        sift_down(store, 0, heap_at(store, n));
}

void umm_store_free_push(struct umm_store *store, uint32_t position)
{
    if (has_room(store))
        __atomic_store_n(&store->heap[store->max_positions - ++store->counts.n_free], position,
                         __ATOMIC_RELAXED);
}

uint32_t umm_store_free_next(const struct umm_store *store)
{
    if (!store->counts.n_free)
        return UMM_STORE_NOWHERE;
    return heap_at(store, store->max_positions - store->counts.n_free);
}

uint32_t umm_store_free_pop(struct umm_store *store)
{
    uint32_t position = umm_store_free_next(store);
    store->counts.n_free -= position != UMM_STORE_NOWHERE;
    return position;
}
