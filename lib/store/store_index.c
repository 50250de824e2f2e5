/* SPDX-License-Identifier: MIT */
#include "base/error.h"
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

/* How many entries are looked at before the table is said to be damaged. */
static uint64_t run_max(const struct umm_store *store)
{
    uint64_t size = mask_of(store) + 1;
    return size < UMM_STORE_RUN_MAX ? size : UMM_STORE_RUN_MAX;
}

/* A table of two entries, for one position, may be full. */
static void jam(struct umm_store *store)
{
    store->is_jammed |= mask_of(store) > 1;
}

static void begin(const struct umm_store *store, const struct umm_store_key *key, uint64_t turn,
                  struct umm_store_probe *probe)
{
    *probe = (struct umm_store_probe){.table = store->tables[turn % 2],
                                      .at = key->hash & mask_of(store),
                                      .n_left = run_max(store),
                                      .tag = tag_of(store, key->hash)};
}

void umm_store_probe_begin(const struct umm_store *store, const struct umm_store_key *key,
                           struct umm_store_probe *probe, uint64_t *turn)
{
    *turn = __atomic_load_n(&store->head->counts.turn, __ATOMIC_ACQUIRE);
    begin(store, key, *turn, probe);
}

bool umm_store_has_turned(const struct umm_store *store, uint64_t turn)
{
    /* The entries that were seen come before the turn that is looked at now. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&store->head->counts.turn, __ATOMIC_RELAXED) != turn;
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

void umm_store_probe_end(struct umm_store *store, const struct umm_store_probe *probe)
{
    if (!probe->n_left)
        jam(store);
}

void umm_store_prefetch_table(const struct umm_store *store, const struct umm_store_key *key)
{
    uint64_t turn = __atomic_load_n(&store->head->counts.turn, __ATOMIC_RELAXED);
    __builtin_prefetch(&store->tables[turn % 2][key->hash & mask_of(store)]);
}

uint32_t umm_store_find(struct umm_store *store, const struct umm_store_key *key)
{
    struct umm_store_probe probe;
    uint32_t position;
    begin(store, key, store->counts.turn, &probe);
    do
        position = umm_store_probe_next(store, &probe);
    while (position != UMM_STORE_NOWHERE && !umm_store_has_key(store, position, key));
    umm_store_probe_end(store, &probe);
    return position;
}

/* Into a table where the key is not; false: there is no room. */
static bool insert(struct umm_store *store, uint32_t *table, const struct umm_store_key *key,
                   uint32_t position)
{
    uint64_t mask = mask_of(store), at = key->hash & mask;
    for (uint64_t n_left = run_max(store); n_left; n_left--, at = (at + 1) & mask) {
        uint32_t entry = load(&table[at]);
        if (entry > UMM_STORE_REMOVED)
            continue;
        store->counts.n_filled += !entry;
        __atomic_store_n(&table[at], tag_of(store, key->hash) | (position + UMM_STORE_FIRST),
                         __ATOMIC_RELEASE);
        return true;
    }
    jam(store);
    return false;
}

/* Fill the table that is not in use, and use it. False: another program also fills it. */
static bool fill_other_table(struct umm_store *store)
{
    struct umm_store_counts *counts = &store->counts;
    uint32_t *table = store->tables[(counts->turn + 1) % 2];
    struct umm_store_key key;
    bool has_room = true;
    /* A reader that sees a zero of these also sees the turn before it: see umm_store_has_turned. */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    for (uint64_t i = 0; i <= mask_of(store); i++)
        __atomic_store_n(&table[i], 0, __ATOMIC_RELAXED);
    counts->n_filled = 0;
    for (uint32_t position = 0; has_room && position < counts->n_used; position++)
        if (umm_store_slot_key(store, position, &key))
            has_room = insert(store, table, &key, position);
    __atomic_store_n(&store->head->counts.turn, ++counts->turn, __ATOMIC_RELEASE);
    return has_room;
}

bool umm_store_insert(struct umm_store *store, const struct umm_store_key *key, uint32_t position)
{
    const struct umm_store_counts *counts = &store->counts;
    uint64_t size = mask_of(store) + 1;
    /* The slot has its id already: filling the other table inserts it. */
    if (counts->n_filled >= size - size / 4)
        return fill_other_table(store);
    return insert(store, store->tables[counts->turn % 2], key, position);
}

void umm_store_remove(struct umm_store *store, const struct umm_store_key *key, uint32_t position)
{
    uint32_t *table = store->tables[store->counts.turn % 2];
    uint32_t wanted = tag_of(store, key->hash) | (position + UMM_STORE_FIRST);
    uint64_t mask = mask_of(store), at = key->hash & mask;
    for (uint64_t n_left = run_max(store); n_left; n_left--, at = (at + 1) & mask) {
        uint32_t entry = load(&table[at]);
        if (entry == wanted)
            __atomic_store_n(&table[at], UMM_STORE_REMOVED, __ATOMIC_RELAXED);
        if (entry == wanted || !entry)
            return;
    }
    jam(store);
}

/*
 * After a power cut an id may be at two positions: where it was evicted, on a page that did
 * not reach the device, and where it was put again. The older one goes.
 */
static void drop_twins(struct umm_store *store)
{
    struct umm_store_key key;
    for (uint32_t position = 0; position < store->counts.n_used && !store->is_jammed; position++) {
        if (!umm_store_slot_key(store, position, &key))
            continue;
        uint32_t other = umm_store_find(store, &key);
        if (other == position || other == UMM_STORE_NOWHERE)
            continue;
        bool is_newer = umm_store_timestamp(store, position) > umm_store_timestamp(store, other);
        uint32_t older = is_newer ? other : position;
        umm_store_remove(store, &key, older);
        umm_store_clear(store, older);
        store->n_cleared++;
    }
}

void umm_store_publish(struct umm_store *store)
{
    struct umm_store_counts *to = &store->head->counts;
    const struct umm_store_counts *from = &store->counts;
    __atomic_store_n(&to->n_filled, from->n_filled, __ATOMIC_RELAXED);
    __atomic_store_n(&to->n_used, from->n_used, __ATOMIC_RELAXED);
    __atomic_store_n(&to->n_entries, from->n_entries, __ATOMIC_RELAXED);
    __atomic_store_n(&to->n_inactive, from->n_inactive, __ATOMIC_RELAXED);
    __atomic_store_n(&to->n_free, from->n_free, __ATOMIC_RELAXED);
    __atomic_store_n(&to->n_puts, from->n_puts, __ATOMIC_RELAXED);
    __atomic_store_n(&to->n_evictions, from->n_evictions, __ATOMIC_RELAXED);
    __atomic_store_n(&to->n_expiring, from->n_expiring, __ATOMIC_RELAXED);
}

enum umm_status umm_store_refuse_index(const struct umm_store *store, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_DATA, store->index_path,
                              "is damaged, or another program writes it; the next command that "
                              "writes to the store makes it again");
}

