/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "net/socket.h"
#include "watch/watchjob.h"
#include "watch/watchreport.h"

enum clock { CLOCK_LIVE, CLOCK_INPUT };

struct opts {
    struct umm_watch_options job;
    enum clock clock;
    const char *listen;
    uint32_t socket_mode;
    bool is_mode_given, is_unknown_ignored, is_lock_given, is_batch_given, is_delay_given;
    uint64_t max_delay_ns, lock_limit_ns;
    struct cli_reports reports;
};

#define CLI_OPTS struct opts

/* ---- values of options ----------------------------------------------------------- */

enum { NS_PER_MS = 1000000 };
#define UNIX "unix:"

/* A time of whole milliseconds. */
static bool parse_ms(const char *text, size_t len, int64_t *ms)
{
    char copy[32];
    uint64_t ns;
    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (!cli_parse_duration(copy, &ns) || ns % NS_PER_MS != 0)
        return false;
    *ms = (int64_t)(ns / NS_PER_MS);
    return true;
}

/* "0.8:100ms,0:5s": what falls, the last one being 0, which takes all that is left. */
static int take_levels(void *rules, const char *value)
{
    struct umm_watch_rules *into = rules;
    into->n_levels = 0;
    for (const char *at = value;; at++) {
        struct umm_watch_level *level = &into->levels[into->n_levels];
        const size_t n = strcspn(at, ","), above = strcspn(at, ":");
        if (into->n_levels == UMM_WATCH_LEVELS_MAX || above >= n ||
            !cli_parse_number(at, above, 0, 1, &level->above) ||
            !parse_ms(at + above + 1, n - above - 1, &level->interval_ms) ||
            (into->n_levels > 0 &&
             (level->above >= level[-1].above || level->interval_ms < level[-1].interval_ms)))
            return CLI_BAD_VALUE;
        into->n_levels++;
        at += n;
        if (*at)
            continue;
        if (level->above != 0)
            return CLI_BAD_VALUE;
        level->above = -1;
        return CLI_OK;
    }
}

static int take_closed(void *closed_ms, const char *value)
{
    if (strcmp(value, "forget") == 0) {
        *(int64_t *)closed_ms = INT64_MAX;
        return CLI_OK;
    }
    return parse_ms(value, strlen(value), closed_ms) ? CLI_OK : CLI_BAD_VALUE;
}

static int take_fields(void *fields, const char *value)
{
    struct umm_error err;
    return umm_look_fields_parse(value, fields, &err) == UMM_OK ? CLI_OK : CLI_BAD_VALUE;
}

