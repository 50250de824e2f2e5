/* SPDX-License-Identifier: MIT */
/*
 * What first bytes and names say, the members of an archive in order, the record that ends a zip
 * archive. What comes out of packed files, the tools' tests compare with Python's.
 */
#include "base/bytes.h"
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
    static const char record[22] = "PK\5\6\0\0\0\0\x2a\0\x2a\0\x07\1";
    char tail[100] = "PK\5\6";
    struct umm_zipend end = {.at = 0};
    (void)state;
    assert_false(umm_zipend_find(tail, 0, &end));
    for (size_t at = 0; at + sizeof record <= sizeof tail; at++) {
        memset(tail, 'x', sizeof tail);
        memcpy(tail + at, record, sizeof record);
        assert_true(umm_zipend_find(tail, sizeof tail, &end));
        assert_int_equal(end.n_members, 42);
        assert_int_equal(end.at, at);
        assert_int_equal(end.directory_bytes, 0x107);
        assert_int_equal(end.directory_at, 0);
        assert_true(end.is_sure);
        assert_false(end.is_elsewhere);
        assert_false(umm_zipend_find(tail, at + sizeof record - 1, &end));
    }
    tail[sizeof tail - 14] = 1; /* members here, other than in all */
    assert_false(umm_zipend_find(tail, sizeof tail, &end));
    memset(tail + sizeof tail - 14, 0xff, 4); /* the number is elsewhere */
    assert_true(umm_zipend_find(tail, sizeof tail, &end));
    assert_true(end.is_elsewhere);
}

static void test_the_end_of_a_zip64_archive(void **state)
{
    enum { WIDE = 56, LOCATOR = 20, RECORD = 22 };
    char tail[1 + WIDE + LOCATOR + RECORD] = {0}, *wide = tail + 1, *locator = wide + WIDE;
    struct umm_zipend end;
    (void)state;
    memcpy(wide, "PK\6\6", 4);
    umm_bytes_put(wide + 4, WIDE - 12, 8);
    umm_bytes_put(wide + 32, 70000, 8); /* the members, the directory's size and place */
    umm_bytes_put(wide + 40, 0x12, 8);
    umm_bytes_put(wide + 48, 0x100, 8);
    memcpy(locator, "PK\6\7", 4);
    umm_bytes_put(locator + 8, 0x112, 8);
    memcpy(locator + LOCATOR, "PK\5\6", 4);
    umm_bytes_put(locator + LOCATOR + 8, UINT64_MAX, 8);
    assert_true(umm_zipend_find(tail, sizeof tail, &end));
    assert_true(end.is_zip64 && end.is_sure && !end.is_elsewhere);
    assert_int_equal(end.at, 1);
    assert_int_equal(end.directory_at, 0x100);
    assert_int_equal(end.directory_bytes, 0x12);
    assert_int_equal(end.n_members, 70000);
    assert_true(umm_zipend_find(tail + 2, sizeof tail - 2, &end)); /* not all of it is there */
    assert_true(!end.is_zip64 && !end.is_sure && end.is_elsewhere);
    umm_bytes_put(locator + LOCATOR + 8, 0, 8);
    umm_bytes_put(locator + LOCATOR + 16, UINT32_MAX, 4); /* it says that of the place alone */
    assert_true(umm_zipend_find(tail, sizeof tail, &end));
    assert_true(end.is_zip64 && end.is_sure);
    locator[8]++; /* which leads to another record */
    assert_true(umm_zipend_find(tail, sizeof tail, &end));
    assert_true(end.is_zip64 && !end.is_sure);
}

/* ---- the directory of a zip archive ---- */

struct directory {
    char bytes[1000];
    size_t len, at, step_bytes;
};

static void add_entry(struct directory *directory, const char *name, const char *extra,
                      size_t extra_len)
{
    char *entry = directory->bytes + directory->len;
    memset(entry, 0, 46);
    memcpy(entry, "PK\1\2", 4);
    entry[28] = (char)strlen(name);
    entry[30] = (char)extra_len;
    entry[32] = 3;
    memcpy(entry + 46, name, strlen(name));
    memcpy(entry + 46 + strlen(name), extra, extra_len);
    memcpy(entry + 46 + strlen(name) + extra_len, "???", 3);
    directory->len += 46 + strlen(name) + extra_len + 3;
}

static enum umm_status next_piece(void *user, const char **bytes, size_t *len,
                                  struct umm_error *err)
{
    struct directory *directory = user;
    const size_t left = directory->len - directory->at;
    (void)err;
    *bytes = directory->bytes + directory->at;
    *len = left < directory->step_bytes ? left : directory->step_bytes;
    directory->at += *len;
    return UMM_OK;
}

