/* SPDX-License-Identifier: MIT */
#include "convert/convert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/output.h"
#include "base/error.h"
#include "convert/convert_describe.h"
#include "convert/convert_job.h"
#include "convert/tail.h"
#include "reading/reading_times.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/outfile.h"
#include "thread/workers.h"
#include "unpack/unpack.h"

/* ---- checks before anything is touched ----------------------------------------- */

enum umm_convert_clash umm_convert_find_clash(const struct umm_convert_options *o)
{
    if (o->has_max_bad && o->bad_rows == UMM_BAD_ROWS_FAIL)
        return UMM_CONVERT_CLASH_MAX_BAD;
    if (o->reading.instrument.by && o->is_tail)
        return UMM_CONVERT_CLASH_BY_TAIL;
    if (o->reading.instrument.by && o->has_rows)
        return UMM_CONVERT_CLASH_BY_ROWS;
    if (o->reading.instrument.by && o->reading.fold == UMM_TZ_FOLD_INFER)
        return UMM_CONVERT_CLASH_BY_FOLD;
    if (o->dedup && o->order == UMM_ORDER_KEEP)
        return UMM_CONVERT_CLASH_DEDUP_KEEP;
    if (o->reading.schema.is_struct && o->reading.schema.is_plain)
        return UMM_CONVERT_CLASH_STRUCT_PLAIN;
    const bool is_ordered = o->order == UMM_ORDER_CHECK || o->order == UMM_ORDER_ASC;
    if (o->reading.fold == UMM_TZ_FOLD_INFER && !is_ordered)
        return UMM_CONVERT_CLASH_FOLD_ORDER;
    if (o->reading.has_date && !is_ordered)
        return UMM_CONVERT_CLASH_DATE_ORDER;
    if (o->output && umm_output_is_entry(o->output) && (o->is_append || o->is_locked))
        return UMM_CONVERT_CLASH_ENTRY;
    if (!o->is_append && (o->is_tail || (o->revision && !o->are_inputs_appended)))
        return UMM_CONVERT_CLASH_NO_APPEND;
    if (!o->is_append)
        return UMM_CONVERT_CLASH_NONE;
    if (o->order == UMM_ORDER_KEEP)
        return UMM_CONVERT_CLASH_APPEND_KEEP;
    if (o->reading.schema.is_fortran)
        return UMM_CONVERT_CLASH_APPEND_FORTRAN;
    if (o->has_rows)
        return UMM_CONVERT_CLASH_APPEND_ROWS;
    if (o->output && strcmp(o->output, "-") == 0)
        return UMM_CONVERT_CLASH_APPEND_STDOUT;
    if (!o->is_tail)
        return UMM_CONVERT_CLASH_NONE;
    return o->order == UMM_ORDER_ASC    ? UMM_CONVERT_CLASH_TAIL_ASC
           : o->order == UMM_ORDER_SORT ? UMM_CONVERT_CLASH_TAIL_SORT
                                        : UMM_CONVERT_CLASH_NONE;
}

static enum umm_status check_options(const struct umm_convert_options *o, struct umm_error *err)
{
    bool is_stdin = false;
    for (size_t i = 0; i < o->n_inputs; i++) {
        if (!o->inputs[i][0])
            return umm_error_set(err, UMM_ERR_ARGUMENT, "an input has an empty name");
        if (strcmp(o->inputs[i], "-") == 0 && is_stdin)
            return umm_error_set(err, UMM_ERR_ARGUMENT, "standard input can be read only once");
        is_stdin |= strcmp(o->inputs[i], "-") == 0;
    }
    const bool is_file =
        !o->output || (strcmp(o->output, "-") != 0 && !umm_output_is_entry(o->output));
    if (umm_convert_find_clash(o) || (umm_convert_compares_inputs(o) && (o->sink || !is_file)))
        return umm_error_set(err, UMM_ERR_ARGUMENT, "the options contradict each other");
    return UMM_OK;
}

/* Writing over an input would destroy it. Also adds up the sizes for progress. */
static enum umm_status check_inputs(struct umm_convert_job *job, struct umm_error *err)
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
            if (outputs[k] && umm_outfile_is_file(outputs[k], &info))
                return umm_error_set_path(err, UMM_ERR_ARGUMENT, outputs[k],
                                          "is an input and an output at once");
    }
    if (!is_known)
        job->total_bytes = 0;
    return UMM_OK;
}

