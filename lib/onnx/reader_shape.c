/* SPDX-License-Identifier: MIT */
/* What changes the shape or the type of rows, puts rows together, or takes columns of them. */
#include "onnx/reader.h"

#include <inttypes.h>
#include <string.h>

/* A list of integers: a constant operand, or none. */
static enum umm_status integers_of(struct umm_onnx *onnx, const struct umm_onnx_operand *operand,
                                   const char *what, int64_t **list, uint32_t *n,
                                   struct umm_error *err)
{
    struct umm_onnx_constant *c = operand->constant;
    if (operand->kind != UMM_ONNX_CONSTANT || c->n_dims > 2 || umm_onnx_is_float(c->type))
        return umm_onnx_refuse(onnx, err, "%s is no constant list of integers", what);
    enum umm_status status = umm_onnx_raw(onnx, c, err);
    if (!status)
        status = umm_onnx_alloc(onnx, c->n, sizeof **list, list, err);
    for (uint64_t i = 0; !status && i < c->n; i++)
        (*list)[i] = umm_onnx_i64_at(c, i);
    *n = (uint32_t)c->n;
    return status;
}

/* The same of input i, or before some version of the operators of an attribute. */
static enum umm_status integers(struct umm_onnx *onnx, uint32_t i, const char *name, int64_t **list,
                                uint32_t *n, struct umm_error *err)
{
    return umm_onnx_input(onnx, i)->kind == UMM_ONNX_ABSENT
               ? umm_onnx_integers(onnx, name, list, n, err)
               : integers_of(onnx, umm_onnx_input(onnx, i), name, list, n, err);
}

/* ---- shapes of values --------------------------------------------------------------- */

/* The first output is x, whose rows have that shape. */
static enum umm_status reshaped(struct umm_onnx *onnx, const struct umm_onnx_operand *x,
                                const uint64_t *dims, uint32_t n_dims, struct umm_error *err)
{
    struct umm_onnx_operand like = *x;
    uint64_t width = 1;
    like.n_dims = n_dims;
    for (uint32_t i = 1; i < n_dims; i++) {
        if (dims[i] > UMM_GRAPH_WIDTH_MAX)
            return umm_onnx_refuse(onnx, err, "it mixes rows");
        like.dims[i] = (uint32_t)dims[i];
        width *= dims[i];
        if (width > UMM_GRAPH_WIDTH_MAX)
            return umm_onnx_refuse(onnx, err, "it mixes rows");
    }
    if (width != umm_onnx_width(onnx, x->value))
        return umm_onnx_refuse(onnx, err, "it mixes rows: %" PRIu64 " numbers, not %" PRIu32, width,
                               umm_onnx_width(onnx, x->value));
    umm_onnx_output(onnx, 0, x->value, &like);
    return UMM_OK;
}

/*
 * The shape that a Reshape asks for, with 0 for "as it is" and one -1 for "the rest". Rows stay
 * rows if the first is 0, or is -1 and the rest is a row, or is how many rows the inputs declare.
 */
static enum umm_status reshape_value(struct umm_onnx *onnx, const struct umm_onnx_operand *x,
                                     const int64_t *shape, uint32_t n, struct umm_error *err)
{
    const uint64_t width = umm_onnx_width(onnx, x->value);
    uint64_t dims[UMM_ONNX_DIMS_MAX] = {0}, known = 1;
    uint32_t rest = 0;
    if (n == 0 || n > UMM_ONNX_DIMS_MAX || umm_onnx_integer(&onnx->node, "allowzero", 0))
        return umm_onnx_refuse(onnx, err, "a shape of %" PRIu32 " dimensions, or allowzero", n);
    for (uint32_t i = 1; i < n; i++) {
        if (shape[i] < -1 || shape[i] > UMM_GRAPH_WIDTH_MAX || (shape[i] == -1 && rest) ||
            (shape[i] == 0 && i >= x->n_dims))
            return umm_onnx_refuse(onnx, err, "it mixes rows");
        if (shape[i] == -1)
            rest = i;
        else
            dims[i] = shape[i] ? (uint64_t)shape[i] : x->dims[i];
        known *= shape[i] == -1 ? 1 : dims[i];
        if (known > UMM_GRAPH_WIDTH_MAX)
            return umm_onnx_refuse(onnx, err, "it mixes rows");
    }
    const bool is_count = onnx->batch && shape[0] >= 0 && (uint64_t)shape[0] == onnx->batch;
    if (shape[0] != 0 && !is_count && (rest || (shape[0] != -1 && shape[0] != 1)))
        return umm_onnx_refuse(onnx, err, "it mixes rows");
    if (rest)
        dims[rest] = known ? width / known : 0;
    return reshaped(onnx, x, dims, n, err);
}

