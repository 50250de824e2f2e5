/* SPDX-License-Identifier: MIT */
#include "m5/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "m5/workload_job.h"
#include "sys/clock.h"
#include "umm/mem.h"
#include "umm/store.h"

enum {
    WINDOW_ROWS = 64,
    HISTORY_ROWS = 64, /* before the first signal, so that features have values */
    BUFFERS = 2 * UMM_WORKLOAD_BUFFERS,
    CACHE_ENTRIES = 100,
    FRAME_ROWS = 4096,
    LOOKS = 16, /* of the probe, in the steady part */
    WARMUP_SHARE = 5,
    EARLY_NS = 5000000,
    LEAK_SIGNALS = 64 /* leak that many signals' bytes at once: few allocations, much memory */
};

static const char spec[] = "sma:10,ema:20,rsi:14,atr:14,macd:12:26:9,bbands:20,zscore:20,roc:5";

static const uint64_t ttl_ns = UINT64_C(1800) * 1000000000;
static const int64_t first_ms = INT64_C(1704067200000); /* 2024 */

/* ---- opening ---------------------------------------------------------------------- */

static enum umm_status make_types(struct umm_workload *w, struct umm_error *err)
{
    static const char *const names[] = {"open", "high", "low", "close", "volume"};
    const struct umm_npy_type f8 = {.kind = 'f', .size_bytes = 8};
    const struct umm_npy_type id = {.kind = 'S', .size_bytes = UMM_WORKLOAD_SYMBOL_MAX};
    const struct umm_npy_type time = {.kind = 'M', .size_bytes = 8, .unit = "ms"};
    w->bar_type = (struct umm_npy){.n_dims = 2, .shape = {0, UMM_WORKLOAD_COLUMNS}, .type = f8};
    w->record_type = (struct umm_npy){.n_dims = 1};
    enum umm_status status = umm_npy_add_field(&w->record_type, "symbol", &id, err);
    if (!status)
        status = umm_npy_add_field(&w->record_type, "timestamp", &time, err);
    for (size_t i = 0; !status && i < sizeof names / sizeof *names; i++)
        status = umm_npy_add_field(&w->record_type, names[i], &f8, err);
    return status;
}

/* There is room: see umm_workload_run. */
static void join(char out[UMM_WORKLOAD_PATH_ROOM], const char *dir, const char *name)
{
    snprintf(out, UMM_WORKLOAD_PATH_ROOM, "%s/%s", dir, name);
}

/* Bars that came before the first signal: features and window begin with them. */
static enum umm_status take_history(struct umm_workload_symbol *symbol, size_t n_outputs,
                                    struct umm_error *err)
{
    char line[UMM_WORKLOAD_BUFFER_BYTES];
    double bar[UMM_WORKLOAD_COLUMNS], outputs[UMM_WORKLOAD_BUFFER_BYTES / sizeof(double)];
    struct umm_workload_signal signal = {
        .symbol = symbol, .line = line, .bar = bar, .outputs = outputs};
    enum umm_status status = UMM_OK;
    for (int i = 0; !status && i < HISTORY_ROWS; i++) {
        umm_workload_print_line(&signal);
        status = umm_workload_parse_line(&signal, err);
        if (status)
            return status;
        umm_ring_push(symbol->window, bar);
        status = umm_features_push(symbol->features, bar, outputs, err);
    }
    for (size_t i = 0; !status && i < n_outputs; i++)
        symbol->first[i] = (float)outputs[i];
    return status;
}

