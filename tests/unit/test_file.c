/* SPDX-License-Identifier: MIT */
/* Every test runs in a scratch directory of its own as working directory. */
#include "sys/clock.h"
#include "sys/file.h"

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
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void assert_errno(enum umm_status status, const struct umm_error *err, int sys_errno)
{
    assert_int_equal(status, UMM_ERR_SYSTEM);
    assert_int_equal(err->status, UMM_ERR_SYSTEM);
    assert_int_equal(err->sys_errno, sys_errno);
}

/* ---- signals and other processes ---- */

static struct umm_run alarm_run;

static void on_alarm(int number)
{
    (void)number;
    umm_run_cancel(&alarm_run);
}

static void ignore(int number)
{
    (void)number;
}

/* Send SIGALRM to handler after ms milliseconds, once or over and over; 0 stops. */
static void set_alarm(void (*handler)(int), suseconds_t ms, bool is_repeated)
{
    struct sigaction action = {.sa_handler = handler};
    struct itimerval timer = {.it_value = {.tv_usec = ms * 1000}};
    if (is_repeated)
        timer.it_interval = timer.it_value;
    alarm_run = (struct umm_run){0};
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void *cancel_soon(void *run)
{
    wait_until_asleep(getpid());
    umm_run_cancel(run);
    return NULL;
}

static void assert_child_ok(pid_t pid)
{
    int wait_status = 0;
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    assert_true(WIFEXITED(wait_status));
    assert_int_equal(WEXITSTATUS(wait_status), 0);
}

enum { BIG = 1 << 20 };

static unsigned char pattern_at(size_t i)
{
    return (unsigned char)(i * 7 + i / 251);
}

static unsigned char *new_pattern(void)
{
    unsigned char *bytes = malloc(BIG);
    assert_non_null(bytes);
    for (size_t i = 0; i < BIG; i++)
        bytes[i] = pattern_at(i);
    return bytes;
}

/* A process that reads the pattern from fd, dawdling, and exits 0 when it got all. */
static pid_t fork_slow_reader(int fd, int fd_to_close)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    unsigned char chunk[50000];
    size_t at = 0;
    ssize_t n;
    close(fd_to_close);
    while ((n = read(fd, chunk, sizeof chunk)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            if (chunk[i] != pattern_at(at++))
                _exit(2);
        usleep(5000);
    }
    _exit(at == BIG ? 0 : 1);
}

/* ---- opening ---- */

static void missing_file_is_enoent(void **state)
{
    (void)state;
    struct umm_error err = {0};
    int fd = 7;
    assert_errno(umm_file_open_read("none", &fd, NULL, &err), &err, ENOENT);
    assert_int_equal(fd, -1);
    assert_string_equal(err.path, "none");
    assert_string_equal(err.message, "cannot open");
}

static void directory_is_eisdir(void **state)
{
    (void)state;
    struct umm_error err = {0};
    int fd = 7;
    assert_errno(umm_file_open_read(".", &fd, NULL, &err), &err, EISDIR);
    assert_int_equal(fd, -1);
}

static void regular_file_is_described(void **state)
{
    (void)state;
    struct umm_file_info info;
    struct stat st;
    int fd;
    put("a", "hello");
    assert_int_equal(chmod("a", 0640), 0);
    assert_int_equal(umm_file_open_read("a", &fd, &info, NULL), UMM_OK);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(info.kind, UMM_FILE_REGULAR);
    assert_int_equal(info.size_bytes, 5);
    assert_int_equal(info.mode, 0640);
    assert_true(info.device == st.st_dev && info.inode == st.st_ino);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    umm_file_close(&fd);
    assert_int_equal(fd, -1);
}

static void kinds_are_told_apart(void **state)
{
    (void)state;
    struct umm_file_info info;
    int ends[2], dir = open(".", O_RDONLY), null = open("/dev/null", O_RDONLY);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(umm_file_stat_fd(dir, ".", &info, NULL), UMM_OK);
    assert_int_equal(info.kind, UMM_FILE_DIRECTORY);
    assert_int_equal(info.size_bytes, 0);
    assert_int_equal(umm_file_stat_fd(null, "/dev/null", &info, NULL), UMM_OK);
    assert_int_equal(info.kind, UMM_FILE_STREAM);
    assert_int_equal(umm_file_stat_fd(ends[0], "pipe", &info, NULL), UMM_OK);
    assert_int_equal(info.kind, UMM_FILE_STREAM);
    assert_int_equal(umm_file_stat_fd(-1, "bad", &info, NULL), UMM_ERR_SYSTEM);
    close(dir), close(null), close(ends[0]), close(ends[1]);
}

/* ---- reading ---- */

static void fifo_opens_at_once_and_its_read_waits_for_the_writer(void **state)
{
    (void)state;
    struct umm_run run = {0};
    char buf[16];
    size_t n = 0;
    int fd;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(umm_file_open_read("fifo", &fd, NULL, NULL), UMM_OK);
    pid_t pid = fork();
    if (pid == 0) {
        wait_until_asleep(getppid());
        int out = open("fifo", O_WRONLY);
        _exit(out >= 0 && write(out, "abc", 3) == 3 ? 0 : 1);
    }
    assert_int_equal(umm_file_read(fd, "fifo", &run, buf, sizeof buf, &n, NULL), UMM_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(buf, "abc", 3);
    assert_child_ok(pid);
    assert_int_equal(umm_file_read(fd, "fifo", &run, buf, sizeof buf, &n, NULL), UMM_OK);
    assert_int_equal(n, 0);
    umm_file_close(&fd);
}

static void waiting_read_is_cancelled_by_a_signal_handler(void **state)
{
    (void)state;
    char byte;
    size_t n = 7;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    set_alarm(on_alarm, 30, false);
    struct umm_error err = {0};
    assert_int_equal(umm_file_read(ends[0], "pipe", &alarm_run, &byte, 1, &n, &err),
                     UMM_ERR_CANCELLED);
    assert_int_equal(err.status, UMM_ERR_CANCELLED);
    assert_int_equal(n, 0);
    close(ends[0]), close(ends[1]);
}

/* No signal reaches the waiting thread here, as when it came just before the wait. */
static void waiting_read_sees_a_cancel_that_no_signal_announces(void **state)
{
    (void)state;
    struct umm_run run = {0};
    pthread_t thread;
    char byte;
    size_t n;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &run), 0);
    assert_int_equal(umm_file_read(ends[0], "pipe", &run, &byte, 1, &n, NULL), UMM_ERR_CANCELLED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(ends[0]), close(ends[1]);
}

static void read_of_a_nonblocking_pipe_waits_through_signals(void **state)
{
    (void)state;
    char byte = 0;
    size_t n;
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    set_alarm(ignore, 0, false); /* the handler alone */
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 10; i++) {
            wait_until_asleep(getppid());
            kill(getppid(), SIGALRM);
        }
        wait_until_asleep(getppid());
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    assert_int_equal(umm_file_read(ends[0], "pipe", NULL, &byte, 1, &n, NULL), UMM_OK);
    assert_int_equal(n, 1);
    assert_int_equal(byte, 'x');
    assert_child_ok(pid);
    close(ends[0]), close(ends[1]);
}

