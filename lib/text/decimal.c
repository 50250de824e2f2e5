/* SPDX-License-Identifier: MIT */
#include "text/decimal.h"

#include "text/decimal_engines.h"

size_t umm_decimal_f64(enum umm_cpu cpu, const struct umm_decimal_column *column, uint32_t *odd)
{
#if defined(__x86_64__)
    if (cpu == UMM_CPU_AVX512)
        return umm_decimal_f64_avx512(column, odd);
    if (cpu == UMM_CPU_AVX2)
        return umm_decimal_f64_avx2(column, odd);
#elif defined(__aarch64__)
    if (cpu == UMM_CPU_NEON)
        return umm_decimal_f64_neon(column, odd);
#endif
    (void)cpu;
    return umm_decimal_f64_portable(column, 0, column->n, odd);
}

size_t umm_decimal_i64(enum umm_cpu cpu, const struct umm_decimal_column *column, uint32_t *odd)
{
#if defined(__x86_64__)
    if (cpu == UMM_CPU_AVX512)
        return umm_decimal_i64_avx512(column, odd);
    if (cpu == UMM_CPU_AVX2)
        return umm_decimal_i64_avx2(column, odd);
#elif defined(__aarch64__)
    if (cpu == UMM_CPU_NEON)
        return umm_decimal_i64_neon(column, odd);
#endif
    (void)cpu;
    return umm_decimal_i64_portable(column, 0, column->n, odd);
}
