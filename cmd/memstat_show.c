/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "cli.h"
#include "memstat.h"
#include "pool/pool.h"
#include "probe/snapshot.h"
#include "probe/views.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "text/size.h"
#include "text/spark.h"
#include "time/time.h"

enum { HISTORY_MAX = 60 };

/* What is on show: tables that are empty where nothing of the kind was asked for. */
struct show {
    struct memstat_opts *opts;
    struct umm_table system, processes, files, mappers;
    bool is_found[2 * MEMSTAT_CHOICES_MAX];
    bool is_missing;     /* one that was asked for */
    const char *watched; /* what the history is of */
    double history[HISTORY_MAX];
    size_t n_history;
    int n_lines; /* on the terminal, to draw over */
};

static bool wants_processes(const struct memstat_opts *opts)
{
    return opts->choice.n_pids || opts->choice.n_names;
}

static bool wants_files(const struct memstat_opts *opts)
{
    return opts->n_files || opts->pool;
}

/* ---- figures ------------------------------------------------------------- */

/* The files asked for and the pool's entries, *n of them; paths from *n_own on are malloc'ed. */
static enum umm_status list_files(const struct memstat_opts *opts, const char ***paths, size_t *n,
                                  struct umm_error *err)
{
    struct umm_pool *pool = NULL;
    struct umm_pool_scan scan = {0};
    enum umm_status status = UMM_OK;
    if (opts->pool)
        status = umm_pool_open(opts->pool_root, opts->pool, &pool, err);
    if (!status && opts->pool)
        status = umm_pool_scan(pool, &opts->run, &scan, err);
    *n = 0;
    *paths = calloc(opts->n_files + scan.n_entries + 1, sizeof **paths);
    if (!status && !*paths)
        status = umm_error_set_memory(err, scan.n_entries * sizeof **paths, "a pool's entries");
    for (size_t i = 0; !status && i < opts->n_files; i++)
        (*paths)[(*n)++] = opts->files[i];
    for (size_t i = 0; !status && i < scan.n_entries; i++) {
        char *path;
        status = umm_pool_entry_path(pool, scan.entries[i].key, &path, err);
        if (!status)
            (*paths)[(*n)++] = path;
    }
    umm_pool_scan_free(&scan);
    umm_pool_close(pool);
    return status;
}

static enum umm_status collect_files(struct show *show, uint64_t *pss_bytes, struct umm_error *err)
{
    const char **paths;
    size_t n;
    enum umm_status status = list_files(show->opts, &paths, &n, err);
    if (!status)
        status = umm_view_files(&show->files, &show->mappers, paths, n, show->opts->n_files,
                                pss_bytes, err);
    for (size_t i = show->opts->n_files; paths && i < n; i++)
        free((void *)(uintptr_t)paths[i]);
    free(paths);
    return status;
}

static void remember(struct show *show, const char *what, double value)
{
    if (show->n_history == HISTORY_MAX)
        memmove(show->history, show->history + 1, --show->n_history * sizeof *show->history);
    show->history[show->n_history++] = value;
    show->watched = what;
}

static enum umm_status collect(struct show *show, struct umm_error *err)
{
    const struct memstat_opts *opts = show->opts;
    uint64_t bytes = 0, total = 0;
    enum umm_status status = UMM_OK;
    if (wants_processes(opts)) {
        status = umm_view_processes(&show->processes, &opts->choice, show->is_found, &bytes, err);
        remember(show, "rss", (double)bytes);
    } else if (!wants_files(opts)) {
        status = umm_view_system(&show->system, &bytes, &total, err);
        remember(show, "used", (double)(total - bytes));
    }
    if (!status && wants_files(opts)) {
        status = collect_files(show, &bytes, err);
        if (!wants_processes(opts))
            remember(show, "sum of pss", (double)bytes);
    }
    return status;
}

/* ---- output -------------------------------------------------------------- */

static void print_text(const struct show *show, struct umm_textbuf *out)
{
    const struct umm_table *tables[] = {&show->system, &show->processes, &show->files};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (tables[i]->n_rows) {
            umm_textbuf_add(out, "%s", i > 1 && tables[1]->n_rows ? "\n" : "");
            umm_table_print_text(tables[i], out);
        }
    if (show->mappers.n_rows) {
        umm_textbuf_add(out, "\n");
        umm_table_print_text(&show->mappers, out);
    }
    umm_view_verdicts(&show->files, out);
}

