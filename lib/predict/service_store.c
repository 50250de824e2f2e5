/* SPDX-License-Identifier: MIT */
/* Rows by key: out of a store, and answers of them that are kept. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "predict/service_work.h"
#include "store/store_look.h"

/* A value of the cache: which entry the answer after it is of, and when the store said so. */
struct value {
    uint64_t position, turnover, asked_ns;
    int64_t timestamp_ns;
    uint32_t generation;
};

static size_t value_bytes(const struct umm_service *service)
{
    return sizeof(struct value) + (size_t)service->engine.info.n_outputs * sizeof(float);
}

static enum umm_status open_cache(struct umm_service *service, struct umm_error *err)
{
    const struct umm_service_options *o = &service->options;
    const struct umm_cache_options cache = {.capacity = (size_t)o->cache_entries,
                                            .value_bytes = value_bytes(service),
                                            .key_max_bytes = UMM_SERVICE_ID_MAX,
                                            .ttl_ns = o->cache_ttl_ns};
    enum umm_status status = umm_cache_open(&cache, &service->cache, err);
    service->cached = malloc(cache.value_bytes);
    service->kept = malloc(o->batch_rows * (size_t)service->engine.info.n_outputs * sizeof(float));
    if (!status && (!service->cached || !service->kept))
        status = umm_error_set_memory(err, cache.value_bytes, "answers");
    return status;
}

enum umm_status umm_service_store_open(struct umm_service *service, struct umm_error *err)
{
    const struct umm_service_options *o = &service->options;
    const uint64_t width = service->engine.info.n_inputs;
    struct umm_store_info info = {.dim = 0};
    enum umm_status status =
        umm_store_open_with(o->store, UMM_STORE_READ, o->reach, service->run, &service->store, err);
    if (!status)
        status = umm_store_info(service->store, &info, err);
    if (!status && info.dim != width)
        return umm_error_set_path(err, UMM_ERR_DATA, o->store,
                                  "its vectors have %" PRIu32
                                  " number%s, and the model takes %" PRIu64,
                                  info.dim, info.dim == 1 ? "" : "s", width);
    service->vectors = malloc(o->batch_rows * (size_t)width * sizeof *service->vectors + 1);
    service->asked = malloc(o->batch_rows * sizeof *service->asked);
    service->found = calloc(o->batch_rows, sizeof *service->found);
    if (!status && (!service->vectors || !service->asked || !service->found))
        status = umm_error_set_memory(err, o->batch_rows * sizeof *service->asked, "rows");
    return !status && o->cache_entries ? open_cache(service, err) : status;
}

void umm_service_store_close(struct umm_service *service)
{
    for (size_t i = 0; service->found && i < service->options.batch_rows; i++)
        free(service->found[i].text);
    (void)umm_store_close(service->store, NULL); /* only read */
    umm_cache_close(service->cache);
    free(service->cached);
    free(service->vectors);
    free(service->asked);
    free(service->found);
    free(service->kept);
}

void umm_service_store_follow(struct umm_service *service, uint64_t now_ns)
{
    const uint64_t second_ns = 1000000000;
    if (now_ns - service->followed_ns < second_ns)
        return;
    service->followed_ns = now_ns;
    service->lost.status = UMM_OK;
    service->lost.status = umm_store_follow(service->store, &service->lost);
    /* That there is no store says nothing of its entries. */
    if (service->lost.status == UMM_ERR_ABSENT)
        service->lost.status = UMM_ERR_CONFLICT;
}

void umm_service_store_forget(struct umm_service *service)
{
    if (service->cache)
        umm_cache_clear(service->cache);
}

static const char *key_of(const struct umm_service *service, const struct umm_service_item *item)
{
    return service->queue.texts + item->text_at + item->id_bytes;
}

static bool is_same(const struct umm_service_found *a, const struct value *b)
{
    return a->position == b->position && a->turnover == b->turnover &&
           a->timestamp_ns == b->timestamp_ns && a->generation == b->generation;
}

/* What the cache has of a key: false if nothing. */
static bool look_up(struct umm_service *service, const struct umm_service_item *item,
                    struct value *value)
{
    if (!service->cache ||
        !umm_cache_get(service->cache, key_of(service, item), item->key_bytes, service->cached))
        return false;
    memcpy(value, service->cached, sizeof *value);
    return true;
}

/* The answer that was looked up is that of the item. */
static void use_kept(struct umm_service *service, const struct umm_service_item *item)
{
    const size_t width = (size_t)service->engine.info.n_outputs;
    service->found[item->number].is_kept = true;
    service->n_cache_hits++;
    memcpy(service->kept + item->number * width, (char *)service->cached + sizeof(struct value),
           width * sizeof(float));
}

/* Whether there is an answer that counts without a question to the store. */
static bool find_trusted(struct umm_service *service, const struct umm_service_item *item,
                         uint64_t now_ns)
{
    struct value value;
    const bool is_trusted = service->options.max_stale_ns && look_up(service, item, &value) &&
                            now_ns - value.asked_ns < service->options.max_stale_ns;
    if (is_trusted)
        use_kept(service, item);
    return is_trusted;
}

