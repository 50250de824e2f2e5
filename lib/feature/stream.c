/* SPDX-License-Identifier: MIT */
#include "feature/stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "feature/recur.h"

static const double no_value = (double)NAN;

/* ---- states -------------------------------------------------------------- */

enum umm_status umm_features_state_open(const struct umm_features *features,
                                        struct umm_features_state **out, struct umm_error *err)
{
    size_t len = sizeof **out + 2 * features->n_words * sizeof *(*out)->words;
    *out = calloc(1, len);
    if (!*out)
        return umm_error_set_memory(err, len, "a state");
    (*out)->plan = features;
    return UMM_OK;
}

void umm_features_state_close(struct umm_features_state *state)
{
    free(state);
}

void umm_features_state_reset(struct umm_features_state *state)
{
    state->n_rows = 0;
    memset(state->words, 0, state->plan->n_words * sizeof *state->words);
}

void umm_features_state_copy(struct umm_features_state *to, const struct umm_features_state *from)
{
    to->n_rows = from->n_rows;
    memcpy(to->words, from->words, from->plan->n_words * sizeof *from->words);
}

uint64_t umm_features_state_rows(const struct umm_features_state *state)
{
    return state->n_rows;
}

/* ---- taking rows --------------------------------------------------------- */

/*
 * n rows of columns; their outputs go to out, from its row `first` on, or when there is one
 * row only to one_row.
 */
struct chunk {
    const double *columns[UMM_SERIES_COLUMNS];
    double *const *out;
    double *one_row;
    size_t first;
    size_t n;
    bool has_odd; /* found on the way */
    enum umm_cpu cpu;
};

/* Where p's output i of the chunk goes. */
static double *output_of(const struct chunk *chunk, const struct umm_plan_item *p, size_t i)
{
    i += p->first_output;
    return chunk->one_row ? chunk->one_row + i : chunk->out[i] + chunk->first;
}

/* Mean prices of n rows from `from` on. */
static void mean_price(enum umm_feature_series series, const struct chunk *chunk, size_t from,
                       size_t n, double *out)
{
    const double *open = chunk->columns[UMM_SERIES_OPEN], *high = chunk->columns[UMM_SERIES_HIGH];
    const double *low = chunk->columns[UMM_SERIES_LOW], *close = chunk->columns[UMM_SERIES_CLOSE];
    if (series == UMM_SERIES_HL2)
        for (size_t i = from; i < from + n; i++)
            *out++ = (high[i] + low[i]) / 2;
    else if (series == UMM_SERIES_HLC3)
        for (size_t i = from; i < from + n; i++)
            *out++ = (high[i] + low[i] + close[i]) / 3;
    else
        for (size_t i = from; i < from + n; i++)
            *out++ = (open[i] + high[i] + low[i] + close[i]) / 4;
}

/*
 * Of n rows, how many may hold a NaN of any kind. A recurrence tidies its own rows, which
 * begin at the latest two after its last output does.
 */
static size_t rows_untidy(const struct umm_feature_item *item, uint64_t count, size_t n)
{
    uint64_t end = 2;
    if (item->def->is_tidy || !item->def->is_long)
        return item->def->is_tidy ? 0 : n;
    for (unsigned i = 0; i < UMM_FEATURE_OUTPUTS; i++)
        end = item->lookback[i] + 2 > end ? item->lookback[i] + 2 : end;
    return count >= end ? 0 : end - count < n ? (size_t)(end - count) : n;
}

/* At most one of an item's inputs is a mean price, which goes to `mean`. */
static struct umm_feature_rows rows_of(const struct umm_plan_item *p, struct chunk *chunk,
                                       size_t from, size_t n, uint64_t count, double *mean)
{
    struct umm_feature_rows rows = {.count = count,
                                    .n = n,
                                    .has_odd = &chunk->has_odd,
                                    .cpu = chunk->cpu,
                                    .bulk = umm_bulk_of(chunk->cpu)};
    for (unsigned i = 0; i < p->item.n_inputs; i++) {
        enum umm_feature_series series = umm_plan_input(&p->item, i);
        if (series < UMM_SERIES_COLUMNS) {
            rows.in[i] = chunk->columns[series] + from;
        } else {
            mean_price(series, chunk, from, n, mean);
            rows.in[i] = mean;
        }
    }
    for (size_t i = 0; i < p->n_outputs; i++)
        rows.out[i] = output_of(chunk, p, i) + from;
    return rows;
}

