/* SPDX-License-Identifier: MIT */
/*
 * arraycolumn.h - the columns of an array: their names, and their values as numbers
 * and times, from the bytes of its rows.
 *
 * An array of records (one dimension) has a column per field, padding left out. A
 * plain array has one column with one dimension, as many as its second dimension with
 * two, and none with more. A plain array has no names; the one of exactly 6 columns is
 * timestamp, open, high, low, close, volume, as umm-convert writes it.
 *
 * Nothing here allocates or keeps state; every function may run on any thread.
 */
#ifndef UMM_FORMAT_ARRAYCOLUMN_H
#define UMM_FORMAT_ARRAYCOLUMN_H

#include "format/npy.h"
#include "time/time.h"
#include "umm.h"

/*
 * One column. offset_bytes is where its value begins in a row in C order.
 * is_unit_assumed: a number without a unit of its own, were it to be a time.
 */
struct umm_arraycolumn {
    char name[UMM_NPY_NAME_MAX]; /* "" for none */
    struct umm_npy_type type;
    uint64_t offset_bytes;
    bool is_unit_assumed;
};

/* How many columns the array has; 0 for records or numbers in too many dimensions. */
uint64_t umm_arraycolumn_count(const struct umm_npy *npy);

/* Column number index, which is below the count. Later ones of a record cost a walk. */
void umm_arraycolumn_get(const struct umm_npy *npy, uint64_t index, struct umm_arraycolumn *column);

/*
 * The column of that name, matched exactly. UMM_ERR_DATA when there is none; the
 * message lists the names there are.
 */
UMM_MUST_USE enum umm_status umm_arraycolumn_find(const struct umm_npy *npy, const char *name,
                                                  uint64_t *index, struct umm_error *err);

/*
 * The column that holds the time of a row: column 0 of a plain array of two dimensions,
 * or of one and type M8; the field "timestamp" of a record, or its only one of type M8.
 * UMM_ERR_DATA when there is none, or when its type cannot hold times: only M8 with a
 * unit, f8, i8 and u8 do.
 */
UMM_MUST_USE enum umm_status umm_arraycolumn_find_time(const struct umm_npy *npy, uint64_t *index,
                                                       struct umm_error *err);

/*
 * The value at `value` as a time, for a column that umm_arraycolumn_find_time gave.
 * M8 counts its own unit; a number counts milliseconds, f8 rounded down to the
 * nanosecond. In both byte orders; value need not be aligned.
 *
 *   UMM_TIME_MALFORMED   no time: NaT, NaN, infinity
 *   UMM_TIME_NO_EPOCH    no millisecond count, by its magnitude:
 *                        1e14 and above, and below 1e11 in a record, where nothing
 *                        says that a bare number counts milliseconds
 *   UMM_TIME_RANGE       too far from 1970 for struct umm_time
 *   UMM_TIME_INEXACT     finer than a nanosecond
 */
UMM_MUST_USE enum umm_time_result umm_arraycolumn_read_time(const struct umm_arraycolumn *column,
                                                            const void *value,
                                                            struct umm_time *out);

/* UMM_ERR_DATA: the time of that row could not be read, in words. */
enum umm_status umm_arraycolumn_refuse_time(const struct umm_arraycolumn *column, uint64_t row,
                                            enum umm_time_result result, struct umm_error *err);

/* Both: the time at `value`, in that row, or what is wrong with it. */
UMM_MUST_USE enum umm_status umm_arraycolumn_time(const struct umm_arraycolumn *column,
                                                  const void *value, uint64_t row,
                                                  struct umm_time *out, struct umm_error *err);

/*
 * n_rows values as doubles: the first at `value`, the next stride_bytes further on.
 * Types b, i, u and f of 2, 4 and 8 bytes, both byte orders, rounded to nearest where
 * a double is too short. False, nothing done, for other types.
 */
UMM_MUST_USE bool umm_arraycolumn_read_f64(const struct umm_arraycolumn *column, const void *value,
                                           uint64_t stride_bytes, size_t n_rows, double *out);

/*
 * The first of n_rows rows whose time is not before *at, n_rows if there is none, by
 * binary search over `probe`, which gives the time of one row. UMM_ERR_DATA when the
 * probed rows are not in order; and what probe returns.
 */
UMM_MUST_USE enum umm_status umm_arraycolumn_search(
    enum umm_status (*probe)(void *user, uint64_t row, struct umm_time *out, struct umm_error *err),
    void *user, uint64_t n_rows, const struct umm_time *at, uint64_t *row, struct umm_error *err);

/* -1, 0 or 1: a is before, at or after b. */
int umm_arraycolumn_compare(const struct umm_time *a, const struct umm_time *b);

#endif
