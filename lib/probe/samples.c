/* SPDX-License-Identifier: MIT */
#include "probe/samples.h"

static uint64_t known(uint64_t bytes)
{
    return bytes == UMM_UNKNOWN ? 0 : bytes;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/*
 * Before Linux 5.3 there is no PSS by kinds: what is anonymous is shared with other processes
 * at most as much as all of it.
 */
static uint64_t growing_of(const struct umm_process *summed)
{
    uint64_t anonymous = summed->pss_anonymous_bytes, shmem = summed->pss_shmem_bytes;
    if (anonymous == UMM_UNKNOWN)
        anonymous = least(known(summed->anonymous_bytes), summed->pss_bytes);
    if (shmem == UMM_UNKNOWN)
        shmem = least(known(summed->shmem_bytes), minus(summed->pss_bytes, anonymous));
    return minus(anonymous, known(summed->lazy_free_bytes)) + shmem + known(summed->swap_bytes);
}

void umm_samples_add_process(struct umm_trial_sample *sample, const struct umm_process *counted,
                             const struct umm_process *summed)
{
    uint64_t growing =
        known(counted->anonymous_bytes) + known(counted->shmem_bytes) + known(counted->swap_bytes);
    bool is_hidden = summed && summed->pss_bytes == UMM_UNKNOWN;
    sample->n_processes++;
    sample->rss_bytes += known(counted->rss_bytes);
    sample->anonymous_bytes += known(counted->anonymous_bytes);
    sample->shmem_bytes += known(counted->shmem_bytes);
    sample->counted_bytes += growing;
    if (!summed)
        return;
    sample->n_hidden += is_hidden;
    sample->hidden_bytes += is_hidden ? known(counted->rss_bytes) : 0;
    sample->pss_bytes += is_hidden ? known(counted->rss_bytes) : summed->pss_bytes;
    sample->growing_bytes += is_hidden ? growing : growing_of(summed);
}

/* By how much the running counts exceed the sums. */
static uint64_t growing_excess(const struct umm_trial_sample *exact)
{
    return minus(exact->counted_bytes, exact->growing_bytes);
}

static uint64_t rss_excess(const struct umm_trial_sample *exact)
{
    return minus(exact->rss_bytes, exact->pss_bytes);
}

/* The running counts lag by up to 64 pages for each thread and kind. */
bool umm_samples_are_alike(const struct umm_trial_sample *a, const struct umm_trial_sample *b)
{
    const uint64_t lag_bytes = 1 << 20;
    uint64_t x = growing_excess(a), y = growing_excess(b);
    return a->n_processes == b->n_processes &&
           minus(x, y) + minus(y, x) <= lag_bytes + least(a->counted_bytes, b->counted_bytes) / 64;
}

/* From a to b, which are so many ns apart, after at_ns of them. */
static uint64_t between(uint64_t a, uint64_t b, uint64_t at_ns, uint64_t ns)
{
    double share = ns ? (double)at_ns / (double)ns : 0;
    return (uint64_t)((double)a + ((double)b - (double)a) * share);
}

/*
 * At a moment after the exact sample a. b is the exact one after it, or, after the last, the
 * one before a: the difference stays if it did before.
 */
static void correct(struct umm_trial_sample *sample, const struct umm_trial_sample *a,
                    const struct umm_trial_sample *b)
{
    uint64_t excess = growing_excess(a), rss = rss_excess(a);
    sample->is_sound = sample->n_processes == a->n_processes && umm_samples_are_alike(a, b);
    if (b->at_ns > a->at_ns)
        excess = between(excess, growing_excess(b), sample->at_ns - a->at_ns, b->at_ns - a->at_ns);
    sample->growing_bytes = minus(sample->counted_bytes, excess);
    /* Never more than there was: a peak is not to be made of a correction. */
    sample->pss_bytes = minus(sample->rss_bytes, rss > rss_excess(b) ? rss : rss_excess(b));
    sample->n_hidden = a->n_hidden;
    sample->hidden_bytes = a->hidden_bytes;
}

void umm_samples_correct(struct umm_trial_sample *samples, size_t n)
{
    size_t before = n, a = n, b = 0; /* the exact ones around sample i; n: none */
    for (size_t i = 0; i < n; i++) {
        samples[i].is_sound = samples[i].is_exact;
        if (samples[i].is_exact) {
            before = a;
            a = i;
            continue;
        }
        for (b = b > i ? b : i; b < n && !samples[b].is_exact;)
            b++;
        if (a < n)
            correct(&samples[i], &samples[a], &samples[b < n ? b : before < n ? before : a]);
    }
}
