/* SPDX-License-Identifier: MIT */
#include "data/convert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "data/block.h"
#include "data/convert_describe.h"
#include "data/pipeline.h"
#include "data/quarantine.h"
#include "data/tail.h"
#include "data/target.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/workers.h"

/* Between looks at the cancel flag and the clock. */
enum { ROWS_PER_LOOK = 2048 };
static const uint64_t progress_ns = 100 * 1000 * 1000;

/* One conversion under way. */
struct job {
    const struct umm_convert_options *options;
    struct umm_run *run;
    struct umm_convert_result *result;
    struct umm_reading reading; /* the file being read */
    const char *path;           /* of that file, for messages */
    bool has_schema;
    struct umm_schema schema; /* of the first file, and of the output */
    struct umm_lock lock;
    struct umm_quarantine quarantine;
    struct umm_target target;
    /* With --dedup last one row is held back: the next may replace it. */
    char *held;
    struct umm_row row;
    bool has_held;
    int64_t held_time;
    uint64_t held_line;
    const char *held_path;
    enum umm_order order;
    struct umm_block_plan plan;
    size_t block_bytes;
    bool has_expected;
    uint64_t serial_until; /* text up to this byte is for the record reader */
    uint64_t total_bytes;  /* of all inputs, 0 when not known */
    uint64_t done_bytes;   /* of the inputs before this one */
    uint64_t next_look_ns;
};

/* ---- checks before anything is touched ----------------------------------------- */

static enum umm_status contradiction(struct umm_error *err, const char *what)
{
    return umm_error_set(err, UMM_ERR_ARGUMENT, "%s", what);
}

static enum umm_status check_options(const struct umm_convert_options *o, struct umm_error *err)
{
    bool is_stdin = false;
    for (size_t i = 0; i < o->n_inputs; i++) {
        if (!o->inputs[i][0])
            return contradiction(err, "an input has an empty name");
        if (strcmp(o->inputs[i], "-") == 0 && is_stdin)
            return contradiction(err, "standard input can be read only once");
        is_stdin |= strcmp(o->inputs[i], "-") == 0;
    }
    if (o->has_max_bad && o->bad_rows == UMM_BAD_ROWS_FAIL)
        return contradiction(err, "--max-bad needs --bad-rows skip or quarantine:FILE");
    if (o->dedup && o->order == UMM_ORDER_KEEP)
        return contradiction(err, "--dedup needs rows in order: not with --order keep");
    if (o->reading.schema.is_struct && o->reading.schema.is_plain)
        return contradiction(err, "--struct and --plain exclude each other");
    if (o->reading.time_format && o->reading.has_time_unit_in)
        return contradiction(err, "--time-format and --time-unit-in exclude each other");
    if (!o->is_append && (o->is_tail || o->revision))
        return contradiction(err, "--tail and --on-revision need --append");
    if (!o->is_append)
        return UMM_OK;
    if (o->order == UMM_ORDER_KEEP)
        return contradiction(err, "--append needs rows in order: not with --order keep");
    if (o->reading.schema.is_fortran)
        return contradiction(err, "--append cannot grow a --fortran array");
    if (o->has_rows)
        return contradiction(err, "--rows is for fresh outputs: not with --append");
    if (o->output && strcmp(o->output, "-") == 0)
        return contradiction(err, "--append needs a file: not standard output");
    if (o->is_tail && o->order == UMM_ORDER_ASC)
        return contradiction(err, "--tail needs oldest-first rows: not with --order asc");
    if (o->is_tail && o->revision)
        return contradiction(err, "--tail compares nothing: not with --on-revision");
    return UMM_OK;
}

/* Whether the output path ("-": standard output) is the file of info. */
static bool is_file(const char *path, const struct umm_file_info *info)
{
    struct umm_file_info out;
    if (strcmp(path, "-") != 0)
        return umm_file_same(path, info->device, info->inode);
    return umm_file_stat_fd(1, path, &out, NULL) == UMM_OK && out.device == info->device &&
           out.inode == info->inode;
}

