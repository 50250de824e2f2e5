/* SPDX-License-Identifier: MIT */
/*
 * filter.h - what a file's or a member's first bytes say about it, and gzip, bzip2, xz and zstd
 * unpacked from bytes that come in pieces; private to unpack/.
 */
#ifndef UMM_UNPACK_FILTER_H
#define UMM_UNPACK_FILTER_H

#include "umm.h"
#include "unpack/packing.h"

/*
 * Bytes that come piece by piece. *len_bytes is 0 at the end only; a piece is valid until the
 * next call.
 */
struct umm_pieces {
    enum umm_status (*next)(void *user, const char **bytes, size_t *len_bytes,
                            struct umm_error *err);
    void *user;
};

struct umm_filter;

/* packing is one of a single text. UMM_ERR_UNSUPPORTED where the build did without its library. */
UMM_MUST_USE enum umm_status umm_filter_open(struct umm_filter **filter, enum umm_packing packing,
                                             const struct umm_pieces *pieces,
                                             struct umm_error *err);
void umm_filter_close(struct umm_filter *filter);

/*
 * Up to cap_bytes (at least 1) of what is unpacked. *n_read is 0 at the end only, and then every
 * checksum was right, and the last piece had been read. UMM_ERR_DATA for what is damaged, or cut.
 */
UMM_MUST_USE enum umm_status umm_filter_read(struct umm_filter *filter, char *out, size_t cap_bytes,
                                             size_t *n_read, struct umm_error *err);

#endif
