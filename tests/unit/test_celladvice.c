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

static struct umm_celladvice advice(const char *cell, char decimal, enum umm_role role,
                                    struct umm_notation notation)
{
    const struct umm_schema_field field = {.role = role};
    return umm_celladvice_number(&field, (struct umm_csv_field){cell, strlen(cell)}, decimal,
                                 &notation);
}

static const struct umm_notation plain;

/* What is said, the hint's code, and its values. */
static void assert_advice(struct umm_celladvice got, const char *says, enum umm_hint hint,
                          const char *ways, const char *mark)
{
    assert_string_equal(got.says, says);
    assert_int_equal(got.hint, hint);
    if (hint == UMM_HINT_NUMBERS || hint >= UMM_HINT_NUMBERS_GROUPS)
        assert_string_equal(got.values[0], ways);
    assert_string_equal(got.values[1], mark);
}

static void test_ways_of_writing_numbers_are_told_apart(void **state)
{
    static const struct {
        const char *cell;
        enum umm_hint hint;
        const char *ways, *mark;
    } cases[] = {
        {"1,500", UMM_HINT_GROUPS_OR_DECIMAL, "", ","},
        {"12,34,567", UMM_HINT_GROUPS, "", ","},
        {"-1,234,567.5", UMM_HINT_GROUPS, "", ","},
        {"1.234.567", UMM_HINT_GROUPS_DECIMAL, "", "."},
        {"1.234.567,5", UMM_HINT_GROUPS_DECIMAL, "", "."},
        {"1 500", UMM_HINT_GROUPS, "", "space"},
        {"1\xc2\xa0"
         "500",
         UMM_HINT_GROUPS, "", "space"},
        {"1'234", UMM_HINT_GROUPS, "", "apostrophe"},
        {"1\xe2\x80\x99"
         "234",
         UMM_HINT_GROUPS, "", "apostrophe"},
        {"1,5", UMM_HINT_DECIMAL, "", ""},
        {"1,50", UMM_HINT_DECIMAL, "", ""},
        {"1.2.3", UMM_HINT_NONE, "", ""},
        {"1,2,3", UMM_HINT_NONE, "", ""},
        {"1,234.567,8", UMM_HINT_NONE, "", ""},
        {",", UMM_HINT_NONE, "", ""},
        {"$1", UMM_HINT_NUMBERS, "currency", ""},
        {"US$1.5", UMM_HINT_NUMBERS, "currency", ""},
        {"5 EUR", UMM_HINT_NUMBERS, "currency", ""},
        {"$1,234.5", UMM_HINT_NUMBERS_GROUPS, "currency", ","},
        {"5,50 \xe2\x82\xac", UMM_HINT_NUMBERS_DECIMAL, "currency", ""},
        {"1.234,5 EUR", UMM_HINT_NUMBERS_GROUPS_DECIMAL, "currency", "."},
        {"$x", UMM_HINT_NONE, "", ""},
        {"2.31%", UMM_HINT_PERCENT, "percent", ""},
        {"2,31%", UMM_HINT_NUMBERS_DECIMAL, "percent", ""},
        {"395.86M", UMM_HINT_NUMBERS, "suffix", ""},
        {"$3bn", UMM_HINT_NUMBERS, "currency,suffix", ""},
        {"3x", UMM_HINT_NONE, "", ""},
        {"M", UMM_HINT_NONE, "", ""},
        {"(1.5)", UMM_HINT_NUMBERS, "parentheses", ""},
        {"(1.5", UMM_HINT_NONE, "", ""},
        {"#N/A", UMM_HINT_MISSING, "", ""},
        {"none", UMM_HINT_MISSING, "", ""},
        {".", UMM_HINT_MISSING, "", ""},
        {"True", UMM_HINT_NUMBERS, "boolean", ""},
        {"", UMM_HINT_NONE, "", ""},
        {"x", UMM_HINT_NONE, "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_advice(advice(cases[i].cell, '.', UMM_ROLE_CLOSE, plain), "", cases[i].hint,
                      cases[i].ways, cases[i].mark);
        assert_advice(advice(cases[i].cell, '.', UMM_ROLE_NONE, plain), "", cases[i].hint,
                      cases[i].ways, cases[i].mark);
    }
    assert_advice(advice("1.500", ',', UMM_ROLE_CLOSE, plain), "", UMM_HINT_GROUPS, "", ".");
    assert_advice(advice("1.5", ',', UMM_ROLE_CLOSE, plain), "", UMM_HINT_NONE, "", "");
}

static void test_what_is_asked_for_already_is_not_advised_again(void **state)
{
    const struct umm_notation commas = {.mark = UMM_GROUP_COMMA};
    const struct umm_notation both = {UMM_GROUP_COMMA, UMM_WAY_CURRENCY};
    const struct umm_notation ratio = {.ways = UMM_WAY_RATIO};
    const char *groups = "; groups have three digits, or two before the last three";
    (void)state;
    assert_advice(advice("1,5", '.', UMM_ROLE_CLOSE, commas), groups, UMM_HINT_NONE, "", "");
    assert_advice(advice("12,34,5", '.', UMM_ROLE_CLOSE, commas), groups, UMM_HINT_NONE, "", "");
    assert_advice(advice("$1,5", '.', UMM_ROLE_CLOSE, both), groups, UMM_HINT_NONE, "", "");
    assert_advice(advice("$1,500", '.', UMM_ROLE_CLOSE, commas), "", UMM_HINT_NUMBERS, "currency",
                  "");
    assert_advice(advice("$1,500K", '.', UMM_ROLE_CLOSE, both), "", UMM_HINT_NUMBERS,
                  "currency,suffix", "");
    assert_advice(advice("1'500", '.', UMM_ROLE_CLOSE, both), "", UMM_HINT_GROUPS, "",
                  "apostrophe");
    assert_advice(advice("5%K", '.', UMM_ROLE_CLOSE, ratio), "", UMM_HINT_NONE, "", "");
    assert_advice(advice("$5", '.', UMM_ROLE_CLOSE, ratio), "", UMM_HINT_NUMBERS, "currency,ratio",
                  "");
}

static void test_text_is_a_column_to_leave_out_but_no_bar(void **state)
{
    (void)state;
    assert_advice(advice("SPY", '.', UMM_ROLE_NONE, plain), "; text cannot be stored",
                  UMM_HINT_LEAVE_OUT, "", "");
    assert_advice(advice("SPY", '.', UMM_ROLE_OPEN, plain), "", UMM_HINT_NONE, "", "");
    assert_advice(advice("0x10", '.', UMM_ROLE_NONE, plain), "", UMM_HINT_NONE, "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways_of_writing_numbers_are_told_apart),
        cmocka_unit_test(test_what_is_asked_for_already_is_not_advised_again),
        cmocka_unit_test(test_text_is_a_column_to_leave_out_but_no_bar),
    };

    return cmocka_run_group_tests_name("celladvice", tests, NULL, NULL);
}
