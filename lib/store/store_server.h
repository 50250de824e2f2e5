/* SPDX-License-Identifier: MIT */
/*
 * store_server.h - a store on a Redis server: what the functions of umm/store.h and store_look.h do
 * where store->server is not NULL, with the same meaning. The layout on the server is in
 * umm-formats(5), the script that changes it in store_server_script.c.
 *
 * Of struct umm_store, path (as messages show the place), is_writer, max_positions, dim, id_words,
 * and turnover are those of the store on the server; what is of files is unused.
 *
 * Any number of clients read and write at once: each put of a row, and each other change, is done
 * as a whole, one after the other.
 */
#ifndef UMM_STORE_STORE_SERVER_H
#define UMM_STORE_STORE_SERVER_H

#include "redis/redis.h"
#include "store/store.h"
#include "store/store_look.h"
#include "store/store_value.h"
#include "store/store_verify.h"

enum { UMM_STORE_SERVER_MADE_CHARS = 32, UMM_STORE_SERVER_NAME_CHARS = 16 };
enum { UMM_STORE_SERVER_KEY_MAX = UMM_REDIS_PREFIX_MAX + 16 };

/* Entries that were fetched together, for umm_store_next. */
struct umm_store_server_list {
    struct umm_store_entry *entries;
    float *vectors;
    size_t n, at, cap;
    uint64_t position;   /* the one that entries[at] is the answer to */
    uint64_t fetched_ns; /* when, on the monotonic clock */
};

struct umm_store_server {
    struct umm_redis *redis;
    struct umm_redis_place place;
    uint64_t timeout_ns;
    int64_t ttl_ns; /* of entries whose put says nothing else; 0: for ever */
    unsigned n_replicas;
    char made[UMM_STORE_SERVER_MADE_CHARS + 1];  /* which store it is */
    char asker[UMM_STORE_SERVER_NAME_CHARS + 1]; /* the name of this object, which asks */
    uint64_t n_asked;
    /* Keys, and what keys of values begin with. */
    char meta[UMM_STORE_SERVER_KEY_MAX], ids[UMM_STORE_SERVER_KEY_MAX];
    char inactive[UMM_STORE_SERVER_KEY_MAX], order[UMM_STORE_SERVER_KEY_MAX];
    char expiry[UMM_STORE_SERVER_KEY_MAX], values[UMM_STORE_SERVER_KEY_MAX];
    const char *warning;
    char warning_text[256];
    struct umm_store_server_list list;
};

/* ---- store_server.c: as the functions of umm/store.h ------------------------------------- */

enum umm_status umm_store_server_create(const char *path, const struct umm_store_options *options,
                                        const struct umm_store_reach *reach, struct umm_error *err);
enum umm_status umm_store_server_open(const char *path, enum umm_store_access access,
                                      const struct umm_store_reach *reach, struct umm_store **out,
                                      struct umm_error *err);
void umm_store_server_close(struct umm_store *store);
enum umm_status umm_store_server_info(const struct umm_store *store, struct umm_store_info *info,
                                      struct umm_error *err);
/* What is known without asking the server. */
void umm_store_server_fill_info(const struct umm_store *store, struct umm_store_info *info);

enum umm_status umm_store_server_follow(struct umm_store *store, struct umm_error *err);

/*
 * For the parts: begin the exchange with a call of the script for that, n_arguments of which the
 * caller adds; do it. *answer is a text, and not that the store is another now.
 */
enum umm_status umm_store_server_begin(struct umm_store *store, const char *what,
                                       size_t n_arguments, struct umm_error *err);
enum umm_status umm_store_server_finish(struct umm_store *store, size_t max_bytes,
                                        const struct umm_redis_answer **answer,
                                        struct umm_error *err);

/* UMM_ERR_DATA: the server says what it cannot. UMM_ERR_CONFLICT: the store is another now. */
enum umm_status umm_store_server_refuse(const struct umm_store *store, struct umm_error *err);
enum umm_status umm_store_server_refuse_other(const struct umm_store *store, struct umm_error *err);

/* How many values of this store to ask for at once, at most max: some hundred KiB of them. */
size_t umm_store_server_block(const struct umm_store *store, size_t max);

enum umm_status umm_store_refuse_absent(const struct umm_store *store, const void *id,
                                        size_t id_bytes, struct umm_error *err);
enum umm_status umm_store_refuse_full(const struct umm_store *store, struct umm_error *err);

/* Whether that time, in ns since 1970, has come. */
bool umm_store_server_is_over(int64_t expires_ns);

/* A text of digits alone, below 2^53. */
bool umm_store_server_number(const struct umm_redis_answer *answer, uint64_t *value);

/* ---- store_server_write.c ------------------------------------------------------------------ */

enum umm_status umm_store_server_put_rows(struct umm_store *store, const struct umm_store_row *rows,
                                          size_t n, enum umm_store_put_mode mode, size_t *n_put,
                                          size_t *n_older, struct umm_error *err);
enum umm_status umm_store_server_put_many(struct umm_store *store, const char *ids,
                                          size_t cell_bytes, size_t n, const float *vectors,
                                          int64_t timestamp_ns, size_t *n_put,
                                          struct umm_error *err);
enum umm_status umm_store_server_mark_inactive(struct umm_store *store, const void *id,
                                               size_t id_bytes, struct umm_error *err);
enum umm_status umm_store_server_evict(struct umm_store *store, struct umm_store_entry *entry,
                                       struct umm_error *err);
enum umm_status umm_store_server_evict_shown(struct umm_store *store,
                                             const struct umm_store_entry *entry, bool *was_it,
                                             struct umm_error *err);
enum umm_status umm_store_server_evict_expired(struct umm_store *store, uint64_t n_max,
                                               uint64_t *n_evicted, struct umm_error *err);
enum umm_status umm_store_server_resize(struct umm_store *store, uint64_t max_positions,
                                        struct umm_error *err);

/* ---- store_server_read.c ------------------------------------------------------------------- */

/* UMM_ERR_ABSENT fills no error. */
enum umm_status umm_store_server_get(struct umm_store *store, const void *id, size_t id_bytes,
                                     float *vector, struct umm_store_entry *entry,
                                     struct umm_error *err);
enum umm_status umm_store_server_get_many(struct umm_store *store, const char *ids,
                                          size_t cell_bytes, size_t n, float *vectors,
                                          bool *is_found, size_t *n_found, struct umm_error *err);
/* UMM_ERR_ABSENT fills no error. */
enum umm_status umm_store_server_get_each(struct umm_store *store, struct umm_store_asked *asked,
                                          size_t n, struct umm_error *err);
enum umm_status umm_store_server_next(struct umm_store *store, uint64_t position,
                                      struct umm_store_entry *entry, float *vector,
                                      struct umm_error *err);
enum umm_status umm_store_server_oldest(struct umm_store *store, struct umm_store_entry *entry,
                                        float *vector, bool *is_found, struct umm_error *err);

/* ---- store_server_verify.c ------------------------------------------------------------------ */

enum umm_status umm_store_server_verify(struct umm_store *store, const struct umm_run *run,
                                        struct umm_store_verdict *verdict, struct umm_error *err);

#endif
