/* SPDX-License-Identifier: MIT */
/*
 * sharedmem.h - memory without a name that other processes of this user can also map:
 * by the path /proc/PID/fd/N of whoever made it, while that one lives. It is gone with
 * the last process that has it mapped.
 *
 * Nobody can change its size. Where the kernel cannot hold that, a process that cuts it hurts
 * those that touch its map, but not one that reads with umm_sharedmem_look.
 */
#ifndef UMM_SYS_SHAREDMEM_H
#define UMM_SYS_SHAREDMEM_H

#include "sys/map.h"
#include "umm.h"

enum { UMM_SHAREDMEM_PATH_MAX = 64 };

struct umm_sharedmem {
    struct umm_map map; /* zeros at first */
    void *copy;         /* for _look; NULL where the size is sealed */
    int fd;
    char path[UMM_SHAREDMEM_PATH_MAX];
};

/* Make len_bytes of it, readable and writable; UMM_ERR_SYSTEM, UMM_ERR_MEMORY. */
UMM_MUST_USE enum umm_status umm_sharedmem_open(struct umm_sharedmem *memory, size_t len_bytes,
                                                struct umm_error *err);

/*
 * The bytes as they are now, until the next look: the memory itself, which others may change
 * meanwhile, or a copy. UMM_ERR_DATA where it was cut, UMM_ERR_SYSTEM.
 */
UMM_MUST_USE enum umm_status umm_sharedmem_look(const struct umm_sharedmem *memory,
                                                const void **bytes, struct umm_error *err);

/* Safe on all zero. */
void umm_sharedmem_close(struct umm_sharedmem *memory);

#endif
