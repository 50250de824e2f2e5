/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli.h"
#include "cli_dataset.h"
#include "cli_text.h"
#include "featurejob/featurefollow.h"
#include "featurejob/featuremany.h"
#include "featurejob/featurereport.h"
#include "sys/clock.h"
#include "sys/outfile.h"

enum {
    KEY_LIST = CLI_KEY_LONG,
    KEY_COMPAT,
    KEY_EMA_SEED,
    KEY_RMA_SEED,
    KEY_DEVIATION,
    KEY_TRUE_RANGE,
    KEY_OBV_START,
    KEY_RSI_FLAT,
    KEY_TIME_ZONE,
    KEY_NAN,
    KEY_WARMUP,
    KEY_FORMAT,
    KEY_PLAIN,
    KEY_APPEND,
    KEY_STATE,
    KEY_REVISE_LAST,
    KEY_REBUILD,
    KEY_VERIFY,
    KEY_TIMEFRAME,
    KEY_HOLDBACK,
    KEY_CLOSED_ONLY,
    KEY_GAP,
    KEY_FOLLOW,
    KEY_BY,
    KEY_CHECKPOINT,
    KEY_OUT_ROOT,
    KEY_STATE_ROOT,
    KEY_SYNC,
    KEY_LOCK,
    KEY_THREADS,
    KEY_JSON,
    KEY_REPORT,
    KEY_METRICS,
    KEY_PROGRESS,
    KEY_NO_PROGRESS
};

