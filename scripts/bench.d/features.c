/* SPDX-License-Identifier: MIT */
/*
 * features N ROUNDS - ns per bar of every feature, in one process.
 *
 * Each round runs everything once; the best of ROUNDS is printed, a line each:
 *
 *     what <tab> who <tab> ns
 *
 * who: memcpy, umm's engines (portable, avx2, avx512), and talib and tulip where the
 * program was compiled with them (HAVE_TALIB, HAVE_TULIP). umm checks every input for NaN
 * and says so with its time; the others do not look.
 *
 * symbols: the rows are those of SYMBOLS symbols, one after the other, each with its own
 * state, a call each; many: by one call. live: one more bar of each of them. lanes, of ema:20:
 * what would be gained if the symbols of a row were stored side by side.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/tuning.h"
#include "umm.h"

#ifdef HAVE_TALIB
#include <ta_libc.h>
#endif
#ifdef HAVE_TULIP
#include <indicators.h>
#endif

enum { OUTPUTS_MAX = 16, LINES_MAX = 512, SYMBOLS = 100 };

static size_t n_rows;
static double *open_, *high, *low, *close_, *volume, *time_ms, *out[OUTPUTS_MAX];

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- results -------------------------------------------------------------- */

static struct line {
    const char *what, *who;
    double best_s;
} lines[LINES_MAX];
static size_t n_lines, at_line;

static void note(const char *what, const char *who, double seconds)
{
    if (at_line == n_lines)
        lines[n_lines++] = (struct line){what, who, 1e9};
    if (seconds < lines[at_line].best_s)
        lines[at_line].best_s = seconds;
    at_line++;
}

#define TIME(what, who, call)                                                                      \
    do {                                                                                           \
        double start = now_s();                                                                    \
        call;                                                                                      \
        note(what, who, now_s() - start);                                                          \
    } while (0)

/* ---- umm -------------------------------------------------------------------- */

static const char *const specs[] = {"sma:20",
                                    "sma:200",
                                    "ema:20",
                                    "ema:200",
                                    "wma:20",
                                    "rma:14",
                                    "trange",
                                    "atr:14",
                                    "natr:14",
                                    "rsi:14",
                                    "macd",
                                    "bbands",
                                    "stddev",
                                    "zscore",
                                    "max:20",
                                    "min:20",
                                    "stoch",
                                    "adx",
                                    "cci:20",
                                    "willr",
                                    "roc",
                                    "mom",
                                    "obv",
                                    "mfi:14",
                                    "ad",
                                    "vwap",
                                    "returns",
                                    "logreturns",
                                    "ema:20,macd,atr:14,rsi:14"};

static void run_umm(const char *spec, enum umm_engine engine, const char *name)
{
    struct umm_features *plan;
    struct umm_features_state *state;
    struct umm_error err = {0};
    const struct umm_tuning tuning = {.engine = engine};
    const struct umm_run run = {.tuning = &tuning};
    const struct umm_bars bars = {time_ms, open_, high, low, close_, volume};
    if (umm_features_open(spec, NULL, &plan, &err) || umm_features_state_open(plan, &state, &err)) {
        fprintf(stderr, "%s: %s\n", spec, err.message);
        exit(1);
    }
    enum umm_status status;
    TIME(spec, name, status = umm_features_take(state, &bars, n_rows, &run, out, &err));
    if (status) {
        fprintf(stderr, "%s: %s\n", spec, err.message);
        exit(1);
    }
    umm_features_state_close(state);
    umm_features_close(plan);
}

static void check(enum umm_status status, const char *spec, const struct umm_error *err)
{
    if (!status)
        return;
    fprintf(stderr, "%s: %s\n", spec, err->message);
    exit(1);
}

/* n rows of each, one symbol's after the other's. */
static void take_symbols(struct umm_features_state **states, const char *spec, size_t n)
{
    struct umm_error err = {0};
    for (size_t s = 0, at = 0; s < SYMBOLS; s++, at += n) {
        const struct umm_bars bars = {time_ms + at, open_ + at,  high + at,
                                      low + at,     close_ + at, volume + at};
        double *to[OUTPUTS_MAX];
        for (size_t i = 0; i < OUTPUTS_MAX; i++)
            to[i] = out[i] + at;
        check(umm_features_take(states[s], &bars, n, NULL, to, &err), spec, &err);
    }
}

static void take_many(struct umm_features_state **states, const char *spec, size_t n)
{
    struct umm_bars bars[SYMBOLS];
    double *to[SYMBOLS][OUTPUTS_MAX], *const *outs[SYMBOLS];
    struct umm_error err = {0};
    size_t failed;
    for (size_t s = 0, at = 0; s < SYMBOLS; s++, at += n) {
        bars[s] = (struct umm_bars){time_ms + at, open_ + at,  high + at,
                                    low + at,     close_ + at, volume + at};
        for (size_t i = 0; i < OUTPUTS_MAX; i++)
            to[s][i] = out[i] + at;
        outs[s] = to[s];
    }
    check(umm_features_take_many(states, bars, SYMBOLS, n, NULL, outs, &failed, &err), spec, &err);
}

