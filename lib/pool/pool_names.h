/* SPDX-License-Identifier: MIT */
/* pool_names.h - names of pools, keys and their files; private to pool*.c. */
#ifndef UMM_POOL_POOL_NAMES_H
#define UMM_POOL_POOL_NAMES_H

#include "pool/pool.h"

#define UMM_POOL_SUFFIX ".npy"

enum { UMM_POOL_FILE_MAX = UMM_POOL_KEY_MAX + sizeof UMM_POOL_SUFFIX };

/* UMM_ERR_ARGUMENT unless name is one that a pool may have. */
UMM_MUST_USE enum umm_status umm_pool_check_name(const char *name, struct umm_error *err);

/* The file of a key, "KEY.npy", whether or not the key already ends so. */
UMM_MUST_USE enum umm_status umm_pool_file_name(const char *key, char file[UMM_POOL_FILE_MAX],
                                                struct umm_error *err);

/* Whether file is the name of an entry; *key_len is the length of its key. */
bool umm_pool_is_entry(const char *file, size_t *key_len);

/* umm_pool_scan for a caller that holds the pool's lock. */
UMM_MUST_USE enum umm_status umm_pool_scan_locked(const struct umm_pool *pool,
                                                  struct umm_pool_scan *scan,
                                                  struct umm_error *err);

#endif
