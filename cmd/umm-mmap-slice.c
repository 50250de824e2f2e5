/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array/output.h"
#include "base/error.h"
#include "cli.h"
#include "cli_dataset.h"
#include "slice/slice.h"

struct opts {
    struct umm_slice_options slice;
    struct cli_dataset dataset;
    const char *out_dir, *ranges_from;
    struct cli_reports reports;
    bool is_format_given, is_described;
    struct umm_range *ranges;
    struct umm_dataset_list list;
};
#define CLI_OPTS struct opts

#define FORMATS "npy|raw|csv|json"

static const struct cli_option options[] = {
    {'o', "output", "FILE",
     "write to FILE (default -, standard output);\npool:NAME/KEY is an entry of a pool: "
     "umm-pool(1)",
     CLI_TEXT(slice.output)},
    {0, "out-dir", "DIR", "write DIR/KEY.npy, or .csv and so on, for each dataset",
     CLI_TEXT(out_dir)},
    {0, "format", "NAME",
     "npy, raw, csv or json\n(default: by the ending of the output's name, or npy)",
     CLI_CHOICE(slice.format, FORMATS), CLI_GIVEN(is_format_given)},
    {0, "describe", NULL,
     "print instead where the rows are, for a program that\nmaps FILE, as JSON",
     CLI_FLAG(is_described)},
    CLI_HEADING("Rows and columns:"),
    {0, "ranges-from", "FILE", "take the RANGEs from FILE, or - for standard input",
     CLI_TEXT(ranges_from)},
    {0, "strict", NULL, "fail where a RANGE leaves the array", CLI_FLAG(slice.is_strict)},
    {0, "columns", "LIST", "names, or numbers from 0, separated by commas",
     CLI_TEXT(slice.columns)},
    CLI_HEADING("Datasets by name, in place of FILEs:"),
    {CLI_DATASETS(dataset, NULL)},
    CLI_HEADING("Text:"),
    {0, "time-format", "FORMAT", "epoch or iso (default epoch: counts as stored)",
     CLI_CHOICE(slice.is_time_iso, "epoch|iso")},
    {0, "no-header", NULL, "leave the names out of CSV", CLI_FLAG(slice.has_no_header)},
    CLI_HEADING("Writing:"),
    CLI_ALIGN(slice.align_bytes),
    {0, "sync", NULL, "make the output survive a power cut", CLI_FLAG(slice.file.is_synced)},
    {0, "if-changed", NULL, "leave an output with the same bytes alone",
     CLI_FLAG(slice.file.is_if_changed)},
    CLI_HEADING("Reports:"),
    {CLI_REPORTS(reports, "verbose report metrics progress no-progress")},
    {0}};

static const struct cli_tool tool = {
    .name = "umm-mmap-slice",
    .synopsis = "[options] {FILE | --symbols=LIST --timeframes=LIST} [RANGE...]",
    .about = "Copy rows of an .npy array to an array of their own, or as text. A RANGE is\n"
             "START:STOP[:STEP] as in Python, or one row; several follow each other.",
    .options = options};

/* ---- operands --------------------------------------------------------------------- */

/*
 * "-5:" is a RANGE, not the option 5: getopt must not see it. The first such word, and
 * the RANGEs after it, move to the end of argv after "--", and so stay in their order:
 * getopt puts the other operands in front of them. Returns the new argc; args has room
 * for argc + 2.
 */
static int set_ranges_aside(int argc, char **argv, char **args)
{
    static char separator[] = "--";
    int n = 0;
    for (int pass = 0; pass < 2; pass++) {
        bool is_aside = false, is_behind = false;
        for (int i = 0; i < argc; i++) {
            struct umm_range range;
            const bool is_range = i > 0 && !is_behind && (argv[i][0] == '-' || is_aside) &&
                                  !cli_takes_next(argv[i - 1]) &&
                                  umm_range_parse(argv[i], strlen(argv[i]), &range, NULL) == UMM_OK;
            is_aside |= is_range;
            is_behind |= i > 0 && strcmp(argv[i], "--") == 0;
            if (is_range == (pass == 1))
                args[n++] = argv[i];
        }
        if (pass == 0 && is_aside && !is_behind)
            args[n++] = separator;
    }
    args[n] = NULL;
    return n;
}

/* ---- what goes where -------------------------------------------------------------- */

/* By the ending of the output's name, unless it is said. */
static int set_format(struct opts *opts)
{
    const bool is_entry = umm_output_is_entry(opts->out_dir ? opts->out_dir : opts->slice.output);
    const char *dot = is_entry ? NULL : strrchr(opts->slice.output, '.');
    const int choice = dot ? cli_parse_choice(dot + 1, FORMATS) : 0;
    if (!opts->is_format_given && choice > 0)
        opts->slice.format = (enum umm_slice_format)choice;
    if (is_entry && opts->is_described)
        return cli_usage("--describe prints text, which no pool holds");
    const bool is_binary =
        opts->slice.format == UMM_SLICE_NPY || opts->slice.format == UMM_SLICE_RAW;
    if (is_binary && strcmp(opts->slice.output, "-") == 0 && !opts->out_dir &&
        !opts->is_described && isatty(STDOUT_FILENO))
        return cli_usage("an array is not for a terminal: give -o FILE or --format csv");
    return CLI_OK;
}

