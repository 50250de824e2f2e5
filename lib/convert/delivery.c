/* SPDX-License-Identifier: MIT */
#include "convert/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/hint.h"
#include "base/list.h"
#include "reading/source.h"
#include "sys/file.h"

/* ---- files and members ---------------------------------------------------------------- */

/* A file or a member, its dataset's path, and what else names tell. Texts are in the arena. */
struct named {
    const char *file, *member, *shown;
    char *path;
    const char *kind;   /* "": nothing */
    const char *layout; /* as umm_deliveryname_layout; or NULL */
    bool is_only;       /* member of its archive */
    uint64_t n_reports;
    struct umm_error *bad; /* why the file cannot be an archive, if it looks like one */
};

struct list {
    struct named *items;
    size_t n;
    struct umm_arena *texts;
};

static enum umm_status add(struct list *list, const struct named *named, struct umm_error *err)
{
    struct named *items = umm_list_room(list->items, list->n, sizeof *items);
    if (!items)
        return umm_error_set_memory(err, list->n * sizeof *items, "the list of files");
    list->items = items;
    items[list->n++] = *named;
    return UMM_OK;
}

/* Whether the first bytes could be those of an archive, or of what one comes out of. */
static enum umm_status is_packed(const char *path, bool *is_so, struct umm_error *err)
{
    char bytes[UMM_PACKING_LOOK_BYTES];
    struct umm_file_info info = {.kind = UMM_FILE_OTHER};
    bool is_there = false;
    size_t n = 0;
    int fd = -1;
    enum umm_status status = UMM_OK;
    *is_so = false;
    if (strcmp(path, "-") != 0)
        status = umm_file_find(path, &is_there, &info, err);
    /* What is missing is said where it is to be read. */
    if (status || !is_there || info.kind != UMM_FILE_REGULAR)
        return status;
    status = umm_file_open_read(path, &fd, &info, err);
    if (!status)
        status = umm_file_read_begin(fd, path, bytes, sizeof bytes, &n, err);
    umm_file_close(&fd);
    *is_so = !status && umm_packing_of(bytes, n, n < sizeof bytes) != UMM_PACKING_NONE;
    return status;
}

static bool ends_with(const char *name, const char *suffix)
{
    const size_t len = strlen(name), n = strlen(suffix);
    return len > n && strcasecmp(name + len - n, suffix) == 0;
}

/* Whether member i is x.txt beside x.csv. They are in order by name: that one is right before. */
static bool is_report(const struct umm_source_list *list, size_t i)
{
    const char *name = list->members[i], *before = i ? list->members[i - 1] : "";
    return ends_with(name, ".txt") && ends_with(before, ".csv") && strlen(name) == strlen(before) &&
           strncmp(name, before, strlen(name) - 4) == 0;
}

/* "FILE(MEMBER)" */
static const char *show(struct umm_arena *texts, const char *file, const char *member)
{
    const size_t cap = strlen(file) + strlen(member) + sizeof "()";
    char *shown = umm_arena_alloc(texts, cap);
    if (shown)
        snprintf(shown, cap, "%s(%s)", file, member);
    return shown;
}

static enum umm_status add_members(struct list *list, const char *file,
                                   const struct umm_source_list *found, struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    size_t n_reports = 0;
    for (size_t i = 0; i < found->n; i++)
        n_reports += is_report(found, i);
    for (size_t i = 0; !status && i < found->n; i++) {
        if (is_report(found, i)) {
            list->items[list->n - 1].n_reports++;
            continue;
        }
        const struct named named = {.file = file,
                                    .member = umm_arena_copy_text(list->texts, found->members[i]),
                                    .shown = show(list->texts, file, found->members[i]),
                                    .kind = "",
                                    .is_only = found->n - n_reports == 1};
        status = umm_arena_check(list->texts, "names of members", err);
        if (!status)
            status = add(list, &named, err);
    }
    return status;
}