/* Writing over an input would destroy it. Also adds up the sizes for progress. */
static enum umm_status check_inputs(struct job *job, struct umm_error *err)
{
    const struct umm_convert_options *o = job->options;
    struct umm_file_info info;
    bool is_known = true;
    for (size_t i = 0; i < o->n_inputs; i++) {
        bool is_stdin = strcmp(o->inputs[i], "-") == 0;
        enum umm_status status = is_stdin ? umm_file_stat_fd(0, "<stdin>", &info, NULL)
                                          : umm_file_stat(o->inputs[i], &info, NULL);
        if (status || info.kind != UMM_FILE_REGULAR) {
            is_known = false;
            continue;
        }
        job->total_bytes += info.size_bytes;
        const char *outputs[] = {o->output, o->quarantine};
        for (size_t k = 0; k < 2; k++)
            if (outputs[k] && is_file(outputs[k], &info))
                return umm_error_set_path(err, UMM_ERR_ARGUMENT, outputs[k],
                                          "is an input and an output at once");
    }
    if (!is_known)
        job->total_bytes = 0;
    return UMM_OK;
}

/* ---- rows ---------------------------------------------------------------------- */

static enum umm_status look_around(struct job *job, struct umm_error *err)
{
    if (umm_run_is_cancelled(job->run))
        return umm_error_set_cancelled(err);
    if (!job->run || !job->run->progress)
        return UMM_OK;
    uint64_t now = umm_clock_run_ns(job->run);
    if (now < job->next_look_ns)
        return UMM_OK;
    job->next_look_ns = now + progress_ns;
    job->run->progress(job->run->progress_user,
                       job->done_bytes + job->reading.records.source.n_raw_bytes, job->total_bytes);
    return UMM_OK;
}

/* Find the line of a record that was reached by a seek; reading ends here anyway. */
static void settle_line(struct job *job, struct umm_error *err)
{
    uint64_t line, byte = err->byte;
    if (err->line == 0 && err->column &&
        umm_records_count_lines(&job->reading.records, byte, &line, NULL) == UMM_OK)
        err->line = line;
}

/* Why a row that could be rejected ends the run. */
static void say_too_many(struct umm_error *err, uint64_t max_bad)
{
    size_t len = strlen(err->message);
    snprintf(err->message + len, sizeof err->message - len,
             "; with it, more rows are rejected than the %" PRIu64 " of --max-bad", max_bad);
}

/* A row that cannot be used: stop, or go on as the options say. */
static enum umm_status reject(struct job *job, const struct umm_placed_record *placed,
                              const struct umm_error *reason, struct umm_error *err)
{
    const struct umm_convert_options *o = job->options;
    job->result->n_rejected++;
    job->result->inputs[job->result->n_inputs - 1].n_rejected++;
    bool is_too_many = o->has_max_bad && job->result->n_rejected > o->max_bad;
    if (o->bad_rows == UMM_BAD_ROWS_FAIL || is_too_many) {
        if (err)
            *err = *reason;
        if (err && o->bad_rows != UMM_BAD_ROWS_FAIL)
            say_too_many(err, o->max_bad);
        return reason->status;
    }
    if (o->bad_rows == UMM_BAD_ROWS_SKIP || !o->output)
        return UMM_OK;
    return umm_quarantine_add(&job->quarantine, reason, placed->record.text,
                              placed->record.len_bytes, err);
}

/* Where a row comes from: a record, or row r of a block, whose record is found if needed. */
struct origin {
    const struct umm_placed_record *placed;
    struct umm_block *block;
    size_t r;
    uint64_t line; /* 0: not needed */
};

