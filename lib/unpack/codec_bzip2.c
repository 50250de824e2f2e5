/* SPDX-License-Identifier: MIT */
/* bzip2 by libbz2, which compares the checksum of each block and of each stream. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "unpack/codec.h"

#ifdef UMM_BZIP2
#include <bzlib.h>

struct bzip2 {
    bz_stream stream;
    struct {
        __typeof__(BZ2_bzDecompressInit) *init;
        __typeof__(BZ2_bzDecompress) *decompress;
        __typeof__(BZ2_bzDecompressEnd) *end;
    } library;
    bool is_open;    /* the stream is */
    bool has_stream; /* one was read to its end */
};

static const char *const names[] = {"BZ2_bzDecompressInit", "BZ2_bzDecompress",
                                    "BZ2_bzDecompressEnd"};
enum { N_NAMES = sizeof names / sizeof *names };

static void end_stream(struct bzip2 *bzip2)
{
    if (bzip2->is_open)
        bzip2->library.end(&bzip2->stream);
    bzip2->is_open = false;
}

static void bzip2_close(void *state)
{
    if (state)
        end_stream(state);
    free(state);
}

static enum umm_status bzip2_open(void **state, struct umm_error *err)
{
    struct bzip2 *bzip2 = calloc(1, sizeof *bzip2);
    if (!bzip2)
        return umm_error_set_memory(err, sizeof *bzip2, "bzip2 decompression");
    enum umm_status status = umm_library_load(&umm_codec_bzip2.library, "bzip2 data", names,
                                              N_NAMES, &bzip2->library, err);
    if (status)
        bzip2_close(bzip2);
    else
        *state = bzip2;
    return status;
}

/* Several streams may follow each other. */
static enum umm_status begin_stream(struct bzip2 *bzip2, char first, struct umm_error *err)
{
    if (bzip2->has_stream && first != 'B')
        return umm_error_set(err, UMM_ERR_DATA, "bytes after the end of the bzip2 data");
    bzip2->stream = (bz_stream){.next_in = NULL};
    if (bzip2->library.init(&bzip2->stream, 0, 0) != BZ_OK)
        return umm_error_set_memory(err, 0, "bzip2 decompression");
    bzip2->is_open = true;
    return UMM_OK;
}

static enum umm_status bzip2_step(void *state, const char **in, size_t *in_len, bool is_last,
                                  char *out, size_t cap_bytes, size_t *n_out, struct umm_error *err)
{
    struct bzip2 *bzip2 = state;
    bz_stream *b = &bzip2->stream;
    (void)is_last;
    for (*n_out = 0; *n_out < cap_bytes;) {
        if (!bzip2->is_open && *in_len == 0)
            return UMM_OK;
        enum umm_status status = bzip2->is_open ? UMM_OK : begin_stream(bzip2, **in, err);
        if (status)
            return status;
        const size_t room = cap_bytes - *n_out;
        const unsigned had_in = *in_len < UINT_MAX ? (unsigned)*in_len : UINT_MAX;
        const unsigned had_out = room < UINT_MAX ? (unsigned)room : UINT_MAX;
        /* libbz2 does not write there; its type is older than const. */
        memcpy(&b->next_in, in, sizeof b->next_in);
        b->avail_in = had_in;
        b->next_out = out + *n_out;
        b->avail_out = had_out;
        int code = bzip2->library.decompress(b);
        *in += had_in - b->avail_in;
        *in_len -= had_in - b->avail_in;
        *n_out += had_out - b->avail_out;
        if (code == BZ_STREAM_END) {
            end_stream(bzip2);
            bzip2->has_stream = true;
        } else if (code == BZ_MEM_ERROR) {
            return umm_error_set(err, UMM_ERR_MEMORY, "out of memory for bzip2 decompression");
        } else if (code != BZ_OK) {
            return umm_error_set(err, UMM_ERR_DATA, "damaged bzip2 data");
        } else if (b->avail_in == had_in && b->avail_out == had_out) {
            return UMM_OK;
        }
    }
    return UMM_OK;
}

static bool bzip2_is_complete(const void *state)
{
    const struct bzip2 *bzip2 = state;
    return bzip2->has_stream && !bzip2->is_open;
}

const struct umm_codec umm_codec_bzip2 = {
    "bzip2",    {"libbz2", UMM_BZIP2, "libbz2-dev", "unpack it first"},
    bzip2_open, bzip2_close,
    bzip2_step, bzip2_is_complete};

#else

const struct umm_codec umm_codec_bzip2 = {
    .name = "bzip2", .library = {"libbz2", NULL, "libbz2-dev", "unpack it first"}};

#endif
