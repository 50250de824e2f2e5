/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli.h"
#include "memstat.h"
#include "probe/trial_report.h"
#include "text/textbuf.h"

/* As timeout(1) has them. */
enum {
    EXIT_TIMED_OUT = 124,
    EXIT_OWN_FAILURE = 125,
    EXIT_CANNOT_RUN = 126,
    EXIT_NOT_FOUND = 127,
    EXIT_KILLED = 137
};

#define WARMUP_SHARE 0.2

/* ---- the report ---------------------------------------------------------- */

/* The command in one line, for people: words in quotes where a shell would want them. */
static char *command_line(char **command)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:=,+@%^";
    struct umm_textbuf out = {0};
    char *text;
    size_t len;
    for (char **word = command; *word; word++) {
        size_t n = strlen(*word);
        char *shown = malloc(4 * n + 4);
        bool is_plain = n > 0 && strspn(*word, plain) == n;
        if (shown)
            umm_textbuf_add(&out, is_plain ? "%s%s" : "%s'%s'", word == command ? "" : " ",
                            umm_escape(shown, 4 * n + 4, *word, n));
        out.is_failed |= !shown;
        free(shown);
    }
    return umm_textbuf_take(&out, &text, &len, NULL) == UMM_OK ? text : NULL;
}

/* What would decide a verdict in doubt. */
static const char *const advice[] = {
    [UMM_VERDICT_NO_DOUBT] = NULL,
    [UMM_VERDICT_FEW_SAMPLES] = "a longer run would decide it, or less --warmup",
    [UMM_VERDICT_SWINGS] = "a longer run would decide it: several times as long as memory takes to "
                           "go up and down; --units=N says how much it is for each unit of work",
    [UMM_VERDICT_HIDDEN] = "run as root, or as the user of all its processes, would decide it"};

/* On standard error: standard output is the command's. */
static enum umm_status print_report(const struct memstat_opts *opts,
                                    const struct umm_trial_report *report, struct umm_error *err)
{
    char *text = NULL;
    size_t len;
    enum umm_status status = UMM_OK;
    if (!opts->is_quiet) {
        status = umm_trial_report_text(report, &text, &len, err);
        if (!status)
            fputs(text, stderr);
        free(text);
    }
    for (size_t i = 0; opts->is_quiet && i < report->n_verdicts; i++)
        if (report->verdicts[i].word != UMM_VERDICT_PASS)
            cli_warn("%s", report->verdicts[i].text);
    for (size_t i = 0; i < report->n_verdicts; i++)
        if (report->verdicts[i].doubt)
            cli_warn("%s: %s", umm_verdict_name(report->verdicts[i].kind),
                     advice[report->verdicts[i].doubt]);
    if (opts->is_quiet && umm_trial_is_oom(report->trial))
        cli_warn("killed by the kernel, as memory ran out in its control group");
    return status;
}

static enum umm_status write_reports(const struct memstat_opts *opts,
                                     const struct umm_trial_report *report, struct umm_error *err)
{
    struct cli_report json = {.path = opts->reports.report}, plot = {.path = opts->plot};
    struct umm_prometheus metrics = {.file = opts->reports.metrics};
    enum umm_status status = UMM_OK;
    if (json.path)
        status = umm_trial_report_json(report, &json.text, &json.len_bytes, err);
    if (!status && plot.path)
        status = umm_trial_report_svg(report, &plot.text, &plot.len_bytes, err);
    if (metrics.file)
        umm_trial_report_metrics(report, &metrics);
    struct cli_report all[] = {json, plot};
    return cli_write_reports_and_metrics(all, sizeof all / sizeof *all, &metrics, status, err);
}

/* ---- the run ------------------------------------------------------------- */

static int judge_and_report(const struct memstat_opts *opts, const struct umm_trial *trial,
                            double warmup_share, char **command)
{
    struct umm_verdict verdicts[UMM_VERDICT_COUNT];
    struct umm_error err = {0};
    char *line = command_line(command);
    double seconds = (double)trial->duration_ns / 1e9;
    struct umm_trial_report report = {.command = line ? line : command[0],
                                      .trial = trial,
                                      .verdicts = verdicts,
                                      .units = opts->units};
    report.warmup_seconds =
        opts->warmup_ns == UINT64_MAX ? warmup_share * seconds : (double)opts->warmup_ns / 1e9;
    report.n_verdicts = umm_verdict_judge(trial, &opts->limits, verdicts);
    enum umm_status status = print_report(opts, &report, &err);
    if (!status)
        status = write_reports(opts, &report, &err);
    free(line);
    if (status) {
        cli_warn_error(&err);
        return EXIT_OWN_FAILURE;
    }
    if (trial->end != UMM_TRIAL_BY_ITSELF)
        return trial->end == UMM_TRIAL_KILLED ? EXIT_KILLED : EXIT_TIMED_OUT;
    if (trial->exit_code)
        return trial->exit_code;
    switch (umm_verdict_of_all(verdicts, report.n_verdicts)) {
    case UMM_VERDICT_FAIL: return CLI_FAILED;
    case UMM_VERDICT_INCONCLUSIVE: return CLI_INCONCLUSIVE;
    case UMM_VERDICT_PASS:
    default: return CLI_OK;
    }
}

int memstat_run(struct memstat_opts *opts, char **command)
{
    static char library_path[PATH_MAX];
    double share = opts->has_warmup ? opts->warmup_share : WARMUP_SHARE;
    double timeout = opts->limits.at_most[UMM_VERDICT_TIMEOUT];
    struct umm_trial_options options = {.command = {.argv = command,
                                                    .envp = environ,
                                                    .is_pipe_ignored = opts->is_pipe_ignored,
                                                    .is_fsize_ignored = opts->is_fsize_ignored},
                                        .timeout_ns = timeout > 0 ? (uint64_t)(timeout * 1e9) : 0,
                                        .is_waiting_for_all = opts->is_waiting_for_all,
                                        .warmup_ns = opts->warmup_ns,
                                        .warmup_share = share};
    struct umm_trial trial;
    struct umm_error err = {0};
    bool is_command;
    int exit_code;
    opts->is_started = true;
    if (opts->is_counting_allocs && !cli_find_alloc_library(opts->alloc_library, library_path))
        return EXIT_OWN_FAILURE;
    options.alloc_library = opts->is_counting_allocs ? library_path : NULL;
    if (umm_trial_run(&options, &trial, &is_command, &err) == UMM_OK) {
        exit_code = judge_and_report(opts, &trial, share, command);
    } else {
        cli_warn_error(&err);
        exit_code = !is_command               ? EXIT_OWN_FAILURE
                    : err.sys_errno == ENOENT ? EXIT_NOT_FOUND
                                              : EXIT_CANNOT_RUN;
    }
    umm_trial_free(&trial);
    return exit_code;
}
