/* SPDX-License-Identifier: MIT */
/*
 * A service of lines runs in a thread; the test is its clients. It answers each line in a later
 * turn, at most QUEUE lines a turn, and knows some words:
 *
 *     stop       the end is asked for when it is answered
 *     halt       when it is taken
 *     bye        the client is ended, before what it sent after that
 *     big N      N bytes, and a line end
 *     later      all lines are answered 2 ms after this one, or when nobody can send more
 *
 * When a client has ended it tells whether any could send more, if it is asked to.
 */
#include "net/socket.h"
#include "serve/serve.h"
#include "sys/clock.h"

#include "scratch.h"
#include "tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { QUEUE_MAX = 64, LINE_CAP = 64, CLIENTS = 64, LATER_NS = 2000000 };

struct line {
    uint64_t client;
    char text[LINE_CAP]; /* empty: the client has ended */
};

struct service {
    struct umm_serve *serve;
    struct umm_run run;
    pthread_t thread;
    struct line queue[QUEUE_MAX];
    size_t n_queued, n_wanting, queue_max, batch_max;
    uint64_t wanting[CLIENTS * 4], later_ns;
    bool tells_growth, is_full_at_ends;
    bool is_held;
    uint64_t n_taken_held, n_joins, n_leaves, n_lost_bytes, n_signals;
    enum umm_status status;
    struct umm_error err;
    struct umm_serve_stats stats;
};

/* ---- the service --------------------------------------------------------- */

static void queue(struct service *s, uint64_t client, const char *text, size_t len)
{
    struct line *line = &s->queue[s->n_queued++];
    if (len >= LINE_CAP)
        len = LINE_CAP - 1;
    line->client = client;
    memcpy(line->text, text, len);
    line->text[len] = '\0';
    if (strcmp(line->text, "later") == 0)
        s->later_ns = umm_clock_monotonic_ns() + LATER_NS;
    if (strcmp(line->text, "halt") == 0)
        umm_serve_stop(s->serve);
}

static size_t take(void *user, uint64_t client, const char *bytes, size_t len, bool is_last)
{
    struct service *s = user;
    size_t done = 0;
    const char *end;
    s->n_taken_held += s->is_held;
    while (s->n_queued < s->queue_max && (end = memchr(bytes + done, '\n', len - done))) {
        queue(s, client, bytes + done, (size_t)(end - bytes) - done);
        done = (size_t)(end - bytes) + 1;
    }
    if (s->n_queued == s->queue_max) {
        umm_serve_hold(s->serve, true);
        s->is_held = true;
        if (done < len || is_last)
            s->wanting[s->n_wanting++] = client;
    } else if (is_last && s->is_full_at_ends) {
        s->is_full_at_ends = false;
        s->wanting[s->n_wanting++] = client;
    } else if (is_last) {
        s->is_full_at_ends = s->queue_max == 1;
        queue(s, client, "", 0);
        return len; /* half a line is no line */
    }
    return done;
}

static void write_line(struct service *s, uint64_t client, const char *text, size_t len)
{
    const bool is_big = strncmp(text, "big ", 4) == 0;
    if (is_big)
        len = strtoul(text + 4, NULL, 10);
    char *room = umm_serve_room(s->serve, client, len + 1);
    if (!room)
        return;
    if (is_big)
        memset(room, 'x', len);
    else
        memcpy(room, text, len);
    room[len] = '\n';
    umm_serve_wrote(s->serve, client, len + 1);
}

static void answer(struct service *s, const struct line *line)
{
    const bool is_end = !line->text[0] || strcmp(line->text, "bye") == 0;
    if (!is_end)
        write_line(s, line->client, line->text, strlen(line->text));
    else if (s->tells_growth)
        write_line(s, line->client, umm_serve_can_grow(s->serve) ? "yes" : "no", 3);
    if (is_end)
        umm_serve_end(s->serve, line->client);
    if (strcmp(line->text, "stop") == 0)
        umm_serve_stop(s->serve);
}

