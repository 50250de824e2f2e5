/* SPDX-License-Identifier: MIT */
#include "preload/preload_job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/list.h"
#include "sys/file.h"

/* Whether the lock is to hold it; a file that failed is not what was planned. */
static bool is_chosen(const struct umm_preload_file *file)
{
    return umm_preload_counts(file) &&
           (file->plan == UMM_PRELOAD_PLAN_PRELOAD || file->plan == UMM_PRELOAD_PLAN_MEMORY);
}

static enum umm_status add_lock(struct umm_preload_result *result, int fd, const char *path,
                                uint64_t offset, uint64_t len_bytes, struct umm_error *err)
{
    size_t n = result->n_locks;
    struct umm_map *locks = umm_list_room(result->locks, n, sizeof *locks);
    if (!locks)
        return umm_error_set_memory(err, (n + 1) * sizeof *locks, "the list of locks");
    result->locks = locks;
    enum umm_status status =
        umm_pagecache_lock(&result->locks[n], fd, path, offset, len_bytes, err);
    result->n_locks += status == UMM_OK;
    return status;
}

/* Neither mmap nor mlock names its reason; when it is a limit, say so. */
static enum umm_status explain(const struct umm_preload_result *result,
                               const struct umm_preload_file *file, enum umm_status status,
                               struct umm_error *err)
{
    uint64_t max_maps;
    if (umm_map_is_limit_reached(&max_maps))
        return umm_error_set_path(err, UMM_ERR_SYSTEM, file->path,
                                  "cannot lock in memory: each stretch of data takes a map, and "
                                  "the limit is %" PRIu64 " maps (sysctl vm.max_map_count)",
                                  max_maps);
    if (status != UMM_ERR_SYSTEM)
        return status;
    uint64_t limit = umm_pagecache_lock_limit(), needed = 0;
    for (size_t i = 0; i < result->n_files; i++)
        if (is_chosen(&result->files[i]))
            needed += umm_preload_data_bytes(&result->files[i]);
    if (limit == UINT64_MAX || (needed <= limit && limit > 0))
        return UMM_ERR_SYSTEM;
    return umm_error_set_path(err, UMM_ERR_SYSTEM, file->path,
                              "cannot lock in memory: %" PRIu64 " bytes are needed in all, and "
                              "the limit is %" PRIu64 " (ulimit -l, RLIMIT_MEMLOCK)",
                              needed, limit);
}

static enum umm_status lock_file(struct umm_preload_result *result,
                                 const struct umm_preload_file *file, struct umm_error *err)
{
    const struct umm_preload_strips *strips = &file->strips;
    uint64_t first, last;
    int fd = -1;
    enum umm_status status = umm_preload_open(file, &fd, err);
    for (uint64_t i = 0; !status && i < strips->n; i++) {
        uint64_t at = strips->offset + i * strips->stride_bytes, end = at + strips->len_bytes;
        for (; !status && umm_pagecache_next_data(fd, at, end, &first, &last); at = last)
            status = add_lock(result, fd, file->path, first, last - first, err);
    }
    if ((status == UMM_ERR_SYSTEM || status == UMM_ERR_MEMORY) && fd >= 0)
        status = explain(result, file, status, err);
    umm_file_close(&fd);
    return status;
}

enum umm_status umm_preload_lock(struct umm_preload_result *result, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < result->n_files; i++)
        if (is_chosen(&result->files[i]))
            status = lock_file(result, &result->files[i], err);
    while (status && result->n_locks > 0)
        umm_map_close(&result->locks[--result->n_locks]);
    return status;
}
