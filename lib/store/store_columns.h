/* SPDX-License-Identifier: MIT */
/*
 * store_columns.h - lines of entries whose fields a header line names, in any order.
 */
#ifndef UMM_STORE_STORE_COLUMNS_H
#define UMM_STORE_STORE_COLUMNS_H

#include "store/store_text.h"

/* What each field of a line is: a value's place in the vector, or one of these. */
enum { UMM_STORE_COLUMN_ID = -1, UMM_STORE_COLUMN_TIMESTAMP = -2 };

struct umm_store_columns {
    uint32_t dim;
    size_t n;
    int32_t *what;             /* of n fields; room for dim + 2 */
    bool *is_given;            /* of dim values, while a header is read */
    struct umm_time_spec time; /* how times are written, known after the first one */
};

UMM_MUST_USE enum umm_status umm_store_columns_init(struct umm_store_columns *columns, uint32_t dim,
                                                    struct umm_arena *arena, struct umm_error *err);

/* Read a header line. UMM_ERR_DATA: no vector of the store has these columns. */
UMM_MUST_USE enum umm_status umm_store_columns_parse(struct umm_store_columns *columns,
                                                     struct umm_store_line *line,
                                                     struct umm_error *err);

/*
 * Read a line: the id into UMM_STORE_ID_MAX bytes at id, row->id_bytes, dim values, and
 * row->timestamp_ns where there is such a column.
 */
UMM_MUST_USE enum umm_status umm_store_columns_take(struct umm_store_columns *columns,
                                                    struct umm_store_line *line, bool is_empty_nan,
                                                    char *id, struct umm_store_row *row,
                                                    float *vector, struct umm_error *err);

#endif
