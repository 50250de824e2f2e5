/* SPDX-License-Identifier: MIT */
#include "array/overlap.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/arraycolumn.h"

enum { WHOLE_MAX = 256 }; /* of a path in a message */

/* ---- old rows ---------------------------------------------------------------------- */

enum umm_status umm_overlap_open(struct umm_overlap *overlap, const struct umm_overlap_rows *rows,
                                 enum umm_revision revision, struct umm_error *err)
{
    enum { BLOCK_BYTES = 256 * 1024 };
    const size_t row_bytes = (size_t)umm_npy_row_bytes(rows->npy);
    *overlap = (struct umm_overlap){.rows = *rows, .revision = revision, .row_bytes = row_bytes};
    overlap->cap_rows = row_bytes && row_bytes < BLOCK_BYTES ? BLOCK_BYTES / row_bytes : 1;
    overlap->block = malloc(overlap->cap_rows * row_bytes);
    overlap->replacement = malloc(row_bytes);
    return overlap->block && overlap->replacement
               ? UMM_OK
               : umm_error_set_memory(err, overlap->cap_rows * row_bytes, "old rows");
}

void umm_overlap_close(struct umm_overlap *overlap)
{
    free(overlap->block);
    free(overlap->replacement);
    *overlap = (struct umm_overlap){.row_bytes = 0};
}

void umm_overlap_restart(struct umm_overlap *overlap, uint64_t n_rows)
{
    overlap->rows.n_rows = n_rows;
    overlap->has_cursor = false;
    overlap->block_rows = 0;
}

enum umm_status umm_overlap_row(struct umm_overlap *overlap, uint64_t index, const char **row,
                                struct umm_error *err)
{
    if (index < overlap->block_first || index >= overlap->block_first + overlap->block_rows) {
        uint64_t left = overlap->rows.n_rows - index;
        size_t n = left < overlap->cap_rows ? (size_t)left : overlap->cap_rows;
        overlap->block_rows = 0;
        enum umm_status status =
            overlap->rows.read(overlap->rows.user, index, n, overlap->block, err);
        if (status)
            return status;
        overlap->block_first = index;
        overlap->block_rows = n;
    }
    *row = overlap->block + (index - overlap->block_first) * overlap->row_bytes;
    return UMM_OK;
}

static enum umm_status old_time(struct umm_overlap *overlap, uint64_t index, const char **row,
                                struct umm_time *time, struct umm_error *err)
{
    enum umm_status status = umm_overlap_row(overlap, index, row, err);
    return status ? status : overlap->rows.time(overlap->rows.user, *row, index, time, err);
}

/* One row by itself: a search jumps. */
static enum umm_status probe(void *user, uint64_t index, struct umm_time *time,
                             struct umm_error *err)
{
    const struct umm_overlap *overlap = user;
    char *row = overlap->block;
    enum umm_status status = overlap->rows.read(overlap->rows.user, index, 1, row, err);
    return status ? status : overlap->rows.time(overlap->rows.user, row, index, time, err);
}

/* Put the cursor on the first old row that is not older than time. */
static enum umm_status advance(struct umm_overlap *overlap, const struct umm_time *time,
                               struct umm_error *err)
{
    const char *row;
    struct umm_time old;
    enum umm_status status = UMM_OK;
    if (!overlap->has_cursor) {
        overlap->block_rows = 0;
        status = umm_arraycolumn_search(probe, overlap, overlap->rows.n_rows, time,
                                        &overlap->cursor, err);
        overlap->has_cursor = !status;
    }
    for (; !status && overlap->cursor < overlap->rows.n_rows; overlap->cursor++) {
        status = old_time(overlap, overlap->cursor, &row, &old, err);
        if (!status && umm_arraycolumn_compare(&old, time) >= 0)
            break;
    }
    return status;
}

/* ---- comparison -------------------------------------------------------------------- */

/* Of floats the value counts: NumPy's NaN may be another than ours. */
static bool is_same_float(const struct umm_npy_type *type, const char *a, const char *b)
{
    const struct umm_arraycolumn column = {.type = *type};
    double x, y;
    if (!umm_arraycolumn_read_f64(&column, a, 0, 1, &x) ||
        !umm_arraycolumn_read_f64(&column, b, 0, 1, &y))
        return memcmp(a, b, type->size_bytes) == 0;
    return x == y || (isnan(x) && isnan(y));
}

static bool is_same_value(const struct umm_npy_type *type, const char *a, const char *b)
{
    struct umm_npy_type part = *type;
    if (type->kind == 'f')
        return is_same_float(type, a, b);
    if (type->kind != 'c')
        return memcmp(a, b, type->size_bytes) == 0;
    part.kind = 'f';
    part.size_bytes /= 2;
    return is_same_float(&part, a, b) &&
           is_same_float(&part, a + part.size_bytes, b + part.size_bytes);
}

