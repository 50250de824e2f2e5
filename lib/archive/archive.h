/* SPDX-License-Identifier: MIT */
/*
 * archive.h - rows in compressed frames: a file that zstd -d turns into an .npy.
 *
 *     ARCHIVE.npy.zst
 *     | NPY header | description | frame 0 | frame 1 | ... | last frame | seek table |
 *       raw frame    skippable     64K rows  64K rows        what is left
 *
 * The header's frame does not say how much it holds, so that a program which reads one frame and
 * takes it for the file refuses. In archives of earlier versions it does, and it stays so until
 * they are compacted, as a header is rewritten in place with the same length.
 *
 *     ARCHIVE.npy.zst.journal    rows that are in no frame yet; see archive_journal.h
 *
 * The header counts the rows that frames hold, and is what commits them: frames after
 * that count are what an unfinished append left. Full frames never change. The last
 * frame is overwritten by a fuller one, after its rows are in the journal; so at any moment
 * each stored row is in a full frame, the last frame or the journal.
 *
 *     rows  | full frames ............ | tail: last frame, journal |
 *           0                 n_full * rows_per_frame           n_rows
 *
 * The table is rewritten at every append and believed only if it fits; otherwise frames
 * are found by walking over them. It also has the header's checksum: a header that differs
 * from the table's in more than its count is damaged. A reader needs no lock: it reads the journal
 * first, then the header, then the frames, and begins again when the last frame changed meanwhile.
 *
 * The object holds the tail in memory: at most a frame of rows when read, and those of
 * the last frame only from the first read on that wants them. It belongs to one thread at
 * a time.
 */
#ifndef UMM_ARCHIVE_ARCHIVE_H
#define UMM_ARCHIVE_ARCHIVE_H

#include "format/npy.h"
#include "format/seekable.h"
#include "format/zstd.h"
#include "sys/file.h"
#include "umm.h"

enum {
    UMM_ARCHIVE_FRAME_ROWS = 65536,
    UMM_ARCHIVE_FRAME_BYTES_MAX = 16 * 1024 * 1024, /* wider rows make frames of fewer */
    UMM_ARCHIVE_ROW_BYTES_MAX = 1024 * 1024,
    UMM_ARCHIVE_DESCRIPTION_BYTES = 48,
    UMM_ARCHIVE_OWN_FRAMES = 2, /* header and description also have entries in the table */
    UMM_ARCHIVE_HEAD_BYTES_MAX =
        UMM_ZSTD_RAW_MAX + UMM_ZSTD_RAW_EXTRA + UMM_ARCHIVE_DESCRIPTION_BYTES
};

/* The last frame, if the header counts rows after the full ones. */
struct umm_archive_last {
    size_t n_rows; /* 0: there is none */
    uint64_t offset;
    struct umm_seekable_entry entry;
};

/*
 * n_framed          rows that the header counts
 * n_rows            with those of the journal
 * n_table_rows      rows that frames have by the table, if that is of another header; or 0
 * own               the entries that header and description have to have in the table
 * entries, offsets  of the n_full full frames; offsets has one more, where they end
 * tail              the rows after the full frames; last.n_rows of them are yet to be unpacked
 * journal_first     the first row of the journal, and how many it has
 * n_lost            rows that the header counts, and that a file that was cut has no more
 * n_dropped         rows after damage of the journal, as far as they are known; it is at
 *                   damaged_at of it, unless that is 0
 */
struct umm_archive {
    const char *path; /* borrowed */
    int fd;
    struct umm_npy npy; /* shape[0] is n_framed */
    size_t row_bytes;
    uint32_t rows_per_frame;
    bool is_header_sized; /* the header's frame says how much it holds */
    bool is_ours;         /* a head that cannot be read has parts of an archive's */
    struct umm_seekable_entry own[UMM_ARCHIVE_OWN_FRAMES];
    struct umm_file_info info; /* of the file, as it was opened */
    uint64_t size_bytes;       /* of the file */
    uint64_t n_framed, n_rows, n_table_rows;
    size_t n_full, cap_frames;
    struct umm_seekable_entry *entries;
    uint64_t *offsets;
    char *tail;
    size_t tail_rows, cap_tail_bytes; /* a row may be longer after another look */
    struct umm_archive_last last;
    uint64_t journal_first, journal_rows;
    uint64_t journal_bytes; /* of the journal's sound part; 0: there is none */
    bool is_table_sound;    /* the file ends in the table of just these frames */
    bool is_tail_wanted;    /* opened by one of the two that are for writers */
    bool is_torn_taken;     /* opened by umm_archive_open_torn */
    bool is_table_taken;    /* opened by umm_archive_open_tabled */
    bool is_framed_alone;   /* opened by umm_archive_open_framed */
    uint64_t n_lost, n_dropped, damaged_at;
    struct umm_error refused_journal; /* status UMM_OK: none */
    struct umm_zstd_unpacker *unpacker;
    char *packed; /* a packed frame */
    size_t cap_packed;
    char *frame; /* the rows of frame number frame_index */
    size_t frame_index;
    bool has_frame;
};

