/* SPDX-License-Identifier: MIT */
/*
 * watchlist - the list of positions alone: no events read, no looks printed.
 *
 *   watchlist POSITIONS SYMBOLS SECONDS
 *
 * Of the positions 1 % are at a risk above 0.8, 9 % above 0.5, 30 % above 0.2, the rest below.
 * The clock is a number: SECONDS of it pass as fast as looks can be taken, millisecond by
 * millisecond. Prints lines of "NAME VALUE":
 *
 *   add_ns, add_worst_us         a position opened, on average and at worst, all at one time
 *   flood_ns, flood_worst_us     a look while all are due, 1000 taken at a time, and one such take
 *   bytes_resident, bytes_list   of a position: as the kernel counts, as the list does
 *   look_ns, looks_per_s         a look as time passes; how many there are in a second of it
 *   processors                   seconds of processor that a second of looks takes
 *   take_p99_us, take_worst_us   all looks of one millisecond
 *   price_us                     a price that changes nothing, of a symbol with all its positions
 *   forward_ns                   a position that a price brings forward
 *
 * Times are those of the processor, also at worst.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "watch/watchlist.h"

enum { TAKE = 1000, PRICE_ROUNDS = 20, SPREAD_MS = 10000 };

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%*u %lu", &pages) != 1)
        abort();
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static uint64_t random_state = 88172645463325252U;

static double random_from(double low, double high)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return low + (double)(random_state >> 12) * 0x1p-52 * (high - low);
}

static double random_risk(void)
{
    const double share = random_from(0, 100);
    return share < 1    ? random_from(0.81, 0.99)
           : share < 10 ? random_from(0.51, 0.79)
           : share < 40 ? random_from(0.21, 0.49)
                        : random_from(0.01, 0.19);
}

static void require(enum umm_status status)
{
    if (status)
        abort();
}

static struct umm_watch_text symbol_text(char *at, size_t cap, size_t n)
{
    return (struct umm_watch_text){at, (size_t)snprintf(at, cap, "SYM%zu", n)};
}

/* Prices of all symbols; the seconds that took. */
static double give_prices(struct umm_watchlist *list, size_t n_symbols, double price, int64_t ms)
{
    char(*names)[16] = malloc(n_symbols * sizeof *names);
    struct umm_watch_text *texts = malloc(n_symbols * sizeof *texts);
    if (!names || !texts)
        abort();
    for (size_t i = 0; i < n_symbols; i++)
        texts[i] = symbol_text(names[i], sizeof names[i], i);
    const double start = now_ns();
    for (size_t i = 0; i < n_symbols; i++)
        require(umm_watchlist_price(list, &texts[i], price, ms, NULL));
    const double took_ns = now_ns() - start;
    free(texts);
    free(names);
    return took_ns * 1e-9;
}

