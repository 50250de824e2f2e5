/* SPDX-License-Identifier: MIT */
#include "watch/watchlist_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/random.h"

enum { POSITIONS_MAX = 1000000, SYMBOLS_MAX = 100000 };
static const uint32_t NONE = UMM_NODE_NONE;
static const int64_t CLOSED_MS = 3600 * 1000;
static const struct umm_watch_level default_levels[] = {
    {0.8, 100}, {0.5, 500}, {0.2, 2000}, {-1, 5000}};

/* ---- the list ---- */

static enum umm_status check_levels(const struct umm_watch_rules *rules, struct umm_error *err)
{
    const struct umm_watch_level *levels = rules->levels;
    if (rules->n_levels > UMM_WATCH_LEVELS_MAX)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "more than %d levels of risk",
                             UMM_WATCH_LEVELS_MAX);
    for (uint32_t i = 0; i < rules->n_levels; i++) {
        if (!isfinite(levels[i].above) || (i && levels[i].above >= levels[i - 1].above))
            return umm_error_set(err, UMM_ERR_ARGUMENT, "levels of risk do not fall");
        if (levels[i].interval_ms < 1 || (i && levels[i].interval_ms < levels[i - 1].interval_ms))
            return umm_error_set(err, UMM_ERR_ARGUMENT,
                                 "an interval is shorter than 1 ms, or than that of a higher risk");
    }
    if (levels[rules->n_levels - 1].above >= 0)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "no level takes the risk 0");
    return UMM_OK;
}

static enum umm_status check_rules(struct umm_watch_rules *rules, struct umm_error *err)
{
    const uint64_t count_max = UMM_WATCH_COUNT_MAX;
    if (!rules->n_levels) {
        memcpy(rules->levels, default_levels, sizeof default_levels);
        rules->n_levels = sizeof default_levels / sizeof *default_levels;
    }
    if (!rules->closed_ms)
        rules->closed_ms = CLOSED_MS;
    if (!rules->max_positions)
        rules->max_positions = POSITIONS_MAX;
    if (!rules->max_symbols)
        rules->max_symbols = SYMBOLS_MAX;
    if (rules->closed_ms < 0)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "a negative interval of closed positions");
    if (rules->max_positions > count_max || rules->max_symbols > count_max)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "more than %llu positions or symbols",
                             (unsigned long long)count_max);
    return check_levels(rules, err);
}

enum umm_status umm_watchlist_open(const struct umm_watch_rules *rules, struct umm_watchlist **list,
                                   struct umm_error *err)
{
    struct umm_watch_rules checked = *rules;
    uint64_t key[4];
    *list = NULL;
    enum umm_status status = check_rules(&checked, err);
    if (status)
        return status;
    for (size_t i = 0; i < sizeof key / sizeof *key; i++)
        key[i] = umm_random_key(); /* so that chosen ids do not slow the list down */
    struct umm_watchlist *made = calloc(1, sizeof *made);
    if (!made || !umm_wheel_open(&made->wheel)) {
        free(made);
        return umm_error_set_memory(err, sizeof *made, "a list of positions");
    }
    made->rules = checked;
    made->now_ms = -UMM_WATCH_TIME_MAX;
    made->first_free = made->first_changed = NONE;
    made->open = made->closed = (struct umm_order){NONE, NONE};
    /* So that every list soon numbers anew, which would else be after billions of positions. */
    made->next_order = UINT32_MAX - 1000;
    memcpy(made->ids.key, key, sizeof made->ids.key);
    memcpy(made->names.key, key + 2, sizeof made->names.key);
    *list = made;
    return UMM_OK;
}

void umm_watchlist_close(struct umm_watchlist *list)
{
    if (!list)
        return;
    for (uint32_t n = 0; n < list->n_used; n++)
        if (list->positions[n].id_bytes > UMM_ID_NEAR)
            free(list->positions[n].id.far);
    for (uint32_t i = 0; i < list->n_symbols; i++) {
        free(list->symbols[i].name);
        free(list->symbols[i].low);
    }
    free(list->positions);
    free(list->nodes);
    free(list->symbols);
    umm_idmap_reset(&list->ids);
    umm_idmap_reset(&list->names);
    umm_wheel_close(&list->wheel);
    umm_ready_reset(&list->ready);
    free(list);
}

/* Room for one more of n elements, no more than max: twice as many. */
static bool grow(void **list, uint32_t cap, size_t each_bytes)
{
    void *more = realloc(*list, cap * each_bytes);
    if (more)
        *list = more;
    return more != NULL;
}

