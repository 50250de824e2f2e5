/* SPDX-License-Identifier: MIT */
/*
 * overlap.h - which rows of an input are there already, in an array or an archive that is
 * sorted by time.
 *
 *     old     | ... | t1 a | t1 b | t2 c | t3 d |
 *     input           t1 b   t2 c   t3 x   t4 e
 *                     same   same   other  newer than all: not for this module
 *
 * Rows of one time keep their order: one that was found is not found again, nor are those
 * before it. Rows are compared by value: any NaN is the same as any other, -0 as 0, and what
 * NumPy skips between fields does not count. A row that is not found is a revision of the
 * next old one, if that has its time.
 *
 * One thread at a time has an object.
 */
#ifndef UMM_ARRAY_OVERLAP_H
#define UMM_ARRAY_OVERLAP_H

#include "format/npy.h"
#include "umm.h"

/* What to do with a row that is not newer and is not found: --on-revision of all tools. */
enum umm_revision { UMM_REVISION_ERROR, UMM_REVISION_KEEP, UMM_REVISION_REPLACE_LAST };

/*
 * The old rows: n_rows of the type *npy (its shape[0] does not matter), and how to read them
 * and their times. what is for messages: "the array". All must live until the close. column
 * names a column for messages, NULL: as the array does. input says whose row an old one is, if it
 * came with an input of this run: its path; NULL, also of the function: it is of `what`.
 */
struct umm_overlap_rows {
    const char *what;
    const struct umm_npy *npy;
    uint64_t n_rows;
    enum umm_status (*read)(void *user, uint64_t first, size_t n, char *out, struct umm_error *err);
    enum umm_status (*time)(const void *user, const char *row, uint64_t index, struct umm_time *out,
                            struct umm_error *err);
    const char *(*column)(const void *user, uint64_t index);
    const char *(*input)(const void *user, uint64_t index);
    void *user;
};

/* Private, except the last line. All zero is none. */
struct umm_overlap {
    struct umm_overlap_rows rows;
    enum umm_revision revision;
    size_t row_bytes;
    bool has_cursor;
    uint64_t cursor; /* the next old row to compare */
    char *block;     /* old rows, read ahead */
    size_t cap_rows, block_rows;
    uint64_t block_first;
    char *replacement; /* for the last old row */
    bool has_replacement;
    uint64_t n_same, n_revised;
};

/* UMM_ERR_MEMORY. Close it after any open. */
UMM_MUST_USE enum umm_status umm_overlap_open(struct umm_overlap *overlap,
                                              const struct umm_overlap_rows *rows,
                                              enum umm_revision revision, struct umm_error *err);
void umm_overlap_close(struct umm_overlap *overlap);

/* Another input begins, and n_rows old rows are there by now. The counts go on. */
void umm_overlap_restart(struct umm_overlap *overlap, uint64_t n_rows);

/* Old row number index; *row is valid until the next call. Failures as rows.read. */
UMM_MUST_USE enum umm_status umm_overlap_row(struct umm_overlap *overlap, uint64_t index,
                                             const char **row, struct umm_error *err);

/*
 * Look for a row that is not newer than the last old one. The times of rows must not decrease
 * from call to call. It is counted in n_same or n_revised; what takes the place of the last old
 * row is then in replacement. UMM_ERR_CONFLICT: it is not found, and revision does not allow
 * that; the message says how it differs, the caller adds where. Failures as rows.read and time.
 */
UMM_MUST_USE enum umm_status umm_overlap_compare(struct umm_overlap *overlap, const char *row,
                                                 const struct umm_time *time,
                                                 struct umm_error *err);

#endif
