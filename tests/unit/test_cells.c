/* SPDX-License-Identifier: MIT */
#include "reading/cells.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hint.h"

/* ---- one field of one type, and a cell for it ---- */

enum { TYPES = 5 };
static const char *const type_names[TYPES] = {"f8", "f4", "i8", "i4", "M8"};

static struct umm_schema_field make_field(const char *name, const char *type)
{
    struct umm_schema_field field = {
        .type = {.kind = type[0], .size_bytes = (uint32_t)(type[1] - '0')}};
    snprintf(field.name, sizeof field.name, "%s", name);
    field.role = umm_role_of(name, strlen(name));
    field.is_time = type[0] == 'M' || field.role == UMM_ROLE_TIMESTAMP;
    if (type[0] == 'M')
        strcpy(field.type.unit, "ms");
    return field;
}

/* How a cell is read; zero is the default. */
struct how {
    struct umm_notation notation;
    int power;
    char decimal;
    const char *na;
    enum umm_time_unit unit;
    const char *pattern;
    struct umm_time_spec *times; /* kept from cell to cell */
};

static enum umm_status convert(const char *name, const char *type, const struct how *how,
                               const char *text, char out[16], int64_t *time, struct umm_error *err)
{
    struct umm_schema_field field = make_field(name, type);
    field.power = how->power;
    field.is_exact = strcmp(name, "id") == 0;
    struct umm_schema schema = {.is_struct = true,
                                .time_unit = how->unit,
                                .n_fields = 1,
                                .fields = &field,
                                .row_bytes = field.type.size_bytes,
                                .time_index = field.is_time ? 0 : UMM_FIELD_NONE};
    struct umm_found found = {0, UMM_FIELD_NONE};
    struct umm_time_spec spec = {.patterns = {how->pattern, NULL}};
    struct umm_na na;
    assert_int_equal(umm_na_parse(how->na ? how->na : UMM_NA_DEFAULT, &na, NULL), UMM_OK);
    struct umm_cells cells = {.schema = &schema,
                              .found = &found,
                              .na = &na,
                              .decimal = how->decimal ? how->decimal : '.',
                              .times = how->times ? how->times : &spec,
                              .notation = how->notation};
    /* The cell's bytes alone: what is behind it must not be read. */
    size_t len = strlen(text), bad_field = 99;
    char *copy = malloc(len + !len);
    memcpy(copy, text, len);
    struct umm_csv_field cell = {copy, len};
    struct umm_row row = {.bytes = out, .time = -1};
    memset(out, '#', 16);
    enum umm_status status = umm_cells_convert(&cells, &cell, &row, &bad_field, err);
    if (status) {
        assert_int_equal(bad_field, 0);
        assert_true(err->message[0] && !strchr(err->message, '\n'));
    }
    for (size_t i = field.type.size_bytes; i < 16; i++)
        assert_int_equal(out[i], '#');
    *time = row.time;
    umm_na_free(&na);
    free(copy);
    return status;
}

static void assert_converts(const char *type, const struct how *how, const char *text,
                            const void *expected, size_t size)
{
    char out[16];
    int64_t time;
    struct umm_error err = {0};
    if (convert("x", type, how, text, out, &time, &err) != UMM_OK)
        fail_msg("%s of \"%s\": %s", type, text, err.message);
    if (memcmp(out, expected, size) != 0)
        fail_msg("%s of \"%s\": another value", type, text);
}

static void assert_refuses(const char *type, const struct how *how, const char *text,
                           const char *words)
{
    char out[16];
    int64_t time;
    struct umm_error err = {0};
    enum umm_status status = convert("x", type, how, text, out, &time, &err);
    if (status != UMM_ERR_DATA || !strstr(err.message, words))
        fail_msg("%s of \"%s\": %s, message %s", type, text, umm_status_name(status), err.message);
}

