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

/* The lanes of one series: lane l takes rows l * len .. (l + 1) * len - 1. */
struct lanes {
    size_t len, warm_up; /* multiples of ROWS_STEP; warm_up < len */
    /* of all lanes, at the beginnings of the pieces and at the end */
    double state[PIECES + 1][UMM_RECUR_WORDS][LANES];
};

/*
 * The states that lanes begin with, by running over the rows before; lane 0, which has none,
 * runs over lane 1's, and then gets its state.
 */
static bool guess(const struct recur_engine *engine, const struct umm_recur *recur,
                  const double *state, const double *const *in, struct lanes *lanes)
{
    const unsigned n_words = recur_n_words(recur->kind);
    const unsigned n_previous = recur_n_previous(recur->kind);
    const double *before[UMM_RECUR_INPUTS][LANES];
    for (unsigned c = 0; c < recur_n_inputs(recur->kind); c++)
        for (unsigned l = 0; l < LANES; l++)
            before[c][l] = in[c] + (l ? l : 1) * lanes->len - lanes->warm_up;
    for (unsigned w = 0; w < n_words; w++)
        for (unsigned l = 0; l < LANES; l++)
            lanes->state[0][w][l] = w < n_previous ? *(before[w][l] - 1) : state[w];
    bool is_finite =
        engine->advance[recur->kind](recur, lanes->state[0], before, 0, lanes->warm_up, NULL);
    for (unsigned w = 0; w < n_words; w++)
        lanes->state[0][w][0] = state[w];
    return is_finite;
}

/* All rows of all lanes from guessed states. Whether they were finite. */
static bool run_lanes(const struct recur_engine *engine, const struct umm_recur *recur,
                      const double *state, const double *const *in, double *const *out,
                      struct lanes *lanes)
{
    const double *from[UMM_RECUR_INPUTS][LANES];
    double *to[UMM_RECUR_OUTPUTS][LANES];
    for (unsigned l = 0; l < LANES; l++) {
        for (unsigned c = 0; c < recur_n_inputs(recur->kind); c++)
            from[c][l] = in[c] + l * lanes->len;
        for (unsigned c = 0; c < recur_n_outputs(recur->kind); c++)
            to[c][l] = out[c] + l * lanes->len;
    }
    bool is_finite = guess(engine, recur, state, in, lanes);
    for (unsigned piece = 0; piece < PIECES; piece++) {
        double(*now)[LANES] = lanes->state[piece + 1];
        memcpy(now, lanes->state[piece], sizeof lanes->state[piece]);
        is_finite &= engine->advance[recur->kind](recur, now, from, piece_begin(lanes->len, piece),
                                                  piece_begin(lanes->len, piece + 1), to);
    }
    return is_finite;
}

/* Do part `lane` again from state, until it is where the lane was; then it is right. */
static void repeat(const struct umm_recur *recur, double *state, const double *const *in,
                   unsigned lane, double *const *out, const struct lanes *lanes)
{
    const unsigned n_words = recur_n_words(recur->kind);
    for (unsigned piece = 0; piece < PIECES; piece++) {
        bool is_same = true;
        for (unsigned w = 0; w < n_words; w++)
            is_same = is_same && bits_of(lanes->state[piece][w][lane]) == bits_of(state[w]);
        if (is_same)
            break;
        size_t begin = piece_begin(lanes->len, piece), end = piece_begin(lanes->len, piece + 1);
        (void)umm_recur_rows(recur, state, in, lane * lanes->len + begin, end - begin, out);
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
        struct lanes lanes = {.len = len, .warm_up = warm_up};
        is_finite = run_lanes(engine, recur, state, in, out, &lanes);
        for (unsigned lane = 0; lane < LANES && is_finite; lane++)
            repeat(recur, state, in, lane, out, &lanes);
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

/* n rows of LANES series, a multiple of ROWS_STEP. */
static void run_many(const struct recur_engine *engine, const struct umm_recur *recur,
                     const struct umm_recur_series *series, size_t n)
{
    const unsigned n_words = recur_n_words(recur->kind);
    double state[UMM_RECUR_WORDS][LANES];
    const double *from[UMM_RECUR_INPUTS][LANES];
    double *to[UMM_RECUR_OUTPUTS][LANES];
    for (unsigned l = 0; l < LANES; l++) {
        for (unsigned c = 0; c < recur_n_inputs(recur->kind); c++)
            from[c][l] = series[l].in[c];
        for (unsigned c = 0; c < recur_n_outputs(recur->kind); c++)
            to[c][l] = series[l].out[c];
        for (unsigned w = 0; w < n_words; w++)
            state[w][l] = series[l].state[w];
    }
    (void)engine->advance[recur->kind](recur, state, from, 0, n, to);
    for (unsigned l = 0; l < LANES; l++)
        for (unsigned w = 0; w < n_words; w++)
            series[l].state[w] = state[w][l];
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
        run_many(engine_of(cpu), &later->recur, series, n);
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
