/* SPDX-License-Identifier: MIT */
/* What happens to files between the look at them and the load: the run's clock is asked in
 * between, and does it. The rest is tests/umm-preload.bats. */
#include "preload/preload.h"
#include "sys/tree.h"

#include <errno.h>
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

enum { SIZE = 20000000 };

static char dir[] = "preload-test-XXXXXX";
static char path[64], other[64];
static struct umm_error told;
static unsigned n_told;

static void write_file(const char *name, size_t size)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    char *bytes = calloc(1, size);
    assert_true(fd >= 0 && bytes);
    memset(bytes, 7, size);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    free(bytes);
    (void)close(fd);
}

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/file", dir);
    snprintf(other, sizeof other, "%s/other", dir);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(other);
    return rmdir(dir);
}

static void on_warning(void *user, const struct umm_error *err)
{
    (void)user;
    told = *err;
    n_told++;
}

static uint64_t no_trouble(void *user)
{
    (void)user;
    return 1;
}

static uint64_t cut_file(void *user)
{
    (void)user;
    assert_int_equal(truncate(path, 5000), 0);
    return 1;
}

static uint64_t replace_file(void *user)
{
    (void)user;
    (void)rename(other, path);
    return 1;
}

static uint64_t remove_it(void *user)
{
    (void)user;
    (void)unlink(path);
    return 1;
}

static uint64_t cancel(void *user)
{
    umm_run_cancel(user);
    return 1;
}

static enum umm_status load(struct umm_run *run, uint64_t (*trouble)(void *),
                            struct umm_preload_result *result)
{
    const struct umm_preload_input input = {.path = path};
    const struct umm_preload_options options = {
        .inputs = &input, .n_inputs = 1, .budget_bytes = INT64_MAX, .warn = on_warning};
    n_told = 0;
    write_file(path, SIZE);
    *run = (struct umm_run){.n_threads = 2, .clock_ns = trouble, .clock_user = run};
    return umm_preload(&options, run, result, NULL);
}

/* Skips where the file was never out of memory: then nothing is loaded. */
static void load_with(uint64_t (*trouble)(void *), struct umm_preload_result *result)
{
    struct umm_run run;
    assert_int_equal(load(&run, no_trouble, result), UMM_OK);
    assert_int_equal(n_told, 0);
    assert_int_equal(result->total.after.resident_bytes, SIZE);
    bool is_cold = result->total.before.resident_bytes < SIZE;
    umm_preload_result_free(result);
    if (!is_cold)
        skip();
    assert_int_equal(load(&run, trouble, result), UMM_OK);
}

static void test_file_that_shrinks(void **state)
{
    (void)state;
    struct umm_preload_result result;
    load_with(cut_file, &result);
    assert_int_equal(n_told, 1);
    assert_int_equal(told.status, UMM_ERR_DATA);
    assert_non_null(strstr(told.message, "bytes early"));
    assert_int_equal(result.n_failed, 1);
    umm_preload_result_free(&result);
}

static void test_file_that_is_replaced(void **state)
{
    (void)state;
    struct umm_preload_result result;
    write_file(other, 100);
    load_with(replace_file, &result);
    assert_int_equal(n_told, 1);
    assert_int_equal(told.status, UMM_ERR_CONFLICT);
    assert_int_equal(result.n_failed, 1);
    umm_preload_result_free(&result);
}

static void test_file_that_vanishes(void **state)
{
    (void)state;
    struct umm_preload_result result;
    load_with(remove_it, &result);
    assert_int_equal(n_told, 1);
    assert_int_equal(told.status, UMM_ERR_SYSTEM);
    umm_preload_result_free(&result);
}

static void test_cancel(void **state)
{
    (void)state;
    struct umm_preload_result result;
    struct umm_run run;
    enum umm_status status = load(&run, cancel, &result);
    if (!status)
        skip(); /* all of it was there */
    assert_int_equal(status, UMM_ERR_CANCELLED);
    assert_int_equal(n_told, 0);
    assert_null(result.files);
}

/* A file that was cut after it was planned is no reason to blame the limit. */
static void test_lock_of_a_cut_file(void **state)
{
    (void)state;
    struct umm_preload_result result;
    struct umm_run run;
    struct umm_error err;
    assert_int_equal(load(&run, no_trouble, &result), UMM_OK);
    assert_int_equal(truncate(path, 5000), 0);
    enum umm_status status = umm_preload_lock(&result, &err);
    umm_preload_result_free(&result);
    assert_int_equal(status, UMM_ERR_DATA);
    assert_string_equal(err.message, "file ends 19995000 bytes early");
}

static void keep_error(void *user, const struct umm_error *err)
{
    memcpy(user, err, sizeof *err);
}

static void test_tree_too_deep(void **state)
{
    (void)state;
    struct umm_tree tree;
    struct umm_error err;
    char deep[400];
    size_t len = (size_t)snprintf(deep, sizeof deep, "%s/deep", dir), top = len;
    assert_int_equal(mkdir(deep, 0755), 0);
    for (int i = 0; i < 70; i++) {
        memcpy(deep + len, "/d", 3);
        len += 2;
        assert_int_equal(mkdir(deep, 0755), 0);
    }
    deep[top] = '\0';
    enum umm_status status = umm_tree_list(&tree, deep, ".npy", keep_error, &err, NULL);
    for (; len >= top; len -= 2) {
        for (size_t i = top; i < len; i += 2)
            memcpy(deep + i, "/d", 2);
        deep[len] = '\0';
        assert_int_equal(rmdir(deep), 0);
    }
    assert_int_equal(status, UMM_OK);
    assert_int_equal(tree.n_paths, 0);
    assert_int_equal(tree.n_failed, 1);
    assert_int_equal(err.sys_errno, ELOOP);
    umm_tree_free(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_that_shrinks),  cmocka_unit_test(test_file_that_is_replaced),
        cmocka_unit_test(test_file_that_vanishes), cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_lock_of_a_cut_file), cmocka_unit_test(test_tree_too_deep),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
