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

/* And: how many bits are set, by adding up neighbours of 1, 2 and 4 bits, then bytes. */
static inline unsigned scan_count_by_adding(uint64_t bits)
{
    bits -= bits >> 1 & 0x5555555555555555;
    bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0F;
    return (unsigned)(bits * 0x0101010101010101 >> 56);
}

/*
 * And: the numbers of the set bits, each plus base; eight at a time, as most words have
 * no more, and a loop per bit would be mispredicted.
 */
static inline uint32_t *scan_emit_by_bits(uint32_t *out, uint64_t bits, uint32_t base)
{
    const uint64_t top = UINT64_C(1) << 63;
    unsigned n = scan_count_by_adding(bits);
    for (unsigned done = 0; done < n; done += 8)
        for (unsigned i = 0; i < 8; i++) {
            out[done + i] = base + (uint32_t)__builtin_ctzll(bits | top);
            bits &= bits - 1;
        }
    return out + n;
}

/*
 * Limit a scan to whole records: look back for the last one's end. has_gap: some stretch of
 * UMM_SCAN_STRETCH bytes has no field's end, so that a field may be too long. Shared, in
 * scan_portable.c.
 */
void umm_scan_settle(const char *text, size_t len_bytes, const uint32_t *positions, bool has_gap,
                     struct umm_scan *out);

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
