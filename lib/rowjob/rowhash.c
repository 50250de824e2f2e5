/* SPDX-License-Identifier: MIT */
#include "rowjob/rowhash.h"

#include <string.h>

static const uint64_t prime_1 = UINT64_C(0x9E3779B185EBCA87);
static const uint64_t prime_2 = UINT64_C(0xC2B2AE3D27D4EB4F);

static uint64_t take_word(uint64_t lane, uint64_t word)
{
    lane += word * prime_2;
    return (lane << 31 | lane >> 33) * prime_1;
}

/* Up to 8 bytes as a little-endian number. */
static uint64_t word_at(const char *bytes, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, bytes, len < sizeof word ? len : sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

void umm_rowhash_add(struct umm_rowhash *hash, const char *rows, size_t n, size_t row_bytes)
{
    struct umm_rowhash h = *hash;
    for (const char *row = rows, *end = rows + n * row_bytes; row < end; row += row_bytes) {
        size_t at = 0, step = UMM_ROWHASH_LANES * sizeof(uint64_t);
        for (; at + step <= row_bytes; at += step)
            for (unsigned i = 0; i < UMM_ROWHASH_LANES; i++)
                h.lanes[i] = take_word(h.lanes[i], word_at(row + at + 8 * i, 8));
        for (unsigned i = 0; at < row_bytes; i++, at += sizeof(uint64_t))
            h.lanes[i] = take_word(h.lanes[i], word_at(row + at, row_bytes - at));
    }
    *hash = h;
}
