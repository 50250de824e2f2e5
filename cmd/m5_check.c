/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli.h"
#include "m5.h"
#include "m5/acceptance_report.h"
#include "m5/check.h"
#include "sys/file.h"
#include "sys/isolate.h"

enum { BASELINE_BYTES_MAX = 1024 * 1024 };

/* Absolute paths: of this program, the library that counts, and the scratch directory. */
struct places {
    char self[PATH_MAX], library[PATH_MAX], parent[PATH_MAX];
};

/* ---- places ----------------------------------------------------------------------- */

static bool find_self(char out[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
    if (n <= 0) {
        cli_warn("cannot read /proc/self/exe: a check needs /proc");
        return false;
    }
    out[n] = '\0';
    return true;
}

static bool find_parent(const struct m5_opts *opts, char out[PATH_MAX])
{
    const char *tmp = getenv("TMPDIR");
    const char *dir = opts->workload.dir ? opts->workload.dir : tmp && *tmp ? tmp : "/tmp";
    struct umm_error err;
    if (realpath(dir, out))
        return true;
    umm_error_set_errno(&err, errno, dir, "cannot use the directory");
    cli_warn_error(&err);
    return false;
}

static bool is_in_shm(const char *path)
{
    static const char shm[] = "/dev/shm";
    return strncmp(path, shm, sizeof shm - 1) == 0;
}

/* A /dev/shm of our own, unless something that the run needs is in the one there is. */
static bool isolate(const struct places *places)
{
    char cwd[PATH_MAX];
    if (is_in_shm(places->self) || is_in_shm(places->library) || is_in_shm(places->parent) ||
        !getcwd(cwd, sizeof cwd) || is_in_shm(cwd))
        return false;
    return umm_isolate_shared_memory();
}

/* ---- outputs ---------------------------------------------------------------------- */

/* The table; where standard output has the JSON, nothing but what FAILs, as with --quiet. */
static enum umm_status print_table(const struct m5_opts *opts,
                                   const struct umm_acceptance_report *report,
                                   struct umm_error *err)
{
    const bool is_quiet = opts->is_quiet || opts->reports.is_json;
    const struct umm_acceptance *acceptance = report->acceptance;
    if (!is_quiet) {
        struct cli_report table = {.path = "-"};
        enum umm_status status =
            umm_acceptance_report_text(report, &table.text, &table.len_bytes, err);
        return cli_write_reports(&table, 1, status, err);
    }
    for (size_t i = 0; i < acceptance->n_lines; i++) {
        const struct umm_acceptance_line *line = &acceptance->lines[i];
        if (line->verdict == UMM_ACCEPTANCE_FAIL)
            cli_warn("FAIL %s: %s, limit %s", line->name, line->figure_text, line->limit_text);
        if (line->verdict == UMM_ACCEPTANCE_INCONCLUSIVE)
            cli_warn("INCONCLUSIVE %s: %s, limit %s (%s)", line->name, line->figure_text,
                     line->limit_text, line->note);
    }
    return UMM_OK;
}

static enum umm_status write_reports(const struct m5_opts *opts,
                                     const struct umm_acceptance_report *report,
                                     struct umm_error *err)
{
    struct cli_report json = {.path = opts->reports.report}, page = {.path = opts->page};
    struct cli_report saved = {.path = opts->save_baseline};
    struct umm_prometheus metrics = {.file = opts->reports.metrics};
    enum umm_status status = UMM_OK;
    if (json.path || opts->reports.is_json)
        status = umm_acceptance_report_json(report, &json.text, &json.len_bytes, err);
    if (!status && opts->reports.is_json)
        fwrite(json.text, 1, json.len_bytes, stdout);
    if (!status && page.path)
        status = umm_acceptance_report_page(report, &page.text, &page.len_bytes, err);
    if (!status && saved.path)
        status = umm_record_text(report->record, &saved.text, &saved.len_bytes, err);
    struct cli_report all[] = {json, page, saved};
    if (metrics.file)
        umm_acceptance_report_metrics(report, &metrics);
    return cli_write_reports_and_metrics(all, sizeof all / sizeof *all, &metrics, status, err);
}

/* A baseline that is not there is none; false after a message about any other trouble. */
static bool read_baseline(const char *path, struct umm_record *baseline, bool *has_baseline)
{
    struct umm_error err = {0};
    void *text = NULL;
    size_t len;
    *has_baseline = false;
    if (!path)
        return true;
    if (umm_file_read_whole(path, BASELINE_BYTES_MAX, &text, &len, &err) != UMM_OK) {
        if (err.sys_errno == ENOENT)
            return true;
        cli_warn_error(&err);
        return false;
    }
    *has_baseline = umm_record_parse(text, baseline);
    free(text);
    if (!*has_baseline)
        cli_warn_path(path, "is no baseline of umm-m5");
    return *has_baseline;
}

static int report_all(const struct m5_opts *opts, const struct umm_record *record,
                      const struct umm_record *baseline, const char *title)
{
    struct umm_acceptance acceptance, baseline_acceptance;
    struct umm_error err = {0};
    struct umm_acceptance_report report = {
        .title = title, .record = record, .acceptance = &acceptance};
    umm_acceptance_judge(record, &acceptance);
    if (baseline) {
        umm_acceptance_judge(baseline, &baseline_acceptance);
        report.baseline = baseline;
        report.baseline_acceptance = &baseline_acceptance;
    }
    enum umm_status status = print_table(opts, &report, &err);
    if (!status)
        status = write_reports(opts, &report, &err);
    if (status)
        return cli_fail(&err);
    switch (umm_acceptance_verdict(&acceptance)) {
    case UMM_ACCEPTANCE_FAIL: return cli_finish(CLI_FAILED);
    case UMM_ACCEPTANCE_INCONCLUSIVE: return cli_finish(CLI_INCONCLUSIVE);
    case UMM_ACCEPTANCE_PASS:
    case UMM_ACCEPTANCE_SKIP:
    case UMM_ACCEPTANCE_VERDICTS:
    default: return cli_finish(CLI_OK);
    }
}

/* ---- the check -------------------------------------------------------------------- */

/* "umm-m5 run" with the options of that run; user is its path. */
static void add_words(void *user, const struct umm_check_workload *run,
                      struct umm_check_words *words)
{
    const char *self = user;
    umm_check_add_word(words, "%s", self);
    umm_check_add_word(words, "run");
    umm_check_add_word(words, "--dir=%s", run->directory);
    umm_check_add_word(words, "--figures=%s", run->figures);
    umm_check_add_word(words, "--signals=%llu", (unsigned long long)run->n_signals);
    umm_check_add_word(words, "--seed=%llu", (unsigned long long)run->seed);
    if (run->duration_ns)
        umm_check_add_word(words, "--seconds=%.3f", (double)run->duration_ns / 1e9);
    if (run->is_unpooled)
        umm_check_add_word(words, "--no-pool");
    if (run->is_unsynced)
        umm_check_add_word(words, "--no-sync");
    if (run->canary)
        umm_check_add_word(words, "--canary=%s", run->canary);
}

int m5_measure(struct m5_opts *opts, char **command, struct umm_record *record)
{
    struct places places;
    struct umm_error err = {0};
    struct umm_check_options options = {.workload = add_words,
                                        .user = places.self,
                                        .alloc_library = places.library,
                                        .parent = places.parent,
                                        .envp = environ,
                                        .command = command,
                                        .n_signals = opts->workload.n_signals,
                                        .seed = opts->workload.seed,
                                        .duration_ns = opts->workload.duration_ns,
                                        .duration_max_ns = opts->max_seconds * 1000000000,
                                        .allocs_max_thousandths = opts->allocs_max_thousandths,
                                        .canary = opts->canary,
                                        .is_unsynced = opts->workload.is_unsynced};
    if (!find_self(places.self) || !cli_find_alloc_library(opts->alloc_library, places.library) ||
        !find_parent(opts, places.parent))
        return CLI_FAILED;
    options.is_shm_private = isolate(&places);
    return umm_check_run(&options, &opts->run, record, &err) ? cli_fail(&err) : CLI_OK;
}

int m5_check(void *user, int n, char **operands)
{
    static struct umm_record record, baseline;
    struct m5_opts *opts = user;
    const struct cli_output outputs[] = {{"--json", opts->reports.is_json ? "-" : NULL},
                                         {"--report", opts->reports.report},
                                         {"--page", opts->page},
                                         {"--metrics", opts->reports.metrics},
                                         {"--save-baseline", opts->save_baseline}};
    bool has_baseline;
    if (cli_check_outputs(outputs, sizeof outputs / sizeof *outputs))
        return CLI_USAGE;
    if (!read_baseline(opts->baseline, &baseline, &has_baseline))
        return CLI_FAILED;
    int exit_code = m5_measure(opts, n > 0 ? operands : NULL, &record);
    return exit_code ? exit_code
                     : report_all(opts, &record, has_baseline ? &baseline : NULL,
                                  n > 0 ? operands[0] : "the workload of umm-m5");
}
