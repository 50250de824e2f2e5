/* SPDX-License-Identifier: MIT */
#include "batch/batchjournal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/output.h"
#include "base/error.h"
#include "batch/batchjournal_lines.h"
#include "format/reserved.h"
#include "sys/file.h"
#include "sys/trust.h"

/* ---- lines ----------------------------------------------------------------------- */

/* Add a line with its checksum. */
UMM_PRINTF(3, 4)
static void add_line(struct umm_textbuf *lines, uint64_t seed, const char *fmt, ...)
{
    char line[UMM_BATCHJOURNAL_LINE_MAX];
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    const size_t len = n > 0 && (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    umm_textbuf_add(lines, "%.*s %08" PRIx32 "\n", (int)len, line,
                    umm_batchjournal_check(line, len, seed));
}

void umm_batchjournal_start(struct umm_batchjournal *journal, const struct umm_batch_flight *flight)
{
    if (journal->is_open)
        add_line(&journal->lines, journal->seed,
                 "start %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu64 " %" PRIu64, flight->first,
                 flight->n, flight->pid, flight->from_ticks, flight->until_ticks);
}

void umm_batchjournal_done(struct umm_batchjournal *journal, uint64_t first, uint64_t n,
                           uint64_t time_us, uint64_t peak_rss_bytes)
{
    if (journal->is_open)
        add_line(&journal->lines, journal->seed,
                 "done %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, first, n, time_us,
                 peak_rss_bytes);
}

void umm_batchjournal_again(struct umm_batchjournal *journal, uint64_t first, uint64_t n)
{
    if (journal->is_open)
        add_line(&journal->lines, journal->seed, "again %" PRIu64 " %" PRIu64, first, n);
}

void umm_batchjournal_fail(struct umm_batchjournal *journal, uint64_t item, uint64_t n_tries,
                           const char *reason)
{
    if (journal->is_open)
        add_line(&journal->lines, journal->seed, "fail %" PRIu64 " %" PRIu64 " %s", item, n_tries,
                 reason);
}

void umm_batchjournal_end(struct umm_batchjournal *journal)
{
    if (journal->is_open)
        add_line(&journal->lines, journal->seed, "end");
}

enum umm_status umm_batchjournal_begin(struct umm_batchjournal *journal,
                                       const struct umm_batch_runner *runner, bool is_retrying,
                                       struct umm_error *err)
{
    if (!journal->is_open)
        return UMM_OK;
    enum umm_status status = umm_batchjournal_sync(journal, err);
    if (status)
        return status;
    add_line(&journal->lines, journal->seed, "run %s %" PRIu64 " %" PRIu32 " %016" PRIx64,
             runner->boot, runner->pid_namespace, runner->session, runner->mark);
    if (is_retrying)
        add_line(&journal->lines, journal->seed, "retry");
    return umm_batchjournal_flush(journal, err);
}

/* ---- the file -------------------------------------------------------------------- */

enum umm_status umm_batchjournal_flush(struct umm_batchjournal *journal, struct umm_error *err)
{
    struct umm_textbuf *lines = &journal->lines;
    if (!journal->is_open)
        return UMM_OK;
    if (lines->is_failed)
        return umm_error_set_memory(err, lines->cap_bytes, "lines of a journal");
    if (lines->len_bytes == 0)
        return UMM_OK;
    const enum umm_status status = umm_file_pwrite_all(journal->fd, journal->path, lines->text,
                                                       lines->len_bytes, journal->len_bytes, err);
    if (status) {
        umm_file_cut_back(journal->fd, journal->path, journal->len_bytes);
        return status;
    }
    journal->len_bytes += lines->len_bytes;
    journal->is_unsynced = true;
    lines->len_bytes = 0;
    return UMM_OK;
}

enum umm_status umm_batchjournal_sync(struct umm_batchjournal *journal, struct umm_error *err)
{
    enum umm_status status = umm_batchjournal_flush(journal, err);
    if (!status && journal->is_unsynced)
        status = umm_file_sync_data(journal->fd, journal->path, err);
    if (status || !journal->is_unsynced)
        return status;
    journal->is_unsynced = false;
    /* Goes out with what comes next. */
    add_line(&journal->lines, journal->seed, "synced");
    return UMM_OK;
}

/* The first lines, as a file that is there whole or not at all. */
static enum umm_status create(struct umm_batchjournal *journal,
                              const struct umm_batchjournal_key *key, struct umm_run *run,
                              struct umm_error *err)
{
    const struct umm_outfile_options synced = {.is_synced = true};
    char line[UMM_BATCHJOURNAL_LINE_MAX];
    struct umm_textbuf *lines = &journal->lines;
    struct umm_outfile file = {0};
    (void)umm_batchjournal_describe(key, line);
    umm_textbuf_add(lines, "%s", umm_batchjournal_magic);
    add_line(lines, 0, "%s", line);
    if (lines->is_failed)
        return umm_error_set_memory(err, lines->cap_bytes, "lines of a journal");
    enum umm_status status = umm_output_open_text(&file, journal->path, run, err);
    if (!status && umm_outfile_is_stream(&file))
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, journal->path,
                                    "is not a regular file, and so no journal");
    if (!status)
        status = umm_file_write_all(umm_outfile_fd(&file), journal->path, lines->text,
                                    lines->len_bytes, err);
    if (!status)
        status = umm_outfile_commit(&file, &synced, NULL, err);
    else
        umm_outfile_abort(&file);
    journal->len_bytes = lines->len_bytes;
    lines->len_bytes = 0;
    return status;
}

