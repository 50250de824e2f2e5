/* SPDX-License-Identifier: MIT */
/*
 * cells.h - from the text of a record's fields to the bytes of an array's row.
 */
#ifndef UMM_READING_CELLS_H
#define UMM_READING_CELLS_H

#include "array/schema.h"
#include "text/csv.h"
#include "text/notation.h"
#include "time/time.h"
#include "umm.h"

/* Texts that stand for a missing value; compared without case. */
struct umm_na {
    char *text; /* the list, with its commas made into terminators */
    size_t n;
    bool has_numeric; /* some entry reads as a number, so every cell must be compared */
    bool has_digit;   /* some entry has a digit: times must also be compared */
    bool has_empty;   /* the empty cell is one */
};

#define UMM_NA_DEFAULT ",null,NaN,NA,N/A,-"

/* Split a comma-separated list; an empty entry is the empty cell. */
UMM_MUST_USE enum umm_status umm_na_parse(const char *list, struct umm_na *na,
                                          struct umm_error *err);
void umm_na_free(struct umm_na *na);

/* Whether a cell, without blanks around it, is one of them. */
bool umm_na_has(const struct umm_na *na, struct umm_csv_field cell);

/* How the cells of one file are read. Pointers are borrowed. */
struct umm_cells {
    const struct umm_schema *schema;
    const struct umm_found *found; /* schema->n_fields entries */
    const struct umm_na *na;
    char decimal;
    /* Times without a form yet take it from the first cell of their column. */
    struct umm_time_spec *times;  /* schema->n_fields entries, used where is_time */
    struct umm_notation notation; /* of numbers */
};

/*
 * A time as it was read: value in the schema's unit. Zero-initialise it. With
 * UMM_TZ_FOLD_INFER a local time that the zone has twice is refused, unless takes_both is set
 * before: then is_folded is, value is the earlier instant and later the other one.
 */
struct umm_cell_time {
    int64_t value;
    bool takes_both, is_folded;
    int64_t later;
    bool is_by_magnitude;    /* the text is an epoch whose unit nobody gave: it is unit */
    enum umm_time_unit unit; /* of the text */
};

/* What a row holds besides its bytes: the time that orders it. */
struct umm_row {
    char *bytes; /* schema->row_bytes of room */
    int64_t time;
    struct umm_cell_time read; /* the same, as it was read */
    bool takes_both;           /* the caller can tell two instants of a local time apart */
    bool is_passed_over;       /* a filter does not take it: the rest says nothing */
};

/*
 * Convert a record's fields (n_fields of them, at least as many as `found` needs)
 * into row. On failure UMM_ERR_DATA with a message, and *bad_field is the index of
 * the offending field of the record.
 */
UMM_MUST_USE enum umm_status umm_cells_convert(const struct umm_cells *cells,
                                               const struct umm_csv_field *fields,
                                               struct umm_row *row, size_t *bad_field,
                                               struct umm_error *err);

/*
 * The same for field number index of the schema alone: first, and second where the
 * field joins two (else ignored), are the record's fields, and both are ignored where the
 * schema has its value; out is where that goes, and *time is set if the field is a time.
 */
UMM_MUST_USE enum umm_status umm_cells_convert_field(const struct umm_cells *cells, size_t index,
                                                     struct umm_csv_field first,
                                                     struct umm_csv_field second, char *out,
                                                     struct umm_cell_time *time,
                                                     struct umm_error *err);

/*
 * Make the later of a folded row's two instants its time. UMM_ERR_DATA, without a place, if the
 * array cannot hold it.
 */
UMM_MUST_USE enum umm_status umm_cells_take_later(const struct umm_cells *cells,
                                                  struct umm_row *row, struct umm_error *err);

/*
 * Say in err that the row's time, of which text is the cell, was had twice by the zone
 * (UMM_TIME_LOCAL_FOLD), and return UMM_ERR_DATA.
 */
enum umm_status umm_cells_refuse_folded(const struct umm_cells *cells, size_t index,
                                        struct umm_csv_field text, struct umm_error *err);

/*
 * The text of the schema's time field number index as it is judged: without blanks around
 * it, a date and a time of day joined in buffer. false if those are too long.
 */
enum { UMM_CELLS_JOINED_MAX = 160 };
UMM_MUST_USE bool umm_cells_time_text(const struct umm_cells *cells, size_t index,
                                      struct umm_csv_field first, struct umm_csv_field second,
                                      char buffer[UMM_CELLS_JOINED_MAX],
                                      struct umm_csv_field *text);

/*
 * Say in err that the text of the schema's field number index is ambiguous
 * (UMM_TIME_AMBIGUOUS), and return UMM_ERR_DATA.
 */
enum umm_status umm_cells_refuse_ambiguous(const struct umm_cells *cells, size_t index,
                                           struct umm_csv_field text, struct umm_error *err);

/*
 * Check low <= open, close <= high and volume >= 0 in a row, as far as the schema
 * has those fields; missing values pass. Returns NULL, or what is wrong and the
 * offending field of the schema in *bad_index.
 */
const char *umm_cells_check_ohlc(const struct umm_schema *schema, const char *row_bytes,
                                 size_t *bad_index);

#endif
