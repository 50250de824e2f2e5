/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/dense_engines.h"
#include "model/dense_pack.h"

/* Rows that are prepared at once fit the first cache beside a panel of weights. */
enum { PREPARED_BYTES = 16384 };

static bool is_integer(const struct umm_dense_spec *spec)
{
    return spec->weights_i8 != NULL;
}

static bool has_zero_points(const struct umm_dense_spec *spec)
{
    for (uint32_t o = 0; spec->w_zero_points && o < spec->n_out; o++)
        if (spec->w_zero_points[o])
            return true;
    return false;
}

static bool is_byte(int32_t value, bool is_u8)
{
    return is_u8 ? value >= 0 && value <= UINT8_MAX : value >= INT8_MIN && value <= INT8_MAX;
}

static enum umm_status check_numbers(const struct umm_dense_spec *spec, struct umm_error *err)
{
    if (!spec->is_dynamic && !is_byte(spec->x_zero_point, spec->is_x_u8))
        return umm_error_set(err, UMM_ERR_DATA, "a zero point of %d is none of its type",
                             spec->x_zero_point);
    bool is_y_byte = !spec->is_dynamic && !spec->is_y_f32;
    if (is_y_byte && !(is_byte(spec->y_zero_point, spec->is_y_u8) &&
                       is_byte(spec->y_low, spec->is_y_u8) && is_byte(spec->y_high, spec->is_y_u8)))
        return umm_error_set(err, UMM_ERR_DATA,
                             "zero point %d and limits %d and %d are none of their type",
                             spec->y_zero_point, spec->y_low, spec->y_high);
    for (uint32_t o = 0; o < spec->n_out; o++) {
        if (!(spec->multipliers[o] >= 0) || isinf(spec->multipliers[o]))
            return umm_error_set(err, UMM_ERR_DATA, "output %u: a scale is negative or not finite",
                                 o);
        if (spec->w_zero_points && !is_byte(spec->w_zero_points[o], false))
            return umm_error_set(err, UMM_ERR_DATA,
                                 "output %u: a zero point of %d is none of its type", o,
                                 spec->w_zero_points[o]);
    }
    return UMM_OK;
}

/* The least and the greatest that a sum of the output can be. */
struct reach {
    int64_t low, high;
};

static struct reach reach_of(const struct umm_dense_spec *spec, uint32_t o)
{
    int64_t x_low = -spec->x_zero_point + (spec->is_x_u8 ? 0 : INT8_MIN),
            x_high = x_low + UINT8_MAX;
    if (spec->is_dynamic)
        x_low = spec->is_x_u8 || spec->is_asymmetric ? -UINT8_MAX : -INT8_MAX, x_high = -x_low;
    const int8_t *w = spec->weights_i8 + (size_t)o * spec->n_in;
    int64_t zero = spec->w_zero_points ? spec->w_zero_points[o] : 0, up = 0, down = 0;
    for (uint32_t i = 0; i < spec->n_in; i++) {
        up += w[i] > zero ? w[i] - zero : 0;
        down += w[i] < zero ? zero - w[i] : 0;
    }
    int64_t bias = spec->bias_i32 ? spec->bias_i32[o] : 0;
    return (struct reach){.low = bias + up * x_low - down * x_high,
                          .high = bias + up * x_high - down * x_low};
}

/* *is_far: a sum times its multiplier can be beyond what an int32_t holds. */
static enum umm_status check_reach(const struct umm_dense_spec *spec, bool *is_far,
                                   struct umm_error *err)
{
    *is_far = false;
    for (uint32_t o = 0; o < spec->n_out; o++) {
        struct reach reach = reach_of(spec, o);
        if (reach.low < INT32_MIN || reach.high > INT32_MAX)
            return umm_error_set(err, UMM_ERR_UNSUPPORTED,
                                 "output %u: its weights and its bias can add up to more than 32 "
                                 "bits hold",
                                 o);
        double far = fmax(-(double)reach.low, (double)reach.high) * (double)spec->multipliers[o];
        *is_far = *is_far || far >= 2147483000.0;
    }
    return UMM_OK;
}

static const struct umm_dense_engine *f32_engine(enum umm_cpu cpu, uint32_t n_out)
{
    const struct umm_dense_engine *engine = &umm_dense_f32_portable;
    switch (cpu) {
    case UMM_CPU_NEON: engine = &umm_dense_f32_neon; break;
    case UMM_CPU_AVX2: engine = &umm_dense_f32_avx2; break;
    case UMM_CPU_AVX512:
        engine = n_out <= UMM_DENSE_FEW ? &umm_dense_few_f32_avx512 : &umm_dense_f32_avx512;
        break;
    case UMM_CPU_PORTABLE:
    case UMM_CPU_COUNT: break;
    }
    return engine->run ? engine : &umm_dense_f32_portable;
}

/* Weights with a zero point have nine bits, so an engine of 8 bits leaves them to one of 16. */
static const struct umm_dense_engine *int_avx512_engine(const struct umm_dense_spec *spec)
{
    enum { FEW_IN = 64 }; /* that the engine for few outputs takes at once */
    if (has_zero_points(spec))
        return &umm_dense_int_avx2;
    bool is_few = spec->n_out <= UMM_DENSE_FEW && spec->n_in >= FEW_IN;
    return is_few ? &umm_dense_few_int_avx512 : &umm_dense_int_avx512;
}

