/* SPDX-License-Identifier: MIT */
#include "text/shortest.h"

#include "base/multiply.h"
#include "text/pow10.h"
#include "text/print.h"

#include <float.h>
#include <stdbool.h>
#include <string.h>

/* digits * 10^exponent */
struct decimal {
    uint64_t digits;
    int exponent;
};

/* ---- digits ---- */

/*
 * floor(log10(2^q)), or floor(log10(3/4 * 2^q)): 1262611 / 2^22 is log10(2) and
 * 524031 / 2^22 is log10(4/3), near enough for |q| <= 1500. The sum keeps the shifted
 * value positive: a right shift of a negative one is the compiler's choice.
 */
static inline int floor_log10(int q, bool is_three_quarters)
{
    enum { SHIFT = 22, OFFSET = 512 };
    const int64_t scaled = (int64_t)q * 1262611 - (is_three_quarters ? 524031 : 0);
    return (int)((scaled + ((int64_t)OFFSET << SHIFT)) >> SHIFT) - OFFSET;
}

/*
 * floor(g * c / 2^128), its low bit set when the fraction is more than what taking g a
 * little too large can have made up: what is compared with it then compares right.
 */
static inline uint64_t round_to_odd(const struct umm_pow10 *g, uint64_t c)
{
    uint64_t low, high;
    umm_multiply_add(g->lo, c, 0, &low);
    low = umm_multiply_add(g->hi, c, low, &high);
    return high | (low > 1);
}

/* 10^k from above: exact, or less than one unit of 2^-128 too large. */
static inline struct umm_pow10 pow10_from_above(int k)
{
    struct umm_pow10 g = umm_pow10[k - UMM_POW10_MIN];
    g.lo += k < UMM_POW10_EXACT_MIN || k > UMM_POW10_EXACT_MAX;
    return g;
}

/*
 * The shortest decimal in the rounding interval of c * 2^q, 0 < c < 2^53. The interval
 * reaches half a unit of c to either side, a quarter to the lower one when is_closer
 * (c is a power of two whose lower neighbour has a smaller exponent); its ends belong
 * to it when c is even. In units of 10^k / 4, k being such that a unit of 10^k fits
 * into the interval and one of 10^(k+1) at most once:
 *
 *          lower     value     upper
 *     ---|---[---------*---------]-----|---     | multiples of 10^k
 *
 * Digits of 10^(k+1) are tried first: one of the two neighbours of the value may be
 * inside. Then the two neighbours in 10^k, of which one is inside or both are.
 */
static struct decimal shorten(uint64_t c, int q, bool is_closer)
{
    const bool is_odd = c & 1;
    const int k = floor_log10(q, is_closer);
    const int shift = q + umm_pow10_log2(-k) + 1;
    const struct umm_pow10 g = pow10_from_above(-k);
    const uint64_t lower = round_to_odd(&g, (4 * c - 2 + is_closer) << shift) + is_odd;
    const uint64_t value = round_to_odd(&g, (4 * c) << shift);
    const uint64_t upper = round_to_odd(&g, (4 * c + 2) << shift) - is_odd;
    const uint64_t s = value / 4, tens = s / 10;
    if (tens > 0) {
        const bool has_below = lower <= 40 * tens, has_above = 40 * tens + 40 <= upper;
        if (has_below != has_above)
            return (struct decimal){tens + has_above, k + 1};
    }
    const bool has_below = lower <= 4 * s, has_above = 4 * s + 4 <= upper;
    if (has_below != has_above)
        return (struct decimal){s + has_above, k};
    const uint64_t middle = 4 * s + 2;
    return (struct decimal){s + (value > middle || (value == middle && (s & 1))), k};
}

/* A finite value that is not zero, from its fields. */
static struct decimal shorten_fields(uint64_t mantissa, int biased, int mantissa_bits, int bias)
{
    const uint64_t hidden = (uint64_t)1 << mantissa_bits;
    if (biased == 0)
        return shorten(mantissa, 1 - bias - mantissa_bits, false);
    return shorten(mantissa | hidden, biased - bias - mantissa_bits, mantissa == 0 && biased > 1);
}

/* ---- notation ---- */

static char *fill_zeros(char *out, int n)
{
    memset(out, '0', (size_t)n);
    return out + n;
}

/* digits[0..n) with a point after the first, and the power of ten of the first. */
static char *put_scientific(char *out, const char *digits, int n, int exponent)
{
    *out++ = digits[0];
    if (n > 1) {
        *out++ = '.';
        memcpy(out, digits + 1, (size_t)n - 1);
        out += n - 1;
    }
    *out++ = 'e';
    if (exponent > 0)
        *out++ = '+';
    return umm_print_i64(out, exponent);
}

