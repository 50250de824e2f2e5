/* SPDX-License-Identifier: MIT */
/*
 * umm_features_*: the same bits however the rows are cut, by every engine, through saved
 * states; plans and their refusals; rows that are no numbers; nothing allocated on the way.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fnv.h"
#include "base/tuning.h"
#include "umm.h"

#include "random.h"

/* ---- an allocator that counts -------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_COUNT 0
#elif defined(__has_feature)
#define CAN_COUNT (!__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer))
#else
#define CAN_COUNT 1
#endif

static unsigned long n_allocations;

#if CAN_COUNT
extern void *__libc_malloc(size_t len);           /* NOLINT */
extern void *__libc_calloc(size_t n, size_t len); /* NOLINT */
void *malloc(size_t len)
{
    n_allocations++;
    return __libc_malloc(len);
}
void *calloc(size_t n, size_t len)
{
    n_allocations++;
    return __libc_calloc(n, len);
}
#endif

/* ---- bars ----------------------------------------------------------------- */

enum { ROWS = 5000, OUTPUTS = 48 };

static uint64_t seed = RANDOM_SEED;

static uint64_t next_random(void)
{
    return xorshift64(&seed);
}

static double uniform(void)
{
    return (double)(next_random() >> 11) * 0x1p-53;
}

static double columns[6][ROWS];

static struct umm_bars bars_from(size_t row)
{
    return (struct umm_bars){columns[0] + row, columns[1] + row, columns[2] + row,
                             columns[3] + row, columns[4] + row, columns[5] + row};
}

enum shape { WALK, FLAT, STILL, STEPS, JUMP, TINY, HUGE_PRICES, HOLES, SHAPES };

static void make_bars(enum shape shape)
{
    static const double levels[SHAPES] = {100, 0.1, 100, 100, 6e4, 1e-305, 1e305, 100};
    double level = levels[shape], now = level;
    for (size_t i = 0; i < ROWS; i++) {
        /* STILL: nothing moves at first, and for a while, and once the price is 0 */
        const bool is_still = shape == STILL && (i < 2100 || (i > 3000 && i < 3600));
        double span = shape == FLAT || is_still ? 0 : level * 0.01;
        if (shape == STEPS) /* prices of few values, that often stand still */
            now += (double)((int)(next_random() % 3) - 1) * (double)(next_random() % 8 == 0);
        else
            now += (uniform() - 0.5) * span;
        if (now < level / 2)
            now = level / 2;
        double shown = shape == JUMP && i % 1777 == 1000 ? 1e9 : now;
        columns[0][i] = 1577836800000.0 + (double)i * 3600000.0;
        columns[1][i] = shown - (uniform() - 0.5) * span;
        columns[2][i] = shown + uniform() * span;
        columns[3][i] = shown - uniform() * span;
        columns[4][i] = shown;
        columns[5][i] = shape == FLAT ? 0 : floor(uniform() * 1000);
        if (shape == STILL && i == 4000)
            columns[3][i] = columns[4][i] = 0;
    }
    if (shape == HOLES)
        for (size_t i = 0; i < ROWS; i += 1 + (size_t)(next_random() % 700))
            columns[1 + next_random() % 5][i] = next_random() % 2 ? (double)NAN : -INFINITY;
}

/* ---- every feature, cut in every way --------------------------------------- */

static const char *const specs[] = {
    "sma:20,ema:20,wma:20,rma:14,trange,atr:14,natr:14,rsi:14,macd:12:26:9,bbands:20:2,"
    "stddev:20,zscore:20,max:20,min:20,stoch:14:3:3,adx:14,cci:20,willr:14,roc:10,mom:10,"
    "returns:1,logreturns:1,obv,mfi:14,ad,vwap,vwap:all",
    "sma:1@open,ema:2@high,wma:3@low,rma:2@hl2,atr:2,natr:3,rsi:2@volume,macd:2:3:2@ohlc4,"
    "bbands:2:2.5@hlc3,stddev:3,zscore:7,max:1,min:2@close,stoch:1:2:1,adx:2,cci:2,willr:3,"
    "roc:1,mom:2,returns:3,logreturns:7@open,mfi:1,vwap:day@close",
    "sma:600,wma:350,max:900,stddev:300,zscore:450,cci:700,mom:2500,ema:100,rsi:60,stoch:500:90:7"};

static struct umm_features *plan_of(const char *spec, const struct umm_features_rules *rules)
{
    struct umm_features *plan;
    struct umm_error err = {0};
    if (umm_features_open(spec, rules, &plan, &err))
        fail_msg("%s: %s", spec, err.message);
    assert_true(umm_features_n_outputs(plan) <= OUTPUTS);
    return plan;
}

static struct umm_features_state *state_of(const struct umm_features *plan)
{
    struct umm_features_state *state;
    assert_int_equal(umm_features_state_open(plan, &state, NULL), UMM_OK);
    return state;
}

static double wanted[OUTPUTS][ROWS], got[OUTPUTS][ROWS];

