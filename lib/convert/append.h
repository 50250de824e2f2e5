/* SPDX-License-Identifier: MIT */
/*
 * append.h - rows by a schema for an array that is there (array/grow.h) and may have some of
 * them already (convert/earlier.h). Rows newer than the array's last are written after it.
 */
#ifndef UMM_CONVERT_APPEND_H
#define UMM_CONVERT_APPEND_H

#include "array/grow.h"
#include "array/schema.h"
#include "convert/earlier.h"
#include "umm.h"

struct umm_append {
    struct umm_grow grow;
    struct umm_earlier earlier;
    const struct umm_schema *schema;
    uint64_t n_old; /* rows that were there at the open */
    int64_t last;   /* time of the last one */
};

/*
 * Open the array at path for more rows of schema. The caller holds the output's
 * lock. UMM_ERR_CONFLICT when the array has other columns, another type or order,
 * or is not sorted at its end. append must stay where it is until the close, which is
 * needed after any open.
 */
UMM_MUST_USE enum umm_status umm_append_open(struct umm_append *append, const char *path,
                                             const struct umm_schema *schema,
                                             enum umm_revision revision, struct umm_run *run,
                                             struct umm_error *err);

/*
 * Another input begins, as umm_earlier_begin_input says. A caller whose inputs follow each other
 * as one need not tell.
 */
UMM_MUST_USE enum umm_status umm_append_begin_input(struct umm_append *append, const char *path,
                                                    struct umm_error *err);

/* Take one row; times must not decrease from call to call. Failures as umm_overlap_compare. */
UMM_MUST_USE enum umm_status umm_append_push(struct umm_append *append, const char *row,
                                             int64_t time, struct umm_error *err);

/* Whether anything is to be written, and how many rows the array will have. */
bool umm_append_is_changed(const struct umm_append *append);
uint64_t umm_append_n_rows(const struct umm_append *append);

/* As umm_grow_commit. */
UMM_MUST_USE enum umm_status umm_append_commit(struct umm_append *append, struct umm_error *err);

/*
 * The commit in two parts, for many arrays at once: the caller syncs the file systems that they are
 * in after the first and after the second. Only where a row is replaced does either sync by itself.
 */
UMM_MUST_USE enum umm_status umm_append_prepare(struct umm_append *append, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_append_count(struct umm_append *append, struct umm_error *err);

/* As umm_grow_close. Safe after a failed open. */
void umm_append_close(struct umm_append *append);

#endif
