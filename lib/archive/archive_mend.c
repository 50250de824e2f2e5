/* SPDX-License-Identifier: MIT */
#include "archive/archive_mend.h"

#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "base/bytes.h"
#include "base/error.h"
#include "sys/file.h"

enum {
    STEP_ENTRIES = 256, /* of a table that are read at once */
    /* A header with more is not searched: each bit costs a hash of all of it. */
    SEARCHED_BYTES_MAX = 4096,
    BITS = 8
};

/* ---- the head --------------------------------------------------------------------- */

/* Header and description, as the table says where they are. */
struct head {
    int fd;
    const char *path;
    uint64_t size_bytes; /* of the file */
    char *bytes;
    size_t len_bytes;
    uint64_t table_at;
    size_t n_entries;
    struct umm_seekable_entry header, first; /* the first entry, and that of the first frame */
    uint64_t content_bytes;                  /* of all rows, by the table */
    enum umm_status failed;                  /* a read, as failure says */
    struct umm_error failure;
};

static bool read_at(struct head *head, void *out, size_t len, uint64_t at)
{
    if (!head->failed)
        head->failed = umm_file_pread_all(head->fd, head->path, out, len, at, &head->failure);
    return !head->failed;
}

/* What the entries of the rows' frames sum up to, piece by piece. */
static bool sum_entries(struct head *head)
{
    char bytes[STEP_ENTRIES * UMM_SEEKABLE_ENTRY_BYTES];
    struct umm_seekable_entry entry;
    head->content_bytes = 0;
    for (size_t i = 0, n; i < head->n_entries; i += n) {
        n = head->n_entries - i < STEP_ENTRIES ? head->n_entries - i : STEP_ENTRIES;
        uint64_t at = head->table_at + UMM_SEEKABLE_HEADER_BYTES + i * UMM_SEEKABLE_ENTRY_BYTES;
        if (!read_at(head, bytes, n * UMM_SEEKABLE_ENTRY_BYTES, at))
            return false;
        for (size_t k = 0; k < n; k++) {
            umm_seekable_parse_entry(bytes + k * UMM_SEEKABLE_ENTRY_BYTES, &entry);
            if (i + k == 0)
                head->header = entry;
            if (i + k == UMM_ARCHIVE_OWN_FRAMES)
                head->first = entry;
            head->content_bytes += i + k < UMM_ARCHIVE_OWN_FRAMES ? 0 : entry.content_bytes;
        }
    }
    return true;
}

/* Whether the file ends in a table whose first entry may be the head's. */
static bool find_table(struct head *head)
{
    char footer[UMM_SEEKABLE_FOOTER_BYTES], begin[UMM_SEEKABLE_HEADER_BYTES];
    if (head->size_bytes < sizeof footer ||
        !read_at(head, footer, sizeof footer, head->size_bytes - sizeof footer) ||
        !umm_seekable_parse_footer(footer, &head->n_entries) ||
        head->n_entries < UMM_ARCHIVE_OWN_FRAMES ||
        umm_seekable_table_bytes(head->n_entries) > head->size_bytes)
        return false;
    head->table_at = head->size_bytes - umm_seekable_table_bytes(head->n_entries);
    if (!read_at(head, begin, sizeof begin, head->table_at) ||
        !umm_seekable_is_header(begin, head->n_entries) || !sum_entries(head))
        return false;
    const struct umm_seekable_entry *header = &head->header;
    head->len_bytes = (size_t)header->packed_bytes + UMM_ARCHIVE_DESCRIPTION_BYTES;
    return header->packed_bytes > header->content_bytes &&
           header->packed_bytes - header->content_bytes <= UMM_ZSTD_RAW_EXTRA &&
           header->content_bytes <= UMM_ZSTD_RAW_MAX && head->len_bytes <= head->table_at;
}

/* The header's text in the file. */
static char *text_of(const struct head *head)
{
    return head->bytes + head->header.packed_bytes - head->header.content_bytes;
}

/* Whether the text is a header as umm-archive writes it, for rows of some bytes. */
static bool is_header(const char *text, size_t len, struct umm_npy *npy)
{
    char *again = NULL;
    size_t again_len = 0;
    if (umm_npy_parse(text, len, npy, NULL) != UMM_OK)
        return false;
    bool is_same = npy->n_dims && umm_npy_row_bytes(npy) &&
                   umm_npy_format(npy, UMM_NPY_ALIGN, &again, &again_len, NULL) == UMM_OK &&
                   again_len == len && memcmp(again, text, len) == 0;
    free(again);
    return is_same;
}