static void assert_hints(const char *name, const char *type, const struct how *how,
                         const char *text, enum umm_hint hint, const char *value)
{
    char out[16];
    int64_t time;
    struct umm_error err = {0};
    assert_int_equal(convert(name, type, how, text, out, &time, &err), UMM_ERR_DATA);
    if (err.hint != hint || strcmp(err.hint_values[0], value) != 0)
        fail_msg("%s of \"%s\": hint %u, \"%s\"", type, text, err.hint, err.hint_values[0]);
}

static const struct how usual;

/* ---- numbers ---- */

static void test_every_type_holds_its_numbers(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {{"0", 0},
                 {"7", 7},
                 {"+7", 7},
                 {"-12", -12},
                 {"12.000", 12},
                 {"1e3", 1000},
                 {" 5\t", 5},
                 {"\t 5 ", 5},
                 {"0012", 12},
                 {".5e1", 5},
                 {"5.", 5},
                 {"-0", 0},
                 {"16777216", 1 << 24}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double f8 = strchr(cases[i].text, '-') && !cases[i].value ? -0.0 : (double)cases[i].value;
        float f4 = (float)f8;
        int32_t i4 = (int32_t)cases[i].value;
        assert_converts("f8", &usual, cases[i].text, &f8, sizeof f8);
        assert_converts("f4", &usual, cases[i].text, &f4, sizeof f4);
        assert_converts("i8", &usual, cases[i].text, &cases[i].value, sizeof cases[i].value);
        assert_converts("i4", &usual, cases[i].text, &i4, sizeof i4);
    }
}

static void test_types_end_where_they_end(void **state)
{
    const int64_t i8[] = {INT64_MAX, INT64_MIN};
    const int32_t i4[] = {INT32_MAX, INT32_MIN};
    const double f8[] = {1.7976931348623157e308, 5e-324, 0.1};
    const float f4[] = {3.40282347e38F, 1.40129846e-45F, 0.1F};
    (void)state;
    assert_converts("i8", &usual, "9223372036854775807", &i8[0], 8);
    assert_converts("i8", &usual, "-9223372036854775808", &i8[1], 8);
    assert_refuses("i8", &usual, "9223372036854775808", "x does not fit i8: ");
    assert_hints("x", "i8", &usual, "1e30", UMM_HINT_TYPE, "f8");
    assert_converts("i4", &usual, "2147483647", &i4[0], 4);
    assert_converts("i4", &usual, "-2147483648", &i4[1], 4);
    assert_refuses("i4", &usual, "3000000000", "x does not fit i4: \"3000000000\"");
    assert_hints("x", "i4", &usual, "3000000000", UMM_HINT_TYPE, "i8 or f8");
    assert_refuses("i4", &usual, "-2147483649", "does not fit i4");
    assert_refuses("i4", &usual, "1.5", "x is not an integer: \"1.5\"");
    assert_hints("x", "i4", &usual, "1.5", UMM_HINT_TYPE, "f8");
    assert_refuses("i8", &usual, "1e-3", "is not an integer");
    assert_converts("f8", &usual, "1.7976931348623157e308", &f8[0], 8);
    assert_converts("f8", &usual, "5e-324", &f8[1], 8);
    assert_converts("f8", &usual, "0.1", &f8[2], 8);
    assert_refuses("f8", &usual, "1e400", "x does not fit f8: \"1e400\"");
    assert_converts("f4", &usual, "3.40282347e38", &f4[0], 4);
    assert_converts("f4", &usual, "1.4e-45", &f4[1], 4);
    assert_converts("f4", &usual, "0.1", &f4[2], 4);
    assert_refuses("f4", &usual, "-1e39", "x does not fit f4: \"-1e39\"");
    assert_hints("x", "f4", &usual, "-1e39", UMM_HINT_TYPE, "f8");
    assert_hints("x", "f8", &usual, "1e400", UMM_HINT_NONE, "");
}

