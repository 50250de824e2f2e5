/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "serve/serve.h"
#include "sys/clock.h"
#include "watch/watch_clients.h"
#include "watch/watch_work.h"
#include "watch/watchreport.h"

#define NS_PER_MS UINT64_C(1000000)

enum {
    LOOKS = 64,
    OUT_MAX_BYTES = 65536,      /* that wait for the reader: beyond, looks stay in the list */
    ANSWERS_MAX_BYTES = 262144, /* that wait for a client: beyond, its lines stay where they are */
    BLOCKED_MS = 1,             /* how often room is looked for then */
    RUNNING_MS = 2,             /* and the end of a command */
    FOLLOW_MS = 10,             /* and what was added to a file */
    DRAIN_MS = 1000
};

struct live {
    struct umm_watch_work *work;
    struct umm_serve *serve;
    struct umm_watch_clients clients;
    uint64_t input, output; /* 0: none */
    /* The list's milliseconds: first_ms when the monotonic clock was first_ns. */
    int64_t first_ms;
    uint64_t first_ns;
    bool is_ending; /* no more events come: what is due by end_ms is looked at, then it is over */
    int64_t end_ms;
    bool is_blocked;
    uint64_t batch_ns; /* when the first look of the command's batch was done */
    int fd;            /* of the file that is followed, -1 for none */
    char *kept;        /* what was read of it and is no whole line */
    size_t kept_bytes;
    struct umm_watch_look looks[LOOKS];
    enum umm_status status;
    struct umm_error *err;
};

/* ---- time ------------------------------------------------------------------------ */

static int64_t list_ms(const struct live *live, uint64_t now_ns)
{
    return live->first_ms + (int64_t)((now_ns - live->first_ns) / NS_PER_MS);
}

/* When the list's millisecond begins; UINT64_MAX: never. */
static uint64_t begin_ns(const struct live *live, int64_t ms)
{
    if (ms == INT64_MAX)
        return UINT64_MAX;
    return ms <= live->first_ms ? live->first_ns
                                : live->first_ns + (uint64_t)(ms - live->first_ms) * NS_PER_MS;
}

static int64_t wall_ms(void)
{
    return umm_clock_realtime_ns() / (int64_t)NS_PER_MS;
}

/* ---- failures -------------------------------------------------------------------- */

/* The first one ends it. */
static void fail(struct live *live, enum umm_status status, const struct umm_error *err)
{
    if (live->status || !status)
        return;
    live->status = status;
    if (live->err)
        *live->err = *err;
    umm_serve_stop(live->serve);
}

/* ---- events ---------------------------------------------------------------------- */

static void answer(struct live *live, uint64_t client, const char *text, size_t len_bytes)
{
    char *room = umm_serve_room(live->serve, client, len_bytes);
    if (!room)
        return;
    memcpy(room, text, len_bytes);
    umm_serve_wrote(live->serve, client, len_bytes);
}

/* A connection is told of its bad line; a file or a pipe is what we were asked to read. */
static void bad_line(struct live *live, struct umm_watch_client *client,
                     const struct umm_error *bad)
{
    char line[UMM_WATCH_ANSWER_MAX];
    struct umm_error own;
    if (!client->is_connection) {
        const enum umm_status status = umm_watch_bad_event(live->work, bad, &own);
        fail(live, status, &own);
        return;
    }
    live->work->result->n_refused_lines++;
    const size_t n = umm_watch_word_answer(client, bad, line);
    answer(live, client->id, line, n);
}

static void answer_stats(struct live *live, uint64_t client)
{
    struct umm_error own;
    char *text = NULL;
    size_t n = 0;
    umm_watch_fill_result(live->work);
    if (umm_watch_report_json(live->work->options, live->work->result, true, &text, &n, &own) ==
        UMM_OK)
        answer(live, client, text, n);
    free(text);
}

static void take_command(struct live *live, struct umm_watch_client *client, const char *text,
                         size_t len_bytes)
{
    char line[UMM_WATCH_ANSWER_MAX];
    if (len_bytes == 5 && memcmp(text, "!sync", 5) == 0) {
        client->n_syncs++;
        live->clients.n_syncs++;
    } else if (len_bytes == 6 && memcmp(text, "!stats", 6) == 0) {
        answer_stats(live, client->id);
    } else {
        answer(live, client->id, line, umm_watch_word_unknown(text, len_bytes, line));
    }
}

