/* SPDX-License-Identifier: MIT */
/* Rows by key: out of a store, and answers of them that are kept. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "predict/service_work.h"
#include "store/store_look.h"

/* A value of the cache: which entry the answer after it is of. */
struct value {
    uint64_t position, turnover;
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
        umm_store_open(o->store, UMM_STORE_READ, service->run, &service->store, err);
    if (!status)
        status = umm_store_info(service->store, &info, err);
    if (!status && info.dim != width)
        return umm_error_set_path(err, UMM_ERR_DATA, o->store,
                                  "its vectors have %" PRIu32
                                  " number%s, and the model takes %" PRIu64,
                                  info.dim, info.dim == 1 ? "" : "s", width);
    service->vector = malloc((size_t)width * sizeof *service->vector + 1);
    service->found = calloc(o->batch_rows, sizeof *service->found);
    if (!status && (!service->vector || !service->found))
        status = umm_error_set_memory(err, o->batch_rows * sizeof *service->found, "rows");
    return !status && o->cache_entries ? open_cache(service, err) : status;
}

void umm_service_store_close(struct umm_service *service)
{
    for (size_t i = 0; service->found && i < service->options.batch_rows; i++)
        free(service->found[i].text);
    (void)umm_store_close(service->store, NULL); /* only read */
    umm_cache_close(service->cache);
    free(service->cached);
    free(service->vector);
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

/* The answer that was kept of the entry as it is now, if there is one. */
static bool find_kept(struct umm_service *service, const struct umm_service_item *item,
                      const struct umm_service_found *found)
{
    const size_t width = (size_t)service->engine.info.n_outputs;
    struct value value = {.position = 0};
    bool is_kept = service->cache && umm_cache_get(service->cache, key_of(service, item),
                                                   item->key_bytes, service->cached);
    if (is_kept) {
        memcpy(&value, service->cached, sizeof value);
        is_kept = is_same(found, &value);
    }
    if (is_kept)
        memcpy(service->kept + item->number * width, (char *)service->cached + sizeof value,
               width * sizeof(float));
    service->n_cache_hits += is_kept;
    service->n_cache_misses += service->cache && !is_kept;
    return is_kept;
}

/* The vector that was read becomes place n_asked of the rows. */
static void put_row(struct umm_service *service, struct umm_service_item *item, size_t n_asked)
{
    const size_t width = (size_t)service->engine.info.n_inputs;
    char *row = (char *)service->queue.rows + n_asked * width * umm_service_number_bytes(service);
    double *doubles = (void *)row;
    uint64_t number = 0;
    if (service->engine.info.is_f64)
        for (size_t i = 0; i < width; i++)
            doubles[i] = (double)service->vector[i];
    else
        memcpy(row, service->vector, width * sizeof *service->vector);
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

void umm_service_store_find(struct umm_service *service, struct umm_service_item *item,
                            size_t n_asked)
{
    struct umm_service_found *found = &service->found[item->number];
    struct umm_store_entry entry;
    struct umm_error err = {.status = UMM_OK};
    found->is_kept = false;
    if (service->lost.status) {
        refuse(item, found, &service->lost);
        return;
    }
    const enum umm_status status = umm_store_get_checked(
        service->store, key_of(service, item), item->key_bytes, service->vector, &entry, &err);
    if (status) {
        refuse(item, found, &err);
        return;
    }
    found->position = entry.position;
    found->timestamp_ns = entry.timestamp_ns;
    found->generation = entry.generation;
    found->turnover = umm_store_turnover(service->store);
    found->is_kept = find_kept(service, item, found);
    if (!found->is_kept)
        put_row(service, item, n_asked);
}

void umm_service_store_keep(struct umm_service *service, const struct umm_service_item *item,
                            const float *answer)
{
    const struct umm_service_found *found = &service->found[item->number];
    const struct value value = {.position = found->position,
                                .turnover = found->turnover,
                                .timestamp_ns = found->timestamp_ns,
                                .generation = found->generation};
    if (found->is_kept)
        return;
    memcpy(service->cached, &value, sizeof value);
    memcpy((char *)service->cached + sizeof value, answer,
           (size_t)service->engine.info.n_outputs * sizeof *answer);
    /* A key of this length always fits. */
    (void)!umm_cache_put(service->cache, key_of(service, item), item->key_bytes, service->cached,
                         NULL);
}
