/* SPDX-License-Identifier: MIT */
/* What clients send becomes items of the queue. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "modelrows/modelrows.h"
#include "predict/service_work.h"
#include "sys/clock.h"

enum {
    ROWS = 4096,               /* if it is not said how many wait at most */
    ROWS_BYTES = 64 << 20,     /* but no more than these */
    TEXT_BYTES_MAX = 64 << 20, /* of ids and keys that wait */
    ITEMS_MORE = 64,           /* beside rows, and as many refusals */
    ANSWER_BYTES = 16,         /* of a number's text, about */
    STATS_MAX = 16,            /* of a client that wait: their answers are long */
    ANSWERS_BYTES = 256 * 1024 /* of a client's questions that wait: beyond, it waits with others */
};
/* Of an item at most. */
enum { ITEM_TEXT_BYTES = UMM_SERVICE_CELL_MAX + UMM_SERVICE_ID_MAX };

/* ---- room ------------------------------------------------------------------------ */

static size_t choose_rows(const struct umm_service *service)
{
    const struct umm_service_options *o = &service->options;
    const size_t bytes = (size_t)service->engine.info.n_inputs * sizeof(double) +
                         (size_t)service->engine.info.n_outputs * ANSWER_BYTES;
    size_t n = o->queue_rows;
    if (n == 0)
        n = ROWS_BYTES / bytes < ROWS ? ROWS_BYTES / bytes : ROWS;
    return n < o->batch_rows ? o->batch_rows : n;
}

enum umm_status umm_service_queue_open(struct umm_service *service, struct umm_error *err)
{
    struct umm_service_queue *queue = &service->queue;
    const size_t n = choose_rows(service), width = (size_t)service->engine.info.n_inputs;
    /* Rows by key are read when their batch begins. */
    const size_t n_numbers = (service->store ? service->options.batch_rows : n) * width;
    const size_t n_items = 2 * n + ITEMS_MORE;
    *queue = (struct umm_service_queue){.rows_max = n, .items_max = n_items};
    queue->text_bytes_max =
        n_items < TEXT_BYTES_MAX / ITEM_TEXT_BYTES ? n_items * ITEM_TEXT_BYTES : TEXT_BYTES_MAX;
    queue->items = malloc(n_items * sizeof *queue->items);
    queue->rows = malloc(n_numbers * sizeof(double) + 1);
    queue->texts = malloc(queue->text_bytes_max);
    if (queue->items && queue->rows && queue->texts)
        return UMM_OK;
    return umm_error_set_memory(
        err, n_items * sizeof *queue->items + n_numbers * sizeof(double) + queue->text_bytes_max,
        "a queue");
}

void umm_service_queue_close(struct umm_service_queue *queue)
{
    free(queue->items);
    free(queue->rows);
    free(queue->texts);
    *queue = (struct umm_service_queue){.n_items = 0};
}

/* At least two batches, so that one client alone fills them. */
static size_t answers_max(const struct umm_service *service)
{
    const size_t two_batches = 2 * (size_t)service->options.batch_rows *
                               (size_t)service->engine.info.n_outputs * ANSWER_BYTES;
    return two_batches > ANSWERS_BYTES ? two_batches : ANSWERS_BYTES;
}

/* Nobody has read the answers before those that are asked for now, so these are bounded also. */
static bool has_room(const struct umm_service *service, const struct umm_service_client *client)
{
    const struct umm_service_queue *queue = &service->queue;
    return client->answer_bytes < answers_max(service) && queue->n_items < queue->items_max &&
           queue->text_bytes_max - queue->n_text_bytes >= ITEM_TEXT_BYTES &&
           (queue->n_rows < queue->rows_max || service->options.is_rejecting);
}

