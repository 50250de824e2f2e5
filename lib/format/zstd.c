/* SPDX-License-Identifier: MIT */
#include "format/zstd.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/bytes.h"
#include "base/error.h"

struct umm_zstd_reader {
    ZSTD_DCtx *context;
    size_t wanted; /* libzstd's hint: 0 exactly when a frame is complete and flushed */
};

static bool is_skippable(uint32_t magic)
{
    return (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

bool umm_zstd_is_magic(const void *bytes, size_t len_bytes)
{
    if (len_bytes < 4)
        return false;
    uint32_t magic = (uint32_t)umm_bytes_get(bytes, 4);
    return magic == ZSTD_MAGICNUMBER || is_skippable(magic);
}

enum umm_status umm_zstd_reader_new(struct umm_zstd_reader **out, struct umm_error *err)
{
    struct umm_zstd_reader *reader = calloc(1, sizeof *reader);
    if (reader)
        reader->context = ZSTD_createDCtx();
    if (!reader || !reader->context) {
        free(reader);
        return umm_error_set_memory(err, sizeof *reader, "zstd decompression");
    }
    *out = reader;
    return UMM_OK;
}

void umm_zstd_reader_free(struct umm_zstd_reader *reader)
{
    if (!reader)
        return;
    ZSTD_freeDCtx(reader->context);
    free(reader);
}

/* Sound data that this reader does not take is not called damaged. */
static enum umm_status refuse(size_t code, struct umm_error *err)
{
    ZSTD_ErrorCode why = ZSTD_getErrorCode(code);
    if (why == ZSTD_error_frameParameter_windowTooLarge)
        return umm_error_hint(
            err, umm_error_set(err, UMM_ERR_DATA, "zstd data with a window above 128 MiB"),
            UMM_HINT_ZSTD_WINDOW);
    if (why == ZSTD_error_dictionary_wrong)
        return umm_error_hint(err,
                              umm_error_set(err, UMM_ERR_DATA, "zstd data that needs a dictionary"),
                              UMM_HINT_ZSTD_DICTIONARY);
    if (why == ZSTD_error_memory_allocation)
        return umm_error_set(err, UMM_ERR_MEMORY, "out of memory for zstd decompression");
    /* What zstd calls it depends on how much it was given at once. */
    return umm_error_set(err, UMM_ERR_DATA, "damaged zstd data");
}

enum umm_status umm_zstd_reader_read(struct umm_zstd_reader *reader, const char **in,
                                     size_t *in_len, char *out, size_t cap_bytes, size_t *n_out,
                                     struct umm_error *err)
{
    ZSTD_inBuffer source = {*in, *in_len, 0};
    ZSTD_outBuffer sink = {out, cap_bytes, 0};
    while (sink.pos < sink.size) {
        size_t before = source.pos + sink.pos;
        /* At a frame's end with nothing left, one more call would begin a new frame. */
        if (source.pos == source.size && reader->wanted == 0)
            break;
        size_t code = ZSTD_decompressStream(reader->context, &sink, &source);
        if (ZSTD_isError(code))
            return refuse(code, err);
        reader->wanted = code;
        if (source.pos + sink.pos == before)
            break;
    }
    if (source.pos) /* no input is NULL, to which not even 0 may be added */
        *in += source.pos;
    *in_len -= source.pos;
    *n_out = sink.pos;
    return UMM_OK;
}

bool umm_zstd_reader_is_complete(const struct umm_zstd_reader *reader)
{
    return reader->wanted == 0;
}

/* ---- whole frames ------------------------------------------------------------- */

struct umm_zstd_packer {
    ZSTD_CCtx *context;
};

struct umm_zstd_unpacker {
    ZSTD_DCtx *context;
};

enum umm_status umm_zstd_packer_new(int level, struct umm_zstd_packer **out, struct umm_error *err)
{
    struct umm_zstd_packer *packer = calloc(1, sizeof *packer);
    if (packer)
        packer->context = ZSTD_createCCtx();
    if (!packer || !packer->context ||
        ZSTD_isError(ZSTD_CCtx_setParameter(packer->context, ZSTD_c_compressionLevel, level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(packer->context, ZSTD_c_checksumFlag, 1))) {
        umm_zstd_packer_free(packer);
        return umm_error_set_memory(err, sizeof *packer, "zstd compression");
    }
    *out = packer;
    return UMM_OK;
}

void umm_zstd_packer_free(struct umm_zstd_packer *packer)
{
    if (!packer)
        return;
    ZSTD_freeCCtx(packer->context);
    free(packer);
}

size_t umm_zstd_frame_max(size_t len_bytes)
{
    return ZSTD_compressBound(len_bytes);
}

enum umm_status umm_zstd_pack(struct umm_zstd_packer *packer, const void *bytes, size_t len_bytes,
                              void *out, size_t *n_out, struct umm_error *err)
{
    size_t code =
        ZSTD_compress2(packer->context, out, umm_zstd_frame_max(len_bytes), bytes, len_bytes);
    if (ZSTD_isError(code))
        return umm_error_set_memory(err, len_bytes, "zstd compression");
    *n_out = code;
    return UMM_OK;
}

enum umm_status umm_zstd_unpacker_new(struct umm_zstd_unpacker **out, struct umm_error *err)
{
    struct umm_zstd_unpacker *unpacker = calloc(1, sizeof *unpacker);
    if (unpacker)
        unpacker->context = ZSTD_createDCtx();
    if (!unpacker || !unpacker->context) {
        free(unpacker);
        return umm_error_set_memory(err, sizeof *unpacker, "zstd decompression");
    }
    *out = unpacker;
    return UMM_OK;
}

void umm_zstd_unpacker_free(struct umm_zstd_unpacker *unpacker)
{
    if (!unpacker)
        return;
    ZSTD_freeDCtx(unpacker->context);
    free(unpacker);
}

enum umm_status umm_zstd_unpack(struct umm_zstd_unpacker *unpacker, const void *bytes,
                                size_t len_bytes, void *out, size_t content_bytes,
                                struct umm_error *err)
{
    size_t code = ZSTD_decompressDCtx(unpacker->context, out, content_bytes, bytes, len_bytes);
    if (ZSTD_isError(code))
        return refuse(code, err);
    if (code != content_bytes)
        return umm_error_set(err, UMM_ERR_DATA, "a zstd frame holds %zu bytes, not %zu", code,
                             content_bytes);
    return UMM_OK;
}

bool umm_zstd_measure(const void *bytes, size_t len_bytes, struct umm_zstd_frame *frame)
{
    if (!umm_zstd_is_magic(bytes, len_bytes))
        return false;
    size_t size = ZSTD_findFrameCompressedSize(bytes, len_bytes);
    if (ZSTD_isError(size))
        return false;
    frame->is_skippable = is_skippable((uint32_t)umm_bytes_get(bytes, 4));
    frame->size_bytes = size;
    frame->content_bytes = 0;
    if (frame->is_skippable)
        return true;
    frame->content_bytes = ZSTD_getFrameContentSize(bytes, len_bytes);
    return frame->content_bytes != ZSTD_CONTENTSIZE_UNKNOWN &&
           frame->content_bytes != ZSTD_CONTENTSIZE_ERROR;
}

bool umm_zstd_checksum(const void *frame, size_t len_bytes, uint32_t *checksum)
{
    enum { DESCRIPTOR = 4, HAS_CHECKSUM = 1 << 2, CHECKSUM_BYTES = 4 };
    const unsigned char *p = frame;
    if (len_bytes < DESCRIPTOR + 1 + CHECKSUM_BYTES || umm_bytes_get(p, 4) != ZSTD_MAGICNUMBER ||
        !(p[DESCRIPTOR] & HAS_CHECKSUM))
        return false;
    *checksum = (uint32_t)umm_bytes_get(p + len_bytes - CHECKSUM_BYTES, CHECKSUM_BYTES);
    return true;
}

/* ---- raw frames --------------------------------------------------------------- */

enum { RAW_HEAD_MIN = 9, BLOCK_HEADER_BYTES = 3, BLOCK_LEN_SHIFT = 3 };

/*
 * RFC 8878, 3.1.1: what is before the content, at most UMM_ZSTD_RAW_EXTRA bytes; returns how many.
 * A frame without a content size has a window, of 128 KiB, which is also the most that a block may
 * have. With a content size it is of a single segment, and 256 off in 2 bytes.
 */
static size_t format_raw_head(size_t len_bytes, bool is_sized, unsigned char *out)
{
    enum { SINGLE_SEGMENT = 1 << 5, LAST_BLOCK = 1, TWO_BYTES_FROM = 256, FOUR_BYTES_FROM = 65792 };
    enum { WINDOW_128K = (17 - 10) << 3 };
    unsigned char *p = umm_bytes_put(out, ZSTD_MAGICNUMBER, 4);
    uint32_t len = (uint32_t)len_bytes;
    if (!is_sized) {
        *p++ = 0;
        *p++ = WINDOW_128K;
    } else if (len < TWO_BYTES_FROM) {
        *p++ = SINGLE_SEGMENT;
        p = umm_bytes_put(p, len, 1);
    } else if (len < FOUR_BYTES_FROM) {
        *p++ = SINGLE_SEGMENT | 1 << 6;
        p = umm_bytes_put(p, len - TWO_BYTES_FROM, 2);
    } else {
        *p++ = SINGLE_SEGMENT | 2 << 6;
        p = umm_bytes_put(p, len, 4);
    }
    p = umm_bytes_put(p, LAST_BLOCK | len << BLOCK_LEN_SHIFT, BLOCK_HEADER_BYTES);
    return (size_t)(p - out);
}

size_t umm_zstd_format_raw(const void *bytes, size_t len_bytes, bool is_sized, void *out)
{
    unsigned char *p = out;
    size_t at = format_raw_head(len_bytes, is_sized, p);
    memcpy(p + at, bytes, len_bytes);
    return at + len_bytes;
}

/* The block header, which has the length, ends a head of one of four sizes. */
bool umm_zstd_parse_raw(const void *bytes, size_t len_bytes, struct umm_zstd_raw *raw)
{
    const unsigned char *p = bytes;
    unsigned char head[UMM_ZSTD_RAW_EXTRA];
    for (size_t at = RAW_HEAD_MIN; at <= UMM_ZSTD_RAW_EXTRA && at <= len_bytes; at++) {
        size_t len =
            umm_bytes_get(p + at - BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES) >> BLOCK_LEN_SHIFT;
        for (int is_sized = 0; len <= UMM_ZSTD_RAW_MAX && is_sized < 2; is_sized++) {
            if (format_raw_head(len, is_sized, head) != at || memcmp(head, p, at) != 0)
                continue;
            *raw = (struct umm_zstd_raw){is_sized, at + len, at, len};
            return raw->size_bytes <= len_bytes;
        }
    }
    return false;
}
