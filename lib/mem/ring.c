/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "umm.h"
#include "umm/mem.h"

struct umm_ring {
    size_t cap_rows, row_bytes;
    size_t n_rows, end; /* the window ends at row `end`, which is in its second half */
    uint64_t n_pushed;
    char rows[]; /* 2 * cap_rows */
};

enum umm_status umm_ring_open(size_t n_rows, size_t row_bytes, struct umm_ring **out,
                              struct umm_error *err)
{
    *out = NULL;
    if (!n_rows || !row_bytes || row_bytes > SIZE_MAX / 8 / n_rows)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "a window of %zu rows of %zu bytes cannot be",
                             n_rows, row_bytes);
    struct umm_ring *ring = calloc(1, sizeof *ring + 2 * n_rows * row_bytes);
    if (!ring)
        return umm_error_set_memory(err, 2 * n_rows * row_bytes, "a window of rows");
    ring->cap_rows = n_rows;
    ring->row_bytes = row_bytes;
    ring->end = n_rows;
    *out = ring;
    return UMM_OK;
}

void umm_ring_close(struct umm_ring *ring)
{
    free(ring);
}

/* Both copies of the row before `end`. */
static void write_last(struct umm_ring *ring, const void *row)
{
    char *copy = ring->rows + (ring->end - 1) * ring->row_bytes;
    memcpy(copy, row, ring->row_bytes);
    memcpy(copy - ring->cap_rows * ring->row_bytes, row, ring->row_bytes);
}

void umm_ring_push(struct umm_ring *ring, const void *row)
{
    ring->end = ring->end == 2 * ring->cap_rows ? ring->cap_rows + 1 : ring->end + 1;
    ring->n_rows += ring->n_rows < ring->cap_rows;
    ring->n_pushed++;
    write_last(ring, row);
}

bool umm_ring_replace_last(struct umm_ring *ring, const void *row)
{
    if (!ring->n_rows)
        return false;
    write_last(ring, row);
    return true;
}

const void *umm_ring_last(const struct umm_ring *ring, size_t n)
{
    return n > ring->n_rows ? NULL : ring->rows + (ring->end - n) * ring->row_bytes;
}

const void *umm_ring_window(const struct umm_ring *ring, size_t *n_rows)
{
    *n_rows = ring->n_rows;
    return umm_ring_last(ring, ring->n_rows);
}

void umm_ring_clear(struct umm_ring *ring)
{
    ring->n_rows = 0;
    ring->end = ring->cap_rows;
    ring->n_pushed = 0;
}

uint64_t umm_ring_n_pushed(const struct umm_ring *ring)
{
    return ring->n_pushed;
}
