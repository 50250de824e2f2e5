/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/file.h"
#include "watch/watch_work.h"

enum { READ_BYTES = 256 * 1024, OUT_BYTES = 256 * 1024, LOOKS = 256 };

/*
 *     in      | taken | a line that is not whole |  room to read |
 *                     begin                      end             READ_BYTES + UMM_EVENT_LINE_MAX
 */
struct replay {
    struct umm_watch_work *work;
    struct umm_events *events;
    int fd;
    char *in, *out;
    size_t begin, end, out_bytes;
    bool is_passing_over; /* the rest of a line that is too long */
    bool is_begun;        /* an event was taken: none that follows may be older */
    int64_t batch_ms;     /* when the first look of the command's batch was done */
    struct umm_watch_look looks[LOOKS];
};

/* ---- out ------------------------------------------------------------------------- */

/* What the looks are of is in the state before they go out. */
static enum umm_status send(struct replay *replay, struct umm_error *err)
{
    const struct umm_watch_options *options = replay->work->options;
    const size_t n = replay->out_bytes;
    enum umm_status status = umm_watch_keep(replay->work, false, err);
    replay->out_bytes = 0;
    if (status)
        return status;
    if (n)
        status = umm_file_write_stream(options->out_fd, options->out_path, replay->work->run,
                                       replay->out, n, err);
    replay->work->is_torn |= status != UMM_OK;
    return status;
}

static enum umm_status run_command(struct replay *replay, struct umm_error *err)
{
    const uint64_t pause_ns = 100000000;
    struct umm_watchcommand *command = replay->work->command;
    struct umm_error failed = {.status = UMM_OK};
    enum umm_status status = umm_watch_keep(replay->work, false, err);
    if (!status && command->n)
        status = umm_watchcommand_start(command, err);
    while (!status && command->is_running)
        status = umm_watchcommand_wait(command, pause_ns, &failed, err);
    if (!status && failed.status)
        umm_watch_tell(replay->work, &failed);
    if (!status && umm_run_is_cancelled(replay->work->run))
        status = umm_error_set_cancelled(err);
    return status;
}

static enum umm_status put(struct replay *replay, const struct umm_watch_look *look, int64_t now_ms,
                           struct umm_error *err)
{
    struct umm_watch_work *work = replay->work;
    struct umm_watchcommand *command = work->command;
    if (!command) {
        char *end = umm_watch_print(work, replay->out + replay->out_bytes, look, now_ms, 0);
        replay->out_bytes = (size_t)(end - replay->out);
        return OUT_BYTES - replay->out_bytes < UMM_LOOK_LINE_MAX ? send(replay, err) : UMM_OK;
    }
    if (command->n == 0)
        replay->batch_ms = now_ms;
    char *end = umm_watch_print(work, command->batch + command->len_bytes, look, now_ms, 0);
    command->len_bytes = (size_t)(end - command->batch);
    return ++command->n == command->n_max ? run_command(replay, err) : UMM_OK;
}

/* A batch that is not full waits no longer than it may, by the clock of the events. */
static enum umm_status end_batch(struct replay *replay, int64_t now_ms, struct umm_error *err)
{
    const struct umm_watchcommand *command = replay->work->command;
    if (!command || command->n == 0 ||
        (uint64_t)(now_ms - replay->batch_ms) <= replay->work->options->max_delay_ms)
        return UMM_OK;
    return run_command(replay, err);
}

/* All looks that are due by last_ms, each at its own time. */
static enum umm_status look_until(struct replay *replay, int64_t last_ms, struct umm_error *err)
{
    struct umm_watch_work *work = replay->work;
    enum umm_status status = UMM_OK;
    for (;;) {
        int64_t now_ms = umm_watchlist_next_ms(work->list);
        if (status || now_ms > last_ms)
            return status;
        /* Overdue, as after a restart. */
        now_ms = now_ms < work->clock_ms ? work->clock_ms : now_ms;
        umm_watch_advance(work, now_ms);
        status = end_batch(replay, now_ms, err);
        const size_t n = status ? 0 : umm_watchlist_take(work->list, now_ms, replay->looks, LOOKS);
        for (size_t i = 0; !status && i < n; i++)
            status = put(replay, &replay->looks[i], now_ms, err);
    }
}

/* ---- in -------------------------------------------------------------------------- */

static enum umm_status take_event(struct replay *replay, const struct umm_event *event,
                                  struct umm_error *err)
{
    struct umm_watch_work *work = replay->work;
    struct umm_error bad;
    enum umm_status status = UMM_OK;
    if (event->time_ms < work->clock_ms) {
        if (work->found.is_there && !replay->is_begun) {
            work->result->n_before++;
            return UMM_OK;
        }
        umm_events_blame(replay->events, "time", "is before that of an event before it", &bad);
        return umm_watch_bad_event(work, &bad, err);
    }
    replay->is_begun = true;
    if (event->time_ms > work->clock_ms) {
        status = look_until(replay, event->time_ms - 1, err);
        if (!status)
            umm_watch_advance(work, event->time_ms);
    }
    if (status)
        return status;
    switch (umm_watch_take_event(work, replay->events, event, &bad)) {
    case UMM_WATCH_TAKEN: return UMM_OK;
    case UMM_WATCH_BAD: return umm_watch_bad_event(work, &bad, err);
    case UMM_WATCH_FAILED:
    default:
        if (err)
            *err = bad;
        return bad.status;
    }
}

