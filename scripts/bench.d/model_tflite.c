/* SPDX-License-Identifier: MIT */
/*
 * model_tflite MODEL BATCH MILLISECONDS - rows through TensorFlow Lite with XNNPACK, one thread:
 * "NANOSECONDS SUM", by model_timing.h. The model has one input and one output, of floats.
 */
#include "model_timing.h"
#include "tensorflow/lite/c/c_api.h"

/* The library has these, its package no header of them: as version 2.9 declares them. */
struct xnnpack_options {
    int32_t n_threads;
    uint32_t flags;
    void *weights_cache;
};
enum { XNNPACK_QS8 = 1, XNNPACK_QU8 = 2 };
struct xnnpack_options TfLiteXNNPackDelegateOptionsDefault(void);
TfLiteDelegate *TfLiteXNNPackDelegateCreate(const struct xnnpack_options *options);

struct job {
    TfLiteInterpreter *interpreter;
    TfLiteTensor *input;
    const TfLiteTensor *output;
    float *rows, *results;
};

static void must(int is_right, const char *what)
{
    if (is_right)
        return;
    fprintf(stderr, "model_tflite: %s\n", what);
    exit(1);
}

static void open_model(struct job *job, const char *path, int batch)
{
    TfLiteInterpreterOptions *options = TfLiteInterpreterOptionsCreate();
    TfLiteInterpreterOptionsSetNumThreads(options, 1);
    struct xnnpack_options how = TfLiteXNNPackDelegateOptionsDefault();
    how.n_threads = 1;
    how.flags |= XNNPACK_QS8 | XNNPACK_QU8;
    TfLiteInterpreterOptionsAddDelegate(options, TfLiteXNNPackDelegateCreate(&how));
    TfLiteModel *model = TfLiteModelCreateFromFile(path);
    must(model != NULL, "the model cannot be read");
    job->interpreter = TfLiteInterpreterCreate(model, options);
    must(job->interpreter != NULL, "the model cannot be used");
    const TfLiteTensor *input = TfLiteInterpreterGetInputTensor(job->interpreter, 0);
    int dims[2] = {batch, TfLiteTensorDim(input, 1)};
    must(TfLiteInterpreterResizeInputTensor(job->interpreter, 0, dims, 2) == kTfLiteOk &&
             TfLiteInterpreterAllocateTensors(job->interpreter) == kTfLiteOk,
         "the batch cannot be set");
    job->input = TfLiteInterpreterGetInputTensor(job->interpreter, 0);
    job->output = TfLiteInterpreterGetOutputTensor(job->interpreter, 0);
}

static void run_rows(void *context)
{
    struct job *job = (struct job *)context;
    must(TfLiteTensorCopyFromBuffer(job->input, job->rows, TfLiteTensorByteSize(job->input)) ==
                 kTfLiteOk &&
             TfLiteInterpreterInvoke(job->interpreter) == kTfLiteOk &&
             TfLiteTensorCopyToBuffer(job->output, job->results,
                                      TfLiteTensorByteSize(job->output)) == kTfLiteOk,
         "it cannot be run");
}

int main(int argc, char **argv)
{
    struct job job = {0};
    must(argc == 4, "usage: model_tflite MODEL BATCH MILLISECONDS");
    int batch = atoi(argv[2]);
    open_model(&job, argv[1], batch);
    must(TfLiteTensorType(job.input) == kTfLiteFloat32 &&
             TfLiteTensorType(job.output) == kTfLiteFloat32,
         "input and output are not floats");
    job.rows = bench_rows(BENCH_ROWS, (size_t)TfLiteTensorDim(job.input, 1));
    size_t result_bytes = TfLiteTensorByteSize(job.output);
    job.results = (float *)malloc(result_bytes);
    must(job.results != NULL, "no memory");
    bench_time(run_rows, &job, (size_t)batch, strtod(argv[3], NULL), job.results,
               result_bytes / sizeof(float));
    return 0;
}
