/* SPDX-License-Identifier: MIT */
#include "archive/archive_writer.h"

#include <stdlib.h>
#include <string.h>

#include "archive/archive_journal.h"
#include "archive/archive_mend.h"
#include "base/error.h"
#include "format/reserved.h"
#include "sys/file.h"
#include "sys/outfile.h"
#include "sys/trust.h"
#include "thread/workers.h"

static uint64_t begin_of_tail(const struct umm_archive *archive)
{
    return (uint64_t)archive->n_full * archive->rows_per_frame;
}

/* ---- frames ----------------------------------------------------------------------- */

/* Frames to be packed side by side: frame i is the i-th of the tail. */
struct packing {
    struct umm_archive_writer *writer;
    size_t n_rows; /* of each */
    int status;
};

static void pack_one(void *user, unsigned index)
{
    struct packing *packing = user;
    struct umm_archive_writer *writer = packing->writer;
    size_t len = packing->n_rows * writer->archive.row_bytes;
    enum umm_status status =
        umm_zstd_pack(writer->packers[index], writer->archive.tail + index * len, len,
                      writer->packed[index], &writer->packed_bytes[index], NULL);
    if (status)
        __atomic_store_n(&packing->status, (int)status, __ATOMIC_RELAXED);
}

/* The first n frames of n_rows rows of the tail, packed; n is at most n_threads. */
static enum umm_status pack(struct umm_archive_writer *writer, size_t n, size_t n_rows,
                            struct umm_error *err)
{
    struct packing packing = {writer, n_rows, UMM_OK};
    memset(writer->packed_bytes, 0, writer->n_threads * sizeof *writer->packed_bytes);
    umm_workers_run((unsigned)n, pack_one, &packing);
    /* What threads that could not be started left. */
    for (unsigned i = 0; !packing.status && i < n; i++)
        if (writer->packed_bytes[i] == 0)
            pack_one(&packing, i);
    return packing.status ? umm_error_set_memory(err, n_rows * writer->archive.row_bytes, "a frame")
                          : UMM_OK;
}

static struct umm_seekable_entry entry_of(const struct umm_archive_writer *writer, size_t i,
                                          size_t n_rows)
{
    size_t len = n_rows * writer->archive.row_bytes;
    return (struct umm_seekable_entry){(uint32_t)writer->packed_bytes[i], (uint32_t)len,
                                       umm_seekable_checksum(writer->archive.tail + i * len, len)};
}

/* ---- rows ------------------------------------------------------------------------- */

/* The frames that the tail fills, after the full ones; what is left moves to the front. */
static enum umm_status pack_full(struct umm_archive_writer *writer, struct umm_error *err)
{
    struct umm_archive *a = &writer->archive;
    size_t n = a->tail_rows / a->rows_per_frame, n_done = 0;
    if (n > writer->n_threads)
        n = writer->n_threads;
    if (n == 0)
        return UMM_OK;
    enum umm_status status = pack(writer, n, a->rows_per_frame, err);
    if (!status && !writer->n_packed)
        status = umm_archive_writer_protect(writer, err);
    if (!status)
        status = umm_archive_grow_frames(a, n, err);
    while (!status && n_done < n) {
        uint64_t at = a->offsets[a->n_full];
        writer->is_dirty = true;
        status = umm_file_pwrite_all(writer->fd, a->path, writer->packed[n_done],
                                     writer->packed_bytes[n_done], at, err);
        if (status)
            break;
        a->entries[a->n_full] = entry_of(writer, n_done, a->rows_per_frame);
        a->offsets[++a->n_full] = at + writer->packed_bytes[n_done++];
        writer->n_packed += a->rows_per_frame;
    }
    a->tail_rows -= n_done * a->rows_per_frame;
    memmove(a->tail, a->tail + n_done * umm_archive_frame_bytes(a), a->tail_rows * a->row_bytes);
    return status;
}

enum umm_status umm_archive_writer_push(struct umm_archive_writer *writer, const char *rows,
                                        size_t n, struct umm_error *err)
{
    struct umm_archive *a = &writer->archive;
    size_t cap = writer->n_threads * a->rows_per_frame;
    enum umm_status status = UMM_OK;
    while (!status && n > 0) {
        size_t room = cap > a->tail_rows ? cap - a->tail_rows : 0;
        size_t n_now = n < room ? n : room;
        status = umm_archive_grow_tail(a, n_now, err);
        if (status)
            break;
        memcpy(a->tail + a->tail_rows * a->row_bytes, rows, n_now * a->row_bytes);
        a->tail_rows += n_now;
        a->n_rows += n_now;
        rows += n_now * a->row_bytes;
        n -= n_now;
        if (a->tail_rows >= cap)
            status = pack_full(writer, err);
    }
    return status;
}

