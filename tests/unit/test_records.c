/* SPDX-License-Identifier: MIT */
/*
 * The same text must give the same records at the same places in whatever pieces a
 * pipe delivers it, and as a file.
 */
#include "reading/block.h"
#include "reading/records.h"

#include "random.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t next_random(void)
{
    static uint64_t x = RANDOM_SEED;
    return xorshift64(&x);
}

/* ---- inputs: a file, or a pipe on standard input whose reads give one piece each ---- */

struct input {
    const char *text;
    size_t len, step_bytes; /* 0: a file */
    int fd;
    pthread_t writer;
    char path[32];
};

static void *write_pieces(void *user)
{
    const struct input *input = user;
    for (size_t at = 0; at < input->len; at += input->step_bytes) {
        size_t left = input->len - at;
        size_t n = left < input->step_bytes ? left : input->step_bytes;
        if (write(input->fd, input->text + at, n) != (ssize_t)n)
            break;
    }
    close(input->fd);
    return NULL;
}

static void open_input(struct input *input, const char *text, size_t len, size_t step_bytes)
{
    int ends[2];
    *input = (struct input){.text = text, .len = len, .step_bytes = step_bytes};
    if (!step_bytes) {
        input->fd = memfd_create("records", 0);
        assert_true(input->fd >= 0);
        assert_int_equal(write(input->fd, text, len), (ssize_t)len);
        snprintf(input->path, sizeof input->path, "/proc/self/fd/%d", input->fd);
        return;
    }
    /* With O_DIRECT a read returns what one write wrote. */
    assert_int_equal(pipe2(ends, O_DIRECT | O_CLOEXEC), 0);
    assert_int_equal(dup2(ends[0], 0), 0);
    close(ends[0]);
    input->fd = ends[1];
    strcpy(input->path, "-");
    assert_int_equal(pthread_create(&input->writer, NULL, write_pieces, input), 0);
}

static void close_input(struct input *input)
{
    static char rest[65536];
    if (!input->step_bytes) {
        close(input->fd);
        return;
    }
    /* What a reader that gave up did not take. */
    while (read(0, rest, sizeof rest) > 0)
        ;
    pthread_join(input->writer, NULL);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(dup2(null, 0), 0);
    close(null);
}

/* ---- what is read, as text ---- */

struct how {
    char delimiter, comment;
    uint64_t skip_lines;
    bool is_void_skipped;
};

static char log_text[2][8 * 1024 * 1024];

struct log {
    char *text;
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct log *log, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    log->len += (size_t)vsnprintf(log->text + log->len, sizeof log_text[0] - log->len, fmt, args);
    va_end(args);
    assert_true(log->len < sizeof log_text[0]);
}

static void add_bytes(struct log *log, const char *bytes, size_t len)
{
    assert_true(log->len + len + 2 < sizeof log_text[0]);
    memcpy(log->text + log->len, bytes, len);
    log->text[log->len + len] = '\0';
    log->len += len;
}

/* Each record as "line@byte+size/lines<text>", with "!problem@bad" where there is one. */
static void add_record(struct log *log, const struct umm_placed_record *placed)
{
    const struct umm_csv_record *record = &placed->record;
    add(log, "%" PRIu64 "@%" PRIu64 "+%zu/%" PRIu64 "<", placed->line, placed->byte,
        record->size_bytes, record->n_lines);
    if (record->len_bytes <= 200) {
        add_bytes(log, record->text, record->len_bytes);
    } else {
        uint64_t hash = 14695981039346656037U;
        for (size_t i = 0; i < record->len_bytes; i++)
            hash = (hash ^ (unsigned char)record->text[i]) * 1099511628211U;
        add(log, "%zu bytes, %" PRIx64, record->len_bytes, hash);
    }
    add(log, ">");
    if (placed->problem) {
        assert_true(placed->bad_at < record->len_bytes);
        add(log, "!%s@%zu", placed->problem, placed->bad_at);
    }
    add(log, "\n");
}

