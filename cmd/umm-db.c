/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli.h"
#include "cli_dataset.h"
#include "cli_text.h"
#include "db/dbjob.h"
#include "db/dbreport.h"
#include "sys/outfile.h"

struct opts {
    struct umm_dbjob_options job;
    struct cli_dataset dataset; /* push: arrays by name; from and to for all */
    struct umm_timeframe timeframe;
    bool has_timeframe;
    bool is_many;
    struct cli_reports reports;
    struct umm_run run;
    char *place; /* with its password */
};
#define CLI_OPTS struct opts

static const struct cli_option options[] = {
    {0, "columns", "LIST",
     "which columns: NAME or NAME=COLUMN, separated by commas,\nNAME being the array's (or a "
     "number from 0), COLUMN the\ntable's (default: all of both, by name)",
     CLI_TEXT(job.rows.columns)},
    {0, "symbol", "NAME", "whose rows they are, in a table of many", CLI_TEXT(job.series.symbol)},
    {0, "timeframe", "SPAN", "and the distance between bars, such as 1m or 4h",
     CLI_CALL(timeframe, cli_take_timeframe, "a number and s, m, h, d, w or mo"),
     CLI_GIVEN(has_timeframe)},
    {0, "time-unit", "UNIT",
     "s, ms, us or ns: what times of a fresh array count, and\nwhole numbers of a table that does "
     "not say it",
     CLI_CHOICE(job.rows.unit, "s|ms|us|ns"), CLI_GIVEN(job.rows.has_unit)},
    {.help = "only rows of these times", CLI_DATASETS(dataset, "from to")},
    {0, "lock", "HOW", "wait for another writer, or fail (default wait)",
     CLI_CHOICE(job.lock_wait, "wait|fail")},
    CLI_LOCK_TIMEOUT(run.lock_limit_ns),
    CLI_HEADING("push:"),
    {CLI_DATASETS(dataset, "root symbols symbols-from timeframes missing shard")},
    {0, "create", "HOW", "yes or no: make a table that is not there (default yes)",
     CLI_CHOICE(job.is_unmade, "yes|no")},
    {0, "time-as", "HOW",
     "instant or count: what a new table in PostgreSQL has for\ntimes, timestamptz or bigint "
     "(default instant)",
     CLI_CHOICE(job.rows.is_counted, "instant|count")},
    {0, "on-revision", "HOW",
     "error, keep or replace, for rows that differ from the\ntable's (default error; pull: error "
     "or keep)",
     CLI_CHOICE(job.revision, "error|keep|replace")},
    {.help = "text: as for umm-convert",
     CLI_TEXTS(job.source.text.reading,
               "layout thousands numbers time-format time-unit-in tz where one-series whole-lines "
               "members max-unpacked max-ratio")},
    {0, "bad-rows", "HOW", "text: fail or skip (default fail)",
     CLI_CHOICE(job.source.text.bad_rows, "fail|skip")},
    CLI_HEADING("pull:"),
    {'o', "output", "FILE", "write the array to FILE (default -)", CLI_TEXT(job.output)},
    {0, "append", NULL, "add what is newer to an array that is there", CLI_FLAG(job.is_append)},
    {0, "struct", NULL, "an array of records, also of the six usual columns",
     CLI_FLAG(job.rows.is_struct)},
    {0, "plain", NULL, "an array of doubles, also of other columns", CLI_FLAG(job.rows.is_plain)},
    {0, "sync", NULL, "make a fresh array survive a power cut", CLI_FLAG(job.is_synced)},
    CLI_HEADING("Reports:"),
    {CLI_REPORTS(reports, "verbose json metrics progress no-progress")},
    {0}};

/* ---- what goes together -------------------------------------------------------------------- */

/* The place goes out of the list of processes, as it may have a password. */
static int take_place(struct opts *opts, char **operands)
{
    opts->job.table = operands[1];
    opts->place = strdup(operands[0]);
    if (!opts->place) {
        struct umm_error err;
        umm_error_set_memory(&err, strlen(operands[0]), "a place");
        return cli_fail(&err);
    }
    opts->job.place = opts->place;
    umm_db_hide_password(operands[0]);
    return CLI_OK;
}

