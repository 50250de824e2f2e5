/* SPDX-License-Identifier: MIT */
#include "predict/service.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "predict/service_work.h"
#include "sys/clock.h"

/* STREAMS: places of clients beside those of connections. */
enum { BATCH_ROWS = 32, CLIENTS = UMM_SERVE_CLIENTS_USUAL, IN_BYTES = 64 * 1024, STREAMS = 64 };

/* ---- the model -------------------------------------------------------------------- */

static void close_engine(struct umm_service_engine *engine)
{
    umm_model_plan_close(engine->plan);
    umm_model_close(engine->model);
    *engine = (struct umm_service_engine){.model = NULL};
}

static enum umm_status open_engine(const struct umm_service *service,
                                   struct umm_service_engine *engine, struct umm_error *err)
{
    const struct umm_service_options *o = &service->options;
    const struct umm_model_plan_options plan = {.batch_rows = o->batch_rows,
                                                .n_threads = o->n_threads};
    *engine = (struct umm_service_engine){.model = NULL};
    enum umm_status status =
        umm_model_open(o->model_path, &o->model, service->run, &engine->model, err);
    if (!status)
        status = umm_model_plan(engine->model, &plan, &engine->plan, err);
    if (status) {
        if (err && !err->path[0])
            umm_error_at(err, o->model_path, 0, 0, 0);
        close_engine(engine);
        return status;
    }
    umm_model_info(engine->model, &engine->info);
    return UMM_OK;
}

/* Whether rows that are asked, and answers, are as long as before: clients were told. */
static enum umm_status check_shape(const struct umm_service *service,
                                   const struct umm_service_engine *fresh, struct umm_error *err)
{
    const struct umm_model_info *now = &service->engine.info, *then = &fresh->info;
    if (now->n_inputs == then->n_inputs && now->n_outputs == then->n_outputs)
        return UMM_OK;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, service->options.model_path,
                              "takes %" PRIu64 " and gives %" PRIu64
                              " numbers, and the model that is served %" PRIu64 " and %" PRIu64,
                              then->n_inputs, then->n_outputs, now->n_inputs, now->n_outputs);
}

static void tell(const struct umm_service *service, enum umm_service_event event,
                 const struct umm_error *err)
{
    if (service->options.tell)
        service->options.tell(service->options.user, event, err);
}

static void answer_waiting(struct umm_service *service)
{
    while (service->queue.n_items > 0)
        umm_service_answer_batch(service);
}

/* Rows that wait were judged by the model that is there: they are answered by it. */
static void load_again(void *user)
{
    struct umm_service *service = user;
    struct umm_service_engine fresh;
    struct umm_error err = {.status = UMM_OK};
    enum umm_status status = open_engine(service, &fresh, &err);
    if (!status)
        status = check_shape(service, &fresh, &err);
    if (status) {
        close_engine(&fresh);
        service->n_failed_loads++;
        tell(service, UMM_SERVICE_KEPT, &err);
        return;
    }
    answer_waiting(service);
    close_engine(&service->engine);
    service->engine = fresh;
    service->n_loads++;
    umm_service_store_forget(service);
    tell(service, UMM_SERVICE_LOADED, NULL);
}

/* ---- turns ------------------------------------------------------------------------ */

static void leave(void *user, uint64_t client, uint64_t lost_bytes)
{
    struct umm_service *service = user;
    (void)lost_bytes; /* counted where they were lost */
    struct umm_service_client *gone = umm_service_find(service, client);
    if (gone)
        gone->id = 0;
}

/* Of a batch that is not full: UINT64_MAX if no row waits. */
static uint64_t due_ns(const struct umm_service *service)
{
    const struct umm_service_queue *queue = &service->queue;
    const uint64_t delay_ns = service->options.max_delay_ns;
    for (size_t i = 0; i < queue->n_items; i++) {
        const uint64_t came_ns = queue->items[i].came_ns;
        if (queue->items[i].kind == UMM_SERVICE_ITEM_ROW)
            return came_ns > UINT64_MAX - delay_ns ? UINT64_MAX : came_ns + delay_ns;
    }
    return UINT64_MAX;
}

/* Whether rows that wait may wait on for others. */
static bool may_wait(const struct umm_service *service, uint64_t now_ns)
{
    return service->queue.n_rows > 0 && service->options.max_delay_ns > 0 &&
           !service->is_stopping && now_ns < due_ns(service) && umm_serve_can_grow(service->serve);
}

static void ask_blocked(struct umm_service *service)
{
    /* Those that are stuck again are listed anew. */
    const size_t n = service->n_blocked;
    for (size_t i = 0; i < n; i++) {
        struct umm_service_client *client = umm_service_find(service, service->blocked[i]);
        if (client)
            client->is_blocked = false;
    }
    service->n_blocked = 0;
    for (size_t i = 0; i < n; i++)
        umm_serve_again(service->serve, service->blocked[i]);
}

