/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_text.h"
#include "predict.h"
#include "predict/predict.h"
#include "predict/predict_report.h"
#include "sys/outfile.h"

struct opts {
    struct umm_predict_options job;
    struct umm_model_options model;
    bool is_describe, is_format_given;
    struct cli_reports reports;
    struct predict_service service;
    uint64_t n_threads, lock_limit_ns;
};

#define CLI_OPTS struct opts

/* ---- options --------------------------------------------------------------------- */

static const struct cli_option options[] = {
    {0, "describe", NULL, "say what the model is (with --json: as JSON)", CLI_FLAG(is_describe)},
    CLI_HEADING("Which columns are the model's inputs:"),
    {0, "columns", "LIST",
     "these, in the order of the inputs: names, or numbers\nfrom 0 (default: by the names of the "
     "inputs, or all)",
     CLI_TEXT(job.columns)},
    {0, "id", "COLUMN", "no input: a column to keep in front of the answer", CLI_TEXT(job.id)},
    {0, "nan", "HOW",
     "rows with a number that is not finite: error, nan\n(answer NaN) or pass (ask the model)\n"
     "(default error)",
     CLI_CHOICE(job.nan, "error|nan|pass")},
    CLI_HEADING("Answers:"),
    {0, "model-output", "NAME",
     "which of the model's outputs (default: the first that\nis no "
     "label)",
     CLI_TEXT(model.output)},
    {'o', "output", "FILE",
     "write to FILE: an .npy array, or CSV if its name ends\nin .csv; - is standard output, "
     "as CSV (the default);\npool:NAME/KEY is an entry of a pool: umm-pool(1)",
     CLI_TEXT(job.output)},
    {0, "format", "HOW", "npy, csv or raw: the bytes of an array's rows without\nits header",
     CLI_CHOICE(job.format, "npy|csv|raw"), CLI_GIVEN(is_format_given)},
    {0, "plain", NULL, "answers alone: no times, no ids", CLI_FLAG(job.is_plain)},
    CLI_HEADING("Only what is new:"),
    {0, "state", "FILE", "go on where the run before ended, as FILE says", CLI_TEXT(job.state)},
    {0, "append", NULL, "let the array grow: new the first time, then longer",
     CLI_FLAG(job.is_append)},
    {0, "revise-last", NULL, "the last row taken may have changed since: redo it",
     CLI_FLAG(job.is_revise_last)},
    {0, "rebuild", NULL, "start over, whatever the state says", CLI_FLAG(job.is_rebuild)},
    {0, "verify", NULL, "answer all rows again in plain C, compare every bit,\nwrite nothing",
     CLI_FLAG(job.is_verify)},
    CLI_HEADING("Rows as they come:"),
    {0, "follow", NULL, "every row at once, from a pipe; CSV or raw", CLI_FLAG(job.is_prompt)},
    CLI_HEADING("Rows that clients send (umm-formats(5) has what they may say):"),
    {CLI_FAMILY(predict_service_options, struct predict_service, service, NULL)},
    {CLI_STORES(service.reach, "timeout password-file")},
    CLI_HEADING("Text input:"),
    {CLI_TEXTS(job.text.reading,
               "layout header names thousands numbers time-format time-unit-in tz where "
               "whole-lines members max-unpacked max-ratio")},
    CLI_HEADING("Writing:"),
    {0, "if-changed", NULL, "keep a file that has the same bytes, and its time",
     CLI_FLAG(job.is_if_changed)},
    {0, "sync", NULL, "make a fresh output survive a power cut", CLI_FLAG(job.is_synced)},
    CLI_LOCK(job.lock_wait, job.is_locked),
    CLI_LOCK_TIMEOUT(lock_limit_ns),
    {0, "batch-size", "N",
     "rows that the model takes at once (default: as many\nas the cache holds; 32 for clients)",
     CLI_COUNT(job.batch_rows, 1, 1048576)},
    {0, "threads", "N", "threads over rows (default: the processors it may use)",
     CLI_COUNT(n_threads, 1, 256)},
    CLI_HEADING("Reports:"),
    {CLI_REPORTS(reports, "verbose json report metrics progress no-progress")},
    {0}};

