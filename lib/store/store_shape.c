/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "format/marks.h"
#include "store/store_files.h"
#include "sys/clock.h"
#include "umm/store.h"

enum { VERSION = 1, BYTE_ORDER_MARK = 0x01020304 };

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

uint64_t umm_store_index_bytes(uint64_t max_positions)
{
    uint64_t tables = 2 * sizeof(uint32_t) << table_log2_of(max_positions);
    return UMM_STORE_HEAD_BYTES + tables + 2 * sizeof(uint32_t) * max_positions;
}

void umm_store_fill_head(struct umm_store_head *head, uint64_t max_positions, uint32_t dim,
                         uint32_t id_words)
{
    uint64_t now = (uint64_t)umm_clock_realtime_ns();
    *head = (struct umm_store_head){.version = VERSION,
                                    .byte_order = BYTE_ORDER_MARK,
                                    .max_positions = max_positions,
                                    .dim = dim,
                                    .id_words = id_words,
                                    .seed = umm_hash64(&now, sizeof now, 0),
                                    .table_log2 = table_log2_of(max_positions),
                                    .position_bits = bits_of(max_positions + UMM_STORE_FIRST)};
    memcpy(head->magic, UMM_MARK_STORE_BEGIN, sizeof head->magic);
}

bool umm_store_is_head(const struct umm_store_head *head, uint64_t max_positions, uint32_t dim,
                       uint32_t id_words)
{
    return memcmp(head->magic, UMM_MARK_STORE_BEGIN, sizeof head->magic) == 0 &&
           head->version == VERSION && head->byte_order == BYTE_ORDER_MARK && head->dim == dim &&
           head->id_words == id_words && head->max_positions > 0 &&
           head->max_positions <= max_positions &&
           head->table_log2 == table_log2_of(head->max_positions) &&
           head->position_bits == bits_of(head->max_positions + UMM_STORE_FIRST);
}

bool umm_store_has_counts(const struct umm_store_head *head)
{
    const struct umm_store_counts *counts = &head->counts;
    return counts->n_used <= head->max_positions && counts->n_inactive <= head->max_positions &&
           counts->n_free <= head->max_positions - counts->n_inactive;
}

enum umm_status umm_store_check_positions(uint64_t max_positions, struct umm_error *err)
{
    if (max_positions <= UMM_STORE_POSITIONS_MAX)
        return UMM_OK;
    return umm_error_set(err, UMM_ERR_ARGUMENT, "a store has at most %" PRIu64 " positions",
                         UMM_STORE_POSITIONS_MAX);
}
