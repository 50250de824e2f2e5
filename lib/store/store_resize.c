/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "store/store_files.h"
#include "store/store_look.h"
#include "sys/file.h"
#include "umm/store.h"

/* An array that grows: room first, then the header, so that no reader sees rows that are not there.
 */
struct growth {
    const char *path;
    int fd;
    uint64_t was_bytes;
    char *header;
    size_t header_bytes;
    bool is_counted; /* the header may count the new rows */
};

static enum umm_status reserve_rows(struct growth *growth, uint64_t n_rows, struct umm_error *err)
{
    struct umm_npy npy = {0};
    struct umm_file_info info = {.size_bytes = 0};
    const char *path = growth->path;
    enum umm_status status = umm_file_open_update(path, &growth->fd, &info, err);
    if (!status)
        status = umm_npy_read(growth->fd, path, &npy, err);
    growth->was_bytes = info.size_bytes;
    uint64_t offset = npy.data_offset_bytes, old = status ? 0 : umm_npy_data_bytes(&npy);
    if (!status && npy.shape[0] > n_rows) /* by a resize that did not end */
        n_rows = npy.shape[0];
    npy.shape[0] = n_rows;
    uint64_t size = status ? 0 : offset + umm_npy_data_bytes(&npy);
    if (!status)
        status = umm_npy_format_exact(&npy, offset, &growth->header, &growth->header_bytes, err);
    if (!status)
        status = umm_file_allocate(growth->fd, path, offset + old, size - offset - old, err);
    if (!status)
        status = umm_file_truncate(growth->fd, path, size, err);
    if (!status)
        status = umm_file_sync(growth->fd, path, err);
    umm_npy_free(&npy);
    return status;
}

static enum umm_status count_rows(struct growth *growth, struct umm_error *err)
{
    growth->is_counted = true;
    enum umm_status status =
        umm_file_pwrite_all(growth->fd, growth->path, growth->header, growth->header_bytes, 0, err);
    return status ? status : umm_file_sync(growth->fd, growth->path, err);
}

static void end_growth(struct growth *growth)
{
    if (growth->fd >= 0 && !growth->is_counted) /* room that no header has counted */
        umm_file_cut_back(growth->fd, growth->path, growth->was_bytes);
    free(growth->header);
    umm_file_close(&growth->fd);
}

/* All the room there must be, the new index's too, before the first header counts any of it. */
static enum umm_status grow(const struct umm_store *store, uint64_t max_positions,
                            struct umm_outfile *index, struct umm_error *err)
{
    struct growth vectors = {.path = store->vectors_path, .fd = -1};
    struct growth slots = {.path = store->slots_path, .fd = -1};
    enum umm_status status = reserve_rows(&vectors, max_positions, err);
    if (!status)
        status = reserve_rows(&slots, max_positions, err);
    if (!status)
        status = umm_store_reserve_index(store, max_positions, index, err);
    if (!status)
        status = count_rows(&vectors, err);
    if (!status)
        status = count_rows(&slots, err);
    end_growth(&vectors);
    end_growth(&slots);
    return status;
}

/* The arrays as they are now must have the room that the new index is for. */
static enum umm_status check_grown(const struct umm_store *fresh, const struct umm_store *store,
                                   uint64_t max_positions, struct umm_error *err)
{
    if (fresh->max_positions >= max_positions && fresh->dim == store->dim &&
        fresh->id_words == store->id_words)
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
    fresh.vectors_map = fresh.slots_map = (struct umm_sharedmap){0};
    if (!status)
        status = umm_store_map_arrays(&fresh, err);
    if (!status)
        status = check_grown(&fresh, store, max_positions, err);
    if (!status)
        status = umm_store_put_index(&fresh, max_positions, &index, err);
    umm_outfile_abort(&index);
    if (status) {
        umm_sharedmap_close(&fresh.vectors_map);
        umm_sharedmap_close(&fresh.slots_map);
        return status;
    }
    umm_sharedmap_close(&store->vectors_map);
    umm_sharedmap_close(&store->slots_map);
    *store = fresh;
    return UMM_OK;
}
