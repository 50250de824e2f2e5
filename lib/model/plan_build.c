/* SPDX-License-Identifier: MIT */
#include "model/plan_build.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

/* ---- slots and steps ----------------------------------------------------------- */

static uint32_t slot_of(int32_t value)
{
    return UMM_SLOT_VALUES + (uint32_t)value;
}

static const struct umm_graph_value *value_at(const struct umm_plan_builder *b, int32_t value)
{
    return &b->plan->model->graph->values[value];
}

static bool is_quantised(enum umm_graph_type type)
{
    return type == UMM_GRAPH_I8 || type == UMM_GRAPH_U8;
}

/* A slot for what steps hand to each other. */
static uint32_t add_slot(struct umm_plan_builder *b, uint64_t width, enum umm_graph_type type)
{
    const uint32_t slot = b->plan->n_slots++;
    b->plan->slots[slot].row_bytes = width * umm_graph_type_bytes(type);
    b->uses[slot].last = SIZE_MAX;
    return slot;
}

static void touch(struct umm_plan_builder *b, uint32_t slot, bool is_read)
{
    if (slot == UMM_SLOT_NONE)
        return;
    b->uses[slot].last = b->list->n_steps;
    b->uses[slot].is_read |= is_read;
}

static void add(struct umm_plan_builder *b, const struct umm_step *step)
{
    touch(b, step->x, true);
    touch(b, step->x2, true);
    touch(b, step->y, false);
    b->list->steps[b->list->n_steps++] = *step;
}

/* From one slot to another, of one width. */
static struct umm_step step_between(const struct umm_plan_builder *b, umm_step_run *run, uint32_t x,
                                    uint32_t y, uint32_t width)
{
    return (struct umm_step){.run = run,
                             .cpu = b->cpu,
                             .x = x,
                             .x2 = UMM_SLOT_NONE,
                             .y = y,
                             .x_width = width,
                             .width = width};
}

static void add_cast(struct umm_plan_builder *b, uint32_t x, enum umm_graph_type x_type, uint32_t y,
                     enum umm_graph_type type, uint32_t width)
{
    struct umm_step step = step_between(b, umm_step_cast, x, y, width);
    step.x_type = x_type;
    step.type = type;
    add(b, &step);
}

static struct umm_rowop_quantum quantum_of(const struct umm_graph_value *value)
{
    return (struct umm_rowop_quantum){.scale = value->scale,
                                      .zero_point = value->zero_point,
                                      .is_u8 = value->type == UMM_GRAPH_U8};
}

static uint32_t count_readers(const struct umm_graph *graph, int32_t value)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        for (uint32_t k = 0; k < graph->nodes[i].n_inputs; k++)
            n += graph->nodes[i].inputs[k] == value;
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        n += graph->outputs[i] == value;
    return n;
}

/* The last step, if it multiplies by a row for this step alone, which quantises what comes out. */
static const struct umm_step *find_scaling(const struct umm_plan_builder *b,
                                           const struct umm_step *step)
{
    const struct umm_step *last = b->list->steps + b->list->n_steps - 1;
    if (b->list->n_steps == 0 || last->run != umm_step_binary_f32 ||
        last->binary != UMM_ROWOP_MUL || last->y != step->x || !last->constant ||
        last->x_width != step->width || last->x2_width != step->width)
        return NULL;
    const int32_t value = (int32_t)(step->x - UMM_SLOT_VALUES);
    return count_readers(b->plan->model->graph, value) == 1 ? last : NULL;
}

/* The floats with the margin that reading them by vectors needs; NULL: no memory. */
static const float *with_margin(struct umm_plan_builder *b, const void *floats, uint32_t n)
{
    float *copy = umm_arena_alloc(&b->plan->arena, n * sizeof *copy + UMM_PLAN_MARGIN);
    return copy ? memcpy(copy, floats, n * sizeof *copy) : NULL;
}

/* Floats in slot x to the quantised value. */
static void add_quantize(struct umm_plan_builder *b, uint32_t x, int32_t value,
                         bool is_by_reciprocal)
{
    const struct umm_graph_value *y = &b->layers->values[value];
    struct umm_step step = step_between(b, umm_step_quantize, x, slot_of(value), y->width);
    step.quantum = quantum_of(y);
    step.quantum.is_by_reciprocal = is_by_reciprocal;
    const struct umm_step *scaling = find_scaling(b, &step);
    if (scaling) {
        step.run = umm_step_scale_quantize;
        step.x = scaling->x;
        step.constant = with_margin(b, scaling->constant, step.width);
        b->list->n_steps--;
    }
    add(b, &step);
}

