/* SPDX-License-Identifier: MIT */
#include "convert/rowsource.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "array/arrayfile.h"
#include "base/error.h"
#include "sys/file.h"
#include "sys/progress.h"

enum { FIRST_BLOCK_BYTES = 4096, BLOCK_BYTES = 256 * 1024 };

/* A source under way. */
struct job {
    const char *path; /* as messages have it */
    const struct umm_rowsource_options *options;
    const struct umm_rowsource_sink *sink;
    struct umm_run *run;
    struct umm_rowsource_result *result;
    uint64_t next_look_ns;
};

/* ---- files of rows ---------------------------------------------------------------- */

static enum umm_status begin(const struct job *job, const struct umm_npy *npy, uint64_t n_rows,
                             struct umm_error *err)
{
    struct umm_npy type = *npy; /* shares the fields */
    type.is_fortran = false;
    type.shape[0] = n_rows;
    return job->sink->begin(job->sink->user, &type, err);
}

static enum umm_status check_first(const struct job *job, uint64_t n_rows, struct umm_error *err)
{
    if (job->options->first_row <= n_rows)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_ARGUMENT, job->path,
                              "has %" PRIu64 " rows: row %" PRIu64 " is after its end", n_rows,
                              job->options->first_row);
}

static size_t rows_of_block(uint64_t row_bytes, size_t block_bytes)
{
    return row_bytes && row_bytes < block_bytes ? (size_t)(block_bytes / row_bytes) : 1;
}

/* Rows in blocks, the first ones of which are small: many a sink wants no more than a look. */
static enum umm_status hand_on(struct job *job, const struct umm_arrayfile *file,
                               struct umm_error *err)
{
    const uint64_t n_rows = file->n_rows, row_bytes = file->row_bytes;
    const size_t n_block = rows_of_block(row_bytes, BLOCK_BYTES);
    size_t n_most = rows_of_block(row_bytes, FIRST_BLOCK_BYTES);
    uint64_t first = job->options->first_row;
    char *block = malloc(n_block * (size_t)row_bytes + 1);
    if (!block)
        return umm_error_set_memory(err, n_block * (size_t)row_bytes, "reading rows");
    enum umm_status status = UMM_OK;
    while (!status && first < n_rows) {
        uint64_t n = n_rows - first < n_most ? n_rows - first : n_most;
        status = umm_progress_step(job->run, &job->next_look_ns, first * row_bytes,
                                   n_rows * row_bytes, err);
        if (!status)
            status = umm_arrayfile_read(file, first, n, block, err);
        if (!status)
            status = job->sink->take(job->sink->user, block, n, err);
        first += n;
        n_most = 2 * n_most < n_block ? 2 * n_most : n_block;
        job->result->n_rows += status ? 0 : n;
    }
    free(block);
    return status;
}

static enum umm_status run_array(struct job *job, struct umm_error *err)
{
    struct umm_arrayfile file;
    enum umm_status status = umm_arrayfile_open(&file, job->path, err);
    if (!status)
        status = check_first(job, file.n_rows, err);
    if (!status)
        status = begin(job, &file.npy, file.n_rows, err);
    if (!status)
        status = hand_on(job, &file, err);
    umm_arrayfile_close(&file);
    return status;
}

/* ---- an array in a pipe ----------------------------------------------------------- */

static enum umm_status read_header(struct job *job, int fd, struct umm_npy *npy,
                                   struct umm_error *err)
{
    void *header = NULL;
    size_t len;
    enum umm_status status = umm_npy_read_stream(fd, job->path, job->run, npy, &header, &len, err);
    free(header);
    if (!status && (npy->n_dims == 0 || (npy->is_fortran && npy->n_dims > 1)))
        status = umm_error_set_path(err, UMM_ERR_UNSUPPORTED, job->path,
                                    "an array in Fortran order, or without rows, cannot be read "
                                    "from a pipe");
    return status;
}

