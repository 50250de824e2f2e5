/* SPDX-License-Identifier: MIT */
#include "data/tail.h"

/* Below this distance reading on is cheaper than another probe. */
enum { NEAR_BYTES = 64 * 1024, TRIES = 16 };

/*
 * The time of the first row that begins behind byte `at`, and where it begins.
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
        if (umm_reading_row(reading, &placed, row, NULL) == UMM_OK) {
            *byte = placed.byte;
            *is_found = true;
            return UMM_OK;
        }
    }
    return status;
}

/* Settle the forms of time from the first row, as reading from the start would. */
static enum umm_status read_first(struct umm_reading *reading, struct umm_row *row, bool *is_read,
                                  struct umm_error *err)
{
    struct umm_placed_record placed;
    bool has_record;
    enum umm_status status = umm_records_next(&reading->records, &placed, &has_record, err);
    *is_read = !status && has_record && umm_reading_row(reading, &placed, row, NULL) == UMM_OK;
    return status;
}

enum umm_status umm_tail_seek(struct umm_reading *reading, int64_t last, struct umm_row *row,
                              struct umm_error *err)
{
    struct umm_records *records = &reading->records;
    if (!umm_source_can_seek(&records->source))
        return UMM_OK;
    const uint64_t start = records->byte, start_line = records->line;
    uint64_t low = start, high = records->source.info.size_bytes - records->source.bom_bytes;
    bool is_read, is_found;
    enum umm_status status = read_first(reading, row, &is_read, err);
    if (!status && (!is_read || row->time > last))
        return umm_records_seek(records, start, start_line, err);
    /* The row at low is not later than last; rows from high on are, or there are none. */
    while (!status && high - low > NEAR_BYTES) {
        uint64_t middle = low + (high - low) / 2, byte;
        status = probe(reading, middle, row, &byte, &is_found, err);
        if (!status && is_found && byte < high && row->time <= last)
            low = byte;
        else
            high = middle;
    }
    if (status)
        return status;
    return umm_records_seek(records, low, low == start ? start_line : 0, err);
}
