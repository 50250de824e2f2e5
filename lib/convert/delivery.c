/* SPDX-License-Identifier: MIT */
#include "convert/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "sys/file.h"

/* ---- names ------------------------------------------------------------------------ */

/* A file, what its dataset's path is, and what else its name tells. */
struct named {
    const char *file;
    char *path;
    char *kind; /* NULL: nothing */
};

/* Base names first: in which directories files are does not matter. */
static int compare_files(const char *a, const char *b)
{
    const char *slash_a = strrchr(a, '/'), *slash_b = strrchr(b, '/');
    const int by_name = strcmp(slash_a ? slash_a + 1 : a, slash_b ? slash_b + 1 : b);
    return by_name ? by_name : strcmp(a, b);
}

static int compare_named(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    const int by_path = strcmp(x->path, y->path);
    return by_path ? by_path : compare_files(x->file, y->file);
}

static enum umm_status name_one(const struct umm_delivery_options *options,
                                const struct umm_deliveryname_reader *reader, struct named *named,
                                struct umm_error *err)
{
    struct umm_deliveryname name = {.kind = ""};
    const struct umm_deliveryname_options *given = &options->names;
    enum umm_status status = UMM_OK;
    if (!given->symbol || !given->timeframe)
        status = umm_deliveryname_read(reader, named->file, &name, err);
    if (status)
        return status;
    status = umm_dataset_path(options->root, given->symbol ? given->symbol : name.symbol,
                              given->timeframe ? given->timeframe : name.timeframe.name,
                              &named->path, err);
    if (!status && name.kind[0]) {
        named->kind = strdup(name.kind);
        if (!named->kind)
            status = umm_error_set_memory(err, strlen(name.kind), "what a name tells");
    }
    return status;
}

static enum umm_status name_all(const struct umm_delivery_options *options, struct named *named,
                                size_t n, struct umm_error *err)
{
    struct umm_deliveryname_reader *reader;
    enum umm_status status = umm_deliveryname_reader_new(&options->names, &reader, err);
    for (size_t i = 0; !status && i < n; i++)
        status = name_one(options, reader, &named[i], err);
    umm_deliveryname_reader_free(reader);
    return status;
}

/* ---- groups ----------------------------------------------------------------------- */

/* Bids and asks, or prices of two exchanges, would be one series in silence. */
static enum umm_status check_kinds(const struct named *named, size_t n, struct umm_error *err)
{
    const struct named *one = NULL;
    char kind[UMM_EXCERPT_MAX], other[UMM_EXCERPT_MAX], file[4 * UMM_EXCERPT_MAX];
    for (size_t i = 0; i < n; i++) {
        if (!named[i].kind)
            continue;
        if (!one)
            one = &named[i];
        if (strcasecmp(one->kind, named[i].kind) == 0)
            continue;
        umm_escape(kind, sizeof kind, named[i].kind, strlen(named[i].kind));
        umm_escape(other, sizeof other, one->kind, strlen(one->kind));
        umm_escape(file, sizeof file, one->file, strlen(one->file));
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, named[i].file,
                                  "its name tells %s, and that of %s %s: not one dataset", kind,
                                  file, other);
    }
    return UMM_OK;
}

static size_t count_groups(const struct named *named, size_t n)
{
    size_t n_groups = n > 0;
    for (size_t i = 1; i < n; i++)
        n_groups += strcmp(named[i - 1].path, named[i].path) != 0;
    return n_groups;
}

/* The files named[0..n) as datasets; *named gives its paths away. */
static enum umm_status divide(struct named *named, size_t n, struct umm_delivery *delivery,
                              struct umm_error *err)
{
    const size_t n_groups = count_groups(named, n);
    delivery->datasets = calloc(n_groups + 1, sizeof *delivery->datasets);
    delivery->files = calloc(n + 1, sizeof *delivery->files);
    delivery->first = calloc(n + 1, sizeof *delivery->first);
    if (!delivery->datasets || !delivery->files || !delivery->first)
        return umm_error_set_memory(err, n * sizeof *delivery->first, "the list of files");
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from; to < n && strcmp(named[from].path, named[to].path) == 0; to++)
            delivery->files[to] = named[to].file;
        enum umm_status status = check_kinds(named + from, to - from, err);
        if (status)
            return status;
        delivery->datasets[delivery->n_datasets++] =
            (struct umm_delivery_dataset){.path = named[from].path,
                                          .files = delivery->files + from,
                                          .first = delivery->first + from,
                                          .n_files = to - from};
        for (size_t i = from + 1; i < to; i++)
            free(named[i].path);
        for (size_t i = from; i < to; i++)
            named[i].path = NULL;
    }
    return UMM_OK;
}

enum umm_status umm_delivery_group(const struct umm_delivery_options *options,
                                   const char *const *files, size_t n,
                                   struct umm_delivery *delivery, struct umm_error *err)
{
    struct named *named = calloc(n + 1, sizeof *named);
    *delivery = (struct umm_delivery){.n_datasets = 0};
    if (!named)
        return umm_error_set_memory(err, n * sizeof *named, "the list of files");
    for (size_t i = 0; i < n; i++)
        named[i].file = files[i];
    enum umm_status status = name_all(options, named, n, err);
    if (!status) {
        qsort(named, n, sizeof *named, compare_named);
        status = divide(named, n, delivery, err);
    }
    for (size_t i = 0; i < n; i++) {
        free(named[i].path);
        free(named[i].kind);
    }
    free(named);
    return status;
}

void umm_delivery_free(struct umm_delivery *delivery)
{
    for (size_t i = 0; i < delivery->n_datasets; i++)
        free(delivery->datasets[i].path);
    free(delivery->datasets);
    free(delivery->files);
    free(delivery->first);
    *delivery = (struct umm_delivery){.n_datasets = 0};
}

/* ---- order ------------------------------------------------------------------------ */

struct placed {
    const char *file;
    struct umm_firstrow first;
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    if (x->first.has_row != y->first.has_row)
        return x->first.has_row ? -1 : 1;
    if (x->first.has_row && x->first.time != y->first.time)
        return x->first.time < y->first.time ? -1 : 1;
    return compare_files(x->file, y->file);
}

enum umm_status umm_delivery_order(struct umm_delivery_dataset *dataset,
                                   const struct umm_convert_options *options, struct umm_run *run,
                                   struct umm_error *err)
{
    const size_t n = dataset->n_files;
    struct placed *placed = calloc(n, sizeof *placed);
    enum umm_status status = UMM_OK;
    if (!placed)
        return umm_error_set_memory(err, n * sizeof *placed, "the order of files");
    for (size_t i = 0; !status && i < n; i++) {
        placed[i].file = dataset->files[i];
        status = umm_run_is_cancelled(run)
                     ? umm_error_set_cancelled(err)
                     : umm_firstrow_find(placed[i].file, options, run, &placed[i].first, err);
    }
    if (!status) {
        qsort(placed, n, sizeof *placed, compare_placed);
        for (size_t i = 0; i < n; i++) {
            dataset->files[i] = placed[i].file;
            dataset->first[i] = placed[i].first;
        }
        dataset->is_ordered = true;
    }
    free(placed);
    return status;
}

bool umm_delivery_can_order(const struct umm_delivery_dataset *dataset)
{
    struct umm_file_info info;
    for (size_t i = 0; i < dataset->n_files; i++)
        if (strcmp(dataset->files[i], "-") == 0 ||
            (umm_file_stat(dataset->files[i], &info, NULL) == UMM_OK &&
             info.kind != UMM_FILE_REGULAR))
            return false;
    return true;
}
