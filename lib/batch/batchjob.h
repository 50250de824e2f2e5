/* SPDX-License-Identifier: MIT */
/*
 * batchjob.h - run a command with items in batches, several at once, until all items are done or
 * put aside.
 *
 * A batch that fails is tried again in halves, so that an item that fails is found and is alone; it
 * is then retried as often as asked, and put aside. A batch that was killed (SIGKILL, as by the
 * kernel where memory runs out) is halved likewise, and later batches have no more items than a
 * half. What a batch leaves running in its process group is ended before the batch counts as ended.
 *
 * Standard output of a command is kept whole lines, or in the order of the items; standard error
 * goes out line by line as it comes. With a journal, an item counts as done when its command ended
 * with 0 and its output was handed on.
 */
#ifndef UMM_BATCH_BATCHJOB_H
#define UMM_BATCH_BATCHJOB_H

#include "batch/batchitems.h"
#include "batch/batchjournal.h"
#include "batch/batchsize.h"
#include "umm.h"

/* Stop when so many items failed, or such a share of those that are settled, of which 3 failed. */
enum umm_batch_halt { UMM_BATCH_HALT_NEVER, UMM_BATCH_HALT_SOON, UMM_BATCH_HALT_NOW };
struct umm_batch_halt_rule {
    enum umm_batch_halt when; /* SOON: what runs may end; NOW: it is ended */
    uint64_t n_failed;        /* 0: by share */
    double share;
};

enum { UMM_BATCH_JOBS_MAX = 1024 };

/* All zero except command, items and size.base: one batch at a time. */
struct umm_batchjob_options {
    char *const *command;
    char *const *envp;
    const struct umm_batchitems *items;
    struct umm_batchsize_options size;
    unsigned n_jobs;   /* 0: 1 */
    bool is_by_input;  /* items on the command's standard input, not as arguments */
    bool is_null;      /* with zero bytes after them there, not newlines */
    bool is_unordered; /* output as it comes */
    bool is_pipe_ignored, is_fsize_ignored; /* as child/children.h */
    uint64_t n_retries;
    struct umm_batch_halt_rule halt;
    const char *journal; /* NULL: none */
    bool is_retrying;    /* items that a run before put aside are tried again */
    enum umm_lock_wait lock_wait;
    const char *scratch_dir;   /* NULL: /tmp */
    uint64_t output_max_bytes; /* what output that waits may take of memory; 0: 64 MiB */
    int output_fd, error_fd;   /* where commands' output goes */
    /* Called before something goes to error_fd; may be NULL. */
    void (*before_error)(void *user);
    void *user;
};

/* Batches of between min and twice min items. */
struct umm_batchjob_sizes {
    uint64_t n_batches, n_items;
    double seconds;
    uint64_t peak_rss_bytes; /* the largest; UINT64_MAX: not known */
};
enum { UMM_BATCHJOB_SIZES = 40 };

struct umm_batchjob_result {
    uint64_t n_items;          /* of this run's part of the list */
    uint64_t n_before;         /* of these done by earlier runs */
    uint64_t n_done, n_failed; /* in all */
    uint64_t n_failed_items;   /* that this run put aside */
    uint64_t n_batches, n_failed_batches, n_killed_batches, n_retries;
    uint64_t n_orphans;                     /* ended before the first batch */
    uint64_t n_leftovers;                   /* batches that left processes, which were ended */
    uint64_t n_lowered;                     /* sizes that memory made smaller */
    uint64_t smallest_batch, largest_batch; /* UINT64_MAX: no batch */
    uint64_t peak_rss_bytes;                /* the largest of a batch; UINT64_MAX: not known */
    double item_bytes, fixed_bytes; /* a batch of n takes fixed + n * item; NaN: not known */
    double memory_share, cpu_share; /* at the last look; NaN: not known */
    double user_seconds, system_seconds, seconds;
    uint64_t spilled_bytes; /* output that went through a scratch file */
    bool is_halted;
    int ending_signal; /* 0: none came */
    int exit_code;     /* 126 or 127: the command cannot be run; else 0 */
    struct umm_batchjob_sizes sizes[UMM_BATCHJOB_SIZES]; /* i: from 2^i on */
    struct umm_batch_failure *failures; /* those put aside, also by earlier runs; as they came */
    size_t n_failures;
};

/*
 * Do it. UMM_ERR_SYSTEM with result->exit_code: the command cannot be run. UMM_ERR_DATA: an item
 * is longer than an argument may be. UMM_ERR_CANCELLED: a signal asked to end, once for what runs
 * to be the last, twice for that to be ended. Other failures: of the journal, of output. In all
 * cases what ran has ended when this returns. Free *result, also after a failure. In a process
 * without other children; from one thread.
 */
UMM_MUST_USE enum umm_status umm_batchjob_run(const struct umm_batchjob_options *options,
                                              struct umm_run *run,
                                              struct umm_batchjob_result *result,
                                              struct umm_error *err);
void umm_batchjob_result_free(struct umm_batchjob_result *result);

/* What a journal of that run is of. */
void umm_batchjob_key(const struct umm_batchjob_options *options, struct umm_batchjournal_key *key);

#endif