static void test_what_is_no_number_is_refused(void **state)
{
    static const char *const texts[] = {"abc", "1,5",       "0x10", "1_000", "inf",  "Infinity",
                                        "1 2", "--1",       "1e",   "e5",    ".",    "+",
                                        "\"",  "1\xc2\xa0", "\xff", "12a",   "-nan", "1;"};
    (void)state;
    for (size_t t = 0; t < 4; t++)
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            assert_refuses(type_names[t], &usual, texts[i], "x is not a number: \"");
    assert_hints("x", "f8", &usual, "12,5", UMM_HINT_DECIMAL, "");
    assert_refuses("f8", &usual, "a\n\x1b", "\"a\\n\\x1b\"");
}

static void test_decimal_commas(void **state)
{
    const struct how comma = {.decimal = ','};
    const double value = 12.5;
    const int64_t whole = 12;
    (void)state;
    assert_converts("f8", &comma, "12,5", &value, 8);
    assert_converts("i8", &comma, "12,0", &whole, 8);
    assert_refuses("f8", &comma, "12.5", "x is not a number: \"12.5\"");
    assert_refuses("f8", &comma, "1.234,5", "is not a number");
}

static void test_missing_values(void **state)
{
    static const char *const missing[] = {"",    "null", "NULL", "NaN", "nan",  "NA",
                                          "n/a", "-",    " ",    "\t",  " na ", "N/A "};
    static const unsigned char nan8[8] = {0, 0, 0, 0, 0, 0, 0xf8, 0x7f},
                               nan4[4] = {0, 0, 0xc0, 0x7f};
    (void)state;
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        assert_converts("f8", &usual, missing[i], nan8, 8);
        assert_converts("f4", &usual, missing[i], nan4, 4);
        assert_refuses("i8", &usual, missing[i], "x is missing, and integers have no NaN: \"");
        assert_hints("x", "i4", &usual, missing[i], UMM_HINT_TYPE, "f8");
        assert_refuses("M8", &usual, missing[i], "x is missing: \"");
    }
    /* A list of one's own takes the place of the usual one. */
    const struct how own = {.na = "none,-999,.0"};
    const double other = -99;
    assert_converts("f8", &own, "NONE", nan8, 8);
    assert_converts("f8", &own, "-999", nan8, 8);
    assert_converts("f8", &own, ".0", nan8, 8);
    assert_converts("f8", &own, "-99", &other, 8);
    assert_refuses("i4", &own, "-999", "is missing, and integers have no NaN");
    assert_refuses("f8", &own, "", "x is not a number: \"\"");
    assert_refuses("f8", &own, "NaN", "is not a number");
    assert_refuses("f8", &own, "non", "is not a number");
    assert_refuses("f8", &own, "nonee", "is not a number");
    const struct how empty = {.na = ""};
    assert_converts("f8", &empty, "", nan8, 8);
    assert_refuses("f8", &empty, "-", "is not a number");
}