static uint32_t next_cap(uint32_t cap, uint64_t max)
{
    const uint64_t twice = cap ? 2 * (uint64_t)cap : 16;
    return (uint32_t)(twice < max ? twice : max);
}

/* ---- texts ---- */

static enum umm_status refuse(struct umm_error *err, uint64_t column, const char *message)
{
    enum umm_status status = umm_error_set(err, UMM_ERR_ARGUMENT, "%s", message);
    if (err)
        err->column = column;
    return status;
}

static enum umm_status check_text(const struct umm_watch_text *text, size_t max, uint64_t column,
                                  const char *what, struct umm_error *err)
{
    char message[64];
    const char *wrong = NULL;
    if (!text->len_bytes)
        wrong = "is empty";
    else if (text->len_bytes > max)
        wrong = "is too long";
    for (size_t i = 0; !wrong && i < text->len_bytes; i++)
        if ((unsigned char)text->text[i] < ' ' || text->text[i] == 0x7f)
            wrong = "has a control character";
    if (!wrong)
        return UMM_OK;
    *message = '\0';
    strcat(strcat(strcat(message, what), " "), wrong);
    return refuse(err, column, message);
}

static bool is_number(double price)
{
    return price >= -1e300 && price <= 1e300;
}

enum umm_status umm_watchlist_check(const struct umm_watch_position *position,
                                    struct umm_error *err)
{
    enum umm_status status = check_text(&position->id, UMM_WATCH_ID_MAX, 1, "the id", err);
    if (!status)
        status = check_text(&position->symbol, UMM_WATCH_SYMBOL_MAX, 2, "the symbol", err);
    if (status)
        return status;
    if (position->side != 1 && position->side != -1)
        return refuse(err, 3, "the side is neither long nor short");
    if (!is_number(position->entry))
        return refuse(err, 4, "the entry is not finite, or beyond 1e300");
    if (!isnan(position->take_profit) && !is_number(position->take_profit))
        return refuse(err, 5, "the take profit is not finite, or beyond 1e300");
    if (!isnan(position->stop_loss) && !is_number(position->stop_loss))
        return refuse(err, 6, "the stop loss is not finite, or beyond 1e300");
    return UMM_OK;
}

/* ---- symbols ---- */

static enum umm_status add_symbol(struct umm_watchlist *list, const struct umm_watch_text *name,
                                  uint64_t hash, uint32_t *n, struct umm_error *err)
{
    if (list->n_symbols == list->rules.max_symbols)
        return umm_error_set(err, UMM_ERR_CONFLICT, "there are %u symbols already",
                             list->n_symbols);
    if (list->n_symbols == list->symbols_cap) {
        const uint32_t cap = next_cap(list->symbols_cap, list->rules.max_symbols);
        if (!grow((void **)&list->symbols, cap, sizeof *list->symbols))
            return umm_error_set_memory(err, cap * sizeof *list->symbols, "symbols");
        list->symbols_cap = cap;
    }
    char *copy = malloc(name->len_bytes);
    if (!copy || !umm_idmap_reserve(&list->names, umm_watchlist_symbol, list)) {
        free(copy);
        return umm_error_set_memory(err, name->len_bytes, "a symbol");
    }
    memcpy(copy, name->text, name->len_bytes);
    list->symbols_bytes += name->len_bytes;
    *n = list->n_symbols++;
    list->symbols[*n] = (struct umm_symbol){
        .name = copy, .name_bytes = (uint8_t)name->len_bytes, .price = (double)NAN};
    umm_idmap_put(&list->names, hash, *n);
    return UMM_OK;
}

static enum umm_status find_symbol(struct umm_watchlist *list, const struct umm_watch_text *name,
                                   uint32_t *n, struct umm_error *err)
{
    const uint64_t hash = umm_idmap_hash(&list->names, name);
    *n = umm_idmap_find(&list->names, hash, name, umm_watchlist_symbol, list);
    return *n == UMM_IDMAP_NONE ? add_symbol(list, name, hash, n, err) : UMM_OK;
}

