/* SPDX-License-Identifier: MIT */
/*
 * appender OUT.npy - append standard input, a pair of 8 bytes each, at most 256 at a time: those of
 * one read before the next.
 */
#include "array/grow.h"

#include <stdio.h>
#include <unistd.h>

enum { ROW_BYTES = 16, ROWS_MAX = 256 };

static const struct umm_npy pairs = {
    .n_dims = 2, .shape = {0, 2}, .type = {.kind = 'f', .size_bytes = 8}};

/* Rows that are there already are left out. */
static enum umm_status append(struct umm_grow *grow, struct umm_error *err)
{
    static char rows[ROWS_MAX * ROW_BYTES];
    uint64_t n_there = grow->n_old;
    enum umm_status status = UMM_OK;
    ssize_t n;
    while (!status && (n = read(0, rows, sizeof rows)) > 0) {
        for (ssize_t at = 0; !status && at < n; at += ROW_BYTES)
            if (n_there)
                n_there--;
            else
                status = umm_grow_push(grow, rows + at, 1, err);
        if (!status)
            status = umm_grow_commit(grow, NULL, err);
    }
    return status;
}

int main(int argc, char **argv)
{
    struct umm_grow grow;
    struct umm_error err = {.status = UMM_OK};
    if (argc != 2)
        return 2;
    enum umm_status status =
        umm_grow_open_locked(&grow, argv[1], &pairs, NULL, UMM_LOCK_WAIT, NULL, &err);
    if (!status)
        status = append(&grow, &err);
    umm_grow_close(&grow);
    if (status)
        fprintf(stderr, "appender: %s: %s\n", err.path, err.message);
    return status ? 1 : 0;
}
