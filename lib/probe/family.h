/* SPDX-License-Identifier: MIT */
/*
 * family.h - the descendants of this process, followed over time.
 *
 * A look costs one listing of /proc and a read for each process that was not there
 * before: a process that was no descendant does not become one while it lives. Orphans are found
 * if this process takes them in (see child/child.h).
 */
#ifndef UMM_PROBE_FAMILY_H
#define UMM_PROBE_FAMILY_H

#include "umm.h"

struct umm_family_process {
    uint32_t pid, ppid;
    bool is_member;
    unsigned n_without; /* for callers that look at members: how often something was not there */
    bool is_apart;      /* from its parent's memory: known to have memory of its own */
};

/* Zero-initialise it, except self: whose descendants are followed. */
struct umm_family {
    uint32_t self;
    struct umm_family_process *all; /* by number; members and others */
    size_t n_all;
};

/* Look again. UMM_ERR_SYSTEM without /proc, UMM_ERR_MEMORY. */
UMM_MUST_USE enum umm_status umm_family_update(struct umm_family *family, struct umm_error *err);

/*
 * Whoever is there now is no member, nor will be. Children that this process had before,
 * from a shell that became it, are not what is to be followed.
 */
void umm_family_exclude(struct umm_family *family);

void umm_family_free(struct umm_family *family);

#endif
