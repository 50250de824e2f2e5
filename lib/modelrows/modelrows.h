/* SPDX-License-Identifier: MIT */
/*
 * modelrows.h - rows of any input as rows of a model: which column of the input is which number of
 * a row, and the rows as floats.
 *
 *     input    | timestamp  ema_20  rsi_14  volume | ...      (.npy, archive, text: rowsource.h)
 *     model    | rsi_14 ema_20 | ...                          by name
 *
 * Columns of times, and one that holds ids, are never taken unless they are asked for.
 */
#ifndef UMM_MODELROWS_MODELROWS_H
#define UMM_MODELROWS_MODELROWS_H

#include "format/arraycolumn.h"
#include "umm.h"

/*
 * What a row of the model is, and what the caller says of the input.
 *
 * n_inputs   numbers in a row
 * names      of each of them; NULL, or NULL for one of them: it has none
 * columns    the columns to take, in the order of the model's inputs, separated by commas: names,
 *            or else numbers from 0; NULL: matched, as umm_modelrows_bind says
 * is_selected  the columns were chosen when text was read, in the order of the model's inputs:
 *            names are not compared
 * id         a column that is no input; NULL: none
 */
struct umm_modelrows_options {
    uint64_t n_inputs;
    const char *const *names;
    const char *columns;
    bool is_selected;
    const char *id;
};

/* A binding. All zero is none. */
struct umm_modelrows {
    uint64_t n_inputs;
    uint64_t row_bytes;
    struct umm_arraycolumn *columns; /* of each input */
    bool is_plain_f32; /* the rows as they lie are rows of the model, if they are floats */
    bool is_by_name;
    bool has_names; /* the rows are records: a matrix of six columns is one of features */
    char *id_name;  /* options->id, or NULL */
    struct umm_arraycolumn id;
};

/*
 * Find the columns in rows as npy describes them. Where columns are not said:
 *
 *   - the names of the model's inputs, if it has them and the rows are records that have all of
 *     these; other columns are passed over;
 *   - else, the columns of numbers in their order, if there are n_inputs of them, and the model
 *     has no names (one input may have another name), or the rows have none.
 *
 * UMM_ERR_DATA otherwise, with what is missing or too much, and a hint to say the columns; also for
 * a column that holds no numbers. Close it after any bind.
 */
UMM_MUST_USE enum umm_status umm_modelrows_bind(struct umm_modelrows *rows,
                                                const struct umm_modelrows_options *options,
                                                const struct umm_npy *npy, struct umm_error *err);
void umm_modelrows_close(struct umm_modelrows *rows);

/*
 * n rows, row_bytes each, as n times n_inputs numbers without gaps. Doubles and integers are
 * rounded to the nearest float; one too large becomes infinite.
 */
void umm_modelrows_read_f32(const struct umm_modelrows *rows, const char *bytes, size_t n,
                            float *out);
void umm_modelrows_read_f64(const struct umm_modelrows *rows, const char *bytes, size_t n,
                            double *out);

/* The first of n numbers that is NaN or infinite; n if all are finite. */
size_t umm_modelrows_find_nan(const float *numbers, size_t n);

/*
 * UMM_ERR_DATA: "row 17: ema_20 is nan", input being which number of the model's row. A matrix has
 * the number of its column: "row 17: column 3 is nan".
 */
enum umm_status umm_modelrows_refuse_nan(const struct umm_modelrows *rows, uint64_t row,
                                         uint64_t input, double value, struct umm_error *err);

#endif
