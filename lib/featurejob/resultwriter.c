/* SPDX-License-Identifier: MIT */
#include "featurejob/resultwriter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/guard.h"
#include "sys/file.h"

enum {
    PACKED_BYTES = 256 * 1024,
    AGAIN_BYTES_MAX = 256 * 1024 * 1024 /* rows of a killed run that changed since */
};

static const char *path_of(const struct umm_resultwriter *writer)
{
    return writer->options->path;
}

static size_t row_bytes_of(const struct umm_resultwriter *writer)
{
    return writer->options->rows->row_bytes;
}

static bool is_array(const struct umm_resultwriter *writer)
{
    return writer->options->format == UMM_RESULT_NPY;
}

/* ---- opening --------------------------------------------------------------------- */

/* The header of the array with n_rows rows. */
static enum umm_status make_header(const struct umm_resultwriter *writer, uint64_t n_rows,
                                   char **text, size_t *len, struct umm_error *err)
{
    struct umm_npy npy = writer->options->rows->npy; /* shares the fields */
    if (writer->options->way == UMM_RESULT_FRESH) {
        npy.shape[0] = n_rows;
        return umm_npy_format(&npy, UMM_NPY_ALIGN, text, len, err);
    }
    npy = writer->npy;
    npy.shape[0] = n_rows;
    enum umm_status status = umm_npy_format_exact(&npy, npy.data_offset_bytes, text, len, err);
    if (status == UMM_ERR_UNSUPPORTED)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, path_of(writer),
                                  "its header has no room for %" PRIu64 " rows", n_rows);
    return status;
}

/* A file has its header's room before the rows; a stream's rows wait in a scratch file. */
static enum umm_status open_fresh(struct umm_resultwriter *writer, struct umm_error *err)
{
    const struct umm_resultwriter_options *o = writer->options;
    const char *scratch = o->scratch_dir ? o->scratch_dir : "/tmp";
    char *header = NULL;
    size_t len = 0;
    enum umm_status status =
        umm_output_open(&writer->output, o->path, o->pool_root, 0, false, writer->run, err);
    if (status)
        return status;
    writer->fd = umm_outfile_fd(&writer->output.file);
    if (is_array(writer))
        status = make_header(writer, 0, &header, &len, err);
    free(header);
    if (!status && is_array(writer) && umm_outfile_is_stream(&writer->output.file)) {
        len = 0;
        status = umm_file_scratch(scratch, &writer->fd, err);
        writer->is_scratch = !status;
    }
    if (!status && is_array(writer))
        return umm_rowfile_open(&writer->rowfile, writer->fd, o->path, false, len,
                                row_bytes_of(writer), 0, writer->run, err);
    return status;
}

/* Room for rows, and for text with the line of names in it: it goes out with the first rows. */
static enum umm_status make_room(struct umm_resultwriter *writer, struct umm_error *err)
{
    const struct umm_resultwriter_options *o = writer->options;
    size_t line = umm_resultrows_line_max(o->rows), row = o->rows->row_bytes, used = 0;
    char *names = NULL;
    enum umm_status status = UMM_OK;
    if (o->format == UMM_RESULT_CSV)
        status = umm_resultrows_header(o->rows, o->features, "", &names, err);
    if (status)
        return status;
    used = names ? strlen(names) : 0;
    size_t cap = PACKED_BYTES + used + (line > row ? line : row);
    writer->packed = malloc(cap);
    writer->tail = malloc(UMM_RESULT_TAIL_ROWS * row);
    if (!writer->packed || !writer->tail)
        status = umm_error_set_memory(err, cap, "rows of results");
    else if (names)
        memcpy(writer->packed, names, used);
    writer->used_bytes = used;
    free(names);
    return status;
}

static enum umm_status open_old(struct umm_resultwriter *writer, struct umm_error *err)
{
    const struct umm_resultwriter_options *o = writer->options;
    struct umm_file_info info;
    const bool is_grown = o->way == UMM_RESULT_GROW;
    enum umm_status status = is_grown ? umm_guard_path(o->path, err) : UMM_OK;
    if (!status)
        status = is_grown ? umm_file_open_update(o->path, &writer->fd, &info, err)
                          : umm_file_open_read(o->path, &writer->fd, &info, err);
    if (!status)
        status = umm_npy_read(writer->fd, o->path, &writer->npy, err);
    if (!status && (!umm_npy_same_type(&writer->npy, &o->rows->npy) || writer->npy.is_fortran))
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, o->path,
                                    "the array has other columns than these features");
    if (status)
        return status;
    writer->n_old = writer->n_rows = writer->npy.shape[0];
    writer->size_bytes = info.size_bytes;
    return umm_rowfile_open(&writer->rowfile, writer->fd, o->path, false,
                            writer->npy.data_offset_bytes, row_bytes_of(writer), writer->n_old,
                            writer->run, err);
}