enum umm_status umm_convert_check(struct umm_convert_job *job, struct umm_error *err)
{
    enum umm_status status = check_options(job->options, err);
    return status ? status : check_inputs(job, err);
}

/* ---- one input ------------------------------------------------------------------ */

enum umm_status umm_convert_take_lock(struct umm_convert_job *job, struct umm_error *err)
{
    const struct umm_convert_options *o = job->options;
    if (!o->output || !(o->is_locked || o->is_append))
        return UMM_OK;
    return umm_lock_take(&job->lock, o->output, o->lock_wait, job->run, err);
}

/* The order to keep: a layout that lists the newest row first has its rows reversed. */
static enum umm_order choose_order(const struct umm_convert_job *job)
{
    const struct umm_convert_options *o = job->options;
    bool is_newest_first = job->reading.layout && job->reading.layout->is_newest_first;
    return is_newest_first && !o->reading.is_order_given ? UMM_ORDER_ASC : o->order;
}

static enum umm_status check_schema(const struct umm_convert_job *job, struct umm_error *err)
{
    const struct umm_convert_options *o = job->options;
    const struct umm_schema *schema = &job->schema;
    const bool is_compared = o->is_append || umm_convert_compares_inputs(o);
    if (schema->time_index < 0 &&
        (o->dedup || is_compared || o->order == UMM_ORDER_ASC || o->order == UMM_ORDER_SORT))
        return umm_error_hint(err, umm_error_set(err, UMM_ERR_ARGUMENT, "there is no time column"),
                              UMM_HINT_TIME_COLUMN);
    if (o->is_ohlc_checked)
        for (int role = UMM_ROLE_OPEN; role <= UMM_ROLE_CLOSE; role++)
            if (umm_schema_find_role(schema, (enum umm_role)role) < 0)
                return umm_error_set(err, UMM_ERR_ARGUMENT,
                                     "no open, high, low and close to be checked");
    return UMM_OK;
}

/* Where each is appended to those before it, inputs need not have one order. */
static enum umm_status begin_order(struct umm_convert_job *job, struct umm_error *err)
{
    const bool is_each = umm_convert_compares_inputs(job->options);
    if (is_each)
        job->order = choose_order(job);
    job->result->sequence.order = job->order;
    if (job->options->is_tail && job->order != UMM_ORDER_CHECK)
        return umm_error_set(err, UMM_ERR_ARGUMENT,
                             "what is new in newest-first rows is not at their end");
    if (!is_each)
        return UMM_OK;
    job->has_tail = false;
    enum umm_status status =
        umm_target_begin_input(job->target, job->path, job->order == UMM_ORDER_ASC, err);
    return status || job->order != UMM_ORDER_SORT ? status : umm_convert_collect_rest(job, err);
}

/* All rows of such an input go on now, turned round if need be. */
static enum umm_status end_order(struct umm_convert_job *job, struct umm_error *err)
{
    struct umm_sequence *sequence = &job->result->sequence;
    const bool is_reversed = job->order == UMM_ORDER_ASC && sequence->direction < 0;
    if (!umm_convert_compares_inputs(job->options))
        return UMM_OK;
    enum umm_status status = umm_convert_emit_held(job, err);
    if (!status && job->is_collecting)
        status = umm_convert_hand_on(job, err);
    if (!status)
        status = umm_target_end_input(job->target, is_reversed, err);
    /* A row from the scratch file has no line any more. */
    if (status == UMM_ERR_CONFLICT && err && !err->path[0])
        umm_error_at(err, job->path, 0, 0, 0);
    job->result->is_reversed |= is_reversed;
    umm_sequence_restart(sequence);
    return status;
}

