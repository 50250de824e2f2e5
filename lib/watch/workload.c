/* SPDX-License-Identifier: MIT */
#include "watch/workload.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "data/appender.h"
#include "data/archive_writer.h"
#include "data/synth_bar.h"
#include "sys/clock.h"
#include "text/print.h"
#include "watch/workload_probe.h"

enum {
    COLUMNS = 6,
    SYMBOL_MAX = 8, /* "S07" and zero bytes: the archive's first field */
    PATH_ROOM = 1024,
    WINDOW_ROWS = 64,
    HISTORY_ROWS = 64, /* before the first signal, so that features have values */
    BUFFERS = 2 * UMM_WORKLOAD_BUFFERS,
    BUFFER_BYTES = UMM_WORKLOAD_BUFFER_BYTES,
    CACHE_ENTRIES = 100,
    COMMIT_ROWS = 64,    /* of a symbol's array */
    STORE_SIGNALS = 256, /* go to the archive's journal at once */
    FRAME_ROWS = 4096,
    LOOKS = 16, /* of the probe, in the steady part */
    WARMUP_SHARE = 5,
    LEAK_SIGNALS = 64 /* leak that many signals' bytes at once: few allocations, much memory */
};

static const char spec[] = "sma:10,ema:20,rsi:14,atr:14,macd:12:26:9,bbands:20,zscore:20,roc:5";

/* Kinds of operations, as their durations are kept. */
enum { ARRIVAL, APPEND, FEATURES, LOOKUPS, STORE, ARCHIVE, SIGNAL, KINDS };

static const uint64_t ttl_ns = UINT64_C(1800) * 1000000000;
static const uint64_t tick_ns = 1500000000;             /* the made-up clock, per signal */
static const int64_t first_ms = INT64_C(1704067200000); /* 2024 */
static const int64_t bar_ms = 60000;

struct symbol {
    char name[SYMBOL_MAX];
    char path[PATH_ROOM];
    struct umm_synth_walk walk;
    int64_t time_ms;
    struct umm_appender array;
    struct umm_ring *window; /* of bars */
    struct umm_features_state *features;
};

/* What a consumer asks for, of a symbol's window. */
struct answer {
    double mean, deviation, last;
    uint64_t n_rows;
};

struct workload {
    const struct umm_workload_options *options;
    struct umm_workload_figures *figures;
    struct umm_run *run;
    struct umm_run archive_run; /* one thread */
    struct symbol symbols[UMM_WORKLOAD_SYMBOLS];
    struct umm_features *plan;
    size_t n_outputs;
    struct umm_bufpool *pool;
    struct umm_cache *cache;
    struct umm_opstats *stats;
    struct umm_store *store;
    struct umm_archive_writer archive;
    struct umm_npy bar_type, record_type;
    struct umm_workload_probe probe;
    double zipf[UMM_WORKLOAD_KEYS]; /* sums of shares */
    uint64_t random, now_ns;
    char archive_path[PATH_ROOM], store_path[PATH_ROOM];
    const char *leaked; /* so that no compiler takes the canary for dead code */
};

/* ---- lines of text ------------------------------------------------------------------- */

/* What a signal works on: buffers that it has for as long as it lasts. */
struct signal {
    struct symbol *symbol;
    char *line;
    size_t line_bytes;
    double *bar;
    double *outputs;
    float *vector;
};

static char *print_price(char *p, int64_t cents)
{
    *p++ = ',';
    return umm_print_fixed(p, cents, 2);
}

/* The line as it would come from a feed: 1704067200000,10000.00,10002.11,9998.40,... */
static void print_line(struct signal *signal)
{
    struct umm_synth_bar ticks;
    umm_synth_walk_next(&signal->symbol->walk, false, &ticks);
    signal->symbol->time_ms += bar_ms;
    char *p = umm_print_i64(signal->line, signal->symbol->time_ms);
    p = print_price(p, ticks.open);
    p = print_price(p, ticks.high);
    p = print_price(p, ticks.low);
    p = print_price(p, ticks.close);
    *p++ = ',';
    p = umm_print_fixed(p, (int64_t)ticks.volume, ticks.volume_decimals);
    signal->line_bytes = (size_t)(p - signal->line);
}

