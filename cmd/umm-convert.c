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
#include "convert/convert_many.h"
#include "convert/convert_report.h"
#include "sys/file.h"
#include "umm/mem.h"

enum {
    KEY_TIME_UNIT = CLI_KEY_LONG,
    KEY_BAD_ROWS,
    KEY_MAX_BAD,
    KEY_ORDER,
    KEY_DEDUP,
    KEY_CHECK_OHLC,
    KEY_DTYPE,
    KEY_STRUCT,
    KEY_PLAIN,
    KEY_FORTRAN,
    KEY_ALIGN,
    KEY_ROWS,
    KEY_APPEND,
    KEY_ON_REVISION,
    KEY_TAIL,
    KEY_SYNC,
    KEY_IF_CHANGED,
    KEY_LOCK,
    KEY_DRY_RUN,
    KEY_JSON,
    KEY_REPORT,
    KEY_METRICS,
    KEY_THREADS,
    KEY_OUT_DIR,
    KEY_OUT_ROOT,
    KEY_FILES0_FROM,
    KEY_SHARD,
    KEY_PROGRESS,
    KEY_NO_PROGRESS
};

static const struct cli_key_option options[] = {
    {'o', "output", "FILE",
     "write the array to FILE; - is standard output,\n"
     "where the rows are spooled first unless --rows is given;\n"
     "pool:NAME/KEY is an entry of a pool: umm-pool(1)"},
    {KEY_OUT_DIR, "out-dir", "DIR", "write DIR/NAME.npy for each .../NAME.csv instead"},
    {KEY_OUT_ROOT, "out-root", "DIR",
     "write DIR/SYMBOL/TIMEFRAME.npy: the one that the next two\n"
     "name, or one for each SYMBOL-TIMEFRAME[-...].csv"},
    {CLI_KEY_SYMBOLS, "symbols", "SYMBOL", "with --out-root: all FILEs are of this symbol"},
    {CLI_KEY_TIMEFRAMES, "timeframes", "SPAN", "and have this timeframe, such as 1m, 4h or 1mo"},
    {KEY_FILES0_FROM, "files0-from", "FILE", "take the FILEs from FILE, where NULs end them"},
    {KEY_SHARD, "shard", "I/N",
     "only every N-th FILE, from number I on, where each FILE\nhas an output of its own"},
    {0, NULL, NULL, "What the text is:"},
    {CLI_KEY_LAYOUT, "layout", "NAME",
     "auto, binance, yahoo, cryptodatadownload, stooq,\nmetatrader, histdata, dukascopy or "
     "backtrader\n(default auto: by the header, if it is one of theirs)"},
    {CLI_KEY_HEADER, "header", "WHEN", "yes, no or auto (default auto)"},
    {CLI_KEY_NAMES, "names", "LIST", "names of the fields, in place of a header's"},
    {CLI_KEY_DELIMITER, "delimiter", "CHAR",
     "one character, or tab (default: , ; tab or | as found)"},
    {CLI_KEY_DECIMAL, "decimal", "CHAR", ". or , (default .)"},
    {CLI_KEY_NA, "na", "LIST",
     "texts of missing values\n(default empty, null, NaN, NA, N/A and -)"},
    {CLI_KEY_COMMENT, "comment", "CHAR", "pass over lines that begin with CHAR"},
    {CLI_KEY_SKIP_LINES, "skip-lines", "N", "pass over the first N lines of each file"},
    {CLI_KEY_WHOLE_LINES, "whole-lines", NULL, "leave a last line without its end to the next run"},
    {0, NULL, NULL, "Whose rows:"},
    {CLI_KEY_WHERE, "where", "COLUMN=VALUE",
     "only rows that have it, such as symbol=SPY; may be given\nmore than once"},
    {CLI_KEY_ONE_SERIES, "one-series", "[=LIST]",
     "all rows are one series, whatever columns such as symbol\nsay, or those of LIST"},
    {0, NULL, NULL, "Columns:"},
    {CLI_KEY_COLUMNS, "columns", "LIST",
     "[NEWNAME=]FIELD[:TYPE],... where FIELD is a name,\na number from 1 or DATE+TIME; or all\n"
     "(default timestamp,open,high,low,close,volume)"},
    {KEY_DTYPE, "dtype", "TYPE", "f8, f4, i8 or i4 (default f8)"},
    {KEY_STRUCT, "struct", NULL, "named fields, times as M8"},
    {KEY_PLAIN, "plain", NULL, "no names, whatever the columns"},
    {KEY_FORTRAN, "fortran", NULL, "column after column (Fortran order)"},
    {KEY_ALIGN, "align", "N", "data begin at a multiple of N, 16 to 4096 (default 64)"},
    {0, NULL, NULL, "Time:"},
    {CLI_KEY_TIME_FORMAT, "time-format", "FORMAT",
     "as in strptime(3): %Y-%m-%d %H:%M:%S.%f and so on"},
    {CLI_KEY_TIME_UNIT_IN, "time-unit-in", "UNIT",
     "unit of epochs in the text: s, ms, us, ns or ticks\n(default: of each by its magnitude, "
     "from 1980 to 2100)"},
    {KEY_TIME_UNIT, "time-unit", "UNIT", "unit in the array: s, ms, us or ns (default ms)"},
    {CLI_KEY_TZ, "tz", "ZONE", "zone of times without one: +HH:MM or an IANA name\n(default UTC)"},
    {CLI_KEY_TZ_FOLD, "tz-fold", "WHICH",
     "earlier or later, for local times that occur twice or\nnever (default error)"},
    {0, NULL, NULL, "Rows:"},
    {KEY_BAD_ROWS, "bad-rows", "HOW", "fail, skip or quarantine:FILE (default fail)"},
    {KEY_MAX_BAD, "max-bad", "N", "fail when more than N rows are rejected"},
    {KEY_ORDER, "order", "HOW",
     "check: oldest first; asc: reverse newest-first rows;\nkeep: any order (default check)"},
    {KEY_DEDUP, "dedup", "WHICH",
     "first, last or error, for rows of the same time\n"
     "(default: all stay)"},
    {KEY_CHECK_OHLC, "check-ohlc", NULL,
     "reject rows unless low <= open, close <= high and\nvolume >= 0"},
    {KEY_ROWS, "rows", "N", "the number of rows, which must be right"},
    {0, NULL, NULL, "Growing an array:"},
    {KEY_APPEND, "append", NULL, "add the rows that are newer than the array's last"},
    {KEY_ON_REVISION, "on-revision", "HOW",
     "error, keep or replace-last, for rows that differ\nfrom the array's (default error)"},
    {KEY_TAIL, "tail", NULL, "find the first newer row by search, compare only the\narray's last"},
    {0, NULL, NULL, "Writing:"},
    {KEY_SYNC, "sync", NULL, "make a fresh array survive a power cut"},
    {KEY_IF_CHANGED, "if-changed", NULL, "leave an array with the same bytes alone"},
    {KEY_LOCK, "lock", "[=HOW]", "one run at a time for this output: wait or fail\n(default wait)"},
    {KEY_THREADS, "threads", "N", "worker threads (default: the processors it may use)"},
    {KEY_DRY_RUN, "dry-run", NULL, "read everything, write nothing, print the decisions"},
    {0, NULL, NULL, "Reports:"},
    {'v', "verbose", NULL, "print decisions and figures on standard error"},
    {KEY_JSON, "json", NULL, "print them as JSON on standard output"},
    {KEY_REPORT, "report", "FILE", "write them as JSON to FILE"},
    {KEY_METRICS, "metrics", "FILE", "write Prometheus metrics to FILE"},
    {KEY_PROGRESS, "progress", NULL, "show a progress bar even if not on a terminal"},
    {KEY_NO_PROGRESS, "no-progress", NULL, "never show one"},
    {0, NULL, NULL, NULL}};

