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

struct opts {
    struct umm_archive_append_options append;
    const char *output;
    struct cli_reports reports;
    struct umm_run run;
};
#define CLI_OPTS struct opts

static const struct cli_option options[] = {
    {0, "level", "N", "append, compact: zstd's level, 1 to 19 (default 3)",
     CLI_COUNT(append.writer.level, UMM_ZSTD_LEVEL_MIN, UMM_ZSTD_LEVEL_MAX)},
    {0, "threads", "N", "worker threads (default: the processors it may use)",
     CLI_COUNT(run.n_threads, 1, 256)},
    {0, "lock", "HOW", "wait for another writer, or fail (default wait)",
     CLI_CHOICE(append.writer.lock_wait, "wait|fail")},
    CLI_LOCK_TIMEOUT(run.lock_limit_ns),
    CLI_HEADING("append:"),
    {0, "sync", "WHEN",
     "always: what one read of a pipe brings is on disk before\n"
     "the next; batch: at the end, or as below (default batch)",
     CLI_CHOICE(append.is_sync_always, "batch|always")},
    {0, "flush-rows", "N", "rows of a pipe go into a frame when N wait",
     CLI_COUNT(append.flush_rows, 1, UINT32_MAX), .wanted = "a number from 1"},
    {0, "flush-bytes", "SIZE", "or SIZE bytes of them", CLI_SIZE(append.flush_bytes, 1, INT64_MAX),
     .wanted = "a number of bytes, or one with K, M or G"},
    {0, "flush-age", "SPAN", "or when the first has waited for SPAN (5s)",
     CLI_SPAN(append.flush_age_ns)},
    {0, "keep-journal", NULL,
     "leave rows that fill no frame in the journal: quick for\nmany small appends",
     CLI_FLAG(append.is_journal_kept)},
    {0, "on-revision", "HOW",
     "error or keep, for rows that differ from the archive's\n(default error)",
     CLI_CHOICE(append.revision, "error|keep")},
    {0, "if-changed", NULL, "leave an archive that gets no row alone, its time too",
     CLI_FLAG(append.is_if_changed)},
    {.help = "text: as for umm-convert",
     CLI_TEXTS(append.source.text.reading,
               "layout thousands numbers columns time-format time-unit-in tz where "
               "one-series whole-lines members max-unpacked max-ratio")},
    {0, "bad-rows", "HOW", "text: fail or skip (default fail)",
     CLI_CHOICE(append.source.text.bad_rows, "fail|skip")},
    CLI_HEADING("Output:"),
    {'o', "output", "FILE", "extract: write the array to FILE (default -)", CLI_TEXT(output)},
    {.help = "append, list, stat, verify: print JSON", CLI_REPORTS(reports, "json")},
    {.help = "append, stat, verify: write Prometheus metrics to FILE",
     CLI_REPORTS(reports, "metrics")},
    {CLI_REPORTS(reports, "progress no-progress")},
    {.help = "append, flush, repair: say what was done", CLI_REPORTS(reports, "verbose")},
    {0}};

/* ---- reports -------------------------------------------------------------------- */

static enum umm_status report_append(const struct opts *opts, const char *path,
                                     const struct umm_archive_append_result *result,
                                     struct umm_error *err)
{
    struct umm_prometheus page = {.file = opts->reports.metrics};
    char line[UMM_ARCHIVE_LINE_MAX], *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    cli_progress_stop();
    if (opts->reports.is_verbose) {
        umm_archive_report_append_line(path, result, line);
        fprintf(stderr, "%s\n", line);
    }
    if (opts->reports.is_json)
        status = umm_archive_report_append_json(path, result, &text, &len, err);
    status = cli_write_json(&opts->reports, text, len, status, err);
    if (status || !opts->reports.metrics)
        return status;
    umm_archive_report_append_metrics(path, result, &page);
    return cli_write_metrics(&page, UMM_OK, err);
}

