/* SPDX-License-Identifier: MIT */
/*
 * Every bit of an archive that is not of rows: where it is wrong, umm_archive_verify says so, and a
 * repair puts it right. What verify passes is read by two readers of the test's own, which know
 * nothing of archives: one of zstd, by its streams, and one of the seekable format, by its text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include <cmocka.h>

#include "archive/archive_check.h"
#include "archive/archive_writer.h"

enum { ROW_BYTES = 48, FRAME_ROWS = 100, ROWS_MAX = 300, FILE_MAX = 1 << 16, FIELDS = 6 };

/* In memory, where a sync costs nothing; there are thousands. */
static char in_memory[] = "/dev/shm/umm-bits-XXXXXX", on_disk[] = "/tmp/umm-bits-XXXXXX";
static char *directory, path[64], journal[80];
static char rows[ROWS_MAX * ROW_BYTES];
static unsigned char want[FILE_MAX]; /* what the file holds, unpacked */
static size_t want_len;

static size_t slurp(unsigned char *bytes)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, FILE_MAX, file);
    fclose(file);
    return len;
}

static void spit(const unsigned char *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static int start(void **unused)
{
    (void)unused;
    unlink(path);
    unlink(journal);
    return 0;
}

/* ---- others ----------------------------------------------------------------------- */

/* All frames, as zstd -dc: whether they are sound; *out_len bytes of content. */
static bool read_stream(const unsigned char *bytes, size_t len, unsigned char *out, size_t *out_len)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = {bytes, len, 0};
    ZSTD_outBuffer sink = {out, FILE_MAX, 0};
    size_t code = 1;
    while (in.pos < in.size && !ZSTD_isError(code) && sink.pos < sink.size)
        code = ZSTD_decompressStream(context, &sink, &in);
    ZSTD_freeDCtx(context);
    *out_len = sink.pos;
    return code == 0;
}

