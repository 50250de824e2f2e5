/* SPDX-License-Identifier: MIT */
#include "store/store_lines.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/store_batch.h"
#include "store/store_text.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "text/csvcell.h"
#include "text/print.h"
#include "text/shortest.h"
#include "umm/mem.h"
#include "umm/store.h"

enum { READ_BYTES = 65536, VALUE_MAX = 64 };

/* ---- out ---------------------------------------------------------------------------- */

size_t umm_store_line_max(uint32_t dim)
{
    return 2 * UMM_STORE_ID_MAX + 4 + UMM_TIME_ISO_MAX + 4 +
           (size_t)dim * (UMM_PRINT_SHORTEST_MAX + 1);
}

char *umm_store_print_id(char *out, const struct umm_store_entry *entry)
{
    return umm_csvcell_put(out, entry->id, entry->id_bytes);
}

char *umm_store_print_values(char *out, const float *vector, uint32_t dim)
{
    for (uint32_t i = 0; i < dim; i++) {
        *out++ = ',';
        out = umm_print_f32_shortest(out, vector[i]);
    }
    *out++ = '\n';
    return out;
}

size_t umm_store_print_line(char *out, const struct umm_store_entry *entry, const float *vector,
                            uint32_t dim)
{
    char *end = umm_store_print_id(out, entry);
    return (size_t)(umm_store_print_values(end, vector, dim) - out);
}

/* ---- in: a line ---------------------------------------------------------------------- */

static enum umm_status bad(const struct umm_store_line *line, const char *at, const char *what,
                           const char *text, size_t len, struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    (void)umm_error_set(err, UMM_ERR_DATA, "%s: \"%s\"", what,
                        umm_escape(shown, sizeof shown, text, len));
    umm_error_at(err, line->path, line->number, (uint64_t)(at - line->text) + 1,
                 line->byte + (uint64_t)(at - line->text));
    return UMM_ERR_DATA;
}

enum umm_status umm_store_line_bad(const struct umm_store_line *line, const char *at,
                                   const char *what, struct umm_error *err)
{
    const char *end = memchr(at, ',', (size_t)(line->text + line->len - at));
    size_t len = end ? (size_t)(end - at) : (size_t)(line->text + line->len - at);
    return bad(line, at, what, at, len, err);
}

enum umm_status umm_store_line_id(struct umm_store_line *line, char *id, size_t *id_bytes,
                                  struct umm_error *err)
{
    const char *at = line->text, *end = at + line->len;
    bool is_quoted = at < end && *at == '"';
    size_t n = 0;
    for (at += is_quoted; at < end; at++) {
        if (is_quoted && *at == '"' && at + 1 < end && at[1] == '"')
            at++;
        else if (*at == (is_quoted ? '"' : ','))
            break;
        if (n == UMM_STORE_ID_MAX)
            return bad(line, line->text, "the id is too long", line->text, line->len, err);
        id[n++] = *at;
    }
    if (is_quoted && (at == end || (at + 1 < end && at[1] != ',')))
        return bad(line, line->text, "not closed, or text after the quote", line->text, line->len,
                   err);
    line->at = at + (is_quoted && at < end);
    *id_bytes = n;
    return UMM_OK;
}

/* The next field, without the comma before it; false at the end of the line. */
bool umm_store_line_next(struct umm_store_line *line, const char **field, size_t *len)
{
    const char *end = line->text + line->len;
    if (line->at == end)
        return false;
    *field = line->at + 1;
    const char *comma = memchr(*field, ',', (size_t)(end - *field));
    line->at = comma ? comma : end;
    *len = (size_t)(line->at - *field);
    return true;
}

/* The word in letters of either case, whatever the locale says they are. */
static bool is_word(const char *text, size_t len, const char *word)
{
    size_t n = 0;
    for (; n < len && word[n]; n++)
        if (text[n] != word[n] && (word[n] < 'a' || text[n] != word[n] - ('a' - 'A')))
            return false;
    return n == len && !word[n];
}

