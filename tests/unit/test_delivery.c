/* SPDX-License-Identifier: MIT */
#include "convert/delivery.h"

#include <string.h>

#include "convert/delivery_report.h"
#include "random.h"
#include "scratch.h"

static void shuffle(const char **files, size_t n, uint64_t *random)
{
    for (size_t i = n; i > 1; i--) {
        const size_t k = xorshift64(random) % i;
        const char *file = files[i - 1];
        files[i - 1] = files[k];
        files[k] = file;
    }
}

static const struct umm_delivery_options by_names = {.root = "root/"};

static void test_any_order_gives_the_same_groups(void **state)
{
    (void)state;
    const char *files[] = {"d/B-1m-2.csv", "c/B-1m-2.csv", "A_60.csv",    "A-1h-x.csv",
                           "B-1m-1.csv",   "a-1m.csv.zst", "A-60m-1.csv", "../A-1h-w.csv"};
    const char *const wanted[][4] = {
        {"root/A/1h.npy", "../A-1h-w.csv", "A-1h-x.csv", "A_60.csv"},
        {"root/A/60m.npy", "A-60m-1.csv"},
        {"root/B/1m.npy", "B-1m-1.csv", "c/B-1m-2.csv", "d/B-1m-2.csv"},
        {"root/a/1m.npy", "a-1m.csv.zst"}};
    const size_t n = sizeof files / sizeof *files, n_wanted = sizeof wanted / sizeof *wanted;
    uint64_t random = RANDOM_SEED;
    for (int round = 0; round < 50; round++) {
        struct umm_delivery delivery;
        shuffle(files, n, &random);
        assert_int_equal(umm_delivery_group(&by_names, files, n, NULL, &delivery, NULL), UMM_OK);
        assert_int_equal(delivery.n_datasets, n_wanted);
        for (size_t i = 0; i < n_wanted; i++) {
            const struct umm_delivery_dataset *dataset = &delivery.datasets[i];
            assert_string_equal(dataset->path, wanted[i][0]);
            for (size_t k = 0; k < dataset->n_files; k++)
                assert_string_equal(dataset->files[k], wanted[i][k + 1]);
            assert_true(dataset->n_files == 3 || !wanted[i][dataset->n_files + 1]);
        }
        umm_delivery_free(&delivery);
    }
}

static void refuses(const struct umm_delivery_options *options, const char *const *files, size_t n,
                    const char *path, const char *message)
{
    struct umm_delivery delivery;
    struct umm_error err = {.message = ""};
    assert_int_equal(umm_delivery_group(options, files, n, NULL, &delivery, &err),
                     UMM_ERR_ARGUMENT);
    assert_string_equal(err.path, path);
    assert_string_equal(err.message, message);
    umm_delivery_free(&delivery);
}

static void test_what_is_no_delivery_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"A-1m.csv", "x.csv"};
    static const char *const kinds[] = {"E_Candlestick_1_M_BID.csv", "E-1m.csv",
                                        "E_Candlestick_1_M_ASK.csv"};
    static const char *const same[] = {"Binance_BTC_1h.csv", "BINANCE_BTC_1h.csv"};
    struct umm_delivery delivery;
    refuses(&by_names, bad, 2, "x.csv", "its name tells no symbol and timeframe");
    refuses(&by_names, kinds, 3, "E_Candlestick_1_M_BID.csv",
            "its name tells BID, and that of E_Candlestick_1_M_ASK.csv ASK: not one dataset");
    assert_int_equal(umm_delivery_group(&by_names, same, 2, NULL, &delivery, NULL), UMM_OK);
    assert_int_equal(delivery.n_datasets, 1);
    umm_delivery_free(&delivery);
    assert_int_equal(umm_delivery_group(&by_names, NULL, 0, NULL, &delivery, NULL), UMM_OK);
    assert_int_equal(delivery.n_datasets, 0);
    umm_delivery_free(&delivery);
}

static void test_names_are_not_read_where_all_is_given(void **state)
{
    (void)state;
    static const char *const files[] = {"x.csv", "-", "E_Candlestick_1_M_BID.csv",
                                        "E_Candlestick_1_M_ASK.csv"};
    const struct umm_delivery_options options = {.root = "r", .names = {NULL, "A/B", "04H"}};
    struct umm_delivery delivery;
    assert_int_equal(umm_delivery_group(&options, files, 4, NULL, &delivery, NULL), UMM_OK);
    assert_int_equal(delivery.n_datasets, 1);
    assert_string_equal(delivery.datasets[0].path, "r/A%2FB/4h.npy");
    assert_int_equal(delivery.datasets[0].n_files, 4);
    umm_delivery_free(&delivery);
}

