/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli.h"
#include "cli_dataset.h"
#include "preload/preload.h"
#include "preload/preload_report.h"

struct opts {
    struct umm_preload_options preload;
    struct umm_preload_input *inputs;
    struct cli_dataset dataset;
    struct umm_dataset_list list;
    struct umm_range rows;
    bool has_rows, is_status, is_evict, is_locked, is_verified;
    struct cli_reports reports;
    const char *files0_from;
    const char **names;
    uint64_t n_threads;
};
#define CLI_OPTS struct opts

/* ---- options ------------------------------------------------------------------------ */

static int take_budget(void *user, const char *value)
{
    struct umm_preload_options *preload = user;
    char digits[8];
    size_t len = strlen(value);
    uint64_t percent;
    preload->budget_bytes = 0;
    if (len > 1 && len <= sizeof digits && value[len - 1] == '%') {
        memcpy(digits, value, len - 1);
        digits[len - 1] = '\0';
        if (cli_parse_count(digits, 1, 100, &percent)) {
            preload->budget_percent = (unsigned)percent;
            return CLI_OK;
        }
    }
    return cli_parse_size(value, 1, INT64_MAX, &preload->budget_bytes) ? CLI_OK : CLI_BAD_VALUE;
}

static int take_range(void *user, const char *value)
{
    struct umm_range *rows = user;
    return umm_range_parse(value, strlen(value), rows, NULL) || rows->step != 1 ? CLI_BAD_VALUE
                                                                                : CLI_OK;
}

static const struct cli_option options[] = {
    {0, "files0-from", "LIST", "the files named in LIST, each ended by a NUL byte",
     CLI_TEXT(files0_from)},
    CLI_HEADING("Datasets by name, in place of FILEs:"),
    {CLI_DATASETS(dataset, NULL)},
    {0, "range", "START:STOP", "only these rows, as in Python: -1000: is the last\nthousand",
     CLI_CALL(rows, take_range, "rows as START:STOP"), CLI_GIVEN(has_rows)},
    CLI_HEADING("Instead of loading:"),
    {0, "status", NULL, "only tell what is in memory, and the plan", CLI_FLAG(is_status)},
    {0, "evict", NULL, "let the files go from memory", CLI_FLAG(is_evict)},
    CLI_HEADING("How:"),
    {0, "budget", "SIZE",
     "load no more than SIZE bytes in all (K, M, G, T), or N%\nof the available memory (default "
     "50%); what does not fit\nis left to mmap",
     CLI_CALL(preload, take_budget, "a size such as 16G, or 1% to 100%")},
    {0, "lock", NULL, "lock it in memory, and stay until a signal comes", CLI_FLAG(is_locked)},
    {0, "verify", NULL,
     "fail unless all that was to be in memory is, or with\n--evict, "
     "unless none is",
     CLI_FLAG(is_verified)},
    {0, "threads", "N", "use N threads (default: as many as processors,\nat least 4)",
     CLI_COUNT(n_threads, 1, 256)},
    CLI_HEADING("Reports:"),
    {.help = "report as JSON", CLI_REPORTS(reports, "json")},
    {CLI_REPORTS(reports, "metrics progress no-progress")},
    {0}};

static const struct cli_tool tool = {
    .name = "umm-preload",
    .synopsis = "[options] [FILE|DIR...]",
    .about = "Bring files into memory (the page cache) before they are mapped. A directory\n"
             "stands for the .npy files in and below it.",
    .options = options};

/* ---- what goes together --------------------------------------------------------------- */

/* Metrics must not replace what is to be loaded, nor run into the report. */
static int check_metrics(const struct opts *opts, size_t n)
{
    const struct cli_output outputs[] = {{"the report", "-"}, {"--metrics", opts->reports.metrics}};
    int code = cli_check_outputs(outputs, 2);
    for (size_t i = 0; code == CLI_OK && i < n; i++)
        code = cli_check_input(opts->list.items[i].path, &outputs[1], 1);
    return code;
}

/* The names in the list that --files0-from names take the place of operands. */
static int read_names(struct opts *opts, char *const **files, size_t *n)
{
    int code = CLI_OK;
    if (*n || cli_dataset_is_named(&opts->dataset))
        return cli_usage("--files0-from takes the place of files and datasets");
    opts->names = cli_read_names0(opts->files0_from, n, &code);
    if (!opts->names)
        return code;
    if (*n == 0) {
        cli_warn("no file names in the list of --files0-from");
        return CLI_FAILED;
    }
    *files = (char *const *)(uintptr_t)opts->names;
    return CLI_OK;
}

/* The files: operands, datasets by name, or the list that --files0-from names. */
static int set_inputs(struct opts *opts, int argc, char **argv)
{
    const struct umm_timerange *times = &opts->dataset.range;
    char *const *files = argv + optind;
    size_t n = (size_t)(argc - optind);
    for (int i = optind; i < argc; i++)
        if (strcmp(argv[i], "-") == 0)
            return cli_usage("standard input cannot be loaded: name its file");
    if (opts->has_rows && (times->has_from || times->has_to))
        return cli_usage("--range takes the place of --from and --to");
    int code = opts->files0_from ? read_names(opts, &files, &n) : CLI_OK;
    if (code == CLI_OK)
        code = cli_dataset_list(&opts->dataset, files, n, &opts->list);
    if (code != CLI_OK)
        return code;
    n = opts->list.n;
    if (n == 0 && !opts->dataset.shard.count)
        return cli_usage("no files: name some, or a directory, or datasets");
    code = check_metrics(opts, n);
    if (code != CLI_OK)
        return code;
    opts->inputs = calloc(n + 1, sizeof *opts->inputs);
    if (!opts->inputs) {
        cli_warn("out of memory");
        return CLI_FAILED;
    }
    for (size_t i = 0; i < n; i++)
        opts->inputs[i] = (struct umm_preload_input){.path = opts->list.items[i].path,
                                                     .rows = opts->has_rows ? &opts->rows : NULL,
                                                     .times = *times};
    opts->preload.inputs = opts->inputs;
    opts->preload.n_inputs = n;
    return CLI_OK;
}

