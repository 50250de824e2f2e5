/* SPDX-License-Identifier: MIT */
/*
 * ort_run.c - an ONNX model run by ONNX Runtime, through the C interface of its library:
 *
 *     ort_run LIBRARY MODEL OUTPUT N_ROWS BATCH <rows >results
 *
 * Rows are numbers of float32 end to end: the model's inputs in their order. Results likewise, of
 * the output of that name. Each run takes BATCH rows. One thread.
 *
 * The package of the library has no header. The interface is a table of functions in an order that
 * never changes ("OrtApi", onnxruntime_c_api.h, in versions 1 and later); those that are called
 * here are given by their places in it.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    API_VERSION = 8,
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    SET_INTRA_OP_THREADS = 24,
    GET_INPUT_COUNT = 30,
    GET_INPUT_TYPE_INFO = 33,
    GET_INPUT_NAME = 36,
    CREATE_TENSOR_WITH_DATA = 49,
    GET_TENSOR_DATA = 51,
    CAST_TYPE_INFO = 55,
    GET_ELEMENT_TYPE = 60,
    GET_DIMENSIONS_COUNT = 61,
    GET_DIMENSIONS = 62,
    GET_ELEMENT_COUNT = 64,
    GET_TYPE_AND_SHAPE = 65,
    CREATE_CPU_MEMORY_INFO = 69,
    GET_ALLOCATOR = 78,
    RELEASE_VALUE = 96
};

enum { FLOAT = 1, UINT8 = 2, INT8 = 3, INT64 = 7, DOUBLE = 11, INPUTS_MAX = 64, DIMS_MAX = 8 };

typedef void any_function(void);
typedef void *call_status;

static any_function *const *api;

struct input {
    char *name;
    int type;
    int64_t dims[DIMS_MAX];
    size_t n_dims, width;
    void *numbers;
};

static void check(void *status)
{
    if (!status)
        return;
    const char *(*message)(const void *) = (const char *(*)(const void *))api[GET_ERROR_MESSAGE];
    fprintf(stderr, "ort_run: %s\n", message(status));
    exit(1);
}

static void die(const char *what)
{
    fprintf(stderr, "ort_run: %s\n", what);
    exit(1);
}

/* The table of the library. */
static void load(const char *path)
{
    struct base {
        const void *(*get_api)(uint32_t version);
        const char *(*version)(void);
    };
    void *library = dlopen(path, RTLD_NOW);
    if (!library)
        die(dlerror());
    const struct base *(*get_base)(void);
    void *symbol = dlsym(library, "OrtGetApiBase");
    if (!symbol)
        die("the library has no OrtGetApiBase");
    memcpy(&get_base, &symbol, sizeof symbol);
    api = get_base()->get_api(API_VERSION);
}

static void *open_session(const char *model)
{
    void *env = NULL, *options = NULL, *session = NULL;
    enum { WARNINGS = 2 };
    check(((call_status(*)(int, const char *, void **))api[CREATE_ENV])(WARNINGS, "umm", &env));
    check(((call_status(*)(void **))api[CREATE_SESSION_OPTIONS])(&options));
    check(((call_status(*)(void *, int))api[SET_INTRA_OP_THREADS])(options, 1));
    check(((call_status(*)(void *, const char *, void *, void **))api[CREATE_SESSION])(
        env, model, options, &session));
    return session;
}

static size_t element_bytes(int type)
{
    switch (type) {
    case FLOAT: return 4;
    case UINT8:
    case INT8: return 1;
    case INT64:
    case DOUBLE: return 8;
    default: die("an input of a type that is not run here"); return 0;
    }
}

static void look_at_input(void *session, void *allocator, size_t i, size_t batch,
                          struct input *input)
{
    void *info = NULL;
    const void *tensor = NULL;
    check(((call_status(*)(void *, size_t, void *, char **))api[GET_INPUT_NAME])(
        session, i, allocator, &input->name));
    check(((call_status(*)(void *, size_t, void **))api[GET_INPUT_TYPE_INFO])(session, i, &info));
    check(((call_status(*)(void *, const void **))api[CAST_TYPE_INFO])(info, &tensor));
    check(((call_status(*)(const void *, int *))api[GET_ELEMENT_TYPE])(tensor, &input->type));
    check(((call_status(*)(const void *, size_t *))api[GET_DIMENSIONS_COUNT])(tensor,
                                                                              &input->n_dims));
    if (input->n_dims == 0 || input->n_dims > DIMS_MAX)
        die("an input of no rows");
    check(((call_status(*)(const void *, int64_t *, size_t))api[GET_DIMENSIONS])(
        tensor, input->dims, input->n_dims));
    input->width = 1;
    for (size_t d = 1; d < input->n_dims; d++)
        input->width *= (size_t)input->dims[d];
    input->numbers = malloc(batch * input->width * element_bytes(input->type));
    if (!input->numbers)
        die("no memory");
}

