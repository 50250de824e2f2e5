/* SPDX-License-Identifier: MIT */
#include "rowjob/resultwriter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/file.h"

enum {
    TEXT_BYTES = 256 * 1024,
    AGAIN_BYTES_MAX = 256 * 1024 * 1024 /* rows of a killed run that changed since */
};

static const char *path_of(const struct umm_resultwriter *writer)
{
    return writer->options->path;
}

static size_t row_bytes_of(const struct umm_resultwriter *writer)
{
    return writer->row_bytes;
}

static bool is_array(const struct umm_resultwriter *writer)
{
    return writer->options->format == UMM_RESULT_NPY;
}

enum umm_status umm_resultwriter_find_way(struct umm_resultwriter_options *options,
                                          const struct umm_result_intent *intent,
                                          struct umm_error *err)
{
    const bool is_known = intent->is_append && intent->has_state;
    bool is_there = false;
    struct umm_file_info info = {.kind = UMM_FILE_STREAM};
    if (intent->is_append && !intent->has_state && !intent->is_rebuild) {
        enum umm_status status = umm_file_find(options->path, &is_there, &info, err);
        if (status)
            return status;
    }
    const bool has_rows = is_there && info.kind == UMM_FILE_REGULAR && info.size_bytes > 0;
    options->way = intent->is_verify      ? UMM_RESULT_COMPARE
                   : is_known || has_rows ? UMM_RESULT_GROW
                                          : UMM_RESULT_FRESH;
    options->n_loose = is_known ? UINT64_MAX : 1;
    return UMM_OK;
}

struct umm_resultwriter umm_resultwriter_none(void)
{
    return (struct umm_resultwriter){.grow = {.fd = -1}, .old = {.fd = -1}};
}

/* ---- opening --------------------------------------------------------------------- */

static enum umm_status open_fresh(struct umm_resultwriter *writer, struct umm_error *err)
{
    const struct umm_resultwriter_options *o = writer->options;
    const struct umm_writer_options array = {.path = o->path,
                                             .pool_root = o->pool_root,
                                             .scratch_dir = o->scratch_dir,
                                             .is_swept = o->is_swept};
    return is_array(writer) ? umm_writer_open(&writer->fresh, &array, o->npy, writer->run, err)
                            : umm_output_open(&writer->output, o->path, o->pool_root, 0,
                                              o->is_swept, writer->run, err);
}

/* Room for the last rows, and for text with the line of names: it goes out with the first rows. */
static enum umm_status make_room(struct umm_resultwriter *writer, struct umm_error *err)
{
    const struct umm_resultwriter_options *o = writer->options;
    const bool is_text = o->format == UMM_RESULT_CSV;
    const size_t used = is_text ? strlen(o->header) : 0;
    const size_t cap = is_text ? TEXT_BYTES + used + o->line_max : 0;
    writer->row_bytes = (size_t)umm_npy_row_bytes(o->npy);
    writer->tail = malloc(UMM_RESULT_TAIL_ROWS * writer->row_bytes);
    writer->text = malloc(cap + 1);
    if (!writer->text || !writer->tail)
        return umm_error_set_memory(err, cap + UMM_RESULT_TAIL_ROWS * writer->row_bytes,
                                    "rows of results");
    if (used)
        memcpy(writer->text, o->header, used);
    writer->used_bytes = used;
    return UMM_OK;
}

static enum umm_status check_columns(const struct umm_resultwriter *writer,
                                     const struct umm_npy *has, struct umm_error *err)
{
    if (umm_npy_same_type(has, writer->options->npy) && !has->is_fortran)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path_of(writer),
                              "the array has other columns than the results");
}

static enum umm_status open_grown(struct umm_resultwriter *writer, struct umm_error *err)
{
    const struct umm_resultwriter_options *o = writer->options;
    const struct umm_grow_options options = {.is_tail_kept = true};
    enum umm_status status =
        umm_grow_open(&writer->grow, o->path, o->npy, &options, writer->run, err);
    /* Of many columns, without their names. */
    if (status == UMM_ERR_CONFLICT && writer->grow.header)
        (void)!check_columns(writer, &writer->grow.npy, err);
    writer->n_old = writer->n_rows = writer->grow.n_old;
    return status;
}

