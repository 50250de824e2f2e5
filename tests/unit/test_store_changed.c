/* SPDX-License-Identifier: MIT */
/*
 * Another program writes the files of a store while this one has them mapped. Every test runs
 * in a scratch directory of its own as working directory.
 */
#include "store/store_look.h"
#include "store/store_verify.h"
#include "umm/store.h"

#include "random.h"
#include "scratch.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { DIM = 4, HEAD_BYTES = 4096 };

/* Words of the head, as an attacker knows them. */
enum {
    LOG2_WORD = 5,
    TURN_WORD = 7,
    FILLED,
    USED,
    ENTRIES,
    INACTIVE,
    FREE,
    PUTS,
    EVICTIONS,
    EXPIRING
};

/* One of the store's files as another program has it. */
struct other {
    char *bytes;
    size_t len_bytes;
};

static struct other map(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    char *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(bytes != MAP_FAILED);
    (void)close(fd);
    return (struct other){bytes, (size_t)st.st_size};
}

static void unmap(const struct other *other)
{
    assert_int_equal(munmap(other->bytes, other->len_bytes), 0);
}

static uint64_t *word(const struct other *index, int number)
{
    return (uint64_t *)(void *)index->bytes + number;
}

static struct umm_store *open_store(enum umm_store_access access)
{
    struct umm_store *store;
    struct umm_error err;
    if (umm_store_open("s", access, NULL, &store, &err) != UMM_OK)
        fail_msg("%s: %s", err.path, err.message);
    return store;
}

/* A store of n positions and a writer of it. */
static struct umm_store *make(uint64_t n)
{
    const struct umm_store_options options = {.max_positions = n, .dim = DIM};
    assert_int_equal(umm_store_create("s", &options, NULL, NULL), UMM_OK);
    return open_store(UMM_STORE_WRITE);
}

static size_t make_id(char out[32], unsigned id)
{
    return (size_t)snprintf(out, 32, "id-%u", id);
}

static enum umm_status put_id(struct umm_store *store, unsigned id, struct umm_error *err)
{
    const float vector[DIM] = {(float)id};
    char text[32];
    size_t len = make_id(text, id);
    return umm_store_put(store, text, len, vector, (int64_t)id, err);
}

static bool mark(struct umm_store *store, unsigned id)
{
    char text[32];
    size_t len = make_id(text, id);
    return umm_store_mark_inactive(store, text, len, NULL) == UMM_OK;
}

static bool has(struct umm_store *store, unsigned id)
{
    float vector[DIM];
    char text[32];
    size_t len = make_id(text, id);
    return !umm_store_get(store, text, len, vector, NULL, NULL) && vector[0] == (float)id;
}

/* ---- counts ------------------------------------------------------------------------------ */

/* A writer's counts are its own: what another program writes there is written over. */
static void counts_of_the_head_are_not_trusted(void **state)
{
    (void)state;
    enum { N = 50 };
    static const uint64_t wild[] = {0,
                                    1,
                                    N - 1,
                                    N,
                                    N + 1,
                                    100000,
                                    77,
                                    1000000000,
                                    UINT32_MAX,
                                    UINT64_MAX,
                                    INT64_MAX,
                                    UINT64_C(1) << 63,
                                    UINT64_MAX - N};
    struct umm_store *store = make(N);
    struct other index = map("s/index.umm");
    struct umm_store_entry entry;
    struct umm_store_info info;
    unsigned n = 0;
    uint64_t seed = 5;
    for (unsigned i = 0; i < 3000; i++) {
        for (int k = FILLED; k <= EXPIRING; k++)
            *word(&index, k) = wild[xorshift64(&seed) % (sizeof wild / sizeof *wild)];
        if (n == N || i % 7 == 6) {
            assert_true(mark(store, i - 1));
            *word(&index, INACTIVE) = wild[xorshift64(&seed) % (sizeof wild / sizeof *wild)];
            *word(&index, FREE) = wild[xorshift64(&seed) % (sizeof wild / sizeof *wild)];
            assert_int_equal(umm_store_evict(store, &entry, NULL), UMM_OK);
            assert_int_equal(entry.timestamp_ns, i - 1);
            n--;
        }
        assert_int_equal(put_id(store, i, NULL), UMM_OK);
        n++;
        assert_true(has(store, i));
    }
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    unmap(&index);
    struct umm_store_verdict verdict;
    store = open_store(UMM_STORE_READ);
    assert_int_equal(umm_store_info(store, &info, NULL), UMM_OK);
    assert_int_equal(info.n_entries, n);
    assert_int_equal(umm_store_verify(store, NULL, &verdict, NULL), UMM_OK);
    assert_int_equal(verdict.n_faults, 0);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
}

