/* SPDX-License-Identifier: MIT */
#include "model/dense_engines.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "model/dense_ends_avx512.inc"

enum { FEW_ROWS = 16, FEW_DEPTH = 64 };

/*
 * Floats: each sum is a chain over the inputs, so rows are lanes. Four columns of 16 rows are
 * turned: first the fours of a row go to where its lanes are,
 *
 *     | row 0 | row 4 | row 8 | row 12 |    and so for rows 1, 5, 9, 13; ...
 *
 * then what is in each quarter of four registers is transposed.
 */
struct columns {
    __m512 c0, c1, c2, c3;
};

/* The fours of rows 0, 4, 8 and 12 after x; n_rows - 1 is the last row that there is. */
TARGET
UMM_INLINE __m512 four_fours(const float *const x[FEW_ROWS], size_t at, const int first)
{
    __m512 fours = _mm512_castps128_ps512(_mm_loadu_ps(x[first] + at));
    fours = _mm512_mask_broadcast_f32x4(fours, 0x00F0, _mm_loadu_ps(x[first + 4] + at));
    fours = _mm512_mask_broadcast_f32x4(fours, 0x0F00, _mm_loadu_ps(x[first + 8] + at));
    return _mm512_mask_broadcast_f32x4(fours, 0xF000, _mm_loadu_ps(x[first + 12] + at));
}

TARGET
UMM_INLINE struct columns turn(const float *const x[FEW_ROWS], size_t at)
{
    __m512 a = four_fours(x, at, 0), b = four_fours(x, at, 1);
    __m512 c = four_fours(x, at, 2), d = four_fours(x, at, 3);
    __m512d ab = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
    __m512d cd = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
    __m512d ab_high = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
    __m512d cd_high = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));
    return (struct columns){_mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)),
                            _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)),
                            _mm512_castpd_ps(_mm512_unpacklo_pd(ab_high, cd_high)),
                            _mm512_castpd_ps(_mm512_unpackhi_pd(ab_high, cd_high))};
}

TARGET
UMM_INLINE __m512 add_column(__m512 sum, __m512 column, const float *w)
{
    return _mm512_fmadd_ps(column, _mm512_set1_ps(*w), sum);
}

/* Four inputs, or those that are left: what is read beyond them is anything. */
TARGET
UMM_INLINE __m512 add_columns(__m512 sum, const struct columns *x, const float *w, size_t n)
{
    sum = add_column(sum, x->c0, w);
    if (n > 1)
        sum = add_column(sum, x->c1, w + 1);
    if (n > 2)
        sum = add_column(sum, x->c2, w + 2);
    return n > 3 ? add_column(sum, x->c3, w + 3) : sum;
}

TARGET
UMM_INLINE void add_inputs(struct f32_sums *s, const struct columns *x, const float *w,
                           size_t w_stride, size_t n, const int n_out)
{
    s->v0 = add_columns(s->v0, x, w, n);
    if (n_out > 1)
        s->v1 = add_columns(s->v1, x, w + w_stride, n);
    if (n_out > 2)
        s->v2 = add_columns(s->v2, x, w + 2 * w_stride, n);
    if (n_out > 3)
        s->v3 = add_columns(s->v3, x, w + 3 * w_stride, n);
}

/* One output of n_rows rows. */
TARGET
UMM_INLINE void put_rows(__m512 result, size_t n_rows, char *y, size_t y_step)
{
    float values[FEW_ROWS];
    if (y_step == sizeof(float)) {
        put_lanes(result, (uint32_t)n_rows, y);
        return;
    }
    _mm512_storeu_ps(values, result);
    for (size_t row = 0; row < n_rows; row++)
        __builtin_memcpy(y + row * y_step, &values[row], sizeof values[row]);
}

