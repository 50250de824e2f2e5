/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "thread/mutex.h"
#include "umm.h"
#include "umm/mem.h"

enum { LINE_BYTES = 64 };

struct umm_bufpool {
    struct umm_arena arena; /* of all that follows, this included */
    struct umm_mutex mutex;
    struct umm_bufpool_stats stats;
    char *buffers;
    size_t stride_bytes;
    size_t *free_ones; /* numbers of those not lent, the next one last */
    bool *is_lent;
};

enum umm_status umm_bufpool_open(size_t n_buffers, size_t buffer_bytes, bool is_locked,
                                 struct umm_bufpool **out, struct umm_error *err)
{
    struct umm_arena arena = {0};
    *out = NULL;
    if (!n_buffers || !buffer_bytes || buffer_bytes > SIZE_MAX / 8 / n_buffers)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "a pool of %zu buffers of %zu bytes cannot be",
                             n_buffers, buffer_bytes);
    size_t stride = (buffer_bytes + LINE_BYTES - 1) & ~(size_t)(LINE_BYTES - 1);
    struct umm_bufpool *pool = umm_arena_alloc(&arena, sizeof *pool);
    size_t *free_ones = umm_arena_alloc_array(&arena, n_buffers, sizeof *free_ones);
    bool *is_lent = umm_arena_alloc(&arena, n_buffers);
    char *buffers = umm_arena_alloc_aligned(
        &arena, stride <= SIZE_MAX / 8 / n_buffers ? n_buffers * stride : SIZE_MAX, LINE_BYTES);
    enum umm_status status = umm_arena_check(&arena, "a pool of buffers", err);
    if (status) {
        umm_arena_close(&arena);
        return status;
    }
    for (size_t i = 0; i < n_buffers; i++)
        free_ones[i] = n_buffers - 1 - i;
    pool->arena = arena;
    pool->stats.n_buffers = n_buffers;
    pool->buffers = buffers;
    pool->stride_bytes = stride;
    pool->free_ones = free_ones;
    pool->is_lent = is_lent;
    umm_mutex_init(&pool->mutex, is_locked);
    *out = pool;
    return UMM_OK;
}

void umm_bufpool_close(struct umm_bufpool *pool)
{
    if (!pool)
        return;
    struct umm_arena arena = pool->arena;
    umm_mutex_free(&pool->mutex);
    umm_arena_close(&arena);
}

static void *take(struct umm_bufpool *pool)
{
    struct umm_bufpool_stats *stats = &pool->stats;
    if (stats->n_lent == stats->n_buffers) {
        stats->n_refused++;
        return NULL;
    }
    size_t n = pool->free_ones[stats->n_buffers - ++stats->n_lent];
    if (stats->n_lent > stats->n_lent_peak)
        stats->n_lent_peak = stats->n_lent;
    stats->n_takes++;
    pool->is_lent[n] = true;
    return pool->buffers + n * pool->stride_bytes;
}

void *umm_bufpool_take(struct umm_bufpool *pool)
{
    umm_mutex_lock(&pool->mutex);
    void *buffer = take(pool);
    umm_mutex_unlock(&pool->mutex);
    return buffer;
}

static bool give(struct umm_bufpool *pool, const void *buffer)
{
    struct umm_bufpool_stats *stats = &pool->stats;
    uintptr_t offset = (uintptr_t)buffer - (uintptr_t)pool->buffers;
    size_t n = offset / pool->stride_bytes;
    if (n >= stats->n_buffers || offset % pool->stride_bytes || !pool->is_lent[n])
        return false;
    pool->is_lent[n] = false;
    pool->free_ones[stats->n_buffers - stats->n_lent--] = n;
    return true;
}

bool umm_bufpool_give(struct umm_bufpool *pool, void *buffer)
{
    if (!buffer)
        return true;
    umm_mutex_lock(&pool->mutex);
    bool is_ours = give(pool, buffer);
    umm_mutex_unlock(&pool->mutex);
    return is_ours;
}

void umm_bufpool_stats(struct umm_bufpool *pool, struct umm_bufpool_stats *stats)
{
    umm_mutex_lock(&pool->mutex);
    *stats = pool->stats;
    umm_mutex_unlock(&pool->mutex);
}