/* What is no number but a value. */
static bool parse_word(const char *text, size_t len, float *value)
{
    static const struct {
        const char *word;
        float value;
    } words[] = {{"nan", NAN}, {"inf", INFINITY}, {"+inf", INFINITY}, {"-inf", -INFINITY}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (is_word(text, len, words[i].word)) {
            *value = words[i].value;
            return true;
        }
    }
    return false;
}

enum umm_status umm_store_line_values(struct umm_store_line *line, float *vector, uint32_t dim,
                                      struct umm_error *err)
{
    const char *field;
    size_t len;
    uint32_t n = 0;
    for (; umm_store_line_next(line, &field, &len); n++) {
        float value = 0;
        enum umm_num_result result = umm_num_parse_f32(field, len, '.', &value);
        if (result == UMM_NUM_OVERFLOW)
            return bad(line, field, "out of the range of float32", field, len, err);
        if (result != UMM_NUM_OK && !parse_word(field, len, &value))
            return bad(line, field, "not a number", field, len, err);
        if (n < dim)
            vector[n] = value;
    }
    if (n == dim)
        return UMM_OK;
    (void)umm_error_set(err, UMM_ERR_DATA, "%" PRIu32 " values; the store's vectors have %" PRIu32,
                        n, dim);
    umm_error_at(err, line->path, line->number, 1, line->byte);
    return UMM_ERR_DATA;
}

/* ---- in: a stream ---------------------------------------------------------------------- */

static enum umm_status put_line(struct umm_store_batch *batch, struct umm_store_line *line,
                                struct umm_error *err)
{
    char id[UMM_STORE_ID_MAX];
    struct umm_store_row row = {.id = id, .timestamp_ns = umm_clock_realtime_ns()};
    enum umm_status status = umm_store_line_id(line, id, &row.id_bytes, err);
    if (!status)
        status = umm_store_line_values(line, umm_store_batch_vector(batch), batch->dim, err);
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
                                  uint64_t *n_lines, struct umm_error *err)
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
            enum umm_status status = take(batch, line, err);
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
                                     umm_store_take_line *take, struct umm_run *run,
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
            status = take_lines(batch, &buffer, n_read == 0, &line, take, n_lines, err);
        status = umm_store_batch_end(batch, status, err);
    }
    return status;
}

/* ---- in: records ------------------------------------------------------------------------- */

static enum umm_status put_record(struct umm_store_batch *batch, const char *record, size_t id_cell,
                                  uint64_t number, struct umm_error *err)
{
    const struct umm_store_row row = {.id = record,
                                      .id_bytes = umm_store_padded_bytes(record, id_cell),
                                      .timestamp_ns = umm_clock_realtime_ns()};
    memcpy(umm_store_batch_vector(batch), record + id_cell, batch->dim * sizeof(float));
    return umm_store_batch_add(batch, &row, (struct umm_store_origin){.number = number}, err);
}

static enum umm_status put_records(struct umm_store_batch *batch, int fd, size_t id_cell,
                                   struct umm_arena *arena, struct umm_run *run,
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
            status = put_record(batch, buffer.bytes + buffer.begin, id_cell, ++n_records, err);
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
                                     bool is_binary, struct umm_run *run, uint64_t *n_put,
                                     struct umm_error *err)
{
    struct umm_arena arena = {0};
    struct umm_store_batch batch = {0};
    struct umm_store_info info;
    uint64_t n_lines;
    enum umm_status status = umm_store_info(store, &info, err);
    if (!status)
        status = umm_store_batch_init(&batch, store, UMM_STORE_PUT_ALL, path,
                                      is_binary ? "record" : NULL, &arena, err);
    if (!status && is_binary)
        status = put_records(&batch, fd, info.id_max_bytes, &arena, run, err);
    else if (!status)
        status = umm_store_read_lines(&batch, fd, &arena, put_line, run, &n_lines, err);
    *n_put = batch.n_put;
    umm_arena_close(&arena);
    return status;
}