static enum umm_status parse_line(const struct signal *signal, struct umm_error *err)
{
    const char *at = signal->line, *end = at + signal->line_bytes;
    for (size_t i = 0; i < COLUMNS; i++) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t len = (size_t)((comma ? comma : end) - at);
        if ((comma == NULL) != (i == COLUMNS - 1) ||
            umm_num_parse_f64(at, len, '.', &signal->bar[i]) != UMM_NUM_OK)
            return umm_error_set(err, UMM_ERR_DATA, "a signal is no bar: \"%.*s\"",
                                 (int)signal->line_bytes, signal->line);
        at += len + 1;
    }
    return UMM_OK;
}

/* ---- opening ---------------------------------------------------------------------- */

static enum umm_status make_types(struct workload *w, struct umm_error *err)
{
    static const char *const names[] = {"open", "high", "low", "close", "volume"};
    const struct umm_npy_type f8 = {.kind = 'f', .size_bytes = 8};
    const struct umm_npy_type id = {.kind = 'S', .size_bytes = SYMBOL_MAX};
    const struct umm_npy_type time = {.kind = 'M', .size_bytes = 8, .unit = "ms"};
    w->bar_type = (struct umm_npy){.n_dims = 2, .shape = {0, COLUMNS}, .type = f8};
    w->record_type = (struct umm_npy){.n_dims = 1};
    enum umm_status status = umm_npy_add_field(&w->record_type, "symbol", &id, err);
    if (!status)
        status = umm_npy_add_field(&w->record_type, "timestamp", &time, err);
    for (size_t i = 0; !status && i < sizeof names / sizeof *names; i++)
        status = umm_npy_add_field(&w->record_type, names[i], &f8, err);
    return status;
}

static enum umm_status join(char out[PATH_ROOM], const char *dir, const char *name,
                            struct umm_error *err)
{
    int n = snprintf(out, PATH_ROOM, "%s/%s", dir, name);
    if (n < 0 || n >= PATH_ROOM)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, dir, "the path is too long");
    return UMM_OK;
}

/* Bars that came before the first signal: features and window begin with them. */
static enum umm_status take_history(struct symbol *symbol, struct umm_error *err)
{
    char line[BUFFER_BYTES];
    double bar[COLUMNS], outputs[BUFFER_BYTES / sizeof(double)];
    struct signal signal = {.symbol = symbol, .line = line, .bar = bar, .outputs = outputs};
    enum umm_status status = UMM_OK;
    for (int i = 0; !status && i < HISTORY_ROWS; i++) {
        print_line(&signal);
        status = parse_line(&signal, err);
        if (status)
            return status;
        umm_ring_push(symbol->window, bar);
        status = umm_features_push(symbol->features, bar, outputs, err);
    }
    return status;
}

static enum umm_status open_symbol(struct workload *w, size_t i, struct umm_error *err)
{
    struct symbol *symbol = &w->symbols[i];
    const struct umm_appender_options options = {.is_unsynced = w->options->is_unsynced,
                                                 .lock_wait = UMM_LOCK_FAIL};
    const int64_t level = 1000000;
    char file[2 * SYMBOL_MAX];
    snprintf(symbol->name, sizeof symbol->name, "S%02zu", i);
    snprintf(file, sizeof file, "%s.npy", symbol->name);
    umm_synth_walk_init(&symbol->walk, umm_synth_stream(w->options->seed, symbol->name), level,
                        bar_ms / 1000);
    symbol->time_ms = first_ms - HISTORY_ROWS * bar_ms;
    enum umm_status status = join(symbol->path, w->options->dir, file, err);
    if (!status)
        status =
            umm_appender_open(&symbol->array, symbol->path, &w->bar_type, &options, w->run, err);
    if (!status)
        status = umm_ring_new(&symbol->window, WINDOW_ROWS, COLUMNS * sizeof(double), err);
    if (!status)
        status = umm_features_state_new(w->plan, &symbol->features, err);
    return status ? status : take_history(symbol, err);
}

