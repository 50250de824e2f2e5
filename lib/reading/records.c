/* SPDX-License-Identifier: MIT */
#include "reading/records.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "reading/block.h"
#include "sys/pages.h"

enum {
    LOOK_BYTES = 64 * 1024,
    READ_BYTES = UMM_RECORDS_READ_BYTES,
    WHOLE_BYTES = UMM_CSV_RECORD_MAX + 2,
    BUFFER_BYTES = UMM_RECORDS_BYTES
};

enum umm_status umm_records_open_with(struct umm_records *records, const char *path,
                                      const struct umm_source_options *options, struct umm_run *run,
                                      struct umm_error *err)
{
    memset(records, 0, sizeof *records);
    records->run = run;
    records->line = 1;
    records->delimiter = ',';
    enum umm_status status = umm_source_open(&records->source, path, options, run, err);
    if (status)
        return status;
    records->room = malloc(BUFFER_BYTES + 2 * UMM_SCAN_PAD);
    if (!records->room)
        return umm_error_set_memory(err, BUFFER_BYTES, "reading records");
    memset(records->room, 0, UMM_SCAN_PAD);
    records->buffer = records->room + UMM_SCAN_PAD;
    if (umm_records_is_long(records))
        umm_pages_have(records->room, READ_BYTES + UMM_RECORDS_EDGE_BYTES);
    return UMM_OK;
}

bool umm_records_is_long(const struct umm_records *records)
{
    return records->source.size_bytes >= 4 * (uint64_t)READ_BYTES;
}

