/* SPDX-License-Identifier: MIT */
#include "archivejob/archive_append.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/arraycolumn.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/uptodate.h"
#include "thread/mutex.h"

/* An append under way. */
struct job {
    const char *path;
    const struct umm_archive_append_options *options;
    struct umm_run run;          /* the caller's, and what is done while it waits */
    const struct umm_run *outer; /* the caller's, or NULL */
    struct umm_archive_append_result *result;
    struct umm_uptodate inputs;
    struct umm_mutex mutex; /* of all below: the wait for input may be a thread of its own */
    enum umm_status failed;
    struct umm_error failure;
    struct umm_archive_writer writer;
    bool is_open;
    bool is_ready;                /* and rows can be compared */
    struct umm_instrument series; /* whose the rows of all inputs are */
    struct umm_convert_names names;
    const char *input; /* being read */
    bool is_stream;    /* it is a pipe */
    bool has_time;
    struct umm_arraycolumn time;
    uint64_t n_begun;      /* rows that were there before this run */
    uint64_t n_old;        /* and before this input */
    uint64_t n_input_rows; /* of this input, so far */
    struct umm_time last;  /* of the archive's rows, new ones included */
    bool has_previous;
    struct umm_time previous;   /* of this input's rows */
    struct umm_overlap overlap; /* with the rows that are there */
    uint64_t n_waiting;
    uint64_t waiting_since_ns;
};

/* ---- times ------------------------------------------------------------------------ */

static enum umm_status time_of(const void *user, const char *row, uint64_t index,
                               struct umm_time *out, struct umm_error *err)
{
    const struct job *job = user;
    return umm_arraycolumn_time(&job->time, row + job->time.offset_bytes, index, out, err);
}

static enum umm_status read_old(void *user, uint64_t first, size_t n, char *out,
                                struct umm_error *err)
{
    struct job *job = user;
    return umm_archive_read(&job->writer.archive, first, n, out, err);
}

static enum umm_status out_of_order(const struct job *job, const struct umm_time *time,
                                    struct umm_error *err)
{
    char now[UMM_TIME_ISO_MAX], before[UMM_TIME_ISO_MAX];
    umm_time_format_iso(*time, now);
    umm_time_format_iso(job->previous, before);
    return umm_error_set_path(err, UMM_ERR_DATA, job->input,
                              "row %" PRIu64 ": %s after %s: out of order", job->n_input_rows, now,
                              before);
}

/* ---- rows ------------------------------------------------------------------------- */

/* A row that is not newer than the last: is it one that is there? */
static enum umm_status compare_row(struct job *job, const char *row, const struct umm_time *time,
                                   struct umm_error *err)
{
    struct umm_error why = {.status = UMM_OK};
    enum umm_status status = umm_overlap_compare(&job->overlap, row, time, &why);
    job->result->n_same = job->overlap.n_same;
    job->result->n_revised = job->overlap.n_revised;
    if (status && err)
        *err = why;
    if (status != UMM_ERR_CONFLICT || why.path[0])
        return status;
    umm_error_set_path(err, status, job->input, "row %" PRIu64 ": %s", job->n_input_rows,
                       why.message);
    return umm_error_hint(err, status, UMM_HINT_REVISION);
}

static enum umm_status push(struct job *job, const char *rows, uint64_t n, struct umm_error *err)
{
    if (n == 0)
        return UMM_OK;
    if (job->n_waiting == 0)
        job->waiting_since_ns = umm_clock_run_ns(&job->run);
    job->n_waiting += n;
    return umm_archive_writer_push(&job->writer, rows, (size_t)n, err);
}

/* Whether the rows that wait are to go into a frame now. */
static bool is_due(const struct job *job)
{
    const struct umm_archive_append_options *o = job->options;
    if (job->n_waiting == 0)
        return false;
    return (o->flush_rows && job->n_waiting >= o->flush_rows) ||
           (o->flush_bytes && job->n_waiting * job->writer.archive.row_bytes >= o->flush_bytes) ||
           (o->flush_age_ns &&
            umm_clock_run_ns(&job->run) - job->waiting_since_ns >= o->flush_age_ns);
}

/* After what one read brought, and while there is nothing: make it durable as the options say. */
static enum umm_status settle(struct job *job, struct umm_error *err)
{
    const struct umm_archive *a = &job->writer.archive;
    enum umm_status status = UMM_OK;
    if (!job->is_stream || job->n_waiting == 0)
        return UMM_OK;
    bool is_flush = is_due(job);
    bool is_full = a->tail_rows >= a->rows_per_frame || job->writer.n_packed;
    if (is_flush || is_full) {
        status = umm_archive_writer_commit(&job->writer, is_flush, err);
        job->n_waiting = 0;
        return status;
    }
    return job->options->is_sync_always ? umm_archive_writer_store(&job->writer, err) : UMM_OK;
}

