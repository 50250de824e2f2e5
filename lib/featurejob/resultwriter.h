/* SPDX-License-Identifier: MIT */
/*
 * resultwriter.h - where rows of results go: a new file or a stream, an array that
 * grows, or an array that is compared with them.
 *
 * An array that grows is published by its header, written once all rows are on the
 * device; rows behind the header's count are nobody's yet, and cut off after a failure
 * if the header, read again, still has that count. Rows that are there already,
 * because a run was killed before it could say so elsewhere, or because the last one is
 * revised, are compared; where they differ they are kept in memory until the commit,
 * which takes them out of the count while they change:
 *
 *     rows     | kept         | again        | new, written beyond the count
 *              0              n_kept         n_old
 *     commit     sync; count to the first changed row, changed rows; count of all
 */
#ifndef UMM_FEATUREJOB_RESULTWRITER_H
#define UMM_FEATUREJOB_RESULTWRITER_H

#include "array/output.h"
#include "array/rowfile.h"
#include "featurejob/resultrows.h"
#include "umm.h"

enum umm_result_format { UMM_RESULT_NPY, UMM_RESULT_CSV, UMM_RESULT_RAW };

enum umm_result_way {
    UMM_RESULT_FRESH,  /* a new output in place of what there was */
    UMM_RESULT_GROW,   /* the array that is there; UMM_RESULT_NPY only */
    UMM_RESULT_COMPARE /* the same, but nothing is written: rows must be equal */
};

struct umm_resultwriter_options {
    const char *path; /* as data/output.h says */
    enum umm_result_format format;
    enum umm_result_way way;
    bool is_synced;
    uint64_t n_loose; /* GROW: rows that are there are equal but for the last n_loose */
    const char *pool_root, *scratch_dir;
    const struct umm_resultrows *rows;
    const struct umm_features *features; /* for the names in text */
};

enum { UMM_RESULT_TAIL_ROWS = 33 };

/* Private. All zero is none. */
struct umm_resultwriter {
    const struct umm_resultwriter_options *options;
    struct umm_run *run;
    struct umm_output output; /* FRESH */
    struct umm_rowfile rowfile;
    int fd; /* the rowfile's: the output's, a scratch file's, or the array's that grows */
    bool is_scratch;
    struct umm_npy npy;  /* of an array that is there */
    uint64_t size_bytes; /* of the file when it was opened */
    bool is_header_open; /* what it counts is not certain, or new */
    uint64_t n_old, n_kept;
    uint64_t n_rows; /* in the output, with those of before */
    char *again;     /* rows from again_first on that differ from those that are there */
    uint64_t again_first;
    size_t n_again, cap_again;
    char *packed; /* room for a block of rows, or for text */
    size_t used_bytes;
    char *tail; /* the last rows, oldest first */
    size_t n_tail;
};

/* Open it; options must live until the close, which is needed after any open. */
UMM_MUST_USE enum umm_status umm_resultwriter_open(struct umm_resultwriter *writer,
                                                   const struct umm_resultwriter_options *options,
                                                   struct umm_run *run, struct umm_error *err);

/* GROW, COMPARE: begin at row n_kept, at most n_old, instead of at the end. */
UMM_MUST_USE enum umm_status umm_resultwriter_keep(struct umm_resultwriter *writer, uint64_t n_kept,
                                                   struct umm_error *err);

/* n rows more: row first..first+n of times and columns. COMPARE: UMM_ERR_DATA when one differs. */
UMM_MUST_USE enum umm_status umm_resultwriter_put(struct umm_resultwriter *writer,
                                                  const int64_t *times, double *const *columns,
                                                  size_t first, size_t n, struct umm_error *err);

/* CSV and RAW: whoever reads the stream sees all rows so far. */
UMM_MUST_USE enum umm_status umm_resultwriter_flush(struct umm_resultwriter *writer,
                                                    struct umm_error *err);

/*
 * The end: all of it is in place, and on the device if is_synced or it grew.
 * *is_changed is false when an array that grows did not. UMM_ERR_CONFLICT: another
 * program has written that array's header, or replaced the file.
 */
UMM_MUST_USE enum umm_status umm_resultwriter_commit(struct umm_resultwriter *writer,
                                                     bool *is_changed, struct umm_error *err);

/* Let go, of a new output that was not committed as if it had never been. */
void umm_resultwriter_close(struct umm_resultwriter *writer);

#endif
