/* SPDX-License-Identifier: MIT */
#include "store/store_lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/store_batch.h"
#include "store/store_columns.h"
#include "store/store_text.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "text/print.h"
#include "text/shortest.h"
#include "umm/mem.h"
#include "umm/store.h"

enum { READ_BYTES = 65536, VALUE_MAX = 64 };

/* ---- out ---------------------------------------------------------------------------- */

size_t umm_store_line_max(uint32_t dim)
{
    return 2 * UMM_STORE_ID_MAX + 4 + 2 * UMM_TIME_ISO_MAX + 4 +
           (size_t)dim * (UMM_PRINT_SHORTEST_MAX + 1);
}

size_t umm_store_print_line(char *out, const struct umm_store_entry *entry, const float *vector,
                            uint32_t dim)
{
    char *end = umm_store_print_id(out, entry);
    return (size_t)(umm_store_print_values(end, vector, dim) - out);
}

/* ---- in: a stream ---------------------------------------------------------------------- */

/* What a put knows of its lines. */
struct put {
    const struct umm_store_put_options *options;
    struct umm_store_columns columns;
    bool has_columns;
};

static enum umm_status put_line(struct umm_store_batch *batch, struct umm_store_line *line,
                                void *user, struct umm_error *err)
{
    struct put *put = user;
    const struct umm_store_put_options *options = put->options;
    char id[UMM_STORE_ID_MAX];
    float *vector = umm_store_batch_vector(batch);
    enum umm_status status;
    if (options->has_header && !put->has_columns) {
        put->has_columns = true;
        return umm_store_columns_parse(&put->columns, line, err);
    }
    struct umm_store_row row = {
        .id = id, .timestamp_ns = umm_clock_realtime_ns(), .ttl_ns = options->ttl_ns};
    if (options->has_header) {
        status = umm_store_columns_take(&put->columns, line, options->is_empty_nan, id, &row,
                                        vector, err);
    } else {
        status = umm_store_line_id(line, line->text, id, &row.id_bytes, err);
        if (!status)
            status = umm_store_line_values(line, options->is_empty_nan, vector, batch->dim, err);
    }
    return status ? status : umm_store_batch_add(batch, &row, umm_store_line_origin(line), err);
}

/* What is read and not used yet. */
struct buffer {
    char *bytes;
    size_t cap, begin, end;
    uint64_t byte; /* offset of bytes[begin] in the input */
};

static enum umm_status fill(struct buffer *buffer, int fd, const char *path, struct umm_run *run,
                            size_t *n_read, struct umm_error *err)
{
    memmove(buffer->bytes, buffer->bytes + buffer->begin, buffer->end - buffer->begin);
    buffer->end -= buffer->begin;
    buffer->begin = 0;
    enum umm_status status = umm_file_read(fd, path, run, buffer->bytes + buffer->end,
                                           buffer->cap - buffer->end, n_read, err);
    buffer->end += status ? 0 : *n_read;
    return status;
}

static void use(struct buffer *buffer, size_t n)
{
    buffer->begin += n;
    buffer->byte += n;
}

/* The length of the byte order mark that an input may begin with. */
static size_t mark_of(const struct umm_store_line *line, const char *text, size_t len)
{
    static const char mark[] = "\xef\xbb\xbf";
    bool has_mark = !line->number && len >= sizeof mark - 1 && !memcmp(text, mark, sizeof mark - 1);
    return has_mark ? sizeof mark - 1 : 0;
}

/* Give each line in the buffer that is complete (at the end: any) to take. */
static enum umm_status take_lines(struct umm_store_batch *batch, struct buffer *buffer, bool is_end,
                                  struct umm_store_line *line, umm_store_take_line *take,
                                  void *user, uint64_t *n_lines, struct umm_error *err)
{
    while (buffer->begin < buffer->end) {
        const char *text = buffer->bytes + buffer->begin;
        size_t left = buffer->end - buffer->begin;
        const char *newline = memchr(text, '\n', left);
        if (!newline && !is_end)
            return UMM_OK;
        size_t len = newline ? (size_t)(newline - text) : left, mark = mark_of(line, text, len);
        line->text = text + mark;
        line->len = (len > mark && text[len - 1] == '\r' ? len - 1 : len) - mark;
        line->byte = buffer->byte + mark;
        line->number++;
        if (line->len) {
            enum umm_status status = take(batch, line, user, err);
            if (status)
                return status;
            ++*n_lines;
        }
        use(buffer, len + (newline != NULL));
    }
    return UMM_OK;
}

