/* SPDX-License-Identifier: MIT */
/*
 * Rows of PostgreSQL's COPY in binary: bytes that the format's description gives, every cut of
 * them, and what is no such stream. A read past the end is the sanitizer's to find.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/copybinary.h"

static const char stream[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"            /* header */
                             "\0\3\0\0\0\1x\377\377\377\377\0\0\0\2\377\376" /* "x", NULL, -2 */
                             "\377\377";                                     /* trailer */
enum { STREAM_BYTES = sizeof stream - 1 };

static void test_rows_are_written_as_the_format_says(void **state)
{
    char out[STREAM_BYTES], *at = umm_copybinary_put_header(out);
    (void)state;
    at = umm_copybinary_put_row(at, 3);
    at = umm_copybinary_put_bytes(at, "x", 1);
    memset(at, 0xff, UMM_COPYBINARY_FIELD); /* NULL, which this library does not write */
    at = umm_copybinary_put_number(at + UMM_COPYBINARY_FIELD, (uint64_t)-2, 2);
    at = umm_copybinary_put_trailer(at);
    assert_int_equal(at - out, STREAM_BYTES);
    assert_memory_equal(out, stream, STREAM_BYTES);
}

static enum umm_status read_all(const char *bytes, size_t len, size_t n_fields, size_t *n_rows)
{
    struct umm_copybinary copy = {.has_header = false};
    struct umm_copybinary_cell cells[8];
    struct umm_error err = {.status = UMM_OK};
    bool is_row = true;
    enum umm_status status = UMM_OK;
    char *exact = malloc(len + 1); /* one byte too far is found */
    assert_non_null(exact);
    memcpy(exact + 1, bytes, len);
    const char *at = exact + 1;
    for (*n_rows = 0; !status && is_row; *n_rows += is_row)
        status = umm_copybinary_next(&copy, &at, exact + 1 + len, cells, n_fields, &is_row, &err);
    free(exact);
    return status;
}

static void test_rows_are_read(void **state)
{
    struct umm_copybinary copy = {.has_header = false};
    struct umm_copybinary_cell cells[3];
    const char *at = stream, *end = stream + STREAM_BYTES;
    bool is_row;
    (void)state;
    assert_int_equal(umm_copybinary_next(&copy, &at, end, cells, 3, &is_row, NULL), UMM_OK);
    assert_true(is_row && !copy.is_ended);
    assert_int_equal(cells[0].len_bytes, 1);
    assert_memory_equal(cells[0].bytes, "x", 1);
    assert_null(cells[1].bytes);
    assert_int_equal(umm_copybinary_number(&cells[2]), -2);
    assert_int_equal(umm_copybinary_next(&copy, &at, end, cells, 3, &is_row, NULL), UMM_OK);
    assert_true(!is_row && copy.is_ended && at == end);
    /* Nothing follows the end. */
    at = stream;
    assert_int_equal(umm_copybinary_next(&copy, &at, end, cells, 3, &is_row, NULL), UMM_ERR_DATA);
}

static void test_every_cut_is_refused(void **state)
{
    size_t n_rows;
    (void)state;
    for (size_t len = 0; len <= STREAM_BYTES; len++) {
        const size_t row_end = STREAM_BYTES - UMM_COPYBINARY_TRAILER;
        const bool is_whole = len == STREAM_BYTES || len == row_end || len == UMM_COPYBINARY_HEADER;
        assert_int_equal(read_all(stream, len, 3, &n_rows), is_whole ? UMM_OK : UMM_ERR_DATA);
        assert_int_equal(n_rows, len >= row_end);
    }
}

static void test_what_is_no_stream_is_refused(void **state)
{
    static const struct {
        size_t at;
        char byte;
    } table[] = {{0, 'p'}, {10, 1},          {12, 1},    {15, 1}, {15, (char)0x80}, {20, 4},
                 {20, 2},  {19, (char)0x80}, {21, 0x7f}, {26, 0}, {26, (char)0x80}};
    char bytes[STREAM_BYTES];
    size_t n_rows;
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        memcpy(bytes, stream, sizeof bytes);
        bytes[table[i].at] = table[i].byte;
        assert_int_equal(read_all(bytes, sizeof bytes, 3, &n_rows), UMM_ERR_DATA);
        assert_int_equal(n_rows, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows_are_written_as_the_format_says),
                                       cmocka_unit_test(test_rows_are_read),
                                       cmocka_unit_test(test_every_cut_is_refused),
                                       cmocka_unit_test(test_what_is_no_stream_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
