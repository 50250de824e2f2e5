/* SPDX-License-Identifier: MIT */
#include "slice/celltext.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "slice/celltext_value.h"
#include "text/csvcell.h"
#include "text/print.h"

enum {
    BUFFER_BYTES = 128 * 1024,
    CELL_BYTES_MAX = UMM_CELLTEXT_VALUE_MAX + 2, /* and the separator before it */
    CHAR_BYTES_MAX = 8 /* of one character of text: \u0000, or four bytes of UTF-8 */
};

/* ---- the columns ------------------------------------------------------------------- */

static enum umm_status refuse_type(const struct umm_celltext *text,
                                   const struct umm_selection_column *chosen, struct umm_error *err)
{
    const struct umm_arraycolumn *column = &chosen->column;
    char type[UMM_NPY_TYPE_TEXT_MAX], name[UMM_EXCERPT_MAX];
    umm_npy_type_text(&column->type, type);
    umm_escape(name, sizeof name, column->name, strlen(column->name));
    return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, text->selection->file->path,
                              "column %" PRIu64 "%s%s is %s, which has no text here", chosen->index,
                              name[0] ? " " : "", name, type);
}

static enum umm_status plan_cells(struct umm_celltext *text, struct umm_error *err)
{
    const struct umm_selection *selection = text->selection;
    uint64_t time_index = UINT64_MAX;
    if (text->options.is_time_iso)
        (void)!umm_arrayfile_time_column(selection->file, &time_index, NULL);
    for (size_t i = 0; i < selection->n_columns; i++) {
        const struct umm_selection_column *chosen = &selection->columns[i];
        const struct umm_npy_type *type = &chosen->column.type;
        struct umm_celltext_cell *cell = &text->cells[i];
        if (!umm_celltext_value_form(type, &cell->form))
            return refuse_type(text, chosen, err);
        if (text->options.is_time_iso && (type->kind == 'M' || chosen->index == time_index))
            cell->form = UMM_FORM_ISO;
        cell->is_swapped = type->is_big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
        cell->size_bytes = type->size_bytes;
        cell->offset_bytes = chosen->column.offset_bytes;
        cell->column = &chosen->column;
    }
    return UMM_OK;
}

enum umm_status umm_celltext_open(struct umm_celltext *text, const struct umm_selection *selection,
                                  const struct umm_celltext_options *options, struct umm_error *err)
{
    const size_t n = selection->n_columns;
    *text = (struct umm_celltext){.options = *options, .selection = selection};
    if (n == 0)
        return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, selection->file->path,
                                  "text needs columns, 1 to %d of them",
                                  (int)UMM_SELECTION_COLUMNS_MAX);
    /* A few bytes of a header would be text without end. */
    if (selection->file->npy.type.size_bytes == 0)
        return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, selection->file->path,
                                  "rows without bytes have no text");
    text->cells = calloc(n, sizeof *text->cells);
    text->buffer = malloc(BUFFER_BYTES);
    if (!text->cells || !text->buffer)
        return umm_error_set_memory(err, n * sizeof *text->cells + BUFFER_BYTES, "text");
    return plan_cells(text, err);
}

void umm_celltext_close(struct umm_celltext *text)
{
    free(text->cells);
    free(text->buffer);
    memset(text, 0, sizeof *text);
}

/* ---- the buffer ------------------------------------------------------------------- */

static enum umm_status flush(struct umm_celltext *text, struct umm_error *err)
{
    const size_t len = text->len_bytes;
    text->len_bytes = 0;
    return len ? text->options.write(text->options.user, text->buffer, len, err) : UMM_OK;
}

/* Room for n bytes, much less than the buffer has. */
static inline enum umm_status make_room(struct umm_celltext *text, size_t n, struct umm_error *err)
{
    return text->len_bytes + n <= BUFFER_BYTES ? UMM_OK : flush(text, err);
}

static inline void put(struct umm_celltext *text, const char *bytes, size_t len_bytes)
{
    memcpy(text->buffer + text->len_bytes, bytes, len_bytes);
    text->len_bytes += len_bytes;
}

static enum umm_status put_words(struct umm_celltext *text, const char *words,
                                 struct umm_error *err)
{
    enum umm_status status = make_room(text, strlen(words), err);
    if (!status)
        put(text, words, strlen(words));
    return status;
}