/* Have room for one more band, at most a quarter more than are needed. */
static bool reserve_band(struct umm_watchlist *list, struct umm_symbol *symbol)
{
    enum { FIRST = 4, ROUND = 4 };
    const size_t each_bytes = 2 * sizeof(float) + sizeof(uint32_t);
    if (symbol->n < symbol->cap)
        return true;
    struct umm_symbol more = *symbol;
    more.cap = (symbol->cap + symbol->cap / 8 + FIRST) / ROUND * ROUND;
    more.low = malloc(more.cap * each_bytes);
    if (!more.low)
        return false;
    if (symbol->n) {
        memcpy(more.low, symbol->low, symbol->n * sizeof(float));
        memcpy(umm_symbol_high(&more), umm_symbol_high(symbol), symbol->n * sizeof(float));
        memcpy(umm_symbol_positions(&more), umm_symbol_positions(symbol),
               symbol->n * sizeof(uint32_t));
    }
    list->symbols_bytes += (more.cap - symbol->cap) * each_bytes;
    free(symbol->low);
    *symbol = more;
    return true;
}

static void put_band(struct umm_watchlist *list, uint32_t n)
{
    struct umm_listed *listed = &list->positions[n];
    struct umm_symbol *symbol = &list->symbols[listed->symbol];
    listed->place = symbol->n++;
    listed->level = UMM_LEVEL_NO_BAND;
    umm_symbol_positions(symbol)[listed->place] = n;
    umm_symbol_set_band(symbol, listed->place, (struct umm_band){-INFINITY, INFINITY});
}

static void drop_band(struct umm_watchlist *list, uint32_t n)
{
    struct umm_symbol *symbol = &list->symbols[list->positions[n].symbol];
    uint32_t *positions = umm_symbol_positions(symbol);
    const uint32_t place = list->positions[n].place, last = --symbol->n;
    positions[place] = positions[last];
    list->positions[positions[last]].place = place;
    umm_symbol_set_band(symbol, place,
                        (struct umm_band){symbol->low[last], umm_symbol_high(symbol)[last]});
}

/* ---- positions ---- */

static struct umm_order *order_of(struct umm_watchlist *list, uint32_t n)
{
    return list->positions[n].is_closed ? &list->closed : &list->open;
}

/* Number all anew in their order: the two lists are merged, what is ready keeps its order. */
static void number_anew(struct umm_watchlist *list)
{
    uint32_t open = list->open.first, closed = list->closed.first;
    list->next_order = 0;
    while (open != NONE || closed != NONE) {
        const bool is_open = closed == NONE || (open != NONE && list->positions[open].order <
                                                                    list->positions[closed].order);
        struct umm_listed *listed = &list->positions[is_open ? open : closed];
        listed->order = list->next_order++;
        *(is_open ? &open : &closed) = listed->newer;
    }
    for (size_t i = 0; i < list->ready.n; i++)
        list->ready.entries[i].order = list->positions[list->ready.entries[i].node].order;
}

static void link_last(struct umm_watchlist *list, uint32_t n)
{
    if (list->next_order == UINT32_MAX)
        number_anew(list);
    struct umm_order *order = order_of(list, n);
    struct umm_listed *listed = &list->positions[n];
    listed->order = list->next_order++;
    listed->older = order->last;
    listed->newer = NONE;
    *(order->last == NONE ? &order->first : &list->positions[order->last].newer) = n;
    order->last = n;
}

static void unlink_position(struct umm_watchlist *list, uint32_t n)
{
    struct umm_order *order = order_of(list, n);
    const struct umm_listed *listed = &list->positions[n];
    *(listed->older == NONE ? &order->first : &list->positions[listed->older].newer) =
        listed->newer;
    *(listed->newer == NONE ? &order->last : &list->positions[listed->newer].older) = listed->older;
}

static void drop_position(struct umm_watchlist *list, uint32_t n)
{
    struct umm_listed *listed = &list->positions[n];
    struct umm_watch_text id = umm_watchlist_id(list, n);
    umm_watchlist_dequeue(list, n);
    unlink_position(list, n);
    if (!listed->is_closed)
        drop_band(list, n);
    *(listed->is_closed ? &list->stats.n_closed : &list->stats.n_open) -= 1;
    umm_idmap_drop(&list->ids, umm_idmap_hash(&list->ids, &id), n, umm_watchlist_id, list);
    if (listed->id_bytes > UMM_ID_NEAR) {
        list->ids_bytes -= listed->id_bytes;
        free(listed->id.far);
    }
    listed->id_bytes = 0;
    listed->newer = list->first_free;
    list->first_free = n;
}