static void add_error(struct log *log, const struct umm_error *err)
{
    add(log, "error %" PRIu64 ":%" PRIu64 "@%" PRIu64 " %s\n", err->line, err->column, err->byte,
        err->message);
}

static const char *read_all(struct umm_records *records, const struct how *how, struct log *log)
{
    struct umm_placed_record placed;
    struct umm_error err = {0};
    bool has_record = true;
    records->delimiter = how->delimiter;
    records->comment = how->comment;
    enum umm_status status = umm_records_skip_lines(records, how->skip_lines, &err);
    if (!status && how->is_void_skipped)
        status = umm_records_skip_void(records, &err);
    while (!status) {
        status = umm_records_next(records, &placed, &has_record, &err);
        if (status || !has_record)
            break;
        add_record(log, &placed);
    }
    if (status)
        add_error(log, &err);
    else
        add(log, "end %" PRIu64 "@%" PRIu64 "\n", records->line, records->byte);
    add(log, "%" PRIu64 " blank, %" PRIu64 " comments\n", records->n_blank, records->n_comments);
    return log->text;
}

static const char *read_input(const char *text, size_t len, size_t step_bytes,
                              const struct how *how, int slot)
{
    struct log log = {log_text[slot], 0};
    struct umm_records records;
    struct umm_error err = {0};
    struct input input;
    open_input(&input, text, len, step_bytes);
    enum umm_status status = umm_records_open_with(&records, input.path, NULL, NULL, &err);
    if (status)
        add_error(&log, &err);
    else
        read_all(&records, how, &log);
    umm_records_close(&records);
    close_input(&input);
    return log.text;
}

static const struct how plain = {.delimiter = ','};

static void assert_reads(const char *text, size_t len, const struct how *how, const char *expected)
{
    static const size_t steps[] = {0, 1, 2, 3, 7, 13, 100};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const char *got = read_input(text, len, steps[i], how, 0);
        if (strcmp(got, expected) != 0)
            fail_msg("in pieces of %zu:\n%sexpected:\n%s", steps[i], got, expected);
    }
}

static void assert_same_in_pieces(const char *text, size_t len, const struct how *how,
                                  const size_t *steps, size_t n_steps)
{
    const char *whole = read_input(text, len, 0, how, 0);
    for (size_t i = 0; i < n_steps; i++) {
        const char *got = read_input(text, len, steps[i], how, 1);
        if (strcmp(got, whole) != 0)
            fail_msg("in pieces of %zu:\n%.2000sas a file:\n%.2000s", steps[i], got, whole);
    }
}

/* ---- tests ---- */

#define READS(text, how, expected) assert_reads(text, sizeof text - 1, how, expected)

static void test_records_have_their_places(void **state)
{
    const struct how hash = {.delimiter = ',', .comment = '#'};
    const struct how tab = {.delimiter = '\t'};
    (void)state;
    READS("", &plain, "end 1@0\n0 blank, 0 comments\n");
    READS("a", &plain, "1@0+1/1<a>\nend 2@1\n0 blank, 0 comments\n");
    READS("a,b\nc\r\nd\re", &plain,
          "1@0+4/1<a,b>\n2@4+3/1<c>\n3@7+2/1<d>\n4@9+1/1<e>\nend 5@10\n0 blank, 0 comments\n");
    READS("\n \t\r\na\n\n\r\n", &plain, "3@5+2/1<a>\nend 6@10\n4 blank, 0 comments\n");
    READS("a,\"b\r\nc\rd\n\"\ne\n", &plain,
          "1@0+12/4<a,\"b\r\nc\rd\n\">\n5@12+2/1<e>\nend 6@14\n0 blank, 0 comments\n");
    READS("#x\"\na\n#\n#y", &hash, "2@4+2/1<a>\nend 5@10\n0 blank, 3 comments\n");
    READS("#x\na\n", &plain, "1@0+3/1<#x>\n2@3+2/1<a>\nend 3@5\n0 blank, 0 comments\n");
    READS(" #x\na,#\n", &hash, "1@0+4/1< #x>\n2@4+4/1<a,#>\nend 3@8\n0 blank, 0 comments\n");
    READS("\t\n \n", &tab, "1@0+2/1<\t>\nend 3@4\n1 blank, 0 comments\n");
    /* Bytes are counted behind a byte order mark. */
    READS("\xef\xbb\xbf"
          "a\nb\n",
          &plain, "1@0+2/1<a>\n2@2+2/1<b>\nend 3@4\n0 blank, 0 comments\n");
    READS("\xef\xbb\xbf", &plain, "end 1@0\n0 blank, 0 comments\n");
    READS("\xef\xbb", &plain, "1@0+2/1<\xef\xbb>\nend 2@2\n0 blank, 0 comments\n");
}

