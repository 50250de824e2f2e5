/* SPDX-License-Identifier: MIT */
/*
 * celladvice.h - what leads on where a cell is not a number: which way of writing numbers
 * it has that is not read, or which option reads it. For a message's end, "" for nothing.
 */
#ifndef UMM_READING_CELLADVICE_H
#define UMM_READING_CELLADVICE_H

#include "array/schema.h"
#include "text/csv.h"
#include "umm.h"

/* cell is without blanks around it, and field the one that it was for. */
const char *umm_celladvice_number(const struct umm_schema_field *field, struct umm_csv_field cell,
                                  char decimal);

#endif
