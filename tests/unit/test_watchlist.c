/* SPDX-License-Identifier: MIT */
#include "watch/watchlist.h"

#include "random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct umm_watch_text text(const char *s)
{
    return (struct umm_watch_text){s, strlen(s)};
}

static struct umm_watch_position position(const char *id, const char *symbol, int side,
                                          double entry, double take_profit, double stop_loss)
{
    return (struct umm_watch_position){text(id), text(symbol), side, entry, take_profit, stop_loss};
}

/* ---- the slow reference: every call goes through all positions ------------------ */

enum { MODEL_IDS = 60, MODEL_SYMBOLS = 5, NAME_MAX_BYTES = 24 };

struct model_position {
    bool is_there, is_closed, was_looked_at;
    char id[NAME_MAX_BYTES];
    int symbol, side;
    double entry, take_profit, stop_loss;
    int64_t due_ms, last_ms;
    uint64_t order;
};

struct model {
    struct umm_watch_rules rules;
    struct umm_watch_stats stats;
    struct model_position position[MODEL_IDS];
    double price[MODEL_SYMBOLS];
    bool is_symbol[MODEL_SYMBOLS];
    int64_t now_ms;
    uint64_t order;
};

static int64_t latest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* As the header has it, long and short each in its own words. */
static double by_barrier(double price, double entry, double barrier, bool is_above)
{
    if (isnan(barrier))
        return 0;
    if (is_above)
        return barrier <= entry ? 1 : 1 - (barrier - price) / (barrier - entry);
    return barrier >= entry ? 1 : 1 - (price - barrier) / (entry - barrier);
}

static double model_risk(const struct model_position *p, double price)
{
    if (p->is_closed)
        return 0;
    double at = isnan(price) ? p->entry : price;
    double risk = fmax(by_barrier(at, p->entry, p->take_profit, p->side > 0),
                       by_barrier(at, p->entry, p->stop_loss, p->side < 0));
    return fmin(fmax(risk, 0), 1);
}

static bool is_beyond(double price, double entry, double barrier, bool is_above)
{
    return is_above ? barrier > entry && price >= barrier : barrier < entry && price <= barrier;
}

static bool model_reaches(const struct model_position *p, double before, double price)
{
    bool is_long = p->side > 0;
    before = isnan(before) ? p->entry : before;
    return (is_beyond(price, p->entry, p->take_profit, is_long) &&
            !is_beyond(before, p->entry, p->take_profit, is_long)) ||
           (is_beyond(price, p->entry, p->stop_loss, !is_long) &&
            !is_beyond(before, p->entry, p->stop_loss, !is_long));
}

static int64_t model_interval(const struct model *m, const struct model_position *p, double risk)
{
    if (p->is_closed)
        return m->rules.closed_ms;
    for (uint32_t i = 0;; i++)
        if (risk > m->rules.levels[i].above)
            return m->rules.levels[i].interval_ms;
}

static uint64_t model_count(const struct model *m)
{
    return m->stats.n_open + m->stats.n_closed;
}

static void model_drop(struct model *m, struct model_position *p)
{
    *(p->is_closed ? &m->stats.n_closed : &m->stats.n_open) -= 1;
    p->is_there = false;
}

static bool model_use_symbol(struct model *m, int symbol)
{
    if (!m->is_symbol[symbol] && m->stats.n_symbols == m->rules.max_symbols)
        return false;
    m->stats.n_symbols += !m->is_symbol[symbol];
    m->is_symbol[symbol] = true;
    return true;
}

static enum umm_status model_add(struct model *m, int id, const struct model_position *opened,
                                 int64_t now_ms)
{
    struct model_position *p = &m->position[id], *longest = NULL;
    m->now_ms = latest(m->now_ms, now_ms);
    for (int i = 0; i < MODEL_IDS; i++) {
        struct model_position *each = &m->position[i];
        if (each->is_there && each->is_closed && (!longest || each->order < longest->order))
            longest = each;
    }
    const bool is_full = model_count(m) == m->rules.max_positions;
    if (!p->is_there && is_full && !longest)
        return UMM_ERR_CONFLICT;
    if (!model_use_symbol(m, opened->symbol))
        return UMM_ERR_CONFLICT;
    if (p->is_there) {
        m->stats.n_replaced++;
        model_drop(m, p);
    } else if (is_full) {
        m->stats.n_forgotten++;
        model_drop(m, longest);
    }
    *p = *opened;
    p->is_there = true;
    p->due_ms = m->now_ms;
    p->order = m->order++;
    m->stats.n_open++;
    m->stats.n_opens++;
    return UMM_OK;
}

