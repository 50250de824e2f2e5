/* SPDX-License-Identifier: MIT */
#include "unpack/feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/file.h"
#include "unpack/filter.h"

/* After a seek mostly little is wanted, such as a member's header. */
enum { FIRST_STEP = 4096 };

void umm_feed_init(struct umm_feed *feed, const char *path, int fd, bool is_stream,
                   uint64_t size_bytes, char *buffer, size_t len, struct umm_run *run)
{
    *feed = (struct umm_feed){.path = path,
                              .run = run,
                              .fd = fd,
                              .spool_fd = -1,
                              .is_stream = is_stream,
                              .size_bytes = is_stream ? 0 : size_bytes,
                              .buffer = buffer,
                              .len = !is_stream && len > size_bytes ? (size_t)size_bytes : len,
                              .step_bytes = UMM_FEED_BYTES,
                              .n_bytes = len};
}

void umm_feed_free(struct umm_feed *feed)
{
    umm_file_close(&feed->spool_fd);
    free(feed->buffer);
    feed->buffer = NULL;
}

/* Fill the buffer from position on; len is 0 at the end. */
static enum umm_status fill(struct umm_feed *feed, struct umm_error *err)
{
    enum umm_status status;
    size_t n = feed->step_bytes;
    feed->at = feed->position;
    feed->len = 0;
    if (feed->is_stream) {
        status =
            umm_file_read(feed->fd, feed->path, feed->run, feed->buffer, UMM_FEED_BYTES, &n, err);
    } else {
        const uint64_t left = feed->size_bytes - feed->position;
        n = left < n ? (size_t)left : n;
        if (n == 0)
            return UMM_OK;
        if (umm_run_is_cancelled(feed->run))
            return umm_error_set_cancelled(err);
        const int fd = feed->spool_fd >= 0 ? feed->spool_fd : feed->fd;
        status = umm_file_pread_all(fd, feed->path, feed->buffer, n, feed->position, err);
        feed->step_bytes = 2 * n < UMM_FEED_BYTES ? 2 * n : UMM_FEED_BYTES;
    }
    if (status)
        return status;
    feed->len = n;
    if (feed->at + n > feed->n_bytes)
        feed->n_bytes = feed->at + n;
    return UMM_OK;
}

enum umm_status umm_feed_next(struct umm_feed *feed, const char **bytes, size_t *len_bytes,
                              struct umm_error *err)
{
    bool is_here = feed->position >= feed->at && feed->position < feed->at + feed->len;
    if (!is_here) {
        enum umm_status status = fill(feed, err);
        if (status)
            return status;
    }
    const size_t offset = (size_t)(feed->position - feed->at);
    *bytes = feed->buffer + offset;
    *len_bytes = feed->len - offset;
    feed->position += *len_bytes;
    return UMM_OK;
}

void umm_feed_seek(struct umm_feed *feed, uint64_t position)
{
    if (position != feed->position)
        feed->step_bytes = FIRST_STEP;
    feed->position = position < feed->size_bytes ? position : feed->size_bytes;
}

enum umm_status umm_feed_tail(struct umm_feed *feed, const char **bytes, size_t *len_bytes,
                              struct umm_error *err)
{
    const uint64_t size = feed->size_bytes;
    *len_bytes = size < *len_bytes ? (size_t)size : *len_bytes;
    feed->position = size - *len_bytes;
    /* A small file is in the buffer, all of it. */
    if (feed->position < feed->at || size > feed->at + feed->len) {
        feed->step_bytes = *len_bytes;
        enum umm_status status = fill(feed, err);
        if (status)
            return status;
    }
    *bytes = feed->buffer + (feed->position - feed->at);
    return UMM_OK;
}

enum umm_status umm_feed_spool(struct umm_feed *feed, const struct umm_pieces *pieces,
                               const char *dir, uint64_t max_bytes, struct umm_error *err)
{
    int fd = -1;
    uint64_t n = 0;
    const char *bytes;
    size_t len = 1;
    enum umm_status status = umm_file_scratch(dir ? dir : "/tmp", &fd, err);
    while (!status && len) {
        status = pieces->next(pieces->user, &bytes, &len, err);
        n += status ? 0 : len;
        if (!status && n > max_bytes)
            status =
                umm_error_hint(err,
                               umm_error_set(err, UMM_ERR_DATA,
                                             "more to be kept in a temporary file than allowed"),
                               UMM_HINT_UNPACK_BYTES);
        if (!status && len)
            status = umm_file_write_all(fd, dir ? dir : "/tmp", bytes, len, err);
    }
    if (status) {
        umm_file_close(&fd);
        return status;
    }
    umm_file_close(&feed->spool_fd);
    feed->spool_fd = fd;
    feed->is_stream = false;
    feed->size_bytes = n;
    feed->position = feed->at = 0;
    feed->len = 0;
    feed->step_bytes = UMM_FEED_BYTES;
    return UMM_OK;
}
