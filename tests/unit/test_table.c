/* SPDX-License-Identifier: MIT */
#include "format/svg.h"
#include "format/table.h"
#include "text/size.h"
#include "text/spark.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct umm_table_column columns[] = {
    {UMM_TABLE_ID, "id", "id", UMM_METRIC_NONE},
    {UMM_TABLE_BYTES, "size_bytes", "size", UMM_METRIC_FILE_SIZE},
    {UMM_TABLE_SHARE, "share", NULL, UMM_METRIC_NONE},
    {UMM_TABLE_TEXT, "name", "name", UMM_METRIC_NONE}};

static void fill(struct umm_table *table)
{
    *table = (struct umm_table){.what = "thing", .columns = columns, .n_columns = 4};
    umm_table_add_row(table);
    umm_table_set_count(table, 0, 7);
    umm_table_set_count(table, 1, UINT64_MAX);
    umm_table_set_number(table, 2, 0.25);
    umm_table_set_text(table, 3, "a,\"b\"\n\xff\\\x1b\xc2\x9b");
    umm_table_add_row(table);
    umm_table_set_count(table, 0, 12345);
    umm_table_set_count(table, 1, 1536);
    umm_table_set_number(table, 2, (double)NAN);
    umm_table_set_text(table, 3, "\xc3\xa9");
}

static char *taken(struct umm_textbuf *out)
{
    char *text;
    size_t len;
    assert_int_equal(umm_textbuf_take(out, &text, &len, NULL), UMM_OK);
    assert_int_equal(strlen(text), len);
    return text;
}

static void assert_taken(struct umm_textbuf *out, const char *wanted)
{
    char *text = taken(out);
    assert_string_equal(text, wanted);
    free(text);
}

static void test_forms(void **state)
{
    struct umm_table table;
    struct umm_textbuf out = {0};
    (void)state;
    fill(&table);
    umm_table_print_text(&table, &out);
    assert_taken(&out, "   id     size  name\n"
                       "    7        -  a,\\\"b\\\"\\n\\xff\\\\\\x1b\\xc2\\x9b\n"
                       "12345  1.5 KiB  \xc3\xa9\n");
    umm_table_print_csv(&table, "T", true, &out);
    assert_taken(&out, "time,id,size_bytes,share,name\n"
                       "T,7,,0.25,\"a,\"\"b\"\"\\n\\xff\\\\\\x1b\\xc2\\x9b\"\n"
                       "T,12345,1536,,\xc3\xa9\n");
    umm_table_print_csv(&table, NULL, false, &out);
    assert_taken(&out,
                 "7,,0.25,\"a,\"\"b\"\"\\n\\xff\\\\\\x1b\\xc2\\x9b\"\n12345,1536,,\xc3\xa9\n");
    assert_int_equal(umm_table_print_json(&table, NULL, &out, NULL), UMM_OK);
    assert_taken(&out, "{\"what\":\"thing\",\"id\":7,\"size_bytes\":null,\"share\":0.25,"
                       "\"name\":\"a,\\\"b\\\"\\n\xef\xbf\xbd\\\\\\u001B\\u009B\"}\n"
                       "{\"what\":\"thing\",\"id\":12345,\"size_bytes\":1536,\"share\":null,"
                       "\"name\":\"\xc3\xa9\"}\n");
    umm_table_clear(&table);
}

static void test_metrics(void **state)
{
    struct umm_table table;
    struct umm_prometheus page = {0};
    char *text;
    size_t len;
    (void)state;
    fill(&table);
    umm_prometheus_begin(&page, "t", NULL, "/o");
    umm_table_add_metrics(&table, &page);
    assert_int_equal(umm_prometheus_take(&page, &text, &len, NULL), UMM_OK);
    assert_non_null(strstr(text, "# TYPE umm_memstat_file_size_bytes gauge\n"
                                 "umm_memstat_file_size_bytes{tool=\"t\",output=\"/o\","
                                 "id=\"12345\",name=\"\xc3\xa9\"} 1536\n"));
    /* What is not known has no series. */
    assert_null(strstr(text, "id=\"7\""));
    free(text);
    umm_table_clear(&table);
}

static void test_sizes(void **state)
{
    static const struct {
        double bytes;
        const char *text, *change;
    } cases[] = {{0, "0 B", "0 B"},
                 {1, "1 B", "+1 B"},
                 {-1, "-1 B", "-1 B"},
                 {1023, "1023 B", "+1023 B"},
                 {1024, "1.0 KiB", "+1.0 KiB"},
                 {1048575, "1.0 MiB", "+1.0 MiB"},
                 {-1610612736, "-1.5 GiB", "-1.5 GiB"},
                 {1.8446744073709552e19, "16.0 EiB", "+16.0 EiB"}};
    char out[UMM_SIZE_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(umm_size_format(out, cases[i].bytes), cases[i].text);
        assert_string_equal(umm_size_format_change(out, cases[i].bytes), cases[i].change);
    }
}

static void test_spark(void **state)
{
    const double values[] = {0, 1, 3.99, 8};
    char out[UMM_SPARK_BYTES(4)];
    (void)state;
    assert_string_equal(umm_spark(out, values, 4), "▁▂▄█");
    assert_string_equal(umm_spark(out, values, 1), "▁");
    assert_string_equal(umm_spark(out, values, 0), "");
}

static void test_svg(void **state)
{
    const double seconds[] = {0, 1, 2}, bytes[] = {0, 5e6, 1e7};
    struct umm_svg_plot plot = {
        .title = "<a&\"b'\x01\xff\x7f\xc2\x9b>", .subtitle = "", .seconds = 2};
    char *text;
    size_t len;
    (void)state;
    plot.series[plot.n_series++] =
        (struct umm_svg_series){.name = "s", .seconds = seconds, .bytes = bytes, .n = 3};
    assert_int_equal(umm_svg_print(&plot, &text, &len, NULL), UMM_OK);
    assert_non_null(strstr(
        text,
        "<title>&#60;a&#38;&#34;b&#39;\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd&#62;"));
    assert_non_null(strstr(text, ">10.0 MiB<"));
    assert_non_null(strstr(text, "d=\"M92.0 384.0 L"));
    assert_null(strstr(text, "nan"));
    free(text);
    /* Nothing at all is a plot, too. */
    plot = (struct umm_svg_plot){.title = "", .subtitle = ""};
    assert_int_equal(umm_svg_print(&plot, &text, &len, NULL), UMM_OK);
    assert_null(strstr(text, "nan"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms), cmocka_unit_test(test_metrics),
                                       cmocka_unit_test(test_sizes), cmocka_unit_test(test_spark),
                                       cmocka_unit_test(test_svg)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
