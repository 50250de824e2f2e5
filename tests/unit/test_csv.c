/* SPDX-License-Identifier: MIT */
/*
 * Records and fields against libcsv, which reads the same text as a whole in strict
 * mode; places against a reference that reads a record the slow way.
 */
#include "text/csv.h"

#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csv.h>

#include <cmocka.h>

/* ---- texts directly before a page that cannot be read ---- */

enum { ROOM = 2 * 1024 * 1024 };
static char *guard; /* the first byte that must not be touched */

static int set_up(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *room =
        mmap(NULL, ROOM + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)state;
    if (room == MAP_FAILED || mprotect(room + ROOM, page, PROT_NONE) != 0)
        return -1;
    guard = room + ROOM;
    return 0;
}

static char *guarded(const char *text, size_t len)
{
    memcpy(guard - len, text, len);
    return guard - len;
}

static uint64_t next_random(void)
{
    static uint64_t x = RANDOM_SEED;
    return xorshift64(&x);
}

/* ---- what libcsv makes of a whole text ---- */

enum { LOG_MAX = 4096 };

/* Fields and ends of rows, one after the other: "[a][b]\n". */
struct log {
    char text[LOG_MAX];
    size_t len, rows_len; /* rows_len: of whole rows */
    bool is_refused;
};

static void log_bytes(struct log *log, const void *bytes, size_t len)
{
    assert_true(log->len + len < LOG_MAX);
    memcpy(log->text + log->len, bytes, len);
    log->len += len;
}

static void log_field(void *value, size_t len, void *user)
{
    log_bytes(user, "[", 1);
    log_bytes(user, value, len);
    log_bytes(user, "]", 1);
}

static void log_row(int c, void *user)
{
    (void)c;
    struct log *log = user;
    log_bytes(log, "\n", 1);
    log->rows_len = log->len;
}

static int is_space(unsigned char c)
{
    return c == ' ' || c == '\t';
}

static void read_with_libcsv(const char *text, size_t len, char delimiter, struct log *log)
{
    struct csv_parser parser;
    memset(log, 0, sizeof *log);
    assert_int_equal(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI), 0);
    csv_set_delim(&parser, (unsigned char)delimiter);
    csv_set_space_func(&parser, is_space);
    log->is_refused = csv_parse(&parser, text, len, log_field, log_row, log) != len ||
                      csv_fini(&parser, log_field, log_row, log) != 0;
    csv_free(&parser);
    /* What came of a row before the byte that spoils it does not count. */
    log->len = log->rows_len;
}

/* ---- what our record-wise reading makes of it ---- */

static bool is_blank(const struct umm_csv_record *record, char delimiter)
{
    for (size_t i = 0; i < record->len_bytes; i++)
        if (!is_space((unsigned char)record->text[i]) || record->text[i] == delimiter)
            return false;
    return true;
}

static void read_with_ours(struct umm_csv_reader *reader, const char *text, size_t len,
                           char delimiter, struct log *log)
{
    struct umm_csv_record record;
    size_t bad_at, n_fields;
    const struct umm_csv_field *fields;
    memset(log, 0, sizeof *log);
    for (size_t at = 0; at < len; at += record.size_bytes) {
        if (umm_csv_split(text + at, len - at, true, delimiter, &record, &bad_at) !=
            UMM_CSV_SPLIT_RECORD) {
            log->is_refused = true;
            return;
        }
        assert_true(record.size_bytes > 0 && record.len_bytes <= record.size_bytes);
        if (umm_csv_fields(reader, &record, &fields, &n_fields, &bad_at, NULL) != UMM_OK) {
            assert_true(bad_at < record.len_bytes);
            log->is_refused = true;
            return;
        }
        assert_int_equal(n_fields == 0, is_blank(&record, delimiter));
        for (size_t i = 0; i < n_fields; i++)
            log_field((void *)(uintptr_t)fields[i].text, fields[i].len_bytes, log);
        if (n_fields)
            log_row(0, log);
    }
}

/* ---- slow references for places ---- */

static size_t slow_line_end(const char *text, size_t len, size_t at)
{
    if (text[at] == '\n')
        return 1;
    if (text[at] != '\r')
        return 0;
    return at + 1 < len && text[at + 1] == '\n' ? 2 : 1;
}

