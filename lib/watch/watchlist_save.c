/* SPDX-License-Identifier: MIT */
#include "watch/watchlist_parts.h"

#include <math.h>

#include "base/error.h"

/*
 * Where umm_watchlist_each is: 1 + the next of the open positions in the low half, 1 + the next of
 * the closed ones in the high half. A list that has ended is 0 (1 + UMM_NODE_NONE); that both have
 * would be the beginning, so it has a value of its own.
 */
static const uint64_t AT_END = UINT64_MAX;

bool umm_watchlist_each(const struct umm_watchlist *list, uint64_t *at,
                        struct umm_watch_saved *saved)
{
    uint32_t open = *at ? (uint32_t)*at - 1 : list->open.first;
    uint32_t closed = *at ? (uint32_t)(*at >> 32) - 1 : list->closed.first;
    if (*at == AT_END || (open == UMM_NODE_NONE && closed == UMM_NODE_NONE))
        return false;
    const bool is_open =
        closed == UMM_NODE_NONE ||
        (open != UMM_NODE_NONE && list->positions[open].order < list->positions[closed].order);
    const uint32_t n = is_open ? open : closed;
    *(is_open ? &open : &closed) = list->positions[n].newer;
    *saved = (struct umm_watch_saved){.position = umm_watchlist_position(list, n),
                                      .is_closed = list->positions[n].is_closed,
                                      .due_ms = list->nodes[n].due_ms,
                                      .last_ms = list->positions[n].last_ms};
    *at = (uint64_t)(closed + 1) << 32 | (open + 1);
    if (!*at)
        *at = AT_END;
    return true;
}

bool umm_watchlist_each_price(const struct umm_watchlist *list, uint64_t *at,
                              struct umm_watch_text *name, double *price)
{
    for (; *at < list->n_symbols; ++*at) {
        const struct umm_symbol *symbol = &list->symbols[*at];
        if (isnan(symbol->price))
            continue;
        *name = (struct umm_watch_text){symbol->name, symbol->name_bytes};
        *price = symbol->price;
        ++*at;
        return true;
    }
    return false;
}

static enum umm_status check_time(int64_t ms, bool is_none, uint64_t column, struct umm_error *err)
{
    if (is_none || (ms >= -UMM_WATCH_TIME_MAX && ms <= UMM_WATCH_TIME_MAX))
        return UMM_OK;
    enum umm_status status = umm_error_set(err, UMM_ERR_ARGUMENT, "a time beyond 2^59 ms");
    if (err)
        err->column = column;
    return status;
}

enum umm_status umm_watchlist_restore(struct umm_watchlist *list,
                                      const struct umm_watch_saved *saved, struct umm_error *err)
{
    enum umm_status status = umm_watchlist_check(&saved->position, err);
    if (!status)
        status = check_time(saved->due_ms, saved->due_ms == INT64_MAX, 7, err);
    if (!status)
        status = check_time(saved->last_ms, saved->last_ms == INT64_MIN, 8, err);
    if (status)
        return status;
    if (umm_watchlist_find(list, &saved->position.id) != UMM_NODE_NONE)
        return umm_error_set(err, UMM_ERR_CONFLICT, "a position of that id is there already");
    if (saved->is_closed && list->rules.closed_ms == INT64_MAX)
        return UMM_OK; /* forgotten at once */
    return umm_watchlist_insert(list, saved, err);
}

/* By equal rules none of them is due later than that. */
void umm_watchlist_settle(struct umm_watchlist *list, int64_t now_ms)
{
    now_ms = umm_watchlist_now(list, now_ms);
    for (uint32_t n = list->open.first; n != UMM_NODE_NONE; n = list->positions[n].newer) {
        const struct umm_listed *listed = &list->positions[n];
        const double price = list->symbols[listed->symbol].price;
        const struct umm_watch_position position = umm_watchlist_position(list, n);
        if (listed->last_ms == INT64_MIN)
            continue;
        const struct umm_watch_level *level =
            umm_watchlist_level(list, umm_watch_risk(&position, price));
        const int64_t next_ms = umm_watchlist_later(listed->last_ms, level->interval_ms);
        const int64_t due_ms = next_ms > now_ms ? next_ms : now_ms;
        if (due_ms >= list->nodes[n].due_ms)
            continue;
        umm_watchlist_dequeue(list, n);
        umm_watchlist_enqueue(list, n, due_ms);
        umm_watchlist_band(list, n, price);
    }
}
