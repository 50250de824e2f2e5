/* SPDX-License-Identifier: MIT */
/*
 * process.h - the memory of processes, from /proc.
 *
 * RSS is what a process has in memory; PSS divides every page by the number of
 * processes that map it, so that sums over processes count it once; USS is what only
 * this process maps, which ending it would free. Leaks show in anonymous memory: RSS
 * also counts the pages of mapped data files.
 *
 * A figure that this user may not see, or that the kernel does not give, is
 * UMM_UNKNOWN, never 0. root (NULL for none) is put before /proc, for tests.
 * Source: Linux Documentation/filesystems/proc.rst. Any thread, on its own objects.
 */
#ifndef UMM_PROBE_PROCESS_H
#define UMM_PROBE_PROCESS_H

#include "umm.h"

#define UMM_UNKNOWN UINT64_MAX

enum { UMM_PROCESS_NAME_MAX = 64 };

/* Who a process is. start_ticks (since boot) tells it from a later one of its number. */
struct umm_process_id {
    uint32_t pid, ppid;
    uint32_t group, session; /* 0: none that this process can see */
    uint64_t start_ticks;
    char state; /* R, S, D, Z (ended, not yet waited for), ... */
    bool is_kernel_thread;
    char name[UMM_PROCESS_NAME_MAX]; /* as the kernel has it: 15 bytes, any bytes */
};

/*
 * Sizes in bytes; *_faults since it began. rss, anonymous, file and shmem are sums over
 * its mappings (smaps_rollup) where this user may see them, else the kernel's running
 * counts (status), which may lag by some pages per thread. swap is its own share.
 * file and shmem are parts of rss; anonymous is the rest. pss_anonymous and pss_shmem are
 * parts of pss; lazy_free is the part of anonymous that the program gave back (MADV_FREE)
 * and the kernel has not taken yet.
 */
struct umm_process {
    struct umm_process_id id;
    uint64_t rss_bytes, pss_bytes, uss_bytes;
    uint64_t anonymous_bytes, file_bytes, shmem_bytes;
    uint64_t pss_anonymous_bytes, pss_shmem_bytes, lazy_free_bytes;
    uint64_t swap_bytes;
    uint64_t peak_rss_bytes;
    uint64_t n_threads, n_fds;
    uint64_t minor_faults, major_faults;
};

/*
 * Read process pid. *is_there is false, and nothing else is said, when there is no such
 * process, or it ended while it was read; what is left of one that nobody waited for
 * (state Z) has no memory and counts as ended. Errors are of other kinds: no /proc.
 */
UMM_MUST_USE enum umm_status umm_process_read(const char *root, uint32_t pid,
                                              struct umm_process *process, bool *is_there,
                                              struct umm_error *err);

/*
 * The processes there are, by ascending number, in a malloc'ed list that the caller
 * frees. Those that end meanwhile are in it or not.
 */
UMM_MUST_USE enum umm_status umm_process_list(const char *root, struct umm_process_id **list,
                                              size_t *n, struct umm_error *err);

/*
 * Set is_chosen[i] for every process of the list that descends from a chosen one.
 * Whose parent ended belongs to whoever took it in.
 */
void umm_process_choose_descendants(const struct umm_process_id *list, size_t n, bool *is_chosen);

/* Whether the process bears this name: the kernel's 15 bytes of it are compared. */
bool umm_process_has_name(const struct umm_process_id *id, const char *name);

/* ---- parsers of untrusted text ---- */

/* /proc/PID/stat; n_threads and faults may be NULL if only the identity is asked for. */
bool umm_process_parse_stat(const char *text, struct umm_process_id *id,
                            struct umm_process *figures);

/* Nothing is known yet. */
void umm_process_forget(struct umm_process *process);

/* /proc/PID/status and /proc/PID/smaps_rollup: fill what they say, leave the rest. */
void umm_process_parse_status(const char *text, struct umm_process *process);
void umm_process_parse_rollup(const char *text, struct umm_process *process);

#endif