enum umm_status umm_convert_open_target(struct umm_convert_job *job, struct umm_error *err)
{
    const struct umm_convert_options *o = job->options;
    struct umm_file_info info;
    bool is_there = false;
    enum umm_status status = UMM_OK;
    if (o->is_append && o->output)
        status = umm_file_find(o->output, &is_there, &info, err);
    if (status)
        return status;
    struct umm_target_options target = {
        .path = o->output,
        .sink = o->sink,
        .pool_root = o->pool_root,
        .scratch_dir = o->scratch_dir,
        .align_bytes = o->align_bytes,
        .is_append = is_there,
        .is_each_compared = umm_convert_compares_inputs(o),
        .is_swept = o->is_swept,
        .may_reverse = job->order == UMM_ORDER_ASC,
        .revision = o->revision,
        .is_one_of_many = job->is_one_of_many,
        .has_rows = o->has_rows,
        .n_rows = o->n_rows,
        .file = {.is_synced = (o->is_synced || o->is_append) && !job->is_one_of_many,
                 .is_if_changed = o->is_if_changed}};
    job->result->is_append = is_there;
    status = umm_target_open(job->target, &target, &job->schema, job->run, err);
    /* Where rows that are out cannot be read back, or are not to be, none goes there at once. */
    if (!status && job->order == UMM_ORDER_SORT && !umm_convert_compares_inputs(o) &&
        !umm_target_can_sort(job->target))
        status = umm_convert_collect_rest(job, err);
    return status;
}

/* Room for a row, and for one that is held back. */
enum umm_status umm_convert_make_room(struct umm_convert_job *job, struct umm_error *err)
{
    job->held = calloc(1, job->schema.row_bytes);
    job->row.bytes = calloc(1, job->schema.row_bytes);
    return job->held && job->row.bytes ? UMM_OK
                                       : umm_error_set_memory(err, job->schema.row_bytes, "a row");
}

/* Where rows of many series wait. */
static void open_split(struct umm_convert_job *job)
{
    const struct umm_convert_options *o = job->options;
    const struct umm_rowsort_options options = {
        .memory_bytes = o->memory_bytes ? o->memory_bytes : UMM_CONVERT_MEMORY,
        .schema = &job->schema,
        .is_by_time = job->order == UMM_ORDER_SORT,
        .has_groups = true,
        .is_shared = umm_workers_wanted(job->run) > 1,
        .beside = job->beside,
        .scratch_dir = o->scratch_dir};
    umm_rowsort_init(&job->split->sort, &options, job->run);
}

/* The first file decides what the output is. */
static enum umm_status begin_output(struct umm_convert_job *job, struct umm_error *err)
{
    job->schema = job->reading.schema;
    job->has_schema = true;
    /* The job owns the fields from here on; the reading's copy must stay valid too. */
    job->schema.fields = calloc(job->schema.n_fields, sizeof *job->schema.fields);
    if (!job->schema.fields)
        return umm_error_set_memory(err, job->schema.row_bytes, "a row");
    memcpy(job->schema.fields, job->reading.schema.fields,
           job->schema.n_fields * sizeof *job->schema.fields);
    job->order = choose_order(job);
    job->row.takes_both = job->options->reading.fold == UMM_TZ_FOLD_INFER;
    job->result->sequence.dedup = job->options->dedup;
    enum umm_status status = umm_convert_make_room(job, err);
    if (!status)
        status = check_schema(job, err);
    bool is_kept =
        job->options->bad_rows == UMM_BAD_ROWS_QUARANTINE && umm_convert_has_output(job->options);
    if (!status && is_kept)
        status = umm_quarantine_open(&job->quarantine, job->options->quarantine, job->run, err);
    if (status || !job->split)
        return status ? status : umm_convert_open_target(job, err);
    open_split(job);
    return UMM_OK;
}

/* The last time of the rows that those of an input follow; false if there is none. */
static bool find_last_time(const struct umm_convert_job *job, struct umm_time *last)
{
    const struct umm_convert_result *result = job->result;
    const struct umm_sink *sink = job->options->sink;
    const enum umm_time_unit unit = job->schema.time_unit;
    if (job->schema.time_index < 0)
        return false;
    if (job->has_collected)
        *last = umm_time_from_unit(job->max_time, unit);
    else if (result->sequence.n_rows)
        *last = umm_time_from_unit(result->sequence.max, unit);
    else if (result->is_append && job->target->append.n_old)
        *last = umm_time_from_unit(job->target->append.last, unit);
    else
        return sink && sink->last && sink->last(sink->user, last);
    return true;
}

/* Whether rows reach a reader before all of them are known to be right, as they are read. */
static bool is_early(const struct umm_convert_options *o)
{
    return o->has_rows && o->output && !umm_output_is_entry(o->output) &&
           umm_outfile_goes_to_stream(o->output);
}

