/* SPDX-License-Identifier: MIT */
/* memstat.h - what the parts of umm-memstat share: its options and its jobs. */
#ifndef UMM_CMD_MEMSTAT_H
#define UMM_CMD_MEMSTAT_H

#include "cli_options.h"
#include "probe/choice.h"
#include "probe/verdict.h"
#include "umm.h"

enum memstat_format { MEMSTAT_TEXT, MEMSTAT_JSON, MEMSTAT_CSV, MEMSTAT_PROMETHEUS };

enum { MEMSTAT_CHOICES_MAX = 256 };

/* Zero is the default of all but the limits, which are -1, and warmup_ns, UINT64_MAX. */
struct memstat_opts {
    enum memstat_format format;
    struct cli_reports reports;
    /* What to show; the choice points to pids and names. */
    struct umm_choice choice;
    uint32_t pids[MEMSTAT_CHOICES_MAX];
    const char *names[MEMSTAT_CHOICES_MAX];
    const char *files[MEMSTAT_CHOICES_MAX];
    size_t n_files;
    const char *pool, *pool_root;
    uint64_t watch_ns, n_times;
    /* --run */
    bool is_run, is_quiet, is_waiting_for_all, is_counting_allocs, has_warmup;
    bool is_pipe_ignored, is_fsize_ignored;
    bool is_started; /* the exit code is the command's */
    struct umm_verdict_limits limits;
    uint64_t warmup_ns;
    double warmup_share, units;
    const char *alloc_library, *plot;
    struct umm_run run;
};

/* Each returns the exit code, after a message if it is not CLI_OK. */
int memstat_show(struct memstat_opts *opts);
int memstat_snapshot(void *user, int n, char **operands);
int memstat_compare(void *user, int n, char **operands);
int memstat_run(struct memstat_opts *opts, char **command);

#endif
