/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/store_server.h"
#include "sys/clock.h"

enum { NS_PER_MS = 1000000, IDS_MAX = 64 };

/* What the script tells of an id. */
enum { ID_AT, POSITION_AT, VALUE_AT, PLACE_AT, ORDER_AT, EXPIRY_AT, N_ITEMS };

UMM_PRINTF(3, 4)
static void add(struct umm_store_verdict *verdict, uint64_t *n, const char *fmt, ...)
{
    va_list args;
    ++*n;
    if (verdict->n_faults++ >= UMM_STORE_FINDINGS_MAX)
        return;
    va_start(args, fmt);
    vsnprintf(verdict->findings[verdict->n_faults - 1], UMM_ERROR_MESSAGE_MAX, fmt, args);
    va_end(args);
}

/* What the lists have for the entries that are there. */
struct tally {
    uint64_t n_ids, n_inactive, n_expiring;
};

/* The number in hexadecimal of the place in the order that an entry must have. */
static void make_place(const struct umm_store_entry *entry, char out[31])
{
    snprintf(out, 31, "%016" PRIx64 "%014" PRIx64,
             (uint64_t)entry->timestamp_ns ^ (UINT64_C(1) << 63),
             entry->position & ((UINT64_C(1) << 56) - 1));
}

static void check_lists(const struct umm_redis_answer *items, const struct umm_store_entry *entry,
                        uint64_t position, const char *shown, struct umm_store_verdict *verdict,
                        struct tally *tally)
{
    char place[31];
    uint64_t expiry = 0;
    const bool is_listed = items[PLACE_AT].kind == UMM_REDIS_STRING;
    const bool expires = entry->expires_ns != INT64_MAX;
    make_place(entry, place);
    tally->n_inactive += is_listed;
    tally->n_expiring += items[EXPIRY_AT].kind == UMM_REDIS_STRING;
    if (entry->position != position)
        add(verdict, &verdict->n_lost,
            "\"%s\" is listed at the position %" PRIu64 ", and is at %" PRIu64, shown, position,
            entry->position);
    if (is_listed == entry->is_active || (is_listed && (strcmp(items[PLACE_AT].text, place) != 0 ||
                                                        items[ORDER_AT].kind != UMM_REDIS_STRING)))
        add(verdict, &verdict->n_miscounted, "\"%s\" is %s, and its place in the order is another",
            shown, entry->is_active ? "active" : "inactive");
    const uint64_t wanted =
        expires ? (uint64_t)(entry->expires_ns / NS_PER_MS + (entry->expires_ns % NS_PER_MS > 0))
                : 0;
    if (items[EXPIRY_AT].kind == UMM_REDIS_STRING)
        (void)umm_store_server_number(&items[EXPIRY_AT], &expiry);
    if ((items[EXPIRY_AT].kind == UMM_REDIS_STRING) != expires || expiry != wanted)
        add(verdict, &verdict->n_miscounted, "\"%s\" is listed to expire at another time", shown);
}

/* An id without a value: its time is over, or the server dropped it, or another program did. */
static void check_absent(const struct umm_redis_answer *items, const char *shown,
                         struct umm_store_verdict *verdict, struct tally *tally)
{
    uint64_t expiry;
    tally->n_inactive += items[PLACE_AT].kind == UMM_REDIS_STRING;
    tally->n_expiring += items[EXPIRY_AT].kind == UMM_REDIS_STRING;
    if (umm_store_server_number(&items[EXPIRY_AT], &expiry) &&
        expiry <= (uint64_t)(umm_clock_realtime_ns() / NS_PER_MS))
        return;
    add(verdict, &verdict->n_lost, "\"%s\" is listed, and has no value", shown);
}