/* The frame that is packed for nothing lies after the rows that are there already. */
enum umm_status umm_archive_writer_warm(struct umm_archive_writer *writer, struct umm_error *err)
{
    struct umm_archive *a = &writer->archive;
    size_t len = umm_archive_frame_bytes(a);
    enum umm_status status = umm_archive_grow_tail(a, a->rows_per_frame, err);
    if (status)
        return status;
    char *room = a->tail + a->tail_rows * a->row_bytes;
    memset(room, 0, len);
    return umm_zstd_pack(writer->packers[0], room, len, writer->packed[0], &writer->packed_bytes[0],
                         err);
}

/* ---- commit ----------------------------------------------------------------------- */

/* The table for n_rows in all frames, with the last one's entry if there is one, at `at`. */
static enum umm_status write_table(struct umm_archive_writer *writer, uint64_t n_rows,
                                   const struct umm_seekable_entry *last, uint64_t at,
                                   struct umm_error *err)
{
    const struct umm_archive *a = &writer->archive;
    char *table;
    size_t len;
    enum umm_status status = umm_archive_format_table(
        &a->npy, n_rows, a->is_header_sized, a->entries, a->n_full, last, &table, &len, err);
    if (status)
        return status;
    status = umm_file_pwrite_all(writer->fd, a->path, table, len, at, err);
    if (!status)
        status = umm_file_truncate(writer->fd, a->path, at + len, err);
    free(table);
    return status;
}

static enum umm_status write_header(struct umm_archive_writer *writer, uint64_t n_framed,
                                    struct umm_error *err)
{
    struct umm_archive *a = &writer->archive;
    char *frame;
    size_t len;
    enum umm_status status =
        umm_archive_format_header(&a->npy, n_framed, a->is_header_sized, &frame, &len, err);
    if (status)
        return status;
    status = umm_file_pwrite_all(writer->fd, a->path, frame, len, 0, err);
    if (!status)
        status = umm_file_sync_data(writer->fd, a->path, err);
    free(frame);
    if (!status)
        a->n_framed = a->npy.shape[0] = n_framed;
    return status;
}

/* The header is rewritten in place: it must come out as long as the one that is there. */
static enum umm_status check_header(const struct umm_archive_writer *writer, struct umm_error *err)
{
    const struct umm_archive *a = &writer->archive;
    char *frame;
    size_t len;
    enum umm_status status =
        umm_archive_format_header(&a->npy, a->n_framed, a->is_header_sized, &frame, &len, err);
    if (status)
        return status;
    free(frame);
    if (len == a->own[0].packed_bytes)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, a->path,
                              "has a header that another program wrote: it cannot be changed");
}

/* All rows into frames; the tail, less than a frame, into the last one. */
static enum umm_status commit_frames(struct umm_archive_writer *writer, struct umm_error *err)
{
    struct umm_archive *a = &writer->archive;
    struct umm_seekable_entry last;
    uint64_t at = a->offsets[a->n_full];
    enum umm_status status = UMM_OK;
    if (a->tail_rows) {
        status = pack(writer, 1, a->tail_rows, err);
        if (!status && !writer->n_packed)
            status = umm_archive_writer_protect(writer, err);
        writer->is_dirty = true;
        if (!status)
            status = umm_file_pwrite_all(writer->fd, a->path, writer->packed[0],
                                         writer->packed_bytes[0], at, err);
        if (!status) {
            last = entry_of(writer, 0, a->tail_rows);
            at += writer->packed_bytes[0];
        }
    }
    if (!status)
        status = write_table(writer, a->n_rows, a->tail_rows ? &last : NULL, at, err);
    if (!status)
        status = umm_file_sync_data(writer->fd, a->path, err);
    if (status)
        return status;
    writer->is_counting = true;
    status = write_header(writer, a->n_rows, err);
    if (status)
        return status;
    writer->is_counting = writer->is_dirty = false;
    writer->n_packed = 0;
    writer->n_stored = a->n_rows;
    writer->is_created = writer->is_created && a->n_rows == 0;
    a->is_table_sound = true;
    return UMM_OK;
}

