/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "batch/batchjob.h"
#include "batch/batchreport.h"
#include "batch/batchslurm.h"
#include "cli.h"
#include "cli_dataset.h"
#include "sys/file.h"
#include "thread/workers.h"

struct opts {
    struct umm_batchjob_options job;
    unsigned n_jobs;
    const char *quarantine;
    struct umm_shard shard;
    bool is_lock_given, is_base_given;
    uint64_t lock_limit_ns;
    const char *const *files;
    size_t n_files;
    const char *sbatch, *task; /* --slurm's options; --task's place */
    uint64_t n_tasks;
    bool is_followed;
    char **words; /* n_words of them: the program and its options */
    size_t n_words;
    char *list, *task_journal; /* of --task */
    struct cli_reports reports;
};

#define CLI_OPTS struct opts

/* As timeout(1) and env(1) have them. */
enum { OWN_FAILURE = 125 };

/* ---- values of options ----------------------------------------------------------- */

/* "50:40:2,65:60:1.5": below so many percent of memory and of processors, times the base. */
static int take_sizes(void *options, const char *value)
{
    struct umm_batchsize_options *into = options;
    enum { PERCENT = 100, FACTOR_MAX = 1000 };
    into->n_levels = 0;
    for (const char *at = value;; at++) {
        struct umm_batchsize_level *level = &into->levels[into->n_levels];
        const size_t n = strcspn(at, ","), memory = strcspn(at, ":");
        const size_t cpu = memory < n ? memory + 1 + strcspn(at + memory + 1, ":") : n;
        if (into->n_levels == UMM_BATCHSIZE_LEVELS_MAX || cpu >= n ||
            !cli_parse_number(at, memory, 0, PERCENT, &level->memory_share) ||
            !cli_parse_number(at + memory + 1, cpu - memory - 1, 0, PERCENT, &level->cpu_share) ||
            !cli_parse_number(at + cpu + 1, n - cpu - 1, 0, FACTOR_MAX, &level->factor))
            return CLI_BAD_VALUE;
        level->memory_share /= PERCENT;
        level->cpu_share /= PERCENT;
        into->n_levels++;
        at += n;
        if (!*at)
            return CLI_OK;
    }
}

/* "never", "now,fail=3", "soon,fail=10%" */
static int take_halt(void *rule, const char *value)
{
    struct umm_batch_halt_rule *into = rule;
    static const char now[] = "now,fail=", soon[] = "soon,fail=";
    const bool is_now = strncmp(value, now, strlen(now)) == 0;
    *into = (struct umm_batch_halt_rule){.when = UMM_BATCH_HALT_NEVER};
    if (strcmp(value, "never") == 0)
        return CLI_OK;
    if (!is_now && strncmp(value, soon, strlen(soon)) != 0)
        return CLI_BAD_VALUE;
    const char *number = value + strlen(is_now ? now : soon);
    const size_t n = strlen(number);
    into->when = is_now ? UMM_BATCH_HALT_NOW : UMM_BATCH_HALT_SOON;
    if (n > 0 && number[n - 1] == '%') {
        enum { PERCENT = 100 };
        if (!cli_parse_number(number, n - 1, 0, PERCENT, &into->share) || into->share <= 0)
            return CLI_BAD_VALUE;
        into->share /= PERCENT;
        return CLI_OK;
    }
    return cli_parse_count(number, 1, INT64_MAX, &into->n_failed) ? CLI_OK : CLI_BAD_VALUE;
}