static enum umm_status check_item(struct umm_store *store, const struct umm_redis_answer *item,
                                  float *vector, struct umm_store_verdict *verdict,
                                  struct tally *tally, uint64_t *position, struct umm_error *err)
{
    static const char *const what[] = {[UMM_STORE_VALUE_FOREIGN] = "is no value of a store",
                                       [UMM_STORE_VALUE_VERSION] = "is of another version",
                                       [UMM_STORE_VALUE_DIM] =
                                           "is damaged: its vector has another length",
                                       [UMM_STORE_VALUE_DAMAGED] = "is damaged: its check differs"};
    char shown[UMM_EXCERPT_MAX];
    struct umm_store_entry entry;
    const struct umm_redis_answer *items = item->items;
    if (item->kind != UMM_REDIS_ARRAY || item->n_items != N_ITEMS ||
        items[ID_AT].kind != UMM_REDIS_STRING ||
        !umm_store_server_number(&items[POSITION_AT], position))
        return umm_store_server_refuse(store, err);
    umm_escape(shown, sizeof shown, items[ID_AT].text, items[ID_AT].len_bytes);
    tally->n_ids++;
    if (items[VALUE_AT].kind == UMM_REDIS_NIL) {
        check_absent(items, shown, verdict, tally);
        return UMM_OK;
    }
    enum umm_store_value_state state = UMM_STORE_VALUE_FOREIGN;
    if (items[VALUE_AT].kind == UMM_REDIS_STRING)
        state =
            umm_store_value_read(items[VALUE_AT].text, items[VALUE_AT].len_bytes, items[ID_AT].text,
                                 items[ID_AT].len_bytes, store->dim, &entry, vector);
    if (state != UMM_STORE_VALUE_SOUND) {
        add(verdict, &verdict->n_damaged, "\"%s\" %s", shown, what[state]);
        tally->n_inactive += items[PLACE_AT].kind == UMM_REDIS_STRING;
        tally->n_expiring += items[EXPIRY_AT].kind == UMM_REDIS_STRING;
        return UMM_OK;
    }
    /* The server drops it at the next whole millisecond, by its own clock. */
    const bool is_over = umm_store_server_is_over(entry.expires_ns);
    verdict->n_entries += !is_over;
    verdict->n_inactive += !is_over && !entry.is_active;
    check_lists(items, &entry, *position, shown, verdict, tally);
    return UMM_OK;
}

/* Entries from *position on, each with all that the lists say, at one time. */
static enum umm_status look_at(struct umm_store *store, uint64_t *position, float *vector,
                               struct umm_store_verdict *verdict, struct tally *tally, bool *is_end,
                               struct umm_error *err)
{
    struct umm_redis *redis = store->server->redis;
    const size_t n = umm_store_server_block(store, IDS_MAX);
    enum umm_status status = umm_store_server_begin(store, "look", 2, err);
    if (status)
        return status;
    umm_redis_number(redis, (int64_t)*position);
    umm_redis_number(redis, (int64_t)n);
    const size_t item_bytes = N_ITEMS * sizeof(struct umm_redis_answer) + 2 * UMM_STORE_ID_MAX +
                              UMM_STORE_VALUE_HEAD_BYTES + 256 + store->dim * sizeof(float);
    status = umm_redis_exchange(redis, n * item_bytes, err);
    if (status)
        return status;
    const struct umm_redis_answer *answer = umm_redis_answer(redis, 0);
    if (answer->kind == UMM_REDIS_STRING && strcmp(answer->text, "other") == 0)
        return umm_store_server_refuse_other(store, err);
    status = umm_redis_check(redis, 0, UMM_REDIS_ARRAY, err);
    for (size_t i = 0; !status && i < answer->n_items; i++) {
        uint64_t at;
        status = check_item(store, &answer->items[i], vector, verdict, tally, &at, err);
        if (!status && at < *position)
            status = umm_store_server_refuse(store, err);
        if (!status)
            *position = at + 1;
    }
    *is_end = !status && answer->n_items == 0;
    return status;
}

/* How many the lists have, and how often the store was written. */
struct counts {
    uint64_t n_ids, n_places, n_inactive, n_expiring, n_given, evictions;
};

