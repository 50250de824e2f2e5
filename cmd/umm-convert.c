/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli.h"
#include "cli_dataset.h"
#include "cli_text.h"
#include "convert/convert.h"
#include "convert/convert_by.h"
#include "convert/convert_many.h"
#include "convert/convert_report.h"
#include "convert/delivery_report.h"
#include "convert_layouts.h"
#include "sys/file.h"
#include "umm/mem.h"

struct opts {
    struct umm_convert_options convert;
    struct cli_reports reports;
    bool is_dry, is_listing;
    uint64_t n_threads, lock_limit_ns;
    const char *out_dir, *out_root, *name_pattern, *files0_from;
    struct cli_dataset dataset;
    struct umm_delivery named; /* the one that --out-root, --symbols, --timeframes name */
    const char **names;        /* of --files0-from */
};

#define CLI_OPTS struct opts

/* ---- options -------------------------------------------------------------------- */

static int take_bad_rows(void *user, const char *value)
{
    static const char prefix[] = "quarantine:";
    struct umm_convert_options *convert = user;
    if (strncmp(value, prefix, sizeof prefix - 1) == 0 && value[sizeof prefix - 1]) {
        convert->bad_rows = UMM_BAD_ROWS_QUARANTINE;
        convert->quarantine = value + sizeof prefix - 1;
        return CLI_OK;
    }
    int choice = cli_parse_choice(value, "fail|skip");
    convert->bad_rows = choice == 1 ? UMM_BAD_ROWS_SKIP : UMM_BAD_ROWS_FAIL;
    return choice < 0 ? CLI_BAD_VALUE : CLI_OK;
}

