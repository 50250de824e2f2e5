/* SPDX-License-Identifier: MIT */
/*
 * window.h - what can be said of the last n values of a series, at a constant cost.
 *
 * The rows are cut into blocks of n, counted from row 0. A window that ends at row t is
 * the end of one block and the beginning of the next:
 *
 *     block  |. . . . . S S S|P P P P P . . .|
 *                       ^ suffix      ^ prefix, up to t
 *
 * so a result joins one suffix of the block before with one prefix of this one. Nothing is
 * ever taken out of a sum again: there is no drift, a wild value is gone with its
 * window, and the bits do not depend on how the rows are cut into calls.
 *
 * Each kind keeps its words in the caller's memory (zero before row 0) and takes m more
 * values x, the first of which is row number `row`. Windows of the first n - 1 rows
 * are those of the values that there are. Outputs and x must not overlap.
 *
 * Source: van Herk, "A fast algorithm for local minimum and maximum filters" (1992);
 * Gil and Werman, "Computing 2-D min, median, and max filters" (1993). Joining deviations:
 * Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm" (1979).
 */
#ifndef UMM_FEATURE_WINDOW_H
#define UMM_FEATURE_WINDOW_H

#include "umm.h"

/* Words of state. */
static inline size_t umm_window_words(size_t n)
{
    return 2 * n + 3;
}
static inline size_t umm_window_deviation_words(size_t n)
{
    return 3 * n + 6;
}

/* Sums of the last n. */
void umm_window_sum(double *state, size_t n, uint64_t row, const double *x, size_t m, double *out);

/* The greatest and the least of the last n. */
void umm_window_max(double *state, size_t n, uint64_t row, const double *x, size_t m, double *out);
void umm_window_min(double *state, size_t n, uint64_t row, const double *x, size_t m, double *out);

/* Sums with weights 1 for the oldest to n for the newest; sums of fewer than n are not. */
void umm_window_weighted(double *state, size_t n, uint64_t row, const double *x, size_t m,
                         double *out);

/*
 * squares: sums of the squared distances from the window's mean. last (may be NULL): the
 * distance of the newest value from it. Not for windows of fewer than n. The values are
 * taken relative to one of their block, a prefix's first and a suffix's last, which every
 * window that uses them contains: so a level costs no digits.
 */
void umm_window_deviation(double *state, size_t n, uint64_t row, const double *x, size_t m,
                          double *squares, double *last);

/* The values n rows before, 0 where there are none. State: n words. */
void umm_window_lag(double *state, size_t n, uint64_t row, const double *x, size_t m, double *out);

#endif
