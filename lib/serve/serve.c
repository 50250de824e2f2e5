/* SPDX-License-Identifier: MIT */
#include "serve/serve.h"

#include "base/error.h"
#include "net/socket.h"
#include "serve/state.h"
#include "sys/clock.h"
#include "sys/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of the listening socket's events: no client has the number 0. */
static const uint64_t LISTEN_TAG = 0;

static const size_t IN_MAX_BYTES = 65536, OUT_MAX_BYTES = 262144;

_Static_assert(sizeof(struct umm_serve_client) == UMM_SERVE_CLIENT_ALIGN, "two lines");

/* Descriptors besides connections, for the caller's files. */
enum { CLIENTS_MAX = 1000000, OTHER_DESCRIPTORS = 128 };

/* ---- open and close ------------------------------------------------------ */

static enum umm_status allow_clients(struct umm_serve_options *options, struct umm_error *err)
{
    const uint32_t wanted = options->max_clients ? options->max_clients : UMM_SERVE_CLIENTS_USUAL;
    uint64_t n_allowed;
    if (wanted > CLIENTS_MAX)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "%u connections are more than %d", wanted,
                             CLIENTS_MAX);
    enum umm_status status =
        umm_socket_allow_descriptors(wanted + OTHER_DESCRIPTORS, &n_allowed, err);
    if (status)
        return status;
    const uint64_t n = n_allowed > OTHER_DESCRIPTORS ? n_allowed - OTHER_DESCRIPTORS : 1;
    if (n < options->max_clients)
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "%u connections need %u descriptors, and the limit is %llu", wanted,
                             wanted + OTHER_DESCRIPTORS, (unsigned long long)n_allowed);
    options->max_clients = n < wanted ? (uint32_t)n : wanted;
    return UMM_OK;
}

static struct umm_serve_client *align(char *memory)
{
    const size_t past = (uintptr_t)memory % UMM_SERVE_CLIENT_ALIGN;
    return (void *)(past ? memory + (UMM_SERVE_CLIENT_ALIGN - past) : memory);
}

static enum umm_status get_memory(struct umm_serve *serve, struct umm_error *err)
{
    serve->n_places = serve->options.max_clients + UMM_SERVE_STREAMS_MAX;
    /* As many again: what is read from once more in the next turn stands after all of a list. */
    serve->run.places = calloc(2 * (size_t)serve->n_places, sizeof *serve->run.places);
    serve->sends.places = calloc(2 * (size_t)serve->n_places, sizeof *serve->sends.places);
    /* Cleared, and not touched before they are used: there may be a million. */
    serve->clients_memory = calloc(serve->n_places + (size_t)1, sizeof *serve->clients);
    serve->clients = align(serve->clients_memory);
    serve->read_bytes = malloc(serve->options.in_max_bytes + UMM_SERVE_READ_BYTES);
    return serve->run.places && serve->sends.places && serve->clients && serve->read_bytes
               ? UMM_OK
               : umm_error_set_memory(err, serve->n_places * sizeof *serve->clients, "connections");
}

enum umm_status umm_serve_open(const struct umm_serve_options *options,
                               const struct umm_serve_calls *calls, struct umm_serve **serve,
                               struct umm_error *err)
{
    struct umm_serve *made = *serve = NULL;
    made = calloc(1, sizeof *made);
    if (!made)
        return umm_error_set_memory(err, sizeof *made, "a service");
    made->calls = *calls;
    made->options = *options;
    if (!options->in_max_bytes)
        made->options.in_max_bytes = IN_MAX_BYTES;
    if (!options->out_max_bytes)
        made->options.out_max_bytes = OUT_MAX_BYTES;
    enum umm_status status = umm_poll_open(&made->poll, err);
    if (!status && options->listen_fd >= 0)
        status = allow_clients(&made->options, err);
    else
        made->options.max_clients = 0;
    if (!status)
        status = get_memory(made, err);
    if (status)
        umm_serve_close(made);
    else
        *serve = made;
    return status;
}

