/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli.h"
#include "memstat.h"
#include "probe/trial_report.h"
#include "sys/clock.h"
#include "sys/outfile.h"
#include "text/textbuf.h"

/* As timeout(1) has them. */
enum { EXIT_OWN_FAILURE = 125, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

enum { PATH_ROOM = 4096 };

#define WARMUP_SHARE 0.2

/* ---- the library that counts --------------------------------------------- */

/*
 * Beside this program, as it is built; or in ../lib/umm, as it is installed. Absolute,
 * since the command may work in another directory.
 */
static bool find_library(char out[PATH_ROOM])
{
    static const char *const places[] = {"libumm-alloc.so", "../lib/umm/libumm-alloc.so"};
    char own[PATH_ROOM];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    if (n <= 0)
        return false;
    own[n] = '\0';
    char *slash = strrchr(own, '/');
    if (!slash)
        return false;
    slash[1] = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int len = snprintf(out, PATH_ROOM, "%s%s", own, places[i]);
        if (len > 0 && len < PATH_ROOM && access(out, R_OK) == 0)
            return true;
    }
    return false;
}

/* LD_PRELOAD is a list with blanks and colons between: a path with one cannot be in it. */
static bool settle_library(const struct memstat_opts *opts, char *found, const char **library)
{
    *library = NULL;
    if (!opts->is_counting_allocs)
        return true;
    if (opts->alloc_library) {
        if (!realpath(opts->alloc_library, found)) {
            struct umm_error err;
            umm_error_set_errno(&err, errno, opts->alloc_library, "cannot open");
            cli_warn_error(&err);
            return false;
        }
    } else if (!find_library(found)) {
        cli_warn("libumm-alloc.so is neither beside umm-memstat nor in ../lib/umm; say where "
                 "with --alloc-library");
        return false;
    }
    if (strpbrk(found, " :")) {
        cli_warn("a path with a blank or a colon cannot be preloaded: %s", found);
        return false;
    }
    *library = found;
    return true;
}

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

typedef enum umm_status print_fn(const struct umm_trial_report *, char **, size_t *,
                                 struct umm_error *);

static enum umm_status write_file(const struct umm_trial_report *report, print_fn *print,
                                  const char *path, struct umm_error *err)
{
    char *text = NULL;
    size_t len;
    if (!path)
        return UMM_OK;
    enum umm_status status = print(report, &text, &len, err);
    if (!status)
        status = umm_outfile_write(path, text, len, err);
    free(text);
    return status;
}

static enum umm_status print_metrics(const struct umm_trial_report *report, const char *path,
                                     struct umm_error *err)
{
    struct umm_prometheus page = {0};
    char *text = NULL;
    size_t len;
    if (!path)
        return UMM_OK;
    umm_prometheus_begin(&page, "umm-memstat", path);
    umm_trial_report_metrics(report, &page);
    umm_prometheus_success(&page, (double)umm_clock_realtime_ns() / 1e9);
    enum umm_status status = umm_prometheus_take(&page, &text, &len, err);
    if (!status)
        status = umm_outfile_write(path, text, len, err);
    free(text);
    return status;
}

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
        if (!report->verdicts[i].is_kept)
            cli_warn("%s", report->verdicts[i].text);
    if (!status)
        status = write_file(report, umm_trial_report_json, opts->report, err);
    if (!status)
        status = write_file(report, umm_trial_report_svg, opts->plot, err);
    return status ? status : print_metrics(report, opts->metrics, err);
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
    free(line);
    if (status) {
        cli_warn_error(&err);
        return EXIT_OWN_FAILURE;
    }
    for (size_t i = 0; trial->exit_code == 0 && i < report.n_verdicts; i++)
        if (!verdicts[i].is_kept)
            return CLI_FAILED;
    return trial->exit_code;
}

int memstat_run(struct memstat_opts *opts, char **command)
{
    static char library_path[PATH_ROOM];
    double share = opts->has_warmup ? opts->warmup_share : WARMUP_SHARE;
    struct umm_trial_options options = {.command = {.argv = command,
                                                    .envp = environ,
                                                    .is_pipe_ignored = opts->is_pipe_ignored,
                                                    .is_fsize_ignored = opts->is_fsize_ignored},
                                        .is_waiting_for_all = opts->is_waiting_for_all,
                                        .warmup_ns = opts->warmup_ns,
                                        .warmup_share = share};
    struct umm_trial trial;
    struct umm_error err = {0};
    bool is_command;
    int exit_code;
    opts->is_started = true;
    if (!settle_library(opts, library_path, &options.alloc_library))
        return EXIT_OWN_FAILURE;
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
