/* SPDX-License-Identifier: MIT */
/*
 * redis_errors.h - what the errors of a Redis server mean, told apart by their first word.
 */
#ifndef UMM_REDIS_REDIS_ERRORS_H
#define UMM_REDIS_REDIS_ERRORS_H

#include "redis/answer.h"
#include "umm.h"

/* Whether an answer is an error that begins with that word. */
bool umm_redis_is_error(const struct umm_redis_answer *answer, const char *word);

/* Whether it is one after which a server closes a new connection. */
bool umm_redis_refuses_connection(const struct umm_redis_answer *answer);

/* Fill err with what the error means, and return its status, as umm_redis_check has them. */
enum umm_status umm_redis_explain(const char *shown, const struct umm_redis_answer *answer,
                                  struct umm_error *err);

#endif
