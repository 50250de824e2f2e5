/* SPDX-License-Identifier: MIT */
#include "sys/fileids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void twins_are_found_wherever_they_stand(void **state)
{
    (void)state;
    for (size_t n = 0; n < 40; n++)
        for (size_t twin = 0; twin < n; twin++) {
            struct umm_fileid ids[41];
            for (size_t i = 0; i < n; i++)
                ids[i] = (struct umm_fileid){i % 3, 1000 - i};
            umm_fileids_sort(ids, n);
            assert_false(umm_fileids_has_twins(ids, n));
            ids[n] = ids[twin];
            umm_fileids_sort(ids, n + 1);
            assert_true(umm_fileids_has_twins(ids, n + 1));
        }
}

/* A file is told by both numbers: inodes are those of a device. */
static void lists_meet_in_one_file(void **state)
{
    struct umm_fileid a[] = {{1, 7}, {2, 5}, {1, 1ULL << 63}, {256, 7}};
    const struct umm_fileid others[] = {{2, 7}, {1, 5}, {5, 2}, {7, 256}};
    (void)state;
    umm_fileids_sort(a, 4);
    assert_false(umm_fileids_meet(a, 4, others, 4));
    assert_false(umm_fileids_meet(a, 4, others, 0));
    assert_false(umm_fileids_meet(a, 0, others, 4));
    for (size_t i = 0; i < 4; i++) {
        const struct umm_fileid two[] = {others[i], a[i]};
        assert_true(umm_fileids_meet(a, 4, two, 2));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twins_are_found_wherever_they_stand),
        cmocka_unit_test(lists_meet_in_one_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