static void push_symbols(struct umm_features_state **states, const char *spec)
{
    struct umm_error err = {0};
    double values[OUTPUTS_MAX];
    for (size_t s = 0; s < SYMBOLS; s++) {
        const double bar[6] = {time_ms[s], open_[s], high[s], low[s], close_[s], volume[s]};
        check(umm_features_push(states[s], bar, values, &err), spec, &err);
    }
}

static void run_symbols(const char *spec)
{
    struct umm_features *plan;
    struct umm_features_state *states[SYMBOLS];
    struct umm_error err = {0};
    check(umm_features_open(spec, NULL, &plan, &err), spec, &err);
    for (size_t s = 0; s < SYMBOLS; s++)
        check(umm_features_state_open(plan, &states[s], &err), spec, &err);
    TIME(spec, "symbols", take_symbols(states, spec, n_rows / SYMBOLS));
    for (size_t s = 0; s < SYMBOLS; s++)
        umm_features_state_reset(states[s]);
    TIME(spec, "many", take_many(states, spec, n_rows / SYMBOLS));
    double start = now_s();
    push_symbols(states, spec);
    note(spec, "live", (now_s() - start) / SYMBOLS * (double)n_rows);
    for (size_t s = 0; s < SYMBOLS; s++)
        umm_features_state_close(states[s]);
    umm_features_close(plan);
}

/* As if close_ had the SYMBOLS values of a row side by side. */
__attribute__((optimize("O3"), target_clones("avx512f", "avx2", "default"))) static void
take_lanes(const double *x, double *to)
{
    const double k = 2.0 / 21;
    double now[SYMBOLS] = {0};
    for (size_t row = 0; row < n_rows / SYMBOLS; row++, x += SYMBOLS, to += SYMBOLS)
        for (size_t s = 0; s < SYMBOLS; s++)
            to[s] = now[s] = (x[s] - now[s]) * k + now[s];
}

/* ---- peers ------------------------------------------------------------------- */

#ifdef HAVE_TALIB
static void run_talib(void)
{
    int b, m, e = (int)n_rows - 1;
    double *x = close_, **o = out;
#define TA(what, call) TIME(what, "talib", call)
    TA("sma:20", TA_SMA(0, e, x, 20, &b, &m, o[0]));
    TA("sma:200", TA_SMA(0, e, x, 200, &b, &m, o[0]));
    TA("ema:20", TA_EMA(0, e, x, 20, &b, &m, o[0]));
    TA("ema:200", TA_EMA(0, e, x, 200, &b, &m, o[0]));
    TA("wma:20", TA_WMA(0, e, x, 20, &b, &m, o[0]));
    TA("trange", TA_TRANGE(0, e, high, low, x, &b, &m, o[0]));
    TA("atr:14", TA_ATR(0, e, high, low, x, 14, &b, &m, o[0]));
    TA("natr:14", TA_NATR(0, e, high, low, x, 14, &b, &m, o[0]));
    TA("rsi:14", TA_RSI(0, e, x, 14, &b, &m, o[0]));
    TA("macd", TA_MACD(0, e, x, 12, 26, 9, &b, &m, o[1], o[2], o[3]));
    TA("bbands", TA_BBANDS(0, e, x, 20, 2, 2, TA_MAType_SMA, &b, &m, o[0], o[1], o[2]));
    TA("stddev", TA_STDDEV(0, e, x, 20, 1, &b, &m, o[0]));
    TA("max:20", TA_MAX(0, e, high, 20, &b, &m, o[0]));
    TA("min:20", TA_MIN(0, e, low, 20, &b, &m, o[0]));
    TA("stoch",
       TA_STOCH(0, e, high, low, x, 14, 3, TA_MAType_SMA, 3, TA_MAType_SMA, &b, &m, o[0], o[1]));
    TA("adx", {
        TA_ADX(0, e, high, low, x, 14, &b, &m, o[0]);
        TA_PLUS_DI(0, e, high, low, x, 14, &b, &m, o[1]);
        TA_MINUS_DI(0, e, high, low, x, 14, &b, &m, o[2]);
    });
    TA("cci:20", TA_CCI(0, e, high, low, x, 20, &b, &m, o[0]));
    TA("willr", TA_WILLR(0, e, high, low, x, 14, &b, &m, o[0]));
    TA("roc", TA_ROC(0, e, x, 10, &b, &m, o[0]));
    TA("mom", TA_MOM(0, e, x, 10, &b, &m, o[0]));
    TA("obv", TA_OBV(0, e, x, volume, &b, &m, o[0]));
    TA("mfi:14", TA_MFI(0, e, high, low, x, volume, 14, &b, &m, o[0]));
    TA("ad", TA_AD(0, e, high, low, x, volume, &b, &m, o[0]));
    TA("ema:20,macd,atr:14,rsi:14", {
        TA_EMA(0, e, x, 20, &b, &m, o[0]);
        TA_MACD(0, e, x, 12, 26, 9, &b, &m, o[1], o[2], o[3]);
        TA_ATR(0, e, high, low, x, 14, &b, &m, o[4]);
        TA_RSI(0, e, x, 14, &b, &m, o[5]);
    });
}
#endif

