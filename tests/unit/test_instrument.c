/* SPDX-License-Identifier: MIT */
#include "reading/instrument.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *header[] = {"symbol", "id", "close"};
static const struct umm_names names = {.has_names = true, .n = 3, .text = header};
static const struct umm_schema no_schema = {.n_fields = 0};

static void open_with(struct umm_instrument *instrument, const char *where, const char *one_series)
{
    const struct umm_instrument_options options = {
        .where = {where}, .n_where = where != NULL, .one_series = one_series};
    assert_int_equal(umm_instrument_open(instrument, &options, &names, &no_schema, NULL, NULL),
                     UMM_OK);
}

/* Cells lie where 8 bytes can be read. */
static void set(struct umm_csv_field fields[3], const char *symbol, const char *id)
{
    static char text[2][64];
    snprintf(text[0], sizeof *text, "%s", symbol);
    snprintf(text[1], sizeof *text, "%s", id);
    fields[0] = (struct umm_csv_field){text[0], strlen(symbol)};
    fields[1] = (struct umm_csv_field){text[1], strlen(id)};
    fields[2] = (struct umm_csv_field){"1", 1};
}

static enum umm_status take(struct umm_instrument *instrument, const char *symbol, const char *id)
{
    struct umm_csv_field fields[3];
    size_t field = 99;
    set(fields, symbol, id);
    enum umm_status status = umm_instrument_take(instrument, fields, &field, NULL);
    assert_true(status ? field < 2 : field == 99);
    return status;
}

static void test_the_first_row_taken_says_whose_all_are(void **state)
{
    struct umm_instrument instrument;
    (void)state;
    open_with(&instrument, NULL, NULL);
    assert_int_equal(instrument.n_keys, 2);
    assert_false(umm_instrument_is_known(&instrument));
    assert_int_equal(take(&instrument, "SPY", "one"), UMM_OK);
    assert_true(umm_instrument_is_known(&instrument));
    assert_int_equal(take(&instrument, " SPY\t", "one"), UMM_OK);
    assert_int_equal(take(&instrument, "SPYX", "one"), UMM_ERR_DATA);
    assert_int_equal(take(&instrument, "SP", "one"), UMM_ERR_DATA);
    assert_int_equal(take(&instrument, "", "one"), UMM_ERR_DATA);
    assert_int_equal(take(&instrument, "spy", "one"), UMM_ERR_DATA);
    assert_int_equal(take(&instrument, "SPY", "two"), UMM_ERR_DATA);
    umm_instrument_free(&instrument);
    /* Numbers of a column named id are ids of rows. */
    open_with(&instrument, NULL, NULL);
    assert_int_equal(take(&instrument, "SPY", "1"), UMM_OK);
    assert_int_equal(take(&instrument, "SPY", "2"), UMM_OK);
    umm_instrument_free(&instrument);
}

static void test_filters_and_exceptions(void **state)
{
    struct umm_instrument instrument;
    struct umm_csv_field fields[3];
    (void)state;
    open_with(&instrument, "symbol=A=B", "");
    assert_int_equal(instrument.n_keys, 0);
    set(fields, "A=B ", "");
    assert_true(umm_instrument_takes(&instrument, fields));
    set(fields, "A", "");
    assert_false(umm_instrument_takes(&instrument, fields));
    umm_instrument_free(&instrument);
    open_with(&instrument, "symbol=X", NULL);
    assert_int_equal(instrument.n_keys, 1);
    umm_instrument_free(&instrument);
    open_with(&instrument, NULL, "id");
    assert_int_equal(instrument.n_keys, 1);
    assert_string_equal(instrument.keys[0].name, "symbol");
    umm_instrument_free(&instrument);
    static const char *const bad[] = {"symbol", "=x", "nothing=x"};
    for (size_t i = 0; i < 3; i++) {
        const struct umm_instrument_options options = {.where = {bad[i]}, .n_where = 1};
        assert_int_equal(umm_instrument_open(&instrument, &options, &names, &no_schema, NULL, NULL),
                         i < 2 ? UMM_ERR_ARGUMENT : UMM_ERR_DATA);
        umm_instrument_free(&instrument);
    }
}

