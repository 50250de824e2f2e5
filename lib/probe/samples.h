/* SPDX-License-Identifier: MIT */
/*
 * samples.h - samples of several processes' memory, of which some are exact.
 *
 * The kernel's running counts (status) are cheap, but count a page in each process that has
 * it, also pages that a program gave back and the kernel has not taken yet (MADV_FREE).
 * Sums over the pages (smaps_rollup) count a shared page once and leave those out, but are
 * expensive and therefore rare. An exact sample has both, and their difference corrects the
 * samples around it, as long as the processes are the same and the difference stays.
 */
#ifndef UMM_PROBE_SAMPLES_H
#define UMM_PROBE_SAMPLES_H

#include "probe/process.h"
#include "umm.h"

/*
 * Sums over the processes at one moment, bytes; allocations since the beginning.
 *
 *   rss       a page that several have counts as often
 *   pss       a page counts once; of a process that may not be looked into, its rss, which
 *             is also in hidden
 *   growing   what a leak adds to: anonymous and shared memory (memfd, /dev/shm, tmpfs), and
 *             what of them was swapped out; each page once, without those given back
 *   counted   the same by the running counts
 *
 * is_exact: pages were added up; only then there is a pss, and growing is right, until
 * umm_samples_correct. is_sound: pss and growing may be used.
 */
struct umm_trial_sample {
    uint64_t at_ns; /* since the start */
    uint64_t rss_bytes, pss_bytes, hidden_bytes;
    uint64_t anonymous_bytes, shmem_bytes;
    uint64_t growing_bytes, counted_bytes;
    uint64_t n_allocs, alloc_bytes;
    uint32_t n_processes, n_hidden;
    bool is_exact, is_sound;
};

/*
 * Add a process by its running counts, and, if that was read, by its sums: summed is NULL
 * for a sample that is not exact, and has an unknown pss if this user may not look.
 */
void umm_samples_add_process(struct umm_trial_sample *sample, const struct umm_process *counted,
                             const struct umm_process *summed);

/*
 * Whether two exact samples are of as many processes, and the running counts exceed the sums
 * by about as much in both: then they correct what lies between.
 */
bool umm_samples_are_alike(const struct umm_trial_sample *a, const struct umm_trial_sample *b);

/* Give the samples that are not exact their pss and growing, or say that they have none. */
void umm_samples_correct(struct umm_trial_sample *samples, size_t n);

#endif
