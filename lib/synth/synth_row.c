/* SPDX-License-Identifier: MIT */
#include "synth/synth_row.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "synth/synth_shape.h"
#include "text/print.h"
#include "time/time.h"
#include "time/time_civil.h"

enum { SECONDS_PER_MINUTE = 60, SECONDS_PER_HOUR = 3600, SECONDS_PER_DAY = 86400 };
enum { BLOCK_ROWS = 1000 };

/* ---- times --------------------------------------------------------------- */

int64_t umm_synth_row_resolve(struct umm_synth_options *options)
{
    int64_t resolution_s = umm_synth_shapes[options->layout].resolution_s;
    struct umm_timeframe *timeframe = &options->timeframe;
    if (timeframe->n_seconds == 0 && timeframe->n_months == 0)
        timeframe->n_seconds =
            resolution_s > SECONDS_PER_MINUTE ? resolution_s : SECONDS_PER_MINUTE;
    return resolution_s;
}

int64_t umm_synth_row_offset(enum umm_synth_layout layout)
{
    return umm_synth_shapes[layout].offset_s;
}

static int64_t floor_day(int64_t sec)
{
    return sec / SECONDS_PER_DAY - (sec % SECONDS_PER_DAY < 0);
}

/* The same day and time of day, months later; the last of the month when it is too short. */
static int64_t add_months(int64_t sec, int64_t n_months)
{
    int64_t day = floor_day(sec), year;
    int month, mday;
    umm_time_civil_from_days(day, &year, &month, &mday);
    int64_t months = year * 12 + (month - 1) + n_months;
    year = months / 12;
    month = (int)(months % 12) + 1;
    int last = umm_time_days_in_month(year, month);
    return umm_time_days_from_civil(year, month, mday < last ? mday : last) * SECONDS_PER_DAY +
           (sec - day * SECONDS_PER_DAY);
}

int64_t umm_synth_row_time(const struct umm_synth_options *options, uint64_t i)
{
    if (options->timeframe.n_months)
        return add_months(options->start_sec, (int64_t)i * options->timeframe.n_months);
    return options->start_sec + (int64_t)i * options->timeframe.n_seconds;
}

/* Set the row's time; the date is worked out again only when the day has changed. */
static void set_time(struct umm_synth_rows *rows, uint64_t i)
{
    rows->bar_number = i;
    rows->sec = umm_synth_row_time(&rows->options, i);
    int64_t local = rows->sec + rows->shape->offset_s;
    int64_t second = local - rows->day * SECONDS_PER_DAY;
    if (second < 0 || second >= SECONDS_PER_DAY) {
        int64_t year;
        rows->day = floor_day(local);
        umm_time_civil_from_days(rows->day, &year, &rows->month, &rows->mday);
        rows->year = (int)year;
        second = local - rows->day * SECONDS_PER_DAY;
    }
    rows->second = (int)second;
}

/* Stooq's names: D, W, M, or minutes. What it does not offer is named as the option is. */
static void name_period(const struct umm_timeframe *timeframe, char *out)
{
    int64_t s = timeframe->n_seconds;
    if (timeframe->n_months) {
        if (timeframe->n_months > 1)
            out = umm_print_i64(out, timeframe->n_months);
        *out++ = 'M';
    } else if (s % (7 * SECONDS_PER_DAY) == 0 || s % SECONDS_PER_DAY == 0) {
        int64_t unit = s % (7 * SECONDS_PER_DAY) == 0 ? 7 * SECONDS_PER_DAY : SECONDS_PER_DAY;
        if (s > unit)
            out = umm_print_i64(out, s / unit);
        *out++ = unit == SECONDS_PER_DAY ? 'D' : 'W';
    } else if (s % SECONDS_PER_MINUTE == 0) {
        out = umm_print_i64(out, s / SECONDS_PER_MINUTE);
    } else {
        out = umm_print_i64(out, s);
        *out++ = 's';
    }
    *out = '\0';
}

/* ---- cells --------------------------------------------------------------- */

static char *put_text(char *out, const char *text)
{
    size_t len = strlen(text);
    memcpy(out, text, len);
    return out + len;
}

static char *put2(char *out, int v)
{
    out[0] = (char)('0' + v / 10);
    out[1] = (char)('0' + v % 10);
    return out + 2;
}

static char *put_date(const struct umm_synth_rows *rows, char *out, char separator)
{
    out = put2(put2(out, rows->year / 100), rows->year % 100);
    if (separator)
        *out++ = separator;
    out = put2(out, rows->month);
    if (separator)
        *out++ = separator;
    return put2(out, rows->mday);
}

