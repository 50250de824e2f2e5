/* SPDX-License-Identifier: MIT */
#include "text/scan_masks.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define SCAN_NAME umm_scan_neon
#define SCAN_TARGET
#define scan_prefix_xor scan_prefix_xor_by_shifts
#define scan_count      scan_count_by_adding
#define scan_emit       scan_emit_by_bits

/* Bit i of the result: whether byte i of the four equals c. Pairwise adds gather bits. */
static inline uint64_t equal64(const uint8x16_t word[4], char c)
{
    const uint8x16_t wanted = vdupq_n_u8((uint8_t)c);
    const uint8x16_t bit = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t low = vpaddq_u8(vandq_u8(vceqq_u8(word[0], wanted), bit),
                               vandq_u8(vceqq_u8(word[1], wanted), bit));
    uint8x16_t high = vpaddq_u8(vandq_u8(vceqq_u8(word[2], wanted), bit),
                                vandq_u8(vceqq_u8(word[3], wanted), bit));
    uint8x16_t all = vpaddq_u8(low, high);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

static inline struct scan_masks scan_masks(const char *text, char delimiter)
{
    const uint8_t *bytes = (const uint8_t *)text;
    const uint8x16_t word[4] = {vld1q_u8(bytes), vld1q_u8(bytes + 16), vld1q_u8(bytes + 32),
                                vld1q_u8(bytes + 48)};
    return (struct scan_masks){.delimiter = equal64(word, delimiter),
                               .lf = equal64(word, '\n'),
                               .cr = equal64(word, '\r'),
                               .quote = equal64(word, '"'),
                               .nul = equal64(word, '\0')};
}

#include "text/scan_body.inc"
#endif
