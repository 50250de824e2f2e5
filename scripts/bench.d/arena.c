/* SPDX-License-Identifier: MIT */
/*
 * arena - the arena beside malloc and free of glibc, jemalloc and mimalloc.
 *
 *   arena N ROUNDS SIZE...
 *
 * For each size, zeroed and not: allocate N blocks, write eight bytes of each, free
 * them all. Allocators take turns in every round; the best round counts. Prints
 * "N SIZE zeroed|raw ALLOCATOR NANOSECONDS", per block, for scripts/bench-arena. All are
 * called in the same process; the libraries are loaded, so that they do not take the
 * place of glibc's.
 *
 *   arena        a reset ends each round: blocks are kept, as the others keep theirs
 *   arena-close  a close does: blocks go back to glibc, the next round begins anew
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "umm.h"
#include "umm/mem.h"

struct peer {
    const char *name;
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void (*free)(void *);
    struct umm_arena *arena;
    double best_ns;
};

static void **blocks;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void touch(void *block, size_t i)
{
    if (!block)
        abort();
    memcpy(block, &i, sizeof i);
}

static void __attribute__((noinline)) run_malloc(const struct peer *peer, size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++)
        touch(blocks[i] = peer->malloc(size), i);
    for (size_t i = 0; i < n; i++)
        peer->free(blocks[i]);
}

static void __attribute__((noinline)) run_calloc(const struct peer *peer, size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++)
        touch(blocks[i] = peer->calloc(1, size), i);
    for (size_t i = 0; i < n; i++)
        peer->free(blocks[i]);
}

static void __attribute__((noinline)) run_arena_raw(struct umm_arena *arena, size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++)
        touch(blocks[i] = umm_arena_alloc_raw(arena, size), i);
}

static void __attribute__((noinline)) run_arena(struct umm_arena *arena, size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++)
        touch(blocks[i] = umm_arena_alloc(arena, size), i);
}

static double measure(const struct peer *peer, size_t n, size_t size, bool is_zeroed)
{
    double start = now_ns();
    if (peer->arena && is_zeroed)
        run_arena(peer->arena, n, size);
    else if (peer->arena)
        run_arena_raw(peer->arena, n, size);
    else if (is_zeroed)
        run_calloc(peer, n, size);
    else
        run_malloc(peer, n, size);
    if (peer->arena && strcmp(peer->name, "arena") == 0)
        umm_arena_reset(peer->arena);
    else if (peer->arena)
        umm_arena_close(peer->arena);
    return (now_ns() - start) / (double)n;
}

static bool load(struct peer *peer, const char *file, const char *prefix)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    char name[64];
    if (!library) {
        fprintf(stderr, "arena: %s\n", dlerror());
        return false;
    }
    snprintf(name, sizeof name, "%smalloc", prefix);
    *(void **)&peer->malloc = dlsym(library, name);
    snprintf(name, sizeof name, "%scalloc", prefix);
    *(void **)&peer->calloc = dlsym(library, name);
    snprintf(name, sizeof name, "%sfree", prefix);
    *(void **)&peer->free = dlsym(library, name);
    return peer->malloc && peer->calloc && peer->free;
}

int main(int argc, char **argv)
{
    struct umm_arena kept = {0}, closed = {0};
    struct peer peers[] = {{.name = "arena", .arena = &kept},
                           {.name = "arena-close", .arena = &closed},
                           {"glibc", malloc, calloc, free, NULL, 0},
                           {.name = "jemalloc"},
                           {.name = "mimalloc"}};
    enum { N_PEERS = sizeof peers / sizeof *peers };
    if (argc < 4)
        return 2;
    size_t n = strtoul(argv[1], NULL, 10), n_rounds = strtoul(argv[2], NULL, 10);
    blocks = calloc(n, sizeof *blocks);
    if (!blocks || !load(&peers[3], "libjemalloc.so.2", "") ||
        !load(&peers[4], "libmimalloc.so.2", "mi_"))
        return 1;
    for (int i = 3; i < argc; i++) {
        size_t size = strtoul(argv[i], NULL, 10);
        for (int is_zeroed = 1; is_zeroed >= 0; is_zeroed--) {
            for (size_t p = 0; p < N_PEERS; p++)
                peers[p].best_ns = 1e18;
            for (size_t round = 0; round < n_rounds; round++) {
                for (size_t p = 0; p < N_PEERS; p++) {
                    double ns = measure(&peers[p], n, size, is_zeroed);
                    if (ns < peers[p].best_ns)
                        peers[p].best_ns = ns;
                }
            }
            for (size_t p = 0; p < N_PEERS; p++)
                printf("%zu %zu %s %s %.3f\n", n, size, is_zeroed ? "zeroed" : "raw", peers[p].name,
                       peers[p].best_ns);
        }
    }
    umm_arena_close(&kept);
    free(blocks);
    return 0;
}