static enum umm_status open_symbol(struct umm_workload *w, size_t i, struct umm_error *err)
{
    struct umm_workload_symbol *symbol = &w->symbols[i];
    const struct umm_grow_options options = {.is_unsynced = w->options->is_unsynced};
    const int64_t level = 1000000;
    char file[2 * UMM_WORKLOAD_SYMBOL_MAX];
    snprintf(symbol->name, sizeof symbol->name, "S%02zu", i);
    snprintf(file, sizeof file, "%s.npy", symbol->name);
    umm_synth_walk_init(&symbol->walk, umm_synth_stream(w->options->seed, symbol->name), level,
                        UMM_WORKLOAD_BAR_MS / 1000);
    symbol->time_ms = first_ms - HISTORY_ROWS * UMM_WORKLOAD_BAR_MS;
    join(symbol->path, w->options->dir, file);
    enum umm_status status = umm_grow_open_locked(&symbol->array, symbol->path, &w->bar_type,
                                                  &options, UMM_LOCK_FAIL, w->run, err);
    w->figures->rows_appended -= symbol->array.n_old; /* those of a run before */
    if (!status)
        status =
            umm_ring_open(WINDOW_ROWS, UMM_WORKLOAD_COLUMNS * sizeof(double), &symbol->window, err);
    if (!status)
        status = umm_features_state_open(w->plan, &symbol->features, err);
    return status ? status : take_history(symbol, w->n_outputs, err);
}

static enum umm_status open_store(struct umm_workload *w, struct umm_error *err)
{
    const struct umm_store_options options = {.max_positions = UMM_WORKLOAD_SYMBOLS,
                                              .dim = (uint32_t)w->n_outputs,
                                              .id_max_bytes = UMM_WORKLOAD_SYMBOL_MAX - 1};
    join(w->store_path, w->options->dir, "store");
    enum umm_status status = umm_store_create(w->store_path, &options, w->run, err);
    return status ? status
                  : umm_store_open(w->store_path, UMM_STORE_WRITE_NOW, w->run, &w->store, err);
}

static enum umm_status open_archive(struct umm_workload *w, struct umm_error *err)
{
    const struct umm_archive_writer_options options = {.frame_rows = FRAME_ROWS,
                                                       .lock_wait = UMM_LOCK_FAIL};
    w->archive_run = (struct umm_run){.n_threads = 1, .cancel_with = w->run};
    join(w->archive_path, w->options->dir, "signals.npy.zst");
    enum umm_status status = umm_archive_writer_open(&w->archive, w->archive_path, &w->record_type,
                                                     &options, &w->archive_run, err);
    w->figures->rows_archived -= w->archive.archive.n_rows;
    return status ? status : umm_archive_writer_warm(&w->archive, err);
}

static uint64_t made_up_clock(void *user)
{
    return ((const struct umm_workload *)user)->now_ns;
}

/* Zipf's law: the answer of rank r is asked for in proportion to 1 / r. */
static void make_zipf(struct umm_workload *w)
{
    double sum = 0;
    for (size_t i = 0; i < UMM_WORKLOAD_KEYS; i++)
        w->zipf[i] = sum += 1.0 / (double)(i + 1);
    for (size_t i = 0; i < UMM_WORKLOAD_KEYS; i++)
        w->zipf[i] /= sum;
}

static enum umm_status open_all(struct umm_workload *w, struct umm_error *err)
{
    const struct umm_cache_options cache = {.capacity = CACHE_ENTRIES,
                                            .value_bytes = sizeof(struct umm_workload_answer),
                                            .ttl_ns = ttl_ns,
                                            .clock_ns = made_up_clock,
                                            .clock_user = w};
    make_zipf(w);
    w->random = umm_synth_stream(w->options->seed, "order of signals");
    enum umm_status status = make_types(w, err);
    if (!status)
        status = umm_features_open(spec, NULL, &w->plan, err);
    if (!status)
        w->n_outputs = umm_features_n_outputs(w->plan);
    if (!status && !w->options->is_unpooled)
        status = umm_bufpool_open(BUFFERS, UMM_WORKLOAD_BUFFER_BYTES, false, &w->pool, err);
    if (!status)
        status = umm_cache_open(&cache, &w->cache, err);
    if (!status)
        status = umm_opstats_open(UMM_WORKLOAD_KINDS, false, &w->stats, err);
    for (size_t i = 0; !status && i < UMM_WORKLOAD_SYMBOLS; i++)
        status = open_symbol(w, i, err);
    if (!status)
        status = open_store(w, err);
    if (!status)
        join(w->live.path, w->options->dir, "model.onnx");
    if (!status)
        status = umm_workload_open_live(w, err);
    if (!status)
        status = open_archive(w, err);
    if (!status)
        status = umm_workload_probe_open(&w->probe, w->options->counts_path, err);
    /* Looking also allocates; what malloc keeps of that is not to be found later. */
    if (!status)
        status = umm_workload_probe_look(&w->probe, w->figures, err);
    w->probe.is_first_done = false;
    return status;
}

