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
#include "umm.h"

/* says: for a message's end, "" for nothing. */
struct umm_celladvice {
    const char *says;
    enum umm_hint hint;
};

/* cell is without blanks around it, and field the one that it was for. */
struct umm_celladvice umm_celladvice_number(const struct umm_schema_field *field,
                                            struct umm_csv_field cell, char decimal);

#endif
