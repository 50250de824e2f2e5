/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/passes.h"
#include "model/model_parts.h"

/* Which of the outputs is the one that is left. */
static void mark_computed(const struct umm_graph *graph, struct umm_model_output *outputs,
                          size_t n_outputs)
{
    const char *name = graph->values[graph->outputs[0]].name;
    for (size_t i = 0; i < n_outputs; i++)
        outputs[i].is_computed = strcmp(outputs[i].name, name) == 0;
}

enum umm_status umm_model_open(const char *path, const struct umm_model_options *options,
                               struct umm_run *run, struct umm_model **model, struct umm_error *err)
{
    struct umm_graph *graph = NULL;
    struct umm_modelfile_info file;
    struct umm_model_output *outputs = NULL;
    size_t n_outputs = 0;
    *model = NULL;
    enum umm_status status = umm_modelfile_read(path, run, &graph, &file, err);
    if (status)
        return status;
    status = umm_model_list_outputs(graph, false, &outputs, &n_outputs, err);
    if (!status)
        status = umm_graph_prepare(graph, options ? options->output : NULL, err);
    if (!status) {
        mark_computed(graph, outputs, n_outputs);
        return umm_model_make(graph, &file, run, outputs, n_outputs, model, err);
    }
    free(outputs);
    umm_graph_free(graph);
    if (err && !err->path[0])
        umm_error_at(err, path, 0, 0, 0);
    return status;
}