static void report(struct umm_service *service, uint64_t now_ns)
{
    const uint64_t every_ns = service->options.report_every_ns;
    if (every_ns == 0 || now_ns < service->report_ns)
        return;
    tell(service, UMM_SERVICE_REPORT, NULL);
    service->report_ns = now_ns + every_ns;
}

static uint64_t turn(void *user, uint64_t now_ns)
{
    struct umm_service *service = user;
    if (!service->is_stopping && umm_run_is_cancelled(service->run)) {
        service->is_stopping = true;
        tell(service, UMM_SERVICE_STOPPING, NULL);
    }
    while (service->queue.n_rows >= service->options.batch_rows)
        umm_service_answer_batch(service);
    if (may_wait(service, now_ns))
        umm_service_answer_others(service);
    else
        answer_waiting(service);
    ask_blocked(service);
    report(service, now_ns);
    const uint64_t next_ns = due_ns(service);
    const uint64_t report_ns = service->options.report_every_ns ? service->report_ns : UINT64_MAX;
    return next_ns < report_ns ? next_ns : report_ns;
}

/* ---- life ------------------------------------------------------------------------- */

static enum umm_status make_room(struct umm_service *service, struct umm_error *err)
{
    const struct umm_service_options *o = &service->options;
    const size_t in = (size_t)service->engine.info.n_inputs;
    const size_t out = (size_t)service->engine.info.n_outputs;
    const size_t n_places = (size_t)(o->max_clients ? o->max_clients : CLIENTS) + STREAMS;
    service->clients = calloc(n_places, sizeof *service->clients);
    service->blocked = malloc(n_places * sizeof *service->blocked);
    service->numbers = malloc(in * sizeof *service->numbers + 1);
    service->answers = malloc(o->batch_rows * out * sizeof *service->answers + 1);
    service->answers_at = malloc(o->batch_rows * sizeof *service->answers_at);
    service->waiting = malloc(o->batch_rows * sizeof *service->waiting);
    if (service->clients && service->blocked && service->numbers && service->answers &&
        service->answers_at && service->waiting)
        return UMM_OK;
    return umm_error_set_memory(err, o->batch_rows * out * sizeof *service->answers, "answers");
}

static enum umm_status open_serve(struct umm_service *service, struct umm_error *err)
{
    static const char refusal[] = ",!overload too many clients\n";
    const struct umm_service_options *o = &service->options;
    const size_t line = umm_service_line_max((size_t)service->engine.info.n_inputs) + 2;
    const struct umm_serve_options options = {.listen_fd = o->listen_fd,
                                              .max_clients = o->max_clients,
                                              .in_max_bytes = line > IN_BYTES ? line : IN_BYTES,
                                              .drain_ns = o->drain_ns,
                                              .refusal = refusal};
    const struct umm_serve_calls calls = {.user = service,
                                          .take = umm_service_take,
                                          .turn = turn,
                                          .leave = leave,
                                          .signal = load_again};
    uint64_t client;
    enum umm_status status = umm_serve_open(&options, &calls, &service->serve, err);
    if (!status && o->in_fd >= 0)
        status = umm_serve_add(service->serve, o->in_fd, o->out_fd, &client, err);
    return status;
}

static void set_defaults(struct umm_service_options *o)
{
    if (o->batch_rows == 0)
        o->batch_rows = BATCH_ROWS;
    if (o->n_threads == 0)
        o->n_threads = 1;
    if (o->queue_rows && o->queue_rows < o->batch_rows)
        o->batch_rows = o->queue_rows;
}

enum umm_status umm_service_open(const struct umm_service_options *options, struct umm_run *run,
                                 struct umm_service **out, struct umm_error *err)
{
    *out = NULL;
    struct umm_service *service = calloc(1, sizeof *service);
    if (!service)
        return umm_error_set_memory(err, sizeof *service, "a service");
    service->options = *options;
    service->run = run;
    service->began_ns = umm_clock_run_ns(run);
    service->report_ns = service->began_ns + options->report_every_ns;
    set_defaults(&service->options);
    enum umm_status status = open_engine(service, &service->engine, err);
    service->n_loads = !status;
    if (!status && options->store)
        status = umm_service_store_open(service, err);
    if (!status)
        status = umm_service_queue_open(service, err);
    if (!status)
        status = make_room(service, err);
    if (!status)
        status = open_serve(service, err);
    if (status)
        umm_service_close(service);
    else
        *out = service;
    return status;
}

void umm_service_close(struct umm_service *service)
{
    if (!service)
        return;
    umm_serve_close(service->serve);
    umm_service_queue_close(&service->queue);
    umm_service_store_close(service);
    close_engine(&service->engine);
    free(service->clients);
    free(service->blocked);
    free(service->numbers);
    free(service->answers);
    free(service->answers_at);
    free(service->waiting);
    free(service);
}

enum umm_status umm_service_run(struct umm_service *service, struct umm_error *err)
{
    return umm_serve_run(service->serve, service->run, err);
}
