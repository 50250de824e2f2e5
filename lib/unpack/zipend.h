/* SPDX-License-Identifier: MIT */
/*
 * zipend.h - the record that ends a zip archive (APPNOTE.TXT 4.3.16), for the number of members in
 * it: with fewer, some were lost; with one, no list has to be made first. Private to unpack/.
 *
 *     PK 5 6 | disk 2 | disk 2 | here 2 | in all 2 | size 4 | offset 4 | comment length 2 | comment
 */
#ifndef UMM_UNPACK_ZIPEND_H
#define UMM_UNPACK_ZIPEND_H

#include "umm.h"

/* So much of the end of a file is looked at, as by libarchive. */
enum { UMM_ZIPEND_BYTES = 16 * 1024 };

/*
 * Find the last such record among the last len_bytes of a file; false if there is none. The number
 * of members is modulo 65536, or left to a record of zip64: UMM_ZIPEND_ELSEWHERE.
 */
enum { UMM_ZIPEND_ELSEWHERE = 0xffff };
bool umm_zipend_find(const char *tail, size_t len_bytes, size_t *n_members);

#endif
