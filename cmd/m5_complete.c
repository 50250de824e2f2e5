/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "m5.h"
#include "m5/acceptance_report.h"
#include "m5/health.h"
#include "sys/clock.h"
#include "sys/file.h"

/* Enough signals to see that figures come. */
enum { TRIAL_SIGNALS = 1000, HEALTH_SECONDS = 15 };

/* ---- complete --------------------------------------------------------------------- */

static bool has(uint64_t figure)
{
    return figure != UMM_FIGURE_UNKNOWN;
}

/* What is only useful is SKIP where it is not there. */
static bool say(const struct m5_opts *opts, bool is_there, bool is_needed, const char *what)
{
    const char *word = is_there ? "PASS" : is_needed ? "FAIL" : "SKIP";
    if (!opts->is_quiet)
        printf("%s  %s\n", word, what);
    else if (!is_there && is_needed)
        cli_warn("FAIL %s", what);
    return is_there || !is_needed;
}

int m5_complete(void *user, int n, char **operands)
{
    static struct umm_record record;
    struct m5_opts *opts = user;
    struct umm_file_info info;
    (void)n;
    (void)operands;
    opts->workload.n_signals = TRIAL_SIGNALS;
    int exit_code = m5_measure(opts, NULL, &record);
    if (exit_code)
        return exit_code;
    const struct umm_workload_figures *w = &record.workload;
    bool has_baseline = opts->baseline && umm_file_stat(opts->baseline, &info, NULL) == UMM_OK;
    bool is_complete =
        say(opts, record.exit_code == 0 && w->signals == TRIAL_SIGNALS, true, "the workload runs");
    is_complete &=
        say(opts, has(record.allocs) && has(w->steady_allocs), true, "allocations are counted");
    is_complete &= say(opts, has(w->live_bytes_last), true, "malloc tells what is in use");
    is_complete &= say(opts, has(w->descriptors_last), true, "/proc/self/fd can be listed");
    is_complete &=
        say(opts, record.n_samples && record.peak_anonymous_bytes, true, "memory is sampled");
    is_complete &= say(opts, has(record.left_in_shm), true, "/dev/shm can be listed");
    is_complete &= say(opts, record.is_shm_private == 1, false, "/dev/shm is private to a check");
    is_complete &= say(opts, has_baseline, false, "there is a baseline to compare with");
    return cli_finish(is_complete ? CLI_OK : CLI_FAILED);
}

/* ---- health ----------------------------------------------------------------------- */

int m5_health(void *user, int n, char **operands)
{
    struct m5_opts *opts = user;
    struct umm_acceptance acceptance;
    struct umm_acceptance_report report = {.acceptance = &acceptance};
    struct umm_error err = {0};
    char *text = NULL;
    size_t len;
    uint64_t duration_ns = opts->workload.duration_ns;
    (void)n;
    (void)operands;
    if (!duration_ns)
        duration_ns = (uint64_t)HEALTH_SECONDS * 1000000000;
    enum umm_status status = umm_health_watch(duration_ns, &opts->run, &acceptance, &err);
    if (!status)
        status = umm_acceptance_report_text(&report, &text, &len, &err);
    if (status)
        return cli_fail(&err);
    if (!opts->is_quiet)
        fputs(text, stdout);
    free(text);
    if (umm_acceptance_verdict(&acceptance) != UMM_ACCEPTANCE_FAIL)
        return cli_finish(CLI_OK);
    if (opts->is_quiet)
        cli_warn("FAIL memory of this system");
    return cli_finish(CLI_FAILED);
}