static void test_notations_and_moved_points(void **state)
{
    const struct how commas = {.notation = {.mark = UMM_GROUP_COMMA}};
    const struct how money = {.notation = {UMM_GROUP_COMMA, UMM_WAYS_ALL & ~UMM_WAY_RATIO}};
    const struct how billionths = {.power = -9}, thousands = {.power = 3};
    const struct how dots = {.notation = {.mark = UMM_GROUP_DOT}, .decimal = ','};
    const double f8[] = {1234567.5, 265.76, -1234.5, 395860000, 4294967296000};
    const float f4[] = {265.76F, 0.1F};
    const int64_t i8[] = {9223372036854775807, 395860000, 265, INT64_MIN};
    const int32_t i4[] = {395860000};
    static const unsigned char nan8[8] = {0, 0, 0, 0, 0, 0, 0xf8, 0x7f};
    (void)state;
    assert_converts("f8", &commas, "1,234,567.5", &f8[0], 8);
    assert_converts("f8", &dots, "1.234.567,5", &f8[0], 8);
    assert_converts("f8", &billionths, "265760000000", &f8[1], 8);
    assert_converts("f8", &money, "(1,234.50)", &f8[2], 8);
    assert_converts("f8", &money, "395.86M", &f8[3], 8);
    assert_converts("f8", &thousands, "4294967296", &f8[4], 8);
    assert_converts("f4", &billionths, "265760000000", &f4[0], 4);
    assert_converts("f4", &billionths, "0.1e9", &f4[1], 4);
    assert_converts("i8", &commas, "9,223,372,036,854,775,807", &i8[0], 8);
    assert_converts("i8", &commas, "-9,223,372,036,854,775,808", &i8[3], 8);
    assert_converts("i8", &money, "395.86M", &i8[1], 8);
    assert_converts("i4", &money, "$395.86M", &i4[0], 4);
    assert_converts("i8", &billionths, "265000000000", &i8[2], 8);
    assert_refuses("i8", &billionths, "265760000000", "x is not an integer: \"265760000000\"");
    assert_refuses("i8", &commas, "9,223,372,036,854,775,808", "x does not fit i8: ");
    assert_refuses("i4", &money, "3B", "x does not fit i4: \"3B\"");
    assert_refuses("f8", &commas, "1,5", "x is not a number: \"1,5\"; groups have three digits");
    assert_refuses("f8", &commas, "12,34,5", "x is not a number: \"12,34,5\"");
    assert_refuses("f8", &commas, "1.5,000", "x is not a number: ");
    assert_hints("x", "f8", &commas, "$1,500", UMM_HINT_NUMBERS, "currency");
    /* What means missing is not read as a number first. */
    const struct how own = {.notation = {UMM_GROUP_COMMA, UMM_WAY_CURRENCY}, .na = "$0,null"};
    assert_converts("f8", &own, "$0", nan8, 8);
    assert_converts("f8", &money, "-", nan8, 8);
    assert_refuses("i8", &own, "$0", "x is missing, and integers have no NaN");
}

/* Integers that count are exact however they are written. */
static void test_exact_integers_in_notations(void **state)
{
    const struct how commas = {.notation = {UMM_GROUP_COMMA, UMM_WAY_SUFFIX}};
    const struct how billionths = {.power = -9}, thousands = {.power = 3};
    char out[16];
    int64_t time;
    struct umm_error err;
    (void)state;
    static const char *const exact[] = {"9,007,199,254,740,992", "1.5K", "9007199254740994"};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(convert("id", "f8", &commas, exact[i], out, &time, &err), UMM_OK);
    static const char *const inexact[] = {"9,007,199,254,740,993", "9007199254740993",
                                          "9007199254740993K"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(convert("id", "f8", &commas, inexact[i], out, &time, &err), UMM_ERR_DATA);
        assert_non_null(strstr(err.message, "id is an integer that f8 cannot hold exactly: "));
        assert_int_equal(convert("price", "f8", &commas, inexact[i], out, &time, &err), UMM_OK);
    }
    assert_int_equal(convert("id", "f4", &commas, "16,777,217", out, &time, &err), UMM_ERR_DATA);
    assert_int_equal(convert("id", "f8", &billionths, "9007199254740993", out, &time, &err),
                     UMM_OK);
    assert_int_equal(convert("id", "f8", &thousands, "9007199254740993", out, &time, &err),
                     UMM_ERR_DATA);
}

/* ---- times ---- */

static void assert_time(const char *type, const struct how *how, const char *text, int64_t expected)
{
    char out[16];
    int64_t time, value = 0;
    struct umm_error err = {0};
    if (convert("time", type, how, text, out, &time, &err) != UMM_OK)
        fail_msg("%s of \"%s\": %s", type, text, err.message);
    if (type[0] == 'f') {
        double f8;
        memcpy(&f8, out, sizeof f8);
        value = (int64_t)f8;
    } else if (type[1] == '4') {
        int32_t i4;
        memcpy(&i4, out, sizeof i4);
        value = i4;
    } else {
        memcpy(&value, out, sizeof value);
    }
    if (value != expected || time != expected)
        fail_msg("%s of \"%s\": %" PRId64 " and %" PRId64 ", not %" PRId64, type, text, value, time,
                 expected);
}

