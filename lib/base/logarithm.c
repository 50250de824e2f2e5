/* SPDX-License-Identifier: MIT */
#include "base/logarithm.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Write a positive x as a significand in [1, 2) and a power of two. */
static double split(double x, int *power)
{
    const double two_54 = 18014398509481984.0;
    const int bias = 1023;
    uint64_t bits;
    *power = -bias;
    if (x < 2.2250738585072014e-308) { /* no normal number */
        x *= two_54;
        *power -= 54;
    }
    memcpy(&bits, &x, sizeof bits);
    *power += (int)(bits >> 52);
    bits = (bits & 0xFFFFFFFFFFFFF) | (uint64_t)bias << 52;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/*
 * x / y = 2^k * (a / b) with a / b within [0.7, 1.43], and ln(a / b) = 2 artanh(s) for
 * s = (a - b) / (a + b), |s| < 0.18. artanh(s) / s - 1 is a series in s^2 whose terms from
 * s^24 / 25 on are below 2^-60. a - b is exact (Sterbenz), so s has two roundings.
 */
double umm_log_ratio(double x, double y)
{
    /* ln 2 as a number of 32 bits, whose multiples by k are exact, and the rest. */
    const double ln2_high = 0.69314718036912381649, ln2_low = 1.9082149292705877000e-10;
    int power_x, power_y;
    if (x < 0 && y < 0) {
        x = -x;
        y = -y;
    }
    if (!(x > 0 && y > 0))
        return NAN;
    double a = split(x, &power_x), b = split(y, &power_y);
    double k = power_x - power_y;
    if (a > b * 1.414) {
        a *= 0.5;
        k += 1;
    } else if (b > a * 1.414) {
        b *= 0.5;
        k -= 1;
    }
    double s = (a - b) / (a + b), s2 = s * s;
    double tail = 1.0 / 23;
    for (int i = 21; i >= 3; i -= 2)
        tail = tail * s2 + 1.0 / i;
    double log = 2 * s + 2 * s * (s2 * tail);
    return k == 0 ? log : k * ln2_high + (log + k * ln2_low);
}
