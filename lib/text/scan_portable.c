/* SPDX-License-Identifier: MIT */
/* The portable engine: the compiler's own vectors. And what all engines end with. */
#include <string.h>

#include "text/csv.h"
#include "text/scan_masks.h"

#define SCAN_NAME umm_scan_portable
#define SCAN_TARGET
#define scan_prefix_xor scan_prefix_xor_by_shifts
#define scan_count      scan_count_by_adding
#define scan_emit       scan_emit_by_bits

/* Sixteen bytes; every compiler that knows them has some way, if not an instruction. */
typedef uint8_t bytes __attribute__((vector_size(16)));

static inline bytes equal(bytes text, char c)
{
    return (bytes)(text == (uint8_t)c);
}

/* Bit i of the result for byte i of 16, each 0 or all ones; a product adds eight up. */
static inline uint64_t bits_of(bytes is)
{
    const bytes place = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint64_t sum = 0x0101010101010101;
    uint64_t halves[2];
    is &= place;
    memcpy(halves, &is, sizeof halves);
    return halves[0] * sum >> 56 | halves[1] * sum >> 56 << 8;
}

struct word {
    bytes a, b, c, d;
};

static inline uint64_t equal64(const struct word *w, char c)
{
    return bits_of(equal(w->a, c)) | bits_of(equal(w->b, c)) << 16 | bits_of(equal(w->c, c)) << 32 |
           bits_of(equal(w->d, c)) << 48;
}

static inline bool is_any(bytes is)
{
    uint64_t halves[2];
    memcpy(halves, &is, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

static inline bytes either(bytes text, char c, char d)
{
    return equal(text, c) | equal(text, d);
}

static inline struct scan_masks scan_masks(const char *text, char delimiter)
{
    struct word w;
    memcpy(&w, text, sizeof w);
    struct scan_masks m = {.delimiter = equal64(&w, delimiter), .lf = equal64(&w, '\n')};
    if (is_any(either(w.a, '"', '\r') | either(w.b, '"', '\r') | either(w.c, '"', '\r') |
               either(w.d, '"', '\r'))) {
        m.cr = equal64(&w, '\r');
        m.quote = equal64(&w, '"');
    }
    if (is_any(equal(w.a, '\0') | equal(w.b, '\0') | equal(w.c, '\0') | equal(w.d, '\0')))
        m.nul = equal64(&w, '\0');
    return m;
}

#include "text/scan_body.inc"

/* A field that is too long covers a whole stretch, wherever stretches begin. */
_Static_assert(2 * UMM_SCAN_STRETCH - 1 <= UMM_CSV_FIELD_MAX + 1, "no long field without a gap");

/* Whether no field of whole records is too long, and no record: as csv.h counts their bytes. */
static bool has_lengths(const char *text, const uint32_t *positions, size_t n_whole)
{
    size_t field = 0, record = 0;
    bool has = true;
    for (size_t i = 0; has && i < n_whole; i++) {
        const size_t end = positions[i];
        const size_t quotes = text[field] == UMM_CSV_QUOTE ? 2 : 0;
        has = end - field <= UMM_CSV_FIELD_MAX + quotes && end - record <= UMM_CSV_RECORD_MAX;
        field = end + 1 + (text[end] == '\r');
        if (text[end] == '\r' || text[end] == '\n')
            record = field;
    }
    return has;
}

void umm_scan_settle(const char *text, size_t len_bytes, const uint32_t *positions, bool has_gap,
                     struct umm_scan *out)
{
    size_t n = out->n, whole = 0;
    for (; !whole && n; n -= !whole) {
        size_t end = positions[n - 1];
        end += text[end] == '\r';
        whole = end < len_bytes && text[end] == '\n' ? end + 1 : 0;
    }
    out->whole_bytes = whole;
    out->n_whole = n;
    for (size_t i = whole; i < len_bytes; i++)
        out->n_lines -= text[i] == '\n';
    if (out->is_regular && (has_gap || whole > UMM_CSV_RECORD_MAX))
        out->is_regular = has_lengths(text, positions, out->n_whole);
}
