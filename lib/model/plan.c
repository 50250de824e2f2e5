/* SPDX-License-Identifier: MIT */
#include "model/plan.h"

#include <stdlib.h>

#include "base/error.h"
#include "model/plan_build.h"
#include "thread/workers.h"

enum {
    ROWS_LEAST = 32,          /* of a block, unless they are very long */
    ROWS_USUAL_MAX = 256,     /* more do not make layers faster */
    ROWS_MAX = 65536,         /* of what is asked for */
    BLOCK_BYTES = 256 * 1024, /* of buffers: together with weights, within a level 2 cache */
    BLOCK_BYTES_MAX = 16 * 1024 * 1024,
    CACHE_LINE_BYTES = 64
};

/* ---- memory -------------------------------------------------------------------- */

/* Rows for which the buffers fit the cache, where that is asked of them. */
static uint32_t choose_rows(const struct umm_model_plan *plan, uint32_t wanted_rows)
{
    uint64_t row_bytes = 1;
    for (uint32_t i = 0; i < plan->n_buffers; i++)
        row_bytes += plan->buffer_row_bytes[i];
    if (wanted_rows)
        return wanted_rows > ROWS_MAX ? ROWS_MAX : wanted_rows;
    uint64_t rows = BLOCK_BYTES / row_bytes;
    if (rows >= ROWS_LEAST)
        return rows > ROWS_USUAL_MAX ? ROWS_USUAL_MAX : (uint32_t)(rows - rows % 16);
    rows = BLOCK_BYTES_MAX / row_bytes;
    return rows == 0 ? 1 : rows > ROWS_LEAST ? ROWS_LEAST : (uint32_t)rows;
}

static uint64_t in_lines(uint64_t len_bytes)
{
    return (len_bytes + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES * CACHE_LINE_BYTES;
}

static uint64_t buffer_bytes(const struct umm_model_plan *plan, uint32_t buffer)
{
    return in_lines(plan->buffer_row_bytes[buffer] * plan->block_rows + UMM_PLAN_MARGIN);
}

/* The workspace of one thread. What cannot be allocated, the arena remembers. */
static void make_frame(struct umm_model_plan *plan, const uint64_t *offsets,
                       struct umm_frame *frame)
{
    frame->in = umm_arena_alloc_array(&plan->arena, plan->n_slots, sizeof *frame->in);
    frame->out = umm_arena_alloc_array(&plan->arena, plan->n_slots, sizeof *frame->out);
    char *workspace =
        umm_arena_alloc_aligned(&plan->arena, plan->workspace_bytes, CACHE_LINE_BYTES);
    if (!frame->in || !frame->out || !workspace)
        return;
    for (uint32_t i = 0; i < plan->n_slots; i++)
        if (plan->slots[i].buffer != UMM_SLOT_NONE)
            frame->in[i] = frame->out[i] = workspace + offsets[plan->slots[i].buffer];
    frame->scratch = workspace + plan->workspace_bytes - in_lines(plan->scratch_bytes);
}

static enum umm_status make_frames(struct umm_model_plan *plan, unsigned n_threads,
                                   struct umm_error *err)
{
    uint64_t *offsets = umm_arena_alloc_array(&plan->arena, plan->n_buffers, sizeof *offsets);
    plan->frames = umm_arena_alloc_array(&plan->arena, n_threads, sizeof *plan->frames);
    for (uint32_t i = 0; offsets && i < plan->n_buffers; i++) {
        offsets[i] = plan->workspace_bytes;
        plan->workspace_bytes += buffer_bytes(plan, i);
    }
    plan->workspace_bytes += in_lines(plan->scratch_bytes + 1);
    for (unsigned i = 0; offsets && plan->frames && i < n_threads; i++)
        make_frame(plan, offsets, &plan->frames[i]);
    return umm_arena_check(&plan->arena, "a plan of a model", err);
}

/* ---- public -------------------------------------------------------------------- */

static enum umm_status fill(struct umm_model_plan *plan,
                            const struct umm_model_plan_options *options, struct umm_error *err)
{
    const unsigned wanted = options->n_threads ? options->n_threads : 1;
    const unsigned n_threads = wanted > UMM_WORKERS_MAX ? UMM_WORKERS_MAX : wanted;
    struct umm_plan_builder builder = {
        .plan = plan, .cpu = options->is_portable ? UMM_CPU_PORTABLE : plan->model->cpu};
    enum umm_status status = umm_model_layers(plan->model, builder.cpu, &builder.layers, err);
    if (!status)
        status = umm_plan_build(&builder, err);
    if (!status)
        status = umm_plan_place(&builder, err);
    if (status)
        return status;
    plan->block_rows = choose_rows(plan, options->batch_rows);
    status = make_frames(plan, n_threads, err);
    return status || n_threads == 1 ? status : umm_crew_open(n_threads, &plan->crew, err);
}

enum umm_status umm_model_plan(const struct umm_model *model,
                               const struct umm_model_plan_options *options,
                               struct umm_model_plan **plan, struct umm_error *err)
{
    const struct umm_model_plan_options usual = {0};
    struct umm_model_plan *made = calloc(1, sizeof *made);
    *plan = NULL;
    if (!made)
        return umm_error_set_memory(err, sizeof *made, "a plan of a model");
    umm_arena_open(&made->arena, NULL);
    made->model = model;
    const enum umm_status status = fill(made, options ? options : &usual, err);
    if (status)
        umm_model_plan_close(made);
    else
        *plan = made;
    return status;
}

void umm_model_plan_close(struct umm_model_plan *plan)
{
    if (!plan)
        return;
    umm_crew_close(plan->crew);
    umm_arena_close(&plan->arena);
    free(plan);
}

uint32_t umm_model_plan_rows(const struct umm_model_plan *plan)
{
    return plan->block_rows;
}

uint64_t umm_model_plan_bytes(const struct umm_model_plan *plan)
{
    struct umm_arena_stats stats;
    umm_arena_stats(&plan->arena, &stats);
    return stats.reserved_bytes;
}
