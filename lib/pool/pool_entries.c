/* SPDX-License-Identifier: MIT */
/* Entries of a pool one by one: opened and removed. */
#include "pool/pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "pool/pool_ledger.h"
#include "pool/pool_names.h"
#include "sys/directory.h"
#include "sys/file.h"

enum umm_status umm_pool_entry_path(const struct umm_pool *pool, const char *key, char **path,
                                    struct umm_error *err)
{
    char file[UMM_POOL_FILE_MAX];
    *path = NULL;
    enum umm_status status = umm_pool_file_name(key, file, err);
    if (status)
        return status;
    size_t size = strlen(pool->path) + 1 + strlen(file) + 1;
    *path = malloc(size);
    if (!*path)
        return umm_error_set_memory(err, size, "a path");
    snprintf(*path, size, "%s/%s", pool->path, file);
    return UMM_OK;
}

static enum umm_status check_size(const struct umm_npy *npy, const struct umm_file_info *info,
                                  const char *path, struct umm_error *err)
{
    uint64_t size = npy->data_offset_bytes + umm_npy_data_bytes(npy);
    if (info->size_bytes == size)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_DATA, path, "%" PRIu64 " bytes follow the array",
                              info->size_bytes - size);
}

enum umm_status umm_pool_open_entry(const struct umm_pool *pool, const char *key, int *fd,
                                    struct umm_npy *npy, struct umm_error *err)
{
    char file[UMM_POOL_FILE_MAX], *path;
    struct umm_file_info info;
    *fd = -1;
    *npy = (struct umm_npy){0};
    enum umm_status status = umm_pool_entry_path(pool, key, &path, err);
    if (!status)
        status = umm_pool_file_name(key, file, err);
    if (!status)
        status = umm_directory_open_file(pool->fd, path, file, fd, &info, err);
    if (!status)
        status = umm_npy_read(*fd, path, npy, err);
    if (!status)
        status = check_size(npy, &info, path, err);
    if (status) {
        umm_file_close(fd);
        umm_npy_free(npy);
    }
    free(path);
    return status;
}

static enum umm_status remove_locked(const struct umm_pool *pool, const char *path,
                                     const char *file, struct umm_error *err)
{
    struct umm_pool_ledger ledger;
    struct umm_file_info info = {.kind = UMM_FILE_OTHER};
    umm_pool_ledger_load(pool, &ledger);
    const enum umm_status looked = umm_file_look_at(pool->fd, file, path, &info, NULL);
    enum umm_status status = umm_directory_remove_file(pool->fd, path, file, err);
    if (status || looked || info.kind != UMM_FILE_REGULAR || !ledger.is_sound)
        return status;
    umm_pool_ledger_forget(&ledger, file, info.size_bytes);
    umm_pool_ledger_store(pool, &ledger);
    return UMM_OK;
}

enum umm_status umm_pool_remove(const struct umm_pool *pool, const char *key,
                                const struct umm_run *run, struct umm_error *err)
{
    char file[UMM_POOL_FILE_MAX], *path;
    enum umm_status status = umm_pool_entry_path(pool, key, &path, err);
    if (!status)
        status = umm_pool_file_name(key, file, err);
    if (!status)
        status = umm_directory_lock(pool->fd, pool->path, run, err);
    if (!status) {
        status = remove_locked(pool, path, file, err);
        umm_directory_unlock(pool->fd);
    }
    free(path);
    return status;
}