static char *put_time(const struct umm_synth_rows *rows, char *out, const char *separator)
{
    int minute = rows->second / 60;
    out = put_text(put2(out, minute / 60), separator);
    out = put_text(put2(out, minute % 60), separator);
    return put2(out, rows->second % 60);
}

static char *put_day_first(const struct umm_synth_rows *rows, char *out)
{
    out = put2(out, rows->mday);
    *out++ = '.';
    out = put2(out, rows->month);
    *out++ = '.';
    out = put2(put2(out, rows->year / 100), rows->year % 100);
    *out++ = ' ';
    return put_text(put_time(rows, out, ":"), ".000 GMT+0000");
}

static char *put_hour(const struct umm_synth_rows *rows, char *out)
{
    int hour = rows->second / SECONDS_PER_HOUR;
    out = put_date(rows, out, '-');
    *out++ = ' ';
    out = put2(out, hour % 12 ? hour % 12 : 12);
    return put_text(out, hour < 12 ? "-AM" : "-PM");
}

static char *put_fixed(const struct umm_synth_rows *rows, char *out, int64_t scaled,
                       unsigned n_decimals)
{
    out = umm_print_fixed(out, scaled, n_decimals);
    if (rows->shape->is_trimmed && n_decimals) {
        while (out[-1] == '0')
            out--;
        if (out[-1] == '.')
            out--;
    }
    return out;
}

char *umm_synth_rows_price(const struct umm_synth_rows *rows, char *out, int64_t ticks)
{
    return put_fixed(rows, out, ticks * rows->shape->price_factor, rows->shape->price_decimals);
}

static char *put_volume(const struct umm_synth_rows *rows, char *out, uint64_t volume)
{
    const struct umm_synth_shape *shape = rows->shape;
    if (shape->volume_factor == 0)
        return umm_print_fixed(out, (int64_t)volume, rows->bar.volume_decimals);
    return put_fixed(rows, out, (int64_t)(volume * shape->volume_factor), shape->volume_decimals);
}

/* Volume times mean price. Binance: 1e-5 * 1e-2 units to 8 decimals; else 1e-4 to 2. */
static char *put_quote(const struct umm_synth_rows *rows, char *out, uint64_t volume)
{
    int64_t mean = (rows->bar.open + rows->bar.close) / 2;
    int64_t product = (int64_t)volume * mean; /* below 1e8 * 8e6 */
    if (rows->options.layout == UMM_SYNTH_BINANCE)
        return put_fixed(rows, out, product * 10, 8);
    return put_fixed(rows, out, product / 100, 2);
}

static char *put_cell(const struct umm_synth_rows *rows, char *out, uint8_t column)
{
    const struct umm_synth_bar *bar = &rows->bar;
    uint64_t taker_volume = (bar->volume * (1 + ((bar->dice >> 40) & 1022))) >> 10;
    switch ((enum umm_synth_column)column) {
    case UMM_SYNTH_EPOCH_MS: return umm_print_i64(out, rows->sec * 1000);
    case UMM_SYNTH_CLOSE_MS:
        return umm_print_i64(out,
                             umm_synth_row_time(&rows->options, rows->bar_number + 1) * 1000 - 1);
    case UMM_SYNTH_DATE_ISO: return put_date(rows, out, '-');
    case UMM_SYNTH_DATE_TIME_Z:
        out = put_date(rows, out, '-');
        *out++ = 'T';
        out = put_time(rows, out, ":");
        *out++ = 'Z';
        return out;
    case UMM_SYNTH_DATE_HOUR: return put_hour(rows, out);
    case UMM_SYNTH_DATE_DIGITS: return put_date(rows, out, '\0');
    case UMM_SYNTH_TIME_DIGITS: return put_time(rows, out, "");
    case UMM_SYNTH_DATE_TIME_DIGITS:
        out = put_date(rows, out, '\0');
        *out++ = ' ';
        return put_time(rows, out, "");
    case UMM_SYNTH_DATE_DOTS: return put_date(rows, out, '.');
    case UMM_SYNTH_TIME_COLONS: return put_time(rows, out, ":");
    case UMM_SYNTH_DAY_FIRST_GMT: return put_day_first(rows, out);
    case UMM_SYNTH_SYMBOL: return put_text(out, rows->options.symbol);
    case UMM_SYNTH_PERIOD: return put_text(out, rows->period);
    case UMM_SYNTH_OPEN: return umm_synth_rows_price(rows, out, bar->open);
    case UMM_SYNTH_HIGH: return umm_synth_rows_price(rows, out, bar->high);
    case UMM_SYNTH_LOW: return umm_synth_rows_price(rows, out, bar->low);
    case UMM_SYNTH_CLOSE: return umm_synth_rows_price(rows, out, bar->close);
    case UMM_SYNTH_ADJ_CLOSE: return umm_synth_rows_price(rows, out, bar->close - bar->close / 16);
    case UMM_SYNTH_VOLUME: return put_volume(rows, out, bar->volume);
    case UMM_SYNTH_QUOTE_VOLUME: return put_quote(rows, out, bar->volume);
    case UMM_SYNTH_TAKER_VOLUME: return put_volume(rows, out, taker_volume);
    case UMM_SYNTH_TAKER_QUOTE: return put_quote(rows, out, taker_volume);
    case UMM_SYNTH_TRADES:
        return umm_print_u64(out, 1 + bar->volume / 1024 + ((bar->dice >> 50) & 63));
    case UMM_SYNTH_SPREAD: return umm_print_u64(out, 1 + ((bar->dice >> 50) & 15));
    case UMM_SYNTH_ZERO: *out++ = '0'; return out;
    }
    return out;
}

