/* SPDX-License-Identifier: MIT */
/* Files that go while they are looked at; what the figures are is tests/umm-memstat.bats. */
#include "probe/views.h"

#include "scratch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The status of a look at three files; *text, if not NULL, has what was seen, malloc'ed. */
static enum umm_status look(const char *const *paths, size_t n_named, char **text,
                            struct umm_error *err)
{
    struct umm_table files, mappers;
    struct umm_textbuf out = {0};
    uint64_t pss_bytes;
    size_t len;
    umm_view_files_init(&files);
    umm_view_mappers_init(&mappers);
    enum umm_status status = umm_view_files(&files, &mappers, paths, 3, n_named, &pss_bytes, err);
    if (text) {
        umm_table_print_csv(&files, NULL, true, &out);
        assert_int_equal(umm_textbuf_take(&out, text, &len, NULL), UMM_OK);
    }
    umm_table_clear(&files);
    umm_table_clear(&mappers);
    return status;
}

static void test_listed_file_is_gone(void **state)
{
    (void)state;
    const char *const paths[] = {"named", "gone", "listed"};
    char *text;
    put("named", "1");
    put("listed", "2");
    assert_int_equal(look(paths, 1, &text, NULL), UMM_OK);
    assert_non_null(strstr(text, "named"));
    assert_null(strstr(text, "gone"));
    assert_non_null(strstr(text, "listed"));
    free(text);
}

static void test_named_file_is_gone(void **state)
{
    (void)state;
    const char *const paths[] = {"named", "gone", "listed"};
    struct umm_error err = {0};
    put("named", "1");
    put("listed", "2");
    assert_int_equal(look(paths, 2, NULL, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_string_equal(err.path, "gone");
}

/* Of one that cannot be looked at for another reason there is an error even so. */
static void test_listed_file_is_no_file(void **state)
{
    (void)state;
    const char *const paths[] = {"named", "listed", "directory"};
    struct umm_error err = {0};
    put("named", "1");
    put("listed", "2");
    assert_int_equal(mkdir("directory", 0700), 0);
    assert_int_equal(look(paths, 1, NULL, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, EISDIR);
    assert_string_equal(err.path, "directory");
}

/* The number in column `key` of the only row of a CSV with a heading. */
static double number_in(const char *csv, const char *key)
{
    const char *heading = csv, *row = strchr(csv, '\n') + 1;
    for (;;) {
        size_t len = strcspn(heading, ",\n");
        if (len == strlen(key) && memcmp(heading, key, len) == 0)
            return strtod(row, NULL);
        assert_true(heading[len] == ',');
        heading += len + 1;
        row = strchr(row, ',') + 1;
    }
}

/* Every column has its own figure. */
static void test_columns_of_a_process(void **state)
{
    enum { SHARED = 64 << 20, OWN = 16 << 20 };
    const uint32_t pid = (uint32_t)getpid();
    const struct umm_choice choice = {.pids = &pid, .n_pids = 1};
    struct umm_table table;
    struct umm_textbuf out = {0};
    uint64_t rss;
    size_t len;
    bool is_found[1];
    char *text;
    (void)state;
    char *shared = mmap(NULL, SHARED, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *own = mmap(NULL, OWN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED && own != MAP_FAILED);
    memset(shared, 1, SHARED);
    memset(own, 1, OWN);
    umm_view_processes_init(&table);
    assert_int_equal(umm_view_processes(&table, &choice, is_found, &rss, NULL), UMM_OK);
    umm_table_print_csv(&table, NULL, true, &out);
    assert_int_equal(umm_textbuf_take(&out, &text, &len, NULL), UMM_OK);
    /* The kernel's running counts lag by a little. */
    assert_true(fabs(number_in(text, "shmem_bytes") - SHARED) < 4 << 20);
    assert_true(number_in(text, "anonymous_bytes") >= OWN);
    assert_true(number_in(text, "anonymous_bytes") < SHARED);
    assert_true(number_in(text, "file_bytes") < OWN);
    free(text);
    umm_table_clear(&table);
    munmap(shared, SHARED);
    munmap(own, OWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listed_file_is_gone), cmocka_unit_test(test_named_file_is_gone),
        cmocka_unit_test(test_listed_file_is_no_file), cmocka_unit_test(test_columns_of_a_process)};
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
