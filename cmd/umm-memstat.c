/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli.h"
#include "memstat.h"
#include "pool/pool.h"

enum {
    KEY_NAME = CLI_KEY_LONG,
    KEY_TREE,
    KEY_POOL,
    KEY_DIR,
    KEY_FORMAT,
    KEY_METRICS,
    KEY_COUNT,
    KEY_RUN,
    KEY_MAX_GROWTH,
    KEY_MAX_RSS,
    KEY_MAX_PSS,
    KEY_MAX_ALLOCS,
    KEY_MAX_SECONDS,
    KEY_TIMEOUT,
    KEY_WARMUP,
    KEY_WAIT_ALL,
    KEY_COUNT_ALLOCS,
    KEY_ALLOC_LIBRARY,
    KEY_UNITS,
    KEY_REPORT,
    KEY_PLOT
};

static const struct cli_key_option options[] = {
    {0, NULL, NULL, "What to show (default: the system):"},
    {'p', "pid", "PID,...", "these processes"},
    {KEY_NAME, "name", "NAME", "processes of this name; may be given again"},
    {KEY_TREE, "tree", NULL, "their descendants, too"},
    {'f', "file", "FILE", "FILE in memory, and who maps it; may be given again"},
    {KEY_POOL, "pool", "NAME", "the entries of the pool NAME in the same way"},
    {KEY_DIR, "dir", "DIR", "where pools are (default $UMM_POOL_DIR, or /dev/shm)"},
    {0, NULL, NULL, "How:"},
    {KEY_FORMAT, "format", "FORM", "text, json (a line for each thing), csv or\nprometheus"},
    {KEY_METRICS, "metrics", "FILE", "write Prometheus metrics to FILE, too"},
    {'w', "watch", "SECONDS", "again every so many seconds"},
    {KEY_COUNT, "count", "N", "N times, then end"},
    {0, NULL, NULL, "Running a command (--run [options] -- COMMAND...):"},
    {KEY_RUN, "run", NULL,
     "run COMMAND, measure it and all that it starts,\nreport on "
     "standard error"},
    {KEY_MAX_GROWTH, "max-growth", "SIZE", "FAIL if anonymous and shared memory grow by more"},
    {KEY_MAX_RSS, "max-rss", "SIZE", "FAIL if the sum of RSS is more at any time"},
    {KEY_MAX_PSS, "max-pss", "SIZE", "the same of PSS: pages that processes share\ncount once"},
    {KEY_MAX_ALLOCS, "max-allocs-per-sec", "N", "FAIL if it allocates more often"},
    {KEY_MAX_SECONDS, "max-seconds", "SECONDS", "FAIL if it runs longer"},
    {KEY_TIMEOUT, "timeout", "SECONDS",
     "FAIL, and end it with all that it started, if it\nruns longer"},
    {KEY_WARMUP, "warmup", "SECONDS",
     "growth counts from then on; N% is a share of the\nrun "
     "(default 20%)"},
    {KEY_WAIT_ALL, "wait-all", NULL, "measure until the last process it left has ended"},
    {KEY_COUNT_ALLOCS, "count-allocs", NULL, "count its allocations"},
    {KEY_ALLOC_LIBRARY, "alloc-library", "FILE", "the library that counts, if it is elsewhere"},
    {KEY_UNITS, "units", "N", "it does N units of work: growth and allocations for\neach, too"},
    {KEY_REPORT, "report", "FILE", "write all figures and samples to FILE, as JSON"},
    {KEY_PLOT, "plot", "FILE", "draw memory over time to FILE, as SVG"},
    {'q', "quiet", NULL, "print nothing but the limits that were not kept"},
    {0, NULL, NULL, NULL}};

static const struct cli_command commands[] = {
    {"snapshot", "FILE", "pid name tree", "keep the memory of the chosen processes, by mapping",
     memstat_snapshot},
    {"compare", "A B", "format", "what grew from snapshot A to B, most first", memstat_compare},
    {NULL, NULL, NULL, NULL, NULL}};

static const struct cli_tool tool = {
    .name = "umm-memstat",
    .synopsis = "[options] [COMMAND | --run [limits] -- PROGRAM [ARGUMENT...]]",
    .about = "Show the memory of the system, of processes and of files, or of a program that is "
             "run.",
    .key_options = options,
    .commands = commands};

/* ---- options ------------------------------------------------------------- */

/* A plain decimal number from 0 on; false for anything else. */
static bool parse_number(const char *text, size_t len, double max, double *out)
{
    return len > 0 && text[0] != '-' && umm_num_parse_f64(text, len, '.', out) == UMM_NUM_OK &&
           *out <= max;
}

static bool parse_seconds(const char *text, double min, double *out)
{
    const double max = 1e8; /* three years */
    return parse_number(text, strlen(text), max, out) && *out >= min;
}

/* "10" or "0.5" seconds, or "20%". */
static int set_warmup(struct memstat_opts *opts, const char *value)
{
    size_t len = strlen(value);
    double number;
    opts->has_warmup = true;
    if (len > 1 && value[len - 1] == '%' && parse_number(value, len - 1, 99, &number)) {
        opts->warmup_share = number / 100;
        opts->warmup_ns = UINT64_MAX;
        return CLI_OK;
    }
    if (!parse_seconds(value, 0, &number))
        return cli_bad_value("warmup", "seconds, or a percentage up to 99%", value);
    opts->warmup_ns = (uint64_t)llround(number * 1e9);
    return CLI_OK;
}

