/* SPDX-License-Identifier: MIT */
/*
 * sample.h - rows chosen from many, in two parts: those that ranges are taken from (calibration),
 * and those that answers are compared on (held out).
 *
 * A hash of a row's number decides, so the same rows are chosen each time, whatever file format
 * they come from, and no period in the rows (symbols in turn, days of a week) meets a period of the
 * choice. A row is kept if its hash is below a limit, which is halved when there are too many:
 *
 *     hash     | 62 bits: below the limit? | 2 bits: 0 is held out |
 *
 * So about a quarter is held out, and the memory is bounded.
 */
#ifndef UMM_QUANTIZE_SAMPLE_H
#define UMM_QUANTIZE_SAMPLE_H

#include "umm.h"

/* Rows of width numbers, end to end, in their order; numbers is which each is in the data. */
struct umm_quantize_rows {
    uint64_t n_rows;
    float *rows;
    uint64_t *numbers;
};

/* A sample being taken. Zero is none. */
struct umm_quantize_sample {
    uint64_t width, most_rows;
    uint64_t n_seen; /* rows that came */
    uint64_t limit;  /* of hashes; 0: none yet */
    struct umm_quantize_rows kept;
    uint64_t cap_rows;
};

/* Of rows of width numbers, at most most_rows, and at least half as many of those that come. */
void umm_quantize_sample_begin(struct umm_quantize_sample *sample, uint64_t width,
                               uint64_t most_rows);
void umm_quantize_sample_free(struct umm_quantize_sample *sample);

/* Take row number `number` into consideration; it is copied. */
UMM_MUST_USE enum umm_status umm_quantize_sample_add(struct umm_quantize_sample *sample,
                                                     const float *row, uint64_t number,
                                                     struct umm_error *err);

/* Whether a row of that number is chosen as things stand: others need not be added. */
bool umm_quantize_sample_wants(const struct umm_quantize_sample *sample, uint64_t number);

/* The two parts, which the caller frees; the sample is empty then. */
UMM_MUST_USE enum umm_status umm_quantize_sample_split(struct umm_quantize_sample *sample,
                                                       struct umm_quantize_rows *calibration,
                                                       struct umm_quantize_rows *held_out,
                                                       struct umm_error *err);

void umm_quantize_rows_free(struct umm_quantize_rows *rows);

#endif
