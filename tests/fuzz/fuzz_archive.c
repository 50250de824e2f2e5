/* SPDX-License-Identifier: MIT */
/*
 * fuzz_archive.c - bytes as an archive and its journal: no crash, no memory beyond what
 * the bytes hold and a few frames; no repair changes a row that can be read, and a second one
 * nothing; and what verify passes, a reader of zstd that knows nothing of archives reads.
 *
 *     u16 bytes of the journal, 0 for none | archive ... | journal
 *
 * The header's frame is of either kind. The hashes of description and journal and the table's
 * checksum of the header are put right, so that what they guard is seen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive_check.h"
#include "archive/archive_journal.h"
#include "base/bytes.h"
#include "base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS_MAX = 100000, STEP_BYTES = 1 << 20, FILE_MAX = 1 << 20, HASHED = 32 };

static char directory[] = "/dev/shm/umm-fuzz-XXXXXX", path[64], journal_path[64];

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void clean_up(void)
{
    unlink(path);
    unlink(journal_path);
    rmdir(directory);
}

static void make_directory(void)
{
    if (path[0])
        return;
    require(mkdtemp(directory) != NULL, "no directory");
    snprintf(path, sizeof path, "%s/a", directory);
    atexit(clean_up);
    snprintf(journal_path, sizeof journal_path, "%s/a.journal", directory);
}

static void spit(const char *name, const char *bytes, size_t len)
{
    FILE *file = fopen(name, "wb");
    require(file && fwrite(bytes, 1, len, file) == len && fclose(file) == 0, "no file");
}

static void mend_archive(char *bytes, size_t len)
{
    static const char magic[8] = "UMMARCH";
    char *p = memmem(bytes, len, magic, sizeof magic);
    if (p && (size_t)(bytes + len - p) >= HASHED + 8)
        umm_bytes_put(p + HASHED, umm_hash64(p, HASHED, 0), 8);
    struct umm_zstd_raw raw;
    size_t n;
    if (len >= UMM_SEEKABLE_FOOTER_BYTES && umm_zstd_parse_raw(bytes, len, &raw) &&
        umm_seekable_parse_footer(bytes + len - UMM_SEEKABLE_FOOTER_BYTES, &n) && n > 0 &&
        umm_seekable_table_bytes(n) <= len)
        umm_bytes_put(bytes + len - umm_seekable_table_bytes(n) + UMM_SEEKABLE_HEADER_BYTES + 8,
                      umm_seekable_checksum(bytes + raw.content_at, raw.content_bytes), 4);
}

/* Records as far as they are whole. */
static void mend_journal(char *bytes, size_t len, size_t row_bytes)
{
    if (len < UMM_JOURNAL_HEAD_BYTES)
        return;
    umm_bytes_put(bytes + HASHED, umm_hash64(bytes, HASHED, 0), 8);
    for (size_t at = UMM_JOURNAL_HEAD_BYTES; len - at >= UMM_JOURNAL_RECORD_EXTRA;) {
        uint64_t n = umm_bytes_get(bytes + at + 8, 4);
        if (n == 0 || n > (len - at - UMM_JOURNAL_RECORD_EXTRA) / row_bytes)
            return;
        size_t hashed = UMM_JOURNAL_RECORD_EXTRA - 8 + (size_t)n * row_bytes;
        umm_bytes_put(bytes + at + hashed, umm_hash64(bytes + at, hashed, 0), 8);
        at += hashed + 8;
    }
}

/* All rows, in steps; a hash of them, 0 when some cannot be read. */
static uint64_t read_all(struct umm_archive *a, uint64_t n_rows)
{
    size_t step = STEP_BYTES / a->row_bytes + 1;
    char *rows = malloc(step * a->row_bytes);
    uint64_t hash = 1;
    require(rows != NULL, "out of memory");
    for (uint64_t first = 0; hash && first < n_rows; first += step) {
        uint64_t n = n_rows - first < step ? n_rows - first : step;
        hash = umm_archive_read(a, first, n, rows, NULL) == UMM_OK
                   ? hash * 31 + umm_hash64(rows, (size_t)n * a->row_bytes, 0) + 1
                   : 0;
    }
    free(rows);
    return hash;
}

