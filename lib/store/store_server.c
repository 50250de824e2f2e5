/* SPDX-License-Identifier: MIT */
#include "store/store_server.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/store_files.h"
#include "store/store_server_script.h"
#include "sys/clock.h"
#include "sys/random.h"

enum { TEXT_BYTES = 64 * 1024, NS_PER_MS = 1000000 };
static const char FORMAT[] = "1";

/* ---- answers ------------------------------------------------------------------------------ */

enum umm_status umm_store_server_refuse(const struct umm_store *store, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_DATA, store->path,
                              "the server's answer is none that a feature store can have");
}

enum umm_status umm_store_server_refuse_other(const struct umm_store *store, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_CONFLICT, store->path,
                              "the store was removed or replaced while it was open");
}

enum umm_status umm_store_refuse_absent(const struct umm_store *store, const void *id,
                                        size_t id_bytes, struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    return umm_error_set_path(err, UMM_ERR_ABSENT, store->path, "no such id: \"%s\"",
                              umm_escape(shown, sizeof shown, id, id_bytes));
}

enum umm_status umm_store_refuse_full(const struct umm_store *store, struct umm_error *err)
{
    return umm_error_set(err, UMM_ERR_CONFLICT,
                         "the store is full: all %" PRIu64 " positions are active; mark some "
                         "inactive, or resize it",
                         store->max_positions);
}

bool umm_store_server_number(const struct umm_redis_answer *answer, uint64_t *value)
{
    uint64_t n = 0;
    if (answer->kind != UMM_REDIS_STRING || answer->len_bytes == 0 || answer->len_bytes > 16)
        return false;
    for (size_t i = 0; i < answer->len_bytes; i++) {
        if (answer->text[i] < '0' || answer->text[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(answer->text[i] - '0');
    }
    *value = n;
    return n < UINT64_C(1) << 53;
}

static bool number_below(const struct umm_redis_answer *answer, uint64_t max, uint64_t *value)
{
    return umm_store_server_number(answer, value) && *value <= max;
}

bool umm_store_server_is_over(int64_t expires_ns)
{
    return expires_ns != INT64_MAX && expires_ns <= umm_clock_realtime_ns();
}

size_t umm_store_server_block(const struct umm_store *store, size_t max)
{
    const size_t block_bytes = 256 * 1024;
    const size_t n = block_bytes / (UMM_STORE_VALUE_HEAD_BYTES + store->dim * sizeof(float));
    return n < 1 ? 1 : n > max ? max : n;
}

/* ---- the script ------------------------------------------------------------------------------ */

enum umm_status umm_store_server_begin(struct umm_store *store, const char *what,
                                       size_t n_arguments, struct umm_error *err)
{
    enum { BEFORE = 6, SLACK_MS = 60000 };
    struct umm_store_server *server = store->server;
    char number[17];
    snprintf(number, sizeof number, "%016" PRIx64, ++server->n_asked);
    server->list.n = 0; /* what was fetched before is older than this */
    umm_redis_begin(server->redis);
    enum umm_status status =
        umm_redis_script(server->redis, server->meta, BEFORE + n_arguments, err);
    if (status)
        return status;
    umm_redis_text(server->redis, what);
    umm_redis_text(server->redis, server->made);
    umm_redis_text(server->redis, server->asker);
    umm_redis_text(server->redis, number);
    umm_redis_again(server->redis);
    umm_redis_number(server->redis, (int64_t)(2 * server->timeout_ns / NS_PER_MS) + SLACK_MS);
    return UMM_OK;
}

enum umm_status umm_store_server_finish(struct umm_store *store, size_t max_bytes,
                                        const struct umm_redis_answer **answer,
                                        struct umm_error *err)
{
    struct umm_redis *redis = store->server->redis;
    enum umm_status status = umm_redis_exchange(redis, max_bytes + TEXT_BYTES, err);
    if (!status)
        status = umm_redis_check(redis, 0, UMM_REDIS_STRING, err);
    if (status)
        return status;
    *answer = umm_redis_answer(redis, 0);
    return strcmp((*answer)->text, "other") == 0 ? umm_store_server_refuse_other(store, err)
                                                 : UMM_OK;
}

/* ---- opening ------------------------------------------------------------------------------------
 */

static char *copy_text(struct umm_arena *arena, const char *text)
{
    return text ? umm_arena_copy_text(arena, text) : NULL;
}

static void make_key(const struct umm_store_server *server, const char *name,
                     char out[UMM_STORE_SERVER_KEY_MAX])
{
    snprintf(out, UMM_STORE_SERVER_KEY_MAX, "{%s}:%s", server->place.prefix, name);
}

static void name_keys(struct umm_store_server *server)
{
    make_key(server, "meta", server->meta);
    make_key(server, "ids", server->ids);
    make_key(server, "inactive", server->inactive);
    make_key(server, "order", server->order);
    make_key(server, "expiry", server->expiry);
    make_key(server, "v:", server->values);
}

static void free_store(struct umm_store *store)
{
    struct umm_arena arena = store->arena;
    umm_redis_close(store->server->redis);
    free(store->server->list.entries);
    free(store->server->list.vectors);
    umm_arena_close(&arena);
}

/* An object with a connection, to what is not known yet. */
static enum umm_status connect_store(const char *path, const struct umm_store_reach *reach,
                                     struct umm_store **out, struct umm_error *err)
{
    static const struct umm_store_reach nothing;
    struct umm_redis_place place;
    struct umm_arena arena;
    if (!reach)
        reach = &nothing;
    *out = NULL;
    enum umm_status status = umm_redis_place_parse(path, &place, err);
    if (status)
        return status;
    umm_arena_open(&arena, &(struct umm_arena_options){.block_bytes = 8192});
    struct umm_store *store = umm_arena_alloc(&arena, sizeof *store);
    struct umm_store_server *server = umm_arena_alloc(&arena, sizeof *server);
    const char *user = copy_text(&arena, reach->user);
    const char *password = copy_text(&arena, reach->password);
    status = umm_arena_check(&arena, "a store", err);
    if (status) {
        umm_arena_close(&arena);
        return status;
    }
    server->place = place;
    server->n_replicas = reach->n_replicas;
    server->timeout_ns = reach->timeout_ns  ? reach->timeout_ns
                         : place.timeout_ns ? place.timeout_ns
                                            : UMM_REDIS_TIMEOUT_NS;
    snprintf(server->asker, sizeof server->asker, "%016" PRIx64, umm_random_key());
    name_keys(server);
    store->server = server;
    store->path = server->place.shown;
    store->arena = arena;
    const struct umm_redis_options options = {.place = &server->place,
                                              .user = user,
                                              .password = password,
                                              .timeout_ns = server->timeout_ns,
                                              .run = reach->run,
                                              .script = umm_store_server_script};
    status = umm_redis_open(&options, &server->redis, err);
    if (status)
        free_store(store);
    else
        *out = store;
    return status;
}

/* The line of INFO that begins with name: what is after it. */
static bool find_line(const struct umm_redis_answer *info, const char *name, char *out, size_t cap)
{
    const size_t len = strlen(name);
    for (const char *at = info->text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, name, len) != 0)
            continue;
        const size_t n = strcspn(at + len, "\r\n");
        if (n >= cap)
            return false;
        memcpy(out, at + len, n);
        out[n] = '\0';
        return true;
    }
    return false;
}