static enum umm_status model_end(struct model *m, int id, int64_t now_ms)
{
    struct model_position *p = &m->position[id];
    m->now_ms = latest(m->now_ms, now_ms);
    if (!p->is_there || p->is_closed) {
        m->stats.n_unknown++;
        return UMM_ERR_ABSENT;
    }
    m->stats.n_closes++;
    m->stats.n_open--;
    m->stats.n_closed++;
    p->is_closed = true;
    p->order = m->order++;
    if (m->rules.closed_ms == INT64_MAX)
        model_drop(m, p);
    else
        p->due_ms = m->now_ms + m->rules.closed_ms;
    return UMM_OK;
}

static enum umm_status model_price(struct model *m, int symbol, double price, int64_t now_ms)
{
    m->now_ms = latest(m->now_ms, now_ms);
    if (!model_use_symbol(m, symbol))
        return UMM_ERR_CONFLICT;
    m->stats.n_prices++;
    for (int i = 0; i < MODEL_IDS; i++) {
        struct model_position *p = &m->position[i];
        if (!p->is_there || p->is_closed || p->symbol != symbol)
            continue;
        int64_t due_ms = m->now_ms;
        if (!model_reaches(p, m->price[symbol], price) && p->was_looked_at)
            due_ms = latest(due_ms, p->last_ms + model_interval(m, p, model_risk(p, price)));
        m->stats.n_brought_forward += due_ms < p->due_ms;
        p->due_ms = due_ms < p->due_ms ? due_ms : p->due_ms;
    }
    m->price[symbol] = price;
    return UMM_OK;
}

static int64_t model_next(const struct model *m)
{
    int64_t next = INT64_MAX;
    for (int i = 0; i < MODEL_IDS; i++)
        if (m->position[i].is_there && m->position[i].due_ms < next)
            next = m->position[i].due_ms;
    return latest(next, m->now_ms);
}