/* ---- dirt ---------------------------------------------------------------- */

enum mess { CLEAN, QUOTED, ENDING, BLANK, MISSING, TEXT, SHORT, LONG };

/*
 * Row i of a block of 1000 gets slot first + i * stride modulo 1000. The stride
 * has no factor in common with 1000, so that every block visits every slot once,
 * and the slots below fixed bounds make exact counts.
 */
static enum mess next_mess(struct umm_synth_rows *rows)
{
    static const struct {
        enum mess mess;
        uint32_t n_slots;
    } share[] = {{QUOTED, UMM_SYNTH_MESSY_QUOTED}, {ENDING, UMM_SYNTH_MESSY_ENDING},
                 {BLANK, UMM_SYNTH_MESSY_BLANK},   {MISSING, UMM_SYNTH_MESSY_MISSING},
                 {TEXT, UMM_SYNTH_MESSY_TEXT},     {SHORT, UMM_SYNTH_MESSY_SHORT},
                 {LONG, UMM_SYNTH_MESSY_LONG}};
    static const uint8_t units[] = {1, 3, 7, 9};
    if (rows->index % BLOCK_ROWS == 0) {
        uint64_t random = umm_synth_mix(rows->stream ^ umm_synth_mix(rows->index));
        rows->mess_slot = (uint32_t)(random % BLOCK_ROWS);
        rows->mess_stride = (uint32_t)(200 + (random >> 32) % 60 * 10 + units[(random >> 48) & 3]);
    }
    rows->mess_slot = (rows->mess_slot + rows->mess_stride) % BLOCK_ROWS;
    uint32_t slot = rows->mess_slot;
    for (size_t i = 0; i < sizeof share / sizeof *share; i++) {
        if (slot < share[i].n_slots)
            return share[i].mess;
        slot -= share[i].n_slots;
    }
    return CLEAN;
}

/* ---- lines --------------------------------------------------------------- */

static char *put_end(char *out, bool is_crlf)
{
    if (is_crlf)
        *out++ = '\r';
    *out++ = '\n';
    return out;
}

char *umm_synth_rows_end(const struct umm_synth_rows *rows, char *out)
{
    return put_end(out, rows->shape->is_crlf || rows->options.is_crlf);
}

bool umm_synth_row_shows_symbols(enum umm_synth_layout layout)
{
    return layout == UMM_SYNTH_PLAIN || layout == UMM_SYNTH_ISO || layout == UMM_SYNTH_BINANCE;
}

/* Symbol number i of many; umm_synth_check has seen that there is room. */
static void name_symbol(struct umm_synth_rows *rows, uint64_t i)
{
    *umm_print_u64(put_text(rows->symbol, rows->options.symbol), i + 1) = '\0';
}

