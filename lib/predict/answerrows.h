/* SPDX-License-Identifier: MIT */
/*
 * answerrows.h - a model's answers as rows: the bytes of an array's rows, or lines of text.
 *
 *     an array of records   timestamp M8[unit] | id | probability f4 | ...
 *     a plain one           f4 | f4 | ...       without times and ids, or where there are none
 *     CSV                   timestamp,id,probability and 1577836800000,BTC,0.25
 */
#ifndef UMM_PREDICT_ANSWERROWS_H
#define UMM_PREDICT_ANSWERROWS_H

#include "format/arraycolumn.h"
#include "model/model.h"
#include "umm.h"

/* What goes in front of an answer; NULL: nothing. id is a column of the input's rows. */
struct umm_answerrows_front {
    const struct umm_npy_type *time_type;
    const struct umm_arraycolumn *id;
};

struct umm_answerrows {
    struct umm_npy npy; /* shape[0] is 0 */
    size_t row_bytes, n_outputs;
    bool has_time, has_id;
    struct umm_arraycolumn id;
    char *id_text;   /* room for an id in UTF-8 */
    char *header;    /* the line of names, with its end */
    size_t line_max; /* bytes that a line may need, its end included */
};

/*
 * Rows of the answers of the model, without what is in front of them if is_plain. Numbers that the
 * model calls by no name of their own are NAME[0], NAME[1], ... UMM_ERR_UNSUPPORTED: an id of a
 * type that has no text. Free them after any init.
 */
UMM_MUST_USE enum umm_status umm_answerrows_init(struct umm_answerrows *rows,
                                                 const struct umm_model *model,
                                                 const struct umm_answerrows_front *front,
                                                 bool is_plain, struct umm_error *err);
void umm_answerrows_free(struct umm_answerrows *rows);

/* The name of output i, as rows have it; returns out. */
const char *umm_answerrows_name(const struct umm_model *model, uint64_t i,
                                char out[UMM_NPY_NAME_MAX]);

/*
 * n rows as bytes: answers are n times n_outputs floats; times, and rows of in_bytes each, are
 * those of the input. Where nothing is in front of answers, they are the bytes as they lie.
 */
void umm_answerrows_pack(const struct umm_answerrows *rows, const int64_t *times,
                         const char *in_rows, size_t in_bytes, const float *answers, size_t n,
                         char *out);

/* One row as a line, of line_max bytes at most; NULL: its id is no text. */
char *umm_answerrows_print(const struct umm_answerrows *rows, int64_t time, const char *in_row,
                           const float *answer, char *out);

#endif
