/* SPDX-License-Identifier: MIT */
#include "m5/acceptance_report.h"
#include "m5/health.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A run in which everything is as it should be. */
static struct umm_record good(void)
{
    struct umm_record r;
    umm_record_init(&r);
    r.started_s = 1;
    r.is_command = r.exit_code = 0;
    r.signals_wanted = 100000;
    r.duration_wanted_ms = 0;
    r.duration_max_ms = 60000;
    r.duration_ms = 59999;
    r.growth_bytes = 1280000;
    r.allocs = 80;
    r.unpooled_allocs = 100;
    r.alloc_bytes = 800;
    r.unpooled_alloc_bytes = 1000;
    r.is_shm_private = 1;
    r.left_in_shm = r.left_in_tmp = 0;
    struct umm_workload_figures *w = &r.workload;
    w->signals = 100000;
    w->steady_signals = 80000;
    w->steady_allocs = 4000;
    w->live_bytes_first = 1000;
    w->live_bytes_last = 1000 + 16 * 80000;
    w->cache_hits = 80;
    w->cache_misses = 120;
    w->cache_compulsory_misses = 100;
    w->descriptors_first = w->descriptors_most = w->descriptors_last = 5;
    w->left_files = 0;
    w->looks = w->answers = 7;
    return r;
}

/* The keys of the lines with that verdict, a blank between them. */
static const char *keys_with(const struct umm_record *record, enum umm_acceptance_verdict verdict)
{
    static char keys[512];
    struct umm_acceptance acceptance;
    umm_acceptance_judge(record, &acceptance);
    assert_true(acceptance.n_lines <= UMM_ACCEPTANCE_LINES_MAX);
    keys[0] = '\0';
    for (size_t i = 0; i < acceptance.n_lines; i++) {
        if (acceptance.lines[i].verdict != verdict)
            continue;
        size_t n = strlen(keys);
        snprintf(keys + n, sizeof keys - n, "%s%s", n ? " " : "", acceptance.lines[i].key);
    }
    return keys;
}

/* At the limit every line passes; one step beyond, it fails, and no other. */
static void test_limits(void **state)
{
    (void)state;
    static const struct {
        size_t offset;
        uint64_t beyond;
        const char *key;
    } steps[] = {
        {offsetof(struct umm_record, exit_code), 1, "exit_code"},
        {offsetof(struct umm_record, duration_ms), 60001, "duration_seconds"},
        {offsetof(struct umm_record, growth_bytes), 1280001, "growth_bytes"},
        {offsetof(struct umm_record, allocs), 81, "saved_calls_ratio"},
        {offsetof(struct umm_record, alloc_bytes), 801, "saved_bytes_ratio"},
        {offsetof(struct umm_record, left_in_shm), 1, "left_in_shm"},
        {offsetof(struct umm_record, left_in_tmp), 1, "left_in_tmp"},
        {offsetof(struct umm_record, workload.signals), 99999, "signals"},
        {offsetof(struct umm_record, workload.steady_allocs), 4001, "allocations_per_signal"},
        {offsetof(struct umm_record, workload.live_bytes_last), 1001 + 16 * 80000,
         "live_bytes_per_signal"},
        {offsetof(struct umm_record, workload.cache_hits), 79, "cache_hit_ratio"},
        {offsetof(struct umm_record, workload.descriptors_most), 6, "descriptors"},
        {offsetof(struct umm_record, workload.left_files), 1, "left_files"},
        {offsetof(struct umm_record, workload.answers), 6, "answers"},
        {offsetof(struct umm_record, workload.looks), 8, "answers"},
    };
    struct umm_record r = good();
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_FAIL), "");
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_SKIP), "");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        r = good();
        memcpy((char *)&r + steps[i].offset, &steps[i].beyond, sizeof(uint64_t));
        assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_FAIL), steps[i].key);
    }
}