enum umm_status umm_store_rebuild(struct umm_store *store, struct umm_error *err)
{
    struct umm_store_counts *counts = &store->counts;
    struct umm_store_key key;
    counts->n_used = counts->n_entries = counts->n_inactive = counts->n_free = 0;
    counts->n_expiring = 0;
    store->n_cleared = 0;
    store->is_jammed = false;
    for (uint32_t position = 0; position < store->max_positions; position++) {
        if (!umm_store_is_whole(store, position)) {
            umm_store_clear(store, position);
            store->n_cleared++;
        }
        if (umm_store_slot_key(store, position, &key))
            counts->n_used = position + UINT64_C(1);
    }
    store->is_spoilt = !fill_other_table(store);
    if (!store->is_spoilt)
        drop_twins(store);
    store->is_spoilt |= store->is_jammed;
    for (uint32_t position = 0; position < counts->n_used; position++) {
        bool is_there = umm_store_slot_key(store, position, &key);
        counts->n_entries += is_there;
        if (!is_there)
            umm_store_free_push(store, position);
        else
            umm_store_list(store, position, umm_store_is_active(store, position),
                           umm_store_expires(store, position));
    }
    umm_store_publish(store);
    return store->is_spoilt ? umm_store_refuse_index(store, err) : UMM_OK;
}