/* ---- text ------------------------------------------------------------------------- */

/* One character of a quoted JSON text: its len_bytes bytes, ASCII or not. */
static void put_json_char(struct umm_celltext *text, const char *bytes, size_t len_bytes)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char c = (unsigned char)bytes[0];
    if (c == '"' || c == '\\') {
        const char escaped[] = {'\\', (char)c};
        put(text, escaped, sizeof escaped);
    } else if (c < 0x20) {
        const char escaped[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        put(text, escaped, sizeof escaped);
    } else {
        put(text, bytes, len_bytes);
    }
}

static enum umm_status put_char(struct umm_celltext *text, const char *bytes, size_t len_bytes,
                                struct umm_error *err)
{
    enum umm_status status = make_room(text, CHAR_BYTES_MAX, err);
    if (status)
        return status;
    if (text->options.is_json)
        put_json_char(text, bytes, len_bytes);
    else if (bytes[0] == '"')
        put(text, "\"\"", 2);
    else
        put(text, bytes, len_bytes);
    return UMM_OK;
}

/* Quoted. False in *is_text: JSON cannot hold what is not UTF-8. */
static enum umm_status put_bytes(struct umm_celltext *text, const char *bytes, size_t len_bytes,
                                 bool *is_text, struct umm_error *err)
{
    enum umm_status status = put_words(text, "\"", err);
    for (size_t i = 0; !status && i < len_bytes;) {
        uint32_t point;
        const size_t n =
            text->options.is_json ? umm_utf8_decode(bytes + i, len_bytes - i, &point) : 1;
        if (n == 0) {
            *is_text = false;
            return UMM_OK;
        }
        status = put_char(text, bytes + i, n, err);
        i += n;
    }
    return status ? status : put_words(text, "\"", err);
}

static uint32_t load_ucs4(const char *at, bool is_swapped)
{
    uint32_t c;
    memcpy(&c, at, sizeof c);
    return is_swapped ? __builtin_bswap32(c) : c;
}

static enum umm_status put_ucs4(struct umm_celltext *text, const struct umm_celltext_cell *cell,
                                const char *value, bool *is_text, struct umm_error *err)
{
    size_t n = cell->size_bytes / 4;
    while (n > 0 && load_ucs4(value + 4 * (n - 1), false) == 0)
        n--;
    enum umm_status status = put_words(text, "\"", err);
    for (size_t i = 0; !status && i < n; i++) {
        char bytes[4];
        const size_t len = umm_utf8_encode(load_ucs4(value + 4 * i, cell->is_swapped), bytes);
        if (len == 0) {
            *is_text = false;
            return UMM_OK;
        }
        status = put_char(text, bytes, len, err);
    }
    return status ? status : put_words(text, "\"", err);
}

static enum umm_status put_text(struct umm_celltext *text, const struct umm_celltext_cell *cell,
                                const char *value, bool *is_text, struct umm_error *err)
{
    size_t len = cell->size_bytes;
    if (cell->form == UMM_FORM_UCS4)
        return put_ucs4(text, cell, value, is_text, err);
    while (len > 0 && value[len - 1] == '\0')
        len--;
    return put_bytes(text, value, len, is_text, err);
}

/* ---- rows ------------------------------------------------------------------------- */

/* The row of the file that was number i of the chosen ones. */
static uint64_t file_row(const struct umm_selection *selection, uint64_t i)
{
    const struct umm_rows *run = selection->runs;
    for (; i >= run->n; run++)
        i -= run->n;
    return run->first + (uint64_t)run->step * i;
}

static enum umm_status refuse_cell(const struct umm_celltext *text,
                                   const struct umm_celltext_cell *cell,
                                   enum umm_time_result result, struct umm_error *err)
{
    const struct umm_arrayfile *file = text->selection->file;
    const uint64_t row = file_row(text->selection, text->n_rows);
    char name[UMM_EXCERPT_MAX];
    umm_escape(name, sizeof name, cell->column->name, strlen(cell->column->name));
    if (result == UMM_TIME_OK)
        return umm_error_set_path(err, UMM_ERR_DATA, file->path, "row %" PRIu64 ": %s is not %s",
                                  row, name[0] ? name : "a text",
                                  cell->form == UMM_FORM_UCS4 ? "Unicode" : "UTF-8");
    umm_arraycolumn_refuse_time(cell->column, row, result, err);
    umm_error_at(err, file->path, 0, 0, 0);
    return UMM_ERR_DATA;
}

