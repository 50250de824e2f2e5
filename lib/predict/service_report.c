/* SPDX-License-Identifier: MIT */
/* What a service has done so far: as figures, as JSON and as metrics. */
#include <math.h>
#include <stdlib.h>

#include "format/figures.h"
#include "predict/service.h"
#include "predict/service_work.h"
#include "sys/clock.h"

enum { P50 = 500, P99 = 990, P999 = 999 };

static double seconds(uint64_t ns)
{
    return (double)ns * 1e-9;
}

static struct umm_service_times times_of(const struct umm_histogram *histogram)
{
    return (struct umm_service_times){.p50_s = seconds(umm_histogram_at(histogram, P50)),
                                      .p99_s = seconds(umm_histogram_at(histogram, P99)),
                                      .p999_s = seconds(umm_histogram_at(histogram, P999)),
                                      .max_s = seconds(histogram->max)};
}

void umm_service_stats(const struct umm_service *service, struct umm_service_stats *stats)
{
    const struct umm_histogram *batch = &service->batch;
    struct umm_serve_stats serve;
    umm_serve_stats(service->serve, &serve);
    *stats = (struct umm_service_stats){
        .uptime_s = seconds(umm_clock_run_ns(service->run) - service->began_ns),
        .n_rows = service->n_rows,
        .n_commands = service->n_commands,
        .n_batches = service->n_batches,
        .batch = {.p50 = umm_histogram_at(batch, P50),
                  .p99 = umm_histogram_at(batch, P99),
                  .p999 = umm_histogram_at(batch, P999),
                  .max = batch->max},
        .wait = times_of(&service->wait),
        .service = times_of(&service->service),
        .depth = service->queue.n_rows - service->n_answering,
        .depth_peak = service->depth_peak,
        .queue_rows = service->queue.rows_max,
        .n_clients = serve.n_clients,
        .n_joined = serve.n_joined,
        .n_dropped = serve.n_dropped,
        .n_turned_away = serve.n_refused,
        .in_bytes = serve.in_bytes,
        .out_bytes = serve.out_bytes,
        .n_cache_hits = service->n_cache_hits,
        .n_cache_misses = service->n_cache_misses,
        .n_loads = service->n_loads,
        .n_failed_loads = service->n_failed_loads};
    for (size_t i = 0; i < UMM_SERVICE_WORDS; i++) {
        stats->refusals[i] = service->refusals[i];
        stats->n_refusals += service->refusals[i];
    }
}

#define FIGURE(key, member, metric) UMM_FIGURE(key, struct umm_service_stats, member, metric)

static const struct umm_figure figures[] = {
    FIGURE("seconds", uptime_s, UMM_METRIC_DURATION),
    FIGURE("rows", n_rows, UMM_METRIC_SERVICE_ROWS),
    FIGURE("refusals", n_refusals, UMM_METRIC_NONE),
    FIGURE("commands", n_commands, UMM_METRIC_NONE),
    FIGURE("batches", n_batches, UMM_METRIC_SERVICE_BATCHES),
    FIGURE("depth", depth, UMM_METRIC_SERVICE_DEPTH),
    FIGURE("depth_peak", depth_peak, UMM_METRIC_SERVICE_DEPTH_PEAK),
    FIGURE("queue_rows", queue_rows, UMM_METRIC_NONE),
    FIGURE("clients", n_clients, UMM_METRIC_SERVICE_CLIENTS),
    FIGURE("clients_joined", n_joined, UMM_METRIC_SERVICE_JOINED),
    FIGURE("clients_dropped", n_dropped, UMM_METRIC_SERVICE_DROPPED),
    FIGURE("clients_refused", n_turned_away, UMM_METRIC_SERVICE_TURNED_AWAY),
    FIGURE("in_bytes", in_bytes, UMM_METRIC_SERVICE_IN),
    FIGURE("out_bytes", out_bytes, UMM_METRIC_SERVICE_OUT),
    FIGURE("cache_hits", n_cache_hits, UMM_METRIC_SERVICE_CACHE_HITS),
    FIGURE("cache_misses", n_cache_misses, UMM_METRIC_SERVICE_CACHE_MISSES),
    FIGURE("model_loads", n_loads, UMM_METRIC_SERVICE_LOADS),
    FIGURE("model_loads_failed", n_failed_loads, UMM_METRIC_SERVICE_FAILED_LOADS),
    UMM_FIGURES_END};

