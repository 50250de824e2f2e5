/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "sys/clock.h"
#include "thread/mutex.h"
#include "umm.h"
#include "umm/mem.h"

enum { CAPACITY = 100, KEY_MAX_BYTES = 64, KNOWN_MAX = 4096, KNOWN_SHARE = 4 };
static const uint64_t TTL_NS = UINT64_C(1800) * 1000000000;

/* Entries are numbered in 32 bits, the number after the last being the list's head. */
static const size_t CAPACITY_MAX = UINT32_MAX / 4;

/* newer and older link all in use in a ring through the head, the free ones by older. */
struct entry {
    uint64_t hash;
    uint64_t expires_ns;
    uint32_t newer, older;
    size_t key_bytes;
};

struct umm_cache {
    struct umm_arena arena; /* of all that follows, this included */
    struct umm_cache_options options;
    struct umm_cache_stats stats;
    struct umm_mutex mutex;
    struct entry *entries; /* capacity, and the head */
    char *keys, *values;
    uint32_t head, first_free;
    /* Open addressing, linear probing, half full at most. 0 is empty. */
    uint32_t *places; /* 1 + number of the entry */
    size_t places_mask;
    uint64_t *known; /* hashes of keys seen */
    size_t known_mask, n_known;
};

/* ---- the list, most recently used first -------------------------------------- */

static void unlink_entry(struct umm_cache *cache, uint32_t n)
{
    struct entry *entry = &cache->entries[n];
    cache->entries[entry->newer].older = entry->older;
    cache->entries[entry->older].newer = entry->newer;
}

static void link_newest(struct umm_cache *cache, uint32_t n)
{
    struct entry *entry = &cache->entries[n], *head = &cache->entries[cache->head];
    entry->newer = cache->head;
    entry->older = head->older;
    cache->entries[head->older].newer = n;
    head->older = n;
}

/* ---- the table ---------------------------------------------------------------- */

static char *key_of(const struct umm_cache *cache, uint32_t n)
{
    return cache->keys + n * cache->options.key_max_bytes;
}

static char *value_of(const struct umm_cache *cache, uint32_t n)
{
    return cache->values + n * cache->options.value_bytes;
}

static bool is_key(const struct umm_cache *cache, uint32_t n, uint64_t hash, const void *key,
                   size_t key_bytes)
{
    const struct entry *entry = &cache->entries[n];
    return entry->hash == hash && entry->key_bytes == key_bytes &&
           memcmp(key_of(cache, n), key, key_bytes) == 0;
}

/* The place of the key, or the empty one where it would be put. */
static size_t find_place(const struct umm_cache *cache, uint64_t hash, const void *key,
                         size_t key_bytes)
{
    size_t place = hash & cache->places_mask;
    while (cache->places[place] && !is_key(cache, cache->places[place] - 1, hash, key, key_bytes))
        place = (place + 1) & cache->places_mask;
    return place;
}

/* Empty a place; entries after it that would no longer be found move up (Knuth, 6.4 R). */
static void empty_place(struct umm_cache *cache, size_t place)
{
    size_t mask = cache->places_mask;
    for (size_t next = (place + 1) & mask; cache->places[next]; next = (next + 1) & mask) {
        size_t home = cache->entries[cache->places[next] - 1].hash & mask;
        if (((next - home) & mask) < ((next - place) & mask))
            continue;
        cache->places[place] = cache->places[next];
        place = next;
    }
    cache->places[place] = 0;
}

static void remove_entry(struct umm_cache *cache, size_t place)
{
    uint32_t n = cache->places[place] - 1;
    empty_place(cache, place);
    unlink_entry(cache, n);
    cache->entries[n].older = cache->first_free;
    cache->first_free = n;
    cache->stats.n_entries--;
}

/* ---- keys seen ------------------------------------------------------------------ */

enum knowledge { KEY_KNOWN, KEY_NEW, KEY_UNCLEAR };

/* Whether the key was seen before; from now on it was, if there is room to know. */
static enum knowledge get_to_know(struct umm_cache *cache, uint64_t hash)
{
    uint64_t mark = hash ? hash : 1;
    size_t at = hash & cache->known_mask;
    while (cache->known[at] && cache->known[at] != mark)
        at = (at + 1) & cache->known_mask;
    if (cache->known[at])
        return KEY_KNOWN;
    if (cache->n_known == cache->options.known_max)
        return KEY_UNCLEAR;
    cache->known[at] = mark;
    cache->n_known++;
    return KEY_NEW;
}

