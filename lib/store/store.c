/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "store/store.h"
#include "store/store_files.h"
#include "store/store_look.h"
#include "store/store_server.h"
#include "sys/clock.h"
#include "umm/store.h"

/* Keys looked at together: enough to have several cache misses under way. */
enum { BATCH = 32 };

/* ---- reading ------------------------------------------------------------------- */

void umm_store_nap(struct umm_store *store)
{
    enum { NAP_NS = 1000000, ALL_NS = 1000 * NAP_NS, SHARE = 64 };
    uint64_t now_ns = umm_clock_monotonic_ns();
    if (!store->first_nap_ns)
        store->first_nap_ns = now_ns;
    if (store->napped_ns >= ALL_NS + (now_ns - store->first_nap_ns) / SHARE)
        return;
    store->napped_ns += NAP_NS;
    (void)nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
}

/*
 * One look. READ_OTHER: the key is not there, or has expired; *n_tries grows by more than one if
 * it took long.
 */
static enum umm_store_reading look(struct umm_store *store, const struct umm_store_key *key,
                                   int64_t *now_ns, struct umm_store_entry *entry, float *vector,
                                   int *n_tries)
{
    enum { ENTRIES_A_TRY = 1024 };
    struct umm_store_probe probe;
    uint64_t turn;
    uint32_t position;
    bool is_torn = false;
    if (!store->is_writer) /* the writer may have made it again */
        store->is_jammed = false;
    umm_store_probe_begin(store, key, &probe, &turn);
    const uint64_t n_left = probe.n_left;
    while ((position = umm_store_probe_next(store, &probe)) != UMM_STORE_NOWHERE) {
        enum umm_store_reading reading =
            umm_store_read(store, position, key, now_ns, entry, vector);
        if (reading == UMM_STORE_READ_OK)
            return reading;
        is_torn |= reading == UMM_STORE_READ_TORN;
    }
    umm_store_probe_end(store, &probe);
    *n_tries += 1 + (int)((n_left - probe.n_left) / ENTRIES_A_TRY);
    /* The table in use may have changed: then this was no look at all. */
    is_torn |= umm_store_has_turned(store, turn);
    return is_torn ? UMM_STORE_READ_TORN : UMM_STORE_READ_OTHER;
}

static enum umm_status half_written(const struct umm_store *store, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_BUSY, store->path,
                              "an entry is half written, by a writer that was killed or is "
                              "stopped");
}

/* Where the key is; ABSENT fills no error. */
static enum umm_status get(struct umm_store *store, const struct umm_store_key *key,
                           int64_t *now_ns, float *vector, struct umm_store_entry *entry,
                           struct umm_error *err)
{
    struct umm_store_key again;
    bool is_fresh = false;
    for (int n = 0; n < UMM_STORE_TRIES + UMM_STORE_NAPS;) {
        /* An index that took the place of another hashes in its own way. */
        if (key->seed != store->seed) {
            again = *key;
            umm_store_hash_key(store, &again);
            key = &again;
        }
        enum umm_store_reading reading = look(store, key, now_ns, entry, vector, &n);
        if (reading == UMM_STORE_READ_OK)
            return UMM_OK;
        if (reading == UMM_STORE_READ_TORN && n > UMM_STORE_TRIES)
            umm_store_nap(store);
        if (reading == UMM_STORE_READ_TORN)
            continue;
        if (is_fresh || store->is_writer ||
            !__atomic_load_n(&store->head->is_replaced, __ATOMIC_ACQUIRE))
            return store->is_jammed ? umm_store_refuse_index(store, err) : UMM_ERR_ABSENT;
        enum umm_status status = umm_store_refresh(store, err);
        if (status)
            return status;
        is_fresh = true;
    }
    return store->is_jammed ? umm_store_refuse_index(store, err) : half_written(store, err);
}

static enum umm_status absent(const struct umm_store *store, const char *id, size_t id_bytes,
                              struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    if (!err) /* misses are to be quick */
        return UMM_ERR_ABSENT;
    return umm_error_set_path(err, UMM_ERR_ABSENT, store->path, "no such id: \"%s\"",
                              umm_escape(shown, sizeof shown, id, id_bytes));
}

