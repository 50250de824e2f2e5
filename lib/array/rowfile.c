/* SPDX-License-Identifier: MIT */
#include "array/rowfile.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/file.h"
#include "sys/pages.h"

/* Rows are written in pieces of about this size. */
enum { BUFFER_BYTES = 256 * 1024 };

enum umm_status umm_rowfile_open(struct umm_rowfile *rows, int fd, const char *path, bool is_stream,
                                 uint64_t base_bytes, size_t row_bytes, uint64_t n_rows,
                                 struct umm_run *run, struct umm_error *err)
{
    memset(rows, 0, sizeof *rows);
    rows->fd = fd;
    rows->path = path;
    rows->run = run;
    rows->is_stream = is_stream;
    rows->base_bytes = base_bytes;
    rows->row_bytes = row_bytes;
    rows->n_rows = rows->n_written = n_rows;
    rows->cap_rows = row_bytes < BUFFER_BYTES ? BUFFER_BYTES / row_bytes : 1;
    rows->buffer = malloc(rows->cap_rows * row_bytes);
    if (!rows->buffer)
        return umm_error_set_memory(err, rows->cap_rows * row_bytes, "rows");
    return UMM_OK;
}

void umm_rowfile_rest(struct umm_rowfile *rows)
{
    free(rows->buffer);
    free(rows->edge);
    rows->buffer = rows->edge = NULL;
}

enum umm_status umm_rowfile_open_scratch(struct umm_rowfile *rows, const char *dir,
                                         size_t row_bytes, struct umm_run *run,
                                         struct umm_error *err)
{
    int fd;
    *rows = (struct umm_rowfile){.fd = -1};
    char *copy = strdup(dir);
    if (!copy)
        return umm_error_set_memory(err, strlen(dir), "a path");
    enum umm_status status = umm_file_scratch(copy, &fd, err);
    if (status) {
        free(copy);
        return status;
    }
    status = umm_rowfile_open(rows, fd, copy, false, 0, row_bytes, 0, run, err);
    rows->dir = copy;
    return status;
}

void umm_rowfile_close(struct umm_rowfile *rows)
{
    if (rows->dir)
        umm_file_close(&rows->fd);
    free(rows->dir);
    free(rows->buffer);
    free(rows->edge);
    memset(rows, 0, sizeof *rows);
    rows->fd = -1;
}

char *umm_rowfile_next(struct umm_rowfile *rows)
{
    return rows->buffer + (rows->n_rows - rows->n_written) * rows->row_bytes;
}

enum umm_status umm_rowfile_push(struct umm_rowfile *rows, struct umm_error *err)
{
    rows->n_rows++;
    if (rows->n_rows - rows->n_written < rows->cap_rows)
        return UMM_OK;
    return umm_rowfile_flush(rows, err);
}

static uint64_t place_of(const struct umm_rowfile *rows, uint64_t row)
{
    return rows->base_bytes + row * rows->row_bytes;
}

static enum umm_status flush_edge(struct umm_rowfile *rows, struct umm_error *err)
{
    if (rows->edge_len == 0)
        return UMM_OK;
    enum umm_status status =
        umm_file_pwrite_all(rows->fd, rows->path, rows->edge, rows->edge_len, rows->edge_at, err);
    if (!status)
        rows->edge_len = 0;
    return status;
}

enum umm_status umm_rowfile_flush(struct umm_rowfile *rows, struct umm_error *err)
{
    enum umm_status status = flush_edge(rows, err);
    if (status)
        return status;
    size_t len = (size_t)(rows->n_rows - rows->n_written) * rows->row_bytes;
    if (len == 0)
        return UMM_OK;
    status = rows->is_stream
                 ? umm_file_write_stream(rows->fd, rows->path, rows->run, rows->buffer, len, err)
                 : umm_file_pwrite_all(rows->fd, rows->path, rows->buffer, len,
                                       place_of(rows, rows->n_written), err);
    if (!status)
        rows->n_written = rows->n_rows;
    return status;
}

enum umm_status umm_rowfile_push_many(struct umm_rowfile *rows, const char *many, size_t n,
                                      struct umm_error *err)
{
    size_t len = n * rows->row_bytes;
    enum umm_status status = UMM_OK;
    if (rows->n_rows - rows->n_written + n >= rows->cap_rows)
        status = umm_rowfile_flush(rows, err);
    if (status)
        return status;
    if (n < rows->cap_rows) {
        memcpy(umm_rowfile_next(rows), many, len);
        rows->n_rows += n;
        return UMM_OK;
    }
    status = rows->is_stream
                 ? umm_file_write_stream(rows->fd, rows->path, rows->run, many, len, err)
                 : umm_file_pwrite_all(rows->fd, rows->path, many, len,
                                       place_of(rows, rows->n_rows), err);
    rows->n_rows += n;
    rows->n_written = rows->n_rows;
    return status;
}