static uint64_t turn(void *user, uint64_t now_ns)
{
    struct service *s = user;
    if (now_ns < s->later_ns && umm_serve_can_grow(s->serve))
        return s->later_ns;
    s->later_ns = 0;
    if (s->n_queued > s->batch_max)
        s->batch_max = s->n_queued;
    for (size_t i = 0; i < s->n_queued; i++)
        answer(s, &s->queue[i]);
    s->n_queued = 0;
    umm_serve_hold(s->serve, false);
    s->is_held = false;
    for (size_t i = 0; i < s->n_wanting; i++)
        umm_serve_again(s->serve, s->wanting[i]);
    s->n_wanting = 0;
    return UINT64_MAX;
}

static void joined(void *user, uint64_t client)
{
    (void)client;
    ((struct service *)user)->n_joins++;
}

static void left(void *user, uint64_t client, uint64_t lost_bytes)
{
    struct service *s = user;
    assert_int_equal(umm_serve_waiting(s->serve, client), 0);
    s->n_leaves++;
    s->n_lost_bytes += lost_bytes;
}

static void hung_up(void *user)
{
    ((struct service *)user)->n_signals++;
}

static void *serve(void *user)
{
    struct service *s = user;
    s->status = umm_serve_run(s->serve, &s->run, &s->err);
    umm_serve_stats(s->serve, &s->stats);
    return NULL;
}

static void open_service(struct service *s, const struct umm_serve_options *options)
{
    const struct umm_serve_calls calls = {
        .user = s, .take = take, .turn = turn, .join = joined, .leave = left, .signal = hung_up};
    *s = (struct service){.queue_max = QUEUE_MAX};
    assert_int_equal(umm_serve_open(options, &calls, &s->serve, NULL), UMM_OK);
}

static void start(struct service *s)
{
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void finish(struct service *s, enum umm_status expected)
{
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    umm_serve_close(s->serve);
    assert_int_equal(s->status, expected);
    assert_int_equal(s->n_taken_held, 0);
    assert_int_equal(s->stats.n_clients, 0);
    assert_int_equal(s->stats.n_joined, s->stats.n_left);
    assert_int_equal(s->n_leaves, s->stats.n_left);
    assert_int_equal(s->n_lost_bytes, s->stats.lost_bytes);
}

static void stop(struct service *s)
{
    umm_run_cancel(&s->run);
    finish(s, UMM_OK);
}

/* ---- clients ------------------------------------------------------------- */

static void say(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* Read exactly text; a minute is the end of patience. */
static void hear(int fd, const char *text)
{
    char got[4096];
    size_t len = strlen(text), n = 0;
    while (n < len) {
        struct pollfd item = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&item, 1, 60000), 1);
        ssize_t step = read(fd, got + n, len - n);
        assert_true(step > 0);
        n += (size_t)step;
    }
    got[n] = '\0';
    assert_string_equal(got, text);
}

static void hear_end(int fd)
{
    char byte;
    struct pollfd item = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&item, 1, 60000), 1);
    assert_int_equal(read(fd, &byte, 1), 0);
}

static void hear_many(int fd, size_t len)
{
    char bytes[65536];
    while (len) {
        struct pollfd item = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&item, 1, 60000), 1);
        ssize_t n = read(fd, bytes, len < sizeof bytes ? len : sizeof bytes);
        assert_true(n > 0);
        len -= (size_t)n;
    }
}

/* A service of a socket "s", in the scratch directory. */
static void start_listening(struct service *s, struct umm_socket *sock,
                            struct umm_serve_options options)
{
    assert_int_equal(umm_socket_listen(sock, "s", 0600, NULL), UMM_OK);
    options.listen_fd = sock->fd;
    open_service(s, &options);
    start(s);
}

static int meet(void)
{
    int fd;
    assert_int_equal(umm_socket_connect("s", NULL, &fd, NULL), UMM_OK);
    return fd;
}