static enum umm_status open_store(struct workload *w, struct umm_error *err)
{
    const struct umm_store_options options = {.max_positions = UMM_WORKLOAD_SYMBOLS,
                                              .dim = (uint32_t)w->n_outputs,
                                              .id_max_bytes = SYMBOL_MAX - 1};
    enum umm_status status = join(w->store_path, w->options->dir, "store", err);
    if (!status)
        status = umm_store_create(w->store_path, &options, err);
    return status ? status
                  : umm_store_open(&w->store, w->store_path, UMM_STORE_WRITE_NOW, w->run, err);
}

/*
 * Room for a whole frame at once, and a first frame packed for nothing: the archive's and
 * zstd's memory then do not grow later.
 */
static enum umm_status warm_archive(struct umm_archive_writer *writer, struct umm_error *err)
{
    struct umm_archive *archive = &writer->archive;
    size_t len = FRAME_ROWS * archive->row_bytes;
    enum umm_status status = umm_archive_grow_tail(archive, FRAME_ROWS, err);
    if (status)
        return status;
    memset(archive->tail, 0, len);
    return umm_zstd_pack(writer->packers[0], archive->tail, len, writer->packed[0],
                         &writer->packed_bytes[0], err);
}

static enum umm_status open_archive(struct workload *w, struct umm_error *err)
{
    const struct umm_archive_writer_options options = {.frame_rows = FRAME_ROWS,
                                                       .lock_wait = UMM_LOCK_FAIL};
    w->archive_run = (struct umm_run){.n_threads = 1, .cancel_with = w->run};
    enum umm_status status = join(w->archive_path, w->options->dir, "signals.npy.zst", err);
    if (!status)
        status = umm_archive_writer_open(&w->archive, w->archive_path, &w->record_type, &options,
                                         &w->archive_run, err);
    return status ? status : warm_archive(&w->archive, err);
}

static uint64_t made_up_clock(void *user)
{
    return ((const struct workload *)user)->now_ns;
}

/* Zipf's law: the answer of rank r is asked for in proportion to 1 / r. */
static void make_zipf(struct workload *w)
{
    double sum = 0;
    for (size_t i = 0; i < UMM_WORKLOAD_KEYS; i++)
        w->zipf[i] = sum += 1.0 / (double)(i + 1);
    for (size_t i = 0; i < UMM_WORKLOAD_KEYS; i++)
        w->zipf[i] /= sum;
}

static enum umm_status open_all(struct workload *w, struct umm_error *err)
{
    const struct umm_cache_options cache = {.capacity = CACHE_ENTRIES,
                                            .value_bytes = sizeof(struct answer),
                                            .ttl_ns = ttl_ns,
                                            .clock_ns = made_up_clock,
                                            .clock_user = w};
    make_zipf(w);
    w->random = umm_synth_stream(w->options->seed, "order of signals");
    enum umm_status status = make_types(w, err);
    if (!status)
        status = umm_features_plan(spec, NULL, &w->plan, err);
    if (!status)
        w->n_outputs = umm_features_n_outputs(w->plan);
    if (!status && !w->options->is_unpooled)
        status = umm_bufpool_new(&w->pool, BUFFERS, BUFFER_BYTES, false, err);
    if (!status)
        status = umm_cache_new(&w->cache, &cache, err);
    if (!status)
        status = umm_opstats_new(&w->stats, KINDS, false, err);
    for (size_t i = 0; !status && i < UMM_WORKLOAD_SYMBOLS; i++)
        status = open_symbol(w, i, err);
    if (!status)
        status = open_store(w, err);
    if (!status)
        status = open_archive(w, err);
    if (!status)
        status = umm_workload_probe_open(&w->probe, w->options->counts_path, err);
    /* Looking allocates, too; what malloc keeps of that is not to be found later. */
    if (!status)
        status = umm_workload_probe_look(&w->probe, w->figures, err);
    w->probe.is_first_done = false;
    return status;
}

