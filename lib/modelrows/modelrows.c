/* SPDX-License-Identifier: MIT */
#include "modelrows/modelrows.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"

/* ---- one column -------------------------------------------------------------------- */

static bool is_number(const struct umm_arraycolumn *column)
{
    const char none[1] = {0};
    double out;
    return umm_arraycolumn_read_f64(column, none, 0, 0, &out);
}

static const char *show(char out[UMM_EXCERPT_MAX], const char *name)
{
    return umm_escape(out, UMM_EXCERPT_MAX, name, strlen(name));
}

/* Take column number index as the next input. */
static enum umm_status take_column(struct umm_modelrows *rows, const struct umm_npy *npy,
                                   uint64_t index, uint64_t input, struct umm_error *err)
{
    char type[UMM_NPY_TYPE_TEXT_MAX], shown[UMM_EXCERPT_MAX];
    struct umm_arraycolumn *column = &rows->columns[input];
    umm_arraycolumn_get(npy, index, column);
    if (is_number(column))
        return UMM_OK;
    umm_npy_type_text(&column->type, type);
    umm_error_set(err, UMM_ERR_DATA, "the column %s holds no numbers, but %s",
                  show(shown, column->name), type);
    return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_MODEL_COLUMNS);
}

/* A name, or else a number from 0: a name that looks like one is a name. */
static enum umm_status find_column(const struct umm_npy *npy, const char *text, uint64_t *index,
                                   struct umm_error *err)
{
    const uint64_t n_columns = umm_arraycolumn_count(npy);
    const size_t len = strlen(text), len_max = 18; /* below 2^63 */
    enum umm_status status = umm_arraycolumn_find(npy, text, index, err);
    if (!status || len == 0 || len > len_max || strspn(text, "0123456789") != len)
        return status;
    uint64_t number = 0;
    for (const char *p = text; *p; p++)
        number = number * 10 + (uint64_t)(*p - '0');
    if (number >= n_columns)
        return umm_error_set(err, UMM_ERR_DATA,
                             "no column %" PRIu64 ": there are %" PRIu64 ", from 0 on", number,
                             n_columns);
    *index = number;
    return UMM_OK;
}

/* ---- which columns ------------------------------------------------------------------ */

static enum umm_status refuse_listed(const struct umm_modelrows *rows, uint64_t n,
                                     struct umm_error *err)
{
    return umm_error_set(
        err, UMM_ERR_DATA,
        "%" PRIu64 " column%s listed, and a row of the model is %" PRIu64 " number%s", n,
        n == 1 ? " is" : "s are", rows->n_inputs, umm_line_plural(rows->n_inputs));
}

/* Those of the list, in its order; list is cut into its names. */
static enum umm_status bind_list(struct umm_modelrows *rows, const struct umm_npy *npy, char *list,
                                 struct umm_error *err)
{
    uint64_t n = 1, index, input = 0;
    enum umm_status status = UMM_OK;
    for (const char *p = list; *p; p++)
        n += *p == ',';
    if (n != rows->n_inputs)
        return refuse_listed(rows, n, err);
    for (char *name = list, *comma; !status && name; name = comma, input++) {
        comma = strchr(name, ',');
        if (comma)
            *comma++ = '\0';
        status = find_column(npy, name, &index, err);
        if (!status)
            status = take_column(rows, npy, index, input, err);
    }
    return status;
}

/* How many of the model's names the rows have; the first that they lack in *missing. */
static uint64_t count_names(const struct umm_modelrows_options *options, const struct umm_npy *npy,
                            uint64_t *missing)
{
    uint64_t n = 0, index;
    *missing = UINT64_MAX;
    for (uint64_t i = 0; options->names && i < options->n_inputs; i++)
        if (options->names[i] &&
            umm_arraycolumn_find(npy, options->names[i], &index, NULL) == UMM_OK)
            n++;
        else if (*missing == UINT64_MAX)
            *missing = i;
    return n;
}

static enum umm_status bind_names(struct umm_modelrows *rows,
                                  const struct umm_modelrows_options *options,
                                  const struct umm_npy *npy, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    uint64_t index;
    rows->is_by_name = true;
    for (uint64_t i = 0; !status && i < rows->n_inputs; i++) {
        status = umm_arraycolumn_find(npy, options->names[i], &index, err);
        if (!status)
            status = take_column(rows, npy, index, i, err);
    }
    return status;
}

/* Column number index counts when columns are taken in their order: no id, and no time of records.
 */
