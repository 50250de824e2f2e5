/* SPDX-License-Identifier: MIT */
/*
 * convert_job.h - a conversion under way; private to convert*.c.
 *
 *     convert.c          options, inputs, output, from the beginning to the commit
 *     convert_names.c    texts that follow each other, although they are of two symbols
 *     convert_blocks.c   many records at once, on several threads
 *     convert_rows.c     records one by one, good and bad ones
 *     convert_fold.c     local times that occur twice, told apart by the order of rows
 *     convert_accept.c   a good row among those before: order, duplicates
 *     convert_sorted.c   rows that were sorted, to where they go
 *     convert_collect.c  rows that wait until they can be sorted
 *     convert_split.c    rows of many series, to be sorted by these
 *     convert_by.c       all of the last, to an array for each series
 */
#ifndef UMM_CONVERT_CONVERT_JOB_H
#define UMM_CONVERT_CONVERT_JOB_H

#include "array/deliveryname.h"
#include "convert/convert.h"
#include "convert/quarantine.h"
#include "convert/target.h"
#include "order/rowsort.h"
#include "order/split.h"
#include "reading/block.h"
#include "sys/uptodate.h"

/* A row whose time is one of two, until it is known of which. */
struct umm_convert_folded {
    int64_t earlier, later;
    uint64_t line;
};

/* What the order of the rows before tells about local times that occur twice. */
struct umm_convert_fold {
    bool has_before;
    int64_t before; /* the time of the row before, in this file */
    bool is_on;     /* rows of one such hour come, since one of these times: */
    int64_t earlier, later;
    int direction; /* 1 oldest first, -1 newest first */
    bool is_past;  /* the clock was set back: it is known of which of the two they are */
    bool is_after; /* rows of before this file end in that hour, after the clock was set back */
    int64_t last;  /* the earlier time of the last of them */
    struct umm_convert_folded *held;
    char *held_rows;
    size_t n_held, cap_held;
    struct umm_error refusal; /* what is said of the first one, if nothing tells */
};

/* One conversion under way. */
struct umm_convert_job {
    const struct umm_convert_options *options;
    struct umm_run *run;
    struct umm_convert_result *result;
    struct umm_reading reading;       /* the file being read */
    struct umm_instrument instrument; /* whose rows the files before have */
    const char *path;                 /* of that file, for messages */
    struct umm_unpack *archive;       /* the file is one of its texts; NULL if it is no archive */
    const char *archive_path;
    bool has_schema;
    struct umm_schema schema; /* of the first file, and of the output */
    struct umm_lock lock;
    struct umm_quarantine quarantine;
    struct umm_target first_target, sorted_target;
    struct umm_target *target; /* the first one until rows that were sorted go to another */
    struct umm_rowsort sort;   /* with UMM_ORDER_SORT: rows that wait for their order */
    bool is_collecting;        /* they go there */
    bool has_collected;        /* a row did; max_time is the newest's */
    int64_t max_time;
    struct umm_split *split; /* rows go by series; NULL: all are of one, and there is a target */
    uint32_t group;          /* the series of job->row */
    bool is_one_of_many;     /* outputs that are synced together, by the caller */
    const char *beside;      /* an output, beside which they wait; NULL: in scratch_dir */
    struct umm_uptodate inputs;
    /* With --dedup last one row is held back: the next may replace it. */
    char *held;
    struct umm_row row;
    struct umm_convert_fold fold;
    struct umm_convert_names names;
    bool has_held;
    int64_t held_time;
    uint64_t held_line;
    const char *held_path;
    enum umm_order order;
    struct umm_block_plan plan;
    size_t block_bytes;
    struct umm_error first_reason; /* why the first rejected row was */
    enum umm_status none;          /* a text had no row that the filters take, */
    struct umm_error none_reason;  /* which is this if no other had one */
    bool has_expected;
    bool has_tail;         /* --tail: a row was seen that is not older than the array */
    uint64_t serial_until; /* text up to this byte is for the record reader */
    uint64_t total_bytes;  /* of all inputs, 0 when not known */
    uint64_t done_bytes;   /* of the inputs before this one */
    uint64_t next_look_ns;
};