enum umm_status umm_store_get(struct umm_store *store, const void *id, size_t id_bytes,
                              float *vector, struct umm_store_entry *entry, struct umm_error *err)
{
    if (store->server) {
        const enum umm_status at_server =
            umm_store_server_get(store, id, id_bytes, vector, entry, err);
        return at_server == UMM_ERR_ABSENT ? absent(store, id, id_bytes, err) : at_server;
    }
    struct umm_store_key key;
    int64_t now_ns = 0;
    enum umm_status status = UMM_ERR_ABSENT;
    if (umm_store_make_key(store, id, id_bytes, &key))
        status = get(store, &key, &now_ns, vector, entry, err);
    return status == UMM_ERR_ABSENT ? absent(store, id, id_bytes, err) : status;
}

/* Ask for what the keys will need: first the tables' entries, then slots and vectors. */
static void prefetch(const struct umm_store *store, const struct umm_store_key *keys, size_t n)
{
    enum { ENTRIES = 64 };
    for (size_t i = 0; i < n; i++)
        umm_store_prefetch_table(store, &keys[i]);
    for (size_t i = 0; i < n; i++) {
        struct umm_store_probe probe;
        uint64_t turn;
        umm_store_probe_begin(store, &keys[i], &probe, &turn);
        probe.n_left = probe.n_left < ENTRIES ? probe.n_left : ENTRIES;
        uint32_t position = umm_store_probe_next(store, &probe);
        if (position != UMM_STORE_NOWHERE)
            umm_store_prefetch(store, position);
    }
}

/* Keys of the next n cells; one that cannot be gets length 0 in lens. */
static void make_keys(const struct umm_store *store, const char *ids, size_t cell_bytes, size_t n,
                      struct umm_store_key *keys, size_t *lens)
{
    for (size_t i = 0; i < n; i++) {
        const char *id = ids + i * cell_bytes;
        lens[i] = strnlen(id, cell_bytes);
        keys[i].hash = 0;
        if (!umm_store_make_key(store, id, lens[i], &keys[i]))
            lens[i] = 0;
    }
}

enum umm_status umm_store_get_many(struct umm_store *store, const char *ids, size_t cell_bytes,
                                   size_t n, float *vectors, bool *is_found, size_t *n_found,
                                   struct umm_error *err)
{
    if (store->server)
        return umm_store_server_get_many(store, ids, cell_bytes, n, vectors, is_found, n_found,
                                         err);
    struct umm_store_key keys[BATCH];
    size_t lens[BATCH];
    enum umm_status status = UMM_OK;
    *n_found = 0;
    for (size_t first = 0; first < n; first += BATCH) {
        size_t n_now = n - first < BATCH ? n - first : BATCH;
        int64_t now_ns = 0; /* one time for all of them */
        if (!status) {
            make_keys(store, ids + first * cell_bytes, cell_bytes, n_now, keys, lens);
            prefetch(store, keys, n_now);
        }
        for (size_t i = 0; i < n_now; i++) {
            float *vector = vectors + (first + i) * store->dim;
            enum umm_status one = UMM_ERR_ABSENT;
            if (!status && lens[i])
                one = get(store, &keys[i], &now_ns, vector, NULL, err);
            is_found[first + i] = one == UMM_OK;
            *n_found += one == UMM_OK;
            if (one != UMM_OK && one != UMM_ERR_ABSENT)
                status = one;
        }
    }
    return status;
}

static enum umm_status no_more(const struct umm_store *store, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_ABSENT, store->path, "there are no more entries");
}

enum umm_status umm_store_next(struct umm_store *store, uint64_t position,
                               struct umm_store_entry *entry, float *vector, struct umm_error *err)
{
    if (store->server) {
        const enum umm_status at_server =
            umm_store_server_next(store, position, entry, vector, err);
        return at_server == UMM_ERR_ABSENT ? no_more(store, err) : at_server;
    }
    int64_t now_ns = 0;
    for (; position < store->max_positions; position++) {
        enum umm_store_reading reading = UMM_STORE_READ_TORN;
        for (int n = 0; reading == UMM_STORE_READ_TORN && n < UMM_STORE_TRIES + UMM_STORE_NAPS;
             n++) {
            reading = umm_store_read(store, (uint32_t)position, NULL, &now_ns, entry, vector);
            if (reading == UMM_STORE_READ_TORN && n >= UMM_STORE_TRIES)
                umm_store_nap(store);
        }
        if (reading == UMM_STORE_READ_OK)
            return UMM_OK;
        if (reading == UMM_STORE_READ_TORN) {
            *entry = (struct umm_store_entry){.position = position};
            return half_written(store, err);
        }
    }
    return no_more(store, err);
}