static int add_pids(struct memstat_opts *opts, const char *value)
{
    char *copy = strdup(value), *rest = copy;
    int exit_code = CLI_OK;
    if (!copy) {
        cli_warn("out of memory");
        return CLI_FAILED;
    }
    for (char *word; !exit_code && (word = strsep(&rest, ","));) {
        uint64_t pid;
        if (!cli_parse_count(word, 1, INT32_MAX, &pid))
            exit_code = cli_bad_value("pid", "numbers of processes, separated by commas", value);
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
        return cli_bad_value(name, "a name", value);
    list[(*n)++] = value;
    return CLI_OK;
}

static int set_limit(struct memstat_opts *opts, enum umm_verdict_kind kind, int key,
                     const char *value)
{
    double *limit = &opts->limits.at_most[kind];
    uint64_t n;
    if (key == KEY_MAX_SECONDS)
        return parse_seconds(value, 0, limit) ? CLI_OK
                                              : cli_bad_value("max-seconds", "seconds", value);
    if (key == KEY_TIMEOUT)
        return parse_seconds(value, 0.001, limit)
                   ? CLI_OK
                   : cli_bad_value("timeout", "seconds, 0.001 or more", value);
    if (key == KEY_MAX_ALLOCS)
        return parse_number(value, strlen(value), 1e15, limit)
                   ? CLI_OK
                   : cli_bad_value("max-allocs-per-sec", "a number", value);
    if (!cli_parse_size(value, 0, INT64_MAX, &n))
        return cli_bad_value(key == KEY_MAX_RSS   ? "max-rss"
                             : key == KEY_MAX_PSS ? "max-pss"
                                                  : "max-growth",
                             "a number of bytes, or one with K, M, G or T", value);
    *limit = (double)n;
    return CLI_OK;
}

static int set_watch(struct memstat_opts *opts, const char *value)
{
    double seconds;
    if (!parse_seconds(value, 0.001, &seconds))
        return cli_bad_value("watch", "seconds, 0.001 or more", value);
    opts->watch_ns = (uint64_t)llround(seconds * 1e9);
    return CLI_OK;
}

static int set_format(struct memstat_opts *opts, const char *value)
{
    static const char *const formats[] = {"text", "json", "csv", "prometheus", NULL};
    int choice = cli_parse_choice_of(value, formats);
    if (choice < 0)
        return cli_bad_value("format", "text, json, csv or prometheus", value);
    opts->format = (enum memstat_format)choice;
    return CLI_OK;
}

/* CLI_OK, or the exit code after a message. */
static int set_option(void *user, int key, const char *value)
{
    struct memstat_opts *opts = user;
    switch (key) {
    case 'p': return add_pids(opts, value);
    case KEY_NAME: return add_text(opts->names, &opts->choice.n_names, "name", value);
    case KEY_TREE: opts->choice.is_tree = true; return CLI_OK;
    case 'f': return add_text(opts->files, &opts->n_files, "file", value);
    case KEY_POOL: opts->pool = value; return CLI_OK;
    case KEY_DIR: opts->pool_root = value; return CLI_OK;
    case KEY_FORMAT: return set_format(opts, value);
    case KEY_METRICS: opts->metrics = value; return CLI_OK;
    case 'w': return set_watch(opts, value);
    case KEY_COUNT:
        if (cli_parse_count(value, 1, INT64_MAX, &opts->n_times))
            return CLI_OK;
        return cli_bad_value("count", "a number from 1 on", value);
    case KEY_RUN: opts->is_run = true; return CLI_OK;
    case KEY_MAX_GROWTH: return set_limit(opts, UMM_VERDICT_GROWTH, key, value);
    case KEY_MAX_RSS: return set_limit(opts, UMM_VERDICT_RSS, key, value);
    case KEY_MAX_PSS: return set_limit(opts, UMM_VERDICT_PSS, key, value);
    case KEY_MAX_ALLOCS: return set_limit(opts, UMM_VERDICT_ALLOCS, key, value);
    case KEY_MAX_SECONDS: return set_limit(opts, UMM_VERDICT_SECONDS, key, value);
    case KEY_TIMEOUT: return set_limit(opts, UMM_VERDICT_TIMEOUT, key, value);
    case KEY_WARMUP: return set_warmup(opts, value);
    case KEY_WAIT_ALL: opts->is_waiting_for_all = true; return CLI_OK;
    case KEY_COUNT_ALLOCS: opts->is_counting_allocs = true; return CLI_OK;
    case KEY_ALLOC_LIBRARY: opts->alloc_library = value; return CLI_OK;
    case KEY_UNITS:
        if (parse_number(value, strlen(value), 1e15, &opts->units) && opts->units > 0)
            return CLI_OK;
        return cli_bad_value("units", "a number above 0", value);
    case KEY_REPORT: opts->report = value; return CLI_OK;
    case KEY_PLOT: opts->plot = value; return CLI_OK;
    default: opts->is_quiet = true; return CLI_OK;
    }
}

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
           opts->alloc_library || opts->units > 0 || opts->report || opts->plot || opts->has_warmup;
}

static int check_run(const struct memstat_opts *opts)
{
    const struct cli_output outputs[] = {
        {"--report", opts->report}, {"--plot", opts->plot}, {"--metrics", opts->metrics}};
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
    if (cli_parse_keys(argc, argv, set_option, &opts, &exit_code)) {
        if (opts.pool && !opts.pool_root)
            opts.pool_root = pool_root && *pool_root ? pool_root : UMM_POOL_ROOT;
        exit_code = dispatch(&opts, argc, argv);
    }
    return exit_code == CLI_USAGE && is_run && !opts.is_started ? OWN_FAILURE : exit_code;
}
