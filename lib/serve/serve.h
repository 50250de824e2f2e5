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
 * A client is a number that is never given twice, and never 0. Its place is a small number that no
 * other client has at the same time, less than those that there may be and 64 more: for tables.
 */
enum { UMM_SERVE_PLACE_BITS = 24, UMM_SERVE_CLIENTS_USUAL = 1024 };

static inline uint32_t umm_serve_place(uint64_t client)
{
    return (uint32_t)(client & ((1U << UMM_SERVE_PLACE_BITS) - 1));
}

/*
 * All calls come from the thread of umm_serve_run, and never from within a function of this header
 * except that. What is asked for a client that has gone does nothing.
 *
 * take    bytes that the client has sent and that were not taken so far; returns how many are
 *         taken now. Those that are not come again with the next ones, or when they are asked for
 *         (umm_serve_again). is_last: no more will come, and there may be none now. The client
 *         stays, for its answers, until umm_serve_end
 * turn    all that could be read was given to take. Called after each wait that brought anything,
 *         and once at the beginning. Returns when it wants to be called again though nothing
 *         comes, by umm_clock_monotonic_ns; UINT64_MAX: never
 * join    a connection came; NULL: nobody wants to know
 * leave   a client has gone, or failed, or the run ends; what waited for it is lost (lost_bytes).
 *         NULL: nobody wants to know
 * signal  SIGHUP came, which does nothing else during the run, even where it was ignored. It is
 *         blocked meanwhile. NULL: it is left alone
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
 * listen_fd      a socket that listens (net/socket.h), borrowed and non-blocking; -1: none
 * max_clients    connections at once; more are accepted, told `refusal` and closed.
 *                0: 1024, or as many as descriptors are there for
 * in_max_bytes   what take may leave: from there on the client is not read from. 0: 64 KiB.
 *                What is read at once, at most 64 KiB, may come on top
 * out_max_bytes  answers that wait for a client: from there on nothing of it is read or taken.
 *                0: 256 KiB
 * drain_ns       after the end was asked for: how long clients may take to read answers
 * refusal        a line with its end, borrowed; NULL: none
 */
struct umm_serve_options {
    int listen_fd;
    uint32_t max_clients;
    size_t in_max_bytes, out_max_bytes;
    uint64_t drain_ns;
    const char *refusal;
};

struct umm_serve_stats {
    uint64_t n_clients; /* now, streams of umm_serve_add among them */
    uint64_t n_joined, n_left, n_refused;
    uint64_t n_dropped; /* left before all answers were sent */
    uint64_t in_bytes, out_bytes, lost_bytes;
    uint64_t n_turns;
};

/*
 * Nothing is accepted before umm_serve_run. The soft limit of descriptors is raised for
 * max_clients; UMM_ERR_ARGUMENT if the hard one is too low. UMM_ERR_MEMORY, UMM_ERR_SYSTEM.
 */
UMM_MUST_USE enum umm_status umm_serve_open(const struct umm_serve_options *options,
                                            const struct umm_serve_calls *calls,
                                            struct umm_serve **serve, struct umm_error *err);
void umm_serve_close(struct umm_serve *serve);

/*
 * A stream that is there from the beginning, as standard input and output are; -1 for either: it
 * only writes, or only reads. Files are borrowed, and need not be pipes. At most 64, before
 * umm_serve_run: UMM_ERR_ARGUMENT. join is not called for it; leave is.
 */
UMM_MUST_USE enum umm_status umm_serve_add(struct umm_serve *serve, int in_fd, int out_fd,
                                           uint64_t *id, struct umm_error *err);

/*
 * Serve, once, until run is cancelled or umm_serve_stop is called, or all streams of umm_serve_add
 * have been ended (umm_serve_end) and there is no socket. Then nothing more is read; what was taken
 * is answered (one more turn) and sent, for at most drain_ns, and all clients leave: UMM_OK, and
 * stats say whether any was dropped.
 *
 * A signal handler that cancels ends a wait at once; one that comes just before it, or another
 * thread, within a tenth of a second. SIGPIPE of pipes is the caller's: ignored.
 *
 * UMM_ERR_SYSTEM: the loop itself failed, or a stream of umm_serve_add did, and the others were
 * drained; a connection that fails is that client's own matter. UMM_ERR_MEMORY: likewise.
 */
UMM_MUST_USE enum umm_status umm_serve_run(struct umm_serve *serve, struct umm_run *run,
                                           struct umm_error *err);
void umm_serve_stop(struct umm_serve *serve);

/*
 * Room for len_bytes of an answer, after those that wait; NULL: the client has gone, or only
 * writes, or there is no memory, and then it goes. What was written there is told by
 * umm_serve_wrote before any other call. Sent after turn.
 */
char *umm_serve_room(struct umm_serve *serve, uint64_t id, size_t len_bytes);
void umm_serve_wrote(struct umm_serve *serve, uint64_t id, size_t len_bytes);

/* Bytes that wait for a client, as a slow reader has many; 0 for one that has gone. */
size_t umm_serve_waiting(const struct umm_serve *serve, uint64_t id);

/*
 * Give take what the client has left, before anything is waited for: after this turn, and then
 * there is another. It comes with is_last if so, even if it is nothing. Not while clients are held,
 * or too many answers wait for this one: afterwards.
 */
void umm_serve_again(struct umm_serve *serve, uint64_t id);

/*
 * Take from no client, or from all again: there is no room for what they ask. Those that had to
 * wait come first, in their order.
 */
void umm_serve_hold(struct umm_serve *serve, bool is_held);

/* Whether any client could send more: it is connected, and read from. */
bool umm_serve_can_grow(const struct umm_serve *serve);

/* Read no more from the client; close it when all that waits for it is sent. */
void umm_serve_end(struct umm_serve *serve, uint64_t id);

void umm_serve_stats(const struct umm_serve *serve, struct umm_serve_stats *stats);

#endif
