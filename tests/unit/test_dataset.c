/* SPDX-License-Identifier: MIT */
#include "array/dataset.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct umm_shard whole;

/* ---- names ---- */

static void test_symbols_become_safe_names(void **state)
{
    (void)state;
    static const struct {
        const char *symbol, *name;
    } cases[] = {{"BTCUSDT", "BTCUSDT"},
                 {"BTC/USDT", "BTC%2FUSDT"},
                 {"BTC%2FUSDT", "BTC%252FUSDT"},
                 {"..", "%2E."},
                 {".hidden", "%2Ehidden"},
                 {"BRK.B", "BRK.B"},
                 {"../../x", "%2E.%2F..%2Fx"},
                 {"^GSPC", "^GSPC"},
                 {"EURUSD=X", "EURUSD=X"},
                 {"eurusd", "eurusd"},
                 {"M\xc3\xbcnchen RE", "M\xc3\xbcnchen RE"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[UMM_DATASET_NAME_MAX], text[32];
        size_t len = strlen(cases[i].symbol);
        memcpy(text, cases[i].symbol, len + 1);
        strcpy(text + len, ",X"); /* not part of it */
        assert_int_equal(umm_dataset_symbol_name(text, len, name, NULL), UMM_OK);
        assert_string_equal(name, cases[i].name);
    }
}

static void test_the_longest_symbol_fits(void **state)
{
    char symbol[UMM_DATASET_SYMBOL_MAX + 1], name[UMM_DATASET_NAME_MAX];
    (void)state;
    memset(symbol, '/', sizeof symbol);
    assert_int_equal(umm_dataset_symbol_name(symbol, UMM_DATASET_SYMBOL_MAX, name, NULL), UMM_OK);
    assert_int_equal(strlen(name), UMM_DATASET_NAME_MAX - 1);
    assert_int_equal(umm_dataset_symbol_name(symbol, sizeof symbol, name, NULL), UMM_ERR_ARGUMENT);
}

/* The name gives the symbol again. */
static void assert_read_back(const char *name, const char *symbol, size_t len)
{
    char back[UMM_DATASET_SYMBOL_MAX + 1];
    assert_int_equal(umm_dataset_symbol_of_name(name, strlen(name), back, NULL), UMM_OK);
    assert_int_equal(strlen(back), len);
    assert_memory_equal(back, symbol, len);
}

static void test_names_that_are_no_symbols(void **state)
{
    static const char *const names[] = {"%", "A%", "A%2", "%2f", "A%41", "%%2F", "%2FA%2"};
    char back[UMM_DATASET_SYMBOL_MAX + 1], name[UMM_DATASET_NAME_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(umm_dataset_symbol_of_name(names[i], strlen(names[i]), back, NULL),
                         UMM_ERR_ARGUMENT);
    /* Not past its end, where the rest of an escape is. */
    assert_int_equal(umm_dataset_symbol_of_name("A%2F", 3, back, NULL), UMM_ERR_ARGUMENT);
    for (size_t i = 0; i < UMM_DATASET_SYMBOL_MAX; i++)
        memcpy(name + 3 * i, "%2F", 3);
    assert_int_equal(umm_dataset_symbol_of_name(name, UMM_DATASET_NAME_MAX - 1, back, NULL),
                     UMM_OK);
    assert_int_equal(strlen(back), UMM_DATASET_SYMBOL_MAX);
    char much[UMM_DATASET_SYMBOL_MAX + 1];
    memset(much, 'x', sizeof much);
    assert_int_equal(umm_dataset_symbol_of_name(much, sizeof much, back, NULL), UMM_ERR_ARGUMENT);
}

/* Names of different symbols differ: all of up to 3 of these bytes, against each other. */
static void test_no_two_symbols_share_a_name(void **state)
{
    static const char bytes[] = "/%.2FEa";
    enum { N = sizeof bytes - 1, N_ALL = N + N * N + N * N * N };
    static char names[N_ALL][UMM_DATASET_NAME_MAX];
    size_t n = 0;
    (void)state;
    for (size_t len = 1, count = N; len <= 3; len++, count *= N) {
        for (size_t i = 0; i < count; i++) {
            char symbol[3];
            size_t rest = i;
            for (size_t k = 0; k < len; k++, rest /= N)
                symbol[k] = bytes[rest % N];
            assert_int_equal(umm_dataset_symbol_name(symbol, len, names[n], NULL), UMM_OK);
            assert_null(strchr(names[n], '/'));
            assert_true(names[n][0] != '.');
            assert_read_back(names[n], symbol, len);
            for (size_t k = 0; k < n; k++)
                assert_string_not_equal(names[k], names[n]);
            n++;
        }
    }
    assert_int_equal(n, N_ALL);
}

static void assert_refused(const char *symbols, const char *timeframes, const char *message)
{
    struct umm_dataset_list list;
    struct umm_error err = {0};
    const struct umm_dataset_options options = {
        .root = "/", .symbols = symbols, .timeframes = timeframes};
    assert_int_equal(umm_dataset_name(&options, &list, &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, message);
    umm_dataset_list_free(&list);
}

static void test_bad_lists_are_refused(void **state)
{
    (void)state;
    assert_refused("", "1m", "a symbol has 1 to 80 bytes: \"\"");
    assert_refused("A,,B", "1m", "a symbol has 1 to 80 bytes: \"\"");
    assert_refused("A,", "1m", "a symbol has 1 to 80 bytes: \"\"");
    assert_refused("A\n", "1m", "a symbol has no control characters: \"A\\n\"");
    assert_refused("A,B,A", "1m", "a symbol is given twice: \"A\"");
    assert_refused("A", "1m,01M", "minutes are m and months are mo: \"01M\"");
    assert_refused("A", "1h,5m,1H", "a timeframe is given twice: \"1H\"");
    assert_refused("A", "", "not a timeframe, a number and s, m, h, d, w or mo: \"\"");
}

static void test_lists_expand_symbol_by_symbol(void **state)
{
    static const char *const paths[] = {"r/A%2FB/1m.npy", "r/A%2FB/4h.npy", "r/C/1m.npy",
                                        "r/C/4h.npy"};
    static const char *const keys[] = {"A%2FB_1m_2022-01-01_2024-01-01",
                                       "A%2FB_4h_2022-01-01_2024-01-01",
                                       "C_1m_2022-01-01_2024-01-01", "C_4h_2022-01-01_2024-01-01"};
    struct umm_dataset_list list;
    struct umm_dataset_options options = {.root = "r//", .symbols = "A/B,C", .timeframes = "1m,4H"};
    (void)state;
    options.range = (struct umm_timerange){true, true, {1640995200, 0}, {1704067200, 0}};
    assert_int_equal(umm_dataset_name(&options, &list, NULL), UMM_OK);
    assert_int_equal(list.n, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(list.items[i].path, paths[i]);
        assert_string_equal(list.items[i].key, keys[i]);
    }
    umm_dataset_list_free(&list);
    options.root = "/";
    assert_int_equal(umm_dataset_name(&options, &list, NULL), UMM_OK);
    assert_string_equal(list.items[3].path, "/C/4h.npy");
    umm_dataset_list_free(&list);
}

/* Symbols one a line, in place of a list; len_bytes of text. */
static enum umm_status name_lines(const char *text, size_t len_bytes, struct umm_dataset_list *list,
                                  struct umm_error *err)
{
    const struct umm_dataset_lines lines = {"names", text, len_bytes};
    const struct umm_dataset_options options = {
        .root = "r", .lines = &lines, .timeframes = "1m,4h"};
    return umm_dataset_name(&options, list, err);
}

static void test_symbols_can_be_lines(void **state)
{
    static const char *const texts[] = {"A,B\n#C\n D", "A,B\n#C\n D\n"};
    static const char *const paths[] = {"r/A,B/1m.npy", "r/A,B/4h.npy", "r/#C/1m.npy",
                                        "r/#C/4h.npy",  "r/ D/1m.npy",  "r/ D/4h.npy"};
    struct umm_dataset_list list;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(name_lines(texts[i], strlen(texts[i]), &list, NULL), UMM_OK);
        assert_int_equal(list.n, 6);
        for (size_t k = 0; k < list.n; k++)
            assert_string_equal(list.items[k].path, paths[k]);
        umm_dataset_list_free(&list);
    }
}

static void test_bad_lines_are_refused(void **state)
{
    static const struct {
        const char *text;
        size_t len_bytes;
        uint64_t line, byte;
        const char *message;
    } cases[] = {{"", 0, 0, 0, "no symbols in it"},
                 {"\n", 1, 1, 0, "a symbol has 1 to 80 bytes: \"\""},
                 {"A\n\nB\n", 5, 2, 2, "a symbol has 1 to 80 bytes: \"\""},
                 {"A\n\n", 3, 2, 2, "a symbol has 1 to 80 bytes: \"\""},
                 {"A\nB\r\n", 5, 2, 2, "a symbol has no control characters: \"B\\r\""},
                 {"A\0B\n", 4, 1, 0, "a symbol has no control characters: \"A\\x00B\""},
                 {"A\nB\nC\nB\nA", 9, 4, 6, "a symbol is given twice: \"B\""}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct umm_dataset_list list;
        struct umm_error err = {0};
        assert_int_equal(name_lines(cases[i].text, cases[i].len_bytes, &list, &err), UMM_ERR_DATA);
        assert_int_equal(err.status, UMM_ERR_DATA);
        assert_string_equal(err.message, cases[i].message);
        assert_string_equal(err.path, "names");
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.byte, cases[i].byte);
        umm_dataset_list_free(&list);
    }
}

/* As many as would take minutes if each were compared with all before it. */
static void test_many_lines_take_a_moment(void **state)
{
    enum { N = 200000, LINE = 8 };
    char *text = malloc(N * LINE + 1);
    const struct umm_dataset_lines lines = {"names", text, N * LINE};
    const struct umm_dataset_options options = {
        .root = "r", .lines = &lines, .timeframes = "1m", .shard = {5, 1000}};
    struct umm_dataset_list list;
    struct umm_error err = {0};
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < N; i++)
        snprintf(text + i * LINE, LINE + 1, "S%06zu\n", i);
    assert_int_equal(umm_dataset_name(&options, &list, NULL), UMM_OK);
    assert_int_equal(list.n, N / 1000);
    assert_string_equal(list.items[199].path, "r/S199005/1m.npy");
    umm_dataset_list_free(&list);
    memcpy(text + (size_t)(N - 1) * LINE, "S000000\n", LINE);
    assert_int_equal(umm_dataset_name(&options, &list, &err), UMM_ERR_DATA);
    assert_int_equal(err.line, N);
    umm_dataset_list_free(&list);
    free(text);
}

