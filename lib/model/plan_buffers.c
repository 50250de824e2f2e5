/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/error.h"
#include "model/plan_build.h"

/* Buffers are of a power of two of bytes for each row, so that one that was left is found by it. */
enum { CLASSES = 32 };

/*
 * Of a row with all that is kept of it at one time: no model of rows needs as much, and a small
 * file could have every thread take more.
 */
static const uint64_t row_bytes_max = (uint64_t)1 << 27;

struct places {
    struct umm_model_plan *plan;
    struct umm_plan_use *uses;
    uint32_t free_buffers[CLASSES]; /* the last one that was left, of each class */
    uint32_t *next;                 /* of each buffer: the one that was left before it */
};

static unsigned class_of(uint64_t row_bytes)
{
    unsigned class = 0;
    while ((uint64_t)1 << class < row_bytes)
        class ++;
    return class;
}

/* Slots of the caller's have no buffer; input slots have one even where they mostly are. */
static bool is_placed(const struct umm_model_plan *plan, uint32_t slot)
{
    return slot == UMM_SLOT_NONE || slot < UMM_SLOT_VALUES || slot == plan->direct_results ||
           plan->slots[slot].buffer != UMM_SLOT_NONE;
}

static void place(struct places *places, uint32_t slot)
{
    struct umm_model_plan *plan = places->plan;
    if (is_placed(plan, slot))
        return;
    const unsigned class = class_of(plan->slots[slot].row_bytes);
    uint32_t buffer = places->free_buffers[class];
    if (buffer != UMM_SLOT_NONE) {
        places->free_buffers[class] = places->next[buffer];
    } else {
        buffer = plan->n_buffers++;
        plan->buffer_row_bytes[buffer] = (uint64_t)1 << class;
    }
    plan->slots[slot].buffer = buffer;
}

static void leave(struct places *places, uint32_t slot)
{
    const struct umm_plan_slot *of = &places->plan->slots[slot];
    const unsigned class = class_of(of->row_bytes);
    places->next[of->buffer] = places->free_buffers[class];
    places->free_buffers[class] = of->buffer;
}

/* Leave the slot's buffer after the last step that has it. */
static void leave_after(struct places *places, uint32_t slot, size_t step)
{
    if (slot == UMM_SLOT_NONE || slot < UMM_SLOT_VALUES || places->uses[slot].last != step ||
        places->plan->slots[slot].buffer == UMM_SLOT_NONE)
        return;
    places->uses[slot].last = SIZE_MAX;
    leave(places, slot);
}

/* Inputs are there from the start; what brings them, until the first step. */
static void place_loads(struct places *places, const struct umm_plan_builder *b)
{
    const struct umm_graph *graph = places->plan->model->graph;
    for (uint32_t i = 0; i < graph->n_inputs; i++)
        place(places, UMM_SLOT_VALUES + (uint32_t)graph->inputs[i]);
    for (uint32_t i = b->first_between; i < b->end_between; i++)
        place(places, i);
    for (uint32_t i = b->first_between; i < b->end_between; i++)
        leave(places, i);
}

enum umm_status umm_plan_place(struct umm_plan_builder *b, struct umm_error *err)
{
    struct umm_model_plan *plan = b->plan;
    struct places places = {.plan = plan, .uses = b->uses};
    uint64_t row_bytes = 0;
    plan->buffer_row_bytes =
        umm_arena_alloc_array(&plan->arena, plan->n_slots, sizeof *plan->buffer_row_bytes);
    places.next = umm_arena_alloc_array(&plan->arena, plan->n_slots, sizeof *places.next);
    enum umm_status status = umm_arena_check(&plan->arena, "a plan of a model", err);
    if (status)
        return status;
    for (unsigned i = 0; i < CLASSES; i++)
        places.free_buffers[i] = UMM_SLOT_NONE;
    for (uint32_t i = 0; i < plan->n_slots; i++)
        plan->slots[i].buffer = UMM_SLOT_NONE;
    place_loads(&places, b);
    for (size_t i = 0; i < plan->steps.n_steps; i++) {
        const struct umm_step *step = &plan->steps.steps[i];
        place(&places, step->y);
        leave_after(&places, step->x, i);
        leave_after(&places, step->x2, i);
        leave_after(&places, step->y, i);
    }
    for (uint32_t i = 0; i < plan->n_buffers; i++)
        row_bytes += plan->buffer_row_bytes[i];
    if (row_bytes <= row_bytes_max)
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                         "what is computed of one row takes %" PRIu64 " bytes: more than %" PRIu64,
                         row_bytes, row_bytes_max);
}
