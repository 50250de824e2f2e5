/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli.h"
#include "cli_dataset.h"
#include "cli_store.h"
#include "cli_text.h"
#include "featurejob/featurefollow.h"
#include "featurejob/featuremany.h"
#include "featurejob/featurereport.h"
#include "featurejob/resultstore.h"
#include "sys/clock.h"
#include "sys/outfile.h"

struct opts {
    const char *list;
    bool is_list, is_format_given;
    struct umm_features_rules rules;
    struct umm_featurejob_options job;
    struct cli_dataset dataset;
    struct cli_store reach;
    const char *out_root, *state_root, *by;
    struct cli_reports reports;
    uint64_t n_threads, lock_limit_ns;
};

#define CLI_OPTS struct opts

/* ---- options --------------------------------------------------------------------- */

/* Bars that ended by then, or by now. */
static int take_closed(void *closed_at, const char *value)
{
    const int64_t ns_per_s = 1000000000;
    struct umm_time *time = closed_at;
    if (value)
        return cli_take_time(time, value);
    time->sec = umm_clock_realtime_ns() / ns_per_s;
    return CLI_OK;
}

/* Definitions count from 1: 0 is what the program of --compat has. */
static const struct cli_option options[] = {
    {'f', "features", "LIST",
     "NAME[:PARAMETER...][@SERIES],... such as\n"
     "ema:20,atr:14,macd:12:26:9,bbands:20:2,ema:50@high;\n"
     "a SERIES is open, high, low, close, volume, hl2, hlc3\nor ohlc4",
     CLI_TEXT(list)},
    {0, "list", NULL, "describe every feature (with --json: as JSON)", CLI_FLAG(is_list)},
    {'o', "output", "FILE",
     "write to FILE: an .npy array, or CSV if its name ends\nin .csv; - is standard output, "
     "as CSV (the default);\npool:NAME/KEY is an entry of a pool: umm-pool(1);\n"
     "store:PLACE, with --follow or --by, has the newest row of\neach symbol: umm-store(1)",
     CLI_TEXT(job.output)},
    {0, "format", "HOW", "npy, csv or raw: the bytes of an array's rows without\nits header",
     CLI_CHOICE(job.format, "npy|csv|raw"), CLI_GIVEN(is_format_given)},
    {0, "plain", NULL, "a bare matrix: no names, times in milliseconds", CLI_FLAG(job.is_plain)},
    {0, "warmup", "HOW",
     "rows before the first values: nan, empty (CSV: empty\ncells) or drop (default nan)",
     CLI_CHOICE(job.warmup, "nan|empty|drop")},
    CLI_HEADING("Definitions:"),
    {0, "compat", "WHOSE", "talib, tradingview, tulip, pandas or metastock\n(default talib)",
     CLI_CHOICE(rules.compat, "talib|tradingview|tulip|pandas|metastock")},
    {0, "ema-seed", "HOW", "mean or first: what an ema begins with",
     CLI_CHOICE(rules.ema_seed, "|mean|first")},
    {0, "rma-seed", "HOW", "the same of Wilder's averages (rma, atr, rsi, adx)",
     CLI_CHOICE(rules.rma_seed, "|mean|first")},
    {0, "deviation", "HOW", "population or sample: divide by n or by n - 1",
     CLI_CHOICE(rules.deviation, "|population|sample")},
    {0, "true-range", "HOW", "undefined or defined at the first bar",
     CLI_CHOICE(rules.true_range, "|undefined|defined")},
    {0, "obv-start", "HOW", "undefined or defined: obv begins at 0 or the volume",
     CLI_CHOICE(rules.obv, "|undefined|defined")},
    {0, "rsi-flat", "VALUE", "0, 50, 100 or nan: the rsi of prices that stand still",
     CLI_CHOICE(rules.rsi_flat, "|0|50|100|nan")},
    {0, "time-zone", "ZONE", "whose days anchor vwap (default UTC)", CLI_TEXT(rules.time_zone)},
    {0, "nan", "HOW",
     "rows with a number that is not finite: error, reset\n(begin anew) or hold (repeat the last "
     "value)\n(default error)",
     CLI_CHOICE(rules.nan, "error|reset|hold")},
    CLI_HEADING("Only what is new:"),
    {0, "state", "FILE", "go on where the run before ended, as FILE says", CLI_TEXT(job.state)},
    {0, "append", NULL, "let the array grow: new the first time, then longer",
     CLI_FLAG(job.is_append)},
    {0, "revise-last", NULL, "the last row taken may have changed since: redo it",
     CLI_FLAG(job.is_revise_last)},
    {0, "rebuild", NULL, "start over, whatever the state says", CLI_FLAG(job.is_rebuild)},
    {0, "verify", NULL, "compute all rows again, compare every bit, write nothing",
     CLI_FLAG(job.is_verify)},
    CLI_HEADING("Bars:"),
    {0, "timeframe", "SPAN", "the distance between bars, such as 1m, 4h or 1d",
     CLI_CALL(job.timeframe, cli_take_timeframe, "a number and s, m, h, d, w or mo")},
    {0, "closed-only", "[=TIME]", "leave out bars that end after TIME (default: now)",
     CLI_CALL(job.closed_at, take_closed, CLI_TIME), CLI_GIVEN(job.is_closed_only)},
    {0, "holdback", "N", "leave out the last N bars, until more follow",
     CLI_COUNT(job.holdback, 0, 1000000)},
    {0, "gap", "HOW", "allow, warn or error, where bars are missing\n(default allow)",
     CLI_CHOICE(job.gap, "allow|warn|error")},
    CLI_HEADING("Rows as they come:"),
    {0, "follow", NULL, "every row at once, from a pipe; CSV or raw", CLI_FLAG(job.is_prompt)},
    {0, "by", "FIELD",
     "CSV of many symbols, mixed: FIELD names the symbol;\nstates are "
     "--state-root=DIR/SYMBOL.state",
     CLI_TEXT(by)},
    {0, "store-id", "ID", "with --follow and -o store:PLACE: whose row it is", CLI_TEXT(job.id)},
    {CLI_STORES(reach, NULL)},
    {0, "checkpoint", "N", "save the state after N rows, and at the end",
     CLI_COUNT(job.checkpoint_rows, 1, UINT64_MAX)},
    CLI_HEADING("Text input:"),
    {CLI_TEXTS(job.text.reading,
               "layout header names thousands numbers columns time-format time-unit-in tz where "
               "one-series whole-lines members max-unpacked max-ratio")},
    CLI_HEADING("Datasets by name, in place of an INPUT:"),
    {CLI_DATASETS(dataset, "root symbols symbols-from timeframes missing shard")},
    {0, "out-root", "DIR", "write DIR/SYMBOL/TIMEFRAME.npy", CLI_TEXT(out_root)},
    {0, "state-root", "DIR",
     "with states DIR/SYMBOL/TIMEFRAME.state\n(default with --append: beside the outputs)",
     CLI_TEXT(state_root)},
    CLI_HEADING("Writing:"),
    {0, "sync", NULL, "make a fresh output survive a power cut", CLI_FLAG(job.is_synced)},
    CLI_LOCK(job.lock_wait, job.is_locked),
    CLI_LOCK_TIMEOUT(lock_limit_ns),
    {0, "threads", "N", "datasets at once (default: the processors it may use)",
     CLI_COUNT(n_threads, 1, 256)},
    CLI_HEADING("Reports:"),
    {CLI_REPORTS(reports, "verbose json report metrics progress no-progress")},
    {0}};

