/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "convert/convert_job.h"

/*
 * The rows that came in order, before the first that did not, are in the target's file: they are
 * read from there, and all go to another one.
 */
static enum umm_status change_target(struct umm_convert_job *job, struct umm_error *err)
{
    enum umm_status status = umm_rowfile_flush(&job->first_target.writer.rows, err);
    if (!status)
        status = umm_target_open(&job->sorted_target, &job->first_target.options, &job->schema,
                                 job->run, err);
    job->target = &job->sorted_target;
    return status;
}

/* Some rows in order, which came from anywhere. */
static enum umm_status hand_on_some(struct umm_convert_job *job, const char *rows,
                                    const int64_t *times, size_t n, struct umm_error *err)
{
    const struct umm_convert_origin nowhere = {.line = 0};
    const size_t row_bytes = job->schema.row_bytes;
    const bool has_time = job->schema.time_index >= 0;
    enum umm_status status = UMM_OK;
    for (size_t i = 0, taken; !status && i < n;) {
        const size_t run = has_time ? umm_convert_run_of_rows(job, times + i, n - i) : n - i;
        if (run) {
            status = umm_target_push_many(job->target, rows + i * row_bytes, times + i, run, &taken,
                                          err);
            i += run;
            continue;
        }
        memcpy(job->row.bytes, rows + i * row_bytes, row_bytes);
        job->row.time = times[i];
        status = umm_convert_accept(job, &nowhere, err);
        i++;
    }
    return status;
}

static enum umm_status hand_on_all(struct umm_convert_job *job, struct umm_rowsort_cursor *cursor,
                                   struct umm_error *err)
{
    const size_t row_bytes = job->schema.row_bytes;
    const bool has_time = job->schema.time_index >= 0;
    const char *rows;
    size_t n = 1;
    enum umm_status status = UMM_OK;
    int64_t *times = malloc(cursor->cap_rows * sizeof *times);
    if (!times)
        return umm_error_set_memory(err, cursor->cap_rows * sizeof *times, "sorting");
    while (!status && n) {
        status = umm_rowsort_cursor_next(cursor, &rows, &n, err);
        for (size_t i = 0; !status && i < n; i++)
            times[i] = has_time ? umm_schema_time(&job->schema, rows + i * row_bytes) : 0;
        if (!status)
            status = hand_on_some(job, rows, times, n, err);
        if (!status && umm_run_is_cancelled(job->run))
            status = umm_error_set_cancelled(err);
    }
    free(times);
    return status ? status : umm_convert_emit_held(job, err);
}

enum umm_status umm_convert_hand_on_group(struct umm_convert_job *job,
                                          const struct umm_rowsort *sort, uint32_t group,
                                          uint64_t memory_bytes, struct umm_error *err)
{
    struct umm_rowsort_cursor cursor;
    enum umm_status status = umm_rowsort_cursor_open(&cursor, sort, group, memory_bytes, err);
    if (!status)
        status = hand_on_all(job, &cursor, err);
    umm_rowsort_cursor_close(&cursor);
    /* A row that waited has no line any more. */
    if (status == UMM_ERR_CONFLICT && err && !err->path[0])
        umm_error_at(err, job->path, 0, 0, 0);
    return status;
}

enum umm_status umm_convert_hand_on(struct umm_convert_job *job, struct umm_error *err)
{
    struct umm_sequence *sequence = &job->result->sequence;
    const bool is_dropped = sequence->dedup == UMM_DEDUP_FIRST || sequence->dedup == UMM_DEDUP_LAST;
    const uint64_t n_dropped = is_dropped ? sequence->n_duplicates : 0;
    enum umm_status status = UMM_OK;
    const bool is_each = umm_convert_compares_inputs(job->options);
    job->is_collecting = false;
    if (!is_each)
        *sequence = (struct umm_sequence){.order = sequence->order, .dedup = sequence->dedup};
    if (!is_each && job->options->n_inputs > 1 && job->options->output)
        job->path = job->options->output;
    if (!is_each && umm_target_can_sort(job->target))
        status = change_target(job, err);
    if (!status)
        status = umm_rowsort_end(&job->sort, err);
    if (!status)
        status = umm_convert_hand_on_group(job, &job->sort, 0, job->sort.options.memory_bytes, err);
    umm_rowsort_close(&job->sort);
    if (!is_each)
        sequence->n_duplicates += n_dropped;
    return status;
}
