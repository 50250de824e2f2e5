/* SPDX-License-Identifier: MIT */
/* Every test runs in a scratch directory of its own as working directory. */
#include "umm.h"
#include "umm/store.h"

#include "random.h"
#include "scratch.h"
#include "tasks.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void create(const char *path, uint64_t n, uint32_t dim)
{
    struct umm_error err;
    struct umm_store_options options = {.max_positions = n, .dim = dim};
    if (umm_store_create(path, &options, NULL, &err) != UMM_OK)
        fail_msg("%s", err.message);
}

static bool is_child; /* where a failure must not go back to the test's runner */

static struct umm_store *open_store(const char *path, enum umm_store_access access)
{
    struct umm_store *store;
    struct umm_error err;
    enum umm_status status = umm_store_open(path, access, NULL, &store, &err);
    if (status && is_child)
        _exit(8);
    if (status)
        fail_msg("%s: %s", err.path, err.message);
    return store;
}

/* The vector of an id in its n-th version: all values follow from the two. */
static void make_vector(float *vector, uint32_t dim, unsigned id, unsigned version)
{
    for (uint32_t i = 0; i < dim; i++)
        vector[i] = (float)(id * 1000 + version) + (float)i / 64;
}

static size_t make_id(char out[32], unsigned id)
{
    return (size_t)snprintf(out, 32, "id-%u", id);
}

/* ---- against a list ------------------------------------------------------------------- */

enum { IDS = 300 };

struct model {
    bool is_there[IDS], is_active[IDS];
    unsigned version[IDS];
    int64_t timestamp[IDS];
    size_t n, n_max;
};

static int model_oldest(const struct model *m)
{
    int oldest = -1;
    for (int i = 0; i < IDS; i++)
        if (m->is_there[i] && !m->is_active[i] &&
            (oldest < 0 || m->timestamp[i] < m->timestamp[oldest]))
            oldest = i;
    return oldest;
}

static void check_all(struct umm_store *store, const struct model *m, uint32_t dim)
{
    float *found = malloc(dim * sizeof *found), *wanted = malloc(dim * sizeof *wanted);
    struct umm_store_entry entry;
    size_t n = 0;
    for (unsigned id = 0; id < IDS; id++) {
        char text[32];
        size_t len = make_id(text, id);
        assert_int_equal(umm_store_get(store, text, len, found, &entry, NULL),
                         m->is_there[id] ? UMM_OK : UMM_ERR_ABSENT);
        if (!m->is_there[id])
            continue;
        make_vector(wanted, dim, id, m->version[id]);
        assert_memory_equal(found, wanted, dim * sizeof *wanted);
        assert_string_equal(entry.id, text);
        assert_int_equal(entry.id_bytes, len);
        assert_int_equal(entry.is_active, m->is_active[id]);
        assert_int_equal(entry.timestamp_ns, m->timestamp[id]);
    }
    enum umm_status status;
    for (uint64_t at = 0; !(status = umm_store_next(store, at, &entry, found, NULL));
         at = entry.position + 1)
        n++;
    assert_int_equal(status, UMM_ERR_ABSENT);
    assert_int_equal(n, m->n);
    struct umm_store_info info;
    assert_int_equal(umm_store_info(store, &info, NULL), UMM_OK);
    assert_int_equal(info.n_entries, m->n);
    free(found);
    free(wanted);
}

