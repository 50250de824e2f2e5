/* SPDX-License-Identifier: MIT */
#include "format/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "format/json.h"
#include "text/csvcell.h"
#include "text/size.h"

/* ---- rows ---------------------------------------------------------------- */

void umm_table_add_row(struct umm_table *table)
{
    const size_t row_bytes = table->n_columns * sizeof *table->cells;
    struct umm_table_cell *cells = umm_list_room(table->cells, table->n_rows, row_bytes);
    table->is_failed |= !cells;
    if (!cells)
        return;
    table->cells = cells;
    memset(cells + table->n_rows * table->n_columns, 0, row_bytes);
    table->n_rows++;
}

static struct umm_table_cell *last_row(struct umm_table *table, size_t column)
{
    if (table->is_failed || !table->n_rows)
        return NULL;
    return &table->cells[(table->n_rows - 1) * table->n_columns + column];
}

void umm_table_set_text(struct umm_table *table, size_t column, const char *text)
{
    struct umm_table_cell *cell = last_row(table, column);
    if (!cell)
        return;
    free(cell->text);
    cell->text = strdup(text);
    cell->is_known = true;
    table->is_failed |= !cell->text;
}

void umm_table_set_number(struct umm_table *table, size_t column, double number)
{
    struct umm_table_cell *cell = last_row(table, column);
    if (!cell || !isfinite(number))
        return;
    cell->number = number;
    cell->is_known = true;
}

void umm_table_set_count(struct umm_table *table, size_t column, uint64_t count)
{
    if (count != UINT64_MAX)
        umm_table_set_number(table, column, (double)count);
}

void umm_table_clear(struct umm_table *table)
{
    for (size_t i = 0; i < table->n_rows * table->n_columns; i++)
        free(table->cells[i].text);
    free(table->cells);
    table->cells = NULL;
    table->n_rows = 0;
    table->is_failed = false;
}

static const struct umm_table_cell *cell_at(const struct umm_table *table, size_t row,
                                            size_t column)
{
    return &table->cells[row * table->n_columns + column];
}

/* ---- for people ---------------------------------------------------------- */

const char *umm_table_show(const struct umm_table *table, size_t row, size_t column,
                           char out[UMM_TABLE_SHOWN_MAX])
{
    const struct umm_table_cell *cell = cell_at(table, row, column);
    if (!cell->is_known)
        return strcpy(out, "-");
    switch (table->columns[column].kind) {
    case UMM_TABLE_TEXT:
        return umm_escape(out, UMM_TABLE_SHOWN_MAX, cell->text, strlen(cell->text));
    case UMM_TABLE_BYTES: return umm_size_format(out, cell->number);
    case UMM_TABLE_CHANGE: return umm_size_format_change(out, cell->number);
    case UMM_TABLE_SHARE:
        snprintf(out, UMM_TABLE_SHOWN_MAX, "%.1f %%", 100 * cell->number);
        return out;
    case UMM_TABLE_REAL: snprintf(out, UMM_TABLE_SHOWN_MAX, "%.2f", cell->number); return out;
    case UMM_TABLE_ID:
    case UMM_TABLE_COUNT:
    default: snprintf(out, UMM_TABLE_SHOWN_MAX, "%.0f", cell->number); return out;
    }
}

/* Characters, not bytes: what stands in a column. */
static int width_of(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static int column_width(const struct umm_table *table, size_t column)
{
    char shown[UMM_TABLE_SHOWN_MAX];
    int width = width_of(table->columns[column].title);
    for (size_t row = 0; row < table->n_rows; row++) {
        int n = width_of(umm_table_show(table, row, column, shown));
        width = n > width ? n : width;
    }
    return width;
}

static size_t last_shown(const struct umm_table *table)
{
    size_t column = table->n_columns;
    while (column > 0 && !table->columns[column - 1].title)
        column--;
    return column - 1;
}

/* Texts stand on the left, numbers on the right; nothing pads the last text. */
static void print_field(const struct umm_table *table, size_t column, const char *shown, int width,
                        struct umm_textbuf *out)
{
    bool is_left = table->columns[column].kind == UMM_TABLE_TEXT;
    bool is_last = column == last_shown(table);
    int padding = width - width_of(shown);
    umm_textbuf_add(out, "%*s%s%*s", is_left ? 0 : padding, "", shown,
                    is_left && !is_last ? padding : 0, "");
    umm_textbuf_add(out, is_last ? "\n" : "  ");
}

void umm_table_print_text(const struct umm_table *table, struct umm_textbuf *out)
{
    char shown[UMM_TABLE_SHOWN_MAX];
    int *widths = calloc(table->n_columns, sizeof *widths);
    out->is_failed |= table->is_failed || !widths;
    if (!out->is_failed && widths) {
        for (size_t i = 0; i < table->n_columns; i++)
            widths[i] = table->columns[i].title ? column_width(table, i) : 0;
        for (size_t i = 0; i < table->n_columns; i++)
            if (table->columns[i].title)
                print_field(table, i, table->columns[i].title, widths[i], out);
        for (size_t row = 0; row < table->n_rows; row++)
            for (size_t i = 0; i < table->n_columns; i++)
                if (table->columns[i].title)
                    print_field(table, i, umm_table_show(table, row, i, shown), widths[i], out);
    }
    free(widths);
}

/* ---- for programs -------------------------------------------------------- */

static bool is_whole(enum umm_table_kind kind)
{
    return kind != UMM_TABLE_SHARE && kind != UMM_TABLE_REAL;
}

/*
 * RFC 4180 lets control characters through, which a terminal obeys, and a line's end in the middle
 * of a record: they become \n, \x1b and so on, as do bytes that are not UTF-8, and a backslash
 * becomes two. A quote is the cell's to double.
 */
static void print_csv_text(const char *text, struct umm_textbuf *out)
{
    enum { ESCAPED_BYTES = 4 }; /* a byte, at most */
    const size_t cap = ESCAPED_BYTES * strlen(text) + 1;
    char *shown = malloc(cap), *cell = malloc(UMM_CSVCELL_MAX(cap));
    size_t len = 0;
    out->is_failed |= !shown || !cell;
    while (!out->is_failed && *text) {
        const size_t n = strcspn(text, "\"");
        umm_escape(shown + len, cap - len, text, n);
        len += strlen(shown + len);
        text += n;
        if (*text)
            shown[len++] = *text++;
    }
    if (!out->is_failed)
        umm_textbuf_add_bytes(out, cell, (size_t)(umm_csvcell_put(cell, shown, len) - cell));
    free(shown);
    free(cell);
}

static void print_csv_row(const struct umm_table *table, size_t row, const char *time,
                          struct umm_textbuf *out)
{
    if (time)
        umm_textbuf_add(out, "%s,", time);
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct umm_table_cell *cell = cell_at(table, row, i);
        enum umm_table_kind kind = table->columns[i].kind;
        if (cell->is_known && kind == UMM_TABLE_TEXT)
            print_csv_text(cell->text, out);
        else if (cell->is_known)
            umm_textbuf_add(out, is_whole(kind) ? "%.0f" : "%.6g", cell->number);
        umm_textbuf_add(out, i + 1 < table->n_columns ? "," : "\n");
    }
}