static uint64_t read_rows(uint64_t *n_rows)
{
    struct umm_archive a;
    uint64_t hash = 0;
    *n_rows = 0;
    if (umm_archive_open(&a, path, NULL) == UMM_OK) {
        require(a.n_rows >= a.n_framed, "fewer rows than the header counts");
        *n_rows = a.n_rows;
        hash = read_all(&a, a.n_rows < ROWS_MAX ? a.n_rows : ROWS_MAX);
    }
    umm_archive_close(&a);
    return hash;
}

/* What others read of the file: its rows, behind a header, hashed in the same steps. */
static void check_verified(void)
{
    static char bytes[FILE_MAX];
    struct umm_archive_stat stat;
    struct umm_archive a;
    struct umm_zstd_reader *reader = NULL;
    uint64_t hash = 1;
    size_t n = 0;
    if (umm_archive_verify(path, NULL, &stat, NULL) != UMM_OK || stat.n_framed > ROWS_MAX)
        return;
    FILE *file = fopen(path, "rb");
    require(file != NULL, "no file");
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    require(umm_archive_open_framed(&a, path, NULL) == UMM_OK, "verified, and not to be opened");
    uint64_t wanted = read_all(&a, stat.n_framed);
    size_t text_len = a.own[0].content_bytes, step = (STEP_BYTES / a.row_bytes + 1) * a.row_bytes;
    size_t all = text_len + (size_t)stat.n_framed * a.row_bytes;
    char *out = malloc(all + 1);
    const char *in = bytes;
    require(out && umm_zstd_reader_new(&reader, NULL) == UMM_OK, "out of memory");
    for (size_t now = 1; now > 0; n += now)
        require(umm_zstd_reader_read(reader, &in, &len, out + n, all + 1 - n, &now, NULL) == UMM_OK,
                "verified, and damaged for others");
    require(n == all && umm_zstd_reader_is_complete(reader), "verified, and others read less");
    for (size_t at = text_len; at < all; at += step)
        hash = hash * 31 + umm_hash64(out + at, all - at < step ? all - at : step, 0) + 1;
    require(hash == wanted, "verified, and others read other rows");
    umm_zstd_reader_free(reader);
    umm_archive_close(&a);
    free(out);
}

/* A writer that adds nothing changes no row. */
static void check_writers(void)
{
    static struct umm_run run = {.n_threads = 1};
    struct umm_archive_writer_options options = {.is_torn_taken = false};
    struct umm_archive_repair_result result;
    uint64_t n, n_after, hash = read_rows(&n);
    enum umm_status status = umm_archive_repair(path, &options, &run, &result, NULL);
    uint64_t after = read_rows(&n_after);
    require(n == 0 || n == n_after, "another number of rows");
    require(hash == 0 || hash == after, "other rows");
    check_verified();
    if (status)
        options.is_torn_taken = true;
    if (umm_archive_repair(path, &options, &run, &result, NULL) != UMM_OK)
        return;
    (void)read_rows(&n_after);
    check_verified();
    require(umm_archive_repair(path, &options, &run, &result, NULL) == UMM_OK, "no second repair");
    require(!result.is_changed, "a second repair finds more");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char bytes[FILE_MAX];
    if (size < 2 || size > sizeof bytes)
        return 0;
    make_directory();
    memcpy(bytes, data + 2, size - 2);
    size_t len = size - 2, journal_len = umm_bytes_get(data, 2);
    journal_len = journal_len < len ? journal_len : len;
    len -= journal_len;
    mend_archive(bytes, len);
    spit(path, bytes, len);
    unlink(journal_path);
    struct umm_archive a;
    size_t row_bytes = umm_archive_open(&a, path, NULL) == UMM_OK ? a.row_bytes : 48;
    umm_archive_close(&a);
    mend_journal(bytes + len, journal_len, row_bytes);
    if (journal_len)
        spit(journal_path, bytes + len, journal_len);
    check_verified();
    check_writers();
    return 0;
}
