/* SPDX-License-Identifier: MIT */
#include "convert/quarantine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/output.h"
#include "base/error.h"
#include "sys/file.h"

/* So many rows that a write costs little beside reading them. */
enum { BUFFER_BYTES = 64 * 1024 };

enum umm_status umm_quarantine_open(struct umm_quarantine *quarantine, const char *path,
                                    struct umm_run *run, struct umm_error *err)
{
    memset(quarantine, 0, sizeof *quarantine);
    quarantine->path = path;
    quarantine->run = run;
    return umm_output_open_text(&quarantine->out, path, run, err);
}

enum umm_status umm_quarantine_set_header(struct umm_quarantine *quarantine, const char *text,
                                          size_t len_bytes, struct umm_error *err)
{
    if (quarantine->header && quarantine->header_len == len_bytes + 1 &&
        memcmp(quarantine->header, text, len_bytes) == 0)
        return UMM_OK;
    /* Rows of both under one header could be read as something else later. */
    if (quarantine->header)
        return umm_error_set(err, UMM_ERR_DATA,
                             "the header differs from the first file's, so that one quarantine "
                             "cannot hold the rows of both: convert it by itself");
    quarantine->header = malloc(len_bytes + 1);
    if (!quarantine->header)
        return umm_error_set_memory(err, len_bytes + 1, "the quarantine's header");
    memcpy(quarantine->header, text, len_bytes);
    quarantine->header[len_bytes] = '\n';
    quarantine->header_len = len_bytes + 1;
    return UMM_OK;
}

static enum umm_status write_out(struct umm_quarantine *quarantine, const char *text,
                                 size_t len_bytes, struct umm_error *err)
{
    return umm_file_write_stream(umm_outfile_fd(&quarantine->out), quarantine->path,
                                 quarantine->run, text, len_bytes, err);
}

static enum umm_status flush(struct umm_quarantine *quarantine, struct umm_error *err)
{
    const size_t n = quarantine->n_buffered;
    quarantine->n_buffered = 0;
    return n ? write_out(quarantine, quarantine->buffer, n, err) : UMM_OK;
}

static enum umm_status put(struct umm_quarantine *quarantine, const char *text, size_t len_bytes,
                           struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    if (len_bytes > BUFFER_BYTES - quarantine->n_buffered)
        status = flush(quarantine, err);
    if (status)
        return status;
    if (len_bytes > BUFFER_BYTES)
        return write_out(quarantine, text, len_bytes, err);
    memcpy(quarantine->buffer + quarantine->n_buffered, text, len_bytes);
    quarantine->n_buffered += len_bytes;
    return UMM_OK;
}

enum umm_status umm_quarantine_add(struct umm_quarantine *quarantine,
                                   const struct umm_error *reason, const char *row,
                                   size_t len_bytes, struct umm_error *err)
{
    char path[UMM_ERROR_PATH_MAX], comment[UMM_ERROR_PATH_MAX + UMM_ERROR_MESSAGE_MAX + 64];
    enum umm_status status = UMM_OK;
    if (!quarantine->buffer && !(quarantine->buffer = malloc(BUFFER_BYTES)))
        return umm_error_set_memory(err, BUFFER_BYTES, "rejected rows");
    umm_escape(path, sizeof path, reason->path, strlen(reason->path));
    int len = snprintf(comment, sizeof comment, "# %s:%" PRIu64 ":%" PRIu64 ": %s\n", path,
                       reason->line, reason->column, reason->message);
    if (!quarantine->has_rows && quarantine->header)
        status = put(quarantine, quarantine->header, quarantine->header_len, err);
    quarantine->has_rows = true;
    if (!status)
        status = put(quarantine, comment, (size_t)len, err);
    if (!status)
        status = put(quarantine, row, len_bytes, err);
    if (!status)
        status = put(quarantine, "\n", 1, err);
    return status || !umm_outfile_is_stream(&quarantine->out) ? status : flush(quarantine, err);
}

enum umm_status umm_quarantine_commit(struct umm_quarantine *quarantine, bool is_synced,
                                      struct umm_error *err)
{
    struct umm_outfile_options options = {.is_synced = is_synced};
    bool is_changed;
    enum umm_status status = flush(quarantine, err);
    return status ? status : umm_outfile_commit(&quarantine->out, &options, &is_changed, err);
}

void umm_quarantine_close(struct umm_quarantine *quarantine)
{
    umm_outfile_abort(&quarantine->out);
    free(quarantine->header);
    free(quarantine->buffer);
    quarantine->header = quarantine->buffer = NULL;
    quarantine->n_buffered = 0;
}