static const struct cli_key_option options[] = {
    {'f', "features", "LIST",
     "NAME[:PARAMETER...][@SERIES],... such as\n"
     "ema:20,atr:14,macd:12:26:9,bbands:20:2,ema:50@high;\n"
     "a SERIES is open, high, low, close, volume, hl2, hlc3\nor ohlc4"},
    {KEY_LIST, "list", NULL, "describe every feature (with --json: as JSON)"},
    {'o', "output", "FILE",
     "write to FILE: an .npy array, or CSV if its name ends\nin .csv; - is standard output, "
     "as CSV (the default);\npool:NAME/KEY is an entry of a pool: umm-pool(1)"},
    {KEY_FORMAT, "format", "HOW",
     "npy, csv or raw: the bytes of an array's rows without\nits header"},
    {KEY_PLAIN, "plain", NULL, "a bare matrix: no names, times in milliseconds"},
    {KEY_WARMUP, "warmup", "HOW",
     "rows before the first values: nan, empty (CSV: empty\ncells) or drop (default nan)"},
    {0, NULL, NULL, "Definitions:"},
    {KEY_COMPAT, "compat", "WHOSE",
     "talib, tradingview, tulip, pandas or metastock\n(default talib)"},
    {KEY_EMA_SEED, "ema-seed", "HOW", "mean or first: what an ema begins with"},
    {KEY_RMA_SEED, "rma-seed", "HOW", "the same of Wilder's averages (rma, atr, rsi, adx)"},
    {KEY_DEVIATION, "deviation", "HOW", "population or sample: divide by n or by n - 1"},
    {KEY_TRUE_RANGE, "true-range", "HOW", "undefined or defined at the first bar"},
    {KEY_OBV_START, "obv-start", "HOW", "undefined or defined: obv begins at 0 or the volume"},
    {KEY_RSI_FLAT, "rsi-flat", "VALUE", "0, 50, 100 or nan: the rsi of prices that stand still"},
    {KEY_TIME_ZONE, "time-zone", "ZONE", "whose days anchor vwap (default UTC)"},
    {KEY_NAN, "nan", "HOW",
     "rows with a number that is not finite: error, reset\n(begin anew) or hold (repeat the last "
     "value)\n(default error)"},
    {0, NULL, NULL, "Only what is new:"},
    {KEY_STATE, "state", "FILE", "go on where the run before ended, as FILE says"},
    {KEY_APPEND, "append", NULL, "let the array grow: new the first time, then longer"},
    {KEY_REVISE_LAST, "revise-last", NULL, "the last row taken may have changed since: redo it"},
    {KEY_REBUILD, "rebuild", NULL, "start over, whatever the state says"},
    {KEY_VERIFY, "verify", NULL, "compute all rows again, compare every bit, write nothing"},
    {0, NULL, NULL, "Bars:"},
    {KEY_TIMEFRAME, "timeframe", "SPAN", "the distance between bars, such as 1m, 4h or 1d"},
    {KEY_CLOSED_ONLY, "closed-only", "[=TIME]",
     "leave out bars that end after TIME (default: now)"},
    {KEY_HOLDBACK, "holdback", "N", "leave out the last N bars, until more follow"},
    {KEY_GAP, "gap", "HOW", "allow, warn or error, where bars are missing\n(default allow)"},
    {0, NULL, NULL, "Rows as they come:"},
    {KEY_FOLLOW, "follow", NULL, "every row at once, from a pipe; CSV or raw"},
    {KEY_BY, "by", "FIELD",
     "CSV of many symbols, mixed: FIELD names the symbol;\nstates are "
     "--state-root=DIR/SYMBOL.state"},
    {KEY_CHECKPOINT, "checkpoint", "N", "save the state after N rows, and at the end"},
    {0, NULL, NULL, "Text input:"},
    {CLI_KEY_LAYOUT, "layout", "NAME", "as umm-convert(1) has it (default auto)"},
    {CLI_KEY_HEADER, "header", "WHEN", "yes, no or auto (default auto)"},
    {CLI_KEY_NAMES, "names", "LIST", "names of the fields, in place of a header's"},
    {CLI_KEY_COLUMNS, "columns", "LIST", "[NEWNAME=]FIELD[:TYPE],..."},
    {CLI_KEY_TIME_FORMAT, "time-format", "FORMAT", "as in strptime(3)"},
    {CLI_KEY_TIME_UNIT_IN, "time-unit-in", "UNIT",
     "of epochs: s, ms, us, ns or ticks (default by magnitude)"},
    {CLI_KEY_TZ, "tz", "ZONE", "zone of times without one (default UTC)"},
    {CLI_KEY_WHERE, "where", "COLUMN=VALUE", "only rows that have it, such as symbol=SPY"},
    {CLI_KEY_ONE_SERIES, "one-series", "[=LIST]",
     "all rows are one series, whatever columns such as symbol\nsay, or those of LIST"},
    {CLI_KEY_WHOLE_LINES, "whole-lines", NULL, "leave a last line without its end to the next run"},
    {0, NULL, NULL, "Datasets by name, in place of an INPUT:"},
    {CLI_KEY_ROOT, "root", "DIR", "take DIR/SYMBOL/TIMEFRAME.npy (default $UMM_ROOT)"},
    {CLI_KEY_SYMBOLS, "symbols", "LIST", "symbols, separated by commas"},
    {CLI_KEY_TIMEFRAMES, "timeframes", "LIST",
     "timeframes, separated by commas, such as 1m,4h,1d,1mo"},
    {CLI_KEY_MISSING, "missing", "HOW",
     "fail or skip, for datasets that are not there\n(default fail; skip exits 3)"},
    {KEY_OUT_ROOT, "out-root", "DIR", "write DIR/SYMBOL/TIMEFRAME.npy"},
    {KEY_STATE_ROOT, "state-root", "DIR",
     "with states DIR/SYMBOL/TIMEFRAME.state\n(default with --append: beside the outputs)"},
    {0, NULL, NULL, "Writing:"},
    {KEY_SYNC, "sync", NULL, "make a fresh output survive a power cut"},
    {KEY_LOCK, "lock", "[=HOW]", "one run at a time for this output: wait or fail\n(default wait)"},
    {KEY_THREADS, "threads", "N", "datasets at once (default: the processors it may use)"},
    {0, NULL, NULL, "Reports:"},
    {'v', "verbose", NULL, "print figures on standard error"},
    {KEY_JSON, "json", NULL, "print them as JSON on standard output"},
    {KEY_REPORT, "report", "FILE", "write them as JSON to FILE"},
    {KEY_METRICS, "metrics", "FILE", "write Prometheus metrics to FILE"},
    {KEY_PROGRESS, "progress", NULL, "show a progress bar even if not on a terminal"},
    {KEY_NO_PROGRESS, "no-progress", NULL, "never show one"},
    {0, NULL, NULL, NULL}};