static enum umm_status refuse_order(struct job *job, const struct origin *origin,
                                    enum umm_sequence_verdict verdict, struct umm_error *err)
{
    struct umm_placed_record found;
    const struct umm_placed_record *placed = origin->placed;
    if (!placed) {
        umm_block_row_record(origin->block, origin->r, &found);
        placed = &found;
    }
    char now[UMM_TIME_ISO_MAX], before[UMM_TIME_ISO_MAX];
    enum umm_time_unit unit = job->schema.time_unit;
    umm_time_format_iso(umm_time_from_unit(job->row.time, unit), now);
    umm_time_format_iso(umm_time_from_unit(job->result->sequence.last, unit), before);
    if (verdict == UMM_SEQUENCE_DUPLICATE)
        umm_error_set(err, UMM_ERR_DATA, "a second row of %s; use --dedup first or last", now);
    else if (job->order == UMM_ORDER_ASC)
        umm_error_set(err, UMM_ERR_DATA,
                      "%s after %s: neither oldest first nor newest first; use --order keep", now,
                      before);
    else
        umm_error_set(err, UMM_ERR_DATA,
                      "%s after %s: out of order; use --order asc for newest-first rows, or "
                      "--order keep",
                      now, before);
    umm_reading_place(&job->reading, placed,
                      (size_t)job->reading.found[job->schema.time_index].first, err);
    return UMM_ERR_DATA;
}

static enum umm_status emit_held(struct job *job, struct umm_error *err)
{
    if (!job->has_held)
        return UMM_OK;
    job->has_held = false;
    enum umm_status status = umm_target_push(&job->target, job->held, job->held_time, err);
    if (status == UMM_ERR_CONFLICT)
        umm_error_at(err, job->held_path, job->held_line, 0, 0);
    return status;
}

/* The converted row (job->row) takes its place among the others. */
static enum umm_status accept(struct job *job, const struct origin *origin, struct umm_error *err)
{
    enum umm_sequence_verdict verdict = UMM_SEQUENCE_TAKE;
    if (job->schema.time_index >= 0)
        verdict = umm_sequence_next(&job->result->sequence, job->row.time);
    switch (verdict) {
    case UMM_SEQUENCE_DROP: return UMM_OK;
    case UMM_SEQUENCE_BACKWARD:
    case UMM_SEQUENCE_DUPLICATE: return refuse_order(job, origin, verdict, err);
    case UMM_SEQUENCE_REPLACE: job->has_held = false; break;
    case UMM_SEQUENCE_TAKE: break;
    }
    enum umm_status status = emit_held(job, err);
    char *bytes = job->held;
    job->held = job->row.bytes;
    job->row.bytes = bytes;
    job->has_held = true;
    job->held_time = job->row.time;
    job->held_line = origin->line;
    job->held_path = job->path;
    if (!status && job->options->dedup != UMM_DEDUP_LAST)
        status = emit_held(job, err);
    return status;
}

/* The record as a row, if it is a good one. */
static enum umm_status read_row(struct job *job, const struct umm_placed_record *placed,
                                struct umm_error *err)
{
    size_t bad;
    enum umm_status status = umm_reading_row(&job->reading, placed, &job->row, err);
    if (status || !job->options->is_ohlc_checked)
        return status;
    const char *what = umm_cells_check_ohlc(&job->schema, job->row.bytes, &bad);
    if (!what)
        return UMM_OK;
    status = umm_error_set(err, UMM_ERR_DATA, "%s", what);
    umm_reading_place(&job->reading, placed, (size_t)job->reading.found[bad].first, err);
    return status;
}

/*
 * A bad row that was reached by a seek: read it again with its line number, which
 * those after it then have, too.
 */
static enum umm_status read_again(struct job *job, struct umm_placed_record *placed,
                                  struct umm_error *reason)
{
    struct umm_records *records = &job->reading.records;
    uint64_t byte = placed->byte, line;
    bool has_record = false;
    enum umm_status status = umm_records_count_lines(records, byte, &line, reason);
    if (!status)
        status = umm_records_seek(records, byte, line, reason);
    if (!status)
        status = umm_records_next(records, placed, &has_record, reason);
    if (!status && !has_record)
        status = umm_error_set_path(reason, UMM_ERR_CONFLICT, job->path,
                                    "became shorter while it was read");
    return status ? status : read_row(job, placed, reason);
}

