/* SPDX-License-Identifier: MIT */
/*
 * Types, sizes and the writer, and what the reader accepts. The oracle is NumPy
 * itself: tests/ref/npy_oracle.py prints headers and what NumPy reads in them.
 * Run from the repository root.
 */
#include "format/npy.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define GOOD "{'descr': '<f8', 'fortran_order': False, 'shape': (5, 6), }"

static struct umm_npy plain(const char *type, unsigned n_dims, uint64_t n0, uint64_t n1)
{
    struct umm_npy npy = {.n_dims = n_dims, .shape = {n0, n1}};
    assert_int_equal(umm_npy_type_parse(type, &npy.type), UMM_OK);
    return npy;
}

static void add_field(struct umm_npy *npy, const char *name, const char *type)
{
    struct umm_npy_type parsed;
    assert_int_equal(umm_npy_type_parse(type, &parsed), UMM_OK);
    assert_int_equal(umm_npy_add_field(npy, name, &parsed, NULL), UMM_OK);
}

/* ---- against NumPy ---- */

enum { N_CASES_LEAST = 400 };

/* One line of the oracle, cut at its spaces. */
struct expected {
    unsigned asked;
    bool is_fortran, has_titles, is_loadable;
    const char *shape, *fields;
    uint64_t offset_bytes, record_bytes;
    char *header;
    size_t len_bytes;
};

static unsigned digit_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c) : NULL;
    assert_non_null(found);
    return (unsigned)(found - digits);
}

/* In place; returns the bytes. */
static size_t from_hex(char *text)
{
    size_t n = strlen(text) / 2;
    for (size_t i = 0; i < n; i++)
        text[i] =
            (char)(unsigned char)(digit_value(text[2 * i]) << 4 | digit_value(text[2 * i + 1]));
    text[n] = '\0';
    return n;
}

static struct expected split_line(char *line)
{
    char *column[9], *rest = line;
    for (int i = 0; i < 9; i++)
        assert_non_null(column[i] = strsep(&rest, " \n"));
    return (struct expected){.asked = (unsigned)atoi(column[0]),
                             .is_fortran = column[1][0] == 'F',
                             .shape = column[2],
                             .offset_bytes = strtoull(column[3], NULL, 10),
                             .record_bytes = strtoull(column[4], NULL, 10),
                             .has_titles = column[5][0] == '1',
                             .is_loadable = column[6][0] == '1',
                             .fields = column[7],
                             .header = column[8],
                             .len_bytes = from_hex(column[8])};
}

/* Build what NumPy described, through the public calls only. */
static void build(const struct expected *line, struct umm_npy *out)
{
    *out = (struct umm_npy){.major = line->asked, .is_fortran = line->is_fortran};
    for (const char *at = line->shape; *at != '-' && *at;) {
        char *end;
        out->shape[out->n_dims++] = strtoull(at, &end, 10);
        at = *end ? end + 1 : end;
    }
    if (line->fields[0] == '=') {
        assert_int_equal(umm_npy_type_parse(line->fields + 1, &out->type), UMM_OK);
        return;
    }
    char *fields = strdup(line->fields), *rest = fields;
    out->is_struct = true;
    out->type.kind = 'V';
    for (char *field; strcmp(line->fields, "none") != 0 && (field = strsep(&rest, ";"));) {
        char *name = strsep(&field, ":"), *type = strsep(&field, ":");
        uint64_t offset = strtoull(strsep(&field, ":"), NULL, 10);
        from_hex(name);
        add_field(out, name, type);
        assert_int_equal(out->fields[out->n_fields - 1].offset_bytes, offset);
        assert_int_equal(out->fields[out->n_fields - 1].is_padding, atoi(field));
    }
    free(fields);
}

static void check_format(const struct expected *line, const struct umm_npy *npy, uint32_t align)
{
    char *text = NULL;
    size_t len = 0;
    enum umm_status status = umm_npy_format(npy, align, &text, &len, NULL);
    assert_int_equal(status, line->is_loadable ? UMM_OK : UMM_ERR_UNSUPPORTED);
    free(text);
    assert_int_equal(umm_npy_format_long(npy, align, &text, &len, NULL), UMM_OK);
    assert_int_equal(len, line->len_bytes);
    assert_memory_equal(text, line->header, len);
    free(text);
}

