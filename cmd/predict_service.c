/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array/output.h"
#include "base/error.h"
#include "cli.h"
#include "net/socket.h"
#include "predict.h"
#include "predict/service.h"
#include "sys/outfile.h"

enum {
    FIRST_PASSED_FD = 3, /* sd_listen_fds(3) */
    MODE_DEFAULT = 0600,
    CLIENTS_MAX = 1000000,
    QUEUE_MAX = 1048576,
    CACHE_MAX = 1000000,
    SECOND_NS = 1000000000
};
static const uint64_t DRAIN_NS = UINT64_C(5) * SECOND_NS, REPORT_NS = UINT64_C(5) * SECOND_NS;
static const char unix_prefix[] = "unix:", by_systemd[] = "systemd";

/* ---- options ----------------------------------------------------------------------- */

static int take_delay(void *delay_ns, const char *value)
{
    *(uint64_t *)delay_ns = 0;
    return strcmp(value, "0") == 0 || cli_parse_duration(value, delay_ns) ? CLI_OK : CLI_BAD_VALUE;
}

static int take_place(void *listen, const char *value)
{
    const size_t len = sizeof unix_prefix - 1;
    *(const char **)listen = value;
    return strcmp(value, by_systemd) == 0 || (strncmp(value, unix_prefix, len) == 0 && value[len])
               ? CLI_OK
               : CLI_BAD_VALUE;
}

#define CLI_OPTS struct predict_service

const struct cli_option predict_service_options[] = {
    {0, "serve", NULL, "answer lines of standard input on standard output", CLI_FLAG(is_serve)},
    {0, "listen", "PLACE",
     "answer clients of a socket: unix:PATH, or systemd\nfor one that it passes",
     CLI_CALL(listen, take_place, "unix:PATH or systemd")},
    {0, "socket-mode", "MODE", "who may connect (default 0600)",
     CLI_CALL(socket_mode, cli_take_mode, "an octal mode such as 0660"),
     CLI_GIVEN(has_socket_mode)},
    {0, "max-clients", "N", "connections at once (default 1024)",
     CLI_COUNT(max_clients, 1, CLIENTS_MAX), CLI_GIVEN(has_max_clients)},
    {0, "max-delay", "TIME",
     "how long a batch may wait to be full, from its first\nrow on (default 0)",
     CLI_CALL(max_delay_ns, take_delay, "0, or a time such as 100ms"), CLI_GIVEN(has_delay)},
    {0, "queue", "N", "rows that wait at most (default 4096)", CLI_COUNT(queue_rows, 1, QUEUE_MAX),
     CLI_GIVEN(has_queue)},
    {0, "overload", "HOW", "when the queue is full: block or reject\n(default block)",
     CLI_CHOICE(is_rejecting, "block|reject"), CLI_GIVEN(has_overload)},
    {0, "store", "PLACE", "lines are keys: the rows are those of a store", CLI_TEXT(store)},
    {0, "cache", "N", "answers of the store's rows to keep (default 100)",
     CLI_COUNT(cache_entries, 0, CACHE_MAX), CLI_GIVEN(has_cache)},
    {0, "cache-ttl", "TIME", "how long (default 30m)", CLI_SPAN(cache_ttl_ns)},
    {0, "max-stale", "TIME",
     "for how long a kept answer counts, after the store said\nso, without asking it again "
     "(default 0: ask each time)",
     CLI_SPAN(max_stale_ns), CLI_GIVEN(has_max_stale)},
    {0}};

/* What is for a service, or for one of its kinds, and was given to no such one. */
static int check_kind(const struct predict_service *given)
{
    const bool is_service = given->is_serve || given->listen;
    const struct {
        bool is_wrong;
        const char *option, *needed;
    } rules[] = {
        {given->has_delay && !is_service, "max-delay", "--serve or --listen"},
        {given->has_queue && !is_service, "queue", "--serve or --listen"},
        {given->has_overload && !is_service, "overload", "--serve or --listen"},
        {given->store && !is_service, "store", "--serve or --listen"},
        {given->has_max_clients && !given->listen, "max-clients", "--listen"},
        {given->has_socket_mode && (!given->listen || strcmp(given->listen, by_systemd) == 0),
         "socket-mode", "--listen=unix:PATH"},
        {given->has_cache && !given->store, "cache", "--store"},
        {given->cache_ttl_ns && !given->store, "cache-ttl", "--store"},
        {given->reach.timeout_ns && !given->store, "timeout", "--store"},
        {given->reach.password_file && !given->store, "password-file", "--store"},
        {given->has_max_stale && (!given->store || !given->cache_entries), "max-stale",
         "--store, and answers that are kept"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].is_wrong)
            return cli_usage("--%s needs %s", rules[i].option, rules[i].needed);
    return CLI_OK;
}