static const struct cli_option options[] = {
    CLI_HEADING("Items:"),
    {'0', "null", NULL, "a zero byte ends an item, not a newline", CLI_FLAG(job.is_null)},
    {0, "shard", "I/N", "only every N-th item, from number I on",
     CLI_CALL(shard, cli_take_shard, "I/N with I from 0 to N - 1")},
    {0, "stdin", NULL, "items on COMMAND's standard input, not as arguments",
     CLI_FLAG(job.is_by_input)},
    CLI_HEADING("Batches:"),
    {0, "base", "N", "a batch has N items, times what load allows\n(default 100)",
     CLI_COUNT(job.size.base, 1, UINT64_C(1) << 40)},
    {0, "sizes", "LIST",
     "MEMORY:CPU:FACTOR,...: below so many percent in use,\nFACTOR times N (default "
     "50:40:2,65:60:1.5)",
     CLI_CALL(job.size, take_sizes, "MEMORY:CPU:FACTOR,...: two percentages and a factor")},
    {0, "max-rss", "SIZE", "sizes such that no process takes more memory",
     CLI_SIZE(job.size.max_rss_bytes, 1, INT64_MAX)},
    {'j', "jobs", "N", "N batches at once; 0: one for each processor\n(default 1)",
     CLI_COUNT(n_jobs, 0, UMM_BATCH_JOBS_MAX)},
    {0, "order", "HOW",
     "output in the order of the items, or lines as they come:\nkeep or come (default keep)",
     CLI_CHOICE(job.is_unordered, "keep|come")},
    CLI_HEADING("Items that fail:"),
    {0, "retries", "N", "try an item that fails N times more (default 0)",
     CLI_COUNT(job.n_retries, 0, INT32_MAX)},
    {0, "quarantine", "FILE", "write the items that failed, and why, to FILE",
     CLI_TEXT(quarantine)},
    {0, "halt", "WHEN",
     "never, or begin no more batches (soon), or end those that\nrun (now), after failures: "
     "soon,fail=N, now,fail=N%",
     CLI_CALL(job.halt, take_halt, "never, or soon or now and ,fail=N or ,fail=N%")},
    CLI_HEADING("Journal:"),
    {0, "journal", "FILE", "keep in FILE what is done, and go on from it", CLI_TEXT(job.journal)},
    {0, "retry-failed", NULL, "try the items again that FILE has as failed",
     CLI_FLAG(job.is_retrying)},
    {0, "lock", "HOW", "while another process has FILE: wait or fail\n(default wait)",
     CLI_CHOICE(job.lock_wait, "wait|fail"), CLI_GIVEN(is_lock_given)},
    CLI_LOCK_TIMEOUT(lock_limit_ns),
    CLI_HEADING("On many machines:"),
    {0, "slurm", "[=OPTIONS]",
     "run as an array of jobs of Slurm, with these options of\nsbatch; needs --journal, on a file "
     "system that all share",
     CLI_TEXT(sbatch)},
    {0, "tasks", "N", "with no more than N tasks (default: one for each batch)",
     CLI_COUNT(n_tasks, 1, INT32_MAX)},
    {0, "wait", NULL, "wait for the array, and take in what it did", CLI_FLAG(is_followed)},
    {0, "task", "PLACE", "what a task is run with: its list and its journal", CLI_TEXT(task)},
    CLI_HEADING("Reports:"),
    {CLI_REPORTS(reports, "verbose report metrics progress no-progress")},
    {0}};

static const struct cli_tool tool = {
    .name = "umm-batch",
    .synopsis = "[options] [FILE...] -- COMMAND [ARG...]",
    .about = "Run COMMAND with items, lines of FILEs, in batches whose size follows memory and "
             "load.\nWithout FILE, or as -, items come from standard input.",
    .options = options,
    .notes = "Exit status: 0 all items are done, 1 some failed, 2 wrong usage, 125 umm-batch "
             "failed,\n126 COMMAND cannot be run, 127 there is none."};

/* ---- what goes together ---------------------------------------------------------- */

static int check_places(const struct opts *opts)
{
    const struct cli_output outputs[] = {{"--journal", opts->job.journal},
                                         {"--quarantine", opts->quarantine},
                                         {"--report", opts->reports.report},
                                         {"--metrics", opts->reports.metrics},
                                         {"standard output", "-"}};
    enum { N_OUTPUTS = sizeof outputs / sizeof *outputs };
    int exit_code = cli_check_outputs(outputs, N_OUTPUTS);
    /* Of standard output only the name is looked at: a list may be what it is appended to. */
    for (size_t i = 0; exit_code == CLI_OK && i < opts->n_files; i++)
        exit_code = cli_check_input(opts->files[i], outputs, N_OUTPUTS);
    return exit_code;
}

/* An array of Slurm: what is of one process does not go with it. */
static int check_slurm(const struct opts *opts)
{
    if (!opts->sbatch)
        return opts->is_followed || opts->n_tasks ? cli_usage("--wait and --tasks are for --slurm")
                                                  : CLI_OK;
    if (!opts->job.journal)
        return cli_usage("--slurm needs --journal, on a file system that all nodes share");
    if (opts->shard.count)
        return cli_usage("--slurm shares the items by itself: not with --shard");
    if (opts->reports.report || opts->reports.metrics)
        return cli_usage("--report and --metrics are of a run here: not with --slurm");
    if (opts->job.halt.when != UMM_BATCH_HALT_NEVER)
        return cli_usage("--halt is of a run here: not with --slurm");
    if (opts->quarantine && !opts->is_followed)
        return cli_usage("--quarantine with --slurm needs --wait");
    return CLI_OK;
}

/* Options are those of the run that submitted it: a task has another list and journal. */
static int set_task(struct opts *opts)
{
    if (!umm_batchslurm_task_files(opts->task, &opts->list, &opts->task_journal)) {
        cli_warn("out of memory");
        return OWN_FAILURE;
    }
    opts->files = (const char *const *)&opts->list;
    opts->n_files = 1;
    opts->job.journal = opts->task_journal;
    opts->job.is_retrying = opts->is_followed = false;
    opts->sbatch = opts->quarantine = NULL;
    opts->n_tasks = 0;
    return CLI_OK;
}

