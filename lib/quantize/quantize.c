/* SPDX-License-Identifier: MIT */
#include "quantize/quantize.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array/output.h"
#include "base/error.h"
#include "base/line.h"
#include "graph/passes.h"
#include "quantize/data.h"
#include "quantize/inspect.h"
#include "quantize/trial.h"
#include "sys/clock.h"
#include "sys/file.h"

/* What the job has open. */
struct job {
    const struct umm_quantize_options *options;
    struct umm_run *run;
    struct umm_quantize_result *result;
    struct umm_graph *graph;
    struct umm_quantize_layers layers;
    struct umm_quantize_rows calibration, held_out;
    struct umm_quantize_watch watch;
    struct umm_quantize_ranges ranges;
    float *floats; /* answers of the held-out rows */
    struct umm_quantize_trial best;
};

const char *umm_quantize_method_name(enum umm_quantize_method method)
{
    static const char *const names[] = {"equalize", "minmax", "percentile", "auto"};
    return names[method];
}

/* The path in front of what is wrong with it, unless that has one. */
static enum umm_status about(const char *path, enum umm_status status, struct umm_error *err)
{
    if (status && err && !err->path[0])
        umm_error_at(err, path, 0, 0, 0);
    return status;
}

/* ---- the model ---------------------------------------------------------------------------- */

static enum umm_status read_model(struct job *job, struct umm_error *err)
{
    struct umm_modelfile_info info;
    const struct umm_quantize_options *options = job->options;
    enum umm_status status = umm_modelfile_read(options->model, job->run, &job->graph, &info, err);
    if (status)
        return about(options->model, status, err);
    job->result->size_before_bytes = info.size_bytes;
    status = umm_graph_prepare(job->graph, options->model_output, err);
    if (!status)
        status = umm_quantize_layers_open(&job->layers, job->graph, options->keep_float, err);
    return about(options->model, status, err);
}

/* An output that is what it is made of would be gone. */
static enum umm_status check_places(const struct umm_quantize_options *options,
                                    struct umm_error *err)
{
    const char *const inputs[] = {options->model, options->data};
    struct umm_file_info info;
    bool is_there = false;
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        if (strcmp(inputs[i], "-") == 0)
            continue;
        enum umm_status status = umm_file_find(inputs[i], &is_there, &info, err);
        if (status)
            return status;
        if (is_there && umm_outfile_is_file(options->output, &info))
            return umm_error_set_path(err, UMM_ERR_CONFLICT, options->output,
                                      "is what is read: the output has another name");
    }
    return UMM_OK;
}

/* ---- rows -------------------------------------------------------------------------------------
 */

/* What the model calls the numbers of a row: inputs of one number have names. */
static const char **name_inputs(const struct umm_graph *graph, uint64_t n_inputs)
{
    const char **names = calloc((size_t)n_inputs, sizeof *names);
    uint64_t at = 0;
    for (uint32_t i = 0; names && i < graph->n_inputs; i++) {
        const struct umm_graph_value *input = &graph->values[graph->inputs[i]];
        if (input->width == 1 && input->name[0])
            names[at] = input->name;
        at += input->width;
    }
    return names;
}

static enum umm_status check_parts(const struct job *job, struct umm_error *err)
{
    if (job->calibration.n_rows && job->held_out.n_rows)
        return UMM_OK;
    const uint64_t n = job->calibration.n_rows + job->held_out.n_rows;
    return umm_error_set_path(err, UMM_ERR_DATA, job->options->data,
                              "%" PRIu64 " row%s: too few to take ranges from some and to judge on "
                              "others; some hundreds are needed",
                              n, umm_line_plural(n));
}

/* The sample is bounded by its rows, and by the bytes of wide ones, or of their answers. */
static uint64_t most_rows_of(const struct umm_quantize_options *options,
                             const struct umm_graph *graph)
{
    const uint64_t n_inputs = umm_graph_input_width(graph);
    const uint64_t n_outputs = umm_graph_output_width(graph);
    const uint64_t n_widest = n_outputs > n_inputs ? n_outputs : n_inputs;
    const uint64_t most_bytes = 256 * 1024 * 1024, least = 16;
    const uint64_t wanted = options->most_rows ? options->most_rows : UMM_QUANTIZE_ROWS;
    const uint64_t fit = most_bytes / (n_widest * sizeof(float));
    const uint64_t most = wanted < fit ? wanted : fit;
    return most > least ? most : least;
}

static bool takes_doubles(const struct umm_graph *graph)
{
    for (uint32_t i = 0; i < graph->n_inputs; i++) {
        const enum umm_graph_type type = graph->values[graph->inputs[i]].type;
        if (type == UMM_GRAPH_F64 || type == UMM_GRAPH_I64 || type == UMM_GRAPH_I32)
            return true;
    }
    return false;
}

