/* SPDX-License-Identifier: MIT */
/*
 * archive_append.h - rows of files and pipes into an archive.
 *
 * Where rows have a time (see arraycolumn.h), an archive's go on in time: rows not newer
 * than its last are compared with those it has, so that the same input again changes
 * nothing. Without one, all rows are new.
 *
 * What comes from a pipe is stored as it comes, if it is compressed when all of it has; files are
 * stored whole or not at all.
 */
#ifndef UMM_ARCHIVEJOB_ARCHIVE_APPEND_H
#define UMM_ARCHIVEJOB_ARCHIVE_APPEND_H

#include "archive/archive_writer.h"
#include "array/overlap.h"
#include "convert/rowsource.h"
#include "umm.h"

/*
 * is_sync_always    rows are durable, in the journal, before more are read
 * flush_*           rows of a pipe wait for a frame until so many are there, or bytes, or
 *                   for so long; 0: until a frame is full, or the end. Those that were in
 *                   the journal count, and have waited since the append began
 * is_journal_kept   rows that fill no frame may stay in the journal at the end, until so
 *                   many are there, or bytes
 * is_if_changed     an archive that gets no row keeps its time, even if it is older than an input
 * revision          what becomes of rows that differ from those there: only KEEP lets them be,
 *                   as frames are not rewritten
 */
struct umm_archive_append_options {
    const char *const *inputs; /* "-" is standard input */
    size_t n_inputs;
    struct umm_archive_writer_options writer;
    struct umm_rowsource_options source;
    bool is_sync_always;
    uint64_t flush_rows, flush_bytes, flush_age_ns;
    bool is_journal_kept;
    enum umm_revision revision;
    bool is_if_changed;
};

struct umm_archive_append_result {
    uint64_t n_rows;     /* that the archive has now */
    uint64_t n_appended; /* of these */
    uint64_t n_same, n_revised, n_rejected;
    uint64_t n_passed_over, n_held_bytes; /* of text: rows of others, a last line's bytes */
    uint64_t n_in_journal;                /* of its rows */
    uint64_t size_bytes, content_bytes;
    uint64_t framed_bytes; /* of the content, that are in frames */
    double seconds;
};

/*
 * Append. UMM_ERR_CONFLICT: rows of another type, or other than those that the archive
 * has of their time; UMM_ERR_DATA: rows out of order. When a pipe is cancelled, what came
 * before is stored.
 */
UMM_MUST_USE enum umm_status umm_archive_append(const char *path,
                                                const struct umm_archive_append_options *options,
                                                struct umm_run *run,
                                                struct umm_archive_append_result *result,
                                                struct umm_error *err);

#endif
