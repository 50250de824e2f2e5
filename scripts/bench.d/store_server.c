/* SPDX-License-Identifier: MIT */
/*
 * store_server - operations of a feature store on a server, many times. For scripts/bench-store.
 *
 *   store_server PLACE WHAT N DIM BATCH TIMES
 *
 * WHAT is create: make the store, of N positions, and put N ids, id-<12 digits>; or get, get-many,
 * put-many: TIMES vectors, of ids in a random order, BATCH at once. Prints nanoseconds a vector. No
 * byte of a vector is zero.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "umm.h"
#include "umm/store.h"

enum { CELL = 16 };

static size_t n, dim, batch, times;
static char (*ids)[CELL];
static float *vectors;
static bool *is_found;
static struct umm_store *store;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(enum umm_status status, struct umm_error *err)
{
    char text[UMM_ERROR_TEXT_MAX];
    if (!status)
        return;
    fprintf(stderr, "store_server: %s\n", umm_error_text(err, text, sizeof text));
    exit(1);
}

static void choose(void)
{
    static unsigned long long seed = 88172645463325252;
    for (size_t i = 0; i < batch; i++) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        char id[32];
        snprintf(id, sizeof id, "id-%012llu", seed % n);
        memcpy(ids[i], id, CELL);
    }
}

static void create(const char *place)
{
    struct umm_error err = {.status = UMM_OK};
    const struct umm_store_options options = {.max_positions = n, .dim = (uint32_t)dim};
    size_t n_put = 0;
    must(umm_store_create(place, &options, NULL, &err), &err);
    must(umm_store_open(place, UMM_STORE_WRITE, NULL, &store, &err), &err);
    for (size_t first = 0; first < n; first += batch) {
        size_t n_now = n - first < batch ? n - first : batch;
        for (size_t i = 0; i < n_now; i++) {
            char id[32];
            snprintf(id, sizeof id, "id-%012zu", first + i);
            memcpy(ids[i], id, CELL);
        }
        must(umm_store_put_many(store, ids[0], CELL, n_now, vectors, 1, &n_put, &err), &err);
    }
}

static void once(const char *what)
{
    struct umm_error err = {.status = UMM_OK};
    size_t n_done = 0;
    if (strcmp(what, "put-many") == 0)
        must(umm_store_put_many(store, ids[0], CELL, batch, vectors, 1, &n_done, &err), &err);
    else if (strcmp(what, "get-many") == 0)
        must(umm_store_get_many(store, ids[0], CELL, batch, vectors, is_found, &n_done, &err),
             &err);
    else
        for (size_t i = 0; i < batch; i++)
            must(umm_store_get(store, ids[i], CELL - 1, vectors, NULL, &err), &err);
}

int main(int argc, char **argv)
{
    struct umm_error err = {.status = UMM_OK};
    if (argc != 7)
        return 2;
    const char *place = argv[1], *what = argv[2];
    n = strtoull(argv[3], NULL, 10);
    dim = strtoull(argv[4], NULL, 10);
    batch = strtoull(argv[5], NULL, 10);
    times = strtoull(argv[6], NULL, 10);
    ids = calloc(batch, sizeof *ids);
    vectors = malloc(batch * dim * sizeof *vectors);
    is_found = calloc(batch, sizeof *is_found);
    if (!ids || !vectors || !is_found)
        return 1;
    for (size_t i = 0; i < batch * dim; i++)
        vectors[i] = 1.1F;
    const double start = now_ns();
    if (strcmp(what, "create") == 0) {
        create(place);
        times = n;
    } else {
        enum umm_store_access access =
            strncmp(what, "put", 3) == 0 ? UMM_STORE_WRITE : UMM_STORE_READ;
        must(umm_store_open(place, access, NULL, &store, &err), &err);
        const double opened = now_ns();
        for (size_t i = 0; i < times; i += batch) {
            /* What is put again and again by the peer is always the same, too. */
            if (i == 0 || strcmp(what, "put-many") != 0)
                choose();
            once(what);
        }
        printf("%.1f\n", (now_ns() - opened) / (double)times);
        must(umm_store_close(store, &err), &err);
        return 0;
    }
    printf("%.1f\n", (now_ns() - start) / (double)times);
    must(umm_store_close(store, &err), &err);
    return 0;
}
