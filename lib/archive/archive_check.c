/* SPDX-License-Identifier: MIT */
#include "archive/archive_check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "format/arraycolumn.h"
#include "sys/file.h"
#include "sys/outfile.h"
#include "sys/progress.h"

/* ---- looking ---------------------------------------------------------------------- */

/* *is_time is false when the row has no time, as in an array that only looks like bars. */
static enum umm_status time_at(struct umm_archive *archive, const struct umm_arraycolumn *column,
                               uint64_t row, struct umm_time *out, bool *is_time,
                               struct umm_error *err)
{
    char *bytes = malloc(archive->row_bytes);
    if (!bytes)
        return umm_error_set_memory(err, archive->row_bytes, "a row");
    enum umm_status status = umm_archive_read(archive, row, 1, bytes, err);
    if (!status && *is_time)
        *is_time =
            umm_arraycolumn_read_time(column, bytes + column->offset_bytes, out) == UMM_TIME_OK;
    free(bytes);
    return status;
}

static enum umm_status describe(struct umm_archive *archive, struct umm_archive_stat *stat,
                                struct umm_error *err)
{
    struct umm_arraycolumn column;
    uint64_t index;
    *stat = (struct umm_archive_stat){.n_rows = archive->n_rows,
                                      .n_framed = archive->n_framed,
                                      .n_frames = archive->n_full +
                                                  (archive->n_framed % archive->rows_per_frame > 0),
                                      .n_in_journal = archive->n_rows - archive->n_framed,
                                      .rows_per_frame = archive->rows_per_frame,
                                      .row_bytes = archive->row_bytes,
                                      .size_bytes = archive->size_bytes,
                                      .journal_bytes = archive->journal_bytes,
                                      .content_bytes = archive->n_rows * archive->row_bytes,
                                      .framed_bytes = archive->n_framed * archive->row_bytes,
                                      .is_table_sound = archive->is_table_sound};
    stat->has_time =
        archive->n_rows && umm_arraycolumn_find_time(&archive->npy, &index, NULL) == UMM_OK;
    if (!stat->has_time)
        return UMM_OK;
    umm_arraycolumn_get(&archive->npy, index, &column);
    enum umm_status status = time_at(archive, &column, 0, &stat->first, &stat->has_time, err);
    if (status)
        return status;
    return time_at(archive, &column, archive->n_rows - 1, &stat->last, &stat->has_time, err);
}

enum umm_status umm_archive_stat(const char *path, struct umm_archive_stat *stat,
                                 struct umm_error *err)
{
    struct umm_archive archive;
    enum umm_status status = umm_archive_open(&archive, path, err);
    if (!status)
        status = describe(&archive, stat, err);
    umm_archive_close(&archive);
    return status;
}

enum umm_status umm_archive_list(const char *path,
                                 bool (*tell)(void *user, const struct umm_archive_frame *frame),
                                 void *user, struct umm_error *err)
{
    struct umm_archive archive;
    enum umm_status status = umm_archive_open(&archive, path, err);
    if (status)
        return status;
    uint64_t rows = archive.rows_per_frame;
    bool is_wanted = true;
    for (size_t i = 0; is_wanted && i < archive.n_full; i++) {
        const struct umm_archive_frame frame = {i,
                                                i * rows,
                                                rows,
                                                archive.offsets[i],
                                                archive.entries[i].packed_bytes,
                                                archive.entries[i].content_bytes};
        is_wanted = tell(user, &frame);
    }
    uint64_t n_last = archive.n_framed % rows, at = archive.offsets[archive.n_full];
    if (is_wanted && n_last) {
        uint64_t table = umm_seekable_table_bytes(UMM_ARCHIVE_OWN_FRAMES + archive.n_full + 1);
        const struct umm_archive_frame frame = {
            archive.n_full,
            archive.n_full * rows,
            n_last,
            at,
            archive.is_table_sound ? archive.size_bytes - table - at : 0,
            n_last * archive.row_bytes};
        tell(user, &frame);
    }
    umm_archive_close(&archive);
    return UMM_OK;
}

