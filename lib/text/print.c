/* SPDX-License-Identifier: MIT */
#include "text/print.h"

#include <assert.h>
#include <string.h>

static const char digit_pairs[] = "00010203040506070809"
                                  "10111213141516171819"
                                  "20212223242526272829"
                                  "30313233343536373839"
                                  "40414243444546474849"
                                  "50515253545556575859"
                                  "60616263646566676869"
                                  "70717273747576777879"
                                  "80818283848586878889"
                                  "90919293949596979899";

/* Powers of ten, but entry 0 is 0: that makes count_digits give one digit to zero too. */
static const uint64_t powers[20] = {
    0,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
    10000000000000000000U,
};

/*
 * The number of decimal digits of v. 1233 / 4096 approximates log10(2) from below,
 * so the estimate from the bit length is right or one too small.
 */
static unsigned count_digits(uint64_t v)
{
    unsigned n_bits = 64 - (unsigned)__builtin_clzll(v | 1);
    unsigned estimate = n_bits * 1233 >> 12;

    return estimate + (v >= powers[estimate]);
}

/* Write the n_digits low decimal digits of v, zeros in front, so that they end at end. */
static void write_digits(char *end, uint64_t v, unsigned n_digits)
{
    for (; n_digits >= 2; n_digits -= 2) {
        end -= 2;
        memcpy(end, digit_pairs + v % 100 * 2, 2);
        v /= 100;
    }
    if (n_digits)
        end[-1] = (char)('0' + v % 10);
}

char *umm_print_u64(char *out, uint64_t v)
{
    unsigned n_digits = count_digits(v);

    write_digits(out + n_digits, v, n_digits);
    return out + n_digits;
}

/* Write the sign of v, if it has one; *magnitude gets |v|, 2^63 for INT64_MIN. */
static char *print_sign(char *out, int64_t v, uint64_t *magnitude)
{
    *magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    if (v < 0)
        *out++ = '-';
    return out;
}

char *umm_print_i64(char *out, int64_t v)
{
    uint64_t magnitude;

    out = print_sign(out, v, &magnitude);
    return umm_print_u64(out, magnitude);
}

char *umm_print_fixed(char *out, int64_t scaled, unsigned n_decimals)
{
    uint64_t magnitude, unit;

    assert(n_decimals <= UMM_PRINT_FIXED_DECIMALS_MAX);
    if (n_decimals == 0)
        return umm_print_i64(out, scaled);
    out = print_sign(out, scaled, &magnitude);
    unit = powers[n_decimals];
    out = umm_print_u64(out, magnitude / unit);
    *out++ = '.';
    write_digits(out + n_decimals, magnitude % unit, n_decimals);
    return out + n_decimals;
}
