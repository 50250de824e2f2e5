/* SPDX-License-Identifier: MIT */
#include "child/children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/clock.h"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

_Static_assert(sizeof(sigset_t) <= sizeof(((struct umm_children *)0)->mask), "room for a mask");

/* ---- signals ------------------------------------------------------------- */

enum umm_status umm_children_open(struct umm_children *children, struct umm_error *err)
{
    sigset_t wanted, before;
    *children = (struct umm_children){.signal_fd = -1};
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return umm_error_set_errno(err, errno, "orphans", "cannot take in");
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        struct sigaction action;
        /* What nohup(1) and the like have ignored stays so. */
        if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&wanted, ending[i]);
    }
    if (sigprocmask(SIG_BLOCK, &wanted, &before) < 0)
        return umm_error_set_errno(err, errno, "signals", "cannot block");
    memcpy(children->mask, &before, sizeof before);
    children->is_open = true;
    children->signal_fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (children->signal_fd >= 0)
        return UMM_OK;
    const int sys_errno = errno;
    umm_children_close(children);
    return umm_error_set_errno(err, sys_errno, "signals", "cannot wait for");
}

/* timeout(1) signals its command, and then its process group: for the command these are one. */
static void note_ending(struct umm_children *children, int number)
{
    static const uint64_t together_ns = 250000000;
    const uint64_t now_ns = umm_clock_monotonic_ns();
    children->ending_signal = number;
    if (children->n_endings == 0)
        children->ending_ns = now_ns;
    if (children->n_endings == 0 || now_ns - children->ending_ns > together_ns)
        children->n_endings++;
}

void umm_children_take_signals(struct umm_children *children)
{
    struct signalfd_siginfo info;
    while (read(children->signal_fd, &info, sizeof info) == sizeof info)
        if (info.ssi_signo != SIGCHLD)
            note_ending(children, (int)info.ssi_signo);
}

void umm_children_close(struct umm_children *children)
{
    sigset_t before;
    if (!children->is_open)
        return;
    if (children->signal_fd >= 0) {
        umm_children_take_signals(children);
        (void)close(children->signal_fd);
    }
    memcpy(&before, children->mask, sizeof before);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    children->signal_fd = -1;
    children->is_open = false;
}

void umm_children_raise_ending(const struct umm_children *children)
{
    if (children->ending_signal)
        (void)kill(getpid(), children->ending_signal);
}

/* ---- start --------------------------------------------------------------- */

/* Put fd in the place of a standard descriptor; that it is there already must not close it. */
static bool place(int fd, int standard_fd)
{
    return fd == standard_fd ? fcntl(fd, F_SETFD, 0) == 0 : dup2(fd, standard_fd) >= 0;
}

/*
 * The new process's side, in our memory until exec: it changes nothing there but *code. All signals
 * are blocked, as no handler of ours may run here.
 */
static _Noreturn void become(const struct umm_children *children,
                             const struct umm_children_command *command, pid_t parent,
                             volatile int *code)
{
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    sigset_t mask;
    memcpy(&mask, children->mask, sizeof mask);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent &&
        setpgid(0, 0) == 0) {
        for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
            struct sigaction action;
            if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
                (void)sigaction(ending[i], &by_default, NULL);
        }
        if (!command->is_pipe_ignored)
            (void)sigaction(SIGPIPE, &by_default, NULL);
        if (!command->is_fsize_ignored)
            (void)sigaction(SIGXFSZ, &by_default, NULL);
        (void)sigprocmask(SIG_SETMASK, &mask, NULL);
        if (place(command->input_fd, STDIN_FILENO) && place(command->output_fd, STDOUT_FILENO) &&
            place(command->error_fd, STDERR_FILENO))
            (void)execvpe(command->argv[0], command->argv, command->envp);
    }
    *code = errno ? errno : ECHILD;
    _exit(EXIT_FAILURE);
}

/* A copy of this process would cost what its memory does; that is why none is made. */
static pid_t spawn(const struct umm_children *children, const struct umm_children_command *command,
                   volatile int *code)
{
    const pid_t self = getpid();
    const pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
    if (pid == 0)
        become(children, command, self, code); /* NOLINT(clang-analyzer-unix.Vfork) */
    if (pid < 0)
        *code = errno;
    return pid;
}

enum umm_status umm_children_start(const struct umm_children *children,
                                   const struct umm_children_command *command, uint32_t *pid,
                                   bool *is_command, struct umm_error *err)
{
    sigset_t all, before;
    volatile int code = 0;
    *is_command = false;
    sigfillset(&all);
    if (sigprocmask(SIG_SETMASK, &all, &before) < 0)
        return umm_error_set_errno(err, errno, "signals", "cannot block");
    const pid_t new_pid = spawn(children, command, &code);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    *pid = new_pid > 0 ? (uint32_t)new_pid : 0;
    if (!code)
        return UMM_OK;
    if (new_pid > 0) {
        *is_command = code != EAGAIN && code != ENOMEM;
        while (waitpid(new_pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    return umm_error_set_errno(err, code, command->argv[0], "cannot run");
}

enum umm_status umm_children_pipe(int *read_fd, int *write_fd, struct umm_error *err)
{
    int fds[2] = {-1, -1};
    *read_fd = *write_fd = -1;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return umm_error_set_errno(err, errno, "a pipe", "cannot make");
    *read_fd = fds[0];
    *write_fd = fds[1];
    if (fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0)
        return UMM_OK;
    const int sys_errno = errno;
    (void)close(fds[0]);
    (void)close(fds[1]);
    *read_fd = *write_fd = -1;
    return umm_error_set_errno(err, sys_errno, "a pipe", "cannot make");
}

/* ---- end ----------------------------------------------------------------- */

static uint64_t to_us(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

bool umm_children_reap(struct umm_children_end *end)
{
    struct rusage usage;
    int wait_status;
    for (;;) {
        const pid_t pid = wait4(-1, &wait_status, WNOHANG, &usage);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid <= 0)
            return false;
        if (!WIFEXITED(wait_status) && !WIFSIGNALED(wait_status))
            continue;
        *end = (struct umm_children_end){
            .pid = (uint32_t)pid,
            .exit_code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0,
            .signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0,
            .user_us = to_us(&usage.ru_utime),
            .system_us = to_us(&usage.ru_stime),
            .peak_rss_bytes = (uint64_t)usage.ru_maxrss * 1024};
        return true;
    }
}

bool umm_children_end_group(uint32_t pid, bool is_killing)
{
    const bool is_there = kill(-(pid_t)pid, is_killing ? SIGKILL : SIGTERM) == 0;
    if (is_there && !is_killing)
        (void)kill(-(pid_t)pid, SIGCONT);
    return is_there;
}

bool umm_children_has_group(uint32_t pid)
{
    return kill(-(pid_t)pid, 0) == 0 || errno == EPERM;
}

uint64_t umm_children_own_peak_bytes(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : 0;
}

uint32_t umm_children_session(void)
{
    return (uint32_t)getsid(0);
}

uint64_t umm_children_arguments_max_bytes(void)
{
    const long most = sysconf(_SC_ARG_MAX);
    return most > 0 ? (uint64_t)most : 131072;
}
