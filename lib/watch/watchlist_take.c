/* SPDX-License-Identifier: MIT */
#include "watch/watchlist_parts.h"

/*
 * What is due is looked at. A price does not touch the keys of what is ready; it marks its symbol,
 * and the next take brings them up to date, once for however many prices.
 */

int64_t umm_watchlist_next_ms(const struct umm_watchlist *list)
{
    if (list->ready.n)
        return list->now_ms;
    const int64_t first_ms = umm_wheel_first_ms(&list->wheel, list->nodes);
    return first_ms > list->now_ms ? first_ms : list->now_ms;
}

/* ---- prices that came meanwhile ---- */

/* One by one: fewer positions than are ready. */
static void rekey_symbol(struct umm_watchlist *list, const struct umm_symbol *symbol)
{
    const uint32_t *positions = umm_symbol_positions(symbol);
    for (uint32_t i = 0; positions && i < symbol->n; i++)
        if (list->positions[positions[i]].queue == UMM_QUEUE_READY)
            umm_ready_change(&list->ready, list->nodes, positions[i],
                             umm_watchlist_key(list, positions[i]));
}

static void rekey_ready(struct umm_watchlist *list)
{
    for (size_t i = 0; i < list->ready.n; i++) {
        struct umm_ready_entry *entry = &list->ready.entries[i];
        if (list->symbols[list->positions[entry->node].symbol].is_changed)
            entry->key = umm_watchlist_key(list, entry->node);
    }
    umm_ready_rebuild(&list->ready, list->nodes);
}

static void settle_prices(struct umm_watchlist *list)
{
    const bool is_much = list->n_in_changed > list->ready.n;
    if (is_much)
        rekey_ready(list);
    for (uint32_t n = list->first_changed; n != UMM_NODE_NONE; n = list->symbols[n].next_changed) {
        if (!is_much)
            rekey_symbol(list, &list->symbols[n]);
        list->symbols[n].is_changed = false;
    }
    list->first_changed = UMM_NODE_NONE;
    list->n_in_changed = 0;
}

/* ---- looks ---- */

static void advance(struct umm_watchlist *list)
{
    for (uint32_t n;
         (n = umm_wheel_next(&list->wheel, list->nodes, list->now_ms)) != UMM_NODE_NONE;) {
        for (uint32_t next; n != UMM_NODE_NONE; n = next) {
            next = list->nodes[n].next; /* which it no longer is once it is ready */
            if (next != UMM_NODE_NONE)
                __builtin_prefetch(&list->positions[next]);
            umm_watchlist_ready(list, n);
        }
    }
}

/* A look at the first that is ready; after it the position is due later than now. */
static void look_at(struct umm_watchlist *list, struct umm_watch_look *look)
{
    const struct umm_ready_entry entry = umm_ready_pop(&list->ready, list->nodes);
    const uint32_t n = entry.node;
    struct umm_listed *listed = &list->positions[n];
    struct umm_symbol *symbol = &list->symbols[listed->symbol];
    const struct umm_watch_position position = umm_watchlist_position(list, n);
    const double risk = umm_ready_risk(entry.key);
    const int64_t interval_ms =
        listed->is_closed ? list->rules.closed_ms : umm_watchlist_level(list, risk)->interval_ms;
    const int64_t late_ms = list->now_ms - list->nodes[n].due_ms;
    *look = (struct umm_watch_look){.id = position.id,
                                    .symbol = position.symbol,
                                    .risk = risk,
                                    .due_ms = list->nodes[n].due_ms,
                                    .interval_ms = interval_ms,
                                    .n_skipped = (uint64_t)(late_ms / interval_ms),
                                    .is_closed = listed->is_closed};
    list->stats.n_looks++;
    list->stats.n_skipped += look->n_skipped;
    listed->last_ms = list->now_ms;
    listed->queue = UMM_QUEUE_NONE;
    umm_watchlist_enqueue(list, n,
                          umm_watchlist_later(list->now_ms, interval_ms - late_ms % interval_ms));
    if (!listed->is_closed) {
        symbol->n_ready--;
        umm_watchlist_band(list, n, symbol->price);
    }
}

size_t umm_watchlist_take(struct umm_watchlist *list, int64_t now_ms, struct umm_watch_look *looks,
                          size_t max)
{
    size_t n = 0;
    umm_watchlist_now(list, now_ms);
    advance(list);
    settle_prices(list);
    for (; n < max && list->ready.n; n++)
        look_at(list, &looks[n]);
    return n;
}
