/* SPDX-License-Identifier: MIT */
/*
 * Archives against a copy of the rows in memory: whatever was stored is read back, at
 * every step, with every ending that a kill can leave; and zstd(1) unpacks the array.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/archive_journal.h"
#include "archive/archive_writer.h"

#include "random.h"

enum { ROW_BYTES = 48, FRAME_ROWS = 100, ROWS_MAX = 4000, PATH_SIZE = 128 };

static char directory[] = "/tmp/umm-archive-XXXXXX";
static char path[PATH_SIZE], journal[PATH_SIZE], copy[PATH_SIZE], copy_journal[PATH_SIZE];
static char rows[ROWS_MAX * ROW_BYTES];
static uint64_t state = RANDOM_SEED;

static size_t below(size_t n)
{
    return (size_t)(xorshift64(&state) % n);
}

static struct umm_npy type_of_rows(void)
{
    struct umm_npy npy = {.n_dims = 2, .shape = {0, 6}, .type = {'f', false, 8, ""}};
    return npy;
}

static void open_writer(struct umm_archive_writer *w, unsigned threads)
{
    static const struct umm_archive_writer_options options = {.frame_rows = FRAME_ROWS};
    static struct umm_run run;
    struct umm_npy npy = type_of_rows();
    struct umm_error err = {.status = UMM_OK};
    run.n_threads = threads;
    if (umm_archive_writer_open(w, path, &npy, &options, &run, &err) != UMM_OK)
        fail_msg("%s: %s", err.path, err.message);
}

/* The archive at name holds exactly the first n rows. */
static void assert_holds(const char *name, size_t n)
{
    struct umm_archive a;
    struct umm_error err = {.status = UMM_OK};
    char *out = malloc(ROWS_MAX * ROW_BYTES);
    if (umm_archive_open(&a, name, &err) != UMM_OK)
        fail_msg("%s: %s", err.path, err.message);
    assert_int_equal(a.n_rows, n);
    assert_int_equal(umm_archive_read(&a, 0, n, out, NULL), UMM_OK);
    assert_memory_equal(out, rows, n * ROW_BYTES);
    for (int i = 0; n && i < 5; i++) {
        size_t first = below(n), len = below(n - first + 1);
        assert_int_equal(umm_archive_read(&a, first, len, out, NULL), UMM_OK);
        assert_memory_equal(out, rows + first * ROW_BYTES, len * ROW_BYTES);
    }
    assert_int_equal(umm_archive_read(&a, n, 1, out, NULL), UMM_ERR_ARGUMENT);
    umm_archive_close(&a);
    free(out);
}

/* zstd(1) makes an array of the first n rows of it. */
static void assert_unpacks(size_t n)
{
    char command[2 * PATH_SIZE], head[128], *out = malloc(ROWS_MAX * ROW_BYTES);
    struct umm_npy npy;
    snprintf(command, sizeof command, "zstd -dcq '%s'", path);
    FILE *pipe = popen(command, "r");
    assert_int_equal(fread(head, 1, sizeof head, pipe), sizeof head);
    assert_int_equal(umm_npy_parse(head, sizeof head, &npy, NULL), UMM_OK);
    assert_int_equal(npy.shape[0], n);
    assert_int_equal(fread(out, ROW_BYTES, n, pipe), n);
    assert_int_equal(fread(head, 1, 1, pipe), 0);
    assert_int_equal(pclose(pipe), 0);
    assert_memory_equal(out, rows, n * ROW_BYTES);
    umm_npy_free(&npy);
    free(out);
}

static bool is_there(const char *name)
{
    return access(name, F_OK) == 0;
}

static void remove_all(void)
{
    unlink(path);
    unlink(journal);
    unlink(copy);
    unlink(copy_journal);
}

