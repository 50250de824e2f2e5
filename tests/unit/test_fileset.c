/* SPDX-License-Identifier: MIT */
/* Every test runs in a scratch directory of its own, the set's directory. */
#include "sys/fileset.h"

#include "scratch.h"
#include "tasks.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/wait.h>

static void begin(struct umm_fileset *set, size_t n)
{
    assert_int_equal(umm_fileset_open(set, ".", "all", n, NULL), UMM_OK);
}

static void put_next(struct umm_fileset *set, const char *path, const char *text)
{
    assert_int_equal(umm_fileset_put(set, path, text, strlen(text), NULL), UMM_OK);
}

static bool holds(const char *path, const char *text)
{
    char bytes[64] = "";
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    size_t n = fread(bytes, 1, sizeof bytes - 1, f);
    fclose(f);
    return n == strlen(text) && memcmp(bytes, text, n) == 0;
}

static bool is_tidy(void)
{
    return !exists(".all.umm-next") && !exists(".all.changes");
}

/* Few, of which each is synced, and many, for which there is one sync. */
static void change_at_the_commit(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 1000; n *= 1000) {
        struct umm_fileset set;
        put("a", "old");
        (void)remove("b");
        begin(&set, n);
        put_next(&set, "a", "new");
        put_next(&set, "./b", "");
        assert_true(holds("a", "old") && !exists("b"));
        assert_int_equal(umm_fileset_commit(&set, NULL), UMM_OK);
        assert_true(holds("a", "new") && holds("b", "") && is_tidy());
        umm_fileset_abort(&set);
    }
}

static void are_as_they_were_when_aborted(void **state)
{
    struct umm_fileset set;
    (void)state;
    put("a", "old");
    begin(&set, 2);
    put_next(&set, "a", "new");
    put_next(&set, "b", "new");
    umm_fileset_abort(&set);
    assert_true(holds("a", "old") && !exists("b") && is_tidy());
    umm_fileset_abort(&set);
}

/* As a kill before the rename leaves them, and one after it. */
static void what_a_killed_one_left_is_removed_or_finished(void **state)
{
    struct umm_fileset set;
    (void)state;
    put("a", "old");
    assert_int_equal(mkdir(".all.umm-next", 0700), 0);
    put(".all.umm-next/a", "half");
    assert_int_equal(mkdir(".all.changes", 0700), 0);
    put(".all.changes/a", "new");
    put(".all.changes/b", "new");
    begin(&set, 0);
    assert_true(holds("a", "new") && holds("b", "new") && is_tidy());
    umm_fileset_abort(&set);
}

