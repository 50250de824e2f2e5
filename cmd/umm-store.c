/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli.h"
#include "cli_store.h"
#include "store/store_copy.h"
#include "store/store_lines.h"
#include "store/store_look.h"
#include "store/store_report.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "umm/mem.h"
#include "umm/store.h"

struct opts {
    struct umm_store_options create;
    struct cli_store reach;
    enum umm_store_access access; /* of a writer */
    struct umm_store_put_options put;
    bool is_expired;
    uint64_t max_age_ns;
    struct cli_reports reports;
    struct umm_run run;
};
#define CLI_OPTS struct opts

/* A time to live: 1 ms or more, or UMM_STORE_FOR_EVER. */
static int take_ttl(void *ttl_ns, const char *value)
{
    enum { MS = 1000000 };
    uint64_t ns = 0;
    int64_t taken = UMM_STORE_FOR_EVER;
    if (strcmp(value, "none") != 0) {
        if (!cli_parse_duration(value, &ns) || ns < MS || ns > INT64_MAX)
            return CLI_BAD_VALUE;
        taken = (int64_t)ns;
    }
    *(int64_t *)ttl_ns = taken;
    return CLI_OK;
}

static const struct cli_option options[] = {
    {0, "max-positions", "N", "create: room for N ids (default 1000)",
     CLI_COUNT(create.max_positions, 1, UINT64_C(1) << 30)},
    {0, "dim", "N", "create: N values in a vector (default 32)",
     CLI_COUNT(create.dim, 1, UMM_STORE_DIM_MAX)},
    {0, "id-bytes", "N", "create: ids of up to N bytes (default 31)",
     CLI_COUNT(create.id_max_bytes, 1, UMM_STORE_ID_MAX)},
    {0, "ttl", "TIME",
     "create: how long entries live; put: these ones (default:\nas create said), from their "
     "timestamps on, or none",
     CLI_CALL(put.ttl_ns, take_ttl, "a time of 1 ms or more such as 30m, or none")},
    {0, "binary", NULL, "put: records instead of lines", CLI_FLAG(put.is_binary)},
    {0, "header", NULL,
     "put: the first line names the fields, in any order: id,\ntimestamp, and the values",
     CLI_FLAG(put.has_header)},
    {0, "empty", "HOW", "put: empty fields are an error or nan (default error)",
     CLI_CHOICE(put.is_empty_nan, "error|nan")},
    {0, "newer", NULL, "put, import, copy: never put an older entry over a\nnewer one",
     CLI_SWITCH(put.mode, UMM_STORE_PUT_NEWER)},
    {0, "max-age", "TIME", "get: leave out what is older", CLI_SPAN(max_age_ns)},
    {0, "expired", NULL, "evict: free the room of what has expired", CLI_FLAG(is_expired)},
    {0, "lock", "HOW", "where there is another writer already: wait or fail\n(default wait)",
     CLI_CHOICE(access, "|wait|fail")},
    CLI_LOCK_TIMEOUT(run.lock_limit_ns),
    CLI_HEADING("A store on a server:"),
    {CLI_STORES(reach, NULL)},
    CLI_HEADING("Reports:"),
    {.help = "list, stat, verify: print JSON", CLI_REPORTS(reports, "json")},
    {.help = "stat: write Prometheus metrics to FILE", CLI_REPORTS(reports, "metrics")},
    {.help = "put, import, copy, evict --expired: say how many", CLI_REPORTS(reports, "verbose")},
    {CLI_REPORTS(reports, "progress no-progress")},
    {0}};

static enum umm_status open_writer(struct opts *opts, const char *place, struct umm_store **store,
                                   struct umm_error *err)
{
    return cli_store_open(&opts->reach, place, opts->access, &opts->run, store, err);
}

static enum umm_status open_reader(struct opts *opts, const char *place, struct umm_store **store,
                                   struct umm_error *err)
{
    return cli_store_open(&opts->reach, place, UMM_STORE_READ, &opts->run, store, err);
}

/* For --verbose, of a place that could be opened. */
static void tell_put(const struct opts *opts, const char *place, uint64_t n_put, uint64_t n_older)
{
    if (opts->reports.is_verbose && n_older)
        cli_warn_path(place, "%llu put, %llu not newer", (unsigned long long)n_put,
                      (unsigned long long)n_older);
    else if (opts->reports.is_verbose)
        cli_warn_path(place, "%llu put", (unsigned long long)n_put);
}

/* What a command holds of one entry at a time. */
struct room {
    struct umm_arena arena;
    uint32_t dim;
    float *vector;
    char *line; /* with its vector */
};

