/* SPDX-License-Identifier: MIT */
#include "archive/archive.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive_journal.h"
#include "base/error.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/outfile.h"
#include "sys/pages.h"

enum { TRIES = 50 }; /* each finds a file that a writer changed meanwhile */

/* ---- open, read, close ------------------------------------------------------------ */

enum umm_status umm_archive_is(const char *path, bool *is_archive, struct umm_error *err)
{
    struct umm_archive archive = {.path = path, .fd = -1};
    struct umm_file_info info;
    struct umm_error found = {.status = UMM_OK};
    *is_archive = false;
    enum umm_status status = umm_file_stat(path, &info, err);
    if (status || info.kind != UMM_FILE_REGULAR)
        return status;
    status = umm_file_open_read(path, &archive.fd, NULL, &found);
    if (!status)
        status = umm_zstd_unpacker_new(&archive.unpacker, &found);
    if (!status)
        status = umm_archive_load_head(&archive, &found);
    bool is_ours = archive.is_ours;
    umm_archive_close(&archive);
    if (status == UMM_ERR_SYSTEM || status == UMM_ERR_MEMORY) {
        if (err)
            *err = found;
        return status;
    }
    /* One of a later version, or with damage, is an archive, and opening it will say so. */
    *is_archive = status == UMM_OK || status == UMM_ERR_UNSUPPORTED || is_ours;
    return UMM_OK;
}

bool umm_archive_has_file(const char *path, const char *other)
{
    char *journal = umm_journal_path(path);
    bool has = umm_outfile_meets(other, path) || (journal && umm_outfile_meets(other, journal)) ||
               (strcmp(other, "-") != 0 && umm_lock_is_file(path, other));
    free(journal);
    return has;
}

/* The file that path names now. */
static enum umm_status open_file(struct umm_archive *archive, struct umm_file_info *info,
                                 struct umm_error *err)
{
    umm_file_close(&archive->fd);
    enum umm_status status = umm_file_open_read(archive->path, &archive->fd, info, err);
    if (!status && info->kind != UMM_FILE_REGULAR)
        status = umm_error_set_path(err, UMM_ERR_DATA, archive->path, "is not a regular file");
    if (!status)
        archive->info = *info;
    return status;
}

/*
 * What looks like damage may be a frame that another replaced, or the file to a
 * compacted one, between two reads: then the next look is sound. Damage that is still
 * there while the files are as they were is damage.
 */
static enum umm_status open_and_load(struct umm_archive *archive, struct umm_error *err)
{
    struct umm_file_info info;
    uint64_t state = 0, state_before = 0;
    enum umm_status status = open_file(archive, &info, err);
    enum umm_status opened = status ? status : umm_zstd_unpacker_new(&archive->unpacker, err);
    status = opened;
    for (int i = 0; !opened && i < TRIES; i++) {
        status = umm_archive_load(archive, &state, err);
        if (status != UMM_ERR_DATA && status != UMM_ERR_CONFLICT)
            break;
        bool is_same = umm_file_same(archive->path, info.device, info.inode);
        if (is_same && i > 0 && state == state_before)
            break;
        state_before = state;
        if (!is_same)
            status = opened = open_file(archive, &info, err);
    }
    if (status)
        umm_archive_close(archive);
    return status;
}

enum umm_status umm_archive_open(struct umm_archive *archive, const char *path,
                                 struct umm_error *err)
{
    *archive = (struct umm_archive){.path = path, .fd = -1};
    return open_and_load(archive, err);
}

enum umm_status umm_archive_open_tail(struct umm_archive *archive, const char *path,
                                      struct umm_error *err)
{
    *archive = (struct umm_archive){.path = path, .fd = -1, .is_tail_wanted = true};
    return open_and_load(archive, err);
}

enum umm_status umm_archive_open_torn(struct umm_archive *archive, const char *path,
                                      struct umm_error *err)
{
    *archive =
        (struct umm_archive){.path = path, .fd = -1, .is_tail_wanted = true, .is_torn_taken = true};
    return open_and_load(archive, err);
}

enum umm_status umm_archive_open_framed(struct umm_archive *archive, const char *path,
                                        struct umm_error *err)
{
    *archive = (struct umm_archive){.path = path, .fd = -1, .is_framed_alone = true};
    return open_and_load(archive, err);
}