/* The path of the socket; NULL: none is made. */
static const char *socket_path(const struct predict_service *given)
{
    return given->listen && strcmp(given->listen, by_systemd) != 0
               ? given->listen + sizeof unix_prefix - 1
               : NULL;
}

int predict_service_check(const struct predict_service *given, const struct cli_reports *reports,
                          const char *model, int n_operands)
{
    const struct cli_output outputs[] = {{"--serve", given->is_serve ? "-" : NULL},
                                         {"--listen", socket_path(given)},
                                         {"--report", reports->report},
                                         {"--metrics", reports->metrics}};
    const int exit_code = check_kind(given);
    if (exit_code != CLI_OK || (!given->is_serve && !given->listen))
        return exit_code;
    const char *kind = given->is_serve ? "--serve" : "--listen";
    if (given->is_serve && given->listen)
        return cli_usage("--serve and --listen exclude each other");
    const char *other = cli_find_other(
        "serve listen socket-mode max-clients max-delay queue overload store cache cache-ttl "
        "timeout password-file "
        "max-stale nan model-output batch-size threads verbose report metrics");
    if (other)
        return cli_usage("--%s does not go with %s", other, kind);
    if (n_operands > 1)
        return cli_usage("%s takes no INPUT: rows come from clients", kind);
    const int both = cli_check_outputs(outputs, sizeof outputs / sizeof *outputs);
    return both != CLI_OK ? both
                          : cli_check_input(model, outputs, sizeof outputs / sizeof *outputs);
}

/* ---- a service manager ------------------------------------------------------------- */

/* The socket that was passed: sd_listen_fds(3). */
static enum umm_status take_passed(int *fd, struct umm_error *err)
{
    const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
    uint64_t number, count;
    if (!pid || !n || !cli_parse_count(pid, 1, INT32_MAX, &number) ||
        number != (uint64_t)getpid() || !cli_parse_count(n, 0, INT32_MAX, &count) || count == 0)
        return umm_error_set(err, UMM_ERR_CONFLICT, "no socket was passed by systemd");
    if (count > 1)
        return umm_error_set(err, UMM_ERR_CONFLICT, "%s sockets were passed, and one is served", n);
    *fd = FIRST_PASSED_FD;
    return umm_socket_adopt(*fd, err);
}

/* It is not what the service is for: one line, and on. */
static void notify(const char *text)
{
    struct umm_error err = {.status = UMM_OK};
    const char *path = getenv("NOTIFY_SOCKET");
    if (path && *path && umm_socket_notify(path, text, &err) != UMM_OK)
        cli_warn_error(&err);
}

/* ---- reports ----------------------------------------------------------------------- */

struct work {
    const struct predict_service *given;
    const struct cli_reports *reports;
    const struct umm_service_options *options;
    struct umm_service *service;
    struct umm_run *run;
    bool is_warned; /* that metrics could not be written */
};

static enum umm_status write_metrics(const struct work *work, struct umm_error *err)
{
    struct umm_prometheus page = {.file = work->reports->metrics};
    struct umm_service_stats stats;
    char *text = NULL;
    size_t len = 0;
    umm_service_stats(work->service, &stats);
    umm_service_metrics(&stats, socket_path(work->given), &page);
    enum umm_status status = umm_prometheus_take(&page, &text, &len, err);
    if (!status) /* after the signal that ends the service also */
        status = umm_output_write_text(page.file, text, len, NULL, err);
    umm_prometheus_free(&page);
    free(text);
    return status;
}

/* While it serves: a disk that is full is said once, and again when it was well in between. */
static void report_now(struct work *work)
{
    struct umm_error err = {.status = UMM_OK};
    const bool is_failed = write_metrics(work, &err) != UMM_OK;
    if (is_failed && !work->is_warned)
        cli_warn_error(&err);
    work->is_warned = is_failed;
}

static void tell(void *user, enum umm_service_event event, const struct umm_error *err)
{
    struct work *work = user;
    char text[UMM_ERROR_TEXT_MAX];
    switch (event) {
    case UMM_SERVICE_LOADED:
        if (work->reports->is_verbose)
            cli_warn_path(work->options->model_path, "loaded");
        break;
    case UMM_SERVICE_KEPT:
        cli_warn("%s; the model before it goes on", umm_error_text(err, text, sizeof text));
        break;
    case UMM_SERVICE_STOPPING: notify("STOPPING=1\n"); break;
    case UMM_SERVICE_REPORT: report_now(work); break;
    default: break;
    }
}