static const struct cli_tool tool = {
    .name = "umm-features",
    .synopsis = "[options] -f LIST [-o OUT.npy] [--state FILE] [INPUT]",
    .about = "Compute technical features of bars, all of them or those that are new. INPUT is an\n"
             ".npy array, an archive or CSV, in a file or a pipe; none, or -, is standard input.",
    .key_options = options,
    .notes = "Exit status: 0 done, 1 failed (output and state as before), 2 wrong usage, 3 done "
             "but\ndatasets are missing."};

struct opts {
    const char *list;
    bool is_list, is_format_given;
    struct umm_features_rules rules;
    struct umm_featurejob_options job;
    struct cli_dataset dataset;
    const char *out_root, *state_root, *by;
    const char *report, *metrics;
    bool is_verbose, is_json;
    uint64_t n_threads;
    enum cli_when progress;
};

/* ---- options --------------------------------------------------------------------- */

/* value as one of the choices in *out; they are said to be `wanted` otherwise. */
/* Definitions: first choices are those of the compat mode, and not said. */
static int set_rules(struct umm_features_rules *rules, int key, const char *value)
{
    static const char *const compats[] = {"talib",  "tradingview", "tulip",
                                          "pandas", "metastock",   NULL};
    static const char *const seeds[] = {"", "mean", "first", NULL};
    static const char *const deviations[] = {"", "population", "sample", NULL};
    static const char *const starts[] = {"", "undefined", "defined", NULL};
    static const char *const flats[] = {"", "0", "50", "100", "nan", NULL};
    static const char *const nans[] = {"error", "reset", "hold", NULL};
    int choice = 0, code = CLI_OK;
    switch (key) {
    case KEY_COMPAT:
        code = cli_set_choice("compat", value, compats,
                              "talib, tradingview, tulip, pandas or metastock", &choice);
        rules->compat = (enum umm_features_compat)choice;
        return code;
    case KEY_EMA_SEED:
        code = cli_set_choice("ema-seed", value, seeds + 1, "mean or first", &choice);
        rules->ema_seed = (enum umm_features_seed)(choice + 1);
        return code;
    case KEY_RMA_SEED:
        code = cli_set_choice("rma-seed", value, seeds + 1, "mean or first", &choice);
        rules->rma_seed = (enum umm_features_seed)(choice + 1);
        return code;
    case KEY_DEVIATION:
        code = cli_set_choice("deviation", value, deviations + 1, "population or sample", &choice);
        rules->deviation = (enum umm_features_deviation)(choice + 1);
        return code;
    case KEY_TRUE_RANGE:
        code = cli_set_choice("true-range", value, starts + 1, "undefined or defined", &choice);
        rules->true_range = (enum umm_features_start)(choice + 1);
        return code;
    case KEY_OBV_START:
        code = cli_set_choice("obv-start", value, starts + 1, "undefined or defined", &choice);
        rules->obv = (enum umm_features_start)(choice + 1);
        return code;
    case KEY_RSI_FLAT:
        code = cli_set_choice("rsi-flat", value, flats + 1, "0, 50, 100 or nan", &choice);
        rules->rsi_flat = (enum umm_features_flat)(choice + 1);
        return code;
    case KEY_TIME_ZONE: rules->time_zone = value; return CLI_OK;
    case KEY_NAN:
        code = cli_set_choice("nan", value, nans, "error, reset or hold", &choice);
        rules->nan = (enum umm_features_nan)choice;
        return code;
    default: return -1;
    }
}