static uint32_t u32(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The same by the table, each frame from its place; checksums are compared if there are any. */
static bool read_seekable(const unsigned char *bytes, size_t len, unsigned char *out,
                          size_t *out_len)
{
    enum { FOOTER = 9 };
    const unsigned char *footer = bytes + len - FOOTER;
    *out_len = 0;
    if (len < FOOTER || u32(footer + 5) != 0x8F92EAB1U || (footer[4] & 0x7C))
        return false;
    bool has_checksums = footer[4] & 0x80;
    uint64_t n = u32(footer), each = has_checksums ? 12 : 8, table = 8 + n * each + FOOTER, at = 0;
    if (table > len)
        return false;
    const unsigned char *head = bytes + len - table, *entry = head + 8;
    if (u32(head) != 0x184D2A5EU || u32(head + 4) != table - 8)
        return false;
    for (uint64_t i = 0; i < n; i++, entry += each) {
        uint32_t packed = u32(entry), content = u32(entry + 4);
        if (packed > len - table - at || content > FILE_MAX - *out_len)
            return false;
        /* Frames without content are skippable, and need not be looked at. */
        if (content && ZSTD_decompress(out + *out_len, content, bytes + at, packed) != content)
            return false;
        if (has_checksums && (uint32_t)XXH64(out + *out_len, content, 0) != u32(entry + 8))
            return false;
        at += packed;
        *out_len += content;
    }
    return true;
}

/* How many of the two do not read what the archive holds. */
static unsigned count_misread(const unsigned char *bytes, size_t len)
{
    static unsigned char out[FILE_MAX];
    size_t n;
    unsigned misread =
        !read_stream(bytes, len, out, &n) || n != want_len || memcmp(out, want, n) != 0;
    misread += !read_seekable(bytes, len, out, &n) || n != want_len || memcmp(out, want, n) != 0;
    return misread;
}

/* ---- archives --------------------------------------------------------------------- */

static void append(const struct umm_npy *npy, uint32_t frame_rows, size_t from, size_t to,
                   bool is_stored)
{
    static struct umm_run run = {.n_threads = 1};
    struct umm_archive_writer_options options = {.frame_rows = frame_rows};
    struct umm_archive_writer w;
    assert_int_equal(umm_archive_writer_open(&w, path, npy, &options, &run, NULL), UMM_OK);
    assert_int_equal(umm_archive_writer_push(&w, rows + from * ROW_BYTES, to - from, NULL), UMM_OK);
    assert_int_equal(is_stored ? umm_archive_writer_store(&w, NULL)
                               : umm_archive_writer_commit(&w, true, NULL),
                     UMM_OK);
    umm_archive_writer_close(&w);
}

/* The header's frame as earlier versions made it, with its size. */
static size_t make_sized(unsigned char *bytes, size_t len)
{
    static unsigned char head[FILE_MAX];
    struct umm_zstd_raw raw;
    uint32_t n = u32(bytes + len - UMM_SEEKABLE_FOOTER_BYTES);
    unsigned char *entry = bytes + len - umm_seekable_table_bytes(n) + UMM_SEEKABLE_HEADER_BYTES;
    assert_true(umm_zstd_parse_raw(bytes, len, &raw));
    size_t size = umm_zstd_format_raw(bytes + raw.content_at, raw.content_bytes, true, head);
    entry[0] = (unsigned char)size;
    entry[1] = (unsigned char)(size >> 8);
    memmove(bytes + size, bytes + raw.size_bytes, len - raw.size_bytes);
    memcpy(bytes, head, size);
    return len + size - raw.size_bytes;
}

/* ---- damage ----------------------------------------------------------------------- */

struct counts {
    size_t n, n_misread, n_restored;
};

/* bytes as they are now: verify says so, and a repair makes them again what they were. */
static void try(const unsigned char *bytes, const unsigned char *whole, size_t len, size_t at,
                bool is_restored, struct counts *counts)
{
    static const struct umm_archive_writer_options torn = {.is_torn_taken = true};
    static struct umm_run run = {.n_threads = 1};
    static unsigned char after[FILE_MAX];
    struct umm_archive_repair_result result;
    struct umm_archive_stat stat;
    struct umm_error err = {.status = UMM_OK};
    unsigned misread = count_misread(bytes, len);
    counts->n++;
    counts->n_misread += misread > 0;
    spit(bytes, len);
    enum umm_status status = umm_archive_verify(path, &run, &stat, &err);
    if (status == UMM_OK)
        fail_msg("byte %zu: verify passes, %u others do not read it", at, misread);
    status = umm_archive_repair(path, &torn, &run, &result, &err);
    size_t n = slurp(after);
    bool is_same = n == len && memcmp(after, whole, len) == 0;
    counts->n_restored += is_same;
    if (is_same != (status == UMM_OK) || (is_restored && !is_same))
        fail_msg("byte %zu: repair: %s; restored: %d", at, status ? err.message : "done", is_same);
    if (is_same)
        assert_true(result.is_changed && result.n_lost == 0);
    else /* nothing but the damage */
        assert_true(n == len && memcmp(after, bytes, len) == 0);
}

/* Each byte of the head, the table and the footer. */
static void damage_each(unsigned char *bytes, size_t len)
{
    static unsigned char whole[FILE_MAX];
    struct counts bits = {0}, inverted = {0};
    struct umm_archive_stat stat;
    struct umm_zstd_raw raw;
    assert_true(read_stream(bytes, len, want, &want_len));
    assert_int_equal(count_misread(bytes, len), 0);
    spit(bytes, len);
    assert_int_equal(umm_archive_verify(path, NULL, &stat, NULL), UMM_OK);
    assert_true(umm_zstd_parse_raw(bytes, len, &raw));
    size_t n_entries = u32(bytes + len - UMM_SEEKABLE_FOOTER_BYTES);
    size_t data_at = raw.size_bytes + UMM_ARCHIVE_DESCRIPTION_BYTES;
    size_t table_at = len - umm_seekable_table_bytes(n_entries);
    memcpy(whole, bytes, len);
    for (size_t at = 0; at < len; at = at + 1 == data_at ? table_at : at + 1) {
        /* Where a sanitizer takes its time, one of each byte. */
        for (unsigned bit = getenv("UMM_SAN") ? at % 8 : 0; bit < 8;
             bit += getenv("UMM_SAN") ? 8 : 1) {
            bytes[at] ^= (unsigned char)(1U << bit);
            try(bytes, whole, len, at, true, &bits);
            bytes[at] = whole[at];
        }
        bytes[at] = (unsigned char)~whole[at];
        try(bytes, whole, len, at, false, &inverted);
        bytes[at] = whole[at];
    }
    assert_true(bits.n_misread > bits.n / 3);
    /* All but the header's text, and the table's checksum of it. */
    assert_true(inverted.n - inverted.n_restored <= raw.content_bytes + sizeof(uint32_t));
}

static void each_bit_of_a_plain_archive(void **unused)
{
    static unsigned char bytes[FILE_MAX];
    const struct umm_npy npy = {.n_dims = 2, .shape = {0, 6}, .type = {'f', false, 8, ""}};
    (void)unused;
    append(&npy, FRAME_ROWS, 0, 250, false);
    damage_each(bytes, slurp(bytes));
}

/* Its only frame says nothing of how many rows a frame has. */
static void each_bit_of_a_small_one_of_an_earlier_version(void **unused)
{
    static unsigned char bytes[FILE_MAX];
    const struct umm_npy npy = {.n_dims = 2, .shape = {0, 6}, .type = {'f', false, 8, ""}};
    (void)unused;
    append(&npy, 0, 0, 30, false);
    damage_each(bytes, make_sized(bytes, slurp(bytes)));
}

/* Of two full frames and no last one; the header is more than 255 bytes. */
static void each_bit_of_one_with_names(void **unused)
{
    static unsigned char bytes[FILE_MAX];
    static struct umm_npy_field fields[FIELDS];
    const struct umm_npy npy = {.n_dims = 1,
                                .type = {'V', false, ROW_BYTES, ""},
                                .is_struct = true,
                                .fields = fields,
                                .n_fields = FIELDS};
    (void)unused;
    for (uint32_t i = 0; i < FIELDS; i++) {
        fields[i] = (struct umm_npy_field){.type = {'f', false, 8, ""}, .offset_bytes = 8 * i};
        snprintf(fields[i].name, sizeof fields[i].name, "a column of some length: %u", i);
    }
    append(&npy, FRAME_ROWS, 0, 200, false);
    damage_each(bytes, make_sized(bytes, slurp(bytes)));
}

/* With rows beside it in the journal: a repair loses none. */
static void damage_beside_a_journal(void **unused)
{
    static unsigned char bytes[FILE_MAX], kept[FILE_MAX], out[FILE_MAX];
    const struct umm_npy npy = {.n_dims = 2, .shape = {0, 6}, .type = {'f', false, 8, ""}};
    static const struct umm_archive_writer_options torn = {.is_torn_taken = true};
    static struct umm_run run = {.n_threads = 1};
    struct umm_archive_repair_result result;
    struct umm_archive_stat stat;
    size_t n;
    (void)unused;
    for (size_t from = 200; from <= 250; from += 50) {
        start(NULL);
        append(&npy, FRAME_ROWS, 0, from, false);
        append(&npy, FRAME_ROWS, from, 255, true);
        size_t len = slurp(bytes), head = 137 + UMM_ARCHIVE_DESCRIPTION_BYTES;
        FILE *file = fopen(journal, "rb");
        assert_non_null(file);
        size_t kept_len = fread(kept, 1, FILE_MAX, file);
        fclose(file);
        assert_int_equal(umm_archive_verify(path, &run, &stat, NULL), UMM_OK);
        size_t n_entries = u32(bytes + len - UMM_SEEKABLE_FOOTER_BYTES);
        size_t table_at = len - umm_seekable_table_bytes(n_entries);
        for (size_t at = 0; at < len; at = at + 7 < head || at >= head ? at + 7 : table_at) {
            bytes[at] ^= 16;
            spit(bytes, len);
            bytes[at] ^= 16;
            file = fopen(journal, "wb");
            assert_int_equal(fwrite(kept, 1, kept_len, file), kept_len);
            fclose(file);
            assert_int_not_equal(umm_archive_verify(path, &run, &stat, NULL), UMM_OK);
            assert_int_equal(umm_archive_repair(path, &torn, &run, &result, NULL), UMM_OK);
            assert_int_equal(result.n_rows, 255);
            assert_int_equal(umm_archive_verify(path, &run, &stat, NULL), UMM_OK);
            assert_int_equal(stat.n_framed, 255);
            size_t mended = slurp(out);
            memcpy(want + 128, rows, 255 * ROW_BYTES);
            assert_true(read_stream(out, mended, kept + kept_len, &n));
            assert_int_equal(n, 128 + 255 * ROW_BYTES);
            assert_memory_equal(kept + kept_len + 128, rows, 255 * ROW_BYTES);
        }
    }
}

static int set_up(void **unused)
{
    (void)unused;
    directory = mkdtemp(in_memory);
    if (!directory)
        directory = mkdtemp(on_disk);
    if (!directory)
        return -1;
    snprintf(path, sizeof path, "%s/a.npy.zst", directory);
    snprintf(journal, sizeof journal, "%s/a.npy.zst.journal", directory);
    for (size_t i = 0; i < sizeof rows; i++)
        rows[i] = (char)(i % 8 < 5 ? i / ROW_BYTES : i * i / 7);
    return 0;
}

static int tear_down(void **unused)
{
    start(unused);
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_bit_of_a_plain_archive, start),
        cmocka_unit_test_setup(each_bit_of_a_small_one_of_an_earlier_version, start),
        cmocka_unit_test_setup(each_bit_of_one_with_names, start),
        cmocka_unit_test_setup(damage_beside_a_journal, start),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
