/* SPDX-License-Identifier: MIT */
/* The portable engine: eight digits in a word. */
#include <string.h>

#include "text/decimal_engines.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read as text");

static const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;

/* Eight digits, one to a byte, the first in the lowest. */
static inline uint64_t join_eight(uint64_t digits)
{
    const uint64_t pairs = 0x000000FF000000FF;
    digits = digits * 10 + (digits >> 8);
    return ((digits & pairs) * (100 + (UINT64_C(1000000) << 32)) +
            ((digits >> 16) & pairs) * (1 + (UINT64_C(10000) << 32))) >>
           32;
}

static inline uint64_t load_eight(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word ^ ones * '0';
}

/* Where digits have no bit, but the points that may be among them have. */
static inline uint64_t may_be_points(uint64_t word)
{
    return word & ones * 0x10;
}

/*
 * Take the first of the points out of word: what is before it moves up by one byte.
 * False if it was something else.
 */
static inline bool close_gap(uint64_t *word, uint64_t points, char point, unsigned *n_behind)
{
    unsigned shift = (unsigned)__builtin_ctzll(points) - 4;
    uint64_t rest = *word & ((UINT64_C(1) << shift) - 1), found = *word >> shift & 0xFF;
    *word += (rest << 8) - rest - (found << shift);
    *n_behind = 7 - shift / 8;
    return found == (unsigned char)(point ^ '0');
}

/* A byte of ten or more is no digit; neither is one with its top bit. */
static inline bool is_digits(uint64_t word)
{
    return ((word | (word + ones * 0x76)) & tops) == 0;
}

/* As below, for 1 to 8 characters. */
static inline struct plain parse_short(const char *end, size_t len, char point)
{
    struct plain r = {.is_odd = false};
    uint64_t word = load_eight(end - 8) & UINT64_MAX << (8 * (8 - len));
    uint64_t points = may_be_points(word);
    if (points) {
        r.has_point = true;
        r.is_odd = !close_gap(&word, points, point, &r.n_decimals) || r.n_decimals == 0;
    }
    r.is_odd |= !is_digits(word);
    r.value = join_eight(word);
    return r;
}

/* len digits and at most one point before end, in two words, right-aligned. */
static inline struct plain parse_plain(const char *end, size_t len, char point)
{
    struct plain r = {.is_odd = true};
    if (len - 1 < 8)
        return parse_short(end, len, point);
    if (len - 1 >= 16)
        return r;
    uint64_t front = load_eight(end - 16) & UINT64_MAX << (8 * (16 - len));
    uint64_t back = load_eight(end - 8);
    uint64_t in_front = may_be_points(front), in_back = may_be_points(back);
    r.has_point = (in_back | in_front) != 0;
    r.is_odd = false;
    if (in_back) {
        r.is_odd = !close_gap(&back, in_back, point, &r.n_decimals) || r.n_decimals == 0;
        back |= front >> 56;
        front <<= 8;
    } else if (in_front) {
        r.is_odd = !close_gap(&front, in_front, point, &r.n_decimals);
        r.n_decimals += 8;
    }
    r.value = join_eight(front) * 100000000 + join_eight(back);
    r.is_odd |= !is_digits(front) || !is_digits(back) || r.value > UINT64_C(1) << 53;
    return r;
}

#define DECIMAL_NAME(type) umm_decimal_##type##_portable
#define DECIMAL_TARGET
#define DECIMAL_SCOPE
#define decimal_splat(c) (c)
typedef char decimal_point;
#include "text/decimal_fields.inc"
