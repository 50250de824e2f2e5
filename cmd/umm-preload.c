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

enum {
    KEY_RANGE = CLI_KEY_LONG,
    KEY_FILES0_FROM,
    KEY_STATUS,
    KEY_EVICT,
    KEY_LOCK,
    KEY_BUDGET,
    KEY_THREADS,
    KEY_VERIFY,
    KEY_JSON,
    KEY_METRICS,
    KEY_PROGRESS,
    KEY_NO_PROGRESS
};

static const struct cli_key_option options[] = {
    {KEY_FILES0_FROM, "files0-from", "LIST", "the files named in LIST, each ended by a NUL byte"},
    CLI_DATASET_OPTIONS,
    {KEY_RANGE, "range", "START:STOP",
     "only these rows, as in Python: -1000: is the last\nthousand"},
    {0, NULL, NULL, "Instead of loading:"},
    {KEY_STATUS, "status", NULL, "only tell what is in memory, and the plan"},
    {KEY_EVICT, "evict", NULL, "let the files go from memory"},
    {0, NULL, NULL, "How:"},
    {KEY_BUDGET, "budget", "SIZE",
     "load no more than SIZE bytes in all (K, M, G, T), or N%\nof the available memory (default "
     "50%); what does not fit\nis left to mmap"},
    {KEY_LOCK, "lock", NULL, "lock it in memory, and stay until a signal comes"},
    {KEY_VERIFY, "verify", NULL,
     "fail unless all that was to be in memory is, or with\n--evict, "
     "unless none is"},
    {KEY_THREADS, "threads", "N", "use N threads (default: as many as processors,\nat least 4)"},
    {0, NULL, NULL, "Reports:"},
    {KEY_JSON, "json", NULL, "report as JSON"},
    {KEY_METRICS, "metrics", "FILE", "write Prometheus metrics to FILE"},
    {KEY_PROGRESS, "progress", NULL, "show progress even when standard error is no terminal"},
    {KEY_NO_PROGRESS, "no-progress", NULL, "never show progress"},
    {0, NULL, NULL, NULL}};

static const struct cli_tool tool = {
    .name = "umm-preload",
    .synopsis = "[options] [FILE|DIR...]",
    .about = "Bring files into memory (the page cache) before they are mapped. A directory\n"
             "stands for the .npy files in and below it.",
    .key_options = options};

struct opts {
    struct umm_preload_options preload;
    struct umm_preload_input *inputs;
    struct cli_dataset dataset;
    struct umm_dataset_list list;
    struct umm_range rows;
    bool has_rows, is_locked, is_verified, is_json;
    const char *files0_from, *metrics;
    const char **names;
    uint64_t n_threads;
    enum cli_when progress;
};

/* ---- options ------------------------------------------------------------------------ */

static int set_budget(struct umm_preload_options *preload, const char *value)
{
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
    if (cli_parse_size(value, 1, INT64_MAX, &preload->budget_bytes))
        return CLI_OK;
    return cli_bad_value("budget", "a size such as 16G, or 1% to 100%", value);
}

static int set_range(struct opts *opts, const char *value)
{
    opts->has_rows = true;
    if (umm_range_parse(value, strlen(value), &opts->rows, NULL) != UMM_OK || opts->rows.step != 1)
        return cli_bad_value("range", "rows as START:STOP", value);
    return CLI_OK;
}

static int set_action(struct umm_preload_options *preload, enum umm_preload_action action)
{
    if (preload->action != UMM_PRELOAD_LOAD && preload->action != action)
        return cli_usage("--status and --evict do not go together");
    preload->action = action;
    return CLI_OK;
}