static void take(struct umm_features_state *state, size_t row, size_t n, enum umm_engine engine)
{
    const struct umm_tuning tuning = {.engine = engine};
    const struct umm_run run = {.tuning = &tuning};
    struct umm_bars bars = bars_from(row);
    double *out[OUTPUTS];
    for (size_t i = 0; i < OUTPUTS; i++)
        out[i] = got[i] + row;
    assert_int_equal(umm_features_take(state, &bars, n, &run, out, NULL), UMM_OK);
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The definition: one bar after the other. */
static void push_all(const struct umm_features *plan)
{
    struct umm_features_state *state = state_of(plan);
    for (size_t row = 0; row < ROWS; row++) {
        double bar[6], out[OUTPUTS];
        for (unsigned c = 0; c < 6; c++)
            bar[c] = columns[c][row];
        assert_int_equal(umm_features_push(state, bar, out, NULL), UMM_OK);
        for (size_t i = 0; i < umm_features_n_outputs(plan); i++) {
            wanted[i][row] = out[i];
            assert_true(!isnan(out[i]) || bits_of(out[i]) == 0x7ff8000000000000);
        }
    }
    umm_features_state_close(state);
}

static void check_same(const struct umm_features *plan, const char *how)
{
    for (size_t i = 0; i < umm_features_n_outputs(plan); i++) {
        if (memcmp(wanted[i], got[i], sizeof wanted[i]) == 0)
            continue;
        size_t row = 0;
        while (memcmp(&wanted[i][row], &got[i][row], sizeof(double)) == 0)
            row++;
        fail_msg("%s, %s: %s[%zu] is %a, not %a", umm_features_text(plan), how,
                 umm_features_name(plan, i), row, got[i][row], wanted[i][row]);
    }
}

/* A state of its own for what comes next, from the bytes of this one. */
static struct umm_features_state *carried(const struct umm_features *plan,
                                          struct umm_features_state *state)
{
    size_t len = umm_features_state_size(state);
    void *bytes = malloc(len);
    assert_non_null(bytes);
    umm_features_state_save(state, bytes);
    struct umm_features_state *next = state_of(plan);
    assert_int_equal(umm_features_state_load(next, bytes, len, NULL), UMM_OK);
    assert_int_equal(umm_features_state_rows(next), umm_features_state_rows(state));
    free(bytes);
    umm_features_state_close(state);
    return next;
}

/* Those of this processor: where it has no other, they would all be the portable one. */
#if defined(__x86_64__)
static const enum umm_engine engines[] = {UMM_ENGINE_PORTABLE, UMM_ENGINE_AVX2, UMM_ENGINE_AVX512};
#else
static const enum umm_engine engines[] = {UMM_ENGINE_PORTABLE};
#endif
enum { SPECS = sizeof specs / sizeof *specs, ENGINES = sizeof engines / sizeof *engines };

/* Cut at random places, with the state saved and loaded in between: at how many. */
static unsigned check_splits(const struct umm_features *plan, enum umm_engine engine,
                             size_t piece_max)
{
    struct umm_features_state *state = state_of(plan);
    unsigned n_splits = 0;
    for (size_t row = 0; row < ROWS;) {
        size_t n = 1 + (size_t)(next_random() % piece_max);
        n = n < ROWS - row ? n : ROWS - row;
        take(state, row, n, engine);
        row += n;
        state = carried(plan, state);
        n_splits++;
    }
    umm_features_state_close(state);
    check_same(plan, "split");
    return n_splits;
}

/* All at once and cut by each engine, the bits of one bar after the other; counts the splits. */
static void check_plan(const char *spec, const struct umm_features_rules *rules,
                       unsigned n_splits[ENGINES])
{
    struct umm_features *plan = plan_of(spec, rules);
    push_all(plan);
    for (size_t e = 0; e < ENGINES; e++) {
        struct umm_features_state *state = state_of(plan);
        take(state, 0, ROWS, engines[e]);
        check_same(plan, "all at once");
        umm_features_state_close(state);
        n_splits[e] += check_splits(plan, engines[e], 3000);
        n_splits[e] += check_splits(plan, engines[e], 110);
    }
    umm_features_close(plan);
}

static void test_same_bits_however_cut(void **unused)
{
    (void)unused;
    enum { COMPATS = UMM_FEATURES_METASTOCK + 1 };
    unsigned n_splits[COMPATS][SPECS][ENGINES] = {{{0}}};
    for (unsigned shape = 0; shape < HOLES; shape++) {
        make_bars((enum shape)shape);
        for (unsigned compat = 0; compat < COMPATS; compat++) {
            const struct umm_features_rules rules = {.compat = (enum umm_features_compat)compat};
            for (size_t i = 0; i < SPECS; i++)
                check_plan(specs[i], &rules, n_splits[compat][i]);
        }
    }
    for (size_t i = 0; i < COMPATS * SPECS * ENGINES; i++)
        assert_true((&n_splits[0][0][0])[i] >= 500);
}

static void test_same_bits_with_holes(void **unused)
{
    (void)unused;
    unsigned n_splits[ENGINES] = {0};
    make_bars(HOLES);
    for (unsigned nan = UMM_FEATURES_NAN_RESET; nan <= UMM_FEATURES_NAN_HOLD; nan++) {
        const struct umm_features_rules rules = {.nan = (enum umm_features_nan)nan,
                                                 .rsi_flat = UMM_FEATURES_FLAT_NAN,
                                                 .time_zone = "America/New_York"};
        for (size_t i = 0; i < SPECS; i++)
            check_plan(specs[i], &rules, n_splits);
    }
    for (size_t e = 0; e < ENGINES; e++)
        assert_true(n_splits[e] >= 500);
}

/* Long enough for lanes whose guess is wrong, and for more than one chunk. */
static void test_same_bits_in_long_runs(void **unused)
{
    (void)unused;
    enum { LONG = 150000, COUNT = 18 };
    struct umm_features *plan =
        plan_of("ema:5,ema:200,atr:3,natr:4,rsi:5,macd:3:7:4,adx:3,mom:5,roc:700,returns,"
                "logreturns:3,trange,ad,wma:37,stddev:52",
                NULL);
    assert_int_equal(umm_features_n_outputs(plan), COUNT + 1);
    double *x = malloc(sizeof *x * LONG * (3 + 2 * (COUNT + 1)));
    assert_non_null(x);
    double now = 100, *high = x + LONG, *low = high + LONG;
    for (size_t i = 0; i < LONG; i++) {
        /* Still for a while now and then, and still for good at the end. */
        if (i % 30000 < 20000 && i < 130000)
            now += uniform() - 0.5;
        x[i] = now;
        high[i] = i < 130000 ? now + uniform() : now;
        low[i] = i < 130000 ? now - uniform() : now;
    }
    struct umm_bars bars = {.close = x, .high = high, .low = low, .volume = x};
    double *one[COUNT + 1], *other[COUNT + 1], *next = low + LONG;
    for (size_t i = 0; i <= COUNT; i++, next += 2 * LONG) {
        one[i] = next;
        other[i] = next + LONG;
    }
    struct umm_features_state *state = state_of(plan);
    for (size_t row = 0; row < LONG; row++) {
        double bar[6] = {0, 0, high[row], low[row], x[row], x[row]}, out[COUNT + 1];
        assert_int_equal(umm_features_push(state, bar, out, NULL), UMM_OK);
        for (size_t i = 0; i <= COUNT; i++)
            one[i][row] = out[i];
    }
    for (unsigned e = UMM_ENGINE_PORTABLE; e <= UMM_ENGINE_AVX512; e++) {
        const struct umm_tuning tuning = {.engine = (enum umm_engine)e};
        const struct umm_run run = {.tuning = &tuning};
        umm_features_state_reset(state);
        assert_int_equal(umm_features_take(state, &bars, LONG, &run, other, NULL), UMM_OK);
        for (size_t i = 0; i <= COUNT; i++)
            assert_memory_equal(one[i], other[i], LONG * sizeof *x);
    }
    umm_features_state_close(state);
    umm_features_close(plan);
    free(x);
}

/* States by one call, in groups of 16, 3 and 5. */
enum { STATES = 24, MANY_LAST = 2400, MANY_ROWS = 2338 };

static void take_many(struct umm_features_state **states, const struct umm_bars *bars, size_t row,
                      size_t n, double (*values)[OUTPUTS][MANY_LAST], const struct umm_run *run)
{
    struct umm_bars now[STATES];
    double *out[STATES][OUTPUTS], *const *outs[STATES];
    size_t failed = 0;
    for (size_t s = 0; s < STATES; s++) {
        now[s] =
            (struct umm_bars){bars[s].time_ms + row, bars[s].open + row,  bars[s].high + row,
                              bars[s].low + row,     bars[s].close + row, bars[s].volume + row};
        for (size_t i = 0; i < OUTPUTS; i++)
            out[s][i] = values[s][i] + row;
        outs[s] = out[s];
    }
    const unsigned long before = n_allocations;
    assert_int_equal(umm_features_take_many(states, now, 19, n, run, outs, &failed, NULL), UMM_OK);
    assert_int_equal(failed, 19);
    assert_int_equal(
        umm_features_take_many(states + 19, now + 19, 5, n, run, outs + 19, &failed, NULL), UMM_OK);
    assert_int_equal(failed, 5);
    assert_int_equal(n_allocations, before);
}

/* Symbols whose bars begin at different rows, each with 9 rows fewer behind it than the one
 * before; one has odd values that the others have not. */
static void check_many(const struct umm_features *plan, enum umm_engine engine)
{
    static const size_t pieces[] = {1, 1, 40, 300, 5, 1, 1990};
    static double many[STATES][OUTPUTS][MANY_LAST], alone[OUTPUTS][MANY_LAST], odd[MANY_LAST];
    const struct umm_tuning tuning = {.engine = engine};
    const struct umm_run run = {.tuning = &tuning};
    struct umm_features_state *states[STATES], *one = state_of(plan);
    struct umm_bars bars[STATES];
    double *to[OUTPUTS];
    for (size_t i = 0; i < OUTPUTS; i++)
        to[i] = alone[i];
    for (size_t s = 0; s < STATES; s++) {
        const struct umm_bars head = bars_from(s * 11);
        states[s] = state_of(plan);
        assert_int_equal(umm_features_take(states[s], &head, (STATES - s) * 9, &run, to, NULL),
                         UMM_OK);
        bars[s] = bars_from(s * 20);
    }
    memcpy(odd, bars[3].close, sizeof odd);
    odd[200] = odd[210] = (double)NAN;
    bars[3].close = odd;
    for (size_t p = 0, row = 0; p < sizeof pieces / sizeof *pieces; row += pieces[p++])
        take_many(states, bars, row, pieces[p], many, &run);
    for (size_t s = 0; s < STATES; s++) {
        const struct umm_bars head = bars_from(s * 11);
        umm_features_state_reset(one);
        assert_int_equal(umm_features_take(one, &head, (STATES - s) * 9, &run, to, NULL), UMM_OK);
        assert_int_equal(umm_features_take(one, &bars[s], MANY_ROWS, &run, to, NULL), UMM_OK);
        for (size_t i = 0; i < umm_features_n_outputs(plan); i++)
            assert_memory_equal(alone[i], many[s][i], MANY_ROWS * sizeof(double));
        assert_int_equal(umm_features_state_rows(states[s]), (STATES - s) * 9 + MANY_ROWS);
        umm_features_state_close(states[s]);
    }
    umm_features_state_close(one);
}

static void test_many_states_have_the_bits_of_each(void **unused)
{
    (void)unused;
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        make_bars((enum shape)shape);
        for (unsigned k = 0; k <= UMM_FEATURES_METASTOCK; k++) {
            const struct umm_features_rules rules = {.compat = (enum umm_features_compat)k,
                                                     .nan = k % 2 ? UMM_FEATURES_NAN_HOLD
                                                                  : UMM_FEATURES_NAN_RESET};
            for (size_t i = 0; i < SPECS; i++) {
                struct umm_features *plan = plan_of(specs[i], &rules);
                check_many(plan, engines[(shape + k + i) % ENGINES]);
                umm_features_close(plan);
            }
        }
    }
}

