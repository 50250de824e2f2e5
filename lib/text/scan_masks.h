/* SPDX-License-Identifier: MIT */
/* scan_masks.h - what the engines of scan.h and their common part share; private. */
#ifndef UMM_TEXT_SCAN_MASKS_H
#define UMM_TEXT_SCAN_MASKS_H

#include "text/scan.h"

/* For 64 bytes, bit i set where byte i is that character. */
struct scan_masks {
    uint64_t delimiter, lf, cr, quote, nul;
};

/* For engines without an instruction for them: bit i is the XOR of bits 0..i. */
static inline uint64_t scan_prefix_xor_by_shifts(uint64_t bits)
{
    for (unsigned shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

/* And: the numbers of the set bits, each plus base. */
static inline uint32_t *scan_emit_by_bits(uint32_t *out, uint64_t bits, uint32_t base)
{
    for (; bits; bits &= bits - 1)
        *out++ = base + (uint32_t)__builtin_ctzll(bits);
    return out;
}

/*
 * Limit a scan to whole records: last_lf is the offset of the last LF outside quotes
 * (SIZE_MAX: none), and positions from index `from` on may lie behind it. Shared, in
 * scan.c.
 */
void umm_scan_settle(const char *text, size_t len_bytes, char delimiter, const uint32_t *positions,
                     size_t last_lf, size_t from, struct umm_scan *out);

/* One engine each. */
void umm_scan_portable(const char *text, size_t len_bytes, char delimiter, uint32_t *positions,
                       struct umm_scan *out);
void umm_scan_neon(const char *text, size_t len_bytes, char delimiter, uint32_t *positions,
                   struct umm_scan *out);
void umm_scan_avx2(const char *text, size_t len_bytes, char delimiter, uint32_t *positions,
                   struct umm_scan *out);
void umm_scan_avx512(const char *text, size_t len_bytes, char delimiter, uint32_t *positions,
                     struct umm_scan *out);

#endif
