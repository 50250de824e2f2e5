/* SPDX-License-Identifier: MIT */
/*
 * event.h - lines of text to events: a position is opened, a symbol has a price, a position is
 * closed.
 *
 * CSV with a header that names the columns, in any order; or JSON lines with these keys, if the
 * first byte is '{':
 *
 *     event          open, price, close
 *     time           a whole number of milliseconds since 1970, or ISO 8601;
 *                    a number that is of 1980 to 2100 as seconds is refused
 *     id, symbol     texts
 *     side           long, short, 1, -1
 *     entry, take_profit, stop_loss, price
 *
 *     open     id, symbol, side, entry; take_profit and stop_loss if there are any
 *     price    symbol, price
 *     close    id
 *
 * A price may also have an id and a side, and a close all other cells: they are not looked at, and
 * are not in the event. A price of an open, and an entry or barriers of a price, are refused: they
 * would seem to change something. One line is one event: a text has no line ends.
 */
#ifndef UMM_WATCH_EVENT_H
#define UMM_WATCH_EVENT_H

#include "umm.h"
#include "watch/watchlist.h"

enum { UMM_EVENT_LINE_MAX = 8192 }; /* bytes of a line without its end */

enum umm_event_kind { UMM_EVENT_OPEN, UMM_EVENT_PRICE, UMM_EVENT_CLOSE };

/* Texts live until the next line. Prices and barriers that are not there are NaN. */
struct umm_event {
    enum umm_event_kind kind;
    bool has_time;
    int64_t time_ms;
    struct umm_watch_position position;
    double price;
};

/*
 * path           what errors call the input; borrowed
 * is_timed       every event must have a time; otherwise times are not looked at
 * is_lenient     columns and keys of other names are passed over, not refused
 */
struct umm_events_options {
    const char *path;
    bool is_timed, is_lenient;
};

struct umm_events;

UMM_MUST_USE enum umm_status umm_events_open(const struct umm_events_options *options,
                                             struct umm_events **events, struct umm_error *err);
void umm_events_close(struct umm_events *events);

enum umm_events_result {
    UMM_EVENTS_EVENT,
    UMM_EVENTS_NOTHING, /* a header, or an empty line */
    UMM_EVENTS_BAD,     /* the line; others are not concerned */
    UMM_EVENTS_LOST     /* the header: no line after it means anything. Or no memory */
};

/*
 * The next line, without its end. err is filled, with the place, after BAD and LOST.
 */
UMM_MUST_USE enum umm_events_result umm_events_line(struct umm_events *events, const char *text,
                                                    size_t len_bytes, struct umm_event *event,
                                                    struct umm_error *err);

/*
 * The last line that was given is bad for another reason than its text. `column` is the name of
 * the column that is meant, "" for none. Fills err with status UMM_ERR_DATA.
 */
void umm_events_blame(struct umm_events *events, const char *column, const char *what,
                      struct umm_error *err);

/*
 * The next line is no event, as it is too long, or has no end, or for another reason that the
 * caller has. Its len_bytes, with its end, are passed over.
 */
void umm_events_refuse(struct umm_events *events, size_t len_bytes, const char *what,
                       struct umm_error *err);

/* len_bytes more of the line that was refused; they hold no end of a line, but it may be last. */
void umm_events_pass_over(struct umm_events *events, size_t len_bytes);

/*
 * One word for what the last bad line is bad for: the name of the column; "line" for what is no
 * record or object, "header".
 */
const char *umm_events_word(const struct umm_events *events);

#endif