/* Whether a goes before b. */
static bool model_precedes(const struct model *m, const struct model_position *a,
                           const struct model_position *b)
{
    double risk_a = model_risk(a, m->price[a->symbol]);
    double risk_b = model_risk(b, m->price[b->symbol]);
    if (risk_a != risk_b)
        return risk_a > risk_b;
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static struct model_position *model_look(struct model *m, struct umm_watch_look *look)
{
    struct model_position *first = NULL;
    for (int i = 0; i < MODEL_IDS; i++) {
        struct model_position *p = &m->position[i];
        if (p->is_there && p->due_ms <= m->now_ms && (!first || model_precedes(m, p, first)))
            first = p;
    }
    if (!first)
        return NULL;
    double risk = model_risk(first, m->price[first->symbol]);
    int64_t interval = model_interval(m, first, risk), due = first->due_ms;
    uint64_t n_skipped = 0;
    for (first->due_ms += interval; first->due_ms <= m->now_ms; first->due_ms += interval)
        n_skipped++;
    first->was_looked_at = true;
    first->last_ms = m->now_ms;
    m->stats.n_looks++;
    m->stats.n_skipped += n_skipped;
    *look = (struct umm_watch_look){.id = text(first->id),
                                    .risk = risk,
                                    .due_ms = due,
                                    .interval_ms = interval,
                                    .n_skipped = n_skipped,
                                    .is_closed = first->is_closed};
    return first;
}

/* ---- random sequences ----------------------------------------------------------- */

static const char *const symbols[MODEL_SYMBOLS] = {"A", "BTC/USD", "Z\"1", "longer than sixteen",
                                                   "e"};

static void assert_equal_looks(const struct umm_watch_look *look,
                               const struct umm_watch_look *expected)
{
    assert_int_equal(look->id.len_bytes, expected->id.len_bytes);
    assert_memory_equal(look->id.text, expected->id.text, look->id.len_bytes);
    assert_memory_equal(&look->risk, &expected->risk, sizeof look->risk);
    assert_int_equal(look->due_ms, expected->due_ms);
    assert_int_equal(look->interval_ms, expected->interval_ms);
    assert_int_equal(look->n_skipped, expected->n_skipped);
    assert_int_equal(look->is_closed, expected->is_closed);
}

static void assert_equal_stats(const struct umm_watchlist *list, const struct model *m)
{
    struct umm_watch_stats stats;
    umm_watchlist_stats(list, &stats);
    stats.size_bytes = 0;
    assert_memory_equal(&stats, &m->stats, sizeof stats);
}

/* Save the list, and go on with another that has all of it. */
static void restore_anew(struct umm_watchlist **list, struct model *m)
{
    struct umm_watchlist *other;
    struct umm_watch_saved saved;
    struct umm_watch_text symbol;
    double price;
    uint64_t n = 0, n_open = m->stats.n_open, n_closed = m->stats.n_closed;
    assert_int_equal(umm_watchlist_open(&m->rules, &other, NULL), UMM_OK);
    for (uint64_t at = 0; umm_watchlist_each_price(*list, &at, &symbol, &price);)
        assert_int_equal(umm_watchlist_price(other, &symbol, price, m->now_ms, NULL), UMM_OK);
    for (uint64_t at = 0; umm_watchlist_each(*list, &at, &saved); n++)
        assert_int_equal(umm_watchlist_restore(other, &saved, NULL), UMM_OK);
    assert_int_equal(n, n_open + n_closed);
    umm_watchlist_close(*list);
    *list = other;
    m->stats = (struct umm_watch_stats){.n_open = n_open, .n_closed = n_closed};
    for (int i = 0; i < MODEL_SYMBOLS; i++) {
        bool is_used = !isnan(m->price[i]);
        m->stats.n_prices += is_used;
        for (int p = 0; p < MODEL_IDS; p++)
            is_used = is_used || (m->position[p].is_there && m->position[p].symbol == i);
        m->is_symbol[i] = is_used;
        m->stats.n_symbols += is_used;
    }
}

static double random_price(uint64_t *state)
{
    static const double odd[] = {1e300, -1e300, 0, -0.0, 5e-324, 100000.00000000001, 1e-300};
    uint64_t bits = xorshift64(state);
    if (bits % 50 == 0)
        return odd[bits / 64 % (sizeof odd / sizeof *odd)];
    if (bits % 3 == 0)
        return (double)(bits / 64 % 21) + 90;
    return 90 + (double)(bits >> 12) * 0x1p-52 * 20;
}

static struct model_position random_position(uint64_t *state, int id)
{
    struct model_position p = {.symbol = (int)(xorshift64(state) % MODEL_SYMBOLS),
                               .side = xorshift64(state) % 2 ? 1 : -1,
                               .entry = random_price(state)};
    /* Ids of every length about that which has no memory of its own. */
    snprintf(p.id, sizeof p.id, "%.*s%d", id % 21, "xxxxxxxxxxxxxxxxxxxxxxxx", id);
    const double width = (double)(xorshift64(state) % 16);
    p.take_profit = p.entry + p.side * width;
    p.stop_loss = p.entry - p.side * (double)(xorshift64(state) % 16);
    if (xorshift64(state) % 8 == 0)
        p.take_profit = (double)NAN;
    if (xorshift64(state) % 8 == 0)
        p.stop_loss = (double)NAN;
    if (xorshift64(state) % 8 == 0)
        p.stop_loss = random_price(state);
    return p;
}

static void take_both(struct umm_watchlist *list, struct model *m, int64_t now_ms, size_t max)
{
    struct umm_watch_look looks[MODEL_IDS], expected;
    m->now_ms = latest(m->now_ms, now_ms);
    const size_t n = umm_watchlist_take(list, now_ms, looks, max);
    for (size_t i = 0; i < n; i++) {
        struct model_position *p = model_look(m, &expected);
        assert_non_null(p);
        assert_equal_looks(&looks[i], &expected);
        assert_int_equal(looks[i].symbol.len_bytes, strlen(symbols[p->symbol]));
        assert_memory_equal(looks[i].symbol.text, symbols[p->symbol], looks[i].symbol.len_bytes);
    }
    if (n < max)
        assert_null(model_look(m, &expected));
}

static void run_random(uint64_t seed, const struct umm_watch_rules *rules, int n_steps,
                       unsigned load)
{
    uint64_t state = seed;
    struct umm_watchlist *list;
    struct model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->rules = *rules;
    m->now_ms = -(INT64_C(1) << 59);
    for (int i = 0; i < MODEL_SYMBOLS; i++)
        m->price[i] = (double)NAN;
    int64_t now = (int64_t)(seed % 3) * 1700000000000 - 1000;
    assert_int_equal(umm_watchlist_open(rules, &list, NULL), UMM_OK);
    for (int step = 0; step < n_steps; step++) {
        int id = (int)(xorshift64(&state) % MODEL_IDS);
        int symbol = (int)(xorshift64(&state) % MODEL_SYMBOLS);
        uint64_t what = xorshift64(&state) % 100;
        now += (int64_t)(xorshift64(&state) % 4);
        if (xorshift64(&state) % 100 == 0)
            now += (int64_t)(xorshift64(&state) % 20000) - 100; /* also back */
        if (xorshift64(&state) % 2000 == 0)
            now += (int64_t)(xorshift64(&state) % 20000000);
        if (what < 8) {
            struct model_position opened = random_position(&state, id);
            struct umm_watch_position p =
                position(opened.id, symbols[opened.symbol], opened.side, opened.entry,
                         opened.take_profit, opened.stop_loss);
            assert_int_equal(umm_watchlist_add(list, &p, now, NULL),
                             model_add(m, id, &opened, now));
        } else if (what < 14) {
            struct model_position named = random_position(&state, id);
            struct umm_watch_text name = text(named.id);
            assert_int_equal(umm_watchlist_end(list, &name, now, NULL), model_end(m, id, now));
        } else if (what < 60) {
            struct umm_watch_text name = text(symbols[symbol]);
            double price = random_price(&state);
            assert_int_equal(umm_watchlist_price(list, &name, price, now, NULL),
                             model_price(m, symbol, price, now));
        } else if (what < 95) {
            take_both(list, m, now, xorshift64(&state) % load);
        } else {
            assert_int_equal(umm_watchlist_next_ms(list), model_next(m));
        }
        if (step % 64 == 0)
            assert_equal_stats(list, m);
        if (xorshift64(&state) % 3000 == 0)
            restore_anew(&list, m);
    }
    umm_watchlist_close(list);
    free(m);
}

static void test_random(void **state)
{
    (void)state;
    struct umm_watch_rules rules = {
        .levels = {{0.8, 3}, {0.5, 10}, {0.2, 40}, {-1, 9000}}, .n_levels = 4, .closed_ms = 50};
    rules.max_positions = 50;
    rules.max_symbols = MODEL_SYMBOLS;
    for (uint64_t seed = 1; seed <= 4; seed++)
        run_random(seed, &rules, 10000, MODEL_IDS);
    /* More is due than is taken. */
    for (uint64_t seed = 5; seed <= 8; seed++)
        run_random(seed, &rules, 10000, 3);
    rules.max_positions = 20;
    rules.max_symbols = 3;
    run_random(9, &rules, 10000, MODEL_IDS);
    rules.closed_ms = INT64_MAX;
    run_random(10, &rules, 10000, MODEL_IDS);
    rules =
        (struct umm_watch_rules){.levels = {{1.5, 1}, {1, 2}, {0.999, 2}, {0, 7000}, {-1, 600000}},
                                 .n_levels = 5,
                                 .closed_ms = 20000000,
                                 .max_positions = 1000,
                                 .max_symbols = 1000};
    for (uint64_t seed = 11; seed <= 12; seed++)
        run_random(seed, &rules, 10000, MODEL_IDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
