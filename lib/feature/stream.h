/* SPDX-License-Identifier: MIT */
/*
 * stream.h - states of a plan, how they take rows, and what they are as bytes. The calls are
 * public, in umm.h.
 *
 * Rows are taken in chunks that fit the cache, all features of a chunk one after the
 * other. A feature counts the rows that it took: under NAN_RESET and NAN_HOLD each goes
 * by the columns it reads itself, so that it does not matter what else is in the plan.
 *
 * As bytes, all numbers little-endian:
 *
 *     0   "UMMFEAT\n"
 *     8   u32 version of this layout: 1, u32 numerics of the plan
 *     16  u64 FNV-1a of umm_features_text
 *     24  u64 rows taken
 *     32  u64 number of words
 *     40  words, binary64 each
 *     ..  u64 FNV-1a of all before
 */
#ifndef UMM_FEATURE_STREAM_H
#define UMM_FEATURE_STREAM_H

#include "feature/plan.h"

struct umm_features_state {
    const struct umm_features *plan;
    uint64_t n_rows;
    double words[]; /* n_words of the plan, and as many that remember those */
};

enum { UMM_FEATURES_LAYOUT = 1 };

#endif
