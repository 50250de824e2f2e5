/* SPDX-License-Identifier: MIT */
/* What reading an archive and loading it share: its buffers, and unpacking one frame into them. */
#include <stdlib.h>

#include "archive/archive.h"
#include "base/error.h"
#include "sys/pages.h"

const char umm_archive_other_journal[] =
    "the journal beside it is of another archive; put it back or move it away";

enum umm_status umm_archive_grow_frames(struct umm_archive *archive, size_t n,
                                        struct umm_error *err)
{
    size_t wanted = archive->n_full + n;
    if (wanted <= archive->cap_frames)
        return UMM_OK;
    wanted += wanted / 2 + 16;
    struct umm_seekable_entry *entries =
        realloc(archive->entries, wanted * sizeof *archive->entries);
    if (entries)
        archive->entries = entries;
    uint64_t *offsets = realloc(archive->offsets, (wanted + 1) * sizeof *archive->offsets);
    if (offsets)
        archive->offsets = offsets;
    if (!entries || !offsets)
        return umm_error_set_memory(err, wanted * sizeof *entries, "the list of frames");
    archive->cap_frames = wanted;
    return UMM_OK;
}

enum umm_status umm_archive_grow_tail(struct umm_archive *archive, size_t n, struct umm_error *err)
{
    size_t wanted = (archive->tail_rows + n) * archive->row_bytes;
    if (wanted <= archive->cap_tail_bytes)
        return UMM_OK;
    wanted += wanted / 2;
    char *tail = realloc(archive->tail, wanted);
    if (!tail)
        return umm_error_set_memory(err, wanted, "an archive's last rows");
    archive->tail = tail;
    archive->cap_tail_bytes = wanted;
    return UMM_OK;
}

enum umm_status umm_archive_grow_packed(struct umm_archive *archive, size_t size,
                                        struct umm_error *err)
{
    if (size <= archive->cap_packed)
        return UMM_OK;
    free(archive->packed);
    archive->cap_packed = 0;
    archive->packed = umm_pages_new(size);
    if (!archive->packed)
        return umm_error_set_memory(err, size, "a packed frame");
    archive->cap_packed = size;
    return UMM_OK;
}

/* zstd compares the content with the frame's checksum: so that has to be the table's. */
enum umm_status umm_archive_unpack(const struct umm_archive *archive, const char *packed,
                                   const struct umm_seekable_entry *entry, char *rows,
                                   struct umm_error *err)
{
    uint32_t checksum;
    enum umm_status status = umm_zstd_unpack(archive->unpacker, packed, entry->packed_bytes, rows,
                                             entry->content_bytes, err);
    if (status)
        return status;
    if (umm_zstd_checksum(packed, entry->packed_bytes, &checksum) && checksum == entry->checksum)
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_DATA, "the checksum of the seek table differs");
}