static void test_what_cannot_be_split_is_one_record(void **state)
{
    (void)state;
    READS("a\nb,\"c\nd\ne\n", &plain,
          "1@0+2/1<a>\n2@2+5/1<b,\"c>!quote is never closed@2\n3@7+2/1<d>\n4@9+2/1<e>\n"
          "end 5@11\n0 blank, 0 comments\n");
    READS("\"", &plain, "1@0+1/1<\">!quote is never closed@0\nend 2@1\n0 blank, 0 comments\n");
    /* The quote that is not closed is on the second line of its record. */
    READS("1,\"a\nb\", \"c\n2\n", &plain,
          "1@0+12/2<1,\"a\nb\", \"c>!quote is never closed@9\n3@12+2/1<2>\nend 4@14\n"
          "0 blank, 0 comments\n");
    READS("1,\"a\r\n", &plain,
          "1@0+6/1<1,\"a>!quote is never closed@2\nend 2@6\n0 blank, 0 comments\n");
}

static void test_nul_ends_the_reading(void **state)
{
    const struct how skip = {.delimiter = ',', .is_void_skipped = true};
    (void)state;
    READS("a\nb\0c\n", &plain,
          "1@0+2/1<a>\nerror 2:2@3 NUL byte: this is not text\n0 blank, 0 comments\n");
    READS("\"a\n\n\0\"", &plain, "error 3:1@4 NUL byte: this is not text\n0 blank, 0 comments\n");
    READS("\0\0\na\n", &plain, "error 1:1@0 NUL byte: this is not text\n0 blank, 0 comments\n");
    READS("\n\0\na\n", &skip, "error 2:1@1 NUL byte: this is not text\n1 blank, 0 comments\n");
}

static void test_lines_are_skipped_whatever_is_in_them(void **state)
{
    struct how how = {.delimiter = ',', .skip_lines = 2};
    (void)state;
    READS("\"a\nb\0\nc\nd\n", &how, "3@6+2/1<c>\n4@8+2/1<d>\nend 5@10\n0 blank, 0 comments\n");
    READS("a\r\r\nb\r\n", &how, "3@4+3/1<b>\nend 4@7\n0 blank, 0 comments\n");
    READS("a\r\nb\r\n\nc", &how, "4@7+1/1<c>\nend 5@8\n1 blank, 0 comments\n");
    READS("a", &how, "end 2@1\n0 blank, 0 comments\n");
    READS("", &how, "end 1@0\n0 blank, 0 comments\n");
    how = (struct how){.delimiter = ',', .comment = '#', .is_void_skipped = true};
    READS("\n#a\n \t\r\n#\"\r\rb\n#c\n", &how, "6@12+2/1<b>\nend 8@17\n3 blank, 3 comments\n");
}

static size_t put_random(char *text, size_t len)
{
    static const char *const words[] = {
        "1,2,3", "\"",  "\"a\"", ",",    "\n",   "\r\n", "\r", " ",          "#",
        "x",     "\n#", "\n\n",  "\"\"", "12.5", ";",    "\t", "a,\"b\nc\"", "\n1,2,3,4\n"};
    size_t at = 0;
    for (;;) {
        const char *word = words[next_random() % (sizeof words / sizeof *words)];
        if (at + strlen(word) > len)
            return at;
        memcpy(text + at, word, strlen(word));
        at += strlen(word);
    }
}

