/* SPDX-License-Identifier: MIT */
/*
 * synth_row.h - the text of synthetic bars: header and rows of every layout, and
 * the dirt of messy ones. Writes to memory, cannot fail.
 */
#ifndef UMM_SYNTH_SYNTH_ROW_H
#define UMM_SYNTH_SYNTH_ROW_H

#include "synth/synth.h"
#include "synth/synth_bar.h"

/* What a layout is; the table is in synth_row.c. */
struct umm_synth_shape;

/* The place in the text of one set of options; only synth_event.c may also look into it. */
struct umm_synth_rows {
    const struct umm_synth_shape *shape;
    struct umm_synth_options options;
    struct umm_synth_walk walk, *walks; /* of one symbol, or of each of many */
    struct umm_synth_bar bar;
    char symbol[UMM_SYNTH_SYMBOL_MAX + 1]; /* of the row, among many */
    uint64_t index;                        /* rows written so far */
    uint64_t bar_number;                   /* of the row's symbol, from the oldest */
    int64_t sec;                           /* time of the row, UTC */
    int64_t day;                           /* the day that date belongs to, since 1970 */
    int year, month, mday;                 /* that day, in the layout's zone */
    int second;                            /* of that day */
    char period[UMM_SYNTH_SYMBOL_MAX];     /* stooq's <PER> */
    uint64_t stream;
    uint32_t mess_slot, mess_stride;
};

/* Room that one header or one row (with its blank line) needs at most. */
enum { UMM_SYNTH_ROW_MAX = 1024 };

/* Fill in the layout's timeframe, and say how many seconds its rows can tell apart. */
int64_t umm_synth_row_resolve(struct umm_synth_options *options);

/* The time of bar i (0 the oldest), seconds since 1970; options are resolved. */
int64_t umm_synth_row_time(const struct umm_synth_options *options, uint64_t i);

/* Seconds east of UTC of the layout's times. */
int64_t umm_synth_row_offset(enum umm_synth_layout layout);

/* Whether a layout shows many symbols in a first column. */
bool umm_synth_row_shows_symbols(enum umm_synth_layout layout);

/* Begin the text of options, which are resolved and passed umm_synth_check. Free it. */
UMM_MUST_USE enum umm_status umm_synth_rows_init(struct umm_synth_rows *rows,
                                                 const struct umm_synth_options *options,
                                                 struct umm_error *err);
void umm_synth_rows_free(struct umm_synth_rows *rows);

/* Draw the next bar: it is in bar, and its symbol and time are set. */
void umm_synth_rows_draw(struct umm_synth_rows *rows);

/* Write a price as the layout does, a line's end; return the end of it. */
char *umm_synth_rows_price(const struct umm_synth_rows *rows, char *out, int64_t ticks);
char *umm_synth_rows_end(const struct umm_synth_rows *rows, char *out);

/* Write the header, if there is one, to out; returns the end of it. */
char *umm_synth_rows_header(const struct umm_synth_rows *rows, char *out);

/* Write the next row to out; returns the end of it. Not to be called past n_rows. */
char *umm_synth_rows_next(struct umm_synth_rows *rows, char *out);

#endif
