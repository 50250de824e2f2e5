/* SPDX-License-Identifier: MIT */
#include "format/hash.h"

#include <xxhash.h>

uint64_t umm_hash64(const void *bytes, size_t len_bytes)
{
    return XXH64(bytes, len_bytes, 0);
}
