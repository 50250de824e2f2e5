/* SPDX-License-Identifier: MIT */
/*
 * live_bare SOCKET QUESTIONS ANSWERS raw|text|parse - what a service could reach if it did nothing:
 * one thread with epoll reads all that is there, and answers each question of that size with the
 * bytes that are right for its number, in one send. No model, no look at what was asked.
 *
 * parse: each number of a line is read, and the answer's number printed, by umm's own functions;
 * what that adds is what text costs. Nothing is checked, and no connection is ever slow: the
 * client of the bench is known to be right.
 */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "live_cycle.h"
#include "text/shortest.h"
#include "umm.h"

enum { READ_BYTES = 1 << 18, EVENTS = 1024, FDS_MAX = 1 << 16, FIELDS = 32, ANSWER_MAX = 64 };

struct connection {
    uint64_t n_answered;
    size_t rest_bytes; /* of a question that is not complete */
    int is_open;       /* raw: its first line was answered */
};

static struct live_cycle questions, answers;
static struct connection connections[FDS_MAX];
static float values[LIVE_PIECES];
static char input[READ_BYTES], output[READ_BYTES];
static char *rests[FDS_MAX]; /* parse: the bytes of what is not complete */
static volatile float sink;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void send_all(int fd, const char *bytes, size_t len)
{
    /* One send, unless the client's buffer is full: blocking, then. */
    for (ssize_t n; len > 0; bytes += n, len -= (size_t)n) {
        n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
    }
}

/* "!f4 32" and its answer, which come first. */
static void open_raw(int fd)
{
    static const char line[] = "!f4 32 1\n";
    connections[fd].is_open = 1;
    send_all(fd, line, sizeof line - 1);
}

static void answer_counted(int fd, size_t n_bytes)
{
    struct connection *c = &connections[fd];
    const size_t each = questions.begins[1], n = (c->rest_bytes + n_bytes) / each;
    size_t len;
    c->rest_bytes = (c->rest_bytes + n_bytes) % each;
    const char *bytes = live_cycle_pieces(&answers, c->n_answered, n, &len);
    c->n_answered += n;
    send_all(fd, bytes, len);
}

/* A line of an id and numbers; returns the end of its answer. */
static char *answer_line(char *out, const char *line, const char *end, float value)
{
    const char *comma = (const char *)memchr(line, ',', (size_t)(end - line));
    float sum = 0, x;
    if (!comma)
        exit(1);
    memcpy(out, line, (size_t)(comma + 1 - line));
    out += comma + 1 - line;
    for (int i = 0; i < FIELDS; i++) {
        const char *begin = comma + 1, *next;
        next = (const char *)memchr(begin, ',', (size_t)(end - begin));
        comma = next ? next : end;
        if (umm_num_parse_f32(begin, (size_t)(comma - begin), '.', &x) != UMM_NUM_OK)
            exit(1);
        sum += x;
    }
    sink = sum;
    out = umm_print_f32_shortest(out, value);
    *out++ = '\n';
    return out;
}

static void answer_parsed(int fd, size_t n_bytes)
{
    struct connection *c = &connections[fd];
    const size_t each = questions.begins[1];
    const char *at = input, *end = input + c->rest_bytes + n_bytes;
    char *out = output;
    for (; (size_t)(end - at) >= each; at += each)
        out = answer_line(out, at, at + each - 1, values[c->n_answered++ % LIVE_PIECES]);
    c->rest_bytes = (size_t)(end - at);
    if (c->rest_bytes > 0) {
        if (!rests[fd] && !(rests[fd] = (char *)malloc(each)))
            die("malloc");
        memcpy(rests[fd], at, c->rest_bytes);
    }
    send_all(fd, output, (size_t)(out - output));
}

static void serve(int fd, int is_raw, int is_parsed)
{
    struct connection *c = &connections[fd];
    const size_t kept = is_parsed ? c->rest_bytes : 0;
    if (kept > 0)
        memcpy(input, rests[fd], kept);
    const ssize_t n = recv(fd, input + kept, sizeof input - kept - ANSWER_MAX, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        close(fd);
        memset(c, 0, sizeof *c);
    } else if (n > 0 && is_raw && !c->is_open) {
        open_raw(fd);
    } else if (n > 0 && is_parsed) {
        answer_parsed(fd, (size_t)n);
    } else if (n > 0) {
        answer_counted(fd, (size_t)n);
    }
}

static int listen_at(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    strncpy(name.sun_path, path, sizeof name.sun_path - 1);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&name, sizeof name) != 0 ||
        listen(fd, 4096) != 0)
        die(path);
    return fd;
}

static void add(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (fd < 0 || fd >= FDS_MAX || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die("accept");
}

static void read_values(void)
{
    for (size_t i = 0; i < LIVE_PIECES; i++) {
        size_t len;
        const char *line = live_cycle_pieces(&answers, i, 1, &len);
        const char *number = (const char *)memchr(line, ',', len) + 1;
        if (umm_num_parse_f32(number, len - 1 - (size_t)(number - line), '.', &values[i]) !=
            UMM_NUM_OK)
            exit(1);
    }
}

int main(int argc, char **argv)
{
    static struct epoll_event events[EVENTS];
    struct rlimit limit;
    if (argc != 5)
        return 2;
    const int is_raw = strcmp(argv[4], "raw") == 0, is_parsed = strcmp(argv[4], "parse") == 0;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    live_cycle_open(&questions, argv[2], 0);
    live_cycle_open(&answers, argv[3], !is_raw);
    if (is_parsed)
        read_values();
    const int listener = listen_at(argv[1]), epoll = epoll_create1(0);
    add(epoll, listener);
    for (;;) {
        const int n = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listener)
                add(epoll, accept(listener, NULL, NULL));
            else
                serve(events[i].data.fd, is_raw, is_parsed);
        }
    }
}
