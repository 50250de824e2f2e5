/* SPDX-License-Identifier: MIT */
#include "preload/preload_job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "array/arrayfile.h"
#include "base/error.h"
#include "base/list.h"
#include "sys/file.h"
#include "sys/tree.h"

void umm_preload_fail(const struct umm_preload_options *options, struct umm_preload_file *file,
                      const struct umm_error *err)
{
    if (!file->is_failed && options->warn)
        options->warn(options->user, err);
    file->is_failed = true;
}

/* Behind the last byte that is wanted. */
static uint64_t end_of(const struct umm_preload_strips *strips)
{
    return strips->n ? strips->offset + (strips->n - 1) * strips->stride_bytes + strips->len_bytes
                     : 0;
}

enum umm_status umm_preload_open(const struct umm_preload_file *file, int *fd,
                                 struct umm_error *err)
{
    struct umm_file_info info;
    enum umm_status status = umm_file_open_read(file->path, fd, &info, err);
    if (status)
        return status;
    if (info.device != file->device || info.inode != file->inode)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, file->path,
                                    "was replaced by another file meanwhile");
    /* What was cut off would pass for a hole. */
    else if (info.size_bytes < end_of(&file->strips))
        status =
            umm_error_set_path(err, UMM_ERR_DATA, file->path, "file ends %" PRIu64 " bytes early",
                               end_of(&file->strips) - info.size_bytes);
    if (status)
        umm_file_close(fd);
    return status;
}

/* ---- which bytes -------------------------------------------------------------- */

static enum umm_status find_rows(const struct umm_arrayfile *array,
                                 const struct umm_preload_input *input, uint64_t *first,
                                 uint64_t *end, struct umm_error *err)
{
    struct umm_rows rows;
    if (!input->rows)
        return umm_timerange_rows(&input->times, array, first, end, err);
    enum umm_status status = umm_range_resolve(input->rows, array->n_rows, false, &rows, err);
    if (status)
        umm_error_at(err, array->path, 0, 0, 0);
    *first = rows.first;
    *end = rows.first + rows.n;
    return status;
}

/* The bytes of rows [first, end): in Fortran order they are apart, column by column. */
static struct umm_preload_strips strips_of(const struct umm_arrayfile *array, uint64_t first,
                                           uint64_t end)
{
    uint64_t size = array->npy.is_fortran ? array->npy.type.size_bytes : array->row_bytes;
    uint64_t n = size ? array->row_bytes / size : 0;
    return (struct umm_preload_strips){.offset = array->npy.data_offset_bytes + first * size,
                                       .len_bytes = (end - first) * size,
                                       .stride_bytes = array->n_rows * size,
                                       .n = end > first ? n : 0};
}

static enum umm_status select_rows(struct umm_preload_file *file,
                                   const struct umm_preload_input *input, struct umm_error *err)
{
    struct umm_arrayfile array;
    uint64_t first, end;
    enum umm_status status = umm_arrayfile_open(&array, file->path, err);
    if (status)
        return status;
    status = find_rows(&array, input, &first, &end, err);
    if (!status && (array.info.device != file->device || array.info.inode != file->inode))
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, file->path,
                                    "was replaced by another file meanwhile");
    if (!status)
        file->strips = strips_of(&array, first, end);
    umm_arrayfile_close(&array);
    return status;
}

/* ---- what is there ------------------------------------------------------------- */

static enum umm_status measure_strip(int fd, const char *path, uint64_t at, uint64_t end,
                                     struct umm_residency *sum, uint64_t *data_bytes,
                                     struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    uint64_t first, last;
    while (!status && umm_pagecache_next_data(fd, at, end, &first, &last)) {
        struct umm_residency part;
        status = umm_residency_query(fd, path, first, last - first, &part, err);
        umm_residency_add(sum, &part);
        *data_bytes += last - first;
        at = last;
    }
    return status;
}

enum umm_status umm_preload_measure(const struct umm_preload_file *file, int fd,
                                    struct umm_residency *residency, uint64_t *hole_bytes,
                                    struct umm_error *err)
{
    const struct umm_preload_strips *strips = &file->strips;
    uint64_t data_bytes = 0;
    enum umm_status status = umm_residency_query(fd, file->path, 0, 0, residency, err);
    bool is_by_nature = residency->is_by_nature;
    *residency = UMM_RESIDENCY_NONE;
    residency->is_by_nature = is_by_nature;
    for (uint64_t i = 0; !status && i < strips->n; i++) {
        uint64_t at = strips->offset + i * strips->stride_bytes;
        struct umm_residency part;
        if (!is_by_nature) {
            status = measure_strip(fd, file->path, at, at + strips->len_bytes, residency,
                                   &data_bytes, err);
            continue;
        }
        status = umm_residency_query(fd, file->path, at, strips->len_bytes, &part, err);
        umm_residency_add(residency, &part);
        data_bytes += strips->len_bytes;
    }
    if (hole_bytes)
        *hole_bytes = file->n_bytes > data_bytes ? file->n_bytes - data_bytes : 0;
    return status;
}

static enum umm_status examine(struct umm_preload_file *file, const struct umm_preload_input *input,
                               struct umm_error *err)
{
    struct umm_file_info info;
    int fd = -1;
    enum umm_status status = umm_file_open_read(file->path, &fd, &info, err);
    if (status)
        return status;
    file->device = info.device;
    file->inode = info.inode;
    file->strips =
        (struct umm_preload_strips){.len_bytes = info.size_bytes, .n = info.size_bytes ? 1 : 0};
    if (info.kind != UMM_FILE_REGULAR)
        status = umm_error_set_path(err, UMM_ERR_DATA, file->path, "is not a regular file");
    else if (input->rows || input->times.has_from || input->times.has_to)
        status = select_rows(file, input, err);
    file->n_bytes = file->strips.len_bytes * file->strips.n;
    if (!status)
        status = umm_preload_measure(file, fd, &file->before, &file->hole_bytes, err);
    file->after = file->before;
    file->is_partial = file->hole_bytes > 0 || file->n_bytes < info.size_bytes;
    umm_file_close(&fd);
    return status;
}

