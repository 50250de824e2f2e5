/* SPDX-License-Identifier: MIT */
/* The bytes before the rows: a raw frame with the NPY header, and the description. */
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "sys/file.h"
#include "sys/outfile.h"

static const char description_magic[8] = "UMMARCH";
static const char not_ours[] = "is zstd, but no archive of rows";
enum {
    VERSION = 1,
    DESCRIPTION_FRAME_MAGIC = 0x184D2A55,
    DESCRIPTION_HEAD_BYTES = 8,
    HEAD_BYTES_USUAL = 4096,
    TRIES = 50 /* each finds a header that a writer changed meanwhile */
};

static enum umm_status damaged(const struct umm_archive *archive, const char *what,
                               struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_DATA, archive->path, "%s", what);
}

/*
 * The skippable frame after the header:
 *
 *     magic 4 | size 4 | "UMMARCH\0" | u16 version | u16 transform | u32 rows a frame |
 *     u64 0 | u64 0 | u64 hash of the bytes from "UMMARCH" on
 *
 * transform 0: frames are rows as they are. Others would not unpack to an .npy.
 */
void umm_archive_format_description(uint32_t rows_per_frame,
                                    char out[UMM_ARCHIVE_DESCRIPTION_BYTES])
{
    char *content = umm_bytes_put(out, DESCRIPTION_FRAME_MAGIC, 4);
    content = umm_bytes_put(content, UMM_ARCHIVE_DESCRIPTION_BYTES - DESCRIPTION_HEAD_BYTES, 4);
    memcpy(content, description_magic, sizeof description_magic);
    char *p = umm_bytes_put(umm_bytes_put(content + sizeof description_magic, VERSION, 2), 0, 2);
    p = umm_bytes_put(umm_bytes_put(umm_bytes_put(p, rows_per_frame, 4), 0, 8), 0, 8);
    umm_bytes_put(p, umm_hash64(content, (size_t)(p - content), 0), 8);
}

static bool is_framed(const char *bytes)
{
    return umm_bytes_get(bytes, 4) == DESCRIPTION_FRAME_MAGIC;
}

static bool is_named(const char *bytes)
{
    return memcmp(bytes + DESCRIPTION_HEAD_BYTES, description_magic, sizeof description_magic) == 0;
}

static enum umm_status parse_description(struct umm_archive *archive, const char *bytes,
                                         struct umm_error *err)
{
    const char *content = bytes + DESCRIPTION_HEAD_BYTES;
    archive->is_ours = true;
    if (!is_framed(bytes) || !is_named(bytes) ||
        umm_bytes_get(bytes + 4, 4) != UMM_ARCHIVE_DESCRIPTION_BYTES - DESCRIPTION_HEAD_BYTES ||
        umm_bytes_get(content + 32, 8) != umm_hash64(content, 32, 0))
        return umm_error_hint(err, damaged(archive, "the archive's description is damaged", err),
                              UMM_HINT_REPAIR_MAY);
    if (umm_bytes_get(content + 8, 2) != VERSION || umm_bytes_get(content + 10, 2) != 0)
        return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, archive->path,
                                  "an archive of version %u, transform %u; this is version %d",
                                  (unsigned)umm_bytes_get(content + 8, 2),
                                  (unsigned)umm_bytes_get(content + 10, 2), VERSION);
    archive->rows_per_frame = (uint32_t)umm_bytes_get(content + 12, 4);
    if (archive->rows_per_frame == 0)
        return damaged(archive, "the archive's description makes no sense", err);
    return UMM_OK;
}

