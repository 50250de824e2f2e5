/* SPDX-License-Identifier: MIT */
#include "sys/pages.h"

#include <stdint.h>
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