/* The vector that was read becomes place n_asked of the rows. */
static void put_row(struct umm_service *service, struct umm_service_item *item, const float *vector,
                    size_t n_asked)
{
    const size_t width = (size_t)service->engine.info.n_inputs;
    char *row = (char *)service->queue.rows + n_asked * width * umm_service_number_bytes(service);
    double *doubles = (void *)row;
    uint64_t number = 0;
    if (service->engine.info.is_f64)
        for (size_t i = 0; i < width; i++)
            doubles[i] = (double)vector[i];
    else
        memcpy(row, vector, width * sizeof *vector);
    item->kind = umm_service_judge(service, row, &item->word, &number);
    if (item->kind == UMM_SERVICE_ITEM_REFUSAL)
        item->number = number;
}

static void refuse(struct umm_service_item *item, struct umm_service_found *found,
                   const struct umm_error *err)
{
    char text[UMM_ERROR_TEXT_MAX];
    item->kind = UMM_SERVICE_ITEM_REFUSAL;
    item->word = err->status == UMM_ERR_ABSENT ? UMM_SERVICE_ABSENT
                 : err->status == UMM_ERR_BUSY ? UMM_SERVICE_BUSY
                                               : UMM_SERVICE_STORE;
    if (item->word != UMM_SERVICE_STORE)
        return;
    free(found->text);
    found->text = strdup(umm_error_text(err, text, sizeof text));
}

/* What the store has for an item; its numbers, if the model is asked, go to place n_rows. */
static void settle(struct umm_service *service, struct umm_service_item *item,
                   struct umm_store_asked *asked, size_t n_rows)
{
    struct umm_service_found *found = &service->found[item->number];
    struct umm_error err = {.status = asked->status};
    struct value value;
    if (asked->status) {
        /* What is wrong with a damaged one is said where it is looked at alone. */
        if (asked->status == UMM_ERR_DATA)
            asked->status = umm_store_get_checked(service->store, asked->id, asked->id_bytes,
                                                  asked->vector, &asked->entry, &err);
        if (asked->status) {
            err.status = asked->status;
            refuse(item, found, &err);
            return;
        }
    }
    found->position = asked->entry.position;
    found->timestamp_ns = asked->entry.timestamp_ns;
    found->generation = asked->entry.generation;
    found->turnover = umm_store_turnover(service->store);
    if (look_up(service, item, &value) && is_same(found, &value)) {
        use_kept(service, item);
        return;
    }
    service->n_cache_misses += service->cache != NULL;
    put_row(service, item, asked->vector, n_rows);
}

/* The items of a batch that the store must be asked for, as questions to it; how many. */
static size_t ask(struct umm_service *service, const struct umm_service_item *items, size_t n_items,
                  uint64_t now_ns)
{
    const size_t width = (size_t)service->engine.info.n_inputs;
    size_t n = 0;
    for (size_t i = 0; i < n_items; i++) {
        if (items[i].kind != UMM_SERVICE_ITEM_ROW)
            continue;
        struct umm_service_found *found = &service->found[items[i].number];
        found->is_kept = false;
        found->is_trusted = find_trusted(service, &items[i], now_ns);
        if (found->is_trusted)
            continue;
        service->asked[n] = (struct umm_store_asked){.id = key_of(service, &items[i]),
                                                     .id_bytes = items[i].key_bytes,
                                                     .vector = service->vectors + n * width};
        n++;
    }
    return n;
}

void umm_service_store_find(struct umm_service *service, struct umm_service_item *items,
                            size_t n_items, uint64_t now_ns)
{
    const size_t n = ask(service, items, n_items, now_ns);
    struct umm_error err = service->lost;
    if (!err.status && n > 0)
        err.status = umm_store_get_each(service->store, service->asked, n, &err);
    for (size_t i = 0, at = 0, n_rows = 0; i < n_items; i++) {
        if (items[i].kind != UMM_SERVICE_ITEM_ROW)
            continue;
        struct umm_service_found *found = &service->found[items[i].number];
        if (found->is_trusted)
            continue;
        if (err.status)
            refuse(&items[i], found, &err);
        else
            settle(service, &items[i], &service->asked[at++], n_rows);
        n_rows += items[i].kind == UMM_SERVICE_ITEM_ROW && !found->is_kept;
    }
}

void umm_service_store_keep(struct umm_service *service, const struct umm_service_item *item,
                            const float *answer, uint64_t now_ns)
{
    const struct umm_service_found *found = &service->found[item->number];
    const struct value value = {.position = found->position,
                                .turnover = found->turnover,
                                .asked_ns = now_ns,
                                .timestamp_ns = found->timestamp_ns,
                                .generation = found->generation};
    /* The store's word that a kept one still counts is worth keeping where words are trusted. */
    if (found->is_trusted || (found->is_kept && !service->options.max_stale_ns))
        return;
    memcpy(service->cached, &value, sizeof value);
    memcpy((char *)service->cached + sizeof value, answer,
           (size_t)service->engine.info.n_outputs * sizeof *answer);
    /* A key of this length always fits. */
    (void)!umm_cache_put(service->cache, key_of(service, item), item->key_bytes, service->cached,
                         NULL);
}