static int set_closed(struct umm_featurejob_options *job, const char *value)
{
    const int64_t ns_per_s = 1000000000;
    job->is_closed_only = true;
    if (value && umm_time_from_iso(value, &job->closed_at, NULL) != UMM_OK)
        return cli_bad_value("closed-only", "a date or time, ISO 8601", value);
    if (!value)
        job->closed_at.sec = umm_clock_realtime_ns() / ns_per_s;
    return CLI_OK;
}

static int set_lock(struct umm_featurejob_options *job, const char *value)
{
    static const char *const waits[] = {"wait", "fail", NULL};
    int choice = 0;
    job->is_locked = true;
    int code = value ? cli_set_choice("lock", value, waits, "wait or fail", &choice) : CLI_OK;
    job->lock_wait = choice == 1 ? UMM_LOCK_FAIL : UMM_LOCK_WAIT;
    return code;
}

/* What becomes of the rows. */
static int set_job(struct umm_featurejob_options *job, int key, const char *value)
{
    static const char *const warmups[] = {"nan", "empty", "drop", NULL};
    static const char *const gaps[] = {"allow", "warn", "error", NULL};
    int choice = 0, code = CLI_OK;
    switch (key) {
    case KEY_WARMUP:
        code = cli_set_choice("warmup", value, warmups, "nan, empty or drop", &choice);
        job->warmup = (enum umm_featurejob_warmup)choice;
        return code;
    case KEY_GAP:
        code = cli_set_choice("gap", value, gaps, "allow, warn or error", &choice);
        job->gap = (enum umm_featurejob_gap)choice;
        return code;
    case KEY_PLAIN: job->is_plain = true; return CLI_OK;
    case KEY_APPEND: job->is_append = true; return CLI_OK;
    case KEY_STATE: job->state = value; return CLI_OK;
    case KEY_REVISE_LAST: job->is_revise_last = true; return CLI_OK;
    case KEY_REBUILD: job->is_rebuild = true; return CLI_OK;
    case KEY_VERIFY: job->is_verify = true; return CLI_OK;
    case KEY_FOLLOW: job->is_prompt = true; return CLI_OK;
    case KEY_SYNC: job->is_synced = true; return CLI_OK;
    case KEY_LOCK: return set_lock(job, value);
    case KEY_CLOSED_ONLY: return set_closed(job, value);
    case KEY_TIMEFRAME:
        return umm_timeframe_parse(value, strlen(value), &job->timeframe, NULL) == UMM_OK
                   ? CLI_OK
                   : cli_bad_value("timeframe", "a number and s, m, h, d, w or mo", value);
    case KEY_HOLDBACK:
        return cli_parse_count(value, 0, 1000000, &job->holdback)
                   ? CLI_OK
                   : cli_bad_value("holdback", "a number from 0 to 1000000", value);
    case KEY_CHECKPOINT:
        return cli_parse_count(value, 1, UINT64_MAX, &job->checkpoint_rows)
                   ? CLI_OK
                   : cli_bad_value("checkpoint", "a number from 1", value);
    default: return -1;
    }
}

