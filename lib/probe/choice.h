/* SPDX-License-Identifier: MIT */
/* choice.h - which processes somebody asked for. */
#ifndef UMM_PROBE_CHOICE_H
#define UMM_PROBE_CHOICE_H

#include "probe/process.h"

/*
 * Those of n_pids numbers, those that have one of n_names names, and with is_tree the
 * descendants of all these.
 */
struct umm_choice {
    const uint32_t *pids;
    size_t n_pids;
    const char *const *names;
    size_t n_names;
    bool is_tree;
};

/*
 * The numbers of those that are there now, *n of them, in *pids: malloc'ed, the caller's.
 * is_found (may be NULL) has a place for each of the choice's pids and after them for
 * each of its names: it is set to whether there was such a process.
 */
UMM_MUST_USE enum umm_status umm_choice_find(const struct umm_choice *choice, bool *is_found,
                                             uint32_t **pids, size_t *n, struct umm_error *err);

#endif
