/* SPDX-License-Identifier: MIT */
/*
 * Arrays that NumPy wrote (tests/ref/arrayfile_oracle.py), each with a line that says
 * what is in it. Include it before <cmocka.h>; run from the repository root.
 */
#ifndef UMM_TEST_NPY_CASES_H
#define UMM_TEST_NPY_CASES_H

#include "sys/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_ROOM = 128, N_CASES_LEAST = 250 };

static char dir[] = "/tmp/umm-npy-cases-XXXXXX";

static inline int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static inline int remove_dir(void **state)
{
    char command[PATH_ROOM];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static inline const char *path_in_dir(char out[PATH_ROOM], const char *name, const char *suffix)
{
    snprintf(out, PATH_ROOM, "%s/%s%s", dir, name, suffix);
    return out;
}

/* The caller frees. */
static inline char *read_whole(const char *name, const char *suffix, size_t *len)
{
    char path[PATH_ROOM];
    void *data = NULL;
    path_in_dir(path, name, suffix);
    assert_int_equal(umm_file_read_whole(path, SIZE_MAX / 2, &data, len, NULL), UMM_OK);
    return data;
}

/* check(line) for each array there is in dir; skips the test where there is no NumPy. */
static inline void for_each_npy_case(void (*check)(char *line))
{
    char command[256], line[4096];
    snprintf(command, sizeof command, "/usr/bin/python3 -W ignore tests/ref/arrayfile_oracle.py %s",
             dir);
    if (access("/usr/bin/python3", X_OK) != 0)
        skip();
    FILE *oracle = popen(command, "r");
    assert_non_null(oracle);
    assert_non_null(fgets(line, sizeof line, oracle));
    if (strncmp(line, "skip", 4) == 0) {
        pclose(oracle);
        skip();
    }
    int n = 0;
    for (; fgets(line, sizeof line, oracle); n++)
        check(line);
    assert_int_equal(pclose(oracle), 0);
    assert_true(n >= N_CASES_LEAST);
}

#endif