static void count_miss(struct umm_cache *cache, uint64_t hash)
{
    enum knowledge knowledge = get_to_know(cache, hash);
    cache->stats.n_misses++;
    cache->stats.n_compulsory_misses += knowledge == KEY_NEW;
    cache->stats.n_unclassified_misses += knowledge == KEY_UNCLEAR;
}

/* ---- creation ------------------------------------------------------------------- */

static uint64_t monotonic_ns(void *user)
{
    (void)user;
    return umm_clock_monotonic_ns();
}

/* The least power of two that is at least 2 n, less one. */
static size_t table_mask(size_t n)
{
    size_t size = 2;
    while (size / 2 < n)
        size *= 2;
    return size - 1;
}

static enum umm_status set_options(struct umm_cache_options *options, struct umm_error *err)
{
    if (!options->capacity)
        options->capacity = CAPACITY;
    if (!options->key_max_bytes)
        options->key_max_bytes = KEY_MAX_BYTES;
    if (!options->ttl_ns)
        options->ttl_ns = TTL_NS;
    if (!options->clock_ns)
        options->clock_ns = monotonic_ns;
    if (options->value_bytes == 0)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "a cache needs the size of its values");
    if (options->capacity > CAPACITY_MAX || options->known_max > CAPACITY_MAX)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "a cache has at most %zu entries",
                             CAPACITY_MAX);
    if (!options->known_max)
        options->known_max = options->capacity * KNOWN_SHARE > KNOWN_MAX
                                 ? options->capacity * KNOWN_SHARE
                                 : KNOWN_MAX;
    return UMM_OK;
}

static void forget_all(struct umm_cache *cache)
{
    size_t capacity = cache->options.capacity;
    memset(cache->places, 0, (cache->places_mask + 1) * sizeof *cache->places);
    for (uint32_t n = 0; n < capacity; n++)
        cache->entries[n].older = n + 1; /* the head ends the free ones */
    cache->first_free = 0;
    cache->head = (uint32_t)capacity;
    cache->entries[cache->head].newer = cache->entries[cache->head].older = cache->head;
    cache->stats.n_entries = 0;
}

enum umm_status umm_cache_open(const struct umm_cache_options *options, struct umm_cache **out,
                               struct umm_error *err)
{
    struct umm_cache_options set = *options;
    struct umm_arena arena = {0};
    *out = NULL;
    enum umm_status status = set_options(&set, err);
    if (status)
        return status;
    size_t places_mask = table_mask(set.capacity), known_mask = table_mask(set.known_max);
    struct umm_cache *cache = umm_arena_alloc(&arena, sizeof *cache);
    struct entry *entries = umm_arena_alloc_array(&arena, set.capacity + 1, sizeof *entries);
    char *keys = umm_arena_alloc_array(&arena, set.capacity, set.key_max_bytes);
    char *values = umm_arena_alloc_array(&arena, set.capacity, set.value_bytes);
    uint32_t *places = umm_arena_alloc_array(&arena, places_mask + 1, sizeof *places);
    uint64_t *known = umm_arena_alloc_array(&arena, known_mask + 1, sizeof *known);
    status = umm_arena_check(&arena, "a cache", err);
    if (status) {
        umm_arena_close(&arena);
        return status;
    }
    cache->arena = arena;
    cache->options = set;
    cache->entries = entries;
    cache->keys = keys;
    cache->values = values;
    cache->places = places;
    cache->places_mask = places_mask;
    cache->known = known;
    cache->known_mask = known_mask;
    umm_mutex_init(&cache->mutex, set.is_locked);
    forget_all(cache);
    *out = cache;
    return UMM_OK;
}

void umm_cache_close(struct umm_cache *cache)
{
    if (!cache)
        return;
    struct umm_arena arena = cache->arena;
    umm_mutex_free(&cache->mutex);
    umm_arena_close(&arena);
}

/* ---- use ------------------------------------------------------------------------ */

static uint64_t now_ns(const struct umm_cache *cache)
{
    return cache->options.clock_ns(cache->options.clock_user);
}

