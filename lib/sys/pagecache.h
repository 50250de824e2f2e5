/* SPDX-License-Identifier: MIT */
/*
 * pagecache.h - bringing a file's pages into memory, keeping them, letting them go.
 *
 * Nothing here touches a mapped page, so that a file which is cut under these calls is an
 * error and never SIGBUS. In every function path only names the file in errors. Any
 * thread may call, with a descriptor of its own: readahead follows the descriptor.
 */
#ifndef UMM_SYS_PAGECACHE_H
#define UMM_SYS_PAGECACHE_H

#include "sys/map.h"
#include "umm.h"

/* What a load takes at once, and aligns to: large enough for the device to be kept busy. */
enum { UMM_PAGECACHE_WINDOW = 8 * 1024 * 1024, UMM_PAGECACHE_HUGE = 2 * 1024 * 1024 };

/*
 * How. POPULATE is madvise(MADV_POPULATE_READ) (Linux 5.14) on a map that asks for huge
 * pages: nothing is copied, and the cache gets 2 MiB folios, which are an order of
 * magnitude faster to map and scan than pages of 4 KiB. READ is pread into a small buffer.
 * Neither readahead(2) nor WILLNEED: both stop at the device's readahead window without a
 * word, return before the data is there, and leave small folios. POPULATE brings in
 * at least two huge pages, as far as the file goes; READ of less than one brings in just
 * that, where only a part of a file is wanted.
 */
enum umm_pagecache_method { UMM_PAGECACHE_POPULATE, UMM_PAGECACHE_READ };

/*
 * Bring len_bytes at offset in, and return when they are there. Where POPULATE does not
 * work (an older kernel, a file system without maps) or fails, READ takes over, and has
 * the last word: UMM_ERR_DATA, "file ends N bytes early", UMM_ERR_SYSTEM, UMM_ERR_MEMORY.
 */
UMM_MUST_USE enum umm_status umm_pagecache_load(int fd, const char *path, uint64_t offset,
                                                uint64_t len_bytes,
                                                enum umm_pagecache_method method,
                                                struct umm_error *err);

/*
 * Let go of the whole pages in the range; those that are dirty, mapped or in use stay, as
 * does all of a file that lives in memory. umm_residency_query tells what stayed.
 */
UMM_MUST_USE enum umm_status umm_pagecache_evict(int fd, const char *path, uint64_t offset,
                                                 uint64_t len_bytes, struct umm_error *err);

/*
 * The next stretch of data, not hole, in [at, end): from *first on to before *last. False
 * when there is none; what *first and *last are then means nothing. Everything is data where the
 * file system does not say.
 */
bool umm_pagecache_next_data(int fd, uint64_t at, uint64_t end, uint64_t *first, uint64_t *last);

/*
 * Lock the pages of the range, which brings them in, until *map is closed or the process ends.
 * UMM_ERR_SYSTEM with EPERM, ENOMEM or EAGAIN where the limit is too low; others as umm_map_open.
 */
UMM_MUST_USE enum umm_status umm_pagecache_lock(struct umm_map *map, int fd, const char *path,
                                                uint64_t offset, uint64_t len_bytes,
                                                struct umm_error *err);

/* How much a process without privilege may lock (RLIMIT_MEMLOCK); UINT64_MAX: no limit. */
uint64_t umm_pagecache_lock_limit(void);

/*
 * Bytes that the calling thread's reads have made devices deliver since it began, as
 * /proc/thread-self/io counts them. False when the system does not say.
 */
bool umm_pagecache_device_bytes(uint64_t *bytes);

#endif
