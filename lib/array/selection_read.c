/* SPDX-License-Identifier: MIT */
/*
 * Reading what was selected, block by block. Rows of an archive that go back to earlier frames
 * would unpack a frame for each run; so they are read in the order of the frames:
 *
 *     chosen    | 70000 | 5 | 70001 | 131072 | 6 | ...      a block, much longer than others
 *     places    row 5 -> 1, row 6 -> 4, row 70000 -> 0, ...  sorted by row
 *     block     each is read into its place; a frame is unpacked once for all of its rows
 */
#include "array/selection.h"

#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "array/selection_piece.h"
#include "base/error.h"

enum {
    BLOCK_BYTES = 256 * 1024,
    /* Each block of scattered rows may unpack the whole archive. */
    SCATTERED_BYTES = 64 * 1024 * 1024,
    PLACES_MAX = 512 * 1024
};

/* A piece, and the row of the block where it begins. */
struct umm_selection_place {
    struct umm_selection_piece piece;
    size_t row;
};

/* ---- frames ----------------------------------------------------------------------- */

/* The rows that are unpacked with this one: from *begin to before *end. */
static void frame_of(const struct umm_archive *archive, uint64_t row, uint64_t *begin,
                     uint64_t *end)
{
    const uint64_t each = archive->rows_per_frame, n_framed = archive->n_full * each;
    *begin = row < n_framed ? row / each * each : n_framed;
    *end = row < n_framed ? *begin + each : archive->n_rows;
}

/* Whether a run begins in a frame before one that the runs before it begin or end in. */
static bool goes_back(const struct umm_selection *selection)
{
    uint64_t begin, end, reached = 0;
    for (size_t i = 0; i < selection->n_runs; i++) {
        const struct umm_rows *run = &selection->runs[i];
        const uint64_t last = run->first + (uint64_t)run->step * (run->n - 1);
        frame_of(selection->file->archive, run->first, &begin, &end);
        if (begin < reached)
            return true;
        if (begin > reached)
            reached = begin;
        frame_of(selection->file->archive, last, &begin, &end);
        if (begin > reached)
            reached = begin;
    }
    return false;
}

/* Make the piece end where its first row's frame does. */
static void cut_at_frame(const struct umm_archive *archive, struct umm_selection_piece *piece)
{
    uint64_t begin, end;
    frame_of(archive, piece->first, &begin, &end);
    const bool is_back = piece->step < 0;
    const uint64_t step = is_back ? 0 - (uint64_t)piece->step : (uint64_t)piece->step;
    const uint64_t n = (is_back ? piece->first - begin : end - 1 - piece->first) / step + 1;
    if (n < piece->n)
        piece->n = (size_t)n;
}

/* ---- pieces ----------------------------------------------------------------------- */

/* The next rows of a run, at most `room`; *is_start if they are its first. False at the end. */
static bool next_piece(struct umm_selection *selection, size_t room,
                       struct umm_selection_piece *piece, bool *is_start)
{
    if (room == 0 || selection->run == selection->n_runs)
        return false;
    const struct umm_rows *run = &selection->runs[selection->run];
    const uint64_t left = run->n - selection->run_row;
    *piece =
        (struct umm_selection_piece){.first = run->first + (uint64_t)run->step * selection->run_row,
                                     .step = run->step,
                                     .n = left < room ? (size_t)left : room};
    if (selection->is_scattered)
        cut_at_frame(selection->file->archive, piece);
    *is_start = selection->run_row == 0;
    selection->run_row += piece->n;
    if (selection->run_row == run->n) {
        selection->run++;
        selection->run_row = 0;
    }
    return true;
}

static enum umm_status read_in_order(struct umm_selection *selection, size_t *n,
                                     struct umm_error *err)
{
    const size_t cap_rows = umm_selection_rows_in(selection->cap_bytes, selection->row_bytes);
    struct umm_selection_piece piece;
    bool is_start;
    enum umm_status status = UMM_OK;
    *n = 0;
    while (!status && next_piece(selection, cap_rows - *n, &piece, &is_start)) {
        char *out = selection->block + *n * selection->row_bytes;
        status = umm_selection_read_piece(selection, &piece, out, err);
        if (!status && selection->is_order_checked)
            status = umm_selection_check_order(selection, &piece, is_start, out, NULL, err);
        *n += piece.n;
    }
    return status;
}

/* ---- scattered rows --------------------------------------------------------------- */

static int compare_places(const void *a, const void *b)
{
    const uint64_t x = ((const struct umm_selection_place *)a)->piece.first;
    const uint64_t y = ((const struct umm_selection_place *)b)->piece.first;
    return (x > y) - (x < y);
}

