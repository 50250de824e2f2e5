/* SPDX-License-Identifier: MIT */
#include "data/archive.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "data/archive_journal.h"
#include "sys/file.h"

enum { TRIES = 50 }; /* each finds a file that a writer changed meanwhile */

/* ---- the frames ------------------------------------------------------------------- */

enum umm_status umm_archive_grow_frames(struct umm_archive *archive, size_t n,
                                        struct umm_error *err)
{
    size_t wanted = archive->n_full + n;
    if (wanted <= archive->cap_frames)
        return UMM_OK;
    wanted += wanted / 2;
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
    size_t wanted = archive->tail_rows + n;
    if (wanted <= archive->cap_tail_rows)
        return UMM_OK;
    wanted += wanted / 2;
    char *tail = realloc(archive->tail, wanted * archive->row_bytes);
    if (!tail)
        return umm_error_set_memory(err, wanted * archive->row_bytes, "an archive's last rows");
    archive->tail = tail;
    archive->cap_tail_rows = wanted;
    return UMM_OK;
}

static size_t frame_bytes(const struct umm_archive *archive)
{
    return archive->rows_per_frame * archive->row_bytes;
}

/* The last frame, if the header counts rows behind the full ones. */
struct last_frame {
    size_t n_rows;
    uint64_t offset;
    struct umm_seekable_entry entry;
};

/* The frames by the table: false when it is not one of a file that is complete. */
static bool load_table(struct umm_archive *archive, size_t n_wanted, struct last_frame *last)
{
    char footer[UMM_SEEKABLE_FOOTER_BYTES];
    size_t n;
    if (archive->size_bytes < umm_archive_data_offset(archive) + umm_seekable_table_bytes(0) ||
        umm_file_pread_all(archive->fd, archive->path, footer, sizeof footer,
                           archive->size_bytes - sizeof footer, NULL) ||
        !umm_seekable_parse_footer(footer, &n))
        return false;
    uint64_t size = umm_seekable_table_bytes(n);
    if (n < UMM_ARCHIVE_OWN_FRAMES || n - UMM_ARCHIVE_OWN_FRAMES < n_wanted + (last->n_rows > 0) ||
        size > archive->size_bytes - umm_archive_data_offset(archive))
        return false;
    uint64_t table_at = archive->size_bytes - size;
    char *table = malloc((size_t)size);
    bool is_sound =
        table &&
        !umm_file_pread_all(archive->fd, archive->path, table, (size_t)size, table_at, NULL) &&
        umm_seekable_is_header(table, n) &&
        umm_archive_grow_frames(archive, n_wanted, NULL) == UMM_OK;
    uint64_t at = 0;
    archive->n_full = 0;
    for (size_t i = 0; is_sound && i < n; i++) {
        struct umm_seekable_entry entry;
        umm_seekable_parse_entry(table + UMM_SEEKABLE_HEADER_BYTES + i * UMM_SEEKABLE_ENTRY_BYTES,
                                 &entry);
        size_t k = i - UMM_ARCHIVE_OWN_FRAMES;
        if (i == UMM_ARCHIVE_OWN_FRAMES)
            is_sound = at == umm_archive_data_offset(archive);
        if (i >= UMM_ARCHIVE_OWN_FRAMES && k < n_wanted) {
            is_sound = is_sound && entry.content_bytes == frame_bytes(archive);
            archive->entries[k] = entry;
            archive->offsets[k] = at;
            archive->n_full++;
        } else if (i >= UMM_ARCHIVE_OWN_FRAMES && k == n_wanted && last->n_rows) {
            is_sound = is_sound && entry.content_bytes == last->n_rows * archive->row_bytes;
            *last = (struct last_frame){last->n_rows, at, entry};
        }
        at += entry.packed_bytes;
        if (k + 1 == n_wanted && i >= UMM_ARCHIVE_OWN_FRAMES)
            archive->offsets[n_wanted] = at;
    }
    if (n_wanted == 0 && is_sound)
        archive->offsets[0] = umm_archive_data_offset(archive);
    free(table);
    bool is_exact = n - UMM_ARCHIVE_OWN_FRAMES == n_wanted + (last->n_rows > 0);
    archive->is_table_sound = is_sound && at == table_at && is_exact;
    return is_sound && at == table_at;
}

