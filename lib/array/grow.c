/* SPDX-License-Identifier: MIT */
#include "array/grow.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/reserved.h"
#include "sys/file.h"
#include "sys/outfile.h"
#include "text/print.h"

static uint64_t place_of(const struct umm_grow *grow, uint64_t row)
{
    return grow->rows.base_bytes + row * grow->rows.row_bytes;
}

/* ---- the header -------------------------------------------------------------------- */

/*
 * In a header as this library writes it only the count changes, and the blanks at its end:
 * "... 'shape': (" count ", 6), }" blanks "\n". The names of fields may hold what looks
 * like a count, so the last one is taken.
 */
static void find_count(struct umm_grow *grow)
{
    static const char before[] = "'shape': (";
    const size_t n = sizeof before - 1;
    const char *text = grow->model;
    size_t at = grow->header_bytes, end = grow->header_bytes - 1;
    while (at > n && memcmp(text + at - n, before, n) != 0)
        at--;
    size_t rest = at;
    while (rest < end && text[rest] >= '0' && text[rest] <= '9')
        rest++;
    while (end > rest && text[end - 1] == ' ')
        end--;
    grow->count_at = at;
    grow->rest_at = rest;
    grow->rest_bytes = end - rest;
}

/* A header of others may be packed tighter than this library can write it: no model then. */
static enum umm_status make_model(struct umm_grow *grow, struct umm_error *err)
{
    size_t len;
    enum umm_status status =
        umm_npy_format_exact(&grow->npy, grow->header_bytes, &grow->model, &len, err);
    if (status && status != UMM_ERR_UNSUPPORTED)
        return status;
    if (status)
        grow->model = NULL;
    else
        find_count(grow);
    grow->next = malloc(grow->header_bytes);
    grow->between = malloc(grow->header_bytes);
    return grow->next && grow->between
               ? UMM_OK
               : umm_error_set_memory(err, 2 * grow->header_bytes, "headers");
}

/* The header of n_rows rows. */
static enum umm_status make_header(const struct umm_grow *grow, uint64_t n_rows, char *out,
                                   struct umm_error *err)
{
    char digits[UMM_PRINT_U64_MAX];
    const size_t n = (size_t)(umm_print_u64(digits, n_rows) - digits);
    const size_t used = grow->count_at + n + grow->rest_bytes;
    /* Very old NumPy, and others, leave no room after the count. */
    if (!grow->model || used + 1 > grow->header_bytes)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, grow->path,
                                  "its header has no room for %" PRIu64
                                  " rows: load it and save it again with NumPy",
                                  n_rows);
    memcpy(out, grow->model, grow->count_at);
    memcpy(out + grow->count_at, digits, n);
    memcpy(out + grow->count_at + n, grow->model + grow->rest_at, grow->rest_bytes);
    memset(out + used, ' ', grow->header_bytes - 1 - used);
    out[grow->header_bytes - 1] = '\n';
    return UMM_OK;
}

/* Whether the header is what it was, and the file has all that it counts. */
static enum umm_status check_header(const struct umm_grow *grow, struct umm_error *err)
{
    enum { STEP_BYTES = 1024 };
    char now[STEP_BYTES];
    struct umm_file_info info;
    bool is_same = true;
    enum umm_status status = umm_file_stat_fd(grow->fd, grow->path, &info, err);
    if (!status)
        is_same = info.size_bytes >= place_of(grow, grow->n_old);
    for (size_t at = 0; !status && is_same && at < grow->header_bytes; at += STEP_BYTES) {
        size_t left = grow->header_bytes - at, n = left < sizeof now ? left : sizeof now;
        status = umm_file_pread_all(grow->fd, grow->path, now, n, at, err);
        is_same = !status && memcmp(now, grow->header + at, n) == 0;
    }
    if (status && status != UMM_ERR_DATA)
        return status;
    return is_same ? UMM_OK
                   : umm_error_set_path(err, UMM_ERR_CONFLICT, grow->path,
                                        "was changed by another program while it was written");
}

/* ---- opening ----------------------------------------------------------------------- */

static enum umm_status check_type(const struct umm_grow *grow, const struct umm_npy *wanted,
                                  struct umm_error *err)
{
    const struct umm_npy *has = &grow->npy;
    if (has->has_titles)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, grow->path,
                                  "an array whose fields have titles cannot be appended to");
    if (has->is_fortran && has->n_dims > 1)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, grow->path,
                                  "a Fortran-order array cannot be appended to");
    if (wanted && !umm_npy_same_type(has, wanted))
        return umm_npy_refuse_rows(err, grow->path, "the array", has, wanted);
    return UMM_OK;
}

/*
 * Rows of a killed run may follow the array, another array may not: np.save to an open
 * file writes one after the other.
 */
static enum umm_status check_tail(const struct umm_grow *grow, struct umm_error *err)
{
    char magic[6];
    const uint64_t end = place_of(grow, grow->n_old);
    if (grow->size_bytes < end + sizeof magic)
        return UMM_OK;
    enum umm_status status =
        umm_file_pread_all(grow->fd, grow->path, magic, sizeof magic, end, err);
    if (status || memcmp(magic, "\x93NUMPY", sizeof magic) != 0)
        return status;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, grow->path,
                              "holds more than one array, and cannot be appended to");
}

