/* SPDX-License-Identifier: MIT */
#include "cli_dataset.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define CLI_OPTS struct cli_dataset

int cli_take_time(void *time, const char *value)
{
    return umm_time_from_iso(value, time, NULL) ? CLI_BAD_VALUE : CLI_OK;
}

int cli_take_timeframe(void *timeframe, const char *value)
{
    return umm_timeframe_parse(value, strlen(value), timeframe, NULL) ? CLI_BAD_VALUE : CLI_OK;
}

const struct cli_option cli_dataset_options[] = {
    {0, "root", "DIR", "take DIR/SYMBOL/TIMEFRAME.npy (default $UMM_ROOT)", CLI_TEXT(root)},
    {0, "symbols", "LIST", "symbols, separated by commas", CLI_TEXT(symbols)},
    {0, "timeframes", "LIST", "timeframes, separated by commas, such as 1m,4h,1d,1mo",
     CLI_TEXT(timeframes)},
    {0, "missing", "HOW",
     "fail or skip, for datasets that are not there\n(default fail; skip exits 3)",
     CLI_CHOICE(is_missing_skipped, "fail|skip")},
    {0, "from", "TIME", "from TIME on: ISO 8601, UTC unless it has a zone",
     CLI_CALL(range.from, cli_take_time, CLI_TIME), CLI_GIVEN(range.has_from)},
    {0, "to", "TIME", "before TIME", CLI_CALL(range.to, cli_take_time, CLI_TIME),
     CLI_GIVEN(range.has_to)},
    {0}};

/* Whether the options go together. CLI_OK, or CLI_USAGE after a message. */
static int check(const struct cli_dataset *dataset, const char *root, size_t n_files)
{
    const struct umm_timerange *range = &dataset->range;
    if (range->has_from && range->has_to && umm_arraycolumn_compare(&range->to, &range->from) < 0)
        return cli_usage("--to is before --from");
    if (!dataset->root && !dataset->symbols && !dataset->timeframes)
        return dataset->is_missing_skipped ? cli_usage("--missing needs --symbols") : CLI_OK;
    if (n_files)
        return cli_usage("--root, --symbols and --timeframes take the place of FILE operands");
    if (!dataset->symbols || !dataset->timeframes)
        return cli_usage("datasets by name need --symbols and --timeframes");
    if (!root || !*root)
        return cli_usage("datasets by name need --root or UMM_ROOT");
    return CLI_OK;
}

static void tell_missing(void *user, const struct umm_error *err)
{
    (void)user;
    cli_warn_error(err);
}

int cli_dataset_list(const struct cli_dataset *dataset, char *const *files, size_t n_files,
                     struct umm_dataset_list *list)
{
    struct umm_error err = {.status = UMM_OK};
    const struct umm_dataset_options options = {
        .root = dataset->root ? dataset->root : getenv("UMM_ROOT"),
        .symbols = dataset->symbols,
        .timeframes = dataset->timeframes,
        .range = dataset->range,
        .missing = dataset->is_missing_skipped ? tell_missing : NULL};
    *list = (struct umm_dataset_list){0};
    int code = check(dataset, options.root, n_files);
    if (code != CLI_OK)
        return code;
    enum umm_status status =
        options.symbols
            ? umm_dataset_find(&options, list, &err)
            : umm_dataset_of_files((const char *const *)files, n_files, &options.range, list, &err);
    return status ? cli_fail(&err) : CLI_OK;
}
