/* SPDX-License-Identifier: MIT */
/* utf8.h - one character of UTF-8 (RFC 3629) at a time. */
#ifndef UMM_BASE_UTF8_H
#define UMM_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decode the character at text, of which at most len_bytes are read (SIZE_MAX will
 * do for terminated text); returns its length in bytes, 0 when it is not one:
 * over-long forms, surrogates, anything past U+10FFFF, cut short.
 */
static inline size_t umm_utf8_decode(const char *text, size_t len_bytes, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (len_bytes == 0)
        return 0;
    unsigned char lead = (unsigned char)text[0];
    size_t n = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (n == 0 || n > len_bytes || lead > 0xF4)
        return 0;
    uint32_t c = n == 1 ? lead : lead & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        unsigned char next = (unsigned char)text[i];
        if ((next & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (next & 0x3Fu);
    }
    if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *point = c;
    return n;
}

/* Encode point to out; returns the length, 0 when it is not a character. */
static inline size_t umm_utf8_encode(uint32_t point, char out[4])
{
    if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
        return 0;
    size_t n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i-- > 1; point >>= 6)
        out[i] = (char)(unsigned char)(0x80 | (point & 0x3F));
    out[0] = (char)(unsigned char)(lead[n] | point);
    return n;
}

#endif
