/* SPDX-License-Identifier: MIT */
/*
 * modelfile_info.h - what the file of a model says about itself, beside the graph that is in it.
 */
#ifndef UMM_GRAPH_MODELFILE_INFO_H
#define UMM_GRAPH_MODELFILE_INFO_H

#include "umm.h"

enum umm_modelfile_format { UMM_MODELFILE_ONNX, UMM_MODELFILE_TFLITE };

/*
 * producer: the program that wrote it, as it says, cut; opset: ONNX's default domain, 0 if none;
 * hash: umm_hash64 of all bytes that the graph was made of, those in other files also.
 */
struct umm_modelfile_info {
    enum umm_modelfile_format format;
    uint64_t size_bytes; /* with weights in other files */
    char producer[64];
    int64_t version, opset;
    uint64_t hash;
};

#endif