static void pread_all_says_how_much_is_missing(void **state)
{
    (void)state;
    struct umm_error err = {0};
    char buf[8];
    int fd;
    put("five", "12345");
    assert_int_equal(umm_file_open_read("five", &fd, NULL, NULL), UMM_OK);
    assert_int_equal(umm_file_pread_all(fd, "five", buf, 3, 2, NULL), UMM_OK);
    assert_memory_equal(buf, "345", 3);
    assert_int_equal(umm_file_pread_all(fd, "five", buf, 8, 0, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "file ends 3 bytes early");
    assert_string_equal(err.path, "five");
    assert_memory_equal(buf, "12345", 5);
    assert_errno(umm_file_pread_all(fd, "five", buf, 8, INT64_MAX - 7, &err), &err, EOVERFLOW);
    umm_file_close(&fd);
}

static void read_whole_takes_files_with_and_without_a_size(void **state)
{
    (void)state;
    void *data;
    size_t len;
    put("text", "hello");
    put("empty", "");
    assert_int_equal(umm_file_read_whole("text", 5, &data, &len, NULL), UMM_OK);
    assert_int_equal(len, 5);
    assert_string_equal(data, "hello");
    free(data);
    assert_int_equal(umm_file_read_whole("empty", 0, &data, &len, NULL), UMM_OK);
    assert_int_equal(len, 0);
    free(data);
    assert_int_equal(umm_file_read_whole("/proc/self/status", SIZE_MAX, &data, &len, NULL), UMM_OK);
    assert_true(len > 100 && strlen(data) == len);
    free(data);
}

static void read_whole_refuses_more_than_the_limit(void **state)
{
    (void)state;
    struct umm_error err = {0};
    void *data;
    size_t len;
    put("six", "123456");
    assert_int_equal(umm_file_read_whole("six", 5, &data, &len, &err), UMM_ERR_DATA);
    assert_string_equal(err.message, "larger than 5 bytes");
    int zeros = open("/dev/zero", O_RDONLY);
    assert_int_equal(umm_file_read_whole_fd(zeros, "zeros", 100000, &data, &len, &err),
                     UMM_ERR_DATA);
    (void)close(zeros);
    /* A FIFO that nobody writes into is not waited for. */
    assert_int_equal(mkfifo("never", 0600), 0);
    assert_int_equal(umm_file_read_whole("never", 5, &data, &len, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, "is not a regular file");
    assert_int_equal(umm_file_read_whole("/dev/zero", 5, &data, &len, &err), UMM_ERR_CONFLICT);
    assert_errno(umm_file_read_whole("none", 5, &data, &len, &err), &err, ENOENT);
}

static void read_whole_grows_with_a_stream(void **state)
{
    (void)state;
    void *data;
    size_t len;
    unsigned char *bytes = new_pattern();
    assert_int_equal(mkfifo("source", 0600), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open("source", O_WRONLY);
        _exit(umm_file_write_all(fd, "source", bytes, BIG, NULL) ? 1 : 0);
    }
    assert_int_equal(
        umm_file_read_whole_fd(open("source", O_RDONLY), "source", BIG, &data, &len, NULL), UMM_OK);
    assert_int_equal(len, BIG);
    assert_memory_equal(data, bytes, BIG);
    assert_child_ok(pid);
    free(data);
    free(bytes);
}

/* ---- writing ---- */

typedef enum umm_status write_fn(int fd, const unsigned char *bytes);

static enum umm_status write_plain(int fd, const unsigned char *bytes)
{
    return umm_file_write_all(fd, "pipe", bytes, BIG, NULL);
}

static enum umm_status write_stream(int fd, const unsigned char *bytes)
{
    struct umm_run run = {0};
    return umm_file_write_stream(fd, "pipe", &run, bytes, BIG, NULL);
}

/* All bytes arrive, once and in order, though a signal comes every 2 ms. */
static void check_write_to_slow_reader(int pipe_flags, write_fn *write_big)
{
    unsigned char *bytes = new_pattern();
    int ends[2];
    assert_int_equal(pipe2(ends, pipe_flags), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, 0), 0);
    pid_t pid = fork_slow_reader(ends[0], ends[1]);
    close(ends[0]);
    set_alarm(ignore, 2, true);
    assert_int_equal(write_big(ends[1], bytes), UMM_OK);
    set_alarm(ignore, 0, false);
    close(ends[1]);
    assert_child_ok(pid);
    free(bytes);
}

static void writes_to_a_slow_pipe_are_complete_under_signals(void **state)
{
    (void)state;
    check_write_to_slow_reader(0, write_plain);
    check_write_to_slow_reader(O_NONBLOCK, write_plain);
    check_write_to_slow_reader(0, write_stream);
    check_write_to_slow_reader(O_NONBLOCK, write_stream);
}

static void write_to_a_reader_that_does_not_read_is_cancelled(void **state)
{
    (void)state;
    struct umm_run run = {0};
    unsigned char *bytes = new_pattern();
    pthread_t thread;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &run), 0);
    assert_int_equal(umm_file_write_stream(ends[1], "pipe", &run, bytes, BIG, NULL),
                     UMM_ERR_CANCELLED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    close(ends[0]), close(ends[1]);
    free(bytes);
}

