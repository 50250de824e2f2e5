/* SPDX-License-Identifier: MIT */
#include "reading/celltime.h"

#include <stdio.h>
#include <string.h>

#include "time/time_digits.h"

/* "an epoch in seconds (2034-02-20T16:12:02Z)", "YYYYMMDDHH (2024-12-31T22:00:00)". */
static void name_meaning(const struct umm_time_meaning *meaning, char out[UMM_CELLTIME_HINT_MAX])
{
    char iso[UMM_TIME_ISO_MAX];
    int n = snprintf(out, UMM_CELLTIME_HINT_MAX, "%s", meaning->name);
    if (!meaning->has_time)
        return;
    size_t len = umm_time_format_iso(meaning->time, iso) - meaning->is_local;
    if (meaning->is_day)
        len = strcspn(iso, "T");
    snprintf(out + n, UMM_CELLTIME_HINT_MAX - (size_t)n, " (%.*s)", (int)len, iso);
}

/* The option that chooses the meaning; empty if none does. */
static void name_option(const struct umm_time_meaning *meaning, char out[UMM_CELLTIME_HINT_MAX])
{
    const char *value = meaning->format ? meaning->format : meaning->unit;
    snprintf(out, UMM_CELLTIME_HINT_MAX, "%s%s",
             meaning->format ? "--time-format="
             : value         ? "--time-unit-in="
                             : "",
             value ? value : "");
}

static void hint_at_both(struct umm_csv_field cell, char *hint)
{
    struct umm_time_meaning epoch, digits;
    char names[2][UMM_CELLTIME_HINT_MAX], options[2][UMM_CELLTIME_HINT_MAX];
    if (!umm_time_epoch_meaning(cell.text, cell.len_bytes, &epoch) ||
        !umm_time_digits_meaning(cell.text, cell.len_bytes, &digits))
        return;
    name_meaning(&epoch, names[0]);
    name_meaning(&digits, names[1]);
    name_option(&epoch, options[0]);
    name_option(&digits, options[1]);
    int n = snprintf(hint, UMM_CELLTIME_HINT_MAX, " could be %.80s or %.80s; use %.30s", names[0],
                     names[1], options[0]);
    if (options[1][0])
        snprintf(hint + n, UMM_CELLTIME_HINT_MAX - (size_t)n, " or %.40s", options[1]);
}

static void hint_at_digits(struct umm_csv_field cell, char *hint)
{
    struct umm_time_meaning digits;
    char name[UMM_CELLTIME_HINT_MAX], option[UMM_CELLTIME_HINT_MAX];
    if (!umm_time_digits_meaning(cell.text, cell.len_bytes, &digits)) {
        strcpy(hint, "; use --time-format, or --time-unit-in for an epoch of other years");
        return;
    }
    name_meaning(&digits, name);
    name_option(&digits, option);
    if (digits.unit)
        snprintf(hint, UMM_CELLTIME_HINT_MAX, " could be %.80s; use %.40s", name, option);
    else if (digits.format)
        snprintf(hint, UMM_CELLTIME_HINT_MAX,
                 " could be %.80s; use %.40s, or --time-unit-in for an epoch", name, option);
    else
        snprintf(hint, UMM_CELLTIME_HINT_MAX,
                 " could be %.80s, which is not read; write dates as YYYY-MM-DD", name);
}

/* A date and time, a space, and two to five capitals: "2021-07-05 09:30:00 EDT". */
static bool ends_in_zone_name(struct umm_csv_field cell)
{
    size_t n = 0, at = cell.len_bytes;
    for (; at && cell.text[at - 1] >= 'A' && cell.text[at - 1] <= 'Z'; at--)
        n++;
    if (n == 2 && cell.text[at + 1] == 'M' && (cell.text[at] == 'A' || cell.text[at] == 'P'))
        return false;
    return n >= 2 && n <= 5 && at >= 2 && cell.text[at - 1] == ' ' && cell.text[at - 2] >= '0' &&
           cell.text[at - 2] <= '9';
}

