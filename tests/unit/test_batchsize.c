/* SPDX-License-Identifier: MIT */
#include "batch/batchsize.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const uint64_t second_ns = 1000000000;

/* ---- a system of our own ----------------------------------------------------------- */

static char root[] = "/tmp/umm-batchsize-XXXXXX";

static void write_text(const char *name, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "%s/proc/%s", root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* Memory in use in percent, and ticks of processors: busy and idle since the beginning. */
static void set(unsigned memory, unsigned busy, unsigned idle)
{
    char text[256];
    snprintf(text, sizeof text, "MemTotal: 100000 kB\nMemFree: 0 kB\nMemAvailable: %u kB\n",
             (100 - memory) * 1000);
    write_text("meminfo", text);
    snprintf(text, sizeof text, "cpu  %u 0 0 %u 0 0 0 0 0 0\ncpu0 1 2 3 4\n", busy, idle);
    write_text("stat", text);
}

static int make_root(void **state)
{
    (void)state;
    char path[64];
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof path, "%s/proc", root);
    return mkdir(path, 0700);
}

static int remove_root(void **state)
{
    (void)state;
    static const char *const names[] = {"proc/meminfo", "proc/stat", "proc", ""};
    char path[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", root, names[i]);
        (void)remove(path);
    }
    return 0;
}

static void open_default(struct umm_batchsize *size, uint64_t max_rss_bytes)
{
    struct umm_batchsize_options options = {
        .base = 100, .max_rss_bytes = max_rss_bytes, .root = root};
    umm_batchsize_default_levels(&options);
    umm_batchsize_open(size, &options);
}

/* The size with so much memory in use, and processors busy for that share of the time between. */
static uint64_t decide(unsigned memory, unsigned cpu)
{
    struct umm_batchsize size;
    open_default(&size, UINT64_MAX);
    set(memory, 1000, 1000);
    assert_int_equal(umm_batchsize_next(&size, second_ns), 100); /* the load is not known yet */
    set(memory, 1000 + cpu, 1000 + 100 - cpu);
    return umm_batchsize_next(&size, 2 * second_ns);
}

static void sizes_follow_the_table(void **state)
{
    (void)state;
    assert_int_equal(decide(0, 0), 200);
    assert_int_equal(decide(49, 39), 200);
    assert_int_equal(decide(50, 39), 150);
    assert_int_equal(decide(49, 40), 150);
    assert_int_equal(decide(64, 59), 150);
    assert_int_equal(decide(65, 59), 100);
    assert_int_equal(decide(64, 60), 100);
    assert_int_equal(decide(0, 100), 100);
    assert_int_equal(decide(100, 0), 100);
}

static void load_is_looked_at_ten_times_a_second(void **state)
{
    (void)state;
    struct umm_batchsize size;
    open_default(&size, UINT64_MAX);
    set(10, 0, 1000);
    assert_int_equal(umm_batchsize_next(&size, second_ns), 100);
    set(10, 0, 2000);
    assert_int_equal(umm_batchsize_next(&size, second_ns + second_ns / 20), 100);
    assert_int_equal(umm_batchsize_next(&size, second_ns + second_ns / 10), 200);
}

static void what_is_not_known_is_below_nothing(void **state)
{
    (void)state;
    struct umm_batchsize size;
    open_default(&size, UINT64_MAX);
    set(10, 0, 1000);
    write_text("stat", "cpu  nothing\n");
    assert_int_equal(umm_batchsize_next(&size, second_ns), 100);
    assert_int_equal(umm_batchsize_next(&size, 2 * second_ns), 100);
    set(10, 0, 1000);
    write_text("meminfo", "");
    assert_int_equal(umm_batchsize_next(&size, 3 * second_ns), 100);
    assert_int_equal(umm_batchsize_next(&size, 4 * second_ns), 100);
    assert_true(isnan(size.memory_share));
}

static void stat_of_old_and_new_kernels(void **state)
{
    (void)state;
    uint64_t busy, all;
    assert_true(umm_batchsize_parse_stat("cpu  1 2 3 4\n", &busy, &all));
    assert_int_equal(busy, 6);
    assert_int_equal(all, 10);
    /* iowait is idle; guest is in user already. */
    assert_true(umm_batchsize_parse_stat("cpu  1 2 3 4 5 6 7 8 9 10\n", &busy, &all));
    assert_int_equal(busy, 27);
    assert_int_equal(all, 36);
    assert_false(umm_batchsize_parse_stat("", &busy, &all));
    assert_false(umm_batchsize_parse_stat("cpu 1 2 3", &busy, &all));
    assert_false(umm_batchsize_parse_stat("cpu0 1 2 3 4\n", &busy, &all));
}

