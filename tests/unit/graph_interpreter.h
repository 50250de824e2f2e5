/* SPDX-License-Identifier: MIT */
/*
 * A graph run slowly and obviously, one row and one node at a time, to compare with. Numbers are
 * kept as doubles: floats that were rounded, or the integers of quantised values.
 *
 * Exact where lib/model says what the bits are: dense layers, arithmetic, limits, conversions,
 * moves. Functions (exp, sigmoid, ...), sums over a row and their quotients are computed in double
 * and rounded once: compare them with a tolerance.
 */
#ifndef UMM_TEST_GRAPH_INTERPRETER_H
#define UMM_TEST_GRAPH_INTERPRETER_H

#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ------------------------------------------------------------------------ */

static inline bool is_integer_type(enum umm_graph_type type)
{
    return type == UMM_GRAPH_I8 || type == UMM_GRAPH_U8;
}

static inline double clamp_integer(double q, enum umm_graph_type type)
{
    const double low = type == UMM_GRAPH_U8 ? 0 : -128, high = type == UMM_GRAPH_U8 ? 255 : 127;
    return q < low ? low : q > high ? high : q;
}

/* The integer of a float, divided as floats are, or multiplied as XNNPACK does. */
static inline double quantize_float(float x, const struct umm_graph_value *value,
                                    bool is_by_reciprocal)
{
    if (isnan(x))
        return value->zero_point;
    const float steps = is_by_reciprocal ? x * (1 / value->scale) : x / value->scale;
    return clamp_integer(rint((double)steps) + value->zero_point, value->type);
}

/* The integer of an exact number. */
static inline double quantize_double(double x, const struct umm_graph_value *value)
{
    if (isnan(x))
        return value->zero_point;
    return clamp_integer(rint(x / (double)value->scale) + value->zero_point, value->type);
}

static inline double dequantize(double q, const struct umm_graph_value *value)
{
    return (double)((float)(q - value->zero_point) * value->scale);
}

static inline float limit_float(float y, float low, float high)
{
    return y < low ? low : y > high ? high : y;
}

/* Number i of a tensor; channel says which scale. */
static inline float tensor_float(const struct umm_tensor *tensor, size_t i, size_t channel)
{
    if (tensor->type == UMM_GRAPH_F32)
        return ((const float *)tensor->data)[i];
    const size_t c = tensor->n_scales > 1 ? channel : 0;
    const int32_t zero_point = tensor->zero_points ? tensor->zero_points[c] : 0;
    int32_t q = 0;
    if (tensor->type == UMM_GRAPH_I8)
        q = ((const int8_t *)tensor->data)[i];
    else if (tensor->type == UMM_GRAPH_U8)
        q = ((const uint8_t *)tensor->data)[i];
    else if (tensor->type == UMM_GRAPH_I32)
        q = ((const int32_t *)tensor->data)[i];
    return (float)(q - zero_point) * tensor->scales[c];
}

/* ---- dense layers ---------------------------------------------------------------------- */

/* A node, the values that it reads and makes, and their numbers. */
struct step {
    const struct umm_graph_node *node;
    const struct umm_graph_value *x_value, *y_value;
    const double *x;
    double *y;
};

static inline void run_float_dense(const struct step *step)
{
    const struct umm_tensor *weights = step->node->weights, *bias = step->node->bias;
    for (size_t o = 0; o < weights->n_rows; o++) {
        float sum = bias ? tensor_float(bias, o, o) : 0;
        for (size_t i = 0; i < weights->n_columns; i++)
            sum =
                fmaf(tensor_float(weights, o * weights->n_columns + i, o), (float)step->x[i], sum);
        step->y[o] = (double)limit_float(sum, step->node->limits.low, step->node->limits.high);
    }
}

