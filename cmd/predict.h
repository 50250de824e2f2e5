/* SPDX-License-Identifier: MIT */
/* predict.h - what the parts of umm-predict share: the options of a service, and its run. */
#ifndef UMM_CMD_PREDICT_H
#define UMM_CMD_PREDICT_H

#include "cli_options.h"
#include "cli_store.h"
#include "predict/service.h"
#include "umm.h"

/* Zero is the default of all but the cache's entries. */
struct predict_service {
    bool is_serve;
    const char *listen;
    uint32_t socket_mode;
    bool has_socket_mode;
    uint64_t max_clients, max_delay_ns, queue_rows;
    bool has_max_clients, has_delay, has_queue, has_overload;
    bool is_rejecting;
    const char *store;
    struct cli_store reach;
    uint64_t cache_entries, cache_ttl_ns, max_stale_ns;
    bool has_cache, has_max_stale;
};

enum { PREDICT_CACHE_ENTRIES = 100 };

/* The options of a service, for a struct predict_service. */
extern const struct cli_option predict_service_options[];

/* CLI_OK, or CLI_USAGE after a message. n_operands: MODEL and what comes after it. */
int predict_service_check(const struct predict_service *given, const struct cli_reports *reports,
                          const char *model, int n_operands);

/*
 * Serve; job has what other options say: the model, what NaN is, batch_rows and n_threads. Returns
 * the exit code.
 */
int predict_service_run(const struct predict_service *given, const struct cli_reports *reports,
                        const struct umm_service_options *job, struct umm_run *run);

#endif