/* The value, of any type, as floats in slot y. */
static void add_to_floats(struct umm_plan_builder *b, int32_t value, uint32_t y)
{
    const struct umm_graph_value *x = value_at(b, value);
    struct umm_step step =
        step_between(b, is_quantised(x->type) ? umm_step_dequantize : umm_step_cast, slot_of(value),
                     y, x->width);
    step.x_type = x->type;
    step.type = UMM_GRAPH_F32;
    step.quantum = quantum_of(x);
    add(b, &step);
}

/* The slot of the value's floats. */
static uint32_t floats_of(struct umm_plan_builder *b, int32_t value)
{
    const struct umm_graph_value *x = value_at(b, value);
    if (x->type == UMM_GRAPH_F32)
        return slot_of(value);
    const uint32_t slot = add_slot(b, x->width, UMM_GRAPH_F32);
    add_to_floats(b, value, slot);
    return slot;
}

static void add_copy(struct umm_plan_builder *b, uint32_t x, uint64_t x_width, uint64_t x_first,
                     uint32_t y, uint64_t width, uint64_t first, uint32_t columns,
                     enum umm_graph_type type)
{
    struct umm_step step = step_between(b, umm_step_copy, x, y, (uint32_t)width);
    step.x_width = (uint32_t)x_width;
    step.x_first = (uint32_t)x_first;
    step.first = (uint32_t)first;
    step.columns = columns;
    step.type = type;
    add(b, &step);
}

/* ---- nodes --------------------------------------------------------------------- */

static void build_dense_f64(struct umm_plan_builder *b, const struct umm_graph_node *node)
{
    const struct umm_tensor *weights = node->weights;
    struct umm_step step = step_between(b, umm_step_dense_f64, slot_of(node->inputs[0]),
                                        slot_of(node->output), weights->n_rows);
    step.x_width = weights->n_columns;
    step.dense_f64 = b->layers->dense_f64[node - b->plan->model->graph->nodes];
    b->plan->row_work += (uint64_t)weights->n_columns * weights->n_rows * 4;
    add(b, &step);
}

static void build_dense(struct umm_plan_builder *b, const struct umm_graph_node *node)
{
    const struct umm_graph_value *x = value_at(b, node->inputs[0]);
    const struct umm_graph_value *y = value_at(b, node->output);
    struct umm_step step =
        step_between(b, umm_step_dense, slot_of(node->inputs[0]), slot_of(node->output), y->width);
    step.x_width = x->width;
    step.dense = b->layers->dense[node - b->plan->model->graph->nodes];
    const size_t scratch_bytes = umm_dense_scratch_bytes(step.dense);
    if (scratch_bytes > b->plan->scratch_bytes)
        b->plan->scratch_bytes = scratch_bytes;
    b->plan->has_margin |= step.x == b->plan->direct_rows[0];
    b->plan->row_work +=
        (uint64_t)x->width * y->width / (node->weights->type == UMM_GRAPH_I8 ? 4 : 1);
    add(b, &step);
}

static void build_trees(struct umm_plan_builder *b, const struct umm_graph_node *node)
{
    const struct umm_graph_value *x = value_at(b, node->inputs[0]);
    struct umm_step step = step_between(b, umm_step_trees, slot_of(node->inputs[0]),
                                        slot_of(node->output), node->trees->n_outputs);
    step.x_width = x->width;
    step.x_type = x->type;
    step.forest = b->layers->forests[node - b->plan->model->graph->nodes];
    b->plan->row_work += (uint64_t)node->trees->n_trees * 64;
    add(b, &step);
}

static void build_concat(struct umm_plan_builder *b, const struct umm_graph_node *node)
{
    const struct umm_graph_value *y = value_at(b, node->output);
    uint64_t first = 0;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const struct umm_graph_value *x = value_at(b, node->inputs[i]);
        add_copy(b, slot_of(node->inputs[i]), x->width, 0, slot_of(node->output), y->width, first,
                 x->width, y->type);
        first += x->width;
    }
}

static void build_slice(struct umm_plan_builder *b, const struct umm_graph_node *node)
{
    const struct umm_graph_value *x = value_at(b, node->inputs[0]);
    const struct umm_graph_value *y = value_at(b, node->output);
    add_copy(b, slot_of(node->inputs[0]), x->width, node->first, slot_of(node->output), y->width, 0,
             y->width, y->type);
}

