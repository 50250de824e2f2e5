/* SPDX-License-Identifier: MIT */
/* featurejob_work.h - a job under way; private to featurejob*.c. */
#ifndef UMM_FEATUREJOB_FEATUREJOB_WORK_H
#define UMM_FEATUREJOB_FEATUREJOB_WORK_H

#include "featurejob/featurejob.h"
#include "featurejob/resultrows.h"
#include "featurejob/resultstore.h"
#include "rowjob/barreader.h"
#include "rowjob/checkpoint.h"
#include "rowjob/history.h"
#include "rowjob/outtail.h"
#include "sys/uptodate.h"

/*
 * The input. Its rows by number:
 *
 *     | taken before          | taken now | in raw       | to come
 *     0          n_ring rows  ^ n_start   ^ n_taken      ^ position
 */
struct umm_featureinput {
    const char *name; /* in messages */
    bool is_random;   /* it can be read from any row on */
    bool is_ended;
    bool is_counted;              /* n_coming rows, or a few more, come after the state's */
    struct umm_barreader *reader; /* in the space, as what follows to the columns */
    char *text;                   /* what its rows are */
    size_t row_bytes;
    uint64_t n_coming;
    uint64_t limit; /* verify: rows to take */
    size_t cap_rows, n_raw;
    char *raw; /* rows that wait to be taken; then cap_rows times, and values of each column */
    int64_t *times;
    double *columns[UMM_BARREADER_COLUMNS];
};

/* What the rows that were taken lead to, which the state file keeps. */
struct umm_featurestate {
    struct umm_checkpoint *checkpoint; /* as it was loaded; NULL: forgotten */
    bool has_checkpoint;
    struct umm_features_state *now, *before; /* after the last row, and before it */
    uint64_t n_saved;
};

struct umm_featurework;

/* Where the results go: a writer, or emit, or neither. */
struct umm_featureoutput {
    struct umm_resultrows *rows; /* in the space, as the columns */
    char *header;                /* CSV: the line of names */
    char *packed;                /* else: room for a strip of rows */
    bool has_writer;
    bool is_last_undone; /* the output's last row is not the state's: it is made again */
    bool is_torn;        /* rows were taken whose results are not all out */
    uint64_t drop;       /* rows without a row of results */
    struct umm_resultwriter_options *writer_options; /* NULL: none is ever opened */
    struct umm_resultwriter *writer;
    /* Takes the results of rows first..first+n of the input's times and of columns. */
    enum umm_status (*emit)(void *user, const struct umm_featurework *work, size_t first, size_t n,
                            struct umm_error *err);
    void *emit_user;
    struct umm_resultstore store; /* of a job of one id, which emit notes rows for */
    struct umm_resultplace place;
    double **columns, **shifted; /* cap_rows results of each feature; in the space */
};

struct umm_featurework {
    const struct umm_featurejob_options *options;
    struct umm_featurejob_result *result;
    struct umm_run *run;
    struct umm_featureinput in;
    struct umm_history history; /* position is that of rows which are not yet in raw */
    struct umm_featurestate state;
    struct umm_featureoutput out;
    struct umm_featurespace *space;
    bool is_space_lent;  /* it belongs to another work, which lives longer */
    bool is_one_of_many; /* the caller syncs the file system: see umm_featurerun_begin */
};

/*
 * What work is done with, and what rows are, in the input and in the output: it holds nothing from
 * one feed to the next where no rows are held back, so that many symbols can share one.
 */
struct umm_featurespace {
    struct umm_barreader reader;
    struct umm_resultrows rows;
    char *text;
    void *room; /* of all that has cap_rows rows */
};

/* A run from end to end. */
struct umm_featurerun {
    struct umm_featurework work;
    struct umm_resultwriter_options writer_options;
    struct umm_resultwriter writer;
    uint64_t began_ns;
    struct umm_lock state_lock, output_lock;
    struct umm_uptodate inputs;
    bool is_state_due;
    struct umm_outfile state_file; /* one of many: the new state, until it gets its name */
};

/* ---- featurejob.c ---- */

extern const char umm_featurejob_no_checkpoint[];

/*
 * A run from end to end, which umm_featurejob_run is all of: _begin takes the rows, _commit puts
 * the output in place, _settle the state; _fill sets the figures of the result, _release lets go of
 * the locks and _end of all, after any begin. is_one_of_many: the caller syncs the file systems of
 * output and state after each of the three. options and result must live until the end; run may be
 * NULL.
 */