/* ---- memory ------------------------------------------------------------------------ */

/* Batches that take fixed + n * each: the largest peak of `rounds`, and the last size. */
static uint64_t largest_peak(struct umm_batchsize *size, uint64_t fixed, uint64_t each,
                             unsigned rounds, uint64_t *last)
{
    uint64_t peak = 0;
    for (unsigned i = 0; i < rounds; i++) {
        *last = umm_batchsize_next(size, second_ns);
        const uint64_t took = fixed + *last * each;
        peak = took > peak ? took : peak;
        umm_batchsize_took(size, *last, took, false);
    }
    return peak;
}

static void a_limit_is_approached_and_not_passed(void **state)
{
    (void)state;
    const uint64_t mb = 1000000;
    struct umm_batchsize size;
    uint64_t last;
    set(10, 1, 1);
    open_default(&size, 60 * mb);
    assert_true(largest_peak(&size, 9 * mb, mb, 50, &last) <= 60 * mb);
    assert_in_range(last, 40, 51);
    assert_true(fabs(size.item_bytes - 1e6) < 1 && fabs(size.fixed_bytes - 9e6) < 1);
    /* All of it in items, and hardly any of it. */
    open_default(&size, 60 * mb);
    assert_true(largest_peak(&size, 0, mb, 50, &last) <= 60 * mb);
    assert_in_range(last, 50, 60);
    open_default(&size, 60 * mb);
    assert_true(largest_peak(&size, 50 * mb, 10, 50, &last) <= 60 * mb);
    assert_int_equal(last, 100); /* load allows no more */
}

static void sizes_double_at_most(void **state)
{
    (void)state;
    struct umm_batchsize size;
    set(10, 1, 1);
    open_default(&size, UINT64_C(1) << 40);
    for (uint64_t n = 1; n <= 64; n *= 2) {
        assert_int_equal(umm_batchsize_next(&size, second_ns), n);
        assert_int_equal(umm_batchsize_next(&size, second_ns), n); /* several at once */
        umm_batchsize_took(&size, n, 1000, false);
    }
    assert_int_equal(umm_batchsize_next(&size, second_ns), 100);
}

static void above_a_peak_that_is_only_bounded_a_few_more_are_tried(void **state)
{
    (void)state;
    struct umm_batchsize size;
    set(10, 1, 1);
    open_default(&size, 1000);
    umm_batchsize_took(&size, 8, 800, true);
    assert_int_equal(umm_batchsize_next(&size, second_ns), 10);
    umm_batchsize_took(&size, 10, 950, true);
    assert_int_equal(umm_batchsize_next(&size, second_ns), 9);
}

static void one_item_above_the_limit_is_still_one_item(void **state)
{
    (void)state;
    struct umm_batchsize size;
    uint64_t last;
    set(10, 1, 1);
    open_default(&size, 1000);
    (void)largest_peak(&size, 5000, 10, 5, &last);
    assert_int_equal(last, 1);
}

static void a_killed_batch_is_a_ceiling(void **state)
{
    (void)state;
    struct umm_batchsize size;
    set(10, 1, 1);
    open_default(&size, UINT64_MAX);
    umm_batchsize_halve(&size, 64);
    assert_int_equal(umm_batchsize_next(&size, second_ns), 32);
    umm_batchsize_halve(&size, 100);
    assert_int_equal(umm_batchsize_next(&size, second_ns), 32);
    umm_batchsize_halve(&size, 1);
    assert_int_equal(umm_batchsize_next(&size, second_ns), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_follow_the_table),
        cmocka_unit_test(load_is_looked_at_ten_times_a_second),
        cmocka_unit_test(what_is_not_known_is_below_nothing),
        cmocka_unit_test(stat_of_old_and_new_kernels),
        cmocka_unit_test(a_limit_is_approached_and_not_passed),
        cmocka_unit_test(sizes_double_at_most),
        cmocka_unit_test(above_a_peak_that_is_only_bounded_a_few_more_are_tried),
        cmocka_unit_test(one_item_above_the_limit_is_still_one_item),
        cmocka_unit_test(a_killed_batch_is_a_ceiling),
    };
    return cmocka_run_group_tests_name("batchsize", tests, make_root, remove_root);
}