/* Whether one bit of the text was wrong, by the table's checksum: it is turned then. */
static bool turn_bit(const struct head *head, char *text)
{
    size_t len = head->header.content_bytes;
    for (size_t bit = 0; len <= SEARCHED_BYTES_MAX && bit < len * BITS; bit++) {
        struct umm_npy npy = {.n_dims = 0};
        text[bit / BITS] ^= (char)(1U << bit % BITS);
        bool is_found = umm_seekable_checksum(text, len) == head->header.checksum &&
                        is_header(text, len, &npy) &&
                        npy.shape[0] * umm_npy_row_bytes(&npy) == head->content_bytes;
        umm_npy_free(&npy);
        if (is_found)
            return true;
        text[bit / BITS] ^= (char)(1U << bit % BITS);
    }
    return false;
}

/*
 * Whether the header is that of the table except for its count. One that counts more rows than the
 * table gets that one's count. One that counts fewer is left: so it is when an append was killed
 * before it wrote the header.
 */
static bool recount(const struct head *head, struct umm_npy *npy, char *text, bool *is_proved)
{
    char *again = NULL;
    size_t len = 0;
    uint64_t n_counted = npy->shape[0];
    npy->shape[0] = head->content_bytes / umm_npy_row_bytes(npy);
    bool is_tables = umm_npy_format(npy, UMM_NPY_ALIGN, &again, &len, NULL) == UMM_OK &&
                     len == head->header.content_bytes &&
                     umm_seekable_checksum(again, len) == head->header.checksum;
    *is_proved = is_tables && npy->shape[0] < n_counted;
    if (*is_proved)
        memcpy(text, again, len);
    free(again);
    return is_tables;
}

/* The header's text as it has to be, or the table's checksum of it; false: it is not known. */
static bool mend_text(struct head *head)
{
    char *text = text_of(head);
    size_t len = head->header.content_bytes;
    uint32_t checksum = umm_seekable_checksum(text, len),
             differs = checksum ^ head->header.checksum;
    struct umm_npy npy = {.n_dims = 0};
    bool is_proved = differs == 0;
    if (is_proved)
        return true;
    bool is_sound = is_header(text, len, &npy);
    if (is_sound && (differs & (differs - 1)) == 0) {
        /* Another text would have another checksum in more than one bit. */
        head->header.checksum = checksum;
        is_proved = true;
    } else if (!is_sound || !recount(head, &npy, text, &is_proved)) {
        is_proved = turn_bit(head, text);
    }
    umm_npy_free(&npy);
    return is_proved;
}

/* ---- the description and the frame of the header ---------------------------------- */

/* How far they are from each other: by bytes that differ, then by bits. */
static size_t distance(const char *a, const char *b, size_t len)
{
    size_t n_bytes = 0, n_bits = 0;
    for (size_t i = 0; i < len; i++) {
        n_bytes += a[i] != b[i];
        n_bits += (size_t)__builtin_popcount((unsigned char)(a[i] ^ b[i]));
    }
    return n_bytes * (BITS * len + 1) + n_bits;
}

/*
 * A description for that many rows a frame in place of the one that is there, if the hash proves
 * it; or, of a number that is known from elsewhere, if nothing but the hash is wrong.
 */
static bool describe(const struct head *head, uint64_t rows, bool is_known, char *description)
{
    enum { HASH_BYTES = 8, HASH_AT = UMM_ARCHIVE_DESCRIPTION_BYTES - HASH_BYTES };
    const char *there = head->bytes + head->header.packed_bytes;
    if (rows == 0 || rows > UMM_ARCHIVE_FRAME_ROWS)
        return false;
    umm_archive_format_description((uint32_t)rows, description);
    return memcmp(there + HASH_AT, description + HASH_AT, HASH_BYTES) == 0 ||
           (is_known && memcmp(there, description, HASH_AT) == 0);
}

static bool mend_description(const struct head *head, uint64_t row_bytes, char *description)
{
    enum { ROWS_AT = 8 + 12 }; /* magic and size of the frame, then the rows at 12 */
    const char *there = head->bytes + head->header.packed_bytes;
    uint64_t said = umm_bytes_get(there + ROWS_AT, 4), usual = umm_archive_usual_rows(row_bytes);
    /* A frame that others follow is a full one. */
    uint64_t first = head->n_entries > UMM_ARCHIVE_OWN_FRAMES + 1
                         ? head->first.content_bytes / row_bytes
                         : usual;
    return describe(head, said, false, description) || describe(head, first, true, description) ||
           describe(head, usual, true, description);
}