static enum umm_status open_input(struct umm_convert_job *job, const char *path, const char *member,
                                  struct umm_error *err)
{
    const struct umm_convert_options *o = job->options;
    struct umm_reading_options reading = o->reading;
    reading.archive = &job->archive;
    reading.member = member;
    reading.unpack.scratch_dir = o->scratch_dir;
    reading.unpack.is_checked_first |= is_early(o);
    enum umm_status status = umm_reading_open(&job->reading, path, &reading, job->run, err);
    job->path = job->reading.records.source.path;
    return status;
}

static enum umm_status begin_input(struct umm_convert_job *job, const char *path,
                                   const char *member, struct umm_error *err)
{
    struct umm_reading *reading = &job->reading;
    struct umm_time last;
    uint64_t first;
    enum umm_status status = open_input(job, path, member, err);
    if (!status)
        status = umm_convert_check_name(job, err);
    if (status)
        return status;
    if (!job->has_schema)
        status = begin_output(job, err);
    else if (!umm_schema_equal(&job->schema, &reading->schema))
        status = umm_error_set_path(err, UMM_ERR_DATA, reading->records.source.path,
                                    "has other columns than the files before it");
    if (!status)
        status = umm_instrument_expect(&reading->instrument, &job->instrument, err);
    if (!status && job->options->bad_rows == UMM_BAD_ROWS_QUARANTINE && reading->header_text)
        status = umm_quarantine_set_header(&job->quarantine, reading->header_text,
                                           strlen(reading->header_text), err);
    if (status == UMM_ERR_DATA && err && !err->path[0])
        umm_error_at(err, reading->records.source.path, 0, 0, 0);
    if (!status)
        status = umm_reading_decide_times(reading, find_last_time(job, &last) ? &last : NULL, err);
    first = reading->records.byte;
    if (!status && job->options->is_tail && job->result->is_append && job->target->append.n_old)
        status = umm_tail_seek(reading, job->target->append.last - 1, &job->row, err);
    if (!status)
        status = umm_convert_describe_input(job->result, job->archive ? job->path : path, err);
    if (status)
        return status;
    struct umm_convert_input *input = &job->result->inputs[job->result->n_inputs - 1];
    input->n_skipped_bytes = reading->records.byte - first;
    if (job->archive)
        job->path = input->path; /* a row may be named when the archive has gone on */
    return begin_order(job, err);
}

/* Whether any file so far had a row to take, usable or not. */
static bool has_rows(const struct umm_convert_result *result)
{
    for (size_t i = 0; i < result->n_inputs; i++)
        if (result->inputs[i].n_rows + result->inputs[i].n_rejected)
            return true;
    return false;
}

/*
 * A text that gives no row at all. Of several, one without rows of a filter may be among them: what
 * there is to say of it is said at the end, if all are so.
 */
static enum umm_status check_rows(struct umm_convert_job *job,
                                  const struct umm_convert_input *input, struct umm_error *err)
{
    const struct umm_records *records = &job->reading.records;
    if (input->n_rows + input->n_rejected || job->result->is_append || job->options->may_be_empty)
        return UMM_OK;
    if (!input->n_passed_over)
        return umm_error_set_path(
            err, UMM_ERR_DATA, records->source.path, "%s",
            records->n_held_bytes ? "no whole line after the header"
            : records->source.footer.n_left_out
                ? "no rows between the header and the lines passed over at its end"
                : "no rows after the header");
    job->none = umm_instrument_refuse_none(&job->reading.instrument, &job->none_reason);
    if (job->options->n_inputs == 1)
        umm_error_at(&job->none_reason, job->archive ? job->archive_path : job->path, 0, 0, 0);
    return UMM_OK;
}

/* Of several members one without any row may be there by chance: a note of the vendor. */
static void advise_members(const struct umm_convert_job *job, const struct umm_convert_input *input,
                           struct umm_error *err)
{
    const bool is_one_of_many = job->archive && umm_unpack_n_members(job->archive) > 1;
    if (!err || !is_one_of_many || (input && input->n_rows))
        return;
    if (err->hint == UMM_HINT_NO_FIELD || err->hint == UMM_HINT_NO_HEADER ||
        err->hint == UMM_HINT_PASS_OVER)
        umm_error_hint(err, err->status, UMM_HINT_OTHER_MEMBERS);
}

