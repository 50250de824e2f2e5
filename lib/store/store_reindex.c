/* SPDX-License-Identifier: MIT */
/* The index as a file: used where it is mapped, and made anew from the slots. */
#include <string.h>

#include "store/store_files.h"
#include "sys/file.h"
#include "umm/store.h"

void umm_store_use_index(struct umm_store *store, const struct umm_store_head *head)
{
    char *tables = store->index_map.bytes + UMM_STORE_HEAD_BYTES;
    size_t table_bytes = sizeof(uint32_t) << head->table_log2;
    store->head = (void *)store->index_map.bytes;
    store->counts = head->counts;
    store->max_positions = head->max_positions;
    store->table_log2 = head->table_log2;
    store->position_bits = head->position_bits;
    store->seed = head->seed;
    store->tables[0] = (void *)tables;
    store->tables[1] = (void *)(tables + table_bytes);
    store->ttl_ns = head->ttl_ns;
    uint32_t *heap = (void *)(tables + 2 * table_bytes);
    const int n_heaps = store->has_expiry ? 2 : 1;
    for (int i = 0; i < n_heaps; i++, heap += 2 * head->max_positions) {
        store->heaps[i].items = heap;
        store->heaps[i].places = heap + head->max_positions;
    }
}

enum umm_status umm_store_reserve_index(const struct umm_store *store, uint64_t max_positions,
                                        struct umm_outfile *out, struct umm_error *err)
{
    uint64_t size = umm_store_index_bytes(max_positions, store->has_expiry);
    const char *path = store->index_path;
    enum umm_status status = umm_outfile_open(out, path, NULL, err);
    if (!status)
        status = umm_file_allocate(umm_outfile_fd(out), path, 0, size, err);
    if (!status)
        status = umm_file_truncate(umm_outfile_fd(out), path, size, err);
    return status;
}

enum umm_status umm_store_put_index(struct umm_store *store, uint64_t max_positions,
                                    struct umm_outfile *out, struct umm_error *err)
{
    int slots_fd;
    const struct umm_outfile_options options = {.is_synced = true, .model_fd = &slots_fd};
    struct umm_map map = {0};
    struct umm_store before = *store;
    struct umm_store_head head;
    enum umm_status status = umm_file_open_read(store->slots_path, &slots_fd, NULL, err);
    if (!status)
        status = umm_map_open(&map, umm_outfile_fd(out), store->index_path,
                              umm_store_index_bytes(max_positions, store->has_expiry), true, err);
    if (status) {
        umm_file_close(&slots_fd);
        return status;
    }
    struct umm_store_shape shape = umm_store_shape(store);
    shape.max_positions = max_positions;
    umm_store_fill_head(&head, &shape);
    head.is_dirty = 1;
    head.counts.n_puts = store->counts.n_puts; /* 0 without an index */
    head.counts.n_evictions = store->counts.n_evictions;
    memcpy(map.bytes, &head, sizeof head);
    store->index_map = map;
    umm_store_use_index(store, &head);
    status = umm_store_rebuild(store, err);
    /* Before the name changes: a writer killed between the two must not leave readers
     * with an index that will never be written again. Told too early, they look twice. */
    if (!status && before.head)
        __atomic_store_n(&before.head->is_replaced, 1, __ATOMIC_RELEASE);
    if (!status)
        status = umm_outfile_commit(out, &options, NULL, err);
    umm_file_close(&slots_fd);
    if (status && before.head) {
        *store = before;
        umm_map_close(&map);
    } else {
        umm_map_close(&before.index_map);
    }
    return status;
}

enum umm_status umm_store_replace_index(struct umm_store *store, uint64_t max_positions,
                                        struct umm_error *err)
{
    struct umm_outfile out = {0};
    enum umm_status status = umm_store_reserve_index(store, max_positions, &out, err);
    if (!status)
        status = umm_store_put_index(store, max_positions, &out, err);
    umm_outfile_abort(&out);
    return status;
}