static void drop_all(struct umm_serve *serve)
{
    for (uint32_t i = 0; i < serve->n_used; i++)
        if (serve->clients[i].id)
            umm_serve_drop_client(serve, &serve->clients[i]);
}

void umm_serve_close(struct umm_serve *serve)
{
    if (!serve)
        return;
    serve->calls.leave = NULL;
    drop_all(serve);
    for (uint32_t i = 0; i < serve->n_used; i++) {
        umm_buffer_free(&serve->clients[i].left);
        umm_buffer_free(&serve->clients[i].answers);
    }
    umm_poll_close(&serve->poll);
    free(serve->clients_memory);
    free(serve->run.places);
    free(serve->sends.places);
    free(serve->read_bytes);
    free(serve);
}

enum umm_status umm_serve_add(struct umm_serve *serve, int in_fd, int out_fd, uint64_t *id,
                              struct umm_error *err)
{
    struct umm_nowait in = {.fd = -1}, out = {.fd = -1};
    *id = 0;
    enum umm_status status = in_fd >= 0 ? umm_nowait_open(&in, in_fd, "a stream", err) : UMM_OK;
    if (!status && out_fd >= 0)
        status = umm_nowait_open(&out, out_fd, "a stream", err);
    if (status)
        return status;
    struct umm_serve_client *client =
        serve->n_streams < UMM_SERVE_STREAMS_MAX ? umm_serve_new_client(serve) : NULL;
    if (!client)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "more than %d streams", UMM_SERVE_STREAMS_MAX);
    serve->n_streams++;
    client->is_stream = true;
    client->in = in;
    client->out = out;
    client->is_open = in_fd >= 0;
    *id = client->id;
    if (in_fd >= 0)
        status = umm_serve_await_input(serve, client, err);
    umm_serve_see_growth(serve, client);
    return status; /* a failed one is closed with the rest */
}

/* ---- what callers ask ---------------------------------------------------- */

void umm_serve_stop(struct umm_serve *serve)
{
    serve->is_stopping = true;
}

size_t umm_serve_waiting(const struct umm_serve *serve, uint64_t id)
{
    const struct umm_serve_client *client = umm_serve_find(serve, id);
    return client ? client->answers.len : 0;
}

void umm_serve_again(struct umm_serve *serve, uint64_t id)
{
    struct umm_serve_client *client = umm_serve_find(serve, id);
    if (!client)
        return;
    client->is_again = true;
    umm_serve_list_run(serve, client);
}

void umm_serve_hold(struct umm_serve *serve, bool is_held)
{
    serve->is_held = is_held;
}

bool umm_serve_can_grow(const struct umm_serve *serve)
{
    return !serve->is_held && !serve->is_draining && serve->n_growing > 0;
}

void umm_serve_end(struct umm_serve *serve, uint64_t id)
{
    struct umm_serve_client *client = umm_serve_find(serve, id);
    if (!client)
        return;
    client->is_ending = true;
    client->is_open = false;
    umm_serve_list_send(serve, client);
    umm_serve_see_growth(serve, client);
}

void umm_serve_stats(const struct umm_serve *serve, struct umm_serve_stats *stats)
{
    *stats = serve->stats;
}

/* ---- connections that come ----------------------------------------------- */

static enum umm_status accept_again(struct umm_serve *serve, struct umm_error *err)
{
    if (serve->is_accepting || serve->is_draining || serve->options.listen_fd < 0)
        return UMM_OK;
    serve->is_accepting = true;
    return umm_poll_add(&serve->poll, serve->options.listen_fd, UMM_POLL_IN, LISTEN_TAG, err);
}

static void pause_accepting(struct umm_serve *serve)
{
    if (serve->is_accepting)
        umm_poll_remove(&serve->poll, serve->options.listen_fd);
    serve->is_accepting = false;
}