/* The file, or the members of the archive that it is. */
static enum umm_status add_file(struct list *list, const struct umm_delivery_options *options,
                                const char *file, struct umm_run *run, struct umm_error *err)
{
    const struct umm_source_options how = {.unpack = options->unpack};
    struct umm_source_list found = {.n = 0};
    struct named named = {.file = file, .shown = file, .kind = ""};
    struct umm_error why = {.status = UMM_OK};
    bool is_so;
    enum umm_status status = is_packed(file, &is_so, &why);
    if (!status && is_so)
        status = umm_source_list(file, &how, run, &found, &why);
    if (status == UMM_ERR_MEMORY || status == UMM_ERR_CANCELLED) {
        if (err)
            *err = why;
    } else if (status) {
        named.bad = umm_arena_alloc(list->texts, sizeof *named.bad);
        status = umm_arena_check(list->texts, "why an archive cannot be read", err);
        if (!status) {
            *named.bad = why;
            status = add(list, &named, err);
        }
    } else {
        status = found.is_archive ? add_members(list, file, &found, err) : add(list, &named, err);
    }
    umm_source_list_free(&found);
    return status;
}

/* ---- names ------------------------------------------------------------------------ */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Base names first: in which directories files are does not matter. */
static int compare_files(const char *file_a, const char *member_a, const char *shown_a,
                         const char *file_b, const char *member_b, const char *shown_b)
{
    const int by_name =
        strcmp(base_of(member_a ? member_a : file_a), base_of(member_b ? member_b : file_b));
    return by_name ? by_name : strcmp(shown_a, shown_b);
}

static int compare_named(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    const int by_path = strcmp(x->path ? x->path : "", y->path ? y->path : "");
    return by_path ? by_path
                   : compare_files(x->file, x->member, x->shown, y->file, y->member, y->shown);
}

/* Of an archive's only member, which both names are of. */
static enum umm_status check_both(const struct named *named, const struct umm_deliveryname *member,
                                  const struct umm_deliveryname *file, struct umm_error *err)
{
    char own[UMM_EXCERPT_MAX], whole[UMM_EXCERPT_MAX];
    if (strcmp(member->symbol, file->symbol) == 0 &&
        strcmp(member->timeframe.name, file->timeframe.name) == 0)
        return UMM_OK;
    umm_escape(own, sizeof own, member->symbol, strlen(member->symbol));
    umm_escape(whole, sizeof whole, file->symbol, strlen(file->symbol));
    umm_error_set_path(err, UMM_ERR_ARGUMENT, named->shown,
                       "the member's name tells \"%s\" %s, and the archive's \"%s\" %s", own,
                       member->timeframe.name, whole, file->timeframe.name);
    return umm_error_hint(err, UMM_ERR_ARGUMENT, UMM_HINT_DATASET);
}

/* What the name of a member tells, or else that of its archive. */
static enum umm_status read_member(const struct umm_deliveryname_reader *reader,
                                   const struct named *named, struct umm_deliveryname *name,
                                   struct umm_error *err)
{
    struct umm_deliveryname whole = {.by = NULL};
    enum umm_status status = umm_deliveryname_read(reader, named->member, name, err);
    if (status)
        umm_error_at(err, named->shown, 0, 0, 0);
    if ((status && name->by) || (!status && !named->is_only))
        return status;
    if (umm_deliveryname_read(reader, named->file, &whole, NULL) != UMM_OK)
        return status;
    if (!status)
        return check_both(named, name, &whole, err);
    *name = whole;
    return UMM_OK;
}

/* UMM_ERR_ABSENT: a bad archive, whose name tells nothing. */
static enum umm_status read_name(const struct umm_deliveryname_reader *reader,
                                 const struct named *named, struct umm_deliveryname *name,
                                 struct umm_error *err)
{
    if (named->member)
        return read_member(reader, named, name, err);
    enum umm_status status =
        umm_deliveryname_read(reader, named->file, name, named->bad ? NULL : err);
    if (!status || !named->bad)
        return status;
    return name->by ? umm_deliveryname_read(reader, named->file, name, err) : UMM_ERR_ABSENT;
}

