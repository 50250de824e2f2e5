/* SPDX-License-Identifier: MIT */
/*
 * synth_bar.h - the market of umm-synth: a random walk of bars in ticks.
 *
 * Prices are integers, in ticks whose size is the caller's affair. The close moves
 * by a triangular random step of a width that grows with the square root of the
 * bar's duration, and is reflected at a quarter and at four times the typical
 * level, so that no number of bars takes it to zero or out of its type. Opens
 * follow the close before, at times with a small gap.
 *
 * Source: the generator is splitmix64 (Steele, Lea and Flood, "Fast splittable
 * pseudorandom number generators", 2014; constants of Vigna's public-domain
 * version); seed and symbol are mixed with it and with FNV-1a.
 */
#ifndef UMM_SYNTH_SYNTH_BAR_H
#define UMM_SYNTH_SYNTH_BAR_H

#include "umm.h"

/* One bar. volume counts 10^-volume_decimals; dice are 64 random bits for extras. */
struct umm_synth_bar {
    int64_t open, high, low, close;
    uint64_t volume;
    unsigned volume_decimals;
    uint64_t dice;
};

/* The walk's state. Private. */
struct umm_synth_walk {
    uint64_t random;
    int64_t close;
    int64_t floor, ceiling; /* the close stays between them */
    uint64_t width;         /* steps are below it, in ticks */
};

/* A well-mixed function of 64 bits: the output function of splitmix64. */
uint64_t umm_synth_mix(uint64_t bits);

/* The start of the random stream of seed and symbol. */
uint64_t umm_synth_stream(uint64_t seed, const char *symbol);

/*
 * Begin a walk: stream as above, level the typical price in ticks (1000 to 2^32),
 * duration_s the length of a bar in seconds (at least 1).
 */
void umm_synth_walk_init(struct umm_synth_walk *walk, uint64_t stream, int64_t level,
                         int64_t duration_s);

/*
 * The next bar. With is_backward the walk goes back in time: the bar's close
 * follows from the open of the bar before it, which is the newer one.
 */
void umm_synth_walk_next(struct umm_synth_walk *walk, bool is_backward, struct umm_synth_bar *bar);

#endif