/* Memory for one more position of the symbol, so that nothing fails after. */
static enum umm_status reserve(struct umm_watchlist *list, uint32_t symbol, struct umm_error *err)
{
    bool has_room = umm_idmap_reserve(&list->ids, umm_watchlist_id, list) &&
                    reserve_band(list, &list->symbols[symbol]);
    if (has_room && list->first_free == NONE && list->n_used == list->cap) {
        const uint32_t cap = next_cap(list->cap, list->rules.max_positions);
        has_room = umm_ready_reserve(&list->ready, cap) &&
                   grow((void **)&list->nodes, cap, sizeof *list->nodes) &&
                   grow((void **)&list->positions, cap, sizeof *list->positions);
        if (has_room)
            list->cap = cap;
    }
    return has_room ? UMM_OK
                    : umm_error_set_memory(err, sizeof *list->positions, "one more position");
}

/* The number for one more: of that replaced, or else, in a full list, of what was closed first. */
static uint32_t make_room(struct umm_watchlist *list, uint32_t replaced)
{
    const bool is_full = list->stats.n_open + list->stats.n_closed == list->rules.max_positions;
    if (replaced != NONE) {
        list->stats.n_replaced++;
        drop_position(list, replaced);
    } else if (is_full) {
        list->stats.n_forgotten++;
        drop_position(list, list->closed.first);
    }
    if (list->first_free == NONE)
        return list->n_used++;
    const uint32_t n = list->first_free;
    list->first_free = list->positions[n].newer;
    return n;
}

/* Before what may be the caller's text goes. */
static enum umm_status copy_id(const struct umm_watch_text *id, char **copy, struct umm_error *err)
{
    *copy = malloc(id->len_bytes);
    if (!*copy)
        return umm_error_set_memory(err, id->len_bytes, "an id");
    memcpy(*copy, id->text, id->len_bytes);
    return UMM_OK;
}

enum umm_status umm_watchlist_insert(struct umm_watchlist *list,
                                     const struct umm_watch_saved *saved, struct umm_error *err)
{
    const struct umm_watch_position *position = &saved->position;
    const uint64_t hash = umm_idmap_hash(&list->ids, &position->id);
    const uint32_t replaced =
        umm_idmap_find(&list->ids, hash, &position->id, umm_watchlist_id, list);
    const bool is_far = position->id.len_bytes > UMM_ID_NEAR;
    uint32_t symbol;
    if (replaced == NONE && list->closed.first == NONE &&
        list->stats.n_open == list->rules.max_positions)
        return umm_error_set(err, UMM_ERR_CONFLICT, "there are %llu open positions already",
                             (unsigned long long)list->stats.n_open);
    enum umm_status status = find_symbol(list, &position->symbol, &symbol, err);
    if (!status)
        status = reserve(list, symbol, err);
    char *far = NULL;
    if (!status && is_far)
        status = copy_id(&position->id, &far, err);
    if (status)
        return status;
    struct umm_listed listed = {.entry = position->entry,
                                .take_profit = position->take_profit,
                                .stop_loss = position->stop_loss,
                                .last_ms = saved->last_ms,
                                .symbol = symbol,
                                .id_bytes = (uint8_t)position->id.len_bytes,
                                .side = position->side > 0 ? 1 : -1,
                                .is_closed = saved->is_closed};
    if (is_far)
        listed.id.far = far;
    else
        memcpy(listed.id.near, position->id.text, position->id.len_bytes);
    const uint32_t n = make_room(list, replaced);
    list->positions[n] = listed;
    list->ids_bytes += is_far ? listed.id_bytes : 0;
    umm_idmap_put(&list->ids, hash, n);
    link_last(list, n);
    *(listed.is_closed ? &list->stats.n_closed : &list->stats.n_open) += 1;
    if (!listed.is_closed)
        put_band(list, n);
    umm_watchlist_enqueue(list, n, saved->due_ms);
    if (!listed.is_closed && list->positions[n].queue != UMM_QUEUE_READY)
        umm_watchlist_band(list, n, list->symbols[symbol].price);
    return UMM_OK;
}

uint32_t umm_watchlist_find(const struct umm_watchlist *list, const struct umm_watch_text *id)
{
    return umm_idmap_find(&list->ids, umm_idmap_hash(&list->ids, id), id, umm_watchlist_id, list);
}

