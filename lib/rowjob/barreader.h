/* SPDX-License-Identifier: MIT */
/*
 * barreader.h - bars out of the rows of an array: their times, and the columns that
 * features need as doubles.
 *
 * Times keep the unit of the input: a time of M8[us] stays a count of microseconds;
 * numbers count milliseconds, as arraycolumn.h says.
 */
#ifndef UMM_ROWJOB_BARREADER_H
#define UMM_ROWJOB_BARREADER_H

#include "format/arraycolumn.h"
#include "umm.h"

enum { UMM_BARREADER_COLUMNS = 6 }; /* time, open, high, low, close, volume: as struct umm_bars */

struct umm_barreader {
    struct umm_arraycolumn columns[UMM_BARREADER_COLUMNS];
    unsigned wanted; /* UMM_FEATURES_TIME and so on */
    size_t row_bytes;
    struct umm_npy_type time_type; /* of the times it gives: M8, this machine's order */
};

/*
 * Find the columns `wanted`, and the time in any case, in rows of that type.
 * UMM_ERR_DATA: one is missing, or holds no numbers.
 */
UMM_MUST_USE enum umm_status umm_barreader_bind(struct umm_barreader *reader,
                                                const struct umm_npy *npy, unsigned wanted,
                                                struct umm_error *err);

/*
 * n rows, the first of which is row number `row` in messages: their times, and the
 * wanted columns (time: milliseconds) in out. UMM_ERR_DATA: no time, or one that
 * time_type cannot hold.
 */
UMM_MUST_USE enum umm_status
umm_barreader_read(const struct umm_barreader *reader, const char *rows, size_t n, uint64_t row,
                   int64_t *times, double *const out[UMM_BARREADER_COLUMNS], struct umm_error *err);

/* What a count of time_type means; false for what is no time. */
bool umm_barreader_time(const struct umm_npy_type *time_type, int64_t count, struct umm_time *out);

/* The time as ISO 8601, or the count itself; returns out. */
const char *umm_barreader_time_text(const struct umm_npy_type *time_type, int64_t count,
                                    char out[UMM_TIME_ISO_MAX]);

/* Milliseconds since 1970, with a fraction if need be. */
double umm_barreader_milliseconds(const struct umm_time *time);

/* The type of the rows in words, "[timestamp <M8[ms], close <f8]" or "<f8 x 6"; malloc'ed. */
UMM_MUST_USE enum umm_status umm_barreader_describe(const struct umm_npy *npy, char **text,
                                                    struct umm_error *err);

#endif
