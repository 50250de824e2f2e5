/* SPDX-License-Identifier: MIT */
/*
 * schema.h - the columns of an output array, and where a file has them.
 *
 * An output is plain (one element type, no names) when it is exactly timestamp,
 * open, high, low, close, volume with time in milliseconds; every other one is a
 * struct with names and a type per column, unless `is_plain` insists, so that an
 * array cannot be misread for another. Times are M8[unit] in a struct and counts
 * of the unit in a plain array. A field of a struct may be text as it stands, of up to 255
 * bytes: S8.
 */
#ifndef UMM_ARRAY_SCHEMA_H
#define UMM_ARRAY_SCHEMA_H

#include "format/npy.h"
#include "text/columns.h"
#include "time/time.h"
#include "umm.h"

/*
 * What the caller asks for. Pointers are borrowed; NULL means the default. choose is called in
 * place of columns when the names of a file's fields are known: it gives a list in that grammar,
 * which lives until its next call.
 */
struct umm_schema_options {
    const char *columns; /* grammar of text/columns.h, or "all" */
    enum umm_status (*choose)(void *user, const struct umm_names *names, const char **columns,
                              struct umm_error *err);
    void *choose_user;
    const char *dtype; /* f8, f4, i8 or i4 */
    bool is_struct;
    bool is_plain;
    bool is_fortran;
    enum umm_time_unit time_unit;
};

enum { UMM_SCHEMA_CELL_MAX = 255 }; /* bytes of a value of any type: the longest text */

/* Whether the caller says which columns, so that no layout does. */
static inline bool umm_schema_is_said(const struct umm_schema_options *options)
{
    return options->columns || options->choose;
}

struct umm_schema_field {
    char name[UMM_COLUMN_NAME_MAX];
    enum umm_role role;
    bool is_time;
    bool is_chosen; /* the caller said which field it is, and not only what it holds */
    bool is_typed;  /* the caller gave it a type of its own */
    bool is_exact;  /* integers are refused that the type cannot hold exactly */
    struct umm_npy_type type;
    uint32_t offset_bytes;            /* in a row */
    int power;                        /* of ten, that the text's numbers are multiplied by */
    char value[UMM_COLUMN_VALUE_MAX]; /* of every row, where the file has no such field */
};

/* time_index: the field that orders rows, UMM_FIELD_NONE when no time is selected. */
struct umm_schema {
    bool is_struct;
    bool is_fortran;
    enum umm_time_unit time_unit;
    size_t n_fields;
    struct umm_schema_field *fields;
    uint32_t row_bytes;
    int time_index;
};

/*
 * Resolve the selection against the names of a file's fields: the schema, and in
 * *found (malloc'ed, n_fields entries) where each field is; a field of one value in all
 * rows is nowhere. columns, when the
 * options give none, is what a layout selects, or NULL for the six standard ones.
 * UMM_ERR_ARGUMENT for types that cannot work, UMM_ERR_DATA for names not there.
 */
UMM_MUST_USE enum umm_status umm_schema_resolve(const struct umm_schema_options *options,
                                                const char *columns, const struct umm_names *names,
                                                struct umm_schema *schema, struct umm_found **found,
                                                struct umm_error *err);

void umm_schema_free(struct umm_schema *schema);

/* Whether two files' schemas describe the same array. */
bool umm_schema_equal(const struct umm_schema *a, const struct umm_schema *b);

/* The index of the field with that role, or UMM_FIELD_NONE. */
int umm_schema_find_role(const struct umm_schema *schema, enum umm_role role);

/*
 * The time of a row by the field time_index, in the schema's unit. NaN, and what is
 * no count of a unit, sort before every time.
 */
int64_t umm_schema_time(const struct umm_schema *schema, const char *row_bytes);

/* The header of an array of n_rows rows; free it with umm_npy_free. */
UMM_MUST_USE enum umm_status umm_schema_npy(const struct umm_schema *schema, uint64_t n_rows,
                                            struct umm_npy *npy, struct umm_error *err);

#endif
