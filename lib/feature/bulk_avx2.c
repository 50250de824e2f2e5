/* SPDX-License-Identifier: MIT */
#include "feature/bulk_engines.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "feature/vec_avx2.inc"

#define BULK umm_bulk_avx2
#include "feature/bulk.inc"
#else
const struct umm_bulk umm_bulk_avx2 = {0};
#endif