/* Number i of an input. */
static void set_number(struct input *input, size_t i, float number)
{
    switch (input->type) {
    case FLOAT: ((float *)input->numbers)[i] = number; break;
    case DOUBLE: ((double *)input->numbers)[i] = (double)number; break;
    case INT64: ((int64_t *)input->numbers)[i] = (int64_t)number; break;
    case INT8: ((int8_t *)input->numbers)[i] = (int8_t)number; break;
    default: ((uint8_t *)input->numbers)[i] = (uint8_t)number; break;
    }
}

static float number_of(const void *numbers, int type, size_t i)
{
    switch (type) {
    case FLOAT: return ((const float *)numbers)[i];
    case DOUBLE: return (float)((const double *)numbers)[i];
    case INT64: return (float)((const int64_t *)numbers)[i];
    case INT8: return ((const int8_t *)numbers)[i];
    default: return ((const uint8_t *)numbers)[i];
    }
}

/* Rows of all inputs side by side to each input's own. */
static void read_rows(struct input *inputs, size_t n_inputs, size_t n_rows)
{
    for (size_t row = 0; row < n_rows; row++)
        for (size_t i = 0; i < n_inputs; i++)
            for (size_t k = 0; k < inputs[i].width; k++) {
                float number = 0;
                if (fread(&number, sizeof number, 1, stdin) != 1)
                    die("too few rows");
                set_number(&inputs[i], row * inputs[i].width + k, number);
            }
}

static void write_results(void *value)
{
    void *shape = NULL, *numbers = NULL;
    size_t n = 0;
    int type = 0;
    check(((call_status(*)(void *, void **))api[GET_TYPE_AND_SHAPE])(value, &shape));
    check(((call_status(*)(const void *, size_t *))api[GET_ELEMENT_COUNT])(shape, &n));
    check(((call_status(*)(const void *, int *))api[GET_ELEMENT_TYPE])(shape, &type));
    check(((call_status(*)(void *, void **))api[GET_TENSOR_DATA])(value, &numbers));
    element_bytes(type);
    for (size_t i = 0; i < n; i++) {
        const float number = number_of(numbers, type, i);
        fwrite(&number, sizeof number, 1, stdout);
    }
}

static void run(void *session, const void *memory, struct input *inputs, size_t n_inputs,
                const char *output, size_t n_rows)
{
    const char *names[INPUTS_MAX];
    void *values[INPUTS_MAX], *result = NULL;
    for (size_t i = 0; i < n_inputs; i++) {
        inputs[i].dims[0] = (int64_t)n_rows;
        names[i] = inputs[i].name;
        check(((call_status(*)(const void *, void *, size_t, const int64_t *, size_t, int,
                               void **))api[CREATE_TENSOR_WITH_DATA])(
            memory, inputs[i].numbers, n_rows * inputs[i].width * element_bytes(inputs[i].type),
            inputs[i].dims, inputs[i].n_dims, inputs[i].type, &values[i]));
    }
    check(((call_status(*)(void *, const void *, const char *const *, void *const *, size_t,
                           const char *const *, size_t, void **))api[RUN])(
        session, NULL, names, values, n_inputs, &output, 1, &result));
    write_results(result);
    for (size_t i = 0; i < n_inputs; i++)
        ((void (*)(void *))api[RELEASE_VALUE])(values[i]);
    ((void (*)(void *))api[RELEASE_VALUE])(result);
}

int main(int argc, char **argv)
{
    static struct input inputs[INPUTS_MAX];
    void *allocator = NULL, *memory = NULL;
    size_t n_inputs = 0;
    if (argc != 6)
        die("ort_run LIBRARY MODEL OUTPUT N_ROWS BATCH <rows >results");
    const size_t n_rows = strtoul(argv[4], NULL, 10), batch = strtoul(argv[5], NULL, 10);
    if (batch == 0)
        die("no batch");
    load(argv[1]);
    void *session = open_session(argv[2]);
    check(((call_status(*)(void **))api[GET_ALLOCATOR])(&allocator));
    check(((call_status(*)(int, int, void **))api[CREATE_CPU_MEMORY_INFO])(1, 0, &memory));
    check(((call_status(*)(void *, size_t *))api[GET_INPUT_COUNT])(session, &n_inputs));
    if (n_inputs > INPUTS_MAX)
        die("too many inputs");
    for (size_t i = 0; i < n_inputs; i++)
        look_at_input(session, allocator, i, batch, &inputs[i]);
    for (size_t at = 0; at < n_rows; at += batch) {
        const size_t n = n_rows - at < batch ? n_rows - at : batch;
        read_rows(inputs, n_inputs, n);
        run(session, memory, inputs, n_inputs, argv[3], n);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