static struct umm_csv_place slow_place(const struct umm_csv_record *record, size_t offset)
{
    struct umm_csv_place place = {offset, 0, 1};
    for (size_t i = 0; i < offset;) {
        size_t end = slow_line_end(record->text, record->len_bytes, i);
        if (end && i + end <= offset) {
            place.lines_before++;
            place.column = 1;
            i += end;
        } else {
            place.column++;
            i++;
        }
    }
    return place;
}

/* Where each field of a well-formed record begins, its blanks passed over. */
static size_t slow_starts(const struct umm_csv_record *record, char delimiter, size_t *starts)
{
    const char *text = record->text;
    size_t len = record->len_bytes, at = 0, n = 0;
    for (;;) {
        while (at < len && is_space((unsigned char)text[at]) && text[at] != delimiter)
            at++;
        starts[n++] = at;
        if (at < len && text[at] == '"') {
            for (at++; text[at] != '"' || (at + 1 < len && text[at + 1] == '"'); at++)
                at += text[at] == '"';
        }
        while (at < len && text[at] != delimiter)
            at++;
        if (at == len)
            return n;
        at++;
    }
}

static void check_places(struct umm_csv_reader *reader, const struct umm_csv_record *record,
                         char delimiter)
{
    size_t starts[64], n_fields, bad_at;
    const struct umm_csv_field *fields;
    for (size_t i = 0; i <= record->len_bytes; i++) {
        struct umm_csv_place got = umm_csv_locate_byte(record, i), slow = slow_place(record, i);
        assert_memory_equal(&got, &slow, sizeof got);
    }
    if (umm_csv_fields(reader, record, &fields, &n_fields, &bad_at, NULL) != UMM_OK)
        return;
    size_t n = slow_starts(record, delimiter, starts);
    assert_true(n_fields == n || (n_fields == 0 && n == 1));
    for (size_t i = 0; i <= n + 1; i++) {
        struct umm_csv_place got = umm_csv_locate(record, delimiter, i);
        struct umm_csv_place slow = slow_place(record, i < n ? starts[i] : record->len_bytes);
        assert_memory_equal(&got, &slow, sizeof got);
    }
}

/* ---- one text, looked at from every side ---- */

static void show_and_fail(const char *what, const char *text, size_t len)
{
    print_message("%s:", what);
    for (size_t i = 0; i < len; i++)
        print_message(" %02x", (unsigned char)text[i]);
    print_message("\n");
    fail();
}

static void check_same(struct umm_csv_reader *reader, const char *text, size_t len, char delimiter)
{
    static struct log theirs, ours;
    read_with_libcsv(text, len, delimiter, &theirs);
    read_with_ours(reader, guarded(text, len), len, delimiter, &ours);
    if (theirs.is_refused != ours.is_refused || theirs.len != ours.len ||
        memcmp(theirs.text, ours.text, ours.len) != 0)
        show_and_fail("libcsv reads this differently", text, len);
}

/* Unfinished input gives the record of the whole text, or asks for more. */
static void check_prefixes(const char *text, size_t len, char delimiter)
{
    struct umm_csv_record whole = {0}, part = {0};
    size_t whole_bad = 0, part_bad = 0;
    enum umm_csv_split end =
        umm_csv_split(guarded(text, len), len, true, delimiter, &whole, &whole_bad);
    for (size_t n = 0; n <= len; n++) {
        enum umm_csv_split got =
            umm_csv_split(guarded(text, n), n, false, delimiter, &part, &part_bad);
        bool is_same = got == end && end != UMM_CSV_SPLIT_UNTERMINATED;
        if (is_same && got == UMM_CSV_SPLIT_RECORD)
            is_same = part.text == guard - n && part.len_bytes == whole.len_bytes &&
                      part.size_bytes == whole.size_bytes && part.n_lines == whole.n_lines &&
                      part.has_quote == whole.has_quote && whole.size_bytes > whole.len_bytes;
        else if (is_same)
            is_same = part_bad == whole_bad;
        /* With one byte behind it, a record that a line end closes must be found. */
        bool must_end = end == UMM_CSV_SPLIT_RECORD && n > whole.size_bytes;
        if (!is_same && (got != UMM_CSV_SPLIT_MORE || must_end))
            show_and_fail("a beginning of this reads differently", text, n);
    }
}