/* ---- tests of sockets ---------------------------------------------------- */

static const struct umm_serve_options plain = {.drain_ns = 10000000000, .refusal = ",!overload\n"};

static void lines_are_answered_at_every_split(void **state)
{
    (void)state;
    static const char text[] = "one\ntwo\nthree\n";
    struct service s;
    struct umm_socket sock;
    start_listening(&s, &sock, plain);
    int fd = meet();
    for (size_t at = 1; at < strlen(text); at++) {
        assert_int_equal(write(fd, text, at), at);
        if (memchr(text, '\n', at))
            hear(fd, "one\n");
        assert_int_equal(write(fd, text + at, strlen(text) - at), strlen(text) - at);
        hear(fd, memchr(text, '\n', at) ? "two\nthree\n" : text);
    }
    close(fd);
    stop(&s);
    umm_socket_close(&sock);
    assert_int_equal(s.n_joins, 1);
    assert_int_equal(s.stats.n_dropped, 0);
    assert_int_equal(s.stats.in_bytes, s.stats.out_bytes);
}

static void lines_byte_by_byte(void **state)
{
    (void)state;
    struct service s;
    struct umm_socket sock;
    start_listening(&s, &sock, plain);
    int fd = meet();
    for (int i = 0; i < 20; i++)
        for (const char *at = "hello\n"; *at; at++)
            assert_int_equal(write(fd, at, 1), 1);
    for (int i = 0; i < 20; i++)
        hear(fd, "hello\n");
    close(fd);
    stop(&s);
    umm_socket_close(&sock);
}

static void client_that_ends_gets_all_answers_and_the_end(void **state)
{
    (void)state;
    struct service s;
    struct umm_socket sock;
    start_listening(&s, &sock, plain);
    int fd = meet();
    say(fd, "later\none\ntwo\nhalf a line");
    umm_socket_end_writes(fd);
    hear(fd, "later\none\ntwo\n");
    hear_end(fd);
    close(fd);
    stop(&s);
    umm_socket_close(&sock);
    assert_int_equal(s.stats.n_dropped, 0);
}

static void turn_comes_when_it_was_asked_for(void **state)
{
    (void)state;
    struct service s;
    struct umm_socket sock;
    start_listening(&s, &sock, plain);
    enum { ROUNDS = 30 };
    int fd = meet();
    const uint64_t began_ns = umm_clock_monotonic_ns();
    for (int i = 0; i < ROUNDS; i++) {
        say(fd, "later\n");
        hear(fd, "later\n");
    }
    const uint64_t took_ns = umm_clock_monotonic_ns() - began_ns;
    close(fd);
    stop(&s);
    umm_socket_close(&sock);
    assert_true(took_ns >= ROUNDS * LATER_NS);
    assert_true(took_ns < UINT64_C(1500000000)); /* 3 s if each waited for a tick */
    assert_true(s.stats.n_turns < ROUNDS * 5);   /* nothing spins meanwhile */
}

static void what_was_taken_is_answered_at_the_end(void **state)
{
    (void)state;
    struct service s;
    struct umm_socket sock;
    start_listening(&s, &sock, plain);
    int fd = meet();
    say(fd, "later\none\nhalt\n");
    hear(fd, "later\none\nhalt\n");
    hear_end(fd);
    close(fd);
    finish(&s, UMM_OK);
    umm_socket_close(&sock);
}

/* One line fills the queue, so the end of the input comes to a full one. */
static void end_that_finds_a_full_queue_is_told_again(void **state)
{
    (void)state;
    struct service s;
    struct umm_socket sock;
    assert_int_equal(umm_socket_listen(&sock, "s", 0600, NULL), UMM_OK);
    struct umm_serve_options options = plain;
    options.listen_fd = sock.fd;
    open_service(&s, &options);
    s.queue_max = 1;
    s.is_full_at_ends = true;
    start(&s);
    for (int i = 0; i < 3; i++) {
        int fd = meet();
        say(fd, "one\ntwo\n");
        umm_socket_end_writes(fd);
        hear(fd, "one\ntwo\n");
        hear_end(fd);
        close(fd);
    }
    stop(&s);
    umm_socket_close(&sock);
    assert_int_equal(s.batch_max, 1);
}

