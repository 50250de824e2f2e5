/* SPDX-License-Identifier: MIT */
#include "reading/celladvice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct umm_celladvice advice(const char *cell, char decimal, enum umm_role role)
{
    const struct umm_schema_field field = {.role = role};
    return umm_celladvice_number(&field, (struct umm_csv_field){cell, strlen(cell)}, decimal);
}

static void assert_advice(struct umm_celladvice got, const char *says, enum umm_hint hint)
{
    assert_string_equal(got.says, says);
    assert_int_equal(got.hint, hint);
}

static void test_ways_of_writing_numbers_are_told_apart(void **state)
{
    static const struct {
        const char *cell, *says;
        enum umm_hint hint;
    } cases[] = {
        {"1,500", "; grouped digits are not read", UMM_HINT_NONE},
        {"12,34,567", "; grouped digits are not read", UMM_HINT_NONE},
        {"-1,234,567.5", "; grouped digits are not read", UMM_HINT_NONE},
        {"1.234.567", "; grouped digits are not read", UMM_HINT_NONE},
        {"1.234.567,5", "; grouped digits are not read", UMM_HINT_NONE},
        {"1 500", "; grouped digits are not read", UMM_HINT_NONE},
        {"1\xc2\xa0"
         "500",
         "; grouped digits are not read", UMM_HINT_NONE},
        {"1'234", "; grouped digits are not read", UMM_HINT_NONE},
        {"1,5", "", UMM_HINT_DECIMAL},
        {"1,50", "", UMM_HINT_DECIMAL},
        {"1.2.3", "", UMM_HINT_NONE},
        {"1,2,3", "", UMM_HINT_NONE},
        {"1,234.567,8", "", UMM_HINT_NONE},
        {",", "", UMM_HINT_NONE},
        {"$1", "; currency signs are not read", UMM_HINT_NONE},
        {"US$1.5", "; currency signs are not read", UMM_HINT_NONE},
        {"5 EUR", "; currency signs are not read", UMM_HINT_NONE},
        {"$1,234.5", "; currency signs are not read", UMM_HINT_NONE},
        {"$x", "", UMM_HINT_NONE},
        {"2.31%", "; percent signs are not read", UMM_HINT_NONE},
        {"395.86M", "; suffixes such as K, M and B are not read", UMM_HINT_NONE},
        {"3bn", "; suffixes such as K, M and B are not read", UMM_HINT_NONE},
        {"3x", "", UMM_HINT_NONE},
        {"M", "", UMM_HINT_NONE},
        {"(1.5)", "; a negative number in parentheses is not read", UMM_HINT_NONE},
        {"(1.5", "", UMM_HINT_NONE},
        {"#N/A", "", UMM_HINT_MISSING},
        {"none", "", UMM_HINT_MISSING},
        {".", "", UMM_HINT_MISSING},
        {"True", "; true and false are not read as numbers", UMM_HINT_NONE},
        {"", "", UMM_HINT_NONE},
        {"x", "", UMM_HINT_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_advice(advice(cases[i].cell, '.', UMM_ROLE_CLOSE), cases[i].says, cases[i].hint);
        assert_advice(advice(cases[i].cell, '.', UMM_ROLE_NONE), cases[i].says, cases[i].hint);
    }
    assert_advice(advice("1.500", ',', UMM_ROLE_CLOSE), "; grouped digits are not read",
                  UMM_HINT_NONE);
    assert_advice(advice("1.5", ',', UMM_ROLE_CLOSE), "", UMM_HINT_NONE);
}

static void test_text_is_a_column_to_leave_out_but_no_bar(void **state)
{
    (void)state;
    assert_advice(advice("SPY", '.', UMM_ROLE_NONE), "; text cannot be stored", UMM_HINT_LEAVE_OUT);
    assert_advice(advice("SPY", '.', UMM_ROLE_OPEN), "", UMM_HINT_NONE);
    assert_advice(advice("0x10", '.', UMM_ROLE_NONE), "", UMM_HINT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways_of_writing_numbers_are_told_apart),
        cmocka_unit_test(test_text_is_a_column_to_leave_out_but_no_bar),
    };

    return cmocka_run_group_tests_name("celladvice", tests, NULL, NULL);
}
