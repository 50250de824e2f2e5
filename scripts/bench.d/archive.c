/* SPDX-License-Identifier: MIT */
/*
 * archive - an archive through the library, for scripts/bench-archive.
 *
 *   archive store DIR N        N appends of one row, each durable before the next, to a new
 *                              archive in DIR; "rows seconds bytes most_bytes" when 1/10 of
 *                              them and all are done: with the journal's, and the most that
 *                              both files had
 *   archive read FILE N        N reads of 1,000 rows at random places, the file opened once:
 *                              "median worst" microseconds
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "archive/archive_writer.h"

enum { ROW_VALUES = 6, READ_ROWS = 1000 };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(enum umm_status status, const struct umm_error *err)
{
    if (status == UMM_OK)
        return;
    fprintf(stderr, "archive: %s: %s\n", err->path, err->message);
    exit(1);
}

static long size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (long)st.st_size : 0;
}

static void store(const char *dir, long n)
{
    char path[4096], journal[4110];
    struct umm_archive_writer w;
    struct umm_error err = {.status = UMM_OK};
    struct umm_npy npy = {.n_dims = 2, .shape = {0, ROW_VALUES}, .type = {'f', false, 8, ""}};
    snprintf(path, sizeof path, "%s/stored.npy.zst", dir);
    snprintf(journal, sizeof journal, "%s.journal", path);
    double price = 29000, start = now_s();
    long most = 0;
    must(umm_archive_writer_open(&w, path, &npy, NULL, NULL, &err), &err);
    for (long i = 0; i < n; i++) {
        price += (double)(rand() % 2001 - 1000) / 100;
        const double row[ROW_VALUES] = {
            1577836800000.0 + 60000.0 * (double)i, price, price + 3.25, price - 2.5, price + 0.75,
            (double)(rand() % 100000) / 1000};
        must(umm_archive_writer_push(&w, (const char *)row, 1, &err), &err);
        must(umm_archive_writer_store(&w, &err), &err);
        if (i % 1000 == 999) {
            long size = size_of(path) + size_of(journal);
            most = size > most ? size : most;
        }
        if (i + 1 == n / 10 || i + 1 == n)
            printf("%ld %.3f %ld %ld\n", i + 1, now_s() - start, size_of(path) + size_of(journal),
                   most);
    }
    must(umm_archive_writer_commit(&w, true, &err), &err);
    umm_archive_writer_close(&w);
    printf("%ld %.3f %ld %ld\n", n, now_s() - start, size_of(path) + size_of(journal), most);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void read_at_random(const char *path, long n)
{
    static double rows[READ_ROWS * ROW_VALUES];
    double *seconds = calloc((size_t)n, sizeof *seconds);
    struct umm_archive a;
    struct umm_error err = {.status = UMM_OK};
    must(umm_archive_open(&a, path, &err), &err);
    for (long i = 0; seconds && i < n; i++) {
        uint64_t at = (uint64_t)rand() * 31 % (a.n_rows - READ_ROWS);
        double start = now_s();
        must(umm_archive_read(&a, at, READ_ROWS, rows, &err), &err);
        seconds[i] = now_s() - start;
    }
    umm_archive_close(&a);
    if (!seconds)
        exit(1);
    qsort(seconds, (size_t)n, sizeof *seconds, ascending);
    printf("%.1f %.1f\n", seconds[n / 2] * 1e6, seconds[n - 1] * 1e6);
    free(seconds);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    if (strcmp(argv[1], "store") == 0)
        store(argv[2], atol(argv[3]));
    else
        read_at_random(argv[2], atol(argv[3]));
    return 0;
}
