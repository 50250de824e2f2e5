/* SPDX-License-Identifier: MIT */
#include "feature/window.h"

#include <math.h>
#include <string.h>

static inline double sum_of(double older, double newer)
{
    return older + newer;
}

static inline double max_of(double older, double newer)
{
    return older > newer ? older : newer;
}

static inline double min_of(double older, double newer)
{
    return older < newer ? older : newer;
}

/*
 * How many of run's values, the last of which may end the block of n, can be taken from
 * position pos on; those of an unfinished block are kept in raw.
 */
static const double *keep(double *raw, size_t n, size_t pos, const double *x, size_t run)
{
    if (pos == 0 && run == n)
        return x;
    memcpy(raw + pos, x, run * sizeof *x);
    return raw;
}

static inline size_t run_length(size_t n, size_t pos, size_t m)
{
    return m < n - pos ? m : n - pos;
}

/*
 * A state: suffix[n + 1], the last of them always the empty one's; raw[n]; prefix.
 * CHAINS whole blocks are worked on side by side: one after the other each value would
 * wait for the one before.
 */
enum { CHAINS = 4 };

#define WINDOW(name, op, identity)                                                                 \
    static void name##_block(double *state, size_t n, size_t pos, const double *x, size_t run,     \
                             double *out)                                                          \
    {                                                                                              \
        double *suffix = state, *raw = state + n + 1, *kept = raw + n;                             \
        double prefix = pos ? *kept : (identity);                                                  \
        for (size_t i = 0; i < run; i++) {                                                         \
            prefix = op(prefix, x[i]);                                                             \
            out[i] = op(suffix[pos + i + 1], prefix);                                              \
        }                                                                                          \
        *kept = prefix;                                                                            \
        const double *block = keep(raw, n, pos, x, run);                                           \
        if (pos + run < n)                                                                         \
            return;                                                                                \
        double all = (identity);                                                                   \
        for (size_t i = n; i-- > 0;)                                                               \
            suffix[i] = all = op(block[i], all);                                                   \
    }                                                                                              \
                                                                                                   \
    /* Whole blocks: the suffixes of each are left where the next one's results go. */             \
    static void name##_chains(double *state, size_t n, const double *x, double *out)               \
    {                                                                                              \
        double *suffix = state;                                                                    \
        double a0 = (identity), a1 = a0, a2 = a0, a3 = a0;                                         \
        memcpy(out, suffix + 1, n * sizeof *out);                                                  \
        for (size_t i = n; i-- > 0;) {                                                             \
            a0 = op(x[i], a0);                                                                     \
            a1 = op(x[n + i], a1);                                                                 \
            a2 = op(x[2 * n + i], a2);                                                             \
            a3 = op(x[3 * n + i], a3);                                                             \
            if (i) {                                                                               \
                out[n + i - 1] = a0;                                                               \
                out[2 * n + i - 1] = a1;                                                           \
                out[3 * n + i - 1] = a2;                                                           \
            }                                                                                      \
            suffix[i] = a3;                                                                        \
        }                                                                                          \
        for (size_t k = 1; k < CHAINS; k++)                                                        \
            out[k * n + n - 1] = (identity);                                                       \
        a0 = a1 = a2 = a3 = (identity);                                                            \
        for (size_t i = 0; i < n; i++) {                                                           \
            a0 = op(a0, x[i]);                                                                     \
            a1 = op(a1, x[n + i]);                                                                 \
            a2 = op(a2, x[2 * n + i]);                                                             \
            a3 = op(a3, x[3 * n + i]);                                                             \
            out[i] = op(out[i], a0);                                                               \
            out[n + i] = op(out[n + i], a1);                                                       \
            out[2 * n + i] = op(out[2 * n + i], a2);                                               \
            out[3 * n + i] = op(out[3 * n + i], a3);                                               \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    void umm_window_##name(double *state, size_t n, uint64_t row, const double *x, size_t m,       \
                           double *out)                                                            \
    {                                                                                              \
        if (row == 0)                                                                              \
            for (size_t i = 0; i <= n; i++)                                                        \
                state[i] = (identity);                                                             \
        while (m > 0) {                                                                            \
            size_t pos = (size_t)(row % n), run = run_length(n, pos, m);                           \
            if (pos == 0 && m / CHAINS >= n) {                                                     \
                run = CHAINS * n;                                                                  \
                name##_chains(state, n, x, out);                                                   \
            } else {                                                                               \
                name##_block(state, n, pos, x, run, out);                                          \
            }                                                                                      \
            row += run, x += run, out += run, m -= run;                                            \
        }                                                                                          \
    }

WINDOW(sum, sum_of, 0.0)
WINDOW(max, max_of, -INFINITY)
WINDOW(min, min_of, INFINITY)

/*
 * With i the position of row t in its block, its own rows j of 0..i weigh j + n - i, and
 * those of the block before weigh j - i, j of i + 1..n - 1. The first is a sum with
 * weights j + 1 and n - 1 - i times a plain one; the second the sum of all suffixes'
 * sums from i + 1 on. Nothing is subtracted.
 */
void umm_window_weighted(double *state, size_t n, uint64_t row, const double *x, size_t m,
                         double *out)
{
    double *suffix = state, *raw = state + n + 1, *kept = raw + n;
    while (m > 0) {
        size_t pos = (size_t)(row % n), run = run_length(n, pos, m);
        double plain = pos ? kept[0] : 0, rising = pos ? kept[1] : 0;
        for (size_t i = 0; i < run; i++) {
            plain += x[i];
            rising += (double)(pos + i + 1) * x[i];
            out[i] = suffix[pos + i + 1] + (rising + (double)(n - 1 - pos - i) * plain);
        }
        kept[0] = plain;
        kept[1] = rising;
        const double *block = keep(raw, n, pos, x, run);
        if (pos + run == n) {
            double sum = 0, sums = 0;
            for (size_t i = n; i-- > 0;) {
                sum = block[i] + sum;
                suffix[i] = sums = sum + sums;
            }
        }
        row += run, x += run, out += run, m -= run;
    }
}

/* Of a deviation's state; s are sums, q sums of squares, relative to a block's value. */
struct parts {
    double *s, *q, *raw; /* suffixes: n + 1 each, the last 0; values of this block: n */
    double *suffix_base, *prefix_base, *prefix_s, *prefix_q;
};

static struct parts parts_of(double *state, size_t n)
{
    double *q = state + n + 1, *raw = q + n + 1, *rest = raw + n;
    return (struct parts){state, q, raw, rest, rest + 1, rest + 2, rest + 3};
}

/* The sum of squares about their mean of n values with sums s and q about another. */
static inline double centred(double s, double q, double n)
{
    double squares = q - s * s / n;
    return squares > 0 ? squares : 0;
}

static void deviation_suffixes(const struct parts *p, size_t n, const double *block)
{
    double base = block[n - 1], s = 0, q = 0;
    for (size_t i = n; i-- > 0;) {
        double d = block[i] - base;
        p->s[i] = s += d;
        p->q[i] = q += d * d;
    }
    *p->suffix_base = base;
}

/* Rows pos.. of a block; all of one before are there, as many as the window still has. */
static void deviation_block(const struct parts *p, size_t n, size_t pos, const double *x,
                            size_t run, double *squares, double *last)
{
    if (pos == 0) {
        *p->prefix_base = x[0];
        *p->prefix_s = *p->prefix_q = 0;
    }
    double base = *p->prefix_base, step = base - *p->suffix_base;
    double s = *p->prefix_s, q = *p->prefix_q, all = (double)n;
    for (size_t i = 0; i < run; i++) {
        double d = x[i] - base, newer = (double)(pos + i + 1), older = all - newer;
        s += d;
        q += d * d;
        double mean = s / newer, sum = s;
        squares[i] = centred(s, q, newer);
        if (older > 0) {
            double older_s = p->s[pos + i + 1], apart = step + (mean - older_s / older);
            squares[i] = centred(older_s, p->q[pos + i + 1], older) + squares[i] +
                         apart * apart * (older * newer / all);
            sum = (older_s - older * step) + s;
        }
        if (last)
            last[i] = d - sum / all;
    }
    *p->prefix_s = s;
    *p->prefix_q = q;
}

void umm_window_deviation(double *state, size_t n, uint64_t row, const double *x, size_t m,
                          double *squares, double *last)
{
    const struct parts p = parts_of(state, n);
    while (m > 0) {
        size_t pos = (size_t)(row % n), run = run_length(n, pos, m);
        deviation_block(&p, n, pos, x, run, squares, last);
        const double *block = keep(p.raw, n, pos, x, run);
        if (pos + run == n)
            deviation_suffixes(&p, n, block);
        row += run, x += run, squares += run, m -= run;
        if (last)
            last += run;
    }
}

void umm_window_lag(double *state, size_t n, uint64_t row, const double *x, size_t m, double *out)
{
    for (size_t i = 0; i < m && i < n; i++)
        out[i] = state[(row + i) % n];
    if (m > n)
        memcpy(out + n, x, (m - n) * sizeof *x);
    for (size_t i = m > n ? m - n : 0; i < m; i++)
        state[(row + i) % n] = x[i];
}
