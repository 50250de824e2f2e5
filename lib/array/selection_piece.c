/* SPDX-License-Identifier: MIT */
#include "array/selection_piece.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum {
    /* Rows that are further apart are read one by one, so that only their pages are touched. */
    FAR_BYTES = 4096,
    TIMES_MAX = 4096
};

static uint64_t magnitude(int64_t step)
{
    return step < 0 ? 0 - (uint64_t)step : (uint64_t)step;
}

/* The rows from the lowest to the highest of the first n of a piece, in the file's order. */
struct extent {
    uint64_t low, n_rows;
    size_t n;
};

/* As many of the piece's rows as lie within cap_rows rows of the file. */
static struct extent extent_of(const struct umm_selection_piece *piece, size_t cap_rows)
{
    const uint64_t step = magnitude(piece->step);
    size_t n = (size_t)((cap_rows - 1) / step) + 1;
    if (n > piece->n)
        n = piece->n;
    const uint64_t span = (n - 1) * step;
    return (struct extent){piece->step < 0 ? piece->first - span : piece->first, span + 1, n};
}

static void advance(struct umm_selection_piece *piece, size_t n)
{
    piece->first += (uint64_t)piece->step * n;
    piece->n -= n;
}

/* n values of size_bytes from `from` on, a step apart, to `to`. */
static void copy_values(char *to, uint64_t to_step, const char *from, int64_t from_step, size_t n,
                        uint64_t size_bytes)
{
    if (size_bytes == 8) {
        for (size_t i = 0; i < n; i++, to += to_step, from += from_step)
            memcpy(to, from, 8);
    } else {
        for (size_t i = 0; i < n; i++, to += to_step, from += from_step)
            memcpy(to, from, size_bytes);
    }
}

/* ---- columns one by one ----------------------------------------------------------- */

/* The values of one column in the rows of a piece, out_step bytes apart. */
static enum umm_status read_values(const struct umm_selection *selection,
                                   const struct umm_arraycolumn *column,
                                   struct umm_selection_piece piece, char *out, uint64_t out_step,
                                   struct umm_error *err)
{
    const uint64_t size = column->type.size_bytes;
    const bool is_far = magnitude(piece.step) > FAR_BYTES / (size ? size : 1);
    const size_t cap_rows = is_far ? 1 : umm_selection_rows_in(selection->cap_bytes, size);
    enum umm_status status = UMM_OK;
    while (!status && piece.n > 0) {
        const struct extent extent = extent_of(&piece, cap_rows);
        status = umm_arrayfile_read_column(selection->file, column, extent.low, extent.n_rows,
                                           selection->raw, err);
        if (!status)
            copy_values(out, out_step, selection->raw + (piece.first - extent.low) * size,
                        piece.step * (int64_t)size, extent.n, size);
        out += extent.n * out_step;
        advance(&piece, extent.n);
    }
    return status;
}

static enum umm_status read_by_columns(const struct umm_selection *selection,
                                       struct umm_selection_piece piece, char *out,
                                       struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < selection->n_columns; i++) {
        const struct umm_selection_column *chosen = &selection->columns[i];
        struct umm_arraycolumn column = chosen->column;
        column.offset_bytes = chosen->file_offset_bytes;
        status = read_values(selection, &column, piece, out + chosen->column.offset_bytes,
                             selection->row_bytes, err);
    }
    return status;
}

/* ---- rows ------------------------------------------------------------------------- */

/* What is chosen of n rows of the file, from_step apart, to out. */
static void gather(const struct umm_selection *selection, const char *from, int64_t from_step,
                   size_t n, char *out)
{
    if (selection->has_all_columns) {
        copy_values(out, selection->row_bytes, from, from_step, n, selection->row_bytes);
        return;
    }
    for (size_t i = 0; i < selection->n_columns; i++) {
        const struct umm_selection_column *chosen = &selection->columns[i];
        copy_values(out + chosen->column.offset_bytes, selection->row_bytes,
                    from + chosen->file_offset_bytes, from_step, n, chosen->column.type.size_bytes);
    }
}

static enum umm_status read_by_rows(const struct umm_selection *selection,
                                    struct umm_selection_piece piece, char *out,
                                    struct umm_error *err)
{
    const struct umm_arrayfile *file = selection->file;
    const uint64_t row_bytes = file->row_bytes;
    const bool is_far = magnitude(piece.step) > FAR_BYTES / (row_bytes ? row_bytes : 1);
    const bool is_direct = selection->has_all_columns && (piece.step == 1 || is_far);
    const size_t cap_rows =
        piece.step != 1 && is_far ? 1 : umm_selection_rows_in(selection->cap_bytes, row_bytes);
    enum umm_status status = UMM_OK;
    while (!status && piece.n > 0) {
        const struct extent extent = extent_of(&piece, cap_rows);
        status = umm_arrayfile_read(file, extent.low, extent.n_rows,
                                    is_direct ? out : selection->raw, err);
        if (!status && !is_direct)
            gather(selection, selection->raw + (piece.first - extent.low) * row_bytes,
                   piece.step * (int64_t)row_bytes, extent.n, out);
        out += extent.n * selection->row_bytes;
        advance(&piece, extent.n);
    }
    return status;
}

/* ---- order ------------------------------------------------------------------------ */

/*
 * The bits of a time as an integer that is ordered as the times are: floats of either
 * sign by their bits. What is no time, a NaN or an unsigned count above 2^63, is out of
 * order then, which is looked into.
 */
static int64_t key_of(const struct umm_npy_type *type, const char *value)
{
    const bool is_swapped = type->is_big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    uint64_t bits;
    memcpy(&bits, value, sizeof bits);
    if (is_swapped)
        bits = __builtin_bswap64(bits);
    if (type->kind == 'f' && bits >> 63)
        bits ^= (uint64_t)INT64_MAX;
    return (int64_t)bits;
}