/* CLI_OK, or the exit code after a message. */
static int set_option(void *user, int key, const char *value)
{
    static const char *const formats[] = {"npy", "csv", "raw", NULL};
    struct opts *opts = user;
    int choice = 0, code = set_rules(&opts->rules, key, value);
    if (code < 0)
        code = cli_text_set(&opts->job.text.reading, key, value);
    if (code < 0)
        code = set_job(&opts->job, key, value);
    if (code < 0)
        code = cli_dataset_set(&opts->dataset, key, value);
    if (code >= 0)
        return code;
    switch (key) {
    case 'f': opts->list = value; break;
    case 'o': opts->job.output = value; break;
    case 'v': opts->is_verbose = true; break;
    case KEY_LIST: opts->is_list = true; break;
    case KEY_FORMAT:
        code = cli_set_choice("format", value, formats, "npy, csv or raw", &choice);
        opts->job.format = (enum umm_result_format)choice;
        opts->is_format_given = true;
        return code;
    case KEY_BY: opts->by = value; break;
    case KEY_OUT_ROOT: opts->out_root = value; break;
    case KEY_STATE_ROOT: opts->state_root = value; break;
    case KEY_JSON: opts->is_json = true; break;
    case KEY_REPORT: opts->report = value; break;
    case KEY_METRICS: opts->metrics = value; break;
    case KEY_THREADS:
        return cli_parse_count(value, 1, 256, &opts->n_threads)
                   ? CLI_OK
                   : cli_bad_value("threads", "a number from 1 to 256", value);
    case KEY_PROGRESS: opts->progress = CLI_ALWAYS; break;
    default: opts->progress = CLI_NEVER; break;
    }
    return CLI_OK;
}

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text), n = strlen(end);
    return len > n && strcmp(text + len - n, end) == 0;
}

