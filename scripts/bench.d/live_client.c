/* SPDX-License-Identifier: MIT */
/*
 * live_client SOCKET QUESTIONS ANSWERS KIND CONNECTIONS OUTSTANDING SECONDS - load for a service:
 * one thread keeps OUTSTANDING questions under way on each connection, and looks at every answer.
 *
 * KIND  text   lines, and answers that must be equal byte for byte
 *       raw    rows of float32 after "!f4 32", and answers likewise
 *       near   lines, and one number each that must be near
 *       http   POST requests, and answers of a number in brackets that must be near
 *
 * Prints "ROWS_PER_S P50_US P99_US": from a question's send to the read of its answer. What comes
 * in the first fifth of the time does not count. Exit 1 at the first answer that is wrong.
 */
#include <errno.h>
#include <math.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "live_cycle.h"

enum { READ_BYTES = 1 << 18, EVENTS = 1024, SUB_BITS = 6, BUCKETS = 64 << SUB_BITS };

struct connection {
    int fd;
    uint64_t n_sent, n_answered;
    size_t n_kept; /* text, raw: bytes of the next answer that have come; others: bytes in kept */
    char kept[1024];
    uint64_t *sent_ns; /* of the questions under way, by their number */
};

static struct live_cycle questions, answers;
static size_t n_outstanding;
static int is_exact, is_http, is_raw;
static uint64_t counts[BUCKETS], n_rows;
static char input[READ_BYTES];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void wrong(const struct connection *c, const char *bytes, size_t len)
{
    fprintf(stderr, "answer %llu of a connection is wrong: \"%.*s\"\n",
            (unsigned long long)c->n_answered, (int)(len < 80 ? len : 80), bytes);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* ---- times: buckets of a sixty-fourth of their size ----------------------------------- */

static size_t bucket_of(uint64_t ns)
{
    if (ns < 1U << SUB_BITS)
        return (size_t)ns;
    const int top = 63 - __builtin_clzll(ns);
    return (size_t)(((uint64_t)(top - SUB_BITS + 1) << SUB_BITS) +
                    ((ns >> (top - SUB_BITS)) & ((1U << SUB_BITS) - 1)));
}

static double bucket_us(size_t bucket)
{
    if (bucket < 1U << SUB_BITS)
        return (double)bucket * 1e-3;
    const int shift = (int)(bucket >> SUB_BITS) - 1;
    return ldexp((double)((1U << SUB_BITS) + (bucket & ((1U << SUB_BITS) - 1))) + 0.5, shift) *
           1e-3;
}

static double quantile_us(double share)
{
    uint64_t seen = 0;
    const double wanted = share * (double)n_rows;
    for (size_t i = 0; i < BUCKETS; i++) {
        seen += counts[i];
        if ((double)seen >= wanted)
            return bucket_us(i);
    }
    return NAN;
}

/* ---- questions -------------------------------------------------------------------------- */

static void ask(struct connection *c, size_t n)
{
    size_t len;
    const char *bytes = live_cycle_pieces(&questions, c->n_sent, n, &len);
    const uint64_t now = now_ns();
    for (size_t i = 0; i < n; i++)
        c->sent_ns[c->n_sent++ % n_outstanding] = now;
    for (ssize_t done; len > 0; bytes += done, len -= (size_t)done) {
        done = send(c->fd, bytes, len, MSG_NOSIGNAL);
        if (done <= 0)
            die("send");
    }
}

/* ---- answers: how many of them are complete ---------------------------------------------- */

static size_t take_exact(struct connection *c, const char *bytes, size_t len)
{
    size_t n = 0;
    while (len > 0) {
        size_t len_answer;
        const char *answer = live_cycle_pieces(&answers, c->n_answered + n, 1, &len_answer);
        const size_t missing = len_answer - c->n_kept, part = missing < len ? missing : len;
        if (memcmp(answer + c->n_kept, bytes, part) != 0)
            wrong(c, bytes, len);
        bytes += part;
        len -= part;
        c->n_kept = part == missing ? 0 : c->n_kept + part;
        n += part == missing;
    }
    return n;
}

static int is_near(uint64_t number, const char *text)
{
    size_t len;
    const char *line = live_cycle_pieces(&answers, number, 1, &len);
    const double wanted = strtod((const char *)memchr(line, ',', len) + 1, NULL);
    return fabs(strtod(text, NULL) - wanted) <= 1e-3 * (1 + fabs(wanted));
}

/* The end of a whole answer at bytes, and its number; NULL: more must come. */
static const char *find_end(const char *bytes, size_t len, const char **number)
{
    if (!is_http) {
        const char *end = (const char *)memchr(bytes, '\n', len);
        *number = end ? (const char *)memchr(bytes, ',', len) + 1 : NULL;
        return end ? end + 1 : NULL;
    }
    const char *body = (const char *)memmem(bytes, len, "\r\n\r\n", 4);
    const char *size = (const char *)memmem(bytes, len, "ontent-Length:", 14);
    if (!body || !size || size > body)
        return NULL;
    body += 4;
    const size_t size_bytes = strtoul(size + 14, NULL, 10);
    *number = body + 1;
    return size_bytes <= len - (size_t)(body - bytes) ? body + size_bytes : NULL;
}

static size_t take_near(struct connection *c, size_t len)
{
    size_t n = 0;
    const char *at = input, *end = input + c->n_kept + len, *number, *next;
    while ((next = find_end(at, (size_t)(end - at), &number)) != NULL) {
        if (!is_near(c->n_answered + n, number))
            wrong(c, at, (size_t)(next - at));
        n++;
        at = next;
    }
    c->n_kept = (size_t)(end - at);
    if (c->n_kept > sizeof c->kept)
        wrong(c, at, c->n_kept);
    memcpy(c->kept, at, c->n_kept);
    return n;
}

static void take(struct connection *c)
{
    const size_t kept = is_exact ? 0 : c->n_kept;
    memcpy(input, c->kept, kept);
    /* A byte less: what is there ends in 0, for strtod. */
    const ssize_t len = recv(c->fd, input + kept, sizeof input - kept - 1, MSG_DONTWAIT);
    if (len < 0 && errno == EAGAIN)
        return;
    if (len <= 0)
        die("recv");
    input[kept + (size_t)len] = 0;
    const size_t n = is_exact ? take_exact(c, input, (size_t)len) : take_near(c, (size_t)len);
    const uint64_t now = now_ns();
    for (size_t i = 0; i < n; i++)
        counts[bucket_of(now - c->sent_ns[c->n_answered++ % n_outstanding])]++;
    n_rows += n;
    if (n > 0)
        ask(c, n);
}

/* ---- connections --------------------------------------------------------------------------- */

static int connect_to(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    strncpy(name.sun_path, path, sizeof name.sun_path - 1);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&name, sizeof name) != 0)
        die(path);
    return fd;
}