/* Whatever the number of shards and items, each item is of one shard, in order. */
static void test_shards_share_a_list(void **state)
{
    enum { N_MAX = 9 };
    (void)state;
    for (uint64_t n = 0; n <= N_MAX; n++) {
        for (uint64_t count = 1; count <= N_MAX + 2; count++) {
            unsigned seen[N_MAX + 1] = {0};
            for (uint64_t index = 0; index < count; index++) {
                const struct umm_shard shard = {index, count};
                const uint64_t size = umm_shard_size(&shard, n);
                assert_true(size == n / count || size == n / count + 1);
                for (uint64_t i = 0; i < size; i++) {
                    const uint64_t k = umm_shard_item(&shard, i);
                    assert_true(k < n && k % count == index);
                    seen[k]++;
                }
            }
            for (uint64_t k = 0; k < n; k++)
                assert_int_equal(seen[k], 1);
        }
    }
    const struct umm_shard last = {UINT64_MAX - 1, UINT64_MAX};
    assert_int_equal(umm_shard_size(&last, UINT64_MAX), 1);
    assert_int_equal(umm_shard_item(&last, 0), UINT64_MAX - 1);
    assert_int_equal(umm_shard_size(&whole, UINT64_MAX), UINT64_MAX);
}

static void test_shards_of_names_and_files(void **state)
{
    static const char *const files[] = {"a.npy", "b.npy", "c.npy"};
    const struct umm_timerange always = {.has_from = false};
    struct umm_dataset_options options = {
        .root = "r", .symbols = "A,B,C", .timeframes = "1m,4h", .shard = {1, 4}};
    const struct umm_shard second = {1, 2}, beyond = {3, 4};
    struct umm_dataset_list list;
    (void)state;
    assert_int_equal(umm_dataset_name(&options, &list, NULL), UMM_OK);
    assert_int_equal(list.n, 2);
    assert_string_equal(list.items[0].path, "r/A/4h.npy");
    assert_string_equal(list.items[1].path, "r/C/4h.npy");
    umm_dataset_list_free(&list);
    options.shard = (struct umm_shard){6, 7};
    assert_int_equal(umm_dataset_name(&options, &list, NULL), UMM_OK);
    assert_int_equal(list.n, 0);
    umm_dataset_list_free(&list);
    assert_int_equal(umm_dataset_of_files(files, 3, &always, &second, &list, NULL), UMM_OK);
    assert_int_equal(list.n, 1);
    assert_string_equal(list.items[0].path, "b.npy");
    umm_dataset_list_free(&list);
    assert_int_equal(umm_dataset_of_files(files, 3, &always, &beyond, &list, NULL), UMM_OK);
    assert_int_equal(list.n, 0);
    umm_dataset_list_free(&list);
}