static bool parse_opts(struct opts *opts, int argc, char **argv, int *exit_code)
{
    if (!cli_parse(argc, argv, opts, exit_code))
        return false;
    opts->preload.action = opts->is_status  ? UMM_PRELOAD_STATUS
                           : opts->is_evict ? UMM_PRELOAD_EVICT
                                            : UMM_PRELOAD_LOAD;
    if (opts->is_status && opts->is_evict)
        *exit_code = cli_usage("--status and --evict do not go together");
    else if (opts->is_locked && opts->preload.action != UMM_PRELOAD_LOAD)
        *exit_code = cli_usage("--lock goes with loading: leave --status and --evict out");
    else
        *exit_code = set_inputs(opts, argc, argv);
    return *exit_code == CLI_OK;
}

/* ---- reports ------------------------------------------------------------------------- */

static void warn(void *user, const struct umm_error *err)
{
    (void)user;
    cli_warn_error(err);
}

static enum umm_status report_json(struct umm_preload_report *report, struct umm_error *err)
{
    enum umm_status status;
    char *text;
    size_t len;
    while (!(status = umm_preload_report_json(report, &text, &len, err)) && text) {
        fwrite(text, 1, len, stdout);
        free(text);
    }
    return status;
}

static enum umm_status report(const struct opts *opts, const struct umm_preload_result *result,
                              struct umm_error *err)
{
    struct umm_preload_report report;
    char line[UMM_PRELOAD_LINE_MAX];
    cli_progress_stop();
    umm_preload_report_begin(&report, opts->preload.action, result);
    if (opts->reports.is_json)
        return report_json(&report, err);
    while (umm_preload_report_line(&report, line))
        puts(line);
    return UMM_OK;
}

/* A line for each file that is not as it should be; whether there was none. */
static bool verify(const struct opts *opts, const struct umm_preload_result *result)
{
    bool is_evict = opts->preload.action == UMM_PRELOAD_EVICT, is_good = true;
    for (size_t i = 0; i < result->n_files; i++) {
        const struct umm_preload_file *file = &result->files[i];
        uint64_t n = file->after.resident_bytes, of = umm_preload_data_bytes(file);
        if (file->is_failed || file->is_repeated ||
            umm_preload_is_verified(opts->preload.action, file))
            continue;
        is_good = false;
        if (!file->after.is_known)
            cli_warn_path(file->path, "not verified: only its owner, or a user who may write it, "
                                      "is told what is in memory");
        else
            cli_warn_path(file->path, "%" PRIu64 " of %" PRIu64 " bytes are %s memory",
                          is_evict ? n : of - n, of, is_evict ? "still in" : "not in");
    }
    return is_good;
}

/* ---- the job -------------------------------------------------------------------------- */

/* Until a signal cancels the run. */
static int hold(const struct umm_run *context)
{
    enum { LOOK_MS = 1000 }; /* a signal just before poll would not end it */
    struct umm_error err = {.status = UMM_ERR_CANCELLED};
    if (cli_finish(CLI_OK) != CLI_OK)
        return CLI_FAILED;
    while (!umm_run_is_cancelled(context))
        (void)poll(NULL, 0, LOOK_MS);
    return cli_fail(&err);
}

static int run(const struct opts *opts, struct umm_run *context)
{
    struct umm_preload_result result;
    struct umm_prometheus page = {.file = opts->reports.metrics};
    struct umm_error err = {.status = UMM_OK};
    enum umm_status status = umm_preload(&opts->preload, context, &result, &err);
    if (status)
        return cli_fail(&err);
    if (opts->is_locked)
        status = umm_preload_lock(&result, &err);
    if (!status)
        status = report(opts, &result, &err);
    int exit_code = status ? cli_fail(&err) : result.n_failed ? CLI_FAILED : CLI_OK;
    bool is_held = exit_code == CLI_OK && opts->is_locked;
    if (!status && opts->is_verified && !verify(opts, &result))
        exit_code = CLI_FAILED;
    if (!status && opts->reports.metrics) {
        umm_preload_report_metrics(&result, exit_code == CLI_OK, &page);
        status = cli_write_metrics(&page, status, &err);
        exit_code = status ? cli_fail(&err) : exit_code;
    }
    if (exit_code == CLI_OK && opts->list.n_missing)
        exit_code = CLI_REJECTED;
    if (is_held && exit_code != CLI_FAILED)
        exit_code = hold(context);
    umm_preload_result_free(&result);
    return cli_finish(exit_code);
}

int main(int argc, char **argv)
{
    struct opts opts = {.preload = {.budget_percent = 50, .warn = warn}};
    struct umm_run context = {0};
    int exit_code = CLI_OK;
    cli_init(&tool);
    if (parse_opts(&opts, argc, argv, &exit_code)) {
        context.n_threads = (unsigned)opts.n_threads;
        cli_catch_signals(&context);
        cli_progress_start(&context, opts.reports.progress);
        exit_code = run(&opts, &context);
    }
    free(opts.inputs);
    free(opts.names);
    umm_dataset_list_free(&opts.list);
    return exit_code;
}