static enum umm_status print_metrics(const struct show *show, const char *output, char **text,
                                     size_t *len, struct umm_error *err)
{
    struct umm_prometheus page = {.file = output};
    umm_prometheus_begin(&page, "umm-memstat", NULL, NULL);
    if (show->system.n_rows)
        umm_table_add_metrics(&show->system, &page);
    if (wants_processes(show->opts))
        umm_table_add_metrics(&show->processes, &page);
    if (wants_files(show->opts)) {
        umm_table_add_metrics(&show->files, &page);
        umm_table_add_metrics(&show->mappers, &page);
    }
    if (!show->is_missing)
        umm_prometheus_success(&page);
    return umm_prometheus_take(&page, text, len, err);
}

static enum umm_status print_json(const struct show *show, const char *time,
                                  struct umm_textbuf *out, struct umm_error *err)
{
    const struct umm_table *tables[] = {&show->system, &show->processes, &show->files,
                                        &show->mappers};
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < sizeof tables / sizeof *tables; i++)
        status = umm_table_print_json(tables[i], time, out, err);
    return status;
}

static const struct umm_table *csv_table(const struct show *show)
{
    return wants_processes(show->opts) ? &show->processes
           : wants_files(show->opts)   ? &show->files
                                       : &show->system;
}

/* The lines of the moment; time is NULL unless it is watched. */
static enum umm_status print_now(const struct show *show, const char *time, bool is_first,
                                 struct umm_textbuf *out, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    char *text = NULL;
    size_t len = 0;
    switch (show->opts->format) {
    case MEMSTAT_JSON: return print_json(show, time, out, err);
    case MEMSTAT_CSV: umm_table_print_csv(csv_table(show), time, is_first, out); return UMM_OK;
    case MEMSTAT_PROMETHEUS:
        status = print_metrics(show, "-", &text, &len, err);
        if (!status)
            umm_textbuf_add_bytes(out, text, len);
        free(text);
        return status;
    case MEMSTAT_TEXT:
    default: print_text(show, out); return UMM_OK;
    }
}

static enum umm_status write_metrics(const struct show *show, struct umm_error *err)
{
    const char *path = show->opts->reports.metrics;
    char *text = NULL;
    size_t len;
    if (!path)
        return UMM_OK;
    enum umm_status status = print_metrics(show, path, &text, &len, err);
    if (!status)
        status = cli_write_file(path, text, len, err);
    free(text);
    return status;
}

static enum umm_status put(struct umm_textbuf *out, struct umm_run *run, struct umm_error *err)
{
    char *text;
    size_t len;
    enum umm_status status = umm_textbuf_take(out, &text, &len, err);
    if (status)
        return status;
    /* Now, and not at the end: a watch may have none but that of its reader. */
    status = umm_file_write_stream(STDOUT_FILENO, "standard output", run, text, len, err);
    free(text);
    return status;
}

/* Of processes that were asked for and are not there: a message each, and the exit code. */
static int report_missing(const struct show *show)
{
    const struct umm_choice *choice = &show->opts->choice;
    int exit_code = CLI_OK;
    for (size_t i = 0; i < choice->n_pids + choice->n_names; i++) {
        char shown[UMM_EXCERPT_MAX];
        if (show->is_found[i])
            continue;
        if (i < choice->n_pids)
            cli_warn("no process %u", (unsigned)choice->pids[i]);
        else
            cli_warn("no process named \"%s\"",
                     umm_escape(shown, sizeof shown, choice->names[i - choice->n_pids],
                                strlen(choice->names[i - choice->n_pids])));
        exit_code = CLI_FAILED;
    }
    return exit_code;
}

/* ---- watching ------------------------------------------------------------ */

static void format_time(char out[UMM_TIME_ISO_MAX])
{
    const int64_t ms_ns = 1000000;
    size_t n =
        umm_time_format_iso(umm_time_from_unit(umm_clock_realtime_ns() / ms_ns, UMM_TIME_MS), out);
    out[n < UMM_TIME_ISO_MAX ? n : UMM_TIME_ISO_MAX - 1] = '\0';
}

