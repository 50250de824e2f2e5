/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "data/store.h"
#include "format/npy.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/newdir.h"

static const char MAGIC[8] = {'U', 'M', 'M', 'S', 'T', 'O', 'R', 'E'};
enum { VERSION = 1, BYTE_ORDER_MARK = 0x01020304 };
enum { POSITIONS = 1000, DIM = 32, ID_MAX_BYTES = 31 };

/* ---- shapes ------------------------------------------------------------------------ */

static enum umm_status describe_vectors(struct umm_npy *npy, uint64_t n, uint32_t dim)
{
    *npy = (struct umm_npy){.n_dims = 2, .shape = {n, dim}};
    npy->type = (struct umm_npy_type){.kind = 'f', .size_bytes = 4};
    return UMM_OK;
}

static enum umm_status describe_slots(struct umm_npy *npy, uint64_t n, uint32_t id_words,
                                      struct umm_error *err)
{
    const struct {
        const char *name;
        struct umm_npy_type type;
    } fields[] = {{"id", {.kind = 'S', .size_bytes = id_words * 8 - 1}},
                  {"active", {.kind = 'b', .size_bytes = 1}},
                  {"timestamp", {.kind = 'M', .size_bytes = 8, .unit = "ns"}},
                  {"generation", {.kind = 'u', .size_bytes = 4}},
                  {"check", {.kind = 'u', .size_bytes = 4}}};
    *npy = (struct umm_npy){.n_dims = 1, .shape = {n}};
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < sizeof fields / sizeof *fields; i++)
        status = umm_npy_add_field(npy, fields[i].name, &fields[i].type, err);
    if (status)
        umm_npy_free(npy);
    return status;
}

/* The least with 2^n > x. */
static uint32_t bits_of(uint64_t x)
{
    uint32_t n = 0;
    while (x >> n)
        n++;
    return n;
}

/* Half full when every position is taken. */
static uint32_t table_log2_of(uint64_t max_positions)
{
    return bits_of(2 * max_positions - 1);
}

static uint64_t index_bytes(uint64_t max_positions)
{
    uint64_t tables = 2 * sizeof(uint32_t) << table_log2_of(max_positions);
    return UMM_STORE_HEAD_BYTES + tables + 2 * sizeof(uint32_t) * max_positions;
}

static void fill_head(struct umm_store_head *head, uint64_t max_positions, uint32_t dim,
                      uint32_t id_words)
{
    uint64_t now = (uint64_t)umm_clock_realtime_ns();
    *head = (struct umm_store_head){.version = VERSION,
                                    .byte_order = BYTE_ORDER_MARK,
                                    .max_positions = max_positions,
                                    .dim = dim,
                                    .id_words = id_words,
                                    .seed = umm_hash64(&now, sizeof now, 0),
                                    .table_log2 = table_log2_of(max_positions),
                                    .position_bits = bits_of(max_positions + UMM_STORE_FIRST)};
    memcpy(head->magic, MAGIC, sizeof MAGIC);
}

static bool is_head(const struct umm_store_head *head, uint64_t max_positions, uint32_t dim,
                    uint32_t id_words)
{
    return memcmp(head->magic, MAGIC, sizeof MAGIC) == 0 && head->version == VERSION &&
           head->byte_order == BYTE_ORDER_MARK && head->dim == dim && head->id_words == id_words &&
           head->max_positions > 0 && head->max_positions <= max_positions &&
           head->table_log2 == table_log2_of(head->max_positions) &&
           head->position_bits == bits_of(head->max_positions + UMM_STORE_FIRST) &&
           head->n_used <= head->max_positions && head->n_inactive <= head->max_positions &&
           head->n_free <= head->max_positions - head->n_inactive;
}

/* ---- creation ------------------------------------------------------------------------ */

