/* SPDX-License-Identifier: MIT */
/*
 * model_timing.h - the same rows, and the same way to take time, for each program that runs models
 * in scripts/bench-model.
 */
#ifndef BENCH_MODEL_TIMING_H
#define BENCH_MODEL_TIMING_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BENCH_WINDOWS = 4096, BENCH_ROWS = 1024 };

/* Of the processor, so that others who use it as well take nothing but their share of its caches.
 */
static inline double bench_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Sums of four uniform numbers, about normal, in -3.5 to 3.5: the same in each program. */
static inline float bench_number(uint64_t *state)
{
    float sum = 0;
    for (int i = 0; i < 4; i++) {
        *state = *state * 6364136223846793005U + 1442695040888963407U;
        sum += (float)(*state >> 40) * 0x1p-24f - 0.5f;
    }
    return sum * 1.75f;
}

static inline float *bench_rows(size_t n_rows, size_t width)
{
    uint64_t state = 1;
    float *rows = (float *)aligned_alloc(64, (n_rows * width * sizeof(float) / 64 + 2) * 64);
    if (!rows)
        abort();
    for (size_t i = 0; i < n_rows * width; i++)
        rows[i] = bench_number(&state);
    return rows;
}

static inline int bench_order(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/*
 * Call run(context) for milliseconds, in windows of a fifth of one at least, and print the median
 * of nanoseconds per row, and the sum of the results, which tells who computes something else.
 */
static inline void bench_time(void (*run)(void *), void *context, size_t batch, double milliseconds,
                              const float *results, size_t n_results)
{
    static double windows[BENCH_WINDOWS];
    size_t n = 0, calls = 1;
    double start, taken, sum = 0;
    for (;; calls *= 2) {
        start = bench_now_ns();
        for (size_t i = 0; i < calls; i++)
            run(context);
        if (bench_now_ns() - start > 2e5)
            break;
    }
    const double end = bench_now_ns() + milliseconds * 1e6;
    do {
        start = bench_now_ns();
        for (size_t i = 0; i < calls; i++)
            run(context);
        taken = bench_now_ns() - start;
        windows[n++] = taken / (double)(calls * batch);
    } while (start + taken < end && n < BENCH_WINDOWS);
    qsort(windows, n, sizeof windows[0], bench_order);
    for (size_t i = 0; i < n_results; i++)
        sum += (double)results[i];
    printf("%.3f %.9g\n", windows[n / 2], sum);
}

#endif
