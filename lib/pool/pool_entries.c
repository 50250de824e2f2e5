/* SPDX-License-Identifier: MIT */
/* What is in a pool: listing, opening and removing entries. */
#include "pool/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/marks.h"
#include "pool/pool_names.h"
#include "sys/directory.h"
#include "sys/file.h"

/* ---- scanning ------------------------------------------------------------- */

static void take_entry(struct umm_pool_scan *scan, char *name, size_t key_len,
                       const struct umm_file_info *info)
{
    name[key_len] = '\0';
    scan->entries[scan->n_entries++] = (struct umm_pool_entry){.key = name,
                                                               .size_bytes = info->size_bytes,
                                                               .device = info->device,
                                                               .inode = info->inode,
                                                               .mode = info->mode};
    scan->used_bytes += info->size_bytes;
}

static enum umm_status take_name(const struct umm_pool *pool, struct umm_pool_scan *scan,
                                 char *name, struct umm_error *err)
{
    struct umm_file_info info;
    struct umm_error stat_err = {.status = UMM_OK};
    size_t key_len;
    if (strcmp(name, UMM_MARK_POOL) == 0)
        return UMM_OK;
    bool is_temp = umm_outfile_is_temp(name);
    if (is_temp && umm_outfile_remove_temp(pool->fd, name)) {
        scan->n_collected++;
        return UMM_OK;
    }
    enum umm_status status = umm_file_look_at(pool->fd, name, pool->path, &info, &stat_err);
    /* A writer that gave up took it away. */
    if (status && stat_err.sys_errno == ENOENT)
        return UMM_OK;
    if (status) {
        if (err)
            *err = stat_err;
        return status;
    }
    if (info.kind == UMM_FILE_REGULAR && is_temp) {
        scan->n_writers++;
        scan->writing_bytes += info.size_bytes;
    } else if (info.kind == UMM_FILE_REGULAR && umm_pool_is_entry(name, &key_len)) {
        take_entry(scan, name, key_len, &info);
    } else {
        scan->foreign = scan->n_foreign++ ? scan->foreign : name;
    }
    return UMM_OK;
}

static int compare_entries(const void *a, const void *b)
{
    const struct umm_pool_entry *left = a, *right = b;
    return strcmp(left->key, right->key);
}

enum umm_status umm_pool_scan_locked(const struct umm_pool *pool, struct umm_pool_scan *scan,
                                     struct umm_error *err)
{
    size_t n_names;
    *scan = (struct umm_pool_scan){0};
    enum umm_status status = umm_directory_list(pool->fd, pool->path, &scan->names, &n_names, err);
    if (status)
        return status;
    scan->entries = calloc(n_names + 1, sizeof *scan->entries);
    if (!scan->entries)
        status = umm_error_set_memory(err, n_names * sizeof *scan->entries, "a list of entries");
    for (size_t i = 0; !status && i < n_names; i++)
        status = take_name(pool, scan, scan->names[i], err);
    if (status)
        umm_pool_scan_free(scan);
    else
        qsort(scan->entries, scan->n_entries, sizeof *scan->entries, compare_entries);
    return status;
}

enum umm_status umm_pool_scan(const struct umm_pool *pool, const struct umm_run *run,
                              struct umm_pool_scan *scan, struct umm_error *err)
{
    *scan = (struct umm_pool_scan){0};
    enum umm_status status = umm_directory_lock(pool->fd, pool->path, run, err);
    if (status)
        return status;
    status = umm_pool_scan_locked(pool, scan, err);
    umm_directory_unlock(pool->fd);
    return status;
}

void umm_pool_scan_free(struct umm_pool_scan *scan)
{
    free(scan->entries);
    free(scan->names);
    *scan = (struct umm_pool_scan){0};
}

/* ---- entries -------------------------------------------------------------- */

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
        status = umm_directory_remove_file(pool->fd, path, file, err);
        umm_directory_unlock(pool->fd);
    }
    free(path);
    return status;
}