static const struct cli_tool tool = {
    .name = "umm-convert",
    .synopsis = "[options] {-o OUT.npy | --out-dir DIR | --out-root DIR} [FILE...]",
    .about = "Convert delimited market data to an .npy array. No FILE, or -, is standard input;\n"
             ".zst input is decompressed; several FILEs follow each other as one.",
    .key_options = options,
    .notes = "Exit status: 0 done, 1 failed (the array as before), 2 wrong usage, 3 done but rows "
             "rejected."};

struct opts {
    struct umm_convert_options convert;
    const char *report, *metrics;
    bool is_verbose, is_json, is_dry;
    enum cli_when progress;
    uint64_t n_threads;
    const char *out_dir, *out_root, *files0_from;
    struct cli_dataset dataset;
    struct umm_dataset_list named;     /* the one that --out-root, --symbols, --timeframes name */
    const char **names;                /* of --files0-from */
    uint64_t shard_index, shard_count; /* count 0: all */
};

/* ---- options -------------------------------------------------------------------- */

static int set_bad_rows(struct umm_convert_options *convert, const char *value)
{
    static const char prefix[] = "quarantine:";
    if (strcmp(value, "fail") == 0) {
        convert->bad_rows = UMM_BAD_ROWS_FAIL;
    } else if (strcmp(value, "skip") == 0) {
        convert->bad_rows = UMM_BAD_ROWS_SKIP;
    } else if (strncmp(value, prefix, sizeof prefix - 1) == 0 && value[sizeof prefix - 1]) {
        convert->bad_rows = UMM_BAD_ROWS_QUARANTINE;
        convert->quarantine = value + sizeof prefix - 1;
    } else {
        return cli_bad_value("bad-rows", "fail, skip or quarantine:FILE", value);
    }
    return CLI_OK;
}

