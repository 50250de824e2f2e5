/* SPDX-License-Identifier: MIT */
/*
 * synth_shape.h - what the rows of each synthetic layout are made of, as a table.
 */
#ifndef UMM_SYNTH_SYNTH_SHAPE_H
#define UMM_SYNTH_SYNTH_SHAPE_H

#include "umm.h"

enum { UMM_SYNTH_COLUMNS_MAX = 12 };

/* What a cell shows. The four prices are neighbours in every layout. */
enum umm_synth_column {
    UMM_SYNTH_EPOCH_MS,
    UMM_SYNTH_CLOSE_MS, /* one millisecond before the next bar */
    UMM_SYNTH_DATE_ISO,
    UMM_SYNTH_DATE_TIME_Z,
    UMM_SYNTH_DATE_HOUR, /* 2020-01-01 09-AM */
    UMM_SYNTH_DATE_DIGITS,
    UMM_SYNTH_TIME_DIGITS,
    UMM_SYNTH_DATE_TIME_DIGITS,
    UMM_SYNTH_DATE_DOTS,
    UMM_SYNTH_TIME_COLONS,
    UMM_SYNTH_DAY_FIRST_GMT, /* 01.01.2020 09:00:00.000 GMT+0000 */
    UMM_SYNTH_SYMBOL,
    UMM_SYNTH_PERIOD,
    UMM_SYNTH_OPEN,
    UMM_SYNTH_HIGH,
    UMM_SYNTH_LOW,
    UMM_SYNTH_CLOSE,
    UMM_SYNTH_ADJ_CLOSE,
    UMM_SYNTH_VOLUME,
    UMM_SYNTH_QUOTE_VOLUME,
    UMM_SYNTH_TAKER_VOLUME,
    UMM_SYNTH_TAKER_QUOTE,
    UMM_SYNTH_TRADES,
    UMM_SYNTH_SPREAD,
    UMM_SYNTH_ZERO
};

/*
 * A layout. header: lines end in '\n', "" for none. A price is printed as ticks *
 * price_factor with price_decimals; a volume likewise, or as drawn when
 * volume_factor is 0. level is a typical price in ticks. resolution_s is what the
 * times can tell apart.
 */
struct umm_synth_shape {
    const char *header;
    char separator;
    bool is_crlf, is_newest_first, is_trimmed;
    int32_t offset_s, resolution_s;
    int64_t level, price_factor;
    uint32_t price_decimals, volume_decimals;
    uint64_t volume_factor;
    uint32_t n_columns, first_price;
    uint8_t columns[UMM_SYNTH_COLUMNS_MAX];
};

/* Indexed by enum umm_synth_layout. */
extern const struct umm_synth_shape umm_synth_shapes[];

#endif
