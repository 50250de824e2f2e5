/* SPDX-License-Identifier: MIT */
/* Texts as /proc has them make the samples: what the kernel would have said is made up. */
#include "probe/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)

enum { N = 64 };

static struct umm_trial_sample samples[N];

/* kB as /proc/PID/status and smaps_rollup have them. */
struct texts {
    unsigned anonymous, file, shmem, swap;                  /* status */
    unsigned pss, pss_anonymous, pss_shmem, lazy, swap_pss; /* smaps_rollup */
    bool is_hidden;
};

static void add(struct umm_trial_sample *sample, const struct texts *t)
{
    char text[512];
    struct umm_process counted, summed;
    umm_process_forget(&counted);
    snprintf(text, sizeof text,
             "VmRSS: %u kB\nRssAnon: %u kB\nRssFile: %u kB\nRssShmem: %u kB\nVmSwap: %u kB\n",
             t->anonymous + t->file + t->shmem, t->anonymous, t->file, t->shmem, t->swap);
    umm_process_parse_status(text, &counted);
    summed = counted;
    snprintf(text, sizeof text,
             "Rss: %u kB\nPss: %u kB\nPss_Anon: %u kB\nPss_Shmem: %u kB\nAnonymous: %u kB\n"
             "LazyFree: %u kB\nSwapPss: %u kB\n",
             t->anonymous + t->file + t->shmem, t->pss, t->pss_anonymous, t->pss_shmem,
             t->anonymous, t->lazy, t->swap_pss);
    if (sample->is_exact && !t->is_hidden)
        umm_process_parse_rollup(text, &summed);
    umm_samples_add_process(sample, &counted, sample->is_exact ? &summed : NULL);
}

/* 100 MB that a parent and eight children share. */
static void test_shared_pages_count_once(void **state)
{
    struct umm_trial_sample sample = {.is_exact = true};
    const struct texts each = {
        .anonymous = 90000, .file = 900, .pss = 10100, .pss_anonymous = 10000};
    (void)state;
    for (int i = 0; i < 9; i++)
        add(&sample, &each);
    assert_int_equal(sample.n_processes, 9);
    assert_int_equal(sample.rss_bytes, 9 * 90900 * 1024);
    assert_int_equal(sample.pss_bytes, 9 * 10100 * 1024);
    assert_int_equal(sample.growing_bytes, 90000 * 1024);
    assert_int_equal(sample.counted_bytes, 9 * 90000 * 1024);
}

/* Memory in files of a tmpfs and what was swapped out count; what was given back does not. */
static void test_what_grows(void **state)
{
    struct umm_trial_sample sample = {.is_exact = true}, cheap = {.is_exact = false};
    const struct texts one = {.anonymous = 1000,
                              .file = 500,
                              .shmem = 300,
                              .swap = 70,
                              .pss = 1700,
                              .pss_anonymous = 900,
                              .pss_shmem = 200,
                              .lazy = 600,
                              .swap_pss = 50};
    (void)state;
    add(&sample, &one);
    assert_int_equal(sample.growing_bytes, (900 - 600 + 200 + 50) * 1024);
    assert_int_equal(sample.counted_bytes, (1000 + 300 + 70) * 1024);
    assert_int_equal(sample.shmem_bytes, 300 * 1024);
    add(&cheap, &one);
    assert_int_equal(cheap.counted_bytes, (1000 + 300 + 70) * 1024);
    assert_int_equal(cheap.growing_bytes, 0);
    assert_int_equal(cheap.pss_bytes, 0);
}

/* Kernels before 5.3 have no PSS by kinds: anonymous memory is at most all of it. */
static void test_an_old_kernel(void **state)
{
    struct umm_trial_sample sample = {.is_exact = true};
    struct umm_process counted, summed;
    (void)state;
    umm_process_forget(&counted);
    umm_process_parse_status("VmRSS: 1000 kB\nRssAnon: 800 kB\nRssShmem: 0 kB\n", &counted);
    summed = counted;
    umm_process_parse_rollup("Rss: 1000 kB\nPss: 300 kB\nAnonymous: 800 kB\n", &summed);
    umm_samples_add_process(&sample, &counted, &summed);
    assert_int_equal(sample.growing_bytes, 300 * 1024);
}

