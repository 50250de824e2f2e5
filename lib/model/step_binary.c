/* SPDX-License-Identifier: MIT */
/* Arithmetic of two operands. */
#include "model/step.h"

#include <math.h>

/* What stands in a slot, and the other operand: rows of a slot, or one row for all. */
static struct umm_rowop_operand find_rows(const struct umm_step *step,
                                          const struct umm_frame *frame)
{
    return (struct umm_rowop_operand){frame->in[step->x], step->x_width, step->x_width == 1};
}

static struct umm_rowop_operand find_other(const struct umm_step *step,
                                           const struct umm_frame *frame)
{
    return (struct umm_rowop_operand){.data = step->constant ? step->constant : frame->in[step->x2],
                                      .stride = step->constant ? 0 : step->x2_width,
                                      .is_one = step->x2_width == 1};
}

/* By pointers: what was written in parts, processors are slow to read at once. */
void umm_step_binary_f32(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    const struct umm_rowop_operand x = find_rows(step, frame), other = find_other(step, frame);
    umm_rowop_binary_f32(step->cpu, step->binary, step->is_constant_first ? &other : &x,
                         step->is_constant_first ? &x : &other, n_rows, step->width,
                         frame->out[step->y], step->width);
}

void umm_step_binary_f64(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    const struct umm_rowop_operand x = find_rows(step, frame), other = find_other(step, frame);
    umm_rowop_binary_f64(step->binary, step->is_constant_first ? other : x,
                         step->is_constant_first ? x : other, n_rows, step->width,
                         frame->out[step->y], step->width);
}

/* ---- quantised ----------------------------------------------------------------- */

static double meaning(const uint8_t *q, struct umm_rowop_quantum of)
{
    const int32_t number = of.is_u8 ? *q : (int8_t)*q;
    return (number - of.zero_point) * (double)of.scale;
}

static uint8_t nearest(double number, struct umm_rowop_quantum to)
{
    const double low = to.is_u8 ? 0 : INT8_MIN, high = to.is_u8 ? UINT8_MAX : INT8_MAX;
    const double q =
        isnan(number) ? to.zero_point : rint(number / (double)to.scale) + to.zero_point;
    return (uint8_t)(int32_t)(q < low ? low : q > high ? high : q);
}

static double operate(enum umm_rowop_binary operator, double a, double b)
{
    switch (operator) {
    case UMM_ROWOP_ADD: return a + b;
    case UMM_ROWOP_SUB: return a - b;
    case UMM_ROWOP_MUL: return a * b;
    case UMM_ROWOP_DIV: break;
    }
    return a / b;
}

/* Exactly what the numbers mean, rounded once. The constant is of doubles. */
void umm_step_binary_quantized(const struct umm_step *step, const struct umm_frame *frame,
                               size_t n_rows)
{
    const uint8_t *x = frame->in[step->x];
    const uint8_t *x2 = step->constant ? NULL : frame->in[step->x2];
    const double *constant = step->constant;
    uint8_t *y = frame->out[step->y];
    for (size_t row = 0; row < n_rows; row++) {
        for (uint32_t i = 0; i < step->width; i++) {
            const uint32_t at = step->x2_width == 1 ? 0 : i;
            const double a = meaning(x + (step->x_width == 1 ? 0 : i), step->x_quantum);
            const double b = x2 ? meaning(x2 + at, step->x2_quantum) : constant[at];
            y[i] = nearest(step->is_constant_first ? operate(step->binary, b, a)
                                                   : operate(step->binary, a, b),
                           step->quantum);
        }
        x += step->x_width;
        x2 = x2 ? x2 + step->x2_width : NULL;
        y += step->width;
    }
}
