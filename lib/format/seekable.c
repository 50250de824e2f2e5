/* SPDX-License-Identifier: MIT */
#include "format/seekable.h"

#include "base/bytes.h"
#include "base/hash.h"

static const uint32_t skippable_magic = 0x184D2A5E, footer_magic = 0x8F92EAB1;
enum { HAS_CHECKSUMS = 0x80, RESERVED = 0x7C };

size_t umm_seekable_table_bytes(size_t n)
{
    return UMM_SEEKABLE_HEADER_BYTES + n * UMM_SEEKABLE_ENTRY_BYTES + UMM_SEEKABLE_FOOTER_BYTES;
}

uint32_t umm_seekable_checksum(const void *content, size_t len_bytes)
{
    return (uint32_t)umm_hash64(content, len_bytes, 0);
}

void umm_seekable_format_header(size_t n, void *out)
{
    size_t size = umm_seekable_table_bytes(n) - UMM_SEEKABLE_HEADER_BYTES;
    umm_bytes_put(umm_bytes_put(out, skippable_magic, 4), size, 4);
}

void umm_seekable_format_entry(const struct umm_seekable_entry *entry, void *out)
{
    out = umm_bytes_put(out, entry->packed_bytes, 4);
    out = umm_bytes_put(out, entry->content_bytes, 4);
    umm_bytes_put(out, entry->checksum, 4);
}

void umm_seekable_format_footer(size_t n, void *out)
{
    out = umm_bytes_put(out, n, 4);
    out = umm_bytes_put(out, HAS_CHECKSUMS, 1);
    umm_bytes_put(out, footer_magic, 4);
}

bool umm_seekable_parse_footer(const void *footer, size_t *n)
{
    const unsigned char *p = footer;
    if (umm_bytes_get(p + 5, 4) != footer_magic ||
        (p[4] & (HAS_CHECKSUMS | RESERVED)) != HAS_CHECKSUMS)
        return false;
    *n = umm_bytes_get(p, 4);
    return *n <= UMM_SEEKABLE_FRAMES_MAX;
}

bool umm_seekable_is_header(const void *header, size_t n)
{
    const unsigned char *p = header;
    return umm_bytes_get(p, 4) == skippable_magic &&
           umm_bytes_get(p + 4, 4) == umm_seekable_table_bytes(n) - UMM_SEEKABLE_HEADER_BYTES;
}

void umm_seekable_parse_entry(const void *bytes, struct umm_seekable_entry *entry)
{
    const unsigned char *p = bytes;
    *entry = (struct umm_seekable_entry){(uint32_t)umm_bytes_get(p, 4),
                                         (uint32_t)umm_bytes_get(p + 4, 4),
                                         (uint32_t)umm_bytes_get(p + 8, 4)};
}
