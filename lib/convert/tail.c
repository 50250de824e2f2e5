/* SPDX-License-Identifier: MIT */
#include "convert/tail.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Below this distance reading on is cheaper than another probe. */
enum {
    NEAR_BYTES = 64 * 1024,
    TRIES = 16,
    PROBE_BYTES = 64 * 1024,
    WINDOW_BYTES = UMM_CSV_FIELD_MAX + 64
};

/*
 * The time of the first row that begins after byte `at`, and where it begins.
 * *is_found is false when no row can be read there before the end.
 */
static enum umm_status probe(struct umm_reading *reading, uint64_t at, struct umm_row *row,
                             uint64_t *byte, bool *is_found, struct umm_error *err)
{
    struct umm_records *records = &reading->records;
    struct umm_placed_record placed;
    bool has_record = true;
    *is_found = false;
    enum umm_status status = umm_records_seek(records, at, 0, err);
    if (!status)
        status = umm_records_skip_lines(records, 1, err);
    for (int i = 0; !status && has_record && i < TRIES; i++) {
        status = umm_records_next(records, &placed, &has_record, err);
        if (status || !has_record)
            return status;
        /* A time that could be two says nothing alone. */
        if (umm_reading_row(reading, &placed, row, NULL) == UMM_OK && !row->is_passed_over &&
            !row->read.is_folded && umm_reading_take(reading, &placed, NULL) == UMM_OK) {
            *byte = placed.byte;
            *is_found = true;
            return UMM_OK;
        }
    }
    return status;
}

/*
 * Whether byte `at` cannot lie inside quotes: a quoted field is at most
 * UMM_CSV_FIELD_MAX long, so its first quote would stand in that many bytes before.
 */
static enum umm_status is_outside(const struct umm_reading *reading, uint64_t at, char *window,
                                  bool *is_out, struct umm_error *err)
{
    const struct umm_source *source = &reading->records.source;
    size_t len = at < WINDOW_BYTES ? (size_t)at : WINDOW_BYTES;
    enum umm_status status = umm_file_pread_all(source->fd, source->path, window, len,
                                                at - len + source->bom_bytes, err);
    *is_out = !status && !memchr(window, UMM_CSV_QUOTE, len);
    return status;
}

/*
 * Settle the forms of time, and whose rows they are, from the first row, as reading from the
 * start would.
 */
static enum umm_status read_first(struct umm_reading *reading, struct umm_row *row, bool *is_read,
                                  struct umm_error *err)
{
    struct umm_placed_record placed;
    bool has_record = true;
    enum umm_status status = UMM_OK;
    row->is_passed_over = true;
    *is_read = true;
    while (!status && has_record && *is_read && row->is_passed_over) {
        status = umm_records_next(&reading->records, &placed, &has_record, err);
        *is_read = !status && has_record && umm_reading_row(reading, &placed, row, NULL) == UMM_OK;
    }
    if (*is_read)
        *is_read = !row->read.is_folded && umm_reading_take(reading, &placed, NULL) == UMM_OK;
    return status;
}

/* The byte of a row not later than last, or the first row's. window is scratch room. */
static enum umm_status search(struct umm_reading *reading, int64_t last, struct umm_row *row,
                              char *window, uint64_t *found, struct umm_error *err)
{
    const struct umm_records *records = &reading->records;
    uint64_t low = records->byte;
    uint64_t high = records->source.info.size_bytes - records->source.bom_bytes;
    bool is_read, is_found, is_out;
    *found = low;
    enum umm_status status = read_first(reading, row, &is_read, err);
    if (status || !is_read || row->time > last)
        return status;
    /* The row at low is not later than last; rows from high on are, or there are none. */
    while (!status && high > low && high - low > NEAR_BYTES) {
        uint64_t middle = low + (high - low) / 2, byte;
        status = is_outside(reading, middle, window, &is_out, err);
        /* Quotes near by: nothing found after here could be trusted. Read on from low. */
        if (status || !is_out)
            break;
        status = probe(reading, middle, row, &byte, &is_found, err);
        if (!status && is_found && byte < high && row->time <= last)
            low = byte;
        else
            high = middle;
    }
    *found = low;
    return status;
}

enum umm_status umm_tail_seek(struct umm_reading *reading, int64_t last, struct umm_row *row,
                              struct umm_error *err)
{
    struct umm_records *records = &reading->records;
    if (!umm_source_can_seek(&records->source))
        return UMM_OK;
    const struct umm_records before = *records;
    uint64_t byte;
    char *window = malloc(WINDOW_BYTES);
    if (!window)
        return umm_error_set_memory(err, WINDOW_BYTES, "searching");
    records->step_bytes = PROBE_BYTES;
    enum umm_status status = search(reading, last, row, window, &byte, err);
    free(window);
    records->step_bytes = before.step_bytes;
    records->n_blank = before.n_blank;
    records->n_comments = before.n_comments;
    if (status)
        return status;
    return umm_records_seek(records, byte, byte == before.byte ? before.line : 0, err);
}
