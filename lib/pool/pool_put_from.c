/* SPDX-License-Identifier: MIT */
/* The arrays of a directory as entries of a pool. */
#include "pool/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "pool/pool_names.h"
#include "sys/directory.h"
#include "sys/file.h"
#include "sys/progress.h"

/* Whether file is KEY.npy. A key that is too long or has a bad character is told of by the put. */
static bool is_array(const char *file)
{
    const size_t n = sizeof UMM_POOL_SUFFIX - 1, len = strlen(file);
    return file[0] != '.' && len > n && strcmp(file + len - n, UMM_POOL_SUFFIX) == 0;
}

/* The files of a directory by their names, and how far their bytes are put. */
struct job {
    const struct umm_pool *pool;
    const char *dir;
    int dir_fd;
    char **names;
    size_t n_names;
    uint64_t done_bytes, total_bytes;
};

static uint64_t size_of(const struct job *job, const char *file)
{
    struct umm_file_info info;
    return umm_file_look_at(job->dir_fd, file, job->dir, &info, NULL) ? 0 : info.size_bytes;
}

static enum umm_status put(const struct job *job, const char *file, const struct umm_run *run,
                           struct umm_error *err)
{
    /* What a put tells of its progress is of one file. */
    struct umm_run quiet = {.cancel_with = run, .lock_limit_ns = run ? run->lock_limit_ns : 0};
    const size_t size = strlen(job->dir) + 1 + strlen(file) + 1;
    char *path = malloc(size);
    if (!path)
        return umm_error_set_memory(err, size, "a path");
    snprintf(path, size, "%s/%s", job->dir, file);
    enum umm_status status = umm_pool_put(job->pool, file, path, &quiet, err);
    free(path);
    return status;
}

static enum umm_status put_all(struct job *job, const struct umm_run *run, umm_pool_told *told,
                               void *user, struct umm_error *err)
{
    uint64_t next_ns = 0;
    for (size_t i = 0; i < job->n_names; i++)
        job->total_bytes += size_of(job, job->names[i]);
    for (size_t i = 0; i < job->n_names; i++) {
        struct umm_error put_err = {.status = UMM_OK};
        const uint64_t size_bytes = size_of(job, job->names[i]);
        enum umm_status status =
            umm_progress_step(run, &next_ns, job->done_bytes, job->total_bytes, err);
        if (status)
            return status;
        status = put(job, job->names[i], run, &put_err);
        if (status == UMM_ERR_CANCELLED)
            return umm_error_set_cancelled(err);
        told(user, job->names[i], &put_err);
        job->done_bytes += size_bytes;
    }
    return UMM_OK;
}

enum umm_status umm_pool_put_from(const struct umm_pool *pool, const char *dir,
                                  const struct umm_run *run, umm_pool_told *told, void *user,
                                  struct umm_error *err)
{
    struct job job = {.pool = pool, .dir = dir, .dir_fd = -1};
    size_t n = 0;
    int fd;
    enum umm_status status = umm_directory_open(dir, &fd, err);
    job.dir_fd = fd;
    if (!status)
        status = umm_directory_list(fd, dir, &job.names, &n, err);
    for (size_t i = 0; !status && i < n; i++)
        if (is_array(job.names[i]))
            job.names[job.n_names++] = job.names[i];
    if (!status && job.n_names == 0)
        status = umm_error_set_path(err, UMM_ERR_DATA, dir, "has no file KEY.npy");
    if (!status)
        status = put_all(&job, run, told, user, err);
    umm_file_close(&job.dir_fd);
    free(job.names);
    return status;
}
