/* SPDX-License-Identifier: MIT */
/* Entries that expire. Every test runs in a scratch directory of its own. */
#include "store/store_verify.h"
#include "umm.h"
#include "umm/store.h"

#include "random.h"
#include "scratch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t MS = 1000000, HOUR = INT64_C(3600000000000);
static const int64_t NEVER = INT64_MAX;
enum { DIM = 3 };

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void create(uint64_t n, int64_t ttl_ns)
{
    const struct umm_store_options options = {.max_positions = n, .dim = DIM, .ttl_ns = ttl_ns};
    struct umm_error err;
    if (umm_store_create("s", &options, NULL, &err) != UMM_OK)
        fail_msg("%s", err.message);
}

static struct umm_store *open_store(enum umm_store_access access)
{
    struct umm_store *store;
    struct umm_error err;
    if (umm_store_open("s", access, NULL, &store, &err) != UMM_OK)
        fail_msg("%s: %s", err.path, err.message);
    return store;
}

static void close_store(struct umm_store *store)
{
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
}

/* One row; its values are all the first number of the id. */
static enum umm_status put_one(struct umm_store *store, const char *id, int64_t timestamp_ns,
                               int64_t ttl_ns)
{
    const float vector[DIM] = {(float)id[0], (float)id[0], (float)id[0]};
    const struct umm_store_row row = {.id = id,
                                      .id_bytes = strlen(id),
                                      .vector = vector,
                                      .timestamp_ns = timestamp_ns,
                                      .ttl_ns = ttl_ns};
    size_t n_put, n_older;
    return umm_store_put_rows(store, &row, 1, UMM_STORE_PUT_ALL, &n_put, &n_older, NULL);
}

static enum umm_status get(struct umm_store *store, const char *id, struct umm_store_entry *entry)
{
    float vector[DIM];
    enum umm_status status = umm_store_get(store, id, strlen(id), vector, entry, NULL);
    if (!status)
        assert_true(vector[0] == (float)id[0] && vector[2] == (float)id[0]);
    return status;
}

static enum umm_status mark(struct umm_store *store, const char *id)
{
    return umm_store_mark_inactive(store, id, strlen(id), NULL);
}

/* An entry that is still there, and has expired: nothing is waited for. */
static void put_expired(struct umm_store *store, const char *id, int64_t timestamp_ns)
{
    assert_int_equal(put_one(store, id, timestamp_ns, UMM_STORE_FOR_EVER), UMM_OK);
    assert_int_equal(put_one(store, id, timestamp_ns, MS), UMM_OK);
}

static struct umm_store_info info_of(struct umm_store *store)
{
    struct umm_store_info info;
    assert_int_equal(umm_store_info(store, &info, NULL), UMM_OK);
    return info;
}

static void assert_sound(struct umm_store *store)
{
    struct umm_store_verdict verdict;
    assert_int_equal(umm_store_verify(store, NULL, &verdict, NULL), UMM_OK);
    if (verdict.n_faults)
        fail_msg("%s", verdict.findings[0]);
}

/* ---- what readers see --------------------------------------------------------------------- */