/* One text: a file, or a member of an archive. */
static enum umm_status convert_text(struct umm_convert_job *job, const char *path,
                                    const char *member, struct umm_error *err)
{
    const size_t n_before = job->result->n_inputs;
    enum umm_status status = begin_input(job, path, member, err);
    if (!status)
        status = umm_convert_read_rows(job, err);
    if (!status)
        status = umm_convert_fold_end(job, err);
    if (!status)
        status = end_order(job, err);
    struct umm_convert_input *input =
        job->result->n_inputs > n_before ? &job->result->inputs[job->result->n_inputs - 1] : NULL;
    if (!status)
        status = check_rows(job, input, err); /* an append may find nothing new, not even a row */
    if (!status)
        status = umm_instrument_keep(&job->instrument, &job->reading.instrument, err);
    if (!status && job->split)
        status = umm_split_end_file(job->split, err);
    if (!status)
        status = umm_convert_describe_reading(job->result, input, &job->reading, err);
    if (status)
        advise_members(job, input, err);
    job->done_bytes += job->reading.records.source.n_raw_bytes;
    umm_reading_close(&job->reading);
    return status;
}

static void close_archive(struct umm_convert_job *job)
{
    if (job->archive)
        job->result->n_other_members += umm_unpack_passed_over(job->archive);
    umm_unpack_close(job->archive);
    job->archive = NULL;
}

/* An archive that a member before was of stays open: the next one may come soon after. */
static enum umm_status find_member(struct umm_convert_job *job, const char *path,
                                   const char *member, struct umm_error *err)
{
    if (!job->archive)
        return UMM_OK;
    if (member && strcmp(path, job->archive_path) == 0)
        return umm_unpack_seek(job->archive, member, err);
    close_archive(job);
    return UMM_OK;
}

static enum umm_status convert_input(struct umm_convert_job *job, size_t i, struct umm_error *err)
{
    const char *path = job->options->inputs[i];
    const char *member = job->options->members ? job->options->members[i] : NULL;
    bool has_text = true;
    umm_uptodate_look(&job->inputs, path);
    enum umm_status status = find_member(job, path, member, err);
    job->archive_path = path;
    while (!status && has_text) {
        status = convert_text(job, path, member, err);
        has_text = false;
        if (!status && job->archive && !member)
            status = umm_unpack_next(job->archive, &has_text, err);
    }
    return status;
}

/* ---- all of it ------------------------------------------------------------------ */

enum umm_status umm_convert_refuse_all(const struct umm_convert_job *job, struct umm_error *err)
{
    if (!err)
        return UMM_ERR_DATA;
    *err = job->first_reason;
    size_t len = strlen(err->message);
    snprintf(err->message + len, sizeof err->message - len,
             "; and no other row can be used (%" PRIu64 " rejected)", job->result->n_rejected);
    return UMM_ERR_DATA;
}

enum umm_status umm_convert_rest(struct umm_convert_job *job, struct umm_error *err)
{
    struct umm_convert_result *result = job->result;
    enum umm_status status = umm_convert_emit_held(job, err);
    if (!status && job->is_collecting)
        status = umm_convert_hand_on(job, err);
    if (status)
        return status;
    if (!umm_convert_compares_inputs(job->options))
        result->is_reversed = job->order == UMM_ORDER_ASC && result->sequence.direction < 0;
    /* Every row bad: the text is of another kind, and an empty array no answer to it. */
    if (result->n_rejected && result->sequence.n_rows == 0 && job->target->n_rows == 0)
        return umm_convert_refuse_all(job, err);
    status = umm_target_finish(job->target, result->is_reversed, err);
    /* A row from the scratch file has no line any more. */
    if (status == UMM_ERR_CONFLICT && err && !err->path[0])
        umm_error_at(err, job->options->output, 0, 0, 0);
    /* Before the commit: what fails after it would deny that it is done. */
    if (!status)
        status = umm_convert_describe_output(result, &job->schema, job->target, err);
    return status;
}

enum umm_status umm_convert_commit_quarantine(struct umm_convert_job *job, struct umm_error *err)
{
    const struct umm_convert_options *o = job->options;
    /* A nightly append that rejects nothing must not empty what an earlier one kept. */
    const bool is_due = job->result->n_rejected || !o->is_append;
    if (o->bad_rows != UMM_BAD_ROWS_QUARANTINE || !is_due || !umm_convert_has_output(o))
        return UMM_OK;
    return umm_quarantine_commit(&job->quarantine, o->is_synced || o->is_append, err);
}

