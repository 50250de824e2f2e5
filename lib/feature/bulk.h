/* SPDX-License-Identifier: MIT */
/*
 * bulk.h - arithmetic on whole columns, many rows at a time.
 *
 * Row i of a result depends on row i of the operands only, so every engine has the same
 * bits. out may be one of the operands; otherwise they do not overlap. Quotients, roots and
 * differences are tidy: a NaN among them is 0x7ff8000000000000.
 */
#ifndef UMM_FEATURE_BULK_H
#define UMM_FEATURE_BULK_H

#include "base/cpu.h"
#include "umm.h"

/*
 * Parts of windows, for deviations: what is known of the values of one part.
 *   x        its newest value
 *   distance of that from the part's mean
 *   squares  sum of the squared distances from the mean
 */
struct umm_bulk_part {
    const double *x, *distance, *squares;
};

/*
 * Windows of 2, 4, 8 and 16 rows at once: the levels of window.h. Column 0 of the last rows
 * is x, 2l + 1 and 2l + 2 are the first and the second column of the level of 2 << l rows; a
 * call goes on from the one before. A level whose first column is NULL is not stored.
 */
enum { UMM_BULK_LEVELS = 4, UMM_BULK_LAST = 8 };
struct umm_bulk_levels {
    double last[2 * UMM_BULK_LEVELS - 1][UMM_BULK_LAST];
    double *first[UMM_BULK_LEVELS], *second[UMM_BULK_LEVELS];
};

/*
 * What becomes of a whole window:
 *   PARTS  distance, squares
 *   ROOT   sqrt(squares / divisor)
 *   SCORE  distance / sqrt(squares / divisor), factor where squares is 0
 *   BANDS  x - distance, the middle, and factor * sqrt(squares / divisor) about it: upper,
 *          middle, lower
 */
enum umm_bulk_end_kind { UMM_BULK_PARTS, UMM_BULK_ROOT, UMM_BULK_SCORE, UMM_BULK_BANDS };
struct umm_bulk_end {
    enum umm_bulk_end_kind kind;
    double divisor, factor;
};

/* How many columns that are. */
static inline unsigned umm_bulk_ends(enum umm_bulk_end_kind kind)
{
    switch (kind) {
    case UMM_BULK_PARTS: return 2;
    case UMM_BULK_BANDS: return 3;
    case UMM_BULK_ROOT:
    case UMM_BULK_SCORE: break;
    }
    return 1;
}

struct umm_bulk {
    /* a + b, and the greater and the less of both */
    void (*add)(const double *a, const double *b, size_t n, double *out);
    void (*max)(const double *a, const double *b, size_t n, double *out);
    void (*min)(const double *a, const double *b, size_t n, double *out);
    /* (a + b) / divisor, and a / divisor */
    void (*add_end)(const double *a, const double *b, double divisor, size_t n, double *out);
    void (*divide)(const double *a, double divisor, size_t n, double *out);
    /* (weighted + plain * n_older) + older, and that / divisor */
    void (*weigh)(const double *weighted, const double *plain, double n_older, const double *older,
                  size_t n, double *out);
    void (*weigh_end)(const double *weighted, const double *plain, double n_older,
                      const double *older, double divisor, size_t n, double *out);
    /* both parts as one, and what becomes of it: `share` of the values are the older's; see
     * bulk.inc for weight; and of a window that is one part. out has room for three pointers */
    void (*merge)(const struct umm_bulk_end *end, const struct umm_bulk_part *newer,
                  const struct umm_bulk_part *older, double share, double weight, size_t n,
                  double *const *out);
    void (*end)(const struct umm_bulk_end *end, const struct umm_bulk_part *whole, size_t n,
                double *const *out);
    /* scale * ((a - b) / (high - low)), flat where high is low */
    void (*place)(const double *a, const double *b, const double *high, const double *low,
                  double scale, double flat, size_t n, double *out);
    /* These say whether all operands were finite; the changes do of a only. */
    /* greatest of high - low, |high - before|, |low - before| */
    bool (*range)(const double *high, const double *low, const double *before, size_t n,
                  double *out);
    /* a - b; (a / b - 1) * 100, by_zero where b is 0; (a - b) / b, NaN where b is 0 */
    bool (*difference)(const double *a, const double *b, size_t n, double *out);
    bool (*percent)(const double *a, const double *b, double by_zero, size_t n, double *out);
    bool (*relative)(const double *a, const double *b, size_t n, double *out);
    /* *sum and then on: + ((close - low) - (high - close)) / (high - low) * volume where
     * high > low; one row after the other */
    bool (*flow)(const double *close, const double *high, const double *low, const double *volume,
                 size_t n, double *sum, double *out);
    /* from x[i] .. x[i + n_window - 1] and their mean, (last - mean) / (0.015 * the mean
     * distance), flat where that is 0 */
    void (*channel)(const double *x, const double *mean, size_t n_window, double flat, size_t n,
                    double *out);
    /* The same as add, as merge (distance, squares) and as add and weigh (plain, weighted) level
     * by level, of n rows, a multiple of UMM_BULK_LAST; NULL where that gains nothing. Sums are
     * first columns only, and column l of the last rows is that of the level of 1 << l rows. */
    void (*sums)(struct umm_bulk_levels *levels, const double *x, size_t n);
    void (*deviations)(struct umm_bulk_levels *levels, const double *x, size_t n);
    void (*weights)(struct umm_bulk_levels *levels, const double *x, size_t n);
};

const struct umm_bulk *umm_bulk_of(enum umm_cpu cpu);

#endif