static enum umm_status take_record(struct job *job, struct umm_placed_record *placed,
                                   struct umm_error *err)
{
    struct umm_error reason = {.status = UMM_OK};
    enum umm_status status = read_row(job, placed, &reason);
    if (status == UMM_ERR_DATA && placed->line == 0)
        status = read_again(job, placed, &reason);
    if (!status) {
        /* --tail: the first rows may still be ones that the array has. */
        if (job->options->is_tail && job->target.append.n_old &&
            job->row.time <= job->target.append.last)
            return UMM_OK;
        const struct origin origin = {.placed = placed, .line = placed->line};
        status = accept(job, &origin, &reason);
        if (!status) {
            job->result->inputs[job->result->n_inputs - 1].n_rows++;
            return UMM_OK;
        }
    } else if (status == UMM_ERR_DATA) {
        return reject(job, placed, &reason, err);
    }
    settle_line(job, &reason);
    if (err)
        *err = reason;
    return status;
}

/* ---- one input ------------------------------------------------------------------ */

static enum umm_status take_lock(struct job *job, struct umm_error *err)
{
    const struct umm_convert_options *o = job->options;
    if (!o->output || !(o->is_locked || o->is_append))
        return UMM_OK;
    return umm_lock_take(&job->lock, o->output, o->lock_wait, job->run, err);
}

/* The order to keep: a layout that lists the newest row first has its rows reversed. */
static enum umm_order choose_order(const struct job *job)
{
    const struct umm_convert_options *o = job->options;
    bool is_newest_first = job->reading.layout && job->reading.layout->is_newest_first;
    return is_newest_first && !o->reading.is_order_given ? UMM_ORDER_ASC : o->order;
}

static enum umm_status check_schema(const struct job *job, struct umm_error *err)
{
    const struct umm_convert_options *o = job->options;
    const struct umm_schema *schema = &job->schema;
    if (schema->time_index < 0 && (o->dedup || o->is_append || o->order == UMM_ORDER_ASC))
        return contradiction(err, "--append, --dedup and --order asc need a time column");
    if (o->is_ohlc_checked)
        for (int role = UMM_ROLE_OPEN; role <= UMM_ROLE_CLOSE; role++)
            if (umm_schema_find_role(schema, (enum umm_role)role) < 0)
                return contradiction(err, "--check-ohlc needs open, high, low and close");
    if (o->is_tail && job->order != UMM_ORDER_CHECK)
        return contradiction(err, "--tail needs oldest-first rows");
    return UMM_OK;
}

static enum umm_status open_target(struct job *job, struct umm_error *err)
{
    const struct umm_convert_options *o = job->options;
    struct umm_file_info info;
    bool is_there = o->is_append && o->output && umm_file_stat(o->output, &info, NULL) == UMM_OK;
    struct umm_target_options target = {
        .path = o->output,
        .scratch_dir = o->scratch_dir,
        .align_bytes = o->align_bytes,
        .is_append = is_there,
        .may_reverse = job->order == UMM_ORDER_ASC,
        .revision = o->revision,
        .has_rows = o->has_rows,
        .n_rows = o->n_rows,
        .file = {.is_synced = o->is_synced || o->is_append, .is_if_changed = o->is_if_changed}};
    job->result->is_append = is_there;
    return umm_target_open(&job->target, &target, &job->schema, job->run, err);
}

/* The first file decides what the output is. */
static enum umm_status begin_output(struct job *job, struct umm_error *err)
{
    job->schema = job->reading.schema;
    job->has_schema = true;
    /* The job owns the fields from here on; the reading's copy must stay valid too. */
    job->schema.fields = calloc(job->schema.n_fields, sizeof *job->schema.fields);
    job->held = calloc(1, job->schema.row_bytes);
    job->row.bytes = calloc(1, job->schema.row_bytes);
    if (!job->schema.fields || !job->held || !job->row.bytes)
        return umm_error_set_memory(err, job->schema.row_bytes, "a row");
    memcpy(job->schema.fields, job->reading.schema.fields,
           job->schema.n_fields * sizeof *job->schema.fields);
    job->order = choose_order(job);
    job->result->sequence.order = job->order;
    job->result->sequence.dedup = job->options->dedup;
    enum umm_status status = check_schema(job, err);
    bool is_kept = job->options->bad_rows == UMM_BAD_ROWS_QUARANTINE && job->options->output;
    if (!status && is_kept)
        status = umm_quarantine_open(&job->quarantine, job->options->quarantine, job->run, err);
    return status ? status : open_target(job, err);
}