static void take_line(struct live *live, struct umm_watch_client *client, const char *text,
                      size_t len_bytes)
{
    struct umm_event event;
    struct umm_error bad;
    if (client->is_connection && len_bytes > 0 && *text == '!') {
        take_command(live, client, text, len_bytes - (text[len_bytes - 1] == '\r'));
        umm_events_refuse(client->events, len_bytes + 1, "a command", NULL);
        return;
    }
    enum umm_events_result result = umm_events_line(client->events, text, len_bytes, &event, &bad);
    if (result == UMM_EVENTS_EVENT) {
        switch (umm_watch_take_event(live->work, client->events, &event, &bad)) {
        case UMM_WATCH_TAKEN: client->n_taken++; return;
        case UMM_WATCH_FAILED: fail(live, bad.status, &bad); return;
        case UMM_WATCH_BAD:
        default: result = UMM_EVENTS_BAD;
        }
    }
    if (result == UMM_EVENTS_LOST && !client->is_connection)
        fail(live, bad.status, &bad);
    else if (result != UMM_EVENTS_NOTHING)
        bad_line(live, client, &bad);
    if (result == UMM_EVENTS_LOST) {
        client->is_lost = true;
        umm_serve_end(live->serve, client->id);
    }
}

static void refuse_line(struct live *live, struct umm_watch_client *client, size_t len_bytes,
                        const char *what)
{
    struct umm_error bad;
    umm_events_refuse(client->events, len_bytes, what, &bad);
    bad_line(live, client, &bad);
}

/* A short line can have a long answer: whoever does not read must not make them pile up. */
static bool is_full(const struct live *live, const struct umm_watch_client *client)
{
    return umm_serve_waiting(live->serve, client->id) >= ANSWERS_MAX_BYTES;
}

/* Take all whole lines, as long as there is room for answers; the bytes that are taken. */
static size_t feed(struct live *live, struct umm_watch_client *client, const char *bytes,
                   size_t len_bytes)
{
    const char *at = bytes, *end = bytes + len_bytes, *line_end;
    umm_watch_advance(live->work, list_ms(live, umm_clock_monotonic_ns()));
    while (!live->status && !client->is_lost && at < end && !is_full(live, client) &&
           (line_end = memchr(at, '\n', (size_t)(end - at)))) {
        const size_t n = (size_t)(line_end - at);
        if (client->is_passing_over)
            umm_events_pass_over(client->events, n + 1);
        else
            take_line(live, client, at, n);
        client->is_passing_over = false;
        at = line_end + 1;
    }
    if (live->status || client->is_lost)
        return len_bytes;
    if (is_full(live, client)) {
        umm_serve_again(live->serve, client->id);
        return (size_t)(at - bytes);
    }
    if (client->is_passing_over) {
        umm_events_pass_over(client->events, (size_t)(end - at));
        at = end;
    } else if (end - at > UMM_EVENT_LINE_MAX) {
        client->is_passing_over = true;
        refuse_line(live, client, (size_t)(end - at), "the line is too long");
        at = end;
    }
    return (size_t)(at - bytes);
}

static void end_of_input(struct live *live, struct umm_watch_client *client, size_t left_bytes)
{
    if (left_bytes > 0 && !client->is_lost && !live->status)
        refuse_line(live, client, left_bytes, "the last line has no end: it may be cut");
    if (client->is_connection) {
        umm_serve_end(live->serve, client->id);
        return;
    }
    if (live->work->options->is_kept || live->work->options->listen_fd >= 0)
        return;
    live->is_ending = true;
    live->end_ms = list_ms(live, umm_clock_monotonic_ns());
}

static size_t on_take(void *user, uint64_t id, const char *bytes, size_t len_bytes, bool is_last)
{
    struct live *live = user;
    struct umm_watch_client *client = umm_watch_client(&live->clients, id);
    if (!client)
        return len_bytes;
    const size_t n = feed(live, client, bytes, len_bytes);
    if (!is_last || (n < len_bytes && is_full(live, client)))
        return n;
    end_of_input(live, client, len_bytes - n);
    return len_bytes;
}

static void add_client(struct live *live, uint64_t id, bool is_connection)
{
    struct umm_error own = {.status = UMM_OK};
    const struct umm_events_options options = {.path = is_connection ? "a client"
                                                                     : live->work->input_name,
                                               .is_lenient = live->work->options->is_lenient};
    const enum umm_status status =
        umm_watch_clients_add(&live->clients, id, is_connection, &options, &own);
    fail(live, status, &own);
}

