/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "model/dense_engines.h"

/*
 * dense_block.inc with vectors of one number: what the others are compared with. A sum of integers
 * is one modulo 2^32, in unsigned arithmetic: the whole is in range, parts of it need not be.
 */
struct f32_sums {
    float v0, v1, v2, v3;
};

struct int_sums {
    uint32_t v0, v1, v2, v3;
};

static uint32_t n_of_panel(const struct umm_dense *dense, int n, uint32_t o)
{
    uint32_t rest = dense->n_out - o;
    return rest < (uint32_t)n ? rest : (uint32_t)n;
}

static void finish_f32(const struct umm_dense *dense, int n, struct f32_sums sums, uint32_t o,
                       char *y)
{
    const uint32_t nan = UMM_DENSE_NAN;
    float v[4] = {sums.v0, sums.v1, sums.v2, sums.v3};
    uint32_t n_here = n_of_panel(dense, n, o);
    for (uint32_t i = 0; i < n_here; i++) {
        v[i] = umm_dense_limit(v[i], dense->bounds.f32_low[0], dense->bounds.f32_high[0]);
        if (v[i] != v[i])
            memcpy(&v[i], &nan, sizeof nan);
    }
    memcpy(y + o * sizeof(float), v, n_here * sizeof(float));
}

/* The limits hold before the conversion, which has none for what is beyond an int32_t. */
static int8_t to_i8(const struct umm_dense_bounds *bounds, float scaled)
{
    int32_t zero_point = bounds->zero_point[0];
    float low = (float)(bounds->low[0] - zero_point), high = (float)(bounds->high[0] - zero_point);
    return (int8_t)((int32_t)umm_dense_limit(rintf(scaled), low, high) + zero_point);
}

static void finish_int(const struct umm_dense *dense, int n, struct int_sums sums, uint32_t o,
                       char *y)
{
    const uint32_t v[4] = {sums.v0, sums.v1, sums.v2, sums.v3};
    uint32_t n_here = n_of_panel(dense, n, o);
    for (uint32_t i = 0; i < n_here; i++) {
        float scaled = (float)(int32_t)v[i] * dense->multipliers[o + i];
        if (dense->end == UMM_DENSE_TO_I8) {
            y[o + i] = (char)((uint8_t)to_i8(&dense->bounds, scaled) ^ dense->bounds.flip[0]);
        } else if (dense->end == UMM_DENSE_TO_F32) {
            scaled = umm_dense_limit(scaled, dense->bounds.f32_low[0], dense->bounds.f32_high[0]);
            memcpy(y + (o + i) * sizeof scaled, &scaled, sizeof scaled);
        } else {
            memcpy(y + (o + i) * sizeof v[i], &v[i], sizeof v[i]);
        }
    }
}

static void prepare(const void *x, size_t n, bool is_x_u8, void *prepared)
{
    int16_t *out = (int16_t *)prepared;
    for (size_t i = 0; i < n; i++)
        out[i] = is_x_u8 ? ((const uint8_t *)x)[i] : ((const int8_t *)x)[i];
}

#define TARGET
#define BLOCK(name)                  f32_##name
#define LANES                        1
#define VECTORS                      4
#define ROWS                         4
#define DEPTH                        1
#define VEC                          float
#define INPUT                        float
#define WEIGHT                       float
#define SPREAD(x)                    (*(x))
#define LOAD(w)                      (*(w))
#define ADD(sum, x, w)               fmaf(x, w, sum)
#define START(dense, o)              (((const float *)(dense)->bias)[o])
#define FINISH(dense, n, sums, o, y) finish_f32(dense, n, sums, o, y)
#include "model/dense_block.inc"

#define BLOCK(name)                  int_##name
#define LANES                        1
#define VECTORS                      4
#define ROWS                         4
#define DEPTH                        1
#define VEC                          uint32_t
#define INPUT                        int16_t
#define WEIGHT                       int16_t
#define SPREAD(x)                    (*(x))
#define LOAD(w)                      (*(w))
#define ADD(sum, x, w)               ((sum) + (uint32_t)((x) * (w)))
#define JOIN(a, b)                   ((a) + (b))
#define START(dense, o)              (((const uint32_t *)(dense)->bias)[o])
#define FINISH(dense, n, sums, o, y) finish_int(dense, n, sums, o, y)
#include "model/dense_block.inc"

const struct umm_dense_engine umm_dense_f32_portable = {
    .form = UMM_DENSE_F32, .lanes = 1, .vectors = 4, .depth = 1, .run = f32_run};

const struct umm_dense_engine umm_dense_int_portable = {.form = UMM_DENSE_I16,
                                                        .lanes = 1,
                                                        .vectors = 4,
                                                        .depth = 1,
                                                        .prepare = prepare,
                                                        .run = int_run};
