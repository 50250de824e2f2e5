/* SPDX-License-Identifier: MIT */
#include "feature/window.h"

#include <string.h>

/* Rows of a pass: its few columns stay in the nearest cache. */
enum { ROWS = 1024, ROOM = ROWS + 72 };

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

static void sum_rows(const struct umm_bulk *bulk, double *ring, size_t n, uint64_t row,
                     const double *x, size_t m, double *out)
{
    _Alignas(64) double room[2][ROOM];
    for (size_t size = 1;; ring += size, size *= 2) {
        const size_t newer = n & (size - 1);
        double *next = room[x == room[0]];
        if (n & size && newer)
            join_before(bulk->add, out, ring, size, row, x, m, newer, out);
        else if (n & size)
            memcpy(out, x, m * sizeof *x);
        if (n / 2 >= size)
            join_before(bulk->add, x, ring, size, row, x, m, size, next);
        umm_window_keep(ring, size, row, x, m);
        if (n / 2 < size)
            return;
        x = next;
    }
}

void umm_window_sum(const struct umm_bulk *bulk, double *state, size_t n, uint64_t row,
                    const double *x, size_t m, double *out)
{
    for (size_t at = 0; at < m; at += ROWS)
        sum_rows(bulk, state, n, row + at, x + at, m - at < ROWS ? m - at : ROWS, out + at);
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

/* ---- weighted sums --------------------------------------------------------- */

/*
 * A part of a values, before which come b older ones: its own weights grow by b, so that
 * the sum over both is weighted_a + b * plain_a + weighted_b.
 */
static void weigh_before(const struct umm_bulk *bulk, const double *weighted, const double *plain,
                         const double *ring, size_t size, uint64_t row, const double *x, size_t m,
                         size_t lag, double *out)
{
    for (size_t at = 0; at < m;) {
        const double *older;
        size_t run = umm_window_before(ring, size, row, x, m, lag, at, &older);
        bulk->weigh(weighted + at, plain + at, (double)size, older, run, out + at);
        at += run;
    }
}

static void weighted_rows(const struct umm_bulk *bulk, double *ring, size_t n, uint64_t row,
                          const double *x, size_t m, double *out)
{
    _Alignas(64) double room[2][2][ROOM], sums[ROOM];
    const double *plain = x, *weighted = x;
    for (size_t size = 1;; ring += 2 * size, size *= 2) {
        const size_t newer = n & (size - 1);
        double *weighted_ring = ring + size, *next = room[plain == room[0][0]][0];
        if (n & size && newer) {
            weigh_before(bulk, out, sums, weighted_ring, size, row, weighted, m, newer, out);
            join_before(bulk->add, sums, ring, size, row, plain, m, newer, sums);
        } else if (n & size) {
            memcpy(out, weighted, m * sizeof *out);
            memcpy(sums, plain, m * sizeof *sums);
        }
        if (n / 2 >= size) {
            join_before(bulk->add, plain, ring, size, row, plain, m, size, next);
            weigh_before(bulk, weighted, plain, weighted_ring, size, row, weighted, m, size,
                         next + ROOM);
        }
        umm_window_keep(ring, size, row, plain, m);
        umm_window_keep(weighted_ring, size, row, weighted, m);
        if (n / 2 < size)
            return;
        plain = next;
        weighted = next + ROOM;
    }
}

void umm_window_weighted(const struct umm_bulk *bulk, double *state, size_t n, uint64_t row,
                         const double *x, size_t m, double *out)
{
    for (size_t at = 0; at < m; at += ROWS)
        weighted_rows(bulk, state, n, row + at, x + at, m - at < ROWS ? m - at : ROWS, out + at);
}

/* ---- deviations -------------------------------------------------------------- */

/* Distances and squares of m rows, and rings of those before: of size, and n of x. */
struct level {
    const double *distance, *squares;
    const double *x_ring, *distance_ring, *squares_ring;
    size_t n, size;
};

/* newer, a part of `lag` values, joined with the level's `lag` rows before. */
static void merge_before(const struct umm_bulk *bulk, const struct umm_bulk_part *newer,
                         const struct level *level, uint64_t row, size_t m, size_t lag,
                         double *distance, double *squares)
{
    const double n_newer = (double)lag, n_older = (double)level->size, all = n_newer + n_older;
    for (size_t at = 0; at < m;) {
        struct umm_bulk_part a = {newer->x + at, newer->distance + at, newer->squares + at}, b;
        size_t run = umm_window_before(level->x_ring, level->n, row, newer->x, m, lag, at, &b.x);
        size_t other = umm_window_before(level->distance_ring, level->size, row, level->distance, m,
                                         lag, at, &b.distance);
        umm_window_before(level->squares_ring, level->size, row, level->squares, m, lag, at,
                          &b.squares);
        run = run < other ? run : other;
        bulk->merge(&a, &b, n_older / all, n_newer * n_older / all, run, distance + at,
                    squares + at);
        at += run;
    }
}

static void deviation_rows(const struct umm_bulk *bulk, double *ring, size_t n, uint64_t row,
                           const double *x, size_t m, double *distance, double *squares)
{
    static const double zeros[ROWS];
    _Alignas(64) double room[2][2][ROOM], *x_ring = ring;
    struct level level = {.distance = zeros, .squares = zeros, .x_ring = x_ring, .n = n};
    ring += n;
    for (size_t size = 1;; ring += 2 * size, size *= 2) {
        const size_t newer = n & (size - 1);
        double *next = room[level.distance == room[0][0]][0];
        level.size = size;
        level.distance_ring = ring;
        level.squares_ring = ring + size;
        if (n & size && newer) {
            const struct umm_bulk_part part = {x, distance, squares};
            merge_before(bulk, &part, &level, row, m, newer, distance, squares);
        } else if (n & size) {
            memcpy(distance, level.distance, m * sizeof *distance);
            memcpy(squares, level.squares, m * sizeof *squares);
        }
        if (n / 2 >= size) {
            const struct umm_bulk_part part = {x, level.distance, level.squares};
            merge_before(bulk, &part, &level, row, m, size, next, next + ROOM);
        }
        umm_window_keep(ring, size, row, level.distance, m);
        umm_window_keep(ring + size, size, row, level.squares, m);
        if (n / 2 < size)
            break;
        level.distance = next;
        level.squares = next + ROOM;
    }
    umm_window_keep(x_ring, n, row, x, m);
}

void umm_window_deviation(const struct umm_bulk *bulk, double *state, size_t n, uint64_t row,
                          const double *x, size_t m, double *distance, double *squares)
{
    for (size_t at = 0; at < m; at += ROWS)
        deviation_rows(bulk, state, n, row + at, x + at, m - at < ROWS ? m - at : ROWS,
                       distance + at, squares + at);
}
