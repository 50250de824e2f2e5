/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/store_server.h"
#include "sys/clock.h"

enum { VALUES_MAX = 256, NS_PER_MS = 1000000 };

/* ---- values ---------------------------------------------------------------------- */

static bool is_id(const struct umm_store *store, size_t id_bytes)
{
    return id_bytes > 0 && id_bytes < store->id_words * sizeof(uint64_t);
}

static enum umm_status refuse_value(const struct umm_store *store, enum umm_store_value_state state,
                                    const void *id, size_t id_bytes, struct umm_error *err)
{
    static const char *const what[] = {[UMM_STORE_VALUE_FOREIGN] = "holds something else",
                                       [UMM_STORE_VALUE_VERSION] = "is of another version",
                                       [UMM_STORE_VALUE_DIM] = "has a vector of another length",
                                       [UMM_STORE_VALUE_DAMAGED] = "is damaged: its check differs"};
    char shown[UMM_EXCERPT_MAX];
    return umm_error_set_path(err, state == UMM_STORE_VALUE_DIM ? UMM_ERR_CONFLICT : UMM_ERR_DATA,
                              store->path, "the value of \"%s\" %s",
                              umm_escape(shown, sizeof shown, id, id_bytes), what[state]);
}

/* What a GET came to. UMM_ERR_ABSENT, without an error: there is none, or its time is over. */
static enum umm_status take_value(const struct umm_store *store,
                                  const struct umm_redis_answer *answer, const void *id,
                                  size_t id_bytes, float *vector, struct umm_store_entry *entry,
                                  struct umm_error *err)
{
    struct umm_store_entry head;
    if (answer->kind == UMM_REDIS_NIL)
        return UMM_ERR_ABSENT;
    if (answer->kind != UMM_REDIS_STRING)
        return umm_redis_check_answer(store->server->redis, answer, UMM_REDIS_STRING, err);
    const enum umm_store_value_state state = umm_store_value_read(
        answer->text, answer->len_bytes, id, id_bytes, store->dim, entry ? entry : &head, vector);
    if (state != UMM_STORE_VALUE_SOUND)
        return refuse_value(store, state, id, id_bytes, err);
    return umm_store_server_is_over((entry ? entry : &head)->expires_ns) ? UMM_ERR_ABSENT : UMM_OK;
}

static size_t answer_bytes(const struct umm_store *store, size_t n)
{
    return n * (UMM_STORE_VALUE_HEAD_BYTES + store->dim * sizeof(float) +
                sizeof(struct umm_redis_answer) + UMM_STORE_ID_MAX);
}

enum umm_status umm_store_server_get(struct umm_store *store, const void *id, size_t id_bytes,
                                     float *vector, struct umm_store_entry *entry,
                                     struct umm_error *err)
{
    struct umm_redis *redis = store->server->redis;
    if (!is_id(store, id_bytes))
        return UMM_ERR_ABSENT;
    umm_redis_begin(redis);
    umm_redis_command(redis, 2);
    umm_redis_text(redis, "GET");
    umm_redis_joined(redis, store->server->values, id, id_bytes);
    enum umm_status status = umm_redis_exchange(redis, answer_bytes(store, 1), err);
    return status ? status
                  : take_value(store, umm_redis_answer(redis, 0), id, id_bytes, vector, entry, err);
}

/* ---- many ------------------------------------------------------------------------ */

/* Ids of asked, which a store of this kind may have or not. */
static enum umm_status ask_block(struct umm_store *store, struct umm_store_asked *asked, size_t n,
                                 struct umm_error *err)
{
    struct umm_redis *redis = store->server->redis;
    size_t n_asked = 0;
    for (size_t i = 0; i < n; i++)
        n_asked += is_id(store, asked[i].id_bytes);
    if (n_asked == 0)
        return UMM_OK;
    umm_redis_begin(redis);
    umm_redis_command(redis, 1 + n_asked);
    umm_redis_text(redis, "MGET");
    for (size_t i = 0; i < n; i++)
        if (is_id(store, asked[i].id_bytes))
            umm_redis_joined(redis, store->server->values, asked[i].id, asked[i].id_bytes);
    enum umm_status status = umm_redis_exchange(redis, answer_bytes(store, n_asked), err);
    if (!status)
        status = umm_redis_check(redis, 0, UMM_REDIS_ARRAY, err);
    if (status)
        return status;
    const struct umm_redis_answer *answer = umm_redis_answer(redis, 0);
    if (answer->n_items != n_asked)
        return umm_store_server_refuse(store, err);
    for (size_t i = 0, k = 0; i < n; i++) {
        struct umm_store_asked *one = &asked[i];
        if (!is_id(store, one->id_bytes))
            continue;
        one->status = take_value(store, &answer->items[k++], one->id, one->id_bytes, one->vector,
                                 &one->entry, NULL);
        if (one->status && one->status != UMM_ERR_ABSENT)
            one->status = UMM_ERR_DATA;
    }
    return UMM_OK;
}

