/* SPDX-License-Identifier: MIT */
#include "store/store_batch.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"

/* As many rows as hide a round trip, of as many bytes as a server takes without a hitch. */
enum { ROWS_MAX = 256, VECTORS_BYTES = 1 << 20 };

enum umm_status umm_store_batch_init(struct umm_store_batch *batch, struct umm_store *store,
                                     enum umm_store_put_mode mode, const char *path,
                                     const char *what, struct umm_arena *arena,
                                     struct umm_error *err)
{
    struct umm_store_info info;
    enum umm_status status = umm_store_info(store, &info, err);
    if (status)
        return status;
    const size_t fitting = VECTORS_BYTES / (info.dim * sizeof(float));
    const size_t cap = fitting < 1 ? 1 : fitting < ROWS_MAX ? fitting : ROWS_MAX;
    *batch = (struct umm_store_batch){
        .store = store,
        .mode = mode,
        .path = path,
        .what = what,
        .dim = info.dim,
        .cap = cap,
        .rows = umm_arena_alloc_array(arena, cap, sizeof *batch->rows),
        .origins = umm_arena_alloc_array(arena, cap, sizeof *batch->origins),
        .ids = umm_arena_alloc_array(arena, cap, sizeof *batch->ids),
        .vectors = umm_arena_alloc_array(arena, cap * info.dim, sizeof(float))};
    return umm_arena_check(arena, "rows of a store", err);
}

float *umm_store_batch_vector(struct umm_store_batch *batch)
{
    return batch->vectors + batch->n * batch->dim;
}

enum umm_status umm_store_batch_add(struct umm_store_batch *batch, const struct umm_store_row *row,
                                    struct umm_store_origin origin, struct umm_error *err)
{
    struct umm_store_row *own = &batch->rows[batch->n];
    *own = *row;
    own->vector = umm_store_batch_vector(batch);
    memcpy(batch->ids[batch->n], row->id, row->id_bytes);
    own->id = batch->ids[batch->n];
    batch->origins[batch->n++] = origin;
    return batch->n == batch->cap ? umm_store_batch_flush(batch, err) : UMM_OK;
}

/* What is wrong with the row itself, not with the store's place, is told where it came from. */
static enum umm_status fail(const struct umm_store_batch *batch, size_t i, enum umm_status status,
                            const struct umm_error *cause, struct umm_error *err)
{
    const struct umm_store_origin origin = batch->origins[i];
    const bool is_of_entry =
        (status == UMM_ERR_ARGUMENT || status == UMM_ERR_CONFLICT) && !*cause->path;
    status = is_of_entry && status == UMM_ERR_ARGUMENT ? UMM_ERR_DATA : status;
    if (is_of_entry && batch->what)
        return umm_error_set_path(err, status, batch->path, "%s %" PRIu64 ": %s", batch->what,
                                  origin.number, cause->message);
    if (!err)
        return status;
    *err = *cause;
    err->status = status;
    if (is_of_entry)
        umm_error_at(err, batch->path, origin.number, 1, origin.byte);
    return status;
}

enum umm_status umm_store_batch_flush(struct umm_store_batch *batch, struct umm_error *err)
{
    struct umm_error cause = {0};
    size_t n_put = 0, n_older = 0;
    if (batch->n == 0)
        return UMM_OK;
    const enum umm_status status = umm_store_put_rows(batch->store, batch->rows, batch->n,
                                                      batch->mode, &n_put, &n_older, &cause);
    batch->n_put += n_put;
    batch->n_older += n_older;
    batch->n = 0;
    return status ? fail(batch, n_put + n_older, status, &cause, err) : UMM_OK;
}

enum umm_status umm_store_batch_end(struct umm_store_batch *batch, enum umm_status status,
                                    struct umm_error *err)
{
    struct umm_error earlier = {0};
    const enum umm_status flushed = umm_store_batch_flush(batch, &earlier);
    if (flushed && err)
        *err = earlier;
    return flushed ? flushed : status;
}