/* ---- shapes of constants ------------------------------------------------------------ */

static enum umm_status reshape_constant(struct umm_onnx *onnx, struct umm_onnx_constant *c,
                                        const int64_t *shape, uint32_t n, struct umm_error *err)
{
    struct umm_onnx_constant *made = NULL;
    uint64_t known = 1;
    uint32_t rest = UMM_ONNX_DIMS_MAX;
    if (n > UMM_ONNX_DIMS_MAX)
        return umm_onnx_refuse(onnx, err, "a constant of %" PRIu32 " dimensions", n);
    enum umm_status status = umm_onnx_raw(onnx, c, err);
    if (!status)
        status = umm_onnx_alloc(onnx, 1, sizeof *made, &made, err);
    if (status)
        return status;
    *made = (struct umm_onnx_constant){.type = c->type, .n_dims = n, .n = c->n, .raw = c->raw};
    for (uint32_t i = 0; i < n; i++) {
        if (shape[i] < -1 || shape[i] > UMM_GRAPH_ELEMENTS_MAX || (shape[i] == 0 && i >= c->n_dims))
            return umm_onnx_wrong(onnx, err, "a dimension of %" PRId64, shape[i]);
        if (shape[i] == -1)
            rest = i;
        made->dims[i] = shape[i] == -1 ? 1 : shape[i] ? (uint64_t)shape[i] : c->dims[i];
        if (__builtin_mul_overflow(known, made->dims[i], &known))
            return umm_onnx_wrong(onnx, err, "a shape of too many numbers");
    }
    if (rest < n && known)
        made->dims[rest] = c->n / known;
    if ((rest < n ? known * made->dims[rest] : known) != c->n)
        return umm_onnx_wrong(onnx, err, "a shape of other than %" PRIu64 " numbers", c->n);
    umm_onnx_output_constant(onnx, 0, made);
    return UMM_OK;
}

enum umm_status umm_onnx_op_reshape(struct umm_onnx *onnx, struct umm_error *err)
{
    const struct umm_onnx_operand *x = umm_onnx_input(onnx, 0);
    int64_t *shape = NULL;
    uint32_t n = 0;
    enum umm_status status = integers(onnx, 1, "shape", &shape, &n, err);
    if (status)
        return status;
    if (x->kind == UMM_ONNX_CONSTANT)
        return reshape_constant(onnx, x->constant, shape, n, err);
    if (x->kind != UMM_ONNX_VALUE)
        return umm_onnx_refuse(onnx, err, "its input is no row");
    return reshape_value(onnx, x, shape, n, err);
}

enum umm_status umm_onnx_op_flatten(struct umm_onnx *onnx, struct umm_error *err)
{
    const struct umm_onnx_operand *x = umm_onnx_input(onnx, 0);
    int64_t axis = umm_onnx_integer(&onnx->node, "axis", 1);
    if (x->kind != UMM_ONNX_VALUE)
        return umm_onnx_refuse(onnx, err, "its input is no row");
    axis += axis < 0 ? x->n_dims : 0;
    if (axis != 1)
        return umm_onnx_refuse(onnx, err, "it mixes rows: axis %" PRId64, axis);
    const uint64_t dims[2] = {0, umm_onnx_width(onnx, x->value)};
    return reshaped(onnx, x, dims, 2, err);
}

/* The axes of Squeeze and Unsqueeze as flags, for a shape of n_dims. */
static enum umm_status find_axes(struct umm_onnx *onnx, uint32_t n_dims, const int64_t *axes,
                                 uint32_t n, bool is_axis[2 * UMM_ONNX_DIMS_MAX],
                                 struct umm_error *err)
{
    memset(is_axis, 0, 2 * UMM_ONNX_DIMS_MAX * sizeof *is_axis);
    for (uint32_t i = 0; i < n; i++) {
        const int64_t axis = axes[i] < 0 ? axes[i] + n_dims : axes[i];
        if (axis < 0 || axis >= n_dims || is_axis[axis])
            return umm_onnx_wrong(onnx, err, "axis %" PRId64 " of %" PRIu32, axes[i], n_dims);
        is_axis[axis] = true;
    }
    return UMM_OK;
}