/* ---- which files ----------------------------------------------------------------- */

struct list {
    const struct umm_preload_options *options;
    struct umm_preload_result *result;
};

/* Takes path over. */
static enum umm_status add(struct list *list, const struct umm_preload_input *input, char *path,
                           struct umm_error *err)
{
    struct umm_preload_result *result = list->result;
    struct umm_error file_err = {.status = UMM_OK};
    struct umm_preload_file *files = umm_list_room(result->files, result->n_files, sizeof *files);
    if (!files) {
        free(path);
        return umm_error_set_memory(err, (result->n_files + 1) * sizeof *files,
                                    "the list of files");
    }
    result->files = files;
    struct umm_preload_file *file = &result->files[result->n_files++];
    *file = (struct umm_preload_file){.path = path, .is_device_known = true};
    if (examine(file, input, &file_err) != UMM_OK)
        umm_preload_fail(list->options, file, &file_err);
    return UMM_OK;
}

static enum umm_status add_copy(struct list *list, const struct umm_preload_input *input,
                                struct umm_error *err)
{
    char *path = strdup(input->path);
    if (!path)
        return umm_error_set_memory(err, strlen(input->path) + 1, "a file's name");
    return add(list, input, path, err);
}

/* What cannot be listed, the directory or something in it, counts as a file that failed. */
static enum umm_status add_tree(struct list *list, const struct umm_preload_input *input,
                                const struct umm_run *run, struct umm_error *err)
{
    struct umm_error tree_err = {.status = UMM_OK};
    struct umm_tree tree;
    enum umm_status status = umm_tree_list(&tree, input->path, ".npy", list->options->warn,
                                           list->options->user, &tree_err);
    list->result->n_failed += tree.n_failed;
    if (!status && tree.n_paths == 0 && tree.n_failed == 0)
        status = umm_error_set_path(&tree_err, UMM_ERR_DATA, input->path,
                                    "there is no .npy file in this directory");
    if (status) {
        if (list->options->warn)
            list->options->warn(list->options->user, &tree_err);
        list->result->n_failed++;
        return UMM_OK;
    }
    for (size_t i = 0; !status && i < tree.n_paths; i++) {
        char *path = tree.paths[i];
        tree.paths[i] = NULL;
        status = umm_run_is_cancelled(run) ? umm_error_set_cancelled(err) : UMM_OK;
        if (status)
            free(path);
        else
            status = add(list, input, path, err);
    }
    umm_tree_free(&tree);
    return status;
}

/* ---- files named again ------------------------------------------------------------- */

uint64_t umm_preload_data_bytes(const struct umm_preload_file *file)
{
    return file->n_bytes - file->hole_bytes;
}

bool umm_preload_counts(const struct umm_preload_file *file)
{
    return !file->is_failed && !file->is_repeated;
}

static int compare_counts(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* By what they are: the same bytes of the same file compare equal. */
static int compare_bytes(const struct umm_preload_file *a, const struct umm_preload_file *b)
{
    int order = compare_counts(a->device, b->device);
    order = order ? order : compare_counts(a->inode, b->inode);
    order = order ? order : compare_counts(a->strips.offset, b->strips.offset);
    order = order ? order : compare_counts(a->strips.len_bytes, b->strips.len_bytes);
    order = order ? order : compare_counts(a->strips.stride_bytes, b->strips.stride_bytes);
    return order ? order : compare_counts(a->strips.n, b->strips.n);
}

/* As qsort wants it: those that are the same in the order of the list. */
static int compare_files(const void *a, const void *b)
{
    struct umm_preload_file *const *file_a = a, *const *file_b = b;
    int order = compare_bytes(*file_a, *file_b);
    return order ? order : (*file_a > *file_b) - (*file_a < *file_b);
}

static enum umm_status mark_repeated(struct umm_preload_result *result, struct umm_error *err)
{
    size_t n = 0, first = 0;
    struct umm_preload_file **files = malloc((result->n_files + 1) * sizeof *files);
    if (!files)
        return umm_error_set_memory(err, (result->n_files + 1) * sizeof *files,
                                    "the list of files");
    for (size_t i = 0; i < result->n_files; i++)
        if (!result->files[i].is_failed)
            files[n++] = &result->files[i];
    qsort(files, n, sizeof *files, compare_files);
    for (size_t i = 1; i < n; i++) {
        files[i]->is_repeated = compare_bytes(files[first], files[i]) == 0;
        if (files[i]->is_repeated)
            files[i]->first = (size_t)(files[first] - result->files);
        else
            first = i;
    }
    free(files);
    return UMM_OK;
}

enum umm_status umm_preload_list_files(const struct umm_preload_options *options,
                                       const struct umm_run *run, struct umm_preload_result *result,
                                       struct umm_error *err)
{
    struct list list = {.options = options, .result = result};
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < options->n_inputs; i++) {
        const struct umm_preload_input *input = &options->inputs[i];
        struct umm_file_info info;
        bool is_directory =
            umm_file_stat(input->path, &info, NULL) == UMM_OK && info.kind == UMM_FILE_DIRECTORY;
        if (umm_run_is_cancelled(run))
            status = umm_error_set_cancelled(err);
        else
            status = is_directory ? add_tree(&list, input, run, err) : add_copy(&list, input, err);
    }
    return status ? status : mark_repeated(result, err);
}