void umm_store_fill_info(const struct umm_store *store, struct umm_store_info *info)
{
    if (store->server) {
        umm_store_server_fill_info(store, info);
        return;
    }
    const struct umm_store_counts *counts = &store->head->counts;
    uint64_t n_entries = __atomic_load_n(&counts->n_entries, __ATOMIC_RELAXED);
    uint64_t n_inactive = __atomic_load_n(&counts->n_inactive, __ATOMIC_RELAXED);
    *info = (struct umm_store_info){
        .max_positions = store->max_positions,
        .dim = store->dim,
        .id_max_bytes = store->id_words * 8 - 1,
        .n_entries = n_entries,
        /* A writer at work changes one after the other. */
        .n_inactive = n_inactive < n_entries ? n_inactive : n_entries,
        .n_puts = __atomic_load_n(&counts->n_puts, __ATOMIC_RELAXED),
        .n_evictions = __atomic_load_n(&counts->n_evictions, __ATOMIC_RELAXED),
        .n_bytes =
            store->vectors_map.len_bytes + store->slots_map.len_bytes + store->index_map.len_bytes,
        .n_cleared = store->n_cleared,
        .ttl_ns = store->ttl_ns};
}

enum umm_status umm_store_info(const struct umm_store *store, struct umm_store_info *info,
                               struct umm_error *err)
{
    if (store->server)
        return umm_store_server_info(store, info, err);
    uint64_t n_expired, n_inactive;
    (void)err; /* what is mapped can be looked at */
    umm_store_fill_info(store, info);
    umm_store_count_expired(store, &n_expired, &n_inactive);
    /* Again, a writer may be at work. */
    info->n_expired = n_expired < info->n_entries ? n_expired : info->n_entries;
    info->n_entries -= info->n_expired;
    info->n_inactive -= n_inactive < info->n_inactive ? n_inactive : info->n_inactive;
    if (info->n_inactive > info->n_entries)
        info->n_inactive = info->n_entries;
    return UMM_OK;
}

/* ---- writing --------------------------------------------------------------------- */

/*
 * The index of another store, or an old copy of this one's, may have a position for free
 * that an entry is at, or a table that is too full: then it is made again.
 */
static bool is_doubtful(const struct umm_store *store)
{
    uint32_t next = umm_store_free_next(store);
    if (next == UMM_STORE_NOWHERE && store->counts.n_used < store->max_positions)
        next = (uint32_t)store->counts.n_used;
    return store->is_jammed || (next != UMM_STORE_NOWHERE && umm_store_is_taken(store, next));
}

/* One that is doubtful again and again is changed by somebody else. */
static enum umm_status make_again(struct umm_store *store, struct umm_error *err)
{
    enum { TIMES = 3 };
    if (store->n_rebuilds++ < TIMES)
        return umm_store_rebuild(store, err);
    store->is_spoilt = true;
    return umm_store_refuse_index(store, err);
}

/* Where the id is, or NOWHERE; in an index that can be gone by. */
static enum umm_status find(struct umm_store *store, const struct umm_store_key *key,
                            uint32_t *position, struct umm_error *err)
{
    *position = umm_store_find(store, key);
    if (*position != UMM_STORE_NOWHERE || !is_doubtful(store))
        return UMM_OK;
    enum umm_status status = make_again(store, err);
    if (!status)
        *position = umm_store_find(store, key);
    return status;
}

/*
 * What is new and has expired already takes no room from others: it is as absent as if it had
 * been put. What takes the place of an older one is put: so it is known to be newer.
 */