static void ended_client_is_closed_after_what_waits(void **state)
{
    (void)state;
    struct service s;
    struct umm_socket sock;
    start_listening(&s, &sock, plain);
    int fd = meet();
    say(fd, "big 1000000\nbye\n");
    hear_many(fd, 1000001);
    hear_end(fd);
    close(fd);
    stop(&s);
    umm_socket_close(&sock);
    assert_int_equal(s.stats.n_dropped, 0);
}

/* 64 lines fit into the queue: the rest of one read is left, and asked for again. */
static void full_queue_holds_and_loses_nothing(void **state)
{
    (void)state;
    enum { LINES = 5000 };
    struct service s;
    struct umm_socket sock;
    start_listening(&s, &sock, plain);
    int fds[3];
    char *text = malloc(LINES * 6 + 1), *got = malloc(LINES * 6 + 1);
    for (int i = 0; i < LINES; i++)
        snprintf(text + (size_t)i * 6, 7, "%05d\n", i);
    for (int i = 0; i < 3; i++) {
        fds[i] = meet();
        assert_int_equal(write(fds[i], text, LINES * 6), LINES * 6);
        umm_socket_end_writes(fds[i]);
    }
    for (int i = 0; i < 3; i++) {
        for (size_t n = 0; n < LINES * 6;) {
            ssize_t step = read(fds[i], got + n, LINES * 6 - n);
            assert_true(step > 0);
            n += (size_t)step;
        }
        assert_memory_equal(got, text, LINES * 6);
        hear_end(fds[i]);
        close(fds[i]);
    }
    free(text);
    free(got);
    stop(&s);
    umm_socket_close(&sock);
    assert_int_equal(s.batch_max, QUEUE_MAX);
}

/* Write until the other side takes no more, for a tenth of a second. */
static size_t fill(int fd, const char *line)
{
    size_t n = 0;
    struct pollfd item = {.fd = fd, .events = POLLOUT};
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while (poll(&item, 1, 100) > 0) {
        ssize_t step = write(fd, line, strlen(line));
        if (step < 0)
            continue;
        assert_int_equal(step, strlen(line));
        n++;
    }
    assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
    return n;
}

static void client_that_does_not_read_is_not_read_from(void **state)
{
    (void)state;
    enum { BIG = 1000 };
    static const char line[] = "big 1000\n";
    struct service s;
    struct umm_socket sock;
    start_listening(&s, &sock, plain);
    int slow = meet(), other = meet();
    size_t n = fill(slow, line);
    assert_true(n > 100 && n < 5000); /* what socket and service hold */
    say(other, "well\n");
    hear(other, "well\n");
    /* It reads: each of its questions has its answer. */
    umm_socket_end_writes(slow);
    hear_many(slow, n * (BIG + 1));
    hear_end(slow);
    close(slow);
    close(other);
    stop(&s);
    umm_socket_close(&sock);
    assert_int_equal(s.stats.n_dropped, 0);
}

static void client_that_goes_away_harms_no_other(void **state)
{
    (void)state;
    struct service s;
    struct umm_socket sock;
    start_listening(&s, &sock, plain);
    int gone = meet(), other = meet();
    say(gone, "later\nbig 3000000\n");
    say(other, "mine\n");
    close(gone);
    hear(other, "mine\n");
    int reset = meet();
    say(reset, "big 3000000\n");
    hear_many(reset, 1);
    close(reset); /* with bytes unread */
    say(other, "still\n");
    hear(other, "still\n");
    close(other);
    stop(&s);
    umm_socket_close(&sock);
    assert_int_equal(s.n_joins, 3);
    assert_int_equal(s.stats.n_dropped, 2);
    assert_true(s.stats.lost_bytes > 3000000);
}

