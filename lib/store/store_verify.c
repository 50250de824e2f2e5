/* SPDX-License-Identifier: MIT */
#include "store/store_verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/store.h"
#include "store/store_look.h"
#include "store/store_server.h"
#include "umm/mem.h"
#include "umm/store.h"

UMM_PRINTF(3, 4)
static void add(struct umm_store_verdict *verdict, uint64_t *n, const char *fmt, ...)
{
    va_list args;
    ++*n;
    if (verdict->n_faults++ >= UMM_STORE_FINDINGS_MAX)
        return;
    va_start(args, fmt);
    vsnprintf(verdict->findings[verdict->n_faults - 1], UMM_ERROR_MESSAGE_MAX, fmt, args);
    va_end(args);
}

static bool is_dirty(const struct umm_store *store)
{
    return __atomic_load_n(&store->head->is_dirty, __ATOMIC_ACQUIRE);
}

/* ---- the index ---------------------------------------------------------------------- */

/* How often a table has a position, and the first one with its id. */
static void find_all(struct umm_store *store, const struct umm_store_entry *entry, uint64_t *n_here,
                     uint32_t *first)
{
    struct umm_store_key key;
    struct umm_store_probe probe;
    uint64_t turn;
    uint32_t position;
    *n_here = 0;
    *first = UMM_STORE_NOWHERE;
    if (!umm_store_make_key(store, entry->id, entry->id_bytes, &key))
        return;
    umm_store_probe_begin(store, &key, &probe, &turn);
    while ((position = umm_store_probe_next(store, &probe)) != UMM_STORE_NOWHERE) {
        *n_here += position == entry->position;
        if (*first == UMM_STORE_NOWHERE && umm_store_has_key(store, position, &key))
            *first = position;
    }
    umm_store_probe_end(store, &probe);
}

/* Whether the entry is still where it was. */
static bool is_there(struct umm_store *store, const struct umm_store_entry *entry, float *vector)
{
    struct umm_store_entry now;
    return umm_store_look(store, entry->position, &now, vector) == UMM_STORE_SOUND &&
           now.id_bytes == entry->id_bytes && memcmp(now.id, entry->id, now.id_bytes) == 0;
}

/*
 * A writer at work has slots before their entries in a table: a miss is one if it stays, and
 * when so many do, no writer is the reason.
 */
static void check_index(struct umm_store *store, const struct umm_store_entry *entry, float *vector,
                        struct umm_store_verdict *verdict)
{
    char shown[UMM_EXCERPT_MAX];
    uint64_t n_here;
    uint32_t first;
    if (store->is_jammed)
        return;
    for (int n = 0;; n++) {
        find_all(store, entry, &n_here, &first);
        if ((n_here == 1 && first == entry->position) || !is_there(store, entry, vector))
            return;
        bool is_fresh = !store->is_writer &&
                        __atomic_load_n(&store->head->is_replaced, __ATOMIC_ACQUIRE) &&
                        umm_store_refresh(store, NULL) == UMM_OK;
        bool may_change = is_fresh || is_dirty(store);
        if (n >= UMM_STORE_NAPS || !may_change || verdict->n_lost >= UMM_STORE_FINDINGS_MAX)
            break;
        umm_store_nap(store);
    }
    if (store->is_jammed) {
        add(verdict, &verdict->n_lost,
            "a table of the index has no empty entry where a search could end");
        return;
    }
    umm_escape(shown, sizeof shown, entry->id, entry->id_bytes);
    if (first != UMM_STORE_NOWHERE && first != entry->position)
        add(verdict, &verdict->n_lost,
            "\"%s\" is at the positions %" PRIu64 " and %" PRIu32 "; the index finds the second",
            shown, entry->position, first);
    else if (n_here == 0)
        add(verdict, &verdict->n_lost, "\"%s\" is not found by the index", shown);
    else
        add(verdict, &verdict->n_lost, "\"%s\" is in the index %" PRIu64 " times", shown, n_here);
}

/* Whether a heap has a position, so that its room can be had. */
static bool is_listed(const struct umm_store *store, enum umm_store_order order, uint64_t position)
{
    const struct umm_store_counts *counts = &store->head->counts;
    const uint64_t *n = order == UMM_STORE_BY_AGE ? &counts->n_inactive : &counts->n_expiring;
    uint32_t place = __atomic_load_n(&store->heaps[order].places[position], __ATOMIC_RELAXED);
    return place < __atomic_load_n(n, __ATOMIC_RELAXED) && place < store->max_positions &&
           __atomic_load_n(&store->heaps[order].items[place], __ATOMIC_RELAXED) == position;
}

/* ---- counts ------------------------------------------------------------------------- */

/* Those of the index; they mean something while no writer is at work, or was killed. */
struct counts {
    bool is_quiet;
    uint64_t n_entries, n_inactive, n_expiring, n_puts, n_evictions;
};

