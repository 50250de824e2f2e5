/* SPDX-License-Identifier: MIT */
/*
 * rowfile.h - rows of one size in a file, written through one buffer: the body of
 * an array while it grows, or a scratch copy of it.
 *
 *     file    | before base_bytes: not ours | row 0 | row 1 | ... | row n-1 |
 */
#ifndef UMM_ARRAY_ROWFILE_H
#define UMM_ARRAY_ROWFILE_H

#include "umm.h"

/* Rows set aside go to the file in pieces whose ends are multiples of this. */
enum { UMM_ROWFILE_EDGE = 128 * 1024 };

struct umm_rowfile {
    int fd;
    const char *path; /* for messages */
    struct umm_run *run;
    bool is_stream; /* written in sequence: no row can be read or moved */
    char *dir;      /* of a scratch file, which belongs to the rows; or NULL */
    uint64_t base_bytes;
    size_t row_bytes;
    uint64_t n_rows;    /* with those in the buffer */
    uint64_t n_written; /* in the file */
    char *buffer;
    size_t cap_rows;
    bool is_roomy; /* the file may be longer than its rows */
    char *edge;    /* bytes set aside after the last piece's end, UMM_ROWFILE_EDGE at most */
    uint64_t edge_at;
    size_t edge_len;
};

/* Bytes of a file that one write can put there. */
struct umm_rowfile_piece {
    const char *bytes;
    size_t len;
    uint64_t at;
};

/*
 * Begin with n_rows rows already there. The descriptor stays the caller's; it must
 * be readable unless is_stream. Close it after any open.
 */
UMM_MUST_USE enum umm_status umm_rowfile_open(struct umm_rowfile *rows, int fd, const char *path,
                                              bool is_stream, uint64_t base_bytes, size_t row_bytes,
                                              uint64_t n_rows, struct umm_run *run,
                                              struct umm_error *err);
void umm_rowfile_close(struct umm_rowfile *rows);

/* Begin without rows in a file of their own in directory dir, which goes with them. */
UMM_MUST_USE enum umm_status umm_rowfile_open_scratch(struct umm_rowfile *rows, const char *dir,
                                                      size_t row_bytes, struct umm_run *run,
                                                      struct umm_error *err);

/* Room for one more row; fill it, then call umm_rowfile_push. NULL never. */
char *umm_rowfile_next(struct umm_rowfile *rows);

/* Keep the row that was filled; writes when the buffer is full. */
UMM_MUST_USE enum umm_status umm_rowfile_push(struct umm_rowfile *rows, struct umm_error *err);

/* Keep n rows at once. */
UMM_MUST_USE enum umm_status umm_rowfile_push_many(struct umm_rowfile *rows, const char *many,
                                                   size_t n, struct umm_error *err);

/*
 * Make room for n rows in all, as far as the file system can: rows are then written
 * faster, into fewer extents. A guess will do: see umm_rowfile_trim. Never fails.
 */
void umm_rowfile_expect(struct umm_rowfile *rows, uint64_t n);

/* Cut off room that was not used. */
UMM_MUST_USE enum umm_status umm_rowfile_trim(struct umm_rowfile *rows, struct umm_error *err);

/*
 * Set n rows aside: *piece is what umm_rowfile_write_piece, which any thread may call at
 * any time before the next flush, has to write of them. It ends where the page cache
 * has a large page end, the rest being kept for the next piece: smaller pages, which it
 * would take for pieces that end anywhere, cost a third more time. Not for streams.
 *
 *     before   | edge |rows................|
 *     piece    |begin                end|
 *     after                             |edge|
 *
 * The UMM_ROWFILE_EDGE bytes before many are overwritten; the piece lies in both.
 */
UMM_MUST_USE enum umm_status umm_rowfile_reserve(struct umm_rowfile *rows, char *many, size_t n,
                                                 struct umm_rowfile_piece *piece,
                                                 struct umm_error *err);
UMM_MUST_USE enum umm_status umm_rowfile_write_piece(const struct umm_rowfile *rows,
                                                     const struct umm_rowfile_piece *piece,
                                                     struct umm_error *err);

/* Write what is buffered. */
UMM_MUST_USE enum umm_status umm_rowfile_flush(struct umm_rowfile *rows, struct umm_error *err);

/* No row comes any more, or is moved: the buffer goes. Flushed rows only. */
void umm_rowfile_rest(struct umm_rowfile *rows);

/* Read n_rows rows from row `first` into out. Flushed rows only. */
UMM_MUST_USE enum umm_status umm_rowfile_read(const struct umm_rowfile *rows, uint64_t first,
                                              size_t n_rows, char *out, struct umm_error *err);

/* Reverse the order of all rows in place, in bounded memory. Flushes first. */
UMM_MUST_USE enum umm_status umm_rowfile_reverse(struct umm_rowfile *rows, struct umm_error *err);

/* Write all rows to a stream, in order. Flushes first. */
UMM_MUST_USE enum umm_status umm_rowfile_copy(struct umm_rowfile *rows, int out_fd,
                                              const char *out_path, struct umm_error *err);

/*
 * Write the rows as columns: n_columns items of item_bytes per row, all of the
 * first, then all of the second, from out_base in out_fd (the same descriptor is
 * not allowed), or in sequence when is_stream. Flushes first.
 */
UMM_MUST_USE enum umm_status umm_rowfile_transpose(struct umm_rowfile *rows, int out_fd,
                                                   const char *out_path, bool is_stream,
                                                   uint64_t out_base, size_t n_columns,
                                                   size_t item_bytes, struct umm_error *err);

#endif
