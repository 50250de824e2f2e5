/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/dense_f64.h"

#include "random.h"

static double random_double(uint64_t *state)
{
    return (double)(int64_t)xorshift64(state) * 0x1p-63;
}

static double *random_doubles(uint64_t *state, size_t n)
{
    double *numbers = malloc(n * sizeof *numbers);
    assert_non_null(numbers);
    for (size_t i = 0; i < n; i++)
        numbers[i] = random_double(state);
    return numbers;
}

/* volatile: each product and each sum is rounded, whatever the compiler would join. */
static double chain(const double *x, const double *weights, size_t n, double bias)
{
    volatile double sum = bias;
    for (size_t i = 0; i < n; i++) {
        volatile double product = weights[i] * x[i];
        sum = sum + product;
    }
    return sum;
}

static void check_shape(uint64_t *state, uint32_t n_in, uint32_t n_out, bool has_bias)
{
    enum { N_ROWS = 5 };
    double *weights = random_doubles(state, (size_t)n_in * n_out);
    double *bias = random_doubles(state, n_out), *x = random_doubles(state, (size_t)N_ROWS * n_in);
    double *y = random_doubles(state, (size_t)N_ROWS * n_out + 1);
    const double after = y[(size_t)N_ROWS * n_out];
    struct umm_dense_f64 *dense = NULL;
    assert_int_equal(
        umm_dense_f64_new(n_in, n_out, weights, has_bias ? bias : NULL, -0.5F, 0.75F, &dense, NULL),
        UMM_OK);
    umm_dense_f64_run(dense, x, N_ROWS, y);
    for (size_t row = 0; row < N_ROWS; row++)
        for (size_t o = 0; o < n_out; o++) {
            const double sum =
                chain(x + row * n_in, weights + o * n_in, n_in, has_bias ? bias[o] : 0);
            assert_true(y[row * n_out + o] == fmin(fmax(sum, -0.5), 0.75));
        }
    assert_true(y[(size_t)N_ROWS * n_out] == after);
    umm_dense_f64_free(dense);
    free(weights);
    free(bias);
    free(x);
    free(y);
}

static void sums_are_chains(void **unused)
{
    static const uint32_t widths[] = {1, 2, 3, 7, 8, 33, 100};
    uint64_t state = RANDOM_SEED;
    (void)unused;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (size_t k = 0; k < sizeof widths / sizeof *widths; k++)
            check_shape(&state, widths[i], widths[k], (i + k) % 2);
}

static void nan_is_of_one_kind_and_minus_zero_stays(void **unused)
{
    static const uint64_t nan_bits = 0x7ff8000000000000;
    const double weights[] = {1, -1}, minus_zero = -0.0;
    const double x[] = {-(double)NAN, 0, (double)INFINITY, (double)INFINITY, -0.0, 0};
    double y[3];
    struct umm_dense_f64 *dense = NULL;
    (void)unused;
    assert_int_equal(umm_dense_f64_new(2, 1, weights, &minus_zero, 0, INFINITY, &dense, NULL),
                     UMM_OK);
    umm_dense_f64_run(dense, x, 3, y);
    assert_memory_equal(&y[0], &nan_bits, sizeof nan_bits);
    assert_memory_equal(&y[1], &nan_bits, sizeof nan_bits);
    assert_memory_equal(&y[2], &minus_zero, sizeof minus_zero);
    umm_dense_f64_free(dense);
    umm_dense_f64_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_chains),
        cmocka_unit_test(nan_is_of_one_kind_and_minus_zero_stays),
    };
    return cmocka_run_group_tests_name("dense_f64", tests, NULL, NULL);
}
