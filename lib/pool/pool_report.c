/* SPDX-License-Identifier: MIT */
#include "pool/pool_report.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/line.h"
#include "format/figures.h"
#include "sys/file.h"

/* ---- looking --------------------------------------------------------------- */

static void describe_type(const struct umm_npy *npy, char *text, size_t cap_bytes)
{
    enum { FIELDS_SHOWN = 6 };
    char descr[UMM_NPY_TYPE_TEXT_MAX], name[UMM_EXCERPT_MAX / 2];
    if (!npy->is_struct) {
        umm_npy_type_text(&npy->type, descr);
        umm_line_add(text, cap_bytes, "%s", descr);
        return;
    }
    for (size_t i = 0; i < npy->n_fields && i < FIELDS_SHOWN; i++) {
        const struct umm_npy_field *field = &npy->fields[i];
        umm_npy_type_text(&field->type, descr);
        umm_escape(name, sizeof name, field->name, strlen(field->name));
        umm_line_add(text, cap_bytes, "%s%s %s", i ? ", " : "[", name, descr);
    }
    umm_line_add(text, cap_bytes, npy->n_fields > FIELDS_SHOWN ? ", ...]" : "]");
}

static void describe_array(const struct umm_npy *npy, char *text, size_t cap_bytes)
{
    text[0] = '\0';
    describe_type(npy, text, cap_bytes);
    umm_line_add(text, cap_bytes, " (");
    for (unsigned i = 0; i < npy->n_dims; i++)
        umm_line_add(text, cap_bytes, "%s%" PRIu64, i ? ", " : "", npy->shape[i]);
    umm_line_add(text, cap_bytes, "%s)%s", npy->n_dims == 1 ? "," : "",
                 npy->is_fortran ? " Fortran order" : "");
}

/* Of the open file, which may not be the one that was listed: it may have been replaced. */
static enum umm_status describe_file(struct umm_pool_item *item, int fd, const struct umm_npy *npy,
                                     struct umm_error *err)
{
    struct umm_file_info info;
    enum umm_status status = umm_file_stat_fd(fd, item->entry.key, &info, err);
    if (status)
        return status;
    describe_array(npy, item->array, sizeof item->array);
    item->entry.size_bytes = info.size_bytes;
    item->entry.device = info.device;
    item->entry.inode = info.inode;
    item->entry.mode = info.mode;
    if (info.mode & 0222)
        umm_error_set(&item->fault, UMM_ERR_CONFLICT, "can be written to (mode %04o)", info.mode);
    return UMM_OK;
}

/*
 * Add an entry, unless it has been removed meanwhile. What is wrong with it is its fault;
 * that it cannot be read is not, unless its mode says so.
 */
static enum umm_status look_at(struct umm_pool_inspection *out, const struct umm_pool_entry *entry,
                               struct umm_error *err)
{
    struct umm_pool_item *item = &out->items[out->n_items];
    struct umm_npy npy;
    int fd;
    *item = (struct umm_pool_item){.entry = *entry};
    enum umm_status status = umm_pool_open_entry(out->pool, entry->key, &fd, &npy, &item->fault);
    int sys_errno = item->fault.sys_errno;
    if (status == UMM_ERR_SYSTEM && sys_errno == ENOENT)
        return UMM_OK;
    if ((status == UMM_ERR_SYSTEM && sys_errno != EACCES) || status == UMM_ERR_MEMORY) {
        if (err)
            *err = item->fault;
        return status;
    }
    enum umm_status described = status ? UMM_OK : describe_file(item, fd, &npy, err);
    umm_npy_free(&npy);
    umm_file_close(&fd);
    if (described)
        return described;
    out->n_items++;
    out->n_faults += item->fault.status != UMM_OK;
    return UMM_OK;
}

static enum umm_status look_for_sharing(struct umm_pool_inspection *out, struct umm_error *err)
{
    struct umm_sharing_file *files = calloc(out->n_items + 1, sizeof *files);
    struct umm_sharing *results = calloc(out->n_items + 1, sizeof *results);
    enum umm_status status = UMM_OK;
    if (!files || !results)
        status = umm_error_set_memory(err, out->n_items * sizeof *results, "a list of files");
    for (size_t i = 0; !status && i < out->n_items; i++)
        files[i] = (struct umm_sharing_file){.device = out->items[i].entry.device,
                                             .inode = out->items[i].entry.inode};
    if (!status && out->n_items)
        status = umm_sharing_read(NULL, files, out->n_items, results, err);
    for (size_t i = 0; !status && i < out->n_items; i++) {
        out->items[i].sharing = results[i];
        out->n_hidden = results[i].n_hidden;
    }
    free(files);
    free(results);
    return status;
}

