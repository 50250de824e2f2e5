/* SPDX-License-Identifier: MIT */
/*
 * plan_build.h - from a graph to the steps of a plan and the slots that they use.
 */
#ifndef UMM_MODEL_PLAN_BUILD_H
#define UMM_MODEL_PLAN_BUILD_H

#include "model/plan.h"

/* Of a slot: the last step that has it, or SIZE_MAX, and whether one reads it. */
struct umm_plan_use {
    size_t last;
    bool is_read;
};

/*
 * Set plan, layers and cpu. uses are those by the graph's steps, of each slot, in the plan's arena;
 * the slots first_between to end_between - 1 are of loads alone.
 */
struct umm_plan_builder {
    struct umm_model_plan *plan;
    const struct umm_layers *layers;
    enum umm_cpu cpu;
    struct umm_plan_steps *list; /* which gets the next step */
    struct umm_plan_use *uses;
    uint32_t first_between, end_between;
};

/* Make the steps and slots of plan, whose model is set and whose arena is open. */
UMM_MUST_USE enum umm_status umm_plan_build(struct umm_plan_builder *builder,
                                            struct umm_error *err);

/* Then give slots their buffers: those in use at one time stand apart. (plan_buffers.c) */
UMM_MUST_USE enum umm_status umm_plan_place(struct umm_plan_builder *builder,
                                            struct umm_error *err);

#endif
