/* SPDX-License-Identifier: MIT */
#include "array/selection.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* ---- rows ------------------------------------------------------------------------- */

static enum umm_status choose_rows(struct umm_selection *selection,
                                   const struct umm_selection_options *options,
                                   struct umm_error *err)
{
    static const struct umm_range all = {.step = 1};
    const struct umm_range *ranges = options->n_ranges ? options->ranges : &all;
    const size_t n_ranges = options->n_ranges ? options->n_ranges : 1;
    selection->runs = calloc(n_ranges, sizeof *selection->runs);
    if (!selection->runs)
        return umm_error_set_memory(err, n_ranges * sizeof *selection->runs, "ranges");
    for (size_t i = 0; i < n_ranges; i++) {
        struct umm_rows *rows = &selection->runs[selection->n_runs];
        enum umm_status status =
            umm_range_resolve(&ranges[i], options->n_window, options->is_strict, rows, err);
        if (status) {
            umm_error_at(err, selection->file->path, 0, 0, 0);
            return status;
        }
        rows->first += options->window_first;
        selection->n_rows += rows->n;
        selection->n_runs += rows->n > 0;
        /* Each addend is below 2^63. */
        if (selection->n_rows > INT64_MAX)
            return umm_error_set(err, UMM_ERR_UNSUPPORTED, "more rows than a file can have");
    }
    return UMM_OK;
}

/* ---- columns ---------------------------------------------------------------------- */

/* A name, or else a number from 0: a name that looks like one is a name. */
static enum umm_status find_column(const struct umm_arrayfile *file, const char *text,
                                   uint64_t *index, struct umm_error *err)
{
    const uint64_t n_columns = umm_arrayfile_column_count(file);
    const size_t len = strlen(text), len_max = 18; /* below 2^63 */
    enum umm_status status = umm_arrayfile_find_column(file, text, index, err);
    if (!status || len == 0 || len > len_max || strspn(text, "0123456789") != len)
        return status;
    uint64_t number = 0;
    for (const char *p = text; *p; p++)
        number = number * 10 + (uint64_t)(*p - '0');
    if (number >= n_columns)
        return umm_error_set_path(err, UMM_ERR_DATA, file->path,
                                  "no column %" PRIu64 ": there are %" PRIu64 ", from 0 on", number,
                                  n_columns);
    *index = number;
    return UMM_OK;
}

static void add_column(struct umm_selection *selection, uint64_t index)
{
    struct umm_selection_column *added = &selection->columns[selection->n_columns++];
    umm_arrayfile_column(selection->file, index, &added->column);
    added->index = index;
    added->file_offset_bytes = added->column.offset_bytes;
    if (selection->has_all_columns)
        return; /* with the padding, if there is some */
    added->column.offset_bytes = selection->row_bytes;
    selection->row_bytes += added->column.type.size_bytes;
}

static enum umm_status allocate_columns(struct umm_selection *selection, uint64_t n,
                                        struct umm_error *err)
{
    if (n > SIZE_MAX / sizeof *selection->columns)
        return umm_error_set_memory(err, SIZE_MAX, "columns");
    selection->columns = calloc(n ? (size_t)n : 1, sizeof *selection->columns);
    if (!selection->columns)
        return umm_error_set_memory(err, (size_t)n * sizeof *selection->columns, "columns");
    return UMM_OK;
}

/* list is cut into its names. */
static enum umm_status choose_listed(struct umm_selection *selection, char *list,
                                     struct umm_error *err)
{
    size_t n = 1;
    for (const char *p = list; *p; p++)
        n += *p == ',';
    enum umm_status status = allocate_columns(selection, n, err);
    for (char *name = list, *comma; !status && name; name = comma) {
        uint64_t index;
        comma = strchr(name, ',');
        if (comma)
            *comma++ = '\0';
        status = find_column(selection->file, name, &index, err);
        if (!status)
            add_column(selection, index);
    }
    return status;
}

