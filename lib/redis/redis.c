/* SPDX-License-Identifier: MIT */
#include "redis/redis.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "net/reach.h"
#include "redis/redis_errors.h"
#include "sys/clock.h"
#include "sys/file.h"

enum { HASH_CHARS = 40, RECEIVE_BYTES = 65536, SMALL_ANSWERS = 65536 };
static const uint64_t NS_PER_MS = 1000000;

/* Commands as they are sent. */
struct commands {
    char *bytes;
    size_t len, cap, n;
    size_t again; /* where the argument is that says whether they were sent before; 0: none */
    bool is_failed;
};

struct umm_redis {
    struct umm_redis_options options;
    const char *user;
    uint64_t timeout_ns;
    int fd;
    struct umm_redis_reader *reader;
    struct commands commands;
    const struct umm_redis_answer **answers;
    size_t n_answers, answers_cap;
    char hash[HASH_CHARS + 1]; /* of the script; "" until a server has told it */
};

const char *umm_redis_shown(const struct umm_redis *redis)
{
    return redis->options.place->shown;
}

/* ---- commands ---------------------------------------------------------------------------- */

/* Room for len bytes more, or NULL. */
static char *room(struct commands *commands, size_t len)
{
    if (commands->is_failed)
        return NULL;
    if (len > commands->cap - commands->len) {
        const size_t wanted = commands->len + len, cap = wanted + wanted / 2 + 4096;
        char *bytes = len < SIZE_MAX / 4 ? realloc(commands->bytes, cap) : NULL;
        commands->is_failed = !bytes;
        if (!bytes)
            return NULL;
        commands->bytes = bytes;
        commands->cap = cap;
    }
    char *at = commands->bytes + commands->len;
    commands->len += len;
    return at;
}

static void add(struct commands *commands, const void *bytes, size_t len)
{
    char *at = room(commands, len);
    if (at && len)
        memcpy(at, bytes, len);
}

/* "*3\r\n", "$5\r\n" */
static void add_head(struct commands *commands, char type, size_t n)
{
    char text[32];
    const int len = snprintf(text, sizeof text, "%c%zu\r\n", type, n);
    add(commands, text, (size_t)len);
}

static void add_argument(struct commands *commands, const void *bytes, size_t len)
{
    add_head(commands, '$', len);
    add(commands, bytes, len);
    add(commands, "\r\n", 2);
}

/* One argument of several pieces, which NULL ends. */
static void add_pieces(struct commands *commands, const char *const *pieces)
{
    size_t len = 0;
    for (size_t i = 0; pieces[i]; i++)
        len += strlen(pieces[i]);
    add_head(commands, '$', len);
    for (size_t i = 0; pieces[i]; i++)
        add(commands, pieces[i], strlen(pieces[i]));
    add(commands, "\r\n", 2);
}

static void add_command(struct commands *commands, size_t n_arguments)
{
    add_head(commands, '*', n_arguments);
    commands->n++;
}

static void clear(struct commands *commands)
{
    commands->len = commands->n = commands->again = 0;
    commands->is_failed = false;
}

void umm_redis_begin(struct umm_redis *redis)
{
    clear(&redis->commands);
    redis->n_answers = 0;
}

void umm_redis_command(struct umm_redis *redis, size_t n_arguments)
{
    add_command(&redis->commands, n_arguments);
}

void umm_redis_bytes(struct umm_redis *redis, const void *bytes, size_t len_bytes)
{
    add_argument(&redis->commands, bytes, len_bytes);
}

void umm_redis_text(struct umm_redis *redis, const char *text)
{
    umm_redis_bytes(redis, text, strlen(text));
}

void umm_redis_number(struct umm_redis *redis, int64_t number)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, number);
    umm_redis_text(redis, text);
}

void umm_redis_joined(struct umm_redis *redis, const char *before, const void *bytes,
                      size_t len_bytes)
{
    const size_t len = strlen(before);
    add_head(&redis->commands, '$', len + len_bytes);
    add(&redis->commands, before, len);
    add(&redis->commands, bytes, len_bytes);
    add(&redis->commands, "\r\n", 2);
}

