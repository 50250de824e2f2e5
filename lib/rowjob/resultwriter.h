/* SPDX-License-Identifier: MIT */
/*
 * resultwriter.h - where rows of results go: a new file or a stream, an array that
 * grows, or an array that is compared with them.
 *
 * An array that grows does so by array/grow.h. Rows that are there already, because a run was
 * killed before it could say so elsewhere, or because the last one is revised, are compared;
 * where they differ they are kept in memory until the commit, which puts them in place:
 *
 *     rows     | kept         | again        | new
 *              0              n_kept         n_old
 */
#ifndef UMM_ROWJOB_RESULTWRITER_H
#define UMM_ROWJOB_RESULTWRITER_H

#include "array/arrayfile.h"
#include "array/grow.h"
#include "array/writer.h"
#include "umm.h"

enum umm_result_format { UMM_RESULT_NPY, UMM_RESULT_CSV, UMM_RESULT_RAW };

enum umm_result_way {
    UMM_RESULT_FRESH,  /* a new output in place of what there was */
    UMM_RESULT_GROW,   /* the array that is there; UMM_RESULT_NPY only */
    UMM_RESULT_COMPARE /* the same, but nothing is written: rows must be equal */
};

/*
 * npy        what the rows of an array are; its shape[0] does not matter
 * header     CSV: the line of names, with its end
 * line_max   CSV: the bytes that a line may need, its end included
 * n_loose    GROW: rows that are there are equal except for the last n_loose
 * is_swept   as umm_outfile_open_swept has it
 * is_one_of_many  the caller prepares the commit, and syncs the file system before it and after
 */
struct umm_resultwriter_options {
    const char *path; /* as array/output.h says */
    enum umm_result_format format;
    enum umm_result_way way;
    bool is_synced, is_if_changed, is_swept, is_one_of_many;
    uint64_t n_loose;
    const char *pool_root, *scratch_dir;
    const struct umm_npy *npy;
    const char *header;
    size_t line_max;
};

/* What a job is about, and whether it has the state of the rows before. */
struct umm_result_intent {
    bool is_append, is_verify, is_rebuild, has_state;
};

/*
 * Set way and n_loose by what is at path. An array without a state is what a killed run left: its
 * rows must be those that come, except for the last one, which may have been revised since.
 */
UMM_MUST_USE enum umm_status umm_resultwriter_find_way(struct umm_resultwriter_options *options,
                                                       const struct umm_result_intent *intent,
                                                       struct umm_error *err);

enum { UMM_RESULT_TAIL_ROWS = 33 };

/* Private. */
struct umm_resultwriter {
    const struct umm_resultwriter_options *options;
    struct umm_run *run;
    size_t row_bytes;
    struct umm_output output; /* FRESH: text or raw bytes */
    struct umm_writer fresh;  /* FRESH: an array */
    struct umm_grow grow;     /* GROW */
    struct umm_arrayfile old; /* COMPARE */
    uint64_t n_old;           /* rows that were there at the open */
    uint64_t n_rows;          /* in the output, with those of before */
    char *again;              /* rows from again_first on that differ from those that are there */
    uint64_t again_first;
    size_t n_again, cap_again;
    char *text; /* CSV: lines that wait */
    size_t used_bytes;
    char *tail; /* the last rows, oldest first */
    size_t n_tail;
};

/* A writer that was not opened. */
struct umm_resultwriter umm_resultwriter_none(void);

/* Open it; options must live until the close, which is needed after any open. */
UMM_MUST_USE enum umm_status umm_resultwriter_open(struct umm_resultwriter *writer,
                                                   const struct umm_resultwriter_options *options,
                                                   struct umm_run *run, struct umm_error *err);

/* GROW, COMPARE: begin at row n_kept, at most n_old, instead of at the end. */
UMM_MUST_USE enum umm_status umm_resultwriter_keep(struct umm_resultwriter *writer, uint64_t n_kept,
                                                   struct umm_error *err);

/* NPY and RAW: n rows more, end to end. COMPARE: UMM_ERR_DATA when one differs. */
UMM_MUST_USE enum umm_status umm_resultwriter_put(struct umm_resultwriter *writer, const char *rows,
                                                  size_t n, struct umm_error *err);

/* CSV: room for a line, to be printed there; then where it ended. */
char *umm_resultwriter_line(struct umm_resultwriter *writer);
UMM_MUST_USE enum umm_status umm_resultwriter_end_line(struct umm_resultwriter *writer,
                                                       const char *end, struct umm_error *err);

/* CSV and RAW: a reader of the stream sees all rows so far. */
UMM_MUST_USE enum umm_status umm_resultwriter_flush(struct umm_resultwriter *writer,
                                                    struct umm_error *err);

/* Whether a fresh output is a stream; make what went out so far durable where that can be done. */
bool umm_resultwriter_is_stream(struct umm_resultwriter *writer);
UMM_MUST_USE enum umm_status umm_resultwriter_sync(struct umm_resultwriter *writer,
                                                   struct umm_error *err);

/* is_one_of_many: no more rows come, and all but what makes them visible is written. */
UMM_MUST_USE enum umm_status umm_resultwriter_prepare(struct umm_resultwriter *writer,
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
