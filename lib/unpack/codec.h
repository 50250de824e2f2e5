/* SPDX-License-Identifier: MIT */
/*
 * codec.h - one way to unpack a stream of bytes; private to unpack/. There is one for gzip, bzip2,
 * xz and zstd each.
 *
 * open   a new stream in *state, closed by close
 * step   unpack from *in (advanced, *in_len reduced) into out; *n_out is what was written. Called
 *        again with more input, or more room, until both stay. is_last: nothing comes after *in.
 *        UMM_ERR_DATA when it is damaged, or something else comes after its end
 * is_complete  whether the input so far may end here: all checksums were right
 */
#ifndef UMM_UNPACK_CODEC_H
#define UMM_UNPACK_CODEC_H

#include "sys/library.h"
#include "umm.h"

struct umm_codec {
    const char *name;           /* of the format */
    struct umm_library library; /* without a soname: all below are NULL */
    enum umm_status (*open)(void **state, struct umm_error *err);
    void (*close)(void *state);
    enum umm_status (*step)(void *state, const char **in, size_t *in_len, bool is_last, char *out,
                            size_t cap_bytes, size_t *n_out, struct umm_error *err);
    bool (*is_complete)(const void *state);
};

extern const struct umm_codec umm_codec_gzip, umm_codec_bzip2, umm_codec_xz, umm_codec_zstd;

#endif
