/* SPDX-License-Identifier: MIT */
/*
 * acceptance.h - is a run's memory fit for release? One line for each demand: the figure,
 * the limit, and PASS, FAIL, SKIP or INCONCLUSIVE.
 *
 *   exit code      0, of a command
 *   signals        exactly as many as were asked for
 *   duration       as asked for, to a second or 1 %; as fast as it goes: within the time
 *                  given
 *   live bytes     what malloc has given out grows by less than 16 B a signal
 *   growth         of anonymous and shared memory, less than 5 MB; see below
 *   allocations    less than 1 in 20 signals, once the run is steady
 *   calls, bytes   of malloc over the whole run: 20 % fewer than without a pool
 *   cache hits     80 % of the lookups, without the first ones of each key
 *   answers        one to each look at a position, and at least one look
 *   descriptors    as many at the end, and at most, as at the beginning
 *   left files     none: temporaries, locks, journals; in /dev/shm; in TMPDIR
 *
 * Live bytes are exact and judged in every run. Resident memory is not: pages come and go
 * in other sizes than what a program asks for. It is judged where a leak of 64 bytes a
 * signal would exceed the limit 4 times over. In runs too short for the limit of 5 MB
 * a lower one serves, down to 1 MB; below that the line is SKIP, and says so.
 *
 * Growth is known to within bounds, and INCONCLUSIVE if the limit lies between them. What
 * else is not known is FAIL: a check that cannot look has not seen that all is well.
 */
#ifndef UMM_M5_ACCEPTANCE_H
#define UMM_M5_ACCEPTANCE_H

#include "m5/record.h"

enum umm_acceptance_verdict {
    UMM_ACCEPTANCE_PASS,
    UMM_ACCEPTANCE_FAIL,
    UMM_ACCEPTANCE_SKIP,
    UMM_ACCEPTANCE_INCONCLUSIVE,
    UMM_ACCEPTANCE_VERDICTS
};

enum { UMM_ACCEPTANCE_LINES_MAX = 16, UMM_ACCEPTANCE_TEXT_MAX = 48, UMM_ACCEPTANCE_NOTE_MAX = 128 };

/*
 * key is for programs ("live_bytes_per_signal"), name for people. value and limit are NaN
 * where there is none; a share is 0 to 1.
 */
struct umm_acceptance_line {
    const char *key, *name;
    enum umm_acceptance_verdict verdict;
    double value, limit;
    char figure_text[UMM_ACCEPTANCE_TEXT_MAX];
    char limit_text[UMM_ACCEPTANCE_TEXT_MAX];
    char note[UMM_ACCEPTANCE_NOTE_MAX]; /* empty, or what one should know about the figure */
};

struct umm_acceptance {
    size_t n_lines;
    struct umm_acceptance_line lines[UMM_ACCEPTANCE_LINES_MAX];
};

/* "PASS", "FAIL", "SKIP", "INCONCLUSIVE". */
const char *umm_acceptance_word(enum umm_acceptance_verdict verdict);

/* A line for each demand that goes with the record. */
void umm_acceptance_judge(const struct umm_record *record, struct umm_acceptance *acceptance);

/* FAIL if any line is, else INCONCLUSIVE if any line is, else PASS. */
enum umm_acceptance_verdict umm_acceptance_verdict(const struct umm_acceptance *acceptance);

/* The limit on growth for that many signals, in bytes; 0: too few to judge. */
double umm_acceptance_growth_limit(uint64_t n_signals);

#endif