extern const char umm_archive_other_journal[]; /* a message */

/*
 * Whether path names an archive, by its first bytes: a zstd file of an .npy of ours. UMM_ERR_SYSTEM
 * or UMM_ERR_MEMORY when they cannot be looked at.
 */
UMM_MUST_USE enum umm_status umm_archive_is(const char *path, bool *is_archive,
                                            struct umm_error *err);

/*
 * Whether writing to other ("-": standard output) would take the place of the archive at
 * path, its journal or its lock, which need not be there, or go into one of them.
 */
bool umm_archive_has_file(const char *path, const char *other);

/*
 * Open path, which must live until the close, for reading. UMM_ERR_DATA: no archive, or
 * damaged, or its journal is, and has rows after that; UMM_ERR_CONFLICT: the journal is another
 * archive's, or the file kept changing.
 */
UMM_MUST_USE enum umm_status umm_archive_open(struct umm_archive *archive, const char *path,
                                              struct umm_error *err);

/*
 * UMM_ERR_CONFLICT if there is a journal that is foreign (sys/trust.h). Anybody can have put it
 * there: the archive was opened without it, with the rows that its frames have.
 */
UMM_MUST_USE enum umm_status umm_archive_check_journal(const struct umm_archive *archive,
                                                       struct umm_error *err);

/* As umm_archive_open, and the tail is there: for writers, which need it. */
UMM_MUST_USE enum umm_status umm_archive_open_tail(struct umm_archive *archive, const char *path,
                                                   struct umm_error *err);

/*
 * That for a file that was cut, in its last frame or before: it has the rows of the
 * frames that are whole, and n_lost fewer than its header counts. Of a journal that is
 * damaged it has the rows before that. What is damaged elsewhere remains UMM_ERR_DATA.
 */
UMM_MUST_USE enum umm_status umm_archive_open_torn(struct umm_archive *archive, const char *path,
                                                   struct umm_error *err);

/*
 * An archive that has all the rows that its table has, if those are more than the header
 * counts: an append was killed when nothing but the header was missing. UMM_ERR_DATA if a
 * frame that the header does not count is not whole, or if there are no such rows.
 */
UMM_MUST_USE enum umm_status umm_archive_open_tabled(struct umm_archive *archive, const char *path,
                                                     struct umm_error *err);

/*
 * The file by itself, as readers see it that know nothing of journals: n_rows is n_framed. Its
 * last frame may be half overwritten, where a journal has the rows.
 */
UMM_MUST_USE enum umm_status umm_archive_open_framed(struct umm_archive *archive, const char *path,
                                                     struct umm_error *err);

/* Let go. Safe after a failed open, and twice. */
void umm_archive_close(struct umm_archive *archive);

/*
 * n rows from row `first` on into out. Whole frames are unpacked and checked; the last
 * one stays for the next call. UMM_ERR_ARGUMENT beyond n_rows; UMM_ERR_DATA: damaged;
 * UMM_ERR_CONFLICT: the last frame was overwritten by a program that does not write archives.
 */
UMM_MUST_USE enum umm_status umm_archive_read(struct umm_archive *archive, uint64_t first,
                                              uint64_t n, void *out, struct umm_error *err);

/* The same (and UMM_ERR_ARGUMENT) for len_bytes bytes from byte `at` on of the rows, end to end. */
UMM_MUST_USE enum umm_status umm_archive_read_bytes(struct umm_archive *archive, uint64_t at,
                                                    uint64_t len_bytes, void *out,
                                                    struct umm_error *err);

/* See to it that the tail is there. Failures as umm_archive_read. */
UMM_MUST_USE enum umm_status umm_archive_load_tail(struct umm_archive *archive,
                                                   struct umm_error *err);

