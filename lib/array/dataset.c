/* SPDX-License-Identifier: MIT */
#include "array/dataset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "sys/directory.h"
#include "sys/file.h"
#include "sys/trust.h"

/* What a file system takes; a longer one cannot be opened. It fits in a key with its range. */
enum { FILE_NAME_MAX = 255 };
_Static_assert(UMM_DATASET_KEY_MAX > FILE_NAME_MAX + UMM_TIMERANGE_NAME_MAX, "room for a key");

/* ---- symbols ---------------------------------------------------------------------- */

static enum umm_status refuse(const char *what, const char *text, size_t len_bytes,
                              struct umm_error *err)
{
    char shown[UMM_EXCERPT_MAX];
    return umm_error_set(err, UMM_ERR_ARGUMENT, "%s: \"%s\"", what,
                         umm_escape(shown, sizeof shown, text, len_bytes));
}

/* What stands in names for characters that would lead elsewhere, or be taken for these. */
static const struct {
    char c;
    char text[4];
} escapes[] = {{'/', "%2F"}, {'%', "%25"}, {'.', "%2E"}};

enum umm_status umm_dataset_symbol_name(const char *symbol, size_t len_bytes,
                                        char out[UMM_DATASET_NAME_MAX], struct umm_error *err)
{
    size_t len = 0;
    if (len_bytes == 0 || len_bytes > UMM_DATASET_SYMBOL_MAX)
        return refuse("a symbol has 1 to 80 bytes", symbol, len_bytes, err);
    for (size_t i = 0; i < len_bytes; i++) {
        unsigned char c = (unsigned char)symbol[i];
        if (c < ' ' || c == 0x7F)
            return refuse("a symbol has no control characters", symbol, len_bytes, err);
        out[len++] = (char)c;
        for (size_t k = 0; k < sizeof escapes / sizeof *escapes; k++) {
            if (symbol[i] == escapes[k].c && (c != '.' || i == 0)) {
                memcpy(out + len - 1, escapes[k].text, 3);
                len += 2;
            }
        }
    }
    out[len] = '\0';
    return UMM_OK;
}

/* The character that the three bytes at text stand for; 0 if they are no escape. */
static char unescape(const char *text)
{
    for (size_t k = 0; k < sizeof escapes / sizeof *escapes; k++)
        if (memcmp(text, escapes[k].text, 3) == 0)
            return escapes[k].c;
    return '\0';
}

enum umm_status umm_dataset_symbol_of_name(const char *name, size_t len_bytes,
                                           char out[UMM_DATASET_SYMBOL_MAX + 1],
                                           struct umm_error *err)
{
    size_t len = 0;
    for (size_t i = 0; i < len_bytes; i++) {
        char c = name[i];
        if (len == UMM_DATASET_SYMBOL_MAX)
            return refuse("a symbol has 1 to 80 bytes", name, len_bytes, err);
        if (c == '%') {
            c = len_bytes - i < 3 ? '\0' : unescape(name + i);
            if (!c)
                return refuse("a % in a name is one of %2F, %25 and %2E", name, len_bytes, err);
            i += 2;
        }
        out[len++] = c;
    }
    out[len] = '\0';
    return UMM_OK;
}

/* ---- lists ------------------------------------------------------------------------ */

/*
 * The symbols' names, and the timeframes, of a request. Slots, a power of two and more than twice
 * as many as symbols, find a name: 0 or 1 + the number of a symbol, open addressing.
 */
struct wanted {
    size_t n_symbols, n_timeframes;
    char (*symbols)[UMM_DATASET_NAME_MAX];
    struct umm_timeframe *timeframes;
    uint32_t *slots;
    size_t mask;
};

static void free_wanted(struct wanted *wanted)
{
    free(wanted->symbols);
    free(wanted->timeframes);
    free(wanted->slots);
    *wanted = (struct wanted){0};
}