static const struct cli_option options[] = {
    {'o', "output", "FILE",
     "write the array to FILE; - is standard output,\n"
     "where the rows are spooled first unless --rows is given;\n"
     "pool:NAME/KEY is an entry of a pool: umm-pool(1)",
     CLI_TEXT(convert.output)},
    {0, "out-dir", "DIR", "write DIR/NAME.npy for each .../NAME.csv instead", CLI_TEXT(out_dir)},
    {0, "out-root", "DIR",
     "write DIR/SYMBOL/TIMEFRAME.npy for all FILEs whose names\n"
     "tell that symbol and timeframe, in order of their rows",
     CLI_TEXT(out_root)},
    {0, "name-pattern", "PATTERN",
     "names that no vendor gives: {symbol}_{timeframe}_*;\nalso {minutes}, {date} and {kind}",
     CLI_TEXT(name_pattern)},
    {0, "symbols", "SYMBOL", "with --out-root: all FILEs are of this symbol",
     CLI_TEXT(dataset.symbols)},
    {0, "timeframes", "SPAN", "all FILEs have this timeframe, such as 1m, 4h or 1mo",
     CLI_TEXT(dataset.timeframes)},
    {0, "files0-from", "FILE", "take the FILEs from FILE, where NULs end them",
     CLI_TEXT(files0_from)},
    {.help = "only every N-th FILE, or dataset, from number I on, of\n--out-dir or --out-root",
     CLI_DATASETS(dataset, "shard")},
    CLI_HEADING("What the text is:"),
    {CLI_TEXTS(convert.reading,
               "layout header names delimiter decimal thousands numbers na comment skip-lines "
               "skip-footer whole-lines")},
    {0, "list-layouts", NULL, "print the layouts with a row of each, and exit",
     CLI_FLAG(is_listing)},
    CLI_HEADING("Compressed text and archives:"),
    {CLI_TEXTS(convert.reading, "members max-unpacked max-ratio")},
    CLI_HEADING("Whose rows:"),
    {CLI_TEXTS(convert.reading, "where one-series")},
    {0, "by", "COLUMN",
     "with --out-root: write an array for each value of COLUMN,\nsuch as symbol, in one pass",
     CLI_TEXT(convert.reading.instrument.by)},
    CLI_HEADING("Columns:"),
    {CLI_TEXTS(convert.reading, "columns")},
    {0, "dtype", "TYPE", "f8, f4, i8 or i4 (default f8)", CLI_TEXT(convert.reading.schema.dtype)},
    {0, "struct", NULL, "named fields, times as M8", CLI_FLAG(convert.reading.schema.is_struct)},
    {0, "plain", NULL, "no names, whatever the columns", CLI_FLAG(convert.reading.schema.is_plain)},
    {0, "fortran", NULL, "column after column (Fortran order)",
     CLI_FLAG(convert.reading.schema.is_fortran)},
    CLI_ALIGN(convert.align_bytes),
    CLI_HEADING("Time:"),
    {CLI_TEXTS(convert.reading, "time-format time-unit-in date hour-24")},
    {0, "time-unit", "UNIT", "unit in the array: s, ms, us or ns (default ms)",
     CLI_CHOICE(convert.reading.schema.time_unit, "s|ms|us|ns")},
    {CLI_TEXTS(convert.reading, "tz tz-fold")},
    CLI_HEADING("Rows:"),
    {0, "bad-rows", "HOW", "fail, skip or quarantine:FILE (default fail)",
     CLI_CALL(convert, take_bad_rows, "fail, skip or quarantine:FILE")},
    {0, "max-bad", "N", "fail when more than N rows are rejected",
     CLI_COUNT(convert.max_bad, 0, UINT64_MAX), CLI_GIVEN(convert.has_max_bad)},
    {0, "order", "HOW",
     "check: oldest first; asc: reverse newest-first rows;\nsort: by time; keep: any order "
     "(default check)",
     CLI_CHOICE(convert.order, "check|keep|asc|sort"), CLI_GIVEN(convert.reading.is_order_given),
     .wanted = "check, asc, sort or keep"},
    {0, "memory", "SIZE",
     "for rows that wait to be sorted, or for --by, before a\nfile takes them (default 256M)",
     CLI_SIZE(convert.memory_bytes, 1 << 20, UINT64_C(1) << 40), .wanted = "a size from 1M to 1T"},
    {0, "dedup", "WHICH",
     "first, last or error, for rows of the same time\n"
     "(default: all stay)",
     CLI_CHOICE(convert.dedup, "none|first|last|error"), .wanted = "first, last or error"},
    {0, "check-ohlc", NULL, "reject rows unless low <= open, close <= high and\nvolume >= 0",
     CLI_FLAG(convert.is_ohlc_checked)},
    {0, "rows", "N", "the number of rows, which must be right",
     CLI_COUNT(convert.n_rows, 1, UINT64_C(1) << 48), CLI_GIVEN(convert.has_rows),
     .wanted = "a number from 1"},
    CLI_HEADING("Growing an array:"),
    {0, "append", NULL, "add the rows that are newer than the array's last",
     CLI_FLAG(convert.is_append)},
    {0, "on-revision", "HOW",
     "error, keep or replace-last, for rows that differ\nfrom the array's (default error)",
     CLI_CHOICE(convert.revision, "error|keep|replace-last")},
    {0, "tail", NULL, "find the first newer row by search, compare only the\narray's last",
     CLI_FLAG(convert.is_tail)},
    CLI_HEADING("Writing:"),
    {0, "sync", NULL, "make a fresh array survive a power cut", CLI_FLAG(convert.is_synced)},
    {0, "if-changed", NULL, "leave an array with the same bytes alone",
     CLI_FLAG(convert.is_if_changed)},
    CLI_LOCK(convert.lock_wait, convert.is_locked),
    CLI_LOCK_TIMEOUT(lock_limit_ns),
    {0, "threads", "N", "worker threads (default: the processors it may use)",
     CLI_COUNT(n_threads, 1, 256)},
    {0, "dry-run", NULL,
     "read everything, write nothing, print the decisions;\n"
     "with --out-root: which FILEs go where, in which order",
     CLI_FLAG(is_dry)},
    CLI_HEADING("Reports:"),
    {.help = "print decisions and figures on standard error", CLI_REPORTS(reports, "verbose")},
    {CLI_REPORTS(reports, "json report metrics progress no-progress")},
    {0}};

static const struct cli_tool tool = {
    .name = "umm-convert",
    .synopsis = "[options] {-o OUT.npy | --out-dir DIR | --out-root DIR} [FILE...]",
    .about = "Convert delimited market data to an .npy array. No FILE, or -, is standard input;\n"
             ".gz, .bz2, .xz and .zst input, and what is in .zip and .tar archives, is unpacked;\n"
             "several FILEs follow each other as one.",
    .options = options,
    .notes = "Exit status: 0 done, 1 failed (the array as before), 2 wrong usage, 3 done but rows "
             "rejected."};

