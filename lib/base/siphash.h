/* SPDX-License-Identifier: MIT */
/*
 * siphash.h - a hash with a secret key, SipHash-2-4: for tables whose keys come from others:
 * keys that collide cannot be chosen without knowing the secret.
 *
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012).
 */
#ifndef UMM_BASE_SIPHASH_H
#define UMM_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* The hash of len_bytes bytes under the key; the same on every machine. */
uint64_t umm_siphash(const uint64_t key[2], const void *bytes, size_t len_bytes);

#endif
