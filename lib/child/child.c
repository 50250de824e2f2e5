/* SPDX-License-Identifier: MIT */
#include "child/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/procfs.h"

static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM};

_Static_assert(sizeof(sigset_t) <= sizeof(((struct umm_child *)0)->mask), "room for a mask");

/* ---- usage --------------------------------------------------------------- */

/*
 * The kernel adds a process's transfers to those of the process that waits for it, as it does with
 * its other usage: ours grow by our descendants'.
 */
static void read_io(uint64_t *read_bytes, uint64_t *written_bytes)
{
    struct umm_procfs_text text = {0};
    *read_bytes = *written_bytes = UINT64_MAX;
    if (umm_procfs_read(UMM_PROCFS_CWD, "/proc/self/io", &text, NULL) == UMM_OK) {
        (void)umm_procfs_field(text.bytes, "read_bytes:", read_bytes);
        (void)umm_procfs_field(text.bytes, "write_bytes:", written_bytes);
    }
    umm_procfs_text_free(&text);
}

static uint64_t since(uint64_t now, uint64_t before)
{
    if (now == UINT64_MAX || before == UINT64_MAX)
        return UINT64_MAX;
    return now > before ? now - before : 0;
}

void umm_child_usage(const struct umm_child *child, struct umm_child_usage *usage)
{
    struct rusage r;
    uint64_t read_bytes, written_bytes;
    memset(usage, 0, sizeof *usage);
    if (getrusage(RUSAGE_CHILDREN, &r) == 0)
        *usage = (struct umm_child_usage){
            .user_us = (uint64_t)r.ru_utime.tv_sec * 1000000 + (uint64_t)r.ru_utime.tv_usec,
            .system_us = (uint64_t)r.ru_stime.tv_sec * 1000000 + (uint64_t)r.ru_stime.tv_usec,
            .minor_faults = (uint64_t)r.ru_minflt,
            .major_faults = (uint64_t)r.ru_majflt,
            .voluntary_switches = (uint64_t)r.ru_nvcsw,
            .involuntary_switches = (uint64_t)r.ru_nivcsw,
            .peak_rss_bytes = (uint64_t)r.ru_maxrss * 1024};
    read_io(&read_bytes, &written_bytes);
    usage->read_bytes = since(read_bytes, child->read_bytes);
    usage->written_bytes = since(written_bytes, child->written_bytes);
}

/* ---- start --------------------------------------------------------------- */

static enum umm_status block_signals(struct umm_child *child, struct umm_error *err)
{
    sigset_t wanted, before;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++) {
        struct sigaction action;
        /* What nohup(1) and the like have ignored stays so, for the command as well. */
        if (sigaction(passed_on[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&wanted, passed_on[i]);
    }
    if (sigprocmask(SIG_BLOCK, &wanted, &before) < 0)
        return umm_error_set_errno(err, errno, "signals", "cannot block");
    memcpy(child->mask, &before, sizeof before);
    child->is_open = true;
    child->signal_fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (child->signal_fd < 0)
        return umm_error_set_errno(err, errno, "signals", "cannot wait for");
    return UMM_OK;
}

/*
 * The new process's side: become the command, or say why not. It is killed with us, which it must
 * ask for before it looks whether we are still there.
 */
static _Noreturn void become(const struct umm_child *child, const struct umm_child_command *command,
                             pid_t parent, int report_fd)
{
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    sigset_t mask;
    memcpy(&mask, child->mask, sizeof mask);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent) {
        /* No handler of ours runs here when a signal comes in before exec. */
        for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++) {
            struct sigaction action;
            if (sigaction(passed_on[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
                (void)sigaction(passed_on[i], &by_default, NULL);
        }
        if (!command->is_pipe_ignored)
            (void)sigaction(SIGPIPE, &by_default, NULL);
        if (!command->is_fsize_ignored)
            (void)sigaction(SIGXFSZ, &by_default, NULL);
        (void)sigprocmask(SIG_SETMASK, &mask, NULL);
        if (!command->has_input || dup2(command->input_fd, STDIN_FILENO) >= 0)
            (void)execvpe(command->argv[0], command->argv, command->envp);
    }
    const int code = errno;
    (void)!write(report_fd, &code, sizeof code);
    _exit(EXIT_FAILURE);
}

/* The errno of a process that did not become the command; 0 when it did: nothing comes then. */
static int read_report(int fd)
{
    int code = 0;
    ssize_t n;
    do
        n = read(fd, &code, sizeof code);
    while (n < 0 && errno == EINTR);
    return n < 0 ? errno : n == sizeof code ? code : 0;
}

static int spawn(struct umm_child *child, const struct umm_child_command *command, bool *is_command)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0)
        return errno;
    const pid_t self = getpid(), pid = fork();
    int code = pid < 0 ? errno : 0;
    if (pid == 0)
        become(child, command, self, report[1]);
    (void)close(report[1]);
    if (!code) {
        code = read_report(report[0]);
        *is_command = code != 0 && code != EAGAIN && code != ENOMEM;
    }
    (void)close(report[0]);
    if (code && pid > 0)
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    child->pid = pid > 0 ? (uint32_t)pid : 0;
    return code;
}