static void test_the_fast_comparison_is_the_slow_one(void **state)
{
    static const char *const texts[] = {"",         "A",        "AB",        "AAPL.US",
                                        "12345678", "12345679", "123456789", "1234567890",
                                        " A",       "A ",       "a"};
    enum { N = sizeof texts / sizeof *texts };
    (void)state;
    for (size_t i = 0; i < N; i++) {
        struct umm_instrument instrument;
        struct umm_csv_field fields[3];
        open_with(&instrument, NULL, "id");
        assert_int_equal(take(&instrument, texts[i], ""), UMM_OK);
        for (size_t k = 0; k < N; k++) {
            set(fields, texts[k], "");
            assert_int_equal(umm_instrument_is(&instrument.keys[0], fields[0]),
                             umm_instrument_is_trimmed(&instrument.keys[0], fields[0]));
        }
        umm_instrument_free(&instrument);
    }
}

static void test_files_that_follow_are_of_the_same(void **state)
{
    struct umm_instrument first, second, all = {.n_keys = 0};
    (void)state;
    open_with(&first, NULL, NULL);
    assert_int_equal(take(&first, "SPY", "x"), UMM_OK);
    assert_int_equal(umm_instrument_keep(&all, &first, NULL), UMM_OK);
    umm_instrument_free(&first);
    open_with(&second, NULL, NULL);
    assert_int_equal(umm_instrument_expect(&second, &all, NULL), UMM_OK);
    assert_true(umm_instrument_is_known(&second));
    assert_int_equal(take(&second, "QQQ", "x"), UMM_ERR_DATA);
    assert_int_equal(take(&second, "SPY", "x"), UMM_OK);
    assert_int_equal(umm_instrument_keep(&all, &second, NULL), UMM_OK);
    assert_int_equal(all.n_keys, 2);
    umm_instrument_free(&second);
    umm_instrument_free(&all);
}

static void test_a_header_may_state_whose_all_are(void **state)
{
    struct umm_instrument first, second, all = {.n_keys = 0};
    struct umm_error err = {.status = UMM_OK};
    (void)state;
    open_with(&first, NULL, NULL);
    assert_int_equal(umm_instrument_state(&first, "Ticker", "SPY", NULL), UMM_OK);
    assert_int_equal(umm_instrument_expect(&first, &all, NULL), UMM_OK);
    assert_int_equal(umm_instrument_keep(&all, &first, NULL), UMM_OK);
    umm_instrument_free(&first);
    assert_int_equal(all.n_keys, 1);
    open_with(&second, NULL, NULL);
    assert_int_equal(umm_instrument_state(&second, "ticker", "QQQ", NULL), UMM_OK);
    assert_int_equal(umm_instrument_expect(&second, &all, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "Ticker is \"QQQ\" after \"SPY\": not one series");
    umm_instrument_free(&second);
    open_with(&second, NULL, NULL);
    assert_int_equal(umm_instrument_state(&second, "ticker", "SPY", NULL), UMM_OK);
    assert_int_equal(umm_instrument_expect(&second, &all, NULL), UMM_OK);
    umm_instrument_free(&second);
    /* A column of the next file has that value. */
    open_with(&second, NULL, NULL);
    assert_int_equal(umm_instrument_expect(&second, &all, NULL), UMM_OK);
    assert_int_equal(take(&second, "QQQ", "x"), UMM_ERR_DATA);
    assert_int_equal(take(&second, "SPY", "x"), UMM_OK);
    umm_instrument_free(&second);
    umm_instrument_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_row_taken_says_whose_all_are),
        cmocka_unit_test(test_filters_and_exceptions),
        cmocka_unit_test(test_the_fast_comparison_is_the_slow_one),
        cmocka_unit_test(test_files_that_follow_are_of_the_same),
        cmocka_unit_test(test_a_header_may_state_whose_all_are),
    };

    return cmocka_run_group_tests_name("instrument", tests, NULL, NULL);
}