void umm_table_print_csv(const struct umm_table *table, const char *time, bool has_heading,
                         struct umm_textbuf *out)
{
    out->is_failed |= table->is_failed;
    if (has_heading && time)
        umm_textbuf_add(out, "time,");
    for (size_t i = 0; has_heading && i < table->n_columns; i++)
        umm_textbuf_add(out, "%s%s", table->columns[i].key, i + 1 < table->n_columns ? "," : "\n");
    for (size_t row = 0; !out->is_failed && row < table->n_rows; row++)
        print_csv_row(table, row, time, out);
}

static void put_member(struct umm_json *object, const struct umm_table_column *column,
                       const struct umm_table_cell *cell)
{
    if (!cell->is_known)
        umm_json_put_text(object, column->key, NULL);
    else if (column->kind == UMM_TABLE_TEXT)
        umm_json_put_text(object, column->key, cell->text);
    else if (is_whole(column->kind))
        umm_json_put_integer(object, column->key, (int64_t)cell->number);
    else
        umm_json_put_real(object, column->key, cell->number);
}

enum umm_status umm_table_print_json(const struct umm_table *table, const char *time,
                                     struct umm_textbuf *out, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    out->is_failed |= table->is_failed;
    for (size_t row = 0; !status && !out->is_failed && row < table->n_rows; row++) {
        struct umm_json *object = umm_json_new();
        char *text = NULL;
        size_t len = 0;
        umm_json_put_text(object, "what", table->what);
        if (time)
            umm_json_put_text(object, "time", time);
        for (size_t i = 0; i < table->n_columns; i++)
            put_member(object, &table->columns[i], cell_at(table, row, i));
        status = umm_json_finish(object, true, &text, &len, err);
        if (!status)
            umm_textbuf_add_bytes(out, text, len);
        free(text);
    }
    return status;
}

enum { LABELS_MAX = 8 };

/* The texts and numbers that name a row: key, value, ... NULL. */
static void collect_labels(const struct umm_table *table, size_t row,
                           const char *labels[2 * LABELS_MAX + 1], char ids[LABELS_MAX][24])
{
    size_t n = 0;
    for (size_t i = 0; i < table->n_columns && n < LABELS_MAX; i++) {
        const struct umm_table_cell *cell = cell_at(table, row, i);
        enum umm_table_kind kind = table->columns[i].kind;
        if (!cell->is_known || (kind != UMM_TABLE_TEXT && kind != UMM_TABLE_ID))
            continue;
        snprintf(ids[n], sizeof ids[n], "%.0f", cell->number);
        labels[2 * n] = table->columns[i].key;
        labels[2 * n + 1] = kind == UMM_TABLE_TEXT ? cell->text : ids[n];
        n++;
    }
    labels[2 * n] = NULL;
}

void umm_table_add_metrics(const struct umm_table *table, struct umm_prometheus *page)
{
    const char *labels[2 * LABELS_MAX + 1];
    char ids[LABELS_MAX][24];
    page->is_failed |= table->is_failed;
    for (size_t i = 0; !page->is_failed && i < table->n_columns; i++) {
        const struct umm_table_column *column = &table->columns[i];
        if (!column->metric)
            continue;
        for (size_t row = 0; row < table->n_rows; row++) {
            const struct umm_table_cell *cell = cell_at(table, row, i);
            collect_labels(table, row, labels, ids);
            if (cell->is_known)
                umm_prometheus_add_labelled(page, column->metric, labels, cell->number);
        }
    }
}
