/* SPDX-License-Identifier: MIT */
#include "array/appender.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "format/guard.h"
#include "sys/file.h"
#include "sys/outfile.h"
#include "text/print.h"

/* ---- opening ---------------------------------------------------------------------- */

static enum umm_status create(const char *path, const struct umm_npy *npy, bool is_synced,
                              struct umm_error *err)
{
    const struct umm_outfile_options options = {.is_synced = is_synced};
    struct umm_outfile out;
    struct umm_npy empty = *npy; /* shares the fields */
    char *text;
    size_t len;
    empty.shape[0] = 0;
    enum umm_status status = umm_npy_format(&empty, UMM_NPY_ALIGN, &text, &len, err);
    if (status)
        return status;
    status = umm_outfile_open(&out, path, NULL, err);
    if (!status)
        status = umm_outfile_finish(&out, text, len, &options, NULL, err);
    free(text);
    return status;
}

static enum umm_status find_or_create(const char *path, const struct umm_npy *npy, bool is_synced,
                                      struct umm_error *err)
{
    struct umm_file_info info;
    bool is_there;
    enum umm_status status = umm_file_find(path, &is_there, &info, err);
    return status || is_there ? status : create(path, npy, is_synced, err);
}

/* What a killed appender left behind the array gives way; another array does not. */
static enum umm_status check_end(const struct umm_appender *appender, uint64_t size_bytes,
                                 uint64_t end, struct umm_error *err)
{
    char magic[6];
    if (size_bytes == end)
        return UMM_OK;
    if (size_bytes - end >= sizeof magic) {
        enum umm_status status =
            umm_file_pread_all(appender->fd, appender->path, magic, sizeof magic, end, err);
        if (status)
            return status;
        if (memcmp(magic, "\x93NUMPY", sizeof magic) == 0)
            return umm_error_set_path(err, UMM_ERR_CONFLICT, appender->path,
                                      "holds more than one array, and cannot be appended to");
    }
    return umm_file_truncate(appender->fd, appender->path, end, err);
}

static enum umm_status check_type(const struct umm_appender *appender, const struct umm_npy *has,
                                  const struct umm_npy *wanted, struct umm_error *err)
{
    if (has->is_fortran && has->n_dims > 1)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, appender->path,
                                  "a Fortran-order array cannot be appended to");
    if (has->has_titles || !umm_npy_same_type(has, wanted))
        return umm_npy_refuse_rows(err, appender->path, "the array", has, wanted);
    return UMM_OK;
}

/*
 * A header as this library writes it, of which only the count and the blanks at its end
 * change: "... 'shape': (" count ", 6), }" blanks "\n". Names may hold what looks like
 * it, so the last one counts.
 */
static enum umm_status find_count(struct umm_appender *appender, struct umm_error *err)
{
    static const char before[] = "'shape': (";
    const size_t n = sizeof before - 1;
    size_t at = appender->header_bytes;
    while (at > n && memcmp(appender->header + at - n, before, n) != 0)
        at--;
    size_t rest = at, end = appender->header_bytes - 1;
    while (rest < end && appender->header[rest] >= '0' && appender->header[rest] <= '9')
        rest++;
    while (end > rest && appender->header[end - 1] == ' ')
        end--;
    if (at <= n || rest == at)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, appender->path, "has no row count");
    appender->count_at = at;
    appender->rest_at = rest;
    appender->rest_bytes = end - rest;
    return UMM_OK;
}

static enum umm_status take_header(struct umm_appender *appender, struct umm_npy *npy,
                                   struct umm_error *err)
{
    enum umm_status status = umm_npy_format_exact(npy, npy->data_offset_bytes, &appender->header,
                                                  &appender->header_bytes, err);
    if (status)
        return status;
    appender->next_header = malloc(appender->header_bytes);
    if (!appender->next_header)
        return umm_error_set_memory(err, appender->header_bytes, "a header");
    appender->row_bytes = (size_t)umm_npy_row_bytes(npy);
    appender->n_rows = appender->n_pushed = npy->shape[0];
    return find_count(appender, err);
}

