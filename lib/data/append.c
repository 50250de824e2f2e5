/* SPDX-License-Identifier: MIT */
#include "data/append.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/file.h"

/* ---- opening ----------------------------------------------------------------- */

/* "<f8 x 6" or "struct of 3 fields", for messages. */
static void describe(const struct umm_npy *npy, char *out, size_t cap_bytes)
{
    char type[UMM_NPY_TYPE_TEXT_MAX];
    if (npy->is_struct) {
        size_t used = (size_t)snprintf(out, cap_bytes, "[");
        for (size_t i = 0; i < npy->n_fields && used < cap_bytes; i++) {
            char name[UMM_EXCERPT_MAX];
            umm_npy_type_text(&npy->fields[i].type, type);
            umm_escape(name, sizeof name, npy->fields[i].name, strlen(npy->fields[i].name));
            used += (size_t)snprintf(out + used, cap_bytes - used, "%s%s %s", i ? ", " : "", name,
                                     type);
        }
        if (used + 1 < cap_bytes)
            snprintf(out + used, cap_bytes - used, "]");
        return;
    }
    umm_npy_type_text(&npy->type, type);
    size_t used = (size_t)snprintf(out, cap_bytes, "%s (N", type);
    for (unsigned i = 1; i < npy->n_dims && used < cap_bytes; i++)
        used += (size_t)snprintf(out + used, cap_bytes - used, ", %" PRIu64, npy->shape[i]);
    if (used < cap_bytes)
        snprintf(out + used, cap_bytes - used, npy->n_dims == 1 ? ",)" : ")");
}

static enum umm_status check_columns(struct umm_append *append, struct umm_error *err)
{
    struct umm_npy wanted;
    char has[160], gives[160];
    enum umm_status status = umm_schema_npy(append->schema, 0, &wanted, err);
    if (status)
        return status;
    if (append->npy.is_fortran && append->npy.n_dims > 1) {
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, append->path,
                                    "a Fortran-order array cannot be appended to");
    } else if (!umm_npy_same_type(&append->npy, &wanted)) {
        describe(&append->npy, has, sizeof has);
        describe(&wanted, gives, sizeof gives);
        status =
            umm_error_set_path(err, UMM_ERR_CONFLICT, append->path,
                               "the array has other columns: %s; the input gives %s", has, gives);
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
    if (append->n_old == 1)
        return UMM_OK;
    status = old_row(append, append->n_old - 2, &row, err);
    if (!status && time_of(append, row) > append->last)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, append->path,
                                    "the array's last rows are not in order of time");
    return status;
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
    enum umm_status status = umm_file_open_update(path, &append->fd, &info, err);
    if (!status)
        status = umm_npy_read(append->fd, path, &append->npy, err);
    if (!status)
        status = check_columns(append, err);
    if (status)
        return status;
    append->size_bytes = info.size_bytes;
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

void umm_append_close(struct umm_append *append)
{
    /* Bytes behind what the header counts: nobody maps them. */
    if (append->rows.n_written > append->n_old && append->fd >= 0 && !append->is_header_open &&
        umm_file_truncate(append->fd, append->path, append->size_bytes, NULL) != UMM_OK) {
        /* They stay invisible, and the next append overwrites them. */
    }
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
static enum umm_status advance(struct umm_append *append, int64_t time, const char **row,
                               struct umm_error *err)
{
    *row = NULL;
    if (!append->has_cursor) {
        enum umm_status status = find_first(append, time, &append->cursor, err);
        if (status)
            return status;
        append->has_cursor = true;
    }
    for (; append->cursor < append->n_old; append->cursor++) {
        enum umm_status status = old_row(append, append->cursor, row, err);
        if (status)
            return status;
        if (time_of(append, *row) >= time)
            return UMM_OK;
    }
    *row = NULL;
    return UMM_OK;
}

static const char *first_difference(const struct umm_append *append, const char *a, const char *b)
{
    for (size_t i = 0; i < append->schema->n_fields; i++) {
        const struct umm_schema_field *field = &append->schema->fields[i];
        if (memcmp(a + field->offset_bytes, b + field->offset_bytes, field->type.size_bytes) != 0)
            return field->name[0] ? field->name : "a column";
    }
    return "nothing";
}

static enum umm_status refuse(const struct umm_append *append, int64_t time, const char *old,
                              const char *row, struct umm_error *err)
{
    char text[UMM_TIME_ISO_MAX];
    umm_time_format_iso(umm_time_from_unit(time, append->schema->time_unit), text);
    if (!old)
        return umm_error_set(err, UMM_ERR_CONFLICT,
                             "the row of %s is not newer than the array and not in it; see "
                             "--on-revision",
                             text);
    return umm_error_set(err, UMM_ERR_CONFLICT,
                         "the row of %s differs from the array's row %" PRIu64
                         " in %s; see --on-revision",
                         text, append->cursor, first_difference(append, old, row));
}

/* A row that is not newer than the array. */
static enum umm_status compare(struct umm_append *append, const char *row, int64_t time,
                               struct umm_error *err)
{
    const char *old;
    enum umm_status status = advance(append, time, &old, err);
    if (status)
        return status;
    if (old && time_of(append, old) != time)
        old = NULL;
    if (old && memcmp(old, row, append->rows.row_bytes) == 0) {
        append->n_same++;
        append->cursor++;
        return UMM_OK;
    }
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

static enum umm_status write_header(struct umm_append *append, uint64_t n_rows,
                                    struct umm_error *err)
{
    char *text;
    size_t len;
    append->npy.shape[0] = n_rows;
    enum umm_status status =
        umm_npy_format_exact(&append->npy, append->npy.data_offset_bytes, &text, &len, err);
    if (status)
        return status;
    status = umm_file_pwrite_all(append->fd, append->path, text, len, 0, err);
    free(text);
    return status ? status : umm_file_sync_data(append->fd, append->path, err);
}

/* Hide the last old row, write the new one in its place. */
static enum umm_status replace_last(struct umm_append *append, struct umm_error *err)
{
    enum umm_status status = write_header(append, append->n_old - 1, err);
    if (!status)
        status = umm_file_pwrite_all(
            append->fd, append->path, append->replacement, append->rows.row_bytes,
            append->rows.base_bytes + (append->n_old - 1) * append->rows.row_bytes, err);
    return status ? status : umm_file_sync_data(append->fd, append->path, err);
}

enum umm_status umm_append_commit(struct umm_append *append, struct umm_error *err)
{
    uint64_t end = append->rows.base_bytes + append->rows.n_rows * append->rows.row_bytes;
    enum umm_status status = umm_rowfile_flush(&append->rows, err);
    /* A torn tail of an earlier run may reach further than the new rows. */
    if (!status && append->size_bytes > end)
        status = umm_file_truncate(append->fd, append->path, end, err);
    if (status || !umm_append_is_changed(append))
        return status;
    status = umm_file_sync_data(append->fd, append->path, err);
    if (status)
        return status;
    uint64_t n_before = append->n_old;
    append->is_header_open = true;
    if (append->has_replacement)
        status = replace_last(append, err);
    if (!status)
        status = write_header(append, append->rows.n_rows, err);
    if (!status)
        append->n_old = append->rows.n_rows;
    else if (!append->has_replacement)
        append->is_header_open = write_header(append, n_before, NULL) != UMM_OK;
    return status;
}
