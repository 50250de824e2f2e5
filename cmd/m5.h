/* SPDX-License-Identifier: MIT */
/* m5.h - what the parts of umm-m5 share: its options and its jobs. */
#ifndef UMM_CMD_M5_H
#define UMM_CMD_M5_H

#include "cli_options.h"
#include "m5/record.h"
#include "umm.h"

/* Zero is the default of all but n_signals, seed and allocs_max_thousandths. */
struct m5_opts {
    struct umm_workload_options workload; /* dir: also where the scratch directory goes */
    const char *canary;
    uint64_t max_seconds;
    uint64_t allocs_max_thousandths;
    const char *figures, *alloc_library;
    const char *page, *baseline, *save_baseline;
    struct cli_reports reports;
    bool is_quiet;
    struct umm_run run;
};

/* Each returns the exit code, after a message if it is not CLI_OK. */
int m5_run(void *user, int n, char **operands);
int m5_check(void *user, int n, char **operands);
int m5_complete(void *user, int n, char **operands);
int m5_health(void *user, int n, char **operands);

/* Run the workload, or command unless it is NULL, as the options say. */
int m5_measure(struct m5_opts *opts, char **command, struct umm_record *record);

#endif