void *umm_redis_room(struct umm_redis *redis, size_t len_bytes)
{
    add_head(&redis->commands, '$', len_bytes);
    char *at = room(&redis->commands, len_bytes + 2);
    if (at)
        memcpy(at + len_bytes, "\r\n", 2);
    return at;
}

void umm_redis_again(struct umm_redis *redis)
{
    umm_redis_text(redis, "0");
    redis->commands.again = redis->commands.len - sizeof "0\r\n" + 1;
}

/* ---- one try ------------------------------------------------------------------------------- */

/*
 * What a try came to. LOST: the connection broke, and another may do; LATER: the server can carry
 * out nothing now, and did not; FAILED: no other try will be better.
 */
enum outcome { DONE, LOST, LATER, NO_SCRIPT, FAILED };

/* Also after a time was over, as what comes late would be taken for the next answers. */
static void disconnect(struct umm_redis *redis)
{
    if (redis->fd >= 0)
        umm_file_close(&redis->fd);
    redis->fd = -1;
}

static enum outcome lose(struct umm_redis *redis, int sys_errno, struct umm_error *err)
{
    const char *shown = umm_redis_shown(redis);
    disconnect(redis);
    if (sys_errno == ECANCELED)
        (void)umm_error_set_cancelled(err);
    else if (sys_errno == ETIMEDOUT)
        (void)umm_error_set_path(err, UMM_ERR_BUSY, shown, "does not answer within %.4g s",
                                 (double)redis->timeout_ns / 1e9);
    else if (sys_errno == 0)
        (void)umm_error_set_path(err, UMM_ERR_SYSTEM, shown, "closed the connection");
    else
        (void)umm_error_set_errno(err, sys_errno, shown, "lost the connection");
    return sys_errno == ECANCELED || sys_errno == ETIMEDOUT ? FAILED : LOST;
}

/* One more answer at the end of the list. */
static bool keep(struct umm_redis *redis, const struct umm_redis_answer *answer)
{
    if (redis->n_answers == redis->answers_cap) {
        const size_t cap = 2 * redis->answers_cap + 16;
        const struct umm_redis_answer **answers =
            realloc(redis->answers, cap * sizeof *redis->answers);
        if (!answers)
            return false;
        redis->answers = answers;
        redis->answers_cap = cap;
    }
    redis->answers[redis->n_answers++] = answer;
    return true;
}

/* The next answer within its time. What fails here leaves bytes that fit nothing: disconnect. */
static enum outcome receive_one(struct umm_redis *redis, struct umm_error *err)
{
    char buf[RECEIVE_BYTES];
    const uint64_t until_ns = umm_clock_monotonic_ns() + redis->timeout_ns;
    for (;;) {
        const struct umm_redis_answer *answer;
        size_t n;
        enum umm_status status = umm_redis_reader_take(redis->reader, &answer, err);
        if (!status && answer && !keep(redis, answer))
            status = umm_error_set_memory(err, redis->answers_cap * sizeof answer, "answers");
        if (status)
            disconnect(redis);
        if (status || answer)
            return status ? FAILED : DONE;
        int sys_errno =
            umm_reach_receive(redis->fd, buf, sizeof buf, until_ns, redis->options.run, &n);
        if (sys_errno || n == 0)
            return lose(redis, sys_errno, err);
        if (umm_clock_monotonic_ns() >= until_ns) /* bytes that trickle */
            return lose(redis, ETIMEDOUT, err);
        if (umm_redis_reader_feed(redis->reader, buf, n, err)) {
            disconnect(redis);
            return FAILED;
        }
    }
}

