/* SPDX-License-Identifier: MIT */
/* Against what zstd(1) compresses, in pieces of every awkward size. */
#include "format/zstd.h"

#include "base/hint.h"
#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { TEXT_MAX = 300000, PACKED_MAX = 400000 };

static char text[TEXT_MAX]; /* bars, as in a file */
static size_t text_len;
static char *packed; /* what zstd(1) made of text, all of it or its first bytes */
static size_t packed_len;

static uint64_t next_random(void)
{
    static uint64_t x = RANDOM_SEED;
    return xorshift64(&x);
}

/* Add the output of zstd(1) with those options over the first len bytes of text. */
static void pack(const char *options, size_t len)
{
    char path[] = "/tmp/umm-test-zstd.XXXXXX", command[256];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    close(fd);
    snprintf(command, sizeof command, "zstd -q %s <%s", options, path);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    size_t n = fread(packed + packed_len, 1, PACKED_MAX - packed_len, out);
    assert_int_equal(pclose(out), 0);
    unlink(path);
    assert_true(n > 0);
    packed_len += n;
}

static int set_up(void **state)
{
    (void)state;
    packed = malloc(PACKED_MAX);
    for (unsigned i = 0; text_len + 100 < sizeof text; i++)
        text_len +=
            (size_t)snprintf(text + text_len, 100, "%u,%u.%02u,%u,%u,%u,%u\n", 1672531200 + 60 * i,
                             100 + i % 7, (unsigned)(next_random() % 100), 110U, 90U, 100 + i % 5,
                             (unsigned)(next_random() % 100000));
    return packed ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(packed);
    return 0;
}

/* ---- reading ---- */

struct outcome {
    enum umm_status status;
    bool is_complete;
    size_t len;
};

static char unpacked[2 * TEXT_MAX];

/* Feed bytes in pieces of in_step, with room for out_step bytes at a time. */
static struct outcome unpack(const char *bytes, size_t len, size_t in_step, size_t out_step)
{
    struct umm_zstd_reader *reader = NULL;
    struct outcome outcome = {.status = UMM_OK};
    struct umm_error err = {0};
    assert_int_equal(umm_zstd_reader_new(&reader, NULL), UMM_OK);
    assert_true(umm_zstd_reader_is_complete(reader));
    for (size_t at = 0; at < len && !outcome.status;) {
        size_t left = len - at < in_step ? len - at : in_step;
        /* A copy of its own: a byte too far is seen by the sanitizers. */
        char *piece = malloc(left);
        const char *in = piece;
        size_t n_out = 0, before;
        memcpy(piece, bytes + at, left);
        at += left;
        do {
            size_t room = sizeof unpacked - outcome.len;
            before = left;
            outcome.status = umm_zstd_reader_read(reader, &in, &left, unpacked + outcome.len,
                                                  room < out_step ? room : out_step, &n_out, &err);
            if (outcome.status) {
                assert_int_equal(err.status, outcome.status);
                assert_true(err.message[0] && !strchr(err.message, '\n'));
                break;
            }
            outcome.len += n_out;
        } while (n_out || left != before);
        assert_true(outcome.status || left == 0);
        free(piece);
    }
    outcome.is_complete = !outcome.status && umm_zstd_reader_is_complete(reader);
    umm_zstd_reader_free(reader);
    return outcome;
}

static void assert_unpacks(size_t in_step, size_t out_step, size_t expected_len)
{
    struct outcome got = unpack(packed, packed_len, in_step, out_step);
    assert_int_equal(got.status, UMM_OK);
    assert_true(got.is_complete);
    assert_int_equal(got.len, expected_len);
    assert_memory_equal(unpacked, text, expected_len < text_len ? expected_len : text_len);
}

static const size_t steps[] = {1, 2, 3, 7, 13, 100, SIZE_MAX};
enum { N_STEPS = sizeof steps / sizeof *steps };

static void test_what_zstd_compressed_in_all_pieces(void **state)
{
    static const char *const options[] = {"-1", "-19 --no-check", "--check", "--fast=5"};
    (void)state;
    for (size_t o = 0; o < sizeof options / sizeof *options; o++) {
        packed_len = 0;
        pack(options[o], 20000);
        for (size_t i = 0; i < N_STEPS; i++)
            for (size_t k = 0; k < N_STEPS; k++)
                assert_unpacks(steps[i], steps[k], 20000);
    }
    packed_len = 0;
    pack("-3", text_len);
    assert_unpacks(1, 4096, text_len);
    assert_unpacks(13, SIZE_MAX, text_len);
    assert_unpacks(SIZE_MAX, 1000, text_len);
}

static void put_skippable(unsigned kind, size_t len)
{
    const unsigned char head[8] = {
        (unsigned char)(0x50 + kind), 0x2a, 0x4d, 0x18, (unsigned char)len,
        (unsigned char)(len >> 8)};
    memcpy(packed + packed_len, head, sizeof head);
    memset(packed + packed_len + sizeof head, 0xee, len);
    packed_len += sizeof head + len;
}

