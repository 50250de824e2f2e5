/* SPDX-License-Identifier: MIT */
/* The engines of scan.h against the record-by-record splitter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text/csv.h"
#include "text/scan.h"

#include "random.h"

enum { LEN_MAX = 700, ROUNDS = 60000 };

static uint64_t state = RANDOM_SEED;

static size_t below(size_t n)
{
    return (size_t)(xorshift64(&state) % n);
}

/* Text of rows, mostly regular: plain and quoted fields, sometimes anything. */
static size_t random_text(char *out, size_t cap)
{
    static const char wild[] = "\"\",,\n\r1a \0";
    size_t len = 0, dirt = below(3);
    while (len + 40 < cap) {
        bool is_quoted = below(3) == 0;
        if (is_quoted)
            out[len++] = '"';
        for (size_t n = below(9); n; n--)
            out[len++] = is_quoted && below(6) == 0 ? ",\n"[below(2)] : (char)('0' + below(10));
        if (is_quoted && below(8) == 0) {
            out[len++] = '"';
            out[len++] = '"';
        }
        if (is_quoted)
            out[len++] = '"';
        if (dirt && below(40) == 0)
            out[len++] = wild[below(sizeof wild - 1)];
        if (below(5) == 0 && below(2))
            out[len++] = '\r', out[len++] = '\n';
        else
            out[len++] = below(5) ? ',' : '\n';
    }
    return below(len + 1);
}

/* Positions by the state machine: separators outside quotes, a CR for its LF. */
static size_t slow_positions(const char *text, size_t len, uint32_t *out)
{
    size_t n = 0;
    bool is_quoted = false;
    for (size_t i = 0; i < len; i++) {
        bool is_lf = text[i] == '\n' && !(i && text[i - 1] == '\r');
        bool is_separator = text[i] == ',' || is_lf || text[i] == '\r';
        if (is_separator && !is_quoted)
            out[n++] = (uint32_t)i;
        is_quoted ^= text[i] == '"';
    }
    return n;
}

/* What regular text has, byte by byte. */
static void check_features(const char *text, size_t len, const struct umm_scan *scan)
{
    struct umm_scan has = {.is_regular = true};
    bool is_quoted = false;
    for (size_t i = 0; i < len; i++) {
        char before = i ? text[i - 1] : '\0';
        bool is_end = text[i] == '\r' || (text[i] == '\n' && before != '\r');
        has.has_quotes |= text[i] == '"';
        has.has_escapes |= text[i] == '"' && !is_quoted && before == '"';
        is_quoted ^= text[i] == '"';
        has.has_crs |= text[i] == '\r';
        if (is_quoted)
            continue;
        has.has_unquoted |= (text[i] == ',' || is_end) && before != '"';
        has.has_bare_lfs |= text[i] == '\n' && is_end;
    }
    assert_int_equal(has.has_quotes, scan->has_quotes);
    assert_int_equal(has.has_escapes, scan->has_escapes);
    assert_int_equal(has.has_unquoted, scan->has_unquoted);
    assert_int_equal(has.has_crs, scan->has_crs);
    assert_int_equal(has.has_bare_lfs, scan->has_bare_lfs);
}

static void compare(const char *text, size_t len, enum umm_cpu cpu)
{
    static uint32_t room[1 + LEN_MAX + UMM_SCAN_SPARE], slow[LEN_MAX];
    struct umm_scan scan;
    umm_scan(cpu, text, len, ',', room + 1, &scan);
    assert_int_equal(room[0], UINT32_MAX);
    /* Records of the splitter, as long as it finds nothing wrong. */
    size_t at = 0, bad_at, n_records = 0, n_lines = 0;
    bool is_fine = true;
    struct umm_csv_record record;
    struct umm_csv_reader *reader = NULL;
    const struct umm_csv_field *fields;
    size_t n_fields;
    assert_int_equal(umm_csv_reader_new(',', &reader, NULL), UMM_OK);
    while (is_fine && at < scan.whole_bytes) {
        is_fine = umm_csv_split(text + at, len - at, false, ',', &record, &bad_at) ==
                      UMM_CSV_SPLIT_RECORD &&
                  umm_csv_fields(reader, &record, &fields, &n_fields, &bad_at, NULL) == UMM_OK;
        at += is_fine ? record.size_bytes : 0;
        n_records += is_fine;
        n_lines += is_fine ? record.n_lines : 0;
    }
    umm_csv_reader_free(reader);
    if (!scan.is_regular)
        return;
    /* A regular block has the splitter's records, and nothing that it refuses. */
    assert_true(is_fine);
    assert_int_equal(at, scan.whole_bytes);
    assert_int_equal(n_records, scan.n_records);
    assert_int_equal(n_lines, scan.n_lines);
    assert_int_equal(slow_positions(text, len, slow), scan.n);
    assert_memory_equal(slow, room + 1, scan.n * sizeof *slow);
    for (size_t i = 0; i < scan.n_whole; i++)
        assert_true(slow[i] < scan.whole_bytes);
    assert_true(scan.n_whole == scan.n || slow[scan.n_whole] >= scan.whole_bytes);
    check_features(text, len, &scan);
}