/* The quantised constant as what it means; NULL: no memory, as the arena remembers. */
static const double *constant_of(struct umm_plan_builder *b, const struct umm_tensor *tensor)
{
    double *numbers = umm_arena_alloc_array(&b->plan->arena, tensor->n_columns, sizeof *numbers);
    for (uint32_t i = 0; numbers && i < tensor->n_columns; i++) {
        const int32_t q = tensor->type == UMM_GRAPH_I8 ? ((const int8_t *)tensor->data)[i]
                                                       : ((const uint8_t *)tensor->data)[i];
        const int32_t zero_point = tensor->zero_points ? tensor->zero_points[0] : 0;
        numbers[i] = (double)((float)(q - zero_point) * tensor->scales[0]);
    }
    return numbers;
}

static void build_binary(struct umm_plan_builder *b, const struct umm_graph_node *node)
{
    const struct umm_graph_value *x = value_at(b, node->inputs[0]);
    const struct umm_graph_value *y = value_at(b, node->output);
    struct umm_step step = step_between(b, umm_step_binary_f32, slot_of(node->inputs[0]),
                                        slot_of(node->output), y->width);
    step.run = is_quantised(x->type)      ? umm_step_binary_quantized
               : x->type == UMM_GRAPH_F64 ? umm_step_binary_f64
                                          : umm_step_binary_f32;
    step.binary = node->op == UMM_OP_ADD   ? UMM_ROWOP_ADD
                  : node->op == UMM_OP_SUB ? UMM_ROWOP_SUB
                  : node->op == UMM_OP_MUL ? UMM_ROWOP_MUL
                                           : UMM_ROWOP_DIV;
    step.x_width = x->width;
    step.x_quantum = quantum_of(x);
    step.quantum = quantum_of(y);
    if (node->constant) {
        step.constant =
            is_quantised(x->type) ? constant_of(b, node->constant) : node->constant->data;
        step.x2_width = node->constant->n_columns;
        step.is_constant_first = node->is_constant_first;
    } else {
        step.x2 = slot_of(node->inputs[1]);
        step.x2_width = value_at(b, node->inputs[1])->width;
        step.x2_quantum = quantum_of(value_at(b, node->inputs[1]));
    }
    add(b, &step);
}

static bool is_binary(enum umm_graph_op op)
{
    return op == UMM_OP_ADD || op == UMM_OP_SUB || op == UMM_OP_MUL || op == UMM_OP_DIV;
}

/* What the node does to each number, if that is all it does. */
static bool find_pointwise(const struct umm_graph_node *node, struct umm_rowop_pointwise *function)
{
    *function = (struct umm_rowop_pointwise){
        .function = UMM_ROWOP_LIMIT, .low = -INFINITY, .high = INFINITY, .alpha = node->alpha};
    switch (node->op) {
    case UMM_OP_QUANTIZE: return true;
    case UMM_OP_RELU: function->low = 0; return true;
    case UMM_OP_CLIP:
        function->low = node->limits.low;
        function->high = node->limits.high;
        return true;
    case UMM_OP_LEAKY_RELU: function->function = UMM_ROWOP_LEAKY; return true;
    case UMM_OP_SIGMOID: function->function = UMM_ROWOP_SIGMOID; return true;
    case UMM_OP_TANH: function->function = UMM_ROWOP_TANH; return true;
    case UMM_OP_DENSE:
    case UMM_OP_ADD:
    case UMM_OP_SUB:
    case UMM_OP_MUL:
    case UMM_OP_DIV:
    case UMM_OP_SOFTMAX:
    case UMM_OP_SOFTMAX_ZERO:
    case UMM_OP_PROBIT:
    case UMM_OP_LOGISTIC_PAIR:
    case UMM_OP_CONCAT:
    case UMM_OP_SLICE:
    case UMM_OP_CAST:
    case UMM_OP_DEQUANTIZE:
    case UMM_OP_NORMALIZE:
    case UMM_OP_TREES:
    case UMM_OP_COUNT: break;
    }
    return false;
}

