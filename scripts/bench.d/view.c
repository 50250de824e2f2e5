/* SPDX-License-Identifier: MIT */
/*
 * view FILE - what views cost, of a sparse array of 1,000,000,000 bars (48 GB apparent)
 * that it makes at FILE and removes. One line for each figure: name, value, unit.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "umm.h"

enum { N_VIEWS = 20000000, N_SEARCHES = 200000, N_ROUNDS = 5, N_SLICE = 1000 };
static const uint64_t n_rows = 1000000000;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void check(enum umm_status status, const struct umm_error *err)
{
    if (status == UMM_OK)
        return;
    fprintf(stderr, "%s: %s\n", err->path, err->message);
    exit(1);
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static long count_faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

/* Every time is that of a hole, 1970, but the last row's: a search goes all the way. */
static void make_file(const char *path)
{
    const double last[6] = {3600000};
    FILE *f = fopen(path, "wb");
    if (!f)
        die(path);
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, f);
    fprintf(f, "%-117s\n", "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 6), }");
    if (fclose(f) != 0 || truncate(path, (off_t)(128 + (n_rows - 1) * sizeof last)) != 0)
        die(path);
    f = fopen(path, "ab");
    if (!f || fwrite(last, sizeof last, 1, f) != 1 || fclose(f) != 0)
        die(path);
}

/* Drop the file's pages, so that the next touch is the first. */
static void evict(const char *path)
{
    int fd = open(path, O_RDONLY);
    if (fd < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0 || close(fd) != 0)
        die(path);
}

/* Open, find by time, take a slice at `first`, read it, close; in milliseconds. */
static double slice_ms(const char *path, uint64_t first, long *faults)
{
    struct umm_error err = {0};
    struct umm_array *array;
    struct umm_view view;
    struct umm_array_column close;
    const struct umm_time to = {.sec = 3600};
    double sum = 0, start = now_ns();
    *faults = count_faults();
    check(umm_array_open(path, &array, &err), &err);
    umm_array_expect_random(array);
    check(umm_array_find_column(array, "close", "<f8", &close, &err), &err);
    check(umm_array_view_time(array, NULL, &to, &view, &err), &err);
    check(umm_array_view(array, first, first + N_SLICE, &view, &err), &err);
    for (uint64_t i = 0; i < view.n_rows; i++)
        sum += umm_view_f64(&view, &close, i);
    umm_array_close(array);
    *faults = count_faults() - *faults;
    if (sum != 0)
        abort();
    return (now_ns() - start) / 1e6;
}

static void measure_first(const char *path)
{
    double best = 1e9;
    long faults = 0;
    for (uint64_t i = 1; i <= N_ROUNDS; i++) {
        evict(path);
        double ms = slice_ms(path, n_rows / 7 * i, &faults);
        best = ms < best ? ms : best;
    }
    printf("first_slice %.3f ms\nfirst_slice_faults %ld pages\n", best, faults);
}

static double view_ns(const struct umm_array *array)
{
    struct umm_view view;
    uint64_t sum = 0;
    double start = now_ns();
    for (uint64_t i = 0; i < N_VIEWS; i++) {
        if (umm_array_view(array, i, i + N_SLICE, &view, NULL) != UMM_OK)
            abort();
        sum += view.n_rows;
    }
    if (sum != (uint64_t)N_VIEWS * N_SLICE)
        abort();
    return (now_ns() - start) / N_VIEWS;
}

static double search_ns(const struct umm_array *array)
{
    struct umm_view view;
    const struct umm_time to = {.sec = 3600};
    double start = now_ns();
    for (uint64_t i = 0; i < N_SEARCHES; i++)
        if (umm_array_view_time(array, NULL, &to, &view, NULL) != UMM_OK)
            abort();
    return (now_ns() - start) / N_SEARCHES;
}

static void print_best(const char *name, double (*measure)(const struct umm_array *array),
                       const struct umm_array *array)
{
    double best = measure(array);
    for (int i = 1; i < N_ROUNDS; i++) {
        double ns = measure(array);
        best = ns < best ? ns : best;
    }
    printf("%s %.2f ns\n", name, best);
}

int main(int argc, char **argv)
{
    struct umm_error err = {0};
    struct umm_array *array;
    if (argc != 2)
        return 2;
    make_file(argv[1]);
    measure_first(argv[1]);
    check(umm_array_open(argv[1], &array, &err), &err);
    print_best("view", view_ns, array);
    print_best("view_time", search_ns, array);
    umm_array_close(array);
    return unlink(argv[1]) == 0 ? 0 : 1;
}