static const struct cli_option options[] = {
    CLI_HEADING("Events:"),
    {0, "clock", "WHICH",
     "live: looks when they are due; input: a replay by the\ntimes of the events (default live)",
     CLI_CHOICE(clock, "live|input")},
    {0, "follow", NULL, "FILE grows: go on with what is added", CLI_FLAG(job.is_follow)},
    {0, "keep", NULL, "go on after the end of the input, until a signal", CLI_FLAG(job.is_kept)},
    {0, "listen", "unix:PATH", "take events from all connections to a socket at PATH",
     CLI_TEXT(listen)},
    {0, "socket-mode", "MODE", "who may connect (default 0600)",
     CLI_CALL(socket_mode, cli_take_mode, "an octal mode such as 0660"), CLI_GIVEN(is_mode_given)},
    {0, "bad-events", "HOW", "error or skip: tell each, exit 3 (default error)",
     CLI_CHOICE(job.is_skipping, "error|skip")},
    {0, "unknown-columns", "HOW", "columns that no event has: error or ignore\n(default error)",
     CLI_CHOICE(is_unknown_ignored, "error|ignore")},
    CLI_HEADING("Who is looked at when:"),
    {0, "levels", "LIST",
     "RISK:TIME, risks falling to 0: the time to the next look\nabove each risk (default "
     "0.8:100ms,0.5:500ms,0.2:2s,0:5s)",
     CLI_CALL(job.rules, take_levels,
              "RISK:TIME,...: risks that fall to 0, times in whole milliseconds that do not fall")},
    {0, "closed", "TIME", "the same for closed positions, or forget (default 1h)",
     CLI_CALL(job.rules.closed_ms, take_closed, "a time in whole milliseconds, or forget")},
    {0, "max-positions", "N", "room for N positions (default 1000000)",
     CLI_COUNT(job.rules.max_positions, 1, UMM_WATCH_COUNT_MAX)},
    {0, "max-symbols", "N", "room for N symbols (default 100000)",
     CLI_COUNT(job.rules.max_symbols, 1, UMM_WATCH_COUNT_MAX)},
    CLI_HEADING("Looks:"),
    {0, "fields", "LIST",
     "which fields, in which order: of time_ms, id, symbol,\nrisk, interval_ms, late_us (default: "
     "all)",
     CLI_CALL(job.fields, take_fields,
              "names of time_ms, id, symbol, risk, interval_ms and late_us, each once")},
    {0, "header", NULL, "a first line with the names", CLI_FLAG(job.has_header)},
    {0, "batch-size", "N", "COMMAND: up to N looks at once (default 32)",
     CLI_COUNT(job.batch_size, 1, 65536), CLI_GIVEN(is_batch_given)},
    {0, "max-delay", "TIME", "COMMAND: a look may wait for others so long\n(default: not at all)",
     CLI_SPAN(max_delay_ns), CLI_GIVEN(is_delay_given)},
    CLI_HEADING("State:"),
    {0, "state", "FILE", "keep positions and prices in FILE, and go on from it",
     CLI_TEXT(job.state)},
    {0, "sync", NULL, "events survive a power cut before their looks go out",
     CLI_FLAG(job.is_synced)},
    {0, "checkpoint", "TIME", "write FILE anew so often (default 1m)", CLI_SPAN(job.checkpoint_ns)},
    {0, "lock", "HOW", "while another process has FILE: wait or fail\n(default wait)",
     CLI_CHOICE(job.lock_wait, "wait|fail"), CLI_GIVEN(is_lock_given)},
    CLI_LOCK_TIMEOUT(lock_limit_ns),
    CLI_HEADING("Reports:"),
    {CLI_REPORTS(reports, "verbose report metrics")},
    {0}};

static const struct cli_tool tool = {
    .name = "umm-watch",
    .synopsis = "[options] [FILE] [-- COMMAND [ARG...]]",
    .about = "Say which positions are to be looked at now, more often the more they are at risk. "
             "FILE has\nevents (open, price, close) as CSV with a header or JSON lines; none, or "
             "-, is standard\ninput. Looks are lines on standard output, or batches for COMMAND.",
    .options = options,
    .notes =
        "Exit status: 0 done, 1 failed (or COMMAND did), 2 wrong usage, 3 done but events were "
        "skipped,\n126 COMMAND cannot be run, 127 there is none."};

/* ---- what goes together ---------------------------------------------------------- */

static int check_outputs(const struct opts *opts)
{
    const struct cli_output outputs[] = {{"--state", opts->job.state},
                                         {"--report", opts->reports.report},
                                         {"--metrics", opts->reports.metrics},
                                         {"standard output", opts->job.command ? NULL : "-"}};
    enum { N_OUTPUTS = sizeof outputs / sizeof *outputs };
    const int exit_code = cli_check_outputs(outputs, N_OUTPUTS);
    return exit_code != CLI_OK || !opts->job.input
               ? exit_code
               : cli_check_input(opts->job.input, outputs, N_OUTPUTS);
}

static int check_job(struct opts *opts, int n_operands, char **operands)
{
    struct umm_watch_options *job = &opts->job;
    if (n_operands > 1)
        return cli_usage("one FILE at a time");
    job->input = n_operands ? operands[0] : opts->listen ? NULL : "-";
    job->is_input_clock = opts->clock == CLOCK_INPUT;
    if (job->is_input_clock && (opts->listen || job->is_follow || job->is_kept))
        return cli_usage("--%s is for live looks, and --clock=input is none",
                         opts->listen     ? "listen"
                         : job->is_follow ? "follow"
                                          : "keep");
    if (opts->listen &&
        (strncmp(opts->listen, UNIX, strlen(UNIX)) != 0 || strlen(opts->listen) == strlen(UNIX)))
        return cli_bad_value("listen", "unix:PATH", opts->listen);
    if (opts->is_mode_given && !opts->listen)
        return cli_usage("--socket-mode is for a socket, and there is none: give --listen");
    if (job->is_follow && (!job->input || strcmp(job->input, "-") == 0))
        return cli_usage("--follow is for a FILE, and there is none");
    job->is_lenient = opts->is_unknown_ignored;
    if (opts->max_delay_ns % NS_PER_MS != 0)
        return cli_usage("--max-delay takes whole milliseconds");
    job->max_delay_ms = opts->max_delay_ns / NS_PER_MS;
    if (!job->command && (opts->is_batch_given || opts->is_delay_given))
        return cli_usage("--%s is for a COMMAND, and there is none",
                         opts->is_batch_given ? "batch-size" : "max-delay");
    if (job->command && job->has_header)
        return cli_usage("--header is for looks on standard output, not for a COMMAND");
    if (!job->state && (job->is_synced || job->checkpoint_ns || opts->is_lock_given))
        return cli_usage("--%s is for a state, and there is none: give --state",
                         job->is_synced       ? "sync"
                         : job->checkpoint_ns ? "checkpoint"
                                              : "lock");
    return check_outputs(opts);
}

