/* SPDX-License-Identifier: MIT */
#include "serve/buffer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CAP_MIN = 1024, CAP_KEPT = 16384 };

/* A new place for what there is: what was taken is not copied. */
static bool grow(struct umm_buffer *buffer, size_t len_bytes)
{
    size_t need, cap = buffer->cap < CAP_MIN ? CAP_MIN : buffer->cap;
    if (__builtin_add_overflow(buffer->len, len_bytes, &need) || need > SIZE_MAX / 2)
        return false;
    while (cap < need)
        cap *= 2;
    char *bytes = malloc(cap);
    if (!bytes)
        return false;
    if (buffer->len)
        memcpy(bytes, buffer->bytes + buffer->start, buffer->len);
    free(buffer->bytes);
    *buffer = (struct umm_buffer){.bytes = bytes, .len = buffer->len, .cap = cap};
    return true;
}

/* Moved only when half of it is free, so each byte is moved about once. */
char *umm_buffer_room(struct umm_buffer *buffer, size_t len_bytes)
{
    if (!buffer->bytes || len_bytes > buffer->cap - buffer->start - buffer->len) {
        if (buffer->bytes && buffer->start >= buffer->cap / 2 &&
            len_bytes <= buffer->cap - buffer->len) {
            memmove(buffer->bytes, buffer->bytes + buffer->start, buffer->len);
            buffer->start = 0;
        } else if (!grow(buffer, len_bytes)) {
            return NULL;
        }
    }
    return buffer->bytes + buffer->start + buffer->len;
}

void umm_buffer_add(struct umm_buffer *buffer, size_t len_bytes)
{
    assert(len_bytes <= buffer->cap - buffer->start - buffer->len);
    buffer->len += len_bytes;
}

void umm_buffer_drop(struct umm_buffer *buffer, size_t len_bytes)
{
    assert(len_bytes <= buffer->len);
    buffer->len -= len_bytes;
    buffer->start = buffer->len ? buffer->start + len_bytes : 0;
    if (!buffer->len && buffer->bytes && buffer->cap > CAP_KEPT) {
        const size_t cap = buffer->cap;
        umm_buffer_free(buffer);
        buffer->cap = cap;
    }
}

void umm_buffer_clear(struct umm_buffer *buffer)
{
    umm_buffer_drop(buffer, buffer->len);
    if (!buffer->bytes)
        buffer->cap = 0;
}

void umm_buffer_free(struct umm_buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct umm_buffer){0};
}