static void check_parse(const struct expected *line, const struct umm_npy *built)
{
    struct umm_npy npy;
    struct umm_error err = {0};
    if (umm_npy_parse(line->header, line->len_bytes, &npy, &err) != UMM_OK)
        fail_msg("%s: %s", line->fields, err.message);
    assert_int_equal(npy.major, (unsigned char)line->header[6]);
    assert_int_equal(npy.data_offset_bytes, line->offset_bytes);
    assert_int_equal(npy.type.size_bytes, line->record_bytes);
    assert_int_equal(npy.is_fortran, line->is_fortran);
    assert_int_equal(npy.has_titles, line->has_titles);
    assert_int_equal(npy.n_dims, built->n_dims);
    assert_memory_equal(npy.shape, built->shape, sizeof npy.shape);
    assert_true(umm_npy_same_type(&npy, built));
    for (size_t i = 0; i < npy.n_fields; i++)
        assert_int_equal(npy.fields[i].offset_bytes, built->fields[i].offset_bytes);
    umm_npy_free(&npy);
}

/* A parsed header, titles aside, formats to the bytes it came from, in place. */
static void check_return_trip(const struct expected *line)
{
    struct umm_npy npy;
    char *text = NULL;
    size_t len = 0;
    assert_int_equal(umm_npy_parse(line->header, line->len_bytes, &npy, NULL), UMM_OK);
    enum umm_status status = umm_npy_format_exact(&npy, npy.data_offset_bytes, &text, &len, NULL);
    assert_int_equal(status, line->has_titles ? UMM_ERR_UNSUPPORTED : UMM_OK);
    if (status == UMM_OK) {
        assert_int_equal(len, line->len_bytes);
        assert_memory_equal(text, line->header, len);
    }
    free(text);
    umm_npy_free(&npy);
}

/* The oracle behind its first line; skips the test without Python or NumPy. */
static FILE *open_oracle(uint32_t align)
{
    char command[80], first[80] = "";
    snprintf(command, sizeof command, "/usr/bin/python3 tests/ref/npy_oracle.py %" PRIu32, align);
    FILE *oracle = popen(command, "r");
    assert_non_null(oracle);
    if (fgets(first, sizeof first, oracle) && strncmp(first, "numpy ", 6) == 0)
        return oracle;
    int status = pclose(oracle);
    bool has_python = access("/usr/bin/python3", X_OK) == 0;
    if (has_python && strncmp(first, "skip ", 5) != 0)
        fail_msg("the oracle ended with status %d", status);
    print_message("[  SKIP  ] NumPy oracle: %s\n", has_python ? first + 5 : "no /usr/bin/python3");
    skip();
    return NULL;
}

/* Run every line of the oracle for one alignment. */
static void compare_with_numpy(uint32_t align)
{
    FILE *oracle = open_oracle(align);
    char *line = NULL;
    size_t cap = 0, n_cases = 0;
    for (; getline(&line, &cap, oracle) > 0; n_cases++) {
        struct expected expected = split_line(line);
        struct umm_npy npy;
        build(&expected, &npy);
        if (!expected.has_titles)
            check_format(&expected, &npy, align);
        check_parse(&expected, &npy);
        check_return_trip(&expected);
        umm_npy_free(&npy);
    }
    free(line);
    assert_int_equal(pclose(oracle), 0);
    assert_true(n_cases >= N_CASES_LEAST);
}

static void test_headers_are_those_of_numpy(void **state)
{
    (void)state;
    compare_with_numpy(UMM_NPY_ALIGN);
}

static void test_other_alignments_are_what_numpy_would_write(void **state)
{
    (void)state;
    compare_with_numpy(16);
    compare_with_numpy(4096);
}

/* ---- the writer ---- */

static size_t length_with_rows(struct umm_npy *npy, uint64_t n_rows, uint32_t align)
{
    char *text = NULL;
    size_t len = 0;
    npy->shape[npy->is_fortran ? npy->n_dims - 1 : 0] = n_rows;
    assert_int_equal(umm_npy_format(npy, align, &text, &len, NULL), UMM_OK);
    assert_int_equal(len % align, 0);
    free(text);
    return len;
}

static void test_rows_never_change_the_length(void **state)
{
    struct umm_npy arrays[] = {plain("<f8", 1, 0, 0), plain("|i1", 2, 0, 6), plain("<f4", 2, 2, 0)};
    (void)state;
    arrays[2].is_fortran = true;
    for (size_t i = 0; i < 3; i++)
        for (uint32_t align = 16; align <= 4096; align *= 2) {
            size_t first = length_with_rows(&arrays[i], 1, align);
            assert_int_equal(length_with_rows(&arrays[i], 0, align), first);
            for (uint64_t n = 9; n < 1000000000000000000; n = n * 10 + 9) {
                assert_int_equal(length_with_rows(&arrays[i], n, align), first);
                assert_int_equal(length_with_rows(&arrays[i], n + 1, align), first);
            }
        }
}