static enum umm_status open_compared(struct umm_resultwriter *writer, struct umm_error *err)
{
    enum umm_status status = umm_arrayfile_open(&writer->old, path_of(writer), err);
    if (!status)
        status = check_columns(writer, &writer->old.npy, err);
    writer->n_old = writer->n_rows = writer->old.n_rows;
    return status;
}

enum umm_status umm_resultwriter_open(struct umm_resultwriter *writer,
                                      const struct umm_resultwriter_options *options,
                                      struct umm_run *run, struct umm_error *err)
{
    *writer = umm_resultwriter_none();
    writer->options = options;
    writer->run = run;
    enum umm_status status = make_room(writer, err);
    if (status)
        return status;
    if (options->way == UMM_RESULT_FRESH)
        return open_fresh(writer, err);
    return options->way == UMM_RESULT_GROW ? open_grown(writer, err) : open_compared(writer, err);
}

void umm_resultwriter_close(struct umm_resultwriter *writer)
{
    umm_grow_close(&writer->grow);
    umm_arrayfile_close(&writer->old);
    umm_writer_close(&writer->fresh);
    umm_output_abort(&writer->output);
    free(writer->text);
    free(writer->tail);
    free(writer->again);
    *writer = umm_resultwriter_none();
}

/* ---- rows that are there --------------------------------------------------------- */

/* n rows from row first on, all among the old ones, into out. */
static enum umm_status read_old(const struct umm_resultwriter *writer, uint64_t first, size_t n,
                                char *out, struct umm_error *err)
{
    return writer->options->way == UMM_RESULT_GROW
               ? umm_rowfile_read(&writer->grow.rows, first, n, out, err)
               : umm_arrayfile_read(&writer->old, first, n, out, err);
}

enum umm_status umm_resultwriter_keep(struct umm_resultwriter *writer, uint64_t n_kept,
                                      struct umm_error *err)
{
    const size_t n = n_kept < UMM_RESULT_TAIL_ROWS ? (size_t)n_kept : UMM_RESULT_TAIL_ROWS;
    writer->n_rows = n_kept;
    writer->n_tail = n;
    return read_old(writer, n_kept - n, n, writer->tail, err);
}

static void remember_tail(struct umm_resultwriter *writer, const char *rows, size_t n)
{
    const size_t size = row_bytes_of(writer), cap = UMM_RESULT_TAIL_ROWS;
    if (n >= cap) {
        memcpy(writer->tail, rows + (n - cap) * size, cap * size);
        writer->n_tail = cap;
        return;
    }
    size_t stay = writer->n_tail + n > cap ? cap - n : writer->n_tail;
    memmove(writer->tail, writer->tail + (writer->n_tail - stay) * size, stay * size);
    memcpy(writer->tail + stay * size, rows, n * size);
    writer->n_tail = stay + n;
}

/* Rows that are there already are not those of the input. */
static enum umm_status refuse_grown(const struct umm_resultwriter *writer, struct umm_error *err)
{
    const bool is_grown = writer->options->way == UMM_RESULT_GROW;
    return umm_error_hint(err, UMM_ERR_DATA, is_grown ? UMM_HINT_REBUILD : UMM_HINT_NONE);
}

/* The column that byte number `at` of a row belongs to, for a message. */
static void name_column(const struct umm_npy *npy, size_t at, char out[UMM_EXCERPT_MAX])
{
    size_t i = 0;
    if (!npy->is_struct) {
        snprintf(out, UMM_EXCERPT_MAX, "column %zu", at / npy->type.size_bytes);
        return;
    }
    while (i + 1 < npy->n_fields && npy->fields[i + 1].offset_bytes <= at)
        i++;
    umm_escape(out, UMM_EXCERPT_MAX, npy->fields[i].name, strlen(npy->fields[i].name));
}

/* Which column of a row is not what it was, for a message. */
static enum umm_status refuse_row(const struct umm_resultwriter *writer, const char *old,
                                  const char *row, struct umm_error *err)
{
    char name[UMM_EXCERPT_MAX];
    size_t at = 0;
    while (old[at] == row[at])
        at++;
    name_column(writer->options->npy, at, name);
    umm_error_set_path(err, UMM_ERR_DATA, path_of(writer),
                       "row %" PRIu64 ": %s is not what the input gives", writer->n_rows, name);
    return refuse_grown(writer, err);
}

