/* SPDX-License-Identifier: MIT */
#include "feature/window.h"

#include <string.h>

/*
 * Rows of a pass: its columns stay in a near cache, and what each pass costs is spread over them.
 * Columns are not a power of two apart.
 */
enum { ROWS = 1024, ROOM = ROWS + 72, WEIGHTED_ROWS = 512 };

/* ---- rings ------------------------------------------------------------- */

size_t umm_window_before(const double *ring, size_t size, uint64_t row, const double *x, size_t m,
                         size_t lag, size_t at, const double **older)
{
    if (at >= lag) {
        *older = x + (at - lag);
        return m - at;
    }
    size_t place = (size_t)((row + at + size - lag) % size), run = size - place;
    *older = ring + place;
    run = run < lag - at ? run : lag - at;
    return run < m - at ? run : m - at;
}

void umm_window_keep(double *ring, size_t size, uint64_t row, const double *x, size_t m)
{
    for (size_t at = m > size ? m - size : 0; at < m;) {
        size_t place = (size_t)((row + at) % size), run = size - place;
        run = run < m - at ? run : m - at;
        memcpy(ring + place, x + at, run * sizeof *x);
        at += run;
    }
}

/* ---- levels made at once ------------------------------------------------- */

/* How many rows of m to take at once: of what is left, a piece that levels can be made of. */
static size_t piece_rows(size_t m, size_t most)
{
    m = m < most ? m : most;
    return m < UMM_BULK_LAST ? m : m - m % UMM_BULK_LAST;
}

static bool has_levels(size_t n, size_t m)
{
    return n >= 1U << UMM_BULK_LEVELS && m % UMM_BULK_LAST == 0;
}

/* Whether level l, of 1 << l rows, is a part of a window of n rows or makes the next level. */
static bool is_level_wanted(size_t n, unsigned l)
{
    return n >> l & 1 || l == UMM_BULK_LEVELS;
}

/* The rows of a ring before `row`, as many as it has except UMM_BULK_LAST at most. */
static void read_last(const double *ring, size_t size, uint64_t row, double *last)
{
    const size_t n = size < UMM_BULK_LAST ? size : UMM_BULK_LAST;
    const size_t place = (size_t)((row + size - n) % size);
    const size_t run = size - place < n ? size - place : n;
    memcpy(last + (UMM_BULK_LAST - n), ring + place, run * sizeof *ring);
    memcpy(last + (UMM_BULK_LAST - n) + run, ring, (n - run) * sizeof *ring);
}

/* ---- sums, greatest, least ----------------------------------------------- */

typedef void join(const double *a, const double *b, size_t n, double *out);

/* out = a joined with x of `lag` rows before, which ring has as far as x does not. */
static void join_before(join *op, const double *a, const double *ring, size_t size, uint64_t row,
                        const double *x, size_t m, size_t lag, double *out)
{
    for (size_t at = 0; at < m;) {
        const double *older;
        size_t run = umm_window_before(ring, size, row, x, m, lag, at, &older);
        op(a + at, older, run, out + at);
        at += run;
    }
}

/* The last join: out = (a + x of `lag` rows before) / divisor, not divided if that is 0. */
static void end_sum(const struct umm_bulk *bulk, const double *a, const double *ring, size_t size,
                    uint64_t row, const double *x, size_t m, size_t lag, double divisor,
                    double *out)
{
    for (size_t at = 0; at < m;) {
        const double *older;
        size_t run = umm_window_before(ring, size, row, x, m, lag, at, &older);
        if (divisor != 0)
            bulk->add_end(a + at, older, divisor, run, out + at);
        else
            bulk->add(a + at, older, run, out + at);
        at += run;
    }
}

/* Levels 1 to 4 of sums; the rings from x's on, one of each size from 1 to 8, are read. */
static void make_sums(const struct umm_bulk *bulk, struct umm_bulk_levels *levels,
                      double (*room)[ROOM], size_t n, const double *ring, uint64_t row,
                      const double *x, size_t m)
{
    memset(levels, 0, sizeof *levels);
    for (unsigned l = 0; l < UMM_BULK_LEVELS; l++) {
        const size_t size = (size_t)1 << l;
        if (is_level_wanted(n, l + 1))
            levels->first[l] = room[l];
        read_last(ring, size, row, levels->last[l]);
        ring += size;
    }
    bulk->sums(levels, x, m);
}