static void test_random_texts_in_pieces(void **state)
{
    static const size_t steps[] = {1, 2, 3, 7, 13, 100};
    static char text[4096];
    (void)state;
    for (int n = 0; n < 150; n++) {
        struct how how = {.delimiter = n % 3 ? ',' : '\t', .comment = n % 2 ? '#' : '\0'};
        size_t len = put_random(text, next_random() % (n % 10 ? 300 : sizeof text));
        how.skip_lines = n % 5 == 0 ? 3 : 0;
        how.is_void_skipped = n % 7 == 0;
        assert_same_in_pieces(text, len, &how, steps, sizeof steps / sizeof *steps);
    }
}

/* Records, comments and lines around the sizes of buffers and limits. */
static void test_long_texts_in_pieces(void **state)
{
    static const size_t steps[] = {100, 4000, 65536 /* a page at a time in the end */};
    static const size_t sizes[] = {65535,   65536,   65537,   65540,   300000,  1048575,
                                   1048576, 1048577, 1048578, 1048579, 1100000, 1320000};
    static char text[3 * 1024 * 1024];
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int kind = 0; kind < 6; kind++) {
            struct how how = {.delimiter = ',', .comment = '#', .skip_lines = kind == 5};
            size_t len = 0, size = sizes[i];
            /* A field, quoted or not, many fields, a comment, blanks, a skipped line. */
            memset(text, kind == 4 ? ' ' : '1', size);
            for (size_t k = 1; kind == 2 && k < size; k += 8)
                text[k] = ',';
            if (kind == 1)
                text[0] = text[size - 1] = '"';
            if (kind == 3)
                text[0] = '#';
            len = size;
            len += (size_t)sprintf(text + len, "%s", i % 2 ? "\r\n" : "\n");
            len += (size_t)sprintf(text + len, "2,\"3\"\n4,\"5\n");
            assert_same_in_pieces(text, len, &how, steps + (size > 400000), 2 - (size > 400000));
        }
    }
}

/* ---- seeking and counting ---- */

static size_t put_lines(char *text, size_t cap)
{
    static const char *const ends[] = {"\n", "\r\n", "\r", "\n\n", "\r\r\n"};
    size_t len = 0;
    for (;;) {
        size_t line = next_random() % 10 ? next_random() % 300 : 60000 + next_random() % 90000;
        const char *end = ends[next_random() % 5];
        if (len + line + 2 > cap)
            return len;
        memset(text + len, 'x', line);
        memcpy(text + len + line, end, strlen(end));
        len += line + strlen(end);
    }
}

static void test_lines_are_counted_to_every_byte(void **state)
{
    static char text[2 * 1024 * 1024];
    struct umm_records records;
    struct input input;
    uint64_t line = 1, got;
    size_t len = put_lines(text, sizeof text);
    (void)state;
    open_input(&input, text, len, 0);
    assert_int_equal(umm_records_open_with(&records, input.path, NULL, NULL, NULL), UMM_OK);
    for (size_t at = 0; at < len; at++) {
        bool is_edge = text[at] != 'x' || (at && text[at - 1] != 'x');
        if ((is_edge && at % 200 == 0) || at % 65536 < 2 || (at + 1) % 262144 < 2 ||
            at + 1 == len) {
            assert_int_equal(umm_records_count_lines(&records, at, &got, NULL), UMM_OK);
            if (got != line)
                fail_msg("byte %zu: line %" PRIu64 ", not %" PRIu64, at, got, line);
        }
        line += text[at] == '\n' || (text[at] == '\r' && (at + 1 == len || text[at + 1] != '\n'));
    }
    assert_int_equal(umm_records_count_lines(&records, len + 99, &got, NULL), UMM_OK);
    assert_int_equal(got, line);
    umm_records_close(&records);
    close_input(&input);
}

