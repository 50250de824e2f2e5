/* SPDX-License-Identifier: MIT */
/*
 * service_work.h - a service at work; private to service*.c.
 *
 * The queue holds what is to be answered, in the order in which it came, which keeps the order of
 * each client also:
 *
 *     items   | row | row | refusal | row | command | ...
 *     rows    | numbers | numbers | numbers | ...            of items that are rows, side by side:
 *                                                            the model takes them where they lie
 *     texts   | id | id | id | id key | ...
 *
 * Nothing is allocated while it works, except for what a report, another model, or the reason why a
 * store cannot be read takes.
 */
#ifndef UMM_PREDICT_SERVICE_WORK_H
#define UMM_PREDICT_SERVICE_WORK_H

#include "mem/histogram.h"
#include "predict/service.h"
#include "serve/serve.h"
#include "umm/mem.h"
#include "umm/model.h"
#include "umm/store.h"

enum umm_service_item_kind {
    UMM_SERVICE_ITEM_ROW, /* the model is asked, and for a key the store before it */
    UMM_SERVICE_ITEM_NAN, /* a row whose answer is NaN, whatever the model says */
    UMM_SERVICE_ITEM_REFUSAL,
    UMM_SERVICE_ITEM_VERSION,
    UMM_SERVICE_ITEM_STATS,
    UMM_SERVICE_ITEM_RAW, /* raw rows begin */
    UMM_SERVICE_ITEM_DONE
};

/*
 * id, as a cell of CSV, and key are in texts, one after the other. number: of a refusal as in
 * service_line.h; of a row whose batch has begun, which row of it.
 */
struct umm_service_item {
    uint64_t client, came_ns, number;
    uint32_t text_at;
    uint32_t answer_bytes; /* about */
    uint16_t id_bytes, key_bytes;
    bool is_raw;
    enum umm_service_item_kind kind;
    enum umm_service_word word;
};

struct umm_service_queue {
    struct umm_service_item *items;
    size_t n_items, items_max;
    void *rows; /* room for doubles */
    size_t n_rows, rows_max;
    char *texts;
    size_t n_text_bytes, text_bytes_max;
};

/* What is known of a client, at its place (serve/serve.h). id 0: of none. */
struct umm_service_client {
    uint64_t id;
    size_t n_waiting;    /* its items in the queue */
    size_t n_stats;      /* of these, commands for figures */
    size_t answer_bytes; /* that they will have, about */
    bool is_raw;         /* it sends raw rows */
    bool is_skipping;    /* the rest of a long line */
    bool is_stuck;       /* it has more, and there was no room */
    bool is_blocked;     /* it is in the list of those that were stuck */
    bool is_ended;       /* it sends no more */
};

struct umm_service_engine {
    struct umm_model *model;
    struct umm_model_plan *plan;
    struct umm_model_info info;
};

/* What a row by key came to, before the model ran: which entry it is, and of what store files. */
struct umm_service_found {
    bool is_kept;    /* the cache had its answer */
    bool is_trusted; /* for so short a time that the store was not asked */
    uint64_t position, turnover;
    int64_t timestamp_ns;
    uint32_t generation;
    char *text; /* why the store could not be read; NULL: there was no memory for it */
};

struct umm_service {
    struct umm_service_options options;
    struct umm_run *run;
    struct umm_serve *serve;
    struct umm_service_engine engine;
    struct umm_service_queue queue;
    struct umm_service_client *clients;
    uint64_t *blocked; /* clients that are */
    size_t n_blocked;
    double *numbers;          /* of a line */
    float *answers;           /* of a batch */
    const float **answers_at; /* of a batch: of each row */
    uint64_t *waiting;        /* room for the clients of a batch */
    /* rows by key: */
    struct umm_store *store;
    struct umm_cache *cache;
    void *cached;                    /* room for a value of the cache */
    float *kept;                     /* answers that the cache had, of a batch */
    struct umm_service_found *found; /* of a batch */
    struct umm_store_asked *asked;   /* of a batch, those that the store is asked for */
    float *vectors;                  /* room for what they have */
    uint64_t followed_ns;            /* when the store's path was last looked at */
    struct umm_error lost;           /* why it leads to no such store; status UMM_OK: it does */
    /* figures: */
    uint64_t began_ns, report_ns;
    bool is_stopping;
    size_t n_answering; /* rows of the batch whose answers are put down */
    uint64_t n_rows, n_commands, n_batches, n_loads, n_failed_loads;
    uint64_t depth_peak, n_cache_hits, n_cache_misses;
    uint64_t refusals[UMM_SERVICE_WORDS];
    struct umm_histogram batch, wait, service;
};

/* NULL: it has gone. */
static inline struct umm_service_client *umm_service_find(const struct umm_service *service,
                                                          uint64_t id)
{
    struct umm_service_client *client = &service->clients[umm_serve_place(id)];
    return client->id == id ? client : NULL;
}

/* Bytes of a number as the model takes it. */
static inline size_t umm_service_number_bytes(const struct umm_service *service)
{
    return service->engine.info.is_f64 ? sizeof(double) : sizeof(float);
}

/* ---- service_queue.c ---- */

UMM_MUST_USE enum umm_status umm_service_queue_open(struct umm_service *service,
                                                    struct umm_error *err);
void umm_service_queue_close(struct umm_service_queue *queue);

/* For umm_serve, user being the service: lines and raw rows go into the queue, as far as there is
 * room. */
size_t umm_service_take(void *user, uint64_t id, const char *bytes, size_t len_bytes, bool is_last);

/*
 * What a row of numbers is to be: a row for the model, one whose answer is NaN, or a refusal, for
 * the number *number of it, from 1.
 */
enum umm_service_item_kind umm_service_judge(struct umm_service *service, const void *row,
                                             enum umm_service_word *word, uint64_t *number);

/* Forget the first n_items items, n_rows of them rows of numbers, and those that are done. */
void umm_service_queue_drop(struct umm_service *service, size_t n_items, size_t n_rows);

/* ---- service_answer.c ---- */

/* Answer the next batch, which may be short of rows, and what is before and in it. */
void umm_service_answer_batch(struct umm_service *service);

/* Answer what waits for no row, when rows wait that are fewer than a batch. */
void umm_service_answer_others(struct umm_service *service);

/* ---- service_store.c ---- */

UMM_MUST_USE enum umm_status umm_service_store_open(struct umm_service *service,
                                                    struct umm_error *err);
void umm_service_store_close(struct umm_service *service);

/* A batch begins: see, once a second, that the store is still the one at its path, or open that. */
void umm_service_store_follow(struct umm_service *service, uint64_t now_ns);

/* Another model: no answer that was kept counts. */
void umm_service_store_forget(struct umm_service *service);

/*
 * Find the rows by key of a batch, among its first n_items items, with one question to the store:
 * an item stays a row if its answer was kept, which is found[number].is_kept, and its place kept;
 * or if its numbers went to the next place of the queue's rows.
 */
void umm_service_store_find(struct umm_service *service, struct umm_service_item *items,
                            size_t n_items, uint64_t now_ns);

/* Keep the answer of such a row. */
void umm_service_store_keep(struct umm_service *service, const struct umm_service_item *item,
                            const float *answer, uint64_t now_ns);

#endif