static void sum_rows(const struct umm_bulk *bulk, double *ring, size_t n, uint64_t row,
                     const double *x, size_t m, double divisor, double *out)
{
    _Alignas(64) double room[UMM_BULK_LEVELS][ROOM]; /* the fifth level takes the first's place */
    struct umm_bulk_levels levels;
    const double *part = NULL; /* of the window, so far: in x, in room or in out */
    const bool is_made = bulk->sums && has_levels(n, m);
    if (is_made)
        make_sums(bulk, &levels, room, n, ring, row, x, m);
    size_t size = 1;
    for (unsigned level = 0;; level++, ring += size, size *= 2) {
        const size_t newer = n & (size - 1);
        const bool is_last = n / 2 < size, is_next_made = is_made && level < UMM_BULK_LEVELS;
        double *next = room[level % UMM_BULK_LEVELS];
        if (is_last && newer) {
            end_sum(bulk, part, ring, size, row, x, m, newer, divisor, out);
        } else if (is_last && divisor != 0) {
            bulk->divide(x, divisor, m, out);
        } else if (is_last) {
            memcpy(out, x, m * sizeof *x);
        } else if (n & size && newer) {
            join_before(bulk->add, part, ring, size, row, x, m, newer, out);
            part = out;
        } else if (n & size) {
            part = x;
        }
        if (!is_last && !is_next_made) {
            if (part == next)
                part = memcpy(out, part, m * sizeof *x);
            join_before(bulk->add, x, ring, size, row, x, m, size, next);
        }
        if (is_next_made && level > 0)
            umm_window_keep(ring, size, row + m - UMM_BULK_LAST, levels.last[level], UMM_BULK_LAST);
        else
            umm_window_keep(ring, size, row, x, m);
        if (is_last)
            return;
        x = next;
    }
}

void umm_window_sum(const struct umm_bulk *bulk, double *state, size_t n, uint64_t row,
                    const double *x, size_t m, double divisor, double *out)
{
    for (size_t at = 0, rows; at < m; at += rows) {
        rows = piece_rows(m - at, ROWS);
        sum_rows(bulk, state, n, row + at, x + at, rows, divisor, out + at);
    }
}

/* Greatest or least: two windows of a power of two, which may overlap. */
static void extreme_rows(join *op, double *ring, size_t n, uint64_t row, const double *x, size_t m,
                         double *out)
{
    _Alignas(64) double room[2][ROOM];
    for (size_t size = 1;; ring += size, size *= 2) {
        const bool is_last = n / 2 < size;
        double *next = is_last ? out : room[x == room[0]];
        join_before(op, x, ring, size, row, x, m, is_last ? n - size : size, next);
        umm_window_keep(ring, size, row, x, m);
        if (is_last)
            return;
        x = next;
    }
}

void umm_window_max(const struct umm_bulk *bulk, double *state, size_t n, uint64_t row,
                    const double *x, size_t m, double *out)
{
    for (size_t at = 0; at < m; at += ROWS)
        extreme_rows(bulk->max, state, n, row + at, x + at, m - at < ROWS ? m - at : ROWS,
                     out + at);
}

void umm_window_min(const struct umm_bulk *bulk, double *state, size_t n, uint64_t row,
                    const double *x, size_t m, double *out)
{
    for (size_t at = 0; at < m; at += ROWS)
        extreme_rows(bulk->min, state, n, row + at, x + at, m - at < ROWS ? m - at : ROWS,
                     out + at);
}

/* ---- levels of two columns -------------------------------------------------- */

/* Level l, of 1 << l rows, from 1 on; four are kept, and the fifth takes the first's place. */
struct pairs {
    _Alignas(64) double column[2][UMM_BULK_LEVELS][ROOM];
};

static double *first_of(struct pairs *pairs, unsigned level)
{
    return pairs->column[0][(level - 1) % UMM_BULK_LEVELS];
}

static double *second_of(struct pairs *pairs, unsigned level)
{
    return pairs->column[1][(level - 1) % UMM_BULK_LEVELS];
}

/*
 * Levels 1 to 4 of x, of which those are stored that are a part of a window of n or make the next
 * level. x_ring has the last `size` x. The levels' rings come one after the other from ring on,
 * two of each size from 2 to 8: they are read.
 */
static void make_levels(void (*make)(struct umm_bulk_levels *levels, const double *x, size_t n),
                        struct umm_bulk_levels *levels, struct pairs *pairs, size_t n,
                        const double *x_ring, size_t size, const double *ring, uint64_t row,
                        const double *x, size_t m)
{
    memset(levels, 0, sizeof *levels);
    read_last(x_ring, size, row, levels->last[0]);
    for (unsigned l = 1; l <= UMM_BULK_LEVELS; l++) {
        const size_t rows = (size_t)1 << l;
        if (is_level_wanted(n, l)) {
            levels->first[l - 1] = first_of(pairs, l);
            levels->second[l - 1] = second_of(pairs, l);
        }
        if (l == UMM_BULK_LEVELS)
            break;
        read_last(ring, rows, row, levels->last[2 * l - 1]);
        read_last(ring + rows, rows, row, levels->last[2 * l]);
        ring += 2 * rows;
    }
    make(levels, x, m);
}