/* ---- the end ---------------------------------------------------------------------- */

/* The first error wins. */
static enum umm_status finish(struct umm_workload *w, enum umm_status status, struct umm_error *err)
{
    for (size_t i = 0; i < UMM_WORKLOAD_SYMBOLS; i++)
        if (!status && w->symbols[i].array.fd > 0)
            status = umm_grow_commit(&w->symbols[i].array, NULL, err);
    if (!status)
        status = umm_archive_writer_commit(&w->archive, true, err);
    return status;
}

static enum umm_status close_all(struct umm_workload *w, enum umm_status status,
                                 struct umm_error *err)
{
    for (size_t i = 0; i < UMM_WORKLOAD_SYMBOLS; i++) {
        struct umm_workload_symbol *symbol = &w->symbols[i];
        w->figures->rows_appended += symbol->array.n_old;
        umm_grow_close(&symbol->array);
        umm_ring_close(symbol->window);
        umm_features_state_close(symbol->features);
    }
    w->figures->rows_archived += w->archive.archive.n_framed;
    umm_archive_writer_close(&w->archive);
    enum umm_status closing = umm_store_close(w->store, status ? NULL : err);
    umm_workload_close_live(w);
    umm_features_close(w->plan);
    umm_cache_close(w->cache);
    umm_bufpool_close(w->pool);
    umm_opstats_close(w->stats);
    umm_npy_free(&w->record_type);
    umm_workload_probe_close(&w->probe);
    return status ? status : closing;
}

/* ---- the run ---------------------------------------------------------------------- */

static void fly_canary(struct umm_workload *w, uint64_t number)
{
    const size_t len = LEAK_SIGNALS * UMM_WORKLOAD_LEAK_BYTES;
    if (w->options->canary != UMM_CANARY_LEAK || number % LEAK_SIGNALS != 0)
        return;
    char *lost = malloc(len);
    if (lost)
        memset(lost, 1, len);
    w->leaked = lost;
}

/* Between a frame and what is stored next there is no journal: one descriptor less. */
static bool is_settled(const struct umm_workload *w)
{
    return w->options->is_unsynced || w->archive.journal_fd >= 0;
}

static enum umm_status look(struct umm_workload *w, struct umm_error *err)
{
    if (w->options->canary == UMM_CANARY_FD)
        umm_workload_probe_leak_descriptor(w->options->dir);
    return umm_workload_probe_look(&w->probe, w->figures, err);
}

/*
 * Signal number `number` is due at that share of the time. Those of a few milliseconds go
 * together, for every sleep costs more than a signal; none is late for that.
 */
static void wait_for(const struct umm_workload *w, uint64_t begin_ns, uint64_t number)
{
    const struct umm_workload_options *options = w->options;
    if (!options->duration_ns)
        return;
    double share = (double)number / (double)options->n_signals;
    uint64_t due_ns = begin_ns + (uint64_t)(share * (double)options->duration_ns);
    if (number == options->n_signals || due_ns > umm_clock_monotonic_ns() + EARLY_NS)
        umm_clock_sleep_until(due_ns, w->run);
}

static enum umm_status run_signals(struct umm_workload *w, struct umm_error *err)
{
    const uint64_t n = w->options->n_signals, warmup = n / WARMUP_SHARE;
    uint64_t begin_ns = umm_clock_monotonic_ns();
    enum umm_status status = UMM_OK;
    unsigned n_looks = 0;
    for (uint64_t i = 0; !status && i < n; i++) {
        wait_for(w, begin_ns, i);
        if (umm_run_is_cancelled(w->run))
            return umm_error_set_cancelled(err);
        if (i == warmup)
            w->figures->steady_from_ns = umm_clock_monotonic_ns();
        if (i >= warmup + (n - warmup) * n_looks / LOOKS && n_looks < LOOKS && is_settled(w)) {
            status = look(w, err);
            n_looks++;
        }
        fly_canary(w, i);
        if (!status)
            status = umm_workload_one_signal(w, i, err);
        w->figures->signals += !status;
    }
    if (!status)
        status = look(w, err);
    if (!status)
        wait_for(w, begin_ns, n);
    w->figures->steady_signals = n - warmup;
    w->figures->steady_until_ns = umm_clock_monotonic_ns();
    w->figures->duration_ns = w->figures->steady_until_ns - begin_ns;
    return status;
}

