/* SPDX-License-Identifier: MIT */
/*
 * archive_check.h - whether an archive is sound, mending one, and writing one anew.
 */
#ifndef UMM_ARCHIVE_ARCHIVE_CHECK_H
#define UMM_ARCHIVE_ARCHIVE_CHECK_H

#include "archive/archive_writer.h"
#include "umm.h"

/* What an archive holds. first and last are times of rows, if those have any. */
struct umm_archive_stat {
    uint64_t n_rows, n_framed, n_frames, n_in_journal;
    uint64_t rows_per_frame, row_bytes;
    uint64_t size_bytes, journal_bytes, content_bytes;
    uint64_t framed_bytes; /* of the content, that are in frames */
    bool is_table_sound;   /* the file ends in its table: else an append goes on, or was killed */
    bool has_time;
    struct umm_time first, last;
};

UMM_MUST_USE enum umm_status umm_archive_stat(const char *path, struct umm_archive_stat *stat,
                                              struct umm_error *err);

/* One frame, as umm_archive_list tells of it. The last may have fewer rows. */
struct umm_archive_frame {
    uint64_t index, first_row, n_rows;
    uint64_t offset_bytes, packed_bytes, content_bytes;
};

/* Tell of each frame in order; tell may end it by returning false. */
UMM_MUST_USE enum umm_status
umm_archive_list(const char *path, bool (*tell)(void *user, const struct umm_archive_frame *frame),
                 void *user, struct umm_error *err);

/*
 * Unpack every frame and compare both of its checksums, and each other byte of the file with what
 * it has to be: what other readers of zstd, and of its seekable format, read of it is the same
 * then. UMM_ERR_DATA: the first frame that is damaged, or a journal that is, or a file that does
 * not end in its table. An append that is under way and has a journal is not waited for: stat says
 * that the file does not end in its table then.
 */
UMM_MUST_USE enum umm_status umm_archive_verify(const char *path, struct umm_run *run,
                                                struct umm_archive_stat *stat,
                                                struct umm_error *err);

/*
 * n_lost      rows that the header counted and that were cut off with the end of the file
 * damaged_at  the byte of the journal where damage was, and rows after it were discarded;
 *             0: none were
 * n_dropped   how many, 0 when that is not known
 */
struct umm_archive_repair_result {
    bool is_changed;
    uint64_t n_rows, n_lost;
    uint64_t damaged_at, n_dropped;
};

/*
 * Finish what a killed append left: frames after the counted ones go, rows of the journal
 * come into frames, the table is written. No stored row is lost. With
 * options->is_torn_taken, umm_archive_mend comes first, a file that was cut becomes an archive of
 * the frames that are whole, and of a journal that is damaged the rows before that are taken. Does
 * nothing to a sound archive without a journal. Frames that are damaged are an error of
 * umm_archive_verify.
 */
UMM_MUST_USE enum umm_status umm_archive_repair(const char *path,
                                                const struct umm_archive_writer_options *options,
                                                struct umm_run *run,
                                                struct umm_archive_repair_result *result,
                                                struct umm_error *err);

/*
 * Write the archive anew, packed at options->level, and put it in the old one's place,
 * with its permission bits.
 * Readers keep the old one until they open it again.
 */
UMM_MUST_USE enum umm_status umm_archive_compact(const char *path,
                                                 const struct umm_archive_writer_options *options,
                                                 struct umm_run *run, struct umm_error *err);

#endif