enum umm_status umm_store_server_get_each(struct umm_store *store, struct umm_store_asked *asked,
                                          size_t n, struct umm_error *err)
{
    const size_t block = umm_store_server_block(store, VALUES_MAX);
    enum umm_status status = UMM_OK;
    for (size_t i = 0; i < n; i++)
        asked[i].status = UMM_ERR_ABSENT;
    for (size_t first = 0; !status && first < n; first += block)
        status = ask_block(store, asked + first, n - first < block ? n - first : block, err);
    return status;
}

/* An entry that is not as it should be is said here, as nobody looks at it alone. */
static enum umm_status get_block(struct umm_store *store, struct umm_store_asked *asked, size_t n,
                                 bool *is_found, size_t *n_found, struct umm_error *err)
{
    enum umm_status status = umm_store_server_get_each(store, asked, n, err);
    for (size_t i = 0; !status && i < n; i++) {
        is_found[i] = asked[i].status == UMM_OK;
        *n_found += is_found[i];
        if (asked[i].status == UMM_ERR_DATA)
            status = umm_store_server_get(store, asked[i].id, asked[i].id_bytes, asked[i].vector,
                                          NULL, err);
        status = status == UMM_ERR_ABSENT ? UMM_OK : status;
    }
    return status;
}

enum umm_status umm_store_server_get_many(struct umm_store *store, const char *ids,
                                          size_t cell_bytes, size_t n, float *vectors,
                                          bool *is_found, size_t *n_found, struct umm_error *err)
{
    struct umm_store_asked asked[VALUES_MAX];
    enum umm_status status = UMM_OK;
    *n_found = 0;
    for (size_t i = 0; i < n; i++)
        is_found[i] = false;
    for (size_t first = 0, n_now; !status && first < n; first += n_now) {
        n_now = n - first < VALUES_MAX ? n - first : VALUES_MAX;
        for (size_t i = 0; i < n_now; i++) {
            const char *id = ids + (first + i) * cell_bytes;
            asked[i].id = id;
            asked[i].id_bytes = strnlen(id, cell_bytes);
            asked[i].vector = vectors + (first + i) * store->dim;
        }
        status = get_block(store, asked, n_now, is_found + first, n_found, err);
    }
    return status;
}

/* ---- all of them ----------------------------------------------------------------- */

static enum umm_status make_room(const struct umm_store *store, struct umm_store_server_list *list,
                                 size_t n, struct umm_error *err)
{
    if (list->cap)
        return UMM_OK;
    list->entries = calloc(n, sizeof *list->entries);
    list->vectors = list->entries ? calloc(n * store->dim, sizeof *list->vectors) : NULL;
    if (!list->vectors) {
        free(list->entries);
        list->entries = NULL;
        return umm_error_set_memory(err, n * store->dim * sizeof *list->vectors, "entries");
    }
    list->cap = n;
    return UMM_OK;
}

/* Ids at `position` and after it, with their positions, into the list. */
static enum umm_status fetch_ids(struct umm_store *store, uint64_t position,
                                 struct umm_store_server_list *list, struct umm_error *err)
{
    struct umm_store_server *server = store->server;
    struct umm_redis *redis = server->redis;
    umm_redis_begin(redis);
    umm_redis_command(redis, 8);
    umm_redis_text(redis, "ZRANGEBYSCORE");
    umm_redis_text(redis, server->ids);
    umm_redis_number(redis, (int64_t)position);
    umm_redis_text(redis, "+inf");
    umm_redis_text(redis, "WITHSCORES");
    umm_redis_text(redis, "LIMIT");
    umm_redis_text(redis, "0");
    umm_redis_number(redis, (int64_t)list->cap);
    const size_t item_bytes = 2 * sizeof(struct umm_redis_answer) + UMM_STORE_ID_MAX + 64;
    enum umm_status status = umm_redis_exchange(redis, list->cap * item_bytes, err);
    if (!status)
        status = umm_redis_check(redis, 0, UMM_REDIS_ARRAY, err);
    if (status)
        return status;
    const struct umm_redis_answer *answer = umm_redis_answer(redis, 0);
    list->n = 0;
    if (answer->n_items % 2 || answer->n_items / 2 > list->cap)
        return umm_store_server_refuse(store, err);
    for (size_t i = 0; i < answer->n_items; i += 2) {
        const struct umm_redis_answer *id = &answer->items[i];
        struct umm_store_entry *entry = &list->entries[i / 2];
        if (id->kind != UMM_REDIS_STRING || !is_id(store, id->len_bytes) ||
            !umm_store_server_number(&answer->items[i + 1], &entry->position) ||
            entry->position < position)
            return umm_store_server_refuse(store, err);
        memcpy(entry->id, id->text, id->len_bytes);
        entry->id_bytes = id->len_bytes;
        position = entry->position;
    }
    list->n = answer->n_items / 2;
    return UMM_OK;
}

