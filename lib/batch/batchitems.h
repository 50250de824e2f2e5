/* SPDX-License-Identifier: MIT */
/*
 * batchitems.h - the items of a run: lines of files, or texts that NUL bytes end. All of them are
 * read before the first is used. An item may be empty; it holds no zero byte.
 */
#ifndef UMM_BATCH_BATCHITEMS_H
#define UMM_BATCH_BATCHITEMS_H

#include "base/shard.h"
#include "umm.h"

/* hash: of all items of the list, also of those that were left out. */
struct umm_batchitems {
    char *bytes;  /* each item with a zero byte after it */
    uint64_t *at; /* where item i begins */
    uint64_t n;
    uint64_t len_bytes, hash;
    uint64_t n_all;         /* before any were left out */
    struct umm_shard shard; /* which of them are here */
};

/*
 * Read the n_files files ("-": standard input) one after the other. An item ends with a newline,
 * or with is_null with a zero byte, or where its file does. UMM_ERR_DATA: a line has a zero byte.
 * Failures to read as umm_file_read has them.
 */
UMM_MUST_USE enum umm_status umm_batchitems_read(const char *const *files, size_t n_files,
                                                 bool is_null, struct umm_run *run,
                                                 struct umm_batchitems *items,
                                                 struct umm_error *err);

/* Leave out all except the shard's; once, on a list that is whole. */
void umm_batchitems_keep(struct umm_batchitems *items, const struct umm_shard *shard);

static inline const char *umm_batchitems_get(const struct umm_batchitems *items, uint64_t i)
{
    return items->bytes + items->at[i];
}

/* The number of item i in the whole list, from 1 on. */
static inline uint64_t umm_batchitems_number(const struct umm_batchitems *items, uint64_t i)
{
    return umm_shard_item(&items->shard, i) + 1;
}

/* Safe on all zero. */
void umm_batchitems_free(struct umm_batchitems *items);

#endif
