/* SPDX-License-Identifier: MIT */
#include "watch/watchreport.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "format/figures.h"
#include "text/shortest.h"

#define FIGURE(key, member, metric) UMM_FIGURE(key, struct umm_watch_result, member, metric)

static const struct umm_figure figures[] = {
    FIGURE("open", list.n_open, UMM_METRIC_WATCH_OPEN),
    FIGURE("closed", list.n_closed, UMM_METRIC_WATCH_CLOSED),
    FIGURE("symbols", list.n_symbols, UMM_METRIC_WATCH_SYMBOLS),
    FIGURE("restored", n_restored, UMM_METRIC_NONE),
    FIGURE("events", n_events, UMM_METRIC_WATCH_EVENTS),
    FIGURE("opens", list.n_opens, UMM_METRIC_NONE),
    FIGURE("replaced", list.n_replaced, UMM_METRIC_NONE),
    FIGURE("closes", list.n_closes, UMM_METRIC_NONE),
    FIGURE("unknown_closes", list.n_unknown, UMM_METRIC_NONE),
    FIGURE("prices", list.n_prices, UMM_METRIC_NONE),
    FIGURE("forgotten", list.n_forgotten, UMM_METRIC_NONE),
    FIGURE("bad_events", n_bad, UMM_METRIC_WATCH_BAD),
    FIGURE("events_before_state", n_before, UMM_METRIC_NONE),
    FIGURE("looks", list.n_looks, UMM_METRIC_WATCH_LOOKS),
    FIGURE("closed_looks", n_closed_looks, UMM_METRIC_NONE),
    FIGURE("skipped_looks", list.n_skipped, UMM_METRIC_WATCH_SKIPPED),
    FIGURE("brought_forward", list.n_brought_forward, UMM_METRIC_NONE),
    FIGURE("late_p50_us", late_p50_us, UMM_METRIC_NONE),
    FIGURE("late_p99_us", late_p99_us, UMM_METRIC_NONE),
    FIGURE("late_p999_us", late_p999_us, UMM_METRIC_NONE),
    FIGURE("late_max_us", late_max_us, UMM_METRIC_NONE),
    FIGURE("polled_looks", n_polled, UMM_METRIC_NONE),
    FIGURE("saved_share", saved_share, UMM_METRIC_WATCH_SAVED),
    FIGURE("overloads", n_overloads, UMM_METRIC_WATCH_OVERLOADS),
    FIGURE("commands", n_commands, UMM_METRIC_WATCH_COMMANDS),
    FIGURE("failed_commands", n_failed_commands, UMM_METRIC_WATCH_FAILED_COMMANDS),
    FIGURE("clients", n_clients, UMM_METRIC_NONE),
    FIGURE("refused_clients", n_refused, UMM_METRIC_NONE),
    FIGURE("checkpoints", n_checkpoints, UMM_METRIC_WATCH_CHECKPOINTS),
    FIGURE("state_cut_bytes", cut_bytes, UMM_METRIC_NONE),
    FIGURE("list_bytes", list.size_bytes, UMM_METRIC_NONE),
    FIGURE("seconds", seconds, UMM_METRIC_DURATION),
    UMM_FIGURES_END};

/* The levels of a run: those that were asked for, or the usual ones. The last one is above 0. */
static void levels_of(const struct umm_watch_options *options, struct umm_watch_rules *rules)
{
    *rules = options->rules;
    if (rules->n_levels == 0)
        umm_watch_default_levels(rules);
    rules->levels[rules->n_levels - 1].above = 0;
}

enum umm_status umm_watch_report_json(const struct umm_watch_options *options,
                                      const struct umm_watch_result *result, bool is_compact,
                                      char **text, size_t *len_bytes, struct umm_error *err)
{
    struct umm_json *json = umm_figures_begin("umm-watch");
    struct umm_watch_rules rules;
    umm_json_put_text(json, "input", options->input);
    umm_json_put_text(json, "state", options->state);
    umm_figures_put(json, figures, result);
    levels_of(options, &rules);
    for (uint32_t i = 0; i < rules.n_levels; i++) {
        struct umm_json *level = umm_json_add_object(json, "levels");
        umm_json_put_real(level, "above", rules.levels[i].above);
        umm_json_put_integer(level, "interval_ms", rules.levels[i].interval_ms);
        umm_json_put_count(level, "looks", result->n_level_looks[i]);
    }
    return umm_json_finish(json, is_compact, text, len_bytes, err);
}

static void add_late(struct umm_prometheus *page, const char *quantile, uint64_t late_us)
{
    const char *const labels[] = {"quantile", quantile, NULL};
    umm_prometheus_add_labelled(page, UMM_METRIC_WATCH_LATE, labels, (double)late_us / 1e6);
}

void umm_watch_report_metrics(const struct umm_watch_options *options,
                              const struct umm_watch_result *result, struct umm_prometheus *page)
{
    struct umm_watch_rules rules;
    umm_prometheus_begin(page, "umm-watch", NULL, options->state);
    umm_figures_add(page, figures, result);
    levels_of(options, &rules);
    for (uint32_t i = 0; i < rules.n_levels; i++) {
        char above[UMM_PRINT_SHORTEST_MAX + 1];
        const char *const labels[] = {"above", above, NULL};
        *umm_print_f64_shortest(above, rules.levels[i].above) = '\0';
        umm_prometheus_add_labelled(page, UMM_METRIC_WATCH_LEVEL_LOOKS, labels,
                                    (double)result->n_level_looks[i]);
    }
    add_late(page, "0.5", result->late_p50_us);
    add_late(page, "0.99", result->late_p99_us);
    add_late(page, "0.999", result->late_p999_us);
    add_late(page, "1", result->late_max_us);
    umm_prometheus_success(page);
}

static void add_count(char *line, uint64_t n, const char *noun, const char *after)
{
    if (n)
        umm_line_add(line, UMM_WATCH_LINE_MAX, ", %" PRIu64 " %s%s%s", n, noun, umm_line_plural(n),
                     after);
}

void umm_watch_report_line(const struct umm_watch_options *options,
                           const struct umm_watch_result *result, char line[UMM_WATCH_LINE_MAX])
{
    const size_t cap = UMM_WATCH_LINE_MAX;
    const struct umm_watch_stats *list = &result->list;
    enum { PERCENT = 100 };
    line[0] = '\0';
    umm_line_add(line, cap, "%" PRIu64 " event%s", result->n_events,
                 umm_line_plural(result->n_events));
    add_count(line, result->n_bad, "bad event", "");
    add_count(line, result->n_before, "event", " before the state");
    umm_line_add(line, cap, ", %" PRIu64 " look%s", list->n_looks, umm_line_plural(list->n_looks));
    add_count(line, list->n_skipped, "look", " skipped");
    if (isfinite(result->saved_share))
        umm_line_add(line, cap, ", %.1f %% %s than one a second",
                     PERCENT * fabs(result->saved_share),
                     result->saved_share < 0 ? "more" : "fewer");
    if (!options->is_input_clock)
        umm_line_add(line, cap,
                     "; late p50 %" PRIu64 " us, p99 %" PRIu64 " us, at most %" PRIu64 " us",
                     result->late_p50_us, result->late_p99_us, result->late_max_us);
    if (result->n_commands)
        umm_line_add(line, cap, "; %" PRIu64 " batch%s, %" PRIu64 " failed", result->n_commands,
                     result->n_commands == 1 ? "" : "es", result->n_failed_commands);
    umm_line_add(line, cap, "; %" PRIu64 " open, %" PRIu64 " closed; %.3f s", list->n_open,
                 list->n_closed, result->seconds);
}
