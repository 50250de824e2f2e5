/* SPDX-License-Identifier: MIT */
/*
 * decimal.h - a column of plain decimal numbers, several at a time.
 *
 * Plain is [+-]digits[.digits] in at most 16 characters (an engine may take a sign more)
 * with a value that a double holds before the point is put in (at most 2^53 as an
 * integer): then one division by a power of ten rounds correctly (Clinger 1990).
 * Everything else is left to the caller, field by field.
 *
 * Source of the conversion by multiply-and-add of neighbours: Mula, "SIMD-ized
 * conversion of strings to integers" (2014).
 */
#ifndef UMM_TEXT_DECIMAL_H
#define UMM_TEXT_DECIMAL_H

#include "base/cpu.h"
#include "umm.h"

/* Bytes that must be readable before the text. */
enum { UMM_DECIMAL_PAD = 16 };

/*
 * A column: field i is text[begins[i] + begin_add .. ends[i]), and its value goes to out + i *
 * out_stride, 8 bytes, no alignment needed. With late_every the fields 0, late_every, 2 *
 * late_every and so on begin one byte later.
 */
struct umm_decimal_column {
    const char *text;
    const uint32_t *begins, *ends;
    uint32_t begin_add;
    size_t late_every;
    size_t n;
    char *out;
    size_t out_stride;
    char point;        /* '.' or ',' */
    bool is_empty_nan; /* f64: an empty field is a NaN, not the caller's */
    char mark;         /* f64: digits in groups after it may be taken also (notation.h); 0: none */
};

/*
 * Convert to binary64, or to int64 (no point then). Returns how many fields were not
 * plain; their numbers are written to odd (room for n) in ascending order, and what
 * their places in out hold does not matter.
 */
size_t umm_decimal_f64(enum umm_cpu cpu, const struct umm_decimal_column *column, uint32_t *odd);
size_t umm_decimal_i64(enum umm_cpu cpu, const struct umm_decimal_column *column, uint32_t *odd);

#endif
