/* SPDX-License-Identifier: MIT */
/*
 * archive_writer.h - rows into an archive, safe against a kill at any moment.
 *
 *     push ... push   rows into memory; what fills frames is packed after the full ones
 *     store           what was pushed is durable, in the journal
 *     commit          what was pushed is durable: in frames, or in the journal
 *
 * A commit writes frames and table, syncs, rewrites the header, syncs. Rows that were
 * neither stored nor committed are dropped by umm_archive_writer_close, as by a kill.
 * The archive's lock is held from open to close. One thread at a time; frames are packed
 * on several.
 */
#ifndef UMM_ARCHIVE_ARCHIVE_WRITER_H
#define UMM_ARCHIVE_ARCHIVE_WRITER_H

#include "archive/archive.h"
#include "sys/lock.h"
#include "umm.h"

struct umm_archive_writer_options {
    int level;           /* of zstd; 0: UMM_ZSTD_LEVEL */
    uint32_t frame_rows; /* of a new archive, at most UMM_ARCHIVE_FRAME_ROWS; 0: that */
    enum umm_lock_wait lock_wait;
    bool is_torn_taken; /* as umm_archive_open_torn, after umm_archive_mend */
};

struct umm_archive_writer {
    struct umm_archive archive;
    struct umm_archive_writer_options options;
    struct umm_run *run;
    struct umm_lock lock;
    int fd;             /* of the archive, for writing */
    int journal_fd;     /* for writing; -1: none yet */
    char *journal_path; /* owned */
    uint64_t n_stored;  /* rows that are durable */
    uint64_t n_packed;  /* rows in full frames that the header does not count yet */
    bool is_created;    /* by this writer, and without rows so far */
    bool is_finished;   /* an append that was killed before its header, by this writer */
    bool is_mended;     /* head or table were damaged; mended by this writer */
    bool is_ready;      /* it was opened without an error */
    bool is_dirty;      /* the file's end is not what the header says */
    bool is_counting;   /* the header may be another one on the disk */
    unsigned n_threads;
    struct umm_zstd_packer **packers; /* one a thread */
    char **packed;                    /* a frame each */
    size_t *packed_bytes;
};

/*
 * Open the archive at path (which must live until the close) for rows of type *npy, whose
 * shape[0] does not matter; make it when it does not exist and npy is not NULL.
 * UMM_ERR_CONFLICT: an archive of other rows. What a killed writer left after the last
 * row is discarded, unless it is whole and the table has it: then the header counts it now. Close
 * it after any open.
 */
UMM_MUST_USE enum umm_status
umm_archive_writer_open(struct umm_archive_writer *writer, const char *path,
                        const struct umm_npy *npy, const struct umm_archive_writer_options *options,
                        struct umm_run *run, struct umm_error *err);

/*
 * Take the memory of a frame now: room for its rows, and what zstd needs for the first.
 * Pushing and storing fewer rows at a time then does not allocate any.
 */
UMM_MUST_USE enum umm_status umm_archive_writer_warm(struct umm_archive_writer *writer,
                                                     struct umm_error *err);

/*
 * A store or a commit of an archive that was removed or replaced meanwhile is
 * UMM_ERR_CONFLICT: its rows are in a file that nobody finds. Its journal stays.
 */

/* Take n rows. After a failure of this or the next two, only close it. */
UMM_MUST_USE enum umm_status umm_archive_writer_push(struct umm_archive_writer *writer,
                                                     const char *rows, size_t n,
                                                     struct umm_error *err);

/*
 * Make what was pushed durable in the journal: quick for a few rows. The archive has the time of
 * that, though nothing but the journal was written.
 */
UMM_MUST_USE enum umm_status umm_archive_writer_store(struct umm_archive_writer *writer,
                                                      struct umm_error *err);

/*
 * Make what was pushed durable. With is_flush all rows are in frames afterwards, so that
 * zstd -d gives all of them; else rows that fill no frame may stay in the journal.
 */
UMM_MUST_USE enum umm_status umm_archive_writer_commit(struct umm_archive_writer *writer,
                                                       bool is_flush, struct umm_error *err);

/*
 * Let go. Rows neither stored nor committed are dropped and the file ends in a sound table
 * again, as far as that can be written: with what is stored in frames, or, where there is no
 * room for that, with the frames it had. Removes an archive that this writer made if it
 * has no rows. Safe after a failed open.
 */
void umm_archive_writer_close(struct umm_archive_writer *writer);

/* ---- the journal, for archive_writer.c ------------------------------------------- */

/*
 * Before the last frame is overwritten: its rows, and all others that are durable, must
 * be in the journal.
 */
UMM_MUST_USE enum umm_status umm_archive_writer_protect(struct umm_archive_writer *writer,
                                                        struct umm_error *err);

/*
 * Make what was pushed durable in the journal, which goes on where the last durable row is: rows
 * in no frame, less than a frame of them.
 */
UMM_MUST_USE enum umm_status umm_archive_writer_journal(struct umm_archive_writer *writer,
                                                        struct umm_error *err);

/* Remove the journal, when frames have all its rows. */
void umm_archive_writer_drop_journal(struct umm_archive_writer *writer);

#endif