static enum umm_status make_room(struct room *room, const struct umm_store *store,
                                 struct umm_error *err)
{
    struct umm_store_info info;
    enum umm_status status = umm_store_info(store, &info, err);
    if (status)
        return status;
    room->dim = info.dim;
    room->vector = umm_arena_alloc_array(&room->arena, info.dim, sizeof *room->vector);
    room->line = umm_arena_alloc(&room->arena, umm_store_line_max(info.dim));
    return umm_arena_check(&room->arena, "a vector", err);
}

/* ---- commands that write -------------------------------------------------------------- */

static int run_create(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    struct umm_store_reach reach;
    (void)n;
    opts->create.ttl_ns = opts->put.ttl_ns == UMM_STORE_FOR_EVER ? 0 : opts->put.ttl_ns;
    enum umm_status status = cli_store_reach(&opts->reach, operands[0], &opts->run, &reach, &err);
    if (!status)
        status = umm_store_create_with(operands[0], &opts->create, &reach, &opts->run, &err);
    return cli_end(status, &err);
}

static int run_put(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    struct umm_store *store = NULL;
    const char *path = n > 1 && strcmp(operands[1], "-") != 0 ? operands[1] : NULL;
    struct umm_store_taken taken = {0};
    int fd = 0;
    if (opts->put.is_binary && (opts->put.has_header || opts->put.is_empty_nan))
        return cli_usage("--binary goes with neither --header nor --empty");
    enum umm_status status = path ? umm_file_open_read(path, &fd, NULL, &err) : UMM_OK;
    if (!status)
        status = open_writer(opts, operands[0], &store, &err);
    if (!status)
        status = umm_store_put_stream(store, fd, path ? path : "standard input", &opts->put,
                                      &opts->run, &taken, &err);
    const bool is_open = store != NULL;
    status = cli_store_close(store, status, &err);
    if (path)
        umm_file_close(&fd);
    if (is_open)
        tell_put(opts, operands[0], taken.n_put, taken.n_older);
    return cli_end(status, &err);
}

static void warn_absent(const char *id)
{
    char shown[UMM_EXCERPT_MAX];
    cli_warn("no such id: \"%s\"", umm_escape(shown, sizeof shown, id, strlen(id)));
}

static int run_mark_inactive(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    struct umm_store *store = NULL;
    int exit_code = CLI_OK;
    enum umm_status status = open_writer(opts, operands[0], &store, &err);
    for (int i = 1; !status && i < n; i++) {
        status = umm_store_mark_inactive(store, operands[i], strlen(operands[i]), &err);
        if (status != UMM_ERR_ABSENT)
            continue;
        warn_absent(operands[i]);
        exit_code = CLI_FAILED;
        status = UMM_OK;
    }
    status = cli_store_close(store, status, &err);
    return status ? cli_fail(&err) : cli_finish(exit_code);
}

/* Print the oldest inactive entry and remove it, in this order: nothing goes unseen. */
static enum umm_status evict_one(struct umm_store *store, float *vector, bool *is_done,
                                 struct umm_error *err)
{
    struct umm_store_entry entry;
    char line[UMM_STORE_ENTRY_LINE_MAX];
    bool was_it; /* if not, another client has removed it, and has also printed it */
    enum umm_status status = umm_store_oldest_sound(store, &entry, vector, is_done, err);
    if (status || !*is_done)
        return status;
    fwrite(line, 1, umm_store_report_entry(&entry, line), stdout);
    /* A terminal's line is written, or lost, before the flush. */
    if (fflush(stdout) != 0 || ferror(stdout))
        return umm_error_set_errno(err, errno, "-", "cannot write");
    return umm_store_evict_shown(store, &entry, &was_it, err);
}

/* All that have expired, or n_wanted of them, in steps that a signal can end. */
static enum umm_status evict_expired(const struct opts *opts, struct umm_store *store,
                                     const char *place, uint64_t n_wanted, struct umm_error *err)
{
    enum { STEP = 65536 };
    uint64_t n_all = 0, n_now = STEP, n_asked = STEP;
    enum umm_status status = UMM_OK;
    while (!status && n_now == n_asked && n_all < n_wanted) {
        n_asked = n_wanted - n_all < STEP ? n_wanted - n_all : STEP;
        status = umm_store_evict_expired(store, n_asked, &n_now, err);
        n_all += n_now;
        if (!status && umm_run_is_cancelled(&opts->run))
            status = umm_error_set_cancelled(err);
    }
    if (opts->reports.is_verbose)
        cli_warn_path(place, "%llu had expired", (unsigned long long)n_all);
    return status;
}