enum umm_status umm_child_open(struct umm_child *child, const struct umm_child_command *command,
                               bool *is_command, struct umm_error *err)
{
    *child = (struct umm_child){.signal_fd = -1, .has_others = true};
    *is_command = false;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return umm_error_set_errno(err, errno, "orphans", "cannot take in");
    read_io(&child->read_bytes, &child->written_bytes);
    struct rusage own;
    if (getrusage(RUSAGE_SELF, &own) == 0)
        child->own_peak_bytes = (uint64_t)own.ru_maxrss * 1024;
    enum umm_status status = block_signals(child, err);
    int code = status ? 0 : spawn(child, command, is_command);
    if (code)
        status = umm_error_set_errno(err, code, command->argv[0], "cannot run");
    if (status)
        umm_child_close(child);
    return status;
}

/* ---- wait ---------------------------------------------------------------- */

/* That the command has gone unseen, as where SIGCHLD is ignored, is no reason to wait for ever. */
static enum umm_status reap(struct umm_child *child, struct umm_error *err)
{
    for (;;) {
        int wait_status;
        pid_t pid = waitpid(-1, &wait_status, WNOHANG);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            child->has_others = false;
        if (pid < 0 && !child->has_ended)
            return umm_error_set_errno(err, errno, "the command", "cannot wait for");
        if (pid <= 0)
            return UMM_OK;
        if ((uint32_t)pid == child->pid && (WIFEXITED(wait_status) || WIFSIGNALED(wait_status))) {
            child->has_ended = true;
            child->wait_status = wait_status;
        }
    }
}

/*
 * A key of the terminal signals its whole foreground, the command too if it stayed in
 * our group: that one has it already.
 */
static void pass_on(const struct umm_child *child, const struct signalfd_siginfo *info)
{
    pid_t pid = (pid_t)child->pid;
    bool is_from_terminal = info->ssi_code == SI_KERNEL && getpgid(pid) == getpgrp();
    if (info->ssi_signo != SIGCHLD && !child->has_ended && !is_from_terminal)
        (void)kill(pid, (int)info->ssi_signo);
}

static bool is_ending(uint32_t number)
{
    return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT;
}

static void take_signals(struct umm_child *child)
{
    struct signalfd_siginfo info;
    while (read(child->signal_fd, &info, sizeof info) == sizeof info) {
        pass_on(child, &info);
        if (is_ending(info.ssi_signo))
            child->ending_signal = (int)info.ssi_signo;
        child->is_told_to_end |= child->has_ended && info.ssi_signo != SIGCHLD;
    }
}

enum umm_status umm_child_wait(struct umm_child *child, uint64_t timeout_ns, struct umm_error *err)
{
    const uint64_t second_ns = 1000000000;
    struct pollfd item = {.fd = child->signal_fd, .events = POLLIN};
    struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / second_ns),
                               .tv_nsec = (long)(timeout_ns % second_ns)};
    int n = ppoll(&item, 1, &timeout, NULL);
    if (n < 0 && errno != EINTR)
        return umm_error_set_errno(err, errno, "the command", "cannot wait for");
    take_signals(child);
    return reap(child, err);
}

/* Of the exit codes that a shell gives to what a signal ended. */
enum { SIGNAL_BASE = 128 };

int umm_child_exit_code(const struct umm_child *child)
{
    return WIFSIGNALED(child->wait_status) ? SIGNAL_BASE + WTERMSIG(child->wait_status)
                                           : WEXITSTATUS(child->wait_status);
}

bool umm_child_is_kill(int exit_code)
{
    return exit_code == SIGNAL_BASE + SIGKILL;
}

int umm_child_signal(const struct umm_child *child)
{
    return WIFSIGNALED(child->wait_status) ? WTERMSIG(child->wait_status) : 0;
}

void umm_child_close(struct umm_child *child)
{
    sigset_t before;
    if (!child->is_open)
        return;
    if (child->signal_fd >= 0) {
        take_signals(child); /* what came too late for the command is not for us either */
        (void)close(child->signal_fd);
    }
    memcpy(&before, child->mask, sizeof before);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    child->is_open = false;
}

void umm_child_raise_ending(const struct umm_child *child)
{
    if (child->ending_signal)
        (void)kill(getpid(), child->ending_signal);
}

void umm_child_end(uint32_t pid, bool is_killing)
{
    (void)kill((pid_t)pid, is_killing ? SIGKILL : SIGTERM);
    if (!is_killing)
        (void)kill((pid_t)pid, SIGCONT);
}

bool umm_child_shares_memory(uint32_t pid, uint32_t other)
{
    return syscall(SYS_kcmp, (pid_t)pid, (pid_t)other, KCMP_VM, 0, 0) == 0;
}

uint32_t umm_child_self(void)
{
    return (uint32_t)getpid();
}
