/* SPDX-License-Identifier: MIT */
/*
 * appender.h - rows for an array as they come, by a process that lives long: the array
 * stays open and locked, and no row costs an allocation.
 *
 *     header, n | row 0 ... row n-1 | rows pushed, which no header counts yet
 *
 *     push ... push   rows behind the array, invisible to its readers
 *     commit          the rows are synced, then counted, then the count is synced
 *
 * So a reader that opens the array at any time, after a kill too, has whole rows, and
 * all rows of the last commit. data/append.h is for rows that may overlap with the
 * array's: it compares, this does not. One thread at a time.
 */
#ifndef UMM_ARRAY_APPENDER_H
#define UMM_ARRAY_APPENDER_H

#include "format/npy.h"
#include "sys/lock.h"
#include "umm.h"

/* is_unsynced: what a commit reports done may be lost in a power cut. */
struct umm_appender_options {
    bool is_unsynced;
    enum umm_lock_wait lock_wait;
};

struct umm_appender {
    const char *path; /* borrowed */
    struct umm_appender_options options;
    struct umm_lock lock;
    int fd;
    char *header; /* as it is in the file, and room for the next one */
    char *next_header;
    size_t header_bytes;
    size_t count_at, rest_at, rest_bytes; /* in the header: the row count, what follows it */
    size_t row_bytes;
    uint64_t n_rows;     /* that the header counts */
    uint64_t n_pushed;   /* with those that it does not */
    bool is_header_open; /* what it counts is not certain */
};

/*
 * Open the array at path (which must live until the close) for rows of type *npy, whose
 * shape[0] does not matter; make it, without rows, when it does not exist.
 * UMM_ERR_CONFLICT: an array of other rows, in Fortran order, or with something else
 * behind it; UMM_ERR_BUSY: locked. Close it after any open.
 */
UMM_MUST_USE enum umm_status umm_appender_open(struct umm_appender *appender, const char *path,
                                               const struct umm_npy *npy,
                                               const struct umm_appender_options *options,
                                               struct umm_run *run, struct umm_error *err);

/* Write one row behind the others. */
UMM_MUST_USE enum umm_status umm_appender_push(struct umm_appender *appender, const void *row,
                                               struct umm_error *err);

/*
 * Make what was pushed visible, and durable unless is_unsynced. UMM_ERR_CONFLICT: another
 * program, which takes no lock, has written the header, or path leads to another file now,
 * with nothing to commit, too: rows of earlier commits are not to be found either.
 */
UMM_MUST_USE enum umm_status umm_appender_commit(struct umm_appender *appender,
                                                 struct umm_error *err);

/*
 * Let go; rows that were not committed are cut off, unless the header is not as it was.
 * Safe after a failed open, and twice.
 */
void umm_appender_close(struct umm_appender *appender);

#endif
