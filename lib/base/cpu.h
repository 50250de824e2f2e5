/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - which engine the running machine can use.
 *
 * Every engine gives the same bytes; they differ in speed only.
 */
#ifndef UMM_BASE_CPU_H
#define UMM_BASE_CPU_H

#include "umm.h"

/*
 * PORTABLE  C alone, on every machine
 * NEON      64-bit ARM
 * AVX2      x86-64 with AVX2, FMA, BMI1, BMI2, POPCNT and PCLMULQDQ (Haswell, Zen)
 * AVX512    those and AVX-512 F, BW, DQ, VL, VBMI, VBMI2, BITALG and VNNI (Ice Lake, Zen 4)
 */
enum umm_cpu { UMM_CPU_PORTABLE, UMM_CPU_NEON, UMM_CPU_AVX2, UMM_CPU_AVX512, UMM_CPU_COUNT };

/* The best engine of this machine. */
enum umm_cpu umm_cpu_best(void);

/* The engine that run asks for, or the best there is below it. NULL: the best. */
enum umm_cpu umm_cpu_choose(const struct umm_run *run);

#endif
