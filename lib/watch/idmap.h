/* SPDX-License-Identifier: MIT */
/*
 * idmap.h - numbers found by texts, which their owner keeps: a hash table that grows a few slots
 * at a time, so that no call waits for all of them, under a secret key, so that nobody can choose
 * texts that collide.
 */
#ifndef UMM_WATCH_IDMAP_H
#define UMM_WATCH_IDMAP_H

#include "watch/watchlist.h"

#define UMM_IDMAP_NONE UINT32_MAX

/* Numbers are below this by at least 2. */
#define UMM_IDMAP_NUMBERS (UINT32_C(1) << 26)

/* {0} and a key is an empty one. */
struct umm_idmap {
    uint64_t key[2];
    uint32_t *slots, *old; /* old: what slots takes the place of, until all of it has moved */
    size_t mask, old_mask, old_at, n;
};

/* The text of a number, as its owner has it. */
typedef struct umm_watch_text umm_idmap_text(const void *owner, uint32_t number);

void umm_idmap_reset(struct umm_idmap *map);

uint64_t umm_idmap_hash(const struct umm_idmap *map, const struct umm_watch_text *text);

/* The number of a text with that hash, or UMM_IDMAP_NONE. */
uint32_t umm_idmap_find(const struct umm_idmap *map, uint64_t hash,
                        const struct umm_watch_text *text, umm_idmap_text *text_of,
                        const void *owner);

/* Have room for one more. False: no memory. */
bool umm_idmap_reserve(struct umm_idmap *map, umm_idmap_text *text_of, const void *owner);

/* Put a number there is room for and whose text is not there; drop one that is. */
void umm_idmap_put(struct umm_idmap *map, uint64_t hash, uint32_t number);
void umm_idmap_drop(struct umm_idmap *map, uint64_t hash, uint32_t number, umm_idmap_text *text_of,
                    const void *owner);

size_t umm_idmap_size_bytes(const struct umm_idmap *map);

#endif