/* From quantised to quantised numbers. */
static void build_quantised(struct umm_plan_builder *b, const struct umm_graph_node *node)
{
    const struct umm_graph_value *x = value_at(b, node->inputs[0]);
    const struct umm_graph_value *y = value_at(b, node->output);
    struct umm_arena *arena = &b->plan->arena;
    struct umm_rowop_pointwise function;
    struct umm_step step =
        step_between(b, umm_step_table, slot_of(node->inputs[0]), slot_of(node->output), y->width);
    step.x_quantum = quantum_of(x);
    step.quantum = quantum_of(y);
    if (find_pointwise(node, &function)) {
        uint8_t *table = umm_arena_alloc(arena, 256);
        if (table)
            umm_rowop_make_table(&function, step.x_quantum, step.quantum, table);
        step.table = table;
    } else {
        struct umm_rowop_exps *exps = umm_arena_alloc(arena, sizeof *exps);
        if (exps)
            umm_rowop_make_exps(step.x_quantum, exps);
        step.run = umm_step_softmax;
        step.exps = exps;
    }
    add(b, &step);
}

static void build_function(struct umm_plan_builder *b, const struct umm_graph_node *node)
{
    const struct umm_graph_value *y = value_at(b, node->output);
    struct umm_step step = step_between(b, umm_step_of_floats(node->op), slot_of(node->inputs[0]),
                                        slot_of(node->output), y->width);
    b->plan->row_work += (uint64_t)y->width * 8;
    if (is_quantised(y->type)) {
        build_quantised(b, node);
        return;
    }
    if (y->type == UMM_GRAPH_F64 && (node->op == UMM_OP_RELU || node->op == UMM_OP_CLIP))
        step.run = umm_step_limit_f64;
    step.x_width = value_at(b, node->inputs[0])->width;
    step.low = node->op == UMM_OP_RELU ? 0 : node->limits.low;
    step.high = node->op == UMM_OP_RELU ? INFINITY : node->limits.high;
    step.alpha = node->alpha;
    step.norm = node->norm == UMM_NORM_MAX  ? UMM_ROWOP_MAX
                : node->norm == UMM_NORM_L1 ? UMM_ROWOP_L1
                                            : UMM_ROWOP_L2;
    add(b, &step);
}

static void build_node(struct umm_plan_builder *b, const struct umm_graph_node *node)
{
    const struct umm_graph_value *x = value_at(b, node->inputs[0]);
    const struct umm_graph_value *y = value_at(b, node->output);
    b->plan->row_work += y->width;
    if (node->op == UMM_OP_DENSE && x->type == UMM_GRAPH_F64)
        build_dense_f64(b, node);
    else if (node->op == UMM_OP_DENSE)
        build_dense(b, node);
    else if (node->op == UMM_OP_TREES)
        build_trees(b, node);
    else if (node->op == UMM_OP_CONCAT)
        build_concat(b, node);
    else if (node->op == UMM_OP_SLICE)
        build_slice(b, node);
    else if (node->op == UMM_OP_CAST)
        add_cast(b, slot_of(node->inputs[0]), x->type, slot_of(node->output), y->type, y->width);
    else if (node->op == UMM_OP_QUANTIZE && x->type == UMM_GRAPH_F32)
        add_quantize(b, slot_of(node->inputs[0]), node->output, node->is_by_reciprocal);
    else if (node->op == UMM_OP_DEQUANTIZE)
        add_to_floats(b, node->inputs[0], slot_of(node->output));
    else if (is_binary(node->op))
        build_binary(b, node);
    else
        build_function(b, node);
}

/* ---- the caller's rows and results --------------------------------------------- */

/* Slots that bring the columns of an input, and doubles of them as floats, to where they go. */
struct between {
    uint32_t columns, floats;
};

/* One input of rows of row_type. */
static void load_input(struct umm_plan_builder *b, const struct umm_model_part *part,
                       enum umm_graph_type row_type, const struct between *between)
{
    const struct umm_model *model = b->plan->model;
    const uint32_t width = part->value->width;
    const int32_t value = (int32_t)(part->value - model->graph->values);
    const bool is_all = model->graph->n_inputs == 1;
    uint32_t from = UMM_SLOT_ROWS;
    if (is_all && part->value->type == row_type) {
        b->plan->direct_rows[row_type == UMM_GRAPH_F64] = slot_of(value);
        return;
    }
    if (!is_all) {
        from = part->value->type == row_type ? slot_of(value) : between->columns;
        add_copy(b, UMM_SLOT_ROWS, model->info.n_inputs, part->first, from, width, 0, width,
                 row_type);
    }
    if (part->value->type == row_type)
        return;
    if (!is_quantised(part->value->type)) {
        add_cast(b, from, row_type, slot_of(value), part->value->type, width);
        return;
    }
    if (row_type == UMM_GRAPH_F64)
        add_cast(b, from, row_type, between->floats, UMM_GRAPH_F32, width);
    add_quantize(b, row_type == UMM_GRAPH_F64 ? between->floats : from, value, false);
}

