/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "store/store_files.h"
#include "store/store_server.h"

enum { NS_PER_MS = 1000000, ROWS_MAX = 256, ROW_ARGUMENTS = 4, NUMBER_MAX = 24 };

static enum umm_status check_writer(const struct umm_store *store, struct umm_error *err)
{
    if (store->is_writer)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_ARGUMENT, store->path, "is open for reading only");
}

/* ---- rows ------------------------------------------------------------------------------------ */

static enum umm_status find_expiry(const struct umm_store *store, const struct umm_store_row *row,
                                   int64_t *expires_ns, struct umm_error *err)
{
    const int64_t ttl_ns = row->ttl_ns == UMM_STORE_TTL ? store->server->ttl_ns : row->ttl_ns;
    *expires_ns = INT64_MAX;
    if (row->ttl_ns == UMM_STORE_FOR_EVER || ttl_ns == 0)
        return UMM_OK;
    if (ttl_ns < NS_PER_MS)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "a time to live is at least 1 ms");
    if (__builtin_add_overflow(row->timestamp_ns, ttl_ns, expires_ns))
        *expires_ns = INT64_MAX;
    return UMM_OK;
}

/* What the row is as an entry. */
static enum umm_status make_entry(const struct umm_store *store, const struct umm_store_row *row,
                                  struct umm_store_entry *entry, struct umm_error *err)
{
    enum umm_status status = umm_store_check_id(store, row->id, row->id_bytes, err);
    if (!status)
        status = find_expiry(store, row, &entry->expires_ns, err);
    if (status)
        return status;
    memcpy(entry->id, row->id, row->id_bytes);
    entry->id_bytes = row->id_bytes;
    entry->is_active = !row->is_inactive;
    entry->timestamp_ns = row->timestamp_ns;
    return UMM_OK;
}

/* The server's time to drop it: the next whole millisecond, as it never goes before its time. */
static void format_expiry(const struct umm_store_entry *entry, char out[NUMBER_MAX])
{
    out[0] = '\0';
    if (entry->expires_ns != INT64_MAX)
        snprintf(out, NUMBER_MAX, "%" PRId64,
                 entry->expires_ns / NS_PER_MS + (entry->expires_ns % NS_PER_MS > 0));
}

static void add_row(struct umm_store *store, const struct umm_store_entry *entry,
                    const float *vector)
{
    struct umm_redis *redis = store->server->redis;
    char front[UMM_STORE_VALUE_FRONT_BYTES], expiry[NUMBER_MAX];
    umm_redis_bytes(redis, entry->id, entry->id_bytes);
    char *bytes = umm_redis_room(redis, store->dim * sizeof *vector);
    if (!bytes)
        return; /* the exchange will say so */
    umm_store_value_write(entry, vector, store->dim, front, bytes);
    umm_redis_bytes(redis, front, sizeof front);
    format_expiry(entry, expiry);
    umm_redis_text(redis, expiry);
}

/* ---- puts ---------------------------------------------------------------------------------- */

/*
 * After the puts: so many replicas have them. The server waits less long than we do, as it looks at
 * its clock ten times a second only.
 */
static void add_wait(struct umm_store_server *server)
{
    enum { LATE_MS = 200 };
    if (!server->n_replicas)
        return;
    const uint64_t all_ms = server->timeout_ns / NS_PER_MS;
    const uint64_t ms = all_ms > 2 * LATE_MS ? all_ms - LATE_MS : all_ms / 2, least = 1;
    umm_redis_command(server->redis, 3);
    umm_redis_text(server->redis, "WAIT");
    umm_redis_number(server->redis, server->n_replicas);
    umm_redis_number(server->redis, (int64_t)(ms > least ? ms : least));
}

static enum umm_status check_wait(const struct umm_store *store, struct umm_error *err)
{
    const struct umm_store_server *server = store->server;
    if (!server->n_replicas)
        return UMM_OK;
    enum umm_status status = umm_redis_check(server->redis, 1, UMM_REDIS_INTEGER, err);
    const int64_t n = status ? 0 : umm_redis_answer(server->redis, 1)->integer;
    if (!status && n < (int64_t)server->n_replicas)
        status = umm_error_set_path(err, UMM_ERR_BUSY, store->path,
                                    "%" PRId64 " replicas have what was put, and not %u", n,
                                    server->n_replicas);
    return status;
}

/* "N_PUT N_OLDER WORD", as the script has it. */
static bool parse_result(const char *text, size_t n, size_t *n_put, size_t *n_older,
                         const char **why)
{
    size_t counts[2];
    for (int i = 0; i < 2; i++) {
        size_t len = 0;
        for (counts[i] = 0; text[len] >= '0' && text[len] <= '9' && len < 6; len++)
            counts[i] = 10 * counts[i] + (size_t)(text[len] - '0');
        if (len == 0 || text[len] != ' ')
            return false;
        text += len + 1;
    }
    *n_put = counts[0];
    *n_older = counts[1];
    *why = text;
    const size_t sum = counts[0] + counts[1];
    return *text ? sum < n : sum == n;
}