/* ---- what goes together --------------------------------------------------------- */

static int check_outputs(const struct opts *opts)
{
    const struct cli_output outputs[] = {{"--output", opts->convert.output},
                                         {"--bad-rows quarantine", opts->convert.quarantine},
                                         {"--report", opts->reports.report},
                                         {"--metrics", opts->reports.metrics},
                                         {"--json", opts->reports.is_json ? "-" : NULL}};
    return cli_check_outputs(outputs, sizeof outputs / sizeof *outputs);
}

/* umm_convert looks after its own outputs. */
static int check_reports(const struct opts *opts)
{
    const struct cli_output reports[] = {{"--report", opts->reports.report},
                                         {"--metrics", opts->reports.metrics}};
    int code = CLI_OK;
    for (size_t i = 0; code == CLI_OK && i < opts->convert.n_inputs; i++)
        code = cli_check_input(opts->convert.inputs[i], reports, 2);
    return code;
}

/* What contradicts each other, in words. */
static int check_clash(const struct umm_convert_options *convert)
{
    static const char *const words[UMM_CONVERT_CLASHES] = {
        [UMM_CONVERT_CLASH_MAX_BAD] = "--max-bad needs --bad-rows skip or quarantine:FILE",
        [UMM_CONVERT_CLASH_DEDUP_KEEP] = "--dedup needs rows in order: not with --order keep",
        [UMM_CONVERT_CLASH_STRUCT_PLAIN] = "--struct and --plain exclude each other",
        [UMM_CONVERT_CLASH_ENTRY] =
            "--append and --lock are for files: an entry of a pool is replaced as a whole",
        [UMM_CONVERT_CLASH_NO_APPEND] = "--tail and --on-revision need --append",
        [UMM_CONVERT_CLASH_APPEND_KEEP] = "--append needs rows in order: not with --order keep",
        [UMM_CONVERT_CLASH_APPEND_FORTRAN] = "--append cannot grow a --fortran array",
        [UMM_CONVERT_CLASH_APPEND_ROWS] = "--rows is for fresh outputs: not with --append",
        [UMM_CONVERT_CLASH_APPEND_STDOUT] = "--append needs a file: not standard output",
        [UMM_CONVERT_CLASH_FOLD_ORDER] =
            "--tz-fold infer goes by the order of rows: not with --order keep or sort",
        [UMM_CONVERT_CLASH_DATE_ORDER] =
            "--date needs rows in order, as midnight must be seen: not with --order keep or sort",
        [UMM_CONVERT_CLASH_TAIL_ASC] = "--tail needs oldest-first rows: not with --order asc",
        [UMM_CONVERT_CLASH_BY_TAIL] = "--tail is for one array: not with --by",
        [UMM_CONVERT_CLASH_BY_ROWS] = "--rows is for one array: not with --by",
        [UMM_CONVERT_CLASH_BY_FOLD] =
            "--tz-fold infer goes by the order of all rows: not with --by",
        [UMM_CONVERT_CLASH_TAIL_SORT] = "--tail needs oldest-first rows: not with --order sort",
    };
    const enum umm_convert_clash clash = umm_convert_find_clash(convert);
    return clash ? cli_usage("%s", words[clash]) : CLI_OK;
}

/* Whether each series has an output of its own. */
static bool is_by(const struct opts *opts)
{
    return opts->convert.reading.instrument.by != NULL;
}

/* Whether there are as many outputs as inputs, or as their names tell. */
static bool is_many(const struct opts *opts)
{
    return !is_by(opts) && (opts->out_dir || (opts->out_root && !opts->named.n_datasets));
}

/* What is one file does not go with many outputs. */
static int check_many(const struct opts *opts)
{
    const char *name = opts->out_dir ? "--out-dir" : "--out-root";
    if (opts->out_dir && (opts->convert.output || opts->is_dry))
        return cli_usage("--out-dir takes the place of -o and --dry-run");
    if (opts->reports.report || opts->convert.quarantine)
        return cli_usage("--report and a quarantine are for one output: not with %s", name);
    return check_reports(opts);
}