/* Bytes of the rows of a full frame. */
static inline size_t umm_archive_frame_bytes(const struct umm_archive *archive)
{
    return archive->rows_per_frame * archive->row_bytes;
}

/* The bytes of the file before its first frame of rows. */
uint64_t umm_archive_data_offset(const struct umm_archive *archive);

/* ---- the layout, for code that writes it ------------------------------------------ */

/* Read the header and the description of the open file, and its size. */
UMM_MUST_USE enum umm_status umm_archive_load_head(struct umm_archive *archive,
                                                   struct umm_error *err);

/* The raw frame of the header for n_framed rows, malloc'ed; is_sized as umm_zstd_format_raw. */
UMM_MUST_USE enum umm_status umm_archive_format_header(const struct umm_npy *npy, uint64_t n_framed,
                                                       bool is_sized, char **frame,
                                                       size_t *len_bytes, struct umm_error *err);
/* What the table has as the checksum of that header. */
UMM_MUST_USE enum umm_status umm_archive_header_checksum(const struct umm_npy *npy,
                                                         uint64_t n_framed, uint32_t *checksum,
                                                         struct umm_error *err);
void umm_archive_format_description(uint32_t rows_per_frame,
                                    char out[UMM_ARCHIVE_DESCRIPTION_BYTES]);

/* How many rows a full frame has where nothing else is asked for; 0: they are too wide. */
uint64_t umm_archive_usual_rows(uint64_t row_bytes);

/* An archive without rows, complete and durable; frame_rows as the writer's option. */
UMM_MUST_USE enum umm_status umm_archive_create(const char *path, const struct umm_npy *npy,
                                                uint32_t frame_rows, struct umm_error *err);

/* Header and description at the beginning of the new file open at fd. */
UMM_MUST_USE enum umm_status umm_archive_write_head(int fd, const char *path,
                                                    const struct umm_npy *npy, uint64_t n_framed,
                                                    uint32_t rows_per_frame, struct umm_error *err);

/*
 * The table of n_full full frames and, unless last is NULL, that one; malloc'ed. is_sized is of
 * the header.
 */
UMM_MUST_USE enum umm_status
umm_archive_format_table(const struct umm_npy *npy, uint64_t n_framed, bool is_sized,
                         const struct umm_seekable_entry *entries, size_t n_full,
                         const struct umm_seekable_entry *last, char **table, size_t *len_bytes,
                         struct umm_error *err);

/*
 * One look at journal, header and frames, in this order. *state differs when the files
 * do. UMM_ERR_DATA or UMM_ERR_CONFLICT may pass when a writer is at work.
 */
UMM_MUST_USE enum umm_status umm_archive_load(struct umm_archive *archive, uint64_t *state,
                                              struct umm_error *err);

/* UMM_ERR_DATA: the table has n_table_rows, and the header another count. */
enum umm_status umm_archive_set_unfinished(const struct umm_archive *archive,
                                           struct umm_error *err);

/* The rows of the last frame into the tail, as the file has it now. */
UMM_MUST_USE enum umm_status umm_archive_unpack_last(struct umm_archive *archive,
                                                     const struct umm_archive_last *last,
                                                     struct umm_error *err);

/* The frame that entry is of, into entry->content_bytes of room; both checksums hold. */
UMM_MUST_USE enum umm_status umm_archive_unpack(const struct umm_archive *archive,
                                                const char *packed,
                                                const struct umm_seekable_entry *entry, char *rows,
                                                struct umm_error *err);

/* Room for n frames more in entries and offsets; and for n rows more in the tail. */
UMM_MUST_USE enum umm_status umm_archive_grow_frames(struct umm_archive *archive, size_t n,
                                                     struct umm_error *err);
UMM_MUST_USE enum umm_status umm_archive_grow_tail(struct umm_archive *archive, size_t n,
                                                   struct umm_error *err);

UMM_MUST_USE enum umm_status umm_archive_grow_packed(struct umm_archive *archive, size_t size,
                                                     struct umm_error *err);

/*
 * What the journal remembers of the archive that it belongs to: a hash of the rows before
 * its first one, so of nothing when there are none. Rows of the last frame are taken from
 * the tail.
 */
uint64_t umm_archive_anchor(const struct umm_archive *archive, uint64_t first_row);

#endif