static enum umm_status read_counts(struct umm_store *store, struct counts *counts,
                                   struct umm_error *err)
{
    const struct umm_store_server *server = store->server;
    struct umm_redis *redis = server->redis;
    const char *const asked[][2] = {{"ZCARD", server->ids},
                                    {"ZCARD", server->order},
                                    {"HLEN", server->inactive},
                                    {"ZCARD", server->expiry}};
    enum { N_LISTS = 4 };
    uint64_t *const out[N_LISTS] = {&counts->n_ids, &counts->n_places, &counts->n_inactive,
                                    &counts->n_expiring};
    umm_redis_begin(redis);
    for (int i = 0; i < N_LISTS; i++) {
        umm_redis_command(redis, 2);
        umm_redis_text(redis, asked[i][0]);
        umm_redis_text(redis, asked[i][1]);
    }
    umm_redis_command(redis, 4);
    umm_redis_text(redis, "HMGET");
    umm_redis_text(redis, server->meta);
    umm_redis_text(redis, "next");
    umm_redis_text(redis, "evictions");
    enum umm_status status = umm_redis_exchange(redis, 4096, err);
    for (size_t i = 0; !status && i < N_LISTS; i++) {
        status = umm_redis_check(redis, i, UMM_REDIS_INTEGER, err);
        if (!status)
            *out[i] = (uint64_t)umm_redis_answer(redis, i)->integer;
    }
    if (!status)
        status = umm_redis_check(redis, N_LISTS, UMM_REDIS_ARRAY, err);
    if (status)
        return status;
    const struct umm_redis_answer *meta = umm_redis_answer(redis, N_LISTS);
    if (meta->n_items != 2 || !umm_store_server_number(&meta->items[0], &counts->n_given) ||
        !umm_store_server_number(&meta->items[1], &counts->evictions))
        return umm_store_server_refuse(store, err);
    return UMM_OK;
}

/* Nothing was put meanwhile, or taken: then the lists have what the entries have. */
static void check_counts(const struct counts *before, const struct counts *now,
                         const struct tally *tally, struct umm_store_verdict *verdict)
{
    verdict->is_counted = memcmp(before, now, sizeof *now) == 0;
    if (!verdict->is_counted)
        return;
    if (now->n_ids != tally->n_ids)
        add(verdict, &verdict->n_miscounted, "%" PRIu64 " ids are listed, and %" PRIu64 " found",
            now->n_ids, tally->n_ids);
    if (now->n_places != now->n_inactive || now->n_inactive != tally->n_inactive)
        add(verdict, &verdict->n_miscounted,
            "%" PRIu64 " and %" PRIu64 " ids are listed as inactive, and %" PRIu64 " are",
            now->n_inactive, now->n_places, tally->n_inactive);
    if (now->n_expiring != tally->n_expiring)
        add(verdict, &verdict->n_miscounted,
            "%" PRIu64 " ids are listed to expire, and %" PRIu64 " do", now->n_expiring,
            tally->n_expiring);
}

enum umm_status umm_store_server_verify(struct umm_store *store, const struct umm_run *run,
                                        struct umm_store_verdict *verdict, struct umm_error *err)
{
    struct counts before = {0}, now = {0};
    struct tally tally = {0};
    uint64_t position = 0;
    bool is_end = false;
    *verdict =
        (struct umm_store_verdict){.max_positions = store->max_positions, .is_on_server = true};
    float *vector = calloc(store->dim, sizeof *vector);
    if (!vector)
        return umm_error_set_memory(err, store->dim * sizeof *vector, "a vector");
    enum umm_status status = read_counts(store, &before, err);
    while (!status && !is_end) {
        status = look_at(store, &position, vector, verdict, &tally, &is_end, err);
        if (!status && umm_run_is_cancelled(run))
            status = umm_error_set_cancelled(err);
    }
    if (!status)
        status = read_counts(store, &now, err);
    if (!status)
        check_counts(&before, &now, &tally, verdict);
    free(vector);
    return status;
}
