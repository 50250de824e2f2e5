/* SPDX-License-Identifier: MIT */
/*
 * namepattern.h - patterns for names of files, which say what dataset a file belongs to:
 *
 *     {symbol}_{timeframe}_*           BTCUSDT_1m_2024-01
 *     {symbol}-{date}                  BTC_USDT-202401
 *     klines.{kind}.{symbol}.{minutes} klines.spot.BTCUSDT.60
 *
 *     {symbol}      1 byte or more of any kind
 *     {timeframe}   as umm_timeframe_parse or umm_timeframe_parse_word reads it: 1m, M1, 5min
 *     {minutes}     a number of minutes
 *     {date}        digits: YYYY, YYYYMM, YYYYMMDD, the last with HHMM or HHMMSS after it; YYYY-MM,
 *                   YYYY-MM-DD and DD-MM-YYYY with - . or _ in the place of -
 *     {kind}        letters and digits
 *     *             any text, also none
 *
 * Other bytes stand for themselves. A pattern describes a whole name. Each word may stand in it
 * once, {timeframe} and {minutes} only one of them, but {date} and * any number of times. What
 * has no text of fixed form between it and a {symbol} would be ambiguous, and is refused.
 *
 * A name that a pattern reads in two ways, by other places of what is captured, is ambiguous.
 * Names are hostile input: matching takes time in proportion to length(pattern) * length(name)^2 at
 * most. Functions may run on any thread on distinct objects.
 */
#ifndef UMM_ARRAY_NAMEPATTERN_H
#define UMM_ARRAY_NAMEPATTERN_H

#include "time/timeframe.h"
#include "umm.h"

enum {
    UMM_NAMEPATTERN_PARTS_MAX = 24,
    UMM_NAMEPATTERN_NAME_MAX = 255 /* bytes of a name: a file system takes no longer ones */
};

enum umm_namepattern_part {
    UMM_NAMEPATTERN_TEXT,
    UMM_NAMEPATTERN_ANYTHING,
    UMM_NAMEPATTERN_SYMBOL,
    UMM_NAMEPATTERN_TIMEFRAME,
    UMM_NAMEPATTERN_MINUTES,
    UMM_NAMEPATTERN_COUNT_UNIT, /* {count_unit}, "15_M", "1_Hour": where is_vendor only */
    UMM_NAMEPATTERN_DATE,
    UMM_NAMEPATTERN_KIND
};

/* Texts are the caller's. */
struct umm_namepattern {
    size_t n_parts;
    struct {
        enum umm_namepattern_part part;
        const char *text;
        size_t len_bytes;
    } parts[UMM_NAMEPATTERN_PARTS_MAX];
    bool has_symbol, has_timeframe, has_kind;
    /* What narrows a vendor's pattern; NULL: nothing. */
    const char *symbol_bytes; /* those of a symbol, single ones and ranges: "A-Z0-9." */
    const char *kinds;        /* "BID|ASK", in any case */
    bool is_timeframe_long;   /* not the letter of a unit alone */
};

/* A part of a name; none has no bytes. */
struct umm_namepattern_span {
    const char *text;
    size_t len_bytes;
};

struct umm_namepattern_match {
    struct umm_namepattern_span symbol, kind;
    struct umm_timeframe timeframe; /* name "": none */
};

enum umm_namepattern_result {
    UMM_NAMEPATTERN_NONE,
    UMM_NAMEPATTERN_ONE,
    UMM_NAMEPATTERN_AMBIGUOUS /* two readings: *match and *other */
};

/*
 * Read a pattern of len_bytes bytes at text, which must live as long as the pattern. is_vendor: it
 * is of this library, may have what is for it only, and is told to be good. UMM_ERR_ARGUMENT.
 */
UMM_MUST_USE enum umm_status umm_namepattern_parse(const char *text, size_t len_bytes,
                                                   bool is_vendor, struct umm_namepattern *pattern,
                                                   struct umm_error *err);

/* Match a name. A longer one than UMM_NAMEPATTERN_NAME_MAX matches nothing. */
enum umm_namepattern_result umm_namepattern_match(const struct umm_namepattern *pattern,
                                                  const char *name, size_t len_bytes,
                                                  struct umm_namepattern_match *match,
                                                  struct umm_namepattern_match *other);

/* The length of the {date} at text that is longest, of at most len_bytes; 0: there is none. */
size_t umm_namepattern_date(const char *text, size_t len_bytes);

#endif