/* The slot of that name, or the empty one where it belongs. */
static uint32_t *find_slot(const struct wanted *wanted, const char *name)
{
    size_t at = (size_t)umm_hash64(name, strlen(name), 0) & wanted->mask;
    while (wanted->slots[at] && strcmp(wanted->symbols[wanted->slots[at] - 1], name) != 0)
        at = (at + 1) & wanted->mask;
    return &wanted->slots[at];
}

static enum umm_status add_symbol(struct wanted *wanted, const char *text, size_t len,
                                  struct umm_error *err)
{
    char *name = wanted->symbols[wanted->n_symbols];
    enum umm_status status = umm_dataset_symbol_name(text, len, name, err);
    if (status)
        return status;
    uint32_t *slot = find_slot(wanted, name);
    if (*slot)
        return refuse("a symbol is given twice", text, len, err);
    *slot = (uint32_t)++wanted->n_symbols;
    return UMM_OK;
}

static enum umm_status add_timeframe(struct wanted *wanted, const char *text, size_t len,
                                     struct umm_error *err)
{
    struct umm_timeframe *timeframe = &wanted->timeframes[wanted->n_timeframes];
    enum umm_status status = umm_timeframe_parse(text, len, timeframe, err);
    for (size_t i = 0; !status && i < wanted->n_timeframes; i++)
        if (strcmp(wanted->timeframes[i].name, timeframe->name) == 0)
            status = refuse("a timeframe is given twice", text, len, err);
    wanted->n_timeframes++;
    return status;
}

/* A text of items with a separator between each two; at is where number, from 1, begins. */
struct items {
    const char *text, *end;
    char separator;
    const char *at;
    size_t number;
};

static struct items items_of(const char *list)
{
    return (struct items){.text = list, .end = list + strlen(list), .separator = ','};
}

/* A newline at the end is not between two. */
static struct items items_of_lines(const struct umm_dataset_lines *lines)
{
    const char *end = lines->text + lines->len_bytes;
    const bool is_ended = lines->len_bytes > 0 && end[-1] == '\n';
    return (struct items){.text = lines->text, .end = is_ended ? end - 1 : end, .separator = '\n'};
}

static size_t count_items(const struct items *items)
{
    size_t n = 1;
    for (const char *at = items->text; at < items->end; at++)
        n += *at == items->separator;
    return n;
}

/* Call add for each of the items, up to one that fails. */
static enum umm_status split(struct wanted *wanted, struct items *items,
                             enum umm_status (*add)(struct wanted *wanted, const char *text,
                                                    size_t len, struct umm_error *err),
                             struct umm_error *err)
{
    items->at = items->text;
    for (items->number = 1;; items->number++) {
        const size_t left = (size_t)(items->end - items->at);
        const char *end = memchr(items->at, items->separator, left);
        enum umm_status status =
            add(wanted, items->at, end ? (size_t)(end - items->at) : left, err);
        if (status || !end)
            return status;
        items->at = end + 1;
    }
}

static enum umm_status make_room(struct wanted *wanted, size_t n_symbols, size_t n_timeframes,
                                 struct umm_error *err)
{
    size_t n_slots = 4;
    if (n_symbols >= UINT32_MAX / 2)
        return umm_error_set(err, UMM_ERR_ARGUMENT, "too many symbols");
    while (n_slots <= 2 * n_symbols)
        n_slots *= 2;
    wanted->mask = n_slots - 1;
    wanted->symbols = calloc(n_symbols, sizeof *wanted->symbols);
    wanted->timeframes = calloc(n_timeframes, sizeof *wanted->timeframes);
    wanted->slots = calloc(n_slots, sizeof *wanted->slots);
    if (!wanted->symbols || !wanted->timeframes || !wanted->slots)
        return umm_error_set_memory(err, n_symbols * sizeof *wanted->symbols, "lists of names");
    return UMM_OK;
}

