/* SPDX-License-Identifier: MIT */
/*
 * resultrows.h - rows of results: a time and a double per output, as the bytes of an
 * array's rows or as lines of text.
 *
 *     an array of records   timestamp M8[unit] | ema_20 f8 | rsi_14 f8 | ...
 *     a plain one           milliseconds f8    | f8        | f8        | ...
 *     CSV                   timestamp,ema_20,rsi_14 and 1577836800000,7000.5,NaN
 */
#ifndef UMM_FEATUREJOB_RESULTROWS_H
#define UMM_FEATUREJOB_RESULTROWS_H

#include "format/npy.h"
#include "umm.h"

struct umm_resultrows {
    struct umm_npy npy; /* shape[0] is 0 */
    struct umm_npy_type time_type;
    size_t n_outputs, row_bytes;
    bool is_nan_empty; /* as text, no value is an empty cell */
};

/* Rows of the outputs of features, with times as they come. Free them. */
UMM_MUST_USE enum umm_status umm_resultrows_init(struct umm_resultrows *rows,
                                                 const struct umm_features *features,
                                                 const struct umm_npy_type *time_type,
                                                 bool is_plain, struct umm_error *err);
void umm_resultrows_free(struct umm_resultrows *rows);

/*
 * Rows first..first+n of columns as n * row_bytes bytes. UMM_ERR_DATA: a time that a
 * plain array cannot hold.
 */
UMM_MUST_USE enum umm_status umm_resultrows_pack(const struct umm_resultrows *rows,
                                                 const int64_t *times, double *const *columns,
                                                 size_t first, size_t n, char *out,
                                                 struct umm_error *err);

/* Bytes that a line of text may need, its end included; write one, return where it ends. */
size_t umm_resultrows_line_max(const struct umm_resultrows *rows);
char *umm_resultrows_print(const struct umm_resultrows *rows, int64_t time, double *const *columns,
                           size_t row, char *out);

/* The line of names, malloc'ed, with its end. */
UMM_MUST_USE enum umm_status umm_resultrows_header(const struct umm_resultrows *rows,
                                                   const struct umm_features *features,
                                                   const char *before, char **text,
                                                   struct umm_error *err);

#endif
