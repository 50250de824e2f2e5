/* SPDX-License-Identifier: MIT */
/*
 * store_text.h - the parts that store_lines.c and store_transfer.c share: fields of a
 * line, one after the other, with errors that say where.
 */
#ifndef UMM_STORE_STORE_TEXT_H
#define UMM_STORE_STORE_TEXT_H

#include "time/time.h"
#include "umm.h"
#include "umm/mem.h"
#include "umm/store.h"

/* A line without its end, of the input path: number from 1, byte is its offset. */
struct umm_store_line {
    const char *path, *text;
    size_t len;
    uint64_t number, byte;
    const char *at; /* the comma before the next field, or the end */
};

struct umm_store_vector {
    float *values;
    uint32_t dim;
};

typedef enum umm_status umm_store_take_line(struct umm_store *store, struct umm_store_line *line,
                                            void *user, struct umm_error *err);

/* Give every line that is not empty to take, as soon as it is there. */
enum umm_status umm_store_read_lines(struct umm_store *store, int fd, const char *path,
                                     struct umm_arena *arena, umm_store_take_line *take, void *user,
                                     struct umm_run *run, uint64_t *n_lines, struct umm_error *err);

/* The bytes of an id in a field of len_bytes: all but the zero bytes after it. */
static inline size_t umm_store_padded_bytes(const char *field, size_t len_bytes)
{
    while (len_bytes > 0 && field[len_bytes - 1] == '\0')
        len_bytes--;
    return len_bytes;
}

/* The id at the begin of the line, unquoted, in UMM_STORE_ID_MAX bytes of room. */
enum umm_status umm_store_line_id(struct umm_store_line *line, char *id, size_t *id_bytes,
                                  struct umm_error *err);
bool umm_store_line_next(struct umm_store_line *line, const char **field, size_t *len);

/* All that is left of the line: exactly dim values. */
enum umm_status umm_store_line_values(struct umm_store_line *line, float *vector, uint32_t dim,
                                      struct umm_error *err);

/* UMM_ERR_DATA about the field at `at`: what: "field". */
enum umm_status umm_store_line_bad(const struct umm_store_line *line, const char *at,
                                   const char *what, struct umm_error *err);

/* Whether umm_store_put failed for what it was given: a bad id, or no room for it. */
bool umm_store_is_of_entry(enum umm_status status);

/* umm_store_put, with the line as the place of what is wrong with the entry. */
enum umm_status umm_store_line_put(struct umm_store *store, const struct umm_store_line *line,
                                   const char *id, size_t id_bytes, const float *vector,
                                   int64_t timestamp_ns, struct umm_error *err);

/* The id, quoted if need be; ",v1,...,vd\n". Return the end. */
char *umm_store_print_id(char *out, const struct umm_store_entry *entry);
char *umm_store_print_values(const struct umm_store *store, char *out, const float *vector);

#endif
