/* SPDX-License-Identifier: MIT */
/*
 * data.h - representative rows from whatever holds them: an array, an archive, text, or a feature
 * store's directory, sampled as sample.h says.
 */
#ifndef UMM_QUANTIZE_DATA_H
#define UMM_QUANTIZE_DATA_H

#include "modelrows/modelrows.h"
#include "quantize/quantize.h"
#include "quantize/sample.h"

/*
 * Read all rows of options->data. A row with NaN or infinity is an error, or left out and counted
 * in *n_skipped, as options->is_nan_skipped says. model says what a row of the model is; is_f64: it
 * takes doubles. UMM_ERR_UNSUPPORTED for doubles of which floats leave too little.
 */
UMM_MUST_USE enum umm_status umm_quantize_read(const struct umm_quantize_options *options,
                                               const struct umm_modelrows_options *model,
                                               bool is_f64, struct umm_run *run,
                                               struct umm_quantize_sample *sample,
                                               uint64_t *n_skipped, struct umm_error *err);

#endif