static void check_text(struct umm_csv_reader *reader, const char *text, size_t len, char delimiter)
{
    struct umm_csv_record record;
    size_t bad_at;
    check_same(reader, text, len, delimiter);
    check_prefixes(text, len, delimiter);
    text = guarded(text, len);
    for (size_t at = 0; at < len; at += record.size_bytes) {
        if (umm_csv_split(text + at, len - at, true, delimiter, &record, &bad_at) !=
            UMM_CSV_SPLIT_RECORD) {
            assert_true(text[at + bad_at] == '"' || text[at + bad_at] == '\0');
            return;
        }
        check_places(reader, &record, delimiter);
        uint64_t n_lines = slow_place(&record, record.len_bytes).lines_before + 1;
        assert_int_equal(record.n_lines, n_lines);
        assert_int_equal(record.has_quote, memchr(record.text, '"', record.len_bytes) != NULL);
    }
}

static const char delimiters[] = ",;\t| :a";
enum { N_DELIMITERS = sizeof delimiters - 1 };

static struct umm_csv_reader *new_reader(char delimiter)
{
    struct umm_csv_reader *reader = NULL;
    assert_int_equal(umm_csv_reader_new(delimiter, &reader, NULL), UMM_OK);
    return reader;
}

/* ---- tests ---- */

static void test_all_short_texts_read_as_libcsv_reads_them(void **state)
{
    static const char alphabet[] = "\",\r\n \ta";
    enum { SYMBOLS = sizeof alphabet - 1, LONGEST = 6 };
    static const char some[] = ",\t ";
    (void)state;
    for (size_t d = 0; d < sizeof some - 1; d++) {
        struct umm_csv_reader *reader = new_reader(some[d]);
        uint64_t n_texts = 1;
        for (size_t len = 1; len <= LONGEST; len++) {
            n_texts *= SYMBOLS;
            for (uint64_t i = 0; i < n_texts; i++) {
                char text[LONGEST];
                uint64_t rest = i;
                for (size_t k = 0; k < len; k++, rest /= SYMBOLS)
                    text[k] = alphabet[rest % SYMBOLS];
                check_same(reader, text, len, some[d]);
            }
        }
        umm_csv_reader_free(reader);
    }
}

static void test_random_texts_from_every_side(void **state)
{
    static const char alphabet[] = "\"\"\"\",,,;\t|  \r\n\n:ab0123456789.\xc3\xa9";
    (void)state;
    for (size_t d = 0; d < N_DELIMITERS; d++) {
        struct umm_csv_reader *reader = new_reader(delimiters[d]);
        for (int n = 0; n < 8000; n++) {
            char text[48];
            size_t len = next_random() % sizeof text;
            for (size_t i = 0; i < len; i++)
                text[i] = alphabet[next_random() % (sizeof alphabet - 1)];
            check_text(reader, text, len, delimiters[d]);
        }
        umm_csv_reader_free(reader);
    }
}

static void test_nasty_texts_from_every_side(void **state)
{
    static const char *const texts[] = {
        "",
        "\n",
        "\r",
        "\r\r\n\n",
        "a,b\r\nc,d\r\n",
        "a,b\rc,d\r",
        "a,b\r\r\nc\n\rd",
        "\"a\r\nb\",\"c\rd\",\"e\nf\"\r\ng",
        "\"a\"\"b\",\"\"\"\",\"\"\n",
        "\"a\" \t,\t \"b\"\n",
        "\"a\"b,c\n",
        "a\"b,c\n",
        "\"a\" \"b\"\n",
        "a,\"b",
        "\"a\",\"b\n\nc",
        " , \t,\n",
        ",\n",
        "\"\"\n",
        "\"\"",
        "a,b,\n",
        "a;b|c\td,e\n",
        "\xef\xbb\xbf\"a\",b\n",
        "1672531200000,16541.77000000,16545.70000000,16508.39000000,16529.67000000,4364.8357\r\n",
    };
    (void)state;
    for (size_t d = 0; d < N_DELIMITERS; d++) {
        struct umm_csv_reader *reader = new_reader(delimiters[d]);
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            check_text(reader, texts[i], strlen(texts[i]), delimiters[d]);
        umm_csv_reader_free(reader);
    }
}

