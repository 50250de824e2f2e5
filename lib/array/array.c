/* SPDX-License-Identifier: MIT */
/* Mapped arrays and their views, as umm.h has them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "array/arrayfile.h"
#include "base/error.h"
#include "format/arraycolumn.h"
#include "sys/map.h"

_Static_assert((int)UMM_ARRAY_DIMS_MAX == UMM_NPY_DIMS_MAX, "one limit");
_Static_assert((int)UMM_ARRAY_TYPE_MAX == UMM_NPY_TYPE_TEXT_MAX, "one limit");

/* Found once, so that a view is arithmetic. */
struct umm_array {
    struct umm_npy npy;
    struct umm_map map;
    struct umm_map probes; /* the same, for searches: their touches lie far apart */
    const char *data;
    uint64_t n_rows;
    uint64_t stride_bytes; /* from row to row */
    bool is_fortran;       /* and it makes a difference */
    char *path;
};

/* ---- open and close --------------------------------------------------------------- */

/* The file is closed again: the mapping keeps it. */
static enum umm_status open_file(struct umm_array *array, struct umm_error *err)
{
    struct umm_arrayfile file;
    enum umm_status status = umm_arrayfile_open(&file, array->path, err);
    if (!status && file.archive)
        status = umm_error_set_path(err, UMM_ERR_UNSUPPORTED, array->path,
                                    "is compressed: it cannot be mapped");
    if (status) {
        umm_arrayfile_close(&file);
        return status;
    }
    uint64_t end = file.npy.data_offset_bytes + umm_npy_data_bytes(&file.npy);
    status = umm_map_open(&array->map, file.fd, array->path, end, err);
    if (!status)
        status = umm_map_open(&array->probes, file.fd, array->path, end, err);
    if (!status) {
        umm_map_expect_random(&array->probes);
        array->npy = file.npy;
        file.npy = (struct umm_npy){0};
        array->n_rows = file.n_rows;
        array->is_fortran = array->npy.is_fortran && array->npy.n_dims > 1;
        array->stride_bytes = array->is_fortran ? array->npy.type.size_bytes : file.row_bytes;
        array->data = array->map.bytes + array->npy.data_offset_bytes;
    }
    umm_arrayfile_close(&file);
    return status;
}

enum umm_status umm_array_open(const char *path, struct umm_array **array, struct umm_error *err)
{
    struct umm_array *new = calloc(1, sizeof *new);
    *array = NULL;
    if (!new)
        return umm_error_set_memory(err, sizeof *new, "an array");
    new->path = strdup(path);
    enum umm_status status =
        new->path ? open_file(new, err) : umm_error_set_memory(err, strlen(path), "a file's name");
    if (status) {
        umm_array_close(new);
        return status;
    }
    *array = new;
    return UMM_OK;
}

void umm_array_close(struct umm_array *array)
{
    if (!array)
        return;
    umm_map_close(&array->map);
    umm_map_close(&array->probes);
    umm_npy_free(&array->npy);
    free(array->path);
    free(array);
}

void umm_array_expect_random(struct umm_array *array)
{
    umm_map_expect_random(&array->map);
}

/* ---- what it is ------------------------------------------------------------------- */

/* Each axis steps over all that run faster: the later ones, or in Fortran the earlier. */
static void fill_strides(const struct umm_npy *npy, uint64_t *strides_bytes)
{
    uint64_t stride = npy->type.size_bytes;
    for (unsigned i = 0; i < npy->n_dims; i++) {
        unsigned axis = npy->is_fortran ? i : npy->n_dims - 1 - i;
        strides_bytes[axis] = stride;
        stride *= npy->shape[axis];
    }
}

void umm_array_describe(const struct umm_array *array, struct umm_array_info *info)
{
    const size_t page = 4096;
    const struct umm_npy *npy = &array->npy;
    size_t offset = (size_t)npy->data_offset_bytes | page; /* the map begins at a page */
    *info = (struct umm_array_info){.data = array->data,
                                    .data_bytes = umm_npy_data_bytes(npy),
                                    .n_rows = array->n_rows,
                                    .row_bytes = umm_npy_row_bytes(npy),
                                    .n_columns = umm_arraycolumn_count(npy),
                                    .align_bytes = offset & (~offset + 1),
                                    .is_record = npy->is_struct,
                                    .is_fortran = array->is_fortran,
                                    .n_dims = npy->n_dims};
    umm_npy_type_text(&npy->type, info->type);
    memcpy(info->shape, npy->shape, npy->n_dims * sizeof *npy->shape);
    fill_strides(npy, info->strides_bytes);
}