static enum umm_status name_one(const struct umm_delivery_options *options,
                                const struct umm_deliveryname_reader *reader, struct list *list,
                                struct named *named, struct umm_error *err)
{
    struct umm_deliveryname name = {.kind = ""};
    const struct umm_deliveryname_options *given = &options->names;
    enum umm_status status = UMM_OK;
    if (!given->symbol || !given->timeframe)
        status = read_name(reader, named, &name, err);
    if (status == UMM_ERR_ABSENT)
        return UMM_OK; /* it has no path */
    if (status)
        return status;
    named->layout = umm_deliveryname_layout(name.by);
    named->kind = name.kind[0] ? umm_arena_copy_text(list->texts, name.kind) : "";
    status = umm_arena_check(list->texts, "what names tell", err);
    return status ? status
                  : umm_dataset_path(options->root, given->symbol ? given->symbol : name.symbol,
                                     given->timeframe ? given->timeframe : name.timeframe.name,
                                     &named->path, err);
}

static enum umm_status list_all(const struct umm_delivery_options *options,
                                const char *const *files, size_t n, struct umm_run *run,
                                struct list *list, struct umm_error *err)
{
    struct umm_deliveryname_reader *reader;
    enum umm_status status = umm_deliveryname_reader_new(&options->names, &reader, err);
    for (size_t i = 0; !status && i < n; i++)
        status = umm_run_is_cancelled(run) ? umm_error_set_cancelled(err)
                                           : add_file(list, options, files[i], run, err);
    for (size_t i = 0; !status && i < list->n; i++)
        status = name_one(options, reader, list, &list->items[i], err);
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
        if (!named[i].kind[0])
            continue;
        if (!one)
            one = &named[i];
        if (strcasecmp(one->kind, named[i].kind) == 0)
            continue;
        umm_escape(kind, sizeof kind, named[i].kind, strlen(named[i].kind));
        umm_escape(other, sizeof other, one->kind, strlen(one->kind));
        umm_escape(file, sizeof file, one->shown, strlen(one->shown));
        return umm_error_set_path(err, UMM_ERR_ARGUMENT, named[i].shown,
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

/* One dataset of files named[0..n), whose texts are those of the delivery from `at` on. */
static void fill(struct named *named, size_t n, struct umm_delivery *delivery, size_t at)
{
    const char **texts = delivery->texts_of_files + 3 * at;
    struct umm_delivery_dataset *dataset = &delivery->datasets[delivery->n_datasets++];
    *dataset = (struct umm_delivery_dataset){.path = named->path,
                                             .files = texts,
                                             .members = texts + n,
                                             .shown = texts + 2 * n,
                                             .first = delivery->first + at,
                                             .n_files = n,
                                             .layout = named->layout};
    for (size_t i = 0; i < n; i++) {
        if (named[i].layout != dataset->layout)
            dataset->layout = NULL;
        dataset->files[i] = named[i].file;
        dataset->members[i] = named[i].member;
        dataset->shown[i] = named[i].shown;
        dataset->n_reports += named[i].n_reports;
        if (i)
            free(named[i].path);
        named[i].path = NULL;
    }
}

/* The files named[0..n) as datasets; *named gives its paths away. */
static enum umm_status divide(struct named *named, size_t n, struct umm_delivery *delivery,
                              struct umm_error *err)
{
    const size_t n_groups = count_groups(named, n);
    delivery->datasets = calloc(n_groups + 1, sizeof *delivery->datasets);
    delivery->texts_of_files = calloc(3 * n + 1, sizeof *delivery->texts_of_files);
    delivery->first = calloc(n + 1, sizeof *delivery->first);
    if (!delivery->datasets || !delivery->texts_of_files || !delivery->first)
        return umm_error_set_memory(err, n * sizeof *delivery->first, "the list of files");
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && strcmp(named[from].path, named[to].path) == 0;)
            to++;
        enum umm_status status = check_kinds(named + from, to - from, err);
        if (status)
            return status;
        fill(named + from, to - from, delivery, from);
    }
    return UMM_OK;
}

