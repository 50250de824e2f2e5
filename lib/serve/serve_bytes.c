/* SPDX-License-Identifier: MIT */
/* Bytes from clients, and to them. */
#include "serve/state.h"

#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* ---- what is waited for -------------------------------------------------- */

/*
 * A socket is waited for once and for all: what came is told once, and a read that is short has
 * taken all. Other files (a terminal gives a line at a time) are asked for anew after each read.
 */
static unsigned wanted(const struct umm_serve_client *client)
{
    const bool has_both = client->out.fd == client->in.fd;
    const unsigned out = client->is_out_wanted && has_both ? UMM_POLL_OUT : 0U;
    if (client->in.kind == UMM_NOWAIT_SOCKET)
        return UMM_POLL_IN | UMM_POLL_END | UMM_POLL_EDGE | out;
    return (client->is_open && !client->is_ready ? UMM_POLL_IN : 0U) | UMM_POLL_ONCE | out;
}

enum umm_status umm_serve_await_input(struct umm_serve *serve, struct umm_serve_client *client,
                                      struct umm_error *err)
{
    enum umm_status status =
        umm_poll_add(&serve->poll, client->in.fd, wanted(client), client->id, err);
    client->has_in = status == UMM_OK;
    if (status == UMM_ERR_UNSUPPORTED) {
        client->in.kind = UMM_NOWAIT_FILE;
        client->is_ready = true;
        umm_serve_list_run(serve, client);
        status = UMM_OK;
    }
    return status;
}

static void fail(struct umm_serve *serve, struct umm_serve_client *client, int sys_errno,
                 const char *what, const struct umm_nowait *end)
{
    if (client->is_stream && !serve->failure.status)
        umm_error_set_errno(&serve->failure, sys_errno,
                            end->fd == 0   ? "standard input"
                            : end->fd == 1 ? "standard output"
                                           : "a stream",
                            what);
    client->fail_errno = sys_errno;
    umm_serve_see_growth(serve, client);
    umm_serve_list_send(serve, client);
}

static void change_input(struct umm_serve *serve, struct umm_serve_client *client)
{
    struct umm_error err;
    if (client->has_in &&
        umm_poll_change(&serve->poll, client->in.fd, wanted(client), client->id, &err))
        fail(serve, client, err.sys_errno, "cannot wait for it", &client->in);
}

/* Wait for room, or no more: only where a send was short. */
static void change_output(struct umm_serve *serve, struct umm_serve_client *client, bool is_wanted)
{
    struct umm_error err;
    const bool is_changed = is_wanted != client->is_out_wanted;
    client->is_blocked = client->is_out_wanted = is_wanted;
    if (client->out.fd == client->in.fd) {
        if (is_changed || client->in.kind != UMM_NOWAIT_SOCKET)
            change_input(serve, client);
        return;
    }
    if (!is_wanted)
        return;
    const unsigned what = UMM_POLL_OUT | UMM_POLL_ONCE;
    const uint64_t tag = client->id | UMM_SERVE_OUT_TAG;
    enum umm_status status = client->has_own_out
                                 ? umm_poll_change(&serve->poll, client->out.fd, what, tag, &err)
                                 : umm_poll_add(&serve->poll, client->out.fd, what, tag, &err);
    client->has_own_out |= status == UMM_OK;
    if (status)
        fail(serve, client, err.sys_errno, "cannot wait for it", &client->out);
}

/* ---- from clients -------------------------------------------------------- */

/*
 * Give take what is at bytes, of which `left` already are in the client's own buffer, and keep what
 * it leaves. take may ask anything of this client, except that no client goes within a call.
 */
static void give(struct umm_serve *serve, struct umm_serve_client *client, const char *bytes,
                 size_t len_bytes, size_t n_left)
{
    client->is_again = false;
    const size_t taken =
        serve->calls.take(serve->calls.user, client->id, bytes, len_bytes, !client->is_open);
    assert(taken <= len_bytes);
    const size_t drop = taken < n_left ? taken : n_left, fresh = len_bytes - n_left;
    const size_t keep = len_bytes - (taken > n_left ? taken : n_left);
    if (drop)
        umm_buffer_drop(&client->left, drop);
    if (keep) {
        char *room = umm_buffer_room(&client->left, keep);
        if (!room) {
            fail(serve, client, ENOMEM, "cannot keep what it holds", &client->in);
            return;
        }
        memcpy(room, bytes + n_left + (fresh - keep), keep);
        umm_buffer_add(&client->left, keep);
    }
}

