/* SPDX-License-Identifier: MIT */
/* Mapped arrays and their views, as umm.h has them. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "array/arrayfile.h"
#include "base/error.h"
#include "format/arraycolumn.h"
#include "pool/pool.h"
#include "sys/file.h"
#include "sys/map.h"
#include "sys/pages.h"
#include "thread/mutex.h"

_Static_assert((int)UMM_ARRAY_DIMS_MAX == UMM_NPY_DIMS_MAX, "one limit");
_Static_assert((int)UMM_ARRAY_TYPE_MAX == UMM_NPY_TYPE_TEXT_MAX, "one limit");

/* The rows of an archive: each frame's are unpacked when the first view has one of them. */
struct unpacked {
    struct umm_arrayfile file;
    struct umm_mutex mutex; /* of what follows, and of file */
    char *rows;
    uint64_t step_rows;
    bool *has_step;
};

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
    struct unpacked *unpacked; /* NULL unless it is an archive */
};

/* ---- open and close --------------------------------------------------------------- */

/* What *npy says of it, which is taken over. */
static void take_npy(struct umm_array *array, struct umm_npy *npy)
{
    array->npy = *npy;
    *npy = (struct umm_npy){0};
    array->n_rows = array->npy.shape[0];
    array->is_fortran = array->npy.is_fortran && array->npy.n_dims > 1;
    array->stride_bytes =
        array->is_fortran ? array->npy.type.size_bytes : umm_npy_row_bytes(&array->npy);
}

/* The file may be closed again: the mapping keeps it. */
static enum umm_status map_rows(struct umm_array *array, int fd, struct umm_npy *npy,
                                struct umm_error *err)
{
    uint64_t end = npy->data_offset_bytes + umm_npy_data_bytes(npy);
    enum umm_status status = umm_map_open(&array->map, fd, array->path, end, false, err);
    if (!status)
        status = umm_map_open(&array->probes, fd, array->path, end, false, err);
    if (status)
        return status;
    umm_map_expect_random(&array->probes);
    take_npy(array, npy);
    array->data = array->map.bytes + array->npy.data_offset_bytes;
    return UMM_OK;
}

/* Room for all rows, which takes no memory before it is written; *file is taken over. */
static enum umm_status make_room(struct umm_array *array, struct umm_arrayfile *file,
                                 struct umm_error *err)
{
    const uint64_t step = file->archive->rows_per_frame;
    const uint64_t n_bytes = file->n_rows * file->row_bytes;
    struct unpacked *unpacked = calloc(1, sizeof *unpacked);
    array->unpacked = unpacked;
    if (!unpacked)
        return umm_error_set_memory(err, sizeof *unpacked, "an archive's rows");
    umm_mutex_init(&unpacked->mutex, true);
    unpacked->file = *file;
    *file = (struct umm_arrayfile){.fd = -1};
    unpacked->step_rows = step;
    unpacked->rows = umm_pages_room((size_t)n_bytes + 1);
    unpacked->has_step = calloc((size_t)(unpacked->file.n_rows / step) + 1, 1);
    if (!unpacked->rows || !unpacked->has_step)
        return umm_error_set_memory(err, (size_t)n_bytes, "an archive's rows");
    take_npy(array, &unpacked->file.npy);
    array->data = unpacked->rows;
    return UMM_OK;
}

static enum umm_status open_file(struct umm_array *array, struct umm_error *err)
{
    struct umm_arrayfile file;
    enum umm_status status = umm_arrayfile_open(&file, array->path, err);
    if (!status)
        status =
            file.archive ? make_room(array, &file, err) : map_rows(array, file.fd, &file.npy, err);
    umm_arrayfile_close(&file);
    return status;
}

/* An array that has its path, and nothing else. */
static enum umm_status new_array(const char *path, struct umm_array **array, struct umm_error *err)
{
    *array = calloc(1, sizeof **array);
    if (!*array)
        return umm_error_set_memory(err, sizeof **array, "an array");
    (*array)->path = strdup(path);
    return (*array)->path ? UMM_OK : umm_error_set_memory(err, strlen(path), "a file's name");
}

