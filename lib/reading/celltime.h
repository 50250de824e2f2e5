/* SPDX-License-Identifier: MIT */
/* celltime.h - what to say of a cell that is no time, and what leads on. */
#ifndef UMM_READING_CELLTIME_H
#define UMM_READING_CELLTIME_H

#include "array/schema.h"
#include "base/hint.h"
#include "text/csv.h"
#include "time/time.h"

enum { UMM_CELLTIME_SAYS_MAX = 192 };

/*
 * Around the text in a message: `timestamp WHAT: "TEXT"SAYS`, with a hint and its values, or
 * NULL. is_read: the text is a time, but the array of such a field, in that unit, cannot hold
 * it.
 */
struct umm_celltime_refusal {
    const char *what;
    char says[UMM_CELLTIME_SAYS_MAX];
    enum umm_hint hint;
    const char *values[2];
};
void umm_celltime_refuse(const struct umm_schema_field *field, const struct umm_time_spec *spec,
                         enum umm_time_result result, bool is_read, struct umm_csv_field cell,
                         struct umm_celltime_refusal *refusal);

#endif
