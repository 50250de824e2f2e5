/* SPDX-License-Identifier: MIT */
/*
 * alloc_counts.h - allocations counted in a memory that processes share.
 *
 * libumm-alloc.so, preloaded into a program and whatever it starts, counts here; a process that
 * measures makes the memory and reads it at any time. It has no name in any file system
 * and is gone with its last user; counts of a killed process stay.
 *
 *     +--------+----------+--------+--------+-- ... --+
 *     | header | overflow | slot 0 | slot 1 |         |     64 bytes each
 *     +--------+----------+--------+--------+-- ... --+
 *
 * A thread has a slot to itself and adds to it without locks; when it ends, another
 * thread takes the slot and adds on. More threads at a time than slots share the
 * overflow, which takes atomic additions. Only sums over all slots mean something.
 *
 * malloc, calloc, realloc, reallocarray and the aligned variants count with the bytes
 * that were asked for, as valgrind counts: realloc of a block is one allocation and one
 * free. free(NULL) and calls that fail count as nothing.
 */
#ifndef UMM_PROBE_ALLOC_COUNTS_H
#define UMM_PROBE_ALLOC_COUNTS_H

#include "umm.h"

/* The environment variable by which the program finds the memory: a path to open. */
#define UMM_ALLOC_VARIABLE "UMM_ALLOC_COUNTS"

#define UMM_ALLOC_MAGIC 0x31434f4c4c414d55u /* "UMALLOC1" */

enum { UMM_ALLOC_SLOTS = 4095, UMM_ALLOC_LINE_BYTES = 64 };

/* owner: the thread's number, 0 for none. */
struct umm_alloc_slot {
    uint64_t n_allocs, n_frees, alloc_bytes;
    uint64_t n_maps, n_unmaps, map_bytes;
    uint32_t owner;
    uint32_t unused[3];
};

/*
 * n_processes: that counted here, programs begun by exec counted anew. n_blind: those among
 * them that bring an allocator of their own, whose calls pass by the library.
 */
struct umm_alloc_header {
    uint64_t magic;
    uint32_t n_slots;
    uint32_t n_processes, n_blind;
    uint32_t unused[11];
};

struct umm_alloc_memory {
    struct umm_alloc_header header;
    struct umm_alloc_slot overflow;
    struct umm_alloc_slot slots[UMM_ALLOC_SLOTS];
};

#ifndef __cplusplus
_Static_assert(sizeof(struct umm_alloc_slot) == UMM_ALLOC_LINE_BYTES, "a cache line");
_Static_assert(sizeof(struct umm_alloc_header) == UMM_ALLOC_LINE_BYTES, "a cache line");
#endif

/* The sums. */
struct umm_alloc_counts {
    uint64_t n_allocs, n_frees, alloc_bytes;
    uint64_t n_maps, n_unmaps, map_bytes;
    uint32_t n_processes, n_blind;
};

void umm_alloc_counts_read(const struct umm_alloc_memory *memory, struct umm_alloc_counts *counts);

/*
 * envp for a program that shall count in the memory at counts_path: library is preloaded,
 * before what envp itself has preloaded. One block, to be freed; it points into envp.
 */
UMM_MUST_USE enum umm_status umm_alloc_counts_environment(char *const *envp, const char *library,
                                                          const char *counts_path, char ***out,
                                                          struct umm_error *err);

#endif
