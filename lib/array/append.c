/* SPDX-License-Identifier: MIT */
#include "array/append.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/guard.h"

/* ---- opening ----------------------------------------------------------------- */

static int64_t time_of(const struct umm_append *append, const char *row)
{
    return umm_schema_time(append->schema, row);
}

/* Old row number index, from the block that holds it. */
static enum umm_status old_row(struct umm_append *append, uint64_t index, const char **row,
                               struct umm_error *err)
{
    if (index < append->block_first || index >= append->block_first + append->block_rows) {
        uint64_t left = append->n_old - index;
        size_t n = left < append->grow.rows.cap_rows ? (size_t)left : append->grow.rows.cap_rows;
        append->block_rows = 0;
        enum umm_status status = umm_rowfile_read(&append->grow.rows, index, n, append->block, err);
        if (status)
            return status;
        append->block_first = index;
        append->block_rows = n;
    }
    *row = append->block + (index - append->block_first) * append->grow.rows.row_bytes;
    return UMM_OK;
}

static enum umm_status read_last(struct umm_append *append, struct umm_error *err)
{
    const char *row;
    if (append->n_old == 0)
        return UMM_OK;
    enum umm_status status = old_row(append, append->n_old - 1, &row, err);
    if (status)
        return status;
    append->last = time_of(append, row);
    if (append->last == INT64_MIN)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, append->grow.path,
                                  "the array's last row has no time");
    if (append->n_old == 1)
        return UMM_OK;
    status = old_row(append, append->n_old - 2, &row, err);
    if (!status && time_of(append, row) > append->last)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, append->grow.path,
                                    "the array's last rows are not in order of time");
    return status;
}

enum umm_status umm_append_open(struct umm_append *append, const char *path,
                                const struct umm_schema *schema, enum umm_revision revision,
                                struct umm_run *run, struct umm_error *err)
{
    struct umm_npy wanted;
    *append = (struct umm_append){.schema = schema, .revision = revision, .grow = {.fd = -1}};
    enum umm_status status = umm_schema_npy(schema, 0, &wanted, err);
    if (status)
        return status;
    status = umm_grow_open(&append->grow, path, &wanted, NULL, run, err);
    umm_npy_free(&wanted);
    if (status)
        return status;
    append->n_old = append->grow.n_old;
    const size_t cap_rows = append->grow.rows.cap_rows;
    append->block = malloc(cap_rows * schema->row_bytes);
    append->replacement = malloc(schema->row_bytes);
    if (!append->block || !append->replacement)
        return umm_error_set_memory(err, cap_rows * schema->row_bytes, "old rows");
    return read_last(append, err);
}

void umm_append_close(struct umm_append *append)
{
    umm_grow_close(&append->grow);
    free(append->block);
    free(append->replacement);
    append->block = append->replacement = NULL;
}

/* ---- rows -------------------------------------------------------------------- */

/* The first old row that is not older than time. */
static enum umm_status find_first(struct umm_append *append, int64_t time, uint64_t *index,
                                  struct umm_error *err)
{
    uint64_t low = 0, high = append->n_old;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        enum umm_status status =
            umm_rowfile_read(&append->grow.rows, middle, 1, append->replacement, err);
        if (status)
            return status;
        if (time_of(append, append->replacement) < time)
            low = middle + 1;
        else
            high = middle;
    }
    *index = low;
    return UMM_OK;
}

/* Put the cursor on the first old row that is not older than time. */
static enum umm_status advance(struct umm_append *append, int64_t time, struct umm_error *err)
{
    const char *row;
    if (!append->has_cursor) {
        enum umm_status status = find_first(append, time, &append->cursor, err);
        if (status)
            return status;
        append->has_cursor = true;
    }
    for (; append->cursor < append->n_old; append->cursor++) {
        enum umm_status status = old_row(append, append->cursor, &row, err);
        if (status || time_of(append, row) >= time)
            return status;
    }
    return UMM_OK;
}

/* Of floats the value counts: NumPy's NaN may be another than ours. */
static bool is_same_float(size_t size_bytes, const char *a, const char *b)
{
    float f4[2];
    double f8[2];
    if (size_bytes == sizeof *f4) {
        memcpy(&f4[0], a, sizeof *f4);
        memcpy(&f4[1], b, sizeof *f4);
        f8[0] = (double)f4[0];
        f8[1] = (double)f4[1];
    } else {
        memcpy(&f8[0], a, sizeof *f8);
        memcpy(&f8[1], b, sizeof *f8);
    }
    return f8[0] == f8[1] || (isnan(f8[0]) && isnan(f8[1]));
}