static void build_loads(struct umm_plan_builder *b)
{
    const struct umm_model *model = b->plan->model;
    uint32_t widest = 1;
    for (uint32_t i = 0; i < model->graph->n_inputs; i++)
        if (model->input_parts[i].value->width > widest)
            widest = model->input_parts[i].value->width;
    b->first_between = b->plan->n_slots;
    const struct between between = {add_slot(b, widest, UMM_GRAPH_F64),
                                    add_slot(b, widest, UMM_GRAPH_F32)};
    for (int is_f64 = 0; is_f64 < 2; is_f64++) {
        b->list = &b->plan->loads[is_f64];
        for (uint32_t i = 0; i < model->graph->n_inputs; i++)
            load_input(b, &model->input_parts[i], is_f64 ? UMM_GRAPH_F64 : UMM_GRAPH_F32, &between);
    }
    b->end_between = b->plan->n_slots;
    /* What counts from now on is which steps use a slot. */
    for (uint32_t i = 0; i < b->plan->n_slots; i++)
        b->uses[i] = (struct umm_plan_use){.last = SIZE_MAX};
}

static bool is_input(const struct umm_graph *graph, int32_t value)
{
    for (uint32_t i = 0; i < graph->n_inputs; i++)
        if (graph->inputs[i] == value)
            return true;
    return false;
}

static void store_output(struct umm_plan_builder *b, const struct umm_model_part *part)
{
    const struct umm_model *model = b->plan->model;
    const int32_t value = (int32_t)(part->value - model->graph->values);
    const bool is_float = part->value->type == UMM_GRAPH_F32;
    if (model->graph->n_outputs > 1 ||
        (is_float && (is_input(model->graph, value) || b->uses[slot_of(value)].is_read)))
        add_copy(b, floats_of(b, value), part->value->width, 0, UMM_SLOT_RESULTS,
                 model->info.n_outputs, part->first, part->value->width, UMM_GRAPH_F32);
    else if (is_float)
        b->plan->direct_results = slot_of(value);
    else
        add_to_floats(b, value, UMM_SLOT_RESULTS);
}

/* ---- the whole ----------------------------------------------------------------- */

/* Room for as many steps and slots as there can be. */
static enum umm_status make_room(struct umm_plan_builder *b, struct umm_error *err)
{
    struct umm_model_plan *plan = b->plan;
    const struct umm_graph *graph = plan->model->graph;
    const size_t n_loads = (size_t)graph->n_inputs * 3;
    size_t n_steps = (size_t)graph->n_outputs * 2;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        n_steps += graph->nodes[i].n_inputs + 2;
    const size_t n_slots = UMM_SLOT_VALUES + graph->n_values + n_steps + 2;
    struct umm_arena *arena = &plan->arena;
    for (int i = 0; i < 2; i++)
        plan->loads[i].steps = umm_arena_alloc_array(arena, n_loads, sizeof(struct umm_step));
    plan->steps.steps = umm_arena_alloc_array(arena, n_steps, sizeof(struct umm_step));
    plan->slots = umm_arena_alloc_array(arena, n_slots, sizeof *plan->slots);
    b->uses = umm_arena_alloc_array(arena, n_slots, sizeof *b->uses);
    plan->n_slots = UMM_SLOT_VALUES + graph->n_values;
    return umm_arena_check(arena, "a plan of a model", err);
}

enum umm_status umm_plan_build(struct umm_plan_builder *b, struct umm_error *err)
{
    struct umm_model_plan *plan = b->plan;
    const struct umm_graph *graph = plan->model->graph;
    plan->direct_rows[0] = plan->direct_rows[1] = plan->direct_results = UMM_SLOT_NONE;
    enum umm_status status = make_room(b, err);
    if (status)
        return status;
    for (uint32_t i = 0; i < graph->n_values; i++)
        plan->slots[UMM_SLOT_VALUES + i].row_bytes =
            graph->values[i].width * umm_graph_type_bytes(graph->values[i].type);
    build_loads(b);
    b->list = &plan->steps;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        build_node(b, &graph->nodes[i]);
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        store_output(b, &plan->model->output_parts[i]);
    return umm_arena_check(&plan->arena, "a plan of a model", err);
}
