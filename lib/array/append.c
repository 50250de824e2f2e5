/* SPDX-License-Identifier: MIT */
#include "array/append.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/guard.h"
#include "sys/file.h"

/* ---- opening ----------------------------------------------------------------- */

static enum umm_status check_columns(struct umm_append *append, struct umm_error *err)
{
    struct umm_npy wanted;
    enum umm_status status = umm_schema_npy(append->schema, 0, &wanted, err);
    if (status)
        return status;
    if (append->npy.has_titles) {
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, append->path,
                                    "an array whose fields have titles cannot be appended to");
    } else if (append->npy.is_fortran && append->npy.n_dims > 1) {
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, append->path,
                                    "a Fortran-order array cannot be appended to");
    } else if (!umm_npy_same_type(&append->npy, &wanted)) {
        status = umm_npy_refuse_rows(err, append->path, "the array", &append->npy, &wanted);
    }
    umm_npy_free(&wanted);
    return status;
}

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
        size_t n = left < append->rows.cap_rows ? (size_t)left : append->rows.cap_rows;
        append->block_rows = 0;
        enum umm_status status = umm_rowfile_read(&append->rows, index, n, append->block, err);
        if (status)
            return status;
        append->block_first = index;
        append->block_rows = n;
    }
    *row = append->block + (index - append->block_first) * append->rows.row_bytes;
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
        return umm_error_set_path(err, UMM_ERR_CONFLICT, append->path,
                                  "the array's last row has no time");
    if (append->n_old == 1)
        return UMM_OK;
    status = old_row(append, append->n_old - 2, &row, err);
    if (!status && time_of(append, row) > append->last)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, append->path,
                                    "the array's last rows are not in order of time");
    return status;
}

/*
 * Rows of a killed append may follow the array, another array may not: np.save to an
 * open file writes one behind the other.
 */
static enum umm_status check_tail(const struct umm_append *append, struct umm_error *err)
{
    char magic[6];
    uint64_t end = append->npy.data_offset_bytes + umm_npy_data_bytes(&append->npy);
    if (append->size_bytes < end + sizeof magic)
        return UMM_OK;
    enum umm_status status =
        umm_file_pread_all(append->fd, append->path, magic, sizeof magic, end, err);
    if (status || memcmp(magic, "\x93NUMPY", sizeof magic) != 0)
        return status;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, append->path,
                              "holds more than one array, and cannot be appended to");
}

enum umm_status umm_append_open(struct umm_append *append, const char *path,
                                const struct umm_schema *schema, enum umm_revision revision,
                                struct umm_run *run, struct umm_error *err)
{
    struct umm_file_info info;
    memset(append, 0, sizeof *append);
    append->fd = append->rows.fd = -1;
    append->path = path;
    append->schema = schema;
    append->revision = revision;
    enum umm_status status = umm_guard_path(path, err);
    if (!status)
        status = umm_file_open_update(path, &append->fd, &info, err);
    if (!status)
        status = umm_npy_read(append->fd, path, &append->npy, err);
    if (!status)
        status = check_columns(append, err);
    if (status)
        return status;
    append->size_bytes = info.size_bytes;
    status = check_tail(append, err);
    if (status)
        return status;
    append->n_old = append->npy.shape[0];
    status = umm_rowfile_open(&append->rows, append->fd, path, false, append->npy.data_offset_bytes,
                              schema->row_bytes, append->n_old, run, err);
    if (status)
        return status;
    append->block = malloc(append->rows.cap_rows * schema->row_bytes);
    append->replacement = malloc(schema->row_bytes);
    if (!append->block || !append->replacement)
        return umm_error_set_memory(err, append->rows.cap_rows * schema->row_bytes, "old rows");
    return read_last(append, err);
}

/* What was written behind the array and never counted, by another program neither. */
static void cut_uncounted(const struct umm_append *append)
{
    if (append->fd >= 0 && !append->is_header_open && append->rows.n_rows != append->n_old)
        umm_npy_cut_back(append->fd, append->path, append->n_old, append->size_bytes);
}

void umm_append_close(struct umm_append *append)
{
    cut_uncounted(append);
    umm_rowfile_close(&append->rows);
    free(append->block);
    free(append->replacement);
    append->block = append->replacement = NULL;
    umm_npy_free(&append->npy);
    umm_file_close(&append->fd);
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
            umm_rowfile_read(&append->rows, middle, 1, append->replacement, err);
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
    if (memcmp(a, b, append->rows.row_bytes) == 0)
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
        memcpy(append->replacement, row, append->rows.row_bytes);
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
    memcpy(umm_rowfile_next(&append->rows), row, append->rows.row_bytes);
    return umm_rowfile_push(&append->rows, err);
}

bool umm_append_is_changed(const struct umm_append *append)
{
    return append->rows.n_rows != append->n_old || append->has_replacement;
}

uint64_t umm_append_n_rows(const struct umm_append *append)
{
    return append->rows.n_rows;
}

