/* SPDX-License-Identifier: MIT */
#include "synth/synth_bar.h"

/* 2^64 / golden ratio, odd: the step of splitmix64's counter. */
static const uint64_t golden = 0x9E3779B97F4A7C15U;

uint64_t umm_synth_mix(uint64_t bits)
{
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
    return bits ^ (bits >> 31);
}

static uint64_t next_random(struct umm_synth_walk *walk)
{
    walk->random += golden;
    return umm_synth_mix(walk->random);
}

uint64_t umm_synth_stream(uint64_t seed, const char *symbol)
{
    uint64_t hash = 0xCBF29CE484222325U; /* FNV-1a, 64 bits */
    for (const char *p = symbol; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 0x100000001B3U;
    /* Streams are stretches of one cycle of 2^64: begin them far apart. */
    return umm_synth_mix(umm_synth_mix(seed + golden) + hash);
}

/* A number below limit (at most 2^32) from 32 random bits; the bias is below limit / 2^32. */
static int64_t below(uint64_t random32, uint64_t limit)
{
    return (int64_t)(((random32 & UINT32_MAX) * limit) >> 32);
}

static uint64_t square_root(uint64_t n)
{
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit; bit >>= 1)
        if ((root | bit) * (root | bit) <= n)
            root |= bit;
    return root;
}

void umm_synth_walk_init(struct umm_synth_walk *walk, uint64_t stream, int64_t level,
                         int64_t duration_s)
{
    /* 65 millionths a second is about 0.05 % a minute, as large coins move; 5 % at most. */
    enum { PPM_PER_ROOT_SECOND = 65, PPM_MAX = 50000, WIDTH_MIN = 4 };
    uint64_t ppm = PPM_PER_ROOT_SECOND * square_root((uint64_t)duration_s);
    if (ppm > PPM_MAX)
        ppm = PPM_MAX;
    walk->random = stream;
    walk->floor = level / 4;
    walk->ceiling = level * 4;
    walk->width = (uint64_t)level * ppm / 1000000;
    if (walk->width < WIDTH_MIN)
        walk->width = WIDTH_MIN;
    walk->close = level / 2 + below(next_random(walk), (uint64_t)level);
}

/* Steps are shorter than the floor, so that once is enough. */
static int64_t reflect(const struct umm_synth_walk *walk, int64_t price)
{
    if (price < walk->floor)
        return 2 * walk->floor - price;
    if (price > walk->ceiling)
        return 2 * walk->ceiling - price;
    return price;
}

/*
 * 3 to 8 significant digits, the last not zero, 0 to 4 of them before the point:
 * from 0.101 to 9999.9999, and whole numbers such as 731 when there are as few.
 */
static void draw_volume(struct umm_synth_bar *bar, uint64_t random, uint64_t dice)
{
    static const uint32_t powers[] = {10, 100, 1000, 10000, 100000, 1000000};
    unsigned n_more = (unsigned)below(dice, 6);
    unsigned n_digits = n_more + 3;
    unsigned n_whole = (unsigned)below(dice << 3, 5);
    uint64_t lead = powers[n_more] + (uint64_t)below(random, 9 * (uint64_t)powers[n_more]);
    bar->volume = lead * 10 + 1 + (uint64_t)below(random >> 32, 9);
    bar->volume_decimals = n_digits > n_whole ? n_digits - n_whole : 0;
}

void umm_synth_walk_next(struct umm_synth_walk *walk, bool is_backward, struct umm_synth_bar *bar)
{
    uint64_t step = next_random(walk), wicks = next_random(walk);
    uint64_t volume = next_random(walk), dice = next_random(walk);
    int64_t width = (int64_t)walk->width;
    int64_t from = walk->close;
    if ((dice & 3) == 0)
        from = reflect(walk, from + below(step ^ wicks, walk->width / 4) - width / 8);
    int64_t to = reflect(walk, from + below(step, walk->width) + below(step >> 32, walk->width) -
                                   (width - 1));
    int64_t top = from > to ? from : to, bottom = from > to ? to : from;
    bar->high = top + below(wicks, walk->width / 2 + 1);
    bar->low = bottom - below(wicks >> 32, walk->width / 2 + 1);
    bar->open = is_backward ? to : from;
    bar->close = is_backward ? from : to;
    bar->dice = dice;
    draw_volume(bar, volume, dice >> 8);
    walk->close = to;
}
