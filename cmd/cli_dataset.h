/* SPDX-License-Identifier: MIT */
/*
 * cli_dataset.h - datasets by name, their part that is one run's, and ranges of time, for every
 * tool that reads arrays.
 *
 * In the table of options:   CLI_DATASETS(), all of them or those whose names are given
 * After the options:         cli_dataset_list() gives files and names alike
 */
#ifndef UMM_CMD_CLI_DATASET_H
#define UMM_CMD_CLI_DATASET_H

#include "array/dataset.h"
#include "cli.h"

/* What was asked for. All zero is nothing; shard and range are for FILEs as well. */
struct cli_dataset {
    const char *root, *symbols, *symbols_from, *timeframes;
    bool is_missing_skipped;
    struct umm_timerange range;
    struct umm_shard shard;
};

/* root symbols symbols-from timeframes missing shard from to */
extern const struct cli_option cli_dataset_options[];
#define CLI_DATASETS(name, names) CLI_FAMILY(cli_dataset_options, struct cli_dataset, name, names)

/* For CLI_CALL: a struct umm_time, and what it takes; a struct umm_timeframe. */
#define CLI_TIME "a date or time, ISO 8601"
int cli_take_time(void *time, const char *value);
int cli_take_timeframe(void *timeframe, const char *value);

/* For CLI_CALL: "I/N", 0 <= I < N, for a struct umm_shard. */
int cli_take_shard(void *shard, const char *value);

/* Whether datasets are named, or part of a name is given. */
bool cli_dataset_is_named(const struct cli_dataset *dataset);

/*
 * The arrays to work on: the n_files FILE operands, or the datasets that are named, or
 * none (list->n is 0) if neither is given; with --shard, those of them that are the shard's,
 * which may be none as well. Free the list in any case. CLI_OK, or the exit
 * code after a message: names and FILEs at once, half a name, --shard of nothing, --to before
 * --from, and what is missing.
 *
 * With --missing=skip datasets that are not there are named on standard error, and
 * list->n_missing > 0 asks the tool to exit with CLI_REJECTED in place of CLI_OK. That
 * none is there at all is a failure, unless other shards may have some.
 */
int cli_dataset_list(const struct cli_dataset *dataset, char *const *files, size_t n_files,
                     struct umm_dataset_list *list);

#endif
