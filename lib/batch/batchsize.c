/* SPDX-License-Identifier: MIT */
#include "batch/batchsize.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "probe/memory.h"
#include "sys/procfs.h"

/* Of the limit: items differ. */
#define MARGIN 0.9

static const uint64_t LOOK_NS = 100000000;

void umm_batchsize_default_levels(struct umm_batchsize_options *options)
{
    options->levels[0] = (struct umm_batchsize_level){0.50, 0.40, 2};
    options->levels[1] = (struct umm_batchsize_level){0.65, 0.60, 1.5};
    options->n_levels = 2;
}

void umm_batchsize_open(struct umm_batchsize *size, const struct umm_batchsize_options *options)
{
    *size = (struct umm_batchsize){.options = *options,
                                   .memory_share = NAN,
                                   .cpu_share = NAN,
                                   .factor = 1,
                                   .ceiling = UINT64_MAX,
                                   .fixed_bytes = NAN,
                                   .item_bytes = NAN};
}

/* ---- load ------------------------------------------------------------------------ */

bool umm_batchsize_parse_stat(const char *text, uint64_t *busy_ticks, uint64_t *all_ticks)
{
    enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, COUNT };
    uint64_t all = 0, idle = 0;
    if (strncmp(text, "cpu ", 4) != 0)
        return false;
    text += 4;
    for (int i = USER; i < COUNT; i++) {
        uint64_t ticks;
        text += strspn(text, " ");
        if (!umm_procfs_number(&text, &ticks)) {
            if (i <= IDLE)
                return false;
            break; /* an older kernel */
        }
        all += ticks;
        if (i == IDLE || i == IOWAIT)
            idle += ticks;
    }
    *busy_ticks = all - idle;
    *all_ticks = all;
    return true;
}

static void look_at_processors(struct umm_batchsize *size)
{
    struct umm_procfs_text text = {0};
    char path[UMM_MEMORY_PATH_MAX];
    uint64_t busy, all;
    const char *root = size->options.root ? size->options.root : "";
    const int n = snprintf(path, sizeof path, "%s/proc/stat", root);
    size->cpu_share = NAN;
    if (n > 0 && (size_t)n < sizeof path &&
        umm_procfs_read(UMM_PROCFS_CWD, path, &text, NULL) == UMM_OK &&
        umm_batchsize_parse_stat(text.bytes, &busy, &all)) {
        if (size->all_ticks > 0 && all > size->all_ticks && busy >= size->busy_ticks)
            size->cpu_share = (double)(busy - size->busy_ticks) / (double)(all - size->all_ticks);
        size->busy_ticks = busy;
        size->all_ticks = all;
    }
    umm_procfs_text_free(&text);
}

static void look_at_memory(struct umm_batchsize *size)
{
    struct umm_memory memory;
    size->memory_share = NAN;
    if (umm_memory_read(size->options.root, &memory, NULL) == UMM_OK && memory.total_bytes > 0)
        size->memory_share = (double)memory.used_bytes / (double)memory.total_bytes;
}

/* What is not known is below nothing. */
static double factor_of(const struct umm_batchsize *size)
{
    for (size_t i = 0; i < size->options.n_levels; i++) {
        const struct umm_batchsize_level *level = &size->options.levels[i];
        if (size->memory_share < level->memory_share && size->cpu_share < level->cpu_share)
            return level->factor;
    }
    return 1;
}

/* ---- memory for each item -------------------------------------------------------- */

/*
 * A line through the points whose peaks are known, in fixed_bytes and item_bytes. Where all have
 * the same number of items, as they do after a while, the line keeps its slope.
 */
static void fit(struct umm_batchsize *size, size_t n_points)
{
    double n = 0, sum_x = 0, sum_y = 0, xx = 0, xy = 0;
    for (size_t i = 0; i < n_points; i++)
        if (!size->points[i].is_bound) {
            n++;
            sum_x += (double)size->points[i].n;
            sum_y += (double)size->points[i].peak_bytes;
        }
    if (n < 2)
        return;
    const double mean_x = sum_x / n, mean_y = sum_y / n;
    for (size_t i = 0; i < n_points; i++)
        if (!size->points[i].is_bound) {
            const double x = (double)size->points[i].n - mean_x;
            xx += x * x;
            xy += x * ((double)size->points[i].peak_bytes - mean_y);
        }
    if (xx > 0)
        size->item_bytes = xy / xx;
    size->fixed_bytes = mean_y - size->item_bytes * mean_x;
}

