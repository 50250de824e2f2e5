/* SPDX-License-Identifier: MIT */
/*
 * quantize.h - a float model made into one of int8, by representative rows, and judged on rows that
 * were held out.
 *
 *     model --read, prepare--> graph --observe on calibration rows--> ranges
 *                                |                                      |
 *                                +------ build, by a recipe ------------+--> int8 graph --> bytes
 *                                                                                            |
 *     float answers <---- held-out rows ----> answers of the bytes, read again <-------------+
 *
 * What is judged is the file that is written. The bytes are a function of the model's bytes, the
 * rows and the options alone.
 */
#ifndef UMM_QUANTIZE_QUANTIZE_H
#define UMM_QUANTIZE_QUANTIZE_H

#include "convert/convert.h"
#include "modelfile/modelfile.h"
#include "umm.h"
#include "umm/store.h"

/*
 * How ranges are found, and what is done to weights and inputs before.
 *
 *   EQUALIZE    input i of a layer is divided by activation_max[i]^0.5 / weight_max[i]^0.5, its
 *               weights are multiplied by it: exact in real numbers; then as MINMAX.
 *               Source: Xiao et al., "SmoothQuant" (2023), with alpha = 0.5
 *   MINMAX      from the smallest to the largest number of the calibration rows
 *   PERCENTILE  without the outer 0.05 % at either end
 *   AUTO        that of these with the least error on the held-out rows, also with the first layer
 *               in float where that is less by a quarter
 */
enum umm_quantize_method {
    UMM_QUANTIZE_EQUALIZE,
    UMM_QUANTIZE_MINMAX,
    UMM_QUANTIZE_PERCENTILE,
    UMM_QUANTIZE_AUTO
};

enum umm_quantize_weights {
    UMM_QUANTIZE_BY_FORMAT, /* ONNX: per channel; TensorFlow Lite: per tensor */
    UMM_QUANTIZE_PER_CHANNEL,
    UMM_QUANTIZE_PER_TENSOR
};

/*
 * What of an answer is a decision: the place of its largest number, or for each number whether it
 * is above a threshold.
 * DEFAULT: argmax of several numbers; one number that is a probability (a sigmoid's) above 0.5; any
 * other above 0.
 */
enum umm_quantize_decision_kind {
    UMM_QUANTIZE_DECISION_DEFAULT,
    UMM_QUANTIZE_ARGMAX,
    UMM_QUANTIZE_THRESHOLD
};

struct umm_quantize_decision {
    enum umm_quantize_decision_kind kind;
    double threshold;
};

enum { UMM_QUANTIZE_NAME_MAX = 64 };
enum { UMM_QUANTIZE_ROWS = 10000, UMM_QUANTIZE_FEW_ROWS = 500, UMM_QUANTIZE_WORST = 5 };

/*
 * keep_float   layers that stay float, separated by commas: first, last, names; NULL: none
 * columns      as umm_modelrows_options has it; of text, what umm-convert selects
 * most_rows    to choose of the data; 0: UMM_QUANTIZE_ROWS
 * max_error    of the relative RMS and, where answers differ, of that of their spread; NAN: none
 * min_agreement  of decisions, a share; NAN: none
 */
struct umm_quantize_options {
    const char *model, *data, *output;
    const struct umm_store_reach
        *reach;               /* how a server is reached that has the data; NULL: by defaults */
    const char *model_output; /* the output that is kept, by name; NULL: as umm_graph_prepare */
    enum umm_modelfile_format format;
    enum umm_quantize_method method;
    enum umm_quantize_weights weights;
    const char *keep_float;
    bool is_io_int8;
    struct umm_quantize_decision decision;
    const char *columns;
    bool is_nan_skipped;
    uint64_t most_rows;
    double max_error, min_agreement;
    struct umm_convert_options text; /* how text is read */
    bool is_synced;
};

/*
 * How answers agree with those of floats, over rows.
 *
 * relative_rms  root of the mean square of differences over that of the float answers
 * spread_rms    the same over the float answers' standard deviation about each output's mean
 * n_same        rows with the same decision
 */
struct umm_quantize_agreement {
    uint64_t n_rows, n_same;
    bool is_one_decision; /* of the float model in all rows */
    double relative_rms, spread_rms, largest;
};

/* A row whose answer differs most; output: which of its numbers. */
struct umm_quantize_worst {
    uint64_t row;
    uint32_t output;
    float answer, float_answer;
    bool is_same_decision;
};

/*
 * A dense layer as it was made. Ranges and scales are those of what goes in after equalisation;
 * of a float layer scales are 0.
 *
 * n_dead          outputs that are one number in all calibration rows
 * n_saturating    inputs that are outside the range in over 1 % of the held-out rows
 * multiplier      the largest by which its sums become int8; 0: they become floats
 * clipped         share of the inputs' numbers of held-out rows that are outside the range
 */
struct umm_quantize_layer {
    char name[UMM_QUANTIZE_NAME_MAX];
    uint32_t n_in, n_out;
    bool is_int8, is_equalized;
    float low, high, scale;
    int32_t zero_point;
    float weight_max, weight_scale_low, weight_scale_high, multiplier;
    uint32_t n_dead, n_saturating;
    double clipped;
};

/* One way that was tried. */
struct umm_quantize_try {
    enum umm_quantize_method method;
    bool is_first_float;
    bool is_chosen;
    struct umm_quantize_agreement agreement;
    uint64_t size_bytes;
};

enum { UMM_QUANTIZE_TRIES = 6, UMM_QUANTIZE_WARNINGS = 8, UMM_QUANTIZE_WARNING_MAX = 256 };

/* Free it after any call. */
struct umm_quantize_result {
    uint64_t n_rows, n_skipped; /* of the data */
    uint64_t n_calibration, n_held_out;
    uint64_t size_before_bytes, size_after_bytes;
    struct umm_quantize_try tries[UMM_QUANTIZE_TRIES];
    size_t n_tries, chosen;
    bool is_per_channel;
    struct umm_quantize_decision decision; /* as it was settled */
    bool is_verdict, is_passed;
    struct umm_quantize_layer *layers;
    size_t n_layers, n_int8;
    struct umm_quantize_worst worst[UMM_QUANTIZE_WORST];
    size_t n_worst;
    uint64_t n_outside; /* held-out rows with an input well outside the calibration rows' range */
    char warnings[UMM_QUANTIZE_WARNINGS][UMM_QUANTIZE_WARNING_MAX];
    size_t n_warnings;
    bool is_written;
    double seconds;
};

/*
 * Quantise. The output is written unless the verdict is a failure, which is no failure of the call:
 * is_verdict and not is_passed. UMM_ERR_UNSUPPORTED for a model that is int8 already, or has no
 * dense layers; UMM_ERR_DATA for rows that do not fit, or too few.
 */
UMM_MUST_USE enum umm_status umm_quantize(const struct umm_quantize_options *options,
                                          struct umm_run *run, struct umm_quantize_result *result,
                                          struct umm_error *err);

void umm_quantize_result_free(struct umm_quantize_result *result);

const char *umm_quantize_method_name(enum umm_quantize_method method);

#endif
