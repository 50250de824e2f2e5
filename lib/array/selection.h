/* SPDX-License-Identifier: MIT */
/*
 * selection.h - some rows and columns of an array file, and reading them in blocks.
 *
 * Rows are runs (first, step, n), one after the other; they may repeat and go
 * backwards. Columns are all of the array's, or some in a given order. What is chosen
 * has a layout of its own, always in C order:
 *
 *     array    | t o h l c v | t o h l c v | ...
 *     chosen   | t c | t c | ...              columns t and c, end to end
 *
 * Values keep their type and byte order. Nothing is mapped, and memory is bounded: two
 * buffers of 256 KiB, or of one row where that is longer. Of an archive a run may begin in a
 * frame before those of earlier runs; then rows are read in blocks of up to 64 MiB, each in the
 * order of the frames, with up to 16 MiB (twice as much while they are sorted) for their places.
 *
 * One object belongs to one thread at a time.
 */
#ifndef UMM_ARRAY_SELECTION_H
#define UMM_ARRAY_SELECTION_H

#include "array/arrayfile.h"
#include "text/range.h"
#include "umm.h"

/*
 * What to choose. window_first and n_window: the rows that ranges count within, all
 * of the array's or those between two times. columns: names, or numbers from 0,
 * separated by commas; NULL for all.
 */
struct umm_selection_options {
    const struct umm_range *ranges; /* none: all rows of the window */
    size_t n_ranges;
    bool is_strict;
    uint64_t window_first, n_window;
    bool is_order_checked; /* times must not decrease */
    const char *columns;
    const struct umm_run *run; /* may be NULL; looked at within long blocks */
};

/* Of an array with more columns all can be chosen, and are not listed. */
enum { UMM_SELECTION_COLUMNS_MAX = UMM_NPY_FIELDS_MAX };

/* One column as it lies in a chosen row, and where it came from. */
struct umm_selection_column {
    struct umm_arraycolumn column; /* offset_bytes: in a chosen row */
    uint64_t index, file_offset_bytes;
};

/* A row and its time, as a number that is ordered as the times are. */
struct umm_selection_mark {
    uint64_t row;
    int64_t key;
};

/*
 * What was chosen. npy describes it as an array, shape[0] being n_rows, data_offset_bytes
 * 0; its fields may be borrowed from the file's. columns lists those there are, none for
 * an array that has no columns; has_all_columns: a chosen row is a row of the file.
 */
struct umm_selection {
    const struct umm_arrayfile *file;
    struct umm_rows *runs;
    size_t n_runs;
    uint64_t n_rows, row_bytes;
    bool has_all_columns;
    size_t n_columns;
    struct umm_selection_column *columns;
    struct umm_npy npy;
    bool is_fields_owned;

    /* order */
    bool is_order_checked;
    struct umm_arraycolumn time;
    uint64_t window_first, n_window;
    struct umm_selection_mark first, last, before; /* of the window; of the run so far */

    /* reading */
    const struct umm_run *context;
    size_t run;
    uint64_t run_row;
    size_t cap_bytes;
    char *raw, *block;
    bool is_scattered; /* by places: a block has cap_rows, of cap_places pieces */
    size_t cap_rows, cap_places;
    struct umm_selection_place *places;
    char *times; /* of the block, where order is checked and the rows have none */
};

/*
 * Choose from file, which must stay open. UMM_ERR_ARGUMENT and UMM_ERR_DATA as
 * umm_range_resolve; UMM_ERR_DATA for columns that are not there, or twice in an array
 * of records; UMM_ERR_UNSUPPORTED for columns of an array that has none;
 * UMM_ERR_MEMORY. Close it after any open.
 */
UMM_MUST_USE enum umm_status umm_selection_open(struct umm_selection *selection,
                                                const struct umm_arrayfile *file,
                                                const struct umm_selection_options *options,
                                                struct umm_error *err);
void umm_selection_close(struct umm_selection *selection);

/*
 * The next rows: *n of them, end to end at *rows, which stays valid until the next call;
 * 0 at the end. UMM_ERR_DATA: the file shrank, or its times are not in order;
 * UMM_ERR_CANCELLED.
 */
UMM_MUST_USE enum umm_status umm_selection_read(struct umm_selection *selection, const char **rows,
                                                size_t *n, struct umm_error *err);

/*
 * Whether run number i lies in the file as it is chosen, so that its bytes can be copied:
 * then *offset in the file and *len_bytes are set.
 */
bool umm_selection_is_plain_run(const struct umm_selection *selection, size_t i, uint64_t *offset,
                                uint64_t *len_bytes);

#endif
