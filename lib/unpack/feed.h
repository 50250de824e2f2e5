/* SPDX-License-Identifier: MIT */
/*
 * feed.h - the bytes of a packed file, in pieces; private to unpack/. A file can be read from any
 * byte, a stream only as it comes, until it has been spooled.
 *
 *     file     |..........................................|
 *     buffer             |#########|                         a piece
 *                        at        at + len: the next one, unless a seek comes before
 */
#ifndef UMM_UNPACK_FEED_H
#define UMM_UNPACK_FEED_H

#include "umm.h"
#include "unpack/unpack.h"

enum { UMM_FEED_BYTES = UMM_UNPACK_BUFFER_BYTES };

struct umm_feed {
    const char *path; /* for messages */
    struct umm_run *run;
    int fd;              /* the caller's */
    int spool_fd;        /* what is read in its place; -1 for none */
    bool is_stream;      /* fd is one, and not spooled */
    uint64_t size_bytes; /* 0 of a stream */
    char *buffer;        /* UMM_FEED_BYTES */
    uint64_t at;
    size_t len;
    uint64_t position; /* of the next piece; within the buffer or at its end, or anywhere */
    size_t step_bytes; /* to read next: it grows from seek to seek */
    uint64_t n_bytes;  /* the furthest that was read */
};

/*
 * buffer holds the first len bytes, all that were read of fd so far, and room for UMM_FEED_BYTES.
 * It is the feed's from here on.
 */
void umm_feed_init(struct umm_feed *feed, const char *path, int fd, bool is_stream,
                   uint64_t size_bytes, char *buffer, size_t len, struct umm_run *run);
void umm_feed_free(struct umm_feed *feed);

/* The next piece; *len_bytes is 0 at the end. */
UMM_MUST_USE enum umm_status umm_feed_next(struct umm_feed *feed, const char **bytes,
                                           size_t *len_bytes, struct umm_error *err);

/* Go on at that byte, or at the end if it is after that. Not of a stream. */
void umm_feed_seek(struct umm_feed *feed, uint64_t position);

/* The last len_bytes (at most UMM_FEED_BYTES) of a file, or all of it if it is shorter. */
UMM_MUST_USE enum umm_status umm_feed_tail(struct umm_feed *feed, const char **bytes,
                                           size_t *len_bytes, struct umm_error *err);

/*
 * Put all that `next` gives into a temporary file in directory dir, of which the feed is made anew,
 * at its first byte. More than max_bytes is UMM_ERR_DATA. What the buffer holds is lost.
 */
struct umm_pieces;
UMM_MUST_USE enum umm_status umm_feed_spool(struct umm_feed *feed, const struct umm_pieces *pieces,
                                            const char *dir, uint64_t max_bytes,
                                            struct umm_error *err);

#endif
