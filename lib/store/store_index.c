/* SPDX-License-Identifier: MIT */
#include "store/store.h"
#include "umm/store.h"

static uint64_t mask_of(const struct umm_store *store)
{
    return (UINT64_C(1) << store->table_log2) - 1;
}

/* The part of the hash that an entry has above its position; the place is its low bits. */
static uint32_t tag_of(const struct umm_store *store, uint64_t hash)
{
    return (uint32_t)(hash >> 32) & ~(uint32_t)0 << store->position_bits;
}

static uint32_t load(const uint32_t *entry)
{
    return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

void umm_store_probe_begin(const struct umm_store *store, const struct umm_store_key *key,
                           struct umm_store_probe *probe, uint64_t *turn)
{
    *turn = __atomic_load_n(&store->head->turn, __ATOMIC_ACQUIRE);
    *probe = (struct umm_store_probe){.table = store->tables[*turn % 2],
                                      .at = key->hash & mask_of(store),
                                      .n_left = mask_of(store) + 1,
                                      .tag = tag_of(store, key->hash)};
}

bool umm_store_has_turned(const struct umm_store *store, uint64_t turn)
{
    /* The entries that were seen come before the turn that is looked at now. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&store->head->turn, __ATOMIC_RELAXED) != turn;
}

uint32_t umm_store_probe_next(const struct umm_store *store, struct umm_store_probe *probe)
{
    uint32_t low = ~(~(uint32_t)0 << store->position_bits);
    for (; probe->n_left; probe->n_left--) {
        uint32_t entry = load(&probe->table[probe->at]);
        if (!entry)
            return UMM_STORE_NOWHERE;
        probe->at = (probe->at + 1) & mask_of(store);
        uint32_t position = (entry & low) - UMM_STORE_FIRST; /* of a removed one: beyond all */
        if ((entry & ~low) == probe->tag && position < store->max_positions) {
            probe->n_left--;
            return position;
        }
    }
    return UMM_STORE_NOWHERE;
}

void umm_store_prefetch_table(const struct umm_store *store, const struct umm_store_key *key)
{
    uint64_t turn = __atomic_load_n(&store->head->turn, __ATOMIC_RELAXED);
    __builtin_prefetch(&store->tables[turn % 2][key->hash & mask_of(store)]);
}

uint32_t umm_store_find(const struct umm_store *store, const struct umm_store_key *key)
{
    struct umm_store_probe probe;
    uint64_t turn;
    uint32_t position;
    umm_store_probe_begin(store, key, &probe, &turn);
    do
        position = umm_store_probe_next(store, &probe);
    while (position != UMM_STORE_NOWHERE && !umm_store_has_key(store, position, key));
    return position;
}

/* Into a table where the key is not; returns whether an empty entry was used up. */
static bool insert(const struct umm_store *store, uint32_t *table, const struct umm_store_key *key,
                   uint32_t position)
{
    uint64_t mask = mask_of(store), at = key->hash & mask;
    for (uint64_t n = 0; load(&table[at]) > UMM_STORE_REMOVED && n < mask; n++)
        at = (at + 1) & mask;
    bool was_empty = load(&table[at]) == 0;
    __atomic_store_n(&table[at], tag_of(store, key->hash) | (position + UMM_STORE_FIRST),
                     __ATOMIC_RELEASE);
    return was_empty;
}

/* Fill the table that is not in use, and use it. */
static void fill_other_table(struct umm_store *store)
{
    struct umm_store_head *head = store->head;
    uint32_t *table = store->tables[(head->turn + 1) % 2];
    struct umm_store_key key;
    /* A reader that sees a zero of these also sees the turn before it: see umm_store_has_turned. */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    for (uint64_t i = 0; i <= mask_of(store); i++)
        __atomic_store_n(&table[i], 0, __ATOMIC_RELAXED);
    head->n_filled = 0;
    for (uint32_t position = 0; position < head->n_used; position++)
        if (umm_store_slot_key(store, position, &key))
            head->n_filled += insert(store, table, &key, position);
    __atomic_store_n(&head->turn, head->turn + 1, __ATOMIC_RELEASE);
}

void umm_store_insert(struct umm_store *store, const struct umm_store_key *key, uint32_t position)
{
    struct umm_store_head *head = store->head;
    uint64_t size = mask_of(store) + 1;
    /* The slot has its id already: filling the other table inserts it. */
    if (head->n_filled >= size - size / 4)
        fill_other_table(store);
    else
        head->n_filled += insert(store, store->tables[head->turn % 2], key, position);
}

void umm_store_remove(struct umm_store *store, const struct umm_store_key *key, uint32_t position)
{
    uint32_t *table = store->tables[store->head->turn % 2];
    uint32_t wanted = tag_of(store, key->hash) | (position + UMM_STORE_FIRST);
    uint64_t mask = mask_of(store), at = key->hash & mask;
    for (uint64_t n = 0; load(&table[at]) && n <= mask; n++, at = (at + 1) & mask) {
        if (load(&table[at]) == wanted) {
            __atomic_store_n(&table[at], UMM_STORE_REMOVED, __ATOMIC_RELAXED);
            return;
        }
    }
}

/*
 * After a power cut an id may be at two positions: where it was evicted, on a page that did
 * not reach the device, and where it was put again. The older one goes.
 */
static void drop_twins(struct umm_store *store)
{
    struct umm_store_key key;
    for (uint32_t position = 0; position < store->head->n_used; position++) {
        if (!umm_store_slot_key(store, position, &key))
            continue;
        uint32_t other = umm_store_find(store, &key);
        if (other == position || other == UMM_STORE_NOWHERE)
            continue;
        bool is_newer = umm_store_timestamp(store, position) > umm_store_timestamp(store, other);
        uint32_t older = is_newer ? other : position;
        umm_store_remove(store, &key, older);
        umm_store_write(store, older, NULL, NULL, 0);
        store->n_cleared++;
    }
}

void umm_store_rebuild(struct umm_store *store)
{
    struct umm_store_head *head = store->head;
    struct umm_store_key key;
    head->n_used = head->n_entries = head->n_inactive = head->n_free = 0;
    store->n_cleared = 0;
    for (uint32_t position = 0; position < store->max_positions; position++) {
        if (!umm_store_is_whole(store, position)) {
            umm_store_write(store, position, NULL, NULL, 0);
            store->n_cleared++;
        }
        if (umm_store_slot_key(store, position, &key))
            head->n_used = position + UINT64_C(1);
    }
    fill_other_table(store);
    drop_twins(store);
    for (uint32_t position = 0; position < head->n_used; position++) {
        bool is_there = umm_store_slot_key(store, position, &key);
        head->n_entries += is_there;
        if (!is_there)
            umm_store_free_push(store, position);
        else if (!umm_store_is_active(store, position))
            umm_store_heap_push(store, position);
    }
}
