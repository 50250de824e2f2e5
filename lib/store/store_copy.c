/* SPDX-License-Identifier: MIT */
#include "store/store_copy.h"

#include <inttypes.h>

#include "base/error.h"
#include "store/store_batch.h"
#include "store/store_look.h"
#include "sys/progress.h"
#include "umm/mem.h"

/* INT64_MAX is never; no other expiry is as far from its timestamp as that is from 1970. */
static int64_t ttl_of(const struct umm_store_entry *entry)
{
    int64_t ttl_ns;
    if (entry->expires_ns == INT64_MAX ||
        __builtin_sub_overflow(entry->expires_ns, entry->timestamp_ns, &ttl_ns))
        return UMM_STORE_FOR_EVER;
    return ttl_ns;
}

static enum umm_status check_dims(const struct umm_store_info *from, const char *from_path,
                                  const struct umm_store *to, const char *to_path,
                                  struct umm_error *err)
{
    struct umm_store_info info;
    enum umm_status status = umm_store_info(to, &info, err);
    if (status || info.dim == from->dim)
        return status;
    return umm_error_set_path(err, UMM_ERR_CONFLICT, to_path,
                              "its vectors have %" PRIu32 " values; those of %s have %" PRIu32,
                              info.dim, from_path, from->dim);
}

static enum umm_status copy_all(struct umm_store *from, uint64_t n_entries,
                                struct umm_store_batch *batch, struct umm_run *run,
                                uint64_t *n_torn, struct umm_error *err)
{
    const uint64_t row_bytes = batch->dim * sizeof(float);
    struct umm_store_entry entry;
    enum umm_status status = UMM_OK;
    uint64_t n = 0, next_ns = 0;
    bool is_found = true;
    for (uint64_t at = 0; !status; at = entry.position + 1) {
        status = umm_store_next_sound(from, at, &entry, umm_store_batch_vector(batch), &is_found,
                                      n_torn, err);
        if (status || !is_found)
            break;
        const struct umm_store_row row = {.id = entry.id,
                                          .id_bytes = entry.id_bytes,
                                          .timestamp_ns = entry.timestamp_ns,
                                          .ttl_ns = ttl_of(&entry),
                                          .is_inactive = !entry.is_active};
        n++;
        status = umm_store_batch_add(batch, &row, (struct umm_store_origin){.number = n}, err);
        if (!status)
            status = umm_progress_step(run, &next_ns, n * row_bytes,
                                       (n > n_entries ? n : n_entries) * row_bytes, err);
    }
    return umm_store_batch_end(batch, status, err);
}

enum umm_status umm_store_copy(struct umm_store *from, const char *from_path, struct umm_store *to,
                               const char *to_path, enum umm_store_put_mode mode,
                               struct umm_run *run, struct umm_store_copied *copied,
                               struct umm_error *err)
{
    struct umm_arena arena = {0};
    struct umm_store_batch batch = {0};
    struct umm_store_info info;
    *copied = (struct umm_store_copied){0};
    enum umm_status status = umm_store_info(from, &info, err);
    if (!status)
        status = check_dims(&info, from_path, to, to_path, err);
    if (!status)
        status = umm_store_batch_init(&batch, to, mode, to_path, "entry", &arena, err);
    if (!status)
        status = copy_all(from, info.n_entries, &batch, run, &copied->n_torn, err);
    copied->n_put = batch.n_put;
    copied->n_older = batch.n_older;
    umm_arena_close(&arena);
    return status;
}