static void test_ranges_have_names(void **state)
{
    static const struct {
        struct umm_timerange range;
        const char *name;
    } cases[] = {{{false, false, {5, 5}, {5, 5}}, ""},
                 {{true, false, {1640995200, 0}, {0, 0}}, "2022-01-01_end"},
                 {{false, true, {0, 0}, {1640995200, 0}}, "start_2022-01-01"},
                 {{true, true, {1641029400, 0}, {1641029400, 500000000}},
                  "2022-01-01T093000Z_2022-01-01T093000.500Z"},
                 {{true, true, {-86400, 0}, {0, 1}}, "1969-12-31_1970-01-01T000000.000000001Z"},
                 {{true, true, {UMM_TIME_SEC_MIN, 1}, {UMM_TIME_SEC_MAX, 999999999}},
                  "0001-01-01T000000.000000001Z_9999-12-31T235959.999999999Z"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[UMM_TIMERANGE_NAME_MAX];
        assert_string_equal(umm_timerange_name(&cases[i].range, name), cases[i].name);
    }
}

static void test_files_have_keys(void **state)
{
    const struct umm_timerange range = {.has_from = true};
    char *long_name = malloc(1000);
    const char *files[] = {"a/b/x.npy", "y.data", ".npy", "d/", "z.npy.npy", long_name};
    static const char *const keys[] = {"x_1970-01-01_end", "y.data_1970-01-01_end",
                                       ".npy_1970-01-01_end", "_1970-01-01_end",
                                       "z.npy_1970-01-01_end"};
    struct umm_dataset_list list;
    (void)state;
    assert_non_null(long_name);
    memset(long_name, 'n', 999);
    long_name[999] = '\0';
    assert_int_equal(umm_dataset_of_files(files, 6, &range, &whole, &list, NULL), UMM_OK);
    assert_int_equal(list.n, 6);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(list.items[i].path, files[i]);
        assert_string_equal(list.items[i].key, keys[i]);
    }
    assert_string_equal(list.items[5].key + 255, "_1970-01-01_end");
    umm_dataset_list_free(&list);
    assert_int_equal(umm_dataset_of_files(NULL, 0, &range, &whole, &list, NULL), UMM_OK);
    assert_int_equal(list.n, 0);
    umm_dataset_list_free(&list);
    free(long_name);
}

