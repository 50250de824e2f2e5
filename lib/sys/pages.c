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

void *umm_pages_new(size_t len_bytes)
{
    const size_t huge = (size_t)2 << 20;
    if (len_bytes > SIZE_MAX - 2 * huge)
        return NULL;
    const size_t rounded = (len_bytes + huge - 1) / huge * huge;
    void *memory = aligned_alloc(huge, rounded);
    if (!memory)
        return NULL;
    (void)madvise(memory, rounded, MADV_HUGEPAGE);
    umm_pages_have(memory, len_bytes);
    return memory;
}