/* The frame around the text: of the two kinds the one that is nearer to what is there. */
static bool mend_frame(const struct head *head, char *frame, char *scratch)
{
    size_t len = head->header.packed_bytes, text_len = head->header.content_bytes;
    size_t n_sized = umm_zstd_format_raw(text_of(head), text_len, true, scratch);
    size_t n = umm_zstd_format_raw(text_of(head), text_len, false, frame);
    if (n_sized == len &&
        (n != len || distance(scratch, head->bytes, len) < distance(frame, head->bytes, len)))
        memcpy(frame, scratch, n = n_sized);
    return n == len;
}

/*
 * The head as it has to be into wanted, with head->bytes mended on the way; false: it is not
 * known.
 */
static bool plan_head(struct head *head, char *wanted, char *scratch)
{
    struct umm_npy npy = {.n_dims = 0};
    if (!mend_text(head) ||
        umm_npy_parse(text_of(head), head->header.content_bytes, &npy, NULL) != UMM_OK)
        return false;
    uint64_t row_bytes = npy.n_dims ? umm_npy_row_bytes(&npy) : 0;
    umm_npy_free(&npy);
    return row_bytes && mend_frame(head, wanted, scratch) &&
           mend_description(head, row_bytes, wanted + head->header.packed_bytes);
}

static enum umm_status write_at(const struct head *head, const void *bytes, size_t len, uint64_t at,
                                bool *is_mended, struct umm_error *err)
{
    enum umm_status status = umm_file_pwrite_all(head->fd, head->path, bytes, len, at, err);
    if (!status)
        status = umm_file_sync_data(head->fd, head->path, err);
    *is_mended = *is_mended || !status;
    return status;
}

/* Before, wanted and scratch have room for a head each. */
static enum umm_status mend_head_within(struct head *head, char *before, char *wanted,
                                        char *scratch, bool *is_mended, struct umm_error *err)
{
    char entry[UMM_SEEKABLE_ENTRY_BYTES], old_entry[UMM_SEEKABLE_ENTRY_BYTES];
    uint64_t entry_at = head->table_at + UMM_SEEKABLE_HEADER_BYTES;
    if (!read_at(head, head->bytes, head->len_bytes, 0) ||
        !read_at(head, old_entry, sizeof old_entry, entry_at))
        return UMM_OK; /* as head->failed says */
    memcpy(before, head->bytes, head->len_bytes);
    if (!plan_head(head, wanted, scratch))
        return UMM_OK;
    enum umm_status status = UMM_OK;
    umm_seekable_format_entry(&head->header, entry);
    if (memcmp(wanted, before, head->len_bytes) != 0)
        status = write_at(head, wanted, head->len_bytes, 0, is_mended, err);
    if (!status && memcmp(entry, old_entry, sizeof entry) != 0)
        status = write_at(head, entry, sizeof entry, entry_at, is_mended, err);
    return status;
}

static enum umm_status mend_head(const char *path, bool *is_mended, struct umm_error *err)
{
    enum { N = 4 };
    struct umm_file_info info;
    struct head head = {.fd = -1, .path = path};
    enum umm_status status = umm_file_open_update(path, &head.fd, &info, err);
    if (status)
        return status;
    head.size_bytes = info.size_bytes;
    if (find_table(&head)) {
        size_t room = head.len_bytes + UMM_ZSTD_RAW_EXTRA;
        head.bytes = malloc(N * room);
        if (!head.bytes)
            status = umm_error_set_memory(err, N * room, "an archive's header");
        else
            status = mend_head_within(&head, head.bytes + room, head.bytes + 2 * room,
                                      head.bytes + 3 * room, is_mended, err);
    }
    free(head.bytes);
    umm_file_close(&head.fd);
    if (!status && head.failed && err)
        *err = head.failure;
    return status ? status : head.failed;
}

/* ---- the table -------------------------------------------------------------------- */

/* The checksum that ends the frame that ends there. */
static enum umm_status read_checksum(const struct umm_archive *archive, uint64_t end,
                                     uint32_t *checksum, struct umm_error *err)
{
    char bytes[sizeof *checksum];
    enum umm_status status = umm_file_pread_all(archive->fd, archive->path, bytes, sizeof bytes,
                                                end - sizeof bytes, err);
    if (!status)
        *checksum = (uint32_t)umm_bytes_get(bytes, sizeof bytes);
    return status;
}