static void test_format_refuses(void **state)
{
    char *text = NULL;
    size_t len = 0;
    struct umm_npy npy = plain("<f8", 2, 5, 6), record = plain("<f8", 1, 5, 0);
    static const uint32_t bad_align[] = {0, 1, 8, 24, 65, 8192, 1u << 31};
    (void)state;
    for (size_t i = 0; i < sizeof bad_align / sizeof bad_align[0]; i++)
        assert_int_equal(umm_npy_format(&npy, bad_align[i], &text, &len, NULL), UMM_ERR_ARGUMENT);
    npy.major = 4;
    assert_int_equal(umm_npy_format(&npy, 64, &text, &len, NULL), UMM_ERR_ARGUMENT);
    npy.major = 0;
    npy.shape[0] = UINT64_C(1) << 60;
    assert_int_equal(umm_npy_format(&npy, 64, &text, &len, NULL), UMM_ERR_DATA);
    add_field(&record, "a\tb", "<f8");
    assert_int_equal(umm_npy_format(&record, 64, &text, &len, NULL), UMM_ERR_ARGUMENT);
    strcpy(record.fields[0].name, "\xC2\x85"); /* U+0085 */
    assert_int_equal(umm_npy_format(&record, 64, &text, &len, NULL), UMM_ERR_ARGUMENT);
    strcpy(record.fields[0].name, "\xFF");
    assert_int_equal(umm_npy_format(&record, 64, &text, &len, NULL), UMM_ERR_DATA);
    strcpy(record.fields[0].name, "\xE6\x97\xA5");
    record.major = 2;
    assert_int_equal(umm_npy_format(&record, 64, &text, &len, NULL), UMM_ERR_ARGUMENT);
    record.major = 3;
    record.fields[0].offset_bytes = 1;
    assert_int_equal(umm_npy_format(&record, 64, &text, &len, NULL), UMM_ERR_DATA);
    assert_null(text);
    umm_npy_free(&record);
}

static void test_exact_headers_fill_foreign_room_or_refuse(void **state)
{
    struct umm_npy npy = plain("<f8", 2, 5, 6), back;
    char *text = NULL;
    size_t len = 0, least = 10 + strlen(GOOD) + 1;
    (void)state;
    assert_int_equal(umm_npy_format_exact(&npy, least, &text, &len, NULL), UMM_OK);
    assert_int_equal(len, least);
    assert_memory_equal(text + 10, GOOD "\n", least - 10);
    free(text);
    assert_int_equal(umm_npy_format_exact(&npy, 80, &text, &len, NULL), UMM_OK);
    assert_int_equal(umm_npy_parse(text, len, &back, NULL), UMM_OK);
    assert_int_equal(back.data_offset_bytes, 80);
    free(text);
    for (size_t room = 0; room < least; room++)
        assert_int_equal(umm_npy_format_exact(&npy, room, &text, &len, NULL),
                         room ? UMM_ERR_UNSUPPORTED : UMM_ERR_ARGUMENT);
    npy.major = 1;
    assert_int_equal(umm_npy_format_exact(&npy, 10 + 65536, &text, &len, NULL), UMM_ERR_ARGUMENT);
}

static void test_names_must_differ_and_fit(void **state)
{
    struct umm_npy npy = plain("<f8", 1, 5, 0);
    struct umm_npy_type f8 = npy.type, pad = {.kind = 'V', .size_bytes = 4};
    char name[UMM_NPY_NAME_MAX + 1];
    (void)state;
    add_field(&npy, "open", "<f8");
    add_field(&npy, "close", "<f8");
    assert_int_equal(umm_npy_add_field(&npy, "", &pad, NULL), UMM_OK);
    assert_int_equal(umm_npy_add_field(&npy, "", &pad, NULL), UMM_OK);
    assert_int_equal(umm_npy_check(&npy, NULL), UMM_OK);
    memset(name, 'x', sizeof name);
    name[UMM_NPY_NAME_MAX] = '\0';
    assert_int_equal(umm_npy_add_field(&npy, name, &f8, NULL), UMM_ERR_UNSUPPORTED);
    assert_int_equal(
        umm_npy_add_field(&npy, "text", &(struct umm_npy_type){'U', false, 5, ""}, NULL),
        UMM_ERR_ARGUMENT);
    npy.fields[2].is_padding = false;
    assert_int_equal(umm_npy_check(&npy, NULL), UMM_ERR_DATA);
    npy.fields[2].is_padding = true;
    pad.size_bytes = INT32_MAX;
    assert_int_equal(umm_npy_add_field(&npy, "", &pad, NULL), UMM_ERR_UNSUPPORTED);
    assert_int_equal(npy.n_fields, 4);
    assert_int_equal(npy.type.size_bytes, 24);
    add_field(&npy, "open", "<f4");
    assert_int_equal(umm_npy_check(&npy, NULL), UMM_ERR_DATA);
    umm_npy_free(&npy);
}