static void client_too_many_is_told(void **state)
{
    (void)state;
    struct service s;
    struct umm_socket sock;
    struct umm_serve_options two = plain;
    two.max_clients = 2;
    start_listening(&s, &sock, two);
    int a = meet(), b = meet();
    say(a, "a\n");
    say(b, "b\n");
    hear(a, "a\n");
    hear(b, "b\n");
    for (int i = 0; i < 10; i++) {
        int c = meet();
        hear(c, ",!overload\n");
        hear_end(c);
        close(c);
    }
    say(a, "bye\n");
    hear_end(a);
    close(a);
    int d = meet();
    say(d, "d\n");
    hear(d, "d\n");
    close(d);
    close(b);
    stop(&s);
    umm_socket_close(&sock);
    assert_int_equal(s.stats.n_refused, 10);
    assert_int_equal(s.n_joins, 3);
}

static int count_descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void many_clients_come_and_go(void **state)
{
    (void)state;
    const int n_before = count_descriptors();
    struct service s;
    struct umm_socket sock;
    int fds[CLIENTS];
    char line[16];
    start_listening(&s, &sock, plain);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            fds[i] = meet();
            snprintf(line, sizeof line, "%d\n", i * round);
            say(fds[i], line);
        }
        for (int i = CLIENTS - 1; i >= 0; i--) {
            snprintf(line, sizeof line, "%d\n", i * round);
            hear(fds[i], line);
            close(fds[i]);
        }
    }
    stop(&s);
    umm_socket_close(&sock);
    assert_int_equal(s.n_joins, CLIENTS * 20);
    assert_int_equal(count_descriptors(), n_before);
    assert_int_equal(s.stats.n_dropped, 0);
}

