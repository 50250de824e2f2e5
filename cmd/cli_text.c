/* SPDX-License-Identifier: MIT */
#include "cli_text.h"

#include <string.h>

#include "base/error.h"
#include "text/layout.h"
#include "time/time.h"

/* One byte, or the word tab. */
static bool parse_char(const char *text, char *out)
{
    bool is_tab = strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0;
    if (!is_tab && (strlen(text) != 1 || strchr("\"\r\n", *text)))
        return false;
    *out = is_tab ? '\t' : *text;
    return true;
}

static int set_time_format(struct umm_reading_options *reading, const char *value)
{
    const char *bad, *why;
    char shown[UMM_EXCERPT_MAX];
    reading->time_format = value;
    if (umm_time_pattern_check(value, &bad, &why))
        return CLI_OK;
    umm_escape(shown, sizeof shown, bad, strlen(bad));
    return *bad ? cli_usage("--time-format: cannot be used from here on: \"%s\"; %s", shown, why)
                : cli_usage("--time-format: does not determine a date");
}

static int add_where(struct umm_instrument_options *instrument, const char *value)
{
    if (!strchr(value, '=') || *value == '=')
        return cli_bad_value("where", "COLUMN=VALUE", value);
    if (instrument->n_where == UMM_WHERE_MAX)
        return cli_usage("--where may be given %d times", UMM_WHERE_MAX);
    instrument->where[instrument->n_where++] = value;
    return CLI_OK;
}

int cli_text_set(struct umm_reading_options *reading, int key, const char *value)
{
    static const char *const headers[] = {"auto", "yes", "no", NULL};
    static const char *const folds[] = {"error", "earlier", "later", NULL};
    int choice = 0, code = CLI_OK;
    switch (key) {
    case CLI_KEY_LAYOUT:
        reading->layout = value;
        if (strcmp(value, "auto") == 0 || umm_layout_find(value))
            return CLI_OK;
        return cli_bad_value("layout", "the name of a layout", value);
    case CLI_KEY_COLUMNS: reading->schema.columns = value; return CLI_OK;
    case CLI_KEY_NAMES: reading->names = value; return CLI_OK;
    case CLI_KEY_HEADER:
        code = cli_set_choice("header", value, headers, "yes, no or auto", &choice);
        reading->header = (enum umm_header)choice;
        return code;
    case CLI_KEY_DELIMITER:
        return parse_char(value, &reading->delimiter)
                   ? CLI_OK
                   : cli_bad_value("delimiter", "one character, or tab", value);
    case CLI_KEY_COMMENT:
        return parse_char(value, &reading->comment)
                   ? CLI_OK
                   : cli_bad_value("comment", "one character", value);
    case CLI_KEY_DECIMAL:
        reading->decimal = *value;
        if (strcmp(value, ".") == 0 || strcmp(value, ",") == 0)
            return CLI_OK;
        return cli_bad_value("decimal", ". or ,", value);
    case CLI_KEY_NA: reading->na = value; return CLI_OK;
    case CLI_KEY_SKIP_LINES:
        return cli_parse_count(value, 0, UINT32_MAX, &reading->skip_lines)
                   ? CLI_OK
                   : cli_bad_value("skip-lines", "a number from 0", value);
    case CLI_KEY_TIME_FORMAT: return set_time_format(reading, value);
    case CLI_KEY_TIME_UNIT_IN:
        reading->has_time_unit_in = true;
        return umm_time_unit_parse_in(value, &reading->time_unit_in)
                   ? CLI_OK
                   : cli_bad_value("time-unit-in", "s, ms, us, ns or ticks", value);
    case CLI_KEY_TZ: reading->tz = value; return CLI_OK;
    case CLI_KEY_TZ_FOLD:
        code = cli_set_choice("tz-fold", value, folds, "earlier or later", &choice);
        reading->fold = (enum umm_tz_fold)choice;
        return code;
    case CLI_KEY_WHERE: return add_where(&reading->instrument, value);
    case CLI_KEY_ONE_SERIES: reading->instrument.one_series = value ? value : ""; return CLI_OK;
    case CLI_KEY_WHOLE_LINES: reading->is_last_held = true; return CLI_OK;
    default: return -1;
    }
}
