/* SPDX-License-Identifier: MIT */
#include "umm.h"
#include "umm/mem.h"

#include "random.h"
#include "tasks.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t second_ns = 1000000000;

static uint64_t read_clock(void *user)
{
    return *(uint64_t *)user;
}

/* ---- the slow reference: a list of entries, newest use last -------------------- */

enum { MODEL_MAX = 200, KEYS_MAX = 5000 };

struct model {
    size_t capacity, n, known_max, n_known;
    uint64_t ttl_ns;
    struct {
        unsigned key;
        uint64_t value, put_ns;
    } entry[MODEL_MAX];
    bool is_known[KEYS_MAX];
    struct umm_cache_stats stats;
};

static bool model_know(struct model *m, unsigned key, bool *is_unclear)
{
    *is_unclear = false;
    if (m->is_known[key])
        return true;
    *is_unclear = m->n_known == m->known_max;
    if (!*is_unclear) {
        m->is_known[key] = true;
        m->n_known++;
    }
    return false;
}

static void model_drop(struct model *m, size_t i)
{
    memmove(&m->entry[i], &m->entry[i + 1], (m->n - i - 1) * sizeof m->entry[0]);
    m->n--;
}

static size_t model_find(const struct model *m, unsigned key)
{
    size_t i = 0;
    while (i < m->n && m->entry[i].key != key)
        i++;
    return i;
}

static void model_add(struct model *m, unsigned key, uint64_t value, uint64_t put_ns)
{
    m->entry[m->n].key = key;
    m->entry[m->n].value = value;
    m->entry[m->n].put_ns = put_ns;
    m->n++;
}

static bool model_get(struct model *m, unsigned key, uint64_t now, uint64_t *value)
{
    size_t i = model_find(m, key);
    bool is_unclear;
    if (i < m->n && now - m->entry[i].put_ns >= m->ttl_ns) {
        m->stats.n_expirations++;
        model_drop(m, i);
        i = m->n;
    }
    if (i == m->n) {
        bool is_known = model_know(m, key, &is_unclear);
        m->stats.n_misses++;
        m->stats.n_unclassified_misses += is_unclear;
        m->stats.n_compulsory_misses += !is_known && !is_unclear;
        return false;
    }
    uint64_t put_ns = m->entry[i].put_ns;
    *value = m->entry[i].value;
    m->stats.n_hits++;
    model_drop(m, i);
    model_add(m, key, *value, put_ns);
    return true;
}

static void model_put(struct model *m, unsigned key, uint64_t value, uint64_t now)
{
    size_t i = model_find(m, key);
    bool is_unclear;
    if (i < m->n) {
        model_drop(m, i);
    } else {
        (void)model_know(m, key, &is_unclear);
        if (m->n == m->capacity) {
            if (now - m->entry[0].put_ns >= m->ttl_ns)
                m->stats.n_expirations++;
            else
                m->stats.n_evictions++;
            model_drop(m, 0);
        }
    }
    model_add(m, key, value, now);
}

/* Keys of every length up to 64 bytes, that differ in their first or last bytes. */
static size_t make_key(unsigned key, char out[64])
{
    memset(out, 'k', 64);
    memcpy(out, &key, sizeof key);
    size_t len = sizeof key + key % 61;
    memcpy(out + len - sizeof key, &key, sizeof key);
    return len;
}

static void run_against_model(uint64_t seed, size_t capacity, unsigned n_keys, size_t known_max)
{
    uint64_t now = 5;
    struct model *m = calloc(1, sizeof *m);
    struct umm_cache *cache;
    struct umm_cache_stats stats;
    struct umm_cache_options options = {.capacity = capacity,
                                        .value_bytes = sizeof(uint64_t),
                                        .ttl_ns = 100,
                                        .known_max = known_max,
                                        .clock_ns = read_clock,
                                        .clock_user = &now};
    m->capacity = capacity;
    m->ttl_ns = 100;
    m->known_max = known_max;
    assert_int_equal(umm_cache_open(&options, &cache, NULL), UMM_OK);
    for (int call = 0; call < 20000; call++) {
        uint64_t r = xorshift64(&seed), value = r, a = 1, b = 1;
        /* Some keys are asked for much more often than others. */
        unsigned key = (unsigned)(r % n_keys * (r >> 20 & 1023) / 1024);
        char text[64];
        size_t len = make_key(key, text);
        now += r >> 60;
        switch (r >> 40 & 7) {
        case 0:
        case 1:
        case 2:
            assert_int_equal(umm_cache_put(cache, text, len, &value, NULL), UMM_OK);
            model_put(m, key, value, now);
            break;
        case 3:
            if ((r >> 50 & 15) == 0) {
                size_t i = model_find(m, key);
                assert_int_equal(umm_cache_remove(cache, text, len), i < m->n);
                if (i < m->n)
                    model_drop(m, i);
            } else if ((r >> 50 & 1023) == 1) {
                umm_cache_clear(cache);
                m->n = 0;
            }
            break;
        default:
            assert_int_equal(umm_cache_get(cache, text, len, &a), model_get(m, key, now, &b));
            assert_int_equal(a, b);
        }
        m->stats.n_entries = m->n;
        umm_cache_stats(cache, &stats);
        assert_memory_equal(&stats, &m->stats, sizeof stats);
    }
    umm_cache_close(cache);
    free(m);
}

