/* SPDX-License-Identifier: MIT */
/*
 * What an archive holds: its frames, by the table or by walking, and the rows after them. Here the
 * journal is replayed, in memory: its rows that no frame has join the archive.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "archive/archive_journal.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "sys/file.h"

enum { STEP_ENTRIES = 256 }; /* of a table that are read at once */

static uint64_t begin_of_tail(const struct umm_archive *archive)
{
    return (uint64_t)archive->n_full * archive->rows_per_frame;
}

static enum umm_status add_frame(struct umm_archive *archive,
                                 const struct umm_seekable_entry *entry, uint64_t at,
                                 struct umm_error *err)
{
    enum umm_status status = umm_archive_grow_frames(archive, 1, err);
    if (status)
        return status;
    archive->entries[archive->n_full] = *entry;
    archive->offsets[archive->n_full++] = at;
    archive->offsets[archive->n_full] = at + entry->packed_bytes;
    return UMM_OK;
}

/* ---- the table -------------------------------------------------------------------- */

/* A table as it is read: the next entry is number index, of the frame at offset `at`. */
struct table {
    uint64_t table_at; /* where it begins, and the frames end */
    size_t n_entries;
    struct umm_seekable_entry header; /* its first entry */
    uint64_t n_wanted;                /* full frames that the header counts */
    uint64_t index, at;
    uint64_t content_bytes; /* of the rows' frames so far */
    bool is_exact; /* each byte of it is as the header and the frames that it counts want */
    struct umm_archive_last *last;
    enum umm_status failed; /* a read of it, as failure says: it may be there and sound */
    struct umm_error failure;
};

/* Bytes of the table; a file that ends early has none there. */
static bool read_table(const struct umm_archive *archive, struct table *table, void *out,
                       size_t len_bytes, uint64_t at)
{
    enum umm_status status =
        umm_file_pread_all(archive->fd, archive->path, out, len_bytes, at, &table->failure);
    if (status != UMM_ERR_DATA)
        table->failed = status;
    return status == UMM_OK;
}

/* No entry may make a reader take more memory than a frame's content can need. */
static bool fits(const struct umm_seekable_entry *entry, uint64_t content_bytes)
{
    return entry->content_bytes == content_bytes &&
           entry->packed_bytes <= umm_zstd_frame_max((size_t)content_bytes);
}

/* One of header and description: whether it can be, as frames are where it says. */
static bool is_own(const struct umm_archive *archive, uint64_t index,
                   const struct umm_seekable_entry *entry)
{
    return entry->packed_bytes == archive->own[index].packed_bytes;
}

static bool is_same(const struct umm_seekable_entry *a, const struct umm_seekable_entry *b)
{
    return a->packed_bytes == b->packed_bytes && a->content_bytes == b->content_bytes &&
           a->checksum == b->checksum;
}

static bool take_entry(struct umm_archive *archive, struct table *table,
                       const struct umm_seekable_entry *entry)
{
    struct umm_archive_last *last = table->last;
    uint64_t at = table->at, i = table->index++;
    table->at += entry->packed_bytes;
    if (i < UMM_ARCHIVE_OWN_FRAMES) {
        table->is_exact = table->is_exact && is_same(entry, &archive->own[i]);
        return is_own(archive, i, entry);
    }
    uint64_t k = i - UMM_ARCHIVE_OWN_FRAMES;
    if (k < table->n_wanted)
        return fits(entry, umm_archive_frame_bytes(archive)) &&
               add_frame(archive, entry, at, NULL) == UMM_OK;
    if (k == table->n_wanted && last->n_rows) {
        *last = (struct umm_archive_last){last->n_rows, at, *entry};
        return fits(entry, last->n_rows * archive->row_bytes);
    }
    table->is_exact = false;
    return true;
}