/* What is not known has not passed. */
static void test_unknown(void **state)
{
    (void)state;
    struct umm_record r = good();
    memset(&r.workload, 0xff, sizeof r.workload);
    r.growth_bytes = r.allocs = r.left_in_shm = r.left_in_tmp = UMM_FIGURE_UNKNOWN;
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_PASS),
                        "exit_code duration_seconds saved_bytes_ratio");
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_SKIP), "");
}

/* Growth: 5 MB where a leak of 64 B would be 20 MB, less in shorter runs, down to 1 MB. */
static void test_growth_limit(void **state)
{
    (void)state;
    assert_true(umm_acceptance_growth_limit(1000000) == 5e6);
    assert_true(umm_acceptance_growth_limit(390625) == 5e6);
    assert_true(umm_acceptance_growth_limit(390624) < 5e6);
    assert_true(umm_acceptance_growth_limit(78125) == 1e6);
    assert_true(umm_acceptance_growth_limit(78124) == 0);
    struct umm_record r = good();
    r.signals_wanted = r.workload.signals = 78124;
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_SKIP), "growth_bytes");
    r.growth_bytes = UMM_FIGURE_UNKNOWN;
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_SKIP), "growth_bytes");
    r.growth_bytes = 5000001;
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_FAIL), "growth_bytes");
}

/* A limit between the bounds: neither PASS nor FAIL; but what fails beside it does. */
static void test_growth_bounds(void **state)
{
    (void)state;
    struct umm_record r = good();
    struct umm_acceptance acceptance;
    r.growth_low_bytes = 0;
    r.growth_high_bytes = 1280000;
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_INCONCLUSIVE), "");
    r.growth_high_bytes = 1280001;
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_INCONCLUSIVE), "growth_bytes");
    umm_acceptance_judge(&r, &acceptance);
    assert_int_equal(umm_acceptance_verdict(&acceptance), UMM_ACCEPTANCE_INCONCLUSIVE);
    r.left_in_tmp = 1;
    umm_acceptance_judge(&r, &acceptance);
    assert_int_equal(umm_acceptance_verdict(&acceptance), UMM_ACCEPTANCE_FAIL);
    r.growth_low_bytes = 1280001;
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_FAIL), "growth_bytes left_in_tmp");
    r = good();
    r.growth_bytes = UMM_FIGURE_UNKNOWN;
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_INCONCLUSIVE), "growth_bytes");
}

/* Keys that are new each time are no excuse for missing. */
static void test_first_lookups(void **state)
{
    (void)state;
    struct umm_record r = good();
    r.workload.cache_hits = 1000;
    r.workload.cache_misses = r.workload.cache_compulsory_misses = 1000;
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_FAIL), "cache_hit_ratio");
    r.workload.cache_misses = r.workload.cache_compulsory_misses = 0;
    r.workload.cache_hits = 0;
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_FAIL), "cache_hit_ratio");
}

static void test_paced(void **state)
{
    (void)state;
    static const uint64_t durations[] = {118799, 118800, 121200, 121201};
    for (size_t i = 0; i < 4; i++) {
        struct umm_record r = good();
        r.duration_wanted_ms = 120000;
        r.duration_ms = durations[i];
        assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_FAIL),
                            i == 0 || i == 3 ? "duration_seconds" : "");
    }
}

static void test_command(void **state)
{
    (void)state;
    struct umm_record r = good();
    r.is_command = 1;
    memset(&r.workload, 0xff, sizeof r.workload);
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_FAIL), "");
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_SKIP), "allocations_per_signal");
    r.allocs_max_thousandths = 1;
    r.allocs = 100;
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_SKIP), "");
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_FAIL), "");
    r.allocs = 101;
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_FAIL), "allocations_per_signal");
    r.allocs = UMM_FIGURE_UNKNOWN;
    assert_string_equal(keys_with(&r, UMM_ACCEPTANCE_FAIL), "allocations_per_signal");
}

