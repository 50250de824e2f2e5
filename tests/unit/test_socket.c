/* SPDX-License-Identifier: MIT */
/* Every test runs in a scratch directory of its own as working directory. */
#include "net/socket.h"

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
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void listen_at(struct umm_socket *sock, const char *path, unsigned mode)
{
    assert_int_equal(umm_socket_listen(sock, path, mode, NULL), UMM_OK);
}

static void assert_refused(const char *path, enum umm_status expected, const char *message)
{
    struct umm_socket sock;
    struct umm_error err = {0};
    assert_int_equal(umm_socket_listen(&sock, path, 0600, &err), expected);
    assert_string_equal(err.message, message);
    assert_int_equal(sock.fd, -1);
    umm_socket_close(&sock);
}

/* A socket of that type at s, which nobody listens at unless asked to. */
static int bind_at(const char *path, int type, bool is_listening)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, type, 0);
    assert_int_equal(bind(fd, (const void *)&address, sizeof address), 0);
    if (is_listening)
        assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    return st.st_mode & 07777;
}

/* ---- listening ---- */

static void clients_connect_and_are_accepted(void **state)
{
    (void)state;
    struct umm_socket sock;
    int client, server;
    char byte;
    listen_at(&sock, "s", 0600);
    assert_int_equal(umm_socket_accept(sock.fd, &server), EAGAIN);
    assert_int_equal(umm_socket_connect("s", NULL, &client, NULL), UMM_OK);
    assert_int_equal(umm_socket_accept(sock.fd, &server), 0);
    assert_true(fcntl(server, F_GETFL) & O_NONBLOCK);
    assert_false(fcntl(client, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(server, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(client, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(sock.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(server, "x", 1), 1);
    assert_int_equal(write(client, "unread", 6), 6);
    umm_socket_close_gently(&server);
    assert_int_equal(server, -1);
    assert_int_equal(read(client, &byte, 1), 1);
    assert_int_equal(read(client, &byte, 1), 0); /* not ECONNRESET */
    close(client);
    umm_socket_close(&sock);
    umm_socket_close(&sock);
    assert_false(exists("s"));
    assert_false(exists(".s.lock"));
}

static void mode_is_what_was_asked_for_whatever_the_umask(void **state)
{
    (void)state;
    static const unsigned modes[] = {0600, 0660, 0666, 0777};
    static const mode_t masks[] = {0, 022, 077, 0777};
    const mode_t before = umask(0);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            struct umm_socket sock;
            umask(masks[j]);
            if (masks[j] == 0777 && geteuid() != 0)
                continue; /* its lock file could not be opened again */
            listen_at(&sock, "s", modes[i]);
            assert_int_equal(mode_of("s"), modes[i]);
            umm_socket_close(&sock);
        }
    umask(before);
}

static void second_service_is_busy(void **state)
{
    (void)state;
    struct umm_socket sock;
    listen_at(&sock, "s", 0600);
    assert_refused("s", UMM_ERR_BUSY, "is locked by another process");
    assert_refused("./s", UMM_ERR_BUSY, "is locked by another process");
    assert_true(exists("s"));
    umm_socket_close(&sock);
    int other = bind_at("t", SOCK_STREAM, true);
    assert_refused("t", UMM_ERR_BUSY, "another process listens there");
    assert_true(exists("t"));
    assert_false(exists(".t.lock"));
    close(other);
}

static void full_queue_is_a_live_service(void **state)
{
    (void)state;
    int other = bind_at("t", SOCK_STREAM, true), fds[2];
    assert_int_equal(umm_socket_connect("t", NULL, &fds[0], NULL), UMM_OK);
    assert_int_equal(umm_socket_connect("t", NULL, &fds[1], NULL), UMM_OK);
    assert_refused("t", UMM_ERR_BUSY, "another process listens there");
    close(other);
    close(fds[0]);
    close(fds[1]);
}

static void killed_service_is_replaced(void **state)
{
    (void)state;
    struct umm_socket sock;
    int wait_status;
    pid_t pid = fork_mortal();
    if (pid == 0) {
        if (umm_socket_listen(&sock, "s", 0600, NULL) == UMM_OK)
            raise(SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    assert_true(WIFSIGNALED(wait_status));
    assert_true(exists("s"));
    listen_at(&sock, "s", 0600);
    umm_socket_close(&sock);
    assert_false(exists("s"));
    assert_false(exists(".s.lock"));
}

static void something_else_is_a_conflict(void **state)
{
    (void)state;
    static const char no_socket[] = "is there already, and is no socket; use another path";
    put("file", "content");
    assert_int_equal(mkdir("directory", 0700), 0);
    assert_int_equal(symlink("target", "link"), 0);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_refused("file", UMM_ERR_CONFLICT, no_socket);
    assert_refused("directory", UMM_ERR_CONFLICT, no_socket);
    assert_refused("link", UMM_ERR_CONFLICT, no_socket);
    assert_refused("fifo", UMM_ERR_CONFLICT, no_socket);
    assert_true(exists("file") && exists("directory") && exists("link") && exists("fifo"));
    assert_false(exists("target"));
    int datagrams = bind_at("datagrams", SOCK_DGRAM, false);
    assert_refused("datagrams", UMM_ERR_CONFLICT, "is a socket of another kind; use another path");
    close(datagrams);
}

static void name_that_is_another_ones_by_now_stays(void **state)
{
    (void)state;
    struct umm_socket sock;
    listen_at(&sock, "s", 0600);
    assert_int_equal(rename("s", "moved"), 0);
    int other = bind_at("s", SOCK_STREAM, true);
    umm_socket_close(&sock);
    assert_true(exists("s"));
    assert_true(exists("moved"));
    close(other);
}

static void paths_that_cannot_be(void **state)
{
    (void)state;
    char path[120], message[160];
    struct umm_socket sock;
    memset(path, 'p', sizeof path);
    path[108] = '\0';
    snprintf(message, sizeof message, "is 108 bytes long, and a socket's path has at most 107; %s",
             "use a shorter one");
    assert_refused(path, UMM_ERR_ARGUMENT, message);
    path[107] = '\0';
    listen_at(&sock, path, 0600);
    umm_socket_close(&sock);
    assert_refused("", UMM_ERR_ARGUMENT, "is no path of a socket");
    assert_refused("d/", UMM_ERR_ARGUMENT, "is no path of a socket");
    assert_refused("none/s", UMM_ERR_SYSTEM, "cannot listen");
    int fd;
    assert_int_equal(umm_socket_connect("none", NULL, &fd, NULL), UMM_ERR_SYSTEM);
    assert_int_equal(fd, -1);
}

/* What uid 65534 planted in a world-writable directory; 77: no other user can be had. */
static int plant(void)
{
    if (setgid(65534) < 0 || setuid(65534) < 0)
        return 77;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* which setuid has undone */
    umask(0);
    (void)bind_at("live", SOCK_STREAM, true);
    (void)bind_at("dead", SOCK_STREAM, false);
    if (symlink("/etc/passwd", "link") < 0)
        return 1;
    raise(SIGSTOP); /* it lives until all has been tried */
    return 0;
}

static void what_others_planted_is_refused(void **state)
{
    (void)state;
    static const char foreign[] = "belongs to another user (uid 65534) in a world-writable "
                                  "directory; remove it, or use another directory";
    int wait_status, fd;
    struct umm_error err;
    assert_int_equal(chmod(".", 01777), 0);
    pid_t pid = fork_mortal();
    if (pid == 0)
        _exit(plant());
    assert_int_equal(waitpid(pid, &wait_status, WUNTRACED), pid);
    if (!WIFSTOPPED(wait_status)) {
        assert_int_equal(WEXITSTATUS(wait_status), 77);
        print_message("SKIP: cannot become another user\n");
        skip();
    }
    assert_refused("live", UMM_ERR_CONFLICT, foreign);
    assert_refused("dead", UMM_ERR_CONFLICT, foreign);
    assert_refused("link", UMM_ERR_CONFLICT, foreign);
    assert_true(exists("dead"));
    assert_int_equal(umm_socket_connect("live", NULL, &fd, &err), UMM_ERR_CONFLICT);
    assert_string_equal(err.message, foreign);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
}

/* 0: the socket of mode 0600 is closed to another user. */
static int try_as_other_user(void)
{
    int fd;
    struct umm_error err;
    if (setgid(65534) < 0 || setuid(65534) < 0)
        return 77;
    enum umm_status status = umm_socket_connect("s", NULL, &fd, &err);
    return status == UMM_ERR_SYSTEM && err.sys_errno == EACCES ? 0 : 1;
}

static void nobody_else_connects(void **state)
{
    (void)state;
    struct umm_socket sock;
    int wait_status;
    assert_int_equal(chmod(".", 0755), 0);
    listen_at(&sock, "s", 0600);
    pid_t pid = fork_mortal();
    if (pid == 0)
        _exit(try_as_other_user());
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    umm_socket_close(&sock);
    assert_true(WIFEXITED(wait_status));
    if (WEXITSTATUS(wait_status) == 77) {
        print_message("SKIP: cannot become another user\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(wait_status), 0);
}

/* ---- connecting ---- */

static void *cancel_soon(void *run)
{
    wait_until_asleep(getpid());
    umm_run_cancel(run);
    return NULL;
}

static void wait_for_a_full_queue_is_cancelled(void **state)
{
    (void)state;
    struct umm_run run = {0};
    pthread_t thread;
    int other = bind_at("t", SOCK_STREAM, true), fds[2], fd;
    assert_int_equal(umm_socket_connect("t", NULL, &fds[0], NULL), UMM_OK);
    assert_int_equal(umm_socket_connect("t", NULL, &fds[1], NULL), UMM_OK);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &run), 0);
    assert_int_equal(umm_socket_connect("t", &run, &fd, NULL), UMM_ERR_CANCELLED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(fd, -1);
    close(other);
    close(fds[0]);
    close(fds[1]);
}

/* ---- from and for a service manager ---- */

static void adopted_are_stream_sockets_that_listen(void **state)
{
    (void)state;
    int listening = bind_at("a", SOCK_STREAM, true), bound = bind_at("b", SOCK_STREAM, false);
    int datagrams = bind_at("c", SOCK_DGRAM, false), packets = bind_at("d", SOCK_SEQPACKET, true);
    int file = open("/dev/null", O_RDONLY), internet = socket(AF_INET, SOCK_STREAM, 0);
    struct umm_error err;
    assert_int_equal(umm_socket_adopt(listening, NULL), UMM_OK);
    assert_true(fcntl(listening, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(listening, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(umm_socket_adopt(bound, NULL), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_socket_adopt(datagrams, NULL), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_socket_adopt(packets, NULL), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_socket_adopt(file, &err), UMM_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "is no socket"));
    assert_int_equal(umm_socket_adopt(999, NULL), UMM_ERR_ARGUMENT);
    if (internet >= 0 && listen(internet, 1) == 0)
        assert_int_equal(umm_socket_adopt(internet, NULL), UMM_OK);
    close(listening);
    close(bound);
    close(datagrams);
    close(packets);
    close(file);
    close(internet);
}

static void manager_is_told(void **state)
{
    (void)state;
    char text[64] = "", name[64], path[120];
    int manager = bind_at("manager", SOCK_DGRAM, false);
    assert_non_null(getcwd(path, 64));
    strcat(path, "/manager");
    assert_int_equal(umm_socket_notify(path, "READY=1\nSTATUS=up\n", NULL), UMM_OK);
    assert_int_equal(recv(manager, text, sizeof text, MSG_DONTWAIT), 18);
    assert_memory_equal(text, "READY=1\nSTATUS=up\n", 18);
    close(manager);
    assert_int_equal(umm_socket_notify(path, "STOPPING=1", NULL), UMM_ERR_SYSTEM);
    assert_int_equal(umm_socket_notify("vsock:2:1", "STOPPING=1", NULL), UMM_ERR_UNSUPPORTED);
    assert_int_equal(umm_socket_notify("", "STOPPING=1", NULL), UMM_ERR_UNSUPPORTED);

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int n = snprintf(name, sizeof name, "@umm-test-%ld", (long)getpid());
    memcpy(address.sun_path + 1, name + 1, (size_t)n - 1);
    manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(manager, (const void *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)),
                     0);
    assert_int_equal(umm_socket_notify(name, "STOPPING=1", NULL), UMM_OK);
    assert_int_equal(recv(manager, text, sizeof text, MSG_DONTWAIT), 10);
    close(manager);
}

static void soft_limit_is_raised_up_to_the_hard_one(void **state)
{
    (void)state;
    struct rlimit before, now;
    uint64_t n;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = (struct rlimit){.rlim_cur = 64, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    assert_int_equal(umm_socket_allow_descriptors(32, &n, NULL), UMM_OK);
    assert_int_equal(n, 64);
    assert_int_equal(umm_socket_allow_descriptors(96, &n, NULL), UMM_OK);
    assert_int_equal(n, 96);
    assert_int_equal(umm_socket_allow_descriptors(UINT64_C(1) << 60, &n, NULL), UMM_OK);
    assert_int_equal(n, before.rlim_max);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
    assert_int_equal(now.rlim_cur, before.rlim_max);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(clients_connect_and_are_accepted),
        TEST(mode_is_what_was_asked_for_whatever_the_umask),
        TEST(second_service_is_busy),
        TEST(full_queue_is_a_live_service),
        TEST(killed_service_is_replaced),
        TEST(something_else_is_a_conflict),
        TEST(name_that_is_another_ones_by_now_stays),
        TEST(paths_that_cannot_be),
        TEST(what_others_planted_is_refused),
        TEST(nobody_else_connects),
        TEST(wait_for_a_full_queue_is_cancelled),
        TEST(adopted_are_stream_sockets_that_listen),
        TEST(manager_is_told),
        TEST(soft_limit_is_raised_up_to_the_hard_one),
    };
    return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