/* "9:30", "09:30:00.5": no date is in sight. */
static bool is_time_of_day(struct umm_csv_field cell)
{
    size_t n_colons = 0;
    for (size_t i = 0; i < cell.len_bytes; i++) {
        if (cell.text[i] == ':')
            n_colons++;
        else if (cell.text[i] != '.' && (cell.text[i] < '0' || cell.text[i] > '9'))
            return false;
    }
    return n_colons == 1 || n_colons == 2;
}

/* What a text should have looked like. */
static const char *form_hint(const struct umm_time_spec *spec, struct umm_csv_field cell)
{
    switch (spec->form) {
    case UMM_TIME_FORM_EPOCH:
        return spec->is_unit_forced ? "; expected an epoch, by --time-unit-in"
                                    : "; expected an epoch, as before it";
    case UMM_TIME_FORM_ISO: return "; expected ISO 8601, as before it";
    case UMM_TIME_FORM_YEAR_FIRST: return "; expected year, month, day, as before it";
    case UMM_TIME_FORM_COMPACT: return "; expected YYYYMMDD, as before it";
    case UMM_TIME_FORM_PATTERN: return "; expected what --time-format or the layout says";
    case UMM_TIME_FORM_NONE: break;
    }
    if (ends_in_zone_name(cell))
        return "; names of zones are not read, only offsets such as -04:00, or one name for all "
               "rows: "
               "as text in --time-format, with --tz";
    if (is_time_of_day(cell))
        return "; a time of day needs its date: --columns timestamp=DATE+TIME,...";
    return "; use --time-format";
}

static const char *plain_hint(const struct umm_schema_field *field,
                              const struct umm_time_spec *spec, enum umm_time_result result,
                              bool is_read, struct umm_csv_field cell)
{
    switch (result) {
    case UMM_TIME_DAY_MONTH: return "; use --time-format, such as %d/%m/%Y or %m/%d/%Y";
    case UMM_TIME_WIDTH:
        return spec->form == UMM_TIME_FORM_PATTERN
                   ? "; a dash, as in %-H%M%S, reads digits without their leading zeros"
                   : "; use --time-format '%Y%m%d %-H%M' or '%Y%m%d %-H%M%S' if it lacks leading "
                     "zeros";
    case UMM_TIME_HOUR_24: return "; write it so";
    case UMM_TIME_CUT: return "; use --time-unit-in if it is exact";
    case UMM_TIME_LOCAL_GAP: return "; use --tz-fold earlier or later";
    case UMM_TIME_LOCAL_FOLD:
        return "; use --tz-fold earlier or later, for all such times: their order is not looked at";
    case UMM_TIME_INEXACT:
        return is_read ? "; use a finer --time-unit" : "; nothing below a nanosecond is read";
    case UMM_TIME_MALFORMED: return form_hint(spec, cell);
    case UMM_TIME_RANGE:
        if (!is_read)
            return "";
        return field->type.size_bytes == 4 ? "; use --dtype i8 or f8"
                                           : "; use a coarser --time-unit";
    case UMM_TIME_OK:
    case UMM_TIME_NO_EPOCH:
    case UMM_TIME_AMBIGUOUS:
    case UMM_TIME_NO_SUCH_DATE: break;
    }
    return "";
}

void umm_celltime_refuse(const struct umm_schema_field *field, const struct umm_time_spec *spec,
                         enum umm_time_result result, bool is_read, struct umm_csv_field cell,
                         struct umm_celltime_refusal *refusal)
{
    refusal->what = umm_time_result_text(result);
    refusal->hint[0] = '\0';
    if (result == UMM_TIME_AMBIGUOUS)
        hint_at_both(cell, refusal->hint);
    else if (result == UMM_TIME_NO_EPOCH)
        hint_at_digits(cell, refusal->hint);
    else
        strcpy(refusal->hint, plain_hint(field, spec, result, is_read, cell));
}
