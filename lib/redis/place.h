/* SPDX-License-Identifier: MIT */
/*
 * place.h - where on a server something is:
 *
 *     redis://[USER@]HOST[:PORT][/DB][?prefix=NAME&timeout=5s]
 *     unix:PATH[?db=DB&user=USER&prefix=NAME&timeout=5s]
 *
 * HOST is a name, an address, or one of IPv6 in brackets; PORT is 6379 unless said, DB 0, and the
 * prefix of all keys "umm". In USER and PATH %XX is a byte. A place never holds a password: others
 * see it in the list of processes.
 */
#ifndef UMM_REDIS_PLACE_H
#define UMM_REDIS_PLACE_H

#include "umm.h"

enum {
    UMM_REDIS_HOST_MAX = 253,
    UMM_REDIS_PATH_MAX = 107, /* of a socket */
    UMM_REDIS_USER_MAX = 127,
    UMM_REDIS_PREFIX_MAX = 63,
    UMM_REDIS_SHOWN_MAX = 512
};

struct umm_redis_place {
    char host[UMM_REDIS_HOST_MAX + 1], port[6]; /* "" where it is a socket's path */
    char path[UMM_REDIS_PATH_MAX + 1];
    char user[UMM_REDIS_USER_MAX + 1]; /* "": none is named */
    char prefix[UMM_REDIS_PREFIX_MAX + 1];
    uint32_t db;
    uint64_t timeout_ns;             /* 0: none is given */
    char shown[UMM_REDIS_SHOWN_MAX]; /* for messages */
};

/*
 * Whether text is meant as a place on a server: it begins with "redis:", "rediss:", "redis+" or
 * "unix:". What else is a path is not: "./redis:" is a directory.
 */
bool umm_redis_is_place(const char *text);

/*
 * Take text apart. UMM_ERR_ARGUMENT: it is none, or holds a password. UMM_ERR_UNSUPPORTED: it asks
 * for TLS, or for a cluster. No message repeats the text, as a password may be in it.
 */
UMM_MUST_USE enum umm_status umm_redis_place_parse(const char *text, struct umm_redis_place *place,
                                                   struct umm_error *err);

#endif
