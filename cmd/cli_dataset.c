/* SPDX-License-Identifier: MIT */
#include "cli_dataset.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static int set_end(const char *name, const char *value, struct umm_time *time, bool *has_time)
{
    if (umm_time_from_iso(value, time, NULL) != UMM_OK)
        return cli_bad_value(name, "a date or time, ISO 8601", value);
    *has_time = true;
    return CLI_OK;
}

int cli_dataset_set(struct cli_dataset *dataset, int key, const char *value)
{
    static const char *const hows[] = {"fail", "skip", NULL};
    struct umm_timerange *range = &dataset->range;
    int how;
    switch (key) {
    case CLI_KEY_ROOT: dataset->root = value; return CLI_OK;
    case CLI_KEY_SYMBOLS: dataset->symbols = value; return CLI_OK;
    case CLI_KEY_TIMEFRAMES: dataset->timeframes = value; return CLI_OK;
    case CLI_KEY_MISSING:
        how = cli_parse_choice_of(value, hows);
        dataset->is_missing_skipped = how == 1;
        return how < 0 ? cli_bad_value("missing", "fail or skip", value) : CLI_OK;
    case CLI_KEY_FROM: return set_end("from", value, &range->from, &range->has_from);
    case CLI_KEY_TO: return set_end("to", value, &range->to, &range->has_to);
    default: return -1;
    }
}

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
