/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive_check.h"
#include "archivejob/archive_append.h"
#include "archivejob/archive_report.h"
#include "base/error.h"
#include "cli.h"
#include "cli_text.h"
#include "slice/slice.h"
#include "text/range.h"

enum {
    KEY_LEVEL = CLI_KEY_LONG,
    KEY_THREADS,
    KEY_SYNC,
    KEY_FLUSH_ROWS,
    KEY_FLUSH_BYTES,
    KEY_FLUSH_AGE,
    KEY_KEEP_JOURNAL,
    KEY_ON_REVISION,
    KEY_IF_CHANGED,
    KEY_LOCK,
    KEY_BAD_ROWS,
    KEY_JSON,
    KEY_METRICS,
    KEY_PROGRESS,
    KEY_NO_PROGRESS
};

static const struct cli_key_option options[] = {
    {KEY_LEVEL, "level", "N", "append, compact: zstd's level, 1 to 19 (default 3)"},
    {KEY_THREADS, "threads", "N", "worker threads (default: the processors it may use)"},
    {KEY_LOCK, "lock", "HOW", "wait for another writer, or fail (default wait)"},
    {0, NULL, NULL, "append:"},
    {KEY_SYNC, "sync", "WHEN",
     "always: what one read of a pipe brings is on disk before\n"
     "the next; batch: at the end, or as below (default batch)"},
    {KEY_FLUSH_ROWS, "flush-rows", "N", "rows of a pipe go into a frame when N wait"},
    {KEY_FLUSH_BYTES, "flush-bytes", "SIZE", "or SIZE bytes of them"},
    {KEY_FLUSH_AGE, "flush-age", "SPAN", "or when the first has waited for SPAN (5s)"},
    {KEY_KEEP_JOURNAL, "keep-journal", NULL,
     "leave rows that fill no frame in the journal: quick for\nmany small appends"},
    {KEY_ON_REVISION, "on-revision", "HOW",
     "error or keep, for rows that differ from the archive's\n(default error)"},
    {KEY_IF_CHANGED, "if-changed", NULL, "leave an archive that gets no row alone, its time too"},
    {CLI_KEY_LAYOUT, "layout", "NAME", "text: as for umm-convert"},
    {CLI_KEY_COLUMNS, "columns", "LIST", "text: as for umm-convert"},
    {CLI_KEY_TIME_FORMAT, "time-format", "FORMAT", "text: as for umm-convert"},
    {CLI_KEY_TIME_UNIT_IN, "time-unit-in", "UNIT", "text: as for umm-convert"},
    {CLI_KEY_TZ, "tz", "ZONE", "text: as for umm-convert"},
    {CLI_KEY_WHERE, "where", "COLUMN=VALUE", "text: as for umm-convert"},
    {CLI_KEY_ONE_SERIES, "one-series", "[=LIST]", "text: as for umm-convert"},
    {CLI_KEY_WHOLE_LINES, "whole-lines", NULL, "text: as for umm-convert"},
    {KEY_BAD_ROWS, "bad-rows", "HOW", "text: fail or skip (default fail)"},
    {0, NULL, NULL, "Output:"},
    {'o', "output", "FILE", "extract: write the array to FILE (default -)"},
    {KEY_JSON, "json", NULL, "append, list, stat, verify: print JSON"},
    {KEY_METRICS, "metrics", "FILE", "append, stat, verify: write Prometheus metrics to FILE"},
    {KEY_PROGRESS, "progress", NULL, "show a progress bar even if not on a terminal"},
    {KEY_NO_PROGRESS, "no-progress", NULL, "never show one"},
    {'v', "verbose", NULL, "append, flush, repair: say what was done"},
    {0, NULL, NULL, NULL}};

struct opts {
    struct umm_archive_append_options append;
    const char *output, *metrics;
    bool is_json, is_verbose;
    enum cli_when progress;
    struct umm_run run;
};

/* ---- options -------------------------------------------------------------------- */

/* Whether the second of two choices was made. */
static int set_second(const char *name, const char *value, const char *const *choices,
                      const char *wanted, bool *is_second)
{
    int choice, code = cli_set_choice(name, value, choices, wanted, &choice);
    *is_second = choice == 1;
    return code;
}

