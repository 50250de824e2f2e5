/* SPDX-License-Identifier: MIT */
/*
 * redis.h - a connection to a Redis server: several commands at once, their answers, and what
 * becomes of them when the server is away for a while.
 *
 *     umm_redis_begin(redis);
 *     umm_redis_command(redis, 2);
 *     umm_redis_text(redis, "GET");
 *     umm_redis_bytes(redis, key, key_bytes);
 *     status = umm_redis_exchange(redis, max_bytes, err);
 *     answer = umm_redis_answer(redis, 0);
 *
 * A connection that breaks is opened again, with pauses that grow, and all commands of the exchange
 * are sent again, as it cannot be told which were carried out: each of them must do the same when
 * it is carried out twice. A script is told (umm_redis_again). Nothing is sent again after a time
 * is over.
 *
 * One thread at a time for each connection. SIGPIPE is never raised.
 */
#ifndef UMM_REDIS_REDIS_H
#define UMM_REDIS_REDIS_H

#include "redis/answer.h"
#include "redis/place.h"
#include "umm.h"

/*
 * place, user, password and run are borrowed while the connection is open.
 *
 * user, password  NULL: none. The user of the place counts if user is NULL
 * timeout_ns      how long each answer may take, and a connection until it is there again;
 *                 0: as the place says, else 5 s
 * run             ends all waits when it is cancelled; NULL for none
 * script          what umm_redis_script calls, in Lua, in pieces that NULL ends; NULL for none
 */
struct umm_redis_options {
    const struct umm_redis_place *place;
    const char *user, *password;
    uint64_t timeout_ns;
    const struct umm_run *run;
    const char *const *script;
};

struct umm_redis;

#define UMM_REDIS_TIMEOUT_NS UINT64_C(5000000000)

/*
 * Connect, log in, choose the database. All failures name the place, and never the password:
 *
 *     UMM_ERR_SYSTEM       no server is there, or it closed the connection
 *     UMM_ERR_BUSY         it does not answer in time, or is loading, or runs a long script
 *     UMM_ERR_ARGUMENT     it wants a login, or does not take this one
 *     UMM_ERR_DATA         it is no Redis server
 *     UMM_ERR_UNSUPPORTED  built without hiredis; or the server is part of a cluster
 *     UMM_ERR_MEMORY, UMM_ERR_CANCELLED
 */
UMM_MUST_USE enum umm_status umm_redis_open(const struct umm_redis_options *options,
                                            struct umm_redis **redis, struct umm_error *err);

/* NULL is allowed. */
void umm_redis_close(struct umm_redis *redis);

/* The place, as messages show it. */
const char *umm_redis_shown(const struct umm_redis *redis);

/*
 * Begin an exchange: no commands, and the answers of the last one are gone. Then each command, and
 * as many arguments as it was said to have, its name included. A lack of memory is the exchange's.
 */
void umm_redis_begin(struct umm_redis *redis);
void umm_redis_command(struct umm_redis *redis, size_t n_arguments);
void umm_redis_bytes(struct umm_redis *redis, const void *bytes, size_t len_bytes);
void umm_redis_text(struct umm_redis *redis, const char *text);
void umm_redis_number(struct umm_redis *redis, int64_t number);

/* Two pieces as one argument, as a key is. */
void umm_redis_joined(struct umm_redis *redis, const char *before, const void *bytes,
                      size_t len_bytes);

/* An argument of len_bytes that the caller writes there, before anything else is added; or NULL. */
void *umm_redis_room(struct umm_redis *redis, size_t len_bytes);

/* An argument that is "0", and "1" when the command is sent again. One at most in an exchange. */
void umm_redis_again(struct umm_redis *redis);

/*
 * A command that calls the script with one key and n_arguments more, which follow. The server is
 * given the script when it does not have it.
 */
UMM_MUST_USE enum umm_status umm_redis_script(struct umm_redis *redis, const char *key,
                                              size_t n_arguments, struct umm_error *err);

/*
 * Send the commands, and wait for all answers, which take at most max_bytes; they are valid until
 * the next begin. Errors that a server answers are answers, except those that say that it can carry
 * out nothing now. UMM_ERR_BUSY: there was no answer in time, and whether the commands were carried
 * out is not known. Else as umm_redis_open.
 */
UMM_MUST_USE enum umm_status umm_redis_exchange(struct umm_redis *redis, size_t max_bytes,
                                                struct umm_error *err);

/* Number i of the exchange. */
const struct umm_redis_answer *umm_redis_answer(const struct umm_redis *redis, size_t i);

/*
 * An answer that must be of that kind: UMM_OK, or what an error of the server means:
 *
 *     UMM_ERR_BUSY         it is full (maxmemory), cannot save, or lacks replicas
 *     UMM_ERR_CONFLICT     it is a replica, which takes no writes; or a key holds something else
 *     UMM_ERR_ARGUMENT     it wants a login, or the user has no right to do that
 *     UMM_ERR_UNSUPPORTED  it is part of a cluster, or does not know a command
 *     UMM_ERR_DATA         it answers what cannot be, or an error of another kind
 */
UMM_MUST_USE enum umm_status umm_redis_check(const struct umm_redis *redis, size_t i,
                                             enum umm_redis_kind kind, struct umm_error *err);
UMM_MUST_USE enum umm_status umm_redis_check_answer(const struct umm_redis *redis,
                                                    const struct umm_redis_answer *answer,
                                                    enum umm_redis_kind kind,
                                                    struct umm_error *err);

#endif