/* Only what the entries sum up to, whatever the header counts. */
static bool measure_entry(struct umm_archive *archive, struct table *table,
                          const struct umm_seekable_entry *entry)
{
    uint64_t i = table->index++;
    table->at += entry->packed_bytes;
    if (i < UMM_ARCHIVE_OWN_FRAMES)
        return is_own(archive, i, entry);
    table->content_bytes += entry->content_bytes;
    return true;
}

/*
 * All entries, piece by piece: what it takes in memory is what the file really holds of
 * sound entries. Whether take took all, and they say that the table is where it is.
 */
static bool read_entries(struct umm_archive *archive, struct table *table,
                         bool (*take)(struct umm_archive *archive, struct table *table,
                                      const struct umm_seekable_entry *entry))
{
    char bytes[STEP_ENTRIES * UMM_SEEKABLE_ENTRY_BYTES];
    uint64_t offset = table->table_at + UMM_SEEKABLE_HEADER_BYTES;
    table->index = table->at = table->content_bytes = 0;
    while (table->index < table->n_entries) {
        size_t left = (size_t)(table->n_entries - table->index);
        size_t n_now = left < STEP_ENTRIES ? left : STEP_ENTRIES;
        if (table->failed || !read_table(archive, table, bytes, n_now * UMM_SEEKABLE_ENTRY_BYTES,
                                         offset + table->index * UMM_SEEKABLE_ENTRY_BYTES))
            return false;
        for (size_t i = 0; i < n_now; i++) {
            struct umm_seekable_entry entry;
            umm_seekable_parse_entry(bytes + i * UMM_SEEKABLE_ENTRY_BYTES, &entry);
            if (!take(archive, table, &entry))
                return false;
        }
    }
    return table->at == table->table_at;
}

/* The table by what the file ends in, and its first entry; false when there is none. */
static bool find_table(const struct umm_archive *archive, struct table *table)
{
    char head[UMM_SEEKABLE_HEADER_BYTES + UMM_SEEKABLE_ENTRY_BYTES];
    char footer[UMM_SEEKABLE_FOOTER_BYTES], wanted[UMM_SEEKABLE_FOOTER_BYTES];
    uint64_t data_at = umm_archive_data_offset(archive);
    if (archive->size_bytes < data_at + umm_seekable_table_bytes(UMM_ARCHIVE_OWN_FRAMES) ||
        !read_table(archive, table, footer, sizeof footer, archive->size_bytes - sizeof footer) ||
        !umm_seekable_parse_footer(footer, &table->n_entries))
        return false;
    uint64_t size = umm_seekable_table_bytes(table->n_entries);
    if (table->n_entries < UMM_ARCHIVE_OWN_FRAMES || size > archive->size_bytes - data_at)
        return false;
    table->table_at = archive->size_bytes - size;
    if (!read_table(archive, table, head, sizeof head, table->table_at) ||
        !umm_seekable_is_header(head, table->n_entries))
        return false;
    umm_seekable_parse_entry(head + UMM_SEEKABLE_HEADER_BYTES, &table->header);
    /* It has bits that readers pass over. */
    umm_seekable_format_footer(table->n_entries, wanted);
    table->is_exact = memcmp(footer, wanted, sizeof footer) == 0;
    return true;
}

/* The frames by the table: false when it is not one of a file that is complete. */
static bool load_table(struct umm_archive *archive, struct table *table)
{
    archive->n_full = 0;
    archive->offsets[0] = umm_archive_data_offset(archive);
    if (table->n_entries - UMM_ARCHIVE_OWN_FRAMES < table->n_wanted + (table->last->n_rows > 0))
        return false;
    if (!read_entries(archive, table, take_entry))
        return false;
    archive->is_table_sound = table->is_exact;
    return true;
}

/*
 * The table is of another header. One that differs in its count alone was about to be
 * written when an append was killed. Any other is this one before it was damaged; unless
 * is_rewritten: then the table may be a mixture of two.
 */