void umm_service_queue_drop(struct umm_service *service, size_t n_items, size_t n_rows)
{
    struct umm_service_queue *queue = &service->queue;
    const size_t row = (size_t)service->engine.info.n_inputs * umm_service_number_bytes(service);
    size_t n = 0;
    queue->n_rows -= n_rows;
    if (!service->store)
        memmove(queue->rows, (char *)queue->rows + n_rows * row, queue->n_rows * row);
    for (size_t i = n_items; i < queue->n_items; i++)
        if (queue->items[i].kind != UMM_SERVICE_ITEM_DONE)
            queue->items[n++] = queue->items[i];
    queue->n_items = n;
    const uint32_t first = n ? queue->items[0].text_at : (uint32_t)queue->n_text_bytes;
    queue->n_text_bytes -= first;
    memmove(queue->texts, queue->texts + first, queue->n_text_bytes);
    for (size_t i = 0; i < n; i++)
        queue->items[i].text_at -= first;
}

/* ---- items ----------------------------------------------------------------------- */

/* A new item at the end, without a text; there is room. */
static struct umm_service_item *add_item(struct umm_service *service,
                                         enum umm_service_item_kind kind,
                                         struct umm_service_client *client, uint64_t now_ns)
{
    struct umm_service_queue *queue = &service->queue;
    struct umm_service_item *item = &queue->items[queue->n_items++];
    *item = (struct umm_service_item){.client = client->id,
                                      .came_ns = now_ns,
                                      .text_at = (uint32_t)queue->n_text_bytes,
                                      .kind = kind};
    client->n_waiting++;
    return item;
}

static void refuse(struct umm_service_item *item, enum umm_service_word word, uint64_t number)
{
    item->kind = UMM_SERVICE_ITEM_REFUSAL;
    item->word = word;
    item->number = number;
}

/* The id, as answers have it, and the key. */
static void add_texts(struct umm_service *service, struct umm_service_item *item,
                      const struct umm_service_line *line)
{
    struct umm_service_queue *queue = &service->queue;
    char *at = queue->texts + queue->n_text_bytes;
    char *end = umm_service_id_put(at, &line->id);
    item->id_bytes = (uint16_t)(end - at);
    if (service->store && line->kind == UMM_SERVICE_LINE_ROW) {
        item->key_bytes = (uint16_t)line->key.len_bytes;
        memcpy(end, line->key.text, line->key.len_bytes);
        end += line->key.len_bytes;
    }
    queue->n_text_bytes = (size_t)(end - queue->texts);
}

/* ---- rows ------------------------------------------------------------------------ */

static void *next_row(const struct umm_service *service)
{
    const size_t width = (size_t)service->engine.info.n_inputs;
    return (char *)service->queue.rows +
           service->queue.n_rows * width * umm_service_number_bytes(service);
}

static size_t find_nonfinite(const struct umm_service *service, const void *row)
{
    const size_t width = (size_t)service->engine.info.n_inputs;
    const double *doubles = row;
    size_t i = 0;
    if (!service->engine.info.is_f64)
        return umm_modelrows_find_nan(row, width);
    while (i < width && isfinite(doubles[i]))
        i++;
    return i;
}

/* Which number of the row, from 1, is none of the integers that the model takes there; 0: none. */
static uint64_t find_integer(const struct umm_service *service, const void *row)
{
    const struct umm_service_engine *engine = &service->engine;
    if (!engine->info.has_integers)
        return 0;
    struct umm_error found = {.status = UMM_OK};
    const enum umm_status status = engine->info.is_f64
                                       ? umm_model_check_f64(engine->model, row, 1, &found)
                                       : umm_model_check(engine->model, row, 1, &found);
    return status ? found.column : 0;
}

enum umm_service_item_kind umm_service_judge(struct umm_service *service, const void *row,
                                             enum umm_service_word *word, uint64_t *number)
{
    const enum umm_predict_nan nan = service->options.nan;
    const size_t width = (size_t)service->engine.info.n_inputs;
    const size_t at = nan == UMM_PREDICT_NAN_PASS ? width : find_nonfinite(service, row);
    if (at < width && nan == UMM_PREDICT_NAN_ANSWER)
        return UMM_SERVICE_ITEM_NAN;
    *word = at < width ? UMM_SERVICE_NONFINITE : UMM_SERVICE_INTEGER;
    *number = at < width ? at + 1 : find_integer(service, row);
    return *number ? UMM_SERVICE_ITEM_REFUSAL : UMM_SERVICE_ITEM_ROW;
}