/* ---- the end ---------------------------------------------------------------------- */

/* The first error wins. */
static enum umm_status finish(struct workload *w, enum umm_status status, struct umm_error *err)
{
    for (size_t i = 0; i < UMM_WORKLOAD_SYMBOLS; i++)
        if (!status && w->symbols[i].array.fd > 0)
            status = umm_appender_commit(&w->symbols[i].array, err);
    if (!status)
        status = umm_archive_writer_commit(&w->archive, true, err);
    return status;
}

static enum umm_status close_all(struct workload *w, enum umm_status status, struct umm_error *err)
{
    for (size_t i = 0; i < UMM_WORKLOAD_SYMBOLS; i++) {
        struct symbol *symbol = &w->symbols[i];
        w->figures->rows_appended += symbol->array.n_rows;
        umm_appender_close(&symbol->array);
        umm_ring_free(symbol->window);
        umm_features_state_free(symbol->features);
    }
    w->figures->rows_archived = w->archive.archive.n_framed;
    umm_archive_writer_close(&w->archive);
    enum umm_status closing = umm_store_close(w->store, status ? NULL : err);
    umm_features_free(w->plan);
    umm_cache_free(w->cache);
    umm_bufpool_free(w->pool);
    umm_opstats_free(w->stats);
    umm_npy_free(&w->record_type);
    umm_workload_probe_close(&w->probe);
    return status ? status : closing;
}

/* ---- buffers ---------------------------------------------------------------------- */

static void *take(struct workload *w)
{
    return w->pool ? umm_bufpool_take(w->pool) : malloc(BUFFER_BYTES);
}

static void give(struct workload *w, void *buffer)
{
    if (w->pool)
        (void)umm_bufpool_give(w->pool, buffer);
    else
        free(buffer);
}

/* The line's buffer, which the canary takes from elsewhere. */
static char *take_line(struct workload *w)
{
    return w->options->canary == UMM_CANARY_POOL ? malloc(BUFFER_BYTES) : take(w);
}

static void give_line(struct workload *w, char *line)
{
    if (w->options->canary == UMM_CANARY_POOL)
        free(line);
    else
        give(w, line);
}

/* ---- a signal --------------------------------------------------------------------- */

static uint64_t draw(struct workload *w)
{
    return umm_synth_mix(w->random += UINT64_C(0x9e3779b97f4a7c15));
}

static enum umm_status append(struct signal *signal, struct umm_error *err)
{
    struct umm_appender *array = &signal->symbol->array;
    umm_ring_push(signal->symbol->window, signal->bar);
    enum umm_status status = umm_appender_push(array, signal->bar, err);
    if (!status && array->n_pushed - array->n_rows >= COMMIT_ROWS)
        status = umm_appender_commit(array, err);
    return status;
}

/* Mean and deviation of the closes in the window. */
static struct answer compute(const struct symbol *symbol)
{
    size_t n;
    const double *bars = umm_ring_window(symbol->window, &n);
    struct answer answer = {.n_rows = n};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += bars[i * COLUMNS + 4];
    answer.mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = bars[i * COLUMNS + 4] - answer.mean;
        squares += d * d;
    }
    answer.deviation = sqrt(squares / (double)n);
    answer.last = bars[(n - 1) * COLUMNS + 4];
    return answer;
}

