/* SPDX-License-Identifier: MIT */
/*
 * db.h - a table of rows by time in a database: one interface for SQLite and PostgreSQL.
 *
 *     place       sqlite:FILE, or postgresql://..., or a connection string of libpq
 *     table       | symbol | timeframe | time | open | ... |   key: all three, or the time
 *     a row       n_fields values of 8 bytes, in the order of the fields
 *
 * Names of tables and columns are quoted and values are bound, so that neither is ever read as
 * SQL. A message names the place without its password.
 *
 * A build may lack either library: a place of that kind is UMM_ERR_UNSUPPORTED.
 *
 * One thread at a time has an object.
 */
#ifndef UMM_DB_DB_H
#define UMM_DB_DB_H

#include "array/dataset.h"
#include "format/npy.h"
#include "sys/lock.h"
#include "time/time.h"
#include "umm.h"

enum { UMM_DB_COLUMNS_MAX = 1600, UMM_DB_TYPE_MAX = 48 };

/* What a column of a table holds. ANY: whatever is put there, as it is. OTHER: none of these. */
enum umm_db_type {
    UMM_DB_OTHER = 0,
    UMM_DB_TIMESTAMP, /* an instant, in microseconds */
    UMM_DB_INTEGER,   /* of size_bytes */
    UMM_DB_REAL,      /* of size_bytes */
    UMM_DB_BOOL,
    UMM_DB_TEXT,
    UMM_DB_ANY
};

/*
 * One column. words is the type as the database says it. is_rounded: it takes -0 for 0. has_unit:
 * the database says in which unit the times of arrays are; INTEGER and ANY also count in it.
 */
struct umm_db_column {
    char name[UMM_NPY_NAME_MAX];
    char words[UMM_DB_TYPE_MAX];
    enum umm_db_type type;
    unsigned size_bytes;
    bool is_key, is_rounded;
    bool has_unit, is_unit_given; /* not by the table: it may be wrong */
    enum umm_time_unit unit;
};

/* All zero is a table that is not there. has_series: it has columns symbol and timeframe. */
struct umm_db_table {
    bool is_there, has_series;
    size_t n_columns;
    struct umm_db_column *columns; /* without those two */
};

/* What the value of a field is: a count of umm_db_field_unit, a number, a whole number, 0 or 1. */
enum umm_db_kind { UMM_DB_KIND_TIME, UMM_DB_KIND_REAL, UMM_DB_KIND_INTEGER, UMM_DB_KIND_BOOL };

struct umm_db_field {
    struct umm_db_column column;
    enum umm_db_kind kind;
};

/* What times of the field count: microseconds in a TIMESTAMP, else the unit of the column. */
static inline enum umm_time_unit umm_db_field_unit(const struct umm_db_field *field)
{
    return field->column.type == UMM_DB_TIMESTAMP ? UMM_TIME_US : field->column.unit;
}

union umm_db_value {
    int64_t integer; /* TIME, INTEGER, BOOL */
    double real;
};

/* Whose rows are meant, where a table has those of many; all zero: it has one series. */
struct umm_db_series {
    const char *symbol, *timeframe;
};

/* Rows are fields[0..n_fields-1] of table; fields[time] is their time. All are borrowed. */
struct umm_db_shape {
    const char *table;
    const struct umm_db_field *fields;
    size_t n_fields, time;
    struct umm_db_series series;
};

/* Rows whose column has the value, as the database reads it for the column's type. */
struct umm_db_condition {
    const struct umm_db_column *column;
    const char *value;
};

/* Which rows: from <= time < to, and all conditions hold. limit 0: no limit. */
struct umm_db_query {
    bool has_from, has_to, is_newest_first;
    int64_t from, to;
    uint64_t limit;
    const struct umm_db_condition *conditions;
    size_t n_conditions;
};

/* One series of a table, for umm_db_list. first and last are in the unit of the time. */
struct umm_db_entry {
    const char *symbol, *timeframe; /* NULL without series */
    uint64_t n_rows;
    int64_t first, last;
};

/* An open database; NULL is none. */
struct umm_db;

/* Whether place is one of a kind that this library knows. */
bool umm_db_is_place(const char *place);

/*
 * Replace the password in the text of a place, if it has one, by asterisks: for the memory that
 * the list of processes shows. place is no place any more then.
 */
