/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "child/child.h"
#include "cli.h"
#include "m5.h"
#include "m5/check.h"
#include "probe/alloc_counts.h"
#include "sys/file.h"
#include "umm/mem.h"

struct opts {
    struct m5_opts m5;
    struct umm_malloc_tuning tuning;
};
#define CLI_OPTS struct opts

/* The canary by its name for a check, by its number for the workload. */
static int take_canary(void *user, const char *value)
{
    struct m5_opts *m5 = user;
    int choice = cli_parse_choice(value, "none|leak|pool|key|fd|temporary|answer");
    m5->canary = value;
    m5->workload.canary = (enum umm_workload_canary)choice;
    return choice < 0 ? CLI_BAD_VALUE : CLI_OK;
}

static const struct cli_option options[] = {
    {0, "signals", "N", "so many signals (default 100000)",
     CLI_COUNT(m5.workload.n_signals, UMM_WORKLOAD_SIGNALS_MIN, 1000000000000)},
    {0, "seconds", "S", "spread over so many seconds (default: as fast as it goes;\nhealth: 15)",
     CLI_NUMBER(m5.workload.duration_ns, 0.001, 1e8, 1e9, "a number from 0.001 to 100000000")},
    {0, "seed", "N", "another N gives other signals (default 1)",
     CLI_COUNT(m5.workload.seed, 0, UINT64_MAX),
     .wanted = "a number from 0 to 18446744073709551615"},
    {0, "dir", "DIR",
     "run: where its files go. Others: where a scratch directory\ngoes (default TMPDIR, or /tmp)",
     CLI_TEXT(m5.workload.dir)},
    {0, "no-pool", NULL, "run: malloc and free every buffer", CLI_FLAG(m5.workload.is_unpooled)},
    {0, "no-sync", NULL, "sync nothing", CLI_FLAG(m5.workload.is_unsynced)},
    {0, "arenas", "N", "run: let malloc make at most N heaps",
     CLI_COUNT(tuning.arenas_max, 1, 1024)},
    {0, "trim", "SIZE", "run: let malloc keep no more than SIZE free at the end",
     CLI_SIZE(tuning.trim_bytes, 1, INT32_MAX), .wanted = "a size from 1 to 2147483647"},
    {0, "figures", "FILE", "run: write the figures to FILE as lines, print nothing",
     CLI_TEXT(m5.figures)},
    {0, "canary", "FAULT",
     "put in a fault: leak, pool, key, fd, temporary or\nanswer. The check must find it",
     CLI_CALL(m5, take_canary, "none, leak, pool, key, fd, temporary or answer")},
    CLI_HEADING("Checks:"),
    {0, "max-seconds", "S", "FAIL if it takes longer (default 60)",
     CLI_COUNT(m5.max_seconds, 1, 100000000)},
    {0, "max-allocs", "N", "FAIL if COMMAND allocates more often per signal",
     CLI_NUMBER(m5.allocs_max_thousandths, 0, 1e9, 1000, "a number from 0 to 1000000000")},
    {0, "baseline", "FILE", "show FILE's figures beside this run's, if it is there",
     CLI_TEXT(m5.baseline)},
    {0, "save-baseline", "FILE", "keep this run's figures in FILE", CLI_TEXT(m5.save_baseline)},
    {.help = "print verdicts and figures as JSON on standard output",
     CLI_REPORTS(m5.reports, "json")},
    {CLI_REPORTS(m5.reports, "report")},
    {0, "page", "FILE", "write a page for a browser to FILE", CLI_TEXT(m5.page)},
    {CLI_REPORTS(m5.reports, "metrics")},
    {0, "alloc-library", "FILE", "libumm-alloc.so, if it is not beside umm-m5",
     CLI_TEXT(m5.alloc_library)},
    {'q', "quiet", NULL, "print nothing but lines that FAIL", CLI_FLAG(m5.is_quiet)},
    {0}};

/* Whether the file of that name is, or would be, in the directory or below it. */
static bool is_below(const char *file, const char *dir)
{
    char top[PATH_MAX], parent[PATH_MAX];
    char *followed = umm_file_follow(file), *slash = followed ? strrchr(followed, '/') : NULL;
    const char *before = slash == followed ? "/" : followed;
    if (slash)
        *slash = '\0';
    bool is_known = followed && realpath(slash ? before : ".", parent) && realpath(dir, top);
    free(followed);
    size_t n = is_known ? strlen(top) : 0;
    return is_known && strncmp(parent, top, n) == 0 &&
           (parent[n] == '\0' || parent[n] == '/' || top[n - 1] == '/');
}

int m5_run(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct m5_opts *m5 = &opts->m5;
    struct umm_workload_figures figures;
    struct umm_error err = {0};
    char *text = NULL;
    size_t len;
    (void)n;
    (void)operands;
    if (!m5->workload.dir)
        return cli_usage("run needs --dir");
    if (m5->figures && is_below(m5->figures, m5->workload.dir))
        return cli_usage("--figures lies in --dir, where this run's own files go");
    if (!umm_malloc_tune(&opts->tuning))
        return cli_usage("this C library cannot be tuned like that");
    m5->workload.counts_path = getenv(UMM_ALLOC_VARIABLE);
    enum umm_status status = umm_workload_run(&m5->workload, &m5->run, &figures, &err);
    if (!status && m5->figures)
        status = umm_workload_figures_text(&figures, &text, &len, &err);
    else if (!status)
        status = umm_workload_figures_json(&figures, &text, &len, &err);
    if (!status && m5->figures)
        status = cli_write_file(m5->figures, text, len, &err);
    else if (!status)
        fputs(text, stdout);
    free(text);
    return status ? cli_fail(&err) : cli_finish(CLI_OK);
}

#define MEASURE "signals seconds seed dir canary no-sync"

static const struct cli_command commands[] = {
    {"check", "[COMMAND...]",
     MEASURE
     " max-seconds max-allocs baseline save-baseline report json page metrics alloc-library quiet",
     "measure and judge the workload, or COMMAND", m5_check},
    {"complete", "", "dir baseline alloc-library quiet",
     "look whether all is there that a check needs", m5_complete},
    {"health", "", "seconds quiet", "watch the memory of this system, and judge it", m5_health},
    {"run", "", MEASURE " no-pool arenas trim figures",
     "the workload alone; prints its figures as JSON", m5_run},
    {NULL, NULL, NULL, NULL, NULL}};

static const struct cli_tool tool = {
    .name = "umm-m5",
    .synopsis = "COMMAND [options] [--] [operands]",
    .about = "Run signals through the whole chain for as long as you like, and judge whether its\n"
             "memory is fit for release: growth, allocations, cache, descriptors, left-overs.",
    .options = options,
    .commands = commands};

int main(int argc, char **argv)
{
    struct opts opts = {.m5 = {.workload = {.n_signals = 100000, .seed = 1},
                               .max_seconds = 60,
                               .allocs_max_thousandths = UMM_FIGURE_UNKNOWN}};
    int exit_code = CLI_OK;
    cli_init(&tool);
    if (!cli_parse(argc, argv, &opts, &exit_code))
        return exit_code;
    cli_catch_signals(&opts.m5.run);
    return cli_run_command(argc, argv, &opts);
}