/* Send commands, receive their answers. */
static enum outcome talk(struct umm_redis *redis, const struct commands *commands, size_t max_bytes,
                         struct umm_error *err)
{
    enum outcome outcome = DONE;
    redis->n_answers = 0;
    umm_redis_reader_next(redis->reader, max_bytes + SMALL_ANSWERS);
    const uint64_t until_ns = umm_clock_monotonic_ns() + redis->timeout_ns;
    const int sys_errno =
        umm_reach_send(redis->fd, commands->bytes, commands->len, until_ns, redis->options.run);
    /* A server that refuses a connection says why, and closes it: that is read first. */
    if (sys_errno && sys_errno != EPIPE && sys_errno != ECONNRESET)
        return lose(redis, sys_errno, err);
    for (size_t i = 0; outcome == DONE && i < commands->n; i++)
        outcome = receive_one(redis, err);
    if (outcome == LOST && redis->n_answers &&
        umm_redis_refuses_connection(redis->answers[redis->n_answers - 1])) {
        (void)umm_redis_explain(umm_redis_shown(redis), redis->answers[redis->n_answers - 1], err);
        return FAILED;
    }
    return outcome;
}

/* Whether the server can carry out nothing now; the first of the answers that says so. */
static enum outcome judge(const struct umm_redis *redis, struct umm_error *err)
{
    for (size_t i = 0; i < redis->n_answers; i++) {
        const struct umm_redis_answer *answer = redis->answers[i];
        if (umm_redis_is_error(answer, "NOSCRIPT"))
            return NO_SCRIPT;
        if (umm_redis_is_error(answer, "LOADING") || umm_redis_is_error(answer, "BUSY") ||
            umm_redis_is_error(answer, "TRYAGAIN")) {
            (void)umm_redis_explain(umm_redis_shown(redis), answer, err);
            return LATER;
        }
    }
    return DONE;
}

