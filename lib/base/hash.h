/* SPDX-License-Identifier: MIT */
/*
 * hash.h - one hash of bytes, XXH64 with libxxhash: checksums of what umm writes, and
 * keys of its tables.
 *
 * It finds damage; it is no protection against forgery: a program that chooses keys
 * can make them collide.
 */
#ifndef UMM_BASE_HASH_H
#define UMM_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* XXH64 of len_bytes bytes; the same on every machine. Checksums in files have seed 0. */
uint64_t umm_hash64(const void *bytes, size_t len_bytes, uint64_t seed);

#endif
