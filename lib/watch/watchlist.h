/* SPDX-License-Identifier: MIT */
/*
 * watchlist.h - positions, how much at risk each of them is, and which are due to be looked at.
 *
 * A long position of entry, take profit and stop loss, at price:
 *
 *     tp_distance = (take_profit - price) / (take_profit - entry)
 *     sl_distance = (price - stop_loss) / (entry - stop_loss)
 *     risk        = min(max(1 - tp_distance, 1 - sl_distance, 0), 1)
 *
 * A short one the other way round: each difference with the opposite sign. In doubles, in this
 * order; risk is that of the symbol's price when the position is looked at.
 *
 *   - A barrier that is NaN is none: it adds nothing. Neither: the risk is 0.
 *   - Entry at a barrier, or a barrier on the wrong side of entry (a stop that was moved into the
 *     profit): that barrier counts as reached, the risk is 1.
 *   - A price beyond a barrier: the risk is 1, as at the barrier.
 *   - A symbol without a price so far: entry stands for it.
 *
 * The interval to the next look is that of the first level whose `above` the risk exceeds. Looks
 * are due at: the time of the open; then the time when the look was due + interval, so that late
 * looks do not shift those that follow. Intervals that have passed in whole are skipped and
 * counted: the next look is due after the time of this one.
 *
 * A price brings the look forward to the last look + the interval that it leads to, or to now if
 * that has passed or there was no look yet. A price that reaches a barrier brings it to now: it
 * is at the barrier or beyond, the symbol's price before (entry, if it had none) was not, and the
 * barrier is on its side of entry. No price puts a look off.
 *
 * A closed position is looked at closed_ms after it was closed, then every closed_ms, with the
 * risk 0; no price changes that. In what follows it counts as opened when it was closed.
 *
 * Of all that are due those at highest risk go first, then those that are due longest, then those
 * opened first.
 *
 * Times are milliseconds of any clock that does not go back, the same for all calls: an earlier
 * time than that of a call before counts as that. They stay within 2^59 of 0; what would be due
 * later never is.
 *
 * Memory is taken as positions come: 127 bytes for each of a million with ids of up to 16 bytes,
 * 120 to 142 of other numbers, as tables double. A symbol stays once it is known. One thread.
 */
#ifndef UMM_WATCH_WATCHLIST_H
#define UMM_WATCH_WATCHLIST_H

#include "umm.h"

struct umm_watchlist;

enum {
    UMM_WATCH_LEVELS_MAX = 16,
    UMM_WATCH_ID_MAX = 247,
    UMM_WATCH_SYMBOL_MAX = 63,
    UMM_WATCH_COUNT_MAX = 60000000,
};

/*
 * levels         n_levels of them, `above` falling, the last one's below 0 so that it takes all;
 *                intervals of at least 1 ms that do not fall. None: 0.8: 100 ms, 0.5: 500 ms,
 *                0.2: 2 s, else 5 s
 * closed_ms      0: 3,600 s; INT64_MAX: closed positions are forgotten at once
 * max_positions  0: 1,000,000. A closed position, the longest closed first, makes room for a new
 *                one; when none is closed, a new one is refused
 * max_symbols    0: 100,000. Neither is more than UMM_WATCH_COUNT_MAX
 *
 * UMM_ERR_ARGUMENT: rules that are otherwise.
 */
struct umm_watch_level {
    double above;
    int64_t interval_ms;
};
struct umm_watch_rules {
    struct umm_watch_level levels[UMM_WATCH_LEVELS_MAX];
    uint32_t n_levels;
    int64_t closed_ms;
    uint64_t max_positions, max_symbols;
};

struct umm_watch_text {
    const char *text;
    size_t len_bytes;
};

/* A position as it is opened. side: 1 long, -1 short. */
struct umm_watch_position {
    struct umm_watch_text id, symbol;
    int side;
    double entry, take_profit, stop_loss;
};

/*
 * One that is due; id and symbol live until the next call that changes the list. due_ms is when
 * it was due; interval_ms what its risk leads to.
 */
struct umm_watch_look {
    struct umm_watch_text id, symbol;
    double risk;
    int64_t due_ms, interval_ms;
    uint64_t n_skipped; /* looks that were due since the last one and did not happen */
    bool is_closed;
};