/* Rows are handed on as they come: a read may bring a part of one. */
static enum umm_status hand_on_stream(struct job *job, int fd, const struct umm_npy *npy,
                                      struct umm_error *err)
{
    size_t row_bytes = (size_t)umm_npy_row_bytes(npy), have = 0;
    size_t cap = rows_of_block(row_bytes, BLOCK_BYTES) * row_bytes;
    uint64_t left = npy->shape[0];
    char *block = malloc(cap + 1);
    if (!block)
        return umm_error_set_memory(err, cap, "reading rows");
    enum umm_status status = UMM_OK;
    while (!status && left > 0 && row_bytes > 0) {
        uint64_t wanted = left < cap / row_bytes ? left * row_bytes : cap;
        size_t n_read = 0;
        status = umm_progress_step(job->run, &job->next_look_ns, job->result->n_rows * row_bytes,
                                   npy->shape[0] * row_bytes, err);
        if (!status)
            status = umm_file_read(fd, job->path, job->run, block + have, (size_t)wanted - have,
                                   &n_read, err);
        if (!status && n_read == 0)
            status = umm_error_set_path(err, UMM_ERR_DATA, job->path,
                                        "the array ends %" PRIu64 " bytes early",
                                        left * row_bytes - have);
        have += n_read;
        size_t n = have / row_bytes;
        if (status || n == 0)
            continue;
        status = job->sink->take(job->sink->user, block, n, err);
        have -= n * row_bytes;
        memmove(block, block + n * row_bytes, have);
        left -= n;
        job->result->n_rows += n;
    }
    free(block);
    return status;
}

static enum umm_status run_stream(struct job *job, int fd, struct umm_error *err)
{
    struct umm_npy npy = {.n_dims = 0};
    enum umm_status status = job->options->first_row
                                 ? umm_error_set_path(err, UMM_ERR_ARGUMENT, job->path,
                                                      "is a stream: it is read from its first row")
                                 : read_header(job, fd, &npy, err);
    if (!status)
        status = begin(job, &npy, npy.shape[0], err);
    if (!status)
        status = hand_on_stream(job, fd, &npy, err);
    umm_npy_free(&npy);
    return status;
}

/* ---- text ------------------------------------------------------------------------- */

/* What converted rows go through: the schema becomes a header. */
struct text_sink {
    struct job *job;
    struct umm_npy npy;
};

static enum umm_status begin_text(void *user, const struct umm_schema *schema,
                                  struct umm_error *err)
{
    struct text_sink *text = user;
    enum umm_status status = umm_schema_npy(schema, 0, &text->npy, err);
    return status ? status : text->job->sink->begin(text->job->sink->user, &text->npy, err);
}

static enum umm_status take_text(void *user, const char *rows, size_t n, struct umm_error *err)
{
    struct text_sink *text = user;
    text->job->result->n_rows += n;
    return text->job->sink->take(text->job->sink->user, rows, n, err);
}

static bool last_before_text(void *user, struct umm_time *time)
{
    const struct umm_rowsource_sink *sink = ((struct text_sink *)user)->job->sink;
    return sink->last && sink->last(sink->user, time);
}

/* fd: path, opened already; 0: standard input. */
static enum umm_status run_text(struct job *job, const char *path, int fd, struct umm_error *err)
{
    struct text_sink text = {.job = job};
    const struct umm_sink sink = {
        .begin = begin_text, .take = take_text, .last = last_before_text, .user = &text};
    const struct umm_convert_options *given = &job->options->text;
    struct umm_convert_options options = {.inputs = &path,
                                          .n_inputs = 1,
                                          .sink = &sink,
                                          .scratch_dir = given->scratch_dir,
                                          .reading = given->reading,
                                          .bad_rows = given->bad_rows,
                                          .quarantine = given->quarantine,
                                          .has_max_bad = given->has_max_bad,
                                          .max_bad = given->max_bad,
                                          .order = given->order,
                                          .series = given->series,
                                          .names = given->names,
                                          .may_be_empty = given->may_be_empty,
                                          .dedup = given->dedup,
                                          .is_ohlc_checked = given->is_ohlc_checked};
    struct umm_convert_result result;
    options.reading.fd = fd;
    if (job->options->first_row)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, job->path,
                                  "is text: it is read from its first row");
    job->result->is_text = true;
    enum umm_status status = umm_convert(&options, job->run, &result, err);
    if (!status) {
        job->result->n_rejected = result.n_rejected;
        for (size_t i = 0; i < result.n_inputs; i++) { /* the members of an archive */
            job->result->n_passed_over += result.inputs[i].n_passed_over;
            job->result->n_held_bytes += result.inputs[i].n_held_bytes;
        }
        umm_convert_result_free(&result);
    }
    umm_npy_free(&text.npy);
    return status;
}

