/* SPDX-License-Identifier: MIT */
#include "watch/watchlist_parts.h"

#include <math.h>

/*
 * One position as it stands, and the two queues of a watchlist: the wheel has what is due later,
 * ready what is due.
 */

/* ---- times ---- */

int64_t umm_watchlist_now(struct umm_watchlist *list, int64_t now_ms)
{
    if (now_ms > UMM_WATCH_TIME_MAX)
        now_ms = UMM_WATCH_TIME_MAX;
    if (now_ms > list->now_ms)
        list->now_ms = now_ms;
    return list->now_ms;
}

int64_t umm_watchlist_later(int64_t due_ms, int64_t interval_ms)
{
    return interval_ms > UMM_WATCH_TIME_MAX - due_ms ? INT64_MAX : due_ms + interval_ms;
}

/* ---- a position ---- */

struct umm_watch_text umm_watchlist_id(const void *list, uint32_t n)
{
    const struct umm_listed *listed = &((const struct umm_watchlist *)list)->positions[n];
    return (struct umm_watch_text){
        listed->id_bytes > UMM_ID_NEAR ? listed->id.far : listed->id.near, listed->id_bytes};
}

struct umm_watch_text umm_watchlist_symbol(const void *list, uint32_t n)
{
    const struct umm_symbol *symbol = &((const struct umm_watchlist *)list)->symbols[n];
    return (struct umm_watch_text){symbol->name, symbol->name_bytes};
}

struct umm_watch_position umm_watchlist_position(const struct umm_watchlist *list, uint32_t n)
{
    const struct umm_listed *listed = &list->positions[n];
    return (struct umm_watch_position){.id = umm_watchlist_id(list, n),
                                       .symbol = umm_watchlist_symbol(list, listed->symbol),
                                       .side = listed->side,
                                       .entry = listed->entry,
                                       .take_profit = listed->take_profit,
                                       .stop_loss = listed->stop_loss};
}

const struct umm_watch_level *umm_watchlist_level(const struct umm_watchlist *list, double risk)
{
    const struct umm_watch_level *level = list->rules.levels;
    while (!(risk > level->above))
        level++;
    return level;
}

void umm_watchlist_band(struct umm_watchlist *list, uint32_t n, double price)
{
    struct umm_listed *listed = &list->positions[n];
    const struct umm_watch_level *levels = list->rules.levels;
    const struct umm_watch_position position = umm_watchlist_position(list, n);
    const unsigned reached = umm_band_reached(&position, price);
    unsigned level = 0; /* those before it would bring the look forward */
    while (
        level < list->rules.n_levels &&
        (listed->last_ms == INT64_MIN ||
         umm_watchlist_later(listed->last_ms, levels[level].interval_ms) < list->nodes[n].due_ms))
        level++;
    if (listed->level == level && listed->reached == reached)
        return;
    listed->level = level & UMM_LEVEL_NO_BAND;
    listed->reached = reached & (UMM_REACHED_TP | UMM_REACHED_SL);
    umm_symbol_set_band(
        &list->symbols[listed->symbol], listed->place,
        umm_band_of(&position, level ? levels[level - 1].above : (double)INFINITY, reached));
}

/* ---- queues ---- */

uint64_t umm_watchlist_key(const struct umm_watchlist *list, uint32_t n)
{
    const struct umm_listed *listed = &list->positions[n];
    const struct umm_watch_position position = umm_watchlist_position(list, n);
    const double risk =
        listed->is_closed ? 0 : umm_watch_risk(&position, list->symbols[listed->symbol].price);
    return umm_ready_key(risk, list->nodes[n].due_ms);
}

void umm_watchlist_ready(struct umm_watchlist *list, uint32_t n)
{
    struct umm_listed *listed = &list->positions[n];
    listed->queue = UMM_QUEUE_READY;
    list->symbols[listed->symbol].n_ready += !listed->is_closed;
    umm_ready_push(&list->ready, list->nodes, n, umm_watchlist_key(list, n), listed->order);
}

void umm_watchlist_enqueue(struct umm_watchlist *list, uint32_t n, int64_t due_ms)
{
    list->nodes[n].due_ms = due_ms;
    if (due_ms == INT64_MAX) {
        list->positions[n].queue = UMM_QUEUE_NONE;
    } else if (due_ms <= list->now_ms) {
        umm_watchlist_ready(list, n);
    } else {
        list->positions[n].queue = UMM_QUEUE_WHEEL;
        umm_wheel_put(&list->wheel, list->nodes, n, list->now_ms);
    }
}

void umm_watchlist_dequeue(struct umm_watchlist *list, uint32_t n)
{
    struct umm_listed *listed = &list->positions[n];
    if (listed->queue == UMM_QUEUE_WHEEL) {
        umm_wheel_remove(&list->wheel, list->nodes, n);
    } else if (listed->queue == UMM_QUEUE_READY) {
        umm_ready_remove(&list->ready, list->nodes, n);
        list->symbols[listed->symbol].n_ready -= !listed->is_closed;
    }
    listed->queue = UMM_QUEUE_NONE;
}
