/* SPDX-License-Identifier: MIT */
#include "store/store.h"
#include "umm/store.h"

/*
 * items[0 .. n) of each is a binary heap by (timestamp or expiry, position), with places[] the
 * other way round; of the one by age, items[max - n_free .. max) is a stack of free positions.
 * The counts are the writer's own, n_inactive + n_free and n_expiring never more than max. What
 * the file says is read once and checked: a damaged one gives wrong answers, not wild writes,
 * also when it changes meanwhile.
 */

static uint32_t heap_at(const struct umm_store *store, enum umm_store_order order, uint64_t i)
{
    uint32_t position = __atomic_load_n(&store->heaps[order].items[i], __ATOMIC_RELAXED);
    return position < store->max_positions ? position : 0;
}

static uint64_t *count_of(struct umm_store *store, enum umm_store_order order)
{
    return order == UMM_STORE_BY_AGE ? &store->counts.n_inactive : &store->counts.n_expiring;
}

static uint64_t n_in(const struct umm_store *store, enum umm_store_order order)
{
    return order == UMM_STORE_BY_AGE ? store->counts.n_inactive : store->counts.n_expiring;
}

static bool has_room(const struct umm_store *store, enum umm_store_order order)
{
    uint64_t n_free = order == UMM_STORE_BY_AGE ? store->counts.n_free : 0;
    return n_in(store, order) + n_free < store->max_positions;
}

static int64_t time_of(const struct umm_store *store, enum umm_store_order order, uint32_t position)
{
    return order == UMM_STORE_BY_AGE ? umm_store_timestamp(store, position)
                                     : umm_store_expires(store, position);
}

static bool is_older(const struct umm_store *store, enum umm_store_order order, uint32_t a,
                     uint32_t b)
{
    int64_t time_a = time_of(store, order, a), time_b = time_of(store, order, b);
    return time_a < time_b || (time_a == time_b && a < b);
}

static void place(struct umm_store *store, enum umm_store_order order, uint64_t i,
                  uint32_t position)
{
    __atomic_store_n(&store->heaps[order].items[i], position, __ATOMIC_RELAXED);
    __atomic_store_n(&store->heaps[order].places[position], (uint32_t)i, __ATOMIC_RELAXED);
}

static void sift_up(struct umm_store *store, enum umm_store_order order, uint64_t i,
                    uint32_t position)
{
    while (i > 0) {
        uint64_t parent = (i - 1) / 2;
        uint32_t above = heap_at(store, order, parent);
        if (!is_older(store, order, position, above))
            break;
        place(store, order, i, above);
        i = parent;
    }
    place(store, order, i, position);
}

static void sift_down(struct umm_store *store, enum umm_store_order order, uint64_t i,
                      uint32_t position)
{
    uint64_t n = n_in(store, order);
    for (uint64_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n &&
            is_older(store, order, heap_at(store, order, child + 1), heap_at(store, order, child)))
            child++;
        uint32_t below = heap_at(store, order, child);
        if (!is_older(store, order, below, position))
            break;
        place(store, order, i, below);
    }
    place(store, order, i, position);
}

void umm_store_heap_push(struct umm_store *store, enum umm_store_order order, uint32_t position)
{
    if (has_room(store, order))
        sift_up(store, order, (*count_of(store, order))++, position);
}

void umm_store_heap_remove(struct umm_store *store, enum umm_store_order order, uint32_t position)
{
    uint64_t i = __atomic_load_n(&store->heaps[order].places[position], __ATOMIC_RELAXED);
    uint64_t n = n_in(store, order);
    if (i >= n || heap_at(store, order, i) != position)
        return;
    *count_of(store, order) = --n;
    if (i == n)
        return;
    uint32_t last = heap_at(store, order, n);
    if (i > 0 && is_older(store, order, last, heap_at(store, order, (i - 1) / 2)))
        sift_up(store, order, i, last);
    else
        sift_down(store, order, i, last);
}

uint32_t umm_store_heap_first(const struct umm_store *store, enum umm_store_order order)
{
    return n_in(store, order) ? heap_at(store, order, 0) : UMM_STORE_NOWHERE;
}

void umm_store_heap_pop(struct umm_store *store, enum umm_store_order order)
{
    if (!n_in(store, order))
        return;
    uint64_t n = --*count_of(store, order);
    if (n)
        sift_down(store, order, 0, heap_at(store, order, n));
}

void umm_store_list(struct umm_store *store, uint32_t position, bool is_active, int64_t expires_ns)
{
    if (!is_active)
        umm_store_heap_push(store, UMM_STORE_BY_AGE, position);
    if (expires_ns != UMM_STORE_NEVER)
        umm_store_heap_push(store, UMM_STORE_BY_EXPIRY, position);
}

void umm_store_unlist(struct umm_store *store, uint32_t position)
{
    if (store->counts.n_inactive && !umm_store_is_active(store, position))
        umm_store_heap_remove(store, UMM_STORE_BY_AGE, position);
    if (store->counts.n_expiring && umm_store_expires(store, position) != UMM_STORE_NEVER)
        umm_store_heap_remove(store, UMM_STORE_BY_EXPIRY, position);
}

/*
 * Those that have expired are a part of the heap that hangs together, at its top: gone through in
 * preorder, from one to the next by its index, which only grows.
 */
void umm_store_count_expired(const struct umm_store *store, uint64_t *n, uint64_t *n_inactive)
{
    uint64_t n_expiring = 0, i = 0;
    int64_t now_ns = 0;
    *n = *n_inactive = 0;
    if (store->has_expiry)
        n_expiring = __atomic_load_n(&store->head->counts.n_expiring, __ATOMIC_RELAXED);
    if (n_expiring > store->max_positions)
        n_expiring = store->max_positions;
    for (;;) {
        uint32_t position = i < n_expiring ? heap_at(store, UMM_STORE_BY_EXPIRY, i) : 0;
        if (i < n_expiring && umm_store_is_taken(store, position) &&
            umm_store_has_passed(umm_store_expires(store, position), &now_ns)) {
            ++*n;
            *n_inactive += !umm_store_is_active(store, position);
            i = 2 * i + 1;
            continue;
        }
        while (i > 0 && i % 2 == 0) /* a right one: all below its parent is done */
            i = (i - 1) / 2;
        if (i == 0)
            return;
        i++;
    }
}

void umm_store_free_push(struct umm_store *store, uint32_t position)
{
    uint32_t *items = store->heaps[UMM_STORE_BY_AGE].items;
    if (has_room(store, UMM_STORE_BY_AGE))
        __atomic_store_n(&items[store->max_positions - ++store->counts.n_free], position,
                         __ATOMIC_RELAXED);
}

uint32_t umm_store_free_next(const struct umm_store *store)
{
    if (!store->counts.n_free)
        return UMM_STORE_NOWHERE;
    return heap_at(store, UMM_STORE_BY_AGE, store->max_positions - store->counts.n_free);
}

uint32_t umm_store_free_pop(struct umm_store *store)
{
    uint32_t position = umm_store_free_next(store);
    store->counts.n_free -= position != UMM_STORE_NOWHERE;
    return position;
}
