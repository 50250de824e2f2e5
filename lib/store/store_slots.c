/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/hash.h"
#include "store/store.h"
#include "sys/clock.h"
#include "umm/store.h"

/*
 * The last byte of a slot's last id word is not the id's but whether it is active. Words
 * are compared without it; byte order is what the last byte in memory is.
 */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static const uint64_t active_mask = UINT64_C(0xff) << 56, active_one = UINT64_C(1) << 56;
#else
static const uint64_t active_mask = 0xff, active_one = 1;
#endif

/* Where things are in a slot, in words of 8 bytes after the id's words. */
enum { TIMESTAMP = 0, EXPIRES = 1 };

static uint64_t *slot_of(const struct umm_store *store, uint32_t position)
{
    return (void *)(store->slots + position * store->slot_bytes);
}

static char *row_of(const struct umm_store *store, uint32_t position)
{
    return store->vectors + position * store->row_bytes;
}

static uint32_t *generation_of(const struct umm_store *store, uint64_t *slot)
{
    return (void *)(slot + store->tail_words);
}

static uint32_t *check_of(const struct umm_store *store, uint64_t *slot)
{
    return generation_of(store, slot) + 1;
}

static uint64_t load(const uint64_t *at)
{
    return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static void put(uint64_t *at, uint64_t word)
{
    __atomic_store_n(at, word, __ATOMIC_RELAXED);
}

/* ---- keys ---------------------------------------------------------------------- */

void umm_store_hash_key(const struct umm_store *store, struct umm_store_key *key)
{
    key->seed = store->seed;
    key->hash = umm_hash64(key->words, store->id_words * sizeof key->words[0], store->seed);
}

bool umm_store_make_key(const struct umm_store *store, const void *id, size_t id_bytes,
                        struct umm_store_key *key)
{
    const char *bytes = id;
    if (id_bytes == 0 || id_bytes >= store->id_words * sizeof key->words[0] || !bytes[id_bytes - 1])
        return false;
    for (size_t i = 0; i < store->id_words; i++)
        key->words[i] = 0;
    memcpy(key->words, bytes, id_bytes);
    umm_store_hash_key(store, key);
    return true;
}

bool umm_store_has_control(const char *id, size_t id_bytes)
{
    for (size_t i = 0; i < id_bytes; i++)
        if ((unsigned char)id[i] < 0x20 || id[i] == 0x7f)
            return true;
    return false;
}

/* ---- vectors: relaxed copies, by 8 bytes where rows are multiples of that ---------- */

static void copy_out(float *vector, const char *row, size_t row_bytes)
{
    char *out = (char *)vector;
    if (row_bytes % 8 == 0) {
        const uint64_t *words = (const void *)row;
        for (size_t i = 0; i < row_bytes / 8; i++) {
            uint64_t word = load(&words[i]);
            memcpy(out + 8 * i, &word, 8);
        }
        return;
    }
    const uint32_t *words = (const void *)row;
    for (size_t i = 0; i < row_bytes / 4; i++) {
        uint32_t word = __atomic_load_n(&words[i], __ATOMIC_RELAXED);
        memcpy(out + 4 * i, &word, 4);
    }
}

static void copy_in(char *row, const float *vector, size_t row_bytes)
{
    const char *in = (const char *)vector;
    if (row_bytes % 8 == 0) {
        uint64_t *words = (void *)row;
        for (size_t i = 0; i < row_bytes / 8; i++) {
            uint64_t word;
            memcpy(&word, in + 8 * i, 8);
            put(&words[i], word);
        }
        return;
    }
    uint32_t *words = (void *)row;
    for (size_t i = 0; i < row_bytes / 4; i++) {
        uint32_t word;
        memcpy(&word, in + 4 * i, 4);
        __atomic_store_n(&words[i], word, __ATOMIC_RELAXED);
    }
}

/* As a slot has it. */
static int64_t stored_expiry(int64_t expires_ns)
{
    return expires_ns == UMM_STORE_NEVER ? UMM_STORE_NAT : expires_ns;
}

/* Not with the index's seed, which is lost with the index. */
static uint32_t make_check(const struct umm_store *store, const struct umm_store_key *key,
                           int64_t timestamp_ns, int64_t expires_ns, const void *row)
{
    uint64_t words[UMM_STORE_ID_WORDS_MAX + 1];
    size_t n = store->id_words;
    memcpy(words, key->words, n * sizeof words[0]);
    if (store->has_expiry)
        words[n++] = (uint64_t)stored_expiry(expires_ns);
    uint64_t hash = umm_hash64(words, n * sizeof words[0], (uint64_t)timestamp_ns);
    return (uint32_t)umm_hash64(row, store->row_bytes, hash);
}

static int64_t load_expiry(const struct umm_store *store, const uint64_t *slot)
{
    if (!store->has_expiry)
        return UMM_STORE_NEVER;
    int64_t stored = (int64_t)load(&slot[store->id_words + EXPIRES]);
    return stored == UMM_STORE_NAT ? UMM_STORE_NEVER : stored;
}

bool umm_store_has_passed(int64_t expires_ns, int64_t *now_ns)
{
    if (expires_ns == UMM_STORE_NEVER)
        return false;
    if (!*now_ns)
        *now_ns = umm_clock_realtime_ns();
    return expires_ns <= *now_ns;
}

/* ---- reading ---------------------------------------------------------------------- */

static bool has_words(const uint64_t *slot, const uint64_t *words, size_t n)
{
    uint64_t difference = (load(&slot[n - 1]) & ~active_mask) ^ words[n - 1];
    for (size_t i = 0; i + 1 < n; i++)
        difference |= load(&slot[i]) ^ words[i];
    return difference == 0;
}

static bool is_empty(const struct umm_store *store, const uint64_t *slot)
{
    static const uint64_t none[UMM_STORE_ID_WORDS_MAX];
    return has_words(slot, none, store->id_words);
}

static void copy_entry(const struct umm_store *store, uint32_t position, const uint64_t *slot,
                       struct umm_store_entry *entry)
{
    size_t n = store->id_words;
    uint64_t words[UMM_STORE_ID_WORDS_MAX];
    for (size_t i = 0; i < n; i++)
        words[i] = load(&slot[i]);
    entry->is_active = words[n - 1] & active_mask;
    words[n - 1] &= ~active_mask;
    memcpy(entry->id, words, n * sizeof words[0]);
    entry->id_bytes = strnlen(entry->id, n * sizeof words[0]);
    entry->timestamp_ns = (int64_t)load(&slot[n + TIMESTAMP]);
    entry->position = position;
    entry->expires_ns = load_expiry(store, slot);
}

enum umm_store_reading umm_store_read(const struct umm_store *store, uint32_t position,
                                      const struct umm_store_key *key, int64_t *now_ns,
                                      struct umm_store_entry *entry, float *vector)
{
    uint64_t *slot = slot_of(store, position);
    const uint32_t *generation = generation_of(store, slot);
    uint32_t before = __atomic_load_n(generation, __ATOMIC_ACQUIRE);
    if (before % 2)
        return UMM_STORE_READ_TORN;
    bool is_it = key ? has_words(slot, key->words, store->id_words) : !is_empty(store, slot);
    int64_t expires_ns = is_it && now_ns ? load_expiry(store, slot) : UMM_STORE_NEVER;
    if (is_it && vector)
        copy_out(vector, row_of(store, position), store->row_bytes);
    if (is_it && entry) {
        copy_entry(store, position, slot, entry);
        entry->generation = before;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (__atomic_load_n(generation, __ATOMIC_RELAXED) != before)
        return UMM_STORE_READ_TORN;
    if (!is_it)
        return UMM_STORE_READ_OTHER;
    return umm_store_has_passed(expires_ns, now_ns) ? UMM_STORE_READ_EXPIRED : UMM_STORE_READ_OK;
}

enum umm_store_reading umm_store_read_checked(const struct umm_store *store, uint32_t position,
                                              struct umm_store_entry *entry, float *vector,
                                              bool *is_sound)
{
    uint64_t *slot = slot_of(store, position);
    const uint32_t *generation = generation_of(store, slot);
    uint32_t before = __atomic_load_n(generation, __ATOMIC_ACQUIRE);
    enum umm_store_reading reading = umm_store_read(store, position, NULL, NULL, entry, vector);
    uint32_t check = __atomic_load_n(check_of(store, slot), __ATOMIC_RELAXED);
    struct umm_store_key key;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (__atomic_load_n(generation, __ATOMIC_RELAXED) != before)
        return UMM_STORE_READ_TORN;
    *is_sound = check == 0;
    if (reading == UMM_STORE_READ_OK) {
        memcpy(key.words, entry->id, store->id_words * sizeof key.words[0]);
        *is_sound =
            check == make_check(store, &key, entry->timestamp_ns, entry->expires_ns, vector);
    }
    return reading;
}

void umm_store_prefetch(const struct umm_store *store, uint32_t position)
{
    const char *slot = (const char *)slot_of(store, position), *row = row_of(store, position);
    enum { LINE_BYTES = 64, LINES_MAX = 8 };
    __builtin_prefetch(slot);
    __builtin_prefetch(slot + store->slot_bytes - 1);
    for (size_t i = 0; i < store->row_bytes && i < (size_t)LINE_BYTES * LINES_MAX; i += LINE_BYTES)
        __builtin_prefetch(row + i);
}

/* ---- writing ----------------------------------------------------------------------- */

/* An odd generation, before the slot changes; what it is after that is one more. */
static uint32_t begin_write(uint32_t *generation)
{
    uint32_t odd = __atomic_load_n(generation, __ATOMIC_RELAXED) | 1;
    __atomic_store_n(generation, odd, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    return odd;
}

void umm_store_write(struct umm_store *store, uint32_t position, const struct umm_store_key *key,
                     const float *vector, const struct umm_store_stamp *stamp)
{
    uint64_t *slot = slot_of(store, position);
    uint32_t *generation = generation_of(store, slot);
    uint32_t odd = begin_write(generation);
    size_t n = store->id_words;
    for (size_t i = 0; i < n; i++)
        put(&slot[i], key->words[i] | (stamp->is_active && i == n - 1 ? active_one : 0));
    put(&slot[n + TIMESTAMP], (uint64_t)stamp->timestamp_ns);
    if (store->has_expiry)
        put(&slot[n + EXPIRES], (uint64_t)stored_expiry(stamp->expires_ns));
    copy_in(row_of(store, position), vector, store->row_bytes);
    uint32_t check = make_check(store, key, stamp->timestamp_ns, stamp->expires_ns, vector);
    __atomic_store_n(check_of(store, slot), check, __ATOMIC_RELAXED);
    __atomic_store_n(generation, odd + 1, __ATOMIC_RELEASE);
}

void umm_store_clear(struct umm_store *store, uint32_t position)
{
    uint64_t *slot = slot_of(store, position);
    uint32_t *generation = generation_of(store, slot);
    uint32_t odd = begin_write(generation);
    for (size_t i = 0; i < store->tail_words; i++)
        put(&slot[i], 0);
    __atomic_store_n(check_of(store, slot), 0, __ATOMIC_RELAXED);
    __atomic_store_n(generation, odd + 1, __ATOMIC_RELEASE);
}

void umm_store_set_active(struct umm_store *store, uint32_t position, bool is_active)
{
    uint64_t *last = slot_of(store, position) + store->id_words - 1;
    put(last, (load(last) & ~active_mask) | (is_active ? active_one : 0));
}

/* ---- for the writer ---------------------------------------------------------------- */

bool umm_store_is_taken(const struct umm_store *store, uint32_t position)
{
    return !is_empty(store, slot_of(store, position));
}

bool umm_store_is_active(const struct umm_store *store, uint32_t position)
{
    return load(&slot_of(store, position)[store->id_words - 1]) & active_mask;
}

bool umm_store_has_key(const struct umm_store *store, uint32_t position,
                       const struct umm_store_key *key)
{
    return has_words(slot_of(store, position), key->words, store->id_words);
}

int64_t umm_store_timestamp(const struct umm_store *store, uint32_t position)
{
    return (int64_t)load(&slot_of(store, position)[store->id_words + TIMESTAMP]);
}

int64_t umm_store_expires(const struct umm_store *store, uint32_t position)
{
    return load_expiry(store, slot_of(store, position));
}

bool umm_store_slot_key(const struct umm_store *store, uint32_t position, struct umm_store_key *key)
{
    const uint64_t *slot = slot_of(store, position);
    if (is_empty(store, slot))
        return false;
    memcpy(key->words, slot, store->id_words * sizeof key->words[0]);
    key->words[store->id_words - 1] &= ~active_mask;
    umm_store_hash_key(store, key);
    return true;
}

bool umm_store_is_whole(const struct umm_store *store, uint32_t position)
{
    uint64_t *slot = slot_of(store, position);
    struct umm_store_key key;
    if (*generation_of(store, slot) % 2)
        return false;
    if (!umm_store_slot_key(store, position, &key))
        return *check_of(store, slot) == 0;
    return *check_of(store, slot) == make_check(store, &key, umm_store_timestamp(store, position),
                                                load_expiry(store, slot), row_of(store, position));
}
