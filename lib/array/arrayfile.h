/* SPDX-License-Identifier: MIT */
/*
 * arrayfile.h - an open .npy file that is read by rows, with pread.
 *
 * A row is one index of the first axis. Rows come in C order as the bytes that the
 * file has (byte order kept), whatever its own order is:
 *
 *     C order:        | row 0: a b c | row 1: a b c | ...    one read for n rows
 *     Fortran order:  | a a a ... | b b b ... | c c c ... |  gathered, column by column
 *
 * An archive (archive.h) is also an array: its frames are unpacked as they are needed. Whatever
 * reads rows of a file opens it here, so that archives are read wherever arrays are.
 *
 * Nothing is mapped: a file that shrinks under the reader is an error, not a signal.
 * One that is appended to keeps the number of rows it had at the open.
 *
 * After the open, any number of threads may read one object; of an archive, one.
 */
#ifndef UMM_ARRAY_ARRAYFILE_H
#define UMM_ARRAY_ARRAYFILE_H

#include "format/arraycolumn.h"
#include "format/npy.h"
#include "sys/file.h"
#include "umm.h"

struct umm_archive;

/*
 * info is the file as it was found; its device and inode name it. archive is NULL for a
 * plain .npy: else the rows are not in the file as they are, and nothing may be read
 * or mapped by npy.data_offset_bytes.
 */
struct umm_arrayfile {
    int fd;
    const char *path; /* borrowed, for messages */
    struct umm_npy npy;
    struct umm_file_info info;
    uint64_t n_rows;
    uint64_t row_bytes;
    struct umm_archive *archive;
};

/*
 * Whether the regular file path, which begins with first_byte, is one of these: an .npy by that
 * byte, an archive by what follows, so that damage does not hide it. Failures as umm_archive_is.
 */
UMM_MUST_USE enum umm_status umm_arrayfile_is(const char *path, unsigned char first_byte,
                                              bool *is_array, struct umm_error *err);

/*
 * Open path, which must live until the close, read its header and check that the whole
 * array is there. Failures as umm_file_open_read, umm_npy_read and umm_archive_open;
 * UMM_ERR_UNSUPPORTED for an array of no dimension, which has no rows. On failure *file is closed.
 */
UMM_MUST_USE enum umm_status umm_arrayfile_open(struct umm_arrayfile *file, const char *path,
                                                struct umm_error *err);

/* Let go of the file and its header. Safe after a failed open, and twice. */
void umm_arrayfile_close(struct umm_arrayfile *file);

/*
 * Read n_rows rows from row `first` on, n_rows * row_bytes bytes, into out.
 * UMM_ERR_ARGUMENT when they are not within the array; UMM_ERR_DATA when the file has
 * become too short for them; UMM_ERR_SYSTEM.
 */
UMM_MUST_USE enum umm_status umm_arrayfile_read(const struct umm_arrayfile *file, uint64_t first,
                                                uint64_t n_rows, void *out, struct umm_error *err);

/*
 * Read the value of one column in n_rows rows from row `first` on, end to end, n_rows *
 * column->type.size_bytes bytes. In Fortran order that is one read; in C order every
 * byte between the values is also read. Failures as umm_arrayfile_read.
 */
UMM_MUST_USE enum umm_status umm_arrayfile_read_column(const struct umm_arrayfile *file,
                                                       const struct umm_arraycolumn *column,
                                                       uint64_t first, uint64_t n_rows, void *out,
                                                       struct umm_error *err);

/* The columns, as arraycolumn.h says; errors name the file. */
uint64_t umm_arrayfile_column_count(const struct umm_arrayfile *file);
void umm_arrayfile_column(const struct umm_arrayfile *file, uint64_t index,
                          struct umm_arraycolumn *column);
UMM_MUST_USE enum umm_status umm_arrayfile_find_column(const struct umm_arrayfile *file,
                                                       const char *name, uint64_t *index,
                                                       struct umm_error *err);
UMM_MUST_USE enum umm_status umm_arrayfile_time_column(const struct umm_arrayfile *file,
                                                       uint64_t *index, struct umm_error *err);

/* The time of a row, from its time column. UMM_ERR_DATA when it has none. */
UMM_MUST_USE enum umm_status umm_arrayfile_time_at(const struct umm_arrayfile *file, uint64_t row,
                                                   struct umm_time *out, struct umm_error *err);

/*
 * The first row whose time is not before *at, n_rows if there is none, by binary search:
 * about log2(n_rows) reads of one value, and no other. UMM_ERR_DATA when the rows that
 * it reads are not in order.
 */
UMM_MUST_USE enum umm_status umm_arrayfile_find_time(const struct umm_arrayfile *file,
                                                     const struct umm_time *at, uint64_t *row,
                                                     struct umm_error *err);

#endif
