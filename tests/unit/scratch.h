/* SPDX-License-Identifier: MIT */
/*
 * A scratch directory as working directory, for cmocka's set-up and tear-down; what a
 * test left in it goes with it. Include it before <cmocka.h>.
 */
#ifndef UMM_TEST_SCRATCH_H
#define UMM_TEST_SCRATCH_H

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char scratch[64];

static inline int enter_scratch(void **state)
{
    (void)state;
    snprintf(scratch, sizeof scratch, "/tmp/umm-%.32s-XXXXXX", program_invocation_short_name);
    return mkdtemp(scratch) && chdir(scratch) == 0 ? 0 : -1;
}

static inline int remove_scratch_entry(const char *path, const struct stat *st, int type,
                                       struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline int leave_scratch(void **state)
{
    (void)state;
    return chdir("/") < 0 ? -1 : nftw(scratch, remove_scratch_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* The file of that name holds text and nothing else. */
static inline void put(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static inline bool exists(const char *name)
{
    struct stat st;
    return lstat(name, &st) == 0;
}

#endif
