/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "format/marks.h"
#include "store/store_files.h"
#include "store/store_look.h"
#include "store/store_server.h"
#include "sys/file.h"
#include "sys/trust.h"
#include "umm/mem.h"
#include "umm/store.h"

/* ---- the arrays ------------------------------------------------------------------------- */

static enum umm_status foreign(const char *path, const char *what, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_DATA, path, "is not the %s of a feature store", what);
}

/* Open and map one of the arrays; *npy is what it is, *file which one. */
static enum umm_status map_array(struct umm_map *map, const char *path, bool is_writer,
                                 struct umm_npy *npy, struct umm_store_file *file,
                                 struct umm_error *err)
{
    int fd = -1;
    struct umm_file_info info = {.device = 0};
    enum umm_status status = is_writer ? umm_file_open_update(path, &fd, &info, err)
                                       : umm_file_open_read(path, &fd, &info, err);
    *file = (struct umm_store_file){info.device, info.inode};
    if (!status)
        status = umm_npy_read(fd, path, npy, err);
    if (!status)
        status = umm_map_open(map, fd, path, npy->data_offset_bytes + umm_npy_data_bytes(npy),
                              is_writer, err);
    umm_file_close(&fd);
    return status;
}

static bool is_vectors(const struct umm_npy *npy)
{
    return !npy->is_struct && npy->n_dims == 2 && !npy->is_fortran && npy->type.kind == 'f' &&
           npy->type.size_bytes == 4 && !npy->type.is_big_endian && npy->shape[1] > 0 &&
           npy->shape[1] <= UMM_STORE_DIM_MAX && npy->data_offset_bytes % sizeof(uint64_t) == 0;
}

static enum umm_status check_slots(const struct umm_npy *npy, const char *path, bool *has_expiry,
                                   struct umm_error *err)
{
    bool is_slots;
    enum umm_status status = umm_marks_slots(npy, &is_slots, has_expiry, err);
    return status || is_slots ? status : foreign(path, "slots", err);
}

enum umm_status umm_store_map_arrays(struct umm_store *store, struct umm_error *err)
{
    struct umm_npy vectors = {0}, slots = {0};
    enum umm_status status = map_array(&store->vectors_map, store->vectors_path, store->is_writer,
                                       &vectors, &store->vectors_file, err);
    if (!status && !is_vectors(&vectors))
        status = foreign(store->vectors_path, "vectors", err);
    if (!status)
        status = map_array(&store->slots_map, store->slots_path, store->is_writer, &slots,
                           &store->slots_file, err);
    if (!status)
        status = check_slots(&slots, store->slots_path, &store->has_expiry, err);
    if (!status) {
        /* They differ where a resize was killed between the two. */
        store->max_positions =
            vectors.shape[0] < slots.shape[0] ? vectors.shape[0] : slots.shape[0];
        store->dim = (uint32_t)vectors.shape[1];
        store->id_words = slots.fields[0].type.size_bytes / 8 + 1;
        store->tail_words = store->id_words + (store->has_expiry ? 2 : 1);
        store->row_bytes = store->dim * sizeof(float);
        store->slot_bytes = slots.type.size_bytes;
        store->vectors = store->vectors_map.bytes + vectors.data_offset_bytes;
        store->slots = store->slots_map.bytes + slots.data_offset_bytes;
        if (store->max_positions == 0 || store->max_positions > UMM_STORE_POSITIONS_MAX)
            status = foreign(store->slots_path, "slots", err);
    }
    umm_npy_free(&vectors);
    umm_npy_free(&slots);
    return status;
}

/* ---- the index --------------------------------------------------------------------------- */

/* Whether it is that of these arrays, as this process wants to use it. */
static bool is_ours(const struct umm_store *store, const struct umm_store_head *head)
{
    const struct umm_store_shape shape = umm_store_shape(store);
    return umm_store_is_head(head, &shape) && (!store->is_writer || umm_store_has_counts(head));
}

/*
 * A writer does not choose between two times to live: with the wrong one, entries go that are
 * wanted, or stay that are not.
 */
static enum umm_status check_ttl(const struct umm_store *store, int64_t of_index_ns,
                                 struct umm_error *err)
{
    int64_t ttl_ns;
    if (!store->is_writer || !store->has_expiry)
        return UMM_OK;
    enum umm_status status = umm_store_read_ttl(store, &ttl_ns, err);
    if (!status && ttl_ns != of_index_ns)
        status = umm_error_set_path(err, UMM_ERR_DATA, store->ttl_path,
                                    "says another time to live than the index: %" PRId64
                                    " ns, not %" PRId64,
                                    ttl_ns, of_index_ns);
    return status;
}

