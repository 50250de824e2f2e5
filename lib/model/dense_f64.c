/* SPDX-License-Identifier: MIT */
#include "model/dense_f64.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"

/* numbers: the biases, then for each input its weight of every output. */
struct umm_dense_f64 {
    size_t n_in, n_out;
    double low, high;
    double numbers[];
};

enum umm_status umm_dense_f64_new(uint32_t n_in, uint32_t n_out, const double *weights,
                                  const double *bias, float low, float high,
                                  struct umm_dense_f64 **dense, struct umm_error *err)
{
    const size_t len_bytes =
        sizeof(struct umm_dense_f64) + ((size_t)n_in + 1) * n_out * sizeof(double);
    struct umm_dense_f64 *made = malloc(len_bytes);
    *dense = made;
    if (!made)
        return umm_error_set_memory(err, len_bytes, "a layer");
    made->n_in = n_in;
    made->n_out = n_out;
    made->low = (double)low;
    made->high = (double)high;
    for (size_t o = 0; o < n_out; o++) {
        made->numbers[o] = bias ? bias[o] : 0;
        for (size_t i = 0; i < n_in; i++)
            made->numbers[(i + 1) * n_out + o] = weights[o * n_in + i];
    }
    return UMM_OK;
}

void umm_dense_f64_free(struct umm_dense_f64 *dense)
{
    free(dense);
}

static double limited(const struct umm_dense_f64 *dense, double y)
{
    if (y != y)
        return (double)NAN;
    return y < dense->low ? dense->low : y > dense->high ? dense->high : y;
}

/* Outputs side by side, which a compiler makes vectors of: each has its own chain. */
static void run_row(const struct umm_dense_f64 *dense, const double *x, double *restrict y)
{
    const size_t n_out = dense->n_out;
    const double *restrict numbers = dense->numbers;
    for (size_t o = 0; o < n_out; o++)
        y[o] = numbers[o];
    for (size_t i = 0; i < dense->n_in; i++) {
        const double number = x[i];
        numbers += n_out;
        for (size_t o = 0; o < n_out; o++)
            y[o] += number * numbers[o];
    }
    for (size_t o = 0; o < n_out; o++)
        y[o] = limited(dense, y[o]);
}

void umm_dense_f64_run(const struct umm_dense_f64 *dense, const double *x, size_t n_rows, double *y)
{
    for (size_t row = 0; row < n_rows; row++)
        run_row(dense, x + row * dense->n_in, y + row * dense->n_out);
}
