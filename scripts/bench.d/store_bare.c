/* SPDX-License-Identifier: MIT */
/*
 * store_bare - one request of a Redis server, again and again, by a client that does nothing else.
 * For scripts/bench-store.
 *
 *   store_bare SOCKET REQUEST TIMES
 *
 * Prints nanoseconds a request. The answer is one bulk string, and no error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(int is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "store_bare: %s\n", what);
    exit(1);
}

static void ask(int fd, const char *request, size_t len)
{
    char answer[512];
    size_t n = 0, wanted = 0;
    for (size_t sent = 0; sent < len;) {
        ssize_t some = write(fd, request + sent, len - sent);
        must(some > 0, "cannot write");
        sent += (size_t)some;
    }
    while (!wanted || n < wanted) {
        ssize_t some = read(fd, answer + n, sizeof answer - 1 - n);
        must(some > 0, "no answer");
        n += (size_t)some;
        answer[n] = '\0';
        const char *end = strstr(answer, "\r\n");
        must(answer[0] == '$', answer);
        if (end)
            wanted = (size_t)(end - answer) + 4 + strtoull(answer + 1, NULL, 10);
    }
}

int main(int argc, char **argv)
{
    static char request[1 << 22];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc != 4)
        return 2;
    FILE *file = fopen(argv[2], "rb");
    must(file != NULL, "no request");
    const size_t len = fread(request, 1, sizeof request, file);
    fclose(file);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[1]);
    must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0,
         "cannot connect");
    const unsigned long long times = strtoull(argv[3], NULL, 10);
    const double start = now_ns();
    for (unsigned long long i = 0; i < times; i++)
        ask(fd, request, len);
    printf("%.1f\n", (now_ns() - start) / (double)times);
    close(fd);
    return 0;
}