static void test_record_reads_back(void **state)
{
    (void)state;
    static struct umm_record r, back;
    char *text, *again;
    size_t len, len_again;
    r = good();
    for (size_t i = 0; i < UMM_RECORD_SAMPLES_MAX; i++)
        r.samples[r.n_samples++] = (struct umm_record_sample){i * 10, i * i};
    assert_int_equal(umm_record_text(&r, &text, &len, NULL), UMM_OK);
    assert_true(umm_record_parse(text, &back));
    assert_int_equal(back.n_samples, r.n_samples);
    assert_int_equal(umm_record_text(&back, &again, &len_again, NULL), UMM_OK);
    assert_string_equal(text, again);
    assert_memory_equal(&r, &back, offsetof(struct umm_record, samples));
    free(again);
    free(text);
    assert_false(umm_record_parse("", &back));
    assert_false(umm_record_parse("signals: 1\n", &back));
    assert_true(umm_record_parse("umm-m5 record 1\nsample: 1\nsample: x 2\nsample: 3 4\n", &back));
    assert_int_equal(back.n_samples, 1);
    assert_int_equal(back.samples[0].bytes, 4);
}

/* What comes from outside cannot become markup. */
static void test_page_escapes(void **state)
{
    (void)state;
    static struct umm_record r;
    struct umm_acceptance acceptance;
    struct umm_acceptance_report report = {
        .title = "a<b>&\"c\"", .record = &r, .acceptance = &acceptance};
    char *text;
    size_t len;
    r = good();
    umm_acceptance_judge(&r, &acceptance);
    assert_int_equal(umm_acceptance_report_page(&report, &text, &len, NULL), UMM_OK);
    assert_non_null(strstr(text, "a&#60;b&#62;&#38;&#34;c&#34;"));
    assert_null(strstr(text, "a<b>"));
    assert_null(strstr(text, "nan"));
    free(text);
}

static void test_health(void **state)
{
    (void)state;
    struct umm_health health = {0};
    struct umm_acceptance acceptance;
    struct umm_memory memory = {.total_bytes = 1000, .available_bytes = 500};
    umm_health_judge(&health, &acceptance);
    assert_int_equal(umm_acceptance_verdict(&acceptance), UMM_ACCEPTANCE_FAIL);
    umm_health_add(&health, &memory);
    umm_health_judge(&health, &acceptance);
    assert_int_equal(umm_acceptance_verdict(&acceptance), UMM_ACCEPTANCE_PASS);
    assert_int_equal(acceptance.lines[1].verdict, UMM_ACCEPTANCE_SKIP);
    memory.available_bytes = 49;
    umm_health_add(&health, &memory);
    memory.available_bytes = 500;
    umm_health_add(&health, &memory);
    umm_health_judge(&health, &acceptance);
    assert_int_equal(acceptance.lines[0].verdict, UMM_ACCEPTANCE_FAIL);
    memory.pressure.is_known = true;
    memory.pressure.full_avg10 = 10.1;
    umm_health_add(&health, &memory);
    /* What was the most stays: a peak of pressure is over when the watch ends. */
    memory.pressure.full_avg10 = 0;
    memory.swap_used_bytes = 65 * 1024 * 1024;
    umm_health_add(&health, &memory);
    umm_health_judge(&health, &acceptance);
    assert_int_equal(acceptance.lines[1].verdict, UMM_ACCEPTANCE_FAIL);
    assert_int_equal(acceptance.lines[2].verdict, UMM_ACCEPTANCE_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_growth_limit),  cmocka_unit_test(test_growth_bounds),
        cmocka_unit_test(test_first_lookups), cmocka_unit_test(test_paced),
        cmocka_unit_test(test_command),       cmocka_unit_test(test_record_reads_back),
        cmocka_unit_test(test_page_escapes),  cmocka_unit_test(test_health),
    };
    return cmocka_run_group_tests_name("acceptance", tests, NULL, NULL);
}