/* Entries that should be listed: those that expire, and those of all that the index leaves out. */
struct lists {
    uint64_t n_expiring, n_lost_inactive, n_lost_expiring;
};

static struct counts read_counts(const struct umm_store *store)
{
    const struct umm_store_counts *head = &store->head->counts;
    struct umm_store_info info;
    umm_store_fill_info(store, &info);
    return (struct counts){.is_quiet = !is_dirty(store),
                           .n_entries = __atomic_load_n(&head->n_entries, __ATOMIC_RELAXED),
                           .n_inactive = __atomic_load_n(&head->n_inactive, __ATOMIC_RELAXED),
                           .n_expiring = __atomic_load_n(&head->n_expiring, __ATOMIC_RELAXED),
                           .n_puts = info.n_puts,
                           .n_evictions = info.n_evictions};
}

/* Damage has its own findings. */
static void check_counts(struct umm_store *store, const struct counts *before,
                         const struct lists *lists, struct umm_store_verdict *verdict)
{
    struct counts now = read_counts(store);
    verdict->is_counted = before->is_quiet && now.is_quiet && now.n_entries == before->n_entries &&
                          now.n_inactive == before->n_inactive && now.n_puts == before->n_puts &&
                          now.n_evictions == before->n_evictions &&
                          now.n_expiring == before->n_expiring &&
                          !__atomic_load_n(&store->head->is_replaced, __ATOMIC_ACQUIRE);
    if (!verdict->is_counted || verdict->n_damaged || verdict->n_torn)
        return;
    if (now.n_entries != verdict->n_entries || now.n_inactive != verdict->n_inactive)
        add(verdict, &verdict->n_miscounted,
            "the index counts %" PRIu64 " entries, %" PRIu64 " inactive; there are %" PRIu64
            " and %" PRIu64,
            now.n_entries, now.n_inactive, verdict->n_entries, verdict->n_inactive);
    if (store->has_expiry && now.n_expiring != lists->n_expiring)
        add(verdict, &verdict->n_miscounted,
            "the index counts %" PRIu64 " entries that expire; there are %" PRIu64, now.n_expiring,
            lists->n_expiring);
    if (lists->n_lost_inactive)
        add(verdict, &verdict->n_miscounted,
            "the index does not list %" PRIu64 " of the inactive entries, which are not evicted",
            lists->n_lost_inactive);
    if (lists->n_lost_expiring)
        add(verdict, &verdict->n_miscounted,
            "the index does not list %" PRIu64
            " of the entries that expire, whose room is not taken first",
            lists->n_lost_expiring);
}

/* ---- all of it ---------------------------------------------------------------------- */

static void look_at(struct umm_store *store, uint64_t position, float *vector,
                    struct umm_store_verdict *verdict, struct lists *lists)
{
    struct umm_store_entry entry;
    int64_t now_ns = 0;
    bool expires;
    char what[UMM_ERROR_MESSAGE_MAX];
    switch (umm_store_look(store, position, &entry, vector)) {
    case UMM_STORE_FREE: break;
    case UMM_STORE_TORN:
        add(verdict, &verdict->n_torn, "position %" PRIu64 " is half written", position);
        break;
    case UMM_STORE_DAMAGED:
        add(verdict, &verdict->n_damaged, "%s", umm_store_describe_damage(&entry, what));
        break;
    case UMM_STORE_SOUND:
        verdict->n_entries++;
        verdict->n_inactive += !entry.is_active;
        expires = entry.expires_ns != UMM_STORE_NEVER;
        verdict->n_expired += umm_store_has_passed(entry.expires_ns, &now_ns);
        lists->n_expiring += expires;
        lists->n_lost_inactive += !entry.is_active && !is_listed(store, UMM_STORE_BY_AGE, position);
        lists->n_lost_expiring += expires && !is_listed(store, UMM_STORE_BY_EXPIRY, position);
        check_index(store, &entry, vector, verdict);
        break;
    }
}

enum umm_status umm_store_verify(struct umm_store *store, const struct umm_run *run,
                                 struct umm_store_verdict *verdict, struct umm_error *err)
{
    if (store->server)
        return umm_store_server_verify(store, run, verdict, err);
    struct umm_arena arena = {0};
    float *vector = umm_arena_alloc_array(&arena, store->dim, sizeof *vector);
    struct lists lists = {0};
    *verdict = (struct umm_store_verdict){.n_faults = 0};
    store->is_jammed = false; /* found here, it is said */
    enum umm_status status = umm_arena_check(&arena, "a vector", err);
    struct counts before = read_counts(store);
    for (uint64_t position = 0; !status && position < store->max_positions; position++) {
        look_at(store, position, vector, verdict, &lists);
        if (umm_run_is_cancelled(run))
            status = umm_error_set_cancelled(err);
    }
    verdict->max_positions = store->max_positions;
    if (!status)
        check_counts(store, &before, &lists, verdict);
    umm_arena_close(&arena);
    return status;
}
