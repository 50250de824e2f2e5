/* SPDX-License-Identifier: MIT */
/*
 * writer.h - a fresh array: a file, a stream or an entry of a pool.
 *
 *     file or entry             rows straight into it, the header at the end
 *     in Fortran order          rows into a scratch file, then column by column
 *     stream, length known      header, then rows as they come
 *     stream, length not known  rows into a scratch file, then header and rows
 *
 * A file is a temporary one until the commit (array/output.h). Rows that are not yet on a
 * stream can be reversed.
 */
#ifndef UMM_ARRAY_WRITER_H
#define UMM_ARRAY_WRITER_H

#include "array/output.h"
#include "array/rowfile.h"
#include "format/npy.h"
#include "umm.h"

struct umm_writer_options {
    const char *path;        /* as array/output.h says */
    const char *pool_root;   /* where pools are; NULL: UMM_POOL_ROOT */
    const char *scratch_dir; /* for streams and pools; NULL: /tmp. Files: beside them */
    uint32_t align_bytes;    /* 0: UMM_NPY_ALIGN */
    bool may_reverse;        /* rows may have to be reversed before they go on */
    bool is_swept;           /* umm_outfile_sweep was done to the output's directory */
    bool has_rows;           /* n_rows rows will come */
    uint64_t n_rows;
};

/* All zero is none. rows.n_rows are there: add more with umm_rowfile_push and its kin. */
struct umm_writer {
    struct umm_writer_options options;
    const struct umm_npy *npy; /* borrowed */
    struct umm_run *run;
    struct umm_output out;
    struct umm_rowfile rows; /* of the file, the scratch file or the stream */
    uint64_t header_bytes;
};

/*
 * The length of the header of an array of rows of the type *npy, however many they are.
 * Failures as umm_npy_check and umm_npy_format.
 */
UMM_MUST_USE enum umm_status umm_writer_measure(const struct umm_npy *npy, uint32_t align_bytes,
                                                uint64_t *header_bytes, struct umm_error *err);

/*
 * Begin an array of rows of the type *npy, which must live until the close; its shape[0]
 * does not matter. Failures as umm_writer_measure and umm_output_open. Close it after any open.
 */
UMM_MUST_USE enum umm_status umm_writer_open(struct umm_writer *writer,
                                             const struct umm_writer_options *options,
                                             const struct umm_npy *npy, struct umm_run *run,
                                             struct umm_error *err);

/*
 * All rows are there, newest first if is_reversed: write what is left of the array, without
 * making it visible.
 */
UMM_MUST_USE enum umm_status umm_writer_finish(struct umm_writer *writer, bool is_reversed,
                                               struct umm_error *err);

/* Put it in place, as umm_output_commit. */
UMM_MUST_USE enum umm_status umm_writer_commit(struct umm_writer *writer,
                                               const struct umm_outfile_options *options,
                                               bool *is_changed, struct umm_error *err);

/* Let go. What was not committed leaves no trace. Safe on none, and twice. */
void umm_writer_close(struct umm_writer *writer);

#endif