static enum umm_status begin_input(struct job *job, const char *path, struct umm_error *err)
{
    struct umm_reading *reading = &job->reading;
    uint64_t first;
    enum umm_status status = umm_reading_open(reading, path, &job->options->reading, job->run, err);
    job->path = reading->records.source.path;
    if (status)
        return status;
    if (!job->has_schema)
        status = begin_output(job, err);
    else if (!umm_schema_equal(&job->schema, &reading->schema))
        status = umm_error_set_path(err, UMM_ERR_DATA, reading->records.source.path,
                                    "has other columns than the files before it");
    if (!status && job->options->bad_rows == UMM_BAD_ROWS_QUARANTINE && reading->header_text)
        status = umm_quarantine_set_header(&job->quarantine, reading->header_text,
                                           strlen(reading->header_text), err);
    if (status == UMM_ERR_DATA && err && !err->path[0])
        umm_error_at(err, reading->records.source.path, 0, 0, 0);
    first = reading->records.byte;
    if (!status && job->options->is_tail && job->result->is_append && job->target.append.n_old)
        status = umm_tail_seek(reading, job->target.append.last, &job->row, err);
    if (!status)
        status = umm_convert_describe_input(job->result, path, err);
    if (!status)
        job->result->inputs[job->result->n_inputs - 1].n_skipped_bytes =
            reading->records.byte - first;
    return status;
}

/* Records one by one until one begins at byte `until` or behind it, or there are none. */
static enum umm_status read_records(struct job *job, uint64_t until, bool *is_end,
                                    struct umm_error *err)
{
    struct umm_placed_record placed;
    bool has_record;
    uint64_t n = 0;
    *is_end = false;
    while (job->reading.records.byte < until) {
        enum umm_status status = UMM_OK;
        if (++n % ROWS_PER_LOOK == 0)
            status = look_around(job, err);
        if (!status)
            status = umm_records_next(&job->reading.records, &placed, &has_record, err);
        if (status && err)
            settle_line(job, err);
        *is_end = !status && !has_record;
        if (status || !has_record)
            return status;
        status = take_record(job, &placed, err);
        if (status)
            return status;
    }
    return UMM_OK;
}

/* ---- blocks of rows -------------------------------------------------------------- */

static enum umm_status cut_block(void *user, struct umm_block *block, enum umm_cut *cut,
                                 struct umm_error *err)
{
    struct job *job = user;
    size_t n_bytes;
    bool is_cut;
    enum umm_status status = look_around(job, err);
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
    struct job *job = user;
    bool is_end;
    return read_records(job, job->serial_until, &is_end, err);
}

/* How many of the n rows from a time on need no look at each: none, or those in order. */
static size_t run_of_rows(struct job *job, const int64_t *times, size_t n)
{
    const struct umm_append *append = &job->target.append;
    if (job->options->dedup == UMM_DEDUP_LAST ||
        (job->result->is_append && append->n_old && times[0] <= append->last))
        return 0;
    return umm_sequence_run(&job->result->sequence, times, n);
}

/* Rows from..to of a block, in order, among those before. */
static enum umm_status take_rows(struct job *job, struct umm_block *block, size_t from, size_t to,
                                 struct umm_error *err)
{
    size_t row_bytes = job->schema.row_bytes;
    bool has_time = job->schema.time_index >= 0;
    while (from < to) {
        size_t n = to - from, n_taken = 0;
        if (has_time)
            n = run_of_rows(job, block->times + from, n);
        if (n) {
            enum umm_status status =
                umm_target_push_many(&job->target, block->rows + from * row_bytes,
                                     has_time ? block->times + from : NULL, n, &n_taken, err);
            if (status)
                return status;
            job->result->inputs[job->result->n_inputs - 1].n_rows += n;
            from += n;
            continue;
        }
        struct origin origin = {.block = block, .r = from};
        if (job->result->is_append)
            origin.line = umm_block_line(block, from);
        memcpy(job->row.bytes, block->rows + from * row_bytes, row_bytes);
        job->row.time = block->times[from];
        enum umm_status status = accept(job, &origin, err);
        if (status)
            return status;
        job->result->inputs[job->result->n_inputs - 1].n_rows++;
        from++;
    }
    return UMM_OK;
}