/* x without the axes, or, if is_more, with more of them, each of length 1. */
static enum umm_status squeeze(struct umm_onnx *onnx, bool is_more, struct umm_error *err)
{
    const struct umm_onnx_operand *x = umm_onnx_input(onnx, 0);
    const bool is_constant = x->kind == UMM_ONNX_CONSTANT;
    int64_t *axes = NULL, shape[2 * UMM_ONNX_DIMS_MAX];
    uint64_t dims[2 * UMM_ONNX_DIMS_MAX] = {0};
    uint32_t n = 0, n_out = 0, n_in = is_constant ? x->constant->n_dims : x->n_dims;
    bool is_axis[2 * UMM_ONNX_DIMS_MAX];
    if (!is_constant && x->kind != UMM_ONNX_VALUE)
        return umm_onnx_refuse(onnx, err, "its input is no row");
    enum umm_status status = integers(onnx, 1, "axes", &axes, &n, err);
    if (!status && (n == 0 || n > UMM_ONNX_DIMS_MAX))
        status = umm_onnx_refuse(onnx, err, "its axes are not told");
    if (!status)
        status = find_axes(onnx, is_more ? n_in + n : n_in, axes, n, is_axis, err);
    if (status)
        return status;
    if (!is_constant && is_axis[0])
        return umm_onnx_refuse(onnx, err, "it mixes rows");
    for (uint32_t i = 0, in = 0; i < (is_more ? n_in + n : n_in); i++) {
        const bool is_new = is_more && is_axis[i];
        const uint64_t size = is_new ? 1 : is_constant ? x->constant->dims[in] : x->dims[in];
        in += !is_new;
        if (!is_more && is_axis[i] && size != 1)
            return umm_onnx_wrong(onnx, err, "axis %" PRIu32 " is %" PRIu64 " long", i, size);
        if (is_more || !is_axis[i]) {
            shape[n_out] = (int64_t)size;
            dims[n_out++] = size;
        }
    }
    if (is_constant)
        return reshape_constant(onnx, x->constant, shape, n_out, err);
    if (n_out > UMM_ONNX_DIMS_MAX)
        return umm_onnx_refuse(onnx, err, "%" PRIu32 " dimensions", n_out);
    return reshaped(onnx, x, dims, n_out, err);
}

enum umm_status umm_onnx_op_squeeze(struct umm_onnx *onnx, struct umm_error *err)
{
    return squeeze(onnx, false, err);
}

enum umm_status umm_onnx_op_unsqueeze(struct umm_onnx *onnx, struct umm_error *err)
{
    return squeeze(onnx, true, err);
}

/* ---- Transpose, of constant matrices ------------------------------------------------ */

static enum umm_status transpose(struct umm_onnx *onnx, struct umm_onnx_constant *c,
                                 struct umm_onnx_constant **made, struct umm_error *err)
{
    uint8_t *raw = NULL;
    const size_t each_bytes = umm_onnx_type_bytes(c->type);
    enum umm_status status = umm_onnx_raw(onnx, c, err);
    if (!status)
        status = umm_onnx_new_constant(onnx, c->type, c, made, &raw, err);
    if (status)
        return status;
    (*made)->dims[0] = c->dims[1];
    (*made)->dims[1] = c->dims[0];
    for (uint64_t i = 0; i < c->dims[0]; i++)
        for (uint64_t k = 0; k < c->dims[1]; k++)
            memcpy(raw + (k * c->dims[0] + i) * each_bytes,
                   c->raw + (i * c->dims[1] + k) * each_bytes, each_bytes);
    return UMM_OK;
}