UMM_MUST_USE enum umm_status umm_featurerun_begin(struct umm_featurerun *job,
                                                  const struct umm_featurejob_options *options,
                                                  bool is_one_of_many, struct umm_run *run,
                                                  struct umm_featurejob_result *result,
                                                  struct umm_error *err);
UMM_MUST_USE enum umm_status umm_featurerun_commit(struct umm_featurerun *job,
                                                   struct umm_error *err);
UMM_MUST_USE enum umm_status umm_featurerun_settle(struct umm_featurerun *job,
                                                   struct umm_error *err);
void umm_featurerun_fill(struct umm_featurerun *job);
void umm_featurerun_release(struct umm_featurerun *job);
void umm_featurerun_end(struct umm_featurerun *job);

/* Make the states, load the state file; then, with the type of the rows, take it up. */
UMM_MUST_USE enum umm_status umm_featurework_open(struct umm_featurework *work,
                                                  struct umm_error *err);
UMM_MUST_USE enum umm_status umm_featurework_begin(struct umm_featurework *work,
                                                   const struct umm_npy *npy,
                                                   struct umm_error *err);
void umm_featurework_close(struct umm_featurework *work);

/* After the begin of work that is not verified: the checkpoint is in force, and not needed more. */
void umm_featurework_forget(struct umm_featurework *work);

/* What went into the store, as figures of the result. */
void umm_featurework_count(const struct umm_resultstore *store,
                           struct umm_featurejob_result *result);

/* Rows as they come, old ones and new ones. */
UMM_MUST_USE enum umm_status umm_featurework_feed(struct umm_featurework *work, const char *rows,
                                                  uint64_t n, struct umm_error *err);

/* ---- featurejob_resume.c ---- */

/* Load the state file, if there is one and it is wanted; check what can be by itself. */
UMM_MUST_USE enum umm_status umm_featurework_load(struct umm_featurework *work,
                                                  struct umm_error *err);

/* Put the loaded state in force for rows of that type. */
UMM_MUST_USE enum umm_status umm_featurework_resume(struct umm_featurework *work,
                                                    struct umm_error *err);

/*
 * Rows of the input that may have been taken before: *n_old of the n rows were, and are as
 * they were.
 */
UMM_MUST_USE enum umm_status umm_featurework_check_rows(struct umm_featurework *work,
                                                        const char *rows, uint64_t n,
                                                        uint64_t *n_old, struct umm_error *err);

/* The plan's text and the rows that are left out, malloc'ed; NULL without memory. */
char *umm_featurework_plan_text(const struct umm_featurework *work);

/* The state as bytes, malloc'ed. */
UMM_MUST_USE enum umm_status umm_featurework_encode(const struct umm_featurework *work,
                                                    char **bytes, size_t *len_bytes,
                                                    struct umm_error *err);

/* Write the state; before it, what went out through a stream is made durable. */
UMM_MUST_USE enum umm_status umm_featurework_save(struct umm_featurework *work,
                                                  struct umm_error *err);

/* Write the state to file, all but the commit, without a sync. */
UMM_MUST_USE enum umm_status umm_featurework_write_state(struct umm_featurework *work,
                                                         struct umm_outfile *file,
                                                         struct umm_error *err);

/* Rows of results that n rows give. */
static inline uint64_t umm_featurework_results(const struct umm_featurework *work, uint64_t n)
{
    return n > work->out.drop ? n - work->out.drop : 0;
}

/* ---- featurejob_verify.c ---- */

/* All rows were taken anew: is the loaded state what they give? */
UMM_MUST_USE enum umm_status umm_featurework_compare(struct umm_featurework *work,
                                                     struct umm_error *err);

/* ---- featurejob_rows.c ---- */

/* Room for rows, in the space. _free_rows frees what is needed only while rows are taken. */
UMM_MUST_USE enum umm_status umm_featurework_make_rows(struct umm_featurework *work,
                                                       struct umm_error *err);
void umm_featurework_free_rows(struct umm_featurework *work);

/* The space of model, which has begun, for rows of the same type and features. */
void umm_featurework_borrow(struct umm_featurework *work, const struct umm_featurework *model);

/* New rows, and the end of them. */
UMM_MUST_USE enum umm_status umm_featurework_take(struct umm_featurework *work, const char *rows,
                                                  uint64_t n, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_featurework_finish(struct umm_featurework *work,
                                                    struct umm_error *err);

#endif
