/* SPDX-License-Identifier: MIT */
#include "store/store_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "format/figures.h"
#include "store/store_text.h"
#include "umm/store.h"

#define FIGURE(key, member, metric) UMM_FIGURE(key, struct umm_store_info, member, metric)

static const struct umm_figure of_store[] = {
    FIGURE("max_positions", max_positions, UMM_METRIC_STORE_POSITIONS),
    FIGURE("dim", dim, UMM_METRIC_NONE), FIGURE("id_max_bytes", id_max_bytes, UMM_METRIC_NONE),
    FIGURE("entries", n_entries, UMM_METRIC_STORE_ENTRIES), UMM_FIGURES_END};

static const struct umm_figure of_use[] = {
    FIGURE("inactive", n_inactive, UMM_METRIC_STORE_INACTIVE),
    FIGURE("expired", n_expired, UMM_METRIC_STORE_EXPIRED),
    FIGURE("puts", n_puts, UMM_METRIC_STORE_PUTS),
    FIGURE("evictions", n_evictions, UMM_METRIC_STORE_EVICTIONS),
    FIGURE("file_bytes", n_bytes, UMM_METRIC_STORE_FILES),
    UMM_FIGURES_END};

enum umm_status umm_store_report_json(const struct umm_store_info *info, const char *path,
                                      char **text, size_t *len_bytes, struct umm_error *err)
{
    struct umm_json *json = umm_json_new();
    umm_json_put_text(json, "store", path);
    umm_figures_put(json, of_store, info);
    umm_json_put_count(json, "active", info->n_entries - info->n_inactive);
    umm_figures_put(json, of_use, info);
    umm_json_put_integer(json, "ttl_ns", info->ttl_ns);
    return umm_json_finish(json, true, text, len_bytes, err);
}

void umm_store_report_metrics(const struct umm_store_info *info, const char *path,
                              struct umm_prometheus *page)
{
    umm_prometheus_begin(page, "umm-store", "stat", path);
    umm_figures_add(page, of_store, info);
    umm_figures_add(page, of_use, info);
    umm_prometheus_success(page);
}

enum umm_status umm_store_report_entry_json(const struct umm_store_entry *entry, char **text,
                                            size_t *len_bytes, struct umm_error *err)
{
    char stamp[UMM_TIME_ISO_MAX];
    struct umm_json *json = umm_json_new();
    umm_time_format_iso(umm_time_from_unit(entry->timestamp_ns, UMM_TIME_NS), stamp);
    umm_json_put_text(json, "id", entry->id);
    umm_json_put_bool(json, "active", entry->is_active);
    umm_json_put_text(json, "timestamp", stamp);
    umm_json_put_count(json, "position", entry->position);
    if (entry->expires_ns != INT64_MAX) {
        umm_time_format_iso(umm_time_from_unit(entry->expires_ns, UMM_TIME_NS), stamp);
        umm_json_put_text(json, "expires", stamp);
    }
    return umm_json_finish(json, true, text, len_bytes, err);
}

size_t umm_store_report_entry(const struct umm_store_entry *entry,
                              char out[UMM_STORE_ENTRY_LINE_MAX])
{
    char *end = umm_store_print_id(out, entry);
    *end++ = ',';
    *end++ = entry->is_active ? '1' : '0';
    *end++ = ',';
    end += umm_time_format_iso(umm_time_from_unit(entry->timestamp_ns, UMM_TIME_NS), end);
    *end++ = '\n';
    return (size_t)(end - out);
}

/* ---- a verdict ------------------------------------------------------------------------ */

static size_t n_findings(const struct umm_store_verdict *verdict)
{
    bool is_more = verdict->n_faults > UMM_STORE_FINDINGS_MAX;
    return is_more ? UMM_STORE_FINDINGS_MAX : (size_t)verdict->n_faults;
}

static void sum_up(const struct umm_store_verdict *v, char *line, size_t cap)
{
    snprintf(line, cap,
             "%" PRIu64 " positions, %" PRIu64 " sound entries, %" PRIu64 " inactive; %" PRIu64
             " damaged, %" PRIu64 " half written, %" PRIu64 " not found by the index, or twice",
             v->max_positions, v->n_entries, v->n_inactive, v->n_damaged, v->n_torn, v->n_lost);
}

bool umm_store_report_verdict_line(const struct umm_store_verdict *verdict, size_t index,
                                   char line[UMM_ERROR_MESSAGE_MAX + 8])
{
    const size_t cap = UMM_ERROR_MESSAGE_MAX + 8, n = n_findings(verdict);
    if (index < n) {
        snprintf(line, cap, "FAIL: %s", verdict->findings[index]);
        return true;
    }
    index -= n;
    if (verdict->n_faults > n && index-- == 0) {
        snprintf(line, cap, "FAIL: and %" PRIu64 " more", verdict->n_faults - n);
        return true;
    }
    if (index == 0)
        sum_up(verdict, line, cap);
    else if (!verdict->is_counted && --index == 0)
        snprintf(line, cap,
                 "a writer is at work, or was killed: the index's counts were not looked at");
    else if (verdict->n_faults && !verdict->is_on_server && index == 1)
        snprintf(line, cap,
                 "To mend it, remove index.umm while no process has the store open: the next "
                 "command that writes makes it again, and removes what is damaged.");
    else
        return false;
    return true;
}

#undef FIGURE
#define FIGURE(key, member) UMM_FIGURE(key, struct umm_store_verdict, member, UMM_METRIC_NONE)

static const struct umm_figure of_verdict[] = {FIGURE("max_positions", max_positions),
                                               FIGURE("entries", n_entries),
                                               FIGURE("inactive", n_inactive),
                                               FIGURE("damaged", n_damaged),
                                               FIGURE("half_written", n_torn),
                                               FIGURE("not_found_once", n_lost),
                                               FIGURE("miscounted", n_miscounted),
                                               FIGURE("counts_compared", is_counted),
                                               FIGURE("faults", n_faults),
                                               UMM_FIGURES_END};

enum umm_status umm_store_report_verdict_json(const struct umm_store_verdict *verdict,
                                              const char *path, char **text, size_t *len_bytes,
                                              struct umm_error *err)
{
    struct umm_json *json = umm_json_new();
    umm_json_put_text(json, "store", path);
    umm_figures_put(json, of_verdict, verdict);
    umm_json_put_array(json, "findings");
    for (size_t i = 0; i < n_findings(verdict); i++)
        umm_json_put_text(umm_json_add_object(json, "findings"), "fault", verdict->findings[i]);
    return umm_json_finish(json, true, text, len_bytes, err);
}
