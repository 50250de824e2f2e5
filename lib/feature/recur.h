/* SPDX-License-Identifier: MIT */
/*
 * recur.h - recurrences: features whose value follows from the one before.
 *
 * The definition is sequential, and so is the result, bit for bit. Long runs are still
 * done many rows at a time: the rows are cut into one part per lane; each lane guesses
 * its first state by running over the rows before its part, and a recurrence forgets its
 * start. Where the guess is not the state that the lane before ends with, to the bit, the
 * part is done again from there. Prices that stand still never forget: they are right too,
 * and slower.
 */
#ifndef UMM_FEATURE_RECUR_H
#define UMM_FEATURE_RECUR_H

#include "base/cpu.h"
#include "umm.h"

/*
 * What is computed, once all averages are seeded. An average a takes x in by
 * a = (x - a) * k + a. Words of state, and inputs -> outputs:
 *
 *   EMA    average                               x -> average
 *   ATR    close, average                        close high low -> average true range
 *   NATR   close, average                        ... in percent of close, or flat
 *   RSI    x, gains, losses                      x -> 100 gains / (gains + losses), or flat
 *   MACD   fast, slow, signal                    x -> fast - slow, signal, difference
 *   ADX    close, high, low, +dm, -dm, range, adx
 *                                                close high low -> adx, +di, -di, or flat
 *
 * The state's first words are the previous row's inputs, where there are such words.
 */
enum umm_recur_kind {
    UMM_RECUR_EMA,
    UMM_RECUR_ATR,
    UMM_RECUR_NATR,
    UMM_RECUR_RSI,
    UMM_RECUR_MACD,
    UMM_RECUR_ADX
};

enum { UMM_RECUR_KINDS = UMM_RECUR_ADX + 1 };
enum { UMM_RECUR_WORDS = 7, UMM_RECUR_INPUTS = 3, UMM_RECUR_OUTPUTS = 3 };

/*
 * k: factors of the averages (MACD: fast, slow, signal; otherwise k[0]; ADX: k[1] is how much
 * farther a bar has to move one way than the other to have moved). flat: where a divisor is 0.
 */
struct umm_recur {
    enum umm_recur_kind kind;
    double k[3];
    double flat;
};

/*
 * Take n rows. Outputs that are NaN are 0x7ff8000000000000. False if any of the inputs was
 * not finite: then state and outputs are of no use.
 */
bool umm_recur_run(enum umm_cpu cpu, const struct umm_recur *recur, double *state,
                   const double *const *in, size_t n, double *const *out);

/*
 * A recurrence over series that lie anywhere: they are put off one by one, at most UMM_RECUR_MANY
 * of them, and then taken side by side, with the bits of umm_recur_run. All rows are finite.
 */
enum { UMM_RECUR_MANY = 16 };
struct umm_recur_series {
    double *state;
    const double *in[UMM_RECUR_INPUTS];
    double *out[UMM_RECUR_OUTPUTS];
    size_t n;
};
struct umm_recur_later {
    struct umm_recur recur;
    size_t n_series;
    struct umm_recur_series series[UMM_RECUR_MANY];
};
void umm_recur_put_off(struct umm_recur_later *later, const struct umm_recur *recur, double *state,
                       const double *const *in, size_t n, double *const *out);
void umm_recur_many(enum umm_cpu cpu, struct umm_recur_later *later);

/* Rows that a run likes: parts of equal length, spread over the cache. */
enum { UMM_RECUR_ROWS = 16 * 8 * 513 };

/* The first of n values that is not finite, or n. */
size_t umm_recur_find_odd(enum umm_cpu cpu, const double *x, size_t n);

/* Make every NaN of n values 0x7ff8000000000000. */
void umm_recur_tidy(enum umm_cpu cpu, double *x, size_t n);

#endif
