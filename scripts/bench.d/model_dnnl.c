/* SPDX-License-Identifier: MIT */
/*
 * model_dnnl WIDTHS f32|int8 BATCH MILLISECONDS - rows through a chain of oneDNN's inner products
 * (version 2) with random weights, such as WIDTHS 32-64-64-1: "NANOSECONDS SUM", by
 * model_timing.h. int8: floats are brought to bytes first, the last layer gives floats.
 */
#include <string.h>

#include <oneapi/dnnl/dnnl.h>

#include "model_timing.h"

enum { LAYERS_MAX = 8, ARGS_MAX = 4 };

struct primitive {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t args[ARGS_MAX];
    int n_args;
};

struct job {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    struct primitive primitives[LAYERS_MAX + 1];
    int n;
};

static void must(dnnl_status_t status, const char *what)
{
    if (status == dnnl_success)
        return;
    fprintf(stderr, "model_dnnl: %s: %d\n", what, (int)status);
    exit(1);
}

static dnnl_memory_desc_t desc(int n_dims, dnnl_dim_t a, dnnl_dim_t b, dnnl_data_type_t type,
                               dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t made;
    dnnl_dims_t dims = {a, b};
    must(dnnl_memory_desc_init_by_tag(&made, n_dims, dims, type, tag), "description");
    return made;
}

static dnnl_memory_t memory(const struct job *job, const dnnl_memory_desc_t *of, void *data)
{
    dnnl_memory_t made;
    must(dnnl_memory_create(&made, of, job->engine, data ? data : DNNL_MEMORY_ALLOCATE), "memory");
    return made;
}

static void add_reorder(struct job *job, struct primitive *to, const dnnl_memory_desc_t *from_desc,
                        dnnl_memory_t from, const dnnl_memory_desc_t *into_desc, dnnl_memory_t into,
                        float scale)
{
    dnnl_primitive_attr_t attr;
    dnnl_primitive_desc_t made;
    must(dnnl_primitive_attr_create(&attr), "attributes");
    must(dnnl_primitive_attr_set_output_scales(attr, 1, 0, &scale), "scale");
    must(dnnl_reorder_primitive_desc_create(&made, from_desc, job->engine, into_desc, job->engine,
                                            attr),
         "reorder");
    must(dnnl_primitive_create(&to->primitive, made), "reorder");
    to->args[0] = (dnnl_exec_arg_t){DNNL_ARG_FROM, from};
    to->args[1] = (dnnl_exec_arg_t){DNNL_ARG_TO, into};
    to->n_args = 2;
}

/* Weights in the layout that the layer likes. */
static dnnl_memory_t weights_for(struct job *job, const_dnnl_primitive_desc_t layer, int n_in,
                                 int n_out, dnnl_data_type_t type)
{
    uint64_t state = 2;
    dnnl_memory_desc_t plain = desc(2, n_out, n_in, type, dnnl_ab);
    const dnnl_memory_desc_t *liked = dnnl_primitive_desc_query_md(layer, dnnl_query_weights_md, 0);
    char *data = (char *)calloc((size_t)n_in * (size_t)n_out, sizeof(float));
    for (int i = 0; data && i < n_in * n_out; i++) {
        if (type == dnnl_f32)
            ((float *)(void *)data)[i] = bench_number(&state) / 8;
        else
            ((int8_t *)data)[i] = (int8_t)(bench_number(&state) * 36);
    }
    dnnl_memory_t from = memory(job, &plain, data), into = memory(job, liked, NULL);
    struct primitive once;
    add_reorder(job, &once, &plain, from, liked, into, 1);
    must(dnnl_primitive_execute(once.primitive, job->stream, 2, once.args), "weights");
    must(dnnl_stream_wait(job->stream), "weights");
    return into;
}