/* One consumer asks: from the cache, or computed and put there. */
static enum umm_status look_up(struct workload *w, uint64_t number, struct umm_error *err)
{
    static const char *const consumers[UMM_WORKLOAD_CONSUMERS] = {"risk", "sizing", "signal",
                                                                  "report", "screen"};
    const double unit = 1.0 / 9007199254740992.0; /* 2^-53 */
    double u = (double)(draw(w) >> 11) * unit;
    size_t rank = 0;
    char key[64];
    struct answer answer;
    while (rank < UMM_WORKLOAD_KEYS - 1 && w->zipf[rank] < u)
        rank++;
    const struct symbol *symbol = &w->symbols[rank % UMM_WORKLOAD_SYMBOLS];
    int len =
        snprintf(key, sizeof key, "%s/%s", symbol->name, consumers[rank / UMM_WORKLOAD_SYMBOLS]);
    if (w->options->canary == UMM_CANARY_KEY)
        len = snprintf(key, sizeof key, "%s#%llu", symbol->name,
                       (unsigned long long)(number * UMM_WORKLOAD_KEYS + rank));
    if (umm_cache_get(w->cache, key, (size_t)len, &answer))
        return UMM_OK;
    answer = compute(symbol);
    return umm_cache_put(w->cache, key, (size_t)len, &answer, err);
}

static enum umm_status store(struct workload *w, struct signal *signal, struct umm_error *err)
{
    const struct symbol *symbol = signal->symbol;
    float *vector = signal->vector, *back = vector + w->n_outputs;
    const int64_t ns_per_ms = 1000000;
    size_t len = strlen(symbol->name);
    for (size_t i = 0; i < w->n_outputs; i++)
        vector[i] = (float)signal->outputs[i];
    enum umm_status status =
        umm_store_put(w->store, symbol->name, len, vector, symbol->time_ms * ns_per_ms, err);
    if (status)
        return status;
    w->figures->vectors_stored++;
    if (!umm_store_get(w->store, symbol->name, len, back, NULL) ||
        memcmp(vector, back, w->n_outputs * sizeof *vector) != 0)
        return umm_error_set_path(err, UMM_ERR_DATA, w->store_path,
                                  "a vector does not read back as it was put");
    return UMM_OK;
}

/* The signal's line is not needed any more: the record is made in its buffer. */
static enum umm_status archive(struct workload *w, struct signal *signal, uint64_t number,
                               struct umm_error *err)
{
    char *record = signal->line;
    memcpy(record, signal->symbol->name, SYMBOL_MAX);
    memcpy(record + SYMBOL_MAX, &signal->symbol->time_ms, sizeof(int64_t));
    memcpy(record + SYMBOL_MAX + sizeof(int64_t), signal->bar + 1, (COLUMNS - 1) * sizeof(double));
    enum umm_status status = umm_archive_writer_push(&w->archive, record, 1, err);
    if (!status && number % STORE_SIGNALS == 0 && !w->options->is_unsynced)
        status = umm_archive_writer_store(&w->archive, err);
    return status;
}

/* Note how long the step took that began at *since, and begin the next. */
static void note(struct workload *w, unsigned kind, uint64_t *since)
{
    uint64_t now = umm_clock_monotonic_ns();
    umm_opstats_record(w->stats, kind, now - *since);
    *since = now;
}

static enum umm_status go_through(struct workload *w, struct signal *signal, uint64_t number,
                                  struct umm_error *err)
{
    uint64_t begin = umm_clock_monotonic_ns(), since = begin;
    print_line(signal);
    enum umm_status status = parse_line(signal, err);
    note(w, ARRIVAL, &since);
    if (!status)
        status = append(signal, err);
    note(w, APPEND, &since);
    if (!status)
        status = umm_features_push(signal->symbol->features, signal->bar, signal->outputs, err);
    note(w, FEATURES, &since);
    for (int i = 0; !status && i < UMM_WORKLOAD_CONSUMERS; i++)
        status = look_up(w, number * UMM_WORKLOAD_CONSUMERS + (uint64_t)i, err);
    note(w, LOOKUPS, &since);
    if (!status)
        status = store(w, signal, err);
    note(w, STORE, &since);
    if (!status)
        status = archive(w, signal, number, err);
    note(w, ARCHIVE, &since);
    umm_opstats_record(w->stats, SIGNAL, since - begin);
    return status;
}

