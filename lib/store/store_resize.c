/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "array/grow.h"
#include "base/error.h"
#include "store/store_files.h"
#include "store/store_look.h"
#include "store/store_server.h"
#include "sys/file.h"
#include "umm/store.h"

/* Room for n_rows rows, on the device, which no header counts yet. */
static enum umm_status reserve(struct umm_grow *array, const char *path, uint64_t n_rows,
                               struct umm_error *err)
{
    const struct umm_grow_options options = {.is_owned = true};
    enum umm_status status = umm_grow_open(array, path, NULL, &options, NULL, err);
    if (!status)
        status = umm_grow_reserve(array, n_rows, err);
    if (!status)
        status = umm_grow_prepare(array, NULL, err);
    /* A resize that was killed may have counted as many rows without a sync. */
    if (!status && array->n_old >= n_rows)
        status = umm_file_sync_data(array->fd, path, err);
    return status;
}

/* All the room there must be, the new index's too, before the first header counts any of it. */
static enum umm_status grow(const struct umm_store *store, uint64_t max_positions,
                            struct umm_outfile *index, struct umm_error *err)
{
    struct umm_grow vectors = {.fd = -1}, slots = {.fd = -1};
    enum umm_status status = reserve(&vectors, store->vectors_path, max_positions, err);
    if (!status)
        status = reserve(&slots, store->slots_path, max_positions, err);
    if (!status)
        status = umm_store_reserve_index(store, max_positions, index, err);
    if (!status)
        status = umm_grow_count(&vectors, NULL, err);
    if (!status)
        status = umm_grow_count(&slots, NULL, err);
    umm_grow_close(&vectors);
    umm_grow_close(&slots);
    return status;
}

/* The arrays as they are now must have the room that the new index is for. */
static enum umm_status check_grown(const struct umm_store *fresh, const struct umm_store *store,
                                   uint64_t max_positions, struct umm_error *err)
{
    if (fresh->max_positions >= max_positions && fresh->dim == store->dim &&
        fresh->id_words == store->id_words && fresh->has_expiry == store->has_expiry)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, store->path,
                              "was changed by another program while it was resized");
}

enum umm_status umm_store_resize(struct umm_store *store, uint64_t max_positions,
                                 struct umm_error *err)
{
    enum umm_status status = umm_store_check_positions(max_positions, err);
    if (status)
        return status;
    if (!store->is_writer)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, store->path, "is open for reading only");
    if (store->server)
        return umm_store_server_resize(store, max_positions, err);
    if (max_positions < store->max_positions)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, store->path,
                                  "has %" PRIu64 " positions and cannot shrink to %" PRIu64,
                                  store->max_positions, max_positions);
    if (max_positions == store->max_positions)
        return UMM_OK;
    struct umm_outfile index = {0};
    status = umm_store_check_place(store, err);
    if (!status)
        status = grow(store, max_positions, &index, err);
    /* The new maps first: until they are there, the old ones serve. */
    struct umm_store fresh = *store;
    fresh.vectors_map = fresh.slots_map = (struct umm_map){0};
    if (!status)
        status = umm_store_map_arrays(&fresh, err);
    if (!status)
        status = check_grown(&fresh, store, max_positions, err);
    if (!status)
        status = umm_store_put_index(&fresh, max_positions, &index, err);
    umm_outfile_abort(&index);
    if (status) {
        umm_map_close(&fresh.vectors_map);
        umm_map_close(&fresh.slots_map);
        return status;
    }
    umm_map_close(&store->vectors_map);
    umm_map_close(&store->slots_map);
    *store = fresh;
    return UMM_OK;
}