/* One symbol's bad row is named, and does not keep the others. */
static void test_one_of_many_states_fails(void **unused)
{
    (void)unused;
    enum { N = 200 };
    static double values[STATES][N];
    struct umm_features *plan = plan_of("ema:3", NULL);
    struct umm_features_state *states[STATES];
    double *out[STATES], *const *outs[STATES];
    struct umm_bars bars[STATES];
    struct umm_error err = {0};
    size_t failed = 0;
    make_bars(WALK);
    columns[4][N * 7 + 150] = columns[4][N * 9 + 140] = (double)NAN;
    for (size_t s = 0; s < STATES; s++) {
        states[s] = state_of(plan);
        bars[s] = bars_from(s * N);
        out[s] = values[s];
        outs[s] = &out[s];
    }
    assert_int_equal(umm_features_take_many(states, bars, STATES, N, NULL, outs, &failed, &err),
                     UMM_ERR_DATA);
    assert_int_equal(failed, 7);
    assert_string_equal(err.message, "row 150: close is not a finite number");
    for (size_t s = 0; s < STATES; s++) {
        assert_int_equal(umm_features_state_rows(states[s]), s == 7 ? 150 : s == 9 ? 140 : N);
        umm_features_state_close(states[s]);
    }
    umm_features_close(plan);
}

