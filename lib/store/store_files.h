/* SPDX-License-Identifier: MIT */
/*
 * store_files.h - the files of a feature store: their shapes, and how they are made, mapped
 * and grown. For the store's own parts; what the files hold is in store.h.
 */
#ifndef UMM_STORE_STORE_FILES_H
#define UMM_STORE_STORE_FILES_H

#include "format/npy.h"
#include "store/store.h"
#include "sys/outfile.h"
#include "umm/store.h"

/* ---- shapes (store_shape.c) --------------------------------------------------- */

/* What the vectors of n positions are; the slots are in format/marks.h. */
enum umm_status umm_store_describe_vectors(struct umm_npy *npy, uint64_t n, uint32_t dim);

uint64_t umm_store_index_bytes(uint64_t max_positions);

/* The head of an empty index. */
void umm_store_fill_head(struct umm_store_head *head, uint64_t max_positions, uint32_t dim,
                         uint32_t id_words);

/* Whether it is that of a store of this shape, with arrays for max_positions. */
bool umm_store_is_head(const struct umm_store_head *head, uint64_t max_positions, uint32_t dim,
                       uint32_t id_words);

/* Whether its counts are some that a writer may go on with. Readers use none of them. */
bool umm_store_has_counts(const struct umm_store_head *head);

enum umm_status umm_store_check_positions(uint64_t max_positions, struct umm_error *err);

/* ---- opening (store_files.c) --------------------------------------------------- */

/* Open and map both arrays; the caller unmaps them, also on failure. */
enum umm_status umm_store_map_arrays(struct umm_store *store, struct umm_error *err);

/* ---- the index (store_reindex.c) ----------------------------------------------- */

/*
 * Go by the index that is mapped. head is a copy of its first bytes, which was checked: those of
 * the map may be others by now.
 */
void umm_store_use_index(struct umm_store *store, const struct umm_store_head *head);

/* Begin a new index, with all its room. */
enum umm_status umm_store_reserve_index(const struct umm_store *store, uint64_t max_positions,
                                        struct umm_outfile *out, struct umm_error *err);

/*
 * Fill it for as many positions as the arrays have, and put it in place of the one there is. It
 * is as open to others as the slots, also where somebody else than their owner makes it.
 */
enum umm_status umm_store_put_index(struct umm_store *store, uint64_t max_positions,
                                    struct umm_outfile *out, struct umm_error *err);

/* A new index, dirty, made from the slots, in place of the one there is, if any. */
enum umm_status umm_store_replace_index(struct umm_store *store, uint64_t max_positions,
                                        struct umm_error *err);

#endif