struct umm_watch_stats {
    uint64_t n_open, n_closed, n_symbols;
    uint64_t n_opens, n_replaced, n_closes, n_prices; /* replaced ones are also opens */
    uint64_t n_unknown;                               /* closes of ids that are not open */
    uint64_t n_looks, n_skipped, n_brought_forward;
    uint64_t n_forgotten; /* closed ones that made room */
    uint64_t size_bytes;
};

UMM_MUST_USE enum umm_status umm_watchlist_open(const struct umm_watch_rules *rules,
                                                struct umm_watchlist **list, struct umm_error *err);
void umm_watchlist_close(struct umm_watchlist *list);

/*
 * Open a position, due now. One of that id, open or closed, is replaced, as a new one would be.
 * UMM_ERR_ARGUMENT, with column 1 to 6 for id, symbol, side, entry, take profit and stop loss:
 * empty, too long, has a control character; no side; not finite or beyond 1e300 (barriers may be
 * NaN). UMM_ERR_CONFLICT: the list is full, or has too many symbols. Refused, nothing changes.
 */
UMM_MUST_USE enum umm_status umm_watchlist_add(struct umm_watchlist *list,
                                               const struct umm_watch_position *position,
                                               int64_t now_ms, struct umm_error *err);

/* Close a position: UMM_ERR_ABSENT, and counted, if none of that id is open. */
UMM_MUST_USE enum umm_status umm_watchlist_end(struct umm_watchlist *list,
                                               const struct umm_watch_text *id, int64_t now_ms,
                                               struct umm_error *err);

/*
 * A symbol's price; it is kept also for positions that are opened later. UMM_ERR_ARGUMENT, with
 * column 1 or 2: no symbol as above, or a price that is not finite or beyond 1e300.
 * UMM_ERR_CONFLICT: too many symbols.
 */
UMM_MUST_USE enum umm_status umm_watchlist_price(struct umm_watchlist *list,
                                                 const struct umm_watch_text *symbol, double price,
                                                 int64_t now_ms, struct umm_error *err);

/* When the next look is due, or the latest time of a call if that is later; INT64_MAX: never. */
int64_t umm_watchlist_next_ms(const struct umm_watchlist *list);

/* Up to max looks that are due by now_ms, in order; each is done by that. Returns how many. */
size_t umm_watchlist_take(struct umm_watchlist *list, int64_t now_ms, struct umm_watch_look *looks,
                          size_t max);

void umm_watchlist_stats(const struct umm_watchlist *list, struct umm_watch_stats *stats);

/* Risk by the definition above; price NaN: there is none yet. */
double umm_watch_risk(const struct umm_watch_position *position, double price);

/* ---- what a state file keeps ---- */

/* A position as it stands; last_ms: of the last look, INT64_MIN for none; due_ms: INT64_MAX for
 * never. */
struct umm_watch_saved {
    struct umm_watch_position position;
    bool is_closed;
    int64_t due_ms, last_ms;
};

/*
 * The positions in the order of their opening, and the symbols with a price: call with *at 0
 * first, until false. No call that changes the list comes between.
 *
 * Into a list of the same rules put the prices first (umm_watchlist_price), or they would count
 * as new ones, then the positions in their order: it gives the same looks as the one that was
 * saved. umm_watchlist_restore refuses what umm_watchlist_add does, an id that is there, and times
 * beyond 2^59 (column 7 and 8 for due_ms and last_ms).
 *
 * umm_watchlist_settle, at the time at which it was saved, lets a list of other rules follow its
 * own: an open position that they want looked at sooner is due then. A closed one is as it was.
 */
bool umm_watchlist_each(const struct umm_watchlist *list, uint64_t *at,
                        struct umm_watch_saved *saved);
bool umm_watchlist_each_price(const struct umm_watchlist *list, uint64_t *at,
                              struct umm_watch_text *symbol, double *price);
UMM_MUST_USE enum umm_status umm_watchlist_restore(struct umm_watchlist *list,
                                                   const struct umm_watch_saved *saved,
                                                   struct umm_error *err);

void umm_watchlist_settle(struct umm_watchlist *list, int64_t now_ms);

#endif
