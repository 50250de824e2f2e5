/* SPDX-License-Identifier: MIT */
/*
 * fuzz_csv.c - bytes as delimited text: our records and libcsv's fields of each are
 * what libcsv makes of the whole text in strict mode, in whatever pieces the text
 * comes, and no byte past the text is read.
 *
 * The first byte chooses the delimiter, the second the size of the pieces.
 */
#include "text/csv.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

/* ---- rows as bytes: each field behind its length, each row behind a mark ---- */

struct log {
    unsigned char *bytes;
    size_t len, cap, rows_len;
};

static void add(struct log *log, const void *bytes, size_t len)
{
    if (log->len + len > log->cap) {
        log->cap = 2 * (log->len + len) + 64;
        log->bytes = realloc(log->bytes, log->cap);
        require(log->bytes != NULL, "no memory");
    }
    if (len)
        memcpy(log->bytes + log->len, bytes, len);
    log->len += len;
}

static void add_field(void *value, size_t len, void *user)
{
    add(user, &len, sizeof len);
    add(user, value, len);
}

static void end_row(int c, void *user)
{
    struct log *log = user;
    const size_t mark = SIZE_MAX;
    (void)c;
    add(log, &mark, sizeof mark);
    log->rows_len = log->len;
}

static int is_space(unsigned char c)
{
    return c == ' ' || c == '\t';
}

static bool read_with_libcsv(const char *text, size_t len, char delimiter, struct log *log)
{
    struct csv_parser parser;
    require(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) == 0, "libcsv");
    csv_set_delim(&parser, (unsigned char)delimiter);
    csv_set_space_func(&parser, is_space);
    bool is_accepted = csv_parse(&parser, text, len, add_field, end_row, log) == len &&
                       csv_fini(&parser, add_field, end_row, log) == 0;
    csv_free(&parser);
    return is_accepted;
}

/* ---- our way ---- */

enum outcome { ACCEPTED, REFUSED, BEYOND_LIMITS };

static void check_places(const struct umm_csv_record *record, char delimiter, size_t n_fields)
{
    size_t before = 0;
    for (size_t i = 0; i < n_fields + 2 && i < 100; i++) {
        struct umm_csv_place place = umm_csv_locate(record, delimiter, i);
        struct umm_csv_place same = umm_csv_locate_byte(record, place.offset_bytes);
        require(place.offset_bytes <= record->len_bytes, "a place past the record");
        require(place.offset_bytes >= before, "places out of order");
        require(place.lines_before < record->n_lines, "a place past the record's lines");
        require(place.lines_before == same.lines_before && place.column == same.column,
                "a place that differs from its byte's");
        require(place.column >= 1 && place.column <= place.offset_bytes + 1, "a column past it");
        before = place.offset_bytes;
    }
}

static enum outcome take_record(struct umm_csv_reader *reader, const struct umm_csv_record *record,
                                char delimiter, struct log *log)
{
    const struct umm_csv_field *fields;
    size_t n_fields, bad_at;
    if (umm_csv_fields(reader, record, &fields, &n_fields, &bad_at, NULL) != UMM_OK) {
        require(bad_at < record->len_bytes, "refused behind the record");
        return REFUSED;
    }
    if (n_fields > UMM_CSV_COLUMNS_MAX)
        return BEYOND_LIMITS;
    for (size_t i = 0; i < n_fields; i++)
        add_field((void *)(uintptr_t)fields[i].text, fields[i].len_bytes, log);
    if (n_fields)
        end_row(0, log);
    check_places(record, delimiter, n_fields);
    return ACCEPTED;
}

/* Split what is there, in pieces of step bytes, each in memory of its own size. */
static enum outcome read_in_pieces(const char *text, size_t len, char delimiter, size_t step,
                                   struct log *log)
{
    struct umm_csv_reader *reader = NULL;
    enum outcome outcome = ACCEPTED;
    size_t at = 0, known = 0;
    require(umm_csv_reader_new(delimiter, &reader, NULL) == UMM_OK, "no reader");
    while (at < len && outcome == ACCEPTED) {
        struct umm_csv_record record;
        size_t bad_at = SIZE_MAX, n = known - at;
        char *piece = malloc(n + !n);
        require(piece != NULL, "no memory");
        memcpy(piece, text + at, n);
        enum umm_csv_split split =
            umm_csv_split(piece, n, known == len, delimiter, &record, &bad_at);
        if (split == UMM_CSV_SPLIT_MORE) {
            require(known < len, "more wanted than there is");
            known = len - known < step ? len : known + step;
        } else if (split == UMM_CSV_SPLIT_RECORD) {
            require(record.size_bytes > 0 && record.size_bytes <= n, "size of a record");
            outcome = take_record(reader, &record, delimiter, log);
            at += record.size_bytes;
        } else {
            require(bad_at < n, "refused behind the text");
            outcome = split == UMM_CSV_SPLIT_UNTERMINATED ? REFUSED : BEYOND_LIMITS;
        }
        free(piece);
    }
    umm_csv_reader_free(reader);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char delimiters[] = ",;\t| :a";
    if (size < 2)
        return 0;
    char delimiter = delimiters[data[0] % (sizeof delimiters - 1)];
    size_t step = 1 + data[1] % 64, len = size - 2;
    struct log theirs = {0}, whole = {0}, pieces = {0};
    char *text = malloc(len + !len);
    require(text != NULL, "no memory");
    memcpy(text, data + 2, len);
    bool is_accepted = read_with_libcsv(text, len, delimiter, &theirs);
    enum outcome outcome = read_in_pieces(text, len, delimiter, len, &whole);
    require(read_in_pieces(text, len, delimiter, step, &pieces) == outcome, "another outcome");
    require(pieces.len == whole.len, "other rows in pieces");
    require(whole.len == 0 || memcmp(pieces.bytes, whole.bytes, whole.len) == 0, "other pieces");
    if (outcome != BEYOND_LIMITS) {
        require(is_accepted == (outcome == ACCEPTED), "libcsv judges otherwise");
        require(theirs.rows_len == whole.rows_len, "libcsv reads other rows");
    }
    require(theirs.rows_len >= whole.rows_len, "libcsv reads fewer rows");
    require(whole.len == 0 || memcmp(theirs.bytes, whole.bytes, whole.rows_len) == 0,
            "libcsv reads other fields");
    bool is_open;
    char found = umm_csv_detect_delimiter(text, len, true, &is_open);
    require(found == '\0' || strchr(",;\t|", found) != NULL, "a delimiter that is none");
    umm_csv_line_size(text, len);
    free(text);
    free(theirs.bytes);
    free(whole.bytes);
    free(pieces.bytes);
    return 0;
}
