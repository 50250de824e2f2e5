/* SPDX-License-Identifier: MIT */
/*
 * state.h - what a service holds, for the parts of serve.c: its clients and its lists.
 *
 * A client is in the list of those to be read from (`run`) as long as something can be read and
 * taken, and in the list of those to be sent to (`sends`) when an answer came in this turn. Lists
 * hold places: whoever stands there by the time is judged by what it is then.
 */
#ifndef UMM_SERVE_STATE_H
#define UMM_SERVE_STATE_H

#include "net/nowait.h"
#include "net/poll.h"
#include "serve/buffer.h"
#include "serve/serve.h"

enum { UMM_SERVE_CLIENT_ALIGN = 128 };

/* Two lines of the cache: with a thousand clients each turn begins with none of them there. */
struct umm_serve_client {
    __attribute__((aligned(UMM_SERVE_CLIENT_ALIGN))) uint64_t id; /* 0: nobody */
    struct umm_nowait in, out;
    struct umm_buffer left, answers; /* what take has left; what waits to be sent */
    int fail_errno;                  /* it is closed for that, soon */
    bool is_stream;                  /* of umm_serve_add */
    bool is_open;                    /* its end was not read, and it was not ended */
    bool is_ready;                   /* a read may bring something */
    bool is_half;                    /* its end is there, after what it has sent */
    bool is_again;                   /* the caller asks for what is left */
    bool is_ending;
    bool is_blocked;          /* a send was short, and there is no room yet */
    bool is_out_wanted;       /* room is waited for */
    bool is_full;             /* answers for out_max_bytes wait */
    bool is_growing;          /* counted in n_growing */
    bool has_in, has_own_out; /* known to epoll, the latter by out.fd alone */
    /* Of the place, whoever has it. */
    bool is_in_run, is_in_sends;
    uint32_t next_free;
};

/* Of places. */
struct umm_serve_list {
    uint32_t *places;
    size_t n;
};

struct umm_serve {
    struct umm_serve_calls calls;
    struct umm_serve_options options;
    struct umm_serve_stats stats;
    struct umm_poll poll;
    struct umm_poll_wake wake;
    struct umm_serve_client *clients;
    void *clients_memory;                  /* in which they are aligned */
    uint32_t n_places, n_used, first_free; /* first_free: 1 + a place, 0: none */
    uint32_t n_connections, n_streams, n_growing;
    uint64_t n_ids;
    struct umm_serve_list run, sends;
    char *read_bytes; /* in_max_bytes and READ_BYTES, and what was left */
    bool is_accepting, is_held, is_stopping, is_draining;
    struct umm_error failure; /* of a stream */
};

/* Of the events of a descriptor that is only written to; all others have a client's number. */
#define UMM_SERVE_OUT_TAG (UINT64_C(1) << 62)

enum { UMM_SERVE_READ_BYTES = 65536, UMM_SERVE_STREAMS_MAX = 64 };

/* ---- clients (serve_client.c) -------------------------------------------- */

/* The client of that number; NULL: it has gone. */
static inline struct umm_serve_client *umm_serve_find(const struct umm_serve *serve, uint64_t id)
{
    const uint32_t place = umm_serve_place(id);
    struct umm_serve_client *client = place < serve->n_used ? &serve->clients[place] : NULL;
    return client && client->id == id && id ? client : NULL;
}

/* A new client; NULL: there is no place. */
struct umm_serve_client *umm_serve_new_client(struct umm_serve *serve);

/* Close the client; what waits for it is lost. */
void umm_serve_drop_client(struct umm_serve *serve, struct umm_serve_client *client);

/* Put it into a list, unless it is there, or has nothing to do there. */
void umm_serve_list_run(struct umm_serve *serve, struct umm_serve_client *client);
void umm_serve_list_send(struct umm_serve *serve, struct umm_serve_client *client);

/* See whether it can send more, after anything that matters to that has changed. */
void umm_serve_see_growth(struct umm_serve *serve, struct umm_serve_client *client);

/* ---- bytes (serve_bytes.c) ----------------------------------------------- */

/* Wait for its input, from its beginning on. */
UMM_MUST_USE enum umm_status umm_serve_await_input(struct umm_serve *serve,
                                                   struct umm_serve_client *client,
                                                   struct umm_error *err);

/* Read once, if there is something, and give take what there is. */
void umm_serve_receive(struct umm_serve *serve, struct umm_serve_client *client);

/* Send what waits, once; and close it if it was to be closed then, or has failed. */
void umm_serve_deliver(struct umm_serve *serve, struct umm_serve_client *client);

#endif