/* A file of size_bytes, all reserved, that begins with len bytes of head. */
static enum umm_status make_file(const char *dir, const char *name, const void *head, size_t len,
                                 uint64_t size_bytes, struct umm_error *err)
{
    struct umm_arena arena = {0};
    struct umm_outfile out = {0};
    size_t cap = strlen(dir) + strlen(name) + 2;
    char *path = umm_arena_alloc(&arena, cap);
    enum umm_status status = umm_arena_check(&arena, "a path", err);
    if (!status) {
        snprintf(path, cap, "%s/%s", dir, name);
        status = umm_outfile_open(&out, path, err);
    }
    if (!status)
        status = umm_file_allocate(umm_outfile_fd(&out), path, 0, size_bytes, err);
    if (!status) /* where nothing can be reserved */
        status = umm_file_truncate(umm_outfile_fd(&out), path, size_bytes, err);
    if (!status)
        status = umm_file_pwrite_all(umm_outfile_fd(&out), path, head, len, 0, err);
    if (!status)
        status =
            umm_outfile_commit(&out, &(struct umm_outfile_options){.is_synced = true}, NULL, err);
    umm_outfile_abort(&out);
    umm_arena_close(&arena);
    return status;
}

static enum umm_status make_array(const char *dir, const char *name, const struct umm_npy *npy,
                                  struct umm_error *err)
{
    char *text;
    size_t len;
    enum umm_status status = umm_npy_format(npy, UMM_NPY_ALIGN, &text, &len, err);
    if (status)
        return status;
    status = make_file(dir, name, text, len, len + umm_npy_data_bytes(npy), err);
    free(text);
    return status;
}

static enum umm_status make_files(const char *dir, uint64_t max_positions, uint32_t dim,
                                  uint32_t id_words, struct umm_error *err)
{
    struct umm_npy npy;
    struct umm_store_head head;
    enum umm_status status = describe_vectors(&npy, max_positions, dim);
    if (!status)
        status = make_array(dir, "vectors.npy", &npy, err);
    umm_npy_free(&npy);
    if (!status)
        status = describe_slots(&npy, max_positions, id_words, err);
    if (!status)
        status = make_array(dir, "slots.npy", &npy, err);
    umm_npy_free(&npy);
    fill_head(&head, max_positions, dim, id_words);
    if (!status)
        status = make_file(dir, "index.umm", &head, sizeof head, index_bytes(max_positions), err);
    return status;
}

static enum umm_status check_positions(uint64_t max_positions, struct umm_error *err)
{
    if (max_positions <= UMM_STORE_POSITIONS_MAX)
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_ARGUMENT, "a store has at most %" PRIu64 " positions",
                         UMM_STORE_POSITIONS_MAX);
}

/* Something is there already: good if it is the store that was asked for. */
static enum umm_status check_same(const char *path, uint64_t max_positions, uint32_t dim,
                                  uint32_t id_words, struct umm_error *err)
{
    struct umm_store *store;
    bool is_same = false;
    if (umm_store_open(&store, path, UMM_STORE_READ, NULL, NULL) == UMM_OK)
        is_same = store->max_positions == max_positions && store->dim == dim &&
                  store->id_words == id_words;
    (void)umm_store_close(store, NULL);
    if (is_same)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is there already, and is another");
}

static enum umm_status create(const char *path, uint64_t max_positions, uint32_t dim,
                              uint32_t id_words, struct umm_error *err)
{
    struct umm_file_info info;
    struct umm_newdir dir = {0};
    if (umm_file_stat(path, &info, NULL) == UMM_OK)
        return check_same(path, max_positions, dim, id_words, err);
    enum umm_status status = umm_newdir_begin(&dir, path, err);
    if (!status) {
        status = make_files(dir.temp, max_positions, dim, id_words, err);
        if (status) /* the caller does not know the temporary's name */
            umm_error_at(err, path, 0, 0, 0);
    }
    if (!status)
        status = umm_newdir_commit(&dir, err);
    umm_newdir_abort(&dir);
    return status;
}

/* A lock is that of a file, which path is not: of DIR.umm, which never is. */
static enum umm_status create_locked(const char *path, uint64_t max_positions, uint32_t dim,
                                     uint32_t id_words, struct umm_error *err)
{
    struct umm_lock lock = {0};
    size_t len = strlen(path), cap = len + sizeof ".umm";
    while (len > 1 && path[len - 1] == '/')
        len--;
    char *name = malloc(cap);
    if (!name)
        return umm_error_set_memory(err, cap, "a path");
    snprintf(name, cap, "%.*s.umm", (int)len, path);
    enum umm_status status = umm_lock_take(&lock, name, UMM_LOCK_WAIT, NULL, err);
    if (status)
        umm_error_at(err, path, 0, 0, 0);
    else
        status = create(path, max_positions, dim, id_words, err);
    umm_lock_release(&lock);
    free(name);
    return status;
}