enum umm_status umm_resultwriter_open(struct umm_resultwriter *writer,
                                      const struct umm_resultwriter_options *options,
                                      struct umm_run *run, struct umm_error *err)
{
    *writer = (struct umm_resultwriter){.options = options, .run = run, .fd = -1};
    enum umm_status status = make_room(writer, err);
    if (status)
        return status;
    return options->way == UMM_RESULT_FRESH ? open_fresh(writer, err) : open_old(writer, err);
}

/* What was written behind an array that grows and never counted, by another program neither. */
static void cut_uncounted(const struct umm_resultwriter *writer)
{
    const bool is_grown = writer->size_bytes && writer->options->way == UMM_RESULT_GROW;
    if (is_grown && !writer->is_header_open && writer->rowfile.n_rows != writer->n_old)
        umm_npy_cut_back(writer->fd, path_of(writer), writer->n_old, writer->size_bytes);
}

void umm_resultwriter_close(struct umm_resultwriter *writer)
{
    cut_uncounted(writer);
    umm_rowfile_close(&writer->rowfile);
    if (writer->is_scratch || (writer->options && writer->options->way != UMM_RESULT_FRESH))
        umm_file_close(&writer->fd);
    umm_output_abort(&writer->output);
    umm_npy_free(&writer->npy);
    free(writer->packed);
    free(writer->tail);
    free(writer->again);
    *writer = (struct umm_resultwriter){.fd = -1};
}

/* ---- rows that are there --------------------------------------------------------- */

/* n rows from row first on, all among the old ones, into out. */
static enum umm_status read_old(const struct umm_resultwriter *writer, uint64_t first, size_t n,
                                char *out, struct umm_error *err)
{
    return umm_file_pread_all(writer->fd, path_of(writer), out, n * row_bytes_of(writer),
                              writer->npy.data_offset_bytes + first * row_bytes_of(writer), err);
}

enum umm_status umm_resultwriter_keep(struct umm_resultwriter *writer, uint64_t n_kept,
                                      struct umm_error *err)
{
    const size_t n = n_kept < UMM_RESULT_TAIL_ROWS ? (size_t)n_kept : UMM_RESULT_TAIL_ROWS;
    writer->n_kept = writer->n_rows = n_kept;
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

/* Which column of a row is not what it was, for a message. */
static enum umm_status refuse_row(const struct umm_resultwriter *writer, const char *old,
                                  const char *row, struct umm_error *err)
{
    size_t c = 0;
    while (memcmp(old + c * sizeof(double), row + c * sizeof(double), sizeof(double)) == 0)
        c++;
    umm_error_set_path(err, UMM_ERR_DATA, path_of(writer),
                       "row %" PRIu64 ": %s is not what the input gives", writer->n_rows,
                       c ? umm_features_name(writer->options->features, c - 1) : "timestamp");
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
    writer->n_rows += n - again;
    return umm_rowfile_push_many(&writer->rowfile, rows + again * row_bytes_of(writer), n - again,
                                 err);
}

static enum umm_status put_lines(struct umm_resultwriter *writer, const int64_t *times,
                                 double *const *columns, size_t first, size_t n,
                                 struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t i = first; !status && i < first + n; i++) {
        char *at = writer->packed + writer->used_bytes;
        char *end = umm_resultrows_print(writer->options->rows, times[i], columns, i, at);
        writer->used_bytes = (size_t)(end - writer->packed);
        if (writer->used_bytes >= PACKED_BYTES)
            status = umm_resultwriter_flush(writer, err);
    }
    writer->n_rows += n;
    return status;
}

enum umm_status umm_resultwriter_put(struct umm_resultwriter *writer, const int64_t *times,
                                     double *const *columns, size_t first, size_t n,
                                     struct umm_error *err)
{
    const size_t size = row_bytes_of(writer), step = size < PACKED_BYTES ? PACKED_BYTES / size : 1;
    enum umm_status status = UMM_OK;
    if (writer->options->format == UMM_RESULT_CSV)
        return put_lines(writer, times, columns, first, n, err);
    for (size_t end = first + n; !status && first < end; first += step) {
        size_t m = end - first < step ? end - first : step;
        status = umm_resultrows_pack(writer->options->rows, times, columns, first, m,
                                     writer->packed, err);
        if (!status && is_array(writer)) {
            status = put_packed(writer, writer->packed, m, err);
        } else if (!status) {
            status = umm_file_write_stream(writer->fd, path_of(writer), writer->run, writer->packed,
                                           m * size, err);
            writer->n_rows += m;
        }
    }
    return status;
}

enum umm_status umm_resultwriter_flush(struct umm_resultwriter *writer, struct umm_error *err)
{
    size_t len = writer->used_bytes;
    writer->used_bytes = 0;
    return len ? umm_file_write_stream(writer->fd, path_of(writer), writer->run, writer->packed,
                                       len, err)
               : UMM_OK;
}

/* ---- the end --------------------------------------------------------------------- */

