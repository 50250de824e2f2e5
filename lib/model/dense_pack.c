/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/dense_pack.h"

/* The block of memory: the layer, then these, each at a multiple of 64 bytes. */
struct layout {
    size_t weights, bias, multipliers, bias_f32, w_sums, end;
};

static size_t place(size_t *end, size_t len_bytes)
{
    size_t at = *end;
    *end += (len_bytes + 63) / 64 * 64;
    return at;
}

static size_t round_up(size_t n, size_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

static struct layout lay_out(const struct umm_dense_spec *spec,
                             const struct umm_dense_engine *engine)
{
    size_t n_in = round_up(spec->n_in, engine->depth), n_out = round_up(spec->n_out, engine->lanes);
    size_t n_dynamic = spec->is_dynamic ? n_out : 0;
    struct layout at = {.end = round_up(sizeof(struct umm_dense), 64)};
    at.weights = place(&at.end, n_in * n_out * umm_dense_form_bytes(engine->form));
    at.bias = place(&at.end, n_out * sizeof(int32_t));
    at.multipliers = place(&at.end, n_out * sizeof(float));
    at.bias_f32 = place(&at.end, n_dynamic * sizeof(float));
    at.w_sums = place(&at.end, n_dynamic * sizeof(uint32_t));
    return at;
}

static int32_t w_zero_point(const struct umm_dense_spec *spec, uint32_t o)
{
    return spec->w_zero_points ? spec->w_zero_points[o] : 0;
}

/* The weight of input i for output o, at place `at` of the engine's numbers. */
static void put_weight(const struct umm_dense_spec *spec, enum umm_dense_form form, uint32_t o,
                       uint32_t i, void *weights, size_t at)
{
    size_t from = (size_t)o * spec->n_in + i;
    switch (form) {
    case UMM_DENSE_F32: ((float *)weights)[at] = spec->weights_f32[from]; break;
    case UMM_DENSE_I16:
        ((int16_t *)weights)[at] = (int16_t)(spec->weights_i8[from] - w_zero_point(spec, o));
        break;
    case UMM_DENSE_U8_I8: ((int8_t *)weights)[at] = spec->weights_i8[from]; break;
    }
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Output o's weights, whose panel begins at output `first` and is `width` lanes wide. */
static void pack_output(const struct umm_dense_spec *spec, const struct umm_dense_engine *engine,
                        uint32_t o, uint32_t first, uint32_t width, void *weights)
{
    size_t n_in = round_up(spec->n_in, engine->depth), depth = engine->depth;
    size_t at = first * n_in + (o - first) * depth;
    for (uint32_t i = 0; i < spec->n_in; i++)
        put_weight(spec, engine->form, o, i, weights, at + i / depth * width * depth + i % depth);
}

static void pack_weights(const struct umm_dense_spec *spec, const struct umm_dense_engine *engine,
                         void *weights)
{
    uint32_t n_out = (uint32_t)round_up(spec->n_out, engine->lanes);
    uint32_t panel = engine->lanes * engine->vectors;
    for (uint32_t o = 0; o < spec->n_out; o++) {
        uint32_t first = o / panel * panel;
        pack_output(spec, engine, o, first, smaller(panel, n_out - first), weights);
    }
}

/* Modulo 2^32: what is added to the sum of x w (of the engine's x and w) for the right one. */
static uint32_t bias_of(const struct umm_dense_spec *spec, enum umm_dense_form form, uint32_t o,
                        uint32_t w_sum)
{
    int32_t zero = spec->is_dynamic ? 0 : spec->x_zero_point;
    if (form == UMM_DENSE_U8_I8 && !spec->is_x_u8)
        zero += 128;
    uint32_t bias = spec->bias_i32 ? (uint32_t)spec->bias_i32[o] : 0;
    return bias - (uint32_t)zero * w_sum;
}

static uint32_t sum_weights(const struct umm_dense_spec *spec, uint32_t o)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < spec->n_in; i++)
        sum += (uint32_t)(spec->weights_i8[(size_t)o * spec->n_in + i] - w_zero_point(spec, o));
    return sum;
}

static void pack_integers(const struct umm_dense_spec *spec, enum umm_dense_form form, char *memory,
                          const struct layout *at)
{
    for (uint32_t o = 0; o < spec->n_out; o++) {
        uint32_t w_sum = sum_weights(spec, o);
        ((uint32_t *)(void *)(memory + at->bias))[o] = bias_of(spec, form, o, w_sum);
        ((float *)(void *)(memory + at->multipliers))[o] = spec->multipliers[o];
        if (!spec->is_dynamic)
            continue;
        ((float *)(void *)(memory + at->bias_f32))[o] = spec->bias_f32 ? spec->bias_f32[o] : 0;
        ((uint32_t *)(void *)(memory + at->w_sums))[o] = w_sum;
    }
}

enum umm_status umm_dense_pack(const struct umm_dense_spec *spec,
                               const struct umm_dense_engine *engine, struct umm_dense **dense,
                               struct umm_error *err)
{
    uint64_t n_weights = (uint64_t)spec->n_in * spec->n_out;
    struct layout at = lay_out(spec, engine);
    char *memory = n_weights < SIZE_MAX / 64 ? (char *)aligned_alloc(64, at.end) : NULL;
    if (!memory)
        return umm_error_set_memory(err, at.end, "the weights of a layer");
    memset(memory, 0, at.end);
    pack_weights(spec, engine, memory + at.weights);
    if (engine->form != UMM_DENSE_F32)
        pack_integers(spec, engine->form, memory, &at);
    else if (spec->bias_f32)
        memcpy(memory + at.bias, spec->bias_f32, spec->n_out * sizeof(float));

    struct umm_dense *d = (struct umm_dense *)(void *)memory;
    *d = (struct umm_dense){
        .engine = engine,
        .n_in = spec->n_in,
        .n_out = spec->n_out,
        .n_steps = (uint32_t)(round_up(spec->n_in, engine->depth) / engine->depth),
        .weights = memory + at.weights,
        .bias = memory + at.bias,
        .multipliers = (const float *)(const void *)(memory + at.multipliers),
        .bias_f32 = (const float *)(const void *)(memory + at.bias_f32),
        .w_sums = (const uint32_t *)(const void *)(memory + at.w_sums),
    };
    *dense = d;
    return UMM_OK;
}