TARGET
UMM_INLINE void f32_rows(const struct umm_dense *dense, const float *const x[FEW_ROWS],
                         size_t n_rows, char *y, size_t y_step, const int n_out)
{
    const float *w = (const float *)dense->weights, *bias = (const float *)dense->bias;
    const size_t n_in = dense->n_in;
    struct f32_sums s;
    s.v0 = _mm512_set1_ps(bias[0]);
    s.v1 = n_out > 1 ? _mm512_set1_ps(bias[1]) : s.v0;
    s.v2 = n_out > 2 ? _mm512_set1_ps(bias[2]) : s.v0;
    s.v3 = n_out > 3 ? _mm512_set1_ps(bias[3]) : s.v0;
    size_t i = 0;
    for (; i + 4 <= n_in; i += 4) {
        const struct columns columns = turn(x, i);
        add_inputs(&s, &columns, w + i, n_in, 4, n_out);
    }
    if (i < n_in) {
        const struct columns columns = turn(x, i);
        add_inputs(&s, &columns, w + i, n_in, n_in - i, n_out);
    }
    put_rows(end_f32(dense, s.v0), n_rows, y, y_step);
    if (n_out > 1)
        put_rows(end_f32(dense, s.v1), n_rows, y + sizeof(float), y_step);
    if (n_out > 2)
        put_rows(end_f32(dense, s.v2), n_rows, y + 2 * sizeof(float), y_step);
    if (n_out > 3)
        put_rows(end_f32(dense, s.v3), n_rows, y + 3 * sizeof(float), y_step);
}

/* One row: its chain is as long, and nothing has to be turned. */
TARGET
static void f32_row(const struct umm_dense *dense, const float *x, char *y)
{
    const float *w = (const float *)dense->weights;
    for (uint32_t o = 0; o < dense->n_out; o++, w += dense->n_in, y += sizeof(float)) {
        __m512 sum = _mm512_set1_ps(((const float *)dense->bias)[o]);
        for (size_t i = 0; i < dense->n_in; i++)
            sum = add_column(sum, _mm512_set1_ps(x[i]), w + i);
        put_lanes(end_f32(dense, sum), 1, y);
    }
}

/* Where there are fewer than 16 rows, the last one stands for the others as well. */
TARGET
static void f32_run(const struct umm_dense *dense, const void *rows, size_t x_stride, size_t n_rows,
                    void *results, size_t y_step)
{
    const float *x[FEW_ROWS];
    for (size_t first = 0; first < n_rows; first += FEW_ROWS) {
        const size_t n = n_rows - first < FEW_ROWS ? n_rows - first : FEW_ROWS;
        for (size_t row = 0; row < FEW_ROWS; row++)
            x[row] = (const float *)rows + (first + (row < n ? row : n - 1)) * x_stride;
        char *y = (char *)results + first * y_step;
        if (n == 1) {
            f32_row(dense, x[0], y);
            return;
        }
        switch (dense->n_out) {
        case 1: f32_rows(dense, x, n, y, y_step, 1); break;
        case 2: f32_rows(dense, x, n, y, y_step, 2); break;
        case 3: f32_rows(dense, x, n, y, y_step, 3); break;
        default: f32_rows(dense, x, n, y, y_step, 4); break;
        }
    }
}

/*
 * Layers of few outputs.
 *
 * Integers: 64 inputs of a row by 64 weights at a time, in each lane four of them. The lanes of 16
 * rows are then added up crosswise, so that a vector has one sum of each row.
 */

TARGET
UMM_INLINE __m512i row_products(const struct umm_dense *dense, const uint8_t *x, const int8_t *w)
{
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i < dense->n_steps; i++)
        sum = add_products(sum, _mm512_loadu_si512(x + FEW_DEPTH * i),
                           _mm512_loadu_si512(w + FEW_DEPTH * i));
    return sum;
}

/* Lane by lane of 32, 64, 128 and 256 bits: what stands for a goes low, what stands for b high. */
TARGET
UMM_INLINE __m512i join_32(__m512i a, __m512i b)
{
    return _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
}

