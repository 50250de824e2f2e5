/* SPDX-License-Identifier: MIT */
#include "quantize/observe.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/progress.h"

enum { BLOCK_ROWS = 256, BLOCK_BYTES = 64 * 1024 * 1024 };

/* ---- the graph with more outputs ------------------------------------------------------- */

/* Watch the value, unless it is watched, or an input that is only cast. */
static enum umm_status add_watched(struct umm_quantize_watch *watch, struct umm_graph *copy,
                                   int32_t value, struct umm_error *err)
{
    if (watch->offsets[value] != UINT64_MAX || watch->graph->values[value].type != UMM_GRAPH_F32)
        return UMM_OK;
    watch->offsets[value] = watch->n_result;
    watch->n_result += watch->graph->values[value].width;
    return umm_graph_add_output(copy, value, err);
}

static enum umm_status add_all_watched(struct umm_quantize_watch *watch, struct umm_graph *copy,
                                       struct umm_error *err)
{
    const struct umm_graph *graph = watch->graph;
    enum umm_status status = UMM_OK;
    for (uint32_t i = 0; i < graph->n_values; i++)
        watch->offsets[i] = UINT64_MAX;
    for (uint32_t i = 0; i < graph->n_outputs; i++) {
        watch->offsets[graph->outputs[i]] = watch->n_result;
        watch->n_result += graph->values[graph->outputs[i]].width;
    }
    watch->n_outputs = watch->n_result;
    for (uint32_t i = 0; !status && i < graph->n_inputs; i++)
        status = add_watched(watch, copy, graph->inputs[i], err);
    for (uint32_t i = 0; !status && i < graph->n_nodes; i++) {
        if (graph->nodes[i].op != UMM_OP_DENSE)
            continue;
        status = add_watched(watch, copy, graph->nodes[i].inputs[0], err);
        if (!status)
            status = add_watched(watch, copy, graph->nodes[i].output, err);
    }
    return status;
}

/* Of a block: fewer where all that is watched of a row is very long. */
static uint64_t count_rows(size_t result_bytes)
{
    const size_t fit = BLOCK_BYTES / result_bytes;
    return fit == 0 ? 1 : fit < BLOCK_ROWS ? fit : BLOCK_ROWS;
}

enum umm_status umm_quantize_watch_open(struct umm_quantize_watch *watch,
                                        const struct umm_graph *graph, const struct umm_run *run,
                                        struct umm_error *err)
{
    struct umm_graph *copy = NULL;
    *watch = (struct umm_quantize_watch){.graph = graph, .n_inputs = umm_graph_input_width(graph)};
    watch->offsets = calloc(graph->n_values, sizeof *watch->offsets);
    if (!watch->offsets)
        return umm_error_set_memory(err, graph->n_values * sizeof *watch->offsets, "values");
    enum umm_status status = umm_graph_copy(graph, &copy, err);
    if (!status)
        status = add_all_watched(watch, copy, err);
    if (status) {
        umm_graph_free(copy);
        return status;
    }
    const size_t result_bytes = (size_t)watch->n_result * sizeof *watch->results;
    watch->block_rows = count_rows(result_bytes);
    watch->results = calloc((size_t)watch->block_rows, result_bytes);
    if (!watch->results) {
        umm_graph_free(copy);
        return umm_error_set_memory(err, (size_t)watch->block_rows * result_bytes, "results");
    }
    status = umm_model_new(copy, NULL, run, &watch->model, err);
    if (!status)
        status = umm_model_plan(watch->model, NULL, &watch->plan, err);
    return status;
}

void umm_quantize_watch_close(struct umm_quantize_watch *watch)
{
    umm_model_plan_close(watch->plan);
    umm_model_close(watch->model);
    free(watch->offsets);
    free(watch->results);
    *watch = (struct umm_quantize_watch){0};
}

enum umm_status umm_quantize_watch_run(struct umm_quantize_watch *watch,
                                       const struct umm_quantize_rows *rows, struct umm_run *run,
                                       umm_quantize_take *take, void *user, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    uint64_t next_look_ns = 0;
    const uint64_t row_bytes = watch->n_inputs * sizeof(float);
    for (uint64_t at = 0; !status && at < rows->n_rows; at += watch->block_rows) {
        const uint64_t left = rows->n_rows - at;
        const uint64_t n = left < watch->block_rows ? left : watch->block_rows;
        status =
            umm_progress_step(run, &next_look_ns, at * row_bytes, rows->n_rows * row_bytes, err);
        if (status)
            break;
        umm_model_run(watch->plan, rows->rows + at * watch->n_inputs, n, watch->results);
        status = take(user, watch, watch->results, at, n, err);
    }
    return status;
}

/* ---- ranges ------------------------------------------------------------------------------ */

static enum umm_status make_ranges(const struct umm_quantize_watch *watch, bool has_bins,
                                   struct umm_quantize_ranges *ranges, struct umm_error *err)
{
    enum umm_status status = umm_quantize_ranges_new(watch->graph->n_values, has_bins, ranges, err);
    for (uint32_t i = 0; !status && i < ranges->n_values; i++)
        if (watch->offsets[i] != UINT64_MAX)
            status = umm_quantize_seen_new(&ranges->values[i], watch->graph->values[i].width,
                                           has_bins, err);
    return status;
}

struct observer {
    struct umm_quantize_ranges *ranges;
    const struct umm_quantize_rows *rows;
};

static enum umm_status take(void *user, const struct umm_quantize_watch *watch,
                            const float *results, uint64_t first, uint64_t n, struct umm_error *err)
{
    const struct observer *observer = user;
    for (uint64_t row = 0; row < n; row++)
        for (uint32_t i = 0; i < observer->ranges->n_values; i++) {
            struct umm_quantize_seen *seen = &observer->ranges->values[i];
            if (seen->width &&
                !umm_quantize_see(seen, results + row * watch->n_result + watch->offsets[i]))
                return umm_error_set(err, UMM_ERR_DATA,
                                     "row %" PRIu64
                                     " makes the model compute NaN or infinity: there is no range "
                                     "for that",
                                     observer->rows->numbers[first + row]);
        }
    return UMM_OK;
}

enum umm_status umm_quantize_observe(struct umm_quantize_watch *watch,
                                     const struct umm_quantize_rows *rows, bool has_bins,
                                     struct umm_run *run, struct umm_quantize_ranges *ranges,
                                     struct umm_error *err)
{
    struct observer observer = {.ranges = ranges, .rows = rows};
    enum umm_status status = make_ranges(watch, has_bins, ranges, err);
    if (!status)
        status = umm_quantize_watch_run(watch, rows, run, take, &observer, err);
    return status;
}