/* A terminal that does not tell is taken for a usual one. */
static struct winsize terminal_size(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col || !size.ws_row)
        size = (struct winsize){.ws_col = 80, .ws_row = 24};
    return size;
}

/* The first `width` characters of the line at text, and its end; returns the next line. */
static const char *add_cut_line(struct umm_textbuf *out, const char *text, size_t width)
{
    const char *end = text + strcspn(text, "\n"), *cut = text;
    for (size_t n = 0; cut < end; cut++) {
        n += ((unsigned char)*cut & 0xc0) != 0x80;
        if (n > width)
            break;
    }
    umm_textbuf_add_bytes(out, text, (size_t)(cut - text));
    umm_textbuf_add(out, "\n");
    return *end ? end + 1 : end;
}

/*
 * The picture of before is drawn over: lines that wrapped would be more than were counted,
 * and those that scrolled off the top are out of reach. The cursor has the last line.
 */
static void draw(struct show *show, const char *time, struct umm_textbuf *out)
{
    char size[UMM_SIZE_TEXT_MAX], spark[UMM_SPARK_BYTES(HISTORY_MAX)];
    struct umm_textbuf page = {0};
    const struct winsize terminal = terminal_size();
    const int height = terminal.ws_row > 2 ? terminal.ws_row - 1 : 2;
    umm_textbuf_add(&page, "%s  %s %s  %s\n", time, show->watched,
                    umm_size_format(size, show->history[show->n_history - 1]),
                    umm_spark(spark, show->history, show->n_history));
    print_text(show, &page);
    if (show->n_lines)
        umm_textbuf_add(out, "\033[%dA\033[J", show->n_lines);
    show->n_lines = 0;
    for (const char *line = page.text; line && *line; show->n_lines++) {
        bool is_cut = show->n_lines == height - 1 && line[strcspn(line, "\n")] &&
                      line[strcspn(line, "\n") + 1];
        line = add_cut_line(out, is_cut ? "..." : line, terminal.ws_col);
    }
    out->is_failed |= page.is_failed;
    umm_textbuf_free(&page);
}

static void sleep_until(struct umm_run *run, uint64_t at_ns)
{
    const uint64_t second_ns = 1000000000;
    struct timespec at = {.tv_sec = (time_t)(at_ns / second_ns),
                          .tv_nsec = (long)(at_ns % second_ns)};
    while (!umm_run_is_cancelled(run) &&
           clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0)
        ;
}

/* Moments that passed while it was stopped, or too slow, are left out. */
static uint64_t next_time(uint64_t last_ns, uint64_t every_ns)
{
    uint64_t now_ns = umm_clock_monotonic_ns();
    return now_ns > last_ns ? last_ns + ((now_ns - last_ns) / every_ns + 1) * every_ns
                            : last_ns + every_ns;
}

static enum umm_status show_once(struct show *show, bool is_first, struct umm_error *err)
{
    const struct memstat_opts *opts = show->opts;
    bool is_drawn = opts->watch_ns && opts->format == MEMSTAT_TEXT && isatty(STDOUT_FILENO);
    /* A text that nobody looks at is for programs. */
    bool is_log = opts->watch_ns && opts->format == MEMSTAT_TEXT && !is_drawn;
    char time[UMM_TIME_ISO_MAX];
    struct umm_textbuf out = {0};
    enum umm_status status = UMM_OK;
    format_time(time);
    if (is_drawn)
        draw(show, time, &out);
    else if (is_log && wants_processes(opts) && wants_files(opts))
        status = print_json(show, time, &out, err);
    else if (is_log)
        umm_table_print_csv(csv_table(show), time, is_first, &out);
    else
        status = print_now(show, opts->watch_ns ? time : NULL, is_first, &out, err);
    if (!status)
        status = put(&out, &show->opts->run, err);
    umm_textbuf_free(&out);
    return status ? status : write_metrics(show, err);
}

/* Whoever was watched by number has ended: so does the watch. */
static bool is_over(const struct show *show)
{
    const struct umm_choice *choice = &show->opts->choice;
    return choice->n_pids && !choice->n_names && !wants_files(show->opts) &&
           !show->processes.n_rows;
}

