/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli.h"
#include "memstat.h"
#include "pool/pool.h"

#define CLI_OPTS struct memstat_opts

/* ---- options ------------------------------------------------------------- */

enum { SECONDS_MAX = 100000000 }; /* three years */

/* "10" or "0.5" seconds, or "20%". */
static int take_warmup(void *user, const char *value)
{
    struct memstat_opts *opts = user;
    size_t len = strlen(value);
    double number;
    if (len > 1 && value[len - 1] == '%' && cli_parse_number(value, len - 1, 0, 99, &number)) {
        opts->warmup_share = number / 100;
        opts->warmup_ns = UINT64_MAX;
        return CLI_OK;
    }
    if (!cli_parse_number(value, len, 0, SECONDS_MAX, &number))
        return CLI_BAD_VALUE;
    opts->warmup_ns = (uint64_t)llround(number * 1e9);
    return CLI_OK;
}

static int add_pids(void *user, const char *value)
{
    struct memstat_opts *opts = user;
    char *copy = strdup(value), *rest = copy;
    int exit_code = CLI_OK;
    if (!copy) {
        cli_warn("out of memory");
        return CLI_FAILED;
    }
    for (char *word; !exit_code && (word = strsep(&rest, ","));) {
        uint64_t pid;
        if (!cli_parse_count(word, 1, INT32_MAX, &pid))
            exit_code = CLI_BAD_VALUE;
        else if (opts->choice.n_pids == MEMSTAT_CHOICES_MAX)
            exit_code = cli_usage("more than %d processes for --pid", MEMSTAT_CHOICES_MAX);
        else
            opts->pids[opts->choice.n_pids++] = (uint32_t)pid;
    }
    free(copy);
    return exit_code;
}

static int add_text(const char **list, size_t *n, const char *name, const char *value)
{
    if (*n == MEMSTAT_CHOICES_MAX)
        return cli_usage("more than %d times --%s", MEMSTAT_CHOICES_MAX, name);
    if (!*value)
        return CLI_BAD_VALUE;
    list[(*n)++] = value;
    return CLI_OK;
}

static int add_name(void *user, const char *value)
{
    struct memstat_opts *opts = user;
    return add_text(opts->names, &opts->choice.n_names, "name", value);
}

static int add_file(void *user, const char *value)
{
    struct memstat_opts *opts = user;
    return add_text(opts->files, &opts->n_files, "file", value);
}

#define LIMIT(kind) limits.at_most[UMM_VERDICT_##kind]

static const struct cli_option options[] = {
    CLI_HEADING("What to show (default: the system):"),
    {'p', "pid", "PID,...", "these processes",
     CLI_CALL_ALL(add_pids, "numbers of processes, separated by commas")},
    {0, "name", "NAME", "processes of this name; may be given again",
     CLI_CALL_ALL(add_name, "a name")},
    {0, "tree", NULL, "also their descendants", CLI_FLAG(choice.is_tree)},
    {'f', "file", "FILE", "FILE in memory, and what maps it; may be given again",
     CLI_CALL_ALL(add_file, "a name")},
    {0, "pool", "NAME", "the entries of the pool NAME in the same way", CLI_TEXT(pool)},
    {0, "dir", "DIR", "where pools are (default $UMM_POOL_DIR, or /dev/shm)", CLI_TEXT(pool_root)},
    CLI_HEADING("How:"),
    {0, "format", "FORM", "text, json (a line for each thing), csv or\nprometheus",
     CLI_CHOICE(format, "text|json|csv|prometheus")},
    {0, "json", NULL, "the same as --format=json", CLI_SWITCH(format, MEMSTAT_JSON)},
    {.help = "also write Prometheus metrics to FILE", CLI_REPORTS(reports, "metrics")},
    {'w', "watch", "SECONDS", "again every so many seconds",
     CLI_NUMBER(watch_ns, 0.001, SECONDS_MAX, 1e9, "seconds, 0.001 or more")},
    {0, "count", "N", "N times, then end", CLI_COUNT(n_times, 1, INT64_MAX),
     .wanted = "a number from 1 on"},
    CLI_HEADING("Running a command (--run [options] -- COMMAND...):"),
    {0, "run", NULL,
     "run COMMAND, measure it and all that it starts,\nreport on "
     "standard error",
     CLI_FLAG(is_run)},
    {0, "max-growth", "SIZE", "FAIL if anonymous and shared memory grow by more",
     CLI_SIZE(LIMIT(GROWTH), 0, INT64_MAX)},
    {0, "max-rss", "SIZE", "FAIL if the sum of RSS is more at any time",
     CLI_SIZE(LIMIT(RSS), 0, INT64_MAX)},
    {0, "max-pss", "SIZE", "the same of PSS: pages that processes share\ncount once",
     CLI_SIZE(LIMIT(PSS), 0, INT64_MAX)},
    {0, "max-allocs-per-sec", "N", "FAIL if it allocates more often",
     CLI_NUMBER(LIMIT(ALLOCS), 0, 1e15, 1, "a number")},
    {0, "max-seconds", "SECONDS", "FAIL if it runs longer",
     CLI_NUMBER(LIMIT(SECONDS), 0, SECONDS_MAX, 1, "seconds")},
    {0, "timeout", "SECONDS", "FAIL, and end it with all that it started, if it\nruns longer",
     CLI_NUMBER(LIMIT(TIMEOUT), 0.001, SECONDS_MAX, 1, "seconds, 0.001 or more")},
    {0, "warmup", "SECONDS",
     "growth counts from then on; N% is a share of the\nrun "
     "(default 20%)",
     CLI_CALL_ALL(take_warmup, "seconds, or a percentage up to 99%"), CLI_GIVEN(has_warmup)},
    {0, "wait-all", NULL, "measure until the last process it left has ended",
     CLI_FLAG(is_waiting_for_all)},
    {0, "count-allocs", NULL, "count its allocations", CLI_FLAG(is_counting_allocs)},
    {0, "alloc-library", "FILE", "the library that counts, if it is elsewhere",
     CLI_TEXT(alloc_library)},
    {0, "units", "N", "it does N units of work: also show growth and\nallocations for each",
     CLI_NUMBER(units, DBL_TRUE_MIN, 1e15, 1, "a number above 0")},
    {.help = "write all figures and samples to FILE, as JSON", CLI_REPORTS(reports, "report")},
    {0, "plot", "FILE", "draw memory over time to FILE, as SVG", CLI_TEXT(plot)},
    {'q', "quiet", NULL, "print nothing but the limits that were not kept", CLI_FLAG(is_quiet)},
    {0}};

