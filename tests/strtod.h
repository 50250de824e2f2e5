/* SPDX-License-Identifier: MIT */
/* Numbers as the C library reads them, for the unit test and the fuzzer of text/num.h. */
#ifndef UMM_TEST_STRTOD_H
#define UMM_TEST_STRTOD_H

#include "umm.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline uint64_t bits_f64(double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static inline uint32_t bits_f32(float v)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof bits);
    return bits;
}

/* guarded holds the len_bytes of text, which is terminated, and may be read no further. */
static inline bool is_f64_as_strtod(const char *text, const char *guarded, size_t len_bytes)
{
    double expected = strtod(text, NULL), actual = NAN;
    enum umm_num_result result = umm_num_parse_f64(guarded, len_bytes, '.', &actual);

    if (isinf(expected))
        return result == UMM_NUM_OVERFLOW && isnan(actual);
    return result == UMM_NUM_OK && bits_f64(actual) == bits_f64(expected);
}

static inline bool is_f32_as_strtof(const char *text, const char *guarded, size_t len_bytes)
{
    float expected = strtof(text, NULL), actual = NAN;
    enum umm_num_result result = umm_num_parse_f32(guarded, len_bytes, '.', &actual);

    if (isinf(expected))
        return result == UMM_NUM_OVERFLOW && isnan(actual);
    return result == UMM_NUM_OK && bits_f32(actual) == bits_f32(expected);
}

#endif
