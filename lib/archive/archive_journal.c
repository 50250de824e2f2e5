/* SPDX-License-Identifier: MIT */
#include "archive/archive_journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "sys/file.h"
#include "sys/outfile.h"
#include "sys/trust.h"

static const char magic[8] = "UMMJRNL";

enum {
    VERSION = 1,
    RECORD_HEAD_BYTES = 16,
    HASH_BYTES = 8,
    /* Rows of a frame, 16 MiB, with a record for each, 1.5 MiB; several times that. */
    JOURNAL_BYTES_MAX = 64 * 1024 * 1024,
    /* A search hashes no more than so many times what it searches. */
    SEARCH_TIMES_MAX = 16
};

bool umm_journal_is(const char *begin, size_t len_bytes)
{
    return len_bytes >= sizeof magic && memcmp(begin, magic, sizeof magic) == 0;
}

static const char suffix[] = ".journal";

size_t umm_journal_archive_len(const char *path)
{
    size_t len = strlen(path), len_suffix = sizeof suffix - 1;
    return len > len_suffix && strcmp(path + len - len_suffix, suffix) == 0 ? len - len_suffix : 0;
}

char *umm_journal_path(const char *archive_path)
{
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

/* A record's place, and what it has to be of. */
struct span {
    const char *bytes;
    size_t len_bytes, row_bytes;
};

/* Whether a record may begin at `at` by its head: one of rows from first_row on. */
static bool is_head(const struct span *span, size_t at, uint64_t first_row)
{
    const char *head = span->bytes + at;
    return span->len_bytes - at >= RECORD_HEAD_BYTES && umm_bytes_get(head + 12, 4) == 0 &&
           umm_bytes_get(head, 8) == first_row && umm_bytes_get(head + 8, 4) > 0;
}

/* How many rows the record at `at` has by its head; 0 when it is none, or not whole. */
static size_t head_rows(const struct span *span, size_t at, uint64_t first_row)
{
    size_t left = span->len_bytes - at;
    if (left < UMM_JOURNAL_RECORD_EXTRA || !is_head(span, at, first_row))
        return 0;
    size_t n = (size_t)umm_bytes_get(span->bytes + at + 8, 4);
    return n > (left - UMM_JOURNAL_RECORD_EXTRA) / span->row_bytes ? 0 : n;
}

static bool is_sound(const struct span *span, size_t at, size_t n)
{
    size_t size = RECORD_HEAD_BYTES + n * span->row_bytes;
    const char *record = span->bytes + at;
    return umm_bytes_get(record + size, HASH_BYTES) == umm_hash64(record, size, 0);
}

/* How many rows the record at `at` has; 0 when it is not whole and sound. */
static size_t record_rows(const struct span *span, size_t at, uint64_t first_row)
{
    size_t n = head_rows(span, at, first_row);
    return n && is_sound(span, at, n) ? n : 0;
}

/* ---- what comes after the sound part ------------------------------------------------ */

/*
 * A search for a record after the one at `at`, which begins with row first_row and is none.
 * Rows and records before the one found fill the bytes before it: of k records with m rows
 * it is k * RECORD_EXTRA + m * row_bytes away, with 1 <= k <= m.
 */
struct search {
    struct span span;
    size_t at;
    uint64_t first_row;
    uint64_t left_bytes; /* that may be hashed yet */
    bool is_given_up;
};

/* The row that a record at place x begins with, if its head fits there. */
static bool fits(const struct search *search, size_t x, uint64_t *first_row)
{
    const char *head = search->span.bytes + x;
    size_t distance = x - search->at;
    if (umm_bytes_get(head + 12, 4) != 0)
        return false;
    *first_row = umm_bytes_get(head, 8);
    uint64_t m = *first_row - search->first_row;
    if (*first_row <= search->first_row || m > distance / search->span.row_bytes)
        return false;
    size_t extra = distance - (size_t)m * search->span.row_bytes;
    size_t k = extra / UMM_JOURNAL_RECORD_EXTRA;
    return extra % UMM_JOURNAL_RECORD_EXTRA == 0 && k >= 1 && k <= m;
}

/* Whether what follows a record of n rows is the end, or the head of the next. */
static bool is_followed(const struct search *search, size_t x, uint64_t first_row, size_t n)
{
    size_t end = x + UMM_JOURNAL_RECORD_EXTRA + n * search->span.row_bytes;
    return search->span.len_bytes - end < RECORD_HEAD_BYTES ||
           is_head(&search->span, end, first_row + n);
}

/* The place of the first sound record of those that are followed, or not; 0: there is none. */
static size_t find_record(struct search *search, bool is_followed_wanted)
{
    const struct span *span = &search->span;
    size_t least = UMM_JOURNAL_RECORD_EXTRA + span->row_bytes, end = span->len_bytes;
    for (size_t x = search->at + least; x < end && end - x >= least; x++) {
        uint64_t first_row;
        size_t n = fits(search, x, &first_row) ? head_rows(span, x, first_row) : 0;
        if (n == 0 || is_followed(search, x, first_row, n) != is_followed_wanted)
            continue;
        size_t size = RECORD_HEAD_BYTES + n * span->row_bytes;
        search->is_given_up = size > search->left_bytes;
        if (search->is_given_up)
            return 0;
        search->left_bytes -= size;
        if (is_sound(span, x, n))
            return x;
    }
    return 0;
}

/* Go on to where the records that are found end, until there are no more. */
static void find_records(struct search *search, bool is_followed_wanted,
                         struct umm_journal *journal)
{
    size_t x, n;
    while ((x = find_record(search, is_followed_wanted)) > 0) {
        search->first_row = umm_bytes_get(search->span.bytes + x, 8);
        for (search->at = x; (n = record_rows(&search->span, search->at, search->first_row)) > 0;) {
            search->at += UMM_JOURNAL_RECORD_EXTRA + n * search->span.row_bytes;
            search->first_row += n;
        }
        journal->is_damaged = true;
        journal->end_row = search->first_row;
    }
}

/*
 * Rows may look like heads, and each would have to be hashed. Those that the end or another
 * head follows go first, which rows do not look like: of too many of these it is said that
 * there is damage; of too many others, that there is none.
 */
static void look_behind(const struct span *span, struct umm_journal *journal)
{
    struct search search = {.span = *span,
                            .at = (size_t)journal->sound_bytes,
                            .first_row = journal->first_row + journal->n_rows};
    search.left_bytes = SEARCH_TIMES_MAX * (uint64_t)(span->len_bytes - search.at);
    find_records(&search, true, journal);
    if (search.is_given_up)
        journal->is_damaged = true;
    else
        find_records(&search, false, journal);
}

static enum umm_status parse(const char *bytes, size_t len_bytes, size_t row_bytes,
                             struct umm_journal *journal, struct umm_error *err)
{
    const struct span span = {bytes, len_bytes, row_bytes};
    size_t at = UMM_JOURNAL_HEAD_BYTES, n;
    *journal = (struct umm_journal){.is_there = true};
    enum umm_status status = parse_head(bytes, len_bytes, row_bytes, journal, err);
    if (status)
        return status;
    journal->rows = malloc(len_bytes);
    if (!journal->rows)
        return umm_error_set_memory(err, len_bytes, "a journal");
    while ((n = record_rows(&span, at, journal->first_row + journal->n_rows)) > 0) {
        memcpy(journal->rows + journal->n_rows * row_bytes, bytes + at + RECORD_HEAD_BYTES,
               n * row_bytes);
        journal->n_rows += n;
        at += UMM_JOURNAL_RECORD_EXTRA + n * row_bytes;
    }
    journal->sound_bytes = at;
    if (at < len_bytes)
        look_behind(&span, journal);
    return UMM_OK;
}

/* The whole file; NULL when there is none, and when it is foreign. */
static enum umm_status read_file(const char *path, const struct umm_file_info *archive,
                                 char **bytes, size_t *len, bool *is_foreign, struct umm_error *err)
{
    struct umm_file_info info;
    struct umm_error why;
    int fd;
    *bytes = NULL;
    enum umm_status status = umm_trust_open_read(path, archive, &fd, &info, &why);
    if (status && why.sys_errno == ENOENT)
        return UMM_OK;
    *is_foreign = status == UMM_ERR_CONFLICT;
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

enum umm_status umm_journal_read(const char *path, const struct umm_file_info *archive,
                                 size_t row_bytes, struct umm_journal *journal,
                                 struct umm_error *err)
{
    char *bytes;
    size_t len;
    *journal = (struct umm_journal){.is_there = false};
    enum umm_status status = read_file(path, archive, &bytes, &len, &journal->is_foreign, err);
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

enum umm_status umm_journal_create(const char *path, int archive_fd, uint64_t first_row,
                                   uint64_t anchor, const char *rows, size_t n, size_t row_bytes,
                                   uint64_t *sound_bytes, struct umm_error *err)
{
    const struct umm_outfile_options synced = {.is_synced = true,
                                               .model_fd = archive_fd < 0 ? NULL : &archive_fd};
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