static enum umm_status put(struct umm_store *store, const struct umm_store_key *key,
                           const float *vector, const struct umm_store_stamp *stamp,
                           struct umm_error *err)
{
    uint32_t position;
    int64_t now_ns = 0;
    enum umm_status status = find(store, key, &position, err);
    if (status)
        return status;
    const bool is_new = position == UMM_STORE_NOWHERE;
    const bool is_put = !is_new || !umm_store_has_passed(stamp->expires_ns, &now_ns);
    if (!is_new)
        umm_store_unlist(store, position);
    else if (is_put && (position = umm_store_take_room(store)) == UMM_STORE_NOWHERE)
        return umm_store_refuse_full(store, err);
    store->counts.n_puts++;
    if (is_put) {
        umm_store_write(store, position, key, vector, stamp);
        umm_store_list(store, position, stamp->is_active, stamp->expires_ns);
        store->counts.n_entries += is_new;
    }
    /* The slot has its id already: so has an index that is made again. */
    if (is_put && is_new && !umm_store_insert(store, key, position))
        status = make_again(store, err);
    umm_store_publish(store);
    return status;
}

static enum umm_status check_writer(const struct umm_store *store, struct umm_error *err)
{
    if (!store->is_writer)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, store->path, "is open for reading only");
    return store->is_spoilt ? umm_store_refuse_index(store, err) : UMM_OK;
}

/* When a row expires: *expires_ns. */
static enum umm_status find_expiry(const struct umm_store *store, const struct umm_store_row *row,
                                   int64_t *expires_ns, struct umm_error *err)
{
    int64_t ttl_ns = row->ttl_ns == UMM_STORE_TTL ? store->ttl_ns : row->ttl_ns;
    *expires_ns = UMM_STORE_NEVER;
    if (row->ttl_ns == UMM_STORE_FOR_EVER || ttl_ns == 0)
        return UMM_OK;
    enum umm_status status = umm_store_check_ttl(ttl_ns, err);
    if (!status && !store->has_expiry)
        return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, store->path,
                                  "is a store of version 1, whose entries cannot expire: export "
                                  "it, and import that into a new store");
    if (!status && __builtin_add_overflow(row->timestamp_ns, ttl_ns, expires_ns))
        *expires_ns = UMM_STORE_NEVER;
    return status;
}

/* Whether what the id has is not older. */
static bool is_passed_over(struct umm_store *store, const struct umm_store_key *key,
                           int64_t timestamp_ns, enum umm_store_put_mode mode)
{
    uint32_t position = umm_store_find(store, key);
    if (position == UMM_STORE_NOWHERE)
        return false;
    const int64_t has_ns = umm_store_timestamp(store, position);
    return has_ns > timestamp_ns || (has_ns == timestamp_ns && mode == UMM_STORE_PUT_NEWER);
}

/* key is NULL where the row's id is none that there can be. */
static enum umm_status put_row(struct umm_store *store, const struct umm_store_row *row,
                               const struct umm_store_key *key, enum umm_store_put_mode mode,
                               bool *is_older, struct umm_error *err)
{
    struct umm_store_stamp stamp = {.timestamp_ns = row->timestamp_ns,
                                    .is_active = !row->is_inactive};
    *is_older = false;
    if (!key || umm_store_has_control(row->id, row->id_bytes))
        return umm_store_refuse_id(store, row->id, row->id_bytes, err);
    enum umm_status status = find_expiry(store, row, &stamp.expires_ns, err);
    if (!status && mode != UMM_STORE_PUT_ALL)
        *is_older = is_passed_over(store, key, row->timestamp_ns, mode);
    return status || *is_older ? status : put(store, key, row->vector, &stamp, err);
}

enum umm_status umm_store_put(struct umm_store *store, const void *id, size_t id_bytes,
                              const float *vector, int64_t timestamp_ns, struct umm_error *err)
{
    const struct umm_store_row row = {
        .id = id, .id_bytes = id_bytes, .vector = vector, .timestamp_ns = timestamp_ns};
    size_t n_put, n_older;
    return umm_store_put_rows(store, &row, 1, UMM_STORE_PUT_ALL, &n_put, &n_older, err);
}

