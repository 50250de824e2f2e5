/* SPDX-License-Identifier: MIT */
#include "preload/preload_job.h"

#include "base/error.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/progress.h"
#include "thread/workers.h"

/* A thread takes this much of a file at once, with a descriptor of its own. */
enum { PIECE_BYTES = 8 * UMM_PAGECACHE_WINDOW };

/* Threads here wait for the device more than they compute: fewer would leave it idle. */
enum { THREADS_MIN = 4 };

struct job {
    const struct umm_preload_options *options;
    struct umm_run *run;
    struct umm_preload_result *result;
    struct umm_turns turns; /* its input lock guards all that follows, and the files */
    size_t file;            /* the next piece: of which file, strip, and how far in it */
    uint64_t strip, at;
    uint64_t done_bytes, total_bytes;
    uint64_t next_look_ns;
};

struct piece {
    struct umm_preload_file *file;
    uint64_t offset, end;
};

bool umm_preload_is_wanted(const struct umm_preload_file *file)
{
    bool is_planned =
        file->plan == UMM_PRELOAD_PLAN_PRELOAD || file->plan == UMM_PRELOAD_PLAN_MEMORY;
    bool is_there =
        file->before.is_known && file->before.resident_bytes >= umm_preload_data_bytes(file);
    return is_planned && umm_preload_counts(file) && !is_there;
}

/* ---- pieces ---------------------------------------------------------------------- */

/* The next piece of the file that the job is at; false at its end. */
static bool cut_piece(struct job *job, struct piece *piece)
{
    struct umm_preload_file *file = &job->result->files[job->file];
    const struct umm_preload_strips *strips = &file->strips;
    if (!umm_preload_is_wanted(file) || job->strip >= strips->n)
        return false;
    uint64_t start = strips->offset + job->strip * strips->stride_bytes;
    uint64_t end = start + strips->len_bytes;
    piece->file = file;
    piece->offset = start + job->at;
    piece->end = piece->offset - piece->offset % PIECE_BYTES + PIECE_BYTES;
    if (piece->end >= end) {
        piece->end = end;
        job->strip++;
        job->at = 0;
    } else {
        job->at = piece->end - start;
    }
    return true;
}

static bool take_piece(struct job *job, struct piece *piece)
{
    bool is_found = false;
    umm_turns_lock(&job->turns);
    while (job->file < job->result->n_files && !(is_found = cut_piece(job, piece))) {
        job->file++;
        job->strip = job->at = 0;
    }
    if (is_found && !piece->file->started_ns)
        piece->file->started_ns = umm_clock_run_ns(job->run);
    umm_turns_unlock(&job->turns);
    return is_found;
}

/* What a piece took and how it ended. */
static void end_piece(struct job *job, const struct piece *piece, bool is_device_known,
                      uint64_t device_bytes, const struct umm_error *err)
{
    struct umm_preload_file *file = piece->file;
    umm_turns_lock(&job->turns);
    file->seconds = (double)(umm_clock_run_ns(job->run) - file->started_ns) * 1e-9;
    file->is_device_known = file->is_device_known && is_device_known;
    file->device_bytes += device_bytes;
    if (err->status && err->status != UMM_ERR_CANCELLED)
        umm_preload_fail(job->options, file, err);
    umm_turns_unlock(&job->turns);
}

static void advance(struct job *job, struct umm_preload_file *file, uint64_t n_bytes)
{
    umm_turns_lock(&job->turns);
    job->done_bytes += n_bytes;
    file->walked_bytes += n_bytes;
    umm_progress_tell(job->run, &job->next_look_ns, job->done_bytes, job->total_bytes);
    umm_turns_unlock(&job->turns);
}

/* ---- a thread's work ------------------------------------------------------------- */

static bool is_resident(const struct umm_preload_file *file, int fd, uint64_t at, uint64_t n_bytes)
{
    struct umm_residency found;
    return file->before.is_known && file->before.resident_bytes > 0 &&
           umm_residency_query(fd, file->path, at, n_bytes, &found, NULL) == UMM_OK &&
           found.is_known && found.resident_bytes == n_bytes;
}

static enum umm_pagecache_method choose(const struct job *job, const struct umm_preload_file *file,
                                        uint64_t n_bytes)
{
    /* A mapped hole on tmpfs would take memory; a hole that is read does not. */
    if (file->before.is_by_nature)
        return UMM_PAGECACHE_READ;
    bool is_little = n_bytes < UMM_PAGECACHE_HUGE;
    return is_little && file->is_partial ? UMM_PAGECACHE_READ : job->options->method;
}

/* Data from at to before end, window by window. */
static enum umm_status load_data(struct job *job, const struct piece *piece, int fd, uint64_t at,
                                 uint64_t end, struct umm_error *err)
{
    struct umm_preload_file *file = piece->file;
    enum umm_status status = UMM_OK;
    while (!status && at < end) {
        uint64_t n = UMM_PAGECACHE_WINDOW - at % UMM_PAGECACHE_WINDOW;
        n = n < end - at ? n : end - at;
        if (umm_run_is_cancelled(job->run))
            status = umm_error_set_cancelled(err);
        else if (!is_resident(file, fd, at, n))
            status = umm_pagecache_load(fd, file->path, at, n, choose(job, file, n), err);
        if (!status)
            advance(job, file, n);
        at += n;
    }
    return status;
}

static enum umm_status load_piece(struct job *job, const struct piece *piece, struct umm_error *err)
{
    int fd = -1;
    uint64_t first, last;
    enum umm_status status = umm_preload_open(piece->file, &fd, err);
    if (status)
        return status;
    for (uint64_t at = piece->offset;
         !status && umm_pagecache_next_data(fd, at, piece->end, &first, &last); at = last)
        status = load_data(job, piece, fd, first, last, err);
    umm_file_close(&fd);
    return status;
}

static void work(void *user, unsigned index)
{
    struct job *job = user;
    struct piece piece;
    (void)index;
    while (!umm_run_is_cancelled(job->run) && take_piece(job, &piece)) {
        struct umm_error err = {.status = UMM_OK};
        uint64_t before, after;
        bool is_known = umm_pagecache_device_bytes(&before);
        (void)load_piece(job, &piece, &err);
        is_known = umm_pagecache_device_bytes(&after) && is_known;
        end_piece(job, &piece, is_known, is_known ? after - before : 0, &err);
    }
}

enum umm_status umm_preload_load(const struct umm_preload_options *options, struct umm_run *run,
                                 struct umm_preload_result *result, struct umm_error *err)
{
    struct job job = {.options = options, .run = run, .result = result};
    for (size_t i = 0; i < result->n_files; i++)
        if (umm_preload_is_wanted(&result->files[i]))
            job.total_bytes += umm_preload_data_bytes(&result->files[i]);
    if (job.total_bytes == 0)
        return UMM_OK;
    uint64_t start_ns = umm_clock_run_ns(run);
    unsigned n_threads = umm_workers_wanted(run);
    if (n_threads < THREADS_MIN && !(run && run->n_threads))
        n_threads = THREADS_MIN;
    /* One window is one thread's: starting another would cost more than it saves. */
    umm_turns_init(&job.turns);
    umm_workers_run(job.total_bytes <= UMM_PAGECACHE_WINDOW ? 1 : n_threads, work, &job);
    umm_turns_free(&job.turns);
    result->total.seconds = (double)(umm_clock_run_ns(run) - start_ns) * 1e-9;
    return umm_run_is_cancelled(run) ? umm_error_set_cancelled(err) : UMM_OK;
}