static enum umm_status compare_header(struct umm_archive *archive, struct table *table,
                                      bool is_rewritten, struct umm_error *err)
{
    uint32_t checksum = 0;
    if (table->header.checksum == archive->own[0].checksum ||
        !read_entries(archive, table, measure_entry))
        return UMM_OK;
    uint64_t n_rows = table->content_bytes / archive->row_bytes;
    enum umm_status status = umm_archive_header_checksum(&archive->npy, n_rows, &checksum, NULL);
    if (status == UMM_ERR_MEMORY)
        return umm_error_set_memory(err, archive->own[0].content_bytes, "a header");
    bool is_counted = !status && checksum == table->header.checksum &&
                      n_rows * archive->row_bytes == table->content_bytes;
    if (is_counted)
        archive->n_table_rows = n_rows;
    if (is_counted || is_rewritten)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_DATA, archive->path,
                              "the header is damaged: it is not the one of the seek table");
}

enum umm_status umm_archive_set_unfinished(const struct umm_archive *archive, struct umm_error *err)
{
    (void)umm_error_set_path(err, UMM_ERR_DATA, archive->path,
                             "the header counts %" PRIu64 " rows, and the seek table %" PRIu64,
                             (uint64_t)archive->npy.shape[0], archive->n_table_rows);
    return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_REPAIR);
}

/* ---- walking ---------------------------------------------------------------------- */

/* Measure the frame at offset, which must hold max_bytes or, unless is_exact, fewer. */
static enum umm_status walk_frame(struct umm_archive *archive, uint64_t offset, size_t max_bytes,
                                  bool is_exact, struct umm_seekable_entry *entry,
                                  struct umm_error *err)
{
    struct umm_zstd_frame frame;
    size_t max = umm_zstd_frame_max(max_bytes);
    uint64_t left = offset < archive->size_bytes ? archive->size_bytes - offset : 0;
    size_t n = left < max ? (size_t)left : max;
    enum umm_status status = umm_archive_grow_packed(archive, max, err);
    if (!status)
        status = umm_file_pread_all(archive->fd, archive->path, archive->packed, n, offset, err);
    if (status)
        return status;
    if (!umm_zstd_measure(archive->packed, n, &frame) || frame.is_skippable ||
        frame.content_bytes > max_bytes || (is_exact && frame.content_bytes != max_bytes))
        return umm_error_set_path(err, UMM_ERR_DATA, archive->path,
                                  "damaged: no frame of rows at byte %" PRIu64, offset);
    uint32_t checksum;
    if (!umm_zstd_checksum(archive->packed, (size_t)frame.size_bytes, &checksum))
        return umm_error_set_path(err, UMM_ERR_DATA, archive->path,
                                  "damaged: a frame without a checksum at byte %" PRIu64, offset);
    *entry = (struct umm_seekable_entry){(uint32_t)frame.size_bytes, (uint32_t)frame.content_bytes,
                                         checksum};
    return UMM_OK;
}

/*
 * The frames end before the rows do. When no more than a frame and a table could follow,
 * the end of the file is what is missing: the archive has the rows of the frames before.
 */
static enum umm_status cut(struct umm_archive *archive, struct umm_archive_last *last, bool *is_cut,
                           struct umm_error *err)
{
    uint64_t at = archive->offsets[archive->n_full];
    uint64_t left = archive->size_bytes > at ? archive->size_bytes - at : 0;
    size_t frame_bytes = umm_archive_frame_bytes(archive);
    if (left > umm_zstd_frame_max(frame_bytes) +
                   umm_seekable_table_bytes(archive->n_full + UMM_ARCHIVE_OWN_FRAMES + 1))
        return UMM_OK;
    *last = (struct umm_archive_last){.offset = at};
    enum umm_status status = walk_frame(archive, at, frame_bytes, false, &last->entry, err);
    if (status && status != UMM_ERR_DATA)
        return status;
    *is_cut = true;
    if (!status && last->entry.content_bytes < frame_bytes &&
        last->entry.content_bytes % archive->row_bytes == 0)
        last->n_rows = last->entry.content_bytes / archive->row_bytes;
    archive->n_framed = begin_of_tail(archive) + last->n_rows;
    return UMM_OK;
}