enum umm_status umm_pool_inspect(const struct umm_pool *pool, bool has_sharing,
                                 const struct umm_run *run, struct umm_pool_inspection *out,
                                 struct umm_error *err)
{
    *out = (struct umm_pool_inspection){.pool = pool, .has_sharing = has_sharing};
    enum umm_status status = umm_pool_scan(pool, run, &out->scan, err);
    if (status)
        return status;
    out->items = calloc(out->scan.n_entries + 1, sizeof *out->items);
    if (!out->items)
        status = umm_error_set_memory(err, out->scan.n_entries * sizeof *out->items, "the entries");
    for (size_t i = 0; !status && i < out->scan.n_entries; i++)
        status = look_at(out, &out->scan.entries[i], err);
    out->n_faults += out->scan.n_foreign + (out->scan.used_bytes > pool->budget_bytes);
    if (!status && has_sharing)
        status = look_for_sharing(out, err);
    if (status)
        umm_pool_inspection_free(out);
    return status;
}

void umm_pool_inspection_free(struct umm_pool_inspection *inspection)
{
    for (size_t i = 0; i < inspection->n_items; i++)
        umm_sharing_free(&inspection->items[i].sharing);
    free(inspection->items);
    umm_pool_scan_free(&inspection->scan);
    *inspection = (struct umm_pool_inspection){.pool = NULL};
}

/* ---- lines ------------------------------------------------------------------ */

static void pool_line(const struct umm_pool_inspection *all, char *line)
{
    const struct umm_pool_scan *scan = &all->scan;
    char path[UMM_ERROR_PATH_MAX];
    uint64_t budget = all->pool->budget_bytes;
    snprintf(line, UMM_POOL_LINE_MAX,
             "%s: %zu entr%s, %" PRIu64 " of %" PRIu64 " bytes used (%.1f %%)",
             umm_escape(path, sizeof path, all->pool->path, strlen(all->pool->path)),
             scan->n_entries, scan->n_entries == 1 ? "y" : "ies", scan->used_bytes, budget,
             budget ? 100.0 * (double)scan->used_bytes / (double)budget : 0);
    if (scan->n_writers)
        umm_line_add(line, UMM_POOL_LINE_MAX, ", %zu being written (%" PRIu64 " bytes)",
                     scan->n_writers, scan->writing_bytes);
    if (scan->n_collected)
        umm_line_add(line, UMM_POOL_LINE_MAX, ", %zu of killed writers removed", scan->n_collected);
}

static void add_sharing(const struct umm_sharing *sharing, char *line)
{
    double part = umm_sharing_one_copy(sharing);
    if (sharing->n_processes == 0) {
        umm_line_add(line, UMM_POOL_LINE_MAX, "; no process %smaps it",
                     sharing->n_hidden ? "that can be seen " : "");
        return;
    }
    umm_line_add(line, UMM_POOL_LINE_MAX, "; %zu process%s", sharing->n_processes,
                 sharing->n_processes == 1 ? "" : "es");
    if (part < 0)
        umm_line_add(line, UMM_POOL_LINE_MAX, ", nothing of it in their memory");
    else
        umm_line_add(line, UMM_POOL_LINE_MAX,
                     ", one copy: %.0f %% (sum of RSS %" PRIu64 ", of PSS %" PRIu64 " bytes)",
                     100 * part, sharing->rss_bytes, sharing->pss_bytes);
}

static void item_line(const struct umm_pool_inspection *all, const struct umm_pool_item *item,
                      char *line)
{
    char key[4 * UMM_POOL_KEY_MAX];
    umm_escape(key, sizeof key, item->entry.key, strlen(item->entry.key));
    snprintf(line, UMM_POOL_LINE_MAX, "%s: %" PRIu64 " bytes", key, item->entry.size_bytes);
    if (item->array[0])
        umm_line_add(line, UMM_POOL_LINE_MAX, ", %s", item->array);
    if (item->fault.status)
        umm_line_add(line, UMM_POOL_LINE_MAX, "; FAIL: %s", item->fault.message);
    if (all->has_sharing)
        add_sharing(&item->sharing, line);
}

bool umm_pool_report_line(const struct umm_pool_inspection *all, size_t index,
                          char line[UMM_POOL_LINE_MAX])
{
    char shown[UMM_EXCERPT_MAX];
    const char *foreign = all->scan.foreign;
    if (index == 0) {
        pool_line(all, line);
        return true;
    }
    if (--index < all->n_items) {
        item_line(all, &all->items[index], line);
        return true;
    }
    index -= all->n_items;
    if (foreign && index-- == 0) {
        snprintf(line, UMM_POOL_LINE_MAX, "FAIL: %zu file%s that no pool has, such as \"%s\"",
                 all->scan.n_foreign, all->scan.n_foreign == 1 ? "" : "s",
                 umm_escape(shown, sizeof shown, foreign, strlen(foreign)));
        return true;
    }
    if (all->scan.used_bytes > all->pool->budget_bytes && index-- == 0) {
        snprintf(line, UMM_POOL_LINE_MAX, "FAIL: more than the budget is used");
        return true;
    }
    if (all->n_hidden && index-- == 0) {
        snprintf(line, UMM_POOL_LINE_MAX,
                 all->n_hidden == 1
                     ? "%zu process could not be looked into: it may also map entries"
                     : "%zu processes could not be looked into: they may also map entries",
                 all->n_hidden);
        return true;
    }
    return false;
}

