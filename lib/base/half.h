/* SPDX-License-Identifier: MIT */
/*
 * half.h - floats of 16 bits (IEEE 754 binary16), which C11 has no type for.
 */
#ifndef UMM_BASE_HALF_H
#define UMM_BASE_HALF_H

#include <stdint.h>
#include <string.h>

/* The float of such bits: exact, a NaN keeps its payload. */
static inline float umm_half_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000U) << 16, exponent = half >> 10 & 31U;
    uint32_t fraction = half & 1023U, bits = 0;
    float number;
    if (exponent == 0) { /* subnormal: units of 2^-24 */
        number = (float)fraction * 0x1p-24F;
        return sign ? -number : number;
    }
    bits = sign | (exponent == 31 ? 255U : exponent + 112) << 23 | fraction << 13;
    memcpy(&number, &bits, sizeof number);
    return number;
}

#endif
