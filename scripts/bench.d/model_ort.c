/* SPDX-License-Identifier: MIT */
/*
 * model_ort LIBRARY MODEL N_IN N_OUT BATCH MILLISECONDS [OUTPUT] - rows through ONNX Runtime's C
 * interface, one thread: "NANOSECONDS SUM", by model_timing.h. The model has one input, of floats;
 * its first output, or that named, is of floats.
 */
#include <dlfcn.h>
#include <string.h>

#include "model_timing.h"

/*
 * The npm package has no header. The interface is a table of functions, in an order that never
 * changes: these are the places of those that are called.
 */
enum {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    SET_GRAPH_OPTIMIZATION = 23,
    SET_INTRA_OP_THREADS = 24,
    SET_INTER_OP_THREADS = 25,
    GET_INPUT_NAME = 36,
    GET_OUTPUT_NAME = 37,
    CREATE_TENSOR_WITH_DATA = 49,
    CREATE_CPU_MEMORY_INFO = 69,
    GET_DEFAULT_ALLOCATOR = 78,
    API_VERSION = 16,
    WARNINGS = 2,
    FLOATS = 1,
    OPTIMIZE_ALL = 99
};

struct api_base {
    void *const *(*get_api)(uint32_t version);
};

typedef void *status;
static void *const *api;

static void must(status failed)
{
    if (!failed)
        return;
    const char *(*message)(status) = (const char *(*)(status))api[GET_ERROR_MESSAGE];
    fprintf(stderr, "model_ort: %s\n", message(failed));
    exit(1);
}

struct job {
    void *session, *input, *output;
    char *input_name, *output_name;
};

static void load(const char *library)
{
    void *handle = dlopen(library, RTLD_NOW);
    const struct api_base *(*base)(void);
    void *symbol = handle ? dlsym(handle, "OrtGetApiBase") : NULL;
    if (symbol) {
        memcpy(&base, &symbol, sizeof base);
        api = base()->get_api(API_VERSION);
    }
    if (!api) {
        fprintf(stderr, "model_ort: %s: cannot be used\n", library);
        exit(1);
    }
}

static void open_session(struct job *job, const char *path, char *output_name)
{
    void *env, *options, *allocator;
    must(((status(*)(int, const char *, void **))api[CREATE_ENV])(WARNINGS, "bench", &env));
    must(((status(*)(void **))api[CREATE_SESSION_OPTIONS])(&options));
    must(((status(*)(void *, int))api[SET_GRAPH_OPTIMIZATION])(options, OPTIMIZE_ALL));
    must(((status(*)(void *, int))api[SET_INTRA_OP_THREADS])(options, 1));
    must(((status(*)(void *, int))api[SET_INTER_OP_THREADS])(options, 1));
    must(((status(*)(void *, const char *, void *, void **))api[CREATE_SESSION])(env, path, options,
                                                                                 &job->session));
    must(((status(*)(void **))api[GET_DEFAULT_ALLOCATOR])(&allocator));
    must(((status(*)(void *, size_t, void *, char **))api[GET_INPUT_NAME])(
        job->session, 0, allocator, &job->input_name));
    job->output_name = output_name;
    if (!output_name)
        must(((status(*)(void *, size_t, void *, char **))api[GET_OUTPUT_NAME])(
            job->session, 0, allocator, &job->output_name));
}

static void *tensor(float *data, int64_t n_rows, int64_t width)
{
    void *memory, *value;
    const int64_t shape[2] = {n_rows, width};
    must(((status(*)(int, int, void **))api[CREATE_CPU_MEMORY_INFO])(0, 0, &memory));
    must(((status(*)(void *, void *, size_t, const int64_t *, size_t, int,
                     void **))api[CREATE_TENSOR_WITH_DATA])(
        memory, data, (size_t)(n_rows * width) * sizeof(float), shape, 2, FLOATS, &value));
    return value;
}

static void run_rows(void *context)
{
    struct job *job = (struct job *)context;
    must(((status(*)(void *, void *, char *const *, void *const *, size_t, char *const *, size_t,
                     void **))api[RUN])(job->session, NULL, &job->input_name, &job->input, 1,
                                        &job->output_name, 1, &job->output));
}

int main(int argc, char **argv)
{
    struct job job = {0};
    if (argc < 7)
        return 2;
    int64_t n_in = atoll(argv[3]), n_out = atoll(argv[4]), batch = atoll(argv[5]);
    load(argv[1]);
    open_session(&job, argv[2], argv[7]);
    float *rows = bench_rows(BENCH_ROWS, (size_t)n_in);
    size_t n_results = (size_t)(batch * n_out);
    float *results = (float *)calloc(n_results, sizeof *results);
    if (!results)
        return 1;
    job.input = tensor(rows, batch, n_in);
    job.output = tensor(results, batch, n_out);
    bench_time(run_rows, &job, (size_t)batch, strtod(argv[6], NULL), results, n_results);
    return 0;
}
