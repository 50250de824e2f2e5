/* SPDX-License-Identifier: MIT */
/*
 * dense_f64.h - dense layers of doubles over blocks of rows, in plain C alone. A sum is a chain of
 * products, each rounded before it is added, over the inputs in their order, beginning with the
 * bias (0 without one): the same bits on every machine. Limits are those of model/dense.h; a NaN
 * that is computed is 0x7ff8000000000000.
 */
#ifndef UMM_MODEL_DENSE_F64_H
#define UMM_MODEL_DENSE_F64_H

#include "umm.h"

struct umm_dense_f64;

/* weights: n_out x n_in; bias: n_out numbers, or NULL. Nothing of them is kept. */
UMM_MUST_USE enum umm_status umm_dense_f64_new(uint32_t n_in, uint32_t n_out, const double *weights,
                                               const double *bias, float low, float high,
                                               struct umm_dense_f64 **dense, struct umm_error *err);
void umm_dense_f64_free(struct umm_dense_f64 *dense);

/* Rows of x and y follow each other without gaps, and do not overlap. */
void umm_dense_f64_run(const struct umm_dense_f64 *dense, const double *x, size_t n_rows,
                       double *y);

#endif
