/* SPDX-License-Identifier: MIT */
#include "data/archive_journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "sys/file.h"
#include "sys/outfile.h"

static const char magic[8] = "UMMJRNL";

enum {
    VERSION = 1,
    RECORD_HEAD_BYTES = 16,
    HASH_BYTES = 8,
    /* Rows of a frame, 16 MiB, with a record for each, 1.5 MiB; several times that. */
    JOURNAL_BYTES_MAX = 64 * 1024 * 1024
};

bool umm_journal_is(const char *begin, size_t len_bytes)
{
    return len_bytes >= sizeof magic && memcmp(begin, magic, sizeof magic) == 0;
}

char *umm_journal_path(const char *archive_path)
{
    static const char suffix[] = ".journal";
    char *file = umm_file_follow(archive_path), *path = NULL;
    size_t len = file ? strlen(file) : 0;
    if (file)
        path = realloc(file, len + sizeof suffix);
    if (path)
        memcpy(path + len, suffix, sizeof suffix);
    else
        free(file);
    return path;
}

/* ---- reading ---------------------------------------------------------------------- */

static enum umm_status parse_head(const char *bytes, size_t len_bytes, size_t row_bytes,
                                  struct umm_journal *journal, struct umm_error *err)
{
    if (len_bytes < UMM_JOURNAL_HEAD_BYTES || !umm_journal_is(bytes, len_bytes))
        return umm_error_set(err, UMM_ERR_DATA, "is not the journal of an archive");
    if (umm_bytes_get(bytes + 32, HASH_BYTES) != umm_hash64(bytes, 32, 0))
        return umm_error_set(err, UMM_ERR_DATA, "the journal's head is damaged");
    if (umm_bytes_get(bytes + 8, 2) != VERSION)
        return umm_error_set(err, UMM_ERR_UNSUPPORTED, "a journal of version %u, not %d",
                             (unsigned)umm_bytes_get(bytes + 8, 2), VERSION);
    if (umm_bytes_get(bytes + 12, 4) != row_bytes)
        return umm_error_set(err, UMM_ERR_CONFLICT,
                             "is a journal of rows of %u bytes, and the archive's have %zu",
                             (unsigned)umm_bytes_get(bytes + 12, 4), row_bytes);
    journal->first_row = umm_bytes_get(bytes + 16, 8);
    journal->anchor = umm_bytes_get(bytes + 24, 8);
    return UMM_OK;
}

/* How many rows the record at bytes has; 0 when it is not whole and sound. */
static size_t record_rows(const char *bytes, size_t len_bytes, size_t row_bytes, uint64_t first_row)
{
    if (len_bytes < UMM_JOURNAL_RECORD_EXTRA || umm_bytes_get(bytes, 8) != first_row ||
        umm_bytes_get(bytes + 12, 4))
        return 0;
    size_t n = (size_t)umm_bytes_get(bytes + 8, 4);
    if (n > (len_bytes - UMM_JOURNAL_RECORD_EXTRA) / row_bytes)
        return 0;
    size_t size = RECORD_HEAD_BYTES + n * row_bytes;
    return umm_bytes_get(bytes + size, HASH_BYTES) == umm_hash64(bytes, size, 0) ? n : 0;
}

static enum umm_status parse(const char *bytes, size_t len_bytes, size_t row_bytes,
                             struct umm_journal *journal, struct umm_error *err)
{
    size_t at = UMM_JOURNAL_HEAD_BYTES, n;
    *journal = (struct umm_journal){.is_there = true};
    enum umm_status status = parse_head(bytes, len_bytes, row_bytes, journal, err);
    if (status)
        return status;
    journal->rows = malloc(len_bytes);
    if (!journal->rows)
        return umm_error_set_memory(err, len_bytes, "a journal");
    while ((n = record_rows(bytes + at, len_bytes - at, row_bytes,
                            journal->first_row + journal->n_rows)) > 0) {
        memcpy(journal->rows + journal->n_rows * row_bytes, bytes + at + RECORD_HEAD_BYTES,
               n * row_bytes);
        journal->n_rows += n;
        at += UMM_JOURNAL_RECORD_EXTRA + n * row_bytes;
    }
    journal->sound_bytes = at;
    return UMM_OK;
}