static void open_raw(int fd)
{
    static const char ask_raw[] = "!f4 32\n", wanted[] = "!f4 32 1\n";
    char line[sizeof wanted];
    if (send(fd, ask_raw, sizeof ask_raw - 1, MSG_NOSIGNAL) < 0 ||
        recv(fd, line, sizeof wanted - 1, MSG_WAITALL) != (ssize_t)sizeof wanted - 1 ||
        memcmp(line, wanted, sizeof wanted - 1) != 0) {
        fputs("raw rows are refused\n", stderr);
        exit(1);
    }
}

static void open_one(struct connection *c, int epoll, const char *path)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    c->fd = connect_to(path);
    c->sent_ns = (uint64_t *)calloc(n_outstanding, sizeof *c->sent_ns);
    if (!c->sent_ns || epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        die("epoll_ctl");
    if (is_raw)
        open_raw(c->fd);
}

/*
 * Until end_ns, and an answer has come; counts from begin_ns on. Returns the seconds that counted.
 */
static double run(int epoll, uint64_t begin_ns, uint64_t end_ns)
{
    static struct epoll_event events[EVENTS];
    int is_counting = 0;
    uint64_t now;
    while ((now = now_ns()) < end_ns || n_rows == 0) {
        if (!is_counting && now >= begin_ns) {
            is_counting = 1;
            begin_ns = now;
            n_rows = 0;
            memset(counts, 0, sizeof counts);
        }
        const int n = epoll_wait(epoll, events, EVENTS, 100);
        for (int i = 0; i < n; i++)
            take((struct connection *)events[i].data.ptr);
    }
    return (double)(now - begin_ns) * 1e-9;
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    if (argc != 8)
        return 2;
    is_raw = strcmp(argv[4], "raw") == 0;
    is_http = strcmp(argv[4], "http") == 0;
    is_exact = is_raw || strcmp(argv[4], "text") == 0;
    const size_t n_connections = strtoul(argv[5], NULL, 10);
    n_outstanding = strtoul(argv[6], NULL, 10);
    const double seconds = strtod(argv[7], NULL);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    live_cycle_open(&questions, argv[2], 0);
    live_cycle_open(&answers, argv[3], !is_raw);

    struct connection *all = (struct connection *)calloc(n_connections, sizeof *all);
    const int epoll = epoll_create1(0);
    if (!all || epoll < 0 || n_outstanding < 1 || n_outstanding > LIVE_PIECES)
        die("live_client");
    for (size_t i = 0; i < n_connections; i++)
        open_one(&all[i], epoll, argv[1]);
    const uint64_t start = now_ns();
    for (size_t i = 0; i < n_connections; i++)
        ask(&all[i], n_outstanding);
    const double counted =
        run(epoll, start + (uint64_t)(seconds * 0.2e9), start + (uint64_t)(seconds * 1e9));
    printf("%.1f %.3f %.3f\n", (double)n_rows / counted, quantile_us(0.5), quantile_us(0.99));
    return 0;
}
