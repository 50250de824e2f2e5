/* SPDX-License-Identifier: MIT */
/*
 * map.h - a file's bytes in memory, shared with every process that maps it: what one writes, all
 * see.
 *
 * The pages are those of the page cache: mapping costs address space, not memory. Where the file is
 * cut while it is mapped, touching the bytes that are gone is SIGBUS, and so is writing where a
 * full device has no room: reserve it first (umm_file_allocate). A map may be read by any number of
 * threads; opening and closing is for one.
 */
#ifndef UMM_SYS_MAP_H
#define UMM_SYS_MAP_H

#include "umm.h"

/* bytes is at a page boundary; NULL for none. */
struct umm_map {
    char *bytes;
    size_t len_bytes;
};

/*
 * Map the first len_bytes (at least 1, no more than the file has) of the file open at fd, which may
 * be closed then; for reading only unless is_writable, when fd must be open for both.
 * UMM_ERR_SYSTEM; UMM_ERR_MEMORY when the address space is too small. *map is none on failure.
 */
UMM_MUST_USE enum umm_status umm_map_open(struct umm_map *map, int fd, const char *path,
                                          uint64_t len_bytes, bool is_writable,
                                          struct umm_error *err);

/*
 * Map, for reading only, the len_bytes (at least 1) at offset, and what is before them in their
 * first page. Failures as umm_map_open.
 */
UMM_MUST_USE enum umm_status umm_map_open_part(struct umm_map *map, int fd, const char *path,
                                               uint64_t offset, uint64_t len_bytes,
                                               struct umm_error *err);

/*
 * Expect touches far apart: then a touched page is read alone, and not the device's whole
 * readahead window around it (128 KiB, or megabytes). A hint that cannot fail.
 */
void umm_map_expect_random(const struct umm_map *map);

/* What was written in the first len_bytes is on the device (msync). */
UMM_MUST_USE enum umm_status umm_map_sync(const struct umm_map *map, const char *path,
                                          size_t len_bytes, struct umm_error *err);

/*
 * Whether this process has as many maps as it may have (vm.max_map_count, *limit): then a further
 * one fails for want of memory. False where the system does not say. It allocates little.
 */
bool umm_map_is_limit_reached(uint64_t *limit);

/* Unmap it. Safe on none. */
void umm_map_close(struct umm_map *map);

#endif
