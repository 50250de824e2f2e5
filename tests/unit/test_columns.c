/* SPDX-License-Identifier: MIT */
#include "text/columns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hint.h"

/* ---- parsing ---- */

/* "name<source>type" of each item, with ';' between them; "refused" for a bad list. */
static const char *parsed(const char *list)
{
    static char out[4096];
    struct umm_column *columns = NULL;
    struct umm_error err = {0};
    size_t n = 99, used = 0;
    enum umm_status status = umm_columns_parse(list, &columns, &n, &err);
    if (status) {
        assert_int_equal(status, UMM_ERR_ARGUMENT);
        assert_int_equal(err.status, UMM_ERR_ARGUMENT);
        assert_non_null(strstr(err.message, "not a column: \""));
        assert_null(strchr(err.message, '\n'));
        assert_null(columns);
        return "refused";
    }
    for (size_t i = 0; i < n; i++) {
        char power[16] = "";
        if (columns[i].power)
            snprintf(power, sizeof power, "*%d", columns[i].power);
        used += (size_t)snprintf(out + used, sizeof out - used, "%s%s<%s>%s%s", i ? ";" : "",
                                 columns[i].name, columns[i].source, power, columns[i].type);
    }
    free(columns);
    return out;
}

static void test_lists_are_parsed(void **state)
{
    static const struct {
        const char *list, *expected;
    } cases[] = {
        {"open", "<open>"},
        {"1", "<1>"},
        {"time,open,high", "<time>;<open>;<high>"},
        {"open:f4", "<open>f4"},
        {"o=open:f4", "o<open>f4"},
        {"timestamp=date+time", "timestamp<date+time>"},
        {"v=volume_*|vol|6:i8", "v<volume_*|vol|6>i8"},
        {"t=date+time|date|unix", "t<date+time|date|unix>"},
        {"open price", "<open price>"},
        {"a = b", "a < b>"},
        /* What marks mean nothing between quotes. */
        {"\"a,b\"", "<\"a,b\">"},
        {"\"a=b\"=\"c:d|e+f*\":f8,g", "a=b<\"c:d|e+f*\">f8;<g>"},
        {"x=\"a,\"+\"b|\"|c", "x<\"a,\"+\"b|\"|c>"},
        {"\"\"", "<\"\">"},
        {"t:M8[ms]", "<t>M8[ms]"},
        {"<OPEN>", "<<OPEN>>"},
        {"d\xc3\xa9j\xc3\xa0", "<d\xc3\xa9j\xc3\xa0>"},
        /* One value for all rows. */
        {"v==nan", "v<=nan>"},
        {"v==NaN:f4,w==-1.5e3", "v<=NaN>f4;w<=-1.5e3>"},
        {"v=vol|volume_*|=0", "v<vol|volume_*|=0>"},
        {"\"a=b\"==+5", "a=b<=+5>"},
        /* A decimal point that is moved. */
        {"open*1e-9", "<open>*-9"},
        {"o=open|2*1e-09:f4", "o<open|2>*-9f4"},
        {"open*1000,high*0.01,low*1,5*00.10", "<open>*3;<high>*-2;<low>;<5>*-1"},
        {"vol**1e+3", "<vol*>*3"},
        {"\"a*1e3\"*1e40", "<\"a*1e3\">*40"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(parsed(cases[i].list), cases[i].expected);
}

static void test_malformed_lists_are_refused(void **state)
{
    static const char *const lists[] = {
        "",
        ",",
        "a,",
        ",a",
        "a,,b",
        "=a",
        "a=",
        "a=,b",
        ":f8",
        "a:",
        "a:,b",
        "a=b=c",
        "a||b",
        "|a",
        "a|",
        "+a",
        "a+",
        "a+b+c",
        "a+|b",
        "*",
        "a*b",
        "**",
        "a|*",
        "\"a",
        "a\"",
        "a\"b\"",
        "\"a\"b",
        "\"a\"*",
        "x=\"a,b",
        "\"a=b",
        "a:f8=b",
        "a+b=c",
        "a|b=c",
        "==nan",
        "=nan",
        "a==",
        "a==x",
        "a==1;5",
        "a==nan|b",
        "a=b|=",
        "a==1*1e3",
        "a===1",
        "a==inf",
        "a==0x1",
        "a==- 1",
        "b|=1",
        "a=b+=1",
        "a==1e999",
        "a*2",
        "a*1e-9x",
        "a*-1",
        "a*0",
        "a*1e41",
        "a*1e-41",
        "a*1.0000000000000000000001",
        "a*10*10",
        "a*1e3|b",
        "a*1e",
        "a**",
        "*1e3",
        "a*1e3+b",
        "a==0000000000000000000000000000000000000001",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(parsed(lists[i]), "refused") != 0)
            fail_msg("accepted: %s as %s", lists[i], parsed(lists[i]));
}

static void test_long_names_are_refused(void **state)
{
    char list[1024];
    (void)state;
    for (size_t len = 100; len < 300; len++) {
        /* A name, quoted or not, a source and a type, each as long as len. */
        memset(list, 'n', len);
        strcpy(list + len, "=a");
        assert_int_equal(strcmp(parsed(list), "refused") == 0, len >= UMM_COLUMN_NAME_MAX);
        list[0] = list[len - 1] = '"';
        assert_int_equal(strcmp(parsed(list), "refused") == 0, len - 2 >= UMM_COLUMN_NAME_MAX);
        memset(list, 's', len);
        list[len] = '\0';
        assert_int_equal(strcmp(parsed(list), "refused") == 0, len >= 2 * UMM_COLUMN_NAME_MAX);
        list[1] = ':';
        assert_string_equal(parsed(list), "refused");
    }
}

/* ---- finding ---- */

enum { NAMES_MAX = 16 };

/* Names separated by ';' ("" for none at all: only numbers can be used). */
static const struct umm_names *names_of(const char *list)
{
    static char text[1024];
    static const char *at[NAMES_MAX];
    static struct umm_names names;
    names = (struct umm_names){.has_names = *list != '\0', .n = 1, .text = at};
    snprintf(text, sizeof text, "%s", list);
    at[0] = text;
    for (char *p = text; *p; p++) {
        if (*p == ';') {
            *p = '\0';
            at[names.n++] = p + 1;
        }
    }
    return &names;
}

enum { ABSENT = -1, SEVERAL = -2 };

struct lookup {
    const char *names, *source;
    int first, second;
};

static void check_lookup(const struct lookup *lookup,
                         enum umm_status (*find)(const char *, const struct umm_names *,
                                                 struct umm_found *, struct umm_error *))
{
    struct umm_found found = {7, 7};
    struct umm_error err = {0};
    const char *words = lookup->first == SEVERAL ? "several fields could be '" : "no field ";
    enum umm_status status = find(lookup->source, names_of(lookup->names), &found, &err);
    if (lookup->first < 0) {
        if (status != UMM_ERR_DATA || strncmp(err.message, words, strlen(words)) != 0)
            fail_msg("%s in %s: found %d, message %s", lookup->source, lookup->names, found.first,
                     err.message);
        return;
    }
    if (status || found.first != lookup->first || found.second != lookup->second)
        fail_msg("%s in %s: found %d+%d, message %s", lookup->source, lookup->names, found.first,
                 found.second, err.message);
}

#define BINANCE "open_time;open;high;low;close;volume;close_time;quote_volume"
#define CDD     "Unix Timestamp;Date;Symbol;Open;High;Low;Close;Volume BTC;Volume USD"
#define YAHOO   "Date;Open;High;Low;Close;Adj Close;Volume"

static void test_sources_are_found(void **state)
{
    static const struct lookup lookups[] = {
        {BINANCE, "open", 1, -1},
        {BINANCE, "OPEN", 1, -1},
        {BINANCE, "<Open>", 1, -1},
        {BINANCE, "Close Time", 6, -1},
        {BINANCE, "close-time", 6, -1},
        {BINANCE, "timestamp", 0, -1},
        {BINANCE, "trades", ABSENT, -1},
        {BINANCE, "1", 0, -1},
        {BINANCE, "008", 7, -1},
        {BINANCE, "9", ABSENT, -1},
        {BINANCE, "0", ABSENT, -1},
        {BINANCE, "99999999999999999999999999", ABSENT, -1},
        {BINANCE, "-1", ABSENT, -1},
        {YAHOO, "close", 4, -1},
        {YAHOO, "adj close", 5, -1},
        {YAHOO, "Adj*", 5, -1},
        {YAHOO, "vol", 6, -1}, /* the role's name is another, the role is the same */
        /* A prefix ends where it likes, also before a blank or inside <>. */
        {CDD, "volume_*", 7, -1},
        {CDD, "Volume *", 7, -1},
        {CDD, "volume u*", 8, -1},
        {CDD, "volume", ABSENT, -1},
        {CDD, "unix*", 0, -1},
        {CDD, "volume_*|volume", 7, -1},
        {"<DATE>;<TIME>;<VOL>", "vol*", 2, -1},
        {"<DATE>;<TIME>;<VOL>", "<vol*", 2, -1},
        {"<DATE>;<TIME>;<VOL>", "vol>*", ABSENT, -1},
        {"ab", "abc*", ABSENT, -1},
        /* The first alternative that is there. */
        {BINANCE, "a|b|high|low", 2, -1},
        {BINANCE, "a|b", ABSENT, -1},
        {BINANCE, "9|2", 1, -1},
        /* Two fields, or none of the two. */
        {"Date;Time;Open", "date+time", 0, 1},
        {"Date;Time;Open", "2+1", 1, 0},
        {"Date;Hour;Open", "date+time", ABSENT, -1},
        {"Date;Hour;Open", "date+time|date", 0, -1},
        {"Date;Hour;Open", "date+time|date+hour", 0, 1},
        /* Several of one name; several of one role, none of that name. */
        {"a;a;b", "a", SEVERAL, -1},
        {"a;A;b", "b|a", 2, -1},
        {"a;A;b", "a|b", SEVERAL, -1},
        {"Vol;TickVol;b", "volume", SEVERAL, -1},
        {"Vol;TickVol;b", "vol", 0, -1},
        {"Vol;Volume", "volume", 1, -1},
        /* Between quotes a name is a name. */
        {"a;12;b", "12", ABSENT, -1},
        {"a;12;b", "\"12\"", 1, -1},
        {"a;x*;xy", "\"x*\"", 1, -1},
        {"a;b|c;d", "\"b|c\"", 1, -1},
        {"a;b+c;d", "a+\"b+c\"", 0, 1},
        {"vol;b", "\"volume\"", ABSENT, -1},
        {"a;;b", "\"\"", 1, -1},
        /* Without names there are numbers. */
        {"", "1", 0, -1},
        {"", "open", ABSENT, -1},
        {"", "o*", ABSENT, -1},
        {"", "open|1", 0, -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++)
        check_lookup(&lookups[i], umm_columns_find);
}

static enum umm_status find_timestamp(const char *source, const struct umm_names *names,
                                      struct umm_found *found, struct umm_error *err)
{
    (void)source;
    return umm_columns_find_timestamp(names, found, err);
}

/* What no field has, the value has; what two fields have is still refused. */
static void test_values_stand_in_for_fields(void **state)
{
    struct umm_found found = {7, 7};
    struct umm_error err = {0};
    (void)state;
    assert_int_equal(umm_columns_find("=nan", names_of("a;b"), &found, &err), UMM_OK);
    assert_int_equal(found.first, UMM_FIELD_NONE);
    assert_int_equal(found.second, UMM_FIELD_NONE);
    assert_int_equal(umm_columns_find("c|=0", names_of("a;b"), &found, &err), UMM_OK);
    assert_int_equal(found.first, UMM_FIELD_NONE);
    assert_int_equal(umm_columns_find("c|b|=0", names_of("a;b"), &found, &err), UMM_OK);
    assert_int_equal(found.first, 1);
    assert_int_equal(umm_columns_find("a|=0", names_of("a;A"), &found, &err), UMM_ERR_DATA);
    assert_string_equal(umm_columns_value("c|b|=0"), "0");
    assert_string_equal(umm_columns_value("=-1e3"), "-1e3");
    assert_null(umm_columns_value("c|\"=\"|b+a"));
    assert_true(umm_columns_is_by_number("1|2+3|=0"));
    assert_true(umm_columns_is_by_number("=nan"));
    assert_false(umm_columns_is_by_number("1|b"));
    assert_false(umm_columns_is_by_number("1|\"=\""));
    /* Only a volume may be missing from bars. */
    assert_int_equal(umm_columns_find("volume", names_of("a;b"), &found, &err), UMM_ERR_DATA);
    assert_int_equal(err.hint, UMM_HINT_NO_VOLUME);
    assert_int_equal(umm_columns_find("open", names_of("a;b"), &found, &err), UMM_ERR_DATA);
    assert_int_equal(err.hint, UMM_HINT_NO_FIELD);
}

static void test_timestamps_are_found(void **state)
{
    static const struct lookup lookups[] = {
        {BINANCE, "", 0, -1},
        {YAHOO, "", 0, -1},
        {"unix;date;open", "", 0, -1},
        {"unix;timestamp;open", "", 1, -1},
        {"date;time;open", "", 0, 1},
        {"time;open;date", "", 2, 0},
        {"<TICKER>;<DTYYYYMMDD>;<TIME>;<OPEN>", "", 1, 2},
        {"open;Time", "", 1, -1},
        {";open;high", "", 0, -1},
        {"open;;high", "", ABSENT, -1},
        {"open;high", "", ABSENT, -1},
        {"", "", ABSENT, -1},
        {"unix;epoch;open", "", SEVERAL, -1},
        {"timestamp;Timestamp;open", "", SEVERAL, -1},
        {"date;Date;open", "", SEVERAL, -1},
        {"date;time;TIME", "", SEVERAL, -1},
        {"timestamp;time", "", 0, -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++)
        check_lookup(&lookups[i], find_timestamp);
}

static void test_messages_name_the_fields(void **state)
{
    struct umm_found found;
    struct umm_error err;
    (void)state;
    assert_int_equal(umm_columns_find("x\n", names_of("a;b\tc"), &found, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "no field for 'x\\n' among \"a\", \"b\\tc\"");
    assert_int_equal(err.hint, UMM_HINT_NO_FIELD);
    assert_int_equal(umm_columns_find("a", names_of("a;A"), &found, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "several fields could be 'a' among \"a\", \"A\"");
    assert_int_equal(err.hint, UMM_HINT_COLUMNS);
    assert_int_equal(umm_columns_find("a", names_of(""), &found, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "no field for 'a': no header names the 1 fields");
    assert_int_equal(err.hint, UMM_HINT_NO_HEADER);
}

static void test_lists_of_names_are_cut(void **state)
{
    enum { N = 200 };
    char room[512];
    const char *text[N];
    struct umm_names names = {true, N, text};
    (void)state;
    for (size_t i = 0; i < N; i++)
        text[i] = i % 3 ? "a name of thirty bytes or so..." : "\x01\x02\x03\xff\"quoted\"\xff";
    for (size_t cap = 1; cap <= sizeof room; cap++) {
        memset(room, '#', sizeof room);
        assert_ptr_equal(umm_columns_list(&names, room, cap), room);
        assert_true(memchr(room, '\0', cap) != NULL);
        for (size_t i = cap; i < sizeof room; i++)
            assert_int_equal(room[i], '#');
    }
    assert_non_null(strstr(room, ", ..."));
    names.n = 2;
    assert_string_equal(umm_columns_list(&names, room, sizeof room),
                        "\"\\x01\\x02\\x03\\xff\\\"quoted\\\"\\xff\", "
                        "\"a name of thirty bytes or so...\"");
    names.n = 0;
    assert_string_equal(umm_columns_list(&names, room, sizeof room), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_are_parsed),
        cmocka_unit_test(test_malformed_lists_are_refused),
        cmocka_unit_test(test_long_names_are_refused),
        cmocka_unit_test(test_sources_are_found),
        cmocka_unit_test(test_values_stand_in_for_fields),
        cmocka_unit_test(test_timestamps_are_found),
        cmocka_unit_test(test_messages_name_the_fields),
        cmocka_unit_test(test_lists_of_names_are_cut),
    };

    return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
