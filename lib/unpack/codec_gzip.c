/* SPDX-License-Identifier: MIT */
/* gzip (RFC 1952) by zlib: its inflate compares the checksum and the length of each member. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "unpack/codec.h"

#ifdef UMM_ZLIB
#define ZLIB_CONST
#include <zlib.h>

struct gzip {
    z_stream stream;
    struct {
        __typeof__(inflateInit2_) *init;
        __typeof__(inflate) *inflate;
        __typeof__(inflateReset) *reset;
        __typeof__(inflateEnd) *end;
    } zlib;
    bool is_open;    /* the stream is */
    bool has_member; /* one was read to its end */
    bool is_between; /* before the first member, or after one */
    bool is_padded;  /* zeros came after the last one: nothing else may follow */
};

static const char *const names[] = {"inflateInit2_", "inflate", "inflateReset", "inflateEnd"};
enum { N_NAMES = sizeof names / sizeof *names };

static void gzip_close(void *state)
{
    struct gzip *gzip = state;
    if (gzip && gzip->is_open)
        gzip->zlib.end(&gzip->stream);
    free(gzip);
}

static enum umm_status gzip_open(void **state, struct umm_error *err)
{
    enum { WITH_GZIP_HEADER = 16 };
    struct gzip *gzip = calloc(1, sizeof *gzip);
    if (!gzip)
        return umm_error_set_memory(err, sizeof *gzip, "gzip decompression");
    gzip->is_between = true;
    enum umm_status status =
        umm_library_load(&umm_codec_gzip.library, "gzip data", names, N_NAMES, &gzip->zlib, err);
    if (!status) {
        int code = gzip->zlib.init(&gzip->stream, MAX_WBITS + WITH_GZIP_HEADER, ZLIB_VERSION,
                                   (int)sizeof gzip->stream);
        gzip->is_open = code == Z_OK;
        if (code == Z_VERSION_ERROR)
            status = umm_error_set(err, UMM_ERR_UNSUPPORTED,
                                   "gzip data: %s is not of the version " ZLIB_VERSION, UMM_ZLIB);
        else if (code != Z_OK)
            status = umm_error_set_memory(err, 0, "gzip decompression");
    }
    if (status)
        gzip_close(gzip);
    else
        *state = gzip;
    return status;
}

/*
 * Between two members: zeros at the end of the file are padding, as of blocks of a tape, and as
 * gzip(1) has it.
 */
static enum umm_status begin_member(struct gzip *gzip, const char **in, size_t *in_len,
                                    struct umm_error *err)
{
    enum { FIRST_BYTE = 0x1f };
    for (; gzip->has_member && *in_len && **in == '\0'; ++*in, --*in_len)
        gzip->is_padded = true;
    if (*in_len == 0)
        return UMM_OK;
    if (gzip->has_member && (gzip->is_padded || **in != FIRST_BYTE))
        return umm_error_set(err, UMM_ERR_DATA, "bytes after the end of the gzip data");
    if (gzip->has_member && gzip->zlib.reset(&gzip->stream) != Z_OK)
        return umm_error_set(err, UMM_ERR_DATA, "damaged gzip data");
    gzip->is_between = false;
    return UMM_OK;
}

static enum umm_status gzip_step(void *state, const char **in, size_t *in_len, bool is_last,
                                 char *out, size_t cap_bytes, size_t *n_out, struct umm_error *err)
{
    struct gzip *gzip = state;
    z_stream *z = &gzip->stream;
    (void)is_last;
    for (*n_out = 0; *n_out < cap_bytes;) {
        enum umm_status status = gzip->is_between ? begin_member(gzip, in, in_len, err) : UMM_OK;
        if (status || gzip->is_between)
            return status;
        const size_t room = cap_bytes - *n_out;
        const uInt had_in = *in_len < UINT_MAX ? (uInt)*in_len : UINT_MAX;
        const uInt had_out = room < UINT_MAX ? (uInt)room : UINT_MAX;
        z->next_in = (const Bytef *)*in;
        z->avail_in = had_in;
        z->next_out = (Bytef *)out + *n_out;
        z->avail_out = had_out;
        int code = gzip->zlib.inflate(z, Z_NO_FLUSH);
        *in += had_in - z->avail_in;
        *in_len -= had_in - z->avail_in;
        *n_out += had_out - z->avail_out;
        if (code == Z_STREAM_END)
            gzip->is_between = gzip->has_member = true;
        else if (code == Z_MEM_ERROR)
            return umm_error_set(err, UMM_ERR_MEMORY, "out of memory for gzip decompression");
        else if (code == Z_BUF_ERROR ||
                 (code == Z_OK && z->avail_in == had_in && z->avail_out == had_out))
            return UMM_OK;
        else if (code != Z_OK)
            return umm_error_set(err, UMM_ERR_DATA, "damaged gzip data");
    }
    return UMM_OK;
}

static bool gzip_is_complete(const void *state)
{
    const struct gzip *gzip = state;
    return gzip->has_member && gzip->is_between;
}

const struct umm_codec umm_codec_gzip = {
    "gzip",    {"zlib", UMM_ZLIB, "zlib1g-dev", "unpack it first"},
    gzip_open, gzip_close,
    gzip_step, gzip_is_complete};

#else

const struct umm_codec umm_codec_gzip = {
    .name = "gzip", .library = {"zlib", NULL, "zlib1g-dev", "unpack it first"}};

#endif
