/* SPDX-License-Identifier: MIT */
/*
 * answer.h - answers of a Redis server (RESP2), taken apart by hiredis as their bytes come.
 *
 * Nothing that a server sends is believed: how many items and how many bytes answers have is
 * bounded before memory is taken for them.
 */
#ifndef UMM_REDIS_ANSWER_H
#define UMM_REDIS_ANSWER_H

#include "umm.h"
#include "umm/mem.h"

enum umm_redis_kind {
    UMM_REDIS_NIL,
    UMM_REDIS_STATUS, /* such as OK */
    UMM_REDIS_ERROR,
    UMM_REDIS_INTEGER,
    UMM_REDIS_STRING,
    UMM_REDIS_ARRAY
};

/* text is len_bytes, and a zero byte after them; of an array, len_bytes is 0. */
struct umm_redis_answer {
    enum umm_redis_kind kind;
    int64_t integer;
    const char *text;
    size_t len_bytes;
    struct umm_redis_answer *items;
    size_t n_items;
};

/* Private. */
struct umm_redis_reader;

/*
 * shown is the place in errors, borrowed. UMM_ERR_UNSUPPORTED: built without hiredis, or it cannot
 * be loaded. UMM_ERR_MEMORY.
 */
UMM_MUST_USE enum umm_status umm_redis_reader_open(struct umm_redis_reader **reader,
                                                   const char *shown, struct umm_error *err);
void umm_redis_reader_close(struct umm_redis_reader *reader);

/*
 * Forget what was not taken, as the connection is another, and all answers that were given; from
 * now on answers take at most max_bytes, and items among them count.
 */
UMM_MUST_USE enum umm_status umm_redis_reader_reset(struct umm_redis_reader *reader,
                                                    size_t max_bytes, struct umm_error *err);

/* The same without a new connection: what came already and was not taken is kept. */
void umm_redis_reader_next(struct umm_redis_reader *reader, size_t max_bytes);

/* Bytes came. */
UMM_MUST_USE enum umm_status umm_redis_reader_feed(struct umm_redis_reader *reader,
                                                   const void *bytes, size_t len_bytes,
                                                   struct umm_error *err);

/*
 * The next answer that is complete, or NULL; it is valid until the next reset. UMM_ERR_DATA: what
 * came is no answer, or more than was allowed; only a reset helps then. UMM_ERR_MEMORY.
 */
UMM_MUST_USE enum umm_status umm_redis_reader_take(struct umm_redis_reader *reader,
                                                   const struct umm_redis_answer **answer,
                                                   struct umm_error *err);

#endif
