/* SPDX-License-Identifier: MIT */
/*
 * Frames and seek tables, judged by zstd(1): it unpacks what is packed here, raw
 * frames and tables included, and lists as many frames as there are.
 */
#include "format/seekable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "format/zstd.h"

#include "random.h"

enum { CONTENT_MAX = 300000 };

static unsigned char content[CONTENT_MAX];

static int fill_content(void **state)
{
    uint64_t x = RANDOM_SEED;
    (void)state;
    for (size_t i = 0; i < sizeof content; i++) {
        xorshift64(&x);
        content[i] = (unsigned char)(i % 3 ? i >> 4 : x);
    }
    return 0;
}

/* What zstd(1) with those options makes of len bytes; its length, -1 if it fails. */
static long zstd(const char *options, const void *bytes, size_t len, void *out, size_t cap)
{
    char path[] = "/tmp/umm-test-seekable.XXXXXX", command[256];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
    snprintf(command, sizeof command, "zstd -q %s <%s 2>/dev/null", options, path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t n = fread(out, 1, cap, pipe);
    int code = pclose(pipe);
    unlink(path);
    return code ? -1 : (long)n;
}

static void hash_is_xxh64(void **state)
{
    (void)state;
    /* From the reference implementation's own tests: no bytes; and xxhsum's of "abc". */
    assert_true(umm_hash64("", 0, 0) == UINT64_C(0xEF46DB3751D8E999));
    assert_true(umm_hash64("", 0, 2654435761) == UINT64_C(0xAC75FDA2929B17EF));
    assert_true(umm_hash64("abc", 3, 0) == UINT64_C(0x44BC2CF5AD770999));
}

static void frames_come_back(void **state)
{
    static const size_t sizes[] = {0, 1, 255, 256, 65791, 65792, 200000, CONTENT_MAX};
    static const int levels[] = {UMM_ZSTD_LEVEL_MIN, UMM_ZSTD_LEVEL, 12};
    unsigned char *packed = malloc(umm_zstd_frame_max(CONTENT_MAX) + 1);
    unsigned char *out = malloc(CONTENT_MAX + 1);
    struct umm_zstd_unpacker *unpacker = NULL;
    struct umm_zstd_frame frame;
    (void)state;
    assert_int_equal(umm_zstd_unpacker_new(&unpacker, NULL), UMM_OK);
    for (size_t l = 0; l < 3; l++) {
        struct umm_zstd_packer *packer = NULL;
        assert_int_equal(umm_zstd_packer_new(levels[l], &packer, NULL), UMM_OK);
        for (size_t i = 0; i < 8; i++) {
            size_t n, size = sizes[i];
            assert_int_equal(umm_zstd_pack(packer, content, size, packed, &n, NULL), UMM_OK);
            assert_true(umm_zstd_measure(packed, n, &frame));
            assert_int_equal(frame.size_bytes, n);
            assert_int_equal(frame.content_bytes, size);
            assert_false(frame.is_skippable);
            assert_false(umm_zstd_measure(packed, n - 1, &frame));
            uint32_t checksum = 0;
            assert_true(umm_zstd_checksum(packed, n, &checksum));
            assert_int_equal(checksum, umm_seekable_checksum(content, size));
            size_t raw = umm_zstd_format_raw(content, 300, true, out);
            assert_false(umm_zstd_checksum(out, raw, &checksum));
            assert_int_equal(umm_zstd_unpack(unpacker, packed, n, out, size, NULL), UMM_OK);
            assert_memory_equal(out, content, size);
            assert_int_equal(zstd("-dc", packed, n, out, CONTENT_MAX + 1), (long)size);
            assert_memory_equal(out, content, size);
            assert_int_equal(umm_zstd_unpack(unpacker, packed, n, out, size + 1, NULL),
                             UMM_ERR_DATA);
            if (size)
                assert_int_equal(umm_zstd_unpack(unpacker, packed, n, out, size - 1, NULL),
                                 UMM_ERR_DATA);
            packed[n - 1] ^= 1; /* of the checksum */
            assert_int_equal(umm_zstd_unpack(unpacker, packed, n, out, size, NULL), UMM_ERR_DATA);
        }
        umm_zstd_packer_free(packer);
    }
    umm_zstd_unpacker_free(unpacker);
    free(packed);
    free(out);
}

/* A frame of that size, one byte too short for it, and with each bit of what is not content wrong.
 */
static void check_raw(size_t size, bool is_sized)
{
    static unsigned char raw[UMM_ZSTD_RAW_MAX + UMM_ZSTD_RAW_EXTRA], out[CONTENT_MAX];
    struct umm_zstd_frame frame;
    struct umm_zstd_raw parsed;
    size_t n = umm_zstd_format_raw(content, size, is_sized, raw);
    assert_int_equal(umm_zstd_format_raw(content + 1, size, is_sized, raw), n);
    assert_true(umm_zstd_parse_raw(raw, n, &parsed));
    assert_int_equal(parsed.is_sized, is_sized);
    assert_int_equal(parsed.size_bytes, n);
    assert_int_equal(parsed.content_bytes, size);
    assert_int_equal(parsed.content_at, n - size);
    assert_false(umm_zstd_parse_raw(raw, n - 1, &parsed));
    for (size_t bit = 0; bit < 8 * (n - size); bit++) {
        raw[bit / 8] ^= (unsigned char)(1U << bit % 8);
        /* The length is there once, unless the frame is sized: then it is another frame. */
        assert_true(!umm_zstd_parse_raw(raw, n, &parsed) ||
                    (!is_sized && parsed.content_bytes != size));
        raw[bit / 8] ^= (unsigned char)(1U << bit % 8);
    }
    assert_int_equal(umm_zstd_measure(raw, n, &frame), is_sized);
    assert_int_equal(zstd("-dc", raw, n, out, CONTENT_MAX), (long)size);
    assert_memory_equal(out, content + 1, size);
    assert_int_equal(zstd("-dc --single-thread --no-asyncio", raw, n, out, CONTENT_MAX),
                     (long)size);
}

static void raw_frames_keep_their_size(void **state)
{
    static const size_t sizes[] = {1, 64, 128, 255, 256, 65791, 65792, UMM_ZSTD_RAW_MAX};
    static unsigned char raw[256];
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        check_raw(sizes[i], false);
        check_raw(sizes[i], true);
    }
    assert_int_equal(umm_zstd_format_raw(content, 128, false, raw), 137);
    assert_int_equal(umm_zstd_format_raw(content, 128, true, raw), 137);
}

