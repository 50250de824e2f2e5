/* SPDX-License-Identifier: MIT */
/*
 * workload_job.h - a workload while it runs: what its parts share. workload.c opens,
 * paces and closes it, workload_signal.c is what happens to one signal, workload_live.c what
 * becomes of it live.
 */
#ifndef UMM_M5_WORKLOAD_JOB_H
#define UMM_M5_WORKLOAD_JOB_H

#include "archive/archive_writer.h"
#include "array/grow.h"
#include "m5/workload_probe.h"
#include "synth/synth_bar.h"
#include "umm/mem.h"
#include "umm/model.h"
#include "watch/watchlist.h"

enum {
    UMM_WORKLOAD_COLUMNS = 6,
    UMM_WORKLOAD_SYMBOL_MAX = 8, /* "S07" and zero bytes: the archive's first field */
    UMM_WORKLOAD_BAR_MS = 60000,
    UMM_WORKLOAD_LOOKS_MAX = 16 /* at once; others stay due */
};

/* Kinds of operations, as their durations are kept. */
enum {
    UMM_WORKLOAD_ARRIVAL,
    UMM_WORKLOAD_APPEND,
    UMM_WORKLOAD_FEATURES,
    UMM_WORKLOAD_LOOKUPS,
    UMM_WORKLOAD_STORE,
    UMM_WORKLOAD_WATCH,
    UMM_WORKLOAD_PREDICT,
    UMM_WORKLOAD_ARCHIVE,
    UMM_WORKLOAD_SIGNAL,
    UMM_WORKLOAD_KINDS
};

struct umm_workload_symbol {
    char name[UMM_WORKLOAD_SYMBOL_MAX];
    char path[UMM_WORKLOAD_PATH_ROOM];
    struct umm_synth_walk walk;
    int64_t time_ms;
    struct umm_grow array;
    struct umm_ring *window; /* of bars */
    struct umm_features_state *features;
    float first[UMM_WORKLOAD_BUFFER_BYTES / sizeof(double)]; /* features before any signal */
};

/* What a consumer asks for, of a symbol's window. */
struct umm_workload_answer {
    double mean, deviation, last;
    uint64_t n_rows;
};

/* Positions, one for each symbol, and the model that is asked about those that are due. */
struct umm_workload_live {
    struct umm_watchlist *list;
    struct umm_model *model;
    struct umm_model_plan *plan;
    uint64_t random;
    size_t n_looks; /* of the signal at hand */
    struct umm_workload_symbol *looks[UMM_WORKLOAD_LOOKS_MAX];
    float *rows, *answers; /* of so many looks */
    char path[UMM_WORKLOAD_PATH_ROOM];
};

struct umm_workload {
    const struct umm_workload_options *options;
    struct umm_workload_figures *figures;
    struct umm_run *run;
    struct umm_run archive_run; /* one thread */
    struct umm_workload_symbol symbols[UMM_WORKLOAD_SYMBOLS];
    struct umm_features *plan;
    size_t n_outputs;
    struct umm_bufpool *pool;
    struct umm_cache *cache;
    struct umm_opstats *stats;
    struct umm_store *store;
    struct umm_workload_live live;
    struct umm_archive_writer archive;
    struct umm_npy bar_type, record_type;
    struct umm_workload_probe probe;
    double zipf[UMM_WORKLOAD_KEYS]; /* sums of shares */
    uint64_t random, now_ns;
    char archive_path[UMM_WORKLOAD_PATH_ROOM], store_path[UMM_WORKLOAD_PATH_ROOM];
    const char *leaked; /* so that no compiler takes the canary for dead code */
};

/* What a signal works on: buffers that it has for as long as it lasts. */
struct umm_workload_signal {
    struct umm_workload_symbol *symbol;
    char *line;
    size_t line_bytes;
    double *bar;
    double *outputs;
    float *vector;
};

/* Print the symbol's next bar into the signal's line, as a feed would send it. */
void umm_workload_print_line(struct umm_workload_signal *signal);

/* The line's numbers into the signal's bar. */
UMM_MUST_USE enum umm_status umm_workload_parse_line(const struct umm_workload_signal *signal,
                                                     struct umm_error *err);

/* Signal number `number`, from its arrival to the archive. */
UMM_MUST_USE enum umm_status umm_workload_one_signal(struct umm_workload *w, uint64_t number,
                                                     struct umm_error *err);

/* Make positions and model, when symbols and store are there; close what there is of them. */
UMM_MUST_USE enum umm_status umm_workload_open_live(struct umm_workload *w, struct umm_error *err);
void umm_workload_close_live(struct umm_workload *w);

/*
 * The signal's price to the positions, and take those that are due; one that is at a barrier is
 * closed, and another opened. Then ask the model about the stored vectors of their symbols.
 */
UMM_MUST_USE enum umm_status umm_workload_watch(struct umm_workload *w,
                                                const struct umm_workload_signal *signal,
                                                uint64_t number, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_workload_predict(struct umm_workload *w, struct umm_error *err);

#endif