static void add_layer(struct job *job, const dnnl_memory_desc_t *x_desc, dnnl_memory_t x, int n_in,
                      int n_out, const dnnl_memory_desc_t *y_desc, dnnl_memory_t y, int is_last)
{
    const int is_int8 = x_desc->data_type != dnnl_f32;
    const dnnl_data_type_t type = is_int8 ? dnnl_s8 : dnnl_f32;
    const float scale = is_int8 ? 1e-3f : 1;
    dnnl_memory_desc_t weights = desc(2, n_out, n_in, type, dnnl_format_tag_any);
    dnnl_memory_desc_t bias = desc(1, n_out, 0, is_int8 ? dnnl_s32 : dnnl_f32, dnnl_a);
    dnnl_inner_product_desc_t product;
    dnnl_primitive_attr_t attr;
    dnnl_post_ops_t post;
    dnnl_primitive_desc_t made;
    struct primitive *to = &job->primitives[job->n++];
    must(dnnl_primitive_attr_create(&attr), "attributes");
    must(dnnl_post_ops_create(&post), "relu");
    if (!is_last)
        must(dnnl_post_ops_append_eltwise(post, 1, dnnl_eltwise_relu, 0, 0), "relu");
    must(dnnl_primitive_attr_set_post_ops(attr, post), "relu");
    if (is_int8)
        must(dnnl_primitive_attr_set_output_scales(attr, 1, 0, &scale), "scale");
    must(dnnl_inner_product_forward_desc_init(&product, dnnl_forward_inference, x_desc, &weights,
                                              &bias, y_desc),
         "layer");
    must(dnnl_primitive_desc_create(&made, &product, attr, job->engine, NULL), "layer");
    must(dnnl_primitive_create(&to->primitive, made), "layer");
    to->args[0] = (dnnl_exec_arg_t){DNNL_ARG_SRC, x};
    to->args[1] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, weights_for(job, made, n_in, n_out, type)};
    to->args[2] =
        (dnnl_exec_arg_t){DNNL_ARG_BIAS, memory(job, &bias, calloc((size_t)n_out, sizeof(float)))};
    to->args[3] = (dnnl_exec_arg_t){DNNL_ARG_DST, y};
    to->n_args = 4;
}

static void run_rows(void *context)
{
    struct job *job = (struct job *)context;
    for (int i = 0; i < job->n; i++)
        must(dnnl_primitive_execute(job->primitives[i].primitive, job->stream,
                                    job->primitives[i].n_args, job->primitives[i].args),
             "run");
    must(dnnl_stream_wait(job->stream), "run");
}

int main(int argc, char **argv)
{
    struct job job = {0};
    int widths[LAYERS_MAX + 1], n = 0, batch;
    if (argc != 5)
        return 2;
    for (char *at = argv[1]; *at && n <= LAYERS_MAX; at += *at == '-')
        widths[n++] = (int)strtol(at, &at, 10);
    batch = atoi(argv[3]);
    const int is_int8 = strcmp(argv[2], "int8") == 0;
    must(dnnl_engine_create(&job.engine, dnnl_cpu, 0), "engine");
    must(dnnl_stream_create(&job.stream, job.engine, dnnl_stream_default_flags), "stream");

    float *rows = bench_rows(BENCH_ROWS, (size_t)widths[0]);
    float *results = (float *)calloc((size_t)(batch * widths[n - 1]), sizeof(float));
    dnnl_memory_desc_t x_desc = desc(2, batch, widths[0], dnnl_f32, dnnl_ab);
    dnnl_memory_t x = memory(&job, &x_desc, rows);
    if (is_int8) {
        dnnl_memory_desc_t byte_desc = desc(2, batch, widths[0], dnnl_s8, dnnl_ab);
        dnnl_memory_t bytes = memory(&job, &byte_desc, NULL);
        add_reorder(&job, &job.primitives[job.n++], &x_desc, x, &byte_desc, bytes, 36);
        x_desc = byte_desc;
        x = bytes;
    }
    for (int i = 1; i < n; i++) {
        const int is_last = i == n - 1;
        dnnl_memory_desc_t y_desc =
            desc(2, batch, widths[i], is_int8 && !is_last ? dnnl_u8 : dnnl_f32, dnnl_ab);
        dnnl_memory_t y = memory(&job, &y_desc, is_last ? results : NULL);
        add_layer(&job, &x_desc, x, widths[i - 1], widths[i], &y_desc, y, is_last);
        x_desc = y_desc;
        x = y;
    }
    bench_time(run_rows, &job, (size_t)batch, strtod(argv[4], NULL), results,
               (size_t)(batch * widths[n - 1]));
    return 0;
}
