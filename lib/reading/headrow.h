/* SPDX-License-Identifier: MIT */
/*
 * headrow.h - whether a first record is a header or the first row. What reads as data by
 * anything that is known of the file is data: numbers, times in the forms that are recognised
 * or given, texts of missing values. Where a header is not needed, what only looks like
 * values ("$1", "100K") is also data: it is better refused as a row than lost as a header.
 */
#ifndef UMM_READING_HEADROW_H
#define UMM_READING_HEADROW_H

#include "reading/cells.h"
#include "text/csv.h"
#include "umm.h"

struct umm_headrow {
    const char *time_formats[2]; /* NULL: none */
    const struct umm_na *na;
    char decimal;
    struct umm_notation notation;
    bool is_needed; /* the names of the fields must come from it */
};

bool umm_headrow_is(const struct umm_headrow *how, const struct umm_csv_field *fields,
                    size_t n_fields);

#endif