#ifdef HAVE_TULIP
static void run_tulip(void)
{
    const int n = (int)n_rows;
    const double *x[] = {close_}, *hlc[] = {high, low, close_}, *h[] = {high}, *l[] = {low};
    const double *cv[] = {close_, volume}, *hlcv[] = {high, low, close_, volume};
    double *rest[] = {out[1], out[2], out[3]}, *four[] = {out[4]}, *five[] = {out[5]};
#define TI(what, function, in, to, ...)                                                            \
    TIME(what, "tulip", ti_##function(n, in, (const double[]){__VA_ARGS__}, to))
    TI("sma:20", sma, x, out, 20);
    TI("sma:200", sma, x, out, 200);
    TI("ema:20", ema, x, out, 20);
    TI("ema:200", ema, x, out, 200);
    TI("wma:20", wma, x, out, 20);
    TI("rma:14", wilders, x, out, 14);
    TI("trange", tr, hlc, out, 0);
    TI("atr:14", atr, hlc, out, 14);
    TI("natr:14", natr, hlc, out, 14);
    TI("rsi:14", rsi, x, out, 14);
    TI("macd", macd, x, out, 12, 26, 9);
    TI("bbands", bbands, x, out, 20, 2);
    TI("stddev", stddev, x, out, 20);
    TI("max:20", max, h, out, 20);
    TI("min:20", min, l, out, 20);
    TI("stoch", stoch, hlc, out, 14, 3, 3);
    TI("cci:20", cci, hlc, out, 20);
    TI("willr", willr, hlc, out, 14);
    TI("roc", roc, x, out, 10);
    TI("mom", mom, x, out, 10);
    TI("obv", obv, cv, out, 0);
    TI("mfi:14", mfi, hlcv, out, 14);
    TI("ad", ad, hlcv, out, 0);
    TIME("adx", "tulip", {
        const double option[] = {14};
        ti_adx(n, hlc, option, out);
        ti_di(n, hlc, option, rest);
    });
    TIME("ema:20,macd,atr:14,rsi:14", "tulip", {
        ti_ema(n, x, (const double[]){20}, out);
        ti_macd(n, x, (const double[]){12, 26, 9}, rest);
        ti_atr(n, hlc, (const double[]){14}, four);
        ti_rsi(n, x, (const double[]){14}, five);
    });
}
#endif

/* ---- bars ------------------------------------------------------------------------ */

static double *column(void)
{
    double *x = malloc(n_rows * sizeof *x);
    if (!x) {
        perror("features");
        exit(1);
    }
    memset(x, 0, n_rows * sizeof *x);
    return x;
}

static double uniform(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return (double)(*seed >> 11) * 0x1p-53;
}

static void make_bars(void)
{
    uint64_t seed = 1;
    double now = 30000;
    open_ = column(), high = column(), low = column(), close_ = column(), volume = column();
    time_ms = column();
    for (size_t i = 0; i < OUTPUTS_MAX; i++)
        out[i] = column();
    for (size_t i = 0; i < n_rows; i++) {
        double before = now, span = uniform(&seed) * 20;
        now += (uniform(&seed) - 0.5) * 40 + (30000 - now) * 1e-5;
        time_ms[i] = 1577836800000.0 + (double)i * 60000;
        open_[i] = before;
        high[i] = (now > before ? now : before) + span;
        low[i] = (now < before ? now : before) - uniform(&seed) * 20;
        close_[i] = now;
        volume[i] = uniform(&seed) * 100;
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: features N ROUNDS\n");
        return 2;
    }
    n_rows = strtoul(argv[1], NULL, 10);
    make_bars();
    for (long round = strtol(argv[2], NULL, 10); round > 0; round--) {
        at_line = 0;
        TIME("memcpy", "memcpy", memcpy(out[0], close_, n_rows * sizeof *close_));
        for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
            run_umm(specs[i], UMM_ENGINE_PORTABLE, "portable");
            run_umm(specs[i], UMM_ENGINE_AVX2, "avx2");
            run_umm(specs[i], UMM_ENGINE_AVX512, "avx512");
            run_symbols(specs[i]);
        }
        TIME("ema:20", "lanes", take_lanes(close_, out[0]));
#ifdef HAVE_TALIB
        run_talib();
#endif
#ifdef HAVE_TULIP
        run_tulip();
#endif
    }
    for (size_t i = 0; i < n_lines; i++)
        printf("%s\t%s\t%.3f\n", lines[i].what, lines[i].who,
               lines[i].best_s / (double)n_rows * 1e9);
    return 0;
}