enum umm_status umm_synth_rows_init(struct umm_synth_rows *rows,
                                    const struct umm_synth_options *options, struct umm_error *err)
{
    memset(rows, 0, sizeof *rows);
    rows->options = *options;
    rows->shape = &umm_synth_shapes[options->layout];
    rows->day = INT32_MIN; /* no day that is ever asked for */
    rows->stream = umm_synth_stream(options->seed, options->symbol);
    name_period(&options->timeframe, rows->period);
    const size_t n = (size_t)options->n_symbols;
    const int64_t level = rows->shape->level;
    const int64_t duration_s =
        options->timeframe.n_seconds + options->timeframe.n_months * 30 * SECONDS_PER_DAY;
    umm_synth_walk_init(&rows->walk, rows->stream, level, duration_s);
    if (n == 0)
        return UMM_OK;
    rows->walks = malloc(n * sizeof *rows->walks);
    if (!rows->walks)
        return umm_error_set_memory(err, n * sizeof *rows->walks, "symbols");
    for (size_t i = 0; i < n; i++) {
        name_symbol(rows, i);
        umm_synth_walk_init(&rows->walks[i], umm_synth_stream(options->seed, rows->symbol), level,
                            duration_s);
    }
    return UMM_OK;
}

void umm_synth_rows_free(struct umm_synth_rows *rows)
{
    free(rows->walks);
    rows->walks = NULL;
}

char *umm_synth_rows_header(const struct umm_synth_rows *rows, char *out)
{
    bool is_quoted = rows->options.is_all_quoted;
    bool is_crlf = rows->shape->is_crlf || rows->options.is_crlf;
    bool is_at_start = true;
    if (rows->options.has_no_header)
        return out;
    if (rows->options.n_symbols) {
        out = put_text(out, is_quoted ? "\"symbol\"" : "symbol");
        *out++ = rows->shape->separator;
    }
    for (const char *p = rows->shape->header; *p; p++) {
        bool is_end = *p == '\n' || *p == rows->shape->separator;
        if (is_quoted && (is_at_start || is_end))
            *out++ = '"';
        out = *p == '\n' ? put_end(out, is_crlf) : (*out = *p, out + 1);
        if (is_quoted && is_end && *p != '\n')
            *out++ = '"';
        is_at_start = *p == '\n';
    }
    return out;
}

static char *put_row(const struct umm_synth_rows *rows, char *out, enum mess mess)
{
    const struct umm_synth_shape *shape = rows->shape;
    bool is_quoted = rows->options.is_all_quoted != (mess == QUOTED);
    uint32_t n_columns = shape->n_columns - (mess == SHORT);
    uint32_t dirty = UMM_SYNTH_COLUMNS_MAX;
    if (mess == MISSING || mess == TEXT)
        dirty = shape->first_price + (uint32_t)(rows->bar.dice >> 60 & 3);
    if (rows->options.n_symbols) {
        if (is_quoted)
            *out++ = '"';
        out = put_text(out, rows->symbol);
        if (is_quoted)
            *out++ = '"';
        *out++ = shape->separator;
    }
    for (uint32_t i = 0; i < n_columns; i++) {
        if (i)
            *out++ = shape->separator;
        if (is_quoted)
            *out++ = '"';
        if (i != dirty || mess != MISSING)
            out = put_cell(rows, out, shape->columns[i]);
        if (i == dirty && mess == TEXT)
            *out++ = 'x';
        if (is_quoted)
            *out++ = '"';
    }
    if (mess == LONG) {
        *out++ = shape->separator;
        out = put_text(out, is_quoted ? "\"extra\"" : "extra");
    }
    return out;
}

void umm_synth_rows_draw(struct umm_synth_rows *rows)
{
    const struct umm_synth_options *options = &rows->options;
    const bool is_newest_first = rows->shape->is_newest_first;
    const uint64_t n = options->n_symbols ? options->n_symbols : 1;
    const uint64_t symbol = rows->index % n, bar = rows->index / n;
    if (options->n_symbols)
        name_symbol(rows, symbol);
    umm_synth_walk_next(options->n_symbols ? &rows->walks[symbol] : &rows->walk, is_newest_first,
                        &rows->bar);
    set_time(rows, is_newest_first ? options->n_rows - 1 - bar : bar);
}

char *umm_synth_rows_next(struct umm_synth_rows *rows, char *out)
{
    const struct umm_synth_options *options = &rows->options;
    bool is_crlf = rows->shape->is_crlf || options->is_crlf;
    enum mess mess = options->is_messy ? next_mess(rows) : CLEAN;
    umm_synth_rows_draw(rows);
    if (mess == BLANK)
        out = put_end(out, is_crlf);
    out = put_row(rows, out, mess);
    rows->index++;
    return put_end(out, is_crlf != (mess == ENDING));
}