/* By the output's name, unless it is said. */
static int choose_format(struct opts *opts)
{
    struct umm_featurejob_options *job = &opts->job;
    if (!job->output && !job->is_verify && !opts->dataset.symbols)
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
static int check_outputs(const struct opts *opts, const char *input)
{
    const struct cli_output outputs[] = {
        {"--output", opts->job.is_verify ? NULL : opts->job.output},
        {"--state", opts->job.state},
        {"--report", opts->report},
        {"--metrics", opts->metrics},
        {"--json", opts->is_json ? "-" : NULL},
        {"the input", strcmp(input, "-") == 0 ? NULL : input}};
    enum { N_OUTPUTS = sizeof outputs / sizeof *outputs };
    for (size_t i = 0; i < N_OUTPUTS; i++)
        for (size_t k = i + 1; k < N_OUTPUTS; k++)
            if (outputs[i].path && outputs[k].path &&
                umm_outfile_is_same(outputs[i].path, outputs[k].path))
                return cli_usage("%s and %s are the same place", outputs[i].option,
                                 outputs[k].option);
    return cli_check_input(input, outputs, N_OUTPUTS - 1);
}

static int check_state_options(const struct umm_featurejob_options *job, bool has_state)
{
    return has_state || !(job->is_rebuild || job->is_revise_last)
               ? CLI_OK
               : cli_usage("--%s is for a state, and there is none: give --state",
                           job->is_rebuild ? "rebuild" : "revise-last");
}

static int check_many(const struct opts *opts)
{
    const struct umm_featurejob_options *job = &opts->job;
    if (!opts->dataset.symbols)
        return cli_usage("--out-root and --state-root need --symbols and --timeframes");
    if (job->output || job->state || opts->report)
        return cli_usage("-o, --state and --report are for one input; datasets take --out-root "
                         "and --state-root");
    if (job->timeframe.name[0])
        return cli_usage("--timeframe is for a file: a dataset has its own");
    if (opts->state_root && opts->out_root && !job->is_append && !job->is_verify)
        return cli_usage("--state-root and --out-root need --append");
    if (job->is_append && !opts->out_root)
        return cli_usage("--append needs --out-root");
    if (!opts->out_root && !opts->state_root)
        return cli_usage("datasets need --out-root DIR");
    if (job->is_prompt)
        return cli_usage("--follow is for a pipe");
    return check_state_options(job, job->is_append || opts->state_root);
}

static int check_one(struct opts *opts, int argc, char **argv)
{
    struct umm_featurejob_options *job = &opts->job;
    job->input = optind < argc ? argv[optind] : "-";
    if (argc - optind > 1)
        return cli_usage("one INPUT at a time");
    if (opts->by && (job->state || job->is_verify || job->format != UMM_RESULT_CSV))
        return cli_usage("--by writes CSV; its states are those of --state-root");
    if (job->checkpoint_rows && !(job->is_prompt && job->state) && !(opts->by && opts->state_root))
        return cli_usage("--checkpoint needs --follow and --state, or --by and --state-root");
    if (job->is_append && (!job->state || !job->output))
        return cli_usage("--append needs -o and --state");
    if (job->state && job->output && job->format == UMM_RESULT_NPY && !job->is_append &&
        !job->is_verify && strcmp(job->output, "-") != 0)
        return cli_usage("an .npy array with --state needs --append: else it would only have what "
                         "is new");
    if ((job->gap != UMM_GAP_ALLOW || job->is_closed_only) && !job->timeframe.name[0])
        return cli_usage("--gap and --closed-only need --timeframe");
    if (check_state_options(job, job->state || opts->state_root))
        return CLI_USAGE;
    return check_outputs(opts, job->input);
}

static bool parse_opts(struct opts *opts, int argc, char **argv, int *exit_code)
{
    if (!cli_parse_keys(argc, argv, set_option, opts, exit_code))
        return false;
    if (opts->is_list && optind < argc)
        *exit_code = cli_usage("--list takes no INPUT");
    if (opts->is_list)
        return *exit_code == CLI_OK;
    bool is_many = opts->out_root || (opts->state_root && !opts->by) || opts->dataset.symbols;
    *exit_code = opts->list ? choose_format(opts) : cli_usage("no features: give -f LIST");
    if (*exit_code == CLI_OK)
        *exit_code = is_many ? check_many(opts) : check_one(opts, argc, argv);
    return *exit_code == CLI_OK;
}

/* ---- reports --------------------------------------------------------------------- */

static enum umm_status report(const struct opts *opts, const struct umm_featurejob_options *job,
                              const struct umm_featurejob_result *result, struct umm_error *err)
{
    static char line[UMM_FEATUREREPORT_LINE_MAX];
    char *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    cli_progress_stop();
    if (job->gap == UMM_GAP_WARN && result->n_gaps)
        cli_warn_path(strcmp(job->input, "-") == 0 ? "<stdin>" : job->input,
                      "%llu gap%s, the first before row %llu", (unsigned long long)result->n_gaps,
                      result->n_gaps == 1 ? "" : "s", (unsigned long long)result->gap_row);
    umm_featurereport_line(job, result, line);
    if (opts->is_verbose)
        fprintf(stderr, "%s\n", line);
    if (job->is_verify && !opts->is_json)
        printf("%s\n", line);
    if (opts->is_json || opts->report)
        status = umm_featurereport_json(job, result, opts->out_root != NULL, &text, &len, err);
    if (!status && opts->is_json)
        fwrite(text, 1, len, stdout);
    if (!status && opts->report)
        status = cli_write_file(opts->report, text, len, err);
    free(text);
    return status;
}

static int list_features(const struct opts *opts)
{
    static char lines[UMM_FEATUREREPORT_LINE_MAX];
    struct umm_error err = {.status = UMM_OK};
    char *text = NULL;
    size_t len;
    if (opts->is_json) {
        if (umm_featurereport_list_json(&text, &len, &err) != UMM_OK)
            return cli_fail(&err);
        fwrite(text, 1, len, stdout);
        free(text);
        return cli_finish(CLI_OK);
    }
    for (size_t i = 0; umm_featurereport_feature(i, lines); i++)
        printf("%s%s\n", i ? "\n" : "", lines);
    return cli_finish(CLI_OK);
}

/* ---- runs ------------------------------------------------------------------------ */

static int run_one(const struct opts *opts, struct umm_run *context)
{
    struct umm_featurejob_result result;
    struct umm_prometheus page = {.file = opts->metrics};
    struct umm_error err = {.status = UMM_OK};
    const struct umm_featurefollow follow = {
        .each = &opts->job, .by = opts->by, .state_root = opts->state_root};
    enum umm_status status = opts->by ? umm_featurefollow_run(&follow, context, &result, &err)
                                      : umm_featurejob_run(&opts->job, context, &result, &err);
    if (!status)
        status = report(opts, &opts->job, &result, &err);
    if (!status && opts->metrics) {
        umm_featurereport_metrics(&opts->job, &result, &page);
        status = cli_write_metrics(&page, status, &err);
    }
    return status ? cli_fail(&err) : cli_finish(CLI_OK);
}

struct many {
    const struct opts *opts;
    struct umm_prometheus page;
    uint64_t n_failed;
    int exit_code;
};

static void on_done(void *user, const struct umm_featurejob_options *job, enum umm_status status,
                    const struct umm_featurejob_result *result, const struct umm_error *err)
{
    struct many *many = user;
    struct umm_error report_err = {.status = UMM_OK};
    if (!status)
        status = report(many->opts, job, result, &report_err);
    else
        report_err = *err;
    if (!status && many->opts->metrics)
        umm_featurereport_metrics(job, result, &many->page);
    if (!status)
        return;
    cli_warn_error(&report_err);
    many->n_failed++;
    many->exit_code = CLI_FAILED;
}

static int run_many(const struct opts *opts, struct umm_run *context)
{
    struct umm_error err = {.status = UMM_OK};
    struct umm_dataset_list list = {.n = 0};
    struct many many = {.opts = opts, .page = {.file = opts->metrics}};
    const bool is_beside = opts->job.is_append && !opts->state_root;
    struct umm_featuremany job = {.each = &opts->job,
                                  .datasets = &list,
                                  .root =
                                      opts->dataset.root ? opts->dataset.root : getenv("UMM_ROOT"),
                                  .out_root = opts->out_root,
                                  .state_root = is_beside ? opts->out_root : opts->state_root,
                                  .done = on_done,
                                  .user = &many};
    many.exit_code = cli_dataset_list(&opts->dataset, NULL, 0, &list);
    if (many.exit_code == CLI_OK) {
        enum umm_status status = umm_featuremany_run(&job, context, &err);
        if (opts->metrics) {
            const char *directory = opts->out_root ? opts->out_root : opts->state_root;
            umm_prometheus_outputs(&many.page, tool.name, directory, list.n, many.n_failed);
            status = cli_write_metrics(&many.page, status, &err);
        }
        if (status)
            many.exit_code = cli_fail(&err);
        else if (many.exit_code == CLI_OK && list.n_missing)
            many.exit_code = CLI_REJECTED;
    }
    umm_dataset_list_free(&list);
    return cli_finish(many.exit_code);
}

int main(int argc, char **argv)
{
    struct opts opts = {.job = {.text = {.reading = {.schema = {.time_unit = UMM_TIME_MS}}}}};
    struct umm_run context = {0};
    struct umm_error err = {.status = UMM_OK};
    struct umm_features *features = NULL;
    int exit_code = CLI_OK;
    cli_init(&tool);
    if (!parse_opts(&opts, argc, argv, &exit_code))
        return exit_code;
    if (opts.is_list)
        return list_features(&opts);
    if (umm_features_open(opts.list, &opts.rules, &features, &err) != UMM_OK)
        return cli_fail(&err);
    opts.job.features = features;
    opts.job.scratch_dir = opts.job.text.scratch_dir = getenv("TMPDIR");
    opts.job.pool_root = cli_pool_root();
    context.n_threads = (unsigned)opts.n_threads;
    cli_test_hooks(&context);
    cli_catch_signals(&context);
    cli_progress_start(&context, opts.progress);
    exit_code = opts.dataset.symbols ? run_many(&opts, &context) : run_one(&opts, &context);
    umm_features_close(features);
    return exit_code;
}
