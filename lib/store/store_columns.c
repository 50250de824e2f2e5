/* SPDX-License-Identifier: MIT */
#include "store/store_columns.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"

/* How the columns of values are named: all in one way. */
enum naming { UNKNOWN, BY_NUMBER, BY_ORDER };

enum umm_status umm_store_columns_init(struct umm_store_columns *columns, uint32_t dim,
                                       struct umm_arena *arena, struct umm_error *err)
{
    *columns = (struct umm_store_columns){
        .dim = dim,
        .what = umm_arena_alloc_array(arena, dim + (size_t)2, sizeof *columns->what),
        .is_given = umm_arena_alloc_array(arena, dim + (size_t)1, sizeof *columns->is_given)};
    return umm_arena_check(arena, "columns", err);
}

static bool is_name(const char *field, size_t len, const char *name)
{
    return len == strlen(name) && memcmp(field, name, len) == 0;
}

/* v and a number up to dim, written as a number is. */
static bool is_numbered(const char *field, size_t len, uint32_t dim, uint32_t *number)
{
    enum { DIGITS_MAX = 7 };
    if (len < 2 || len > 1 + DIGITS_MAX || *field != 'v' || (len > 2 && field[1] == '0'))
        return false;
    *number = 0;
    for (size_t i = 1; i < len; i++) {
        if (field[i] < '0' || field[i] > '9')
            return false;
        *number = *number * 10 + (uint32_t)(field[i] - '0');
    }
    return *number <= dim;
}

/* The first field, or the next one after the comma or the end at line->at. */
static bool next_field(struct umm_store_line *line, bool is_first, const char **field, size_t *len)
{
    const char *end = line->text + line->len;
    if (!is_first && line->at == end)
        return false;
    *field = is_first ? line->text : line->at + 1;
    const char *comma = memchr(*field, ',', (size_t)(end - *field));
    line->at = comma ? comma : end;
    *len = (size_t)(line->at - *field);
    return true;
}

/* One column: *n_values so far, of which it may be the next; *naming what the others are. */
static enum umm_status take_name(struct umm_store_columns *columns,
                                 const struct umm_store_line *line, const char *field, size_t len,
                                 uint32_t *n_values, enum naming *naming, struct umm_error *err)
{
    uint32_t number;
    if (is_name(field, len, "id") || is_name(field, len, "timestamp")) {
        const int32_t what = *field == 'i' ? UMM_STORE_COLUMN_ID : UMM_STORE_COLUMN_TIMESTAMP;
        for (size_t i = 0; i < columns->n; i++)
            if (columns->what[i] == what)
                return umm_store_line_bad(line, field, "is there twice", err);
        columns->what[columns->n] = what;
        return UMM_OK;
    }
    if (is_name(field, len, "active") || is_name(field, len, "expires"))
        return umm_store_line_bad(line, field, "only an export that is imported has this", err);
    if (len == 0 || memchr(field, '"', len))
        return umm_store_line_bad(line, field, "is no name of a column", err);
    const bool is_number = is_numbered(field, len, columns->dim, &number);
    const enum naming here = is_number ? BY_NUMBER : BY_ORDER;
    if (*naming != UNKNOWN && *naming != here)
        return umm_store_line_bad(
            line, field, "either all values are named by their numbers, or none is; this", err);
    *naming = here;
    if (*n_values == columns->dim)
        return umm_store_line_bad(line, field, "there are more columns than values; this", err);
    columns->what[columns->n] = (int32_t)(is_number ? number : *n_values);
    ++*n_values;
    if (!is_number)
        return UMM_OK;
    if (columns->is_given[number])
        return umm_store_line_bad(line, field, "is there twice", err);
    columns->is_given[number] = true;
    return UMM_OK;
}

static enum umm_status refuse(const struct umm_store_line *line, struct umm_error *err)
{
    umm_error_at(err, line->path, line->number, 1, line->byte);
    return UMM_ERR_DATA;
}

enum umm_status umm_store_columns_parse(struct umm_store_columns *columns,
                                        struct umm_store_line *line, struct umm_error *err)
{
    const char *field;
    size_t len;
    uint32_t n_values = 0;
    enum naming naming = UNKNOWN;
    bool has_id = false;
    line->at = line->text;
    for (; next_field(line, columns->n == 0, &field, &len); columns->n++) {
        enum umm_status status = take_name(columns, line, field, len, &n_values, &naming, err);
        if (status)
            return status;
        has_id |= columns->what[columns->n] == UMM_STORE_COLUMN_ID;
    }
    if (!has_id)
        (void)umm_error_set(err, UMM_ERR_DATA, "no column is named id");
    else if (n_values != columns->dim)
        (void)umm_error_set(err, UMM_ERR_DATA,
                            "%" PRIu32 " columns of values; the store's vectors have %" PRIu32,
                            n_values, columns->dim);
    if (!has_id || n_values != columns->dim)
        return refuse(line, err);
    /* v1 to vd: one less each. */
    const bool is_from_1 = naming == BY_NUMBER && !columns->is_given[0];
    for (size_t i = 0; i < columns->n; i++)
        columns->what[i] -= is_from_1 && columns->what[i] >= 0;
    if (naming == BY_NUMBER && !is_from_1 && columns->is_given[columns->dim]) {
        (void)umm_error_set(err, UMM_ERR_DATA,
                            "values are named v0 to v%" PRIu32 " or v1 to v%" PRIu32
                            ", not from both",
                            columns->dim - 1, columns->dim);
        return refuse(line, err);
    }
    return UMM_OK;
}

enum umm_status umm_store_columns_take(struct umm_store_columns *columns,
                                       struct umm_store_line *line, bool is_empty_nan, char *id,
                                       struct umm_store_row *row, float *vector,
                                       struct umm_error *err)
{
    const char *end = line->text + line->len, *field;
    size_t len, n = 0;
    enum umm_status status = UMM_OK;
    line->at = line->text;
    for (; !status && n < columns->n && (n == 0 || line->at != end); n++) {
        const int32_t what = columns->what[n];
        if (what == UMM_STORE_COLUMN_ID) {
            status =
                umm_store_line_id(line, n ? line->at + 1 : line->text, id, &row->id_bytes, err);
            continue;
        }
        (void)next_field(line, n == 0, &field, &len);
        if (what == UMM_STORE_COLUMN_TIMESTAMP)
            status = umm_store_line_time(line, field, len, "timestamp", &columns->time,
                                         &row->timestamp_ns, err);
        else
            status = umm_store_line_value(line, field, len, is_empty_nan, &vector[what], err);
    }
    if (status || (n == columns->n && line->at == end))
        return status;
    for (; next_field(line, false, &field, &len); n++)
        continue;
    (void)umm_error_set(err, UMM_ERR_DATA, "%zu fields; the header names %zu", n, columns->n);
    return refuse(line, err);
}