static void an_entry_has_its_expiry(void **state)
{
    (void)state;
    struct umm_store_entry entry;
    const int64_t at = now();
    create(10, HOUR);
    struct umm_store *store = open_store(UMM_STORE_WRITE);
    assert_int_equal(info_of(store).ttl_ns, HOUR);
    const float vector[DIM] = {'a', 'a', 'a'};
    assert_int_equal(umm_store_put(store, "a", 1, vector, at, NULL), UMM_OK);
    assert_int_equal(get(store, "a", &entry), UMM_OK);
    assert_int_equal(entry.expires_ns, at + HOUR);
    assert_int_equal(put_one(store, "b", at, 2 * HOUR), UMM_OK);
    assert_int_equal(get(store, "b", &entry), UMM_OK);
    assert_int_equal(entry.expires_ns, at + 2 * HOUR);
    assert_int_equal(put_one(store, "c", at, UMM_STORE_FOR_EVER), UMM_OK);
    assert_int_equal(get(store, "c", &entry), UMM_OK);
    assert_int_equal(entry.expires_ns, NEVER);
    /* Past the last time there is; and a time before 1970. */
    assert_int_equal(put_one(store, "d", INT64_MAX - 5, HOUR), UMM_OK);
    assert_int_equal(get(store, "d", &entry), UMM_OK);
    assert_int_equal(entry.expires_ns, NEVER);
    assert_int_equal(put_one(store, "e", -HOUR, INT64_MAX), UMM_OK);
    assert_int_equal(get(store, "e", &entry), UMM_OK);
    assert_int_equal(entry.expires_ns, INT64_MAX - HOUR);
    assert_int_equal(put_one(store, "f", INT64_MIN, MS), UMM_OK);
    assert_int_equal(get(store, "f", &entry), UMM_ERR_ABSENT);
    assert_int_equal(put_one(store, "g", at, MS - 1), UMM_ERR_ARGUMENT);
    assert_int_equal(put_one(store, "g", at, -2), UMM_ERR_ARGUMENT);
    assert_sound(store);
    close_store(store);
}

/* n ids of 8 bytes each, all asked for at once: which are found. */
static void find_many(struct umm_store *store, const char *ids, size_t n, bool *is_found)
{
    float vectors[16][DIM];
    size_t n_found;
    assert_int_equal(umm_store_get_many(store, ids, 8, n, vectors[0], is_found, &n_found, NULL),
                     UMM_OK);
    for (size_t i = 0; i < n; i++)
        n_found -= is_found[i];
    assert_int_equal(n_found, 0);
}

static void what_has_expired_is_absent_for_all(void **state)
{
    (void)state;
    static const char ids[3][8] = {"a", "b", "c"};
    struct umm_store_entry entry;
    bool is_found[3];
    create(10, 0);
    struct umm_store *store = open_store(UMM_STORE_WRITE);
    struct umm_store *reader = open_store(UMM_STORE_READ);
    assert_int_equal(put_one(store, "a", now(), HOUR), UMM_OK);
    put_expired(store, "b", 5);
    assert_int_equal(put_one(store, "c", now(), UMM_STORE_FOR_EVER), UMM_OK);
    struct umm_store *both[] = {store, reader};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(get(both[i], "a", &entry), UMM_OK);
        assert_int_equal(get(both[i], "b", &entry), UMM_ERR_ABSENT);
        find_many(both[i], ids[0], 3, is_found);
        assert_true(is_found[0] && !is_found[1] && is_found[2]);
        assert_int_equal(umm_store_next(both[i], 1, &entry, NULL, NULL), UMM_OK);
        assert_string_equal(entry.id, "c");
        assert_int_equal(info_of(both[i]).n_entries, 2);
        assert_int_equal(info_of(both[i]).n_expired, 1);
    }
    assert_int_equal(mark(store, "b"), UMM_ERR_ABSENT);
    assert_int_equal(put_one(store, "b", now(), HOUR), UMM_OK);
    assert_int_equal(get(reader, "b", &entry), UMM_OK);
    assert_int_equal(info_of(reader).n_expired, 0);
    assert_sound(reader);
    close_store(reader);
    close_store(store);
}

/* Expiry comes by itself, while the store is open. */
static void an_entry_expires_in_time(void **state)
{
    (void)state;
    struct umm_store_entry entry;
    create(2, HOUR);
    struct umm_store *store = open_store(UMM_STORE_WRITE);
    struct umm_store *reader = open_store(UMM_STORE_READ);
    const int64_t at = now() - HOUR + 30 * MS;
    assert_int_equal(put_one(store, "a", at, UMM_STORE_TTL), UMM_OK);
    enum umm_status status;
    do {
        status = get(reader, "a", &entry);
        /* Not before its time: the clock is read after the look. */
        assert_true(status == UMM_OK || now() >= at + HOUR);
    } while (status == UMM_OK && now() < at + HOUR + 20000 * MS);
    assert_int_equal(status, UMM_ERR_ABSENT);
    close_store(reader);
    close_store(store);
}

