/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "m5/workload_job.h"
#include "sys/clock.h"
#include "text/print.h"
#include "umm/mem.h"
#include "umm/store.h"

enum {
    COMMIT_ROWS = 256,  /* of a symbol's array */
    STORE_SIGNALS = 256 /* go to the archive's journal at once */
};

static const uint64_t tick_ns = 1500000000; /* the made-up clock, per signal */

/* ---- lines of text ------------------------------------------------------------------- */

static char *print_price(char *p, int64_t cents)
{
    *p++ = ',';
    return umm_print_fixed(p, cents, 2);
}

/* The line as it would come from a feed: 1704067200000,10000.00,10002.11,9998.40,... */
void umm_workload_print_line(struct umm_workload_signal *signal)
{
    struct umm_synth_bar ticks;
    umm_synth_walk_next(&signal->symbol->walk, false, &ticks);
    signal->symbol->time_ms += UMM_WORKLOAD_BAR_MS;
    char *p = umm_print_i64(signal->line, signal->symbol->time_ms);
    p = print_price(p, ticks.open);
    p = print_price(p, ticks.high);
    p = print_price(p, ticks.low);
    p = print_price(p, ticks.close);
    *p++ = ',';
    p = umm_print_fixed(p, (int64_t)ticks.volume, ticks.volume_decimals);
    signal->line_bytes = (size_t)(p - signal->line);
}

enum umm_status umm_workload_parse_line(const struct umm_workload_signal *signal,
                                        struct umm_error *err)
{
    const char *at = signal->line, *end = at + signal->line_bytes;
    for (size_t i = 0; i < UMM_WORKLOAD_COLUMNS; i++) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t len = (size_t)((comma ? comma : end) - at);
        if ((comma == NULL) != (i == UMM_WORKLOAD_COLUMNS - 1) ||
            umm_num_parse_f64(at, len, '.', &signal->bar[i]) != UMM_NUM_OK)
            return umm_error_set(err, UMM_ERR_DATA, "a signal is no bar: \"%.*s\"",
                                 (int)signal->line_bytes, signal->line);
        at += len + 1;
    }
    return UMM_OK;
}

/* ---- buffers ---------------------------------------------------------------------- */

static void *take(struct umm_workload *w)
{
    return w->pool ? umm_bufpool_take(w->pool) : malloc(UMM_WORKLOAD_BUFFER_BYTES);
}

static void give(struct umm_workload *w, void *buffer)
{
    if (w->pool)
        (void)umm_bufpool_give(w->pool, buffer);
    else
        free(buffer);
}

/* The line's buffer, which the canary takes from elsewhere. */
static char *take_line(struct umm_workload *w)
{
    return w->options->canary == UMM_CANARY_POOL ? malloc(UMM_WORKLOAD_BUFFER_BYTES) : take(w);
}

static void give_line(struct umm_workload *w, char *line)
{
    if (w->options->canary == UMM_CANARY_POOL)
        free(line);
    else
        give(w, line);
}

/* ---- a signal --------------------------------------------------------------------- */

static uint64_t draw(struct umm_workload *w)
{
    return umm_synth_mix(w->random += UINT64_C(0x9e3779b97f4a7c15));
}

static enum umm_status append(struct umm_workload_signal *signal, struct umm_error *err)
{
    struct umm_grow *array = &signal->symbol->array;
    umm_ring_push(signal->symbol->window, signal->bar);
    enum umm_status status = umm_grow_push(array, signal->bar, 1, err);
    if (!status && array->rows.n_rows - array->n_old >= COMMIT_ROWS)
        status = umm_grow_commit(array, NULL, err);
    return status;
}

/* Mean and deviation of the closes in the window. */
static struct umm_workload_answer compute(const struct umm_workload_symbol *symbol)
{
    size_t n;
    const double *bars = umm_ring_window(symbol->window, &n);
    struct umm_workload_answer answer = {.n_rows = n};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += bars[i * UMM_WORKLOAD_COLUMNS + 4];
    answer.mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = bars[i * UMM_WORKLOAD_COLUMNS + 4] - answer.mean;
        squares += d * d;
    }
    answer.deviation = sqrt(squares / (double)n);
    answer.last = bars[(n - 1) * UMM_WORKLOAD_COLUMNS + 4];
    return answer;
}

