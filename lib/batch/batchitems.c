/* SPDX-License-Identifier: MIT */
#include "batch/batchitems.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/list.h"
#include "sys/file.h"

enum { FIRST_BYTES = 1 << 16 };

/* Room for one byte at least after len_bytes. */
static enum umm_status make_room(struct umm_batchitems *items, size_t *cap, struct umm_error *err)
{
    if (*cap - items->len_bytes > 1)
        return UMM_OK;
    const size_t more = *cap ? 2 * *cap : FIRST_BYTES;
    char *bytes = realloc(items->bytes, more);
    if (!bytes)
        return umm_error_set_memory(err, more, "the items");
    items->bytes = bytes;
    *cap = more;
    return UMM_OK;
}

static enum umm_status add_item(struct umm_batchitems *items, uint64_t at, struct umm_error *err)
{
    uint64_t *list = umm_list_room(items->at, items->n, sizeof *list);
    if (!list)
        return umm_error_set_memory(err, 2 * items->n * sizeof *list, "the items");
    items->at = list;
    items->at[items->n++] = at;
    return UMM_OK;
}

/* The items of one file, whose bytes begin at `at`; there is room for a zero byte after them. */
static enum umm_status split(struct umm_batchitems *items, uint64_t at, bool is_null,
                             const char *file, struct umm_error *err)
{
    const int end = is_null ? '\0' : '\n';
    enum umm_status status = UMM_OK;
    const uint64_t begin = at;
    for (uint64_t line = 1; !status && at < items->len_bytes; line++) {
        char *item = items->bytes + at, *over = memchr(item, end, items->len_bytes - at);
        const size_t n = over ? (size_t)(over - item) : items->len_bytes - at;
        const char *zero = is_null ? NULL : memchr(item, '\0', n);
        if (zero) {
            (void)umm_error_set_path(err, UMM_ERR_DATA, file, "a line has a zero byte");
            umm_error_at(err, file, line, (uint64_t)(zero - item) + 1,
                         at - begin + (uint64_t)(zero - item));
            return umm_error_hint(err, UMM_ERR_DATA, UMM_HINT_NULL_ITEMS);
        }
        item[n] = '\0';
        status = add_item(items, at, err);
        if (!over)
            items->len_bytes++;
        at += n + 1;
    }
    return status;
}

static enum umm_status read_file(struct umm_batchitems *items, const char *file, bool is_null,
                                 size_t *cap, struct umm_run *run, struct umm_error *err)
{
    const uint64_t at = items->len_bytes;
    const bool is_input = strcmp(file, "-") == 0;
    int fd = is_input ? 0 : -1;
    size_t n = 1;
    enum umm_status status = is_input ? UMM_OK : umm_file_open_read(file, &fd, NULL, err);
    while (!status && n > 0) {
        status = make_room(items, cap, err);
        if (!status)
            status = umm_file_read(fd, file, run, items->bytes + items->len_bytes,
                                   *cap - items->len_bytes - 1, &n, err);
        if (!status)
            items->len_bytes += n;
    }
    if (!is_input)
        umm_file_close(&fd);
    return status ? status : split(items, at, is_null, file, err);
}

enum umm_status umm_batchitems_read(const char *const *files, size_t n_files, bool is_null,
                                    struct umm_run *run, struct umm_batchitems *items,
                                    struct umm_error *err)
{
    size_t cap = 0;
    enum umm_status status = UMM_OK;
    *items = (struct umm_batchitems){.n = 0};
    for (size_t i = 0; !status && i < n_files; i++)
        status = read_file(items, files[i], is_null, &cap, run, err);
    items->hash = umm_hash64(items->len_bytes ? items->bytes : "", items->len_bytes, 0);
    items->n_all = items->n;
    if (status)
        umm_batchitems_free(items);
    return status;
}

void umm_batchitems_keep(struct umm_batchitems *items, const struct umm_shard *shard)
{
    items->n = umm_shard_size(shard, items->n);
    for (uint64_t i = 0; i < items->n; i++)
        items->at[i] = items->at[umm_shard_item(shard, i)];
    items->shard = *shard;
}

void umm_batchitems_free(struct umm_batchitems *items)
{
    free(items->bytes);
    free(items->at);
    *items = (struct umm_batchitems){.n = 0};
}