static inline bool is_text(const struct umm_celltext_cell *cell)
{
    return cell->form == UMM_FORM_BYTES || cell->form == UMM_FORM_UCS4;
}

static enum umm_status put_row(struct umm_celltext *text, const char *row, struct umm_error *err)
{
    const bool is_json = text->options.is_json;
    const size_t n = text->selection->n_columns;
    for (size_t i = 0; i < n; i++) {
        const struct umm_celltext_cell *cell = &text->cells[i];
        enum umm_time_result result = UMM_TIME_OK;
        bool is_valid = true;
        enum umm_status status = make_room(text, CELL_BYTES_MAX, err);
        if (status)
            return status;
        if (i > 0)
            put(text, ", ", is_json ? 2 : 1);
        if (is_text(cell)) {
            status = put_text(text, cell, row + cell->offset_bytes, &is_valid, err);
        } else {
            char *end = umm_celltext_value_put(text->buffer + text->len_bytes, cell,
                                               row + cell->offset_bytes, is_json, &result);
            is_valid = end != NULL;
            text->len_bytes = end ? (size_t)(end - text->buffer) : text->len_bytes;
        }
        if (status || !is_valid)
            return status ? status : refuse_cell(text, cell, result, err);
    }
    return UMM_OK;
}

/* ---- head, body, tail ------------------------------------------------------------- */

static enum umm_status put_csv_name(struct umm_celltext *text, const char *name,
                                    struct umm_error *err)
{
    const size_t len = strlen(name); /* less than UMM_NPY_NAME_MAX */
    enum umm_status status = make_room(text, UMM_CSVCELL_MAX(len), err);
    if (!status)
        text->len_bytes =
            (size_t)(umm_csvcell_put(text->buffer + text->len_bytes, name, len) - text->buffer);
    return status;
}

static enum umm_status put_json_name(struct umm_celltext *text,
                                     const struct umm_selection_column *chosen,
                                     struct umm_error *err)
{
    const char *name = chosen->column.name;
    char number[UMM_PRINT_U64_MAX + 1];
    bool is_valid = true;
    if (name[0])
        return put_bytes(text, name, strlen(name), &is_valid, err);
    *umm_print_u64(number, chosen->index) = '\0';
    return put_words(text, number, err);
}

static enum umm_status put_head(struct umm_celltext *text, struct umm_error *err)
{
    const struct umm_selection *selection = text->selection;
    const bool is_json = text->options.is_json;
    enum umm_status status = UMM_OK;
    if (!is_json && (text->options.has_no_header || !selection->columns[0].column.name[0]))
        return UMM_OK;
    if (is_json)
        status = put_words(text, "{\"columns\": [", err);
    for (size_t i = 0; !status && i < selection->n_columns; i++) {
        if (i > 0)
            status = put_words(text, is_json ? ", " : ",", err);
        if (!status)
            status = is_json ? put_json_name(text, &selection->columns[i], err)
                             : put_csv_name(text, selection->columns[i].column.name, err);
    }
    return status ? status : put_words(text, is_json ? "],\n\"data\": [" : "\n", err);
}

enum umm_status umm_celltext_rows(struct umm_celltext *text, const char *rows, size_t n,
                                  struct umm_error *err)
{
    const bool is_json = text->options.is_json;
    enum umm_status status = text->n_rows == 0 && n > 0 ? put_head(text, err) : UMM_OK;
    for (size_t i = 0; !status && i < n; i++, rows += text->selection->row_bytes) {
        if (is_json)
            status = put_words(text, text->n_rows ? ",\n[" : "\n[", err);
        if (!status)
            status = put_row(text, rows, err);
        if (!status)
            status = put_words(text, is_json ? "]" : "\n", err);
        text->n_rows += !status;
    }
    return status;
}

enum umm_status umm_celltext_finish(struct umm_celltext *text, struct umm_error *err)
{
    enum umm_status status = text->n_rows == 0 ? put_head(text, err) : UMM_OK;
    if (!status && text->options.is_json)
        status = put_words(text, "]}\n", err);
    return status ? status : flush(text, err);
}
