/* SPDX-License-Identifier: MIT */
/* decimal_engines.h - the engines of decimal.h; private to decimal*.c. */
#ifndef UMM_TEXT_DECIMAL_ENGINES_H
#define UMM_TEXT_DECIMAL_ENGINES_H

#include "text/decimal.h"

static const uint64_t umm_decimal_nan = 0x7ff8000000000000;

/* What an engine makes of one field. value leaves the point out; it is at most 10^16. */
struct plain {
    uint64_t value;
    unsigned n_decimals; /* digits behind the point */
    bool is_odd, has_point;
};

/* The engines: the fields of a column from number `first` on. */
size_t umm_decimal_f64_portable(const struct umm_decimal_column *column, size_t first,
                                uint32_t *odd);
size_t umm_decimal_i64_portable(const struct umm_decimal_column *column, size_t first,
                                uint32_t *odd);
size_t umm_decimal_f64_neon(const struct umm_decimal_column *column, size_t first, uint32_t *odd);
size_t umm_decimal_i64_neon(const struct umm_decimal_column *column, size_t first, uint32_t *odd);
size_t umm_decimal_f64_avx2(const struct umm_decimal_column *column, size_t first, uint32_t *odd);
size_t umm_decimal_i64_avx2(const struct umm_decimal_column *column, size_t first, uint32_t *odd);
size_t umm_decimal_f64_avx512(const struct umm_decimal_column *column, size_t first, uint32_t *odd);
size_t umm_decimal_i64_avx512(const struct umm_decimal_column *column, size_t first, uint32_t *odd);

#endif
