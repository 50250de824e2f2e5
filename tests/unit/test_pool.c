/* SPDX-License-Identifier: MIT */
/* What the tool's own tests cannot reach: names one by one, and writing in steps. */
#include "array/output.h"
#include "pool/pool.h"
#include "pool/pool_ledger.h"
#include "pool/pool_names.h"
#include "pool/pool_report.h"
#include "sys/file.h"

#include "random.h"
#include "scratch.h"

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

static void make_pool(uint64_t budget_bytes)
{
    bool is_new;
    assert_int_equal(umm_pool_create(".", "p", budget_bytes, NULL, &is_new, NULL), UMM_OK);
    assert_true(is_new);
}

/* A one-dimensional array of n bytes, 128 of header before them. */
static void write_array(int fd, uint64_t n)
{
    struct umm_npy npy = {.n_dims = 1, .shape = {n}};
    char *text, *zeros = calloc(1, n + 1);
    size_t len;
    assert_int_equal(umm_npy_type_parse("|u1", &npy.type), UMM_OK);
    assert_int_equal(umm_npy_format(&npy, UMM_NPY_ALIGN, &text, &len, NULL), UMM_OK);
    assert_int_equal(len, 128);
    assert_int_equal(umm_file_pwrite_all(fd, "", text, len, 0, NULL), UMM_OK);
    assert_int_equal(umm_file_pwrite_all(fd, "", zeros, n, len, NULL), UMM_OK);
    free(text);
    free(zeros);
}

static enum umm_status put_array(const char *path, uint64_t n, struct umm_error *err)
{
    struct umm_output output;
    enum umm_status status = umm_output_open(&output, path, ".", 0, false, NULL, err);
    if (status)
        return status;
    write_array(umm_outfile_fd(&output.file), n);
    return umm_output_commit(&output, NULL, NULL, NULL, err);
}

static void names(void **state)
{
    static const char *const good[] = {"a", "a.b", "a b", "-", "\xc3\xa9", "a.npy.x", "~"};
    static const char *const bad[] = {"", ".", "..", ".a", "a/b", "/", "a\n", "\x7f", "\x1f"};
    char file[UMM_POOL_FILE_MAX], text[UMM_POOL_KEY_MAX + 8];
    size_t len;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(umm_pool_check_name(good[i], NULL), UMM_OK);
        assert_int_equal(umm_pool_file_name(good[i], file, NULL), UMM_OK);
        assert_true(umm_pool_is_entry(file, &len));
        assert_int_equal(len, strlen(good[i]));
        assert_int_equal(strlen(file), len + 4);
        assert_false(umm_pool_is_entry(good[i], &len));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(umm_pool_check_name(bad[i], NULL), UMM_ERR_ARGUMENT);
        assert_int_equal(umm_pool_file_name(bad[i], file, NULL), UMM_ERR_ARGUMENT);
    }
    static const char *const no_entries[] = {".npy", "x.npy.npy", "npy", ".x.npy", "x.npy2"};
    for (size_t i = 0; i < sizeof no_entries / sizeof *no_entries; i++)
        assert_false(umm_pool_is_entry(no_entries[i], &len));
    memset(text, 'k', sizeof text);
    text[UMM_POOL_KEY_MAX] = '\0';
    assert_int_equal(umm_pool_file_name(text, file, NULL), UMM_OK);
    assert_true(umm_pool_is_entry(file, &len));
    strcpy(text + UMM_POOL_KEY_MAX, ".npy");
    assert_int_equal(umm_pool_file_name(text, file, NULL), UMM_OK);
    strcpy(text + UMM_POOL_KEY_MAX, "k");
    assert_int_equal(umm_pool_file_name(text, file, NULL), UMM_ERR_ARGUMENT);
    memset(text, 'n', UMM_POOL_NAME_MAX + 1);
    text[UMM_POOL_NAME_MAX + 1] = '\0';
    assert_int_equal(umm_pool_check_name(text, NULL), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_pool_check_name(text + 1, NULL), UMM_OK);
}