static void write_without_reader_is_epipe(void **state)
{
    (void)state;
    struct umm_error err = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    assert_errno(umm_file_write_all(ends[1], "pipe", "x", 1, &err), &err, EPIPE);
    assert_errno(umm_file_write_stream(ends[1], "pipe", NULL, "x", 1, &err), &err, EPIPE);
    signal(SIGPIPE, before);
    close(ends[1]);
}

static void full_device_is_enospc(void **state)
{
    (void)state;
    struct umm_error err = {0};
    int fd = open("/dev/full", O_WRONLY);
    assert_errno(umm_file_write_all(fd, "/dev/full", "x", 1, &err), &err, ENOSPC);
    assert_errno(umm_file_write_stream(fd, "/dev/full", NULL, "x", 1, &err), &err, ENOSPC);
    assert_errno(umm_file_pwrite_all(fd, "/dev/full", "x", 1, 0, &err), &err, ENOSPC);
    assert_string_equal(err.message, "cannot write");
    close(fd);
}

static void pwrite_all_leaves_the_offset(void **state)
{
    (void)state;
    struct umm_error err = {0};
    char buf[8];
    int fd = open("rw", O_RDWR | O_CREAT, 0600);
    assert_int_equal(umm_file_write_all(fd, "rw", "ab", 2, NULL), UMM_OK);
    assert_int_equal(umm_file_pwrite_all(fd, "rw", "XYZ", 3, 4, NULL), UMM_OK);
    assert_int_equal(umm_file_write_stream(fd, "rw", NULL, "cd", 2, NULL), UMM_OK);
    assert_int_equal(umm_file_pread_all(fd, "rw", buf, 7, 0, NULL), UMM_OK);
    assert_memory_equal(buf, "abcdXYZ", 7);
    assert_errno(umm_file_pwrite_all(fd, "rw", "x", 2, UINT64_MAX, &err), &err, EFBIG);
    close(fd);
}