static void agrees_with_the_slow_reference(void **state)
{
    (void)state;
    run_against_model(1, 1, 3, 100);
    run_against_model(2, 2, 5, 3);
    run_against_model(3, 7, 12, 5000);
    run_against_model(4, 100, 150, 5000);
    run_against_model(5, 100, 1000, 400);
    run_against_model(6, 128, 5000, 4096);
    run_against_model(7, 199, 230, 229);
}

static void defaults_are_100_entries_for_1800_seconds(void **state)
{
    (void)state;
    uint64_t now = 0;
    struct umm_cache *cache;
    struct umm_cache_stats stats;
    struct umm_cache_options options = {
        .value_bytes = 4, .clock_ns = read_clock, .clock_user = &now};
    int value = 7, found = 0;
    assert_int_equal(umm_cache_open(&options, &cache, NULL), UMM_OK);
    for (unsigned i = 0; i < 101; i++)
        assert_int_equal(umm_cache_put(cache, &i, sizeof i, &value, NULL), UMM_OK);
    umm_cache_stats(cache, &stats);
    assert_int_equal(stats.n_entries, 100);
    assert_int_equal(stats.n_evictions, 1);
    assert_false(umm_cache_get(cache, &(unsigned){0}, 4, &found));
    now = 1800 * second_ns - 1;
    assert_true(umm_cache_get(cache, &(unsigned){1}, 4, &found));
    assert_int_equal(found, 7);
    now++;
    assert_false(umm_cache_get(cache, &(unsigned){1}, 4, &found));
    umm_cache_stats(cache, &stats);
    assert_int_equal(stats.n_misses, 2);
    assert_int_equal(stats.n_compulsory_misses, 0);
    assert_int_equal(stats.n_expirations, 1);
    umm_cache_close(cache);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    struct umm_cache *cache;
    struct umm_error err;
    struct umm_cache_options none = {0}, huge = {.value_bytes = 1, .capacity = SIZE_MAX};
    struct umm_cache_options wide = {.value_bytes = SIZE_MAX / 8};
    assert_int_equal(umm_cache_open(&none, &cache, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "a cache needs the size of its values");
    assert_int_equal(umm_cache_open(&huge, &cache, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_cache_open(&wide, &cache, &err), UMM_ERR_MEMORY);
    assert_null(cache);
    umm_cache_close(cache);
    struct umm_cache_options small = {.value_bytes = 1, .key_max_bytes = 3};
    assert_int_equal(umm_cache_open(&small, &cache, &err), UMM_OK);
    assert_int_equal(umm_cache_put(cache, "abc", 3, "x", &err), UMM_OK);
    assert_int_equal(umm_cache_put(cache, "abcd", 4, "x", &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "a key of 4 bytes is too long for a cache of keys up to 3");
    assert_false(umm_cache_get(cache, "abcd", 4, &(char){0}));
    assert_int_equal(umm_cache_put(cache, "", 0, "y", &err), UMM_OK);
    char value = 0;
    assert_true(umm_cache_get(cache, "", 0, &value));
    assert_int_equal(value, 'y');
    umm_cache_close(cache);
}

static void nothing_is_allocated_after_creation(void **state)
{
    (void)state;
    struct umm_cache *cache;
    struct umm_cache_options options = {.value_bytes = 100};
    char value[100] = "";
    assert_int_equal(umm_cache_open(&options, &cache, NULL), UMM_OK);
    struct mallinfo2 before = mallinfo2();
    for (unsigned i = 0; i < 100000; i++) {
        unsigned key = i * 2654435761u % 300;
        if (!umm_cache_get(cache, &key, sizeof key, value))
            assert_int_equal(umm_cache_put(cache, &key, sizeof key, value, NULL), UMM_OK);
    }
    struct mallinfo2 after = mallinfo2();
    assert_int_equal(before.uordblks + before.hblkhd, after.uordblks + after.hblkhd);
    umm_cache_close(cache);
}

/* ---- threads -------------------------------------------------------------------- */

struct pair {
    uint64_t a, b;
};

static void *use_it(void *user)
{
    struct umm_cache *cache = user;
    uint64_t seed = (uintptr_t)&seed;
    for (int i = 0; i < 30000; i++) {
        uint64_t key = xorshift64(&seed) % 150;
        struct pair pair = {key, ~key};
        if (!umm_cache_get(cache, &key, sizeof key, &pair))
            (void)!umm_cache_put(cache, &key, sizeof key, &pair, NULL);
        if (pair.a != key || pair.b != ~key)
            return user;
    }
    return NULL;
}

static void a_locked_one_serves_threads(void **state)
{
    (void)state;
    struct umm_cache *cache;
    struct umm_cache_stats stats;
    struct umm_cache_options options = {.value_bytes = sizeof(struct pair), .is_locked = true};
    assert_int_equal(umm_cache_open(&options, &cache, NULL), UMM_OK);
    run_in_four_threads(use_it, cache);
    umm_cache_stats(cache, &stats);
    assert_int_equal(stats.n_hits + stats.n_misses, 4 * 30000);
    umm_cache_close(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_slow_reference),
        cmocka_unit_test(defaults_are_100_entries_for_1800_seconds),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(nothing_is_allocated_after_creation),
        cmocka_unit_test(a_locked_one_serves_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
