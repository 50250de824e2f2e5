/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli.h"

/* As it is built, and as it is installed. */
static bool find_beside(char out[PATH_MAX])
{
    static const char *const places[] = {"libumm-alloc.so", "../lib/umm/libumm-alloc.so"};
    char own[PATH_MAX], path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);
    own[len > 0 ? len : 0] = '\0';
    const char *slash = strrchr(own, '/');
    for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
        int n = snprintf(path, sizeof path, "%.*s/%s", (int)(slash - own), own, places[i]);
        if (n > 0 && (size_t)n < sizeof path && access(path, R_OK) == 0 && realpath(path, out))
            return true;
    }
    return false;
}

bool cli_find_alloc_library(const char *given, char *out)
{
    struct umm_error err;
    if (given && (access(given, R_OK) != 0 || !realpath(given, out))) {
        umm_error_set_errno(&err, errno, given, "cannot open");
        cli_warn_error(&err);
        return false;
    }
    if (!given && !find_beside(out)) {
        cli_warn("libumm-alloc.so is neither beside this program nor in ../lib/umm; say where "
                 "with --alloc-library");
        return false;
    }
    /* LD_PRELOAD is a list with blanks and colons between: a path with one cannot be in it. */
    if (strpbrk(out, " :")) {
        cli_warn_path(out, "a path with a blank or a colon cannot be preloaded");
        return false;
    }
    return true;
}
