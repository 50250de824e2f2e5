/* SPDX-License-Identifier: MIT */
#include "unpack/packing.h"

#include <string.h>

#include "format/zstd.h"

static const struct {
    enum umm_packing packing;
    size_t len_bytes;  /* of the magic number */
    size_t sure_bytes; /* so many of them are no text either */
    const char *magic;
} magics[] = {
    {UMM_PACKING_GZIP, 2, 1, "\x1f\x8b"},
    {UMM_PACKING_BZIP2, 3, 3, "BZh"},
    {UMM_PACKING_XZ, 5, 2,
     "\xfd"
     "7zXZ"},
    {UMM_PACKING_ZSTD, 4, 2, "\x28\xb5\x2f\xfd"},
    {UMM_PACKING_ZIP, 4, 3, "PK\x03\x04"},
    {UMM_PACKING_ZIP, 4, 3, "PK\x05\x06"}, /* of no members */
    {UMM_PACKING_ZIP, 4, 3, "PK\x07\x08"}, /* of several disks */
    {UMM_PACKING_7Z, 6, 3, "7z\xbc\xaf\x27\x1c"},
    {UMM_PACKING_RAR, 6, 6, "Rar!\x1a\x07"},
    {UMM_PACKING_COMPRESS, 2, 1, "\x1f\x9d"},
    {UMM_PACKING_LZIP, 5, 5, "LZIP\x01"},
    {UMM_PACKING_LZ4, 4, 3, "\x04\x22\x4d\x18"},
};

/* A number of a tar header: octal digits, with spaces before and after; false for none. */
static bool parse_octal(const unsigned char *field, size_t len_bytes, uint32_t *out)
{
    size_t i = 0;
    *out = 0;
    while (i < len_bytes && field[i] == ' ')
        i++;
    const size_t first = i;
    for (; i < len_bytes && field[i] >= '0' && field[i] <= '7'; i++)
        *out = *out * 8 + (uint32_t)(field[i] - '0');
    return i > first;
}

/* POSIX.1-2001, pax: the sum of the header's bytes, with its own field taken as spaces. */
static bool is_tar(const char *bytes, size_t len_bytes)
{
    enum { HEADER_BYTES = 512, SUM_AT = 148, SUM_BYTES = 8 };
    const unsigned char *header = (const unsigned char *)bytes;
    uint32_t sum = SUM_BYTES * ' ', wanted;
    if (len_bytes < HEADER_BYTES || header[0] == '\0' ||
        !parse_octal(header + SUM_AT, SUM_BYTES, &wanted))
        return false;
    for (size_t i = 0; i < HEADER_BYTES; i++)
        sum += i < SUM_AT || i >= SUM_AT + SUM_BYTES ? header[i] : 0;
    return sum == wanted;
}

enum umm_packing umm_packing_of(const char *bytes, size_t len_bytes, bool is_all)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        const size_t n = len_bytes < magics[i].len_bytes ? len_bytes : magics[i].len_bytes;
        const bool is_whole = n == magics[i].len_bytes;
        if (n && memcmp(bytes, magics[i].magic, n) == 0 &&
            (is_whole || (is_all && n >= magics[i].sure_bytes)))
            return magics[i].packing;
    }
    if (umm_zstd_is_magic(bytes, len_bytes))
        return UMM_PACKING_ZSTD; /* a skippable frame */
    return is_tar(bytes, len_bytes) ? UMM_PACKING_TAR : UMM_PACKING_NONE;
}

const char *umm_packing_name(enum umm_packing packing)
{
    switch (packing) {
    case UMM_PACKING_GZIP: return "gzip data";
    case UMM_PACKING_BZIP2: return "bzip2 data";
    case UMM_PACKING_XZ: return "xz data";
    case UMM_PACKING_ZSTD: return "zstd data";
    case UMM_PACKING_ZIP: return "a zip archive";
    case UMM_PACKING_TAR: return "a tar archive";
    case UMM_PACKING_7Z: return "a 7z archive";
    case UMM_PACKING_RAR: return "a rar archive";
    case UMM_PACKING_COMPRESS: return "data of compress(1)";
    case UMM_PACKING_LZIP: return "lzip data";
    case UMM_PACKING_LZ4: return "lz4 data";
    case UMM_PACKING_NONE: break;
    }
    return NULL;
}

/* Whether name ends so, in capitals or not, and has something before. */
static bool ends_with(const char *name, size_t len_bytes, const char *suffix)
{
    const size_t n = strlen(suffix);
    if (len_bytes <= n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char c = name[len_bytes - n + i];
        if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != suffix[i])
            return false;
    }
    return true;
}

size_t umm_packing_stem(const char *name, size_t len_bytes)
{
    static const char *const filters[] = {".gz", ".bz2", ".xz", ".zst"};
    static const char *const archives[] = {".zip",  ".tar", ".tgz", ".tbz",
                                           ".tbz2", ".txz", ".tzst"};
    bool is_filtered = false;
    for (size_t i = 0; !is_filtered && i < sizeof filters / sizeof *filters; i++) {
        is_filtered = ends_with(name, len_bytes, filters[i]);
        len_bytes -= is_filtered ? strlen(filters[i]) : 0;
    }
    if (is_filtered)
        return ends_with(name, len_bytes, ".tar") ? len_bytes - strlen(".tar") : len_bytes;
    for (size_t i = 0; i < sizeof archives / sizeof *archives; i++)
        if (ends_with(name, len_bytes, archives[i]))
            return len_bytes - strlen(archives[i]);
    return len_bytes;
}
