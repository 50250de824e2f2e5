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
    umm_watchlist_settle(other, m->now_ms); /* the rules are the same: nothing changes */
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
            now += (int64_t)(xorshift64(&state) % 1000000);
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

/* ---- the definition, case by case ------------------------------------------------- */

static const double none = (double)NAN;

static void test_risk(void **state)
{
    static const struct {
        int side;
        double entry, take_profit, stop_loss, price, risk;
    } cases[] = {
        {1, 100, 110, 90, 100, 0},
        {1, 100, 110, 90, 105, 0.5},
        {1, 100, 110, 90, 92, 1 - 0.2},
        {1, 100, 110, 90, 110, 1},
        {1, 100, 110, 90, 90, 1},
        {1, 100, 110, 90, 111, 1},
        {1, 100, 110, 90, 1e300, 1},
        {1, 100, 110, 90, -1e300, 1},
        {1, 100, 104, 90, 101, 0.25},
        {-1, 100, 90, 110, 100, 0},
        {-1, 100, 90, 110, 95, 0.5},
        {-1, 100, 90, 110, 108, 1 - 0.2},
        {-1, 100, 90, 110, 90, 1},
        {-1, 100, 90, 110, 110, 1},
        {-1, 100, 90, 110, 89, 1},
        /* No barrier, one of them, both; no price. */
        {1, 100, 110, none, 50, 0},
        {1, 100, none, 90, 200, 0},
        {1, 100, none, none, 50, 0},
        {1, 100, none, 90, 95, 0.5},
        {-1, 100, 90, none, 95, 0.5},
        {1, 100, 110, 90, none, 0},
        /* Entry at a barrier, or a barrier on the wrong side of it. */
        {1, 100, 100, 90, 100, 1},
        {1, 100, 110, 100, 105, 1},
        {1, 100, 110, 101, 105, 1},
        {1, 100, 99, 90, 100, 1},
        {-1, 100, 100, 110, 100, 1},
        {-1, 100, 90, 99, 95, 1},
        {1, 100, 99, none, none, 1},
        {1, 1, 1e300, -1e300, 2, 0},
        /* In doubles, in the order that the header has. */
        {1, 0.1, 0.4, 0, 0.3, 1 - (0.4 - 0.3) / (0.4 - 0.1)},
        {-1, 0.1, 0, 0.4, 0.3, 1 - (0.4 - 0.3) / (0.4 - 0.1)},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_watch_position p = position("a", "S", cases[i].side, cases[i].entry,
                                               cases[i].take_profit, cases[i].stop_loss);
        double risk = umm_watch_risk(&p, cases[i].price);
        if (risk != cases[i].risk)
            fail_msg("case %zu: %.17g, not %.17g", i, risk, cases[i].risk);
    }
}

static struct umm_watchlist *open_list(const struct umm_watch_rules *rules)
{
    static const struct umm_watch_rules by_default = {0};
    struct umm_watchlist *list;
    assert_int_equal(umm_watchlist_open(rules ? rules : &by_default, &list, NULL), UMM_OK);
    return list;
}

static void add(struct umm_watchlist *list, const char *id, const char *symbol, int64_t now_ms)
{
    struct umm_watch_position p = position(id, symbol, 1, 100, 110, 90);
    assert_int_equal(umm_watchlist_add(list, &p, now_ms, NULL), UMM_OK);
}

static void price(struct umm_watchlist *list, const char *symbol, double at, int64_t now_ms)
{
    struct umm_watch_text name = text(symbol);
    assert_int_equal(umm_watchlist_price(list, &name, at, now_ms, NULL), UMM_OK);
}

static enum umm_status end(struct umm_watchlist *list, const char *id, int64_t now_ms)
{
    struct umm_watch_text name = text(id);
    return umm_watchlist_end(list, &name, now_ms, NULL);
}

