/* SPDX-License-Identifier: MIT */
/*
 * umm/model.h - models of rows: ONNX and TensorFlow Lite files, run in float, double or int8.
 *
 * The conventions are those of umm.h.
 */
#ifndef UMM_MODEL_H
#define UMM_MODEL_H

#include "umm.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A model is read once and never changes: any number of threads may plan and run it. A plan has
 * the memory that running takes: one thread at a time uses one, and it is closed before its model.
 *
 * The same row gives the same bits in any batch, at any place in it, with any number of threads
 * and on any processor. Integer layers give the bits of ONNX Runtime and of TensorFlow Lite's
 * XNNPACK.
 */
struct umm_model;
struct umm_model_plan;

/* output: the output to compute, by its name; NULL: the only one, or the first that is no label. */
struct umm_model_options {
    const char *output;
};

/*
 * Read the model in the file path. UMM_ERR_DATA for what is damaged, UMM_ERR_UNSUPPORTED for what
 * is not computed here, by the name and place of the operator; UMM_ERR_ARGUMENT for an output that
 * it has not. options may be NULL.
 */
UMM_MUST_USE enum umm_status umm_model_open(const char *path,
                                            const struct umm_model_options *options,
                                            struct umm_run *run, struct umm_model **model,
                                            struct umm_error *err);
void umm_model_close(struct umm_model *model);

/*
 * n_inputs, n_outputs   numbers in a row, and in its result
 * n_parameters          numbers in the model's constants
 * n_layers, n_int8      dense layers, and those of int8
 * n_trees               decision trees
 * size_bytes            the model's file, with weights in other files
 * is_f64                an input is of doubles or 64-bit integers: floats keep 24 bits of them
 * has_integers          an input is of integers or of truth: see umm_model_check
 */
struct umm_model_info {
    uint64_t n_inputs, n_outputs;
    uint64_t n_parameters;
    uint64_t n_layers, n_int8, n_trees;
    uint64_t size_bytes;
    bool is_f64, has_integers;
};
void umm_model_info(const struct umm_model *model, struct umm_model_info *info);

/*
 * What the model calls number i of a row (of a result, with is_output), or NULL: an input of one
 * number by its name; of several, "NAME[i]" is for umm's tools to make.
 */
const char *umm_model_name(const struct umm_model *model, bool is_output, uint64_t i);

/*
 * n_threads is run's when rows are run; batch_rows is how many rows are taken at once (0: what fits
 * the processor's cache); is_portable runs plain C only, to compare with.
 */
struct umm_model_plan_options {
    uint32_t batch_rows;
    uint32_t n_threads; /* 0: 1 */
    bool is_portable;
};

/* All memory that running takes, at once. options may be NULL. */
UMM_MUST_USE enum umm_status umm_model_plan(const struct umm_model *model,
                                            const struct umm_model_plan_options *options,
                                            struct umm_model_plan **plan, struct umm_error *err);
void umm_model_plan_close(struct umm_model_plan *plan);

/*
 * Run n_rows rows of n_inputs numbers each, row by row, without gaps, into n_rows results of
 * n_outputs numbers, which do not overlap them. Allocates nothing and cannot fail. NaN goes through
 * as the operators say. Doubles are rounded to float once, where the model wants floats.
 *
 * Inputs of integers take what umm_model_check accepts; other numbers are cut towards zero and to
 * the type's range, and NaN is 0. Of truth, everything but 0 is 1.
 */
void umm_model_run(struct umm_model_plan *plan, const float *rows, uint64_t n_rows, float *results);
void umm_model_run_f64(struct umm_model_plan *plan, const double *rows, uint64_t n_rows,
                       float *results);

/*
 * UMM_ERR_DATA, with row (from 1, as line) and number (from 1, as column) of the first number that
 * is no integer of its input's range, or for an input of truth neither 0 nor 1. Costs nothing where
 * the model has no such inputs.
 */
UMM_MUST_USE enum umm_status umm_model_check(const struct umm_model *model, const float *rows,
                                             uint64_t n_rows, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_model_check_f64(const struct umm_model *model, const double *rows,
                                                 uint64_t n_rows, struct umm_error *err);

#ifdef __cplusplus
}
#endif

#endif