/* The frames by walking over them, when there is no table that fits. */
static enum umm_status walk(struct umm_archive *archive, uint64_t n_wanted,
                            struct umm_archive_last *last, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    struct umm_seekable_entry entry;
    archive->n_full = 0;
    archive->offsets[0] = umm_archive_data_offset(archive);
    while (!status && archive->n_full < n_wanted) {
        uint64_t at = archive->offsets[archive->n_full];
        status = walk_frame(archive, at, umm_archive_frame_bytes(archive), true, &entry, err);
        if (!status)
            status = add_frame(archive, &entry, at, err);
    }
    if (!status && last->n_rows) {
        last->offset = archive->offsets[archive->n_full];
        status = walk_frame(archive, last->offset, last->n_rows * archive->row_bytes, true,
                            &last->entry, err);
    }
    struct umm_error why;
    bool is_cut = false;
    if (status != UMM_ERR_DATA || !archive->is_torn_taken)
        return status;
    enum umm_status failed = cut(archive, last, &is_cut, &why);
    if (failed && err)
        *err = why;
    return failed || is_cut ? failed : status;
}

/* ---- the tail --------------------------------------------------------------------- */

enum umm_status umm_archive_unpack_last(struct umm_archive *archive,
                                        const struct umm_archive_last *last, struct umm_error *err)
{
    enum umm_status status = umm_archive_grow_packed(archive, last->entry.packed_bytes, err);
    if (!status)
        status = umm_file_pread_all(archive->fd, archive->path, archive->packed,
                                    last->entry.packed_bytes, last->offset, err);
    if (status)
        return status;
    status = umm_archive_unpack(archive, archive->packed, &last->entry, archive->tail, err);
    if (status)
        umm_error_at(err, archive->path, 0, 0, 0);
    return status;
}

/* The same when it may be half overwritten: whether it is whole. */
static bool try_last(struct umm_archive *archive, struct umm_archive_last *last)
{
    last->offset = archive->offsets[archive->n_full];
    return walk_frame(archive, last->offset, last->n_rows * archive->row_bytes, true, &last->entry,
                      NULL) == UMM_OK &&
           umm_archive_unpack_last(archive, last, NULL) == UMM_OK;
}

uint64_t umm_archive_anchor(const struct umm_archive *archive, uint64_t first_row)
{
    uint64_t n = first_row / archive->rows_per_frame, begin = begin_of_tail(archive);
    uint64_t anchor = umm_hash64("", 0, 0);
    for (size_t i = 0; i < n && i < archive->n_full; i++) {
        char bytes[16], *p = umm_bytes_put(bytes, anchor, 8);
        p = umm_bytes_put(p, archive->entries[i].content_bytes, 4);
        umm_bytes_put(p, archive->entries[i].checksum, 4);
        anchor = umm_hash64(bytes, sizeof bytes, 0);
    }
    if (first_row > begin)
        anchor ^= umm_hash64(archive->tail, (size_t)(first_row - begin) * archive->row_bytes, 0);
    return anchor;
}

/* Whether the journal's rows go on where the frames' end, and agree with those in the tail. */
static bool agrees(const struct umm_archive *archive, const struct umm_journal *journal,
                   size_t n_tail_rows)
{
    uint64_t begin = begin_of_tail(archive);
    uint64_t from = journal->first_row > begin ? journal->first_row : begin;
    uint64_t to = journal->first_row + journal->n_rows;
    if (journal->first_row < begin && journal->first_row % archive->rows_per_frame)
        return false; /* a journal's frame is the last one, or none */
    if (journal->anchor != umm_archive_anchor(archive, journal->first_row))
        return false;
    to = to < begin + n_tail_rows ? to : begin + n_tail_rows;
    return to <= from || memcmp(archive->tail + (from - begin) * archive->row_bytes,
                                journal->rows + (from - journal->first_row) * archive->row_bytes,
                                (size_t)(to - from) * archive->row_bytes) == 0;
}