void umm_rowfile_expect(struct umm_rowfile *rows, uint64_t n)
{
    uint64_t len;
    if (rows->is_stream || rows->is_roomy || __builtin_mul_overflow(n, rows->row_bytes, &len))
        return;
    /*
     * Where it fails, for want of space too, rows are written without; what it got by
     * then (ext4 keeps it, and the file is that much longer) is given back.
     */
    rows->is_roomy = true;
    umm_pages_have(rows->buffer, rows->cap_rows * rows->row_bytes);
    if (umm_file_allocate(rows->fd, rows->path, rows->base_bytes, len, NULL) != UMM_OK)
        (void)!umm_file_truncate(rows->fd, rows->path, place_of(rows, rows->n_written), NULL);
}

enum umm_status umm_rowfile_trim(struct umm_rowfile *rows, struct umm_error *err)
{
    if (!rows->is_roomy)
        return UMM_OK;
    rows->is_roomy = false;
    return umm_file_truncate(rows->fd, rows->path, place_of(rows, rows->n_rows), err);
}

enum umm_status umm_rowfile_reserve(struct umm_rowfile *rows, char *many, size_t n,
                                    struct umm_rowfile_piece *piece, struct umm_error *err)
{
    const uint64_t edge = UMM_ROWFILE_EDGE;
    if (!rows->edge) {
        rows->edge = malloc(UMM_ROWFILE_EDGE);
        if (!rows->edge)
            return umm_error_set_memory(err, UMM_ROWFILE_EDGE, "rows");
        if (rows->is_roomy)
            umm_pages_have(rows->edge, UMM_ROWFILE_EDGE);
    }
    uint64_t at = place_of(rows, rows->n_rows), after = place_of(rows, rows->n_rows + n);
    bool is_behind_edge = rows->edge_at + rows->edge_len == at && rows->n_rows == rows->n_written;
    if (!is_behind_edge) {
        enum umm_status status = umm_rowfile_flush(rows, err);
        if (status)
            return status;
        rows->edge_at = at;
    }
    char *begin = many - rows->edge_len;
    memcpy(begin, rows->edge, rows->edge_len);
    uint64_t end = after / edge * edge > rows->edge_at ? after / edge * edge : rows->edge_at;
    *piece = (struct umm_rowfile_piece){begin, (size_t)(end - rows->edge_at), rows->edge_at};
    rows->edge_at = end;
    rows->edge_len = (size_t)(after - end);
    memcpy(rows->edge, begin + piece->len, rows->edge_len);
    rows->n_rows += n;
    rows->n_written = rows->n_rows;
    return UMM_OK;
}

enum umm_status umm_rowfile_write_piece(const struct umm_rowfile *rows,
                                        const struct umm_rowfile_piece *piece,
                                        struct umm_error *err)
{
    return umm_file_pwrite_all(rows->fd, rows->path, piece->bytes, piece->len, piece->at, err);
}

enum umm_status umm_rowfile_read(const struct umm_rowfile *rows, uint64_t first, size_t n_rows,
                                 char *out, struct umm_error *err)
{
    return umm_file_pread_all(rows->fd, rows->path, out, n_rows * rows->row_bytes,
                              place_of(rows, first), err);
}

/* ---- reversal ---------------------------------------------------------------- */

static void reverse_block(char *block, size_t n_rows, size_t row_bytes, char *spare)
{
    for (size_t i = 0, j = n_rows; i + 1 < j; i++) {
        j--;
        memcpy(spare, block + i * row_bytes, row_bytes);
        memcpy(block + i * row_bytes, block + j * row_bytes, row_bytes);
        memcpy(block + j * row_bytes, spare, row_bytes);
    }
}

static enum umm_status write_block(const struct umm_rowfile *rows, uint64_t first, size_t n_rows,
                                   const char *block, struct umm_error *err)
{
    return umm_file_pwrite_all(rows->fd, rows->path, block, n_rows * rows->row_bytes,
                               place_of(rows, first), err);
}

/* Swap the n rows from `low` with the n rows before `high`, both reversed. */
static enum umm_status swap_blocks(const struct umm_rowfile *rows, uint64_t low, uint64_t high,
                                   size_t n, char *a, char *b, char *spare, struct umm_error *err)
{
    enum umm_status status = umm_rowfile_read(rows, low, n, a, err);
    if (!status)
        status = umm_rowfile_read(rows, high - n, n, b, err);
    if (status)
        return status;
    reverse_block(a, n, rows->row_bytes, spare);
    reverse_block(b, n, rows->row_bytes, spare);
    status = write_block(rows, low, n, b, err);
    return status ? status : write_block(rows, high - n, n, a, err);
}