/* After the run: no values within the lookback, one NaN only, and what the item remembers. */
static void settle(const struct umm_plan_item *p, double *words,
                   const struct umm_feature_rows *rows)
{
    words[0] = (double)(rows->count + rows->n);
    for (size_t i = 0; i < p->n_outputs; i++) {
        uint64_t lookback = p->item.lookback[i];
        for (size_t row = 0; row < rows->n && rows->count + row < lookback; row++)
            rows->out[i][row] = no_value;
        umm_recur_tidy(rows->cpu, rows->out[i], rows_untidy(&p->item, rows->count, rows->n));
        words[1 + i] = rows->out[i][rows->n - 1];
    }
}

/* Whether the item is to have many rows in one run: what is long, unless of a mean price. */
static bool is_taken_whole(const struct umm_feature_item *item)
{
    for (unsigned i = 0; i < item->n_inputs; i++)
        if (umm_plan_input(item, i) >= UMM_SERIES_COLUMNS)
            return false;
    return item->def->is_long;
}

/* Rows of a chunk, all of which are finite, for one item. */
static void take_finite(const struct umm_plan_item *p, double *words, struct chunk *chunk,
                        size_t from, size_t n)
{
    double mean[UMM_FEATURE_BLOCK];
    const bool is_whole = is_taken_whole(&p->item);
    while (n > 0) {
        size_t run = is_whole || n < UMM_FEATURE_BLOCK ? n : UMM_FEATURE_BLOCK;
        const struct umm_feature_rows rows = rows_of(p, chunk, from, run, (uint64_t)words[0], mean);
        p->item.def->run(&p->item, words + 1 + p->n_outputs, &rows);
        settle(p, words, &rows);
        from += run, n -= run;
    }
}

/* A row that the item cannot take. */
static void take_odd(const struct umm_features *plan, const struct umm_plan_item *p, double *words,
                     struct chunk *chunk, size_t row)
{
    const bool is_held = plan->nan == UMM_FEATURES_NAN_HOLD && words[0] > 0;
    for (size_t i = 0; i < p->n_outputs; i++)
        output_of(chunk, p, i)[row] = is_held ? words[1 + i] : no_value;
    if (plan->nan == UMM_FEATURES_NAN_RESET)
        memset(words, 0, (1 + p->n_outputs + p->item.n_words) * sizeof *words);
}

/* The first of n rows from `from` on that is not finite in one of columns, or n. */
static size_t find_odd(const struct chunk *chunk, unsigned columns, size_t from, size_t n,
                       unsigned *column)
{
    for (unsigned c = 0; c < UMM_SERIES_COLUMNS; c++) {
        if (!(columns & 1U << c))
            continue;
        size_t at = umm_recur_find_odd(chunk->cpu, chunk->columns[c] + from, n);
        if (at < n) {
            n = at;
            *column = c;
        }
    }
    return n;
}

static void take_item(const struct umm_features *plan, const struct umm_plan_item *p, double *words,
                      struct chunk *chunk, unsigned odd_columns)
{
    size_t row = 0;
    unsigned column = 0;
    while (row < chunk->n) {
        size_t left = chunk->n - row;
        size_t run = find_odd(chunk, p->columns & odd_columns, row, left, &column);
        take_finite(p, words, chunk, row, run);
        row += run;
        if (run < left)
            take_odd(plan, p, words, chunk, row++);
    }
}

/* Take a chunk, or the rows of it before the first odd one under NAN_ERROR. */
static enum umm_status take_carefully(struct umm_features_state *state, struct chunk *chunk,
                                      struct umm_error *err)
{
    const struct umm_features *plan = state->plan;
    unsigned odd = 0, column = 0;
    const size_t n = chunk->n;
    if (plan->nan == UMM_FEATURES_NAN_ERROR) {
        chunk->n = find_odd(chunk, plan->columns, 0, n, &column);
    } else {
        for (unsigned c = 0; c < UMM_SERIES_COLUMNS; c++)
            if (plan->columns & 1U << c && umm_recur_find_odd(chunk->cpu, chunk->columns[c], n) < n)
                odd |= 1U << c;
    }
    for (size_t i = 0; i < plan->n_items; i++)
        take_item(plan, &plan->items[i], state->words + plan->items[i].first_word, chunk, odd);
    state->n_rows += chunk->n;
    if (chunk->n == n)
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_DATA, "row %llu: %s is not a finite number",
                         (unsigned long long)state->n_rows,
                         umm_feature_series_name((enum umm_feature_series)column));
}

