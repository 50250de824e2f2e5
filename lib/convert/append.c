/* SPDX-License-Identifier: MIT */
#include "convert/append.h"

#include <string.h>

#include "base/error.h"

/* ---- opening ----------------------------------------------------------------- */

static enum umm_status read_old(void *user, uint64_t first, size_t n, char *out,
                                struct umm_error *err)
{
    const struct umm_append *append = user;
    return umm_rowfile_read(&append->grow.rows, first, n, out, err);
}

static struct umm_time time_of(const struct umm_append *append, int64_t time)
{
    return umm_time_from_unit(time, append->schema->time_unit);
}

static enum umm_status old_time(const void *user, const char *row, uint64_t index,
                                struct umm_time *out, struct umm_error *err)
{
    const struct umm_append *append = user;
    (void)index;
    (void)err;
    *out = time_of(append, umm_schema_time(append->schema, row));
    return UMM_OK;
}

static const char *column_name(const void *user, uint64_t index)
{
    const struct umm_append *append = user;
    return append->schema->fields[index].name;
}

static enum umm_status read_last(struct umm_append *append, struct umm_error *err)
{
    const char *row;
    if (append->n_old == 0)
        return UMM_OK;
    enum umm_status status = umm_overlap_row(&append->overlap, append->n_old - 1, &row, err);
    if (status)
        return status;
    append->last = umm_schema_time(append->schema, row);
    if (append->last == INT64_MIN)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, append->grow.path,
                                  "the array's last row has no time");
    if (append->n_old == 1)
        return UMM_OK;
    status = umm_overlap_row(&append->overlap, append->n_old - 2, &row, err);
    if (!status && umm_schema_time(append->schema, row) > append->last)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, append->grow.path,
                                    "the array's last rows are not in order of time");
    return status;
}

enum umm_status umm_append_open(struct umm_append *append, const char *path,
                                const struct umm_schema *schema, enum umm_revision revision,
                                struct umm_run *run, struct umm_error *err)
{
    struct umm_npy wanted;
    *append = (struct umm_append){.schema = schema, .grow = {.fd = -1}};
    enum umm_status status = umm_schema_npy(schema, 0, &wanted, err);
    if (status)
        return status;
    status = umm_grow_open(&append->grow, path, &wanted, NULL, run, err);
    umm_npy_free(&wanted);
    if (status)
        return status;
    append->n_old = append->grow.n_old;
    const struct umm_overlap_rows rows = {.what = "the array",
                                          .npy = &append->grow.npy,
                                          .n_rows = append->n_old,
                                          .read = read_old,
                                          .time = old_time,
                                          .column = column_name,
                                          .user = append};
    status = umm_overlap_open(&append->overlap, &rows, revision, err);
    return status ? status : read_last(append, err);
}

void umm_append_close(struct umm_append *append)
{
    umm_overlap_close(&append->overlap);
    umm_grow_close(&append->grow);
}

/* ---- rows -------------------------------------------------------------------- */

enum umm_status umm_append_push(struct umm_append *append, const char *row, int64_t time,
                                struct umm_error *err)
{
    if (append->n_old && time <= append->last) {
        const struct umm_time at = time_of(append, time);
        return umm_overlap_compare(&append->overlap, row, &at, err);
    }
    memcpy(umm_rowfile_next(&append->grow.rows), row, append->grow.rows.row_bytes);
    return umm_rowfile_push(&append->grow.rows, err);
}

bool umm_append_is_changed(const struct umm_append *append)
{
    return append->grow.rows.n_rows != append->n_old || append->overlap.has_replacement;
}

uint64_t umm_append_n_rows(const struct umm_append *append)
{
    return append->grow.rows.n_rows;
}

enum umm_status umm_append_commit(struct umm_append *append, struct umm_error *err)
{
    const struct umm_overlap *overlap = &append->overlap;
    const struct umm_grow_change last = {append->n_old - 1, 1, overlap->replacement};
    return umm_grow_commit(&append->grow, overlap->has_replacement ? &last : NULL, err);
}
