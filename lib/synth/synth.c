/* SPDX-License-Identifier: MIT */
#include "synth/synth.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "synth/synth_event.h"
#include "synth/synth_row.h"
#include "sys/clock.h"
#include "sys/file.h"

enum { BUFFER_BYTES = 256 * 1024 };

static const int64_t year_1 = -62135596800;           /* 0001-01-01T00:00:00Z */
static const int64_t end_of_year_9999 = 253402300799; /* its last second */
static const uint64_t ns_per_s = 1000000000;

static const char *const layout_names[] = {
    [UMM_SYNTH_PLAIN] = "plain",           [UMM_SYNTH_BINANCE] = "binance",
    [UMM_SYNTH_YAHOO] = "yahoo",           [UMM_SYNTH_CRYPTODATADOWNLOAD] = "cryptodatadownload",
    [UMM_SYNTH_STOOQ] = "stooq",           [UMM_SYNTH_METATRADER] = "metatrader",
    [UMM_SYNTH_HISTDATA] = "histdata",     [UMM_SYNTH_DUKASCOPY] = "dukascopy",
    [UMM_SYNTH_BACKTRADER] = "backtrader", [UMM_SYNTH_ISO] = "iso"};

bool umm_synth_layout_parse(const char *name, enum umm_synth_layout *out)
{
    for (size_t i = 0; i < sizeof layout_names / sizeof *layout_names; i++) {
        if (strcmp(name, layout_names[i]) == 0) {
            *out = (enum umm_synth_layout)i;
            return true;
        }
    }
    return false;
}

/* ---- options ------------------------------------------------------------- */

/* n_symbols of them, numbered, if there are many. */
static bool is_symbol(const char *symbol, uint64_t n_symbols)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "._-/^=";
    size_t len = strlen(symbol), n_digits = 0;
    for (uint64_t n = n_symbols; n > 0; n /= 10)
        n_digits++;
    return len >= 1 && len + n_digits <= UMM_SYNTH_SYMBOL_MAX && strspn(symbol, allowed) == len;
}

/* Whether all bars, and the end of the last one, are in the years that rows can show. */
static bool fits_calendar(const struct umm_synth_options *options)
{
    const struct umm_timeframe *timeframe = &options->timeframe;
    int64_t start = options->start_sec, span;
    if (start < year_1 - umm_synth_row_offset(options->layout) || start > end_of_year_9999)
        return false;
    const uint64_t n_bars =
        options->n_symbols ? (options->n_rows - 1) / options->n_symbols + 1 : options->n_rows;
    int64_t unit = timeframe->n_months ? timeframe->n_months : timeframe->n_seconds;
    if (__builtin_mul_overflow(n_bars, unit, &span) || span > end_of_year_9999 - year_1)
        return false;
    if (timeframe->n_months && span > (int64_t)9999 * 12)
        return false;
    return umm_synth_row_time(options, n_bars) <= end_of_year_9999;
}

static enum umm_status check_many(const struct umm_synth_options *options, const char *name,
                                  struct umm_error *err)
{
    if (options->n_symbols > UMM_SYNTH_SYMBOLS_MAX)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "more than %d symbols", UMM_SYNTH_SYMBOLS_MAX);
    if (options->n_symbols && !umm_synth_row_shows_symbols(options->layout))
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "layout %s cannot show many symbols: plain, iso and binance can",
                             name);
    if (options->n_positions > UMM_SYNTH_POSITIONS_MAX)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "more than %d positions",
                             UMM_SYNTH_POSITIONS_MAX);
    if (options->n_positions && options->layout != UMM_SYNTH_PLAIN)
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "layout %s cannot show positions: only plain can", name);
    if (options->n_positions && (options->is_messy || options->is_all_quoted))
        return umm_error_set(err, UMM_ERR_ARGUMENT, "events have no dirt, and need no quotes");
    return UMM_OK;
}

/* Check options, with the defaults of the layout filled in. */
static enum umm_status resolve(struct umm_synth_options *options, struct umm_error *err)
{
    if (!options->symbol)
        options->symbol = "SYNTH";
    int64_t resolution_s = umm_synth_row_resolve(options);
    const char *rows_show = resolution_s == 3600 ? "hours" : "days";
    const char *name = layout_names[options->layout];
    if (options->n_rows == 0)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "there must be at least one row");
    if (!is_symbol(options->symbol, options->n_symbols))
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "a symbol has 1 to %d of A-Z a-z 0-9 . _ - / ^ =%s",
                             UMM_SYNTH_SYMBOL_MAX, options->n_symbols ? ", with its number" : "");
    if (check_many(options, name, err))
        return UMM_ERR_ARGUMENT;
    if (options->rows_per_second > ns_per_s)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "the rate is above 1e9 rows per second");
    if (options->timeframe.n_seconds % resolution_s != 0)
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "layout %s cannot show this timeframe: its rows show whole %s", name,
                             rows_show);
    if (options->start_sec % resolution_s != 0)
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "layout %s cannot show this start: its rows show whole %s", name,
                             rows_show);
    if (!fits_calendar(options))
        return umm_error_set(err, UMM_ERR_ARGUMENT, "the bars do not fit in the years 1 to 9999");
    return UMM_OK;
}

