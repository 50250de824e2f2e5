/* SPDX-License-Identifier: MIT */
/*
 * fnv.h - the 64-bit FNV-1a hash: small, the same on every machine, for telling texts
 * apart and for noticing damage. Not against forgery.
 *
 * Source: Fowler, Noll, Vo; RFC 9923.
 */
#ifndef UMM_BASE_FNV_H
#define UMM_BASE_FNV_H

#include <stddef.h>
#include <stdint.h>

#define UMM_FNV_START UINT64_C(0xcbf29ce484222325)

/* The hash of what hash stands for (UMM_FNV_START: nothing) and len_bytes more. */
static inline uint64_t umm_fnv(uint64_t hash, const void *bytes, size_t len_bytes)
{
    const unsigned char *p = (const unsigned char *)bytes;
    for (size_t i = 0; i < len_bytes; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