static enum umm_status fill_places(struct umm_selection *selection, size_t n_places,
                                   struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    qsort(selection->places, n_places, sizeof *selection->places, compare_places);
    for (size_t i = 0; !status && i < n_places; i++) {
        const struct umm_selection_place *place = &selection->places[i];
        if (umm_run_is_cancelled(selection->context))
            return umm_error_set_cancelled(err);
        status = umm_selection_read_piece(
            selection, &place->piece, selection->block + place->row * selection->row_bytes, err);
        if (!status && selection->times)
            status = umm_selection_read_times(
                selection, &place->piece, selection->times + place->row * UMM_SELECTION_TIME_BYTES,
                err);
    }
    return status;
}

/* The rows of the block, which begins at the position, one piece after the other. */
static enum umm_status check_block(struct umm_selection *selection, size_t n, struct umm_error *err)
{
    struct umm_selection_piece piece;
    bool is_start;
    enum umm_status status = UMM_OK;
    for (size_t row = 0; !status && next_piece(selection, n - row, &piece, &is_start);
         row += piece.n)
        status = umm_selection_check_order(
            selection, &piece, is_start, selection->block + row * selection->row_bytes,
            selection->times ? selection->times + row * UMM_SELECTION_TIME_BYTES : NULL, err);
    return status;
}

static enum umm_status read_scattered(struct umm_selection *selection, size_t *n,
                                      struct umm_error *err)
{
    const size_t run = selection->run;
    const uint64_t run_row = selection->run_row;
    size_t n_places = 0;
    bool is_start;
    *n = 0;
    while (n_places < selection->cap_places) {
        struct umm_selection_place *place = &selection->places[n_places];
        if (!next_piece(selection, selection->cap_rows - *n, &place->piece, &is_start))
            break;
        place->row = *n;
        *n += place->piece.n;
        n_places++;
    }
    enum umm_status status = fill_places(selection, n_places, err);
    if (!status && selection->is_order_checked) {
        selection->run = run;
        selection->run_row = run_row;
        status = check_block(selection, *n, err);
    }
    if (!status || status == UMM_ERR_CANCELLED)
        return status;
    /* As it would be without this: what comes before the fault, then the first fault. */
    selection->is_scattered = false;
    selection->run = run;
    selection->run_row = run_row;
    return read_in_order(selection, n, err);
}

/* ---- blocks ----------------------------------------------------------------------- */

static enum umm_status begin_scattered(struct umm_selection *selection, struct umm_error *err)
{
    const bool has_times = umm_selection_has_other_time(selection);
    const uint64_t each = selection->row_bytes + (has_times ? UMM_SELECTION_TIME_BYTES : 0);
    size_t cap_rows = umm_selection_rows_in(SCATTERED_BYTES, each);
    if (cap_rows > selection->n_rows)
        cap_rows = (size_t)selection->n_rows;
    selection->cap_rows = cap_rows;
    selection->cap_places = cap_rows < PLACES_MAX ? cap_rows : PLACES_MAX;
    const size_t places_bytes = selection->cap_places * sizeof *selection->places;
    selection->places = malloc(places_bytes);
    if (has_times)
        selection->times = malloc(cap_rows * UMM_SELECTION_TIME_BYTES);
    if (!selection->places || (has_times && !selection->times))
        return umm_error_set_memory(err, places_bytes, "the order of ranges");
    return UMM_OK;
}

static enum umm_status begin(struct umm_selection *selection, struct umm_error *err)
{
    const uint64_t row_bytes = selection->file->row_bytes > selection->row_bytes
                                   ? selection->file->row_bytes
                                   : selection->row_bytes;
    if (row_bytes > SIZE_MAX)
        return umm_error_set_memory(err, SIZE_MAX, "a row");
    enum umm_status status = UMM_OK;
    selection->is_scattered =
        selection->file->archive && selection->row_bytes > 0 && goes_back(selection);
    selection->cap_bytes = row_bytes < BLOCK_BYTES ? BLOCK_BYTES : (size_t)row_bytes;
    if (selection->is_order_checked)
        status = umm_selection_begin_order(selection, err);
    if (!status && selection->is_scattered)
        status = begin_scattered(selection, err);
    if (status)
        return status;
    size_t block_bytes = selection->cap_rows * (size_t)selection->row_bytes;
    if (block_bytes < selection->cap_bytes)
        block_bytes = selection->cap_bytes;
    selection->raw = malloc(selection->cap_bytes);
    selection->block = malloc(block_bytes);
    if (!selection->raw || !selection->block)
        return umm_error_set_memory(err, block_bytes, "rows");
    return UMM_OK;
}

enum umm_status umm_selection_read(struct umm_selection *selection, const char **rows, size_t *n,
                                   struct umm_error *err)
{
    enum umm_status status = selection->block ? UMM_OK : begin(selection, err);
    *n = 0;
    if (!status)
        status = selection->is_scattered ? read_scattered(selection, n, err)
                                         : read_in_order(selection, n, err);
    *rows = selection->block;
    return status;
}
