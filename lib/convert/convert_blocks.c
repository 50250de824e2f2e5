/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/tuning.h"
#include "convert/convert_job.h"
#include "convert/pipeline.h"
#include "thread/workers.h"

static enum umm_status cut_block(void *user, struct umm_block *block, enum umm_cut *cut,
                                 struct umm_error *err)
{
    struct umm_convert_job *job = user;
    size_t n_bytes;
    bool is_cut;
    enum umm_status status = umm_convert_look_around(job, err);
    if (!status)
        status = umm_records_cut(&job->reading.records, job->plan.cpu, job->block_bytes, block,
                                 &is_cut, &n_bytes, err);
    if (status)
        return status;
    job->serial_until = job->reading.records.byte + n_bytes;
    *cut = is_cut ? UMM_CUT_BLOCK : n_bytes ? UMM_CUT_SERIAL : UMM_CUT_END;
    return UMM_OK;
}

static enum umm_status read_serially(void *user, struct umm_error *err)
{
    struct umm_convert_job *job = user;
    bool is_end;
    return umm_convert_read_records(job, job->serial_until, &is_end, err);
}

/* Rows from..to of a block wait to be sorted. */
static enum umm_status collect_rows(struct umm_convert_job *job, struct umm_block *block,
                                    size_t from, size_t to, struct umm_error *err)
{
    struct umm_rowsort_bank *later = block->later;
    enum umm_status status = umm_convert_collect(job, block->rows + from * job->schema.row_bytes,
                                                 block->times + from, to - from, &later, err);
    block->later = later;
    job->result->inputs[job->result->n_inputs - 1].n_rows += to - from;
    return status;
}

/* Rows follow that have one time each, the last one of last. */
static enum umm_status pass_folds(struct umm_convert_job *job, int64_t last, struct umm_error *err)
{
    if (!job->row.takes_both || job->schema.time_index < 0)
        return UMM_OK;
    return umm_convert_fold_pass(job, last, err);
}

/* Rows from..to of a block, in order, among those before. */
static enum umm_status take_rows(struct umm_convert_job *job, struct umm_block *block, size_t from,
                                 size_t to, struct umm_error *err)
{
    size_t row_bytes = job->schema.row_bytes;
    bool has_time = job->schema.time_index >= 0;
    if (from < to) {
        enum umm_status status = pass_folds(job, block->times[to - 1], err);
        if (status)
            return status;
    }
    while (from < to) {
        size_t n = to - from, n_taken = 0;
        if (job->split)
            return umm_convert_split_rows(job, block, from, to, err);
        if (job->is_collecting)
            return collect_rows(job, block, from, to, err);
        if (has_time && umm_convert_is_skipped(job, block->times[from])) {
            from++;
            continue;
        }
        if (has_time)
            n = umm_convert_run_of_rows(job, block->times + from, n);
        if (n) {
            enum umm_status status =
                umm_target_push_many(job->target, block->rows + from * row_bytes,
                                     has_time ? block->times + from : NULL, n, &n_taken, err);
            if (status)
                return status;
            job->result->inputs[job->result->n_inputs - 1].n_rows += n;
            from += n;
            continue;
        }
        struct umm_convert_origin origin = {.block = block, .r = from};
        if (job->result->is_append || umm_convert_compares_inputs(job->options))
            origin.line = umm_block_line(block, from);
        memcpy(job->row.bytes, block->rows + from * row_bytes, row_bytes);
        job->row.time = block->times[from];
        enum umm_status status = umm_convert_accept(job, &origin, err);
        if (status)
            return status;
        job->result->inputs[job->result->n_inputs - 1].n_rows++;
        from++;
    }
    return UMM_OK;
}

static enum umm_status take_special(struct umm_convert_job *job, struct umm_block *block,
                                    const struct umm_block_special *special, struct umm_error *err)
{
    struct umm_placed_record placed;
    umm_block_record_at(block, special->begin, &placed);
    if (umm_records_is_blank(&job->reading.records, &placed.record)) {
        job->reading.records.n_blank++;
        return UMM_OK;
    }
    return umm_convert_take_record(job, &placed, err);
}

/* The rows of a block that can be set aside to be written later, all of them. */
static bool is_deferred(struct umm_convert_job *job, const struct umm_block *block, size_t *n)
{
    if (block->n_specials || block->n_rows == 0 || job->is_collecting || job->split ||
        !umm_target_can_defer(job->target))
        return false;
    *n = block->n_rows;
    if (job->schema.time_index >= 0)
        *n = umm_convert_run_of_rows(job, block->times, block->n_rows);
    return true;
}

