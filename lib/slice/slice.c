/* SPDX-License-Identifier: MIT */
#include "slice/slice.h"

#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "array/output.h"
#include "base/error.h"
#include "slice/celltext.h"
#include "slice/slice_open.h"
#include "sys/clock.h"
#include "sys/copy.h"
#include "sys/file.h"
#include "sys/progress.h"

enum {
    COPY_BYTES = 256 * 1024,          /* a piece of a copy to a file */
    LOOK_BYTES = 16 * 1024 * 1024,    /* copied between two looks at the clock */
    PLAIN_RUN_BYTES_MIN = COPY_BYTES, /* shorter runs are gathered, several to a write */
    ALLOCATE_BYTES_MIN = 1024 * 1024
};

struct job {
    const struct umm_slice_options *options;
    struct umm_run *run;
    struct umm_slice_source source;
    struct umm_output out;
    int fd;
    bool is_stream;
    const char *out_path;
    char *header; /* of NPY */
    size_t header_bytes;
    uint64_t n_written, n_read, n_total; /* bytes; the last two are of rows, for progress */
    uint64_t next_look_ns;
};

/* ---- writing ---------------------------------------------------------------------- */

static enum umm_status write_out(void *user, const char *bytes, size_t len_bytes,
                                 struct umm_error *err)
{
    struct job *job = user;
    job->n_written += len_bytes;
    if (job->is_stream)
        return umm_file_write_stream(job->fd, job->out_path, job->run, bytes, len_bytes, err);
    return umm_file_write_all(job->fd, job->out_path, bytes, len_bytes, err);
}

static enum umm_status look_around(struct job *job, struct umm_error *err)
{
    return umm_progress_step(job->run, &job->next_look_ns, job->n_read, job->n_total, err);
}

/*
 * A file that is reserved is written faster, and a full device is found out now. A
 * small one gains nothing, and an entry of a pool has its room already.
 */
static enum umm_status reserve(struct job *job, uint64_t len_bytes, struct umm_error *err)
{
    if (job->is_stream || job->out.key || len_bytes < ALLOCATE_BYTES_MIN)
        return UMM_OK;
    return umm_file_allocate(job->fd, job->out_path, 0, len_bytes, err);
}

/* ---- arrays and bytes ------------------------------------------------------------- */

static enum umm_status make_header(struct job *job, struct umm_error *err)
{
    const uint32_t align = job->options->align_bytes ? job->options->align_bytes : UMM_NPY_ALIGN;
    struct umm_error cause = {.status = UMM_OK};
    enum umm_status status = UMM_OK;
    if (job->options->format == UMM_SLICE_NPY)
        status = umm_npy_format(&job->source.selection.npy, align, &job->header, &job->header_bytes,
                                &cause);
    if (!status)
        return UMM_OK;
    /* A name that cannot be written is the file's, not one that the user chose. */
    return umm_error_set_path(err, status == UMM_ERR_ARGUMENT ? UMM_ERR_UNSUPPORTED : status,
                              job->options->input, "%s", cause.message);
}

/* Whether all runs lie in the file as they are chosen, long enough to be copied one by one. */
static bool is_copied(const struct job *job)
{
    const struct umm_selection *selection = &job->source.selection;
    uint64_t offset, len;
    for (size_t i = 0; i < selection->n_runs; i++)
        if (!umm_selection_is_plain_run(selection, i, &offset, &len) ||
            (len < PLAIN_RUN_BYTES_MIN && selection->n_runs > 1))
            return false;
    return true;
}

static enum umm_status copy_run(struct job *job, struct umm_copy *copy, size_t i,
                                struct umm_error *err)
{
    uint64_t offset = 0, left = 0;
    enum umm_status status = UMM_OK;
    (void)umm_selection_is_plain_run(&job->source.selection, i, &offset, &left);
    while (!status && left > 0) {
        const uint64_t step = left < LOOK_BYTES ? left : LOOK_BYTES;
        status = look_around(job, err);
        if (!status)
            status = umm_copy_range(copy, offset, step, err);
        offset += step;
        left -= step;
        job->n_read += step;
        job->n_written += step;
    }
    return status;
}

static enum umm_status copy_runs(struct job *job, struct umm_error *err)
{
    struct umm_copy copy = {.in_fd = job->source.file.fd,
                            .out_fd = job->fd,
                            .in_path = job->options->input,
                            .out_path = job->out_path,
                            .is_stream = job->is_stream,
                            .cap_bytes = COPY_BYTES,
                            .run = job->run,
                            .out_bytes = job->n_written};
    enum umm_status status = UMM_OK;
    copy.buffer = malloc(copy.cap_bytes);
    if (!copy.buffer)
        return umm_error_set_memory(err, copy.cap_bytes, "a copy");
    for (size_t i = 0; !status && i < job->source.selection.n_runs; i++)
        status = copy_run(job, &copy, i, err);
    free(copy.buffer);
    return status;
}