static void on_join(void *user, uint64_t id)
{
    struct live *live = user;
    live->work->result->n_clients++;
    add_client(live, id, true);
}

static void on_leave(void *user, uint64_t id, uint64_t lost_bytes)
{
    struct live *live = user;
    (void)lost_bytes;
    umm_watch_clients_remove(&live->clients, id);
}

/* A file that was moved away gets no more events, which would pass for quiet prices. */
static enum umm_status check_followed(const struct live *live, const struct umm_file_info *info,
                                      struct umm_error *err)
{
    const char *path = live->work->input_name;
    struct umm_file_info named;
    bool is_there = false;
    enum umm_status status = umm_file_find(path, &is_there, &named, err);
    if (status || (is_there && named.device == info->device && named.inode == info->inode))
        return status;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "the file was %s while it was followed",
                              is_there ? "replaced" : "removed");
}

/* A part of what was added to the file; the rest is for the next turn, which comes at once. */
static bool follow(struct live *live)
{
    enum { READ_BYTES = 256 * 1024 };
    struct umm_watch_client *client = umm_watch_client(&live->clients, UMM_WATCH_FOLLOWED);
    const char *path = live->work->input_name;
    struct umm_error own = {.status = UMM_OK};
    struct umm_file_info info;
    size_t n = 0;
    enum umm_status status = umm_file_stat_fd(live->fd, path, &info, &own);
    if (!status && info.size_bytes < live->clients.followed_bytes)
        status = umm_error_set_path(&own, UMM_ERR_CONFLICT, path,
                                    "the file was cut short while it was followed");
    if (!status)
        status = umm_file_read_regular(live->fd, path, live->kept + live->kept_bytes, READ_BYTES,
                                       &n, &own);
    if (!status && n == 0)
        status = check_followed(live, &info, &own);
    fail(live, status, &own);
    if (status || n == 0)
        return false;
    live->clients.followed_bytes += n;
    live->kept_bytes += n;
    const size_t taken = feed(live, client, live->kept, live->kept_bytes);
    live->kept_bytes -= taken;
    memmove(live->kept, live->kept + taken, live->kept_bytes);
    return n == READ_BYTES;
}

/* ---- looks ----------------------------------------------------------------------- */

/* What may be looked at now; *late_ns: how long after the list's first millisecond it is. */
static size_t take_looks(struct live *live, uint64_t now_ns, size_t n)
{
    const int64_t now_ms = live->is_ending ? live->end_ms : list_ms(live, now_ns);
    umm_watch_advance(live->work, now_ms);
    return umm_watchlist_take(live->work->list, now_ms, live->looks, n < LOOKS ? n : LOOKS);
}

static uint64_t late_us(const struct live *live, const struct umm_watch_look *look, uint64_t now_ns)
{
    enum { NS_PER_US = 1000, US_PER_MS = 1000 };
    /* Due before this run began, as after a restart. */
    const uint64_t before_ms =
        look->due_ms < live->first_ms ? (uint64_t)(live->first_ms - look->due_ms) : 0;
    return before_ms * US_PER_MS + (now_ns - begin_ns(live, look->due_ms)) / NS_PER_US;
}

/* Lines for the output, as far as it has room. */
static uint64_t send_looks(struct live *live, uint64_t now_ns)
{
    bool is_blocked = false;
    for (;;) {
        is_blocked = umm_serve_waiting(live->serve, live->output) >= OUT_MAX_BYTES;
        const size_t n = is_blocked ? 0 : take_looks(live, now_ns, LOOKS);
        if (n == 0)
            break;
        char *room = umm_serve_room(live->serve, live->output, n * UMM_LOOK_LINE_MAX);
        if (!room) /* it has failed, and says so */
            return UINT64_MAX;
        const int64_t time_ms = wall_ms();
        char *end = room;
        for (size_t i = 0; i < n; i++)
            end = umm_watch_print(live->work, end, &live->looks[i], time_ms,
                                  late_us(live, &live->looks[i], now_ns));
        umm_serve_wrote(live->serve, live->output, (size_t)(end - room));
        now_ns = umm_clock_monotonic_ns();
    }
    const uint64_t next_ns = begin_ns(live, umm_watchlist_next_ms(live->work->list));
    is_blocked &= next_ns <= now_ns;
    live->work->result->n_overloads += is_blocked && !live->is_blocked;
    live->is_blocked = is_blocked;
    return is_blocked ? now_ns + BLOCKED_MS * NS_PER_MS : next_ns;
}

