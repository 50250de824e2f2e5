/* SPDX-License-Identifier: MIT */
/*
 * zstd.h - decompression of Zstandard streams (RFC 8878), with libzstd.
 *
 * Concatenated and skippable frames are read as zstd(1) reads them.
 */
#ifndef UMM_FORMAT_ZSTD_H
#define UMM_FORMAT_ZSTD_H

#include "umm.h"

struct umm_zstd_reader;

/* Whether the bytes begin a zstd frame or a skippable frame. */
bool umm_zstd_is_magic(const void *bytes, size_t len_bytes);

UMM_MUST_USE enum umm_status umm_zstd_reader_new(struct umm_zstd_reader **out,
                                                 struct umm_error *err);
void umm_zstd_reader_free(struct umm_zstd_reader *reader);

/*
 * Decompress from *in (advanced, *in_len reduced) into out; *n_out is what was
 * written. Call it again with more input, or with more room, until both stay.
 * UMM_ERR_DATA when the data is damaged; windows above 128 MiB are refused, as by
 * zstd(1) without --long.
 */
UMM_MUST_USE enum umm_status umm_zstd_reader_read(struct umm_zstd_reader *reader, const char **in,
                                                  size_t *in_len, char *out, size_t cap_bytes,
                                                  size_t *n_out, struct umm_error *err);

/* Whether the input so far ends between frames, so that it may end here. */
bool umm_zstd_reader_is_complete(const struct umm_zstd_reader *reader);

#endif