static void test_values_by_hand(void **state)
{
    static const char text[] = " one ,\" two \", \"3\"\"4\" ,\"a\r\nb\",,5 6\r\nnext";
    static const char *const expected[] = {"one", " two ", "3\"4", "a\r\nb", "", "5 6"};
    struct umm_csv_reader *reader = new_reader(',');
    struct umm_csv_record record;
    const struct umm_csv_field *fields;
    size_t bad_at, n;
    (void)state;
    assert_int_equal(umm_csv_split(text, strlen(text), false, ',', &record, &bad_at),
                     UMM_CSV_SPLIT_RECORD);
    assert_int_equal(record.n_lines, 2);
    assert_int_equal(record.size_bytes, strlen(text) - 4);
    assert_int_equal(record.len_bytes, strlen(text) - 6);
    assert_int_equal(umm_csv_fields(reader, &record, &fields, &n, &bad_at, NULL), UMM_OK);
    assert_int_equal(n, 6);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(fields[i].len_bytes, strlen(expected[i]));
        assert_memory_equal(fields[i].text, expected[i], fields[i].len_bytes);
    }
    struct umm_csv_place place = umm_csv_locate(&record, ',', 5);
    assert_int_equal(place.lines_before, 1);
    assert_int_equal(place.column, 5);
    umm_csv_reader_free(reader);
}

static void test_misplaced_quotes_are_pointed_at(void **state)
{
    static const struct {
        const char *text;
        size_t bad_at;
    } cases[] = {{"a\"b", 1},       {"a,b\"", 3},        {"\"a\"b,c", 3},    {"\"a\" \"b\"", 4},
                 {"1,\"a\"  x", 7}, {"\"a\nb\" c,d", 6}, {"\"\"\"\" \"", 5}, {"x \"y\"", 2}};
    struct umm_csv_reader *reader = new_reader(',');
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_csv_record record;
        const struct umm_csv_field *fields;
        struct umm_error err = {0};
        size_t bad_at = 99, n;
        assert_int_equal(
            umm_csv_split(cases[i].text, strlen(cases[i].text), true, ',', &record, &bad_at),
            UMM_CSV_SPLIT_RECORD);
        assert_int_equal(umm_csv_fields(reader, &record, &fields, &n, &bad_at, &err), UMM_ERR_DATA);
        assert_int_equal(bad_at, cases[i].bad_at);
        assert_string_equal(err.message, "misplaced quote");
        /* The reader has forgotten it. */
        check_same(reader, "\"a\",b\n1,2\n", 10, ',');
    }
    umm_csv_reader_free(reader);
}

static void test_nul_and_unclosed_quotes_are_pointed_at(void **state)
{
    static const struct {
        const char *text;
        size_t len, bad_at;
        enum umm_csv_split split;
    } cases[] = {{"a\0b\n", 4, 1, UMM_CSV_SPLIT_NUL},
                 {"\0", 1, 0, UMM_CSV_SPLIT_NUL},
                 {"\"a\n\0\"\n", 6, 3, UMM_CSV_SPLIT_NUL},
                 {"1,\"a\n2,3\n", 9, 2, UMM_CSV_SPLIT_UNTERMINATED},
                 {"1, \t\"a", 6, 4, UMM_CSV_SPLIT_UNTERMINATED},
                 {"\"a\nb\",\"c\n\n", 10, 6, UMM_CSV_SPLIT_UNTERMINATED},
                 {"\"", 1, 0, UMM_CSV_SPLIT_UNTERMINATED}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_csv_record record;
        size_t bad_at = 99;
        const char *text = guarded(cases[i].text, cases[i].len);
        assert_int_equal(umm_csv_split(text, cases[i].len, true, ',', &record, &bad_at),
                         cases[i].split);
        assert_int_equal(bad_at, cases[i].bad_at);
    }
    /* A NUL behind the record is not this record's. */
    struct umm_csv_record record;
    size_t bad_at;
    assert_int_equal(umm_csv_split("a\n\0", 3, true, ',', &record, &bad_at), UMM_CSV_SPLIT_RECORD);
    assert_int_equal(record.len_bytes, 1);
}