/* A CR last in what was read, with its LF or without, behind lines longer than a look. */
static void test_lines_are_counted_across_reads(void **state)
{
    enum { LINE = 128 * 1024, N = 12 };
    static char text[LINE * N];
    struct umm_records records;
    struct input input;
    uint64_t got;
    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t i = 1; i < N; i++)
        memcpy(text + i * LINE - 1, i % 4 ? "\r\n" : "\rx", 2);
    open_input(&input, text, sizeof text, 0);
    assert_int_equal(umm_records_open_with(&records, input.path, NULL, NULL, NULL), UMM_OK);
    for (size_t i = 1; i < N; i++) {
        for (int k = -1; k < 3; k++) {
            uint64_t byte = i * LINE + (uint64_t)k;
            assert_int_equal(umm_records_count_lines(&records, byte, &got, NULL), UMM_OK);
            assert_int_equal(got, i + (k > 0 || (k == 0 && i % 4 == 0)));
        }
    }
    umm_records_close(&records);
    close_input(&input);
}

static void test_seeking_goes_on_from_there(void **state)
{
    static const char text[] = "\xef\xbb\xbf"
                               "a,b\n1,\"2\n3\"\n4,5\n\"\n\0\n";
    struct umm_records records;
    struct umm_placed_record placed;
    struct umm_error err = {0};
    struct input input;
    bool has_record;
    (void)state;
    open_input(&input, text, sizeof text - 1, 0);
    assert_int_equal(umm_records_open_with(&records, input.path, NULL, NULL, NULL), UMM_OK);
    for (uint64_t line = 0; line < 5; line += 4) {
        assert_int_equal(umm_records_seek(&records, 12, line, NULL), UMM_OK);
        assert_int_equal(umm_records_next(&records, &placed, &has_record, NULL), UMM_OK);
        assert_true(has_record);
        assert_memory_equal(placed.record.text, "4,5", 3);
        assert_int_equal(placed.byte, 12);
        assert_int_equal(placed.line, line);
        /* An error on an unknown line says so. */
        assert_int_equal(umm_records_next(&records, &placed, &has_record, &err), UMM_ERR_DATA);
        assert_int_equal(err.line, line ? 6 : 0);
        assert_int_equal(err.byte, 18);
    }
    assert_int_equal(umm_records_seek(&records, 4, 2, NULL), UMM_OK);
    assert_int_equal(umm_records_next(&records, &placed, &has_record, NULL), UMM_OK);
    assert_int_equal(placed.record.size_bytes, 8);
    assert_int_equal(records.line, 4);
    umm_records_close(&records);
    close_input(&input);
}

static void test_peeking_consumes_nothing(void **state)
{
    static char text[3 * 1024 * 1024];
    static const size_t steps[] = {0, 4000};
    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t i = 79; i < sizeof text; i += 80)
        text[i] = '\n';
    for (size_t s = 0; s < 2; s++) {
        struct umm_records records;
        struct input input;
        const char *at;
        size_t len;
        bool is_end;
        open_input(&input, text, sizeof text, steps[s]);
        assert_int_equal(umm_records_open_with(&records, input.path, NULL, NULL, NULL), UMM_OK);
        assert_int_equal(umm_records_peek(&records, &at, &len, &is_end, NULL), UMM_OK);
        assert_true(len >= 65536 && !is_end);
        assert_int_equal(umm_records_skip_lines(&records, 1, NULL), UMM_OK);
        for (int twice = 0; twice < 2; twice++) {
            assert_int_equal(umm_records_peek_record(&records, &at, &len, &is_end, NULL), UMM_OK);
            assert_int_equal(len, UMM_CSV_RECORD_MAX + 2);
            assert_memory_equal(at, text + 80, len);
            assert_false(is_end);
        }
        uint64_t n_left = sizeof text / 80 - 1 - 100;
        assert_int_equal(umm_records_skip_lines(&records, n_left, NULL), UMM_OK);
        assert_int_equal(umm_records_peek_record(&records, &at, &len, &is_end, NULL), UMM_OK);
        assert_true(is_end);
        assert_int_equal(len, sizeof text - 80 * (n_left + 1));
        umm_records_close(&records);
        close_input(&input);
    }
}

