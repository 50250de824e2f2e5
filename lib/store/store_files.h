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

struct umm_store_shape umm_store_shape(const struct umm_store *store);

uint64_t umm_store_index_bytes(uint64_t max_positions, bool has_expiry);

/* The head of an empty index. */
void umm_store_fill_head(struct umm_store_head *head, const struct umm_store_shape *shape);

/* Whether it is that of a store of this shape, if not with its time to live, or for fewer
 * positions. */
bool umm_store_is_head(const struct umm_store_head *head, const struct umm_store_shape *shape);

/* Whether its counts are some that a writer may go on with. Readers use none of them. */
bool umm_store_has_counts(const struct umm_store_head *head);

enum umm_status umm_store_check_positions(uint64_t max_positions, struct umm_error *err);

/* ---- how long entries live (store_ttl.c) ---------------------------------------- */

/* UMM_ERR_ARGUMENT: a time to live that is none. */
enum umm_status umm_store_check_ttl(int64_t ttl_ns, struct umm_error *err);

enum { UMM_STORE_TTL_LINE_MAX = 32 };
size_t umm_store_print_ttl(char out[UMM_STORE_TTL_LINE_MAX], int64_t ttl_ns);

/* Read that line from the file of a writer's store; 0 without one. UMM_ERR_DATA: it is damaged. */
enum umm_status umm_store_read_ttl(const struct umm_store *store, int64_t *ttl_ns,
                                   struct umm_error *err);

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