/* By the first block: how many rows all inputs will give, if they are plain files. */
static void expect_rows(struct umm_convert_job *job, const struct umm_block *block)
{
    if (job->has_expected || block->n_rows == 0 || job->split)
        return;
    job->has_expected = true;
    bool is_plain = job->total_bytes && umm_source_can_seek(&job->reading.records.source);
    double n = (double)job->total_bytes / (double)block->len_bytes * (double)block->n_rows;
    if (is_plain && job->total_bytes > 4 * block->len_bytes)
        umm_target_expect(job->target, (uint64_t)(n * 1.01));
}

static enum umm_status take_all(struct umm_convert_job *job, struct umm_block *block,
                                struct umm_error *err)
{
    size_t from = 0;
    expect_rows(job, block);
    job->reading.records.n_blank += block->n_blank;
    job->reading.records.n_comments += block->n_comments;
    for (size_t i = 0; i < UMM_TIME_UNITS; i++)
        job->result->inputs[job->result->n_inputs - 1].n_epochs[i] += block->n_epochs[i];
    job->result->inputs[job->result->n_inputs - 1].n_passed_over += block->n_passed_over;
    enum umm_status status = UMM_OK;
    if (block->n_rows && !block->n_specials)
        status = pass_folds(job, block->times[block->n_rows - 1], err);
    if (status)
        return status;
    if (is_deferred(job, block, &from) && from) {
        status = umm_target_reserve(job->target, block->rows, from, &block->piece, err);
        if (status)
            return status;
        job->result->inputs[job->result->n_inputs - 1].n_rows += from;
    }
    for (size_t i = 0; i < block->n_specials; i++) {
        const struct umm_block_special *special = &block->specials[i];
        status = take_rows(job, block, from, special->row, err);
        if (!status)
            status = take_special(job, block, special, err);
        if (status)
            return status;
        from = special->row + special->is_instead;
    }
    return take_rows(job, block, from, block->n_rows, err);
}

static enum umm_status take_block(void *user, struct umm_block *block, struct umm_error *err)
{
    block->piece.len = 0;
    block->later = NULL;
    enum umm_status status = take_all(user, block, err);
    if (status)
        umm_rowsort_drop(block->later);
    return status;
}

static enum umm_status write_block(void *user, struct umm_block *block, struct umm_error *err)
{
    const struct umm_convert_job *job = user;
    enum umm_status status = UMM_OK;
    if (block->later)
        status = umm_rowsort_spill(job->split ? &job->split->sort : &job->sort, block->later, err);
    if (!status && block->piece.len)
        status = umm_target_write_piece(job->target, &block->piece, err);
    return status;
}

/* Starting a thread pays from a few blocks on. */
static unsigned choose_threads(const struct umm_convert_job *job)
{
    enum { BLOCKS_PER_THREAD = 8 };
    unsigned n = umm_workers_wanted(job->run);
    const struct umm_source *source = &job->reading.records.source;
    const bool is_known = umm_source_can_seek(source) || (source->unpack && source->size_bytes);
    uint64_t worth = source->size_bytes / (BLOCKS_PER_THREAD * (uint64_t)job->block_bytes);
    return is_known && worth < n ? (unsigned)worth + !worth : n;
}

/* All that is left, block by block; the forms of time must be settled. */
static enum umm_status read_blocks(struct umm_convert_job *job, struct umm_error *err)
{
    const struct umm_reading *reading = &job->reading;
    job->plan = (struct umm_block_plan){.cells = &reading->cells,
                                        .instrument = &reading->instrument,
                                        .n_fields = reading->n_fields,
                                        .comment = job->options->reading.comment,
                                        .is_ohlc_checked = job->options->is_ohlc_checked,
                                        .cpu = umm_cpu_choose(job->run)};
    job->block_bytes = umm_run_block_bytes(job->run, UMM_RECORDS_READ_BYTES);
    const struct umm_pipeline pipeline = {.cut = cut_block,
                                          .serial = read_serially,
                                          .take = take_block,
                                          .write = write_block,
                                          .user = job,
                                          .plan = &job->plan,
                                          .block_bytes = job->block_bytes,
                                          .is_long = umm_records_is_long(&reading->records)};
    return umm_pipeline_run(&pipeline, choose_threads(job), err);
}

enum umm_status umm_convert_read_rows(struct umm_convert_job *job, struct umm_error *err)
{
    bool is_reference = umm_run_engine(job->run) == UMM_ENGINE_REFERENCE;
    bool is_end = false;
    /* Behind a --tail's search rows are few and their lines not known: one by one. */
    if (is_reference || job->reading.records.line == 0)
        return umm_convert_read_records(job, UINT64_MAX, &is_end, err);
    enum umm_status status = UMM_OK;
    while (!status && !is_end &&
           !(job->reading.is_settled && umm_instrument_is_known(&job->reading.instrument)))
        status = umm_convert_read_records(job, job->reading.records.byte + 1, &is_end, err);
    return status || is_end ? status : read_blocks(job, err);
}