/* ---- size and durability ---- */

static void truncate_and_allocate_set_the_size(void **state)
{
    (void)state;
    struct umm_file_info info;
    struct umm_error err = {0};
    int fd = open("sized", O_RDWR | O_CREAT, 0600);
    assert_int_equal(umm_file_truncate(fd, "sized", 10, NULL), UMM_OK);
    assert_int_equal(umm_file_allocate(fd, "sized", 0, 0, NULL), UMM_OK);
    assert_int_equal(umm_file_allocate(fd, "sized", 4096, 4096, NULL), UMM_OK);
    assert_int_equal(umm_file_stat_fd(fd, "sized", &info, NULL), UMM_OK);
    assert_true(info.size_bytes == 8192 || info.size_bytes == 10);
    assert_errno(umm_file_truncate(fd, "sized", UINT64_MAX, &err), &err, EFBIG);
    assert_errno(umm_file_allocate(fd, "sized", INT64_MAX, 1, &err), &err, EFBIG);
    assert_int_equal(umm_file_sync(fd, "sized", NULL), UMM_OK);
    assert_int_equal(umm_file_sync_data(fd, "sized", NULL), UMM_OK);
    close(fd);
}

static void sync_of_a_pipe_is_an_error(void **state)
{
    (void)state;
    struct umm_error err = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_errno(umm_file_sync(ends[1], "pipe", &err), &err, EINVAL);
    assert_errno(umm_file_sync_data(ends[1], "pipe", &err), &err, EINVAL);
    assert_errno(umm_file_allocate(ends[1], "pipe", 0, 1, &err), &err, ESPIPE);
    close(ends[0]), close(ends[1]);
}

static void scratch_file_has_no_name(void **state)
{
    (void)state;
    struct umm_error err = {0};
    char byte = 0;
    int fd;
    assert_int_equal(mkdir("empty-dir", 0700), 0);
    assert_int_equal(umm_file_scratch("empty-dir", &fd, NULL), UMM_OK);
    assert_int_equal(umm_file_pwrite_all(fd, "s", "q", 1, 0, NULL), UMM_OK);
    assert_int_equal(umm_file_pread_all(fd, "s", &byte, 1, 0, NULL), UMM_OK);
    assert_int_equal(byte, 'q');
    assert_int_equal(rmdir("empty-dir"), 0);
    umm_file_close(&fd);
    assert_errno(umm_file_scratch("no-dir", &fd, &err), &err, ENOENT);
    assert_int_equal(fd, -1);
    assert_string_equal(err.path, "no-dir");
}

static void close_checked_reports_and_forgets(void **state)
{
    (void)state;
    struct umm_error err = {0};
    int fd = open("/dev/null", O_RDONLY);
    int again = fd;
    assert_int_equal(umm_file_close_checked(&fd, "n", NULL), UMM_OK);
    assert_int_equal(fd, -1);
    assert_int_equal(umm_file_close_checked(&fd, "n", NULL), UMM_OK);
    assert_errno(umm_file_close_checked(&again, "n", &err), &err, EBADF);
    assert_int_equal(again, -1);
}

