/* SPDX-License-Identifier: MIT */
/*
 * fake_redis.h - a server at a socket's path that answers what a test says, whatever it is asked:
 * connection after connection, and in each one step for each piece of bytes that comes.
 */
#ifndef UMM_TESTS_UNIT_FAKE_REDIS_H
#define UMM_TESTS_UNIT_FAKE_REDIS_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FAKE_PATH "fake.sock"

/* What a step sends; or one of these, at the end of a connection. */
#define FAKE_CLOSE   "\1close"   /* close it */
#define FAKE_STALL   "\1stall"   /* answer nothing more, until the other side closes */
#define FAKE_TRICKLE "\1trickle" /* a byte of a long string now and then, likewise */
#define FAKE_FLOOD   "\1flood"   /* bytes without end, likewise */

struct fake {
    const char *const (*connections)[16]; /* steps, NULL at their end: then a stall */
    int n_connections, n_accepted;
    int listen_fd;
    pthread_t thread;
    char asked[65536]; /* all that came, of all connections */
    size_t asked_bytes;
};

static inline bool fake_is_open(int fd, int wait_ms)
{
    char byte;
    struct pollfd item = {.fd = fd, .events = POLLIN};
    if (poll(&item, 1, wait_ms) == 0)
        return true;
    const ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static inline bool fake_send(int fd, const char *bytes, size_t len)
{
    while (len) {
        const ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

static inline void fake_serve(struct fake *fake, int fd, const char *const *steps)
{
    static const char zeros[65536];
    for (; *steps && strcmp(*steps, FAKE_CLOSE) != 0; steps++) {
        if (strcmp(*steps, FAKE_STALL) == 0)
            break;
        if (strcmp(*steps, FAKE_TRICKLE) == 0)
            while (fake_is_open(fd, 20) && fake_send(fd, "x", 1))
                ;
        else if (strcmp(*steps, FAKE_FLOOD) == 0)
            while (fake_send(fd, zeros, sizeof zeros))
                ;
        if (**steps == '\1')
            return;
        const size_t room = sizeof fake->asked - 1 - fake->asked_bytes;
        const ssize_t n = recv(fd, fake->asked + fake->asked_bytes, room, 0);
        if (n <= 0)
            return;
        fake->asked_bytes += (size_t)n;
        if (!fake_send(fd, *steps, strlen(*steps)))
            return;
    }
    while ((!*steps || strcmp(*steps, FAKE_STALL) == 0) && fake_is_open(fd, 1000))
        ;
}

static inline void *fake_run(void *user)
{
    struct fake *fake = user;
    while (fake->n_accepted < fake->n_connections) {
        const int fd = accept(fake->listen_fd, NULL, NULL);
        if (fd < 0)
            break;
        fake_serve(fake, fd, fake->connections[fake->n_accepted++]);
        close(fd);
    }
    return NULL;
}

/* Listen; after the last connection nobody is let in, though the socket stays. 0 when it does. */
static inline int fake_open(struct fake *fake, const char *const (*connections)[16], int n)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = FAKE_PATH};
    *fake = (struct fake){.connections = connections, .n_connections = n};
    (void)unlink(FAKE_PATH);
    fake->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fake->listen_fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fake->listen_fd, 8) < 0)
        return -1;
    return pthread_create(&fake->thread, NULL, fake_run, fake);
}

/* All connections of the other side are closed. */
static inline void fake_close(struct fake *fake)
{
    (void)shutdown(fake->listen_fd, SHUT_RDWR);
    (void)pthread_join(fake->thread, NULL);
    close(fake->listen_fd);
}

#endif
