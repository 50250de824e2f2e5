/* SPDX-License-Identifier: MIT */
#include "text/csv.h"

#include <csv.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/*
 * The states of libcsv's strict mode. A quote opens a quoted field only as the
 * first byte after spaces (START); in the middle of PLAIN it is an error that the
 * fields pass reports, and does not hide line ends.
 *
 *            "            delimiter     other
 *   START    QUOTED       START         PLAIN  (space: START)
 *   PLAIN    (error)      START         PLAIN
 *   QUOTED   CLOSING      QUOTED        QUOTED
 *   CLOSING  QUOTED       START         CLOSED (space), else error
 *   CLOSED   (error)      START         CLOSED (space), else error
 */
enum state { START, PLAIN, QUOTED, CLOSING, CLOSED };

static bool is_blank(char c, char delimiter)
{
    return (c == ' ' || c == '\t') && c != delimiter;
}

/* The next state, line ends outside quotes excepted; *is_bad when strict mode refuses c. */
static enum state step(enum state state, char c, char delimiter, bool *is_bad)
{
    *is_bad = false;
    if (state == QUOTED)
        return c == UMM_CSV_QUOTE ? CLOSING : QUOTED;
    if (c == delimiter)
        return START;
    switch (state) {
    case START:
        if (c == UMM_CSV_QUOTE)
            return QUOTED;
        return is_blank(c, delimiter) ? START : PLAIN;
    case PLAIN: *is_bad = c == UMM_CSV_QUOTE; return PLAIN;
    case CLOSING:
        if (c == UMM_CSV_QUOTE)
            return QUOTED;
        *is_bad = !is_blank(c, delimiter);
        return CLOSED;
    case CLOSED:
    case QUOTED:
    default: *is_bad = !is_blank(c, delimiter); return CLOSED;
    }
}

/* Bytes of the line end at text: 0, 1, 2, or -1 when a CR is the last byte known. */
static int line_end(const char *text, size_t len_bytes, bool is_end)
{
    if (text[0] == '\n')
        return 1;
    if (text[0] != '\r')
        return 0;
    if (len_bytes > 1)
        return text[1] == '\n' ? 2 : 1;
    return is_end ? 1 : -1;
}

static void set_record(struct umm_csv_record *record, const char *text, size_t len_bytes,
                       size_t size_bytes, uint64_t n_lines, bool has_quote)
{
    record->text = text;
    record->len_bytes = len_bytes;
    record->size_bytes = size_bytes;
    record->n_lines = n_lines;
    record->has_quote = has_quote;
}

/*
 * The common record: one line, no quote, no NUL, no CR but before the LF, short
 * enough to need no check of field lengths.
 */
static bool split_simple(const char *text, size_t len_bytes, struct umm_csv_record *record)
{
    size_t limit = len_bytes < UMM_CSV_FIELD_MAX ? len_bytes : UMM_CSV_FIELD_MAX;
    const char *end = memchr(text, '\n', limit);
    if (!end)
        return false;
    size_t len = (size_t)(end - text);
    if (len && text[len - 1] == '\r')
        len--;
    if (memchr(text, UMM_CSV_QUOTE, len) || memchr(text, '\r', len) || memchr(text, '\0', len))
        return false;
    set_record(record, text, len, (size_t)(end - text) + 1, 1, false);
    return true;
}

/* Every record, byte by byte. */
static enum umm_csv_split split_any(const char *text, size_t len_bytes, bool is_end, char delimiter,
                                    struct umm_csv_record *record, size_t *bad_at)
{
    enum state state = START;
    size_t field = 0, field_max = UMM_CSV_FIELD_MAX, quote = 0;
    uint64_t n_lines = 0;
    bool has_quote = false, is_bad;
    for (size_t i = 0; i < len_bytes; i++) {
        char c = text[i];
        int end = line_end(text + i, len_bytes - i, is_end);
        if (end < 0)
            return UMM_CSV_SPLIT_MORE;
        if (end && state != QUOTED) {
            set_record(record, text, i, i + (size_t)end, n_lines + 1, has_quote);
            return UMM_CSV_SPLIT_RECORD;
        }
        if (end)
            n_lines++;
        if (end == 2)
            i++;
        if (c == '\0') {
            *bad_at = i;
            return UMM_CSV_SPLIT_NUL;
        }
        has_quote |= c == UMM_CSV_QUOTE;
        if (state == START && c == UMM_CSV_QUOTE) {
            field_max = UMM_CSV_FIELD_MAX + 2;
            quote = i;
        }
        state = step(state, c, delimiter, &is_bad);
        if (state == START && c == delimiter) {
            field = i + 1;
            field_max = UMM_CSV_FIELD_MAX;
        } else if (i - field >= field_max) {
            *bad_at = field;
            return UMM_CSV_SPLIT_FIELD_LONG;
        }
        if (i >= UMM_CSV_RECORD_MAX) {
            *bad_at = 0;
            return UMM_CSV_SPLIT_RECORD_LONG;
        }
    }
    if (!is_end)
        return UMM_CSV_SPLIT_MORE;
    if (state == QUOTED) {
        *bad_at = quote;
        return UMM_CSV_SPLIT_UNTERMINATED;
    }
    set_record(record, text, len_bytes, len_bytes, n_lines + 1, has_quote);
    return UMM_CSV_SPLIT_RECORD;
}

