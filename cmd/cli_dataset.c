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

int cli_take_shard(void *shard, const char *value)
{
    struct umm_shard *part = shard;
    char digits[24];
    const char *slash = strchr(value, '/');
    if (!slash || (size_t)(slash - value) >= sizeof digits)
        return CLI_BAD_VALUE;
    memcpy(digits, value, (size_t)(slash - value));
    digits[slash - value] = '\0';
    return cli_parse_count(slash + 1, 1, UINT32_MAX, &part->count) &&
                   cli_parse_count(digits, 0, part->count - 1, &part->index)
               ? CLI_OK
               : CLI_BAD_VALUE;
}

const struct cli_option cli_dataset_options[] = {
    {0, "root", "DIR", "take DIR/SYMBOL/TIMEFRAME.npy (default $UMM_ROOT)", CLI_TEXT(root)},
    {0, "symbols", "LIST", "symbols, separated by commas", CLI_TEXT(symbols)},
    {0, "symbols-from", "FILE", "symbols, one a line, from FILE, or - for standard input",
     CLI_TEXT(symbols_from)},
    {0, "timeframes", "LIST", "timeframes, separated by commas, such as 1m,4h,1d,1mo",
     CLI_TEXT(timeframes)},
    {0, "missing", "HOW",
     "fail or skip, for datasets that are not there\n(default fail; skip exits 3)",
     CLI_CHOICE(is_missing_skipped, "fail|skip")},
    {0, "shard", "I/N", "only every N-th dataset, from number I on, counted from 0",
     CLI_CALL(shard, cli_take_shard, "I/N with I from 0 to N - 1")},
    {0, "from", "TIME", "from TIME on: ISO 8601, UTC unless it has a zone",
     CLI_CALL(range.from, cli_take_time, CLI_TIME), CLI_GIVEN(range.has_from)},
    {0, "to", "TIME", "before TIME", CLI_CALL(range.to, cli_take_time, CLI_TIME),
     CLI_GIVEN(range.has_to)},
    {0}};

bool cli_dataset_is_named(const struct cli_dataset *dataset)
{
    return dataset->root || dataset->symbols || dataset->symbols_from || dataset->timeframes;
}

/* Whether the options go together. CLI_OK, or CLI_USAGE after a message. */
static int check(const struct cli_dataset *dataset, const char *root, size_t n_files)
{
    const struct umm_timerange *range = &dataset->range;
    if (range->has_from && range->has_to && umm_arraycolumn_compare(&range->to, &range->from) < 0)
        return cli_usage("--to is before --from");
    if (!cli_dataset_is_named(dataset) && dataset->is_missing_skipped)
        return cli_usage("--missing needs --symbols");
    if (!cli_dataset_is_named(dataset))
        return dataset->shard.count && !n_files ? cli_usage("--shard needs datasets or files")
                                                : CLI_OK;
    if (n_files)
        return cli_usage("--root, --symbols and --timeframes take the place of FILE operands");
    if (dataset->symbols && dataset->symbols_from)
        return cli_usage("--symbols-from takes the place of --symbols");
    if (!(dataset->symbols || dataset->symbols_from) || !dataset->timeframes)
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

/* Datasets of the symbols in the file that --symbols-from names. */
static enum umm_status find_listed(const struct umm_dataset_options *options, const char *file,
                                   struct umm_dataset_list *list, struct umm_error *err)
{
    enum { SYMBOLS_BYTES_MAX = 64 * 1024 * 1024 };
    struct umm_dataset_lines lines = {.file = strcmp(file, "-") == 0 ? "standard input" : file};
    struct umm_dataset_options with_lines = *options;
    void *text = NULL;
    enum umm_status status = cli_read_whole(file, SYMBOLS_BYTES_MAX, &text, &lines.len_bytes, err);
    lines.text = text;
    with_lines.lines = &lines;
    if (!status)
        status = umm_dataset_find(&with_lines, list, err);
    free(text);
    return status;
}

int cli_dataset_list(const struct cli_dataset *dataset, char *const *files, size_t n_files,
                     struct umm_dataset_list *list)
{
    struct umm_error err = {.status = UMM_OK};
    struct umm_dataset_options options = {
        .root = dataset->root ? dataset->root : getenv("UMM_ROOT"),
        .symbols = dataset->symbols,
        .timeframes = dataset->timeframes,
        .range = dataset->range,
        .shard = dataset->shard,
        .missing = dataset->is_missing_skipped ? tell_missing : NULL};
    enum umm_status status;
    *list = (struct umm_dataset_list){0};
    int code = check(dataset, options.root, n_files);
    if (code != CLI_OK)
        return code;
    if (dataset->symbols_from)
        status = find_listed(&options, dataset->symbols_from, list, &err);
    else if (dataset->symbols)
        status = umm_dataset_find(&options, list, &err);
    else
        status = umm_dataset_of_files((const char *const *)files, n_files, &options.range,
                                      &options.shard, list, &err);
    return status ? cli_fail(&err) : CLI_OK;
}
