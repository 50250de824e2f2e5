/* SPDX-License-Identifier: MIT */
/* bulk_engines.h - the engines of bulk.h; empty on machines that lack them. */
#ifndef UMM_FEATURE_BULK_ENGINES_H
#define UMM_FEATURE_BULK_ENGINES_H

#include "feature/bulk.h"

extern const struct umm_bulk umm_bulk_portable, umm_bulk_avx2, umm_bulk_avx512;

#endif