static void put_times(struct umm_json *json, const char *key, const struct umm_service_times *times)
{
    struct umm_json *object = umm_json_put_object(json, key);
    umm_json_put_real(object, "p50", times->p50_s);
    umm_json_put_real(object, "p99", times->p99_s);
    umm_json_put_real(object, "p99.9", times->p999_s);
    umm_json_put_real(object, "max", times->max_s);
}

enum umm_status umm_service_json(const struct umm_service_options *options,
                                 const struct umm_service_stats *stats, bool is_compact,
                                 char **text, size_t *len_bytes, struct umm_error *err)
{
    struct umm_json *json = umm_figures_begin("umm-predict");
    umm_json_put_text(json, "model", options->model_path);
    umm_json_put_text(json, "store", options->store);
    umm_figures_put(json, figures, stats);
    struct umm_json *object = umm_json_put_object(json, "refusals_by_word");
    for (size_t i = 0; i < UMM_SERVICE_WORDS; i++)
        umm_json_put_count(object, umm_service_word_name((enum umm_service_word)i),
                           stats->refusals[i]);
    object = umm_json_put_object(json, "batch_rows");
    umm_json_put_count(object, "p50", stats->batch.p50);
    umm_json_put_count(object, "p99", stats->batch.p99);
    umm_json_put_count(object, "p99.9", stats->batch.p999);
    umm_json_put_count(object, "max", stats->batch.max);
    put_times(json, "wait_seconds", &stats->wait);
    put_times(json, "service_seconds", &stats->service);
    return umm_json_finish(json, is_compact, text, len_bytes, err);
}

static void add_quantile(struct umm_prometheus *page, enum umm_metric metric, const char *quantile,
                         double value)
{
    const char *const labels[] = {"quantile", quantile, NULL};
    umm_prometheus_add_labelled(page, metric, labels, value);
}

static void add_times(struct umm_prometheus *page, enum umm_metric metric,
                      const struct umm_service_times *times)
{
    add_quantile(page, metric, "0.5", times->p50_s);
    add_quantile(page, metric, "0.99", times->p99_s);
    add_quantile(page, metric, "0.999", times->p999_s);
    add_quantile(page, metric, "1", times->max_s);
}

void umm_service_metrics(const struct umm_service_stats *stats, const char *place,
                         struct umm_prometheus *page)
{
    const struct umm_service_spread *batch = &stats->batch;
    umm_prometheus_begin(page, "umm-predict", NULL, place);
    umm_figures_add(page, figures, stats);
    for (size_t i = 0; i < UMM_SERVICE_WORDS; i++) {
        const char *const labels[] = {"word", umm_service_word_name((enum umm_service_word)i),
                                      NULL};
        umm_prometheus_add_labelled(page, UMM_METRIC_SERVICE_REFUSALS, labels,
                                    (double)stats->refusals[i]);
    }
    add_quantile(page, UMM_METRIC_SERVICE_BATCH_ROWS, "0.5", (double)batch->p50);
    add_quantile(page, UMM_METRIC_SERVICE_BATCH_ROWS, "0.99", (double)batch->p99);
    add_quantile(page, UMM_METRIC_SERVICE_BATCH_ROWS, "0.999", (double)batch->p999);
    add_quantile(page, UMM_METRIC_SERVICE_BATCH_ROWS, "1", (double)batch->max);
    add_times(page, UMM_METRIC_SERVICE_WAIT, &stats->wait);
    add_times(page, UMM_METRIC_SERVICE_TIME, &stats->service);
    umm_prometheus_success(page);
}