static const struct cli_tool tool = {
    .name = "umm-features",
    .synopsis = "[options] -f LIST [-o OUT.npy] [--state FILE] [INPUT]",
    .about = "Compute technical features of bars, all of them or those that are new. INPUT is an\n"
             ".npy array, an archive or CSV, in a file or a pipe; none, or -, is standard input.",
    .options = options,
    .notes = "Exit status: 0 done, 1 failed (output and state as before), 2 wrong usage, 3 done "
             "but\ndatasets are missing."};

/* ---- what goes together ---------------------------------------------------------- */

static bool has_datasets(const struct opts *opts)
{
    return opts->dataset.symbols || opts->dataset.symbols_from;
}

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text), n = strlen(end);
    return len > n && strcmp(text + len - n, end) == 0;
}

/* What goes with a store, whose vectors have a form of their own. */
static int check_store(struct opts *opts)
{
    struct umm_featurejob_options *job = &opts->job;
    const bool has_files = opts->out_root || has_datasets(opts);
    const struct cli_store *reach = &opts->reach;
    if (!job->store && job->id)
        return cli_usage("--store-id is for -o store:PLACE");
    if (!job->store)
        return reach->timeout_ns || reach->n_replicas || reach->password_file
                   ? cli_usage(
                         "--timeout, --wait-replicas and --password-file are for -o store:PLACE")
                   : CLI_OK;
    if (!*job->store)
        return cli_usage("-o store:PLACE needs the place of a store");
    if (has_files || !(job->is_prompt || opts->by))
        return cli_usage("-o store:PLACE takes rows as they come: give --follow or --by");
    if (job->is_append || job->is_verify || opts->is_format_given || job->is_plain ||
        job->warmup == UMM_WARMUP_EMPTY)
        return cli_usage("-o store:PLACE has vectors: --append, --verify, --format, --plain and "
                         "--warmup=empty are for rows");
    if (opts->by && job->id)
        return cli_usage("--by names each symbol: --store-id is for --follow without it");
    if (!opts->by && !job->id)
        return cli_usage("-o store:PLACE needs --store-id=ID, or --by");
    return CLI_OK;
}

