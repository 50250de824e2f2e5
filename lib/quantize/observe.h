/* SPDX-License-Identifier: MIT */
/*
 * observe.h - what the values of a graph are on rows: the graph is run with what its dense layers
 * read and give as further outputs.
 */
#ifndef UMM_QUANTIZE_OBSERVE_H
#define UMM_QUANTIZE_OBSERVE_H

#include "model/model.h"
#include "quantize/sample.h"
#include "quantize/seen.h"

/*
 * A graph being watched. A result is the graph's own outputs, n_outputs numbers, and after them the
 * watched values; offsets of each value of the graph in it, UINT64_MAX where it is not watched.
 */
struct umm_quantize_watch {
    const struct umm_graph *graph;
    struct umm_model *model;
    struct umm_model_plan *plan;
    uint64_t n_inputs, n_outputs, n_result;
    uint64_t *offsets;
    float *results; /* of block_rows */
    uint64_t block_rows;
};

/* The graph must live until the close. Close it after any open. */
UMM_MUST_USE enum umm_status umm_quantize_watch_open(struct umm_quantize_watch *watch,
                                                     const struct umm_graph *graph,
                                                     const struct umm_run *run,
                                                     struct umm_error *err);
void umm_quantize_watch_close(struct umm_quantize_watch *watch);

/*
 * Run rows, and hand results on in blocks, in their order: take gets n of them, n_result numbers
 * each, the first of which is of row `first`. A failure ends it.
 */
typedef enum umm_status umm_quantize_take(void *user, const struct umm_quantize_watch *watch,
                                          const float *results, uint64_t first, uint64_t n,
                                          struct umm_error *err);
UMM_MUST_USE enum umm_status umm_quantize_watch_run(struct umm_quantize_watch *watch,
                                                    const struct umm_quantize_rows *rows,
                                                    struct umm_run *run, umm_quantize_take *take,
                                                    void *user, struct umm_error *err);

/*
 * Watch the calibration rows; names of layers are for messages. UMM_ERR_DATA where a number is NaN
 * or infinite. Free it after any call.
 */
UMM_MUST_USE enum umm_status umm_quantize_observe(struct umm_quantize_watch *watch,
                                                  const struct umm_quantize_rows *rows,
                                                  bool has_bins, struct umm_run *run,
                                                  struct umm_quantize_ranges *ranges,
                                                  struct umm_error *err);
#endif