static void refuse_time(const char *type, const struct how *how, const char *text,
                        const char *words)
{
    char out[16];
    int64_t time;
    struct umm_error err = {0};
    enum umm_status status = convert("timestamp", type, how, text, out, &time, &err);
    if (status != UMM_ERR_DATA || !strstr(err.message, words))
        fail_msg("%s of \"%s\": %s, message %s", type, text, umm_status_name(status), err.message);
}

static void test_times_in_every_type(void **state)
{
    const struct how ms = {.unit = UMM_TIME_MS}, s = {.unit = UMM_TIME_S},
                     ns = {.unit = UMM_TIME_NS};
    (void)state;
    assert_time("M8", &ms, "1577836800", 1577836800000);
    assert_time("M8", &ms, "1577836800000", 1577836800000);
    assert_time("M8", &ms, "1577836800000000", 1577836800000);
    assert_time("M8", &ms, "1577836800000000000", 1577836800000);
    assert_time("M8", &ns, "1577836800.123456789", 1577836800123456789);
    assert_time("M8", &ms, " 2020-01-01T00:00:00.25Z ", 1577836800250);
    assert_time("M8", &s, "20200101", 1577836800);
    assert_time("M8", &s, "2020/01/01 00:00", 1577836800);
    assert_time("M8", &s, "1969-12-31 23:59:59", -1);
    refuse_time("M8", &ms, "2020-01-01T00:00:00.0001Z", "is finer than ");
    assert_hints("timestamp", "M8", &ns, "2500-01-01", UMM_HINT_TIME_UNIT, "coarser");
    refuse_time("M8", &ms, "2023-02-29", "timestamp is ");
    assert_hints("timestamp", "M8", &ms, "2020-01-01T00:00:00.0001Z", UMM_HINT_TIME_UNIT, "finer");
    assert_hints("timestamp", "M8", &ms, "01/02/2020", UMM_HINT_DAY_MONTH, "");
    assert_hints("timestamp", "M8", &ms, "soon", UMM_HINT_TIME_FORMAT, "");
    refuse_time("M8", &ms, "x\n", "\"x\\n\"");
}

static void test_times_in_types_of_numbers(void **state)
{
    const struct how ms = {.unit = UMM_TIME_MS}, s = {.unit = UMM_TIME_S},
                     us = {.unit = UMM_TIME_US};
    struct umm_error err;
    char out[16];
    int64_t time;
    (void)state;
    static const char *const types[] = {"f8", "i8"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(convert("timestamp", types[i], &ms, "2020-01-01", out, &time, &err),
                         UMM_OK);
        assert_int_equal(time, 1577836800000);
    }
    assert_int_equal(convert("timestamp", "i4", &s, "2038-01-19T03:14:07Z", out, &time, &err),
                     UMM_OK);
    assert_int_equal(time, INT32_MAX);
    refuse_time("i4", &s, "2038-01-19T03:14:08Z", "timestamp ");
    /* 2^53 microseconds are in the year 2255. */
    assert_int_equal(
        convert("timestamp", "f8", &us, "2255-06-05T23:47:34.740992Z", out, &time, &err), UMM_OK);
    assert_int_equal(time, INT64_C(1) << 53);
    assert_hints("timestamp", "f8", &us, "2255-06-05T23:47:34.740993Z", UMM_HINT_TIME_UNIT,
                 "coarser");
}