static enum umm_status show_all(struct show *show, int *exit_code, struct umm_error *err)
{
    struct memstat_opts *opts = show->opts;
    uint64_t next_ns = umm_clock_monotonic_ns();
    enum umm_status status = UMM_OK;
    for (uint64_t i = 0; !status; i++) {
        status = collect(show, err);
        if (!status && i == 0)
            *exit_code = report_missing(show);
        show->is_missing = *exit_code != CLI_OK;
        if (!status && i > 0 && is_over(show))
            break;
        if (!status)
            status = show_once(show, i == 0, err);
        if (status || !opts->watch_ns || *exit_code || (opts->n_times && i + 1 >= opts->n_times))
            break;
        next_ns = next_time(next_ns, opts->watch_ns);
        sleep_until(&opts->run, next_ns);
        if (umm_run_is_cancelled(&opts->run))
            status = umm_error_set_cancelled(err);
    }
    return status;
}

int memstat_show(struct memstat_opts *opts)
{
    struct show show = {.opts = opts};
    struct umm_error err = {0};
    int exit_code = CLI_OK;
    umm_view_system_init(&show.system);
    umm_view_processes_init(&show.processes);
    umm_view_files_init(&show.files);
    umm_view_mappers_init(&show.mappers);
    if (opts->watch_ns)
        cli_catch_signals(&opts->run);
    enum umm_status status = show_all(&show, &exit_code, &err);
    umm_table_clear(&show.system);
    umm_table_clear(&show.processes);
    umm_table_clear(&show.files);
    umm_table_clear(&show.mappers);
    return status ? cli_fail(&err) : cli_finish(exit_code);
}

/* ---- snapshots ----------------------------------------------------------- */

int memstat_snapshot(void *user, int n, char **operands)
{
    struct memstat_opts *opts = user;
    struct show show = {.opts = opts};
    struct umm_snapshot snapshot = {0};
    struct umm_error err = {0};
    char *text = NULL;
    size_t len;
    (void)n;
    if (!wants_processes(opts))
        return cli_usage("snapshot needs --pid or --name");
    enum umm_status status = umm_snapshot_take(&opts->choice, show.is_found, &snapshot, &err);
    int exit_code = status ? CLI_OK : report_missing(&show);
    if (!status && !exit_code)
        status = umm_snapshot_print(&snapshot, &text, &len, &err);
    if (!status && !exit_code)
        status = cli_write_file(operands[0], text, len, &err);
    free(text);
    umm_snapshot_free(&snapshot);
    return status ? cli_fail(&err) : cli_finish(exit_code);
}

int memstat_compare(void *user, int n, char **operands)
{
    struct memstat_opts *opts = user;
    struct umm_snapshot before = {0}, after = {0};
    struct umm_table table;
    struct umm_textbuf out = {0};
    struct umm_error err = {0};
    char size[UMM_SIZE_TEXT_MAX];
    double rss_change = 0;
    (void)n;
    if (opts->format == MEMSTAT_PROMETHEUS)
        return cli_usage("compare has no Prometheus format");
    umm_snapshot_compare_init(&table);
    enum umm_status status = umm_snapshot_read(operands[0], &before, &err);
    if (!status)
        status = umm_snapshot_read(operands[1], &after, &err);
    if (!status)
        status = umm_snapshot_compare(&table, &before, &after, &rss_change, &err);
    if (!status && opts->format == MEMSTAT_JSON)
        status = umm_table_print_json(&table, NULL, &out, &err);
    else if (!status && opts->format == MEMSTAT_CSV)
        umm_table_print_csv(&table, NULL, true, &out);
    else if (!status) {
        umm_table_print_text(&table, &out);
        umm_textbuf_add(&out, "all: %s\n", umm_size_format_change(size, rss_change));
    }
    if (!status)
        status = put(&out, &opts->run, &err);
    umm_textbuf_free(&out);
    umm_table_clear(&table);
    umm_snapshot_free(&before);
    umm_snapshot_free(&after);
    return status ? cli_fail(&err) : cli_finish(CLI_OK);
}
