/* SPDX-License-Identifier: MIT */
/*
 * synth.h - deterministic synthetic OHLCV text, in the layouts real files have.
 *
 * The same options give the same bytes on every machine: all arithmetic is in
 * integers, and nothing depends on the locale, the time zone or the library's
 * version of a random function. More rows only add bytes at the end (layouts
 * whose newest row comes first excepted), and layouts of the same price scale
 * (plain, iso, binance) show the same bars. Memory does not grow with the rows.
 *
 * Every bar has 0 < low <= open, close <= high and volume > 0.
 */
#ifndef UMM_SYNTH_SYNTH_H
#define UMM_SYNTH_SYNTH_H

#include "time/timeframe.h"
#include "umm.h"

/*
 * Layouts, with the time that their rows can tell apart:
 *
 *   plain              timestamp,open,high,low,close,volume; epoch ms   1 s
 *   iso                the same, times as 2020-01-01T00:00:00Z          1 s
 *   binance            the 12 columns of a kline file; epoch ms         1 s
 *   yahoo              Date,...,Close,Adj Close,Volume; 2020-01-01      1 day
 *   cryptodatadownload banner line, CRLF, newest first; 2020-01-01 09-AM  1 h
 *   stooq              <TICKER>,<PER>,<DATE>,...; 20200101,090000       1 s
 *   metatrader         tabs; 2020.01.01 and 09:00:00 in two columns     1 s
 *   histdata           semicolons, no header; 20200101 090000 in UTC-5  1 s
 *   dukascopy          01.01.2020 09:00:00.000 GMT+0000                 1 s
 *   backtrader         CRLF, a header of 7 names over rows of 8 fields  1 s
 */
enum umm_synth_layout {
    UMM_SYNTH_PLAIN = 0,
    UMM_SYNTH_BINANCE,
    UMM_SYNTH_YAHOO,
    UMM_SYNTH_CRYPTODATADOWNLOAD,
    UMM_SYNTH_STOOQ,
    UMM_SYNTH_METATRADER,
    UMM_SYNTH_HISTDATA,
    UMM_SYNTH_DUKASCOPY,
    UMM_SYNTH_BACKTRADER,
    UMM_SYNTH_ISO
};

/* The layout of that name; false, and *out untouched, if there is none. */
UMM_MUST_USE bool umm_synth_layout_parse(const char *name, enum umm_synth_layout *out);

enum {
    UMM_SYNTH_SYMBOL_MAX = 32,
    UMM_SYNTH_SYMBOLS_MAX = 100000,
    UMM_SYNTH_POSITIONS_MAX = 10000000
};

/*
 * What to write. Zero-initialise it and set n_rows.
 *
 *   n_rows           rows, bad and good ones; blank lines do not count
 *   seed, symbol     choose the random stream; symbol NULL means "SYNTH", else
 *                    1 to UMM_SYNTH_SYMBOL_MAX of A-Z a-z 0-9 . _ - / ^ =
 *   n_symbols        0: one. Else the bars of so many symbols, SYMBOL1, SYMBOL2, ..., in a
 *                    first column: the first bar of each of them, then the second, ... Those
 *                    of a symbol are the ones it has alone. Layouts plain, iso and binance
 *   n_positions      0: bars. Else the events of a trader's day, see below. Layout plain
 *   timeframe        zero: 1 minute, or 1 hour or 1 day where the layout's rows
 *                    cannot tell minutes apart
 *   start_sec        the oldest bar's time, seconds since 1970 UTC. Bars that
 *                    are months apart keep its day of the month where the month
 *                    has it, and take the month's last day otherwise
 *   has_no_header    leave the header (and banner) out
 *   is_all_quoted    put every field in double quotes
 *   is_crlf          end lines in CR LF
 *   is_messy         mix in dirt, see below
 *   rows_per_second  0: as fast as it goes; otherwise rows are written when
 *                    they are due, by run's clock
 */
struct umm_synth_options {
    uint64_t n_rows;
    uint64_t seed;
    const char *symbol;
    uint64_t n_symbols, n_positions;
    enum umm_synth_layout layout;
    struct umm_timeframe timeframe;
    int64_t start_sec;
    bool has_no_header;
    bool is_all_quoted;
    bool is_crlf;
    bool is_messy;
    uint64_t rows_per_second;
};

/*
 * With is_messy, each 1000 consecutive rows, counted from the first, hold exactly
 * so many of these, at places that the seed decides; a row has at most one of
 * them. The last, incomplete thousand has no more than that.
 */
enum {
    UMM_SYNTH_MESSY_QUOTED = 40,  /* all fields quoted; unquoted with is_all_quoted */
    UMM_SYNTH_MESSY_ENDING = 40,  /* ends in CR LF where the others end in LF, or in LF */
    UMM_SYNTH_MESSY_BLANK = 10,   /* a blank line before the row */
    UMM_SYNTH_MESSY_MISSING = 10, /* an empty cell in place of one of the four prices */
    UMM_SYNTH_MESSY_TEXT = 3,     /* one of the four prices with the letter x after it */
    UMM_SYNTH_MESSY_SHORT = 2,    /* the last field is not there */
    UMM_SYNTH_MESSY_LONG = 2      /* one field too many, "extra", at the end */
};

/*
 * With n_positions, a row is a bar's close as an event, and after it come the positions of its
 * symbol that are closed and opened at that price:
 *
 *     event,time,id,symbol,side,entry,take_profit,stop_loss,price
 *     price,1577836800000,,SYNTH1,,,,,14100.98
 *     open,1577836800000,P1-0,SYNTH1,long,14100.98,14126.98,14083.98,
 *     close,1577842200000,P1-0,,,,,,
 *
 * So many positions are open at any time, shared among the symbols in turn. Each is held for a
 * number of bars of its own, from 8 to 135, then it is closed and another one takes its place:
 * P1-1 that of P1-0. Take profit and stop loss are one to eight usual steps of the price away.
 */

/*
 * Whether the options make sense: UMM_ERR_ARGUMENT for no rows, a bad symbol, a
 * start or timeframe that the layout's rows cannot tell apart, symbols or positions that the
 * layout cannot show, or too many of them, positions with dirt or quotes, rates above 1e9 and bars
 * outside the years 1 to 9999.
 */
UMM_MUST_USE enum umm_status umm_synth_check(const struct umm_synth_options *options,
                                             struct umm_error *err);

/*
 * Check the options and write their text to fd, which path names in errors: in
 * blocks of about 256 KiB, or of whole lines at a rate. run may be NULL; cancelling
 * it ends the call within about 100 ms with UMM_ERR_CANCELLED, part being written.
 */
UMM_MUST_USE enum umm_status umm_synth_write(const struct umm_synth_options *options, int fd,
                                             const char *path, struct umm_run *run,
                                             struct umm_error *err);

#endif
