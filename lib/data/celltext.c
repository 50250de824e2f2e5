/* SPDX-License-Identifier: MIT */
#include "data/celltext.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "text/print.h"
#include "text/shortest.h"

enum {
    BUFFER_BYTES = 128 * 1024,
    CELL_BYTES_MAX = 64, /* of any cell but text, with quotes, separator and line end */
    CHAR_BYTES_MAX = 8   /* of one character of text: \u0000, or four bytes of UTF-8 */
};

enum form {
    FORM_F64,
    FORM_F32,
    FORM_F16,
    FORM_SIGNED,
    FORM_UNSIGNED,
    FORM_BOOL,
    FORM_COUNT, /* a time or a difference, as its count */
    FORM_ISO,
    FORM_BYTES,
    FORM_UCS4
};

struct umm_celltext_cell {
    enum form form;
    bool is_swapped;
    uint32_t size_bytes;
    uint64_t offset_bytes;
    const struct umm_arraycolumn *column;
};

/* ---- which form ------------------------------------------------------------------- */

static bool find_form(const struct umm_npy_type *type, enum form *form)
{
    switch (type->kind) {
    case 'f':
        *form = type->size_bytes == 8 ? FORM_F64 : type->size_bytes == 4 ? FORM_F32 : FORM_F16;
        return type->size_bytes <= 8;
    case 'i': *form = FORM_SIGNED; return true;
    case 'u': *form = FORM_UNSIGNED; return true;
    case 'b': *form = FORM_BOOL; return true;
    case 'M':
    case 'm': *form = FORM_COUNT; return true;
    case 'S': *form = FORM_BYTES; return true;
    case 'U': *form = FORM_UCS4; return true;
    default: return false;
    }
}

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
        if (!find_form(type, &cell->form))
            return refuse_type(text, chosen, err);
        if (text->options.is_time_iso && (type->kind == 'M' || chosen->index == time_index))
            cell->form = FORM_ISO;
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
    if (cell->form == FORM_UCS4)
        return put_ucs4(text, cell, value, is_text, err);
    while (len > 0 && value[len - 1] == '\0')
        len--;
    return put_bytes(text, value, len, is_text, err);
}

/* ---- numbers and times ------------------------------------------------------------ */

static inline uint64_t load_bits(const char *value, const struct umm_celltext_cell *cell)
{
    uint64_t v8;
    uint32_t v4;
    uint16_t v2;
    switch (cell->size_bytes) {
    case 8: memcpy(&v8, value, 8); return cell->is_swapped ? __builtin_bswap64(v8) : v8;
    case 4: memcpy(&v4, value, 4); return cell->is_swapped ? __builtin_bswap32(v4) : v4;
    case 2: memcpy(&v2, value, 2); return cell->is_swapped ? __builtin_bswap16(v2) : v2;
    default: return (unsigned char)*value;
    }
}

static inline int64_t sign_extend(uint64_t bits, uint32_t size_bytes)
{
    const unsigned n_unused = 64 - 8 * size_bytes;
    return (int64_t)(bits << n_unused) >> n_unused;
}

static bool is_finite(uint64_t bits, enum form form)
{
    const uint64_t exponents[] = {[FORM_F64] = (uint64_t)0x7ff << 52,
                                  [FORM_F32] = (uint64_t)0xff << 23,
                                  [FORM_F16] = (uint64_t)0x1f << 10};
    return (bits & exponents[form]) != exponents[form];
}

static char *put_float(char *out, uint64_t bits, enum form form, bool is_json)
{
    const uint32_t low = (uint32_t)bits;
    double f64;
    float f32;
    if (is_json && !is_finite(bits, form)) {
        memcpy(out, "null", 4);
        return out + 4;
    }
    if (form == FORM_F16)
        return umm_print_f16_shortest(out, (uint16_t)bits);
    if (form == FORM_F32) {
        memcpy(&f32, &low, sizeof f32);
        return umm_print_f32_shortest(out, f32);
    }
    memcpy(&f64, &bits, sizeof f64);
    return umm_print_f64_shortest(out, f64);
}

static char *put_word(char *out, const char *word)
{
    const size_t len = strlen(word);
    memcpy(out, word, len);
    return out + len;
}

/* NULL, and *result says why, for a time that ISO 8601 cannot show. */
static char *put_iso(char *out, const struct umm_celltext_cell *cell, const char *value,
                     bool is_json, enum umm_time_result *result)
{
    char iso[UMM_TIME_ISO_MAX];
    struct umm_time time;
    *result = umm_arraycolumn_read_time(cell->column, value, &time);
    if (*result != UMM_TIME_OK)
        return NULL;
    umm_time_format_iso(time, iso);
    if (is_json)
        *out++ = '"';
    out = put_word(out, iso);
    if (is_json)
        *out++ = '"';
    return out;
}

/* Whether the value stands for none: NaT, or NaN in a column of times. */
static bool is_no_time(const struct umm_celltext_cell *cell, uint64_t bits)
{
    const char kind = cell->column->type.kind;
    if (kind == 'M' || kind == 'm')
        return bits == (uint64_t)1 << 63;
    return kind == 'f' && !is_finite(bits, FORM_F64);
}

static char *put_value(char *out, const struct umm_celltext_cell *cell, const char *value,
                       bool is_json, enum umm_time_result *result)
{
    const uint64_t bits = load_bits(value, cell);
    switch (cell->form) {
    case FORM_F64:
    case FORM_F32:
    case FORM_F16: return put_float(out, bits, cell->form, is_json);
    case FORM_SIGNED: return umm_print_i64(out, sign_extend(bits, cell->size_bytes));
    case FORM_UNSIGNED: return umm_print_u64(out, bits);
    case FORM_BOOL:
        if (is_json)
            return put_word(out, bits ? "true" : "false");
        *out = bits ? '1' : '0';
        return out + 1;
    case FORM_COUNT:
    case FORM_ISO:
        if (is_no_time(cell, bits))
            return put_word(out, is_json ? "null" : "NaT");
        if (cell->form == FORM_ISO)
            return put_iso(out, cell, value, is_json, result);
        return umm_print_i64(out, (int64_t)bits);
    case FORM_BYTES:
    case FORM_UCS4: break;
    }
    return out;
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
                                  cell->form == FORM_UCS4 ? "Unicode" : "UTF-8");
    umm_arraycolumn_refuse_time(cell->column, row, result, err);
    umm_error_at(err, file->path, 0, 0, 0);
    return UMM_ERR_DATA;
}

static inline bool is_text(const struct umm_celltext_cell *cell)
{
    return cell->form == FORM_BYTES || cell->form == FORM_UCS4;
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
            char *end = put_value(text->buffer + text->len_bytes, cell, row + cell->offset_bytes,
                                  is_json, &result);
            is_valid = end != NULL;
            text->len_bytes = end ? (size_t)(end - text->buffer) : text->len_bytes;
        }
        if (status || !is_valid)
            return status ? status : refuse_cell(text, cell, result, err);
    }
    return UMM_OK;
}

/* ---- head, body, tail ------------------------------------------------------------- */

/* A name in a CSV header: quoted where it must be. */
static enum umm_status put_csv_name(struct umm_celltext *text, const char *name,
                                    struct umm_error *err)
{
    bool is_valid = true;
    if (name[strcspn(name, ",\"\r\n")] != '\0')
        return put_bytes(text, name, strlen(name), &is_valid, err);
    return put_words(text, name, err);
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