static int set_flush(struct umm_archive_append_options *append, int key, const char *value)
{
    switch (key) {
    case KEY_FLUSH_ROWS:
        return cli_parse_count(value, 1, UINT32_MAX, &append->flush_rows)
                   ? CLI_OK
                   : cli_bad_value("flush-rows", "a number from 1", value);
    case KEY_FLUSH_BYTES:
        return cli_parse_size(value, 1, INT64_MAX, &append->flush_bytes)
                   ? CLI_OK
                   : cli_bad_value("flush-bytes", "a number of bytes, or one with K, M or G",
                                   value);
    case KEY_FLUSH_AGE:
        return cli_parse_duration(value, &append->flush_age_ns)
                   ? CLI_OK
                   : cli_bad_value("flush-age", "a time such as 500ms, 5s or 2m", value);
    default: return -1;
    }
}

/* CLI_OK, or the exit code after a message. */
static int set_option(void *user, int key, const char *value)
{
    static const char *const syncs[] = {"batch", "always", NULL};
    static const char *const revisions[] = {"error", "keep", NULL};
    static const char *const waits[] = {"wait", "fail", NULL};
    struct opts *opts = user;
    struct umm_archive_append_options *append = &opts->append;
    static const char *const bad_rows[] = {"fail", "skip", NULL};
    bool is_failing = false, is_skipped = false;
    uint64_t n = 0;
    int code = cli_text_set(&append->source.text.reading, key, value);
    if (code < 0)
        code = set_flush(append, key, value);
    if (code >= 0)
        return code;
    switch (key) {
    case KEY_LEVEL:
        if (!cli_parse_count(value, UMM_ZSTD_LEVEL_MIN, UMM_ZSTD_LEVEL_MAX, &n))
            return cli_bad_value("level", "a number from 1 to 19", value);
        append->writer.level = (int)n;
        return CLI_OK;
    case KEY_THREADS:
        if (!cli_parse_count(value, 1, 256, &n))
            return cli_bad_value("threads", "a number from 1 to 256", value);
        opts->run.n_threads = (unsigned)n;
        return CLI_OK;
    case KEY_SYNC:
        return set_second("sync", value, syncs, "batch or always", &append->is_sync_always);
    case KEY_ON_REVISION:
        return set_second("on-revision", value, revisions, "error or keep",
                          &append->is_revision_kept);
    case KEY_LOCK:
        code = set_second("lock", value, waits, "wait or fail", &is_failing);
        append->writer.lock_wait = is_failing ? UMM_LOCK_FAIL : UMM_LOCK_WAIT;
        return code;
    case KEY_BAD_ROWS:
        code = set_second("bad-rows", value, bad_rows, "fail or skip", &is_skipped);
        append->source.text.bad_rows = is_skipped ? UMM_BAD_ROWS_SKIP : UMM_BAD_ROWS_FAIL;
        return code;
    case KEY_IF_CHANGED: append->is_if_changed = true; return CLI_OK;
    case KEY_KEEP_JOURNAL: append->is_journal_kept = true; return CLI_OK;
    case KEY_JSON: opts->is_json = true; return CLI_OK;
    case KEY_METRICS: opts->metrics = value; return CLI_OK;
    case KEY_PROGRESS: opts->progress = CLI_ALWAYS; return CLI_OK;
    case KEY_NO_PROGRESS: opts->progress = CLI_NEVER; return CLI_OK;
    case 'o': opts->output = value; return CLI_OK;
    default: opts->is_verbose = true; return CLI_OK;
    }
}

/* ---- reports -------------------------------------------------------------------- */

/* Print the text, if any, and free it. */
static void print_text(char *text, size_t len)
{
    cli_progress_stop();
    if (text)
        fwrite(text, 1, len, stdout);
    free(text);
}

static enum umm_status report_append(const struct opts *opts, const char *path,
                                     const struct umm_archive_append_result *result,
                                     struct umm_error *err)
{
    struct umm_prometheus page = {.file = opts->metrics};
    char line[UMM_ARCHIVE_LINE_MAX], *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    cli_progress_stop();
    if (opts->is_verbose) {
        umm_archive_report_append_line(path, result, line);
        fprintf(stderr, "%s\n", line);
    }
    if (opts->is_json)
        status = umm_archive_report_append_json(path, result, &text, &len, err);
    print_text(text, len);
    if (status || !opts->metrics)
        return status;
    umm_archive_report_append_metrics(path, result, &page);
    return cli_write_metrics(&page, UMM_OK, err);
}