/* Where a frame is sound by its own checksum, and its entry has another, the entry is wrong. */
static enum umm_status mend_entry(struct umm_archive *archive, size_t i, struct umm_error *err)
{
    struct umm_seekable_entry *entry = &archive->entries[i], old = *entry;
    uint64_t at = (uint64_t)i * umm_archive_frame_bytes(archive);
    char byte;
    enum umm_status status = read_checksum(archive, archive->offsets[i + 1], &entry->checksum, err);
    if (!status && entry->checksum != old.checksum)
        status = umm_archive_read_bytes(archive, at, 1, &byte, err);
    if (status)
        *entry = old;
    /* Otherwise it is the frame that is damaged, as verify will say. */
    return status == UMM_ERR_DATA ? UMM_OK : status;
}

/* The same for the last frame, which has to be sound: its rows may be in the journal instead. */
static enum umm_status mend_last(struct umm_archive *archive, struct umm_archive_last *last,
                                 struct umm_error *err)
{
    uint64_t end = last->offset + last->entry.packed_bytes;
    if (!last->n_rows)
        return UMM_OK;
    enum umm_status status = read_checksum(archive, end, &last->entry.checksum, err);
    if (!status)
        status = umm_archive_grow_tail(archive, last->n_rows, err);
    return status ? status : umm_archive_unpack_last(archive, last, err);
}

static enum umm_status write_table(const struct umm_archive *archive, const char *table, size_t len,
                                   uint64_t at, bool *is_mended, struct umm_error *err)
{
    struct umm_file_info info;
    int fd;
    enum umm_status status = umm_file_open_update(archive->path, &fd, &info, err);
    if (!status)
        status = umm_file_pwrite_all(fd, archive->path, table, len, at, err);
    if (!status)
        status = umm_file_truncate(fd, archive->path, at + len, err);
    if (!status)
        status = umm_file_sync_data(fd, archive->path, err);
    umm_file_close(&fd);
    *is_mended = *is_mended || !status;
    return status;
}

/* The table of these frames, unless the file ends in just that. */
static enum umm_status replace_table(struct umm_archive *archive,
                                     const struct umm_archive_last *last, bool *is_mended,
                                     struct umm_error *err)
{
    char *table, *there;
    size_t len;
    uint64_t at = archive->offsets[archive->n_full] + (last ? last->entry.packed_bytes : 0);
    enum umm_status status = umm_archive_format_table(
        &archive->npy, archive->n_framed, archive->is_header_sized, archive->entries,
        archive->n_full, last ? &last->entry : NULL, &table, &len, err);
    if (status)
        return status;
    bool is_there = archive->size_bytes == at + len;
    there = malloc(len);
    if (!there)
        status = umm_error_set_memory(err, len, "a seek table");
    else if (is_there)
        status = umm_file_pread_all(archive->fd, archive->path, there, len, at, err);
    if (!status && (!is_there || memcmp(there, table, len) != 0))
        status = write_table(archive, table, len, at, is_mended, err);
    free(there);
    free(table);
    return status;
}

/* What is damaged beyond that, its next opening will say. */
static enum umm_status pass_damage(enum umm_status status, const struct umm_error *why,
                                   struct umm_error *err)
{
    if (status == UMM_ERR_DATA || status == UMM_ERR_CONFLICT || status == UMM_ERR_UNSUPPORTED)
        return UMM_OK;
    if (status && err)
        *err = *why;
    return status;
}

static enum umm_status mend_table(const char *path, bool *is_mended, struct umm_error *err)
{
    struct umm_archive archive;
    struct umm_error why = {.status = UMM_OK};
    enum umm_status status = umm_archive_open_framed(&archive, path, &why);
    struct umm_archive_last last = archive.last;
    /* A table of more rows is that of an append whose header is missing. */
    bool is_known = !status && archive.n_table_rows <= archive.n_framed;
    for (size_t i = 0; is_known && !status && i < archive.n_full; i++)
        status = mend_entry(&archive, i, &why);
    if (is_known && !status)
        status = mend_last(&archive, &last, &why);
    if (is_known && !status)
        status = replace_table(&archive, last.n_rows ? &last : NULL, is_mended, &why);
    umm_archive_close(&archive);
    return pass_damage(status, &why, err);
}

enum umm_status umm_archive_mend(const char *path, bool *is_mended, struct umm_error *err)
{
    *is_mended = false;
    enum umm_status status = mend_head(path, is_mended, err);
    return status ? status : mend_table(path, is_mended, err);
}
