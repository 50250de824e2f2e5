/* SPDX-License-Identifier: MIT */
/*
 * batchjob_work.h - what the parts of batchjob.h share: the loop (batchjob.c), one run of the
 * command (batchjob_run.c), what comes out of it (batchjob_out.c).
 */
#ifndef UMM_BATCH_BATCHJOB_WORK_H
#define UMM_BATCH_BATCHJOB_WORK_H

#include "batch/batchjob.h"
#include "batch/batchsink.h"
#include "batch/batchtext.h"
#include "child/children.h"
#include "net/poll.h"

enum { UMM_BATCH_LAST_MAX = 120, UMM_BATCH_REASON_MAX = 256 };

/* Items that come next to each other. */
struct umm_batch_range {
    uint64_t first, n;
    uint64_t n_tries; /* of a single item: how often it failed */
};

enum umm_batch_phase {
    UMM_BATCH_FREE,
    UMM_BATCH_RUNNING,
    UMM_BATCH_LEAVING /* the command has ended, and others of its group have not */
};

/* A pipe from a command; fd is -1 after its end. is_armed: its next bytes wake the loop. */
struct umm_batch_pipe {
    int fd;
    bool is_armed;
};

/* A place for a run of the command. */
struct umm_batch_slot {
    enum umm_batch_phase phase;
    struct umm_batch_range range;
    uint32_t pid;
    struct umm_batch_pipe out, error;
    struct umm_batchtext text;     /* of its output, not handed on yet */
    struct umm_batchtext line;     /* of its messages: one that is not complete */
    char last[UMM_BATCH_LAST_MAX]; /* its last message */
    size_t last_bytes;
    uint64_t begun_ns, deadline_ns; /* UINT64_MAX: nothing is to be done at a time */
    uint64_t own_peak_bytes;
    bool is_told, is_killed; /* asked to end by us, or killed */
    struct umm_children_end end;
    uint64_t time_us;
};

/* A batch that has ended, whose output waits. In the order in which outputs go out. */
struct umm_batch_settled {
    struct umm_batch_settled *next, *previous;
    struct umm_batch_range range;
    struct umm_batchtext text;
    uint64_t offset; /* what of it was handed on */
    uint64_t until;  /* unordered: the output's written_bytes that has it all */
    uint64_t time_us, peak_rss_bytes;
    char *reason; /* of an item that is put aside; NULL: it is done */
};

struct umm_batchjob {
    const struct umm_batchjob_options *options;
    struct umm_batchjob_result *result;
    struct umm_run *run;
    struct umm_children children;
    struct umm_poll poll;
    struct umm_batchjournal journal;
    struct umm_batchsize size;
    struct umm_batchtext_store store;
    struct umm_batchsink output, error;
    int null_fd; /* standard input of commands that have none */
    char **envp; /* with the run's mark */
    char **argv; /* of the command, with room for items */
    size_t n_words, n_argv_max;
    uint64_t arguments_bytes; /* what items may have as arguments */

    unsigned char *states;
    uint64_t cursor, frontier; /* of items that no batch had; of items whose output is out */
    struct umm_batch_range *again;
    size_t n_again;
    struct umm_batch_slot *slots;
    unsigned n_slots, n_running;
    struct umm_batch_settled *settled, *last_settled;
    uint64_t n_settled; /* items whose commands have ended for good, of all runs */
    enum umm_batch_halt stop;
    bool is_starved; /* no more processes, until one ends */
    uint64_t synced_ns, progress_ns;
};

/* ---- batchjob_run.c ---- */

/* Begin a run for the range in a free slot. *is_begun is false where it has to wait or is halved.
 */
UMM_MUST_USE enum umm_status umm_batch_begin(struct umm_batchjob *job,
                                             const struct umm_batch_range *range, bool *is_begun,
                                             struct umm_error *err);

/* Take note of what ended, and settle what has ended for good. */
UMM_MUST_USE enum umm_status umm_batch_reap(struct umm_batchjob *job, struct umm_error *err);

/* Do what is due by now: ask, kill, look whether a group is gone. *until_ns: what is due next. */
UMM_MUST_USE enum umm_status umm_batch_look(struct umm_batchjob *job, uint64_t now_ns,
                                            uint64_t *until_ns, struct umm_error *err);

/* Ask all that runs to end. */
void umm_batch_end_all(struct umm_batchjob *job);

/* Try the range before all others. */
UMM_MUST_USE enum umm_status umm_batch_push_again(struct umm_batchjob *job,
                                                  const struct umm_batch_range *range,
                                                  struct umm_error *err);

/* ---- batchjob_out.c ---- */

/* Read what the pipe has now. */
UMM_MUST_USE enum umm_status umm_batch_read(struct umm_batchjob *job, struct umm_batch_slot *slot,
                                            bool is_error, struct umm_error *err);

/* Let pipes wake the loop again whose bytes there is room for. */
UMM_MUST_USE enum umm_status umm_batch_arm(struct umm_batchjob *job, struct umm_error *err);

/*
 * The batch in the slot has ended for good: done, or, with a reason, put aside. What it printed is
 * handed on when its turn comes.
 */
UMM_MUST_USE enum umm_status umm_batch_settle(struct umm_batchjob *job, struct umm_batch_slot *slot,
                                              const char *reason, struct umm_error *err);

/* Its output is of no use: the batch is tried again. Messages go out all the same. */
UMM_MUST_USE enum umm_status umm_batch_drop(struct umm_batchjob *job, struct umm_batch_slot *slot,
                                            struct umm_error *err);

/* Hand on what may go out now; past gaps if nothing comes to fill them. */
UMM_MUST_USE enum umm_status umm_batch_hand_on(struct umm_batchjob *job, bool is_past_gaps,
                                               struct umm_error *err);

void umm_batch_free_settled(struct umm_batchjob *job);

#endif