static void test_many_states_without_a_column_or_cancelled(void **unused)
{
    (void)unused;
    enum { N = 200 };
    static double values[STATES][N];
    struct umm_features *plan = plan_of("ema:3", NULL);
    struct umm_features_state *states[STATES];
    double *out[STATES], *const *outs[STATES];
    struct umm_bars bars[STATES];
    struct umm_error err = {0};
    struct umm_run run = {0};
    size_t failed = 0;
    make_bars(WALK);
    for (size_t s = 0; s < STATES; s++) {
        states[s] = state_of(plan);
        bars[s] = bars_from(s * N);
        out[s] = values[s];
        outs[s] = &out[s];
    }
    bars[5].close = NULL;
    assert_int_equal(umm_features_take_many(states, bars, STATES, N, &run, outs, &failed, &err),
                     UMM_ERR_ARGUMENT);
    assert_int_equal(failed, 5);
    assert_string_equal(err.message, "the features need the column close");
    umm_run_cancel(&run);
    assert_int_equal(umm_features_take_many(states, bars, 4, N, &run, outs, &failed, &err),
                     UMM_ERR_CANCELLED);
    assert_int_equal(failed, 0);
    for (size_t s = 0; s < STATES; s++) {
        assert_int_equal(umm_features_state_rows(states[s]), s == 5 ? 0 : N);
        umm_features_state_close(states[s]);
    }
    umm_features_close(plan);
}

static void test_features_do_not_see_each_other(void **unused)
{
    (void)unused;
    make_bars(HOLES);
    const struct umm_features_rules rules = {.nan = UMM_FEATURES_NAN_RESET};
    struct umm_features *alone = plan_of("ema:20", &rules), *both = plan_of("mfi,ema:20", &rules);
    push_all(alone);
    struct umm_features_state *state = state_of(both);
    take(state, 0, ROWS, UMM_ENGINE_BEST);
    assert_memory_equal(wanted[0], got[1], sizeof wanted[0]);
    umm_features_state_close(state);
    umm_features_close(both);
    umm_features_close(alone);
}