static enum umm_status take_special(struct job *job, struct umm_block *block,
                                    const struct umm_block_special *special, struct umm_error *err)
{
    struct umm_placed_record placed;
    umm_block_record_at(block, special->begin, &placed);
    if (umm_records_is_blank(&job->reading.records, &placed.record)) {
        job->reading.records.n_blank++;
        return UMM_OK;
    }
    return take_record(job, &placed, err);
}

/* The rows of a block that can be set aside to be written later, all of them. */
static bool is_deferred(struct job *job, const struct umm_block *block, size_t *n)
{
    if (block->n_specials || block->n_rows == 0 || !umm_target_can_defer(&job->target))
        return false;
    *n = block->n_rows;
    if (job->schema.time_index >= 0)
        *n = run_of_rows(job, block->times, block->n_rows);
    return true;
}

/* By the first block: how many rows all inputs will give, if they are plain files. */
static void expect_rows(struct job *job, const struct umm_block *block)
{
    if (job->has_expected || block->n_rows == 0)
        return;
    job->has_expected = true;
    bool is_plain = job->total_bytes && umm_source_can_seek(&job->reading.records.source);
    double n = (double)job->total_bytes / (double)block->len_bytes * (double)block->n_rows;
    if (is_plain && job->total_bytes > 4 * block->len_bytes)
        umm_target_expect(&job->target, (uint64_t)(n * 1.01));
}

static const uint64_t nowhere = UINT64_MAX;

static enum umm_status take_block(void *user, struct umm_block *block, uint64_t *place,
                                  struct umm_error *err)
{
    struct job *job = user;
    size_t from = 0;
    *place = nowhere;
    expect_rows(job, block);
    job->reading.records.n_blank += block->n_blank;
    job->reading.records.n_comments += block->n_comments;
    if (is_deferred(job, block, &from) && from) {
        enum umm_status status = umm_target_reserve(&job->target, from, place, err);
        if (status)
            return status;
        block->n_deferred = from;
        job->result->inputs[job->result->n_inputs - 1].n_rows += from;
    }
    for (size_t i = 0; i < block->n_specials; i++) {
        const struct umm_block_special *special = &block->specials[i];
        enum umm_status status = take_rows(job, block, from, special->row, err);
        if (!status)
            status = take_special(job, block, special, err);
        if (status)
            return status;
        from = special->row + special->is_instead;
    }
    return take_rows(job, block, from, block->n_rows, err);
}

static enum umm_status write_block(void *user, struct umm_block *block, uint64_t place,
                                   struct umm_error *err)
{
    const struct job *job = user;
    if (place == nowhere)
        return UMM_OK;
    return umm_target_write_at(&job->target, place, block->rows, block->n_deferred, err);
}

/* Starting a thread pays from a few blocks on. */
static unsigned choose_threads(const struct job *job)
{
    enum { BLOCKS_PER_THREAD = 8 };
    unsigned n = umm_workers_wanted(job->run);
    bool is_known = umm_source_can_seek(&job->reading.records.source);
    uint64_t worth = job->reading.records.source.info.size_bytes /
                     (BLOCKS_PER_THREAD * (uint64_t)job->block_bytes);
    return is_known && worth < n ? (unsigned)worth + !worth : n;
}

static enum umm_status read_blocks(struct job *job, struct umm_error *err)
{
    const struct umm_reading *reading = &job->reading;
    job->plan = (struct umm_block_plan){.cells = &reading->cells,
                                        .n_fields = reading->n_fields,
                                        .comment = job->options->reading.comment,
                                        .is_ohlc_checked = job->options->is_ohlc_checked,
                                        .cpu = umm_cpu_choose(job->run)};
    job->block_bytes =
        job->run && job->run->block_bytes ? job->run->block_bytes : UMM_RECORDS_READ_BYTES;
    const struct umm_pipeline pipeline = {.cut = cut_block,
                                          .serial = read_serially,
                                          .take = take_block,
                                          .write = write_block,
                                          .user = job,
                                          .plan = &job->plan,
                                          .block_bytes = job->block_bytes};
    return umm_pipeline_run(&pipeline, choose_threads(job), err);
}

