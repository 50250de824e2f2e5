/* SPDX-License-Identifier: MIT */
#include "convert/convert_job.h"

/* The rows of a block from `done` to `until` go to their series. */
static enum umm_status push(struct umm_convert_job *job, struct umm_block *block, size_t done,
                            size_t until, struct umm_error *err)
{
    struct umm_rowsort_bank *later = block->later;
    const size_t n = until - done;
    if (n == 0)
        return UMM_OK;
    enum umm_status status =
        umm_rowsort_push(&job->split->sort, block->rows + done * job->schema.row_bytes,
                         block->times + done, job->split->groups + done, n, &later, err);
    block->later = later;
    job->result->inputs[job->result->n_inputs - 1].n_rows += n;
    return status;
}

/* A row whose symbol is none, for the record reader; its time was counted with the block's. */
static enum umm_status take_odd(struct umm_convert_job *job, struct umm_block *block, size_t r,
                                struct umm_error *err)
{
    struct umm_placed_record placed;
    umm_block_row_record(block, r, &placed);
    enum umm_status status = umm_convert_take_record(job, &placed, err);
    if (!status && job->schema.time_index >= 0 && job->row.read.is_by_magnitude)
        job->result->inputs[job->result->n_inputs - 1].n_epochs[job->row.read.unit]--;
    return status;
}

/* The same check of row r as of a record: what says whose it is, in its series. */
static enum umm_status check_fully(struct umm_convert_job *job, struct umm_block *block, size_t r,
                                   struct umm_instrument *series, struct umm_error *err)
{
    struct umm_csv_field *fields = job->split->fields;
    struct umm_placed_record placed;
    size_t field = 0;
    for (size_t f = 0; f < job->reading.n_fields; f++)
        fields[f] = umm_block_cell(block, (int)f, r);
    enum umm_status status = umm_instrument_take(series, fields, &field, err);
    if (status == UMM_ERR_DATA) {
        umm_block_row_record(block, r, &placed);
        umm_reading_place(&job->reading, &placed, field, err);
    }
    return status;
}

static enum umm_status check_series(struct umm_convert_job *job, struct umm_block *block, size_t r,
                                    uint32_t group, struct umm_error *err)
{
    const struct umm_instrument *file = &job->reading.instrument;
    struct umm_instrument *series = job->split->symbols[group].series;
    enum umm_status status = UMM_OK;
    if (!series)
        status = umm_split_series(job->split, file, group, &series, err);
    for (size_t k = 0; !status && k < series->n_keys; k++) {
        const struct umm_instrument_key *key = &series->keys[k];
        if (!key->value || !umm_instrument_is(key, umm_block_cell(block, key->field, r)))
            return check_fully(job, block, r, series, err);
    }
    return status;
}

static enum umm_status check_order(struct umm_convert_job *job, struct umm_block *block, size_t r,
                                   uint32_t group, struct umm_error *err)
{
    const enum umm_sequence_verdict verdict = umm_convert_place_of(job, group, block->times[r]);
    if (verdict == UMM_SEQUENCE_TAKE)
        return UMM_OK;
    const struct umm_convert_origin origin = {.block = block, .r = r};
    job->row.time = block->times[r];
    return umm_convert_refuse_order(job, &origin, verdict, job->split->symbols[group].place.last,
                                    err);
}

enum umm_status umm_convert_split_rows(struct umm_convert_job *job, struct umm_block *block,
                                       size_t from, size_t to, struct umm_error *err)
{
    struct umm_split *split = job->split;
    const int by = job->reading.instrument.by.field;
    const bool has_keys = job->reading.instrument.n_series_keys;
    const bool has_time = job->schema.time_index >= 0;
    size_t done = from;
    enum umm_status status =
        umm_split_reserve(split, block->n_rows, has_keys ? job->reading.n_fields : 0, err);
    for (size_t r = from; !status && r < to; r++) {
        uint32_t *group = &split->groups[r];
        status = umm_split_look(split, umm_block_cell(block, by, r), group, err);
        if (status == UMM_ERR_DATA) {
            status = push(job, block, done, r, err);
            if (!status)
                status = take_odd(job, block, r, err);
            done = r + 1;
            continue;
        }
        if (!status && has_keys)
            status = check_series(job, block, r, *group, err);
        if (!status && has_time)
            status = check_order(job, block, r, *group, err);
    }
    return status ? status : push(job, block, done, to, err);
}