void umm_records_close(struct umm_records *records)
{
    umm_source_close(&records->source);
    free(records->room);
    records->room = records->buffer = NULL;
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* The text ends with its last line end: what comes after may go on in a later delivery. */
static void hold_last(struct umm_records *records)
{
    const size_t end = records->end;
    while (records->end > records->begin && !is_line_end(records->buffer[records->end - 1]))
        records->end--;
    /* What is read again after a look may come without it. */
    if (end > records->end)
        records->n_held_bytes = end - records->end;
}

/*
 * Read until at least `wanted` unconsumed bytes are there, or the input ends; when
 * prompt, what one read brings.
 */
static enum umm_status fill(struct umm_records *records, size_t wanted, struct umm_error *err)
{
    if (records->begin) {
        memmove(records->buffer, records->buffer + records->begin, records->end - records->begin);
        records->end -= records->begin;
        records->begin = 0;
    }
    while (records->end < wanted && !records->is_end) {
        size_t room = BUFFER_BYTES - records->end;
        size_t step = records->step_bytes ? records->step_bytes : READ_BYTES;
        size_t n_read;
        enum umm_status status =
            umm_source_read(&records->source, records->run, records->buffer + records->end,
                            room < step ? room : step, &n_read, err);
        if (status)
            return status;
        records->end += n_read;
        records->is_end = n_read == 0;
        if (records->is_end && records->is_last_held)
            hold_last(records);
        if (records->is_prompt)
            break;
    }
    return UMM_OK;
}

/* Whether a line end is there that no quote seems to hide. */
static bool has_line(const struct umm_records *records)
{
    bool is_quoted = false;
    for (size_t i = records->begin; i < records->end; i++) {
        is_quoted ^= records->buffer[i] == '"';
        if (records->buffer[i] == '\n' && !is_quoted)
            return true;
    }
    return false;
}

/* The same as fill, except that nobody waits for more than a line when prompt. */
static enum umm_status await(struct umm_records *records, size_t wanted, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    while (!status && records->end - records->begin < wanted && !records->is_end) {
        if (records->is_prompt && has_line(records))
            break;
        status = fill(records, wanted, err);
    }
    return status;
}

enum umm_status umm_records_peek(struct umm_records *records, const char **text, size_t *len_bytes,
                                 bool *is_end, struct umm_error *err)
{
    enum umm_status status = await(records, LOOK_BYTES, err);
    if (status)
        return status;
    *text = records->buffer + records->begin;
    *len_bytes = records->end - records->begin;
    *is_end = records->is_end;
    return UMM_OK;
}

enum umm_status umm_records_peek_record(struct umm_records *records, const char **text,
                                        size_t *len_bytes, bool *is_end, struct umm_error *err)
{
    enum umm_status status = await(records, WHOLE_BYTES, err);
    if (status)
        return status;
    size_t len = records->end - records->begin;
    *text = records->buffer + records->begin;
    *len_bytes = len < WHOLE_BYTES ? len : WHOLE_BYTES;
    *is_end = records->is_end && *len_bytes == len;
    return UMM_OK;
}

static void consume(struct umm_records *records, size_t size_bytes, uint64_t n_lines)
{
    records->begin += size_bytes;
    records->byte += size_bytes;
    if (records->line)
        records->line += n_lines;
}

static enum umm_status fail_at(const struct umm_records *records, size_t offset, const char *what,
                               struct umm_error *err)
{
    const char *text = records->buffer + records->begin;
    struct umm_csv_record all = {text, records->end - records->begin, 0, 0, false};
    struct umm_csv_place place = umm_csv_locate_byte(&all, offset);
    umm_error_set(err, UMM_ERR_DATA, "%s", what);
    umm_error_at(err, records->source.path, records->line ? records->line + place.lines_before : 0,
                 place.column, records->byte + offset);
    return UMM_ERR_DATA;
}

static const char line_too_long[] = "line longer than 1 MiB";

enum umm_status umm_records_skip_lines(struct umm_records *records, uint64_t n_lines,
                                       struct umm_error *err)
{
    while (n_lines) {
        const char *text;
        size_t len;
        bool is_end;
        enum umm_status status = umm_records_peek(records, &text, &len, &is_end, err);
        if (status || len == 0)
            return status;
        size_t size = umm_csv_line_size(text, len);
        if (size > WHOLE_BYTES)
            return fail_at(records, 0, line_too_long, err);
        /* The line may go on, or its CR may be half of a CR LF. */
        if (size == len && !is_end) {
            status = fill(records, len + READ_BYTES / 2, err);
            if (status)
                return status;
            continue;
        }
        consume(records, size, 1);
        n_lines--;
    }
    return UMM_OK;
}

static const char *problem_of(enum umm_csv_split split, char first)
{
    switch (split) {
    case UMM_CSV_SPLIT_UNTERMINATED: return "quote is never closed";
    case UMM_CSV_SPLIT_FIELD_LONG:
        return first == UMM_CSV_QUOTE ? "field longer than 64 KiB (or a quote is not closed)"
                                      : "field longer than 64 KiB";
    case UMM_CSV_SPLIT_RECORD_LONG: return "record longer than 1 MiB";
    case UMM_CSV_SPLIT_RECORD:
    case UMM_CSV_SPLIT_MORE:
    case UMM_CSV_SPLIT_NUL: break;
    }
    return NULL;
}

/* The physical lines to the one of bad_at in place of a record that cannot be split. */
static enum umm_status take_lines(struct umm_records *records, struct umm_placed_record *placed,
                                  struct umm_error *err)
{
    size_t size = 0;
    uint64_t n_lines = 0;
    while (size <= placed->bad_at) {
        size_t len = records->end - records->begin;
        const char *line = records->buffer + records->begin + size;
        size_t line_size = umm_csv_line_size(line, len - size);
        if (size + line_size > WHOLE_BYTES)
            return fail_at(records, placed->bad_at, placed->problem, err);
        if (size + line_size < len || records->is_end) {
            size += line_size;
            n_lines++;
            continue;
        }
        enum umm_status status = fill(records, len + READ_BYTES / 2, err);
        if (status)
            return status;
    }
    const char *text = records->buffer + records->begin;
    size_t len = size;
    while (len && is_line_end(text[len - 1]))
        len--;
    placed->record = (struct umm_csv_record){text, len, size, n_lines, true};
    return UMM_OK;
}

/* Only spaces and tabs that are not the delimiter. */
bool umm_records_is_blank(const struct umm_records *records, const struct umm_csv_record *record)
{
    for (size_t i = 0; i < record->len_bytes; i++) {
        char c = record->text[i];
        if ((c != ' ' && c != '\t') || c == records->delimiter)
            return false;
    }
    return true;
}

/* The next record, whatever it is. */
static enum umm_status next_any(struct umm_records *records, struct umm_placed_record *placed,
                                bool *has_record, bool *is_comment, struct umm_error *err)
{
    *has_record = *is_comment = false;
    placed->problem = NULL;
    placed->bad_at = 0;
    if (records->begin == records->end && !records->is_end) {
        enum umm_status status = fill(records, LOOK_BYTES, err);
        if (status)
            return status;
    }
    for (;;) {
        size_t len = records->end - records->begin;
        if (len == 0)
            return UMM_OK;
        *is_comment = records->comment && records->buffer[records->begin] == records->comment;
        if (*is_comment) {
            placed->problem = line_too_long;
            break;
        }
        enum umm_csv_split split =
            umm_csv_split(records->buffer + records->begin, len, records->is_end,
                          records->delimiter, &placed->record, &placed->bad_at);
        if (split == UMM_CSV_SPLIT_NUL)
            return fail_at(records, placed->bad_at, "NUL byte: this is not text", err);
        placed->problem = problem_of(split, records->buffer[records->begin + placed->bad_at]);
        if (split != UMM_CSV_SPLIT_MORE)
            break;
        enum umm_status status = fill(records, len + LOOK_BYTES, err);
        if (status)
            return status;
    }
    if (placed->problem) {
        enum umm_status status = take_lines(records, placed, err);
        if (status)
            return status;
    }
    placed->line = records->line;
    placed->byte = records->byte;
    consume(records, placed->record.size_bytes, placed->record.n_lines);
    *has_record = true;
    return UMM_OK;
}

enum umm_status umm_records_next(struct umm_records *records, struct umm_placed_record *placed,
                                 bool *has_record, struct umm_error *err)
{
    for (;;) {
        bool is_comment;
        enum umm_status status = next_any(records, placed, has_record, &is_comment, err);
        if (status || !*has_record)
            return status;
        if (!is_comment && (placed->problem || !umm_records_is_blank(records, &placed->record)))
            return UMM_OK;
        records->n_comments += is_comment;
        records->n_blank += !is_comment;
    }
}

enum umm_status umm_records_skip_void(struct umm_records *records, struct umm_error *err)
{
    for (;;) {
        const char *text;
        size_t len;
        bool is_end;
        enum umm_status status = umm_records_peek(records, &text, &len, &is_end, err);
        if (status || len == 0)
            return status;
        bool is_comment = records->comment && text[0] == records->comment;
        struct umm_csv_record line = {text, umm_csv_line_size(text, len), 0, 0, false};
        while (line.len_bytes && is_line_end(text[line.len_bytes - 1]))
            line.len_bytes--;
        if (!is_comment && !umm_records_is_blank(records, &line))
            return UMM_OK;
        records->n_comments += is_comment;
        records->n_blank += !is_comment;
        status = umm_records_skip_lines(records, 1, err);
        if (status)
            return status;
    }
}

enum umm_status umm_records_count_lines(struct umm_records *records, uint64_t byte, uint64_t *line,
                                        struct umm_error *err)
{
    enum umm_status status = umm_records_seek(records, 0, 1, err);
    while (!status) {
        const char *text;
        size_t len;
        bool is_end;
        status = umm_records_peek(records, &text, &len, &is_end, err);
        if (status || len == 0)
            break;
        size_t size = umm_csv_line_size(text, len);
        if (byte - records->byte < size)
            break;
        /* The last of these bytes may be in the middle of a line, or of a CR LF. */
        bool is_whole = size < len || is_end || text[size - 1] == '\n';
        consume(records, size - (!is_whole && text[size - 1] == '\r'), is_whole);
    }
    *line = records->line;
    return status;
}

/* The block gets the buffer with its text; the records go on in the block's. */
static void exchange(struct umm_records *records, struct umm_block *block, size_t n_bytes)
{
    char *room = block->room;
    size_t n_left = records->end - records->begin - n_bytes;
    block->room = records->room;
    block->text = records->buffer + records->begin;
    block->len_bytes = n_bytes;
    block->line = records->line;
    block->byte = records->byte;
    block->delimiter = records->delimiter;
    memcpy(room + UMM_SCAN_PAD, block->text + n_bytes, n_left);
    consume(records, n_bytes, block->scan.n_lines);
    records->room = room;
    records->buffer = room + UMM_SCAN_PAD;
    records->begin = 0;
    records->end = n_left;
}

/* Whether some line, even in quotes, begins like a comment. */
static bool may_have_comment(const struct umm_records *records, const char *text, size_t len_bytes)
{
    const char *at = text, *end = text + len_bytes;
    for (; records->comment && (at = memchr(at, records->comment, (size_t)(end - at))); at++)
        if (at == text || is_line_end(at[-1]))
            return true;
    return false;
}

/* Whether the next n_bytes have records for a block, and nothing but regular ones. */
static bool scan_next(const struct umm_records *records, enum umm_cpu cpu, size_t n_bytes,
                      struct umm_block *block)
{
    const char *text = records->buffer + records->begin;
    umm_scan(cpu, text, n_bytes, records->delimiter, block->positions + 1, &block->scan);
    /* Quotes in comments have no partners. */
    return block->scan.is_regular && block->scan.whole_bytes != 0 &&
           !(block->scan.has_quotes && may_have_comment(records, text, n_bytes));
}

/*
 * A record does not end in the *len_bytes that were scanned: have twice as much, or as much as
 * a record may take, or what there is.
 */
static enum umm_status lengthen(struct umm_records *records, struct umm_block *block,
                                size_t *len_bytes, struct umm_error *err)
{
    const size_t wanted = *len_bytes < WHOLE_BYTES / 2 ? 2 * *len_bytes : WHOLE_BYTES;
    enum umm_status status = await(records, wanted, err);
    if (status)
        return status;
    const size_t len = records->end - records->begin;
    *len_bytes = len < wanted ? len : wanted;
    return umm_block_lengthen(block, *len_bytes, err);
}

/*
 * Text that has an irregular record is cut before it: half of the text is tried, a quarter,
 * and so on, and the same again from there, until so little is left that it is read record
 * by record. Where such records come one after another, that much grows.
 *
 *     |regular......|regular.|reg.|ir- | regular...
 *                                 bad_end
 */
enum umm_status umm_records_cut(struct umm_records *records, enum umm_cpu cpu, size_t want_bytes,
                                struct umm_block *block, bool *is_cut, size_t *n_bytes,
                                struct umm_error *err)
{
    const size_t bad_bytes_min = want_bytes / 64 ? want_bytes / 64 : 1;
    *is_cut = false;
    enum umm_status status = await(records, want_bytes, err);
    if (status)
        return status;
    size_t len = records->end - records->begin, least = records->bad_bytes;
    len = len < want_bytes ? len : want_bytes;
    *n_bytes = len;
    if (len == 0)
        return UMM_OK;
    least = least > bad_bytes_min ? least : bad_bytes_min;
    uint64_t to_bad = records->bad_end > records->byte ? records->bad_end - records->byte : 0;
    size_t n = to_bad && to_bad <= len ? (size_t)to_bad / 2 : len,
           n_bad = to_bad ? (size_t)to_bad : len;
    while (n >= least || n == len) {
        if (scan_next(records, cpu, n, block)) {
            if (n >= 8 * least || n >= want_bytes)
                records->bad_bytes = 0;
            *is_cut = true;
            *n_bytes = block->scan.whole_bytes;
            exchange(records, block, block->scan.whole_bytes);
            return UMM_OK;
        }
        const size_t len_before = len;
        if (n == len && block->scan.is_regular && block->scan.whole_bytes == 0)
            status = lengthen(records, block, &len, err);
        if (status)
            return status;
        if (len > len_before) {
            n = len;
            continue;
        }
        n_bad = n;
        records->bad_end = records->byte + n;
        n /= 2;
    }
    *n_bytes = n_bad;
    records->bad_bytes = 2 * least < want_bytes ? 2 * least : want_bytes;
    return UMM_OK;
}

enum umm_status umm_records_seek(struct umm_records *records, uint64_t byte, uint64_t line,
                                 struct umm_error *err)
{
    records->begin = records->end = 0;
    records->is_end = false;
    records->byte = byte;
    records->line = line;
    return umm_source_seek(&records->source, byte, err);
}

enum umm_status umm_records_mark(struct umm_records *records, struct umm_records_mark *mark,
                                 struct umm_error *err)
{
    *mark = (struct umm_records_mark){.line = records->line,
                                      .byte = records->byte,
                                      .n_blank = records->n_blank,
                                      .n_comments = records->n_comments,
                                      .n_raw_bytes = records->source.n_raw_bytes};
    if (umm_source_can_seek(&records->source))
        return UMM_OK;
    return umm_source_keep(&records->source, records->buffer + records->begin,
                           records->end - records->begin, err);
}

enum umm_status umm_records_return(struct umm_records *records, const struct umm_records_mark *mark,
                                   struct umm_error *err)
{
    records->n_blank = mark->n_blank;
    records->n_comments = mark->n_comments;
    if (umm_source_can_seek(&records->source)) {
        records->source.n_raw_bytes = mark->n_raw_bytes;
        return umm_records_seek(records, mark->byte, mark->line, err);
    }
    umm_source_replay(&records->source);
    records->begin = records->end = 0;
    records->is_end = false;
    records->byte = mark->byte;
    records->line = mark->line;
    return UMM_OK;
}
