/* SPDX-License-Identifier: MIT */
/*
 * plan.h - what a plan is made of. Beside the steps (model/step.h) it has, for each thread, a
 * workspace: the buffers that slots stand in. Slots whose numbers are not wanted at one time share
 * a buffer:
 *
 *     buffer    | rows 0 .. n_block - 1 of a slot | 64 bytes |
 *     workspace | buffer 0 | buffer 1 | ...                  | scratch |
 */
#ifndef UMM_MODEL_PLAN_H
#define UMM_MODEL_PLAN_H

#include "model/model_parts.h"
#include "model/step.h"
#include "thread/crew.h"
#include "umm/mem.h"

/* The first slots; the values of the graph follow, then what steps need between them. */
enum { UMM_SLOT_ROWS, UMM_SLOT_RESULTS, UMM_SLOT_VALUES };

/* Bytes after a buffer that a dense layer may read. */
enum { UMM_PLAN_MARGIN = 64 };

struct umm_plan_steps {
    struct umm_step *steps;
    size_t n_steps;
};

/* Which buffer a slot stands in, and how long a row of it is; UMM_SLOT_NONE: the caller's. */
struct umm_plan_slot {
    uint32_t buffer;
    uint64_t row_bytes;
};

/*
 * loads    bring a row's numbers into the slots of inputs, from floats and from doubles
 * steps    the graph, and its outputs into the results
 * direct   slots that stand at the caller's rows (floats, doubles) or results themselves
 * has_margin  the caller's rows need one: a dense layer reads them
 * row_work    about how much a row takes: products, and more for what is dearer
 */
struct umm_model_plan {
    const struct umm_model *model;
    struct umm_arena arena; /* all that the plan has but its threads */
    struct umm_plan_steps loads[2], steps;
    uint32_t direct_rows[2], direct_results;
    bool has_margin;
    uint32_t n_slots, n_buffers;
    struct umm_plan_slot *slots;
    uint64_t *buffer_row_bytes;
    size_t scratch_bytes;
    uint64_t row_work;
    uint32_t block_rows;
    uint64_t workspace_bytes;
    struct umm_frame *frames; /* of each thread */
    struct umm_crew *crew;    /* NULL: one thread */
};

#endif
