/* SPDX-License-Identifier: MIT */
/*
 * watchlist_parts.h - what a watchlist is made of, for its own files.
 *
 * Positions and symbols have numbers. A position's fields are in positions[n] and, for the two
 * queues, nodes[n]; an open one also has a place in the bands of its symbol. Open positions are
 * linked in the order of opening, closed ones in that of closing; free numbers by newer.
 */
#ifndef UMM_WATCH_WATCHLIST_PARTS_H
#define UMM_WATCH_WATCHLIST_PARTS_H

#include "watch/band.h"
#include "watch/idmap.h"
#include "watch/node.h"
#include "watch/ready.h"
#include "watch/watchlist.h"
#include "watch/wheel.h"

enum { UMM_ID_NEAR = 16 }; /* bytes of an id without memory of its own */

enum umm_queue { UMM_QUEUE_NONE, UMM_QUEUE_WHEEL, UMM_QUEUE_READY }; /* none: never due */

struct umm_listed {
    union {
        char near[UMM_ID_NEAR];
        char *far;
    } id;
    double entry, take_profit, stop_loss;
    int64_t last_ms;
    uint32_t order, older, newer;
    uint32_t symbol, place;
    uint8_t id_bytes;
    int8_t side;
    uint8_t queue : 2, is_closed : 1;
    uint8_t level : 5, reached : 2; /* what the band is of, see umm_watchlist_band */
};

enum { UMM_LEVEL_NO_BAND = 31 };

struct umm_symbol {
    char *name;
    double price; /* NaN: none yet */
    float *low;   /* of cap, then high of cap, then the numbers of cap positions */
    uint32_t n, cap, n_ready;
    uint32_t next_changed;
    uint8_t name_bytes;
    bool is_changed; /* the price did, and keys of ready positions did not */
};

struct umm_order {
    uint32_t first, last;
};

struct umm_watchlist {
    struct umm_watch_rules rules;
    struct umm_watch_stats stats;
    int64_t now_ms; /* the latest of all calls */

    struct umm_listed *positions;
    struct umm_watch_node *nodes;
    uint32_t n_used, cap, first_free;
    uint32_t next_order;
    struct umm_order open, closed;
    struct umm_idmap ids;

    struct umm_symbol *symbols;
    uint32_t n_symbols, symbols_cap, first_changed;
    uint64_t n_in_changed; /* positions of symbols that changed */
    size_t symbols_bytes, ids_bytes;
    struct umm_idmap names;

    struct umm_wheel wheel;
    struct umm_ready ready;
};

/* NULL as long as the symbol has no positions. */
static inline float *umm_symbol_high(const struct umm_symbol *symbol)
{
    return symbol->low ? symbol->low + symbol->cap : NULL;
}

static inline uint32_t *umm_symbol_positions(const struct umm_symbol *symbol)
{
    return symbol->low ? (uint32_t *)(void *)(symbol->low + 2 * (size_t)symbol->cap) : NULL;
}

static inline void umm_symbol_set_band(struct umm_symbol *symbol, uint32_t place,
                                       struct umm_band band)
{
    symbol->low[place] = band.low;
    umm_symbol_high(symbol)[place] = band.high;
}

/* The id of a position and the name of a symbol, as idmap.h asks for them: list is a watchlist. */
struct umm_watch_text umm_watchlist_id(const void *list, uint32_t n);
struct umm_watch_text umm_watchlist_symbol(const void *list, uint32_t n);

/* A position as its caller knows it; id and symbol borrow. */
struct umm_watch_position umm_watchlist_position(const struct umm_watchlist *list, uint32_t n);

/* UMM_ERR_ARGUMENT and the column: a position that umm_watchlist_add refuses. */
enum umm_status umm_watchlist_check(const struct umm_watch_position *position,
                                    struct umm_error *err);

/* The number of the position of that id, or UMM_NODE_NONE. */
uint32_t umm_watchlist_find(const struct umm_watchlist *list, const struct umm_watch_text *id);

/* The level of a risk. */
const struct umm_watch_level *umm_watchlist_level(const struct umm_watchlist *list, double risk);

/* When due_ms + interval_ms is: INT64_MAX, never, beyond the times there are. */
int64_t umm_watchlist_later(int64_t due_ms, int64_t interval_ms);

/* Take a call's time: the latest of all so far. */
int64_t umm_watchlist_now(struct umm_watchlist *list, int64_t now_ms);

/*
 * Bring the band of an open position to what it is by its due_ms and last_ms, at the price given,
 * unless it is of that already.
 */
void umm_watchlist_band(struct umm_watchlist *list, uint32_t n, double price);

/* Where a position that is due stands among those that are. */
uint64_t umm_watchlist_key(const struct umm_watchlist *list, uint32_t n);

/* Put a position in no queue among those that are due, or into the queue for its time. Take it out.
 */
void umm_watchlist_ready(struct umm_watchlist *list, uint32_t n);
void umm_watchlist_enqueue(struct umm_watchlist *list, uint32_t n, int64_t due_ms);
void umm_watchlist_dequeue(struct umm_watchlist *list, uint32_t n);

/* Put in a position that was checked, in place of any of its id, or of what was closed first. */
enum umm_status umm_watchlist_insert(struct umm_watchlist *list,
                                     const struct umm_watch_saved *saved, struct umm_error *err);

#endif
