/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli.h"
#include "cli_store.h"
#include "cli_text.h"
#include "quantize/quantize.h"
#include "quantize/quantize_report.h"
#include "sys/outfile.h"

struct opts {
    struct umm_quantize_options quantize;
    struct cli_store reach;
    bool is_per_channel, is_per_tensor;
    struct cli_reports reports;
};

#define CLI_OPTS struct opts

/* ---- options --------------------------------------------------------------------- */

/* "2%", or a share of 1: "0.02". */
static int take_share(void *share, const char *value)
{
    const double percent = 100;
    const size_t len = strlen(value);
    double *number = share;
    if (len > 1 && value[len - 1] == '%') {
        if (!cli_parse_number(value, len - 1, 0, percent, number))
            return CLI_BAD_VALUE;
        *number /= percent;
        return CLI_OK;
    }
    return cli_parse_number(value, len, 0, 1, number) ? CLI_OK : CLI_BAD_VALUE;
}

/* argmax, sign, or a number that answers are above or not. */
static int take_decision(void *member, const char *value)
{
    struct umm_quantize_decision *decision = member;
    const bool is_negative = *value == '-';
    if (strcmp(value, "argmax") == 0) {
        decision->kind = UMM_QUANTIZE_ARGMAX;
        return CLI_OK;
    }
    decision->kind = UMM_QUANTIZE_THRESHOLD;
    decision->threshold = 0;
    if (strcmp(value, "sign") == 0)
        return CLI_OK;
    if (!cli_parse_number(value + is_negative, strlen(value + is_negative), 0, HUGE_VAL,
                          &decision->threshold))
        return CLI_BAD_VALUE;
    decision->threshold *= is_negative ? -1 : 1;
    return CLI_OK;
}

static const struct cli_option options[] = {
    {0, "data", "ROWS",
     "representative rows: an .npy array, an archive, CSV (-:\nstandard input) or a feature "
     "store's place: umm-store(1)",
     CLI_TEXT(quantize.data)},
    {CLI_STORES(reach, "timeout password-file")},
    {'o', "output", "FILE", "write the int8 model; the name ends in .onnx or .tflite",
     CLI_TEXT(quantize.output)},
    {0, "model-output", "NAME", "keep that output of the model, if it has several",
     CLI_TEXT(quantize.model_output)},
    CLI_HEADING("Method:"),
    {0, "method", "NAME",
     "equalize, minmax, percentile, or auto: the one with the\nleast error (default equalize)",
     CLI_CHOICE(quantize.method, "equalize|minmax|percentile|auto")},
    {0, "per-channel", NULL, "a scale for each output of a layer (default for .onnx)",
     CLI_FLAG(is_per_channel)},
    {0, "per-tensor", NULL, "one scale for a layer's weights (default for .tflite)",
     CLI_FLAG(is_per_tensor)},
    {0, "keep-float", "LIST", "layers that stay float: first, last or names, with commas",
     CLI_TEXT(quantize.keep_float)},
    {0, "io", "TYPE", "float or int8: what goes in and comes out\n(default float)",
     CLI_CHOICE(quantize.is_io_int8, "float|int8")},
    CLI_HEADING("Rows:"),
    {0, "columns", "LIST",
     "the columns that are the model's inputs, in its order:\nnames, or numbers from 0 (default: "
     "by "
     "the names of the\ninputs, or all)",
     CLI_TEXT(quantize.columns)},
    {0, "rows", "N", "choose up to N of them (default 10000)",
     CLI_COUNT(quantize.most_rows, 16, 10000000)},
    {0, "nan", "HOW", "rows with a number that is not finite: error or skip\n(default error)",
     CLI_CHOICE(quantize.is_nan_skipped, "error|skip")},
    CLI_HEADING("Judging:"),
    {0, "decision", "HOW",
     "what of an answer is a decision: argmax, sign, or a\nnumber that it is above or not",
     CLI_CALL(quantize.decision, take_decision, "argmax, sign or a number")},
    {0, "max-error", "SHARE", "fail, and write nothing, if the relative RMS is above",
     CLI_CALL(quantize.max_error, take_share, "a share such as 2% or 0.02")},
    {0, "min-agreement", "SHARE", "the same if fewer decisions are the same",
     CLI_CALL(quantize.min_agreement, take_share, "a share such as 99% or 0.99")},
    CLI_HEADING("Text input:"),
    {CLI_TEXTS(quantize.text.reading,
               "layout header names thousands numbers time-format time-unit-in tz where "
               "members max-unpacked max-ratio")},
    CLI_HEADING("Writing:"),
    {0, "sync", NULL, "make the output survive a power cut", CLI_FLAG(quantize.is_synced)},
    CLI_HEADING("Reports:"),
    {CLI_REPORTS(reports, "verbose json report metrics progress no-progress")},
    {0}};

static const struct cli_tool tool = {
    .name = "umm-quantize",
    .synopsis = "[options] MODEL --data ROWS -o FILE",
    .about = "Make a float model of rows, ONNX or TensorFlow Lite, into one of int8: a quarter of\n"
             "the size. Ranges come from representative rows; other rows judge the answers.",
    .options = options,
    .notes = "Exit status: 0 done, 1 failed or judged FAIL (the output is as before), 2 wrong "
             "usage."};

/* ---- what goes together ---------------------------------------------------------- */

