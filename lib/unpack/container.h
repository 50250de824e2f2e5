/* SPDX-License-Identifier: MIT */
/*
 * container.h - the members of a zip or tar archive, one after the other, by libarchive; private to
 * unpack/. Only these two formats are known to it, and no filter.
 *
 * libarchive warns where it would go on, as at a member whose checksum is wrong; here each warning
 * is UMM_ERR_DATA.
 */
#ifndef UMM_UNPACK_CONTAINER_H
#define UMM_UNPACK_CONTAINER_H

#include "umm.h"
#include "unpack/filter.h"

/*
 * Where the bytes of the archive come from. seek (to a byte from the start, never after the end,
 * which is size_bytes) may be NULL for a tar archive.
 */
struct umm_container_input {
    struct umm_pieces pieces;
    void (*seek)(void *user, uint64_t position);
    uint64_t size_bytes;
};

enum umm_member_kind {
    UMM_MEMBER_FILE,
    UMM_MEMBER_DIRECTORY,
    UMM_MEMBER_LINK, /* symbolic or hard */
    UMM_MEMBER_DEVICE
};

struct umm_container_entry {
    const char *name; /* UTF-8 where the archive says so, else its bytes; until the next call */
    enum umm_member_kind kind;
    bool is_encrypted;
    uint64_t size_bytes; /* 0 if it is not known */
    uint64_t position;   /* of its first header, in a tar archive */
};

struct umm_container;

/*
 * The input stands at byte base: 0, or, in a tar archive, where a member's first header is.
 * UMM_ERR_UNSUPPORTED where the build did without libarchive.
 */
UMM_MUST_USE enum umm_status umm_container_open(struct umm_container **container,
                                                enum umm_packing packing,
                                                const struct umm_container_input *input,
                                                uint64_t base, struct umm_error *err);
void umm_container_close(struct umm_container *container);

/* Go to the next member; *has_entry is false after the last one. UMM_ERR_DATA for damage. */
UMM_MUST_USE enum umm_status umm_container_next(struct umm_container *container,
                                                struct umm_container_entry *entry, bool *has_entry,
                                                struct umm_error *err);

/*
 * Up to cap_bytes of the member's content. *n_read is 0 at its end only, and then its checksum, if
 * it has one, was right.
 */
UMM_MUST_USE enum umm_status umm_container_read(struct umm_container *container, char *out,
                                                size_t cap_bytes, size_t *n_read,
                                                struct umm_error *err);

/*
 * After the last member: the rest of the archive is what it may be. UMM_ERR_DATA for a tar archive
 * that ends without its mark, as one that was cut, or goes on after it.
 */
UMM_MUST_USE enum umm_status umm_container_finish(struct umm_container *container,
                                                  struct umm_error *err);

#endif