static int check_root(const struct opts *opts)
{
    const struct cli_dataset *dataset = &opts->dataset;
    if (!opts->out_root)
        return dataset->symbols || dataset->timeframes || opts->name_pattern
                   ? cli_usage("--symbols, --timeframes and --name-pattern need --out-root")
                   : CLI_OK;
    if (opts->convert.output || opts->out_dir)
        return cli_usage("--out-root takes the place of -o and --out-dir");
    if ((dataset->symbols && strchr(dataset->symbols, ',')) ||
        (dataset->timeframes && strchr(dataset->timeframes, ',')))
        return cli_usage("--out-root takes one symbol and one timeframe");
    if (dataset->symbols && dataset->timeframes && opts->name_pattern)
        return cli_usage("--name-pattern reads names, which --symbols and --timeframes replace");
    return CLI_OK;
}

/* A dataset for each series: what is one file does not go with it. */
static int check_by(const struct opts *opts)
{
    const struct cli_output outputs[] = {{"--bad-rows quarantine", opts->convert.quarantine},
                                         {"--metrics", opts->reports.metrics}};
    if (!opts->out_root || opts->dataset.symbols)
        return cli_usage("--by needs --out-root, and no --symbols");
    if (opts->dataset.shard.count)
        return cli_usage("--shard is for outputs of single FILEs: not with --by");
    if (opts->reports.report)
        return cli_usage("--report is for one output: not with --by");
    if (opts->is_dry && opts->convert.is_append)
        return cli_usage("--dry-run compares with no array: leave --append out");
    int code = check_root(opts);
    if (code == CLI_OK)
        code = cli_check_outputs(outputs, 2);
    return code != CLI_OK ? code : check_reports(opts);
}

/* --out-root with a symbol and a timeframe: the one dataset of all files, whatever their names. */
static int name_dataset(struct opts *opts)
{
    const struct umm_delivery_options wanted = {
        .root = opts->out_root,
        .names = {NULL, opts->dataset.symbols, opts->dataset.timeframes},
        .unpack = opts->convert.reading.unpack};
    struct umm_convert_options *convert = &opts->convert;
    struct umm_error err = {.status = UMM_OK};
    int code = check_root(opts);
    if (code != CLI_OK || !opts->out_root)
        return code;
    convert->are_inputs_appended = true;
    if (!opts->dataset.symbols || !opts->dataset.timeframes)
        return CLI_OK;
    if (umm_delivery_group(&wanted, convert->inputs, convert->n_inputs, NULL, &opts->named, &err) !=
        UMM_OK)
        return cli_fail(&err);
    convert->output = opts->named.datasets[0].path;
    return CLI_OK;
}

static int check_opts(struct opts *opts)
{
    struct umm_convert_options *convert = &opts->convert;
    if (is_by(opts))
        return check_by(opts);
    int code = name_dataset(opts);
    if (code != CLI_OK)
        return code;
    if (is_many(opts))
        return check_many(opts);
    if (opts->dataset.shard.count)
        return cli_usage("--shard needs --out-dir or --out-root");
    if (!convert->output && !opts->is_dry)
        return cli_usage("no output: give -o FILE, --out-dir DIR or --dry-run");
    if (opts->is_dry)
        convert->output = NULL;
    bool is_stdout = convert->output && strcmp(convert->output, "-") == 0;
    if (opts->reports.is_json && is_stdout)
        return cli_usage("--json and -o - would mix on standard output; use --report FILE");
    if (opts->is_dry && convert->is_append)
        return cli_usage("--dry-run compares with no array: leave --append out");
    code = check_outputs(opts);
    return code != CLI_OK ? code : check_reports(opts);
}

