/* SPDX-License-Identifier: MIT */
/*
 * pow10.h - the powers of ten that a binary64 can reach, to 128 bits, for reading and
 * for printing.
 *
 * umm_pow10[q - UMM_POW10_MIN] holds the leading 128 bits of 10^q, truncated:
 *
 *     T = hi * 2^64 + lo,   2^127 <= T < 2^128,
 *     T <= 10^q / 2^(umm_pow10_log2(q) - 127) < T + 1
 *
 * with equality on the left for UMM_POW10_EXACT_MIN <= q <= UMM_POW10_EXACT_MAX.
 * T's low half is never all ones, so that T + 1 has the same high half. The range:
 * 2^64 * 10^q rounds to zero below UMM_POW10_MIN (2^64 * 10^-343 is under 2^-1075),
 * and up to UMM_POW10_MAX the smallest binary64 is scaled to be printed (2^-1074 *
 * 10^324 > 1); 10^309 exceeds every binary64 already.
 */
#ifndef UMM_TEXT_POW10_H
#define UMM_TEXT_POW10_H

#include <stdint.h>

enum {
    UMM_POW10_MIN = -342,
    UMM_POW10_MAX = 324,
    UMM_POW10_EXACT_MIN = 0,
    UMM_POW10_EXACT_MAX = 55 /* 5^55 < 2^128 < 5^56 */
};

struct umm_pow10 {
    uint64_t hi;
    uint64_t lo;
};

extern const struct umm_pow10 umm_pow10[UMM_POW10_MAX - UMM_POW10_MIN + 1];

/*
 * floor(log2(10^q)) for q in the table's range. 217706 / 2^16 exceeds log2(10) by
 * less than 3e-6, too little to pass an integer there; scripts/gen-pow10 checks
 * every q. The sum keeps the shifted value positive: a right shift of a negative
 * one is the compiler's choice.
 */
static inline int umm_pow10_log2(int q)
{
    return ((q * 217706 + (2048 << 16)) >> 16) - 2048;
}

#endif