static void tables_are_skipped_and_read_back(void **state)
{
    enum { N = 3 };
    unsigned char file[4096], out[4096];
    struct umm_seekable_entry entries[N], back;
    struct umm_zstd_frame frame;
    size_t len = 0, n;
    (void)state;
    for (size_t i = 0; i < N; i++) {
        size_t packed = umm_zstd_format_raw(content + 100 * i, 100, i % 2, file + len);
        entries[i] = (struct umm_seekable_entry){(uint32_t)packed, 100,
                                                 umm_seekable_checksum(content + 100 * i, 100)};
        len += packed;
    }
    unsigned char *table = file + len;
    umm_seekable_format_header(N, table);
    for (size_t i = 0; i < N; i++)
        umm_seekable_format_entry(&entries[i],
                                  table + UMM_SEEKABLE_HEADER_BYTES + i * UMM_SEEKABLE_ENTRY_BYTES);
    len += umm_seekable_table_bytes(N);
    umm_seekable_format_footer(N, file + len - UMM_SEEKABLE_FOOTER_BYTES);
    assert_true(umm_zstd_measure(table, umm_seekable_table_bytes(N), &frame));
    assert_true(frame.is_skippable);
    assert_int_equal(frame.size_bytes, umm_seekable_table_bytes(N));
    assert_int_equal(zstd("-dc", file, len, out, sizeof out), 100 * N);
    assert_memory_equal(out, content, 100 * N);
    assert_true(umm_seekable_parse_footer(file + len - UMM_SEEKABLE_FOOTER_BYTES, &n));
    assert_int_equal(n, N);
    assert_true(umm_seekable_is_header(table, N));
    assert_false(umm_seekable_is_header(table, N + 1));
    for (size_t i = 0; i < N; i++) {
        umm_seekable_parse_entry(table + UMM_SEEKABLE_HEADER_BYTES + i * UMM_SEEKABLE_ENTRY_BYTES,
                                 &back);
        assert_memory_equal(&back, &entries[i], sizeof back);
    }
    file[len - 1] ^= 1;
    assert_false(umm_seekable_parse_footer(file + len - UMM_SEEKABLE_FOOTER_BYTES, &n));
    file[len - 1] ^= 1;
    file[len - 5] = 0; /* no checksums */
    assert_false(umm_seekable_parse_footer(file + len - UMM_SEEKABLE_FOOTER_BYTES, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_xxh64),
        cmocka_unit_test(frames_come_back),
        cmocka_unit_test(raw_frames_keep_their_size),
        cmocka_unit_test(tables_are_skipped_and_read_back),
    };
    return cmocka_run_group_tests(tests, fill_content, NULL);
}