/* Without descriptors nobody is accepted, and nothing spins; later all are. */
static void clients_wait_while_there_are_no_descriptors(void **state)
{
    (void)state;
    struct service s;
    struct umm_socket sock;
    struct rlimit before, none;
    start_listening(&s, &sock, plain);
    int first = meet(), fds[8];
    say(first, "first\n");
    hear(first, "first\n");
    for (int i = 0; i < 8; i++)
        assert_true((fds[i] = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 1, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct sockaddr_un {
        sa_family_t family;
        char path[108];
    } address = {.family = AF_UNIX, .path = "s"};
    for (int i = 0; i < 8; i++) {
        assert_int_equal(connect(fds[i], (const void *)&address, sizeof address), 0);
        say(fds[i], "late\n");
    }
    say(first, "second\n");
    hear(first, "second\n");
    usleep(50000); /* in which a loop would turn ten thousand times */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    for (int i = 0; i < 8; i++) {
        hear(fds[i], "late\n");
        close(fds[i]);
    }
    close(first);
    stop(&s);
    umm_socket_close(&sock);
    assert_int_equal(s.n_joins, 9);
    assert_true(s.stats.n_turns < 1000);
}

static void end_drains(void **state)
{
    (void)state;
    struct service s;
    struct umm_socket sock;
    start_listening(&s, &sock, plain);
    int slow = meet(), idle = meet(), last = meet();
    say(slow, "big 2000000\n");
    hear_many(slow, 1);
    say(last, "stop\nafter\n");
    hear(last, "stop\nafter\n");
    hear_end(last);
    hear_end(idle);
    hear_many(slow, 2000000);
    hear_end(slow);
    finish(&s, UMM_OK);
    umm_socket_close(&sock);
    close(slow);
    close(idle);
    close(last);
    assert_int_equal(s.stats.n_dropped, 0);
    assert_int_equal(s.stats.n_turns > 0, true);
}

static void drain_has_an_end(void **state)
{
    (void)state;
    struct service s;
    struct umm_socket sock;
    struct umm_serve_options brief = plain;
    brief.drain_ns = 1000000;
    start_listening(&s, &sock, brief);
    int slow = meet();
    say(slow, "big 2000000\n");
    hear_many(slow, 1);
    say(slow, "stop\n");
    umm_run_cancel(&s.run);
    finish(&s, UMM_OK);
    umm_socket_close(&sock);
    close(slow);
    assert_int_equal(s.stats.n_dropped, 1);
    assert_true(s.stats.lost_bytes > 1000000);
}

static void clients_that_have_ended_cannot_send_more(void **state)
{
    (void)state;
    struct service s;
    struct umm_socket sock;
    assert_int_equal(umm_socket_listen(&sock, "s", 0600, NULL), UMM_OK);
    struct umm_serve_options options = plain;
    options.listen_fd = sock.fd;
    open_service(&s, &options);
    s.tells_growth = true;
    start(&s);
    int a = meet(), b = meet();
    say(b, "there\n");
    hear(b, "there\n");
    umm_socket_end_writes(a);
    hear(a, "yes\n");
    hear_end(a);
    umm_socket_end_writes(b);
    hear(b, "no");
    close(a);
    close(b);
    stop(&s);
    umm_socket_close(&sock);
}

/* ---- tests of streams ---------------------------------------------------- */

static void pipes_are_served_until_their_end(void **state)
{
    (void)state;
    struct service s;
    const struct umm_serve_options none = {.listen_fd = -1};
    int in[2], out[2];
    uint64_t id;
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    open_service(&s, &none);
    assert_int_equal(umm_serve_add(s.serve, in[0], out[1], &id, NULL), UMM_OK);
    start(&s);
    for (int i = 0; i < 100; i++) {
        say(in[1], "ping\n");
        hear(out[0], "ping\n");
    }
    say(in[1], "big 300000\nlater\nlast\n");
    close(in[1]);
    hear_many(out[0], 300001);
    hear(out[0], "later\nlast\n");
    finish(&s, UMM_OK);
    close(out[1]);
    hear_end(out[0]);
    close(out[0]);
    close(in[0]);
    assert_int_equal(s.n_joins, 0);
}

static void regular_files_are_always_ready(void **state)
{
    (void)state;
    enum { LINES = 50000 };
    struct service s;
    const struct umm_serve_options none = {.listen_fd = -1};
    uint64_t id;
    struct stat st;
    FILE *f = fopen("in", "w");
    for (int i = 0; i < LINES; i++)
        fprintf(f, "%d\n", i);
    assert_int_equal(fclose(f), 0);
    int in = open("in", O_RDONLY), out = open("out", O_WRONLY | O_CREAT, 0600);
    open_service(&s, &none);
    assert_int_equal(umm_serve_add(s.serve, in, out, &id, NULL), UMM_OK);
    start(&s);
    finish(&s, UMM_OK);
    close(in);
    close(out);
    assert_int_equal(stat("in", &st), 0);
    assert_int_equal(s.stats.out_bytes, st.st_size);
    assert_int_equal(system("cmp -s in out"), 0);
}

static void output_without_a_reader_is_an_error(void **state)
{
    (void)state;
    struct service s;
    const struct umm_serve_options none = {.listen_fd = -1};
    int in[2], out[2];
    uint64_t id;
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    open_service(&s, &none);
    assert_int_equal(umm_serve_add(s.serve, in[0], out[1], &id, NULL), UMM_OK);
    close(out[0]);
    start(&s);
    say(in[1], "ping\n");
    finish(&s, UMM_ERR_SYSTEM);
    assert_int_equal(s.err.sys_errno, EPIPE);
    assert_string_equal(s.err.message, "cannot write");
    close(in[0]);
    close(in[1]);
    close(out[1]);
}

static void one_stream_may_read_and_another_write(void **state)
{
    (void)state;
    struct service s;
    const struct umm_serve_options none = {.listen_fd = -1};
    int both[2];
    uint64_t id;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, both), 0);
    open_service(&s, &none);
    /* A socket that blocks, in both directions. */
    assert_int_equal(umm_serve_add(s.serve, both[0], both[0], &id, NULL), UMM_OK);
    start(&s);
    say(both[1], "big 1000000\nping\n");
    hear_many(both[1], 1000001);
    hear(both[1], "ping\n");
    umm_socket_end_writes(both[1]);
    finish(&s, UMM_OK);
    close(both[0]);
    hear_end(both[1]);
    close(both[1]);
}