/* Each product is rounded before it is added. */
static inline void run_double_dense(const struct step *step)
{
    const struct umm_tensor *weights = step->node->weights, *bias = step->node->bias;
    const double low = (double)step->node->limits.low, high = (double)step->node->limits.high;
    const double *w = weights->data;
    for (size_t o = 0; o < weights->n_rows; o++) {
        double sum = bias ? ((const double *)bias->data)[o] : 0;
        for (size_t i = 0; i < weights->n_columns; i++)
            sum += *w++ * step->x[i];
        step->y[o] = sum < low ? low : sum > high ? high : sum;
    }
}

/* The sum of output o over integers x, which have that zero point. */
static inline int64_t integer_sum(const struct umm_tensor *weights, size_t o, const double *x,
                                  int32_t x_zero_point)
{
    const int32_t zero_point =
        weights->zero_points ? weights->zero_points[weights->n_scales > 1 ? o : 0] : 0;
    const int8_t *w = (const int8_t *)weights->data + o * weights->n_columns;
    int64_t sum = 0;
    for (size_t i = 0; i < weights->n_columns; i++)
        sum += ((int64_t)x[i] - x_zero_point) * (w[i] - zero_point);
    return sum;
}

static inline void run_integer_dense(const struct step *step)
{
    const struct umm_graph_node *node = step->node;
    const struct umm_tensor *weights = node->weights;
    const struct umm_graph_value *y_value = step->y_value;
    for (size_t o = 0; o < weights->n_rows; o++) {
        int64_t sum = integer_sum(weights, o, step->x, step->x_value->zero_point);
        if (node->bias)
            sum += ((const int32_t *)node->bias->data)[o];
        float multiplier = step->x_value->scale * weights->scales[weights->n_scales > 1 ? o : 0];
        if (y_value->type == UMM_GRAPH_F32) {
            step->y[o] = (double)limit_float((float)(int32_t)sum * multiplier, node->limits.low,
                                             node->limits.high);
            continue;
        }
        multiplier /= y_value->scale;
        double q = rint((double)((float)(int32_t)sum * multiplier)) + y_value->zero_point;
        const double low = quantize_float(node->limits.low, y_value, false);
        const double high = quantize_float(node->limits.high, y_value, false);
        step->y[o] = q < low ? low : q > high ? high : q;
    }
}

/* How a dynamic layer sees a row: its integers, their scale and zero point. */
struct seen_row {
    double *q;
    float scale;
    int32_t zero_point;
};

/* ONNX's DynamicQuantizeLinear. */
static inline void see_row_onnx(struct seen_row *row, const double *x, size_t n)
{
    float low = 0, high = 0;
    for (size_t i = 0; i < n; i++) {
        low = fminf(low, (float)x[i]);
        high = fmaxf(high, (float)x[i]);
    }
    row->scale = high == low ? 1 : (high - low) / 255;
    const float zero_point = rintf(limit_float(-low / row->scale, 0, 255));
    row->zero_point = (int32_t)zero_point;
    for (size_t i = 0; i < n; i++)
        row->q[i] =
            clamp_integer(rint((double)((float)x[i] / row->scale)) + row->zero_point, UMM_GRAPH_U8);
}

/* TensorFlow Lite's symmetric one. */
static inline void see_row_symmetric(struct seen_row *row, const double *x, size_t n)
{
    float most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmaxf(most, fabsf((float)x[i]));
    row->scale = most == 0 ? 1 : most / 127;
    row->zero_point = 0;
    for (size_t i = 0; i < n; i++) {
        const double q = most == 0 ? 0 : (double)roundf((float)x[i] * (127 / most));
        row->q[i] = q < -127 ? -127 : q > 127 ? 127 : q;
    }
}