static enum umm_status read_rows(struct job *job, struct umm_error *err)
{
    const uint64_t n_inputs = umm_graph_input_width(job->graph);
    struct umm_quantize_sample sample;
    const char **names = name_inputs(job->graph, n_inputs);
    if (!names)
        return umm_error_set_memory(err, (size_t)n_inputs * sizeof *names, "names");
    const struct umm_modelrows_options model = {
        .n_inputs = n_inputs, .names = names, .columns = job->options->columns};
    umm_quantize_sample_begin(&sample, n_inputs, most_rows_of(job->options, job->graph));
    enum umm_status status = umm_quantize_read(job->options, &model, takes_doubles(job->graph),
                                               job->run, &sample, &job->result->n_skipped, err);
    job->result->n_rows = sample.n_seen + job->result->n_skipped;
    if (!status)
        status = umm_quantize_sample_split(&sample, &job->calibration, &job->held_out, err);
    if (!status)
        status = check_parts(job, err);
    umm_quantize_sample_free(&sample);
    free(names);
    job->result->n_calibration = job->calibration.n_rows;
    job->result->n_held_out = job->held_out.n_rows;
    return status;
}

/* ---- what the float model makes of them ---------------------------------------------------------
 */

static enum umm_status take_answers(void *user, const struct umm_quantize_watch *watch,
                                    const float *results, uint64_t first, uint64_t n,
                                    struct umm_error *err)
{
    struct job *job = user;
    float *to = job->floats + first * watch->n_outputs;
    (void)err;
    for (uint64_t row = 0; row < n; row++, to += watch->n_outputs, results += watch->n_result)
        memcpy(to, results, (size_t)watch->n_outputs * sizeof *to);
    return UMM_OK;
}

/* Inputs of integers take no other numbers. */
static enum umm_status check_rows(const struct job *job, const struct umm_quantize_rows *rows,
                                  struct umm_error *err)
{
    struct umm_error inner = {.status = UMM_OK};
    const enum umm_status status =
        umm_model_check(job->watch.model, rows->rows, rows->n_rows, &inner);
    if (!status)
        return UMM_OK;
    return umm_error_set(err, status, "row %" PRIu64 ": %s", rows->numbers[inner.line - 1],
                         inner.message);
}

static enum umm_status run_floats(struct job *job, struct umm_error *err)
{
    const bool has_bins = job->options->method == UMM_QUANTIZE_PERCENTILE ||
                          job->options->method == UMM_QUANTIZE_AUTO;
    enum umm_status status = umm_quantize_watch_open(&job->watch, job->graph, job->run, err);
    if (!status)
        status = about(job->options->data, check_rows(job, &job->calibration, err), err);
    if (!status)
        status = about(job->options->data, check_rows(job, &job->held_out, err), err);
    if (!status)
        status = about(job->options->data,
                       umm_quantize_observe(&job->watch, &job->calibration, has_bins, job->run,
                                            &job->ranges, err),
                       err);
    if (status)
        return status;
    const uint64_t n_numbers = job->held_out.n_rows * job->watch.n_outputs;
    job->floats = calloc((size_t)n_numbers, sizeof *job->floats);
    if (!job->floats)
        return umm_error_set_memory(err, (size_t)n_numbers * sizeof *job->floats, "answers");
    return umm_quantize_watch_run(&job->watch, &job->held_out, job->run, take_answers, job, err);
}

/* ---- ways to quantise
 * ------------------------------------------------------------------------------ */

/* Whether a trial is to replace the best so far: it has less error, or is the first. */
static bool is_better(const struct umm_quantize_try *now, const struct umm_quantize_try *best,
                      bool is_any)
{
    const double worth_a_float_layer = 0.75;
    const double error = now->agreement.relative_rms, least = best->agreement.relative_rms;
    if (!is_any || isnan(least))
        return true;
    if (now->is_first_float && !best->is_first_float)
        return error < worth_a_float_layer * least;
    return error < least;
}

static enum umm_status try_one(struct job *job, const struct umm_quantize_subject *subject,
                               enum umm_quantize_method method, bool is_first_float,
                               struct umm_error *err)
{
    struct umm_quantize_result *result = job->result;
    struct umm_quantize_trial trial;
    enum umm_status status =
        umm_quantize_trial_run(subject, method, is_first_float, job->run, &trial, err);
    if (!status) {
        const size_t at = result->n_tries++;
        result->tries[at] = trial.result;
        if (is_better(&trial.result, &job->best.result, at > 0)) {
            const struct umm_quantize_trial worse = job->best;
            job->best = trial;
            trial = worse;
            result->chosen = at;
        }
    }
    umm_quantize_trial_free(&trial);
    return status;
}

/* Whether to leave the first layer float is another way: it is not so already, and others are left.
 */
static bool has_other_first(const struct umm_quantize_layers *layers)
{
    bool is_first_int8 = false, is_other_int8 = false;
    for (uint32_t i = 0; i < layers->n_dense; i++) {
        is_first_int8 |= layers->dense[i].is_first && !layers->dense[i].is_float;
        is_other_int8 |= !layers->dense[i].is_first && !layers->dense[i].is_float;
    }
    return is_first_int8 && is_other_int8;
}