/* Errors about the content name the file. */
static enum umm_status about(const struct umm_array *array, enum umm_status status,
                             struct umm_error *err)
{
    umm_error_at(err, array->path, 0, 0, 0);
    return status;
}

/* ---- views ------------------------------------------------------------------------ */

static enum umm_status refuse_rows(const struct umm_array *array, uint64_t first, uint64_t end,
                                   struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_ARGUMENT, array->path,
                              "rows %" PRIu64 " to %" PRIu64 " are not within its %" PRIu64, first,
                              end, array->n_rows);
}

enum umm_status umm_array_view(const struct umm_array *array, uint64_t first, uint64_t end,
                               struct umm_view *view, struct umm_error *err)
{
    if (first > end || end > array->n_rows)
        return refuse_rows(array, first, end, err);
    view->data = array->data + first * array->stride_bytes;
    view->first_row = first;
    view->n_rows = end - first;
    view->stride_bytes = array->stride_bytes;
    return UMM_OK;
}

/* From data to a column's value in row 0. */
static uint64_t offset_of(const struct umm_array *array, const struct umm_arraycolumn *column)
{
    return array->is_fortran ? column->offset_bytes * array->n_rows : column->offset_bytes;
}

struct probe {
    const struct umm_array *array;
    struct umm_arraycolumn column;
    const char *values;
};

static enum umm_status probe_row(void *user, uint64_t row, struct umm_time *out,
                                 struct umm_error *err)
{
    const struct probe *probe = user;
    const char *value = probe->values + row * probe->array->stride_bytes;
    enum umm_time_result result = umm_arraycolumn_read_time(&probe->column, value, out);
    if (result == UMM_TIME_OK)
        return UMM_OK;
    return umm_arraycolumn_refuse_time(&probe->column, row, result, err);
}

enum umm_status umm_array_view_time(const struct umm_array *array, const struct umm_time *from,
                                    const struct umm_time *to, struct umm_view *view,
                                    struct umm_error *err)
{
    struct probe probe = {.array = array};
    uint64_t index, first = 0, end = array->n_rows;
    enum umm_status status = umm_arraycolumn_find_time(&array->npy, &index, err);
    if (status)
        return about(array, status, err);
    umm_arraycolumn_get(&array->npy, index, &probe.column);
    probe.values =
        array->probes.bytes + array->npy.data_offset_bytes + offset_of(array, &probe.column);
    if (from)
        status = umm_arraycolumn_search(probe_row, &probe, array->n_rows, from, &first, err);
    if (!status && to)
        status = umm_arraycolumn_search(probe_row, &probe, array->n_rows, to, &end, err);
    if (status)
        return about(array, status, err);
    return umm_array_view(array, first, end < first ? first : end, view, err);
}

/* ---- columns ---------------------------------------------------------------------- */

enum umm_status umm_array_column_at(const struct umm_array *array, uint64_t index,
                                    struct umm_array_column *column, struct umm_error *err)
{
    struct umm_arraycolumn found;
    uint64_t n = umm_arraycolumn_count(&array->npy);
    if (index >= n)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, array->path,
                                  "no column %" PRIu64 ": it has %" PRIu64, index, n);
    umm_arraycolumn_get(&array->npy, index, &found);
    *column = (struct umm_array_column){.offset_bytes = offset_of(array, &found),
                                        .size_bytes = found.type.size_bytes};
    umm_npy_type_text(&found.type, column->type);
    return UMM_OK;
}

enum umm_status umm_array_find_column(const struct umm_array *array, const char *name,
                                      const char *type, struct umm_array_column *column,
                                      struct umm_error *err)
{
    struct umm_array_column found;
    uint64_t index;
    enum umm_status status = umm_arraycolumn_find(&array->npy, name, &index, err);
    if (status)
        return about(array, status, err);
    status = umm_array_column_at(array, index, &found, err);
    if (!status && type && strcmp(found.type, type) != 0) {
        char shown[UMM_EXCERPT_MAX];
        umm_escape(shown, sizeof shown, name, strlen(name));
        return umm_error_set_path(err, UMM_ERR_DATA, array->path, "column \"%s\" is %s, not %s",
                                  shown, found.type, type);
    }
    if (!status)
        *column = found;
    return status;
}
