/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/marks.h"
#include "store/store_files.h"
#include "store/store_server.h"
#include "sys/file.h"
#include "sys/newdir.h"
#include "sys/trust.h"
#include "umm/mem.h"
#include "umm/store.h"

enum { POSITIONS = 1000, DIM = 32, ID_MAX_BYTES = 31 };

/* A file of size_bytes, all reserved, that begins with len bytes of head. */
static enum umm_status make_file(int dir_fd, const char *name, const void *head, size_t len,
                                 uint64_t size_bytes, struct umm_error *err)
{
    struct umm_outfile out = {0};
    enum umm_status status = umm_outfile_open_in(&out, dir_fd, name, name, err);
    if (!status)
        status = umm_file_allocate(umm_outfile_fd(&out), name, 0, size_bytes, err);
    if (!status) /* where nothing can be reserved */
        status = umm_file_truncate(umm_outfile_fd(&out), name, size_bytes, err);
    if (!status)
        status = umm_file_pwrite_all(umm_outfile_fd(&out), name, head, len, 0, err);
    if (!status)
        status =
            umm_outfile_commit(&out, &(struct umm_outfile_options){.is_synced = true}, NULL, err);
    umm_outfile_abort(&out);
    return status;
}

static enum umm_status make_array(int dir_fd, const char *name, const struct umm_npy *npy,
                                  struct umm_error *err)
{
    char *text;
    size_t len;
    enum umm_status status = umm_npy_format(npy, UMM_NPY_ALIGN, &text, &len, err);
    if (status)
        return status;
    status = make_file(dir_fd, name, text, len, len + umm_npy_data_bytes(npy), err);
    free(text);
    return status;
}

static enum umm_status make_ttl(int dir_fd, int64_t ttl_ns, struct umm_error *err)
{
    char line[UMM_STORE_TTL_LINE_MAX];
    size_t len = umm_store_print_ttl(line, ttl_ns);
    return make_file(dir_fd, UMM_MARK_STORE_TTL, line, len, len, err);
}

static enum umm_status make_files(int dir_fd, const struct umm_store_shape *shape,
                                  struct umm_error *err)
{
    struct umm_npy npy;
    struct umm_store_head head;
    const uint64_t n = shape->max_positions;
    enum umm_status status = umm_store_describe_vectors(&npy, n, shape->dim);
    if (!status)
        status = make_array(dir_fd, UMM_MARK_STORE_VECTORS, &npy, err);
    umm_npy_free(&npy);
    if (!status)
        status = umm_marks_describe_slots(&npy, n, shape->id_words, shape->has_expiry, err);
    if (!status)
        status = make_array(dir_fd, UMM_MARK_STORE_SLOTS, &npy, err);
    umm_npy_free(&npy);
    umm_store_fill_head(&head, shape);
    if (!status)
        status = make_file(dir_fd, UMM_MARK_STORE_INDEX, &head, sizeof head,
                           umm_store_index_bytes(n, shape->has_expiry), err);
    if (!status && shape->ttl_ns)
        status = make_ttl(dir_fd, shape->ttl_ns, err);
    return status;
}

/* Something is there already: good if it is the store that was asked for. */
static enum umm_status check_same(const char *path, const struct umm_store_shape *shape,
                                  struct umm_error *err)
{
    struct umm_store *store;
    bool is_same = false, is_old = false;
    enum umm_status status = umm_trust_check_directory(path, err);
    if (status)
        return status;
    if (umm_store_open(path, UMM_STORE_READ, NULL, &store, NULL) == UMM_OK) {
        is_same = store->max_positions == shape->max_positions && store->dim == shape->dim &&
                  store->id_words == shape->id_words;
        is_old = is_same && !store->has_expiry && shape->ttl_ns;
        is_same = is_same && store->ttl_ns == shape->ttl_ns;
    }
    (void)umm_store_close(store, NULL);
    if (is_same)
        return UMM_OK;
    if (is_old)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, path,
                                  "is there already, of version 1, whose entries cannot expire: "
                                  "export it, and import that into a new store");
    return umm_error_set_path(err, UMM_ERR_CONFLICT, path, "is there already, and is another");
}

