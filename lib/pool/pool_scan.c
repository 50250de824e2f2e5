/* SPDX-License-Identifier: MIT */
/* All that is in a pool, by a list of its directory. */
#include "pool/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/marks.h"
#include "pool/pool_ledger.h"
#include "pool/pool_names.h"
#include "sys/directory.h"
#include "sys/file.h"

static void take_entry(struct umm_pool_scan *scan, char *name, size_t key_len,
                       const struct umm_file_info *info)
{
    name[key_len] = '\0';
    scan->entries[scan->n_entries++] = (struct umm_pool_entry){.key = name,
                                                               .size_bytes = info->size_bytes,
                                                               .device = info->device,
                                                               .inode = info->inode,
                                                               .mode = info->mode,
                                                               .modified_ns = info->modified_ns};
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
    if (info.kind == UMM_FILE_REGULAR && strcmp(name, UMM_POOL_LEDGER) == 0)
        scan->has_ledger = true;
    else if (info.kind == UMM_FILE_REGULAR && is_temp) {
        scan->writers[scan->n_writers++] = name;
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
    scan->writers = calloc(n_names + 1, sizeof *scan->writers);
    if (!scan->entries || !scan->writers)
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
    free(scan->writers);
    free(scan->names);
    *scan = (struct umm_pool_scan){0};
}