/* CLI_OK, or the exit code after a message. */
static int set_option(void *user, int key, const char *value)
{
    struct opts *opts = user;
    int code = cli_dataset_set(&opts->dataset, key, value);
    if (code >= 0)
        return code;
    switch (key) {
    case KEY_RANGE: return set_range(opts, value);
    case KEY_FILES0_FROM: opts->files0_from = value; break;
    case KEY_STATUS: return set_action(&opts->preload, UMM_PRELOAD_STATUS);
    case KEY_EVICT: return set_action(&opts->preload, UMM_PRELOAD_EVICT);
    case KEY_BUDGET: return set_budget(&opts->preload, value);
    case KEY_LOCK: opts->is_locked = true; break;
    case KEY_VERIFY: opts->is_verified = true; break;
    case KEY_THREADS:
        return cli_parse_count(value, 1, 256, &opts->n_threads)
                   ? CLI_OK
                   : cli_bad_value("threads", "a number from 1 to 256", value);
    case KEY_JSON: opts->is_json = true; break;
    case KEY_METRICS: opts->metrics = value; break;
    case KEY_PROGRESS: opts->progress = CLI_ALWAYS; break;
    default: opts->progress = CLI_NEVER; break;
    }
    return CLI_OK;
}

static const char *path_of(const struct opts *opts, size_t i)
{
    return opts->names ? opts->names[i] : opts->list.items[i].path;
}

/* Metrics must not replace what is to be loaded, nor run into the report. */
static int check_metrics(const struct opts *opts, size_t n)
{
    const struct cli_output outputs[] = {{"the report", "-"}, {"--metrics", opts->metrics}};
    int code = cli_check_outputs(outputs, 2);
    for (size_t i = 0; code == CLI_OK && i < n; i++)
        code = cli_check_input(path_of(opts, i), &outputs[1], 1);
    return code;
}

/* The files: operands, datasets by name, or the list that --files0-from names. */
static int set_inputs(struct opts *opts, int argc, char **argv)
{
    const struct umm_timerange *times = &opts->dataset.range;
    for (int i = optind; i < argc; i++)
        if (strcmp(argv[i], "-") == 0)
            return cli_usage("standard input cannot be loaded: name its file");
    int code =
        cli_dataset_list(&opts->dataset, argv + optind, (size_t)(argc - optind), &opts->list);
    size_t n = opts->list.n;
    if (code != CLI_OK)
        return code;
    if (opts->has_rows && (times->has_from || times->has_to))
        return cli_usage("--range takes the place of --from and --to");
    if (opts->files0_from && n > 0)
        return cli_usage("--files0-from takes the place of files and datasets");
    if (opts->files0_from && !(opts->names = cli_read_names0(opts->files0_from, &n, &code)))
        return code;
    if (n == 0 && opts->files0_from) {
        cli_warn("no file names in the list of --files0-from");
        return CLI_FAILED;
    }
    if (n == 0)
        return cli_usage("no files: name some, or a directory, or datasets");
    code = check_metrics(opts, n);
    if (code != CLI_OK)
        return code;
    opts->inputs = calloc(n, sizeof *opts->inputs);
    if (!opts->inputs) {
        cli_warn("out of memory");
        return CLI_FAILED;
    }
    for (size_t i = 0; i < n; i++)
        opts->inputs[i] = (struct umm_preload_input){
            .path = path_of(opts, i), .rows = opts->has_rows ? &opts->rows : NULL, .times = *times};
    opts->preload.inputs = opts->inputs;
    opts->preload.n_inputs = n;
    return CLI_OK;
}

static bool parse_opts(struct opts *opts, int argc, char **argv, int *exit_code)
{
    if (!cli_parse_keys(argc, argv, set_option, opts, exit_code))
        return false;
    if (opts->is_locked && opts->preload.action != UMM_PRELOAD_LOAD)
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

static enum umm_status report(const struct opts *opts, const struct umm_preload_result *result,
                              struct umm_error *err)
{
    char line[UMM_PRELOAD_LINE_MAX], *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    cli_progress_stop();
    for (size_t i = 0;
         !opts->is_json && umm_preload_report_line(opts->preload.action, result, i, line); i++)
        puts(line);
    if (opts->is_json)
        status = umm_preload_report_json(opts->preload.action, result, &text, &len, err);
    if (!status && opts->is_json)
        fwrite(text, 1, len, stdout);
    free(text);
    return status;
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
            cli_warn_path(file->path, "not verified: only its owner, or who may write it, is told "
                                      "what is in memory");
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
    struct umm_prometheus page = {.file = opts->metrics};
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
    if (!status && opts->metrics) {
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
        cli_progress_start(&context, opts.progress);
        exit_code = run(&opts, &context);
    }
    free(opts.inputs);
    free(opts.names);
    umm_dataset_list_free(&opts.list);
    return exit_code;
}