static enum umm_status one_signal(struct workload *w, uint64_t number, struct umm_error *err)
{
    struct signal signal = {.symbol = &w->symbols[draw(w) % UMM_WORKLOAD_SYMBOLS],
                            .line = take_line(w),
                            .bar = take(w),
                            .outputs = take(w),
                            .vector = take(w)};
    enum umm_status status = UMM_OK;
    w->now_ns += tick_ns;
    if (!signal.line || !signal.bar || !signal.outputs || !signal.vector)
        status = umm_error_set_memory(err, BUFFER_BYTES, "a signal");
    if (!status)
        status = go_through(w, &signal, number, err);
    give_line(w, signal.line);
    give(w, signal.bar);
    give(w, signal.outputs);
    give(w, signal.vector);
    return status;
}

/* ---- the run ---------------------------------------------------------------------- */

static void fly_canary(struct workload *w, uint64_t number)
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
static bool is_settled(const struct workload *w)
{
    return w->options->is_unsynced || w->archive.journal_fd >= 0;
}

static enum umm_status look(struct workload *w, struct umm_error *err)
{
    if (w->options->canary == UMM_CANARY_FD)
        umm_workload_probe_leak_descriptor(w->options->dir);
    return umm_workload_probe_look(&w->probe, w->figures, err);
}

/* Signal number `number` is due at that share of the time. */
static void wait_for(const struct workload *w, uint64_t begin_ns, uint64_t number)
{
    const struct umm_workload_options *options = w->options;
    if (options->duration_ns) {
        double share = (double)number / (double)options->n_signals;
        umm_clock_sleep_until(begin_ns + (uint64_t)(share * (double)options->duration_ns), w->run);
    }
}

static enum umm_status run_signals(struct workload *w, struct umm_error *err)
{
    const uint64_t n = w->options->n_signals, warmup = n / WARMUP_SHARE;
    uint64_t begin_ns = umm_clock_monotonic_ns();
    enum umm_status status = UMM_OK;
    unsigned n_looks = 0;
    for (uint64_t i = 0; !status && i < n; i++) {
        wait_for(w, begin_ns, i);
        if (umm_run_is_cancelled(w->run))
            return umm_error_set_cancelled(err);
        if (i >= warmup + (n - warmup) * n_looks / LOOKS && n_looks < LOOKS && is_settled(w)) {
            status = look(w, err);
            n_looks++;
        }
        fly_canary(w, i);
        if (!status)
            status = one_signal(w, i, err);
        w->figures->signals += !status;
    }
    if (!status)
        status = look(w, err);
    wait_for(w, begin_ns, n);
    w->figures->steady_signals = n - warmup;
    w->figures->duration_ns = umm_clock_monotonic_ns() - begin_ns;
    return status;
}

static uint64_t median_of(struct workload *w, unsigned kind)
{
    struct umm_opstats_summary summary;
    umm_opstats_kind(w->stats, kind, &summary);
    return summary.p50_ns;
}

static void sum_up(struct workload *w)
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
    umm_opstats_kind(w->stats, SIGNAL, &summary);
    figures->signal_p50_ns = summary.p50_ns;
    figures->signal_p99_ns = summary.p99_ns;
    figures->arrival_p50_ns = median_of(w, ARRIVAL);
    figures->append_p50_ns = median_of(w, APPEND);
    figures->features_p50_ns = median_of(w, FEATURES);
    figures->lookups_p50_ns = median_of(w, LOOKUPS);
    figures->store_p50_ns = median_of(w, STORE);
    figures->archive_p50_ns = median_of(w, ARCHIVE);
}

enum umm_status umm_workload_run(const struct umm_workload_options *options, struct umm_run *run,
                                 struct umm_workload_figures *figures, struct umm_error *err)
{
    *figures = (struct umm_workload_figures){0};
    if (options->n_signals < UMM_WORKLOAD_SIGNALS_MIN)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "a run has at least %d signals",
                             UMM_WORKLOAD_SIGNALS_MIN);
    struct workload *w = calloc(1, sizeof *w);
    if (!w)
        return umm_error_set_memory(err, sizeof *w, "a workload");
    *w = (struct workload){.options = options, .figures = figures, .run = run};
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