/* The first time settles the form for those after it, and each epoch has its own unit. */
static void test_forms_are_settled_once(void **state)
{
    struct umm_time_spec spec = {.form = UMM_TIME_FORM_NONE};
    const struct how ms = {.unit = UMM_TIME_MS, .times = &spec};
    (void)state;
    assert_time("M8", &ms, "1577836800000", 1577836800000);
    assert_int_equal(spec.form, UMM_TIME_FORM_EPOCH);
    assert_time("M8", &ms, "1577836800", 1577836800000);
    assert_time("M8", &ms, "1577836800000000", 1577836800000);
    assert_time("M8", &ms, "2024123122", 2024123122000); /* settled: somebody looked at all */
    refuse_time("M8", &ms, "170306093000", "YYMMDDhhmmss (2017-03-06T09:30:00)");
    assert_hints("timestamp", "M8", &ms, "170306093000", UMM_HINT_THIS_FORMAT_OR_UNIT,
                 "%y%m%d%H%M%S");
    refuse_time("M8", &ms, "2020-01-01", "timestamp is not a time");
    assert_time("M8", &ms, "1577836800001", 1577836800001);

    spec = (struct umm_time_spec){
        .form = UMM_TIME_FORM_EPOCH, .epoch_unit = UMM_TIME_S, .is_unit_forced = true};
    assert_time("M8", &ms, "1577836800", 1577836800000);
    assert_time("M8", &ms, "157783680000", 157783680000000);

    /* Without a look at the other rows digits that could be both are refused. */
    spec = (struct umm_time_spec){.form = UMM_TIME_FORM_NONE};
    refuse_time("M8", &ms, "2024123122", "is ambiguous");
    assert_hints("timestamp", "M8", &ms, "2024123122", UMM_HINT_UNIT_OR_FORMAT, "s");
    assert_int_equal(spec.form, UMM_TIME_FORM_NONE);
    spec.is_epoch = true;
    assert_time("M8", &ms, "2024123122", 2024123122000);

    /* What cannot be read settles nothing. */
    spec = (struct umm_time_spec){.form = UMM_TIME_FORM_NONE};
    refuse_time("M8", &ms, "soon", "is not a time");
    assert_int_equal(spec.form, UMM_TIME_FORM_NONE);
    assert_time("M8", &ms, "2020-01-01", 1577836800000);
    assert_int_equal(spec.form, UMM_TIME_FORM_ISO);
    refuse_time("M8", &ms, "20200101", "is not a time");
}

/* A layout's pattern is taken where it fits, and otherwise what the text shows. */
static void test_patterns_of_layouts(void **state)
{
    struct umm_time_spec spec = {.patterns = {"%d.%m.%Y %H:%M", "%d.%m.%Y"}};
    const struct how ms = {.unit = UMM_TIME_MS, .times = &spec};
    (void)state;
    assert_time("M8", &ms, "01.01.2020", 1577836800000);
    assert_int_equal(spec.form, UMM_TIME_FORM_PATTERN);
    assert_time("M8", &ms, "01.01.2020 00:01", 1577836860000);
    refuse_time("M8", &ms, "2020-01-01", "is not a time");
    spec.form = UMM_TIME_FORM_NONE;
    assert_time("M8", &ms, "2020-01-01", 1577836800000);
    assert_int_equal(spec.form, UMM_TIME_FORM_ISO);
}

/* ---- whole rows ---- */