/* Rows from..to of a block are new: they are pushed at once. */
static enum umm_status take_timed(struct job *job, const char *rows, uint64_t n,
                                  struct umm_error *err)
{
    size_t row_bytes = job->writer.archive.row_bytes;
    uint64_t from = 0;
    enum umm_status status = UMM_OK;
    for (uint64_t i = 0; !status && i < n; i++, job->n_input_rows++) {
        struct umm_time time;
        const char *row = rows + i * row_bytes;
        status = time_of(job, row, job->n_input_rows, &time, err);
        if (status)
            break;
        if (job->has_previous && umm_arraycolumn_compare(&time, &job->previous) < 0)
            return out_of_order(job, &time, err);
        bool is_old = job->n_old && umm_arraycolumn_compare(&time, &job->last) <= 0;
        job->has_previous = true;
        job->previous = time;
        if (!is_old)
            continue;
        status = push(job, rows + from * row_bytes, i - from, err);
        from = i + 1;
        if (!status)
            status = compare_row(job, row, &time, err);
    }
    return status ? status : push(job, rows + from * row_bytes, n - from, err);
}

/* The first failure is everybody's: after it the writer is only closed. */
static enum umm_status unlock(struct job *job, enum umm_status status, struct umm_error *err)
{
    job->failed = status;
    if (status && err)
        *err = job->failure;
    umm_mutex_unlock(&job->mutex);
    return status;
}

static enum umm_status take(void *user, const char *rows, uint64_t n, struct umm_error *err)
{
    struct job *job = user;
    umm_mutex_lock(&job->mutex);
    enum umm_status status = job->failed;
    if (!status)
        status = job->has_time ? take_timed(job, rows, n, &job->failure)
                               : push(job, rows, n, &job->failure);
    return unlock(job, status ? status : settle(job, &job->failure), err);
}

/* While a pipe is silent. */
static enum umm_status wait_on(void *user, struct umm_error *err)
{
    struct job *job = user;
    umm_mutex_lock(&job->mutex);
    enum umm_status status = job->failed;
    status = unlock(job, status ? status : settle(job, &job->failure), err);
    if (!status && job->outer && job->outer->idle)
        status = job->outer->idle(job->outer->idle_user, err);
    return status;
}

/* ---- inputs ----------------------------------------------------------------------- */

/* What is there before this input: later ones of one run go on after earlier ones. */
static enum umm_status look_at_last(struct job *job, struct umm_error *err)
{
    struct umm_archive *a = &job->writer.archive;
    const char *row;
    job->n_old = a->n_rows;
    job->has_previous = false;
    job->n_input_rows = 0;
    umm_overlap_restart(&job->overlap, job->n_old);
    if (!job->has_time || job->n_old == 0)
        return UMM_OK;
    enum umm_status status = umm_overlap_row(&job->overlap, job->n_old - 1, &row, err);
    return status ? status : time_of(job, row, job->n_old - 1, &job->last, err);
}

static enum umm_status open_writer(struct job *job, const struct umm_npy *npy,
                                   struct umm_error *err)
{
    const struct umm_archive *a = &job->writer.archive;
    job->is_open = true;
    enum umm_status status = umm_archive_writer_open(&job->writer, job->path, npy,
                                                     &job->options->writer, &job->run, err);
    const enum umm_revision revision =
        job->options->revision == UMM_REVISION_KEEP ? UMM_REVISION_KEEP : UMM_REVISION_ERROR;
    const struct umm_overlap_rows rows = {.what = "the archive",
                                          .npy = &a->npy,
                                          .n_rows = a->n_rows,
                                          .read = read_old,
                                          .time = time_of,
                                          .user = job};
    if (!status)
        status = umm_overlap_open(&job->overlap, &rows, revision, err);
    job->is_ready = !status;
    job->n_begun = a->n_rows;
    job->n_waiting = a->n_rows - a->n_framed;
    job->waiting_since_ns = umm_clock_run_ns(&job->run);
    return status;
}

static enum umm_status begin_rows(struct job *job, const struct umm_npy *npy, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    if (!job->is_open) {
        status = open_writer(job, npy, err);
    } else {
        struct umm_npy type = *npy;
        type.is_fortran = job->writer.archive.npy.is_fortran;
        if (!umm_npy_same_type(&job->writer.archive.npy, &type))
            status =
                umm_npy_refuse_rows(err, job->input, "the archive", &job->writer.archive.npy, npy);
    }
    if (status)
        return status;
    uint64_t index;
    job->has_time = umm_arraycolumn_find_time(&job->writer.archive.npy, &index, NULL) == UMM_OK;
    if (job->has_time)
        umm_arraycolumn_get(&job->writer.archive.npy, index, &job->time);
    return look_at_last(job, err);
}

