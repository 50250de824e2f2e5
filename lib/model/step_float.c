/* SPDX-License-Identifier: MIT */
#include "model/step.h"

/* ---- layers -------------------------------------------------------------------- */

void umm_step_dense(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_dense_run(step->dense, frame->in[step->x], step->x_width, n_rows, frame->out[step->y],
                  step->width, frame->scratch);
}

void umm_step_dense_f64(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_dense_f64_run(step->dense_f64, frame->in[step->x], n_rows, frame->out[step->y]);
}

void umm_step_trees(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    if (step->x_type == UMM_GRAPH_F64)
        umm_forest_run_f64(step->forest, frame->in[step->x], step->x_width, n_rows,
                           frame->out[step->y], step->width);
    else
        umm_forest_run(step->forest, frame->in[step->x], step->x_width, n_rows, frame->out[step->y],
                       step->width);
}

/* ---- one operand --------------------------------------------------------------- */

static void limit(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_rowop_limit(step->cpu, frame->in[step->x], n_rows * step->width, step->low, step->high,
                    frame->out[step->y]);
}

void umm_step_limit_f64(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_rowop_limit_f64(frame->in[step->x], n_rows * step->width, (double)step->low,
                        (double)step->high, frame->out[step->y]);
}

static void leak(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_rowop_leaky(step->cpu, frame->in[step->x], n_rows * step->width, step->alpha,
                    frame->out[step->y]);
}

static void sigmoid(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_rowop_sigmoid(step->cpu, frame->in[step->x], n_rows * step->width, frame->out[step->y]);
}

static void hyperbolic(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_rowop_tanh(step->cpu, frame->in[step->x], n_rows * step->width, frame->out[step->y]);
}

static void probit(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_rowop_probit(frame->in[step->x], n_rows * step->width, frame->out[step->y]);
}

static void logistic_pair(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_rowop_logistic_pair(step->cpu, frame->in[step->x], n_rows, frame->out[step->y]);
}

/* ---- over a row ---------------------------------------------------------------- */

static void softmax(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_rowop_softmax(step->cpu, frame->in[step->x], step->width, n_rows, step->width, false,
                      frame->out[step->y], step->width);
}

static void softmax_zero(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_rowop_softmax(step->cpu, frame->in[step->x], step->width, n_rows, step->width, true,
                      frame->out[step->y], step->width);
}

static void normalize(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_rowop_normalize(step->norm, frame->in[step->x], step->width, n_rows, step->width,
                        frame->out[step->y], step->width);
}

umm_step_run *umm_step_of_floats(enum umm_graph_op op)
{
    static umm_step_run *const runs[UMM_OP_COUNT] = {
        [UMM_OP_RELU] = limit,
        [UMM_OP_LEAKY_RELU] = leak,
        [UMM_OP_CLIP] = limit,
        [UMM_OP_SIGMOID] = sigmoid,
        [UMM_OP_TANH] = hyperbolic,
        [UMM_OP_SOFTMAX] = softmax,
        [UMM_OP_SOFTMAX_ZERO] = softmax_zero,
        [UMM_OP_PROBIT] = probit,
        [UMM_OP_LOGISTIC_PAIR] = logistic_pair,
        [UMM_OP_NORMALIZE] = normalize,
    };
    return runs[op];
}
