/* SPDX-License-Identifier: MIT */
/*
 * marks.h - how pools and feature stores are known: by the names of their files, and by what
 * these begin with.
 *
 *     a pool     a directory with .umm-pool, which begins "umm-pool "
 *     a store    a directory with index.umm, which begins "UMMSTORE"; or, as that may be
 *                missing, with vectors.npy and slots.npy, whose records are those of slots
 *
 * In a world-writable directory, a file of another user marks nothing.
 */
#ifndef UMM_FORMAT_MARKS_H
#define UMM_FORMAT_MARKS_H

#include "format/npy.h"
#include "umm.h"

#define UMM_MARK_POOL          ".umm-pool"
#define UMM_MARK_POOL_BEGIN    "umm-pool "
#define UMM_MARK_STORE_VECTORS "vectors.npy"
#define UMM_MARK_STORE_SLOTS   "slots.npy"
#define UMM_MARK_STORE_INDEX   "index.umm"
#define UMM_MARK_STORE_TTL     "ttl.umm"
#define UMM_MARK_STORE_BEGIN   "UMMSTORE"

/* Whether the open directory (O_PATH is enough) is that of a pool, of whatever version. */
bool umm_marks_pool(int dir_fd);

/*
 * Whether base names a file of the store in the open directory (O_PATH is enough), of whatever
 * version. A base that no file of a store has costs no look-up.
 */
bool umm_marks_store_file(int dir_fd, const char *base);

/*
 * What the slots of a store of n positions are, with ids of id_words * 8 - 1 bytes; free *npy.
 * has_expiry: of stores of version 2, whose entries may expire.
 */
UMM_MUST_USE enum umm_status umm_marks_describe_slots(struct umm_npy *npy, uint64_t n,
                                                      uint32_t id_words, bool has_expiry,
                                                      struct umm_error *err);

/* Whether an array is slots, with ids of any length; and which. */
UMM_MUST_USE enum umm_status umm_marks_slots(const struct umm_npy *npy, bool *is_slots,
                                             bool *has_expiry, struct umm_error *err);

#endif