/* A server may not tell: then there is nothing to warn of. */
static void look_at_memory(struct umm_store_server *server, const struct umm_redis_answer *info)
{
    char most[32], policy[32], shown[UMM_EXCERPT_MAX];
    if (info->kind != UMM_REDIS_STRING || !find_line(info, "maxmemory:", most, sizeof most) ||
        !find_line(info, "maxmemory_policy:", policy, sizeof policy) || strcmp(most, "0") == 0 ||
        strcmp(policy, "noeviction") == 0)
        return;
    snprintf(server->warning_text, sizeof server->warning_text,
             "the server drops keys when its memory is full (maxmemory-policy %s): entries may "
             "vanish before their time",
             umm_escape(shown, sizeof shown, policy, strlen(policy)));
    server->warning = server->warning_text;
}

enum { FORMAT_AT, MADE_AT, DIM_AT, ID_BYTES_AT, POSITIONS_AT, TTL_AT, N_FIELDS };
static const char *const fields[N_FIELDS] = {"format",   "made",      "dim",
                                             "id_bytes", "positions", "ttl_ns"};

/* What meta says of the store, which must be one that there can be. */
static bool take_meta(struct umm_store *store, const struct umm_redis_answer *items)
{
    uint64_t dim, id_bytes, positions;
    char ttl[24];
    const struct umm_redis_answer *made = &items[MADE_AT], *life = &items[TTL_AT];
    if (made->kind != UMM_REDIS_STRING || made->len_bytes != UMM_STORE_SERVER_MADE_CHARS ||
        strlen(made->text) != made->len_bytes ||
        !number_below(&items[DIM_AT], UMM_STORE_DIM_MAX, &dim) || dim == 0 ||
        !number_below(&items[ID_BYTES_AT], UMM_STORE_ID_MAX, &id_bytes) || id_bytes % 8 != 7 ||
        !number_below(&items[POSITIONS_AT], UMM_STORE_POSITIONS_MAX, &positions) || positions == 0)
        return false;
    if (life->kind != UMM_REDIS_STRING || life->len_bytes >= sizeof ttl)
        return false;
    int64_t ttl_ns;
    if (umm_num_parse_i64(life->text, life->len_bytes, '.', &ttl_ns) != UMM_NUM_OK || ttl_ns < 0)
        return false;
    memcpy(store->server->made, made->text, sizeof store->server->made);
    store->dim = (uint32_t)dim;
    store->id_words = (uint32_t)(id_bytes + 1) / 8;
    store->max_positions = positions;
    store->server->ttl_ns = ttl_ns;
    return true;
}