/* Of a process that may not be looked into, RSS is all there is, and that is told. */
static void test_a_hidden_process(void **state)
{
    struct umm_trial_sample sample = {.is_exact = true};
    const struct texts seen = {.anonymous = 100, .pss = 50, .pss_anonymous = 50};
    const struct texts hidden = {.anonymous = 30, .file = 5, .swap = 2, .is_hidden = true};
    (void)state;
    add(&sample, &seen);
    add(&sample, &hidden);
    assert_int_equal(sample.n_processes, 2);
    assert_int_equal(sample.n_hidden, 1);
    assert_int_equal(sample.hidden_bytes, 35 * 1024);
    assert_int_equal(sample.pss_bytes, (50 + 35) * 1024);
    assert_int_equal(sample.growing_bytes, (50 + 32) * 1024);
}

/* ---- between exact samples ---- */

/* Sample i, at i seconds: counted has all, of which excess is shared or was given back. */
static void make(size_t i, bool is_exact, uint32_t n_processes, uint64_t counted, uint64_t excess)
{
    samples[i] = (struct umm_trial_sample){.at_ns = i * 1000000000,
                                           .rss_bytes = counted + 5 * MIB,
                                           .counted_bytes = counted,
                                           .n_processes = n_processes,
                                           .is_exact = is_exact};
    if (!is_exact)
        return;
    samples[i].pss_bytes = counted + 5 * MIB - excess;
    samples[i].growing_bytes = counted - excess;
}

/* The difference stays, and corrects what lies between, and what comes after. */
static void test_a_steady_difference(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20; i++)
        make(i, i % 5 == 0, 3, (100 + i) * MIB, 60 * MIB);
    umm_samples_correct(samples, 20);
    for (size_t i = 0; i < 20; i++) {
        assert_true(samples[i].is_sound);
        assert_int_equal(samples[i].growing_bytes, (40 + i) * MIB);
        assert_int_equal(samples[i].pss_bytes, (45 + i) * MIB);
    }
    /* One that drifts by less than the counts lag is taken to drift evenly. */
    make(5, true, 3, 105 * MIB, 60 * MIB + MIB / 2);
    umm_samples_correct(samples, 20);
    assert_true(samples[2].is_sound);
    assert_int_equal(samples[2].growing_bytes, 42 * MIB - MIB / 5);
    assert_int_equal(samples[2].pss_bytes, 47 * MIB - MIB / 2);
}

/* 8 MiB more are given back, and counted still, each second: only the exact samples tell. */
static void test_a_difference_that_grows(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20; i++)
        make(i, i % 5 == 0, 1, (10 + 8 * i) * MIB, 8 * i * MIB);
    assert_false(umm_samples_are_alike(&samples[0], &samples[5]));
    umm_samples_correct(samples, 20);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(samples[i].is_sound, i % 5 == 0);
        if (samples[i].is_sound)
            assert_int_equal(samples[i].growing_bytes, 10 * MIB);
    }
}

/* Workers that share all of it come, between the exact samples 5 and 10, and go after 15. */
static void test_processes_come_and_go(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        uint32_t n = i >= 7 && i <= 17 ? 9 : 1;
        make(i, i % 5 == 0, n, n * 100 * MIB, (n - 1) * 100 * MIB);
    }
    umm_samples_correct(samples, 20);
    for (size_t i = 0; i < 20; i++) {
        bool is_sound = i <= 5 || (i >= 10 && i <= 17);
        assert_int_equal(samples[i].is_sound, is_sound);
        if (is_sound)
            assert_int_equal(samples[i].growing_bytes, 100 * MIB);
    }
}

/* One exact sample alone is all there is to go by; none at all is nothing. */
static void test_one_exact_sample(void **state)
{
    (void)state;
    for (size_t i = 0; i < 10; i++)
        make(i, i == 2, 1, 50 * MIB, 20 * MIB);
    umm_samples_correct(samples, 10);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(samples[i].is_sound, i >= 2);
    assert_int_equal(samples[9].growing_bytes, 30 * MIB);
    make(2, false, 1, 50 * MIB, 20 * MIB);
    umm_samples_correct(samples, 10);
    for (size_t i = 0; i < 10; i++)
        assert_false(samples[i].is_sound);
    umm_samples_correct(samples, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shared_pages_count_once),
                                       cmocka_unit_test(test_what_grows),
                                       cmocka_unit_test(test_an_old_kernel),
                                       cmocka_unit_test(test_a_hidden_process),
                                       cmocka_unit_test(test_a_steady_difference),
                                       cmocka_unit_test(test_a_difference_that_grows),
                                       cmocka_unit_test(test_processes_come_and_go),
                                       cmocka_unit_test(test_one_exact_sample)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
