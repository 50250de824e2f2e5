/* SPDX-License-Identifier: MIT */
/*
 * workload.h - a long-lived consumer of market data, to measure: signal after signal
 * through the real chain, in one process.
 *
 * A signal is one new bar of one of 40 symbols:
 *
 *     arrival   a line of text, parsed
 *     append    to the symbol's array, and to its sliding window
 *     features  brought up to date by that bar
 *     lookups   five consumers ask a cache of 100 entries for one of 200 answers each
 *     store     the symbol's vector of features is put, and read back
 *     watch     its price goes to 40 positions, one a symbol, and those that are due are taken, at
 *               most 16; one whose price is at a barrier is closed, and another opened
 *     predict   a model answers for the stored vectors of those
 *     archive   one more row
 *
 * Bars, order of symbols and lookups come from a seed: the same signals again and again.
 * The clocks are also made up. The cache's is 1.5 s a signal, so that an entry lives for 1,200
 * signals; that of the positions is 0.1 s, so that a signal leads to some five looks. The model, of
 * two dense layers, is written to dir first. Which answer is asked for follows Zipf's law (exponent
 * 1).
 *
 * Every signal takes four buffers from a pool and gives them back. Nothing else is
 * allocated per signal; archives allocate when 256 signals are stored, and when 4096 fill
 * a frame.
 */
#ifndef UMM_M5_WORKLOAD_H
#define UMM_M5_WORKLOAD_H

#include "format/figures.h"
#include "umm.h"

enum {
    UMM_WORKLOAD_SYMBOLS = 40,
    UMM_WORKLOAD_CONSUMERS = 5,
    UMM_WORKLOAD_KEYS = UMM_WORKLOAD_SYMBOLS * UMM_WORKLOAD_CONSUMERS,
    UMM_WORKLOAD_SIGNALS_MIN = 100,
    UMM_WORKLOAD_BUFFERS = 4, /* that a signal takes */
    UMM_WORKLOAD_BUFFER_BYTES = 512,
    UMM_WORKLOAD_PATH_ROOM = 4096,
    UMM_WORKLOAD_BELOW_DIR = 96, /* bytes of it that names in dir may take */
    /* What the canary that leaks leaks, per signal. */
    UMM_WORKLOAD_LEAK_BYTES = 64
};

/* Faults put in on purpose, to see that whoever judges the figures notices. */
enum umm_workload_canary {
    UMM_CANARY_NONE,
    UMM_CANARY_LEAK,      /* 64 bytes a signal are never freed */
    UMM_CANARY_POOL,      /* one of the buffers is malloc'ed */
    UMM_CANARY_KEY,       /* the cache is asked for keys that nobody put */
    UMM_CANARY_FD,        /* descriptors stay open */
    UMM_CANARY_TEMPORARY, /* a temporary file stays */
    UMM_CANARY_ANSWER     /* some looks have no answer */
};

/*
 * dir          where arrays, store and archive go; it must exist
 * duration_ns  the signals are spread over that; 0: as fast as it goes
 * is_unpooled  every buffer is malloc'ed and freed, to compare with
 * is_unsynced  nothing is synced
 * counts_path  memory of allocation counts, as probe/alloc_counts.h says; NULL: none
 */
struct umm_workload_options {
    const char *dir;
    uint64_t n_signals;
    uint64_t seed;
    uint64_t duration_ns;
    bool is_unpooled;
    bool is_unsynced;
    enum umm_workload_canary canary;
    const char *counts_path;
};

/* A figure that could not be had. */
#define UMM_FIGURE_UNKNOWN UINT64_MAX

/*
 * The steady part is what follows the first fifth of the signals; live bytes and
 * descriptors are looked at 16 times in it (first, last, most), and what looking
 * allocates does not count.
 */
struct umm_workload_figures {
    uint64_t signals, steady_signals;
    uint64_t duration_ns; /* of the signals, without what comes before and after */
    uint64_t steady_from_ns, steady_until_ns; /* on the machine's monotonic clock */
    uint64_t steady_allocs, steady_alloc_bytes;
    uint64_t live_bytes_first, live_bytes_last, live_bytes_most;
    uint64_t descriptors_first, descriptors_last, descriptors_most;
    uint64_t left_files; /* temporaries, locks and journals, after the end */
    uint64_t rows_appended, rows_archived, vectors_stored;
    uint64_t looks, answers;
    uint64_t buffers_taken, buffers_refused;
    uint64_t cache_hits, cache_misses, cache_compulsory_misses;
    uint64_t cache_expirations, cache_evictions;
    uint64_t signal_p50_ns, signal_p99_ns; /* of the last signals */
    uint64_t arrival_p50_ns, append_p50_ns, features_p50_ns;
    uint64_t lookups_p50_ns, store_p50_ns, archive_p50_ns;
    uint64_t watch_p50_ns, predict_p50_ns; /* predict: of signals with a look */
};

/* Run it. UMM_ERR_ARGUMENT: too few signals, too long a path; UMM_ERR_CANCELLED; what the chain's
 * parts say. */
UMM_MUST_USE enum umm_status umm_workload_run(const struct umm_workload_options *options,
                                              struct umm_run *run,
                                              struct umm_workload_figures *figures,
                                              struct umm_error *err);

/* ---- figures as text ---- */

/* Lines "name: value", malloc'ed; "-" is unknown. As JSON, null is. */
UMM_MUST_USE enum umm_status umm_workload_figures_text(const struct umm_workload_figures *figures,
                                                       char **text, size_t *len_bytes,
                                                       struct umm_error *err);
UMM_MUST_USE enum umm_status umm_workload_figures_json(const struct umm_workload_figures *figures,
                                                       char **text, size_t *len_bytes,
                                                       struct umm_error *err);

/* All of them: their names are their members'. */
extern const struct umm_figure umm_workload_table[];

#endif