static enum umm_status report_stat(const struct opts *opts, const char *command, const char *path,
                                   const struct umm_archive_stat *stat, struct umm_error *err)
{
    struct umm_prometheus page = {.file = opts->reports.metrics};
    char line[UMM_ARCHIVE_LINE_MAX], *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    cli_progress_stop();
    for (size_t i = 0; !opts->reports.is_json && umm_archive_report_line(path, stat, i, line); i++)
        puts(line);
    if (opts->reports.is_json)
        status = umm_archive_report_json(path, stat, &text, &len, err);
    status = cli_write_json(&opts->reports, text, len, status, err);
    if (status || !opts->reports.metrics)
        return status;
    umm_archive_report_metrics(command, path, stat, &page);
    return cli_write_metrics(&page, UMM_OK, err);
}

/* CLI_OK, or CLI_USAGE after a message: what is printed or reported would go into what is read. */
static int check_outputs(const struct opts *opts, const char *archive, const char *const *inputs,
                         size_t n_inputs)
{
    const struct cli_output outputs[] = {{"standard output", "-"},
                                         {"--metrics", opts->reports.metrics}};
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
    cli_progress_start(&opts->run, opts->reports.progress);
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
    struct listing listing = {opts->reports.is_json};
    struct umm_error err = {0};
    (void)n;
    int code = check_outputs(opts, operands[0], NULL, 0);
    if (code != CLI_OK)
        return code;
    return cli_end(umm_archive_list(operands[0], tell_frame, &listing, &err), &err);
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
    return cli_end(status, &err);
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
    cli_progress_start(&opts->run, opts->reports.progress);
    enum umm_status status = umm_archive_verify(operands[0], &opts->run, &stat, &err);
    if (!status)
        status = report_stat(opts, "verify", operands[0], &stat, &err);
    return cli_end(status, &err);
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
    cli_progress_start(&opts->run, opts->reports.progress);
    return cli_end(umm_slice(&slice, &opts->run, &result, &err), &err);
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
    if (opts->reports.is_verbose)
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
    cli_progress_start(&opts->run, opts->reports.progress);
    return cli_end(umm_archive_compact(operands[0], &opts->append.writer, &opts->run, &err), &err);
}

/* ---- the tool -------------------------------------------------------------------- */

static const struct cli_command commands[] = {
    {"append", "ARCHIVE [FILE...]",
     "level threads lock lock-timeout sync flush-rows flush-bytes flush-age keep-journal "
     "on-revision if-changed "
     "layout thousands numbers columns time-format time-unit-in tz where one-series whole-lines "
     "bad-rows json "
     "metrics progress no-progress verbose",
     "add rows: of .npy files, archives, text or standard input;\nthe archive is made if there is "
     "none",
     run_append},
    {"flush", "ARCHIVE", "level threads lock lock-timeout verbose",
     "put the journal's rows into a frame", run_flush},
    {"list", "ARCHIVE", "json", "print the frames", run_list},
    {"stat", "ARCHIVE", "json metrics", "print what it holds", run_stat},
    {"extract", "ARCHIVE [RANGE]", "output progress no-progress",
     "write rows as an .npy array: START:STOP[:STEP] as in Python", run_extract},
    {"verify", "ARCHIVE", "json metrics progress no-progress",
     "unpack everything and compare the checksums", run_verify},
    {"repair", "ARCHIVE", "level threads lock lock-timeout verbose",
     "finish what a killed append left, or keep what is whole of\na file that was cut, or of a "
     "damaged journal",
     run_repair},
    {"compact", "ARCHIVE", "level lock lock-timeout progress no-progress",
     "write it anew, at another level", run_compact},
    {NULL, NULL, NULL, NULL, NULL}};

static const struct cli_tool tool = {
    .name = "umm-archive",
    .synopsis = "COMMAND ARCHIVE [...] [options]",
    .about = "Keep rows compressed: ARCHIVE.npy.zst is an .npy for zstd -d, and grows safely.",
    .options = options,
    .notes = "Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but rows rejected,\n"
             "or (repair) found missing.",
    .commands = commands};

int main(int argc, char **argv)
{
    struct opts opts = {.append = {.source = {.text = {.order = UMM_ORDER_CHECK}}}};
    int exit_code = CLI_OK;
    opts.append.source.text.reading.schema.time_unit = UMM_TIME_MS;
    cli_init(&tool);
    if (!cli_parse(argc, argv, &opts, &exit_code))
        return exit_code;
    cli_catch_signals(&opts.run);
    return cli_run_command(argc, argv, &opts);
}
