/* SPDX-License-Identifier: MIT */
#include "preload/preload.h"

#include <stdlib.h>

#include "base/error.h"
#include "preload/preload_job.h"
#include "probe/memory.h"
#include "sys/file.h"

bool umm_preload_is_verified(enum umm_preload_action action, const struct umm_preload_file *file)
{
    const struct umm_residency *after = &file->after;
    if (file->is_failed || !after->is_known)
        return false;
    if (action == UMM_PRELOAD_EVICT)
        return after->is_by_nature || after->resident_bytes == 0;
    return file->plan == UMM_PRELOAD_PLAN_MMAP ||
           after->resident_bytes >= umm_preload_data_bytes(file);
}

/* ---- the plan --------------------------------------------------------------------- */

static enum umm_status set_budget(const struct umm_preload_options *options,
                                  struct umm_preload_result *result, struct umm_error *err)
{
    struct umm_memory memory;
    result->budget_bytes = options->budget_bytes;
    if (options->budget_bytes)
        return UMM_OK;
    enum umm_status status = umm_memory_read(NULL, &memory, err);
    if (status)
        return status;
    result->available_bytes = memory.available_bytes;
    result->budget_bytes = memory.available_bytes / 100 * options->budget_percent;
    return UMM_OK;
}

static void make_plan(struct umm_preload_result *result)
{
    uint64_t left = result->budget_bytes;
    for (size_t i = 0; i < result->n_files; i++) {
        struct umm_preload_file *file = &result->files[i];
        uint64_t n = umm_preload_data_bytes(file);
        if (!umm_preload_counts(file))
            continue;
        if (file->before.is_by_nature) {
            file->plan = UMM_PRELOAD_PLAN_MEMORY;
        } else if (n <= left) {
            file->plan = UMM_PRELOAD_PLAN_PRELOAD;
            left -= n;
        } else {
            file->plan = UMM_PRELOAD_PLAN_MMAP;
        }
    }
}

/* ---- afterwards --------------------------------------------------------------------- */

static void evict_file(const struct umm_preload_options *options, struct umm_preload_file *file)
{
    const struct umm_preload_strips *strips = &file->strips;
    struct umm_error err = {.status = UMM_OK};
    int fd = -1;
    enum umm_status status = umm_preload_open(file, &fd, &err);
    for (uint64_t i = 0; !status && i < strips->n; i++)
        status = umm_pagecache_evict(fd, file->path, strips->offset + i * strips->stride_bytes,
                                     strips->len_bytes, &err);
    umm_file_close(&fd);
    if (status)
        umm_preload_fail(options, file, &err);
}

/* What is in memory after the work on file. */
static void look_again(const struct umm_preload_options *options, struct umm_preload_file *file)
{
    struct umm_error err = {.status = UMM_OK};
    int fd = -1;
    enum umm_status status = umm_preload_open(file, &fd, &err);
    if (!status)
        status = umm_preload_measure(file, fd, &file->after, NULL, &err);
    umm_file_close(&fd);
    if (status)
        umm_preload_fail(options, file, &err);
    uint64_t before = file->before.resident_bytes, after = file->after.resident_bytes;
    if (file->before.is_known && file->after.is_known)
        file->loaded_bytes = after > before ? after - before : 0;
    else if (!file->is_device_known || file->device_bytes > file->walked_bytes)
        file->loaded_bytes = file->walked_bytes;
    else
        file->loaded_bytes = file->device_bytes;
}

/* What the first of them found and did is true of each of them. */
static void repeat_files(struct umm_preload_result *result)
{
    for (size_t i = 0; i < result->n_files; i++) {
        struct umm_preload_file *file = &result->files[i], was = *file;
        if (!was.is_repeated)
            continue;
        *file = result->files[was.first];
        file->path = was.path;
        file->is_repeated = true;
        file->first = was.first;
    }
}

static void add_up(struct umm_preload_result *result)
{
    struct umm_preload_file *total = &result->total;
    total->before = total->after = UMM_RESIDENCY_NONE;
    total->is_device_known = true;
    for (size_t i = 0; i < result->n_files; i++) {
        const struct umm_preload_file *file = &result->files[i];
        result->n_failed += file->is_failed && !file->is_repeated;
        if (!umm_preload_counts(file))
            continue;
        total->n_bytes += file->n_bytes;
        total->hole_bytes += file->hole_bytes;
        umm_residency_add(&total->before, &file->before);
        umm_residency_add(&total->after, &file->after);
        total->loaded_bytes += file->loaded_bytes;
        total->is_device_known = total->is_device_known && file->is_device_known;
        total->device_bytes += file->device_bytes;
    }
    total->is_failed = result->n_failed > 0;
}

static enum umm_status act(const struct umm_preload_options *options, struct umm_run *run,
                           struct umm_preload_result *result, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    if (options->action == UMM_PRELOAD_LOAD)
        status = umm_preload_load(options, run, result, err);
    for (size_t i = 0; !status && i < result->n_files; i++) {
        struct umm_preload_file *file = &result->files[i];
        if (umm_run_is_cancelled(run))
            return umm_error_set_cancelled(err);
        if (options->action == UMM_PRELOAD_EVICT && umm_preload_counts(file)) {
            evict_file(options, file);
            look_again(options, file);
        } else if (options->action == UMM_PRELOAD_LOAD && umm_preload_is_wanted(file)) {
            look_again(options, file);
        }
    }
    return status;
}

enum umm_status umm_preload(const struct umm_preload_options *options, struct umm_run *run,
                            struct umm_preload_result *result, struct umm_error *err)
{
    *result = (struct umm_preload_result){0};
    enum umm_status status = umm_preload_list_files(options, run, result, err);
    if (!status && options->action != UMM_PRELOAD_EVICT) {
        status = set_budget(options, result, err);
        make_plan(result);
    }
    if (!status)
        status = act(options, run, result, err);
    if (status) {
        umm_preload_result_free(result);
        return status;
    }
    repeat_files(result);
    add_up(result);
    return UMM_OK;
}

void umm_preload_result_free(struct umm_preload_result *result)
{
    while (result->n_locks > 0)
        umm_map_close(&result->locks[--result->n_locks]);
    for (size_t i = 0; i < result->n_files; i++)
        free(result->files[i].path);
    free(result->locks);
    free(result->files);
    *result = (struct umm_preload_result){0};
}
