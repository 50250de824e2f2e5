/* SPDX-License-Identifier: MIT */
#include "data/store_report.h"

#include "data/store_text.h"
#include "format/json.h"
#include "format/prometheus.h"
#include "sys/clock.h"

enum umm_status umm_store_report_json(const struct umm_store_info *info, const char *path,
                                      char **text, size_t *len_bytes, struct umm_error *err)
{
    struct umm_json *json = umm_json_new();
    umm_json_put_text(json, "store", path);
    umm_json_put_count(json, "max_positions", info->max_positions);
    umm_json_put_count(json, "dim", info->dim);
    umm_json_put_count(json, "id_max_bytes", info->id_max_bytes);
    umm_json_put_count(json, "entries", info->n_entries);
    umm_json_put_count(json, "active", info->n_entries - info->n_inactive);
    umm_json_put_count(json, "inactive", info->n_inactive);
    umm_json_put_count(json, "puts", info->n_puts);
    umm_json_put_count(json, "evictions", info->n_evictions);
    umm_json_put_count(json, "file_bytes", info->n_bytes);
    enum umm_status status = umm_json_print(json, true, text, len_bytes, err);
    umm_json_free(json);
    return status;
}

enum umm_status umm_store_report_prometheus(const struct umm_store_info *info, const char *path,
                                            char **text, size_t *len_bytes, struct umm_error *err)
{
    struct umm_prometheus page = {0};
    umm_prometheus_begin(&page, "umm-store", path);
    umm_prometheus_gauge(&page, "umm_store_positions", "Positions the store has.",
                         (double)info->max_positions);
    umm_prometheus_gauge(&page, "umm_store_entries", "Positions with an id, active or not.",
                         (double)info->n_entries);
    umm_prometheus_gauge(&page, "umm_store_inactive", "Entries that may be evicted.",
                         (double)info->n_inactive);
    umm_prometheus_gauge(&page, "umm_store_puts", "Vectors put so far.", (double)info->n_puts);
    umm_prometheus_gauge(&page, "umm_store_evictions", "Entries evicted so far.",
                         (double)info->n_evictions);
    umm_prometheus_gauge(&page, "umm_store_file_bytes", "Size of the store's files.",
                         (double)info->n_bytes);
    umm_prometheus_success(&page, (double)umm_clock_realtime_ns() / 1e9);
    return umm_prometheus_take(&page, text, len_bytes, err);
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
    enum umm_status status = umm_json_print(json, true, text, len_bytes, err);
    umm_json_free(json);
    return status;
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
