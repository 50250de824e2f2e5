/* SPDX-License-Identifier: MIT */
/*
 * dataset.h - arrays by name: ROOT/SYMBOL/TIMEFRAME.npy.
 *
 * A symbol is 1 to 80 bytes as the market writes it: upper and lower case differ. In
 * names of files and in keys '/', '%' and a leading '.' are written %2F, %25 and %2E, so
 * that two symbols never share a directory and none leads out of ROOT; read back, such a
 * name gives the same symbol again. Control characters are refused. A timeframe is what
 * text/timeframe.h reads, its file named by the normal form. A key names a dataset, and
 * what of it is wanted, in one word:
 *
 *     BTCUSDT_1m      BTCUSDT_1m_2022-01-01_2024-01-01      BTC%2FUSDT_1h_2024-01-01_end
 *
 * Functions may run on any thread on distinct objects.
 */
#ifndef UMM_ARRAY_DATASET_H
#define UMM_ARRAY_DATASET_H

#include "array/timerange.h"
#include "base/shard.h"
#include "time/timeframe.h"
#include "umm.h"

enum {
    UMM_DATASET_SYMBOL_MAX = 80,                           /* bytes */
    UMM_DATASET_NAME_MAX = 3 * UMM_DATASET_SYMBOL_MAX + 1, /* escaped, with terminator */
    UMM_DATASET_KEY_MAX = UMM_DATASET_NAME_MAX + UMM_TIMEFRAME_NAME_MAX + UMM_TIMERANGE_NAME_MAX
};

/* One dataset. path is its array's and owned by the list; timeframe is zero for a file. */
struct umm_dataset {
    char *path;
    char key[UMM_DATASET_KEY_MAX];
    struct umm_timeframe timeframe;
};

/* A list; all zero is empty. */
struct umm_dataset_list {
    struct umm_dataset *items;
    size_t n;
    size_t n_missing; /* asked for, not there, not among the items */
};

/* The text of a file that has a symbol a line; file is its name in messages. */
struct umm_dataset_lines {
    const char *file, *text;
    size_t len_bytes;
};

/*
 * What is wanted: every one of the timeframes of every one of the symbols, both lists
 * separated by commas, and the range for the keys. lines, if not NULL, take the place of
 * symbols. Of the list that results, in the order symbol by symbol, only shard's part is
 * looked at. missing, if not NULL, is told of each dataset that is not there, which is then
 * left out.
 */
struct umm_dataset_options {
    const char *root;
    const char *symbols;
    const struct umm_dataset_lines *lines;
    const char *timeframes;
    struct umm_timerange range;
    struct umm_shard shard;
    void (*missing)(void *user, const struct umm_error *err);
    void *user;
};

/* The symbol as part of a file's name. UMM_ERR_ARGUMENT when it is no symbol. */
UMM_MUST_USE enum umm_status umm_dataset_symbol_name(const char *symbol, size_t len_bytes,
                                                     char out[UMM_DATASET_NAME_MAX],
                                                     struct umm_error *err);

/*
 * The symbol that the name tells, where %2F, %25 and %2E stand for their characters: what
 * umm_dataset_symbol_name makes of it is the name again, if that was its work.
 * UMM_ERR_ARGUMENT for any other %, and for one that is too long.
 */
UMM_MUST_USE enum umm_status umm_dataset_symbol_of_name(const char *name, size_t len_bytes,
                                                        char out[UMM_DATASET_SYMBOL_MAX + 1],
                                                        struct umm_error *err);

/*
 * Find the datasets, in the order symbol by symbol; free the list in any case.
 * UMM_ERR_ARGUMENT: lists or names that make no sense, and a name given twice;
 * UMM_ERR_DATA, with the line, if lines has them, and for lines without any. UMM_ERR_DATA: one
 * is missing, and it is said whether the symbol or the timeframe is; with options->missing, all
 * of them are, unless other shards may have some. UMM_ERR_SYSTEM: a file that cannot be examined.
 */
UMM_MUST_USE enum umm_status umm_dataset_find(const struct umm_dataset_options *options,
                                              struct umm_dataset_list *list, struct umm_error *err);

/*
 * The same without a look at the disk: for datasets that are to be written. *list has
 * all of them.
 */
UMM_MUST_USE enum umm_status umm_dataset_name(const struct umm_dataset_options *options,
                                              struct umm_dataset_list *list, struct umm_error *err);

/*
 * n_files arrays that were given as files, or those of the shard, in that order: a key is the
 * last component of the path without .npy, and the range.
 */
UMM_MUST_USE enum umm_status umm_dataset_of_files(const char *const *files, size_t n_files,
                                                  const struct umm_timerange *range,
                                                  const struct umm_shard *shard,
                                                  struct umm_dataset_list *list,
                                                  struct umm_error *err);

/*
 * The path of one dataset: ROOT/SYMBOL/TIMEFRAME.npy, where timeframe is a normal form or what
 * gives one. *path is malloc'ed. UMM_ERR_ARGUMENT when one of them is none.
 */
UMM_MUST_USE enum umm_status umm_dataset_path(const char *root, const char *symbol,
                                              const char *timeframe, char **path,
                                              struct umm_error *err);

void umm_dataset_list_free(struct umm_dataset_list *list);

/*
 * Make the directory of the dataset at path, ROOT/SYMBOL, if it is not there. ROOT must
 * be. If is_synced, it survives a power cut: a file that is synced would be lost with it. That
 * needs a ROOT that can be read, except where the directory is there already: then its maker
 * has seen to it. UMM_ERR_SYSTEM; UMM_ERR_CONFLICT when the directory, or the link to it, is
 * another user's in a world-writable ROOT.
 */
UMM_MUST_USE enum umm_status umm_dataset_make_directory(const char *path, bool is_synced,
                                                        struct umm_error *err);

/*
 * Make ROOT itself, if it is not there, in a directory that is: once, before those of datasets.
 * is_synced and failures likewise.
 */
UMM_MUST_USE enum umm_status umm_dataset_make_root(const char *root, bool is_synced,
                                                   struct umm_error *err);

#endif