static void begin(struct umm_grow *grow, const char *path, const struct umm_grow_options *options)
{
    *grow = (struct umm_grow){.path = path, .fd = -1, .rows = {.fd = -1}};
    if (options)
        grow->options = *options;
}

static enum umm_status open_file(struct umm_grow *grow, const struct umm_npy *wanted,
                                 struct umm_run *run, struct umm_error *err)
{
    struct umm_file_info info;
    void *header = NULL;
    enum umm_status status = umm_file_open_update(grow->path, &grow->fd, &info, err);
    if (!status)
        status =
            umm_npy_read_file(grow->fd, grow->path, &grow->npy, &header, &grow->header_bytes, err);
    grow->header = header;
    if (!status)
        status = check_type(grow, wanted, err);
    if (!status)
        status = make_model(grow, err);
    if (status)
        return status;
    grow->size_bytes = info.size_bytes;
    grow->n_old = grow->npy.shape[0];
    status = umm_rowfile_open(&grow->rows, grow->fd, grow->path, false, grow->npy.data_offset_bytes,
                              (size_t)umm_npy_row_bytes(&grow->npy), grow->n_old, run, err);
    return status ? status : check_tail(grow, err);
}

static enum umm_status check_place(const struct umm_grow *grow, struct umm_error *err)
{
    return grow->options.is_owned ? UMM_OK : umm_reserved_check_path(grow->path, err);
}

enum umm_status umm_grow_open(struct umm_grow *grow, const char *path, const struct umm_npy *wanted,
                              const struct umm_grow_options *options, struct umm_run *run,
                              struct umm_error *err)
{
    begin(grow, path, options);
    enum umm_status status = check_place(grow, err);
    return status ? status : open_file(grow, wanted, run, err);
}

/* An array without rows. */
static enum umm_status make_file(const struct umm_grow *grow, const struct umm_npy *wanted,
                                 struct umm_error *err)
{
    const struct umm_outfile_options options = {.is_synced = !grow->options.is_unsynced};
    struct umm_outfile out;
    struct umm_npy empty = *wanted; /* shares the fields */
    char *text;
    size_t len;
    empty.shape[0] = 0;
    enum umm_status status = umm_npy_format(&empty, UMM_NPY_ALIGN, &text, &len, err);
    if (status)
        return status;
    status = umm_outfile_open(&out, grow->path, NULL, err);
    if (!status)
        status = umm_outfile_finish(&out, text, len, &options, NULL, err);
    free(text);
    return status;
}

enum umm_status umm_grow_open_locked(struct umm_grow *grow, const char *path,
                                     const struct umm_npy *wanted,
                                     const struct umm_grow_options *options,
                                     enum umm_lock_wait lock_wait, struct umm_run *run,
                                     struct umm_error *err)
{
    struct umm_file_info info;
    bool is_there = true;
    begin(grow, path, options);
    enum umm_status status = check_place(grow, err);
    if (!status)
        status = umm_lock_take(&grow->lock, path, lock_wait, run, err);
    if (!status)
        status = umm_file_find(path, &is_there, &info, err);
    if (!status && !is_there && wanted)
        status = make_file(grow, wanted, err);
    return status ? status : open_file(grow, wanted, run, err);
}

/* ---- room -------------------------------------------------------------------------- */

enum umm_status umm_grow_reserve(struct umm_grow *grow, uint64_t n_rows, struct umm_error *err)
{
    if (n_rows <= grow->rows.n_rows)
        return UMM_OK;
    const uint64_t begin_bytes = place_of(grow, grow->rows.n_rows);
    const uint64_t end_bytes = place_of(grow, n_rows);
    enum umm_status status = umm_rowfile_flush(&grow->rows, err);
    if (status)
        return status;
    /* Also when one of these fails, the file may be longer: the close cuts it. */
    grow->rows.n_rows = grow->rows.n_written = n_rows;
    status = umm_file_allocate(grow->fd, grow->path, begin_bytes, end_bytes - begin_bytes, err);
    if (!status && grow->size_bytes < end_bytes)
        status = umm_file_truncate(grow->fd, grow->path, end_bytes, err);
    return status;
}

/* ---- prepare ----------------------------------------------------------------------- */

static enum umm_status sync_data(const struct umm_grow *grow, struct umm_error *err)
{
    return grow->options.is_unsynced ? UMM_OK : umm_file_sync_data(grow->fd, grow->path, err);
}

/*
 * The headers, and the old rows that change: between the first write of the count and the
 * last only the device can fail.
 */
