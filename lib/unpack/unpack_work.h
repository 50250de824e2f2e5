/* SPDX-License-Identifier: MIT */
/*
 * unpack_work.h - a packed file under way; private to unpack*.c.
 *
 *     unpack.c          open and close: what is in what
 *     unpack_members.c  the members of an archive, and which of them are text
 *     unpack_text.c     bytes from stage to stage, limits, the text that is read
 */
#ifndef UMM_UNPACK_UNPACK_WORK_H
#define UMM_UNPACK_UNPACK_WORK_H

#include "umm.h"
#include "unpack/container.h"
#include "unpack/feed.h"
#include "unpack/filter.h"
#include "unpack/members.h"
#include "unpack/unpack.h"
#include "unpack/zipone.h"

enum { UMM_UNPACK_LOOK_BYTES = 4096, UMM_UNPACK_MEMBER_BYTES = 64 * 1024 };

/* What gives the text, from the file up; see the head of unpack.h. */
struct umm_unpack {
    const char *path;
    bool is_owned; /* the file is to be closed */
    struct umm_unpack_options options;
    struct umm_feed feed;
    struct umm_filter *whole; /* of the file; NULL: it is an archive itself */
    enum umm_packing outer;   /* and what that is */
    enum umm_packing packing; /* ZIP or TAR; else that of the only text */
    struct umm_container *container;
    size_t n_passed;       /* entries that the container has gone to, the one it is at included */
    bool is_only;          /* the zip archive says that it has one entry */
    struct umm_zipend end; /* of a zip archive, and where in the file its record is */
    uint64_t end_at;
    struct umm_zipone one; /* the container's, where that went straight to a member */
    struct umm_members members;
    size_t next;              /* place among the members */
    struct umm_filter *inner; /* of a member that is compressed */
    char *name;               /* of the text; NULL: the path is */
    const char *member;
    bool is_text;  /* there may be more of it to read */
    bool is_given; /* some text was gone to */
    /* The first bytes of a text, and of a tar archive that comes out of `whole`. */
    char look[UMM_UNPACK_LOOK_BYTES];
    size_t look_at, look_len;
    char *whole_piece, *member_piece;
    size_t member_len; /* of what is in member_piece and was not given yet */
    uint64_t n_unpacked, n_passed_over;
    uint64_t n_content; /* of members, where n_unpacked is of the archive: holes are not in that */
};

/* ---- unpack_text.c ------------------------------------------------------------------- */

/* Let a failure of a call that knows no path be of the text; returns status. */
enum umm_status umm_unpack_place(const struct umm_unpack *unpack, enum umm_status status,
                                 struct umm_error *err);

/* The text's name is that of a member, or the path's again. */
UMM_MUST_USE enum umm_status umm_unpack_set_name(struct umm_unpack *unpack, const char *member,
                                                 struct umm_error *err);
void umm_unpack_clear_name(struct umm_unpack *unpack);

/* Pieces of the file, of what comes out of its filter, of a member: struct umm_pieces. */
enum umm_status umm_unpack_next_of_feed(void *user, const char **bytes, size_t *len,
                                        struct umm_error *err);
enum umm_status umm_unpack_next_of_whole(void *user, const char **bytes, size_t *len,
                                         struct umm_error *err);
enum umm_status umm_unpack_next_of_member(void *user, const char **bytes, size_t *len,
                                          struct umm_error *err);

/* malloc *piece unless that was done. */
UMM_MUST_USE enum umm_status umm_unpack_make_room(char **piece, size_t cap_bytes,
                                                  struct umm_error *err);

/* Read the first bytes of a text, all that there is room for unless it ends before. */
UMM_MUST_USE enum umm_status umm_unpack_look(struct umm_unpack *unpack, bool *is_all,
                                             struct umm_error *err);

/* Read to the end, so that the checksum is compared. */
UMM_MUST_USE enum umm_status umm_unpack_read_to_end(struct umm_unpack *unpack,
                                                    struct umm_error *err);

/* Begin anew what comes out of the file's filter, which the feed is to stand before. */
UMM_MUST_USE enum umm_status umm_unpack_open_whole(struct umm_unpack *unpack,
                                                   struct umm_error *err);

/* All that comes out of the file's filter, from here on, into a file that takes its place. */
UMM_MUST_USE enum umm_status umm_unpack_spool_whole(struct umm_unpack *unpack,
                                                    struct umm_error *err);

/* UMM_ERR_DATA: something packed in what is packed. */
enum umm_status umm_unpack_refuse_nested(enum umm_packing packing, enum umm_packing within,
                                         struct umm_error *err);

/* ---- unpack_members.c ------------------------------------------------------------------ */

/* Look at all members of the archive that the file is, or that comes out of its filter. */
UMM_MUST_USE enum umm_status umm_unpack_list(struct umm_unpack *unpack, struct umm_error *err);

#endif
