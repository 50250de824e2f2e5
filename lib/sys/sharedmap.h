/* SPDX-License-Identifier: MIT */
/*
 * sharedmap.h - a file's bytes in memory, shared: what one process writes, all see.
 *
 * The pages are those of the page cache. Where the file is cut while it is mapped,
 * touching the bytes that are gone is SIGBUS, and so is writing where a full device has
 * no room: reserve it first (umm_file_allocate). Opening and closing is for one thread.
 */
#ifndef UMM_SYS_SHAREDMAP_H
#define UMM_SYS_SHAREDMAP_H

#include "umm.h"

/* bytes is at a page boundary; NULL for none. */
struct umm_sharedmap {
    char *bytes;
    size_t len_bytes;
};

/*
 * Map the first len_bytes (at least 1, no more than the file has) of the file open at fd,
 * which may be closed then; for reading only unless is_writable, when fd must be open for
 * both. UMM_ERR_SYSTEM; UMM_ERR_MEMORY when the address space is too small.
 */
UMM_MUST_USE enum umm_status umm_sharedmap_open(struct umm_sharedmap *map, int fd, const char *path,
                                                uint64_t len_bytes, bool is_writable,
                                                struct umm_error *err);

/* What was written in the first len_bytes is on the device (msync). */
UMM_MUST_USE enum umm_status umm_sharedmap_sync(const struct umm_sharedmap *map, const char *path,
                                                size_t len_bytes, struct umm_error *err);

/* Unmap it. Safe on none. */
void umm_sharedmap_close(struct umm_sharedmap *map);

#endif
