/* SPDX-License-Identifier: MIT */
/* Every test runs in a scratch directory of its own as working directory. */
#include "sys/file.h"
#include "sys/lock.h"

#include "scratch.h"
#include "tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static enum umm_status try_take(const char *path)
{
    struct umm_lock lock;
    enum umm_status status = umm_lock_take(&lock, path, UMM_LOCK_FAIL, NULL, NULL);
    umm_lock_release(&lock);
    return status;
}

/* A process that holds the lock of o until it is killed. */
static pid_t fork_holder(void)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork_mortal();
    if (pid == 0) {
        struct umm_lock lock;
        if (umm_lock_take(&lock, "o", UMM_LOCK_FAIL, NULL, NULL) || write(ends[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return pid;
}

static void kill_hard(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* ---- taking and releasing ---- */

static void lock_file_is_there_while_held_and_gone_after(void **state)
{
    (void)state;
    struct umm_lock lock, none = {0};
    assert_int_equal(umm_lock_take(&lock, "o", UMM_LOCK_FAIL, NULL, NULL), UMM_OK);
    assert_true(exists(".o.lock"));
    assert_false(exists("o"));
    umm_lock_release(&lock);
    assert_false(exists(".o.lock"));
    umm_lock_release(&lock);
    umm_lock_release(&none);
}

static void second_taker_is_busy_until_release(void **state)
{
    (void)state;
    struct umm_lock lock, second;
    struct umm_error err = {0};
    assert_int_equal(umm_lock_take(&lock, "o", UMM_LOCK_WAIT, NULL, NULL), UMM_OK);
    assert_int_equal(umm_lock_take(&second, "o", UMM_LOCK_FAIL, NULL, &err), UMM_ERR_BUSY);
    assert_string_equal(err.path, "o");
    assert_string_equal(err.message, "is locked by another process");
    umm_lock_release(&second);
    assert_int_equal(try_take("o"), UMM_ERR_BUSY);
    assert_int_equal(try_take("other"), UMM_OK);
    umm_lock_release(&lock);
    assert_int_equal(try_take("o"), UMM_OK);
}

static void links_in_the_directory_share_the_lock(void **state)
{
    (void)state;
    struct umm_lock lock;
    assert_int_equal(symlink("o", "link"), 0);
    assert_int_equal(umm_lock_take(&lock, "link", UMM_LOCK_FAIL, NULL, NULL), UMM_OK);
    assert_true(exists(".o.lock"));
    assert_int_equal(try_take("./o"), UMM_ERR_BUSY);
    umm_lock_release(&lock);
}

static void longest_name_can_be_locked(void **state)
{
    (void)state;
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    assert_int_equal(try_take(name), UMM_OK);
    /* Only an empty directory can be removed. */
    assert_int_equal(rmdir(scratch), 0);
    assert_int_equal(mkdir(scratch, 0700), 0);
}

static void killed_holder_holds_nothing(void **state)
{
    (void)state;
    pid_t pid = fork_holder();
    assert_int_equal(try_take("o"), UMM_ERR_BUSY);
    kill_hard(pid);
    assert_true(exists(".o.lock"));
    assert_int_equal(try_take("o"), UMM_OK);
    assert_false(exists(".o.lock"));
}

static void release_leaves_a_lock_that_is_not_its_own(void **state)
{
    (void)state;
    struct umm_lock mine;
    assert_int_equal(umm_lock_take(&mine, "o", UMM_LOCK_FAIL, NULL, NULL), UMM_OK);
    assert_int_equal(unlink(".o.lock"), 0);
    pid_t pid = fork_holder();
    umm_lock_release(&mine);
    assert_int_equal(try_take("o"), UMM_ERR_BUSY);
    kill_hard(pid);
}

/* ---- waiting ---- */

static void *cancel_soon(void *run)
{
    wait_until_asleep(getpid());
    umm_run_cancel(run);
    return NULL;
}

static void wait_is_cancelled(void **state)
{
    (void)state;
    struct umm_run run = {0};
    struct umm_lock lock;
    pthread_t thread;
    pid_t pid = fork_holder();
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &run), 0);
    assert_int_equal(umm_lock_take(&lock, "o", UMM_LOCK_WAIT, &run, NULL), UMM_ERR_CANCELLED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    kill_hard(pid);
}

static void wait_ends_with_the_limit(void **state)
{
    (void)state;
    struct umm_run outer = {.lock_limit_ns = 1000000}, run = {.cancel_with = &outer};
    struct umm_lock lock;
    struct umm_error err;
    char wanted[128];
    pid_t pid = fork_holder();
    assert_int_equal(umm_lock_take(&lock, "o", UMM_LOCK_WAIT, &run, &err), UMM_ERR_BUSY);
    snprintf(wanted, sizeof wanted,
             "is still locked by another process after 1 ms: test_lock, pid %d", (int)pid);
    assert_string_equal(err.message, wanted);
    run.lock_limit_ns = 2000000000;
    outer.lock_limit_ns = UINT64_MAX;
    assert_int_equal(umm_lock_take(&lock, "o", UMM_LOCK_FAIL, &run, &err), UMM_ERR_BUSY);
    snprintf(wanted, sizeof wanted, "is locked by another process: test_lock, pid %d", (int)pid);
    assert_string_equal(err.message, wanted);
    kill_hard(pid);
}

static void *release_soon(void *lock)
{
    wait_until_asleep(getpid());
    umm_lock_release(lock);
    return NULL;
}

static void wait_ends_with_the_release(void **state)
{
    (void)state;
    struct umm_lock first, second;
    pthread_t thread;
    assert_int_equal(umm_lock_take(&first, "o", UMM_LOCK_FAIL, NULL, NULL), UMM_OK);
    assert_int_equal(pthread_create(&thread, NULL, release_soon, &first), 0);
    assert_int_equal(umm_lock_take(&second, "o", UMM_LOCK_WAIT, NULL, NULL), UMM_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    /* What it holds is the file of that name, not the one the first removed. */
    assert_true(exists(".o.lock"));
    assert_int_equal(try_take("o"), UMM_ERR_BUSY);
    umm_lock_release(&second);
}

/* ---- mutual exclusion ---- */

enum { N_PROCESSES = 4, N_ROUNDS = 100 };

/* Add one to the counter in fd the slow way: two holders at once would lose counts. */
static bool count_up(int fd)
{
    uint32_t n;
    if (pread(fd, &n, sizeof n, 0) != sizeof n)
        return false;
    n++;
    usleep(20);
    return pwrite(fd, &n, sizeof n, 0) == sizeof n;
}

static void count_under_lock(int fd, enum umm_lock_wait wait)
{
    for (int i = 0; i < N_ROUNDS;) {
        struct umm_lock lock;
        enum umm_status status = umm_lock_take(&lock, "o", wait, NULL, NULL);
        if (status == UMM_ERR_BUSY)
            continue;
        if (status || !count_up(fd))
            _exit(1);
        umm_lock_release(&lock);
        i++;
    }
    _exit(0);
}

/*
 * Every release removes the file, so takers that opened it before keep getting
 * locks on files without a name. Half of them spin, half of them wait.
 */
static void processes_never_hold_it_at_once(void **state)
{
    (void)state;
    uint32_t n = 0;
    pid_t pids[N_PROCESSES];
    int fd = open("counter", O_RDWR | O_CREAT, 0600);
    assert_int_equal(pwrite(fd, &n, sizeof n, 0), sizeof n);
    for (int i = 0; i < N_PROCESSES; i++) {
        pids[i] = fork_mortal();
        if (pids[i] == 0)
            count_under_lock(fd, i % 2 ? UMM_LOCK_WAIT : UMM_LOCK_FAIL);
    }
    for (int i = 0; i < N_PROCESSES; i++) {
        int wait_status = 0;
        assert_int_equal(waitpid(pids[i], &wait_status, 0), pids[i]);
        assert_true(WIFEXITED(wait_status));
        assert_int_equal(WEXITSTATUS(wait_status), 0);
    }
    assert_int_equal(pread(fd, &n, sizeof n, 0), sizeof n);
    assert_int_equal(n, N_PROCESSES * N_ROUNDS);
    assert_false(exists(".o.lock"));
    close(fd);
}

/* ---- refusals ---- */

static void assert_refused(const char *path, enum umm_status expected, int sys_errno,
                           const char *message)
{
    struct umm_lock lock;
    struct umm_error err = {0};
    assert_int_equal(umm_lock_take(&lock, path, UMM_LOCK_FAIL, NULL, &err), expected);
    assert_int_equal(err.sys_errno, sys_errno);
    assert_string_equal(err.message, message);
    umm_lock_release(&lock);
}

static void streams_cannot_be_locked(void **state)
{
    (void)state;
    static const char message[] = "is not a regular file and cannot be locked";
    assert_refused("-", UMM_ERR_ARGUMENT, 0, message);
    assert_refused("/dev/null", UMM_ERR_ARGUMENT, 0, message);
    assert_false(exists("/dev/.null.lock"));
}

static void missing_directory_is_enoent(void **state)
{
    (void)state;
    assert_refused("none/o", UMM_ERR_SYSTEM, ENOENT, "cannot open the directory");
}

static void strange_lock_files_are_refused(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(".f.lock", 0600), 0);
    assert_refused("f", UMM_ERR_CONFLICT, 0, "its lock file is not a regular file");
    assert_true(exists(".f.lock"));
    assert_int_equal(symlink("victim", ".s.lock"), 0);
    assert_refused("s", UMM_ERR_SYSTEM, ELOOP, "cannot open its lock file");
    assert_false(exists("victim"));
}

/* In a process that is no longer root: 0 when o is busy and p free, 77 for "cannot test". */
static int take_as_other_user(void)
{
    if (setgid(65534) < 0 || setuid(65534) < 0)
        return 77;
    if (try_take("o") != UMM_ERR_BUSY)
        return 1;
    return try_take("p") == UMM_OK ? 0 : 2;
}

static void lock_file_of_another_user_can_be_locked(void **state)
{
    (void)state;
    struct umm_lock lock;
    int wait_status = 0;
    mode_t mask = umask(022);
    assert_int_equal(chmod(".", 01777), 0);
    int fd = open(".p.lock", O_RDWR | O_CREAT, 0666);
    assert_int_equal(umm_lock_take(&lock, "o", UMM_LOCK_FAIL, NULL, NULL), UMM_OK);
    umask(mask);
    close(fd);
    pid_t pid = fork_mortal();
    if (pid == 0)
        _exit(take_as_other_user());
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    umm_lock_release(&lock);
    assert_true(WIFEXITED(wait_status));
    if (WEXITSTATUS(wait_status) == 77) {
        print_message("SKIP: cannot become another user\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(wait_status), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lock_file_is_there_while_held_and_gone_after),
        TEST(second_taker_is_busy_until_release),
        TEST(links_in_the_directory_share_the_lock),
        TEST(longest_name_can_be_locked),
        TEST(killed_holder_holds_nothing),
        TEST(release_leaves_a_lock_that_is_not_its_own),
        TEST(wait_is_cancelled),
        TEST(wait_ends_with_the_limit),
        TEST(wait_ends_with_the_release),
        TEST(processes_never_hold_it_at_once),
        TEST(streams_cannot_be_locked),
        TEST(missing_directory_is_enoent),
        TEST(strange_lock_files_are_refused),
        TEST(lock_file_of_another_user_can_be_locked),
    };
    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
