/* SPDX-License-Identifier: MIT */
#include "format/zstd.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/error.h"

struct umm_zstd_reader {
    ZSTD_DCtx *context;
    size_t wanted; /* libzstd's hint: 0 exactly when a frame is complete and flushed */
};

bool umm_zstd_is_magic(const void *bytes, size_t len_bytes)
{
    const unsigned char *p = bytes;
    if (len_bytes < 4)
        return false;
    uint32_t magic =
        (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    return magic == ZSTD_MAGICNUMBER ||
           (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
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
        return umm_error_set(err, UMM_ERR_DATA,
                             "zstd data with a window above 128 MiB; pipe it: zstd -dc --long=31 "
                             "FILE | umm-convert ... -");
    if (why == ZSTD_error_dictionary_wrong)
        return umm_error_set(err, UMM_ERR_DATA,
                             "zstd data that needs a dictionary; pipe it: zstd -dc -D DICTIONARY "
                             "FILE | umm-convert ... -");
    if (why == ZSTD_error_memory_allocation)
        return umm_error_set(err, UMM_ERR_MEMORY, "out of memory for zstd decompression");
    return umm_error_set(err, UMM_ERR_DATA, "damaged zstd data: %s", ZSTD_getErrorName(code));
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
    *in += source.pos;
    *in_len -= source.pos;
    *n_out = sink.pos;
    return UMM_OK;
}

bool umm_zstd_reader_is_complete(const struct umm_zstd_reader *reader)
{
    return reader->wanted == 0;
}
