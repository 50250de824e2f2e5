/* SPDX-License-Identifier: MIT */
#include "pool/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/marks.h"
#include "pool/pool_ledger.h"
#include "pool/pool_names.h"
#include "sys/directory.h"
#include "sys/file.h"

/* ---- the description ------------------------------------------------------ */

enum { DESCRIPTION_MAX = 64 };

static size_t format_description(uint64_t budget_bytes, char text[DESCRIPTION_MAX])
{
    return (size_t)snprintf(text, DESCRIPTION_MAX,
                            UMM_MARK_POOL_BEGIN "1\nbudget_bytes %" PRIu64 "\n", budget_bytes);
}

/* Whether text is byte for byte what format_description writes of some budget. */
static bool parse_description(const char *text, size_t len, uint64_t *budget_bytes)
{
    static const char start[] = UMM_MARK_POOL_BEGIN "1\nbudget_bytes ";
    char again[DESCRIPTION_MAX];
    *budget_bytes = 0;
    for (size_t i = sizeof start - 1; i + 1 < len; i++)
        if (text[i] < '0' || text[i] > '9' ||
            __builtin_mul_overflow(*budget_bytes, 10, budget_bytes) ||
            __builtin_add_overflow(*budget_bytes, (uint64_t)(text[i] - '0'), budget_bytes))
            return false;
    return len == format_description(*budget_bytes, again) && memcmp(text, again, len) == 0;
}

static bool has_description(const struct umm_pool *pool)
{
    struct umm_file_info info;
    return umm_file_look_at(pool->fd, UMM_MARK_POOL, pool->path, &info, NULL) == UMM_OK;
}

static enum umm_status read_description(struct umm_pool *pool, struct umm_error *err)
{
    char text[DESCRIPTION_MAX];
    struct umm_file_info info;
    int fd;
    if (!has_description(pool))
        return umm_error_set_path(err, UMM_ERR_CONFLICT, pool->path,
                                  "is not a pool: it has no file " UMM_MARK_POOL);
    enum umm_status status =
        umm_directory_open_file(pool->fd, pool->path, UMM_MARK_POOL, &fd, &info, err);
    if (status == UMM_ERR_CONFLICT)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, pool->path,
                                  "is not a pool: its " UMM_MARK_POOL " is not a regular file");
    if (status)
        return status;
    bool is_short = info.size_bytes < sizeof text;
    if (is_short)
        status = umm_file_pread_all(fd, pool->path, text, (size_t)info.size_bytes, 0, err);
    umm_file_close(&fd);
    if (status)
        return status;
    if (!is_short || !parse_description(text, (size_t)info.size_bytes, &pool->budget_bytes))
        return umm_error_set_path(err, UMM_ERR_CONFLICT, pool->path,
                                  "is not a pool of this version: its file " UMM_MARK_POOL
                                  " says something else");
    return UMM_OK;
}

static enum umm_status write_description(const struct umm_pool *pool, uint64_t budget_bytes,
                                         struct umm_error *err)
{
    static const struct umm_outfile_options options = {.mode = 0600};
    char text[DESCRIPTION_MAX];
    struct umm_outfile out = {.is_open = false};
    size_t len = format_description(budget_bytes, text);
    enum umm_status status = umm_outfile_open_in(&out, pool->fd, UMM_MARK_POOL, pool->path, err);
    if (!status)
        status = umm_file_write_all(umm_outfile_fd(&out), pool->path, text, len, err);
    if (!status)
        status = umm_outfile_commit(&out, &options, NULL, err);
    umm_outfile_abort(&out);
    return status;
}

/* ---- opening -------------------------------------------------------------- */

static enum umm_status set_path(struct umm_pool *pool, const char *root, const char *name,
                                struct umm_error *err)
{
    *pool = (struct umm_pool){.fd = -1};
    root = root ? root : UMM_POOL_ROOT;
    enum umm_status status = umm_pool_check_name(name, err);
    if (status)
        return status;
    size_t size = strlen(root) + strlen(name) + sizeof "/umm.4294967295.";
    pool->path = malloc(size);
    if (!pool->path)
        return umm_error_set_memory(err, size, "a path");
    snprintf(pool->path, size, "%s/umm.%" PRIu32 ".%s", root, umm_directory_user(), name);
    return UMM_OK;
}

static enum umm_status open_directory(struct umm_pool *pool, const char *root, const char *name,
                                      struct umm_error *err)
{
    int fd;
    enum umm_status status = set_path(pool, root, name, err);
    if (status)
        return status;
    status = umm_directory_open_private(pool->path, &fd, err);
    pool->fd = fd;
    return status;
}

static void release(struct umm_pool *pool)
{
    umm_file_close(&pool->fd);
    free(pool->path);
}

