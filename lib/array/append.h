/* SPDX-License-Identifier: MIT */
/*
 * append.h - more rows for an array that is there, safe against a kill at any
 * moment and invisible to readers until complete.
 *
 *     header | row 0 ... row n-1 | new rows, which no header counts yet
 *
 * Rows are written behind the array, synced, then the header is rewritten in one
 * write and synced. Replacing the last row hides it first: count n-1, sync, row,
 * sync, count. A reader that maps the array sees the old or the new count.
 *
 * Bytes behind the array are what a killed append left, and give way. A header that
 * may have counted new rows is never followed by a cut: some reader may map them. It
 * may be another program's, which takes no lock: it is read again before a cut.
 */
#ifndef UMM_ARRAY_APPEND_H
#define UMM_ARRAY_APPEND_H

#include "array/rowfile.h"
#include "array/schema.h"
#include "umm.h"

/* What to do with a row that is not newer and not the same as the array's. */
enum umm_revision { UMM_REVISION_ERROR, UMM_REVISION_KEEP, UMM_REVISION_REPLACE_LAST };

struct umm_append {
    const char *path;
    const struct umm_schema *schema;
    enum umm_revision revision;
    int fd;
    struct umm_npy npy;
    struct umm_rowfile rows;
    uint64_t size_bytes; /* of the file as it was found */
    uint64_t n_old;
    int64_t last;    /* time of row n_old - 1 */
    bool has_cursor; /* the overlap has begun */
    uint64_t cursor; /* the next old row to compare */
    char *block;     /* old rows, read ahead */
    uint64_t block_first;
    size_t block_rows;
    char *replacement; /* for row n_old - 1 */
    bool has_replacement;
    bool is_header_open; /* the header may have counted new rows: nothing is cut off */
    uint64_t n_same, n_revised;
};

/*
 * Open the array at path for more rows of schema. The caller holds the output's
 * lock. UMM_ERR_CONFLICT when the array has other columns, another type or order,
 * or is not sorted at its end. Close it after any open.
 */
UMM_MUST_USE enum umm_status umm_append_open(struct umm_append *append, const char *path,
                                             const struct umm_schema *schema,
                                             enum umm_revision revision, struct umm_run *run,
                                             struct umm_error *err);

/*
 * Take one row; times must not decrease from call to call. Newer rows are written,
 * others compared with the array's rows of their time, by value: NaN is the same as
 * any NaN, -0 as 0. UMM_ERR_CONFLICT when a row differs and revision does not allow
 * it; the message says how, the caller adds where.
 */
UMM_MUST_USE enum umm_status umm_append_push(struct umm_append *append, const char *row,
                                             int64_t time, struct umm_error *err);

/* Whether anything is to be written, and how many rows the array will have. */
bool umm_append_is_changed(const struct umm_append *append);
uint64_t umm_append_n_rows(const struct umm_append *append);

/*
 * Make the new rows durable, then visible. After a failure the array is the old one,
 * unless the device refuses that too; a replaced last row may then be missing.
 * UMM_ERR_CONFLICT: another program has written the header, or replaced the file.
 */
UMM_MUST_USE enum umm_status umm_append_commit(struct umm_append *append, struct umm_error *err);

/*
 * Let go; what was not committed is cut off again, unless the header is not as it was.
 * Safe after a failed open.
 */
void umm_append_close(struct umm_append *append);

#endif