/*
 * Where a row comes from: a record, or row r of a block, whose record is found if needed; neither
 * where that is not known any more.
 */
struct umm_convert_origin {
    const struct umm_placed_record *placed;
    struct umm_block *block;
    size_t r;
    uint64_t line; /* 0: not needed */
};

/* Whether rows go anywhere: else they are only counted, and rejected ones not kept. */
static inline bool umm_convert_has_output(const struct umm_convert_options *options)
{
    return options->output || options->sink;
}

/* Whether each input is appended to those before it: rows in any order cannot be compared. */
static inline bool umm_convert_compares_inputs(const struct umm_convert_options *options)
{
    return options->are_inputs_appended && options->n_inputs > 1 &&
           options->order != UMM_ORDER_KEEP;
}

/* See whether to stop, and tell about progress. Between blocks, or a few thousand rows. */
UMM_MUST_USE enum umm_status umm_convert_look_around(struct umm_convert_job *job,
                                                     struct umm_error *err);

/*
 * A text is open: UMM_ERR_DATA if its name tells another symbol than that of one before, and
 * nothing says that all are one series.
 */
UMM_MUST_USE enum umm_status umm_convert_check_name(struct umm_convert_job *job,
                                                    struct umm_error *err);

/* Read all rows of the input that the job stands on: records first, then blocks of them. */
UMM_MUST_USE enum umm_status umm_convert_read_rows(struct umm_convert_job *job,
                                                   struct umm_error *err);

/* Records one by one until one begins at byte `until` or after it, or there are none. */
UMM_MUST_USE enum umm_status umm_convert_read_records(struct umm_convert_job *job, uint64_t until,
                                                      bool *is_end, struct umm_error *err);

/* --tail: whether a row of that time is one that the array has, before its last. */
bool umm_convert_is_skipped(struct umm_convert_job *job, int64_t time);

/* One record, good or bad. */
UMM_MUST_USE enum umm_status umm_convert_take_record(struct umm_convert_job *job,
                                                     struct umm_placed_record *placed,
                                                     struct umm_error *err);

/* An error that a seek left without a line gets it; reading ends there. */
void umm_convert_settle_line(struct umm_convert_job *job, struct umm_error *err);

/* The converted row job->row is counted, and accepted unless a tail has it already. */
UMM_MUST_USE enum umm_status umm_convert_take_row(struct umm_convert_job *job,
                                                  const struct umm_convert_origin *origin,
                                                  struct umm_error *err);

/*
 * The converted row job->row, whose local time the zone has twice: taken, or held until the
 * rows after it tell which it is.
 */
UMM_MUST_USE enum umm_status umm_convert_fold_take(struct umm_convert_job *job,
                                                   const struct umm_placed_record *placed,
                                                   struct umm_error *err);

/*
 * Rows follow whose times are not such, the last one of last. UMM_ERR_DATA if rows are held:
 * nothing will tell of which of the two times they are.
 */
UMM_MUST_USE enum umm_status umm_convert_fold_pass(struct umm_convert_job *job, int64_t last,
                                                   struct umm_error *err);

/* No more rows of this file follow: the same. */
UMM_MUST_USE enum umm_status umm_convert_fold_end(struct umm_convert_job *job,
                                                  struct umm_error *err);
void umm_convert_fold_free(struct umm_convert_fold *fold);

/*
 * UMM_ORDER_SORT: from here on rows are collected, after those that the target has, which came in
 * order, where it is one that they can be read back from.
 */
UMM_MUST_USE enum umm_status umm_convert_collect_rest(struct umm_convert_job *job,
                                                      struct umm_error *err);

/* Collect n rows; later as umm_rowsort_push has it. */
UMM_MUST_USE enum umm_status umm_convert_collect(struct umm_convert_job *job, const char *rows,
                                                 const int64_t *times, size_t n,
                                                 struct umm_rowsort_bank **later,
                                                 struct umm_error *err);