void umm_db_hide_password(char *place);

/* What it is opened for. MAKE: a file of SQLite that is not there is made. */
enum umm_db_mode { UMM_DB_READ, UMM_DB_CHANGE, UMM_DB_MAKE };

/*
 * Open the place. UMM_ERR_ARGUMENT for what is no place,
 * UMM_ERR_UNSUPPORTED for a kind that this build lacks, UMM_ERR_SYSTEM where the server or the
 * file cannot be reached. run must live until the close.
 */
UMM_MUST_USE enum umm_status umm_db_open(const char *place, enum umm_db_mode mode,
                                         struct umm_run *run, struct umm_db **db,
                                         struct umm_error *err);
void umm_db_close(struct umm_db *db);

/* The place as messages and reports have it, and the word for its kind: "sqlite". */
const char *umm_db_shown(const struct umm_db *db);
const char *umm_db_kind_name(const struct umm_db *db);

/* Whether a new table has instants (TIMESTAMP) or only counts of a unit; and numbers as ANY. */
bool umm_db_has_timestamps(const struct umm_db *db);
bool umm_db_has_any(const struct umm_db *db);

/*
 * Begin a transaction, which sees all that was committed before, and see what the table is. For a
 * change, wait for others that change the same series of the table, as run's lock_limit_ns says, or
 * fail with UMM_ERR_BUSY. umm_db_close without a commit takes all of it back. Free *found in any
 * case. UMM_ERR_ARGUMENT for a name that no table can have.
 */
UMM_MUST_USE enum umm_status umm_db_begin(struct umm_db *db, const char *table,
                                          const struct umm_db_series *series,
                                          enum umm_lock_wait wait, struct umm_db_table *found,
                                          struct umm_error *err);
UMM_MUST_USE enum umm_status umm_db_commit(struct umm_db *db, struct umm_error *err);

/* What the table is by now, in a transaction. Free it in any case. */
UMM_MUST_USE enum umm_status umm_db_describe(struct umm_db *db, const char *name,
                                             struct umm_db_table *table, struct umm_error *err);
void umm_db_table_free(struct umm_db_table *table);

/*
 * Make the table, with the fields of shape as its columns and its time, or symbol, timeframe and
 * time, as its key, which it may have only after the next umm_db_flush.
 */
UMM_MUST_USE enum umm_status umm_db_create(struct umm_db *db, const struct umm_db_shape *shape,
                                           struct umm_error *err);

/*
 * Add n rows. They are in the table when umm_db_flush has returned, and for others after the
 * commit. No other call may come between the two. UMM_ERR_CONFLICT: the table refuses them.
 */
UMM_MUST_USE enum umm_status umm_db_put(struct umm_db *db, const struct umm_db_shape *shape,
                                        const union umm_db_value *rows, size_t n,
                                        struct umm_error *err);
UMM_MUST_USE enum umm_status umm_db_flush(struct umm_db *db, const struct umm_db_shape *shape,
                                          struct umm_error *err);

/* Put one row in place of the one of its time, or add it if there is none. */
UMM_MUST_USE enum umm_status umm_db_replace(struct umm_db *db, const struct umm_db_shape *shape,
                                            const union umm_db_value *row, struct umm_error *err);

/*
 * Read rows in order of time: *n of at most cap (at least 1) at each call, 0 at the end. One scan
 * at a time, and nothing else until umm_db_scan_end. NULL is NaN where a field is REAL.
 * UMM_ERR_DATA for a value that is none of its field, or a condition's that is none of its column.
 */
UMM_MUST_USE enum umm_status umm_db_scan(struct umm_db *db, const struct umm_db_shape *shape,
                                         const struct umm_db_query *query, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_db_scan_next(struct umm_db *db, union umm_db_value *rows,
                                              size_t cap, size_t *n, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_db_scan_end(struct umm_db *db, struct umm_error *err);

/* Tell of each series of the table, by symbol and timeframe; series are not those of shape. */
UMM_MUST_USE enum umm_status umm_db_list(struct umm_db *db, const struct umm_db_shape *shape,
                                         enum umm_status (*tell)(void *user,
                                                                 const struct umm_db_entry *entry,
                                                                 struct umm_error *err),
                                         void *user, struct umm_error *err);

#endif