static int run_evict(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    struct umm_store *store = NULL;
    struct room room = {.arena = {0}};
    uint64_t n_wanted = opts->is_expired ? UINT64_MAX : 1;
    bool is_done = true;
    if (opts->reports.is_verbose && !opts->is_expired)
        return cli_usage("evict prints what it removes: --verbose goes with --expired");
    if (n > 1 && !cli_parse_count(operands[1], 1, UINT64_MAX, &n_wanted))
        return cli_usage("evict takes a number of entries, not \"%s\"", operands[1]);
    if (open_writer(opts, operands[0], &store, &err) != UMM_OK)
        return cli_fail(&err);
    enum umm_status status = make_room(&room, store, &err);
    if (!status && opts->is_expired)
        status = evict_expired(opts, store, operands[0], n_wanted, &err);
    for (; !status && !opts->is_expired && is_done && n_wanted; n_wanted--)
        status = evict_one(store, room.vector, &is_done, &err);
    umm_arena_close(&room.arena);
    return cli_end(cli_store_close(store, status, &err), &err);
}

static int run_resize(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    struct umm_store *store = NULL;
    uint64_t n_positions = 0;
    (void)n;
    if (!cli_parse_count(operands[1], 1, UINT64_C(1) << 30, &n_positions))
        return cli_usage("resize takes a number of positions up to 1073741824, not \"%s\"",
                         operands[1]);
    enum umm_status status = open_writer(opts, operands[0], &store, &err);
    if (!status)
        status = umm_store_resize(store, n_positions, &err);
    return cli_end(cli_store_close(store, status, &err), &err);
}

static int run_import(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    struct umm_store *store = NULL;
    struct umm_store_taken taken = {0};
    (void)n;
    enum umm_status status = open_writer(opts, operands[0], &store, &err);
    if (!status)
        status = umm_store_import(store, operands[1], opts->put.mode, &opts->run, &taken, &err);
    const bool is_open = store != NULL;
    status = cli_store_close(store, status, &err);
    if (is_open)
        tell_put(opts, operands[0], taken.n_put, taken.n_older);
    return cli_end(status, &err);
}

/* ---- commands that read ---------------------------------------------------------------- */

/* Whether the entry is older than --max-age allows: true after a message. */
static bool is_too_old(const struct opts *opts, const struct umm_store_entry *entry)
{
    char shown[UMM_EXCERPT_MAX];
    int64_t age_ns;
    if (!opts->max_age_ns ||
        (!__builtin_sub_overflow(umm_clock_realtime_ns(), entry->timestamp_ns, &age_ns) &&
         (age_ns < 0 || (uint64_t)age_ns <= opts->max_age_ns)))
        return false;
    cli_warn("too old: \"%s\"", umm_escape(shown, sizeof shown, entry->id, entry->id_bytes));
    return true;
}

static int run_get(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    struct umm_store *store = NULL;
    struct umm_store_entry entry;
    struct room room = {.arena = {0}};
    int exit_code = CLI_OK;
    if (open_reader(opts, operands[0], &store, &err) != UMM_OK)
        return cli_fail(&err);
    enum umm_status status = make_room(&room, store, &err);
    for (int i = 1; !status && i < n; i++) {
        bool is_found;
        status = umm_store_get_sound(store, operands[i], strlen(operands[i]), room.vector, &entry,
                                     &is_found, &err);
        if (!status && is_found && is_too_old(opts, &entry)) {
            exit_code = CLI_FAILED;
        } else if (!status && is_found) {
            fwrite(room.line, 1, umm_store_print_line(room.line, &entry, room.vector, room.dim),
                   stdout);
        } else if (!status) {
            warn_absent(operands[i]);
            exit_code = CLI_FAILED;
        }
    }
    umm_arena_close(&room.arena);
    status = cli_store_close(store, status, &err);
    return status ? cli_fail(&err) : cli_finish(exit_code);
}

static enum umm_status print_entry(const struct opts *opts, const struct umm_store_entry *entry,
                                   struct umm_error *err)
{
    char line[UMM_STORE_ENTRY_LINE_MAX], *text = NULL;
    size_t len = 0;
    if (!opts->reports.is_json) {
        fwrite(line, 1, umm_store_report_entry(entry, line), stdout);
        return UMM_OK;
    }
    enum umm_status status = umm_store_report_entry_json(entry, &text, &len, err);
    return cli_write_json(&opts->reports, text, len, status, err);
}