/* The last rows of a level of m rows, for the next call; levels is NULL where none were made. */
static void keep_level(double *ring, size_t size, uint64_t row, const double *first,
                       const double *second, size_t m, const struct umm_bulk_levels *levels,
                       unsigned level)
{
    if (levels && 0 < level && level < UMM_BULK_LEVELS) {
        first = levels->last[2 * level - 1];
        second = levels->last[2 * level];
        row += m - UMM_BULK_LAST;
        m = UMM_BULK_LAST;
    }
    umm_window_keep(ring, size, row, first, m);
    umm_window_keep(ring + size, size, row, second, m);
}

/* ---- weighted sums --------------------------------------------------------- */

/* A part of a window so far: its columns, which are a level's or room's. */
struct joined {
    const double *first, *second;
    double room[2][ROOM];
};

/* The joined columns are a level's, and another level takes its place: move out. */
static void make_way(struct joined *joined, const double *taken, size_t m)
{
    if (!joined->first || joined->second != taken)
        return;
    joined->first = memcpy(joined->room[0], joined->first, m * sizeof *joined->first);
    joined->second = memcpy(joined->room[1], joined->second, m * sizeof *joined->second);
}

/*
 * A part of a values, before which come b older ones: its own weights grow by b, so that
 * the sum over both is weighted_a + b * plain_a + weighted_b. Divided, unless divisor is 0.
 */
static void weigh_before(const struct umm_bulk *bulk, const double *weighted, const double *plain,
                         const double *ring, size_t size, uint64_t row, const double *x, size_t m,
                         size_t lag, double divisor, double *out)
{
    for (size_t at = 0; at < m;) {
        const double *older;
        size_t run = umm_window_before(ring, size, row, x, m, lag, at, &older);
        if (divisor != 0)
            bulk->weigh_end(weighted + at, plain + at, (double)size, older, divisor, run, out + at);
        else
            bulk->weigh(weighted + at, plain + at, (double)size, older, run, out + at);
        at += run;
    }
}

static void weighted_rows(const struct umm_bulk *bulk, double *ring, size_t n, uint64_t row,
                          const double *x, size_t m, double divisor, double *out)
{
    struct pairs pairs;
    struct umm_bulk_levels levels;
    struct joined joined;
    joined.first = joined.second = NULL;
    const double *plain = x, *weighted = x;
    const bool is_made = bulk->weights && has_levels(n, m);
    if (is_made)
        make_levels(bulk->weights, &levels, &pairs, n, ring, 1, ring + 2, row, x, m);
    size_t size = 1;
    for (unsigned level = 1;; level++, ring += 2 * size, size *= 2) {
        const size_t newer = n & (size - 1);
        const bool is_last = n / 2 < size;
        double *weighted_ring = ring + size;
        double *next_plain = first_of(&pairs, level), *next_weighted = second_of(&pairs, level);
        if (is_last && newer) {
            weigh_before(bulk, joined.second, joined.first, weighted_ring, size, row, weighted, m,
                         newer, divisor, out);
        } else if (is_last) {
            bulk->divide(weighted, divisor, m, out);
        } else if (n & size && newer) {
            weigh_before(bulk, joined.second, joined.first, weighted_ring, size, row, weighted, m,
                         newer, 0, joined.room[1]);
            join_before(bulk->add, joined.first, ring, size, row, plain, m, newer, joined.room[0]);
            joined.first = joined.room[0];
            joined.second = joined.room[1];
        } else if (n & size) {
            joined.first = plain;
            joined.second = weighted;
        }
        if (!is_last && !(is_made && level <= UMM_BULK_LEVELS)) {
            make_way(&joined, next_weighted, m);
            join_before(bulk->add, plain, ring, size, row, plain, m, size, next_plain);
            weigh_before(bulk, weighted, plain, weighted_ring, size, row, weighted, m, size, 0,
                         next_weighted);
        }
        keep_level(ring, size, row, plain, weighted, m, is_made ? &levels : NULL, level - 1);
        if (is_last)
            return;
        plain = next_plain;
        weighted = next_weighted;
    }
}