static int check_job(struct opts *opts, const char *command, const char *const *inputs,
                     size_t n_inputs)
{
    const struct umm_timerange *range = &opts->dataset.range;
    const struct cli_output outputs[] = {{"--output", opts->job.output},
                                         {"--metrics", opts->reports.metrics},
                                         {"--json", opts->reports.is_json ? "-" : NULL}};
    const size_t n_outputs = sizeof outputs / sizeof *outputs;
    const char *const file = strncmp(opts->place, "sqlite:", 7) == 0 ? opts->place + 7 : NULL;
    if (!umm_db_is_place(opts->place))
        return cli_usage("%s: PLACE is sqlite:FILE, postgresql://HOST/NAME, or a connection string "
                         "of libpq",
                         command);
    if (!opts->has_timeframe != !opts->job.series.symbol)
        return cli_usage("--symbol and --timeframe go together");
    if (opts->has_timeframe)
        opts->job.series.timeframe = opts->timeframe.name;
    if (range->has_from && range->has_to && umm_arraycolumn_compare(&range->to, &range->from) < 0)
        return cli_usage("--to is before --from");
    opts->job.range = *range;
    int code = cli_check_outputs(outputs, n_outputs);
    if (code == CLI_OK && file)
        code = cli_check_input(file, outputs, n_outputs);
    for (size_t i = 0; i < n_inputs && code == CLI_OK; i++)
        code = cli_check_input(inputs[i], outputs, n_outputs);
    return code;
}

/* ---- reports ------------------------------------------------------------------------------- */

static enum umm_status report(const struct opts *opts, const char *command,
                              const struct umm_dbjob_result *result,
                              const struct umm_dbjob_verdict *verdict, struct umm_error *err)
{
    struct umm_prometheus page = {.file = opts->reports.metrics};
    char line[UMM_DBREPORT_LINE_MAX], *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    cli_progress_stop();
    if (verdict) {
        umm_dbreport_verdict(&opts->job, result, verdict, line);
        if (!opts->reports.is_json)
            puts(line);
    } else if (opts->reports.is_verbose) {
        umm_dbreport_line(&opts->job, result, strcmp(command, "pull") == 0, line);
        fprintf(stderr, "%s\n", line);
    }
    if (opts->reports.is_json)
        status = umm_dbreport_json(&opts->job, result, verdict, opts->is_many, &text, &len, err);
    status = cli_write_json(&opts->reports, text, len, status, err);
    if (status || !opts->reports.metrics)
        return status;
    umm_dbreport_metrics(command, result, !verdict || umm_dbreport_is_pass(verdict), &page);
    return cli_write_metrics(&page, UMM_OK, err);
}

/* ---- commands ------------------------------------------------------------------------------ */

static int push_inputs(struct opts *opts, const char *const *inputs, size_t n_inputs)
{
    struct umm_dbjob_result result;
    struct umm_error err = {.status = UMM_OK};
    cli_progress_start(&opts->run, opts->reports.progress);
    enum umm_status status =
        umm_dbjob_push(&opts->job, inputs, n_inputs, &opts->run, &result, &err);
    if (!status)
        status = report(opts, "push", &result, NULL, &err);
    if (status)
        return cli_fail(&err);
    return cli_finish(result.n_rejected ? CLI_REJECTED : CLI_OK);
}

/* ROOT/SYMBOL/TIMEFRAME.npy: the symbol, as the market writes it. */
static enum umm_status name_series(struct opts *opts, const struct umm_dataset *dataset,
                                   char symbol[UMM_DATASET_SYMBOL_MAX + 1], struct umm_error *err)
{
    const char *end = strrchr(dataset->path, '/'), *begin = end;
    while (begin > dataset->path && begin[-1] != '/')
        begin--;
    opts->job.series = (struct umm_db_series){symbol, dataset->timeframe.name};
    return umm_dataset_symbol_of_name(begin, (size_t)(end - begin), symbol, err);
}

