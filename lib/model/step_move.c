/* SPDX-License-Identifier: MIT */
#include "model/step.h"

#include <math.h>
#include <string.h>

/* ---- numbers of one type as those of another ----------------------------------- */

/* value, cut towards zero and to low .. high, which are integers; NaN is 0. */
static int64_t cut(double value, double low, double high)
{
    /* 2^63 is no int64_t, and the largest double below it is. */
    if (isnan(value))
        return 0;
    return value <= low ? (int64_t)low : value >= high ? (int64_t)high : (int64_t)value;
}

static int64_t cut_to_i64(double value)
{
    return value >= 0x1p63 ? INT64_MAX : cut(value, -0x1p63, 0x1p63 - 1024);
}

static double number_at(enum umm_graph_type type, const void *numbers, size_t i)
{
    switch (type) {
    case UMM_GRAPH_F32: return (double)((const float *)numbers)[i];
    case UMM_GRAPH_F64: return ((const double *)numbers)[i];
    case UMM_GRAPH_I32: return ((const int32_t *)numbers)[i];
    case UMM_GRAPH_I64: return (double)((const int64_t *)numbers)[i];
    case UMM_GRAPH_BOOL: return ((const uint8_t *)numbers)[i];
    case UMM_GRAPH_I8:
    case UMM_GRAPH_U8: break; /* not of numbers as they are */
    }
    return 0;
}

static void put_number(enum umm_graph_type type, double value, void *numbers, size_t i)
{
    switch (type) {
    case UMM_GRAPH_F32: ((float *)numbers)[i] = (float)value; break;
    case UMM_GRAPH_F64: ((double *)numbers)[i] = value; break;
    case UMM_GRAPH_I32: ((int32_t *)numbers)[i] = (int32_t)cut(value, INT32_MIN, INT32_MAX); break;
    case UMM_GRAPH_I64: ((int64_t *)numbers)[i] = cut_to_i64(value); break;
    case UMM_GRAPH_BOOL: ((uint8_t *)numbers)[i] = value != 0; break;
    case UMM_GRAPH_I8:
    case UMM_GRAPH_U8: break;
    }
}

/*
 * Integers of 64 bits are never computed, only cast: all that there are come from doubles, and go
 * through one without loss. Otherwise a float of one would be rounded twice.
 */
void umm_step_cast(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    const void *x = frame->in[step->x];
    void *y = frame->out[step->y];
    const size_t n = n_rows * step->width;
    if (step->x_type == UMM_GRAPH_F64 && step->type == UMM_GRAPH_F32) {
        for (size_t i = 0; i < n; i++)
            ((float *)y)[i] = (float)((const double *)x)[i];
        return;
    }
    for (size_t i = 0; i < n; i++)
        put_number(step->type, number_at(step->x_type, x, i), y, i);
}

/* ---- quantised numbers --------------------------------------------------------- */

void umm_step_quantize(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_rowop_quantize(step->cpu, frame->in[step->x], n_rows * step->width, step->quantum,
                       frame->out[step->y]);
}

void umm_step_scale_quantize(const struct umm_step *step, const struct umm_frame *frame,
                             size_t n_rows)
{
    umm_rowop_scale_quantize(step->cpu, frame->in[step->x], step->constant, n_rows, step->width,
                             step->quantum, frame->out[step->y]);
}

void umm_step_dequantize(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_rowop_dequantize(step->cpu, frame->in[step->x], n_rows * step->width, step->quantum,
                         frame->out[step->y]);
}

void umm_step_table(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_rowop_table(step->cpu, step->table, frame->in[step->x], n_rows * step->width,
                    frame->out[step->y]);
}

void umm_step_softmax(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    umm_rowop_softmax_quantized(step->exps, step->x_quantum, frame->in[step->x], step->width,
                                n_rows, step->width, step->quantum, frame->out[step->y],
                                step->width);
}

/* ---- columns ------------------------------------------------------------------- */

void umm_step_copy(const struct umm_step *step, const struct umm_frame *frame, size_t n_rows)
{
    const size_t each = umm_graph_type_bytes(step->type);
    const char *x = frame->in[step->x];
    char *y = frame->out[step->y];
    const size_t x_bytes = step->x_width * each, y_bytes = step->width * each;
    const size_t len_bytes = step->columns * each;
    x += step->x_first * each;
    y += step->first * each;
    for (size_t i = 0; i < n_rows; i++, x += x_bytes, y += y_bytes)
        memcpy(y, x, len_bytes);
}
