/* SPDX-License-Identifier: MIT */
/*
 * json.h - JSON documents for reports, with jansson.
 *
 * A document is built from the outside in: make an object or array, put values into
 * it, finish it. A failure to allocate is remembered and reported by
 * umm_json_finish, so that the calls in between need no checks. Numbers do not depend
 * on the locale; text that is not UTF-8 has its stray bytes replaced by U+FFFD, and every
 * control character escaped.
 */
#ifndef UMM_FORMAT_JSON_H
#define UMM_FORMAT_JSON_H

#include "umm.h"

struct umm_json; /* a value: an object or an array */

/* An empty object, or NULL; every call below accepts NULL. */
struct umm_json *umm_json_new(void);

/*
 * Members of an object. What is unknown becomes null: a NULL text, a count of UINT64_MAX and a
 * real that is not finite.
 */
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

/*
 * The document, whose outermost object this is, as malloc'ed text with a final newline; indented
 * unless is_compact. It is freed, also after a failure, which leaves *text as it is.
 */
UMM_MUST_USE enum umm_status umm_json_finish(struct umm_json *object, bool is_compact, char **text,
                                             size_t *len_bytes, struct umm_error *err);

/*
 * A document in parts, for a report of so many things that the whole is not to be held. One after
 * the other the parts are the indented text that umm_json_finish gives for an object with the
 * members of head, an array `key` of the items, if there is one, and the members of tail:
 *
 *     head   {"tool": ...
 *     item   , "files": [{...}     (the first)
 *     item   , {...}
 *     tail   ], "failed": 0}
 *
 * Head and tail have members. Each object is freed, also after a failure, which leaves *text as it
 * is. key needs no escapes.
 */
UMM_MUST_USE enum umm_status umm_json_finish_head(struct umm_json *object, char **text,
                                                  size_t *len_bytes, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_json_finish_item(struct umm_json *object, const char *key,
                                                  bool is_first, char **text, size_t *len_bytes,
                                                  struct umm_error *err);
UMM_MUST_USE enum umm_status umm_json_finish_tail(struct umm_json *object, bool has_items,
                                                  char **text, size_t *len_bytes,
                                                  struct umm_error *err);

#endif