/* The answers to a login are all OK. What else a server says of it may repeat the password. */
static enum outcome check_login(struct umm_redis *redis, struct umm_error *err)
{
    const enum outcome outcome = judge(redis, err);
    if (outcome != DONE)
        return outcome;
    for (size_t i = 0; i < redis->n_answers; i++) {
        const enum umm_status status = umm_redis_check(redis, i, UMM_REDIS_STATUS, err);
        if (status == UMM_ERR_DATA)
            (void)umm_error_set_path(err, UMM_ERR_ARGUMENT, umm_redis_shown(redis),
                                     "the server refuses the login");
        if (status)
            return FAILED;
    }
    return DONE;
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void add_login(struct umm_redis *redis, struct commands *hello)
{
    char db[16];
    /* A user that is named is never the default one: it may be one without a password. */
    if (redis->options.password || redis->user) {
        const char *password = redis->options.password ? redis->options.password : "";
        add_command(hello, redis->user ? 3 : 2);
        add_argument(hello, "AUTH", 4);
        if (redis->user)
            add_argument(hello, redis->user, strlen(redis->user));
        add_argument(hello, password, strlen(password));
    }
    if (redis->options.place->db) {
        const int len = snprintf(db, sizeof db, "%" PRIu32, redis->options.place->db);
        add_command(hello, 2);
        add_argument(hello, "SELECT", 6);
        add_argument(hello, db, (size_t)len);
    }
}

/* The password does not stay in memory that is given back. */
static void forget(struct commands *commands)
{
    if (commands->bytes)
        explicit_bzero(commands->bytes, commands->cap);
    free(commands->bytes);
}

static enum outcome log_in(struct umm_redis *redis, struct umm_error *err)
{
    struct commands hello = {.n = 0};
    enum outcome outcome = DONE;
    add_login(redis, &hello);
    if (hello.is_failed) {
        (void)umm_error_set_memory(err, hello.len, "a login");
        outcome = FAILED;
    } else if (hello.n) {
        outcome = talk(redis, &hello, 0, err);
        if (outcome == DONE)
            outcome = check_login(redis, err);
    }
    forget(&hello);
    return outcome;
}

static enum outcome connect_once(struct umm_redis *redis, struct umm_error *err)
{
    const struct umm_redis_place *place = redis->options.place;
    const struct umm_run *run = redis->options.run;
    const uint64_t until_ns = umm_clock_monotonic_ns() + redis->timeout_ns;
    struct umm_error cause = {.status = UMM_OK};
    enum umm_status status = place->path[0] ? umm_reach_path(place->path, place->shown, until_ns,
                                                             run, &redis->fd, &cause)
                                            : umm_reach_tcp(place->host, place->port, place->shown,
                                                            until_ns, run, &redis->fd, &cause);
    const enum outcome failure =
        status == UMM_ERR_SYSTEM && cause.sys_errno != ETIMEDOUT ? LOST : FAILED;
    if (!status)
        status = umm_redis_reader_reset(redis->reader, SMALL_ANSWERS, &cause);
    if (status) {
        disconnect(redis);
        if (err)
            *err = cause;
        return failure;
    }
    const enum outcome outcome = log_in(redis, err);
    if (outcome != DONE)
        disconnect(redis);
    return outcome;
}

/* ---- scripts -----------------------------------------------------------------------------------
 */

/* Give the server the script; what it says its hash is stays. */
static enum outcome load_script(struct umm_redis *redis, struct umm_error *err)
{
    struct commands load = {.n = 0};
    enum outcome outcome = FAILED;
    add_command(&load, 3);
    add_argument(&load, "SCRIPT", 6);
    add_argument(&load, "LOAD", 4);
    add_pieces(&load, redis->options.script);
    if (load.is_failed)
        (void)umm_error_set_memory(err, load.len, "a script");
    else
        outcome = talk(redis, &load, 0, err);
    free(load.bytes);
    if (outcome == DONE)
        outcome = judge(redis, err);
    if (outcome != DONE)
        return outcome;
    if (umm_redis_check(redis, 0, UMM_REDIS_STRING, err))
        return FAILED;
    const struct umm_redis_answer *answer = redis->answers[0];
    if (answer->len_bytes != HASH_CHARS || strlen(answer->text) != HASH_CHARS ||
        (redis->hash[0] && strcmp(redis->hash, answer->text) != 0)) {
        (void)umm_error_set_path(err, UMM_ERR_DATA, umm_redis_shown(redis),
                                 "does not answer as Redis does: the hash of a script");
        return FAILED;
    }
    memcpy(redis->hash, answer->text, sizeof redis->hash);
    return DONE;
}

/* ---- tries --------------------------------------------------------------------------------------
 */

/* Connect if need be; then the commands, or without any the script. */
static enum outcome try_once(struct umm_redis *redis, size_t max_bytes, bool is_script,
                             struct umm_error *err)
{
    enum outcome outcome = redis->fd < 0 ? connect_once(redis, err) : DONE;
    if (outcome == DONE && is_script)
        return load_script(redis, err);
    if (outcome == DONE)
        outcome = talk(redis, &redis->commands, max_bytes, err);
    if (outcome == DONE)
        outcome = judge(redis, err);
    if (outcome == NO_SCRIPT) {
        outcome = load_script(redis, err);
        if (outcome == DONE)
            outcome = talk(redis, &redis->commands, max_bytes, err);
        if (outcome == DONE)
            outcome = judge(redis, err);
    }
    return outcome == NO_SCRIPT ? LATER : outcome; /* somebody flushes scripts all the time */
}

/*
 * Try until it is done, cannot be, or timeout_ns after the first try that failed. A connection that
 * was lost may have been closed by a server that ended long ago: the second try comes at once.
 */
static enum umm_status try_again(struct umm_redis *redis, size_t max_bytes, bool is_script,
                                 struct umm_error *err)
{
    const uint64_t pause_max_ns = 1000 * NS_PER_MS;
    uint64_t pause_ns = 0, until_ns = 0;
    struct umm_error cause = {.status = UMM_OK};
    for (;;) {
        const enum outcome outcome = try_once(redis, max_bytes, is_script, &cause);
        if (outcome == DONE)
            return UMM_OK;
        const uint64_t now_ns = umm_clock_monotonic_ns();
        if (!until_ns)
            until_ns = now_ns + redis->timeout_ns;
        if (outcome == FAILED || now_ns + pause_ns >= until_ns)
            break;
        if (redis->commands.again)
            redis->commands.bytes[redis->commands.again] = '1';
        umm_clock_sleep_until(now_ns + pause_ns, redis->options.run);
        if (umm_run_is_cancelled(redis->options.run))
            return umm_error_set_cancelled(err);
        pause_ns = pause_ns ? 2 * pause_ns : 10 * NS_PER_MS;
        pause_ns = pause_ns < pause_max_ns ? pause_ns : pause_max_ns;
    }
    if (err)
        *err = cause;
    return cause.status;
}

enum umm_status umm_redis_exchange(struct umm_redis *redis, size_t max_bytes, struct umm_error *err)
{
    if (redis->commands.is_failed)
        return umm_error_set_memory(err, redis->commands.cap, "commands for a server");
    return try_again(redis, max_bytes, false, err);
}

enum umm_status umm_redis_script(struct umm_redis *redis, const char *key, size_t n_arguments,
                                 struct umm_error *err)
{
    if (!redis->hash[0]) {
        /* Asked for apart from the commands that were begun. */
        enum umm_status status = try_again(redis, 0, true, err);
        redis->n_answers = 0;
        if (status)
            return status;
    }
    umm_redis_command(redis, 4 + n_arguments);
    umm_redis_text(redis, "EVALSHA");
    umm_redis_bytes(redis, redis->hash, HASH_CHARS);
    umm_redis_text(redis, "1");
    umm_redis_text(redis, key);
    return UMM_OK;
}

const struct umm_redis_answer *umm_redis_answer(const struct umm_redis *redis, size_t i)
{
    return redis->answers[i];
}

enum umm_status umm_redis_check_answer(const struct umm_redis *redis,
                                       const struct umm_redis_answer *answer,
                                       enum umm_redis_kind kind, struct umm_error *err)
{
    if (answer->kind == UMM_REDIS_ERROR)
        return umm_redis_explain(umm_redis_shown(redis), answer, err);
    if (answer->kind != kind)
        return umm_error_set_path(err, UMM_ERR_DATA, umm_redis_shown(redis),
                                  "does not answer as Redis does: an answer of another kind");
    return UMM_OK;
}

enum umm_status umm_redis_check(const struct umm_redis *redis, size_t i, enum umm_redis_kind kind,
                                struct umm_error *err)
{
    return umm_redis_check_answer(redis, redis->answers[i], kind, err);
}

/* ---- life ------------------------------------------------------------------------------------ */

enum umm_status umm_redis_open(const struct umm_redis_options *options, struct umm_redis **out,
                               struct umm_error *err)
{
    *out = NULL;
    struct umm_redis *redis = calloc(1, sizeof *redis);
    if (!redis)
        return umm_error_set_memory(err, sizeof *redis, "a connection");
    const struct umm_redis_place *place = options->place;
    redis->options = *options;
    redis->fd = -1;
    redis->user = options->user ? options->user : place->user[0] ? place->user : NULL;
    redis->timeout_ns = options->timeout_ns ? options->timeout_ns
                        : place->timeout_ns ? place->timeout_ns
                                            : UMM_REDIS_TIMEOUT_NS;
    enum umm_status status = umm_redis_reader_open(&redis->reader, place->shown, err);
    struct umm_error cause = {.status = UMM_OK};
    enum outcome outcome = status ? FAILED : connect_once(redis, &cause);
    /* A server that begins is waited for; one that is not there is said at once. */
    if (outcome == LATER)
        status = try_again(redis, 0, false, err);
    else if (!status && outcome != DONE) {
        status = cause.status;
        if (err)
            *err = cause;
    }
    if (status)
        umm_redis_close(redis);
    else
        *out = redis;
    return status;
}

void umm_redis_close(struct umm_redis *redis)
{
    if (!redis)
        return;
    disconnect(redis);
    umm_redis_reader_close(redis->reader);
    free(redis->commands.bytes);
    free(redis->answers);
    free(redis);
}
