/* SPDX-License-Identifier: MIT */
#include "cli_text.h"

#include <string.h>

#include "base/error.h"
#include "text/layout.h"
#include "time/time.h"

#define CLI_OPTS struct umm_reading_options

static int take_layout(void *layout, const char *value)
{
    *(const char **)layout = value;
    return strcmp(value, "auto") == 0 || umm_layout_find(value) ? CLI_OK : CLI_BAD_VALUE;
}

/* One byte, or the word tab. */
static int take_char(void *character, const char *value)
{
    bool is_tab = strcmp(value, "tab") == 0 || strcmp(value, "\\t") == 0;
    if (!is_tab && (strlen(value) != 1 || strchr("\"\r\n", *value)))
        return CLI_BAD_VALUE;
    *(char *)character = is_tab ? '\t' : *value;
    return CLI_OK;
}

static int take_decimal(void *decimal, const char *value)
{
    *(char *)decimal = *value;
    return strcmp(value, ".") == 0 || strcmp(value, ",") == 0 ? CLI_OK : CLI_BAD_VALUE;
}

/* One of the marks, or what it is called. */
static int take_thousands(void *mark, const char *value)
{
    return umm_group_mark_find(value, mark) ? CLI_OK : CLI_BAD_VALUE;
}

static int take_numbers(void *ways, const char *value)
{
    return umm_ways_parse(value, ways) ? CLI_OK : CLI_BAD_VALUE;
}

static int take_time_format(void *time_format, const char *value)
{
    const char *bad, *why;
    char shown[UMM_EXCERPT_MAX];
    *(const char **)time_format = value;
    /* Whether a time of day alone will do is seen when it is known what it is of. */
    if (umm_time_pattern_check_clock(value, NULL, NULL) ||
        umm_time_pattern_check(value, &bad, &why))
        return CLI_OK;
    umm_escape(shown, sizeof shown, bad, strlen(bad));
    return *bad ? cli_usage("--time-format: cannot be used from here on: \"%s\"; %s", shown, why)
                : cli_usage("--time-format: does not determine a date");
}

/* YYYY-MM-DD. */
static int take_date(void *date, const char *value)
{
    enum { DATE_BYTES = 10, DAY_S = 86400 };
    const struct umm_time_spec spec = {.form = UMM_TIME_FORM_ISO};
    struct umm_time time;
    if (strlen(value) != DATE_BYTES ||
        umm_time_parse(&spec, value, DATE_BYTES, &time) != UMM_TIME_OK || time.sec % DAY_S)
        return CLI_BAD_VALUE;
    *(int64_t *)date = time.sec / DAY_S;
    return CLI_OK;
}

static int add_where(void *user, const char *value)
{
    struct umm_instrument_options *instrument = user;
    if (!strchr(value, '=') || *value == '=')
        return CLI_BAD_VALUE;
    if (instrument->n_where == UMM_WHERE_MAX)
        return cli_usage("--where may be given %d times", UMM_WHERE_MAX);
    instrument->where[instrument->n_where++] = value;
    return CLI_OK;
}

