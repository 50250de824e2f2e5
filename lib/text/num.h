/* SPDX-License-Identifier: MIT */
/*
 * num.h - numbers whose decimal point is moved: what umm.h's umm_num_parse_f64 and the
 * others read, times a power of ten.
 *
 * The power is added to the text's own exponent before anything is rounded, so that the
 * result is the nearest to the exact product.
 */
#ifndef UMM_TEXT_NUM_H
#define UMM_TEXT_NUM_H

#include "umm.h"

/* As umm_num_parse_f64 and the others, of the text's value times 10^power. Any thread. */
UMM_MUST_USE enum umm_num_result umm_num_scaled_f64(const char *text, size_t len_bytes, char point,
                                                    int power, double *out);
UMM_MUST_USE enum umm_num_result umm_num_scaled_f32(const char *text, size_t len_bytes, char point,
                                                    int power, float *out);
UMM_MUST_USE enum umm_num_result umm_num_scaled_i64(const char *text, size_t len_bytes, char point,
                                                    int power, int64_t *out);

#endif