/* The ids of all that are due, with a space after each. */
static const char *take(struct umm_watchlist *list, int64_t now_ms)
{
    static char ids[1024];
    struct umm_watch_look looks[2];
    size_t n, len = 0;
    while ((n = umm_watchlist_take(list, now_ms, looks, 2)) > 0) {
        for (size_t i = 0; i < n; i++) {
            memcpy(ids + len, looks[i].id.text, looks[i].id.len_bytes);
            len += looks[i].id.len_bytes;
            ids[len++] = ' ';
        }
    }
    ids[len] = '\0';
    return ids;
}

static void assert_next(struct umm_watchlist *list, int64_t ms)
{
    assert_int_equal(umm_watchlist_next_ms(list), ms);
}

static void test_intervals(void **state)
{
    /* A level takes what is above it, not what is at it. */
    static const struct {
        double price;
        int64_t interval_ms;
    } cases[] = {{100, 5000}, {102, 5000},  {102.5, 2000}, {105, 2000},
                 {106, 500},  {107.5, 500}, {109, 100},    {110, 100}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_watchlist *list = open_list(NULL);
        price(list, "S", cases[i].price, 7);
        add(list, "a", "S", 7);
        assert_next(list, 7);
        assert_string_equal(take(list, 7), "a ");
        assert_string_equal(take(list, 7), "");
        assert_next(list, 7 + cases[i].interval_ms);
        umm_watchlist_close(list);
    }
}

static void test_late_looks_do_not_drift(void **state)
{
    struct umm_watchlist *list = open_list(NULL);
    struct umm_watch_look look;
    (void)state;
    add(list, "a", "S", 1000);
    assert_string_equal(take(list, 1000), "a ");
    assert_int_equal(umm_watchlist_take(list, 5999, &look, 1), 0);
    assert_int_equal(umm_watchlist_take(list, 6700, &look, 1), 1);
    assert_int_equal(look.due_ms, 6000);
    assert_int_equal(look.n_skipped, 0);
    assert_next(list, 11000);
    /* Two whole intervals late, and a bit. */
    assert_int_equal(umm_watchlist_take(list, 21001, &look, 1), 1);
    assert_int_equal(look.due_ms, 11000);
    assert_int_equal(look.n_skipped, 2);
    assert_next(list, 26000);
    /* Late by one to the millisecond: the next one is that now. */
    assert_int_equal(umm_watchlist_take(list, 31000, &look, 1), 1);
    assert_int_equal(look.n_skipped, 1);
    assert_next(list, 36000);
    umm_watchlist_close(list);
}

static void test_price_brings_forward(void **state)
{
    struct umm_watchlist *list = open_list(NULL);
    struct umm_watch_stats stats;
    (void)state;
    add(list, "a", "S", 0);
    assert_string_equal(take(list, 0), "a ");
    price(list, "S", 103, 100); /* 2 s after the look at 0 */
    assert_next(list, 2000);
    price(list, "S", 100, 110); /* nothing is put off */
    assert_next(list, 2000);
    price(list, "S", 97, 120); /* again, to what it is due at already */
    assert_next(list, 2000);
    price(list, "S", 106, 700); /* 0 + 500 ms has passed */
    assert_next(list, 700);
    assert_string_equal(take(list, 700), "a ");
    assert_next(list, 1200);
    price(list, "S", 109, 750);
    assert_next(list, 800);
    umm_watchlist_stats(list, &stats);
    assert_int_equal(stats.n_brought_forward, 3);
    price(list, "other", 110, 760);
    assert_next(list, 800);
    umm_watchlist_close(list);
}

