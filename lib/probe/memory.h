/* SPDX-License-Identifier: MIT */
/*
 * memory.h - the memory of this system, as far as this process may have it.
 *
 * Outside a container these are the figures of free(1). Inside one, control groups
 * limit what /proc/meminfo knows nothing of; with limits at several levels of the
 * hierarchy, the least one counts:
 *
 *   total      the least of MemTotal and every limit from our group up to the root
 *   available  the least of MemAvailable and, of every level with a limit, limit minus
 *              working set; working set is what is charged, without the file cache
 *              that was not used lately (inactive_file), as the kubelet defines it
 *   used       total - available, as procps 4
 *
 * Control groups of version 1, 2 and both at once (hybrid) are understood: memory
 * belongs to one hierarchy, which /proc/self/cgroup names, and /proc/self/mountinfo
 * says where that is mounted and which of its groups is seen at the top. Of groups
 * above that top only version 1 tells a limit (hierarchical_memory_limit).
 *
 * Sources: Linux Documentation/filesystems/proc.rst, admin-guide/cgroup-v2.rst,
 * admin-guide/cgroup-v1/memory.rst, accounting/psi.rst. Any thread may call.
 */
#ifndef UMM_PROBE_MEMORY_H
#define UMM_PROBE_MEMORY_H

#include "umm.h"

/* Pressure stall information: share of time, 0 to 100, that tasks waited for memory. */
struct umm_memory_pressure {
    bool is_known;
    double some_avg10, some_avg60, some_avg300; /* at least one task waited */
    double full_avg10, full_avg60, full_avg300; /* all of them did */
    uint64_t some_total_us, full_total_us;
};

enum umm_memory_limiter { UMM_MEMORY_HOST, UMM_MEMORY_CGROUP1, UMM_MEMORY_CGROUP2 };

/*
 * All sizes in bytes. limiter says whose figures free, cached and shared are: the
 * host's, or those of the group with the least limit, when that is below MemTotal.
 * cached is what free(1) calls buff/cache: Buffers + Cached + SReclaimable; of a
 * group, its file pages. swap is limited like memory. pressure is that of the group
 * with the limit, when it has any (version 2), else the host's.
 */
struct umm_memory {
    uint64_t total_bytes;
    uint64_t available_bytes;
    uint64_t used_bytes;
    uint64_t free_bytes;
    uint64_t cached_bytes;
    uint64_t shared_bytes;
    uint64_t swap_total_bytes;
    uint64_t swap_used_bytes;
    enum umm_memory_limiter limiter;
    uint64_t working_set_bytes; /* of the limiting group; 0 for the host */
    uint64_t host_total_bytes;
    uint64_t host_available_bytes;
    struct umm_memory_pressure pressure;
};

/*
 * Read it now. root is put before every path, so that tests can bring a tree of their
 * own; NULL is the system's. Fails only when there is no usable /proc/meminfo:
 * UMM_ERR_SYSTEM, or UMM_ERR_UNSUPPORTED without MemAvailable (before Linux 3.14).
 */
UMM_MUST_USE enum umm_status umm_memory_read(const char *root, struct umm_memory *memory,
                                             struct umm_error *err);

/*
 * How many processes of our memory group, and of those below it as far as the kernel counts
 * them there (version 2), were killed because memory ran out, since the group was made.
 * UINT64_MAX where the kernel does not tell. root as above.
 */
uint64_t umm_memory_oom_kills(const char *root);

/* ---- parsers of untrusted text ---- */

/* /proc/meminfo: the host's figures. False when MemTotal or MemAvailable is missing. */
bool umm_memory_parse_meminfo(const char *text, struct umm_memory *memory);

/* /proc/pressure/memory or memory.pressure; false, is_known false, when it is neither. */
bool umm_memory_parse_pressure(const char *text, struct umm_memory_pressure *pressure);

enum { UMM_MEMORY_PATH_MAX = 4096 };

/* The memory group of a process: version 1 or 2, and its path in that hierarchy. */
struct umm_memory_group {
    int version;
    char path[UMM_MEMORY_PATH_MAX];
};

/* /proc/self/cgroup; false when it names no memory group. */
bool umm_memory_parse_cgroup(const char *text, struct umm_memory_group *group);

/*
 * /proc/self/mountinfo: where the hierarchy is mounted, and where in that mount the
 * group is: top and below, joined, are the group's directory, and top is as high as
 * can be seen. False when it is not mounted, or a path is too long.
 */
struct umm_memory_place {
    char top[UMM_MEMORY_PATH_MAX];
    char below[UMM_MEMORY_PATH_MAX]; /* empty, or begins with '/' */
};
bool umm_memory_parse_mounts(const char *text, const struct umm_memory_group *group,
                             struct umm_memory_place *place);

#endif