/* What list and export come to when n_torn entries were not there to be had. */
static int end_reading(const char *path, uint64_t n_torn, enum umm_status status,
                       const struct umm_error *err)
{
    if (status)
        return cli_fail(err);
    if (n_torn)
        cli_warn_path(path,
                      "%llu entries were left out: half written, by a writer that was killed or "
                      "is stopped",
                      (unsigned long long)n_torn);
    return cli_finish(n_torn ? CLI_REJECTED : CLI_OK);
}

static int run_list(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    struct umm_store *store = NULL;
    struct umm_store_entry entry;
    struct room room = {.arena = {0}};
    uint64_t n_torn = 0;
    bool is_found = true;
    (void)n;
    if (open_reader(opts, operands[0], &store, &err) != UMM_OK)
        return cli_fail(&err);
    enum umm_status status = make_room(&room, store, &err);
    if (!status && !opts->reports.is_json)
        puts("id,active,timestamp");
    for (uint64_t at = 0; !status && is_found; at = entry.position + 1) {
        status = umm_store_next_sound(store, at, &entry, room.vector, &is_found, &n_torn, &err);
        if (!status && is_found)
            status = print_entry(opts, &entry, &err);
    }
    umm_arena_close(&room.arena);
    return end_reading(operands[0], n_torn, cli_store_close(store, status, &err), &err);
}

static void print_info(const struct umm_store_info *info)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"positions", info->max_positions},
                {"values per vector", info->dim},
                {"longest id, bytes", info->id_max_bytes},
                {"entries", info->n_entries},
                {"  active", info->n_entries - info->n_inactive},
                {"  inactive", info->n_inactive},
                {"expired", info->n_expired},
                {"time to live, ms", (uint64_t)info->ttl_ns / 1000000},
                {"puts", info->n_puts},
                {"evictions", info->n_evictions},
                {"files, bytes", info->n_bytes}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf("%-18s %12llu\n", rows[i].name, (unsigned long long)rows[i].value);
}

static int run_stat(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_prometheus page = {.file = opts->reports.metrics};
    struct umm_error err = {0};
    struct umm_store *store = NULL;
    struct umm_store_info info;
    char *text = NULL;
    size_t len = 0;
    (void)n;
    if (cli_store_check_output(operands[0],
                               &(struct cli_output){"--metrics", opts->reports.metrics}) != CLI_OK)
        return CLI_USAGE;
    if (open_reader(opts, operands[0], &store, &err) != UMM_OK)
        return cli_fail(&err);
    enum umm_status status = cli_store_close(store, umm_store_info(store, &info, &err), &err);
    if (!status && opts->reports.is_json)
        status = umm_store_report_json(&info, operands[0], &text, &len, &err);
    else if (!status)
        print_info(&info);
    status = cli_write_json(&opts->reports, text, len, status, &err);
    if (!status && opts->reports.metrics) {
        umm_store_report_metrics(&info, operands[0], &page);
        status = cli_write_metrics(&page, status, &err);
    }
    return cli_end(status, &err);
}

static enum umm_status print_verdict(const struct cli_reports *reports,
                                     const struct umm_store_verdict *verdict, const char *path,
                                     struct umm_error *err)
{
    char line[UMM_ERROR_MESSAGE_MAX + 8], *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !reports->is_json && umm_store_report_verdict_line(verdict, i, line); i++)
        puts(line);
    if (!reports->is_json)
        puts(verdict->n_faults ? "FAIL" : "PASS");
    else
        status = umm_store_report_verdict_json(verdict, path, &text, &len, err);
    return cli_write_json(reports, text, len, status, err);
}

static int run_verify(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    struct umm_store *store = NULL;
    struct umm_store_verdict verdict = {.n_faults = 0};
    (void)n;
    enum umm_status status = open_reader(opts, operands[0], &store, &err);
    if (!status)
        status = umm_store_verify(store, &opts->run, &verdict, &err);
    status = cli_store_close(store, status, &err);
    if (!status)
        status = print_verdict(&opts->reports, &verdict, operands[0], &err);
    return status ? cli_fail(&err) : cli_finish(verdict.n_faults ? CLI_FAILED : CLI_OK);
}

static int run_export(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    struct umm_store *store = NULL;
    uint64_t n_rows = 0, n_torn = 0;
    (void)n;
    if (cli_store_check_output(operands[0], &(struct cli_output){"FILE", operands[1]}) != CLI_OK)
        return CLI_USAGE;
    enum umm_status status = open_reader(opts, operands[0], &store, &err);
    if (!status)
        status = umm_store_export(store, operands[1], &opts->run, &n_rows, &n_torn, &err);
    return end_reading(operands[0], n_torn, cli_store_close(store, status, &err), &err);
}