static enum umm_status take_line(struct replay *replay, const char *text, size_t len_bytes,
                                 struct umm_error *err)
{
    struct umm_event event;
    struct umm_error bad;
    switch (umm_events_line(replay->events, text, len_bytes, &event, &bad)) {
    case UMM_EVENTS_EVENT: return take_event(replay, &event, err);
    case UMM_EVENTS_NOTHING: return UMM_OK;
    case UMM_EVENTS_BAD: return umm_watch_bad_event(replay->work, &bad, err);
    case UMM_EVENTS_LOST:
    default:
        if (err)
            *err = bad;
        return bad.status;
    }
}

/* A line that is longer than any event; or the last one, without its end, which may be cut. */
static enum umm_status refuse_line(struct replay *replay, const char *what, struct umm_error *err)
{
    struct umm_error bad;
    umm_events_refuse(replay->events, replay->end - replay->begin, what, &bad);
    replay->begin = replay->end;
    return umm_watch_bad_event(replay->work, &bad, err);
}

static enum umm_status take_lines(struct replay *replay, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    const char *line_end;
    while (!status && replay->begin < replay->end &&
           (line_end = memchr(replay->in + replay->begin, '\n', replay->end - replay->begin))) {
        const char *text = replay->in + replay->begin;
        const size_t n = (size_t)(line_end - text);
        replay->begin += n + 1;
        if (replay->is_passing_over)
            umm_events_pass_over(replay->events, n + 1);
        else
            status = take_line(replay, text, n, err);
        replay->is_passing_over = false;
    }
    if (status)
        return status;
    if (replay->is_passing_over) {
        umm_events_pass_over(replay->events, replay->end - replay->begin);
        replay->begin = replay->end;
    } else if (replay->end - replay->begin > UMM_EVENT_LINE_MAX) {
        replay->is_passing_over = true;
        return refuse_line(replay, "the line is too long", err);
    }
    return UMM_OK;
}

/* Read once, and keep the line that is not whole at the front. *is_end: there is no more. */
static enum umm_status read_more(struct replay *replay, bool *is_end, struct umm_error *err)
{
    const char *path = replay->work->input_name;
    size_t n = 0;
    replay->end -= replay->begin;
    memmove(replay->in, replay->in + replay->begin, replay->end);
    replay->begin = 0;
    enum umm_status status = umm_file_read(replay->fd, path, replay->work->run,
                                           replay->in + replay->end, READ_BYTES, &n, err);
    replay->end += n;
    *is_end = !status && n == 0;
    return status;
}

static enum umm_status first_of(enum umm_status status, enum umm_status late)
{
    return status ? status : late;
}

static enum umm_status replay_all(struct replay *replay, struct umm_error *err)
{
    struct umm_watch_work *work = replay->work;
    bool is_end = false;
    enum umm_status status = UMM_OK;
    while (!status && !is_end) {
        status = read_more(replay, &is_end, err);
        if (!status && is_end && replay->end > replay->begin)
            status = refuse_line(replay, "the last line has no end: it may be cut", err);
        else if (!status)
            status = take_lines(replay, err);
        if (!status)
            status = send(replay, err);
    }
    if (!status && work->clock_ms != INT64_MIN)
        status = look_until(replay, work->clock_ms, err);
    /* After a bad event also: the list has those looks as done. After a signal nothing begins. */
    struct umm_error *late = status ? NULL : err;
    if (umm_run_is_cancelled(work->run))
        work->is_torn |= replay->out_bytes > 0 || (work->command && work->command->n > 0);
    else if (work->command)
        status = first_of(status, run_command(replay, late));
    else
        status = first_of(status, send(replay, late));
    return status;
}

enum umm_status umm_watch_replay(struct umm_watch_work *work, struct umm_error *err)
{
    const struct umm_watch_options *options = work->options;
    const struct umm_events_options events = {
        .path = work->input_name, .is_timed = true, .is_lenient = options->is_lenient};
    struct umm_file_info info;
    struct replay *replay = calloc(1, sizeof *replay);
    if (!replay)
        return umm_error_set_memory(err, sizeof *replay, "a replay");
    *replay = (struct replay){.work = work, .fd = -1};
    replay->in = malloc(READ_BYTES + UMM_EVENT_LINE_MAX + 1);
    replay->out = malloc(OUT_BYTES);
    enum umm_status status = replay->in && replay->out
                                 ? umm_events_open(&events, &replay->events, err)
                                 : umm_error_set_memory(err, READ_BYTES, "a replay");
    if (!status)
        status = umm_watch_open_input(work, &replay->fd, &info, err);
    if (!status && options->has_header && !work->command)
        replay->out_bytes =
            (size_t)(umm_look_print_names(replay->out, &options->fields) - replay->out);
    if (!status)
        status = replay_all(replay, err);
    umm_watch_close_input(&replay->fd);
    umm_events_close(replay->events);
    free(replay->in);
    free(replay->out);
    free(replay);
    return status;
}