static const struct umm_dense_engine *int_engine(enum umm_cpu cpu,
                                                 const struct umm_dense_spec *spec)
{
    const struct umm_dense_engine *engine = &umm_dense_int_portable;
    switch (cpu) {
    case UMM_CPU_NEON: engine = &umm_dense_int_neon; break;
    case UMM_CPU_AVX2: engine = &umm_dense_int_avx2; break;
    case UMM_CPU_AVX512: engine = int_avx512_engine(spec); break;
    case UMM_CPU_PORTABLE:
    case UMM_CPU_COUNT: break;
    }
    return engine->run ? engine : &umm_dense_int_portable;
}

static enum umm_dense_end end_of(const struct umm_dense_spec *spec)
{
    if (!is_integer(spec))
        return UMM_DENSE_FLOAT;
    if (spec->is_dynamic)
        return UMM_DENSE_TO_I32;
    return spec->is_y_f32 ? UMM_DENSE_TO_F32 : UMM_DENSE_TO_I8;
}

static void set_bounds(struct umm_dense_bounds *bounds, const struct umm_dense_spec *spec)
{
    int32_t offset = spec->is_y_u8 ? 128 : 0;
    for (size_t i = 0; i < 16; i++) {
        bounds->f32_low[i] = spec->low;
        bounds->f32_high[i] = spec->high;
    }
    for (size_t i = 0; i < 32; i++)
        bounds->zero_point[i] = (int16_t)(spec->y_zero_point - offset);
    memset(bounds->low, spec->y_low - offset, sizeof bounds->low);
    memset(bounds->high, spec->y_high - offset, sizeof bounds->high);
    memset(bounds->flip, spec->is_y_u8 ? 0x80 : 0, sizeof bounds->flip);
    bounds->is_plain =
        spec->is_y_u8 && !spec->y_zero_point && !spec->y_low && spec->y_high == UINT8_MAX;
}

/* A row in the engine's form ends at a multiple of 64 bytes, with as many after it to be read. */
static void set_rows(struct umm_dense *dense, const struct umm_dense_spec *spec)
{
    enum umm_dense_form form = dense->engine->form;
    dense->is_x_u8 = spec->is_x_u8;
    dense->is_asymmetric = spec->is_asymmetric;
    dense->is_prepared = form == UMM_DENSE_I16 || (form == UMM_DENSE_U8_I8 && !spec->is_x_u8);
    dense->row_bytes = (spec->n_in * umm_dense_form_bytes(form) + 63) / 64 * 64;
    size_t n = PREPARED_BYTES / (dense->row_bytes + 1) / 4 * 4;
    dense->rows_at_once = n < 4 ? 4 : n > UMM_DENSE_ROWS_MAX ? UMM_DENSE_ROWS_MAX : n;
}

enum umm_status umm_dense_new(const struct umm_dense_spec *spec, enum umm_cpu cpu,
                              struct umm_dense **dense, struct umm_error *err)
{
    *dense = NULL;
    const struct umm_dense_engine *engine = f32_engine(cpu, spec->n_out);
    if (is_integer(spec)) {
        bool is_far;
        enum umm_status status = check_numbers(spec, err);
        if (!status)
            status = check_reach(spec, &is_far, err);
        if (status)
            return status;
        is_far = is_far && !spec->is_dynamic && !spec->is_y_f32;
        engine = int_engine(is_far ? UMM_CPU_PORTABLE : cpu, spec);
    }
    enum umm_status status = umm_dense_pack(spec, engine, dense, err);
    if (status)
        return status;
    (*dense)->end = end_of(spec);
    set_bounds(&(*dense)->bounds, spec);
    set_rows(*dense, spec);
    return UMM_OK;
}

void umm_dense_free(struct umm_dense *dense)
{
    free(dense);
}

/* Prepared rows; of a dynamic layer first those that are quantised. */
static size_t prepared_bytes(const struct umm_dense *dense)
{
    return dense->is_prepared ? dense->rows_at_once * dense->row_bytes + 64 : 0;
}

size_t umm_dense_scratch_bytes(const struct umm_dense *dense)
{
    size_t quantised = dense->end == UMM_DENSE_TO_I32 ? umm_dense_dynamic_bytes(dense) : 0;
    return quantised + prepared_bytes(dense);
}

void umm_dense_run(const struct umm_dense *dense, const void *x, size_t x_stride, size_t n_rows,
                   void *y, size_t y_stride, void *scratch)
{
    size_t y_step = y_stride * (dense->end == UMM_DENSE_TO_I8 ? 1 : sizeof(float));
    if (dense->end == UMM_DENSE_TO_I32)
        umm_dense_dynamic_run(dense, (const float *)x, x_stride, n_rows, (float *)y, y_stride,
                              scratch);
    else
        umm_dense_rows_run(dense, x, x_stride, n_rows, y, y_step, scratch);
}
