/* SPDX-License-Identifier: MIT */
/*
 * nearest.h - which of some names a mistyped one was meant to be.
 *
 * The distance of two names is the least number of bytes that are changed, put in, left
 * out, or exchanged with their neighbour to make one the other, upper and lower case of
 * ASCII being the same (optimal string alignment; Damerau 1964, Levenshtein 1966). It is
 * a slip, and a name is worth suggesting, when that is no more than a third of its length.
 */
#ifndef UMM_TEXT_NEAREST_H
#define UMM_TEXT_NEAREST_H

#include "umm.h"

/* The best name so far; all zero but wanted at the beginning. Names are borrowed. */
struct umm_nearest {
    const char *wanted;
    const char *name; /* NULL: none is near */
    size_t distance;
};

/* Consider another name; of several at one distance the first stays. Any thread. */
void umm_nearest_look(struct umm_nearest *nearest, const char *name);

#endif
