/* SPDX-License-Identifier: MIT */
#include "redis/place.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static const char TCP[] = "redis://", UNIX[] = "unix:";

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

bool umm_redis_is_place(const char *text)
{
    return begins(text, "redis:") || begins(text, "rediss:") || begins(text, "redis+") ||
           begins(text, UNIX);
}

static enum umm_status refuse(struct umm_error *err, const char *scheme, const char *what)
{
    return umm_error_set_path(err, UMM_ERR_ARGUMENT, scheme, "%s", what);
}

/* ---- parts ---------------------------------------------------------------------------- */

struct part {
    const char *at;
    size_t len;
};

/* What is before the first `end` in part, which goes on after it; all of it if there is none. */
static struct part cut(struct part *part, char end)
{
    const char *found = part->len ? memchr(part->at, end, part->len) : NULL;
    const struct part before = {part->at, found ? (size_t)(found - part->at) : part->len};
    const size_t used = before.len + (found != NULL);
    part->at += used;
    part->len -= used;
    return before;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Copy with %XX as a byte, never a zero one. False: there is no room, or it is not well formed. */
static bool decode(struct part part, char *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < part.len; i++, n++) {
        char c = part.at[i];
        if (c == '%') {
            const int high = i + 2 < part.len ? digit_of(part.at[i + 1]) : -1;
            const int low = high >= 0 ? digit_of(part.at[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0' || n == max)
            return false;
        out[n] = c;
    }
    out[n] = '\0';
    return true;
}

/* Digits alone, at most max. */
static bool parse_number(struct part part, uint64_t max, uint64_t *value)
{
    uint64_t n = 0;
    if (part.len == 0)
        return false;
    for (size_t i = 0; i < part.len; i++) {
        if (part.at[i] < '0' || part.at[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(part.at[i] - '0');
        if (n > max)
            return false;
    }
    *value = n;
    return true;
}

static bool is_name(struct part part, const char *name)
{
    return part.len == strlen(name) && memcmp(part.at, name, part.len) == 0;
}

/* "5s" or "500ms", from 1 ms to a day. */
static bool parse_timeout(struct part part, uint64_t *ns)
{
    const uint64_t ms_ns = 1000000, day_ms = 86400000;
    uint64_t n;
    size_t len = part.len;
    while (len && (part.at[len - 1] < '0' || part.at[len - 1] > '9'))
        len--;
    const struct part unit = {part.at + len, part.len - len};
    const bool is_ms = is_name(unit, "ms");
    if ((!is_ms && !is_name(unit, "s")) ||
        !parse_number((struct part){part.at, len}, is_ms ? day_ms : day_ms / 1000, &n) || n == 0)
        return false;
    *ns = n * (is_ms ? ms_ns : 1000 * ms_ns);
    return true;
}

/* The prefix stands in braces in each key; a space or a quote would be hard to type elsewhere. */
static bool parse_prefix(struct part part, char out[UMM_REDIS_PREFIX_MAX + 1])
{
    if (part.len == 0 || part.len > UMM_REDIS_PREFIX_MAX)
        return false;
    for (size_t i = 0; i < part.len; i++) {
        const char c = part.at[i];
        const bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!is_letter && !(c >= '0' && c <= '9') && !strchr("_-.:", c))
            return false;
        out[i] = c;
    }
    out[part.len] = '\0';
    return true;
}

static bool parse_db(struct part part, uint32_t *db)
{
    uint64_t n;
    if (!parse_number(part, INT32_MAX, &n))
        return false;
    *db = (uint32_t)n;
    return true;
}

/* ---- the whole -------------------------------------------------------------------------- */

static enum umm_status parse_query(struct part query, const char *scheme, bool is_unix,
                                   struct umm_redis_place *place, struct umm_error *err)
{
    while (query.len) {
        struct part value = cut(&query, '&');
        const struct part name = cut(&value, '=');
        if (is_name(name, "password"))
            return umm_error_hint(err,
                                  refuse(err, scheme,
                                         "a password in a place is seen by others in the list of "
                                         "processes"),
                                  UMM_HINT_PASSWORD);
        if (is_name(name, "prefix")) {
            if (!parse_prefix(value, place->prefix))
                return refuse(err, scheme,
                              "a prefix is 1 to 63 letters, digits, and of the characters _-.:");
        } else if (is_name(name, "timeout")) {
            if (!parse_timeout(value, &place->timeout_ns))
                return refuse(err, scheme, "a timeout is such as 5s or 500ms");
        } else if (is_unix && is_name(name, "db")) {
            if (!parse_db(value, &place->db))
                return refuse(err, scheme, "the number of a database is digits");
        } else if (is_unix && is_name(name, "user")) {
            if (!decode(value, place->user, UMM_REDIS_USER_MAX) || !place->user[0])
                return refuse(err, scheme, "the name of the user is not well formed");
        } else {
            return refuse(err, scheme,
                          is_unix ? "after ? there may be db=, user=, prefix= and timeout="
                                  : "after ? there may be prefix= and timeout=");
        }
    }
    return UMM_OK;
}

/* Bytes that a resolver may be asked for; what is no host is the resolver's to say. */
static bool is_host(const char *host)
{
    for (; *host; host++)
        if ((unsigned char)*host <= 0x20 || *host == 0x7f || strchr("/@?#%", *host))
            return false;
    return true;
}

static bool parse_host(struct part *rest, struct umm_redis_place *place)
{
    struct part host;
    bool has_port;
    if (rest->len && rest->at[0] == '[') {
        (void)cut(rest, '[');
        if (!memchr(rest->at, ']', rest->len))
            return false;
        host = cut(rest, ']');
        has_port = rest->len && rest->at[0] == ':';
        if (has_port)
            (void)cut(rest, ':');
        else if (rest->len)
            return false;
    } else {
        const struct part all = *rest;
        host = cut(rest, ':');
        has_port = host.len < all.len;
    }
    if (host.len == 0 || host.len > UMM_REDIS_HOST_MAX)
        return false;
    memcpy(place->host, host.at, host.len);
    place->host[host.len] = '\0';
    uint64_t port = 6379;
    if (!is_host(place->host) || (has_port && !parse_number(*rest, UINT16_MAX, &port)) || port == 0)
        return false;
    snprintf(place->port, sizeof place->port, "%" PRIu64, port);
    return true;
}

static enum umm_status parse_tcp(struct part rest, struct umm_redis_place *place,
                                 struct umm_error *err)
{
    struct part query = rest;
    rest = cut(&query, '?');
    struct part db = rest;
    struct part authority = cut(&db, '/');
    const struct part all = authority;
    const struct part user = cut(&authority, '@');
    if (user.len == all.len && (all.len == 0 || all.at[all.len - 1] != '@'))
        authority = all; /* there is no @ */
    else if (!decode(user, place->user, UMM_REDIS_USER_MAX) || !place->user[0])
        return refuse(err, TCP, "the name of the user is not well formed");
    if (!parse_host(&authority, place))
        return refuse(err, TCP, "is not redis://[USER@]HOST[:PORT][/DB], with a port below 65536");
    if (db.len && !parse_db(db, &place->db))
        return refuse(err, TCP, "the number of a database is digits");
    enum umm_status status = parse_query(query, TCP, false, place, err);
    if (!status)
        snprintf(place->shown, sizeof place->shown,
                 strchr(place->host, ':') ? "redis://[%s]:%s/%" PRIu32 : "redis://%s:%s/%" PRIu32,
                 place->host, place->port, place->db);
    return status;
}

static enum umm_status parse_unix(struct part rest, struct umm_redis_place *place,
                                  struct umm_error *err)
{
    struct part query = rest;
    const struct part path = cut(&query, '?');
    if (path.len == 0)
        return refuse(err, UNIX, "the path of the socket is empty");
    if (!decode(path, place->path, UMM_REDIS_PATH_MAX))
        return refuse(err, UNIX,
                      "the path of the socket is longer than 107 bytes, or has a % that is no %XX");
    enum umm_status status = parse_query(query, UNIX, true, place, err);
    if (!status)
        snprintf(place->shown, sizeof place->shown, "unix:%s", place->path);
    return status;
}

/* What distinguishes it from other places on that server, and nothing more. */
static void show_rest(struct umm_redis_place *place)
{
    const size_t len = strlen(place->shown), room = sizeof place->shown - len;
    const bool has_prefix = strcmp(place->prefix, "umm") != 0, has_db = place->path[0] && place->db;
    char db[16] = "";
    if (has_db)
        snprintf(db, sizeof db, "db=%" PRIu32, place->db);
    if (has_prefix || has_db)
        snprintf(place->shown + len, room, "?%s%s%s%s", db, has_prefix && has_db ? "&" : "",
                 has_prefix ? "prefix=" : "", has_prefix ? place->prefix : "");
}

/* "user:password@": whatever stands between a colon and an @ is one. */
static bool has_password(const char *text)
{
    const char *at = strrchr(text, '@'), *slashes = strstr(text, "://");
    if (!at || !slashes)
        return false;
    const char *colon = strchr(slashes + 3, ':');
    return colon && colon < at;
}

enum umm_status umm_redis_place_parse(const char *text, struct umm_redis_place *place,
                                      struct umm_error *err)
{
    *place = (struct umm_redis_place){.prefix = "umm"};
    if (has_password(text))
        return umm_error_hint(err,
                              refuse(err, begins(text, UNIX) ? UNIX : TCP,
                                     "a password in a place is seen by others in the list of "
                                     "processes"),
                              UMM_HINT_PASSWORD);
    if (begins(text, "rediss:"))
        return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, "rediss://",
                                  "connections with TLS are not supported");
    if (begins(text, "redis+"))
        return umm_error_set_path(err, UMM_ERR_UNSUPPORTED, "redis+",
                                  "places of this kind are not supported: clusters, sentinels");
    enum umm_status status;
    if (begins(text, TCP))
        status =
            parse_tcp((struct part){text + strlen(TCP), strlen(text) - strlen(TCP)}, place, err);
    else if (begins(text, UNIX))
        status =
            parse_unix((struct part){text + strlen(UNIX), strlen(text) - strlen(UNIX)}, place, err);
    else
        return refuse(err, "redis:", "is not redis://[USER@]HOST[:PORT][/DB]");
    if (!status)
        show_rest(place);
    return status;
}
