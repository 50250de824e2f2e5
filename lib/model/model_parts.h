/* SPDX-License-Identifier: MIT */
/*
 * model_parts.h - what a model is made of, for its plans.
 */
#ifndef UMM_MODEL_MODEL_PARTS_H
#define UMM_MODEL_MODEL_PARTS_H

#include "model/layers.h"
#include "model/model.h"

/* One input or output of the graph that is run: columns first .. first + width of a row. */
struct umm_model_part {
    const struct umm_graph_value *value;
    uint32_t first;
};

struct umm_model_packs; /* layers by engine, made when a plan first wants them */

struct umm_model {
    struct umm_graph *graph;
    struct umm_modelfile_info file;
    struct umm_model_info info;
    struct umm_model_output *outputs; /* as the file has them */
    size_t n_outputs;
    struct umm_model_part *input_parts, *output_parts;
    enum umm_cpu cpu;
    struct umm_model_packs *packs;
};

/* The layers for that engine: the model's, for as long as it is open. Any thread may ask. */
UMM_MUST_USE enum umm_status umm_model_layers(const struct umm_model *model, enum umm_cpu cpu,
                                              const struct umm_layers **layers,
                                              struct umm_error *err);

/* The outputs of the graph as it is now, a list to free; their names stay where they are. */
UMM_MUST_USE enum umm_status umm_model_list_outputs(const struct umm_graph *graph, bool is_computed,
                                                    struct umm_model_output **outputs,
                                                    size_t *n_outputs, struct umm_error *err);

/* The model of a graph with those outputs: both are taken, also when this fails. */
UMM_MUST_USE enum umm_status umm_model_make(struct umm_graph *graph,
                                            const struct umm_modelfile_info *file,
                                            const struct umm_run *run,
                                            struct umm_model_output *outputs, size_t n_outputs,
                                            struct umm_model **model, struct umm_error *err);

#endif
