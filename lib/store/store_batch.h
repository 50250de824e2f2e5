/* SPDX-License-Identifier: MIT */
/*
 * store_batch.h - rows on their way into a store: they are gathered as long as more are there
 * already, and put by one call, which is one round trip where the store is on a server.
 *
 * A source of rows flushes the batch before it waits for more of them, and before it tells of
 * what is wrong with one: all before that are in the store then.
 */
#ifndef UMM_STORE_STORE_BATCH_H
#define UMM_STORE_STORE_BATCH_H

#include "umm.h"
#include "umm/mem.h"
#include "umm/store.h"

/* Where a row comes from: a line, from 1, and its offset; or the number of a row or record. */
struct umm_store_origin {
    uint64_t number, byte;
};

struct umm_store_batch {
    struct umm_store *store;
    enum umm_store_put_mode mode;
    const char *path; /* where the rows come from */
    const char *what; /* "row", "record"; NULL: lines */
    uint32_t dim;
    size_t n, cap;
    struct umm_store_row *rows;
    struct umm_store_origin *origins;
    char (*ids)[UMM_STORE_ID_MAX];
    float *vectors;
    uint64_t n_put, n_older; /* so far: in the store, or passed over */
};

/* An empty batch for the store, in the arena. path and what must stay. */
UMM_MUST_USE enum umm_status umm_store_batch_init(struct umm_store_batch *batch,
                                                  struct umm_store *store,
                                                  enum umm_store_put_mode mode, const char *path,
                                                  const char *what, struct umm_arena *arena,
                                                  struct umm_error *err);

/* Room for the vector of the row that is added next. */
float *umm_store_batch_vector(struct umm_store_batch *batch);

/*
 * Add a row whose vector is there; row->vector is not looked at, and the id, which has at
 * most UMM_STORE_ID_MAX bytes, is copied. Flushes when the batch is full.
 */
UMM_MUST_USE enum umm_status umm_store_batch_add(struct umm_store_batch *batch,
                                                 const struct umm_store_row *row,
                                                 struct umm_store_origin origin,
                                                 struct umm_error *err);

/*
 * Put all that was added. Rows before one that fails are in the store, and the error says where
 * that one came from: UMM_ERR_DATA where its id is at fault.
 */
UMM_MUST_USE enum umm_status umm_store_batch_flush(struct umm_store_batch *batch,
                                                   struct umm_error *err);

/*
 * Flush, before more rows are waited for, or after one could not be added for which status is.
 * The first failure: that of a row before it, or status.
 */
UMM_MUST_USE enum umm_status umm_store_batch_end(struct umm_store_batch *batch,
                                                 enum umm_status status, struct umm_error *err);

#endif