/* The whole file; NULL when there is none. */
static enum umm_status read_file(const char *path, char **bytes, size_t *len, struct umm_error *err)
{
    struct umm_file_info info;
    struct umm_error why;
    int fd;
    *bytes = NULL;
    enum umm_status status = umm_file_open_read(path, &fd, &info, &why);
    if (status && why.sys_errno == ENOENT)
        return UMM_OK;
    if (status && err)
        *err = why;
    if (status)
        return status;
    if (info.kind != UMM_FILE_REGULAR)
        status = umm_error_set(err, UMM_ERR_DATA, "is not a regular file");
    else if (info.size_bytes > JOURNAL_BYTES_MAX)
        status = umm_error_set(err, UMM_ERR_DATA, "larger than any journal");
    *len = (size_t)info.size_bytes;
    if (!status)
        *bytes = malloc(*len + 1);
    if (!status && !*bytes)
        status = umm_error_set_memory(err, *len, "a journal");
    if (!status)
        status = umm_file_pread_all(fd, path, *bytes, *len, 0, err);
    umm_file_close(&fd);
    return status;
}

enum umm_status umm_journal_read(const char *path, size_t row_bytes, struct umm_journal *journal,
                                 struct umm_error *err)
{
    char *bytes;
    size_t len;
    *journal = (struct umm_journal){.is_there = false};
    enum umm_status status = read_file(path, &bytes, &len, err);
    if (!status && bytes)
        status = parse(bytes, len, row_bytes, journal, err);
    if (status)
        umm_error_at(err, path, 0, 0, 0);
    free(bytes);
    return status;
}

void umm_journal_free(struct umm_journal *journal)
{
    free(journal->rows);
    *journal = (struct umm_journal){.is_there = false};
}

/* ---- writing ---------------------------------------------------------------------- */

static void format_head(uint64_t first_row, uint64_t anchor, size_t row_bytes, char *out)
{
    memcpy(out, magic, sizeof magic);
    char *p = umm_bytes_put(umm_bytes_put(umm_bytes_put(out + sizeof magic, VERSION, 2), 0, 2),
                            row_bytes, 4);
    p = umm_bytes_put(umm_bytes_put(p, first_row, 8), anchor, 8);
    umm_bytes_put(p, umm_hash64(out, (size_t)(p - out), 0), HASH_BYTES);
}

/* A record, malloc'ed. */
static char *make_record(uint64_t first_row, const char *rows, size_t n, size_t row_bytes,
                         size_t *len)
{
    size_t size = RECORD_HEAD_BYTES + n * row_bytes;
    char *record = malloc(size + HASH_BYTES);
    if (!record)
        return NULL;
    char *p = umm_bytes_put(umm_bytes_put(umm_bytes_put(record, first_row, 8), n, 4), 0, 4);
    memcpy(p, rows, n * row_bytes);
    umm_bytes_put(record + size, umm_hash64(record, size, 0), HASH_BYTES);
    *len = size + HASH_BYTES;
    return record;
}

enum umm_status umm_journal_create(const char *path, const struct umm_file_info *archive,
                                   uint64_t first_row, uint64_t anchor, const char *rows, size_t n,
                                   size_t row_bytes, uint64_t *sound_bytes, struct umm_error *err)
{
    const struct umm_outfile_options synced = {.is_synced = true, .model = archive};
    char head[UMM_JOURNAL_HEAD_BYTES];
    struct umm_outfile out = {0};
    size_t len = 0;
    char *record = n ? make_record(first_row, rows, n, row_bytes, &len) : NULL;
    if (n && !record)
        return umm_error_set_memory(err, n * row_bytes, "a journal");
    format_head(first_row, anchor, row_bytes, head);
    enum umm_status status = umm_outfile_open(&out, path, NULL, err);
    if (!status)
        status = umm_file_write_all(umm_outfile_fd(&out), path, head, sizeof head, err);
    if (!status && n)
        status = umm_file_write_all(umm_outfile_fd(&out), path, record, len, err);
    if (!status)
        status = umm_outfile_commit(&out, &synced, NULL, err);
    umm_outfile_abort(&out);
    free(record);
    if (!status)
        *sound_bytes = sizeof head + len;
    return status;
}

enum umm_status umm_journal_append(int fd, const char *path, uint64_t first_row, const char *rows,
                                   size_t n, size_t row_bytes, uint64_t *sound_bytes,
                                   struct umm_error *err)
{
    size_t len;
    char *record = make_record(first_row, rows, n, row_bytes, &len);
    if (!record)
        return umm_error_set_memory(err, n * row_bytes, "a journal");
    enum umm_status status = umm_file_pwrite_all(fd, path, record, len, *sound_bytes, err);
    if (!status)
        status = umm_file_sync_data(fd, path, err);
    if (!status)
        *sound_bytes += len;
    else /* what is not stored is not to be read either, as far as that can be done */
        (void)!umm_file_truncate(fd, path, *sound_bytes, NULL);
    free(record);
    return status;
}
