/* SPDX-License-Identifier: MIT */
/*
 * preload.h - files brought into the page cache before the programs that map them start.
 *
 *     list the files  ->  what is there already?  ->  plan  ->  load  ->  what is there now?
 *
 * The plan: files are taken in the order given, those of a directory in the order of their
 * paths. One whose data still fits into what is left of the budget is planned "preload";
 * any other is planned "mmap", left to be read from the device by the programs that map it, and
 * the next one is looked at. What is in memory already counts against the budget as well,
 * so that a second run makes the same plan. Files that live in memory (tmpfs) are planned
 * "memory" and cost nothing; neither do holes.
 *
 * A file that is named again, under any name, is done once: what is listed for it again is
 * what was done the first time, and sums leave it out. Ranges of one file that only overlap
 * are taken for different ones.
 *
 * One file that fails does not stop the others: it is told to `warn`.
 */
#ifndef UMM_PRELOAD_PRELOAD_H
#define UMM_PRELOAD_PRELOAD_H

#include "array/timerange.h"
#include "sys/pagecache.h"
#include "sys/residency.h"
#include "text/range.h"
#include "umm.h"

enum umm_preload_action {
    UMM_PRELOAD_LOAD,
    UMM_PRELOAD_STATUS, /* look, plan, do nothing */
    UMM_PRELOAD_EVICT   /* no plan: all of them */
};

/*
 * A regular file of any content, or a directory, which stands for the .npy files in and
 * below it. With rows (may be NULL; their step is 1) or else times, it is only these rows
 * of an .npy file; otherwise the whole file.
 */
struct umm_preload_input {
    const char *path;
    const struct umm_range *rows;
    struct umm_timerange times;
};

/*
 * budget_bytes    how much may be planned "preload"; 0: budget_percent of the memory that
 *                 is available to this process, its control group's limits counted
 * method          how pages are brought in; POPULATE unless something is to be measured
 * warn            a file failed, and why; called by one thread at a time
 */
struct umm_preload_options {
    const struct umm_preload_input *inputs;
    size_t n_inputs;
    enum umm_preload_action action;
    uint64_t budget_bytes;
    unsigned budget_percent;
    enum umm_pagecache_method method;
    void (*warn)(void *user, const struct umm_error *err);
    void *user;
};

enum umm_preload_plan {
    UMM_PRELOAD_PLAN_NONE,
    UMM_PRELOAD_PLAN_PRELOAD,
    UMM_PRELOAD_PLAN_MMAP,
    UMM_PRELOAD_PLAN_MEMORY
};

/* n stretches of len_bytes each, the first at offset: rows of an array in Fortran order. */
struct umm_preload_strips {
    uint64_t offset, len_bytes, stride_bytes, n;
};

/*
 * One file, or all of them together (path NULL).
 *
 * n_bytes       chosen bytes, the rows' or all; hole_bytes of these take no space
 * before, after what was and is in memory of the rest, the data
 * loaded_bytes  after, beyond before; where these are unknown, what came from devices
 * device_bytes  what devices delivered for it, readahead included
 * seconds       from the first byte to the last; files are loaded side by side
 * is_repeated   the same bytes of the same file are in the list before
 */
struct umm_preload_file {
    char *path;
    enum umm_preload_plan plan;
    bool is_failed;
    uint64_t n_bytes, hole_bytes;
    struct umm_residency before, after;
    uint64_t loaded_bytes;
    bool is_device_known;
    uint64_t device_bytes;
    double seconds;
    bool is_repeated;
    struct umm_preload_strips strips; /* these seven are private */
    bool is_partial;                  /* some of the file is not wanted: rows, or holes */
    size_t first;                     /* if it is repeated, that of which file */
    uint64_t device, inode;
    uint64_t walked_bytes, started_ns;
};

struct umm_preload_result {
    struct umm_preload_file *files;
    size_t n_files, n_failed;
    struct umm_preload_file total;
    uint64_t available_bytes; /* 0: not asked for */
    uint64_t budget_bytes;
    struct umm_map *locks; /* private */
    size_t n_locks;
};

/*
 * Do it. A file that cannot be looked at or loaded is counted in n_failed. UMM_ERR_MEMORY,
 * UMM_ERR_CANCELLED, UMM_ERR_SYSTEM when the available memory cannot be learnt. On failure
 * *result is empty; otherwise the caller frees it.
 */
UMM_MUST_USE enum umm_status umm_preload(const struct umm_preload_options *options,
                                         struct umm_run *run, struct umm_preload_result *result,
                                         struct umm_error *err);

/* Forget the files, and unlock what umm_preload_lock has locked. */
void umm_preload_result_free(struct umm_preload_result *result);

/*
 * Lock everything that is planned "preload" or "memory" into memory until result is freed:
 * all or nothing. UMM_ERR_SYSTEM with what was needed and what the limit is, of bytes or of maps,
 * when that is the reason; UMM_ERR_DATA for a file that was cut meanwhile; UMM_ERR_MEMORY.
 */
UMM_MUST_USE enum umm_status umm_preload_lock(struct umm_preload_result *result,
                                              struct umm_error *err);

/*
 * Whether file is as the action wants it: all data in memory if it is planned so, or none
 * of it after EVICT, save what lives in memory. What cannot be known is not verified.
 */
bool umm_preload_is_verified(enum umm_preload_action action, const struct umm_preload_file *file);

/* Bytes of data, holes excluded. */
uint64_t umm_preload_data_bytes(const struct umm_preload_file *file);

#endif
