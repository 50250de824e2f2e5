/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli.h"
#include "m5.h"
#include "m5/check.h"
#include "probe/alloc_counts.h"
#include "sys/child.h"
#include "sys/file.h"
#include "umm/mem.h"

enum {
    KEY_SIGNALS = CLI_KEY_LONG,
    KEY_SECONDS,
    KEY_SEED,
    KEY_DIR,
    KEY_NO_POOL,
    KEY_NO_SYNC,
    KEY_CANARY,
    KEY_FIGURES,
    KEY_ARENAS,
    KEY_TRIM,
    KEY_MAX_SECONDS,
    KEY_MAX_ALLOCS,
    KEY_ALLOC_LIBRARY,
    KEY_BASELINE,
    KEY_SAVE_BASELINE,
    KEY_REPORT,
    KEY_JSON,
    KEY_METRICS
};

static const struct cli_key_option options[] = {
    {KEY_SIGNALS, "signals", "N", "so many signals (default 100000)"},
    {KEY_SECONDS, "seconds", "S",
     "spread over so many seconds (default: as fast as it goes;\nhealth: 15)"},
    {KEY_SEED, "seed", "N", "another N gives other signals (default 1)"},
    {KEY_DIR, "dir", "DIR",
     "run: where its files go. Others: where a scratch directory\ngoes (default TMPDIR, or /tmp)"},
    {KEY_NO_POOL, "no-pool", NULL, "run: malloc and free every buffer"},
    {KEY_NO_SYNC, "no-sync", NULL, "sync nothing"},
    {KEY_ARENAS, "arenas", "N", "run: let malloc make at most N heaps"},
    {KEY_TRIM, "trim", "SIZE", "run: let malloc keep no more than SIZE free at the end"},
    {KEY_FIGURES, "figures", "FILE", "run: write the figures to FILE as lines, print nothing"},
    {KEY_CANARY, "canary", "FAULT",
     "put in a fault: leak, pool, key, fd or temporary.\nThe check must find it"},
    {0, NULL, NULL, "Checks:"},
    {KEY_MAX_SECONDS, "max-seconds", "S", "FAIL if it takes longer (default 60)"},
    {KEY_MAX_ALLOCS, "max-allocs", "N", "FAIL if COMMAND allocates more often per signal"},
    {KEY_BASELINE, "baseline", "FILE", "show FILE's figures beside this run's, if it is there"},
    {KEY_SAVE_BASELINE, "save-baseline", "FILE", "keep this run's figures in FILE"},
    {KEY_REPORT, "report", "FILE", "write a page for a browser to FILE"},
    {KEY_JSON, "json", "FILE", "write verdicts and figures to FILE (- is standard output)"},
    {KEY_METRICS, "metrics", "FILE", "write Prometheus metrics to FILE"},
    {KEY_ALLOC_LIBRARY, "alloc-library", "FILE", "libumm-alloc.so, if it is not beside umm-m5"},
    {'q', "quiet", NULL, "print nothing but lines that FAIL"},
    {0, NULL, NULL, NULL}};

static const char *const canaries[] = {"none", "leak", "pool", "key", "fd", "temporary", NULL};

struct opts {
    struct m5_opts m5;
    struct umm_malloc_tuning tuning;
};

/* "1.5": seconds within [0.001, 10^8], in *out as ns. */
static bool parse_seconds(const char *text, uint64_t *out)
{
    double seconds;
    if (umm_num_parse_f64(text, strlen(text), '.', &seconds) != UMM_NUM_OK || seconds < 0.001 ||
        seconds > 1e8)
        return false;
    *out = (uint64_t)(seconds * 1e9);
    return true;
}