static void regular_blocks_are_the_splitters_records(void **unused)
{
    (void)unused;
    static char text[LEN_MAX + 2 * UMM_SCAN_PAD];
    size_t n_regular = 0;
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = random_text(text, 10 + below(LEN_MAX - 10));
        struct umm_scan scan;
        static uint32_t room[1 + LEN_MAX + UMM_SCAN_SPARE];
        memset(text + len, "x\n\","[below(4)], UMM_SCAN_PAD);
        for (int cpu = 0; cpu <= (int)umm_cpu_best(); cpu++)
            compare(text, len, (enum umm_cpu)cpu);
        umm_scan(UMM_CPU_PORTABLE, text, len, ',', room + 1, &scan);
        n_regular += scan.is_regular && scan.n_records > 0;
    }
    /* Most texts are regular: a scan that always refused would prove nothing. */
    assert_true(n_regular > ROUNDS / 4);
}

static void irregular_is_said(void **unused)
{
    (void)unused;
    static const char *const texts[] = {"a\"b,c\n",     "\"a\"b,c\n", "a\rb\n", "\"a\r\",b\n",
                                        "a,\"b\" ,c\n", " \"a\",b\n", NULL};
    static uint32_t room[1 + LEN_MAX + UMM_SCAN_SPARE];
    for (int i = 0; texts[i]; i++) {
        char text[LEN_MAX] = {0}, nul[UMM_SCAN_PAD + 4] = {0};
        struct umm_scan scan;
        strcpy(text, texts[i]);
        for (int cpu = 0; cpu <= (int)umm_cpu_best(); cpu++) {
            umm_scan((enum umm_cpu)cpu, text, strlen(text), ',', room + 1, &scan);
            assert_false(scan.is_regular);
            memcpy(nul, "1,\0\n", 4);
            umm_scan((enum umm_cpu)cpu, nul, 4, ',', room + 1, &scan);
            assert_false(scan.is_regular);
        }
    }
}

/* A field of field_len bytes after `before` others, quoted or not, in a record of record_len. */
static size_t long_text(char *text, size_t before, size_t field_len, bool is_quoted,
                        size_t record_len)
{
    memset(text, '1', before + record_len);
    for (size_t i = 9; i < before; i += 10)
        text[i] = i % 30 == 29 ? '\n' : ',';
    if (before)
        text[before - 1] = '\n';
    char *field = text + before;
    for (size_t i = field_len; i < record_len; i += 10)
        field[i] = ',';
    if (is_quoted)
        field[0] = field[field_len - 1] = '"';
    field[record_len] = '\n';
    return before + record_len + 1;
}

static void lengths_are_those_of_the_splitter(void **unused)
{
    enum { CAP = 2 * UMM_CSV_RECORD_MAX };
    static const struct {
        size_t field_len, record_len;
        bool is_quoted, is_fine;
    } cases[] = {{UMM_CSV_FIELD_MAX, UMM_CSV_FIELD_MAX, false, true},
                 {UMM_CSV_FIELD_MAX, 300000, false, true},
                 {UMM_CSV_FIELD_MAX + 1, 300000, false, false},
                 {UMM_CSV_FIELD_MAX + 1, UMM_CSV_FIELD_MAX + 1, false, false},
                 {UMM_CSV_FIELD_MAX + 2, 300000, true, true},
                 {UMM_CSV_FIELD_MAX + 3, 300000, true, false},
                 {9, UMM_CSV_RECORD_MAX, false, true},
                 {9, UMM_CSV_RECORD_MAX + 1, false, false}};
    static const size_t befores[] = {0, 1, 63, 32767, 32768, 40000};
    char *text = malloc(CAP + UMM_SCAN_PAD);
    uint32_t *room = malloc((1 + CAP + UMM_SCAN_SPARE) * sizeof *room);
    (void)unused;
    assert_non_null(text);
    assert_non_null(room);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t k = 0; k < sizeof befores / sizeof *befores; k++) {
            const size_t before = befores[k];
            const size_t len = long_text(text, before, cases[i].field_len, cases[i].is_quoted,
                                         cases[i].record_len);
            struct umm_csv_record record;
            size_t bad_at;
            memset(text + len, '1', UMM_SCAN_PAD);
            assert_int_equal(umm_csv_split(text + before, len - before, true, ',', &record,
                                           &bad_at) == UMM_CSV_SPLIT_RECORD,
                             cases[i].is_fine);
            for (int cpu = 0; cpu <= (int)umm_cpu_best(); cpu++) {
                struct umm_scan scan;
                umm_scan((enum umm_cpu)cpu, text, len, ',', room + 1, &scan);
                assert_int_equal(scan.is_regular, cases[i].is_fine);
                assert_int_equal(scan.whole_bytes, len);
            }
        }
    }
    free(text);
    free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regular_blocks_are_the_splitters_records),
        cmocka_unit_test(irregular_is_said),
        cmocka_unit_test(lengths_are_those_of_the_splitter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
