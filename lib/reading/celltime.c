/* SPDX-License-Identifier: MIT */
#include "reading/celltime.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "time/time_digits.h"

/* "an epoch in seconds (2034-02-20T16:12:02Z)", "YYYYMMDDHH (2024-12-31T22:00:00)". */
static void name_meaning(const struct umm_time_meaning *meaning, char out[UMM_CELLTIME_SAYS_MAX])
{
    char iso[UMM_TIME_ISO_MAX];
    int n = snprintf(out, UMM_CELLTIME_SAYS_MAX, "%s", meaning->name);
    if (!meaning->has_time)
        return;
    size_t len = umm_time_format_iso(meaning->time, iso) - meaning->is_local;
    if (meaning->is_day)
        len = strcspn(iso, "T");
    snprintf(out + n, UMM_CELLTIME_SAYS_MAX - (size_t)n, " (%.*s)", (int)len, iso);
}

static void tell_both(struct umm_csv_field cell, struct umm_celltime_refusal *refusal)
{
    struct umm_time_meaning epoch, digits;
    char names[2][UMM_CELLTIME_SAYS_MAX];
    if (!umm_time_epoch_meaning(cell.text, cell.len_bytes, &epoch) ||
        !umm_time_digits_meaning(cell.text, cell.len_bytes, &digits))
        return;
    name_meaning(&epoch, names[0]);
    name_meaning(&digits, names[1]);
    snprintf(refusal->says, sizeof refusal->says, " could be %.80s or %.80s", names[0], names[1]);
    refusal->hint = digits.format ? UMM_HINT_UNIT_OR_FORMAT
                    : digits.unit ? UMM_HINT_THESE_UNITS
                                  : UMM_HINT_THIS_UNIT;
    refusal->values[0] = epoch.unit;
    refusal->values[1] = digits.format ? digits.format : digits.unit;
}

/* A number that could count up to a day of milliseconds, or be digits of a time of day. */
static bool is_of_day(struct umm_csv_field cell)
{
    const struct umm_time_spec spec = {.form = UMM_TIME_FORM_EPOCH,
                                       .epoch_unit = UMM_TIME_MS,
                                       .is_unit_forced = true,
                                       .has_date = true};
    struct umm_time ignored;
    return umm_time_parse(&spec, cell.text, cell.len_bytes, &ignored) == UMM_TIME_OK;
}