/* ---- room ------------------------------------------------------------------------------------ */

static void room_is_that_of_the_expired_first(void **state)
{
    (void)state;
    struct umm_store_entry entry;
    uint64_t n;
    create(4, 0);
    struct umm_store *store = open_store(UMM_STORE_WRITE);
    assert_int_equal(put_one(store, "a", 1, UMM_STORE_FOR_EVER), UMM_OK);
    assert_int_equal(mark(store, "a"), UMM_OK);
    put_expired(store, "b", 20 * MS);
    put_expired(store, "c", 10 * MS);
    assert_int_equal(put_one(store, "d", 1, UMM_STORE_FOR_EVER), UMM_OK);
    /* c did so before b; then the oldest inactive; then nothing. */
    assert_int_equal(put_one(store, "e", 1, UMM_STORE_FOR_EVER), UMM_OK);
    assert_int_equal(get(store, "e", &entry), UMM_OK);
    assert_int_equal(entry.position, 2);
    assert_int_equal(put_one(store, "f", 1, UMM_STORE_FOR_EVER), UMM_OK);
    assert_int_equal(get(store, "f", &entry), UMM_OK);
    assert_int_equal(entry.position, 1);
    assert_int_equal(info_of(store).n_evictions, 0);
    /* What has expired already takes nobody's room. */
    assert_int_equal(put_one(store, "g", 1, MS), UMM_OK);
    assert_int_equal(get(store, "a", &entry), UMM_OK);
    assert_int_equal(put_one(store, "h", 1, UMM_STORE_FOR_EVER), UMM_OK);
    assert_int_equal(get(store, "a", &entry), UMM_ERR_ABSENT);
    assert_int_equal(info_of(store).n_evictions, 1);
    assert_int_equal(put_one(store, "i", 1, UMM_STORE_FOR_EVER), UMM_ERR_CONFLICT);
    assert_int_equal(put_one(store, "i", 1, MS), UMM_OK);
    assert_sound(store);
    /* Evict gives out what is there, not what has expired. */
    assert_int_equal(mark(store, "d"), UMM_OK);
    assert_int_equal(mark(store, "e"), UMM_OK);
    const float vector[DIM] = {'d', 'd', 'd'};
    const struct umm_store_row row = {.id = "d",
                                      .id_bytes = 1,
                                      .vector = vector,
                                      .timestamp_ns = 0,
                                      .ttl_ns = MS,
                                      .is_inactive = true};
    size_t n_put, n_older;
    assert_int_equal(umm_store_put_rows(store, &row, 1, UMM_STORE_PUT_ALL, &n_put, &n_older, NULL),
                     UMM_OK);
    assert_int_equal(umm_store_evict(store, &entry, NULL), UMM_OK);
    assert_string_equal(entry.id, "e");
    assert_int_equal(umm_store_evict(store, &entry, NULL), UMM_ERR_ABSENT);
    assert_int_equal(info_of(store).n_expired, 0);
    put_expired(store, "f", 1);
    put_expired(store, "h", 2);
    assert_int_equal(umm_store_evict_expired(store, 1, &n, NULL), UMM_OK);
    assert_int_equal(n, 1);
    assert_int_equal(info_of(store).n_expired, 1);
    assert_int_equal(umm_store_evict_expired(store, 10, &n, NULL), UMM_OK);
    assert_int_equal(n, 1);
    assert_int_equal(info_of(store).n_entries + info_of(store).n_expired, 0);
    assert_sound(store);
    close_store(store);
    store = open_store(UMM_STORE_READ);
    assert_int_equal(umm_store_evict_expired(store, 10, &n, NULL), UMM_ERR_ARGUMENT);
    assert_int_equal(n, 0);
    close_store(store);
}

