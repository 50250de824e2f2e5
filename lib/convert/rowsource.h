/* SPDX-License-Identifier: MIT */
/*
 * rowsource.h - rows from whatever holds them, handed on in order:
 *
 *     an .npy file              read with pread, from any row on
 *     an archive                frames unpacked, from any row on
 *     an .npy array in a pipe   read as it comes
 *     text, zstd or not         converted as umm-convert does
 *
 * What a file is, its first bytes say. Memory does not depend on the number of rows.
 */
#ifndef UMM_CONVERT_ROWSOURCE_H
#define UMM_CONVERT_ROWSOURCE_H

#include "convert/convert.h"
#include "format/npy.h"
#include "umm.h"

/*
 * Who takes the rows. begin is called once, before any row: npy is the type of the rows
 * (in C order; shape[0] is 0 where the number is not known) and lives until the end. take
 * gets n >= 1 rows in C order, umm_npy_row_bytes(npy) each. A failure ends the reading. last
 * is that of struct umm_sink, for text.
 */
struct umm_rowsource_sink {
    enum umm_status (*begin)(void *user, const struct umm_npy *npy, struct umm_error *err);
    enum umm_status (*take)(void *user, const char *rows, uint64_t n, struct umm_error *err);
    bool (*last)(void *user, struct umm_time *time);
    void *user;
};

/*
 * How text is read: reading, bad_rows, quarantine, max_bad, order, dedup, is_ohlc_checked,
 * series, names, may_be_empty and scratch_dir of *text; the rest is not looked at. first_row: files
 * and archives of rows begin there; it may be their end.
 */
struct umm_rowsource_options {
    struct umm_convert_options text;
    uint64_t first_row;
};

struct umm_rowsource_result {
    bool is_text;
    uint64_t n_rows;                      /* handed on */
    uint64_t n_rejected;                  /* of text */
    uint64_t n_passed_over, n_held_bytes; /* of text, as struct umm_convert_input has them */
};

/*
 * Hand the rows of path ("-": standard input) to the sink. UMM_ERR_ARGUMENT for a
 * first_row after the end, or one in a stream or text, UMM_ERR_DATA for a filter where there
 * is no text. Other failures as the readers and the sink have them.
 */
UMM_MUST_USE enum umm_status
umm_rowsource_run(const char *path, const struct umm_rowsource_options *options,
                  const struct umm_rowsource_sink *sink, struct umm_run *run,
                  struct umm_rowsource_result *result, struct umm_error *err);

/*
 * Whether path is a file whose rows can be read from any one on (an array, an archive),
 * and in *n_rows how many it has then. Failures as the readers have
 * them.
 */
UMM_MUST_USE enum umm_status umm_rowsource_count(const char *path, struct umm_run *run,
                                                 bool *is_random, uint64_t *n_rows,
                                                 struct umm_error *err);

#endif
