/* SPDX-License-Identifier: MIT */
/* A column in a notation: which engine. */
#include "text/notation_engines.h"

size_t umm_notation_f64(enum umm_cpu cpu, const struct umm_notation *notation, int power,
                        const struct umm_decimal_column *column, uint32_t *odd)
{
    const struct how how = {notation->mark, notation->ways, power, column->point};
#if defined(__x86_64__)
    if (cpu == UMM_CPU_AVX2 || cpu == UMM_CPU_AVX512)
        return umm_notation_f64_avx2(&how, column, odd);
#endif
    (void)cpu;
    return umm_notation_f64_portable(&how, column, odd);
}

size_t umm_notation_i64(enum umm_cpu cpu, const struct umm_notation *notation, int power,
                        const struct umm_decimal_column *column, uint32_t *odd)
{
    const struct how how = {notation->mark, notation->ways, power, column->point};
#if defined(__x86_64__)
    if (cpu == UMM_CPU_AVX2 || cpu == UMM_CPU_AVX512)
        return umm_notation_i64_avx2(&how, column, odd);
#endif
    (void)cpu;
    return umm_notation_i64_portable(&how, column, odd);
}
