/* SPDX-License-Identifier: MIT */
/*
 * batchsize.h - how many items the next batch has: by memory in use and processor load, and by
 * what batches before it took.
 *
 * The share of memory in use is that of probe/memory.h, so that of a container where it has a
 * limit. Processor load is the share of time, since the last look, in which the machine's
 * processors were busy (/proc/stat: all but idle and iowait). Both are looked at ten times a second
 * at most. Until there was time for a second look at the processors, they count as busy.
 */
#ifndef UMM_BATCH_BATCHSIZE_H
#define UMM_BATCH_BATCHSIZE_H

#include "umm.h"

/* Below both shares, from 0 to 1, a batch has factor times the base. */
struct umm_batchsize_level {
    double memory_share, cpu_share, factor;
};

enum { UMM_BATCHSIZE_LEVELS_MAX = 16, UMM_BATCHSIZE_POINTS = 32 };

/*
 * The first level that fits counts; base alone if none does. max_rss_bytes: what a batch's largest
 * process may take; UINT64_MAX for any.
 * root is put before /proc and /sys, for tests; NULL for none.
 */
struct umm_batchsize_options {
    uint64_t base;
    struct umm_batchsize_level levels[UMM_BATCHSIZE_LEVELS_MAX];
    size_t n_levels;
    uint64_t max_rss_bytes;
    const char *root;
};

/* Below 50 % of memory and 40 % of processors: 2; below 65 % and 60 %: 1.5. */
void umm_batchsize_default_levels(struct umm_batchsize_options *options);

struct umm_batchsize_point {
    uint64_t n, peak_bytes;
    bool is_bound; /* the peak is that, or less */
};

struct umm_batchsize {
    struct umm_batchsize_options options;
    uint64_t looked_ns; /* 0: never */
    uint64_t busy_ticks, all_ticks;
    double memory_share, cpu_share; /* NaN: not known */
    double factor;
    uint64_t ceiling; /* after a batch was killed; UINT64_MAX */
    struct umm_batchsize_point points[UMM_BATCHSIZE_POINTS]; /* the last, in a ring */
    uint64_t n_points;
    uint64_t n_most; /* items in the largest batch that ended well */
    /* For a report. */
    uint64_t n_lowered;             /* decisions that memory made smaller than load did */
    double fixed_bytes, item_bytes; /* a batch of n takes fixed + n * item; NaN: not known */
};

void umm_batchsize_open(struct umm_batchsize *size, const struct umm_batchsize_options *options);

/* How many items the next batch has: 1 or more. now_ns is umm_clock_monotonic_ns. */
uint64_t umm_batchsize_next(struct umm_batchsize *size, uint64_t now_ns);

/* A batch of n items ended, and its largest process had peak_bytes, or less if is_bound. */
void umm_batchsize_took(struct umm_batchsize *size, uint64_t n, uint64_t peak_bytes, bool is_bound);

/* A batch of n items was killed, or could not be begun: later ones have half of it at most. */
void umm_batchsize_halve(struct umm_batchsize *size, uint64_t n);

/* The text of /proc/stat: ticks in which processors were busy, and all. */
bool umm_batchsize_parse_stat(const char *text, uint64_t *busy_ticks, uint64_t *all_ticks);

#endif