TARGET
UMM_INLINE __m512i join_64(__m512i a, __m512i b)
{
    return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

TARGET
UMM_INLINE __m512i join_four(const struct umm_dense *dense, const uint8_t *x, size_t x_stride,
                             const int8_t *w)
{
    __m512i a = row_products(dense, x, w), b = row_products(dense, x + x_stride, w);
    __m512i c = row_products(dense, x + 2 * x_stride, w);
    __m512i d = row_products(dense, x + 3 * x_stride, w);
    return join_64(join_32(a, b), join_32(c, d));
}

/* The sums of 16 rows, in their order. */
TARGET
UMM_INLINE __m512i sixteen_sums(const struct umm_dense *dense, const uint8_t *x, size_t x_stride,
                                const int8_t *w)
{
    __m512i a = join_four(dense, x, x_stride, w),
            b = join_four(dense, x + 4 * x_stride, x_stride, w);
    __m512i c = join_four(dense, x + 8 * x_stride, x_stride, w);
    __m512i d = join_four(dense, x + 12 * x_stride, x_stride, w);
    __m512i ab =
        _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD));
    __m512i cd =
        _mm512_add_epi32(_mm512_shuffle_i32x4(c, d, 0x88), _mm512_shuffle_i32x4(c, d, 0xDD));
    return _mm512_add_epi32(_mm512_shuffle_i32x4(ab, cd, 0x88), _mm512_shuffle_i32x4(ab, cd, 0xDD));
}

/*
 * One output of n_rows rows, of which the sums have no bias yet. Inline: a function that takes
 * vectors leaves their upper halves to its caller, and gcc 12 clears them in neither. The first
 * instruction of SSE after that then waits 75 ns.
 */
TARGET
UMM_INLINE void finish_int(const struct umm_dense *dense, __m512i sums, uint32_t o, size_t n_rows,
                           char *y, size_t y_step)
{
    int8_t bytes[4 * FEW_ROWS];
    sums = _mm512_add_epi32(sums, _mm512_set1_epi32(((const int32_t *)dense->bias)[o]));
    __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_set1_ps(dense->multipliers[o]));
    if (dense->end == UMM_DENSE_TO_I8) {
        struct int_sums rounded = {.v0 = _mm512_cvtps_epi32(scaled)};
        _mm512_storeu_si512(bytes, limit_bytes(dense, 1, rounded));
        for (size_t row = 0; row < n_rows; row++)
            y[row * y_step + o] = (char)bytes[row];
        return;
    }
    y += o * sizeof(float);
    __m512 result =
        dense->end == UMM_DENSE_TO_I32 ? _mm512_castsi512_ps(sums) : limit(dense, scaled);
    put_rows(result, n_rows, y, y_step);
}

TARGET
static void int_run(const struct umm_dense *dense, const void *rows, size_t x_stride, size_t n_rows,
                    void *results, size_t y_step)
{
    const uint8_t *x = (const uint8_t *)rows;
    const int8_t *w = (const int8_t *)dense->weights;
    char *y = (char *)results;
    for (uint32_t o = 0; o < dense->n_out; o++, w += (size_t)dense->n_steps * FEW_DEPTH) {
        for (size_t row = 0; n_rows >= FEW_ROWS && row < n_rows; row += FEW_ROWS) {
            row = row + FEW_ROWS > n_rows ? n_rows - FEW_ROWS : row;
            __m512i sums = sixteen_sums(dense, x + row * x_stride, x_stride, w);
            finish_int(dense, sums, o, FEW_ROWS, y + row * y_step, y_step);
        }
        for (size_t row = 0; n_rows < FEW_ROWS && row < n_rows; row++) {
            int32_t sum = _mm512_reduce_add_epi32(row_products(dense, x + row * x_stride, w));
            finish_int(dense, _mm512_set1_epi32(sum), o, 1, y + row * y_step, y_step);
        }
    }
}

const struct umm_dense_engine umm_dense_few_f32_avx512 = {
    .form = UMM_DENSE_F32, .lanes = 1, .vectors = 1, .depth = 1, .run = f32_run};

const struct umm_dense_engine umm_dense_few_int_avx512 = {.form = UMM_DENSE_U8_I8,
                                                          .lanes = 1,
                                                          .vectors = 1,
                                                          .depth = FEW_DEPTH,
                                                          .prepare = prepare,
                                                          .run = int_run};
#else
const struct umm_dense_engine umm_dense_few_f32_avx512 = {0}, umm_dense_few_int_avx512 = {0};
#endif
