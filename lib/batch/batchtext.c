/* SPDX-License-Identifier: MIT */
#include "batch/batchtext.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/list.h"
#include "sys/file.h"

void umm_batchtext_store_open(struct umm_batchtext_store *store, const char *scratch_dir,
                              uint64_t max_bytes)
{
    *store = (struct umm_batchtext_store){
        .scratch_dir = scratch_dir ? scratch_dir : "/tmp", .fd = -1, .max_bytes = max_bytes};
}

void umm_batchtext_store_close(struct umm_batchtext_store *store)
{
    umm_file_close(&store->fd);
}

/* Put what is in memory into the file. */
static enum umm_status spill(struct umm_batchtext_store *store, struct umm_batchtext *text,
                             struct umm_error *err)
{
    enum umm_status status = UMM_OK;
    struct umm_batchtext_part *parts = umm_list_room(text->parts, text->n_parts, sizeof *parts);
    if (!parts)
        return umm_error_set_memory(err, sizeof *parts, "output that waits");
    text->parts = parts;
    if (store->fd < 0)
        status = umm_file_scratch(store->scratch_dir, &store->fd, err);
    if (!status)
        status = umm_file_pwrite_all(store->fd, store->scratch_dir, text->bytes, text->len_bytes,
                                     store->len_bytes, err);
    if (status)
        return status;
    store->n_in_file += text->n_parts == 0;
    parts[text->n_parts++] = (struct umm_batchtext_part){store->len_bytes, text->len_bytes};
    store->len_bytes += text->len_bytes;
    store->spilled_bytes += text->len_bytes;
    store->memory_bytes -= text->cap_bytes;
    free(text->bytes);
    text->bytes = NULL;
    text->len_bytes = text->cap_bytes = 0;
    return UMM_OK;
}

enum umm_status umm_batchtext_add(struct umm_batchtext_store *store, struct umm_batchtext *text,
                                  const char *bytes, size_t len_bytes, struct umm_error *err)
{
    enum { FIRST = 256 };
    if (text->cap_bytes - text->len_bytes < len_bytes) {
        size_t cap = text->cap_bytes ? text->cap_bytes : FIRST;
        while (cap - text->len_bytes < len_bytes)
            cap *= 2;
        char *more = realloc(text->bytes, cap);
        if (!more)
            return umm_error_set_memory(err, cap, "output that waits");
        store->memory_bytes += cap - text->cap_bytes;
        text->bytes = more;
        text->cap_bytes = cap;
    }
    if (len_bytes > 0)
        memcpy(text->bytes + text->len_bytes, bytes, len_bytes);
    text->len_bytes += len_bytes;
    text->all_bytes += len_bytes;
    return store->memory_bytes > store->max_bytes && text->len_bytes > 0 ? spill(store, text, err)
                                                                         : UMM_OK;
}

enum umm_status umm_batchtext_read(const struct umm_batchtext_store *store,
                                   const struct umm_batchtext *text, uint64_t offset, char *out,
                                   size_t cap_bytes, size_t *n, struct umm_error *err)
{
    for (size_t i = 0; i < text->n_parts; i++) {
        const struct umm_batchtext_part *part = &text->parts[i];
        if (offset < part->len_bytes) {
            const uint64_t left = part->len_bytes - offset;
            *n = left < cap_bytes ? (size_t)left : cap_bytes;
            return umm_file_pread_all(store->fd, store->scratch_dir, out, *n, part->at + offset,
                                      err);
        }
        offset -= part->len_bytes;
    }
    const size_t left = offset < text->len_bytes ? text->len_bytes - (size_t)offset : 0;
    *n = left < cap_bytes ? left : cap_bytes;
    if (*n > 0)
        memcpy(out, text->bytes + offset, *n);
    return UMM_OK;
}

void umm_batchtext_clear(struct umm_batchtext_store *store, struct umm_batchtext *text)
{
    if (text->n_parts > 0 && --store->n_in_file == 0)
        store->len_bytes = 0; /* what is there is overwritten */
    store->memory_bytes -= text->cap_bytes;
    free(text->parts);
    free(text->bytes);
    *text = (struct umm_batchtext){.len_bytes = 0};
}
