/* SPDX-License-Identifier: MIT */
/*
 * store_copy.h - all entries of a store put into another one, wherever either is.
 */
#ifndef UMM_STORE_STORE_COPY_H
#define UMM_STORE_STORE_COPY_H

#include "umm.h"
#include "umm/store.h"

/* Entries put, passed over as they were not newer, and left out as they stayed half written. */
struct umm_store_copied {
    uint64_t n_put, n_older, n_torn;
};

/*
 * Put every entry of `from`, open to read, into `to`, open to write, in the order of positions: as
 * active as it is, with its timestamp and its expiry. Done again it puts the same again, or, with
 * UMM_STORE_PUT_NEWER, nothing. *copied is what was done, also after a failure. UMM_ERR_CONFLICT:
 * the vectors differ in length, or `to` is full of active entries; UMM_ERR_DATA: an entry is
 * damaged, or its id too long for `to`; UMM_ERR_CANCELLED. Progress counts bytes of vectors.
 */
UMM_MUST_USE enum umm_status umm_store_copy(struct umm_store *from, const char *from_path,
                                            struct umm_store *to, const char *to_path,
                                            enum umm_store_put_mode mode, struct umm_run *run,
                                            struct umm_store_copied *copied, struct umm_error *err);

#endif
