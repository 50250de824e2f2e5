/* SPDX-License-Identifier: MIT */
/*
 * batchjournal.h - what of a list of items is done, in a file that a later run goes on from.
 *
 * One writer for each journal, which holds its lock. The file is lines of text that are only added;
 * each has a checksum (umm-formats(5)). It belongs to one list and one command. What a kill or a
 * power cut left unfinished, after the last sync, is cut off; a bad line before that is an error.
 *
 * What a flush wrote survives a kill of this process, what a sync did survives a power cut.
 */
#ifndef UMM_BATCH_BATCHJOURNAL_H
#define UMM_BATCH_BATCHJOURNAL_H

#include "sys/lock.h"
#include "text/textbuf.h"
#include "umm.h"

/* What a journal is of. */
struct umm_batchjournal_key {
    uint64_t n_items; /* that this run has, of n_all */
    uint64_t n_all, index, count;
    uint64_t list_hash, command_hash;
};

enum umm_batch_state { UMM_BATCH_PENDING = 0, UMM_BATCH_DONE, UMM_BATCH_FAILED, UMM_BATCH_HELD };

/* An item that was put aside. */
struct umm_batch_failure {
    uint64_t item, n_tries;
    char *reason; /* one line */
};

/* A batch that runs, or ran when its run was killed: its first item, how many, its process. */
struct umm_batch_flight {
    uint64_t first, n;
    uint32_t pid;
    uint64_t from_ticks, until_ticks; /* it began between these (umm_clock_boot_ticks) */
};

/* Who ran, so that processes that it left can be told from all others. */
enum { UMM_BATCH_BOOT_MAX = 40 };
struct umm_batch_runner {
    char boot[UMM_BATCH_BOOT_MAX]; /* the boot's identity */
    uint64_t pid_namespace;
    uint32_t session;
    uint64_t mark; /* in the environment of the commands */
};

/* What a journal says. states has one byte, an enum umm_batch_state, for each item. */
struct umm_batchjournal_past {
    bool is_there;
    unsigned char *states;
    uint64_t n_done, n_failed;
    struct umm_batch_failure *failures;
    size_t n_failures;
    bool is_running; /* the last run did not end by itself */
    struct umm_batch_runner runner;
    struct umm_batch_flight *flights;
    size_t n_flights;
    uint64_t len_bytes; /* of lines that count; the rest is cut off */
};

/*
 * Read the bytes of a journal of that key. UMM_ERR_CONFLICT: it is of another list, part or
 * command, or no journal; UMM_ERR_DATA: a line is damaged. Free *past, also after a failure.
 */
UMM_MUST_USE enum umm_status umm_batchjournal_parse(const char *bytes, size_t len_bytes,
                                                    const char *path,
                                                    const struct umm_batchjournal_key *key,
                                                    struct umm_batchjournal_past *past,
                                                    struct umm_error *err);
void umm_batchjournal_past_free(struct umm_batchjournal_past *past);

/* Forget the items that were put aside: they are to be tried again. */
void umm_batchjournal_past_retry(struct umm_batchjournal_past *past, uint64_t n_items);

/* All zero is none: then what is noted goes nowhere. */
struct umm_batchjournal {
    bool is_open;
    const char *path;
    struct umm_lock lock;
    int fd;
    uint64_t len_bytes, seed;
    struct umm_textbuf lines; /* that were not written yet */
    bool is_unsynced;
};

/*
 * Take the lock, read what is there, or make the file. path must live until the close.
 * UMM_ERR_BUSY: another process has it. Other failures as umm_batchjournal_parse, or of files.
 */
UMM_MUST_USE enum umm_status umm_batchjournal_open(struct umm_batchjournal *journal,
                                                   const char *path,
                                                   const struct umm_batchjournal_key *key,
                                                   enum umm_lock_wait wait, struct umm_run *run,
                                                   struct umm_batchjournal_past *past,
                                                   struct umm_error *err);

/* Write that a run begins, which is_retrying items that were put aside. */
UMM_MUST_USE enum umm_status umm_batchjournal_begin(struct umm_batchjournal *journal,
                                                    const struct umm_batch_runner *runner,
                                                    bool is_retrying, struct umm_error *err);

/* Note what happened; the next flush writes it, and reports want of memory. */
void umm_batchjournal_start(struct umm_batchjournal *journal,
                            const struct umm_batch_flight *flight);
void umm_batchjournal_done(struct umm_batchjournal *journal, uint64_t first, uint64_t n,
                           uint64_t time_us, uint64_t peak_rss_bytes);
void umm_batchjournal_again(struct umm_batchjournal *journal, uint64_t first, uint64_t n);
void umm_batchjournal_fail(struct umm_batchjournal *journal, uint64_t item, uint64_t n_tries,
                           const char *reason);
void umm_batchjournal_end(struct umm_batchjournal *journal);

UMM_MUST_USE enum umm_status umm_batchjournal_flush(struct umm_batchjournal *journal,
                                                    struct umm_error *err);
UMM_MUST_USE enum umm_status umm_batchjournal_sync(struct umm_batchjournal *journal,
                                                   struct umm_error *err);

/* What was not flushed is lost. Safe on none. */
void umm_batchjournal_close(struct umm_batchjournal *journal);

#endif