static enum umm_status report_stat(const struct opts *opts, const char *command, const char *path,
                                   const struct umm_archive_stat *stat, struct umm_error *err)
{
    struct umm_prometheus page = {.file = opts->metrics};
    char line[UMM_ARCHIVE_LINE_MAX], *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    cli_progress_stop();
    for (size_t i = 0; !opts->is_json && umm_archive_report_line(path, stat, i, line); i++)
        puts(line);
    if (opts->is_json)
        status = umm_archive_report_json(path, stat, &text, &len, err);
    print_text(text, len);
    if (status || !opts->metrics)
        return status;
    umm_archive_report_metrics(command, path, stat, &page);
    return cli_write_metrics(&page, UMM_OK, err);
}

static int end(enum umm_status status, const struct umm_error *err)
{
    return status ? cli_fail(err) : cli_finish(CLI_OK);
}

/* CLI_OK, or CLI_USAGE after a message: what is printed or reported would go into what is read. */
static int check_outputs(const struct opts *opts, const char *archive, const char *const *inputs,
                         size_t n_inputs)
{
    const struct cli_output outputs[] = {{"standard output", "-"}, {"--metrics", opts->metrics}};
    const size_t n_outputs = sizeof outputs / sizeof *outputs;
    char shown[4 * UMM_EXCERPT_MAX];
    int code = CLI_OK;
    for (size_t i = 0; i < n_outputs; i++) {
        const char *path = outputs[i].path;
        if (!path || !umm_archive_has_file(archive, path))
            continue;
        path = cli_output_name(path);
        return cli_usage("%s: is the archive, or a file of it",
                         umm_escape(shown, sizeof shown, path, strlen(path)));
    }
    for (size_t i = 0; i < n_inputs && code == CLI_OK; i++)
        code = cli_check_input(inputs[i], outputs, n_outputs);
    return code;
}

/* ---- commands ------------------------------------------------------------------- */

static int run_append(void *user, int n, char **operands)
{
    static const char *const standard_input[] = {"-"};
    struct opts *opts = user;
    struct umm_archive_append_result result;
    struct umm_error err = {0};
    opts->append.inputs = n > 1 ? (const char *const *)(operands + 1) : standard_input;
    opts->append.n_inputs = n > 1 ? (size_t)n - 1 : 1;
    int code = check_outputs(opts, operands[0], opts->append.inputs, opts->append.n_inputs);
    if (code != CLI_OK)
        return code;
    opts->append.source.text.scratch_dir = getenv("TMPDIR");
    cli_progress_start(&opts->run, opts->progress);
    enum umm_status status =
        umm_archive_append(operands[0], &opts->append, &opts->run, &result, &err);
    if (!status)
        status = report_append(opts, operands[0], &result, &err);
    if (status)
        return cli_fail(&err);
    return cli_finish(result.n_rejected ? CLI_REJECTED : CLI_OK);
}

struct listing {
    bool is_json;
};

static bool tell_frame(void *user, const struct umm_archive_frame *frame)
{
    const struct listing *listing = user;
    char line[UMM_ARCHIVE_LINE_MAX];
    umm_archive_report_frame(frame, listing->is_json, line);
    return puts(line) >= 0;
}

static int run_list(void *user, int n, char **operands)
{
    const struct opts *opts = user;
    struct listing listing = {opts->is_json};
    struct umm_error err = {0};
    (void)n;
    int code = check_outputs(opts, operands[0], NULL, 0);
    if (code != CLI_OK)
        return code;
    return end(umm_archive_list(operands[0], tell_frame, &listing, &err), &err);
}

static int run_stat(void *user, int n, char **operands)
{
    const struct opts *opts = user;
    struct umm_archive_stat stat;
    struct umm_error err = {0};
    (void)n;
    int code = check_outputs(opts, operands[0], NULL, 0);
    if (code != CLI_OK)
        return code;
    enum umm_status status = umm_archive_stat(operands[0], &stat, &err);
    if (!status)
        status = report_stat(opts, "stat", operands[0], &stat, &err);
    return end(status, &err);
}

static int run_verify(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_archive_stat stat;
    struct umm_error err = {0};
    (void)n;
    int code = check_outputs(opts, operands[0], NULL, 0);
    if (code != CLI_OK)
        return code;
    cli_progress_start(&opts->run, opts->progress);
    enum umm_status status = umm_archive_verify(operands[0], &opts->run, &stat, &err);
    if (!status)
        status = report_stat(opts, "verify", operands[0], &stat, &err);
    return end(status, &err);
}

static int run_extract(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_slice_options slice = {.input = operands[0],
                                      .output = opts->output ? opts->output : "-",
                                      .pool_root = cli_pool_root()};
    struct umm_slice_result result;
    struct umm_error err = {0};
    struct umm_range range;
    if (n > 1) {
        if (umm_range_parse(operands[1], strlen(operands[1]), &range, &err) != UMM_OK)
            return cli_fail(&err);
        slice.ranges = &range;
        slice.n_ranges = 1;
    }
    cli_progress_start(&opts->run, opts->progress);
    return end(umm_slice(&slice, &opts->run, &result, &err), &err);
}

