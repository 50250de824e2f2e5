/* SPDX-License-Identifier: MIT */
#include "sys/map.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/error.h"

enum umm_status umm_map_open(struct umm_map *map, int fd, const char *path, uint64_t len_bytes,
                             struct umm_error *err)
{
    *map = (struct umm_map){0};
    if (len_bytes > SIZE_MAX)
        return umm_error_set_memory(err, SIZE_MAX, "a mapped file");
    void *bytes = mmap(NULL, (size_t)len_bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED && errno == ENOMEM)
        return umm_error_set_memory(err, (size_t)len_bytes, "a mapped file");
    if (bytes == MAP_FAILED)
        return umm_error_set_errno(err, errno, path, "cannot map");
    *map = (struct umm_map){bytes, (size_t)len_bytes};
    return UMM_OK;
}

static void *address_of(const struct umm_map *map)
{
    return (void *)(uintptr_t)map->bytes;
}

void umm_map_expect_random(const struct umm_map *map)
{
    (void)madvise(address_of(map), map->len_bytes, MADV_RANDOM);
}

void umm_map_close(struct umm_map *map)
{
    if (map->bytes)
        (void)munmap(address_of(map), map->len_bytes);
    *map = (struct umm_map){0};
}
