/* SPDX-License-Identifier: MIT */
/*
 * What first bytes and names say, the members of an archive in order, the record that ends a zip
 * archive. What comes out of packed files, the tools' tests compare with Python's.
 */
#include "unpack/members.h"
#include "unpack/packing.h"
#include "unpack/zipend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum umm_packing of(const char *bytes, size_t len, bool is_all)
{
    /* Exactly so long, for the sanitizers. */
    char *copy = malloc(len + !len);
    memcpy(copy, bytes, len);
    enum umm_packing packing = umm_packing_of(copy, len, is_all);
    free(copy);
    return packing;
}

static void test_first_bytes(void **state)
{
    static const struct {
        const char *bytes;
        size_t len, sure; /* from there on a file that ends is of this packing */
        enum umm_packing packing;
    } magics[] = {{"\x1f\x8b", 2, 1, UMM_PACKING_GZIP},
                  {"BZh", 3, 3, UMM_PACKING_BZIP2},
                  {"\xfd"
                   "7zXZ",
                   5, 2, UMM_PACKING_XZ},
                  {"\x28\xb5\x2f\xfd", 4, 2, UMM_PACKING_ZSTD},
                  {"\x5f\x2a\x4d\x18", 4, 4, UMM_PACKING_ZSTD},
                  {"PK\3\4", 4, 3, UMM_PACKING_ZIP},
                  {"PK\5\6", 4, 3, UMM_PACKING_ZIP},
                  {"7z\xbc\xaf\x27\x1c", 6, 3, UMM_PACKING_7Z}};
    (void)state;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        char bytes[16] = "";
        memcpy(bytes, magics[i].bytes, magics[i].len);
        for (size_t len = 0; len <= magics[i].len; len++) {
            const bool is_whole = len == magics[i].len;
            assert_int_equal(of(bytes, len, false),
                             is_whole ? magics[i].packing : UMM_PACKING_NONE);
            assert_int_equal(of(bytes, len, true), is_whole || len >= magics[i].sure
                                                       ? magics[i].packing
                                                       : UMM_PACKING_NONE);
        }
        assert_int_equal(of(bytes, sizeof bytes, false), magics[i].packing);
        assert_non_null(umm_packing_name(magics[i].packing));
    }
    assert_int_equal(of("", 0, true), UMM_PACKING_NONE);
    assert_int_equal(of("timestamp,open\n", 15, true), UMM_PACKING_NONE);
    assert_int_equal(of("PKO,BZ", 6, true), UMM_PACKING_NONE);
    assert_null(umm_packing_name(UMM_PACKING_NONE));
}

static void test_tar_by_the_sum_of_its_header(void **state)
{
    char header[512] = "bars.csv";
    unsigned sum = 8 * ' ';
    (void)state;
    memcpy(header + 100, "0000644", 7);
    for (size_t i = 0; i < sizeof header; i++)
        sum += (unsigned char)header[i];
    for (int form = 0; form < 3; form++) {
        char digits[16] = "";
        memset(header + 148, 0, 8);
        snprintf(digits, sizeof digits, "%s%0*o", form == 2 ? " " : "", 5 + form % 2, sum);
        memcpy(header + 148, digits, 7);
        assert_int_equal(of(header, sizeof header, false), UMM_PACKING_TAR);
        assert_int_equal(of(header, sizeof header - 1, true), UMM_PACKING_NONE);
        header[3] ^= 1;
        assert_int_equal(of(header, sizeof header, false), UMM_PACKING_NONE);
        header[3] ^= 1;
    }
    memset(header, 0, sizeof header);
    assert_int_equal(of(header, sizeof header, true), UMM_PACKING_NONE);
}

static void test_stems(void **state)
{
    static const char *const names[][2] = {{"a.csv.gz", "a.csv"},  {"a.tar.gz", "a"},
                                           {"a.TGZ", "a"},         {"a.csv.tar.xz", "a.csv"},
                                           {"a.zip", "a"},         {"a.csv", "a.csv"},
                                           {".gz", ".gz"},         {"a.zip.gz", "a.zip"},
                                           {"tar.gz", "tar"},      {"", ""},
                                           {"a.tar.tar", "a.tar"}, {".tar.bz2", ".tar"},
                                           {"a.zst", "a"},         {"a.tbz2", "a"},
                                           {"a.txz", "a"}};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(umm_packing_stem(names[i][0], strlen(names[i][0])), strlen(names[i][1]));
}

static enum umm_status take(struct umm_members *members, const char *name,
                            enum umm_member_kind kind, bool is_encrypted)
{
    const struct umm_container_entry entry = {
        .name = name, .kind = kind, .is_encrypted = is_encrypted};
    return umm_members_take(members, &entry, NULL);
}

