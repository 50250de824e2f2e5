/* SPDX-License-Identifier: MIT */
/* celltext_value.h - one value of an array as text, for celltext.c: numbers and times. */
#ifndef UMM_SLICE_CELLTEXT_VALUE_H
#define UMM_SLICE_CELLTEXT_VALUE_H

#include "format/arraycolumn.h"
#include "umm.h"

enum { UMM_CELLTEXT_VALUE_MAX = 48 }; /* bytes of a number or a time, with quotes */

/* How a type is printed. */
enum umm_celltext_form {
    UMM_FORM_F64,
    UMM_FORM_F32,
    UMM_FORM_F16,
    UMM_FORM_SIGNED,
    UMM_FORM_UNSIGNED,
    UMM_FORM_BOOL,
    UMM_FORM_COUNT, /* a time or a difference, as its count */
    UMM_FORM_ISO,
    UMM_FORM_BYTES,
    UMM_FORM_UCS4
};

/* One column of a chosen row; is_swapped: the bytes are the other way round. */
struct umm_celltext_cell {
    enum umm_celltext_form form;
    bool is_swapped;
    uint32_t size_bytes;
    uint64_t offset_bytes;
    const struct umm_arraycolumn *column;
};

/* The form of a type; false for types that have none. UMM_FORM_ISO is by choice only. */
UMM_MUST_USE bool umm_celltext_value_form(const struct umm_npy_type *type,
                                          enum umm_celltext_form *form);

/*
 * Print the value of a cell that is no text at out, at most UMM_CELLTEXT_VALUE_MAX bytes;
 * return the end. NULL, and *result says why, for a time that ISO 8601 cannot show.
 */
char *umm_celltext_value_put(char *out, const struct umm_celltext_cell *cell, const char *value,
                             bool is_json, enum umm_time_result *result);

#endif