static void rows_come_back_after_any_steps(void **unused)
{
    (void)unused;
    for (int round = 0; round < 25; round++) {
        struct umm_archive_writer w;
        size_t n = 0, n_durable = 0;
        unsigned threads = 1 + (unsigned)below(3);
        remove_all();
        while (n < ROWS_MAX / 2) {
            open_writer(&w, threads);
            assert_int_equal(w.archive.n_rows, n_durable);
            n = n_durable;
            for (size_t steps = 1 + below(12); steps-- > 0 && n < ROWS_MAX - 700;) {
                size_t many = below(8) ? below(30) : below(700);
                assert_int_equal(umm_archive_writer_push(&w, rows + n * ROW_BYTES, many, NULL),
                                 UMM_OK);
                n += many;
                size_t what = below(8);
                if (what < 4)
                    assert_int_equal(umm_archive_writer_store(&w, NULL), UMM_OK);
                else if (what < 6)
                    assert_int_equal(umm_archive_writer_commit(&w, what == 5, NULL), UMM_OK);
                if (what < 6) {
                    n_durable = n;
                    assert_holds(path, n);
                }
                if (what == 5)
                    assert_unpacks(n);
            }
            umm_archive_writer_close(&w);
            assert_true(n_durable == 0 ? !is_there(path) || n : is_there(path));
            if (n_durable)
                assert_holds(path, n_durable);
        }
        open_writer(&w, threads);
        assert_int_equal(umm_archive_writer_commit(&w, true, NULL), UMM_OK);
        umm_archive_writer_close(&w);
        assert_unpacks(n_durable);
        assert_false(is_there(journal));
    }
}