/* What a line has wrong is wrong with the file, not with the request. */
static enum umm_status add_lines(struct wanted *wanted, const struct umm_dataset_lines *lines,
                                 struct items *items, struct umm_error *err)
{
    if (lines->len_bytes == 0)
        return umm_error_set_path(err, UMM_ERR_DATA, lines->file, "no symbols in it");
    if (split(wanted, items, add_symbol, err) == UMM_OK)
        return UMM_OK;
    umm_error_at(err, lines->file, items->number, 1, (uint64_t)(items->at - lines->text));
    if (err)
        err->status = UMM_ERR_DATA;
    return UMM_ERR_DATA;
}

static enum umm_status parse_wanted(const struct umm_dataset_options *options,
                                    struct wanted *wanted, struct umm_error *err)
{
    const struct umm_dataset_lines *lines = options->lines;
    struct items symbols = lines ? items_of_lines(lines) : items_of(options->symbols);
    struct items timeframes = items_of(options->timeframes);
    *wanted = (struct wanted){0};
    enum umm_status status =
        make_room(wanted, count_items(&symbols), count_items(&timeframes), err);
    if (!status)
        status = lines ? add_lines(wanted, lines, &symbols, err)
                       : split(wanted, &symbols, add_symbol, err);
    return status ? status : split(wanted, &timeframes, add_timeframe, err);
}

/* ---- datasets --------------------------------------------------------------------- */

/* The length of root without slashes at its end; "/" becomes empty. */
static size_t root_length(const char *root)
{
    size_t len = strlen(root);
    while (len > 0 && root[len - 1] == '/')
        len--;
    return len;
}

/* ROOT/SYMBOL/TIMEFRAME.npy, malloc'ed. */
static enum umm_status join(const char *root, const char *symbol, const char *timeframe,
                            char **path, struct umm_error *err)
{
    static const char form[] = "%.*s/%s/%s.npy";
    int root_len = (int)root_length(root);
    size_t cap = (size_t)root_len + strlen(symbol) + strlen(timeframe) + sizeof form;
    *path = malloc(cap);
    if (!*path)
        return umm_error_set_memory(err, cap, "a dataset's name");
    snprintf(*path, cap, form, root_len, root, symbol, timeframe);
    return UMM_OK;
}

/* The range after the key. */
static void add_range(struct umm_dataset *dataset, const struct umm_timerange *range)
{
    char name[UMM_TIMERANGE_NAME_MAX];
    size_t len = strlen(dataset->key);
    if (*umm_timerange_name(range, name))
        snprintf(dataset->key + len, sizeof dataset->key - len, "_%s", name);
}

static enum umm_status add_dataset(const struct umm_dataset_options *options, const char *symbol,
                                   const struct umm_timeframe *timeframe,
                                   struct umm_dataset_list *list, struct umm_error *err)
{
    struct umm_dataset *dataset = &list->items[list->n];
    *dataset = (struct umm_dataset){.timeframe = *timeframe};
    enum umm_status status = join(options->root, symbol, timeframe->name, &dataset->path, err);
    if (status)
        return status;
    snprintf(dataset->key, sizeof dataset->key, "%s_%s", symbol, timeframe->name);
    add_range(dataset, &options->range);
    list->n++;
    return UMM_OK;
}

/* Every timeframe of every symbol, or what of these is the shard's. */
static enum umm_status expand(const struct umm_dataset_options *options,
                              const struct wanted *wanted, struct umm_dataset_list *list,
                              struct umm_error *err)
{
    size_t n;
    enum umm_status status = UMM_OK;
    bool is_too_many = __builtin_mul_overflow(wanted->n_symbols, wanted->n_timeframes, &n);
    const size_t n_mine = is_too_many ? 0 : (size_t)umm_shard_size(&options->shard, n);
    list->items = is_too_many ? NULL : calloc(n_mine + 1, sizeof *list->items);
    if (!list->items)
        return umm_error_set_memory(err, n_mine * sizeof *list->items, "the list of datasets");
    for (size_t i = 0; !status && i < n_mine; i++) {
        const size_t k = (size_t)umm_shard_item(&options->shard, i);
        status = add_dataset(options, wanted->symbols[k / wanted->n_timeframes],
                             &wanted->timeframes[k % wanted->n_timeframes], list, err);
    }
    return status;
}