static const struct cli_tool tool = {
    .name = "umm-predict",
    .synopsis = "[options] [-o OUT.npy] [--state FILE] MODEL [INPUT]\n"
                "       umm-predict --serve | --listen=PLACE [options] MODEL",
    .about = "Answer rows by a model, all of them or those that are new. MODEL is an ONNX or "
             "TensorFlow\nLite file. INPUT is an .npy array, an archive or CSV, in a file or a "
             "pipe; none, or -, is\nstandard input.",
    .options = options,
    .notes = "Exit status: 0 done, 1 failed (output and state as before) or not verified, 2 wrong "
             "usage,\n3 with --serve: done, but some lines had no answer."};

/* ---- what goes together ---------------------------------------------------------- */

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text), n = strlen(end);
    return len > n && strcmp(text + len - n, end) == 0;
}

/* By the output's name, unless it is said. */
static int choose_format(struct opts *opts)
{
    struct umm_predict_options *job = &opts->job;
    if (!job->output && !job->is_verify)
        job->output = "-";
    if (opts->is_format_given || !job->output)
        return CLI_OK;
    if (strcmp(job->output, "-") == 0 || ends_in(job->output, ".csv"))
        job->format = UMM_RESULT_CSV;
    else if (!ends_in(job->output, ".npy") && !umm_output_is_entry(job->output))
        return cli_usage("--output: the name ends neither in .npy nor in .csv; see --format");
    return CLI_OK;
}

/* Two outputs in one place: the second would replace the first. */
static int check_outputs(const struct opts *opts)
{
    const struct umm_predict_options *job = &opts->job;
    const struct cli_output outputs[] = {{"--output", job->is_verify ? NULL : job->output},
                                         {"--state", job->state},
                                         {"--report", opts->reports.report},
                                         {"--metrics", opts->reports.metrics},
                                         {"--json", opts->reports.is_json ? "-" : NULL}};
    enum { N_OUTPUTS = sizeof outputs / sizeof *outputs };
    const int exit_code = cli_check_outputs(outputs, N_OUTPUTS);
    if (exit_code != CLI_OK)
        return exit_code;
    const int model = cli_check_input(job->model_path, outputs, N_OUTPUTS);
    return model != CLI_OK ? model : cli_check_input(job->input, outputs, N_OUTPUTS);
}

static int check_job(struct opts *opts, int argc, char **argv)
{
    struct umm_predict_options *job = &opts->job;
    if (argc - optind > 2)
        return cli_usage("one MODEL and one INPUT at a time");
    job->input = optind + 1 < argc ? argv[optind + 1] : "-";
    if (job->is_append && (!job->state || !job->output))
        return cli_usage("--append needs -o and --state");
    if (job->state && job->output && job->format == UMM_RESULT_NPY && !job->is_append &&
        !job->is_verify && strcmp(job->output, "-") != 0)
        return cli_usage("an .npy array with --state needs --append: else it would only have what "
                         "is new");
    if ((job->is_rebuild || job->is_revise_last) && !job->state)
        return cli_usage("--%s is for a state, and there is none: give --state",
                         job->is_rebuild ? "rebuild" : "revise-last");
    if (job->is_if_changed && job->is_append)
        return cli_usage("--if-changed is for a fresh output: one that grows changes only by what "
                         "is new");
    return check_outputs(opts);
}

static bool is_service(const struct opts *opts)
{
    return opts->service.is_serve || opts->service.listen;
}

