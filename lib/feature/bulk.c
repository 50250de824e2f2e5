/* SPDX-License-Identifier: MIT */
#include "feature/bulk.h"

#include "feature/bulk_engines.h"

const struct umm_bulk *umm_bulk_of(enum umm_cpu cpu)
{
    switch (cpu) {
    case UMM_CPU_AVX512: return &umm_bulk_avx512;
    case UMM_CPU_AVX2: return &umm_bulk_avx2;
    case UMM_CPU_PORTABLE:
    case UMM_CPU_NEON:
    case UMM_CPU_COUNT: break;
    }
    return &umm_bulk_portable;
}
