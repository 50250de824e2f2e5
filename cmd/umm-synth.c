/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <string.h>

#include "array/output.h"
#include "base/error.h"
#include "cli.h"
#include "synth/synth.h"
#include "time/time.h"

enum {
    KEY_ROWS = CLI_KEY_LONG,
    KEY_SEED,
    KEY_SYMBOL,
    KEY_TIMEFRAME,
    KEY_START,
    KEY_LAYOUT,
    KEY_NO_HEADER,
    KEY_QUOTE_ALL,
    KEY_CRLF,
    KEY_RATE,
    KEY_MESSY
};

static const struct cli_option options[] = {
    {KEY_ROWS, "rows", "N", "write N rows (default 1000)"},
    {KEY_SEED, "seed", "N", "another N gives other bars (default 1)"},
    {KEY_SYMBOL, "symbol", "NAME",
     "another NAME gives other bars, and is shown by\nlayouts with a symbol column (default "
     "SYNTH)"},
    {KEY_TIMEFRAME, "timeframe", "SPAN",
     "time between bars: a number and s, m, h, d, w or mo\n(default 1m, 1h or 1d, by layout)"},
    {KEY_START, "start", "TIME", "time of the oldest bar, ISO 8601, UTC\n(default 2020-01-01)"},
    {0, NULL, NULL, "Text:"},
    {KEY_LAYOUT, "layout", "NAME",
     "plain, iso, binance, yahoo, cryptodatadownload,\nstooq, metatrader, histdata, dukascopy or\n"
     "backtrader (default plain)"},
    {KEY_NO_HEADER, "no-header", NULL, "leave the header out"},
    {KEY_QUOTE_ALL, "quote-all", NULL, "put every field in double quotes"},
    {KEY_CRLF, "crlf", NULL, "end lines in CR LF"},
    {KEY_MESSY, "messy", NULL,
     "mix in quotes, line ends, blank lines, missing cells\n"
     "and bad rows, in known numbers"},
    {0, NULL, NULL, "Output:"},
    {'o', "output", "FILE", "write to FILE, complete or not at all (default -)"},
    {KEY_RATE, "rate", "R", "write R rows per second"},
    {0, NULL, NULL, NULL}};

static const struct cli_tool tool = {
    .name = "umm-synth",
    .synopsis = "[options]",
    .about = "Write synthetic OHLCV bars as CSV: the same options always give the same bytes.",
    .options = options};

struct opts {
    struct umm_synth_options synth;
    const char *output;
};

static bool parse_start(const char *text, int64_t *out)
{
    const struct umm_time_spec spec = {.form = UMM_TIME_FORM_ISO};
    struct umm_time time;
    if (umm_time_parse(&spec, text, strlen(text), &time) != UMM_TIME_OK || time.nsec != 0)
        return false;
    *out = time.sec;
    return true;
}

/* CLI_OK, or the exit code after a message. */
static int set_option(void *user, int key, const char *value)
{
    struct opts *opts = user;
    const uint64_t rows_max = 1000000000000, rate_max = 1000000000;
    struct umm_synth_options *synth = &opts->synth;
    switch (key) {
    case KEY_ROWS:
        if (cli_parse_count(value, 1, rows_max, &synth->n_rows))
            return CLI_OK;
        return cli_bad_value("rows", "a number from 1 to 1000000000000", value);
    case KEY_SEED:
        if (cli_parse_count(value, 0, UINT64_MAX, &synth->seed))
            return CLI_OK;
        return cli_bad_value("seed", "a number from 0 to 18446744073709551615", value);
    case KEY_TIMEFRAME:
        if (umm_timeframe_parse(value, strlen(value), &synth->timeframe, NULL) == UMM_OK)
            return CLI_OK;
        return cli_bad_value("timeframe", "a number and s, m, h, d, w or mo, up to 100 years",
                             value);
    case KEY_START:
        if (parse_start(value, &synth->start_sec))
            return CLI_OK;
        return cli_bad_value("start", "a date or a time in whole seconds, ISO 8601", value);
    case KEY_LAYOUT:
        if (umm_synth_layout_parse(value, &synth->layout))
            return CLI_OK;
        return cli_bad_value("layout", "the name of a layout", value);
    case KEY_RATE:
        if (cli_parse_count(value, 1, rate_max, &synth->rows_per_second))
            return CLI_OK;
        return cli_bad_value("rate", "a number from 1 to 1000000000", value);
    case KEY_SYMBOL: synth->symbol = value; return CLI_OK;
    case KEY_NO_HEADER: synth->has_no_header = true; return CLI_OK;
    case KEY_QUOTE_ALL: synth->is_all_quoted = true; return CLI_OK;
    case KEY_CRLF: synth->is_crlf = true; return CLI_OK;
    case KEY_MESSY: synth->is_messy = true; return CLI_OK;
    default: opts->output = value; return CLI_OK;
    }
}

static bool parse_opts(struct opts *opts, int argc, char **argv, int *exit_code)
{
    if (!cli_parse(argc, argv, set_option, opts, exit_code))
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