/* ---- what it is ------------------------------------------------------------------- */

/* All rows of an array, where those of one symbol are wanted, would be other rows. */
static enum umm_status refuse_filter(const struct job *job, struct umm_error *err)
{
    const struct umm_instrument_options *instrument = &job->options->text.reading.instrument;
    if (!instrument->n_where)
        return UMM_OK;
    char shown[UMM_EXCERPT_MAX];
    const char *where = instrument->where[0];
    return umm_error_set_path(err, UMM_ERR_DATA, job->path,
                              "is no text: rows that have %s cannot be picked out of it",
                              umm_escape(shown, sizeof shown, where, strlen(where)));
}

enum umm_status umm_rowsource_run(const char *path, const struct umm_rowsource_options *options,
                                  const struct umm_rowsource_sink *sink, struct umm_run *run,
                                  struct umm_rowsource_result *result, struct umm_error *err)
{
    bool is_stdin = strcmp(path, "-") == 0, is_file = false;
    struct job job = {.path = is_stdin ? "<stdin>" : path,
                      .options = options,
                      .sink = sink,
                      .run = run,
                      .result = result};
    struct umm_file_info info;
    int fd = 0;
    unsigned char first = 0;
    *result = (struct umm_rowsource_result){.n_rows = 0};
    enum umm_status status = is_stdin ? umm_file_stat_fd(0, job.path, &info, err)
                                      : umm_file_open_read(path, &fd, &info, err);
    if (!status) {
        is_file = !is_stdin && info.kind == UMM_FILE_REGULAR;
        status = umm_file_peek(fd, job.path, run, &first, err);
    }
    bool is_array = first == UMM_NPY_FIRST_BYTE;
    if (!status && is_file)
        status = umm_arrayfile_is(path, first, &is_array, err);
    if (!status && is_array)
        status = refuse_filter(&job, err);
    if (!status && is_array)
        status = is_file ? run_array(&job, err) : run_stream(&job, fd, err);
    else if (!status)
        status = run_text(&job, path, fd, err);
    if (!is_stdin)
        umm_file_close(&fd);
    return status;
}

enum umm_status umm_rowsource_count(const char *path, struct umm_run *run, bool *is_random,
                                    uint64_t *n_rows, struct umm_error *err)
{
    struct umm_file_info info;
    int fd;
    unsigned char first = 0;
    *is_random = false;
    if (strcmp(path, "-") == 0)
        return UMM_OK;
    /* A FIFO is opened once, by its one reader: its writer does not survive a first reader. */
    if (umm_file_stat(path, &info, NULL) == UMM_OK && info.kind == UMM_FILE_STREAM)
        return UMM_OK;
    enum umm_status status = umm_file_open_read(path, &fd, &info, err);
    if (!status && info.kind != UMM_FILE_REGULAR)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is not a regular file");
    if (!status)
        status = umm_file_peek(fd, path, run, &first, err);
    umm_file_close(&fd);
    if (!status)
        status = umm_arrayfile_is(path, first, is_random, err);
    if (status || !*is_random)
        return status;
    struct umm_arrayfile file;
    status = umm_arrayfile_open(&file, path, err);
    if (!status)
        *n_rows = file.n_rows;
    umm_arrayfile_close(&file);
    return status;
}