static void refuse(struct umm_serve *serve, int fd)
{
    const struct umm_nowait end = {.fd = fd, .kind = UMM_NOWAIT_SOCKET};
    size_t n;
    if (serve->options.refusal && *serve->options.refusal)
        (void)umm_nowait_write(&end, serve->options.refusal, strlen(serve->options.refusal), &n);
    umm_socket_close_gently(&fd);
    serve->stats.n_refused++;
}

static void welcome(struct umm_serve *serve, int fd)
{
    struct umm_serve_client *client =
        serve->n_connections < serve->options.max_clients ? umm_serve_new_client(serve) : NULL;
    if (!client) {
        refuse(serve, fd);
        return;
    }
    serve->n_connections++;
    client->in = client->out = (struct umm_nowait){.fd = fd, .kind = UMM_NOWAIT_SOCKET};
    umm_serve_see_growth(serve, client);
    const uint64_t id = client->id;
    if (serve->calls.join)
        serve->calls.join(serve->calls.user, id);
    if (umm_serve_await_input(serve, client, NULL)) /* no memory for it in the kernel */
        umm_serve_drop_client(serve, client);
}

/* Some of those that wait, so that others have their turn as well. */
static void accept_some(struct umm_serve *serve)
{
    enum { TURN_MAX = 64 };
    for (int i = 0; i < TURN_MAX && serve->is_accepting; i++) {
        int fd, sys_errno = umm_socket_accept(serve->options.listen_fd, &fd);
        if (!sys_errno)
            welcome(serve, fd);
        else if (sys_errno == EAGAIN)
            return;
        else if (sys_errno != ECONNABORTED && sys_errno != EPROTO && sys_errno != EPERM)
            pause_accepting(serve); /* until the next tick: no descriptors, no memory */
    }
}

/* ---- a turn -------------------------------------------------------------- */

static void take_event(struct umm_serve *serve, const struct umm_poll_event *event)
{
    if (event->tag == LISTEN_TAG) {
        accept_some(serve);
        return;
    }
    const bool is_own_out = event->tag & UMM_SERVE_OUT_TAG;
    struct umm_serve_client *client = umm_serve_find(serve, event->tag & ~UMM_SERVE_OUT_TAG);
    if (!client)
        return;
    if (!is_own_out && event->what & (UMM_POLL_IN | UMM_POLL_END)) {
        client->is_ready = client->is_open;
        client->is_half |= (event->what & UMM_POLL_END) != 0;
        umm_serve_list_run(serve, client);
    }
    if (event->what & UMM_POLL_OUT && client->is_blocked) {
        client->is_blocked = false;
        umm_serve_list_send(serve, client);
    }
}

/* What the next of a list will need. */
static void prefetch(const struct umm_serve *serve, uint32_t place)
{
    const char *client = (const char *)&serve->clients[place];
    __builtin_prefetch(client);
    __builtin_prefetch(client + UMM_SERVE_CLIENT_ALIGN / 2);
}

static void take_events(struct umm_serve *serve)
{
    enum { AHEAD = 4 };
    const struct umm_poll_wake *wake = &serve->wake;
    for (size_t i = 0; i < wake->n_events; i++) {
        if (i + AHEAD < wake->n_events)
            prefetch(serve, umm_serve_place(wake->events[i + AHEAD].tag));
        take_event(serve, &wake->events[i]);
    }
}

/* Where the caller has room for one client alone, the first must not be the same in each turn. */
static void rotate(uint32_t *places, size_t n)
{
    const uint32_t first = *places;
    memmove(places, places + 1, (n - 1) * sizeof *places);
    places[n - 1] = first;
}

/* Each that is listed by now, once; those that come again stand after them. */
static void read_all(struct umm_serve *serve)
{
    struct umm_serve_list *run = &serve->run;
    const size_t n = run->n;
    size_t i = 0;
    if (n > 1 && !serve->is_held)
        rotate(run->places, n);
    for (; i < n && !serve->is_held; i++) {
        struct umm_serve_client *client = &serve->clients[run->places[i]];
        client->is_in_run = false;
        if (i + 1 < n)
            __builtin_prefetch(serve->clients[run->places[i + 1]].answers.bytes);
        if (client->id && !client->is_ending && !client->fail_errno && !client->is_full)
            umm_serve_receive(serve, client);
    }
    run->n -= i;
    memmove(run->places, run->places + i, run->n * sizeof *run->places);
}

