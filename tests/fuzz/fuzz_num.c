/* SPDX-License-Identifier: MIT */
/*
 * fuzz_num.c - number texts against independent readings of them.
 *
 * The grammar is checked by a state machine of its own, floating point by the C
 * library's strtod and strtof, integers by moving the point digit by digit.
 *
 *   clang -g -O1 -std=c11 -Ilib -fsanitize=fuzzer,address,undefined \
 *       tests/fuzz/fuzz_num.c lib/text/num.c lib/text/pow10.c -o fuzz_num
 */
#include "umm.h"

#include "../strtod.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true, const char *what, const char *text)
{
    if (is_true)
        return;
    fprintf(stderr, "%s: \"%s\"\n", what, text);
    abort();
}

/* What of the grammar has been read; the last state of a number accepts or not. */
enum state {
    AT_START,
    AFTER_SIGN,
    IN_INTEGER,
    AT_POINT,
    IN_DECIMALS,
    AT_E,
    AT_E_SIGN,
    IN_EXPONENT,
    BAD
};

static enum state next_state(enum state s, char c)
{
    bool is_digit = c != 0 && strchr("0123456789", c) != NULL;
    bool is_sign = c == '+' || c == '-', is_e = c == 'e' || c == 'E';

    switch (s) {
    case AT_START: return is_sign ? AFTER_SIGN : is_digit ? IN_INTEGER : c == '.' ? AT_POINT : BAD;
    case AFTER_SIGN: return is_digit ? IN_INTEGER : c == '.' ? AT_POINT : BAD;
    case IN_INTEGER: return is_digit ? s : c == '.' ? IN_DECIMALS : is_e ? AT_E : BAD;
    case AT_POINT: return is_digit ? IN_DECIMALS : BAD;
    case IN_DECIMALS: return is_digit ? s : is_e ? AT_E : BAD;
    case AT_E: return is_sign ? AT_E_SIGN : is_digit ? IN_EXPONENT : BAD;
    case AT_E_SIGN:
    case IN_EXPONENT: return is_digit ? IN_EXPONENT : BAD;
    case BAD: break;
    }
    return BAD;
}

static bool is_number(const char *text, size_t len_bytes)
{
    enum state s = AT_START;

    for (size_t i = 0; i < len_bytes; i++)
        s = next_state(s, text[i]);
    return s == IN_INTEGER || s == IN_DECIMALS || s == IN_EXPONENT;
}

/* Exponents beyond this move any text of the sizes fuzzed here wholly out of range. */
enum { EXPONENT_FAR = 1000000 };

static long read_exponent(const char *text)
{
    const char *p = text + strcspn(text, "eE");
    bool is_negative = false;
    long e = 0;

    if (*p == 0)
        return 0;
    p++;
    if (*p == '-' || *p == '+')
        is_negative = *p++ == '-';
    for (; *p; p++)
        e = e < EXPONENT_FAR ? e * 10 + (*p - '0') : EXPONENT_FAR;
    return is_negative ? -e : e;
}

/* Write all digits in order, with the place of the point; add up those before it. */
static enum umm_num_result read_integer(const char *text, int64_t *out)
{
    const char *mantissa = text + (*text == '-' || *text == '+');
    size_t len_bytes = strcspn(mantissa, "eE"), n_before = strcspn(mantissa, ".eE");
    long point = (long)n_before + read_exponent(text), place = 0;
    bool is_over = false;
    int64_t v = 0;

    for (size_t i = 0; i < len_bytes; i++) {
        int digit = mantissa[i] - '0';

        if (mantissa[i] == '.')
            continue;
        if (place++ >= point) {
            if (digit)
                return UMM_NUM_INEXACT;
            continue;
        }
        is_over |= __builtin_mul_overflow(v, 10, &v);
        is_over |= __builtin_add_overflow(v, *text == '-' ? -digit : digit, &v);
    }
    for (; v && !is_over && place < point; place++)
        is_over |= __builtin_mul_overflow(v, 10, &v);
    *out = v;
    return is_over ? UMM_NUM_OVERFLOW : UMM_NUM_OK;
}

static void check_i64(const char *text, const char *exact, size_t len_bytes)
{
    int64_t expected = 0, actual = 0;
    enum umm_num_result wanted = read_integer(text, &expected);
    enum umm_num_result result = umm_num_parse_i64(exact, len_bytes, '.', &actual);

    require(result == wanted, "integer result", text);
    require(result != UMM_NUM_OK || actual == expected, "integer", text);
}

/* exact has no byte behind it, so that the sanitizer sees a read too far. */
static void check(const char *text, const char *exact, size_t len_bytes)
{
    double f64;
    float f32;
    int64_t i64;

    if (is_number(text, len_bytes)) {
        require(is_f64_as_strtod(text, exact, len_bytes), "binary64", text);
        require(is_f32_as_strtof(text, exact, len_bytes), "binary32", text);
        check_i64(text, exact, len_bytes);
        return;
    }
    require(umm_num_parse_f64(exact, len_bytes, '.', &f64) == UMM_NUM_MALFORMED, "accepted", text);
    require(umm_num_parse_f32(exact, len_bytes, '.', &f32) == UMM_NUM_MALFORMED, "accepted", text);
    require(umm_num_parse_i64(exact, len_bytes, '.', &i64) == UMM_NUM_MALFORMED, "accepted", text);
}

/* Few random bytes are numbers: read the same input as letters of the grammar too. */
static void replace_by_grammar(char *text, char *exact, size_t len_bytes)
{
    static const char letters[] = "0123456789000999.eE+-.00123456789";

    for (size_t i = 0; i < len_bytes; i++)
        if (text[i] == 0 || !strchr("0123456789.eE+-", text[i]))
            text[i] = exact[i] = letters[(unsigned char)text[i] % 32];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *exact = malloc(size ? size : 1);

    if (text && exact && size) {
        memcpy(text, data, size);
        memcpy(exact, data, size);
        text[size] = 0;
        check(text, exact, size);
        replace_by_grammar(text, exact, size);
        check(text, exact, size);
    }
    free(exact);
    free(text);
    return 0;
}