/* Map the index if it is one of these arrays. */
static enum umm_status map_index(struct umm_store *store, bool *is_good, struct umm_error *err)
{
    int fd = -1;
    struct umm_file_info info;
    struct umm_store_head head;
    *is_good = false;
    enum umm_status status = store->is_writer
                                 ? umm_file_open_update(store->index_path, &fd, &info, err)
                                 : umm_file_open_read(store->index_path, &fd, &info, err);
    if (!status && info.size_bytes >= UMM_STORE_HEAD_BYTES)
        status = umm_file_pread_all(fd, store->index_path, &head, sizeof head, 0, err);
    else if (!status)
        head.max_positions = 0;
    uint64_t size_bytes = 0;
    if (!status && head.max_positions && is_ours(store, &head))
        size_bytes = umm_store_index_bytes(head.max_positions, store->has_expiry);
    if (!status && size_bytes && info.size_bytes >= size_bytes) {
        status = check_ttl(store, head.ttl_ns, err);
        if (!status)
            status = umm_map_open(&store->index_map, fd, store->index_path, size_bytes,
                                  store->is_writer, err);
        *is_good = !status;
    }
    umm_file_close(&fd);
    if (*is_good)
        umm_store_use_index(store, &head);
    return status;
}

static enum umm_status sync_head(struct umm_store *store, bool is_dirty, struct umm_error *err)
{
    __atomic_store_n(&store->head->is_dirty, is_dirty, __ATOMIC_RELAXED);
    return umm_map_sync(&store->index_map, store->index_path, UMM_STORE_HEAD_BYTES, err);
}

/*
 * A writer: what is in doubt is made anew, and from now on all is. An index for fewer
 * positions than the arrays have is what a resize leaves that was killed, or found the
 * device full: it is good, and the resize may be tried again.
 */
static enum umm_status open_index(struct umm_store *store, struct umm_error *err)
{
    bool is_good = false;
    struct umm_error cause = {0};
    enum umm_status status = map_index(store, &is_good, &cause);
    bool is_missing = status == UMM_ERR_SYSTEM && cause.sys_errno == ENOENT;
    if (status && !(is_missing && store->is_writer)) {
        if (err)
            *err = cause;
        return status;
    }
    if (!store->is_writer)
        return is_good ? UMM_OK : foreign(store->index_path, "index", err);
    if (!is_good) {
        store->ttl_ns = 0;
        status = store->has_expiry ? umm_store_read_ttl(store, &store->ttl_ns, err) : UMM_OK;
        return status ? status : umm_store_replace_index(store, store->max_positions, err);
    }
    bool was_dirty = __atomic_load_n(&store->head->is_dirty, __ATOMIC_RELAXED);
    /* A writer may have been killed before it took this one's place. */
    __atomic_store_n(&store->head->is_replaced, 0, __ATOMIC_RELAXED);
    status = sync_head(store, true, err);
    if (!status && was_dirty)
        status = umm_store_rebuild(store, err);
    return status;
}

/* ---- opening and closing ------------------------------------------------------------------ */

static void unmap(struct umm_store *store)
{
    umm_map_close(&store->vectors_map);
    umm_map_close(&store->slots_map);
    umm_map_close(&store->index_map);
}

/*
 * All three files. A reader that comes while they grow may see arrays of one size and an
 * index of another: then once more.
 */
static enum umm_status map_files(struct umm_store *store, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (int n = 0; n < 2; n++) {
        status = umm_store_map_arrays(store, err);
        if (!status)
            status = open_index(store, err);
        if (status != UMM_ERR_DATA || store->is_writer)
            break;
        unmap(store);
    }
    return status;
}

enum umm_status umm_store_refresh(struct umm_store *store, struct umm_error *err)
{
    struct umm_store fresh = *store;
    fresh.vectors_map = fresh.slots_map = fresh.index_map = (struct umm_map){0};
    enum umm_status status = map_files(&fresh, err);
    if (!status && (fresh.dim != store->dim || fresh.id_words != store->id_words))
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, store->path,
                                    "became a store of other vectors while it was open");
    if (status) {
        unmap(&fresh);
        return status;
    }
    unmap(store);
    fresh.turnover++;
    *store = fresh;
    return UMM_OK;
}

/* The store's own memory: itself and its paths. */
static enum umm_status new_store(struct umm_store **out, const char *path, struct umm_error *err)
{
    static const char *const names[] = {UMM_MARK_STORE_VECTORS, UMM_MARK_STORE_SLOTS,
                                        UMM_MARK_STORE_INDEX, UMM_MARK_STORE_TTL};
    enum { NAMES = sizeof names / sizeof *names };
    struct umm_arena arena;
    umm_arena_open(&arena, &(struct umm_arena_options){.block_bytes = 4096});
    size_t len = strlen(path);
    struct umm_store *store = umm_arena_alloc(&arena, sizeof *store);
    char *own = umm_arena_copy_text(&arena, path), *paths[NAMES];
    for (size_t i = 0; i < NAMES; i++) {
        size_t cap = len + 1 + strlen(names[i]) + 1;
        paths[i] = umm_arena_alloc(&arena, cap);
        if (paths[i])
            snprintf(paths[i], cap, "%s/%s", path, names[i]);
    }
    enum umm_status status = umm_arena_check(&arena, "a store", err);
    if (status) {
        umm_arena_close(&arena);
        return status;
    }
    store->arena = arena;
    store->path = own;
    store->vectors_path = paths[0];
    store->slots_path = paths[1];
    store->index_path = paths[2];
    store->ttl_path = paths[3];
    *out = store;
    return UMM_OK;
}

