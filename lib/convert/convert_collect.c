/* SPDX-License-Identifier: MIT */
#include "convert/convert_job.h"
#include "thread/workers.h"

enum umm_status umm_convert_collect_rest(struct umm_convert_job *job, struct umm_error *err)
{
    const struct umm_convert_options *o = job->options;
    const struct umm_target *target = job->target;
    const struct umm_rowsort_options options = {
        .memory_bytes = o->memory_bytes ? o->memory_bytes : UMM_CONVERT_MEMORY,
        .schema = &job->schema,
        .is_by_time = true,
        .is_shared = umm_workers_wanted(job->run) > 1,
        .is_stream =
            target->kind == UMM_TARGET_ROWS && umm_outfile_is_stream(&target->writer.out.file),
        .beside = o->output,
        .scratch_dir = o->scratch_dir};
    umm_rowsort_init(&job->sort, &options, job->run);
    job->is_collecting = true;
    job->has_collected = false;
    /* Of several inputs that are appended one after the other, each is sorted by itself. */
    if (umm_convert_compares_inputs(o) || !umm_target_can_sort(target))
        return UMM_OK;
    job->max_time = job->result->sequence.max;
    job->has_collected = true;
    return umm_rowsort_adopt(&job->sort, &target->writer.rows, target->n_rows, err);
}

enum umm_status umm_convert_collect(struct umm_convert_job *job, const char *rows,
                                    const int64_t *times, size_t n, struct umm_rowsort_bank **later,
                                    struct umm_error *err)
{
    if (!job->has_collected && n)
        job->max_time = times[0];
    job->has_collected |= n > 0;
    for (size_t i = 0; i < n; i++) {
        job->result->is_sorted |= times[i] < job->max_time;
        job->max_time = times[i] > job->max_time ? times[i] : job->max_time;
    }
    return umm_rowsort_push(&job->sort, rows, times, NULL, n, later, err);
}
