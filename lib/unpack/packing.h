/* SPDX-License-Identifier: MIT */
/*
 * packing.h - the ways in which text comes packed, by its first bytes and by its name.
 */
#ifndef UMM_UNPACK_PACKING_H
#define UMM_UNPACK_PACKING_H

#include "umm.h"

enum umm_packing {
    UMM_PACKING_NONE,
    /* One text, compressed: */
    UMM_PACKING_GZIP,
    UMM_PACKING_BZIP2,
    UMM_PACKING_XZ,
    UMM_PACKING_ZSTD,
    /* Archives of members: */
    UMM_PACKING_ZIP,
    UMM_PACKING_TAR,
    /* What is known, and not unpacked: */
    UMM_PACKING_7Z,
    UMM_PACKING_RAR,
    UMM_PACKING_COMPRESS,
    UMM_PACKING_LZIP,
    UMM_PACKING_LZ4
};

/* So many first bytes tell every packing; fewer, all but a tar archive. */
enum { UMM_PACKING_LOOK_BYTES = 512 };

/*
 * What the first bytes of a file say; is_all: it has no more. A file that ends within a packing's
 * magic number is of that packing, if it could be no text.
 */
enum umm_packing umm_packing_of(const char *bytes, size_t len_bytes, bool is_all);

/* "gzip data", "a zip archive", ...; NULL for none. */
const char *umm_packing_name(enum umm_packing packing);

static inline bool umm_packing_is_archive(enum umm_packing packing)
{
    return packing == UMM_PACKING_ZIP || packing == UMM_PACKING_TAR;
}

static inline bool umm_packing_is_known_only(enum umm_packing packing)
{
    return packing >= UMM_PACKING_7Z;
}

/* The length of a file's name without what says how it is packed: .gz, .zip, .tar.gz, ... */
size_t umm_packing_stem(const char *name, size_t len_bytes);

#endif