void umm_window_weighted(const struct umm_bulk *bulk, double *state, size_t n, uint64_t row,
                         const double *x, size_t m, double divisor, double *out)
{
    for (size_t at = 0, rows; at < m; at += rows) {
        rows = piece_rows(m - at, WEIGHTED_ROWS);
        weighted_rows(bulk, state, n, row + at, x + at, rows, divisor, out + at);
    }
}

/* ---- deviations -------------------------------------------------------------- */

/* Distances and squares of m rows, and rings of those before: of size, and n of x. */
struct level {
    const double *distance, *squares;
    const double *x_ring, *distance_ring, *squares_ring;
    size_t n, size;
};

/* out of `at` rows later. */
struct columns {
    double *at[3];
};
static struct columns columns_at(const struct umm_bulk_end *end, double *const *out, size_t at)
{
    struct columns columns = {{NULL}};
    for (unsigned c = 0; c < umm_bulk_ends(end->kind); c++)
        columns.at[c] = out[c] + at;
    return columns;
}

/* newer, a part of `lag` values, joined with the level's `lag` rows before. */
static void merge_before(const struct umm_bulk *bulk, const struct umm_bulk_part *newer,
                         const struct level *level, uint64_t row, size_t m, size_t lag,
                         const struct umm_bulk_end *end, double *const *out)
{
    const double n_newer = (double)lag, n_older = (double)level->size, all = n_newer + n_older;
    const double share = n_older / all, weight = n_newer * n_older / all;
    for (size_t at = 0; at < m;) {
        struct umm_bulk_part a = {newer->x + at, newer->distance + at, newer->squares + at}, b;
        size_t run = umm_window_before(level->x_ring, level->n, row, newer->x, m, lag, at, &b.x);
        size_t other = umm_window_before(level->distance_ring, level->size, row, level->distance, m,
                                         lag, at, &b.distance);
        umm_window_before(level->squares_ring, level->size, row, level->squares, m, lag, at,
                          &b.squares);
        run = run < other ? run : other;
        bulk->merge(end, &a, &b, share, weight, run, columns_at(end, out, at).at);
        at += run;
    }
}

static void deviation_rows(const struct umm_bulk *bulk, double *ring, size_t n, uint64_t row,
                           const double *x, size_t m, const struct umm_bulk_end *end,
                           double *const *out)
{
    static const double zeros[ROWS];
    static const struct umm_bulk_end parts = {.kind = UMM_BULK_PARTS};
    struct pairs pairs;
    struct umm_bulk_levels levels;
    struct joined joined;
    joined.first = joined.second = NULL;
    double *x_ring = ring;
    struct level level = {.distance = zeros, .squares = zeros, .x_ring = x_ring, .n = n};
    const bool is_made = bulk->deviations && has_levels(n, m);
    ring += n;
    if (is_made)
        make_levels(bulk->deviations, &levels, &pairs, n, x_ring, n, ring + 2, row, x, m);
    size_t size = 1;
    for (unsigned l = 1;; l++, ring += 2 * size, size *= 2) {
        const size_t newer = n & (size - 1);
        const bool is_last = n / 2 < size;
        double *const next[3] = {first_of(&pairs, l), second_of(&pairs, l), NULL};
        const struct umm_bulk_part whole = {x, level.distance, level.squares};
        level.size = size;
        level.distance_ring = ring;
        level.squares_ring = ring + size;
        if (n & size && newer) {
            const struct umm_bulk_part part = {x, joined.first, joined.second};
            double *const room[3] = {joined.room[0], joined.room[1], NULL};
            merge_before(bulk, &part, &level, row, m, newer, is_last ? end : &parts,
                         is_last ? out : room);
            joined.first = room[0];
            joined.second = room[1];
        } else if (is_last) {
            bulk->end(end, &whole, m, out);
        } else if (n & size) {
            joined.first = level.distance;
            joined.second = level.squares;
        }
        if (!is_last && !(is_made && l <= UMM_BULK_LEVELS)) {
            make_way(&joined, next[1], m);
            merge_before(bulk, &whole, &level, row, m, size, &parts, next);
        }
        keep_level(ring, size, row, level.distance, level.squares, m, is_made ? &levels : NULL,
                   l - 1);
        if (is_last)
            break;
        level.distance = next[0];
        level.squares = next[1];
    }
    umm_window_keep(x_ring, n, row, x, m);
}

void umm_window_deviation(const struct umm_bulk *bulk, double *state, size_t n, uint64_t row,
                          const double *x, size_t m, const struct umm_bulk_end *end,
                          double *const *out)
{
    for (size_t at = 0, rows; at < m; at += rows) {
        rows = piece_rows(m - at, ROWS);
        deviation_rows(bulk, state, n, row + at, x + at, rows, end, columns_at(end, out, at).at);
    }
}
