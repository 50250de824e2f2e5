/* SPDX-License-Identifier: MIT */
/* Every test runs in a scratch directory of its own as working directory. */
#include "sys/scratchdir.h"

#include "scratch.h"

#include <errno.h>
#include <string.h>

static void made_private_counted_and_removed(void **state)
{
    struct umm_scratchdir dir;
    struct stat st;
    uint64_t n;
    char one[32], path[UMM_SCRATCHDIR_PATH_MAX + 32];
    (void)state;
    assert_int_equal(umm_scratchdir_make(&dir, ".", "run", NULL), UMM_OK);
    assert_int_equal(lstat(dir.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(umm_scratchdir_count(dir.path, &n, one, sizeof one, NULL), UMM_OK);
    assert_int_equal(n, 1);
    assert_string_equal(one, ".umm-scratch");

    put("outside", "stays");
    snprintf(path, sizeof path, "%s/d", dir.path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(umm_scratchdir_count(dir.path, &n, one, sizeof one, NULL), UMM_OK);
    assert_int_equal(n, 2);
    snprintf(path, sizeof path, "%s/d/link", dir.path);
    assert_int_equal(symlink("../..", path), 0);
    snprintf(path, sizeof path, "%s/d/file", dir.path);
    put(path, "");
    assert_int_equal(umm_scratchdir_count(dir.path, &n, NULL, 0, NULL), UMM_OK);
    assert_int_equal(n, 4);

    strcpy(path, dir.path);
    umm_scratchdir_remove(&dir);
    assert_false(exists(path));
    assert_true(exists("outside"));
    umm_scratchdir_remove(&dir);
}

/* A directory PARENT/name with a mark and a file; nobody locks it. */
static void leave(const char *name, const char *mark)
{
    char path[64];
    assert_int_equal(mkdir(name, 0700), 0);
    snprintf(path, sizeof path, "%s/file", name);
    put(path, "");
    snprintf(path, sizeof path, "%s/%s", name, mark);
    put(path, "");
}

static void what_killed_runs_left_is_swept(void **state)
{
    struct umm_scratchdir dir;
    (void)state;
    assert_int_equal(umm_scratchdir_make(&dir, ".", "run", NULL), UMM_OK);
    leave("run.aB3def", ".umm-scratch");
    assert_int_equal(symlink("../keep", "run.aB3def/link"), 0);
    leave("keep", ".umm-scratch");
    leave("run.backup", ".other");
    leave("run.toolong", ".umm-scratch");
    leave("run.in-out", ".umm-scratch");
    leave("runs.abcdef", ".umm-scratch");
    assert_int_equal(symlink("keep", "run.linked"), 0);
    assert_int_equal(mkdir("run.marked", 0700), 0);
    assert_int_equal(symlink("../keep/.umm-scratch", "run.marked/.umm-scratch"), 0);
    umm_scratchdir_sweep(".", "run");
    assert_false(exists("run.aB3def"));
    assert_true(exists("keep/file") && exists("keep/.umm-scratch"));
    assert_true(exists("run.backup/file"));
    assert_true(exists("run.toolong/file") && exists("run.in-out/file"));
    assert_true(exists("runs.abcdef/file"));
    assert_true(exists("run.linked") && exists("run.marked"));
    assert_true(exists(dir.path));
    umm_scratchdir_remove(&dir);
    umm_scratchdir_sweep("none", "run");
}

/* As when the run was killed: nothing is removed, and the lock is gone. */
static void the_lock_ends_with_its_holder(void **state)
{
    struct umm_scratchdir dir;
    (void)state;
    assert_int_equal(umm_scratchdir_make(&dir, ".", "run", NULL), UMM_OK);
    umm_scratchdir_sweep(".", "run");
    assert_true(exists(dir.path));
    assert_int_equal(close(dir.mark_fd), 0);
    umm_scratchdir_sweep(".", "run");
    assert_false(exists(dir.path));
}

static void what_cannot_be_made_or_listed(void **state)
{
    struct umm_scratchdir dir;
    struct umm_error err;
    char parent[UMM_SCRATCHDIR_PATH_MAX], one[4] = "old";
    uint64_t n;
    (void)state;
    memset(parent, 'a', sizeof parent - 1);
    parent[sizeof parent - 1] = '\0';
    assert_int_equal(umm_scratchdir_make(&dir, parent, "run", &err), UMM_ERR_ARGUMENT);
    assert_string_equal(err.message, "the path is too long");
    assert_string_equal(dir.path, "");
    assert_int_equal(umm_scratchdir_make(&dir, "none", "run", &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_string_equal(err.path, "none");
    assert_string_equal(dir.path, "");
    assert_int_equal(umm_scratchdir_count("none", &n, one, sizeof one, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_string_equal(one, "");
}

/* Directories within each other, depth of them; the innermost one is empty. */
static void make_deep(int depth)
{
    char top[4096];
    assert_non_null(getcwd(top, sizeof top));
    for (int i = 0; i < depth; i++) {
        assert_int_equal(mkdir("d", 0700), 0);
        assert_int_equal(chdir("d"), 0);
    }
    assert_int_equal(chdir(top), 0);
}

static void too_deep_is_not_counted_as_if_it_were_all(void **state)
{
    struct umm_error err;
    uint64_t n;
    (void)state;
    assert_int_equal(mkdir("a", 0700), 0);
    assert_int_equal(chdir("a"), 0);
    make_deep(65);
    assert_int_equal(chdir(".."), 0);
    assert_int_equal(umm_scratchdir_count("a", &n, NULL, 0, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENAMETOOLONG);
    assert_int_equal(mkdir("b", 0700), 0);
    assert_int_equal(chdir("b"), 0);
    make_deep(64);
    assert_int_equal(chdir(".."), 0);
    assert_int_equal(umm_scratchdir_count("b", &n, NULL, 0, &err), UMM_OK);
    assert_int_equal(n, 64);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)
    const struct CMUnitTest tests[] = {
        TEST(made_private_counted_and_removed),
        TEST(what_killed_runs_left_is_swept),
        TEST(the_lock_ends_with_its_holder),
        TEST(what_cannot_be_made_or_listed),
        TEST(too_deep_is_not_counted_as_if_it_were_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