/* One consumer asks: from the cache, or computed and put there. */
static enum umm_status look_up(struct umm_workload *w, uint64_t number, struct umm_error *err)
{
    static const char *const consumers[UMM_WORKLOAD_CONSUMERS] = {"risk", "sizing", "signal",
                                                                  "report", "screen"};
    const double unit = 1.0 / 9007199254740992.0; /* 2^-53 */
    double u = (double)(draw(w) >> 11) * unit;
    size_t rank = 0;
    char key[64];
    struct umm_workload_answer answer;
    while (rank < UMM_WORKLOAD_KEYS - 1 && w->zipf[rank] < u)
        rank++;
    const struct umm_workload_symbol *symbol = &w->symbols[rank % UMM_WORKLOAD_SYMBOLS];
    int len =
        snprintf(key, sizeof key, "%s/%s", symbol->name, consumers[rank / UMM_WORKLOAD_SYMBOLS]);
    if (w->options->canary == UMM_CANARY_KEY)
        len = snprintf(key, sizeof key, "%s#%llu", symbol->name,
                       (unsigned long long)number * UMM_WORKLOAD_KEYS + rank);
    if (umm_cache_get(w->cache, key, (size_t)len, &answer))
        return UMM_OK;
    answer = compute(symbol);
    return umm_cache_put(w->cache, key, (size_t)len, &answer, err);
}

static enum umm_status store(struct umm_workload *w, struct umm_workload_signal *signal,
                             struct umm_error *err)
{
    const struct umm_workload_symbol *symbol = signal->symbol;
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
    status = umm_store_get(w->store, symbol->name, len, back, NULL, err);
    if (status)
        return status;
    if (memcmp(vector, back, w->n_outputs * sizeof *vector) != 0)
        return umm_error_set_path(err, UMM_ERR_DATA, w->store_path,
                                  "a vector does not read back as it was put");
    return UMM_OK;
}

/* The signal's line is not needed any more: the record is made in its buffer. */
static enum umm_status archive(struct umm_workload *w, struct umm_workload_signal *signal,
                               uint64_t number, struct umm_error *err)
{
    char *record = signal->line;
    memcpy(record, signal->symbol->name, UMM_WORKLOAD_SYMBOL_MAX);
    memcpy(record + UMM_WORKLOAD_SYMBOL_MAX, &signal->symbol->time_ms, sizeof(int64_t));
    memcpy(record + UMM_WORKLOAD_SYMBOL_MAX + sizeof(int64_t), signal->bar + 1,
           (UMM_WORKLOAD_COLUMNS - 1) * sizeof(double));
    enum umm_status status = umm_archive_writer_push(&w->archive, record, 1, err);
    if (!status && number % STORE_SIGNALS == 0 && !w->options->is_unsynced)
        status = umm_archive_writer_store(&w->archive, err);
    return status;
}

/* Note how long the step took that began at *since, and begin the next. */
static void note(struct umm_workload *w, unsigned kind, uint64_t *since)
{
    uint64_t now = umm_clock_monotonic_ns();
    umm_opstats_record(w->stats, kind, now - *since);
    *since = now;
}

static enum umm_status go_through(struct umm_workload *w, struct umm_workload_signal *signal,
                                  uint64_t number, struct umm_error *err)
{
    uint64_t begin = umm_clock_monotonic_ns(), since = begin;
    umm_workload_print_line(signal);
    enum umm_status status = umm_workload_parse_line(signal, err);
    note(w, UMM_WORKLOAD_ARRIVAL, &since);
    if (!status)
        status = append(signal, err);
    note(w, UMM_WORKLOAD_APPEND, &since);
    if (!status)
        status = umm_features_push(signal->symbol->features, signal->bar, signal->outputs, err);
    note(w, UMM_WORKLOAD_FEATURES, &since);
    for (int i = 0; !status && i < UMM_WORKLOAD_CONSUMERS; i++)
        status = look_up(w, number * UMM_WORKLOAD_CONSUMERS + (uint64_t)i, err);
    note(w, UMM_WORKLOAD_LOOKUPS, &since);
    if (!status)
        status = store(w, signal, err);
    note(w, UMM_WORKLOAD_STORE, &since);
    if (!status)
        status = umm_workload_watch(w, signal, number, err);
    note(w, UMM_WORKLOAD_WATCH, &since);
    if (!status && w->live.n_looks > 0) {
        status = umm_workload_predict(w, err);
        note(w, UMM_WORKLOAD_PREDICT, &since);
    }
    if (!status)
        status = archive(w, signal, number, err);
    note(w, UMM_WORKLOAD_ARCHIVE, &since);
    umm_opstats_record(w->stats, UMM_WORKLOAD_SIGNAL, since - begin);
    return status;
}

enum umm_status umm_workload_one_signal(struct umm_workload *w, uint64_t number,
                                        struct umm_error *err)
{
    struct umm_workload_signal signal = {.symbol = &w->symbols[draw(w) % UMM_WORKLOAD_SYMBOLS],
                                         .line = take_line(w),
                                         .bar = take(w),
                                         .outputs = take(w),
                                         .vector = take(w)};
    enum umm_status status = UMM_OK;
    w->now_ns += tick_ns;
    if (!signal.line || !signal.bar || !signal.outputs || !signal.vector)
        status = umm_error_set_memory(err, UMM_WORKLOAD_BUFFER_BYTES, "a signal");
    if (!status)
        status = go_through(w, &signal, number, err);
    give_line(w, signal.line);
    give(w, signal.bar);
    give(w, signal.outputs);
    give(w, signal.vector);
    return status;
}