/* Room for a packed frame of that size. */
static enum umm_status grow_packed(struct umm_archive *archive, size_t size, struct umm_error *err)
{
    if (size <= archive->cap_packed)
        return UMM_OK;
    char *packed = realloc(archive->packed, size);
    if (!packed)
        return umm_error_set_memory(err, size, "a packed frame");
    archive->packed = packed;
    archive->cap_packed = size;
    return UMM_OK;
}

/* Measure the frame at offset, which must hold content_bytes. */
static enum umm_status walk_frame(struct umm_archive *archive, uint64_t offset,
                                  size_t content_bytes, struct umm_seekable_entry *entry,
                                  struct umm_error *err)
{
    struct umm_zstd_frame frame;
    size_t max = umm_zstd_frame_max(content_bytes);
    uint64_t left = offset < archive->size_bytes ? archive->size_bytes - offset : 0;
    size_t n = left < max ? (size_t)left : max;
    enum umm_status status = grow_packed(archive, max, err);
    if (!status)
        status = umm_file_pread_all(archive->fd, archive->path, archive->packed, n, offset, err);
    if (status)
        return status;
    if (!umm_zstd_measure(archive->packed, n, &frame) || frame.is_skippable ||
        frame.content_bytes != content_bytes)
        return umm_error_set_path(err, UMM_ERR_DATA, archive->path,
                                  "damaged: no frame of rows at byte %" PRIu64, offset);
    /* The checksum that ends a zstd frame is the one that a seek table has. */
    const char *end = archive->packed + frame.size_bytes;
    *entry = (struct umm_seekable_entry){(uint32_t)frame.size_bytes, (uint32_t)content_bytes,
                                         (uint32_t)umm_bytes_get(end - 4, 4)};
    return UMM_OK;
}

/* The frames by walking over them, when there is no table that fits. */
static enum umm_status walk(struct umm_archive *archive, size_t n_wanted, struct last_frame *last,
                            struct umm_error *err)
{
    uint64_t at = umm_archive_data_offset(archive);
    enum umm_status status = umm_archive_grow_frames(archive, n_wanted - archive->n_full, err);
    archive->n_full = 0;
    archive->is_table_sound = false;
    while (!status && archive->n_full < n_wanted) {
        struct umm_seekable_entry *entry = &archive->entries[archive->n_full];
        status = walk_frame(archive, at, frame_bytes(archive), entry, err);
        if (status)
            return status;
        archive->offsets[archive->n_full++] = at;
        at += entry->packed_bytes;
    }
    if (status)
        return status;
    archive->offsets[n_wanted] = at;
    if (last->n_rows == 0)
        return UMM_OK;
    last->offset = at;
    return walk_frame(archive, at, last->n_rows * archive->row_bytes, &last->entry, err);
}

/* ---- the tail --------------------------------------------------------------------- */

uint64_t umm_archive_anchor(const struct umm_archive *archive, uint64_t first_row)
{
    size_t n = (size_t)(first_row / archive->rows_per_frame);
    if (n > archive->n_full)
        n = archive->n_full;
    uint64_t anchor = umm_hash64("", 0, 0);
    for (size_t i = 0; i < n; i++) {
        char bytes[16], *p = umm_bytes_put(bytes, anchor, 8);
        p = umm_bytes_put(p, archive->entries[i].content_bytes, 4);
        umm_bytes_put(p, archive->entries[i].checksum, 4);
        anchor = umm_hash64(bytes, sizeof bytes, 0);
    }
    return anchor;
}

static enum umm_status check_journal(const struct umm_archive *archive,
                                     const struct umm_journal *journal, struct umm_error *err)
{
    if (!journal->is_there)
        return UMM_OK;
    if (journal->first_row > archive->n_framed ||
        journal->anchor != umm_archive_anchor(archive, journal->first_row))
        return umm_error_set_path(err, UMM_ERR_CONFLICT, archive->path,
                                  "the journal beside it is of another archive; put it back or "
                                  "move it away");
    return UMM_OK;
}

/* The rows of the last frame into the tail. */
static enum umm_status unpack_last(struct umm_archive *archive, const struct last_frame *last,
                                   struct umm_error *err)
{
    enum umm_status status = grow_packed(archive, last->entry.packed_bytes, err);
    if (!status)
        status = umm_file_pread_all(archive->fd, archive->path, archive->packed,
                                    last->entry.packed_bytes, last->offset, err);
    if (status)
        return status;
    status = umm_zstd_unpack(archive->unpacker, archive->packed, last->entry.packed_bytes,
                             archive->tail, last->n_rows * archive->row_bytes, err);
    if (status)
        umm_error_at(err, archive->path, 0, 0, 0);
    return status;
}