/* False for TensorFlow Lite's rows with a zero point, which are not computed here. */
static inline bool run_dynamic_dense(const struct step *step)
{
    const struct umm_graph_node *node = step->node;
    const struct umm_tensor *weights = node->weights;
    bool is_finite = true;
    struct seen_row row = {.q = calloc(weights->n_columns, sizeof(double))};
    for (size_t i = 0; i < weights->n_columns; i++)
        is_finite = is_finite && isfinite(step->x[i]);
    if (node->is_row_u8)
        see_row_onnx(&row, step->x, weights->n_columns);
    else
        see_row_symmetric(&row, step->x, weights->n_columns);
    for (size_t o = 0; o < weights->n_rows; o++) {
        const int64_t sum = is_finite ? integer_sum(weights, o, row.q, row.zero_point) : 0;
        float y =
            (float)(int32_t)sum * (row.scale * weights->scales[weights->n_scales > 1 ? o : 0]);
        if (node->bias)
            y += ((const float *)node->bias->data)[o];
        step->y[o] = is_finite ? (double)limit_float(y, node->limits.low, node->limits.high) : NAN;
    }
    free(row.q);
    return node->is_row_u8 || !node->is_asymmetric;
}

static inline bool run_dense(const struct step *step)
{
    if (step->node->is_dynamic)
        return run_dynamic_dense(step);
    if (is_integer_type(step->x_value->type))
        run_integer_dense(step);
    else if (step->x_value->type == UMM_GRAPH_F64)
        run_double_dense(step);
    else
        run_float_dense(step);
    return true;
}

/* ---- arithmetic -------------------------------------------------------------------------- */

static inline double operate(enum umm_graph_op op, double a, double b)
{
    return op == UMM_OP_ADD ? a + b : op == UMM_OP_SUB ? a - b : op == UMM_OP_MUL ? a * b : a / b;
}

/* The second operand's number i, as what it means. */
static inline double operand_at(const struct step *step, const struct umm_graph_value *b_value,
                                const double *b, size_t i)
{
    const struct umm_tensor *constant = step->node->constant;
    const size_t at = constant && constant->n_columns > 1 ? i : 0;
    if (constant && constant->type == UMM_GRAPH_F64)
        return ((const double *)constant->data)[at];
    if (constant)
        return (double)tensor_float(constant, at, 0);
    const double number = b[b_value->width == 1 ? 0 : i];
    return is_integer_type(b_value->type) ? dequantize(number, b_value) : number;
}

static inline void run_binary(const struct step *step, const struct umm_graph_value *b_value,
                              const double *b)
{
    const bool is_integer = is_integer_type(step->x_value->type);
    for (size_t i = 0; i < step->y_value->width; i++) {
        double left = step->x[step->x_value->width == 1 ? 0 : i];
        double right = operand_at(step, b_value, b, i);
        if (is_integer)
            left = dequantize(left, step->x_value);
        if (step->node->is_constant_first) {
            const double swap = left;
            left = right;
            right = swap;
        }
        /* Of two floats, a double holds enough bits for the result to be rounded right. */
        const double y = operate(step->node->op, left, right);
        const bool is_f32 = step->y_value->type == UMM_GRAPH_F32;
        step->y[i] = is_integer ? quantize_double(y, step->y_value) : is_f32 ? (double)(float)y : y;
    }
}

/* ---- functions ---------------------------------------------------------------------------- */

/* The inverse of the error function as ONNX Runtime approximates it (Winitzki). */
static inline double inverse_erf(double x)
{
    const double pi = 3.14159265358979323846, a = 0.147;
    const double log_rest = log((1 - x) * (1 + x));
    const double v = 2 / (pi * a) + log_rest / 2;
    return copysign(sqrt(sqrt(v * v - log_rest / a) - v), x);
}

static inline double apply(const struct umm_graph_node *node, double x)
{
    const double low = (double)node->limits.low, high = (double)node->limits.high;
    if (node->op == UMM_OP_RELU)
        return x < 0 ? 0 : x;
    if (node->op == UMM_OP_LEAKY_RELU)
        return x < 0 ? x * (double)node->alpha : x;
    if (node->op == UMM_OP_CLIP)
        return x < low ? low : x > high ? high : x;
    if (node->op == UMM_OP_SIGMOID)
        return 1 / (1 + exp(-x));
    return node->op == UMM_OP_TANH ? tanh(x) : sqrt(2) * inverse_erf(2 * x - 1);
}