/* Words after "--" are the command's; options end there. */
static bool parse_opts(struct opts *opts, int argc, char **argv, int *exit_code)
{
    int n = argc;
    for (int i = 1; i < argc && n == argc; i++)
        if (strcmp(argv[i], "--") == 0)
            n = i;
    if (!cli_parse(n, argv, opts, exit_code))
        return false;
    if (n < argc) {
        opts->job.command = argv + n + 1;
        opts->job.envp = environ;
    }
    if (n + 1 == argc)
        *exit_code = cli_usage("no COMMAND after --");
    else
        *exit_code = check_job(opts, n - optind, argv + optind);
    return *exit_code == CLI_OK;
}

/* ---- the run --------------------------------------------------------------------- */

static void tell(void *user, const struct umm_error *err)
{
    (void)user;
    cli_warn_error(err);
}

static enum umm_status report(const struct opts *opts, const struct umm_watch_result *result,
                              struct umm_error *err)
{
    struct umm_prometheus page = {.file = opts->reports.metrics};
    char line[UMM_WATCH_LINE_MAX];
    char *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    if (opts->reports.is_verbose) {
        umm_watch_report_line(&opts->job, result, line);
        fprintf(stderr, "umm-watch: %s\n", line);
    }
    if (opts->reports.report)
        status = umm_watch_report_json(&opts->job, result, false, &text, &len, err);
    status = cli_write_json(&opts->reports, text, len, status, err);
    if (!status && opts->reports.metrics) {
        umm_watch_report_metrics(&opts->job, result, &page);
        status = cli_write_metrics(&page, status, err);
    }
    return status;
}

/*
 * A signal ends a live watch as it should end: its reports are written like those of any other. It
 * cuts a replay short.
 */
static int run(struct opts *opts, struct umm_run *context)
{
    struct umm_socket sock = {.fd = -1};
    struct umm_watch_result result;
    struct umm_error err = {.status = UMM_OK}, late = {.status = UMM_OK};
    if (opts->listen &&
        umm_socket_listen(&sock, opts->listen + strlen(UNIX), opts->socket_mode, &err) != UMM_OK)
        return cli_fail(&err);
    opts->job.listen_fd = sock.fd;
    const enum umm_status status = umm_watch_run(&opts->job, context, &result, &err);
    umm_socket_close(&sock);
    const bool is_done = !status || (status == UMM_ERR_CANCELLED && !opts->job.is_input_clock);
    const enum umm_status last = is_done ? report(opts, &result, &late) : UMM_OK;
    if (last)
        return cli_fail(&late);
    if (status) {
        const int exit_code = cli_fail(&err);
        return result.exit_code ? result.exit_code : exit_code;
    }
    if (result.n_failed_commands)
        return cli_finish(CLI_FAILED);
    return cli_finish(result.n_bad ? CLI_REJECTED : CLI_OK);
}

int main(int argc, char **argv)
{
    struct opts opts = {.job = {.listen_fd = -1, .out_fd = STDOUT_FILENO}, .socket_mode = 0600};
    struct umm_run context = {0};
    int exit_code = CLI_OK;
    cli_init(&tool);
    if (!parse_opts(&opts, argc, argv, &exit_code))
        return exit_code;
    opts.job.scratch_dir = getenv("TMPDIR");
    opts.job.out_path = "standard output";
    opts.job.tell = tell;
    context.lock_limit_ns = opts.lock_limit_ns;
    cli_test_hooks(&context);
    cli_catch_signals(&context);
    return run(&opts, &context);
}
