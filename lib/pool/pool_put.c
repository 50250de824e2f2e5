/* SPDX-License-Identifier: MIT */
/* New entries: budget, room, content, name. */
#include "pool/pool.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "pool/pool_ledger.h"
#include "pool/pool_names.h"
#include "sys/directory.h"
#include "sys/file.h"
#include "sys/progress.h"

enum { COPY_BYTES = 256 * 1024, ENTRY_MODE = 0444 };

/* ---- budget --------------------------------------------------------------- */

/* The size of what is there as the entry `file`; 0 if nothing is that counts. */
static uint64_t size_of(const struct umm_pool *pool, const char *file)
{
    struct umm_file_info info;
    return umm_file_look_at(pool->fd, file, pool->path, &info, NULL) ? 0 : info.size_bytes;
}

/*
 * Under the lock: whether size_bytes fit for the entry `file`, beside all other entries
 * and those being written; own_bytes of these are this one's already. *ledger is then sound,
 * unless the pool has too much for it.
 */
static enum umm_status admit(const struct umm_pool *pool, const char *file, uint64_t size_bytes,
                             uint64_t own_bytes, const char *label, struct umm_pool_ledger *ledger,
                             struct umm_error *err)
{
    uint64_t used;
    enum umm_status status = umm_pool_ledger_count(pool, ledger, &used, err);
    if (status)
        return status;
    const uint64_t replaced = size_of(pool, file);
    const uint64_t others = used > own_bytes + replaced ? used - own_bytes - replaced : 0;
    uint64_t n_free = pool->budget_bytes > others ? pool->budget_bytes - others : 0;
    if (size_bytes <= n_free)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, label,
                              "is %" PRIu64 " bytes, but of the pool's budget of %" PRIu64
                              " only %" PRIu64 " are free",
                              size_bytes, pool->budget_bytes, n_free);
}

/* Under the lock: a temporary file that counts as size_bytes from now on. */
static enum umm_status begin_locked(const struct umm_pool *pool, const char *key,
                                    uint64_t size_bytes, const char *label, struct umm_outfile *out,
                                    struct umm_error *err)
{
    char file[UMM_POOL_FILE_MAX];
    struct umm_pool_ledger ledger;
    enum umm_status status = umm_pool_file_name(key, file, err);
    if (!status)
        status = admit(pool, file, size_bytes, 0, label, &ledger, err);
    if (!status)
        status = umm_outfile_open_in(out, pool->fd, file, label, err);
    if (!status && size_bytes)
        status = umm_file_truncate(umm_outfile_fd(out), label, size_bytes, err);
    if (status)
        return status;
    umm_pool_ledger_note(&ledger, out->temp);
    umm_pool_ledger_store(pool, &ledger);
    return UMM_OK;
}

/*
 * The memory itself: a full device is ENOSPC here, not SIGBUS in a reader. In steps,
 * because a signal has tmpfs take back all that one call has done.
 */
static enum umm_status set_aside(int fd, const char *label, uint64_t size_bytes,
                                 const struct umm_run *run, struct umm_error *err)
{
    const uint64_t step_bytes = 64 << 20;
    enum umm_status status = UMM_OK;
    for (uint64_t at = 0; !status && at < size_bytes; at += step_bytes) {
        uint64_t left = size_bytes - at;
        status = umm_run_is_cancelled(run)
                     ? umm_error_set_cancelled(err)
                     : umm_file_allocate(fd, label, at, left < step_bytes ? left : step_bytes, err);
    }
    return status;
}

enum umm_status umm_pool_begin(const struct umm_pool *pool, const char *key, uint64_t size_bytes,
                               const char *label, struct umm_run *run, struct umm_outfile *out,
                               struct umm_error *err)
{
    *out = (struct umm_outfile){.is_open = false};
    enum umm_status status = umm_directory_lock(pool->fd, pool->path, run, err);
    if (status)
        return status;
    status = begin_locked(pool, key, size_bytes, label, out, err);
    umm_directory_unlock(pool->fd);
    if (!status) /* without the lock: it takes a while */
        status = set_aside(umm_outfile_fd(out), label, size_bytes, run, err);
    if (status)
        umm_outfile_abort(out);
    return status;
}

/*
 * Under the lock: put the entry of size_bytes in place. What begin has admitted counts since
 * then, so that an entry of just admitted_bytes fits now as it did then; another is asked for.
 */
