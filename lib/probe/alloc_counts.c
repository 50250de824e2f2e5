/* SPDX-License-Identifier: MIT */
#include "probe/alloc_counts.h"

#include <string.h>

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
