/* SPDX-License-Identifier: MIT */
/*
 * zipone.h - of a zip archive with many members one with one of them, so that going to a member
 * costs what it holds, in any order; private to unpack/. libarchive would pass over all members
 * that are stored before it.
 *
 *     file     | members | directory | record |
 *     one      | members | directory | record |          a gap          | entry | records |
 *              `------------ as they are -----------' UMM_ZIPEND_BYTES  the member's, as it is
 *
 * All that is known of the member stands where it stood, and is read as it was. Who reads the file
 * to its end finds the end there: what comes after it is found by a seek alone.
 */
#ifndef UMM_UNPACK_ZIPONE_H
#define UMM_UNPACK_ZIPONE_H

#include "umm.h"
#include "unpack/container.h"
#include "unpack/feed.h"
#include "unpack/zipend.h"

/* All zero is none. */
struct umm_zipone {
    struct umm_feed *feed;
    struct umm_zipend_entry *entries; /* in the order in which members are stored */
    size_t n;
    bool is_unfit; /* there can be no index */
    char *tail;    /* what comes after the file */
    size_t tail_len;
    uint64_t position;
};

/*
 * Read where the n members are, unless that was done. The archive ends with `end`, at byte end_at
 * of the file. is_unfit is set where the directory is not what that says.
 */
UMM_MUST_USE enum umm_status umm_zipone_index(struct umm_zipone *zip, struct umm_feed *feed,
                                              const struct umm_zipend *end, uint64_t end_at,
                                              size_t n_members, struct umm_error *err);

/* Be the archive of the member that is stored as the i-th, from 0: *input gives its bytes. */
UMM_MUST_USE enum umm_status umm_zipone_select(struct umm_zipone *zip, size_t i,
                                               struct umm_container_input *input,
                                               struct umm_error *err);

void umm_zipone_free(struct umm_zipone *zip);

#endif
