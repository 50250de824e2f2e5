/* SPDX-License-Identifier: MIT */
#include "sys/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* since Linux 5.14; others refuse it */
#endif

void umm_pages_have(void *memory, size_t len_bytes)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = (uintptr_t)memory;
    uintptr_t skipped = (page - begin % page) % page;
    if (len_bytes < skipped + page)
        return;
    (void)madvise((char *)memory + skipped, (len_bytes - skipped) / page * page,
                  MADV_POPULATE_WRITE);
}

enum { HUGE_BYTES = 2 << 20 };

static void *take_huge(size_t len_bytes)
{
    void *memory;
    if (posix_memalign(&memory, HUGE_BYTES, len_bytes))
        return NULL;
    (void)madvise(memory, len_bytes, MADV_HUGEPAGE);
    return memory;
}

void *umm_pages_new(size_t len_bytes)
{
    if (len_bytes > SIZE_MAX - 2 * (size_t)HUGE_BYTES)
        return NULL;
    void *memory = take_huge((len_bytes + HUGE_BYTES - 1) / HUGE_BYTES * HUGE_BYTES);
    if (memory)
        umm_pages_have(memory, len_bytes);
    return memory;
}

void *umm_pages_room(size_t len_bytes)
{
    /* malloc's own header before the next piece may take the page's last bytes. */
    const size_t headers = 256;
    return len_bytes < HUGE_BYTES - headers ? malloc(len_bytes) : take_huge(len_bytes);
}