/* ---- on the disk ---- */

static char dir[] = "/tmp/umm-dataset-XXXXXX";

static void touch(const char *path)
{
    assert_int_equal(umm_dataset_make_directory(path, true, NULL), UMM_OK);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    assert_true(fd >= 0);
    close(fd);
}

static int make_root(void **state)
{
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0)
        return -1;
    touch("./AB/1m.npy");
    touch("./AB/1h.npy");
    touch("./CD/1m.npy");
    touch("./E%2FF/1m.npy");
    touch("./file");
    return 0;
}

static int remove_root(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

struct told {
    int n;
    char messages[8][64];
};

static void tell(void *user, const struct umm_error *err)
{
    struct told *told = user;
    assert_string_equal(err->path, ".");
    assert_int_equal(err->sys_errno, 0);
    snprintf(told->messages[told->n++], sizeof told->messages[0], "%.60s", err->message);
}

static void test_what_is_missing_is_named(void **state)
{
    struct umm_dataset_list list;
    struct umm_error err = {0};
    struct umm_dataset_options options = {.root = ".", .symbols = "AB,CD", .timeframes = "1m,1h"};
    (void)state;
    assert_int_equal(umm_dataset_find(&options, &list, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "\"CD\" has no timeframe 1h");
    assert_string_equal(err.path, ".");
    umm_dataset_list_free(&list);
    options.symbols = "AB,X/Y";
    assert_int_equal(umm_dataset_find(&options, &list, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "no symbol \"X%2FY\"");
    umm_dataset_list_free(&list);
    options.symbols = "AB";
    assert_int_equal(umm_dataset_find(&options, &list, &err), UMM_OK);
    assert_int_equal(list.n, 2);
    umm_dataset_list_free(&list);
}

static void test_what_is_missing_can_be_left_out(void **state)
{
    struct umm_dataset_list list;
    struct umm_error err = {0};
    struct told told = {0};
    struct umm_dataset_options options = {.root = ".",
                                          .symbols = "X,AB,CD,E/F",
                                          .timeframes = "1h,1m",
                                          .missing = tell,
                                          .user = &told};
    (void)state;
    assert_int_equal(umm_dataset_find(&options, &list, &err), UMM_OK);
    assert_int_equal(list.n_missing, 4);
    assert_int_equal(told.n, 4);
    assert_string_equal(told.messages[0], "no symbol \"X\"");
    assert_string_equal(told.messages[1], "no symbol \"X\"");
    assert_string_equal(told.messages[2], "\"CD\" has no timeframe 1h");
    assert_string_equal(told.messages[3], "\"E%2FF\" has no timeframe 1h");
    assert_int_equal(list.n, 4);
    assert_string_equal(list.items[0].path, "./AB/1h.npy");
    assert_string_equal(list.items[1].path, "./AB/1m.npy");
    assert_string_equal(list.items[2].path, "./CD/1m.npy");
    assert_string_equal(list.items[3].path, "./E%2FF/1m.npy");
    umm_dataset_list_free(&list);
    options.symbols = "X";
    assert_int_equal(umm_dataset_find(&options, &list, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "none of the datasets is there");
    umm_dataset_list_free(&list);
    /* Another shard may have some: which one has none must not be a failure. */
    options.symbols = "X,AB";
    options.timeframes = "1m";
    options.shard = (struct umm_shard){0, 2};
    assert_int_equal(umm_dataset_find(&options, &list, &err), UMM_OK);
    assert_int_equal(list.n, 0);
    assert_int_equal(list.n_missing, 1);
    umm_dataset_list_free(&list);
    options.shard.index = 1;
    assert_int_equal(umm_dataset_find(&options, &list, &err), UMM_OK);
    assert_int_equal(list.n, 1);
    assert_int_equal(list.n_missing, 0);
    umm_dataset_list_free(&list);
}

/* A root that is not there, or a file in the place of a directory, is no missing symbol. */
static void test_other_failures_are_failures(void **state)
{
    struct umm_dataset_list list;
    struct umm_error err = {0};
    struct told told = {0};
    struct umm_dataset_options options = {
        .root = "none", .symbols = "A", .timeframes = "1h", .missing = tell, .user = &told};
    (void)state;
    assert_int_equal(umm_dataset_find(&options, &list, &err), UMM_ERR_SYSTEM);
    assert_string_equal(err.path, "none");
    umm_dataset_list_free(&list);
    options.root = ".";
    options.symbols = "AB,file,CD";
    assert_int_equal(umm_dataset_find(&options, &list, &err), UMM_ERR_SYSTEM);
    assert_string_equal(err.path, "./file/1h.npy");
    assert_int_equal(told.n, 0);
    umm_dataset_list_free(&list);
    assert_int_equal(umm_dataset_make_directory("./file/1h.npy", true, &err), UMM_ERR_SYSTEM);
    assert_string_equal(err.path, "./file");
    assert_int_equal(umm_dataset_make_directory("none/A/1h.npy", true, &err), UMM_ERR_SYSTEM);
    assert_string_equal(err.path, "none/A");
    assert_int_equal(umm_dataset_make_directory("./AB/9h.npy", true, &err), UMM_OK);
}

static void test_a_root_is_made(void **state)
{
    struct umm_error err = {0};
    (void)state;
    assert_int_equal(umm_dataset_make_root("new//", false, NULL), UMM_OK);
    assert_int_equal(umm_dataset_make_root("./new2", true, NULL), UMM_OK);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(umm_dataset_make_root("new", again, NULL), UMM_OK);
        assert_int_equal(umm_dataset_make_root("/", again, NULL), UMM_OK);
        assert_int_equal(umm_dataset_make_root(".", again, NULL), UMM_OK);
    }
    assert_int_equal(umm_dataset_make_directory("new/A/1h.npy", true, NULL), UMM_OK);
    assert_int_equal(umm_dataset_make_root("none/new", true, &err), UMM_ERR_SYSTEM);
    assert_string_equal(err.path, "none/new");
}

static void test_a_path_of_one_dataset(void **state)
{
    char *path;
    struct umm_error err = {0};
    (void)state;
    assert_int_equal(umm_dataset_path("r//", "A/B", "04H", &path, NULL), UMM_OK);
    assert_string_equal(path, "r/A%2FB/4h.npy");
    free(path);
    assert_int_equal(umm_dataset_path("r", "", "1h", &path, &err), UMM_ERR_ARGUMENT);
    assert_null(path);
    assert_int_equal(umm_dataset_path("r", "A", "1M", &path, &err), UMM_ERR_ARGUMENT);
    assert_null(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_symbols_become_safe_names),
        cmocka_unit_test(test_a_path_of_one_dataset),
        cmocka_unit_test(test_a_root_is_made),
        cmocka_unit_test(test_the_longest_symbol_fits),
        cmocka_unit_test(test_names_that_are_no_symbols),
        cmocka_unit_test(test_no_two_symbols_share_a_name),
        cmocka_unit_test(test_bad_lists_are_refused),
        cmocka_unit_test(test_lists_expand_symbol_by_symbol),
        cmocka_unit_test(test_symbols_can_be_lines),
        cmocka_unit_test(test_bad_lines_are_refused),
        cmocka_unit_test(test_many_lines_take_a_moment),
        cmocka_unit_test(test_shards_share_a_list),
        cmocka_unit_test(test_shards_of_names_and_files),
        cmocka_unit_test(test_ranges_have_names),
        cmocka_unit_test(test_files_have_keys),
        cmocka_unit_test(test_what_is_missing_is_named),
        cmocka_unit_test(test_what_is_missing_can_be_left_out),
        cmocka_unit_test(test_other_failures_are_failures),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