static enum umm_status refuse_without_table(const char *path, struct umm_error *err)
{
    (void)umm_error_set_path(err, UMM_ERR_DATA, path, "does not end in its seek table");
    return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_REPAIR);
}

/* Whether programs that know nothing of journals can read the file. */
static enum umm_status check_framed(const char *path, struct umm_error *err)
{
    struct umm_archive archive;
    enum umm_status status = umm_archive_open_framed(&archive, path, err);
    struct umm_archive_last last = archive.last;
    if (!status)
        status = umm_archive_grow_tail(&archive, last.n_rows, err);
    if (!status && last.n_rows)
        status = umm_archive_unpack_last(&archive, &last, err);
    if (!status && !archive.is_table_sound)
        status = archive.n_table_rows > archive.n_framed ? umm_archive_set_unfinished(&archive, err)
                                                         : refuse_without_table(path, err);
    umm_archive_close(&archive);
    return status;
}

/*
 * An archive with a journal, whose frames and table are not known to be sound: an append is under
 * way, as long as one has the lock, or was killed. *is_sound: they are.
 */
static enum umm_status check_beside_journal(const char *path, bool *is_sound, struct umm_error *err)
{
    struct umm_lock lock = {.is_held = false};
    struct umm_error why = {.status = UMM_OK};
    enum umm_status status = check_framed(path, &why);
    if (status == UMM_ERR_DATA) {
        enum umm_status locked = umm_lock_take(&lock, path, UMM_LOCK_FAIL, NULL, NULL);
        if (locked == UMM_ERR_BUSY)
            return UMM_OK;
        status = locked ? status : check_framed(path, &why);
        umm_lock_release(&lock);
    }
    *is_sound = status == UMM_OK;
    /* Whatever is wrong with the end of the file, the journal has the rows. */
    if (status == UMM_ERR_DATA)
        return refuse_without_table(path, err);
    if (status && err)
        *err = why;
    return status;
}

enum umm_status umm_archive_verify(const char *path, struct umm_run *run,
                                   struct umm_archive_stat *stat, struct umm_error *err)
{
    struct umm_archive archive;
    uint64_t next_look_ns = 0;
    char byte;
    enum umm_status status = umm_archive_open(&archive, path, err);
    if (!status)
        status = umm_archive_check_journal(&archive, err);
    /* A byte of each full frame is enough to have it unpacked. */
    for (size_t i = 0; !status && i < archive.n_full; i++) {
        uint64_t at = (uint64_t)i * archive.rows_per_frame * archive.row_bytes;
        status = umm_progress_step(run, &next_look_ns, archive.offsets[i], archive.size_bytes, err);
        if (!status)
            status = umm_archive_read_bytes(&archive, at, 1, &byte, err);
    }
    if (!status)
        status = umm_archive_load_tail(&archive, err);
    if (!status)
        status = describe(&archive, stat, err);
    if (!status && !archive.is_table_sound)
        status = archive.journal_bytes ? check_beside_journal(path, &stat->is_table_sound, err)
                                       : check_framed(path, err);
    umm_archive_close(&archive);
    return status;
}

/* ---- mending ---------------------------------------------------------------------- */

enum umm_status umm_archive_repair(const char *path,
                                   const struct umm_archive_writer_options *options,
                                   struct umm_run *run, struct umm_archive_repair_result *result,
                                   struct umm_error *err)
{
    struct umm_archive_writer writer;
    *result = (struct umm_archive_repair_result){.is_changed = false};
    enum umm_status status = umm_archive_writer_open(&writer, path, NULL, options, run, err);
    const struct umm_archive *a = &writer.archive;
    if (!status) {
        result->is_changed = writer.is_finished || writer.is_mended || writer.is_dirty ||
                             a->journal_bytes || a->n_framed != a->n_rows;
        result->n_rows = a->n_rows;
        result->n_lost = a->n_lost;
        result->n_dropped = a->n_dropped;
        result->damaged_at = a->damaged_at;
        status = umm_archive_writer_commit(&writer, true, err);
    }
    umm_archive_writer_close(&writer);
    return status;
}

/* ---- writing anew ----------------------------------------------------------------- */