enum umm_status umm_rowfile_reverse(struct umm_rowfile *rows, struct umm_error *err)
{
    size_t block_bytes = rows->cap_rows * rows->row_bytes;
    enum umm_status status = umm_rowfile_flush(rows, err);
    if (status)
        return status;
    char *a = rows->buffer, *b = malloc(block_bytes + rows->row_bytes);
    if (!b)
        return umm_error_set_memory(err, block_bytes, "reversing rows");
    char *spare = b + block_bytes;
    uint64_t low = 0, high = rows->n_rows;
    while (!status && high - low > 1) {
        uint64_t half = (high - low) / 2;
        size_t n = half < rows->cap_rows ? (size_t)half : rows->cap_rows;
        if (umm_run_is_cancelled(rows->run))
            status = umm_error_set_cancelled(err);
        else
            status = swap_blocks(rows, low, high, n, a, b, spare, err);
        low += n;
        high -= n;
    }
    free(b);
    return status;
}

/* ---- copies ------------------------------------------------------------------ */

enum umm_status umm_rowfile_copy(struct umm_rowfile *rows, int out_fd, const char *out_path,
                                 struct umm_error *err)
{
    enum umm_status status = umm_rowfile_flush(rows, err);
    for (uint64_t at = 0; !status && at < rows->n_rows;) {
        uint64_t left = rows->n_rows - at;
        size_t n = left < rows->cap_rows ? (size_t)left : rows->cap_rows;
        status = umm_rowfile_read(rows, at, n, rows->buffer, err);
        if (!status)
            status = umm_file_write_stream(out_fd, out_path, rows->run, rows->buffer,
                                           n * rows->row_bytes, err);
        at += n;
    }
    return status;
}

/* The items of one column in n rows, end to end. */
static void gather(const char *block, size_t n, size_t row_bytes, size_t offset, size_t item_bytes,
                   char *out)
{
    for (size_t i = 0; i < n; i++)
        memcpy(out + i * item_bytes, block + i * row_bytes + offset, item_bytes);
}

/* Where a transposition puts its columns. */
struct columns_out {
    int fd;
    const char *path;
    bool is_stream;
    uint64_t base;
    size_t n_columns, item_bytes;
};

/* Rows at..at+n in rows->buffer: write the columns first..last of them. */
static enum umm_status put_columns(const struct umm_rowfile *rows, const struct columns_out *out,
                                   size_t first, size_t last, uint64_t at, size_t n, char *column,
                                   struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t c = first; !status && c < last; c++) {
        gather(rows->buffer, n, rows->row_bytes, c * out->item_bytes, out->item_bytes, column);
        if (out->is_stream)
            status = umm_file_write_stream(out->fd, out->path, rows->run, column,
                                           n * out->item_bytes, err);
        else
            status =
                umm_file_pwrite_all(out->fd, out->path, column, n * out->item_bytes,
                                    out->base + (c * rows->n_rows + at) * out->item_bytes, err);
    }
    return status;
}

static enum umm_status pass(const struct umm_rowfile *rows, const struct columns_out *out,
                            size_t first, size_t last, char *column, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (uint64_t at = 0; !status && at < rows->n_rows;) {
        uint64_t left = rows->n_rows - at;
        size_t n = left < rows->cap_rows ? (size_t)left : rows->cap_rows;
        if (umm_run_is_cancelled(rows->run))
            return umm_error_set_cancelled(err);
        status = umm_rowfile_read(rows, at, n, rows->buffer, err);
        if (!status)
            status = put_columns(rows, out, first, last, at, n, column, err);
        at += n;
    }
    return status;
}

enum umm_status umm_rowfile_transpose(struct umm_rowfile *rows, int out_fd, const char *out_path,
                                      bool is_stream, uint64_t out_base, size_t n_columns,
                                      size_t item_bytes, struct umm_error *err)
{
    struct columns_out out = {out_fd, out_path, is_stream, out_base, n_columns, item_bytes};
    enum umm_status status = umm_rowfile_flush(rows, err);
    char *column = malloc(rows->cap_rows * item_bytes);
    if (!column)
        return umm_error_set_memory(err, rows->cap_rows * item_bytes, "columns");
    /* A stream gets one column after the other; a file all columns of each block. */
    if (!is_stream && !status)
        status = pass(rows, &out, 0, n_columns, column, err);
    for (size_t c = 0; is_stream && !status && c < n_columns; c++)
        status = pass(rows, &out, c, c + 1, column, err);
    free(column);
    return status;
}
