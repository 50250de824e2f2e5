/* SPDX-License-Identifier: MIT */
/*
 * sequence.h - the order of rows in time: what to do with each, and what there is
 * to say about all of them.
 */
#ifndef UMM_ORDER_SEQUENCE_H
#define UMM_ORDER_SEQUENCE_H

#include "umm.h"

/*
 * KEEP takes any order, CHECK oldest first only, ASC also newest first (reversed later). With SORT
 * a sequence checks as with CHECK: what is not in order is sorted before it comes here.
 */
enum umm_order { UMM_ORDER_CHECK, UMM_ORDER_KEEP, UMM_ORDER_ASC, UMM_ORDER_SORT };

/* What becomes of rows whose time is that of the row before. */
enum umm_dedup { UMM_DEDUP_NONE, UMM_DEDUP_FIRST, UMM_DEDUP_LAST, UMM_DEDUP_ERROR };

enum umm_sequence_verdict {
    UMM_SEQUENCE_TAKE,
    UMM_SEQUENCE_DROP,     /* a duplicate; the earlier row stays */
    UMM_SEQUENCE_REPLACE,  /* a duplicate; it takes the earlier row's place */
    UMM_SEQUENCE_BACKWARD, /* refused: out of order */
    UMM_SEQUENCE_DUPLICATE /* refused: UMM_DEDUP_ERROR */
};

enum { UMM_SEQUENCE_STEPS = 16 };

/* Times are int64 counts of one unit throughout. Zero-initialise, set order and dedup. */
struct umm_sequence {
    enum umm_order order;
    enum umm_dedup dedup;
    uint64_t n_rows; /* taken and counted */
    uint64_t n_duplicates;
    int direction;   /* 0 not known yet, 1 oldest first, -1 newest first */
    uint64_t n_here; /* rows of this input, also those that are not counted */
    int64_t last;    /* of these */
    int64_t min, max;
    /* After a restart: rows up to floor are there already. Of those above: how many, the oldest. */
    bool has_floor;
    int64_t floor;
    uint64_t n_above;
    int64_t low;
    /* Distances between neighbours: the first distinct ones, counted. */
    uint64_t n_steps;
    uint64_t steps[UMM_SEQUENCE_STEPS];
    uint64_t counts[UMM_SEQUENCE_STEPS];
    size_t n_distinct;
    uint64_t longest;
    int64_t longest_from;
};

/*
 * Another input begins: its rows are in an order of their own. Those that are not newer than all
 * rows so far are there already: they are taken, for the caller to compare, but counted nowhere.
 * Also to be called after the last input, if before another one. Not for UMM_ORDER_KEEP.
 */
void umm_sequence_restart(struct umm_sequence *sequence);

enum umm_sequence_verdict umm_sequence_next(struct umm_sequence *sequence, int64_t time);

/*
 * Take as many of the n times as simply go on in the direction known: the number of
 * those; the next one, if any, is for umm_sequence_next.
 */
size_t umm_sequence_run(struct umm_sequence *sequence, const int64_t *times, size_t n);

/* As much of a sequence as it takes to see whether times are in order. Zero-initialise. */
struct umm_sequence_place {
    int64_t last;
    int8_t direction;
    bool has_last;
};

/* Take a time, unless umm_sequence_next would find it BACKWARD: then false. */
bool umm_sequence_goes_on(struct umm_sequence_place *place, enum umm_order order, int64_t time);

/* The commonest distance between neighbours; 0 when there is none. */
uint64_t umm_sequence_step(const struct umm_sequence *sequence);

/* How many distances are longer than that one: the gaps. */
uint64_t umm_sequence_gaps(const struct umm_sequence *sequence);

#endif
