/* SPDX-License-Identifier: MIT */
#include "text/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *find(const char *wanted)
{
    static const char *const names[] = {"timestamp", "open", "high", "low", "close", "volume"};
    struct umm_nearest nearest = {.wanted = wanted};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        umm_nearest_look(&nearest, names[i]);
    return nearest.name ? nearest.name : "";
}

static void test_slips(void **state)
{
    (void)state;
    assert_string_equal(find("clsoe"), "close");  /* exchanged */
    assert_string_equal(find("clos"), "close");   /* left out */
    assert_string_equal(find("closse"), "close"); /* put in */
    assert_string_equal(find("cloze"), "close");  /* changed */
    assert_string_equal(find("CLOSE"), "close");  /* no change at all */
    assert_string_equal(find("timestmaps"), "timestamp");
    assert_string_equal(find("Hihg"), "high");
    assert_string_equal(find("law"), "low");
}

static void test_others(void **state)
{
    (void)state;
    char longer[100];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_string_equal(find("adjusted"), "");
    assert_string_equal(find("clxxe"), "");
    assert_string_equal(find(""), "");
    assert_string_equal(find(longer), "");
}

/* Of names at one distance the first; a nearer one later takes its place. */
static void test_order(void **state)
{
    (void)state;
    struct umm_nearest nearest = {.wanted = "bid_1"};
    umm_nearest_look(&nearest, "ask_1");
    assert_null(nearest.name);
    umm_nearest_look(&nearest, "bid_2");
    umm_nearest_look(&nearest, "bid_3");
    assert_string_equal(nearest.name, "bid_2");
    umm_nearest_look(&nearest, "BID_1");
    assert_string_equal(nearest.name, "BID_1");
    assert_int_equal(nearest.distance, 0);
}

/* The longest name that is looked at fills the table. */
static void test_longest(void **state)
{
    (void)state;
    char a[64], b[64];
    memset(a, 'a', sizeof a);
    memset(b, 'a', sizeof b);
    a[63] = b[63] = '\0';
    b[0] = b[62] = 'b';
    struct umm_nearest nearest = {.wanted = a};
    umm_nearest_look(&nearest, b);
    assert_ptr_equal(nearest.name, b);
    assert_int_equal(nearest.distance, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slips),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
