/* SPDX-License-Identifier: MIT */
/*
 * looklines.h - looks as lines of text: the fields that are asked for, with commas between them.
 * An id or a symbol with a comma or a quote is quoted as in CSV; the risk has the fewest digits
 * that read back to the same number.
 */
#ifndef UMM_WATCH_LOOKLINES_H
#define UMM_WATCH_LOOKLINES_H

#include "text/csvcell.h"
#include "umm.h"
#include "watch/watchlist.h"

enum umm_look_field {
    UMM_LOOK_TIME,
    UMM_LOOK_ID,
    UMM_LOOK_SYMBOL,
    UMM_LOOK_RISK,
    UMM_LOOK_INTERVAL,
    UMM_LOOK_LATE,
    UMM_LOOK_FIELDS
};

/* n 0: all, in the order above. */
struct umm_look_fields {
    unsigned n;
    enum umm_look_field fields[UMM_LOOK_FIELDS];
};

/* Bytes of a line at most, with its end. */
enum {
    UMM_LOOK_LINE_MAX =
        UMM_CSVCELL_MAX(UMM_WATCH_ID_MAX) + UMM_CSVCELL_MAX(UMM_WATCH_SYMBOL_MAX) + 128
};

/* A list of names, "id,symbol": UMM_ERR_ARGUMENT for a name that is none, or is there twice. */
UMM_MUST_USE enum umm_status umm_look_fields_parse(const char *text, struct umm_look_fields *fields,
                                                   struct umm_error *err);

/* The names as a line; the look, done at time_ms, late_us after it was due. Return the end. */
char *umm_look_print_names(char *out, const struct umm_look_fields *fields);
char *umm_look_print(char *out, const struct umm_look_fields *fields,
                     const struct umm_watch_look *look, int64_t time_ms, uint64_t late_us);

#endif
