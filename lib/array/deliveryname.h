/* SPDX-License-Identifier: MIT */
/*
 * deliveryname.h - what dataset a file belongs to, by the name that its vendor gave it:
 *
 *     BTCUSDT-1m-2024-01.zip                                    BTCUSDT 1m
 *     XBTUSD_60.csv                                             XBTUSD 1h
 *     EURUSD_Candlestick_1_M_BID_01.01.2020-31.12.2020.csv.gz   EURUSD 1m, BID
 *
 * Of a path only the last component counts, without what says how the file is written (.csv .tsv
 * .txt .prn .asc .zip .tar .tgz .gz .bz2 .xz .zst, in any case), and without the " (2)" of a file
 * that was downloaded twice. Then these are tried, until one of them knows the name:
 *
 *     the caller's pattern (array/namepattern.h)
 *     the patterns of vendors, as umm_deliveryname_vendor lists them
 *     SYMBOL-TIMEFRAME or SYMBOL_TIMEFRAME at its beginning: - _ or . and anything may follow
 *     if the timeframe is given: the whole name as the symbol
 *
 * Patterns of vendors that read one name differently are no knowledge: it is refused, as is a
 * symbol of the last two kinds that ends in a date. Names are hostile input.
 *
 * A reader may be used by any number of threads at once.
 */
#ifndef UMM_ARRAY_DELIVERYNAME_H
#define UMM_ARRAY_DELIVERYNAME_H

#include "array/dataset.h"
#include "array/namepattern.h"
#include "umm.h"

/* What the caller says of all files; NULL: nothing. Texts live as long as the reader. */
struct umm_deliveryname_options {
    const char *pattern;
    const char *symbol;    /* takes the place of what names tell */
    const char *timeframe; /* what names tell must be the same span */
};

enum { UMM_DELIVERYNAME_KIND_MAX = UMM_NAMEPATTERN_NAME_MAX + 1 };

/*
 * kind is what files of one dataset have alike besides: the exchange, BID or ASK, how prices are
 * adjusted; "" where the name tells none. by is the vendor's name, "pattern" or "name".
 */
struct umm_deliveryname {
    char symbol[UMM_DATASET_SYMBOL_MAX + 1];
    struct umm_timeframe timeframe;
    char kind[UMM_DELIVERYNAME_KIND_MAX];
    const char *by;
};

struct umm_deliveryname_reader;

/* UMM_ERR_ARGUMENT: the pattern, symbol or timeframe makes no sense. NULL on failure. */
UMM_MUST_USE enum umm_status
umm_deliveryname_reader_new(const struct umm_deliveryname_options *options,
                            struct umm_deliveryname_reader **reader, struct umm_error *err);
void umm_deliveryname_reader_free(struct umm_deliveryname_reader *reader);

/* Read the name of file. UMM_ERR_ARGUMENT with file as its path: it tells nothing, or two things.
 */
UMM_MUST_USE enum umm_status umm_deliveryname_read(const struct umm_deliveryname_reader *reader,
                                                   const char *file, struct umm_deliveryname *out,
                                                   struct umm_error *err);

/*
 * The layout (text/layout.h) of the files without a header that the vendor names so; NULL: none.
 * by is that of struct umm_deliveryname.
 */
const char *umm_deliveryname_layout(const char *by);

/*
 * Vendor number index, in alphabetical order, and a name as it gives: for manuals and tests. False:
 * there are no more.
 */
bool umm_deliveryname_vendor(size_t index, const char **vendor, const char **pattern,
                             const char **example);

#endif
