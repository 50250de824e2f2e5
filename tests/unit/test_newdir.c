/* SPDX-License-Identifier: MIT */
/* Every test runs in a scratch directory of its own as working directory. */
#include "sys/newdir.h"

#include "scratch.h"

#include <errno.h>
#include <string.h>

static void begin(struct umm_newdir *dir, const char *path)
{
    assert_int_equal(umm_newdir_begin(dir, path, NULL), UMM_OK);
}

/* A file of that name where the directory is being made. */
static void put_in(const struct umm_newdir *dir, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir->temp, name);
    put(path, "x");
}

static void appears_with_its_files_at_the_commit(void **state)
{
    static const char *const paths[] = {"d", "e/", "./f//"};
    struct umm_newdir dir;
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        begin(&dir, paths[i]);
        put_in(&dir, "file");
        assert_false(exists(paths[i]));
        assert_int_equal(umm_newdir_commit(&dir, NULL), UMM_OK);
        assert_null(dir.temp);
    }
    assert_true(exists("d/file") && exists("e/file") && exists("f/file"));
    assert_false(exists(".d.umm-new"));
}

static void goes_without_a_trace_when_aborted(void **state)
{
    struct umm_newdir dir;
    (void)state;
    begin(&dir, "d");
    put_in(&dir, "a");
    put_in(&dir, "b");
    assert_true(exists(".d.umm-new/b"));
    umm_newdir_abort(&dir);
    assert_false(exists(".d.umm-new") || exists("d"));
    umm_newdir_abort(&dir);
}

static void what_a_killed_one_left_goes_at_the_next_begin(void **state)
{
    struct umm_newdir dir;
    (void)state;
    assert_int_equal(mkdir(".d.umm-new", 0700), 0);
    put(".d.umm-new/old", "");
    begin(&dir, "d");
    assert_false(exists(".d.umm-new/old"));
    umm_newdir_abort(&dir);
}

static void a_link_in_its_place_is_not_followed(void **state)
{
    struct umm_newdir dir;
    struct umm_error err;
    (void)state;
    assert_int_equal(mkdir("theirs", 0700), 0);
    put("theirs/file", "");
    assert_int_equal(symlink("theirs", ".d.umm-new"), 0);
    assert_int_equal(umm_newdir_begin(&dir, "d", &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, EEXIST);
    assert_null(dir.temp);
    assert_true(exists("theirs/file"));
}

static void what_is_there_stays(void **state)
{
    struct umm_newdir dir;
    struct umm_error err;
    (void)state;
    put("taken", "old");
    assert_int_equal(umm_newdir_begin(&dir, "taken", &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, "is there already");
    assert_string_equal(err.path, "taken");
    assert_int_equal(umm_newdir_begin(&dir, "none/d", &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);

    /* Somebody else was faster. */
    begin(&dir, "file");
    put("file", "theirs");
    assert_int_equal(umm_newdir_commit(&dir, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, "is there already");
    begin(&dir, "full");
    assert_int_equal(mkdir("full", 0700), 0);
    put("full/file", "theirs");
    assert_int_equal(umm_newdir_commit(&dir, &err), UMM_ERR_CONFLICT);
    assert_true(exists("full/file"));
    assert_false(exists(".file.umm-new") || exists(".full.umm-new"));
}

static void one_that_is_gone_cannot_be_committed(void **state)
{
    struct umm_newdir dir;
    struct umm_error err;
    (void)state;
    begin(&dir, "d");
    assert_int_equal(rmdir(".d.umm-new"), 0);
    assert_int_equal(umm_newdir_commit(&dir, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_false(exists("d"));
}

/* Where others may rename what is there, as they do here. */
static void another_directory_in_its_place_is_left_alone(void **state)
{
    static const char moved[] = "is another directory now; left alone";
    struct umm_newdir dir;
    struct umm_error err;
    (void)state;
    assert_int_equal(chmod(".", 0777), 0);
    assert_int_equal(mkdir(".d.umm-new", 0700), 0);
    put(".d.umm-new/file", "");
    assert_int_equal(umm_newdir_begin(&dir, "./d", &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.path, "./.d.umm-new");
    assert_true(exists(".d.umm-new/file"));
    assert_int_equal(rename(".d.umm-new", "other"), 0);

    begin(&dir, "d");
    put_in(&dir, "a");
    assert_int_equal(rename(".d.umm-new", "aside"), 0);
    assert_int_equal(rename("other", ".d.umm-new"), 0);
    assert_int_equal(umm_newdir_commit(&dir, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, moved);
    assert_true(exists(".d.umm-new/file") && exists("aside"));
    assert_false(exists("d") || exists("aside/a"));

    /* In a sticky one they may not. */
    assert_int_equal(chmod(".", 01777), 0);
    begin(&dir, "d");
    assert_false(exists(".d.umm-new/file"));
    umm_newdir_abort(&dir);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)
    const struct CMUnitTest tests[] = {
        TEST(appears_with_its_files_at_the_commit),
        TEST(goes_without_a_trace_when_aborted),
        TEST(what_a_killed_one_left_goes_at_the_next_begin),
        TEST(a_link_in_its_place_is_not_followed),
        TEST(what_is_there_stays),
        TEST(one_that_is_gone_cannot_be_committed),
        TEST(another_directory_in_its_place_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
