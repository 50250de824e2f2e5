/* SPDX-License-Identifier: MIT */
/*
 * watchcommand.h - a command that is run for each batch of lines, which it has as its standard
 * input: a file without a name, so that it need not read them. One at a time.
 */
#ifndef UMM_WATCH_WATCHCOMMAND_H
#define UMM_WATCH_WATCHCOMMAND_H

#include "child/child.h"
#include "umm.h"
#include "watch/looklines.h"

enum { UMM_WATCH_BATCH_DEFAULT = 32, UMM_WATCH_BATCH_MAX = 65536 };

/* n_failed: runs that ended with another code than 0, or by a signal. */
struct umm_watchcommand {
    char **argv, **envp;
    const char *scratch_dir;
    size_t n_max;
    char *batch; /* lines that wait: n of them, len_bytes */
    size_t n, len_bytes;
    struct umm_child child;
    bool is_running;
    uint64_t n_runs, n_failed;
    int exit_code; /* 126 or 127: it cannot be run */
};

/* n_max: lines in a batch. */
UMM_MUST_USE enum umm_status umm_watchcommand_open(struct umm_watchcommand *command, char **argv,
                                                   char **envp, const char *scratch_dir,
                                                   size_t n_max, struct umm_error *err);
void umm_watchcommand_close(struct umm_watchcommand *command);

/* Run it with the lines that wait, of which there is one or more. None is running. */
UMM_MUST_USE enum umm_status umm_watchcommand_start(struct umm_watchcommand *command,
                                                    struct umm_error *err);

/*
 * Wait for its end, timeout_ns at most; is_running says whether it goes on. *failed (may be NULL)
 * is filled, with status UMM_ERR_SYSTEM, when it ended with another code than 0.
 */
UMM_MUST_USE enum umm_status umm_watchcommand_wait(struct umm_watchcommand *command,
                                                   uint64_t timeout_ns, struct umm_error *failed,
                                                   struct umm_error *err);

#endif
