/* SPDX-License-Identifier: MIT */
/*
 * predict.h - a model's answers for the rows of one input, all of them or those that are new:
 *
 *     rows (rowsource) -> rows of the model (modelrows) -> plan -> answers (answerrows) -> writer
 *                      \-> history -> state (checkpoint)
 *
 * With a state file a run goes on after the rows that were taken before, as rowjob/history.h says.
 * The output is on the device before the state is; a run that is killed between the two is
 * completed by the next. The bits of an answer do not depend on how rows are cut, on threads or on
 * the processor. Memory does not depend on the number of rows.
 */
#ifndef UMM_PREDICT_PREDICT_H
#define UMM_PREDICT_PREDICT_H

#include "convert/rowsource.h"
#include "model/model.h"
#include "rowjob/resultwriter.h"
#include "sys/lock.h"
#include "umm.h"

/* Of a row with a number that is not finite: refuse it, answer NaN, or ask the model. */
enum umm_predict_nan { UMM_PREDICT_NAN_ERROR, UMM_PREDICT_NAN_ANSWER, UMM_PREDICT_NAN_PASS };

/*
 * model_path is what `model` was read from, for messages; model_output the output that it was
 * opened for, or NULL. columns and id: as modelrows.h has them, NULL for none. batch_rows: rows
 * that the model takes at once; 0: as it likes. The rest is as umm-features has it.
 */
struct umm_predict_options {
    const struct umm_model *model;
    const char *model_path, *model_output;
    const char *input; /* as umm_rowsource_run says */
    struct umm_convert_options text;
    const char *columns, *id;
    enum umm_predict_nan nan;
    uint64_t batch_rows;
    const char *output; /* as array/output.h says; NULL: none */
    enum umm_result_format format;
    bool is_plain, is_append, is_synced, is_if_changed;
    const char *state; /* NULL: none */
    bool is_rebuild, is_verify, is_revise_last;
    bool is_prompt; /* every row is answered as it comes */
    enum umm_lock_wait lock_wait;
    bool is_locked;
    const char *pool_root, *scratch_dir;
};

struct umm_predict_result {
    uint64_t n_before;     /* rows that earlier runs took */
    uint64_t n_new;        /* rows that this one did */
    uint64_t n_nan;        /* of these: with a number that is not finite */
    uint64_t n_out;        /* rows in the output */
    uint64_t n_rejected;   /* of text */
    uint64_t n_held_bytes; /* of text: of a last line without its end */
    uint64_t n_passed_over;
    bool is_revised; /* the last row of before was taken anew */
    bool is_changed; /* output or state */
    bool has_times;
    struct umm_npy_type time_type;
    int64_t first_time, last_time;
    double seconds;
};

/*
 * Do it, on run's threads. UMM_ERR_DATA: columns that do not fit the model, and rows with a number
 * that is not finite, or that the model's input cannot be. UMM_ERR_CONFLICT: state, input and
 * output do not belong together. After a failure output and state are as before.
 *
 * is_verify: nothing is written. The rows are answered by plain C, and compared with the output,
 * or, without one, with what this processor's engine answers. UMM_ERR_DATA names the first row
 * that differs.
 */
UMM_MUST_USE enum umm_status umm_predict_run(const struct umm_predict_options *options,
                                             struct umm_run *run, struct umm_predict_result *result,
                                             struct umm_error *err);

#endif