static void test_rows_are_laid_out_and_faults_located(void **state)
{
    struct umm_schema_field fields[] = {make_field("volume", "i4"), make_field("timestamp", "M8"),
                                        make_field("open", "f8"), make_field("low", "f4")};
    const struct umm_found found[] = {{4, -1}, {1, 2}, {0, -1}, {0, -1}};
    const uint32_t offsets[] = {0, 4, 12, 20};
    struct umm_time_spec times[4] = {{.form = UMM_TIME_FORM_NONE}};
    struct umm_schema schema = {.is_struct = true,
                                .time_unit = UMM_TIME_MS,
                                .n_fields = 4,
                                .fields = fields,
                                .row_bytes = 24,
                                .time_index = 1};
    struct umm_csv_field record[] = {
        {" 1.5 ", 5}, {"2020-01-01 ", 11}, {" 00:01", 6}, {"junk", 4}, {"7", 1}};
    struct umm_na na;
    struct umm_error err = {0};
    char bytes[24], expected[24];
    size_t bad = 99;
    (void)state;
    for (int i = 0; i < 4; i++)
        fields[i].offset_bytes = offsets[i];
    assert_int_equal(umm_na_parse(UMM_NA_DEFAULT, &na, NULL), UMM_OK);
    struct umm_cells cells = {&schema, found, &na, '.', times, {UMM_GROUP_NONE, 0}};
    struct umm_row row = {.bytes = bytes};
    int32_t volume = 7;
    int64_t time = 1577836860000;
    double open = 1.5;
    float low = 1.5F;
    memcpy(expected, &volume, 4);
    memcpy(expected + 4, &time, 8);
    memcpy(expected + 12, &open, 8);
    memcpy(expected + 20, &low, 4);
    assert_int_equal(umm_cells_convert(&cells, record, &row, &bad, &err), UMM_OK);
    assert_memory_equal(bytes, expected, 24);
    assert_int_equal(row.time, time);

    record[4] = (struct umm_csv_field){"7.5", 3};
    assert_int_equal(umm_cells_convert(&cells, record, &row, &bad, &err), UMM_ERR_DATA);
    assert_int_equal(bad, 4);
    assert_string_equal(err.message, "volume is not an integer: \"7.5\"");
    record[4] = (struct umm_csv_field){"7", 1};
    record[0] = (struct umm_csv_field){"1.5.", 4};
    assert_int_equal(umm_cells_convert(&cells, record, &row, &bad, &err), UMM_ERR_DATA);
    assert_int_equal(bad, 0);
    record[0] = (struct umm_csv_field){"1.5", 3};

    /* Half of a time, and halves that are too long. */
    static char wide[300];
    memset(wide, '1', sizeof wide);
    record[2] = (struct umm_csv_field){"", 0};
    assert_int_equal(umm_cells_convert(&cells, record, &row, &bad, &err), UMM_ERR_DATA);
    assert_true(bad == 1 || bad == 2);
    record[2] = (struct umm_csv_field){wide, sizeof wide};
    assert_int_equal(umm_cells_convert(&cells, record, &row, &bad, &err), UMM_ERR_DATA);
    assert_non_null(strstr(err.message, "timestamp is not a time"));
    umm_na_free(&na);
}

