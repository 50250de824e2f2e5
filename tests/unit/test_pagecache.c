/* SPDX-License-Identifier: MIT */
/*
 * residency and pagecache, each the other's witness, and mincore for both. Files are made in
 * the working directory, which is on the build's file system; /tmp may be in memory.
 */
#include "sys/pagecache.h"
#include "sys/residency.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGE = 4096, SIZE = 700 * PAGE + 123 };

static char name[] = "pagecache-test-XXXXXX";
static int file = -1;
static bool can_evict;

static int make_file(void **state)
{
    (void)state;
    char *bytes = malloc(SIZE);
    if (!bytes || sysconf(_SC_PAGESIZE) != PAGE)
        return -1;
    memset(bytes, 7, SIZE);
    file = mkstemp(name);
    bool is_good = file >= 0 && write(file, bytes, SIZE) == SIZE && fsync(file) == 0;
    free(bytes);
    struct umm_residency r;
    can_evict = is_good && umm_pagecache_evict(file, name, 0, SIZE, NULL) == UMM_OK &&
                umm_residency_query_mincore(file, name, 0, SIZE, &r, NULL) == UMM_OK &&
                r.resident_bytes == 0;
    return is_good ? 0 : -1;
}

static int remove_file(void **state)
{
    (void)state;
    (void)close(file);
    return unlink(name);
}

static void evict(void)
{
    if (!can_evict) {
        print_message("[  SKIPPED ] this file system does not let go of cached pages\n");
        skip();
    }
    assert_int_equal(umm_pagecache_evict(file, name, 0, SIZE, NULL), UMM_OK);
}

static uint64_t resident(uint64_t offset, uint64_t len_bytes)
{
    struct umm_residency by_call, by_mincore;
    struct umm_error err;
    assert_int_equal(umm_residency_query(file, name, offset, len_bytes, &by_call, &err), UMM_OK);
    assert_int_equal(umm_residency_query_mincore(file, name, offset, len_bytes, &by_mincore, &err),
                     UMM_OK);
    assert_true(by_call.is_known && by_mincore.is_known);
    assert_false(by_call.is_by_nature || by_mincore.has_details);
    /* cachestat counts pages, and does not tell which: the ends may differ. */
    uint64_t a = by_call.resident_bytes, b = by_mincore.resident_bytes;
    assert_true((a > b ? a - b : b - a) < 2 * PAGE);
    assert_true((a == len_bytes) == (b == len_bytes));
    assert_true((a == 0) == (b == 0));
    return a;
}

static void test_load_and_evict(void **state)
{
    (void)state;
    static const enum umm_pagecache_method methods[] = {UMM_PAGECACHE_POPULATE, UMM_PAGECACHE_READ};
    for (size_t i = 0; i < 2; i++) {
        evict();
        assert_int_equal(resident(0, SIZE), 0);
        assert_int_equal(umm_pagecache_load(file, name, 0, SIZE, methods[i], NULL), UMM_OK);
        assert_int_equal(resident(0, SIZE), SIZE);
        assert_int_equal(resident(100, 5), 5);
        assert_int_equal(resident(PAGE - 1, 2), 2);
        assert_int_equal(resident(SIZE - 1, 1), 1);
    }
    evict();
    assert_int_equal(umm_pagecache_load(file, name, 0, 0, UMM_PAGECACHE_READ, NULL), UMM_OK);
    assert_int_equal(umm_pagecache_evict(file, name, 0, 0, NULL), UMM_OK);
    assert_int_equal(resident(0, SIZE), 0);
}

/* READ of little brings in its pages and no other, at any place within a page. */
static void test_little_is_exact(void **state)
{
    (void)state;
    static const uint64_t offsets[] = {300 * PAGE, 300 * PAGE + 1, 301 * PAGE - 1, 0, SIZE - 9};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        uint64_t at = offsets[i], first = at / PAGE * PAGE, end = (at + 9 - 1) / PAGE * PAGE + PAGE;
        evict();
        assert_int_equal(umm_pagecache_load(file, name, at, 9, UMM_PAGECACHE_READ, NULL), UMM_OK);
        assert_int_equal(resident(at, 9), 9);
        if (first > 64 * PAGE)
            assert_int_equal(resident(0, first), 0);
        if (end + 64 * PAGE < SIZE && first > 0)
            assert_int_equal(resident(end, SIZE - end), 0);
    }
}