/* What is there, if anything: a foreign file is not believed, a FIFO would be waited for. */
static enum umm_status load(const char *path, const struct umm_batchjournal_key *key,
                            struct umm_batchjournal_past *past, struct umm_error *err)
{
    const uint64_t most = (uint64_t)1 << 40;
    struct umm_error own = {.status = UMM_OK};
    struct umm_file_info info;
    void *bytes = NULL;
    size_t len;
    int fd = -1;
    enum umm_status status = umm_trust_open_read(path, NULL, &fd, &info, &own);
    if (status == UMM_ERR_SYSTEM && own.sys_errno == ENOENT)
        return UMM_OK;
    if (!status && info.kind != UMM_FILE_REGULAR)
        status = umm_error_set_path(&own, UMM_ERR_CONFLICT, path,
                                    "is not a regular file, and so no journal");
    if (!status)
        status = umm_file_read_whole_fd(fd, path, most, &bytes, &len, &own);
    if (!status)
        status = umm_batchjournal_parse(bytes, len, path, key, past, &own);
    umm_file_close(&fd);
    free(bytes);
    if (status && err)
        *err = own;
    return status;
}

static enum umm_status open_update(struct umm_batchjournal *journal, struct umm_error *err)
{
    struct umm_file_info info;
    enum umm_status status = umm_file_open_update(journal->path, &journal->fd, &info, err);
    if (!status && info.size_bytes < journal->len_bytes)
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, journal->path,
                                    "another program has replaced the journal");
    if (!status && info.size_bytes > journal->len_bytes)
        status = umm_file_truncate(journal->fd, journal->path, journal->len_bytes, err);
    return status;
}

enum umm_status umm_batchjournal_open(struct umm_batchjournal *journal, const char *path,
                                      const struct umm_batchjournal_key *key,
                                      enum umm_lock_wait wait, struct umm_run *run,
                                      struct umm_batchjournal_past *past, struct umm_error *err)
{
    char line[UMM_BATCHJOURNAL_LINE_MAX];
    *journal = (struct umm_batchjournal){.is_open = true, .path = path, .fd = -1};
    *past = (struct umm_batchjournal_past){.is_there = false};
    journal->seed = umm_batchjournal_describe(key, line);
    enum umm_status status = umm_reserved_check_path(path, err);
    if (!status)
        status = umm_lock_take(&journal->lock, path, wait, run, err);
    if (!status)
        status = load(path, key, past, err);
    journal->len_bytes = past->len_bytes;
    journal->is_unsynced = past->is_there;
    if (!status && !past->is_there)
        status = create(journal, key, run, err);
    if (!status)
        status = open_update(journal, err);
    if (status)
        umm_batchjournal_close(journal);
    return status;
}

void umm_batchjournal_close(struct umm_batchjournal *journal)
{
    if (!journal->is_open)
        return;
    umm_file_close(&journal->fd);
    umm_lock_release(&journal->lock);
    umm_textbuf_free(&journal->lines);
    journal->is_open = false;
}
