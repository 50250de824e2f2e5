/* SPDX-License-Identifier: MIT */
/* predict_work.h - a job under way; private to predict*.c. */
#ifndef UMM_PREDICT_PREDICT_WORK_H
#define UMM_PREDICT_PREDICT_WORK_H

#include "modelrows/modelrows.h"
#include "modelrows/modeltext.h"
#include "predict/answerrows.h"
#include "predict/predict.h"
#include "rowjob/barreader.h"
#include "rowjob/checkpoint.h"
#include "rowjob/history.h"
#include "rowjob/outtail.h"

/* The input, and rows of it that wait to be answered together. */
struct umm_predict_input {
    const char *name; /* in messages */
    bool is_random;   /* it can be read from any row on */
    bool has_times;
    const char **names; /* of the model's inputs */
    char *name_texts;
    struct umm_modeltext chosen; /* what text is read */
    struct umm_modelrows rows;
    struct umm_barreader reader; /* of times */
    char *text;                  /* what its rows are */
    size_t row_bytes;
    size_t n_most; /* rows that are answered at once */
    char *waiting; /* n_most rows; NULL: they do not wait */
    size_t n_waiting;
    int64_t *times; /* n_most of them */
};

/* What the model takes and gives: n_most rows. */
struct umm_predict_numbers {
    struct umm_model_info model;
    struct umm_model_plan *plan, *other; /* other: the portable one, where both are compared */
    void *rows;                          /* floats, or doubles if the model wants them */
    float *answers, *others;
    bool *is_nan; /* rows to answer with NaN */
};

struct umm_predict_work {
    const struct umm_predict_options *options;
    struct umm_predict_result *result;
    struct umm_run *run;
    struct umm_predict_input in;
    struct umm_predict_numbers numbers;
    struct umm_history history;
    struct umm_checkpoint checkpoint; /* as it was loaded */
    bool has_checkpoint;
    struct umm_answerrows rows;
    struct umm_resultwriter_options writer_options;
    struct umm_resultwriter writer;
    bool has_writer;
    bool is_last_undone; /* the output's last row is not the state's: it is made again */
    bool is_torn;        /* rows were taken whose answers are not all out */
    char *packed;        /* room for rows of answers as bytes */
};

/* ---- predict_rows.c ---- */

/* The names of the model's inputs, for what binds columns to them. */
UMM_MUST_USE enum umm_status umm_predict_name_inputs(struct umm_predict_work *work,
                                                     struct umm_error *err);

/* Bind the columns of rows, make the plan and room for rows; free all that. */
UMM_MUST_USE enum umm_status umm_predict_bind(struct umm_predict_work *work,
                                              const struct umm_npy *npy, struct umm_error *err);
void umm_predict_free_rows(struct umm_predict_work *work);

/* New rows: now, or when enough have come, or at the end. */
UMM_MUST_USE enum umm_status umm_predict_take(struct umm_predict_work *work, const char *rows,
                                              uint64_t n, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_predict_take_waiting(struct umm_predict_work *work,
                                                      struct umm_error *err);

/* ---- predict_state.c ---- */

/* Load the state file, if there is one and it is wanted; check what can be by itself. */
UMM_MUST_USE enum umm_status umm_predict_load(struct umm_predict_work *work, struct umm_error *err);

/* Put the loaded state in force for rows that are bound. */
UMM_MUST_USE enum umm_status umm_predict_resume(struct umm_predict_work *work,
                                                struct umm_error *err);

/* Rows that may have been taken before: *n_old of the n rows were, and are as they were. */
UMM_MUST_USE enum umm_status umm_predict_check_rows(struct umm_predict_work *work, const char *rows,
                                                    uint64_t n, uint64_t *n_old,
                                                    struct umm_error *err);

/* All rows were taken anew: are they those that the loaded state has taken? */
UMM_MUST_USE enum umm_status umm_predict_compare(const struct umm_predict_work *work,
                                                 struct umm_error *err);

/* Write the state; before it, what went out through a stream is made durable. */
UMM_MUST_USE enum umm_status umm_predict_save(struct umm_predict_work *work, struct umm_error *err);

#endif