static void test_nothing_is_allocated(void **unused)
{
    (void)unused;
    if (!CAN_COUNT)
        skip();
    make_bars(WALK);
    struct umm_features *plan = plan_of(specs[0], NULL);
    struct umm_features_state *state = state_of(plan), *copy = state_of(plan);
    size_t len = umm_features_state_size(state);
    void *bytes = malloc(len);
    unsigned long before = n_allocations;
    assert_true(before > 0);
    take(state, 0, ROWS / 2, UMM_ENGINE_BEST);
    umm_features_state_copy(copy, state);
    umm_features_state_save(state, bytes);
    assert_int_equal(umm_features_state_load(copy, bytes, len, NULL), UMM_OK);
    for (size_t row = ROWS / 2; row < ROWS; row++) {
        double bar[6], out[OUTPUTS];
        for (unsigned c = 0; c < 6; c++)
            bar[c] = columns[c][row];
        assert_int_equal(umm_features_push(copy, bar, out, NULL), UMM_OK);
    }
    assert_int_equal(n_allocations, before);
    free(bytes);
    umm_features_state_close(copy);
    umm_features_state_close(state);
    umm_features_close(plan);
}

/* ---- rows that are no numbers ----------------------------------------------- */

static void take_closes(const double *close, size_t n, enum umm_features_nan nan, double *out)
{
    const struct umm_features_rules rules = {.nan = nan};
    struct umm_features *plan = plan_of("sma:2", &rules);
    struct umm_features_state *state = state_of(plan);
    const struct umm_bars bars = {.close = close};
    assert_int_equal(umm_features_take(state, &bars, n, NULL, &out, NULL), UMM_OK);
    umm_features_state_close(state);
    umm_features_close(plan);
}

static void test_nan_policies(void **unused)
{
    (void)unused;
    enum { N = 9 };
    const double odd = (double)NAN, close[N] = {odd, 1, 3, -odd, 5, 7, INFINITY, odd, 9};
    const double reset[N] = {0, 0, 2, 0, 0, 6, 0, 0, 0}, hold[N] = {0, 0, 2, 2, 4, 6, 6, 6, 8};
    double out[N];
    take_closes(close, N, UMM_FEATURES_NAN_RESET, out);
    for (size_t i = 0; i < N; i++)
        assert_true(bits_of(out[i]) == (reset[i] > 0 ? bits_of(reset[i]) : 0x7ff8000000000000));
    take_closes(close, N, UMM_FEATURES_NAN_HOLD, out);
    for (size_t i = 0; i < N; i++)
        assert_true(bits_of(out[i]) == (hold[i] > 0 ? bits_of(hold[i]) : 0x7ff8000000000000));
}