/* Each by itself: one that fails is told, and the others go on. */
static int push_datasets(struct opts *opts, const struct umm_dataset_list *list)
{
    struct umm_prometheus page = {.file = opts->reports.metrics};
    struct umm_error err = {.status = UMM_OK};
    size_t n_failed = 0;
    enum umm_status status = UMM_OK;
    opts->reports.metrics = NULL; /* one page for all */
    opts->is_many = true;
    for (size_t i = 0; i < list->n && status != UMM_ERR_CANCELLED; i++) {
        char symbol[UMM_DATASET_SYMBOL_MAX + 1];
        struct umm_dbjob_result result;
        const char *const input = list->items[i].path;
        status = name_series(opts, &list->items[i], symbol, &err);
        if (!status)
            status = umm_dbjob_push(&opts->job, &input, 1, &opts->run, &result, &err);
        if (!status)
            status = report(opts, "push", &result, NULL, &err);
        if (status && status != UMM_ERR_CANCELLED)
            cli_warn_error(&err);
        n_failed += status != UMM_OK;
    }
    if (status == UMM_ERR_CANCELLED)
        return cli_fail(&err);
    if (page.file) {
        const char *root = opts->dataset.root ? opts->dataset.root : getenv("UMM_ROOT");
        umm_prometheus_outputs(&page, "umm-db", root, list->n, n_failed);
        if (cli_write_metrics(&page, UMM_OK, &err))
            return cli_fail(&err);
    }
    return cli_finish(n_failed ? CLI_FAILED : list->n_missing ? CLI_REJECTED : CLI_OK);
}

static int run_datasets(struct opts *opts, int n, char **operands)
{
    struct umm_dataset_list list;
    int code = opts->job.series.symbol || opts->has_timeframe
                   ? cli_usage("--symbol and --timeframe name a file's rows: datasets have theirs")
                   : cli_dataset_list(&opts->dataset, operands + 2, (size_t)n - 2, &list);
    if (code != CLI_OK)
        return code;
    code = check_job(opts, "push", NULL, 0);
    if (code == CLI_OK)
        code = push_datasets(opts, &list);
    umm_dataset_list_free(&list);
    return code;
}

static int run_push(void *user, int n, char **operands)
{
    static const char *const standard_input[] = {"-"};
    struct opts *opts = user;
    const char *const *inputs = n > 2 ? (const char *const *)(operands + 2) : standard_input;
    const size_t n_inputs = n > 2 ? (size_t)n - 2 : 1;
    int code = take_place(opts, operands);
    if (code == CLI_OK && cli_dataset_is_named(&opts->dataset))
        return run_datasets(opts, n, operands);
    if (code == CLI_OK && opts->dataset.shard.count)
        code = cli_usage("--shard is for datasets by name: INPUTs are pushed as one");
    if (code == CLI_OK)
        code = check_job(opts, "push", inputs, n_inputs);
    return code == CLI_OK ? push_inputs(opts, inputs, n_inputs) : code;
}

static int run_pull(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_dbjob_result result;
    struct umm_error err = {.status = UMM_OK};
    (void)n;
    if (!opts->job.output)
        opts->job.output = "-";
    int code = take_place(opts, operands);
    if (code == CLI_OK)
        code = check_job(opts, "pull", NULL, 0);
    if (code == CLI_OK && opts->job.revision == UMM_DB_REVISION_REPLACE)
        code = cli_usage("pull: --on-revision is error or keep: rows of an array are not replaced");
    if (code == CLI_OK && opts->job.is_append && strcmp(opts->job.output, "-") == 0)
        code = cli_usage("--append needs -o FILE");
    if (code != CLI_OK)
        return code;
    cli_progress_start(&opts->run, opts->reports.progress);
    enum umm_status status = umm_dbjob_pull(&opts->job, &opts->run, &result, &err);
    if (!status)
        status = report(opts, "pull", &result, NULL, &err);
    return cli_end(status, &err);
}

