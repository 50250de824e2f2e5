/* SPDX-License-Identifier: MIT */
#include "order/sequence.h"

static void count_step(struct umm_sequence *s, int64_t from, int64_t to)
{
    uint64_t step = to > from ? (uint64_t)to - (uint64_t)from : (uint64_t)from - (uint64_t)to;
    size_t i = 0;
    if (step == 0)
        return;
    s->n_steps++;
    if (step > s->longest) {
        s->longest = step;
        s->longest_from = to > from ? from : to;
    }
    while (i < s->n_distinct && s->steps[i] != step)
        i++;
    if (i == UMM_SEQUENCE_STEPS)
        return;
    if (i == s->n_distinct) {
        s->steps[i] = step;
        s->n_distinct++;
    }
    s->counts[i]++;
}

/* Whether a row of that time is one that earlier inputs had. */
static bool is_there(const struct umm_sequence *s, int64_t time)
{
    return s->has_floor && time <= s->floor;
}

static void take(struct umm_sequence *s, int64_t time)
{
    const int64_t before = s->last;
    s->n_here++;
    s->last = time;
    if (is_there(s, time))
        return;
    /* The distance to earlier inputs is counted by the restart: of newest-first rows it is last. */
    if (s->n_above)
        count_step(s, before, time);
    if (s->n_rows == 0 || time < s->min)
        s->min = time;
    if (s->n_rows == 0 || time > s->max)
        s->max = time;
    if (s->n_above == 0 || time < s->low)
        s->low = time;
    s->n_above++;
    s->n_rows++;
}

void umm_sequence_restart(struct umm_sequence *s)
{
    if (s->has_floor && s->n_above)
        count_step(s, s->floor, s->low);
    s->has_floor = s->n_rows > 0;
    s->floor = s->max;
    s->n_above = s->n_here = 0;
    s->direction = 0;
}

static enum umm_sequence_verdict duplicate(struct umm_sequence *s, int64_t time)
{
    s->n_duplicates += !is_there(s, time);
    switch (s->dedup) {
    case UMM_DEDUP_FIRST: return UMM_SEQUENCE_DROP;
    case UMM_DEDUP_LAST: return UMM_SEQUENCE_REPLACE;
    case UMM_DEDUP_ERROR: return UMM_SEQUENCE_DUPLICATE;
    case UMM_DEDUP_NONE: break;
    }
    take(s, time);
    return UMM_SEQUENCE_TAKE;
}

static bool is_backward(enum umm_order order, int before, int direction)
{
    switch (order) {
    case UMM_ORDER_KEEP: return false;
    case UMM_ORDER_ASC: return before != 0 && direction != before;
    case UMM_ORDER_CHECK:
    case UMM_ORDER_SORT: break;
    }
    return direction < 0;
}

bool umm_sequence_goes_on(struct umm_sequence_place *place, enum umm_order order, int64_t time)
{
    if (place->has_last && time != place->last) {
        const int8_t direction = time > place->last ? 1 : -1;
        if (is_backward(order, place->direction, direction))
            return false;
        place->direction = place->direction ? place->direction : direction;
    }
    place->has_last = true;
    place->last = time;
    return true;
}

enum umm_sequence_verdict umm_sequence_next(struct umm_sequence *s, int64_t time)
{
    if (s->n_here && time == s->last)
        return duplicate(s, time);
    if (s->n_here) {
        int direction = time > s->last ? 1 : -1;
        if (is_backward(s->order, s->direction, direction))
            return UMM_SEQUENCE_BACKWARD;
        if (s->direction == 0)
            s->direction = direction;
    }
    take(s, time);
    return UMM_SEQUENCE_TAKE;
}

/* Count the same step several times; it is one that count_step has put in the table. */
static void count_steps(struct umm_sequence *s, uint64_t step, uint64_t n)
{
    size_t i = 0;
    while (i < s->n_distinct && s->steps[i] != step)
        i++;
    s->n_steps += n;
    if (i < s->n_distinct)
        s->counts[i] += n;
}

size_t umm_sequence_run(struct umm_sequence *s, const int64_t *times, size_t n)
{
    if (s->n_here == 0 || s->direction == 0 || is_there(s, s->last))
        return 0;
    const bool is_up = s->direction > 0;
    uint64_t usual = 0, n_usual = 0; /* the last distance, and how often since counted */
    int64_t last = s->last;
    size_t i = 0;
    for (; i < n; i++) {
        if (is_up ? times[i] <= last : times[i] >= last || is_there(s, times[i]))
            break;
        uint64_t step =
            is_up ? (uint64_t)times[i] - (uint64_t)last : (uint64_t)last - (uint64_t)times[i];
        if (step == usual) {
            n_usual++;
        } else {
            count_steps(s, usual, n_usual);
            count_step(s, last, times[i]);
            usual = step;
            n_usual = 0;
        }
        last = times[i];
    }
    count_steps(s, usual, n_usual);
    if (is_up && last > s->max)
        s->max = last;
    if (!is_up && last < s->min)
        s->min = last;
    if (!is_up && last < s->low)
        s->low = last;
    s->last = last;
    s->n_above += i;
    s->n_here += i;
    s->n_rows += i;
    return i;
}

static size_t commonest(const struct umm_sequence *s)
{
    size_t best = 0;
    for (size_t i = 1; i < s->n_distinct; i++)
        if (s->counts[i] > s->counts[best] ||
            (s->counts[i] == s->counts[best] && s->steps[i] < s->steps[best]))
            best = i;
    return best;
}

uint64_t umm_sequence_step(const struct umm_sequence *s)
{
    return s->n_distinct ? s->steps[commonest(s)] : 0;
}

uint64_t umm_sequence_gaps(const struct umm_sequence *s)
{
    uint64_t step = umm_sequence_step(s), n_longer = 0, n_counted = 0;
    for (size_t i = 0; i < s->n_distinct; i++) {
        n_counted += s->counts[i];
        n_longer += s->steps[i] > step ? s->counts[i] : 0;
    }
    /* Distances beyond the table came late and are of no common length: gaps. */
    return n_longer + (s->n_steps - n_counted);
}