enum umm_status umm_dataset_name(const struct umm_dataset_options *options,
                                 struct umm_dataset_list *list, struct umm_error *err)
{
    struct wanted wanted;
    *list = (struct umm_dataset_list){0};
    enum umm_status status = parse_wanted(options, &wanted, err);
    if (!status)
        status = expand(options, &wanted, list, err);
    free_wanted(&wanted);
    return status;
}

/* The last component of the path, without .npy. */
static void set_key(struct umm_dataset *dataset, const char *file)
{
    static const char suffix[] = ".npy";
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    size_t len = strlen(name);
    if (len >= sizeof suffix && strcmp(name + len - (sizeof suffix - 1), suffix) == 0)
        len -= sizeof suffix - 1;
    len = len < FILE_NAME_MAX ? len : FILE_NAME_MAX;
    memcpy(dataset->key, name, len); /* calloc's zero ends it */
}

enum umm_status umm_dataset_of_files(const char *const *files, size_t n_files,
                                     const struct umm_timerange *range,
                                     const struct umm_shard *shard, struct umm_dataset_list *list,
                                     struct umm_error *err)
{
    const size_t n = (size_t)umm_shard_size(shard, n_files);
    *list = (struct umm_dataset_list){.items = calloc(n + 1, sizeof *list->items)};
    if (!list->items)
        return umm_error_set_memory(err, n * sizeof *list->items, "the list of files");
    for (; list->n < n; list->n++) {
        struct umm_dataset *dataset = &list->items[list->n];
        const char *file = files[umm_shard_item(shard, list->n)];
        set_key(dataset, file);
        add_range(dataset, range);
        dataset->path = strdup(file);
        if (!dataset->path)
            return umm_error_set_memory(err, strlen(file), "a file's name");
    }
    return UMM_OK;
}

void umm_dataset_list_free(struct umm_dataset_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i].path);
    free(list->items);
    *list = (struct umm_dataset_list){0};
}

enum umm_status umm_dataset_path(const char *root, const char *symbol, const char *timeframe,
                                 char **path, struct umm_error *err)
{
    char directory[UMM_DATASET_NAME_MAX];
    struct umm_timeframe span;
    *path = NULL;
    enum umm_status status = umm_dataset_symbol_name(symbol, strlen(symbol), directory, err);
    if (!status)
        status = umm_timeframe_parse(timeframe, strlen(timeframe), &span, err);
    return status ? status : join(root, directory, span.name, path, err);
}

/* ---- the disk --------------------------------------------------------------------- */

/* The directory of the dataset at path, whose text is cut there; *slash is what was cut. */
static char *cut_directory(char *path)
{
    char *slash = strrchr(path, '/');
    *slash = '\0';
    return slash;
}

/* UMM_ERR_DATA in *err: what is missing, the symbol or one of its timeframes. */
static void say_missing(const struct umm_dataset_options *options, struct umm_dataset *dataset,
                        struct umm_error *err)
{
    struct umm_file_info info;
    char shown[UMM_EXCERPT_MAX], *slash = cut_directory(dataset->path);
    const char *symbol = strrchr(dataset->path, '/') + 1;
    bool has_symbol = umm_file_stat(dataset->path, &info, NULL) == UMM_OK;
    umm_escape(shown, sizeof shown, symbol, strlen(symbol));
    if (has_symbol)
        umm_error_set_path(err, UMM_ERR_DATA, options->root, "\"%s\" has no timeframe %s", shown,
                           dataset->timeframe.name);
    else
        umm_error_set_path(err, UMM_ERR_DATA, options->root, "no symbol \"%s\"", shown);
    *slash = '/';
}

