/* SPDX-License-Identifier: MIT */
#include "redis/redis_errors.h"

#include <string.h>

#include "base/error.h"

bool umm_redis_is_error(const struct umm_redis_answer *answer, const char *word)
{
    const size_t len = strlen(word);
    return answer->kind == UMM_REDIS_ERROR && answer->len_bytes >= len &&
           memcmp(answer->text, word, len) == 0 &&
           (answer->text[len] == ' ' || answer->text[len] == '\0');
}

bool umm_redis_refuses_connection(const struct umm_redis_answer *answer)
{
    return umm_redis_is_error(answer, "DENIED") ||
           umm_redis_is_error(answer, "ERR max number of clients reached");
}

/* A long text begins with what is wrong; a server's texts also say what to do in redis.conf. */
static const struct {
    const char *word;
    enum umm_status status;
    const char *what; /* NULL: the server's own words */
    bool is_login;
} meanings[] = {
    {"LOADING", UMM_ERR_BUSY, "the server is loading its data", false},
    {"BUSY", UMM_ERR_BUSY, "the server is busy with a script", false},
    {"TRYAGAIN", UMM_ERR_BUSY, "the server moves keys", false},
    {"OOM", UMM_ERR_BUSY, "the server's memory is full (maxmemory)", false},
    {"MISCONF", UMM_ERR_BUSY, "the server takes no writes, as it cannot save its data", false},
    {"NOREPLICAS", UMM_ERR_BUSY, "the server takes no writes, as it lacks replicas", false},
    {"MASTERDOWN", UMM_ERR_BUSY, "the server is a replica that has lost its master", false},
    {"ERR max number of clients reached", UMM_ERR_BUSY, "the server has too many clients", false},
    {"READONLY", UMM_ERR_CONFLICT, "the server is a replica, which takes no writes", false},
    {"WRONGTYPE", UMM_ERR_CONFLICT, "a key holds something else", false},
    {"NOAUTH", UMM_ERR_ARGUMENT, "the server wants a password", true},
    {"WRONGPASS", UMM_ERR_ARGUMENT, "the server does not take this user and password", true},
    {"ERR AUTH", UMM_ERR_ARGUMENT, "the server wants no password for this user", false},
    {"NOPERM", UMM_ERR_ARGUMENT, "the user has no right to do that on the server", false},
    {"DENIED", UMM_ERR_ARGUMENT,
     "the server is in protected mode: it takes local connections alone", false},
    {"MOVED", UMM_ERR_UNSUPPORTED, "the server is part of a cluster", false},
    {"ASK", UMM_ERR_UNSUPPORTED, "the server is part of a cluster", false},
    {"CROSSSLOT", UMM_ERR_UNSUPPORTED, "the server is part of a cluster", false},
    {"CLUSTERDOWN", UMM_ERR_UNSUPPORTED, "the server is part of a cluster", false},
    {"ERR unknown command", UMM_ERR_UNSUPPORTED,
     "the server does not know a command; Redis 6.2 does", false},
    {"ERR DB index is out of range", UMM_ERR_ARGUMENT, "the server has no database of that number",
     false},
};

enum umm_status umm_redis_explain(const char *shown, const struct umm_redis_answer *answer,
                                  struct umm_error *err)
{
    char said[4 * UMM_EXCERPT_MAX];
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (!umm_redis_is_error(answer, meanings[i].word))
            continue;
        const enum umm_status status =
            umm_error_set_path(err, meanings[i].status, shown, "%s", meanings[i].what);
        return meanings[i].is_login ? umm_error_hint(err, status, UMM_HINT_PASSWORD) : status;
    }
    return umm_error_set_path(err, UMM_ERR_DATA, shown, "the server says: %s",
                              umm_escape(said, sizeof said, answer->text, answer->len_bytes));
}