static bool parse_opts(struct opts *opts, int argc, char **argv, int *exit_code)
{
    if (!cli_parse(argc, argv, opts, exit_code))
        return false;
    if (optind == argc) {
        *exit_code = cli_usage("no MODEL");
        return false;
    }
    opts->job.model_path = argv[optind];
    if (strcmp(opts->job.model_path, "-") == 0) {
        *exit_code = cli_usage("a model is read from a file, not from standard input");
        return false;
    }
    opts->job.model_output = opts->model.output;
    *exit_code =
        predict_service_check(&opts->service, &opts->reports, opts->job.model_path, argc - optind);
    if (*exit_code != CLI_OK || is_service(opts))
        return *exit_code == CLI_OK;
    if (opts->is_describe && argc - optind > 1)
        *exit_code = cli_usage("--describe takes no INPUT");
    else if (!opts->is_describe)
        *exit_code = choose_format(opts);
    if (*exit_code == CLI_OK && !opts->is_describe)
        *exit_code = check_job(opts, argc, argv);
    return *exit_code == CLI_OK;
}

/* ---- runs ------------------------------------------------------------------------ */

static int describe(const struct opts *opts)
{
    struct umm_error err = {.status = UMM_OK};
    char *text = NULL;
    size_t len = 0;
    if (umm_predict_describe(opts->job.model, opts->job.model_path, opts->reports.is_json, &text,
                             &len, &err) != UMM_OK)
        return cli_fail(&err);
    fwrite(text, 1, len, stdout);
    free(text);
    return cli_finish(CLI_OK);
}

static enum umm_status report(const struct opts *opts, const struct umm_predict_result *result,
                              struct umm_error *err)
{
    char line[UMM_PREDICT_LINE_MAX];
    char *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    cli_progress_stop();
    umm_predict_report_line(&opts->job, result, line);
    if (opts->reports.is_verbose)
        fprintf(stderr, "%s\n", line);
    if (opts->job.is_verify && !opts->reports.is_json)
        printf("%s\n", line);
    if (opts->reports.is_json || opts->reports.report)
        status = umm_predict_report_json(&opts->job, result, &text, &len, err);
    return cli_write_json(&opts->reports, text, len, status, err);
}

static int run(const struct opts *opts, struct umm_run *context)
{
    struct umm_predict_result result;
    struct umm_prometheus page = {.file = opts->reports.metrics};
    struct umm_error err = {.status = UMM_OK};
    enum umm_status status = umm_predict_run(&opts->job, context, &result, &err);
    if (!status)
        status = report(opts, &result, &err);
    if (!status && opts->reports.metrics) {
        umm_predict_report_metrics(&opts->job, &result, &page);
        status = cli_write_metrics(&page, status, &err);
    }
    return cli_end(status, &err);
}

static int serve(const struct opts *opts, struct umm_run *context)
{
    const struct umm_service_options job = {.model_path = opts->job.model_path,
                                            .model = opts->model,
                                            .nan = opts->job.nan,
                                            .batch_rows = (uint32_t)opts->job.batch_rows,
                                            .n_threads = (uint32_t)opts->n_threads};
    return predict_service_run(&opts->service, &opts->reports, &job, context);
}

int main(int argc, char **argv)
{
    struct opts opts = {.service = {.cache_entries = PREDICT_CACHE_ENTRIES},
                        .job = {.text = {.reading = {.schema = {.time_unit = UMM_TIME_MS}}}}};
    struct umm_run context = {0};
    struct umm_error err = {.status = UMM_OK};
    struct umm_model *model = NULL;
    int exit_code = CLI_OK;
    cli_init(&tool);
    if (!parse_opts(&opts, argc, argv, &exit_code))
        return exit_code;
    opts.job.scratch_dir = opts.job.text.scratch_dir = getenv("TMPDIR");
    opts.job.pool_root = cli_pool_root();
    context.n_threads = (unsigned)opts.n_threads;
    context.lock_limit_ns = opts.lock_limit_ns;
    cli_test_hooks(&context);
    if (is_service(&opts))
        cli_hold_hangup();
    cli_catch_signals(&context);
    if (is_service(&opts))
        return serve(&opts, &context);
    if (umm_model_open(opts.job.model_path, &opts.model, &context, &model, &err) != UMM_OK)
        return cli_fail(&err);
    opts.job.model = model;
    if (!opts.is_describe)
        cli_progress_start(&context, opts.reports.progress);
    exit_code = opts.is_describe ? describe(&opts) : run(&opts, &context);
    umm_model_close(model);
    return exit_code;
}
