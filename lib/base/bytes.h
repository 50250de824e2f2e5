/* SPDX-License-Identifier: MIT */
/*
 * bytes.h - little-endian integers in byte layouts, on any machine.
 */
#ifndef UMM_BASE_BYTES_H
#define UMM_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* The low n bytes of value, lowest first; returns where they end. n is at most 8. */
static inline void *umm_bytes_put(void *out, uint64_t value, size_t n)
{
    unsigned char *p = (unsigned char *)out;
    for (size_t i = 0; i < n; i++)
        *p++ = (unsigned char)(value >> 8 * i);
    return p;
}

/* The integer of n bytes, lowest first. */
static inline uint64_t umm_bytes_get(const void *bytes, size_t n)
{
    const unsigned char *p = (const unsigned char *)bytes;
    uint64_t value = 0;
    for (size_t i = n; i-- > 0;)
        value = value << 8 | p[i];
    return value;
}

#endif