static enum umm_status commit_locked(const struct umm_pool *pool, const char *key,
                                     uint64_t size_bytes, uint64_t admitted_bytes,
                                     const struct umm_outfile_options *options,
                                     struct umm_outfile *out, bool *is_changed,
                                     struct umm_error *err)
{
    char file[UMM_POOL_FILE_MAX], temp[sizeof out->temp];
    struct umm_pool_ledger ledger;
    bool is_new = true;
    enum umm_status status = umm_pool_file_name(key, file, err);
    if (status)
        return status;
    if (size_bytes == admitted_bytes)
        umm_pool_ledger_load(pool, &ledger);
    else
        status = admit(pool, file, size_bytes, size_bytes, out->path, &ledger, err);
    if (status)
        return status;
    struct umm_file_info replaced;
    const bool is_there = umm_file_look_at(pool->fd, file, pool->path, &replaced, NULL) == UMM_OK;
    memcpy(temp, out->temp, sizeof temp);
    status = umm_outfile_commit(out, options, &is_new, err);
    if (is_changed)
        *is_changed = is_new;
    if (status || !ledger.is_sound)
        return status;
    umm_pool_ledger_forget(&ledger, temp, size_bytes);
    if (is_new && is_there)
        umm_pool_ledger_forget(&ledger, file, replaced.size_bytes);
    if (is_new)
        umm_pool_ledger_settle(&ledger, size_bytes);
    umm_pool_ledger_store(pool, &ledger);
    return UMM_OK;
}

static enum umm_status commit(const struct umm_pool *pool, const char *key, uint64_t admitted_bytes,
                              const struct umm_outfile_options *options, const struct umm_run *run,
                              struct umm_outfile *out, bool *is_changed, struct umm_error *err)
{
    struct umm_outfile_options mine = options ? *options : (struct umm_outfile_options){0};
    struct umm_file_info info;
    mine.mode = ENTRY_MODE;
    enum umm_status status = umm_file_stat_fd(umm_outfile_fd(out), out->path, &info, err);
    if (!status)
        status = umm_directory_lock(pool->fd, pool->path, run, err);
    if (!status) {
        status =
            commit_locked(pool, key, info.size_bytes, admitted_bytes, &mine, out, is_changed, err);
        umm_directory_unlock(pool->fd);
    }
    umm_outfile_abort(out);
    return status;
}

enum umm_status umm_pool_commit(const struct umm_pool *pool, const char *key,
                                const struct umm_outfile_options *options,
                                const struct umm_run *run, struct umm_outfile *out,
                                bool *is_changed, struct umm_error *err)
{
    return commit(pool, key, 0, options, run, out, is_changed, err);
}

/* ---- content -------------------------------------------------------------- */

/*
 * Where the array comes from: a file that is read by place, or a stream after its header. The
 * header is kept: that of a file to which rows are appended meanwhile would have too many.
 */
struct source {
    int fd;
    const char *path;
    bool is_stream;
    struct umm_npy npy;
    void *header;
    size_t header_bytes;
    uint64_t size_bytes; /* of header and array */
};

static enum umm_status open_source(struct source *source, const char *input, struct umm_run *run,
                                   struct umm_error *err)
{
    struct umm_file_info info = {.kind = UMM_FILE_STREAM};
    enum umm_status status = UMM_OK;
    bool is_stdin = strcmp(input, "-") == 0;
    *source = (struct source){.fd = 0, .path = is_stdin ? "<stdin>" : input};
    if (!is_stdin)
        status = umm_file_open_read(input, &source->fd, &info, err);
    if (status)
        return status;
    source->is_stream = info.kind != UMM_FILE_REGULAR;
    status = source->is_stream ? umm_npy_read_stream(source->fd, source->path, run, &source->npy,
                                                     &source->header, &source->header_bytes, err)
                               : umm_npy_read_file(source->fd, source->path, &source->npy,
                                                   &source->header, &source->header_bytes, err);
    source->size_bytes = source->npy.data_offset_bytes + umm_npy_data_bytes(&source->npy);
    return status;
}

static void close_source(struct source *source)
{
    if (source->fd > 0)
        umm_file_close(&source->fd);
    free(source->header);
    umm_npy_free(&source->npy);
}

