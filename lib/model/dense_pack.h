/* SPDX-License-Identifier: MIT */
/*
 * dense_pack.h - weights into the order in which an engine takes them.
 */
#ifndef UMM_MODEL_DENSE_PACK_H
#define UMM_MODEL_DENSE_PACK_H

#include "model/dense_engines.h"

/* A layer with weights, bias and multipliers; one block of memory, for free. */
UMM_MUST_USE enum umm_status umm_dense_pack(const struct umm_dense_spec *spec,
                                            const struct umm_dense_engine *engine,
                                            struct umm_dense **dense, struct umm_error *err);

#endif