static void an_older_row_is_passed_over(void **state)
{
    (void)state;
    static const float vector[DIM] = {1, 2, 3};
    struct umm_store_entry entry;
    struct umm_error err;
    const int64_t at = now();
    create(9, 0);
    struct umm_store *store = open_store(UMM_STORE_WRITE);
    const struct umm_store_row rows[] = {{"a", 1, vector, at, UMM_STORE_FOR_EVER, false},
                                         {"a", 1, vector, at, HOUR, false},
                                         {"a", 1, vector, at - 1, HOUR, false},
                                         {"b", 1, vector, at, MS, false},
                                         {"b", 1, vector, at + 1, HOUR, true},
                                         {"", 0, vector, at, MS, false}};
    size_t n_put, n_older;
    put_expired(store, "b", 500 * MS);
    assert_int_equal(
        umm_store_put_rows(store, rows, 6, UMM_STORE_PUT_NEWER, &n_put, &n_older, &err),
        UMM_ERR_ARGUMENT);
    assert_int_equal(n_put, 3);
    assert_int_equal(n_older, 2);
    assert_int_equal(umm_store_get(store, "a", 1, NULL, &entry, NULL), UMM_OK);
    assert_int_equal(entry.expires_ns, NEVER);
    assert_int_equal(umm_store_get(store, "b", 1, NULL, &entry, NULL), UMM_OK);
    assert_int_equal(entry.timestamp_ns, at + 1);
    assert_false(entry.is_active);
    /* Where only an older one is passed over, one of the same time is put. */
    assert_int_equal(
        umm_store_put_rows(store, rows + 1, 2, UMM_STORE_PUT_NOT_OLDER, &n_put, &n_older, &err),
        UMM_OK);
    assert_int_equal(n_put, 1);
    assert_int_equal(n_older, 1);
    assert_int_equal(umm_store_get(store, "a", 1, NULL, &entry, NULL), UMM_OK);
    assert_int_equal(entry.expires_ns, at + HOUR);
    /* That it has expired does not make it older. */
    put_expired(store, "c", 500 * MS);
    const struct umm_store_row late = {"c", 1, vector, 400 * MS, UMM_STORE_FOR_EVER, false};
    assert_int_equal(
        umm_store_put_rows(store, &late, 1, UMM_STORE_PUT_NEWER, &n_put, &n_older, &err), UMM_OK);
    assert_int_equal(n_older, 1);
    assert_int_equal(get(store, "c", &entry), UMM_ERR_ABSENT);
    assert_sound(store);
    close_store(store);
}

/* ---- against a list -------------------------------------------------------------------------- */

enum { IDS = 120 };

struct model {
    struct {
        bool is_there, is_active;
        int64_t timestamp_ns, expires_ns;
    } of[IDS];
    size_t n_max;
    int64_t now_ns; /* what expires does so far from it */
};

static bool is_alive(const struct model *m, int i)
{
    return m->of[i].is_there && m->of[i].expires_ns > m->now_ns;
}

static size_t n_there(const struct model *m)
{
    size_t n = 0;
    for (int i = 0; i < IDS; i++)
        n += m->of[i].is_there;
    return n;
}

static int first_expired(const struct model *m)
{
    int first = -1;
    for (int i = 0; i < IDS; i++)
        if (m->of[i].is_there && !is_alive(m, i) &&
            (first < 0 || m->of[i].expires_ns < m->of[first].expires_ns))
            first = i;
    return first;
}

static int oldest(const struct model *m)
{
    int first = -1;
    for (int i = 0; i < IDS; i++)
        if (is_alive(m, i) && !m->of[i].is_active &&
            (first < 0 || m->of[i].timestamp_ns < m->of[first].timestamp_ns))
            first = i;
    return first;
}

static void check_all(struct umm_store *store, const struct model *m)
{
    struct umm_store_entry entry;
    size_t n = 0, n_inactive = 0;
    for (int i = 0; i < IDS; i++) {
        char id[8];
        snprintf(id, sizeof id, "%d", i);
        assert_int_equal(get(store, id, &entry), is_alive(m, i) ? UMM_OK : UMM_ERR_ABSENT);
        if (!is_alive(m, i))
            continue;
        n++;
        n_inactive += !m->of[i].is_active;
        assert_int_equal(entry.is_active, m->of[i].is_active);
        assert_int_equal(entry.timestamp_ns, m->of[i].timestamp_ns);
        assert_int_equal(entry.expires_ns, m->of[i].expires_ns);
    }
    const struct umm_store_info info = info_of(store); /* of a store that grew: after a miss */
    assert_int_equal(info.n_entries, n);
    assert_int_equal(info.n_inactive, n_inactive);
    assert_int_equal(info.n_expired, n_there(m) - n);
    for (uint64_t at = 0; !umm_store_next(store, at, &entry, NULL, NULL); at = entry.position + 1)
        n--;
    assert_int_equal(n, 0);
    assert_sound(store);
}