static int check_opts(struct opts *opts)
{
    int exit_code = opts->task ? set_task(opts) : CLI_OK;
    if (exit_code == CLI_OK)
        exit_code = check_slurm(opts);
    if (exit_code != CLI_OK)
        return exit_code;
    if (!opts->job.journal && (opts->job.is_retrying || opts->is_lock_given))
        return cli_usage("--%s is for a journal, and there is none: give --journal",
                         opts->job.is_retrying ? "retry-failed" : "lock");
    for (size_t i = 0, n_inputs = 0; i < opts->n_files; i++) {
        n_inputs += strcmp(opts->files[i], "-") == 0;
        if (n_inputs > 1)
            return cli_usage("standard input can be read once only");
    }
    return check_places(opts);
}

/* Words after "--" are the command's; options end there. */
static bool parse_opts(struct opts *opts, int argc, char **argv, int *exit_code)
{
    static const char *const input[] = {"-"};
    int n = argc;
    for (int i = 1; i < argc && n == argc; i++)
        if (strcmp(argv[i], "--") == 0)
            n = i;
    if (!cli_parse(n, argv, opts, exit_code))
        return false;
    if (n + 1 >= argc) {
        *exit_code =
            cli_usage(n == argc ? "no COMMAND: give -- COMMAND [ARG...]" : "no COMMAND after --");
        return false;
    }
    opts->job.command = argv + n + 1;
    opts->job.envp = environ;
    opts->files = optind < n ? (const char *const *)(argv + optind) : input;
    opts->n_files = optind < n ? (size_t)(n - optind) : 1;
    opts->job.n_jobs = opts->n_jobs ? opts->n_jobs : umm_workers_count();
    opts->words = argv;
    opts->n_words = (size_t)(optind < n ? optind : n);
    *exit_code = check_opts(opts);
    return *exit_code == CLI_OK;
}

/* ---- the run --------------------------------------------------------------------- */

static void before_error(void *user)
{
    (void)user;
    cli_progress_stop();
}

static enum umm_status report(const struct opts *opts, struct umm_batchjob_result *result,
                              struct umm_error *err)
{
    struct umm_prometheus page = {.file = opts->reports.metrics};
    struct cli_report texts[] = {{.path = opts->quarantine}, {.path = opts->reports.report}};
    char line[UMM_BATCH_REPORT_LINE_MAX];
    enum umm_status status = UMM_OK;
    cli_progress_stop();
    if (opts->reports.is_verbose) {
        umm_batch_report_line(result, line);
        fprintf(stderr, "umm-batch: %s\n", line);
    }
    if (opts->quarantine)
        status =
            umm_batch_report_failures(&opts->job, result, &texts[0].text, &texts[0].len_bytes, err);
    if (!status && opts->reports.report)
        status =
            umm_batch_report_json(&opts->job, result, &texts[1].text, &texts[1].len_bytes, err);
    if (opts->reports.metrics)
        umm_batch_report_metrics(&opts->job, result, &page);
    return cli_write_reports_and_metrics(texts, sizeof texts / sizeof *texts, &page, status, err);
}

/* A tool that runs a command keeps the command's exit codes apart from its own. */
static int own_failure(const struct umm_error *err)
{
    const int exit_code = cli_fail(err);
    return exit_code == CLI_FAILED ? OWN_FAILURE : exit_code;
}

/* The words that blanks separate, in text, and NULL; the list is the caller's to free. */
static char **split_words(char *text)
{
    char **words = calloc(strlen(text) / 2 + 2, sizeof *words), *next = NULL;
    size_t n = 0;
    for (char *word = strtok_r(text, " \t\n", &next); words && word;
         word = strtok_r(NULL, " \t\n", &next))
        words[n++] = word;
    return words;
}

static enum umm_status run_array(struct opts *opts, struct umm_run *context, char *text,
                                 char **words, char *program, struct umm_batchjob_result *result,
                                 struct umm_batchslurm_result *done, struct umm_error *err)
{
    char **sbatch = text ? split_words(text) : NULL;
    if (!sbatch || !words || !program) {
        free((void *)sbatch);
        return umm_error_set_memory(err, 1, "words");
    }
    words[0] = program;
    for (size_t i = 1; i < opts->n_words; i++)
        words[i] = opts->words[i];
    const struct umm_batchslurm_options array = {.job = &opts->job,
                                                 .words = words,
                                                 .task_word = "--task=",
                                                 .options = sbatch,
                                                 .n_tasks = opts->n_tasks,
                                                 .is_followed = opts->is_followed};
    const enum umm_status status = umm_batchslurm_run(&array, context, result, done, err);
    free((void *)sbatch);
    return status;
}

