/* SPDX-License-Identifier: MIT */
/*
 * record.h - what was measured in one run of a workload or of a command, to be judged, to
 * be saved as a baseline, and to be shown beside one.
 *
 * As text a record is lines "name: value" ("-" is unknown), and "sample: MILLISECONDS
 * BYTES" for anonymous memory over time.
 */
#ifndef UMM_M5_RECORD_H
#define UMM_M5_RECORD_H

#include "format/figures.h"
#include "m5/workload.h"

enum { UMM_RECORD_SAMPLES_MAX = 400 };

struct umm_record_sample {
    uint64_t at_ms, bytes;
};

/*
 * All numbers; UMM_FIGURE_UNKNOWN for what is not known. is_command: a command of the
 * user's, of which only the outside is known. duration_wanted_ms: 0 for as fast as it
 * goes. growth_bytes: of anonymous and shared memory after the warm-up, 0 when it shrank; it
 * is known to lie between low and high. allocs and
 * alloc_bytes are of the whole run, unpooled_* of the same without a pool.
 * allocs_max_thousandths: a limit per signal that the user gave for a command.
 */
struct umm_record {
    uint64_t started_s;
    uint64_t is_command, exit_code;
    uint64_t signals_wanted, duration_wanted_ms, duration_max_ms, allocs_max_thousandths;
    uint64_t duration_ms;
    uint64_t growth_bytes, growth_low_bytes, growth_high_bytes, peak_rss_bytes,
        peak_anonymous_bytes;
    uint64_t allocs, alloc_bytes;
    uint64_t unpooled_allocs, unpooled_alloc_bytes;
    uint64_t is_shm_private, left_in_shm, left_in_tmp;
    struct umm_workload_figures workload;
    size_t n_samples;
    struct umm_record_sample samples[UMM_RECORD_SAMPLES_MAX];
};

/* Everything unknown, no samples. */
void umm_record_init(struct umm_record *record);

/* Malloc'ed, the caller's. */
UMM_MUST_USE enum umm_status umm_record_text(const struct umm_record *record, char **text,
                                             size_t *len_bytes, struct umm_error *err);

/* Parse such text, terminated. False: it is none. */
bool umm_record_parse(const char *text, struct umm_record *record);

/* The record's own numbers, without those of its workload. */
extern const struct umm_figure umm_record_table[];

#endif
