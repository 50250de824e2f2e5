/* SPDX-License-Identifier: MIT */
/*
 * zipend.h - what stands at the end of a zip archive (APPNOTE.TXT 4.3.12 and 4.3.16): a directory
 * of its members, and a record that ends it. libarchive believes what stands before each member;
 * here both are compared. Private to unpack/.
 *
 *     directory  PK 1 2 | 24 | name length 2 | extra 2 | comment 2 | 12 | name | extra | comment
 *     record     PK 5 6 | disk 2 | disk 2 | here 2 | in all 2 | size 4 | offset 4 | length 2 |
 * comment
 */
#ifndef UMM_UNPACK_ZIPEND_H
#define UMM_UNPACK_ZIPEND_H

#include "umm.h"
#include "unpack/filter.h"

/* So much of the end of a file is looked at, as by libarchive. */
enum { UMM_ZIPEND_BYTES = 16 * 1024 };

struct umm_zipend {
    size_t at;                /* of the record, in the bytes that were looked at */
    uint64_t n_members;       /* modulo 65536 unless is_zip64 */
    uint64_t directory_bytes; /* of the directory, which stands before the record */
    bool is_zip64;            /* the numbers are those of a record of zip64, which is at `at` */
    bool is_elsewhere;        /* one has them, and was not found before this record */
    uint64_t directory_at;    /* in the file, as the record says */
    bool is_sure;             /* that libarchive takes this record, and no other */
};

/* Find the last such record among the last len_bytes of a file; false if there is none. */
bool umm_zipend_find(const char *tail, size_t len_bytes, struct umm_zipend *end);

/*
 * Whether each name in the directory of n members, which pieces begin with, is one that `has`
 * knows. Not looked at is a name that is more than ASCII, or has a backslash, as programs do not
 * agree what it is; and what is no such directory, which libarchive judges. No name has a slash at
 * its end here.
 */
UMM_MUST_USE enum umm_status
umm_zipend_compare(const struct umm_pieces *pieces, size_t n_members,
                   bool (*has)(const void *user, const char *name, size_t len_bytes),
                   const void *user, bool *is_same, struct umm_error *err);

/* Where the directory has a member, and where the member is. */
struct umm_zipend_entry {
    uint64_t at;
    size_t len_bytes;
    uint64_t member_at;
};

/*
 * The entries of the directory of n members, in the order in which the members are stored; pieces
 * begin with byte `at` of the file, which is the directory's first. *is_index is false if not all
 * are there, two members begin at one byte, or one begins after `at`.
 */
UMM_MUST_USE enum umm_status umm_zipend_index(const struct umm_pieces *pieces, uint64_t at,
                                              size_t n_members, struct umm_zipend_entry *entries,
                                              bool *is_index, struct umm_error *err);

#endif