/* The rows of an item that are taken before its recurrence checks them itself. */
static bool is_head_finite(const struct umm_plan_item *p, const double *words,
                           const struct chunk *chunk)
{
    unsigned column;
    const size_t n = rows_untidy(&p->item, (uint64_t)words[0], chunk->n);
    return !p->item.def->is_long || find_odd(chunk, p->columns, 0, n, &column) == n;
}

/*
 * Nearly all rows are finite: take the chunk, leaving it to recurrences to check what they
 * read in passing. False, with the state as before, if something is not finite.
 */
static bool take_quickly(struct umm_features_state *state, struct chunk *chunk)
{
    const struct umm_features *plan = state->plan;
    const size_t n_words = plan->n_words;
    unsigned column;
    if (find_odd(chunk, plan->columns & ~plan->seen_columns, 0, chunk->n, &column) < chunk->n)
        return false;
    chunk->has_odd = false;
    memcpy(state->words + n_words, state->words, n_words * sizeof *state->words);
    for (size_t i = 0; i < plan->n_items && !chunk->has_odd; i++) {
        const struct umm_plan_item *p = &plan->items[i];
        double *words = state->words + p->first_word;
        if (is_head_finite(p, words, chunk))
            take_finite(p, words, chunk, 0, chunk->n);
        else
            chunk->has_odd = true;
    }
    if (chunk->has_odd)
        memcpy(state->words, state->words + n_words, n_words * sizeof *state->words);
    else
        state->n_rows += chunk->n;
    return !chunk->has_odd;
}

static enum umm_status take_chunk(struct umm_features_state *state, struct chunk *chunk,
                                  struct umm_error *err)
{
    if (chunk->n >= UMM_FEATURE_BLOCK && take_quickly(state, chunk))
        return UMM_OK;
    return take_carefully(state, chunk, err);
}

/*
 * Rows at a time: few, so that they are still near when they are used a second time. But
 * the lanes of a recurrence have to be longer than what they run over before their own
 * rows, which is some 23 times the lookback of an ema.
 */
static size_t chunk_rows(const struct umm_features *plan)
{
    const uint64_t lookback_per_part = 128, parts_max = 8;
    uint64_t parts = 1 + plan->max_lookback / lookback_per_part;
    for (size_t i = 0; i < plan->n_items; i++)
        if (plan->items[i].item.def->is_long)
            return UMM_RECUR_ROWS * (size_t)(parts < parts_max ? parts : parts_max);
    return UMM_FEATURE_BLOCK;
}

static struct chunk chunk_of(const struct umm_bars *bars, double *const *out,
                             const struct umm_run *run)
{
    return (struct chunk){
        .columns = {bars->time_ms, bars->open, bars->high, bars->low, bars->close, bars->volume},
        .out = out,
        .cpu = umm_cpu_choose(run)};
}

/* Let the chunk begin n rows later. */
static void skip_rows(struct chunk *chunk, size_t n)
{
    for (unsigned c = 0; c < UMM_SERIES_COLUMNS; c++)
        if (chunk->columns[c])
            chunk->columns[c] += n;
    chunk->first += n;
}

/* n_rows from where the chunk begins, which is moved. */
static enum umm_status take_rows(struct umm_features_state *state, struct chunk chunk,
                                 size_t n_rows, const struct umm_run *run, struct umm_error *err)
{
    const size_t rows_max = chunk_rows(state->plan);
    for (unsigned c = 0; c < UMM_SERIES_COLUMNS; c++)
        if (state->plan->columns & 1U << c && !chunk.columns[c])
            return umm_error_set(err, UMM_ERR_ARGUMENT, "the features need the column %s",
                                 umm_feature_series_name((enum umm_feature_series)c));
    while (n_rows > 0) {
        if (umm_run_is_cancelled(run))
            return umm_error_set_cancelled(err);
        const size_t n = n_rows < rows_max ? n_rows : rows_max;
        chunk.n = n;
        enum umm_status status = take_chunk(state, &chunk, err);
        if (status)
            return status;
        skip_rows(&chunk, n);
        n_rows -= n;
    }
    return UMM_OK;
}

enum umm_status umm_features_take(struct umm_features_state *state, const struct umm_bars *bars,
                                  size_t n_rows, const struct umm_run *run, double *const *out,
                                  struct umm_error *err)
{
    return take_rows(state, chunk_of(bars, out, run), n_rows, run, err);
}

enum umm_status umm_features_push(struct umm_features_state *state, const double bar[6],
                                  double *out, struct umm_error *err)
{
    struct chunk chunk = {.one_row = out, .n = 1, .cpu = UMM_CPU_PORTABLE};
    for (unsigned c = 0; c < UMM_SERIES_COLUMNS; c++)
        chunk.columns[c] = bar + c;
    return take_chunk(state, &chunk, err);
}