/* Whether there are any. */
static bool report_losses(const char *path, const struct umm_archive_repair_result *result)
{
    struct umm_error err = {0};
    char count[32] = "";
    if (result->n_lost) {
        umm_error_set_path(&err, UMM_ERR_DATA, path,
                           "was cut: %" PRIu64 " rows that it counted are gone, %" PRIu64
                           " are left",
                           result->n_lost, result->n_rows);
        cli_warn_error(&err);
    }
    if (result->damaged_at) {
        if (result->n_dropped)
            snprintf(count, sizeof count, "%" PRIu64 " ", result->n_dropped);
        umm_error_set_path(&err, UMM_ERR_DATA, path,
                           "its journal was damaged at byte %" PRIu64
                           ": %srows from there on are gone, %" PRIu64 " are left",
                           result->damaged_at, count, result->n_rows);
        cli_warn_error(&err);
    }
    return result->n_lost || result->damaged_at;
}

static int mend(struct opts *opts, const char *path)
{
    struct umm_archive_repair_result result;
    struct umm_error err = {0};
    enum umm_status status =
        umm_archive_repair(path, &opts->append.writer, &opts->run, &result, &err);
    if (status)
        return cli_fail(&err);
    if (opts->is_verbose)
        fprintf(stderr, "%s\n", result.is_changed ? "mended" : "nothing to do");
    return report_losses(path, &result) ? cli_finish(CLI_REJECTED) : cli_finish(CLI_OK);
}

static int run_flush(void *user, int n, char **operands)
{
    (void)n;
    return mend(user, operands[0]);
}

static int run_repair(void *user, int n, char **operands)
{
    struct opts *opts = user;
    opts->append.writer.is_torn_taken = true;
    (void)n;
    return mend(opts, operands[0]);
}

static int run_compact(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    (void)n;
    cli_progress_start(&opts->run, opts->progress);
    return end(umm_archive_compact(operands[0], &opts->append.writer, &opts->run, &err), &err);
}

/* ---- the tool -------------------------------------------------------------------- */

static const struct cli_command commands[] = {
    {"append", "ARCHIVE [FILE...]",
     "level threads lock sync flush-rows flush-bytes flush-age keep-journal on-revision if-changed "
     "layout columns time-format time-unit-in tz where one-series whole-lines bad-rows json "
     "metrics progress no-progress verbose",
     "add rows: of .npy files, archives, text or standard input;\nthe archive is made if there is "
     "none",
     run_append},
    {"flush", "ARCHIVE", "level threads lock verbose", "put the journal's rows into a frame",
     run_flush},
    {"list", "ARCHIVE", "json", "print the frames", run_list},
    {"stat", "ARCHIVE", "json metrics", "print what it holds", run_stat},
    {"extract", "ARCHIVE [RANGE]", "output progress no-progress",
     "write rows as an .npy array: START:STOP[:STEP] as in Python", run_extract},
    {"verify", "ARCHIVE", "json metrics progress no-progress",
     "unpack everything and compare the checksums", run_verify},
    {"repair", "ARCHIVE", "level threads lock verbose",
     "finish what a killed append left, or keep what is whole of\na file that was cut, or of a "
     "damaged journal",
     run_repair},
    {"compact", "ARCHIVE", "level lock progress no-progress", "write it anew, at another level",
     run_compact},
    {NULL, NULL, NULL, NULL, NULL}};

static const struct cli_tool tool = {
    .name = "umm-archive",
    .synopsis = "COMMAND ARCHIVE [...] [options]",
    .about = "Keep rows compressed: ARCHIVE.npy.zst is an .npy for zstd -d, and grows safely.",
    .key_options = options,
    .notes = "Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but rows rejected,\n"
             "or (repair) found missing.",
    .commands = commands};

int main(int argc, char **argv)
{
    struct opts opts = {.append = {.source = {.text = {.order = UMM_ORDER_CHECK}}}};
    int exit_code = CLI_OK;
    opts.append.source.text.reading.schema.time_unit = UMM_TIME_MS;
    cli_init(&tool);
    if (!cli_parse_keys(argc, argv, set_option, &opts, &exit_code))
        return exit_code;
    cli_catch_signals(&opts.run);
    return cli_run_command(argc, argv, &opts);
}