/* The new archive, as far as it is written. */
struct copy {
    struct umm_archive *from;
    struct umm_zstd_packer *packer;
    const char *path;
    int fd;
    char *rows, *packed; /* of one frame */
    struct umm_seekable_entry *entries;
};

static enum umm_status begin_copy(struct copy *copy, int level, struct umm_error *err)
{
    struct umm_archive *from = copy->from;
    size_t len = umm_archive_frame_bytes(from);
    copy->rows = malloc(len);
    copy->packed = malloc(umm_zstd_frame_max(len));
    copy->entries = calloc(from->n_full + 1, sizeof *copy->entries);
    if (!copy->rows || !copy->packed || !copy->entries)
        return umm_error_set_memory(err, len, "a frame");
    enum umm_status status =
        umm_zstd_packer_new(level ? level : UMM_ZSTD_LEVEL, &copy->packer, err);
    if (status)
        return status;
    return umm_archive_write_head(copy->fd, copy->path, &from->npy, from->n_rows,
                                  from->rows_per_frame, err);
}

/* Frame number i, of n rows. */
static enum umm_status copy_frame(struct copy *copy, size_t i, size_t n, struct umm_error *err)
{
    struct umm_archive *from = copy->from;
    size_t packed_len = 0, len = n * from->row_bytes;
    enum umm_status status =
        umm_archive_read(from, (uint64_t)i * from->rows_per_frame, n, copy->rows, err);
    if (!status)
        status = umm_zstd_pack(copy->packer, copy->rows, len, copy->packed, &packed_len, err);
    if (!status)
        status = umm_file_write_all(copy->fd, copy->path, copy->packed, packed_len, err);
    copy->entries[i] = (struct umm_seekable_entry){(uint32_t)packed_len, (uint32_t)len,
                                                   umm_seekable_checksum(copy->rows, len)};
    return status;
}

static enum umm_status copy_frames(struct copy *copy, struct umm_run *run, struct umm_error *err)
{
    struct umm_archive *from = copy->from;
    enum umm_status status = UMM_OK;
    uint64_t first = 0, next_look_ns = 0;
    size_t i = 0, table_len;
    char *table;
    for (; !status && first < from->n_rows; i++) {
        uint64_t left = from->n_rows - first;
        size_t n = left < from->rows_per_frame ? (size_t)left : from->rows_per_frame;
        status = umm_progress_step(run, &next_look_ns, first * from->row_bytes,
                                   from->n_rows * from->row_bytes, err);
        if (!status)
            status = copy_frame(copy, i, n, err);
        first += n;
    }
    if (!status)
        status = umm_archive_format_table(&from->npy, from->n_rows, false, copy->entries, i, NULL,
                                          &table, &table_len, err);
    if (status)
        return status;
    status = umm_file_write_all(copy->fd, copy->path, table, table_len, err);
    free(table);
    return status;
}

enum umm_status umm_archive_compact(const char *path,
                                    const struct umm_archive_writer_options *options,
                                    struct umm_run *run, struct umm_error *err)
{
    static const struct umm_outfile_options synced = {.is_synced = true};
    struct umm_archive_writer writer;
    struct umm_outfile out = {0};
    struct copy copy = {.path = path};
    /* All rows into frames first: then none is in a journal that knows the old file. */
    enum umm_status status = umm_archive_writer_open(&writer, path, NULL, options, run, err);
    if (!status)
        status = umm_archive_writer_commit(&writer, true, err);
    if (!status)
        umm_archive_writer_drop_journal(&writer);
    if (!status)
        status = umm_outfile_open(&out, path, run, err);
    copy.from = &writer.archive;
    copy.fd = umm_outfile_fd(&out);
    if (!status)
        status = begin_copy(&copy, writer.options.level, err);
    if (!status)
        status = copy_frames(&copy, run, err);
    if (!status)
        status = umm_file_check_named(writer.fd, path, err);
    if (!status)
        status = umm_outfile_commit(&out, &synced, NULL, err);
    umm_outfile_abort(&out);
    umm_zstd_packer_free(copy.packer);
    free(copy.rows);
    free(copy.packed);
    free(copy.entries);
    umm_archive_writer_close(&writer);
    return status;
}