static enum umm_status refuse_meta(const struct umm_store *store, struct umm_error *err)
{
    return umm_error_set_path(err, UMM_ERR_DATA, store->path, "what the key %s says is damaged",
                              store->server->meta);
}

/* Look at meta, and with it at what is to be warned of. */
static enum umm_status read_meta(struct umm_store *store, bool is_first, struct umm_error *err)
{
    struct umm_store_server *server = store->server;
    char shown[UMM_EXCERPT_MAX];
    umm_redis_begin(server->redis);
    umm_redis_command(server->redis, 2 + N_FIELDS);
    umm_redis_text(server->redis, "HMGET");
    umm_redis_text(server->redis, server->meta);
    for (int i = 0; i < N_FIELDS; i++)
        umm_redis_text(server->redis, fields[i]);
    if (is_first) {
        umm_redis_command(server->redis, 2);
        umm_redis_text(server->redis, "INFO");
        umm_redis_text(server->redis, "memory");
    }
    enum umm_status status = umm_redis_exchange(server->redis, TEXT_BYTES, err);
    if (!status)
        status = umm_redis_check(server->redis, 0, UMM_REDIS_ARRAY, err);
    if (status)
        return status;
    const struct umm_redis_answer *meta = umm_redis_answer(server->redis, 0);
    if (meta->n_items != N_FIELDS)
        return umm_store_server_refuse(store, err);
    const struct umm_redis_answer *format = &meta->items[FORMAT_AT];
    if (format->kind == UMM_REDIS_NIL)
        return umm_error_set_path(err, UMM_ERR_ABSENT, store->path,
                                  "there is no feature store with the prefix \"%s\"",
                                  server->place.prefix);
    if (format->kind != UMM_REDIS_STRING || strcmp(format->text, FORMAT) != 0)
        return umm_error_set_path(
            err, UMM_ERR_DATA, store->path, "the store has the format \"%s\", and \"%s\" is known",
            format->kind == UMM_REDIS_STRING
                ? umm_escape(shown, sizeof shown, format->text, format->len_bytes)
                : "",
            FORMAT);
    if (!take_meta(store, meta->items))
        return refuse_meta(store, err);
    if (is_first)
        look_at_memory(server, umm_redis_answer(server->redis, 1));
    return UMM_OK;
}

enum umm_status umm_store_server_open(const char *path, enum umm_store_access access,
                                      const struct umm_store_reach *reach, struct umm_store **out,
                                      struct umm_error *err)
{
    struct umm_store *store;
    *out = NULL;
    enum umm_status status = connect_store(path, reach, &store, err);
    if (status)
        return status;
    store->is_writer = access != UMM_STORE_READ;
    status = read_meta(store, true, err);
    if (status)
        free_store(store);
    else
        *out = store;
    return status;
}

void umm_store_server_close(struct umm_store *store)
{
    free_store(store);
}

/* ---- creating -----------------------------------------------------------------------------------
 */

static enum umm_status check_same(struct umm_store *store, const struct umm_store_options *options,
                                  struct umm_error *err)
{
    enum umm_status status = read_meta(store, false, err);
    if (!status && (store->max_positions != options->max_positions || store->dim != options->dim ||
                    store->id_words != options->id_max_bytes / 8 + 1 ||
                    store->server->ttl_ns != options->ttl_ns))
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, store->path,
                                    "is there already, and is another");
    return status;
}

