/* SPDX-License-Identifier: MIT */
#include "sys/heap.h"

#include <stdlib.h> /* defines __GLIBC__ */

#if defined(__GLIBC__)
#include <malloc.h>
#endif

void umm_heap_keep(int len_bytes)
{
#if defined(__GLIBC__)
    /* Larger blocks would have a mapping each, whatever is kept. */
    mallopt(M_MMAP_THRESHOLD, len_bytes);
    mallopt(M_TRIM_THRESHOLD, len_bytes);
#else
    (void)len_bytes;
#endif
}