/* How many of the n rows from a time on need no look at each: none, or those in order. */
size_t umm_convert_run_of_rows(struct umm_convert_job *job, const int64_t *times, size_t n);

/* All rows are there: those that were collected go to the target, in order. */
UMM_MUST_USE enum umm_status umm_convert_hand_on(struct umm_convert_job *job,
                                                 struct umm_error *err);

/* The rows of one group go to the target. memory_bytes is for reading them. */
UMM_MUST_USE enum umm_status umm_convert_hand_on_group(struct umm_convert_job *job,
                                                       const struct umm_rowsort *sort,
                                                       uint32_t group, uint64_t memory_bytes,
                                                       struct umm_error *err);

/* Why the row after one of that time is refused: BACKWARD or DUPLICATE. */
UMM_MUST_USE enum umm_status umm_convert_refuse_order(struct umm_convert_job *job,
                                                      const struct umm_convert_origin *origin,
                                                      enum umm_sequence_verdict verdict,
                                                      int64_t last, struct umm_error *err);

/* A row of a series is taken: its place in order of time, in job->split. */
UMM_MUST_USE enum umm_sequence_verdict umm_convert_place_of(struct umm_convert_job *job,
                                                            uint32_t group, int64_t time);

/* Rows from..to of a block, each of its series. */
UMM_MUST_USE enum umm_status umm_convert_split_rows(struct umm_convert_job *job,
                                                    struct umm_block *block, size_t from, size_t to,
                                                    struct umm_error *err);

/* Before any input is opened: whether the options make sense, and the files are all different. */
UMM_MUST_USE enum umm_status umm_convert_check(struct umm_convert_job *job, struct umm_error *err);

/* Read all inputs: every row is then in the target, or in what waits to be sorted. */
UMM_MUST_USE enum umm_status umm_convert_read_inputs(struct umm_convert_job *job,
                                                     struct umm_error *err);

/*
 * All rows were read. Of an output for itself: _rest hands on what is left, and writes all but what
 * makes it visible; _commit does that. refuse_all is the error of an input without a good row.
 */
UMM_MUST_USE enum umm_status umm_convert_take_lock(struct umm_convert_job *job,
                                                   struct umm_error *err);
UMM_MUST_USE enum umm_status umm_convert_open_target(struct umm_convert_job *job,
                                                     struct umm_error *err);
UMM_MUST_USE enum umm_status umm_convert_rest(struct umm_convert_job *job, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_convert_commit(struct umm_convert_job *job, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_convert_commit_quarantine(struct umm_convert_job *job,
                                                           struct umm_error *err);
enum umm_status umm_convert_refuse_all(const struct umm_convert_job *job, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_convert_make_room(struct umm_convert_job *job,
                                                   struct umm_error *err);

/*
 * A conversion from the beginning, which umm_convert is all of: _begin reads, and writes all but
 * what makes it visible; _end does that; _close lets go, after any begin, and with a failed status
 * of the result. is_one_of_many: its caller syncs the file system before _end and after it. options
 * and result must live until the close.
 */
UMM_MUST_USE enum umm_status umm_convert_begin(struct umm_convert_job *job,
                                               const struct umm_convert_options *options,
                                               bool is_one_of_many, struct umm_run *run,
                                               struct umm_convert_result *result,
                                               struct umm_error *err);
UMM_MUST_USE enum umm_status umm_convert_end(struct umm_convert_job *job, struct umm_error *err);
void umm_convert_close(struct umm_convert_job *job, enum umm_status status);

/* The converted row job->row takes its place among the others. */
UMM_MUST_USE enum umm_status umm_convert_accept(struct umm_convert_job *job,
                                                const struct umm_convert_origin *origin,
                                                struct umm_error *err);

/* Hand on the row that was held back, if any. */
UMM_MUST_USE enum umm_status umm_convert_emit_held(struct umm_convert_job *job,
                                                   struct umm_error *err);

#endif
