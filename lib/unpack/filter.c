/* SPDX-License-Identifier: MIT */
#include "unpack/filter.h"

#include <stdlib.h>

#include "base/error.h"
#include "format/zstd.h"
#include "unpack/codec.h"

/* ---- zstd, whose room is format/ ------------------------------------------------- */

static enum umm_status zstd_open(void **state, struct umm_error *err)
{
    struct umm_zstd_reader *reader = NULL;
    enum umm_status status = umm_zstd_reader_new(&reader, err);
    *state = reader;
    return status;
}

static void zstd_close(void *state)
{
    umm_zstd_reader_free(state);
}

static enum umm_status zstd_step(void *state, const char **in, size_t *in_len, bool is_last,
                                 char *out, size_t cap_bytes, size_t *n_out, struct umm_error *err)
{
    (void)is_last;
    return umm_zstd_reader_read(state, in, in_len, out, cap_bytes, n_out, err);
}

static bool zstd_is_complete(const void *state)
{
    return umm_zstd_reader_is_complete(state);
}

const struct umm_codec umm_codec_zstd = {
    "zstd", {"libzstd", "linked", "", NULL}, zstd_open, zstd_close, zstd_step, zstd_is_complete};

/* ---- any of them ------------------------------------------------------------------ */

struct umm_filter {
    const struct umm_codec *codec;
    void *state;
    struct umm_pieces pieces;
    const char *in;
    size_t in_len;
    bool is_last; /* no piece comes after in */
};

static const struct umm_codec *codec_of(enum umm_packing packing)
{
    return packing == UMM_PACKING_GZIP    ? &umm_codec_gzip
           : packing == UMM_PACKING_BZIP2 ? &umm_codec_bzip2
           : packing == UMM_PACKING_XZ    ? &umm_codec_xz
                                          : &umm_codec_zstd;
}

enum umm_status umm_filter_open(struct umm_filter **filter, enum umm_packing packing,
                                const struct umm_pieces *pieces, struct umm_error *err)
{
    const struct umm_codec *codec = codec_of(packing);
    if (!codec->library.soname)
        return umm_library_load(&codec->library, umm_packing_name(packing), NULL, 0, NULL, err);
    struct umm_filter *new = calloc(1, sizeof *new);
    if (!new)
        return umm_error_set_memory(err, sizeof *new, "decompression");
    *new = (struct umm_filter){.codec = codec, .pieces = *pieces, .in = ""};
    enum umm_status status = codec->open(&new->state, err);
    if (status)
        free(new);
    else
        *filter = new;
    return status;
}

void umm_filter_close(struct umm_filter *filter)
{
    if (!filter)
        return;
    filter->codec->close(filter->state);
    free(filter);
}

static enum umm_status refuse_cut(const struct umm_filter *filter, struct umm_error *err)
{
    if (filter->codec == &umm_codec_zstd)
        return umm_error_set(err, UMM_ERR_DATA, "zstd data ends in the middle of a frame");
    return umm_error_set(err, UMM_ERR_DATA, "%s data ends early", filter->codec->name);
}

enum umm_status umm_filter_read(struct umm_filter *filter, char *out, size_t cap_bytes,
                                size_t *n_read, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    *n_read = 0;
    while (!status && *n_read == 0) {
        status = filter->codec->step(filter->state, &filter->in, &filter->in_len, filter->is_last,
                                     out, cap_bytes, n_read, err);
        if (status || *n_read)
            return status;
        if (filter->is_last)
            return filter->codec->is_complete(filter->state) ? UMM_OK : refuse_cut(filter, err);
        if (filter->in_len == 0)
            status = filter->pieces.next(filter->pieces.user, &filter->in, &filter->in_len, err);
        filter->is_last = !status && filter->in_len == 0;
    }
    return status;
}