enum umm_status umm_store_create(const char *path, const struct umm_store_options *options,
                                 struct umm_error *err)
{
    uint64_t max_positions = options->max_positions ? options->max_positions : POSITIONS;
    uint32_t dim = options->dim ? options->dim : DIM;
    uint32_t id_max = options->id_max_bytes ? options->id_max_bytes : ID_MAX_BYTES;
    enum umm_status status = check_positions(max_positions, err);
    if (!status && dim > UMM_STORE_DIM_MAX)
        status = umm_error_set(err, UMM_ERR_ARGUMENT, "a vector has at most %d values",
                               UMM_STORE_DIM_MAX);
    if (!status && id_max > UMM_STORE_ID_MAX)
        status =
            umm_error_set(err, UMM_ERR_ARGUMENT, "an id has at most %d bytes", UMM_STORE_ID_MAX);
    if (!status && !*path)
        status = umm_error_set(err, UMM_ERR_ARGUMENT, "a store's path is empty");
    if (status)
        return status;
    /* What is there is complete: looking at it takes no lock, which needs a place to write. */
    struct umm_file_info info;
    if (umm_file_stat(path, &info, NULL) == UMM_OK)
        return check_same(path, max_positions, dim, id_max / 8 + 1, err);
    return create_locked(path, max_positions, dim, id_max / 8 + 1, err);
}

/* ---- opening: the arrays ---------------------------------------------------------------- */

static enum umm_status foreign(const char *path, const char *what, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_DATA, path, "is not the %s of a feature store", what);
}

