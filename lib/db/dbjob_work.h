/* SPDX-License-Identifier: MIT */
/*
 * dbjob_work.h - what the jobs of dbjob.h share.
 */
#ifndef UMM_DB_DBJOB_WORK_H
#define UMM_DB_DBJOB_WORK_H

#include "db/dbjob.h"

/* An open table. All zero is none. */
struct umm_dbwork {
    const struct umm_dbjob_options *options;
    struct umm_run *run;
    struct umm_db *db;
    struct umm_db_table table;
    struct umm_dbrows rows;
    struct umm_db_shape shape;
    uint64_t start_ns;
};

/*
 * Open the place, begin a transaction, see what the table is and whether it has series as the
 * options say. Close it in any case. UMM_ERR_ABSENT: it is not there, and is not to be made.
 */
UMM_MUST_USE enum umm_status umm_dbwork_open(struct umm_dbwork *work,
                                             const struct umm_dbjob_options *options,
                                             enum umm_db_mode mode, struct umm_run *run,
                                             struct umm_dbjob_result *result,
                                             struct umm_error *err);
void umm_dbwork_close(struct umm_dbwork *work, struct umm_dbjob_result *result);

/* Bind the rows of an array, anew for each. */
UMM_MUST_USE enum umm_status umm_dbwork_bind(struct umm_dbwork *work, const struct umm_npy *npy,
                                             struct umm_error *err);

/* UMM_ERR_CONFLICT: the table has series and none is named, or the reverse. */
UMM_MUST_USE enum umm_status umm_dbwork_check_series(const struct umm_dbwork *work,
                                                     struct umm_error *err);

/* The shape of what work->rows are bound to. */
void umm_dbwork_shape(struct umm_dbwork *work);

/* As umm_db_scan_next, of what work->rows are bound to; times of no sensible year are refused. */
UMM_MUST_USE enum umm_status umm_dbwork_next(struct umm_dbwork *work, union umm_db_value *rows,
                                             size_t cap, size_t *n, struct umm_error *err);

/* The query for the range of the options. */
struct umm_db_query umm_dbwork_query(const struct umm_dbwork *work);

/* Add the place and the table to a message that has no place. Returns status. */
enum umm_status umm_dbwork_place(const struct umm_dbwork *work, enum umm_status status,
                                 struct umm_error *err);

#endif
