/* SPDX-License-Identifier: MIT */
/* Items of the queue are answered: by the model in batches, and the others as they are. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "predict/service_work.h"
#include "sys/clock.h"
#include "text/print.h"
#include "text/shortest.h"

enum {
    PROTOCOL = 1,
    REFUSAL_BYTES = 256,    /* of a refusal's text, but that about a store */
    PIECE_BYTES = 64 * 1024 /* of answers that are put down at once, at least one */
};

/* ---- texts ------------------------------------------------------------------------ */

static size_t describe_refusal(const struct umm_service *service,
                               const struct umm_service_item *item, char *out, size_t cap)
{
    const uint64_t n = item->number, n_inputs = service->engine.info.n_inputs;
    const char *text = item->word == UMM_SERVICE_STORE ? service->found[n].text : NULL;
    int len = 0;
    switch (item->word) {
    case UMM_SERVICE_ID:
        len =
            snprintf(out, cap, "no id of 1 to %d bytes, without control characters, quoted as CSV",
                     UMM_SERVICE_ID_MAX);
        break;
    case UMM_SERVICE_FIELDS:
        if (service->store)
            len = snprintf(out, cap, "%" PRIu64 " fields; there is an id, and perhaps a key", n);
        else
            len = snprintf(out, cap, "%" PRIu64 " number%s; the model takes %" PRIu64, n,
                           n == 1 ? "" : "s", n_inputs);
        break;
    case UMM_SERVICE_NUMBER: len = snprintf(out, cap, "field %" PRIu64 " is no number", n); break;
    case UMM_SERVICE_NONFINITE:
        len = snprintf(out, cap, "number %" PRIu64 " is not finite", n);
        break;
    case UMM_SERVICE_INTEGER:
        len = snprintf(out, cap, "number %" PRIu64 " is no integer of its range", n);
        break;
    case UMM_SERVICE_ABSENT: len = snprintf(out, cap, "the store has no such entry"); break;
    case UMM_SERVICE_BUSY: len = snprintf(out, cap, "the entry is half written"); break;
    case UMM_SERVICE_STORE:
        len = snprintf(out, cap, "%s", text ? text : "the store cannot be read");
        break;
    case UMM_SERVICE_OVERLOAD: len = snprintf(out, cap, "the queue is full"); break;
    case UMM_SERVICE_LONG:
        len = snprintf(out, cap, "the line is longer than %" PRIu64 " bytes", n);
        break;
    case UMM_SERVICE_HALF: len = snprintf(out, cap, "the input ended within the line"); break;
    case UMM_SERVICE_COMMAND:
        len = snprintf(out, cap, "%s",
                       service->store ? "there are !version and !stats"
                                      : "there are !version, !stats and !f4 N");
        break;
    case UMM_SERVICE_WORDS:
    default: break;
    }
    return len > 0 ? (size_t)len : 0;
}

static char *put_refusal(const struct umm_service *service, const struct umm_service_item *item,
                         char *out)
{
    const char *word = umm_service_word_name(item->word);
    const size_t len = strlen(word);
    *out++ = ',';
    *out++ = '!';
    memcpy(out, word, len);
    out += len;
    *out++ = ' ';
    out += describe_refusal(service, item, out, UMM_ERROR_TEXT_MAX);
    *out++ = '\n';
    return out;
}

static char *put_numbers(const struct umm_service *service, const float *answer, char *out)
{
    const size_t n = (size_t)service->engine.info.n_outputs;
    for (size_t i = 0; i < n; i++) {
        *out++ = ',';
        out = umm_print_f32_shortest(out, answer ? answer[i] : __builtin_nanf(""));
    }
    *out++ = '\n';
    return out;
}

/* A row's status, as the protocol has it. */
static uint32_t raw_status(const struct umm_service_item *item)
{
    enum { NONFINITE = 1, INTEGER, OVERLOAD };
    if (item->kind != UMM_SERVICE_ITEM_REFUSAL)
        return 0;
    return item->word == UMM_SERVICE_NONFINITE ? NONFINITE
           : item->word == UMM_SERVICE_INTEGER ? INTEGER
                                               : OVERLOAD;
}

static char *put_raw(const struct umm_service *service, const struct umm_service_item *item,
                     const float *answer, char *out)
{
    const size_t n = (size_t)service->engine.info.n_outputs;
    out = umm_bytes_put(out, raw_status(item), sizeof(uint32_t));
    for (size_t i = 0; i < n; i++) {
        const float value = answer ? answer[i] : __builtin_nanf("");
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        out = umm_bytes_put(out, bits, sizeof bits);
    }
    return out;
}

/* ---- one answer ------------------------------------------------------------------- */

