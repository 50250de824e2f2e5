/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <string.h>

#include "array/output.h"
#include "base/error.h"
#include "cli.h"
#include "cli_dataset.h"
#include "synth/synth.h"
#include "time/time.h"

struct opts {
    struct umm_synth_options synth;
    const char *output;
};
#define CLI_OPTS struct opts

static int take_start(void *start_sec, const char *value)
{
    const struct umm_time_spec spec = {.form = UMM_TIME_FORM_ISO};
    struct umm_time time;
    if (umm_time_parse(&spec, value, strlen(value), &time) != UMM_TIME_OK || time.nsec != 0)
        return CLI_BAD_VALUE;
    *(int64_t *)start_sec = time.sec;
    return CLI_OK;
}

static int take_layout(void *layout, const char *value)
{
    return umm_synth_layout_parse(value, layout) ? CLI_OK : CLI_BAD_VALUE;
}

static const struct cli_option options[] = {
    {0, "rows", "N", "write N rows (default 1000)", CLI_COUNT(synth.n_rows, 1, 1000000000000)},
    {0, "seed", "N", "another N gives other bars (default 1)", CLI_COUNT(synth.seed, 0, UINT64_MAX),
     .wanted = "a number from 0 to 18446744073709551615"},
    {0, "symbol", "NAME",
     "another NAME gives other bars, and is shown by\nlayouts with a symbol column (default "
     "SYNTH)",
     CLI_TEXT(synth.symbol)},
    {0, "symbols", "N",
     "the bars of N symbols, NAME1 to NAMEN, mixed by time,\nwith their names in a first column",
     CLI_COUNT(synth.n_symbols, 1, UMM_SYNTH_SYMBOLS_MAX)},
    {0, "positions", "N",
     "events for umm-watch(1) in place of bars: their closes\nas prices, and N positions that are "
     "open at any time",
     CLI_COUNT(synth.n_positions, 1, UMM_SYNTH_POSITIONS_MAX)},
    {0, "timeframe", "SPAN",
     "time between bars: a number and s, m, h, d, w or mo\n(default 1m, 1h or 1d, by layout)",
     CLI_CALL(synth.timeframe, cli_take_timeframe,
              "a number and s, m, h, d, w or mo, up to 100 years")},
    {0, "start", "TIME", "time of the oldest bar, ISO 8601, UTC\n(default 2020-01-01)",
     CLI_CALL(synth.start_sec, take_start, "a date or a time in whole seconds, ISO 8601")},
    CLI_HEADING("Text:"),
    {0, "layout", "NAME",
     "plain, iso, binance, yahoo, cryptodatadownload,\nstooq, metatrader, histdata, dukascopy or\n"
     "backtrader (default plain)",
     CLI_CALL(synth.layout, take_layout, "the name of a layout")},
    {0, "no-header", NULL, "leave the header out", CLI_FLAG(synth.has_no_header)},
    {0, "quote-all", NULL, "put every field in double quotes", CLI_FLAG(synth.is_all_quoted)},
    {0, "crlf", NULL, "end lines in CR LF", CLI_FLAG(synth.is_crlf)},
    {0, "messy", NULL,
     "mix in quotes, line ends, blank lines, missing cells\n"
     "and bad rows, in known numbers",
     CLI_FLAG(synth.is_messy)},
    CLI_HEADING("Output:"),
    {'o', "output", "FILE", "write to FILE, complete or not at all (default -)", CLI_TEXT(output)},
    {0, "rate", "R", "write R rows per second", CLI_COUNT(synth.rows_per_second, 1, 1000000000)},
    {0}};

static const struct cli_tool tool = {
    .name = "umm-synth",
    .synopsis = "[options]",
    .about = "Write synthetic OHLCV bars as CSV: the same options always give the same bytes.",
    .options = options};

static bool parse_opts(struct opts *opts, int argc, char **argv, int *exit_code)
{
    if (!cli_parse(argc, argv, opts, exit_code))
        return false;
    if (optind < argc) {
        char shown[UMM_EXCERPT_MAX];
        const char *word = argv[optind];
        *exit_code = cli_usage("unexpected operand \"%s\"",
                               umm_escape(shown, sizeof shown, word, strlen(word)));
        return false;
    }
    return true;
}

static enum umm_status run(const struct opts *opts, struct umm_run *context, struct umm_error *err)
{
    struct umm_outfile out = {0};
    const char *name = cli_output_name(opts->output);
    enum umm_status status = umm_synth_check(&opts->synth, err);
    if (!status)
        status = umm_output_open_file(&out, opts->output, context, err);
    if (!status)
        status = umm_synth_write(&opts->synth, umm_outfile_fd(&out), name, context, err);
    if (!status)
        status = umm_outfile_commit(&out, NULL, NULL, err);
    umm_outfile_abort(&out);
    return status;
}

int main(int argc, char **argv)
{
    const int64_t start_of_2020 = 1577836800;
    struct opts opts = {.synth = {.n_rows = 1000, .seed = 1, .start_sec = start_of_2020},
                        .output = "-"};
    struct umm_run context = {0};
    struct umm_error err = {0};
    int exit_code = CLI_OK;
    cli_init(&tool);
    if (!parse_opts(&opts, argc, argv, &exit_code))
        return exit_code;
    cli_catch_signals(&context);
    if (run(&opts, &context, &err) != UMM_OK)
        return cli_fail(&err);
    return cli_finish(CLI_OK);
}