static void test_the_limit_of_fields_is_exact(void **state)
{
    struct umm_npy npy = {0};
    const struct umm_npy_type f4 = {.kind = 'f', .size_bytes = 4};
    (void)state;
    for (int i = 0; i < UMM_NPY_FIELDS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        assert_int_equal(umm_npy_add_field(&npy, name, &f4, NULL), UMM_OK);
    }
    assert_int_equal(umm_npy_check(&npy, NULL), UMM_OK);
    assert_int_equal(umm_npy_add_field(&npy, "more", &f4, NULL), UMM_ERR_UNSUPPORTED);
    umm_npy_free(&npy);
}

static void test_same_type_sees_every_difference(void **state)
{
    struct umm_npy a = plain("<f8", 2, 5, 6), b = plain("<f8", 2, 9, 6);
    (void)state;
    assert_true(umm_npy_same_type(&a, &b));
    b.shape[1] = 7;
    assert_false(umm_npy_same_type(&a, &b));
    b = plain("<f8", 2, 5, 6);
    b.is_fortran = true;
    assert_false(umm_npy_same_type(&a, &b));
    a.n_dims = b.n_dims = 1;
    assert_true(umm_npy_same_type(&a, &b));
    b.n_dims = 2;
    assert_false(umm_npy_same_type(&a, &b));
    a = plain("<M8[ms]", 1, 5, 0);
    b = plain("<M8[us]", 1, 5, 0);
    assert_false(umm_npy_same_type(&a, &b));
    b = plain(">M8[ms]", 1, 5, 0);
    assert_false(umm_npy_same_type(&a, &b));
    a = b = plain("<f8", 1, 5, 0);
    add_field(&a, "open", "<f8");
    assert_false(umm_npy_same_type(&a, &b));
    add_field(&b, "high", "<f8");
    assert_false(umm_npy_same_type(&a, &b));
    strcpy(b.fields[0].name, "open");
    assert_true(umm_npy_same_type(&a, &b));
    b.fields[0].type.kind = 'i';
    assert_false(umm_npy_same_type(&a, &b));
    umm_npy_free(&a);
    umm_npy_free(&b);
}

static void test_sizes(void **state)
{
    struct umm_npy npy = plain("<f4", 2, 5, 6);
    (void)state;
    assert_int_equal(umm_npy_row_bytes(&npy), 24);
    assert_int_equal(umm_npy_data_bytes(&npy), 120);
    npy.n_dims = 0;
    assert_int_equal(umm_npy_row_bytes(&npy), 4);
    assert_int_equal(umm_npy_data_bytes(&npy), 4);
    npy = plain("<f4", 1, 0, 0);
    assert_int_equal(umm_npy_row_bytes(&npy), 4);
    assert_int_equal(umm_npy_data_bytes(&npy), 0);
}

/* ---- element types ---- */