static void test_nan_error_names_row_and_column(void **unused)
{
    (void)unused;
    make_bars(WALK);
    columns[3][4321] = (double)NAN;
    columns[1][17] = (double)NAN; /* not read */
    struct umm_features *plan = plan_of("atr,obv", NULL);
    struct umm_features_state *state = state_of(plan);
    struct umm_bars bars = bars_from(0);
    struct umm_error err = {0};
    double *out[2] = {got[0], got[1]};
    assert_int_equal(umm_features_take(state, &bars, ROWS, NULL, out, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "row 4321: low is not a finite number");
    assert_int_equal(umm_features_state_rows(state), 4321);
    double bar[6] = {0, 0, 1, 1, 1, INFINITY};
    assert_int_equal(umm_features_push(state, bar, got[0], &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "row 4321: volume is not a finite number");
    /* What came before is as if the row had not been tried. */
    columns[3][4321] = 1;
    for (size_t i = 0; i < 2; i++)
        out[i] = got[i] + 4321;
    bars = bars_from(4321);
    assert_int_equal(umm_features_take(state, &bars, ROWS - 4321, NULL, out, NULL), UMM_OK);
    push_all(plan);
    assert_memory_equal(wanted[0] + 4321, got[0] + 4321, (ROWS - 4321) * sizeof(double));
    umm_features_state_close(state);
    umm_features_close(plan);
}

static void find_every_odd_value(const struct umm_features_rules *rules)
{
    static const size_t rows[] = {0, 1, 9, 2047, 2500, ROWS - 1};
    const char *name, *usage, *about, *origin;
    for (size_t i = 0; (name = umm_features_describe(i, &usage, &about, &origin)); i++) {
        struct umm_features *plan = plan_of(name, rules);
        struct umm_features_state *state = state_of(plan);
        double *out[OUTPUTS];
        for (size_t o = 0; o < OUTPUTS; o++)
            out[o] = got[o];
        for (size_t k = 0; k < 6 * sizeof rows / sizeof *rows * ENGINES; k++) {
            const size_t c = k % 6, row = rows[k / 6 / ENGINES];
            const struct umm_tuning tuning = {.engine = engines[k / 6 % ENGINES]};
            const struct umm_run run = {.tuning = &tuning};
            if (!(umm_features_columns(plan) & 1U << c))
                continue;
            double kept = columns[c][row];
            struct umm_bars bars = bars_from(0);
            columns[c][row] = k % 2 ? (double)NAN : -INFINITY;
            umm_features_state_reset(state);
            assert_int_equal(umm_features_take(state, &bars, ROWS, &run, out, NULL), UMM_ERR_DATA);
            assert_int_equal(umm_features_state_rows(state), row);
            columns[c][row] = kept;
        }
        umm_features_state_close(state);
        umm_features_close(plan);
    }
}

/* Some look for such values themselves, in passing, and some wait for a bar that moves. */
static void test_every_feature_finds_every_odd_value(void **unused)
{
    (void)unused;
    const struct umm_features_rules pandas = {.compat = UMM_FEATURES_PANDAS};
    make_bars(WALK);
    find_every_odd_value(NULL);
    make_bars(STILL);
    find_every_odd_value(&pandas);
}

static void test_missing_column_and_cancel(void **unused)
{
    (void)unused;
    make_bars(WALK);
    struct umm_features *plan = plan_of("atr", NULL);
    struct umm_features_state *state = state_of(plan);
    struct umm_bars bars = bars_from(0);
    struct umm_run run = {0};
    struct umm_error err = {0};
    double *out = got[0];
    bars.low = NULL;
    assert_int_equal(umm_features_take(state, &bars, 1, NULL, &out, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "the features need the column low");
    bars = bars_from(0);
    umm_run_cancel(&run);
    assert_int_equal(umm_features_take(state, &bars, 1, &run, &out, &err), UMM_ERR_CANCELLED);
    assert_int_equal(umm_features_state_rows(state), 0);
    umm_features_state_close(state);
    umm_features_close(plan);
}

/* ---- plans -------------------------------------------------------------------- */

static void test_refused_specs(void **unused)
{
    (void)unused;
    static const char *const cases[][2] = {
        {"", "unknown feature: \"\""},
        {"ema:20,", "unknown feature: \"\""},
        {"emma", "unknown feature \"emma\"; the nearest is ema"},
        {"EMA", "unknown feature \"EMA\"; the nearest is sma"},
        {"a-name-that-is-far-too-long", "unknown feature: \"a-name-that-is-far-too-long\""},
        {"ema:0", "ema: n must be a whole number from 2 to 100000: \"0\""},
        {"ema:", "ema: n must be a whole number from 2 to 100000: \"\""},
        {"ema:2.5", "ema: n must be a whole number from 2 to 100000: \"2.5\""},
        {"ema:1e2", "ema: n must be a whole number from 2 to 100000: \"1e2\""},
        {"ema:-5", "ema: n must be a whole number from 2 to 100000: \"-5\""},
        {"ema:20:3", "too many parameters: \"ema:20:3\""},
        {"bbands:20:0.0000001",
         "bbands: k must be a number of at most 6 decimals from 0 to 1000: \"0.0000001\""},
        {"macd:26:12", "macd: fast must be less than slow"},
        {"vwap:week", "vwap: anchor must be one of day|all: \"week\""},
        {"ema@clos", "series is not one of open, high, low, close, volume, hl2, hlc3, ohlc4: "
                     "\"clos\""},
        {"ema@time", "series is not one of open, high, low, close, volume, hl2, hlc3, ohlc4: "
                     "\"time\""},
        {"atr:14@high", "atr: has no choice of series"},
        {"ema:20,sma,ema:20@close", "ema_20 is asked for twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_features *plan;
        struct umm_error err = {0};
        assert_int_equal(umm_features_open(cases[i][0], NULL, &plan, &err), UMM_ERR_ARGUMENT);
        assert_null(plan);
        assert_string_equal(err.message, cases[i][1]);
    }
    struct umm_features *plan;
    const struct umm_features_rules zone = {.time_zone = "Mars/Olympus"};
    const struct umm_features_rules compat = {.compat = (enum umm_features_compat)5};
    assert_int_equal(umm_features_open("vwap", &zone, &plan, NULL), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_features_open("vwap", &compat, &plan, NULL), UMM_ERR_ARGUMENT);
}

static void test_names_lookbacks_and_text(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        uint64_t lookback;
    } outputs[] = {{"ema_200_high", 199},
                   {"macd_12_26_9", 33},
                   {"macd_signal_12_26_9", 33},
                   {"macd_hist_12_26_9", 33},
                   {"bb_upper_20_2.5", 19},
                   {"bb_middle_20_2.5", 19},
                   {"bb_lower_20_2.5", 19},
                   {"max_5", 4},
                   {"obv", 0},
                   {"vwap", 0},
                   {"vwap_all_close", 0},
                   {"adx_14", 27},
                   {"plus_di_14", 14},
                   {"minus_di_14", 14}};
    struct umm_features *plan =
        plan_of("ema:200@high,macd,bbands:20:2.50,max:5@high,obv,vwap,vwap:all@close,adx", NULL);
    assert_int_equal(umm_features_n_outputs(plan), sizeof outputs / sizeof *outputs);
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        assert_string_equal(umm_features_name(plan, i), outputs[i].name);
        assert_int_equal(umm_features_lookback(plan, i), outputs[i].lookback);
    }
    assert_string_equal(umm_features_text(plan),
                        "ema:200@high,macd:12:26:9@close,bbands:20:2.5@close,max:5@high,obv,"
                        "vwap:day@hlc3,vwap:all@close,adx:14 compat=talib nan=error "
                        "ema-seed=compat rma-seed=compat deviation=compat true-range=compat "
                        "obv-start=compat rsi-flat=compat time-zone=UTC");
    assert_int_equal(umm_features_columns(plan), UMM_FEATURES_TIME | UMM_FEATURES_HIGH |
                                                     UMM_FEATURES_LOW | UMM_FEATURES_CLOSE |
                                                     UMM_FEATURES_VOLUME);
    umm_features_close(plan);
}

/* Every feature is described, and its usage is a spec. */
static void test_descriptions(void **unused)
{
    (void)unused;
    const char *name, *usage, *about, *origin;
    size_t n = 0;
    for (; (name = umm_features_describe(n, &usage, &about, &origin)); n++) {
        assert_memory_equal(name, usage, strlen(name));
        assert_true(strlen(about) > 0 && strlen(origin) > 0);
        struct umm_features *plan = plan_of(name, NULL), *same = plan_of(usage, NULL);
        assert_string_equal(umm_features_text(plan), umm_features_text(same));
        assert_memory_equal(umm_features_text(plan), usage, strlen(usage));
        assert_true(umm_features_text(plan)[strlen(usage)] == ' ');
        umm_features_close(plan);
        umm_features_close(same);
    }
    assert_int_equal(n, 26);
}

/* ---- states ---------------------------------------------------------------------- */

static void refuse_state(struct umm_features_state *state, const void *bytes, size_t len,
                         enum umm_status status, const char *message)
{
    struct umm_error err = {0};
    assert_int_equal(umm_features_state_load(state, bytes, len, &err), status);
    assert_string_equal(err.message, message);
    assert_int_equal(umm_features_state_rows(state), 7);
}

/* Say that bytes are a state of that number of numerics, with the right checksum. */
static void reseal(unsigned char *bytes, size_t len, unsigned char numerics)
{
    bytes[12] = numerics;
    uint64_t hash = umm_fnv(UMM_FNV_START, bytes, len - 8);
    memcpy(bytes + len - 8, &hash, sizeof hash);
}

static void test_damaged_states(void **unused)
{
    (void)unused;
    make_bars(WALK);
    const struct umm_features_rules tulip = {.compat = UMM_FEATURES_TULIP};
    struct umm_features *plan = plan_of("ema:5,atr:3", NULL),
                        *other = plan_of("ema:5,atr:3", &tulip);
    struct umm_features_state *state = state_of(plan), *foreign = state_of(other);
    take(state, 0, 7, UMM_ENGINE_BEST);
    take(foreign, 0, 7, UMM_ENGINE_BEST);
    unsigned char bytes[512];
    size_t len = umm_features_state_size(state);
    assert_true(len <= sizeof bytes);
    umm_features_state_save(state, bytes);
    for (size_t i = 0; i < len * 8; i++) {
        bytes[i / 8] ^= (unsigned char)(1U << i % 8);
        assert_int_not_equal(umm_features_state_load(state, bytes, len, NULL), UMM_OK);
        bytes[i / 8] ^= (unsigned char)(1U << i % 8);
    }
    for (size_t i = 0; i < len; i++)
        assert_int_not_equal(umm_features_state_load(state, bytes, i, NULL), UMM_OK);
    refuse_state(foreign, bytes, len, UMM_ERR_CONFLICT, "the state is of other features or rules");
    refuse_state(state, bytes, len - 1, UMM_ERR_DATA, "the state is damaged: its checksum differs");
    refuse_state(state, bytes, 20, UMM_ERR_DATA, "not the state of features");
    reseal(bytes, len, 2);
    refuse_state(state, bytes, len, UMM_ERR_UNSUPPORTED,
                 "the state is of arithmetic number 2, its features are of 1");
    reseal(bytes, len, 1);
    assert_int_equal(umm_features_state_load(state, bytes, len, NULL), UMM_OK);
    bytes[8] = 2;
    refuse_state(state, bytes, len, UMM_ERR_UNSUPPORTED,
                 "state of another version: layout 2, numerics 1");
    umm_features_state_close(foreign);
    umm_features_state_close(state);
    umm_features_close(other);
    umm_features_close(plan);
}

/* Where a feature was defined otherwise before, and only there, an old state is refused. */
static void test_states_of_older_definitions(void **unused)
{
    (void)unused;
    static const struct {
        const char *spec;
        enum umm_features_compat compat;
        bool is_renewed;
    } cases[] = {
        {"ema,macd,obv,adx,mfi,stoch,roc", UMM_FEATURES_TALIB, false},
        {"ema,macd,obv,adx,mfi,stoch,roc", UMM_FEATURES_METASTOCK, false},
        {"sma,returns", UMM_FEATURES_TALIB, true},
        {"sma,rma,rsi,atr,bbands", UMM_FEATURES_TRADINGVIEW, false},
        {"sma,ema", UMM_FEATURES_TRADINGVIEW, true},
        {"ema,macd,stoch", UMM_FEATURES_TULIP, false},
        {"cci", UMM_FEATURES_TULIP, true},
        {"ema,macd,obv,trange", UMM_FEATURES_PANDAS, false},
        {"zscore", UMM_FEATURES_PANDAS, true},
    };
    make_bars(WALK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct umm_features_rules rules = {.compat = cases[i].compat};
        struct umm_features *plan = plan_of(cases[i].spec, &rules);
        struct umm_features_state *state = state_of(plan);
        const size_t len = umm_features_state_size(state);
        unsigned char *bytes = malloc(len);
        assert_non_null(bytes);
        take(state, 0, 7, UMM_ENGINE_BEST);
        umm_features_state_save(state, bytes);
        assert_int_equal(bytes[12], cases[i].is_renewed ? 2 : 1);
        reseal(bytes, len, 1);
        if (cases[i].is_renewed)
            refuse_state(state, bytes, len, UMM_ERR_UNSUPPORTED,
                         "the state is of arithmetic number 1, its features are of 2");
        else
            assert_int_equal(umm_features_state_load(state, bytes, len, NULL), UMM_OK);
        free(bytes);
        umm_features_state_close(state);
        umm_features_close(plan);
    }
}

/* Words after the count of rows, of any state that was well sealed, give the one NaN. */
static void check_other_nans(enum umm_features_compat compat)
{
    const struct umm_features_rules rules = {.compat = compat};
    enum { AT_WORDS = 40, TAKEN = 600, MORE = 40 };
    static const unsigned char other_nan[8] = {0x23, 1, 0, 0, 0, 0, 0xf8, 0xff};
    const char *name, *usage, *about, *origin;
    make_bars(WALK);
    for (size_t i = 0; (name = umm_features_describe(i, &usage, &about, &origin)); i++) {
        struct umm_features *plan = plan_of(name, &rules);
        struct umm_features_state *state = state_of(plan);
        size_t len = umm_features_state_size(state);
        unsigned char *bytes = malloc(len);
        assert_non_null(bytes);
        take(state, 0, TAKEN, UMM_ENGINE_BEST);
        umm_features_state_save(state, bytes);
        for (size_t at = AT_WORDS + 8; at < len - 8; at += 8)
            memcpy(bytes + at, other_nan, sizeof other_nan);
        uint64_t hash = umm_fnv(UMM_FNV_START, bytes, len - 8);
        memcpy(bytes + len - 8, &hash, sizeof hash);
        if (umm_features_state_load(state, bytes, len, NULL) == UMM_OK)
            take(state, TAKEN, MORE, UMM_ENGINE_BEST);
        for (size_t k = 0; k < umm_features_n_outputs(plan); k++)
            for (size_t row = TAKEN; row < TAKEN + MORE; row++)
                assert_true(!isnan(got[k][row]) || bits_of(got[k][row]) == 0x7ff8000000000000);
        free(bytes);
        umm_features_state_close(state);
        umm_features_close(plan);
    }
}

static void test_states_of_other_nans(void **unused)
{
    (void)unused;
    for (unsigned compat = 0; compat <= UMM_FEATURES_METASTOCK; compat++)
        check_other_nans((enum umm_features_compat)compat);
}

/* ---- days --------------------------------------------------------------------------- */

static void test_vwap_begins_with_the_day_of_its_zone(void **unused)
{
    (void)unused;
    /* 2024-03-10: in New York a day of 23 hours, from 05:00 to 04:00 UTC. */
    const double start = 1710028800000.0, hour = 3600000.0;
    const struct umm_features_rules rules = {.time_zone = "America/New_York"};
    struct umm_features *plan = plan_of("vwap@close", &rules);
    struct umm_features_state *state = state_of(plan);
    for (int i = 0; i < 72; i++) {
        double bar[6] = {start + i * hour, 0, 0, 0, i, 1}, out;
        assert_int_equal(umm_features_push(state, bar, &out, NULL), UMM_OK);
        int from = i < 5 ? 0 : i < 28 ? 5 : i < 52 ? 28 : 52;
        assert_true(fabs(out - (from + i) / 2.0) < 1e-12);
    }
    umm_features_state_close(state);
    umm_features_close(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits_however_cut),
        cmocka_unit_test(test_same_bits_with_holes),
        cmocka_unit_test(test_same_bits_in_long_runs),
        cmocka_unit_test(test_many_states_have_the_bits_of_each),
        cmocka_unit_test(test_one_of_many_states_fails),
        cmocka_unit_test(test_many_states_without_a_column_or_cancelled),
        cmocka_unit_test(test_features_do_not_see_each_other),
        cmocka_unit_test(test_nothing_is_allocated),
        cmocka_unit_test(test_nan_policies),
        cmocka_unit_test(test_nan_error_names_row_and_column),
        cmocka_unit_test(test_every_feature_finds_every_odd_value),
        cmocka_unit_test(test_missing_column_and_cancel),
        cmocka_unit_test(test_refused_specs),
        cmocka_unit_test(test_names_lookbacks_and_text),
        cmocka_unit_test(test_descriptions),
        cmocka_unit_test(test_damaged_states),
        cmocka_unit_test(test_states_of_older_definitions),
        cmocka_unit_test(test_states_of_other_nans),
        cmocka_unit_test(test_vwap_begins_with_the_day_of_its_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