static int set_align(struct umm_convert_options *convert, const char *value)
{
    uint64_t n;
    if (!cli_parse_count(value, 16, 4096, &n) || (n & (n - 1)))
        return cli_bad_value("align", "a power of two from 16 to 4096", value);
    convert->align_bytes = (uint32_t)n;
    return CLI_OK;
}

/* What the text is, and what becomes of it. */
static int set_reading(struct umm_reading_options *reading, int key, const char *value)
{
    int code = cli_text_set(reading, key, value);
    if (code >= 0)
        return code;
    switch (key) {
    case KEY_TIME_UNIT:
        return umm_time_unit_parse(value, &reading->schema.time_unit)
                   ? CLI_OK
                   : cli_bad_value("time-unit", "s, ms, us or ns", value);
    case KEY_DTYPE: reading->schema.dtype = value; return CLI_OK;
    case KEY_STRUCT: reading->schema.is_struct = true; return CLI_OK;
    case KEY_PLAIN: reading->schema.is_plain = true; return CLI_OK;
    case KEY_FORTRAN: reading->schema.is_fortran = true; return CLI_OK;
    default: return -1;
    }
}

/* What becomes of the rows. */
static int set_rows(struct umm_convert_options *convert, int key, const char *value)
{
    static const char *const orders[] = {"check", "keep", "asc", NULL};
    static const char *const dedups[] = {"none", "first", "last", "error", NULL};
    static const char *const revisions[] = {"error", "keep", "replace-last", NULL};
    int choice = 0, code = CLI_OK;
    switch (key) {
    case KEY_BAD_ROWS: return set_bad_rows(convert, value);
    case KEY_MAX_BAD:
        convert->has_max_bad = true;
        return cli_parse_count(value, 0, UINT64_MAX, &convert->max_bad)
                   ? CLI_OK
                   : cli_bad_value("max-bad", "a number from 0", value);
    case KEY_ORDER:
        code = cli_set_choice("order", value, orders, "check, asc or keep", &choice);
        convert->order = (enum umm_order)choice;
        convert->reading.is_order_given = true;
        return code;
    case KEY_DEDUP:
        code = cli_set_choice("dedup", value, dedups, "first, last or error", &choice);
        convert->dedup = (enum umm_dedup)choice;
        return code;
    case KEY_CHECK_OHLC: convert->is_ohlc_checked = true; return CLI_OK;
    case KEY_ALIGN: return set_align(convert, value);
    case KEY_ROWS:
        convert->has_rows = true;
        return cli_parse_count(value, 1, UINT64_C(1) << 48, &convert->n_rows)
                   ? CLI_OK
                   : cli_bad_value("rows", "a number from 1", value);
    case KEY_APPEND: convert->is_append = true; return CLI_OK;
    case KEY_ON_REVISION:
        code =
            cli_set_choice("on-revision", value, revisions, "error, keep or replace-last", &choice);
        convert->revision = (enum umm_revision)choice;
        return code;
    case KEY_TAIL: convert->is_tail = true; return CLI_OK;
    case KEY_SYNC: convert->is_synced = true; return CLI_OK;
    case KEY_IF_CHANGED: convert->is_if_changed = true; return CLI_OK;
    default: return -1;
    }
}

static int set_lock(struct umm_convert_options *convert, const char *value)
{
    static const char *const waits[] = {"wait", "fail", NULL};
    int choice = 0;
    convert->is_locked = true;
    int code = value ? cli_set_choice("lock", value, waits, "wait or fail", &choice) : CLI_OK;
    convert->lock_wait = choice == 1 ? UMM_LOCK_FAIL : UMM_LOCK_WAIT;
    return code;
}

