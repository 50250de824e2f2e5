/* SPDX-License-Identifier: MIT */
/*
 * residency.h - how much of a file is in memory now.
 *
 * The page cache holds whole pages: a page that the range only touches counts as far
 * as it lies in the range. What is true at the call may be false right after it.
 *
 * Source: cachestat(2), Linux 6.5, at a cost of one call; mincore(2) in windows of
 * 256 MiB where the kernel lacks it. Both answer only the owner of the file and users who
 * may write it: mincore says "all of it" to everybody else, cachestat EPERM (since 6.14;
 * a container's filter may also say it). What cannot be known is said to be unknown.
 *
 * Any thread may call.
 */
#ifndef UMM_SYS_RESIDENCY_H
#define UMM_SYS_RESIDENCY_H

#include "umm.h"

/*
 * is_known         false: the system does not tell this user; all figures are 0
 * is_by_nature     the file lives in memory (tmpfs, hugetlbfs, ramfs) and not on a
 *                  device: all of it is resident but what was swapped out, and holes
 *                  count as resident, since reading them brings in nothing
 * resident_bytes   of the range
 * dirty_bytes      of these, not yet on the device; page granular
 * evicted_bytes    was in memory once and had to go; recently_: and is missed, as it
 *                  would still be here in a slightly larger memory; page granular
 *
 * The last three need cachestat; has_details says whether they are there.
 */
struct umm_residency {
    bool is_known;
    bool is_by_nature;
    bool has_details;
    uint64_t resident_bytes;
    uint64_t dirty_bytes;
    uint64_t evicted_bytes;
    uint64_t recently_evicted_bytes;
};

/*
 * Look at len_bytes at offset of the regular file open at fd; what lies past its end
 * is not resident. path names it in errors: UMM_ERR_SYSTEM, and UMM_ERR_ARGUMENT for a
 * range beyond what a file can have. *out is zeros then.
 */
UMM_MUST_USE enum umm_status umm_residency_query(int fd, const char *path, uint64_t offset,
                                                 uint64_t len_bytes, struct umm_residency *out,
                                                 struct umm_error *err);

/*
 * The same by mincore alone, which is what umm_residency_query does on a kernel without
 * cachestat. For tests; the range must lie within the file.
 */
UMM_MUST_USE enum umm_status umm_residency_query_mincore(int fd, const char *path, uint64_t offset,
                                                         uint64_t len_bytes,
                                                         struct umm_residency *out,
                                                         struct umm_error *err);

/* The residency of nothing, which is known: sums begin with it. */
#define UMM_RESIDENCY_NONE                                                                         \
    ((struct umm_residency){.is_known = true, .is_by_nature = true, .has_details = true})

/* Add the figures of *part to *sum, whose three flags stay true as long as part's are. */
void umm_residency_add(struct umm_residency *sum, const struct umm_residency *part);

#endif
