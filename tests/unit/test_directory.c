/* SPDX-License-Identifier: MIT */
/* Every test runs in a scratch directory of its own as working directory. */
#include "sys/directory.h"

#include "scratch.h"
#include "tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int make(const char *path)
{
    bool is_new;
    int fd;
    assert_int_equal(umm_directory_make(path, 0700, &is_new, NULL), UMM_OK);
    assert_int_equal(umm_directory_open_private(path, &fd, NULL), UMM_OK);
    return fd;
}

static void assert_refused(const char *path, const char *message)
{
    struct umm_error err = {0};
    int fd;
    assert_int_equal(umm_directory_open_private(path, &fd, &err), UMM_ERR_CONFLICT);
    assert_int_equal(fd, -1);
    assert_string_equal(err.message, message);
    assert_string_equal(err.path, path);
}

static void made_with_its_mode_whatever_the_umask(void **state)
{
    (void)state;
    static const mode_t masks[] = {0, 022, 0777};
    struct stat st;
    bool is_new;
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        mode_t before = umask(masks[i]);
        assert_int_equal(umm_directory_make("d", 0700, &is_new, NULL), UMM_OK);
        umask(before);
        assert_true(is_new);
        assert_int_equal(stat("d", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
        assert_int_equal(umm_directory_make("d", 0700, &is_new, NULL), UMM_OK);
        assert_false(is_new);
        assert_int_equal(rmdir("d"), 0);
    }
    struct umm_error err = {0};
    assert_int_equal(umm_directory_make("no/d", 0700, &is_new, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
}

static void only_a_private_directory_opens(void **state)
{
    (void)state;
    int fd = make("d");
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    umm_file_close(&fd);
    assert_int_equal(symlink("d", "link"), 0);
    put("file", "x");
    assert_refused("link", "is not a directory (links are not followed)");
    assert_refused("file", "is not a directory (links are not followed)");
    assert_int_equal(chmod("d", 0710), 0);
    assert_refused("d", "is open to other users (mode 0710, wanted 0700)");
    struct umm_error err = {0};
    assert_int_equal(umm_directory_open_private("none", &fd, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
    if (geteuid() != 0)
        return; /* nobody else's directory to try */
    assert_int_equal(chmod("d", 0700), 0);
    assert_int_equal(chown("d", 12345, 12345), 0);
    assert_refused("d", "belongs to another user (uid 12345)");
}

static void names_are_listed_in_order(void **state)
{
    (void)state;
    enum { N = 1000 };
    char name[32], **names;
    size_t n;
    int fd = make("d");
    assert_int_equal(umm_directory_list(fd, "d", &names, &n, NULL), UMM_OK);
    assert_int_equal(n, 0);
    assert_null(names[0]);
    free(names);
    assert_int_equal(chdir("d"), 0);
    for (int i = N; i-- > 0;) {
        snprintf(name, sizeof name, "%s%04d", i % 2 ? "." : "x", i);
        put(name, "");
    }
    /* Twice: the descriptor's offset is not moved. */
    for (int turn = 0; turn < 2; turn++) {
        assert_int_equal(umm_directory_list(fd, "d", &names, &n, NULL), UMM_OK);
        assert_int_equal(n, N);
        for (size_t i = 0; i < N; i++) {
            size_t number = i < N / 2 ? 2 * i + 1 : 2 * (i - N / 2);
            snprintf(name, sizeof name, "%s%04zu", number % 2 ? "." : "x", number);
            assert_string_equal(names[i], name);
        }
        free(names);
    }
    umm_file_close(&fd);
    assert_int_equal(umm_directory_list(-1, "d", &names, &n, NULL), UMM_ERR_SYSTEM);
}

static void files_are_examined_opened_and_removed(void **state)
{
    (void)state;
    struct umm_file_info info;
    struct umm_error err = {0};
    int fd = make("d"), file_fd;
    put("d/file", "12345");
    put("outside", "secret");
    assert_int_equal(symlink("../outside", "d/link"), 0);
    assert_int_equal(mkfifo("d/fifo", 0600), 0);
    assert_int_equal(mkdir("d/sub", 0700), 0);
    assert_int_equal(mknod("d/socket", S_IFSOCK | 0600, 0), 0);
    assert_int_equal(umm_file_look_at(fd, "file", "d", &info, NULL), UMM_OK);
    assert_true(info.kind == UMM_FILE_REGULAR && info.size_bytes == 5);
    assert_int_equal(umm_file_look_at(fd, "link", "d", &info, NULL), UMM_OK);
    assert_true(info.kind == UMM_FILE_LINK && info.size_bytes == 0);
    assert_int_equal(umm_file_look_at(fd, "sub", "d", &info, NULL), UMM_OK);
    assert_true(info.kind == UMM_FILE_DIRECTORY);
    assert_int_equal(umm_directory_open_file(fd, "d", "file", &file_fd, &info, NULL), UMM_OK);
    umm_file_close(&file_fd);
    static const char *const others[] = {"link", "fifo", "sub", "socket"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(umm_directory_open_file(fd, "d", others[i], &file_fd, &info, &err),
                         UMM_ERR_CONFLICT);
        assert_string_equal(err.message, "is not a regular file");
        assert_int_equal(file_fd, -1);
    }
    assert_int_equal(umm_directory_open_file(fd, "d", "none", &file_fd, &info, &err),
                     UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
    assert_int_equal(umm_directory_remove_file(fd, "d", "link", NULL), UMM_OK);
    assert_int_equal(access("outside", F_OK), 0);
    assert_int_equal(umm_directory_remove_file(fd, "d", "link", NULL), UMM_ERR_SYSTEM);
    umm_file_close(&fd);
}

static void lock_excludes_until_its_holder_dies(void **state)
{
    (void)state;
    struct umm_run run = {.cancelled = 1};
    int fd = make("d"), ends[2], back[2];
    char byte;
    assert_int_equal(pipe(ends) + pipe(back), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int mine = make("d");
        if (umm_directory_lock(mine, "d", NULL, NULL) || write(ends[1], "x", 1) != 1 ||
            read(back[0], &byte, 1) != 1)
            _exit(1);
        wait_until_asleep(getppid());
        raise(SIGKILL);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(umm_directory_lock(fd, "d", &run, NULL), UMM_ERR_CANCELLED);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
    assert_int_equal(write(back[1], "x", 1), 1);
    assert_int_equal(umm_directory_lock(fd, "d", NULL, NULL), UMM_OK);
    assert_int_equal(waitpid(pid, NULL, 0), pid); /* its locks go before it does */
    int other = make("d");
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
    umm_directory_unlock(fd);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
    umm_file_close(&other);
    umm_file_close(&fd);
    close(ends[0]), close(ends[1]);
    close(back[0]), close(back[1]);
}

static void only_the_open_directory_is_removed(void **state)
{
    (void)state;
    int fd = make("d");
    assert_true(umm_directory_is_at(fd, "d"));
    assert_int_equal(rename("d", "e"), 0);
    assert_false(umm_directory_is_at(fd, "d"));
    assert_int_equal(mkdir("d", 0700), 0);
    assert_false(umm_directory_is_at(fd, "d"));
    assert_int_equal(umm_directory_remove(fd, "d", NULL), UMM_ERR_CONFLICT);
    put("e/file", "x");
    assert_int_equal(umm_directory_remove(fd, "e", NULL), UMM_ERR_SYSTEM);
    assert_int_equal(unlink("e/file"), 0);
    assert_int_equal(umm_directory_remove(fd, "e", NULL), UMM_OK);
    umm_file_close(&fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(made_with_its_mode_whatever_the_umask),
        TEST(only_a_private_directory_opens),
        TEST(names_are_listed_in_order),
        TEST(files_are_examined_opened_and_removed),
        TEST(lock_excludes_until_its_holder_dies),
        TEST(only_the_open_directory_is_removed),
    };
    return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