static enum umm_status tell_entry(void *user, const struct umm_dbjob_entry *entry,
                                  struct umm_error *err)
{
    const struct opts *opts = user;
    char *text = NULL;
    enum umm_status status =
        umm_dbreport_entry(&opts->job, entry, opts->reports.is_json, &text, err);
    if (!status)
        fputs(text, stdout);
    free(text);
    return status;
}

static int run_stat(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_dbjob_result result;
    struct umm_error err = {.status = UMM_OK};
    (void)n;
    int code = take_place(opts, operands);
    if (code == CLI_OK)
        code = check_job(opts, "stat", NULL, 0);
    if (code != CLI_OK)
        return code;
    return cli_end(umm_dbjob_stat(&opts->job, tell_entry, opts, &opts->run, &result, &err), &err);
}

static int run_verify(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_dbjob_result result;
    struct umm_dbjob_verdict verdict;
    struct umm_error err = {.status = UMM_OK};
    const char *input = n > 2 ? operands[2] : "-";
    int code = take_place(opts, operands);
    if (code == CLI_OK)
        code = check_job(opts, "verify", &input, 1);
    if (code != CLI_OK)
        return code;
    cli_progress_start(&opts->run, opts->reports.progress);
    enum umm_status status =
        umm_dbjob_verify(&opts->job, input, &opts->run, &result, &verdict, &err);
    if (!status)
        status = report(opts, "verify", &result, &verdict, &err);
    if (status)
        return cli_fail(&err);
    return cli_finish(umm_dbreport_is_pass(&verdict) ? CLI_OK : CLI_FAILED);
}

/* ---- the tool ------------------------------------------------------------------------------ */

#define TEXT_OPTIONS                                                                               \
    "layout thousands numbers time-format time-unit-in tz where one-series whole-lines bad-rows "

static const struct cli_command commands[] = {
    {"push", "PLACE TABLE [INPUT...]",
     "columns symbol timeframe time-unit from to lock lock-timeout root symbols symbols-from "
     "timeframes missing shard create time-as on-revision " TEXT_OPTIONS
     "members max-unpacked max-ratio json metrics progress no-progress verbose",
     "add rows that are newer than the table's, in one transaction,\nand compare the last 1,000 "
     "that it has: of .npy files,\narchives, text or standard input",
     run_push},
    {"pull", "PLACE TABLE",
     "columns symbol timeframe time-unit from to where lock lock-timeout on-revision output append "
     "struct plain sync json metrics progress no-progress verbose",
     "write rows as an .npy array, or add those that are newer", run_pull},
    {"stat", "PLACE TABLE", "time-unit json", "print how many rows there are, from when to when",
     run_stat},
    {"verify", "PLACE TABLE [INPUT]",
     "columns symbol timeframe time-unit from to " TEXT_OPTIONS
     "members max-unpacked max-ratio json metrics progress no-progress",
     "compare every row of INPUT with the table's, to the bit", run_verify},
    {NULL, NULL, NULL, NULL, NULL}};

static const struct cli_tool tool = {
    .name = "umm-db",
    .synopsis = "COMMAND PLACE TABLE [...] [options]",
    .about = "Keep arrays and tables of databases in step. PLACE is sqlite:FILE, a URI such as\n"
             "postgresql://HOST/NAME, or a connection string of libpq.",
    .options = options,
    .notes = "Exit status: 0 done, 1 failed (the table is as before) or not verified, 2 wrong "
             "usage,\n3 done but rows rejected.",
    .commands = commands};

int main(int argc, char **argv)
{
    struct opts opts = {.job = {.source = {.text = {.order = UMM_ORDER_CHECK}}}};
    int exit_code = CLI_OK;
    opts.job.source.text.reading.schema.time_unit = UMM_TIME_MS;
    cli_init(&tool);
    if (!cli_parse(argc, argv, &opts, &exit_code))
        return exit_code;
    opts.job.pool_root = cli_pool_root();
    opts.job.scratch_dir = opts.job.source.text.scratch_dir = getenv("TMPDIR");
    cli_catch_signals(&opts.run);
    exit_code = cli_run_command(argc, argv, &opts);
    free(opts.place);
    return exit_code;
}