/* Open and map one of the arrays; *npy is what it is. */
static enum umm_status map_array(struct umm_sharedmap *map, const char *path, bool is_writer,
                                 struct umm_npy *npy, struct umm_error *err)
{
    int fd = -1;
    struct umm_file_info info;
    enum umm_status status = is_writer ? umm_file_open_update(path, &fd, &info, err)
                                       : umm_file_open_read(path, &fd, &info, err);
    if (!status)
        status = umm_npy_read(fd, path, npy, err);
    if (!status)
        status = umm_sharedmap_open(map, fd, path, npy->data_offset_bytes + umm_npy_data_bytes(npy),
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

static bool is_slots(const struct umm_npy *npy)
{
    struct umm_npy wanted;
    if (!npy->is_struct || npy->n_dims != 1 || npy->n_fields == 0 ||
        npy->data_offset_bytes % sizeof(uint64_t) || npy->fields[0].type.size_bytes % 8 != 7 ||
        npy->fields[0].type.size_bytes > UMM_STORE_ID_MAX)
        return false;
    if (describe_slots(&wanted, 0, npy->fields[0].type.size_bytes / 8 + 1, NULL) != UMM_OK)
        return false;
    bool is_same = umm_npy_same_type(npy, &wanted);
    umm_npy_free(&wanted);
    return is_same;
}

static enum umm_status map_arrays(struct umm_store *store, struct umm_error *err)
{
    struct umm_npy vectors = {0}, slots = {0};
    enum umm_status status =
        map_array(&store->vectors_map, store->vectors_path, store->is_writer, &vectors, err);
    if (!status && !is_vectors(&vectors))
        status = foreign(store->vectors_path, "vectors", err);
    if (!status)
        status = map_array(&store->slots_map, store->slots_path, store->is_writer, &slots, err);
    if (!status && !is_slots(&slots))
        status = foreign(store->slots_path, "slots", err);
    if (!status) {
        /* They differ where a resize was killed between the two. */
        store->max_positions =
            vectors.shape[0] < slots.shape[0] ? vectors.shape[0] : slots.shape[0];
        store->dim = (uint32_t)vectors.shape[1];
        store->id_words = slots.fields[0].type.size_bytes / 8 + 1;
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

/* ---- opening: the index ------------------------------------------------------------------- */

static void use_index(struct umm_store *store)
{
    struct umm_store_head *head = (void *)store->index_map.bytes;
    char *tables = store->index_map.bytes + UMM_STORE_HEAD_BYTES;
    size_t table_bytes = sizeof(uint32_t) << head->table_log2;
    store->head = head;
    store->max_positions = head->max_positions;
    store->table_log2 = head->table_log2;
    store->position_bits = head->position_bits;
    store->seed = head->seed;
    store->tables[0] = (void *)tables;
    store->tables[1] = (void *)(tables + table_bytes);
    store->heap = (void *)(tables + 2 * table_bytes);
    store->places = store->heap + head->max_positions;
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
    if (!status && head.max_positions &&
        is_head(&head, store->max_positions, store->dim, store->id_words) &&
        info.size_bytes >= index_bytes(head.max_positions)) {
        status = umm_sharedmap_open(&store->index_map, fd, store->index_path,
                                    index_bytes(head.max_positions), store->is_writer, err);
        *is_good = !status;
    }
    umm_file_close(&fd);
    if (*is_good)
        use_index(store);
    return status;
}

/* A new index for as many positions as the arrays have, in place of the one there is. */
static enum umm_status replace_index(struct umm_store *store, uint64_t max_positions,
                                     struct umm_error *err)
{
    struct umm_outfile out = {0};
    struct umm_sharedmap map = {0}, old = store->index_map;
    uint64_t size = index_bytes(max_positions);
    const char *path = store->index_path;
    enum umm_status status = umm_outfile_open(&out, path, err);
    if (!status)
        status = umm_file_allocate(umm_outfile_fd(&out), path, 0, size, err);
    if (!status)
        status = umm_file_truncate(umm_outfile_fd(&out), path, size, err);
    if (!status)
        status = umm_sharedmap_open(&map, umm_outfile_fd(&out), path, size, true, err);
    if (!status) {
        struct umm_store_head *head = (void *)map.bytes;
        struct umm_store_head *was = store->head;
        fill_head(head, max_positions, store->dim, store->id_words);
        head->is_dirty = 1;
        head->n_puts = was ? was->n_puts : 0;
        head->n_evictions = was ? was->n_evictions : 0;
        store->index_map = map;
        use_index(store);
        umm_store_rebuild(store);
        /* Before the name changes: a writer killed between the two must not leave readers
         * with an index that will never be written again. Told too early, they look twice. */
        if (was)
            __atomic_store_n(&was->is_replaced, 1, __ATOMIC_RELEASE);
        status =
            umm_outfile_commit(&out, &(struct umm_outfile_options){.is_synced = true}, NULL, err);
        if (status && was) {
            store->index_map = old;
            use_index(store);
            old = map;
        }
        umm_sharedmap_close(&old);
    }
    umm_outfile_abort(&out);
    return status;
}

static enum umm_status sync_head(struct umm_store *store, bool is_dirty, struct umm_error *err)
{
    store->head->is_dirty = is_dirty;
    return umm_sharedmap_sync(&store->index_map, store->index_path, UMM_STORE_HEAD_BYTES, err);
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
    if (!is_good)
        return replace_index(store, store->max_positions, err);
    bool was_dirty = store->head->is_dirty;
    /* A writer may have been killed before it took this one's place. */
    __atomic_store_n(&store->head->is_replaced, 0, __ATOMIC_RELAXED);
    status = sync_head(store, true, err);
    if (!status && was_dirty)
        umm_store_rebuild(store);
    return status;
}

/* ---- opening and closing ----------------------------------------------------------------------
 */

static void unmap(struct umm_store *store)
{
    umm_sharedmap_close(&store->vectors_map);
    umm_sharedmap_close(&store->slots_map);
    umm_sharedmap_close(&store->index_map);
}

/*
 * All three files. A reader that comes while they grow may see arrays of one size and an
 * index of another: then once more.
 */
static enum umm_status map_files(struct umm_store *store, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    for (int n = 0; n < 2; n++) {
        status = map_arrays(store, err);
        if (!status)
            status = open_index(store, err);
        if (status != UMM_ERR_DATA || store->is_writer)
            break;
        unmap(store);
    }
    return status;
}

bool umm_store_refresh(struct umm_store *store)
{
    struct umm_store fresh = *store;
    fresh.vectors_map = fresh.slots_map = fresh.index_map = (struct umm_sharedmap){0};
    if (store->is_writer)
        return false;
    if (map_files(&fresh, NULL) != UMM_OK || fresh.dim != store->dim ||
        fresh.id_words != store->id_words) {
        unmap(&fresh);
        return false;
    }
    unmap(store);
    *store = fresh;
    return true;
}

/* The store's own memory: itself and its paths. */
static enum umm_status new_store(struct umm_store **out, const char *path, struct umm_error *err)
{
    static const char *const names[] = {"vectors.npy", "slots.npy", "index.umm"};
    struct umm_arena arena;
    umm_arena_init(&arena, &(struct umm_arena_options){.block_bytes = 4096});
    size_t len = strlen(path);
    struct umm_store *store = umm_arena_alloc(&arena, sizeof *store);
    char *own = umm_arena_copy_text(&arena, path), *paths[3];
    for (size_t i = 0; i < 3; i++) {
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
static enum umm_status check_place(const struct umm_store *store, struct umm_error *err)
{
    struct umm_file_info info;
    enum umm_status status = umm_file_stat(store->path, &info, err);
    if (!status && info.kind != UMM_FILE_DIRECTORY)
        status = umm_error_set_path(err, UMM_ERR_DATA, store->path, "is not a directory");
    if (!status && umm_file_stat(store->slots_path, &info, NULL) != UMM_OK)
        status = umm_error_set_path(err, UMM_ERR_DATA, store->path,
                                    "is not a feature store: there is no slots.npy");
    return status;
}

enum umm_status umm_store_open(struct umm_store **out, const char *path,
                               enum umm_store_access access, struct umm_run *run,
                               struct umm_error *err)
{
    struct umm_store *store;
    *out = NULL;
    enum umm_status status = new_store(&store, path, err);
    if (status)
        return status;
    enum umm_lock_wait wait = access == UMM_STORE_WRITE ? UMM_LOCK_WAIT : UMM_LOCK_FAIL;
    store->is_writer = access != UMM_STORE_READ;
    status = check_place(store, err);
    if (!status && store->is_writer)
        status = umm_lock_take(&store->lock, store->slots_path, wait, run, err);
    if (!status)
        status = map_files(store, err);
    if (status)
        free_store(store);
    else
        *out = store;
    return status;
}

enum umm_status umm_store_sync(struct umm_store *store, struct umm_error *err)
{
    if (!store->is_writer)
        return UMM_OK;
    enum umm_status status = umm_sharedmap_sync(&store->vectors_map, store->vectors_path,
                                                store->vectors_map.len_bytes, err);
    if (!status)
        status = umm_sharedmap_sync(&store->slots_map, store->slots_path,
                                    store->slots_map.len_bytes, err);
    return status;
}

enum umm_status umm_store_close(struct umm_store *store, struct umm_error *err)
{
    if (!store)
        return UMM_OK;
    enum umm_status status = umm_store_sync(store, err);
    if (!status && store->is_writer)
        status = umm_sharedmap_sync(&store->index_map, store->index_path,
                                    store->index_map.len_bytes, err);
    if (!status && store->is_writer)
        status = sync_head(store, false, err);
    free_store(store);
    return status;
}

/* ---- growing --------------------------------------------------------------------------------- */

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
    enum umm_status status = check_positions(max_positions, err);
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
    status = grow_array(store->vectors_path, max_positions, err);
    if (!status)
        status = grow_array(store->slots_path, max_positions, err);
    if (status)
        return status;
    /* The new maps first: until they are there, the old ones serve. */
    struct umm_store fresh = *store;
    fresh.vectors_map = fresh.slots_map = (struct umm_sharedmap){0};
    status = map_arrays(&fresh, err);
    if (!status)
        status = replace_index(&fresh, max_positions, err);
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
