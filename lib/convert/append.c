/* SPDX-License-Identifier: MIT */
#include "convert/append.h"

#include <string.h>

#include "base/error.h"
#include "sys/file.h"

/* ---- opening ----------------------------------------------------------------- */

static enum umm_status check_last(struct umm_append *append, struct umm_error *err)
{
    const char *row;
    if (append->n_old == 0)
        return UMM_OK;
    append->last = append->earlier.last;
    if (append->last == INT64_MIN)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, append->grow.path,
                                  "the array's last row has no time");
    if (append->n_old == 1)
        return UMM_OK;
    enum umm_status status =
        umm_overlap_row(&append->earlier.overlap, append->n_old - 2, &row, err);
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
    status = umm_earlier_open(&append->earlier, &append->grow.rows, &append->grow.npy, schema,
                              revision, err);
    return status ? status : check_last(append, err);
}

void umm_append_close(struct umm_append *append)
{
    umm_earlier_close(&append->earlier);
    umm_grow_close(&append->grow);
}

/* ---- rows -------------------------------------------------------------------- */

enum umm_status umm_append_begin_input(struct umm_append *append, const char *path,
                                       struct umm_error *err)
{
    return umm_earlier_begin_input(&append->earlier, path, err);
}

enum umm_status umm_append_push(struct umm_append *append, const char *row, int64_t time,
                                struct umm_error *err)
{
    return umm_earlier_push(&append->earlier, row, time, err);
}

bool umm_append_is_changed(const struct umm_append *append)
{
    return append->grow.rows.n_rows != append->n_old || append->earlier.has_changed ||
           append->earlier.overlap.has_replacement;
}

uint64_t umm_append_n_rows(const struct umm_append *append)
{
    return append->grow.rows.n_rows;
}

/* What changes: the last row, or none. */
static const struct umm_grow_change *change_of(const struct umm_append *append,
                                               struct umm_grow_change *change)
{
    *change = (struct umm_grow_change){append->n_old - 1, 1, append->earlier.changed};
    return append->earlier.has_changed ? change : NULL;
}

enum umm_status umm_append_commit(struct umm_append *append, struct umm_error *err)
{
    struct umm_grow_change last;
    enum umm_status status = umm_earlier_finish(&append->earlier, err);
    return status ? status : umm_grow_commit(&append->grow, change_of(append, &last), err);
}

enum umm_status umm_append_prepare(struct umm_append *append, struct umm_error *err)
{
    struct umm_grow_change last;
    enum umm_status status = umm_earlier_finish(&append->earlier, err);
    append->grow.options.is_unsynced = !append->earlier.has_changed;
    return status ? status : umm_grow_prepare(&append->grow, change_of(append, &last), err);
}

enum umm_status umm_append_count(struct umm_append *append, struct umm_error *err)
{
    struct umm_grow_change last;
    enum umm_status status = umm_grow_count(&append->grow, change_of(append, &last), err);
    return status ? status : umm_file_check_named(append->grow.fd, append->grow.path, err);
}
