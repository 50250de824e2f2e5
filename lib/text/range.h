/* SPDX-License-Identifier: MIT */
/*
 * range.h - rows chosen as in Python: "START:STOP[:STEP]", or one row "N".
 *
 * START, STOP and STEP are decimal integers with an optional sign; each may be left
 * out. Negative rows count from the end, -1 being the last one. A negative step goes
 * backwards. "N" is the row N, as "N:N+1" would be, but -1 is also the last one.
 *
 * Source: Python's slice.indices, "sequence types" in its library reference.
 *
 * Nothing here keeps state; every function may run on any thread.
 */
#ifndef UMM_TEXT_RANGE_H
#define UMM_TEXT_RANGE_H

#include "umm.h"

/* As written. is_single: start is the row; step is never 0. */
struct umm_range {
    bool is_single;
    bool has_start, has_stop;
    int64_t start, stop, step;
};

/* n rows: first, first + step, ... When n is 0 the others are 0; when it is 1 step is 1. */
struct umm_rows {
    uint64_t first;
    int64_t step;
    uint64_t n;
};

/*
 * Parse exactly the len_bytes bytes at text. UMM_ERR_ARGUMENT when it is no range, a
 * number does not fit 64 bits, or the step is 0. *out is written on success only.
 */
UMM_MUST_USE enum umm_status umm_range_parse(const char *text, size_t len_bytes,
                                             struct umm_range *out, struct umm_error *err);

/*
 * Parse a list of ranges with white space between, in *ranges, malloc'ed, *n of them;
 * an empty list is none. UMM_ERR_DATA with line and column for what is no range.
 */
UMM_MUST_USE enum umm_status umm_range_parse_list(const char *text, size_t len_bytes,
                                                  struct umm_range **ranges, size_t *n,
                                                  struct umm_error *err);

/*
 * The rows that range means among n_rows, at most INT64_MAX. What lies outside is left
 * out as in Python, unless is_strict: then a given START or STOP that is neither a row
 * nor the place after the last one (with a negative step: before the first one, which
 * -n_rows - 1 is) is UMM_ERR_DATA. A single row that is not there is UMM_ERR_DATA always.
 */
UMM_MUST_USE enum umm_status umm_range_resolve(const struct umm_range *range, uint64_t n_rows,
                                               bool is_strict, struct umm_rows *out,
                                               struct umm_error *err);

#endif
