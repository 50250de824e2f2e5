/* SPDX-License-Identifier: MIT */
/*
 * time_scan.h - the pieces of a text that every form of a time has. For time*.c and tz*.c.
 */
#ifndef UMM_TIME_TIME_SCAN_H
#define UMM_TIME_TIME_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "time/time_places.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A position in a text: bytes from at to before end are still to be read. */
struct umm_time_cursor {
    const char *at;
    const char *end;
    struct umm_time_places *places; /* NULL: nobody asks */
};

/* Note that the number has the digits from at to the cursor. */
static inline void umm_time_mark(const struct umm_time_cursor *cursor, enum umm_time_place place,
                                 const char *at)
{
    if (!cursor->places)
        return;
    cursor->places->at[place] = at;
    cursor->places->n_digits[place] = (int)(cursor->at - at);
}

static inline bool umm_time_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Read that byte; false, and the cursor stays, if another one or none is there. */
static inline bool umm_time_scan_byte(struct umm_time_cursor *cursor, char byte)
{
    if (cursor->at == cursor->end || *cursor->at != byte)
        return false;
    cursor->at++;
    return true;
}

/*
 * Read an unsigned number of at least min_digits and at most max_digits (up to 9)
 * digits, as many as there are. Returns how many, 0 if there are too few; the
 * cursor moves and *value is set only if there are enough.
 */
int umm_time_scan_digits(struct umm_time_cursor *cursor, int min_digits, int max_digits,
                         int32_t *value);

/* Read 1 to 9 digits of a decimal fraction as nanoseconds; false if there is none. */
bool umm_time_scan_fraction(struct umm_time_cursor *cursor, int32_t *nsec);

/* Read "Z", +HH, +HHMM or +HH:MM (either sign) as seconds east of UTC. */
bool umm_time_scan_zone(struct umm_time_cursor *cursor, int32_t *offset_s);

#ifdef __cplusplus
}
#endif

#endif
