/* SPDX-License-Identifier: MIT */
/*
 * featurejob.h - features of the rows of one input, all of them or those that are new:
 *
 *     rows (rowsource) -> bars (barreader) -> plan -> results (resultwriter, or resultstore)
 *                                              |
 *                                         state (checkpoint)
 *
 * With a state file a run goes on after the rows that were taken before. A file of rows
 * is read from there; row 0 and the last 32 rows taken must be as they were. A pipe or
 * text is read from its beginning, and its first row's time says what that is: row 0,
 * then all rows taken must be as they were (their hash says); one of the last 32, then
 * those must be; or a row after them all. The output is on the device before the state
 * is; a run that is killed between the two is completed by the next.
 *
 * Memory does not depend on the number of rows.
 */
#ifndef UMM_FEATUREJOB_FEATUREJOB_H
#define UMM_FEATUREJOB_FEATUREJOB_H

#include "convert/rowsource.h"
#include "rowjob/resultwriter.h"
#include "sys/lock.h"
#include "time/timeframe.h"
#include "umm.h"
#include "umm/store.h"

enum umm_featurejob_warmup {
    UMM_WARMUP_NAN,
    UMM_WARMUP_EMPTY, /* CSV: an empty cell wherever there is no value */
    UMM_WARMUP_DROP   /* no rows before all outputs have had a value */
};

enum umm_featurejob_gap { UMM_GAP_ALLOW, UMM_GAP_WARN, UMM_GAP_ERROR };

struct umm_featurejob_options {
    const struct umm_features *features;
    const char *input; /* as umm_rowsource_run says */
    struct umm_convert_options text;
    const char *output; /* as array/output.h says; NULL: none */
    const char *store;  /* in place of an output: a store's place, as resultstore.h has it */
    const struct umm_store_reach *reach; /* how its server is reached; NULL: by all defaults */
    const char *id;                      /* what its newest row is stored under; by symbol: NULL */
    enum umm_result_format format;
    bool is_plain, is_append, is_synced;
    enum umm_featurejob_warmup warmup;
    const char *state; /* NULL: none */
    bool is_rebuild, is_verify, is_revise_last;
    bool is_prompt;           /* every row goes out as it comes */
    uint64_t checkpoint_rows; /* prompt: the state is saved after about so many; 0: at the end */
    uint64_t holdback;
    struct umm_timeframe timeframe; /* all zero: not known */
    bool is_closed_only;            /* only bars that ended by closed_at */
    struct umm_time closed_at;
    enum umm_featurejob_gap gap;
    enum umm_lock_wait lock_wait; /* with a state the output and it are locked always, but */
    bool is_locked;               /* for is_verify, which need not be able to, if this is set */
    const char *pool_root, *scratch_dir;
    bool is_output_swept, is_state_swept; /* no killed run left anything where they are */
};

struct umm_featurejob_result {
    uint64_t n_before;        /* rows that earlier runs took */
    uint64_t n_new;           /* rows that this one did */
    uint64_t n_held;          /* rows held back */
    uint64_t n_written;       /* rows of results of this run */
    uint64_t n_out;           /* rows in the output */
    uint64_t n_put;           /* vectors put into the store */
    uint64_t n_put_over;      /* rows not put, as a newer one of their id came with them */
    uint64_t n_kept;          /* rows not put, as the store has them or newer ones */
    uint64_t n_rejected;      /* of text */
    uint64_t n_passed_over;   /* of text: rows that a filter does not take */
    uint64_t n_held_bytes;    /* of text: of a last line without its end */
    uint64_t n_symbols;       /* whose rows came mixed; 0: of one */
    uint64_t n_gaps, gap_row; /* the first one is before gap_row */
    bool is_revised;          /* the last row of before was taken anew */
    bool is_changed;          /* output or state */
    bool has_times;
    struct umm_npy_type time_type;
    int64_t first_time, last_time;
    double seconds;
};

/*
 * Do it. Rows are refused (UMM_ERR_DATA) for a time that is not after the one before it,
 * for a gap under UMM_GAP_ERROR, and as the features say. UMM_ERR_CONFLICT: state, input
 * and output do not belong together. After a failure output and state are as before.
 * is_verify: nothing is written; UMM_ERR_DATA names the first thing that is not what the
 * input gives.
 */
UMM_MUST_USE enum umm_status umm_featurejob_run(const struct umm_featurejob_options *options,
                                                struct umm_run *run,
                                                struct umm_featurejob_result *result,
                                                struct umm_error *err);

#endif
