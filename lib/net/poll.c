/* SPDX-License-Identifier: MIT */
#include "net/poll.h"

#include "base/error.h"
#include "sys/clock.h"
#include "sys/file.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const uint64_t TICK_NS = 100000000;

/* Of our own descriptors: no caller's, as those are less than 2^63. */
static const uint64_t TIMER_TAG = UINT64_MAX, HANGUP_TAG = UINT64_MAX - 1;

static const char shown[] = "files";

_Static_assert(sizeof(sigset_t) <= sizeof(((struct umm_poll *)0)->mask), "room for a mask");

static uint32_t to_kernel(unsigned what)
{
    return (uint32_t)((what & UMM_POLL_IN ? EPOLLIN : 0) | (what & UMM_POLL_OUT ? EPOLLOUT : 0) |
                      (what & UMM_POLL_END ? EPOLLRDHUP : 0)) |
           (what & UMM_POLL_EDGE ? (uint32_t)EPOLLET : 0) |
           (what & UMM_POLL_ONCE ? (uint32_t)EPOLLONESHOT : 0);
}

/* What has failed is told by the next read or write, so it is ready for both. */
static unsigned from_kernel(uint32_t events)
{
    const bool is_over = events & (EPOLLHUP | EPOLLERR);
    return (events & EPOLLIN || is_over ? UMM_POLL_IN : 0U) |
           (events & EPOLLOUT || is_over ? UMM_POLL_OUT : 0U) |
           (events & EPOLLRDHUP || is_over ? UMM_POLL_END : 0U);
}

static enum umm_status control(struct umm_poll *poll, int operation, int fd, uint32_t events,
                               uint64_t tag, struct umm_error *err)
{
    struct epoll_event event = {.events = events, .data.u64 = tag};
    if (epoll_ctl(poll->fd, operation, fd, &event) == 0)
        return UMM_OK;
    if (errno == EPERM)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "is always ready");
    return umm_error_set_errno(err, errno, shown, "cannot wait for");
}

enum umm_status umm_poll_open(struct umm_poll *poll, struct umm_error *err)
{
    *poll = (struct umm_poll){.fd = -1, .timer_fd = -1, .hangup_fd = -1};
    poll->fd = epoll_create1(EPOLL_CLOEXEC);
    if (poll->fd >= 0)
        poll->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (poll->timer_fd < 0) {
        const int sys_errno = errno;
        umm_poll_close(poll);
        return umm_error_set_errno(err, sys_errno, shown, "cannot wait for");
    }
    enum umm_status status =
        control(poll, EPOLL_CTL_ADD, poll->timer_fd, (uint32_t)(EPOLLIN | EPOLLET), TIMER_TAG, err);
    if (status)
        umm_poll_close(poll);
    return status;
}

void umm_poll_close(struct umm_poll *poll)
{
    umm_poll_release_hangup(poll);
    umm_file_close(&poll->timer_fd);
    umm_file_close(&poll->fd);
}

enum umm_status umm_poll_catch_hangup(struct umm_poll *poll, struct umm_error *err)
{
    sigset_t wanted, before;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGHUP);
    poll->hangup_fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (poll->hangup_fd < 0)
        return umm_error_set_errno(err, errno, "signals", "cannot wait for");
    enum umm_status status =
        control(poll, EPOLL_CTL_ADD, poll->hangup_fd, (uint32_t)EPOLLIN, HANGUP_TAG, err);
    if (!status && sigprocmask(SIG_BLOCK, &wanted, &before) < 0)
        status = umm_error_set_errno(err, errno, "signals", "cannot block");
    if (status)
        umm_file_close(&poll->hangup_fd);
    else
        memcpy(poll->mask, &before, sizeof before);
    return status;
}

static bool take_hangups(struct umm_poll *poll)
{
    struct signalfd_siginfo info;
    bool has_come = false;
    while (read(poll->hangup_fd, &info, sizeof info) == sizeof info)
        has_come = true;
    return has_come;
}

/* One that came too late is not for a handler either. */
void umm_poll_release_hangup(struct umm_poll *poll)
{
    sigset_t before;
    if (poll->hangup_fd < 0)
        return;
    (void)take_hangups(poll);
    umm_file_close(&poll->hangup_fd);
    memcpy(&before, poll->mask, sizeof before);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}

enum umm_status umm_poll_add(struct umm_poll *poll, int fd, unsigned what, uint64_t tag,
                             struct umm_error *err)
{
    return control(poll, EPOLL_CTL_ADD, fd, to_kernel(what), tag, err);
}

enum umm_status umm_poll_change(struct umm_poll *poll, int fd, unsigned what, uint64_t tag,
                                struct umm_error *err)
{
    return control(poll, EPOLL_CTL_MOD, fd, to_kernel(what), tag, err);
}

/* Not left to close: a process that was just forked may have the file open. */
void umm_poll_remove(struct umm_poll *poll, int fd)
{
    (void)epoll_ctl(poll->fd, EPOLL_CTL_DEL, fd, NULL);
}

/*
 * Have the timer fire at until_ns or at the next tick. A time that is no longer wanted stays set:
 * the wait that it ends for nothing costs less than to set it anew for each batch.
 */
static enum umm_status arm(struct umm_poll *poll, uint64_t until_ns, struct umm_error *err)
{
    const uint64_t second = 1000000000;
    if (poll->armed_ns && until_ns >= poll->armed_ns)
        return UMM_OK;
    const uint64_t tick = umm_clock_monotonic_ns() + TICK_NS,
                   at = until_ns < tick ? until_ns : tick;
    const struct itimerspec spec = {
        .it_value = {.tv_sec = (time_t)(at / second), .tv_nsec = (long)(at % second)}};
    if (timerfd_settime(poll->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
        return umm_error_set_errno(err, errno, "a time", "cannot wait for");
    poll->armed_ns = at;
    return UMM_OK;
}

enum umm_status umm_poll_wait(struct umm_poll *poll, uint64_t until_ns, struct umm_poll_wake *wake,
                              struct umm_error *err)
{
    struct epoll_event events[UMM_POLL_EVENTS_MAX];
    wake->n_events = 0;
    wake->is_tick = wake->is_hangup = false;
    enum umm_status status =
        until_ns || !poll->armed_ns ? arm(poll, until_ns ? until_ns : UINT64_MAX, err) : UMM_OK;
    if (status)
        return status;
    const int n = epoll_wait(poll->fd, events, UMM_POLL_EVENTS_MAX, until_ns ? -1 : 0);
    if (n < 0 && errno != EINTR)
        return umm_error_set_errno(err, errno, shown, "cannot wait for");
    for (int i = 0; i < n; i++) {
        const uint64_t tag = events[i].data.u64;
        if (tag == TIMER_TAG) {
            poll->armed_ns = 0; /* to set it again takes back what it counted */
            wake->is_tick = true;
        } else if (tag == HANGUP_TAG) {
            wake->is_hangup |= take_hangups(poll);
        } else {
            wake->events[wake->n_events++] =
                (struct umm_poll_event){.tag = tag, .what = from_kernel(events[i].events)};
        }
    }
    return UMM_OK;
}