static void test_beyond_the_end(void **state)
{
    (void)state;
    static const enum umm_pagecache_method methods[] = {UMM_PAGECACHE_POPULATE, UMM_PAGECACHE_READ};
    struct umm_error err;
    struct umm_residency r;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(umm_pagecache_load(file, name, SIZE - 23, 8192, methods[i], &err),
                         UMM_ERR_DATA);
        assert_string_equal(err.message, "file ends 8169 bytes early");
        assert_int_equal(umm_pagecache_load(file, name, 1 << 30, 1, methods[i], &err),
                         UMM_ERR_DATA);
        assert_int_equal(
            umm_pagecache_load(file, name, INT64_MAX - 5, UINT64_MAX - 9, methods[i], &err),
            UMM_ERR_SYSTEM);
    }
    assert_int_equal(umm_residency_query(file, name, 1 << 30, 77, &r, &err), UMM_OK);
    assert_true(r.is_known);
    assert_int_equal(r.resident_bytes, 0);
    assert_int_equal(umm_residency_query(file, name, INT64_MAX, 1, &r, &err), UMM_ERR_ARGUMENT);
    assert_int_equal(umm_residency_query(-1, name, 0, 1, &r, &err), UMM_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, EBADF);
}

static void test_sums(void **state)
{
    (void)state;
    struct umm_residency sum = UMM_RESIDENCY_NONE;
    const struct umm_residency part = {.is_known = true, .resident_bytes = 5, .dirty_bytes = 2};
    const struct umm_residency unknown = {.is_known = false};
    umm_residency_add(&sum, &part);
    umm_residency_add(&sum, &part);
    assert_true(sum.is_known);
    assert_false(sum.is_by_nature || sum.has_details);
    assert_int_equal(sum.resident_bytes, 10);
    assert_int_equal(sum.dirty_bytes, 4);
    umm_residency_add(&sum, &unknown);
    umm_residency_add(&sum, &part);
    assert_false(sum.is_known);
}

static void test_holes(void **state)
{
    (void)state;
    char sparse[] = "pagecache-test-XXXXXX";
    uint64_t first, last;
    int fd = mkstemp(sparse);
    assert_true(fd >= 0 && unlink(sparse) == 0);
    assert_int_equal(ftruncate(fd, 1 << 30), 0);
    assert_int_equal(pwrite(fd, "x", 1, 1 << 20), 1);
    bool is_told = umm_pagecache_next_data(fd, 0, 1 << 30, &first, &last);
    assert_true(is_told);
    assert_true(first <= 1 << 20 && last > 1 << 20);
    if (first == 0)
        skip(); /* this file system does not tell */
    assert_int_equal(first, 1 << 20);
    assert_false(umm_pagecache_next_data(fd, last, 1 << 30, &first, &last));
    assert_false(umm_pagecache_next_data(fd, 0, 1 << 20, &first, &last));
    assert_false(umm_pagecache_next_data(fd, 5, 5, &first, &last));
    assert_true(umm_pagecache_next_data(fd, (1 << 20) + 7, (1 << 20) + 9, &first, &last));
    assert_int_equal(first, (1 << 20) + 7);
    assert_int_equal(last, (1 << 20) + 9);
    (void)close(fd);
}

static void test_device_bytes(void **state)
{
    (void)state;
    uint64_t before, after;
    evict();
    if (!umm_pagecache_device_bytes(&before))
        skip(); /* a kernel without the counter */
    assert_int_equal(umm_pagecache_load(file, name, 0, SIZE, UMM_PAGECACHE_READ, NULL), UMM_OK);
    assert_true(umm_pagecache_device_bytes(&after));
    assert_true(after - before >= SIZE && after - before < 2 * SIZE);
    assert_int_equal(umm_pagecache_load(file, name, 0, SIZE, UMM_PAGECACHE_READ, NULL), UMM_OK);
    assert_true(umm_pagecache_device_bytes(&before));
    assert_int_equal(before, after);
}

static void test_lock(void **state)
{
    (void)state;
    struct umm_map lock;
    struct rlimit limit = {SIZE * 2, SIZE * 2};
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* the sanitizer makes mlock do nothing */
#endif
    evict();
    assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
    assert_int_equal(umm_pagecache_lock_limit(), SIZE * 2);
    assert_int_equal(umm_pagecache_lock(&lock, file, name, 5000, SIZE - 5000, NULL), UMM_OK);
    assert_int_equal(resident(5000, SIZE - 5000), SIZE - 5000);
    evict();
    assert_int_equal(resident(5000, SIZE - 5000), SIZE - 5000);
    umm_map_close(&lock);
    umm_map_close(&lock);
    evict();
    assert_int_equal(resident(0, SIZE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load_and_evict), cmocka_unit_test(test_little_is_exact),
        cmocka_unit_test(test_beyond_the_end), cmocka_unit_test(test_sums),
        cmocka_unit_test(test_holes),          cmocka_unit_test(test_device_bytes),
        cmocka_unit_test(test_lock),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
