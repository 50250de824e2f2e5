/* SPDX-License-Identifier: MIT */
/*
 * serve.h - bytes from many clients, answered in batches by one thread: the connections of a
 * socket, and pipes.
 *
 *     wait (epoll) -> read what is there -> take, for each client -> turn, once -> send
 *
 * The return of the wait is the boundary of a batch: what came meanwhile is taken together,
 * answered together and sent with one call for each client. A client whose answers wait is not
 * read from (back-pressure); one that goes away takes nothing with it but what was its own.
 *
 * What the bytes mean, only the caller knows. One thread; nothing here prints.
 */
#ifndef UMM_SERVE_SERVE_H
#define UMM_SERVE_SERVE_H

#include "umm.h"

struct umm_serve;

/*
 * All calls come from the thread of umm_serve_run. A client is a number that is never given
 * twice; what is asked for one that has gone does nothing.
 *
 * take    bytes that the client has sent and that were not taken so far; returns how many are
 *         taken now. Those that are not come again with the next ones, or when they are asked for
 *         (umm_serve_again). is_last: no more will come, and what is left is dropped
 * turn    all that could be read was given to take. Returns when it wants to be called again
 *         though nothing comes, by umm_clock_monotonic_ns; UINT64_MAX: never
 * join    a client came; NULL: nobody wants to know
 * leave   a client has gone, or failed; what waited for it is lost (lost_bytes)
 * signal  SIGHUP came; NULL: nobody wants to know
 */
struct umm_serve_calls {
    void *user;
    size_t (*take)(void *user, uint64_t client, const char *bytes, size_t len_bytes, bool is_last);
    uint64_t (*turn)(void *user, uint64_t now_ns);
    void (*join)(void *user, uint64_t client);
    void (*leave)(void *user, uint64_t client, uint64_t lost_bytes);
    void (*signal)(void *user);
};

/*
 * listen_fd      a socket that listens (sys/socket.h), borrowed; -1: none
 * max_clients    connections at once; more are accepted, told `refusal` (a line) and closed.
 *                0: 1024, or as many as descriptors are there for
 * in_max_bytes   what take may leave: beyond, the client is read from no more
 * out_max_bytes  answers that wait for a client: from there on it is not read from. 0: 256 KiB
 * drain_ns       after the end was asked for: how long clients may take to read answers
 */
struct umm_serve_options {
    int listen_fd;
    uint32_t max_clients;
    size_t in_max_bytes, out_max_bytes;
    uint64_t drain_ns;
    const char *refusal;
};

struct umm_serve_stats {
    uint64_t n_clients; /* now */
    uint64_t n_joined, n_left, n_refused;
    uint64_t n_dropped; /* left before all answers were sent */
    uint64_t in_bytes, out_bytes, lost_bytes;
    uint64_t n_turns;
};

UMM_MUST_USE enum umm_status umm_serve_open(const struct umm_serve_options *options,
                                            const struct umm_serve_calls *calls,
                                            struct umm_serve **serve, struct umm_error *err);
void umm_serve_close(struct umm_serve *serve);

/*
 * A stream that is there from the beginning, as standard input and output are; -1 for either: it
 * only writes, or only reads. Files are borrowed, and need not be pipes.
 */
UMM_MUST_USE enum umm_status umm_serve_add(struct umm_serve *serve, int in_fd, int out_fd,
                                           uint64_t *client, struct umm_error *err);

/*
 * Serve until run is cancelled or umm_serve_stop is called, or all streams of umm_serve_add have
 * ended and there is no socket. Then nothing more is read; what was taken is answered (one more
 * turn) and sent, for at most drain_ns. UMM_ERR_CANCELLED: run was cancelled a second time before
 * all was sent. UMM_ERR_SYSTEM: the loop itself failed, or a stream of umm_serve_add did; a
 * connection that fails is that client's own matter.
 */
UMM_MUST_USE enum umm_status umm_serve_run(struct umm_serve *serve, struct umm_run *run,
                                           struct umm_error *err);
void umm_serve_stop(struct umm_serve *serve);

/*
 * Room for len_bytes of an answer, after those that wait; NULL: the client has gone. What was
 * written there is told by umm_serve_wrote before any other call. Sent after turn.
 */
char *umm_serve_room(struct umm_serve *serve, uint64_t client, size_t len_bytes);
void umm_serve_wrote(struct umm_serve *serve, uint64_t client, size_t len_bytes);

/* Bytes that wait for a client, as a slow reader has many; 0 for one that has gone. */
size_t umm_serve_waiting(const struct umm_serve *serve, uint64_t client);

/* Give take what the client has left, in this turn; what it has left comes with is_last if so. */
void umm_serve_again(struct umm_serve *serve, uint64_t client);

/* Read from no client, or from all again: there is no room for what they ask. */
void umm_serve_hold(struct umm_serve *serve, bool is_held);

/* Whether any client could send more: it is connected, and read from. */
bool umm_serve_can_grow(const struct umm_serve *serve);

/* Read no more from the client; close it when all that waits for it is sent. */
void umm_serve_end(struct umm_serve *serve, uint64_t client);

void umm_serve_stats(const struct umm_serve *serve, struct umm_serve_stats *stats);

#endif