enum umm_status umm_watchlist_add(struct umm_watchlist *list,
                                  const struct umm_watch_position *position, int64_t now_ms,
                                  struct umm_error *err)
{
    struct umm_watch_saved opened = {.position = *position, .last_ms = INT64_MIN};
    opened.due_ms = umm_watchlist_now(list, now_ms);
    enum umm_status status = umm_watchlist_check(position, err);
    if (!status)
        status = umm_watchlist_insert(list, &opened, err);
    if (!status)
        list->stats.n_opens++;
    return status;
}

enum umm_status umm_watchlist_end(struct umm_watchlist *list, const struct umm_watch_text *id,
                                  int64_t now_ms, struct umm_error *err)
{
    const uint32_t n = umm_watchlist_find(list, id);
    now_ms = umm_watchlist_now(list, now_ms);
    if (n == NONE || list->positions[n].is_closed) {
        list->stats.n_unknown++;
        return umm_error_set(err, UMM_ERR_ABSENT, "no open position has that id");
    }
    list->stats.n_closes++;
    if (list->rules.closed_ms == INT64_MAX) {
        drop_position(list, n);
        return UMM_OK;
    }
    umm_watchlist_dequeue(list, n);
    unlink_position(list, n);
    drop_band(list, n);
    list->positions[n].is_closed = true;
    link_last(list, n);
    list->stats.n_open--;
    list->stats.n_closed++;
    umm_watchlist_enqueue(list, n, umm_watchlist_later(now_ms, list->rules.closed_ms));
    return UMM_OK;
}

/* ---- prices ---- */

/* What a price does to one position. */
static void feel_price(struct umm_watchlist *list, uint32_t n, double before, double price)
{
    struct umm_listed *listed = &list->positions[n];
    const struct umm_watch_position position = umm_watchlist_position(list, n);
    const unsigned reached = umm_band_reached(&position, price) &
                             ~umm_band_reached(&position, before); /* none, of no price */
    int64_t due_ms = list->now_ms;
    if (!reached && listed->last_ms != INT64_MIN) {
        const double risk = umm_watch_risk(&position, price);
        const int64_t next_ms =
            umm_watchlist_later(listed->last_ms, umm_watchlist_level(list, risk)->interval_ms);
        due_ms = next_ms > due_ms ? next_ms : due_ms;
    }
    if (due_ms < list->nodes[n].due_ms) {
        list->stats.n_brought_forward++;
        umm_watchlist_dequeue(list, n);
        umm_watchlist_enqueue(list, n, due_ms);
    }
    umm_watchlist_band(list, n, price);
}

static void mark_changed(struct umm_watchlist *list, uint32_t n)
{
    struct umm_symbol *symbol = &list->symbols[n];
    if (symbol->is_changed || !symbol->n_ready)
        return;
    symbol->is_changed = true;
    symbol->next_changed = list->first_changed;
    list->first_changed = n;
    list->n_in_changed += symbol->n;
}

enum umm_status umm_watchlist_price(struct umm_watchlist *list, const struct umm_watch_text *name,
                                    double price, int64_t now_ms, struct umm_error *err)
{
    uint32_t n;
    umm_watchlist_now(list, now_ms);
    enum umm_status status = check_text(name, UMM_WATCH_SYMBOL_MAX, 1, "the symbol", err);
    if (!status && !is_number(price))
        status = refuse(err, 2, "the price is not finite, or beyond 1e300");
    if (!status)
        status = find_symbol(list, name, &n, err);
    if (status)
        return status;
    list->stats.n_prices++;
    struct umm_symbol *symbol = &list->symbols[n];
    const struct umm_band around = umm_band_around(price);
    const double before = symbol->price;
    symbol->price = price;
    mark_changed(list, n);
    const uint32_t *positions = umm_symbol_positions(symbol);
    for (size_t at = 0; (at = umm_band_find(symbol->low, umm_symbol_high(symbol), symbol->n, at,
                                            around)) < symbol->n;
         at++)
        feel_price(list, positions[at], before, price);
    return UMM_OK;
}

void umm_watchlist_stats(const struct umm_watchlist *list, struct umm_watch_stats *stats)
{
    *stats = list->stats;
    stats->n_symbols = list->n_symbols;
    stats->size_bytes = sizeof *list + umm_wheel_size_bytes() + list->ids_bytes +
                        list->cap * (sizeof *list->positions + sizeof *list->nodes) +
                        list->ready.cap * sizeof *list->ready.entries +
                        list->symbols_cap * sizeof *list->symbols + list->symbols_bytes +
                        umm_idmap_size_bytes(&list->ids) + umm_idmap_size_bytes(&list->names);
}
