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
    /* Half of their bits are set: fractions of the golden ratio and of sqrt(2), sqrt(3). */
    const uint64_t k0 = 0x9e3779b97f4a7c15, k1 = 0x6a09e667f3bcc909, k2 = 0xbb67ae8584caa73b;
    const char *at = (const char *)bytes;
    /* In both factors, so that nobody who does not know the seed makes one of them zero. */
    const uint64_t secret = umm_hash_mix(seed ^ k0, k1 ^ len_bytes);
    uint64_t hash = secret, a = 0, b = 0;
    for (; len_bytes > 16; at += 16, len_bytes -= 16) {
        memcpy(&a, at, 8);
        memcpy(&b, at + 8, 8);
        hash = umm_hash_mix(a ^ secret, b ^ hash);
    }
    a = b = 0;
    if (len_bytes >= 8) {
        memcpy(&a, at, 8);
        memcpy(&b, at + len_bytes - 8, 8);
    } else if (len_bytes) {
        memcpy(&a, at, len_bytes);
    }
    return umm_hash_mix(k2 ^ secret, umm_hash_mix(a ^ secret ^ k1, b ^ hash));
}

#endif