/* The next bytes of the array's file from place `at` on, at most COPY_BYTES. */
static enum umm_status read_some(const struct source *source, uint64_t at, struct umm_run *run,
                                 char *buffer, size_t *n, struct umm_error *err)
{
    uint64_t left = source->size_bytes - at;
    size_t want = left < COPY_BYTES ? (size_t)left : COPY_BYTES;
    *n = want;
    if (!source->is_stream)
        return umm_file_pread_all(source->fd, source->path, buffer, want, at, err);
    enum umm_status status = umm_file_read(source->fd, source->path, run, buffer, want, n, err);
    if (!status && *n == 0)
        status = umm_error_set_path(err, UMM_ERR_DATA, source->path,
                                    "array data is short by %" PRIu64 " bytes", left);
    return status;
}

static enum umm_status check_end(const struct source *source, struct umm_run *run, char *buffer,
                                 struct umm_error *err)
{
    size_t n = 0;
    enum umm_status status = source->is_stream
                                 ? umm_file_read(source->fd, source->path, run, buffer, 1, &n, err)
                                 : UMM_OK;
    if (!status && n > 0)
        status = umm_error_set_path(err, UMM_ERR_DATA, source->path, "bytes follow the array");
    return status;
}

static enum umm_status copy(const struct source *source, int fd, const char *label,
                            struct umm_run *run, struct umm_error *err)
{
    uint64_t at = source->header_bytes, next_ns = 0;
    char *buffer = malloc(COPY_BYTES);
    if (!buffer)
        return umm_error_set_memory(err, COPY_BYTES, "a buffer");
    enum umm_status status =
        umm_file_pwrite_all(fd, label, source->header, source->header_bytes, 0, err);
    while (!status && at < source->size_bytes) {
        size_t n = 0;
        status = umm_progress_step(run, &next_ns, at, source->size_bytes, err);
        if (!status)
            status = read_some(source, at, run, buffer, &n, err);
        if (!status)
            status = umm_file_pwrite_all(fd, label, buffer, n, at, err);
        at += n;
    }
    if (!status)
        status = check_end(source, run, buffer, err);
    free(buffer);
    return status;
}

enum umm_status umm_pool_put(const struct umm_pool *pool, const char *key, const char *input,
                             struct umm_run *run, struct umm_error *err)
{
    struct source source = {.fd = -1};
    struct umm_outfile out = {.is_open = false};
    char *path;
    enum umm_status status = umm_pool_entry_path(pool, key, &path, err);
    if (!status)
        status = open_source(&source, input, run, err);
    if (!status)
        status = umm_pool_begin(pool, key, source.size_bytes, path, run, &out, err);
    if (!status)
        status = copy(&source, umm_outfile_fd(&out), path, run, err);
    if (!status)
        status = commit(pool, key, source.size_bytes, NULL, run, &out, NULL, err);
    umm_outfile_abort(&out);
    close_source(&source);
    free(path);
    return status;
}

enum umm_status umm_pool_put_rows(const struct umm_pool *pool, const char *key,
                                  const struct umm_array_layout *layout, const void *rows,
                                  uint64_t n_rows, struct umm_run *run, struct umm_error *err)
{
    struct umm_outfile out = {.is_open = false};
    struct umm_npy npy = {0};
    char *path = NULL, *header = NULL;
    size_t len = 0;
    enum umm_status status = umm_pool_entry_path(pool, key, &path, err);
    if (!status)
        status = umm_npy_of_layout(layout, n_rows, &npy, err);
    if (!status)
        status = umm_npy_format(&npy, UMM_NPY_ALIGN, &header, &len, err);
    const uint64_t n_bytes = status ? 0 : umm_npy_data_bytes(&npy);
    if (!status)
        status = umm_pool_begin(pool, key, len + n_bytes, path, run, &out, err);
    if (!status)
        status = umm_file_pwrite_all(umm_outfile_fd(&out), path, header, len, 0, err);
    if (!status)
        status = umm_file_pwrite_all(umm_outfile_fd(&out), path, rows, (size_t)n_bytes, len, err);
    if (!status)
        status = commit(pool, key, len + n_bytes, NULL, run, &out, NULL, err);
    umm_outfile_abort(&out);
    umm_npy_free(&npy);
    free(header);
    free(path);
    return status;
}
