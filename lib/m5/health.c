/* SPDX-License-Identifier: MIT */
#include "m5/health.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "sys/clock.h"
#include "text/size.h"

#define AVAILABLE_LEAST 0.05
#define FULL_MOST       10.0
#define SWAP_MOST       (64.0 * 1024 * 1024)

static const uint64_t second_ns = 1000000000;

void umm_health_add(struct umm_health *health, const struct umm_memory *memory)
{
    double share =
        memory->total_bytes ? (double)memory->available_bytes / (double)memory->total_bytes : 0;
    if (health->n_looks == 0) {
        health->available_least = share;
        health->swap_first_bytes = memory->swap_used_bytes;
    }
    health->available_least = fmin(health->available_least, share);
    if (memory->pressure.is_known) {
        health->is_pressure_known = true;
        health->full_most = fmax(health->full_most, memory->pressure.full_avg10);
    }
    health->swap_last_bytes = memory->swap_used_bytes;
    health->n_looks++;
}

static struct umm_acceptance_line *add(struct umm_acceptance *acceptance, const char *key,
                                       const char *name, double value, double limit, bool is_kept)
{
    struct umm_acceptance_line *line = &acceptance->lines[acceptance->n_lines++];
    *line = (struct umm_acceptance_line){.key = key,
                                         .name = name,
                                         .value = value,
                                         .limit = limit,
                                         .verdict =
                                             is_kept ? UMM_ACCEPTANCE_PASS : UMM_ACCEPTANCE_FAIL};
    return line;
}

void umm_health_judge(const struct umm_health *health, struct umm_acceptance *acceptance)
{
    char size[UMM_SIZE_TEXT_MAX];
    double swap = (double)health->swap_last_bytes - (double)health->swap_first_bytes;
    *acceptance = (struct umm_acceptance){0};
    struct umm_acceptance_line *line =
        add(acceptance, "available_ratio", "available memory", health->available_least,
            AVAILABLE_LEAST, health->n_looks && health->available_least >= AVAILABLE_LEAST);
    snprintf(line->figure_text, sizeof line->figure_text, "%.1f %%", line->value * 100);
    snprintf(line->limit_text, sizeof line->limit_text, "at least %.0f %%", AVAILABLE_LEAST * 100);

    line = add(acceptance, "pressure_ratio", "memory pressure", health->full_most / 100,
               FULL_MOST / 100, health->full_most <= FULL_MOST);
    snprintf(line->figure_text, sizeof line->figure_text, "%.1f %%", health->full_most);
    snprintf(line->limit_text, sizeof line->limit_text, "at most %.0f %%", FULL_MOST);
    if (!health->is_pressure_known) {
        line->verdict = UMM_ACCEPTANCE_SKIP;
        line->value = NAN;
        snprintf(line->figure_text, sizeof line->figure_text, "unknown");
        snprintf(line->note, sizeof line->note, "this kernel does not tell");
    }

    line = add(acceptance, "swap_growth_bytes", "swap growth", swap, SWAP_MOST,
               health->n_looks && swap <= SWAP_MOST);
    umm_size_format_change(size, swap);
    snprintf(line->figure_text, sizeof line->figure_text, "%s", size);
    snprintf(line->limit_text, sizeof line->limit_text, "at most 64 MiB");
}

enum umm_status umm_health_watch(uint64_t duration_ns, struct umm_run *run,
                                 struct umm_acceptance *acceptance, struct umm_error *err)
{
    struct umm_health health = {0};
    struct umm_memory memory;
    uint64_t begin = umm_clock_monotonic_ns(), end = begin + duration_ns;
    for (uint64_t next = begin; next <= end; next += second_ns) {
        umm_clock_sleep_until(next, run);
        if (umm_run_is_cancelled(run))
            return umm_error_set_cancelled(err);
        enum umm_status status = umm_memory_read(NULL, &memory, err);
        if (status)
            return status;
        umm_health_add(&health, &memory);
    }
    umm_clock_sleep_until(end, run);
    umm_health_judge(&health, acceptance);
    return UMM_OK;
}
