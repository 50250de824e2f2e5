/* SPDX-License-Identifier: MIT */
/*
 * store - the feature store's operations, many times.
 *
 *   store DIR N DIM ROUNDS
 *
 * Makes a store of N positions in DIR (which must not exist), puts N ids, updates and
 * gets them in the order of positions and in another one, one at a time and many at once,
 * copies as many vectors with memcpy between two arrays in the same orders, and evicts.
 * Prints "WHAT ORDER NANOSECONDS" per operation, best of ROUNDS, and "memory BYTES" per
 * position: what this process has mapped and touched. For scripts/bench-store.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "umm.h"
#include "umm/store.h"

enum { CELL = 16 };

static size_t n, dim;
static char (*ids)[CELL];
static float *vectors, *found;
static bool *is_found;
static size_t *order; /* the vector of each id */
static struct umm_store *store;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(bool is_good)
{
    if (!is_good)
        abort();
}

static void put_each(void)
{
    for (size_t i = 0; i < n; i++)
        must(umm_store_put(store, ids[i], strnlen(ids[i], CELL), vectors + i * dim, 1, NULL) ==
             UMM_OK);
}

static void put_many(void)
{
    size_t n_put;
    must(umm_store_put_many(store, ids[0], CELL, n, vectors, 1, &n_put, NULL) == UMM_OK);
}

static void get_each(void)
{
    for (size_t i = 0; i < n; i++)
        must(umm_store_get(store, ids[i], strnlen(ids[i], CELL), found + i * dim, NULL, NULL) ==
             UMM_OK);
}

static void get_many(void)
{
    size_t n_found;
    must(umm_store_get_many(store, ids[0], CELL, n, found, is_found, &n_found, NULL) == UMM_OK);
    must(n_found == n);
}

/* What a plain copy of as many vectors costs, in the order of the ids. */
static void copy_each(void)
{
    for (size_t i = 0; i < n; i++)
        memcpy(found + i * dim, vectors + order[i] * dim, dim * sizeof(float));
}

static double best(void (*run)(void), int rounds)
{
    double least = 1e18;
    while (rounds-- > 0) {
        double start = now_ns(), span;
        run();
        span = (now_ns() - start) / (double)n;
        least = span < least ? span : least;
    }
    return least;
}

static void mark_and_evict(void)
{
    for (size_t i = 0; i < n; i++)
        must(umm_store_mark_inactive(store, ids[i], strnlen(ids[i], CELL), NULL) == UMM_OK);
    for (size_t i = 0; i < n; i++)
        must(umm_store_evict(store, NULL, NULL) == UMM_OK);
}

static void shuffle(void)
{
    unsigned long long seed = 88172645463325252;
    for (size_t i = n - 1; i > 0; i--) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        size_t k = seed % (i + 1), t = order[i];
        char id[CELL];
        order[i] = order[k];
        order[k] = t;
        memcpy(id, ids[i], CELL);
        memcpy(ids[i], ids[k], CELL);
        memcpy(ids[k], id, CELL);
    }
}

/* Rss of the maps of dir's files, from /proc/self/smaps, in bytes. */
static double mapped_bytes(const char *dir)
{
    char line[1024];
    double total = 0;
    unsigned long kib;
    bool is_ours = false;
    FILE *smaps = fopen("/proc/self/smaps", "r");
    must(smaps != NULL);
    while (fgets(line, sizeof line, smaps)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            is_ours = strstr(line, dir) != NULL;
        if (is_ours && sscanf(line, "Rss: %lu", &kib) == 1)
            total += (double)kib * 1024;
    }
    fclose(smaps);
    return total;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    n = strtoul(argv[2], NULL, 10);
    dim = strtoul(argv[3], NULL, 10);
    int rounds = atoi(argv[4]);
    struct umm_store_options options = {.max_positions = n, .dim = (uint32_t)dim};
    struct umm_error err;
    ids = calloc(n, sizeof *ids);
    order = calloc(n, sizeof *order);
    vectors = malloc(n * dim * sizeof *vectors);
    found = malloc(n * dim * sizeof *found);
    is_found = calloc(n, sizeof *is_found);
    must(ids && order && vectors && found && is_found);
    for (size_t i = 0; i < n; i++) {
        snprintf(ids[i], CELL, "id-%08u", (unsigned)i);
        order[i] = i;
        for (size_t k = 0; k < dim; k++)
            vectors[i * dim + k] = (float)(i + k);
    }
    memset(found, 0, n * dim * sizeof *found);
    if (umm_store_create(argv[1], &options, NULL, &err) != UMM_OK ||
        umm_store_open(argv[1], UMM_STORE_WRITE, NULL, &store, &err) != UMM_OK) {
        fprintf(stderr, "store: %s: %s\n", err.path, err.message);
        return 1;
    }
    printf("put-new same %.1f\n", best(put_many, 1));
    for (int is_other = 0; is_other < 2; is_other++) {
        const char *name = is_other ? "other" : "same";
        printf("put %s %.1f\n", name, best(put_each, rounds));
        printf("put-many %s %.1f\n", name, best(put_many, rounds));
        printf("get %s %.1f\n", name, best(get_each, rounds));
        printf("get-many %s %.1f\n", name, best(get_many, rounds));
        printf("memcpy %s %.1f\n", name, best(copy_each, rounds));
        if (!is_other)
            shuffle();
    }
    printf("memory %.1f\n", mapped_bytes(argv[1]) / (double)n);
    printf("mark+evict other %.1f\n", best(mark_and_evict, 1));
    must(umm_store_close(store, &err) == UMM_OK);
    return 0;
}