/* What was dequantised stays so: scales are of the other axis then. */
enum umm_status umm_onnx_op_transpose(struct umm_onnx *onnx, struct umm_error *err)
{
    const struct umm_onnx_operand *x = umm_onnx_input(onnx, 0);
    struct umm_onnx_constant *c = x->constant, *inner = NULL, *made = NULL;
    int64_t *order = NULL;
    uint32_t n = 0;
    enum umm_status status = umm_onnx_integers(onnx, "perm", &order, &n, err);
    if (status)
        return status;
    if (x->kind != UMM_ONNX_CONSTANT || c->n_dims != 2)
        return umm_onnx_refuse(onnx, err, "of what is no constant matrix");
    if (n == 2 && order[0] == 0 && order[1] == 1) {
        umm_onnx_output_constant(onnx, 0, c);
        return UMM_OK;
    }
    if (n && (n != 2 || order[0] != 1 || order[1] != 0))
        return umm_onnx_wrong(onnx, err, "an order of %" PRIu32 " axes that is none", n);
    if (!c->of) {
        status = transpose(onnx, c, &made, err);
    } else {
        status = transpose(onnx, c->of, &inner, err);
        if (!status)
            status = umm_onnx_alloc(onnx, 1, sizeof *made, &made, err);
        if (status)
            return status;
        *made = *c;
        made->raw = NULL;
        made->of = inner;
        made->axis = c->scale->n == 1 ? 0 : 1 - c->axis;
        memcpy(made->dims, inner->dims, sizeof inner->dims);
    }
    if (!status)
        umm_onnx_output_constant(onnx, 0, made);
    return status;
}

/* ---- rows end to end ---------------------------------------------------------------- */

/* All inputs, as floats if any_number, in the order of the node; doubles if one is of these. */
static enum umm_status concat(struct umm_onnx *onnx, bool any_number, int32_t type,
                              struct umm_error *err)
{
    int32_t *inputs = NULL, value;
    uint64_t width = 0;
    bool has_f64 = false;
    const uint32_t n = onnx->node.n_inputs;
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_CONCAT);
    enum umm_status status = umm_onnx_alloc(onnx, n, sizeof *inputs, &inputs, err);
    for (uint32_t i = 0; !status && i < n; i++) {
        const struct umm_onnx_operand *input = umm_onnx_input(onnx, i);
        status = any_number ? umm_onnx_row(onnx, input, true, &inputs[i], err)
                            : umm_onnx_real_row(onnx, input, false, &inputs[i], err);
        width += status ? 0 : umm_onnx_width(onnx, inputs[i]);
        has_f64 = has_f64 || (!status && umm_onnx_is_f64(onnx, inputs[i]));
    }
    for (uint32_t i = 0; !status && has_f64 && i < n; i++)
        if (!umm_onnx_is_f64(onnx, inputs[i]))
            status = umm_onnx_to_f64(onnx, inputs[i], &inputs[i], err);
    if (!status && (n == 0 || width > UMM_GRAPH_WIDTH_MAX))
        status = umm_onnx_wrong(onnx, err, "rows of %" PRIu64 " numbers", width);
    if (status)
        return status;
    const struct umm_graph_value like = {.type = has_f64 ? UMM_GRAPH_F64 : UMM_GRAPH_F32,
                                         .width = (uint32_t)width};
    status = umm_onnx_add(onnx, &node, inputs, n, &like, &value, err);
    if (!status)
        umm_onnx_output_row(onnx, 0, value, type);
    return status;
}

enum umm_status umm_onnx_op_concat(struct umm_onnx *onnx, struct umm_error *err)
{
    const int64_t axis = umm_onnx_integer(&onnx->node, "axis", 1);
    if (axis != 1 && axis != -1)
        return umm_onnx_refuse(onnx, err, "it mixes rows: axis %" PRId64, axis);
    return concat(onnx, false, umm_onnx_input(onnx, 0)->type, err);
}

/* Of ai.onnx.ml: its output is float32, whatever its inputs are. */
enum umm_status umm_onnx_op_feature_vectorizer(struct umm_onnx *onnx, struct umm_error *err)
{
    int64_t *widths = NULL;
    uint32_t n = 0;
    enum umm_status status = umm_onnx_integers(onnx, "inputdimensions", &widths, &n, err);
    if (!status && n != onnx->node.n_inputs)
        status = umm_onnx_wrong(onnx, err, "%" PRIu32 " inputdimensions of %" PRIu32 " inputs", n,
                                onnx->node.n_inputs);
    for (uint32_t i = 0; !status && i < n; i++) {
        const struct umm_onnx_operand *x = umm_onnx_input(onnx, i);
        if (x->kind == UMM_ONNX_VALUE && widths[i] != umm_onnx_width(onnx, x->value))
            status = umm_onnx_refuse(onnx, err, "inputdimensions that are not those of its inputs");
    }
    return status ? status : concat(onnx, true, UMM_ONNX_FLOAT, err);
}

/* ---- columns ------------------------------------------------------------------------ */

