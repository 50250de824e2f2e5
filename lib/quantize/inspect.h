/* SPDX-License-Identifier: MIT */
/*
 * inspect.h - what a quantised model is made of, layer by layer, and what of it deserves a warning.
 */
#ifndef UMM_QUANTIZE_INSPECT_H
#define UMM_QUANTIZE_INSPECT_H

#include "quantize/trial.h"

/*
 * Fill result->layers, n_layers, n_int8 and n_outside by the trial that was chosen, and by what the
 * float graph's values are on the held-out rows. UMM_ERR_DATA where one of them is NaN or infinite.
 */
UMM_MUST_USE enum umm_status umm_quantize_inspect(const struct umm_quantize_subject *subject,
                                                  const struct umm_quantize_trial *trial,
                                                  struct umm_quantize_watch *watch,
                                                  struct umm_run *run,
                                                  struct umm_quantize_result *result,
                                                  struct umm_error *err);

/* Fill result->warnings by what the result has. */
void umm_quantize_warn(const struct umm_quantize_subject *subject,
                       struct umm_quantize_result *result);

#endif