static void run_against_model(uint64_t seed, size_t n_max, uint32_t dim)
{
    struct model m = {.n_max = n_max};
    float *vector = malloc(dim * sizeof *vector);
    char path[32];
    int64_t clock = 1000000;
    snprintf(path, sizeof path, "store-%d", (int)seed);
    create(path, n_max, dim);
    struct umm_store *store = open_store(path, UMM_STORE_WRITE);
    struct umm_store *reader = open_store(path, UMM_STORE_READ);
    for (int call = 0; call < 6000; call++) {
        uint64_t r = xorshift64(&seed);
        unsigned id = (unsigned)(r >> 8) % IDS;
        char text[32];
        size_t len = make_id(text, id);
        struct umm_store_entry entry;
        int oldest = model_oldest(&m);
        switch (r % 16) {
        case 0:
        case 1:
        case 2:
        case 3:
            assert_int_equal(umm_store_mark_inactive(store, text, len, NULL),
                             m.is_there[id] ? UMM_OK : UMM_ERR_ABSENT);
            m.is_active[id] = false;
            break;
        case 4:
            assert_int_equal(umm_store_evict(store, &entry, NULL),
                             oldest >= 0 ? UMM_OK : UMM_ERR_ABSENT);
            if (oldest >= 0) {
                make_id(text, (unsigned)oldest);
                assert_string_equal(entry.id, text);
                m.is_there[oldest] = false;
                m.n--;
            }
            break;
        case 5:
            if (call % 37 == 0) {
                check_all(store, &m, dim);
                check_all(reader, &m, dim);
                assert_int_equal(umm_store_close(store, NULL), UMM_OK);
                store = open_store(path, UMM_STORE_WRITE_NOW);
            } else if (call % 41 == 0 && m.n_max < 200) {
                m.n_max += 17;
                assert_int_equal(umm_store_resize(store, m.n_max, NULL), UMM_OK);
            }
            break;
        default: {
            /* Times go back at times: the oldest is not the first that came. */
            int64_t at = clock += 10 - (int64_t)(r >> 40 & 15) + (int64_t)(call & 1);
            at = at * 1000 + call; /* all different */
            make_vector(vector, dim, id, (unsigned)call);
            bool fits = m.is_there[id] || m.n < m.n_max || oldest >= 0;
            struct umm_error err;
            enum umm_status status = umm_store_put(store, text, len, vector, at, &err);
            assert_int_equal(status, fits ? UMM_OK : UMM_ERR_CONFLICT);
            if (!fits)
                break;
            if (!m.is_there[id] && m.n == m.n_max) {
                m.is_there[oldest] = false;
                m.n--;
            }
            m.n += !m.is_there[id];
            m.is_there[id] = m.is_active[id] = true;
            m.timestamp[id] = at;
            m.version[id] = (unsigned)call;
        }
        }
    }
    check_all(store, &m, dim);
    check_all(reader, &m, dim);
    umm_store_close(reader, NULL);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    /* An index that is gone or of the wrong kind is made again. */
    char index[64];
    snprintf(index, sizeof index, "%s/index.umm", path);
    assert_int_equal(unlink(index), 0);
    store = open_store(path, UMM_STORE_WRITE);
    check_all(store, &m, dim);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    assert_int_equal(truncate(index, 5000), 0);
    store = open_store(path, UMM_STORE_WRITE);
    check_all(store, &m, dim);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    free(vector);
}

static void agrees_with_a_list(void **state)
{
    (void)state;
    run_against_model(1, 1, 1);
    run_against_model(2, 10, 3);
    run_against_model(3, 100, 32);
    run_against_model(4, 200, 7);
    run_against_model(5, 290, 2);
}

static void many_at_once(void **state)
{
    (void)state;
    enum { N = 1000, DIM = 5 };
    create("store", N, DIM);
    struct umm_store *store = open_store("store", UMM_STORE_WRITE);
    char(*ids)[24] = calloc(N, sizeof *ids);
    float(*vectors)[DIM] = calloc(N, sizeof *vectors), (*found)[DIM] = calloc(N, sizeof *found);
    bool is_found[N];
    size_t n;
    struct umm_error err;
    for (unsigned i = 0; i < N; i++) {
        char id[32];
        int len = snprintf(id, sizeof id, i % 2 ? "%u" : "a-full-cell-of-24-b%05u", i);
        memcpy(ids[i], id, (size_t)len);
        make_vector(vectors[i], DIM, i, 1);
    }
    assert_int_equal(umm_store_put_many(store, ids[0], 24, N - 3, vectors[0], 7, &n, &err), UMM_OK);
    assert_int_equal(n, N - 3);
    assert_int_equal(umm_store_get_many(store, ids[0], 24, N, found[0], is_found, &n, &err),
                     UMM_OK);
    assert_int_equal(n, N - 3);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(is_found[i], i < N - 3);
    assert_memory_equal(found, vectors, (N - 3) * sizeof *vectors);
    ids[N - 2][0] = '\n';
    assert_int_equal(umm_store_put_many(store, ids[N - 3], 24, 3, vectors[N - 3], 7, &n, &err),
                     UMM_ERR_ARGUMENT);
    assert_int_equal(n, 1);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    free(ids);
    free(vectors);
    free(found);
}