/* None, after a failure. */
static enum umm_status opened(struct umm_array **array, enum umm_status status)
{
    if (status) {
        umm_array_close(*array);
        *array = NULL;
    }
    return status;
}

enum umm_status umm_array_open(const char *path, struct umm_array **array, struct umm_error *err)
{
    enum umm_status status = new_array(path, array, err);
    if (!status)
        status = open_file(*array, err);
    return opened(array, status);
}

enum umm_status umm_pool_get(const struct umm_pool *pool, const char *key, struct umm_array **array,
                             struct umm_error *err)
{
    struct umm_npy npy = {0};
    struct umm_error why = {.status = UMM_OK};
    char *path = NULL;
    int fd = -1;
    *array = NULL;
    enum umm_status status = umm_pool_entry_path(pool, key, &path, err);
    if (!status)
        status = new_array(path, array, err);
    if (!status) {
        status = umm_pool_open_entry(pool, key, &fd, &npy, &why);
        if (status && why.sys_errno == ENOENT)
            status = umm_error_set_path(&why, UMM_ERR_ABSENT, path, "there is no such entry");
        if (!status && npy.n_dims == 0)
            status = umm_error_set_path(&why, UMM_ERR_UNSUPPORTED, path,
                                        "is a single element: it has no rows");
        if (!status)
            status = map_rows(*array, fd, &npy, &why);
        if (status && err)
            *err = why;
    }
    umm_file_close(&fd);
    umm_npy_free(&npy);
    free(path);
    return opened(array, status);
}

void umm_array_close(struct umm_array *array)
{
    if (!array)
        return;
    umm_map_close(&array->map);
    umm_map_close(&array->probes);
    if (array->unpacked) {
        umm_arrayfile_close(&array->unpacked->file);
        umm_mutex_free(&array->unpacked->mutex);
        free(array->unpacked->rows);
        free(array->unpacked->has_step);
        free(array->unpacked);
    }
    umm_npy_free(&array->npy);
    free(array->path);
    free(array);
}

void umm_array_expect_random(struct umm_array *array)
{
    if (!array->unpacked)
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
    enum { UNPACKED_ALIGN = 16 }; /* of malloc */
    const size_t page = 4096;
    const struct umm_npy *npy = &array->npy;
    size_t offset = (size_t)npy->data_offset_bytes | page; /* the map begins at a page */
    if (array->unpacked)
        offset = UNPACKED_ALIGN;
    *info = (struct umm_array_info){.data = array->unpacked ? NULL : array->data,
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

/* See to it that rows first to end - 1 are there. */
static enum umm_status unpack(const struct umm_array *array, uint64_t first, uint64_t end,
                              struct umm_error *err)
{
    struct unpacked *unpacked = array->unpacked;
    const uint64_t step = unpacked->step_rows;
    enum umm_status status = UMM_OK;
    umm_mutex_lock(&unpacked->mutex);
    for (uint64_t i = first / step; !status && i * step < end; i++) {
        uint64_t left = array->n_rows - i * step;
        if (unpacked->has_step[i])
            continue;
        status = umm_arrayfile_read(&unpacked->file, i * step, left < step ? left : step,
                                    unpacked->rows + i * step * array->stride_bytes, err);
        unpacked->has_step[i] = status == UMM_OK;
    }
    umm_mutex_unlock(&unpacked->mutex);
    return status;
}

enum umm_status umm_array_view(const struct umm_array *array, uint64_t first, uint64_t end,
                               struct umm_view *view, struct umm_error *err)
{
    if (first > end || end > array->n_rows)
        return refuse_rows(array, first, end, err);
    enum umm_status status =
        array->unpacked && first < end ? unpack(array, first, end, err) : UMM_OK;
    if (status)
        return status;
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
    enum umm_status status =
        probe->array->unpacked ? unpack(probe->array, row, row + 1, err) : UMM_OK;
    return status ? status : umm_arraycolumn_time(&probe->column, value, row, out, err);
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
        array->unpacked ? array->data : array->probes.bytes + array->npy.data_offset_bytes;
    probe.values += offset_of(array, &probe.column);
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
