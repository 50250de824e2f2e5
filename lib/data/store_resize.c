/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "data/store_files.h"
#include "data/store_look.h"
#include "sys/file.h"

/* A new index for as many positions as the arrays have, in place of the one there is. */
enum umm_status umm_store_replace_index(struct umm_store *store, uint64_t max_positions,
                                        struct umm_error *err)
{
    struct umm_outfile out = {0};
    struct umm_sharedmap map = {0}, old = store->index_map;
    uint64_t size = umm_store_index_bytes(max_positions);
    const char *path = store->index_path;
    enum umm_status status = umm_outfile_open(&out, path, NULL, err);
    if (!status)
        status = umm_file_allocate(umm_outfile_fd(&out), path, 0, size, err);
    if (!status)
        status = umm_file_truncate(umm_outfile_fd(&out), path, size, err);
    if (!status)
        status = umm_sharedmap_open(&map, umm_outfile_fd(&out), path, size, true, err);
    if (!status) {
        struct umm_store_head *head = (void *)map.bytes;
        struct umm_store_head *was = store->head;
        umm_store_fill_head(head, max_positions, store->dim, store->id_words);
        head->is_dirty = 1;
        head->n_puts = was ? was->n_puts : 0;
        head->n_evictions = was ? was->n_evictions : 0;
        store->index_map = map;
        umm_store_use_index(store);
        umm_store_rebuild(store);
        /* Before the name changes: a writer killed between the two must not leave readers
         * with an index that will never be written again. Told too early, they look twice. */
        if (was)
            __atomic_store_n(&was->is_replaced, 1, __ATOMIC_RELEASE);
        status =
            umm_outfile_commit(&out, &(struct umm_outfile_options){.is_synced = true}, NULL, err);
        if (status && was) {
            store->index_map = old;
            umm_store_use_index(store);
            old = map;
        }
        umm_sharedmap_close(&old);
    }
    umm_outfile_abort(&out);
    return status;
}

/* Room first, then the header: readers never see rows that are not there. */
static enum umm_status grow_array(const char *path, uint64_t n_rows, struct umm_error *err)
{
    int fd = -1;
    struct umm_npy npy = {0};
    char *text = NULL;
    size_t len = 0;
    struct umm_file_info info;
    enum umm_status status = umm_file_open_update(path, &fd, &info, err);
    if (!status)
        status = umm_npy_read(fd, path, &npy, err);
    uint64_t offset = npy.data_offset_bytes, old = status ? 0 : umm_npy_data_bytes(&npy);
    if (!status && npy.shape[0] > n_rows) /* by a resize that did not end */
        n_rows = npy.shape[0];
    npy.shape[0] = n_rows;
    uint64_t size = status ? 0 : offset + umm_npy_data_bytes(&npy);
    if (!status)
        status = umm_npy_format_exact(&npy, offset, &text, &len, err);
    if (!status)
        status = umm_file_allocate(fd, path, offset + old, size - offset - old, err);
    if (!status)
        status = umm_file_truncate(fd, path, size, err);
    if (!status)
        status = umm_file_sync(fd, path, err);
    if (!status)
        status = umm_file_pwrite_all(fd, path, text, len, 0, err);
    if (!status)
        status = umm_file_sync(fd, path, err);
    free(text);
    umm_npy_free(&npy);
    umm_file_close(&fd);
    return status;
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
    status = umm_store_check_place(store, err);
    if (!status)
        status = grow_array(store->vectors_path, max_positions, err);
    if (!status)
        status = grow_array(store->slots_path, max_positions, err);
    if (status)
        return status;
    /* The new maps first: until they are there, the old ones serve. */
    struct umm_store fresh = *store;
    fresh.vectors_map = fresh.slots_map = (struct umm_sharedmap){0};
    status = umm_store_map_arrays(&fresh, err);
    if (!status)
        status = umm_store_replace_index(&fresh, max_positions, err);
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