/* The files: operands, or the list that --files0-from names, or standard input. */
static bool set_inputs(struct opts *opts, int argc, char **argv, int *exit_code)
{
    static const char *const standard_input[] = {"-"};
    bool has_files = optind < argc;
    opts->convert.inputs = has_files ? (const char *const *)(argv + optind) : standard_input;
    opts->convert.n_inputs = has_files ? (size_t)(argc - optind) : 1;
    if (!opts->files0_from)
        return true;
    if (has_files) {
        *exit_code = cli_usage("--files0-from takes the place of FILE operands");
        return false;
    }
    opts->names = cli_read_names0(opts->files0_from, &opts->convert.n_inputs, exit_code);
    opts->convert.inputs = opts->names;
    if (opts->convert.inputs && opts->convert.n_inputs == 0) {
        cli_warn("no file names in the list of --files0-from");
        *exit_code = CLI_FAILED;
        return false;
    }
    return opts->convert.inputs != NULL;
}

static bool parse_opts(struct opts *opts, int argc, char **argv, int *exit_code)
{
    if (!cli_parse(argc, argv, opts, exit_code))
        return false;
    if (opts->is_listing) {
        *exit_code = convert_list_layouts(&opts->reports);
        return false;
    }
    if (!set_inputs(opts, argc, argv, exit_code))
        return false;
    *exit_code = check_opts(opts);
    if (*exit_code == CLI_OK)
        *exit_code = check_clash(&opts->convert);
    return *exit_code == CLI_OK;
}

/* ---- reports -------------------------------------------------------------------- */

static void print_lines(const struct opts *opts, const struct umm_convert_result *result,
                        FILE *stream)
{
    static char line[UMM_CONVERT_LINE_MAX];
    cli_progress_stop();
    for (size_t i = 0; umm_convert_report_line(&opts->convert, result, i, line); i++)
        fprintf(stream, "%s\n", line);
}

static enum umm_status report(const struct opts *opts, const struct umm_convert_result *result,
                              struct umm_error *err)
{
    char *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    if (opts->reports.is_verbose)
        print_lines(opts, result, stderr);
    if (opts->is_dry && !opts->reports.is_json)
        print_lines(opts, result, stdout);
    if (opts->reports.is_json || opts->reports.report)
        status = umm_convert_report_json(&opts->convert, result, &text, &len, err);
    return cli_write_json(&opts->reports, text, len, status, err);
}

/* Which files are in a dataset, and in which order. */
static enum umm_status report_files(const struct opts *opts,
                                    const struct umm_delivery_dataset *dataset,
                                    struct umm_error *err)
{
    static char line[UMM_CONVERT_LINE_MAX];
    const enum umm_time_unit unit = opts->convert.reading.schema.time_unit;
    char *text = NULL;
    size_t len = 0;
    for (size_t i = 0; !opts->reports.is_json && umm_delivery_report_files(dataset, unit, i, line);
         i++)
        printf("%s\n", line);
    if (!opts->reports.is_json)
        return UMM_OK;
    enum umm_status status = umm_delivery_report_json(dataset, unit, &text, &len, err);
    return cli_write_json(&opts->reports, text, len, status, err);
}

/* The files of the one dataset that is named, in order: also a FIFO can be one, as it comes. */
static enum umm_status order_named(const struct opts *opts, struct umm_run *context,
                                   struct umm_error *err)
{
    struct umm_delivery_dataset *dataset = opts->named.datasets;
    if (!dataset || dataset->n_files < 2 || !umm_delivery_can_order(dataset))
        return UMM_OK;
    return umm_delivery_order(dataset, &opts->convert, context, err);
}

static enum umm_status make_directories(const struct opts *opts, struct umm_error *err)
{
    const struct umm_convert_options *convert = &opts->convert;
    const bool is_synced = convert->is_synced || convert->is_append;
    if (!opts->named.n_datasets || !convert->output)
        return UMM_OK;
    enum umm_status status = umm_dataset_make_root(opts->out_root, is_synced, err);
    return status ? status : umm_dataset_make_directory(convert->output, is_synced, err);
}