static enum umm_status read_mark(const struct umm_selection *selection, uint64_t row,
                                 struct umm_selection_mark *mark, struct umm_error *err)
{
    char value[sizeof(uint64_t)];
    enum umm_status status =
        umm_arrayfile_read_column(selection->file, &selection->time, row, 1, value, err);
    if (!status)
        *mark = (struct umm_selection_mark){row, key_of(&selection->time.type, value)};
    return status;
}

enum umm_status umm_selection_begin_order(struct umm_selection *selection, struct umm_error *err)
{
    const uint64_t first = selection->window_first, last = first + selection->n_window - 1;
    uint64_t index;
    if (selection->n_rows == 0)
        return UMM_OK;
    enum umm_status status = umm_arrayfile_time_column(selection->file, &index, err);
    if (status)
        return status;
    umm_arrayfile_column(selection->file, index, &selection->time);
    status = read_mark(selection, first, &selection->first, err);
    return status ? status : read_mark(selection, last, &selection->last, err);
}

/* The row with the time at `value` and another one are not in order, or it has no time. */
static enum umm_status refuse_order(const struct umm_selection *selection, uint64_t row,
                                    const char *value, uint64_t other, struct umm_error *err)
{
    struct umm_time time;
    enum umm_time_result result = umm_arraycolumn_read_time(&selection->time, value, &time);
    if (result != UMM_TIME_OK)
        umm_arraycolumn_refuse_time(&selection->time, row, result, err);
    else
        umm_error_set(err, UMM_ERR_DATA,
                      "not sorted by time: row %" PRIu64 " is before row %" PRIu64,
                      row > other ? row : other, row > other ? other : row);
    umm_error_at(err, selection->file->path, 0, 0, 0);
    return UMM_ERR_DATA;
}

/*
 * The times of a piece, step bytes apart: each between the one before it in its run (at
 * its start the end of the window that it comes from) and the other end.
 */
static enum umm_status check_times(struct umm_selection *selection,
                                   const struct umm_selection_piece *piece, bool is_start,
                                   const char *at, uint64_t step, struct umm_error *err)
{
    const bool is_back = piece->step < 0;
    const struct umm_selection_mark end = is_back ? selection->first : selection->last;
    struct umm_selection_mark before = is_back ? selection->last : selection->first;
    if (!is_start)
        before = selection->before;
    for (size_t i = 0; i < piece->n; i++, at += step) {
        const int64_t key = key_of(&selection->time.type, at);
        const uint64_t row = piece->first + (uint64_t)piece->step * i;
        if (is_back ? key < end.key : key > end.key)
            return refuse_order(selection, row, at, end.row, err);
        if (is_back ? key > before.key : key < before.key)
            return refuse_order(selection, row, at, before.row, err);
        before = (struct umm_selection_mark){row, key};
    }
    selection->before = before;
    return UMM_OK;
}

/* Whether each chosen row has its time in it, at *offset_bytes. */
static bool has_time(const struct umm_selection *selection, uint64_t *offset_bytes)
{
    for (size_t i = 0; i < selection->n_columns; i++) {
        const struct umm_selection_column *chosen = &selection->columns[i];
        if (chosen->file_offset_bytes != selection->time.offset_bytes ||
            chosen->column.type.size_bytes != UMM_SELECTION_TIME_BYTES)
            continue;
        *offset_bytes = chosen->column.offset_bytes;
        return true;
    }
    return false;
}

bool umm_selection_has_other_time(const struct umm_selection *selection)
{
    uint64_t offset;
    return selection->is_order_checked && selection->n_rows > 0 && !has_time(selection, &offset);
}

enum umm_status umm_selection_read_times(const struct umm_selection *selection,
                                         const struct umm_selection_piece *piece, char *out,
                                         struct umm_error *err)
{
    return read_values(selection, &selection->time, *piece, out, UMM_SELECTION_TIME_BYTES, err);
}

enum umm_status umm_selection_check_order(struct umm_selection *selection,
                                          const struct umm_selection_piece *piece, bool is_start,
                                          const char *rows, const char *times,
                                          struct umm_error *err)
{
    char read[TIMES_MAX * UMM_SELECTION_TIME_BYTES];
    struct umm_selection_piece left = *piece;
    uint64_t offset;
    enum umm_status status = UMM_OK;
    if (has_time(selection, &offset))
        return check_times(selection, piece, is_start, rows + offset, selection->row_bytes, err);
    if (times)
        return check_times(selection, piece, is_start, times, UMM_SELECTION_TIME_BYTES, err);
    while (!status && left.n > 0) {
        struct umm_selection_piece part = left;
        if (part.n > TIMES_MAX)
            part.n = TIMES_MAX;
        status = umm_selection_read_times(selection, &part, read, err);
        if (!status)
            status = check_times(selection, &part, is_start, read, UMM_SELECTION_TIME_BYTES, err);
        is_start = false;
        advance(&left, part.n);
    }
    return status;
}

/* ---- all of a piece --------------------------------------------------------------- */

enum umm_status umm_selection_read_piece(const struct umm_selection *selection,
                                         const struct umm_selection_piece *piece, char *out,
                                         struct umm_error *err)
{
    const struct umm_arrayfile *file = selection->file;
    const bool is_gathered = file->npy.is_fortran && file->row_bytes != file->npy.type.size_bytes;
    return is_gathered && selection->n_columns > 0 ? read_by_columns(selection, *piece, out, err)
                                                   : read_by_rows(selection, *piece, out, err);
}
