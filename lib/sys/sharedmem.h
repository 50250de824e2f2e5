/* SPDX-License-Identifier: MIT */
/*
 * sharedmem.h - memory without a name that other processes of this user can also map:
 * by the path /proc/PID/fd/N of whoever made it, while that one lives. It is gone with
 * the last process that has it mapped.
 */
#ifndef UMM_SYS_SHAREDMEM_H
#define UMM_SYS_SHAREDMEM_H

#include "umm.h"

enum { UMM_SHAREDMEM_PATH_MAX = 64 };

struct umm_sharedmem {
    void *at; /* zeros at first; NULL for none */
    size_t len_bytes;
    int fd;
    char path[UMM_SHAREDMEM_PATH_MAX];
};

/* Make len_bytes of it, readable and writable; UMM_ERR_SYSTEM. */
UMM_MUST_USE enum umm_status umm_sharedmem_open(struct umm_sharedmem *memory, size_t len_bytes,
                                                struct umm_error *err);

/* Safe on all zero. */
void umm_sharedmem_close(struct umm_sharedmem *memory);

#endif