static enum umm_status make(struct umm_store *store, const struct umm_store_options *options,
                            struct umm_error *err)
{
    struct umm_store_server *server = store->server;
    const struct umm_redis_answer *answer;
    snprintf(server->made, sizeof server->made, "%016" PRIx64 "%016" PRIx64, umm_random_key(),
             umm_random_key());
    enum umm_status status = umm_store_server_begin(store, "create", 4, err);
    if (status)
        return status;
    umm_redis_number(server->redis, options->dim);
    umm_redis_number(server->redis, 8 * (options->id_max_bytes / 8 + 1) - 1);
    umm_redis_number(server->redis, (int64_t)options->max_positions);
    umm_redis_number(server->redis, options->ttl_ns);
    status = umm_store_server_finish(store, 0, &answer, err);
    if (status || strcmp(answer->text, "made") == 0)
        return status;
    if (strcmp(answer->text, "there") == 0)
        return check_same(store, options, err);
    return umm_error_set_path(err, UMM_ERR_CONFLICT, store->path,
                              "there are keys that begin with {%s}:, but no feature store",
                              server->place.prefix);
}

enum umm_status umm_store_server_create(const char *path, const struct umm_store_options *options,
                                        const struct umm_store_reach *reach, struct umm_error *err)
{
    struct umm_store *store;
    enum umm_status status = connect_store(path, reach, &store, err);
    if (status)
        return status;
    status = make(store, options, err);
    free_store(store);
    return status;
}

/* ---- the whole store ----------------------------------------------------------------------------
 */

bool umm_store_is_place(const char *path)
{
    return umm_redis_is_place(path);
}

const char *umm_store_warning(const struct umm_store *store)
{
    return store->server ? store->server->warning : NULL;
}

void umm_store_server_fill_info(const struct umm_store *store, struct umm_store_info *info)
{
    *info = (struct umm_store_info){.max_positions = store->max_positions,
                                    .dim = store->dim,
                                    .id_max_bytes = 8 * store->id_words - 1,
                                    .ttl_ns = store->server->ttl_ns};
}

enum umm_status umm_store_server_follow(struct umm_store *store, struct umm_error *err)
{
    struct umm_store was = *store;
    char made[sizeof store->server->made];
    memcpy(made, store->server->made, sizeof made);
    enum umm_status status = read_meta(store, false, err);
    if (!status && strcmp(made, store->server->made) == 0)
        return UMM_OK;
    if (!status && (was.dim != store->dim || was.id_words != store->id_words)) {
        status = umm_error_set_path(err, UMM_ERR_CONFLICT, store->path,
                                    "was replaced by a store with other ids or vectors");
        was.server = store->server;
        *store = was;
        memcpy(store->server->made, made, sizeof made);
    }
    if (!status) {
        store->turnover++;
        store->server->list.n = 0;
    }
    return status;
}

static bool is_count(const struct umm_redis_answer *answer)
{
    return answer->kind == UMM_REDIS_INTEGER && answer->integer >= 0;
}

/* How many of those that expired before now_ms, up to the next ones, are inactive. */
static enum umm_status count_inactive(const struct umm_store *store, int64_t now_ms, uint64_t first,
                                      size_t *n, uint64_t *n_inactive, struct umm_error *err)
{
    enum { AT_ONCE = 1000, ANSWER_BYTES = AT_ONCE * (UMM_STORE_ID_MAX + 128) };
    struct umm_store_server *server = store->server;
    struct umm_redis *redis = server->redis;
    umm_redis_begin(redis);
    umm_redis_command(redis, 7);
    umm_redis_text(redis, "ZRANGEBYSCORE");
    umm_redis_text(redis, server->expiry);
    umm_redis_text(redis, "-inf");
    umm_redis_number(redis, now_ms);
    umm_redis_text(redis, "LIMIT");
    umm_redis_number(redis, (int64_t)first);
    umm_redis_number(redis, AT_ONCE);
    enum umm_status status = umm_redis_exchange(redis, ANSWER_BYTES, err);
    if (!status)
        status = umm_redis_check(redis, 0, UMM_REDIS_ARRAY, err);
    if (status)
        return status;
    const struct umm_redis_answer *ids = umm_redis_answer(redis, 0);
    struct umm_arena arena = {0};
    char(*copies)[UMM_STORE_ID_MAX] = umm_arena_alloc_array(&arena, AT_ONCE, sizeof *copies);
    size_t lens[AT_ONCE], n_ids = 0;
    status = umm_arena_check(&arena, "ids", err);
    for (size_t i = 0; !status && i < ids->n_items && i < AT_ONCE; i++) {
        if (ids->items[i].kind != UMM_REDIS_STRING || ids->items[i].len_bytes > sizeof *copies)
            status = umm_store_server_refuse(store, err);
        if (!status)
            memcpy(copies[i], ids->items[i].text, lens[i] = ids->items[i].len_bytes);
        n_ids += !status;
    }
    if (!status && n_ids) {
        umm_redis_begin(redis);
        umm_redis_command(redis, 2 + n_ids);
        umm_redis_text(redis, "HMGET");
        umm_redis_text(redis, server->inactive);
        for (size_t i = 0; i < n_ids; i++)
            umm_redis_bytes(redis, copies[i], lens[i]);
        status = umm_redis_exchange(redis, ANSWER_BYTES, err);
        if (!status)
            status = umm_redis_check(redis, 0, UMM_REDIS_ARRAY, err);
        const struct umm_redis_answer *keys = status ? NULL : umm_redis_answer(redis, 0);
        for (size_t i = 0; keys && i < keys->n_items; i++)
            *n_inactive += keys->items[i].kind == UMM_REDIS_STRING;
    }
    umm_arena_close(&arena);
    *n = n_ids;
    return status;
}