/* The first field in which two rows differ, or NULL. */
static const struct umm_schema_field *first_difference(const struct umm_append *append,
                                                       const char *a, const char *b)
{
    if (memcmp(a, b, append->grow.rows.row_bytes) == 0)
        return NULL;
    for (size_t i = 0; i < append->schema->n_fields; i++) {
        const struct umm_schema_field *field = &append->schema->fields[i];
        const char *at_a = a + field->offset_bytes, *at_b = b + field->offset_bytes;
        size_t size = field->type.size_bytes;
        bool is_same = field->type.kind == 'f' ? is_same_float(size, at_a, at_b)
                                               : memcmp(at_a, at_b, size) == 0;
        if (!is_same)
            return field;
    }
    return NULL;
}

static enum umm_status refuse(const struct umm_append *append, int64_t time, const char *old,
                              const char *row, struct umm_error *err)
{
    char text[UMM_TIME_ISO_MAX], name[UMM_EXCERPT_MAX];
    umm_time_format_iso(umm_time_from_unit(time, append->schema->time_unit), text);
    if (!old)
        return umm_error_hint(
            err,
            umm_error_set(err, UMM_ERR_CONFLICT,
                          "the row of %s is not newer than the array and not in it", text),
            UMM_HINT_REVISION);
    const struct umm_schema_field *field = first_difference(append, old, row);
    const char *named = field && field->name[0] ? field->name : "a column";
    umm_escape(name, sizeof name, named, strlen(named));
    umm_error_set(err, UMM_ERR_CONFLICT,
                  "the row of %s differs from the array's row %" PRIu64 " in %s", text,
                  append->cursor, name);
    return umm_error_hint(err, UMM_ERR_CONFLICT, UMM_HINT_REVISION);
}

/*
 * Whether one of the array's rows of that time, from the cursor on, is the same; the
 * cursor is then behind it.
 */
static enum umm_status find_same(struct umm_append *append, const char *row, int64_t time,
                                 bool *is_found, struct umm_error *err)
{
    *is_found = false;
    for (uint64_t at = append->cursor; at < append->n_old; at++) {
        const char *old;
        enum umm_status status = old_row(append, at, &old, err);
        if (status || time_of(append, old) != time)
            return status;
        if (!first_difference(append, old, row)) {
            *is_found = true;
            append->cursor = at + 1;
            return UMM_OK;
        }
    }
    return UMM_OK;
}

/* A row that is not newer than the array. */
static enum umm_status compare(struct umm_append *append, const char *row, int64_t time,
                               struct umm_error *err)
{
    const char *old = NULL;
    bool is_same = false;
    enum umm_status status = advance(append, time, err);
    if (!status)
        status = find_same(append, row, time, &is_same, err);
    append->n_same += is_same;
    if (!status && !is_same && append->cursor < append->n_old)
        status = old_row(append, append->cursor, &old, err);
    if (status || is_same)
        return status;
    if (old && time_of(append, old) != time)
        old = NULL;
    bool is_last = old && append->cursor == append->n_old - 1;
    if (append->revision == UMM_REVISION_REPLACE_LAST && is_last) {
        memcpy(append->replacement, row, append->grow.rows.row_bytes);
        append->has_replacement = true;
    } else if (append->revision != UMM_REVISION_KEEP) {
        return refuse(append, time, old, row, err);
    }
    append->n_revised++;
    append->cursor += old != NULL;
    return UMM_OK;
}

enum umm_status umm_append_push(struct umm_append *append, const char *row, int64_t time,
                                struct umm_error *err)
{
    if (append->n_old && time <= append->last)
        return compare(append, row, time, err);
    memcpy(umm_rowfile_next(&append->grow.rows), row, append->grow.rows.row_bytes);
    return umm_rowfile_push(&append->grow.rows, err);
}

bool umm_append_is_changed(const struct umm_append *append)
{
    return append->grow.rows.n_rows != append->n_old || append->has_replacement;
}

uint64_t umm_append_n_rows(const struct umm_append *append)
{
    return append->grow.rows.n_rows;
}

enum umm_status umm_append_commit(struct umm_append *append, struct umm_error *err)
{
    const struct umm_grow_change last = {append->n_old - 1, 1, append->replacement};
    return umm_grow_commit(&append->grow, append->has_replacement ? &last : NULL, err);
}