static void same_file_is_known_by_any_name(void **state)
{
    (void)state;
    struct umm_file_info info;
    int fd;
    put("one", "");
    put("other", "");
    assert_int_equal(symlink("one", "link"), 0);
    assert_int_equal(link("one", "twin"), 0);
    assert_int_equal(umm_file_open_read("one", &fd, &info, NULL), UMM_OK);
    assert_true(umm_file_same("link", info.device, info.inode));
    assert_true(umm_file_same("twin", info.device, info.inode));
    assert_false(umm_file_same("other", info.device, info.inode));
    assert_false(umm_file_same("none", info.device, info.inode));
    assert_true(umm_file_is_named(AT_FDCWD, "twin", fd));
    assert_false(umm_file_is_named(AT_FDCWD, "link", fd));
    umm_file_close(&fd);
}

static void directories_are_made_once(void **state)
{
    (void)state;
    struct umm_file_info info;
    struct umm_error err = {0};
    assert_int_equal(umm_file_make_directory("dir", NULL), UMM_OK);
    assert_int_equal(umm_file_make_directory("dir", NULL), UMM_OK);
    assert_int_equal(umm_file_stat("dir", &info, NULL), UMM_OK);
    assert_int_equal(info.kind, UMM_FILE_DIRECTORY);
    assert_int_equal(symlink("dir", "link"), 0);
    assert_int_equal(umm_file_make_directory("link", NULL), UMM_OK);
    put("file", "");
    assert_errno(umm_file_make_directory("file", &err), &err, EEXIST);
    assert_errno(umm_file_make_directory("none/dir", &err), &err, ENOENT);
    assert_string_equal(err.path, "none/dir");
}

/* ---- clock ---- */

static uint64_t fixed_clock(void *user)
{
    return *(uint64_t *)user;
}

static void clocks_run(void **state)
{
    (void)state;
    uint64_t fixed = 42;
    struct umm_run run = {.clock_ns = fixed_clock, .clock_user = &fixed};
    uint64_t before = umm_clock_monotonic_ns();
    usleep(1000);
    assert_true(umm_clock_run_ns(NULL) >= before + 1000000);
    assert_int_equal(umm_clock_run_ns(&run), 42);
    const int64_t s = 1000000000, earliest_ns = (int64_t)time(NULL) * s,
                  now_ns = umm_clock_realtime_ns();
    assert_true(now_ns >= earliest_ns && now_ns <= ((int64_t)time(NULL) + 2) * s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

static void a_seek_goes_there_or_says_why(void **state)
{
    struct umm_error err;
    size_t n_read;
    char byte;
    int ends[2];
    (void)state;
    put("five", "12345");
    int fd = open("five", O_RDONLY | O_CLOEXEC);
    assert_int_equal(umm_file_seek(fd, "five", 3, NULL), UMM_OK);
    assert_int_equal(umm_file_read(fd, "five", NULL, &byte, 1, &n_read, NULL), UMM_OK);
    assert_int_equal(byte, '4');
    errno = 0;
    assert_errno(umm_file_seek(fd, "five", (uint64_t)INT64_MAX + 1, &err), &err, EOVERFLOW);
    close(fd);
    assert_int_equal(pipe(ends), 0);
    assert_errno(umm_file_seek(ends[0], "pipe", 0, &err), &err, ESPIPE);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(missing_file_is_enoent),
        TEST(directory_is_eisdir),
        TEST(regular_file_is_described),
        TEST(kinds_are_told_apart),
        TEST(fifo_opens_at_once_and_its_read_waits_for_the_writer),
        TEST(waiting_read_is_cancelled_by_a_signal_handler),
        TEST(waiting_read_sees_a_cancel_that_no_signal_announces),
        TEST(read_of_a_nonblocking_pipe_waits_through_signals),
        TEST(pread_all_says_how_much_is_missing),
        TEST(read_whole_takes_files_with_and_without_a_size),
        TEST(read_whole_refuses_more_than_the_limit),
        TEST(read_whole_grows_with_a_stream),
        TEST(writes_to_a_slow_pipe_are_complete_under_signals),
        TEST(write_to_a_reader_that_does_not_read_is_cancelled),
        TEST(write_without_reader_is_epipe),
        TEST(full_device_is_enospc),
        TEST(pwrite_all_leaves_the_offset),
        TEST(truncate_and_allocate_set_the_size),
        TEST(sync_of_a_pipe_is_an_error),
        TEST(scratch_file_has_no_name),
        TEST(a_seek_goes_there_or_says_why),
        TEST(close_checked_reports_and_forgets),
        TEST(same_file_is_known_by_any_name),
        TEST(directories_are_made_once),
        TEST(clocks_run),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
