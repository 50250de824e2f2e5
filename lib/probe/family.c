/* SPDX-License-Identifier: MIT */
#include "probe/family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "probe/process.h"
#include "sys/procfs.h"

/* Who it is; a process that ended at once is nobody's child. */
static void meet(struct umm_family_process *process, uint32_t pid, struct umm_procfs_text *text)
{
    char path[64];
    struct umm_process_id id;
    *process = (struct umm_family_process){.pid = pid};
    snprintf(path, sizeof path, "/proc/%u/stat", (unsigned)pid);
    if (umm_procfs_read(UMM_PROCFS_CWD, path, text, NULL) == UMM_OK &&
        umm_process_parse_stat(text->bytes, &id, NULL))
        process->ppid = id.ppid;
}

static const struct umm_family_process *find(const struct umm_family_process *all, size_t n,
                                             uint32_t pid)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all[middle].pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && all[low].pid == pid ? &all[low] : NULL;
}

/* Members' children are members; a child may stand before its parent, so go round. */
static void choose(struct umm_family *family, struct umm_family_process *all, size_t n)
{
    bool is_changed = true;
    while (is_changed) {
        is_changed = false;
        for (size_t i = 0; i < n; i++) {
            if (all[i].is_member || all[i].ppid == 0)
                continue;
            const struct umm_family_process *parent = find(all, n, all[i].ppid);
            all[i].is_member = all[i].ppid == family->self || (parent && parent->is_member);
            is_changed |= all[i].is_member;
        }
    }
    /* The others' parents are of no more interest, and their numbers may be used again. */
    for (size_t i = 0; i < n; i++)
        if (!all[i].is_member)
            all[i].ppid = 0;
}

enum umm_status umm_family_update(struct umm_family *family, struct umm_error *err)
{
    struct umm_procfs_text text = {0};
    uint32_t *pids;
    size_t n;
    enum umm_status status = umm_procfs_list(UMM_PROCFS_CWD, "/proc", &pids, &n, err);
    if (status)
        return status;
    struct umm_family_process *all = calloc(n + 1, sizeof *all);
    for (size_t i = 0; all && i < n; i++) {
        const struct umm_family_process *known = find(family->all, family->n_all, pids[i]);
        if (known)
            all[i] = *known;
        else
            meet(&all[i], pids[i], &text);
    }
    free(pids);
    umm_procfs_text_free(&text);
    if (!all)
        return umm_error_set_memory(err, n * sizeof *all, "a list of processes");
    choose(family, all, n);
    free(family->all);
    family->all = all;
    family->n_all = n;
    return UMM_OK;
}

void umm_family_exclude(struct umm_family *family)
{
    for (size_t i = 0; i < family->n_all; i++) {
        family->all[i].is_member = false;
        family->all[i].ppid = 0;
    }
}

void umm_family_free(struct umm_family *family)
{
    free(family->all);
    family->all = NULL;
    family->n_all = 0;
}