static void test_members_are_in_order_by_name(void **state)
{
    struct umm_members members = {.n = 0};
    char name[16];
    (void)state;
    assert_int_equal(take(&members, "d/", UMM_MEMBER_DIRECTORY, false), UMM_OK);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "%02d.csv", i * 37 % 100);
        assert_int_equal(take(&members, name, UMM_MEMBER_FILE, false), UMM_OK);
    }
    assert_int_equal(umm_members_sort(&members, NULL), UMM_OK);
    assert_int_equal(members.n, 100);
    assert_int_equal(members.n_entries, 101);
    assert_false(members.is_in_order);
    for (size_t i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "%02zu.csv", i);
        assert_string_equal(members.items[i].name, name);
        assert_int_equal((members.items[i].index - 1) * 37 % 100, i);
        assert_int_equal(umm_members_find(&members, name), i);
    }
    assert_int_equal(umm_members_find(&members, "d/"), 100);
    assert_int_equal(umm_members_find(&members, "x"), 100);
    assert_int_equal(take(&members, "07.csv", UMM_MEMBER_FILE, false), UMM_OK);
    assert_int_equal(umm_members_sort(&members, NULL), UMM_ERR_DATA);
    umm_members_free(&members);
    assert_int_equal(umm_members_sort(&members, NULL), UMM_OK);
    assert_true(members.is_in_order);
    assert_int_equal(umm_members_find(&members, "x"), 0);
}

static void test_members_by_a_pattern(void **state)
{
    struct umm_members members = {.pattern = "*.csv"};
    (void)state;
    assert_int_equal(take(&members, "a.csv", UMM_MEMBER_FILE, false), UMM_OK);
    assert_int_equal(take(&members, "d/b.csv", UMM_MEMBER_FILE, false), UMM_OK);
    /* What is not wanted may be anything, but no name may lead out. */
    assert_int_equal(take(&members, "a.txt", UMM_MEMBER_LINK, true), UMM_OK);
    assert_int_equal(members.n, 2);
    assert_int_equal(take(&members, "../a.txt", UMM_MEMBER_FILE, false), UMM_ERR_DATA);
    umm_members_free(&members);
}

static void test_members_that_are_not_taken(void **state)
{
    static const char *const out[] = {"/a",  "..",       "../a", "a/..", "a/../b",
                                      "\\a", "a\\..\\b", "c:/a", "Z:a"};
    static const char *const in[] = {"a", "...", "a../b", "a/..b", "./a", "a//b"};
    struct umm_members members = {.n = 0};
    (void)state;
    for (size_t i = 0; i < sizeof out / sizeof *out; i++)
        assert_int_equal(take(&members, out[i], UMM_MEMBER_FILE, false), UMM_ERR_DATA);
    for (size_t i = 0; i < sizeof in / sizeof *in; i++)
        assert_int_equal(take(&members, in[i], UMM_MEMBER_FILE, false), UMM_OK);
    assert_int_equal(take(&members, "x", UMM_MEMBER_FILE, true), UMM_ERR_DATA);
    assert_int_equal(take(&members, "x", UMM_MEMBER_LINK, false), UMM_ERR_DATA);
    assert_int_equal(take(&members, "x", UMM_MEMBER_DEVICE, false), UMM_ERR_DATA);
    const struct umm_container_entry full = {
        .name = "d", .kind = UMM_MEMBER_DIRECTORY, .size_bytes = 1};
    assert_int_equal(umm_members_take(&members, &full, NULL), UMM_ERR_DATA);
    umm_members_free(&members);
}

static void test_the_end_of_a_zip_archive(void **state)
{
    static const char end[22] = "PK\5\6\0\0\0\0\x2a\0\x2a\0";
    char tail[100] = "PK\5\6";
    size_t n = 0;
    (void)state;
    assert_false(umm_zipend_find(tail, 0, &n));
    for (size_t at = 0; at + sizeof end <= sizeof tail; at++) {
        memset(tail, 'x', sizeof tail);
        memcpy(tail + at, end, sizeof end);
        assert_true(umm_zipend_find(tail, sizeof tail, &n));
        assert_int_equal(n, 42);
        assert_false(umm_zipend_find(tail, at + sizeof end - 1, &n));
    }
    tail[sizeof tail - 14] = 1; /* members here, other than in all */
    assert_false(umm_zipend_find(tail, sizeof tail, &n));
    memset(tail + sizeof tail - 14, 0xff, 4); /* the number is elsewhere */
    assert_true(umm_zipend_find(tail, sizeof tail, &n));
    assert_int_equal(n, UMM_ZIPEND_ELSEWHERE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_first_bytes),
                                       cmocka_unit_test(test_tar_by_the_sum_of_its_header),
                                       cmocka_unit_test(test_stems),
                                       cmocka_unit_test(test_members_are_in_order_by_name),
                                       cmocka_unit_test(test_members_by_a_pattern),
                                       cmocka_unit_test(test_members_that_are_not_taken),
                                       cmocka_unit_test(test_the_end_of_a_zip_archive)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