static void test_what_is_not_text_is_refused(void **state)
{
    static const struct {
        const char *bytes, *words;
    } cases[] = {{"\x1f\x8b\x08", "gzip data ends early"},
                 {"PK\x03\x04zip", "zip archive without its end"},
                 {"\xff\xfe"
                  "a",
                  "iconv"},
                 {"\xfe\xff\x01"
                  "a",
                  "iconv"},
                 {"BZh91AY", "bzip2 data ends early"},
                 {"\xfd"
                  "7zXZ\x01",
                  "xz data ends early"},
                 {"\x93NUMPY\x01", ".npy"},
                 {"\x28\xb5\x2f\xfd", "zstd"}};
    static const size_t steps[] = {0, 1, 3};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t s = 0; s < 3; s++) {
            const char *got =
                read_input(cases[i].bytes, strlen(cases[i].bytes), steps[s], &plain, 0);
            /* A build may lack a library, as one for another processor does. */
            const bool is_told =
                strstr(got, cases[i].words) || strstr(got, "umm was built without");
            if (strncmp(got, "error 0:0@0 ", 12) != 0 || !is_told)
                fail_msg("case %zu in pieces of %zu: %s", i, steps[s], got);
        }
}

/* Read n records, or all there are; the next one is then number *at. */
static void read_on(struct umm_records *records, size_t n, size_t *at)
{
    struct umm_placed_record placed;
    bool has_record = true;
    char wanted[16];
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(umm_records_next(records, &placed, &has_record, NULL), UMM_OK);
        if (!has_record)
            return;
        snprintf(wanted, sizeof wanted, "%zu", (*at)++);
        assert_int_equal(placed.line, *at + *at / 10); /* every tenth line is blank */
        assert_int_equal(placed.record.len_bytes, strlen(wanted));
        assert_memory_equal(placed.record.text, wanted, strlen(wanted));
    }
}

/* Looks ahead of any length, one after the other, one before another's text is used up. */
static void test_a_look_ahead_is_undone(void **state)
{
    enum { RECORDS = 3000 };
    static const size_t steps[] = {0, 1, 7, 1000};
    static char text[RECORDS * 8];
    size_t len = 0;
    (void)state;
    for (size_t i = 0; i < RECORDS; i++)
        len +=
            (size_t)snprintf(text + len, sizeof text - len, "%zu\n%s", i, i % 10 == 8 ? "\n" : "");
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        struct input input;
        struct umm_records records;
        struct umm_records_mark mark;
        size_t at = 0;
        open_input(&input, text, len, steps[s]);
        assert_int_equal(umm_records_open_with(&records, input.path, NULL, NULL, NULL), UMM_OK);
        records.step_bytes = 1000;
        while (at < RECORDS) {
            const uint64_t n_blank = records.n_blank;
            size_t ahead = at;
            assert_int_equal(umm_records_mark(&records, &mark, NULL), UMM_OK);
            read_on(&records, next_random() % 3 ? next_random() % 100 : RECORDS, &ahead);
            assert_int_equal(umm_records_return(&records, &mark, NULL), UMM_OK);
            assert_int_equal(records.n_blank, n_blank);
            read_on(&records, next_random() % 200, &at);
        }
        read_on(&records, 1, &at);
        assert_int_equal(at, RECORDS);
        assert_int_equal(records.n_blank, RECORDS / 10);
        umm_records_close(&records);
        close_input(&input);
    }
}

/* ---- cutting ---- */

/* Records of `len` bytes in fields of field_len or fewer; as many as there is room for. */
static size_t put_records(char *text, size_t cap, size_t len, size_t field_len, bool is_quoted)
{
    size_t at = 0;
    for (; at + len < cap; at += len + 1) {
        for (size_t i = 0; i < len; i++)
            text[at + i] = i % (field_len + 1) == field_len ? ',' : '1';
        for (size_t i = 0; is_quoted && i < len; i += field_len + 1) {
            const size_t end = i + field_len < len ? i + field_len : len;
            if (end - i >= 2)
                text[at + i] = text[at + end - 1] = '"';
        }
        text[at + len] = '\n';
    }
    return at;
}