const struct cli_option cli_text_options[] = {
    {0, "layout", "NAME",
     "one of those that umm-convert --list-layouts prints, or\nauto (default auto: by the "
     "header, if it is one of theirs)",
     CLI_CALL(layout, take_layout, "a layout that umm-convert --list-layouts prints, or auto")},
    {0, "header", "WHEN", "yes, no or auto (default auto)", CLI_CHOICE(header, "auto|yes|no"),
     .wanted = "yes, no or auto"},
    {0, "names", "LIST", "names of the fields, in place of a header's", CLI_TEXT(names)},
    {0, "delimiter", "CHAR", "one character, or tab (default: , ; tab or | as found)",
     CLI_CALL(delimiter, take_char, "one character, or tab")},
    {0, "decimal", "CHAR", ". or , (default .)", CLI_CALL(decimal, take_decimal, ". or ,")},
    {0, "thousands", "CHAR",
     "what may stand between groups of digits: , . apostrophe\nor space (default: nothing may)",
     CLI_CALL(notation.mark, take_thousands, ", . apostrophe or space")},
    {0, "numbers", "LIST",
     "ways of writing numbers that are read: currency, percent\n(2.31% is 2.31), ratio (it is "
     "0.0231), suffix (K, M, B, T),\nparentheses, boolean (default: none of them)",
     CLI_CALL(notation.ways, take_numbers,
              "currency, percent, ratio, suffix, parentheses or boolean")},
    {0, "na", "LIST", "texts of missing values\n(default empty, null, NaN, NA, N/A and -)",
     CLI_TEXT(na)},
    {0, "comment", "CHAR", "pass over lines that begin with CHAR",
     CLI_CALL(comment, take_char, "one character")},
    {0, "skip-lines", "N", "pass over the first N lines of each file",
     CLI_COUNT(skip_lines, 0, UINT32_MAX), .wanted = "a number from 0"},
    {0, "skip-footer", "N", "pass over the last N lines of each file",
     CLI_COUNT(skip_footer, 0, UINT32_MAX), .wanted = "a number from 0"},
    {0, "columns", "LIST",
     "[NEWNAME=]FIELD[:TYPE],... where FIELD is a name,\na number from 1 or DATE+TIME, with *1e-9 "
     "its decimal point\nmoved; NEWNAME==nan, or a number: the same in all rows;\nor all\n"
     "(default timestamp,open,high,low,close,volume)",
     CLI_TEXT(schema.columns)},
    {0, "time-format", "FORMAT", "as in strptime(3): %Y-%m-%d %H:%M:%S.%f and so on",
     CLI_CALL(time_format, take_time_format, NULL)},
    {0, "time-unit-in", "UNIT",
     "unit of epochs in the text: s, ms, us, ns or ticks,\nor excel or excel1904 for days of a "
     "spreadsheet\n(default: of each by its magnitude, from 1980 to 2100)",
     CLI_CHOICE(time_unit_in, "s|ms|us|ns|ticks|excel|excel1904"), CLI_GIVEN(has_time_unit_in)},
    {0, "date", "DATE", "times are times of day, of DATE: YYYY-MM-DD",
     CLI_CALL(date, take_date, "YYYY-MM-DD"), CLI_GIVEN(has_date)},
    {0, "hour-24", NULL, "24:00 is the next day's 00:00", CLI_FLAG(has_hour_24)},
    {0, "tz", "ZONE", "zone of times without one: +HH:MM or an IANA name\n(default UTC)",
     CLI_TEXT(tz)},
    {0, "tz-fold", "WHICH",
     "earlier or later, for local times that occur twice or\nnever; infer, for those that occur "
     "twice, by the order\nof the rows (default error)",
     CLI_CHOICE(fold, "error|earlier|later|infer"), .wanted = "earlier, later or infer"},
    {0, "where", "COLUMN=VALUE",
     "only rows that have it, such as symbol=SPY; may be given\nmore than once",
     CLI_CALL(instrument, add_where, "COLUMN=VALUE")},
    {0, "one-series", "[=LIST]",
     "all rows are one series, whatever columns such as symbol\nsay, or those of LIST",
     CLI_TEXT(instrument.one_series)},
    {0, "members", "PATTERN",
     "of zip and tar archives only the members with such a\nname, as the shell has it: '*.csv'",
     CLI_TEXT(unpack.members)},
    {0, "max-unpacked", "SIZE", "no more than that out of a packed FILE (default 1T)",
     CLI_SIZE(unpack.max_bytes, 1, UINT64_MAX)},
    {0, "max-ratio", "N", "nor, from 64 MiB on, more than N times what it takes\n(default 200)",
     CLI_COUNT(unpack.max_ratio, 1, UINT64_MAX)},
    {0, "whole-lines", NULL, "leave a last line without its end to the next run",
     CLI_FLAG(is_last_held)},
    {0}};
