/* SPDX-License-Identifier: MIT */
/* notation_engines.h - the engines of a column in a notation; private to notation*.c. */
#ifndef UMM_TEXT_NOTATION_ENGINES_H
#define UMM_TEXT_NOTATION_ENGINES_H

#include "text/decimal_engines.h"
#include "text/notation_bare.h"

/* How the numbers of a column are written. */
struct how {
    enum umm_group_mark mark;
    unsigned ways;
    int power; /* of ten, that all are multiplied by */
    char point;
};

/* Bare digits, len of them with marks and a point, before end. */
struct plain umm_notation_digits(const struct how *how, const char *end, size_t len);

size_t umm_notation_f64_portable(const struct how *how, const struct umm_decimal_column *column,
                                 uint32_t *odd);
size_t umm_notation_i64_portable(const struct how *how, const struct umm_decimal_column *column,
                                 uint32_t *odd);
size_t umm_notation_f64_avx2(const struct how *how, const struct umm_decimal_column *column,
                             uint32_t *odd);
size_t umm_notation_i64_avx2(const struct how *how, const struct umm_decimal_column *column,
                             uint32_t *odd);

#endif
