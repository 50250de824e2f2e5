/* SPDX-License-Identifier: MIT */
/* A writer's journal: rows are durable there until frames have them. */
#include "archive/archive_journal.h"
#include "archive/archive_writer.h"
#include "base/error.h"
#include "sys/file.h"
#include "sys/uptodate.h"

static uint64_t begin_of_tail(const struct umm_archive *archive)
{
    return (uint64_t)archive->n_full * archive->rows_per_frame;
}

/* ---- the journal ------------------------------------------------------------------ */

static enum umm_status open_journal(struct umm_archive_writer *writer, struct umm_error *err)
{
    if (writer->journal_fd >= 0)
        return UMM_OK;
    struct umm_file_info info;
    enum umm_status status =
        umm_file_open_update(writer->journal_path, &writer->journal_fd, &info, err);
    if (!status)
        status = umm_file_truncate(writer->journal_fd, writer->journal_path,
                                   writer->archive.journal_bytes, err);
    return status;
}

/* A journal of the rows from..to, which are in the tail, in place of the one there is. */
static enum umm_status new_journal(struct umm_archive_writer *writer, uint64_t from, uint64_t to,
                                   struct umm_error *err)
{
    struct umm_archive *a = &writer->archive;
    umm_file_close(&writer->journal_fd);
    enum umm_status status =
        umm_journal_create(writer->journal_path, a->fd, from, umm_archive_anchor(a, from),
                           a->tail + (size_t)(from - begin_of_tail(a)) * a->row_bytes,
                           (size_t)(to - from), a->row_bytes, &a->journal_bytes, err);
    if (status)
        return status;
    a->journal_first = from;
    a->journal_rows = to - from;
    return open_journal(writer, err);
}

void umm_archive_writer_drop_journal(struct umm_archive_writer *writer)
{
    umm_file_close(&writer->journal_fd);
    if (writer->archive.journal_bytes)
        umm_file_discard(writer->journal_path);
    writer->archive.journal_bytes = 0;
    writer->archive.journal_rows = 0;
}

enum umm_status umm_archive_writer_protect(struct umm_archive_writer *writer, struct umm_error *err)
{
    struct umm_archive *a = &writer->archive;
    uint64_t begin = begin_of_tail(a), end = a->journal_first + a->journal_rows;
    if (writer->n_stored <= begin)
        return UMM_OK;
    bool is_there = a->journal_bytes && a->journal_first <= begin && end >= begin;
    if (!is_there)
        return new_journal(writer, begin, writer->n_stored, err);
    if (end >= writer->n_stored)
        return UMM_OK;
    enum umm_status status = open_journal(writer, err);
    if (!status)
        status = umm_journal_append(writer->journal_fd, writer->journal_path, end,
                                    a->tail + (size_t)(end - begin) * a->row_bytes,
                                    (size_t)(writer->n_stored - end), a->row_bytes,
                                    &a->journal_bytes, err);
    if (!status)
        a->journal_rows = writer->n_stored - a->journal_first;
    return status;
}

enum umm_status umm_archive_writer_journal(struct umm_archive_writer *writer, struct umm_error *err)
{
    struct umm_archive *a = &writer->archive;
    uint64_t begin = begin_of_tail(a), end = a->journal_first + a->journal_rows;
    enum umm_status status = UMM_OK;
    if (!a->journal_bytes || end != writer->n_stored)
        status = new_journal(writer, writer->n_stored, a->n_rows, err);
    else
        status = open_journal(writer, err);
    if (!status && a->journal_first + a->journal_rows != a->n_rows)
        status =
            umm_journal_append(writer->journal_fd, writer->journal_path, end,
                               a->tail + (size_t)(end - begin) * a->row_bytes,
                               (size_t)(a->n_rows - end), a->row_bytes, &a->journal_bytes, err);
    if (!status)
        status = umm_file_check_named(writer->journal_fd, writer->journal_path, err);
    if (!status)
        status = umm_file_check_named(writer->fd, a->path, err);
    if (status)
        return status;
    a->journal_rows = a->n_rows - a->journal_first;
    writer->n_stored = a->n_rows;
    /* The archive is another now, though its file is not. */
    umm_uptodate_touch(a->path);
    return UMM_OK;
}
