/* SPDX-License-Identifier: MIT */
#include "format/seekable.h"

#include "format/hash.h"

static const uint32_t skippable_magic = 0x184D2A5E, footer_magic = 0x8F92EAB1;
enum { HAS_CHECKSUMS = 0x80, RESERVED = 0x7C };

static unsigned char *put_u32(unsigned char *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        *p++ = (unsigned char)(value >> 8 * i);
    return p;
}

static uint32_t get_u32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

size_t umm_seekable_table_bytes(size_t n)
{
    return UMM_SEEKABLE_HEADER_BYTES + n * UMM_SEEKABLE_ENTRY_BYTES + UMM_SEEKABLE_FOOTER_BYTES;
}

uint32_t umm_seekable_checksum(const void *content, size_t len_bytes)
{
    return (uint32_t)umm_hash64(content, len_bytes);
}

void umm_seekable_format_header(size_t n, void *out)
{
    size_t size = umm_seekable_table_bytes(n) - UMM_SEEKABLE_HEADER_BYTES;
    put_u32(put_u32(out, skippable_magic), (uint32_t)size);
}

void umm_seekable_format_entry(const struct umm_seekable_entry *entry, void *out)
{
    unsigned char *p = put_u32(out, entry->packed_bytes);
    put_u32(put_u32(p, entry->content_bytes), entry->checksum);
}

void umm_seekable_format_footer(size_t n, void *out)
{
    unsigned char *p = put_u32(out, (uint32_t)n);
    *p++ = HAS_CHECKSUMS;
    put_u32(p, footer_magic);
}

bool umm_seekable_parse_footer(const void *footer, size_t *n)
{
    const unsigned char *p = footer;
    if (get_u32(p + 5) != footer_magic || (p[4] & (HAS_CHECKSUMS | RESERVED)) != HAS_CHECKSUMS)
        return false;
    *n = get_u32(p);
    return *n <= UMM_SEEKABLE_FRAMES_MAX;
}

bool umm_seekable_is_header(const void *header, size_t n)
{
    const unsigned char *p = header;
    return get_u32(p) == skippable_magic &&
           get_u32(p + 4) == umm_seekable_table_bytes(n) - UMM_SEEKABLE_HEADER_BYTES;
}

void umm_seekable_parse_entry(const void *bytes, struct umm_seekable_entry *entry)
{
    const unsigned char *p = bytes;
    *entry = (struct umm_seekable_entry){get_u32(p), get_u32(p + 4), get_u32(p + 8)};
}