/* How far a batch was above the line. */
static double worst_above(const struct umm_batchsize *size, size_t n_points)
{
    double worst = 0;
    for (size_t i = 0; i < n_points; i++) {
        const struct umm_batchsize_point *point = &size->points[i];
        const double above =
            (double)point->peak_bytes - size->fixed_bytes - size->item_bytes * (double)point->n;
        if (!point->is_bound && above > worst)
            worst = above;
    }
    return worst;
}

/* The largest batch of which a point tells, and of several of its size the one that took most. */
static const struct umm_batchsize_point *find_largest(const struct umm_batchsize *size,
                                                      size_t n_points)
{
    const struct umm_batchsize_point *largest = size->points;
    for (size_t i = 1; i < n_points; i++) {
        const struct umm_batchsize_point *point = &size->points[i];
        if (point->n > largest->n ||
            (point->n == largest->n && point->peak_bytes > largest->peak_bytes))
            largest = point;
    }
    return largest;
}

/*
 * How many items a batch may have so that it stays below the limit, as the line says, and at most
 * twice as many as the largest that ended well. Without a line, in proportion to the largest: that
 * is safe, as part of its memory is there without items. But of one item nothing is learned about
 * two, and of a peak that is only bounded nothing about more: then a few more are tried.
 */
static uint64_t most_by_memory(struct umm_batchsize *size)
{
    const size_t n_points = size->n_points < UMM_BATCHSIZE_POINTS ? (size_t)size->n_points
                                                                  : (size_t)UMM_BATCHSIZE_POINTS;
    const double limit = MARGIN * (double)size->options.max_rss_bytes, try_more = 1.25;
    const double twice = 2 * (double)size->n_most;
    if (n_points == 0)
        return 1;
    const struct umm_batchsize_point *largest = find_largest(size, n_points);
    const double n = (double)largest->n, peak = (double)largest->peak_bytes + 1;
    double most = n * limit / peak;
    fit(size, n_points);
    if (isfinite(size->item_bytes)) {
        const double room = limit - size->fixed_bytes - worst_above(size, n_points);
        most = size->item_bytes > 0 ? room / size->item_bytes : twice;
    } else if (peak <= limit && (largest->is_bound || largest->n == 1)) {
        most = fmax(most, fmax(n + 1, n * try_more));
    }
    most = fmin(most, twice);
    return most < 1 ? 1 : (uint64_t)most;
}

void umm_batchsize_took(struct umm_batchsize *size, uint64_t n, uint64_t peak_bytes, bool is_bound)
{
    size->points[size->n_points++ % UMM_BATCHSIZE_POINTS] =
        (struct umm_batchsize_point){n, peak_bytes, is_bound};
    size->n_most = n > size->n_most ? n : size->n_most;
    if (size->options.max_rss_bytes == UINT64_MAX)
        fit(size, size->n_points < UMM_BATCHSIZE_POINTS ? (size_t)size->n_points
                                                        : (size_t)UMM_BATCHSIZE_POINTS);
}

void umm_batchsize_halve(struct umm_batchsize *size, uint64_t n)
{
    const uint64_t half = n / 2 > 0 ? n / 2 : 1;
    size->ceiling = half < size->ceiling ? half : size->ceiling;
}

/* ---- the decision ---------------------------------------------------------------- */

uint64_t umm_batchsize_next(struct umm_batchsize *size, uint64_t now_ns)
{
    if (size->looked_ns == 0 || now_ns - size->looked_ns >= LOOK_NS) {
        size->looked_ns = now_ns;
        look_at_processors(size);
        look_at_memory(size);
        size->factor = factor_of(size);
    }
    const double wanted = size->factor * (double)size->options.base;
    const uint64_t by_load = wanted < 1 ? 1 : wanted < 1e18 ? (uint64_t)wanted : UINT64_MAX;
    uint64_t n = by_load;
    if (size->options.max_rss_bytes != UINT64_MAX) {
        const uint64_t most = most_by_memory(size);
        n = n < most ? n : most;
    }
    n = n < size->ceiling ? n : size->ceiling;
    size->n_lowered += n < by_load;
    return n;
}