/* As TensorFlow Lite has it: floats, halves away from 0. */
static inline void run_quantized_softmax(const struct step *step)
{
    const uint32_t n = step->x_value->width;
    const bool is_u8 = step->y_value->type == UMM_GRAPH_U8;
    const double least = is_u8 ? 0 : -128;
    double most = -INFINITY;
    float sum = 0;
    for (uint32_t i = 0; i < n; i++)
        most = fmax(most, step->x[i]);
    for (uint32_t i = 0; i < n; i++)
        sum += (float)exp((double)(step->x_value->scale * (float)(step->x[i] - most)));
    const float inverse = 1 / (sum * step->y_value->scale);
    for (uint32_t i = 0; i < n; i++) {
        const float e = (float)exp((double)(step->x_value->scale * (float)(step->x[i] - most)));
        const double q = (double)roundf(e * inverse) + step->y_value->zero_point;
        step->y[i] = fmin(fmax(q, least), least + 255);
    }
}

static inline void run_softmax(const struct step *step, bool is_zero_kept)
{
    const uint32_t n = step->x_value->width;
    if (is_integer_type(step->x_value->type)) {
        run_quantized_softmax(step);
        return;
    }
    double most = -INFINITY, sum = 0;
    double *e = calloc(n, sizeof *e);
    for (uint32_t i = 0; i < n; i++) {
        e[i] = step->x[i];
        most = e[i] > most ? e[i] : most;
    }
    for (uint32_t i = 0; i < n; i++) {
        const bool is_kept = is_zero_kept && fabs(e[i]) <= (double)1e-7F;
        e[i] = is_kept ? e[i] * exp(-most) : exp(e[i] - most);
        sum += is_kept ? 0 : e[i];
    }
    for (uint32_t i = 0; i < n; i++)
        step->y[i] = (double)(float)(e[i] / sum);
    free(e);
}

static inline void run_pointwise(const struct step *step)
{
    for (uint32_t i = 0; i < step->x_value->width; i++) {
        if (is_integer_type(step->x_value->type))
            step->y[i] = quantize_double(apply(step->node, dequantize(step->x[i], step->x_value)),
                                         step->y_value);
        else if (step->x_value->type == UMM_GRAPH_F64)
            step->y[i] = apply(step->node, step->x[i]);
        else
            step->y[i] = (double)(float)apply(step->node, step->x[i]);
    }
}

static inline void run_normalize(const struct step *step)
{
    double by = step->node->norm == UMM_NORM_MAX ? -INFINITY : 0;
    for (uint32_t i = 0; i < step->x_value->width; i++) {
        const double x = step->x[i];
        if (step->node->norm == UMM_NORM_MAX)
            by = x > by ? x : by;
        else
            by += step->node->norm == UMM_NORM_L1 ? fabs(x) : x * x;
    }
    if (step->node->norm == UMM_NORM_L2)
        by = sqrt(by);
    for (uint32_t i = 0; i < step->x_value->width; i++)
        step->y[i] = by == 0 ? step->x[i] : (double)(float)(step->x[i] / by);
}

/* Towards zero and to a type of that many bits beside the sign. */
static inline double cut_to_integer(double x, int n_bits)
{
    const double least = -ldexp(1, n_bits), most = ldexp(1, n_bits) - 1;
    return isnan(x) ? 0 : x < least ? least : x > most ? most : trunc(x);
}

