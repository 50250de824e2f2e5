/* SPDX-License-Identifier: MIT */
/*
 * store_look.h - the entries of a feature store with their checks, which umm_store_get and
 * umm_store_next do not look at: for tools that hand them on, and must neither leave one
 * out nor give a damaged one out in silence.
 */
#ifndef UMM_STORE_STORE_LOOK_H
#define UMM_STORE_STORE_LOOK_H

#include "umm.h"
#include "umm/store.h"

enum umm_store_state {
    UMM_STORE_FREE,
    UMM_STORE_SOUND,
    UMM_STORE_DAMAGED, /* its check differs, or its id is none that can be put */
    UMM_STORE_TORN     /* half written, for 20 ms: its writer was killed, or is stopped */
};

/*
 * What is at a position, a copy of it in *entry and vector (neither NULL) when it is sound
 * or damaged.
 */
enum umm_store_state umm_store_look(struct umm_store *store, uint64_t position,
                                    struct umm_store_entry *entry, float *vector);

/* What is wrong with a damaged entry, in out. */
const char *umm_store_describe_damage(const struct umm_store_entry *entry,
                                      char out[UMM_ERROR_MESSAGE_MAX]);

/* Whether entries have an expiry: not in a store of version 1. */
bool umm_store_keeps_expiry(const struct umm_store *store);

/* Whether umm_store_put takes that id: UMM_ERR_ARGUMENT as there. */
UMM_MUST_USE enum umm_status umm_store_check_id(const struct umm_store *store, const void *id,
                                                size_t id_bytes, struct umm_error *err);

/*
 * umm_store_get with a check: UMM_ERR_DATA also if what the id has is damaged. Neither vector nor
 * entry is NULL.
 */
UMM_MUST_USE enum umm_status umm_store_get_checked(struct umm_store *store, const void *id,
                                                   size_t id_bytes, float *vector,
                                                   struct umm_store_entry *entry,
                                                   struct umm_error *err);

/*
 * One of many ids, and what it has: UMM_OK with a copy in entry and vector (room for one);
 * UMM_ERR_ABSENT or UMM_ERR_BUSY as of umm_store_get; UMM_ERR_DATA: what it has is damaged.
 */
struct umm_store_asked {
    const void *id;
    size_t id_bytes;
    float *vector;
    struct umm_store_entry entry;
    enum umm_status status;
};

/*
 * umm_store_get_checked of n ids; of a store on a server in one round trip. A failure is one that
 * lets nothing be told of any of them, such as a server that does not answer.
 */
UMM_MUST_USE enum umm_status umm_store_get_each(struct umm_store *store,
                                                struct umm_store_asked *asked, size_t n,
                                                struct umm_error *err);

/* How often this reader has opened the files anew: positions may be those of others since. */
uint64_t umm_store_turnover(const struct umm_store *store);

/*
 * For a reader: open the files anew if its path leads to others, as another store took the place of
 * this one. UMM_ERR_CONFLICT: it has other vectors. Other failures: there is none, or it cannot be
 * opened; the store stays as it was then.
 */
UMM_MUST_USE enum umm_status umm_store_follow(struct umm_store *store, struct umm_error *err);

/*
 * umm_store_get; *is_found. UMM_ERR_DATA: what the id has is damaged; or it is not found, and
 * the index is damaged.
 */
UMM_MUST_USE enum umm_status umm_store_get_sound(struct umm_store *store, const void *id,
                                                 size_t id_bytes, float *vector,
                                                 struct umm_store_entry *entry, bool *is_found,
                                                 struct umm_error *err);

/*
 * umm_store_next; *is_found, and how many were passed over as torn is added to *n_torn.
 * UMM_ERR_DATA: the next one is damaged.
 */
UMM_MUST_USE enum umm_status umm_store_next_sound(struct umm_store *store, uint64_t position,
                                                  struct umm_store_entry *entry, float *vector,
                                                  bool *is_found, uint64_t *n_torn,
                                                  struct umm_error *err);

/*
 * What umm_store_evict removes next; *is_found. UMM_ERR_DATA: it is damaged.
 */
UMM_MUST_USE enum umm_status umm_store_oldest_sound(struct umm_store *store,
                                                    struct umm_store_entry *entry, float *vector,
                                                    bool *is_found, struct umm_error *err);

/*
 * For a writer: remove the entry that umm_store_oldest_sound gave. *was_it is false, and nothing
 * done, if another client of a server has removed or written it meanwhile.
 */
UMM_MUST_USE enum umm_status umm_store_evict_shown(struct umm_store *store,
                                                   const struct umm_store_entry *entry,
                                                   bool *was_it, struct umm_error *err);

/*
 * For a writer: whether its path still leads to the files that are open. UMM_ERR_CONFLICT: they
 * were moved or removed, and a reader that opens that path does not find what was written.
 */
UMM_MUST_USE enum umm_status umm_store_check_place(const struct umm_store *store,
                                                   struct umm_error *err);

#endif
