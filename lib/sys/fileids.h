/* SPDX-License-Identifier: MIT */
/*
 * fileids.h - files by device and inode, whatever their names and the links to them: long lists
 * of them are sorted, so that each file is looked at once.
 */
#ifndef UMM_SYS_FILEIDS_H
#define UMM_SYS_FILEIDS_H

#include "umm.h"

/* As umm_file_info has them. */
struct umm_fileid {
    uint64_t device, inode;
};

/* In an order that the functions below go by. */
void umm_fileids_sort(struct umm_fileid *ids, size_t n);

/* Whether the sorted list has one of them twice. */
bool umm_fileids_has_twins(const struct umm_fileid *ids, size_t n);

/* Whether the sorted lists have one in common. */
bool umm_fileids_meet(const struct umm_fileid *a, size_t n_a, const struct umm_fileid *b,
                      size_t n_b);

#endif