static enum umm_status read_rows(struct job *job, struct umm_error *err)
{
    bool is_reference = job->run && job->run->engine == UMM_ENGINE_REFERENCE;
    bool is_end = false;
    /* Rows of a --tail are few, and their lines are not known: one by one. */
    if (is_reference || job->options->is_tail)
        return read_records(job, UINT64_MAX, &is_end, err);
    enum umm_status status = UMM_OK;
    while (!status && !is_end && !job->reading.is_settled)
        status = read_records(job, job->reading.records.byte + 1, &is_end, err);
    return status || is_end ? status : read_blocks(job, err);
}

static enum umm_status convert_input(struct job *job, const char *path, struct umm_error *err)
{
    enum umm_status status = begin_input(job, path, err);
    if (!status)
        status = read_rows(job, err);
    struct umm_convert_input *input =
        job->result->n_inputs ? &job->result->inputs[job->result->n_inputs - 1] : NULL;
    if (!status && input->n_rows + input->n_rejected == 0 && !job->options->is_tail)
        status = umm_error_set_path(err, UMM_ERR_DATA, job->reading.records.source.path,
                                    "no rows after the header");
    if (!status)
        status = umm_convert_describe_reading(input, &job->reading, err);
    job->done_bytes += job->reading.records.source.n_raw_bytes;
    umm_reading_close(&job->reading);
    return status;
}

/* ---- all of it ------------------------------------------------------------------ */

static enum umm_status finish(struct job *job, struct umm_error *err)
{
    struct umm_convert_result *result = job->result;
    result->is_reversed = job->order == UMM_ORDER_ASC && result->sequence.direction < 0;
    enum umm_status status = emit_held(job, err);
    if (status)
        return status;
    status = umm_target_finish(&job->target, result->is_reversed, err);
    /* A row from the scratch file has no line any more. */
    if (status == UMM_ERR_CONFLICT && err && !err->path[0])
        umm_error_at(err, job->options->output, 0, 0, 0);
    /* Before the commit: what fails after it would deny that it is done. */
    if (!status)
        status = umm_convert_describe_output(result, &job->schema, &job->target, err);
    if (status)
        return status;
    if (umm_run_is_cancelled(job->run))
        return umm_error_set_cancelled(err);
    /* A nightly append that rejects nothing must not empty what an earlier one kept. */
    bool has_bad = result->n_rejected || !job->options->is_append;
    if (job->options->bad_rows == UMM_BAD_ROWS_QUARANTINE && job->options->output && has_bad)
        status = umm_quarantine_commit(&job->quarantine,
                                       job->options->is_synced || job->options->is_append, err);
    if (!status)
        status = umm_target_commit(&job->target, err);
    result->is_changed = job->target.is_changed;
    return status;
}

static enum umm_status run_job(struct job *job, struct umm_error *err)
{
    enum umm_status status = check_options(job->options, err);
    if (!status)
        status = check_inputs(job, err);
    if (!status)
        status = take_lock(job, err);
    for (size_t i = 0; !status && i < job->options->n_inputs; i++)
        status = convert_input(job, job->options->inputs[i], err);
    return status ? status : finish(job, err);
}

enum umm_status umm_convert(const struct umm_convert_options *options, struct umm_run *run,
                            struct umm_convert_result *result, struct umm_error *err)
{
    struct job job = {.options = options, .run = run, .result = result};
    uint64_t start_ns = umm_clock_monotonic_ns();
    memset(result, 0, sizeof *result);
    job.target.scratch_fd = -1;
    enum umm_status status = run_job(&job, err);
    umm_target_close(&job.target);
    umm_quarantine_close(&job.quarantine);
    umm_lock_release(&job.lock);
    umm_reading_close(&job.reading);
    umm_schema_free(&job.schema);
    free(job.held);
    free(job.row.bytes);
    result->seconds = (double)(umm_clock_monotonic_ns() - start_ns) * 1e-9;
    if (status)
        umm_convert_result_free(result);
    return status;
}