/*
 * The rows from the full frames on: those of the last frame, if it must be whole, and
 * those of the journal, which replace and continue them.
 */
static enum umm_status load_tail(struct umm_archive *archive, struct umm_archive_last *last,
                                 bool is_last_needed, const struct umm_journal *journal,
                                 struct umm_error *err)
{
    uint64_t begin = begin_of_tail(archive);
    if (journal->is_there && journal->first_row > archive->n_framed)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, archive->path, "%s",
                                  umm_archive_other_journal);
    uint64_t end = journal->is_there ? journal->first_row + journal->n_rows : 0;
    archive->tail_rows = 0;
    archive->n_rows = end > archive->n_framed ? end : archive->n_framed;
    archive->last = (struct umm_archive_last){.n_rows = 0};
    if (!journal->is_there && !archive->is_tail_wanted) {
        archive->last = *last;
        return UMM_OK;
    }
    enum umm_status status =
        umm_archive_grow_tail(archive, (size_t)(archive->n_rows - begin) + 1, err);
    if (!status && last->n_rows && is_last_needed)
        status = umm_archive_unpack_last(archive, last, err);
    if (status)
        return status;
    bool has_last = last->n_rows && (is_last_needed || try_last(archive, last));
    if (journal->is_there && !agrees(archive, journal, has_last ? last->n_rows : 0))
        return umm_error_set_path(err, UMM_ERR_CONFLICT, archive->path, "%s",
                                  umm_archive_other_journal);
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

/* ---- all of it -------------------------------------------------------------------- */

/* A table that cannot be read is not one that is missing: it may count rows that follow. */
static enum umm_status say_unread(const struct table *table, struct umm_error *err)
{
    if (table->failed && err)
        *err = table->failure;
    return table->failed;
}

/* The frames that the header counts, from the table or by walking. */
static enum umm_status load_frames(struct umm_archive *archive, bool is_rewritten,
                                   struct umm_archive_last *last, struct umm_error *err)
{
    uint64_t n_wanted = archive->n_framed / archive->rows_per_frame;
    struct table table = {.n_wanted = n_wanted, .last = last};
    bool has_table = find_table(archive, &table);
    enum umm_status status = umm_archive_grow_frames(archive, 1, err);
    if (!status && has_table)
        status = compare_header(archive, &table, is_rewritten, err);
    bool is_loaded = !status && has_table && load_table(archive, &table);
    if (!status)
        status = say_unread(&table, err);
    if (status || is_loaded)
        return status;
    status = walk(archive, n_wanted, last, err);
    if (status == UMM_ERR_DATA && archive->n_table_rows)
        return umm_archive_set_unfinished(archive, err);
    return status;
}

/* Have n_framed be what the table counts, if that is more. */
static enum umm_status take_table(struct umm_archive *archive, struct umm_error *err)
{
    struct table table = {.n_wanted = 0};
    enum umm_status status = UMM_OK;
    if (find_table(archive, &table))
        status = compare_header(archive, &table, true, err);
    if (!status)
        status = say_unread(&table, err);
    if (archive->n_table_rows > archive->n_framed)
        archive->n_framed = archive->n_table_rows;
    return status;
}