static char *put_decimal(char *out, struct decimal d)
{
    enum { POINT_MIN = -5, POINT_MAX = 21 };
    char digits[UMM_PRINT_U64_MAX];
    const char *end = umm_print_u64(digits, d.digits);
    const int point = (int)(end - digits) + d.exponent; /* digits before it */
    while (end[-1] == '0')
        end--;
    const int n = (int)(end - digits);
    if (point < POINT_MIN || point > POINT_MAX)
        return put_scientific(out, digits, n, point - 1);
    if (point <= 0) {
        memcpy(out, "0.", 2);
        out = fill_zeros(out + 2, -point);
        memcpy(out, digits, (size_t)n);
        return out + n;
    }
    if (n <= point) {
        memcpy(out, digits, (size_t)n);
        return fill_zeros(out + n, point - n);
    }
    memcpy(out, digits, (size_t)point);
    out[point] = '.';
    memcpy(out + point + 1, digits + point, (size_t)(n - point));
    return out + n + 1;
}

/* Zero, infinity or NaN. */
static char *put_special(char *out, bool is_negative, bool is_zero, bool is_nan)
{
    if (is_negative && !is_nan)
        *out++ = '-';
    if (is_zero) {
        *out = '0';
        return out + 1;
    }
    memcpy(out, is_nan ? "NaN" : "inf", 3);
    return out + 3;
}

/* ---- the three formats ---- */

/* Where intermediate results carry more bits than their type, a division rounds twice. */
#if FLT_EVAL_METHOD == 0
enum { HAS_EXACT_OPERATIONS = 1 };
#else
enum { HAS_EXACT_OPERATIONS = 0 };
#endif

/*
 * Prices and sizes: v > 0 with few decimals. The quotient of integers up to 2^53 and a
 * power of ten is the binary64 nearest to that decimal, so when it is v, the decimal
 * reads back as v. Decimals of up to 15 digits are further apart than binary64 values,
 * so no other one of up to 15 digits does: without its zeros it is the shortest. (An
 * integer below 2^53 has no shorter one even with 16 digits: that would be an integer.)
 */
static inline bool find_few_decimals(double v, struct decimal *out)
{
    uint64_t n;
    if (!HAS_EXACT_OPERATIONS || v >= 0x1p53)
        return false;
    n = (uint64_t)v;
    *out = (struct decimal){n, 0};
    if ((double)n == v)
        return true;
    if (v >= 1e11)
        return false;
    const double scale = v < 1e7 ? 1e8 : 1e4;
    n = (uint64_t)(v * scale + 0.5);
    *out = (struct decimal){n, v < 1e7 ? -8 : -4};
    return (double)n / scale == v;
}

char *umm_print_f64_shortest(char *out, double v)
{
    enum { MANTISSA_BITS = 52, BIAS = 1023, BIASED_MAX = 2047 };
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    const bool is_negative = bits >> 63;
    const int biased = (int)(bits >> MANTISSA_BITS) & BIASED_MAX;
    const uint64_t mantissa = bits & (((uint64_t)1 << MANTISSA_BITS) - 1);
    if (biased == BIASED_MAX || ((uint64_t)biased | mantissa) == 0)
        return put_special(out, is_negative, biased == 0, mantissa != 0);
    struct decimal d;
    if (is_negative)
        *out++ = '-';
    if (!find_few_decimals(is_negative ? -v : v, &d))
        d = shorten_fields(mantissa, biased, MANTISSA_BITS, BIAS);
    return put_decimal(out, d);
}

/* Of a small format: exponent_bits may be 5 or 8. */
static char *print_small(char *out, uint32_t bits, int mantissa_bits, int exponent_bits)
{
    const int biased_max = (1 << exponent_bits) - 1;
    const bool is_negative = bits >> (mantissa_bits + exponent_bits);
    const int biased = (int)(bits >> mantissa_bits) & biased_max;
    const uint32_t mantissa = bits & (((uint32_t)1 << mantissa_bits) - 1);
    if (biased == biased_max || (biased | (int)mantissa) == 0)
        return put_special(out, is_negative, biased == 0, mantissa != 0);
    if (is_negative)
        *out++ = '-';
    return put_decimal(out, shorten_fields(mantissa, biased, mantissa_bits, biased_max / 2));
}

char *umm_print_f32_shortest(char *out, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return print_small(out, bits, 23, 8);
}

char *umm_print_f16_shortest(char *out, uint16_t bits)
{
    return print_small(out, bits, 10, 5);
}