static void test_barrier_is_looked_at_now(void **state)
{
    struct umm_watchlist *list = open_list(NULL);
    (void)state;
    add(list, "a", "S", 0);
    assert_string_equal(take(list, 0), "a ");
    price(list, "S", 90, 10);
    assert_string_equal(take(list, 10), "a ");
    price(list, "S", 89, 20); /* beyond as before: as the interval has it */
    assert_string_equal(take(list, 20), "");
    assert_next(list, 110);
    price(list, "S", 115, 30); /* the other one */
    assert_string_equal(take(list, 30), "a ");
    price(list, "S", 109.99, 40);
    assert_string_equal(take(list, 40), "");
    price(list, "S", 110, 50); /* back, and again */
    assert_string_equal(take(list, 50), "a ");
    umm_watchlist_close(list);

    /* The price before is entry, where there was none; a barrier at entry is never reached. */
    list = open_list(NULL);
    struct umm_watch_position p = position("b", "S", -1, 100, 100, 120);
    assert_int_equal(umm_watchlist_add(list, &p, 0, NULL), UMM_OK);
    assert_string_equal(take(list, 0), "b ");
    assert_next(list, 100);
    price(list, "S", 90, 10);
    assert_next(list, 100);
    price(list, "S", 120, 20);
    assert_next(list, 20);
    umm_watchlist_close(list);
}

static void test_order(void **state)
{
    struct umm_watchlist *list = open_list(NULL);
    (void)state;
    price(list, "low", 101, 0);
    price(list, "high", 109, 0);
    add(list, "l1", "low", 0);
    add(list, "h1", "high", 1);
    add(list, "h0", "high", 1);
    add(list, "l0", "low", 1);
    assert_string_equal(take(list, 2), "h1 h0 l1 l0 ");
    /* A price after they were due changes their order. */
    assert_int_equal(end(list, "h1", 6000), UMM_OK);
    price(list, "low", 109.5, 6000);
    assert_string_equal(take(list, 6000), "l1 l0 h0 ");
    /* One that is replaced is the last; one that is closed has the risk 0. */
    price(list, "low", 100, 7000);
    price(list, "high", 100, 7000);
    assert_string_equal(take(list, 7000), "h0 l0 l1 ");
    add(list, "l1", "low", 7000);
    add(list, "n", "low", 7000);
    assert_string_equal(take(list, 7000), "l1 n ");
    assert_string_equal(take(list, 12000), "h0 l0 l1 n ");
    assert_string_equal(take(list, 3606000), "h0 l0 l1 n h1 ");
    umm_watchlist_close(list);
}

static void test_closed(void **state)
{
    struct umm_watch_rules rules = {.closed_ms = 1000, .max_positions = 3};
    struct umm_watchlist *list = open_list(&rules);
    struct umm_watch_look look;
    struct umm_watch_stats stats;
    struct umm_watch_position p = position("d", "S", 1, 100, 110, 90);
    (void)state;
    add(list, "a", "S", 0);
    add(list, "b", "S", 0);
    add(list, "c", "S", 0);
    assert_int_equal(umm_watchlist_add(list, &p, 0, NULL), UMM_ERR_CONFLICT);
    add(list, "b", "S", 0); /* its own place */
    assert_string_equal(take(list, 0), "a c b ");
    assert_int_equal(end(list, "c", 50), UMM_OK);
    assert_int_equal(end(list, "a", 60), UMM_OK);
    assert_int_equal(end(list, "a", 60), UMM_ERR_ABSENT);
    assert_int_equal(end(list, "x", 60), UMM_ERR_ABSENT);
    price(list, "S", 90, 70); /* which only b feels */
    assert_string_equal(take(list, 70), "b ");
    assert_int_equal(umm_watchlist_take(list, 1050, &look, 1), 1);
    assert_int_equal(umm_watchlist_take(list, 1050, &look, 1), 1);
    assert_true(look.is_closed && look.risk == 0 && look.interval_ms == 1000);
    add(list, "d", "S", 1050); /* in place of c, which was closed first */
    assert_int_equal(end(list, "c", 1050), UMM_ERR_ABSENT);
    add(list, "a", "S", 1050); /* closed, and open again */
    umm_watchlist_stats(list, &stats);
    assert_int_equal(stats.n_open, 3);
    assert_int_equal(stats.n_closed, 0);
    assert_int_equal(stats.n_forgotten, 1);
    assert_int_equal(stats.n_replaced, 2);
    assert_int_equal(stats.n_unknown, 3);
    umm_watchlist_close(list);

    rules.closed_ms = INT64_MAX;
    list = open_list(&rules);
    add(list, "a", "S", 0);
    assert_int_equal(end(list, "a", 0), UMM_OK);
    assert_next(list, INT64_MAX);
    umm_watchlist_close(list);
}