/* Files without a path, which are the first ones. */
static enum umm_status set_apart(const struct named *named, size_t n, struct umm_delivery *delivery,
                                 struct umm_error *err)
{
    delivery->failures = calloc(n + 1, sizeof *delivery->failures);
    if (!delivery->failures)
        return umm_error_set_memory(err, n * sizeof *delivery->failures, "the list of files");
    for (; delivery->n_failures < n && !named[delivery->n_failures].path; delivery->n_failures++) {
        const struct named *one = &named[delivery->n_failures];
        delivery->failures[delivery->n_failures] =
            (struct umm_delivery_failure){one->file, one->bad};
    }
    return UMM_OK;
}

enum umm_status umm_delivery_group(const struct umm_delivery_options *options,
                                   const char *const *files, size_t n, struct umm_run *run,
                                   struct umm_delivery *delivery, struct umm_error *err)
{
    *delivery = (struct umm_delivery){.n_datasets = 0};
    struct list list = {.texts = &delivery->texts};
    enum umm_status status = list_all(options, files, n, run, &list, err);
    if (!status && list.n)
        qsort(list.items, list.n, sizeof *list.items, compare_named);
    if (!status)
        status = set_apart(list.items, list.n, delivery, err);
    if (!status)
        status =
            divide(list.items + delivery->n_failures, list.n - delivery->n_failures, delivery, err);
    for (size_t i = 0; i < list.n; i++)
        free(list.items[i].path);
    free(list.items);
    return status;
}

void umm_delivery_free(struct umm_delivery *delivery)
{
    for (size_t i = 0; i < delivery->n_datasets; i++)
        free(delivery->datasets[i].path);
    free(delivery->datasets);
    free(delivery->failures);
    free(delivery->texts_of_files);
    free(delivery->first);
    umm_arena_close(&delivery->texts);
    *delivery = (struct umm_delivery){.n_datasets = 0};
}

/* ---- order ------------------------------------------------------------------------ */

struct placed {
    const char *file, *member, *shown;
    struct umm_firstrow first;
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    if (x->first.has_row != y->first.has_row)
        return x->first.has_row ? -1 : 1;
    if (x->first.has_row && x->first.time != y->first.time)
        return x->first.time < y->first.time ? -1 : 1;
    return compare_files(x->file, x->member, x->shown, y->file, y->member, y->shown);
}

/* Look at the first row of each file. */
static enum umm_status look_at_all(const struct umm_delivery_dataset *dataset,
                                   const struct umm_convert_options *options, struct umm_run *run,
                                   struct placed *placed, struct umm_error *err)
{
    struct umm_convert_archive archive = {.unpack = NULL};
    enum umm_status status = UMM_OK;
    for (size_t i = 0; !status && i < dataset->n_files; i++) {
        placed[i] = (struct placed){
            .file = dataset->files[i], .member = dataset->members[i], .shown = dataset->shown[i]};
        status = umm_run_is_cancelled(run)
                     ? umm_error_set_cancelled(err)
                     : umm_firstrow_find(placed[i].file, placed[i].member, options, &archive, run,
                                         &placed[i].first, err);
    }
    umm_convert_archive_close(&archive);
    return status;
}

enum umm_status umm_delivery_order(struct umm_delivery_dataset *dataset,
                                   const struct umm_convert_options *options, struct umm_run *run,
                                   struct umm_error *err)
{
    const size_t n = dataset->n_files;
    struct placed *placed = calloc(n, sizeof *placed);
    if (!placed)
        return umm_error_set_memory(err, n * sizeof *placed, "the order of files");
    enum umm_status status = look_at_all(dataset, options, run, placed, err);
    if (!status) {
        qsort(placed, n, sizeof *placed, compare_placed);
        for (size_t i = 0; i < n; i++) {
            dataset->files[i] = placed[i].file;
            dataset->members[i] = placed[i].member;
            dataset->shown[i] = placed[i].shown;
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
