/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "format/marks.h"
#include "store/store_files.h"
#include "sys/clock.h"
#include "umm/store.h"

enum { BYTE_ORDER_MARK = 0x01020304 };

enum umm_status umm_store_describe_vectors(struct umm_npy *npy, uint64_t n, uint32_t dim)
{
    *npy = (struct umm_npy){.n_dims = 2, .shape = {n, dim}};
    npy->type = (struct umm_npy_type){.kind = 'f', .size_bytes = 4};
    return UMM_OK;
}

/* The least with 2^n > x. */
static uint32_t bits_of(uint64_t x)
{
    uint32_t n = 0;
    while (x >> n)
        n++;
    return n;
}

/* Half full when every position is taken. */
static uint32_t table_log2_of(uint64_t max_positions)
{
    return bits_of(2 * max_positions - 1);
}

struct umm_store_shape umm_store_shape(const struct umm_store *store)
{
    return (struct umm_store_shape){.max_positions = store->max_positions,
                                    .dim = store->dim,
                                    .id_words = store->id_words,
                                    .has_expiry = store->has_expiry,
                                    .ttl_ns = store->ttl_ns};
}

static uint32_t version_of(const struct umm_store_shape *shape)
{
    return shape->has_expiry ? 2 : 1;
}

uint64_t umm_store_index_bytes(uint64_t max_positions, bool has_expiry)
{
    uint64_t tables = 2 * sizeof(uint32_t) << table_log2_of(max_positions);
    uint64_t heap = 2 * sizeof(uint32_t) * max_positions;
    return UMM_STORE_HEAD_BYTES + tables + (has_expiry ? 2 : 1) * heap;
}

void umm_store_fill_head(struct umm_store_head *head, const struct umm_store_shape *shape)
{
    uint64_t now = (uint64_t)umm_clock_realtime_ns(), n = shape->max_positions;
    *head = (struct umm_store_head){.version = version_of(shape),
                                    .byte_order = BYTE_ORDER_MARK,
                                    .max_positions = n,
                                    .dim = shape->dim,
                                    .id_words = shape->id_words,
                                    .seed = umm_hash64(&now, sizeof now, 0),
                                    .table_log2 = table_log2_of(n),
                                    .position_bits = bits_of(n + UMM_STORE_FIRST),
                                    .ttl_ns = shape->ttl_ns};
    memcpy(head->magic, UMM_MARK_STORE_BEGIN, sizeof head->magic);
}

bool umm_store_is_head(const struct umm_store_head *head, const struct umm_store_shape *shape)
{
    return memcmp(head->magic, UMM_MARK_STORE_BEGIN, sizeof head->magic) == 0 &&
           head->version == version_of(shape) && head->byte_order == BYTE_ORDER_MARK &&
           head->dim == shape->dim && head->id_words == shape->id_words &&
           head->max_positions > 0 && head->max_positions <= shape->max_positions &&
           head->table_log2 == table_log2_of(head->max_positions) &&
           head->position_bits == bits_of(head->max_positions + UMM_STORE_FIRST);
}

bool umm_store_has_counts(const struct umm_store_head *head)
{
    const struct umm_store_counts *counts = &head->counts;
    return counts->n_used <= head->max_positions && counts->n_inactive <= head->max_positions &&
           counts->n_free <= head->max_positions - counts->n_inactive &&
           counts->n_expiring <= (head->version > 1 ? head->max_positions : 0);
}

enum umm_status umm_store_check_positions(uint64_t max_positions, struct umm_error *err)
{
    if (max_positions <= UMM_STORE_POSITIONS_MAX)
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_ARGUMENT, "a store has at most %" PRIu64 " positions",
                         UMM_STORE_POSITIONS_MAX);
}