static void test_times(void **state)
{
    struct umm_watchlist *list = open_list(NULL);
    const int64_t last_ms = INT64_C(1) << 59;
    (void)state;
    assert_next(list, INT64_MAX);
    add(list, "a", "S", 1000);
    assert_string_equal(take(list, 500), "a "); /* at 1000: the clock does not go back */
    assert_next(list, 6000);
    add(list, "b", "S", -5);
    assert_next(list, 1000);
    assert_string_equal(take(list, INT64_MIN), "b ");
    /* The last times there are: what is due later never is. */
    assert_string_equal(take(list, last_ms - 1), "a b ");
    assert_string_equal(take(list, INT64_MAX), "");
    assert_next(list, INT64_MAX);
    price(list, "S", 90, INT64_MAX);
    assert_next(list, last_ms);
    assert_string_equal(take(list, INT64_MAX), "a b ");
    umm_watchlist_close(list);
}

static void assert_refused(struct umm_watchlist *list, struct umm_watch_position p, uint64_t column)
{
    struct umm_error err = {.status = UMM_OK};
    assert_int_equal(umm_watchlist_add(list, &p, 0, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(err.column, column);
}

static void test_refused(void **state)
{
    struct umm_watchlist *list = open_list(NULL);
    struct umm_watch_stats stats;
    char long_id[UMM_WATCH_ID_MAX + 2];
    struct umm_watch_text name = text("S"), bad = text("\n");
    (void)state;
    memset(long_id, 'x', sizeof long_id);
    long_id[sizeof long_id - 1] = '\0';
    assert_refused(list, position("", "S", 1, 1, 2, 0), 1);
    assert_refused(list, position(long_id, "S", 1, 1, 2, 0), 1);
    assert_refused(list, position("a\x7f", "S", 1, 1, 2, 0), 1);
    assert_refused(list, position("a", "", 1, 1, 2, 0), 2);
    assert_refused(list, position("a", long_id, 1, 1, 2, 0), 2);
    assert_refused(list, position("a", "S", 0, 1, 2, 0), 3);
    assert_refused(list, position("a", "S", 1, none, 2, 0), 4);
    assert_refused(list, position("a", "S", 1, 1, INFINITY, 0), 5);
    assert_refused(list, position("a", "S", 1, 1, 2, -1.1e300), 6);
    assert_int_equal(umm_watchlist_price(list, &name, none, 0, NULL), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_watchlist_price(list, &bad, 1, 0, NULL), UMM_ERR_ARGUMENT);
    umm_watchlist_stats(list, &stats);
    assert_int_equal(stats.n_open + stats.n_symbols + stats.n_prices, 0);
    long_id[UMM_WATCH_ID_MAX] = '\0';
    add(list, long_id, "S", 0);
    assert_int_equal(end(list, long_id, 0), UMM_OK);
    umm_watchlist_close(list);

    static const struct umm_watch_rules wrong[] = {
        {.levels = {{0.5, 1}}, .n_levels = 1},
        {.levels = {{0.5, 1}, {0.5, 1}, {-1, 1}}, .n_levels = 3},
        {.levels = {{0.5, 2}, {-1, 1}}, .n_levels = 2},
        {.levels = {{-1, 0}}, .n_levels = 1},
        {.levels = {{NAN, 1}, {-1, 1}}, .n_levels = 2},
        {.n_levels = UMM_WATCH_LEVELS_MAX + 1},
        {.closed_ms = -1},
        {.max_positions = UMM_WATCH_COUNT_MAX + 1},
        {.max_symbols = UMM_WATCH_COUNT_MAX + 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(umm_watchlist_open(&wrong[i], &list, NULL), UMM_ERR_ARGUMENT);
        assert_null(list);
    }
    umm_watchlist_close(NULL);
}

static void test_restore_refuses(void **state)
{
    struct umm_watchlist *list = open_list(NULL);
    struct umm_watch_saved saved = {
        .position = position("a", "S", 1, 100, 110, 90), .due_ms = 5, .last_ms = INT64_MIN};
    struct umm_error err;
    (void)state;
    assert_int_equal(umm_watchlist_restore(list, &saved, NULL), UMM_OK);
    assert_int_equal(umm_watchlist_restore(list, &saved, NULL), UMM_ERR_CONFLICT);
    saved.position = position("b", "S", 1, 100, 110, 90);
    saved.due_ms = INT64_MAX - 1;
    assert_int_equal(umm_watchlist_restore(list, &saved, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(err.column, 7);
    saved.due_ms = INT64_MAX;
    saved.last_ms = INT64_MIN + 1;
    assert_int_equal(umm_watchlist_restore(list, &saved, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(err.column, 8);
    saved.last_ms = 0;
    assert_int_equal(umm_watchlist_restore(list, &saved, NULL), UMM_OK);
    saved.position.side = 2;
    assert_int_equal(umm_watchlist_restore(list, &saved, NULL), UMM_ERR_ARGUMENT);
    assert_next(list, 5);
    price(list, "S", 101, 1); /* a has never been looked at, b long ago */
    assert_string_equal(take(list, 1), "a ");
    umm_watchlist_close(list);
}

/* A position that was saved under other intervals: the next price brings it into line. */
/* A position that was saved when looks were far between is looked at as often as is asked now. */
static void test_restore_by_other_rules(void **state)
{
    const struct umm_watch_rules rules = {.levels = {{0.8, 100}, {-1, 5000}}, .n_levels = 2};
    struct umm_watch_saved saved = {.position = {.id = {"p", 1},
                                                 .symbol = {"A", 1},
                                                 .side = 1,
                                                 .entry = 2,
                                                 .take_profit = 3,
                                                 .stop_loss = 1},
                                    .last_ms = 60000,
                                    .due_ms = 1060000};
    struct umm_watchlist *list;
    (void)state;
    assert_int_equal(umm_watchlist_open(&rules, &list, NULL), UMM_OK);
    assert_int_equal(umm_watchlist_price(list, &saved.position.symbol, 2.95, 60000, NULL), UMM_OK);
    assert_int_equal(umm_watchlist_restore(list, &saved, NULL), UMM_OK);
    umm_watchlist_settle(list, 60050);
    assert_int_equal(umm_watchlist_next_ms(list), 60100);
    umm_watchlist_close(list);

    assert_int_equal(umm_watchlist_open(&rules, &list, NULL), UMM_OK);
    assert_int_equal(umm_watchlist_restore(list, &saved, NULL), UMM_OK); /* entry is its price */
    umm_watchlist_settle(list, 70000);
    assert_int_equal(umm_watchlist_next_ms(list), 70000);
    umm_watchlist_close(list);
}

static void test_restore_far_off(void **state)
{
    static const double stop_losses[] = {90, 101}, prices[] = {109, 100};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct umm_watchlist *list = open_list(NULL);
        struct umm_watch_saved saved = {.position = position("a", "S", 1, 100, 110, stop_losses[i]),
                                        .due_ms = 1000};
        price(list, "S", prices[i], 0);
        assert_int_equal(umm_watchlist_restore(list, &saved, NULL), UMM_OK);
        assert_next(list, 1000);
        price(list, "S", prices[i], 10);
        assert_next(list, 100);
        umm_watchlist_close(list);
    }
}

/* The last price at which the risk does not exceed 0.5 changes nothing, the next double does. */
static void test_last_bit(void **state)
{
    uint64_t random = RANDOM_SEED;
    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct umm_watchlist *list = open_list(NULL);
        const double scale = ldexp(1, (int)(xorshift64(&random) % 60) - 30);
        const int side = i % 2 ? 1 : -1;
        double entry = (100 + (double)(xorshift64(&random) >> 12) * 0x1p-52) * scale;
        double barrier = entry + (double)(xorshift64(&random) >> 12) * 0x1p-50 * scale;
        struct umm_watch_position p = position("a", "S", side, entry, none, none);
        *(side > 0 ? &p.take_profit : &p.stop_loss) = barrier;
        double low = entry, high = barrier;
        while (nextafter(low, INFINITY) < high) {
            double middle = low + (high - low) / 2;
            *(umm_watch_risk(&p, middle) > 0.5 ? &high : &low) = middle;
        }
        price(list, "S", entry, 0);
        assert_int_equal(umm_watchlist_add(list, &p, 0, NULL), UMM_OK);
        assert_string_equal(take(list, 0), "a ");
        price(list, "S", (entry + barrier) / 2 - (barrier - entry) / 8, 0);
        assert_next(list, 2000);
        price(list, "S", low, 0);
        assert_next(list, 2000);
        price(list, "S", high, 0);
        assert_next(list, 500);
        umm_watchlist_close(list);
    }
}

/* Intervals about those where the wheel's rings end. */
static void test_rings(void **state)
{
    static const int64_t starts_ms[] = {0, 1, 1023, 1024, 8191, 1700000000000};
    (void)state;
    for (int shift = 0; shift < 58; shift++) {
        for (size_t i = 0; i < sizeof starts_ms / sizeof *starts_ms; i++) {
            for (int64_t more = -1; more <= 1; more++) {
                const int64_t start_ms = starts_ms[i];
                const int64_t interval_ms = (INT64_C(1) << shift) + more;
                struct umm_watch_rules rules = {.levels = {{-1, interval_ms}}, .n_levels = 1};
                if (interval_ms < 1)
                    continue;
                struct umm_watchlist *list = open_list(&rules);
                add(list, "a", "S", start_ms);
                assert_string_equal(take(list, start_ms), "a ");
                assert_next(list, start_ms + interval_ms);
                assert_string_equal(take(list, start_ms + interval_ms - 1), "");
                assert_next(list, start_ms + interval_ms);
                assert_string_equal(take(list, start_ms + interval_ms), "a ");
                umm_watchlist_close(list);
            }
        }
    }
}

/* ---- many ------------------------------------------------------------------------- */

struct expected {
    double risk;
    unsigned id;
};

static int compare_expected(const void *a, const void *b)
{
    const struct expected *x = a, *y = b;
    return x->risk != y->risk ? (x->risk < y->risk ? 1 : -1) : (x->id > y->id) - (x->id < y->id);
}

/* All of many are due, few are taken at a time, and each order is that of a sort. */
static void test_flood(void **state)
{
    enum { N = 3000, SYMBOLS = 40, TAKE = 7 };
    static struct expected expected[N];
    static struct umm_watch_position positions[N];
    static char ids[N][8], names[SYMBOLS][8];
    double prices[SYMBOLS];
    uint64_t random = RANDOM_SEED;
    struct umm_watch_rules rules = {.closed_ms = INT64_MAX};
    struct umm_watchlist *list = open_list(&rules);
    bool is_taken[N] = {false};
    (void)state;
    for (int i = 0; i < SYMBOLS; i++) {
        snprintf(names[i], sizeof names[i], "S%d", i);
        price(list, names[i], prices[i] = 100 + i % 11, 0);
    }
    for (unsigned i = 0; i < N; i++) {
        double width = (double)(xorshift64(&random) % 12);
        snprintf(ids[i], sizeof ids[i], "%u", i);
        positions[i] = position(ids[i], names[i % SYMBOLS], 1, 100, 100 + width, 100 - width);
        assert_int_equal(umm_watchlist_add(list, &positions[i], 0, NULL), UMM_OK);
    }
    for (size_t n_left = N; n_left > 0;) {
        struct umm_watch_look looks[TAKE];
        /* Now and then one price, or those of all symbols. */
        uint64_t what = xorshift64(&random) % 32;
        for (int i = 0; i < SYMBOLS; i++)
            if (what == 0 || (what < 8 && i == (int)what))
                price(list, names[i], prices[i] = 90 + (double)(xorshift64(&random) % 21), 0);
        size_t n_sorted = 0;
        for (unsigned i = 0; i < N; i++)
            if (!is_taken[i])
                expected[n_sorted++] =
                    (struct expected){umm_watch_risk(&positions[i], prices[i % SYMBOLS]), i};
        qsort(expected, n_sorted, sizeof *expected, compare_expected);
        size_t n = umm_watchlist_take(list, 0, looks, TAKE);
        assert_int_equal(n, n_left < TAKE ? n_left : TAKE);
        for (size_t i = 0; i < n; i++) {
            assert_true(looks[i].risk == expected[i].risk);
            assert_memory_equal(looks[i].id.text, ids[expected[i].id], looks[i].id.len_bytes);
            is_taken[expected[i].id] = true;
        }
        for (size_t i = 0; i < n; i++) /* or a price could make it due again */
            assert_int_equal(end(list, ids[expected[i].id], 0), UMM_OK);
        n_left -= n;
    }
    assert_string_equal(take(list, 0), "");
    umm_watchlist_close(list);
}

/* Each id is found while the table grows and after half of them have gone. */
static void test_ids(void **state)
{
    enum { N = 20000 };
    struct umm_watch_rules rules = {.closed_ms = INT64_MAX};
    struct umm_watchlist *list = open_list(&rules);
    struct umm_watch_stats stats;
    char id[40];
    (void)state;
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "%s%d", i % 3 ? "" : "one that is not near ", i);
        add(list, id, "S", 0);
        if (i % 2) {
            snprintf(id, sizeof id, "%s%d", i / 2 % 3 ? "" : "one that is not near ", i / 2);
            assert_int_equal(end(list, id, 0), UMM_OK);
            assert_int_equal(end(list, id, 0), UMM_ERR_ABSENT);
        }
    }
    umm_watchlist_stats(list, &stats);
    assert_int_equal(stats.n_open, N / 2);
    for (int i = N / 2; i < N; i++) {
        snprintf(id, sizeof id, "%s%d", i % 3 ? "" : "one that is not near ", i);
        assert_int_equal(end(list, id, 0), UMM_OK);
    }
    assert_next(list, INT64_MAX);
    umm_watchlist_close(list);
}

/* Memory is that of the positions, and does not grow with what passes through. */
static void test_memory_is_bounded(void **state)
{
    enum { N = 2000, ROUNDS = 20 };
    struct umm_watch_rules rules = {.max_positions = N, .max_symbols = 10};
    struct umm_watchlist *list = open_list(&rules);
    struct umm_watch_stats stats;
    uint64_t size_bytes = 0;
    char id[16], symbol[16];
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < N; i++) {
            snprintf(id, sizeof id, "position%06d", round * N + i);
            snprintf(symbol, sizeof symbol, "S%d", i % 10);
            add(list, id, symbol, round);
            assert_int_equal(end(list, id, round), UMM_OK);
        }
        umm_watchlist_stats(list, &stats);
        assert_int_equal(stats.n_closed, N);
        if (round == 0)
            size_bytes = stats.size_bytes;
        assert_int_equal(stats.size_bytes, size_bytes);
    }
    umm_watchlist_close(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_risk),
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_late_looks_do_not_drift),
        cmocka_unit_test(test_price_brings_forward),
        cmocka_unit_test(test_barrier_is_looked_at_now),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_restore_refuses),
        cmocka_unit_test(test_restore_by_other_rules),
        cmocka_unit_test(test_restore_far_off),
        cmocka_unit_test(test_last_bit),
        cmocka_unit_test(test_rings),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