enum umm_status umm_archive_format_header(const struct umm_npy *npy, uint64_t n_framed,
                                          bool is_sized, char **frame, size_t *len_bytes,
                                          struct umm_error *err)
{
    struct umm_npy counted = *npy; /* shares the fields, and is not freed */
    char *text;
    size_t len;
    counted.shape[0] = n_framed;
    enum umm_status status = umm_npy_format(&counted, UMM_NPY_ALIGN, &text, &len, err);
    if (status)
        return status;
    *frame = malloc(len + UMM_ZSTD_RAW_EXTRA);
    if (!*frame)
        status = umm_error_set_memory(err, len, "a header");
    else if (len > UMM_ZSTD_RAW_MAX)
        status = umm_error_set(err, UMM_ERR_UNSUPPORTED, "too many columns for an archive");
    else
        *len_bytes = umm_zstd_format_raw(text, len, is_sized, *frame);
    free(text);
    if (status) {
        free(*frame);
        *frame = NULL;
    }
    return status;
}

/* The entries of the header, whose content is text, and of the description. */
static void make_own_entries(size_t frame_bytes, const char *text, size_t text_len,
                             struct umm_seekable_entry own[UMM_ARCHIVE_OWN_FRAMES])
{
    own[0] = (struct umm_seekable_entry){(uint32_t)frame_bytes, (uint32_t)text_len,
                                         umm_seekable_checksum(text, text_len)};
    own[1] =
        (struct umm_seekable_entry){UMM_ARCHIVE_DESCRIPTION_BYTES, 0, umm_seekable_checksum("", 0)};
}

/* The same for the header that is yet to be written. */
static enum umm_status plan_own_entries(const struct umm_npy *npy, uint64_t n_framed, bool is_sized,
                                        struct umm_seekable_entry own[UMM_ARCHIVE_OWN_FRAMES],
                                        struct umm_error *err)
{
    struct umm_zstd_raw raw = {.content_at = 0};
    char *header;
    size_t len;
    enum umm_status status = umm_archive_format_header(npy, n_framed, is_sized, &header, &len, err);
    if (status)
        return status;
    if (umm_zstd_parse_raw(header, len, &raw))
        make_own_entries(len, header + raw.content_at, raw.content_bytes, own);
    free(header);
    return UMM_OK;
}

enum umm_status umm_archive_header_checksum(const struct umm_npy *npy, uint64_t n_framed,
                                            uint32_t *checksum, struct umm_error *err)
{
    struct umm_seekable_entry own[UMM_ARCHIVE_OWN_FRAMES] = {0};
    enum umm_status status = plan_own_entries(npy, n_framed, false, own, err);
    *checksum = own[0].checksum;
    return status;
}

enum umm_status umm_archive_format_table(const struct umm_npy *npy, uint64_t n_framed,
                                         bool is_sized, const struct umm_seekable_entry *entries,
                                         size_t n_full, const struct umm_seekable_entry *last,
                                         char **table, size_t *len_bytes, struct umm_error *err)
{
    size_t n = UMM_ARCHIVE_OWN_FRAMES + n_full + (last != NULL);
    struct umm_seekable_entry own[UMM_ARCHIVE_OWN_FRAMES] = {0};
    enum umm_status status = plan_own_entries(npy, n_framed, is_sized, own, err);
    if (status)
        return status;
    *len_bytes = umm_seekable_table_bytes(n);
    char *p = *table = malloc(*len_bytes);
    if (!p)
        return umm_error_set_memory(err, *len_bytes, "a seek table");
    umm_seekable_format_header(n, p);
    p += UMM_SEEKABLE_HEADER_BYTES;
    for (size_t i = 0; i < n; i++, p += UMM_SEEKABLE_ENTRY_BYTES) {
        size_t k = i - UMM_ARCHIVE_OWN_FRAMES;
        const struct umm_seekable_entry *framed = k < n_full ? &entries[k] : last;
        umm_seekable_format_entry(i < UMM_ARCHIVE_OWN_FRAMES ? &own[i] : framed, p);
    }
    umm_seekable_format_footer(n, p);
    return UMM_OK;
}

uint64_t umm_archive_data_offset(const struct umm_archive *archive)
{
    return (uint64_t)archive->own[0].packed_bytes + UMM_ARCHIVE_DESCRIPTION_BYTES;
}

