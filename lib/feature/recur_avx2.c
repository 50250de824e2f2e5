/* SPDX-License-Identifier: MIT */
#include "feature/recur_engines.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "feature/vec_avx2.inc"

#define ENGINE umm_recur_avx2
#include "feature/recur_lanes.inc"
#else
const struct recur_engine umm_recur_avx2 = {.is_finite = NULL};
#endif
