/* SPDX-License-Identifier: MIT */
#include "text/scan.h"

#include <string.h>

#include "text/scan_masks.h"

/* ---- the portable engine: eight bytes at a time ------------------------------ */

#define SCAN_NAME umm_scan_portable
#define SCAN_TARGET
#define scan_prefix_xor scan_prefix_xor_by_shifts
#define scan_emit       scan_emit_by_bits

static const uint64_t ones = 0x0101010101010101, sevens = 0x7F7F7F7F7F7F7F7F;

/*
 * Bit i of the result is set where byte i of word is zero: an exact test (no carry
 * runs between bytes), then the eight top bits gathered by one multiplication.
 */
static inline uint64_t zero_bytes(uint64_t word)
{
    uint64_t top = ~(((word & sevens) + sevens) | word | sevens);
    return (top >> 7) * 0x0102040810204080 >> 56;
}

/* Nonzero if some byte of word is zero; which one it does not say. */
static inline uint64_t has_zero(uint64_t word)
{
    return (word - ones) & ~word & ~sevens;
}

static inline struct scan_masks scan_masks(const char *text, char delimiter)
{
    struct scan_masks m = {0};
    uint64_t is_rare = 0, words[8];
    memcpy(words, text, sizeof words);
    for (unsigned i = 0; i < 8; i++) {
        m.delimiter |= zero_bytes(words[i] ^ ones * (unsigned char)delimiter) << 8 * i;
        m.lf |= zero_bytes(words[i] ^ ones * '\n') << 8 * i;
        is_rare |=
            has_zero(words[i] ^ ones * '\r') | has_zero(words[i] ^ ones * '"') | has_zero(words[i]);
    }
    for (unsigned i = 0; is_rare && i < 8; i++) {
        m.cr |= zero_bytes(words[i] ^ ones * '\r') << 8 * i;
        m.quote |= zero_bytes(words[i] ^ ones * '"') << 8 * i;
        m.nul |= zero_bytes(words[i]) << 8 * i;
    }
    return m;
}

#include "text/scan_body.inc"

/* ---- shared ------------------------------------------------------------------- */

void umm_scan_settle(const char *text, size_t len_bytes, char delimiter, const uint32_t *positions,
                     size_t last_lf, size_t from, struct umm_scan *out)
{
    size_t whole = last_lf == SIZE_MAX ? 0 : last_lf + 1;
    size_t n = last_lf == SIZE_MAX ? 0 : from;
    while (n < out->n && positions[n] < whole)
        n++;
    out->whole_bytes = whole;
    out->n_whole = n;
    for (size_t i = n; i < out->n; i++) {
        char c = text[positions[i]];
        out->n_delimiters -= c == delimiter;
        out->n_quotes -= c == '"';
        out->n_crs -= c == '\r';
    }
    for (size_t i = whole; i < len_bytes; i++)
        out->n_lines -= text[i] == '\n';
}

void umm_scan(enum umm_cpu cpu, const char *text, size_t len_bytes, char delimiter,
              uint32_t *positions, struct umm_scan *out)
{
    switch (cpu) {
#if defined(__x86_64__)
    case UMM_CPU_AVX512: umm_scan_avx512(text, len_bytes, delimiter, positions, out); return;
    case UMM_CPU_AVX2: umm_scan_avx2(text, len_bytes, delimiter, positions, out); return;
#else
    case UMM_CPU_AVX512:
    case UMM_CPU_AVX2:
#endif
#if defined(__aarch64__)
    case UMM_CPU_NEON: umm_scan_neon(text, len_bytes, delimiter, positions, out); return;
#else
    case UMM_CPU_NEON:
#endif
    case UMM_CPU_PORTABLE:
    case UMM_CPU_COUNT: break;
    }
    umm_scan_portable(text, len_bytes, delimiter, positions, out);
}