/* What was read with what was left before it. */
static void give_read(struct umm_serve *serve, struct umm_serve_client *client, size_t n_read)
{
    const size_t n_left = client->left.len;
    char *bytes = serve->read_bytes;
    if (n_left)
        memcpy(bytes, umm_buffer_bytes(&client->left), n_left);
    give(serve, client, bytes, n_left + n_read, n_left);
}

/* A read brought n bytes: may the next bring some without a word from epoll? */
static bool may_have_more(const struct umm_serve_client *client, size_t n)
{
    switch (client->in.kind) {
    case UMM_NOWAIT_SOCKET: return n == UMM_SERVE_READ_BYTES || client->is_half;
    case UMM_NOWAIT_FILE: return true;
    case UMM_NOWAIT_PIPE: return false;
    }
    return false;
}

static void read_once(struct umm_serve *serve, struct umm_serve_client *client)
{
    size_t n;
    const int sys_errno = umm_nowait_read(&client->in, serve->read_bytes + client->left.len,
                                          UMM_SERVE_READ_BYTES, &n);
    if (sys_errno && sys_errno != EAGAIN) {
        fail(serve, client, sys_errno, "cannot read", &client->in);
        return;
    }
    const bool is_end = !sys_errno && n == 0;
    client->is_ready = !sys_errno && !is_end && may_have_more(client, n);
    client->is_open = !is_end;
    if (!is_end && client->in.kind == UMM_NOWAIT_PIPE)
        change_input(serve, client);
    serve->stats.in_bytes += n;
    if (!sys_errno)
        give_read(serve, client, n);
}

void umm_serve_receive(struct umm_serve *serve, struct umm_serve_client *client)
{
    const bool can_read =
        client->is_ready && client->is_open && client->left.len < serve->options.in_max_bytes;
    if (can_read)
        read_once(serve, client);
    else if (client->left.len || !client->is_open)
        give(serve, client, umm_buffer_bytes(&client->left), client->left.len, client->left.len);
    else
        client->is_again = false;
    umm_serve_see_growth(serve, client);
    umm_serve_list_run(serve, client);
}

/* ---- to clients ---------------------------------------------------------- */

char *umm_serve_room(struct umm_serve *serve, uint64_t id, size_t len_bytes)
{
    struct umm_serve_client *client = umm_serve_find(serve, id);
    if (!client || client->fail_errno || client->out.fd < 0)
        return NULL;
    char *room = umm_buffer_room(&client->answers, len_bytes + !len_bytes);
    if (!room)
        fail(serve, client, ENOMEM, "cannot keep what it is sent", &client->out);
    return room;
}

static void see_waiting(struct umm_serve *serve, struct umm_serve_client *client)
{
    const bool is_full = client->answers.len >= serve->options.out_max_bytes;
    if (is_full == client->is_full)
        return;
    client->is_full = is_full;
    umm_serve_see_growth(serve, client);
    umm_serve_list_run(serve, client);
}

void umm_serve_wrote(struct umm_serve *serve, uint64_t id, size_t len_bytes)
{
    struct umm_serve_client *client = umm_serve_find(serve, id);
    if (!client || !len_bytes)
        return;
    umm_buffer_add(&client->answers, len_bytes);
    umm_serve_list_send(serve, client);
    see_waiting(serve, client);
}

static void send_once(struct umm_serve *serve, struct umm_serve_client *client)
{
    size_t n;
    const int sys_errno =
        umm_nowait_write(&client->out, umm_buffer_bytes(&client->answers), client->answers.len, &n);
    if (sys_errno && sys_errno != EAGAIN) {
        fail(serve, client, sys_errno, "cannot write", &client->out);
        return;
    }
    serve->stats.out_bytes += n;
    if (n)
        umm_buffer_drop(&client->answers, n);
    if (client->answers.len || client->is_out_wanted)
        change_output(serve, client, client->answers.len > 0);
    see_waiting(serve, client);
}

void umm_serve_deliver(struct umm_serve *serve, struct umm_serve_client *client)
{
    if (client->answers.len && !client->is_blocked && !client->fail_errno)
        send_once(serve, client);
    if (client->fail_errno || (client->is_ending && !client->answers.len))
        umm_serve_drop_client(serve, client);
}