/* 1000 bytes hold what is 1000 and not a byte more, whoever comes first. */
static void budget_to_the_byte(void **state)
{
    (void)state;
    struct umm_error err = {0};
    struct umm_output slow;
    make_pool(1000);
    assert_int_equal(put_array("pool:p/a", 1000 - 128, &err), UMM_OK);
    assert_int_equal(put_array("pool:p/b", 1, &err), UMM_ERR_CONFLICT);
    assert_int_equal(put_array("pool:p/a", 1000 - 127, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message,
                        "is 1001 bytes, but of the pool's budget of 1000 only 1000 are free");
    assert_string_equal(err.path, "pool:p/a");
    assert_int_equal(put_array("pool:p/a", 500 - 128, &err), UMM_OK);
    /* What another has written so far counts; at its own end, only once. */
    assert_int_equal(umm_output_open(&slow, "pool:p/slow", ".", 0, false, NULL, NULL), UMM_OK);
    write_array(umm_outfile_fd(&slow.file), 300 - 128);
    assert_int_equal(put_array("pool:p/c", 201 - 128, &err), UMM_ERR_CONFLICT);
    assert_int_equal(put_array("pool:p/c", 200 - 128, &err), UMM_OK);
    assert_int_equal(umm_output_commit(&slow, NULL, NULL, NULL, &err), UMM_OK);
    assert_int_equal(put_array("pool:p/d", 0, &err), UMM_ERR_CONFLICT);
}

static void begun_with_a_size_is_set_aside(void **state)
{
    (void)state;
    struct umm_pool *pool;
    struct umm_pool_scan scan;
    struct umm_outfile out, other;
    make_pool(1000);
    assert_int_equal(umm_pool_open(".", "p", &pool, NULL), UMM_OK);
    assert_int_equal(umm_pool_begin(pool, "a", 600, "a", NULL, &out, NULL), UMM_OK);
    assert_int_equal(umm_pool_scan(pool, NULL, &scan, NULL), UMM_OK);
    assert_int_equal(scan.n_entries, 0);
    assert_int_equal(scan.n_writers, 1);
    assert_int_equal(scan.writing_bytes, 600);
    umm_pool_scan_free(&scan);
    assert_int_equal(umm_pool_begin(pool, "a", 401, "a", NULL, &other, NULL), UMM_ERR_CONFLICT);
    umm_outfile_abort(&out);
    assert_int_equal(umm_pool_begin(pool, "a", 401, "a", NULL, &other, NULL), UMM_OK);
    umm_outfile_abort(&other);
    umm_pool_close(pool);
    umm_pool_close(NULL);
}

static void outputs_that_are_files(void **state)
{
    (void)state;
    struct umm_output output;
    assert_true(umm_output_is_entry("pool:p/x"));
    assert_true(umm_output_is_entry("pool:"));
    assert_false(umm_output_is_entry("./pool:p/x"));
    assert_false(umm_output_is_entry("pool"));
    assert_int_equal(put_array("x.npy", 5, NULL), UMM_OK);
    assert_int_equal(access("x.npy", F_OK), 0);
    assert_int_equal(umm_output_open(&output, "y.npy", NULL, 0, false, NULL, NULL), UMM_OK);
    umm_output_abort(&output);
    umm_output_abort(&output);
    assert_int_equal(access("y.npy", F_OK), -1);
    assert_int_equal(put_array("pool:p", 5, NULL), UMM_ERR_ARGUMENT);
    assert_int_equal(put_array("pool:/x", 5, NULL), UMM_ERR_ARGUMENT);
    assert_int_equal(put_array("pool:p/x", 5, NULL), UMM_ERR_SYSTEM);
}

static void long_descriptions_are_cut(void **state)
{
    (void)state;
    struct umm_npy npy = {.n_dims = 1, .shape = {3}};
    struct umm_npy_type type;
    struct umm_pool *pool;
    struct umm_pool_inspection all;
    char name[UMM_NPY_NAME_MAX], line[UMM_POOL_LINE_MAX], *text;
    size_t len;
    make_pool(1 << 20);
    assert_int_equal(umm_npy_type_parse("<f8", &type), UMM_OK);
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "%02d-%0100d", i, 0);
        assert_int_equal(umm_npy_add_field(&npy, name, &type, NULL), UMM_OK);
    }
    assert_int_equal(umm_npy_format_long(&npy, 64, &text, &len, NULL), UMM_OK);
    assert_int_equal(umm_pool_open(".", "p", &pool, NULL), UMM_OK);
    FILE *f = fopen("wide.npy", "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(ftruncate(fileno(f), (off_t)len + 3 * 50 * 8), 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(umm_pool_put(pool, "wide", "wide.npy", NULL, NULL), UMM_OK);
    assert_int_equal(umm_pool_inspect(pool, false, NULL, &all, NULL), UMM_OK);
    assert_int_equal(all.n_faults, 0);
    assert_true(umm_pool_report_line(&all, 1, line));
    assert_non_null(strstr(line, "[00-000"));
    assert_non_null(strstr(line, ", ...] (3,)"));
    assert_false(umm_pool_report_line(&all, 2, line));
    umm_pool_inspection_free(&all);
    umm_pool_close(pool);
    umm_npy_free(&npy);
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

/* ---- the ledger --------------------------------------------------------------------- */

static uint64_t sum_of_list(const struct umm_pool *pool)
{
    struct umm_pool_scan scan;
    assert_int_equal(umm_pool_scan(pool, NULL, &scan, NULL), UMM_OK);
    const uint64_t sum = scan.used_bytes + scan.writing_bytes;
    umm_pool_scan_free(&scan);
    return sum;
}

/* What another program does with entry i: a removal, a move over it, a file where none was. */
static void meddle(const struct umm_pool *pool, unsigned what, unsigned i, unsigned n)
{
    static const char bytes[4096];
    char path[256], other[sizeof path + 8];
    snprintf(path, sizeof path, "%s/k%u.npy", pool->path, i);
    snprintf(other, sizeof other, "%s.x", path);
    if (what == 0) {
        (void)unlink(path);
        return;
    }
    FILE *f = what == 1 ? fopen(other, "wb") : fopen(path, "wbx");
    if (!f)
        return;
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    if (what == 1)
        assert_int_equal(rename(other, path), 0);
}

/* Whatever happens to the directory, a ledger that is believed has the sum that a list has. */
static void ledger_agrees_or_is_not_believed(void **state)
{
    enum { STEPS = 3000, KEYS = 12 };
    struct umm_pool_ledger ledger;
    struct umm_pool *pool;
    uint64_t seed = RANDOM_SEED, n_believed = 0;
    (void)state;
    make_pool(1 << 30);
    assert_int_equal(umm_pool_open(".", "p", &pool, NULL), UMM_OK);
    for (int step = 0; step < STEPS; step++) {
        const unsigned i = (unsigned)(xorshift64(&seed) % KEYS), n = xorshift64(&seed) % 4096;
        const unsigned what = (unsigned)(xorshift64(&seed) % 64);
        char path[32];
        uint64_t used;
        snprintf(path, sizeof path, "pool:p/k%u", i);
        if (what < 3)
            meddle(pool, what, i, n);
        else if (what < 12)
            (void)!umm_pool_remove(pool, path + 7, NULL, NULL);
        else
            assert_int_equal(put_array(path, n, NULL), UMM_OK);
        umm_pool_ledger_load(pool, &ledger);
        if (!ledger.is_sound)
            continue;
        assert_int_equal(umm_pool_ledger_count(pool, &ledger, &used, NULL), UMM_OK);
        assert_int_equal(used, sum_of_list(pool));
        n_believed++;
    }
    assert_true(n_believed > STEPS / 2);
    umm_pool_close(pool);
    assert_int_equal(umm_pool_unlink(".", "p", NULL, NULL), UMM_OK);
}

/* No byte of it can be changed, and none be missing, so that another sum is believed. */
static void ledger_that_is_damaged_is_not_believed(void **state)
{
    struct umm_pool_ledger ledger;
    struct umm_pool *pool;
    char path[256], text[4096];
    (void)state;
    make_pool(1 << 30);
    assert_int_equal(umm_pool_open(".", "p", &pool, NULL), UMM_OK);
    assert_int_equal(put_array("pool:p/a", 1000, NULL), UMM_OK);
    snprintf(path, sizeof path, "%s/.umm-ledger", pool->path);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    const size_t len = fread(text, 1, sizeof text, f);
    assert_int_equal(fclose(f), 0);
    umm_pool_ledger_load(pool, &ledger);
    assert_true(ledger.is_sound);
    assert_int_equal(ledger.settled_bytes, 1128);
    for (size_t i = 0; i < 2 * len; i++) {
        char bad[sizeof text];
        memcpy(bad, text, len);
        bad[i % len] ^= 1;
        assert_int_equal(truncate(path, 0), 0);
        f = fopen(path, "r+b");
        assert_non_null(f);
        assert_int_equal(fwrite(i < len ? bad : text, 1, i < len ? len : i - len, f),
                         i < len ? len : i - len);
        assert_int_equal(fclose(f), 0);
        umm_pool_ledger_load(pool, &ledger);
        assert_false(ledger.is_sound);
    }
    /* The next put writes it anew. */
    assert_int_equal(put_array("pool:p/b", 1000, NULL), UMM_OK);
    umm_pool_ledger_load(pool, &ledger);
    assert_true(ledger.is_sound);
    umm_pool_close(pool);
    assert_int_equal(umm_pool_unlink(".", "p", NULL, NULL), UMM_OK);
}

/* No mark tells of an entry that is written to in place; a look at all does, once in a while. */
static void ledger_is_audited(void **state)
{
    struct umm_error err = {.status = UMM_OK};
    struct umm_pool *pool;
    char path[256];
    int n = 0;
    (void)state;
    make_pool(100000);
    assert_int_equal(umm_pool_open(".", "p", &pool, NULL), UMM_OK);
    assert_int_equal(put_array("pool:p/a", 1000, NULL), UMM_OK);
    snprintf(path, sizeof path, "%s/a.npy", pool->path);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 99000), 0);
    while (put_array("pool:p/b", 1000, &err) == UMM_OK && n < 1000)
        n++;
    assert_int_equal(err.status, UMM_ERR_CONFLICT);
    umm_pool_close(pool);
    assert_int_equal(umm_pool_unlink(".", "p", NULL, NULL), UMM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names),
        TEST(budget_to_the_byte),
        TEST(begun_with_a_size_is_set_aside),
        TEST(outputs_that_are_files),
        TEST(long_descriptions_are_cut),
        TEST(ledger_agrees_or_is_not_believed),
        TEST(ledger_that_is_damaged_is_not_believed),
        TEST(ledger_is_audited),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
