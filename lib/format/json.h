/* SPDX-License-Identifier: MIT */
/*
 * json.h - JSON documents for reports, with jansson.
 *
 * A document is built from the outside in: make an object or array, put values into
 * it, print it once. A failure to allocate is remembered and reported by
 * umm_json_print, so that the calls in between need no checks. Numbers do not depend
 * on the locale; text that is not UTF-8 has its stray bytes replaced by U+FFFD, and every
 * control character escaped.
 */
#ifndef UMM_FORMAT_JSON_H
#define UMM_FORMAT_JSON_H

#include "umm.h"

struct umm_json; /* a value: an object or an array */

/* An empty object, or NULL; every call below accepts NULL. Free the outermost only. */
struct umm_json *umm_json_new(void);
void umm_json_free(struct umm_json *object);

/* Members of an object. A NULL text and a real that is not finite become null. */
void umm_json_put_text(struct umm_json *object, const char *key, const char *text);
void umm_json_put_integer(struct umm_json *object, const char *key, int64_t value);
void umm_json_put_count(struct umm_json *object, const char *key, uint64_t value);
void umm_json_put_real(struct umm_json *object, const char *key, double value);
void umm_json_put_bool(struct umm_json *object, const char *key, bool value);

/* An empty array as member, which otherwise umm_json_add_object makes. */
void umm_json_put_array(struct umm_json *object, const char *key);

/* A new object as member; a new object at the end of the array member (made if new). */
struct umm_json *umm_json_put_object(struct umm_json *object, const char *key);
struct umm_json *umm_json_add_object(struct umm_json *object, const char *key);

/* A number at the end of the array member (made if new). */
void umm_json_add_integer(struct umm_json *object, const char *key, int64_t value);

/* The document as malloc'ed text with a final newline; indented unless is_compact. */
UMM_MUST_USE enum umm_status umm_json_print(const struct umm_json *object, bool is_compact,
                                            char **text, size_t *len_bytes, struct umm_error *err);

#endif