/* The numbers of an item lie where the next row does: they are a row for the model, or not. */
static void add_row(struct umm_service *service, struct umm_service_item *item)
{
    item->kind = umm_service_judge(service, next_row(service), &item->word, &item->number);
    service->queue.n_rows += item->kind == UMM_SERVICE_ITEM_ROW;
}

/* The numbers of a line, as the model takes them. */
static void put_numbers(struct umm_service *service)
{
    const size_t width = (size_t)service->engine.info.n_inputs;
    void *row = next_row(service);
    float *floats = row;
    if (service->engine.info.is_f64)
        memcpy(row, service->numbers, width * sizeof(double));
    else
        for (size_t i = 0; i < width; i++)
            floats[i] = (float)service->numbers[i];
}

static bool is_full(const struct umm_service *service)
{
    return service->queue.n_rows == service->queue.rows_max;
}

static void expect_answer(const struct umm_service *service, struct umm_service_client *client,
                          struct umm_service_item *item)
{
    enum { SHORT = 64, STATS = 1024 };
    const size_t n = (size_t)service->engine.info.n_outputs;
    size_t bytes = item->id_bytes + SHORT;
    if (item->is_raw)
        bytes = sizeof(uint32_t) + n * sizeof(float);
    else if (item->kind == UMM_SERVICE_ITEM_ROW || item->kind == UMM_SERVICE_ITEM_NAN)
        bytes = item->id_bytes + n * ANSWER_BYTES;
    else if (item->kind == UMM_SERVICE_ITEM_STATS)
        bytes = STATS;
    item->answer_bytes = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
    client->answer_bytes += item->answer_bytes;
}

/* ---- lines ----------------------------------------------------------------------- */

/* A command for raw rows; whether they begin. */
static bool begin_raw(struct umm_service *service, struct umm_service_item *item,
                      const struct umm_service_line *line)
{
    if (service->store)
        refuse(item, UMM_SERVICE_COMMAND, 0);
    else if (line->number != service->engine.info.n_inputs)
        refuse(item, UMM_SERVICE_FIELDS, line->number);
    else
        item->kind = UMM_SERVICE_ITEM_RAW;
    return item->kind == UMM_SERVICE_ITEM_RAW;
}

static void add_line(struct umm_service *service, struct umm_service_client *client,
                     const struct umm_service_line *line, uint64_t now_ns)
{
    struct umm_service_item *item = add_item(service, UMM_SERVICE_ITEM_ROW, client, now_ns);
    add_texts(service, item, line);
    switch (line->kind) {
    case UMM_SERVICE_LINE_ROW:
        if (is_full(service)) {
            refuse(item, UMM_SERVICE_OVERLOAD, 0);
        } else if (service->store) {
            service->queue.n_rows++;
        } else {
            put_numbers(service);
            add_row(service, item);
        }
        break;
    case UMM_SERVICE_LINE_VERSION: item->kind = UMM_SERVICE_ITEM_VERSION; break;
    case UMM_SERVICE_LINE_STATS:
        item->kind = UMM_SERVICE_ITEM_STATS;
        client->n_stats++;
        break;
    case UMM_SERVICE_LINE_RAW: client->is_raw = begin_raw(service, item, line); break;
    case UMM_SERVICE_LINE_REFUSED:
    default: refuse(item, line->word, line->number); break;
    }
    service->n_commands += item->kind == UMM_SERVICE_ITEM_VERSION ||
                           item->kind == UMM_SERVICE_ITEM_STATS ||
                           item->kind == UMM_SERVICE_ITEM_RAW;
    expect_answer(service, client, item);
}

/* What has no end in sight: longer than any line, or the end of the input. Returns what is used. */
static size_t take_rest(struct umm_service *service, struct umm_service_client *client,
                        const char *text, size_t len, bool is_last, uint64_t now_ns)
{
    const size_t most = umm_service_line_max((size_t)service->engine.info.n_inputs);
    struct umm_service_line line;
    if (client->is_skipping)
        return len;
    if (len > most + 1) { /* a CR may be its last byte */
        umm_service_line_refuse(text, most, UMM_SERVICE_LONG, &line);
        client->is_skipping = true;
    } else if (is_last && len > 0) {
        umm_service_line_refuse(text, len, UMM_SERVICE_HALF, &line);
    } else {
        return 0;
    }
    line.number = most;
    add_line(service, client, &line, now_ns);
    return len;
}

