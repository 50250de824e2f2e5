/* SPDX-License-Identifier: MIT */
#include "feature/recur.h"

#include <string.h>

#include "feature/recur_engines.h"

static const struct recur_engine *engine_of(enum umm_cpu cpu)
{
    switch (cpu) {
    case UMM_CPU_AVX512: return &umm_recur_avx512;
    case UMM_CPU_AVX2: return &umm_recur_avx2;
    case UMM_CPU_PORTABLE:
    case UMM_CPU_NEON:
    case UMM_CPU_COUNT: break;
    }
    return &umm_recur_portable;
}

/*
 * Rows after which an average has, most likely, forgotten its start: the difference of two
 * states shrinks by 1 - k a row, from 2^53 units in the last place to one in 37 / k rows;
 * the last unit goes with probability k a row.
 */
static size_t rows_to_forget(double k)
{
    const double rows = 46 / k;
    return rows < 1e9 ? (size_t)rows + 1 : (size_t)1000000000;
}

static size_t warm_up_of(const struct umm_recur *recur)
{
    size_t first = rows_to_forget(recur->k[0]), then = 0;
    if (recur->kind == UMM_RECUR_MACD) {
        size_t slow = rows_to_forget(recur->k[1]);
        first = first > slow ? first : slow;
        then = rows_to_forget(recur->k[2]);
    } else if (recur->kind == UMM_RECUR_ADX) {
        then = first;
    }
    return (first + then + ROWS_STEP - 1) / ROWS_STEP * ROWS_STEP;
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Do part `lane` again from state, until it is where the lane was; then it is right. */
static void repeat(const struct umm_recur *recur, double *state, const double *const *in,
                   size_t len, unsigned lane, double *const *out, const struct recur_lanes *lanes)
{
    const unsigned n_words = recur_n_words(recur->kind);
    for (unsigned piece = 0; piece < PIECES; piece++) {
        bool is_same = true;
        for (unsigned w = 0; w < n_words; w++)
            is_same = is_same && bits_of(lanes->state[piece][w][lane]) == bits_of(state[w]);
        if (is_same)
            break;
        size_t begin = piece_begin(len, piece), end = piece_begin(len, piece + 1);
        (void)umm_recur_rows(recur, state, in, lane * len + begin, end - begin, out);
        if (piece + 1 == PIECES)
            return;
    }
    for (unsigned w = 0; w < n_words; w++)
        state[w] = lanes->state[PIECES][w][lane];
}

bool umm_recur_run(enum umm_cpu cpu, const struct umm_recur *recur, double *state,
                   const double *const *in, size_t n, double *const *out)
{
    const struct recur_engine *engine = engine_of(cpu);
    const size_t warm_up = warm_up_of(recur);
    /* An odd multiple of a cache line's rows: the lanes' lines lie in different sets. */
    size_t len = n / LANES / ROWS_STEP;
    len = (len - (len % 2 == 0 && len > 0)) * ROWS_STEP;
    size_t done = 0;
    bool is_finite = true;
    if (len > warm_up) {
        struct recur_lanes lanes;
        engine->lanes(recur, state, in, len, warm_up, out, &lanes);
        is_finite = lanes.is_finite;
        for (unsigned lane = 0; lane < LANES && is_finite; lane++)
            repeat(recur, state, in, len, lane, out, &lanes);
        done = LANES * len;
    }
    return umm_recur_rows(recur, state, in, done, n - done, out) && is_finite;
}

void umm_recur_put_off(struct umm_recur_later *later, const struct umm_recur *recur, double *state,
                       const double *const *in, size_t n, double *const *out)
{
    struct umm_recur_series *series = &later->series[later->n_series++];
    later->recur = *recur;
    series->state = state;
    series->n = n;
    for (unsigned c = 0; c < recur_n_inputs(recur->kind); c++)
        series->in[c] = in[c];
    for (unsigned c = 0; c < recur_n_outputs(recur->kind); c++)
        series->out[c] = out[c];
}

/* Lanes that are left take the first series' rows again, with the same results. */
void umm_recur_many(enum umm_cpu cpu, struct umm_recur_later *later)
{
    struct umm_recur_series *series = later->series;
    size_t n = later->n_series ? series[0].n : 0;
    for (size_t i = 1; i < later->n_series; i++)
        n = series[i].n < n ? series[i].n : n;
    n -= n % ROWS_STEP;
    for (size_t i = later->n_series; i < LANES; i++)
        series[i] = series[0];
    if (n > 0)
        engine_of(cpu)->many(&later->recur, series, n);
    for (size_t i = 0; i < later->n_series; i++)
        (void)umm_recur_rows(&later->recur, series[i].state, series[i].in, n, series[i].n - n,
                             series[i].out);
}

size_t umm_recur_find_odd(enum umm_cpu cpu, const double *x, size_t n)
{
    if (engine_of(cpu)->is_finite(x, n))
        return n;
    size_t i = 0;
    while (i < n && x[i] - x[i] == 0)
        i++;
    return i;
}

void umm_recur_tidy(enum umm_cpu cpu, double *x, size_t n)
{
    engine_of(cpu)->tidy(x, n);
}