static uint64_t median_of(struct umm_workload *w, unsigned kind)
{
    struct umm_opstats_summary summary;
    umm_opstats_kind(w->stats, kind, &summary);
    return summary.p50_ns;
}

static void sum_up(struct umm_workload *w)
{
    struct umm_workload_figures *figures = w->figures;
    struct umm_cache_stats cache;
    struct umm_bufpool_stats pool = {0};
    struct umm_opstats_summary summary;
    umm_cache_stats(w->cache, &cache);
    if (w->pool)
        umm_bufpool_stats(w->pool, &pool);
    figures->buffers_taken = pool.n_takes;
    figures->buffers_refused = pool.n_refused;
    figures->cache_hits = cache.n_hits;
    figures->cache_misses = cache.n_misses;
    figures->cache_compulsory_misses = cache.n_compulsory_misses;
    figures->cache_expirations = cache.n_expirations;
    figures->cache_evictions = cache.n_evictions;
    umm_opstats_kind(w->stats, UMM_WORKLOAD_SIGNAL, &summary);
    figures->signal_p50_ns = summary.p50_ns;
    figures->signal_p99_ns = summary.p99_ns;
    figures->arrival_p50_ns = median_of(w, UMM_WORKLOAD_ARRIVAL);
    figures->append_p50_ns = median_of(w, UMM_WORKLOAD_APPEND);
    figures->features_p50_ns = median_of(w, UMM_WORKLOAD_FEATURES);
    figures->lookups_p50_ns = median_of(w, UMM_WORKLOAD_LOOKUPS);
    figures->store_p50_ns = median_of(w, UMM_WORKLOAD_STORE);
    figures->watch_p50_ns = median_of(w, UMM_WORKLOAD_WATCH);
    figures->predict_p50_ns = median_of(w, UMM_WORKLOAD_PREDICT);
    figures->archive_p50_ns = median_of(w, UMM_WORKLOAD_ARCHIVE);
}

enum umm_status umm_workload_run(const struct umm_workload_options *options, struct umm_run *run,
                                 struct umm_workload_figures *figures, struct umm_error *err)
{
    *figures = (struct umm_workload_figures){0};
    if (options->n_signals < UMM_WORKLOAD_SIGNALS_MIN)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "a run has at least %d signals",
                             UMM_WORKLOAD_SIGNALS_MIN);
    if (strlen(options->dir) + UMM_WORKLOAD_BELOW_DIR >= UMM_WORKLOAD_PATH_ROOM)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, options->dir, "the path is too long");
    struct umm_workload *w = calloc(1, sizeof *w);
    if (!w)
        return umm_error_set_memory(err, sizeof *w, "a workload");
    *w = (struct umm_workload){.options = options, .figures = figures, .run = run};
    w->archive = (struct umm_archive_writer){.fd = -1, .journal_fd = -1};
    w->archive.archive.fd = -1;
    for (size_t i = 0; i < UMM_WORKLOAD_SYMBOLS; i++)
        w->symbols[i].array.fd = -1;
    enum umm_status status = open_all(w, err);
    if (!status)
        status = run_signals(w, err);
    if (!status) {
        sum_up(w);
        status = finish(w, status, err);
    }
    status = close_all(w, status, err);
    free(w);
    if (!status && options->canary == UMM_CANARY_TEMPORARY)
        status = umm_workload_probe_leave(options->dir, err);
    if (!status)
        status = umm_workload_probe_left(options->dir, &figures->left_files, err);
    return status;
}
