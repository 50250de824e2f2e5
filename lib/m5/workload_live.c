/* SPDX-License-Identifier: MIT */
/* What becomes of a signal live: positions that are due, and a model's answers for them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array/output.h"
#include "base/error.h"
#include "graph/graph.h"
#include "m5/workload_job.h"
#include "onnx/onnx.h"
#include "umm/store.h"

enum {
    SIGNAL_MS = 100,    /* the list's clock: 40 positions make some five looks a signal */
    HIDDEN = 32,        /* numbers between the model's layers */
    CLOSE = 4,          /* column of a bar */
    CANARY_SIGNALS = 64 /* one of so many is not answered */
};

static uint64_t draw(struct umm_workload_live *live)
{
    return umm_synth_mix(live->random += UINT64_C(0x9e3779b97f4a7c15));
}

/* ---- the model ----------------------------------------------------------------------- */

/* -0.01 to 0.01 in multiples of 1/51200, which are the same on every machine. */
static void fill(struct umm_workload_live *live, const struct umm_tensor *tensor)
{
    const float unit = 0.01F / 512;
    float *data = tensor->data;
    for (size_t i = 0; i < (size_t)tensor->n_rows * tensor->n_columns; i++)
        data[i] = (float)((int64_t)(draw(live) % 1025) - 512) * unit;
}

/* A dense layer of that many numbers after the value *at, which becomes the layer's. */
static enum umm_status add_layer(struct umm_workload_live *live, struct umm_graph *graph,
                                 uint32_t width, float low, int32_t *at, struct umm_error *err)
{
    const struct umm_graph_value value = {
        .name = low == 0 ? "hidden" : "answer", .type = UMM_GRAPH_F32, .width = width};
    struct umm_tensor *weights = NULL, *bias = NULL;
    int32_t output = UMM_GRAPH_NONE;
    enum umm_status status =
        umm_graph_tensor(graph, UMM_GRAPH_F32, width, graph->values[*at].width, 0, &weights, err);
    if (!status)
        status = umm_graph_tensor(graph, UMM_GRAPH_F32, 1, width, 0, &bias, err);
    if (!status)
        status = umm_graph_add_value(graph, &value, &output, err);
    if (status)
        return status;
    fill(live, weights);
    fill(live, bias);
    const struct umm_graph_node node = {.op = UMM_OP_DENSE,
                                        .name = value.name,
                                        .op_name = "Gemm",
                                        .n_inputs = 1,
                                        .inputs = at,
                                        .output = output,
                                        .weights = weights,
                                        .bias = bias,
                                        .limits = {.low = low, .high = INFINITY}};
    status = umm_graph_add_node(graph, &node, err);
    *at = output;
    return status;
}

static enum umm_status make_graph(struct umm_workload *w, struct umm_graph *graph,
                                  struct umm_error *err)
{
    const struct umm_graph_value features = {
        .name = "features", .type = UMM_GRAPH_F32, .width = (uint32_t)w->n_outputs};
    int32_t at = UMM_GRAPH_NONE;
    enum umm_status status = umm_graph_add_value(graph, &features, &at, err);
    if (!status)
        status = umm_graph_add_input(graph, at, err);
    if (!status)
        status = add_layer(&w->live, graph, HIDDEN, 0, &at, err);
    if (!status)
        status = add_layer(&w->live, graph, 1, -INFINITY, &at, err);
    return status ? status : umm_graph_add_output(graph, at, err);
}

static enum umm_status write_model(struct umm_workload *w, struct umm_error *err)
{
    struct umm_graph *graph = NULL;
    struct umm_outfile out = {0};
    void *bytes = NULL;
    size_t len = 0;
    enum umm_status status = umm_graph_new(&graph, err);
    if (!status)
        status = make_graph(w, graph, err);
    if (!status)
        status = umm_onnx_write(graph, &bytes, &len, err);
    if (!status)
        status = umm_output_open_file(&out, w->live.path, w->run, err);
    if (!status)
        status = umm_outfile_finish(&out, bytes, len, NULL, w->run, err);
    free(bytes);
    umm_graph_free(graph);
    return status;
}

/* ---- positions -------------------------------------------------------------------- */

static struct umm_watch_text name_of(const struct umm_workload_symbol *symbol)
{
    return (struct umm_watch_text){symbol->name, strlen(symbol->name)};
}

/* A position of the symbol at its last price, which takes the place of the one that it has. */
static enum umm_status open_position(struct umm_workload_live *live,
                                     struct umm_workload_symbol *symbol, int64_t now_ms,
                                     struct umm_error *err)
{
    const double step = 0.001; /* of the price: two widths of a bar's step */
    const uint64_t bits = draw(live);
    size_t n;
    const double *bars = umm_ring_window(symbol->window, &n);
    const double entry = bars[(n - 1) * UMM_WORKLOAD_COLUMNS + CLOSE];
    const int side = bits & 1 ? 1 : -1;
    const struct umm_watch_position position = {
        .id = name_of(symbol),
        .symbol = name_of(symbol),
        .side = side,
        .entry = entry,
        .take_profit = entry * (1 + side * step * (double)(1 + (bits >> 8) % 4)),
        .stop_loss = entry * (1 - side * step * (double)(1 + (bits >> 16) % 4))};
    return umm_watchlist_add(live->list, &position, now_ms, err);
}