static inline void run_conversion(const struct step *step)
{
    const struct umm_graph_value *from = step->x_value, *to = step->y_value;
    for (uint32_t i = 0; i < from->width; i++) {
        const double x = step->x[i];
        if (is_integer_type(to->type))
            step->y[i] = is_integer_type(from->type)
                             ? quantize_double(dequantize(x, from), to)
                             : quantize_float((float)x, to, step->node->is_by_reciprocal);
        else if (is_integer_type(from->type))
            step->y[i] = dequantize(x, from);
        else if (to->type == UMM_GRAPH_BOOL)
            step->y[i] = x != 0;
        else if (to->type == UMM_GRAPH_I32 || to->type == UMM_GRAPH_I64)
            step->y[i] = cut_to_integer(x, to->type == UMM_GRAPH_I32 ? 31 : 63);
        else
            step->y[i] = to->type == UMM_GRAPH_F32 ? (double)(float)x : x;
    }
}

/* ---- trees -------------------------------------------------------------------------------- */

static inline bool is_true_branch(const struct umm_tree_node *node, double x)
{
    const double t = (double)node->threshold;
    if (isnan(x) && node->is_missing_true)
        return true;
    switch (node->mode) {
    case UMM_TREE_LE: return x <= t;
    case UMM_TREE_LT: return x < t;
    case UMM_TREE_GE: return x >= t;
    case UMM_TREE_GT: return x > t;
    case UMM_TREE_EQ: return x == t;
    case UMM_TREE_NE: return x != t;
    case UMM_TREE_LEAF: break;
    }
    return false;
}

/* One output's number so far, and one more; sums are in the type of x. */
static inline double add_up(const struct step *step, double so_far, double weight, bool is_first)
{
    const enum umm_tree_sum sum = step->node->trees->sum;
    if (sum == UMM_TREES_MIN)
        return is_first || weight < so_far ? weight : so_far;
    if (sum == UMM_TREES_MAX)
        return is_first || weight > so_far ? weight : so_far;
    return step->x_value->type == UMM_GRAPH_F64 ? so_far + weight
                                                : (double)((float)so_far + (float)weight);
}

static inline void run_trees(const struct step *step)
{
    const struct umm_trees *trees = step->node->trees;
    bool *has_any = calloc(trees->n_outputs, sizeof *has_any);
    for (uint32_t o = 0; o < trees->n_outputs; o++)
        step->y[o] = 0;
    for (uint32_t t = 0; t < trees->n_trees; t++) {
        const struct umm_tree_node *at = &trees->nodes[trees->roots[t]];
        while (at->mode != UMM_TREE_LEAF)
            at =
                &trees
                     ->nodes[is_true_branch(at, step->x[at->feature]) ? at->if_true : at->if_false];
        for (uint32_t i = 0; i < at->n_weights; i++) {
            const struct umm_tree_weight *weight = &trees->weights[at->first_weight + i];
            step->y[weight->output] = add_up(step, step->y[weight->output], (double)weight->weight,
                                             !has_any[weight->output]);
            has_any[weight->output] = true;
        }
    }
    for (uint32_t o = 0; o < trees->n_outputs; o++) {
        const double base = trees->base ? (double)trees->base[o] : 0;
        double y = step->y[o];
        if (trees->sum == UMM_TREES_AVERAGE)
            y /= trees->n_trees;
        step->y[o] = step->x_value->type == UMM_GRAPH_F64 ? (double)(float)(y + base)
                                                          : (double)((float)y + (float)base);
    }
    free(has_any);
}

/* ---- graphs ------------------------------------------------------------------------------- */

static inline void run_concat(const struct umm_graph *graph, const struct step *step,
                              double *const *numbers)
{
    double *to = step->y;
    for (uint32_t k = 0; k < step->node->n_inputs; k++) {
        const int32_t x = step->node->inputs[k];
        memcpy(to, numbers[x], graph->values[x].width * sizeof *to);
        to += graph->values[x].width;
    }
}

