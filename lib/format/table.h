/* SPDX-License-Identifier: MIT */
/*
 * table.h - figures about several things, for people or for programs: one table, printed
 * as aligned text, CSV, JSON lines or Prometheus text.
 *
 * Columns are described once; a row has a cell in each, unknown until it is set. Unknown
 * is "-" in text, an empty field in CSV, null in JSON, and no series in Prometheus. A
 * failure to allocate is remembered and reported when the table is printed.
 */
#ifndef UMM_FORMAT_TABLE_H
#define UMM_FORMAT_TABLE_H

#include "format/prometheus.h"
#include "text/textbuf.h"
#include "umm.h"

/* As people read it; programs get plain numbers: bytes, seconds, shares of 1. */
enum umm_table_kind {
    UMM_TABLE_TEXT,   /* a label of the thing in Prometheus */
    UMM_TABLE_ID,     /* a number that is a name; also a label */
    UMM_TABLE_BYTES,  /* 1.5 MiB */
    UMM_TABLE_CHANGE, /* +1.5 MiB */
    UMM_TABLE_COUNT,
    UMM_TABLE_SHARE, /* 0 to 1, 42.0 % */
    UMM_TABLE_REAL
};

/* key: in CSV and JSON, a label's name. title: NULL is not shown to people. */
struct umm_table_column {
    enum umm_table_kind kind;
    const char *key, *title;
    enum umm_metric metric;
};

struct umm_table_cell {
    bool is_known;
    double number;
    char *text;
};

/* what: what a row is about, in JSON. Zero-initialise the rest. */
struct umm_table {
    const char *what;
    const struct umm_table_column *columns;
    size_t n_columns;
    struct umm_table_cell *cells;
    size_t n_rows;
    bool is_failed;
};

/* A new last row, all unknown; the calls below set a cell of it. */
void umm_table_add_row(struct umm_table *table);
void umm_table_set_text(struct umm_table *table, size_t column, const char *text);
void umm_table_set_number(struct umm_table *table, size_t column, double number);

/* UINT64_MAX leaves it unknown. */
void umm_table_set_count(struct umm_table *table, size_t column, uint64_t count);

/* Forget the rows. */
void umm_table_clear(struct umm_table *table);

/*
 * Each adds the whole table to out. Text: a heading and a line for each row. CSV: fields
 * in quotes where RFC 4180 wants them, control characters and backslashes in texts escaped as
 * umm_escape does, lines in LF, the heading on request. JSON: an
 * object for each row on a line of its own, first "what", then, unless it is NULL, the
 * time ("time": an ISO 8601 text; it also comes first in CSV).
 */
void umm_table_print_text(const struct umm_table *table, struct umm_textbuf *out);
void umm_table_print_csv(const struct umm_table *table, const char *time, bool has_heading,
                         struct umm_textbuf *out);
UMM_MUST_USE enum umm_status umm_table_print_json(const struct umm_table *table, const char *time,
                                                  struct umm_textbuf *out, struct umm_error *err);
void umm_table_add_metrics(const struct umm_table *table, struct umm_prometheus *page);

/* A cell as people read it, without padding; returns out. */
enum { UMM_TABLE_SHOWN_MAX = 256 };
const char *umm_table_show(const struct umm_table *table, size_t row, size_t column,
                           char out[UMM_TABLE_SHOWN_MAX]);

#endif