/* ---- many states ----------------------------------------------------------- */

/* Rows at a time, which are still near when the next item takes them; a group is at most MANY
 * states, and below MANY_LEAST, or for so few rows, lanes do not pay. */
enum { MANY = UMM_RECUR_MANY, MANY_ROWS = 2048, MANY_LEAST = 4, MANY_ROWS_LEAST = 32 };

static bool has_lanes(const struct umm_plan_item *p)
{
    return p->item.def->is_recur && is_taken_whole(&p->item);
}

static bool is_worthwhile(const struct umm_features *plan, size_t n_states, size_t n_rows)
{
    for (size_t i = 0; i < plan->n_items; i++)
        if (has_lanes(&plan->items[i]))
            return n_states >= MANY_LEAST && n_rows >= MANY_ROWS_LEAST;
    return false;
}

/* The chunks' rows, all finite, for one item: its recurrence takes them side by side. */
static void take_item_many(const struct umm_plan_item *p, struct umm_features_state *const *states,
                           struct chunk *chunks, size_t n_states)
{
    struct umm_feature_rows rows[MANY];
    struct umm_recur_later later = {.n_series = 0};
    for (size_t s = 0; s < n_states; s++) {
        double *words = states[s]->words + p->first_word;
        rows[s] = rows_of(p, &chunks[s], 0, chunks[s].n, (uint64_t)words[0], NULL);
        rows[s].later = &later;
        p->item.def->run(&p->item, words + 1 + p->n_outputs, &rows[s]);
    }
    umm_recur_many(chunks[0].cpu, &later);
    for (size_t s = 0; s < n_states; s++)
        settle(p, states[s]->words + p->first_word, &rows[s]);
}

/* Whether the next n rows of all chunks are there and finite. */
static bool is_plain(const struct umm_features *plan, struct chunk *chunks, size_t n_states,
                     size_t n)
{
    unsigned column;
    for (size_t s = 0; s < n_states; s++) {
        chunks[s].n = n;
        for (unsigned c = 0; c < UMM_SERIES_COLUMNS; c++)
            if (plan->columns & 1U << c && !chunks[s].columns[c])
                return false;
        if (find_odd(&chunks[s], plan->columns, 0, n, &column) < n)
            return false;
    }
    return true;
}

/* Take rows of a group of states up to a block that has one not finite: how many of each. */
static size_t take_side_by_side(struct umm_features_state *const *states, struct chunk *chunks,
                                size_t n_states, size_t n_rows, const struct umm_run *run)
{
    const struct umm_features *plan = states[0]->plan;
    size_t done = 0;
    while (done < n_rows && !umm_run_is_cancelled(run)) {
        const size_t n = n_rows - done < MANY_ROWS ? n_rows - done : MANY_ROWS;
        if (!is_plain(plan, chunks, n_states, n))
            break;
        for (size_t i = 0; i < plan->n_items; i++) {
            const struct umm_plan_item *p = &plan->items[i];
            if (has_lanes(p))
                take_item_many(p, states, chunks, n_states);
            else
                for (size_t s = 0; s < n_states; s++)
                    take_finite(p, states[s]->words + p->first_word, &chunks[s], 0, n);
        }
        for (size_t s = 0; s < n_states; s++) {
            states[s]->n_rows += n;
            skip_rows(&chunks[s], n);
        }
        done += n;
    }
    return done;
}

enum umm_status umm_features_take_many(struct umm_features_state *const *states,
                                       const struct umm_bars *bars, size_t n_states, size_t n_rows,
                                       const struct umm_run *run, double *const *const *out,
                                       size_t *failed, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    *failed = n_states;
    for (size_t at = 0; at < n_states; at += MANY) {
        const size_t n = n_states - at < MANY ? n_states - at : MANY;
        struct chunk chunks[MANY];
        for (size_t s = 0; s < n; s++)
            chunks[s] = chunk_of(&bars[at + s], out[at + s], run);
        size_t done = 0;
        if (is_worthwhile(states[at]->plan, n, n_rows))
            done = take_side_by_side(states + at, chunks, n, n_rows, run);
        for (size_t s = 0; s < n; s++) {
            enum umm_status one =
                take_rows(states[at + s], chunks[s], n_rows - done, run, status ? NULL : err);
            if (one && !status) {
                status = one;
                *failed = at + s;
            }
        }
    }
    return status;
}
