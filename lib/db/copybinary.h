/* SPDX-License-Identifier: MIT */
/*
 * copybinary.h - PostgreSQL's binary format of COPY, rows to bytes and back:
 *
 *     header   | PGCOPY \n 377 \r \n 0 | flags, 4 | length, 4 | as many bytes |
 *     row      | number of fields, 2 | length, 4 | bytes | ... |   length -1: NULL
 *     trailer  | -1, 2 |
 *
 * All numbers are big-endian. Source: PostgreSQL 15, COPY, "Binary Format".
 *
 * Nothing here allocates or keeps a pointer after the call, unless said.
 */
#ifndef UMM_DB_COPYBINARY_H
#define UMM_DB_COPYBINARY_H

#include <string.h>

#include "umm.h"

enum {
    UMM_COPYBINARY_HEADER = 19,
    UMM_COPYBINARY_ROW = 2,   /* before its fields */
    UMM_COPYBINARY_FIELD = 4, /* before its bytes */
    UMM_COPYBINARY_TRAILER = 2
};

/* Write a part of the stream at out, which has room for it; where it ends. */
char *umm_copybinary_put_header(char *out);
char *umm_copybinary_put_row(char *out, size_t n_fields);
char *umm_copybinary_put_number(char *out, uint64_t value, size_t len_bytes);
char *umm_copybinary_put_bytes(char *out, const char *bytes, size_t len_bytes);
char *umm_copybinary_put_trailer(char *out);

/* The bytes of a number of 8, alone; and back. */
static inline void umm_copybinary_put_u64(char *out, uint64_t value)
{
    if (__BYTE_ORDER__ != __ORDER_BIG_ENDIAN__)
        value = __builtin_bswap64(value);
    memcpy(out, &value, sizeof value);
}

static inline uint64_t umm_copybinary_get_u64(const char *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap64(value);
}

/* One value: bytes is NULL for NULL, else in what was read. */
struct umm_copybinary_cell {
    const char *bytes;
    size_t len_bytes;
};

/* The number in the cell, big-endian and of 1, 2, 4 or 8 bytes; its sign is extended. */
int64_t umm_copybinary_number(const struct umm_copybinary_cell *cell);

/* All zero is the beginning of a stream. */
struct umm_copybinary {
    bool has_header, is_ended;
};

/*
 * Read the next row of a piece of the stream, which has whole rows: *at goes on to what follows.
 * *is_row is false at the end of the piece. UMM_ERR_DATA for what is no such stream, a row that
 * is cut, or of another number of fields.
 */
UMM_MUST_USE enum umm_status umm_copybinary_next(struct umm_copybinary *stream, const char **at,
                                                 const char *end, struct umm_copybinary_cell *cells,
                                                 size_t n_fields, bool *is_row,
                                                 struct umm_error *err);

#endif
