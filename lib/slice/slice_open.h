/* SPDX-License-Identifier: MIT */
/* slice_open.h - what umm_slice and umm_slice_describe begin with. */
#ifndef UMM_SLICE_SLICE_OPEN_H
#define UMM_SLICE_SLICE_OPEN_H

#include "array/selection.h"
#include "slice/slice.h"

struct umm_slice_source {
    struct umm_arrayfile file;
    struct umm_selection selection;
};

/* Open the input, find the times, choose; run may be NULL. Close it after any open. */
UMM_MUST_USE enum umm_status umm_slice_source_open(struct umm_slice_source *source,
                                                   const struct umm_slice_options *options,
                                                   const struct umm_run *run,
                                                   struct umm_error *err);
void umm_slice_source_close(struct umm_slice_source *source);

#endif