static int check_places(const struct opts *opts)
{
    const struct cli_output outputs[] = {{"--output", opts->out_dir ? NULL : opts->slice.output},
                                         {"--report", opts->reports.report},
                                         {"--metrics", opts->reports.metrics}};
    return cli_check_outputs(outputs, sizeof outputs / sizeof *outputs);
}

static int check_opts(const struct opts *opts)
{
    const struct umm_slice_options *slice = &opts->slice;
    if (opts->out_dir && strcmp(slice->output, "-") != 0)
        return cli_usage("--out-dir takes the place of -o");
    if (opts->out_dir && (opts->reports.report || opts->is_described))
        return cli_usage("--report and --describe are for one output: not with --out-dir");
    if (opts->dataset.shard.count && !opts->out_dir)
        return cli_usage("--shard needs --out-dir");
    if (opts->ranges_from && opts->dataset.symbols_from && strcmp(opts->ranges_from, "-") == 0 &&
        strcmp(opts->dataset.symbols_from, "-") == 0)
        return cli_usage("--ranges-from and --symbols-from cannot both be standard input");
    if (opts->is_described &&
        (opts->is_format_given || opts->reports.report || opts->reports.metrics))
        return cli_usage("--describe prints a description, and no rows");
    if (slice->align_bytes && slice->format != UMM_SLICE_NPY)
        return cli_usage("--align is for --format npy");
    if (slice->has_no_header && slice->format != UMM_SLICE_CSV)
        return cli_usage("--no-header is for --format csv");
    if (slice->is_time_iso && (slice->format == UMM_SLICE_NPY || slice->format == UMM_SLICE_RAW))
        return cli_usage("--time-format is for --format csv or json");
    return check_places(opts);
}

/* Text must not replace the array. The slice looks after its own output. */
static int check_inputs(const struct opts *opts)
{
    const struct cli_output texts[] = {
        {"--report", opts->reports.report},
        {"--metrics", opts->reports.metrics},
        {"--output", opts->is_described ? opts->slice.output : NULL}};
    int code = CLI_OK;
    for (size_t i = 0; code == CLI_OK && i < opts->list.n; i++)
        code = cli_check_input(opts->list.items[i].path, texts, sizeof texts / sizeof *texts);
    return code;
}

static int read_ranges(struct opts *opts)
{
    enum { RANGES_BYTES_MAX = 256 * 1024 * 1024 };
    const char *path = strcmp(opts->ranges_from, "-") == 0 ? "standard input" : opts->ranges_from;
    struct umm_error err = {.status = UMM_OK};
    void *text = NULL;
    size_t len = 0;
    enum umm_status status = cli_read_whole(opts->ranges_from, RANGES_BYTES_MAX, &text, &len, &err);
    if (!status) {
        status = umm_range_parse_list(text, len, &opts->ranges, &opts->slice.n_ranges, &err);
        if (status && err.line)
            umm_error_at(&err, path, err.line, err.column, err.byte);
        free(text);
    }
    if (!status && opts->slice.n_ranges == 0)
        status = umm_error_set_path(&err, UMM_ERR_DATA, path, "no ranges in it");
    return status ? cli_fail(&err) : CLI_OK;
}

static int parse_ranges(struct opts *opts, char *const *words, size_t n)
{
    struct umm_error err = {.status = UMM_OK};
    if (opts->ranges_from)
        return n ? cli_usage("--ranges-from takes the place of RANGE operands") : read_ranges(opts);
    opts->ranges = calloc(n ? n : 1, sizeof *opts->ranges);
    if (!opts->ranges) {
        umm_error_set_memory(&err, n * sizeof *opts->ranges, "ranges");
        return cli_fail(&err);
    }
    for (size_t i = 0; i < n; i++)
        if (umm_range_parse(words[i], strlen(words[i]), &opts->ranges[i], &err) != UMM_OK)
            return cli_usage("%s", err.message);
    opts->slice.n_ranges = n;
    return CLI_OK;
}

/* FILE unless datasets are named, then RANGEs. */
static int set_operands(struct opts *opts, char *const *words, size_t n)
{
    const size_t n_files = cli_dataset_is_named(&opts->dataset) || n == 0 ? 0 : 1;
    if (n_files && strcmp(words[0], "-") == 0)
        return cli_usage("FILE is read by place: standard input cannot be");
    int code = parse_ranges(opts, words + n_files, n - n_files);
    if (code == CLI_OK)
        code = cli_dataset_list(&opts->dataset, words, n_files, &opts->list);
    if (code != CLI_OK)
        return code;
    if (opts->list.n == 0 && !opts->dataset.shard.count)
        return cli_usage("no FILE, and no dataset by name");
    if (opts->list.n > 1 && !opts->out_dir)
        return cli_usage("%zu datasets need --out-dir", opts->list.n);
    return check_inputs(opts);
}

