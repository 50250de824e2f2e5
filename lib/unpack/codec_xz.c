/* SPDX-License-Identifier: MIT */
/* xz by liblzma, which compares the check of each block and the index of each stream. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "unpack/codec.h"

#ifdef UMM_LZMA
#include <lzma.h>

/* xz -9 asks for 65 MiB. */
enum { MEMORY_MIB_MAX = 256 };

struct xz {
    lzma_stream stream;
    struct {
        __typeof__(lzma_stream_decoder) *init;
        __typeof__(lzma_code) *code;
        __typeof__(lzma_end) *end;
        __typeof__(lzma_memusage) *memusage;
    } lzma;
    bool is_open, is_complete;
};

static const char *const names[] = {"lzma_stream_decoder", "lzma_code", "lzma_end",
                                    "lzma_memusage"};
enum { N_NAMES = sizeof names / sizeof *names };

static void xz_close(void *state)
{
    struct xz *xz = state;
    if (xz && xz->is_open)
        xz->lzma.end(&xz->stream);
    free(xz);
}

static enum umm_status xz_open(void **state, struct umm_error *err)
{
    const uint64_t memory_bytes = (uint64_t)MEMORY_MIB_MAX << 20;
    struct xz *xz = calloc(1, sizeof *xz);
    if (!xz)
        return umm_error_set_memory(err, sizeof *xz, "xz decompression");
    enum umm_status status =
        umm_library_load(&umm_codec_xz.library, "xz data", names, N_NAMES, &xz->lzma, err);
    /* A check that cannot be made is an error: nothing would say that the text is right. */
    if (!status && xz->lzma.init(&xz->stream, memory_bytes,
                                 LZMA_CONCATENATED | LZMA_TELL_UNSUPPORTED_CHECK) != LZMA_OK)
        status = umm_error_set_memory(err, 0, "xz decompression");
    else if (!status)
        xz->is_open = true;
    if (status)
        xz_close(xz);
    else
        *state = xz;
    return status;
}

static enum umm_status refuse(struct xz *xz, lzma_ret code, struct umm_error *err)
{
    if (code == LZMA_MEMLIMIT_ERROR)
        return umm_error_hint(
            err,
            umm_error_set(err, UMM_ERR_DATA, "xz data that needs %" PRIu64 " MiB, more than %d",
                          (xz->lzma.memusage(&xz->stream) >> 20) + 1, MEMORY_MIB_MAX),
            UMM_HINT_XZ_MEMORY);
    if (code == LZMA_MEM_ERROR)
        return umm_error_set(err, UMM_ERR_MEMORY, "out of memory for xz decompression");
    if (code == LZMA_UNSUPPORTED_CHECK || code == LZMA_OPTIONS_ERROR)
        return umm_error_set(err, UMM_ERR_DATA, "xz data of a kind that liblzma does not know");
    return umm_error_set(err, UMM_ERR_DATA, "damaged xz data");
}

static enum umm_status xz_step(void *state, const char **in, size_t *in_len, bool is_last,
                               char *out, size_t cap_bytes, size_t *n_out, struct umm_error *err)
{
    struct xz *xz = state;
    lzma_stream *l = &xz->stream;
    *n_out = 0;
    while (*n_out < cap_bytes && !xz->is_complete) {
        const size_t had_in = *in_len, had_out = cap_bytes - *n_out;
        l->next_in = (const uint8_t *)*in;
        l->avail_in = had_in;
        l->next_out = (uint8_t *)out + *n_out;
        l->avail_out = had_out;
        lzma_ret code = xz->lzma.code(l, is_last ? LZMA_FINISH : LZMA_RUN);
        *in = (const char *)l->next_in;
        *in_len -= had_in - l->avail_in;
        *n_out += had_out - l->avail_out;
        xz->is_complete = code == LZMA_STREAM_END;
        if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR)
            return refuse(xz, code, err);
        if (code == LZMA_BUF_ERROR || (l->avail_in == had_in && l->avail_out == had_out))
            return UMM_OK;
    }
    return UMM_OK;
}

static bool xz_is_complete(const void *state)
{
    const struct xz *xz = state;
    return xz->is_complete;
}

const struct umm_codec umm_codec_xz = {
    "xz",    {"liblzma", UMM_LZMA, "liblzma-dev", "unpack it first"},
    xz_open, xz_close,
    xz_step, xz_is_complete};

#else

const struct umm_codec umm_codec_xz = {
    .name = "xz", .library = {"liblzma", NULL, "liblzma-dev", "unpack it first"}};

#endif