static enum umm_status examine(const struct umm_dataset_options *options,
                               struct umm_dataset *dataset, struct umm_error *err)
{
    struct umm_file_info info;
    enum umm_status status = umm_file_stat(dataset->path, &info, err);
    if (!status || err->sys_errno != ENOENT)
        return status;
    say_missing(options, dataset, err);
    return UMM_ERR_DATA;
}

/* Drop what is missing from the list; the first one ends it when nobody is to be told. */
static enum umm_status drop_missing(const struct umm_dataset_options *options,
                                    struct umm_dataset_list *list, struct umm_error *err)
{
    size_t n_kept = 0;
    enum umm_status status = UMM_OK;
    for (size_t i = 0; i < list->n; i++) {
        struct umm_dataset *dataset = &list->items[i];
        struct umm_error problem = {.status = UMM_OK};
        enum umm_status found = status ? UMM_OK : examine(options, dataset, &problem);
        if (found == UMM_ERR_DATA && options->missing) {
            options->missing(options->user, &problem);
            list->n_missing++;
            free(dataset->path);
            continue;
        }
        if (found && err)
            *err = problem;
        status = status ? status : found;
        list->items[n_kept++] = *dataset;
    }
    list->n = n_kept;
    return status;
}

enum umm_status umm_dataset_find(const struct umm_dataset_options *options,
                                 struct umm_dataset_list *list, struct umm_error *err)
{
    struct umm_file_info info;
    enum umm_status status = umm_dataset_name(options, list, err);
    if (!status)
        status = umm_file_stat(options->root, &info, err);
    if (!status)
        status = drop_missing(options, list, err);
    /* Of a shard, other shards may have those that are there. */
    if (!status && list->n == 0 && !options->shard.count)
        status =
            umm_error_set_path(err, UMM_ERR_DATA, options->root, "none of the datasets is there");
    return status;
}

/* The root is opened only to sync it, which a root of somebody else may not allow. */
static enum umm_status sync_root(const char *root, bool is_new, struct umm_error *err)
{
    struct umm_error why = {.status = UMM_OK};
    enum umm_status status = umm_directory_sync_path(root, root, &why);
    if (status && !is_new && why.sys_errno == EACCES)
        return UMM_OK;
    if (status && err)
        *err = why;
    return status;
}

/* The directory that path's last part is in, whose text is cut there. */
static const char *root_of(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash)
        return ".";
    *slash = '\0';
    return slash == path ? "/" : path;
}

/* Make a directory whose path is copy, which is cut, and sync the one that it is in. */
static enum umm_status make_directory(char *copy, bool is_synced, struct umm_error *err)
{
    struct umm_file_info info;
    const bool is_new = is_synced && umm_file_stat(copy, &info, NULL) != UMM_OK;
    enum umm_status status = umm_file_make_directory(copy, err);
    if (!status)
        status = umm_trust_check_directory(copy, err);
    /* Also one that was there: a run that was killed may have made it. */
    if (!status && is_synced)
        status = sync_root(root_of(copy), is_new, err);
    return status;
}

enum umm_status umm_dataset_make_directory(const char *path, bool is_synced, struct umm_error *err)
{
    char *copy = strdup(path);
    if (!copy)
        return umm_error_set_memory(err, strlen(path), "a directory's name");
    cut_directory(copy);
    enum umm_status status = make_directory(copy, is_synced, err);
    free(copy);
    return status;
}

enum umm_status umm_dataset_make_root(const char *root, bool is_synced, struct umm_error *err)
{
    const size_t len = root_length(root);
    struct umm_file_info info;
    char *copy = strndup(root, len);
    enum umm_status status = UMM_OK;
    if (!copy)
        return umm_error_set_memory(err, len, "a directory's name");
    /* "/" is there. One that is there is the user's choice, whoever made it. */
    if (len && umm_file_stat(copy, &info, NULL) != UMM_OK)
        status = make_directory(copy, is_synced, err);
    else if (len && is_synced)
        status = sync_root(root_of(copy), false, err);
    free(copy);
    return status;
}
