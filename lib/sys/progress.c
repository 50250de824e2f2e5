/* SPDX-License-Identifier: MIT */
#include "sys/progress.h"

#include "base/error.h"
#include "sys/clock.h"

static const uint64_t interval_ns = 100 * 1000 * 1000;

void umm_progress_tell(const struct umm_run *run, uint64_t *next_ns, uint64_t done_bytes,
                       uint64_t total_bytes)
{
    if (!run || !run->progress)
        return;
    const uint64_t now_ns = umm_clock_run_ns(run);
    if (now_ns < *next_ns)
        return;
    *next_ns = now_ns + interval_ns;
    run->progress(run->progress_user, done_bytes, total_bytes);
}

enum umm_status umm_progress_step(const struct umm_run *run, uint64_t *next_ns, uint64_t done_bytes,
                                  uint64_t total_bytes, struct umm_error *err)
{
    if (umm_run_is_cancelled(run))
        return umm_error_set_cancelled(err);
    umm_progress_tell(run, next_ns, done_bytes, total_bytes);
    return UMM_OK;
}
