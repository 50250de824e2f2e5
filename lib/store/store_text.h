/* SPDX-License-Identifier: MIT */
/*
 * store_text.h - what store_lines.c, store_columns.c and store_transfer.c share: fields of a line,
 * one after the other, with errors that say where.
 */
#ifndef UMM_STORE_STORE_TEXT_H
#define UMM_STORE_STORE_TEXT_H

#include "store/store_batch.h"
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

static inline struct umm_store_origin umm_store_line_origin(const struct umm_store_line *line)
{
    return (struct umm_store_origin){line->number, line->byte};
}

typedef enum umm_status umm_store_take_line(struct umm_store_batch *batch,
                                            struct umm_store_line *line, void *user,
                                            struct umm_error *err);

/*
 * Give every line that is not empty to take, which adds rows to the batch; it is flushed before
 * more is waited for.
 */
enum umm_status umm_store_read_lines(struct umm_store_batch *batch, int fd, struct umm_arena *arena,
                                     umm_store_take_line *take, void *user, struct umm_run *run,
                                     uint64_t *n_lines, struct umm_error *err);

/* The bytes of an id in a field of len_bytes: all but the zero bytes after it. */
static inline size_t umm_store_padded_bytes(const char *field, size_t len_bytes)
{
    while (len_bytes > 0 && field[len_bytes - 1] == '\0')
        len_bytes--;
    return len_bytes;
}

/* The id at `at`, unquoted, in UMM_STORE_ID_MAX bytes of room. */
enum umm_status umm_store_line_id(struct umm_store_line *line, const char *at, char *id,
                                  size_t *id_bytes, struct umm_error *err);
bool umm_store_line_next(struct umm_store_line *line, const char **field, size_t *len);

/* All that is left of the line: exactly dim values. */
enum umm_status umm_store_line_values(struct umm_store_line *line, bool is_empty_nan, float *vector,
                                      uint32_t dim, struct umm_error *err);

/* One value; a time as the spec says, which is found by the first one where it has no form. */
enum umm_status umm_store_line_value(const struct umm_store_line *line, const char *field,
                                     size_t len, bool is_empty_nan, float *value,
                                     struct umm_error *err);
enum umm_status umm_store_line_time(const struct umm_store_line *line, const char *field,
                                    size_t len, const char *name, struct umm_time_spec *spec,
                                    int64_t *time_ns, struct umm_error *err);

/* UMM_ERR_DATA about the field at `at`: what: "field". */
enum umm_status umm_store_line_bad(const struct umm_store_line *line, const char *at,
                                   const char *what, struct umm_error *err);

/* The id, quoted if need be; ",v1,...,vd\n". Return the end. */
char *umm_store_print_id(char *out, const struct umm_store_entry *entry);
char *umm_store_print_values(char *out, const float *vector, uint32_t dim);

#endif