/* False for what is not computed here. */
static inline bool run_node(const struct umm_graph *graph, const struct umm_graph_node *node,
                            double *const *numbers)
{
    const struct step step = {.node = node,
                              .x_value = &graph->values[node->inputs[0]],
                              .y_value = &graph->values[node->output],
                              .x = numbers[node->inputs[0]],
                              .y = numbers[node->output]};
    const int32_t second = node->n_inputs > 1 ? node->inputs[1] : node->inputs[0];
    switch (node->op) {
    case UMM_OP_DENSE: return run_dense(&step);
    case UMM_OP_ADD:
    case UMM_OP_SUB:
    case UMM_OP_MUL:
    case UMM_OP_DIV: run_binary(&step, &graph->values[second], numbers[second]); return true;
    case UMM_OP_RELU:
    case UMM_OP_LEAKY_RELU:
    case UMM_OP_CLIP:
    case UMM_OP_SIGMOID:
    case UMM_OP_TANH:
    case UMM_OP_PROBIT: run_pointwise(&step); return true;
    case UMM_OP_SOFTMAX:
    case UMM_OP_SOFTMAX_ZERO: run_softmax(&step, node->op == UMM_OP_SOFTMAX_ZERO); return true;
    case UMM_OP_LOGISTIC_PAIR:
        step.y[1] = (double)(float)(1 / (1 + exp(-step.x[0])));
        step.y[0] = (double)(float)(1 / (1 + exp(step.x[0])));
        return true;
    case UMM_OP_CONCAT: run_concat(graph, &step, numbers); return true;
    case UMM_OP_SLICE:
        memcpy(step.y, step.x + node->first, step.y_value->width * sizeof *step.y);
        return true;
    case UMM_OP_CAST:
    case UMM_OP_QUANTIZE:
    case UMM_OP_DEQUANTIZE: run_conversion(&step); return true;
    case UMM_OP_NORMALIZE: run_normalize(&step); return true;
    case UMM_OP_TREES: run_trees(&step); return true;
    case UMM_OP_COUNT: break;
    }
    return false;
}

/* A row's numbers are what they mean: those of quantised inputs are quantised here. */
static inline void read_row(const struct umm_graph *graph, const double *row,
                            double *const *numbers)
{
    for (uint32_t k = 0; k < graph->n_inputs; k++) {
        const struct umm_graph_value *value = &graph->values[graph->inputs[k]];
        for (uint32_t i = 0; i < value->width; i++) {
            double x = *row++;
            if (is_integer_type(value->type))
                x = quantize_float((float)x, value, false);
            else if (value->type == UMM_GRAPH_F32)
                x = (double)(float)x;
            numbers[graph->inputs[k]][i] = x;
        }
    }
}

static inline void write_result(const struct umm_graph *graph, double *const *numbers,
                                double *result)
{
    for (uint32_t k = 0; k < graph->n_outputs; k++) {
        const int32_t y = graph->outputs[k];
        const struct umm_graph_value *value = &graph->values[y];
        for (uint32_t i = 0; i < value->width; i++)
            *result++ =
                is_integer_type(value->type) ? dequantize(numbers[y][i], value) : numbers[y][i];
    }
}

/*
 * One row of umm_graph_input_width numbers into a result of umm_graph_output_width, each what it
 * means. False if a node is not computed here.
 */
static inline bool interpret_row(const struct umm_graph *graph, const double *row, double *result)
{
    double **numbers = calloc(graph->n_values + 1, sizeof *numbers);
    bool is_run = true;
    for (uint32_t v = 0; v < graph->n_values; v++)
        numbers[v] = calloc(graph->values[v].width, sizeof **numbers);
    read_row(graph, row, numbers);
    for (uint32_t i = 0; is_run && i < graph->n_nodes; i++)
        is_run = run_node(graph, &graph->nodes[i], numbers);
    write_result(graph, numbers, result);
    for (uint32_t v = 0; v < graph->n_values; v++)
        free(numbers[v]);
    free(numbers);
    return is_run;
}

#endif
