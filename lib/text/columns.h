/* SPDX-License-Identifier: MIT */
/*
 * columns.h - the selection of columns: parsing what a user asks for and finding
 * it among a file's fields.
 *
 *   LIST    ITEM[,ITEM...]
 *   ITEM    [NEWNAME=]SOURCE[*POWER][:TYPE], or NEWNAME==VALUE[:TYPE]
 *   SOURCE  ALT[|ALT...]           the first alternative that the file has
 *   ALT     FIELD[+FIELD]          two fields: a date and a time of day
 *           =VALUE                 the last one: a number or nan, the same in every row
 *   FIELD   a 1-based number, a name, or PREFIX* (the first name that begins so)
 *   POWER   a power of ten, such as 1e-9, 0.01 or 1000
 *
 * A name is compared as umm_name_equal does; where no field has the name and it is
 * that of a role (open, volume, ...), the one field whose own name has that role is
 * taken. A name that holds one of ,=:|+* is written between double quotes.
 */
#ifndef UMM_TEXT_COLUMNS_H
#define UMM_TEXT_COLUMNS_H

#include "text/layout.h"
#include "umm.h"

enum { UMM_COLUMN_NAME_MAX = 128, UMM_COLUMN_VALUE_MAX = 32, UMM_COLUMN_POWER_MAX = 40 };

/* One ITEM. source is the SOURCE as written. */
struct umm_column {
    char name[UMM_COLUMN_NAME_MAX]; /* NEWNAME, "" when none was given */
    char source[2 * UMM_COLUMN_NAME_MAX];
    char type[24]; /* "" when none was given */
    int power;     /* of ten, that numbers are multiplied by: UMM_COLUMN_POWER_MAX at most */
};

/* Parse a LIST; *columns is malloc'ed. UMM_ERR_ARGUMENT on malformed text. */
enum umm_status umm_columns_parse(const char *text, struct umm_column **columns, size_t *n_columns,
                                  struct umm_error *err);

/* The VALUE that a SOURCE ends in, shorter than UMM_COLUMN_VALUE_MAX; NULL without one. */
const char *umm_columns_value(const char *source);

/* Whether a SOURCE has numbers of fields only, so that no names are needed. */
bool umm_columns_is_by_number(const char *source);

/* The names of a file's fields; has_names is false where only numbers can be used. */
struct umm_names {
    bool has_names;
    size_t n;
    const char **text; /* each terminated; "" for an unnamed field */
};

enum { UMM_FIELD_NONE = -1 };

/*
 * Where a SOURCE was found: indices from 0; second is UMM_FIELD_NONE unless joined, and both
 * are where the SOURCE's VALUE is taken.
 */
struct umm_found {
    int first;
    int second;
};

/*
 * Find source among names. UMM_ERR_DATA when it is not there or when several
 * fields could be meant; the message says which fields there are.
 */
enum umm_status umm_columns_find(const char *source, const struct umm_names *names,
                                 struct umm_found *found, struct umm_error *err);

/*
 * Find a bar's timestamp by convention: a field named timestamp, else the one with
 * that role, else a date and a time, else a date, else a time, else an unnamed
 * first field. UMM_ERR_DATA when there is none or several could be meant.
 */
enum umm_status umm_columns_find_timestamp(const struct umm_names *names, struct umm_found *found,
                                           struct umm_error *err);

/* The names as one line for a message, cut to cap_bytes: "a", "b", ... Returns out. */
const char *umm_columns_list(const struct umm_names *names, char *out, size_t cap_bytes);

#endif