static void fill_batch(struct live *live, uint64_t now_ns)
{
    struct umm_watchcommand *command = live->work->command;
    size_t n;
    while (command->n < command->n_max &&
           (n = take_looks(live, now_ns, command->n_max - command->n))) {
        const int64_t time_ms = wall_ms();
        live->batch_ns = command->n == 0 ? now_ns : live->batch_ns;
        for (size_t i = 0; i < n; i++) {
            char *end =
                umm_watch_print(live->work, command->batch + command->len_bytes, &live->looks[i],
                                time_ms, late_us(live, &live->looks[i], now_ns));
            command->len_bytes = (size_t)(end - command->batch);
        }
        command->n += n;
        now_ns = umm_clock_monotonic_ns();
    }
}

/* One batch at a time; events are taken while the command runs. */
static uint64_t command_looks(struct live *live, uint64_t now_ns)
{
    struct umm_watchcommand *command = live->work->command;
    struct umm_error own = {.status = UMM_OK}, failed = {.status = UMM_OK};
    enum umm_status status = UMM_OK;
    if (command->is_running)
        status = umm_watchcommand_wait(command, 0, &failed, &own);
    if (failed.status)
        umm_watch_tell(live->work, &failed);
    if (!status && !command->is_running && !umm_run_is_cancelled(live->work->run)) {
        fill_batch(live, now_ns);
        const uint64_t at_ns = live->batch_ns + live->work->options->max_delay_ms * NS_PER_MS;
        if (command->n > 0 && (command->n == command->n_max || now_ns >= at_ns || live->is_ending))
            status = umm_watchcommand_start(command, &own);
        else if (command->n > 0) {
            const uint64_t next_ns = begin_ns(live, umm_watchlist_next_ms(live->work->list));
            return next_ns < at_ns ? next_ns : at_ns;
        }
    }
    fail(live, status, &own);
    return command->is_running ? now_ns + RUNNING_MS * NS_PER_MS
                               : begin_ns(live, umm_watchlist_next_ms(live->work->list));
}

/* ---- a turn ---------------------------------------------------------------------- */

static void answer_syncs(struct live *live)
{
    char line[UMM_WATCH_ANSWER_MAX];
    for (size_t i = 0; live->clients.n_syncs > 0 && i < live->clients.n; i++) {
        struct umm_watch_client *client = &live->clients.list[i];
        for (; client->id && client->n_syncs > 0; client->n_syncs--)
            answer(live, client->id, line, umm_watch_word_sync(client, line));
    }
    live->clients.n_syncs = 0;
}

/* Whether all that was due when the input ended is done, and read. */
static bool is_over(const struct live *live)
{
    const struct umm_watchcommand *command = live->work->command;
    return live->is_ending && umm_watchlist_next_ms(live->work->list) > live->end_ms &&
           (command ? !command->is_running && command->n == 0
                    : umm_serve_waiting(live->serve, live->output) == 0);
}

static uint64_t on_turn(void *user, uint64_t now_ns)
{
    struct live *live = user;
    struct umm_error own = {.status = UMM_OK};
    const bool has_more = !live->status && live->fd >= 0 && follow(live);
    if (live->status)
        return UINT64_MAX;
    if (live->fd >= 0) /* what was followed came after the turn began */
        now_ns = umm_clock_monotonic_ns();
    /* What came is in the state before its looks go out. */
    fail(live, umm_watch_keep(live->work, false, &own), &own);
    if (live->status)
        return UINT64_MAX;
    answer_syncs(live);
    uint64_t next_ns = live->work->command ? command_looks(live, now_ns) : send_looks(live, now_ns);
    if (is_over(live))
        umm_serve_stop(live->serve);
    else if (live->is_ending && next_ns > now_ns + BLOCKED_MS * NS_PER_MS)
        next_ns = now_ns + BLOCKED_MS * NS_PER_MS;
    if (live->fd >= 0 && next_ns > now_ns + FOLLOW_MS * NS_PER_MS)
        next_ns = now_ns + FOLLOW_MS * NS_PER_MS;
    return has_more ? now_ns : next_ns;
}

/* ---- begin and end --------------------------------------------------------------- */