enum umm_status umm_archive_writer_store(struct umm_archive_writer *writer, struct umm_error *err)
{
    const struct umm_archive *a = &writer->archive;
    if (writer->n_stored == a->n_rows)
        return umm_file_check_named(writer->fd, a->path, err);
    /*
     * Rows in frames that nobody counts yet cannot come after others in the journal; and
     * that has less than a frame of rows, so that reading it takes no more.
     */
    if (writer->n_packed || writer->n_stored < begin_of_tail(a) ||
        a->tail_rows >= a->rows_per_frame)
        return umm_archive_writer_commit(writer, false, err);
    return umm_archive_writer_journal(writer, err);
}

enum umm_status umm_archive_writer_commit(struct umm_archive_writer *writer, bool is_flush,
                                          struct umm_error *err)
{
    struct umm_archive *a = &writer->archive;
    enum umm_status status = UMM_OK;
    while (!status && a->tail_rows >= a->rows_per_frame)
        status = pack_full(writer, err);
    if (status)
        return status;
    bool is_framed = a->n_framed == a->n_rows && a->is_table_sound && !writer->is_dirty;
    if (!is_flush && !writer->n_packed && !writer->is_dirty)
        return umm_archive_writer_store(writer, err);
    if (!is_framed)
        status = commit_frames(writer, err);
    if (!status)
        status = umm_file_check_named(writer->fd, a->path, err);
    /* Of use only while the last frame, whose rows it has, may have to change. */
    if (!status && (a->tail_rows == 0 || a->journal_first < begin_of_tail(a)))
        umm_archive_writer_drop_journal(writer);
    return status;
}

/* ---- open and close --------------------------------------------------------------- */

static enum umm_status make_packers(struct umm_archive_writer *writer, struct umm_error *err)
{
    size_t frame = umm_zstd_frame_max(umm_archive_frame_bytes(&writer->archive));
    int level = writer->options.level ? writer->options.level : UMM_ZSTD_LEVEL;
    writer->n_threads = umm_workers_wanted(writer->run);
    writer->packers = calloc(writer->n_threads, sizeof(struct umm_zstd_packer *));
    writer->packed = calloc(writer->n_threads, sizeof(char *));
    writer->packed_bytes = calloc(writer->n_threads, sizeof *writer->packed_bytes);
    if (!writer->packers || !writer->packed || !writer->packed_bytes)
        return umm_error_set_memory(err, writer->n_threads, "zstd compression");
    for (unsigned i = 0; i < writer->n_threads; i++) {
        enum umm_status status = umm_zstd_packer_new(level, &writer->packers[i], err);
        if (status)
            return status;
        writer->packed[i] = malloc(frame);
        if (!writer->packed[i])
            return umm_error_set_memory(err, frame, "a packed frame");
    }
    return UMM_OK;
}

/* Of the files that killed writers left beside the archive, which its lock is held for. */
static enum umm_status clean_up(const struct umm_archive_writer *writer, const char *path,
                                struct umm_error *err)
{
    struct umm_outfile_place place;
    enum umm_status status = umm_outfile_locate(&place, writer->journal_path, err);
    /* The user named the archive, not this. */
    if (status == UMM_ERR_ARGUMENT)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, writer->journal_path,
                                  "is a symbolic link out of its directory; a journal is beside "
                                  "its archive");
    if (status)
        return status;
    umm_file_close(&place.dir_fd);
    umm_outfile_remove_stale(path);
    umm_outfile_remove_stale(writer->journal_path);
    return UMM_OK;
}

static enum umm_status find_or_create(struct umm_archive_writer *writer, const char *path,
                                      const struct umm_npy *npy, struct umm_error *err)
{
    struct umm_file_info info;
    bool is_there = false, has_journal;
    enum umm_status status =
        npy ? umm_file_find(path, &is_there, &info, err) : umm_file_stat(path, &info, err);
    if (status || is_there || !npy)
        return status;
    struct umm_npy type = *npy; /* shares the fields */
    type.is_fortran = false;
    status = umm_file_find(writer->journal_path, &has_journal, &info, err);
    if (status)
        return status;
    if (has_journal)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, writer->journal_path,
                                  "is the journal of an archive that is not there");
    status = umm_archive_create(path, &type, writer->options.frame_rows, err);
    writer->is_created = status == UMM_OK;
    return status;
}