/* What the journal has of the rows from the full frames on; the last frame has the others. */
static enum umm_status load_tail(struct umm_archive *archive, const struct last_frame *last,
                                 const struct umm_journal *journal, bool is_whole,
                                 struct umm_error *err)
{
    uint64_t begin = (uint64_t)archive->n_full * archive->rows_per_frame;
    uint64_t end = journal->is_there ? journal->first_row + journal->n_rows : 0;
    archive->tail_rows = 0;
    archive->n_rows = end > archive->n_framed ? end : archive->n_framed;
    enum umm_status status =
        umm_archive_grow_tail(archive, (size_t)(archive->n_rows - begin) + 1, err);
    if (!status && last->n_rows && !is_whole)
        status = unpack_last(archive, last, err);
    if (status)
        return status;
    if (end > begin) {
        uint64_t from = journal->first_row > begin ? journal->first_row : begin;
        memcpy(archive->tail + (from - begin) * archive->row_bytes,
               journal->rows + (from - journal->first_row) * archive->row_bytes,
               (size_t)(end - from) * archive->row_bytes);
    }
    archive->tail_rows = (size_t)(archive->n_rows - begin);
    archive->journal_first = journal->first_row;
    archive->journal_rows = journal->n_rows;
    archive->journal_bytes = journal->is_there ? journal->sound_bytes : 0;
    return UMM_OK;
}

/* One look at journal, header and frames, in this order. */
static enum umm_status load_with(struct umm_archive *archive, const struct umm_journal *journal,
                                 struct umm_error *err)
{
    size_t n_wanted = (size_t)(archive->n_framed / archive->rows_per_frame);
    struct last_frame last = {.n_rows = (size_t)(archive->n_framed % archive->rows_per_frame)};
    uint64_t begin = (uint64_t)n_wanted * archive->rows_per_frame;
    /* Then the last frame may be changing, and nobody needs it. */
    bool is_whole = journal->is_there && journal->first_row <= begin &&
                    journal->first_row + journal->n_rows >= archive->n_framed;
    struct last_frame wanted = last;
    if (is_whole)
        wanted.n_rows = 0;
    enum umm_status status = umm_archive_grow_frames(archive, 1, err);
    if (!status && !load_table(archive, n_wanted, &wanted)) {
        archive->n_full = 0;
        wanted.n_rows = is_whole ? 0 : last.n_rows;
        status = walk(archive, n_wanted, &wanted, err);
    }
    if (is_whole && last.n_rows)
        archive->is_table_sound = false;
    if (!status)
        status = check_journal(archive, journal, err);
    return status ? status : load_tail(archive, &wanted, journal, is_whole, err);
}

static enum umm_status load(struct umm_archive *archive, struct umm_error *err)
{
    struct umm_journal journal;
    char *path = umm_journal_path(archive->path);
    /* The size of a row is in the header, which has to be read after the journal. */
    enum umm_status status = path ? umm_archive_load_head(archive, err)
                                  : umm_error_set_memory(err, strlen(archive->path), "a path");
    if (!status)
        status = umm_journal_read(path, archive->row_bytes, &journal, err);
    free(path);
    if (status)
        return status;
    status = umm_archive_load_head(archive, err);
    if (!status)
        status = load_with(archive, &journal, err);
    umm_journal_free(&journal);
    return status;
}

/* ---- open, read, close ------------------------------------------------------------ */

bool umm_archive_is(const char *path)
{
    struct umm_archive archive = {.path = path, .fd = -1};
    struct umm_file_info info;
    struct umm_error err;
    bool is_archive = umm_file_stat(path, &info, NULL) == UMM_OK && info.kind == UMM_FILE_REGULAR &&
                      umm_file_open_read(path, &archive.fd, NULL, &err) == UMM_OK &&
                      umm_zstd_unpacker_new(&archive.unpacker, NULL) == UMM_OK &&
                      umm_archive_load_head(&archive, NULL) == UMM_OK;
    umm_archive_close(&archive);
    return is_archive;
}