static void test_names_are_shown_safely(void **state)
{
    char out[16];
    int64_t time;
    struct umm_error err = {0};
    (void)state;
    assert_int_equal(convert("o\n\x1b[31m", "f8", &usual, "z", out, &time, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "o\\n\\x1b[31m is not a number: \"z\"");
    assert_int_equal(convert("", "f8", &usual, "z", out, &time, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "is not a number: \"z\"");
}

/* ---- bars ---- */

static void put_value(const struct umm_schema_field *field, char *row, double value)
{
    char *at = row + field->offset_bytes;
    float f4 = (float)value;
    int64_t i8 = (int64_t)value;
    int32_t i4 = (int32_t)value;
    const void *from = &value;
    if (field->type.kind == 'f' && field->type.size_bytes == 4)
        from = &f4;
    else if (field->type.kind == 'i')
        from = field->type.size_bytes == 8 ? (const void *)&i8 : (const void *)&i4;
    memcpy(at, from, field->type.size_bytes);
}

static void test_bars_are_checked(void **state)
{
    static const struct {
        double open, high, low, close, volume;
        const char *what;
        const char *field;
    } cases[] = {
        {2, 3, 1, 2, 0, NULL, NULL},
        {1, 1, 1, 1, 5, NULL, NULL},
        {3, 3, 1, 1, 0, NULL, NULL},
        {2, 1, 3, 2, 0, "low is above high", "high"},
        {4, 3, 1, 2, 0, "open is above high", "high"},
        {2, 3, 1, 4, 0, "close is above high", "high"},
        {0, 3, 1, 2, 0, "open is below low", "low"},
        {2, 3, 1, 0, 0, "close is below low", "low"},
        {2, 3, 1, 2, -1, "volume is negative", "volume"},
        {-2, -1, -3, -2, 0, NULL, NULL},
    };
    static const char *const names[] = {"volume", "close", "low", "high", "open"};
    (void)state;
    for (size_t t = 0; t < 4; t++) {
        struct umm_schema_field fields[5];
        struct umm_schema schema = {.n_fields = 5, .fields = fields, .time_index = -1};
        for (int i = 0; i < 5; i++) {
            fields[i] = make_field(names[i], type_names[t]);
            fields[i].offset_bytes = schema.row_bytes;
            schema.row_bytes += fields[i].type.size_bytes;
        }
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            char row[40];
            size_t bad = 99;
            put_value(&fields[0], row, cases[i].volume);
            put_value(&fields[1], row, cases[i].close);
            put_value(&fields[2], row, cases[i].low);
            put_value(&fields[3], row, cases[i].high);
            put_value(&fields[4], row, cases[i].open);
            const char *what = umm_cells_check_ohlc(&schema, row, &bad);
            assert_int_equal(what == NULL, cases[i].what == NULL);
            if (what) {
                assert_string_equal(what, cases[i].what);
                assert_string_equal(fields[bad].name, cases[i].field);
            }
            /* What is missing breaks no rule, nor does what is not selected. */
            for (int k = 0; t < 2 && k < 5; k++) {
                put_value(&fields[k], row, __builtin_nan(""));
            }
            if (t < 2)
                assert_null(umm_cells_check_ohlc(&schema, row, &bad));
        }
        schema.n_fields = 2;
        char row[40] = {0};
        size_t bad;
        assert_null(umm_cells_check_ohlc(&schema, row, &bad));
    }
}

static void test_a_missing_value_hides_no_other_fault(void **state)
{
    static const char *const names[] = {"open", "high", "low", "close"};
    const double nan = __builtin_nan("");
    struct umm_schema_field fields[4];
    struct umm_schema schema = {.n_fields = 4, .fields = fields, .time_index = -1};
    size_t bad = 99;
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        fields[i] = make_field(names[i], "f8");
        fields[i].offset_bytes = 8 * i;
    }
    const double no_high[] = {1, nan, 2, 3}, no_open[] = {nan, 1, 2, 1.5},
                 no_low[] = {9, 8, nan, 8};
    assert_string_equal(umm_cells_check_ohlc(&schema, (const char *)no_high, &bad),
                        "open is below low");
    assert_string_equal(umm_cells_check_ohlc(&schema, (const char *)no_open, &bad),
                        "low is above high");
    assert_string_equal(umm_cells_check_ohlc(&schema, (const char *)no_low, &bad),
                        "open is above high");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_holds_its_numbers),
        cmocka_unit_test(test_types_end_where_they_end),
        cmocka_unit_test(test_what_is_no_number_is_refused),
        cmocka_unit_test(test_decimal_commas),
        cmocka_unit_test(test_missing_values),
        cmocka_unit_test(test_notations_and_moved_points),
        cmocka_unit_test(test_exact_integers_in_notations),
        cmocka_unit_test(test_times_in_every_type),
        cmocka_unit_test(test_times_in_types_of_numbers),
        cmocka_unit_test(test_forms_are_settled_once),
        cmocka_unit_test(test_patterns_of_layouts),
        cmocka_unit_test(test_rows_are_laid_out_and_faults_located),
        cmocka_unit_test(test_names_are_shown_safely),
        cmocka_unit_test(test_bars_are_checked),
        cmocka_unit_test(test_a_missing_value_hides_no_other_fault),
    };

    return cmocka_run_group_tests_name("cells", tests, NULL, NULL);
}
