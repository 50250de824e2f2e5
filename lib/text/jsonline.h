/* SPDX-License-Identifier: MIT */
/*
 * jsonline.h - the members of a JSON object that is one line of text (JSON lines), one after the
 * other. Their values are texts, numbers and words: an object or a list among them is refused.
 *
 * Strict as RFC 8259 has it, except that bytes above 127 are taken as they are.
 */
#ifndef UMM_TEXT_JSONLINE_H
#define UMM_TEXT_JSONLINE_H

#include "umm.h"

enum umm_jsonline_kind {
    UMM_JSONLINE_TEXT,
    UMM_JSONLINE_NUMBER, /* as written */
    UMM_JSONLINE_TRUE,
    UMM_JSONLINE_FALSE,
    UMM_JSONLINE_NULL
};

/* A member. Texts are without their quotes and escapes, and live as long as line and room. */
struct umm_jsonline_member {
    const char *key, *value;
    size_t key_bytes, value_bytes;
    enum umm_jsonline_kind kind;
    const char *key_at, *at; /* where key and value begin in the line */
};

/* Where reading is. wrong: what is not as it should be, at `at`. */
struct umm_jsonline {
    const char *at, *end;
    char *room;
    bool is_begun;
    const char *wrong;
};

/* Begin with the line; room has len_bytes for texts with escapes. */
void umm_jsonline_begin(struct umm_jsonline *json, const char *text, size_t len_bytes, char *room);

/* The next member; false at the end, and where something is wrong. */
bool umm_jsonline_next(struct umm_jsonline *json, struct umm_jsonline_member *member);

#endif