/* Cut all of it: how many bytes were in blocks, and how many went one by one. */
static void cut_all(const char *text, size_t len, size_t want, size_t *in_blocks, size_t *singly)
{
    struct umm_records records;
    struct input input;
    struct umm_block block;
    *in_blocks = *singly = 0;
    open_input(&input, text, len, 0);
    assert_int_equal(umm_records_open_with(&records, input.path, NULL, NULL, NULL), UMM_OK);
    assert_int_equal(umm_block_init(&block, want, false, NULL), UMM_OK);
    for (size_t n_bytes = 1; n_bytes;) {
        bool is_cut;
        assert_int_equal(
            umm_records_cut(&records, umm_cpu_best(), want, &block, &is_cut, &n_bytes, NULL),
            UMM_OK);
        if (is_cut) {
            assert_int_equal(block.byte, *in_blocks + *singly);
            assert_memory_equal(block.text, text + block.byte, block.len_bytes);
            *in_blocks += block.len_bytes;
            continue;
        }
        for (const uint64_t until = records.byte + n_bytes; n_bytes && records.byte < until;) {
            struct umm_placed_record placed;
            bool has_record;
            assert_int_equal(umm_records_next(&records, &placed, &has_record, NULL), UMM_OK);
            assert_true(has_record);
            *singly += placed.record.size_bytes;
        }
    }
    umm_block_free(&block);
    umm_records_close(&records);
    close_input(&input);
}

/* A record by itself costs ten times what one in a block does. */
static void test_long_records_are_cut_in_blocks(void **state)
{
    static char text[4 * 1024 * 1024];
    static const size_t lens[] = {40000, 60000, 70000, 262144, 300000, 1000000, 1048576};
    static const size_t field_lens[] = {5, 40000, 65536};
    static const size_t wants[] = {999, 262144};
    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        for (size_t k = 0; k < 12; k++) {
            size_t in_blocks, singly;
            const size_t len =
                put_records(text, sizeof text, lens[i], field_lens[k % 3], k % 6 / 3 == 1);
            cut_all(text, len, wants[k / 6], &in_blocks, &singly);
            assert_int_equal(in_blocks, len);
            assert_int_equal(singly, 0);
        }
    }
}

/* Text that is irregular from end to end goes singly, and comes to an end. */
static void test_irregular_text_is_cut_singly(void **state)
{
    static char text[300000];
    static const size_t wants[] = {999, 262144};
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 50 == 49 ? '\r' : '1';
    for (size_t k = 0; k < 2; k++) {
        size_t in_blocks, singly;
        cut_all(text, sizeof text, wants[k], &in_blocks, &singly);
        assert_int_equal(in_blocks, 0);
        assert_int_equal(singly, sizeof text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_have_their_places),
        cmocka_unit_test(test_what_cannot_be_split_is_one_record),
        cmocka_unit_test(test_nul_ends_the_reading),
        cmocka_unit_test(test_lines_are_skipped_whatever_is_in_them),
        cmocka_unit_test(test_random_texts_in_pieces),
        cmocka_unit_test(test_long_texts_in_pieces),
        cmocka_unit_test(test_lines_are_counted_to_every_byte),
        cmocka_unit_test(test_lines_are_counted_across_reads),
        cmocka_unit_test(test_seeking_goes_on_from_there),
        cmocka_unit_test(test_peeking_consumes_nothing),
        cmocka_unit_test(test_a_look_ahead_is_undone),
        cmocka_unit_test(test_what_is_not_text_is_refused),
        cmocka_unit_test(test_long_records_are_cut_in_blocks),
        cmocka_unit_test(test_irregular_text_is_cut_singly),
    };

    return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