static void tell_digits(const struct umm_time_spec *spec, struct umm_csv_field cell,
                        struct umm_celltime_refusal *refusal)
{
    struct umm_time_meaning digits;
    char name[UMM_CELLTIME_SAYS_MAX];
    const bool is_clock = spec->form == UMM_TIME_FORM_NONE && is_of_day(cell);
    refusal->hint = is_clock ? UMM_HINT_DATE_OR_UNIT : UMM_HINT_FORMAT_OR_UNIT;
    if (!umm_time_digits_meaning(cell.text, cell.len_bytes, &digits))
        return;
    name_meaning(&digits, name);
    snprintf(refusal->says, sizeof refusal->says, " could be %.80s%s", name,
             digits.unit || digits.format ? "" : ", which is not read; write dates as YYYY-MM-DD");
    refusal->hint = digits.unit     ? UMM_HINT_THIS_UNIT
                    : digits.format ? UMM_HINT_THIS_FORMAT_OR_UNIT
                                    : UMM_HINT_NONE;
    refusal->values[0] = digits.unit ? digits.unit : digits.format;
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

/* A word that is no part of a date or time of day: not of ASCII, or a weekday first. */
static bool has_word(struct umm_csv_field cell)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    enum { SHORT_BYTES = 3 };
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        if (cell.len_bytes > SHORT_BYTES && strncasecmp(cell.text, days[i], SHORT_BYTES) == 0)
            return true;
    for (size_t i = 0; i < cell.len_bytes; i++)
        if ((unsigned char)cell.text[i] >= 0x80)
            return true;
    return false;
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

/* The first digits of a text, without what stands between them; how many bytes those took. */
static size_t take_digits(const char *text, size_t len, char *digits, size_t n)
{
    size_t at = 0;
    for (size_t have = 0; at < len && have < n && !(have && text[at] == ' '); at++)
        if (text[at] >= '0' && text[at] <= '9')
            digits[have++] = text[at];
    return at;
}

/* "2020-01-02 20200102093500000": a date, and a time that has it already. */
static bool has_date_twice(struct umm_csv_field cell)
{
    enum { DATE_DIGITS = 8 };
    char first[DATE_DIGITS] = {0}, second[DATE_DIGITS] = {0};
    const size_t at = take_digits(cell.text, cell.len_bytes, first, DATE_DIGITS);
    if (at >= cell.len_bytes || cell.text[at] != ' ')
        return false;
    take_digits(cell.text + at, cell.len_bytes - at, second, DATE_DIGITS);
    return first[DATE_DIGITS - 1] && memcmp(first, second, DATE_DIGITS) == 0;
}

/* What a text should have looked like: for the message's end. */
static const char *expected_form(const struct umm_time_spec *spec)
{
    switch (spec->form) {
    case UMM_TIME_FORM_EPOCH:
        return spec->is_unit_forced ? "; expected an epoch in the unit that was given"
                                    : "; expected an epoch, as before it";
    case UMM_TIME_FORM_ISO: return "; expected ISO 8601, as before it";
    case UMM_TIME_FORM_YEAR_FIRST: return "; expected year, month, day, as before it";
    case UMM_TIME_FORM_COMPACT: return "; expected YYYYMMDD, as before it";
    case UMM_TIME_FORM_MONTH: return "; expected YYYY-MM, as before it";
    case UMM_TIME_FORM_CLOCK: return "; expected a time of day, as before it";
    case UMM_TIME_FORM_PATTERN: return "; expected what the time format or the layout says";
    case UMM_TIME_FORM_NONE: break;
    }
    return "";
}

static const char *tell_unknown(const struct umm_schema_field *field,
                                const struct umm_time_spec *spec, struct umm_csv_field cell,
                                struct umm_celltime_refusal *refusal)
{
    enum umm_hint *hint = &refusal->hint;
    if (spec->form != UMM_TIME_FORM_NONE)
        return expected_form(spec);
    if (has_date_twice(cell)) {
        *hint = UMM_HINT_NAME_COLUMN;
        refusal->values[0] = field->name;
        return "; the date comes twice";
    }
    if (spec->has_date)
        return "; expected a time of day such as 09:30";
    if (ends_in_zone_name(cell)) {
        *hint = UMM_HINT_ZONE_NAME;
        return "";
    }
    *hint = is_time_of_day(cell) ? UMM_HINT_DATE_OF_TIME
            : has_word(cell)     ? UMM_HINT_WORD_FORMAT
                                 : UMM_HINT_TIME_FORMAT;
    return is_time_of_day(cell) ? "; a time of day needs its date" : "";
}

/* A time that does not fit into the array. */
static const char *tell_range(const struct umm_schema_field *field,
                              struct umm_celltime_refusal *refusal)
{
    const bool is_narrow = field->type.size_bytes == 4;
    refusal->hint = !is_narrow        ? UMM_HINT_TIME_UNIT
                    : field->is_typed ? UMM_HINT_FIELD_TYPE
                                      : UMM_HINT_TYPE;
    refusal->values[0] = is_narrow ? "i8 or f8" : "coarser";
    return "";
}

/* What stands at the message's end; the hint goes into refusal. */
static const char *tell_plain(const struct umm_schema_field *field,
                              const struct umm_time_spec *spec, enum umm_time_result result,
                              bool is_read, struct umm_csv_field cell,
                              struct umm_celltime_refusal *refusal)
{
    switch (result) {
    case UMM_TIME_DAY_MONTH: refusal->hint = UMM_HINT_DAY_MONTH; break;
    case UMM_TIME_WIDTH:
        if (spec->form == UMM_TIME_FORM_PATTERN)
            return "; a dash, as in %-H%M%S, reads digits without their leading zeros";
        refusal->hint = UMM_HINT_LEADING_ZEROS;
        break;
    case UMM_TIME_HOUR_24: refusal->hint = UMM_HINT_HOUR_24; break;
    case UMM_TIME_NO_CLOCK: refusal->hint = UMM_HINT_CLOCK; break;
    case UMM_TIME_WEEKDAY: refusal->hint = UMM_HINT_ANY_WORD; break;
    case UMM_TIME_NO_NAME: refusal->hint = UMM_HINT_NAMED_ZONE; break;
    case UMM_TIME_CUT: refusal->hint = UMM_HINT_EXACT_EPOCH; break;
    case UMM_TIME_LOCAL_GAP: refusal->hint = UMM_HINT_TIME_GAP; break;
    case UMM_TIME_LOCAL_FOLD:
        refusal->hint = UMM_HINT_TIME_FOLD;
        if (spec->fold != UMM_TZ_FOLD_INFER)
            break;
        refusal->hint = UMM_HINT_TIME_FOLD_OPEN;
        return ", and the order of the rows does not tell which";
    case UMM_TIME_INEXACT:
        if (!is_read)
            return "; nothing below a nanosecond is read";
        refusal->hint = UMM_HINT_TIME_UNIT;
        refusal->values[0] = "finer";
        break;
    case UMM_TIME_MALFORMED: return tell_unknown(field, spec, cell, refusal);
    case UMM_TIME_RANGE: return is_read ? tell_range(field, refusal) : "";
    case UMM_TIME_OK:
    case UMM_TIME_NO_EPOCH:
    case UMM_TIME_AMBIGUOUS:
    case UMM_TIME_OLD_DAY:
    case UMM_TIME_NOT_OF_DAY:
    case UMM_TIME_NAME_THEN:
    case UMM_TIME_NO_SUCH_DATE: break;
    }
    return "";
}

void umm_celltime_refuse(const struct umm_schema_field *field, const struct umm_time_spec *spec,
                         enum umm_time_result result, bool is_read, struct umm_csv_field cell,
                         struct umm_celltime_refusal *refusal)
{
    *refusal = (struct umm_celltime_refusal){.what = umm_time_result_text(result)};
    if (result == UMM_TIME_AMBIGUOUS)
        tell_both(cell, refusal);
    else if (result == UMM_TIME_NO_EPOCH)
        tell_digits(spec, cell, refusal);
    else
        snprintf(refusal->says, sizeof refusal->says, "%s",
                 tell_plain(field, spec, result, is_read, cell, refusal));
}