/* A put of id i, whose outcome must be the model's. */
static void model_put(struct umm_store *store, struct model *m, int i, uint64_t r, int call)
{
    /* All times differ: an hour and more after now, or long ago. */
    const int64_t unique = 1 + (int64_t)call * 1000 + (int64_t)(r >> 50);
    const bool is_past = r >> 20 & 1;
    const int64_t ttl_ns = r >> 21 & 3 ? 2 * HOUR : UMM_STORE_FOR_EVER;
    const struct umm_store_row row = {
        .timestamp_ns = is_past ? unique * 1000 : m->now_ns + unique,
        .ttl_ns = ttl_ns,
        .is_inactive = (r >> 23 & 3) == 0,
    };
    const int64_t expires_ns = ttl_ns > 0 ? row.timestamp_ns + ttl_ns : NEVER;
    const bool is_newer_only = r >> 25 & 1, had = m->of[i].is_there;
    const bool is_older = is_newer_only && had && m->of[i].timestamp_ns >= row.timestamp_ns;
    const bool is_new = !is_older && !had && expires_ns > m->now_ns;
    bool fits = true;
    if (is_new && n_there(m) == m->n_max) {
        int gone = first_expired(m);
        if (gone < 0)
            gone = oldest(m);
        fits = gone >= 0;
        if (fits)
            m->of[gone].is_there = false;
    }
    char id[8];
    snprintf(id, sizeof id, "%d", i);
    const float vector[DIM] = {(float)id[0], (float)id[0], (float)id[0]};
    struct umm_store_row whole = row;
    whole.id = id;
    whole.id_bytes = strlen(id);
    whole.vector = vector;
    size_t n_put, n_older;
    assert_int_equal(umm_store_put_rows(store, &whole, 1,
                                        is_newer_only ? UMM_STORE_PUT_NEWER : UMM_STORE_PUT_ALL,
                                        &n_put, &n_older, NULL),
                     fits ? UMM_OK : UMM_ERR_CONFLICT);
    assert_int_equal(n_put, fits && !is_older);
    assert_int_equal(n_older, is_older);
    if (!fits || is_older || (!had && !is_new))
        return;
    m->of[i].is_there = true;
    m->of[i].is_active = !row.is_inactive;
    m->of[i].timestamp_ns = row.timestamp_ns;
    m->of[i].expires_ns = expires_ns;
}

static void model_evict(struct umm_store *store, struct model *m)
{
    struct umm_store_entry entry;
    int first = oldest(m);
    assert_int_equal(umm_store_evict(store, &entry, NULL), first < 0 ? UMM_ERR_ABSENT : UMM_OK);
    /* What has expired and is older goes with it. */
    for (int i = 0; i < IDS; i++)
        if (m->of[i].is_there && !is_alive(m, i) && !m->of[i].is_active &&
            (first < 0 || m->of[i].timestamp_ns < m->of[first].timestamp_ns))
            m->of[i].is_there = false;
    if (first < 0)
        return;
    assert_int_equal(atoi(entry.id), first);
    m->of[first].is_there = false;
}

static void model_sweep(struct umm_store *store, struct model *m, uint64_t n_max)
{
    uint64_t n, n_wanted = 0;
    for (int i; n_wanted < n_max && (i = first_expired(m)) >= 0; n_wanted++)
        m->of[i].is_there = false;
    assert_int_equal(umm_store_evict_expired(store, n_max, &n, NULL), UMM_OK);
    assert_int_equal(n, n_wanted);
}