static int run(const struct opts *given, struct umm_run *context)
{
    struct opts opts = *given;
    struct umm_convert_result result;
    struct umm_prometheus page = {.file = opts.reports.metrics};
    struct umm_error err = {0};
    enum umm_status status = order_named(&opts, context, &err);
    if (!status && opts.named.n_datasets && opts.named.datasets->is_ordered) {
        opts.convert.inputs = opts.named.datasets->files;
        opts.convert.members = opts.named.datasets->members;
        opts.convert.n_inputs = opts.named.datasets->n_files;
        if (opts.is_dry)
            return cli_finish(report_files(&opts, opts.named.datasets, &err) ? cli_fail(&err)
                                                                             : CLI_OK);
    }
    if (!status)
        status = make_directories(&opts, &err);
    if (!status)
        status = umm_convert(&opts.convert, context, &result, &err);
    if (status)
        return cli_fail(&err);
    int exit_code = result.n_rejected ? CLI_REJECTED : CLI_OK;
    status = report(&opts, &result, &err);
    if (opts.reports.metrics) {
        umm_convert_report_metrics(&opts.convert, &result, &page);
        status = cli_write_metrics(&page, status, &err);
    }
    umm_convert_result_free(&result);
    return cli_finish(status ? cli_fail(&err) : exit_code);
}

/* ---- many outputs ----------------------------------------------------------------- */

struct many {
    const struct opts *opts;
    struct umm_prometheus page;
    uint64_t n_done, n_failed;
    int exit_code;
};

/* One line for a dataset: the decisions about each of its files would be too many. */
static enum umm_status report_one(const struct opts *opts,
                                  const struct umm_delivery_dataset *dataset,
                                  const struct umm_convert_result *result, struct umm_error *err)
{
    static char line[UMM_CONVERT_LINE_MAX];
    struct opts quiet = *opts;
    if (!dataset)
        return report(opts, result, err);
    if (opts->is_dry)
        return report_files(opts, dataset, err);
    if (opts->reports.is_verbose) {
        umm_delivery_report_line(dataset, result, line);
        fprintf(stderr, "%s\n", line);
    }
    quiet.reports.is_verbose = false;
    return report(&quiet, result, err);
}

static void on_done(void *user, const struct umm_convert_options *convert,
                    const struct umm_delivery_dataset *dataset, enum umm_status status,
                    const struct umm_convert_result *result, const struct umm_error *err)
{
    struct many *many = user;
    struct opts opts = *many->opts;
    struct umm_error report_err = {0};
    opts.convert = *convert;
    many->n_done++;
    if (status) {
        cli_warn_error(err);
        many->n_failed++;
        many->exit_code = CLI_FAILED;
        return;
    }
    if (result->n_rejected && many->exit_code == CLI_OK)
        many->exit_code = CLI_REJECTED;
    if (report_one(&opts, dataset, result, &report_err) != UMM_OK) {
        cli_warn_error(&report_err);
        many->n_failed++;
        many->exit_code = CLI_FAILED;
    } else if (opts.reports.metrics && !opts.is_dry) {
        umm_convert_report_metrics(convert, result, &many->page);
    }
}

/* Of one conversion's buffers for the next one's. */
static void keep_memory(void)
{
    enum { KEPT_BYTES = 16 << 20 }; /* more than those of one */
    (void)!umm_malloc_tune(
        &(struct umm_malloc_tuning){.trim_bytes = KEPT_BYTES, .map_bytes = KEPT_BYTES});
}

static int run_many(const struct opts *opts, struct umm_run *context)
{
    struct many many = {.opts = opts, .page = {.file = opts->reports.metrics}};
    struct umm_error err = {0};
    const struct umm_convert_many job = {
        .each = &opts->convert,
        .inputs = opts->convert.inputs,
        .n_inputs = opts->convert.n_inputs,
        .directory = opts->out_dir ? opts->out_dir : opts->out_root,
        .is_root = !opts->out_dir,
        .is_dry = opts->is_dry,
        .names = {opts->name_pattern, opts->dataset.symbols, opts->dataset.timeframes},
        .shard = opts->dataset.shard,
        .done = on_done,
        .user = &many};
    keep_memory();
    enum umm_status status = umm_convert_many(&job, context, &err);
    if (opts->reports.metrics) {
        umm_prometheus_outputs(&many.page, tool.name, job.directory, many.n_done, many.n_failed);
        status = cli_write_metrics(&many.page, status, &err);
    }
    return status ? cli_fail(&err) : cli_finish(many.exit_code);
}

/* ---- an output for each series ------------------------------------------------------ */