static enum umm_status begin(void *user, const struct umm_npy *npy, struct umm_error *err)
{
    struct job *job = user;
    umm_mutex_lock(&job->mutex);
    return unlock(job, begin_rows(job, npy, &job->failure), err);
}

/* Under no lock: begin was called, and rows come after this. */
static bool last_time(void *user, struct umm_time *time)
{
    const struct job *job = user;
    *time = job->last;
    return job->has_time && job->n_old > 0;
}

static enum umm_status append_input(struct job *job, const char *input, struct umm_error *err)
{
    const struct umm_rowsource_sink sink = {
        .begin = begin, .take = take, .last = last_time, .user = job};
    struct umm_rowsource_options source = job->options->source;
    struct umm_rowsource_result result;
    struct umm_file_info info = {.kind = UMM_FILE_REGULAR}, archive;
    bool is_stdin = strcmp(input, "-") == 0;
    job->input = is_stdin ? "<stdin>" : input;
    enum umm_status status =
        is_stdin ? umm_file_stat_fd(0, job->input, &info, err) : umm_file_stat(input, &info, err);
    job->is_stream = info.kind == UMM_FILE_STREAM;
    source.text.reading.is_prompt = job->is_stream;
    /* Rows of a pipe are stored as they come: not before a checksum at its end was right. */
    source.text.reading.unpack.is_checked_first = job->is_stream;
    source.text.series = &job->series;
    source.text.names = &job->names;
    umm_uptodate_look(&job->inputs, input);
    /* A quiet minute brings nothing new; a first input without rows is a wrong one. */
    if (!status)
        status = umm_file_find(job->path, &source.text.may_be_empty, &archive, err);
    if (!status)
        status = umm_rowsource_run(input, &source, &sink, &job->run, &result, err);
    if (status && err && !err->path[0])
        umm_error_at(err, job->input, 0, 0, 0);
    if (!status)
        job->result->n_rejected += result.n_rejected;
    job->result->n_passed_over += result.n_passed_over;
    job->result->n_held_bytes += result.n_held_bytes;
    return status;
}

static void describe(const struct job *job)
{
    const struct umm_archive *a = &job->writer.archive;
    struct umm_archive_append_result *result = job->result;
    struct umm_file_info info;
    result->n_rows = a->n_rows;
    result->n_appended = a->n_rows - job->n_begun;
    result->n_in_journal = a->n_rows - a->n_framed;
    result->content_bytes = a->n_rows * a->row_bytes;
    result->framed_bytes = a->n_framed * a->row_bytes;
    if (umm_file_stat_fd(a->fd, a->path, &info, NULL) == UMM_OK)
        result->size_bytes = info.size_bytes;
}

/* What was not opened, as no input had a row, need be no archive. */
static void settle_time(const struct job *job)
{
    bool is_archive = job->is_open;
    if (is_archive || (umm_archive_is(job->path, &is_archive, NULL) == UMM_OK && is_archive))
        umm_uptodate_settle(&job->inputs, job->path);
}

enum umm_status umm_archive_append(const char *path,
                                   const struct umm_archive_append_options *options,
                                   struct umm_run *run, struct umm_archive_append_result *result,
                                   struct umm_error *err)
{
    struct job job = {.path = path, .options = options, .outer = run, .result = result};
    uint64_t start_ns = umm_clock_monotonic_ns();
    enum umm_status status = UMM_OK;
    *result = (struct umm_archive_append_result){.n_rows = 0};
    if (run)
        job.run = *run;
    job.run.cancel_with = run;
    job.run.idle = wait_on;
    job.run.idle_user = &job;
    umm_mutex_init(&job.mutex, true);
    for (size_t i = 0; !status && i < options->n_inputs; i++)
        status = append_input(&job, options->inputs[i], err);
    if (status == UMM_ERR_CANCELLED && job.failed) {
        status = job.failed;
        if (err)
            *err = job.failure;
    }
    /* What a pipe brought before it was cancelled will not come again. */
    bool is_kept = !status || (status == UMM_ERR_CANCELLED && job.is_stream);
    if (is_kept && job.is_ready) {
        struct umm_error why = {.status = UMM_OK};
        enum umm_status stored =
            umm_archive_writer_commit(&job.writer, !options->is_journal_kept || is_due(&job), &why);
        /* That it was cancelled is nothing beside rows that are lost. */
        if (stored && err)
            *err = why;
        if (stored)
            status = stored;
    }
    if (job.is_open) {
        if (!status)
            describe(&job);
        umm_archive_writer_close(&job.writer);
    }
    if (!status && !options->is_if_changed)
        settle_time(&job);
    umm_mutex_free(&job.mutex);
    umm_instrument_free(&job.series);
    umm_convert_names_free(&job.names);
    umm_overlap_close(&job.overlap);
    result->seconds = (double)(umm_clock_monotonic_ns() - start_ns) * 1e-9;
    return status;
}