/* Columns first to before first + n of x, as a value of their own. */
static enum umm_status add_slice(struct umm_onnx *onnx, int32_t x, int64_t first, uint32_t n,
                                 int32_t *value, struct umm_error *err)
{
    const struct umm_graph_value like = {.type = onnx->graph->values[x].type, .width = n};
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_SLICE);
    node.first = (uint32_t)first;
    return umm_onnx_add(onnx, &node, &x, 1, &like, value, err);
}

/* Columns of x, a run of them by one slice. */
static enum umm_status take_columns(struct umm_onnx *onnx, const struct umm_onnx_operand *operand,
                                    const int64_t *columns, uint32_t n, struct umm_error *err)
{
    int32_t x, *parts = NULL, value;
    uint32_t n_parts = 0;
    enum umm_status status = umm_onnx_real_row(onnx, operand, true, &x, err);
    if (!status && (n == 0 || n > UMM_GRAPH_INPUTS_MAX))
        status = umm_onnx_refuse(onnx, err, "%" PRIu32 " columns", n);
    if (!status)
        status = umm_onnx_alloc(onnx, n, sizeof *parts, &parts, err);
    const int64_t width = status ? 0 : umm_onnx_width(onnx, x);
    for (uint32_t i = 0, end; !status && i < n; i = end) {
        const int64_t first = columns[i] < 0 ? columns[i] + width : columns[i];
        if (first < 0 || first >= width)
            return umm_onnx_wrong(onnx, err, "column %" PRId64 " of %" PRId64, columns[i], width);
        for (end = i + 1;
             end < n && columns[end] == columns[i] + (end - i) && first + (end - i) < width;)
            end++;
        status = add_slice(onnx, x, first, end - i, &parts[n_parts++], err);
    }
    if (status)
        return status;
    const struct umm_graph_value like = {.type = onnx->graph->values[x].type, .width = n};
    struct umm_graph_node node = umm_onnx_begin(onnx, UMM_OP_CONCAT);
    value = parts[0];
    if (n_parts > 1)
        status = umm_onnx_add(onnx, &node, parts, n_parts, &like, &value, err);
    if (!status)
        umm_onnx_output_row(onnx, 0, value, operand->type);
    return status;
}

enum umm_status umm_onnx_op_gather(struct umm_onnx *onnx, struct umm_error *err)
{
    const int64_t axis = umm_onnx_integer(&onnx->node, "axis", 0);
    const struct umm_onnx_operand *indices = umm_onnx_input(onnx, 1);
    int64_t *columns = NULL;
    uint32_t n = 0;
    enum umm_status status = integers_of(onnx, indices, "its list of columns", &columns, &n, err);
    if (!status && ((axis != 1 && axis != -1) || indices->constant->n_dims != 1))
        status = umm_onnx_refuse(onnx, err, "it does not take columns of rows");
    return status ? status : take_columns(onnx, umm_onnx_input(onnx, 0), columns, n, err);
}

enum umm_status umm_onnx_op_feature_extractor(struct umm_onnx *onnx, struct umm_error *err)
{
    int64_t *columns = NULL;
    uint32_t n = 0;
    enum umm_status status =
        integers_of(onnx, umm_onnx_input(onnx, 1), "its list of columns", &columns, &n, err);
    return status ? status : take_columns(onnx, umm_onnx_input(onnx, 0), columns, n, err);
}

/* A bound of a slice: from the end if it is negative, and no further than both. */
static int64_t clamp_bound(int64_t at, int64_t width)
{
    if (at < 0)
        at = at < -width ? 0 : at + width;
    return at > width ? width : at;
}

/* Of columns, one after another: since version 10 of the operators by inputs. */
enum umm_status umm_onnx_op_slice(struct umm_onnx *onnx, struct umm_error *err)
{
    static const char *const names[] = {"starts", "ends", "axes", "steps"};
    enum { STARTS, ENDS, AXES, STEPS, N_LISTS };
    int64_t *lists[N_LISTS] = {NULL};
    uint32_t n[N_LISTS] = {0};
    int32_t x;
    enum umm_status status = umm_onnx_real_row(onnx, umm_onnx_input(onnx, 0), true, &x, err);
    for (uint32_t i = 0; !status && i < N_LISTS; i++)
        status = integers(onnx, i + 1, names[i], &lists[i], &n[i], err);
    if (status)
        return status;
    if (n[STARTS] != 1 || n[ENDS] != 1 || n[AXES] != 1 ||
        (*lists[AXES] != 1 && *lists[AXES] != -1) ||
        (n[STEPS] && (n[STEPS] != 1 || *lists[STEPS] != 1)))
        return umm_onnx_refuse(onnx, err, "it does not take columns of rows one after another");
    const int64_t width = umm_onnx_width(onnx, x);
    const int64_t first = clamp_bound(*lists[STARTS], width);
    const int64_t end = clamp_bound(*lists[ENDS], width);
    if (first >= end)
        return umm_onnx_refuse(onnx, err, "columns %" PRId64 " to %" PRId64, first, end);
    status = add_slice(onnx, x, first, (uint32_t)(end - first), &x, err);
    if (!status)
        umm_onnx_output_row(onnx, 0, x, umm_onnx_input(onnx, 0)->type);
    return status;
}