static enum umm_status too_long(const struct umm_store_line *line, uint64_t byte,
                                struct umm_error *err)
{
    (void)umm_error_set(err, UMM_ERR_DATA, "the line is too long for a vector of this store");
    umm_error_at(err, line->path, line->number + 1, 1, byte);
    return UMM_ERR_DATA;
}

enum umm_status umm_store_read_lines(struct umm_store_batch *batch, int fd, struct umm_arena *arena,
                                     umm_store_take_line *take, void *user, struct umm_run *run,
                                     uint64_t *n_lines, struct umm_error *err)
{
    struct buffer buffer = {.cap = READ_BYTES + (size_t)batch->dim * VALUE_MAX};
    struct umm_store_line line = {.path = batch->path};
    size_t n_read = 1;
    buffer.bytes = umm_arena_alloc_raw(arena, buffer.cap);
    enum umm_status status = umm_arena_check(arena, "lines", err);
    *n_lines = 0;
    while (!status && n_read) {
        if (buffer.end - buffer.begin == buffer.cap)
            return too_long(&line, buffer.byte, err);
        status = fill(&buffer, fd, batch->path, run, &n_read, err);
        if (!status)
            status = take_lines(batch, &buffer, n_read == 0, &line, take, user, n_lines, err);
        status = umm_store_batch_end(batch, status, err);
    }
    return status;
}

/* ---- in: records ------------------------------------------------------------------------- */

static enum umm_status put_record(struct umm_store_batch *batch, const char *record, size_t id_cell,
                                  int64_t ttl_ns, uint64_t number, struct umm_error *err)
{
    const struct umm_store_row row = {.id = record,
                                      .id_bytes = umm_store_padded_bytes(record, id_cell),
                                      .timestamp_ns = umm_clock_realtime_ns(),
                                      .ttl_ns = ttl_ns};
    memcpy(umm_store_batch_vector(batch), record + id_cell, batch->dim * sizeof(float));
    return umm_store_batch_add(batch, &row, (struct umm_store_origin){.number = number}, err);
}

static enum umm_status put_records(struct umm_store_batch *batch, int fd, size_t id_cell,
                                   int64_t ttl_ns, struct umm_arena *arena, struct umm_run *run,
                                   struct umm_error *err)
{
    size_t size = id_cell + batch->dim * sizeof(float), n_read = 1;
    struct buffer buffer = {.cap = READ_BYTES + size};
    uint64_t n_records = 0;
    buffer.bytes = umm_arena_alloc_raw(arena, buffer.cap);
    enum umm_status status = umm_arena_check(arena, "records", err);
    while (!status && n_read) {
        status = fill(&buffer, fd, batch->path, run, &n_read, err);
        while (!status && buffer.end - buffer.begin >= size) {
            status =
                put_record(batch, buffer.bytes + buffer.begin, id_cell, ttl_ns, ++n_records, err);
            use(&buffer, size);
        }
        status = umm_store_batch_end(batch, status, err);
    }
    if (!status && buffer.begin < buffer.end)
        return umm_error_set_path(err, UMM_ERR_DATA, batch->path,
                                  "ends in the middle of a record: %zu of %zu bytes",
                                  buffer.end - buffer.begin, size);
    return status;
}

enum umm_status umm_store_put_stream(struct umm_store *store, int fd, const char *path,
                                     const struct umm_store_put_options *options,
                                     struct umm_run *run, struct umm_store_taken *taken,
                                     struct umm_error *err)
{
    struct put put = {.options = options};
    struct umm_arena arena = {0};
    struct umm_store_batch batch = {0};
    struct umm_store_info info;
    uint64_t n_lines;
    enum umm_status status = umm_store_info(store, &info, err);
    if (!status)
        status = umm_store_batch_init(&batch, store, options->mode, path,
                                      options->is_binary ? "record" : NULL, &arena, err);
    if (!status && options->has_header)
        status = umm_store_columns_init(&put.columns, info.dim, &arena, err);
    if (!status && options->is_binary)
        status = put_records(&batch, fd, info.id_max_bytes, options->ttl_ns, &arena, run, err);
    else if (!status)
        status = umm_store_read_lines(&batch, fd, &arena, put_line, &put, run, &n_lines, err);
    *taken = (struct umm_store_taken){batch.n_put, batch.n_older};
    umm_arena_close(&arena);
    return status;
}
