/* SPDX-License-Identifier: MIT */
/*
 * store_verify.h - whether a feature store is whole: each entry's check, and whether the
 * index leads to every entry and nowhere else.
 */
#ifndef UMM_STORE_STORE_VERIFY_H
#define UMM_STORE_STORE_VERIFY_H

#include "umm.h"
#include "umm/store.h"

enum { UMM_STORE_FINDINGS_MAX = 10 };

struct umm_store_verdict {
    uint64_t max_positions, n_entries, n_inactive; /* the entries that are sound */
    uint64_t n_expired;                            /* of these */
    uint64_t n_damaged, n_torn;                    /* as umm_store_look has them */
    uint64_t n_lost;                               /* the index does not find them, or twice */
    uint64_t n_miscounted; /* counts and lists of the index that are not those of the slots */
    bool is_on_server;     /* it has no index.umm that is made again */
    bool is_counted;       /* those were compared: no writer was at work, or killed */
    uint64_t n_faults;     /* all of them */
    char findings[UMM_STORE_FINDINGS_MAX][UMM_ERROR_MESSAGE_MAX]; /* the first of n_faults */
};

/*
 * Look at all of an open store, as a reader; a writer may be at work. Time is linear in its
 * positions. UMM_ERR_CANCELLED.
 */
UMM_MUST_USE enum umm_status umm_store_verify(struct umm_store *store, const struct umm_run *run,
                                              struct umm_store_verdict *verdict,
                                              struct umm_error *err);

#endif
