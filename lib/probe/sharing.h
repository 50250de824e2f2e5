/* SPDX-License-Identifier: MIT */
/*
 * sharing.h - which processes map a file, and whether all of them share one copy.
 *
 * Every process's maps are searched for the file (device and inode), and the smaps of
 * those that map it are added up. In each, RSS is what it has of the file in memory;
 * the sum of PSS counts a page that many map once. Pages that a process changed in a
 * private mapping are its own copies (anonymous) and no longer the file's.
 *
 *     one copy: (sum of RSS - sum of anonymous) / sum of RSS
 *
 * is 1 when all that the processes see of the file is the page cache's single copy.
 * Source: Linux Documentation/filesystems/proc.rst. Any thread, on its own objects.
 */
#ifndef UMM_PROBE_SHARING_H
#define UMM_PROBE_SHARING_H

#include "probe/process.h"

/*
 * The file that is looked for. path may be NULL; absolute and free of links, it finds
 * the file where /proc tells another device than stat does (btrfs, overlayfs).
 */
struct umm_sharing_file {
    uint64_t device, inode;
    const char *path;
};

/* What one process has of a file; bytes. mapped counts addresses, in memory or not. */
struct umm_sharing_process {
    uint32_t pid;
    char name[UMM_PROCESS_NAME_MAX];
    uint64_t mapped_bytes, rss_bytes, pss_bytes, anonymous_bytes;
};

/* n_hidden processes could not be looked into: they may also map the file. */
struct umm_sharing {
    struct umm_sharing_process *processes; /* by number; umm_sharing_free */
    size_t n_processes;
    size_t n_hidden;
    uint64_t rss_bytes, pss_bytes, anonymous_bytes; /* sums */
};

/*
 * Look for n files in one pass over all processes: results[i] is about files[i].
 * A process that ends meanwhile is left out. On failure all results are empty.
 */
UMM_MUST_USE enum umm_status umm_sharing_read(const char *root,
                                              const struct umm_sharing_file *files, size_t n,
                                              struct umm_sharing *results, struct umm_error *err);

void umm_sharing_free(struct umm_sharing *sharing);

/* The part of what is mapped and in memory that is the one copy, 0 to 1; -1: none is. */
double umm_sharing_one_copy(const struct umm_sharing *sharing);

/* ---- parser of untrusted text ---- */

/* One mapping's first line: "start-end perms offset major:minor inode   path". */
struct umm_mapping {
    uint64_t start, end;
    uint64_t device, inode;
    const char *path; /* path_len bytes of the text, escaped as the kernel does; may be empty */
    size_t path_len;
};

/* False when the line at text is not such a line (smaps has others in between). */
bool umm_mapping_parse(const char *text, struct umm_mapping *mapping);

#endif
