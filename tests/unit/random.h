/* SPDX-License-Identifier: MIT */
#ifndef UMM_TEST_RANDOM_H
#define UMM_TEST_RANDOM_H

#include <stdint.h>

#define RANDOM_SEED 88172645463325252U

/* Marsaglia's xorshift64: the same numbers in every run. *state is never 0. */
static inline uint64_t xorshift64(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
