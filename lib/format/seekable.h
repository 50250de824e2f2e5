/* SPDX-License-Identifier: MIT */
/*
 * seekable.h - the seek table at the end of a seekable Zstandard file: where each
 * frame is, so that a reader unpacks only those it needs.
 *
 *     frame | frame | ... | magic 0x184D2A5E, u32 size | entry ... | footer
 *     entry   u32 packed bytes, u32 content bytes, u32 checksum
 *     footer  u32 number of frames, u8 descriptor, u32 0x8F92EAB1
 *
 * All little-endian. Every frame before the table has an entry, skippable ones with no
 * content. The checksum is the low half of XXH64 of the content.
 *
 * Source: "Zstandard Seekable Format" version 0.1.0, in the contrib directory of zstd.
 * Nothing here allocates or keeps state.
 */
#ifndef UMM_FORMAT_SEEKABLE_H
#define UMM_FORMAT_SEEKABLE_H

#include "umm.h"

enum {
    UMM_SEEKABLE_HEADER_BYTES = 8,
    UMM_SEEKABLE_ENTRY_BYTES = 12,
    UMM_SEEKABLE_FOOTER_BYTES = 9,
    UMM_SEEKABLE_FRAMES_MAX = 0x8000000 /* of the format */
};

struct umm_seekable_entry {
    uint32_t packed_bytes;
    uint32_t content_bytes;
    uint32_t checksum;
};

/* Bytes of a table of n entries, all of it. */
size_t umm_seekable_table_bytes(size_t n);

/* The checksum that an entry has for that content. */
uint32_t umm_seekable_checksum(const void *content, size_t len_bytes);

/* The parts of a table of n entries; out has the bytes that their names say. */
void umm_seekable_format_header(size_t n, void *out);
void umm_seekable_format_entry(const struct umm_seekable_entry *entry, void *out);
void umm_seekable_format_footer(size_t n, void *out);

/*
 * The number of entries by the last UMM_SEEKABLE_FOOTER_BYTES bytes of a file. False
 * when they are no footer, or one of a table without checksums.
 */
UMM_MUST_USE bool umm_seekable_parse_footer(const void *footer, size_t *n);

/* Whether the table's first UMM_SEEKABLE_HEADER_BYTES bytes go with n entries. */
UMM_MUST_USE bool umm_seekable_is_header(const void *header, size_t n);

void umm_seekable_parse_entry(const void *bytes, struct umm_seekable_entry *entry);

#endif