enum umm_status umm_archive_check_journal(const struct umm_archive *archive, struct umm_error *err)
{
    if (archive->refused_journal.status && err)
        *err = archive->refused_journal;
    return archive->refused_journal.status;
}

/* A byte of each frame from row first on is enough to have it unpacked. */
static enum umm_status check_frames(struct umm_archive *archive, uint64_t first,
                                    struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    char byte;
    for (uint64_t i = first / archive->rows_per_frame; !status && i < archive->n_full; i++)
        status =
            umm_archive_read_bytes(archive, i * umm_archive_frame_bytes(archive), 1, &byte, err);
    return status ? status : umm_archive_load_tail(archive, err);
}

enum umm_status umm_archive_open_tabled(struct umm_archive *archive, const char *path,
                                        struct umm_error *err)
{
    *archive = (struct umm_archive){
        .path = path, .fd = -1, .is_tail_wanted = true, .is_table_taken = true};
    enum umm_status status = open_and_load(archive, err);
    if (!status && archive->npy.shape[0] >= archive->n_framed)
        status = umm_error_set_path(err, UMM_ERR_DATA, path, "has all rows of its table");
    if (!status)
        status = check_frames(archive, archive->npy.shape[0], err);
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

/* ---- the tail --------------------------------------------------------------------- */

/*
 * The rows from the archive as it is now, which also has them: a writer moved them to a
 * fuller frame or the journal, or the file was compacted.
 */
static enum umm_status read_tail_anew(struct umm_archive *archive, struct umm_error *err)
{
    struct umm_archive now;
    uint64_t begin = (uint64_t)archive->n_full * archive->rows_per_frame;
    size_t n = archive->last.n_rows;
    enum umm_status status = umm_archive_open_tail(&now, archive->path, err);
    if (status)
        return status;
    if (now.row_bytes != archive->row_bytes || now.rows_per_frame != archive->rows_per_frame ||
        now.n_rows < archive->n_rows ||
        umm_archive_anchor(&now, begin) != umm_archive_anchor(archive, begin))
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, archive->path,
                                    "became another archive while it was read");
    else
        status = umm_archive_read(&now, begin, n, archive->tail, err);
    umm_archive_close(&now);
    return status;
}

enum umm_status umm_archive_load_tail(struct umm_archive *archive, struct umm_error *err)
{
    struct umm_archive_last last = archive->last;
    if (last.n_rows == 0)
        return UMM_OK;
    enum umm_status status = umm_archive_grow_tail(archive, last.n_rows, err);
    if (!status)
        status = umm_archive_unpack_last(archive, &last, err);
    /* Damaged, or no more what it was at the open. */
    if (status == UMM_ERR_DATA)
        status = read_tail_anew(archive, err);
    if (status)
        return status;
    archive->tail_rows = last.n_rows;
    archive->last.n_rows = 0;
    return UMM_OK;
}

/* ---- frames ----------------------------------------------------------------------- */

/* Full frame number index, packed, of entries[index].packed_bytes; valid until the next call. */
static enum umm_status read_packed(struct umm_archive *archive, size_t index, const char **packed,
                                   struct umm_error *err)
{
    size_t len = archive->entries[index].packed_bytes;
    enum umm_status status = umm_archive_grow_packed(archive, len, err);
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
    size_t frame_bytes = umm_archive_frame_bytes(archive);
    if (!archive->frame) {
        archive->frame = umm_pages_new(frame_bytes);
        if (!archive->frame)
            return umm_error_set_memory(err, frame_bytes, "a frame");
    }
    enum umm_status status = read_packed(archive, index, &packed, err);
    if (status)
        return status;
    status = umm_archive_unpack(archive, packed, entry, archive->frame, err);
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
    const uint64_t each = umm_archive_frame_bytes(archive), framed = archive->n_full * each;
    const uint64_t all = archive->n_rows * archive->row_bytes;
    if (at > all || len_bytes > all - at)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, archive->path,
                                  "%" PRIu64 " bytes from byte %" PRIu64
                                  " on are not within its %" PRIu64,
                                  len_bytes, at, all);
    while (len_bytes > 0) {
        bool is_tail = at >= framed;
        uint64_t begin = is_tail ? framed : at / each * each;
        uint64_t end = is_tail ? all : begin + each;
        uint64_t n = len_bytes < end - at ? len_bytes : end - at;
        enum umm_status status = is_tail ? umm_archive_load_tail(archive, err)
                                         : unpack_frame(archive, (size_t)(at / each), err);
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
