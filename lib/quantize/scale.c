/* SPDX-License-Identifier: MIT */
#include "quantize/scale.h"

#include <float.h>
#include <math.h>

/* A scale that is a normal float: files hold no other, and dividing by it stays finite. */
static float normal(double scale)
{
    if (scale < (double)FLT_MIN)
        return FLT_MIN;
    return scale > (double)FLT_MAX ? FLT_MAX : (float)scale;
}

struct umm_quantize_scale umm_quantize_scale_of(struct umm_quantize_range range)
{
    const double n_steps = UMM_QUANTIZE_HIGH - UMM_QUANTIZE_LOW;
    const double low = range.low < 0 ? (double)range.low : 0;
    const double high = range.high > 0 ? (double)range.high : 0;
    if (!(low < high))
        return (struct umm_quantize_scale){.scale = 1};
    const float scale = normal((high - low) / n_steps);
    const double zero_point = rint(UMM_QUANTIZE_LOW - low / (double)scale);
    const double clamped = fmin(fmax(zero_point, UMM_QUANTIZE_LOW), UMM_QUANTIZE_HIGH);
    return (struct umm_quantize_scale){.scale = scale, .zero_point = (int32_t)clamped};
}

struct umm_quantize_range umm_quantize_limits_of(struct umm_quantize_scale scale)
{
    return (struct umm_quantize_range){
        .low = (float)(UMM_QUANTIZE_LOW - scale.zero_point) * scale.scale,
        .high = (float)(UMM_QUANTIZE_HIGH - scale.zero_point) * scale.scale};
}

float umm_quantize_magnitude(const float *numbers, size_t n)
{
    float most = 0;
    for (size_t i = 0; i < n; i++)
        if (fabsf(numbers[i]) > most)
            most = fabsf(numbers[i]);
    return most;
}

float umm_quantize_weight_scale(float weight_max, float bias_max, float input_scale)
{
    const double bias_steps = 0x1p30;
    const double of_weights = (double)weight_max / UMM_QUANTIZE_WEIGHT_MAX;
    const double of_bias = (double)bias_max / ((double)input_scale * bias_steps);
    if (of_weights == 0 && of_bias == 0)
        return 1;
    return normal(of_weights > of_bias ? of_weights : of_bias);
}

int8_t umm_quantize_weight(float number, float scale)
{
    const double steps = rint((double)number / (double)scale), most = UMM_QUANTIZE_WEIGHT_MAX;
    return (int8_t)fmin(fmax(steps, -most), most);
}

int32_t umm_quantize_bias(float number, float scale)
{
    const double steps = rint((double)number / (double)scale);
    return (int32_t)fmin(fmax(steps, INT32_MIN), INT32_MAX);
}
