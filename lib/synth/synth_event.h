/* SPDX-License-Identifier: MIT */
/*
 * synth_event.h - the text of a trader's day: prices, which are the closes of synthetic bars, and
 * positions that are opened and closed at them. What the lines are, synth.h says. Nothing is
 * remembered of a position: its number gives all of it. Writes to memory, cannot fail.
 */
#ifndef UMM_SYNTH_SYNTH_EVENT_H
#define UMM_SYNTH_SYNTH_EVENT_H

#include "synth/synth_row.h"

/* The place in the text. Begin it with rows, whose index counts bars, and all else zero. */
struct umm_synth_events {
    struct umm_synth_rows *rows;
    bool is_in_bar; /* its price is written, but not the positions from slot on */
    uint64_t slot;
};

/* Write the header, if there is one, to out; returns the end of it. */
char *umm_synth_events_header(const struct umm_synth_events *events, char *out);

/*
 * Write the next event, or the end of a position and the begin of the one after it, to out;
 * returns the end of it, at most UMM_SYNTH_ROW_MAX bytes on. The last one of a bar counts it in
 * rows->index. Not to be called past n_rows.
 */
char *umm_synth_events_next(struct umm_synth_events *events, char *out);

#endif
