/* SPDX-License-Identifier: MIT */
/* The chosen rows as a view: shape, strides and offset for programs that map the file. */
#include "slice/slice.h"

#include "base/error.h"
#include "format/json.h"
#include "slice/slice_open.h"

/* dims as in umm_npy; strides and offset in bytes. */
struct view {
    unsigned n_dims;
    uint64_t shape[UMM_NPY_DIMS_MAX];
    int64_t strides[UMM_NPY_DIMS_MAX];
    uint64_t offset_bytes;
};

/* The whole array. */
static void view_all(const struct umm_npy *npy, struct view *view)
{
    int64_t stride = npy->type.size_bytes;
    view->n_dims = npy->n_dims;
    view->offset_bytes = npy->data_offset_bytes;
    for (unsigned i = 0; i < npy->n_dims; i++) {
        const unsigned dim = npy->is_fortran ? i : npy->n_dims - 1 - i;
        view->shape[dim] = npy->shape[dim];
        view->strides[dim] = stride;
        /* An empty array also has steps; what they are does not matter then. */
        stride *= npy->shape[dim] ? (int64_t)npy->shape[dim] : 1;
    }
}

/* One axis of a view from index `first` on: n of them, step apart. */
static void narrow(struct view *view, unsigned dim, uint64_t first, int64_t step, uint64_t n)
{
    view->offset_bytes += first * (uint64_t)view->strides[dim];
    view->shape[dim] = n;
    view->strides[dim] *= step;
}

static enum umm_status refuse(const struct umm_selection *selection, const char *why,
                              struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, selection->file->path,
                              "%s: that is no single view", why);
}

static enum umm_status narrow_columns(const struct umm_selection *selection, struct view *view,
                                      struct umm_error *err)
{
    const struct umm_selection_column *columns = selection->columns;
    const size_t n = selection->n_columns;
    if (selection->has_all_columns || selection->npy.is_struct)
        return UMM_OK;
    const int64_t step = n > 1 ? (int64_t)(columns[1].index - columns[0].index) : 1;
    for (size_t i = 1; i < n; i++)
        if ((int64_t)(columns[i].index - columns[i - 1].index) != step)
            return refuse(selection, "columns that are not evenly spaced", err);
    narrow(view, 1, columns[0].index, step, n);
    return UMM_OK;
}

static enum umm_status find_view(const struct umm_selection *selection, size_t n_ranges,
                                 struct view *view, struct umm_error *err)
{
    static const struct umm_rows none = {.step = 1};
    const struct umm_rows *rows = selection->n_runs ? selection->runs : &none;
    if (selection->file->archive)
        return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, selection->file->path,
                                  "is compressed: there are no rows to map");
    if (n_ranges > 1)
        return refuse(selection, "several ranges", err);
    view_all(&selection->file->npy, view);
    narrow(view, 0, rows->first, rows->step, rows->n);
    return narrow_columns(selection, view, err);
}

static void put_fields(struct umm_json *json, const struct umm_selection *selection)
{
    for (size_t i = 0; i < selection->n_columns; i++) {
        const struct umm_selection_column *chosen = &selection->columns[i];
        struct umm_json *field = umm_json_add_object(json, "fields");
        char type[UMM_NPY_TYPE_TEXT_MAX];
        umm_npy_type_text(&chosen->column.type, type);
        umm_json_put_text(field, "name", chosen->column.name);
        umm_json_put_text(field, "dtype", type);
        umm_json_put_count(field, "offset", chosen->file_offset_bytes);
    }
}

static enum umm_status print(const struct umm_selection *selection, const struct view *view,
                             char **text, size_t *len_bytes, struct umm_error *err)
{
    const uint64_t page_bytes = 4096; /* no map is aligned to more for certain */
    const uint64_t lowest = view->offset_bytes & (0 - view->offset_bytes);
    const struct umm_arrayfile *file = selection->file;
    char type[UMM_NPY_TYPE_TEXT_MAX];
    struct umm_json *json = umm_json_new();
    umm_npy_type_text(&file->npy.type, type);
    umm_json_put_text(json, "path", file->path);
    umm_json_put_text(json, "dtype", type);
    umm_json_put_count(json, "itemsize", file->npy.type.size_bytes);
    if (selection->npy.is_struct)
        put_fields(json, selection);
    for (unsigned i = 0; i < view->n_dims; i++)
        umm_json_add_integer(json, "shape", (int64_t)view->shape[i]);
    for (unsigned i = 0; i < view->n_dims; i++)
        umm_json_add_integer(json, "strides", view->strides[i]);
    umm_json_put_count(json, "offset", view->offset_bytes);
    umm_json_put_count(json, "alignment", lowest < page_bytes ? lowest : page_bytes);
    umm_json_put_count(json, "file_bytes", file->info.size_bytes);
    return umm_json_finish(json, false, text, len_bytes, err);
}

enum umm_status umm_slice_describe(const struct umm_slice_options *options, char **text,
                                   size_t *len_bytes, struct umm_error *err)
{
    struct umm_slice_source source;
    struct view view = {.n_dims = 0};
    enum umm_status status = umm_slice_source_open(&source, options, NULL, err);
    if (!status)
        status = find_view(&source.selection, options->n_ranges, &view, err);
    if (!status)
        status = print(&source.selection, &view, text, len_bytes, err);
    umm_slice_source_close(&source);
    return status;
}