enum umm_status umm_pool_open(const char *root, const char *name, struct umm_pool **pool,
                              struct umm_error *err)
{
    *pool = calloc(1, sizeof **pool);
    if (!*pool)
        return umm_error_set_memory(err, sizeof **pool, "a pool");
    enum umm_status status = open_directory(*pool, root, name, err);
    if (!status)
        status = read_description(*pool, err);
    if (status) {
        umm_pool_close(*pool);
        *pool = NULL;
    }
    return status;
}

void umm_pool_close(struct umm_pool *pool)
{
    if (!pool)
        return;
    release(pool);
    free(pool);
}

/* ---- making and removing -------------------------------------------------- */

/* Under the lock: the first to come writes the description. */
static enum umm_status describe(struct umm_pool *pool, uint64_t budget_bytes, bool *is_new,
                                struct umm_error *err)
{
    *is_new = !has_description(pool);
    if (*is_new)
        return write_description(pool, budget_bytes, err);
    enum umm_status status = read_description(pool, err);
    if (!status && pool->budget_bytes != budget_bytes)
        status =
            umm_error_set_path(err, UMM_ERR_CONFLICT, pool->path,
                               "exists with a budget of %" PRIu64 " bytes", pool->budget_bytes);
    return status;
}

/* The directory, there and locked, however often somebody removes it meanwhile. */
static enum umm_status make_locked(struct umm_pool *pool, const struct umm_run *run, bool *is_made,
                                   struct umm_error *err)
{
    enum { TRIES_MAX = 1000 };
    for (int i = 0; i < TRIES_MAX; i++) {
        struct umm_error open_err = {.status = UMM_OK};
        enum umm_status status = umm_directory_make(pool->path, 0700, is_made, err);
        if (status)
            return status;
        int fd;
        status = umm_directory_open_private(pool->path, &fd, &open_err);
        pool->fd = fd;
        if (status && open_err.sys_errno == ENOENT)
            continue;
        if (status && err)
            *err = open_err;
        if (!status)
            status = umm_directory_lock(pool->fd, pool->path, run, err);
        if (status || umm_directory_is_at(pool->fd, pool->path))
            return status;
        umm_file_close(&pool->fd);
    }
    return umm_error_set_path(err, UMM_ERR_BUSY, pool->path, "is removed again and again");
}

enum umm_status umm_pool_create(const char *root, const char *name, uint64_t budget_bytes,
                                struct umm_run *run, bool *is_new, struct umm_error *err)
{
    struct umm_pool pool;
    bool is_made = false;
    enum umm_status status = set_path(&pool, root, name, err);
    if (!status)
        status = make_locked(&pool, run, &is_made, err);
    if (!status)
        status = describe(&pool, budget_bytes, is_new, err);
    if (status && is_made && pool.fd >= 0) {
        enum umm_status undone = umm_directory_remove(pool.fd, pool.path, NULL);
        (void)undone; /* the first error is the one to tell */
    }
    release(&pool);
    return status;
}

/*
 * Nothing may be lost that was not put here. The description, without which it is no
 * pool, goes last.
 */
static enum umm_status remove_all(const struct umm_pool *pool, const struct umm_pool_scan *scan,
                                  struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX], file[UMM_POOL_FILE_MAX];
    if (scan->n_foreign)
        return umm_error_set_path(
            err, UMM_ERR_CONFLICT, pool->path, "holds \"%s\", which no pool has; nothing removed",
            umm_escape(shown, sizeof shown, scan->foreign, strlen(scan->foreign)));
    if (scan->n_writers)
        return umm_error_set_path(err, UMM_ERR_BUSY, pool->path,
                                  "an entry is being written; nothing removed");
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < scan->n_entries; i++) {
        status = umm_pool_file_name(scan->entries[i].key, file, err);
        if (!status)
            status = umm_directory_remove_file(pool->fd, pool->path, file, err);
    }
    if (!status && scan->has_ledger)
        status = umm_directory_remove_file(pool->fd, pool->path, UMM_POOL_LEDGER, err);
    if (!status && has_description(pool))
        status = umm_directory_remove_file(pool->fd, pool->path, UMM_MARK_POOL, err);
    return status ? status : umm_directory_remove(pool->fd, pool->path, err);
}

enum umm_status umm_pool_unlink(const char *root, const char *name, struct umm_run *run,
                                struct umm_error *err)
{
    struct umm_pool pool;
    struct umm_pool_scan scan = {0};
    enum umm_status status = open_directory(&pool, root, name, err);
    if (!status)
        status = umm_directory_lock(pool.fd, pool.path, run, err);
    if (!status)
        status = umm_pool_scan_locked(&pool, &scan, err);
    /* Left without its description by a run that was killed it is empty. */
    if (!status && scan.n_entries)
        status = read_description(&pool, err);
    if (!status)
        status = remove_all(&pool, &scan, err);
    umm_pool_scan_free(&scan);
    release(&pool);
    return status;
}
