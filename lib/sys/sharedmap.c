/* SPDX-License-Identifier: MIT */
#include "sys/sharedmap.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/error.h"

enum umm_status umm_sharedmap_open(struct umm_sharedmap *map, int fd, const char *path,
                                   uint64_t len_bytes, bool is_writable, struct umm_error *err)
{
    *map = (struct umm_sharedmap){0};
    if (len_bytes > SIZE_MAX)
        return umm_error_set_memory(err, SIZE_MAX, "a mapped file");
    int protection = is_writable ? PROT_READ | PROT_WRITE : PROT_READ;
    void *bytes = mmap(NULL, (size_t)len_bytes, protection, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED && errno == ENOMEM)
        return umm_error_set_memory(err, (size_t)len_bytes, "a mapped file");
    if (bytes == MAP_FAILED)
        return umm_error_set_errno(err, errno, path, "cannot map");
    *map = (struct umm_sharedmap){bytes, (size_t)len_bytes};
    return UMM_OK;
}

enum umm_status umm_sharedmap_sync(const struct umm_sharedmap *map, const char *path,
                                   size_t len_bytes, struct umm_error *err)
{
    int rc;
    do
        rc = msync(map->bytes, len_bytes, MS_SYNC);
    while (rc < 0 && errno == EINTR);
    return rc < 0 ? umm_error_set_errno(err, errno, path, "cannot sync") : UMM_OK;
}

void umm_sharedmap_close(struct umm_sharedmap *map)
{
    if (map->bytes)
        (void)munmap(map->bytes, map->len_bytes);
    *map = (struct umm_sharedmap){0};
}
