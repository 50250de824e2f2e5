/* SPDX-License-Identifier: MIT */
/* Arrays that a C program writes, as umm.h has them: a fresh one, or more rows for one. */
#include <stdlib.h>
#include <string.h>

#include "array/grow.h"
#include "array/writer.h"
#include "base/error.h"

struct umm_array_writer {
    char *path;
    struct umm_npy npy; /* of a fresh array */
    bool is_append, is_committed;
    struct umm_writer fresh;
    struct umm_grow grown;
};

/* A writer that has its path, and of the layout, if there is one, the type of its rows. */
static enum umm_status new_writer(const char *path, const struct umm_array_layout *layout,
                                  struct umm_array_writer **writer, struct umm_error *err)
{
    *writer = calloc(1, sizeof **writer);
    if (!*writer)
        return umm_error_set_memory(err, sizeof **writer, "an array");
    (*writer)->grown.fd = -1;
    (*writer)->path = strdup(path);
    if (!(*writer)->path)
        return umm_error_set_memory(err, strlen(path), "a file's name");
    return layout ? umm_npy_of_layout(layout, 0, &(*writer)->npy, err) : UMM_OK;
}

/* None, after a failure. */
static enum umm_status opened(struct umm_array_writer **writer, enum umm_status status)
{
    if (status) {
        umm_array_writer_close(*writer);
        *writer = NULL;
    }
    return status;
}

enum umm_status umm_array_create(const char *path, const struct umm_array_layout *layout,
                                 struct umm_run *run, struct umm_array_writer **writer,
                                 struct umm_error *err)
{
    enum umm_status status = new_writer(path, layout, writer, err);
    if (!status) {
        const struct umm_writer_options options = {.path = (*writer)->path};
        status = umm_writer_open(&(*writer)->fresh, &options, &(*writer)->npy, run, err);
    }
    return opened(writer, status);
}

enum umm_status umm_array_append(const char *path, const struct umm_array_layout *layout,
                                 struct umm_run *run, struct umm_array_writer **writer,
                                 struct umm_error *err)
{
    enum umm_status status = new_writer(path, layout, writer, err);
    if (!status) {
        struct umm_array_writer *w = *writer;
        const struct umm_grow_options options = {.is_unsynced = false};
        w->is_append = true;
        status = umm_grow_open_locked(&w->grown, w->path, layout ? &w->npy : NULL, &options,
                                      UMM_LOCK_FAIL, run, err);
    }
    return opened(writer, status);
}

static enum umm_status check_open(const struct umm_array_writer *writer, struct umm_error *err)
{
    if (!writer->is_committed)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_ARGUMENT, writer->path,
                              "is complete: a new array has one commit");
}

enum umm_status umm_array_push(struct umm_array_writer *writer, const void *rows, size_t n_rows,
                               struct umm_error *err)
{
    if (writer->is_append)
        return umm_grow_push(&writer->grown, rows, n_rows, err);
    enum umm_status status = check_open(writer, err);
    return status ? status : umm_rowfile_push_many(&writer->fresh.rows, rows, n_rows, err);
}

enum umm_status umm_array_commit(struct umm_array_writer *writer, struct umm_error *err)
{
    const struct umm_outfile_options options = {.is_synced = true};
    if (writer->is_append)
        return umm_grow_commit(&writer->grown, NULL, err);
    enum umm_status status = check_open(writer, err);
    if (!status)
        status = umm_writer_finish(&writer->fresh, false, err);
    if (!status)
        status = umm_writer_commit(&writer->fresh, &options, NULL, err);
    writer->is_committed = true;
    return status;
}

void umm_array_writer_close(struct umm_array_writer *writer)
{
    if (!writer)
        return;
    if (writer->is_append)
        umm_grow_close(&writer->grown);
    else
        umm_writer_close(&writer->fresh);
    umm_npy_free(&writer->npy);
    free(writer->path);
    free(writer);
}
