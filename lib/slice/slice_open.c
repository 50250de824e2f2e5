/* SPDX-License-Identifier: MIT */
#include "slice/slice_open.h"

#include <string.h>

enum umm_status umm_slice_source_open(struct umm_slice_source *source,
                                      const struct umm_slice_options *options,
                                      const struct umm_run *run, struct umm_error *err)
{
    struct umm_selection_options chosen = {.ranges = options->ranges,
                                           .n_ranges = options->n_ranges,
                                           .is_strict = options->is_strict,
                                           .is_order_checked =
                                               options->range.has_from || options->range.has_to,
                                           .columns = options->columns,
                                           .run = run};
    uint64_t end = 0;
    memset(source, 0, sizeof *source);
    enum umm_status status = umm_arrayfile_open(&source->file, options->input, err);
    if (!status)
        status =
            umm_timerange_rows(&options->range, &source->file, &chosen.window_first, &end, err);
    chosen.n_window = end > chosen.window_first ? end - chosen.window_first : 0;
    return status ? status : umm_selection_open(&source->selection, &source->file, &chosen, err);
}

void umm_slice_source_close(struct umm_slice_source *source)
{
    umm_selection_close(&source->selection);
    umm_arrayfile_close(&source->file);
}