static void test_types_return_as_numpy_writes_them(void **state)
{
    static const char *const pairs[][2] = {
        {"<f8", "<f8"},           {"f8", "<f8"},
        {"=f8", "<f8"},           {"|f8", "<f8"},
        {">i4", ">i4"},           {"<i1", "|i1"},
        {">u1", "|u1"},           {"|b1", "|b1"},
        {">S5", "|S5"},           {">V5", "|V5"},
        {">U5", ">U5"},           {"<c16", "<c16"},
        {"<M8[ms]", "<M8[ms]"},   {"M8[1s]", "<M8[s]"},
        {"<M8", "<M8"},           {"<m8[25s]", "<m8[25s]"},
        {"<M8[10D]", "<M8[10D]"}, {"M8[generic]", "<M8"},
        {"|S0", "|S0"},           {"|V2147483647", "|V2147483647"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct umm_npy_type type;
        char text[UMM_NPY_TYPE_TEXT_MAX];
        assert_int_equal(umm_npy_type_parse(pairs[i][0], &type), UMM_OK);
        assert_int_equal(umm_npy_type_text(&type, text), strlen(pairs[i][1]));
        assert_string_equal(text, pairs[i][1]);
    }
}

static void test_types_unknown_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "<",
                                      "f",
                                      "<f",
                                      "<f3",
                                      "<f32",
                                      "<f08",
                                      "<f8 ",
                                      " <f8",
                                      "<<f8",
                                      "!f8",
                                      "<f-8",
                                      "<f+8",
                                      "<i16",
                                      "|O",
                                      "|O8",
                                      "O",
                                      "<b2",
                                      "<M4",
                                      "<M8[",
                                      "<M8[]",
                                      "<M8[ms",
                                      "<M8[q]",
                                      "<M8[0s]",
                                      "<M8[01s]",
                                      "<M8[12345678s]",
                                      "<M8[ms]x",
                                      "<M8[-1s]",
                                      "<f8[ms]",
                                      "<x8",
                                      "<U536870912",
                                      "|S2147483648",
                                      "|S99999999999999999999",
                                      "<f8,<f8",
                                      "<M8[m s]",
                                      "(2,)f8",
                                      "<M8[ms]]",
                                      "<M8[25]",
                                      "<f\xE9"};
    struct umm_npy_type type;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (umm_npy_type_parse(bad[i], &type) != UMM_ERR_DATA)
            fail_msg("accepted \"%s\"", bad[i]);
}

static void assert_no_array(const struct umm_npy *npy, const char *message)
{
    struct umm_error err = {0};
    assert_int_equal(umm_npy_check(npy, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, message);
}

static void test_what_a_program_filled_in_wrongly_is_refused(void **state)
{
    struct umm_npy npy = {0}, bad;
    (void)state;
    assert_no_array(&npy, "unknown element type");
    assert_int_equal(umm_npy_type_parse("<f8", &npy.type), UMM_OK);
    assert_int_equal(umm_npy_check(&npy, NULL), UMM_OK);
    bad = npy;
    bad.n_dims = UMM_NPY_DIMS_MAX + 1;
    assert_no_array(&bad, "more than 32 dimensions");
    bad = npy;
    bad.n_fields = 1;
    assert_no_array(&bad, "fields in an array that is not a struct");
    bad = npy;
    bad.data_offset_bytes = (uint64_t)INT64_MAX - 7;
    assert_no_array(&bad, "the shape is too large for a file");
    bad.data_offset_bytes--;
    assert_int_equal(umm_npy_check(&bad, NULL), UMM_OK);

    struct umm_npy_type type = npy.type;
    assert_int_equal(umm_npy_add_field(&npy, "a", &type, NULL), UMM_OK);
    assert_int_equal(umm_npy_add_field(&npy, "b", &type, NULL), UMM_OK);
    assert_int_equal(umm_npy_check(&npy, NULL), UMM_OK);
    bad = npy;
    bad.n_fields = UMM_NPY_FIELDS_MAX + 1;
    assert_no_array(&bad, "a record has more than 65536 fields");
    bad = npy;
    bad.type.size_bytes++;
    assert_no_array(&bad, "the fields do not fill the record");
    npy.fields[1].type.size_bytes = 3;
    assert_no_array(&npy, "field 2 has an unknown type");
    npy.fields[1].type.size_bytes = 8;
    npy.fields[1].offset_bytes = 9;
    assert_no_array(&npy, "field 2 does not follow field 1");
    npy.fields[1].offset_bytes = 8;
    npy.fields[1].is_padding = true;
    assert_no_array(&npy, "field 2 is marked wrongly as padding or not");
    npy.fields[1].is_padding = false;
    npy.fields[1].name[0] = '\xff';
    assert_no_array(&npy, "the name of field 2 is not UTF-8");
    umm_npy_free(&npy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers_are_those_of_numpy),
        cmocka_unit_test(test_other_alignments_are_what_numpy_would_write),
        cmocka_unit_test(test_rows_never_change_the_length),
        cmocka_unit_test(test_format_refuses),
        cmocka_unit_test(test_exact_headers_fill_foreign_room_or_refuse),
        cmocka_unit_test(test_names_must_differ_and_fit),
        cmocka_unit_test(test_the_limit_of_fields_is_exact),
        cmocka_unit_test(test_same_type_sees_every_difference),
        cmocka_unit_test(test_what_a_program_filled_in_wrongly_is_refused),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_types_return_as_numpy_writes_them),
        cmocka_unit_test(test_types_unknown_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