/* ---- commit ------------------------------------------------------------------ */

/*
 * All that a commit writes below the new rows, made beforehand, so that between the
 * first write and the last only the device can fail.
 */
struct plan {
    char *before;  /* the header as it is */
    char *between; /* one row less, while the last row is replaced */
    char *after;
    size_t len; /* of each */
    char *last; /* the last row as it is */
};

static void free_plan(struct plan *plan)
{
    free(plan->before);
    free(plan->between);
    free(plan->after);
    free(plan->last);
}

static enum umm_status make_header(struct umm_append *append, uint64_t n_rows, char **text,
                                   struct umm_error *err)
{
    size_t len;
    append->npy.shape[0] = n_rows;
    enum umm_status status =
        umm_npy_format_exact(&append->npy, append->npy.data_offset_bytes, text, &len, err);
    /* Very old NumPy, and others, leave no room behind the count. */
    if (status == UMM_ERR_UNSUPPORTED)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, append->path,
                                  "its header has no room for %" PRIu64
                                  " rows: load it and save it again with NumPy",
                                  n_rows);
    return status;
}

static uint64_t place_of_last(const struct umm_append *append)
{
    return append->rows.base_bytes + (append->n_old - 1) * append->rows.row_bytes;
}

static enum umm_status make_plan(struct umm_append *append, struct plan *plan,
                                 struct umm_error *err)
{
    plan->len = (size_t)append->npy.data_offset_bytes;
    plan->before = malloc(plan->len);
    plan->last = malloc(append->rows.row_bytes);
    if (!plan->before || !plan->last)
        return umm_error_set_memory(err, plan->len, "the old header");
    enum umm_status status = umm_npy_check_rows(append->fd, append->path, append->n_old, err);
    if (!status)
        status = umm_file_pread_all(append->fd, append->path, plan->before, plan->len, 0, err);
    if (!status && append->has_replacement)
        status = umm_file_pread_all(append->fd, append->path, plan->last, append->rows.row_bytes,
                                    place_of_last(append), err);
    if (!status && append->has_replacement)
        status = make_header(append, append->n_old - 1, &plan->between, err);
    return status ? status : make_header(append, append->rows.n_rows, &plan->after, err);
}

static enum umm_status put(const struct umm_append *append, const char *bytes, size_t len,
                           uint64_t at, struct umm_error *err)
{
    enum umm_status status = umm_file_pwrite_all(append->fd, append->path, bytes, len, at, err);
    return status ? status : umm_file_sync_data(append->fd, append->path, err);
}

/* Hide the last old row, write the new one in its place. */
static enum umm_status replace_last(const struct umm_append *append, const struct plan *plan,
                                    struct umm_error *err)
{
    enum umm_status status = put(append, plan->between, plan->len, 0, err);
    return status ? status
                  : put(append, append->replacement, append->rows.row_bytes, place_of_last(append),
                        err);
}

/* After a failure: the last row and the header as they were. */
static void restore(const struct umm_append *append, const struct plan *plan)
{
    enum umm_status status = UMM_OK;
    if (append->has_replacement)
        status = put(append, plan->last, append->rows.row_bytes, place_of_last(append), NULL);
    if (!status)
        status = put(append, plan->before, plan->len, 0, NULL);
    if (status) {
        /* The device refuses: the first error says so. */
    }
}

static enum umm_status publish(struct umm_append *append, const struct plan *plan,
                               struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    append->is_header_open = true;
    if (append->has_replacement)
        status = replace_last(append, plan, err);
    if (!status)
        status = put(append, plan->after, plan->len, 0, err);
    if (status)
        restore(append, plan);
    return status;
}

enum umm_status umm_append_commit(struct umm_append *append, struct umm_error *err)
{
    struct plan plan = {0};
    /* A run that was killed may have taken the last row out of the count: readers have it mapped.
     */
    const uint64_t n_kept =
        append->n_old < append->rows.n_rows ? append->rows.n_rows : append->n_old + 1;
    const uint64_t end = append->rows.base_bytes + n_kept * append->rows.row_bytes;
    const bool is_changed = umm_append_is_changed(append);
    /* The torn tail of an earlier run may reach further than the new rows. */
    const bool is_torn = append->size_bytes > end;
    enum umm_status status = UMM_OK;
    /* Here, too, as what is buffered would go over the rows that another program has counted. */
    if (is_changed || is_torn)
        status = umm_npy_check_rows(append->fd, append->path, append->n_old, err);
    if (!status)
        status = umm_rowfile_flush(&append->rows, err);
    if (!status && is_changed)
        status = make_plan(append, &plan, err);
    if (!status && is_torn)
        status = umm_file_truncate(append->fd, append->path, end, err);
    if (!status && is_changed) {
        status = umm_file_sync_data(append->fd, append->path, err);
        if (!status)
            status = publish(append, &plan, err);
    }
    free_plan(&plan);
    return status ? status : umm_file_check_named(append->fd, append->path, err);
}
