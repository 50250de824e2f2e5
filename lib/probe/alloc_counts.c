/* SPDX-License-Identifier: MIT */
#include "probe/alloc_counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Another process's threads write it meanwhile: each count is read once, whole. */
static uint64_t load(const uint64_t *count)
{
    return __atomic_load_n(count, __ATOMIC_RELAXED);
}

static void add_slot(struct umm_alloc_counts *counts, const struct umm_alloc_slot *slot)
{
    counts->n_allocs += load(&slot->n_allocs);
    counts->n_frees += load(&slot->n_frees);
    counts->alloc_bytes += load(&slot->alloc_bytes);
    counts->n_maps += load(&slot->n_maps);
    counts->n_unmaps += load(&slot->n_unmaps);
    counts->map_bytes += load(&slot->map_bytes);
}

void umm_alloc_counts_read(const struct umm_alloc_memory *memory, struct umm_alloc_counts *counts)
{
    memset(counts, 0, sizeof *counts);
    add_slot(counts, &memory->overflow);
    for (size_t i = 0; i < UMM_ALLOC_SLOTS; i++)
        add_slot(counts, &memory->slots[i]);
    counts->n_processes = __atomic_load_n(&memory->header.n_processes, __ATOMIC_RELAXED);
    counts->n_blind = __atomic_load_n(&memory->header.n_blind, __ATOMIC_RELAXED);
}

/* ---- the environment ----------------------------------------------------- */

#define PRELOAD "LD_PRELOAD"

/* The value of the assignment, if it is one to this variable. */
static const char *value_of(const char *assignment, const char *variable)
{
    size_t len = strlen(variable);
    bool is_it = strncmp(assignment, variable, len) == 0 && assignment[len] == '=';
    return is_it ? assignment + len + 1 : NULL;
}

enum umm_status umm_alloc_counts_environment(char *const *envp, const char *library,
                                             const char *counts_path, char ***out,
                                             struct umm_error *err)
{
    enum { OWN = 2 };
    const char *preload = "";
    size_t n = 0, n_kept = OWN;
    for (; envp[n]; n++)
        preload = value_of(envp[n], PRELOAD) ? value_of(envp[n], PRELOAD) : preload;
    size_t list_bytes = (n + OWN + 1) * sizeof(char *);
    size_t first_bytes = sizeof PRELOAD "=:" + strlen(library) + strlen(preload);
    size_t second_bytes = sizeof UMM_ALLOC_VARIABLE "=" + strlen(counts_path);
    char **list = malloc(list_bytes + first_bytes + second_bytes);
    if (!list)
        return umm_error_set_memory(err, list_bytes, "an environment");
    list[0] = (char *)list + list_bytes;
    list[1] = list[0] + first_bytes;
    snprintf(list[0], first_bytes, PRELOAD "=%s%s%s", library, *preload ? ":" : "", preload);
    snprintf(list[1], second_bytes, UMM_ALLOC_VARIABLE "=%s", counts_path);
    for (size_t i = 0; i < n; i++)
        if (!value_of(envp[i], PRELOAD) && !value_of(envp[i], UMM_ALLOC_VARIABLE))
            list[n_kept++] = envp[i];
    list[n_kept] = NULL;
    *out = list;
    return UMM_OK;
}