static enum umm_status check_same(const struct umm_archive_writer *writer,
                                  const struct umm_npy *npy, struct umm_error *err)
{
    if (!npy)
        return UMM_OK;
    struct umm_npy type = *npy;
    type.is_fortran = writer->archive.npy.is_fortran;
    if (umm_npy_same_type(&writer->archive.npy, &type))
        return UMM_OK;
    return umm_npy_refuse_rows(err, writer->archive.path, "the archive", &writer->archive.npy, npy);
}

static enum umm_status open_archive(struct umm_archive_writer *writer, const char *path,
                                    struct umm_error *err)
{
    return writer->options.is_torn_taken ? umm_archive_open_torn(&writer->archive, path, err)
                                         : umm_archive_open_tail(&writer->archive, path, err);
}

/* The header counts what the seek table has, on the device. */
static enum umm_status count_tabled(const struct umm_archive *archive, const char *header,
                                    size_t len, struct umm_error *err)
{
    struct umm_file_info info;
    int fd = -1;
    enum umm_status status = umm_file_open_update(archive->path, &fd, &info, err);
    if (!status)
        status = umm_file_pwrite_all(fd, archive->path, header, len, 0, err);
    if (!status)
        status = umm_file_sync_data(fd, archive->path, err);
    umm_file_close(&fd);
    return status;
}

/*
 * Nothing but the header was missing, or its count was damaged: that looks the same. Whether
 * the header counts those rows now. When the seek table is no help, *is_finished is false; an
 * error of the device is one, as the rows would be cut off otherwise.
 */
static enum umm_status finish_append(const char *path, bool *is_finished, struct umm_error *err)
{
    struct umm_archive archive;
    char *header = NULL;
    size_t len = 0;
    *is_finished = false;
    enum umm_status status = umm_archive_open_tabled(&archive, path, err);
    if (status == UMM_ERR_DATA)
        return UMM_OK;
    if (status)
        return status;
    status = umm_archive_format_header(&archive.npy, archive.n_framed, archive.is_header_sized,
                                       &header, &len, err);
    if (!status && len == archive.own[0].packed_bytes) {
        status = count_tabled(&archive, header, len, err);
        *is_finished = status == UMM_OK;
    }
    free(header);
    umm_archive_close(&archive);
    return status;
}

static enum umm_status open_finished(struct umm_archive_writer *writer, const char *path,
                                     struct umm_error *err)
{
    const struct umm_archive *a = &writer->archive;
    struct umm_error why;
    enum umm_status status = open_archive(writer, path, err);
    bool is_unfinished = status ? status == UMM_ERR_DATA : a->n_table_rows > a->n_framed;
    if (!is_unfinished)
        return status;
    enum umm_status finished = finish_append(path, &writer->is_finished, &why);
    if (finished && err)
        *err = why;
    if (finished || !writer->is_finished)
        return finished ? finished : status;
    umm_archive_close(&writer->archive);
    return open_archive(writer, path, err);
}

enum umm_status umm_archive_writer_open(struct umm_archive_writer *writer, const char *path,
                                        const struct umm_npy *npy,
                                        const struct umm_archive_writer_options *options,
                                        struct umm_run *run, struct umm_error *err)
{
    struct umm_file_info info;
    *writer = (struct umm_archive_writer){.fd = -1, .journal_fd = -1, .run = run};
    writer->archive.fd = -1;
    if (options)
        writer->options = *options;
    writer->journal_path = umm_journal_path(path);
    if (!writer->journal_path)
        return umm_error_set_memory(err, strlen(path), "a path");
    enum umm_status status = umm_reserved_check_path(path, err);
    if (!status)
        status = umm_lock_take(&writer->lock, path, writer->options.lock_wait, run, err);
    if (!status)
        status = clean_up(writer, path, err);
    if (!status)
        status = find_or_create(writer, path, npy, err);
    if (!status && writer->options.is_torn_taken)
        status = umm_archive_mend(path, &writer->is_mended, err);
    if (!status)
        status = open_finished(writer, path, err);
    if (!status)
        status = check_same(writer, npy, err);
    if (!status)
        status = check_header(writer, err);
    if (!status)
        status = umm_file_open_update(path, &writer->fd, &info, err);
    if (!status)
        status = umm_file_check_named(writer->archive.fd, path, err);
    if (!status)
        status = umm_archive_check_journal(&writer->archive, err);
    if (!status)
        status = umm_trust_check_beside(writer->journal_path, &info, err);
    if (!status)
        status = make_packers(writer, err);
    writer->n_stored = writer->archive.n_rows;
    writer->is_dirty = !writer->archive.is_table_sound;
    writer->is_ready = status == UMM_OK;
    return status;
}

