/* SPDX-License-Identifier: MIT */
/*
 * selection_piece.h - the rows of a piece of a run, read and checked; for selection_read.c.
 *
 * A piece is read into the place that the caller has for it, so that pieces can be read in
 * another order than they are chosen in.
 */
#ifndef UMM_ARRAY_SELECTION_PIECE_H
#define UMM_ARRAY_SELECTION_PIECE_H

#include "array/selection.h"

enum {
    UMM_SELECTION_TIME_BYTES = 8,
    UMM_SELECTION_EMPTY_ROWS_MAX = 65536 /* in a block, of rows without a byte */
};

/* n rows of the file from `first` on, a step apart. */
struct umm_selection_piece {
    uint64_t first;
    int64_t step;
    size_t n;
};

/* How many rows are in cap_bytes: at least one. */
static inline size_t umm_selection_rows_in(size_t cap_bytes, uint64_t row_bytes)
{
    if (row_bytes == 0)
        return UMM_SELECTION_EMPTY_ROWS_MAX;
    return row_bytes < cap_bytes ? (size_t)(cap_bytes / row_bytes) : 1;
}

/* The chosen rows of a piece, end to end. Failures as umm_arrayfile_read. */
UMM_MUST_USE enum umm_status umm_selection_read_piece(const struct umm_selection *selection,
                                                      const struct umm_selection_piece *piece,
                                                      char *out, struct umm_error *err);

/* Before the first check: find the ends of the window, which every row must lie between. */
UMM_MUST_USE enum umm_status umm_selection_begin_order(struct umm_selection *selection,
                                                       struct umm_error *err);

/* Whether order is checked by times that are not in the chosen rows. */
bool umm_selection_has_other_time(const struct umm_selection *selection);

/* The times of a piece as the file has them, end to end. Failures as umm_arrayfile_read. */
UMM_MUST_USE enum umm_status umm_selection_read_times(const struct umm_selection *selection,
                                                      const struct umm_selection_piece *piece,
                                                      char *out, struct umm_error *err);

/*
 * The next piece is in order. Pieces come as they are chosen, is_start where one is the first of
 * its run. rows is what umm_selection_read_piece gave; times what umm_selection_read_times gave,
 * or NULL: then the file is read for them, where the rows have none. UMM_ERR_DATA if not.
 */
UMM_MUST_USE enum umm_status umm_selection_check_order(struct umm_selection *selection,
                                                       const struct umm_selection_piece *piece,
                                                       bool is_start, const char *rows,
                                                       const char *times, struct umm_error *err);

#endif