static const struct cli_command commands[] = {
    {"snapshot", "FILE", "pid name tree", "keep the memory of the chosen processes, by mapping",
     memstat_snapshot},
    {"compare", "A B", "format json", "what grew from snapshot A to B, most first",
     memstat_compare},
    {NULL, NULL, NULL, NULL, NULL}};

static const struct cli_tool tool = {
    .name = "umm-memstat",
    .synopsis = "[options] [COMMAND | --run [limits] -- PROGRAM [ARGUMENT...]]",
    .about = "Show the memory of the system, of processes and of files, or of a program that is "
             "run.",
    .options = options,
    .commands = commands};

/* ---- which of the jobs --------------------------------------------------- */

static bool has_choice(const struct memstat_opts *opts)
{
    return opts->choice.n_pids || opts->choice.n_names;
}

/* What only --run has a meaning for. */
static bool has_run_options(const struct memstat_opts *opts)
{
    bool has_limit = false;
    for (int kind = 0; kind < UMM_VERDICT_COUNT; kind++)
        has_limit |= opts->limits.at_most[kind] >= 0;
    return has_limit || opts->is_quiet || opts->is_waiting_for_all || opts->is_counting_allocs ||
           opts->alloc_library || opts->units > 0 || opts->reports.report || opts->plot ||
           opts->has_warmup;
}

static int check_run(const struct memstat_opts *opts)
{
    const struct cli_output outputs[] = {{"--report", opts->reports.report},
                                         {"--plot", opts->plot},
                                         {"--metrics", opts->reports.metrics}};
    bool has_files = opts->n_files || opts->pool || opts->pool_root;
    if (has_choice(opts) || opts->choice.is_tree || has_files || opts->watch_ns || opts->n_times ||
        opts->format != MEMSTAT_TEXT)
        return cli_usage("--run goes with its own options and --metrics only");
    bool needs_counts = opts->limits.at_most[UMM_VERDICT_ALLOCS] >= 0 || opts->alloc_library;
    if (needs_counts && !opts->is_counting_allocs)
        return cli_usage("--max-allocs-per-sec and --alloc-library need --count-allocs");
    return cli_check_outputs(outputs, sizeof outputs / sizeof *outputs);
}

static int check_show(const struct memstat_opts *opts)
{
    bool has_files = opts->n_files || opts->pool;
    if (has_run_options(opts))
        return cli_usage("limits, reports and plots go with --run only");
    if (opts->choice.is_tree && !has_choice(opts))
        return cli_usage("--tree needs --pid or --name");
    if (opts->pool_root && !opts->pool)
        return cli_usage("--dir needs --pool");
    if (opts->n_times && !opts->watch_ns)
        return cli_usage("--count needs --watch");
    if (opts->format == MEMSTAT_CSV && has_choice(opts) && has_files)
        return cli_usage("CSV has processes or files, not both");
    return CLI_OK;
}

static int dispatch(struct memstat_opts *opts, int argc, char **argv)
{
    int exit_code = opts->is_run ? check_run(opts) : CLI_OK;
    if (exit_code)
        return exit_code;
    if (opts->is_run && optind == argc)
        return cli_usage("--run needs a command");
    if (opts->is_run)
        return memstat_run(opts, argv + optind);
    if (optind < argc)
        return cli_run_command(argc, argv, opts);
    exit_code = check_show(opts);
    return exit_code ? exit_code : memstat_show(opts);
}

/*
 * Whether --run, which may be cut to --ru, stands anywhere before the command: exit codes are
 * then timeout(1)'s, and the command's options its own.
 */
static bool asks_to_run(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--run") == 0 || strcmp(argv[i], "--ru") == 0)
            return true;
    return false;
}

static bool is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int main(int argc, char **argv)
{
    enum { OWN_FAILURE = 125 };
    const char *pool_root = getenv("UMM_POOL_DIR");
    struct memstat_opts opts = {.warmup_ns = UINT64_MAX};
    int exit_code = CLI_OK;
    opts.choice.pids = opts.pids;
    opts.choice.names = opts.names;
    for (int kind = 0; kind < UMM_VERDICT_COUNT; kind++)
        opts.limits.at_most[kind] = -1;
    opts.is_pipe_ignored = is_ignored(SIGPIPE);
    opts.is_fsize_ignored = is_ignored(SIGXFSZ);
    bool is_run = asks_to_run(argc, argv);
    cli_init(&tool);
    if (is_run)
        cli_stop_at_operand();
    if (cli_parse(argc, argv, &opts, &exit_code)) {
        if (opts.pool && !opts.pool_root)
            opts.pool_root = pool_root && *pool_root ? pool_root : UMM_POOL_ROOT;
        exit_code = dispatch(&opts, argc, argv);
    }
    return exit_code == CLI_USAGE && is_run && !opts.is_started ? OWN_FAILURE : exit_code;
}