static enum umm_status end_fresh(struct umm_resultwriter *writer, struct umm_error *err)
{
    const struct umm_outfile_options options = {.is_synced = writer->options->is_synced};
    char *header = NULL;
    size_t len;
    enum umm_status status = umm_resultwriter_flush(writer, err);
    if (!status && is_array(writer)) {
        int out = umm_outfile_fd(&writer->output.file);
        status = umm_rowfile_flush(&writer->rowfile, err);
        if (!status)
            status = make_header(writer, writer->n_rows, &header, &len, err);
        if (!status && writer->is_scratch)
            status = umm_file_write_stream(out, path_of(writer), writer->run, header, len, err);
        else if (!status)
            status = umm_file_pwrite_all(out, path_of(writer), header, len, 0, err);
        if (!status && writer->is_scratch)
            status = umm_rowfile_copy(&writer->rowfile, out, path_of(writer), err);
        free(header);
    }
    if (!status)
        status = umm_output_commit(&writer->output, &options, writer->run, NULL, err);
    return status;
}

/* All that a commit writes below the new rows, made beforehand. */
struct change {
    char *before, *between, *after; /* headers, `between` without the rows that change */
    size_t len;
    char *old; /* the rows that change, as they are */
};

static enum umm_status put_sync(const struct umm_resultwriter *writer, const char *bytes,
                                size_t len, uint64_t at, struct umm_error *err)
{
    enum umm_status status = umm_file_pwrite_all(writer->fd, path_of(writer), bytes, len, at, err);
    return status ? status : umm_file_sync_data(writer->fd, path_of(writer), err);
}

static enum umm_status make_change(const struct umm_resultwriter *writer, struct change *change,
                                   struct umm_error *err)
{
    const size_t len_again = writer->n_again * row_bytes_of(writer);
    change->len = (size_t)writer->npy.data_offset_bytes;
    change->before = malloc(change->len);
    change->old = malloc(len_again + 1);
    if (!change->before || !change->old)
        return umm_error_set_memory(err, change->len + len_again, "what changes");
    enum umm_status status = umm_npy_check_rows(writer->fd, path_of(writer), writer->n_old, err);
    if (!status)
        status =
            umm_file_pread_all(writer->fd, path_of(writer), change->before, change->len, 0, err);
    if (!status && writer->n_again) {
        status = read_old(writer, writer->again_first, writer->n_again, change->old, err);
        if (!status)
            status = make_header(writer, writer->again_first, &change->between, &change->len, err);
    }
    return status ? status : make_header(writer, writer->n_rows, &change->after, &change->len, err);
}

static enum umm_status publish(struct umm_resultwriter *writer, const struct change *change,
                               struct umm_error *err)
{
    const size_t size = row_bytes_of(writer);
    const uint64_t at = writer->npy.data_offset_bytes + writer->again_first * size;
    enum umm_status status = UMM_OK;
    writer->is_header_open = true;
    if (writer->n_again) {
        status = put_sync(writer, change->between, change->len, 0, err);
        if (!status)
            status = put_sync(writer, writer->again, writer->n_again * size, at, err);
    }
    if (!status)
        status = put_sync(writer, change->after, change->len, 0, err);
    if (!status)
        return UMM_OK;
    /* As it was; if the device refuses that, too, the first error says so. */
    enum umm_status undo = UMM_OK;
    if (writer->n_again)
        undo = put_sync(writer, change->old, writer->n_again * size, at, NULL);
    if (!undo)
        undo = put_sync(writer, change->before, change->len, 0, NULL);
    (void)undo;
    return status;
}

static enum umm_status end_grown(struct umm_resultwriter *writer, bool *is_changed,
                                 struct umm_error *err)
{
    struct change change = {0};
    *is_changed = writer->n_again > 0 || writer->n_rows != writer->n_old;
    if (!*is_changed)
        return UMM_OK;
    /* Here, too, as what is buffered would go over the rows that another program has counted. */
    enum umm_status status = umm_npy_check_rows(writer->fd, path_of(writer), writer->n_old, err);
    if (!status)
        status = umm_rowfile_flush(&writer->rowfile, err);
    if (!status)
        status = make_change(writer, &change, err);
    if (!status)
        status = umm_file_sync_data(writer->fd, path_of(writer), err);
    if (!status)
        status = publish(writer, &change, err);
    free(change.before);
    free(change.between);
    free(change.after);
    free(change.old);
    return status;
}

enum umm_status umm_resultwriter_commit(struct umm_resultwriter *writer, bool *is_changed,
                                        struct umm_error *err)
{
    const enum umm_result_way way = writer->options->way;
    *is_changed = true;
    if (way == UMM_RESULT_FRESH)
        return end_fresh(writer, err);
    const bool is_grown = way == UMM_RESULT_GROW;
    if (is_grown && writer->n_rows >= writer->n_old) {
        enum umm_status status = end_grown(writer, is_changed, err);
        return status ? status : umm_file_check_named(writer->fd, path_of(writer), err);
    }
    *is_changed = false;
    if (writer->n_rows == writer->n_old)
        return UMM_OK;
    umm_error_set_path(err, UMM_ERR_DATA, path_of(writer),
                       "has %" PRIu64 " rows, the input gives %" PRIu64, writer->n_old,
                       writer->n_rows);
    return refuse_grown(writer, err);
}