static enum umm_status make_ready(struct umm_grow *grow, const struct umm_grow_change *change,
                                  struct umm_error *err)
{
    const size_t len = change ? change->n * grow->rows.row_bytes : 0;
    enum umm_status status = make_header(grow, grow->rows.n_rows, grow->next, err);
    if (status || !change)
        return status;
    free(grow->changed);
    grow->changed = malloc(len);
    if (!grow->changed)
        return umm_error_set_memory(err, len, "rows that change");
    status = umm_file_pread_all(grow->fd, grow->path, grow->changed, len,
                                place_of(grow, change->first), err);
    return status ? status : make_header(grow, change->first, grow->between, err);
}

enum umm_status umm_grow_prepare(struct umm_grow *grow, const struct umm_grow_change *change,
                                 struct umm_error *err)
{
    const bool is_longer = grow->rows.n_rows > grow->n_old, is_changed = is_longer || change;
    /* A killed run may have taken the last row out of the count: readers have it mapped. */
    const uint64_t end = place_of(grow, is_longer ? grow->rows.n_rows : grow->n_old + 1);
    const bool is_torn = grow->size_bytes > end && !grow->options.is_tail_kept;
    enum umm_status status = UMM_OK;
    if (!is_changed && !is_torn)
        return UMM_OK;
    /* What is buffered would go over rows that another program has counted. */
    status = check_header(grow, err);
    if (!status)
        status = umm_rowfile_flush(&grow->rows, err);
    if (!status && is_changed)
        status = make_ready(grow, change, err);
    if (!status && is_torn)
        status = check_header(grow, err);
    if (!status && is_torn)
        status = umm_file_truncate(grow->fd, grow->path, end, err);
    if (!status && is_torn)
        grow->size_bytes = end;
    if (!status && is_changed)
        status = sync_data(grow, err);
    grow->is_prepared = !status && is_changed;
    return status;
}

/* ---- count ------------------------------------------------------------------------- */

static enum umm_status put(const struct umm_grow *grow, const char *bytes, size_t len, uint64_t at,
                           struct umm_error *err)
{
    enum umm_status status = umm_file_pwrite_all(grow->fd, grow->path, bytes, len, at, err);
    return status ? status : sync_data(grow, err);
}

static enum umm_status put_rows(const struct umm_grow *grow, const struct umm_grow_change *change,
                                const char *rows, struct umm_error *err)
{
    return put(grow, rows, change->n * grow->rows.row_bytes, place_of(grow, change->first), err);
}

/* After a failure: the changed rows and the header as they were, as far as the device lets us. */
static void restore(const struct umm_grow *grow, const struct umm_grow_change *change)
{
    enum umm_status status = UMM_OK;
    if (change)
        status = put_rows(grow, change, grow->changed, NULL);
    if (!status)
        status = put(grow, grow->header, grow->header_bytes, 0, NULL);
    (void)status;
}

enum umm_status umm_grow_count(struct umm_grow *grow, const struct umm_grow_change *change,
                               struct umm_error *err)
{
    if (!grow->is_prepared)
        return UMM_OK;
    grow->is_prepared = false;
    /* A lower count than another program's would have its rows cut off by the next run. */
    enum umm_status status = check_header(grow, err);
    if (status)
        return status;
    grow->is_header_open = true;
    if (change)
        status = put(grow, grow->between, grow->header_bytes, 0, err);
    if (!status && change)
        status = put_rows(grow, change, change->rows, err);
    if (!status)
        status = put(grow, grow->next, grow->header_bytes, 0, err);
    if (status) {
        restore(grow, change);
        return status;
    }
    char *old = grow->header;
    grow->header = grow->next;
    grow->next = old;
    grow->n_old = grow->rows.n_rows;
    if (grow->size_bytes < place_of(grow, grow->n_old))
        grow->size_bytes = place_of(grow, grow->n_old);
    grow->is_header_open = false;
    return UMM_OK;
}

enum umm_status umm_grow_commit(struct umm_grow *grow, const struct umm_grow_change *change,
                                struct umm_error *err)
{
    enum umm_status status = umm_grow_prepare(grow, change, err);
    if (!status)
        status = umm_grow_count(grow, change, err);
    return status ? status : umm_file_check_named(grow->fd, grow->path, err);
}

/* ---- the end ----------------------------------------------------------------------- */

/* What was written after the array and never counted, by no other program either. */
static void cut_uncounted(const struct umm_grow *grow)
{
    const bool is_longer = grow->fd >= 0 && grow->rows.n_rows != grow->n_old;
    if (!is_longer || grow->is_header_open || place_of(grow, grow->n_old) > grow->size_bytes)
        return;
    if (check_header(grow, NULL) == UMM_OK)
        umm_file_cut_back(grow->fd, grow->path, grow->size_bytes);
}

void umm_grow_close(struct umm_grow *grow)
{
    cut_uncounted(grow);
    umm_rowfile_close(&grow->rows);
    umm_npy_free(&grow->npy);
    free(grow->header);
    free(grow->next);
    free(grow->between);
    free(grow->model);
    free(grow->changed);
    umm_file_close(&grow->fd);
    umm_lock_release(&grow->lock);
    *grow = (struct umm_grow){.fd = -1, .rows = {.fd = -1}};
}
