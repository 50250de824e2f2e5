/* SPDX-License-Identifier: MIT */
/* decimal_engines.h - the engines of decimal.h; private to decimal*.c. */
#ifndef UMM_TEXT_DECIMAL_ENGINES_H
#define UMM_TEXT_DECIMAL_ENGINES_H

#include "text/decimal.h"

static const uint64_t umm_decimal_nan = 0x7ff8000000000000;

/* Fields from number `first` on; the others also convert a column's last few so. */
size_t umm_decimal_f64_portable(const struct umm_decimal_column *column, size_t first,
                                uint32_t *odd);
size_t umm_decimal_i64_portable(const struct umm_decimal_column *column, size_t first,
                                uint32_t *odd);

size_t umm_decimal_f64_neon(const struct umm_decimal_column *column, uint32_t *odd);
size_t umm_decimal_i64_neon(const struct umm_decimal_column *column, uint32_t *odd);
size_t umm_decimal_f64_avx2(const struct umm_decimal_column *column, uint32_t *odd);
size_t umm_decimal_i64_avx2(const struct umm_decimal_column *column, uint32_t *odd);
size_t umm_decimal_f64_avx512(const struct umm_decimal_column *column, uint32_t *odd);
size_t umm_decimal_i64_avx512(const struct umm_decimal_column *column, uint32_t *odd);

#endif
