/* SPDX-License-Identifier: MIT */
#include "model/rowops_engines.h"

#if defined(__x86_64__)

#define VECTOR_BYTES 32
#define TARGET       __attribute__((target("avx2,bmi,bmi2")))
#define TABLE        look_up
#define ENGINE       umm_rowops_avx2

/* Eight bytes at a time: a shuffle for each of 16 rows of the table is slower. */
TARGET static void look_up(const uint8_t table[256], const uint8_t *x, size_t n, uint8_t *y)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t in, out = 0;
        __builtin_memcpy(&in, x + i, sizeof in);
        _Pragma("GCC unroll 8") for (unsigned k = 0; k < 8; k++) out |=
            (uint64_t)table[in >> 8 * k & 0xFF] << 8 * k;
        __builtin_memcpy(y + i, &out, sizeof out);
    }
    for (; i < n; i++)
        y[i] = table[x[i]];
}

#include "model/rowops.inc"
#else
const struct umm_rowops umm_rowops_avx2 = {0};
#endif
