/* SPDX-License-Identifier: MIT */
/*
 * hash.h - checksums of what umm writes: XXH64 with seed 0, with libxxhash.
 *
 * It finds damage; it is no protection against somebody who means harm.
 */
#ifndef UMM_FORMAT_HASH_H
#define UMM_FORMAT_HASH_H

#include <stddef.h>
#include <stdint.h>

/* XXH64 of len_bytes bytes; the same on every machine. */
uint64_t umm_hash64(const void *bytes, size_t len_bytes);

#endif
