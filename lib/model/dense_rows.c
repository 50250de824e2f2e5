/* SPDX-License-Identifier: MIT */
#include "model/dense_engines.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Bytes of a number of x as the caller has it. */
static size_t x_bytes(const struct umm_dense *dense)
{
    return dense->engine->form == UMM_DENSE_F32 ? sizeof(float) : 1;
}

void umm_dense_rows_run(const struct umm_dense *dense, const void *x, size_t x_stride,
                        size_t n_rows, void *y, size_t y_step, void *scratch)
{
    const struct umm_dense_engine *engine = dense->engine;
    if (!dense->is_prepared) {
        engine->run(dense, x, x_stride, n_rows, y, y_step);
        return;
    }
    const char *from = (const char *)x;
    char *to = (char *)y, *prepared = (char *)scratch;
    size_t prepared_stride = dense->row_bytes / umm_dense_form_bytes(engine->form), n;
    for (; n_rows; n_rows -= n, from += n * x_stride * x_bytes(dense), to += n * y_step) {
        n = smaller(n_rows, dense->rows_at_once);
        for (size_t row = 0; row < n; row++)
            engine->prepare(from + row * x_stride * x_bytes(dense), dense->n_in, dense->is_x_u8,
                            prepared + row * dense->row_bytes);
        engine->run(dense, prepared, prepared_stride, n, to, y_step);
    }
}
