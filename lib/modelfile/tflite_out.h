/* SPDX-License-Identifier: MIT */
/*
 * tflite_out.h - a TensorFlow Lite file before it is bytes: tensors and operators as lists.
 */
#ifndef UMM_MODELFILE_TFLITE_OUT_H
#define UMM_MODELFILE_TFLITE_OUT_H

#include "modelfile/tflite.h"
#include "umm/mem.h"

/*
 * A value, whose first dimension is the rows, or a constant. n_data numbers at data (NULL: zeros)
 * of each_bytes; n_scales scales with one zero point for all, 0 scales if it is not quantised.
 */
struct umm_tflite_out_tensor {
    const char *name;
    enum umm_tflite_type type;
    bool is_value;
    uint32_t n_dims;
    int32_t dims[2];
    const void *data;
    uint64_t n_data;
    size_t each_bytes;
    uint32_t n_scales;
    const float *scales;
    int64_t zero_point;
};

/* Options: the activation of a dense layer, is_asymmetric; alpha and beta as number; axis. */
struct umm_tflite_out_op {
    enum umm_tflite_code code;
    int32_t version;
    enum umm_tflite_options options;
    enum umm_tflite_activation activation;
    bool is_asymmetric;
    float number;
    int32_t axis;
    uint32_t n_inputs;
    int32_t *inputs;
    int32_t output;
};

/* Lists of what the arena has. */
struct umm_tflite_out {
    struct umm_arena arena;
    struct umm_tflite_out_tensor *tensors;
    struct umm_tflite_out_op *ops;
    int32_t *inputs, *outputs;
    uint32_t n_tensors, n_ops, n_inputs, n_outputs;
};

/* The bytes of it, which the caller frees. */
enum umm_status umm_tflite_emit(const struct umm_tflite_out *out, void **data, size_t *len_bytes,
                                struct umm_error *err);

#endif
