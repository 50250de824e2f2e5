/* SPDX-License-Identifier: MIT */
/*
 * hash.h - a hash of bytes for tables in memory and for files of one kind of machine.
 *
 * 128-bit products folded to 64 bits, as in Wang Yi's wyhash; all 64 bits of the result
 * are good. It is no cryptographic hash: who may choose keys and knows the seed can make
 * them collide. Pure; any thread.
 */
#ifndef UMM_BASE_HASH_H
#define UMM_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

__extension__ typedef unsigned __int128 umm_hash_product;

/* High and low half of a * b, one upon the other. */
static inline uint64_t umm_hash_mix(uint64_t a, uint64_t b)
{
    umm_hash_product product = (umm_hash_product)a * b;
    return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static inline uint64_t umm_hash_bytes(const void *bytes, size_t len_bytes, uint64_t seed)
{
    /* Odd, half of the bits set: fractions of the golden ratio and of sqrt(2), sqrt(3). */
    const uint64_t k0 = 0x9e3779b97f4a7c15, k1 = 0x6a09e667f3bcc909, k2 = 0xbb67ae8584caa73b;
    const char *at = (const char *)bytes;
    uint64_t hash = umm_hash_mix(seed ^ k0, k1 ^ len_bytes), word;
    for (; len_bytes > 8; at += 8, len_bytes -= 8) {
        memcpy(&word, at, 8);
        hash = umm_hash_mix(hash ^ word ^ k1, k2);
    }
    word = 0;
    memcpy(&word, at, len_bytes);
    return umm_hash_mix(hash ^ word ^ k2, k0) ^ hash;
}

#endif
