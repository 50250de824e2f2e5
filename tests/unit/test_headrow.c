/* SPDX-License-Identifier: MIT */
#include "reading/headrow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Fields separated by '|'. */
static bool is_header(const char *record, bool is_needed, const char *na, const char *format)
{
    struct umm_csv_field fields[8];
    struct umm_na missing;
    size_t n = 0;
    assert_int_equal(umm_na_parse(na, &missing, NULL), UMM_OK);
    const struct umm_headrow how = {
        .time_formats = {format}, .na = &missing, .decimal = '.', .is_needed = is_needed};
    for (const char *p = record;; p++) {
        size_t len = strcspn(p, "|");
        fields[n++] = (struct umm_csv_field){p, len};
        p += len;
        if (!*p)
            break;
    }
    bool is = umm_headrow_is(&how, fields, n);
    umm_na_free(&missing);
    return is;
}

static void test_what_reads_as_data_is_no_header(void **state)
{
    (void)state;
    for (int is_needed = 0; is_needed < 2; is_needed++) {
        assert_true(is_header("time|open|close", is_needed, "", NULL));
        assert_true(is_header("|open|close", is_needed, "", NULL));
        assert_true(is_header("1. open|close 2|EURUSD 2024", is_needed, "", NULL));
        assert_false(is_header("||", is_needed, "", NULL));
        assert_false(is_header("time|1|close", is_needed, "", NULL));
        assert_false(is_header("2024-01-31|x|y", is_needed, "", NULL));
        assert_false(is_header("time|-|close", is_needed, ",-", NULL));
        assert_false(is_header("31-Dec-10|x|y", is_needed, "", "%d-%b-%y"));
        /* A time of the form, though there is no such day. */
        assert_false(is_header("31-Feb-10|x|y", is_needed, "", "%d-%b-%y"));
        assert_true(is_header("time|x|y", is_needed, "", "%d-%b-%y"));
    }
}

static void test_what_looks_like_values_is_a_header_only_where_one_is_needed(void **state)
{
    static const char *const records[] = {"$1|$2", "x|100K", "x|2.31%", "(12)|x", "x|1,500.5"};
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        assert_true(is_header(records[i], true, "", NULL));
        assert_false(is_header(records[i], false, "", NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_reads_as_data_is_no_header),
        cmocka_unit_test(test_what_looks_like_values_is_a_header_only_where_one_is_needed),
    };

    return cmocka_run_group_tests_name("headrow", tests, NULL, NULL);
}