/* "x," and a field of len bytes (quoted: two more), then ",y\n". */
static size_t put_field(char *out, size_t len, bool is_quoted, char fill)
{
    size_t at = 0;
    out[at++] = 'x';
    out[at++] = ',';
    if (is_quoted)
        out[at++] = '"';
    memset(out + at, fill, len);
    at += len;
    if (is_quoted)
        out[at++] = '"';
    memcpy(out + at, ",y\n", 3);
    return at + 3;
}

static void test_fields_may_have_64_kib(void **state)
{
    static char text[2 * UMM_CSV_FIELD_MAX];
    struct umm_csv_reader *reader = new_reader(',');
    (void)state;
    for (int is_quoted = 0; is_quoted < 2; is_quoted++) {
        for (size_t extra = 0; extra < 3; extra++) {
            struct umm_csv_record record;
            const struct umm_csv_field *fields;
            size_t len = put_field(text, UMM_CSV_FIELD_MAX - 1 + extra, is_quoted, 'a');
            size_t bad_at = 99, n_fields;
            enum umm_csv_split got =
                umm_csv_split(guarded(text, len), len, true, ',', &record, &bad_at);
            assert_int_equal(got, extra == 2 ? UMM_CSV_SPLIT_FIELD_LONG : UMM_CSV_SPLIT_RECORD);
            if (got == UMM_CSV_SPLIT_FIELD_LONG) {
                assert_int_equal(bad_at, 2);
                continue;
            }
            assert_int_equal(umm_csv_fields(reader, &record, &fields, &n_fields, &bad_at, NULL),
                             UMM_OK);
            assert_int_equal(n_fields, 3);
            assert_int_equal(fields[1].len_bytes, UMM_CSV_FIELD_MAX - 1 + extra);
        }
    }
    /* Doubled quotes count as written. */
    struct umm_csv_record record;
    size_t bad_at, len = put_field(text, UMM_CSV_FIELD_MAX, true, '"');
    assert_int_equal(umm_csv_split(text, len, true, ',', &record, &bad_at), UMM_CSV_SPLIT_RECORD);
    len = put_field(text, UMM_CSV_FIELD_MAX + 2, true, '"');
    assert_int_equal(umm_csv_split(text, len, true, ',', &record, &bad_at),
                     UMM_CSV_SPLIT_FIELD_LONG);
    umm_csv_reader_free(reader);
}

static void test_records_may_have_1_mib(void **state)
{
    static char text[UMM_CSV_RECORD_MAX + 16];
    static const char *const ends[] = {"\n", "\r\n", "\r", ""};
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 100 ? '1' : ',';
    for (size_t e = 0; e < 4; e++) {
        for (size_t extra = 0; extra < 2; extra++) {
            struct umm_csv_record record;
            size_t n = UMM_CSV_RECORD_MAX + extra, bad_at = 99;
            char *room = guard - n - strlen(ends[e]);
            memcpy(room, text, n);
            memcpy(room + n, ends[e], strlen(ends[e]));
            enum umm_csv_split got =
                umm_csv_split(room, n + strlen(ends[e]), true, ',', &record, &bad_at);
            assert_int_equal(got, extra ? UMM_CSV_SPLIT_RECORD_LONG : UMM_CSV_SPLIT_RECORD);
            if (extra)
                assert_int_equal(bad_at, 0);
            else
                assert_int_equal(record.len_bytes, n);
        }
    }
}

static void test_columns_beyond_the_limit_are_counted(void **state)
{
    static char text[2 * UMM_CSV_COLUMNS_MAX + 8];
    struct umm_csv_reader *reader = new_reader(',');
    struct umm_csv_record record = {.text = text};
    const struct umm_csv_field *fields;
    size_t n_fields, bad_at;
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 ? ',' : (char)('a' + i % 26);
    for (size_t n = UMM_CSV_COLUMNS_MAX - 1; n <= UMM_CSV_COLUMNS_MAX + 2; n++) {
        record.len_bytes = 2 * n - 1;
        assert_int_equal(umm_csv_fields(reader, &record, &fields, &n_fields, &bad_at, NULL),
                         UMM_OK);
        assert_int_equal(n_fields, n);
        for (size_t i = 0; i < n && i < UMM_CSV_COLUMNS_MAX; i++)
            assert_int_equal(*fields[i].text, text[2 * i]);
    }
    umm_csv_reader_free(reader);
}