/* ---- types -------------------------------------------------------------------------- */

static enum umm_status cast_constant(struct umm_onnx *onnx, struct umm_onnx_constant *c, int32_t to,
                                     struct umm_error *err)
{
    struct umm_onnx_constant *made = NULL;
    uint8_t *raw = NULL;
    const bool is_integer = !umm_onnx_is_float(c->type) && to == UMM_ONNX_INT64;
    if (c->type == to) {
        umm_onnx_output_constant(onnx, 0, c);
        return UMM_OK;
    }
    if (to != UMM_ONNX_FLOAT && to != UMM_ONNX_DOUBLE && !is_integer)
        return umm_onnx_refuse(onnx, err, "a constant of %s to %s", umm_onnx_type_name(c->type),
                               umm_onnx_type_name(to));
    enum umm_status status = umm_onnx_raw(onnx, c, err);
    if (!status)
        status = umm_onnx_new_constant(onnx, to, c, &made, &raw, err);
    for (uint64_t i = 0; !status && i < c->n; i++) {
        const float single = umm_onnx_f32_at(c, i);
        const double twice = umm_onnx_f64_at(c, i);
        const int64_t integer = is_integer ? umm_onnx_i64_at(c, i) : 0;
        const void *from = to == UMM_ONNX_FLOAT ? (const void *)&single
                           : is_integer         ? (const void *)&integer
                                                : &twice;
        memcpy(raw + i * umm_onnx_type_bytes(to), from, umm_onnx_type_bytes(to));
    }
    if (!status)
        umm_onnx_output_constant(onnx, 0, made);
    return status;
}

static bool is_quantized(enum umm_graph_type type)
{
    return type == UMM_GRAPH_I8 || type == UMM_GRAPH_U8;
}

/*
 * A cast to doubles makes them, for arithmetic that follows. Of doubles that were computed in
 * floats a cast to either makes nothing.
 */
static enum umm_status cast(struct umm_onnx *onnx, int32_t to, struct umm_error *err)
{
    struct umm_onnx_operand like = *umm_onnx_input(onnx, 0);
    if (like.kind == UMM_ONNX_CONSTANT)
        return cast_constant(onnx, like.constant, to, err);
    if (umm_onnx_row_cast(onnx, to))
        return UMM_OK;
    const bool is_same = like.kind == UMM_ONNX_VALUE && like.type == to;
    if (!is_same && to != UMM_ONNX_FLOAT && to != UMM_ONNX_DOUBLE)
        return umm_onnx_refuse(onnx, err, "it makes %s", umm_onnx_type_name(to));
    const bool is_f64 = like.kind == UMM_ONNX_VALUE && to == UMM_ONNX_DOUBLE &&
                        !is_quantized(onnx->graph->values[like.value].type);
    enum umm_status status = is_same  ? UMM_OK
                             : is_f64 ? umm_onnx_to_f64(onnx, like.value, &like.value, err)
                                      : umm_onnx_floats(onnx, &like, true, &like.value, err);
    if (status)
        return status;
    like.type = to;
    umm_onnx_output(onnx, 0, like.value, &like);
    return UMM_OK;
}

enum umm_status umm_onnx_op_cast(struct umm_onnx *onnx, struct umm_error *err)
{
    const int64_t to = umm_onnx_integer(&onnx->node, "to", 0);
    return cast(onnx, to > 0 && to < INT32_MAX ? (int32_t)to : 0, err);
}

enum umm_status umm_onnx_op_cast_like(struct umm_onnx *onnx, struct umm_error *err)
{
    const struct umm_onnx_operand *like = umm_onnx_input(onnx, 1);
    return cast(onnx, like->kind == UMM_ONNX_CONSTANT ? like->constant->type : like->type, err);
}
