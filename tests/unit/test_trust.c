/* SPDX-License-Identifier: MIT */
/* Every test runs in a scratch directory of its own as working directory, as root. */
#include "sys/file.h"
#include "sys/trust.h"

#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { OTHER = 12345, THIRD = 12346 };

static void need_root(void)
{
    if (geteuid() != 0) {
        print_message("SKIP: only root gives files to others\n");
        skip();
    }
}

static void make_file(const char *path, uid_t owner)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0666);
    assert_true(fd >= 0);
    assert_int_equal(fchown(fd, owner, owner), 0);
    close(fd);
}

static void make_directory(const char *path, mode_t mode, uid_t owner)
{
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, mode), 0);
    assert_int_equal(chown(path, owner, owner), 0);
}

/* As an opener for update, and one for reading, see it: they agree. */
static enum umm_status look(const char *path, struct umm_error *err)
{
    struct umm_file_info info;
    int fd;
    enum umm_status update = umm_file_open_update(path, &fd, &info, NULL);
    umm_file_close(&fd);
    enum umm_status status = umm_trust_open_read(path, NULL, &fd, &info, err);
    assert_int_equal(fd >= 0, !status);
    umm_file_close(&fd);
    assert_int_equal(update, status);
    return status;
}

static void owners(void **state)
{
    (void)state;
    struct umm_error err;
    need_root();
    make_directory("all", 01777, THIRD);
    make_file("all/mine", 0);
    make_file("all/theirs", OTHER);
    make_file("all/its", THIRD);
    assert_int_equal(look("all/mine", NULL), UMM_OK);
    assert_int_equal(look("all/its", NULL), UMM_OK);
    assert_int_equal(look("all/theirs", &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.path, "all/theirs");
    assert_string_equal(err.message, "belongs to another user (uid 12345) in a world-writable "
                                     "directory; remove it, or use another directory");
    assert_int_equal(look("all/none", &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_int_equal(chdir("all"), 0);
    assert_int_equal(look("theirs", NULL), UMM_ERR_CONFLICT);
    assert_int_equal(look("./theirs", NULL), UMM_ERR_CONFLICT);
    /* Whatever the kernel has to say of them, it is another user's. */
    assert_int_equal(chmod(".", 0777), 0);
    assert_int_equal(look("theirs", NULL), UMM_ERR_CONFLICT);
    /* A directory that is its owner's, or a group's, may have anybody's files. */
    for (mode_t mode = 0700; mode <= 02775; mode += 02775 - 0700) {
        assert_int_equal(chmod(".", mode), 0);
        assert_int_equal(look("theirs", NULL), UMM_OK);
    }
}

static void companions(void **state)
{
    (void)state;
    struct umm_file_info beside = {.owner = OTHER}, info;
    int fd;
    need_root();
    assert_int_equal(chmod(".", 01777), 0);
    make_file("theirs", OTHER);
    make_file("third", THIRD);
    assert_int_equal(umm_trust_open_read("theirs", &beside, &fd, &info, NULL), UMM_OK);
    umm_file_close(&fd);
    assert_int_equal(umm_trust_open_read("third", &beside, &fd, &info, NULL), UMM_ERR_CONFLICT);
    /* What is no file, and what cannot be opened, is foreign in the first place. */
    assert_int_equal(mkdir("directory", 0700), 0);
    assert_int_equal(umm_trust_open_read("directory", NULL, &fd, &info, NULL), UMM_ERR_SYSTEM);
    assert_int_equal(chown("directory", THIRD, THIRD), 0);
    assert_int_equal(umm_trust_open_read("directory", NULL, &fd, &info, NULL), UMM_ERR_CONFLICT);
    assert_int_equal(symlink("theirs", "link"), 0);
    assert_int_equal(lchown("link", THIRD, THIRD), 0);
    assert_int_equal(umm_trust_open_read("link", &beside, &fd, &info, NULL), UMM_ERR_CONFLICT);
    assert_int_equal(lchown("link", OTHER, OTHER), 0);
    assert_int_equal(umm_trust_open_read("link", &beside, &fd, &info, NULL), UMM_OK);
    umm_file_close(&fd);
}

static void names(void **state)
{
    (void)state;
    struct umm_error err;
    int fd = open("one", O_RDWR | O_CREAT, 0600);
    close(fd);
    assert_int_equal(link("one", "two"), 0);
    assert_int_equal(look("one", NULL), UMM_OK);
    assert_int_equal(chmod(".", 01777), 0);
    assert_int_equal(look("one", &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, "has several names (hard links) in a world-writable "
                                     "directory; copy it, or use another directory");
    assert_int_equal(unlink("two"), 0);
    assert_int_equal(look("one", NULL), UMM_OK);
}

static void directories(void **state)
{
    (void)state;
    static const char *const foreign[] = {"theirs", "theirs/", "./theirs//", "mine/../theirs"};
    need_root();
    assert_int_equal(chmod(".", 01777), 0);
    make_directory("theirs", 0755, OTHER);
    make_directory("mine", 0755, 0);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        assert_int_equal(umm_trust_check_directory(foreign[i], NULL), UMM_ERR_CONFLICT);
    assert_int_equal(umm_trust_check_directory("mine", NULL), UMM_OK);
    assert_int_equal(umm_trust_check_directory("/", NULL), UMM_OK);
    assert_int_equal(umm_trust_check_directory("none", NULL), UMM_ERR_SYSTEM);
    assert_int_equal(chdir("theirs"), 0);
    assert_int_equal(umm_trust_check_directory(".", NULL), UMM_ERR_CONFLICT);
    assert_int_equal(chdir(".."), 0);
    /* To one of ours: by a link of ours, or another's. */
    assert_int_equal(symlink("mine", "link"), 0);
    assert_int_equal(umm_trust_check_directory("link/", NULL), UMM_OK);
    assert_int_equal(lchown("link", OTHER, OTHER), 0);
    assert_int_equal(umm_trust_check_directory("link/", NULL), UMM_ERR_CONFLICT);
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(umm_trust_check_directory("link", NULL), UMM_OK);
    assert_int_equal(umm_trust_check_directory("theirs", NULL), UMM_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(owners), TEST(companions), TEST(names),
                                       TEST(directories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