/* Whether the next row, which is among the old ones, may not be another. */
static bool must_be_equal(const struct umm_resultwriter *writer)
{
    const struct umm_resultwriter_options *o = writer->options;
    return o->way == UMM_RESULT_COMPARE || writer->n_old - writer->n_rows > o->n_loose;
}

static enum umm_status keep_again(struct umm_resultwriter *writer, const char *rows, size_t n,
                                  struct umm_error *err)
{
    const size_t size = row_bytes_of(writer);
    if (writer->n_again == 0)
        writer->again_first = writer->n_rows;
    if (writer->n_again + n > writer->cap_again) {
        size_t cap = 2 * (writer->n_again + n);
        char *again = cap * size <= AGAIN_BYTES_MAX ? realloc(writer->again, cap * size) : NULL;
        if (!again)
            return umm_error_set_memory(err, cap * size, "rows of a killed run that changed");
        writer->again = again;
        writer->cap_again = cap;
    }
    memcpy(writer->again + writer->n_again * size, rows, n * size);
    writer->n_again += n;
    return UMM_OK;
}

/* Rows that are there already: the same, or to be changed at the commit. */
static enum umm_status put_again(struct umm_resultwriter *writer, const char *rows, size_t n,
                                 struct umm_error *err)
{
    const size_t size = row_bytes_of(writer);
    char *old = malloc(n * size);
    if (!old)
        return umm_error_set_memory(err, n * size, "rows to compare with");
    enum umm_status status = read_old(writer, writer->n_rows, n, old, err);
    for (size_t i = 0; !status && i < n; i++) {
        bool is_same = memcmp(old + i * size, rows + i * size, size) == 0;
        if (!is_same && must_be_equal(writer))
            status = refuse_row(writer, old + i * size, rows + i * size, err);
        else if (!is_same || writer->n_again)
            status = keep_again(writer, rows + i * size, 1, err);
        writer->n_rows += !status;
    }
    free(old);
    return status;
}

/* ---- putting --------------------------------------------------------------------- */

static enum umm_status put_packed(struct umm_resultwriter *writer, const char *rows, size_t n,
                                  struct umm_error *err)
{
    const uint64_t there = writer->n_rows < writer->n_old ? writer->n_old - writer->n_rows : 0;
    const size_t again = there < n ? (size_t)there : n;
    enum umm_status status = UMM_OK;
    remember_tail(writer, rows, n);
    if (again > 0)
        status = put_again(writer, rows, again, err);
    if (status || again == n)
        return status;
    if (writer->options->way == UMM_RESULT_COMPARE)
        return umm_error_set_path(err, UMM_ERR_DATA, path_of(writer),
                                  "has %" PRIu64 " rows, the input gives more", writer->n_old);
    struct umm_rowfile *to =
        writer->options->way == UMM_RESULT_GROW ? &writer->grow.rows : &writer->fresh.rows;
    writer->n_rows += n - again;
    return umm_rowfile_push_many(to, rows + again * row_bytes_of(writer), n - again, err);
}

/* CSV and RAW. */
static enum umm_status put_bytes(struct umm_resultwriter *writer, const char *bytes, size_t len,
                                 struct umm_error *err)
{
    return umm_file_write_stream(umm_outfile_fd(&writer->output.file), path_of(writer), writer->run,
                                 bytes, len, err);
}

enum umm_status umm_resultwriter_put(struct umm_resultwriter *writer, const char *rows, size_t n,
                                     struct umm_error *err)
{
    if (is_array(writer))
        return put_packed(writer, rows, n, err);
    writer->n_rows += n;
    return put_bytes(writer, rows, n * row_bytes_of(writer), err);
}

char *umm_resultwriter_line(struct umm_resultwriter *writer)
{
    return writer->text + writer->used_bytes;
}

enum umm_status umm_resultwriter_end_line(struct umm_resultwriter *writer, const char *end,
                                          struct umm_error *err)
{
    writer->used_bytes = (size_t)(end - writer->text);
    writer->n_rows++;
    return writer->used_bytes >= TEXT_BYTES ? umm_resultwriter_flush(writer, err) : UMM_OK;
}