/* Ids that come and go leave removed entries, which a table must get rid of. */
static void tables_take_turns(void **state)
{
    (void)state;
    float vector[1] = {1};
    create("store", 8, 1);
    struct umm_store *store = open_store("store", UMM_STORE_WRITE);
    struct umm_store *reader = open_store("store", UMM_STORE_READ);
    for (unsigned i = 0; i < 1000; i++) {
        char text[32];
        size_t len = make_id(text, i);
        assert_int_equal(umm_store_put(store, text, len, vector, i, NULL), UMM_OK);
        assert_int_equal(umm_store_mark_inactive(store, text, len, NULL), UMM_OK);
        assert_int_equal(umm_store_get(reader, text, len, vector, NULL, NULL), UMM_OK);
    }
    umm_store_close(reader, NULL);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    uint64_t turn = 0;
    int fd = open("store/index.umm", O_RDONLY);
    assert_int_equal(pread(fd, &turn, sizeof turn, 56), sizeof turn);
    close(fd);
    assert_in_range(turn, 10, 1000);
}

static void bad_ids_are_refused(void **state)
{
    (void)state;
    struct umm_error err;
    float vector[2] = {1, 2};
    create("store", 5, 2);
    struct umm_store *store = open_store("store", UMM_STORE_WRITE);
    const char *longest = "0123456789012345678901234567890",
               *longer = "01234567890123456789012345678901";
    assert_int_equal(umm_store_put(store, longest, 31, vector, 0, &err), UMM_OK);
    assert_int_equal(umm_store_put(store, longer, 32, vector, 0, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message,
                        "the id \"01234567890123456789012345678901\" has 32 bytes, the "
                        "store has room for 31");
    assert_int_equal(umm_store_put(store, "", 0, vector, 0, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "an id is empty");
    assert_int_equal(umm_store_put(store, "a\0b", 3, vector, 0, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_store_put(store, "a\0", 2, vector, 0, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_store_put(store, "a\nb", 3, vector, 0, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "the id \"a\\nb\" has a control character");
    assert_int_equal(umm_store_put(store, "\xc3\xa9, \"", 5, vector, 0, &err), UMM_OK);
    assert_int_equal(umm_store_get(store, "\xc3\xa9, \"", 5, vector, NULL, NULL), UMM_OK);
    assert_int_equal(umm_store_get(store, longest, 31, NULL, NULL, NULL), UMM_OK);
    assert_int_equal(umm_store_get(store, longer, 32, vector, NULL, NULL), UMM_ERR_ABSENT);
    assert_int_equal(umm_store_get(store, longest, 30, vector, NULL, NULL), UMM_ERR_ABSENT);
    assert_int_equal(umm_store_get(store, "", 0, vector, NULL, NULL), UMM_ERR_ABSENT);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
}

static void one_writer_at_a_time(void **state)
{
    (void)state;
    struct umm_error err;
    float vector[32] = {0};
    create("store", 5, 32);
    struct umm_store *store = open_store("store", UMM_STORE_WRITE), *other;
    assert_int_equal(umm_store_open("store", UMM_STORE_WRITE_NOW, NULL, &other, &err),
                     UMM_ERR_BUSY);
    assert_null(other);
    other = open_store("store", UMM_STORE_READ);
    assert_int_equal(umm_store_put(other, "a", 1, vector, 0, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "is open for reading only");
    assert_int_equal(umm_store_mark_inactive(other, "a", 1, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "is open for reading only");
    assert_int_equal(umm_store_evict(other, NULL, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "is open for reading only");
    assert_int_equal(umm_store_get(other, "a", 1, vector, NULL, &err), UMM_ERR_ABSENT);
    assert_string_equal(err.message, "no such id: \"a\"");
    assert_int_equal(umm_store_evict(store, NULL, &err), UMM_ERR_ABSENT);
    assert_string_equal(err.message, "no entry is inactive");
    umm_store_close(other, NULL);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    assert_int_equal(umm_store_create("store", &(struct umm_store_options){0}, NULL, &err),
                     UMM_ERR_CONFLICT);
    assert_string_equal(err.message, "is there already, and is another");
}

/* ---- readers of a store that grows ------------------------------------------------------- */

/* Ids of 32 bytes each, "id-0" and so on. */
static void make_cells(char (*cells)[32], size_t n)
{
    memset(cells, 0, n * sizeof *cells);
    for (unsigned id = 0; id < n; id++)
        (void)make_id(cells[id], id);
}

static void a_reader_finds_all_of_a_batch_after_a_resize(void **state)
{
    (void)state;
    enum { N = 40 };
    char cells[N][32];
    float vectors[N][4] = {{1}}, found[N][4];
    bool is_found[N];
    size_t n_put;
    make_cells(cells, N);
    create("store", N - 1, 4);
    struct umm_store *reader = open_store("store", UMM_STORE_READ);
    struct umm_store *store = open_store("store", UMM_STORE_WRITE);
    assert_int_equal(umm_store_resize(store, N, NULL), UMM_OK);
    assert_int_equal(umm_store_put_many(store, cells[0], 32, N, vectors[0], 1, &n_put, NULL),
                     UMM_OK);
    assert_int_equal(umm_store_get_many(reader, cells[0], 32, N, found[0], is_found, &n_put, NULL),
                     UMM_OK);
    assert_int_equal(n_put, N);
    umm_store_close(reader, NULL);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
}

/* Its buffers are as large as the vectors were when it was opened. */
static void a_reader_does_not_turn_to_a_store_of_another_shape(void **state)
{
    (void)state;
    float vector[4] = {0}, wide[64] = {1};
    struct umm_store_info info;
    create("store", 2, 4);
    struct umm_store *reader = open_store("store", UMM_STORE_READ);
    struct umm_store *store = open_store("store", UMM_STORE_WRITE);
    assert_int_equal(umm_store_resize(store, 3, NULL), UMM_OK);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    assert_int_equal(rename("store", "was"), 0);
    create("store", 3, 64);
    store = open_store("store", UMM_STORE_WRITE);
    assert_int_equal(umm_store_put(store, "a", 1, wide, 1, NULL), UMM_OK);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    struct umm_error err;
    assert_int_equal(umm_store_get(reader, "a", 1, vector, NULL, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, "became a store of other vectors while it was open");
    assert_int_equal(umm_store_info(reader, &info, NULL), UMM_OK);
    assert_int_equal(info.dim, 4);
    umm_store_close(reader, NULL);
}

/* ---- what is no store ------------------------------------------------------------------- */

static enum umm_status open_status(const char *path, enum umm_store_access access)
{
    struct umm_store *store;
    enum umm_status status = umm_store_open(path, access, NULL, &store, NULL);
    umm_store_close(store, NULL);
    return status;
}

static void write_at(const char *path, off_t offset, const void *bytes, size_t n)
{
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, bytes, n, offset), n);
    close(fd);
}

static void damage_is_seen(void **state)
{
    (void)state;
    assert_int_equal(open_status("nothing", UMM_STORE_READ), UMM_ERR_SYSTEM);
    mkdir("empty", 0777);
    assert_int_equal(open_status("empty", UMM_STORE_READ), UMM_ERR_DATA);
    assert_int_equal(open_status("empty", UMM_STORE_WRITE), UMM_ERR_DATA);
    assert_int_equal(rmdir("empty"), 0); /* no lock was left in it */
    create("store", 50, 4);
    write_at("store/index.umm", 0, "x", 1);
    assert_int_equal(open_status("store", UMM_STORE_READ), UMM_ERR_DATA);
    assert_int_equal(open_status("store", UMM_STORE_WRITE), UMM_OK);
    assert_int_equal(open_status("store", UMM_STORE_READ), UMM_OK);
    assert_int_equal(truncate("store/slots.npy", 700), 0);
    assert_int_equal(open_status("store", UMM_STORE_READ), UMM_ERR_DATA);
    assert_int_equal(open_status("store", UMM_STORE_WRITE), UMM_ERR_DATA);
    create("other", 50, 4);
    create("wide", 50, 5);
    assert_int_equal(rename("wide/vectors.npy", "other/vectors.npy"), 0);
    assert_int_equal(open_status("other", UMM_STORE_READ), UMM_ERR_DATA);
    create("swapped", 50, 4);
    assert_int_equal(rename("swapped/vectors.npy", "swapped/slots.npy"), 0);
    assert_int_equal(symlink("slots.npy", "swapped/vectors.npy"), 0);
    assert_int_equal(open_status("swapped", UMM_STORE_READ), UMM_ERR_DATA);
}

/* Whatever the index says, nothing outside the files is touched. */
static void a_wild_index_is_harmless(void **state)
{
    (void)state;
    float vector[4] = {1, 2, 3, 4};
    uint64_t seed = 99;
    create("store", 60, 4);
    for (int round = 0; round < 60; round++) {
        struct umm_store *store = open_store("store", UMM_STORE_WRITE);
        struct umm_store_entry entry;
        for (unsigned i = 0; i < 70; i++) {
            char text[32];
            size_t len = make_id(text, (unsigned)xorshift64(&seed) % 90);
            (void)!umm_store_put(store, text, len, vector, (int64_t)i, NULL);
            if (i % 3 == 0)
                (void)!umm_store_mark_inactive(store, text, len, NULL);
            memset(&entry, 0, sizeof entry);
            if (i % 20 == 0 && umm_store_evict(store, &entry, NULL) == UMM_OK) {
                assert_true(entry.id_bytes > 0 && !entry.is_active);
                assert_int_equal(entry.id_bytes, strlen(entry.id));
            }
            (void)!umm_store_get(store, text, len, vector, &entry, NULL);
        }
        assert_int_equal(umm_store_close(store, NULL), UMM_OK);
        /* Behind the head: tables, heap and places. */
        for (int i = 0; i < 200; i++) {
            uint64_t noise = xorshift64(&seed);
            write_at("store/index.umm", 4096 + (off_t)(noise % 400) * 4, &noise, 4);
        }
    }
}

/* ---- killed writers ------------------------------------------------------------------------ */

/* A position whose writer died: odd. Readers give up in time, the next writer clears it. */
static void a_torn_slot_is_cleared(void **state)
{
    (void)state;
    float vector[4] = {1, 2, 3, 4};
    struct umm_store_info info;
    uint32_t odd = 3, dirty = 1;
    create("store", 8, 4);
    struct umm_store *store = open_store("store", UMM_STORE_WRITE);
    assert_int_equal(umm_store_put(store, "a", 1, vector, 5, NULL), UMM_OK);
    assert_int_equal(umm_store_put(store, "b", 1, vector, 6, NULL), UMM_OK);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    struct stat st;
    stat("store/slots.npy", &st);
    write_at("store/slots.npy", st.st_size - 8 * 64 + 48, &odd, 4);
    store = open_store("store", UMM_STORE_READ);
    struct umm_error err;
    struct umm_store_entry entry;
    bool is_found[2];
    size_t n_found;
    assert_int_equal(umm_store_get(store, "a", 1, vector, NULL, &err), UMM_ERR_BUSY);
    assert_string_equal(err.message, "an entry is half written, by a writer that was killed or "
                                     "is stopped");
    assert_int_equal(umm_store_get(store, "b", 1, vector, NULL, NULL), UMM_OK);
    float both[8];
    assert_int_equal(umm_store_get_many(store, "ba", 1, 2, both, is_found, &n_found, &err),
                     UMM_ERR_BUSY);
    assert_true(is_found[0] && !is_found[1] && n_found == 1);
    assert_int_equal(umm_store_next(store, 0, &entry, NULL, &err), UMM_ERR_BUSY);
    assert_int_equal(entry.position, 0);
    assert_int_equal(umm_store_next(store, entry.position + 1, &entry, NULL, &err), UMM_OK);
    assert_string_equal(entry.id, "b");
    umm_store_close(store, NULL);
    write_at("store/index.umm", 48, &dirty, 4);
    store = open_store("store", UMM_STORE_WRITE);
    assert_int_equal(umm_store_info(store, &info, NULL), UMM_OK);
    assert_int_equal(info.n_cleared, 1);
    assert_int_equal(info.n_entries, 1);
    assert_int_equal(umm_store_get(store, "a", 1, vector, NULL, NULL), UMM_ERR_ABSENT);
    assert_int_equal(umm_store_get(store, "b", 1, vector, NULL, NULL), UMM_OK);
    assert_int_equal(umm_store_put(store, "a", 1, vector, 5, NULL), UMM_OK);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
    /* A vector that is not the one its slot was written with. */
    write_at("store/vectors.npy", 128 + 16, "\x77", 1);
    write_at("store/index.umm", 48, &dirty, 4);
    store = open_store("store", UMM_STORE_WRITE);
    assert_int_equal(umm_store_info(store, &info, NULL), UMM_OK);
    assert_int_equal(info.n_cleared, 1);
    assert_int_equal(umm_store_get(store, "b", 1, vector, NULL, NULL), UMM_ERR_ABSENT);
    assert_int_equal(umm_store_close(store, NULL), UMM_OK);
}

/*
 * Writers that are killed at random moments while they put, mark and evict; readers that
 * check each vector. A vector's values all follow from its first one.
 */
enum { STRESS_DIM = 32, STRESS_IDS = 64, STRESS_POSITIONS = 48 };

static void write_forever(uint64_t seed)
{
    float vector[STRESS_DIM];
    struct umm_store *store = open_store("store", UMM_STORE_WRITE);
    for (unsigned version = 0;; version++) {
        uint64_t r = xorshift64(&seed);
        char text[32];
        unsigned id = (unsigned)(r >> 8) % STRESS_IDS;
        size_t len = make_id(text, id);
        make_vector(vector, STRESS_DIM, id, version % 1000);
        (void)!umm_store_put(store, text, len, vector, (int64_t)r, NULL);
        if (r % 4 == 0)
            (void)!umm_store_mark_inactive(store, text, len, NULL);
        if (r % 64 == 1)
            (void)!umm_store_evict(store, NULL, NULL);
    }
}

/* The child's exit code: 0, or 9 for a torn vector. *n_reads is shared. */
static int read_until(volatile int *is_over, uint64_t seed, uint64_t *n_reads)
{
    struct umm_store *store = open_store("store", UMM_STORE_READ);
    float vector[STRESS_DIM], wanted[STRESS_DIM];
    struct umm_store_entry entry;
    while (!*is_over) {
        unsigned id = (unsigned)(xorshift64(&seed) % STRESS_IDS);
        char text[32];
        size_t len = make_id(text, id);
        if (umm_store_get(store, text, len, vector, &entry, NULL) != UMM_OK)
            continue;
        ++*n_reads;
        make_vector(wanted, STRESS_DIM, id, (unsigned)vector[0] - id * 1000);
        if (memcmp(wanted, vector, sizeof vector) != 0 || strcmp(entry.id, text) != 0)
            return 9;
    }
    umm_store_close(store, NULL);
    return 0;
}

static pid_t start(void)
{
    pid_t pid = fork_mortal();
    is_child = pid == 0;
    return pid;
}

/* UMM_STRESS_SECONDS: how long (default 1). Prints how many reads there were. */
static void no_reader_sees_half_a_vector(void **state)
{
    (void)state;
    const char *seconds = getenv("UMM_STRESS_SECONDS");
    uint64_t seed = 4711, *n_reads;
    struct {
        uint64_t n_reads[2];
        volatile int is_over;
    } * shared;
    create("store", STRESS_POSITIONS, STRESS_DIM);
    int fd = open("shared", O_RDWR | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, sizeof *shared), 0);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    n_reads = shared->n_reads;
    pid_t readers[2];
    for (int i = 0; i < 2; i++) {
        readers[i] = start();
        if (readers[i] == 0)
            _exit(read_until(&shared->is_over, (uint64_t)i + 1, &n_reads[i]));
    }
    /* A slow machine has longer for its first reads. */
    enum { READS_MIN = 1000, MORE_SECONDS = 60 };
    time_t end = time(NULL) + (seconds ? atoi(seconds) : 1);
    unsigned n_killed = 0;
    for (; time(NULL) <= end ||
           (n_reads[0] + n_reads[1] <= READS_MIN && time(NULL) <= end + MORE_SECONDS);
         n_killed++) {
        pid_t writer = start();
        if (writer == 0)
            write_forever(seed + n_killed);
        struct timespec span = {.tv_nsec = (long)(xorshift64(&seed) % 20000000)};
        nanosleep(&span, NULL);
        kill(writer, SIGKILL);
        waitpid(writer, NULL, 0);
    }
    shared->is_over = 1;
    for (int i = 0; i < 2; i++) {
        int wstatus;
        waitpid(readers[i], &wstatus, 0);
        assert_int_equal(wstatus, 0);
    }
    if (seconds)
        fprintf(stderr, "%llu reads, 0 torn, %u writers killed\n",
                (unsigned long long)(n_reads[0] + n_reads[1]), n_killed);
    assert_true(n_reads[0] + n_reads[1] > READS_MIN);
    munmap(shared, sizeof *shared);
    assert_int_equal(open_status("store", UMM_STORE_WRITE), UMM_OK);
}

static void a_store_that_was_moved_grows_no_other(void **state)
{
    struct umm_error err;
    struct umm_store_info info;
    (void)state;
    create("s", 4, 2);
    struct umm_store *store = open_store("s", UMM_STORE_WRITE);
    assert_int_equal(rename("s", "old"), 0);
    create("s", 4, 2);
    assert_int_equal(umm_store_resize(store, 100, &err), UMM_ERR_CONFLICT);
    assert_int_equal(umm_store_close(store, &err), UMM_OK);
    store = open_store("s", UMM_STORE_READ);
    assert_int_equal(umm_store_info(store, &info, NULL), UMM_OK);
    assert_int_equal(info.max_positions, 4);
    assert_true(info.n_bytes < 8192);
    assert_int_equal(umm_store_close(store, &err), UMM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(agrees_with_a_list, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(many_at_once, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(tables_take_turns, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(bad_ids_are_refused, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(one_writer_at_a_time, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(a_reader_finds_all_of_a_batch_after_a_resize, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(a_reader_does_not_turn_to_a_store_of_another_shape,
                                        enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(damage_is_seen, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(a_wild_index_is_harmless, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(a_store_that_was_moved_grows_no_other, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(a_torn_slot_is_cleared, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(no_reader_sees_half_a_vector, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