enum umm_csv_split umm_csv_split(const char *text, size_t len_bytes, bool is_end, char delimiter,
                                 struct umm_csv_record *record, size_t *bad_at)
{
    if (split_simple(text, len_bytes, record))
        return UMM_CSV_SPLIT_RECORD;
    return split_any(text, len_bytes, is_end, delimiter, record, bad_at);
}

size_t umm_csv_line_size(const char *text, size_t len_bytes)
{
    for (size_t i = 0; i < len_bytes; i++) {
        int end = line_end(text + i, len_bytes - i, true);
        if (end)
            return i + (size_t)end;
    }
    return len_bytes;
}

/* ---- fields ---------------------------------------------------------------- */

struct umm_csv_reader {
    struct csv_parser parser;
    char delimiter;
    size_t n_fields;
    size_t used_bytes;
    char *values; /* the record's field values, one after the other */
    size_t cap_bytes;
    struct umm_csv_field fields[UMM_CSV_COLUMNS_MAX];
};

static int is_space(unsigned char c)
{
    return c == ' ' || c == '\t';
}

enum umm_status umm_csv_reader_new(char delimiter, struct umm_csv_reader **out,
                                   struct umm_error *err)
{
    struct umm_csv_reader *reader = malloc(sizeof *reader);
    if (!reader)
        return umm_error_set_memory(err, sizeof *reader, "a CSV reader");
    /* Not the fields: they are written before they are read, and much for a short text. */
    memset(reader, 0, offsetof(struct umm_csv_reader, fields));
    if (csv_init(&reader->parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        free(reader);
        return umm_error_set_memory(err, sizeof *reader, "libcsv");
    }
    csv_set_delim(&reader->parser, (unsigned char)delimiter);
    csv_set_space_func(&reader->parser, is_space);
    reader->delimiter = delimiter;
    *out = reader;
    return UMM_OK;
}

void umm_csv_reader_free(struct umm_csv_reader *reader)
{
    if (!reader)
        return;
    csv_free(&reader->parser);
    free(reader->values);
    free(reader);
}

/* libcsv hands over one field, in a buffer that it uses again for the next. */
static void on_field(void *value, size_t len_bytes, void *user)
{
    struct umm_csv_reader *reader = user;
    if (reader->n_fields < UMM_CSV_COLUMNS_MAX) {
        struct umm_csv_field *field = &reader->fields[reader->n_fields];
        field->text = reader->values + reader->used_bytes;
        field->len_bytes = len_bytes;
        memcpy(reader->values + reader->used_bytes, value, len_bytes);
        reader->used_bytes += len_bytes;
    }
    reader->n_fields++;
}

/* Values are never longer than the record that they are read from. */
static enum umm_status reserve(struct umm_csv_reader *reader, size_t len_bytes,
                               struct umm_error *err)
{
    if (len_bytes <= reader->cap_bytes)
        return UMM_OK;
    size_t cap = len_bytes * 2;
    char *values = realloc(reader->values, cap);
    if (!values)
        return umm_error_set_memory(err, cap, "a CSV record");
    reader->values = values;
    reader->cap_bytes = cap;
    return UMM_OK;
}

/* The offset of the byte that strict mode stumbled over. */
static size_t find_bad_byte(const struct umm_csv_record *record, char delimiter)
{
    enum state state = START;
    for (size_t i = 0; i < record->len_bytes; i++) {
        bool is_bad;
        state = step(state, record->text[i], delimiter, &is_bad);
        if (is_bad)
            return i;
    }
    return record->len_bytes;
}

enum umm_status umm_csv_fields(struct umm_csv_reader *reader, const struct umm_csv_record *record,
                               const struct umm_csv_field **fields, size_t *n_fields,
                               size_t *bad_at, struct umm_error *err)
{
    enum umm_status status = reserve(reader, record->len_bytes + 1, err);
    if (status)
        return status;
    reader->n_fields = 0;
    reader->used_bytes = 0;
    size_t n_read =
        csv_parse(&reader->parser, record->text, record->len_bytes, on_field, NULL, reader);
    bool is_done =
        n_read == record->len_bytes && csv_fini(&reader->parser, on_field, NULL, reader) == 0;
    if (!is_done) {
        int code = csv_error(&reader->parser);
        csv_free(&reader->parser);
        csv_init(&reader->parser, CSV_STRICT | CSV_STRICT_FINI);
        csv_set_delim(&reader->parser, (unsigned char)reader->delimiter);
        csv_set_space_func(&reader->parser, is_space);
        if (code == CSV_ENOMEM || code == CSV_ETOOBIG)
            return umm_error_set_memory(err, record->len_bytes, "libcsv");
        *bad_at = find_bad_byte(record, reader->delimiter);
        return umm_error_set(err, UMM_ERR_DATA, "misplaced quote");
    }
    *fields = reader->fields;
    *n_fields = reader->n_fields;
    return UMM_OK;
}

/* ---- places ---------------------------------------------------------------- */

struct umm_csv_place umm_csv_locate_byte(const struct umm_csv_record *record, size_t offset_bytes)
{
    struct umm_csv_place place = {offset_bytes, 0, 0};
    size_t line = 0;
    for (size_t i = 0; i < offset_bytes;) {
        int end = line_end(record->text + i, record->len_bytes - i, true);
        i += end ? (size_t)end : 1;
        if (end && i <= offset_bytes) {
            place.lines_before++;
            line = i;
        }
    }
    place.column = offset_bytes - line + 1;
    return place;
}

struct umm_csv_place umm_csv_locate(const struct umm_csv_record *record, char delimiter,
                                    size_t index)
{
    enum state state = START;
    size_t at = 0;
    for (; index && at < record->len_bytes; at++) {
        bool is_bad;
        state = step(state, record->text[at], delimiter, &is_bad);
        index -= state == START && record->text[at] == delimiter;
    }
    while (at < record->len_bytes && is_blank(record->text[at], delimiter))
        at++;
    return umm_csv_locate_byte(record, at);
}

/* ---- delimiter ------------------------------------------------------------- */

static const char candidates[] = ",;\t|";
enum { N_CANDIDATES = sizeof candidates - 1 };

/* How many fields but one the record has, split by delimiter. */
static size_t count_delimiters(const struct umm_csv_record *record, char delimiter)
{
    enum state state = START;
    size_t n = 0;
    for (size_t i = 0; i < record->len_bytes; i++) {
        bool is_bad;
        state = step(state, record->text[i], delimiter, &is_bad);
        n += state == START && record->text[i] == delimiter;
    }
    return n;
}

/* A candidate's own reading of the text: it decides what is inside quotes. */
struct reading {
    char delimiter;
    bool is_possible;
    size_t at; /* of the next record */
    size_t count;
};

/* Read one more record; false when the candidate is out. */
static bool read_on(struct reading *reading, const char *text, size_t len_bytes, bool is_end,
                    bool is_first, bool *is_open)
{
    struct umm_csv_record record;
    size_t bad_at;
    *is_open |= reading->at == len_bytes && !is_end;
    if (reading->at == len_bytes)
        return !is_first;
    enum umm_csv_split split = umm_csv_split(text + reading->at, len_bytes - reading->at, is_end,
                                             reading->delimiter, &record, &bad_at);
    *is_open |= split == UMM_CSV_SPLIT_MORE;
    if (split != UMM_CSV_SPLIT_RECORD)
        return false;
    size_t count = count_delimiters(&record, reading->delimiter);
    reading->at += record.size_bytes;
    if (is_first)
        reading->count = count;
    return is_first ? count > 0 : count == reading->count || record.len_bytes == 0;
}

char umm_csv_detect_delimiter(const char *text, size_t len_bytes, bool is_end, bool *is_open)
{
    enum { RECORDS = 20 };
    struct reading readings[N_CANDIDATES];
    struct umm_csv_record record;
    size_t bad_at;
    *is_open = false;
    for (unsigned i = 0; i < N_CANDIDATES; i++)
        readings[i] = (struct reading){.delimiter = candidates[i], .is_possible = true};
    for (unsigned n = 0; n < RECORDS; n++) {
        unsigned n_possible = 0;
        char delimiter = '\0';
        for (unsigned i = 0; i < N_CANDIDATES; i++) {
            struct reading *reading = &readings[i];
            reading->is_possible =
                reading->is_possible && read_on(reading, text, len_bytes, is_end, n == 0, is_open);
            if (reading->is_possible) {
                delimiter = reading->delimiter;
                n_possible++;
            }
        }
        if (n_possible == 1)
            return delimiter;
        if (n_possible == 0)
            /* One field, or a record that no delimiter makes sense of. */
            return n == 0 && len_bytes &&
                           umm_csv_split(text, len_bytes, is_end, ',', &record, &bad_at) !=
                               UMM_CSV_SPLIT_MORE
                       ? ','
                       : '\0';
    }
    return '\0';
}