static void agrees_with_a_list(void **state)
{
    (void)state;
    enum { CALLS = 6000 };
    uint64_t seed = 11;
    struct model m = {.n_max = 40, .now_ns = now()};
    create(m.n_max, HOUR);
    struct umm_store *store = open_store(UMM_STORE_WRITE);
    struct umm_store *reader = open_store(UMM_STORE_READ);
    for (int call = 0; call < CALLS; call++) {
        uint64_t r = xorshift64(&seed);
        int i = (int)((r >> 8) % IDS);
        char id[8];
        snprintf(id, sizeof id, "%d", i);
        switch (r % 16) {
        case 0:
        case 1:
        case 2:
            assert_int_equal(mark(store, id), is_alive(&m, i) ? UMM_OK : UMM_ERR_ABSENT);
            m.of[i].is_active &= !is_alive(&m, i);
            break;
        case 3: model_evict(store, &m); break;
        case 4:
            if (call % 5 == 0)
                model_sweep(store, &m, r >> 16 & 7);
            break;
        case 5:
            if (call % 37 == 0) {
                check_all(store, &m);
                check_all(reader, &m);
                close_store(store);
                if (call % 2)
                    assert_int_equal(unlink("s/index.umm"), 0);
                store = open_store(UMM_STORE_WRITE);
                check_all(store, &m);
                umm_store_close(reader, NULL);
                reader = open_store(UMM_STORE_READ);
            } else if (call % 41 == 0 && m.n_max < 100) {
                m.n_max += 7;
                assert_int_equal(umm_store_resize(store, m.n_max, NULL), UMM_OK);
            }
            break;
        default: model_put(store, &m, i, r, call);
        }
    }
    check_all(store, &m);
    check_all(reader, &m);
    assert_int_equal(info_of(reader).ttl_ns, HOUR);
    close_store(reader);
    close_store(store);
}

/* ---- how long, in files -----------------------------------------------------------------------
 */

