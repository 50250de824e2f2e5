/* SPDX-License-Identifier: MIT */
#include "sys/map.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/file.h"
#include "sys/procfs.h"

/* offset is at a page boundary. */
static enum umm_status map_at(struct umm_map *map, int fd, const char *path, uint64_t offset,
                              uint64_t len_bytes, int protection, struct umm_error *err)
{
    *map = (struct umm_map){0};
    if (len_bytes > SIZE_MAX)
        return umm_error_set_memory(err, SIZE_MAX, "a mapped file");
    void *bytes = mmap(NULL, (size_t)len_bytes, protection, MAP_SHARED, fd, (off_t)offset);
    if (bytes == MAP_FAILED && errno == ENOMEM)
        return umm_error_set_memory(err, (size_t)len_bytes, "a mapped file");
    if (bytes == MAP_FAILED)
        return umm_error_set_errno(err, errno, path, "cannot map");
    *map = (struct umm_map){bytes, (size_t)len_bytes};
    return UMM_OK;
}

enum umm_status umm_map_open(struct umm_map *map, int fd, const char *path, uint64_t len_bytes,
                             bool is_writable, struct umm_error *err)
{
    const int protection = is_writable ? PROT_READ | PROT_WRITE : PROT_READ;
    return map_at(map, fd, path, 0, len_bytes, protection, err);
}

enum umm_status umm_map_open_part(struct umm_map *map, int fd, const char *path, uint64_t offset,
                                  uint64_t len_bytes, struct umm_error *err)
{
    const uint64_t lead = offset % (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t end;
    *map = (struct umm_map){0};
    if (__builtin_add_overflow(offset, len_bytes, &end) || end > INT64_MAX)
        return umm_error_set_errno(err, EOVERFLOW, path, "cannot map");
    return map_at(map, fd, path, offset - lead, len_bytes + lead, PROT_READ, err);
}

void umm_map_expect_random(const struct umm_map *map)
{
    (void)madvise(map->bytes, map->len_bytes, MADV_RANDOM);
}

enum umm_status umm_map_sync(const struct umm_map *map, const char *path, size_t len_bytes,
                             struct umm_error *err)
{
    int rc;
    do
        rc = msync(map->bytes, len_bytes, MS_SYNC);
    while (rc < 0 && errno == EINTR);
    return rc < 0 ? umm_error_set_errno(err, errno, path, "cannot sync") : UMM_OK;
}

/* Lines of /proc/self/maps; it may be long, and memory short. */
static bool count_maps(uint64_t *n)
{
    static const char path[] = "/proc/self/maps";
    char part[4096];
    size_t len = 0;
    int fd = -1;
    *n = 0;
    enum umm_status status = umm_file_open_read(path, &fd, NULL, NULL);
    do {
        if (!status)
            status = umm_file_read_regular(fd, path, part, sizeof part, &len, NULL);
        for (size_t i = 0; !status && i < len; i++)
            *n += part[i] == '\n';
    } while (!status && len > 0);
    umm_file_close(&fd);
    return status == UMM_OK;
}

bool umm_map_is_limit_reached(uint64_t *limit)
{
    enum { NUMBER_MAX = 32 };
    void *text = NULL;
    size_t len;
    uint64_t n;
    *limit = 0;
    if (umm_file_read_whole("/proc/sys/vm/max_map_count", NUMBER_MAX, &text, &len, NULL))
        return false;
    const char *at = text;
    bool is_known = umm_procfs_number(&at, limit);
    free(text);
    return is_known && count_maps(&n) && n >= *limit;
}

void umm_map_close(struct umm_map *map)
{
    if (map->bytes)
        (void)munmap(map->bytes, map->len_bytes);
    *map = (struct umm_map){0};
}