static void free_store(struct umm_store *store)
{
    struct umm_arena arena = store->arena;
    unmap(store);
    umm_lock_release(&store->lock);
    umm_arena_close(&arena);
}

/* Not a directory, or without slots: say so, before the lock leaves a file there. */
static enum umm_status look_at_place(const struct umm_store *store, struct umm_error *err)
{
    struct umm_file_info info;
    enum umm_status status = umm_file_stat(store->path, &info, err);
    if (!status && info.kind != UMM_FILE_DIRECTORY)
        status = umm_error_set_path(err, UMM_ERR_DATA, store->path, "is not a directory");
    if (!status && umm_file_stat(store->slots_path, &info, NULL) != UMM_OK)
        status = umm_error_set_path(err, UMM_ERR_DATA, store->path,
                                    "is not a feature store: there is no " UMM_MARK_STORE_SLOTS);
    return status;
}

enum umm_status umm_store_open(const char *path, enum umm_store_access access, struct umm_run *run,
                               struct umm_store **out, struct umm_error *err)
{
    return umm_store_open_with(path, access, NULL, run, out, err);
}

enum umm_status umm_store_open_with(const char *path, enum umm_store_access access,
                                    const struct umm_store_reach *reach, struct umm_run *run,
                                    struct umm_store **out, struct umm_error *err)
{
    struct umm_store *store;
    *out = NULL;
    if (umm_store_is_place(path))
        return umm_store_server_open(path, access, reach, out, err);
    enum umm_status status = new_store(&store, path, err);
    if (status)
        return status;
    enum umm_lock_wait wait = access == UMM_STORE_WRITE ? UMM_LOCK_WAIT : UMM_LOCK_FAIL;
    store->is_writer = access != UMM_STORE_READ;
    status = look_at_place(store, err);
    if (!status && store->is_writer)
        status = umm_trust_check_directory(store->path, err);
    if (!status && store->is_writer)
        status = umm_lock_take(&store->lock, store->slots_path, wait, run, err);
    if (!status)
        status = map_files(store, err);
    if (status == UMM_ERR_ARGUMENT) { /* of one of the files, which the caller did not name */
        status = UMM_ERR_CONFLICT;
        if (err)
            err->status = status;
    }
    if (status)
        free_store(store);
    else
        *out = store;
    return status;
}

static bool is_in_place(const struct umm_store *store)
{
    return umm_file_same(store->slots_path, store->slots_file.device, store->slots_file.inode) &&
           umm_file_same(store->vectors_path, store->vectors_file.device,
                         store->vectors_file.inode);
}

enum umm_status umm_store_follow(struct umm_store *store, struct umm_error *err)
{
    if (store->server)
        return umm_store_server_follow(store, err);
    return store->is_writer || is_in_place(store) ? UMM_OK : umm_store_refresh(store, err);
}

enum umm_status umm_store_check_place(const struct umm_store *store, struct umm_error *err)
{
    if (!store->is_writer || store->server || is_in_place(store))
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, store->path,
                              "was moved away while it was open: what was written is not here");
}

enum umm_status umm_store_sync(struct umm_store *store, struct umm_error *err)
{
    if (store->server) /* what was put is there: how it lasts, its settings say */
        return UMM_OK;
    if (!store->is_writer)
        return UMM_OK;
    enum umm_status status =
        umm_map_sync(&store->vectors_map, store->vectors_path, store->vectors_map.len_bytes, err);
    if (!status)
        status =
            umm_map_sync(&store->slots_map, store->slots_path, store->slots_map.len_bytes, err);
    return status;
}

enum umm_status umm_store_close(struct umm_store *store, struct umm_error *err)
{
    if (!store)
        return UMM_OK;
    if (store->server) {
        umm_store_server_close(store);
        return UMM_OK;
    }
    enum umm_status status = umm_store_sync(store, err);
    if (!status && store->is_writer)
        status =
            umm_map_sync(&store->index_map, store->index_path, store->index_map.len_bytes, err);
    if (!status && store->is_writer && !store->is_spoilt)
        status = sync_head(store, false, err);
    free_store(store);
    return status;
}
