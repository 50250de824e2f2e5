/* SPDX-License-Identifier: MIT */
/*
 * seed.h - the first rows of an average that then goes on as recur.h says.
 *
 * It begins with its first value, or with the mean of its first n: until then the word of
 * state holds their sum.
 */
#ifndef UMM_FEATURE_SEED_H
#define UMM_FEATURE_SEED_H

#include "umm.h"

struct umm_seed {
    size_t n;
    bool is_first;
    double k;
};

/* From which of its values on the average is an average. */
static inline uint64_t umm_seed_rows(const struct umm_seed *seed)
{
    return seed->is_first ? 0 : seed->n - 1;
}

/* Take x, the average's value number i. */
static inline void umm_seed_take(const struct umm_seed *seed, double *average, uint64_t i, double x)
{
    const uint64_t last = umm_seed_rows(seed);
    if (i > last)
        *average = (x - *average) * seed->k + *average;
    else if (i == 0)
        *average = x;
    else
        *average += x;
    if (i == last && i > 0)
        *average /= (double)seed->n;
}

#endif