/* A sum of both that wraps around, and a place far outside. */
static void a_free_position_is_pushed_within(void **state)
{
    (void)state;
    struct umm_store *store = make(50);
    struct other index = map("s/index.umm");
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(put_id(store, i, NULL), UMM_OK);
    assert_true(mark(store, 3));
    *word(&index, FREE) = -UINT64_C(1000000000);
    *word(&index, INACTIVE) = UINT64_C(1000000010);
    assert_int_equal(umm_store_evict(store, NULL, NULL), UMM_OK);
    assert_int_equal(put_id(store, 11, NULL), UMM_OK);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    unmap(&index);
}

/* ---- the head between check and use -------------------------------------------------------- */

struct toggle {
    uint64_t *at, good, bad;
    int is_over;
};

static void *toggle(void *user)
{
    struct toggle *t = user;
    while (!__atomic_load_n(&t->is_over, __ATOMIC_RELAXED)) {
        for (int i = 0; i < 100; i++)
            __atomic_store_n(t->at, t->bad, __ATOMIC_RELAXED);
        for (int i = 0; i < 100; i++)
            __atomic_store_n(t->at, t->good, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void the_shape_is_read_once(void **state)
{
    (void)state;
    enum { OPENS = 4000 };
    struct umm_store *store = make(50);
    assert_int_equal(put_id(store, 1, NULL), UMM_OK);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    struct other index = map("s/index.umm");
    uint64_t good = *word(&index, LOG2_WORD);
    struct toggle t = {.at = word(&index, LOG2_WORD), .good = good, .bad = good + 30};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, toggle, &t), 0);
    unsigned n = 0;
    for (int i = 0; i < OPENS; i++) {
        struct umm_error err;
        enum umm_status status = umm_store_open("s", UMM_STORE_READ, NULL, &store, &err);
        if (status) {
            assert_int_equal(status, UMM_ERR_DATA);
            continue;
        }
        n += has(store, 1);
        assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    }
    __atomic_store_n(&t.is_over, 1, __ATOMIC_RELAXED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(n > 0);
    unmap(&index);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void fill_tables(const struct other *index, size_t n_entries, uint32_t entry)
{
    uint32_t *table = (uint32_t *)(void *)(index->bytes + HEAD_BYTES);
    for (size_t i = 0; i < 2 * n_entries; i++)
        table[i] = entry;
}

/* Neither a search nor an insertion ends at an empty entry: there is none. */
static void a_table_without_an_empty_entry_is_made_again(void **state)
{
    (void)state;
    struct umm_store *store = make(50); /* tables of 128 */
    struct other index = map("s/index.umm");
    struct umm_error err;
    float vector[DIM];
    struct umm_store_entry entry;
    struct umm_store_verdict verdict;
    bool is_found;
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(put_id(store, i, NULL), UMM_OK);
    struct umm_store *reader = open_store(UMM_STORE_READ);
    for (int k = 0; k < 3; k++) {
        fill_tables(&index, 128, k == 0 ? UINT32_MAX : 0x7777);
        assert_false(has(reader, 3));
        assert_int_equal(umm_store_get_sound(reader, "id-3", 4, vector, &entry, &is_found, &err),
                         UMM_ERR_DATA);
        assert_string_equal(err.message,
                            "is damaged, or another program writes it; the next command that "
                            "writes to the store makes it again");
        assert_int_equal(umm_store_verify(reader, NULL, &verdict, NULL), UMM_OK);
        assert_true(verdict.n_lost > 0);
        /* An id that has a position is not also put at another. */
        assert_int_equal(put_id(store, 3, NULL), UMM_OK);
        assert_true(has(reader, 3) && has(reader, 19));
    }
    /* Again and again is no accident. */
    fill_tables(&index, 128, UINT32_MAX);
    assert_int_equal(put_id(store, 30, &err), UMM_ERR_DATA);
    assert_int_equal(put_id(store, 3, &err), UMM_ERR_DATA);
    assert_int_equal(umm_store_close(reader, NULL), UMM_OK);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    /* The next writer makes it again. */
    store = open_store(UMM_STORE_WRITE);
    assert_int_equal(put_id(store, 30, NULL), UMM_OK);
    assert_true(has(store, 3) && has(store, 19) && has(store, 30));
    assert_int_equal(umm_store_verify(store, NULL, &verdict, NULL), UMM_OK);
    assert_int_equal(verdict.n_lost, 0);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    unmap(&index);
}

/* Nor is a big one searched to its end, where the one empty entry is, for each id anew. */
static void a_search_has_an_end(void **state)
{
    (void)state;
    enum { N = 1 << 18, TABLE = 1 << 19 };
    const struct umm_store_options options = {.max_positions = N, .dim = 1, .id_max_bytes = 7};
    assert_int_equal(umm_store_create("s", &options, NULL, NULL), UMM_OK);
    struct other index = map("s/index.umm");
    fill_tables(&index, TABLE, UINT32_MAX);
    memset(index.bytes + HEAD_BYTES + 4 * 77, 0, 4);
    struct umm_store *reader = open_store(UMM_STORE_READ);
    struct umm_store_entry entry;
    float vector[1];
    bool is_found;
    /* One in eight begins near before that entry, and is not there; not so many of them. */
    enum umm_status status = UMM_OK;
    for (char id = 'a'; !status && id <= 'z'; id++)
        status = umm_store_get_sound(reader, &id, 1, vector, &entry, &is_found, NULL);
    assert_int_equal(status, UMM_ERR_DATA);
    assert_int_equal(umm_store_close(reader, NULL), UMM_OK);
    unmap(&index);
}

/* Slots that are all half written would take 20 ms each. */
static void many_torn_slots_are_not_waited_for(void **state)
{
    (void)state;
    enum { N = 2000, SLOT_WORDS = 7, GENERATION = 6 };
    struct umm_store *store = make(N);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(put_id(store, i, NULL), UMM_OK);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    struct other slots = map("s/slots.npy");
    uint64_t *first = (uint64_t *)(void *)(slots.bytes + slots.len_bytes) - N * SLOT_WORDS;
    for (size_t i = 0; i < N; i++)
        first[i * SLOT_WORDS + GENERATION] |= UINT64_C(1);
    struct umm_store_entry entry;
    float vector[DIM];
    store = open_store(UMM_STORE_READ);
    const time_t begin = time(NULL);
    for (uint64_t at = 0; umm_store_next(store, at, &entry, vector, NULL) == UMM_ERR_BUSY;)
        at = entry.position + 1;
    /* Half a minute otherwise, and more. */
    assert_true(time(NULL) - begin < 20);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    unmap(&slots);
}

/* ---- arrays ---------------------------------------------------------------------------------- */

/* The header of an array as it is after the growth counts: fewer rows than the index has. */
static void a_resize_is_of_the_arrays_that_there_are(void **state)
{
    (void)state;
    struct umm_store *store = make(8), *other;
    const struct umm_store_options options = {.max_positions = 8, .dim = 1, .id_max_bytes = 7};
    struct umm_error err;
    assert_int_equal(put_id(store, 1, NULL), UMM_OK);
    assert_int_equal(umm_store_create("other", &options, NULL, NULL), UMM_OK);
    /* Another program puts the bytes of other arrays into the files, under the maps. */
    assert_int_equal(umm_store_open("other", UMM_STORE_READ, NULL, &other, NULL), UMM_OK);
    static const char *const names[][2] = {{"s/vectors.npy", "other/vectors.npy"},
                                           {"s/slots.npy", "other/slots.npy"}};
    for (int i = 0; i < 2; i++) {
        struct other to = map(names[i][0]), from = map(names[i][1]);
        memcpy(to.bytes, from.bytes, from.len_bytes);
        unmap(&to);
        unmap(&from);
    }
    assert_int_equal(umm_store_resize(store, 5000, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, "was changed by another program while it was resized");
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    assert_int_equal(umm_store_close(other, NULL), UMM_OK);
}

/* ---- all of it ----------------------------------------------------------------------------------
 */

struct scribbler {
    struct other files[3];
    uint64_t seed;
    int is_over;
};

/* Words anywhere, most of them small, and often in the head, of which the first 32 bytes stay. */
static void *scribble(void *user)
{
    struct scribbler *s = user;
    while (!__atomic_load_n(&s->is_over, __ATOMIC_RELAXED)) {
        uint64_t r = xorshift64(&s->seed), value = xorshift64(&s->seed);
        const struct other *file = &s->files[r % 3];
        size_t kept = r % 3 == 0 ? 32 : 256; /* a header */
        size_t n_words = (file->len_bytes - kept) / 8, at = (r >> 8) % n_words;
        if (r % 3 == 0 && r >> 61 < 5)
            at %= 12;
        value >>= (r >> 2) % 64;
        __atomic_store_n((uint64_t *)(void *)(file->bytes + kept) + at, value, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* One of everything; any status will do. Its end is what is tested, and that nothing is touched. */
static void use_all(struct umm_store *store, unsigned i, uint64_t n_positions)
{
    struct umm_store_entry entry;
    struct umm_store_verdict verdict;
    float vector[DIM];
    bool is_found;
    uint64_t n_torn = 0;
    (void)put_id(store, i % 90, NULL);
    (void)has(store, i % 70);
    if (i % 3 == 0)
        (void)mark(store, i % 80);
    if (i % 11 == 0)
        (void)!umm_store_evict(store, &entry, NULL);
    if (i % 17 == 0)
        (void)!umm_store_next_sound(store, i % 50, &entry, vector, &is_found, &n_torn, NULL);
    if (i % 50 == 0)
        (void)!umm_store_verify(store, NULL, &verdict, NULL);
    if (i % 70 == 69)
        (void)!umm_store_resize(store, n_positions, NULL);
}

static void nothing_that_is_written_there_leads_out(void **state)
{
    (void)state;
    enum { ROUNDS = 5, OPENS = 6, USES = 200 };
    static const char *const names[] = {"s/index.umm", "s/slots.npy", "s/vectors.npy"};
    unsigned n_opened = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct scribbler s = {.seed = (uint64_t)round + 1};
        struct umm_store *store = make(50), *reader;
        pthread_t thread;
        assert_int_equal(umm_store_close(store, NULL), UMM_OK);
        for (int i = 0; i < 3; i++)
            s.files[i] = map(names[i]);
        assert_int_equal(pthread_create(&thread, NULL, scribble, &s), 0);
        enum umm_store_access access = round % 3 ? UMM_STORE_WRITE : UMM_STORE_READ;
        for (int k = 0; k < OPENS; k++) {
            if (umm_store_open("s", access, NULL, &store, NULL) != UMM_OK)
                continue;
            if (umm_store_open("s", UMM_STORE_READ, NULL, &reader, NULL) != UMM_OK)
                reader = NULL;
            n_opened++;
            for (unsigned i = 0; i < USES; i++) {
                use_all(store, i, 51 + (uint64_t)k);
                if (reader)
                    (void)has(reader, i % 70);
            }
            (void)umm_store_close(reader, NULL);
            (void)umm_store_close(store, NULL);
        }
        __atomic_store_n(&s.is_over, 1, __ATOMIC_RELAXED);
        assert_int_equal(pthread_join(thread, NULL), 0);
        for (int i = 0; i < 3; i++) {
            unmap(&s.files[i]);
            assert_int_equal(remove(names[i]), 0);
        }
        assert_int_equal(rmdir("s"), 0);
    }
    assert_true(n_opened > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts_of_the_head_are_not_trusted, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(a_free_position_is_pushed_within, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(the_shape_is_read_once, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(a_table_without_an_empty_entry_is_made_again, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(a_search_has_an_end, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(many_torn_slots_are_not_waited_for, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(a_resize_is_of_the_arrays_that_there_are, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(nothing_that_is_written_there_leads_out, enter_scratch,
                                        leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