/* The next block of rows; *n is 0 after the last. */
static enum umm_status read_block(struct job *job, const char **rows, size_t *n,
                                  struct umm_error *err)
{
    enum umm_status status = look_around(job, err);
    if (!status)
        status = umm_selection_read(&job->source.selection, rows, n, err);
    if (!status)
        job->n_read += *n * job->source.selection.row_bytes;
    return status;
}

static enum umm_status write_rows(struct job *job, struct umm_error *err)
{
    const char *rows;
    size_t n;
    enum umm_status status = reserve(job, job->header_bytes + job->n_total, err);
    if (!status && job->header)
        status = write_out(job, job->header, job->header_bytes, err);
    if (!status && is_copied(job))
        return copy_runs(job, err);
    if (job->source.selection.row_bytes == 0) /* however many rows there are */
        return status;
    while (!status) {
        status = read_block(job, &rows, &n, err);
        if (status || n == 0)
            return status;
        status = write_out(job, rows, n * job->source.selection.row_bytes, err);
    }
    return status;
}

/* ---- text ------------------------------------------------------------------------- */

static enum umm_status write_text(struct job *job, struct umm_error *err)
{
    const struct umm_celltext_options options = {.is_json = job->options->format == UMM_SLICE_JSON,
                                                 .is_time_iso = job->options->is_time_iso,
                                                 .has_no_header = job->options->has_no_header,
                                                 .write = write_out,
                                                 .user = job};
    struct umm_celltext text;
    const char *rows;
    size_t n = 1;
    enum umm_status status = umm_celltext_open(&text, &job->source.selection, &options, err);
    while (!status && n > 0) {
        status = read_block(job, &rows, &n, err);
        if (!status)
            status = umm_celltext_rows(&text, rows, n, err);
    }
    if (!status)
        status = umm_celltext_finish(&text, err);
    umm_celltext_close(&text);
    return status;
}

/* ---- the job ---------------------------------------------------------------------- */

static enum umm_status open_output(struct job *job, struct umm_error *err)
{
    const char *path = job->options->output;
    const struct umm_file_info *input = &job->source.file.info;
    bool is_input = umm_outfile_is_file(path, input);
    if (job->source.file.archive)
        is_input = umm_archive_has_file(job->options->input, path);
    if (is_input)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, path, "is an input and an output at once");
    if (umm_output_is_entry(path) && job->options->format != UMM_SLICE_NPY)
        return umm_error_hint(err, umm_error_set_path(err, UMM_ERR_ARGUMENT, path, "takes arrays"),
                              UMM_HINT_NPY);
    enum umm_status status =
        umm_output_open(&job->out, path, job->options->pool_root, job->header_bytes + job->n_total,
                        false, job->run, err);
    job->fd = umm_outfile_fd(&job->out.file);
    job->is_stream = umm_outfile_is_stream(&job->out.file);
    job->out_path = strcmp(path, "-") == 0 ? "standard output" : path;
    return status;
}

static enum umm_status run_job(struct job *job, bool *is_changed, struct umm_error *err)
{
    const bool is_text =
        job->options->format == UMM_SLICE_CSV || job->options->format == UMM_SLICE_JSON;
    enum umm_status status = umm_slice_source_open(&job->source, job->options, job->run, err);
    job->n_total = job->source.selection.n_rows * job->source.selection.row_bytes;
    if (!status)
        status = make_header(job, err);
    if (!status)
        status = open_output(job, err);
    if (!status)
        status = is_text ? write_text(job, err) : write_rows(job, err);
    if (!status)
        status = umm_output_commit(&job->out, &job->options->file, job->run, is_changed, err);
    return status;
}

enum umm_status umm_slice(const struct umm_slice_options *options, struct umm_run *run,
                          struct umm_slice_result *result, struct umm_error *err)
{
    struct job job = {.options = options, .run = run, .fd = -1, .source.file.fd = -1};
    const uint64_t start_ns = umm_clock_run_ns(run);
    memset(result, 0, sizeof *result);
    enum umm_status status = run_job(&job, &result->is_changed, err);
    result->n_rows_in = job.source.file.n_rows;
    result->n_rows = job.source.selection.n_rows;
    result->n_output_bytes = job.n_written;
    umm_output_abort(&job.out);
    free(job.header);
    umm_slice_source_close(&job.source);
    result->seconds = (double)(umm_clock_run_ns(run) - start_ns) * 1e-9;
    return status;
}

const char *umm_slice_format_name(enum umm_slice_format format)
{
    static const char *const names[] = {"npy", "raw", "csv", "json"};
    return names[format];
}