static void send_all(struct umm_serve *serve)
{
    struct umm_serve_list *sends = &serve->sends;
    const size_t n = sends->n;
    for (size_t i = 0; i < n; i++) {
        struct umm_serve_client *client = &serve->clients[sends->places[i]];
        client->is_in_sends = false;
        if (client->id)
            umm_serve_deliver(serve, client);
    }
    sends->n -= n;
    memmove(sends->places, sends->places + n, sends->n * sizeof *sends->places);
}

static uint64_t turn(struct umm_serve *serve, uint64_t now_ns)
{
    serve->stats.n_turns++;
    const uint64_t next_ns = serve->calls.turn(serve->calls.user, now_ns);
    send_all(serve);
    return next_ns;
}

/* ---- the end ------------------------------------------------------------- */

static bool has_unsent(const struct umm_serve *serve)
{
    for (uint32_t i = 0; i < serve->n_used; i++)
        if (serve->clients[i].id && serve->clients[i].answers.len)
            return true;
    return false;
}

static enum umm_status drain(struct umm_serve *serve, struct umm_error *err)
{
    serve->is_draining = true;
    pause_accepting(serve);
    const uint64_t began_ns = umm_clock_monotonic_ns();
    const uint64_t end_ns = serve->options.drain_ns < UINT64_MAX - began_ns
                                ? began_ns + serve->options.drain_ns
                                : UINT64_MAX;
    (void)turn(serve, began_ns);
    enum umm_status status = UMM_OK;
    for (uint32_t i = 0; i < serve->n_used; i++)
        umm_serve_end(serve, serve->clients[i].id);
    send_all(serve);
    while (!status && has_unsent(serve) && umm_clock_monotonic_ns() < end_ns) {
        status = umm_poll_wait(&serve->poll, end_ns, &serve->wake, err);
        if (!status)
            take_events(serve);
        send_all(serve);
    }
    drop_all(serve);
    return status;
}

/* ---- the loop ------------------------------------------------------------ */

static bool is_over(const struct umm_serve *serve, const struct umm_run *run)
{
    return serve->is_stopping || serve->failure.status || umm_run_is_cancelled(run) ||
           (serve->options.listen_fd < 0 && serve->n_streams == 0);
}

static enum umm_status serve_until_over(struct umm_serve *serve, const struct umm_run *run,
                                        struct umm_error *err)
{
    struct umm_poll_wake *wake = &serve->wake;
    uint64_t next_ns = 0, now_ns = 0;
    enum umm_status status = accept_again(serve, err);
    while (!status && !is_over(serve, run)) {
        const bool has_work = (serve->run.n > 0 && !serve->is_held) || serve->sends.n > 0;
        status =
            umm_poll_wait(&serve->poll, has_work || next_ns <= now_ns ? 0 : next_ns, wake, err);
        if (status)
            return status;
        take_events(serve);
        if (wake->is_tick)
            status = accept_again(serve, err);
        if (wake->is_hangup)
            serve->calls.signal(serve->calls.user);
        read_all(serve);
        now_ns = umm_clock_monotonic_ns();
        if (wake->n_events || has_work || wake->is_hangup || now_ns >= next_ns)
            next_ns = turn(serve, now_ns);
    }
    return status;
}

enum umm_status umm_serve_run(struct umm_serve *serve, struct umm_run *run, struct umm_error *err)
{
    enum umm_status status =
        serve->calls.signal ? umm_poll_catch_hangup(&serve->poll, err) : UMM_OK;
    if (!status)
        status = serve_until_over(serve, run, err);
    const enum umm_status drained = drain(serve, status ? NULL : err);
    umm_poll_release_hangup(&serve->poll);
    if (status || drained)
        return status ? status : drained;
    if (serve->failure.status && err)
        *err = serve->failure;
    return serve->failure.status;
}