/* ---- figures ---------------------------------------------------------------- */

static const struct umm_figure of_pool[] = {
    UMM_FIGURE("pool", struct umm_pool, path, UMM_METRIC_NONE),
    UMM_FIGURE("budget_bytes", struct umm_pool, budget_bytes, UMM_METRIC_POOL_BUDGET),
    UMM_FIGURES_END};

static const struct umm_figure of_scan[] = {
    UMM_FIGURE("used_bytes", struct umm_pool_scan, used_bytes, UMM_METRIC_POOL_USED),
    UMM_FIGURE("writers", struct umm_pool_scan, n_writers, UMM_METRIC_NONE),
    UMM_FIGURE("writing_bytes", struct umm_pool_scan, writing_bytes, UMM_METRIC_POOL_WRITING),
    UMM_FIGURE("collected_files", struct umm_pool_scan, n_collected, UMM_METRIC_NONE),
    UMM_FIGURE("foreign_files", struct umm_pool_scan, n_foreign, UMM_METRIC_NONE),
    UMM_FIGURES_END};

static const struct umm_figure of_inspection[] = {
    UMM_FIGURE(NULL, struct umm_pool_inspection, n_items, UMM_METRIC_POOL_ENTRIES),
    UMM_FIGURE("faults", struct umm_pool_inspection, n_faults, UMM_METRIC_POOL_FAULTS),
    UMM_FIGURES_END};

static const struct umm_figure of_sharing[] = {
    UMM_FIGURE("processes", struct umm_sharing, n_processes, UMM_METRIC_NONE),
    UMM_FIGURE("rss_bytes", struct umm_sharing, rss_bytes, UMM_METRIC_NONE),
    UMM_FIGURE("pss_bytes", struct umm_sharing, pss_bytes, UMM_METRIC_NONE),
    UMM_FIGURE("private_copy_bytes", struct umm_sharing, anonymous_bytes, UMM_METRIC_NONE),
    UMM_FIGURES_END};

/* ---- JSON ------------------------------------------------------------------- */

static void put_sharing(struct umm_json *json, const struct umm_sharing *sharing)
{
    double part = umm_sharing_one_copy(sharing);
    umm_figures_put(json, of_sharing, sharing);
    umm_json_put_real(json, "one_copy", part < 0 ? (double)NAN : part);
}

static void put_item(struct umm_json *json, const struct umm_pool_inspection *all,
                     const struct umm_pool_item *item)
{
    char *path = NULL;
    umm_json_put_text(json, "key", item->entry.key);
    if (umm_pool_entry_path(all->pool, item->entry.key, &path, NULL) == UMM_OK)
        umm_json_put_text(json, "path", path);
    free(path);
    umm_json_put_count(json, "bytes", item->entry.size_bytes);
    umm_json_put_text(json, "array", item->array[0] ? item->array : NULL);
    umm_json_put_text(json, "fault", item->fault.status ? item->fault.message : NULL);
    if (all->has_sharing)
        put_sharing(json, &item->sharing);
}

enum umm_status umm_pool_report_json(const struct umm_pool_inspection *all, char **text,
                                     size_t *len_bytes, struct umm_error *err)
{
    struct umm_json *json = umm_figures_begin("umm-pool");
    umm_figures_put(json, of_pool, all->pool);
    umm_figures_put(json, of_scan, &all->scan);
    umm_figures_put(json, of_inspection, all);
    if (all->has_sharing)
        umm_json_put_count(json, "hidden_processes", all->n_hidden);
    umm_json_put_array(json, "entries");
    for (size_t i = 0; i < all->n_items; i++)
        put_item(umm_json_add_object(json, "entries"), all, &all->items[i]);
    return umm_json_finish(json, false, text, len_bytes, err);
}

/* ---- metrics ----------------------------------------------------------------- */

void umm_pool_report_metrics(const struct umm_pool_inspection *all, bool is_verdict,
                             struct umm_prometheus *page)
{
    uint64_t rss = 0, pss = 0;
    umm_prometheus_begin(page, "umm-pool", is_verdict ? "verify" : "stat", all->pool->path);
    umm_figures_add(page, of_pool, all->pool);
    umm_figures_add(page, of_scan, &all->scan);
    umm_figures_add(page, of_inspection, all);
    for (size_t i = 0; i < all->n_items; i++) {
        rss += all->items[i].sharing.rss_bytes;
        pss += all->items[i].sharing.pss_bytes;
    }
    if (all->has_sharing) {
        umm_prometheus_add(page, UMM_METRIC_POOL_RSS, (double)rss);
        umm_prometheus_add(page, UMM_METRIC_POOL_PSS, (double)pss);
        umm_prometheus_add(page, UMM_METRIC_HIDDEN_PROCESSES, (double)all->n_hidden);
    }
    if (!is_verdict || all->n_faults == 0)
        umm_prometheus_success(page);
}
