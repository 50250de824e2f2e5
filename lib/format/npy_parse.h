/* SPDX-License-Identifier: MIT */
/* npy_parse.h - the dict inside an NPY header; private to npy*.c. */
#ifndef UMM_FORMAT_NPY_PARSE_H
#define UMM_FORMAT_NPY_PARSE_H

#include "format/npy.h"

/*
 * Read the len_bytes at text, the whole header after the prelude, as the dict
 * that umm_npy_parse describes; UTF-8 text if is_utf8, else latin-1. Fills what
 * the dict says of *out, which comes in as zeros, and leaves it to the caller to
 * run umm_npy_check. On failure *out may own fields.
 */
UMM_MUST_USE enum umm_status umm_npy_parse_dict(const char *text, size_t len_bytes, bool is_utf8,
                                                struct umm_npy *out, struct umm_error *err);

#endif