/* Rows of one call, which were checked. */
struct block {
    const struct umm_store_row *rows;
    size_t n;
    enum umm_store_put_mode mode;
};

static enum umm_status refuse_foreign(const void *id, size_t id_bytes, struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    return umm_error_set(err, UMM_ERR_CONFLICT,
                         "the key of \"%s\" holds something else, or another version",
                         umm_escape(shown, sizeof shown, id, id_bytes));
}

static enum umm_status refuse_row(const struct umm_store *store, const char *why,
                                  const struct umm_store_row *row, struct umm_error *err)
{
    if (strcmp(why, "full") == 0)
        return umm_store_refuse_full(store, err);
    if (strcmp(why, "foreign") == 0)
        return refuse_foreign(row->id, row->id_bytes, err);
    return umm_store_server_refuse(store, err);
}

static enum umm_status put_block(struct umm_store *store, const struct block *block, size_t *n_put,
                                 size_t *n_older, struct umm_error *err)
{
    const struct umm_redis_answer *answer;
    const char *why = "";
    size_t n_now = 0, n_now_older = 0;
    enum umm_status status =
        umm_store_server_begin(store, "put", 2 + ROW_ARGUMENTS * block->n, err);
    if (status)
        return status;
    umm_redis_text(store->server->redis, block->mode == UMM_STORE_PUT_NEWER       ? "newer"
                                         : block->mode == UMM_STORE_PUT_NOT_OLDER ? "not older"
                                                                                  : "all");
    umm_redis_number(store->server->redis, (int64_t)block->n);
    for (size_t i = 0; !status && i < block->n; i++) {
        struct umm_store_entry entry;
        status = make_entry(store, &block->rows[i], &entry, err);
        if (!status)
            add_row(store, &entry, block->rows[i].vector);
    }
    add_wait(store->server);
    if (!status)
        status = umm_store_server_finish(store, 0, &answer, err);
    if (!status && !parse_result(answer->text, block->n, &n_now, &n_now_older, &why))
        status = umm_store_server_refuse(store, err);
    if (!status)
        status = check_wait(store, err);
    if (status)
        return status;
    *n_put += n_now;
    *n_older += n_now_older;
    return *why ? refuse_row(store, why, &block->rows[n_now + n_now_older], err) : UMM_OK;
}

/* As many rows as one call takes: those before one that cannot be put, which *failure is of. */
static size_t check_rows(const struct umm_store *store, const struct umm_store_row *rows, size_t n,
                         enum umm_status *failure, struct umm_error *err)
{
    struct umm_store_entry entry;
    const size_t most = umm_store_server_block(store, ROWS_MAX);
    size_t i = 0;
    *failure = UMM_OK;
    for (; i < n && i < most; i++)
        if ((*failure = make_entry(store, &rows[i], &entry, err)) != UMM_OK)
            break;
    return i;
}

enum umm_status umm_store_server_put_rows(struct umm_store *store, const struct umm_store_row *rows,
                                          size_t n, enum umm_store_put_mode mode, size_t *n_put,
                                          size_t *n_older, struct umm_error *err)
{
    *n_put = *n_older = 0;
    enum umm_status status = check_writer(store, err);
    for (size_t at = 0; !status && at < n;) {
        struct umm_error bad = {.status = UMM_OK};
        enum umm_status failure;
        const struct block block = {.rows = rows + at,
                                    .n = check_rows(store, rows + at, n - at, &failure, &bad),
                                    .mode = mode};
        if (block.n)
            status = put_block(store, &block, n_put, n_older, err);
        if (!status && failure) {
            status = failure;
            if (err)
                *err = bad;
        }
        at += block.n;
    }
    return status;
}

enum umm_status umm_store_server_put_many(struct umm_store *store, const char *ids,
                                          size_t cell_bytes, size_t n, const float *vectors,
                                          int64_t timestamp_ns, size_t *n_put,
                                          struct umm_error *err)
{
    struct umm_store_row rows[ROWS_MAX];
    enum umm_status status = UMM_OK;
    *n_put = 0;
    while (!status && *n_put < n) {
        const size_t first = *n_put, n_now = n - first < ROWS_MAX ? n - first : ROWS_MAX;
        size_t n_done, n_older;
        for (size_t i = 0; i < n_now; i++) {
            const char *id = ids + (first + i) * cell_bytes;
            rows[i] = (struct umm_store_row){.id = id,
                                             .id_bytes = strnlen(id, cell_bytes),
                                             .vector = vectors + (first + i) * store->dim,
                                             .timestamp_ns = timestamp_ns};
        }
        status = umm_store_server_put_rows(store, rows, n_now, UMM_STORE_PUT_ALL, &n_done, &n_older,
                                           err);
        *n_put += n_done;
    }
    return status;
}

/* ---- other changes --------------------------------------------------------------------------- */

