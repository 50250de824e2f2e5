/* SPDX-License-Identifier: MIT */
#include "base/cpu.h"
#include "base/tuning.h"

enum umm_cpu umm_cpu_best(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool has_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                  __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") &&
                  __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("fma");
    bool has_512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
                   __builtin_cpu_supports("avx512bitalg") && __builtin_cpu_supports("avx512vnni");
    if (has_v3)
        return has_512 ? UMM_CPU_AVX512 : UMM_CPU_AVX2;
#elif defined(__aarch64__)
    return UMM_CPU_NEON;
#endif
    return UMM_CPU_PORTABLE;
}

enum umm_cpu umm_cpu_choose(const struct umm_run *run)
{
    enum umm_cpu best = umm_cpu_best(), wanted = best;
    switch (umm_run_engine(run)) {
    case UMM_ENGINE_REFERENCE:
    case UMM_ENGINE_PORTABLE: wanted = UMM_CPU_PORTABLE; break;
    case UMM_ENGINE_NEON: wanted = UMM_CPU_NEON; break;
    case UMM_ENGINE_AVX2: wanted = UMM_CPU_AVX2; break;
    case UMM_ENGINE_AVX512:
    case UMM_ENGINE_BEST: break;
    }
    return wanted < best ? wanted : best;
}