/* A position, and the features that a look at it needs before the symbol's first signal. */
static enum umm_status begin_symbol(struct umm_workload *w, struct umm_workload_symbol *symbol,
                                    struct umm_error *err)
{
    const int64_t ns_per_ms = 1000000;
    enum umm_status status = umm_store_put(w->store, symbol->name, strlen(symbol->name),
                                           symbol->first, symbol->time_ms * ns_per_ms, err);
    return status ? status : open_position(&w->live, symbol, 0, err);
}

/* ---- opening ---------------------------------------------------------------------- */

enum umm_status umm_workload_open_live(struct umm_workload *w, struct umm_error *err)
{
    struct umm_workload_live *live = &w->live;
    const struct umm_watch_rules rules = {.closed_ms = INT64_MAX,
                                          .max_positions = UMM_WORKLOAD_SYMBOLS,
                                          .max_symbols = UMM_WORKLOAD_SYMBOLS};
    const struct umm_model_plan_options plan = {.batch_rows = UMM_WORKLOAD_LOOKS_MAX};
    const size_t n = UMM_WORKLOAD_LOOKS_MAX * (w->n_outputs + 1);
    live->random = umm_synth_stream(w->options->seed, "positions and model");
    live->rows = malloc(n * sizeof *live->rows);
    if (!live->rows)
        return umm_error_set_memory(err, n * sizeof *live->rows, "rows of a model");
    live->answers = live->rows + UMM_WORKLOAD_LOOKS_MAX * w->n_outputs;
    enum umm_status status = write_model(w, err);
    if (!status)
        status = umm_model_open(live->path, NULL, w->run, &live->model, err);
    if (!status)
        status = umm_model_plan(live->model, &plan, &live->plan, err);
    if (!status)
        status = umm_watchlist_open(&rules, &live->list, err);
    for (size_t i = 0; !status && i < UMM_WORKLOAD_SYMBOLS; i++)
        status = begin_symbol(w, &w->symbols[i], err);
    return status;
}

void umm_workload_close_live(struct umm_workload *w)
{
    umm_watchlist_close(w->live.list);
    umm_model_plan_close(w->live.plan);
    umm_model_close(w->live.model);
    free(w->live.rows);
}

/* ---- looks ------------------------------------------------------------------------ */

/* The symbol that a look is at: "S07" is number 7. */
static struct umm_workload_symbol *looked_at(struct umm_workload *w,
                                             const struct umm_watch_look *look)
{
    return &w->symbols[(look->id.text[1] - '0') * 10 + look->id.text[2] - '0'];
}

enum umm_status umm_workload_watch(struct umm_workload *w, const struct umm_workload_signal *signal,
                                   uint64_t number, struct umm_error *err)
{
    struct umm_workload_live *live = &w->live;
    struct umm_watch_look looks[UMM_WORKLOAD_LOOKS_MAX];
    bool is_reached[UMM_WORKLOAD_LOOKS_MAX];
    const struct umm_watch_text name = name_of(signal->symbol);
    const int64_t now_ms = (int64_t)number * SIGNAL_MS;
    live->n_looks = 0;
    enum umm_status status =
        umm_watchlist_price(live->list, &name, signal->bar[CLOSE], now_ms, err);
    if (status)
        return status;
    live->n_looks = umm_watchlist_take(live->list, now_ms, looks, UMM_WORKLOAD_LOOKS_MAX);
    w->figures->looks += live->n_looks;
    if (w->options->canary == UMM_CANARY_ANSWER && number % CANARY_SIGNALS == 0)
        live->n_looks = 0;
    /* Names in looks live until the list changes. */
    for (size_t i = 0; i < live->n_looks; i++) {
        live->looks[i] = looked_at(w, &looks[i]);
        is_reached[i] = looks[i].risk >= 1;
    }
    for (size_t i = 0; !status && i < live->n_looks; i++) {
        const struct umm_watch_text id = name_of(live->looks[i]);
        if (!is_reached[i])
            continue;
        status = umm_watchlist_end(live->list, &id, now_ms, err);
        if (!status)
            status = open_position(live, live->looks[i], now_ms, err);
    }
    return status;
}

enum umm_status umm_workload_predict(struct umm_workload *w, struct umm_error *err)
{
    struct umm_workload_live *live = &w->live;
    for (size_t i = 0; i < live->n_looks; i++) {
        const struct umm_watch_text id = name_of(live->looks[i]);
        enum umm_status status = umm_store_get(w->store, id.text, id.len_bytes,
                                               live->rows + i * w->n_outputs, NULL, err);
        if (status)
            return status;
    }
    umm_model_run(live->plan, live->rows, live->n_looks, live->answers);
    for (size_t i = 0; i < live->n_looks; i++) {
        if (!isfinite(live->answers[i]))
            return umm_error_set_path(err, UMM_ERR_DATA, live->path,
                                      "an answer to %s is not finite", live->looks[i]->name);
        w->figures->answers++;
    }
    return UMM_OK;
}
