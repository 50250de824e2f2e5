/* SPDX-License-Identifier: MIT */
/*
 * live_cycle.h - the questions, or the answers to them, that all programs of scripts/bench-live
 * send: a file of LIVE_PIECES pieces, sent over and over from the first one on.
 *
 * Every connection begins with piece 0, so that each byte that it carries is known.
 */
#ifndef BENCH_LIVE_CYCLE_H
#define BENCH_LIVE_CYCLE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIVE_PIECES = 1024 };

/* Twice in a row: as many pieces as there are lie together, wherever they begin. */
struct live_cycle {
    char *bytes;
    size_t begins[2 * LIVE_PIECES + 1];
};

static inline void live_cycle_open(struct live_cycle *cycle, const char *path, int is_lines)
{
    FILE *file = fopen(path, "rb");
    long len_bytes = 0;
    if (!file || fseek(file, 0, SEEK_END) != 0 || (len_bytes = ftell(file)) <= 0) {
        perror(path);
        exit(1);
    }
    const size_t len = (size_t)len_bytes;
    rewind(file);
    cycle->bytes = (char *)malloc(2 * len);
    if (!cycle->bytes || fread(cycle->bytes, 1, len, file) != len || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    memcpy(cycle->bytes + len, cycle->bytes, len);
    for (size_t i = 0, at = 0; i <= LIVE_PIECES; i++) {
        cycle->begins[i] = at;
        cycle->begins[i + LIVE_PIECES] = at + len;
        if (!is_lines)
            at += len / LIVE_PIECES;
        else if (i < LIVE_PIECES)
            at = (size_t)((char *)memchr(cycle->bytes + at, '\n', 2 * len - at) - cycle->bytes) + 1;
    }
    if (cycle->begins[LIVE_PIECES] != len) {
        fprintf(stderr, "%s: not %d pieces\n", path, LIVE_PIECES);
        exit(1);
    }
}

/* The n (LIVE_PIECES at most) pieces from number `first` on. */
static inline const char *live_cycle_pieces(const struct live_cycle *cycle, uint64_t first,
                                            size_t n, size_t *len_bytes)
{
    const size_t *begin = cycle->begins + first % LIVE_PIECES;
    *len_bytes = begin[n] - begin[0];
    return cycle->bytes + begin[0];
}

#endif
