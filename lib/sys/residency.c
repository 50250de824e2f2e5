/* SPDX-License-Identifier: MIT */
#include "sys/residency.h"

#include "base/error.h"
#include "sys/map.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The number is the same on every architecture; Debian 12's headers do not have it. */
#ifndef __NR_cachestat
#define __NR_cachestat 451
#endif

#define RAMFS_TYPE 0x858458f6 /* linux/magic.h calls it RAMFS_MAGIC, in newer versions */

/* The kernel's two structures, as <linux/mman.h> has them since 6.5. */
struct range {
    uint64_t offset, len_bytes; /* a length of 0 would mean: to the end */
};

struct counts {
    uint64_t n_cached, n_dirty, n_writeback, n_evicted, n_recently_evicted;
};

static uint64_t page_bytes(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Pages that the range touches. */
static uint64_t count_pages(uint64_t offset, uint64_t len_bytes)
{
    uint64_t page = page_bytes();
    return (offset + len_bytes - 1) / page - offset / page + 1;
}

/* ---- cachestat ---------------------------------------------------------------- */

static void fill(struct umm_residency *out, const struct counts *counts, uint64_t offset,
                 uint64_t len_bytes)
{
    uint64_t page = page_bytes(), n_pages = count_pages(offset, len_bytes);
    uint64_t n_missing = n_pages > counts->n_cached ? n_pages - counts->n_cached : 0;
    /* Which pages are missing is not told: the ends' fractions count as there. */
    uint64_t missing_bytes = n_missing < n_pages ? n_missing * page : len_bytes;
    out->is_known = out->has_details = true;
    out->resident_bytes = missing_bytes < len_bytes ? len_bytes - missing_bytes : 0;
    out->dirty_bytes = (counts->n_dirty + counts->n_writeback) * page;
    out->evicted_bytes = counts->n_evicted * page;
    out->recently_evicted_bytes = counts->n_recently_evicted * page;
}

/* 0 or an errno. */
static int query_cachestat(int fd, uint64_t offset, uint64_t len_bytes, struct umm_residency *out)
{
    struct range range = {offset, len_bytes};
    struct counts counts = {0};
    if (syscall(__NR_cachestat, fd, &range, &counts, 0) < 0)
        return errno;
    fill(out, &counts, offset, len_bytes);
    return 0;
}

/* ---- mincore ------------------------------------------------------------------ */

/* What the kernel asks before it tells the truth: the owner, or a user who may write. */
static bool may_ask_mincore(int fd, const struct stat *st)
{
    char name[32] = "/proc/self/fd/";
    size_t n = 14;
    for (int scale = 1000000000; scale > 0; scale /= 10)
        if (fd >= scale || scale == 1)
            name[n++] = (char)('0' + fd / scale % 10);
    return geteuid() == st->st_uid || geteuid() == 0 ||
           faccessat(AT_FDCWD, name, W_OK, AT_EACCESS) == 0;
}

/* Bytes of the range that the resident ones of the n pages from page_at on make up. */
static uint64_t sum_resident(const unsigned char *pages, uint64_t n, uint64_t page_at,
                             uint64_t offset, uint64_t end)
{
    uint64_t page = page_bytes(), sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t first = page_at + i * page, last = first + page;
        if (pages[i] & 1)
            sum += (last < end ? last : end) - (first > offset ? first : offset);
    }
    return sum;
}

/* One byte for each page from offset on. */
static enum umm_status see_pages(int fd, const char *path, uint64_t offset, uint64_t len_bytes,
                                 unsigned char *pages, struct umm_error *err)
{
    struct umm_map map;
    enum umm_status status = umm_map_open_part(&map, fd, path, offset, len_bytes, err);
    if (!status && mincore(map.bytes, map.len_bytes, pages) < 0)
        status = umm_error_set_errno(err, errno, path, "cannot see what is in memory");
    umm_map_close(&map);
    return status;
}

enum umm_status umm_residency_query_mincore(int fd, const char *path, uint64_t offset,
                                            uint64_t len_bytes, struct umm_residency *out,
                                            struct umm_error *err)
{
    enum { PAGES_MAX = 65536 };
    unsigned char pages[PAGES_MAX];
    uint64_t page = page_bytes(), end = offset + len_bytes, n;
    struct stat st;
    *out = (struct umm_residency){0};
    if (fstat(fd, &st) < 0)
        return umm_error_set_errno(err, errno, path, "cannot examine");
    if (!may_ask_mincore(fd, &st))
        return UMM_OK;
    for (uint64_t at = offset - offset % page; at < end; at += n * page) {
        n = (end - at + page - 1) / page;
        n = n < PAGES_MAX ? n : PAGES_MAX;
        struct umm_error why = {.status = UMM_OK};
        enum umm_status status = see_pages(fd, path, at, n * page, pages, &why);
        if (status && why.sys_errno == ENODEV)
            return UMM_OK; /* a file system without maps: unknown */
        if (status && err)
            *err = why;
        if (status)
            return status;
        out->resident_bytes += sum_resident(pages, n, at, offset, end);
    }
    out->is_known = true;
    return UMM_OK;
}

/* ---- both ---------------------------------------------------------------------- */

static bool is_in_memory(int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return false;
    unsigned long type = (unsigned long)fs.f_type & 0xffffffff;
    return type == TMPFS_MAGIC || type == HUGETLBFS_MAGIC || type == RAMFS_TYPE;
}

/* Holes need nothing; what was swapped out is what cachestat calls evicted there. */
static void fill_by_nature(struct umm_residency *out, uint64_t len_bytes)
{
    uint64_t swapped = out->is_known && out->evicted_bytes < len_bytes ? out->evicted_bytes : 0;
    out->is_known = out->is_by_nature = true;
    out->resident_bytes = len_bytes - swapped;
}

enum umm_status umm_residency_query(int fd, const char *path, uint64_t offset, uint64_t len_bytes,
                                    struct umm_residency *out, struct umm_error *err)
{
    struct stat st;
    uint64_t end;
    *out = (struct umm_residency){0};
    if (__builtin_add_overflow(offset, len_bytes, &end) || end > INT64_MAX)
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, path, "no file has such a range");
    if (fstat(fd, &st) < 0)
        return umm_error_set_errno(err, errno, path, "cannot examine");
    uint64_t size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
    end = end < size ? end : size;
    len_bytes = offset < end ? end - offset : 0;
    out->is_by_nature = is_in_memory(fd);
    out->is_known = len_bytes == 0;
    if (len_bytes == 0)
        return UMM_OK;
    int sys_errno = query_cachestat(fd, offset, len_bytes, out);
    if (out->is_by_nature)
        fill_by_nature(out, len_bytes);
    else if (sys_errno == ENOSYS)
        return umm_residency_query_mincore(fd, path, offset, len_bytes, out, err);
    else if (sys_errno && sys_errno != EPERM && sys_errno != EOPNOTSUPP)
        return umm_error_set_errno(err, sys_errno, path, "cannot see what is in memory");
    return UMM_OK;
}

void umm_residency_add(struct umm_residency *sum, const struct umm_residency *part)
{
    sum->is_known = sum->is_known && part->is_known;
    sum->is_by_nature = sum->is_by_nature && part->is_by_nature;
    sum->has_details = sum->has_details && part->has_details;
    sum->resident_bytes += part->resident_bytes;
    sum->dirty_bytes += part->dirty_bytes;
    sum->evicted_bytes += part->evicted_bytes;
    sum->recently_evicted_bytes += part->recently_evicted_bytes;
}