/*
 * The values of the list's ids. One that is gone, or was put again at a later position since its
 * id was listed, is left out. *last is the position of the last id; *n_ids how many there were.
 */
static enum umm_status fetch_values(struct umm_store *store, struct umm_store_server_list *list,
                                    size_t *n_ids, uint64_t *last, struct umm_error *err)
{
    struct umm_redis *redis = store->server->redis;
    const size_t n = *n_ids = list->n;
    list->n = list->at = 0;
    if (n == 0)
        return UMM_OK;
    *last = list->entries[n - 1].position;
    umm_redis_begin(redis);
    umm_redis_command(redis, 1 + n);
    umm_redis_text(redis, "MGET");
    for (size_t i = 0; i < n; i++)
        umm_redis_joined(redis, store->server->values, list->entries[i].id,
                         list->entries[i].id_bytes);
    enum umm_status status = umm_redis_exchange(redis, answer_bytes(store, n), err);
    if (!status)
        status = umm_redis_check(redis, 0, UMM_REDIS_ARRAY, err);
    if (status)
        return status;
    const struct umm_redis_answer *answer = umm_redis_answer(redis, 0);
    if (answer->n_items != n)
        return umm_store_server_refuse(store, err);
    size_t n_kept = 0;
    for (size_t i = 0; i < n; i++) {
        const struct umm_store_entry *was = &list->entries[i];
        struct umm_store_entry entry;
        status = take_value(store, &answer->items[i], was->id, was->id_bytes,
                            list->vectors + n_kept * store->dim, &entry, err);
        if (status && status != UMM_ERR_ABSENT)
            return status;
        if (!status && entry.position == was->position)
            list->entries[n_kept++] = entry;
    }
    list->n = n_kept;
    list->fetched_ns = umm_clock_monotonic_ns();
    return UMM_OK;
}

/* What was fetched serves for a moment, and for those who go on from one to the next. */
static bool is_fetched(const struct umm_store_server_list *list, uint64_t position)
{
    const uint64_t fresh_ns = 100 * NS_PER_MS;
    return list->at < list->n && list->position == position &&
           umm_clock_monotonic_ns() - list->fetched_ns < fresh_ns;
}

enum umm_status umm_store_server_next(struct umm_store *store, uint64_t position,
                                      struct umm_store_entry *entry, float *vector,
                                      struct umm_error *err)
{
    struct umm_store_server_list *list = &store->server->list;
    const uint64_t end = UINT64_C(1) << 53;
    enum umm_status status = make_room(store, list, umm_store_server_block(store, VALUES_MAX), err);
    if (!status && !is_fetched(list, position)) {
        size_t n_ids;
        uint64_t last = position;
        list->n = 0;
        do {
            status = position < end ? fetch_ids(store, position, list, err) : UMM_OK;
            if (!status)
                status = fetch_values(store, list, &n_ids, &last, err);
            position = last + 1;
        } while (!status && list->n == 0 && n_ids > 0);
    }
    if (status)
        list->n = 0;
    if (status || list->n == 0)
        return status ? status : UMM_ERR_ABSENT;
    *entry = list->entries[list->at];
    if (vector)
        memcpy(vector, list->vectors + list->at * store->dim, store->dim * sizeof *vector);
    list->at++;
    list->position = entry->position + 1;
    return UMM_OK;
}

enum umm_status umm_store_server_oldest(struct umm_store *store, struct umm_store_entry *entry,
                                        float *vector, bool *is_found, struct umm_error *err)
{
    enum { PLACE_CHARS = 30 };
    struct umm_redis *redis = store->server->redis;
    *is_found = false;
    /* Those that the server has dropped are still listed. */
    for (int64_t at = 0; !*is_found; at++) {
        char id[UMM_STORE_ID_MAX];
        umm_redis_begin(redis);
        umm_redis_command(redis, 4);
        umm_redis_text(redis, "ZRANGE");
        umm_redis_text(redis, store->server->order);
        umm_redis_number(redis, at);
        umm_redis_number(redis, at);
        enum umm_status status = umm_redis_exchange(redis, 4096, err);
        if (!status)
            status = umm_redis_check(redis, 0, UMM_REDIS_ARRAY, err);
        if (status)
            return status;
        const struct umm_redis_answer *answer = umm_redis_answer(redis, 0);
        if (answer->n_items == 0)
            return UMM_OK;
        const struct umm_redis_answer *key = &answer->items[0];
        if (key->kind != UMM_REDIS_STRING || key->len_bytes <= PLACE_CHARS ||
            !is_id(store, key->len_bytes - PLACE_CHARS))
            return umm_store_server_refuse(store, err);
        const size_t id_bytes = key->len_bytes - PLACE_CHARS;
        memcpy(id, key->text + PLACE_CHARS, id_bytes);
        status = umm_store_server_get(store, id, id_bytes, vector, entry, err);
        if (status && status != UMM_ERR_ABSENT)
            return status;
        *is_found = !status;
    }
    return UMM_OK;
}
