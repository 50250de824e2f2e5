/* SPDX-License-Identifier: MIT */
/*
 * textbuf.h - a text that grows as it is written. A failure to allocate is remembered
 * and reported by umm_textbuf_take, so that the calls in between need no checks.
 */
#ifndef UMM_TEXT_TEXTBUF_H
#define UMM_TEXT_TEXTBUF_H

#include "umm.h"

/* Zero-initialise it. text is terminated once something was added. */
struct umm_textbuf {
    char *text;
    size_t len_bytes, cap_bytes;
    bool is_failed;
};

UMM_PRINTF(2, 3) void umm_textbuf_add(struct umm_textbuf *buf, const char *fmt, ...);

void umm_textbuf_add_bytes(struct umm_textbuf *buf, const char *bytes, size_t len_bytes);

/*
 * Add text as HTML and XML have it, within an element or an attribute: the five characters of
 * markup as references, and U+FFFD for each byte that is not UTF-8, and for control characters,
 * which XML has not or a terminal obeys.
 */
void umm_textbuf_add_markup(struct umm_textbuf *buf, const char *text);

/* The finished text, malloc'ed and terminated, the caller's; buf is empty afterwards. */
UMM_MUST_USE enum umm_status umm_textbuf_take(struct umm_textbuf *buf, char **text,
                                              size_t *len_bytes, struct umm_error *err);

void umm_textbuf_free(struct umm_textbuf *buf);

#endif
