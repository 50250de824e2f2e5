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

static const char *advice(const char *cell, char decimal, enum umm_role role)
{
    const struct umm_schema_field field = {.role = role};
    return umm_celladvice_number(&field, (struct umm_csv_field){cell, strlen(cell)}, decimal);
}

static void test_ways_of_writing_numbers_are_told_apart(void **state)
{
    static const struct {
        const char *cell, *says;
    } cases[] = {
        {"1,500", "; grouped digits are not read"},
        {"12,34,567", "; grouped digits are not read"},
        {"-1,234,567.5", "; grouped digits are not read"},
        {"1.234.567", "; grouped digits are not read"},
        {"1.234.567,5", "; grouped digits are not read"},
        {"1 500", "; grouped digits are not read"},
        {"1\xc2\xa0"
         "500",
         "; grouped digits are not read"},
        {"1'234", "; grouped digits are not read"},
        {"1,5", " (--decimal , reads decimal commas)"},
        {"1,50", " (--decimal , reads decimal commas)"},
        {"1.2.3", ""},
        {"1,2,3", ""},
        {"1,234.567,8", ""},
        {",", ""},
        {"$1", "; currency signs are not read"},
        {"US$1.5", "; currency signs are not read"},
        {"5 EUR", "; currency signs are not read"},
        {"$1,234.5", "; currency signs are not read"},
        {"$x", ""},
        {"2.31%", "; percent signs are not read"},
        {"395.86M", "; suffixes such as K, M and B are not read"},
        {"3bn", "; suffixes such as K, M and B are not read"},
        {"3x", ""},
        {"M", ""},
        {"(1.5)", "; a negative number in parentheses is not read"},
        {"(1.5", ""},
        {"#N/A", "; if that means missing, say so with --na"},
        {"none", "; if that means missing, say so with --na"},
        {".", "; if that means missing, say so with --na"},
        {"True", "; true and false are not read as numbers"},
        {"", ""},
        {"x", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(advice(cases[i].cell, '.', UMM_ROLE_CLOSE), cases[i].says);
        assert_string_equal(advice(cases[i].cell, '.', UMM_ROLE_NONE), cases[i].says);
    }
    assert_string_equal(advice("1.500", ',', UMM_ROLE_CLOSE), "; grouped digits are not read");
    assert_string_equal(advice("1.5", ',', UMM_ROLE_CLOSE), "");
}

static void test_text_is_a_column_to_leave_out_but_no_bar(void **state)
{
    (void)state;
    assert_string_equal(advice("SPY", '.', UMM_ROLE_NONE),
                        "; text cannot be stored: leave the column out of --columns");
    assert_string_equal(advice("SPY", '.', UMM_ROLE_OPEN), "");
    assert_string_equal(advice("0x10", '.', UMM_ROLE_NONE), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways_of_writing_numbers_are_told_apart),
        cmocka_unit_test(test_text_is_a_column_to_leave_out_but_no_bar),
    };

    return cmocka_run_group_tests_name("celladvice", tests, NULL, NULL);
}
