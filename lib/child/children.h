/* SPDX-License-Identifier: MIT */
/*
 * children.h - several commands at once, each in a process group of its own, which child.h does
 * for one.
 *
 * This process takes in the children of its descendants that ended ("subreaper"). From open to
 * close SIGCHLD and the signals that ask to end are blocked, in the calling thread, and are told by
 * the descriptor signal_fd; children do not inherit that. In a process without other children;
 * from one thread.
 */
#ifndef UMM_CHILD_CHILDREN_H
#define UMM_CHILD_CHILDREN_H

#include "umm.h"

struct umm_children {
    bool is_open;
    int signal_fd;           /* can be read from when a child ended or a signal came */
    int ending_signal;       /* the last that asked to end: INT, TERM, HUP or QUIT; 0 for none */
    unsigned n_endings;      /* how many times; those that come within a quarter second are one */
    uint64_t ending_ns;      /* when the first of those came */
    unsigned char mask[128]; /* the signals blocked before */
};

UMM_MUST_USE enum umm_status umm_children_open(struct umm_children *children,
                                               struct umm_error *err);

/* Take note of the signals that came; after that signal_fd has nothing to read. */
void umm_children_take_signals(struct umm_children *children);

/* Restore the signals. What still runs is left to itself. Safe on all zero. */
void umm_children_close(struct umm_children *children);

/* After that: what asked to end comes once more, for it was for this process as well. */
void umm_children_raise_ending(const struct umm_children *children);

/*
 * argv[0] is looked for in PATH, as execvp does; the shell runs it if it is no program, but a
 * script without "#!". The descriptors are borrowed. is_pipe_ignored, is_fsize_ignored: the command
 * shall ignore SIGPIPE, SIGXFSZ; else it gets their defaults.
 */
struct umm_children_command {
    char *const *argv;
    char *const *envp;
    int input_fd, output_fd, error_fd;
    bool is_pipe_ignored, is_fsize_ignored;
};

/*
 * Start it, as the leader of a new process group whose number is *pid. If the calling thread ends
 * before the command, however that comes, the kernel kills the command, unless its user or
 * privileges have changed; what it has started goes on running. UMM_ERR_SYSTEM; when it is the
 * command that cannot be run, *is_command is true and sys_errno says why (ENOENT: there is none).
 */
UMM_MUST_USE enum umm_status umm_children_start(const struct umm_children *children,
                                                const struct umm_children_command *command,
                                                uint32_t *pid, bool *is_command,
                                                struct umm_error *err);

/*
 * What has ended: its exit code, or 0 and the signal that ended it; what it and those of its
 * descendants used that ended and were waited for. The peak is of the largest process, and at least
 * that of this process: a command begins as a copy of it.
 */
struct umm_children_end {
    uint32_t pid;
    int exit_code, signal;
    uint64_t user_us, system_us, peak_rss_bytes;
};

/* One that has ended, command or other descendant; false if there is none now. Does not wait. */
bool umm_children_reap(struct umm_children_end *end);

/*
 * Ask the group to end (TERM, and CONT in case it is stopped), or end it (KILL). False if it has no
 * members.
 */
bool umm_children_end_group(uint32_t pid, bool is_killing);

/* Whether the group of that command has members; those that ended and were not reaped count. */
bool umm_children_has_group(uint32_t pid);

/* A pipe whose ends are closed by exec; reads of *read_fd do not wait. */
UMM_MUST_USE enum umm_status umm_children_pipe(int *read_fd, int *write_fd, struct umm_error *err);

/* The peak of this process's resident memory so far; 0 where the kernel does not tell. */
uint64_t umm_children_own_peak_bytes(void);

/* The session that this process is in. */
uint32_t umm_children_session(void);

/* What the arguments and the environment of a command may have in all, in bytes. */
uint64_t umm_children_arguments_max_bytes(void);

#endif