static bool take_counts(const struct umm_store *store, const struct umm_redis_answer *meta,
                        struct umm_store_info *info)
{
    info->n_bytes =
        info->n_entries * (UMM_STORE_VALUE_HEAD_BYTES + (uint64_t)store->dim * sizeof(float));
    return umm_store_server_number(&meta->items[0], &info->max_positions) &&
           umm_store_server_number(&meta->items[1], &info->n_puts) &&
           umm_store_server_number(&meta->items[2], &info->n_evictions);
}

enum umm_status umm_store_server_info(const struct umm_store *store, struct umm_store_info *info,
                                      struct umm_error *err)
{
    static const char *const names[] = {"positions", "puts", "evictions", "made"};
    enum { N_NAMES = sizeof names / sizeof *names };
    struct umm_store_server *server = store->server;
    struct umm_redis *redis = server->redis;
    const int64_t now_ms = umm_clock_realtime_ns() / NS_PER_MS;
    umm_store_server_fill_info(store, info);
    umm_redis_begin(redis);
    umm_redis_command(redis, 2 + N_NAMES);
    umm_redis_text(redis, "HMGET");
    umm_redis_text(redis, server->meta);
    for (int i = 0; i < N_NAMES; i++)
        umm_redis_text(redis, names[i]);
    umm_redis_command(redis, 2);
    umm_redis_text(redis, "ZCARD");
    umm_redis_text(redis, server->ids);
    umm_redis_command(redis, 2);
    umm_redis_text(redis, "HLEN");
    umm_redis_text(redis, server->inactive);
    umm_redis_command(redis, 4);
    umm_redis_text(redis, "ZCOUNT");
    umm_redis_text(redis, server->expiry);
    umm_redis_text(redis, "-inf");
    umm_redis_number(redis, now_ms);
    enum umm_status status = umm_redis_exchange(redis, TEXT_BYTES, err);
    if (!status)
        status = umm_redis_check(redis, 0, UMM_REDIS_ARRAY, err);
    for (size_t i = 1; !status && i < 4; i++)
        status = umm_redis_check(redis, i, UMM_REDIS_INTEGER, err);
    if (status)
        return status;
    const struct umm_redis_answer *meta = umm_redis_answer(redis, 0);
    const struct umm_redis_answer *n_ids = umm_redis_answer(redis, 1);
    const struct umm_redis_answer *n_inactive = umm_redis_answer(redis, 2);
    const struct umm_redis_answer *n_over = umm_redis_answer(redis, 3);
    if (meta->n_items != N_NAMES || !is_count(n_ids) || !is_count(n_inactive) || !is_count(n_over))
        return umm_store_server_refuse(store, err);
    if (meta->items[3].kind != UMM_REDIS_STRING || strcmp(meta->items[3].text, server->made) != 0)
        return umm_store_server_refuse_other(store, err);
    const uint64_t all = (uint64_t)n_ids->integer, over = (uint64_t)n_over->integer;
    info->n_entries = all > over ? all - over : 0;
    info->n_inactive = (uint64_t)n_inactive->integer;
    if (!take_counts(store, meta, info))
        return refuse_meta(store, err);
    uint64_t n_gone = 0;
    size_t n = 0;
    for (uint64_t at = 0; !status && info->n_inactive && at < over; at += n) {
        status = count_inactive(store, now_ms, at, &n, &n_gone, err);
        if (n == 0)
            break;
    }
    info->n_inactive -= n_gone < info->n_inactive ? n_gone : info->n_inactive;
    return status;
}