/* What is left to say, and the exit code. */
static int conclude_array(const struct opts *opts, struct umm_batchjob_result *result,
                          const struct umm_batchslurm_result *done)
{
    struct cli_report quarantine = {.path = opts->quarantine};
    struct umm_error err = {.status = UMM_OK};
    if (!opts->is_followed) {
        if (done->job)
            printf("%llu\n", (unsigned long long)done->job);
        return cli_finish(CLI_OK);
    }
    enum umm_status status = opts->quarantine
                                 ? umm_batch_report_failures(&opts->job, result, &quarantine.text,
                                                             &quarantine.len_bytes, &err)
                                 : UMM_OK;
    status = cli_write_reports(&quarantine, 1, status, &err);
    if (status)
        return own_failure(&err);
    if (opts->reports.is_verbose)
        fprintf(stderr, "umm-batch: %llu of %llu items done, %llu failed; %llu tasks\n",
                (unsigned long long)result->n_done, (unsigned long long)result->n_items,
                (unsigned long long)result->n_failed, (unsigned long long)done->n_tasks);
    if (done->n_left) {
        cli_warn("job %llu ended before %llu items were done: run again to go on",
                 (unsigned long long)done->job, (unsigned long long)done->n_left);
        return OWN_FAILURE;
    }
    return cli_finish(result->n_failed ? CLI_FAILED : CLI_OK);
}

static int run_slurm(struct opts *opts, struct umm_run *context)
{
    struct umm_batchitems items;
    struct umm_batchjob_result result = {.n_items = 0};
    struct umm_batchslurm_result done;
    struct umm_error err = {.status = UMM_OK};
    if (umm_batchitems_read(opts->files, opts->n_files, opts->job.is_null, context, &items, &err))
        return own_failure(&err);
    opts->job.items = &items;
    char **words = calloc(opts->n_words + 1, sizeof *words);
    char *text = strdup(opts->sbatch), *program = umm_file_follow("/proc/self/exe");
    const enum umm_status status =
        run_array(opts, context, text, words, program, &result, &done, &err);
    const int exit_code = status ? own_failure(&err) : conclude_array(opts, &result, &done);
    free((void *)words);
    free(text);
    free(program);
    umm_batchjob_result_free(&result);
    umm_batchitems_free(&items);
    return exit_code;
}

static int run(struct opts *opts, struct umm_run *context)
{
    struct umm_batchitems items;
    struct umm_batchjob_result result;
    struct umm_error err = {.status = UMM_OK};
    if (umm_batchitems_read(opts->files, opts->n_files, opts->task || opts->job.is_null, context,
                            &items, &err))
        return own_failure(&err);
    if (opts->shard.count)
        umm_batchitems_keep(&items, &opts->shard);
    opts->job.items = &items;
    enum umm_status status = opts->job.journal && !opts->task && !opts->shard.count
                                 ? umm_batchslurm_collect(&opts->job, context, &err)
                                 : UMM_OK;
    if (status) {
        umm_batchitems_free(&items);
        return own_failure(&err);
    }
    status = umm_batchjob_run(&opts->job, context, &result, &err);
    const int command_code = result.exit_code;
    if (!status)
        status = report(opts, &result, &err);
    const bool is_complete = result.n_done == result.n_items;
    umm_batchjob_result_free(&result);
    umm_batchitems_free(&items);
    if (status) {
        const int exit_code = own_failure(&err);
        return command_code ? command_code : exit_code;
    }
    const int exit_code = cli_finish(is_complete ? CLI_OK : CLI_FAILED);
    return exit_code;
}

static bool is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int main(int argc, char **argv)
{
    struct opts opts = {.job = {.size = {.base = 100, .max_rss_bytes = UINT64_MAX},
                                .output_fd = STDOUT_FILENO,
                                .error_fd = STDERR_FILENO,
                                .before_error = before_error},
                        .n_jobs = 1};
    struct umm_run context = {0};
    int exit_code = CLI_OK;
    opts.job.is_pipe_ignored = is_ignored(SIGPIPE);
    opts.job.is_fsize_ignored = is_ignored(SIGXFSZ);
    umm_batchsize_default_levels(&opts.job.size);
    cli_init(&tool);
    if (!parse_opts(&opts, argc, argv, &exit_code))
        return exit_code;
    opts.job.scratch_dir = getenv("TMPDIR");
    context.lock_limit_ns = opts.lock_limit_ns;
    cli_test_hooks(&context);
    cli_catch_signals(&context);
    cli_progress_start_items(&context, opts.reports.progress);
    exit_code = opts.sbatch ? run_slurm(&opts, &context) : run(&opts, &context);
    free(opts.list);
    free(opts.task_journal);
    return exit_code;
}
