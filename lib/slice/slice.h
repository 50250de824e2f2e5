/* SPDX-License-Identifier: MIT */
/*
 * slice.h - some rows and columns of an .npy file as a new array, as bytes, or as text.
 *
 *     NPY    an array of its own: type and byte order as they were, C order
 *     RAW    its bytes without the header
 *     CSV, JSON    as celltext.h says
 *
 * The file is read with pread, never mapped: when it shrinks meanwhile that is an error.
 * Only the pages of what is chosen are read, as long as rows are a page apart or more,
 * and of a search by time those of about log2(n) rows. Memory does not depend on the
 * amount: under a MiB, or three rows where a row is longer than that.
 */
#ifndef UMM_SLICE_SLICE_H
#define UMM_SLICE_SLICE_H

#include "array/timerange.h"
#include "format/prometheus.h"
#include "sys/outfile.h"
#include "text/range.h"
#include "umm.h"

enum umm_slice_format { UMM_SLICE_NPY = 0, UMM_SLICE_RAW, UMM_SLICE_CSV, UMM_SLICE_JSON };

/*
 * Zero-initialise it. Pointers are borrowed.
 *
 *   input, output   "-" for output is standard output, pool:NAME/KEY an entry of a pool
 *                   (array/output.h), which NPY alone can be; input is a file
 *   pool_root       where pools are; NULL: UMM_POOL_ROOT
 *   range           rows of these times only; rows must be in order of time then, which
 *                   is checked as far as they are read
 *   ranges          of the rows that range leaves, one after the other; none: all
 *   is_strict       what lies outside is an error, as text/range.h says
 *   columns         names, or numbers from 0, separated by commas; NULL for all
 *   align_bytes     NPY: data begin at a multiple of it; 0 is UMM_NPY_ALIGN
 */
struct umm_slice_options {
    const char *input, *output, *pool_root;
    enum umm_slice_format format;
    const struct umm_range *ranges;
    size_t n_ranges;
    bool is_strict;
    struct umm_timerange range;
    const char *columns;
    bool is_time_iso, has_no_header;
    uint32_t align_bytes;
    struct umm_outfile_options file;
};

struct umm_slice_result {
    uint64_t n_rows_in, n_rows; /* of the array, and chosen */
    uint64_t n_output_bytes;
    bool is_changed; /* is_if_changed kept nothing */
    double seconds;
};

/*
 * Do it. The output is complete or as before (a stream excepted). Failures of
 * umm_arrayfile_open, umm_selection_open, umm_celltext_open and umm_output_open;
 * UMM_ERR_CONFLICT when output is input; UMM_ERR_CANCELLED.
 */
UMM_MUST_USE enum umm_status umm_slice(const struct umm_slice_options *options, struct umm_run *run,
                                       struct umm_slice_result *result, struct umm_error *err);

/*
 * What a program that maps input itself must know to see the chosen rows without a
 * copy, as a malloc'ed JSON object: path, dtype, shape, strides and offset in bytes as
 * numpy.ndarray takes them, fields of a record, and the alignment of the first byte.
 * Reads the header only (and searches for times). UMM_ERR_UNSUPPORTED when it is no
 * single view: several ranges, or columns of a plain array that are not evenly spaced.
 */
UMM_MUST_USE enum umm_status umm_slice_describe(const struct umm_slice_options *options,
                                                char **text, size_t *len_bytes,
                                                struct umm_error *err);

/* The result as a JSON object, malloc'ed, and as metrics. */
UMM_MUST_USE enum umm_status umm_slice_report_json(const struct umm_slice_options *options,
                                                   const struct umm_slice_result *result,
                                                   char **text, size_t *len_bytes,
                                                   struct umm_error *err);
void umm_slice_report_metrics(const struct umm_slice_options *options,
                              const struct umm_slice_result *result, struct umm_prometheus *page);

/* "npy", "raw", "csv" or "json". */
const char *umm_slice_format_name(enum umm_slice_format format);

#endif