enum umm_status umm_store_server_mark_inactive(struct umm_store *store, const void *id,
                                               size_t id_bytes, struct umm_error *err)
{
    const struct umm_redis_answer *answer;
    enum umm_status status = check_writer(store, err);
    if (status)
        return status;
    if (umm_store_check_id(store, id, id_bytes, NULL)) /* no entry has such an id */
        return umm_store_refuse_absent(store, id, id_bytes, err);
    status = umm_store_server_begin(store, "mark", 1, err);
    if (status)
        return status;
    umm_redis_bytes(store->server->redis, id, id_bytes);
    status = umm_store_server_finish(store, 0, &answer, err);
    if (!status && strcmp(answer->text, "absent") == 0)
        return umm_store_refuse_absent(store, id, id_bytes, err);
    if (!status && strcmp(answer->text, "foreign") == 0) {
        status = refuse_foreign(id, id_bytes, err);
        if (err)
            umm_error_at(err, store->path, 0, 0, 0);
    } else if (!status && strcmp(answer->text, "done") != 0)
        status = umm_store_server_refuse(store, err);
    return status;
}

/* The head of a value, and the id after it. */
static bool read_evicted(const struct umm_redis_answer *answer, struct umm_store_entry *entry)
{
    uint32_t dim;
    struct umm_store_entry head = {.id_bytes = 0};
    if (umm_store_value_read_head(answer->text, answer->len_bytes, &head, &dim) !=
            UMM_STORE_VALUE_SOUND ||
        answer->len_bytes == UMM_STORE_VALUE_HEAD_BYTES ||
        answer->len_bytes - UMM_STORE_VALUE_HEAD_BYTES > UMM_STORE_ID_MAX)
        return false;
    head.id_bytes = answer->len_bytes - UMM_STORE_VALUE_HEAD_BYTES;
    memcpy(head.id, answer->text + UMM_STORE_VALUE_HEAD_BYTES, head.id_bytes);
    *entry = head;
    return true;
}

enum umm_status umm_store_server_evict_shown(struct umm_store *store,
                                             const struct umm_store_entry *entry, bool *was_it,
                                             struct umm_error *err)
{
    const struct umm_redis_answer *answer;
    char generation[sizeof entry->generation];
    enum umm_status status = check_writer(store, err);
    umm_bytes_put(generation, entry->generation, sizeof generation);
    if (!status)
        status = umm_store_server_begin(store, "drop", 2, err);
    if (status)
        return status;
    umm_redis_bytes(store->server->redis, entry->id, entry->id_bytes);
    umm_redis_bytes(store->server->redis, generation, sizeof generation);
    status = umm_store_server_finish(store, 0, &answer, err);
    *was_it = !status && strcmp(answer->text, "done") == 0;
    if (!status && !*was_it && strcmp(answer->text, "changed") != 0)
        status = umm_store_server_refuse(store, err);
    return status;
}

enum umm_status umm_store_server_evict(struct umm_store *store, struct umm_store_entry *entry,
                                       struct umm_error *err)
{
    const struct umm_redis_answer *answer;
    struct umm_store_entry evicted;
    enum umm_status status = check_writer(store, err);
    if (!status)
        status = umm_store_server_begin(store, "evict", 0, err);
    if (!status)
        status = umm_store_server_finish(store, 0, &answer, err);
    if (!status && strcmp(answer->text, "absent") == 0)
        return umm_error_set_path(err, UMM_ERR_ABSENT, store->path, "no entry is inactive");
    if (!status && !read_evicted(answer, &evicted))
        status = umm_store_server_refuse(store, err);
    if (!status && entry)
        *entry = evicted;
    return status;
}

/* A script holds up all other clients while it runs: some at a time. */
enum umm_status umm_store_server_evict_expired(struct umm_store *store, uint64_t n_max,
                                               uint64_t *n_evicted, struct umm_error *err)
{
    enum { AT_ONCE = 500 };
    enum umm_status status = check_writer(store, err);
    uint64_t n = AT_ONCE;
    *n_evicted = 0;
    while (!status && n == AT_ONCE && *n_evicted < n_max) {
        const struct umm_redis_answer *answer;
        const uint64_t left = n_max - *n_evicted, wanted = left < AT_ONCE ? left : AT_ONCE;
        status = umm_store_server_begin(store, "sweep", 1, err);
        if (status)
            break;
        umm_redis_number(store->server->redis, (int64_t)wanted);
        status = umm_store_server_finish(store, 0, &answer, err);
        if (!status && (!umm_store_server_number(answer, &n) || n > wanted))
            status = umm_store_server_refuse(store, err);
        *n_evicted += status ? 0 : n;
    }
    return status;
}

enum umm_status umm_store_server_resize(struct umm_store *store, uint64_t max_positions,
                                        struct umm_error *err)
{
    const struct umm_redis_answer *answer;
    enum umm_status status = umm_store_server_begin(store, "resize", 1, err);
    if (status)
        return status;
    umm_redis_number(store->server->redis, (int64_t)max_positions);
    status = umm_store_server_finish(store, 0, &answer, err);
    if (!status && strcmp(answer->text, "fewer") == 0)
        return umm_error_set_path(err, UMM_ERR_CONFLICT, store->path,
                                  "has more positions, and cannot shrink to %" PRIu64,
                                  max_positions);
    if (!status && strcmp(answer->text, "done") != 0)
        status = umm_store_server_refuse(store, err);
    if (!status)
        store->max_positions = max_positions;
    return status;
}
