/* SPDX-License-Identifier: MIT */
/*
 * append.h - rows by a schema for an array that is there (array/grow.h) and may have some of
 * them already.
 *
 * Rows that are newer than the array's last are written after it. The others are compared
 * with the rows it has: the same ones are passed over, and a revision says what becomes of
 * one that differs.
 */
#ifndef UMM_ARRAY_APPEND_H
#define UMM_ARRAY_APPEND_H

#include "array/grow.h"
#include "array/schema.h"
#include "umm.h"

/* What to do with a row that is not newer and not the same as the array's. */
enum umm_revision { UMM_REVISION_ERROR, UMM_REVISION_KEEP, UMM_REVISION_REPLACE_LAST };

struct umm_append {
    struct umm_grow grow;
    const struct umm_schema *schema;
    enum umm_revision revision;
    uint64_t n_old;  /* rows that were there at the open */
    int64_t last;    /* time of the last one */
    bool has_cursor; /* the overlap has begun */
    uint64_t cursor; /* the next old row to compare */
    char *block;     /* old rows, read ahead */
    uint64_t block_first;
    size_t block_rows;
    char *replacement; /* for the last old row */
    bool has_replacement;
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

/* As umm_grow_commit. */
UMM_MUST_USE enum umm_status umm_append_commit(struct umm_append *append, struct umm_error *err);

/* As umm_grow_close. Safe after a failed open. */
void umm_append_close(struct umm_append *append);

#endif