static void assert_refused(const char *message)
{
    struct umm_store *store;
    struct umm_error err;
    assert_int_equal(umm_store_open("s", UMM_STORE_WRITE, NULL, &store, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, message);
    assert_null(store);
}

static void the_time_to_live_is_not_lost(void **state)
{
    (void)state;
    struct umm_error err;
    create(4, HOUR);
    create(4, HOUR);
    struct umm_store_options other = {.max_positions = 4, .dim = DIM, .ttl_ns = HOUR + MS};
    assert_int_equal(umm_store_create("s", &other, NULL, &err), UMM_ERR_CONFLICT);
    other.ttl_ns = 0;
    assert_int_equal(umm_store_create("s", &other, NULL, &err), UMM_ERR_CONFLICT);
    other.ttl_ns = MS - 1;
    assert_int_equal(umm_store_create("t", &other, NULL, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(access("t", F_OK), -1);
    /* Neither with another index nor without one. */
    assert_int_equal(unlink("s/index.umm"), 0);
    struct umm_store *store = open_store(UMM_STORE_WRITE);
    assert_int_equal(info_of(store).ttl_ns, HOUR);
    assert_int_equal(umm_store_resize(store, 9, NULL), UMM_OK);
    assert_int_equal(info_of(store).ttl_ns, HOUR);
    close_store(store);
    store = open_store(UMM_STORE_READ);
    assert_int_equal(info_of(store).ttl_ns, HOUR);
    close_store(store);
    /* Two that differ, and one that says nothing. */
    put("s/ttl.umm", "ttl_ns 3600000000001\n");
    assert_refused("says another time to live than the index: 3600000000001 ns, not 3600000000000");
    assert_int_equal(unlink("s/ttl.umm"), 0);
    assert_refused("says another time to live than the index: 0 ns, not 3600000000000");
    static const char *const bad[] = {"",
                                      "ttl_ns 3600000000000",
                                      "ttl_ns 36000000 00000\n",
                                      "ttl_ns 999999\n",
                                      "ttl_ns -3600000000000\n",
                                      "ttl_ns 99999999999999999999\n",
                                      "ttl_ns\n",
                                      "ttl_ns 0000000000000000000000000000000000003600000000000\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put("s/ttl.umm", bad[i]);
        assert_refused("is not the time to live of a feature store");
    }
    put("s/ttl.umm", "ttl_ns 3600000000000\n");
    close_store(open_store(UMM_STORE_WRITE));
}

/* ---- version 1
 * ----------------------------------------------------------------------------------- */

/* An array of n zero bytes after a header of 192 with this description. */
static void write_array(const char *path, const char *description, size_t n_bytes)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fwrite("\x93NUMPY\1\0\xb6\0", 1, 10, file);
    fprintf(file, "%-181s\n", description);
    for (size_t i = 0; i < n_bytes; i++)
        fputc(0, file);
    assert_int_equal(fclose(file), 0);
}

/* As it was made before there was a field for the expiry; the index is made from the slots. */
static void create_version_1(void)
{
    assert_int_equal(mkdir("s", 0777), 0);
    write_array("s/vectors.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3), }",
                4 * 3 * 4);
    write_array("s/slots.npy",
                "{'descr': [('id', '|S7'), ('active', '|b1'), ('timestamp', '<M8[ns]'), "
                "('generation', '<u4'), ('check', '<u4')], 'fortran_order': False, 'shape': (4,), "
                "}",
                4 * 24);
}

static void a_store_of_version_1_has_no_expiry(void **state)
{
    (void)state;
    struct umm_store_entry entry;
    struct umm_error err;
    uint64_t n;
    create_version_1();
    struct umm_store *store = open_store(UMM_STORE_WRITE);
    assert_int_equal(put_one(store, "a", 5, UMM_STORE_TTL), UMM_OK);
    assert_int_equal(put_one(store, "b", 6, UMM_STORE_FOR_EVER), UMM_OK);
    assert_int_equal(put_one(store, "b", 7, HOUR), UMM_ERR_UNSUPPORTED);
    assert_int_equal(get(store, "b", &entry), UMM_OK);
    assert_int_equal(entry.timestamp_ns, 6);
    assert_int_equal(entry.expires_ns, NEVER);
    assert_int_equal(mark(store, "a"), UMM_OK);
    assert_int_equal(umm_store_evict_expired(store, 10, &n, NULL), UMM_OK);
    assert_int_equal(n, 0);
    assert_sound(store);
    assert_int_equal(umm_store_resize(store, 6, NULL), UMM_OK);
    for (char id = 'c'; id < 'h'; id++)
        assert_int_equal(put_one(store, (char[]){id, 0}, 9, UMM_STORE_TTL), UMM_OK);
    assert_int_equal(get(store, "a", &entry), UMM_ERR_ABSENT);
    assert_sound(store);
    assert_int_equal(info_of(store).n_expired, 0);
    close_store(store);
    store = open_store(UMM_STORE_READ);
    assert_int_equal(get(store, "b", &entry), UMM_OK);
    assert_int_equal(info_of(store).n_entries, 6);
    assert_sound(store);
    close_store(store);
    /* The version that was before goes on with it: the index says 1. */
    FILE *file = fopen("s/index.umm", "rb");
    char head[12];
    assert_int_equal(fread(head, 1, sizeof head, file), sizeof head);
    fclose(file);
    assert_memory_equal(head, "UMMSTORE\1\0\0\0", sizeof head);
    const struct umm_store_options options = {
        .max_positions = 6, .dim = DIM, .id_max_bytes = 7, .ttl_ns = HOUR};
    assert_int_equal(umm_store_create("s", &options, NULL, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message,
                        "is there already, of version 1, whose entries cannot expire: export it, "
                        "and import that into a new store");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_entry_has_its_expiry, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(what_has_expired_is_absent_for_all, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(an_entry_expires_in_time, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(room_is_that_of_the_expired_first, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(an_older_row_is_passed_over, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(agrees_with_a_list, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(the_time_to_live_is_not_lost, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(a_store_of_version_1_has_no_expiry, enter_scratch,
                                        leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
