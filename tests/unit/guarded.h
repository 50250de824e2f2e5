/* SPDX-License-Identifier: MIT */
/* guarded.h - memory with a page behind it that nobody can touch. */
#ifndef UMM_TEST_GUARDED_H
#define UMM_TEST_GUARDED_H

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

enum { GUARDED_PAGE = 4096 };

struct guarded {
    char *map;
    size_t size;
};

/* Room for len_bytes bytes, which the pieces that guarded_end gives share. */
static inline struct guarded guarded_open(size_t len_bytes)
{
    struct guarded g = {.size = (len_bytes + 2 * GUARDED_PAGE - 1) / GUARDED_PAGE * GUARDED_PAGE};
    g.map = mmap(NULL, g.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(g.map, MAP_FAILED);
    assert_int_equal(mprotect(g.map + g.size - GUARDED_PAGE, GUARDED_PAGE, PROT_NONE), 0);
    return g;
}

/* The last len_bytes bytes that can be touched. */
static inline void *guarded_end(const struct guarded *g, size_t len_bytes)
{
    return g->map + g->size - GUARDED_PAGE - len_bytes;
}

/* A copy of len_bytes bytes there. */
static inline void *guarded_copy(const struct guarded *g, const void *from, size_t len_bytes)
{
    return memcpy(guarded_end(g, len_bytes), from, len_bytes);
}

static inline void guarded_close(struct guarded *g)
{
    munmap(g->map, g->size);
}

#endif
