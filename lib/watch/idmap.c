/* SPDX-License-Identifier: MIT */
#include "watch/idmap.h"

#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"

/*
 * Open addressing, linear probing, half full at most. A slot is 0 when empty, else number + 1 and,
 * above that, bits of the hash, so that few texts are compared with one that is not theirs.
 *
 * A table that is half full becomes the old one, of S slots, and MOVE_SLOTS of it move to one of 2
 * S with every number that is added. S / 2 numbers fit before the new one is half full, so the move
 * ends long before. What has left the old table leaves a mark that a search passes over.
 */
enum { SLOTS_MIN = 64, MOVE_SLOTS = 16 };
static const uint32_t LEFT = UINT32_MAX, NUMBER_MASK = UMM_IDMAP_NUMBERS - 1;

void umm_idmap_reset(struct umm_idmap *map)
{
    free(map->slots);
    free(map->old);
    *map = (struct umm_idmap){0};
}

uint64_t umm_idmap_hash(const struct umm_idmap *map, const struct umm_watch_text *text)
{
    return umm_siphash(map->key, text->text, text->len_bytes);
}

/* The bits are the highest: the lowest choose the slot. */
static uint32_t slot_value(uint64_t hash, uint32_t number)
{
    return ((uint32_t)(hash >> 32) & ~NUMBER_MASK) | (number + 1);
}

static uint32_t number_in(uint32_t slot)
{
    return (slot & NUMBER_MASK) - 1;
}

static bool is_text(struct umm_watch_text a, const struct umm_watch_text *b)
{
    return a.len_bytes == b->len_bytes && memcmp(a.text, b->text, a.len_bytes) == 0;
}

static uint32_t find_in(const uint32_t *slots, size_t mask, uint64_t hash,
                        const struct umm_watch_text *text, umm_idmap_text *text_of,
                        const void *owner)
{
    for (size_t at = hash & mask; slots[at]; at = (at + 1) & mask)
        if (((slots[at] ^ (uint32_t)(hash >> 32)) & ~NUMBER_MASK) == 0 && slots[at] != LEFT &&
            is_text(text_of(owner, number_in(slots[at])), text))
            return number_in(slots[at]);
    return UMM_IDMAP_NONE;
}

uint32_t umm_idmap_find(const struct umm_idmap *map, uint64_t hash,
                        const struct umm_watch_text *text, umm_idmap_text *text_of,
                        const void *owner)
{
    uint32_t number = UMM_IDMAP_NONE;
    if (map->slots)
        number = find_in(map->slots, map->mask, hash, text, text_of, owner);
    if (number == UMM_IDMAP_NONE && map->old)
        number = find_in(map->old, map->old_mask, hash, text, text_of, owner);
    return number;
}

static void put_in(struct umm_idmap *map, uint64_t hash, uint32_t number)
{
    size_t at = hash & map->mask;
    while (map->slots[at])
        at = (at + 1) & map->mask;
    map->slots[at] = slot_value(hash, number);
}

/* Texts of all before hashes of any, so that misses of the cache do not wait for each other. */
static void move_some(struct umm_idmap *map, umm_idmap_text *text_of, const void *owner)
{
    struct umm_watch_text texts[MOVE_SLOTS];
    uint32_t numbers[MOVE_SLOTS];
    size_t n = 0;
    if (!map->old)
        return;
    for (size_t end = map->old_at + MOVE_SLOTS; map->old_at < end; map->old_at++) {
        uint32_t *slot = &map->old[map->old_at];
        if (*slot == 0 || *slot == LEFT)
            continue;
        numbers[n] = number_in(*slot);
        texts[n] = text_of(owner, numbers[n]);
        n++;
        *slot = LEFT;
    }
    for (size_t i = 0; i < n; i++)
        put_in(map, umm_idmap_hash(map, &texts[i]), numbers[i]);
    if (map->old_at > map->old_mask) {
        free(map->old);
        map->old = NULL;
    }
}

bool umm_idmap_reserve(struct umm_idmap *map, umm_idmap_text *text_of, const void *owner)
{
    move_some(map, text_of, owner);
    const size_t n_slots = map->slots ? map->mask + 1 : 0;
    if (2 * (map->n + 1) <= n_slots)
        return true;
    const size_t n_more = n_slots ? 2 * n_slots : SLOTS_MIN;
    uint32_t *slots = calloc(n_more, sizeof *slots);
    if (!slots)
        return false;
    while (map->old)
        move_some(map, text_of, owner);
    map->old = map->slots;
    map->old_mask = map->mask;
    map->old_at = 0;
    map->slots = slots;
    map->mask = n_more - 1;
    return true;
}

void umm_idmap_put(struct umm_idmap *map, uint64_t hash, uint32_t number)
{
    put_in(map, hash, number);
    map->n++;
}

/* The slot of number, or the number of slots if it is not in this table. */
static size_t slot_of(const uint32_t *slots, size_t mask, uint64_t hash, uint32_t number)
{
    for (size_t at = hash & mask; slots[at]; at = (at + 1) & mask)
        if (slots[at] == slot_value(hash, number))
            return at;
    return mask + 1;
}

/* Empty a slot; entries after it that would no longer be found move up (Knuth, 6.4 R). */
static void empty_slot(struct umm_idmap *map, size_t at, umm_idmap_text *text_of, const void *owner)
{
    const size_t mask = map->mask;
    for (size_t next = (at + 1) & mask; map->slots[next]; next = (next + 1) & mask) {
        struct umm_watch_text text = text_of(owner, number_in(map->slots[next]));
        size_t home = umm_idmap_hash(map, &text) & mask;
        if (((next - home) & mask) < ((next - at) & mask))
            continue;
        map->slots[at] = map->slots[next];
        at = next;
    }
    map->slots[at] = 0;
}

void umm_idmap_drop(struct umm_idmap *map, uint64_t hash, uint32_t number, umm_idmap_text *text_of,
                    const void *owner)
{
    size_t at = slot_of(map->slots, map->mask, hash, number);
    if (at <= map->mask)
        empty_slot(map, at, text_of, owner);
    else
        map->old[slot_of(map->old, map->old_mask, hash, number)] = LEFT;
    map->n--;
}

size_t umm_idmap_size_bytes(const struct umm_idmap *map)
{
    return ((map->slots ? map->mask + 1 : 0) + (map->old ? map->old_mask + 1 : 0)) *
           sizeof *map->slots;
}
