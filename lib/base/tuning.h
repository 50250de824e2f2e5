/* SPDX-License-Identifier: MIT */
/*
 * tuning.h - how a call does its work, where tests and measurements choose: umm_run.tuning.
 */
#ifndef UMM_BASE_TUNING_H
#define UMM_BASE_TUNING_H

#include "umm.h"

/*
 * How a call does its work. Every engine gives the same bytes, errors and counts;
 * they differ in speed. One that the machine lacks is replaced by the next lower.
 * REFERENCE is the slow and obvious way, one record after the other.
 */
enum umm_engine {
    UMM_ENGINE_BEST = 0,
    UMM_ENGINE_REFERENCE,
    UMM_ENGINE_PORTABLE,
    UMM_ENGINE_NEON,
    UMM_ENGINE_AVX2,
    UMM_ENGINE_AVX512
};

/* block_bytes: what a worker takes at once; 0 leaves it to the call. */
struct umm_tuning {
    enum umm_engine engine;
    size_t block_bytes;
};

/* The engine that run asks for; NULL, or none asked for: UMM_ENGINE_BEST. */
static inline enum umm_engine umm_run_engine(const struct umm_run *run)
{
    return run && run->tuning ? run->tuning->engine : UMM_ENGINE_BEST;
}

/* The block that run asks for, or usual_bytes. */
static inline size_t umm_run_block_bytes(const struct umm_run *run, size_t usual_bytes)
{
    return run && run->tuning && run->tuning->block_bytes ? run->tuning->block_bytes : usual_bytes;
}

#endif
