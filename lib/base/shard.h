/* SPDX-License-Identifier: MIT */
/*
 * shard.h - the part of a list that one of several runs works on.
 *
 * Item k of the list, from 0, is of shard k modulo count: each item is of one shard, and shards
 * differ by one item at most. With more shards than items, some are empty.
 */
#ifndef UMM_BASE_SHARD_H
#define UMM_BASE_SHARD_H

#include <stdint.h>

/* Shard index of count, from 0; all zero is the whole list. */
struct umm_shard {
    uint64_t index, count;
};

/* How many of n items are of the shard. */
static inline uint64_t umm_shard_size(const struct umm_shard *shard, uint64_t n)
{
    if (!shard->count)
        return n;
    return shard->index < n ? (n - shard->index - 1) / shard->count + 1 : 0;
}

/* The number in the list of the shard's item i, which is below its size. */
static inline uint64_t umm_shard_item(const struct umm_shard *shard, uint64_t i)
{
    return shard->count ? shard->index + i * shard->count : i;
}

#endif