static bool is_candidate(const struct umm_modelrows *rows, const struct umm_npy *npy,
                         uint64_t index, const struct umm_arraycolumn *column)
{
    uint64_t time;
    if (rows->id_name && rows->id.offset_bytes == column->offset_bytes)
        return false;
    if (npy->is_struct && umm_arraycolumn_find_time(npy, &time, NULL) == UMM_OK && time == index)
        return false;
    return is_number(column);
}

static enum umm_status bind_order(struct umm_modelrows *rows, const struct umm_npy *npy,
                                  struct umm_error *err)
{
    const uint64_t n_columns = umm_arraycolumn_count(npy);
    struct umm_arraycolumn column;
    uint64_t n = 0;
    for (uint64_t i = 0; i < n_columns; i++) {
        umm_arraycolumn_get(npy, i, &column);
        if (!is_candidate(rows, npy, i, &column))
            continue;
        if (n < rows->n_inputs)
            rows->columns[n] = column;
        n++;
    }
    if (n == rows->n_inputs)
        return UMM_OK;
    umm_error_set(err, UMM_ERR_DATA,
                  "a row has %" PRIu64 " column%s of numbers, and the model takes %" PRIu64, n,
                  umm_line_plural(n), rows->n_inputs);
    return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_MODEL_COLUMNS);
}

static enum umm_status refuse_names(const struct umm_modelrows_options *options, uint64_t missing,
                                    struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    const char *name = options->names[missing];
    umm_error_set(err, UMM_ERR_DATA, "the model's input %s is none of the columns",
                  show(shown, name ? name : "without a name"));
    return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_MODEL_COLUMNS);
}

static bool has_names(const struct umm_npy *npy)
{
    return npy->is_struct;
}

static enum umm_status match(struct umm_modelrows *rows,
                             const struct umm_modelrows_options *options, const struct umm_npy *npy,
                             struct umm_error *err)
{
    uint64_t missing = 0;
    if (options->is_selected) /* in their order, whatever their names are */
        return bind_order(rows, npy, err);
    const uint64_t n_found = has_names(npy) ? count_names(options, npy, &missing) : 0;
    if (n_found == rows->n_inputs)
        return bind_names(rows, options, npy, err);
    bool is_named = false;
    for (uint64_t i = 0; options->names && i < rows->n_inputs; i++)
        is_named |= options->names[i] != NULL;
    if (has_names(npy) && is_named && (n_found || rows->n_inputs > 1))
        return refuse_names(options, missing, err);
    return bind_order(rows, npy, err);
}

/* ---- binding ------------------------------------------------------------------------ */

/* Whether the rows' bytes are floats of the model, in its order. */
static bool is_plain(const struct umm_modelrows *rows)
{
    if (rows->row_bytes != rows->n_inputs * sizeof(float))
        return false;
    for (uint64_t i = 0; i < rows->n_inputs; i++) {
        const struct umm_npy_type *type = &rows->columns[i].type;
        if (type->kind != 'f' || type->size_bytes != sizeof(float) ||
            type->is_big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) ||
            rows->columns[i].offset_bytes != i * sizeof(float))
            return false;
    }
    return true;
}

static enum umm_status bind_id(struct umm_modelrows *rows,
                               const struct umm_modelrows_options *options,
                               const struct umm_npy *npy, struct umm_error *err)
{
    uint64_t index;
    if (!options->id)
        return UMM_OK;
    enum umm_status status = find_column(npy, options->id, &index, err);
    if (status)
        return status;
    umm_arraycolumn_get(npy, index, &rows->id);
    rows->id_name = strdup(rows->id.name);
    return rows->id_name ? UMM_OK : umm_error_set_memory(err, sizeof rows->id.name, "a name");
}

static enum umm_status bind_columns(struct umm_modelrows *rows,
                                    const struct umm_modelrows_options *options,
                                    const struct umm_npy *npy, struct umm_error *err)
{
    if (!options->columns || options->is_selected)
        return match(rows, options, npy, err);
    char *list = strdup(options->columns);
    if (!list)
        return umm_error_set_memory(err, strlen(options->columns) + 1, "columns");
    enum umm_status status = bind_list(rows, npy, list, err);
    free(list);
    return status;
}