static char *slurp(const char *name, size_t *len)
{
    FILE *file = fopen(name, "rb");
    char *bytes = calloc(1, 1 << 20);
    *len = 0;
    if (!file)
        return bytes;
    *len = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void spit(const char *name, const char *bytes, size_t len)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

/*
 * An append is under way: the last frame's rows are in the journal, and what it will
 * become is written over it. Whatever part of that has reached the disk, no row that was
 * stored is lost.
 */
static void an_unfinished_append_loses_nothing(void **unused)
{
    enum { BEFORE = 250, AFTER = 290 };
    struct umm_archive_writer w;
    size_t old_len, new_len, journal_len;
    (void)unused;
    remove_all();
    open_writer(&w, 1);
    assert_int_equal(umm_archive_writer_push(&w, rows, BEFORE, NULL), UMM_OK);
    assert_int_equal(umm_archive_writer_commit(&w, true, NULL), UMM_OK);
    umm_archive_writer_close(&w);
    char *before = slurp(path, &old_len);
    open_writer(&w, 1);
    assert_int_equal(umm_archive_writer_push(&w, rows + BEFORE * ROW_BYTES, AFTER - BEFORE, NULL),
                     UMM_OK);
    assert_int_equal(umm_archive_writer_store(&w, NULL), UMM_OK);
    umm_archive_writer_close(&w); /* 40 rows in the journal */
    char *journaled = slurp(journal, &journal_len);
    assert_true(journal_len > 0);
    /* The journal as it is when frames begin to be overwritten. */
    open_writer(&w, 1);
    assert_int_equal(umm_archive_writer_push(&w, rows + AFTER * ROW_BYTES, 1, NULL), UMM_OK);
    assert_int_equal(umm_archive_writer_commit(&w, true, NULL), UMM_OK);
    char *after = slurp(path, &new_len);
    umm_archive_writer_close(&w);
    remove_all();
    open_writer(&w, 1);
    umm_archive_writer_close(&w);
    uint64_t sound;
    struct umm_archive a;
    spit(path, before, old_len);
    assert_int_equal(umm_archive_open(&a, path, NULL), UMM_OK);
    uint64_t anchor = umm_archive_anchor(&a, 200), at = a.offsets[2];
    umm_archive_close(&a);
    assert_int_equal(umm_journal_create(journal, -1, 200, anchor, rows + (size_t)200 * ROW_BYTES,
                                        AFTER - 200, ROW_BYTES, &sound, NULL),
                     UMM_OK);
    /* Header old; of the rest, the first k bytes are new ones; old bytes behind, or none. */
    for (size_t k = 0; at + k <= new_len; k += 7) {
        char *torn = calloc(1, old_len + new_len);
        size_t end = at + k > old_len ? at + k : old_len;
        memcpy(torn, before, old_len);
        memcpy(torn + at, after + at, k);
        spit(path, torn, k % 2 ? end : at + k);
        assert_holds(path, AFTER);
        if (k % 5 == 0) {
            open_writer(&w, 1);
            umm_archive_writer_close(&w); /* a writer that does nothing mends it */
            assert_unpacks(at + k == new_len ? AFTER + 1 : AFTER);
            spit(journal, "", 0);
            assert_int_equal(umm_journal_create(journal, -1, 200, anchor,
                                                rows + (size_t)200 * ROW_BYTES, AFTER - 200,
                                                ROW_BYTES, &sound, NULL),
                             UMM_OK);
        }
        free(torn);
    }
    free(before);
    free(after);
    free(journaled);
}

static void a_torn_journal_keeps_its_sound_part(void **unused)
{
    struct umm_archive_writer w;
    size_t len;
    (void)unused;
    remove_all();
    open_writer(&w, 1);
    for (size_t n = 0; n < 40; n += 4) {
        assert_int_equal(umm_archive_writer_push(&w, rows + n * ROW_BYTES, 4, NULL), UMM_OK);
        assert_int_equal(umm_archive_writer_store(&w, NULL), UMM_OK);
    }
    umm_archive_writer_close(&w);
    char *bytes = slurp(journal, &len);
    size_t record = UMM_JOURNAL_RECORD_EXTRA + 4 * ROW_BYTES;
    assert_int_equal(len, UMM_JOURNAL_HEAD_BYTES + 10 * record);
    for (size_t cut = UMM_JOURNAL_HEAD_BYTES; cut <= len; cut++) {
        size_t whole = (cut - UMM_JOURNAL_HEAD_BYTES) / record * 4;
        spit(journal, bytes, cut);
        assert_holds(path, whole);
        if (cut % 16)
            continue;
        /* The next append goes behind the sound part. */
        open_writer(&w, 1);
        assert_int_equal(umm_archive_writer_push(&w, rows + whole * ROW_BYTES, 1, NULL), UMM_OK);
        assert_int_equal(umm_archive_writer_store(&w, NULL), UMM_OK);
        umm_archive_writer_close(&w);
        assert_holds(path, whole + 1);
    }
    for (size_t i = UMM_JOURNAL_HEAD_BYTES; i < len; i += 3) {
        bytes[i] ^= 0x20;
        spit(journal, bytes, len);
        /* Of the last record it may be what a power cut left. */
        if (i >= len - record) {
            assert_holds(path, 36);
        } else {
            struct umm_archive a;
            assert_int_equal(umm_archive_open(&a, path, NULL), UMM_ERR_DATA);
        }
        bytes[i] ^= 0x20;
    }
    free(bytes);
}

static void journals_of_other_archives_are_refused(void **unused)
{
    struct umm_archive_writer w;
    struct umm_archive a;
    struct umm_error err;
    uint64_t sound;
    (void)unused;
    remove_all();
    open_writer(&w, 1);
    assert_int_equal(umm_archive_writer_push(&w, rows, 250, NULL), UMM_OK);
    assert_int_equal(umm_archive_writer_commit(&w, true, NULL), UMM_OK);
    umm_archive_writer_close(&w);
    assert_int_equal(umm_journal_create(journal, -1, 250, 4711, rows, 3, ROW_BYTES, &sound, NULL),
                     UMM_OK);
    assert_int_equal(umm_archive_open(&a, path, &err), UMM_ERR_CONFLICT);
    assert_int_equal(umm_journal_create(journal, -1, 300, 4711, rows, 3, ROW_BYTES, &sound, NULL),
                     UMM_OK);
    assert_int_equal(umm_archive_open(&a, path, &err), UMM_ERR_CONFLICT);
    spit(journal, "something else, and long enough for a head", 42);
    assert_int_equal(umm_archive_open(&a, path, &err), UMM_ERR_DATA);
    assert_string_equal(err.path, journal);
}

/*
 * An archive that was opened keeps the rows it had, though its last frame is only read
 * later, and has changed or moved by then.
 */
static void rows_of_a_last_frame_that_went_away_are_found(void **unused)
{
    enum { BEFORE = 250, ENDS = 4 };
    static const size_t more[ENDS] = {1, 50, 120, 400};
    char *out = malloc(BEFORE * ROW_BYTES);
    (void)unused;
    for (size_t i = 0; i < 2 * ENDS; i++) {
        struct umm_archive_writer w;
        struct umm_archive a;
        bool is_flushed = i < ENDS;
        size_t n = more[i % ENDS];
        remove_all();
        open_writer(&w, 2);
        assert_int_equal(umm_archive_writer_push(&w, rows, BEFORE, NULL), UMM_OK);
        assert_int_equal(umm_archive_writer_commit(&w, true, NULL), UMM_OK);
        assert_int_equal(umm_archive_open(&a, path, NULL), UMM_OK);
        assert_int_equal(a.last.n_rows, BEFORE % FRAME_ROWS);
        assert_int_equal(umm_archive_writer_push(&w, rows + BEFORE * ROW_BYTES, n, NULL), UMM_OK);
        assert_int_equal(umm_archive_writer_commit(&w, is_flushed, NULL), UMM_OK);
        umm_archive_writer_close(&w);
        assert_int_equal(umm_archive_read(&a, 0, BEFORE, out, NULL), UMM_OK);
        assert_memory_equal(out, rows, BEFORE * ROW_BYTES);
        assert_int_equal(umm_archive_read(&a, BEFORE, 1, out, NULL), UMM_ERR_ARGUMENT);
        umm_archive_close(&a);
    }
    free(out);
}

/* What took its place has other rows: that is no damage, and nothing to go on with. */
static void a_last_frame_of_other_rows_is_a_conflict(void **unused)
{
    struct umm_archive a;
    struct umm_error err = {.status = UMM_OK};
    char row[ROW_BYTES], *bytes[2];
    size_t len[2];
    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct umm_archive_writer w;
        remove_all();
        open_writer(&w, 1);
        assert_int_equal(umm_archive_writer_push(&w, rows + i * ROW_BYTES, 250 + i * 10, NULL),
                         UMM_OK);
        assert_int_equal(umm_archive_writer_commit(&w, true, NULL), UMM_OK);
        umm_archive_writer_close(&w);
        bytes[i] = slurp(path, &len[i]);
    }
    spit(path, bytes[0], len[0]);
    assert_int_equal(umm_archive_open(&a, path, &err), UMM_OK);
    spit(path, bytes[1], len[1]); /* in place */
    assert_int_equal(umm_archive_read(&a, 249, 1, row, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.path, path);
    assert_string_equal(err.message, "became another archive while it was read");
    umm_archive_close(&a);
    free(bytes[0]);
    free(bytes[1]);
}

static void damage_is_found(void **unused)
{
    struct umm_archive_writer w;
    char *out = malloc(ROWS_MAX * ROW_BYTES);
    size_t len, n_refused = 0, n_harmless = 0;
    (void)unused;
    remove_all();
    open_writer(&w, 2);
    assert_int_equal(umm_archive_writer_push(&w, rows, 730, NULL), UMM_OK);
    assert_int_equal(umm_archive_writer_commit(&w, true, NULL), UMM_OK);
    umm_archive_writer_close(&w);
    char *bytes = slurp(path, &len);
    for (size_t i = 0; i < len; i += 1 + below(40)) {
        struct umm_archive a;
        char was = bytes[i];
        bytes[i] = (char)(was ^ (1 << below(8)));
        spit(path, bytes, len);
        bytes[i] = was;
        enum umm_status status = umm_archive_open(&a, path, NULL);
        if (!status && a.n_rows == 730) {
            status = umm_archive_read(&a, 0, 730, out, NULL);
            /* The table may be damaged without harm: frames are walked over then. */
            if (!status)
                assert_memory_equal(out, rows, 730 * ROW_BYTES);
        }
        umm_archive_close(&a);
        n_refused += status != UMM_OK;
        n_harmless += status == UMM_OK;
    }
    print_message("%zu flipped bits refused, %zu without harm\n", n_refused, n_harmless);
    assert_true(n_refused > 100 && n_harmless < n_refused);
    spit(path, bytes, len);
    assert_holds(path, 730);
    free(bytes);
    free(out);
}

/* Each byte before the rows: the header is raw, and has no checksum but the table's. */
static void damage_of_the_header_is_found(void **unused)
{
    struct umm_archive_writer w;
    struct umm_archive a;
    struct umm_npy npy = type_of_rows();
    size_t len;
    (void)unused;
    remove_all();
    open_writer(&w, 1);
    assert_int_equal(umm_archive_writer_push(&w, rows, 730, NULL), UMM_OK);
    assert_int_equal(umm_archive_writer_commit(&w, true, NULL), UMM_OK);
    size_t head_len = (size_t)umm_archive_data_offset(&w.archive);
    umm_archive_writer_close(&w);
    char *bytes = slurp(path, &len);
    for (size_t i = 0; i < head_len; i++) {
        char was = bytes[i];
        bytes[i] = (char)(was ^ (1 << below(8)));
        spit(path, bytes, len);
        enum umm_status status = umm_archive_open(&a, path, NULL);
        /* Some say the same as before: a space in another place, a bit that zstd ignores. */
        if (!status && (a.n_rows != 730 || !umm_npy_same_type(&a.npy, &npy)))
            fail_msg("byte %zu: %02x, not %02x", i, bytes[i] & 0xff, was & 0xff);
        umm_archive_close(&a);
        bytes[i] = was;
    }
    spit(path, bytes, len);
    assert_holds(path, 730);
    free(bytes);
}

static void other_rows_are_refused(void **unused)
{
    struct umm_archive_writer w;
    struct umm_npy npy = type_of_rows();
    (void)unused;
    remove_all();
    open_writer(&w, 1);
    assert_int_equal(umm_archive_writer_push(&w, rows, 3, NULL), UMM_OK);
    assert_int_equal(umm_archive_writer_commit(&w, true, NULL), UMM_OK);
    umm_archive_writer_close(&w);
    npy.shape[1] = 5;
    assert_int_equal(umm_archive_writer_open(&w, path, &npy, NULL, NULL, NULL), UMM_ERR_CONFLICT);
    umm_archive_writer_close(&w);
    assert_int_equal(umm_archive_writer_open(&w, path, NULL, NULL, NULL, NULL), UMM_OK);
    umm_archive_writer_close(&w);
    assert_holds(path, 3);
    remove_all();
    assert_int_equal(umm_archive_writer_open(&w, path, NULL, NULL, NULL, NULL), UMM_ERR_SYSTEM);
    umm_archive_writer_close(&w);
}

static int set_up(void **unused)
{
    (void)unused;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/a.npy.zst", directory);
    snprintf(journal, sizeof journal, "%s/a.npy.zst.journal", directory);
    snprintf(copy, sizeof copy, "%s/b.npy.zst", directory);
    snprintf(copy_journal, sizeof copy_journal, "%s/b.npy.zst.journal", directory);
    for (size_t i = 0; i < sizeof rows; i++)
        rows[i] = (char)(i % 8 < 5 ? i / ROW_BYTES : below(256));
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    remove_all();
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_after_any_steps),
        cmocka_unit_test(an_unfinished_append_loses_nothing),
        cmocka_unit_test(a_torn_journal_keeps_its_sound_part),
        cmocka_unit_test(journals_of_other_archives_are_refused),
        cmocka_unit_test(rows_of_a_last_frame_that_went_away_are_found),
        cmocka_unit_test(a_last_frame_of_other_rows_is_a_conflict),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(damage_of_the_header_is_found),
        cmocka_unit_test(other_rows_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