static enum umm_status check_type(const struct umm_archive *archive, struct umm_error *err)
{
    const struct umm_npy *npy = &archive->npy;
    if (npy->n_dims == 0 || (npy->is_fortran && npy->n_dims > 1) || archive->row_bytes == 0 ||
        archive->row_bytes > UMM_ARCHIVE_ROW_BYTES_MAX ||
        archive->rows_per_frame > UMM_ARCHIVE_FRAME_ROWS ||
        (uint64_t)archive->rows_per_frame * archive->row_bytes > UMM_ARCHIVE_FRAME_BYTES_MAX)
        return damaged(archive, "the archive's description makes no sense", err);
    return UMM_OK;
}

/*
 * Header and description, and how many bytes they have; a few kilobytes are enough unless
 * there are hundreds of columns. False: they are not all within len.
 */
static bool measure_head(const char *head, size_t len, struct umm_zstd_raw *header)
{
    return umm_zstd_parse_raw(head, len, header) &&
           len - header->size_bytes >= UMM_ARCHIVE_DESCRIPTION_BYTES;
}

static enum umm_status read_head(struct umm_archive *archive, char *head, size_t cap, size_t *len,
                                 struct umm_error *err)
{
    struct umm_file_info info;
    enum umm_status status = umm_file_stat_fd(archive->fd, archive->path, &info, err);
    archive->size_bytes = status ? 0 : info.size_bytes;
    *len = archive->size_bytes < cap ? (size_t)archive->size_bytes : cap;
    return status ? status : umm_file_pread_all(archive->fd, archive->path, head, *len, 0, err);
}

static enum umm_status parse_head(struct umm_archive *archive, const char *head, size_t len,
                                  struct umm_error *err)
{
    struct umm_zstd_raw header;
    bool is_whole = measure_head(head, len, &header);
    const char *description = is_whole ? head + header.size_bytes : NULL;
    if (!is_whole || (!is_framed(description) && !is_named(description))) {
        archive->is_ours = memmem(head, len, description_magic, sizeof description_magic) != NULL;
        if (archive->is_ours)
            return umm_error_hint(err, damaged(archive, "the archive's header is damaged", err),
                                  UMM_HINT_REPAIR_MAY);
        return damaged(archive,
                       umm_zstd_is_magic(head, len)
                           ? not_ours
                           : "is no archive: it does not begin with a zstd frame",
                       err);
    }
    const char *text = head + header.content_at;
    enum umm_status status = parse_description(archive, description, err);
    if (status)
        return status;
    umm_npy_free(&archive->npy);
    status = umm_npy_parse(text, header.content_bytes, &archive->npy, err);
    if (status) {
        umm_error_at(err, archive->path, 0, 0, 0);
        return status;
    }
    make_own_entries(header.size_bytes, text, header.content_bytes, archive->own);
    archive->is_header_sized = header.is_sized;
    archive->row_bytes = (size_t)umm_npy_row_bytes(&archive->npy);
    archive->n_framed = archive->npy.n_dims ? archive->npy.shape[0] : 0;
    return check_type(archive, err);
}

/* A header that is read while it is written could mix both: it has to read twice the same. */
static enum umm_status read_twice(struct umm_archive *archive, char *head, char *again, size_t cap,
                                  size_t *len, struct umm_error *err)
{
    struct umm_zstd_raw header;
    enum umm_status status = read_head(archive, head, cap, len, err);
    for (int i = 0; !status && i < TRIES; i++) {
        if (!measure_head(head, *len, &header))
            return UMM_OK; /* which parse_head will say */
        size_t size = header.size_bytes + UMM_ARCHIVE_DESCRIPTION_BYTES;
        memcpy(again, head, size);
        status = read_head(archive, head, cap, len, err);
        if (!status && *len >= size && memcmp(again, head, size) == 0)
            return UMM_OK;
    }
    return status ? status
                  : umm_error_set_path(err, UMM_ERR_CONFLICT, archive->path,
                                       "its header kept changing while it was read");
}