enum umm_status umm_store_put_rows(struct umm_store *store, const struct umm_store_row *rows,
                                   size_t n, enum umm_store_put_mode mode, size_t *n_put,
                                   size_t *n_older, struct umm_error *err)
{
    if (store->server)
        return umm_store_server_put_rows(store, rows, n, mode, n_put, n_older, err);
    struct umm_store_key keys[BATCH];
    bool is_key[BATCH];
    *n_put = *n_older = 0;
    enum umm_status status = check_writer(store, err);
    for (size_t first = 0; !status && first < n; first += BATCH) {
        size_t n_now = n - first < BATCH ? n - first : BATCH;
        for (size_t i = 0; i < n_now; i++) {
            const struct umm_store_row *row = &rows[first + i];
            keys[i].hash = 0;
            is_key[i] = umm_store_make_key(store, row->id, row->id_bytes, &keys[i]);
        }
        if (n_now > 1)
            prefetch(store, keys, n_now);
        for (size_t i = 0; !status && i < n_now; i++) {
            bool is_older;
            status =
                put_row(store, &rows[first + i], is_key[i] ? &keys[i] : NULL, mode, &is_older, err);
            *n_put += !status && !is_older;
            *n_older += !status && is_older;
        }
    }
    return status;
}

enum umm_status umm_store_put_many(struct umm_store *store, const char *ids, size_t cell_bytes,
                                   size_t n, const float *vectors, int64_t timestamp_ns,
                                   size_t *n_put, struct umm_error *err)
{
    if (store->server)
        return umm_store_server_put_many(store, ids, cell_bytes, n, vectors, timestamp_ns, n_put,
                                         err);
    struct umm_store_row rows[BATCH];
    enum umm_status status = UMM_OK;
    *n_put = 0;
    while (!status && *n_put < n) {
        size_t first = *n_put, n_now = n - first < BATCH ? n - first : BATCH, n_done, n_older;
        for (size_t i = 0; i < n_now; i++) {
            const char *id = ids + (first + i) * cell_bytes;
            rows[i] = (struct umm_store_row){.id = id,
                                             .id_bytes = strnlen(id, cell_bytes),
                                             .vector = vectors + (first + i) * store->dim,
                                             .timestamp_ns = timestamp_ns};
        }
        status = umm_store_put_rows(store, rows, n_now, UMM_STORE_PUT_ALL, &n_done, &n_older, err);
        *n_put += n_done;
    }
    return status;
}

enum umm_status umm_store_mark_inactive(struct umm_store *store, const void *id, size_t id_bytes,
                                        struct umm_error *err)
{
    if (store->server)
        return umm_store_server_mark_inactive(store, id, id_bytes, err);
    struct umm_store_key key;
    uint32_t position = UMM_STORE_NOWHERE;
    int64_t now_ns = 0;
    enum umm_status status = check_writer(store, err);
    if (status)
        return status;
    if (umm_store_make_key(store, id, id_bytes, &key))
        position = umm_store_find(store, &key);
    if (position == UMM_STORE_NOWHERE && store->is_jammed)
        return umm_store_refuse_index(store, err);
    if (position == UMM_STORE_NOWHERE ||
        umm_store_has_passed(umm_store_expires(store, position), &now_ns))
        return absent(store, id, id_bytes, err);
    if (umm_store_is_active(store, position)) {
        umm_store_set_active(store, position, false);
        umm_store_heap_push(store, UMM_STORE_BY_AGE, position);
        umm_store_publish(store);
    }
    return UMM_OK;
}

enum umm_status umm_store_evict(struct umm_store *store, struct umm_store_entry *entry,
                                struct umm_error *err)
{
    if (store->server)
        return umm_store_server_evict(store, entry, err);
    enum umm_status status = check_writer(store, err);
    if (status)
        return status;
    const bool is_done = umm_store_drop_oldest(store, entry);
    umm_store_publish(store);
    return is_done ? UMM_OK
                   : umm_error_set_path(err, UMM_ERR_ABSENT, store->path, "no entry is inactive");
}

enum umm_status umm_store_evict_expired(struct umm_store *store, uint64_t n_max,
                                        uint64_t *n_evicted, struct umm_error *err)
{
    if (store->server)
        return umm_store_server_evict_expired(store, n_max, n_evicted, err);
    *n_evicted = 0;
    enum umm_status status = check_writer(store, err);
    while (!status && *n_evicted < n_max && umm_store_drop_expired(store))
        ++*n_evicted;
    if (!status)
        umm_store_publish(store);
    return status;
}
