/* SPDX-License-Identifier: MIT */
#include "predict/answerrows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "slice/celltext_value.h"
#include "text/csvcell.h"
#include "text/print.h"
#include "text/shortest.h"
#include "text/textbuf.h"

static const struct umm_npy_type value_type = {.kind = 'f',
                                               .size_bytes = sizeof(float),
                                               .is_big_endian =
                                                   __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__};

/* ---- names ----------------------------------------------------------------------- */

/* Whether it can be the name of a field, or be part of one. */
static bool is_usable(const char *name)
{
    const size_t len = strlen(name), number = 24; /* with brackets, and the end */
    uint32_t point = ' ';
    size_t n = 1;
    for (const char *p = name; *p && n; p += n) {
        n = umm_utf8_decode(p, SIZE_MAX, &point);
        if (point < ' ' || (point >= 0x7F && point < 0xA0)) /* as arrays have it */
            n = 0;
    }
    return len > 0 && n > 0 && len + number < UMM_NPY_NAME_MAX;
}

const char *umm_answerrows_name(const struct umm_model *model, uint64_t i,
                                char out[UMM_NPY_NAME_MAX])
{
    const struct umm_graph *graph = umm_model_graph(model);
    for (uint32_t k = 0; k < graph->n_outputs; k++) {
        const struct umm_graph_value *value = &graph->values[graph->outputs[k]];
        if (i >= value->width) {
            i -= value->width;
            continue;
        }
        const char *name = is_usable(value->name) ? value->name : "output";
        if (value->width == 1)
            snprintf(out, UMM_NPY_NAME_MAX, "%s", name);
        else
            snprintf(out, UMM_NPY_NAME_MAX, "%s[%" PRIu64 "]", name, i);
        break;
    }
    return out;
}

/* The line of names: those of the record's fields. */
static enum umm_status make_header(struct umm_answerrows *rows, const struct umm_npy *record,
                                   struct umm_error *err)
{
    struct umm_textbuf out = {0};
    size_t len;
    for (size_t i = 0; i < record->n_fields; i++) {
        char cell[UMM_CSVCELL_MAX(UMM_NPY_NAME_MAX) + 1];
        const char *name = record->fields[i].name;
        *umm_csvcell_put(cell, name, strlen(name)) = '\0';
        umm_textbuf_add(&out, "%s%s", i ? "," : "", cell);
    }
    umm_textbuf_add(&out, "\n");
    return umm_textbuf_take(&out, &rows->header, &len, err);
}

/* ---- what rows are --------------------------------------------------------------- */

static enum umm_status take_id(struct umm_answerrows *rows, const struct umm_arraycolumn *id,
                               struct umm_error *err)
{
    char type[UMM_NPY_TYPE_TEXT_MAX], name[UMM_EXCERPT_MAX];
    enum umm_celltext_form form;
    rows->id = *id;
    rows->has_id = true;
    rows->id_text = malloc(id->type.size_bytes + 1);
    if (!rows->id_text)
        return umm_error_set_memory(err, id->type.size_bytes, "an id");
    if (umm_celltext_value_form(&id->type, &form))
        return UMM_OK;
    umm_npy_type_text(&id->type, type);
    return umm_error_set(err, UMM_ERR_UNSUPPORTED, "the id %s is %s, which has no text here",
                         umm_escape(name, sizeof name, id->name, strlen(id->name)), type);
}

/* All that can be in a row, with names. */
static enum umm_status add_fields(const struct umm_answerrows *rows, const struct umm_model *model,
                                  const struct umm_answerrows_front *front, struct umm_npy *npy,
                                  struct umm_error *err)
{
    char name[UMM_NPY_NAME_MAX];
    enum umm_status status = UMM_OK;
    npy->n_dims = 1;
    if (front->time_type)
        status = umm_npy_add_field(npy, "timestamp", front->time_type, err);
    if (!status && front->id)
        status = umm_npy_add_field(npy, front->id->name[0] ? front->id->name : "id",
                                   &front->id->type, err);
    for (uint64_t i = 0; !status && i < rows->n_outputs; i++)
        status = umm_npy_add_field(npy, umm_answerrows_name(model, i, name), &value_type, err);
    return status;
}

static void measure_line(struct umm_answerrows *rows)
{
    const size_t text = UMM_CSVCELL_MAX(rows->id.type.size_bytes);
    rows->line_max = rows->n_outputs * (1 + UMM_PRINT_SHORTEST_MAX) + 1;
    if (rows->has_time)
        rows->line_max += UMM_PRINT_I64_MAX + 1;
    if (rows->has_id)
        rows->line_max += 1 + (text > UMM_CELLTEXT_VALUE_MAX ? text : UMM_CELLTEXT_VALUE_MAX);
}