static enum umm_status try_all(struct job *job, const struct umm_quantize_subject *subject,
                               struct umm_error *err)
{
    static const enum umm_quantize_method methods[] = {UMM_QUANTIZE_EQUALIZE, UMM_QUANTIZE_MINMAX,
                                                       UMM_QUANTIZE_PERCENTILE};
    if (job->options->method != UMM_QUANTIZE_AUTO)
        return try_one(job, subject, job->options->method, false, err);
    enum umm_status status = UMM_OK;
    for (int is_first_float = 0; is_first_float < 1 + has_other_first(&job->layers);
         is_first_float++)
        for (size_t i = 0; !status && i < sizeof methods / sizeof *methods; i++)
            status = try_one(job, subject, methods[i], is_first_float != 0, err);
    return status;
}

static bool is_per_channel(const struct umm_quantize_options *options)
{
    if (options->weights == UMM_QUANTIZE_BY_FORMAT)
        return options->format == UMM_MODELFILE_ONNX;
    return options->weights == UMM_QUANTIZE_PER_CHANNEL;
}

/* ---- the verdict, and the output ------------------------------------------------- */

/* Of answers far from 0, what tells them apart; all alike, they have no spread. */
static double worse_rms(const struct umm_quantize_agreement *agreement)
{
    return isfinite(agreement->spread_rms) ? fmax(agreement->relative_rms, agreement->spread_rms)
                                           : agreement->relative_rms;
}

static void judge(struct job *job, const struct umm_quantize_subject *subject)
{
    const struct umm_quantize_options *options = job->options;
    struct umm_quantize_result *result = job->result;
    const struct umm_quantize_answers answers = umm_quantize_answers_of(subject, &job->best);
    const struct umm_quantize_agreement *agreement = &job->best.result.agreement;
    const double same = (double)agreement->n_same / (double)agreement->n_rows;
    result->tries[result->chosen].is_chosen = true;
    result->size_after_bytes = job->best.len_bytes;
    result->decision = subject->decision;
    result->is_per_channel = subject->recipe.is_per_channel;
    result->n_worst = umm_quantize_find_worst(&answers, subject->decision, result->worst);
    result->is_verdict = !isnan(options->max_error) || !isnan(options->min_agreement);
    result->is_passed = (isnan(options->max_error) || worse_rms(agreement) <= options->max_error) &&
                        (isnan(options->min_agreement) || same >= options->min_agreement);
    umm_quantize_warn(subject, result);
}

static enum umm_status write_output(struct job *job, struct umm_error *err)
{
    const struct umm_quantize_options *options = job->options;
    const struct umm_outfile_options how = {.is_synced = options->is_synced};
    struct umm_outfile out = {0};
    if (job->result->is_verdict && !job->result->is_passed)
        return UMM_OK;
    enum umm_status status = umm_output_open_file(&out, options->output, job->run, err);
    if (!status)
        status =
            umm_outfile_finish(&out, job->best.bytes, job->best.len_bytes, &how, job->run, err);
    job->result->is_written = !status;
    return status;
}

static enum umm_status quantize(struct job *job, struct umm_error *err)
{
    const struct umm_quantize_options *options = job->options;
    struct umm_quantize_subject subject = {
        .graph = job->graph,
        .layers = &job->layers,
        .ranges = &job->ranges,
        .format = options->format,
        .output = options->output,
        .recipe = {.is_per_channel = is_per_channel(options),
                   .is_io_int8 = options->is_io_int8,
                   .is_output_int8 = options->format == UMM_MODELFILE_TFLITE},
        .rows = &job->held_out,
        .floats = job->floats,
        .decision = umm_quantize_settle(job->graph, options->decision)};
    enum umm_status status = try_all(job, &subject, err);
    if (!status)
        status = about(
            options->data,
            umm_quantize_inspect(&subject, &job->best, &job->watch, job->run, job->result, err),
            err);
    if (status)
        return status;
    judge(job, &subject);
    return write_output(job, err);
}

static void close_job(struct job *job)
{
    umm_quantize_trial_free(&job->best);
    free(job->floats);
    umm_quantize_ranges_free(&job->ranges);
    umm_quantize_watch_close(&job->watch);
    umm_quantize_rows_free(&job->calibration);
    umm_quantize_rows_free(&job->held_out);
    umm_quantize_layers_close(&job->layers);
    umm_graph_free(job->graph);
}

enum umm_status umm_quantize(const struct umm_quantize_options *options, struct umm_run *run,
                             struct umm_quantize_result *result, struct umm_error *err)
{
    const uint64_t begin_ns = umm_clock_run_ns(run);
    const double ns_per_s = 1e9;
    struct job job = {.options = options, .run = run, .result = result};
    *result = (struct umm_quantize_result){0};
    enum umm_status status = check_places(options, err);
    if (!status)
        status = read_model(&job, err);
    if (!status)
        status = read_rows(&job, err);
    if (!status)
        status = run_floats(&job, err);
    if (!status)
        status = quantize(&job, err);
    close_job(&job);
    result->seconds = (double)(umm_clock_run_ns(run) - begin_ns) / ns_per_s;
    return status;
}

void umm_quantize_result_free(struct umm_quantize_result *result)
{
    free(result->layers);
    *result = (struct umm_quantize_result){0};
}
