/* SPDX-License-Identifier: MIT */
/* Which preset a header is of, and which one is only advised. */
#include "reading/reading_layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hint.h"

enum { FIELDS_MAX = 32 };

/* The fields of a line, at the commas. */
static size_t split(const char *line, struct umm_csv_field fields[FIELDS_MAX])
{
    size_t n = 0;
    for (;;) {
        size_t len = strcspn(line, ",");
        assert_true(n < FIELDS_MAX);
        fields[n++] = (struct umm_csv_field){line, len};
        if (!line[len])
            return n;
        line += len + 1;
    }
}

/* The preset of a header or, in parentheses, those advised for it. */
static const char *preset_of(const char *header)
{
    static char text[64];
    struct umm_reading reading = {.layout = NULL};
    struct umm_csv_field fields[FIELDS_MAX];
    umm_reading_recognise(&reading, fields, split(header, fields));
    const char *advised = reading.advised[0];
    if (reading.layout)
        return reading.layout->name;
    snprintf(text, sizeof text, "(%s%s%s)", advised ? advised : "", reading.advised[1] ? "," : "",
             reading.advised[1] ? reading.advised[1] : "");
    return text;
}

static void test_a_header_is_that_of_a_preset_or_not(void **state)
{
    (void)state;
    assert_string_equal(preset_of("Date,Open,High,Low,Close,Adj Close,Volume"), "yahoo");
    assert_string_equal(preset_of(" date ,OPEN,<High>,low,close,adj-close,volume"), "yahoo");
    assert_string_equal(preset_of("Date,Open,High,Low,Close,Adj Close"), "()");
    assert_string_equal(preset_of("Date,Open,High,Low,Close,Adj Close,Volume,"), "()");
    assert_string_equal(preset_of("Date,Open,Low,High,Close,Adj Close,Volume"), "()");
    assert_string_equal(preset_of("Date,Open,High,Low,Close,Adj Close,Volumes"), "()");
    assert_string_equal(preset_of("timestamp,open,high,low,close,volume"), "()");
    assert_string_equal(preset_of(""), "()");
    assert_string_equal(preset_of("Price,Close,High,Low,Open,Volume"), "yfinance");
    assert_string_equal(preset_of("Price,Close,Close,High,High,Low,Low,Open,Open,Volume,Volume"),
                        "()");
}

static void test_a_preset_to_be_asked_for_is_advised(void **state)
{
    (void)state;
    assert_string_equal(preset_of("Date,Close/Last,Volume,Open,High,Low"), "(nasdaq)");
    assert_string_equal(preset_of("Date,Price,Open,High,Low,Vol.,Change %"), "(investing)");
    assert_string_equal(
        preset_of("ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume"),
        "databento");
}

/* What rows without a header are like. */
static const char *like(const char *row)
{
    struct umm_reading reading = {.layout = NULL};
    struct umm_csv_field fields[FIELDS_MAX];
    umm_reading_recognise_row(&reading, NULL, fields, split(row, fields));
    return reading.advised[0] ? reading.advised[0] : "";
}

/* The preset of such rows in a file whose name tells binance. */
static const char *told(const char *row)
{
    struct umm_reading reading = {.layout = NULL};
    struct umm_csv_field fields[FIELDS_MAX];
    umm_reading_recognise_row(&reading, "binance", fields, split(row, fields));
    return reading.layout ? reading.layout->name : "";
}

static void test_a_name_and_rows_that_agree_tell_a_preset(void **state)
{
    (void)state;
    assert_string_equal(told("1735603200000,1,2,0.5,1.5,100,1735606799999,1,1,1,1,0"), "binance");
    assert_string_equal(told("1735603200000,1,2,0.5,1.5,100,1735606799999,1,1,1,1"), "");
    assert_string_equal(told("1735603200000,1,2,0.5,1.5,100"), "");
    assert_string_equal(told("2024-12-31,1,2,0.5,1.5,100,1735606799999,1,1,1,1,0"), "");
    assert_string_equal(told("X,60,20240102,100000,1,2,0.5,1.5,7"), "");
}

static void test_rows_are_like_those_of_a_preset(void **state)
{
    (void)state;
    assert_string_equal(like("1735603200000,1,2,0.5,1.5,100,1735606799999,1,1,1,1,0"), "binance");
    assert_string_equal(like("1735603200000,1,2,0.5,1.5,100,1735606799999,1,1,1,1"), "");
    assert_string_equal(like("1735603200000,1,2,0.5,1.5,100,1735606799999,1,1,1,1,0,0"), "");
    assert_string_equal(like("2024-12-31,1,2,0.5,1.5,100,1735606799999,1,1,1,1,0"), "");
    assert_string_equal(like("X,60,20240102,100000,1,2,0.5,1.5,7"), "finam");
    /* So many numbers are those of many files, whose order may be another. */
    assert_string_equal(like("1381095240,122.0,122.0,122.0,122.0,0.1,1"), "");
    assert_string_equal(like("1381095240,122.0,122.0,122.0,122.0,0.1"), "");
}

static void test_advice_is_for_what_fails(void **state)
{
    struct umm_reading reading = {.advised = {"nasdaq", NULL}};
    struct umm_error err = {.hint = UMM_HINT_NO_FIELD};
    (void)state;
    assert_int_equal(umm_reading_advise(&reading, UMM_OK, &err), UMM_OK);
    assert_int_equal(umm_reading_advise(&reading, UMM_ERR_MEMORY, &err), UMM_ERR_MEMORY);
    assert_int_equal(err.hint, UMM_HINT_NO_FIELD);
    assert_int_equal(umm_reading_advise(&reading, UMM_ERR_DATA, &err), UMM_ERR_DATA);
    assert_int_equal(err.hint, UMM_HINT_LAYOUT);
    assert_string_equal(err.hint_values[0], "nasdaq");
    reading.advised[1] = "investing";
    assert_int_equal(umm_reading_advise(&reading, UMM_ERR_DATA, &err), UMM_ERR_DATA);
    assert_int_equal(err.hint, UMM_HINT_LAYOUTS);
    assert_string_equal(err.hint_values[1], "investing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_header_is_that_of_a_preset_or_not),
        cmocka_unit_test(test_a_preset_to_be_asked_for_is_advised),
        cmocka_unit_test(test_rows_are_like_those_of_a_preset),
        cmocka_unit_test(test_a_name_and_rows_that_agree_tell_a_preset),
        cmocka_unit_test(test_advice_is_for_what_fails),
    };

    return cmocka_run_group_tests_name("reading_layout", tests, NULL, NULL);
}