enum umm_status umm_answerrows_init(struct umm_answerrows *rows, const struct umm_model *model,
                                    const struct umm_answerrows_front *front, bool is_plain,
                                    struct umm_error *err)
{
    const struct umm_answerrows_front none = {.id = NULL};
    struct umm_npy record = {.n_dims = 0};
    struct umm_model_info info;
    umm_model_info(model, &info);
    *rows = (struct umm_answerrows){.n_outputs = (size_t)info.n_outputs};
    if (is_plain)
        front = &none;
    rows->has_time = front->time_type;
    enum umm_status status = front->id ? take_id(rows, front->id, err) : UMM_OK;
    if (!status)
        status = add_fields(rows, model, front, &record, err);
    if (!status)
        status = make_header(rows, &record, err);
    measure_line(rows);
    if (rows->has_time || rows->has_id) {
        rows->npy = record;
    } else {
        umm_npy_free(&record);
        rows->npy.n_dims = 2;
        rows->npy.type = value_type;
        rows->npy.shape[1] = rows->n_outputs;
    }
    rows->row_bytes = status ? 0 : (size_t)umm_npy_row_bytes(&rows->npy);
    return status;
}

void umm_answerrows_free(struct umm_answerrows *rows)
{
    umm_npy_free(&rows->npy);
    free(rows->id_text);
    free(rows->header);
    *rows = (struct umm_answerrows){.n_outputs = 0};
}

/* ---- bytes ----------------------------------------------------------------------- */

void umm_answerrows_pack(const struct umm_answerrows *rows, const int64_t *times,
                         const char *in_rows, size_t in_bytes, const float *answers, size_t n,
                         char *out)
{
    for (size_t i = 0; i < n; i++, answers += rows->n_outputs) {
        if (rows->has_time) {
            memcpy(out, &times[i], sizeof times[i]);
            out += sizeof times[i];
        }
        if (rows->has_id) {
            memcpy(out, in_rows + i * in_bytes + rows->id.offset_bytes, rows->id.type.size_bytes);
            out += rows->id.type.size_bytes;
        }
        memcpy(out, answers, rows->n_outputs * sizeof *answers);
        out += rows->n_outputs * sizeof *answers;
    }
}

/* ---- text ------------------------------------------------------------------------ */

static uint32_t ucs4_at(const char *at, bool is_swapped)
{
    uint32_t point;
    memcpy(&point, at, sizeof point);
    return is_swapped ? __builtin_bswap32(point) : point;
}

/* The id's text as UTF-8 in id_text, up to its last character that is not zero. */
static bool read_text(const struct umm_answerrows *rows, const char *value, bool is_swapped,
                      size_t *len)
{
    size_t n = rows->id.type.size_bytes;
    *len = 0;
    while (n > 0 && value[n - 1] == '\0')
        n--;
    if (rows->id.type.kind == 'S') {
        memcpy(rows->id_text, value, n);
        *len = n;
        return true;
    }
    for (size_t i = 0; i < n; i += sizeof(uint32_t)) {
        const size_t bytes = umm_utf8_encode(ucs4_at(value + i, is_swapped), rows->id_text + *len);
        if (bytes == 0)
            return false;
        *len += bytes;
    }
    return true;
}

static char *print_id(const struct umm_answerrows *rows, const char *value, char *out)
{
    struct umm_celltext_cell cell = {.size_bytes = rows->id.type.size_bytes, .column = &rows->id};
    enum umm_time_result result;
    size_t len;
    cell.is_swapped = rows->id.type.is_big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    if (!umm_celltext_value_form(&rows->id.type, &cell.form))
        return NULL;
    if (cell.form != UMM_FORM_BYTES && cell.form != UMM_FORM_UCS4)
        return umm_celltext_value_put(out, &cell, value, false, &result);
    return read_text(rows, value, cell.is_swapped, &len) ? umm_csvcell_put(out, rows->id_text, len)
                                                         : NULL;
}

char *umm_answerrows_print(const struct umm_answerrows *rows, int64_t time, const char *in_row,
                           const float *answer, char *out)
{
    if (rows->has_time) {
        out = umm_print_i64(out, time);
        *out++ = ',';
    }
    if (rows->has_id) {
        out = print_id(rows, in_row + rows->id.offset_bytes, out);
        if (!out)
            return NULL;
        *out++ = ',';
    }
    for (size_t i = 0; i < rows->n_outputs; i++) {
        out = umm_print_f32_shortest(out, answer[i]);
        *out++ = i + 1 < rows->n_outputs ? ',' : '\n';
    }
    return out;
}
