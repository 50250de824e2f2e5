/* SPDX-License-Identifier: MIT */
#include "modelfile/tflite_fixed.h"

#include <math.h>
#include <stdlib.h>

/* A number as multiplier / 2^31 * 2^shift. */
struct fixed {
    int64_t multiplier;
    int shift;
};

enum { FRACTION_BITS = 31 };

static struct fixed fixed_of(double ratio)
{
    struct fixed fixed = {0, 0};
    double fraction = frexp(ratio, &fixed.shift);
    fixed.multiplier = llround(ldexp(fraction, FRACTION_BITS));
    if (fixed.multiplier == INT64_C(1) << FRACTION_BITS) {
        fixed.multiplier /= 2;
        fixed.shift++;
    }
    return fixed;
}

/* a b / 2^31, rounded, halves up. */
static int64_t high_half(int64_t a, int64_t b)
{
    const int64_t one = INT64_C(1) << FRACTION_BITS;
    int64_t product = a * b, nudge = product >= 0 ? one / 2 : 1 - one / 2;
    return (product + nudge) / one;
}

/* x / 2^n, rounded, halves away from 0. */
static int64_t divide(int64_t x, int n)
{
    const int64_t one = INT64_C(1) << n;
    int64_t magnitude = (llabs(x) + one / 2) / one;
    return x < 0 ? -magnitude : magnitude;
}

bool umm_tflite_is_exact(double ratio, int from, int to)
{
    const double margin = 1e-4;
    if (!(ratio > 0x1p-20) || !(ratio < 0x1p12))
        return false;
    struct fixed fixed = fixed_of(ratio);
    int left = fixed.shift > 0 ? fixed.shift : 0, right = fixed.shift < 0 ? -fixed.shift : 0;
    for (int x = from; x <= to; x++) {
        double exact = ratio * x;
        if (fabs(exact - floor(exact) - 0.5) < margin)
            return false;
        int64_t rounded =
            divide(high_half((int64_t)x * (INT64_C(1) << left), fixed.multiplier), right);
        if ((double)rounded != rint(exact))
            return false;
    }
    return true;
}
