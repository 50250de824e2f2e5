/* SPDX-License-Identifier: MIT */
/*
 * child.h - running a command: start it, pass signals on, wait for it, and for what it
 * leaves.
 *
 * This process takes in the children of its descendants that ended ("subreaper"), so
 * that a daemon stays a descendant. From open to close SIGCHLD and the signals that are
 * passed on are blocked, in the calling thread; children do not inherit that. One at a
 * time, in a process without other children; from one thread.
 */
#ifndef UMM_CHILD_CHILD_H
#define UMM_CHILD_CHILD_H

#include "umm.h"

/*
 * What all that was waited for has used, from getrusage and /proc/self/io: the command,
 * and those of its descendants that ended and were waited for. Device bytes are what
 * storage transferred; UINT64_MAX where the kernel does not count it.
 */
struct umm_child_usage {
    uint64_t user_us, system_us;
    uint64_t minor_faults, major_faults;
    uint64_t voluntary_switches, involuntary_switches;
    uint64_t peak_rss_bytes; /* of the largest process; at least own_peak_bytes, see below */
    uint64_t read_bytes, written_bytes;
};

struct umm_child {
    bool is_open;
    int signal_fd;
    uint32_t pid;
    bool has_ended;
    bool is_told_to_end; /* a signal came to pass on, and the command had ended */
    int ending_signal;   /* the last that asked to end, 0 for none */
    bool has_others;     /* descendants that still run, or could not be waited for yet */
    int wait_status;
    uint64_t read_bytes, written_bytes; /* this process's own, before */
    uint64_t own_peak_bytes;            /* a command begins as a copy of us: less cannot be told */
    unsigned char mask[128];            /* the signals blocked before */
};

/*
 * argv[0] is looked for in PATH, as execvp does; the shell runs it if it is no program, but
 * a script without "#!". is_pipe_ignored, is_fsize_ignored: the
 * command shall ignore SIGPIPE, SIGXFSZ; else it gets their defaults. has_input: its standard
 * input is input_fd, borrowed; else it is ours.
 */
struct umm_child_command {
    char *const *argv;
    char *const *envp;
    bool is_pipe_ignored, is_fsize_ignored;
    bool has_input;
    int input_fd;
};

/*
 * Start it. If the calling thread ends before the command, however that comes, the kernel kills
 * the command, unless its user or privileges have changed; what it has started goes on running.
 * UMM_ERR_SYSTEM; when it is the command that cannot be run, *is_command is true and sys_errno
 * says why (ENOENT: there is none).
 */
UMM_MUST_USE enum umm_status umm_child_open(struct umm_child *child,
                                            const struct umm_child_command *command,
                                            bool *is_command, struct umm_error *err);

/*
 * Wait until the command, or another descendant that is ours to wait for, has ended, but
 * at most timeout_ns; take note of what ended; pass on the signals that came. A signal
 * that the terminal sent to all of its foreground is not sent twice.
 */
UMM_MUST_USE enum umm_status umm_child_wait(struct umm_child *child, uint64_t timeout_ns,
                                            struct umm_error *err);

/* As a shell's $?: the command's exit code, or 128 + the signal that ended it. */
int umm_child_exit_code(const struct umm_child *child);

/* Whether that is the exit code of what SIGKILL ended; a shell hands on that of its command. */
bool umm_child_is_kill(int exit_code);

/* The signal that ended it, 0 for none. */
int umm_child_signal(const struct umm_child *child);

void umm_child_usage(const struct umm_child *child, struct umm_child_usage *usage);

/* Restore the signals; what still runs is left to itself, until we end. Safe on all zero. */
void umm_child_close(struct umm_child *child);

/* After that: what asked to end comes once more, for it was for this process as well. */
void umm_child_raise_ending(const struct umm_child *child);

/*
 * Ask a process to end (TERM, and CONT in case it is stopped), or end it (KILL). One that
 * is not there, or not ours to signal, is left alone.
 */
void umm_child_end(uint32_t pid, bool is_killing);

/*
 * Whether two processes have one and the same memory, as between vfork and exec: counted
 * twice, it would not be there. False when the kernel does not tell.
 */
bool umm_child_shares_memory(uint32_t pid, uint32_t other);

/* This process's own number. */
uint32_t umm_child_self(void);

#endif