static enum umm_status load_head_within(struct umm_archive *archive, size_t cap, bool *is_whole,
                                        struct umm_error *err)
{
    struct umm_zstd_raw header;
    size_t len = 0;
    char *head = malloc(2 * cap);
    if (!head)
        return umm_error_set_memory(err, 2 * cap, "an archive's header");
    enum umm_status status = read_twice(archive, head, head + cap, cap, &len, err);
    *is_whole = status || len < cap || measure_head(head, len, &header);
    if (!status && (*is_whole || cap == UMM_ARCHIVE_HEAD_BYTES_MAX))
        status = parse_head(archive, head, len, err);
    free(head);
    return status;
}

enum umm_status umm_archive_load_head(struct umm_archive *archive, struct umm_error *err)
{
    bool is_whole;
    enum umm_status status = load_head_within(archive, HEAD_BYTES_USUAL, &is_whole, err);
    return status || is_whole
               ? status
               : load_head_within(archive, UMM_ARCHIVE_HEAD_BYTES_MAX, &is_whole, err);
}

/* ---- a new archive ---------------------------------------------------------------- */

enum umm_status umm_archive_write_head(int fd, const char *path, const struct umm_npy *npy,
                                       uint64_t n_framed, uint32_t rows_per_frame,
                                       struct umm_error *err)
{
    char description[UMM_ARCHIVE_DESCRIPTION_BYTES], *header;
    size_t len;
    enum umm_status status = umm_archive_format_header(npy, n_framed, false, &header, &len, err);
    if (status)
        return status;
    umm_archive_format_description(rows_per_frame, description);
    status = umm_file_write_all(fd, path, header, len, err);
    if (!status)
        status = umm_file_write_all(fd, path, description, sizeof description, err);
    free(header);
    return status;
}

static enum umm_status write_empty(int fd, const char *path, const struct umm_npy *npy,
                                   uint32_t rows_per_frame, struct umm_error *err)
{
    char *table = NULL;
    size_t len;
    enum umm_status status = umm_archive_write_head(fd, path, npy, 0, rows_per_frame, err);
    if (!status)
        status = umm_archive_format_table(npy, 0, false, NULL, 0, NULL, &table, &len, err);
    if (!status)
        status = umm_file_write_all(fd, path, table, len, err);
    free(table);
    return status;
}

uint64_t umm_archive_usual_rows(uint64_t row_bytes)
{
    uint64_t rows = UMM_ARCHIVE_FRAME_BYTES_MAX / row_bytes;
    return rows < UMM_ARCHIVE_FRAME_ROWS ? rows : UMM_ARCHIVE_FRAME_ROWS;
}

enum umm_status umm_archive_create(const char *path, const struct umm_npy *npy, uint32_t frame_rows,
                                   struct umm_error *err)
{
    static const struct umm_outfile_options synced = {.is_synced = true};
    struct umm_outfile out = {0};
    uint64_t row_bytes = umm_npy_row_bytes(npy);
    if (npy->n_dims == 0 || row_bytes == 0 || row_bytes > UMM_ARCHIVE_ROW_BYTES_MAX)
        return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, path,
                                  "an archive takes rows of 1 byte to 1 MiB");
    uint64_t rows = umm_archive_usual_rows(row_bytes);
    rows = frame_rows && frame_rows < rows ? frame_rows : rows;
    enum umm_status status = umm_outfile_open(&out, path, NULL, err);
    if (!status && umm_outfile_is_stream(&out))
        status = umm_error_set_path(err, UMM_ERR_ARGUMENT, path, "is not a regular file");
    if (!status)
        status = write_empty(umm_outfile_fd(&out), path, npy, (uint32_t)rows, err);
    if (!status)
        status = umm_outfile_commit(&out, &synced, NULL, err);
    umm_outfile_abort(&out);
    return status;
}
