/* SPDX-License-Identifier: MIT */
/*
 * store_files.h - the files of a feature store: their shapes, and how they are made, mapped
 * and grown. For the store's own parts; what the files hold is in store.h.
 */
#ifndef UMM_STORE_STORE_FILES_H
#define UMM_STORE_STORE_FILES_H

#include "format/npy.h"
#include "store/store.h"

#define UMM_STORE_VECTORS "vectors.npy"
#define UMM_STORE_SLOTS   "slots.npy"
#define UMM_STORE_INDEX   "index.umm"

/* ---- shapes (store_shape.c) --------------------------------------------------- */

/* What the arrays of n positions are; free *npy. */
enum umm_status umm_store_describe_vectors(struct umm_npy *npy, uint64_t n, uint32_t dim);
enum umm_status umm_store_describe_slots(struct umm_npy *npy, uint64_t n, uint32_t id_words,
                                         struct umm_error *err);

uint64_t umm_store_index_bytes(uint64_t max_positions);

/* The head of an empty index. */
void umm_store_fill_head(struct umm_store_head *head, uint64_t max_positions, uint32_t dim,
                         uint32_t id_words);

/* Whether it is that of a store of this shape, with arrays for max_positions. */
bool umm_store_is_head(const struct umm_store_head *head, uint64_t max_positions, uint32_t dim,
                       uint32_t id_words);

/* Whether a file that begins so is the index of a store, of whatever version. */
bool umm_store_is_magic(const char begin[8]);

enum umm_status umm_store_check_positions(uint64_t max_positions, struct umm_error *err);

/* ---- opening (store_files.c) --------------------------------------------------- */

/* Open and map both arrays; the caller unmaps them, also on failure. */
enum umm_status umm_store_map_arrays(struct umm_store *store, struct umm_error *err);

/*
 * Whether base names a file of the store in the open directory (O_PATH is enough). There is one
 * if the index begins as one, or, as the index may be missing, the slots are a store's and the
 * vectors are there. No look-up for any other base.
 */
bool umm_store_is_file(int dir_fd, const char *base);

/* Go by the index that is mapped. */
void umm_store_use_index(struct umm_store *store);

/* ---- growing (store_resize.c) -------------------------------------------------- */

/* A new index, dirty, made from the slots, in place of the one there is, if any. */
enum umm_status umm_store_replace_index(struct umm_store *store, uint64_t max_positions,
                                        struct umm_error *err);

#endif
