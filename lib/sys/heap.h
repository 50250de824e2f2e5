/* SPDX-License-Identifier: MIT */
/*
 * heap.h - malloc from the outside: what it holds.
 */
#ifndef UMM_SYS_HEAP_H
#define UMM_SYS_HEAP_H

#include "umm.h"

/*
 * The bytes that this process's malloc has given out and not got back, in all arenas and
 * in mappings of their own; some freed blocks that threads keep for themselves count.
 * False where the C library does not tell. Takes time linear in the number of free blocks.
 */
bool umm_heap_live_bytes(uint64_t *bytes);

#endif