/* CLI_OK, or the exit code after a message. */
static int set_option(void *user, int key, const char *value)
{
    struct opts *opts = user;
    int code = set_reading(&opts->convert.reading, key, value);
    if (code < 0)
        code = set_rows(&opts->convert, key, value);
    if (code >= 0)
        return code;
    switch (key) {
    case 'o': opts->convert.output = value; break;
    case 'v': opts->is_verbose = true; break;
    case KEY_OUT_DIR: opts->out_dir = value; break;
    case KEY_OUT_ROOT: opts->out_root = value; break;
    case CLI_KEY_SYMBOLS:
    case CLI_KEY_TIMEFRAMES: return cli_dataset_set(&opts->dataset, key, value);
    case KEY_FILES0_FROM: opts->files0_from = value; break;
    case KEY_SHARD:
        return cli_parse_shard(value, &opts->shard_index, &opts->shard_count)
                   ? CLI_OK
                   : cli_bad_value("shard", "I/N with I from 0 to N - 1", value);
    case KEY_LOCK: return set_lock(&opts->convert, value);
    case KEY_DRY_RUN: opts->is_dry = true; break;
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

static int check_outputs(const struct opts *opts)
{
    const struct cli_output outputs[] = {{"--output", opts->convert.output},
                                         {"--bad-rows quarantine", opts->convert.quarantine},
                                         {"--report", opts->report},
                                         {"--metrics", opts->metrics},
                                         {"--json", opts->is_json ? "-" : NULL}};
    return cli_check_outputs(outputs, sizeof outputs / sizeof *outputs);
}

/* umm_convert looks after its own outputs. */
static int check_reports(const struct opts *opts)
{
    const struct cli_output reports[] = {{"--report", opts->report}, {"--metrics", opts->metrics}};
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
        [UMM_CONVERT_CLASH_TAIL_ASC] = "--tail needs oldest-first rows: not with --order asc",
    };
    const enum umm_convert_clash clash = umm_convert_find_clash(convert);
    return clash ? cli_usage("%s", words[clash]) : CLI_OK;
}

/* Whether each input has an output of its own. */
static bool is_many(const struct opts *opts)
{
    return opts->out_dir || (opts->out_root && !opts->named.n);
}

/* As many outputs as inputs: what is one file does not go with it. */
static int check_many(const struct opts *opts)
{
    const char *name = opts->out_dir ? "--out-dir" : "--out-root";
    if (opts->convert.output || opts->is_dry)
        return cli_usage("%s takes the place of -o and --dry-run", name);
    if (opts->report || opts->convert.quarantine)
        return cli_usage("--report and a quarantine are for one output: not with %s", name);
    return check_reports(opts);
}

/* --out-root: the output by the name of a dataset, if there is one. */
static int name_dataset(struct opts *opts)
{
    const struct umm_dataset_options wanted = {.root = opts->out_root,
                                               .symbols = opts->dataset.symbols,
                                               .timeframes = opts->dataset.timeframes};
    struct umm_error err = {.status = UMM_OK};
    if (!wanted.symbols != !wanted.timeframes || (wanted.symbols && !wanted.root))
        return cli_usage("--out-root, --symbols and --timeframes go together");
    if (!wanted.root)
        return CLI_OK;
    if (opts->convert.output || opts->out_dir)
        return cli_usage("--out-root takes the place of -o and --out-dir");
    if (!wanted.symbols)
        return CLI_OK;
    if (umm_dataset_name(&wanted, &opts->named, &err) != UMM_OK)
        return cli_fail(&err);
    if (opts->named.n != 1)
        return cli_usage("--out-root takes one symbol and one timeframe");
    opts->convert.output = opts->named.items[0].path;
    return CLI_OK;
}

static int check_opts(struct opts *opts)
{
    struct umm_convert_options *convert = &opts->convert;
    int code = name_dataset(opts);
    if (code != CLI_OK)
        return code;
    if (is_many(opts))
        return check_many(opts);
    if (opts->shard_count)
        return cli_usage("--shard needs --out-dir");
    if (!convert->output && !opts->is_dry)
        return cli_usage("no output: give -o FILE, --out-dir DIR or --dry-run");
    if (opts->is_dry)
        convert->output = NULL;
    bool is_stdout = convert->output && strcmp(convert->output, "-") == 0;
    if (opts->is_json && is_stdout)
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
    if (!cli_parse_keys(argc, argv, set_option, opts, exit_code))
        return false;
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
    if (opts->is_verbose)
        print_lines(opts, result, stderr);
    if (opts->is_dry && !opts->is_json)
        print_lines(opts, result, stdout);
    if (opts->is_json || opts->report)
        status = umm_convert_report_json(&opts->convert, result, &text, &len, err);
    if (!status && opts->is_json)
        fwrite(text, 1, len, stdout);
    if (!status && opts->report)
        status = cli_write_file(opts->report, text, len, err);
    free(text);
    return status;
}

static int run(const struct opts *opts, struct umm_run *context)
{
    struct umm_convert_result result;
    struct umm_prometheus page = {.file = opts->metrics};
    struct umm_error err = {0};
    enum umm_status status = UMM_OK;
    if (opts->named.n && opts->convert.output)
        status = umm_dataset_make_directory(
            opts->convert.output, opts->convert.is_synced || opts->convert.is_append, &err);
    if (!status)
        status = umm_convert(&opts->convert, context, &result, &err);
    if (status)
        return cli_fail(&err);
    int exit_code = result.n_rejected ? CLI_REJECTED : CLI_OK;
    status = report(opts, &result, &err);
    if (opts->metrics) {
        umm_convert_report_metrics(&opts->convert, &result, &page);
        status = cli_write_metrics(&page, status, &err);
    }
    umm_convert_result_free(&result);
    return cli_finish(status ? cli_fail(&err) : exit_code);
}

/* ---- many outputs ----------------------------------------------------------------- */

struct many {
    const struct opts *opts;
    struct umm_prometheus page;
    uint64_t n_failed;
    int exit_code;
};

static void on_done(void *user, const struct umm_convert_options *convert, enum umm_status status,
                    const struct umm_convert_result *result, const struct umm_error *err)
{
    struct many *many = user;
    struct opts opts = *many->opts;
    struct umm_error report_err = {0};
    opts.convert = *convert;
    if (status) {
        cli_warn_error(err);
        many->n_failed++;
        many->exit_code = CLI_FAILED;
        return;
    }
    if (result->n_rejected && many->exit_code == CLI_OK)
        many->exit_code = CLI_REJECTED;
    if (report(&opts, result, &report_err) != UMM_OK) {
        cli_warn_error(&report_err);
        many->n_failed++;
        many->exit_code = CLI_FAILED;
    } else if (opts.metrics) {
        umm_convert_report_metrics(convert, result, &many->page);
    }
}

/* More than one conversion's buffers. */
enum { KEPT_BYTES = 16 << 20 };

static int run_many(const struct opts *opts, struct umm_run *context)
{
    struct many many = {.opts = opts, .page = {.file = opts->metrics}};
    struct umm_error err = {0};
    uint64_t step = opts->shard_count ? opts->shard_count : 1;
    size_t n = 0;
    const char **mine = calloc(opts->convert.n_inputs, sizeof *mine);
    if (!mine) {
        umm_error_set_memory(&err, opts->convert.n_inputs * sizeof *mine, "the list of files");
        return cli_fail(&err);
    }
    for (size_t i = opts->shard_index; i < opts->convert.n_inputs; i += step)
        mine[n++] = opts->convert.inputs[i];
    const struct umm_convert_many job = {.each = &opts->convert,
                                         .inputs = mine,
                                         .n_inputs = n,
                                         .directory =
                                             opts->out_dir ? opts->out_dir : opts->out_root,
                                         .is_root = !opts->out_dir,
                                         .done = on_done,
                                         .user = &many};
    (void)!umm_malloc_tune(
        &(struct umm_malloc_tuning){.trim_bytes = KEPT_BYTES, .map_bytes = KEPT_BYTES});
    enum umm_status status = umm_convert_many(&job, context, &err);
    free(mine);
    if (opts->metrics) {
        umm_prometheus_outputs(&many.page, tool.name, job.directory, n, many.n_failed);
        status = cli_write_metrics(&many.page, status, &err);
    }
    return status ? cli_fail(&err) : cli_finish(many.exit_code);
}

int main(int argc, char **argv)
{
    struct opts opts = {.convert = {.reading = {.schema = {.time_unit = UMM_TIME_MS}}}};
    struct umm_run context = {0};
    int exit_code = CLI_OK;
    cli_init(&tool);
    if (parse_opts(&opts, argc, argv, &exit_code)) {
        opts.convert.scratch_dir = getenv("TMPDIR");
        opts.convert.pool_root = cli_pool_root();
        context.n_threads = (unsigned)opts.n_threads;
        cli_test_hooks(&context);
        cli_catch_signals(&context);
        cli_progress_start(&context, opts.progress);
        exit_code = is_many(&opts) ? run_many(&opts, &context) : run(&opts, &context);
    }
    free(opts.names);
    umm_dataset_list_free(&opts.named);
    return exit_code;
}