static enum umm_status choose_columns(struct umm_selection *selection, const char *columns,
                                      struct umm_error *err)
{
    const struct umm_arrayfile *file = selection->file;
    const uint64_t n_columns = umm_arrayfile_column_count(file);
    selection->has_all_columns = columns == NULL;
    if (!columns) {
        selection->row_bytes = file->row_bytes;
        if (n_columns > UMM_SELECTION_COLUMNS_MAX)
            return UMM_OK;
        enum umm_status status = allocate_columns(selection, n_columns, err);
        for (uint64_t i = 0; !status && i < n_columns; i++)
            add_column(selection, i);
        return status;
    }
    if (n_columns == 0 || (file->npy.n_dims == 1 && !file->npy.is_struct))
        return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, file->path,
                                  "columns can be chosen of two dimensions or of records only");
    char *list = strdup(columns);
    if (!list)
        return umm_error_set_memory(err, strlen(columns) + 1, "columns");
    enum umm_status status = choose_listed(selection, list, err);
    free(list);
    return status;
}

/* ---- what it is as an array ------------------------------------------------------- */

/* Records of the chosen fields; a field that is chosen twice cannot be in one. */
static enum umm_status describe_fields(struct umm_selection *selection, struct umm_error *err)
{
    struct umm_npy *npy = &selection->npy;
    npy->fields = NULL;
    npy->n_fields = 0;
    npy->is_struct = false;
    npy->type.size_bytes = 0;
    selection->is_fields_owned = true;
    for (size_t i = 0; i < selection->n_columns; i++) {
        const struct umm_arraycolumn *column = &selection->columns[i].column;
        enum umm_status status = umm_npy_add_field(npy, column->name, &column->type, err);
        if (status)
            return status;
        for (size_t k = 0; k < i; k++) {
            char shown[UMM_EXCERPT_MAX];
            if (selection->columns[k].index != selection->columns[i].index)
                continue;
            umm_escape(shown, sizeof shown, column->name, strlen(column->name));
            return umm_error_set_path(err, UMM_ERR_DATA, selection->file->path,
                                      "column \"%s\" is chosen twice", shown);
        }
    }
    return UMM_OK;
}

static enum umm_status describe(struct umm_selection *selection, struct umm_error *err)
{
    struct umm_npy *npy = &selection->npy;
    uint64_t len_bytes;
    *npy = selection->file->npy;
    npy->major = 0;
    npy->is_fortran = false;
    npy->data_offset_bytes = 0;
    npy->shape[0] = selection->n_rows;
    if (!selection->has_all_columns) {
        if (npy->is_struct) {
            enum umm_status status = describe_fields(selection, err);
            if (status)
                return status;
        } else if (npy->n_dims == 2) {
            npy->shape[1] = selection->n_columns;
        }
    }
    if (__builtin_mul_overflow(selection->n_rows, selection->row_bytes, &len_bytes) ||
        len_bytes > INT64_MAX - UMM_NPY_HEADER_MAX)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                             "what is chosen is more than a file can hold");
    return UMM_OK;
}

/* ---- lifecycle -------------------------------------------------------------------- */

enum umm_status umm_selection_open(struct umm_selection *selection,
                                   const struct umm_arrayfile *file,
                                   const struct umm_selection_options *options,
                                   struct umm_error *err)
{
    *selection = (struct umm_selection){.file = file,
                                        .context = options->run,
                                        .is_order_checked = options->is_order_checked,
                                        .window_first = options->window_first,
                                        .n_window = options->n_window};
    enum umm_status status = choose_rows(selection, options, err);
    if (!status)
        status = choose_columns(selection, options->columns, err);
    return status ? status : describe(selection, err);
}

void umm_selection_close(struct umm_selection *selection)
{
    free(selection->runs);
    free(selection->columns);
    free(selection->raw);
    free(selection->block);
    free(selection->places);
    free(selection->times);
    if (selection->is_fields_owned)
        umm_npy_free(&selection->npy);
    memset(selection, 0, sizeof *selection);
}

bool umm_selection_is_plain_run(const struct umm_selection *selection, size_t i, uint64_t *offset,
                                uint64_t *len_bytes)
{
    const struct umm_arrayfile *file = selection->file;
    const struct umm_rows *run = &selection->runs[i];
    const bool is_gathered = file->npy.is_fortran && file->row_bytes != file->npy.type.size_bytes;
    if (!selection->has_all_columns || is_gathered || run->step != 1 ||
        selection->is_order_checked || file->archive)
        return false;
    *offset = file->npy.data_offset_bytes + run->first * file->row_bytes;
    *len_bytes = run->n * file->row_bytes;
    return true;
}