static void test_line_sizes(void **state)
{
    static const struct {
        const char *text;
        size_t size;
    } cases[] = {{"", 0},       {"a", 1},    {"a\n", 2},      {"a\r\nb", 3}, {"a\rb", 2},
                 {"\r\r\n", 1}, {"\n\r", 1}, {"\"a\nb\"", 3}, {"\r", 1},     {"\r\n", 2}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = strlen(cases[i].text);
        assert_int_equal(umm_csv_line_size(guarded(cases[i].text, len), len), cases[i].size);
    }
}

static void test_delimiters_are_detected(void **state)
{
    static const struct {
        const char *text;
        char delimiter;
    } cases[] = {
        {"a,b,c\n1,2,3\n", ','},
        {"a;b;c\n1;2;3\n", ';'},
        {"a\tb\tc\n1\t2\t3\n", '\t'},
        {"a|b|c\n1|2|3\n", '|'},
        {"abc\n123\n", ','},
        {"a,b,c", ','},
        {"a;b;c", ';'},
        /* Decimal commas, quoted or not, in every row or not. */
        {"a;b\n1,5;2,5\n", ';'},
        {"1,5;2,5\n1;2,5\n", ';'},
        {"\"a,b\";c\n", ';'},
        {"\"a,b\n;\";c\n", ';'},
        /* As often in each: nobody can tell. */
        {"1,5;2\n2,5;3\n", 0},
        {"a,b;c\n", 0},
        /* Blank lines tell nothing. */
        {"a,b;c\n\n1,2;3;4\n", ','},
        /* The first record of all that differs decides. */
        {"a,b;c\n1,2;3\n1,2;3\n1,2\n", ','},
        {"a,b;c\n1,2;3\n1,2;3\n1;2\n", ';'},
        {"a,b;c\n1;2|3\n", ';'},
        {"a,b;c\n1\n", 0},
        /* What cannot be split is for the reader to refuse. */
        {"a,\"b\n", ','},
        {"\"b\n;", ','},
        {"\"\n1;2;3\n", ','},
    };
    bool is_open;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = strlen(cases[i].text);
        if (umm_csv_detect_delimiter(guarded(cases[i].text, len), len, true, &is_open) !=
                cases[i].delimiter ||
            is_open)
            show_and_fail("another delimiter", cases[i].text, len);
        /* The beginning of it says the same, or that it cannot say. */
        for (size_t n = 0; n < len; n++)
            if (umm_csv_detect_delimiter(guarded(cases[i].text, n), n, false, &is_open) !=
                    cases[i].delimiter &&
                !is_open)
                show_and_fail("another delimiter in its beginning", cases[i].text, n);
    }
    assert_int_equal(umm_csv_detect_delimiter("a\0,;", 4, true, &is_open), ',');
    assert_int_equal(umm_csv_detect_delimiter("a;b;c", 5, false, &is_open), 0);
    assert_true(is_open);
    assert_int_equal(umm_csv_detect_delimiter("a;b\n1;2\n", 8, false, &is_open), ';');
    assert_false(is_open);
    assert_int_equal(umm_csv_detect_delimiter("", 0, true, &is_open), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_short_texts_read_as_libcsv_reads_them),
        cmocka_unit_test(test_random_texts_from_every_side),
        cmocka_unit_test(test_nasty_texts_from_every_side),
        cmocka_unit_test(test_values_by_hand),
        cmocka_unit_test(test_misplaced_quotes_are_pointed_at),
        cmocka_unit_test(test_nul_and_unclosed_quotes_are_pointed_at),
        cmocka_unit_test(test_fields_may_have_64_kib),
        cmocka_unit_test(test_records_may_have_1_mib),
        cmocka_unit_test(test_columns_beyond_the_limit_are_counted),
        cmocka_unit_test(test_line_sizes),
        cmocka_unit_test(test_delimiters_are_detected),
    };

    return cmocka_run_group_tests_name("csv", tests, set_up, NULL);
}
