/* SPDX-License-Identifier: MIT */
/*
 * dbrows.h - rows of an array as rows of a table (db.h), and back, without a change of value.
 *
 *     array     | timestamp <M8[ms] | close <f8 | trades <i4 | ok |b1 |
 *     table     | timestamptz       | float8    | integer    | boolean |
 *
 * Columns belong together by name, or as a list says. A value that the other side cannot hold
 * exactly is refused: nothing is rounded or cut.
 *
 * One thread at a time has an object.
 */
#ifndef UMM_DB_DBROWS_H
#define UMM_DB_DBROWS_H

#include "db/db.h"
#include "format/arraycolumn.h"
#include "format/npy.h"
#include "umm.h"

/*
 * columns      which, in which order: NAME or NAME=COLUMN, separated by commas, NAME being the
 *              array's, or its number from 0, and COLUMN the table's; NULL: all of both sides
 * has_unit     unit is what the times of arrays count, or of a table that does not say it
 * is_counted   a new table has times as counts of a unit, even where it could have instants
 * is_struct, is_plain   a fresh array is of records, or of one type, whatever its columns
 */
struct umm_dbrows_options {
    const char *columns;
    bool has_unit;
    enum umm_time_unit unit;
    bool is_counted;
    bool is_struct, is_plain;
};

/* Private, except fields, n and time. All zero is none. */
struct umm_dbrows {
    size_t n;
    struct umm_db_field *fields;
    size_t time; /* which of them is the time of a row */
    struct umm_arraycolumn *columns;
    size_t row_bytes;
    double *reals;         /* one column of a block */
    struct umm_npy values; /* what a row of values is, as an array of records */
};

/* Rows that are converted at once. */
enum { UMM_DBROWS_BLOCK = 2048 };

/*
 * Bind the rows of an array of the type *npy to a table, or to one that is to be made with
 * columns of db. Close it in any case. UMM_ERR_CONFLICT: one side has columns that the other
 * lacks, or of another kind. UMM_ERR_DATA: an array without a time or without names,
 * UMM_ERR_UNSUPPORTED: a type that tables do not have here. UMM_ERR_ARGUMENT: a list that is none.
 */
UMM_MUST_USE enum umm_status umm_dbrows_bind(struct umm_dbrows *rows, const struct umm_npy *npy,
                                             const struct umm_db *db,
                                             const struct umm_db_table *table,
                                             const struct umm_dbrows_options *options,
                                             struct umm_error *err);

/* Bind a table to an array that is to be made: *npy is its type; free it in any case. */
UMM_MUST_USE enum umm_status umm_dbrows_design(struct umm_dbrows *rows,
                                               const struct umm_db_table *table,
                                               const struct umm_dbrows_options *options,
                                               struct umm_npy *npy, struct umm_error *err);

/*
 * The field of the time of a table, alone: a column of its key, or one that is called timestamp or
 * time, or the first instant. UMM_ERR_CONFLICT if there is none, or it does not say its unit.
 */
UMM_MUST_USE enum umm_status umm_dbrows_time(const struct umm_db_table *table,
                                             const struct umm_dbrows_options *options,
                                             struct umm_db_field *field, struct umm_error *err);

/* Whether values can be written as all types of the bound array. UMM_ERR_UNSUPPORTED. */
UMM_MUST_USE enum umm_status umm_dbrows_check_output(const struct umm_dbrows *rows,
                                                     struct umm_error *err);

void umm_dbrows_close(struct umm_dbrows *rows);

/* COLUMN=VALUE, which must live as long as *condition. UMM_ERR_CONFLICT: there is no such column.
 */
UMM_MUST_USE enum umm_status umm_dbrows_condition(const struct umm_db_table *table,
                                                  const char *text,
                                                  struct umm_db_condition *condition,
                                                  struct umm_error *err);

/*
 * Check times that were read, in a unit that the caller gave: UMM_ERR_DATA for one beyond the years
 * 1 to 9999, as milliseconds are that are taken for seconds.
 */
UMM_MUST_USE enum umm_status umm_dbrows_check_times(const struct umm_db_field *fields,
                                                    size_t n_fields, const union umm_db_value *rows,
                                                    size_t n, struct umm_error *err);

/*
 * n rows of the array, at most UMM_DBROWS_BLOCK, as values; the first is number `row` in
 * messages. UMM_ERR_DATA for what does not fit.
 */
UMM_MUST_USE enum umm_status umm_dbrows_to_values(struct umm_dbrows *rows, const char *bytes,
                                                  size_t n, uint64_t row, union umm_db_value *out,
                                                  struct umm_error *err);

/* And back: n rows of values, of which the first is number `row` of those that were read. */
UMM_MUST_USE enum umm_status umm_dbrows_from_values(const struct umm_dbrows *rows,
                                                    const union umm_db_value *values, size_t n,
                                                    uint64_t row, char *out, struct umm_error *err);

/* The time of a row of values. */
static inline int64_t umm_dbrows_count(const struct umm_dbrows *rows, const union umm_db_value *row)
{
    return row[rows->time].integer;
}
struct umm_time umm_dbrows_instant(const struct umm_dbrows *rows, int64_t count);

/*
 * The first count of the field that is not before *time: from <= t and t < to of a range are the
 * same for counts then.
 */
int64_t umm_dbrows_bound(const struct umm_db_field *field, const struct umm_time *time);

#endif