enum umm_status umm_appender_open(struct umm_appender *appender, const char *path,
                                  const struct umm_npy *npy,
                                  const struct umm_appender_options *options, struct umm_run *run,
                                  struct umm_error *err)
{
    struct umm_file_info info;
    struct umm_npy has = {0};
    *appender = (struct umm_appender){.path = path, .fd = -1};
    if (options)
        appender->options = *options;
    enum umm_status status = umm_guard_path(path, err);
    if (!status)
        status = umm_lock_take(&appender->lock, path, appender->options.lock_wait, run, err);
    if (!status)
        status = find_or_create(path, npy, !appender->options.is_unsynced, err);
    if (!status)
        status = umm_file_open_update(path, &appender->fd, &info, err);
    if (!status)
        status = umm_npy_read(appender->fd, path, &has, err);
    if (!status)
        status = check_type(appender, &has, npy, err);
    if (!status)
        status = take_header(appender, &has, err);
    if (!status)
        status = check_end(appender, info.size_bytes,
                           has.data_offset_bytes + umm_npy_data_bytes(&has), err);
    umm_npy_free(&has);
    return status;
}

/* ---- rows ------------------------------------------------------------------------- */

static uint64_t place_of(const struct umm_appender *appender, uint64_t row)
{
    return appender->header_bytes + row * appender->row_bytes;
}

enum umm_status umm_appender_push(struct umm_appender *appender, const void *row,
                                  struct umm_error *err)
{
    enum umm_status status =
        umm_file_pwrite_all(appender->fd, appender->path, row, appender->row_bytes,
                            place_of(appender, appender->n_pushed), err);
    if (!status)
        appender->n_pushed++;
    return status;
}

static size_t count_digits(uint64_t n)
{
    char digits[UMM_PRINT_U64_MAX];
    return (size_t)(umm_print_u64(digits, n) - digits);
}

/* The header that counts n_pushed rows; false when the blanks are used up. */
static bool make_header(struct umm_appender *appender)
{
    size_t n = count_digits(appender->n_pushed);
    size_t used = appender->count_at + n + appender->rest_bytes;
    char *p = appender->next_header;
    if (used + 1 > appender->header_bytes)
        return false;
    memcpy(p, appender->header, appender->count_at);
    umm_print_u64(p + appender->count_at, appender->n_pushed);
    memcpy(p + appender->count_at + n, appender->header + appender->rest_at, appender->rest_bytes);
    memset(p + used, ' ', appender->header_bytes - 1 - used);
    p[appender->header_bytes - 1] = '\n';
    return true;
}

static enum umm_status sync_data(const struct umm_appender *appender, struct umm_error *err)
{
    return appender->options.is_unsynced ? UMM_OK
                                         : umm_file_sync_data(appender->fd, appender->path, err);
}

static enum umm_status count_pushed(struct umm_appender *appender, struct umm_error *err)
{
    if (!make_header(appender))
        return umm_error_set_path(err, UMM_ERR_CONFLICT, appender->path,
                                  "its header has no room for more rows");
    enum umm_status status = sync_data(appender, err);
    /* A lower count than another program's would have its rows cut off by the next open. */
    if (!status)
        status = umm_npy_check_rows(appender->fd, appender->path, appender->n_rows, err);
    if (status)
        return status;
    appender->is_header_open = true;
    status = umm_file_pwrite_all(appender->fd, appender->path, appender->next_header,
                                 appender->header_bytes, 0, err);
    if (!status)
        status = sync_data(appender, err);
    if (status) {
        /* Back to the count that was reported, as far as the device lets us. */
        (void)!umm_file_pwrite_all(appender->fd, appender->path, appender->header,
                                   appender->header_bytes, 0, NULL);
        return status;
    }
    char *old = appender->header;
    appender->header = appender->next_header;
    appender->next_header = old;
    appender->rest_at = appender->count_at + count_digits(appender->n_pushed);
    appender->n_rows = appender->n_pushed;
    appender->is_header_open = false;
    return UMM_OK;
}

enum umm_status umm_appender_commit(struct umm_appender *appender, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    if (appender->n_pushed != appender->n_rows)
        status = count_pushed(appender, err);
    return status ? status : umm_file_check_named(appender->fd, appender->path, err);
}

void umm_appender_close(struct umm_appender *appender)
{
    /* What a header may have counted is not cut: somebody may have it mapped. */
    if (appender->fd >= 0 && appender->n_pushed > appender->n_rows && !appender->is_header_open)
        umm_npy_cut_back(appender->fd, appender->path, appender->n_rows,
                         place_of(appender, appender->n_rows));
    free(appender->header);
    free(appender->next_header);
    umm_file_close(&appender->fd);
    umm_lock_release(&appender->lock);
    *appender = (struct umm_appender){.fd = -1};
}
