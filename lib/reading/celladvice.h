/* SPDX-License-Identifier: MIT */
/*
 * celladvice.h - what to add where a cell is not a number: which way of writing numbers it
 * has that is not read, or what would read it.
 */
#ifndef UMM_READING_CELLADVICE_H
#define UMM_READING_CELLADVICE_H

#include "array/schema.h"
#include "base/hint.h"
#include "text/csv.h"
#include "text/notation.h"
#include "umm.h"

/* says: for a message's end, "" for nothing; values: of the hint, "" for none. */
struct umm_celladvice {
    const char *says;
    enum umm_hint hint;
    char values[2][UMM_WAYS_LIST_MAX];
};

/*
 * cell is without blanks around it, field the one that it was for, and numbers were read with
 * that decimal point and in that notation.
 */
struct umm_celladvice umm_celladvice_number(const struct umm_schema_field *field,
                                            struct umm_csv_field cell, char decimal,
                                            const struct umm_notation *notation);

#endif