enum umm_status umm_synth_check(const struct umm_synth_options *options, struct umm_error *err)
{
    struct umm_synth_options resolved = *options;
    return resolve(&resolved, err);
}

/* ---- writing ------------------------------------------------------------- */

struct sink {
    int fd;
    const char *path;
    struct umm_run *run;
    char *buffer;
    char *end; /* of what waits to be written */
};

static enum umm_status flush(struct sink *sink, struct umm_error *err)
{
    size_t len = (size_t)(sink->end - sink->buffer);
    sink->end = sink->buffer;
    if (umm_run_is_cancelled(sink->run))
        return umm_error_set_cancelled(err);
    if (len == 0)
        return UMM_OK;
    return umm_file_write_stream(sink->fd, sink->path, sink->run, sink->buffer, len, err);
}

/* The next line, of bars or of events. */
static char *put_next(struct umm_synth_events *events, char *out)
{
    return events->rows->options.n_positions ? umm_synth_events_next(events, out)
                                             : umm_synth_rows_next(events->rows, out);
}

/* Write rows until there are n_rows in all, in full buffers; the last may wait. */
static enum umm_status write_until(struct sink *sink, struct umm_synth_events *events,
                                   uint64_t n_rows, struct umm_error *err)
{
    const struct umm_synth_rows *rows = events->rows;
    const char *last_start = sink->buffer + BUFFER_BYTES - UMM_SYNTH_ROW_MAX;
    while (rows->index < n_rows) {
        while (rows->index < n_rows && sink->end <= last_start)
            sink->end = put_next(events, sink->end);
        if (sink->end > last_start) {
            enum umm_status status = flush(sink, err);
            if (status)
                return status;
        }
    }
    return UMM_OK;
}

/* Sleep for wait_ns, but not longer than cancellation may go unseen. */
static void nap(uint64_t wait_ns)
{
    const uint64_t nap_max_ns = 50000000;
    if (wait_ns > nap_max_ns)
        wait_ns = nap_max_ns;
    struct timespec span = {.tv_nsec = (long)wait_ns};
    nanosleep(&span, NULL);
}

/*
 * Row i is due i / rate seconds after the start. Rows that are due go out at once,
 * together when the writer was held up, so that the rate holds in the long run.
 */
static enum umm_status write_paced(struct sink *sink, struct umm_synth_events *events,
                                   struct umm_error *err)
{
    const struct umm_synth_rows *rows = events->rows;
    uint64_t rate = rows->options.rows_per_second, n_rows = rows->options.n_rows;
    uint64_t start_ns = umm_clock_run_ns(sink->run);
    enum umm_status status = flush(sink, err);
    while (!status && rows->index < n_rows) {
        uint64_t passed_ns = umm_clock_run_ns(sink->run) - start_ns;
        uint64_t n_due = passed_ns / ns_per_s * rate + passed_ns % ns_per_s * rate / ns_per_s + 1;
        if (n_due > rows->index) {
            status = write_until(sink, events, n_due < n_rows ? n_due : n_rows, err);
            if (!status)
                status = flush(sink, err);
            continue;
        }
        uint64_t i = rows->index;
        uint64_t due_ns = i / rate * ns_per_s + (i % rate * ns_per_s + rate - 1) / rate;
        nap(due_ns - passed_ns);
        if (umm_run_is_cancelled(sink->run))
            status = umm_error_set_cancelled(err);
    }
    return status;
}

enum umm_status umm_synth_write(const struct umm_synth_options *options, int fd, const char *path,
                                struct umm_run *run, struct umm_error *err)
{
    struct umm_synth_options resolved = *options;
    struct umm_synth_rows rows;
    struct umm_synth_events events = {.rows = &rows};
    enum umm_status status = resolve(&resolved, err);
    if (!status)
        status = umm_synth_rows_init(&rows, &resolved, err);
    if (status)
        return status;
    char *buffer = malloc(BUFFER_BYTES);
    struct sink sink = {.fd = fd, .path = path, .run = run, .buffer = buffer};
    if (!buffer)
        status = umm_error_set_memory(err, BUFFER_BYTES, "the output buffer");
    else
        sink.end = resolved.n_positions ? umm_synth_events_header(&events, buffer)
                                        : umm_synth_rows_header(&rows, buffer);
    if (!status && resolved.rows_per_second)
        status = write_paced(&sink, &events, err);
    else if (!status)
        status = write_until(&sink, &events, resolved.n_rows, err);
    if (!status)
        status = flush(&sink, err);
    umm_synth_rows_free(&rows);
    free(buffer);
    return status;
}