enum umm_status umm_resultwriter_flush(struct umm_resultwriter *writer, struct umm_error *err)
{
    size_t len = writer->used_bytes;
    writer->used_bytes = 0;
    return len ? put_bytes(writer, writer->text, len, err) : UMM_OK;
}

/* ---- the end --------------------------------------------------------------------- */

static struct umm_outfile *file_of(struct umm_resultwriter *writer)
{
    return is_array(writer) ? &writer->fresh.out.file : &writer->output.file;
}

bool umm_resultwriter_is_stream(struct umm_resultwriter *writer)
{
    return writer->options && umm_outfile_is_stream(file_of(writer));
}

enum umm_status umm_resultwriter_sync(struct umm_resultwriter *writer, struct umm_error *err)
{
    return writer->options ? umm_outfile_sync(file_of(writer), err) : UMM_OK;
}

static enum umm_status finish_fresh(struct umm_resultwriter *writer, struct umm_error *err)
{
    return is_array(writer) ? umm_writer_finish(&writer->fresh, false, err)
                            : umm_resultwriter_flush(writer, err);
}

static enum umm_status end_fresh(struct umm_resultwriter *writer, bool *is_changed,
                                 struct umm_error *err)
{
    const bool is_one_of_many = writer->options->is_one_of_many;
    const struct umm_outfile_options options = {.is_synced =
                                                    writer->options->is_synced && !is_one_of_many,
                                                .is_if_changed = writer->options->is_if_changed};
    enum umm_status status = is_one_of_many ? UMM_OK : finish_fresh(writer, err);
    if (status)
        return status;
    return is_array(writer)
               ? umm_writer_commit(&writer->fresh, &options, is_changed, err)
               : umm_output_commit(&writer->output, &options, writer->run, is_changed, err);
}

/* What of the old rows changes, or NULL. */
static const struct umm_grow_change *change_of(const struct umm_resultwriter *writer,
                                               struct umm_grow_change *change)
{
    *change = (struct umm_grow_change){writer->again_first, writer->n_again, writer->again};
    return writer->n_again ? change : NULL;
}

static enum umm_status end_grown(struct umm_resultwriter *writer, bool *is_changed,
                                 struct umm_error *err)
{
    struct umm_grow_change room;
    const struct umm_grow_change *change = change_of(writer, &room);
    *is_changed = writer->n_again > 0 || writer->n_rows != writer->n_old;
    if (!writer->options->is_one_of_many)
        return umm_grow_commit(&writer->grow, change, err);
    enum umm_status status = umm_grow_count(&writer->grow, change, err);
    return status ? status : umm_file_check_named(writer->grow.fd, path_of(writer), err);
}

enum umm_status umm_resultwriter_prepare(struct umm_resultwriter *writer, struct umm_error *err)
{
    static const struct umm_outfile_options options = {.is_synced = false};
    struct umm_grow_change room;
    enum umm_status status = UMM_OK;
    if (writer->options->way == UMM_RESULT_FRESH) {
        status = finish_fresh(writer, err);
        umm_rowfile_rest(&writer->fresh.rows);
        return status ? status : umm_outfile_prepare(file_of(writer), &options, err);
    }
    if (writer->options->way != UMM_RESULT_GROW || writer->n_rows < writer->n_old)
        return UMM_OK;
    /* Rows that change are taken out of the count first, and that has an order of its own. */
    writer->grow.options.is_unsynced = writer->n_again == 0;
    status = umm_grow_prepare(&writer->grow, change_of(writer, &room), err);
    umm_rowfile_rest(&writer->grow.rows);
    return status;
}

enum umm_status umm_resultwriter_commit(struct umm_resultwriter *writer, bool *is_changed,
                                        struct umm_error *err)
{
    const enum umm_result_way way = writer->options->way;
    *is_changed = true;
    if (way == UMM_RESULT_FRESH)
        return end_fresh(writer, is_changed, err);
    const bool is_grown = way == UMM_RESULT_GROW;
    if (is_grown && writer->n_rows >= writer->n_old)
        return end_grown(writer, is_changed, err);
    *is_changed = false;
    if (writer->n_rows == writer->n_old)
        return UMM_OK;
    umm_error_set_path(err, UMM_ERR_DATA, path_of(writer),
                       "has %" PRIu64 " rows, the input gives %" PRIu64, writer->n_old,
                       writer->n_rows);
    return refuse_grown(writer, err);
}