/* A fresh look at the files: what is packed and not counted is forgotten. */
static enum umm_status look_again(struct umm_archive_writer *writer)
{
    const char *path = writer->archive.path;
    umm_archive_close(&writer->archive);
    enum umm_status status = open_archive(writer, path, NULL);
    if (status)
        return status; /* the journal and the full frames have all; the next writer sees to it */
    writer->n_stored = writer->archive.n_rows;
    writer->n_packed = 0;
    writer->is_dirty = true;
    return UMM_OK;
}

/*
 * There is no room for all that is stored in frames: the frames that the header counts, and
 * their table, go over what was written, and the file is cut after them. The rows of the last
 * frame are those of the journal then; when it has not all of them, nothing was overwritten.
 */
static void cut_back(struct umm_archive_writer *writer)
{
    struct umm_archive *a = &writer->archive;
    struct umm_seekable_entry last;
    uint64_t begin = begin_of_tail(a), at = a->offsets[a->n_full], end = at;
    size_t n_last = (size_t)(a->n_framed - begin);
    enum umm_status status = UMM_OK;
    bool is_covered = a->journal_bytes && a->journal_first <= begin &&
                      a->journal_first + a->journal_rows >= a->n_framed;
    if ((n_last && !is_covered) || a->n_lost)
        return;
    if (n_last) {
        status = pack(writer, 1, n_last, NULL);
        if (!status)
            status = umm_file_pwrite_all(writer->fd, a->path, writer->packed[0],
                                         writer->packed_bytes[0], at, NULL);
        if (!status) {
            last = entry_of(writer, 0, n_last);
            end += writer->packed_bytes[0];
        }
    }
    if (!status)
        status = write_table(writer, a->n_framed, n_last ? &last : NULL, end, NULL);
    if (status)
        (void)!umm_file_truncate(writer->fd, a->path, at, NULL);
    else if (umm_file_sync_data(writer->fd, a->path, NULL) == UMM_OK)
        writer->is_dirty = false;
}

/*
 * The file's end as the header has it, with all that is stored if there is room. A header that
 * may be on the disk, or not, has all its frames there.
 */
static void restore(struct umm_archive_writer *writer)
{
    if (look_again(writer) == UMM_OK && umm_archive_writer_commit(writer, true, NULL) != UMM_OK &&
        !writer->is_counting && look_again(writer) == UMM_OK)
        cut_back(writer);
}

void umm_archive_writer_close(struct umm_archive_writer *writer)
{
    const struct umm_archive *a = &writer->archive;
    /* Then what has its name, and the journal beside that, is not this writer's. */
    bool is_lost = writer->fd >= 0 && umm_file_check_named(writer->fd, a->path, NULL) != UMM_OK;
    if (!is_lost && writer->is_dirty && writer->is_ready)
        restore(writer);
    if (!is_lost && !writer->is_dirty && a->fd >= 0 && a->n_framed == writer->n_stored)
        umm_archive_writer_drop_journal(writer);
    if (!is_lost && writer->is_created && writer->n_stored == 0) {
        /* A journal whose directory could not be synced is there all the same. */
        umm_file_discard(writer->journal_path);
        umm_file_discard(writer->archive.path);
    }
    for (unsigned i = 0; i < writer->n_threads; i++) {
        if (writer->packers)
            umm_zstd_packer_free(writer->packers[i]);
        if (writer->packed)
            free(writer->packed[i]);
    }
    free((void *)writer->packers);
    free((void *)writer->packed);
    free(writer->packed_bytes);
    umm_file_close(&writer->fd);
    umm_file_close(&writer->journal_fd);
    umm_archive_close(&writer->archive);
    umm_lock_release(&writer->lock);
    free(writer->journal_path);
    *writer = (struct umm_archive_writer){.fd = -1, .journal_fd = -1};
}