static bool knows(const void *user, const char *name, size_t len)
{
    return umm_members_has_entry(user, name, len);
}

static bool is_same(struct directory *directory, size_t n, const struct umm_members *members)
{
    const struct umm_pieces pieces = {next_piece, directory};
    bool is_it = false, before = false;
    for (size_t step = 1; step < 60; step += 7, before = is_it) {
        directory->at = 0;
        directory->step_bytes = step;
        assert_int_equal(umm_zipend_compare(&pieces, n, knows, members, &is_it, NULL), UMM_OK);
        assert_true(step == 1 || is_it == before);
    }
    return is_it;
}

static bool is_indexed(struct directory *directory, size_t n, struct umm_zipend_entry *entries)
{
    const struct umm_pieces pieces = {next_piece, directory};
    bool is_it = false;
    directory->at = 0;
    directory->step_bytes = 7;
    assert_int_equal(umm_zipend_index(&pieces, 5000, n, entries, &is_it, NULL), UMM_OK);
    return is_it;
}

static void test_members_are_where_the_directory_says(void **state)
{
    enum { PLACE_AT = 42, NAME_AT = 46 };
    struct directory directory = {.len = 0};
    struct umm_zipend_entry entries[3];
    char wide[5 + 12] = "\2\0\1\0x\1\0\x08";
    (void)state;
    umm_bytes_put(wide + 9, 300, 8);
    add_entry(&directory, "b", wide, sizeof wide);
    const size_t second = directory.len;
    add_entry(&directory, "a", "", 0);
    memset(directory.bytes + PLACE_AT, 0xff, 4);
    assert_true(is_indexed(&directory, 2, entries));
    assert_int_equal(entries[0].at, 5000 + second);
    assert_int_equal(entries[0].len_bytes, directory.len - second);
    assert_int_equal(entries[0].member_at, 0);
    assert_int_equal(entries[1].at, 5000);
    assert_int_equal(entries[1].len_bytes, second);
    assert_int_equal(entries[1].member_at, 300);
    assert_false(is_indexed(&directory, 3, entries));
    umm_bytes_put(directory.bytes + second + PLACE_AT, 300, 4);
    assert_false(is_indexed(&directory, 2, entries)); /* two at one place */
    umm_bytes_put(directory.bytes + second + PLACE_AT, 5000, 4);
    assert_false(is_indexed(&directory, 2, entries)); /* after the members */
    umm_bytes_put(directory.bytes + second + PLACE_AT, 4999, 4);
    assert_true(is_indexed(&directory, 2, entries));
    directory.bytes[NAME_AT + 1 + 5] = 3; /* no field of zip64 */
    assert_false(is_indexed(&directory, 2, entries));
}

static void test_names_before_members_are_those_of_the_directory(void **state)
{
    static const char other[] = "\1\0\2\0xx\x75\x70\1\0x";
    struct directory directory = {.len = 0};
    struct umm_members members = {.n = 0};
    (void)state;
    assert_int_equal(take(&members, "d", UMM_MEMBER_DIRECTORY, false), UMM_OK);
    assert_int_equal(take(&members, "a.csv", UMM_MEMBER_FILE, false), UMM_OK);
    assert_int_equal(umm_members_sort(&members, NULL), UMM_OK);
    add_entry(&directory, "d/", "", 0);
    add_entry(&directory, "a.csv", "\1\0\2\0xx", 6);
    assert_true(is_same(&directory, 2, &members));
    /* Names of which programs think in several ways. */
    add_entry(&directory, "b\\c.csv", "", 0);
    add_entry(&directory, "\xe9.csv", "", 0);
    add_entry(&directory, "c.csv", other, sizeof other - 1);
    assert_true(is_same(&directory, 5, &members));
    /* Fewer than there are to be, or something else: libarchive judges that. */
    assert_true(is_same(&directory, 6, &members));
    add_entry(&directory, "b.csv", other, sizeof other - 2);
    assert_true(is_same(&directory, 5, &members));
    assert_true(is_same(&directory, 6, &members));
    add_entry(&directory, "b.csv", "", 0);
    assert_false(is_same(&directory, 7, &members));
    umm_members_free(&members);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_bytes),
        cmocka_unit_test(test_tar_by_the_sum_of_its_header),
        cmocka_unit_test(test_stems),
        cmocka_unit_test(test_members_are_in_order_by_name),
        cmocka_unit_test(test_members_by_a_pattern),
        cmocka_unit_test(test_members_that_are_not_taken),
        cmocka_unit_test(test_the_end_of_a_zip_archive),
        cmocka_unit_test(test_the_end_of_a_zip64_archive),
        cmocka_unit_test(test_members_are_where_the_directory_says),
        cmocka_unit_test(test_names_before_members_are_those_of_the_directory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
