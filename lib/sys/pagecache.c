/* SPDX-License-Identifier: MIT */
#include "sys/pagecache.h"

#include "base/error.h"
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

/* ---- loading ------------------------------------------------------------------ */

/* Whether it worked; reading says why it did not. */
static bool populate(int fd, uint64_t offset, uint64_t len_bytes)
{
    struct umm_map map;
    if (umm_map_open_part(&map, fd, "", offset, len_bytes, NULL))
        return false;
    (void)madvise(map.bytes, map.len_bytes, MADV_HUGEPAGE); /* refused by kernels built without */
    int rc;
    do
        rc = madvise(map.bytes, map.len_bytes, MADV_POPULATE_READ);
    while (rc < 0 && errno == EINTR);
    umm_map_close(&map);
    return rc == 0;
}

static enum umm_status read_through(int fd, const char *path, uint64_t offset, uint64_t len_bytes,
                                    struct umm_error *err)
{
    enum { STEP = 256 * 1024 };
    enum umm_status status = UMM_OK;
    char *buffer = malloc(STEP);
    if (!buffer)
        return umm_error_set_memory(err, STEP, "reading");
    while (!status && len_bytes > 0) {
        size_t n = len_bytes < STEP ? (size_t)len_bytes : STEP;
        status = umm_file_pread_all(fd, path, buffer, n, offset, err);
        offset += n;
        len_bytes -= n;
    }
    free(buffer);
    return status;
}

enum umm_status umm_pagecache_load(int fd, const char *path, uint64_t offset, uint64_t len_bytes,
                                   enum umm_pagecache_method method, struct umm_error *err)
{
    bool is_little = len_bytes < UMM_PAGECACHE_HUGE;
    if (len_bytes == 0 || (method == UMM_PAGECACHE_POPULATE && populate(fd, offset, len_bytes)))
        return UMM_OK;
    /* RANDOM, or readahead would add as much again and more. */
    (void)posix_fadvise(fd, 0, 0, is_little ? POSIX_FADV_RANDOM : POSIX_FADV_NORMAL);
    return read_through(fd, path, offset, len_bytes, err);
}

/* ---- letting go ----------------------------------------------------------------- */

enum umm_status umm_pagecache_evict(int fd, const char *path, uint64_t offset, uint64_t len_bytes,
                                    struct umm_error *err)
{
    if (len_bytes == 0)
        return UMM_OK; /* to the kernel, 0 means: to the end of the file */
    /* It returns its error number. */
    int sys_errno = posix_fadvise(fd, (off_t)offset, (off_t)len_bytes, POSIX_FADV_DONTNEED);
    if (sys_errno)
        return umm_error_set_errno(err, sys_errno, path, "cannot evict");
    return UMM_OK;
}

/* ---- holes ---------------------------------------------------------------------- */

bool umm_pagecache_next_data(int fd, uint64_t at, uint64_t end, uint64_t *first, uint64_t *last)
{
    *first = at;
    *last = end;
    if (at >= end)
        return false;
    off_t data = lseek(fd, (off_t)at, SEEK_DATA);
    if (data < 0)
        return errno != ENXIO; /* which says: only a hole from here to the end */
    if ((uint64_t)data >= end)
        return false;
    *first = (uint64_t)data;
    off_t hole = lseek(fd, data, SEEK_HOLE);
    if (hole > data && (uint64_t)hole < end)
        *last = (uint64_t)hole;
    return true;
}

/* ---- locking -------------------------------------------------------------------- */

enum umm_status umm_pagecache_lock(struct umm_map *map, int fd, const char *path, uint64_t offset,
                                   uint64_t len_bytes, struct umm_error *err)
{
    *map = (struct umm_map){0};
    if (len_bytes == 0)
        return UMM_OK;
    enum umm_status status = umm_map_open_part(map, fd, path, offset, len_bytes, err);
    if (!status && mlock(map->bytes, map->len_bytes) < 0) {
        status = umm_error_set_errno(err, errno, path, "cannot lock in memory");
        umm_map_close(map);
    }
    return status;
}

uint64_t umm_pagecache_lock_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        return UINT64_MAX;
    return limit.rlim_cur;
}

/* ---- devices -------------------------------------------------------------------- */

bool umm_pagecache_device_bytes(uint64_t *bytes)
{
    static const char key[] = "\nread_bytes: ";
    enum { REPORT_MAX = 4096 };
    void *report = NULL;
    size_t len;
    *bytes = 0;
    if (umm_file_read_whole("/proc/thread-self/io", REPORT_MAX, &report, &len, NULL) != UMM_OK)
        return false;
    const char *at = strstr(report, key);
    if (at)
        for (at += sizeof key - 1; *at >= '0' && *at <= '9'; at++)
            *bytes = *bytes * 10 + (uint64_t)(*at - '0');
    bool is_found = at != NULL;
    free(report);
    return is_found;
}