/* All that are due at a time; the nanoseconds of the longest take. */
static size_t take_all(struct umm_watchlist *list, int64_t ms, double *worst_ns)
{
    struct umm_watch_look looks[TAKE];
    size_t n, n_all = 0;
    double start = now_ns(), end;
    do {
        n = umm_watchlist_take(list, ms, looks, TAKE);
        n_all += n;
        end = now_ns();
        *worst_ns = end - start > *worst_ns ? end - start : *worst_ns;
        start = end;
    } while (n == TAKE);
    return n_all;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Open all positions, the first at 0, the last just before to_ms, with looks as they are due. */
static void fill(struct umm_watchlist *list, size_t n_positions, size_t n_symbols, int64_t to_ms)
{
    char id[24], name[16];
    double worst_ns = 0, worst_take_ns = 0, sum_ns = 0;
    int64_t ms = 0;
    for (size_t i = 0; i < n_positions; i++) {
        const double width = random_from(1, 10);
        const double entry = 100 + random_risk() * width;
        const struct umm_watch_position position = {
            .id = {id, (size_t)snprintf(id, sizeof id, "position%07zu", i)},
            .symbol = symbol_text(name, sizeof name, i % n_symbols),
            .side = 1,
            .entry = entry,
            .take_profit = entry + width,
            .stop_loss = entry - width};
        for (; ms < (int64_t)i * to_ms / (int64_t)n_positions; ms++)
            take_all(list, ms, &worst_take_ns);
        const double start = now_ns();
        require(umm_watchlist_add(list, &position, ms, NULL));
        const double took_ns = now_ns() - start;
        sum_ns += took_ns;
        worst_ns = took_ns > worst_ns ? took_ns : worst_ns;
    }
    if (!to_ms)
        printf("add_ns %.1f\nadd_worst_us %.1f\n", sum_ns / (double)n_positions, worst_ns * 1e-3);
}

/* SECONDS of looks. */
static void pass_time(struct umm_watchlist *list, int64_t from_ms, int64_t seconds)
{
    const size_t n_ms = (size_t)seconds * 1000;
    double *takes = malloc(n_ms * sizeof *takes), sum_ns = 0;
    size_t n_looks = 0;
    if (!takes)
        abort();
    for (size_t i = 0; i < n_ms; i++) {
        double worst_ns = 0;
        const double start = now_ns();
        n_looks += take_all(list, from_ms + (int64_t)i, &worst_ns);
        sum_ns += takes[i] = now_ns() - start;
    }
    qsort(takes, n_ms, sizeof *takes, compare_doubles);
    printf(
        "look_ns %.1f\nlooks_per_s %.0f\nprocessors %.3f\ntake_p99_us %.1f\ntake_worst_us %.1f\n",
        sum_ns / (double)n_looks, (double)n_looks / (double)seconds,
        sum_ns * 1e-9 / (double)seconds, takes[n_ms * 99 / 100] * 1e-3, takes[n_ms - 1] * 1e-3);
    free(takes);
}

int main(int argc, char **argv)
{
    struct umm_watch_rules rules = {0};
    struct umm_watch_stats stats;
    struct umm_watchlist *list;
    if (argc != 4)
        return 2;
    const size_t n_positions = strtoul(argv[1], NULL, 10), n_symbols = strtoul(argv[2], NULL, 10);
    const int64_t seconds = strtol(argv[3], NULL, 10);
    rules.max_positions = n_positions;
    rules.max_symbols = n_symbols;
    const double before = resident_bytes();
    double worst_ns = 0;
    require(umm_watchlist_open(&rules, &list, NULL));
    give_prices(list, n_symbols, 100, 0);
    fill(list, n_positions, n_symbols, 0);
    double flood_ns = now_ns();
    const size_t n_flood = take_all(list, 0, &worst_ns);
    flood_ns = now_ns() - flood_ns;
    umm_watchlist_stats(list, &stats);
    const double bytes = resident_bytes() - before;
    printf("flood_ns %.1f\nflood_worst_us %.1f\nbytes_resident %.1f\nbytes_list %.1f\n",
           flood_ns / (double)n_flood, worst_ns * 1e-3, bytes / (double)n_positions,
           (double)stats.size_bytes / (double)n_positions);
    umm_watchlist_close(list);

    require(umm_watchlist_open(&rules, &list, NULL));
    give_prices(list, n_symbols, 100, 0);
    fill(list, n_positions, n_symbols, SPREAD_MS);
    pass_time(list, SPREAD_MS, seconds);
    const int64_t ms = SPREAD_MS + seconds * 1000;
    double price_s = 0;
    for (int i = 0; i < PRICE_ROUNDS; i++)
        price_s += give_prices(list, n_symbols, i % 2 ? 100 : 100.005, ms);
    printf("price_us %.3f\n", price_s * 1e6 / PRICE_ROUNDS / (double)n_symbols);
    umm_watchlist_stats(list, &stats);
    const uint64_t n_before = stats.n_brought_forward;
    const double forward_s = give_prices(list, n_symbols, 99.5, ms);
    umm_watchlist_stats(list, &stats);
    printf("forward_ns %.1f\n", forward_s * 1e9 / (double)(stats.n_brought_forward - n_before));
    umm_watchlist_close(list);
    return 0;
}