/* Before any work, and not when the files are to be written. */
static void what_is_in_the_way_is_told_at_once(void **state)
{
    struct umm_fileset set;
    struct umm_error err;
    (void)state;
    assert_int_equal(mkdir(".all.umm-next", 0700), 0);
    assert_int_equal(mkdir(".all.umm-next/sub", 0700), 0);
    assert_int_equal(umm_fileset_open(&set, ".", "all", 0, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOTEMPTY);
    assert_string_equal(err.path, "./.all.umm-next");
    assert_int_equal(remove(".all.umm-next/sub"), 0);
    assert_int_equal(remove(".all.umm-next"), 0);
    put(".all.umm-next", "a file");
    assert_int_equal(umm_fileset_open(&set, ".", "all", 0, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOTDIR);
    assert_true(holds(".all.umm-next", "a file"));
    assert_int_equal(remove(".all.umm-next"), 0);
    assert_int_equal(mkdir(".all.umm-next", 0700), 0);
    if (chown(".all.umm-next", 12345, 12345) < 0)
        skip();
    assert_int_equal(umm_fileset_open(&set, ".", "all", 0, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, "belongs to another user (uid 12345)");
    assert_true(exists(".all.umm-next"));
}

static void modes_and_links_stay(void **state)
{
    struct umm_fileset set;
    struct stat st;
    (void)state;
    put("a", "old");
    put("b", "old");
    assert_int_equal(chmod("a", 0640), 0);
    assert_int_equal(symlink("b", "link"), 0);
    begin(&set, 2);
    put_next(&set, "a", "new");
    put_next(&set, "link", "new");
    assert_int_equal(umm_fileset_commit(&set, NULL), UMM_OK);
    assert_int_equal(stat("a", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(lstat("link", &st), 0);
    assert_true(S_ISLNK(st.st_mode) && holds("b", "new"));
}

/* In a process that is no longer root: 0 when "a" was replaced, 77 for "cannot test". */
static int replace_as_other_user(void)
{
    struct umm_fileset set;
    if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
        return 77;
    if (umm_fileset_open(&set, ".", "all", 1, NULL) || umm_fileset_put(&set, "a", "new", 3, NULL))
        return 1;
    return umm_fileset_commit(&set, NULL) ? 2 : 0;
}

/* Rights of a group are none of another's. */
static void group_that_cannot_be_kept_takes_its_rights_along(void **state)
{
    struct stat st;
    int wait_status = 0;
    (void)state;
    put("a", "old");
    assert_int_equal(chmod("a", 0664), 0);
    assert_int_equal(chmod(".", 0755), 0);
    if (chown(".", 65534, 65534) < 0 || chown("a", 65534, 1) < 0)
        skip();
    pid_t pid = fork_mortal();
    if (pid == 0)
        _exit(replace_as_other_user());
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    assert_true(WIFEXITED(wait_status));
    if (WEXITSTATUS(wait_status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(wait_status), 0);
    assert_int_equal(stat("a", &st), 0);
    assert_true(holds("a", "new") && st.st_gid != 1);
    assert_int_equal(st.st_mode & 07777, 0644);
}

/* In a directory like /tmp: neither owner nor mode, but nothing is opened that was not. */
static void stranger_passes_nothing_on(void **state)
{
    static const mode_t modes[][2] = {{0666, 0644}, {0777, 0644}, {0600, 0600}, {0640, 0600},
                                      {0440, 0600}, {0, 0600},    {0004, 0600}};
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(".", 01777), 0);
    mode_t before = umask(022);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct umm_fileset set;
        struct stat st;
        put("a", "old");
        assert_int_equal(chown("a", 12345, 23456), 0);
        assert_int_equal(chmod("a", modes[i][0]), 0);
        begin(&set, 1);
        put_next(&set, "a", "new");
        assert_int_equal(umm_fileset_commit(&set, NULL), UMM_OK);
        assert_int_equal(stat("a", &st), 0);
        assert_true(holds("a", "new") && st.st_uid == 0);
        assert_int_equal(st.st_mode & 07777, modes[i][1]);
        assert_int_equal(remove("a"), 0);
    }
    umask(before);
}

static void what_is_no_file_there_is_refused(void **state)
{
    struct umm_fileset set;
    struct umm_error err;
    (void)state;
    assert_int_equal(symlink("../elsewhere", "out"), 0);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    begin(&set, 3);
    assert_int_equal(umm_fileset_put(&set, "out", "x", 1, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_fileset_put(&set, "fifo", "x", 1, &err), UMM_ERR_CONFLICT);
    umm_fileset_abort(&set);
    assert_int_equal(umm_fileset_open(&set, "none", "all", 1, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
    umm_fileset_abort(&set);
}

/* Who may make a link of that name must not have us move what it leads to. */
static void a_link_in_place_of_changes_is_not_followed(void **state)
{
    struct umm_fileset set;
    (void)state;
    assert_int_equal(mkdir("away", 0700), 0);
    put("away/a", "his");
    assert_int_equal(symlink("away", ".all.changes"), 0);
    assert_int_equal(umm_fileset_open(&set, ".", "all", 1, NULL), UMM_ERR_SYSTEM);
    assert_true(holds("away/a", "his") && !exists("a"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)
    const struct CMUnitTest tests[] = {
        TEST(change_at_the_commit),
        TEST(are_as_they_were_when_aborted),
        TEST(what_a_killed_one_left_is_removed_or_finished),
        TEST(what_is_in_the_way_is_told_at_once),
        TEST(modes_and_links_stay),
        TEST(group_that_cannot_be_kept_takes_its_rights_along),
        TEST(stranger_passes_nothing_on),
        TEST(what_is_no_file_there_is_refused),
        TEST(a_link_in_place_of_changes_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