static bool ends_in(const char *text, const char *end)
{
    const size_t len = strlen(text), n = strlen(end);
    return len > n && strcmp(text + len - n, end) == 0;
}

static int check_outputs(const struct opts *opts)
{
    const struct cli_output outputs[] = {{"--output", opts->quantize.output},
                                         {"--report", opts->reports.report},
                                         {"--metrics", opts->reports.metrics},
                                         {"standard output", "-"}};
    enum { N_OUTPUTS = sizeof outputs / sizeof *outputs };
    int code = cli_check_outputs(outputs, N_OUTPUTS);
    if (code == CLI_OK)
        code = cli_check_input(opts->quantize.model, outputs, N_OUTPUTS - 1);
    if (code == CLI_OK && !umm_store_is_place(opts->quantize.data))
        code = cli_check_input(opts->quantize.data, outputs, N_OUTPUTS - 1);
    return code;
}

static int set_operands(struct opts *opts, int argc, char **argv)
{
    struct umm_quantize_options *quantize = &opts->quantize;
    if (argc - optind != 1)
        return cli_usage(argc == optind ? "no MODEL" : "one MODEL at a time");
    quantize->model = argv[optind];
    if (strcmp(quantize->model, "-") == 0)
        return cli_usage("a model is read from a file, not from standard input");
    if (!quantize->data)
        return cli_usage("no rows: give --data ROWS");
    if (!quantize->output)
        return cli_usage("no output: give -o FILE");
    if (ends_in(quantize->output, ".tflite"))
        quantize->format = UMM_MODELFILE_TFLITE;
    else if (!ends_in(quantize->output, ".onnx"))
        return cli_usage("--output: the name ends neither in .onnx nor in .tflite");
    if (opts->is_per_channel && opts->is_per_tensor)
        return cli_usage("--per-channel and --per-tensor do not go together");
    if (opts->is_per_channel || opts->is_per_tensor)
        quantize->weights =
            opts->is_per_channel ? UMM_QUANTIZE_PER_CHANNEL : UMM_QUANTIZE_PER_TENSOR;
    return check_outputs(opts);
}

/* ---- the job ------------------------------------------------------------------------ */

static enum umm_status report(const struct opts *opts, const struct umm_quantize_result *result,
                              struct umm_error *err)
{
    char line[UMM_QUANTIZE_LINE_MAX], *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    cli_progress_stop();
    for (size_t i = 0; i < result->n_warnings; i++)
        cli_warn_path(opts->quantize.model, "%s", result->warnings[i]);
    if (opts->reports.is_verbose) {
        umm_quantize_report_line(&opts->quantize, result, line);
        fprintf(stderr, "%s\n", line);
    }
    if (!opts->reports.is_json) {
        status = umm_quantize_report_text(&opts->quantize, result, &text, &len, err);
        if (!status)
            status = cli_write_file("-", text, len, err);
        free(text);
        text = NULL;
    }
    if (!status && (opts->reports.is_json || opts->reports.report))
        status = umm_quantize_report_json(&opts->quantize, result, &text, &len, err);
    return cli_write_json(&opts->reports, text, len, status, err);
}

static int run(const struct opts *opts, struct umm_run *context)
{
    struct umm_quantize_result result;
    struct umm_prometheus page = {.file = opts->reports.metrics};
    struct umm_error err = {.status = UMM_OK};
    struct umm_store_reach reach = {.run = context};
    struct umm_quantize_options quantize = opts->quantize;
    quantize.reach = &reach;
    if (cli_store_prepare(&opts->reach, quantize.data, context, &reach, &err) != UMM_OK)
        return cli_fail(&err);
    enum umm_status status = umm_quantize(&quantize, context, &result, &err);
    const bool is_failed = !status && result.is_verdict && !result.is_passed;
    if (!status)
        status = report(opts, &result, &err);
    if (!status && opts->reports.metrics) {
        umm_quantize_report_metrics(&opts->quantize, &result, &page);
        status = cli_write_metrics(&page, status, &err);
    }
    umm_quantize_result_free(&result);
    return status ? cli_fail(&err) : cli_finish(is_failed ? CLI_FAILED : CLI_OK);
}

/* Rows in a store are mapped. */
static void catch_cut_maps(const struct opts *opts)
{
    static const char *outputs[] = {NULL, NULL};
    outputs[0] = opts->quantize.output;
    if (umm_store_is_place(opts->quantize.data))
        return;
    cli_catch_cut_maps(opts->quantize.data, outputs);
}

int main(int argc, char **argv)
{
    struct opts opts = {.quantize = {.max_error = (double)NAN,
                                     .min_agreement = (double)NAN,
                                     .text = {.reading = {.schema = {.time_unit = UMM_TIME_MS}}}}};
    struct umm_run context = {0};
    int exit_code = CLI_OK;
    cli_init(&tool);
    if (!cli_parse(argc, argv, &opts, &exit_code))
        return exit_code;
    exit_code = set_operands(&opts, argc, argv);
    if (exit_code != CLI_OK)
        return exit_code;
    opts.quantize.text.scratch_dir = getenv("TMPDIR");
    cli_test_hooks(&context);
    cli_catch_signals(&context);
    catch_cut_maps(&opts);
    cli_progress_start(&context, opts.reports.progress);
    return run(&opts, &context);
}