static void take_line(struct umm_service *service, struct umm_service_client *client,
                      const char *text, size_t len, uint64_t now_ns)
{
    const size_t width = (size_t)service->engine.info.n_inputs;
    const size_t most = umm_service_line_max(width);
    struct umm_service_line line;
    if (client->is_skipping) {
        client->is_skipping = false;
        return;
    }
    if (len - (len > 0 && text[len - 1] == '\r') > most) {
        umm_service_line_refuse(text, most, UMM_SERVICE_LONG, &line);
        line.number = most;
    } else if (service->store) {
        umm_service_line_read_key(text, len, &line);
    } else {
        umm_service_line_read(text, len, width, service->numbers, &line);
    }
    add_line(service, client, &line, now_ns);
}

static size_t take_lines(struct umm_service *service, struct umm_service_client *client,
                         const char *bytes, size_t len, bool is_last, uint64_t now_ns)
{
    size_t at = 0;
    while (at < len && !client->is_raw) {
        client->is_stuck = !has_room(service, client) || client->n_stats == STATS_MAX;
        if (client->is_stuck)
            break;
        const char *end = memchr(bytes + at, '\n', len - at);
        if (!end)
            return at + take_rest(service, client, bytes + at, len - at, is_last, now_ns);
        take_line(service, client, bytes + at, (size_t)(end - bytes) - at, now_ns);
        at = (size_t)(end - bytes) + 1;
    }
    return at;
}

/* ---- raw rows -------------------------------------------------------------------- */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "raw rows are sent as they lie in memory");

static void read_raw(struct umm_service *service, const char *bytes)
{
    const size_t width = (size_t)service->engine.info.n_inputs;
    double *doubles = next_row(service);
    float value;
    if (!service->engine.info.is_f64) {
        memcpy(next_row(service), bytes, width * sizeof value);
        return;
    }
    for (size_t i = 0; i < width; i++) {
        memcpy(&value, bytes + i * sizeof value, sizeof value);
        doubles[i] = (double)value;
    }
}

static size_t take_raw(struct umm_service *service, struct umm_service_client *client,
                       const char *bytes, size_t len, uint64_t now_ns)
{
    const size_t row = (size_t)service->engine.info.n_inputs * sizeof(float);
    size_t at = 0;
    for (; len - at >= row; at += row) {
        client->is_stuck = !has_room(service, client);
        if (client->is_stuck)
            break;
        struct umm_service_item *item = add_item(service, UMM_SERVICE_ITEM_ROW, client, now_ns);
        item->is_raw = true;
        expect_answer(service, client, item);
        if (is_full(service)) {
            refuse(item, UMM_SERVICE_OVERLOAD, 0);
            continue;
        }
        read_raw(service, bytes + at);
        add_row(service, item);
    }
    return at;
}

size_t umm_service_take(void *user, uint64_t id, const char *bytes, size_t len_bytes, bool is_last)
{
    struct umm_service *service = user;
    struct umm_service_client *client = &service->clients[umm_serve_place(id)];
    const uint64_t now_ns = umm_clock_run_ns(service->run);
    size_t n = 0;
    if (client->id != id)
        *client = (struct umm_service_client){.id = id};
    client->is_stuck = false;
    if (!client->is_raw)
        n = take_lines(service, client, bytes, len_bytes, is_last, now_ns);
    if (client->is_raw && !client->is_stuck)
        n += take_raw(service, client, bytes + n, len_bytes - n, now_ns);
    if (client->is_stuck && !client->is_blocked)
        service->blocked[service->n_blocked++] = id;
    client->is_blocked |= client->is_stuck;
    client->is_ended = is_last && !client->is_stuck;
    if (client->is_ended && client->n_waiting == 0)
        umm_serve_end(service->serve, id);
    if (service->queue.n_rows > service->depth_peak)
        service->depth_peak = service->queue.n_rows;
    return n;
}
