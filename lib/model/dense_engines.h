/* SPDX-License-Identifier: MIT */
/*
 * dense_engines.h - inside of dense.h: a layer as it is packed, and the engines that run it.
 *
 * An engine takes its outputs in panels of `vectors` vectors of `lanes` numbers. The weights of a
 * panel stand in the order in which they are used, `depth` inputs of an output side by side:
 *
 *     panel | inputs 0..depth | vector 0: lane 0 | in 0 .. in depth-1 | lane 1 ... | vector 1 ...
 *           | inputs depth..  | ...
 *
 * The last panel has as many vectors as it needs. Weights, biases and multipliers are 0 where
 * there is no input or output, so that whatever is read as an input there changes nothing.
 */
#ifndef UMM_MODEL_DENSE_ENGINES_H
#define UMM_MODEL_DENSE_ENGINES_H

#include "base/inline.h"
#include "model/dense.h"

/*
 * What becomes of a sum: TO_I8 is scaled, rounded and limited; TO_F32 is scaled and limited;
 * TO_I32 is left as it is. A float sum is FLOAT.
 */
enum umm_dense_end { UMM_DENSE_FLOAT, UMM_DENSE_TO_I8, UMM_DENSE_TO_F32, UMM_DENSE_TO_I32 };

/* How an engine has the integers of a row and the weights. */
enum umm_dense_form {
    UMM_DENSE_F32,
    UMM_DENSE_I16,  /* x and w - zero point as 16 bits */
    UMM_DENSE_U8_I8 /* x as U8 (I8: plus 128), w as I8, which has no zero point */
};

/*
 * Zero point and limits of y, as often as the longest register has them. Bytes are I8: those of U8
 * less 128, and flip, 0x80, brings the result to U8.
 */
struct umm_dense_bounds {
    float f32_low[16], f32_high[16];
    int16_t zero_point[32];
    int8_t low[64], high[64];
    uint8_t flip[64];
    bool is_plain; /* U8, zero point 0, limited by its type only */
};

struct umm_dense {
    const struct umm_dense_engine *engine;
    uint32_t n_in, n_out, n_steps; /* steps of depth inputs */
    enum umm_dense_end end;
    const void *weights;      /* packed */
    const void *bias;         /* float or int32_t; of U8_I8 and I16 with x's zero point in it */
    const float *multipliers; /* integer */
    struct umm_dense_bounds bounds;
    bool is_x_u8;
    bool is_prepared;       /* rows are brought into the engine's form first */
    size_t row_bytes;       /* of a row in that form */
    size_t rows_at_once;    /* rows in scratch */
    bool is_asymmetric;     /* dynamic */
    const float *bias_f32;  /* dynamic */
    const uint32_t *w_sums; /* dynamic: of w - zero point, to correct by a row's zero point */
};

struct umm_dense_engine {
    enum umm_dense_form form;
    uint32_t lanes, vectors, depth;

    /* n numbers, I8 or U8, into the engine's form; up to 64 bytes after them are read. */
    void (*prepare)(const void *x, size_t n, bool is_x_u8, void *prepared);

    /* x_stride in numbers of the form, y_step in bytes. */
    void (*run)(const struct umm_dense *dense, const void *x, size_t x_stride, size_t n_rows,
                void *y, size_t y_step);
};

/* .run is NULL on machines that lack them. */
extern const struct umm_dense_engine umm_dense_f32_portable, umm_dense_f32_avx2,
    umm_dense_f32_avx512, umm_dense_f32_neon;
extern const struct umm_dense_engine umm_dense_int_portable, umm_dense_int_avx2,
    umm_dense_int_avx512, umm_dense_int_neon;

/* For one to UMM_DENSE_FEW outputs. */
enum { UMM_DENSE_FEW = 4 };
extern const struct umm_dense_engine umm_dense_few_f32_avx512, umm_dense_few_int_avx512;

/* Bytes of one number of x as the engine has it, which are those of a weight. */
static inline size_t umm_dense_form_bytes(enum umm_dense_form form)
{
    return form == UMM_DENSE_F32 ? sizeof(float) : form == UMM_DENSE_I16 ? sizeof(int16_t) : 1;
}

/* y < low ? low : y, and so on: NaN and -0 stay. */
static inline float umm_dense_limit(float y, float low, float high)
{
    y = y < low ? low : y;
    return y > high ? high : y;
}

/* The NaN that is written for every NaN. */
#define UMM_DENSE_NAN 0x7fc00000U

/* Rows that are brought into an engine's form at once, at most. */
enum { UMM_DENSE_ROWS_MAX = 64 };

/*
 * Run rows of integers; x_stride in numbers, y_step in bytes. scratch: rows_at_once * row_bytes +
 * 64 bytes if the layer is_prepared. dense_rows.c
 */
void umm_dense_rows_run(const struct umm_dense *dense, const void *x, size_t x_stride,
                        size_t n_rows, void *y, size_t y_step, void *scratch);

/* umm_dense_run of a dynamic layer, and its scratch beside that of the rows: dense_dynamic.c */
void umm_dense_dynamic_run(const struct umm_dense *dense, const float *x, size_t x_stride,
                           size_t n_rows, float *y, size_t y_stride, void *scratch);
size_t umm_dense_dynamic_bytes(const struct umm_dense *dense);

#endif