/* ---- from one store into another --------------------------------------------------------- */

/* Two names of one directory, or the same name twice. */
static bool is_same_place(const char *one, const char *other)
{
    struct umm_file_info a, b;
    if (strcmp(one, other) == 0)
        return true;
    return !umm_store_is_place(one) && !umm_store_is_place(other) &&
           umm_file_stat(one, &a, NULL) == UMM_OK && umm_file_stat(other, &b, NULL) == UMM_OK &&
           a.device == b.device && a.inode == b.inode;
}

static int run_copy(void *user, int n, char **operands)
{
    struct opts *opts = user;
    struct umm_error err = {0};
    struct umm_store *from = NULL, *to = NULL;
    struct umm_store_copied copied = {0};
    (void)n;
    if (is_same_place(operands[0], operands[1]))
        return cli_usage("copy takes two stores, not the same one twice");
    enum umm_status status = open_reader(opts, operands[0], &from, &err);
    if (!status)
        status = open_writer(opts, operands[1], &to, &err);
    cli_progress_start(&opts->run, opts->reports.progress);
    if (!status)
        status = umm_store_copy(from, operands[0], to, operands[1], opts->put.mode, &opts->run,
                                &copied, &err);
    cli_progress_stop();
    const bool is_open = to != NULL;
    status = cli_store_close(to, status, &err);
    (void)umm_store_close(from, NULL);
    if (is_open)
        tell_put(opts, operands[1], copied.n_put, copied.n_older);
    return end_reading(operands[0], copied.n_torn, status, &err);
}

#define REACH " timeout wait-replicas password-file"
#define WRITE "lock lock-timeout" REACH
#define READ  "timeout password-file"

static const struct cli_command commands[] = {
    {"create", "PLACE", "max-positions dim id-bytes ttl lock-timeout" REACH, "make an empty store",
     run_create},
    {"put", "PLACE [FILE]", "binary header empty newer ttl verbose " WRITE,
     "store the lines id,v1,...,vd of FILE or standard\ninput, each as it comes", run_put},
    {"get", "PLACE ID...", "max-age " READ, "print id,v1,...,vd of each ID", run_get},
    {"mark-inactive", "PLACE ID...", WRITE, "say that each ID is not needed any more",
     run_mark_inactive},
    {"evict", "PLACE [N]", "expired verbose " WRITE,
     "remove the N (1) oldest inactive entries; print them", run_evict},
    {"list", "PLACE", "json " READ, "print id,active,timestamp of all entries", run_list},
    {"stat", "PLACE", "json metrics " READ, "print how full the store is", run_stat},
    {"verify", "PLACE", "json " READ, "look at every entry and the index: exit code 1 on a\nfault",
     run_verify},
    {"resize", "PLACE N", WRITE, "grow to N positions", run_resize},
    {"export", "PLACE FILE", READ,
     "write all entries to FILE: an array if it ends in\n.npy, else CSV", run_export},
    {"import", "PLACE FILE", "newer verbose " WRITE, "put what an export wrote", run_import},
    {"copy", "FROM TO", "newer verbose progress no-progress " WRITE,
     "put all entries of the store FROM into TO", run_copy},
    {NULL, NULL, NULL, NULL, NULL}};

static const struct cli_tool tool = {
    .name = "umm-store",
    .synopsis = "COMMAND PLACE [operands] [options]",
    .about = "Keep vectors of float32 by id, in files that many processes map and share or on a\n"
             "Redis server. PLACE is a directory, redis://[USER@]HOST[:PORT][/DB][?prefix=NAME]\n"
             "or unix:SOCKET[?db=DB&prefix=NAME].",
    .options = options,
    .commands = commands};

static void catch_cut_maps(char **operands)
{
    const bool is_export = strcmp(operands[0], "export") == 0;
    cli_store_catch_cut_maps(operands[1], is_export ? operands[2] : NULL);
    /* Both may be mapped: the line names the one that is written. */
    if (strcmp(operands[0], "copy") == 0 && operands[2] && !umm_store_is_place(operands[2]))
        cli_store_catch_cut_maps(operands[2], NULL);
}

int main(int argc, char **argv)
{
    struct opts opts = {.access = UMM_STORE_WRITE};
    int exit_code = CLI_OK;
    cli_init(&tool);
    if (!cli_parse(argc, argv, &opts, &exit_code))
        return exit_code;
    cli_catch_signals(&opts.run);
    if (argc > optind + 1)
        catch_cut_maps(argv + optind);
    return cli_run_command(argc, argv, &opts);
}
