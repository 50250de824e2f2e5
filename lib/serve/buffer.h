/* SPDX-License-Identifier: MIT */
/*
 * buffer.h - bytes that are added at the end and taken from the front.
 *
 *     bytes             start            start + len             cap
 *       | taken already   | what there is      | room              |
 */
#ifndef UMM_SERVE_BUFFER_H
#define UMM_SERVE_BUFFER_H

#include "umm.h"

/* All zero is empty. Without bytes, cap is that of one that was big, and will be again soon. */
struct umm_buffer {
    char *bytes;
    size_t start, len, cap;
};

/* Room for len_bytes at the end, until the next call; NULL: no memory. */
char *umm_buffer_room(struct umm_buffer *buffer, size_t len_bytes);

/* That many bytes of the room were written. */
void umm_buffer_add(struct umm_buffer *buffer, size_t len_bytes);

/* Take that many from the front. What is empty then keeps little memory. */
void umm_buffer_drop(struct umm_buffer *buffer, size_t len_bytes);

static inline const char *umm_buffer_bytes(const struct umm_buffer *buffer)
{
    return buffer->bytes + buffer->start;
}

/* Drop all, for the next client. */
void umm_buffer_clear(struct umm_buffer *buffer);

void umm_buffer_free(struct umm_buffer *buffer);

#endif