static void test_frames_follow_each_other_and_skippable_ones_are_skipped(void **state)
{
    size_t whole = 0;
    (void)state;
    packed_len = 0;
    put_skippable(0, 0);
    pack("-1", 5000);
    put_skippable(15, 300);
    put_skippable(7, 1);
    pack("--check", 0);
    pack("-3 --check", 3000);
    put_skippable(14, 17);
    whole = 8000;
    for (size_t i = 0; i < N_STEPS; i++)
        for (size_t k = 0; k < N_STEPS; k++) {
            struct outcome got = unpack(packed, packed_len, steps[i], steps[k]);
            assert_int_equal(got.status, UMM_OK);
            assert_true(got.is_complete);
            assert_int_equal(got.len, whole);
            assert_memory_equal(unpacked, text, 5000);
            assert_memory_equal(unpacked + 5000, text, 3000);
        }
}

/* Cut anywhere: what came so far is right, and only between frames is it complete. */
static void test_truncated_data_is_incomplete(void **state)
{
    (void)state;
    packed_len = 0;
    pack("-1 --check", 2000);
    size_t first = packed_len;
    pack("-1 --no-check", 1500);
    size_t second = packed_len;
    put_skippable(3, 20);
    for (size_t n = 1; n <= packed_len; n++) {
        for (size_t k = 0; k < 2; k++) {
            struct outcome got = unpack(packed, n, k ? 1 : SIZE_MAX, 4096);
            assert_int_equal(got.status, UMM_OK);
            assert_int_equal(got.is_complete, n == first || n == second || n == packed_len);
            assert_true(got.len <= 3500);
            assert_memory_equal(unpacked, text, got.len < 2000 ? got.len : 2000);
        }
    }
}

/* With a checksum, a bit turned over is refused, or makes no difference. */
static void test_damaged_data_is_refused(void **state)
{
    unsigned n_refused = 0;
    (void)state;
    packed_len = 0;
    pack("-3 --check", 1200);
    for (size_t i = 0; i < packed_len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            packed[i] = (char)(packed[i] ^ 1 << bit);
            struct outcome got = unpack(packed, packed_len, SIZE_MAX, 4096);
            packed[i] = (char)(packed[i] ^ 1 << bit);
            n_refused += got.status == UMM_ERR_DATA;
            if (got.is_complete) {
                assert_int_equal(got.len, 1200);
                assert_memory_equal(unpacked, text, got.len);
            }
        }
    }
    assert_true(n_refused > packed_len * 7);
    /* Something else behind the frame. */
    memcpy(packed + packed_len, "1,2,3\n", 6);
    assert_int_equal(unpack(packed, packed_len + 6, SIZE_MAX, 4096).status, UMM_ERR_DATA);
}

static void test_wide_windows_are_refused(void **state)
{
    /* A frame of unknown content size with a window of 256 MiB. */
    static const char frame[] = "\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00";
    struct umm_zstd_reader *reader = NULL;
    struct umm_error err = {0};
    const char *in = frame;
    size_t in_len = sizeof frame - 1, n_out;
    char out[16];
    (void)state;
    assert_int_equal(umm_zstd_reader_new(&reader, NULL), UMM_OK);
    assert_int_equal(umm_zstd_reader_read(reader, &in, &in_len, out, sizeof out, &n_out, &err),
                     UMM_ERR_DATA);
    assert_non_null(strstr(err.message, "window"));
    assert_int_equal(err.hint, UMM_HINT_ZSTD_WINDOW);
    umm_zstd_reader_free(reader);
    umm_zstd_reader_free(NULL);
}

static void test_magic_numbers(void **state)
{
    (void)state;
    assert_true(umm_zstd_is_magic("\x28\xb5\x2f\xfd", 4));
    for (int i = 0; i < 256; i++) {
        char skippable[4] = {(char)i, 0x2a, 0x4d, 0x18};
        assert_int_equal(umm_zstd_is_magic(skippable, 4), i >> 4 == 5);
    }
    assert_false(umm_zstd_is_magic("\x28\xb5\x2f\xfd", 3));
    assert_false(umm_zstd_is_magic("\xfd\x2f\xb5\x28", 4));
    assert_false(umm_zstd_is_magic("time", 4));
    assert_false(umm_zstd_is_magic("", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_zstd_compressed_in_all_pieces),
        cmocka_unit_test(test_frames_follow_each_other_and_skippable_ones_are_skipped),
        cmocka_unit_test(test_truncated_data_is_incomplete),
        cmocka_unit_test(test_damaged_data_is_refused),
        cmocka_unit_test(test_wide_windows_are_refused),
        cmocka_unit_test(test_magic_numbers),
    };

    return cmocka_run_group_tests_name("zstd", tests, set_up, tear_down);
}