enum umm_status umm_modelrows_bind(struct umm_modelrows *rows,
                                   const struct umm_modelrows_options *options,
                                   const struct umm_npy *npy, struct umm_error *err)
{
    *rows = (struct umm_modelrows){.n_inputs = options->n_inputs,
                                   .row_bytes = umm_npy_row_bytes(npy),
                                   .has_names = has_names(npy)};
    if (umm_arraycolumn_count(npy) == 0)
        return umm_error_set(err, UMM_ERR_DATA,
                             "rows of a model are records, or of one or two dimensions");
    rows->columns =
        calloc(options->n_inputs ? (size_t)options->n_inputs : 1, sizeof *rows->columns);
    if (!rows->columns)
        return umm_error_set_memory(err, (size_t)options->n_inputs * sizeof *rows->columns,
                                    "columns");
    enum umm_status status = bind_id(rows, options, npy, err);
    if (!status)
        status = bind_columns(rows, options, npy, err);
    rows->is_plain_f32 = !status && is_plain(rows);
    return status;
}

void umm_modelrows_close(struct umm_modelrows *rows)
{
    free(rows->columns);
    free(rows->id_name);
    *rows = (struct umm_modelrows){0};
}

/* ---- numbers ------------------------------------------------------------------------ */

enum { STRIP_ROWS = 256 };

/* Column `input` of up to STRIP_ROWS rows. A type that was bound is always read. */
static void read_column(const struct umm_modelrows *rows, const char *bytes, size_t n,
                        uint64_t input, double out[STRIP_ROWS])
{
    const struct umm_arraycolumn *column = &rows->columns[input];
    if (!umm_arraycolumn_read_f64(column, bytes + column->offset_bytes, rows->row_bytes, n, out))
        memset(out, 0, n * sizeof *out);
}

void umm_modelrows_read_f32(const struct umm_modelrows *rows, const char *bytes, size_t n,
                            float *out)
{
    double strip[STRIP_ROWS];
    const size_t width = (size_t)rows->n_inputs;
    if (rows->is_plain_f32) {
        memcpy(out, bytes, n * (size_t)rows->row_bytes);
        return;
    }
    for (size_t at = 0; at < n; at += STRIP_ROWS) {
        const size_t m = n - at < STRIP_ROWS ? n - at : STRIP_ROWS;
        for (size_t k = 0; k < width; k++) {
            read_column(rows, bytes + at * rows->row_bytes, m, k, strip);
            for (size_t i = 0; i < m; i++)
                out[(at + i) * width + k] = (float)strip[i];
        }
    }
}

void umm_modelrows_read_f64(const struct umm_modelrows *rows, const char *bytes, size_t n,
                            double *out)
{
    double strip[STRIP_ROWS];
    const size_t width = (size_t)rows->n_inputs;
    for (size_t at = 0; at < n; at += STRIP_ROWS) {
        const size_t m = n - at < STRIP_ROWS ? n - at : STRIP_ROWS;
        for (size_t k = 0; k < width; k++) {
            read_column(rows, bytes + at * rows->row_bytes, m, k, strip);
            for (size_t i = 0; i < m; i++)
                out[(at + i) * width + k] = strip[i];
        }
    }
}

/* Whether STRIP numbers are finite; without a branch between them, for the compiler's vectors. */
enum { STRIP = 64 };
static bool is_strip_finite(const float *numbers)
{
    const uint32_t magnitude = 0x7fffffff, largest = 0x7f7fffff;
    uint32_t beyond = 0;
    for (size_t i = 0; i < STRIP; i++) {
        uint32_t bits;
        memcpy(&bits, &numbers[i], sizeof bits);
        beyond |= largest - (bits & magnitude); /* below 0 for what is not finite */
    }
    return beyond <= magnitude;
}

size_t umm_modelrows_find_nan(const float *numbers, size_t n)
{
    size_t at = 0;
    while (n - at >= STRIP && is_strip_finite(numbers + at))
        at += STRIP;
    while (at < n && isfinite(numbers[at]))
        at++;
    return at;
}

enum umm_status umm_modelrows_refuse_nan(const struct umm_modelrows *rows, uint64_t row,
                                         uint64_t input, double value, struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX], number[32];
    const struct umm_arraycolumn *column = &rows->columns[input];
    const char *name = rows->has_names ? column->name : "";
    const char *what = isnan(value) ? "nan" : value > 0 ? "infinite" : "minus infinite";
    snprintf(number, sizeof number, "column %" PRIu64,
             column->offset_bytes / column->type.size_bytes);
    return umm_error_set(err, UMM_ERR_DATA, "row %" PRIu64 ": %s is %s", row,
                         *name ? show(shown, name) : number, what);
}
