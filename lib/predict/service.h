/* SPDX-License-Identifier: MIT */
/*
 * service.h - a model that answers the rows of many clients, in batches: lines, or raw rows, on
 * the connections of a socket or on two streams.
 *
 *     bytes of a client -> lines (service_line) -> queue -> batch -> model -> its answers, in order
 *                          raw rows             ->
 *
 * What clients may send, and what they get, is in umm-formats(5). All rows that are there are
 * taken before any is answered, and answered in batches of batch_rows; a batch that is not full
 * waits until max_delay_ns after its first row, unless no client could add to it. The bits of an
 * answer do not depend on its batch.
 *
 * The answers of a client have the order of its lines. A client that goes away takes nothing with
 * it but its own rows. Memory is bounded: a queue of rows, and the buffers of serve/serve.h.
 */
#ifndef UMM_PREDICT_SERVICE_H
#define UMM_PREDICT_SERVICE_H

#include "format/prometheus.h"
#include "predict/predict.h"
#include "predict/service_line.h"
#include "umm.h"
#include "umm/model.h"
#include "umm/store.h"

enum umm_service_event {
    UMM_SERVICE_LOADED,   /* a model took the place of another */
    UMM_SERVICE_KEPT,     /* it could not: err says why, and the other one goes on */
    UMM_SERVICE_STOPPING, /* nothing more is read */
    UMM_SERVICE_REPORT    /* report_every_ns have passed */
};

/*
 * model_path    read at the start, and again at SIGHUP
 * nan           as predict.h says; an error is that of one row
 * batch_rows    rows that the model takes at once; 0: 32
 * n_threads     that share a batch; 0: 1
 * max_delay_ns  how long a batch that is not full may wait for more rows; 0: not at all
 * queue_rows    rows that wait at most; 0: 4096, or what 64 MiB hold, or a batch. A batch is never
 *               larger
 * is_rejecting  refuse rows that find the queue full; otherwise they wait where they are
 * store         a store's place; lines are keys of its vectors. NULL: lines are numbers
 * reach         how a server is reached that has the store, borrowed; NULL: by all defaults
 * cache_entries, cache_ttl_ns
 *               how many answers by key are kept, and how long (0: 1800 s). An answer is given
 *               again only if the store's entry has not been written since, and the model is the
 *               same. cache_entries 0: none
 * max_stale_ns  for how long a kept answer counts, after the store said so, without another
 * question to it; 0: each time it is asked listen_fd     a socket that listens, borrowed, or -1
 * max_clients   connections at once; 0: 1024, or as many as descriptors are there for
 * in_fd, out_fd
 *               streams, borrowed; in_fd -1: none
 * drain_ns      how long clients may take to read their answers after the end was asked for
 * report_every_ns
 *               how often tell has UMM_SERVICE_REPORT; 0: never
 * tell          called with what happens, on the thread of umm_service_run; or NULL
 */
struct umm_service_options {
    const char *model_path;
    struct umm_model_options model;
    enum umm_predict_nan nan;
    uint32_t batch_rows, n_threads;
    uint64_t max_delay_ns;
    uint32_t queue_rows;
    bool is_rejecting;
    const char *store;
    const struct umm_store_reach *reach;
    uint64_t cache_entries, cache_ttl_ns, max_stale_ns;
    int listen_fd, in_fd, out_fd;
    uint32_t max_clients;
    uint64_t drain_ns, report_every_ns;
    void (*tell)(void *user, enum umm_service_event event, const struct umm_error *err);
    void *user;
};

struct umm_service;

/*
 * Read the model and open the store. UMM_ERR_DATA: the store's vectors are not rows of the model;
 * others as umm_model_open, umm_store_open and umm_serve_open say. run is for all calls.
 */
UMM_MUST_USE enum umm_status umm_service_open(const struct umm_service_options *options,
                                              struct umm_run *run, struct umm_service **service,
                                              struct umm_error *err);
void umm_service_close(struct umm_service *service);

/*
 * Serve until run is cancelled, or in_fd ends where there is no socket; then all that was taken is
 * answered. UMM_OK after that, also when run was cancelled. Failures as umm_serve_run has them.
 */
UMM_MUST_USE enum umm_status umm_service_run(struct umm_service *service, struct umm_error *err);

/* Of values: of all since the start. Times in seconds. */
struct umm_service_spread {
    uint64_t p50, p99, p999, max;
};
struct umm_service_times {
    double p50_s, p99_s, p999_s, max_s;
};

/*
 * rows are those answered by numbers; refusals, by their word, come on top. wait is from when a row
 * was taken to when its batch began, service how long a batch took. depth: rows that wait.
 */
struct umm_service_stats {
    double uptime_s;
    uint64_t n_rows, n_refusals, n_commands, n_batches;
    uint64_t refusals[UMM_SERVICE_WORDS];
    struct umm_service_spread batch;
    struct umm_service_times wait, service;
    uint64_t depth, depth_peak, queue_rows;
    uint64_t n_clients, n_joined, n_dropped, n_turned_away;
    uint64_t in_bytes, out_bytes;
    uint64_t n_cache_hits, n_cache_misses;
    uint64_t n_loads, n_failed_loads; /* of the model; the first counts */
};

void umm_service_stats(const struct umm_service *service, struct umm_service_stats *stats);

/* One JSON object, on a line of its own if is_compact; malloc'ed. */
UMM_MUST_USE enum umm_status umm_service_json(const struct umm_service_options *options,
                                              const struct umm_service_stats *stats,
                                              bool is_compact, char **text, size_t *len_bytes,
                                              struct umm_error *err);

/* Add the figures, for what answers at that place (a socket, or "-"). */
void umm_service_metrics(const struct umm_service_stats *stats, const char *place,
                         struct umm_prometheus *page);

#endif