/* By the output's name, unless it is said. */
static int choose_format(struct opts *opts)
{
    struct umm_featurejob_options *job = &opts->job;
    job->store = umm_resultstore_place(job->output);
    if (job->store) {
        job->output = NULL;
        job->format = UMM_RESULT_CSV;
    }
    const int exit_code = check_store(opts);
    if (exit_code != CLI_OK || job->store)
        return exit_code;
    if (!job->output && !job->is_verify && !has_datasets(opts))
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
        {"--report", opts->reports.report},
        {"--metrics", opts->reports.metrics},
        {"--json", opts->reports.is_json ? "-" : NULL},
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
    if (!has_datasets(opts))
        return cli_usage("--out-root and --state-root need --symbols and --timeframes");
    if (job->output || job->state || opts->reports.report)
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
    if (opts->dataset.shard.count)
        return cli_usage("--shard is for datasets by name: give --symbols and --timeframes");
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
    if (!cli_parse(argc, argv, opts, exit_code))
        return false;
    if (opts->is_list && optind < argc)
        *exit_code = cli_usage("--list takes no INPUT");
    if (opts->is_list)
        return *exit_code == CLI_OK;
    bool is_many = opts->out_root || (opts->state_root && !opts->by) || has_datasets(opts);
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
    if (opts->reports.is_verbose)
        fprintf(stderr, "%s\n", line);
    if (job->is_verify && !opts->reports.is_json)
        printf("%s\n", line);
    if (opts->reports.is_json || opts->reports.report)
        status = umm_featurereport_json(job, result, opts->out_root != NULL, &text, &len, err);
    return cli_write_json(&opts->reports, text, len, status, err);
}

static int list_features(const struct opts *opts)
{
    static char lines[UMM_FEATUREREPORT_LINE_MAX];
    struct umm_error err = {.status = UMM_OK};
    char *text = NULL;
    size_t len;
    if (opts->reports.is_json) {
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
    struct umm_prometheus page = {.file = opts->reports.metrics};
    struct umm_error err = {.status = UMM_OK};
    const struct umm_featurefollow follow = {
        .each = &opts->job, .by = opts->by, .state_root = opts->state_root};
    enum umm_status status = opts->by ? umm_featurefollow_run(&follow, context, &result, &err)
                                      : umm_featurejob_run(&opts->job, context, &result, &err);
    if (!status)
        status = report(opts, &opts->job, &result, &err);
    if (!status && opts->reports.metrics) {
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
    if (!status && many->opts->reports.metrics)
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
    struct many many = {.opts = opts, .page = {.file = opts->reports.metrics}};
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
        if (opts->reports.metrics) {
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
    struct umm_store_reach reach = {.run = &context};
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
    context.lock_limit_ns = opts.lock_limit_ns;
    cli_test_hooks(&context);
    cli_catch_signals(&context);
    cli_progress_start(&context, opts.reports.progress);
    if (opts.job.store &&
        cli_store_prepare(&opts.reach, opts.job.store, &context, &reach, &err) != UMM_OK)
        return cli_fail(&err);
    opts.job.reach = &reach;
    exit_code = has_datasets(&opts) ? run_many(&opts, &context) : run_one(&opts, &context);
    umm_features_close(features);
    return exit_code;
}