static bool parse_opts(struct opts *opts, int argc, char **argv, int *exit_code)
{
    if (!cli_parse(argc, argv, opts, exit_code))
        return false;
    opts->slice.range = opts->dataset.range;
    *exit_code = set_format(opts);
    if (*exit_code == CLI_OK)
        *exit_code = check_opts(opts);
    if (*exit_code == CLI_OK)
        *exit_code = set_operands(opts, argv + optind, (size_t)(argc - optind));
    opts->slice.ranges = opts->ranges;
    return *exit_code == CLI_OK;
}

/* ---- work ------------------------------------------------------------------------- */

/* The metrics of all of them are written at the end. */
static enum umm_status report(const struct opts *opts, const struct umm_slice_options *slice,
                              const struct umm_slice_result *result, struct umm_prometheus *page,
                              struct umm_error *err)
{
    char *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    if (opts->reports.is_verbose)
        cli_warn_path(slice->output, "%llu of %llu rows, %llu bytes%s; %.3f s",
                      (unsigned long long)result->n_rows, (unsigned long long)result->n_rows_in,
                      (unsigned long long)result->n_output_bytes,
                      result->is_changed ? "" : ", unchanged", result->seconds);
    if (opts->reports.report)
        status = umm_slice_report_json(slice, result, &text, &len, err);
    status = cli_write_json(&opts->reports, text, len, status, err);
    if (!status && opts->reports.metrics)
        umm_slice_report_metrics(slice, result, page);
    return status;
}

static enum umm_status describe(const struct umm_slice_options *slice, struct umm_error *err)
{
    char *text = NULL;
    size_t len = 0;
    enum umm_status status = umm_slice_describe(slice, &text, &len, err);
    if (!status)
        status = cli_write_file(slice->output, text, len, err);
    free(text);
    return status;
}

static enum umm_status run_one(const struct opts *opts, const struct umm_dataset *dataset,
                               struct umm_prometheus *page, struct umm_run *run,
                               struct umm_error *err)
{
    struct umm_slice_options slice = opts->slice;
    struct umm_slice_result result;
    char *path = NULL;
    slice.input = dataset->path;
    if (opts->is_described)
        return describe(&slice, err);
    if (opts->out_dir) {
        const char *ending = umm_slice_format_name(slice.format);
        const size_t len = strlen(opts->out_dir) + strlen(dataset->key) + strlen(ending) + 3;
        path = malloc(len);
        if (!path)
            return umm_error_set_memory(err, len, "a name");
        snprintf(path, len, "%s/%s.%s", opts->out_dir, dataset->key, ending);
        slice.output = path;
    }
    enum umm_status status = umm_slice(&slice, run, &result, err);
    if (!status)
        status = report(opts, &slice, &result, page, err);
    free(path);
    return status;
}

/* All of them: one that fails does not keep the others from being done. */
static int run_all(const struct opts *opts, struct umm_run *run)
{
    struct umm_prometheus page = {.file = opts->reports.metrics};
    struct umm_error err = {.status = UMM_OK};
    size_t n_failed = 0;
    int exit_code = opts->list.n_missing ? CLI_REJECTED : CLI_OK;
    for (size_t i = 0; i < opts->list.n; i++) {
        enum umm_status status = run_one(opts, &opts->list.items[i], &page, run, &err);
        if (!status)
            continue;
        if (opts->list.n == 1 || umm_run_is_cancelled(run))
            return cli_fail(&err);
        cli_warn_error(&err);
        n_failed++;
        exit_code = CLI_FAILED;
    }
    if (opts->reports.metrics && opts->out_dir)
        umm_prometheus_outputs(&page, tool.name, opts->out_dir, opts->list.n, n_failed);
    if (opts->reports.metrics && cli_write_metrics(&page, UMM_OK, &err) != UMM_OK)
        return cli_fail(&err);
    return cli_finish(exit_code);
}

int main(int argc, char **argv)
{
    struct opts opts = {.slice = {.output = "-"}};
    struct umm_run run = {0};
    int exit_code = CLI_FAILED;
    cli_init(&tool);
    char **args = calloc((size_t)argc + 2, sizeof *args);
    if (!args) {
        cli_warn("out of memory");
        return CLI_FAILED;
    }
    if (parse_opts(&opts, set_ranges_aside(argc, argv, args), args, &exit_code)) {
        opts.slice.pool_root = cli_pool_root();
        cli_catch_signals(&run);
        cli_progress_start(&run, opts.reports.progress);
        exit_code = run_all(&opts, &run);
    }
    umm_dataset_list_free(&opts.list);
    free(opts.ranges);
    free(args);
    return exit_code;
}