static int set_file(struct m5_opts *m5, int key, const char *value)
{
    switch (key) {
    case KEY_DIR: m5->workload.dir = value; return CLI_OK;
    case KEY_FIGURES: m5->figures = value; return CLI_OK;
    case KEY_BASELINE: m5->baseline = value; return CLI_OK;
    case KEY_SAVE_BASELINE: m5->save_baseline = value; return CLI_OK;
    case KEY_REPORT: m5->report = value; return CLI_OK;
    case KEY_JSON: m5->json = value; return CLI_OK;
    case KEY_METRICS: m5->metrics = value; return CLI_OK;
    case KEY_ALLOC_LIBRARY: m5->alloc_library = value; return CLI_OK;
    default: m5->is_quiet = true; return CLI_OK;
    }
}

/* CLI_OK, or the exit code after a message. */
static int set_option(void *user, int key, const char *value)
{
    const uint64_t signals_max = 1000000000000;
    struct opts *opts = user;
    struct m5_opts *m5 = &opts->m5;
    uint64_t n;
    double allocs;
    int choice;
    switch (key) {
    case KEY_SIGNALS:
        if (cli_parse_count(value, UMM_WORKLOAD_SIGNALS_MIN, signals_max, &m5->workload.n_signals))
            return CLI_OK;
        return cli_bad_value("signals", "a number from 100 to 1000000000000", value);
    case KEY_SECONDS:
        if (parse_seconds(value, &m5->workload.duration_ns))
            return CLI_OK;
        return cli_bad_value("seconds", "a number from 0.001 to 100000000", value);
    case KEY_MAX_SECONDS:
        if (cli_parse_count(value, 1, 100000000, &m5->max_seconds))
            return CLI_OK;
        return cli_bad_value("max-seconds", "a number from 1 to 100000000", value);
    case KEY_MAX_ALLOCS:
        if (umm_num_parse_f64(value, strlen(value), '.', &allocs) == UMM_NUM_OK && allocs >= 0 &&
            allocs <= 1e9) {
            m5->allocs_max_thousandths = (uint64_t)(allocs * 1000);
            return CLI_OK;
        }
        return cli_bad_value("max-allocs", "a number from 0 to 1000000000", value);
    case KEY_SEED:
        if (cli_parse_count(value, 0, UINT64_MAX, &m5->workload.seed))
            return CLI_OK;
        return cli_bad_value("seed", "a number from 0 to 18446744073709551615", value);
    case KEY_ARENAS:
        if (!cli_parse_count(value, 1, 1024, &n))
            return cli_bad_value("arenas", "a number from 1 to 1024", value);
        opts->tuning.arenas_max = (uint32_t)n;
        return CLI_OK;
    case KEY_TRIM:
        if (!cli_parse_size(value, 1, INT32_MAX, &n))
            return cli_bad_value("trim", "a size from 1 to 2147483647", value);
        opts->tuning.trim_bytes = (uint32_t)n;
        return CLI_OK;
    case KEY_CANARY:
        choice = cli_parse_choice_of(value, canaries);
        if (choice < 0)
            return cli_bad_value("canary", "none, leak, pool, key, fd or temporary", value);
        m5->canary = value;
        m5->workload.canary = (enum umm_workload_canary)choice;
        return CLI_OK;
    case KEY_NO_POOL: m5->workload.is_unpooled = true; return CLI_OK;
    case KEY_NO_SYNC: m5->workload.is_unsynced = true; return CLI_OK;
    default: return set_file(m5, key, value);
    }
}

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
     " max-seconds max-allocs baseline save-baseline report json metrics alloc-library quiet",
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
    .key_options = options,
    .commands = commands};

int main(int argc, char **argv)
{
    struct opts opts = {.m5 = {.workload = {.n_signals = 100000, .seed = 1},
                               .max_seconds = 60,
                               .allocs_max_thousandths = UMM_FIGURE_UNKNOWN}};
    int exit_code = CLI_OK;
    cli_init(&tool);
    if (!cli_parse_keys(argc, argv, set_option, &opts, &exit_code))
        return exit_code;
    cli_catch_signals(&opts.m5.run);
    return cli_run_command(argc, argv, &opts);
}