/* Bytes that the answer may take, and that may be written over. */
static size_t room_for(const struct umm_service *service, const struct umm_service_item *item)
{
    const size_t n = (size_t)service->engine.info.n_outputs;
    if (item->is_raw)
        return sizeof(uint32_t) + n * sizeof(float);
    if (item->kind == UMM_SERVICE_ITEM_ROW || item->kind == UMM_SERVICE_ITEM_NAN)
        return item->id_bytes + n * (1 + UMM_PRINT_SHORTEST_MAX) + 1;
    return item->id_bytes + REFUSAL_BYTES +
           (item->word == UMM_SERVICE_STORE ? (size_t)UMM_ERROR_TEXT_MAX : 0);
}

/* answer: of a row; NULL: NaN. */
static char *put_answer(const struct umm_service *service, const struct umm_service_item *item,
                        const float *answer, char *out)
{
    const struct umm_model_info *info = &service->engine.info;
    if (item->is_raw)
        return put_raw(service, item, answer, out);
    memcpy(out, service->queue.texts + item->text_at, item->id_bytes);
    out += item->id_bytes;
    switch (item->kind) {
    case UMM_SERVICE_ITEM_ROW:
    case UMM_SERVICE_ITEM_NAN: return put_numbers(service, answer, out);
    case UMM_SERVICE_ITEM_REFUSAL: return put_refusal(service, item, out);
    case UMM_SERVICE_ITEM_VERSION:
        return out + snprintf(out, REFUSAL_BYTES, "!version %d %" PRIu64 " %" PRIu64 "\n", PROTOCOL,
                              info->n_inputs, info->n_outputs);
    case UMM_SERVICE_ITEM_RAW:
        return out + snprintf(out, REFUSAL_BYTES, "!f4 %" PRIu64 " %" PRIu64 "\n", info->n_inputs,
                              info->n_outputs);
    case UMM_SERVICE_ITEM_STATS:
    case UMM_SERVICE_ITEM_DONE:
    default: return out;
    }
}

/* n items of a client are answered, for which so many bytes were expected. */
static void count_answered(struct umm_service *service, uint64_t id, size_t n, size_t answer_bytes)
{
    struct umm_service_client *client = umm_service_find(service, id);
    if (!client)
        return;
    client->n_waiting -= n;
    client->answer_bytes -= answer_bytes;
    if (client->is_ended && client->n_waiting == 0)
        umm_serve_end(service->serve, id);
}

static void answer_stats(struct umm_service *service, const struct umm_service_item *item)
{
    const uint64_t client = item->client;
    static const char begin[] = "!stats ", none[] = "{}\n";
    struct umm_service_stats stats;
    char *text = NULL;
    size_t len = sizeof none - 1;
    umm_service_stats(service, &stats);
    if (umm_service_json(&service->options, &stats, true, &text, &len, NULL) != UMM_OK)
        text = NULL;
    char *out = umm_serve_room(service->serve, client, sizeof begin + len);
    if (out) {
        memcpy(out, begin, sizeof begin - 1);
        memcpy(out + sizeof begin - 1, text ? text : none, len);
        umm_serve_wrote(service->serve, client, sizeof begin - 1 + len);
    }
    free(text);
    struct umm_service_client *asked = umm_service_find(service, client);
    if (asked)
        asked->n_stats--;
    count_answered(service, client, 1, item->answer_bytes);
}

/*
 * Answer items that are one client's, in their order; answers are where those of rows are, one
 * after the other. Returns how many were used.
 */
static size_t answer_items(struct umm_service *service, struct umm_service_item *items, size_t n,
                           const float *const *answers)
{
    size_t room = 0, used = 0, expected = 0;
    for (size_t i = 0; i < n; i++)
        room += room_for(service, &items[i]);
    char *begin = umm_serve_room(service->serve, items->client, room), *out = begin;
    for (size_t i = 0; i < n; i++) {
        const bool is_row = items[i].kind == UMM_SERVICE_ITEM_ROW;
        if (begin)
            out = put_answer(service, &items[i], is_row ? answers[used] : NULL, out);
        service->n_rows += is_row || items[i].kind == UMM_SERVICE_ITEM_NAN;
        used += is_row;
        if (items[i].kind == UMM_SERVICE_ITEM_REFUSAL)
            service->refusals[items[i].word]++;
        items[i].kind = UMM_SERVICE_ITEM_DONE;
        expected += items[i].answer_bytes;
    }
    if (begin)
        umm_serve_wrote(service->serve, items->client, (size_t)(out - begin));
    count_answered(service, items->client, n, expected);
    return used;
}

/* The first items that are one client's, and whose answers are no more than a piece. */
static size_t find_piece(const struct umm_service *service, const struct umm_service_item *items,
                         size_t n)
{
    size_t i = 0, room = 0;
    while (i < n && items[i].client == items->client && items[i].kind != UMM_SERVICE_ITEM_STATS) {
        room += room_for(service, &items[i]);
        if (i > 0 && room > PIECE_BYTES)
            break;
        i++;
    }
    return i;
}