static enum umm_status add_input(struct live *live, int fd, const struct umm_file_info *info,
                                 struct umm_error *err)
{
    enum { KEPT_BYTES = 256 * 1024 + UMM_EVENT_LINE_MAX };
    const struct umm_watch_options *options = live->work->options;
    if (!options->is_follow) {
        enum umm_status status = umm_serve_add(live->serve, fd, -1, &live->input, err);
        if (!status)
            add_client(live, live->input, false);
        return status;
    }
    if (info->kind != UMM_FILE_REGULAR)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, live->work->input_name,
                                  "is not a regular file: only one can be followed");
    live->fd = fd;
    live->kept = malloc(KEPT_BYTES);
    if (!live->kept)
        return umm_error_set_memory(err, KEPT_BYTES, "a file that is followed");
    add_client(live, UMM_WATCH_FOLLOWED, false);
    return UMM_OK;
}

/* With a command nothing is written; a stream that is none keeps the service going. */
static enum umm_status add_output(struct live *live, struct umm_error *err)
{
    const struct umm_watch_options *options = live->work->options;
    char line[UMM_LOOK_LINE_MAX];
    const int fd = options->command ? -1 : options->out_fd;
    enum umm_status status = umm_serve_add(live->serve, -1, fd, &live->output, err);
    if (!status && options->has_header && !options->command)
        answer(live, live->output, line,
               (size_t)(umm_look_print_names(line, &options->fields) - line));
    return status;
}

/* A command that still runs is told to end, where the watch was; what it was given is its own. */
static void end_command(struct live *live)
{
    const uint64_t pause_ns = 100 * NS_PER_MS;
    struct umm_watchcommand *command = live->work->command;
    struct umm_error own, failed = {.status = UMM_OK};
    enum umm_status status = UMM_OK;
    if (!command || !command->is_running)
        return;
    if (umm_run_is_cancelled(live->work->run))
        umm_child_end(command->child.pid, false);
    while (!status && command->is_running)
        status = umm_watchcommand_wait(command, pause_ns, &failed, &own);
    if (failed.status)
        umm_watch_tell(live->work, &failed);
}

static enum umm_status serve(struct live *live, struct umm_error *err)
{
    struct umm_watch_work *work = live->work;
    struct umm_serve_stats stats;
    struct umm_file_info info;
    int fd = -1;
    enum umm_status status =
        work->options->input ? umm_watch_open_input(work, &fd, &info, err) : UMM_OK;
    if (!status)
        status = add_output(live, err);
    if (!status && fd >= 0)
        status = add_input(live, fd, &info, err);
    if (!status && !live->status)
        status = umm_serve_run(live->serve, work->run, err);
    end_command(live);
    umm_serve_stats(live->serve, &stats);
    work->result->n_refused = stats.n_refused;
    umm_watch_close_input(&fd);
    if (live->status)
        return live->status;
    if (!status && umm_run_is_cancelled(work->run))
        status = umm_error_set_cancelled(err);
    return status;
}

enum umm_status umm_watch_live(struct umm_watch_work *work, struct umm_error *err)
{
    struct live *live = calloc(1, sizeof *live);
    if (!live)
        return umm_error_set_memory(err, sizeof *live, "a watch");
    const struct umm_serve_options options = {.listen_fd = work->options->listen_fd,
                                              .out_max_bytes = ANSWERS_MAX_BYTES,
                                              .drain_ns = DRAIN_MS * NS_PER_MS,
                                              .refusal = "!busy too many connections\n"};
    const struct umm_serve_calls calls = {
        .user = live, .take = on_take, .turn = on_turn, .join = on_join, .leave = on_leave};
    struct umm_error own = {.status = UMM_OK};
    *live = (struct live){.work = work, .fd = -1, .err = &own, .first_ms = wall_ms()};
    live->first_ns = umm_clock_monotonic_ns();
    /* A clock that was set back does not take the list's time back. */
    if (work->found.is_there && live->first_ms < work->found.clock_ms)
        live->first_ms = work->found.clock_ms;
    work->clock_ms = live->first_ms; /* the time in between was not this watch's */
    enum umm_status status = umm_serve_open(&options, &calls, &live->serve, err);
    if (!status)
        status = serve(live, err);
    if (live->status && err)
        *err = own;
    umm_serve_close(live->serve);
    umm_watch_clients_free(&live->clients);
    free(live->kept);
    free(live);
    return status;
}
