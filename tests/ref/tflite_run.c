/* SPDX-License-Identifier: MIT */
/*
 * tflite_run.c - rows through TensorFlow Lite itself, to compare with: its C library, with or
 * without XNNPACK. scripts/check-model-peers builds it.
 *
 *     tflite_run MODEL ROWS RESULTS xnnpack|builtin BATCH
 *
 * ROWS are floats, a model's inputs end to end; RESULTS become floats likewise. Inputs of int8 are
 * quantised, outputs dequantised. BATCH rows at a time; what is left goes one by one.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "tflite_run: %s\n", what);
    exit(1);
}

static void *load(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        die(path);
    *len = (size_t)ftell(file);
    rewind(file);
    void *bytes = malloc(*len + 1);
    if (!bytes || fread(bytes, 1, *len, file) != *len)
        die(path);
    fclose(file);
    return bytes;
}

static TfLiteInterpreter *open_model(const TfLiteModel *model, int is_xnnpack, int batch)
{
    TfLiteInterpreterOptions *options = TfLiteInterpreterOptionsCreate();
    TfLiteInterpreterOptionsSetNumThreads(options, 1);
    if (is_xnnpack) {
        struct xnnpack_options how = TfLiteXNNPackDelegateOptionsDefault();
        how.flags |= XNNPACK_QS8 | XNNPACK_QU8;
        how.weights_cache = NULL;
        TfLiteInterpreterOptionsAddDelegate(options, TfLiteXNNPackDelegateCreate(&how));
    }
    TfLiteInterpreter *interpreter = TfLiteInterpreterCreate(model, options);
    if (!interpreter)
        die("the model cannot be used");
    for (int i = 0; i < TfLiteInterpreterGetInputTensorCount(interpreter); i++) {
        const TfLiteTensor *tensor = TfLiteInterpreterGetInputTensor(interpreter, i);
        int dims[8], n = TfLiteTensorNumDims(tensor);
        for (int d = 0; d < n && d < 8; d++)
            dims[d] = TfLiteTensorDim(tensor, d);
        dims[0] = batch;
        if (TfLiteInterpreterResizeInputTensor(interpreter, i, dims, n) != kTfLiteOk)
            die("the batch cannot be set");
    }
    if (TfLiteInterpreterAllocateTensors(interpreter) != kTfLiteOk)
        die("tensors cannot be allocated");
    return interpreter;
}

/* Numbers in one row of a tensor. */
static size_t width_of(const TfLiteTensor *tensor)
{
    size_t width = 1;
    for (int d = 1; d < TfLiteTensorNumDims(tensor); d++)
        width *= (size_t)TfLiteTensorDim(tensor, d);
    return width;
}

static void put(TfLiteTensor *tensor, size_t at, float number)
{
    TfLiteQuantizationParams how = TfLiteTensorQuantizationParams(tensor);
    long q = how.scale > 0 ? lrintf(number / how.scale) + how.zero_point : 0;
    switch (TfLiteTensorType(tensor)) {
    case kTfLiteFloat32: ((float *)TfLiteTensorData(tensor))[at] = number; return;
    case kTfLiteInt8:
        ((int8_t *)TfLiteTensorData(tensor))[at] = (int8_t)(q < -128 ? -128 : q > 127 ? 127 : q);
        return;
    case kTfLiteUInt8:
        ((uint8_t *)TfLiteTensorData(tensor))[at] = (uint8_t)(q < 0 ? 0 : q > 255 ? 255 : q);
        return;
    default: die("an input is of another type");
    }
}

static float get(const TfLiteTensor *tensor, size_t at)
{
    TfLiteQuantizationParams how = TfLiteTensorQuantizationParams(tensor);
    switch (TfLiteTensorType(tensor)) {
    case kTfLiteFloat32: return ((const float *)TfLiteTensorData(tensor))[at];
    case kTfLiteInt8:
        return (float)(((const int8_t *)TfLiteTensorData(tensor))[at] - how.zero_point) * how.scale;
    case kTfLiteUInt8:
        return (float)(((const uint8_t *)TfLiteTensorData(tensor))[at] - how.zero_point) *
               how.scale;
    default: die("an output is of another type");
    }
    return 0;
}

/* Numbers in a row of all inputs. */
static size_t row_width(TfLiteInterpreter *interpreter)
{
    size_t width = 0;
    for (int i = 0; i < TfLiteInterpreterGetInputTensorCount(interpreter); i++)
        width += width_of(TfLiteInterpreterGetInputTensor(interpreter, i));
    return width;
}

static void run_batch(TfLiteInterpreter *interpreter, const float *rows, size_t n_rows, FILE *out)
{
    size_t n_in = row_width(interpreter), from = 0;
    for (int i = 0; i < TfLiteInterpreterGetInputTensorCount(interpreter); i++) {
        TfLiteTensor *tensor = TfLiteInterpreterGetInputTensor(interpreter, i);
        size_t width = width_of(tensor);
        for (size_t r = 0; r < n_rows; r++)
            for (size_t c = 0; c < width; c++)
                put(tensor, r * width + c, rows[r * n_in + from + c]);
        from += width;
    }
    if (TfLiteInterpreterInvoke(interpreter) != kTfLiteOk)
        die("it cannot be run");
    for (size_t r = 0; r < n_rows; r++)
        for (int i = 0; i < TfLiteInterpreterGetOutputTensorCount(interpreter); i++) {
            const TfLiteTensor *tensor = TfLiteInterpreterGetOutputTensor(interpreter, i);
            size_t width = width_of(tensor);
            for (size_t c = 0; c < width; c++) {
                float number = get(tensor, r * width + c);
                if (fwrite(&number, sizeof number, 1, out) != 1)
                    die("results cannot be written");
            }
        }
}

int main(int argc, char **argv)
{
    size_t model_len, rows_len;
    if (argc != 6)
        die("usage: tflite_run MODEL ROWS RESULTS xnnpack|builtin BATCH");
    void *bytes = load(argv[1], &model_len);
    const float *rows = load(argv[2], &rows_len);
    FILE *out = fopen(argv[3], "wb");
    int is_xnnpack = strcmp(argv[4], "xnnpack") == 0, batch = atoi(argv[5]);
    const TfLiteModel *model = TfLiteModelCreate(bytes, model_len);
    if (!model || !out || batch < 1)
        die(!out ? argv[3] : "the model cannot be read");
    TfLiteInterpreter *many = open_model(model, is_xnnpack, batch);
    TfLiteInterpreter *one = batch > 1 ? open_model(model, is_xnnpack, 1) : many;
    size_t n_in = row_width(many), n_rows = rows_len / sizeof(float) / n_in, at = 0;
    for (; at + (size_t)batch <= n_rows; at += (size_t)batch)
        run_batch(many, rows + at * n_in, (size_t)batch, out);
    for (; at < n_rows; at++)
        run_batch(one, rows + at * n_in, 1, out);
    if (fclose(out) != 0)
        die(argv[3]);
    return 0;
}