/* Whether two rows have the same values; if not, *column is the first that differs. */
static bool is_same_row(const struct umm_overlap *overlap, const char *a, const char *b,
                        uint64_t *column)
{
    struct umm_arraycolumn at;
    const uint64_t n = umm_arraycolumn_count(overlap->rows.npy);
    if (memcmp(a, b, overlap->row_bytes) == 0)
        return true;
    for (*column = 0; *column < n; ++*column) {
        umm_arraycolumn_get(overlap->rows.npy, *column, &at);
        if (!is_same_value(&at.type, a + at.offset_bytes, b + at.offset_bytes))
            return false;
    }
    return true;
}

/* The name of a column, or its number. */
static void name_column(const struct umm_overlap *overlap, uint64_t index,
                        char out[UMM_EXCERPT_MAX])
{
    struct umm_arraycolumn column;
    const char *name = column.name;
    umm_arraycolumn_get(overlap->rows.npy, index, &column);
    if (overlap->rows.column)
        name = overlap->rows.column(overlap->rows.user, index);
    if (name[0])
        umm_escape(out, UMM_EXCERPT_MAX, name, strlen(name));
    else
        snprintf(out, UMM_EXCERPT_MAX, "column %" PRIu64, index);
}

/*
 * What the old row at the cursor is of, or the last one after it: "the array", or the path of an
 * input, of which the end counts.
 */
static const char *name_whole(const struct umm_overlap *overlap, bool *is_input,
                              char out[WHOLE_MAX])
{
    enum { PATH_MAX_SHOWN = 180 };
    const uint64_t n = overlap->rows.n_rows;
    const uint64_t index = overlap->cursor < n ? overlap->cursor : n - 1;
    const char *path = overlap->rows.input ? overlap->rows.input(overlap->rows.user, index) : NULL;
    *is_input = path != NULL;
    if (!path)
        return overlap->rows.what;
    const size_t len = strlen(path), cut = len > PATH_MAX_SHOWN ? len - PATH_MAX_SHOWN : 0;
    memcpy(out, "...", 3);
    umm_escape(out + (cut ? 3 : 0), WHOLE_MAX - 3, path + cut, len - cut);
    return out;
}

/* old is NULL where no old row has that time. */
static enum umm_status refuse(const struct umm_overlap *overlap, const struct umm_time *time,
                              const char *old, const char *row, struct umm_error *err)
{
    char text[UMM_TIME_ISO_MAX], name[UMM_EXCERPT_MAX], room[WHOLE_MAX];
    bool is_input;
    const char *whole = name_whole(overlap, &is_input, room);
    uint64_t column = 0;
    umm_time_format_iso(*time, text);
    if (old) {
        (void)is_same_row(overlap, old, row, &column);
        name_column(overlap, column, name);
    }
    if (!old)
        umm_error_set(err, UMM_ERR_CONFLICT, "the row of %s is not newer than %s and not in it",
                      text, whole);
    else if (is_input)
        umm_error_set(err, UMM_ERR_CONFLICT, "the row of %s differs from that of %s in %s", text,
                      whole, name);
    else
        umm_error_set(err, UMM_ERR_CONFLICT,
                      "the row of %s differs from %s's row %" PRIu64 " in %s", text, whole,
                      overlap->cursor, name);
    return umm_error_hint(err, UMM_ERR_CONFLICT, UMM_HINT_REVISION);
}

/*
 * Look among the old rows of that time, from the cursor on: the cursor is then after the one
 * that is the same.
 */
static enum umm_status find_same(struct umm_overlap *overlap, const char *row,
                                 const struct umm_time *time, bool *is_found, struct umm_error *err)
{
    const char *old;
    struct umm_time old_at;
    uint64_t column;
    *is_found = false;
    for (uint64_t at = overlap->cursor; at < overlap->rows.n_rows; at++) {
        enum umm_status status = old_time(overlap, at, &old, &old_at, err);
        if (status || umm_arraycolumn_compare(&old_at, time) != 0)
            return status;
        if (is_same_row(overlap, old, row, &column)) {
            *is_found = true;
            overlap->cursor = at + 1;
            return UMM_OK;
        }
    }
    return UMM_OK;
}

enum umm_status umm_overlap_compare(struct umm_overlap *overlap, const char *row,
                                    const struct umm_time *time, struct umm_error *err)
{
    const char *old = NULL;
    struct umm_time old_at;
    bool is_same = false;
    enum umm_status status = advance(overlap, time, err);
    if (!status)
        status = find_same(overlap, row, time, &is_same, err);
    overlap->n_same += is_same;
    if (!status && !is_same && overlap->cursor < overlap->rows.n_rows)
        status = old_time(overlap, overlap->cursor, &old, &old_at, err);
    if (status || is_same)
        return status;
    if (old && umm_arraycolumn_compare(&old_at, time) != 0)
        old = NULL;
    const bool is_last = old && overlap->cursor == overlap->rows.n_rows - 1;
    if (overlap->revision == UMM_REVISION_REPLACE_LAST && is_last) {
        memcpy(overlap->replacement, row, overlap->row_bytes);
        overlap->has_replacement = true;
    } else if (overlap->revision != UMM_REVISION_KEEP) {
        return refuse(overlap, time, old, row, err);
    }
    overlap->n_revised++;
    overlap->cursor += old != NULL;
    return UMM_OK;
}
