/* SPDX-License-Identifier: MIT */
/*
 * Positions that entries have to leave: for a new id first that of the one which expired first,
 * then that of the oldest inactive one. Damaged heaps may have positions that are free, active or
 * without an expiry at their tops: they stay what they are.
 */
#include "store/store.h"

/* What expired first, and the key it has; or NOWHERE. */
static uint32_t find_expired(struct umm_store *store, struct umm_store_key *key)
{
    int64_t now_ns = 0, expires_ns = UMM_STORE_NEVER;
    uint32_t position;
    while ((position = umm_store_heap_first(store, UMM_STORE_BY_EXPIRY)) != UMM_STORE_NOWHERE &&
           (!umm_store_slot_key(store, position, key) ||
            (expires_ns = umm_store_expires(store, position)) == UMM_STORE_NEVER))
        umm_store_heap_pop(store, UMM_STORE_BY_EXPIRY);
    if (position == UMM_STORE_NOWHERE || !umm_store_has_passed(expires_ns, &now_ns))
        return UMM_STORE_NOWHERE;
    return position;
}

/* The oldest inactive position, and the key it has; or NOWHERE. */
static uint32_t find_oldest(struct umm_store *store, struct umm_store_key *key)
{
    uint32_t position;
    while ((position = umm_store_heap_first(store, UMM_STORE_BY_AGE)) != UMM_STORE_NOWHERE &&
           (!umm_store_slot_key(store, position, key) || umm_store_is_active(store, position)))
        umm_store_heap_pop(store, UMM_STORE_BY_AGE);
    return position;
}

/* Take the position at the top of a heap from the id that has it. */
static void vacate(struct umm_store *store, enum umm_store_order order, uint32_t position,
                   const struct umm_store_key *key)
{
    umm_store_heap_pop(store, order);
    if (order == UMM_STORE_BY_AGE && umm_store_expires(store, position) != UMM_STORE_NEVER)
        umm_store_heap_remove(store, UMM_STORE_BY_EXPIRY, position);
    if (order == UMM_STORE_BY_EXPIRY && !umm_store_is_active(store, position))
        umm_store_heap_remove(store, UMM_STORE_BY_AGE, position);
    umm_store_remove(store, key, position);
    store->counts.n_entries -= store->counts.n_entries > 0;
}

uint32_t umm_store_take_room(struct umm_store *store)
{
    struct umm_store_key key;
    uint32_t position = umm_store_free_pop(store);
    if (position != UMM_STORE_NOWHERE)
        return position;
    if (store->counts.n_used < store->max_positions)
        return (uint32_t)store->counts.n_used++;
    position = find_expired(store, &key);
    if (position != UMM_STORE_NOWHERE) {
        vacate(store, UMM_STORE_BY_EXPIRY, position, &key);
        return position;
    }
    position = find_oldest(store, &key);
    if (position != UMM_STORE_NOWHERE) {
        vacate(store, UMM_STORE_BY_AGE, position, &key);
        store->counts.n_evictions++;
    }
    return position;
}

static void drop(struct umm_store *store, enum umm_store_order order, uint32_t position,
                 const struct umm_store_key *key)
{
    vacate(store, order, position, key);
    umm_store_clear(store, position);
    umm_store_free_push(store, position);
}

/* The oldest one that is there. What has expired is not, and nobody is told of it. */
static uint32_t find_living(struct umm_store *store, struct umm_store_key *key)
{
    int64_t now_ns = 0;
    uint32_t position;
    while ((position = find_oldest(store, key)) != UMM_STORE_NOWHERE &&
           umm_store_has_passed(umm_store_expires(store, position), &now_ns))
        drop(store, UMM_STORE_BY_AGE, position, key);
    return position;
}

uint32_t umm_store_oldest(struct umm_store *store)
{
    struct umm_store_key key;
    uint32_t position = UMM_STORE_NOWHERE;
    if (!store->is_writer)
        return position;
    position = find_living(store, &key);
    umm_store_publish(store);
    return position;
}

bool umm_store_drop_oldest(struct umm_store *store, struct umm_store_entry *entry)
{
    struct umm_store_key key;
    uint32_t position = find_living(store, &key);
    if (position == UMM_STORE_NOWHERE)
        return false;
    if (entry)
        (void)umm_store_read(store, position, NULL, NULL, entry, NULL);
    drop(store, UMM_STORE_BY_AGE, position, &key);
    store->counts.n_evictions++;
    return true;
}

bool umm_store_drop_expired(struct umm_store *store)
{
    struct umm_store_key key;
    uint32_t position = find_expired(store, &key);
    if (position != UMM_STORE_NOWHERE)
        drop(store, UMM_STORE_BY_EXPIRY, position, &key);
    return position != UMM_STORE_NOWHERE;
}