static bool get(struct umm_cache *cache, uint64_t hash, const void *key, size_t key_bytes,
                void *value)
{
    size_t place = find_place(cache, hash, key, key_bytes);
    bool is_there = cache->places[place];
    if (is_there && cache->entries[cache->places[place] - 1].expires_ns <= now_ns(cache)) {
        cache->stats.n_expirations++;
        remove_entry(cache, place);
        is_there = false;
    }
    if (!is_there) {
        count_miss(cache, hash);
        return false;
    }
    uint32_t n = cache->places[place] - 1;
    unlink_entry(cache, n);
    link_newest(cache, n);
    memcpy(value, value_of(cache, n), cache->options.value_bytes);
    cache->stats.n_hits++;
    return true;
}

bool umm_cache_get(struct umm_cache *cache, const void *key, size_t key_bytes, void *value)
{
    uint64_t hash = umm_hash64(key, key_bytes, 0);
    umm_mutex_lock(&cache->mutex);
    bool is_hit = get(cache, hash, key, key_bytes, value);
    umm_mutex_unlock(&cache->mutex);
    return is_hit;
}

/* Make room by removing the least recently used entry. */
static void evict(struct umm_cache *cache, uint64_t now)
{
    uint32_t n = cache->entries[cache->head].newer;
    const struct entry *entry = &cache->entries[n];
    if (entry->expires_ns <= now)
        cache->stats.n_expirations++;
    else
        cache->stats.n_evictions++;
    remove_entry(cache, find_place(cache, entry->hash, key_of(cache, n), entry->key_bytes));
}

/* A new entry for a key that has none. */
static uint32_t add_entry(struct umm_cache *cache, uint64_t hash, const void *key, size_t key_bytes,
                          uint64_t now)
{
    (void)get_to_know(cache, hash);
    if (cache->first_free == cache->head)
        evict(cache, now);
    uint32_t n = cache->first_free;
    struct entry *entry = &cache->entries[n];
    cache->first_free = entry->older;
    entry->hash = hash;
    entry->key_bytes = key_bytes;
    memcpy(key_of(cache, n), key, key_bytes);
    /* Only now, for the eviction may have moved places. */
    size_t place = hash & cache->places_mask;
    while (cache->places[place])
        place = (place + 1) & cache->places_mask;
    cache->places[place] = n + 1;
    cache->stats.n_entries++;
    return n;
}

static void put(struct umm_cache *cache, uint64_t hash, const void *key, size_t key_bytes,
                const void *value)
{
    uint64_t now = now_ns(cache), ttl = cache->options.ttl_ns;
    size_t place = find_place(cache, hash, key, key_bytes);
    uint32_t n;
    if (cache->places[place]) {
        n = cache->places[place] - 1;
        unlink_entry(cache, n);
    } else {
        n = add_entry(cache, hash, key, key_bytes, now);
    }
    link_newest(cache, n);
    cache->entries[n].expires_ns = now > UINT64_MAX - ttl ? UINT64_MAX : now + ttl;
    memcpy(value_of(cache, n), value, cache->options.value_bytes);
}

enum umm_status umm_cache_put(struct umm_cache *cache, const void *key, size_t key_bytes,
                              const void *value, struct umm_error *err)
{
    if (key_bytes > cache->options.key_max_bytes)
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "a key of %zu bytes is too long for a cache of keys up to %zu",
                             key_bytes, cache->options.key_max_bytes);
    uint64_t hash = umm_hash64(key, key_bytes, 0);
    umm_mutex_lock(&cache->mutex);
    put(cache, hash, key, key_bytes, value);
    umm_mutex_unlock(&cache->mutex);
    return UMM_OK;
}

bool umm_cache_remove(struct umm_cache *cache, const void *key, size_t key_bytes)
{
    uint64_t hash = umm_hash64(key, key_bytes, 0);
    umm_mutex_lock(&cache->mutex);
    size_t place = find_place(cache, hash, key, key_bytes);
    bool is_there = cache->places[place];
    if (is_there)
        remove_entry(cache, place);
    umm_mutex_unlock(&cache->mutex);
    return is_there;
}

void umm_cache_clear(struct umm_cache *cache)
{
    umm_mutex_lock(&cache->mutex);
    forget_all(cache);
    umm_mutex_unlock(&cache->mutex);
}

void umm_cache_stats(struct umm_cache *cache, struct umm_cache_stats *stats)
{
    umm_mutex_lock(&cache->mutex);
    *stats = cache->stats;
    umm_mutex_unlock(&cache->mutex);
}
