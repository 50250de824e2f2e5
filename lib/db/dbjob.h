/* SPDX-License-Identifier: MIT */
/*
 * dbjob.h - umm-db's job: rows of arrays, archives and text into a table, and back.
 *
 *     table    | compared with nothing ... | the last 1,000 | new rows
 *     input       passed over                 compared        put, in one transaction
 *
 * Rows of an input are in order of time, and no two have one time: the time is the table's key.
 */
#ifndef UMM_DB_DBJOB_H
#define UMM_DB_DBJOB_H

#include "array/timerange.h"
#include "convert/rowsource.h"
#include "db/db.h"
#include "db/dbrows.h"
#include "sys/lock.h"
#include "umm.h"

/* What becomes of a row that the table has otherwise, or lacks among those it has. */
enum umm_db_revision { UMM_DB_REVISION_ERROR, UMM_DB_REVISION_KEEP, UMM_DB_REVISION_REPLACE };

enum { UMM_DB_COMPARED_ROWS = 1000 };

/*
 * source, is_unmade and revision are for push; verify has source; output and what follows are for
 * pull, and of source text.reading.instrument.where: COLUMN=VALUE, COLUMN being the table's.
 * is_unmade: a table that is not there is not made.
 */
struct umm_dbjob_options {
    const char *place, *table;
    struct umm_db_series series;
    struct umm_timerange range;
    struct umm_dbrows_options rows;
    enum umm_db_revision revision;
    enum umm_lock_wait lock_wait;
    bool is_unmade;
    struct umm_rowsource_options source;
    const char *output;
    bool is_append, is_synced;
    const char *pool_root, *scratch_dir;
};

struct umm_dbjob_result {
    char place[320], kind[16]; /* as messages have them */
    bool is_made;              /* the table */
    bool is_changed;
    uint64_t n_read;    /* rows of the input, or of the table */
    uint64_t n_written; /* new ones */
    uint64_t n_passed;  /* older than what was compared */
    uint64_t n_same, n_revised, n_rejected;
    bool has_last;
    struct umm_time last; /* of all that is there now */
    double seconds;
};

/*
 * Push the rows of the inputs, which follow each other, into the table. On failure nothing is
 * changed. UMM_ERR_CONFLICT for a revision; UMM_ERR_BUSY.
 */
UMM_MUST_USE enum umm_status umm_dbjob_push(const struct umm_dbjob_options *options,
                                            const char *const *inputs, size_t n_inputs,
                                            struct umm_run *run, struct umm_dbjob_result *result,
                                            struct umm_error *err);

/*
 * Pull the rows of the range into a fresh array, or those that are newer than the last one of an
 * array that is there; its last 1,000 are compared with the table's.
 */
UMM_MUST_USE enum umm_status umm_dbjob_pull(const struct umm_dbjob_options *options,
                                            struct umm_run *run, struct umm_dbjob_result *result,
                                            struct umm_error *err);

/* What verify found: rows of the input in the table, and the first that is not as it was. */
struct umm_dbjob_verdict {
    uint64_t n_same, n_differ, n_missing; /* rows of the input */
    uint64_t n_extra;                     /* rows of the table between them */
    bool has_first;
    struct umm_time first;
    char first_word[16]; /* "differs", "is missing", "is extra" */
    char first_column[UMM_NPY_NAME_MAX];
};

/*
 * Compare every row of the input, to the bit except that all NaN are the same, with those of the
 * table between its first and its last.
 */
UMM_MUST_USE enum umm_status umm_dbjob_verify(const struct umm_dbjob_options *options,
                                              const char *input, struct umm_run *run,
                                              struct umm_dbjob_result *result,
                                              struct umm_dbjob_verdict *verdict,
                                              struct umm_error *err);

/* A series of a table, for umm_dbjob_stat: NULL where there is one only. */
struct umm_dbjob_entry {
    const char *symbol, *timeframe;
    uint64_t n_rows;
    struct umm_time first, last;
};

/* Tell of the table's series, in order, and in *result of all. */
UMM_MUST_USE enum umm_status umm_dbjob_stat(
    const struct umm_dbjob_options *options,
    enum umm_status (*tell)(void *user, const struct umm_dbjob_entry *entry, struct umm_error *err),
    void *user, struct umm_run *run, struct umm_dbjob_result *result, struct umm_error *err);

#endif
