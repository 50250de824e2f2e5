/* SPDX-License-Identifier: MIT */
/*
 * window.h - what can be said of the last n values of a series, of each row.
 *
 * Windows of 1, 2, 4, 8, ... rows are made each of two halves, a window of n of those that
 * the binary digits of n name, the shortest one newest (for greatest and least: of two that
 * overlap):
 *
 *     n = 20    |. . . . . . . . . . . . . . . .|. . . .|
 *                          16                       4     row t
 *
 * so a result depends on its window alone, through one tree of operations: nothing is ever
 * taken out of a sum again, errors grow with log n, a wild value is gone with its window,
 * and the bits do not depend on how the rows are cut into calls. Each level is a pass over
 * rows side by side, which is what bulk.h does well; some engines make the first levels of
 * two columns in one.
 *
 * Each kind keeps its words in the caller's memory (zero before row 0), rings of the last
 * values of each level, and takes m more values x, the first of which is row number `row`.
 * Results of the first n - 1 rows, whose windows reach before row 0, do not matter. Outputs
 * and x must not overlap.
 *
 * Source of joining deviations: Chan, Golub and LeVeque, "Updating formulae and a pairwise
 * algorithm for computing sample variances" (1979).
 */
#ifndef UMM_FEATURE_WINDOW_H
#define UMM_FEATURE_WINDOW_H

#include "feature/bulk.h"
#include "umm.h"

/* Words of state, for all kinds but two, and for those. */
static inline size_t umm_window_words(size_t n)
{
    return 2 * n;
}
static inline size_t umm_window_weighted_words(size_t n)
{
    return 4 * n;
}
static inline size_t umm_window_deviation_words(size_t n)
{
    return 6 * n;
}

/* Sums of the last n, divided by divisor unless that is 0. */
void umm_window_sum(const struct umm_bulk *bulk, double *state, size_t n, uint64_t row,
                    const double *x, size_t m, double divisor, double *out);

/* The greatest and the least of the last n. */
void umm_window_max(const struct umm_bulk *bulk, double *state, size_t n, uint64_t row,
                    const double *x, size_t m, double *out);
void umm_window_min(const struct umm_bulk *bulk, double *state, size_t n, uint64_t row,
                    const double *x, size_t m, double *out);

/* Sums with weights 1 for the oldest to n for the newest, divided by divisor. */
void umm_window_weighted(const struct umm_bulk *bulk, double *state, size_t n, uint64_t row,
                         const double *x, size_t m, double divisor, double *out);

/*
 * What end says of a window's squares, the sum of the squared distances from its mean, and its
 * newest value's distance from that, to as many columns as it is. Values are taken relative to
 * others of their window: a level costs no digits.
 */
void umm_window_deviation(const struct umm_bulk *bulk, double *state, size_t n, uint64_t row,
                          const double *x, size_t m, const struct umm_bulk_end *end,
                          double *const *out);

/*
 * Rings: the last `size` values of a column, row r's in ring[r % size]; 0 before row 0.
 *
 * _before: of rows row + at .. row + m - 1, m of which are in x, how many from `at` on have the
 * values `lag` rows before (at most size) in one piece, at *older. _keep: put x into the ring,
 * when the old values are no longer needed.
 */
size_t umm_window_before(const double *ring, size_t size, uint64_t row, const double *x, size_t m,
                         size_t lag, size_t at, const double **older);
void umm_window_keep(double *ring, size_t size, uint64_t row, const double *x, size_t m);

#endif
