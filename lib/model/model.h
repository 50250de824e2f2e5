/* SPDX-License-Identifier: MIT */
/*
 * model.h - what umm's tools know about a model beside umm/model.h: its graph, its file, and models
 * of graphs that are in no file.
 */
#ifndef UMM_MODEL_MODEL_H
#define UMM_MODEL_MODEL_H

#include "graph/graph.h"
#include "modelfile/modelfile.h"
#include "umm/model.h"

/*
 * A model of a graph as umm_graph_prepare leaves it, or one that needs no passes. With several
 * outputs a result is their numbers end to end. The graph is the model's, and is freed also when
 * this fails. file may be NULL: not from a file.
 */
UMM_MUST_USE enum umm_status umm_model_new(struct umm_graph *graph,
                                           const struct umm_modelfile_info *file,
                                           const struct umm_run *run, struct umm_model **model,
                                           struct umm_error *err);

/* The graph that is run. */
const struct umm_graph *umm_model_graph(const struct umm_model *model);

/* The file that it is from; size_bytes is 0 if from none. */
const struct umm_modelfile_info *umm_model_file(const struct umm_model *model);

/* An output as the file has it, whether it is computed or not. */
struct umm_model_output {
    const char *name;
    enum umm_graph_type type;
    uint32_t width;
    bool is_computed;
};

/* All of them. */
const struct umm_model_output *umm_model_outputs(const struct umm_model *model, size_t *n_outputs);

/* Rows that are taken at once, and the memory of a plan without the packed weights. */
uint32_t umm_model_plan_rows(const struct umm_model_plan *plan);
uint64_t umm_model_plan_bytes(const struct umm_model_plan *plan);

#endif