static void answer_all(struct umm_service *service, struct umm_service_item *items, size_t n,
                       const float *const *answers)
{
    for (size_t i = 0, n_piece; i < n; i += n_piece) {
        n_piece = find_piece(service, items + i, n - i);
        if (n_piece > 0) {
            answers += answer_items(service, items + i, n_piece, answers);
            continue;
        }
        answer_stats(service, &items[i]);
        items[i].kind = UMM_SERVICE_ITEM_DONE;
        n_piece = 1;
    }
}

/* ---- batches ----------------------------------------------------------------------- */

/* Whatever NaN the model gives has one pattern of bits, as in its answers for a file. */
static void run_model(struct umm_service *service, size_t n)
{
    const struct umm_service_engine *engine = &service->engine;
    float *answers = service->answers;
    if (engine->info.is_f64)
        umm_model_run_f64(engine->plan, service->queue.rows, n, answers);
    else
        umm_model_run(engine->plan, service->queue.rows, n, answers);
    for (size_t i = 0; i < n * engine->info.n_outputs; i++)
        if (answers[i] != answers[i])
            answers[i] = __builtin_nanf("");
}

/*
 * The rows of a batch: its first n_items items. Where their answers will be, and how many the model
 * is asked for.
 */
static size_t find_rows(struct umm_service *service, size_t n_items, uint64_t now_ns)
{
    struct umm_service_item *items = service->queue.items;
    const size_t width = (size_t)service->engine.info.n_outputs;
    size_t n_asked = 0, row = 0, used = 0;
    for (size_t i = 0; i < n_items; i++) {
        if (items[i].kind != UMM_SERVICE_ITEM_ROW)
            continue;
        umm_histogram_add(&service->wait, now_ns - items[i].came_ns, 1);
        items[i].number = row++;
    }
    if (service->store)
        umm_service_store_find(service, items, n_items, now_ns);
    for (size_t i = 0; i < n_items; i++) {
        if (items[i].kind != UMM_SERVICE_ITEM_ROW)
            continue;
        const uint64_t number = items[i].number;
        const bool is_kept = service->store && service->found[number].is_kept;
        service->answers_at[used++] =
            is_kept ? service->kept + number * width : service->answers + n_asked * width;
        n_asked += !is_kept;
    }
    return n_asked;
}

static void keep_rows(struct umm_service *service, size_t n_items, uint64_t now_ns)
{
    const struct umm_service_item *items = service->queue.items;
    size_t used = 0;
    for (size_t i = 0; i < n_items; i++)
        if (items[i].kind == UMM_SERVICE_ITEM_ROW)
            umm_service_store_keep(service, &items[i], service->answers_at[used++], now_ns);
}

void umm_service_answer_batch(struct umm_service *service)
{
    const struct umm_service_queue *queue = &service->queue;
    const uint64_t began_ns = umm_clock_run_ns(service->run);
    size_t n_items = 0, n_rows = 0;
    for (; n_items < queue->n_items; n_items++) {
        const bool is_row = queue->items[n_items].kind == UMM_SERVICE_ITEM_ROW;
        if (is_row && n_rows == service->options.batch_rows)
            break;
        n_rows += is_row;
    }
    if (service->store)
        umm_service_store_follow(service, began_ns);
    const size_t n_asked = find_rows(service, n_items, began_ns);
    if (n_asked > 0) {
        run_model(service, n_asked);
        umm_histogram_add(&service->batch, n_asked, 1);
        service->n_batches++;
    }
    if (service->cache)
        keep_rows(service, n_items, began_ns);
    service->n_answering = n_rows;
    answer_all(service, queue->items, n_items, service->answers_at);
    if (n_rows > 0)
        umm_histogram_add(&service->service, umm_clock_run_ns(service->run) - began_ns, 1);
    service->n_answering = 0;
    umm_service_queue_drop(service, n_items, n_rows);
}

/* Whether one of the n clients is this one. */
static bool is_among(const uint64_t *clients, size_t n, uint64_t client)
{
    for (size_t i = 0; i < n; i++)
        if (clients[i] == client)
            return true;
    return false;
}

void umm_service_answer_others(struct umm_service *service)
{
    struct umm_service_item *items = service->queue.items;
    size_t n_rows = 0, n_answered = 0;
    for (size_t i = 0; i < service->queue.n_items; i++) {
        if (items[i].kind == UMM_SERVICE_ITEM_ROW) {
            service->waiting[n_rows++] = items[i].client;
        } else if (!is_among(service->waiting, n_rows, items[i].client)) {
            answer_all(service, &items[i], 1, NULL);
            n_answered++;
        }
    }
    if (n_answered)
        umm_service_queue_drop(service, 0, 0);
}
