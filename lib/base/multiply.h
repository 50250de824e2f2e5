/* SPDX-License-Identifier: MIT */
/*
 * multiply.h - the whole product of two 64-bit integers, which C has no operator for.
 */
#ifndef UMM_BASE_MULTIPLY_H
#define UMM_BASE_MULTIPLY_H

#include <stdint.h>

/* a * b + carry: returns the low half, *high gets the high half. It cannot overflow. */
static inline uint64_t umm_multiply_add(uint64_t a, uint64_t b, uint64_t carry, uint64_t *high)
{
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 u128;
    u128 product = (u128)a * b + carry;

    *high = (uint64_t)(product >> 64);
    return (uint64_t)product;
#else
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0, mid = a1 * b0 + (low >> 32), cross = a0 * b1 + (uint32_t)mid;
    uint64_t result = cross << 32 | (uint32_t)low;

    *high = a1 * b1 + (mid >> 32) + (cross >> 32);
    *high += __builtin_add_overflow(result, carry, &result);
    return result;
#endif
}

#endif