static void on_dataset(void *user, const char *path, const struct umm_convert_options *convert,
                       enum umm_status status, const struct umm_convert_result *result,
                       const struct umm_error *err)
{
    static char line[UMM_CONVERT_LINE_MAX];
    struct many *many = user;
    struct opts opts = *many->opts;
    struct umm_error report_err = {0};
    opts.convert = *convert;
    many->n_done++;
    if (status) {
        cli_warn_error(err);
        many->n_failed++;
        many->exit_code = CLI_FAILED;
        return;
    }
    umm_convert_report_dataset(convert, path, result, line);
    cli_progress_stop();
    if (opts.reports.is_verbose)
        fprintf(stderr, "%s\n", line);
    if (opts.is_dry && !opts.reports.is_json)
        printf("%s\n", line);
    opts.reports.is_verbose = opts.is_dry = false;
    if (report(&opts, result, &report_err) != UMM_OK) {
        cli_warn_error(&report_err);
        many->n_failed++;
        many->exit_code = CLI_FAILED;
    } else if (opts.reports.metrics) {
        umm_convert_report_metrics(convert, result, &many->page);
    }
}

/* What was read, after the datasets. */
static void print_inputs(const struct opts *opts, const struct umm_convert_result *total,
                         FILE *stream)
{
    static char line[UMM_CONVERT_LINE_MAX];
    for (size_t i = 0; i < total->n_inputs; i++)
        if (umm_convert_report_line(&opts->convert, total, i, line))
            fprintf(stream, "%s\n", line);
}

/* As an object after those of the datasets. */
static enum umm_status report_total(const struct opts *opts, const struct umm_convert_result *total,
                                    struct umm_error *err)
{
    struct umm_convert_options convert = opts->convert;
    char *text = NULL;
    size_t len = 0;
    convert.output = opts->out_root;
    enum umm_status status = umm_convert_report_json(&convert, total, &text, &len, err);
    return cli_write_json(&opts->reports, text, len, status, err);
}

static int run_by(const struct opts *opts, struct umm_run *context)
{
    struct many many = {.opts = opts, .page = {.file = opts->reports.metrics}};
    struct umm_convert_result total;
    struct umm_error err = {0};
    const struct umm_convert_by job = {
        .each = &opts->convert,
        .root = opts->out_root,
        .names = {opts->name_pattern, NULL, opts->dataset.timeframes},
        .is_dry = opts->is_dry,
        .done = on_dataset,
        .user = &many};
    keep_memory();
    enum umm_status status = umm_convert_by(&job, context, &total, &err);
    if (status)
        return cli_fail(&err);
    if (total.n_rejected && many.exit_code == CLI_OK)
        many.exit_code = CLI_REJECTED;
    if (opts->reports.is_json)
        status = report_total(opts, &total, &err);
    if (opts->reports.is_verbose)
        print_inputs(opts, &total, stderr);
    if (opts->is_dry && !opts->reports.is_json)
        print_inputs(opts, &total, stdout);
    if (opts->reports.metrics) {
        umm_prometheus_outputs(&many.page, tool.name, opts->out_root, many.n_done, many.n_failed);
        status = cli_write_metrics(&many.page, status, &err);
    }
    umm_convert_result_free(&total);
    return status ? cli_fail(&err) : cli_finish(many.exit_code);
}

int main(int argc, char **argv)
{
    struct opts opts = {.convert = {.reading = {.schema = {.time_unit = UMM_TIME_MS}}}};
    struct umm_run context = {0};
    int exit_code = CLI_OK;
    cli_init(&tool);
    opts.convert.scratch_dir = opts.convert.reading.unpack.scratch_dir = getenv("TMPDIR");
    if (parse_opts(&opts, argc, argv, &exit_code)) {
        opts.convert.pool_root = cli_pool_root();
        context.n_threads = (unsigned)opts.n_threads;
        context.lock_limit_ns = opts.lock_limit_ns;
        cli_test_hooks(&context);
        cli_catch_signals(&context);
        cli_progress_start(&context, opts.reports.progress);
        exit_code = is_by(&opts)     ? run_by(&opts, &context)
                    : is_many(&opts) ? run_many(&opts, &context)
                                     : run(&opts, &context);
    }
    free(opts.names);
    umm_delivery_free(&opts.named);
    return exit_code;
}
