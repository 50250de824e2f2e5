/* SPDX-License-Identifier: MIT */
/*
 * uptodate.h - an output is not older than what it was made of.
 *
 * make runs a rule as long as its output is older than an input. An append that finds nothing new
 * writes nothing: the output of an input that was touched, and no more, would stay older for ever.
 * So whoever appends looks at the time of each input before it is read, and has the output's time
 * set at the end if it is older. An output that is not older keeps its time, for what depends on
 * it.
 *
 * Nothing here fails: where a time cannot be seen or set, make runs the rule once more.
 */
#ifndef UMM_SYS_UPTODATE_H
#define UMM_SYS_UPTODATE_H

#include "umm.h"

/* The time of the newest input; all zero: there was none yet. */
struct umm_uptodate {
    int64_t newest_ns;
};

/* Look at the input of that name; "-" is standard input. A pipe is as new as this moment. */
void umm_uptodate_look(struct umm_uptodate *inputs, const char *input);

/* Set the time of output (links followed) to now if it is older than the newest input. */
void umm_uptodate_settle(const struct umm_uptodate *inputs, const char *output);

/* Set it to now in any case, as touch(1): for what changed beside the file, and belongs to it. */
void umm_uptodate_touch(const char *output);

#endif
