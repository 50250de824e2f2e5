/* SPDX-License-Identifier: MIT */
/*
 * celltext.h - rows of an array as text: CSV, or a JSON document.
 *
 *     timestamp,close                      {"columns": ["timestamp", "close"],
 *     1577836800000,7175.01                "data": [
 *     1577836860000,NaN                    [1577836800000, 7175.01],
 *                                          [1577836860000, null]]}
 *
 * Numbers are what umm_print_f64_shortest and the others of shortest.h write, whole
 * ones as integers: reading them gives back the same bits (a NaN's payload apart). A
 * time is its count or, when asked for, ISO 8601; NaT is "NaT". bool is 1 or 0. Texts
 * are quoted, quotes inside doubled, S as its bytes, U as UTF-8, both up to their last
 * byte that is not zero. CSV begins with the names if the columns have some.
 *
 * In JSON what is not finite, and NaT, is null; bool is true or false; S must be UTF-8.
 * Columns without a name have their number, from 0.
 *
 * One object belongs to one thread at a time.
 */
#ifndef UMM_SLICE_CELLTEXT_H
#define UMM_SLICE_CELLTEXT_H

#include "array/selection.h"
#include "umm.h"

/* Takes the text in pieces; what it returns ends the writing. */
typedef enum umm_status umm_celltext_write(void *user, const char *bytes, size_t len_bytes,
                                           struct umm_error *err);

struct umm_celltext_options {
    bool is_json;
    bool is_time_iso;
    bool has_no_header; /* CSV only */
    umm_celltext_write *write;
    void *user;
};

struct umm_celltext_cell; /* how to print one column */

struct umm_celltext {
    struct umm_celltext_options options;
    const struct umm_selection *selection;
    struct umm_celltext_cell *cells;
    char *buffer;
    size_t len_bytes;
    uint64_t n_rows; /* printed so far */
};

/*
 * Begin with the columns of selection, which must stay. UMM_ERR_UNSUPPORTED for an array
 * without columns and for types that have no text here: c, V, and f of 16 bytes.
 * UMM_ERR_MEMORY. Nothing is written yet. Close it after any open.
 */
UMM_MUST_USE enum umm_status umm_celltext_open(struct umm_celltext *text,
                                               const struct umm_selection *selection,
                                               const struct umm_celltext_options *options,
                                               struct umm_error *err);
void umm_celltext_close(struct umm_celltext *text);

/* Print n rows that umm_selection_read gave. UMM_ERR_DATA: text that is none, a time too far. */
UMM_MUST_USE enum umm_status umm_celltext_rows(struct umm_celltext *text, const char *rows,
                                               size_t n, struct umm_error *err);

/* Print what remains, and hand everything to write. */
UMM_MUST_USE enum umm_status umm_celltext_finish(struct umm_celltext *text, struct umm_error *err);

#endif