static void full_pipe_holds_nobody_else(void **state)
{
    (void)state;
    struct service s;
    struct umm_socket sock;
    struct umm_serve_options options = plain;
    int in[2], out[2];
    uint64_t id;
    assert_int_equal(umm_socket_listen(&sock, "s", 0600, NULL), UMM_OK);
    options.listen_fd = sock.fd;
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    open_service(&s, &options);
    assert_int_equal(umm_serve_add(s.serve, in[0], out[1], &id, NULL), UMM_OK);
    start(&s);
    say(in[1], "big 500000\n");
    hear_many(out[0], 1);
    int fd = meet();
    for (int i = 0; i < 3; i++) {
        say(fd, "well\n");
        hear(fd, "well\n");
    }
    hear_many(out[0], 500000);
    close(fd);
    close(in[1]);
    stop(&s);
    umm_socket_close(&sock);
    close(in[0]);
    close(out[0]);
    close(out[1]);
}

/* ---- tests of signals ---------------------------------------------------- */

static struct umm_run signal_run;

static void on_term(int number)
{
    (void)number;
    umm_run_cancel(&signal_run);
}

/* In a process: SIGHUP is told, SIGTERM ends the wait. */
static int serve_signals(void)
{
    struct service s;
    const struct umm_serve_options options = {.listen_fd = -1};
    const struct sigaction action = {.sa_handler = on_term};
    int in[2];
    uint64_t id;
    sigaction(SIGTERM, &action, NULL);
    if (pipe(in) < 0)
        return 1;
    open_service(&s, &options);
    if (umm_serve_add(s.serve, in[0], -1, &id, NULL))
        return 2;
    s.run.cancel_with = &signal_run;
    serve(&s);
    umm_serve_close(s.serve);
    return s.status == UMM_OK && s.n_signals == 1 ? 0 : 3;
}

static void signals_are_told_at_once(void **state)
{
    (void)state;
    int wait_status = 0;
    pid_t pid = fork_mortal();
    if (pid == 0)
        _exit(serve_signals());
    wait_until_asleep(pid);
    assert_int_equal(kill(pid, SIGHUP), 0);
    usleep(10000);
    wait_until_asleep(pid);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    assert_true(WIFEXITED(wait_status));
    assert_int_equal(WEXITSTATUS(wait_status), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_are_answered_at_every_split),
        TEST(lines_byte_by_byte),
        TEST(client_that_ends_gets_all_answers_and_the_end),
        TEST(turn_comes_when_it_was_asked_for),
        TEST(what_was_taken_is_answered_at_the_end),
        TEST(end_that_finds_a_full_queue_is_told_again),
        TEST(ended_client_is_closed_after_what_waits),
        TEST(full_queue_holds_and_loses_nothing),
        TEST(client_that_does_not_read_is_not_read_from),
        TEST(client_that_goes_away_harms_no_other),
        TEST(client_too_many_is_told),
        TEST(many_clients_come_and_go),
        TEST(clients_wait_while_there_are_no_descriptors),
        TEST(end_drains),
        TEST(drain_has_an_end),
        TEST(clients_that_have_ended_cannot_send_more),
        TEST(pipes_are_served_until_their_end),
        TEST(regular_files_are_always_ready),
        TEST(output_without_a_reader_is_an_error),
        TEST(one_stream_may_read_and_another_write),
        TEST(full_pipe_holds_nobody_else),
        TEST(signals_are_told_at_once),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
