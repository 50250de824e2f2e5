/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include <xxhash.h>

uint64_t umm_hash64(const void *bytes, size_t len_bytes, uint64_t seed)
{
    return XXH64(bytes, len_bytes, seed);
}