static enum umm_status load_with(struct umm_archive *archive, const struct umm_journal *journal,
                                 struct umm_error *err)
{
    uint64_t counted = archive->n_framed, n_wanted = counted / archive->rows_per_frame;
    uint64_t begin = n_wanted * archive->rows_per_frame;
    struct umm_archive_last last = {.n_rows = (size_t)(counted - begin)};
    struct umm_archive_last needed = last;
    /* Then the last frame may be changing, and nobody needs it. */
    bool is_covered = journal->is_there && last.n_rows && journal->first_row <= begin &&
                      journal->n_rows >= counted - journal->first_row;
    if (is_covered)
        needed.n_rows = 0;
    archive->is_table_sound = false;
    enum umm_status status = load_frames(archive, is_covered, &needed, err);
    if (is_covered)
        archive->is_table_sound = false;
    bool is_cut = archive->n_framed != counted;
    if (!status)
        status = is_covered && !is_cut ? load_tail(archive, &last, false, journal, err)
                                       : load_tail(archive, &needed, true, journal, err);
    archive->n_lost = !status && counted > archive->n_rows ? counted - archive->n_rows : 0;
    return status;
}

/* What tells one state of the files from another. */
static uint64_t state_of(const struct umm_archive *archive, const struct umm_journal *journal)
{
    const uint64_t parts[] = {archive->n_framed,    archive->size_bytes, archive->own[0].checksum,
                              journal->is_there,    journal->first_row,  journal->n_rows,
                              journal->sound_bytes, journal->anchor,     journal->is_damaged,
                              journal->end_row};
    return umm_hash64(parts, sizeof parts, 0);
}

/*
 * Rows of the journal after damage are lost, unless frames have them; how many there are is
 * known as far as a sound record is found after them.
 */
static enum umm_status check_journal(struct umm_archive *archive, const struct umm_journal *journal,
                                     const char *path, struct umm_error *err)
{
    archive->n_dropped = archive->damaged_at = 0;
    if (!journal->is_damaged || (journal->end_row && journal->end_row <= archive->n_rows))
        return UMM_OK;
    archive->n_dropped = journal->end_row ? journal->end_row - archive->n_rows : 0;
    archive->damaged_at = journal->sound_bytes;
    if (archive->is_torn_taken)
        return UMM_OK;
    char count[32] = "";
    if (archive->n_dropped)
        snprintf(count, sizeof count, "%" PRIu64 " ", archive->n_dropped);
    (void)umm_error_set_path(err, UMM_ERR_DATA, path,
                             "damaged at byte %" PRIu64 ": %srows from there on are lost",
                             archive->damaged_at, count);
    return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_REPAIR_BEFORE);
}

enum umm_status umm_archive_load(struct umm_archive *archive, uint64_t *state,
                                 struct umm_error *err)
{
    struct umm_journal journal;
    struct umm_error why;
    char *path = umm_journal_path(archive->path);
    *state = 0;
    archive->refused_journal.status = UMM_OK;
    /* The size of a row is in the header, which has to be read after the journal. */
    enum umm_status status = path ? umm_archive_load_head(archive, err)
                                  : umm_error_set_memory(err, strlen(archive->path), "a path");
    const size_t row_bytes = status ? 0 : archive->row_bytes;
    journal = (struct umm_journal){.is_there = false};
    if (!status && !archive->is_framed_alone) {
        status = umm_journal_read(path, &archive->info, archive->row_bytes, &journal, &why);
        if (journal.is_foreign)
            archive->refused_journal = why;
        else if (status && err)
            *err = why;
        if (journal.is_foreign)
            status = UMM_OK;
    }
    if (status) {
        free(path);
        return status;
    }
    status = umm_archive_load_head(archive, err);
    if (!status)
        *state = state_of(archive, &journal);
    if (!status && archive->row_bytes != row_bytes) /* the journal's rows are not of this header */
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, archive->path,
                                    "became another archive while it was read");
    archive->n_table_rows = 0;
    if (!status && archive->is_table_taken)
        status = take_table(archive, err);
    if (!status)
        status = load_with(archive, &journal, err);
    if (!status)
        status = check_journal(archive, &journal, path, err);
    umm_journal_free(&journal);
    free(path);
    return status;
}
