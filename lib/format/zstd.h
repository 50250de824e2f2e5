/* SPDX-License-Identifier: MIT */
/*
 * zstd.h - Zstandard (RFC 8878), with libzstd: streams are read, frames packed and
 * unpacked.
 *
 * Concatenated and skippable frames are read as zstd(1) reads them. A reader, packer
 * or unpacker belongs to one thread at a time.
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

/* ---- whole frames ------------------------------------------------------------- */

enum { UMM_ZSTD_LEVEL_MIN = 1, UMM_ZSTD_LEVEL_MAX = 19, UMM_ZSTD_LEVEL = 3 };

struct umm_zstd_packer;
struct umm_zstd_unpacker;

UMM_MUST_USE enum umm_status umm_zstd_packer_new(int level, struct umm_zstd_packer **out,
                                                 struct umm_error *err);
void umm_zstd_packer_free(struct umm_zstd_packer *packer);

/* The most bytes that a frame of len_bytes takes. */
size_t umm_zstd_frame_max(size_t len_bytes);

/*
 * One frame of len_bytes, with its content size and a checksum, into out, which has
 * umm_zstd_frame_max(len_bytes) of room. The same bytes for the same version of
 * libzstd, level and content.
 */
UMM_MUST_USE enum umm_status umm_zstd_pack(struct umm_zstd_packer *packer, const void *bytes,
                                           size_t len_bytes, void *out, size_t *n_out,
                                           struct umm_error *err);

UMM_MUST_USE enum umm_status umm_zstd_unpacker_new(struct umm_zstd_unpacker **out,
                                                   struct umm_error *err);
void umm_zstd_unpacker_free(struct umm_zstd_unpacker *unpacker);

/*
 * Unpack the frame that fills bytes, into exactly content_bytes of room at out.
 * UMM_ERR_DATA: damaged, or of another size. Never writes beyond that room.
 */
UMM_MUST_USE enum umm_status umm_zstd_unpack(struct umm_zstd_unpacker *unpacker, const void *bytes,
                                             size_t len_bytes, void *out, size_t content_bytes,
                                             struct umm_error *err);

/* What begins at some place. content_bytes is 0 for skippable frames. */
struct umm_zstd_frame {
    bool is_skippable;
    uint64_t size_bytes;
    uint64_t content_bytes;
};

/*
 * Measure the frame that begins bytes, which need hold no more of the file than it.
 * False when it is not all there, is no frame, or does not say how much it holds.
 */
UMM_MUST_USE bool umm_zstd_measure(const void *bytes, size_t len_bytes,
                                   struct umm_zstd_frame *frame);

/*
 * The checksum that ends the frame of len_bytes bytes: the low half of XXH64 of its
 * content, with which umm_zstd_unpack compares that. False when it has none.
 */
UMM_MUST_USE bool umm_zstd_checksum(const void *frame, size_t len_bytes, uint32_t *checksum);

/*
 * A frame of one raw block, without a checksum: its size depends on len_bytes alone,
 * so that other content of the same size can replace it in place. len_bytes is at
 * most UMM_ZSTD_RAW_MAX; out has UMM_ZSTD_RAW_EXTRA more. Returns the frame's size.
 *
 *     magic 4 | descriptor 1 | window 1 | block header 3 | content
 *
 * The frame does not say how much it holds. A program that unpacks one frame into a buffer of
 * the size in its header then refuses a file of several frames, where it would otherwise take
 * the first one for all of it. With is_sized the frame does say it:
 *
 *     magic 4 | descriptor 1 | content size 1, 2 or 4 | block header 3 | content
 */
enum { UMM_ZSTD_RAW_MAX = 128 * 1024, UMM_ZSTD_RAW_EXTRA = 12 };
size_t umm_zstd_format_raw(const void *bytes, size_t len_bytes, bool is_sized, void *out);

/* Where the content of such a frame is. */
struct umm_zstd_raw {
    bool is_sized;
    size_t size_bytes; /* of the frame */
    size_t content_at, content_bytes;
};

/*
 * Whether the bytes begin with a frame that umm_zstd_format_raw makes, all of it: each byte of it
 * that is not content is as there.
 */
UMM_MUST_USE bool umm_zstd_parse_raw(const void *bytes, size_t len_bytes, struct umm_zstd_raw *raw);

#endif