enum umm_status umm_archive_open(struct umm_archive *archive, const char *path,
                                 struct umm_error *err)
{
    struct umm_file_info info;
    *archive = (struct umm_archive){.path = path, .fd = -1};
    enum umm_status status = umm_file_open_read(path, &archive->fd, &info, err);
    if (!status && info.kind != UMM_FILE_REGULAR)
        status = umm_error_set_path(err, UMM_ERR_DATA, path, "is not a regular file");
    if (!status)
        status = umm_zstd_unpacker_new(&archive->unpacker, err);
    enum umm_status loaded = status;
    for (int i = 0; !status && i < TRIES; i++) {
        loaded = load(archive, err);
        /* Damage may be a frame that gave way to another: then the next look is sound. */
        if (loaded != UMM_ERR_DATA && loaded != UMM_ERR_CONFLICT)
            break;
    }
    if (!status)
        status = loaded;
    if (status)
        umm_archive_close(archive);
    return status;
}

void umm_archive_close(struct umm_archive *archive)
{
    umm_file_close(&archive->fd);
    umm_npy_free(&archive->npy);
    umm_zstd_unpacker_free(archive->unpacker);
    free(archive->entries);
    free(archive->offsets);
    free(archive->tail);
    free(archive->packed);
    free(archive->frame);
    *archive = (struct umm_archive){.path = archive->path, .fd = -1};
}

enum umm_status umm_archive_read_packed(struct umm_archive *archive, size_t index,
                                        const char **packed, struct umm_error *err)
{
    size_t len = archive->entries[index].packed_bytes;
    enum umm_status status = grow_packed(archive, len, err);
    if (!status)
        status = umm_file_pread_all(archive->fd, archive->path, archive->packed, len,
                                    archive->offsets[index], err);
    *packed = archive->packed;
    return status;
}

/* Full frame number index into archive->frame. */
static enum umm_status unpack_frame(struct umm_archive *archive, size_t index,
                                    struct umm_error *err)
{
    const struct umm_seekable_entry *entry = &archive->entries[index];
    const char *packed;
    if (archive->has_frame && archive->frame_index == index)
        return UMM_OK;
    archive->has_frame = false;
    if (!archive->frame)
        archive->frame = malloc(frame_bytes(archive));
    if (!archive->frame)
        return umm_error_set_memory(err, frame_bytes(archive), "a frame");
    enum umm_status status = umm_archive_read_packed(archive, index, &packed, err);
    if (status)
        return status;
    status = umm_zstd_unpack(archive->unpacker, packed, entry->packed_bytes, archive->frame,
                             frame_bytes(archive), err);
    if (!status && entry->checksum != umm_seekable_checksum(archive->frame, frame_bytes(archive)))
        status = umm_error_set(err, UMM_ERR_DATA, "the checksum of the seek table differs");
    if (status && err) {
        char why[UMM_ERROR_MESSAGE_MAX];
        memcpy(why, err->message, sizeof why);
        uint64_t first = (uint64_t)index * archive->rows_per_frame;
        umm_error_set_path(err, status, archive->path,
                           "frame %zu, rows %" PRIu64 " to %" PRIu64 ": %.200s", index, first,
                           first + archive->rows_per_frame - 1, why);
    }
    if (status)
        return status;
    archive->frame_index = index;
    archive->has_frame = true;
    return UMM_OK;
}

enum umm_status umm_archive_read_bytes(struct umm_archive *archive, uint64_t at, uint64_t len_bytes,
                                       void *out, struct umm_error *err)
{
    char *p = out;
    const uint64_t each = frame_bytes(archive), framed = archive->n_full * each;
    const uint64_t all = archive->n_rows * archive->row_bytes;
    while (len_bytes > 0) {
        bool is_tail = at >= framed;
        uint64_t begin = is_tail ? framed : at / each * each;
        uint64_t end = is_tail ? all : begin + each;
        uint64_t n = len_bytes < end - at ? len_bytes : end - at;
        enum umm_status status = is_tail ? UMM_OK : unpack_frame(archive, (size_t)(at / each), err);
        if (status)
            return status;
        memcpy(p, (is_tail ? archive->tail : archive->frame) + (at - begin), (size_t)n);
        p += n;
        at += n;
        len_bytes -= n;
    }
    return UMM_OK;
}

enum umm_status umm_archive_read(struct umm_archive *archive, uint64_t first, uint64_t n, void *out,
                                 struct umm_error *err)
{
    if (first > archive->n_rows || n > archive->n_rows - first)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, archive->path,
                                  "%" PRIu64 " rows from row %" PRIu64
                                  " on are not within its %" PRIu64,
                                  n, first, archive->n_rows);
    return umm_archive_read_bytes(archive, first * archive->row_bytes, n * archive->row_bytes, out,
                                  err);
}
