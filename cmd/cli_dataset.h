/* SPDX-License-Identifier: MIT */
/*
 * cli_dataset.h - datasets by name, and ranges of time, for every tool that reads arrays.
 *
 * In the table of options, one line:   CLI_DATASET_OPTIONS, or CLI_DATASET_RANGE alone
 * In the tool's setter, one line:      cli_dataset_set(), which leaves other keys alone
 * After the options, one line:         cli_dataset_list() gives files and names alike
 */
#ifndef UMM_CMD_CLI_DATASET_H
#define UMM_CMD_CLI_DATASET_H

#include "array/dataset.h"
#include "cli.h"

/* Above the keys of any tool. */
enum cli_dataset_key {
    CLI_KEY_ROOT = CLI_KEY_LONG + 1000,
    CLI_KEY_SYMBOLS,
    CLI_KEY_TIMEFRAMES,
    CLI_KEY_MISSING,
    CLI_KEY_FROM,
    CLI_KEY_TO
};

#define CLI_DATASET_RANGE                                                                          \
    {CLI_KEY_FROM, "from", "TIME", "from TIME on: ISO 8601, UTC unless it has a zone"},            \
    {                                                                                              \
        CLI_KEY_TO, "to", "TIME", "before TIME"                                                    \
    }

#define CLI_DATASET_OPTIONS                                                                        \
    {0, NULL, NULL, "Datasets by name, in place of FILEs:"},                                       \
        {CLI_KEY_ROOT, "root", "DIR", "take DIR/SYMBOL/TIMEFRAME.npy (default $UMM_ROOT)"},        \
        {CLI_KEY_SYMBOLS, "symbols", "LIST", "symbols, separated by commas"},                      \
        {CLI_KEY_TIMEFRAMES, "timeframes", "LIST",                                                 \
         "timeframes, separated by commas, such as 1m,4h,1d,1mo"},                                 \
        {CLI_KEY_MISSING, "missing", "HOW",                                                        \
         "fail or skip, for datasets that are not there\n(default fail; skip exits 3)"},           \
        CLI_DATASET_RANGE

/* What was asked for. All zero is nothing; range is for FILEs, too. */
struct cli_dataset {
    const char *root, *symbols, *timeframes;
    bool is_missing_skipped;
    struct umm_timerange range;
};

/* Take the option key: CLI_OK, an exit code after a message, or -1 for a key not ours. */
int cli_dataset_set(struct cli_dataset *dataset, int key, const char *value);

/*
 * The arrays to work on: the n_files FILE operands, or the datasets that are named, or
 * none (list->n is 0) if neither is given. Free the list in any case. CLI_OK, or the exit
 * code after a message: names and FILEs at once, half a name, --to before --from, and
 * what is missing.
 *
 * With --missing=skip datasets that are not there are named on standard error, and
 * list->n_missing > 0 asks the tool to exit with CLI_REJECTED in place of CLI_OK. That
 * none is there at all is a failure.
 */
int cli_dataset_list(const struct cli_dataset *dataset, char *const *files, size_t n_files,
                     struct umm_dataset_list *list);

#endif
