/* SPDX-License-Identifier: MIT */
/*
 * history.h - the rows of an input that earlier runs took: what a state keeps of them, and how
 * they are known when they come again.
 *
 *     | taken before             | new
 *     0          n_ring rows     ^ n_taken
 *
 * A file of rows is read from the ring of the last rows on: these and row 0 must be as they were.
 * A pipe or text is read from its beginning, and its first row's time says what that is: row 0,
 * then all rows taken must be as they were (their hash says); one of the ring, then those must be;
 * or a row after them all. Where rows have no times, it is row 0.
 */
#ifndef UMM_ROWJOB_HISTORY_H
#define UMM_ROWJOB_HISTORY_H

#include "convert/rowsource.h"
#include "rowjob/barreader.h"
#include "rowjob/checkpoint.h"
#include "rowjob/rowhash.h"
#include "umm.h"

/* Rows that were taken, and those that come again. All zero is none. */
struct umm_history {
    const char *name;                  /* of the input, in messages */
    const struct umm_barreader *times; /* NULL: rows have no times */
    size_t row_bytes;
    bool is_unkept; /* no state will keep them: rows are counted, and their times noted */
    uint64_t n_taken;
    bool has_before;                /* `before` is known, so that the last row can be undone */
    struct umm_rowhash all, before; /* of all rows taken, and without the last one */
    char *first_row, *ring;         /* row 0, and the last n_ring rows, oldest first */
    size_t n_ring;
    bool has_last;
    int64_t first_time, last_time; /* of rows taken, in the unit of the input */
    bool is_placed;                /* it is known where the input begins: at position */
    bool is_seen_whole;            /* from row 0 on */
    uint64_t position;             /* of the next row that comes */
    struct umm_rowhash seen;       /* of rows that were taken before, as they come again */
};

/* Room for rows of that size; name and times must live until the close, which is always safe. */
UMM_MUST_USE enum umm_status umm_history_open(struct umm_history *history, const char *name,
                                              const struct umm_barreader *times, size_t row_bytes,
                                              struct umm_error *err);
void umm_history_close(struct umm_history *history);

/* Whether a checkpoint is one of such rows; take it up; put what it needs into one. */
UMM_MUST_USE bool umm_history_fits(const struct umm_history *history,
                                   const struct umm_checkpoint *checkpoint);
void umm_history_load(struct umm_history *history, const struct umm_checkpoint *checkpoint);
UMM_MUST_USE enum umm_status umm_history_save(const struct umm_history *history,
                                              struct umm_checkpoint *checkpoint,
                                              struct umm_error *err);

/*
 * Whether the input can be read from any row on, and how many rows it has. While just the last
 * one of n_wanted is missing, for a second, it is looked again: an array's last row is not counted
 * while another takes its place.
 */
UMM_MUST_USE enum umm_status umm_history_count(const char *input, uint64_t n_wanted,
                                               struct umm_run *run, bool *is_random,
                                               uint64_t *n_rows, struct umm_error *err);

/* Row 0 of a file that is read from a later row on must be as it was: UMM_ERR_CONFLICT. */
UMM_MUST_USE enum umm_status umm_history_check_first(const struct umm_history *history,
                                                     const char *input,
                                                     const struct umm_convert_options *text,
                                                     struct umm_error *err);

/*
 * What a job does with the last row that was taken.
 *
 * may_change  it may be another now, of the same time: then it is undone
 * is_undone   the output lacks what it gives: it is taken again, whether it comes or not
 * undo        forgets it: umm_history_undo, and the job's part
 * take        takes it, as a new row
 */
struct umm_history_last {
    bool may_change, is_undone;
    enum umm_status (*undo)(void *user, struct umm_error *err);
    enum umm_status (*take)(void *user, const char *row, struct umm_error *err);
    void *user;
};

/*
 * Rows as they come: *n_old of the n rows were taken before, and are as they were; the rest is
 * new. UMM_ERR_CONFLICT: one is another, or the first of a stream is none that could come.
 */
UMM_MUST_USE enum umm_status umm_history_check_rows(struct umm_history *history,
                                                    const struct umm_history_last *last,
                                                    const char *rows, uint64_t n, uint64_t *n_old,
                                                    struct umm_error *err);

/*
 * All rows have come: UMM_ERR_CONFLICT if they are fewer than were taken, unless the last one was
 * only hidden.
 */
UMM_MUST_USE enum umm_status umm_history_check_end(const struct umm_history *history,
                                                   const char *input, bool is_random,
                                                   struct umm_run *run, struct umm_error *err);

/* n >= 1 new rows are taken. times: of each of them, NULL if there are none. */
void umm_history_take(struct umm_history *history, const char *rows, const int64_t *times,
                      size_t n);

/* Forget the last row: it is taken again. Only where has_before. */
UMM_MUST_USE enum umm_status umm_history_undo(struct umm_history *history, struct umm_error *err);

#endif