/* Ten thousand names: seconds, if it were quadratic. */
static void test_many_files(void **state)
{
    (void)state;
    enum { N = 10000, LEN = 40 };
    char(*names)[LEN] = calloc(N, sizeof *names);
    const char **files = calloc(N, sizeof *files);
    struct umm_delivery delivery;
    assert_true(names && files);
    for (size_t i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "S%zu-1m-20%02zu-%02zu.csv", i % 10, i / 10 % 100,
                 1 + i / 1000);
        files[i] = names[i];
    }
    assert_int_equal(umm_delivery_group(&by_names, files, N, NULL, &delivery, NULL), UMM_OK);
    assert_int_equal(delivery.n_datasets, 10);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(delivery.datasets[i].n_files, N / 10);
    umm_delivery_free(&delivery);
    free(files);
    free(names);
}

#define HEADER "timestamp,open,high,low,close,volume\n"

static void test_files_are_in_order_of_their_first_rows(void **state)
{
    (void)state;
    static const char *const lines[] = {"root/X/1m.npy: 5 files",
                                        "  2020-01-01T00:00:00Z X-1m-c.csv",
                                        "  2020-01-01T00:01:00Z X-1m-b.csv",
                                        "  2020-01-01T00:01:00Z X-1m-d.csv",
                                        "  no row               X-1m-a.csv",
                                        "  no row               X-1m-e.csv"};
    const char *files[] = {"X-1m-a.csv", "X-1m-b.csv", "X-1m-c.csv", "X-1m-d.csv", "X-1m-e.csv"};
    const struct umm_convert_options options = {.reading = {.schema = {.time_unit = UMM_TIME_MS}},
                                                .bad_rows = UMM_BAD_ROWS_SKIP};
    uint64_t random = RANDOM_SEED;
    put("X-1m-a.csv", HEADER);
    put("X-1m-b.csv", HEADER "x,1,1,1,1,1\n1577836860000,1,1,1,1,1\n1,1,1,1,1,1\n");
    put("X-1m-c.csv", "1577836800000000,1,1,1,1,1\n");
    put("X-1m-d.csv", HEADER "2020-01-01T00:01:00,1,1,1,1,1\n");
    put("X-1m-e.csv", HEADER "x,1,1,1,1,1\n");
    struct umm_convert_options named = options;
    named.reading.names = "timestamp,open,high,low,close,volume";
    named.reading.header = UMM_HEADER_AUTO;

    for (int round = 0; round < 10; round++) {
        struct umm_delivery delivery;
        char line[UMM_CONVERT_LINE_MAX];
        shuffle(files, 5, &random);
        assert_int_equal(umm_delivery_group(&by_names, files, 5, NULL, &delivery, NULL), UMM_OK);
        struct umm_delivery_dataset *dataset = delivery.datasets;
        assert_int_equal(umm_delivery_order(dataset, &named, NULL, NULL), UMM_OK);
        for (size_t i = 0; i < 6; i++) {
            assert_true(umm_delivery_report_files(dataset, UMM_TIME_MS, i, line));
            assert_string_equal(line, lines[i]);
        }
        assert_false(umm_delivery_report_files(dataset, UMM_TIME_MS, 6, line));
        umm_delivery_free(&delivery);
    }
}

static void test_what_cannot_be_put_in_order(void **state)
{
    (void)state;
    static const struct {
        const char *file, *message;
        enum umm_status status;
    } cases[] = {
        {"bad.csv", "close is not a number: \"x\"", UMM_ERR_DATA},
        {"no-time.csv", "there is no time column to put the files in order by", UMM_ERR_ARGUMENT},
        {"/dev/null", "is no regular file: its first row cannot be looked at before", UMM_ERR_DATA},
        {"none.csv", "cannot examine", UMM_ERR_SYSTEM},
        {"empty.csv", "empty input", UMM_ERR_DATA},
    };
    const struct umm_delivery_options options = {.root = "r", .names = {NULL, "X", "1m"}};
    put("bad.csv", HEADER "1577836800000,1,1,1,x,1\n");
    put("no-time.csv", "open,close\n1,2\n");
    put("empty.csv", "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_convert_options convert = {.reading = {.schema = {.time_unit = UMM_TIME_MS}}};
        struct umm_delivery delivery;
        struct umm_error err = {.message = ""};
        if (i == 1)
            convert.reading.schema.columns = "open,close";
        assert_int_equal(umm_delivery_group(&options, &cases[i].file, 1, NULL, &delivery, NULL),
                         UMM_OK);
        assert_int_equal(umm_delivery_order(delivery.datasets, &convert, NULL, &err),
                         cases[i].status);
        assert_string_equal(err.path, cases[i].file);
        assert_string_equal(err.message, cases[i].message);
        assert_false(delivery.datasets->is_ordered);
        assert_int_equal(umm_delivery_can_order(delivery.datasets), i != 2);
        umm_delivery_free(&delivery);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order_gives_the_same_groups),
        cmocka_unit_test(test_what_is_no_delivery_is_refused),
        cmocka_unit_test(test_names_are_not_read_where_all_is_given),
        cmocka_unit_test(test_many_files),
        cmocka_unit_test(test_files_are_in_order_of_their_first_rows),
        cmocka_unit_test(test_what_cannot_be_put_in_order),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