enum umm_status umm_convert_commit(struct umm_convert_job *job, struct umm_error *err)
{
    enum umm_status status = umm_target_commit(job->target, err);
    job->result->is_changed = job->target->is_changed;
    if (!status && job->result->is_append && !job->options->is_if_changed)
        umm_uptodate_settle(&job->inputs, job->options->output);
    return status;
}

static void take_archive(struct umm_convert_job *job)
{
    struct umm_convert_archive *kept = job->options->archive;
    if (!kept)
        return;
    job->archive = kept->unpack;
    job->archive_path = kept->path;
    *kept = (struct umm_convert_archive){.unpack = NULL};
}

/* After a failure nobody knows where it stands. */
static void leave_archive(struct umm_convert_job *job, enum umm_status status)
{
    struct umm_convert_archive *kept = job->options->archive;
    if (!kept || !job->options->members || status) {
        close_archive(job);
        return;
    }
    *kept = (struct umm_convert_archive){job->archive, job->archive_path};
    job->archive = NULL;
}

void umm_convert_archive_close(struct umm_convert_archive *archive)
{
    umm_unpack_close(archive->unpack);
    *archive = (struct umm_convert_archive){.unpack = NULL};
}

enum umm_status umm_convert_read_inputs(struct umm_convert_job *job, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < job->options->n_inputs; i++)
        status = convert_input(job, i, err);
    leave_archive(job, status);
    if (status || !job->none || has_rows(job->result))
        return status;
    if (err)
        *err = job->none_reason;
    return job->none;
}

/* All but the commit. */
static enum umm_status run_job(struct umm_convert_job *job, struct umm_error *err)
{
    take_archive(job);
    enum umm_status status = umm_convert_check(job, err);
    if (!status)
        status = umm_convert_take_lock(job, err);
    if (status)
        leave_archive(job, status);
    else
        status = umm_convert_read_inputs(job, err);
    return status ? status : umm_convert_rest(job, err);
}

enum umm_status umm_convert_begin(struct umm_convert_job *job,
                                  const struct umm_convert_options *options, bool is_one_of_many,
                                  struct umm_run *run, struct umm_convert_result *result,
                                  struct umm_error *err)
{
    const uint64_t start_ns = umm_clock_monotonic_ns();
    *job = (struct umm_convert_job){
        .options = options, .run = run, .result = result, .is_one_of_many = is_one_of_many};
    job->target = &job->first_target;
    memset(result, 0, sizeof *result);
    if (options->series)
        job->instrument = *options->series;
    enum umm_status status = run_job(job, err);
    umm_rowsort_close(&job->sort);
    umm_reading_close(&job->reading);
    umm_unpack_close(job->archive);
    job->archive = NULL;
    result->seconds = (double)(umm_clock_monotonic_ns() - start_ns) * 1e-9;
    return status;
}

enum umm_status umm_convert_end(struct umm_convert_job *job, struct umm_error *err)
{
    const uint64_t start_ns = umm_clock_monotonic_ns();
    enum umm_status status = umm_run_is_cancelled(job->run)
                                 ? umm_error_set_cancelled(err)
                                 : umm_convert_commit_quarantine(job, err);
    if (!status)
        status = umm_convert_commit(job, err);
    job->result->seconds += (double)(umm_clock_monotonic_ns() - start_ns) * 1e-9;
    return status;
}

void umm_convert_close(struct umm_convert_job *job, enum umm_status status)
{
    if (!job->options)
        return;
    umm_target_close(&job->sorted_target);
    umm_target_close(&job->first_target);
    umm_quarantine_close(&job->quarantine);
    umm_lock_release(&job->lock);
    if (job->options->series)
        *job->options->series = job->instrument;
    else
        umm_instrument_free(&job->instrument);
    umm_schema_free(&job->schema);
    umm_convert_fold_free(&job->fold);
    umm_convert_names_free(&job->names);
    free(job->held);
    free(job->row.bytes);
    if (status)
        umm_convert_result_free(job->result);
    job->options = NULL;
}

enum umm_status umm_convert(const struct umm_convert_options *options, struct umm_run *run,
                            struct umm_convert_result *result, struct umm_error *err)
{
    struct umm_convert_job job;
    enum umm_status status = umm_convert_begin(&job, options, false, run, result, err);
    if (!status)
        status = umm_convert_end(&job, err);
    umm_convert_close(&job, status);
    return status;
}