static enum umm_status create(const char *path, const struct umm_store_shape *shape,
                              struct umm_error *err)
{
    struct umm_file_info info;
    struct umm_newdir dir = {0};
    if (umm_file_stat(path, &info, NULL) == UMM_OK)
        return check_same(path, shape, err);
    enum umm_status status = umm_newdir_begin(&dir, path, err);
    if (!status) {
        status = make_files(dir.fd, shape, err);
        if (status) /* the caller knows one name */
            umm_error_at(err, path, 0, 0, 0);
    }
    if (!status)
        status = umm_newdir_commit(&dir, err);
    umm_newdir_abort(&dir);
    return status;
}

/* A lock is that of a file, which path is not: of DIR.umm, which never is. */
static enum umm_status create_locked(const char *path, const struct umm_store_shape *shape,
                                     struct umm_run *run, struct umm_error *err)
{
    struct umm_lock lock = {0};
    struct umm_file_info info;
    size_t len = strlen(path), cap = len + sizeof ".umm";
    while (len > 1 && path[len - 1] == '/')
        len--;
    char *name = malloc(cap);
    if (!name)
        return umm_error_set_memory(err, cap, "a path");
    snprintf(name, cap, "%.*s.umm", (int)len, path);
    enum umm_status status = umm_lock_take(&lock, name, UMM_LOCK_WAIT, run, err);
    /* What is there is complete: where there is no place for a lock it is looked at without. */
    if (status && umm_file_stat(path, &info, NULL) == UMM_OK)
        status = check_same(path, shape, err);
    else if (status)
        umm_error_at(err, path, 0, 0, 0);
    else
        status = create(path, shape, err);
    umm_lock_release(&lock);
    free(name);
    return status;
}

enum umm_status umm_store_create(const char *path, const struct umm_store_options *options,
                                 struct umm_run *run, struct umm_error *err)
{
    return umm_store_create_with(path, options, NULL, run, err);
}

enum umm_status umm_store_create_with(const char *path, const struct umm_store_options *options,
                                      const struct umm_store_reach *reach, struct umm_run *run,
                                      struct umm_error *err)
{
    const bool is_place = umm_store_is_place(path);
    uint64_t max_positions = options->max_positions ? options->max_positions : POSITIONS;
    uint32_t dim = options->dim ? options->dim : DIM;
    uint32_t id_max = options->id_max_bytes ? options->id_max_bytes : ID_MAX_BYTES;
    enum umm_status status = umm_store_check_positions(max_positions, err);
    if (!status && dim > UMM_STORE_DIM_MAX)
        status = umm_error_set(err, UMM_ERR_ARGUMENT, "a vector has at most %d values",
                               UMM_STORE_DIM_MAX);
    if (!status && id_max > UMM_STORE_ID_MAX)
        status =
            umm_error_set(err, UMM_ERR_ARGUMENT, "an id has at most %d bytes", UMM_STORE_ID_MAX);
    if (!status && options->ttl_ns)
        status = umm_store_check_ttl(options->ttl_ns, err);
    if (!status && !*path)
        status = umm_error_set(err, UMM_ERR_ARGUMENT, "a store's path is empty");
    if (status)
        return status;
    const struct umm_store_shape shape = {.max_positions = max_positions,
                                          .dim = dim,
                                          .id_words = id_max / 8 + 1,
                                          .has_expiry = true,
                                          .ttl_ns = options->ttl_ns};
    const struct umm_store_options whole = {max_positions, dim, id_max, options->ttl_ns};
    return is_place ? umm_store_server_create(path, &whole, reach, err)
                    : create_locked(path, &shape, run, err);
}