static void say_figures(const struct work *work)
{
    struct umm_service_stats stats;
    umm_service_stats(work->service, &stats);
    fprintf(stderr,
            "%" PRIu64 " rows in %" PRIu64 " batches, %" PRIu64
            " refusals; batches of up to %" PRIu64
            " rows; waits of %.6f s (p50), %.6f s (p99); %.3f s\n",
            stats.n_rows, stats.n_batches, stats.n_refusals, stats.batch.max, stats.wait.p50_s,
            stats.wait.p99_s, stats.uptime_s);
}

/* At the end: for people, then as JSON, then the metrics, which tell of a success. */
static enum umm_status report_end(const struct work *work, struct umm_error *err)
{
    struct umm_service_stats stats;
    char *text = NULL;
    size_t len = 0;
    enum umm_status status = UMM_OK;
    umm_service_stats(work->service, &stats);
    if (work->reports->is_verbose)
        say_figures(work);
    if (work->reports->report)
        status = umm_service_json(work->options, &stats, false, &text, &len, err);
    if (!status && text)
        status = umm_output_write_text(work->reports->report, text, len, NULL, err);
    free(text);
    return !status && work->reports->metrics ? write_metrics(work, err) : status;
}

/* ---- a run ------------------------------------------------------------------------- */

static int end(const struct work *work, enum umm_status status, struct umm_error *err)
{
    struct umm_service_stats stats;
    if (!status)
        status = report_end(work, err);
    /* Input was left: what a signal ended is not done. A socket's service is only ended so. */
    if (!status && work->given->is_serve && umm_run_is_cancelled(work->run))
        status = umm_error_set_cancelled(err);
    if (status)
        return cli_fail(err);
    umm_service_stats(work->service, &stats);
    return cli_finish(work->given->is_serve && stats.n_refusals ? CLI_REJECTED : CLI_OK);
}

static enum umm_status open_socket(const struct predict_service *given, struct umm_socket *sock,
                                   int *fd, struct umm_error *err)
{
    const unsigned mode = given->has_socket_mode ? given->socket_mode : MODE_DEFAULT;
    if (given->is_serve)
        return UMM_OK;
    if (!socket_path(given))
        return take_passed(fd, err);
    enum umm_status status = umm_socket_listen(sock, socket_path(given), mode, err);
    *fd = sock->fd;
    return status;
}

int predict_service_run(const struct predict_service *given, const struct cli_reports *reports,
                        const struct umm_service_options *job, struct umm_run *run)
{
    struct umm_service_options options = *job;
    struct umm_socket sock = {.fd = -1};
    struct umm_store_reach reach = {.run = run};
    struct umm_error err = {.status = UMM_OK};
    struct work work = {.given = given, .reports = reports, .options = &options, .run = run};
    const char *const outputs[] = {reports->metrics, reports->report, NULL};
    const bool is_told = reports->metrics && !umm_outfile_goes_to_stream(reports->metrics);
    options.max_delay_ns = given->max_delay_ns;
    options.queue_rows = (uint32_t)given->queue_rows;
    options.is_rejecting = given->is_rejecting;
    options.store = given->store;
    options.reach = &reach;
    options.cache_entries = given->cache_entries;
    options.cache_ttl_ns = given->cache_ttl_ns;
    options.max_stale_ns = given->max_stale_ns;
    options.max_clients = (uint32_t)given->max_clients;
    options.drain_ns = DRAIN_NS;
    options.report_every_ns = is_told ? REPORT_NS : 0;
    options.listen_fd = -1;
    options.in_fd = given->is_serve ? STDIN_FILENO : -1;
    options.out_fd = given->is_serve ? STDOUT_FILENO : -1;
    options.tell = tell;
    options.user = &work;
    if (given->store && !umm_store_is_place(given->store))
        cli_catch_cut_maps(given->store, outputs[0] ? outputs : outputs + 1);
    enum umm_status status =
        given->store ? cli_store_prepare(&given->reach, given->store, run, &reach, &err) : UMM_OK;
    if (!status)
        status = open_socket(given, &sock, &options.listen_fd, &err);
    if (!status)
        status = umm_service_open(&options, run, &work.service, &err);
    if (!status) {
        notify("READY=1\n");
        status = umm_service_run(work.service, &err);
    }
    const int exit_code = work.service ? end(&work, status, &err) : cli_fail(&err);
    umm_service_close(work.service);
    umm_socket_close(&sock);
    return exit_code;
}
